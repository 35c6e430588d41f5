"""A player's wallet and hold: opened at registration, read on every page with money."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from lottery_portal.lib.db import inside_transaction
from lottery_portal.lib.errors import Refused

from . import ledger
from .ledger import AccountKind, EntryKind, Move

SHADOW_SOURCE = "clearing:shadow"


class NotEnoughMoney(Refused):
    """The wallet holds less than is to leave it."""

    code = "not_enough_money"
    message = _("You have %(available_fen)s yuan, and %(asked_fen)s yuan would be needed.")


def wallet_of(player: Player) -> str:
    """The code of the account that holds what the player may spend."""
    return f"wallet:{player.code}"


def hold_of(player: Player) -> str:
    """The code of the account that holds what is on its way out."""
    return f"hold:{player.code}"


@inside_transaction
def open_for(player: Player) -> None:
    """Open wallet and hold of a new player; there before the first fen, so that locks find them."""
    for code, kind in (
        (wallet_of(player), AccountKind.WALLET),
        (hold_of(player), AccountKind.HOLD),
    ):
        ledger.open_account(code=code, kind=kind, is_shadow=player.is_shadow)


def available(player: Player) -> int:
    """What the player may spend, in fen."""
    return ledger.balance(wallet_of(player))


def held(player: Player) -> int:
    """What is on its way to the player's bank, in fen."""
    return ledger.balance(hold_of(player))


@inside_transaction
def fill_shadow(player: Player, *, fen: int, reference: str) -> None:
    """Give a shadow player money for a drill; a real wallet is refused by `books_not_mixed`."""
    ledger.post(
        reference=reference,
        kind=EntryKind.DEPOSIT,
        moves=[Move(source=SHADOW_SOURCE, target=wallet_of(player), amount=fen)],
    )
