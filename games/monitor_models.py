"""What the monitors read off each draw."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class MonitorReading(models.Model):
    """What one detector read off one draw; written once, never changed (F066, N25).

    `probability` is the chance that a fair draw shows this or worse; empty where only a count is
    told. `edition` is that of the minutes which were read, 1 for everything else.
    """

    class Outcome(models.TextChoices):
        CLEAR = "CLEAR", _("Nothing unusual")
        NOTICE = "NOTICE", _("Unusual")
        ALARM = "ALARM", _("Alarm")

    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="readings", verbose_name=_("draw")
    )
    detector = models.CharField(max_length=30, verbose_name=_("monitor"))
    edition = models.SmallIntegerField(default=1, verbose_name=_("edition"))
    statistic = models.FloatField(verbose_name=_("measured"))
    probability = models.FloatField(null=True, verbose_name=_("chance in a fair draw"))
    count = models.IntegerField(null=True, verbose_name=_("cases"))
    facts: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, verbose_name=_("facts")
    )
    outcome = models.CharField(max_length=6, choices=Outcome.choices, verbose_name=_("outcome"))
    read_at = models.DateTimeField(verbose_name=_("read at"))

    class Meta:
        verbose_name = _("reading of a monitor")
        verbose_name_plural = _("readings of monitors")
        constraints = [
            models.UniqueConstraint(
                name="monitor_reading_once", fields=["draw", "detector", "edition"]
            ),
            models.CheckConstraint(
                name="monitor_reading_outcome_known",
                condition=Q(outcome__in=["CLEAR", "NOTICE", "ALARM"]),
            ),
            models.CheckConstraint(
                name="monitor_reading_has_a_measure",
                condition=Q(probability__isnull=False, probability__gte=0, probability__lte=1)
                | Q(probability__isnull=True, count__isnull=False, count__gte=0),
            ),
        ]
        indexes = [models.Index(name="monitor_reading_unusual", fields=["outcome", "-id"])]

    def __str__(self) -> str:
        return f"{self.draw_id} {self.detector}"
