"""Pool, adjustment fund and unclaimed prizes, as the books have them."""

from __future__ import annotations

from finance import ledger
from games.models import Draw, Game


def pool_of(game: Game) -> str:
    """The account of the game's pool."""
    return f"pool:{game.code}"


def fund_of(game: Game) -> str:
    """The account of the game's adjustment fund."""
    return f"fund:{game.code}"


def unclaimed_of(draw: Draw) -> str:
    """The account of the draw's prizes that await the prize centre."""
    return f"unclaimed:{draw.code}"


def of_game(game: Game) -> int | None:
    """What lies in the pool of `game`; None while its books are not open."""
    try:
        return ledger.balance(pool_of(game))
    except LookupError:
        return None
