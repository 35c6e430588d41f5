"""Prizes claimed by an agent: the winner's letter, papers of both, one claim (F086; S1 三(二)2).

The winner writes who may hand in his claim, for which prize and until which day. The agent comes to
the centre with the number of the letter, his own id card and a paper of the winner; a clerk reads
off both, and opens the claim. The money goes to the winner himself, never to the agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts import messages, proxies, proxy_letters, tries
from accounts.models import Proxy, ProxyLetter
from accounts.paper_kinds import Paper
from audit import canonical
from lottery_portal.lib import codes, dates
from lottery_portal.lib.db import door
from lottery_portal.lib.encryption import masked
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import with_unit
from prizes.claim_models import Claim
from prizes.models import Prize

from . import claims, minors, steps
from .claim_refusals import NotTheOwner, PrizeIsOver

OPENED = "prizes.claim_opened_by_agent"
VERSION = 1
MOST_TRIES, TRIES_WITHIN = 10, timedelta(days=1)


class TooManyLetters(Refused):
    """Whoever tries numbers learns who works here."""

    code, status = "proxy_letters_tried", 429
    message = gettext_lazy(
        "You may write at most %(most)s letters of authority a day. Please try tomorrow."
    )


class LetterNotAgreed(Refused):
    """The words were not read."""

    code, status = "proxy_letter_not_agreed", 400
    message = gettext_lazy("Please read what you authorise, and agree to it.")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What became of a letter: its tone and its word, and whether the agent may still come."""

    tone: str
    word: str
    is_open: bool


def promise(prize: Prize, language: str) -> str:
    """What a winner agrees to before he names an agent, line by line."""
    with translation.override(language):
        lines = [
            _("Letter of authority"),
            _("Ticket: %(ticket)s") % {"ticket": codes.shown(prize.ticket.code)},
            _("Prize: %(amount)s") % {"amount": with_unit(prize.amount)},
            _("The person I name may hand in my claim at the prize centre, and nothing else."),
            _("He shows his own id card and an identity paper of mine, both valid."),
            _("The prize is paid to my balance or to a bank account in my own name."),
            _("I may take this letter back at any time until the claim is checked."),
        ]
    return "\n".join(lines) + "\n"


def write(
    *,
    prize: Prize,
    agent_name: str,
    agent_number: str,
    valid_until: date,
    agreed: str,
    language: str,
    actor: Any,
    now: datetime,
) -> ProxyLetter:
    """Write a letter for one's own prize that waits; `agreed` is the digest of what was read.

    Its digest is over that text with the agent's name, the masked number and the days. Refuses as
    `proxy_letters.write` does, and with `TooManyLetters` who tries numbers of people.
    """
    if prize.owner.user_id != actor.pk:
        raise NotTheOwner
    if hasattr(prize, "end"):
        raise PrizeIsOver
    text = promise(prize, language)
    if agreed != canonical.digest(text):
        raise LetterNotAgreed(fields=["has_agreed"])
    whose = prize.owner.code
    if tries.count(what="proxy_letter", whose=whose, within=TRIES_WITHIN) > MOST_TRIES:
        raise TooManyLetters(most=MOST_TRIES)
    name, number, _index = proxy_letters.agent_of(name=agent_name, number=agent_number, now=now)
    today = dates.in_shanghai(now).date()
    whole = {
        "text": text,
        "version": VERSION,
        "agent": name,
        "number": masked("citizen_id", number),
        "from": today.isoformat(),
        "until": valid_until.isoformat(),
    }
    return proxy_letters.write(
        winner=prize.owner,
        agent_name=name,
        agent_number=number,
        object_code=minors.object_of(prize),
        valid_from=today,
        valid_until=valid_until,
        text_digest=canonical.digest(canonical.text(whole)),
        language=language,
        actor=actor,
        now=now,
    )


def letters_of(prize: Prize) -> Sequence[ProxyLetter]:
    """Every letter for a prize, newest first."""
    return list(proxy_letters.about(minors.object_of(prize)))


def standing(letter: ProxyLetter, *, now: datetime) -> Standing:
    """Whether a letter stands, is over, or was taken back."""
    if proxy_letters.is_taken_back(letter):
        return Standing(
            tone="draft", word=pgettext("of a letter of authority", "Taken back"), is_open=False
        )
    if dates.in_shanghai(now).date() > letter.valid_until:
        return Standing(
            tone="draft", word=pgettext("of a letter of authority", "Over"), is_open=False
        )
    return Standing(tone="done", word=_("In force"), is_open=True)


def prize_of(letter: ProxyLetter) -> Prize:
    """The prize that a letter is for, or `NothingToClaim`."""
    _kind, _colon, ticket = letter.object_code.partition(":")
    return claims.prize_of(ticket)


def open_(
    *,
    letter: str,
    ticket: str,
    winner_paper: Paper,
    agent_paper: Paper,
    actor: Any,
    request_key: UUID,
    now: datetime,
) -> Claim:
    """Open the winner's claim at the centre for the agent who stands there with both papers.

    Refuses by name a letter that is over, not begun, taken back or for another ticket, papers that
    do not fit, and as `claims.open_` does. Repeating a `request_key` leads to the first claim.
    """
    steps.in_post(actor, claims.CLERKS, now)
    found = proxy_letters.find(letter)
    prize = claims.prize_of(ticket)
    known = Claim.objects.shown().filter(opened_by=actor, request_key=request_key).first()
    if known is None:
        proxy_letters.check(letter=found, for_what=minors.object_of(prize), at=now)
    proxy = _accept(found, winner_paper, agent_paper, actor, now) if known is None else None
    claim = claims.open_(
        prize=prize,
        way=Claim.Way.CENTRE,
        actor=actor,
        claimant=prize.owner,
        proxy=proxy,
        request_key=request_key,
        now=now,
    )
    _tell(claim, now)
    return claim


def of_claim(claim: Claim) -> Proxy | None:
    """The authority by which an agent opened a claim; None where nobody acted for the winner."""
    first = claim.steps.order_by("number").first()
    code = first.body.get("proxy") if first else None
    if not code:
        return None
    return (
        Proxy.objects.select_related("agent", "agent_paper", "principal_paper", "letter")
        .filter(code=code)
        .first()
    )


def is_in_force(proxy: Proxy, claim: Claim, *, now: datetime) -> bool:
    """Whether the authority covers the prize of the claim at this moment."""
    try:
        proxies.check(proxy=proxy, for_what=minors.object_of(claim.prize), at=now)
    except Refused:
        return False
    return True


@door
def _accept(
    letter: ProxyLetter, winner_paper: Paper, agent_paper: Paper, actor: Any, now: datetime
) -> Proxy:
    return proxy_letters.accept(
        letter=letter,
        winner_paper=winner_paper,
        agent_paper=agent_paper,
        recorded_by=actor,
        now=now,
    )


@door
def _tell(claim: Claim, now: datetime) -> None:
    messages.send(
        user=claim.owner.user,
        kind=OPENED,
        params={"ticket": claim.prize.ticket.code, "claim": claim.code},
        natural_key=f"{OPENED}:{claim.code}",
        now=now,
    )
