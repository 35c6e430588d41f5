import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import lottery_portal.lib.money


class Migration(migrations.Migration):
    dependencies = [
        ("finance", "0017_remittance_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DayFlow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("booked_on", models.DateField(verbose_name="booked on")),
                ("is_shadow", models.BooleanField(verbose_name="shadow book")),
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
                        verbose_name="kind of entry",
                    ),
                ),
                (
                    "source_kind",
                    models.CharField(
                        choices=[
                            ("WALLET", "Wallet"),
                            ("WINNINGS", "Winnings"),
                            ("BONUS", "Bonus"),
                            ("HOLD", "Hold"),
                            ("RECEIVABLE", "Receivable from a player"),
                            ("STAKES", "Stakes of a draw"),
                            ("PRIZES", "Prize money of a draw"),
                            ("UNCLAIMED", "Prizes not yet claimed"),
                            ("POOL", "Pool"),
                            ("FUND", "Adjustment fund"),
                            ("FEE", "Issue fee"),
                            ("BUSINESS", "Business fee set aside"),
                            ("WELFARE", "Welfare fund"),
                            ("TAX", "Tax withheld"),
                            ("PARTNER", "Owed to a partner"),
                            ("ORGANISER", "Owed to an organiser"),
                            ("SUSPENSE", "Suspense"),
                            ("ESCROW", "Escrow account"),
                            ("OWNBANK", "Operator's own bank account"),
                            ("CLEARING", "Provider clearing"),
                            ("GRANT", "Opening balance"),
                            ("SURPLUS", "Surplus carried forward"),
                            ("INCOME", "Income"),
                            ("EXPENSE", "Expenses"),
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
                            ("WINNINGS", "Winnings"),
                            ("BONUS", "Bonus"),
                            ("HOLD", "Hold"),
                            ("RECEIVABLE", "Receivable from a player"),
                            ("STAKES", "Stakes of a draw"),
                            ("PRIZES", "Prize money of a draw"),
                            ("UNCLAIMED", "Prizes not yet claimed"),
                            ("POOL", "Pool"),
                            ("FUND", "Adjustment fund"),
                            ("FEE", "Issue fee"),
                            ("BUSINESS", "Business fee set aside"),
                            ("WELFARE", "Welfare fund"),
                            ("TAX", "Tax withheld"),
                            ("PARTNER", "Owed to a partner"),
                            ("ORGANISER", "Owed to an organiser"),
                            ("SUSPENSE", "Suspense"),
                            ("ESCROW", "Escrow account"),
                            ("OWNBANK", "Operator's own bank account"),
                            ("CLEARING", "Provider clearing"),
                            ("GRANT", "Opening balance"),
                            ("SURPLUS", "Surplus carried forward"),
                            ("INCOME", "Income"),
                            ("EXPENSE", "Expenses"),
                        ],
                        max_length=10,
                        verbose_name="kind of target",
                    ),
                ),
                ("moved", lottery_portal.lib.money.MoneyField(verbose_name="moved (fen)")),
                (
                    "moved_back",
                    lottery_portal.lib.money.MoneyField(verbose_name="moved back (fen)"),
                ),
            ],
            options={
                "verbose_name": "money by deed and day",
                "verbose_name_plural": "money by deed and day",
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "booked_on",
                            "is_shadow",
                            "entry_kind",
                            "source_kind",
                            "target_kind",
                        ),
                        name="day_flow_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Sample",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(max_length=20, unique=True, verbose_name="sample number"),
                ),
                ("seed", models.CharField(max_length=64, verbose_name="seed")),
                ("first_day", models.DateField(verbose_name="first day")),
                ("last_day", models.DateField(verbose_name="last day")),
                ("is_shadow", models.BooleanField(default=False, verbose_name="shadow book")),
                (
                    "entry_kind",
                    models.CharField(
                        blank=True,
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
                        default="",
                        max_length=18,
                        verbose_name="kind of entry",
                    ),
                ),
                ("least_fen", models.BigIntegerField(verbose_name="smallest amount (fen)")),
                ("size", models.IntegerField(verbose_name="entries wanted")),
                ("horizon", models.BigIntegerField(verbose_name="place in the log")),
                ("population", models.IntegerField(verbose_name="entries to draw from")),
                (
                    "population_fen",
                    lottery_portal.lib.money.MoneyField(verbose_name="amount to draw from (fen)"),
                ),
                (
                    "digest",
                    models.CharField(max_length=64, verbose_name="digest of the entries drawn"),
                ),
                ("drawn_at", models.DateTimeField(verbose_name="drawn at")),
                (
                    "drawn_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="drawn by",
                    ),
                ),
            ],
            options={
                "verbose_name": "auditor's sample",
                "verbose_name_plural": "auditor's samples",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("seed", ""), _negated=True), name="sample_has_seed"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("size__gte", 1)), name="sample_has_size"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("first_day__lte", models.F("last_day"))),
                        name="sample_has_days",
                    ),
                ],
            },
        ),
    ]
