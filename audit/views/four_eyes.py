"""Four eyes: the list of requests, and one request to sign or to send back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from audit import approvals, people, waiting
from audit.forms import DecisionForm
from audit.models import ApprovalDecision, ApprovalRequest
from lottery_portal.lib import codes, dates
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import with_unit, yuan

from .asking import roles_and_now

STATES = {
    "OPEN": ("attention", gettext_lazy("Waiting")),
    "PERFORMED": ("done", gettext_lazy("Signed and done")),
    "REFUSED": ("wrong", gettext_lazy("Sent back")),
    "EXPIRED": ("draft", gettext_lazy("Ran out")),
}
PER_PAGE = 30


@never_cache
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Open requests, those for this person first among the chips; or those that ended."""
    _roles, now = roles_and_now(request)
    show = request.GET.get("show", "open")
    mine = waiting.open_for(request.user, now)
    rows = ApprovalRequest.objects.select_related("maker")
    if show == "mine":
        rows = rows.filter(pk__in=mine).order_by("expires_at")
    elif show == "ended":
        rows = rows.exclude(state=ApprovalRequest.State.OPEN).order_by("-ended_at")
    else:
        show = "open"
        rows = rows.filter(state=ApprovalRequest.State.OPEN).order_by("expires_at")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    names = people.names_of({row.maker.get_username() for row in page})
    for_me = set(mine.filter(pk__in=[row.pk for row in page]).values_list("pk", flat=True))
    chips = (("open", _("Open")), ("mine", _("For you")), ("ended", _("Ended")))
    context = {
        "nav": "approvals",
        "now": now,
        "kinds": [
            {"name": name, "url": f"?show={key}", "is_on": key == show} for key, name in chips
        ],
        "requests": [
            {
                "code": codes.shown(row.code),
                "title": _title(row),
                "about": _about(row),
                "maker": names.get(row.maker.get_username(), ""),
                "made_at": row.requested_at,
                "expires_at": row.expires_at,
                "amount_fen": row.amount_fen or None,
                "may_decide": row.pk in for_me,
                "state_tone": _state(row, now)[0],
                "state_word": _state(row, now)[1],
                "url": reverse("audit:approval", args=[row.code]),
            }
            for row in page
        ],
        "page": page,
        "query": f"show={show}",
    }
    return render(request, "desk/approvals.html", context)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, code: str) -> HttpResponse:
    """The content in full, who asked, who decides; and for a checker the two buttons."""
    roles, now = roles_and_now(request)
    row = ApprovalRequest.objects.select_related("maker").filter(code=codes.typed(code)).first()
    if row is None:
        raise Http404
    kind = approvals.kinds().get(row.kind)
    decisions = list(row.decisions.select_related("checker").order_by("decided_at"))
    may_not = _may_not(request.user, roles, row, kind, decisions) or _above(row, kind, roles, now)
    is_open = _state(row, now)[0] == "attention"
    has_confirmed = people.has_confirmed(request)
    form, status = None, 200
    if kind is not None and is_open and not may_not and has_confirmed:
        form = DecisionForm(
            request.POST or None, statements=kind.statements, initial={"digest": row.digest}
        )
        if form.is_valid() and (answer := _decide(request, row, form, now)):
            return answer
        if form.is_bound:
            status = 409 if form.non_field_errors() else 400
    elif request.method == "POST":
        if is_open and not may_not:
            return redirect(people.where_to_confirm(request.user, request.path))
        messages.error(request, may_not or str(approvals.NoLongerOpen()))
        return redirect("audit:approval", code=row.code)
    state_tone, state_word = _state(row, now)
    context = {
        "nav": "approvals",
        "now": now,
        "request_": {
            "code": codes.shown(row.code),
            "title": _title(row),
            "state_tone": state_tone,
            "state_word": state_word,
            "is_open": is_open,
            "expires_at": row.expires_at,
        },
        "subject": _subject(row, kind, is_open=is_open),
        "file": _file(row, kind),
        "canonical": row.payload,
        "digest": row.digest,
        "people": _people(request.user, row, decisions, is_open=is_open, may=not may_not),
        "form": form,
        "statements": [form[name] for name in form.fields if name.startswith("statement")]
        if form
        else [],
        "others": [form["reason"]] if form else [],
        "may_not": may_not if is_open else "",
        "confirm_url": people.where_to_confirm(request.user, request.path)
        if is_open and not may_not and not has_confirmed
        else "",
        "sign_text": _("Sign and confirm"),
    }
    return render(request, "desk/approval.html", context, status=status)


def _decide(
    request: HttpRequest, row: ApprovalRequest, form: DecisionForm, now: datetime
) -> HttpResponse | None:
    try:
        done = approvals.decide(
            code=row.code,
            checker=request.user,
            approve=form.approves,
            reason=form.cleaned_data["reason"],
            now=now,
            digest=form.cleaned_data["digest"],
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return None
    if done.state == ApprovalRequest.State.PERFORMED:
        messages.success(request, _("Signed. It has been done."))
    elif done.state == ApprovalRequest.State.REFUSED:
        messages.success(request, _("Sent back. Nothing has been done."))
    else:
        messages.success(request, _("Signed. Others have to sign before it is done."))
    return redirect("audit:approval", code=row.code)


def _title(row: ApprovalRequest) -> str:
    kind = approvals.kinds().get(row.kind)
    return str(kind.title) if kind else row.kind


def _about(row: ApprovalRequest) -> str:
    kind = approvals.kinds().get(row.kind)
    return kind.about(approvals.as_request(row).payload) if kind else ""


def _state(row: ApprovalRequest, now: datetime) -> tuple[str, str]:
    """Tone and word; a request whose time is over has run out, even before the clock's stroke."""
    state = row.state
    if state == ApprovalRequest.State.OPEN and row.expires_at <= now:
        state = ApprovalRequest.State.EXPIRED
    tone, word = STATES[state]
    return tone, str(word)


def _may_not(
    user: Any,
    roles: frozenset[str],
    row: ApprovalRequest,
    kind: approvals.Kind | None,
    decisions: Sequence[ApprovalDecision],
) -> str:
    """Why this person does not decide, and who does; "" when he may."""
    if kind is None:
        return _("Nobody can decide this any more.")
    deciders = people.role_titles(kind.checker_roles)
    person = people.person_of(user)
    if person == row.maker_person:
        return _("You made this request. Another person decides: %(who)s.") % {"who": deciders}
    if not roles & kind.checker_roles:
        return _("Your post does not decide this. These do: %(who)s.") % {"who": deciders}
    if any(decision.checker_person == person for decision in decisions):
        return _("You have signed. Another person has to sign too: %(who)s.") % {"who": deciders}
    return ""


def _above(
    row: ApprovalRequest, kind: approvals.Kind | None, roles: frozenset[str], now: datetime
) -> str:
    """Up to which amount this person decides, where this one is above it; else ""."""
    most = approvals.most_of(row.kind, roles & kind.checker_roles, now) if kind else None
    if most is None or row.amount_fen <= most:
        return ""
    told = _("Your post decides up to %(most)s yuan. Somebody with a higher tier must decide.")
    return told % {"most": yuan(most)}


def _subject(row: ApprovalRequest, kind: approvals.Kind | None, *, is_open: bool) -> dict[str, Any]:
    facts = [
        {"name": name, "value": value}
        for name, value in (kind.words(approvals.as_request(row).payload) if kind else ())
    ]
    # What the kind tells in its own words is not told twice.
    if row.amount_fen and not any(fact["name"] == _("Amount") for fact in facts):
        amount = with_unit(row.amount_fen)
        facts.append({"name": _("Amount"), "value": amount})
    return {
        "heading": _("What you sign") if is_open else _("What it was about"),
        "facts": facts,
        "sentence": str(kind.consequence) if kind and is_open else "",
    }


def _file(row: ApprovalRequest, kind: approvals.Kind | None) -> dict[str, str]:
    """Where what is signed lies: the name of the address and the address itself, or nothing."""
    name, args = kind.page(approvals.as_request(row).payload) if kind else ("", ())
    return {"name": name, "url": reverse(name, args=args)} if name else {}


def _people(
    user: Any,
    row: ApprovalRequest,
    decisions: Sequence[ApprovalDecision],
    *,
    is_open: bool,
    may: bool,
) -> list[dict[str, str]]:
    accounts = {row.maker.get_username(), *(d.checker.get_username() for d in decisions)}
    names = people.names_of(accounts)
    listed = [
        {
            "role": "maker",
            "name": names.get(row.maker.get_username(), ""),
            "text": _("asked for it on %(at)s")
            % {"at": dates.written(row.requested_at, "day_clock")},
            "state": "done",
        }
    ]
    for decision in decisions:
        at = dates.written(decision.decided_at, "day_clock")
        listed.append(
            {
                "role": "checker",
                "name": names.get(decision.checker.get_username(), ""),
                "text": _("signed on %(at)s") % {"at": at}
                if decision.approved
                else _("sent it back on %(at)s: %(reason)s")
                % {"at": at, "reason": decision.reason},
                "state": "done" if decision.approved else "refused",
            }
        )
    missing = row.needed - sum(decision.approved for decision in decisions) if is_open else 0
    if missing and may:
        listed.append(
            {
                "role": "checker",
                "name": _("%(name)s (you)") % {"name": people.name_of(user)},
                "text": _("another person than the maker"),
                "state": "now",
            }
        )
        missing -= 1
    listed += [
        {
            "role": "checker",
            "name": "",
            "text": _("still to sign; another person than those above"),
            "state": "todo",
        }
    ] * missing
    return listed
