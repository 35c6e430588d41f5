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

    epoch = models.SmallIntegerField(verbose_name=_("epoch"))
    format_version = models.SmallIntegerField(verbose_name=_("format version"))
    xid = models.BigIntegerField(verbose_name=_("transaction"))
    at = models.DateTimeField(verbose_name=_("when"))
    db_user = models.CharField(max_length=63, verbose_name=_("database user"))
    actor = models.CharField(max_length=64, verbose_name=_("who"))
    actor_roles = models.CharField(max_length=200, verbose_name=_("as"))
    action = models.CharField(max_length=80, verbose_name=_("deed"))
    object_type = models.CharField(max_length=40, verbose_name=_("kind of object"))
    object_code = models.CharField(max_length=64, verbose_name=_("object"))
    request_id = models.CharField(max_length=36, verbose_name=_("request"))
    body = models.TextField(verbose_name=_("facts"))

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
    recorded_at = models.DateTimeField(verbose_name=_("recorded at"))

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

    code = models.CharField(max_length=20, unique=True, default=new_code, verbose_name=_("code"))
    kind = models.CharField(max_length=60, verbose_name=_("kind"))
    payload = models.TextField(verbose_name=_("content"))  # canonical JSON, exactly what is signed
    digest = models.CharField(max_length=64, verbose_name=_("digest"))
    amount_fen = MoneyField(default=0, verbose_name=_("amount in fen"))
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("maker"),
    )
    maker_person = models.CharField(max_length=36, verbose_name=_("person of the maker"))
    needed = models.SmallIntegerField(verbose_name=_("signatures needed"))
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.OPEN, verbose_name=_("state")
    )
    requested_at = models.DateTimeField(verbose_name=_("asked for at"))
    expires_at = models.DateTimeField(verbose_name=_("expires at"))
    ended_at = models.DateTimeField(null=True, verbose_name=_("ended at"))

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

    request = models.ForeignKey(
        ApprovalRequest,
        on_delete=models.PROTECT,
        related_name="decisions",
        verbose_name=_("request"),
    )
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("checker"),
    )
    checker_person = models.CharField(max_length=36, verbose_name=_("person of the checker"))
    approved = models.BooleanField(verbose_name=_("approved"))
    reason = models.CharField(max_length=500, default="", blank=True, verbose_name=_("reason"))
    digest = models.CharField(max_length=64, verbose_name=_("digest"))
    decided_at = models.DateTimeField(verbose_name=_("decided at"))

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

    code = models.CharField(max_length=20, unique=True, default=new_code, verbose_name=_("code"))
    report = models.CharField(max_length=60, verbose_name=_("report"))
    params: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, verbose_name=_("parameters")
    )
    language = models.CharField(max_length=10, default="zh-hans", verbose_name=_("language"))
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("ordered by"),
    )
    ordered_at = models.DateTimeField(verbose_name=_("ordered at"))
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.WAITING, verbose_name=_("state")
    )
    order_key = models.CharField(
        max_length=64, verbose_name=_("key of the order")
    )  # the same for the same figures in the same language
    is_closed_period = models.BooleanField(
        verbose_name=_("closed period")
    )  # nothing can be added to the interval any more
    edition = models.SmallIntegerField(default=1, verbose_name=_("edition"))
    header: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(
        default=dict, verbose_name=_("head of the file")
    )
    rows_done = models.IntegerField(default=0, verbose_name=_("rows written"))
    rows_total = models.IntegerField(default=0, verbose_name=_("rows in all"))
    file_name = models.CharField(
        max_length=120, default="", blank=True, verbose_name=_("file name")
    )
    size = models.BigIntegerField(default=0, verbose_name=_("size in bytes"))
    digest = models.CharField(
        max_length=64, default="", blank=True, verbose_name=_("digest")
    )  # of the file
    content_digest = models.CharField(
        max_length=64, default="", blank=True, verbose_name=_("digest of the content")
    )  # of columns and rows
    ready_at = models.DateTimeField(null=True, verbose_name=_("ready at"))
    error = models.CharField(max_length=300, default="", blank=True, verbose_name=_("error"))

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
                condition=~Q(state="READY")
                | (~Q(digest="") & ~Q(content_digest="") & Q(ready_at__isnull=False)),
            ),
        ]
        indexes = [models.Index(name="report_of_order", fields=["order_key", "-edition"])]

    def __str__(self) -> str:
        return f"{self.report} {self.code}"


class LogEntry(models.Model):
    """The hash of one thing that matters, in the transaction that made it. Written by functions."""

    epoch = models.SmallIntegerField(verbose_name=_("epoch"))
    xid = models.BigIntegerField(verbose_name=_("transaction"))
    at = models.DateTimeField(verbose_name=_("when"))
    kind = models.CharField(max_length=24, verbose_name=_("kind"))
    key = models.TextField(verbose_name=_("key"))
    hash = models.BinaryField(verbose_name=_("hash"))

    class Meta:
        managed = False  # its only index is its primary key, (epoch, xid, id)
        db_table = "audit_entry"
        verbose_name = _("log entry")
        verbose_name_plural = _("log entries")

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class SequencedEntry(models.Model):
    """An entry in its place in the log for ever: leaf `seq` of the tree."""

    seq = models.BigIntegerField(primary_key=True, verbose_name=_("place"))
    epoch = models.SmallIntegerField(verbose_name=_("epoch"))
    xid = models.BigIntegerField(verbose_name=_("transaction"))
    entry_id = models.BigIntegerField(verbose_name=_("log entry"))
    name = models.BigIntegerField(verbose_name=_("hash of kind and key"))
    leaf = models.BinaryField(verbose_name=_("leaf"))

    class Meta:
        managed = False
        db_table = "audit_sequenced"
        verbose_name = _("sequenced entry")
        verbose_name_plural = _("sequenced entries")

    def __str__(self) -> str:
        return str(self.seq)


class Checkpoint(models.Model):
    """What the log was at one moment: a signed note, and the same with the witness's signature."""

    size = models.BigIntegerField(primary_key=True, verbose_name=_("log entries"))
    root = models.CharField(max_length=64, verbose_name=_("root"))
    text = models.TextField(verbose_name=_("signed note"))
    at = models.DateTimeField(verbose_name=_("when"))
    cosigned_text = models.TextField(null=True, verbose_name=_("note with cosignature"))  # noqa: DJ001
    cosigned_at = models.DateTimeField(null=True, verbose_name=_("cosigned at"))

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        constraints = [
            models.CheckConstraint(name="checkpoint_covers_something", condition=Q(size__gt=0)),
            models.CheckConstraint(
                name="checkpoint_cosigned_has_time",
                condition=Q(cosigned_text__isnull=True, cosigned_at__isnull=True)
                | Q(cosigned_text__isnull=False, cosigned_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.size} {self.root}"


class SigningKey(models.Model):
    """A public key of the house, or of who checks it, with the time in which it counts."""

    class Role(models.TextChoices):
        OPERATIONS = "OPERATIONS", _("Operations")
        INDEPENDENT = "INDEPENDENT", _("Independent witness")
        LOG = "LOG", _("Log")
        RECEIPT = "RECEIPT", _("Receipts")
        ISSUER_CWL = "ISSUER_CWL", _("Issuer of the welfare lotteries")
        ISSUER_CSL = "ISSUER_CSL", _("Issuer of the sports lotteries")

    key_id = models.CharField(max_length=40, unique=True, verbose_name=_("key"))
    role = models.CharField(max_length=12, choices=Role.choices, verbose_name=_("role"))
    algorithm = models.CharField(max_length=20, verbose_name=_("algorithm"))
    public_key = models.CharField(max_length=200, verbose_name=_("public key"))  # base64
    valid_from = models.DateTimeField(verbose_name=_("valid from"))
    revoked_at = models.DateTimeField(null=True, verbose_name=_("revoked at"))
    approval_code = models.CharField(max_length=20, verbose_name=_("approval"))

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        constraints = [
            models.CheckConstraint(
                name="signingkey_role_known",
                condition=Q(
                    role__in=[
                        "OPERATIONS",
                        "INDEPENDENT",
                        "LOG",
                        "RECEIPT",
                        "ISSUER_CWL",
                        "ISSUER_CSL",
                    ]
                ),
            ),
            models.CheckConstraint(name="signingkey_has_approval", condition=~Q(approval_code="")),
            models.CheckConstraint(
                name="signingkey_revoked_later",
                condition=Q(revoked_at__isnull=True) | Q(revoked_at__gte=models.F("valid_from")),
            ),
        ]

    def __str__(self) -> str:
        return self.key_id


class Alarm(models.Model):
    """Something that must not be is so; open until a person, or the thing itself, clears it."""

    code = models.CharField(max_length=20, unique=True, default=new_code, verbose_name=_("code"))
    kind = models.CharField(max_length=60, verbose_name=_("kind"))
    object_type = models.CharField(max_length=40, verbose_name=_("kind of object"))
    object_code = models.CharField(max_length=64, verbose_name=_("object"))
    facts: models.JSONField[Any, Any] = models.JSONField(default=dict, verbose_name=_("facts"))
    raised_at = models.DateTimeField(verbose_name=_("raised at"))
    cleared_at = models.DateTimeField(null=True, verbose_name=_("cleared at"))
    cleared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("cleared by"),
    )
    note = models.CharField(max_length=500, default="", blank=True, verbose_name=_("note"))

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        constraints = [
            models.UniqueConstraint(
                name="alarm_once_while_open",
                fields=["kind", "object_type", "object_code"],
                condition=Q(cleared_at__isnull=True),
            ),
            models.CheckConstraint(
                name="alarm_cleared_has_time",
                condition=Q(cleared_at__isnull=False) | Q(cleared_by__isnull=True, note=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_code}"
