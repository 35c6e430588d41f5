"""The rule sheet `rule-sheet/1`, and what a settlement is given: numbers, special rule, pools.

Everything that counting and pricing ask is read here once and checked, so that a sheet that
contradicts itself is refused before a ticket is looked at. What this program does not know, a key
or a word, is refused by its name, for it might mean money; only the calendar (`schedule`) is left
to people, for nothing in it does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .announced import Announcement, read_announced
from .plays import (
    Known,
    SheetBet,
    SheetFact,
    SheetPlay,
    SheetZone,
    known_of,
    one_of,
    read_bets,
    read_facts,
    read_plays,
    read_zones,
)
from .strict import Facts, Wrong, read_json
from .tiers import (
    PAYERS,
    WHOLE,
    SheetFloating,
    SheetPool,
    SheetTier,
    read_floating,
    read_pools,
    read_tiers,
)

# The most lines that a selection may make under any sheet: they are all written out.
MOST_LINES = 100_000
MOST_TICKET_FEN = 10**9

_KEYS = (
    "game", "code", "first_issue", "zones", "facts", "plays", "bet_types", "price_fen",
    "multiplier_least", "multiplier_most", "ticket_cap_fen", "limits_numbers", "tiers",
    "allocation", "pools", "floating", "minimum", "special", "deficit_paid_by",
    "rounding_goes_to", "schedule", "claim_days",
)  # fmt: skip
Numbers = tuple[tuple[int, ...], ...]
_CODE = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A rule version as far as counting and pricing need it."""

    digest: str
    game: str
    code: str
    ticket_cap_fen: int
    multiplier: tuple[int, int]
    prize_share: int
    zones: tuple[SheetZone, ...]
    facts: tuple[SheetFact, ...]
    plays: dict[str, SheetPlay]
    bets: dict[str, SheetBet]
    tiers: tuple[SheetTier, ...]
    pools: tuple[SheetPool, ...]
    floating: SheetFloating | None
    minimum: tuple[int, int] | None
    special_marks: tuple[int, int] | None
    deficit_paid_by: str
    limits_numbers: bool

    def tiers_in_force(self, *, special_on: bool) -> tuple[SheetTier, ...]:
        """The tiers of a draw, ascending."""
        return tuple(tier for tier in self.tiers if special_on or not tier.special_only)

    def known(self, numbers: Sequence[Sequence[int]]) -> Known:
        """Every fact of a draw with these numbers."""
        return known_of(self.zones, self.facts, numbers)


@dataclass(frozen=True, slots=True)
class SettlementInput:
    """What a draw is settled with, beside the sealed file and the sheet.

    `pools_before_fen` are what the pools of the sheet hold, in its order; none where the issuer
    `announced` the prizes: then they are his.
    """

    draw: str
    numbers: tuple[tuple[int, ...], ...]
    special_on: bool
    pools_before_fen: tuple[int, ...]
    announced: Announcement | None = None

    def numbers_text(self) -> str:
        """The numbers as the result file spells them."""
        return "+".join(",".join(f"{number:02}" for number in zone) for zone in self.numbers)


def read_sheet(raw: bytes, *, what: str = "the rule sheet") -> Sheet:
    """The rule sheet in these bytes."""
    facts = read_json(raw, what=what)
    facts.format("rule-sheet/1")
    facts.only("format", "version")
    version = facts.object("version")
    version.only(*_KEYS)
    for name in ("first_issue", "game"):
        _code(version, name)
    version.number("claim_days")
    version.object("schedule")
    zones = read_zones(version)
    worked_out = read_facts(version, zones)
    known = (*(zone.code for zone in zones), *(fact.code for fact in worked_out))
    plays = read_plays(version, known)
    tiers = read_tiers(version, plays, known)
    pools = read_pools(version, plays)
    marks = _marks(version)
    if marks is None and any(tier.special_only for tier in tiers):
        raise Wrong(f"{what} has a tier for a special rule that it does not have")
    floating = read_floating(version, tiers, special=marks is not None)
    _check_pools(version, tiers, pools)
    one_of(version, "rounding_goes_to", ("fund",))
    least_times = version.number("multiplier_least", least=1)
    return Sheet(
        digest=hashlib.sha256(raw).hexdigest(),
        game=_code(version, "game"),
        code=_code(version, "code"),
        ticket_cap_fen=_ticket_cap(version),
        multiplier=(least_times, version.number("multiplier_most", least=least_times, most=999)),
        prize_share=_prize_share(version),
        zones=zones,
        facts=worked_out,
        plays=plays,
        bets=read_bets(version, plays),
        tiers=tiers,
        pools=pools,
        floating=floating,
        minimum=_minimum(version, is_floating=floating is not None),
        special_marks=marks,
        deficit_paid_by=one_of(version, "deficit_paid_by", PAYERS),
        limits_numbers=version.flag("limits_numbers"),
    )


def read_input(raw: bytes, sheet: Sheet, *, what: str = "the settlement input") -> SettlementInput:
    """The settlement input in these bytes, as far as `sheet` allows it."""
    facts = read_json(raw, what=what, canonical=False)
    facts.format("settlement-input/1")
    special_on = facts.flag("special_on")
    if special_on and sheet.special_marks is None:
        raise Wrong(f"{what} has the special rule on; the rule sheet has none")
    numbers = read_numbers(facts, sheet.zones)
    if "announced" in facts.values:
        return SettlementInput(
            draw=_code(facts, "draw"),
            numbers=numbers,
            special_on=special_on,
            pools_before_fen=(),
            announced=_announcement(facts, sheet, numbers),
        )
    return SettlementInput(
        draw=_code(facts, "draw"),
        numbers=numbers,
        special_on=special_on,
        pools_before_fen=_pools_before(facts, sheet),
    )


def _pools_before(facts: Facts, sheet: Sheet) -> tuple[int, ...]:
    further = [pool.code for pool in sheet.pools[1:]]
    more = ("other_pools",) if further else ()
    facts.only("format", "draw", "numbers", "special_on", "pool_before_fen", *more)
    before = [facts.number("pool_before_fen")]
    if further:
        others = facts.object("other_pools")
        others.only(*further)
        before += [others.number(code) for code in further]
    return tuple(before)


def _announcement(facts: Facts, sheet: Sheet, numbers: Numbers) -> Announcement:
    """What was announced; it has the numbers that were drawn."""
    facts.only("format", "draw", "numbers", "special_on", "announced")
    told = read_announced(
        facts.object("announced"),
        sheet.tiers,
        sheet.pools,
        has_special=sheet.special_marks is not None,
    )
    if read_numbers(told.facts, sheet.zones) != numbers:
        raise Wrong("the announcement has other numbers than the result")
    return told


def read_numbers(facts: Facts, zones: Sequence[SheetZone]) -> tuple[tuple[int, ...], ...]:
    """The drawn numbers, ascending in each zone, or why they cannot have been drawn."""
    given = facts.items("numbers")
    if len(given) != len(zones):
        raise Wrong(f"{facts.what} has numbers of {len(given)} zones, not of {len(zones)}")
    drawn: dict[str, tuple[int, ...]] = {}
    for numbers, zone in zip(given, zones, strict=True):
        came = _drawn(numbers, zone, facts.what)
        if again := sorted(set(came) & set(drawn.get(zone.drum, ()))):
            raise Wrong(f"{facts.what}: {again[0]} came twice out of one drum")
        drawn[zone.code] = came
    return tuple(drawn.values())


def _drawn(given: object, zone: SheetZone, what: str) -> tuple[int, ...]:
    if not isinstance(given, list):
        raise Wrong(f"{what}: the numbers of a zone are not a list")
    numbers = [n for n in given if isinstance(n, int) and not isinstance(n, bool)]
    if (
        len(given) != zone.drawn
        or len(set(numbers)) != zone.drawn
        or not all(zone.first <= number <= zone.last for number in numbers)
    ):
        raise Wrong(
            f"{what}: {zone.drawn} different numbers from {zone.first} to {zone.last} are not there"
        )
    return tuple(sorted(numbers))


def _code(facts: Facts, name: str) -> str:
    code = facts.text(name)
    if not _CODE.fullmatch(code):
        raise Wrong(f"{facts.what}: “{name}” is not a code")
    return code


def _ticket_cap(version: Facts) -> int:
    """The most that a ticket costs; it bounds the lines that a selection is written out into."""
    cap = version.number("ticket_cap_fen", least=1, most=MOST_TICKET_FEN)
    if cap // version.number("price_fen", least=1) > MOST_LINES:
        raise Wrong(f"{version.what}: a ticket of {cap} fen has more than {MOST_LINES} lines")
    return cap


def _prize_share(version: Facts) -> int:
    facts = version.object("allocation")
    names = ("prize", "fund", "fee", "welfare")
    facts.only(*names)
    if sum(facts.number(name, most=WHOLE) for name in names) != WHOLE:
        raise Wrong(f"{facts.what} does not give away the whole")
    return facts.number("prize")


def _minimum(version: Facts, *, is_floating: bool) -> tuple[int, int] | None:
    if version.get("minimum") is None:
        return None
    facts = version.object("minimum")
    facts.only("factor", "most_fen")
    if not is_floating:
        raise Wrong(f"{facts.what}: there are no floating prizes to be raised")
    return facts.number("factor", most=1000), facts.number("most_fen")


def _marks(version: Facts) -> tuple[int, int] | None:
    if version.get("special") is None:
        return None
    facts = version.object("special")
    facts.only("on_from_fen", "off_below_fen")
    on_from = facts.number("on_from_fen")
    return on_from, facts.number("off_below_fen", most=on_from)


def _check_pools(version: Facts, tiers: Sequence[SheetTier], pools: Sequence[SheetPool]) -> None:
    """Each tier is paid from one pool; those of the floating money from the first."""
    for tier in tiers:
        paying = [pool for pool in pools if not pool.plays.isdisjoint(tier.plays)]
        if len(paying) > 1 or (tier.fixed_fen is None and paying != [pools[0]]):
            raise Wrong(f"{version.what}: tier {tier.number} is not paid from one pool")
