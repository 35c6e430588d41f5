"""What brings money in and out; the books are in `book_models`. Only this room imports these."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.encryption import EncryptedField
from lottery_portal.lib.ids import uuid7
from lottery_portal.lib.money import MoneyField

from .book_models import (
    Account,
    AccountClass,
    AccountKind,
    AccountType,
    Adjustment,
    Ceiling,
    Entry,
    EntryKind,
    Flow,
    Period,
    PeriodBalance,
    PostingRule,
    RolledUp,
    Transfer,
    Turnover,
)
from .case_models import Case
from .payout_models import BankAccountCheck, TransferBlock
from .provider_models import DepositReturn, Provider, ProviderHealth, ReturnPlan
from .recon_models import (
    Difference,
    HouseBank,
    Match,
    Proof,
    Statement,
    StatementLine,
)
from .solvency_models import InvariantRun, PayoutStop, SolvencyProof
from .statement_models import DayFlow, Sample

__all__ = [
    "Account",
    "AccountClass",
    "AccountKind",
    "AccountType",
    "Adjustment",
    "BankAccount",
    "BankAccountCheck",
    "Case",
    "Ceiling",
    "DayFlow",
    "Deposit",
    "DepositReturn",
    "Difference",
    "Entry",
    "EntryKind",
    "Flow",
    "HouseBank",
    "InvariantRun",
    "Match",
    "PayoutStop",
    "Period",
    "PeriodBalance",
    "PostingRule",
    "Proof",
    "Provider",
    "ProviderEvent",
    "ProviderHealth",
    "ReturnPlan",
    "RolledUp",
    "Sample",
    "SolvencyProof",
    "Statement",
    "StatementLine",
    "Transfer",
    "TransferBlock",
    "Turnover",
    "Withdrawal",
]


class BankAccount(models.Model):
    """A player's own bank account; its holder is the verified person (F006)."""

    row_uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the record")
    )
    player_code = models.CharField(max_length=20, verbose_name=_("player number"))
    bank_name = models.CharField(max_length=60, verbose_name=_("bank"))
    number = EncryptedField(purpose="bank")
    number_index = models.BinaryField(max_length=32)
    last_digits = models.CharField(max_length=4, verbose_name=_("last digits"))
    holder = EncryptedField(purpose="name")
    added_at = models.DateTimeField(verbose_name=_("registered at"))
    removed_at = models.DateTimeField(null=True, verbose_name=_("removed at"))

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

    row_uuid = models.UUIDField(default=uuid7, unique=True, editable=False)

    class State(models.TextChoices):
        BEGUN = "BEGUN", _("Begun")
        CREDITED = "CREDITED", _("Credited")
        CLOSED = "CLOSED", _("Not paid")
        QUARANTINED = "QUARANTINED", _("Being checked")
        CHARGED_BACK = "CHARGED_BACK", _("Charged back")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("deposit number")
    )
    player_code = models.CharField(max_length=20, verbose_name=_("player number"))
    provider = models.CharField(max_length=20, verbose_name=_("provider"))
    amount = MoneyField(verbose_name=_("amount (fen)"))
    fee = MoneyField(default=0, verbose_name=_("fee of the player (fen)"))
    request_key = models.UUIDField(verbose_name=_("request key"))
    state = models.CharField(
        max_length=12, choices=State.choices, default=State.BEGUN, verbose_name=_("state")
    )
    provider_trade = models.CharField(
        max_length=64, default="", blank=True, verbose_name=_("provider's number")
    )
    # Some banks want the payer's name and number in it.
    pay_url = EncryptedField(
        purpose="payment", default="", blank=True, verbose_name=_("page to pay on")
    )
    begun_at = models.DateTimeField(verbose_name=_("begun at"))
    credited_at = models.DateTimeField(null=True, verbose_name=_("credited at"))
    ended_at = models.DateTimeField(null=True, verbose_name=_("ended at"))

    class Meta:
        verbose_name = _("deposit")
        verbose_name_plural = _("deposits")
        constraints = [
            models.UniqueConstraint(
                name="deposit_once_per_request", fields=["player_code", "request_key"]
            ),
            models.CheckConstraint(name="deposit_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="deposit_fee_not_negative", condition=Q(fee__gte=0)),
            models.CheckConstraint(
                name="deposit_state_known",
                condition=Q(
                    state__in=["BEGUN", "CREDITED", "CLOSED", "QUARANTINED", "CHARGED_BACK"]
                ),
            ),
            models.CheckConstraint(
                name="deposit_credited_has_time",
                condition=~Q(state__in=["CREDITED", "CHARGED_BACK"]) | Q(credited_at__isnull=False),
            ),
            models.CheckConstraint(
                name="deposit_ended_has_time",
                condition=~Q(state__in=["CLOSED", "CHARGED_BACK"]) | Q(ended_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="deposit_by_credit",
                fields=["credited_at"],
                condition=Q(credited_at__isnull=False),
            ),
            models.Index(
                name="deposit_by_trade",
                fields=["provider", "provider_trade"],
                condition=~Q(provider_trade=""),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def charged_fen(self) -> int:
        """What the provider collects: the amount, and the fee where the player bears it."""
        return self.amount + self.fee

    @property
    def pay_page(self) -> str:
        """The address to pay on, for its player's eyes; empty until the bank has given one."""
        return str(self.pay_url.reveal()) if self.pay_url else ""


class ProviderEvent(models.Model):
    """The inbox: what a provider told us, once per event, before anything is done about it.

    `asked_at` is set where it is the provider's own answer to a question of ours.
    """

    class Kind(models.TextChoices):
        OPEN = "OPEN", _("Not paid yet")
        PAID = "PAID", _("Paid in")
        CLOSED = "CLOSED", _("Not paid")
        REFUNDED = "REFUNDED", _("Taken back")

    class Outcome(models.TextChoices):
        WAITING = "WAITING", _("Waiting")
        APPLIED = "APPLIED", _("Applied")
        REPEATED = "REPEATED", _("Told before")
        QUARANTINED = "QUARANTINED", _("Being checked")

    row_uuid = models.UUIDField(default=uuid7, null=True, editable=False)
    provider = models.CharField(max_length=20, verbose_name=_("provider"))
    event_id = models.CharField(max_length=80, verbose_name=_("event"))
    kind = models.CharField(max_length=20, choices=Kind.choices, verbose_name=_("kind"))
    order_code = models.CharField(max_length=20, verbose_name=_("order number"))
    trade = models.CharField(max_length=64, verbose_name=_("provider's number"))
    amount = MoneyField(default=0, verbose_name=_("amount (fen)"))
    payer = EncryptedField(purpose="name", default="", blank=True)
    body = models.TextField(verbose_name=_("message"))
    outcome = models.CharField(
        max_length=11, choices=Outcome.choices, default=Outcome.WAITING, verbose_name=_("outcome")
    )
    received_at = models.DateTimeField(verbose_name=_("received at"))
    asked_at = models.DateTimeField(null=True, verbose_name=_("answered when asked at"))
    applied_at = models.DateTimeField(null=True, verbose_name=_("applied at"))

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
        indexes = [
            models.Index(name="provider_event_order", fields=["order_code"]),
            models.Index(
                name="provider_event_waits",
                fields=["received_at"],
                condition=Q(outcome="WAITING"),
            ),
        ]

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
        PAID = "PAID", _("Paid out")
        FAILED = "FAILED", _("Returned by the bank")
        REFUSED = "REFUSED", _("Refused")
        RECALLED = "RECALLED", _("Called back")
        RETURNED = "RETURNED", _("Came back from the bank")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("withdrawal number")
    )
    player_code = models.CharField(max_length=20, verbose_name=_("player number"))
    bank_account = models.ForeignKey(
        BankAccount, on_delete=models.PROTECT, related_name="+", verbose_name=_("bank account")
    )
    provider = models.CharField(max_length=20, verbose_name=_("provider"))
    amount = MoneyField(verbose_name=_("amount (fen)"))
    request_key = models.UUIDField(verbose_name=_("request key"))
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.HELD, verbose_name=_("state")
    )
    approval_code = models.CharField(
        max_length=20, default="", blank=True, verbose_name=_("approval")
    )
    # By whose word it was called back, or what came back from the bank was given back.
    back_approval_code = models.CharField(
        max_length=20, default="", blank=True, verbose_name=_("approval to give it back")
    )
    # The entry by which the player got the very money that leaves, in the same transaction: that
    # needs no further word. Empty for what he asks for himself.
    origin = models.CharField(max_length=80, default="", blank=True, verbose_name=_("origin"))
    reason = models.CharField(max_length=200, default="", blank=True, verbose_name=_("reason"))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("requested by"),
    )
    requested_at = models.DateTimeField(verbose_name=_("requested at"))
    approved_at = models.DateTimeField(null=True, verbose_name=_("approved at"))
    sent_at = models.DateTimeField(null=True, verbose_name=_("sent at"))
    ended_at = models.DateTimeField(null=True, verbose_name=_("ended at"))

    class Meta:
        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")
        constraints = [
            models.UniqueConstraint(
                name="withdrawal_once_per_request", fields=["player_code", "request_key"]
            ),
            models.UniqueConstraint(
                name="withdrawal_approval_used_once",
                fields=["approval_code"],
                condition=~Q(approval_code=""),
            ),
            models.UniqueConstraint(
                name="withdrawal_once_per_origin", fields=["origin"], condition=~Q(origin="")
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
                        "RECALLED",
                        "RETURNED",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="withdrawal_ended_has_time",
                condition=~Q(state__in=["PAID", "FAILED", "REFUSED", "RECALLED", "RETURNED"])
                | Q(ended_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="withdrawal_back_approval_used_once",
                fields=["back_approval_code"],
                condition=~Q(back_approval_code=""),
            ),
            models.CheckConstraint(
                name="withdrawal_sent_was_approved",
                condition=Q(sent_at__isnull=True) | Q(approved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="withdrawal_refusal_has_reason",
                condition=~Q(state__in=["FAILED", "REFUSED", "RECALLED", "RETURNED"])
                | ~Q(reason=""),
            ),
        ]
        indexes = [
            models.Index(
                name="withdrawal_by_end", fields=["ended_at"], condition=Q(ended_at__isnull=False)
            ),
            models.Index(
                name="withdrawal_by_approval",
                fields=["approved_at"],
                condition=Q(approved_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.code


from .remittance_models import (  # noqa: E402 - they refer to the models above
    Cover,
    Due,
    Payee,
    PaymentOrder,
    PrizeTax,
    Purpose,
    TreasuryReceipt,
)

__all__ += ["Cover", "Due", "Payee", "PaymentOrder", "PrizeTax", "Purpose", "TreasuryReceipt"]

from .cash_models import (  # noqa: E402 - as above
    CashCount,
    CashDesk,
    CashHandOver,
    CashMove,
    CashRequest,
    PlaceKind,
)
from .prize_models import (  # noqa: E402 - as above
    PaymentMethod,
    TaxCertificate,
    TaxReturn,
    Way,
)

__all__ += ["CashCount", "CashDesk", "CashHandOver", "CashMove", "CashRequest", "PlaceKind"]
__all__ += ["PaymentMethod", "TaxCertificate", "TaxReturn", "Way"]
