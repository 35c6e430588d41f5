"""A player's wallet and hold: opened at registration, read on every page with money."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Purses:
    """What lies in a player's purses, in fen (F107): what he brought in, won, and was given."""

    deposited_fen: int
    winnings_fen: int
    bonus_fen: int

    @property
    def available_fen(self) -> int:
        """What he may stake."""
        return self.deposited_fen + self.winnings_fen + self.bonus_fen

    @property
    def withdrawable_fen(self) -> int:
        """What he may take out: all but what he was given to play with."""
        return self.deposited_fen + self.winnings_fen


def wallet_of(player: Player) -> str:
    """The code of the account that holds what the player brought in."""
    return f"wallet:{player.code}"


def winnings_of(player: Player) -> str:
    """The code of the account that holds what the player won."""
    return f"winnings:{player.code}"


def bonus_of(player: Player) -> str:
    """The code of the account that holds what the player was given to play with."""
    return f"bonus:{player.code}"


def hold_of(player: Player) -> str:
    """The code of the account that holds what is on its way out."""
    return f"hold:{player.code}"


def purse_of(player: Player) -> str:
    """What stands for all the player's purses as the source of a move."""
    return f"purse:{player.code}"


def accounts_of(player: Player) -> tuple[str, str, str]:
    """The codes of all the player's purses."""
    return bonus_of(player), wallet_of(player), winnings_of(player)


@inside_transaction
def open_for(player: Player) -> None:
    """Open purses and hold of a new player; there before the first fen, so that locks find them."""
    for code, kind in (
        (bonus_of(player), AccountKind.BONUS),
        (wallet_of(player), AccountKind.WALLET),
        (winnings_of(player), AccountKind.WINNINGS),
        (hold_of(player), AccountKind.HOLD),
    ):
        ledger.open_account(code=code, kind=kind, is_shadow=player.is_shadow)


def purses(player: Player) -> Purses:
    """What lies in each purse, of one moment."""
    bonus, wallet, winnings = accounts_of(player)
    found = ledger.balances([bonus, wallet, winnings])
    return Purses(deposited_fen=found[wallet], winnings_fen=found[winnings], bonus_fen=found[bonus])


def available(player: Player) -> int:
    """What the player may spend, in fen."""
    return purses(player).available_fen


def held(player: Player) -> int:
    """What is on its way to the player's bank, in fen."""
    return ledger.balance(hold_of(player)) - planned(player)


def planned(player: Player) -> int:
    """What is set aside for the player's plans, in fen."""
    hold = hold_of(player)
    return ledger.taken(hold, kind=EntryKind.PLAN_HOLD) - ledger.given(
        hold, kind=EntryKind.PLAN_RELEASE
    )


@inside_transaction
def set_aside(player: Player, *, fen: int, plan: str) -> None:
    """Hold money for a plan, from the purses in the order of a purchase.

    What the plan does not use goes back by `give_back`.
    """
    ledger.post(
        reference=f"plan:{plan}:hold",
        kind=EntryKind.PLAN_HOLD,
        moves=[Move(source=purse_of(player), target=hold_of(player), amount=fen)],
    )


@inside_transaction
def give_back(player: Player, *, fen: int, plan: str, step: str, from_last: bool) -> None:
    """Release so much of what is held for a plan, once per `step`.

    Money comes back to the purses in the order in which it was taken, for a purchase that follows
    at once; or, `from_last`, in the opposite order, for what the plan will not use.
    """
    ledger.lock_player(player.code)
    left = ledger.left_of_plan(plan)
    moves, wanted = [], fen
    for purse in accounts_of(player)[:: -1 if from_last else 1]:
        part = min(wanted, left.get(purse, 0))
        if part > 0:
            moves.append(Move(source=hold_of(player), target=purse, amount=part))
            wanted -= part
    if wanted:
        raise RuntimeError(f"Plan {plan} holds {fen - wanted} fen, not {fen}.")
    ledger.post(reference=f"plan:{plan}:{step}", kind=EntryKind.PLAN_RELEASE, moves=moves)


@inside_transaction
def fill_shadow(player: Player, *, fen: int, reference: str) -> None:
    """Give a shadow player money for a drill; a real wallet is refused by `books_not_mixed`."""
    ledger.post(
        reference=reference,
        kind=EntryKind.DEPOSIT,
        moves=[Move(source=SHADOW_SOURCE, target=wallet_of(player), amount=fen)],
    )
