"""The rule sheet `rule-sheet/1`, and what a settlement is given: numbers, special rule, pool.

Everything that counting and pricing ask is read here once and checked, so that a sheet that
contradicts itself is refused before a ticket is looked at.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from .strict import Facts, Wrong, read_json, shown

WHOLE = 10_000
MOST_ZONES = 8
MOST_SIZE = 99
LEFT_OVERS = ("whole_part", "per_line")

_CODE = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")


@dataclass(frozen=True, slots=True)
class SheetZone:
    """Balls from 1 to `size`: so many make a line, so many are drawn."""

    size: int
    picked: int
    drawn: int


@dataclass(frozen=True, slots=True)
class SheetRange:
    """How many numbers (bankers included) and bankers a bet takes from a zone."""

    numbers: tuple[int, int]
    bankers: tuple[int, int]


@dataclass(frozen=True, slots=True)
class SheetBet:
    """A kind of bet, one range a zone."""

    ranges: tuple[SheetRange, ...]
    least_lines: int


@dataclass(frozen=True, slots=True)
class SheetTier:
    """A prize: which hits win it; `fixed_fen` is None when it shares the floating money."""

    number: int
    matches: frozenset[tuple[int, ...]]
    fixed_fen: int | None
    special_only: bool


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A share of the floating money for one tier."""

    tier: int
    share: int
    takes_pool: bool
    line_cap_fen: int


@dataclass(frozen=True, slots=True)
class SheetSplit:
    """The parts in force when the special rule is as `special` and the pool reaches the mark."""

    special: bool
    pool_from_fen: int
    parts: tuple[SheetPart, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A rule version as far as counting and pricing need it."""

    digest: str
    game: str
    code: str
    price_fen: int
    ticket_cap_fen: int
    multiplier: tuple[int, int]
    prize_share: int
    zones: tuple[SheetZone, ...]
    bets: dict[str, SheetBet]
    tiers: tuple[SheetTier, ...]
    splits: tuple[SheetSplit, ...]
    draw_caps: dict[int, int]
    left_over: str
    unit_fen: int
    minimum_factor: int
    minimum_most_fen: int
    special_marks: tuple[int, int] | None

    def tiers_in_force(self, *, special_on: bool) -> tuple[SheetTier, ...]:
        """The tiers of a draw, ascending."""
        return tuple(tier for tier in self.tiers if special_on or not tier.special_only)


@dataclass(frozen=True, slots=True)
class SettlementInput:
    """What a draw is settled with, beside the sealed file and the sheet."""

    draw: str
    numbers: tuple[tuple[int, ...], ...]
    special_on: bool
    pool_before_fen: int

    def numbers_text(self) -> str:
        """The numbers as the result file spells them."""
        return "+".join(",".join(f"{number:02}" for number in zone) for zone in self.numbers)


def read_sheet(raw: bytes, *, what: str = "the rule sheet") -> Sheet:
    """The rule sheet in these bytes."""
    facts = read_json(raw, what=what)
    facts.format("rule-sheet/1")
    version = facts.object("version")
    zones = tuple(
        SheetZone(
            size=(size := zone.number("size", least=1, most=MOST_SIZE)),
            picked=zone.number("picked", least=1, most=size),
            drawn=zone.number("drawn", least=1, most=size),
        )
        for zone in version.objects("zones")
    )
    if not 1 <= len(zones) <= MOST_ZONES:
        raise Wrong(f"{what} has {len(zones)} zones")
    tiers = _tiers(version, zones, what=what)
    floating = version.object("floating")
    minimum, special = version.object("minimum"), version.get("special")
    if version.text("deficit_paid_by") != "fund" or version.text("rounding_goes_to") != "fund":
        raise Wrong(f"{what} sends a deficit or the rounding somewhere else than to the fund")
    least_times = version.number("multiplier_least", least=1)
    return Sheet(
        digest=hashlib.sha256(raw).hexdigest(),
        game=_code(version, "game"),
        code=_code(version, "code"),
        price_fen=version.number("price_fen", least=1),
        ticket_cap_fen=version.number("ticket_cap_fen", least=1, most=10**9),
        multiplier=(least_times, version.number("multiplier_most", least=least_times, most=999)),
        prize_share=version.object("allocation").number("prize", most=WHOLE),
        zones=zones,
        bets=_bets(version, zones, what=what),
        tiers=tiers,
        splits=_splits(floating, tiers, special=special is not None, what=what),
        draw_caps=_draw_caps(floating, tiers, what=what),
        left_over=_one_of(floating, "left_over", LEFT_OVERS),
        unit_fen=floating.number("unit_fen", least=1),
        minimum_factor=minimum.number("factor", most=1000),
        minimum_most_fen=minimum.number("most_fen"),
        special_marks=None if special is None else _marks(version.object("special")),
    )


def read_input(raw: bytes, sheet: Sheet, *, what: str = "the settlement input") -> SettlementInput:
    """The settlement input in these bytes, as far as `sheet` allows it."""
    facts = read_json(raw, what=what, canonical=False)
    facts.format("settlement-input/1")
    facts.only("format", "draw", "numbers", "special_on", "pool_before_fen")
    special_on = facts.flag("special_on")
    if special_on and sheet.special_marks is None:
        raise Wrong(f"{what} has the special rule on; the rule sheet has none")
    return SettlementInput(
        draw=_code(facts, "draw"),
        numbers=read_numbers(facts, sheet.zones),
        special_on=special_on,
        pool_before_fen=facts.number("pool_before_fen"),
    )


def read_numbers(facts: Facts, zones: tuple[SheetZone, ...]) -> tuple[tuple[int, ...], ...]:
    """The drawn numbers, ascending in each zone, or why they cannot have been drawn."""
    given = facts.items("numbers")
    if len(given) != len(zones):
        raise Wrong(f"{facts.what} has numbers of {len(given)} zones, not of {len(zones)}")
    return tuple(
        _drawn(numbers, zone, facts.what) for numbers, zone in zip(given, zones, strict=True)
    )


def _drawn(given: object, zone: SheetZone, what: str) -> tuple[int, ...]:
    if not isinstance(given, list):
        raise Wrong(f"{what}: the numbers of a zone are not a list")
    numbers = [n for n in given if isinstance(n, int) and not isinstance(n, bool)]
    if (
        len(given) != zone.drawn
        or len(set(numbers)) != zone.drawn
        or not all(1 <= number <= zone.size for number in numbers)
    ):
        raise Wrong(f"{what}: {zone.drawn} different numbers from 1 to {zone.size} are not there")
    return tuple(sorted(numbers))


def _code(facts: Facts, name: str) -> str:
    code = facts.text(name)
    if not _CODE.fullmatch(code):
        raise Wrong(f"{facts.what}: “{name}” is not a code")
    return code


def _one_of(facts: Facts, name: str, known: tuple[str, ...]) -> str:
    value = facts.text(name)
    if value not in known:
        raise Wrong(f"{facts.what}: “{name}” is “{shown(value)}”, which this program does not know")
    return value


def _marks(special: Facts) -> tuple[int, int]:
    on_from = special.number("on_from_fen")
    return on_from, special.number("off_below_fen", most=on_from)


def _bets(version: Facts, zones: tuple[SheetZone, ...], *, what: str) -> dict[str, SheetBet]:
    bets: dict[str, SheetBet] = {}
    for bet in version.objects("bet_types"):
        code = _code(bet, "code")
        ranges = tuple(
            SheetRange(
                numbers=(
                    (least := part.number("numbers_least", least=zone.picked, most=zone.size)),
                    part.number("numbers_most", least=least, most=zone.size),
                ),
                bankers=(
                    (fewest := part.number("bankers_least", most=zone.picked - 1)),
                    part.number("bankers_most", least=fewest, most=zone.picked - 1),
                ),
            )
            for part, zone in zip(bet.objects("ranges"), zones, strict=False)
        )
        if len(ranges) != len(zones) or len(bet.items("ranges")) != len(zones) or code in bets:
            raise Wrong(f"{what}: bet type “{code}” stands twice or does not fit the zones")
        bets[code] = SheetBet(ranges=ranges, least_lines=bet.number("least_lines", least=1))
    return bets


def _tiers(version: Facts, zones: tuple[SheetZone, ...], *, what: str) -> tuple[SheetTier, ...]:
    tiers: list[SheetTier] = []
    for tier in version.objects("tiers"):
        fixed = tier.get("fixed_fen")
        tiers.append(
            SheetTier(
                number=tier.number("number", least=1, most=99),
                matches=frozenset(
                    _match(match, zones, tier.what) for match in tier.items("matches")
                ),
                fixed_fen=None if fixed is None else tier.number("fixed_fen"),
                special_only=tier.flag("special_only"),
            )
        )
    tiers.sort(key=lambda tier: tier.number)
    all_matches = [match for tier in tiers for match in tier.matches]
    if not tiers or len({tier.number for tier in tiers}) != len(tiers):
        raise Wrong(f"{what} has no tiers, or one twice")
    if len(set(all_matches)) != len(all_matches):
        raise Wrong(f"{what} has two tiers for the same hits")
    return tuple(tiers)


def _match(given: object, zones: tuple[SheetZone, ...], what: str) -> tuple[int, ...]:
    if not isinstance(given, list) or len(given) != len(zones):
        raise Wrong(f"{what}: hits are not one number a zone")
    hits = tuple(hit for hit in given if isinstance(hit, int) and not isinstance(hit, bool))
    if len(hits) != len(zones):
        raise Wrong(f"{what}: hits are not one number a zone")
    return hits


def _splits(
    floating: Facts, tiers: tuple[SheetTier, ...], *, special: bool, what: str
) -> tuple[SheetSplit, ...]:
    ways: list[SheetSplit] = []
    for split in floating.objects("splits"):
        parts = tuple(
            SheetPart(
                tier=_floating_tier(part, tiers),
                share=part.number("share", most=WHOLE),
                takes_pool=part.flag("takes_pool"),
                line_cap_fen=part.number("line_cap_fen", least=1),
            )
            for part in split.objects("parts")
        )
        if sum(part.share for part in parts) != WHOLE or sum(p.takes_pool for p in parts) != 1:
            raise Wrong(
                f"{split.what}: the parts do not share the whole, or not one takes the pool"
            )
        ways.append(SheetSplit(split.flag("special"), split.number("pool_from_fen"), parts))
    marks = {(way.special, way.pool_from_fen) for way in ways}
    is_whole = (False, 0) in marks and (not special or (True, 0) in marks)
    if len(marks) != len(ways) or not is_whole:
        raise Wrong(f"{what} does not say for every pool how the money is split")
    return tuple(ways)


def _draw_caps(floating: Facts, tiers: tuple[SheetTier, ...], *, what: str) -> dict[int, int]:
    caps = [
        (_floating_tier(cap, tiers), cap.number("total_fen"))
        for cap in floating.objects("draw_caps")
    ]
    if len(dict(caps)) != len(caps):
        raise Wrong(f"{what} caps a tier twice")
    return dict(caps)


def _floating_tier(facts: Facts, tiers: tuple[SheetTier, ...]) -> int:
    number = facts.number("tier")
    if not any(tier.number == number and tier.fixed_fen is None for tier in tiers):
        raise Wrong(f"{facts.what}: tier {number} is no floating tier")
    return number
