"""Letters of authority that winners write on their pages, and take back (F086; S1 三(二)2).

A letter names one agent by his citizen id, one thing ("prize:…"), and the days on which he may act.
It is signed by the winner's log-in, its text kept as a digest. Nobody acts by a letter alone: an
authority (`proxies`) comes of it when the agent shows the papers of both, and covers nothing any
more when the letter is taken back.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import identity_papers, paper_kinds, proxies
from .models import PaperKind, Player, Proxy, ProxyLetter, ProxyLetterEnd, User
from .paper_kinds import MinorWinner, Paper


class LetterUnknown(Refused):
    """No letter of this number."""

    code, status = "proxy_letter_unknown", 404
    message = _("There is no letter of authority of this number.")


class LetterStands(Refused):
    """One agent at a time for one thing."""

    code = "proxy_letter_stands"
    message = _("Somebody is authorised already. Take that letter back first.")


class AgentUnderAge(Refused):
    """Whoever acts for another is of age."""

    code, status = "proxy_agent_under_age", 400
    message = _("Whoever acts for you must be 18 or older.")


class NotHisLetter(Refused):
    """Only the winner writes and takes back."""

    code, status = "proxy_letter_of_another", 403
    message = _("Only the winner himself writes such a letter and takes it back.")


_REFUSALS: dict[str, type[Refused]] = {
    "proxy_letter_has_a_period": proxies.ProxyIncomplete,
    "proxy_letter_within_a_year": proxies.ProxyIncomplete,
    "proxy_letter_text_digest_is_one": proxies.ProxyIncomplete,
    "proxy_letter_for_another": proxies.AgentIsTheWinner,
    "proxy_letter_agent_is_not_staff": proxies.AgentIsStaff,
    "proxy_letter_by_the_winner": NotHisLetter,
    "proxy_letter_once_while_it_stands": LetterStands,
}


def agent_of(*, name: str, number: str, now: datetime) -> tuple[str, str, bytes]:
    """Name, citizen id and its blind index as they are written down, or a `Refused`.

    Refuses a number that cannot be, a name that no card carries, and who is under age.
    """
    today = dates.in_shanghai(now).date()
    try:
        seen = paper_kinds.examine(
            Paper(kind=PaperKind.ID_CARD, number=number, name=name, valid_until=today), on=today
        )
    except MinorWinner as refusal:
        raise AgentUnderAge(fields=["agent_number"]) from refusal
    return seen.name, seen.number, seen.index


@door
def write(
    *,
    winner: Player,
    agent_name: str,
    agent_number: str,
    object_code: str,
    valid_from: date,
    valid_until: date,
    text_digest: str,
    language: str,
    actor: User,
    now: datetime,
) -> ProxyLetter:
    """Write a letter for one agent and one thing; one stands at a time for it.

    The days are days in Shanghai, both included, a year at most; `text_digest` is the SHA-256 of
    the words that the winner read. Refused: himself, staff, a minor, a day that is over, anybody
    but the winner as `actor`.
    """
    if winner.user_id != actor.pk:
        raise NotHisLetter
    name, number, index = agent_of(name=agent_name, number=agent_number, now=now)
    if valid_until < dates.in_shanghai(now).date():
        raise proxies.ProxyExpired(until=dates.written(valid_until, "date"))
    try:
        letter = ProxyLetter.objects.create(
            winner=winner,
            agent_name=name,
            agent_number=number,
            agent_index=index,
            object_code=object_code,
            valid_from=valid_from,
            valid_until=valid_until,
            language=language,
            text_digest=text_digest,
            written_at=now,  # the database writes its own clock over it
        )
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise
    _note("accounts.proxy_letter_written", letter, actor)
    return letter


@door
def take_back(*, letter: ProxyLetter, actor: User, now: datetime) -> None:
    """Take a letter back: from this moment it covers nothing. A second time changes nothing."""
    if letter.winner.user_id != actor.pk:
        raise NotHisLetter
    _end, is_new = ProxyLetterEnd.objects.get_or_create(
        letter=letter, defaults={"ended_by": actor, "ended_at": now}
    )
    if is_new:
        _note("accounts.proxy_letter_taken_back", letter, actor)


def find(code: str) -> ProxyLetter:
    """The letter of this number, or `LetterUnknown`."""
    letter = _shown().filter(code=code).first()
    if letter is None:
        raise LetterUnknown
    return letter


def about(object_code: str) -> QuerySet[ProxyLetter]:
    """Every letter for this thing, newest first."""
    return _shown().filter(object_code=object_code).order_by("-pk")


def is_taken_back(letter: ProxyLetter) -> bool:
    """Whether the winner took it back."""
    return ProxyLetterEnd.objects.filter(letter=letter).exists()


def check(*, letter: ProxyLetter, for_what: str, at: datetime) -> None:
    """Refuse by name unless the letter covers `for_what` ("prize:…") at this moment."""
    today = dates.in_shanghai(at).date()
    if letter.object_code != for_what:
        raise proxies.ProxyOutOfScope
    if is_taken_back(letter):
        raise proxies.ProxyTakenBack
    if today < letter.valid_from:
        raise proxies.ProxyNotBegun(since=dates.written(letter.valid_from, "date"))
    if today > letter.valid_until:
        raise proxies.ProxyExpired(until=dates.written(letter.valid_until, "date"))


@inside_transaction
def accept(
    *,
    letter: ProxyLetter,
    winner_paper: Paper,
    agent_paper: Paper,
    recorded_by: User,
    now: datetime,
) -> Proxy:
    """Make the letter an authority, by the papers of both as `recorded_by` sees them.

    Refuses as `proxies.record` does, and with `proxies.NotTheAgent` whom the letter does not name.
    """
    seen = paper_kinds.examine(agent_paper, on=dates.in_shanghai(now).date())
    if seen.index != bytes(letter.agent_index):
        raise proxies.NotTheAgent(fields=["agent_number"])
    if seen.kind != PaperKind.ID_CARD:
        raise identity_papers.CitizenIdNeeded(fields=["agent_kind"])
    return proxies.record(
        winner=letter.winner,
        winner_paper=winner_paper,
        agent_paper=agent_paper,
        scope=[letter.object_code],
        valid_from=letter.valid_from,
        valid_until=letter.valid_until,
        letter_digest=letter.text_digest,
        letter=letter,
        recorded_by=recorded_by,
        now=now,
    )


def _shown() -> QuerySet[ProxyLetter]:
    return ProxyLetter.objects.select_related("winner__user", "winner__person", "end")


def _note(action: str, letter: ProxyLetter, actor: User) -> None:
    trail.record(
        action=action,
        actor=actor,
        object_type="player",
        object_code=letter.winner.code,
        body={"letter": letter.code, "for": letter.object_code},
    )
