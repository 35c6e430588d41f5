"""What may be bought now: the draw on sale, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from functools import cache

from django.utils.translation import gettext_lazy as _

from finance import ledger
from games import announcements, bets, draws, licences, odds, quick_pick, rules, switches
from games.models import Draw, Game
from games.rules import RuleVersion, Tier
from games.rules.picks import Play
from lottery_portal.lib.errors import Refused

from . import opening, ways
from .purchase import LicenceMissing, SalesSwitchedOff


class NoDrawOnSale(Refused):
    """Between two draws."""

    code = "no_draw_on_sale"
    message = _("No draw is on sale now.")


def on_sale(game: Game, *, channel: str, player: str, now: datetime) -> Draw:
    """The draw of `game` that takes tickets now, or the refusal that says why none does.

    For pages and quotes; the sale itself is judged by the database (F023, F039).
    """
    found = on_sale_each([game], channel=channel, player=player, now=now)[game.code]
    if isinstance(found, Refused):
        raise found
    return found


def on_sale_each(
    games: Sequence[Game], *, channel: str, player: str, now: datetime
) -> dict[str, Draw | Refused]:
    """For each of these games the draw that takes tickets now, or why none does."""
    codes = [game.code for game in games]
    thrown = switches.off_for_each(codes, channel=channel, player=player)
    licensed = licences.licensed(games, at=now, channel=channel)
    open_now = draws.on_sale_each(codes, now=now)
    coming = draws.next_to_open_each([code for code in codes if code not in open_now], now=now)
    found: dict[str, Draw | Refused] = {}
    for code in codes:
        if code in thrown:
            found[code] = SalesSwitchedOff(scope=thrown[code].scope, reason=thrown[code].reason)
        elif code not in licensed:
            found[code] = LicenceMissing(draws=[])
        else:
            found[code] = open_now.get(code) or _none_on_sale(coming.get(code))
    return found


def _none_on_sale(following: Draw | None) -> NoDrawOnSale:
    return NoDrawOnSale(
        next_issue=following.issue if following else "",
        opens_at=following.opens_at if following else None,
    )


def pools_of(games: Sequence[Game]) -> dict[str, int]:
    """What lies in the first pool of each of these games whose books are open."""
    accounts = {game.code: opening.pool_of(game) for game in games}
    known = ledger.kinds_of(list(accounts.values()))
    held = ledger.balances([account for account in accounts.values() if account in known])
    return {code: held[account] for code, account in accounts.items() if account in held}


def pool_of(game: Game, pool: str = "", *, draw: Draw | None = None) -> int | None:
    """What lies in the pool of `game`, or in its further one so called; None before its books.

    Where the issuer announces the prizes of `draw`, its pool is his, as he announced it last; None
    while he has not.
    """
    if draw is not None and draw.mode == Draw.Mode.ANNOUNCED and not pool:
        told = announcements.last(game)
        return told.pool if told else None
    try:
        return ledger.balance(opening.pool_of(game, pool))
    except LookupError:
        return None


def pool_for(version: RuleVersion, play: Play) -> str:
    """The code of the pool from which a play is paid; nothing for the first one of the game."""
    others = version.pools[1:]
    return next((one.code for one in others if play.code in one.plays), "")


def one_line(version: RuleVersion, *, special_on: bool) -> odds.Odds:
    """The chances of one line of the game's first play: all its lines have the same."""
    per_tier, some = chances(version, version.plays[0], special_on=special_on)
    if some is None:
        raise RuntimeError("The lines of a first play are alike.")
    return odds.Odds(any_prize=some, per_tier=per_tier)


def chances(
    version: RuleVersion, play: Play, *, special_on: bool
) -> tuple[Mapping[int, Fraction], Fraction | None]:
    """The chance of one line of a play to win each of its tiers, and to win any prize.

    Where a tier is in force in some draws only, it is the chance of a line that wins it then; lines
    differ, and there is no one chance of any prize.
    """
    return _chances(version.code, play.code, special_on=special_on)


@cache
def _chances(
    code: str, play_code: str, *, special_on: bool
) -> tuple[Mapping[int, Fraction], Fraction | None]:
    version = rules.by_code(code)
    play = version.play(play_code)
    bet_type = ways.single_of(version, play).code
    line = quick_pick.pick(version, bet_type=bet_type, below=lambda _bound: 0)
    found = _odds(version, line, special_on=special_on)
    per_tier = dict(found.per_tier)
    in_some_draws = [
        tier
        for tier in version.tiers_in_force(special_on=special_on)
        if tier.is_played(play.code) and tier.when is not None
    ]
    for tier in in_some_draws:
        own = replace(line, picks=_picks_for(tier, play, line.picks))
        per_tier[tier.number] = _odds(version, own, special_on=special_on).per_tier[tier.number]
    return dict(sorted(per_tier.items())), None if in_some_draws else found.any_prize


def _picks_for(
    tier: Tier, play: Play, picks: tuple[tuple[int, ...], ...]
) -> tuple[tuple[int, ...], ...]:
    """The numbers of a line, and at the place that is judged by the fact of a tier its number."""
    judged = {one.place for part in play.measures for one in part.against
              if tier.when and one.fact == tier.when.fact}  # fmt: skip
    numbers = tier.when.numbers[:1] if tier.when else ()
    return tuple(
        numbers if place.code in judged else some
        for place, some in zip(play.places, picks, strict=True)
    )


def _odds(version: RuleVersion, line: bets.Selection, *, special_on: bool) -> odds.Odds:
    found = odds.of(
        version,
        [bets.pack(version, line)],
        special_on=special_on,
        bet_types=[line.bet_type],
    )
    if found is None:
        raise RuntimeError("One line always has odds.")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Prize:
    """What one line wins in a tier: an amount, at most an amount, or a share of another prize."""

    fen: int | None = None
    is_most: bool = False
    share: int = 0
    of: Tier | None = None


def prize(version: RuleVersion, tier: Tier, *, pool_fen: int, special_on: bool) -> Prize:
    """What a tier pays a line in a draw that begins with so much in the pool.

    A floating prize has no amount before the draw; what it is at most the rule says, if it does.
    """
    if tier.on_top is not None:
        return Prize(share=tier.on_top.share, of=version.tier(tier.on_top.tier))
    fixed = tier.fixed_at(pool_fen)
    if fixed is not None:
        return Prize(fen=fixed)
    split = version.split_for(pool_fen=pool_fen, special_on=special_on)
    caps = [part.line_cap_fen for part in split.parts if part.tier == tier.number]
    return Prize(fen=sum(caps), is_most=True)
