"""A rule version tried on past draws: what they would have paid, before anybody approves it.

Known of a past draw are its sales, its pool and how many lines won each tier of *its* rule. A tier
of the version on trial takes those lines where it is won by the same hits of the same bets; that is
exact. What the announcement cannot tell (hits that won nothing, a part of an old tier, another
matrix) is counted by chance: lines sold times the probability, the fractions carried from draw to
draw so that the sum is right. Such a tier is marked. A bet that there was not then has no lines.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.errors import Refused

from . import bets, odds, prize_tables, quick_pick, rule_files, rules
from .models import Announcement, Game
from .rules import RuleVersion
from .rules.picks import Play
from .rules.prizes import Pool, Tier

MOST_DRAWS = 500
MOST_LINES = 1_500  # of a file: some seconds
_MOST_DIGITS = 18
Course = Literal["own", "announced"]


class NothingToTry(Refused):
    """No past draw is known well enough."""

    code, status = "rule_trial_without_draws", 400
    message = _("No past draw is known well enough for this rule: %(why)s.")


class TrialFileUnreadable(Refused):
    """The file is no list of draws."""

    code, status = "rule_trial_file", 400
    message = _("This file cannot be read: %(why)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A draw that was held: by its own rule, in the marks of that rule's tiers.

    `prizes_fen` and `pool_after_fen` are what was announced, as far as it was.
    """

    issue: str
    version: RuleVersion
    sales_fen: int
    pool_before_fen: int
    special_on: bool
    winners: Mapping[str, int]
    prizes_fen: Mapping[str, int]
    pool_after_fen: int | None = None
    topup_fen: int = 0
    sales_by_play: Mapping[str, int] = field(default_factory=dict)
    other_pools: Mapping[str, int] = field(default_factory=dict)

    @property
    def paid_fen(self) -> int | None:
        """What was paid in all, or None when a prize that was won was not announced."""
        won = {mark: lines for mark, lines in self.winners.items() if lines}
        if any(mark not in self.prizes_fen for mark in won):
            return None
        return sum(lines * self.prizes_fen[mark] for mark, lines in won.items())


@dataclass(slots=True, kw_only=True)
class TierSum:
    """A tier over all draws of a trial; `was_*` is what was announced for tiers of its mark."""

    tier: Tier
    lines: int = 0
    paid_fen: int = 0
    was_lines: int = 0
    was_fen: int = 0
    is_by_chance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One draw of a trial, beside what was announced."""

    issue: str
    sales_fen: int
    paid_fen: int
    was_paid_fen: int | None
    pool_after_fen: int
    was_pool_after_fen: int | None
    fund_paid_fen: int
    special_on: bool

    @property
    def is_as_announced(self) -> bool:
        return (self.paid_fen, self.pool_after_fen) == (self.was_paid_fen, self.was_pool_after_fen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a version would have made of past draws; `skipped` are draws with the reason."""

    version: RuleVersion
    course: Course
    draws: Sequence[Tried]
    tiers: Sequence[TierSum]
    skipped: Sequence[tuple[str, str | Promise]]
    fund_in_fen: int
    fund_out_fen: int

    @property
    def paid_fen(self) -> int:
        return sum(draw.paid_fen for draw in self.draws)

    @property
    def was_paid_fen(self) -> int | None:
        sums = [draw.was_paid_fen for draw in self.draws]
        return None if None in sums else sum(one or 0 for one in sums)

    @property
    def sales_fen(self) -> int:
        return sum(draw.sales_fen for draw in self.draws)

    @property
    def equal(self) -> int:
        """How many draws come out to the fen as they were announced."""
        return sum(draw.is_as_announced for draw in self.draws)


def announced(
    game: Game, *, most: int = MOST_DRAWS
) -> tuple[list[Past], list[tuple[str, Promise]]]:
    """The last announced draws of a game, oldest first, and those that are not known enough of."""
    rows = list(Announcement.objects.filter(game=game).order_by("-issue")[: most + 1])[::-1]
    found: list[Past] = []
    skipped: list[tuple[str, Promise]] = []
    loaded = rule_files.of_real(game.rules_game)
    for before, row in pairwise(rows):
        try:
            version = rule_files.version_for(game=game.rules_game, issue=row.issue, loaded=loaded)
        except rules.NoRuleVersion:
            skipped.append((row.issue, _("no rule is known for it")))
            continue
        tiers = {version.tier(told["tier"]).mark: told for told in row.tiers
                 if 1 <= told["tier"] <= len(version.tiers)}  # fmt: skip
        in_force = version.tiers_in_force(special_on=bool(row.special_on))
        won = {mark: told["winners"] for mark, told in tiers.items()}
        if (
            row.sales is None
            or before.pool is None
            or any(won.get(tier.mark) is None for tier in in_force)
        ):
            skipped.append((row.issue, _("sales, pool or winners were not announced")))
            continue
        found.append(
            Past(
                issue=row.issue,
                version=version,
                sales_fen=row.sales,
                pool_before_fen=before.pool,
                special_on=bool(row.special_on),
                winners={tier.mark: won[tier.mark] for tier in in_force},
                prizes_fen={
                    mark: told["prize_fen"]
                    for mark, told in tiers.items()
                    if told["prize_fen"] is not None
                },
                pool_after_fen=row.pool,
            )
        )
    return found, skipped


def from_csv(
    game: str, text: Iterator[str], *, loaded: Sequence[RuleVersion] = ()
) -> tuple[list[Past], list[tuple[str, Promise]]]:
    """The draws of a file as `prize_table` takes it; prizes and pool after, where it has them, are
    what the trial is held against. `loaded` are the versions that came as files."""
    found: list[Past] = []
    skipped: list[tuple[str, Promise]] = []
    try:
        reader = csv.DictReader(line.removeprefix("\ufeff") for line in text)
        for needed in ("issue", "sales_fen", "pool_before_fen"):
            if needed not in (reader.fieldnames or ()):
                raise TrialFileUnreadable(why=_("it has no column %(name)s") % {"name": needed})
        for number, row in enumerate(reader, start=1):
            if number > MOST_LINES:
                raise TrialFileUnreadable(
                    why=_("it has more than %(most)s lines") % {"most": MOST_LINES}
                )
            cells = {name: (cell or "").strip() for name, cell in row.items() if name}
            _row(game, cells, found, skipped, loaded)
    except (csv.Error, UnicodeDecodeError) as exc:
        raise TrialFileUnreadable(why=_("it is no CSV file in UTF-8")) from exc
    return found, skipped


def _row(
    game: str,
    row: Mapping[str, str],
    found: list[Past],
    skipped: list[tuple[str, Promise]],
    loaded: Sequence[RuleVersion],
) -> None:
    issue = row["issue"]
    try:
        version = rule_files.version_for(game=game, issue=issue, loaded=loaded)
        special_on = row.get("special_rule") == "1"
        in_force = version.tiers_in_force(special_on=special_on)
        marks = [tier.mark for tier in in_force]
        found.append(
            Past(
                issue=issue,
                version=version,
                sales_fen=_whole(row["sales_fen"]),
                pool_before_fen=_whole(row["pool_before_fen"]),
                special_on=special_on,
                winners={mark: _whole(row.get(f"winners_{mark}", "")) for mark in marks},
                prizes_fen={
                    mark: _whole(cell) for mark in marks if (cell := row.get(f"prize_{mark}_fen"))
                },
                pool_after_fen=_whole(cell) if (cell := row.get("pool_after_fen")) else None,
                topup_fen=_whole(row.get("fund_topup_fen") or "0"),
                sales_by_play={
                    play.code: _whole(cell)
                    for play in version.plays
                    if (cell := row.get(f"sales_{play.code}_fen"))
                },
                other_pools={
                    pool.code: _whole(cell)
                    for pool in version.pools[1:]
                    if (cell := row.get(f"{pool.code}_pool_before_fen"))
                },
            )
        )
    except rules.NoRuleVersion:
        skipped.append((issue, _("no rule is known for it")))
    except ValueError:
        skipped.append((issue, _("a figure is missing or no whole number")))


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ValueError(text)
    return int(text)


def run(
    version: RuleVersion,
    past: Sequence[Past],
    *,
    course: Course = "own",
    skipped: Sequence[tuple[str, str | Promise]] = (),
) -> Trial:
    """Pay these draws by `version`. The pool goes its own way from the first draw on (`own`), or
    each draw begins with the pool that was announced (`announced`)."""
    if not past:
        raise _nothing(skipped)
    left_out, tried = list(skipped), []
    sums = {tier.number: TierSum(tier=tier) for tier in version.tiers}
    counts = _Counts(version)
    pool, others = past[0].pool_before_fen, dict(past[0].other_pools)
    special_on = version.special is not None and _first_special(version, past[0])
    fund_in = fund_out = 0
    for draw in past:
        if course == "announced":
            pool, others = draw.pool_before_fen, dict(draw.other_pools)
            if draw.version.special is not None and version.special is not None:
                special_on = draw.special_on
        winners, by_chance = counts.of(draw, special_on=special_on)
        try:
            table = prize_tables.compute(
                version,
                sales_fen=draw.sales_fen,
                pool_before_fen=pool,
                special_on=special_on,
                winners=winners,
                fund_topup_fen=draw.topup_fen,
                sales_by_play=draw.sales_by_play or None,
                other_pools=others if len(version.pools) > 1 else None,
            )
        except ValueError:
            left_out.append((draw.issue, _("its pools or the sales of its bets are not known")))
            continue
        _add(sums, draw, table, by_chance)
        shares = version.allocation.split(draw.sales_fen)
        fund_in += shares.fund_fen + table.rounding_to_fund_fen
        fund_out += table.fund_paid_fen + draw.topup_fen
        tried.append(
            Tried(
                issue=draw.issue,
                sales_fen=draw.sales_fen,
                paid_fen=table.prizes_fen,
                was_paid_fen=draw.paid_fen,
                pool_after_fen=table.pool_after_fen,
                was_pool_after_fen=draw.pool_after_fen,
                fund_paid_fen=table.fund_paid_fen + draw.topup_fen,
                special_on=special_on,
            )
        )
        pool = table.pool_after_fen
        others = {code: after for code, (_before, after) in table.other_pools.items()}
        special_on = table.special_on_next
    if not tried:
        raise _nothing(left_out)
    return Trial(
        version=version,
        course=course,
        draws=tried,
        tiers=[sums[tier.number] for tier in version.tiers],
        skipped=left_out,
        fund_in_fen=fund_in,
        fund_out_fen=fund_out,
    )


def _nothing(skipped: Sequence[tuple[str, str | Promise]]) -> NothingToTry:
    return NothingToTry(why=skipped[0][1] if skipped else _("please give a file of draws"))


def _first_special(version: RuleVersion, first: Past) -> bool:
    """On as it was, or as the pool alone says when the rule of then had none."""
    if first.version.special is not None:
        return first.special_on
    return version.next_special(pool_fen=first.pool_before_fen, special_on=False)


def _add(
    sums: Mapping[int, TierSum],
    draw: Past,
    table: prize_tables.PrizeTable,
    by_chance: frozenset[int],
) -> None:
    for number, prize in table.prize_fen.items():
        one = sums[number]
        one.lines += table.winners[number]
        one.paid_fen += table.winners[number] * prize
        one.is_by_chance = one.is_by_chance or number in by_chance
    for one in sums.values():
        lines = draw.winners.get(one.tier.mark, 0)
        one.was_lines += lines
        one.was_fen += lines * draw.prizes_fen.get(one.tier.mark, 0)


# What wins a tier, however it is numbered: play, hits, on top of another, only in some draws.
_Key = tuple[str, tuple[int, ...], bool, tuple[int, ...]]


def _keys(version: RuleVersion, tier: Tier) -> list[_Key]:
    when = tier.when.numbers if tier.when else ()
    return [
        (play.code, match, tier.on_top is not None, when)
        for play in version.plays
        if tier.is_played(play.code)
        for match in tier.matches
    ]


class _Counts:
    """How many lines of each tier a past draw has under another rule."""

    def __init__(self, version: RuleVersion) -> None:
        self.version = version
        self.carried: defaultdict[int, Fraction] = defaultdict(Fraction)
        self.chances: dict[tuple[int, str], Mapping[tuple[int, ...], Fraction]] = {}
        self.alike: dict[str, frozenset[str]] = {}

    def of(self, draw: Past, *, special_on: bool) -> tuple[dict[int, int], frozenset[int]]:
        """Lines by tier, and the tiers that were counted by chance."""
        old = {
            key: tier
            for tier in draw.version.tiers_in_force(special_on=draw.special_on)
            for key in _keys(draw.version, tier)
        }
        alike = self._alike(draw.version)
        winners, by_chance = {}, set()
        for tier in self.version.tiers_in_force(special_on=special_on):
            lines, is_exact = self._lines(draw, tier, old, alike)
            if not is_exact:
                by_chance.add(tier.number)
                lines += self.carried[tier.number]
                self.carried[tier.number] = lines - lines.__floor__()
            winners[tier.number] = lines.__floor__()
        return winners, frozenset(by_chance)

    def _lines(
        self, draw: Past, tier: Tier, old: Mapping[_Key, Tier], alike: frozenset[str]
    ) -> tuple[Fraction, bool]:
        keys = _keys(self.version, tier)
        taken: defaultdict[int, list[_Key]] = defaultdict(list)
        lines, is_exact = Fraction(0), True
        for key in keys:
            play, match, is_on_top, when = key
            if play in alike and key in old:
                taken[old[key].number].append(key)
            elif not is_on_top and not when:
                is_exact = False
                lines += self._sold(draw, play) * self._chance(self.version, play).get(match, 0)
        for number, some in taken.items():
            was = draw.version.tier(number)
            count = draw.winners.get(was.mark, 0)
            whole = _keys(draw.version, was)
            if len(some) == len(whole):
                lines += count
                continue
            is_exact = False
            parts = [
                sum(
                    (
                        self._chance(draw.version, play).get(match, Fraction(0))
                        for play, match, *_r in group
                    ),
                    Fraction(0),
                )
                for group in (some, whole)
            ]
            lines += count * parts[0] / parts[1]
        return lines, is_exact

    def _sold(self, draw: Past, play: str) -> Fraction:
        """Lines of a play that were sold; none of one that there was not."""
        known = {one.code for one in draw.version.plays}
        if play not in known:
            return Fraction(0)
        if play in draw.sales_by_play:
            return Fraction(draw.sales_by_play[play], self.version.price_fen)
        if len(known) == 1:
            return Fraction(draw.sales_fen, self.version.price_fen)
        return Fraction(0)

    def _alike(self, then: RuleVersion) -> frozenset[str]:
        """The plays that are chosen, drawn and judged as they were then."""
        if then.code not in self.alike:
            zones = [(z.code, z.first, z.size, z.drawn, z.drum) for z in then.zones]
            is_same = zones == [
                (z.code, z.first, z.size, z.drawn, z.drum) for z in self.version.zones
            ]
            plays = {play.code: _judged(play) for play in then.plays}
            self.alike[then.code] = frozenset(
                play.code
                for play in self.version.plays
                if is_same and plays.get(play.code) == _judged(play)
            )
        return self.alike[then.code]

    def _chance(self, version: RuleVersion, play: str) -> Mapping[tuple[int, ...], Fraction]:
        """The probability of each match of a play for one line."""
        key = (id(version), play)
        if key not in self.chances:
            self.chances[key] = chances(version, play)
        return self.chances[key]


def chances(version: RuleVersion, play: str) -> dict[tuple[int, ...], Fraction]:
    """How likely a line of a play is to have each combination of hits that a tier is won by."""
    matches = sorted(
        {match for tier in version.tiers if tier.is_played(play) for match in tier.matches}
    )
    bet_type = next(one for one in version.bet_types if one.play == play)
    known = version.play(play)
    alone = replace(
        version,
        plays=(known,),
        bet_types=(bet_type,),
        tiers=tuple(
            Tier(number=number, name=play, matches=(match,), fixed_fen=1)
            for number, match in enumerate(matches, start=1)
        ),
        pools=(Pool(code="pool"),),
        floating=None,
        minimum=None,
        special=None,
    )
    picked = quick_pick.pick(alone, bet_type=bet_type.code, below=lambda _n: 0)
    checked = bets.check(alone, picked)
    found = odds.of(alone, [checked.masks], special_on=False, bet_types=[bet_type.code])
    if found is None or checked.lines != 1:
        return {}
    return {match: found.per_tier[number] for number, match in enumerate(matches, start=1)}


def _judged(play: Play) -> tuple[object, ...]:
    places = [(one.code, one.first, one.size, one.picked) for one in play.places]
    return places, [one.against for one in play.measures], play.filled, play.pattern
