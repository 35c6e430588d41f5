"""What a rule version is made of: frozen values that say everything a draw needs.

Shares are ten-thousandths, money is fen, issue numbers are the digits that are announced (year and
running number). A value that contradicts itself cannot be built. What is drawn and chosen is in
`picks`, prizes and money in `prizes`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from games.rules.contradiction import Contradiction
from games.rules.named import Named, gettext_noop
from games.rules.picks import BetType, Fact, Place, Play, Zone, ZoneRange
from games.rules.prizes import (
    WHOLE,
    Allocation,
    DrawCap,
    Floating,
    Minimum,
    Part,
    Pool,
    Shares,
    SpecialRule,
    Split,
    Tier,
)
from games.rules.schedule import Schedule

__all__ = [
    "WHOLE",
    "Allocation",
    "BetType",
    "DrawCap",
    "Fact",
    "Floating",
    "GameRules",
    "Minimum",
    "Part",
    "Place",
    "Play",
    "Pool",
    "RuleVersion",
    "Shares",
    "SpecialRule",
    "Split",
    "Tier",
    "Zone",
    "ZoneRange",
    "gettext_noop",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersion:
    """Everything that decides price, lines, tiers and money of the draws it covers.

    `announced_besides`: tiers of which announcements of the era have a row though the rules do not
    have them; nought, unless a promotion pays them. `limits_numbers`: numbers may be withdrawn
    from sale for a draw.
    """

    game: str
    code: str
    first_issue: str
    last_issue: str | None
    zones: tuple[Zone, ...]
    facts: tuple[Fact, ...] = ()
    plays: tuple[Play, ...]
    bet_types: tuple[BetType, ...]
    price_fen: int
    multiplier_least: int
    multiplier_most: int
    ticket_cap_fen: int
    limits_numbers: bool = False
    tiers: tuple[Tier, ...]
    allocation: Allocation
    pools: tuple[Pool, ...] = (Pool(code="pool"),)
    floating: Floating | None
    minimum: Minimum | None
    special: SpecialRule | None
    deficit_paid_by: Literal["fund", "pool"]
    rounding_goes_to: Literal["fund"]
    schedule: Schedule
    claim_days: int
    announced_besides: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_bets()
        self._check_tiers()
        self._check_money()

    def _check_bets(self) -> None:
        plays = {play.code: play for play in self.plays}
        facts = {zone.code for zone in self.zones} | {fact.code for fact in self.facts}
        if len(plays) != len(self.plays) or len(facts) != len(self.zones) + len(self.facts):
            raise Contradiction("same_code")
        for play in self.plays:
            if not play.facts <= facts:
                raise Contradiction("fact_missing", code=play.code)
        for bet_type in self.bet_types:
            if bet_type.play not in plays:
                raise Contradiction("play_missing", code=bet_type.code)
            if len(bet_type.ranges) != len(plays[bet_type.play].places):
                raise Contradiction("ranges_not_places", code=bet_type.code)
        if len({bet_type.code for bet_type in self.bet_types}) != len(self.bet_types):
            raise Contradiction("same_bet_code")

    def _check_tiers(self) -> None:
        if [tier.number for tier in self.tiers] != list(range(1, len(self.tiers) + 1)):
            raise Contradiction("tiers_not_numbered")
        for play in self.plays:
            tiers = [tier for tier in self.tiers if tier.is_played(play.code)]
            if any(len(match) != len(play.measures) for tier in tiers for match in tier.matches):
                raise Contradiction("match_not_measures", code=play.code)
            won = [tier for tier in tiers if tier.on_top is None]
            if any(
                set(a.matches) & set(b.matches) and not a.is_apart(b)
                for a, b in combinations(won, 2)
            ):
                raise Contradiction("match_twice", code=play.code)
        if self.special is None and any(tier.special_only for tier in self.tiers):
            raise Contradiction("special_missing")
        for tier in self.tiers:
            if tier.on_top is None:
                continue
            if not 1 <= tier.on_top.tier <= len(self.tiers):
                raise Contradiction("on_top_of_nothing", number=tier.number)
            if set(tier.matches) != set(self.tier(tier.on_top.tier).matches):
                raise Contradiction("on_top_other_hits", number=tier.number)

    def _check_money(self) -> None:
        if any(
            play not in {one.code for one in self.plays} for p in self.pools for play in p.plays
        ):
            raise Contradiction("pool_play_missing")
        floating = {tier.number for tier in self.tiers if tier.is_floating}
        if self.floating is None:
            if floating or self.minimum is not None:
                raise Contradiction("floating_money_missing")
            return
        if any({part.tier for part in split.parts} != floating for split in self.floating.splits):
            raise Contradiction("split_not_floating")
        parts = [part for split in self.floating.splits for part in split.parts]
        if self.minimum and any(part.line_cap_fen < self.minimum.most_fen for part in parts):
            raise Contradiction("minimum_above_cap")

    def covers(self, issue: str) -> bool:
        return self.first_issue <= issue and (self.last_issue is None or issue <= self.last_issue)

    def bet_type(self, code: str) -> BetType | None:
        return next((bet_type for bet_type in self.bet_types if bet_type.code == code), None)

    def play(self, code: str) -> Play:
        return next(play for play in self.plays if play.code == code)

    def play_of(self, bet_type: str | None = None) -> Play:
        """The play that `bet_type` bets on; a game with one play need not be told."""
        if bet_type is None and len(self.plays) > 1:
            raise ValueError(f"{self.code} has several plays; say which bet type it is")
        known = self.bet_type(bet_type) if bet_type is not None else None
        return self.play(known.play) if known is not None else self.plays[0]

    def line_price_fen(self, bet_type: str | None = None) -> int:
        """What one line of a bet type costs."""
        return self.price_fen + (self.play_of(bet_type).extra_fen if bet_type else 0)

    def tier(self, number: int) -> Tier:
        return self.tiers[number - 1]

    def tiers_in_force(self, *, special_on: bool) -> tuple[Tier, ...]:
        return tuple(tier for tier in self.tiers if special_on or not tier.special_only)

    def tier_by_match(
        self,
        *,
        special_on: bool,
        play: str = "",
        facts: Mapping[str, frozenset[int]] | None = None,
    ) -> Mapping[tuple[int, ...], int]:
        """The tier of every winning combination of hits in a play; what is not in it wins nothing.

        Tiers on top of others are left out, for they are won beside them. Where a tier is in force
        in some draws only, `facts` say which draw it is.
        """
        return {
            match: tier.number
            for tier in self.tiers_in_force(special_on=special_on)
            if tier.on_top is None and tier.is_played(play or self.plays[0].code)
            if not facts or tier.is_in_force(facts)
            for match in tier.matches
        }

    def split_for(self, *, pool_fen: int, special_on: bool) -> Split:
        """The split in force for a draw that begins with `pool_fen`."""
        if special_on and self.special is None:
            raise ValueError(f"{self.code} has no special rule")
        if self.floating is None:
            raise ValueError(f"{self.code} has no floating money")
        fitting = [
            split
            for split in self.floating.splits
            if split.special == special_on and split.pool_from_fen <= pool_fen
        ]
        return max(fitting, key=lambda split: split.pool_from_fen)

    def next_special(self, *, pool_fen: int, special_on: bool) -> bool:
        """Whether the special rule is on for the draw after one that left `pool_fen`."""
        return self.special is not None and self.special.next_state(
            pool_fen=pool_fen, is_on=special_on
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GameRules(Named):
    """A game and its rule versions, oldest first, without gap or overlap."""

    code: str
    name: str
    versions: tuple[RuleVersion, ...]

    @property
    def current(self) -> RuleVersion:
        return self.versions[-1]

    @property
    def marks(self) -> tuple[str, ...]:
        """What the tiers of all versions are called in announcements, in their order."""
        marks = {
            mark: tier.on_top is not None
            for version in self.versions
            for tier in version.tiers
            for mark in [tier.mark]
        }
        marks |= {mark: True for version in self.versions for mark in version.announced_besides}
        return tuple(sorted(marks, key=lambda mark: marks[mark]))
