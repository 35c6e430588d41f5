"""What a player owes after a chargeback: his account locks, later deposits pay it first (F112).

A wallet is never below zero. What a bank takes back and the purses no longer hold stands in the
player's receivable; the account is limited until it is paid, and staff get a case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import IntegrityError, connection
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts import player_states
from accounts.models import Player
from audit import trail
from lottery_portal.lib import codes
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import with_unit

from . import cases, ledger, wallets
from .ledger import AccountKind, EntryKind, Move
from .models import Case, Deposit

CHARGEBACK = "finance.chargeback"
REASON = "unpaid_chargeback"


class DebtOpen(Refused):
    """The player owes money from a chargeback."""

    code = "debt_open"
    message = _(
        "Your bank took a deposit back that was already spent. Please pay the %(owed_fen)s yuan "
        "first."
    )


class NoDebt(Refused):
    """Nothing is owed."""

    code = "no_debt"
    message = _("Nothing is owed on this account.")


# What still lies in the house of money that is taken back is let go of first.
before_taking_back: list[Callable[[Player, datetime], None]] = []


def account_of(player: Player) -> str:
    """The code of the account that keeps what the player owes."""
    return f"receivable:{player.code}"


def owed(player: Player) -> int:
    """What the player owes, in fen."""
    code = account_of(player)
    return -ledger.balance(code) if ledger.is_open(code) else 0


@inside_transaction
def take_back(
    *, player: Player, deposit: Deposit, taken: int, target: str, now: datetime, part: str = ""
) -> int:
    """Take `taken` fen of a deposit back from what the player still has; what is missing he owes.

    The answer is the debt in fen. `part` names what is taken after the deposit itself was.

    What is held for withdrawals that nobody approved yet goes back to the purses first. With a debt
    the account is limited; a case is opened either way.
    """
    for let_go in before_taking_back:
        let_go(player, now)
    ledger.open_account(code=account_of(player), kind=AccountKind.RECEIVABLE, is_shadow=False)
    entry = ledger.post(
        reference=f"chargeback:{deposit.code}" + (f":{part}" if part else ""),
        kind=EntryKind.CHARGEBACK,
        moves=[Move(wallets.purse_of(player), target, taken)],
    )
    missing = ledger.moved(entry, source=account_of(player))
    if missing:
        player_states.limit(player_code=player.code, reason=REASON, actor=None, now=now)
        trail.record(
            action="finance.debt_arisen",
            actor=None,
            object_type="player",
            object_code=player.code,
            body={"deposit": deposit.code, "owed_fen": missing},
        )
    cases.open_(
        kind=CHARGEBACK,
        object_type="deposit",
        object_code=deposit.code,
        facts={
            "player": player.code,
            "amount_fen": taken,
            "from_wallet_fen": taken - missing,
            "owed_fen": missing,
        },
        now=now,
    )
    return missing


@inside_transaction
def recover(*, player: Player, reference: str, most_fen: int, now: datetime) -> int:
    """Pay what is owed, up to `most_fen`, from what the player brought in and won; how much.

    The last fen lets the account go. Two at once that would pay more than is owed are refused by
    the database (`receivable_not_overpaid`), unless the caller has locked the purses before.
    """
    debt = owed(player)
    fen = min(debt, most_fen)
    if fen <= 0:
        return 0
    ledger.post(
        reference=f"recovery:{reference}",
        kind=EntryKind.RECOVERY,
        moves=[Move(wallets.purse_of(player), account_of(player), fen)],
    )
    if fen == debt:
        player_states.release(player_code=player.code, reason=REASON, actor=None, now=now)
    trail.record(
        action="finance.debt_paid",
        actor=None,
        object_type="player",
        object_code=player.code,
        body={"paid_fen": fen, "owed_fen": debt - fen},
    )
    return fen


def pay(*, player: Player, now: datetime) -> int:
    """Pay the debt from the balance because the player asks for it; how much, or `NoDebt`."""
    held = wallets.purses(player).withdrawable_fen
    debt = owed(player)
    if not debt:
        raise NoDebt
    if not held:
        raise wallets.NotEnoughMoney(available_fen=held, asked_fen=debt)
    try:
        return _pay(player, held, now)
    except IntegrityError as exc:
        if violated(exc) == "receivable_not_overpaid":
            raise NoDebt from exc
        if violated(exc) == "wallet_not_overdrawn":
            raise wallets.NotEnoughMoney(
                available_fen=wallets.purses(player).withdrawable_fen, asked_fen=debt
            ) from exc
        raise


@door
def _pay(player: Player, most_fen: int, now: datetime) -> int:
    # Whoever pays the same debt a moment later finds it paid, instead of booking it in vain.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [account_of(player)]
        )
    if not owed(player):
        raise NoDebt
    stamp = f"{player.code}:{int(now.timestamp() * 1000)}"
    return recover(player=player, reference=stamp, most_fen=most_fen, now=now)


def _words(case: Case) -> Sequence[tuple[str, str]]:
    facts = case.facts
    return [
        (_now("Player"), codes.shown(facts["player"])),
        (_now("Deposit"), codes.shown(case.object_code)),
        (_now("Taken back by the bank"), with_unit(facts["amount_fen"])),
        (_now("Taken from the balance"), with_unit(facts["from_wallet_fen"])),
        (_now("Owed by the player"), with_unit(facts["owed_fen"])),
    ]


def _person(case: Case) -> str:
    player = Player.objects.select_related("person").get(code=case.facts["player"])
    return str(player.person.row_uuid) if player.person else ""


def _address(_case: Case) -> str:
    return reverse("finance:desk_deposits")


cases.register(
    cases.Kind(
        name=CHARGEBACK,
        title=_("Deposit taken back by the bank"),
        roles=frozenset({"treasurer", "risk", "compliance"}),
        words=_words,
        person=_person,
        address=_address,
    )
)
