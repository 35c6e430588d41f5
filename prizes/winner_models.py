"""What is published about winners: statistics of closed times, and what a winner allowed."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.money import MoneyField


class WinnerCut(models.Model):
    """The winners of a game in a closed time, `[since_on, until_on)`, by amount or by region.

    Written once, when the time is over, and never changed: who compares the page of today with that
    of yesterday learns nothing. Times of one kind do not overlap (database).
    """

    class Kind(models.TextChoices):
        AMOUNT = "AMOUNT", _("By amount")
        REGION = "REGION", _("By region")

    game = models.ForeignKey(
        "games.Game", on_delete=models.PROTECT, related_name="+", verbose_name=_("game")
    )
    kind = models.CharField(max_length=6, choices=Kind.choices, verbose_name=_("kind"))
    since_on = models.DateField(verbose_name=_("from"))
    until_on = models.DateField(verbose_name=_("until"))
    made_at = models.DateTimeField(verbose_name=_("made at"))

    class Meta:
        verbose_name = _("statistics of winners")
        verbose_name_plural = _("statistics of winners")
        constraints = [
            models.UniqueConstraint(
                name="winner_cut_once_per_time", fields=["game", "kind", "since_on"]
            ),
            models.CheckConstraint(
                name="winner_cut_kind_known", condition=Q(kind__in=["AMOUNT", "REGION"])
            ),
            models.CheckConstraint(
                name="winner_cut_ends_after_it_begins", condition=Q(until_on__gt=F("since_on"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.game_id} {self.kind} {self.since_on}"


class WinnerFigure(models.Model):
    """One line of a cut: bands or a region that are published as one; five people at least (F222).

    `people` is no count: it stops at five.
    """

    cut = models.ForeignKey(
        WinnerCut, on_delete=models.PROTECT, related_name="figures", verbose_name=_("statistics")
    )
    position = models.SmallIntegerField(verbose_name=_("no."))
    keys: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=14), verbose_name=_("bands or regions")
    )
    people = models.SmallIntegerField(verbose_name=_("winners at least"))
    prizes = models.IntegerField(verbose_name=_("prizes"))
    fen = MoneyField(verbose_name=_("amount (fen)"))

    class Meta:
        verbose_name = _("line of statistics of winners")
        verbose_name_plural = _("lines of statistics of winners")
        constraints = [
            models.UniqueConstraint(name="winner_figure_once", fields=["cut", "position"]),
            models.CheckConstraint(
                name="winner_figure_of_five", condition=Q(people__gte=5, prizes__gte=F("people"))
            ),
            models.CheckConstraint(
                name="winner_figure_has_keys", condition=Q(keys__len__gt=0, fen__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cut_id}/{self.position}"


class WinnerNotice(models.Model):
    """That details of a winner may be told with his prize: which, and whose approval (F100).

    The row says what two people agreed to. Pages show of it what he allows at that moment.
    """

    prize = models.ForeignKey(
        "prizes.Prize", on_delete=models.PROTECT, related_name="+", verbose_name=_("prize")
    )
    shows: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=10), verbose_name=_("what may be shown")
    )
    approval_code = models.CharField(max_length=20, unique=True, verbose_name=_("approval"))
    published_at = models.DateTimeField(verbose_name=_("published at"))

    class Meta:
        verbose_name = _("announcement of a winner")
        verbose_name_plural = _("announcements of winners")
        constraints = [
            models.CheckConstraint(name="winner_notice_shows", condition=Q(shows__len__gt=0)),
            models.CheckConstraint(
                name="winner_notice_has_approval", condition=~Q(approval_code="")
            ),
        ]

    def __str__(self) -> str:
        return self.approval_code
