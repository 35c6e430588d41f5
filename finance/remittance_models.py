"""What is owed to others, to whom it may be paid, and how it left (F265).

Only this room imports these models. A payee is listed, and an order approved, by the word of
others; the database lets money out for nothing but an approved order to a listed payee (F129).
There is one list of payees: orders are paid to it, and what leaves an escrow account is held
against it.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.encryption import EncryptedField
from lottery_portal.lib.ids import uuid7
from lottery_portal.lib.money import MoneyField

from .book_models import EntryKind


class Purpose(models.TextChoices):
    """What is paid; the kind of account it comes out of has the same name, but for providers."""

    WELFARE = "WELFARE", _("Welfare fund")
    FEE = "FEE", _("Issue fee")
    TAX = "TAX", _("Tax withheld")
    BUSINESS = "BUSINESS", _("Business fee to the operator")
    PARTNER = "PARTNER", _("Commission of a partner")
    ORGANISER = "ORGANISER", _("Settlement with an organiser")
    ISSUER = "ISSUER", _("Prize money to an issuer")
    PROVIDER = "PROVIDER", _("Settlement with a payment institution")


TREASURY = (Purpose.WELFARE, Purpose.FEE, Purpose.TAX)
OF_A_PARTY = (Purpose.PARTNER, Purpose.ORGANISER, Purpose.PROVIDER)
ENTRY_KINDS: dict[str, EntryKind] = {
    Purpose.WELFARE: EntryKind.REMITTANCE,
    Purpose.FEE: EntryKind.REMITTANCE,
    Purpose.TAX: EntryKind.REMITTANCE,
    Purpose.ISSUER: EntryKind.REMITTANCE,
    Purpose.BUSINESS: EntryKind.FEE_DRAWN,
    Purpose.PARTNER: EntryKind.PARTNER_PAID,
    Purpose.ORGANISER: EntryKind.ORGANISER_PAID,
}


class Payee(models.Model):
    """An account that money of one purpose may go to out of an escrow account (F129)."""

    class State(models.TextChoices):
        ASKED = "ASKED", _("Waits for approval")
        LISTED = "LISTED", _("Listed")
        REFUSED = "REFUSED", _("Refused")
        RETIRED = "RETIRED", _("Off the list")

    row_uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the record")
    )
    purpose = models.CharField(
        max_length=9, choices=Purpose.choices, verbose_name=_("paid for what")
    )
    # Of a partner, organiser or institution always; of a game when its dues go to an own account.
    party = models.CharField(
        max_length=40, default="", blank=True, verbose_name=_("game, partner or institution")
    )
    name = models.CharField(max_length=100, verbose_name=_("name of the payee"))
    bank_name = models.CharField(max_length=60, verbose_name=_("bank"))
    number = EncryptedField(purpose="bank")
    number_index = models.BinaryField(max_length=32)
    last_digits = models.CharField(max_length=4, verbose_name=_("last digits"))
    state = models.CharField(
        max_length=7, choices=State.choices, default=State.ASKED, verbose_name=_("state")
    )
    approval_code = models.CharField(max_length=20, unique=True, verbose_name=_("approval"))
    reason = models.CharField(max_length=200, default="", blank=True, verbose_name=_("reason"))
    asked_at = models.DateTimeField(verbose_name=_("asked at"))
    listed_at = models.DateTimeField(null=True, verbose_name=_("listed at"))
    ended_at = models.DateTimeField(null=True, verbose_name=_("ended at"))

    class Meta:
        verbose_name = _("payee")
        verbose_name_plural = _("payees")
        constraints = [
            models.CheckConstraint(
                name="payee_purpose_known", condition=Q(purpose__in=Purpose.values)
            ),
            models.CheckConstraint(
                name="payee_state_known",
                condition=Q(state__in=["ASKED", "LISTED", "REFUSED", "RETIRED"]),
            ),
            models.CheckConstraint(
                name="payee_of_a_party_names_it",
                condition=~Q(purpose__in=["PARTNER", "ORGANISER", "PROVIDER"]) | ~Q(party=""),
            ),
            models.CheckConstraint(
                name="payee_listed_has_time",
                condition=~Q(state__in=["LISTED", "RETIRED"]) | Q(listed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="payee_ended_has_time_and_reason",
                condition=~Q(state__in=["REFUSED", "RETIRED"])
                | (Q(ended_at__isnull=False) & ~Q(reason="")),
            ),
            models.UniqueConstraint(
                name="payee_once",
                fields=["purpose", "party", "number_index"],
                condition=Q(state__in=["ASKED", "LISTED"]),
            ),
            models.UniqueConstraint(
                name="payee_of_one_provider",
                fields=["number_index"],
                condition=Q(purpose="PROVIDER", state__in=["ASKED", "LISTED"]),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class PaymentOrder(models.Model):
    """An order to the bank: so much, out of this escrow account, to that payee (F265)."""

    class State(models.TextChoices):
        ASKED = "ASKED", _("Waits for approval")
        APPROVED = "APPROVED", _("To be paid")
        PAID = "PAID", _("Paid by the bank")
        DROPPED = "DROPPED", _("Dropped")
        RETURNED = "RETURNED", _("Returned by the bank")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the order")
    )
    purpose = models.CharField(
        max_length=9, choices=Purpose.choices, verbose_name=_("paid for what")
    )
    account = models.CharField(max_length=60, verbose_name=_("account"))
    payee = models.ForeignKey(
        Payee, on_delete=models.PROTECT, related_name="orders", verbose_name=_("payee")
    )
    escrow = models.CharField(max_length=60, verbose_name=_("paid out of"))
    amount = MoneyField(verbose_name=_("amount (fen)"))
    entry_kind = models.CharField(max_length=18, choices=EntryKind.choices, verbose_name=_("kind"))
    moves = models.JSONField(verbose_name=_("moves"))
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.ASKED, verbose_name=_("state")
    )
    approval_code = models.CharField(max_length=20, unique=True, verbose_name=_("approval"))
    drop_approval_code = models.CharField(
        max_length=20, default="", blank=True, verbose_name=_("approval to drop it")
    )
    reason = models.CharField(max_length=200, default="", blank=True, verbose_name=_("reason"))
    asked_at = models.DateTimeField(verbose_name=_("asked at"))
    approved_at = models.DateTimeField(null=True, verbose_name=_("approved at"))
    paid_on = models.DateField(null=True, verbose_name=_("paid on"))
    bank_reference = models.CharField(
        max_length=60, default="", blank=True, verbose_name=_("number given by the bank")
    )
    paid_at = models.DateTimeField(null=True, verbose_name=_("recorded as paid at"))
    ended_at = models.DateTimeField(null=True, verbose_name=_("ended at"))

    class Meta:
        verbose_name = _("payment order")
        verbose_name_plural = _("payment orders")
        constraints = [
            models.CheckConstraint(
                name="payment_order_purpose_known", condition=Q(purpose__in=list(ENTRY_KINDS))
            ),
            models.CheckConstraint(
                name="payment_order_state_known",
                condition=Q(state__in=["ASKED", "APPROVED", "PAID", "DROPPED", "RETURNED"]),
            ),
            models.CheckConstraint(name="payment_order_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="payment_order_approved_has_time",
                condition=~Q(state__in=["APPROVED", "PAID", "RETURNED"])
                | Q(approved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="payment_order_paid_by_a_bank",
                condition=~Q(state__in=["PAID", "RETURNED"])
                | (Q(paid_on__isnull=False, paid_at__isnull=False) & ~Q(bank_reference="")),
            ),
            models.CheckConstraint(
                name="payment_order_ended_has_time_and_reason",
                condition=~Q(state__in=["DROPPED", "RETURNED"])
                | (Q(ended_at__isnull=False) & ~Q(reason="")),
            ),
            models.UniqueConstraint(
                name="payment_order_bank_reference_once",
                fields=["escrow", "bank_reference"],
                condition=~Q(bank_reference=""),
            ),
        ]
        indexes = [models.Index(name="payment_order_of_account", fields=["account", "state"])]

    def __str__(self) -> str:
        return self.code


class Due(models.Model):
    """What of an account is owed for one month or event, and until when (F265).

    What is booked into the month later makes another row of the same subject; it may be negative.
    `kept` is the part that is not paid out: the business fee, or the portal's fee of an event.
    """

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the due")
    )
    account = models.CharField(max_length=60, verbose_name=_("account"))
    subject = models.CharField(max_length=40, verbose_name=_("month or event"))  # 2026-11
    position = models.SmallIntegerField(verbose_name=_("position"))
    amount = MoneyField(verbose_name=_("amount (fen)"))
    kept = MoneyField(default=0, verbose_name=_("kept back (fen)"))
    due_on = models.DateField(verbose_name=_("due on"))
    order = models.ForeignKey(
        PaymentOrder,
        on_delete=models.PROTECT,
        null=True,
        related_name="dues",
        verbose_name=_("payment order"),
    )
    made_at = models.DateTimeField(verbose_name=_("made at"))

    class Meta:
        verbose_name = _("due")
        verbose_name_plural = _("dues")
        constraints = [
            models.UniqueConstraint(name="due_once", fields=["account", "subject", "position"]),
            models.CheckConstraint(name="due_is_something", condition=~Q(amount=0) | ~Q(kept=0)),
        ]
        indexes = [
            models.Index(name="due_open", fields=["due_on"], condition=Q(order__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.subject}/{self.position}"


class TreasuryReceipt(models.Model):
    """What the treasury wrote for a payment: number, date, sum, and the digest of the scan."""

    order = models.ForeignKey(
        PaymentOrder,
        on_delete=models.PROTECT,
        related_name="receipts",
        verbose_name=_("payment order"),
    )
    number = models.CharField(max_length=60, unique=True, verbose_name=_("number of the receipt"))
    issued_on = models.DateField(verbose_name=_("issued on"))
    amount = MoneyField(verbose_name=_("amount (fen)"))
    file_name = models.CharField(max_length=100, verbose_name=_("file"))
    file_digest = models.CharField(max_length=64, verbose_name=_("SHA-256 of the file"))
    file_size = models.IntegerField(verbose_name=_("size in bytes"))
    recorded_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("treasury receipt")
        verbose_name_plural = _("treasury receipts")
        constraints = [
            models.CheckConstraint(
                name="treasury_receipt_has_a_file",
                condition=Q(file_digest__regex=r"^[0-9a-f]{64}$", file_size__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.number


class PrizeTax(models.Model):
    """What was withheld of one prize, and of which sum: the basis of the tax return.

    The threshold is held against all that one person won in one draw of one game (`together`), not
    against a ticket; the tax is on the full amount.
    """

    entry = models.OneToOneField(
        "finance.Entry", on_delete=models.PROTECT, related_name="+", verbose_name=_("entry")
    )
    account = models.CharField(max_length=60, verbose_name=_("account"))  # tax:<game>
    winner = models.CharField(max_length=64, verbose_name=_("person"))  # a code, never a name
    occasion = models.CharField(max_length=40, verbose_name=_("game and draw"))
    prize = MoneyField(verbose_name=_("prize (fen)"))
    before = MoneyField(verbose_name=_("paid of it before (fen)"))
    together = MoneyField(verbose_name=_("won together (fen)"))
    exempt = MoneyField(verbose_name=_("tax free up to (fen)"))
    rate = models.SmallIntegerField(verbose_name=_("rate in ten-thousandths"))
    tax = MoneyField(verbose_name=_("tax withheld (fen)"))
    paid_at = models.DateTimeField(verbose_name=_("paid at"))

    class Meta:
        verbose_name = _("tax on a prize")
        verbose_name_plural = _("taxes on prizes")
        constraints = [
            models.CheckConstraint(
                name="prize_tax_of_the_sum", condition=Q(together__gte=F("before") + F("prize"))
            ),
        ]
        indexes = [models.Index(name="prize_tax_of", fields=["winner", "occasion"])]

    def __str__(self) -> str:
        return f"{self.occasion} {self.entry_id}"


class Cover(models.Model):
    """Money of the operator's own that he pays into an escrow account, so that it covers (F130).

    Approved before it leaves his bank; in the books once the bank has paid it.
    """

    class State(models.TextChoices):
        ASKED = "ASKED", _("Waits for approval")
        APPROVED = "APPROVED", _("To be paid in")
        BOOKED = "BOOKED", _("Paid in")
        DROPPED = "DROPPED", _("Dropped")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the payment in")
    )
    escrow = models.CharField(max_length=60, verbose_name=_("paid into"))
    own_bank = models.CharField(max_length=60, verbose_name=_("out of the operator's own account"))
    amount = MoneyField(verbose_name=_("amount (fen)"))
    reason = models.CharField(max_length=200, verbose_name=_("reason"))
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.ASKED, verbose_name=_("state")
    )
    approval_code = models.CharField(max_length=20, unique=True, verbose_name=_("approval"))
    asked_at = models.DateTimeField(verbose_name=_("asked at"))
    approved_at = models.DateTimeField(null=True, verbose_name=_("approved at"))
    paid_on = models.DateField(null=True, verbose_name=_("paid on"))
    bank_reference = models.CharField(
        max_length=60, default="", blank=True, verbose_name=_("number given by the bank")
    )
    booked_at = models.DateTimeField(null=True, verbose_name=_("booked at"))
    ended_at = models.DateTimeField(null=True, verbose_name=_("ended at"))
    drop_reason = models.CharField(
        max_length=200, default="", blank=True, verbose_name=_("why it was dropped")
    )

    class Meta:
        verbose_name = _("payment of own money into escrow")
        verbose_name_plural = _("payments of own money into escrow")
        constraints = [
            models.CheckConstraint(
                name="cover_state_known",
                condition=Q(state__in=["ASKED", "APPROVED", "BOOKED", "DROPPED"]),
            ),
            models.CheckConstraint(name="cover_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="cover_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="cover_approved_has_time",
                condition=~Q(state__in=["APPROVED", "BOOKED"]) | Q(approved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="cover_booked_was_paid_by_a_bank",
                condition=~Q(state="BOOKED")
                | (Q(paid_on__isnull=False, booked_at__isnull=False) & ~Q(bank_reference="")),
            ),
            models.CheckConstraint(
                name="cover_dropped_has_time_and_reason",
                condition=~Q(state="DROPPED") | (Q(ended_at__isnull=False) & ~Q(drop_reason="")),
            ),
            models.UniqueConstraint(
                name="cover_bank_reference_once",
                fields=["own_bank", "bank_reference"],
                condition=~Q(bank_reference=""),
            ),
        ]
        indexes = [models.Index(name="cover_by_time", fields=["-asked_at"])]

    def __str__(self) -> str:
        return self.code
