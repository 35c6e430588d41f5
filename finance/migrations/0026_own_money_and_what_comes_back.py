"""Own money into escrow; withdrawals that are called back, or come back from the bank."""

from django.db import migrations, models

import lottery_portal.lib.codes
import lottery_portal.lib.money


class Migration(migrations.Migration):
    dependencies = [
        ("finance", "0025_issuer_rules"),
    ]

    operations = [
        migrations.CreateModel(
            name="Cover",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        default=lottery_portal.lib.codes.new_code,
                        max_length=20,
                        unique=True,
                        verbose_name="number of the payment in",
                    ),
                ),
                ("escrow", models.CharField(max_length=60, verbose_name="paid into")),
                (
                    "own_bank",
                    models.CharField(
                        max_length=60, verbose_name="out of the operator's own account"
                    ),
                ),
                ("amount", lottery_portal.lib.money.MoneyField(verbose_name="amount (fen)")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("ASKED", "Waits for approval"),
                            ("APPROVED", "To be paid in"),
                            ("BOOKED", "Paid in"),
                            ("DROPPED", "Dropped"),
                        ],
                        default="ASKED",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "approval_code",
                    models.CharField(max_length=20, unique=True, verbose_name="approval"),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked at")),
                ("approved_at", models.DateTimeField(null=True, verbose_name="approved at")),
                ("paid_on", models.DateField(null=True, verbose_name="paid on")),
                (
                    "bank_reference",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=60,
                        verbose_name="number given by the bank",
                    ),
                ),
                ("booked_at", models.DateTimeField(null=True, verbose_name="booked at")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
                (
                    "drop_reason",
                    models.CharField(
                        blank=True, default="", max_length=200, verbose_name="why it was dropped"
                    ),
                ),
            ],
            options={
                "verbose_name": "payment of own money into escrow",
                "verbose_name_plural": "payments of own money into escrow",
            },
        ),
        migrations.RemoveConstraint(
            model_name="withdrawal",
            name="withdrawal_state_known",
        ),
        migrations.RemoveConstraint(
            model_name="withdrawal",
            name="withdrawal_ended_has_time",
        ),
        migrations.RemoveConstraint(
            model_name="withdrawal",
            name="withdrawal_refusal_has_reason",
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="back_approval_code",
            field=models.CharField(
                blank=True, default="", max_length=20, verbose_name="approval to give it back"
            ),
        ),
        migrations.AlterField(
            model_name="withdrawal",
            name="state",
            field=models.CharField(
                choices=[
                    ("HELD", "Held"),
                    ("WAITING", "Waits for approval"),
                    ("APPROVED", "Approved"),
                    ("SENDING", "With the bank"),
                    ("UNKNOWN", "Bank has not answered"),
                    ("PAID", "Paid out"),
                    ("FAILED", "Returned by the bank"),
                    ("REFUSED", "Refused"),
                    ("RECALLED", "Called back"),
                    ("RETURNED", "Came back from the bank"),
                ],
                default="HELD",
                max_length=8,
                verbose_name="state",
            ),
        ),
        migrations.AddIndex(
            model_name="deposit",
            index=models.Index(
                condition=models.Q(("credited_at__isnull", False)),
                fields=["credited_at"],
                name="deposit_by_credit",
            ),
        ),
        migrations.AddIndex(
            model_name="deposit",
            index=models.Index(
                condition=models.Q(("provider_trade", ""), _negated=True),
                fields=["provider", "provider_trade"],
                name="deposit_by_trade",
            ),
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["ended_at"],
                name="withdrawal_by_end",
            ),
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(
                condition=models.Q(("approved_at__isnull", False)),
                fields=["approved_at"],
                name="withdrawal_by_approval",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "HELD",
                            "WAITING",
                            "APPROVED",
                            "SENDING",
                            "UNKNOWN",
                            "PAID",
                            "FAILED",
                            "REFUSED",
                            "RECALLED",
                            "RETURNED",
                        ],
                    )
                ),
                name="withdrawal_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("state__in", ["PAID", "FAILED", "REFUSED", "RECALLED", "RETURNED"]),
                        _negated=True,
                    ),
                    ("ended_at__isnull", False),
                    _connector="OR",
                ),
                name="withdrawal_ended_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("back_approval_code", ""), _negated=True),
                fields=("back_approval_code",),
                name="withdrawal_back_approval_used_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("state__in", ["FAILED", "REFUSED", "RECALLED", "RETURNED"]), _negated=True
                    ),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="withdrawal_refusal_has_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="cover",
            index=models.Index(fields=["-asked_at"], name="cover_by_time"),
        ),
        migrations.AddConstraint(
            model_name="cover",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["ASKED", "APPROVED", "BOOKED", "DROPPED"])),
                name="cover_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="cover",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="cover_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="cover",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="cover_has_a_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="cover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["APPROVED", "BOOKED"]), _negated=True),
                    ("approved_at__isnull", False),
                    _connector="OR",
                ),
                name="cover_approved_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="cover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "BOOKED"), _negated=True),
                    models.Q(
                        ("booked_at__isnull", False),
                        ("paid_on__isnull", False),
                        models.Q(("bank_reference", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="cover_booked_was_paid_by_a_bank",
            ),
        ),
        migrations.AddConstraint(
            model_name="cover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "DROPPED"), _negated=True),
                    models.Q(
                        ("ended_at__isnull", False), models.Q(("drop_reason", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="cover_dropped_has_time_and_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="cover",
            constraint=models.UniqueConstraint(
                condition=models.Q(("bank_reference", ""), _negated=True),
                fields=("own_bank", "bank_reference"),
                name="cover_bank_reference_once",
            ),
        ),
    ]
