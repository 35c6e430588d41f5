"""Vouchers of paid prizes, numbered without a gap, and each paper of one that was handed out."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Voucher(models.Model):
    """That a prize was paid, under the next number of its year; written with the payment (F091)."""

    end = models.OneToOneField(
        "prizes.PrizeEnd",
        on_delete=models.PROTECT,
        related_name="voucher",
        verbose_name=_("end of a prize"),
    )
    year = models.SmallIntegerField(verbose_name=_("year"))
    number = models.IntegerField(verbose_name=_("no."))
    written_at = models.DateTimeField(verbose_name=_("written at"))

    class Meta:
        verbose_name = _("voucher")
        verbose_name_plural = _("vouchers")
        constraints = [
            models.UniqueConstraint(name="voucher_once_per_number", fields=["year", "number"]),
            models.CheckConstraint(name="voucher_number_positive", condition=Q(number__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.year}/{self.number}"


class VoucherPaper(models.Model):
    """A paper of a voucher as it was handed out; the first of a part is the original.

    `digest` is the SHA-256 of the file.
    """

    class Part(models.TextChoices):
        WINNER = "WINNER", pgettext_lazy("copy of a voucher", "Winner's copy")
        CENTRE = "CENTRE", pgettext_lazy("copy of a voucher", "Centre's copy")
        BOOKS = "BOOKS", pgettext_lazy("copy of a voucher", "Copy for the books")

    voucher = models.ForeignKey(
        Voucher, on_delete=models.PROTECT, related_name="papers", verbose_name=_("voucher")
    )
    part = models.CharField(max_length=6, choices=Part.choices, verbose_name=_("copy"))
    number = models.IntegerField(verbose_name=_("no."))
    digest = models.CharField(max_length=64, verbose_name=_("digest"))
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("taken by"),
    )
    taken_at = models.DateTimeField(verbose_name=_("taken at"))

    class Meta:
        verbose_name = _("paper of a voucher")
        verbose_name_plural = _("papers of vouchers")
        constraints = [
            models.UniqueConstraint(
                name="voucher_paper_once", fields=["voucher", "part", "number"]
            ),
            models.CheckConstraint(
                name="voucher_paper_part_known",
                condition=Q(part__in=["WINNER", "CENTRE", "BOOKS"]),
            ),
            models.CheckConstraint(
                name="voucher_paper_has_digest", condition=Q(digest__regex="^[0-9a-f]{64}$")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.voucher_id} {self.part} {self.number}"
