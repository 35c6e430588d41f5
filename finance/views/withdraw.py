"""Taking money out, and the bank accounts it may go to (F006, F109)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import step_up, who
from accounts.models import Player
from finance import (
    bank_accounts,
    bank_checks,
    channels,
    debts,
    ledger,
    memos,
    recalls,
    withdrawal_limits,
    withdrawals,
)
from finance import wallets as purse
from finance.forms import BankAccountForm, WithdrawForm
from finance.models import BankAccount, Withdrawal
from finance.payers import IdentityRequired
from lottery_portal.lib import codes, sentences
from lottery_portal.lib.errors import Refused

from . import movement, refusals

State = Withdrawal.State
Wait = withdrawals.Wait


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def withdraw(request: HttpRequest) -> HttpResponse:
    """Say how much and where to, look once more, confirm; the amount is held from then on."""
    player, now = who.player(request.user), timezone.now()
    if answer := _not_now(request, player, now):
        return answer
    accounts = bank_checks.confirmed(player)
    purses = purse.purses(player)
    available = purses.withdrawable_fen
    form = WithdrawForm(
        request.POST or None,
        accounts=accounts,
        limits=(
            withdrawal_limits.least(now),
            max(
                0,
                min(
                    available,
                    withdrawal_limits.left_today(player, now),
                    withdrawal_limits.most(now),
                ),
            ),
        ),
        initial={"request_key": uuid4(), "bank_account": accounts[-1].code},
    )
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            if "confirmed" not in request.POST:
                return _last_look(request, form, player, now)
            asked = withdrawals.request(player=player, now=now, **form.cleaned_data)
        except Refused as refusal:
            if not refusals.beside(form, refusal):
                return _refused(request, refusal)
            status = refusal.status
        else:
            return redirect("finance:withdrawal", code=asked.code)
    context = {
        "nav": "me",
        "form": form,
        "available_fen": available,
        "bonus_fen": purses.bonus_fen,
        "held_fen": purse.held(player),
        "automatic_up_to_fen": withdrawal_limits.automatic_left(player, now),
    }
    return render(request, "finance/withdraw.html", context, status=status)


def _not_now(request: HttpRequest, player: Player, now: datetime) -> HttpResponse | None:
    """What stands before any withdrawal of this player, whatever the amount."""
    if not player.is_verified:
        return _refused(request, IdentityRequired())
    try:
        withdrawal_limits.check(player=player, amount=withdrawal_limits.least(now), now=now)
        channels.way_out(now=now)
    except Refused as refusal:
        return _refused(request, refusal)
    if bank_checks.confirmed(player):
        return None
    if bank_accounts.of(player):
        notes.info(request, str(bank_checks.NotConfirmed()))
    else:
        notes.info(request, _("First register a bank account in your own name."))
    return redirect("finance:bank_accounts")


def _last_look(
    request: HttpRequest, form: WithdrawForm, player: Player, now: datetime
) -> HttpResponse:
    """What is about to happen, in figures, and a form that does it; works without script."""
    asked = form.cleaned_data
    after = withdrawal_limits.foresee(player=player, amount=asked["amount"], now=now)
    account = bank_accounts.find(player, asked["bank_account"])
    context = {
        "nav": "me",
        "amount_fen": asked["amount"],
        "account": bank_accounts.shown(account),
        "after_fen": after,
        "is_automatic": asked["amount"] <= withdrawal_limits.automatic_left(player, now),
        "fields": {
            "amount": request.POST["amount"],
            "bank_account": account.code,
            "request_key": asked["request_key"],
            "confirmed": "1",
        },
    }
    return render(request, "finance/withdraw_confirm.html", context)


@never_cache
@require_GET
def withdrawal(request: HttpRequest, code: str) -> HttpResponse:
    """Where a withdrawal stands."""
    try:
        found = withdrawals.find(code, player=who.player(request.user))
    except Refused as refusal:
        return _refused(request, refusal)
    waits = found.state not in withdrawals.ENDED
    tone, note_text = _told(found, timezone.now())
    context = {
        "nav": "me",
        "title": _("Withdrawal"),
        "amount_fen": found.amount,
        "tone": tone,
        "word": _word(found, timezone.now()),
        "steps": steps(found),
        "facts": [
            {"name": _("Number"), "value": codes.shown(found.code)},
            {"name": _("Bank account"), "value": bank_accounts.shown(found.bank_account)},
        ],
        "note_tone": tone if tone != "draft" else "waiting",
        "note_text": note_text,
        "back_url": reverse("finance:wallet"),
        "recall_url": reverse("finance:withdrawal_recall", args=[found.code])
        if recalls.may_player(found)
        else "",
        "actions": [
            {"text": _("To the balance"), "url": reverse("finance:wallet")},
            *([{"text": _("Look again"), "url": request.path}] if waits else []),
        ],
    }
    return movement.page(request, context, waits=waits)


@require_POST
def recall(request: HttpRequest, code: str) -> HttpResponse:
    """Call back a withdrawal that waits for a debt; what comes back pays that first."""
    player = who.player(request.user)
    try:
        recalls.by_player(code=code, player=player, now=timezone.now())
    except Refused as refusal:
        return _refused(request, refusal)
    if debts.owed(player):
        notes.success(request, _("Called back. It has paid a part of what you owe."))
    else:
        notes.success(
            request, _("Called back. What you owed is paid; the rest is in your balance.")
        )
    return redirect("finance:withdrawal", code=code)


@never_cache
@sensitive_post_parameters("number", "holder")
@require_http_methods(["GET", "POST"])
@step_up.required
def accounts(request: HttpRequest) -> HttpResponse:
    """The player's bank accounts, masked, and a form for one more."""
    player = who.player(request.user)
    if not player.is_verified:
        return _refused(request, IdentityRequired())
    form = BankAccountForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            added = bank_accounts.add(player=player, now=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            if not refusals.beside(form, refusal):
                return _refused(request, refusal)
            status = refusal.status
        else:
            _tell_checked(request, added)
            return redirect("finance:bank_accounts")
    context = {
        "nav": "me",
        "form": form,
        "accounts": _shown(player),
        "holder": str(player.person.name) if player.person else "",
    }
    return render(request, "finance/bank_accounts.html", context, status=status)


def _tell_checked(request: HttpRequest, added: BankAccount) -> None:
    """Ask the bank at once; whoever is not answered now is told so, and the queue asks on."""
    try:
        outcome = bank_checks.ask(code=added.name_check.code, now=timezone.now())
    except (OSError, Refused):
        outcome = bank_checks.Outcome.ASKED
    words = {"bank": bank_accounts.shown(added)}
    if outcome == bank_checks.Outcome.DIFFERS:
        notes.error(
            request, _("%(bank)s is not in your name, says the bank. It is not registered.") % words
        )
    elif outcome == bank_checks.Outcome.ASKED:
        notes.info(request, _("%(bank)s is registered. The bank is confirming it.") % words)
    else:
        notes.success(request, _("%(bank)s is registered.") % words)


def _shown(player: Player) -> list[dict[str, Any]]:
    confirmed = {row.pk for row in bank_checks.confirmed(player)}
    return [
        {"account": row, "is_confirmed": row.pk in confirmed} for row in bank_accounts.of(player)
    ]


@require_POST
@step_up.required
def remove_account(request: HttpRequest, code: str) -> HttpResponse:
    """Take a bank account off the list."""
    player = who.player(request.user)
    try:
        bank_accounts.remove(player=player, code=code, now=timezone.now())
    except Refused as refusal:
        return _refused(request, refusal, back="finance:bank_accounts")
    notes.success(request, _("The bank account is removed."))
    return redirect("finance:bank_accounts")


def steps(found: Withdrawal) -> list[dict[str, Any]]:
    """The way of a withdrawal as a timeline, for its player and for the desk."""
    seen: list[dict[str, Any]] = [
        {
            "title": _("Asked for, amount held"),
            "state": "done",
            "at": found.requested_at,
            "text": "",
        }
    ]
    if found.approved_at:
        title = _("No second look needed") if withdrawals.is_automatic(found) else _("Approved")
        seen.append({"title": title, "state": "done", "at": found.approved_at, "text": ""})
    elif found.state in {State.HELD, State.WAITING}:
        seen.append({"title": _("Being checked by staff"), "state": "now", "at": None, "text": ""})
    if found.sent_at:
        seen.append({"title": _("With the bank"), "state": "done", "at": found.sent_at, "text": ""})
    if found.state == State.RETURNED:
        paid = ledger.entry_of(f"withdrawal:{found.code}:paid")
        at = paid.posted_at if paid else None
        seen.append({"title": _("Paid out"), "state": "done", "at": at, "text": ""})
    if found.state in withdrawals.ENDED:
        is_paid = found.state == State.PAID
        seen.append(
            {
                "title": _("Paid out") if is_paid else _("Back in the balance"),
                "state": "done" if is_paid else "halted",
                "at": found.ended_at,
                "text": sentences.shown(found.reason),
            }
        )
    else:
        is_sent = found.state in {State.SENDING, State.UNKNOWN}
        seen.append(
            {"title": _("Paid out"), "state": "now" if is_sent else "todo", "at": None, "text": ""}
        )
    return seen


def _word(found: Withdrawal, now: datetime) -> str:
    """The word of its tag."""
    if found.state == State.APPROVED and withdrawals.waits_for(found, now=now):
        return _("Waiting")
    return memos.stage(found)


def _told(found: Withdrawal, now: datetime) -> tuple[str, str]:
    if found.state == State.PAID:
        return "done", _("The bank has paid it out.")
    if found.state in withdrawals.ENDED:
        return "attention", _came_back(found) % {"reason": sentences.shown(found.reason)}
    if found.state == State.UNKNOWN:
        return "waiting", _("The bank has not answered yet. We are asking; it is never sent twice.")
    if found.state in {State.HELD, State.WAITING}:
        return "waiting", _(
            "A second person looks at this amount first. It is held and cannot be spent."
        )
    return "waiting", _course(found, now)


def _came_back(found: Withdrawal) -> str:
    if found.state == State.RECALLED:
        return _(
            "It was called back before it went out; what you did not owe is in your balance. "
            "Reason: %(reason)s"
        )
    if found.state == State.RETURNED:
        return _(
            "Your bank gave it back after it had been paid; what you did not owe is in your "
            "balance. Reason: %(reason)s"
        )
    return _("It did not go out; the amount is back in your balance. Reason: %(reason)s")


def _course(found: Withdrawal, now: datetime) -> str:
    """What becomes of it now that nobody decides on it any more."""
    wait = withdrawals.waits_for(found, now=now) if found.state == State.APPROVED else None
    if wait == Wait.DEBT:
        return _(
            "Your bank took a deposit back that was already spent. The amount is held; it goes out "
            "once what is owed is paid. You may also call it back and pay with it."
        )
    if wait is not None:
        return _(
            "Payouts rest at present. The amount is held; it goes out by itself as soon as they "
            "go on, and you need do nothing."
        )
    return _("It is on its way to your bank. The amount is held and cannot be spent.")


def _refused(request: HttpRequest, refusal: Refused, back: str = "finance:wallet") -> HttpResponse:
    return refusals.page(
        request, refusal, bar_title=_("No withdrawal made"), back_url=reverse(back)
    )
