"""What statements are made of besides the turnover: money by deed and day, and auditors' samples.

Only this room imports these models; the first is written by the roll-up alone.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lottery_portal.lib.money import MoneyField

from .book_models import AccountKind, EntryKind


class DayFlow(models.Model):
    """What deeds of one kind moved on one day from accounts of one kind into those of another.

    `moved_back` is what reversals of such deeds brought back; as far as it is rolled up.
    """

    booked_on = models.DateField(verbose_name=_("booked on"))
    is_shadow = models.BooleanField(verbose_name=_("shadow book"))
    entry_kind = models.CharField(
        max_length=18, choices=EntryKind.choices, verbose_name=_("kind of entry")
    )
    source_kind = models.CharField(
        max_length=10, choices=AccountKind.choices, verbose_name=_("kind of source")
    )
    target_kind = models.CharField(
        max_length=10, choices=AccountKind.choices, verbose_name=_("kind of target")
    )
    moved = MoneyField(verbose_name=_("moved (fen)"))
    moved_back = MoneyField(verbose_name=_("moved back (fen)"))

    class Meta:
        verbose_name = _("money by deed and day")
        verbose_name_plural = _("money by deed and day")
        constraints = [
            models.UniqueConstraint(
                name="day_flow_once",
                fields=["booked_on", "is_shadow", "entry_kind", "source_kind", "target_kind"],
            )
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.entry_kind}: {self.source_kind} → {self.target_kind}"


class Sample(models.Model):
    """Entries an auditor drew by lot: whoever draws again with this row gets the same (F128)."""

    code = models.CharField(max_length=20, unique=True, verbose_name=_("sample number"))
    seed = models.CharField(max_length=64, verbose_name=_("seed"))
    first_day = models.DateField(verbose_name=_("first day"))
    last_day = models.DateField(verbose_name=_("last day"))
    is_shadow = models.BooleanField(default=False, verbose_name=_("shadow book"))
    entry_kind = models.CharField(
        max_length=18,
        choices=EntryKind.choices,
        default="",
        blank=True,
        verbose_name=_("kind of entry"),
    )
    least_fen = models.BigIntegerField(verbose_name=_("smallest amount (fen)"))
    size = models.IntegerField(verbose_name=_("entries wanted"))
    horizon = models.BigIntegerField(verbose_name=_("place in the log"))  # nothing after it counts
    population = models.IntegerField(verbose_name=_("entries to draw from"))
    population_fen = MoneyField(verbose_name=_("amount to draw from (fen)"))
    digest = models.CharField(max_length=64, verbose_name=_("digest of the entries drawn"))
    drawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("drawn by"),
    )
    drawn_at = models.DateTimeField(verbose_name=pgettext_lazy("of a sample", "drawn at"))

    class Meta:
        verbose_name = _("auditor's sample")
        verbose_name_plural = _("auditor's samples")
        constraints = [
            models.CheckConstraint(name="sample_has_seed", condition=~Q(seed="")),
            models.CheckConstraint(name="sample_has_size", condition=Q(size__gte=1)),
            models.CheckConstraint(
                name="sample_has_days", condition=Q(first_day__lte=models.F("last_day"))
            ),
        ]

    def __str__(self) -> str:
        return self.code
