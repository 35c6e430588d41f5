"""What a rule version is made of: frozen values that say everything a draw needs.

Shares are ten-thousandths, money is fen, issue numbers are the seven digits that are announced
(year and running number). A value that contradicts itself cannot be built.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from games.rules.schedule import Schedule
from lottery_portal.lib import money

WHOLE = 10_000


def gettext_noop(message: str) -> str:
    """Mark a name for the catalogue; Django's own asks the settings, rules stand without them."""
    return message


class _Named:
    """A thing with an English name and a label in the language of the reader."""

    __slots__ = ()

    name: str

    @property
    def label(self) -> Promise:
        return gettext_lazy(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone(_Named):
    """A drum of balls: `size` numbers from 1, `picked` of them make a line, `drawn` come out."""

    code: str
    name: str
    size: int
    picked: int
    drawn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRange:
    """How many numbers of a zone a bet type takes; `numbers` counts bankers and drags."""

    bankers_least: int = 0
    bankers_most: int = 0
    numbers_least: int
    numbers_most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BetType(_Named):
    """A way to bet, with one range per zone in the order of the zones."""

    code: str
    name: str
    ranges: tuple[ZoneRange, ...]
    least_lines: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier(_Named):
    """A prize: the hits per zone that win it, and a fixed amount, or None when it is floating."""

    number: int
    name: str
    matches: tuple[tuple[int, ...], ...]
    fixed_fen: int | None = None
    special_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What a sum of stakes becomes, to the fen."""

    prize_fen: int
    fund_fen: int
    fee_fen: int
    welfare_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Where the stakes go, in ten-thousandths; what division leaves over goes to the fund."""

    prize: int
    fund: int
    fee: int
    welfare: int

    def __post_init__(self) -> None:
        if self.prize + self.fund + self.fee + self.welfare != WHOLE:
            raise ValueError("an allocation must give away exactly the whole")

    def split(self, stakes_fen: int) -> Shares:
        """Divide `stakes_fen` so that the four sums add up to it."""
        if stakes_fen < 0:
            raise ValueError("stakes cannot be negative")
        shares = {
            "prize_fen": self.prize,
            "fund_fen": self.fund,
            "fee_fen": self.fee,
            "welfare_fen": self.welfare,
        }
        return Shares(**money.split(stakes_fen, shares, remainder_to="fund_fen"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A share of the floating money for one tier, divided among its lines on its own."""

    tier: int
    share: int
    takes_pool: bool = False
    line_cap_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The parts in force when the special rule is (not) on and the pool holds at least so much."""

    special: bool
    pool_from_fen: int
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        if sum(part.share for part in self.parts) != WHOLE:
            raise ValueError("the parts of a split must share out exactly the whole")
        if sum(part.takes_pool for part in self.parts) != 1:
            raise ValueError("exactly one part of a split takes the pool")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawCap:
    """The most that all lines of a tier get in one draw; above it they divide the cap equally."""

    tier: int
    total_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """A floating prize is at least `factor` times the next tier's, raised to `most_fen` at most."""

    factor: int
    most_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialRule:
    """Turned on by a pool of `on_from_fen` after a draw, off by one below `off_below_fen`."""

    on_from_fen: int
    off_below_fen: int

    def next_state(self, *, pool_fen: int, is_on: bool) -> bool:
        """The state for the draw after one that left `pool_fen`; between the two it stays."""
        if pool_fen >= self.on_from_fen:
            return True
        return is_on and pool_fen >= self.off_below_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Floating:
    """How the floating money is divided.

    `unit_fen`: a line's share of a part is cut down to this. `left_over` says what a part whose
    line cap is reached gives to the pool: the whole part, cut to the unit, less what is paid
    (`whole_part`), or the sum of what each line loses by the cap (`per_line`).
    """

    unit_fen: int
    splits: tuple[Split, ...]
    left_over: Literal["whole_part", "per_line"]
    draw_caps: tuple[DrawCap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersion:
    """Everything that decides price, lines, tiers and money of the draws it covers."""

    game: str
    code: str
    first_issue: str
    last_issue: str | None
    zones: tuple[Zone, ...]
    bet_types: tuple[BetType, ...]
    price_fen: int
    multiplier_least: int
    multiplier_most: int
    ticket_cap_fen: int
    tiers: tuple[Tier, ...]
    allocation: Allocation
    floating: Floating
    minimum: Minimum
    special: SpecialRule | None
    deficit_paid_by: Literal["fund"]
    rounding_goes_to: Literal["fund"]
    schedule: Schedule
    claim_days: int

    def __post_init__(self) -> None:
        matches = [match for tier in self.tiers for match in tier.matches]
        if len(set(matches)) != len(matches):
            raise ValueError("a match belongs to one tier only")
        if any(len(match) != len(self.zones) for match in matches):
            raise ValueError("a match names the hits of every zone")
        if any(len(bet_type.ranges) != len(self.zones) for bet_type in self.bet_types):
            raise ValueError("a bet type has one range per zone")
        if [tier.number for tier in self.tiers] != list(range(1, len(self.tiers) + 1)):
            raise ValueError("tiers are numbered from 1, best first")
        if self.special is None and any(tier.special_only for tier in self.tiers):
            raise ValueError("a special tier needs a special rule")
        floating = {tier.number for tier in self.tiers if tier.fixed_fen is None}
        if any({part.tier for part in split.parts} != floating for split in self.floating.splits):
            raise ValueError("every split feeds all floating tiers and no other")
        parts = [part for split in self.floating.splits for part in split.parts]
        if any(part.line_cap_fen < self.minimum.most_fen for part in parts):
            raise ValueError("a prize raised to the minimum must not pass the cap of its parts")

    def covers(self, issue: str) -> bool:
        return self.first_issue <= issue and (self.last_issue is None or issue <= self.last_issue)

    def bet_type(self, code: str) -> BetType | None:
        return next((bet_type for bet_type in self.bet_types if bet_type.code == code), None)

    def tier(self, number: int) -> Tier:
        return self.tiers[number - 1]

    def tiers_in_force(self, *, special_on: bool) -> tuple[Tier, ...]:
        return tuple(tier for tier in self.tiers if special_on or not tier.special_only)

    def tier_by_match(self, *, special_on: bool) -> Mapping[tuple[int, ...], int]:
        """The tier of every winning combination of hits; what is not in it wins nothing."""
        return {
            match: tier.number
            for tier in self.tiers_in_force(special_on=special_on)
            for match in tier.matches
        }

    def split_for(self, *, pool_fen: int, special_on: bool) -> Split:
        """The split in force for a draw that begins with `pool_fen`."""
        if special_on and self.special is None:
            raise ValueError(f"{self.code} has no special rule")
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
class GameRules(_Named):
    """A game and its rule versions, oldest first, without gap or overlap."""

    code: str
    name: str
    versions: tuple[RuleVersion, ...]

    @property
    def current(self) -> RuleVersion:
        return self.versions[-1]
