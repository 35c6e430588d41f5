"""The archive of published results: what is asked for, found, and turned over page by page (F073).

A page is found by the issue it begins after, never by counting rows: a new result does not move
what somebody is reading, and the last page costs as much as the first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.errors import Refused

from . import rules
from .models import Announcement, Game
from .rules import RuleVersion, Zone

PER_PAGE = 20
ANY = frozenset({"?", "？", "*", "_"})

_PARTED = re.compile(r"[\s,，、]+")
_ZONES = re.compile(r"[+＋|]")
_LONGEST_NUMBER, _LONGEST_ISSUE = 2, 10


class NumbersUnreadable(Refused):
    """What was typed cannot be numbers of one draw of the game."""

    code, status = "archive_numbers_unreadable", 400
    message = _("%(text)s cannot have been drawn together in this game.")


class DigitsMissing(Refused):
    """A game of digits is searched place by place."""

    code, status = "archive_digits_missing", 400
    message = _("Give one digit for each of the %(places)s places; a ? stands for any.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody looks for; what is empty is not asked for.

    `numbers`: per zone those that must be among the drawn ones.
    """

    issue: str = ""
    since: date | None = None
    until: date | None = None
    numbers: tuple[tuple[int, ...], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether everything is wanted."""
        return not (self.issue or self.since or self.until or any(self.numbers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some results, newest first, and the issues from which the pages beside it are reached."""

    rows: Sequence[Announcement]
    newer_than: str
    older_than: str


def numbers_of(version: RuleVersion, text: str) -> tuple[tuple[int, ...], ...]:
    """Numbers as people type them, per zone, or a refusal: `03 07 + 16`, `+ 16`, `1 ? 9`.

    Zones are parted by +; of a game of digits every place is given, any digit by a question mark.
    """
    text = text.strip()
    if not text:
        return ()
    zones = version.zones
    if all(zone.drawn == 1 for zone in zones):
        return _digits(zones, text)
    parts = _ZONES.split(text)
    if len(parts) > len(zones):
        raise NumbersUnreadable(text=text)
    found = [_of_zone(zone, part, text) for zone, part in zip(zones, parts, strict=False)]
    return tuple(found) + ((),) * (len(zones) - len(found))


def search(game: Game, asked: Asked) -> QuerySet[Announcement]:
    """Everything published about `game` that is asked for."""
    found = Announcement.objects.filter(game=game).select_related("game")
    if asked.issue:
        found = found.filter(issue__startswith=asked.issue)
    if asked.since:
        found = found.filter(drawn_on__gte=asked.since)
    if asked.until:
        found = found.filter(drawn_on__lte=asked.until)
    for at, wanted in enumerate(asked.numbers):
        if wanted:
            found = found.filter(**{f"numbers__{at}__contains": list(wanted)})
    return found


def page(
    found: QuerySet[Announcement],
    *,
    older_than: str = "",
    newer_than: str = "",
    most: int = PER_PAGE,
) -> Page:
    """The results after the issue `older_than`, or before `newer_than`; the newest for neither."""
    if newer_than and not older_than:
        nearest = found.filter(issue__gt=newer_than).order_by("issue")[: most + 1]
        rows = list(nearest)
        has_newer, rows = len(rows) > most, rows[:most][::-1]
        has_older = bool(rows)
    else:
        wanted = found.filter(issue__lt=older_than) if older_than else found
        rows = list(wanted.order_by("-issue")[: most + 1])
        has_older, rows = len(rows) > most, rows[:most]
        has_newer = bool(older_than and rows) and found.filter(issue__gt=rows[0].issue).exists()
    return Page(
        rows=rows,
        newer_than=rows[0].issue if rows and has_newer else "",
        older_than=rows[-1].issue if rows and has_older else "",
    )


def beside(row_game: Game, issue: str) -> tuple[str, str]:
    """The published issues just before and just after one; empty where there is none."""
    issues = Announcement.objects.filter(game=row_game).values_list("issue", flat=True)
    before = issues.filter(issue__lt=issue).order_by("-issue").first()
    after = issues.filter(issue__gt=issue).order_by("issue").first()
    return before or "", after or ""


def newest() -> list[Announcement]:
    """The last published result of every real game, in the order of the games."""
    newest_of = Announcement.objects.filter(game=OuterRef("pk")).order_by("-issue").values("pk")
    games = Game.objects.filter(is_shadow=False).annotate(last=Subquery(newest_of[:1]))
    found = Announcement.objects.filter(pk__in=games.values("last")).select_related("game")
    return list(found.order_by("game__position"))


def is_issue(text: str) -> bool:
    """Whether a text of an address can be the number of a draw."""
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_ISSUE


def of_issue(issue: str) -> list[Announcement]:
    """What was published under this number, whatever the game."""
    if not is_issue(issue):
        return []
    found = Announcement.objects.filter(game__is_shadow=False, issue=issue)
    return list(found.select_related("game").order_by("game__position"))


def version_of(game: Game) -> RuleVersion:
    """The rules by which numbers are read that somebody types: those in force."""
    return rules.GAMES[game.rules_game].current


def _digits(zones: Sequence[Zone], text: str) -> tuple[tuple[int, ...], ...]:
    signs = [sign for sign in _PARTED.split(_ZONES.sub(" ", text)) if sign]
    if len(signs) == 1 and len(signs[0]) == len(zones):
        signs = list(signs[0])
    if len(signs) != len(zones):
        raise DigitsMissing(places=len(zones))
    return tuple(
        () if sign in ANY else (_number(zone, sign, text),)
        for zone, sign in zip(zones, signs, strict=True)
    )


def _of_zone(zone: Zone, part: str, text: str) -> tuple[int, ...]:
    numbers = {
        _number(zone, sign, text) for sign in _PARTED.split(part) if sign and sign not in ANY
    }
    if len(numbers) > zone.drawn:
        raise NumbersUnreadable(text=text)
    return tuple(sorted(numbers))


def _number(zone: Zone, sign: str, text: str) -> int:
    if not (sign.isascii() and sign.isdigit() and len(sign) <= _LONGEST_NUMBER):
        raise NumbersUnreadable(text=text)
    if not zone.first <= int(sign) <= zone.last:
        raise NumbersUnreadable(text=text)
    return int(sign)
