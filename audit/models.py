"""Trail, policies, approvals, reports. Other rooms read them through doors only."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.money import MoneyField


class TrailRecord(models.Model):
    """One deed. Only `audit_record()` writes it; id, time, transaction, database user are its."""

    epoch = models.SmallIntegerField()
    format_version = models.SmallIntegerField()
    xid = models.BigIntegerField()
    at = models.DateTimeField()
    db_user = models.CharField(max_length=63)
    actor = models.CharField(max_length=64, verbose_name=_("who"))
    actor_roles = models.CharField(max_length=200, verbose_name=_("as"))
    action = models.CharField(max_length=80, verbose_name=_("deed"))
    object_type = models.CharField(max_length=40)
    object_code = models.CharField(max_length=64)
    request_id = models.CharField(max_length=36)
    body = models.TextField()

    class Meta:
        managed = False  # partitioned by id: the table is made in the first migration
        db_table = "audit_trail"
        verbose_name = _("trail record")
        verbose_name_plural = _("trail")

    def __str__(self) -> str:
        return f"{self.action} {self.object_code}"


class PolicyParameter(models.Model):
    """A figure that the measures leave open, from a moment on (D12)."""

    key = models.CharField(max_length=80, verbose_name=_("key"))
    scope = models.CharField(max_length=60, default="", blank=True, verbose_name=_("scope"))
    value: models.JSONField[Any, Any] = models.JSONField(verbose_name=_("value"))
    valid_from = models.DateTimeField(verbose_name=_("valid from"))
    approval_code = models.CharField(max_length=20, verbose_name=_("approval"))
    reason = models.CharField(max_length=200, verbose_name=_("reason"))
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("policy parameter")
        verbose_name_plural = _("policy parameters")
        constraints = [
            models.UniqueConstraint(
                name="policy_once_per_moment", fields=["key", "scope", "valid_from"]
            ),
            models.CheckConstraint(name="policy_has_approval", condition=~Q(approval_code="")),
        ]

    def __str__(self) -> str:
        return self.key


class ApprovalRequest(models.Model):
    """A deed that waits for other eyes: what exactly, by whom, until when (D11)."""

    class State(models.TextChoices):
        OPEN = "OPEN", _("Open")
        PERFORMED = "PERFORMED", _("Performed")
        REFUSED = "REFUSED", _("Refused")
        EXPIRED = "EXPIRED", _("Expired")

    code = models.CharField(max_length=20, unique=True, default=new_code)
    kind = models.CharField(max_length=60)
    payload = models.TextField()  # canonical JSON, exactly what is signed
    digest = models.CharField(max_length=64)
    amount_fen = MoneyField(default=0)
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    maker_person = models.CharField(max_length=36)
    needed = models.SmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = [
            models.CheckConstraint(
                name="approval_state_known",
                condition=Q(state__in=["OPEN", "PERFORMED", "REFUSED", "EXPIRED"]),
            ),
            models.CheckConstraint(name="approval_needs_somebody", condition=Q(needed__gte=1)),
            models.CheckConstraint(
                name="approval_ended_has_time",
                condition=Q(state="OPEN") | Q(ended_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="approval_open", fields=["expires_at"], condition=Q(state="OPEN"))
        ]

    def __str__(self) -> str:
        return self.code


class ApprovalDecision(models.Model):
    """One checker's word. The database fills in the person and refuses the maker's own."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="decisions")
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    checker_person = models.CharField(max_length=36)
    approved = models.BooleanField()
    reason = models.CharField(max_length=500, default="", blank=True)
    digest = models.CharField(max_length=64)
    decided_at = models.DateTimeField()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        constraints = [
            models.UniqueConstraint(
                name="decision_once_per_person", fields=["request", "checker_person"]
            ),
            models.CheckConstraint(
                name="decision_refusal_has_reason", condition=Q(approved=True) | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.checker_person}"


class ReportRun(models.Model):
    """One export: ordered, made by a job with progress, kept with its digest."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("Waiting")
        RUNNING = "RUNNING", _("Running")
        READY = "READY", _("Ready")
        FAILED = "FAILED", _("Failed")

    code = models.CharField(max_length=20, unique=True, default=new_code)
    report = models.CharField(max_length=60)
    params: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    language = models.CharField(max_length=10, default="zh-hans")
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    ordered_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    rows_done = models.IntegerField(default=0)
    rows_total = models.IntegerField(default=0)
    file_name = models.CharField(max_length=120, default="", blank=True)
    size = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="", blank=True)
    ready_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [
            models.CheckConstraint(
                name="report_state_known",
                condition=Q(state__in=["WAITING", "RUNNING", "READY", "FAILED"]),
            ),
            models.CheckConstraint(
                name="report_ready_has_digest",
                condition=~Q(state="READY") | (~Q(digest="") & Q(ready_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report} {self.code}"
