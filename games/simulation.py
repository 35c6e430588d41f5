"""Your pattern over 10,000 draws: a bet held against draws by chance, beside what is exact (N16).

The draws are made from a *seed* that is told with the outcome: who knows it makes the same draws
again, by the few lines of `draws_of`. Lines and hits are counted by the exact rules of the game.
What a line wins is the fixed amount of its tier; a floating tier has the average prize that was
announced under the same rules, and a tier without one counts as nothing, which the page says.

The expectation is not simulated: it is the exact chance of every tier times the same amounts.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from itertools import product
from math import prod
from typing import Literal

from django.core.cache import cache as shared

from . import bets, counting, odds, rules
from .bets import CheckedSelection
from .models import Announcement, Game
from .quick_pick import sample
from .rules import RuleVersion, Tier, Zone
from .rules.picks import Place, Play
from .rules.prizes import WHOLE

DRAWS = 10_000
LARGEST_SEED = 999_999_999
AVERAGE_OF = 100  # announcements that the average of a floating prize is taken over
POINTS = 100  # of the course of money
# From how many times the price on a prize is counted in which step.
STEPS = (0, 1, 10, 100, 1_000)

_CHUNK = 65_536
_WORD = 1 << 32
# So many results are looked at one by one; with more, the lines of a play have the same chance.
_FEW_RESULTS = 1_000
_KEPT_SECONDS = 3600

Hits = Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """What a line of a tier is taken to win, and where that comes from."""

    fen: int
    source: Literal["fixed", "announced", "unknown"]
    draws: int = 0  # of which the announced average is taken


@dataclass(frozen=True, slots=True, kw_only=True)
class TierFigures:
    """One tier: what a line wins, how many winning lines there were, how many are expected."""

    number: int
    amount: Amount
    lines: int
    expected_lines: Fraction

    @property
    def expected_fen(self) -> Fraction:
        """What it is expected to pay, the multiplier aside."""
        return self.expected_lines * self.amount.fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What came of a bet in so many draws made from a seed; all money is fen.

    `course`: won less spent after each hundredth of the draws. `by_size`: how many draws paid
    nothing, less than the price, up to 10, 100, 1,000 times the price, and more.
    """

    version: str
    seed: int
    draws: int
    price_fen: int
    won_fen: int
    winning_draws: int
    biggest_fen: int
    biggest_at: int
    longest_dry: int
    course: Sequence[int]
    by_size: Sequence[int]
    tiers: Sequence[TierFigures]
    expected_fen: Fraction
    expected_winning_draws: Fraction

    @property
    def spent_fen(self) -> int:
        """What all the draws cost."""
        return self.price_fen * self.draws

    @property
    def lost_fen(self) -> int:
        """What was spent and not won."""
        return self.spent_fen - self.won_fen

    @property
    def expected_loss_fen(self) -> Fraction:
        """What is lost in so many draws by the exact chances."""
        return self.spent_fen - self.expected_fen


def of(
    game: Game,
    version: RuleVersion,
    bet: CheckedSelection,
    *,
    seed: int,
    special_on: bool,
) -> Simulation:
    """The simulation of one checked bet of `game`, kept for a while: it is the same every time."""
    paid = amounts(game, version)
    bet_text = bets.canonical(bet.selection)
    by_tier = [(number, one.fen, one.source) for number, one in sorted(paid.items())]
    told = f"{version.code} {bet_text} {seed} {special_on} {by_tier}"
    name = f"simulation:1:{hashlib.sha256(told.encode()).hexdigest()}"
    kept: Simulation | None = shared.get(name)
    if kept is None:
        kept = run(version, bet, paid=paid, seed=seed, special_on=special_on)
        shared.set(name, kept, _KEPT_SECONDS)
    return kept


def run(
    version: RuleVersion,
    bet: CheckedSelection,
    *,
    paid: Mapping[int, Amount],
    seed: int,
    special_on: bool,
    draws: int = DRAWS,
) -> Simulation:
    """Hold `bet` against so many draws from `seed`; `paid` says what a line of each tier wins."""
    times, price = bet.selection.multiplier, bet.amount_fen
    hits_of = _counter(version, bet, special_on=special_on)
    lines: Counter[int] = Counter()
    sizes = [0] * (len(STEPS) + 1)
    won = biggest = biggest_at = winning = dry = longest = 0
    course: list[int] = []
    for at, drawn in enumerate(draws_of(version, seed=seed, draws=draws), start=1):
        hits = hits_of(drawn)
        if hits:
            lines.update(hits)
            fen = times * sum(paid[tier].fen * count for tier, count in hits.items())
            won, winning, dry = won + fen, winning + 1, 0
            if fen > biggest:
                biggest, biggest_at = fen, at
            sizes[1 + sum(fen >= step * price for step in STEPS[1:])] += 1
        else:
            dry += 1
            longest = max(longest, dry)
            sizes[0] += 1
        if at * POINTS // draws > len(course):
            course.append(won - at * price)
    chances = expected_lines(version, bet, special_on=special_on)
    tiers = [
        TierFigures(
            number=number,
            amount=paid[number],
            lines=lines[number],
            expected_lines=draws * chance,
        )
        for number, chance in chances.items()
    ]
    return Simulation(
        version=version.code,
        seed=seed,
        draws=draws,
        price_fen=price,
        won_fen=won,
        winning_draws=winning,
        biggest_fen=biggest,
        biggest_at=biggest_at,
        longest_dry=longest,
        course=course,
        by_size=sizes,
        tiers=tiers,
        expected_fen=times * sum((tier.expected_fen for tier in tiers), Fraction(0)),
        expected_winning_draws=draws * _any_prize(version, bet, special_on=special_on),
    )


def amounts(game: Game, version: RuleVersion) -> dict[int, Amount]:
    """What a line of every tier is taken to win, by the last announcements under these rules."""
    rows = list(
        Announcement.objects.filter(game=game, issue__gte=version.first_issue)
        .order_by("-issue")
        .values_list("pool", "tiers")[:AVERAGE_OF]
    )
    pool = rows[0][0] if rows and rows[0][0] is not None else 0
    found: dict[int, Amount] = {}
    for tier in version.tiers:
        fixed = tier.fixed_at(pool)
        found[tier.number] = (
            Amount(fen=fixed, source="fixed")
            if fixed is not None
            else _announced(tier, [tiers for _pool, tiers in rows])
        )
    for tier in version.tiers:
        if tier.on_top and found[tier.number].source == "unknown":
            base = found[tier.on_top.tier]
            share = base.fen * tier.on_top.share // WHOLE
            found[tier.number] = Amount(fen=share, source=base.source, draws=base.draws)
    return found


def draws_of(version: RuleVersion, *, seed: int, draws: int) -> Iterator[tuple[int, ...]]:
    """So many results by chance, one mask a zone, the same for the same seed.

    Numbers below n come from 32-bit words, little end first, of SHAKE-256 over
    `simulation/1 <seed> <chunk>`, 65,536 words a chunk; a word that would favour some numbers is
    left out, and the rest of a division by n is taken. Sets are chosen by Floyd's sampling.
    """
    below = _below(seed)
    zones = version.zones
    at_of = {zone.code: at for at, zone in enumerate(zones)}
    for _draw in range(draws):
        masks: list[int] = []
        for zone in zones:
            if zone.drum:
                gone = masks[at_of[zone.drum]]
                left = [bit for bit in range(zone.size) if not gone >> bit & 1]
                masks.append(1 << left[below(len(left))])
            elif zone.drawn == 1:
                masks.append(1 << below(zone.size))
            else:
                mask = 0
                for number in sample(zone.size, zone.drawn, below=below):
                    mask |= 1 << (number - 1)
                masks.append(mask)
        yield tuple(masks)


def expected_lines(
    version: RuleVersion, bet: CheckedSelection, *, special_on: bool
) -> Mapping[int, Fraction]:
    """How many winning lines of every tier a draw is expected to bring to this bet, exactly."""
    if _results(version.zones) <= _FEW_RESULTS:
        return _over_all_results(version, bet, special_on=special_on)
    kind = bet.selection.bet_type
    one = _line_odds(version.code, kind, special_on=special_on)
    return {number: chance * bet.lines for number, chance in one.per_tier.items()}


@cache
def _line_odds(code: str, kind: str, *, special_on: bool) -> odds.Odds:
    """The chances of any one line of a bet type: where balls are drawn all have the same."""
    version = rules.by_code(code)
    play = version.play_of(kind)
    words = [0, 0]
    for place in play.places:
        for at, laid in enumerate(place.laid((1 << place.picked) - 1)):
            words[at] |= laid
    found = odds.of(version, [(0, words[0], 0, words[1])], special_on=special_on, bet_types=[kind])
    if found is None:
        raise RuntimeError("One line always has odds.")
    return found


def first_prize(version: RuleVersion) -> Fraction:
    """The chance of one line of the first play to win its best tier."""
    kind = next(one.code for one in version.bet_types if one.play == version.plays[0].code)
    return _line_odds(version.code, kind, special_on=False).first_prize


def _any_prize(version: RuleVersion, bet: CheckedSelection, *, special_on: bool) -> Fraction:
    found = odds.of(version, [bet.masks], special_on=special_on, bet_types=[bet.selection.bet_type])
    if found is None:
        raise RuntimeError("One selection always has odds.")
    return found.any_prize


def _announced(tier: Tier, announced: Sequence[Sequence[Mapping[str, int | None]]]) -> Amount:
    """The average prize of a line of a floating tier: all that was paid by all lines that won."""
    winners = paid = draws = 0
    for tiers in announced:
        for row in tiers:
            count, fen = row["winners"], row["prize_fen"]
            if row["tier"] == tier.number and count and fen:
                winners, paid, draws = winners + count, paid + count * fen, draws + 1
    if not winners:
        return Amount(fen=0, source="unknown")
    return Amount(fen=paid // winners, source="announced", draws=draws)


def _counter(
    version: RuleVersion, bet: CheckedSelection, *, special_on: bool
) -> Callable[[tuple[int, ...]], Hits]:
    """Counts the winning lines of `bet` per tier; draws that hit it alike are counted once."""
    play = version.play_of(bet.selection.bet_type)
    seen: dict[object, Hits] = {}
    key = _key_of(version, play, bet)
    zones = version.zones

    def hits(drawn: tuple[int, ...]) -> Hits:
        name = key(drawn)
        if name not in seen:
            words = [0, 0]
            for zone, mask in zip(zones, drawn, strict=True):
                for at, laid in enumerate(zone.laid(mask)):
                    words[at] |= laid
            seen[name] = bets.hits(
                version,
                bet.masks,
                words,
                special_on=special_on,
                bet_type=bet.selection.bet_type,
            )
        return seen[name]

    return hits


def _key_of(
    version: RuleVersion, play: Play, bet: CheckedSelection
) -> Callable[[tuple[int, ...]], object]:
    """What of a draw decides how many lines win: hits among bankers and picks, place by place.

    Where a play is judged by more than what a zone holds (sums, pairs), it is the whole draw.
    """
    at_of = {zone.code: at for at, zone in enumerate(version.zones)}
    if not play.facts <= at_of.keys():
        return lambda drawn: drawn
    places = {place.code: place for place in play.places}
    looks: list[tuple[int, int, int]] = []
    for measure in play.measures:
        for one in measure.against:
            place, zone = places[one.place], version.zones[at_of[one.fact]]
            bankers, picks = bet.masks[::2], bet.masks[1::2]
            looks.append(
                (
                    at_of[zone.code],
                    _moved(place, zone, place.lifted(bankers)),
                    _moved(place, zone, place.lifted(picks)),
                )
            )

    def key(drawn: tuple[int, ...]) -> object:
        return tuple(
            (drawn[at] & sure).bit_count() << 8 | (drawn[at] & mask).bit_count()
            for at, sure, mask in looks
        )

    return key


def _moved(place: Place, zone: Zone, mask: int) -> int:
    """A mask of a place as one of the zone it is held against."""
    by = place.first - zone.first
    return mask << by if by >= 0 else mask >> -by


def _results(zones: Sequence[Zone]) -> int:
    """How many results columns of digits have; of drums more than anybody looks at."""
    if any(zone.drawn > 1 for zone in zones):
        return _FEW_RESULTS + 1
    return prod(zone.size for zone in zones)


def _over_all_results(
    version: RuleVersion, bet: CheckedSelection, *, special_on: bool
) -> Mapping[int, Fraction]:
    return _looked_at(version.code, bet.selection.bet_type, bet.masks, special_on=special_on)


@lru_cache(maxsize=256)
def _looked_at(
    code: str, kind: str, masks: tuple[int, int, int, int], *, special_on: bool
) -> Mapping[int, Fraction]:
    version = rules.by_code(code)
    total: Counter[int] = Counter()
    for bits in product(*(range(zone.size) for zone in version.zones)):
        words = [0, 0]
        for zone, bit in zip(version.zones, bits, strict=True):
            for at, laid in enumerate(zone.laid(1 << bit)):
                words[at] |= laid
        total.update(counting.hits(version, masks, words, special_on=special_on, bet_type=kind))
    whole = _results(version.zones)
    return {number: Fraction(total[number], whole) for number in sorted(total)}


def _below(seed: int) -> Callable[[int], int]:
    """Numbers below n, each as likely, from the words of the seed."""
    words = _words(seed)

    def below(bound: int) -> int:
        largest = _WORD - _WORD % bound
        while (word := next(words)) >= largest:
            pass
        return word % bound

    return below


def _words(seed: int) -> Iterator[int]:
    chunk = 0
    while True:
        told = f"simulation/1 {seed} {chunk}".encode()
        words = array("I", hashlib.shake_256(told).digest(4 * _CHUNK))
        if sys.byteorder == "big":
            words.byteswap()
        yield from words
        chunk += 1
