"""The terminal of an outlet redeems a prize: ticket, identity, briefing, stamp (F085, F277)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import step_up
from accounts.models import User
from games import words as game_words
from lottery_portal.lib import codes
from lottery_portal.lib.errors import Refused, refuse
from partners import claim_authority, outlet_codes
from partners.models import Outlet
from partners.views.terminal import required
from prizes import counter_forms as typed
from prizes.claim_models import Claim, PrizeEnd
from prizes.models import Prize

from . import (
    authenticity,
    cash,
    claim_facts,
    claims,
    confirmation,
    counter,
    limits,
    outlet,
    queue,
    routing,
)
from .claim_refusals import NotAtThisStep, NothingToClaim

State, Way = Claim.State, Claim.Way
SECOND = timedelta(seconds=1)  # before the moment from which it is claimed no more
MONEY = frozenset({"stamp"})


@never_cache
@require_http_methods(["GET", "POST"])
@required
def terminal_claims(request: HttpRequest, place: Outlet) -> HttpResponse:
    """One field for the ticket; below it what this outlet claimed today, and what it still owes."""
    now = timezone.now()
    form = typed.TicketForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            ticket = authenticity.read(form.cleaned_data["ticket"], place=place.code, now=now)
            claims.prize_of(ticket)
        except NothingToClaim:
            shown = codes.shown(codes.typed(form.cleaned_data["ticket"]))
            form.add_error(
                "ticket",
                _("No prize of ticket %(ticket)s waits to be claimed. Please check every letter.")
                % {"ticket": shown},
            )
            status = NothingToClaim.status
        except Refused as refusal_:
            status = refuse(form, refusal_)
        else:
            return redirect("prizes:terminal_claim", ticket=ticket)
    today = list(outlet.today(outlet=place.code, now=now))
    page = {
        "outlet": place,
        "outlet_code": outlet_codes.shown(place.code),
        "form": form,
        "today": [_row(one) for one in today],
        "paid_fen": sum(one.net for one in today if one.state in outlet.ENDED[:2]),
        "missing": [_row(one) for one in outlet.missing(outlet=place.code, now=now)],
    }
    return render(request, "prizes/terminal_claims.html", page, status=status)


@never_cache
@sensitive_post_parameters("number", "name")
@require_http_methods(["GET", "POST"])
@required
def terminal_claim(request: HttpRequest, place: Outlet, ticket: str) -> HttpResponse:
    """One ticket from the authenticity to the stamp; each step waits for the one before it."""
    now, user = timezone.now(), request.user
    assert isinstance(user, User)  # noqa: S101 - the permission table lets only operators in
    try:
        prize = claims.prize_of(ticket)
    except NothingToClaim as refusal_:
        page = {"refusal": refusal_, "ticket": codes.shown(ticket)}
        return render(request, "prizes/terminal_nothing.html", page, status=refusal_.status)
    here = _here(prize, place, user, now)
    step, form = _next(request, here)
    status = 200
    if request.method == "POST":
        if form is None or request.POST.get("action") != step:
            notes.error(request, str(NotAtThisStep()))
            status = NotAtThisStep.status
        elif step in MONEY and not step_up.is_recent(request):
            return redirect(step_up.address(user, request.path))
        elif not form.is_valid():
            status = 400
        else:
            try:
                _DEEDS[step](form, here)
            except Refused as refusal_:
                status = refuse(form, refusal_)
            else:
                return redirect("prizes:terminal_claim", ticket=ticket)
    return render(request, "prizes/terminal_claim.html", _facts(here, step, form), status=status)


@dataclass(frozen=True, kw_only=True)
class _Here:
    """A prize at this terminal now: its claim of this outlet that stands, and who sits there."""

    prize: Prize
    place: Outlet
    user: User
    now: datetime
    claim: Claim | None

    @property
    def is_elsewhere(self) -> bool:
        """Whether the prize is claimed somewhere else."""
        others = Claim.objects.filter(prize=self.prize).exclude(state__in=Claim.STANDS_NOT)
        return self.claim is None and others.exists()

    @property
    def obstacle(self) -> str:
        """Why this outlet does not redeem this prize; "" where it does."""
        prize = self.prize
        if prize.amount > routing.outlets_up_to(prize.draw):
            return _(
                "Outlets do not pay a prize of this amount. The winner goes to the prize centre."
            )
        if not claim_authority.may(
            outlet=self.place.code, game=prize.draw.game.code, fen=prize.amount, at=self.now
        ):
            return _("This outlet is not authorised to redeem this prize. Another one may be.")
        return ""


def _here(prize: Prize, place: Outlet, user: User, now: datetime) -> _Here:
    mine = Claim.objects.filter(prize=prize, way=Way.OUTLET, outlet_code=place.code)
    claim = mine.exclude(state__in=Claim.STANDS_NOT).shown().first()
    return _Here(prize=prize, place=place, user=user, now=now, claim=claim)


def _next(request: HttpRequest, here: _Here) -> tuple[str, forms.Form | None]:
    """The deed that comes next here, and its form; none where others act, or all is done."""
    sent = request.POST if request.method == "POST" else None
    claim = here.claim
    if claim is None:
        is_over = PrizeEnd.objects.filter(prize=here.prize).exists()
        is_open = not is_over and not here.is_elsewhere and not here.obstacle
        return ("open", typed.OpenForm(sent)) if is_open else ("", None)
    step = queue.next_step(claim)
    if step is None or not queue.may(claim, step, user=here.user, now=here.now):
        return "", None
    if step.deed in {"ask", "pay"}:
        return "stamp", typed.DeedForm(sent)
    made = _FORMS.get(step.deed)
    return (step.deed, made(claim, sent)) if made else ("", None)


def _sign(claim: Claim, sent: Any) -> forms.Form:
    language = get_language() or "zh-hans"
    digest = confirmation.digest_of(confirmation.text_of(claim, language))
    return typed.SpotForm(sent, initial={"digest": digest, "language": language})


_FORMS: Mapping[str, Callable[[Claim, Any], forms.Form]] = {
    "check": lambda _claim, sent: typed.IdentityForm(sent),
    "complete": lambda claim, sent: typed.SettleForm(sent, ways=claim_facts.ways_to_pay(claim)),
    "sign": _sign,
}


def _do_open(form: Any, here: _Here) -> None:
    outlet.open_(
        prize=here.prize,
        outlet=here.place.code,
        actor=here.user,
        request_key=form.cleaned_data["request_key"],
        now=here.now,
    )


def _do_check(form: Any, here: _Here) -> None:
    counter.check(code=_code(here), actor=here.user, paper=form.paper(), now=here.now)


def _do_complete(form: Any, here: _Here) -> None:
    method, payee = form.cleaned_data["to"]
    claims.complete(code=_code(here), actor=here.user, method=method, payee=payee, now=here.now)


def _do_sign(form: Any, here: _Here) -> None:
    said = form.cleaned_data
    claims.sign(
        code=_code(here),
        actor=here.user,
        digest=said["digest"],
        language=said["language"],
        now=here.now,
    )


def _do_stamp(_form: Any, here: _Here) -> None:
    outlet.stamp(code=_code(here), outlet=here.place.code, actor=here.user, now=here.now)


def _code(here: _Here) -> str:
    if here.claim is None:
        raise NotAtThisStep
    return here.claim.code


_DEEDS: Mapping[str, Callable[..., None]] = {
    "open": _do_open,
    "check": _do_check,
    "complete": _do_complete,
    "sign": _do_sign,
    "stamp": _do_stamp,
}


def _row(claim: Claim) -> dict[str, Any]:
    return {
        "ticket": codes.shown(claim.prize.ticket.code),
        "url": reverse("prizes:terminal_claim", args=[claim.prize.ticket.code]),
        "game": game_words.game(claim.prize.draw.game),
        "issue": claim.prize.draw.issue,
        "opened_at": claim.opened_at,
        "amount_fen": claim.prize.amount,
        "state": claim.get_state_display(),
        "tone": claim_facts.TONES[claim.state],
    }


def _facts(here: _Here, step: str, form: forms.Form | None) -> dict[str, Any]:
    claim, prize = here.claim, here.prize
    deadline = limits.of(prize)
    language = get_language() or "zh-hans"
    facts = {
        "outlet": here.place,
        "ticket": codes.shown(prize.ticket.code),
        "game": game_words.game(prize.draw.game),
        "prize": prize,
        "claim": claim,
        "authentic": authenticity.of(prize.ticket),
        "is_elsewhere": here.is_elsewhere,
        "obstacle": "" if claim else here.obstacle,
        "end": PrizeEnd.objects.filter(prize=prize).first(),
        "until": deadline.until - SECOND if deadline and deadline.until else None,
        "is_held": bool(deadline and deadline.is_held),
        "step": step,
        "form": form,
    }
    if claim is None:
        return facts
    return facts | {
        "code": codes.shown(claim.code),
        "has_cash": bool(cash.desks(claim)),
        "figures": claim_facts.figures(claim, now=here.now),
        "course": claim_facts.course(claim, claim_facts.steps_of(claim))[:7],
        "text": confirmation.text_of(claim, language) if step == "sign" else "",
        "is_paid": claim.state in {State.PAID, State.ARCHIVED},
        "waits_for_others": claim.state in {State.SIGNED, State.APPROVED} and not step,
    }
