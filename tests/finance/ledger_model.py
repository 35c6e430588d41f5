"""The ledger in a few lines of Python: what the books ought to hold after the same moves.

It knows nothing of the database. Its rules are written down here a second time, on purpose: a rule
changed by mistake in a migration does not change here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

PLAYERS = ("WALLET", "WINNINGS", "BONUS", "HOLD", "RECEIVABLE")
KEPT = ("WALLET", "WINNINGS", "BONUS", "HOLD")

# What goes in and out of a cash desk moves with a row of its own: `test_cash_desks`.
# kind of entry: (source, target): the order in which a purse is drawn on, or None
RULES: dict[str, dict[tuple[str, str], int | None]] = {
    "DEPOSIT": {("CLEARING", "WALLET"): None},
    "DEPOSIT_RETURNED": {("WALLET", "CLEARING"): None, ("CLEARING", "WALLET"): None},
    "WITHDRAWAL_HOLD": {("WINNINGS", "HOLD"): 1, ("WALLET", "HOLD"): 2},
    "WITHDRAWAL_RELEASE": {("HOLD", "WINNINGS"): None, ("HOLD", "WALLET"): None},
    "WITHDRAWAL_PAID": {("HOLD", "CLEARING"): None},
    "PLAN_HOLD": {("BONUS", "HOLD"): 1, ("WALLET", "HOLD"): 2, ("WINNINGS", "HOLD"): 3},
    "PLAN_RELEASE": {
        ("HOLD", "BONUS"): None,
        ("HOLD", "WALLET"): None,
        ("HOLD", "WINNINGS"): None,
    },
    "CHARGEBACK": {
        ("WALLET", "CLEARING"): 1,
        ("WINNINGS", "CLEARING"): 2,
        ("RECEIVABLE", "CLEARING"): 3,
    },
    "RECOVERY": {("WALLET", "RECEIVABLE"): 1, ("WINNINGS", "RECEIVABLE"): 2},
    "BONUS": {("FUND", "BONUS"): None, ("EXPENSE", "BONUS"): None},
    "BONUS_LAPSED": {("BONUS", "FUND"): None},
    "PURCHASE": {
        ("BONUS", "STAKES"): 1,
        ("WALLET", "STAKES"): 2,
        ("WINNINGS", "STAKES"): 3,
    },
    "REFUND": {
        ("STAKES", "BONUS"): None,
        ("STAKES", "WALLET"): None,
        ("STAKES", "WINNINGS"): None,
    },
    "ALLOCATION": {
        ("STAKES", "PRIZES"): None,
        ("STAKES", "FUND"): None,
        ("STAKES", "FEE"): None,
        ("STAKES", "WELFARE"): None,
        ("PRIZES", "STAKES"): None,  # of a cancelled draw
        ("FUND", "STAKES"): None,
        ("FEE", "STAKES"): None,
        ("WELFARE", "STAKES"): None,
    },
    "PRIZE": {
        ("PRIZES", "WINNINGS"): None,
        ("PRIZES", "UNCLAIMED"): None,
        ("PRIZES", "TAX"): None,
        ("UNCLAIMED", "WINNINGS"): None,
        ("UNCLAIMED", "TAX"): None,
        ("UNCLAIMED", "CLEARING"): None,
        ("UNCLAIMED", "ESCROW"): None,
    },
    "FORFEIT": {("UNCLAIMED", "WELFARE"): None},
    "SETTLEMENT": {("ESCROW", "CLEARING"): None, ("CLEARING", "ESCROW"): None},
    "REMITTANCE": {
        ("WELFARE", "ESCROW"): None,
        ("FEE", "ESCROW"): None,
        ("TAX", "ESCROW"): None,
    },
}

# Kinds of entries that are booked only for a deed that stands in a table of its own.
DEEDS = {
    "DEPOSIT_RETURNED": "return_entry_is_a_refund",
    "REMITTANCE": "outflow_by_an_approved_order",
}

Asked = tuple[tuple[str, str, int], ...]


class Refusal(Exception):
    """The books must refuse this, by a constraint of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass
class Booked:
    """An entry as the model booked it."""

    kind: str
    asked: Asked
    moved: Asked
    reversal_of: str = ""


def kind_of(code: str) -> str:
    """The kind of an account is the first part of its code."""
    return code.partition(":")[0].upper()


def owner_of(code: str) -> str:
    """The second part."""
    return code.partition(":")[2]


@dataclass
class Books:
    """Balances by account, and entries by reference."""

    balances: dict[str, int] = field(default_factory=dict)
    entries: dict[str, Booked] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)

    def open(self, *codes: str) -> None:
        for code in codes:
            self.balances.setdefault(code, 0)

    def post(self, reference: str, kind: str, asked: Asked, *, reversal_of: str = "") -> Booked:
        """Book the moves, or raise `Refusal` and leave everything as it was."""
        if known := self.entries.get(reference):
            if (known.kind, known.asked, known.reversal_of) != (kind, asked, reversal_of):
                raise Refusal("entry_reference_once")
            return known
        if not asked:
            raise Refusal("entry_moves_something")
        moved = self._drawn(kind, asked)
        self._check(kind, moved)
        after = dict(self.balances)
        for source, target, fen in moved:
            after[source] -= fen
            after[target] += fen
        for code in sorted({code for move in moved for code in move[:2]}):
            if kind_of(code) in KEPT and after[code] < 0:
                held = kind_of(code) == "HOLD"
                raise Refusal("hold_not_overdrawn" if held else "wallet_not_overdrawn")
        paid = {target for _source, target, _fen in moved if kind_of(target) == "RECEIVABLE"}
        if kind == "RECOVERY" and any(after[code] > 0 for code in paid):
            raise Refusal("receivable_not_overpaid")
        if kind == "PLAN_RELEASE":  # under the name of a plan that holds it; here there is none
            raise Refusal("plan_within_its_hold")
        self.balances = after
        booked = Booked(kind, asked, moved, reversal_of)
        self.entries[reference] = booked
        for source, target, fen in moved:
            self.lines.setdefault(source, []).append(-fen)
            self.lines.setdefault(target, []).append(fen)
        return booked

    def mirror(self, reference: str) -> Asked:
        """The moves that bring back what an entry moved, last first."""
        moved = reversed(self.entries[reference].moved)
        return tuple((target, source, fen) for source, target, fen in moved)

    def may_reverse(self, reference: str) -> bool:
        """Whether it is no reversal and was not reversed."""
        return not self.entries[reference].reversal_of and not any(
            one.reversal_of == reference for one in self.entries.values()
        )

    def _drawn(self, kind: str, asked: Asked) -> Asked:
        """A purse becomes the accounts it stands for, in their order."""
        purses = {source for source, _target, _fen in asked if source.startswith("purse:")}
        if len(purses) > 1:
            raise Refusal("entry_draws_on_one_player")
        left, moved = dict(self.balances), []
        for source, target, fen in asked:
            if not source.startswith("purse:"):
                moved.append((source, target, fen))
                continue
            player, wanted = owner_of(source), fen
            for code in self._order(kind, target, player):
                part = min(wanted, left[code]) if kind_of(code) in KEPT else wanted
                if part > 0:
                    moved.append((code, target, part))
                    left[code] -= part
                    wanted -= part
            if wanted > 0 or fen <= 0:
                moved.append((f"wallet:{player}", target, wanted))
        return tuple(moved)

    def _order(self, kind: str, target: str, player: str) -> list[str]:
        ranked = sorted(
            (rank, source)
            for (source, of), rank in RULES[kind].items()
            if rank is not None and target in self.balances and of == kind_of(target)
        )
        codes = [f"{source.lower()}:{player}" for _rank, source in ranked]
        return [code for code in codes if code in self.balances]

    def _check(self, kind: str, moved: Asked) -> None:
        for source, target, fen in moved:
            if source not in self.balances or target not in self.balances:
                raise Refusal("transfer_between_known_accounts")
            if fen <= 0:
                raise Refusal("transfer_amount_positive")
            both = {kind_of(source), kind_of(target)} <= set(PLAYERS)
            if both and owner_of(source) != owner_of(target):
                raise Refusal("transfer_never_player_to_player")
            allowed = RULES.get(kind, {})
            if kind != "REVERSAL" and (kind_of(source), kind_of(target)) not in allowed:
                raise Refusal("posting_rule_known")
        if deed := DEEDS.get(kind):
            raise Refusal(deed)
        gives = {source for source, _target, _fen in moved if kind_of(source) in KEPT}
        takes = {target for _source, target, _fen in moved if kind_of(target) in KEPT}
        if gives & takes:
            raise Refusal("entry_uses_a_balance_one_way")


def statement(books: Books, codes: Sequence[str]) -> int:
    """How many lines these accounts have together."""
    return sum(len(books.lines.get(code, [])) for code in codes)
