"""Staff pages: cash desks, their counts and hand-overs, and the cash that comes and goes (F278)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages as notes
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import step_up, who
from accounts.models import User
from audit import people
from finance import cash_counts, cash_desks, cash_places, cash_requests, payment_methods, tax_papers
from finance.cash_forms import (
    CashRequestForm,
    CountForm,
    DeskForm,
    EndForm,
    OfferForm,
    PiecesForm,
    face_name,
)
from finance.models import CashCount, CashDesk, CashMove, CashRequest
from lottery_portal.lib import codes
from lottery_portal.lib.errors import Refused, refuse
from lottery_portal.lib.money import with_unit, yuan

ROWS = 30
COUNTS_SHOWN = 10
State = CashDesk.State
TONES = {
    State.OPEN: "done",
    State.TO_COUNT: "attention",
    State.HANDING: "waiting",
    State.ENDED: "draft",
}
REQUEST_TONES = {
    CashRequest.State.ASKED: "waiting",
    CashRequest.State.APPROVED: "attention",
    CashRequest.State.ON_ITS_WAY: "attention",
    CashRequest.State.BROUGHT: "done",
    CashRequest.State.DROPPED: "draft",
}
OK = 200


@never_cache
@require_http_methods(["GET", "POST"])
def desk_cash_desks(request: HttpRequest) -> HttpResponse:
    """The desks somebody may look at; a treasurer sets a new one up."""
    now = timezone.now()
    may_run = "treasurer" in who.roles(request.user, now)
    if request.method == "POST" and (first := step_up.before_deed(request, may=may_run)):
        return first
    form = DeskForm(request.POST or None, places=cash_places.choices() if may_run else ())
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            desk = cash_desks.register(
                place_kind=cash_places.kind_of(form.cleaned_data["place"]),
                actor=request.user,
                now=now,
                **form.cleaned_data,
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Set up. Hand it over to whoever will pay out of it."))
            return redirect("finance:desk_cash_desk", code=desk.code)
    desks, names = list(cash_desks.visible_to(request.user, now)), cash_places.names()
    context = {
        "nav": "cash",
        "rows": [_row(desk) | {"place": names.get(desk.place, desk.place)} for desk in desks],
        "requests": [_request_row(row) for row in cash_requests.under_way(desks)],
        "form": form if may_run else None,
        **_frame(is_operator=who.OUTLET_OPERATOR in who.roles(request.user, now)),
        "sum_fen": sum(cash_desks.in_desk(desk) for desk in desks),
    }
    return render(request, "desk/cash_desks.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
def desk_cash_desk(request: HttpRequest, code: str) -> HttpResponse:
    """One desk: what lies in it, who had it, what came and went; and the next deeds of each."""
    now = timezone.now()
    try:
        desk = cash_desks.find(code, user=request.user, now=now)
    except Refused as refusal:
        raise Http404 from refusal
    roles = who.roles(request.user, now)
    action = request.POST.get("action", "") if request.method == "POST" else ""
    shown = _forms(request, desk, roles, action)
    status = 200
    if request.method == "POST":
        if first := step_up.before_deed(request, may=bool(roles & cash_desks.HOLDERS)):
            return first
        status = _act(request, desk, action, shown.get(action))
        if status == OK:
            return redirect(_next_page(request, desk, now))
    return _page(request, desk, shown, roles, status)


def _act(request: HttpRequest, desk: CashDesk, action: str, form: forms.Form | None) -> int:
    """Do the deed of the form or button that was sent: 200, or what went wrong."""
    if form is not None and not form.is_valid():
        return 400
    try:
        said = _perform(request, desk, action, form)
    except Refused as refusal:
        if form is not None:
            return refuse(form, refusal)
        notes.error(request, str(refusal))
        return refusal.status
    if not said:
        return 400
    (notes.warning if _differs(desk, action) else notes.success)(request, said)
    return OK


def _differs(desk: CashDesk, action: str) -> bool:
    """Whether what was just counted is not what the books say."""
    made = desk.counts.order_by("-number").first() if action in {"count", "take"} else None
    return made is not None and bool(made.difference)


def _perform(request: HttpRequest, desk: CashDesk, action: str, form: forms.Form | None) -> str:
    """The deed; what is said of it, empty where there is no such deed now."""
    user: Any = request.user
    now, code = timezone.now(), desk.code
    if isinstance(form, PiecesForm):
        return _pieces_deed(desk, form, user, now)
    if isinstance(form, CashRequestForm):
        asked = cash_requests.ask(desk=code, actor=user, now=now, **form.cleaned_data)
        if asked.state == CashRequest.State.ASKED:
            return _("Asked. Another person approves it first.")
        return _("Asked. A cashier or treasurer brings it.")
    if isinstance(form, EndForm):
        cash_desks.end(code=code, actor=user, now=now)
        return _("The cash desk is given up.")
    if action == "withdraw":
        cash_counts.withdraw(desk=code, actor=user, now=now)
        return _("The hand-over is off. Count the desk before anything is paid.")
    return _request_deed(request, action, now)


def _pieces_deed(desk: CashDesk, form: PiecesForm, user: Any, now: datetime) -> str:
    """A count: of one's own desk, of one that is given away, of one that is taken."""
    if isinstance(form, CountForm):
        is_evening = form.cleaned_data["is_evening"]
        return _count_said(
            cash_counts.count(
                desk=desk.code, pieces=form.pieces, actor=user, now=now, is_evening=is_evening
            )
        )
    if isinstance(form, OfferForm):
        to = User.objects.filter(username=form.cleaned_data["to"].strip()).first()
        if to is None:
            raise cash_counts.NotAHolder(fields=["to"])
        cash_counts.offer(desk=desk.code, pieces=form.pieces, to=to, actor=user, now=now)
        return _("Offered. Your colleague counts it now, and it is his if he counts the same.")
    return _count_said(cash_counts.take(desk=desk.code, pieces=form.pieces, actor=user, now=now))


def _request_deed(request: HttpRequest, action: str, now: datetime) -> str:
    """A button beside a request for cash: `bring:<code>` and so on."""
    deed, _colon, code = action.partition(":")
    if deed == "bring":
        cash_requests.bring(code=code, actor=request.user, now=now)
        return _("Written down. Who has the desk receives the cash.")
    if deed == "receive":
        cash_requests.receive(code=code, actor=request.user, now=now)
        return _("Received. The cash is in the desk.")
    if deed == "collect":
        cash_requests.collect(code=code, actor=request.user, now=now)
        return _("Taken. The cash goes to the bank.")
    if deed == "drop":
        reason = request.POST.get("reason", "").strip() or _("No longer needed")
        cash_requests.drop(code=code, reason=reason, actor=request.user, now=now)
        return _("Written down. It is not brought.")
    return ""


def _count_said(made: CashCount) -> str:
    if not made.difference and made.kind == CashCount.Kind.EVENING:
        return _(
            "Closed for today: %(amount)s, as in the books. It pays again after the next count."
        ) % {"amount": with_unit(made.counted)}
    if not made.difference:
        return _("Counted: %(amount)s, as in the books.") % {"amount": with_unit(made.counted)}
    names = {"counted": with_unit(made.counted), "booked": with_unit(made.booked)}
    return (
        _(
            "Counted %(counted)s, in the books %(booked)s. The difference is booked and a case is "
            "open. Count again before anything is paid."
        )
        % names
    )


def _forms(
    request: HttpRequest, desk: CashDesk, roles: frozenset[str], action: str
) -> dict[str, forms.Form]:
    """The form of each deed that this person can do now; the one that was sent is bound."""

    def data(name: str) -> Any:
        return request.POST if action == name else None

    if desk.state == State.ENDED:
        return {}
    is_mine = desk.holder_id == request.user.pk
    offered = cash_counts.offered_now(desk)
    found: dict[str, forms.Form] = {}
    if offered is not None and offered.given_to_id == request.user.pk:
        return {"take": PiecesForm(data("take"), auto_id="take_%s")}
    if offered is None and is_mine:
        found["count"] = CountForm(data("count"), auto_id="count_%s")
    if offered is None and (is_mine or (desk.holder_id is None and "treasurer" in roles)):
        found["offer"] = OfferForm(
            data("offer"),
            takers=cash_places.takers(desk, now=timezone.now()),
            auto_id="offer_%s",
        )
    if is_mine and offered is None:
        found["ask"] = CashRequestForm(
            data("ask"), escrows=cash_requests.escrows(), auto_id="ask_%s"
        )
    if "treasurer" in roles and not cash_desks.in_desk(desk) and offered is None:
        found["end"] = EndForm(data("end"), auto_id="end_%s")
    return found


def _next_page(request: HttpRequest, desk: CashDesk, now: datetime) -> str:
    """Back to the desk, if it is still one's own to look at."""
    if cash_desks.visible_to(request.user, now).filter(pk=desk.pk).exists():
        return reverse("finance:desk_cash_desk", args=[desk.code])
    return reverse("finance:desk_cash_desks")


def _page(
    request: HttpRequest,
    desk: CashDesk,
    shown: dict[str, forms.Form],
    roles: frozenset[str],
    status: int,
) -> HttpResponse:
    now = timezone.now()
    offered = cash_counts.offered_now(desk)
    page = Paginator(cash_desks.moves(desk), ROWS).get_page(request.GET.get("page"))
    context = {
        "nav": "cash",
        "desk": desk,
        "tone": TONES[State(desk.state)],
        "shown_code": codes.shown(desk.code),
        "place": cash_places.names().get(desk.place, desk.place),
        **_frame(is_operator=who.OUTLET_OPERATOR in roles),
        "holder": people.name_of(desk.holder) if desk.holder else "",
        "is_mine": desk.holder_id == request.user.pk,
        "left_fen": cash_desks.in_desk(desk),
        "ceiling_fen": payment_methods.cash_ceiling(desk.place_kind, now=now),
        "offered": offered,
        "offered_to": people.name_of(offered.given_to) if offered else "",
        "offered_by": people.name_of(offered.given_by) if offered else "",
        "may_withdraw": offered is not None
        and request.user.pk in {offered.given_by_id, offered.given_to_id},
        "forms": shown,
        "requests": [
            _request_row(row) | {"deeds": _deeds(request, desk, row, roles)}
            for row in cash_requests.under_way([desk])
        ],
        "counts": [_count_row(row) for row in cash_desks.counts(desk)[:COUNTS_SHOWN]],
        "moves": [_move_row(row) for row in page.object_list],
        "page": page,
        "query": "",
    }
    return render(request, "desk/cash_desk.html", context, status=status)


def _frame(*, is_operator: bool) -> dict[str, Any]:
    """An operator is at his terminal: the places of the desk are none of his."""
    return {
        "is_operator": is_operator,
        "frame": "base_terminal.html" if is_operator else "base_desk.html",
    }


def _deeds(
    request: HttpRequest, desk: CashDesk, row: CashRequest, roles: frozenset[str]
) -> list[dict[str, str]]:
    """The buttons beside a request, for this person."""
    may_carry = bool(roles & cash_requests.CARRIERS) and row.asked_by_id != request.user.pk
    may_receive = desk.holder_id == request.user.pk and row.carried_by_id != request.user.pk
    is_in = row.direction == CashRequest.Direction.IN
    deeds = []
    if row.state == CashRequest.State.APPROVED and may_carry:
        name = _("I bring it now") if is_in else _("I take it to the bank now")
        deeds.append({"action": f"{'bring' if is_in else 'collect'}:{row.code}", "name": name})
    if row.state == CashRequest.State.ON_ITS_WAY and may_receive:
        deeds.append({"action": f"receive:{row.code}", "name": _("I have it in my hands")})
    if row.state == CashRequest.State.APPROVED and (
        may_carry or row.asked_by_id == request.user.pk
    ):
        deeds.append({"action": f"drop:{row.code}", "name": _("Not needed any more")})
    return deeds


def _row(desk: CashDesk) -> dict[str, Any]:
    return {
        "desk": desk,
        "url": reverse("finance:desk_cash_desk", args=[desk.code]),
        "tone": TONES[State(desk.state)],
        "holder": people.name_of(desk.holder) if desk.holder else "—",
        "left_fen": cash_desks.in_desk(desk),
    }


def _request_row(row: CashRequest) -> dict[str, Any]:
    return {
        "request": row,
        "shown_code": codes.shown(row.code),
        "tone": REQUEST_TONES[CashRequest.State(row.state)],
        "asked_by": people.name_of(row.asked_by),
        "carried_by": people.name_of(row.carried_by) if row.carried_by else "",
        "url": reverse("finance:desk_cash_desk", args=[row.desk.code]),
    }


def _count_row(row: CashCount) -> dict[str, Any]:
    return {
        "count": row,
        "difference_fen": row.difference,
        "people": [people.name_of(one) for one in dict.fromkeys([row.given_by, row.taken_by])],
        "pieces": ", ".join(
            f"{face_name(int(face))} × {many}"
            for face, many in sorted(row.pieces.items(), key=lambda one: -int(one[0]))
        ),
    }


def _move_row(row: CashMove) -> dict[str, Any]:
    certificate = (
        tax_papers.of_entry(row.entry.reference) if row.kind == CashMove.Kind.PAID else None
    )
    return {
        "move": row,
        "change": f"{'+' if row.change > 0 else '−'}{yuan(abs(row.change))}",
        "actor": people.name_of(row.actor),
        "certificate": certificate,
        "certificate_url": reverse("finance:desk_certificate", args=[certificate.number])
        if certificate
        else "",
    }
