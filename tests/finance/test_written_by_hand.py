"""The owner writes money into a purse past every door; the checks name it (N05, F103, F210)."""

from __future__ import annotations

import pytest

from audit import log, sequencing
from finance import invariants, wallets
from finance.models import InvariantRun
from lottery_portal.lib.db import database_time
from tests import make_money as make
from tests.owner import as_owner
from tests.samples import one_in

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]

# An entry of 7.00 with its transfer and the balance that fits them, digests and all.
WRITTEN = """
    WITH moved AS (
        SELECT '{kind}'::text AS kind,
               jsonb_build_array(jsonb_build_array(s.code, t.code, 700)) AS moves,
               s.id AS source, t.id AS target, t.balance
          FROM finance_account s, finance_account t
         WHERE s.code = '{source}' AND t.code = '{target}'
    ), entry AS (
        INSERT INTO finance_entry (reference, kind, booked_on, is_shadow, reversal_of_id,
                                   asked_digest, moves_digest, xid, posted_at)
        SELECT '{reference}', kind,
               (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date, false, NULL,
               encode(sha256(convert_to(kind || moves::text, 'UTF8')), 'hex'),
               encode(sha256(convert_to(kind || moves::text, 'UTF8')), 'hex'),
               pg_current_xact_id()::text::bigint, clock_timestamp() FROM moved
        RETURNING id, posted_at
    ), transfer AS (
        INSERT INTO finance_transfer (entry_id, position, source_id, target_id, amount,
                                      source_balance, target_balance, is_shadow, posted_at)
        SELECT e.id, 1, m.source, m.target, 700, NULL, m.balance + 700, false, e.posted_at
          FROM entry e, moved m
    )
    UPDATE finance_account SET balance = balance + 700 WHERE code = '{target}'"""


@pytest.fixture
def alice():
    make.open_accounts(("prizes:t", "PRIZES"), ("suspense:t", "SUSPENSE"))
    player = make.player()
    make.fund(player, 100_00)
    return player


def write(kind, source, target, reference):
    statement = WRITTEN.format(kind=kind, source=source, target=target, reference=reference)
    with as_owner() as hand:
        hand.execute("ALTER TABLE finance_entry DISABLE TRIGGER USER")
        hand.execute(statement)
        hand.execute("ALTER TABLE finance_entry ENABLE TRIGGER USER")


def broken():
    found, _upto = invariants.look(extent=InvariantRun.Extent.FULL)
    return {one.name for one in found if not one.holds}


@pytest.mark.parametrize(
    ("kind", "source", "name"),
    one_in(
        3,
        [
            ("DEPOSIT", "clearing:sandbox", "deposit_credited_once"),
            ("ADJUSTMENT", "suspense:t", "correction_has_its_approval"),
            ("PRIZE", "prizes:t", "prize_credited_once"),
        ],
    ),
)
def test_an_entry_written_by_hand_is_named_by_checks_and_log(alice, kind, source, name):
    """N05, F210: all that a row says of itself fits; that nobody asked for it does not."""
    assert (broken(), log.differences(now=database_time(), ask_witness=False)) == (set(), [])
    target = wallets.winnings_of(alice) if kind == "PRIZE" else wallets.wallet_of(alice)

    write(kind, source, target, f"{kind.lower()}:byhand")

    sequencing.run_all()
    assert name in broken()
    named = [str(one) for one in log.differences(now=database_time(), ask_witness=False)]
    assert any(f"{kind.lower()}:byhand" in one and "unlogged" in one for one in named), named
