"""The prize centre's desk: the queue of claims, and one claim with the deeds of who looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages as notes
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import confidentiality, reveal, step_up, vault, who
from accounts.models import User
from audit import approvals, people
from games import words as game_words
from lottery_portal.lib import codes, dates
from lottery_portal.lib.errors import Refused, refuse
from partners import outlet_codes
from partners.models import Outlet
from prizes import counter_forms as typed
from prizes.centre_forms import DelayForm
from prizes.claim_models import Claim
from prizes.models import Prize

from . import (
    claim_facts,
    claims,
    confirmation,
    counter,
    counter_facts,
    damaged,
    delays,
    looks,
    outlet,
    papers,
    payment,
    queue,
    recovery,
    refusal,
    steps,
)
from .claim_refusals import NotAtThisStep

ROWS = 50
MONEY = frozenset({"ask", "pay"})
State, Way = Claim.State, Claim.Way
REFUSABLE = frozenset({State.OPENED, State.CHECKED, State.COMPLETE, State.SIGNED, State.APPROVED})
Forms = dict[str, forms.Form]


@never_cache
@require_safe
def desk_claims(request: HttpRequest) -> HttpResponse:
    """Claims under way, the oldest first, by way and step; found by claim or ticket."""
    now = timezone.now()
    today = dates.in_shanghai(now).date()
    way = request.GET.get("way", "")
    state = request.GET.get("state", "")
    asked = request.GET.get("q", "").strip()
    found = _searched(asked) if asked else _listed(way, state, today)
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    code = codes.typed(asked)
    if asked:
        found_tickets = found.values_list("prize__ticket__code", flat=True)
        looks.note([code, *found_tickets], desk="prizes:desk_claims", actor=request.user, now=now)
    context = {
        "nav": "claims",
        "board": _board(state, way),
        "overdue": queue.overdue(on=today).count(),
        "overdue_url": f"?{urlencode({'state': 'LATE'})}",
        "is_late": state == "LATE",
        "objections": queue.objections().count(),
        "objections_url": f"?{urlencode({'state': 'OBJECTED'})}",
        "is_objected": state == "OBJECTED",
        "ways": _chips(way, state),
        "asked": asked,
        "shown_code": codes.shown(code) if codes.is_valid(code) else asked,
        "rows": _rows(page.object_list, today),
        "page": page,
        "query": urlencode({"way": way, "state": state, "q": asked}),
        "to_open": _to_open(request, code, found, now) if asked else None,
        "reports": _reports(now),
    }
    return render(request, "desk/claims.html", context)


@never_cache
@require_POST
def desk_claim_open(request: HttpRequest, ticket: str) -> HttpResponse:
    """Open a claim for the winner who stands at the counter; the same key leads to the same."""
    form = typed.OpenForm(request.POST)
    if not form.is_valid():
        raise Http404
    try:
        claim = counter.open_(
            ticket=ticket,
            actor=who.staff(request.user).user,
            request_key=form.cleaned_data["request_key"],
            now=timezone.now(),
        )
    except Refused as refusal_:
        notes.error(request, str(refusal_))
        return redirect(f"{reverse('prizes:desk_claims')}?{urlencode({'q': ticket})}")
    return redirect("prizes:desk_claim", code=claim.code)


@never_cache
@sensitive_post_parameters("number", "name")
@require_http_methods(["GET", "POST"])
def desk_claim(request: HttpRequest, code: str) -> HttpResponse:
    """One claim: where it stands, what is missing, who may act; and the deeds of this person."""
    try:
        claim = steps.find(code)
    except Refused as refusal_:
        raise Http404 from refusal_
    now, user = timezone.now(), who.staff(request.user).user
    action = request.POST.get("action", "") if request.method == "POST" else ""
    shown = _forms(request, claim, user, now, action)
    status = 200
    if request.method == "POST":
        form = shown.get(action)
        if form is None:
            notes.error(request, str(NotAtThisStep()))
            status = NotAtThisStep.status
        elif action in MONEY and not step_up.is_recent(request):
            return redirect(step_up.address(user, request.path))
        elif not form.is_valid():
            status = 400
        else:
            try:
                goes_to = _DEEDS[action](form, code=code, user=user, now=timezone.now())
            except Refused as refusal_:
                status = refuse(form, refusal_)
            else:
                notes.success(request, _said(action))
                return redirect(goes_to or reverse("prizes:desk_claim", args=[code]))
        claim = steps.find(code)
    return render(
        request, "desk/claim.html", counter_facts.of_page(claim, user, now, shown), status=status
    )


@never_cache
@require_POST
def desk_claim_paper(request: HttpRequest, code: str, paper: UUID) -> HttpResponse:
    """A paper of the file, to whom works on claims and has signed; the look is on record first."""
    try:
        row, content = counter.open_paper(
            code=code, paper=paper, actor=who.staff(request.user).user, now=timezone.now()
        )
    except (confidentiality.NotSigned, reveal.NotForThisRole, vault.OwnRecord) as refusal_:
        raise PermissionDenied(str(refusal_)) from refusal_
    except Refused as refusal_:
        raise Http404 from refusal_
    answer = HttpResponse(content, content_type=row.media_type)
    ending = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
    name = f"{row.kind.lower()}-{row.digest[:12]}.{ending.get(row.media_type, 'txt')}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


# The queue


def _listed(way: str, state: str, today: Any) -> QuerySet[Claim]:
    if state == "LATE":
        return queue.overdue(on=today)
    if state == "OBJECTED":
        return queue.objections()
    return queue.desk(
        way=way if way in Way.values else "", state=state if state in State.values else ""
    )


def _searched(asked: str) -> QuerySet[Claim]:
    code = codes.typed(asked)
    found = Claim.objects.filter(Q(code=code) | Q(prize__ticket__code=code))
    return found.shown().order_by("-opened_at", "-pk")


def _rows(found: Iterable[Claim], today: Any) -> list[dict[str, Any]]:
    claims_ = list(found)
    promised = delays.days_of(claims_)
    return [_row(claim, promised.get(claim.pk), today) for claim in claims_]


def _row(claim: Claim, promised: date | None, today: date) -> dict[str, Any]:
    step = queue.next_step(claim)
    return {
        "code": codes.shown(claim.code),
        "url": reverse("prizes:desk_claim", args=[claim.code]),
        "game": game_words.game(claim.prize.draw.game),
        "issue": claim.prize.draw.issue,
        "way": claim.get_way_display(),
        "opened_at": claim.opened_at,
        "due_on": promised or claim.due_on,
        "is_late": promised is not None and promised < today,
        "amount_fen": claim.prize.amount,
        "state": claim.get_state_display(),
        "tone": claim_facts.TONES[claim.state],
        "next": step.title if step else "",
    }


def _board(state: str, way: str) -> list[dict[str, Any]]:
    return [
        {
            "name": State(code).label,
            "count": number,
            "url": f"?{urlencode({'state': code, 'way': way})}",
            "is_on": code == state,
        }
        for code, number in queue.boards().items()
    ]


def _chips(chosen: str, state: str) -> list[dict[str, Any]]:
    kinds: list[tuple[str, Any]] = [("", _("All ways")), *Way.choices]
    return [
        {
            "name": name,
            "url": f"?{urlencode({'way': code, 'state': state})}",
            "is_on": code == chosen,
        }
        for code, name in kinds
    ]


def _to_open(
    request: HttpRequest, code: str, found: QuerySet[Claim], now: datetime
) -> dict[str, Any] | None:
    """A prize that waits and has no claim under way, for a clerk whose winner stands there."""
    if not people.roles_of(request.user, now) & claims.CLERKS:
        return None
    if found.exclude(state__in=Claim.STANDS_NOT).exists():
        return None
    prize = (
        Prize.objects.filter(ticket__code=code, route=Prize.Route.CENTRE, end__isnull=True)
        .select_related("draw__game")
        .first()
    )
    if prize is None:
        return None
    return {
        "game": game_words.game(prize.draw.game),
        "issue": prize.draw.issue,
        "amount_fen": prize.amount,
        "form": typed.OpenForm(),
        "url": reverse("prizes:desk_claim_open", args=[code]),
    }


def _reports(now: datetime) -> list[dict[str, Any]]:
    rows = outlet.reports(now=now)
    names = dict(
        Outlet.objects.filter(code__in=[row.outlet for row in rows]).values_list("code", "name")
    )
    return [
        {
            "report": row,
            "name": names.get(row.outlet, ""),
            "outlet": outlet_codes.shown(row.outlet),
        }
        for row in rows
    ]


# One claim


def _forms(request: HttpRequest, claim: Claim, user: User, now: datetime, action: str) -> Forms:
    """The form of each deed that this person may do now; the one that was sent is bound."""
    made: Forms = {}
    roles = people.roles_of(user, now)
    is_own = steps.bar(claim, people.person_of(user)) == "claim_not_ones_own"
    if is_own:
        return made
    step = queue.next_step(claim)
    is_clerk = bool(roles & claims.CLERKS)
    if step is not None and _NEXT.get(step.deed) and queue.may(claim, step, user=user, now=now):
        made |= _NEXT[step.deed](request, claim, action)
    if is_clerk and claim.way != Way.OUTLET and claim.state in {
        State.COMPLETE, State.SIGNED, State.APPROVED,
    }:  # fmt: skip
        made |= _settle(request, claim, action)
    if roles & papers.STAFF and claim.state not in {
        State.ARCHIVED, State.RECOVERED, State.WITHDRAWN,
    }:  # fmt: skip
        made["paper"] = typed.PaperForm(*_sent(request, action, "paper"), auto_id="paper_%s")
    if is_clerk and claim.state in damaged.BEFORE_IT_IS_SIGNED and damaged.about(claim) is None:
        made["damaged"] = typed.DamagedForm(
            *_sent(request, action, "damaged"), auto_id="damaged_%s"
        )
    if is_clerk and claim.state in REFUSABLE and not counter_facts.asked(claim, refusal.KIND):
        made["refuse"] = typed.RefuseForm(*_sent(request, action, "refuse"), auto_id="refuse_%s")
    can_recover = claim.state in {State.PAID, State.ARCHIVED} and not counter_facts.asked(
        claim, recovery.KIND
    )
    if roles & recovery.ASKERS and can_recover:
        made["recover"] = typed.RecoverForm(
            *_sent(request, action, "recover"), auto_id="recover_%s"
        )
    if roles & delays.OFFICERS and delays.day_of(claim) is not None:
        made["delay"] = _delay(request, action, now)
    return made


def _delay(request: HttpRequest, action: str, now: datetime) -> forms.Form:
    first = dates.in_shanghai(now).date() + timedelta(days=1)
    last = delays.last_day(now=now)
    return DelayForm(*_sent(request, action, "delay"), first=first, last=last, auto_id="delay_%s")


def _sent(request: HttpRequest, action: str, name: str) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if action == name else (None, None)


def _plain(name: str, request: HttpRequest, _claim: Claim, action: str) -> Forms:
    return {name: typed.DeedForm(*_sent(request, action, name))}


def _identity(request: HttpRequest, _claim: Claim, action: str) -> Forms:
    return {"check": typed.IdentityForm(*_sent(request, action, "check"))}


def _settle(request: HttpRequest, claim: Claim, action: str) -> Forms:
    ways = claim_facts.ways_to_pay(claim)
    return {
        "complete": typed.SettleForm(
            *_sent(request, action, "complete"), ways=ways, auto_id="complete_%s"
        )
    }


def _sign(request: HttpRequest, claim: Claim, action: str) -> Forms:
    language = get_language() or "zh-hans"
    text = confirmation.text_of(claim, language)
    start = {"digest": confirmation.digest_of(text), "language": language}
    return {
        "sign": typed.ConfirmForm(*_sent(request, action, "sign"), initial=start, auto_id="sign_%s")
    }


def _hear(request: HttpRequest, _claim: Claim, action: str) -> Forms:
    return {"hear": typed.HearForm(*_sent(request, action, "hear"), auto_id="hear_%s")}


_NEXT: Mapping[str, Callable[[HttpRequest, Claim, str], Forms]] = {
    "check": _identity,
    "complete": _settle,
    "sign": _sign,
    "ask": partial(_plain, "ask"),
    "pay": partial(_plain, "pay"),
    "archive": partial(_plain, "archive"),
    "hear": _hear,
}


def _do_check(form: Any, *, code: str, user: User, now: datetime) -> None:
    counter.check(code=code, actor=user, paper=form.paper(), now=now)


def _do_paper(form: Any, *, code: str, user: User, now: datetime) -> None:
    content, media_type = form.cleaned_data["file"]
    kind = form.cleaned_data["kind"]
    papers.add(code=code, kind=kind, content=content, media_type=media_type, actor=user, now=now)


def _do_complete(form: Any, *, code: str, user: User, now: datetime) -> None:
    method, payee = form.cleaned_data["to"]
    claims.complete(code=code, actor=user, method=method, payee=payee, now=now)


def _do_sign(form: Any, *, code: str, user: User, now: datetime) -> None:
    said = form.cleaned_data
    content, media_type = said["file"]
    claims.sign(
        code=code,
        actor=user,
        digest=said["digest"],
        language=said["language"],
        signature=content,
        media_type=media_type,
        now=now,
    )


def _do_ask(_form: Any, *, code: str, user: User, now: datetime) -> None:
    payment.ask(code=code, maker=user, now=now)


def _do_pay(_form: Any, *, code: str, user: User, now: datetime) -> None:
    payment.pay(code=code, actor=user, now=now)


def _do_archive(_form: Any, *, code: str, user: User, now: datetime) -> None:
    papers.archive(code=code, actor=user, now=now)


def _do_refuse(form: Any, *, code: str, user: User, now: datetime) -> str:
    asked = refusal.ask(code=code, maker=user, now=now, **form.cleaned_data)
    return _approval_page(asked, user, now)


def _do_damaged(form: Any, *, code: str, user: User, now: datetime) -> None:
    said = form.cleaned_data
    content, media_type = said["file"]
    damaged.report(
        code=code,
        what=said["what"],
        evidence=said["evidence"],
        statement=content,
        media_type=media_type,
        actor=user,
        now=now,
    )


def _do_recover(form: Any, *, code: str, user: User, now: datetime) -> str:
    asked = recovery.ask(code=code, maker=user, now=now, **form.cleaned_data)
    return _approval_page(asked, user, now)


def _do_hear(form: Any, *, code: str, user: User, now: datetime) -> None:
    said = form.cleaned_data
    hear = refusal.uphold if said["decision"] == "uphold" else refusal.dismiss
    hear(code=code, actor=user, reason=said["reason"], now=now)


def _do_delay(form: Any, *, code: str, user: User, now: datetime) -> None:
    delays.announce(claim=steps.find(code), actor=user, now=now, **form.cleaned_data)


_DEEDS: Mapping[str, Callable[..., str | None]] = {
    "check": _do_check,
    "paper": _do_paper,
    "complete": _do_complete,
    "sign": _do_sign,
    "ask": _do_ask,
    "pay": _do_pay,
    "archive": _do_archive,
    "refuse": _do_refuse,
    "recover": _do_recover,
    "hear": _do_hear,
    "damaged": _do_damaged,
    "delay": _do_delay,
}


def _approval_page(asked: approvals.Request, user: User, now: datetime) -> str:
    """Where the request is read, for whose post opens that page; else back to the claim."""
    if people.roles_of(user, now) & counter_facts.READERS_OF_APPROVALS:
        return reverse("audit:approval", args=[asked.code])
    return ""


def _said(action: str) -> str:
    return {
        "check": _("Ticket and identity are checked, and it is on record."),
        "paper": _("The paper is in the file."),
        "complete": _("The figures stand. Now the winner reads and signs them."),
        "sign": _("Signed. The text and its digest are in the file."),
        "ask": _("Asked. Nothing is paid before others have agreed."),
        "pay": _("Paid, once and as it was approved."),
        "archive": _("The claim is filed."),
        "refuse": _("Asked. Another person decides on the refusal."),
        "recover": _("Asked. Another person decides on it."),
        "hear": _("Decided. The winner is told."),
        "damaged": _("Taken down. Nobody approves or pays it before the centre has a finding."),
        "delay": _("Announced. The winner has the reason and the new day."),
    }[action]
