"""What selections cost and how likely they win, by the rules of one draw: one door, `quote`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import combinations, product
from math import comb, prod

from django.utils.translation import gettext_lazy as _

from games import bets, limits, odds, rules
from games.models import Draw, RuleSheet
from games.rules import RuleVersion
from games.rules.picks import Play
from lottery_portal.lib.errors import Refused

MOST_SELECTIONS = 200
# Counting overlaps takes seconds beyond this, and then mostly ends without an answer.
MOST_COUNTED = 6

_VERSIONS: dict[str, RuleVersion] = {}


class NothingChosen(Refused):
    """No selection was given."""

    code, status = "nothing_chosen", 400
    message = _("Nothing is chosen yet.")


class TooManySelections(Refused):
    """More selections than one ticket holds."""

    code = "too_many_selections"
    message = _("One ticket holds at most %(most)s picks; you chose %(given)s.")


class OddsNotCounted(Refused):
    """The picks overlap in too many ways to be counted while somebody waits."""

    code, status = "odds_not_counted", 422
    message = _("These picks overlap in too many ways to be counted here.")


class RuleSheetDiffers(RuntimeError):
    """The rules in this code are not the approved rules of the draw; nothing is sold by them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One ticket as it would be sold: its selections checked, its lines and its price."""

    draw: Draw
    version: RuleVersion
    selections: tuple[bets.CheckedSelection, ...]
    lines: int
    price_fen: int

    def first_prize(self) -> Fraction:
        """The exact chance of the best prize, or `OddsNotCounted`.

        Where only a line that is the whole result wins it, it is the share of all results that are
        lines of the ticket, however many selections there are.
        """
        plays = {self.version.play_of(one.selection.bet_type) for one in self.selections}
        best = {_won_by_the_result(self.version, play) for play in plays}
        if len(best) > 1 or None in best:
            return self.odds().first_prize
        lines = {
            line
            for checked in self.selections
            for line in _lines(self.version.play_of(checked.selection.bet_type), checked.masks)
        }
        return Fraction(len(lines), _results(self.version, plays))

    def odds(self) -> odds.Odds:
        """The exact chances of all its lines, or `OddsNotCounted`; never an approximation."""
        if len(self.selections) > MOST_COUNTED:
            raise OddsNotCounted
        chances = odds.of(
            self.version,
            [checked.masks for checked in self.selections],
            special_on=self.draw.special_on,
            bet_types=[checked.selection.bet_type for checked in self.selections],
        )
        if chances is None:
            raise OddsNotCounted
        return chances


def quote(
    *,
    draw: Draw,
    selections: Sequence[bets.Selection],
    now: datetime,  # noqa: ARG001 - a price may depend on the moment, callers always say it
    was_sold: bool = False,
) -> Quote:
    """Check every selection by the rules of `draw` and price the ticket, or raise the refusal.

    Each rule that is broken has a refusal of its own (F032), the price cap of a ticket included
    (F028). Whether the draw takes tickets is judged by the sale itself. What `was_sold` is priced
    as it was, whatever lines were withdrawn since.
    """
    if not selections:
        raise NothingChosen
    if len(selections) > MOST_SELECTIONS:
        raise TooManySelections(most=MOST_SELECTIONS, given=len(selections))
    version = version_of(draw.rule)
    limited = limits.of(draw) if version.limits_numbers and not was_sold else ()
    checked = tuple(bets.check(version, one, limited=limited) for one in selections)
    return Quote(
        draw=draw,
        version=version,
        selections=checked,
        lines=sum(one.lines for one in checked),
        price_fen=bets.check_ticket(version, checked),
    )


def lines_that_differ(version: RuleVersion, play: Play) -> int | None:
    """How many lines of a play there are, if exactly one of them wins its best prize in each draw.

    The chance of the best prize is then the share of these lines that are bought; else None.
    """
    return None if _won_by_the_result(version, play) is None else _results(version, [play])


def _results(version: RuleVersion, plays: Iterable[Play]) -> int:
    zones = {place.code for play in plays for place in play.places}
    return prod(comb(zone.size, zone.drawn) for zone in version.zones if zone.code in zones)


def _won_by_the_result(version: RuleVersion, play: Play) -> int | None:
    """The best tier of a play, if a line wins it that is the whole result, and no other does."""
    zones = {zone.code: zone for zone in version.zones}
    looked_at = [(one.place, one.fact) for part in play.measures for one in part.against]
    drawn = [
        zones[place.code].drawn if place.code in zones else 0
        for place in play.places
        if (place.code, place.code) in looked_at
    ]
    if play.filled or play.pattern != "any" or drawn != [place.picked for place in play.places]:
        return None
    all_hits = tuple(
        sum(place.picked for place in play.places for one in part.against
            if (one.place, one.fact) == (place.code, place.code))
        for part in play.measures
    )  # fmt: skip
    best = next(tier for tier in version.tiers if tier.is_played(play.code))
    return best.number if best.matches == (all_hits,) else None


def _lines(play: Play, masks: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The lines of a checked selection, one mask a place; the price cap keeps them few."""
    places = []
    for place in play.places:
        bankers, picks = place.lifted(masks[::2]), place.lifted(masks[1::2])
        bits = [1 << bit for bit in range(place.size) if picks >> bit & 1]
        drags = combinations(bits, place.picked - bankers.bit_count())
        places.append([bankers | sum(some) for some in drags])
    return product(*places)


def version_of(sheet: RuleSheet) -> RuleVersion:
    """The rules a sheet stands for; refused as a bug when code and approved sheet differ."""
    version = _VERSIONS.get(sheet.digest)
    if version is None:
        version = rules.by_code(sheet.code)
        if rules.rule_sheet_digest(version) != sheet.digest:
            raise RuleSheetDiffers(sheet.code)
        _VERSIONS[sheet.digest] = version
    return version
