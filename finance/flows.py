"""What went through a player's account in a period: net deposit, and what was won or lost (F139).

The figures are summed from the books. All of them together are the change of what lies in the
account, so nothing can be left out; a reversal takes off the figure of what it reversed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db import connection

from accounts.models import Player
from lottery_portal.lib.dates import SHANGHAI

from . import debts, wallets
from .ledger import EntryKind

SUMS = """
    SELECT coalesce(o.kind, e.kind), sum(m.fen)::bigint
      FROM (SELECT t.entry_id, t.amount AS fen, t.posted_at
              FROM finance_account a JOIN finance_transfer t ON t.target_id = a.id
             WHERE a.code = ANY(%(codes)s)
             UNION ALL
            SELECT t.entry_id, -t.amount, t.posted_at
              FROM finance_account a JOIN finance_transfer t ON t.source_id = a.id
             WHERE a.code = ANY(%(codes)s)) m
      JOIN finance_entry e ON e.id = m.entry_id
      LEFT JOIN finance_entry o ON o.id = e.reversal_of_id
     WHERE m.posted_at >= %(since)s AND m.posted_at < %(until)s
     GROUP BY 1
"""


@dataclass(frozen=True)
class Flows:
    """What a period brought and took, in fen; by kind of entry, with its sign for the player."""

    since: date
    until: date
    by_kind: Mapping[str, int]

    def of(self, *kinds: str) -> int:
        """The sum of some kinds."""
        return sum(self.by_kind.get(kind, 0) for kind in kinds)

    @property
    def deposited_fen(self) -> int:
        """What he brought in."""
        return self.of(EntryKind.DEPOSIT)

    @property
    def returned_fen(self) -> int:
        """What went back to where he brought it from, by a refund or by his bank."""
        return -self.of(EntryKind.DEPOSIT_RETURNED, EntryKind.CHARGEBACK)

    @property
    def withdrawn_fen(self) -> int:
        """What reached his bank."""
        return -self.of(EntryKind.WITHDRAWAL_PAID)

    @property
    def net_deposit_fen(self) -> int:
        """What he brought in less all that he got back."""
        return self.deposited_fen - self.returned_fen - self.withdrawn_fen

    @property
    def staked_fen(self) -> int:
        """What he played with, less stakes that came back."""
        return -self.of(EntryKind.PURCHASE, EntryKind.REFUND)

    @property
    def won_fen(self) -> int:
        """What he won and was credited, after tax."""
        return self.of(EntryKind.PRIZE)

    @property
    def result_fen(self) -> int:
        """Won less staked: below zero he lost."""
        return self.won_fen - self.staked_fen

    @property
    def other_fen(self) -> int:
        """All the rest: bonus, fees of events, corrections."""
        return self.change_fen - self.net_deposit_fen - self.result_fen

    @property
    def change_fen(self) -> int:
        """By how much purses and holds changed, less what he owes."""
        return sum(self.by_kind.values())


def between(player: Player, *, since: date, until: date) -> Flows:
    """The flows of Shanghai's days `[since, until)`."""
    codes = [*wallets.accounts_of(player), wallets.hold_of(player), debts.account_of(player)]
    with connection.cursor() as cursor:
        cursor.execute(
            SUMS,
            {
                "codes": codes,
                "since": datetime.combine(since, time.min, SHANGHAI),
                "until": datetime.combine(until, time.min, SHANGHAI),
            },
        )
        return Flows(since=since, until=until, by_kind=dict(cursor.fetchall()))
