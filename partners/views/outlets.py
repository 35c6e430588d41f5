"""Staff pages: outlets and centres, what each may redeem, and who works there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import permission, step_up
from accounts.models import User
from audit import approvals
from lottery_portal.lib.errors import Refused, refuse
from partners import (
    ceiling_words,
    claim_authority,
    claim_places,
    game_names,
    hours,
    operators,
    outlet_codes,
)
from partners import outlets as register
from partners.forms import AuthorityForm, CorrectForm, OperatorForm, OutletForm, ReasonForm
from partners.models import ClaimAuthority, Outlet, OutletOperator

TONES = {
    Outlet.State.ACTIVE: "done",
    Outlet.State.SUSPENDED: "attention",
    Outlet.State.CLOSED: "draft",
}
DEEDS = ("suspend", "return", "close", "correct")


@never_cache
@require_safe
def desk_outlets(request: HttpRequest) -> HttpResponse:
    """Every outlet and centre: where it is, what it redeems now, and its state."""
    now = timezone.now()
    redeems: dict[int, int] = {}
    for row in claim_places.in_force(now):
        redeems[row.outlet_id] = max(redeems.get(row.outlet_id, 0), row.up_to)
    every = register.every()
    rows = [
        {
            "outlet": outlet,
            "code": outlet_codes.shown(outlet.code),
            "url": reverse("partners:desk_outlet", args=[outlet.code]),
            "tone": TONES[Outlet.State(outlet.state)],
            "redeems_fen": redeems.get(outlet.pk),
        }
        for outlet in every
    ]
    page = {
        "nav": "outlets",
        "rows": rows,
        "without": [
            outlet.name
            for outlet in every
            if outlet.state == Outlet.State.ACTIVE and outlet.pk not in redeems
        ],
        "may_ask": permission.may(request.user, "partners:desk_outlet_new", now),
    }
    return render(request, "desk/outlets.html", page)


@never_cache
@require_safe
def desk_outlet(request: HttpRequest, code: str) -> HttpResponse:
    """One outlet: its place and hours, authority, operators, and what became of it."""
    outlet, now = _outlet(code), timezone.now()
    changes = outlet.changes.select_related("actor__staff_member").order_by("-pk")
    page = {
        "nav": "outlets",
        "outlet": outlet,
        "code": outlet_codes.shown(outlet.code),
        "tone": TONES[Outlet.State(outlet.state)],
        "hours": hours.in_words(outlet.hours),
        "approval": approvals.named(outlet.approval_code),
        "authorities": [_authority_row(row, now) for row in claim_authority.of(outlet)],
        "operators": [_operator_row(row) for row in operators.of(outlet)],
        "changes": [{"row": row, "who": _name(row.actor)} for row in changes],
        "waiting": _asked(outlet),
        "may": {
            deed: permission.may(request.user, f"partners:desk_{deed}", now)
            for deed in (
                *(f"outlet_{deed}" for deed in DEEDS),
                "authority_new", "authority_end", "operator_new", "operator_end",
            )
        },
    }  # fmt: skip
    return render(request, "desk/outlet.html", page)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_outlet_new(request: HttpRequest) -> HttpResponse:
    """Ask for an outlet or a centre to be admitted; somebody else approves."""
    form = OutletForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            register.request(maker=_user(request), now=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            status = _refuse(form, refusal)
        else:
            notes.success(request, _("Asked. The outlet is admitted when another person approves."))
            return redirect("partners:desk_outlets")
    page = {"nav": "outlets", "form": form}
    return render(request, "desk/outlet_new.html", page, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_outlet_suspend(request: HttpRequest, code: str) -> HttpResponse:
    """Suspend an outlet, at once."""
    return _with_reason(
        request,
        code,
        title=_("Suspend the outlet"),
        button=_("Suspend at once"),
        told=_(
            "It redeems nothing from this moment, its terminal is shut, and the public no longer "
            "reads it. Two people take it back."
        ),
        done=_("Suspended."),
        act=lambda outlet, reason, user, now: register.suspend(
            outlet=outlet, reason=reason, actor=user, now=now
        ),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_outlet_return(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for a suspended outlet to be taken back; somebody else approves."""
    return _with_reason(
        request,
        code,
        title=_("Take the outlet back"),
        button=_("Ask for approval"),
        told=_("It redeems prizes again, by the authority it has, when another person approves."),
        done=_("Asked. The outlet works again when another person approves."),
        act=lambda outlet, reason, user, now: register.request_return(
            outlet=outlet, reason=reason, maker=user, now=now
        ),
        is_grave=False,
    )


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_outlet_close(request: HttpRequest, code: str) -> HttpResponse:
    """Close an outlet for good, at once."""
    return _with_reason(
        request,
        code,
        title=_("Close the outlet for good"),
        button=_("Close for good"),
        told=_("It never redeems a prize again. Whoever opens there later is admitted anew."),
        done=_("Closed for good."),
        act=lambda outlet, reason, user, now: register.close(
            outlet=outlet, reason=reason, actor=user, now=now
        ),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_outlet_correct(request: HttpRequest, code: str) -> HttpResponse:
    """Write down other hours or another phone number."""
    outlet = _outlet(code)
    known = {"hours_text": outlet.hours, "phone": outlet.phone}
    form = CorrectForm(request.POST or None, initial=known)
    return _form_page(
        request,
        outlet,
        form,
        title=_("Hours and phone"),
        button=_("Save"),
        told=_("The public reads it at once. Name and address stay as two people admitted them."),
        done=_("Saved."),
        act=lambda user, _now: register.correct(outlet=outlet, actor=user, **form.cleaned_data),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_authority_new(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for authority to redeem; somebody else approves."""
    outlet = _outlet(code)
    form = AuthorityForm(request.POST or None, games=game_names.known().items())
    return _form_page(
        request,
        outlet,
        form,
        title=_("Authority to redeem"),
        button=_("Ask for approval"),
        told=_("Another person approves. Several authorities add up: what one allows is allowed."),
        done=_("Asked. The authority holds when another person approves."),
        act=lambda user, now: claim_authority.request(
            outlet=outlet,
            game=form.cleaned_data["game"],
            up_to=form.cleaned_data["up_to"],
            valid_until=form.valid_until(),
            maker=user,
            now=now,
        ),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_authority_end(request: HttpRequest, code: str, approval: str) -> HttpResponse:
    """Take an authority back, at once."""
    outlet = _outlet(code)
    try:
        authority = claim_authority.find(outlet, approval)
    except Refused as refusal:
        raise Http404 from refusal
    form = ReasonForm(request.POST or None)
    return _form_page(
        request,
        outlet,
        form,
        title=_("Take the authority back"),
        button=_("Take back at once"),
        told=_("The outlet redeems by it no more, from this moment."),
        done=_("Taken back."),
        act=lambda user, now: claim_authority.end(
            authority=authority, reason=form.cleaned_data["reason"], actor=user, now=now
        ),
        is_grave=True,
        subject=_authority_row(authority, timezone.now()),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_operator_new(request: HttpRequest, code: str) -> HttpResponse:
    """Assign an operator to an outlet."""
    outlet = _outlet(code)
    members = [(one.user.username, one.display_name) for one in operators.free(timezone.now())]
    form = OperatorForm(request.POST or None, members=members)
    return _form_page(
        request,
        outlet,
        form,
        title=_("Assign an operator"),
        button=_("Assign"),
        told=_("He works at this outlet and at no other, from now on."),
        done=_("Assigned."),
        act=lambda user, now: operators.assign(
            outlet=outlet,
            user=get_object_or_404(User, username=form.cleaned_data["member"]),
            actor=user,
            now=now,
        ),
    )


@never_cache
@require_POST
@step_up.required
def desk_operator_end(request: HttpRequest, code: str, username: str) -> HttpResponse:
    """An operator works at this outlet no longer."""
    outlet = _outlet(code)
    user = get_object_or_404(User, username=username)
    try:
        operators.end(outlet=outlet, user=user, actor=_user(request), now=timezone.now())
    except Refused as refusal:
        notes.error(request, str(refusal))
    else:
        notes.success(request, _("Ended."))
    return redirect("partners:desk_outlet", code=outlet.code)


def _with_reason(
    request: HttpRequest,
    code: str,
    *,
    title: str,
    button: str,
    told: str,
    done: str,
    act: Callable[[Outlet, str, User, datetime], object],
    is_grave: bool = True,
) -> HttpResponse:
    outlet = _outlet(code)
    form = ReasonForm(request.POST or None)
    return _form_page(
        request,
        outlet,
        form,
        title=title,
        button=button,
        told=told,
        done=done,
        act=lambda user, now: act(outlet, form.cleaned_data["reason"], user, now),
        is_grave=is_grave,
    )


def _form_page(
    request: HttpRequest,
    outlet: Outlet,
    form: forms.Form,
    *,
    title: str,
    button: str,
    told: str,
    done: str,
    act: Callable[[User, datetime], object],
    is_grave: bool = False,
    subject: dict[str, Any] | None = None,
) -> HttpResponse:
    """A deed on an outlet: ask for what it needs, do it, and back to the outlet."""
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            act(_user(request), timezone.now())
        except Refused as refusal:
            status = _refuse(form, refusal)
        else:
            notes.success(request, done)
            return redirect("partners:desk_outlet", code=outlet.code)
    page = {
        "nav": "outlets",
        "outlet": outlet,
        "code": outlet_codes.shown(outlet.code),
        "form": form,
        "title": title,
        "button": button,
        "told": told,
        "is_grave": is_grave,
        "subject": subject,
    }
    return render(request, "desk/outlet_deed.html", page, status=status)


def _refuse(form: forms.Form, refusal: Refused) -> int:
    """As everywhere; the hours have another name in a form."""
    if refusal.figures.get("fields") == ["hours"]:
        form.add_error("hours_text", str(refusal))
        return refusal.status
    return refuse(form, refusal)


def _outlet(code: str) -> Outlet:
    try:
        return register.find(code)
    except Refused as refusal:
        raise Http404 from refusal


def _user(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - narrows for the type checker
    return user


def _name(user: Any) -> str:
    member = getattr(user, "staff_member", None)
    return str(member.display_name if member else user.get_username())


def _authority_row(row: ClaimAuthority, now: datetime) -> dict[str, Any]:
    end = getattr(row, "end", None)
    is_over = end is not None or (row.valid_until is not None and row.valid_until <= now)
    return {
        "game": game_names.name(row.game),
        "up_to": ceiling_words.of(row.up_to),
        "valid_from": row.valid_from,
        "valid_until": end.ended_at if end else row.valid_until,
        "reason": end.reason if end else "",
        "approval": approvals.named(row.approval_code),
        "is_over": is_over,
        "is_to_come": row.valid_from > now,
        "end_url": ""
        if is_over
        else reverse("partners:desk_authority_end", args=[row.outlet.code, row.approval_code]),
    }


def _operator_row(row: OutletOperator) -> dict[str, Any]:
    return {
        "name": _name(row.user),
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "end_url": reverse("partners:desk_operator_end", args=[row.outlet.code, row.user.username]),
    }


def _asked(outlet: Outlet) -> list[dict[str, str]]:
    """What is asked for this outlet and waits for another person."""
    kinds = approvals.kinds()
    return [
        {"title": str(kinds[kind].title), "url": reverse("audit:approval", args=[asked.code])}
        for kind in (register.RETURN_KIND, claim_authority.KIND)
        for asked in approvals.under_way(kind)
        if asked.payload["outlet"] == outlet.code
    ]
