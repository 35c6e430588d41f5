"""Staff pages: withdrawals to prepare, deposits set aside, the books (treasurer and auditor)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as notes
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import step_up, who
from accounts.models import Player
from finance import (
    bank_accounts,
    cases,
    channels,
    debts,
    inbox,
    ledger,
    recalls,
    withdrawal_limits,
    withdrawals,
)
from finance.forms import LedgerForm, ReasonForm
from finance.models import Account, Deposit, Entry, EntryKind, ProviderEvent, Transfer, Withdrawal
from finance.recon import came_back
from lottery_portal.lib import codes, dates, sentences
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import yuan

from .withdraw import steps

ROWS = 50
State = Withdrawal.State
Wait = withdrawals.Wait
FILTERS: dict[str, tuple[str, ...]] = {
    "open": (State.HELD, State.WAITING),
    "bank": (State.APPROVED, State.SENDING, State.UNKNOWN),
    "paid": (State.PAID,),
    "returned": (State.FAILED, State.REFUSED, State.RECALLED, State.RETURNED),
    "all": tuple(State.values),
}
TONES = {
    State.HELD: "waiting",
    State.WAITING: "waiting",
    State.APPROVED: "waiting",
    State.SENDING: "waiting",
    State.UNKNOWN: "attention",
    State.PAID: "done",
    State.FAILED: "wrong",
    State.REFUSED: "draft",
    State.RECALLED: "draft",
    State.RETURNED: "wrong",
}
# Whose deed it is, by the state it is done in: prepare or refuse, call back, say that it came back.
MAY_ACT = {
    State.HELD: frozenset({"cashier"}),
    State.APPROVED: frozenset({"cashier", "treasurer"}),
    State.PAID: frozenset({"cashier", "treasurer"}),
}


@never_cache
@require_GET
def desk_withdrawals(request: HttpRequest) -> HttpResponse:
    """Withdrawals by what they wait for, oldest first while they wait."""
    chosen = request.GET.get("state", "open")
    states = FILTERS.get(chosen, FILTERS["open"])
    found = Withdrawal.objects.filter(state__in=states).select_related("bank_account")
    page = Paginator(
        found.order_by("requested_at" if chosen == "open" else "-requested_at"), ROWS
    ).get_page(request.GET.get("page"))
    context = {
        "nav": "withdrawals",
        "kinds": _chips(chosen),
        "rows": [_row(row) for row in page.object_list],
        "total_fen": found.aggregate(sum=Sum("amount"))["sum"] or 0,
        "page": page,
        "query": urlencode({"state": chosen}),
    }
    return render(request, "desk/withdrawals.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def desk_withdrawal(request: HttpRequest, code: str) -> HttpResponse:
    """One withdrawal: what it is, where it stands, and for a cashier the next deed."""
    try:
        found = withdrawals.find(code)
    except Refused as refusal:
        raise Http404 from refusal
    roles = who.roles(request.user, timezone.now())
    if request.method == "POST" and not roles & {"cashier", "treasurer"}:
        raise PermissionDenied
    may_act = bool(roles & MAY_ACT.get(State(found.state), frozenset()))
    asked = recalls.asked_for(found) if found.state in {State.APPROVED, State.PAID} else None
    form = ReasonForm(request.POST if request.POST.get("action", "prepare") != "prepare" else None)
    status = 200
    if request.method == "POST":
        if not step_up.is_recent(request):
            return redirect(step_up.address(request.user, request.path))
        status = _act(request, found, form)
        if status == 200:  # noqa: PLR2004 - the deed was done
            return redirect("finance:desk_withdrawal", code=code)
    context = {
        "nav": "withdrawals",
        "withdrawal": found,
        "reason": sentences.shown(found.reason),
        "people": 0
        if withdrawals.is_automatic(found)
        else max(withdrawal_limits.people(found.amount, now=timezone.now()), 1),
        "cases": cases.about(object_type="player", object_code=found.player_code),
        "shown_code": codes.shown(found.code),
        "player": codes.shown(found.player_code),
        "bank": bank_accounts.shown(found.bank_account),
        "holder": str(found.bank_account.holder),
        "tone": TONES[State(found.state)],
        "steps": steps(found),
        "form": form,
        "may_act": may_act,
        "asked_url": reverse("audit:approval", args=[asked.code]) if asked else "",
        "unnamed": [
            {
                "day": row.line.booked_on if row.line else None,
                "url": reverse("finance:desk_difference", args=[row.code]),
            }
            for row in (came_back.unnamed(found) if found.state == State.PAID and may_act else [])
        ],
        "approval_url": _approval_url(found),
        "back_url": reverse("audit:approval", args=[found.back_approval_code])
        if found.back_approval_code
        else "",
        "course": _course(found, timezone.now()),
        "automatic_up_to_fen": withdrawal_limits.automatic_up_to(timezone.now()),
    }
    return render(request, "desk/withdrawal.html", context, status=status)


@never_cache
@require_GET
def desk_deposits(request: HttpRequest) -> HttpResponse:
    """Deposits that what the bank told did not fit, and messages about orders nobody knows."""
    found = Deposit.objects.filter(state=Deposit.State.QUARANTINED).order_by("begun_at")
    told = ProviderEvent.objects.filter(
        Q(outcome=ProviderEvent.Outcome.QUARANTINED) | Q(outcome=ProviderEvent.Outcome.WAITING),
        order_code__in=found.values("code"),
    )
    by_order: dict[str, list[ProviderEvent]] = {}
    for event in told.order_by("pk"):
        by_order.setdefault(event.order_code, []).append(event)
    parked = ProviderEvent.objects.filter(
        Q(outcome=ProviderEvent.Outcome.WAITING) | Q(outcome=ProviderEvent.Outcome.QUARANTINED)
    ).exclude(order_code__in=found.values("code"))
    context = {
        "nav": "deposits",
        "rows": [
            {
                "deposit": row,
                "shown_code": codes.shown(row.code),
                "player": codes.shown(row.player_code),
                "events": by_order.get(row.code, []),
                "why": _why_aside(row, by_order.get(row.code, [])),
            }
            for row in found[:ROWS]
        ],
        "parked": [
            {"event": row, "provider": channels.title_of(row.provider)}
            for row in parked.order_by("-received_at")[:ROWS]
        ],
        "may_act": "treasurer" in who.roles(request.user, timezone.now()),
    }
    return render(request, "desk/deposits.html", context)


@require_POST
@step_up.required
def desk_deposit_check(request: HttpRequest, code: str) -> HttpResponse:
    """Ask the bank again about a deposit that was set aside."""
    try:
        found = inbox.check_again(code=code, actor=request.user, now=timezone.now())
    except Refused as refusal:
        notes.error(request, str(refusal))
    else:
        notes.info(
            request,
            _("The bank was asked. The deposit is now: %(state)s.")
            % {"state": found.get_state_display()},
        )
    return redirect("finance:desk_deposits")


@never_cache
@require_GET
def desk_ledger(request: HttpRequest) -> HttpResponse:
    """The books: entries with their movements, found by reference, account, kind and day."""
    form = LedgerForm(request.GET or None, kinds=EntryKind.choices)
    asked = form.cleaned_data if form.is_valid() else {}
    # Leafed by movements: one settlement is one entry with as many movements as winners.
    moves = Transfer.objects.filter(entry__in=_entries(asked).order_by())
    page = Paginator(
        moves.select_related("entry", "source", "target").order_by("-entry_id", "position"), ROWS
    ).get_page(request.GET.get("page"))
    account = Account.objects.filter(code=asked.get("account") or "").first()
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "nav": "ledger",
        "form": form,
        "entries": [
            {"entry": entry, "moves": list(moved)}
            for entry, moved in groupby(page.object_list, key=attrgetter("entry"))
        ],
        "account": account,
        "account_fen": ledger.balance(account.code) if account else None,
        "trial": [
            {"name": _("Real book"), "fen": ledger.trial_balance()},
            {"name": _("Shadow book"), "fen": ledger.trial_balance(is_shadow=True)},
        ],
        "page": page,
        "query": query.urlencode(),
    }
    return render(request, "desk/ledger.html", context)


def _why_aside(row: Deposit, told: list[ProviderEvent]) -> str:
    if any(event.outcome == ProviderEvent.Outcome.QUARANTINED for event in told):
        return _("What was told does not fit the order.")
    if inbox.is_in_doubt(row):
        return _("The institution, asked, has not confirmed the payment.")
    return _("It is above a ceiling of the player.")


def _act(request: HttpRequest, found: Withdrawal, form: ReasonForm) -> int:
    """Do what was asked for in the state it was asked in; the doors look at the state again."""
    action = request.POST.get("action", "")
    if action in {"prepare", "refuse"} and "cashier" not in who.roles(request.user, timezone.now()):
        raise PermissionDenied
    if action not in DEEDS or (action != "prepare" and not form.is_valid()):
        return 400
    try:
        DEEDS[action](request, found.code, form)
    except Refused as refusal:
        notes.error(request, str(refusal))
        return refusal.status
    return 200


def _prepare(request: HttpRequest, code: str, _form: ReasonForm) -> None:
    withdrawals.prepare(code=code, maker=request.user, now=timezone.now())
    notes.success(request, _("Prepared. Another person approves it now."))


def _refuse(request: HttpRequest, code: str, form: ReasonForm) -> None:
    reason = form.cleaned_data["reason"]
    withdrawals.refuse(code=code, actor=request.user, reason=reason, now=timezone.now())
    notes.success(request, _("Refused. The amount is back in the player's balance."))


def _recall(request: HttpRequest, code: str, form: ReasonForm) -> None:
    reason = form.cleaned_data["reason"]
    recalls.ask(code=code, reason=reason, maker=request.user, now=timezone.now())
    notes.success(request, _("Asked. Another person approves it."))


def _returned(request: HttpRequest, code: str, form: ReasonForm) -> None:
    reason = form.cleaned_data["reason"]
    recalls.ask_return(code=code, reason=reason, maker=request.user, now=timezone.now())
    notes.success(request, _("Asked. Another person approves it."))


DEEDS = {"prepare": _prepare, "refuse": _refuse, "recall": _recall, "returned": _returned}


def _chips(chosen: str) -> list[dict[str, Any]]:
    names = {
        "open": _("To be decided"),
        "bank": _("With the bank"),
        "paid": _("Paid out"),
        "returned": _("Returned"),
        "all": _("All"),
    }
    return [
        {"name": name, "url": f"?{urlencode({'state': code})}", "is_on": code == chosen}
        for code, name in names.items()
    ]


def _row(row: Withdrawal) -> dict[str, Any]:
    return {
        "code": codes.shown(row.code),
        "player": codes.shown(row.player_code),
        "bank": bank_accounts.shown(row.bank_account),
        "amount_fen": row.amount,
        "asked_at": row.requested_at,
        "state_word": row.get_state_display(),
        "state_tone": TONES[State(row.state)],
        "url": reverse("finance:desk_withdrawal", args=[row.code]),
    }


def _course(found: Withdrawal, now: datetime) -> str:
    """What becomes of it now that nobody decides on it any more, and what it waits for."""
    if found.state != State.APPROVED:
        return _("Nobody: it takes its course.")
    wait = withdrawals.waits_for(found, now=now)
    if wait is None:
        return _("Nobody: it goes to the bank within a minute.")
    words = {
        Wait.STOP: _("It waits: payouts are stopped. It goes once the last stop is lifted."),
        Wait.DEBT: _(
            "It waits: a bank took back a deposit of this player, and %(amount)s yuan are owed. It "
            "goes once they are paid."
        ),
        Wait.INSTITUTION: _(
            "It waits: no payment institution in force may send money to this account. It goes "
            "once one may."
        ),
    }
    player = Player.objects.get(code=found.player_code)
    return words[wait] % {"amount": yuan(debts.owed(player))}


def _approval_url(found: Withdrawal) -> str:
    return reverse("audit:approval", args=[found.approval_code]) if found.approval_code else ""


def _entries(asked: dict[str, Any]) -> QuerySet[Entry]:
    found = Entry.objects.order_by("-pk")
    if (book := asked.get("book", "")) != "all":
        found = found.filter(is_shadow=book == "shadow")
    if reference := asked.get("reference"):
        found = found.filter(reference__startswith=reference)
    if kind := asked.get("kind"):
        found = found.filter(kind=kind)
    if code := asked.get("account"):
        ids = list(Account.objects.filter(code=code).values_list("pk", flat=True))
        moved = Transfer.objects.filter(Q(source_id__in=ids) | Q(target_id__in=ids))
        found = found.filter(pk__in=moved.values("entry_id"))
    if since := asked.get("since"):
        found = found.filter(posted_at__gte=datetime.combine(since, time.min, dates.SHANGHAI))
    if until := asked.get("until"):
        end = datetime.combine(until + timedelta(days=1), time.min, dates.SHANGHAI)
        found = found.filter(posted_at__lt=end)
    return found
