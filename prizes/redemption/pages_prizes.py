"""A player's own prizes: what waits, what is under way, what is over; and one of them in full."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import who
from finance import bank_accounts
from games import words as game_words
from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import with_unit, yuan
from prizes.claim_models import Claim

from . import (
    agents,
    announcements,
    appointment_facts,
    appointments,
    delays,
    limits,
    papers,
    remote,
    routing,
    vouchers,
    winners,
    words,
)
from .routing import Place
from .winners import Own

PAGE = 20


def mine(request: HttpRequest, code: str) -> Own:
    """The prize of this ticket, if it is his who asks; for everybody else there is no such page."""
    try:
        return winners.find(who.player(request.user), codes.typed(code))
    except Refused as refusal:
        raise Http404 from refusal


def claim_of(request: HttpRequest, code: str) -> Claim:
    """The last claim of that prize; a page of its own there is only while there is one."""
    claim = mine(request, code).claim
    if claim is None:
        raise Http404
    return claim


@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Prizes that wait or are under way, and those that are over, newest first."""
    player, now = who.player(request.user), database_time()
    open_ones = winners.read(list(winners.waiting(player)))
    last_days = limits.last_days([one.prize.pk for one in open_ones])
    page = Paginator(winners.over(player), PAGE).get_page(request.GET.get("page"))
    rows = [_row(one) | {"last_day": last_days.get(one.prize.pk)} for one in open_ones]
    context = {
        "nav": "me",
        "now": now,
        "waiting": [row for row in rows if not row["is_under_way"]],
        "under_way": [row for row in rows if row["is_under_way"]],
        "over": [_row(one) for one in winners.read(list(page.object_list))],
        "page": page,
    }
    return render(request, "prizes/mine.html", context)


@never_cache
@require_safe
def prize(request: HttpRequest, code: str) -> HttpResponse:
    """One prize: amount, where and until when it is claimed, deductions, papers, what comes."""
    own = mine(request, code)
    if own.prize.ticket.code != code:
        return redirect("prizes:prize", code=own.prize.ticket.code)
    return render(request, "prizes/prize.html", _context(own, now=database_time()))


@never_cache
@require_POST
def voucher(request: HttpRequest, code: str) -> HttpResponse:
    """The winner's copy of his voucher, as a paper; the first is the original."""
    claim = claim_of(request, code)
    try:
        found = vouchers.find(claim.code, owner=who.player(request.user))
    except Refused as refusal:
        raise Http404 from refusal
    return as_file(vouchers.take(voucher=found, part=vouchers.Part.WINNER, actor=request.user))


@never_cache
@require_safe
def confirmation(request: HttpRequest, code: str) -> HttpResponse:
    """What the winner signed, as a paper."""
    try:
        file = vouchers.confirmation(claim=claim_of(request, code), actor=request.user)
    except Refused as refusal:
        raise Http404 from refusal
    return as_file(file)


def as_file(file: vouchers.File) -> HttpResponse:
    """A paper as a download."""
    answer = HttpResponse(file.content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return answer


def head(own: Own) -> dict[str, Any]:
    """What every page of a prize says at its top."""
    prize = own.prize
    return {
        "nav": "me",
        "code": prize.ticket.code,
        "amount_fen": prize.amount,
        "game": game_words.game(prize.draw.game),
        "issue": prize.draw.issue,
        "back_url": reverse("prizes:prize", args=[prize.ticket.code]),
    }


def may_change(own: Own) -> bool:
    """Whether the winner may take his claim back, or claim in another way: it is not signed yet."""
    claim = own.claim
    return own.is_under_way and claim is not None and claim.state in Claim.OF_THE_WINNER


def payee_words(claim: Claim) -> str:
    """How and to whom a claim is paid, in words."""
    method = Claim.Method(claim.method) if claim.method else None
    if winners.came_back(claim):
        return str(Claim.Method.WALLET.label)
    if method == Claim.Method.TRANSFER:
        try:
            return bank_accounts.shown(bank_accounts.find(claim.owner, claim.payee))
        except Refused:
            return codes.shown(claim.payee)
    return str(method.label) if method else ""


def _row(own: Own) -> dict[str, Any]:
    tone, word = winners.word(own)
    prize = own.prize
    return {
        "game": game_words.game(prize.draw.game),
        "issue": prize.draw.issue,
        "code": prize.ticket.code,
        "amount_fen": prize.amount,
        "tone": tone,
        "word": word,
        "is_under_way": own.is_under_way,
        "ended_at": own.end.ended_at if own.end else prize.settled_at,
        "url": reverse("prizes:prize", args=[prize.ticket.code]),
    }


def _context(own: Own, *, now: datetime) -> dict[str, Any]:
    prize, claim = own.prize, own.claim
    deadline = limits.of(prize)
    turn = winners.turn(own, deadline=deadline)
    tone, word = winners.word(own)
    deductions = winners.deductions(own, now=now)
    is_bookable = appointment_facts.bookable(own)
    booked = appointments.of(prize, now=now) if is_bookable else None
    return {
        **head(own),
        "prize": prize,
        "own": own,
        "tone": tone,
        "word": word,
        "turn": turn,
        "deductions": deductions,
        "sums": _sums(deductions),
        "deadline": deadline,
        "lines": words.lines(deadline.sum_) if deadline else [],
        "is_late": deadline is not None and deadline.until is not None and deadline.until <= now,
        "places": _places(own),
        "wanted": _wanted(own),
        "steps": winners.timeline(own, deadline=deadline),
        "claim": claim,
        "is_bookable": is_bookable and (booked or appointments.centres(prize, at=now)),
        "booked": booked,
        **(appointment_facts.facts(booked, now=now) if booked else {}),
        "promised_on": delays.day_of(claim) if claim else None,
        "delay": delays.last_notice(claim) if claim and own.is_under_way else None,
        "payee": payee_words(claim) if claim and (own.end or own.is_under_way) else "",
        "came_back": claim is not None and winners.came_back(claim),
        "papers": _papers(claim) if claim else [],
        "may_hand_in": claim is not None
        and claim.way == Claim.Way.REMOTE
        and claim.state in remote.HANDED_IN_WHILE,
        "may_choose": claim is not None
        and claim.state in {Claim.State.COMPLETE, Claim.State.SIGNED},
        "refusal": winners.refusal_of(claim) if claim else None,
        "may_change": may_change(own),
        "may_authorise": not own.is_over and turn.deed in {"open", "object"},
        "agent": next(
            (one for one in agents.letters_of(prize) if agents.standing(one, now=now).is_open), None
        ),
        "may_reopen": claim is not None and claim.state == Claim.State.REFUSED and not own.end,
        "voucher": _voucher(claim) if claim else None,
        "has_signed": claim is not None and claim.papers.filter(kind=papers.CONFIRMATION).exists(),
        "is_large": announcements.is_large(prize, now=now),
        "now": now,
    }


def _sums(found: winners.Deductions) -> list[str]:
    """How the tax is worked out, sentence by sentence."""
    if len(found.parts) > 1:
        together = _(
            "You won %(count)s prizes in this draw. They are added up: %(parts)s = %(sum)s yuan."
        ) % {
            "count": len(found.parts),
            "parts": " + ".join(yuan(fen) for _ticket, fen in found.parts),
            "sum": yuan(found.together),
        }
    else:
        together = _("This is your only prize in this draw: %(sum)s yuan.") % {
            "sum": yuan(found.together)
        }
    figures = {
        "exempt": yuan(found.exempt),
        "rate": found.percent,
        "sum": yuan(found.together),
        "tax": yuan((found.together * found.rate + 5_000) // 10_000),
    }
    if found.together <= found.exempt:
        return [together, _("Up to %(exempt)s yuan no tax is withheld.") % figures]
    return [
        together,
        _("That is more than %(exempt)s yuan, so %(rate)s of the whole sum are tax: %(tax)s yuan.")
        % figures,
    ]


def _places(own: Own) -> dict[str, Any]:
    """Where the prize is claimed, and by which figure that is so."""
    if own.is_over or (own.is_under_way and own.claim and own.claim.way == Claim.Way.REMOTE):
        return {"title": "", "why": "", "url": "", "ways": []}
    draw = own.prize.draw
    asked = {"game": draw.game.code, "draw": draw.issue}  # there his sum of the draw stands
    url = f"{reverse('prizes:where_to_claim')}?{urlencode(asked)}"
    up_to = with_unit(routing.outlets_up_to(draw))
    centre = _("Prize centre of %(operator)s") % {"operator": settings.OPERATOR}
    if own.place == Place.OUTLET:
        return {
            "title": _("At an authorised outlet"),
            "url": url,
            "why": _("In this game outlets pay prizes up to %(up_to)s. Yours is not above it.")
            % {"up_to": up_to},
            "ways": [
                _("At an outlet: show your ticket number and your identity paper."),
                _("Or come to the centre: %(centre)s") % {"centre": centre},
                _("Or from afar: you send photos, and are paid to your balance or bank account."),
            ],
        }
    return {
        "title": centre,
        "url": url,
        "why": _("In this game outlets pay prizes up to %(up_to)s. Yours is above it.")
        % {"up_to": up_to},
        "ways": [
            _("In person: open the claim here and come with your identity paper."),
            _("Or from afar: you send photos, and are paid to your balance or bank account."),
        ],
    }


def _wanted(own: Own) -> list[str]:
    """Which papers are needed, in words."""
    claim = own.claim if own.is_under_way else None
    if own.is_over or (claim is not None and claim.state not in remote.HANDED_IN_WHILE):
        return []
    way = claim.way if claim else ""
    ticket = _("No photo of the ticket: it is electronic, and its proof lies in the file already.")
    if way == Claim.Way.REMOTE:
        return [*map(str, remote.KINDS.values()), ticket]
    here = _("Your identity paper itself, valid: the one your account was confirmed with.")
    number = _("The number of the ticket. It is electronic; there is nothing else to bring.")
    if way == Claim.Way.CENTRE:
        return [here, number]
    return [
        _("In person: bring the identity paper your account was confirmed with, itself and valid."),
        _("From afar: send a photo or scan of that paper, and a photo of you with it."),
        number,
    ]


def _papers(claim: Claim) -> list[dict[str, Any]]:
    """What lies in the file, as its owner may know it."""
    names = {
        **remote.KINDS,
        papers.TICKET: _("Proof of the ticket, put in by us"),
        papers.CONFIRMATION: _("Confirmation you signed"),
        papers.SIGNATURE: _("Your signature"),
        papers.VOUCHER: _("Prize voucher"),
    }
    rows = claim.papers.order_by("pk").values("kind", "digest", "size", "added_at")
    return [
        {**row, "name": names[row["kind"]], "kilobytes": max(1, round(row["size"] / 1024))}
        for row in rows
        if row["kind"] in names
    ]


def _voucher(claim: Claim) -> dict[str, Any] | None:
    found = vouchers.of_claim(claim)
    if found is None:
        return None
    taken = [one for one in found.papers.all() if one.part == vouchers.Part.WINNER]
    return {
        "name": vouchers.number_of(found),
        "is_original": not taken,
        "at": found.written_at,
    }
