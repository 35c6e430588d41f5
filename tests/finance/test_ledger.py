"""The books balance by construction, are never edited, and refuse what must never be."""

from __future__ import annotations

import json
import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from finance import adjustments, ledger, wallets
from finance.ledger import EntryKind, Move
from finance.models import Account, Entry, Transfer
from lottery_portal.lib import dates
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests.samples import one_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make.player()


@pytest.fixture
def bob():
    return make.player("王海")


def post(reference, moves, kind):
    with transaction.atomic():
        return ledger.post(reference=reference, moves=moves, kind=kind)


def by_hand(reference, kind, moves, of=None):
    """An entry past the door, by the function behind it."""
    original = Entry.objects.get(reference=of).pk if of else None
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT finance_post(%s, %s, %s, %s)", [reference, kind, json.dumps(moves), original]
        )


def refused(reference, moves, kind):
    """The name of the constraint that refuses these moves."""
    with pytest.raises(DatabaseError) as caught:
        post(reference, moves, kind)
    return violated(caught.value)


def test_an_entry_moves_money_from_one_account_to_another(alice):
    """F103"""
    make.put(alice, 100_00)

    assert ledger.balance(wallets.wallet_of(alice)) == 100_00
    assert ledger.balance("clearing:sandbox") == -100_00
    assert ledger.trial_balance() == 0
    assert ledger.verify_books() == []


def test_what_is_unbalanced_cannot_even_be_written(alice):
    """F103: a row is one debit and one credit, and the application cannot insert one by itself."""
    make.put(alice, 100_00)
    wallet = Account.objects.get(code=wallets.wallet_of(alice))

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Transfer.objects.create(
            entry_id=1,
            position=9,
            source=wallet,
            target_id=1,
            amount=5,
            is_shadow=False,
            posted_at=make.NOW,
        )

    assert ledger.balance(wallet.code) == 100_00
    assert Transfer.objects.filter(target=wallet).count() == 1


FORBIDDEN = {
    "insert an entry": """
        INSERT INTO finance_entry
            (reference, kind, booked_on, is_shadow, moves_digest, xid, posted_at)
        VALUES ('x', 'DEPOSIT', '2026-11-20', false, '', 1, now())""",
    "insert a transfer": """
        INSERT INTO finance_transfer
            (entry_id, position, source_id, target_id, amount, is_shadow, posted_at)
        VALUES (1, 1, 1, 2, 100, false, now())""",
    "insert into a partition": """
        INSERT INTO finance_transfer_p0
            (id, entry_id, position, source_id, target_id, amount, is_shadow, posted_at)
        OVERRIDING SYSTEM VALUE VALUES (9, 1, 1, 1, 2, 100, false, now())""",
    "change an entry": "UPDATE finance_entry SET kind = 'REFUND'",
    "delete an entry": "DELETE FROM finance_entry",
    "change a transfer": "UPDATE finance_transfer SET amount = 1",
    "delete a transfer": "DELETE FROM finance_transfer",
    "delete in a partition": "DELETE FROM finance_transfer_p0",
    "empty the transfers": "TRUNCATE finance_transfer",
    "insert an account": """
        INSERT INTO finance_account (code, kind, is_shadow, keeps_balance, balance, opened_at)
        VALUES ('wallet:X', 'WALLET', false, true, 100, now())""",
    "change a balance": "UPDATE finance_account SET balance = balance + 1",
    "delete an account": "DELETE FROM finance_account",
    "insert a rule": """
        INSERT INTO finance_postingrule (entry_kind, source_kind, target_kind)
        VALUES ('DEPOSIT', 'WALLET', 'WALLET')""",
    "delete a rule": "DELETE FROM finance_postingrule",
}


def test_the_application_may_not_write_the_books(alice):
    """F103, F104"""
    make.put(alice, 100_00)

    for statement in FORBIDDEN.values():
        refusal = pytest.raises(DatabaseError, match="permission denied")
        with refusal, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    assert ledger.verify_books() == []


WRITTEN = (
    ("UPDATE finance_transfer SET amount = 1", "finance_transfer_p0_never_changes"),
    ("DELETE FROM finance_transfer", "finance_transfer_p0_never_changes"),
    ("UPDATE finance_entry SET reference = 'x'", "finance_entry_never_changes"),
    ("DELETE FROM finance_account", "account_stays_what_it_is"),
    ("UPDATE finance_account SET is_shadow = true", "account_stays_what_it_is"),
    (
        "UPDATE finance_account SET code = 'wallet:Y' WHERE kind = 'WALLET'",
        "account_stays_what_it_is",
    ),
)


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_even_the_owner_cannot_change_what_is_booked(alice):
    """F104"""
    make.put(alice, 100_00)

    for statement, name in WRITTEN:
        with pytest.raises(DatabaseError) as caught, connections["owner"].cursor() as cursor:
            cursor.execute(statement)

        assert violated(caught.value) == name, statement
        assert ledger.balance(wallets.wallet_of(alice)) == 100_00


WALLET = "(SELECT id FROM finance_account WHERE kind = 'WALLET' LIMIT 1)"
CLEARING = "(SELECT id FROM finance_account WHERE code = 'clearing:sandbox')"
ENTRY = "(SELECT id FROM finance_entry LIMIT 1)"
ONE_LEGGED = {
    "from nowhere": (ENTRY, "NULL", WALLET, 5, "source_id"),
    "to nowhere": (ENTRY, WALLET, "NULL", 5, "target_id"),
    "to itself": (ENTRY, WALLET, WALLET, 5, "transfer_between_two_accounts"),
    "of nothing": (ENTRY, CLEARING, WALLET, 0, "transfer_amount_positive"),
    "backwards": (ENTRY, CLEARING, WALLET, -5, "transfer_amount_positive"),
    "of no entry": ("-1", CLEARING, WALLET, 5, "finance_transfer_of_an_entry"),
}


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_not_even_the_owner_can_say_what_is_unbalanced(alice):
    """F103: raw SQL of the owner; a row is a debit and a credit of one amount, or it is no row."""
    make.put(alice, 100_00)

    for what, (entry, source, target, fen, name) in ONE_LEGGED.items():
        with pytest.raises(DatabaseError) as caught, connections["owner"].cursor() as cursor:
            cursor.execute(
                "INSERT INTO finance_transfer (entry_id, position, source_id, target_id, amount,"
                f" is_shadow, posted_at) SELECT {entry}, 9, {source}, {target}, {fen}, false, now()"
            )

        cause: Any = caught.value.__cause__
        assert name in {violated(caught.value), cause.diag.column_name}, what
        assert ledger.trial_balance() == 0
        assert ledger.balance(wallets.wallet_of(alice)) == 100_00


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_no_transfer_stands_without_its_entry(alice):
    """F103: among others of an entry, in the table or straight into a partition."""
    make.put(alice, 100_00)

    for table, first in (
        ("finance_transfer", 40_000_000),
        ("finance_transfer_p0", 40_000_000),
        ("finance_transfer_p1", 60_000_000),
        ("finance_transfer_rest", 200_000_000),
    ):
        with pytest.raises(DatabaseError) as caught, connections["owner"].cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (id, entry_id, position, source_id, target_id, amount,"  # noqa: S608 - our own names
                " is_shadow, posted_at) OVERRIDING SYSTEM VALUE"
                f" SELECT {first} + n, CASE n WHEN 7 THEN -1 ELSE {ENTRY} END, n, {CLEARING},"
                f" {WALLET}, 5, false, now() FROM generate_series(1, 9) n"
            )

        assert violated(caught.value) == "finance_transfer_of_an_entry", table
        assert ledger.trial_balance() == 0


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_a_balance_that_cannot_be_is_refused_from_the_owner_too(alice):
    """F103: purses below zero, and house accounts with a balance of their own."""
    make.put(alice, 100_00)

    for statement, name in (
        ("SET balance = -1 WHERE kind = 'WALLET'", "wallet_not_overdrawn"),
        ("SET balance = 1 WHERE kind = 'CLEARING'", "account_keeps_balance_when_it_must"),
    ):
        with pytest.raises(DatabaseError) as caught, connections["owner"].cursor() as cursor:
            cursor.execute(f"UPDATE finance_account {statement}")

        assert violated(caught.value) == name
        assert ledger.verify_books() == []


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_a_balance_that_the_owner_writes_by_hand_does_not_add_up_and_is_named(alice):
    """F103: what can be written only past every door is found by the next question."""
    make.put(alice, 100_00)

    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE finance_account SET balance = balance + 1 WHERE kind = 'WALLET'")

    assert ledger.trial_balance() == 1
    assert {one.rule for one in ledger.verify_books()} == {
        "kept_balance_is_not_the_sum",
        "trial_balance",
    }


def test_a_reference_is_booked_once(alice):
    make.put(alice, 100_00)
    moves = [Move(wallets.wallet_of(alice), wallets.hold_of(alice), 30_00)]

    first = post("deed:1", moves, EntryKind.WITHDRAWAL_HOLD)
    again = post("deed:1", moves, EntryKind.WITHDRAWAL_HOLD)

    assert first.pk == again.pk
    assert ledger.balance(wallets.wallet_of(alice)) == 70_00


def test_a_reference_with_other_moves_is_a_mistake(alice):
    make.put(alice, 100_00)
    there = Move(wallets.wallet_of(alice), wallets.hold_of(alice), 30_00)
    post("deed:1", [there], EntryKind.WITHDRAWAL_HOLD)

    name = refused("deed:1", [Move(there.source, there.target, 31_00)], EntryKind.WITHDRAWAL_HOLD)

    assert name == "entry_reference_once"
    assert ledger.balance(there.source) == 70_00


def test_a_wallet_is_never_overdrawn(alice):
    make.put(alice, 100_00)

    name = refused(
        "deed:1",
        [Move(wallets.wallet_of(alice), wallets.hold_of(alice), 100_01)],
        "WITHDRAWAL_HOLD",
    )

    assert name == "wallet_not_overdrawn"
    assert (wallets.available(alice), wallets.held(alice)) == (100_00, 0)
    assert not Entry.objects.filter(reference="deed:1").exists()


def test_a_hold_is_never_overdrawn(alice):
    make.put(alice, 100_00)

    name = refused(
        "deed:1", [Move(wallets.hold_of(alice), wallets.wallet_of(alice), 1)], "WITHDRAWAL_RELEASE"
    )

    assert name == "hold_not_overdrawn"


@pytest.mark.parametrize(
    "kind", one_in(5, [kind for kind in EntryKind.values if kind != "REVERSAL"])
)
def test_no_deed_moves_money_from_player_to_player(alice, bob, kind):
    """F116"""
    make.put(alice, 100_00)

    for source in (wallets.wallet_of(alice), wallets.hold_of(alice)):
        for target in (wallets.wallet_of(bob), wallets.hold_of(bob)):
            name = refused(f"deed:{kind}", [Move(source, target, 1)], kind)
            assert name in {"transfer_never_player_to_player", "posting_rule_known"}

    assert (wallets.available(alice), wallets.available(bob)) == (100_00, 0)


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_no_posting_rule_from_wallet_to_wallet_can_be_written(alice):
    """F116: not even by the owner of the tables."""
    with pytest.raises(IntegrityError) as caught, connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO finance_postingrule (entry_kind, source_kind, target_kind)"
            " VALUES ('DEPOSIT', 'WALLET', 'WALLET')"
        )

    assert violated(caught.value) == "posting_rule_never_player_to_player"


def test_two_wallets_whose_codes_begin_alike_are_still_two_players():
    """F116: a hold goes home and nowhere else."""
    make.open_accounts(("wallet:A", "WALLET"), ("hold:A", "HOLD"), ("wallet:AB", "WALLET"))
    post("d:1", [Move("clearing:sandbox", "wallet:A", 10)], "DEPOSIT")
    post("d:2", [Move("wallet:A", "hold:A", 10)], "WITHDRAWAL_HOLD")

    assert refused("d:3", [Move("hold:A", "wallet:AB", 10)], "WITHDRAWAL_RELEASE") == (
        "transfer_never_player_to_player"
    )
    assert ledger.balance("hold:A") == 10


@pytest.mark.parametrize("code", ["wallet:A:B", "hold:A", "walletA", "wallet:", "wallet:A B"])
def test_the_code_of_an_account_says_its_kind(code):
    with pytest.raises(IntegrityError) as caught:
        make.open_accounts((code, "WALLET"))

    assert violated(caught.value) == "account_code_says_its_kind"


def test_real_and_shadow_money_never_meet(alice):
    make.open_accounts(("stakes:shadow-1", "STAKES"), is_shadow=True)
    make.put(alice, 100_00)

    into_shadow = refused(
        "deed:1", [Move(wallets.wallet_of(alice), "stakes:shadow-1", 1)], "PURCHASE"
    )
    out_of_shadow = refused(
        "deed:2", [Move("stakes:shadow-1", wallets.wallet_of(alice), 1)], "REFUND"
    )

    assert (into_shadow, out_of_shadow) == ("books_not_mixed", "books_not_mixed")
    assert wallets.available(alice) == 100_00


def test_an_account_stays_in_the_book_it_was_opened_in():
    make.open_accounts(("pool:x", "POOL"))
    make.open_accounts(("pool:x", "POOL"))

    with pytest.raises(IntegrityError) as caught:
        make.open_accounts(("pool:x", "POOL"), is_shadow=True)

    assert violated(caught.value) == "account_stays_what_it_is"


@pytest.mark.parametrize(
    ("moves", "kind", "name"),
    [
        ([], "DEPOSIT", "entry_moves_something"),
        ([Move("clearing:sandbox", "wallet:A", 0)], "DEPOSIT", "transfer_amount_positive"),
        ([Move("clearing:sandbox", "wallet:A", -5)], "DEPOSIT", "transfer_amount_positive"),
        (
            [Move("clearing:sandbox", "wallet:NOBODY", 5)],
            "DEPOSIT",
            "transfer_between_known_accounts",
        ),
        (
            [Move("wallet:NOBODY", "hold:A", 5)],
            "WITHDRAWAL_HOLD",
            "transfer_between_known_accounts",
        ),
        ([Move("clearing:sandbox", "wallet:A", 5)], "PURCHASE", "posting_rule_known"),
        ([Move("clearing:sandbox", "wallet:A", 5)], "GIFT", "posting_rule_known"),
        ([Move("clearing:sandbox", "wallet:A", 5)], "REVERSAL", "entry_reversal_is_named"),
        (
            [Move("clearing:sandbox", "wallet:A", 5), Move("wallet:A", "clearing:sandbox", 5)],
            "CHARGEBACK",
            "posting_rule_known",
        ),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(moves, kind, name):
    make.open_accounts(("wallet:A", "WALLET"), ("hold:A", "HOLD"))

    assert refused("deed:1", moves, kind) == name
    assert not Entry.objects.filter(reference="deed:1").exists()
    assert ledger.balance("wallet:A") == 0


def test_a_wallet_gives_or_takes_in_one_entry():
    make.open_accounts(("wallet:A", "WALLET"), ("organiser:a", "ORGANISER"))
    post("d:1", [Move("clearing:sandbox", "wallet:A", 10)], "DEPOSIT")
    moves = [Move("organiser:a", "wallet:A", 5), Move("wallet:A", "organiser:a", 5)]

    assert refused("d:2", moves, "EVENT_FEE") == "entry_uses_a_balance_one_way"


def test_a_reversal_moves_everything_back(alice):
    """F105"""
    make.put(alice, 100_00)
    hold = [Move(wallets.wallet_of(alice), wallets.hold_of(alice), fen) for fen in (10_00, 20_00)]
    post("deed:1", hold, "WITHDRAWAL_HOLD")

    entry = make.reversed_entry("deed:1")

    assert (wallets.available(alice), wallets.held(alice)) == (100_00, 0)
    assert entry.reversal_of == ledger.entry_of("deed:1")
    assert ledger.verify_books() == []


def test_a_second_reversal_is_refused(alice):
    """F105: once it is booked nobody asks for another, and one asked for before is refused."""
    make.put(alice, 100_00)
    post(
        "deed:1", [Move(wallets.wallet_of(alice), wallets.hold_of(alice), 10_00)], "WITHDRAWAL_HOLD"
    )
    first, second = make.reversal("deed:1"), make.reversal("deed:1")
    make.decided(first)

    with pytest.raises(ledger.AlreadyReversed):
        make.decided(second)
    with pytest.raises(ledger.AlreadyReversed):
        make.reversal("deed:1")

    assert wallets.available(alice) == 100_00
    assert Entry.objects.filter(kind="REVERSAL").count() == 1


def test_a_reversal_is_not_reversed(alice):
    """F105: neither by the door nor by the function behind it."""
    make.put(alice, 100_00)
    hold = Move(wallets.wallet_of(alice), wallets.hold_of(alice), 10_00)
    post("deed:1", [hold], "WITHDRAWAL_HOLD")
    back = make.reversed_entry("deed:1")

    with pytest.raises(ledger.AlreadyReversed):
        make.reversal(back.reference)
    with pytest.raises(IntegrityError) as caught:
        by_hand("back:3", "REVERSAL", [(hold.source, hold.target, 10_00)], back.reference)

    assert violated(caught.value) in {"entry_reversal_is_final", "correction_is_approved"}
    assert wallets.available(alice) == 100_00


def test_a_reversal_mirrors_its_original(alice):
    """F105: whatever was approved, only the mirror of an entry reverses it."""
    deposit = make.fund(alice, 100_00)
    of = f"deposit:{deposit.code}"
    asked = make.reversal(of)
    with pytest.raises(IntegrityError) as caught:
        by_hand(
            f"adjustment:{asked.code}",
            "REVERSAL",
            [(wallets.wallet_of(alice), "clearing:sandbox", 5)],
            of,
        )

    assert violated(caught.value) in {"entry_reversal_mirrors", "correction_is_approved"}
    assert wallets.available(alice) == 100_00


def test_nothing_is_corrected_without_the_word_of_others(alice):
    """F212: neither an adjustment nor a reversal, nor one that was asked for but not decided."""
    make.put(alice, 100_00)
    make.open_accounts(("suspense:a", "SUSPENSE"))
    move = Move("suspense:a", wallets.wallet_of(alice), 7_00)
    asked = make.adjustment(move)

    assert refused("adjustment:none", [move], "ADJUSTMENT") == "correction_is_approved"
    assert refused(f"adjustment:{asked.code}", [move], "ADJUSTMENT") == "correction_is_approved"

    done = make.decided(asked)
    more = [Move(move.source, move.target, 8_00)]
    assert refused(f"adjustment:{asked.code}", more, "ADJUSTMENT") == "entry_reference_once"
    assert wallets.available(alice) == 107_00
    assert done.before == {"suspense:a": 0, wallets.wallet_of(alice): 100_00}
    assert done.after == {"suspense:a": -7_00, wallets.wallet_of(alice): 107_00}


def test_what_was_spent_cannot_be_reversed_out_of_a_wallet(alice):
    """F105, F106"""
    deposit = make.fund(alice, 100_00)
    post(
        "deed:1", [Move(wallets.wallet_of(alice), wallets.hold_of(alice), 10_00)], "WITHDRAWAL_HOLD"
    )

    with pytest.raises(adjustments.NoLongerCovered):
        make.reversed_entry(f"deposit:{deposit.code}")

    assert wallets.available(alice) == 90_00


def test_an_entry_is_booked_on_shanghais_day(alice):
    deposit = make.fund(alice, 1_00)
    entry = Entry.objects.get(reference=f"deposit:{deposit.code}")

    assert entry.booked_on == dates.in_shanghai(entry.posted_at).date()


def test_a_step_demands_its_callers_transaction():
    with pytest.raises(RuntimeError, match="needs the transaction of its caller"):
        ledger.post(reference="x", moves=[Move("a", "b", 1)], kind="DEPOSIT")


def test_an_unknown_account_is_no_empty_account():
    with pytest.raises(LookupError):
        ledger.balance("wallet:NOBODY")


def test_the_lines_of_a_statement_add_up(alice):
    """F010: the sum of the lines is the change of the balance, to the fen."""
    make.put(alice, 100_00)
    make.put(alice, 23_45)
    post(
        "deed:1",
        [Move(wallets.wallet_of(alice), wallets.hold_of(alice), fen) for fen in (1, 2, 3)],
        "WITHDRAWAL_HOLD",
    )
    today = dates.in_shanghai(Entry.objects.latest("pk").posted_at).date()

    lines = list(
        ledger.statement(
            wallets.wallet_of(alice),
            since=today - timedelta(days=1),
            until=today + timedelta(days=1),
        )
    )

    assert [line.amount_fen for line in lines] == [100_00, 23_45, -1, -2, -3]
    assert [line.balance_fen for line in lines] == [100_00, 123_45, 123_44, 123_42, 123_39]
    assert sum(line.amount_fen for line in lines) == wallets.available(alice)
    assert [line.reference for line in lines[2:]] == ["deed:1"] * 3


def test_a_statement_of_a_house_account_has_a_running_balance_too(alice):
    make.put(alice, 10_00)
    make.put(alice, 5_00)

    lines = list(
        ledger.statement("clearing:sandbox", since=date(2026, 1, 1), until=date(2030, 1, 1))
    )

    assert [line.balance_fen for line in lines] == [-10_00, -15_00]
    assert (
        list(ledger.statement("clearing:sandbox", since=date(2020, 1, 1), until=date(2021, 1, 1)))
        == []
    )


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["prizes:h", "stakes:h"]),
        st.sampled_from(["winnings:H1", "winnings:H2", "winnings:H3"]),
        st.integers(min_value=1, max_value=10**12),
    ),
    min_size=1,
    max_size=30,
)


def test_whatever_is_moved_nothing_is_lost(full):
    """F103: random moves in one entry; the sum in is the sum out, and every balance is its fold."""
    kind = {"prizes:h": "PRIZE", "stakes:h": "REFUND"}
    make.open_accounts(
        ("prizes:h", "PRIZES"),
        ("stakes:h", "STAKES"),
        ("winnings:H1", "WINNINGS"),
        ("winnings:H2", "WINNINGS"),
        ("winnings:H3", "WINNINGS"),
    )
    codes = ["prizes:h", "stakes:h", "winnings:H1", "winnings:H2", "winnings:H3"]

    @settings(max_examples=100 if full else 35, deadline=None)
    @given(moves=MOVES)
    def nothing_is_lost(moves):
        before = ledger.balances(codes)

        for source, deed in kind.items():
            ours = [Move(*move) for move in moves if move[0] == source]
            if ours:
                post(f"h:{uuid.uuid4()}", ours, deed)

        after = ledger.balances(codes)
        for code in codes:
            change = sum(fen for _s, target, fen in moves if target == code)
            change -= sum(fen for source, _t, fen in moves if source == code)
            assert after[code] - before[code] == change
        assert sum(after.values()) == sum(before.values())
        assert ledger.trial_balance() == 0
        assert ledger.verify_books() == []

    nothing_is_lost()
