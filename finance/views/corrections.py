"""Staff pages: corrections of the books, each with before, after, who, by whose word, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages as notes
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts import step_up, who
from audit import approvals, people
from finance import adjustments, ledger
from finance.book_forms import CorrectionForm, ReversalForm
from finance.ledger import Move
from finance.models import Adjustment
from lottery_portal.lib import codes
from lottery_portal.lib.errors import Refused, refuse

ROWS = 50
MAKERS = {"treasurer", "cashier"}
TONES = {"OPEN": "waiting", "PERFORMED": "done", "REFUSED": "wrong", "EXPIRED": "draft"}


@never_cache
@require_GET
def desk_adjustments(request: HttpRequest) -> HttpResponse:
    """Every correction that was ever asked for, the newest first."""
    page = Paginator(Adjustment.objects.order_by("-pk"), ROWS).get_page(request.GET.get("page"))
    asked = approvals.found([row.approval_code for row in page.object_list])
    names = people.names_of({request.maker.get_username() for request in asked.values()})
    context = {
        "nav": "ledger",
        "here": "adjustments",
        "rows": [_row(row, asked.get(row.approval_code), names) for row in page.object_list],
        "may_ask": _may_ask(request),
        "page": page,
    }
    return render(request, "desk/books_corrections.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_adjustment_new(request: HttpRequest) -> HttpResponse:
    """Ask for a correction or a reversal; first it is shown what it would do."""
    deed = request.POST.get("deed", "")
    form = CorrectionForm(request.POST if deed == "correct" else None)
    reversal = ReversalForm(
        request.POST if deed == "reverse" else None,
        initial={"reference": request.GET.get("reference", "")},
    )
    status, preview = 200, None
    bound = form if deed == "correct" else reversal
    if request.method == "POST":
        status = 400
        if bound.is_valid():
            try:
                if request.POST.get("step") == "ask":
                    made = _ask(deed, bound.cleaned_data, request)
                    notes.success(request, _("Asked. Others decide now."))
                    return redirect("finance:desk_adjustment", code=made.code)
                preview = _preview(deed, bound.cleaned_data)
                status = 200
            except Refused as refusal:
                status = refuse(bound, refusal)
    context = {
        "nav": "ledger",
        "here": "adjustments",
        "form": form,
        "reversal": reversal,
        "deed": deed,
        "preview": preview,
    }
    return render(request, "desk/books_correction_new.html", context, status=status)


@never_cache
@require_GET
def desk_adjustment(request: HttpRequest, code: str) -> HttpResponse:
    """One correction: moves, balances before and after, who asked, by whose word, why (F212)."""
    row = Adjustment.objects.filter(code=code).first()
    if row is None:
        raise Http404
    asked = approvals.find(row.approval_code)
    words = approvals.words_on(row.approval_code)
    names = people.names_of(
        {asked.maker.get_username(), *(word.checker.get_username() for word in words)}
    )
    entry = ledger.entry_of(f"adjustment:{row.code}")
    context = {
        "nav": "ledger",
        "here": "adjustments",
        "adjustment": row,
        "shown_code": codes.shown(row.code),
        "moves": [Move(*move) for move in row.moves],
        "accounts": _accounts(row.before, row.after),
        "state": _state(asked.state),
        "tone": TONES[asked.state],
        "maker": _name(asked.maker, names),
        "words": [{"name": _name(word.checker, names), "word": word} for word in words],
        "needed": asked.needed,
        "entry": entry,
        "ledger_url": f"{reverse('finance:desk_ledger')}?reference=adjustment:{row.code}",
        "approval_url": reverse("audit:approval", args=[row.approval_code]),
    }
    return render(request, "desk/books_correction.html", context)


def _ask(deed: str, asked: dict[str, Any], request: HttpRequest) -> Adjustment:
    now = timezone.now()
    if deed == "reverse":
        return adjustments.ask_reversal(
            of_reference=asked["reference"].strip(),
            reason=asked["reversal_reason"],
            maker=request.user,
            now=now,
        )
    return adjustments.ask(
        moves=asked["moves"],
        reason=asked["reason"],
        maker=request.user,
        now=now,
        booked_on=asked["booked_on"],
    )


def _preview(deed: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What the correction would do: moves, and each account before and after."""
    if deed == "reverse":
        moves = adjustments.moves_of_reversal(asked["reference"].strip())
    else:
        moves = adjustments.checked(asked["moves"])
    before = ledger.balances({code for move in moves for code in (move.source, move.target)})
    after = dict(before)
    for move in moves:
        after[move.source] -= move.amount
        after[move.target] += move.amount
    return {"moves": moves, "accounts": _accounts(before, after)}


def _accounts(before: dict[str, int], after: dict[str, int] | None) -> list[dict[str, Any]]:
    return [
        {"code": code, "before": fen, "after": None if after is None else after[code]}
        for code, fen in sorted(before.items())
    ]


def _row(row: Adjustment, asked: approvals.Request | None, names: Any) -> dict[str, Any]:
    state = asked.state if asked else "OPEN"
    return {
        "code": codes.shown(row.code),
        "reason": row.reason,
        "amount_fen": sum(fen for _source, _target, fen in row.moves),
        "is_reversal": bool(row.reversal_of),
        "maker": _name(asked.maker, names) if asked else "",
        "asked_at": row.asked_at,
        "state_word": _state(state),
        "state_tone": TONES[state],
        "url": reverse("finance:desk_adjustment", args=[row.code]),
    }


def _state(state: str) -> str:
    return {
        "OPEN": _("Awaits its decision"),
        "PERFORMED": _("Booked"),
        "REFUSED": _("Refused"),
        "EXPIRED": _("Expired"),
    }[state]


def _name(user: Any, names: Any) -> str:
    return str(names.get(user.get_username(), user.get_username()))


def _may_ask(request: HttpRequest) -> bool:
    now: datetime = timezone.now()
    return bool(MAKERS & who.roles(request.user, now))
