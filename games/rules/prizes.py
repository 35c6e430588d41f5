"""What lines win and where money goes: tiers, allocation of stakes, floating money, pools.

Shares are ten-thousandths, money is fen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise

from games.rules.contradiction import Contradiction
from games.rules.named import Named, with_figures
from lottery_portal.lib import money

WHOLE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A tier is in force only in draws whose fact holds one of these numbers."""

    fact: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """The fixed amount of a tier while the pool before the draw is at least `pool_from_fen`."""

    pool_from_fen: int
    fixed_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTop:
    """A tier won beside `tier` by the same line, and paid a share of what that one pays."""

    tier: int
    share: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier(Named):
    """A prize: the hits that win it, and a fixed amount, or None when it is floating.

    `matches` has one number of hits per measure of its plays; no `plays` are all of them.
    `published_as` is its mark in announcements where that is not its number.
    """

    number: int
    name: str
    matches: tuple[tuple[int, ...], ...]
    fixed_fen: int | None = None
    special_only: bool = False
    plays: tuple[str, ...] = ()
    when: When | None = None
    raised: tuple[Raised, ...] = ()
    on_top: OnTop | None = None
    published_as: str = ""
    figures: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        if self.raised and self.fixed_fen is None:
            raise Contradiction("raised_not_fixed", number=self.number)
        if self.on_top is not None and self.fixed_fen is not None:
            raise Contradiction("on_top_has_amount", number=self.number)

    @property
    def label(self) -> Promise:
        return with_figures(self.name, self.figures)

    @property
    def mark(self) -> str:
        """What announcements and files call it."""
        return self.published_as or str(self.number)

    @property
    def is_floating(self) -> bool:
        """Whether it shares in the floating money itself."""
        return self.fixed_fen is None and self.on_top is None

    def is_played(self, play: str) -> bool:
        """Whether a line of `play` can win it."""
        return not self.plays or play in self.plays

    def is_in_force(self, facts: Mapping[str, frozenset[int]]) -> bool:
        """Whether it can be won in a draw with these facts."""
        return self.when is None or bool(facts[self.when.fact] & set(self.when.numbers))

    def is_apart(self, other: "Tier") -> bool:
        """Whether the two depend on different numbers of one fact, so that each has its draws."""
        return (
            self.when is not None
            and other.when is not None
            and self.when.fact == other.when.fact
            and not set(self.when.numbers) & set(other.when.numbers)
        )

    def fixed_at(self, pool_fen: int) -> int | None:
        """The fixed amount in a draw that begins with `pool_fen`."""
        reached = [step for step in self.raised if step.pool_from_fen <= pool_fen]
        if reached:
            return max(reached, key=lambda step: step.pool_from_fen).fixed_fen
        return self.fixed_fen


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
        given = self.prize + self.fund + self.fee + self.welfare
        if given != WHOLE:
            raise Contradiction("allocation_not_whole", whole=WHOLE, given=given)

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
    """A share of the floating money for one tier, divided among its lines on its own.

    `unwon_to`: the tier that gets the share when nobody wins this one; the pool stays where it is.
    """

    tier: int
    share: int
    takes_pool: bool = False
    line_cap_fen: int
    unwon_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The parts in force when the special rule is (not) on and the pool holds at least so much."""

    special: bool
    pool_from_fen: int
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        given = sum(part.share for part in self.parts)
        if given != WHOLE:
            raise Contradiction("split_not_whole", whole=WHOLE, given=given)
        takers = sum(part.takes_pool for part in self.parts)
        if takers != 1:
            raise Contradiction("split_pool_taken", given=takers)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawCap:
    """The most that all lines of a tier get in one draw; above it they divide the cap equally.

    Tiers on top of it are paid out of it.
    """

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

    `unit_fen`: what a line gets is cut down to this. `cut`: each share of a part is cut and the
    prize is their sum, a tier on top being paid from the prize as cut (`parts`); or the shares are
    added uncut and cut once, a tier on top being paid from the uncut sum (`sum`). `left_over` says
    what a part whose line cap is reached gives to the pool: the whole part, cut to the unit, less
    what is paid (`whole_part`), the sum of what each line loses by the cap (`per_line`), or
    exactly what is not paid, all parts of the draw together rounded to the fen, halves up
    (`exact`).
    """

    unit_fen: int
    splits: tuple[Split, ...]
    left_over: Literal["whole_part", "per_line", "exact"]
    cut: Literal["parts", "sum"] = "parts"
    draw_caps: tuple[DrawCap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Prize money kept from draw to draw for some plays (none named: for all).

    `excess_from_fen`: what lies above this after a draw may be moved to the adjustment fund.
    """

    code: str
    plays: tuple[str, ...] = ()
    excess_from_fen: int | None = None
