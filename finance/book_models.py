"""The books: accounts, who may move what into what, entries, transfers, days, periods.

Only this room imports these models, and only its functions in the database write them.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lottery_portal.lib.money import MoneyField


class AccountClass(models.TextChoices):
    """On which side of the balance sheet a kind of account stands."""

    ASSET = "ASSET", _("Assets")
    LIABILITY = "LIABILITY", _("Liabilities")
    EQUITY = "EQUITY", _("Equity")
    INCOME = "INCOME", _("Income")
    EXPENSE = "EXPENSE", _("Expenses")


class AccountKind(models.TextChoices):
    """What an account is for; the posting rules speak of kinds (F122)."""

    WALLET = "WALLET", _("Wallet")
    WINNINGS = "WINNINGS", _("Winnings")
    BONUS = "BONUS", _("Bonus")
    HOLD = "HOLD", _("Hold")
    RECEIVABLE = "RECEIVABLE", _("Receivable from a player")
    STAKES = "STAKES", _("Stakes of a draw")
    PRIZES = "PRIZES", _("Prize money of a draw")
    UNCLAIMED = "UNCLAIMED", _("Prizes not yet claimed")
    POOL = "POOL", _("Pool")
    FUND = "FUND", _("Adjustment fund")
    FEE = "FEE", _("Issue fee")
    BUSINESS = "BUSINESS", _("Business fee set aside")
    RISKFUND = "RISKFUND", _("Risk fund")
    WORKFUND = "WORKFUND", _("Working fund for claims")
    WELFARE = "WELFARE", _("Welfare fund")
    TAX = "TAX", _("Tax withheld")
    PARTNER = "PARTNER", _("Owed to a partner")
    ORGANISER = "ORGANISER", _("Owed to an organiser")
    ISSUER = "ISSUER", _("Settled with an issuer")
    SUSPENSE = "SUSPENSE", _("Suspense")
    ESCROW = "ESCROW", _("Escrow account")
    OWNBANK = "OWNBANK", _("Operator's own bank account")
    CLEARING = "CLEARING", _("Provider clearing")
    CASH = "CASH", _("Cash desk")
    GRANT = "GRANT", _("Opening balance")
    SURPLUS = "SURPLUS", _("Surplus carried forward")
    INCOME = "INCOME", _("Income")
    EXPENSE = "EXPENSE", _("Expenses")


PURSES = (AccountKind.BONUS, AccountKind.WALLET, AccountKind.WINNINGS)


class EntryKind(models.TextChoices):
    """What kind of deed an entry books."""

    DEPOSIT = "DEPOSIT", _("Deposit")
    DEPOSIT_RETURNED = "DEPOSIT_RETURNED", _("Deposit returned to its source")
    PURCHASE = "PURCHASE", _("Purchase")
    REFUND = "REFUND", _("Refund")
    ALLOCATION = "ALLOCATION", _("Allocation of stakes")
    PRIZE = "PRIZE", _("Prize")
    FORFEIT = "FORFEIT", _("Prize not claimed in time")
    POOL_ROLL = "POOL_ROLL", _("Pool movement")
    FUND_COVER = "FUND_COVER", _("Cover from the adjustment fund")
    ISSUER = "ISSUER", _("Prize money between issuer and draw")
    ISSUER_PAID = "ISSUER_PAID", _("Received from an issuer")
    BONUS = "BONUS", _("Bonus")
    BONUS_LAPSED = "BONUS_LAPSED", _("Bonus lapsed")
    WITHDRAWAL_HOLD = "WITHDRAWAL_HOLD", _("Withdrawal, held")
    WITHDRAWAL_RELEASE = "WITHDRAWAL_RELEASE", _("Withdrawal, released")
    WITHDRAWAL_PAID = "WITHDRAWAL_PAID", _("Withdrawal, paid")
    PLAN_HOLD = "PLAN_HOLD", _("Set aside for a plan")
    PLAN_RELEASE = "PLAN_RELEASE", _("Plan, released")
    CHARGEBACK = "CHARGEBACK", _("Chargeback")
    RECOVERY = "RECOVERY", _("Debt of a player paid")
    SETTLEMENT = "SETTLEMENT", _("Settled between provider and bank")
    PROVIDER_FEE = "PROVIDER_FEE", _("Fee of a provider")
    COVER = "COVER", _("Covered from the operator's own money")
    FEE_DRAWN = "FEE_DRAWN", _("Issue fee drawn")
    SET_ASIDE = "SET_ASIDE", _("Set aside from the issue fee")
    RESERVE = "RESERVE", _("Reserve out of the business fee")
    WINDING_UP = "WINDING_UP", _("Surplus of a stopped game")
    COMMISSION = "COMMISSION", _("Commission")
    PARTNER_PAID = "PARTNER_PAID", _("Partner paid")
    EVENT_FEE = "EVENT_FEE", _("Fee of an event")
    ORGANISER_PAID = "ORGANISER_PAID", _("Organiser paid")
    REMITTANCE = "REMITTANCE", _("Remittance")
    UNIDENTIFIED = "UNIDENTIFIED", _("Bank movement not yet explained")
    EXPENSE_PAID = "EXPENSE_PAID", _("Expense paid")
    ADJUSTMENT = "ADJUSTMENT", _("Adjustment")
    OPENING = "OPENING", _("Opening balance")
    CASH_MOVED = "CASH_MOVED", _("Cash brought to a desk or back")
    CASH_COUNTED = "CASH_COUNTED", _("Difference of a cash count")
    CLOSING = "CLOSING", _("Closing of a period")
    REVERSAL = "REVERSAL", _("Reversal")


class AccountType(models.Model):
    """What the database knows of a kind of account: class, number of the subject, kept balance."""

    kind = models.CharField(
        max_length=10, primary_key=True, choices=AccountKind.choices, verbose_name=_("kind")
    )
    accounting_class = models.CharField(
        max_length=9, choices=AccountClass.choices, verbose_name=_("class")
    )
    number = models.CharField(max_length=6, unique=True, verbose_name=_("number of the subject"))
    keeps_balance = models.BooleanField(verbose_name=_("keeps a balance"))
    is_players = models.BooleanField(verbose_name=_("belongs to a player"))

    class Meta:
        verbose_name = _("kind of account")
        verbose_name_plural = _("chart of accounts")
        constraints = [
            models.CheckConstraint(
                name="account_type_kind_known", condition=Q(kind__in=AccountKind.values)
            ),
            models.CheckConstraint(
                name="account_type_class_known",
                condition=Q(accounting_class__in=AccountClass.values),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.get_kind_display()}"


class Account(models.Model):
    """A place where money lies. Only those that must not go negative keep a balance (D4)."""

    code = models.CharField(max_length=60, unique=True, verbose_name=_("account code"))
    kind = models.CharField(max_length=10, choices=AccountKind.choices, verbose_name=_("kind"))
    is_shadow = models.BooleanField(verbose_name=_("shadow book"))
    keeps_balance = models.BooleanField(verbose_name=_("keeps a balance"))
    balance = MoneyField(default=0, verbose_name=_("balance (fen)"))
    opened_at = models.DateTimeField(verbose_name=_("opened at"))

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.CheckConstraint(
                name="account_kind_known", condition=Q(kind__in=AccountKind.values)
            ),
            models.CheckConstraint(
                name="account_code_says_its_kind",
                condition=Q(code__regex=r"^[a-z]+:[A-Za-z0-9._-]+$")
                & Q(code__startswith=Lower(Concat("kind", Value(":")))),
            ),
            models.CheckConstraint(
                name="wallet_not_overdrawn",
                condition=~Q(kind__in=PURSES) | Q(balance__gte=0),
            ),
            models.CheckConstraint(
                name="hold_not_overdrawn", condition=~Q(kind="HOLD") | Q(balance__gte=0)
            ),
            models.CheckConstraint(
                name="account_keeps_balance_when_it_must",
                condition=Q(keeps_balance=True, kind__in=[*PURSES, "HOLD", "CASH"])
                | (Q(keeps_balance=False, balance=0) & ~Q(kind__in=[*PURSES, "HOLD", "CASH"])),
            ),
            # An asset is below zero when it is there: no more leaves a desk than lies in it (F278).
            models.CheckConstraint(
                name="cash_desk_not_overdrawn", condition=~Q(kind="CASH") | Q(balance__lte=0)
            ),
        ]

    def __str__(self) -> str:
        return self.code


class PostingRule(models.Model):
    """Which kind of entry may move money from which kind of account into which (F116, F117).

    A `rank` makes the source one of the purses that `purse:<player>` stands for in such an entry:
    the lowest is drawn on first (F107). What has no rank is not drawn on.
    """

    entry_kind = models.CharField(
        max_length=18, choices=EntryKind.choices, verbose_name=_("kind of entry")
    )
    source_kind = models.CharField(
        max_length=10, choices=AccountKind.choices, verbose_name=_("kind of source")
    )
    target_kind = models.CharField(
        max_length=10, choices=AccountKind.choices, verbose_name=_("kind of target")
    )
    rank = models.SmallIntegerField(null=True, verbose_name=_("drawn on in this order"))

    class Meta:
        verbose_name = _("posting rule")
        verbose_name_plural = _("posting rules")
        constraints = [
            models.UniqueConstraint(
                name="posting_rule_once", fields=["entry_kind", "source_kind", "target_kind"]
            ),
            models.UniqueConstraint(
                name="posting_rule_rank_once", fields=["entry_kind", "target_kind", "rank"]
            ),
            models.CheckConstraint(
                name="posting_rule_never_player_to_player",
                condition=~Q(source_kind__in=[*PURSES, "HOLD"], target_kind__in=PURSES)
                | Q(entry_kind__in=["WITHDRAWAL_RELEASE", "PLAN_RELEASE"]),
            ),
            # Money of players, pools and dues never pays what the operator spends (F117).
            models.CheckConstraint(
                name="posting_rule_never_commingles",
                condition=~Q(
                    source_kind__in=[
                        *PURSES, "HOLD", "STAKES", "PRIZES", "UNCLAIMED", "POOL", "FUND",
                        "WELFARE", "TAX", "RISKFUND", "WORKFUND", "ISSUER",
                    ],
                    target_kind__in=["OWNBANK", "EXPENSE", "INCOME", "SURPLUS"],
                ),
            ),
            # Pool and fund are never mixed; a fund tops up a pool as the rules of a game say (R16),
            # and only what a stopped game leaves over goes to a fund (R17).
            models.CheckConstraint(
                name="posting_rule_keeps_pool_and_fund_apart",
                condition=(
                    ~Q(source_kind__in=["POOL", "FUND"], target_kind="FUND")
                    | Q(entry_kind="WINDING_UP")
                )
                & (~Q(source_kind="FUND", target_kind="POOL") | Q(entry_kind="POOL_ROLL")),
            ),
            models.CheckConstraint(
                name="posting_rule_winds_up_into_the_fund",
                condition=~Q(entry_kind="WINDING_UP")
                | Q(source_kind__in=["POOL", "FUND"], target_kind="FUND"),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.entry_kind}: {self.source_kind} → {self.target_kind}"


class Entry(models.Model):
    """One deed in the books, under a reference that is used once."""

    reference = models.CharField(max_length=80, unique=True, verbose_name=_("entry reference"))
    kind = models.CharField(max_length=18, choices=EntryKind.choices, verbose_name=_("kind"))
    booked_on = models.DateField(verbose_name=_("booked on"))  # Shanghai's date
    is_shadow = models.BooleanField(verbose_name=_("shadow book"))
    reversal_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="reversals",
        verbose_name=_("reversal of"),
    )
    asked_digest = models.CharField(
        max_length=64, verbose_name=_("digest of the moves asked for")
    )  # a purse named as such; a repeat is compared with it
    moves_digest = models.CharField(max_length=64, verbose_name=_("digest of the moves"))
    xid = models.BigIntegerField(verbose_name=_("transaction"))
    posted_at = models.DateTimeField(verbose_name=_("posted at"))

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        constraints = [
            models.UniqueConstraint(name="entry_reversed_once", fields=["reversal_of"]),
            models.CheckConstraint(name="entry_kind_known", condition=Q(kind__in=EntryKind.values)),
            models.CheckConstraint(
                name="entry_reversal_is_named",
                condition=Q(kind="REVERSAL", reversal_of__isnull=False)
                | (~Q(kind="REVERSAL") & Q(reversal_of__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Transfer(models.Model):
    """One debit and one credit in one row, so that it cannot be unbalanced (D4)."""

    entry = models.ForeignKey(
        Entry,
        on_delete=models.PROTECT,
        related_name="transfers",
        db_constraint=False,
        verbose_name=_("entry"),
    )
    position = models.SmallIntegerField(verbose_name=_("position"))
    source = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        related_name="moved_out",
        db_constraint=False,
        verbose_name=_("source account"),
    )
    target = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        related_name="moved_in",
        db_constraint=False,
        verbose_name=_("target account"),
    )
    amount = MoneyField(verbose_name=_("amount (fen)"))
    source_balance = models.BigIntegerField(
        null=True, verbose_name=_("balance of the source (fen)")
    )  # after this row, where one is kept
    target_balance = models.BigIntegerField(
        null=True, verbose_name=_("balance of the target (fen)")
    )
    is_shadow = models.BooleanField(verbose_name=_("shadow book"))
    posted_at = models.DateTimeField(verbose_name=_("posted at"))

    class Meta:
        managed = False  # partitioned by id: the table is made in a migration
        db_table = "finance_transfer"
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")

    def __str__(self) -> str:
        return f"{self.entry_id}/{self.position}"


class Turnover(models.Model):
    """What an account took in and gave out on one day of the books, as far as it is rolled up.

    Accounts that keep a balance are rolled up together: one row a kind, with no account.
    """

    account_id = models.BigIntegerField(verbose_name=_("account"))  # 0: all of the kind together
    kind = models.CharField(max_length=10, choices=AccountKind.choices, verbose_name=_("kind"))
    is_shadow = models.BooleanField(verbose_name=_("shadow book"))
    booked_on = models.DateField(verbose_name=_("booked on"))
    moved_in = MoneyField(verbose_name=_("moved in (fen)"))
    moved_out = MoneyField(verbose_name=_("moved out (fen)"))

    class Meta:
        verbose_name = _("turnover of a day")
        verbose_name_plural = _("turnover by day")
        constraints = [
            models.UniqueConstraint(
                name="turnover_once", fields=["account_id", "kind", "is_shadow", "booked_on"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id or self.kind} {self.booked_on}"


class RolledUp(models.Model):
    """How far the entries are rolled up: the place of the last one in the log."""

    id = models.BooleanField(primary_key=True, default=True)
    seq = models.BigIntegerField(verbose_name=_("place in the log"))
    epoch = models.SmallIntegerField(verbose_name=_("epoch"))
    xid = models.BigIntegerField(verbose_name=_("transaction"))
    entry_id = models.BigIntegerField(verbose_name=_("entry of the log"))
    rolled_at = models.DateTimeField(verbose_name=_("rolled up at"))

    class Meta:
        verbose_name = _("state of the roll-up")
        verbose_name_plural = _("state of the roll-up")
        constraints = [models.CheckConstraint(name="rolled_up_is_one_row", condition=Q(id=True))]

    def __str__(self) -> str:
        return str(self.seq)


class Period(models.Model):
    """A month of the books. Once closed nothing is booked into it any more (F123)."""

    class State(models.TextChoices):
        OPEN = "OPEN", _("Open")
        CLOSED = "CLOSED", pgettext_lazy("of a period", "Closed")

    code = models.CharField(max_length=7, unique=True, verbose_name=_("period"))  # 2026-11
    is_shadow = models.BooleanField(default=False, verbose_name=_("shadow book"))
    first_day = models.DateField(verbose_name=_("first day"))
    last_day = models.DateField(verbose_name=_("last day"))
    state = models.CharField(
        max_length=6, choices=State.choices, default=State.OPEN, verbose_name=_("state")
    )
    approval_code = models.CharField(
        max_length=20, default="", blank=True, verbose_name=_("approval")
    )
    digest = models.CharField(
        max_length=64, default="", blank=True, verbose_name=_("digest of the balances")
    )
    closed_at = models.DateTimeField(
        null=True, verbose_name=pgettext_lazy("of a period", "closed at")
    )

    class Meta:
        verbose_name = _("period")
        verbose_name_plural = _("periods")
        constraints = [
            models.CheckConstraint(
                name="period_state_known", condition=Q(state__in=["OPEN", "CLOSED"])
            ),
            models.CheckConstraint(
                name="period_has_days", condition=Q(first_day__lte=F("last_day"))
            ),
            models.CheckConstraint(
                name="period_closed_by_approval",
                condition=Q(state="OPEN", closed_at__isnull=True)
                | (
                    Q(state="CLOSED", closed_at__isnull=False)
                    & ~Q(approval_code="")
                    & ~Q(digest="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class PeriodBalance(models.Model):
    """What an account, or a kind that keeps balances, stood at when its period was closed."""

    period = models.ForeignKey(
        Period, on_delete=models.PROTECT, related_name="balances", verbose_name=_("period")
    )
    account_id = models.BigIntegerField(verbose_name=_("account"))  # 0: all of the kind together
    kind = models.CharField(max_length=10, choices=AccountKind.choices, verbose_name=_("kind"))
    opening = models.BigIntegerField(verbose_name=_("opening balance (fen)"))
    moved_in = MoneyField(verbose_name=_("moved in (fen)"))
    moved_out = MoneyField(verbose_name=_("moved out (fen)"))
    closing = models.BigIntegerField(verbose_name=_("closing balance (fen)"))

    class Meta:
        verbose_name = _("balance at the end of a period")
        verbose_name_plural = _("balances at the end of periods")
        constraints = [
            models.UniqueConstraint(
                name="period_balance_once", fields=["period", "account_id", "kind"]
            ),
            models.CheckConstraint(
                name="period_balance_adds_up",
                condition=Q(closing=F("opening") + F("moved_in") - F("moved_out")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period_id} {self.account_id or self.kind}"


class Adjustment(models.Model):
    """A correction of the books: before, after, who asked, by whose word, why (F212)."""

    code = models.CharField(max_length=20, unique=True, verbose_name=_("adjustment number"))
    moves = models.JSONField(verbose_name=_("moves"))
    reversal_of = models.CharField(
        max_length=80, default="", blank=True, verbose_name=_("reversal of")
    )
    booked_on = models.DateField(null=True, verbose_name=_("booked on"))
    reason = models.CharField(max_length=500, verbose_name=_("reason"))
    before = models.JSONField(verbose_name=_("balances before"))
    after = models.JSONField(null=True, verbose_name=_("balances after"))
    approval_code = models.CharField(max_length=20, unique=True, verbose_name=_("approval"))
    asked_at = models.DateTimeField(verbose_name=_("asked at"))
    booked_at = models.DateTimeField(null=True, verbose_name=_("booked at"))

    class Meta:
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")
        constraints = [
            models.CheckConstraint(name="adjustment_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return self.code


class Ceiling(models.Model):
    """How much of a flow of one player's money fits into a span of time, from a moment on (N14)."""

    class Flow(models.TextChoices):
        DEPOSIT = "DEPOSIT", _("Deposits")
        STAKE = "STAKE", _("Stakes")
        LOSS = "LOSS", _("Losses")

    class Span(models.TextChoices):
        DAY = "DAY", pgettext_lazy("span of time", "Day")
        WEEK = "WEEK", _("Week")
        MONTH = "MONTH", _("Month")

    player_code = models.CharField(max_length=20, verbose_name=_("player number"))
    flow = models.CharField(max_length=7, choices=Flow.choices, verbose_name=_("flow"))
    span = models.CharField(max_length=5, choices=Span.choices, verbose_name=_("span"))
    fen = models.BigIntegerField(null=True, verbose_name=_("ceiling (fen)"))  # NULL: none
    valid_from = models.DateTimeField(verbose_name=_("valid from"))
    set_at = models.DateTimeField(verbose_name=_("set at"))

    class Meta:
        verbose_name = _("ceiling")
        verbose_name_plural = _("ceilings")
        constraints = [
            models.CheckConstraint(
                name="ceiling_flow_known", condition=Q(flow__in=["DEPOSIT", "STAKE", "LOSS"])
            ),
            models.CheckConstraint(
                name="ceiling_span_known", condition=Q(span__in=["DAY", "WEEK", "MONTH"])
            ),
            models.CheckConstraint(
                name="ceiling_not_negative", condition=Q(fen__isnull=True) | Q(fen__gte=0)
            ),
        ]
        indexes = [
            models.Index(
                name="ceiling_in_force", fields=["player_code", "flow", "span", "valid_from"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.player_code} {self.flow} {self.span}"


class Flow(models.Model):
    """What of a flow went through in one span; never above its ceiling, whoever asks (N14)."""

    player_code = models.CharField(max_length=20, verbose_name=_("player number"))
    flow = models.CharField(max_length=7, choices=Ceiling.Flow.choices, verbose_name=_("flow"))
    span = models.CharField(max_length=5, choices=Ceiling.Span.choices, verbose_name=_("span"))
    begins_on = models.DateField(verbose_name=_("first day"))
    total = models.BigIntegerField(verbose_name=_("so far (fen)"))
    ceiling = models.BigIntegerField(null=True, verbose_name=_("ceiling (fen)"))

    class Meta:
        verbose_name = _("flow of money")
        verbose_name_plural = _("flows of money")
        constraints = [
            models.UniqueConstraint(
                name="flow_once", fields=["player_code", "flow", "span", "begins_on"]
            ),
            models.CheckConstraint(
                name="player_ceiling_kept",
                condition=Q(ceiling__isnull=True) | Q(total__lte=F("ceiling")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.player_code} {self.flow} {self.begins_on}"
