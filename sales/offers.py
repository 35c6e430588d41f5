"""What may be bought now: the draw on sale, or the reason why there is none."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from django.utils.translation import gettext_lazy as _

from finance import ledger
from games import bets, draws, licences, odds, quick_pick, rules, switches
from games.models import Draw, Game
from games.rules import RuleVersion
from lottery_portal.lib.errors import Refused

from .purchase import LicenceMissing, SalesSwitchedOff


class NoDrawOnSale(Refused):
    """Between two draws."""

    code = "no_draw_on_sale"
    message = _("No draw is on sale now.")


def on_sale(game: Game, *, channel: str, player: str, now: datetime) -> Draw:
    """The draw of `game` that takes tickets now, or the refusal that says why none does.

    For pages and quotes; the sale itself is judged by the database (F023, F039).
    """
    if switch := switches.off_for(game=game.code, channel=channel, player=player):
        raise SalesSwitchedOff(scope=switch.scope, reason=switch.reason)
    if not game.is_shadow and licences.in_force(game, at=now) is None:
        raise LicenceMissing(draws=[])
    draw = draws.on_sale(game.code, now=now)
    if draw is None:
        following = draws.next_to_open(game.code, now=now)
        raise NoDrawOnSale(
            next_issue=following.issue if following else "",
            opens_at=following.opens_at if following else None,
        )
    return draw


def pool_of(game: Game) -> int | None:
    """What lies in the pool of `game`; None before its first draw."""
    try:
        return ledger.balance(f"pool:{game.code}")
    except LookupError:
        return None


def one_line(version: RuleVersion, *, special_on: bool) -> odds.Odds:
    """The chances of one line of the game's first play: all its lines have the same."""
    return _one_line(version.code, special_on=special_on)


@cache
def _one_line(code: str, *, special_on: bool) -> odds.Odds:
    version = rules.by_code(code)
    line = quick_pick.pick(version, below=lambda _bound: 0)
    chances = odds.of(
        version,
        [bets.pack(version, line)],
        special_on=special_on,
        bet_types=[line.bet_type],
    )
    if chances is None:
        raise RuntimeError("One line always has odds.")
    return chances
