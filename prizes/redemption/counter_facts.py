"""What the page of one claim at the desk shows, and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.forms import Form
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import vault
from accounts.models import User
from audit import approvals, people
from finance import cases
from games import words as game_words
from lottery_portal.lib import codes, dates
from prizes.claim_models import Claim
from prizes.deadline_models import Hold

from . import (
    agents,
    authenticity,
    claim_facts,
    confirmation,
    delays,
    holds,
    limits,
    lookers,
    paper_names,
    papers,
    payment,
    queue,
    recovery,
    refusal,
    steps,
    visits,
    words,
)

READERS_OF_APPROVALS = frozenset({"claims_officer", "compliance", "approver", "treasurer"})
SECOND = timedelta(seconds=1)  # before the moment from which it is claimed no more
State, Way = Claim.State, Claim.Way


def asked(claim: Claim, kind: str) -> approvals.Request | None:
    """The request of a kind about this claim that waits for others."""
    waiting = (one for one in approvals.under_way(kind) if one.payload["claim"] == claim.code)
    return next(waiting, None)


def of_page(claim: Claim, user: User, now: datetime, shown: Mapping[str, Form]) -> dict[str, Any]:
    today = dates.in_shanghai(now).date()
    taken = claim_facts.steps_of(claim)
    step = queue.next_step(claim)
    deadline = limits.of(claim.prize)
    roles = people.roles_of(user, now)
    promised = delays.day_of(claim)
    language = get_language() or "zh-hans"
    requests = [asked(claim, kind) for kind in (payment.KIND, refusal.KIND, recovery.KIND)]
    return {
        "nav": "claims",
        "claim": claim,
        "code": codes.shown(claim.code),
        "ticket": codes.shown(claim.prize.ticket.code),
        "game": game_words.game(claim.prize.draw.game),
        "tone": claim_facts.TONES[claim.state],
        "sign": "check"
        if claim.state == State.ARCHIVED
        else {"done": "check", "wrong": "alert"}.get(claim_facts.TONES[claim.state], "clock"),
        "meaning": claim_facts.MEANING[claim.state],
        "next": step,
        "may_act": bool(step and step.deed in shown),
        "is_own": steps.bar(claim, people.person_of(user)) == "claim_not_ones_own",
        "who_may": _who_may(step),
        "course": claim_facts.course(claim, taken),
        "log": claim_facts.log(claim, taken),
        "lacks": _lacks(claim),
        "figures": claim_facts.figures(claim, now=now),
        "lines": words.lines(deadline.sum_) if deadline else [],
        "until": deadline.until - SECOND if deadline and deadline.until else None,
        "promised": promised or claim.due_on,
        "is_late": promised is not None and promised < today,
        "notice": delays.last_notice(claim),
        "visitor": visits.present(claim.prize) if claim.way == Way.CENTRE else None,
        "visit_url": _visit_url(claim, roles),
        "cases": _cases(claim, user, now),
        "agent": _agent(claim, now),
        "holds": [
            {"hold": one, "url": reverse("prizes:desk_hold", args=[one.code])}
            for one in Hold.objects.filter(prize=claim.prize).standing()
        ],
        "hold_url": reverse("prizes:desk_holds") if roles & holds.OPENERS else "",
        "authentic": authenticity.of(claim.prize.ticket),
        "papers": [
            {
                "title": paper_names.name(one.kind),
                "paper": one,
                "url": reverse("prizes:desk_claim_paper", args=[claim.code, one.row_uuid]),
            }
            for one in claim.papers.order_by("pk")
        ],
        "opens_papers": bool(roles & vault.ROLES),
        "text": confirmation.text_of(claim, language) if claim.method else "",
        "forms": shown,
        "requests": [
            {
                "title": approvals.kinds()[one.kind].title,
                "at": one.requested_at,
                "url": reverse("audit:approval", args=[one.code])
                if roles & READERS_OF_APPROVALS
                else "",
            }
            for one in requests
            if one is not None
        ],
    }


def _cases(claim: Claim, user: User, now: datetime) -> list[dict[str, Any]]:
    """What people look into, or found; who stands close to the claim is left to compliance."""
    roles, found = (
        people.roles_of(user, now),
        cases.about(object_type="claim", object_code=claim.code),
    )
    return [
        {
            "title": cases.kind_of(case).title,
            "is_open": case.state == cases.State.OPEN,
            "resolution": case.resolution,
            "url": reverse("finance:desk_case", args=[case.code])
            if cases.may_handle(case, roles)
            else "",
        }
        for case in found
        if case.kind != lookers.KIND or cases.may_handle(case, roles)
    ]


def _agent(claim: Claim, now: datetime) -> dict[str, Any] | None:
    """Who acts for the winner, masked, and whether his authority stands."""
    proxy = agents.of_claim(claim)
    if proxy is None:
        return None
    return {
        "name": str(proxy.agent.name),
        "code": proxy.code,
        "letter": proxy.letter.code if proxy.letter else "",
        "until": proxy.valid_until,
        "seen_at": proxy.agent_paper.seen_at,
        "is_in_force": agents.is_in_force(proxy, claim, now=now),
    }


def _visit_url(claim: Claim, roles: frozenset[str]) -> str:
    """Where the visitor is registered without whom this claim is not checked."""
    if claim.way != Way.CENTRE or claim.state != State.OPENED or not roles & visits.ROLES:
        return ""
    return reverse("prizes:desk_visit_new", args=[claim.prize.ticket.code])


def _who_may(step: queue.Next | None) -> str:
    if step is None:
        return ""
    named = people.role_titles(step.roles) if step.roles else ""
    if step.by_winner:
        return f"{_('the winner')}, {named}" if named else _("the winner")
    return named or _("nobody here: the bank answers")


def _lacks(claim: Claim) -> list[dict[str, Any]]:
    """The papers that the policy asks for, to be paid and to be filed, and which are there."""
    to_pay, to_file = (papers.missing(claim, one) for one in (papers.TO_PAY, papers.TO_FILE))
    there = claim.papers.order_by("pk").values_list("kind", flat=True)
    kinds = dict.fromkeys([*to_pay, *to_file, *there])
    return [
        {
            "title": paper_names.name(kind),
            "is_there": kind not in {*to_pay, *to_file},
            "text": _("before it is paid")
            if kind in to_pay
            else _("before it is filed")
            if kind in to_file
            else _("in the file"),
        }
        for kind in kinds
    ]
