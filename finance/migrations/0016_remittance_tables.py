"""Payees, payment orders, dues and treasury receipts (F265)."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import lottery_portal.lib.codes
import lottery_portal.lib.encryption
import lottery_portal.lib.ids
import lottery_portal.lib.money


class Migration(migrations.Migration):
    dependencies = [
        ("finance", "0015_reconciliation_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="Payee",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "row_uuid",
                    models.UUIDField(
                        default=lottery_portal.lib.ids.uuid7, editable=False, unique=True
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        default=lottery_portal.lib.codes.new_code,
                        max_length=20,
                        unique=True,
                        verbose_name="number of the record",
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("WELFARE", "Welfare fund"),
                            ("FEE", "Issue fee"),
                            ("TAX", "Tax withheld"),
                            ("BUSINESS", "Business fee to the operator"),
                            ("PARTNER", "Commission of a partner"),
                            ("ORGANISER", "Settlement with an organiser"),
                            ("PROVIDER", "Settlement with a payment institution"),
                        ],
                        max_length=9,
                        verbose_name="paid for what",
                    ),
                ),
                (
                    "party",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=40,
                        verbose_name="game, partner or institution",
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name of the payee")),
                ("bank_name", models.CharField(max_length=60, verbose_name="bank")),
                ("number", lottery_portal.lib.encryption.EncryptedField(purpose="bank")),
                ("number_index", models.BinaryField(max_length=32)),
                ("last_digits", models.CharField(max_length=4, verbose_name="last digits")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("ASKED", "Waits for approval"),
                            ("LISTED", "Listed"),
                            ("REFUSED", "Refused"),
                            ("RETIRED", "Off the list"),
                        ],
                        default="ASKED",
                        max_length=7,
                        verbose_name="state",
                    ),
                ),
                (
                    "approval_code",
                    models.CharField(max_length=20, unique=True, verbose_name="approval"),
                ),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="reason"),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked at")),
                ("listed_at", models.DateTimeField(null=True, verbose_name="listed at")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
            ],
            options={
                "verbose_name": "payee",
                "verbose_name_plural": "payees",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "purpose__in",
                                [
                                    "WELFARE",
                                    "FEE",
                                    "TAX",
                                    "BUSINESS",
                                    "PARTNER",
                                    "ORGANISER",
                                    "PROVIDER",
                                ],
                            )
                        ),
                        name="payee_purpose_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["ASKED", "LISTED", "REFUSED", "RETIRED"])
                        ),
                        name="payee_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("purpose__in", ["PARTNER", "ORGANISER", "PROVIDER"]), _negated=True
                            ),
                            models.Q(("party", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="payee_of_a_party_names_it",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["LISTED", "RETIRED"]), _negated=True),
                            ("listed_at__isnull", False),
                            _connector="OR",
                        ),
                        name="payee_listed_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["REFUSED", "RETIRED"]), _negated=True),
                            models.Q(
                                ("ended_at__isnull", False), models.Q(("reason", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="payee_ended_has_time_and_reason",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["ASKED", "LISTED"])),
                        fields=("purpose", "party", "number_index"),
                        name="payee_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("purpose", "PROVIDER"), ("state__in", ["ASKED", "LISTED"])
                        ),
                        fields=("number_index",),
                        name="payee_of_one_provider",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PaymentOrder",
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
                        verbose_name="number of the order",
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("WELFARE", "Welfare fund"),
                            ("FEE", "Issue fee"),
                            ("TAX", "Tax withheld"),
                            ("BUSINESS", "Business fee to the operator"),
                            ("PARTNER", "Commission of a partner"),
                            ("ORGANISER", "Settlement with an organiser"),
                            ("PROVIDER", "Settlement with a payment institution"),
                        ],
                        max_length=9,
                        verbose_name="paid for what",
                    ),
                ),
                ("account", models.CharField(max_length=60, verbose_name="account")),
                ("escrow", models.CharField(max_length=60, verbose_name="paid out of")),
                ("amount", lottery_portal.lib.money.MoneyField(verbose_name="amount (fen)")),
                (
                    "entry_kind",
                    models.CharField(
                        choices=[
                            ("DEPOSIT", "Deposit"),
                            ("DEPOSIT_RETURNED", "Deposit returned to its source"),
                            ("PURCHASE", "Purchase"),
                            ("REFUND", "Refund"),
                            ("ALLOCATION", "Allocation of stakes"),
                            ("PRIZE", "Prize"),
                            ("FORFEIT", "Prize not claimed in time"),
                            ("POOL_ROLL", "Pool movement"),
                            ("FUND_COVER", "Cover from the adjustment fund"),
                            ("BONUS", "Bonus"),
                            ("BONUS_LAPSED", "Bonus lapsed"),
                            ("WITHDRAWAL_HOLD", "Withdrawal, held"),
                            ("WITHDRAWAL_RELEASE", "Withdrawal, released"),
                            ("WITHDRAWAL_PAID", "Withdrawal, paid"),
                            ("PLAN_HOLD", "Set aside for a plan"),
                            ("PLAN_RELEASE", "Plan, released"),
                            ("CHARGEBACK", "Chargeback"),
                            ("RECOVERY", "Debt of a player paid"),
                            ("SETTLEMENT", "Settled between provider and bank"),
                            ("PROVIDER_FEE", "Fee of a provider"),
                            ("COVER", "Covered from the operator's own money"),
                            ("FEE_DRAWN", "Issue fee drawn"),
                            ("SET_ASIDE", "Set aside from the issue fee"),
                            ("COMMISSION", "Commission"),
                            ("PARTNER_PAID", "Partner paid"),
                            ("EVENT_FEE", "Fee of an event"),
                            ("ORGANISER_PAID", "Organiser paid"),
                            ("REMITTANCE", "Remittance"),
                            ("UNIDENTIFIED", "Bank movement not yet explained"),
                            ("EXPENSE_PAID", "Expense paid"),
                            ("ADJUSTMENT", "Adjustment"),
                            ("OPENING", "Opening balance"),
                            ("CLOSING", "Closing of a period"),
                            ("REVERSAL", "Reversal"),
                        ],
                        max_length=18,
                        verbose_name="kind",
                    ),
                ),
                ("moves", models.JSONField(verbose_name="moves")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("ASKED", "Waits for approval"),
                            ("APPROVED", "To be paid"),
                            ("PAID", "Paid by the bank"),
                            ("DROPPED", "Dropped"),
                            ("RETURNED", "Returned by the bank"),
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
                (
                    "drop_approval_code",
                    models.CharField(
                        blank=True, default="", max_length=20, verbose_name="approval to drop it"
                    ),
                ),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="reason"),
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
                ("paid_at", models.DateTimeField(null=True, verbose_name="recorded as paid at")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
                (
                    "payee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="finance.payee",
                        verbose_name="payee",
                    ),
                ),
            ],
            options={
                "verbose_name": "payment order",
                "verbose_name_plural": "payment orders",
            },
        ),
        migrations.CreateModel(
            name="Due",
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
                        verbose_name="number of the due",
                    ),
                ),
                ("account", models.CharField(max_length=60, verbose_name="account")),
                ("subject", models.CharField(max_length=40, verbose_name="month or event")),
                ("position", models.SmallIntegerField(verbose_name="position")),
                ("amount", lottery_portal.lib.money.MoneyField(verbose_name="amount (fen)")),
                (
                    "kept",
                    lottery_portal.lib.money.MoneyField(default=0, verbose_name="kept back (fen)"),
                ),
                ("due_on", models.DateField(verbose_name="due on")),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                (
                    "order",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dues",
                        to="finance.paymentorder",
                        verbose_name="payment order",
                    ),
                ),
            ],
            options={
                "verbose_name": "due",
                "verbose_name_plural": "dues",
            },
        ),
        migrations.CreateModel(
            name="TreasuryReceipt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "number",
                    models.CharField(
                        max_length=60, unique=True, verbose_name="number of the receipt"
                    ),
                ),
                ("issued_on", models.DateField(verbose_name="issued on")),
                ("amount", lottery_portal.lib.money.MoneyField(verbose_name="amount (fen)")),
                ("file_name", models.CharField(max_length=100, verbose_name="file")),
                (
                    "file_digest",
                    models.CharField(max_length=64, verbose_name="SHA-256 of the file"),
                ),
                ("file_size", models.IntegerField(verbose_name="size in bytes")),
                ("recorded_at", models.DateTimeField(verbose_name="recorded at")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipts",
                        to="finance.paymentorder",
                        verbose_name="payment order",
                    ),
                ),
            ],
            options={
                "verbose_name": "treasury receipt",
                "verbose_name_plural": "treasury receipts",
            },
        ),
        migrations.AddIndex(
            model_name="paymentorder",
            index=models.Index(fields=["account", "state"], name="payment_order_of_account"),
        ),
        migrations.AddConstraint(
            model_name="paymentorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("purpose__in", ["WELFARE", "FEE", "TAX", "BUSINESS", "PARTNER", "ORGANISER"])
                ),
                name="payment_order_purpose_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["ASKED", "APPROVED", "PAID", "DROPPED", "RETURNED"])
                ),
                name="payment_order_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentorder",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="payment_order_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["APPROVED", "PAID", "RETURNED"]), _negated=True),
                    ("approved_at__isnull", False),
                    _connector="OR",
                ),
                name="payment_order_approved_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["PAID", "RETURNED"]), _negated=True),
                    models.Q(
                        ("paid_at__isnull", False),
                        ("paid_on__isnull", False),
                        models.Q(("bank_reference", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="payment_order_paid_by_a_bank",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["DROPPED", "RETURNED"]), _negated=True),
                    models.Q(("ended_at__isnull", False), models.Q(("reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="payment_order_ended_has_time_and_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentorder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("bank_reference", ""), _negated=True),
                fields=("escrow", "bank_reference"),
                name="payment_order_bank_reference_once",
            ),
        ),
        migrations.AddIndex(
            model_name="due",
            index=models.Index(
                condition=models.Q(("order__isnull", True)), fields=["due_on"], name="due_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="due",
            constraint=models.UniqueConstraint(
                fields=("account", "subject", "position"), name="due_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="due",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount", 0), _negated=True),
                    models.Q(("kept", 0), _negated=True),
                    _connector="OR",
                ),
                name="due_is_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="treasuryreceipt",
            constraint=models.CheckConstraint(
                condition=models.Q(("file_digest__regex", "^[0-9a-f]{64}$"), ("file_size__gt", 0)),
                name="treasury_receipt_has_a_file",
            ),
        ),
        migrations.AddConstraint(
            model_name="postingrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("source_kind", "POOL"), ("target_kind", "FUND"), _negated=True),
                    models.Q(
                        models.Q(("source_kind", "FUND"), ("target_kind", "POOL"), _negated=True),
                        ("entry_kind", "POOL_ROLL"),
                        _connector="OR",
                    ),
                ),
                name="posting_rule_keeps_pool_and_fund_apart",
            ),
        ),
        migrations.CreateModel(
            name="PrizeTax",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("account", models.CharField(max_length=60, verbose_name="account")),
                ("winner", models.CharField(max_length=64, verbose_name="person")),
                ("occasion", models.CharField(max_length=40, verbose_name="game and draw")),
                ("prize", lottery_portal.lib.money.MoneyField(verbose_name="prize (fen)")),
                (
                    "before",
                    lottery_portal.lib.money.MoneyField(verbose_name="paid of it before (fen)"),
                ),
                (
                    "together",
                    lottery_portal.lib.money.MoneyField(verbose_name="won together (fen)"),
                ),
                (
                    "exempt",
                    lottery_portal.lib.money.MoneyField(verbose_name="tax free up to (fen)"),
                ),
                ("rate", models.SmallIntegerField(verbose_name="rate in ten-thousandths")),
                ("tax", lottery_portal.lib.money.MoneyField(verbose_name="tax withheld (fen)")),
                ("paid_at", models.DateTimeField(verbose_name="paid at")),
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="finance.entry",
                        verbose_name="entry",
                    ),
                ),
            ],
            options={
                "verbose_name": "tax on a prize",
                "verbose_name_plural": "taxes on prizes",
                "indexes": [models.Index(fields=["winner", "occasion"], name="prize_tax_of")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "together__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("before"), "+", models.F("prize")
                                ),
                            )
                        ),
                        name="prize_tax_of_the_sum",
                    ),
                ],
            },
        ),
    ]
