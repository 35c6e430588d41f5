"""The books, and what brings money in and out. Only this room imports these models."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.encryption import EncryptedField
from lottery_portal.lib.ids import uuid7
from lottery_portal.lib.money import MoneyField


class AccountKind(models.TextChoices):
    """What an account is for; the posting rules speak of kinds."""

    WALLET = "WALLET", _("Wallet")
    HOLD = "HOLD", _("Hold")
    RECEIVABLE = "RECEIVABLE", _("Receivable from a player")
    STAKES = "STAKES", _("Stakes of a draw")
    PRIZES = "PRIZES", _("Prize money of a draw")
    UNCLAIMED = "UNCLAIMED", _("Prizes not yet claimed")
    POOL = "POOL", _("Pool")
    FUND = "FUND", _("Adjustment fund")
    FEE = "FEE", _("Issue fee")
    WELFARE = "WELFARE", _("Welfare fund")
    ESCROW = "ESCROW", _("Escrow account")
    CLEARING = "CLEARING", _("Provider clearing")
    GRANT = "GRANT", _("Opening balance")


class EntryKind(models.TextChoices):
    """What kind of deed an entry books."""

    DEPOSIT = "DEPOSIT", _("Deposit")
    PURCHASE = "PURCHASE", _("Purchase")
    REFUND = "REFUND", _("Refund")
    ALLOCATION = "ALLOCATION", _("Allocation of stakes")
    PRIZE = "PRIZE", _("Prize")
    POOL_ROLL = "POOL_ROLL", _("Pool movement")
    FUND_COVER = "FUND_COVER", _("Cover from the adjustment fund")
    WITHDRAWAL_HOLD = "WITHDRAWAL_HOLD", _("Withdrawal, held")
    WITHDRAWAL_RELEASE = "WITHDRAWAL_RELEASE", _("Withdrawal, released")
    WITHDRAWAL_PAID = "WITHDRAWAL_PAID", _("Withdrawal, paid")
    CHARGEBACK = "CHARGEBACK", _("Chargeback")
    ADJUSTMENT = "ADJUSTMENT", _("Adjustment")
    OPENING = "OPENING", _("Opening balance")
    REVERSAL = "REVERSAL", _("Reversal")


class Account(models.Model):
    """A place where money lies. Only those that must not go negative keep a balance (D4)."""

    code = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=10, choices=AccountKind.choices)
    is_shadow = models.BooleanField()
    keeps_balance = models.BooleanField()
    balance = MoneyField(default=0)
    opened_at = models.DateTimeField()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.CheckConstraint(
                name="account_kind_known", condition=Q(kind__in=AccountKind.values)
            ),
            models.CheckConstraint(
                name="wallet_not_overdrawn", condition=~Q(kind="WALLET") | Q(balance__gte=0)
            ),
            models.CheckConstraint(
                name="hold_not_overdrawn", condition=~Q(kind="HOLD") | Q(balance__gte=0)
            ),
            models.CheckConstraint(
                name="account_keeps_balance_when_it_must",
                condition=Q(keeps_balance=True, kind__in=["WALLET", "HOLD"])
                | (Q(keeps_balance=False, balance=0) & ~Q(kind__in=["WALLET", "HOLD"])),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class PostingRule(models.Model):
    """Which kind of entry may move money from which kind of account into which (F116)."""

    entry_kind = models.CharField(max_length=18, choices=EntryKind.choices)
    source_kind = models.CharField(max_length=10, choices=AccountKind.choices)
    target_kind = models.CharField(max_length=10, choices=AccountKind.choices)

    class Meta:
        verbose_name = _("posting rule")
        verbose_name_plural = _("posting rules")
        constraints = [
            models.UniqueConstraint(
                name="posting_rule_once", fields=["entry_kind", "source_kind", "target_kind"]
            ),
            models.CheckConstraint(
                name="posting_rule_never_player_to_player",
                condition=~Q(
                    source_kind__in=["WALLET", "HOLD"],
                    target_kind__in=["WALLET"],
                )
                | Q(entry_kind="WITHDRAWAL_RELEASE"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry_kind}: {self.source_kind} → {self.target_kind}"


class Entry(models.Model):
    """One deed in the books, under a reference that is used once."""

    reference = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=18, choices=EntryKind.choices)
    booked_on = models.DateField()  # Shanghai's date
    is_shadow = models.BooleanField()
    reversal_of = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="reversed_by"
    )
    moves_digest = models.CharField(max_length=64)
    xid = models.BigIntegerField()
    posted_at = models.DateTimeField()

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        constraints = [
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
        Entry, on_delete=models.PROTECT, related_name="transfers", db_constraint=False
    )
    position = models.SmallIntegerField()
    source = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="moved_out", db_constraint=False
    )
    target = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="moved_in", db_constraint=False
    )
    amount = MoneyField()
    source_balance = models.BigIntegerField(null=True)  # after this row, where one is kept
    target_balance = models.BigIntegerField(null=True)
    is_shadow = models.BooleanField()
    posted_at = models.DateTimeField()

    class Meta:
        managed = False  # partitioned by id: the table is made in a migration
        db_table = "finance_transfer"
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")

    def __str__(self) -> str:
        return f"{self.entry_id}/{self.position}"


class BankAccount(models.Model):
    """A player's own bank account; its holder is the verified person (F006)."""

    row_uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    code = models.CharField(max_length=20, unique=True, default=new_code)
    player_code = models.CharField(max_length=20)
    bank_name = models.CharField(max_length=60)
    number = EncryptedField(purpose="bank")
    number_index = models.BinaryField(max_length=32)
    last_digits = models.CharField(max_length=4)
    holder = EncryptedField(purpose="name")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("bank account")
        verbose_name_plural = _("bank accounts")
        constraints = [
            models.UniqueConstraint(
                name="bank_account_once",
                fields=["number_index"],
                condition=Q(removed_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.code


class Deposit(models.Model):
    """Money a player wants to bring in; its state follows from facts in the inbox (F108)."""

    class State(models.TextChoices):
        BEGUN = "BEGUN", _("Begun")
        CREDITED = "CREDITED", _("Credited")
        CLOSED = "CLOSED", _("Not paid")
        QUARANTINED = "QUARANTINED", _("Being checked")
        CHARGED_BACK = "CHARGED_BACK", _("Charged back")

    code = models.CharField(max_length=20, unique=True, default=new_code)
    player_code = models.CharField(max_length=20)
    provider = models.CharField(max_length=20)
    amount = MoneyField()
    request_key = models.UUIDField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.BEGUN)
    provider_trade = models.CharField(max_length=64, default="", blank=True)
    begun_at = models.DateTimeField()
    credited_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("deposit")
        verbose_name_plural = _("deposits")
        constraints = [
            models.UniqueConstraint(
                name="deposit_once_per_request", fields=["player_code", "request_key"]
            ),
            models.CheckConstraint(name="deposit_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="deposit_state_known",
                condition=Q(
                    state__in=["BEGUN", "CREDITED", "CLOSED", "QUARANTINED", "CHARGED_BACK"]
                ),
            ),
            models.CheckConstraint(
                name="deposit_credited_has_time",
                condition=~Q(state="CREDITED") | Q(credited_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ProviderEvent(models.Model):
    """The inbox: what a provider told us, once per event, before anything is done about it."""

    class Outcome(models.TextChoices):
        WAITING = "WAITING", _("Waiting")
        APPLIED = "APPLIED", _("Applied")
        REPEATED = "REPEATED", _("Told before")
        QUARANTINED = "QUARANTINED", _("Being checked")

    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=80)
    kind = models.CharField(max_length=20)  # PAID, CLOSED, REFUNDED, PAYOUT_PAID, PAYOUT_FAILED
    order_code = models.CharField(max_length=20)
    trade = models.CharField(max_length=64)
    amount = MoneyField(default=0)
    body = models.TextField()
    outcome = models.CharField(max_length=11, choices=Outcome.choices, default=Outcome.WAITING)
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("provider event")
        verbose_name_plural = _("provider events")
        constraints = [
            models.UniqueConstraint(name="provider_event_once", fields=["provider", "event_id"]),
            models.CheckConstraint(
                name="provider_event_outcome_known",
                condition=Q(outcome__in=["WAITING", "APPLIED", "REPEATED", "QUARANTINED"]),
            ),
        ]
        indexes = [models.Index(name="provider_event_order", fields=["order_code"])]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"


class Withdrawal(models.Model):
    """Money on its way out: held, approved, sent, paid or returned (F109)."""

    class State(models.TextChoices):
        HELD = "HELD", _("Held")
        WAITING = "WAITING", _("Waits for approval")
        APPROVED = "APPROVED", _("Approved")
        SENDING = "SENDING", _("With the bank")
        UNKNOWN = "UNKNOWN", _("Bank has not answered")
        PAID = "PAID", _("Paid")
        FAILED = "FAILED", _("Returned by the bank")
        REFUSED = "REFUSED", _("Refused")

    code = models.CharField(max_length=20, unique=True, default=new_code)
    player_code = models.CharField(max_length=20)
    bank_account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="+")
    provider = models.CharField(max_length=20)
    amount = MoneyField()
    request_key = models.UUIDField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.HELD)
    approval_code = models.CharField(max_length=20, default="", blank=True)
    reason = models.CharField(max_length=200, default="", blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")
        constraints = [
            models.UniqueConstraint(
                name="withdrawal_once_per_request", fields=["player_code", "request_key"]
            ),
            models.CheckConstraint(name="withdrawal_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="withdrawal_state_known",
                condition=Q(
                    state__in=[
                        "HELD",
                        "WAITING",
                        "APPROVED",
                        "SENDING",
                        "UNKNOWN",
                        "PAID",
                        "FAILED",
                        "REFUSED",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="withdrawal_ended_has_time",
                condition=~Q(state__in=["PAID", "FAILED", "REFUSED"]) | Q(ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="withdrawal_sent_was_approved",
                condition=Q(sent_at__isnull=True)
                | Q(approved_at__isnull=False, sent_at__gte=F("approved_at")),
            ),
        ]

    def __str__(self) -> str:
        return self.code
