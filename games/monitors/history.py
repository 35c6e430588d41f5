"""The results of a game that are known up to a draw: official ones of the past and our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from games.models import Announcement, Draw, Result
from games.rules import Zone
from lottery_portal.lib.dates import in_shanghai


@dataclass(frozen=True, slots=True)
class Drawn:
    """One result, and the day on which it fell."""

    issue: str
    on: date
    numbers: tuple[tuple[int, ...], ...]


def up_to(draw: Draw, zones: Sequence[Zone]) -> list[Drawn]:
    """The results of the draw's game, oldest first, `draw` last; those of other shapes left out."""
    found: dict[str, Drawn] = {}
    published = Announcement.objects.filter(game_id=draw.game_id, issue__lte=draw.issue)
    for issue, on, numbers in published.values_list("issue", "drawn_on", "numbers"):
        found[issue] = _drawn(issue, on, numbers)
    own = Result.objects.filter(draw__game_id=draw.game_id, draw__issue__lte=draw.issue)
    for issue, at, numbers in own.values_list("draw__issue", "draw__draws_at", "numbers"):
        found[issue] = _drawn(issue, in_shanghai(at).date(), numbers)
    shape = [zone.drawn for zone in zones]
    return [
        found[issue]
        for issue in sorted(found)
        if [len(balls) for balls in found[issue].numbers] == shape
        and all(
            zone.first <= min(balls) <= max(balls) <= zone.last
            for balls, zone in zip(found[issue].numbers, zones, strict=True)
        )
    ]


def _drawn(issue: str, on: date, numbers: Sequence[Sequence[int]]) -> Drawn:
    return Drawn(issue, on, tuple(tuple(sorted(balls)) for balls in numbers))
