"""What the accounts of the books are called: every code says its kind before the colon.

What a game is called only higher rooms know; one of them says so at start-up by `name_games`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from . import channels
from .models import Account, AccountKind, HouseBank

LIST = "accounts-of-the-books"  # the list that a field for an account offers
MOST = 300
# Accounts that the portal itself opens and books on.
NAMES: dict[str, str | Promise] = {
    "cash:desks": _("Cash in all desks"),
    "expense:cash_short": _("Cash missing when it was counted"),
    "expense:provider_fees": _("Fees of payment institutions"),
    "suspense:cash_over": _("Cash found too much when it was counted"),
    "suspense:unexplained_in": _("Received, not explained yet"),
    "suspense:unexplained_out": _("Paid, not explained yet"),
}
# One account each of every player or draw; nobody finds his own among thousands.
OF_MANY = (
    AccountKind.WALLET,
    AccountKind.WINNINGS,
    AccountKind.BONUS,
    AccountKind.HOLD,
    AccountKind.RECEIVABLE,
    AccountKind.STAKES,
    AccountKind.PRIZES,
    AccountKind.UNCLAIMED,
)

BY_CHANNEL = (AccountKind.CLEARING, AccountKind.ESCROW)  # told by their channel where no bank is

_GAME_NAMERS: list[Callable[[str], str]] = []


def name_games(name: Callable[[str], str]) -> None:
    """Let `name` say what a game is called, from its code; asked at start-up, by one room."""
    _GAME_NAMERS[:] = [name]


def game(code: str) -> str:
    """What a game is called; its code where nobody says."""
    return _GAME_NAMERS[0](code) if _GAME_NAMERS else code


def games(codes: Collection[str]) -> list[tuple[str, str]]:
    """Games to choose from."""
    return [(code, game(code)) for code in codes]


def named(code: str) -> str:
    """An account in words, and its code."""
    return f"{title(code)} {code}"


def title(code: str) -> str:
    """What an account is in words: escrow account, for escrow:icbc1; its own name if it has one."""
    if code in NAMES:
        return str(NAMES[code])
    kind = code.partition(":")[0].upper()
    return str(AccountKind(kind).label) if kind in AccountKind.values else code


def line(code: str) -> str:
    """An account as a line under its kind: its own name if it has one, or its code."""
    return str(NAMES.get(code, code))


def of_the_house() -> list[str]:
    """The accounts that are neither a player's nor a draw's."""
    found = Account.objects.filter(is_shadow=False).exclude(kind__in=OF_MANY).order_by("code")
    return list(found.values_list("code", flat=True)[:MOST])


def choices(codes: Collection[str]) -> list[tuple[str, str]]:
    """Accounts to choose from, as people know them: kind, bank or institution, then the code."""
    banks = {
        row.account.code: f"{row.bank_name} {row.number}"
        for row in HouseBank.objects.select_related("account").filter(account__code__in=codes)
    }
    return [(code, f"{title(code)} {_whose(code, banks)}") for code in codes]


def _whose(code: str, banks: dict[str, str]) -> str:
    kind, _colon, word = code.partition(":")
    whose = banks.get(code, "")
    if not whose and kind.upper() in BY_CHANNEL and channels.title_of(word) != word:
        whose = channels.title_of(word)
    return f"{whose} ({code})" if whose else code
