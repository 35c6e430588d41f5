"""One ticket of a sealed file: read strictly, and its winning lines counted by writing them out.

A line of the file is nine fields parted by TAB; its last field holds selections, each in one
spelling only: `bet type|zones|x multiplier|own or quick`. A selection of single lines is looked at
directly; any other is expanded, zone by zone, into all its combinations, and every line is the
combination of one part line from each zone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import comb
from operator import lt

from .sheet import Sheet, SheetBet, SheetRange, SheetZone
from .strict import Wrong, shown_bytes

MOST_LINE_BYTES = 1 << 20

_TICKET = re.compile(
    rb"1\t([a-z0-9.-]{1,40})\t([0-9A-Z]{17})\t[0-9a-f]{32}\t([1-9][0-9]{0,8})\t[a-z]{1,20}"
    rb"\t(?:0|[1-9][0-9]{0,18})\t[0-9a-f]{32}\t([!-~]+(?: [!-~]+)*)"
)
_NUMBERS = re.compile(r"(?:[0-9]{2}(?:,[0-9]{2})*#)?[0-9]{2}(?:,[0-9]{2})*")
_TIMES = re.compile(r"x([1-9][0-9]{0,2})")
_FIELDS = 4

# What one selection is worth knowing: bet type, lines without and with multiplier, and the winning
# lines of each tier with multiplier.
Counted = tuple[str, int, int, tuple[tuple[int, int], ...]]
# Bankers and drags of a zone.
Picks = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(slots=True)
class BetSums:
    """Sums over the selections of one bet type."""

    selections: int = 0
    lines: int = 0
    stake_fen: int = 0


class Reader:
    """Reads the tickets of one draw and counts their lines against the drawn numbers.

    Without `numbers` it reads as strictly and finds no winners.
    """

    __slots__ = ("_draw", "_drawn", "_sheet", "_single_form", "_single_zones", "_tiers", "sums")

    def __init__(
        self,
        sheet: Sheet,
        *,
        draw: str,
        numbers: Sequence[Sequence[int]] = (),
        special_on: bool = False,
    ) -> None:
        self._sheet = sheet
        self._draw = draw.encode("ascii")
        self._drawn = [frozenset(zone) for zone in numbers] or [frozenset() for _ in sheet.zones]
        self._tiers = {
            hits: tier.number
            for tier in (sheet.tiers_in_force(special_on=special_on) if numbers else ())
            for hits in tier.matches
        }
        self._single_form = _single_form(sheet)
        self._single_zones = _single_zones(sheet, self._drawn)
        self.sums: dict[str, BetSums] = {bet: BetSums() for bet in sheet.bets}

    def ticket(self, line: bytes) -> tuple[bytes, int, dict[int, int]]:
        """Code, price and winning lines per tier of one ticket, or what is wrong with it."""
        fields = _TICKET.fullmatch(line)
        if fields is None:
            raise Wrong("is not a ticket in its one spelling")
        draw, code, price_text, picks = fields.groups()
        if draw != self._draw:
            raise Wrong(f"is a ticket of draw {shown_bytes(draw)}")
        price, unit, amount = int(price_text), self._sheet.price_fen, 0
        won: dict[int, int] = {}
        single, sums = self._single, self.sums
        for text in picks.split(b" "):
            kind, lines, times_lines, wins = single(text) or self.selection(text)
            stake = times_lines * unit
            amount += stake
            known = sums[kind]
            known.selections += 1
            known.lines += lines
            known.stake_fen += stake
            for tier, count in wins:
                won[tier] = won.get(tier, 0) + count
        if amount != price:
            raise Wrong(f"says {price} fen, its selections cost {amount}")
        if price > self._sheet.ticket_cap_fen:
            raise Wrong(f"costs {price} fen, more than a ticket may")
        return code, price, won

    def selection(self, text: bytes) -> Counted:
        """One selection of any kind, counted by expansion."""
        fields = text.decode("ascii").split("|")
        if len(fields) != _FIELDS or fields[3] not in ("own", "quick"):
            raise Wrong(f"has a selection not in its one spelling: “{shown_bytes(text)}”")
        bet, times = self._sheet.bets.get(fields[0]), _TIMES.fullmatch(fields[2])
        if bet is None:
            raise Wrong(f"has a bet type the rule sheet does not know: “{shown_bytes(text)}”")
        least, most = self._sheet.multiplier
        if times is None or not least <= int(times[1]) <= most:
            raise Wrong(f"has a multiplier that is not allowed: “{shown_bytes(text)}”")
        picks = self._picks(fields[1], bet, text)
        lines = 1
        for (bankers, drags), zone in zip(picks, self._sheet.zones, strict=True):
            lines *= comb(len(drags), zone.picked - len(bankers))
        if lines < bet.least_lines or lines * self._sheet.price_fen > self._sheet.ticket_cap_fen:
            raise Wrong(f"has a selection of {lines} lines: “{shown_bytes(text)}”")
        multiplier = int(times[1])
        wins = self._expand(picks) if self._tiers else Counter()
        return (
            fields[0],
            lines,
            lines * multiplier,
            tuple((tier, count * multiplier) for tier, count in sorted(wins.items())),
        )

    def _picks(self, text: str, bet: SheetBet, whole: bytes) -> list[Picks]:
        """Bankers and drags of each zone."""
        zones = text.split("+")
        if len(zones) != len(self._sheet.zones):
            raise Wrong(f"has a selection without one part a zone: “{shown_bytes(whole)}”")
        return [
            _read_zone(part, zone, allowed, whole)
            for part, zone, allowed in zip(zones, self._sheet.zones, bet.ranges, strict=True)
        ]

    def _expand(self, picks: list[Picks]) -> Counter[int]:
        """Every line written out: its hits in each zone, and the tier they win."""
        by_zone: list[list[tuple[int, int]]] = []
        for (bankers, drags), zone, drawn in zip(
            picks, self._sheet.zones, self._drawn, strict=True
        ):
            sure = sum(number in drawn for number in bankers)
            is_hit = [number in drawn for number in drags]
            part_lines = combinations(is_hit, zone.picked - len(bankers))
            tally = Counter(map(sum, part_lines))
            by_zone.append([(sure + hits, count) for hits, count in tally.items()])
        wins: Counter[int] = Counter()
        for line in product(*by_zone):
            tier = self._tiers.get(tuple(hits for hits, _count in line))
            if tier is not None:
                count = 1
                for _hits, part in line:
                    count *= part
                wins[tier] += count
        return wins

    def _single(self, text: bytes) -> Counted | None:
        """A selection that is one line, looked at directly; None for any other, right or wrong."""
        fields = self._single_form.fullmatch(text) if self._single_form else None
        if fields is None:
            return None
        *numbers, times_text = fields.groups()
        hits = []
        for start, stop, top, drawn in self._single_zones:
            picked = numbers[start:stop]
            if picked[0] < b"01" or picked[-1] > top or not all(map(lt, picked, picked[1:])):
                return None
            hits.append(len(drawn.intersection(picked)))
        times = int(times_text)
        least, most = self._sheet.multiplier
        if not least <= times <= most:
            return None
        tier = self._tiers.get(tuple(hits))
        return "single", 1, times, () if tier is None else ((tier, times),)


def _single_form(sheet: Sheet) -> re.Pattern[bytes] | None:
    """How a single line is spelt under this sheet; None if it knows no such bet."""
    bet = sheet.bets.get("single")
    if bet is None or bet.least_lines > 1 or sheet.price_fen > sheet.ticket_cap_fen:
        return None
    for part, zone in zip(bet.ranges, sheet.zones, strict=True):
        if part.numbers != (zone.picked, zone.picked) or part.bankers != (0, 0):
            return None
    zones = rb"\+".join(b",".join([rb"([0-9]{2})"] * zone.picked) for zone in sheet.zones)
    return re.compile(rb"single\|" + zones + rb"\|x([1-9][0-9]{0,2})\|(?:own|quick)")


def _single_zones(
    sheet: Sheet, drawn: Sequence[frozenset[int]]
) -> list[tuple[int, int, bytes, frozenset[bytes]]]:
    """Where the numbers of each zone stand in a single line, their greatest, and the drawn ones."""
    found, start = [], 0
    for zone, numbers in zip(sheet.zones, drawn, strict=True):
        spelt = frozenset(b"%02d" % number for number in numbers)
        found.append((start, start + zone.picked, b"%02d" % zone.size, spelt))
        start += zone.picked
    return found


def _read_zone(text: str, zone: SheetZone, allowed: SheetRange, whole: bytes) -> Picks:
    """Bankers and drags of one zone; without bankers all numbers are drags."""
    if not _NUMBERS.fullmatch(text):
        raise Wrong(f"has a selection not in its one spelling: “{shown_bytes(whole)}”")
    before, mark, after = text.rpartition("#")
    bankers = tuple(int(number) for number in before.split(",")) if mark else ()
    drags = tuple(int(number) for number in after.split(","))
    everything = bankers + drags
    if min(everything) < 1 or max(everything) > zone.size or len(set(everything)) < len(everything):
        raise Wrong(f"has a number twice or out of range: “{shown_bytes(whole)}”")
    if list(bankers) != sorted(bankers) or list(drags) != sorted(drags):
        raise Wrong(f"has a selection not in its one spelling: “{shown_bytes(whole)}”")
    for count, (least, most) in (
        (len(everything), allowed.numbers),
        (len(bankers), allowed.bankers),
    ):
        if not least <= count <= most:
            raise Wrong(f"has too many or too few numbers for its bet: “{shown_bytes(whole)}”")
    return bankers, drags
