"""By which ways prizes are paid, and the papers of the tax on them (F094, F098, F279).

Only this room imports these models.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.money import MoneyField

from .remittance_models import PrizeTax


class Way(models.TextChoices):
    """How a prize reaches its winner."""

    WALLET = "WALLET", _("Into the balance")
    TRANSFER = "TRANSFER", _("Bank transfer")
    CASH = "CASH", _("In cash")


class PaymentMethod(models.Model):
    """A way of paying prizes: assessed, agreed to by others, announced, in force from a day on.

    `first_on` is the day of the notice and as many days as the policy says; the database works it
    out. `approval_code` is GENESIS for the ways that the house began with.
    """

    class State(models.TextChoices):
        ASKED = "ASKED", _("Waits for approval")
        ANNOUNCED = "ANNOUNCED", _("Announced")
        REFUSED = "REFUSED", _("Refused")
        ENDED = "ENDED", _("Switched off")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the record")
    )
    way = models.CharField(
        max_length=8, choices=Way.choices, verbose_name=_("way of paying prizes")
    )
    assessment = models.TextField(max_length=2000, verbose_name=_("assessment"))
    digest = models.CharField(max_length=64, verbose_name=_("SHA-256 of the assessment"))
    notice = models.CharField(max_length=300, verbose_name=_("public notice"))
    noticed_on = models.DateField(verbose_name=_("announced on"))
    first_on = models.DateField(verbose_name=_("in force from"))
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.ASKED, verbose_name=_("state")
    )
    approval_code = models.CharField(max_length=20, verbose_name=_("approval"))
    asked_at = models.DateTimeField(verbose_name=_("asked at"))
    approved_at = models.DateTimeField(null=True, verbose_name=_("approved at"))
    ended_at = models.DateTimeField(null=True, verbose_name=_("ended at"))
    reason = models.CharField(max_length=200, default="", blank=True, verbose_name=_("reason"))

    class Meta:
        verbose_name = _("way of paying prizes")
        verbose_name_plural = _("ways of paying prizes")
        constraints = [
            models.CheckConstraint(
                name="payment_method_known", condition=Q(way__in=["WALLET", "TRANSFER", "CASH"])
            ),
            models.CheckConstraint(
                name="payment_method_state_known",
                condition=Q(state__in=["ASKED", "ANNOUNCED", "REFUSED", "ENDED"]),
            ),
            models.CheckConstraint(
                name="payment_method_is_assessed",
                condition=~Q(assessment="") & Q(digest__regex=r"^[0-9a-f]{64}$"),
            ),
            models.CheckConstraint(name="payment_method_is_announced", condition=~Q(notice="")),
            models.CheckConstraint(
                name="payment_method_approved_has_time",
                condition=~Q(state__in=["ANNOUNCED", "ENDED"]) | Q(approved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="payment_method_ended_has_time_and_reason",
                condition=~Q(state__in=["REFUSED", "ENDED"])
                | (Q(ended_at__isnull=False) & ~Q(reason="")),
            ),
            models.UniqueConstraint(
                name="payment_method_once",
                fields=["way"],
                condition=Q(state__in=["ASKED", "ANNOUNCED"]),
            ),
            models.UniqueConstraint(
                name="payment_method_approval_once",
                fields=["approval_code"],
                condition=~Q(approval_code="GENESIS"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.way} {self.code}"


class TaxCertificate(models.Model):
    """The number of the certificate of a tax withheld; the database gives them without a gap."""

    prize_tax = models.OneToOneField(
        PrizeTax, on_delete=models.PROTECT, related_name="certificate", verbose_name=_("tax")
    )
    year = models.SmallIntegerField(verbose_name=_("Year"))
    serial = models.IntegerField(verbose_name=_("number in the year"))
    issued_at = models.DateTimeField(verbose_name=_("issued at"))

    class Meta:
        verbose_name = _("tax certificate")
        verbose_name_plural = _("tax certificates")
        constraints = [
            models.UniqueConstraint(name="tax_certificate_once", fields=["year", "serial"]),
            models.CheckConstraint(
                name="tax_certificate_counts_from_one", condition=Q(serial__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """As it stands on the paper: 2026-000001."""
        return f"{self.year}-{self.serial:06d}"


class TaxReturn(models.Model):
    """The withholding report of a month, as it was filed with the tax office."""

    month = models.CharField(max_length=7, verbose_name=_("Month"))  # 2026-11
    position = models.SmallIntegerField(verbose_name=_("position"))
    people = models.IntegerField(verbose_name=_("Persons"))
    amount = MoneyField(verbose_name=_("tax withheld (fen)"))
    receipt = models.CharField(max_length=60, verbose_name=_("number of the tax office"))
    filed_on = models.DateField(verbose_name=_("filed on"))
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("filed by"),
    )
    recorded_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("withholding report")
        verbose_name_plural = _("withholding reports")
        constraints = [
            models.UniqueConstraint(name="tax_return_once", fields=["month", "position"]),
            models.UniqueConstraint(name="tax_return_receipt_once", fields=["receipt"]),
            models.CheckConstraint(name="tax_return_has_a_receipt", condition=~Q(receipt="")),
        ]

    def __str__(self) -> str:
        return f"{self.month}/{self.position}"
