import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import lottery_portal.lib.codes
import lottery_portal.lib.encryption
import lottery_portal.lib.ids
import lottery_portal.lib.money


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Transfer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.SmallIntegerField(verbose_name="position")),
                ("amount", lottery_portal.lib.money.MoneyField(verbose_name="amount (fen)")),
                (
                    "source_balance",
                    models.BigIntegerField(null=True, verbose_name="balance of the source (fen)"),
                ),
                (
                    "target_balance",
                    models.BigIntegerField(null=True, verbose_name="balance of the target (fen)"),
                ),
                ("is_shadow", models.BooleanField(verbose_name="shadow book")),
                ("posted_at", models.DateTimeField(verbose_name="posted at")),
            ],
            options={
                "verbose_name": "transfer",
                "verbose_name_plural": "transfers",
                "db_table": "finance_transfer",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=60, unique=True, verbose_name="account code")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("WALLET", "Wallet"),
                            ("HOLD", "Hold"),
                            ("RECEIVABLE", "Receivable from a player"),
                            ("STAKES", "Stakes of a draw"),
                            ("PRIZES", "Prize money of a draw"),
                            ("UNCLAIMED", "Prizes not yet claimed"),
                            ("POOL", "Pool"),
                            ("FUND", "Adjustment fund"),
                            ("FEE", "Issue fee"),
                            ("WELFARE", "Welfare fund"),
                            ("ESCROW", "Escrow account"),
                            ("CLEARING", "Provider clearing"),
                            ("GRANT", "Opening balance"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("is_shadow", models.BooleanField(verbose_name="shadow book")),
                ("keeps_balance", models.BooleanField(verbose_name="keeps a balance")),
                (
                    "balance",
                    lottery_portal.lib.money.MoneyField(default=0, verbose_name="balance (fen)"),
                ),
                ("opened_at", models.DateTimeField(verbose_name="opened at")),
            ],
            options={
                "verbose_name": "account",
                "verbose_name_plural": "accounts",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "WALLET",
                                    "HOLD",
                                    "RECEIVABLE",
                                    "STAKES",
                                    "PRIZES",
                                    "UNCLAIMED",
                                    "POOL",
                                    "FUND",
                                    "FEE",
                                    "WELFARE",
                                    "ESCROW",
                                    "CLEARING",
                                    "GRANT",
                                ],
                            )
                        ),
                        name="account_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("code__regex", "^[a-z]+:[A-Za-z0-9._-]+$"),
                            (
                                "code__startswith",
                                django.db.models.functions.text.Lower(
                                    django.db.models.functions.text.Concat(
                                        "kind", models.Value(":")
                                    )
                                ),
                            ),
                        ),
                        name="account_code_says_its_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "WALLET"), _negated=True),
                            ("balance__gte", 0),
                            _connector="OR",
                        ),
                        name="wallet_not_overdrawn",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "HOLD"), _negated=True),
                            ("balance__gte", 0),
                            _connector="OR",
                        ),
                        name="hold_not_overdrawn",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("keeps_balance", True), ("kind__in", ["WALLET", "HOLD"])),
                            models.Q(
                                ("balance", 0),
                                ("keeps_balance", False),
                                models.Q(("kind__in", ["WALLET", "HOLD"]), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="account_keeps_balance_when_it_must",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BankAccount",
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
                ("player_code", models.CharField(max_length=20, verbose_name="player number")),
                ("bank_name", models.CharField(max_length=60, verbose_name="bank")),
                ("number", lottery_portal.lib.encryption.EncryptedField(purpose="bank")),
                ("number_index", models.BinaryField(max_length=32)),
                ("last_digits", models.CharField(max_length=4, verbose_name="last digits")),
                ("holder", lottery_portal.lib.encryption.EncryptedField(purpose="name")),
                ("added_at", models.DateTimeField(verbose_name="registered at")),
                ("removed_at", models.DateTimeField(null=True, verbose_name="removed at")),
            ],
            options={
                "verbose_name": "bank account",
                "verbose_name_plural": "bank accounts",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("removed_at__isnull", True)),
                        fields=("number_index",),
                        name="bank_account_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Deposit",
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
                        verbose_name="deposit number",
                    ),
                ),
                ("player_code", models.CharField(max_length=20, verbose_name="player number")),
                ("provider", models.CharField(max_length=20, verbose_name="provider")),
                ("amount", lottery_portal.lib.money.MoneyField(verbose_name="amount (fen)")),
                ("request_key", models.UUIDField(verbose_name="request key")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("BEGUN", "Begun"),
                            ("CREDITED", "Credited"),
                            ("CLOSED", "Not paid"),
                            ("QUARANTINED", "Being checked"),
                            ("CHARGED_BACK", "Charged back"),
                        ],
                        default="BEGUN",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                (
                    "provider_trade",
                    models.CharField(
                        blank=True, default="", max_length=64, verbose_name="provider's number"
                    ),
                ),
                ("pay_url", models.URLField(blank=True, default="", verbose_name="page to pay on")),
                ("begun_at", models.DateTimeField(verbose_name="begun at")),
                ("credited_at", models.DateTimeField(null=True, verbose_name="credited at")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
            ],
            options={
                "verbose_name": "deposit",
                "verbose_name_plural": "deposits",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("player_code", "request_key"), name="deposit_once_per_request"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="deposit_amount_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ["BEGUN", "CREDITED", "CLOSED", "QUARANTINED", "CHARGED_BACK"],
                            )
                        ),
                        name="deposit_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["CREDITED", "CHARGED_BACK"]), _negated=True),
                            ("credited_at__isnull", False),
                            _connector="OR",
                        ),
                        name="deposit_credited_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["CLOSED", "CHARGED_BACK"]), _negated=True),
                            ("ended_at__isnull", False),
                            _connector="OR",
                        ),
                        name="deposit_ended_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PostingRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "entry_kind",
                    models.CharField(
                        choices=[
                            ("DEPOSIT", "Deposit"),
                            ("PURCHASE", "Purchase"),
                            ("REFUND", "Refund"),
                            ("ALLOCATION", "Allocation of stakes"),
                            ("PRIZE", "Prize"),
                            ("POOL_ROLL", "Pool movement"),
                            ("FUND_COVER", "Cover from the adjustment fund"),
                            ("WITHDRAWAL_HOLD", "Withdrawal, held"),
                            ("WITHDRAWAL_RELEASE", "Withdrawal, released"),
                            ("WITHDRAWAL_PAID", "Withdrawal, paid"),
                            ("CHARGEBACK", "Chargeback"),
                            ("ADJUSTMENT", "Adjustment"),
                            ("OPENING", "Opening balance"),
                            ("REVERSAL", "Reversal"),
                        ],
                        max_length=18,
                        verbose_name="kind of entry",
                    ),
                ),
                (
                    "source_kind",
                    models.CharField(
                        choices=[
                            ("WALLET", "Wallet"),
                            ("HOLD", "Hold"),
                            ("RECEIVABLE", "Receivable from a player"),
                            ("STAKES", "Stakes of a draw"),
                            ("PRIZES", "Prize money of a draw"),
                            ("UNCLAIMED", "Prizes not yet claimed"),
                            ("POOL", "Pool"),
                            ("FUND", "Adjustment fund"),
                            ("FEE", "Issue fee"),
                            ("WELFARE", "Welfare fund"),
                            ("ESCROW", "Escrow account"),
                            ("CLEARING", "Provider clearing"),
                            ("GRANT", "Opening balance"),
                        ],
                        max_length=10,
                        verbose_name="kind of source",
                    ),
                ),
                (
                    "target_kind",
                    models.CharField(
                        choices=[
                            ("WALLET", "Wallet"),
                            ("HOLD", "Hold"),
                            ("RECEIVABLE", "Receivable from a player"),
                            ("STAKES", "Stakes of a draw"),
                            ("PRIZES", "Prize money of a draw"),
                            ("UNCLAIMED", "Prizes not yet claimed"),
                            ("POOL", "Pool"),
                            ("FUND", "Adjustment fund"),
                            ("FEE", "Issue fee"),
                            ("WELFARE", "Welfare fund"),
                            ("ESCROW", "Escrow account"),
                            ("CLEARING", "Provider clearing"),
                            ("GRANT", "Opening balance"),
                        ],
                        max_length=10,
                        verbose_name="kind of target",
                    ),
                ),
            ],
            options={
                "verbose_name": "posting rule",
                "verbose_name_plural": "posting rules",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("entry_kind", "source_kind", "target_kind"),
                        name="posting_rule_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("source_kind__in", ["WALLET", "HOLD"]),
                                ("target_kind__in", ["WALLET"]),
                                _negated=True,
                            ),
                            ("entry_kind", "WITHDRAWAL_RELEASE"),
                            _connector="OR",
                        ),
                        name="posting_rule_never_player_to_player",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=20, verbose_name="provider")),
                ("event_id", models.CharField(max_length=80, verbose_name="event")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("OPEN", "Not paid yet"),
                            ("PAID", "Paid in"),
                            ("CLOSED", "Not paid"),
                            ("REFUNDED", "Taken back"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("order_code", models.CharField(max_length=20, verbose_name="order number")),
                ("trade", models.CharField(max_length=64, verbose_name="provider's number")),
                (
                    "amount",
                    lottery_portal.lib.money.MoneyField(default=0, verbose_name="amount (fen)"),
                ),
                ("body", models.TextField(verbose_name="message")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("WAITING", "Waiting"),
                            ("APPLIED", "Applied"),
                            ("REPEATED", "Told before"),
                            ("QUARANTINED", "Being checked"),
                        ],
                        default="WAITING",
                        max_length=11,
                        verbose_name="outcome",
                    ),
                ),
                ("received_at", models.DateTimeField(verbose_name="received at")),
                ("applied_at", models.DateTimeField(null=True, verbose_name="applied at")),
            ],
            options={
                "verbose_name": "provider event",
                "verbose_name_plural": "provider events",
                "indexes": [
                    models.Index(fields=["order_code"], name="provider_event_order"),
                    models.Index(
                        condition=models.Q(("outcome", "WAITING")),
                        fields=["received_at"],
                        name="provider_event_waits",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "event_id"), name="provider_event_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("outcome__in", ["WAITING", "APPLIED", "REPEATED", "QUARANTINED"])
                        ),
                        name="provider_event_outcome_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reference",
                    models.CharField(max_length=80, unique=True, verbose_name="entry reference"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("DEPOSIT", "Deposit"),
                            ("PURCHASE", "Purchase"),
                            ("REFUND", "Refund"),
                            ("ALLOCATION", "Allocation of stakes"),
                            ("PRIZE", "Prize"),
                            ("POOL_ROLL", "Pool movement"),
                            ("FUND_COVER", "Cover from the adjustment fund"),
                            ("WITHDRAWAL_HOLD", "Withdrawal, held"),
                            ("WITHDRAWAL_RELEASE", "Withdrawal, released"),
                            ("WITHDRAWAL_PAID", "Withdrawal, paid"),
                            ("CHARGEBACK", "Chargeback"),
                            ("ADJUSTMENT", "Adjustment"),
                            ("OPENING", "Opening balance"),
                            ("REVERSAL", "Reversal"),
                        ],
                        max_length=18,
                        verbose_name="kind",
                    ),
                ),
                ("booked_on", models.DateField(verbose_name="booked on")),
                ("is_shadow", models.BooleanField(verbose_name="shadow book")),
                (
                    "moves_digest",
                    models.CharField(max_length=64, verbose_name="digest of the moves"),
                ),
                ("xid", models.BigIntegerField(verbose_name="transaction")),
                ("posted_at", models.DateTimeField(verbose_name="posted at")),
                (
                    "reversal_of",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversals",
                        to="finance.entry",
                        verbose_name="reversal of",
                    ),
                ),
            ],
            options={
                "verbose_name": "entry",
                "verbose_name_plural": "entries",
                "constraints": [
                    models.UniqueConstraint(fields=("reversal_of",), name="entry_reversed_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "DEPOSIT",
                                    "PURCHASE",
                                    "REFUND",
                                    "ALLOCATION",
                                    "PRIZE",
                                    "POOL_ROLL",
                                    "FUND_COVER",
                                    "WITHDRAWAL_HOLD",
                                    "WITHDRAWAL_RELEASE",
                                    "WITHDRAWAL_PAID",
                                    "CHARGEBACK",
                                    "ADJUSTMENT",
                                    "OPENING",
                                    "REVERSAL",
                                ],
                            )
                        ),
                        name="entry_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "REVERSAL"), ("reversal_of__isnull", False)),
                            models.Q(
                                models.Q(("kind", "REVERSAL"), _negated=True),
                                ("reversal_of__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="entry_reversal_is_named",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Withdrawal",
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
                        verbose_name="withdrawal number",
                    ),
                ),
                ("player_code", models.CharField(max_length=20, verbose_name="player number")),
                ("provider", models.CharField(max_length=20, verbose_name="provider")),
                ("amount", lottery_portal.lib.money.MoneyField(verbose_name="amount (fen)")),
                ("request_key", models.UUIDField(verbose_name="request key")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("HELD", "Held"),
                            ("WAITING", "Waits for approval"),
                            ("APPROVED", "Approved"),
                            ("SENDING", "With the bank"),
                            ("UNKNOWN", "Bank has not answered"),
                            ("PAID", "Paid out"),
                            ("FAILED", "Returned by the bank"),
                            ("REFUSED", "Refused"),
                        ],
                        default="HELD",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "approval_code",
                    models.CharField(
                        blank=True, default="", max_length=20, verbose_name="approval"
                    ),
                ),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="reason"),
                ),
                ("requested_at", models.DateTimeField(verbose_name="requested at")),
                ("approved_at", models.DateTimeField(null=True, verbose_name="approved at")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent at")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
                (
                    "bank_account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="finance.bankaccount",
                        verbose_name="bank account",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requested by",
                    ),
                ),
            ],
            options={
                "verbose_name": "withdrawal",
                "verbose_name_plural": "withdrawals",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("player_code", "request_key"), name="withdrawal_once_per_request"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("approval_code", ""), _negated=True),
                        fields=("approval_code",),
                        name="withdrawal_approval_used_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="withdrawal_amount_positive"
                    ),
                    models.CheckConstraint(
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
                                ],
                            )
                        ),
                        name="withdrawal_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["PAID", "FAILED", "REFUSED"]), _negated=True),
                            ("ended_at__isnull", False),
                            _connector="OR",
                        ),
                        name="withdrawal_ended_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("sent_at__isnull", True),
                            ("approved_at__isnull", False),
                            _connector="OR",
                        ),
                        name="withdrawal_sent_was_approved",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["FAILED", "REFUSED"]), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="withdrawal_refusal_has_reason",
                    ),
                ],
            },
        ),
    ]
