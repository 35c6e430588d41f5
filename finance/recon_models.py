"""What banks and providers say of our accounts, and how it meets the books."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.encryption import EncryptedField
from lottery_portal.lib.ids import uuid7

from .book_models import Account


class HouseBank(models.Model):
    """A bank account of the house: one account at a bank is one account in the books (F117)."""

    class Purpose(models.TextChoices):
        SALES = "SALES", _("Money of players and dues (专户)")
        OWN = "OWN", _("The operator's own money")

    row_uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the record")
    )
    bank_name = models.CharField(max_length=60, verbose_name=_("bank"))
    number = EncryptedField(purpose="bank")
    number_index = models.BinaryField(max_length=32)
    last_digits = models.CharField(max_length=4, verbose_name=_("last digits"))
    holder = models.CharField(max_length=100, verbose_name=_("account holder"))
    purpose = models.CharField(max_length=5, choices=Purpose.choices, verbose_name=_("purpose"))
    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, related_name="+", verbose_name=_("account in the books")
    )
    approval_code = models.CharField(max_length=20, unique=True, verbose_name=_("approval"))
    opened_at = models.DateTimeField(verbose_name=_("registered at"))
    closed_at = models.DateTimeField(
        null=True, verbose_name=pgettext_lazy("of a bank account", "closed at")
    )

    class Meta:
        verbose_name = _("bank account of the house")
        verbose_name_plural = _("bank accounts of the house")
        constraints = [
            models.UniqueConstraint(name="house_bank_number_once", fields=["number_index"]),
            models.CheckConstraint(
                name="house_bank_purpose_known", condition=Q(purpose__in=["SALES", "OWN"])
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Statement(models.Model):
    """A bank statement or a provider's bill of some days, as it was read from its file."""

    class Form(models.TextChoices):
        CSV = "CSV", _("CSV of a bank")
        MT940 = "MT940", "MT940"
        CAMT = "CAMT", "CAMT.053"
        ALIPAY = "ALIPAY", _("Fund bill of Alipay (CSV or ZIP)")
        WECHAT = "WECHAT", _("Fund bill of WeChat Pay (CSV)")
        SANDBOX = "SANDBOX", _("Bill of the sandbox bank (CSV)")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("statement number")
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", verbose_name=_("account in the books")
    )
    form = models.CharField(max_length=7, choices=Form.choices, verbose_name=_("format"))
    file_name = models.CharField(max_length=120, verbose_name=_("file"))
    digest = models.CharField(max_length=64, unique=True, verbose_name=_("digest of the file"))
    first_on = models.DateField(verbose_name=_("first day"))
    last_on = models.DateField(verbose_name=_("last day"))
    opening = models.BigIntegerField(verbose_name=_("opening balance (fen)"))
    closing = models.BigIntegerField(verbose_name=_("closing balance (fen)"))
    lines_count = models.IntegerField(verbose_name=_("number of lines"))
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("taken in by"),
    )
    taken_at = models.DateTimeField(verbose_name=_("taken in at"))

    class Meta:
        verbose_name = _("bank statement")
        verbose_name_plural = _("bank statements")
        constraints = [
            models.CheckConstraint(
                name="statement_form_known",
                condition=Q(form__in=["CSV", "MT940", "CAMT", "ALIPAY", "WECHAT", "SANDBOX"]),
            ),
            models.CheckConstraint(
                name="statement_has_days", condition=Q(first_on__lte=F("last_on"))
            ),
        ]

    def __str__(self) -> str:
        return self.code


class StatementLine(models.Model):
    """One line of a statement: positive where the account took money in. It never changes."""

    class Kind(models.TextChoices):
        PAYMENT = "PAYMENT", _("Payment of a player")
        RETURN = "RETURN", _("Returned")
        PAYOUT = "PAYOUT", _("Payout")
        SETTLEMENT = "SETTLEMENT", _("Settled between provider and bank")
        FEE = "FEE", _("Fee")
        OTHER = "OTHER", _("Other")

    row_uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("line number")
    )
    statement = models.ForeignKey(
        Statement, on_delete=models.PROTECT, related_name="lines", verbose_name=_("bank statement")
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", verbose_name=_("account in the books")
    )
    position = models.IntegerField(verbose_name=_("position"))
    booked_on = models.DateField(verbose_name=_("booked on"))
    amount = models.BigIntegerField(verbose_name=_("amount (fen)"))
    kind = models.CharField(max_length=10, choices=Kind.choices, verbose_name=_("kind"))
    reference = models.CharField(
        max_length=80, default="", blank=True, verbose_name=_("number at the bank")
    )
    order_code = models.CharField(
        max_length=20, default="", blank=True, verbose_name=_("order number")
    )
    party_name = EncryptedField(purpose="name", default="", blank=True)
    party_number = EncryptedField(purpose="bank", default="", blank=True)
    party_index = models.BinaryField(max_length=32, null=True)
    memo = models.CharField(max_length=200, default="", blank=True, verbose_name=_("note"))

    class Meta:
        verbose_name = _("line of a statement")
        verbose_name_plural = _("lines of statements")
        constraints = [
            models.UniqueConstraint(name="statement_line_once", fields=["statement", "position"]),
            models.CheckConstraint(name="statement_line_moves_money", condition=~Q(amount=0)),
            models.CheckConstraint(
                name="statement_line_kind_known",
                condition=Q(kind__in=["PAYMENT", "RETURN", "PAYOUT", "SETTLEMENT", "FEE", "OTHER"]),
            ),
        ]
        indexes = [
            models.Index(name="statement_line_by_day", fields=["account", "booked_on"]),
        ]

    def __str__(self) -> str:
        return self.code


class Match(models.Model):
    """A line of a statement and the entry of the books that is the same movement (F113)."""

    class How(models.TextChoices):
        ORDER = "ORDER", _("By the number")
        AMOUNT = "AMOUNT", _("By amount and day, the only ones")
        BOOKED = "BOOKED", _("Booked from the statement")
        HAND = "HAND", _("By hand")

    line = models.OneToOneField(
        StatementLine, on_delete=models.PROTECT, related_name="match", verbose_name=_("line")
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", verbose_name=_("account in the books")
    )
    reference = models.CharField(max_length=80, verbose_name=_("entry reference"))
    how = models.CharField(max_length=6, choices=How.choices, verbose_name=_("how"))
    matched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("matched by"),
    )
    matched_at = models.DateTimeField(verbose_name=_("matched at"))

    class Meta:
        verbose_name = _("match")
        verbose_name_plural = _("matches")
        constraints = [
            models.UniqueConstraint(name="match_once_per_entry", fields=["account", "reference"]),
            models.CheckConstraint(
                name="match_how_known",
                condition=Q(how__in=["ORDER", "AMOUNT", "BOOKED", "HAND"]),
            ),
            models.CheckConstraint(
                name="match_by_hand_has_a_person",
                condition=~Q(how="HAND") | Q(matched_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Difference(models.Model):
    """Where books and bank disagree, and how it ended; who sees to it says its case (F121)."""

    class Kind(models.TextChoices):
        AMOUNT = "AMOUNT", _("Another amount than booked")
        UNKNOWN = "UNKNOWN", _("Not known in the books")
        NOT_BOOKED = "NOT_BOOKED", _("At the bank, not in the books")
        NOT_THERE = "NOT_THERE", _("In the books, not at the bank")
        GAP = "GAP", _("Two statements do not join")
        LEVEL = "LEVEL", _("The balances differ beyond all lines")

    class State(models.TextChoices):
        OPEN = "OPEN", _("Open")
        RESOLVED = "RESOLVED", _("Resolved")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("difference number")
    )
    natural_key = models.CharField(max_length=160, unique=True, verbose_name=_("what it is about"))
    kind = models.CharField(max_length=10, choices=Kind.choices, verbose_name=_("kind"))
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", verbose_name=_("account in the books")
    )
    line = models.ForeignKey(
        StatementLine,
        on_delete=models.PROTECT,
        null=True,
        related_name="differences",
        verbose_name=_("line"),
    )
    reference = models.CharField(
        max_length=80, default="", blank=True, verbose_name=_("entry reference")
    )
    booked = models.BigIntegerField(verbose_name=_("in the books (fen)"))
    stated = models.BigIntegerField(verbose_name=_("at the bank (fen)"))
    case = models.OneToOneField(
        "finance.Case", on_delete=models.PROTECT, related_name="+", verbose_name=_("case")
    )
    opened_at = models.DateTimeField(verbose_name=_("opened at"))
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.OPEN, verbose_name=_("state")
    )
    resolution = models.CharField(
        max_length=500, default="", blank=True, verbose_name=_("resolution")
    )
    correction = models.CharField(
        max_length=80, default="", blank=True, verbose_name=_("entry that put it right")
    )
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("resolved by"),
    )
    resolved_at = models.DateTimeField(null=True, verbose_name=_("resolved at"))

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        constraints = [
            models.CheckConstraint(
                name="difference_kind_known",
                condition=Q(
                    kind__in=["AMOUNT", "UNKNOWN", "NOT_BOOKED", "NOT_THERE", "GAP", "LEVEL"]
                ),
            ),
            models.UniqueConstraint(
                name="difference_correction_once",
                fields=["account", "correction"],
                condition=~Q(correction=""),
            ),
            models.CheckConstraint(name="difference_is_one", condition=~Q(booked=F("stated"))),
            models.CheckConstraint(
                name="difference_resolved_with_words",
                condition=Q(state="OPEN", resolved_at__isnull=True)
                | (Q(state="RESOLVED", resolved_at__isnull=False) & ~Q(resolution="")),
            ),
        ]
        indexes = [
            models.Index(name="difference_of_an_entry", fields=["account", "reference"]),
            models.Index(name="difference_open", fields=["opened_at"], condition=Q(state="OPEN")),
        ]

    def __str__(self) -> str:
        return self.code


class Proof(models.Model):
    """What lies in the escrow accounts beside what the house owes, at one moment (F130)."""

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the proof")
    )
    taken_at = models.DateTimeField(verbose_name=_("taken at"))
    assets = models.BigIntegerField(verbose_name=_("assets (fen)"))
    liabilities = models.BigIntegerField(verbose_name=_("liabilities (fen)"))
    is_met = models.BooleanField(verbose_name=_("assets cover liabilities"))
    rows = models.JSONField(verbose_name=_("accounts"))

    class Meta:
        verbose_name = _("proof of funds")
        verbose_name_plural = _("proofs of funds")
        constraints = [
            models.CheckConstraint(
                name="proof_says_what_it_shows",
                condition=Q(is_met=True, assets__gte=F("liabilities"))
                | Q(is_met=False, assets__lt=F("liabilities")),
            ),
        ]
        indexes = [models.Index(name="proof_by_time", fields=["-taken_at"])]

    def __str__(self) -> str:
        return self.code
