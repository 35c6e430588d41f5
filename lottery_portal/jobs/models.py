"""The queue: one row per piece of work, found again under its natural key."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """One piece of work. A worker holds it by lease; a lease that runs out is taken by another."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("Waiting")
        RUNNING = "RUNNING", _("Running")
        DONE = "DONE", _("Done")
        FAILED = "FAILED", _("Failed")

    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    payload: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.IntegerField(default=0)
    enqueued_at = models.DateTimeField()
    available_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    error = models.TextField(default="", blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [
            models.UniqueConstraint(name="job_once_per_key", fields=["kind", "key"]),
            models.CheckConstraint(
                name="job_state_known",
                condition=Q(state__in=["WAITING", "RUNNING", "DONE", "FAILED"]),
            ),
            models.CheckConstraint(
                name="job_running_has_lease",
                condition=~Q(state="RUNNING") | Q(lease_until__isnull=False),
            ),
            models.CheckConstraint(
                name="job_done_has_time", condition=~Q(state="DONE") | Q(done_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(
                name="job_due",
                fields=["available_at"],
                condition=Q(state__in=["WAITING", "RUNNING"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
