"""Payment institutions, their health, refunds to the source; fee and payer of a deposit."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import lottery_portal.lib.codes
import lottery_portal.lib.encryption
import lottery_portal.lib.ids
import lottery_portal.lib.money


class Migration(migrations.Migration):
    dependencies = [
        ("finance", "0008_adjustments"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DepositReturn",
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
                        verbose_name="refund number",
                    ),
                ),
                ("amount", lottery_portal.lib.money.MoneyField(verbose_name="amount (fen)")),
                ("is_from_wallet", models.BooleanField(verbose_name="taken from the balance")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("BEGUN", "Begun"),
                            ("SENDING", "With the bank"),
                            ("UNKNOWN", "Bank has not answered"),
                            ("DONE", "Sent back"),
                            ("FAILED", "Returned by the bank"),
                        ],
                        default="BEGUN",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="reason"),
                ),
                ("begun_at", models.DateTimeField(verbose_name="begun at")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent at")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
            ],
            options={
                "verbose_name": "refund to the source",
                "verbose_name_plural": "refunds to the source",
            },
        ),
        migrations.CreateModel(
            name="Provider",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=20, unique=True, verbose_name="provider")),
                ("institution", models.CharField(max_length=100, verbose_name="institution")),
                ("licence_number", models.CharField(max_length=40, verbose_name="licence number")),
                ("licence_until", models.DateField(verbose_name="licence valid until")),
                ("contract_until", models.DateField(verbose_name="contract valid until")),
                ("review_on", models.DateField(verbose_name="next review")),
                (
                    "accepts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("DEPOSIT", "Deposits"),
                                ("PAYOUT", "Payouts"),
                                ("REFUND", "Refunds"),
                            ],
                            max_length=7,
                        ),
                        size=None,
                        verbose_name="used for",
                    ),
                ),
                ("rank", models.PositiveSmallIntegerField(verbose_name="place in the order")),
                (
                    "fee_points",
                    models.PositiveIntegerField(
                        default=0, verbose_name="fee in hundredths of a percent"
                    ),
                ),
                (
                    "fee_least",
                    lottery_portal.lib.money.MoneyField(default=0, verbose_name="least fee (fen)"),
                ),
                (
                    "fee_most",
                    lottery_portal.lib.money.MoneyField(
                        default=0, verbose_name="highest fee (fen)"
                    ),
                ),
                (
                    "fee_borne_by",
                    models.CharField(
                        choices=[("PLAYER", "The player"), ("OPERATOR", "We")],
                        default="OPERATOR",
                        max_length=8,
                        verbose_name="who pays it",
                    ),
                ),
                ("is_on", models.BooleanField(verbose_name="switched on")),
                (
                    "approval_code",
                    models.CharField(
                        blank=True, default="", max_length=20, verbose_name="approval"
                    ),
                ),
                ("changed_at", models.DateTimeField(verbose_name="changed at")),
            ],
            options={
                "verbose_name": "payment institution",
                "verbose_name_plural": "payment institutions",
            },
        ),
        migrations.CreateModel(
            name="ProviderHealth",
            fields=[
                (
                    "provider",
                    models.CharField(
                        max_length=20, primary_key=True, serialize=False, verbose_name="provider"
                    ),
                ),
                ("last_ok_at", models.DateTimeField(null=True, verbose_name="last answer")),
                ("failing_since", models.DateTimeField(null=True, verbose_name="failing since")),
                (
                    "failures",
                    models.PositiveIntegerField(default=0, verbose_name="failures in a row"),
                ),
            ],
            options={
                "verbose_name": "health of a provider",
                "verbose_name_plural": "health of providers",
            },
        ),
        migrations.CreateModel(
            name="ReturnPlan",
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
                        verbose_name="number of the plan",
                    ),
                ),
                ("rows", models.JSONField(verbose_name="deposits and amounts")),
                ("total", lottery_portal.lib.money.MoneyField(verbose_name="sum (fen)")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                (
                    "approval_code",
                    models.CharField(
                        blank=True, default="", max_length=20, verbose_name="approval"
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked at")),
                ("performed_at", models.DateTimeField(null=True, verbose_name="carried out at")),
            ],
            options={
                "verbose_name": "plan of refunds",
                "verbose_name_plural": "plans of refunds",
            },
        ),
        migrations.AddField(
            model_name="deposit",
            name="fee",
            field=lottery_portal.lib.money.MoneyField(
                default=0, verbose_name="fee of the player (fen)"
            ),
        ),
        migrations.AddField(
            model_name="providerevent",
            name="payer",
            field=lottery_portal.lib.encryption.EncryptedField(
                blank=True, default="", purpose="name"
            ),
        ),
        migrations.AddField(
            model_name="providerevent",
            name="row_uuid",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="providerevent",
            name="row_uuid",
            field=models.UUIDField(default=lottery_portal.lib.ids.uuid7, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="providerevent",
            name="asked_at",
            field=models.DateTimeField(null=True, verbose_name="answered when asked at"),
        ),
        migrations.AlterField(
            model_name="deposit",
            name="pay_url",
            field=lottery_portal.lib.encryption.EncryptedField(
                blank=True, default="", purpose="payment", verbose_name="page to pay on"
            ),
        ),
        migrations.AddField(
            model_name="deposit",
            name="row_uuid",
            field=models.UUIDField(
                default=lottery_portal.lib.ids.uuid7, editable=False, unique=True
            ),
        ),
        migrations.AddConstraint(
            model_name="deposit",
            constraint=models.CheckConstraint(
                condition=models.Q(("fee__gte", 0)), name="deposit_fee_not_negative"
            ),
        ),
        migrations.AddField(
            model_name="depositreturn",
            name="deposit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="returns",
                to="finance.deposit",
                verbose_name="deposit",
            ),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fee_least__gte", 0),
                    ("fee_most__gte", 0),
                    ("fee_points__lte", 10000),
                    models.Q(
                        ("fee_most", 0), ("fee_most__gte", models.F("fee_least")), _connector="OR"
                    ),
                ),
                name="provider_fee_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(("fee_borne_by__in", ["PLAYER", "OPERATOR"])),
                name="provider_bearer_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(("accepts__contained_by", ["DEPOSIT", "PAYOUT", "REFUND"])),
                name="provider_uses_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerhealth",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("failing_since__isnull", True), ("failures", 0)),
                    models.Q(("failing_since__isnull", False), ("failures__gt", 0)),
                    _connector="OR",
                ),
                name="provider_failures_have_a_beginning",
            ),
        ),
        migrations.AddField(
            model_name="returnplan",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="asked by",
            ),
        ),
        migrations.AddField(
            model_name="depositreturn",
            name="plan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="returns",
                to="finance.returnplan",
                verbose_name="plan",
            ),
        ),
        migrations.AddConstraint(
            model_name="returnplan",
            constraint=models.CheckConstraint(
                condition=models.Q(("total__gt", 0)), name="return_plan_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="returnplan",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="return_plan_has_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="returnplan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("approval_code", ""), _negated=True),
                fields=("approval_code",),
                name="return_plan_approval_used_once",
            ),
        ),
        migrations.AddIndex(
            model_name="depositreturn",
            index=models.Index(
                condition=models.Q(("state__in", ["BEGUN", "SENDING", "UNKNOWN"])),
                fields=["sent_at"],
                name="return_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="depositreturn",
            constraint=models.UniqueConstraint(
                fields=("plan", "deposit"), name="return_once_per_plan"
            ),
        ),
        migrations.AddConstraint(
            model_name="depositreturn",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="return_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="depositreturn",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["BEGUN", "SENDING", "UNKNOWN", "DONE", "FAILED"])
                ),
                name="return_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="depositreturn",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["DONE", "FAILED"]), _negated=True),
                    ("ended_at__isnull", False),
                    _connector="OR",
                ),
                name="return_ended_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="depositreturn",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "BEGUN"), ("sent_at__isnull", False), _connector="OR"),
                name="return_sent_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="depositreturn",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "FAILED"), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="return_failure_has_reason",
            ),
        ),
    ]
