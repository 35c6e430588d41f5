"""The register of payment institutions on the desk: what is in force, how it answers (F295)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts import step_up, who
from finance import channels, providers
from finance.forms import ProviderForm, ReasonOffForm
from finance.models import Provider, ProviderHealth
from lottery_portal.lib import dates
from lottery_portal.lib.errors import Refused, refuse
from lottery_portal.lib.money import yuan

SOON = 30


@never_cache
@require_GET
def desk_providers(request: HttpRequest) -> HttpResponse:
    """The whole register, and what is built in but not in it."""
    now = timezone.now()
    today, built_in = dates.in_shanghai(now).date(), providers.names()
    rows = [_row(row, health, today) for row, health in channels.register()]
    known = {row["code"] for row in rows}
    roles = who.roles(request.user, now)
    context = {
        "nav": "providers",
        "rows": rows,
        "absent": [
            {"code": name, "title": providers.known(name).title}
            for name in built_in
            if name not in known
        ],
        "may_ask": "treasurer" in roles,
        "may_switch_off": bool(roles & {"treasurer", "cashier"}),
    }
    return render(request, "desk/providers.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_provider(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for an entry or a change of it; another person approves."""
    if code not in providers.names():
        raise Http404
    row = Provider.objects.filter(code=code).first()
    form = ProviderForm(request.POST or None, initial=_initial(row))
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            channels.ask(fields=form.asked(code), maker=request.user, now=timezone.now())
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. It counts when another person approves."))
            return redirect("finance:desk_providers")
    context = {
        "nav": "providers",
        "form": form,
        "code": code,
        "title": providers.known(code).title,
        "is_new": row is None,
    }
    return render(request, "desk/provider.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_provider_off(request: HttpRequest, code: str) -> HttpResponse:
    """Stop using an institution at once, with a reason."""
    row = Provider.objects.filter(code=code, is_on=True).first()
    if row is None:
        raise Http404
    form = ReasonOffForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            channels.switch_off(
                code=code,
                actor=request.user,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Switched off. No new deposit goes through it."))
            return redirect("finance:desk_providers")
    context = {"nav": "providers", "form": form, "row": row}
    return render(request, "desk/provider_off.html", context, status=status)


def _row(row: Provider, health: ProviderHealth | None, today: date) -> dict[str, Any]:
    is_in_force = channels.in_force(row, today)
    ends = min(row.licence_until, row.contract_until)
    if not row.is_on:
        tone, word = "draft", _("Switched off")
    elif not is_in_force:
        tone, word = "wrong", _("Lapsed")
    elif health and health.failures >= channels.SILENT_AFTER:
        tone, word = "wrong", _("Does not answer")
    elif (ends - today).days <= SOON or row.review_on <= today:
        tone, word = "attention", _("To be reviewed")
    else:
        tone, word = "done", _("In force")
    return {
        "code": row.code,
        "institution": row.institution,
        "licence": row.licence_number,
        "licence_until": dates.year_weekday(row.licence_until),
        "contract_until": dates.year_weekday(row.contract_until),
        "review_on": dates.year_weekday(row.review_on),
        "uses": ", ".join(str(Provider.Use(one).label) for one in row.accepts),
        "rank": row.rank,
        "fee": _fee(row),
        "is_on": row.is_on,
        "is_built_in": row.code in providers.names(),
        "last_ok_at": health.last_ok_at if health else None,
        "failing_since": health.failing_since if health else None,
        "failures": health.failures if health else 0,
        "tone": tone,
        "word": word,
    }


def _fee(row: Provider) -> str:
    if not row.fee_points and not row.fee_least:
        return _("None")
    return _("%(percent)s %%, %(least)s to %(most)s yuan, paid by: %(bearer)s") % {
        "percent": f"{row.fee_points / 100:.2f}",
        "least": yuan(row.fee_least),
        "most": yuan(row.fee_most) if row.fee_most else "∞",
        "bearer": row.get_fee_borne_by_display(),
    }


def _initial(row: Provider | None) -> dict[str, Any]:
    if row is None:
        return {"rank": len(channels.register()) + 1, "fee_percent": 0, "fee_least": 0} | {
            "fee_most": 0,
            "fee_borne_by": Provider.Bearer.OPERATOR,
            "accepts": [Provider.Use.DEPOSIT, Provider.Use.REFUND],
            "is_on": True,
        }
    plain = ("institution", "licence_number", "licence_until", "contract_until", "review_on")
    return {
        **{name: getattr(row, name) for name in (*plain, "accepts", "rank", "is_on")},
        "fee_percent": f"{row.fee_points / 100:.2f}",
        "fee_least": f"{row.fee_least / 100:.2f}",
        "fee_most": f"{row.fee_most / 100:.2f}",
        "fee_borne_by": row.fee_borne_by,
    }
