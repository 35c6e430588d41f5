"""Looking at the rows of this room."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib import codes
from lottery_portal.lib.admin import ReadOnlyAdmin
from lottery_portal.lib.money import yuan

from . import access, approvals, policies, reports, trail
from .models import ApprovalDecision, ApprovalRequest, PolicyParameter, ReportRun, TrailRecord
from .named_rows import NamedRows


class RecordedAdmin(ReadOnlyAdmin):
    """Rows whose opening one by one stands in the trail (F211).

    `record_type` is the kind of object there, `record_code` the path to its code from the row.
    """

    record_type = ""
    record_code = "code"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Record who opens it, then show it."""
        row = self.get_object(request, unquote(object_id))
        if row is not None and self.has_view_permission(request, row):
            code: Any = row
            for name in self.record_code.split("__"):
                code = getattr(code, name, "")
            access.record_read(
                actor=request.user,
                object_type=self.record_type,
                object_code=str(code or row.pk),
                where=request.path,
            )
        return super().change_view(request, object_id, form_url, extra_context)


@admin.register(TrailRecord)
class TrailRecordAdmin(NamedRows):
    """The trail; the desk's page has the filters."""

    list_display = ("id", "at", "who", "deed", "kind_of_object", "object_code")
    list_display_links = ("id",)
    person_field = "actor"
    search_fields = ("=object_code", "=actor", "^action")
    ordering = ("-pk",)

    @admin.display(description=_("who"), ordering="actor")
    def who(self, row: TrailRecord) -> str:
        """Who did it."""
        return self.called(row)

    @admin.display(description=_("deed"), ordering="action")
    def deed(self, row: TrailRecord) -> str:
        """The deed in words."""
        return trail.title(row.action)

    @admin.display(description=_("kind of object"), ordering="object_type")
    def kind_of_object(self, row: TrailRecord) -> str:
        """The kind in words."""
        return trail.object_title(row.object_type)


@admin.register(PolicyParameter)
class PolicyParameterAdmin(ReadOnlyAdmin):
    """Every figure that ever held."""

    list_display = ("title", "scope", "figure", "valid_from", "approval", "why")
    fields = ("key", *list_display)
    search_fields = ("key", "scope")
    ordering = ("key", "scope", "-valid_from")

    @admin.display(description=_("figure"), ordering="key")
    def title(self, row: PolicyParameter) -> str:
        """What the figure is called."""
        return policies.title(row.key)

    @admin.display(description=_("value"))
    def figure(self, row: PolicyParameter) -> str:
        """The value as people read it."""
        return policies.in_words(row.key, row.value)

    @admin.display(description=_("reason"), ordering="reason")
    def why(self, row: PolicyParameter) -> str:
        """Why it was set; the first values say so in the language of the reader."""
        return gettext(row.reason) if row.reason else ""

    @admin.display(description=_("approval"), ordering="approval_code")
    def approval(self, row: PolicyParameter) -> str:
        """By whose word it holds."""
        return approvals.named(row.approval_code)


@admin.register(ApprovalRequest)
class ApprovalRequestAdmin(NamedRows):
    """Requests; signing is done on the desk."""

    list_display = (
        "shown_code",
        "deed",
        "state",
        "amount_yuan",
        "asked_by",
        "requested_at",
        "expires_at",
    )
    list_filter = ("state", "kind")
    search_fields = ("code",)
    list_select_related = ("maker",)
    ordering = ("-pk",)
    person_field = "maker"

    @admin.display(description=_("maker"), ordering="maker")
    def asked_by(self, row: ApprovalRequest) -> str:
        """Who asks."""
        return self.called(row)

    @admin.display(description=_("code"), ordering="code")
    def shown_code(self, row: ApprovalRequest) -> str:
        """The code in groups of four."""
        return codes.shown(row.code)

    @admin.display(description=_("deed"), ordering="kind")
    def deed(self, row: ApprovalRequest) -> str:
        """The kind in words."""
        kind = approvals.kinds().get(row.kind)
        return str(kind.title) if kind else row.kind

    @admin.display(description=_("Amount (yuan)"), ordering="amount_fen")
    def amount_yuan(self, row: ApprovalRequest) -> str:
        """The money it is about, if any."""
        return yuan(row.amount_fen) if row.amount_fen else "—"


@admin.register(ApprovalDecision)
class ApprovalDecisionAdmin(NamedRows):
    """Every word given on a request."""

    list_display = ("request", "decided_by", "approved", "reason", "decided_at")
    list_filter = ("approved",)
    list_select_related = ("request", "checker")
    search_fields = ("=request__code",)
    ordering = ("-pk",)
    person_field = "checker"

    @admin.display(description=_("checker"), ordering="checker")
    def decided_by(self, row: ApprovalDecision) -> str:
        """Whose word it is."""
        return self.called(row)


@admin.register(ReportRun)
class ReportRunAdmin(NamedRows):
    """Exports; files are given out on the desk, where the download is recorded."""

    list_display = ("code", "title", "state", "edition", "rows_done", "asked_by", "ordered_at")
    list_filter = ("state",)
    list_select_related = ("ordered_by",)
    search_fields = ("=code", "=digest")
    ordering = ("-pk",)
    person_field = "ordered_by"

    @admin.display(description=_("ordered by"), ordering="ordered_by")
    def asked_by(self, row: ReportRun) -> str:
        """Who wants it."""
        return self.called(row)

    @admin.display(description=_("report"), ordering="report")
    def title(self, row: ReportRun) -> str:
        """The report in words."""
        report = reports.known(row.report)
        return str(report.title) if report else row.report
