"""What one person won in one draw of a game, added up, and where each of his tickets is claimed.

The way of a prize is that of its ticket, until all that its owner won in the draw is more than is
free of tax: then nothing of it goes to the balance by itself (F077, F098; 2024 rule).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import Player
from games.models import Draw

from . import winners
from .winners import Own

MOST_DRAWS = 3


@dataclass(frozen=True, kw_only=True)
class OwnSum:
    """The prizes of one person in one draw, the largest first; figures in fen."""

    draw: Draw
    prizes: Sequence[Own]
    taxed_above: int

    @property
    def together(self) -> int:
        """What they come to."""
        return sum(own.prize.amount for own in self.prizes)

    @property
    def is_taxed(self) -> bool:
        """Whether it is so much that each of them is claimed, the small ones too."""
        return self.together > self.taxed_above

    def of(self, fen: int) -> Own | None:
        """His prize of this amount."""
        return next((own for own in self.prizes if own.prize.amount == fen), None)


def of(player: Player, *, game: str, issue: str = "") -> Sequence[OwnSum]:
    """The sums of a player in a game, the newest draw first: of the draw named, if he won in it.

    Else of the draws of which prizes wait for him, not more than `MOST_DRAWS`.
    """
    won = winners.prizes_of(player).filter(draw__game__code=game)
    waiting = winners.waiting(player).filter(draw__game__code=game)
    draws = list(won.filter(draw__issue=issue).values_list("draw", flat=True)[:1]) if issue else []
    if not draws:
        found = waiting.order_by("-draw__draws_at").values_list("draw", flat=True)
        draws = list(dict.fromkeys(found))[:MOST_DRAWS]
    parts = winners.read(list(won.filter(draw__in=draws).order_by("-amount", "pk")))
    return [_sum([own for own in parts if own.prize.draw_id == draw]) for draw in draws]


def _sum(prizes: Sequence[Own]) -> OwnSum:
    draw = prizes[0].prize.draw
    return OwnSum(draw=draw, prizes=prizes, taxed_above=draw.settlement.taxed_above)
