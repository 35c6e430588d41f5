"""Authority to act for a winner: what for, how long, papers of both (F086; S1 三(二)2, 四(二)2).

An agent brings the papers; money goes to the winner himself, never to the agent. An authority that
is over, not begun, taken back, or meant for something else is refused, and so is an agent who is
staff: whoever works here collects for nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from lottery_portal.lib import dates
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.errors import Refused

from . import identity_papers, paper_files
from .models import Player, Proxy, ProxyEnd, ProxyLetter, ProxyLetterEnd, User
from .paper_kinds import Paper, PaperExpired, title

LONGEST_DAYS = 366  # the database knows it too


class ProxyExpired(Refused):
    """Its last day is over."""

    code, status = "proxy_expired", 409
    message = _("This authority ended on %(until)s. A new one is needed.")


class ProxyNotBegun(Refused):
    """Its first day is to come."""

    code, status = "proxy_not_begun", 409
    message = _("This authority begins on %(since)s.")


class ProxyTakenBack(Refused):
    """The winner took it back."""

    code, status = "proxy_taken_back", 409
    message = _("The winner has taken this authority back.")


class ProxyOutOfScope(Refused):
    """It is meant for something else."""

    code, status = "proxy_out_of_scope", 403
    message = _("This authority does not cover what is asked for.")


class ProxyIncomplete(Refused):
    """Scope, period or letter is missing or cannot be."""

    code, status = "proxy_incomplete", 400
    message = _(
        "An authority says what it is for, from which day to which (a year at most), and is there "
        "as a signed letter."
    )


class NotTheAgent(Refused):
    """The papers are those of somebody whom the letter does not name."""

    code, status = "proxy_not_the_agent", 409
    message = _("The letter names somebody else. Only who is named in it may act for the winner.")


class AgentIsTheWinner(Refused):
    """Nobody acts for himself."""

    code, status = "proxy_for_himself", 409
    message = _("Winner and agent are the same person. No authority is needed.")


class AgentIsStaff(Refused):
    """Whoever works here collects for nobody."""

    code, status = "proxy_agent_is_staff", 403
    message = _("Members of staff cannot act for a winner.")


_REFUSALS: dict[str, type[Refused]] = {
    "proxy_ends_after_it_begins": ProxyIncomplete,
    "proxy_has_scope": ProxyIncomplete,
    "proxy_has_a_period": ProxyIncomplete,
    "proxy_letter_digest_is_one": ProxyIncomplete,
    "proxy_for_another": AgentIsTheWinner,
    "proxy_agent_is_not_staff": AgentIsStaff,
    "proxy_recorded_by_another": identity_papers.SeenByHimself,
    "proxy_as_its_letter_says": NotTheAgent,
    "proxy_letter_stands": ProxyTakenBack,
}


@door
def take(
    *,
    winner: Player,
    winner_paper: Paper,
    agent_paper: Paper,
    scope: Sequence[str],
    valid_from: date,
    valid_until: date,
    letter_digest: str,
    recorded_by: User,
    now: datetime,
) -> Proxy:
    """Record an authority with the papers of both, as seen by `recorded_by`, or say why not.

    `scope` names what it is for ("prize:…"); the days are days in Shanghai, both included;
    `letter_digest` is the SHA-256 of the scan of the signed letter.
    """
    return record(
        winner=winner,
        winner_paper=winner_paper,
        agent_paper=agent_paper,
        scope=scope,
        valid_from=valid_from,
        valid_until=valid_until,
        letter_digest=letter_digest,
        recorded_by=recorded_by,
        now=now,
    )


@inside_transaction
def record(
    *,
    winner: Player,
    winner_paper: Paper,
    agent_paper: Paper,
    scope: Sequence[str],
    valid_from: date,
    valid_until: date,
    letter_digest: str,
    recorded_by: User,
    now: datetime,
    letter: ProxyLetter | None = None,
) -> Proxy:
    """The same as a step of another door; `letter` is the one that the winner wrote himself."""
    objects = sorted({one.strip() for one in scope} - {""})
    if not objects or not paper_files.is_digest(letter_digest):
        raise ProxyIncomplete
    today = dates.in_shanghai(now).date()
    if valid_until < today:
        raise ProxyExpired(until=dates.written(valid_until, "date"))
    reference = objects[0]
    his = identity_papers.record(
        owner=winner, paper=winner_paper, seen_by=recorded_by, reference=reference, now=now
    )
    agents = identity_papers.record_other(
        paper=agent_paper, seen_by=recorded_by, reference=reference, now=now
    )
    with paper_files.kept(_REFUSALS):
        proxy = Proxy.objects.create(
            principal=winner,
            agent=agents.person,
            principal_paper=his,
            agent_paper=agents,
            scope=objects,
            valid_from=valid_from,
            valid_until=valid_until,
            letter_digest=letter_digest,
            letter=letter,
            recorded_by=recorded_by,
            recorded_at=now,
        )
    _note("accounts.proxy_recorded", proxy, recorded_by, {"scope": objects})
    return proxy


@door
def end(*, proxy: Proxy, reason: str, actor: User, now: datetime) -> None:
    """Take an authority back; a second time changes nothing."""
    if not reason.strip():
        raise ProxyIncomplete
    _made, is_new = ProxyEnd.objects.get_or_create(
        proxy=proxy, defaults={"reason": reason.strip(), "ended_by": actor, "ended_at": now}
    )
    if is_new:
        _note("accounts.proxy_ended", proxy, actor, {"reason": reason.strip()})


def check(*, proxy: Proxy, for_what: str, at: datetime) -> None:
    """Refuse unless the authority covers `for_what` ("prize:…") at this moment.

    Both papers must be valid still: an authority is worth no more than they are.
    """
    today = dates.in_shanghai(at).date()
    if for_what not in proxy.scope:
        raise ProxyOutOfScope
    if ProxyEnd.objects.filter(proxy=proxy).exists() or (
        proxy.letter_id is not None
        and ProxyLetterEnd.objects.filter(letter=proxy.letter_id).exists()
    ):
        raise ProxyTakenBack
    if today < proxy.valid_from:
        raise ProxyNotBegun(since=dates.written(proxy.valid_from, "date"))
    if today > proxy.valid_until:
        raise ProxyExpired(until=dates.written(proxy.valid_until, "date"))
    for paper in (proxy.principal_paper, proxy.agent_paper):
        if paper.valid_until is not None and paper.valid_until < today:
            until = dates.written(paper.valid_until, "date")
            raise PaperExpired(name=title(paper.kind), until=until)


def _note(action: str, proxy: Proxy, actor: User, body: dict[str, object]) -> None:
    paper_files.note(action, proxy.principal, actor, {"proxy": proxy.code, **body})
