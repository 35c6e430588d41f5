"""Lines that many people had in draws that are over: told before buying, as they share (N17).

Only published draws are looked at, never one that is on sale or sealed, and only lines that many
people had, so that nobody's numbers are found by asking. What was counted lies in the cache: it is
worked out again with the next draw, and where it is lost nothing is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.cache import cache as shared
from django.db import connection
from django.utils.translation import ngettext

from games import bets
from games.models import Announcement, Draw, Game
from games.rules import RuleVersion
from lottery_portal.lib.errors import Refused

from . import quotes

# So many people at least, so that a line tells of a habit and not of somebody.
LEAST_PEOPLE = 20
MOST_LINES = 500  # kept of a draw, those with the most people
LAST_DRAWS = 10
_KEPT_SECONDS = 60 * 24 * 3600

# The two words of picks of a line, and how many people had it.
_Line = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A line of a pick that many had before: in which draw, and how many people."""

    position: int
    issue: str
    people: int

    @property
    def text(self) -> str:
        """The sentence for the page before buying."""
        return ngettext(
            "Pick %(position)s holds a line that %(people)s person had in draw %(issue)s. It is as"
            " likely to win as any other, but a shared prize would be divided among many.",
            "Pick %(position)s holds a line that %(people)s people had in draw %(issue)s. It is as"
            " likely to win as any other, but a shared prize would be divided among many.",
            self.people,
        ) % {"position": self.position, "people": f"{self.people:,}", "issue": self.issue}


def remember(*, draw: Draw, least: int = LEAST_PEOPLE) -> int:
    """Keep the lines of a published draw that at least so many people had; how many there are."""
    if draw.state not in {Draw.State.PUBLISHED, Draw.State.ARCHIVED}:
        raise ValueError(f"Draw {draw.code} is not over: its lines are nobody's business.")
    version = quotes.version_of(draw.rule)
    kinds = [
        kind.code for kind in version.bet_types if _is_shared(version, version.play(kind.play).code)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.mask_2, s.mask_4, count(DISTINCT t.owner_id) AS people"
            " FROM sales_selection s JOIN sales_ticket t ON t.id = s.ticket_id"
            " WHERE s.draw_id = %s AND s.lines = 1 AND s.bet_type = ANY(%s) AND NOT EXISTS ("
            "   SELECT FROM sales_cancellation c WHERE c.ticket_id = t.id)"
            " GROUP BY s.mask_2, s.mask_4 HAVING count(DISTINCT t.owner_id) >= %s"
            " ORDER BY people DESC LIMIT %s",
            [draw.pk, kinds, least, MOST_LINES],
        )
        found = {(first, second): people for first, second, people in cursor.fetchall()}
    shared.set(_name(draw.game, draw.issue), found, _KEPT_SECONDS)
    return len(found)


def told(draw: Draw, selections: Sequence[bets.Selection]) -> list[Notice]:
    """What is told of these picks before they are bought for `draw`: of each its most shared line.

    Picks that share no prize, or that the rules refuse, have nothing told of them.
    """
    version = quotes.version_of(draw.rule)
    known = _known(draw.game)
    found = []
    for position, selection in enumerate(selections, start=1):
        if not known or not _shares_a_prize(version, selection):
            continue
        try:
            masks = bets.check(version, selection).masks
        except Refused:
            continue
        best = max(
            (
                (people, issue)
                for issue, lines in known.items()
                for line, people in lines.items()
                if _is_line_of(line, masks)
            ),
            default=None,
        )
        if best is not None:
            found.append(Notice(position=position, people=best[0], issue=best[1]))
    return found


def _known(game: Game) -> dict[str, Mapping[_Line, int]]:
    """The lines kept of the last published draws of ours, by issue."""
    ours = Announcement.objects.filter(game=game, draw__isnull=False).order_by("-issue")
    issues = ours.values_list("issue", flat=True)[:LAST_DRAWS]
    kept = shared.get_many([_name(game, issue) for issue in issues])
    return {name.rpartition(":")[2]: lines for name, lines in kept.items() if lines}


def _name(game: Game, issue: str) -> str:
    return f"popular:1:{game.code}:{issue}"


def _shares_a_prize(version: RuleVersion, selection: bets.Selection) -> bool:
    kind = version.bet_type(selection.bet_type)
    return kind is not None and _is_shared(version, kind.play)


def _is_shared(version: RuleVersion, play: str) -> bool:
    """Whether a prize of the play is divided among all lines that win it."""
    return any(tier.fixed_fen is None and tier.is_played(play) for tier in version.tiers)


def _is_line_of(line: _Line, masks: Sequence[int]) -> bool:
    """Whether a line is one of those that bankers and picks make, both words alike."""
    return all(
        not mine & ~(sure | mask) and not sure & ~mine
        for mine, sure, mask in zip(line, masks[::2], masks[1::2], strict=True)
    )
