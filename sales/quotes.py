"""What selections cost and how likely they win, by the rules of one draw: one door, `quote`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import combinations, product
from math import comb, prod

from django.utils.translation import gettext_lazy as _

from games import bets, odds, rules
from games.models import Draw, RuleSheet
from games.rules import RuleVersion
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
        """The exact chance of the first prize: the share of all results that are lines of it."""
        lines = {
            line for checked in self.selections for line in _lines(self.version, checked.masks)
        }
        return Fraction(
            len(lines), prod(comb(zone.size, zone.drawn) for zone in self.version.zones)
        )

    def odds(self) -> odds.Odds:
        """The exact chances of all its lines, or `OddsNotCounted`; never an approximation."""
        if len(self.selections) > MOST_COUNTED:
            raise OddsNotCounted
        chances = odds.of(
            self.version,
            [checked.masks for checked in self.selections],
            special_on=self.draw.special_on,
        )
        if chances is None:
            raise OddsNotCounted
        return chances


def quote(*, draw: Draw, selections: Sequence[bets.Selection], now: datetime) -> Quote:  # noqa: ARG001 - a price may depend on the moment, callers always say it
    """Check every selection by the rules of `draw` and price the ticket, or raise the refusal.

    Each rule that is broken has a refusal of its own (F032), the price cap of a ticket included
    (F028). Whether the draw takes tickets is judged by the sale itself.
    """
    if not selections:
        raise NothingChosen
    if len(selections) > MOST_SELECTIONS:
        raise TooManySelections(most=MOST_SELECTIONS, given=len(selections))
    version = version_of(draw.rule)
    checked = tuple(bets.check(version, selection) for selection in selections)
    return Quote(
        draw=draw,
        version=version,
        selections=checked,
        lines=sum(one.lines for one in checked),
        price_fen=bets.check_ticket(version, checked),
    )


def _lines(version: RuleVersion, masks: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The lines of a checked selection, one mask a zone; the price cap keeps them few."""
    zones = []
    for at, zone in enumerate(version.zones):
        bankers, picks = masks[2 * at], masks[2 * at + 1]
        bits = [1 << bit for bit in range(zone.size) if picks >> bit & 1]
        drags = combinations(bits, zone.picked - bankers.bit_count())
        zones.append([bankers | sum(some) for some in drags])
    return product(*zones)


def version_of(sheet: RuleSheet) -> RuleVersion:
    """The rules a sheet stands for; refused as a bug when code and approved sheet differ."""
    version = _VERSIONS.get(sheet.digest)
    if version is None:
        version = rules.by_code(sheet.code)
        if rules.rule_sheet_digest(version) != sheet.digest:
            raise RuleSheetDiffers(sheet.code)
        _VERSIONS[sheet.digest] = version
    return version
