"""Pool, adjustment fund and unclaimed prizes, as the books have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from finance import issuer_money, ledger
from games import rule_files, rules
from games.models import Draw, Game
from games.rules import RuleVersion
from sales.opening import pool_of

from .models import PrizeSheet

__all__ = ["Held", "all_of", "before", "fund_of", "further", "held", "issuer_of", "of_game",
           "pool_of", "unclaimed_of"]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the pools of a game hold: the first one, and the further ones by their codes."""

    first_fen: int
    other_fen: Mapping[str, int]


def further(version: RuleVersion) -> list[str]:
    """The codes of a rule's pools but the first, in their order."""
    return [pool.code for pool in version.pools[1:]]


def all_of(game: Game) -> list[str]:
    """The accounts of all pools that the game ever had, the first one first."""
    versions = rule_files.versions(game.rules_game)
    codes = {code: None for version in versions for code in further(version)}
    accounts = [pool_of(game), *(pool_of(game, code) for code in codes)]
    known = ledger.kinds_of(accounts)
    return [account for account in accounts if account in known]


def held(draw: Draw) -> Held:
    """What the pools of the draw's game hold now."""
    others = further(rules.by_code(draw.rule.code))
    return Held(
        first_fen=ledger.balance(pool_of(draw.game)),
        other_fen={code: ledger.balance(pool_of(draw.game, code)) for code in others},
    )


def before(sheet: PrizeSheet) -> Held:
    """What the pools held before a draw that is priced."""
    others = {code: before for code, (before, _after) in sheet.other_pools.items()}
    return Held(first_fen=sheet.pool_before, other_fen=others)


def fund_of(game: Game) -> str:
    """The account of the game's adjustment fund."""
    return f"fund:{game.code}"


def issuer_of(game: Game) -> str:
    """The account on which prize money is settled with the game's issuer."""
    return issuer_money.account_of(game.code)


def unclaimed_of(draw: Draw) -> str:
    """The account of the draw's prizes that await the prize centre."""
    return f"unclaimed:{draw.code}"


def of_game(game: Game) -> int | None:
    """What lies in the pool of `game`; None while its books are not open."""
    try:
        return ledger.balance(pool_of(game))
    except LookupError:
        return None
