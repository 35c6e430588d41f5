"""One ticket of a sealed file: read strictly, and its winning lines counted by writing them out.

A line of the file is nine fields parted by TAB; its last field holds selections, each in one
spelling only: `bet type|places|x multiplier|own or quick`. A selection that is a single line is
looked at directly; any other is expanded, place by place, into all its combinations, and every line
is the combination of one part line from each place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import comb, prod
from operator import lt

from .plays import Known, SheetBet, SheetPlace, SheetPlay, SheetRange
from .sheet import MOST_LINES, Sheet
from .strict import Wrong, shown_bytes
from .tiers import SheetTier

MOST_LINE_BYTES = 1 << 20

_TICKET = re.compile(
    rb"1\t([a-z0-9.-]{1,40})\t([0-9A-Z]{17})\t[0-9a-f]{32}\t([1-9][0-9]{0,8})\t[a-z]{1,20}"
    rb"\t(?:0|[1-9][0-9]{0,18})\t[0-9a-f]{32}\t([!-~]+(?: [!-~]+)*)"
)
_NUMBERS = re.compile(r"(?:[0-9]{2}(?:,[0-9]{2})*#)?[0-9]{2}(?:,[0-9]{2})*")
_TIMES = re.compile(r"x([1-9][0-9]{0,2})")
_FIELDS = 4
_MOST_IN_A_SINGLE = 32
# In games of few numbers the same selections come again and again: so many short ones are kept.
_MOST_KEPT, _MOST_KEPT_BYTES = 1 << 14, 48
_NUMBERS_IN_A_LINE = {"any": 0, "different": 0, "one_pair": 1}

# What one selection is worth knowing: bet type, lines, stake with multiplier, and the winning lines
# of each tier with multiplier.
Counted = tuple[str, int, int, tuple[tuple[int, int], ...]]
# Bankers and drags of a place.
Picks = tuple[tuple[int, ...], tuple[int, ...]]
# Numbers, and what each of them adds to the hits.
Sought = tuple[frozenset[bytes], int]
# Where the numbers of a place stand in a single line, their least and greatest, and what is sought
# among them: first, and besides.
SinglePlace = tuple[int, int, bytes, bytes, Sought, tuple[Sought, ...]]
# How a single line of a bet type is spelt, and what it costs and wins.
Single = tuple[str, re.Pattern[bytes], tuple[SinglePlace, ...], int, dict[int, tuple[int, ...]]]


@dataclass(slots=True)
class BetSums:
    """Sums over the selections of one bet type."""

    selections: int = 0
    lines: int = 0
    stake_fen: int = 0


@dataclass(frozen=True, slots=True)
class _Judged:
    """A play and a draw: what each number adds to the hits of a line, and what hits win."""

    play: SheetPlay
    weights: tuple[dict[int, int], ...]
    wins: dict[int, tuple[int, ...]]


class Reader:
    """Reads the tickets of one draw and counts their lines against the drawn numbers.

    Without `numbers` it reads as strictly and finds no winners.
    """

    __slots__ = ("_draw", "_judged", "_kept", "_sheet", "_singles", "_times", "sums")

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
        known = sheet.known(numbers) if numbers else None
        tiers = sheet.tiers_in_force(special_on=special_on)
        self._judged = {code: _judged(play, tiers, known) for code, play in sheet.plays.items()}
        self._times = sheet.multiplier
        self._kept: dict[bytes, Counted] = {}
        self._singles: dict[bytes, Single] = {}
        for name, bet in sheet.bets.items():
            if _has_single_lines(bet, sheet):
                self._singles[name.encode()] = _single(name, bet, self._judged[bet.play.code])
        self.sums: dict[str, BetSums] = {bet: BetSums() for bet in sheet.bets}

    def ticket(self, line: bytes) -> tuple[bytes, int, dict[int, int]]:
        """Code, price and winning lines per tier of one ticket, or what is wrong with it."""
        fields = _TICKET.fullmatch(line)
        if fields is None:
            raise Wrong("is not a ticket in its one spelling")
        draw, code, price_text, picks = fields.groups()
        if draw != self._draw:
            raise Wrong(f"is a ticket of draw {shown_bytes(draw)}")
        price, amount = int(price_text), 0
        won: dict[int, int] = {}
        single, sums = self._single, self.sums
        for text in picks.split(b" "):
            kind, lines, stake, wins = single(text) or self.selection(text)
            amount += stake
            if amount > price:
                break
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

    def sales(self) -> dict[str, int]:
        """What was staked on each play so far."""
        found = dict.fromkeys(self._sheet.plays, 0)
        for name, known in self.sums.items():
            found[self._sheet.bets[name].play.code] += known.stake_fen
        return found

    def selection(self, text: bytes) -> Counted:
        """One selection of any kind, counted by expansion."""
        known = self._kept.get(text)
        if known is None:
            known = self._counted(text)
            if len(text) <= _MOST_KEPT_BYTES and len(self._kept) < _MOST_KEPT:
                self._kept[text] = known
        return known

    def _counted(self, text: bytes) -> Counted:
        fields = text.decode("ascii").split("|")
        if len(fields) != _FIELDS or fields[3] not in ("own", "quick"):
            raise Wrong(f"has a selection not in its one spelling: “{shown_bytes(text)}”")
        bet, times = self._sheet.bets.get(fields[0]), _TIMES.fullmatch(fields[2])
        if bet is None:
            raise Wrong(f"has a bet type the rule sheet does not know: “{shown_bytes(text)}”")
        least, most = self._times
        if times is None or not least <= int(times[1]) <= most:
            raise Wrong(f"has a multiplier that is not allowed: “{shown_bytes(text)}”")
        picks = _picks(fields[1], bet, text)
        lines, wins = self._expand(bet, picks, text)
        multiplier = int(times[1])
        return (
            fields[0],
            lines,
            lines * multiplier * bet.play.line_fen,
            tuple((tier, count * multiplier) for tier, count in sorted(wins.items())),
        )

    def _expand(
        self, bet: SheetBet, picks: Sequence[Picks], text: bytes
    ) -> tuple[int, Counter[int]]:
        """Every line written out: how many there are, and the tiers that they win."""
        play, judged = bet.play, self._judged[bet.play.code]
        filled = [
            (bankers, drags, place.picked - len(bankers), weights)
            for (bankers, drags), place, weights in zip(
                picks, play.places, judged.weights, strict=True
            )
            if drags
        ]
        lines = prod(comb(len(drags), more) for _bankers, drags, more, _weights in filled)
        if lines > MOST_LINES:
            raise Wrong(f"has a selection of {lines} lines: “{shown_bytes(text)}”")
        found: Counter[int] = Counter()
        if play.pattern == "any":
            self._refuse_lines(bet, lines, text)
            if judged.wins:
                by_place = [_tally(*place) for place in filled]
                for line in product(*by_place):
                    hits, count = 0, 1
                    for part, ways in line:
                        hits += part
                        count *= ways
                    found[hits] += count
        else:
            fitting = [
                line
                for line in product(*(drags for _bankers, drags, _more, _weights in filled))
                if len(set(line)) + _NUMBERS_IN_A_LINE[play.pattern] == len(line)
            ]
            lines = len(fitting)
            self._refuse_lines(bet, lines, text)
            for line_numbers in fitting:
                found[
                    sum(
                        weights.get(number, 0)
                        for number, weights in zip(line_numbers, judged.weights, strict=True)
                    )
                ] += 1
        wins: Counter[int] = Counter()
        for hits, count in found.items():
            for tier in judged.wins.get(hits, ()):
                wins[tier] += count
        return lines, wins

    def _refuse_lines(self, bet: SheetBet, lines: int, text: bytes) -> None:
        if lines < bet.least_lines or lines * bet.play.line_fen > self._sheet.ticket_cap_fen:
            raise Wrong(f"has a selection of {lines} lines: “{shown_bytes(text)}”")

    def _single(self, text: bytes) -> Counted | None:
        """A selection that is one line, looked at directly; None for any other, right or wrong."""
        single = self._singles.get(text[: text.find(b"|")])
        if single is None:
            return None
        name, form, places, line_fen, by_hits = single
        fields = form.fullmatch(text)
        if fields is None:
            return None
        *numbers, times_text = fields.groups()
        hits = 0
        for start, stop, low, top, (sought, weight), besides in places:
            picked = numbers[start:stop]
            if picked[0] < low or picked[-1] > top or not all(map(lt, picked, picked[1:])):
                return None
            hits += len(sought.intersection(picked)) * weight
            for more, more_weight in besides:
                hits += len(more.intersection(picked)) * more_weight
        times = int(times_text)
        least, most = self._times
        if not least <= times <= most:
            return None
        wins = by_hits.get(hits)
        if wins is None:
            return name, 1, times * line_fen, ()
        return name, 1, times * line_fen, tuple((tier, times) for tier in wins)


def _judged(play: SheetPlay, tiers: Sequence[SheetTier], known: Known | None) -> _Judged:
    if known is None:
        return _Judged(play, tuple({} for _place in play.places), {})
    wins: dict[int, tuple[int, ...]] = {}
    taken: set[int] = set()
    for tier in tiers:
        if play.code not in tier.plays or not tier.is_won(known):
            continue
        for hits in map(play.packed, tier.matches):
            if tier.on_top is None:
                if hits in taken:
                    raise Wrong("the rule sheet has two tiers for the same hits in this draw")
                taken.add(hits)
            wins[hits] = (*wins.get(hits, ()), tier.number)
    return _Judged(play, play.weights(known), wins)


def _tally(
    bankers: Sequence[int], drags: Sequence[int], more: int, weights: Mapping[int, int]
) -> list[tuple[int, int]]:
    """The part lines of one place written out: which hits come how often."""
    sure = sum(weights.get(number, 0) for number in bankers)
    each = [weights.get(number, 0) for number in drags]
    tally = Counter(map(sum, combinations(each, more)))
    return [(sure + hits, count) for hits, count in tally.items()]


def _has_single_lines(bet: SheetBet, sheet: Sheet) -> bool:
    """Whether this bet type may be one line of so many numbers as its places take, and no more."""
    is_plain = not (bet.play.filled or bet.least_bankers or bet.same_numbers)
    return (
        is_plain
        and sum(place.picked for place in bet.play.places) <= _MOST_IN_A_SINGLE
        and bet.play.pattern == "any"
        and bet.least_lines <= 1
        and bet.play.line_fen <= sheet.ticket_cap_fen
        and all(
            part.bankers[0] == 0 and part.numbers[0] <= place.picked <= part.numbers[1]
            for part, place in zip(bet.ranges, bet.play.places, strict=True)
        )
    )


def _single(name: str, bet: SheetBet, judged: _Judged) -> Single:
    places = bet.play.places
    numbers = rb"\+".join(b",".join([rb"([0-9]{2})"] * place.picked) for place in places)
    form = name.encode() + rb"\|" + numbers + rb"\|x([1-9][0-9]{0,2})\|(?:own|quick)"
    found: list[SinglePlace] = []
    start = 0
    for place, weights in zip(places, judged.weights, strict=True):
        groups: dict[int, set[bytes]] = {}
        for number, weight in weights.items():
            groups.setdefault(weight, set()).add(b"%02d" % number)
        sought = [(frozenset(group), weight) for weight, group in groups.items()]
        first = sought[0] if sought else (frozenset(), 0)
        stop = start + place.picked
        low, top = b"%02d" % place.first, b"%02d" % place.last
        found.append((start, stop, low, top, first, tuple(sought[1:])))
        start = stop
    return name, re.compile(form), tuple(found), bet.play.line_fen, judged.wins


def _picks(text: str, bet: SheetBet, whole: bytes) -> list[Picks]:
    """Bankers and drags of each place."""
    parts = text.split("+")
    if len(parts) != len(bet.ranges):
        raise Wrong(f"has a selection without one part a place: “{shown_bytes(whole)}”")
    picks = [
        _read_place(part, place, allowed, whole)
        for part, place, allowed in zip(parts, bet.play.places, bet.ranges, strict=True)
    ]
    if bet.play.filled and sum(bool(drags) for _bankers, drags in picks) != bet.play.filled:
        raise Wrong(f"has a selection with the wrong places filled: “{shown_bytes(whole)}”")
    if sum(len(bankers) for bankers, _drags in picks) < bet.least_bankers:
        raise Wrong(f"has too many or too few numbers for its bet: “{shown_bytes(whole)}”")
    if bet.same_numbers and len({(*bankers, *drags) for bankers, drags in picks}) > 1:
        raise Wrong(
            f"has a selection with other numbers from place to place: “{shown_bytes(whole)}”"
        )
    return picks


def _read_place(text: str, place: SheetPlace, allowed: SheetRange, whole: bytes) -> Picks:
    """Bankers and drags of one place; without bankers all numbers are drags."""
    if not text and allowed.numbers[0] == 0:
        return (), ()
    if not _NUMBERS.fullmatch(text):
        raise Wrong(f"has a selection not in its one spelling: “{shown_bytes(whole)}”")
    before, mark, after = text.rpartition("#")
    bankers = tuple(int(number) for number in before.split(",")) if mark else ()
    drags = tuple(int(number) for number in after.split(","))
    everything = bankers + drags
    if (
        min(everything) < place.first
        or max(everything) > place.last
        or len(set(everything)) < len(everything)
    ):
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
