"""Policy parameters on a page: what holds now, what held before, and asking for a change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit import approvals, policies
from audit.forms import PolicyForm
from audit.models import PolicyParameter
from lottery_portal.lib.errors import Refused

from .asking import roles_and_now


@never_cache
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every figure in force."""
    _roles, now = roles_and_now(request)
    rows = [_shown(row) for row in policies.in_force(now)]
    return render(request, "desk/policies.html", {"nav": "policies", "rows": rows})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, key: str) -> HttpResponse:
    """The history of one figure; who may, asks here for a change of one of its scopes."""
    roles, now = roles_and_now(request)
    rows = policies.history(key)
    if not rows:
        raise Http404
    scope = request.GET.get("scope", "")
    may_ask = bool(roles & approvals.kinds()[policies.KIND].maker_roles)
    form, status = None, 200
    if may_ask:
        form = PolicyForm(request.POST or None)
        if form.is_valid():
            try:
                asked = policies.request_change(
                    key=key, scope=scope, maker=request.user, now=now, **form.cleaned_data
                )
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, _("Asked for. Another person decides."))
                return redirect("audit:approval", code=asked.code)
        status = 409 if form.non_field_errors() else 400 if form.is_bound else 200
    elif request.method == "POST":
        return redirect("audit:policy", key=key)
    context = {
        "nav": "policies",
        "key": key,
        "title": policies.title(key),
        "scope": policies.scope_title(scope),
        "rows": [_shown(row) for row in rows],
        "form": form,
        "now": now,
    }
    return render(request, "desk/policy.html", context, status=status)


def _shown(row: PolicyParameter) -> dict[str, Any]:
    return {
        "key": row.key,
        "title": policies.title(row.key),
        "scope": row.scope,
        "scope_title": policies.scope_title(row.scope),
        "value": policies.in_words(row.key, row.value),
        "valid_from": row.valid_from if row.valid_from > policies.ALWAYS else None,
        "approval_code": "" if row.approval_code == policies.GENESIS else row.approval_code,
        "reason": _(row.reason),
        "recorded_at": row.recorded_at,
        "url": reverse("audit:policy", args=[row.key]),
    }
