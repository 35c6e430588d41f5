"""What lines win and where the money goes, as a rule sheet says it: tiers, pools, floating money.

Shares are ten-thousandths, money is fen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from .plays import Known, SheetPlay, name_of, names_in, one_of
from .strict import Facts, Wrong

WHOLE = 10_000
MOST_TIERS = 99
LEFT_OVERS = ("whole_part", "per_line", "exact")
CUTS = ("parts", "sum")
PAYERS = ("fund", "pool")

_MOST_MATCHES = 512
_MOST_WAYS_TO_WIN = 20_000
_MOST_STEPS = 64
_MOST_POOLS = 8


@dataclass(frozen=True, slots=True)
class SheetTier:
    """A prize: which hits in which plays win it, and when.

    `fixed_fen` is None when it shares the floating money, or when it is `on_top` of another tier:
    the number of that one, and the ten-thousandths of it that it gets beside it. `mark` is what
    announcements call it.
    """

    number: int
    plays: tuple[str, ...]
    matches: frozenset[tuple[int, ...]]
    fixed_fen: int | None
    raised: tuple[tuple[int, int], ...]
    special_only: bool
    when: tuple[str, frozenset[int]] | None
    on_top: tuple[int, int] | None
    mark: str = ""

    @property
    def is_floating(self) -> bool:
        """Whether it shares the floating money itself."""
        return self.fixed_fen is None and self.on_top is None

    def is_won(self, known: Known) -> bool:
        """Whether it can be won in a draw of which this is known."""
        return self.when is None or not known[self.when[0]].isdisjoint(self.when[1])

    def fixed_at(self, pool_fen: int) -> int | None:
        """The fixed amount when the pool holds so much before the draw."""
        reached = [step for step in self.raised if step[0] <= pool_fen]
        return max(reached)[1] if reached else self.fixed_fen


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A share of the floating money for one tier; `unwon_to` is 0 when nobody else gets it."""

    tier: int
    share: int
    takes_pool: bool
    line_cap_fen: int
    unwon_to: int


@dataclass(frozen=True, slots=True)
class SheetSplit:
    """The parts in force when the special rule is as `special` and the pool reaches the mark."""

    special: bool
    pool_from_fen: int
    parts: tuple[SheetPart, ...]


@dataclass(frozen=True, slots=True)
class SheetFloating:
    """How the floating money is divided."""

    unit_fen: int
    cut: str
    left_over: str
    splits: tuple[SheetSplit, ...]
    draw_caps: dict[int, int]


@dataclass(frozen=True, slots=True)
class SheetPool:
    """Money kept from draw to draw for these plays."""

    code: str
    plays: frozenset[str]


def read_pools(version: Facts, plays: Mapping[str, SheetPlay]) -> tuple[SheetPool, ...]:
    """The pools; each play is of one of them."""
    pools: list[SheetPool] = []
    for facts in version.objects("pools", least=1, most=_MOST_POOLS):
        facts.only("code", "plays", "excess_from_fen")
        if facts.get("excess_from_fen") is not None:
            facts.number("excess_from_fen")
        own = names_in(facts, "plays", tuple(plays)) or tuple(plays)
        pools.append(SheetPool(name_of(facts), frozenset(own)))
    owned = sorted(play for pool in pools for play in pool.plays)
    if owned != sorted(plays) or len({pool.code for pool in pools}) != len(pools):
        raise Wrong(f"{version.what}: a play is of no pool or of several, or a pool stands twice")
    return tuple(pools)


def read_tiers(
    version: Facts, plays: Mapping[str, SheetPlay], facts_known: Sequence[str]
) -> tuple[SheetTier, ...]:
    """The tiers, ascending."""
    tiers = [
        _tier(facts, plays, facts_known)
        for facts in version.objects("tiers", least=1, most=MOST_TIERS)
    ]
    tiers.sort(key=lambda tier: tier.number)
    by_number = {tier.number: tier for tier in tiers}
    if len(by_number) != len(tiers):
        raise Wrong(f"{version.what} has a tier twice")
    for tier in tiers:
        if tier.on_top is not None and not _is_above(tier, by_number.get(tier.on_top[0])):
            raise Wrong(f"{version.what}: tier {tier.number} is on top of none that it goes with")
    _refuse_same_hits(version, [tier for tier in tiers if tier.on_top is None])
    return tuple(tiers)


def _tier(facts: Facts, plays: Mapping[str, SheetPlay], facts_known: Sequence[str]) -> SheetTier:
    facts.only(
        "number", "plays", "matches", "fixed_fen", "raised", "special_only", "when", "on_top",
        "published_as",
    )  # fmt: skip
    own = names_in(facts, "plays", tuple(plays)) or tuple(plays)
    most_hits = {plays[code].most_hits for code in own}
    fixed, raised = None, []
    if facts.get("fixed_fen") is not None:
        fixed = facts.number("fixed_fen")
    for step in facts.objects("raised", most=_MOST_STEPS):
        step.only("pool_from_fen", "fixed_fen")
        raised.append((step.number("pool_from_fen"), step.number("fixed_fen")))
    on_top = _on_top(facts)
    if (fixed is None and raised) or (fixed is not None and on_top is not None):
        raise Wrong(f"{facts.what} has no fixed amount, and one")
    if len(dict(raised)) != len(raised):
        raise Wrong(f"{facts.what} has two amounts for one pool")
    matches = facts.items("matches", least=1, most=_MOST_MATCHES)
    number = facts.number("number", least=1, most=MOST_TIERS)
    return SheetTier(
        number=number,
        plays=own,
        matches=frozenset(_match(match, most_hits, facts.what) for match in matches),
        fixed_fen=fixed,
        raised=tuple(raised),
        special_only=facts.flag("special_only"),
        when=_when(facts, facts_known),
        on_top=on_top,
        mark=facts.text("published_as") or str(number),
    )


def _on_top(tier: Facts) -> tuple[int, int] | None:
    if tier.get("on_top") is None:
        return None
    facts = tier.object("on_top")
    facts.only("tier", "share")
    return facts.number("tier"), facts.number("share", most=WHOLE)


def _when(tier: Facts, facts_known: Sequence[str]) -> tuple[str, frozenset[int]] | None:
    if tier.get("when") is None:
        return None
    facts = tier.object("when")
    facts.only("fact", "numbers")
    numbers = facts.items("numbers", least=1, most=_MOST_MATCHES)
    found = frozenset(n for n in numbers if isinstance(n, int) and not isinstance(n, bool))
    if len(found) != len(numbers):
        raise Wrong(f"{facts.what}: “numbers” are not different whole numbers")
    return one_of(facts, "fact", facts_known), found


def _match(given: object, most_hits: set[tuple[int, ...]], what: str) -> tuple[int, ...]:
    hits = (
        tuple(hit for hit in given if isinstance(hit, int) and not isinstance(hit, bool))
        if isinstance(given, list)
        else ()
    )
    if not isinstance(given, list) or any(len(hits) != len(most) for most in most_hits):
        raise Wrong(f"{what}: hits are not one number a measure")
    if len(given) != len(hits) or any(
        not 0 <= hit <= most
        for all_most in most_hits
        for hit, most in zip(hits, all_most, strict=True)
    ):
        raise Wrong(f"{what}: hits are not one number a measure")
    return hits


def _is_above(tier: SheetTier, below: SheetTier | None) -> bool:
    """Whether every line that wins `tier` wins `below`, and it is of its floating money."""
    return (
        below is not None
        and below.is_floating
        and tier.matches == below.matches
        and set(tier.plays) <= set(below.plays)
        and (tier.special_only, tier.when) == (False, None)
    )


def _refuse_same_hits(version: Facts, tiers: Sequence[SheetTier]) -> None:
    """No line can win two tiers, but for tiers on top of others."""
    if sum(len(tier.plays) * len(tier.matches) for tier in tiers) > _MOST_WAYS_TO_WIN:
        raise Wrong(f"{version.what} has more than {_MOST_WAYS_TO_WIN} ways to win")
    by_hits: dict[tuple[str, tuple[int, ...]], list[SheetTier]] = {}
    for tier in tiers:
        for play in tier.plays:
            for hits in tier.matches:
                by_hits.setdefault((play, hits), []).append(tier)
    for same in by_hits.values():
        for one, other in combinations(same, 2):
            if (
                one.when is None
                or other.when is None
                or one.when[0] != other.when[0]
                or one.when[1] & other.when[1]
            ):
                raise Wrong(f"{version.what} has two tiers for the same hits")


def read_floating(
    version: Facts, tiers: Sequence[SheetTier], *, special: bool
) -> SheetFloating | None:
    """How the floating money is divided; None in a game without."""
    floating = [tier.number for tier in tiers if tier.is_floating]
    if version.get("floating") is None:
        if floating:
            raise Wrong(f"{version.what}: tier {floating[0]} shares money that is not divided")
        return None
    facts = version.object("floating")
    facts.only("unit_fen", "splits", "left_over", "cut", "draw_caps")
    if any(tier.special_only or tier.when for tier in tiers if tier.is_floating) or not floating:
        raise Wrong(f"{facts.what}: there is not in every draw a tier that shares this money")
    unit = facts.number("unit_fen", least=1)
    return SheetFloating(
        unit_fen=unit,
        cut=one_of(facts, "cut", CUTS),
        left_over=one_of(facts, "left_over", LEFT_OVERS),
        splits=_splits(facts, floating, unit_fen=unit, special=special),
        draw_caps=_draw_caps(facts, floating),
    )


def _splits(
    floating: Facts, tiers: Sequence[int], *, unit_fen: int, special: bool
) -> tuple[SheetSplit, ...]:
    ways: list[SheetSplit] = []
    for split in floating.objects("splits", least=1, most=_MOST_STEPS):
        split.only("special", "pool_from_fen", "parts")
        parts = tuple(
            _part(part, tiers, unit_fen=unit_fen)
            for part in split.objects("parts", most=_MOST_STEPS)
        )
        if (
            sum(part.share for part in parts) != WHOLE
            or sum(part.takes_pool for part in parts) != 1
            or {part.tier for part in parts} != set(tiers)
        ):
            raise Wrong(
                f"{split.what}: the parts do not share the whole among all floating tiers, or not"
                " one takes the pool"
            )
        ways.append(SheetSplit(split.flag("special"), split.number("pool_from_fen"), parts))
    marks = {(way.special, way.pool_from_fen) for way in ways}
    is_whole = (False, 0) in marks and (not special or (True, 0) in marks)
    if len(marks) != len(ways) or not is_whole:
        raise Wrong(f"{floating.what} does not say for every pool how the money is split")
    return tuple(ways)


def _part(facts: Facts, tiers: Sequence[int], *, unit_fen: int) -> SheetPart:
    facts.only("tier", "share", "takes_pool", "line_cap_fen", "unwon_to")
    cap = facts.number("line_cap_fen", least=1)
    if cap % unit_fen:
        raise Wrong(f"{facts.what}: “line_cap_fen” is not a multiple of “unit_fen”")
    return SheetPart(
        tier=_floating_tier(facts, "tier", tiers),
        share=facts.number("share", most=WHOLE),
        takes_pool=facts.flag("takes_pool"),
        line_cap_fen=cap,
        unwon_to=(0 if facts.get("unwon_to") is None else _floating_tier(facts, "unwon_to", tiers)),
    )


def _draw_caps(floating: Facts, tiers: Sequence[int]) -> dict[int, int]:
    caps: dict[int, int] = {}
    for cap in floating.objects("draw_caps", most=MOST_TIERS):
        cap.only("tier", "total_fen")
        number = _floating_tier(cap, "tier", tiers)
        if number in caps:
            raise Wrong(f"{floating.what} caps a tier twice")
        caps[number] = cap.number("total_fen")
    return caps


def _floating_tier(facts: Facts, name: str, tiers: Sequence[int]) -> int:
    number = facts.number(name)
    if number not in tiers:
        raise Wrong(f"{facts.what}: tier {number} is no floating tier")
    return number
