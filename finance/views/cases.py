"""Staff pages of cases: what waits, whose it is, when it is due, and how it was settled (F121)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as notes
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts import who
from audit import people, trail
from finance import cases
from finance.forms import CaseForm
from finance.models import Case
from lottery_portal.lib import codes, dates
from lottery_portal.lib.errors import Refused

ROWS = 50
LOG_ROWS = 30


@never_cache
@require_GET
def desk_cases(request: HttpRequest) -> HttpResponse:
    """Cases by what is to be done with them, those due first ahead."""
    now = timezone.now()
    today = dates.in_shanghai(now).date()
    chosen = request.GET.get("show", "")
    roles = who.roles(request.user, now)
    found = _found(chosen, request, roles, today)
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    names = _names(page.object_list)
    context = {
        "nav": "cases",
        "kinds": _chips(chosen),
        "rows": [_row(case, today, names) for case in page.object_list],
        "page": page,
        "query": urlencode({"show": chosen}) if chosen else "",
    }
    return render(request, "desk/cases.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def desk_case(request: HttpRequest, code: str) -> HttpResponse:
    """One case: what is so, who has it, what was found; its owner settles it in words."""
    now = timezone.now()
    try:
        case = cases.find(codes.typed(code))
    except Refused as refusal:
        raise Http404 from refusal
    roles = who.roles(request.user, now)
    may_act = case.state == Case.State.OPEN and cases.may_handle(case, roles)
    form = CaseForm(request.POST if request.POST.get("action") in {"note", "settle"} else None)
    status = 200
    if request.method == "POST":
        status = _act(request, case, form, now)
        if status == 200:  # noqa: PLR2004 - the deed was done
            return redirect("finance:desk_case", code=case.code)
    kind = cases.kind_of(case)
    log = _log(case)
    names = _names([case], [row.actor for row in log])
    context = {
        "nav": "cases",
        "case": _row(case, dates.in_shanghai(now).date(), names),
        "facts": kind.words(case),
        "object": trail.object_title(case.object_type),
        "object_url": kind.address(case),
        "ends_there": kind.ends_there,
        "resolution": case.resolution,
        "resolved_at": case.resolved_at,
        "resolved_by": _name(case.resolved_by, names) or _("By itself: it is right again."),
        "is_mine": case.owner_id == request.user.pk,
        "may_act": may_act,
        "who_may": people.role_titles(kind.roles),
        "form": form,
        "log": [_told(row, names) for row in log],
        "back_url": reverse("finance:desk_cases"),
    }
    return render(request, "desk/case.html", context, status=status)


def _act(request: HttpRequest, case: Case, form: CaseForm, now: datetime) -> int:
    action = request.POST.get("action", "")
    try:
        if action == "take":
            cases.assign(code=case.code, actor=request.user, now=now)
            notes.success(request, _("The case is yours."))
            return 200
        if form.is_valid():
            word = form.cleaned_data["word"]
            if action == "settle":
                cases.resolve(code=case.code, actor=request.user, resolution=word, now=now)
                notes.success(request, _("Settled. The case and your words stay on record."))
            else:
                cases.note(code=case.code, actor=request.user, text=word, now=now)
                notes.success(request, _("Written down."))
            return 200
    except Refused as refusal:
        notes.error(request, str(refusal))
        return refusal.status
    return 400


def _found(chosen: str, request: HttpRequest, roles: frozenset[str], today: date) -> QuerySet[Case]:
    if chosen == "past":
        return cases.past()
    if chosen == "all":
        return cases.open_now()
    if chosen == "mine":
        return cases.open_now().filter(owner_id=request.user.pk)
    if chosen == "late":
        return cases.open_now().filter(due_on__lt=today)
    mine = cases.open_now(roles=roles)
    return mine if mine.exists() else cases.open_now()


def _chips(chosen: str) -> list[dict[str, Any]]:
    names = {
        "": _("For my post"),
        "mine": _("Mine"),
        "late": _("Overdue"),
        "all": _("All open"),
        "past": pgettext("of a case", "Settled"),
    }
    return [
        {
            "name": name,
            "url": f"?{urlencode({'show': code})}" if code else reverse("finance:desk_cases"),
            "is_on": code == chosen,
        }
        for code, name in names.items()
    ]


def _row(case: Case, today: date, names: Mapping[str, str]) -> dict[str, Any]:
    is_open = case.state == Case.State.OPEN
    is_late = is_open and case.due_on < today
    if not is_open:
        tone, word = "done", case.get_state_display()
    elif is_late:
        tone, word = "wrong", _("Overdue")
    elif case.owner_id:
        tone, word = "waiting", _("In work")
    else:
        tone, word = "attention", _("Nobody has it")
    return {
        "code": codes.shown(case.code),
        "title": str(cases.kind_of(case).title),
        "about": f"{trail.object_title(case.object_type)} {_number(case.object_code)}",
        "number": _number(case.object_code),
        "opened_at": case.opened_at,
        "due_on": case.due_on,
        "owner": _name(case.owner, names),
        "assigned_at": case.assigned_at,
        "escalated_at": case.escalated_at,
        "tone": tone,
        "word": word,
        "url": reverse("finance:desk_case", args=[case.code]),
    }


def _number(code: str) -> str:
    """A code as people read it; of a thing that has one number after another, both."""
    first, slash, rest = code.partition("/")
    return f"{codes.shown(first)}{slash}{rest}" if codes.is_valid(first) else code


def _names(found: Any, actors: Any = ()) -> Mapping[str, str]:
    users = [
        user.get_username() for case in found for user in (case.owner, _ended_by(case)) if user
    ]
    return people.names_of([*users, *actors])


def _ended_by(case: Case) -> Any:
    return case.resolved_by if case.state == Case.State.RESOLVED else None


def _name(user: Any, names: Mapping[str, str]) -> str:
    return trail.actor_name(user.get_username(), names) if user else ""


def _log(case: Case) -> list[Any]:
    return list(trail.read(trail.Filters(object_type="case", object_code=case.code))[:LOG_ROWS])


def _told(row: Any, names: Mapping[str, str]) -> dict[str, Any]:
    body = json.loads(row.body)
    return {
        "at": row.at,
        "who": trail.actor_name(row.actor, names),
        "what": trail.title(row.action),
        "text": body.get("note", ""),
    }
