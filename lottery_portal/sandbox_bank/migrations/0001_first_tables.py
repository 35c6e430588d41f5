from django.db import migrations, models

import lottery_portal.lib.codes
import lottery_portal.lib.money


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Payment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "trade",
                    models.CharField(
                        default=lottery_portal.lib.codes.new_code, max_length=20, unique=True
                    ),
                ),
                ("order_code", models.CharField(max_length=40, unique=True)),
                ("amount", lottery_portal.lib.money.MoneyField()),
                ("notify_url", models.URLField()),
                ("return_url", models.URLField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "Open"),
                            ("PAID", "Paid"),
                            ("CANCELLED", "Cancelled"),
                            ("REFUNDED", "Refunded"),
                        ],
                        default="OPEN",
                        max_length=9,
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["OPEN", "PAID", "CANCELLED", "REFUNDED"])
                        ),
                        name="bank_payment_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="bank_payment_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "OPEN"), ("ended_at__isnull", False), _connector="OR"
                        ),
                        name="bank_payment_ended_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payout",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "trade",
                    models.CharField(
                        default=lottery_portal.lib.codes.new_code, max_length=20, unique=True
                    ),
                ),
                ("order_code", models.CharField(max_length=40, unique=True)),
                ("amount", lottery_portal.lib.money.MoneyField()),
                ("account_tail", models.CharField(max_length=4)),
                ("account_digest", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[("ASKED", "Asked"), ("PAID", "Paid"), ("FAILED", "Failed")],
                        max_length=6,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=100)),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["ASKED", "PAID", "FAILED"])),
                        name="bank_payout_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="bank_payout_positive"
                    ),
                ],
            },
        ),
    ]
