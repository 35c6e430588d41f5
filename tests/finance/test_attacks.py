"""What somebody tried who wanted money that is not his, or wanted others to get none."""

from __future__ import annotations

import io
import zipfile
from contextlib import ExitStack
from datetime import date, timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from accounts import demo
from audit import alarms, approvals
from finance import (
    adjustments,
    bank_accounts,
    ceilings,
    debts,
    failures,
    inbox,
    invariants,
    ledger,
    payouts,
    periods,
    refunds,
    wallets,
    withdrawal_limits,
)
from finance.ledger import EntryKind, Move
from finance.models import Adjustment, Deposit, Entry, Statement, Withdrawal
from finance.providers import Fact, PayoutAnswer
from finance.recon import csv_files, sheets, statements
from lottery_portal.lib import dates
from lottery_portal.lib.db import violated
from lottery_portal.lib.errors import Refused
from tests import make_money as make
from tests import people
from tests.finance import statement_files as files

from . import books, networks
from .recon_deeds import STRANGERS, approved, bill, house_bank, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return people.right_now()


@pytest.fixture
def alice(now):
    return make.player(now=now)


@pytest.fixture
def treasurer(now):
    return make.staff("caiwu3", "treasurer", now=now).member.user


@pytest.fixture
def today(now):
    return dates.in_shanghai(now).date()


def refused(deed, *args, **said):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        deed(*args, **said)
    return violated(caught.value)


def state(row):
    row.refresh_from_db()
    return row.state


def turned_round(reference):
    """The moves that would bring back what an entry moved."""
    entry = ledger.entry_of(reference)
    assert entry is not None
    return ledger.back(entry)


def refused_by(caught):
    """The constraint behind a refusal in words."""
    assert isinstance(caught.value.__cause__, DatabaseError)
    return violated(caught.value.__cause__)


def colleague(player, post):
    """The player himself, as a member of staff."""
    return demo.make_staff(
        staff_name=f"ziji{post}",
        display_name="ziji",
        post=post,
        name=player.person.name.reveal(),
        citizen_id=player.person.citizen_id.reveal(),
        password="a-long-enough-password",
        now=make.NOW,
    ).member.user


# --- withdrawals


def test_many_small_withdrawals_of_a_day_need_other_eyes_as_one_large_one_does(alice):
    """F109: what goes by itself is counted by the day, and who says another day is not believed."""
    make.put(alice, 20_000_00)
    card = make.bank_account(alice)

    first = make.withdraw(alice, 3_000_00, card)
    second = make.withdraw(alice, 2_000_01, card)
    third = make.withdraw(alice, 2_000_00, card)

    assert (state(first), state(second), state(third)) == ("APPROVED", "HELD", "APPROVED")
    assert withdrawal_limits.automatic_left(alice, make.NOW) == 0
    approve = Withdrawal.objects.filter(pk=second.pk).update
    name = refused(approve, state="APPROVED", approved_at=make.NOW)
    assert name == "withdrawal_above_tier_is_approved"
    for days in (-1, 1):
        other_day = make.withdraw(alice, 1_00, card, now=make.NOW + timedelta(days=days))
        assert state(other_day) == "HELD"


def test_what_was_released_in_the_books_does_not_leave(alice):
    """F109: a hold that was given back covers nothing, however the state is written."""
    make.put(alice, 20_000_00)
    withdrawal = make.withdraw(alice, 100_00, make.bank_account(alice))
    moves = turned_round(f"withdrawal:{withdrawal.code}:hold")
    post(f"withdrawal:{withdrawal.code}:release", EntryKind.WITHDRAWAL_RELEASE, *moves)

    send = Withdrawal.objects.filter(pk=withdrawal.pk).update
    name = refused(send, state="SENDING", sent_at=make.NOW)

    assert name == "withdrawal_held_in_the_books"
    assert state(withdrawal) == "APPROVED"


def test_whoever_tries_numbers_of_cards_is_stopped(alice):
    """F006: neither the bank's word on a number nor ours on who has it is given without end."""
    for number in range(bank_accounts.MOST_TRIES):
        account = make.bank_account(alice, f"{1000 + number}")
        bank_accounts.remove(player=alice, code=account.code, now=make.NOW)

    with pytest.raises(bank_accounts.TooManyTries):
        make.bank_account(alice, "9999")

    assert bank_accounts.of(alice) == []


# --- corrections


def test_nobody_asks_for_a_correction_of_his_own_balance(alice):
    """F212"""
    make.open_accounts(("expense:goodwill", "EXPENSE"))
    move = Move("expense:goodwill", wallets.wallet_of(alice), 9_000_00)

    with pytest.raises(adjustments.OwnBalance):
        adjustments.ask(
            moves=[move], reason="补偿", maker=colleague(alice, "treasurer"), now=make.NOW
        )

    assert not Adjustment.objects.exists()


def test_nobody_agrees_to_a_correction_of_his_own_balance(alice):
    """F212: the database compares the persons."""
    make.open_accounts(("expense:goodwill", "EXPENSE"))
    asked = make.adjustment(Move("expense:goodwill", wallets.wallet_of(alice), 9_000_00))

    with pytest.raises(adjustments.OwnBalance) as caught:
        approvals.decide(
            code=asked.approval_code,
            checker=colleague(alice, "approver"),
            approve=True,
            now=make.NOW,
        )

    assert refused_by(caught) == "correction_by_others"
    assert wallets.available(alice) == 0


def reversed_past_the_door(reference, treasurer):
    """What the database says of a reversal that our code never asked about."""
    rows = [[move.source, move.target, move.amount] for move in turned_round(reference)]
    payload = {"adjustment": "PASTTHEDOOR", "moves": rows, "reversal_of": reference}
    asked = approvals.request(
        kind=adjustments.KIND, payload=payload, maker=treasurer, now=make.NOW, amount_fen=1
    )
    Adjustment.objects.create(
        code="PASTTHEDOOR",
        moves=rows,
        reversal_of=reference,
        reason="x",
        before={},
        approval_code=asked.code,
        asked_at=make.NOW,
    )
    with pytest.raises(Refused) as caught:
        approved(asked.code, make.NOW)
    return refused_by(caught)


def test_what_goes_to_the_bank_is_not_reversed_behind_its_back(alice, treasurer):
    """F105, F109: the balance would have it again while the bank pays it out."""
    make.put(alice, 20_000_00)
    withdrawal = make.withdraw(alice, 6_000_00, make.bank_account(alice))
    hold = f"withdrawal:{withdrawal.code}:hold"

    with pytest.raises(adjustments.GoesToTheBank):
        make.reversal(hold)

    assert reversed_past_the_door(hold, treasurer) == "correction_not_of_a_payout"
    assert wallets.held(alice) == 6_000_00


def test_a_stake_does_not_come_back_while_its_ticket_stands(alice, treasurer):
    """F105: the ticket would still win."""
    make.put(alice, 20_00)
    make.open_accounts(("stakes:ssq-1", "STAKES"))
    with transaction.atomic():
        ledger.post(
            reference="purchase:ABC",
            kind="PURCHASE",
            moves=[Move(wallets.wallet_of(alice), "stakes:ssq-1", 2_00)],
        )

    with pytest.raises(adjustments.StakeOfATicket):
        make.reversal("purchase:ABC")

    assert reversed_past_the_door("purchase:ABC", treasurer) == "correction_not_of_a_stake"
    assert wallets.available(alice) == 18_00


# --- periods


def test_nothing_is_booked_before_a_closed_month_either():
    """F123: a day of no month at all would change what the closed month opened with."""
    books.month("2025-03")
    books.spent(1_000_00, date(2025, 3, 14))
    books.closed("2025-03")

    assert not periods.open_on(date(2024, 7, 1))
    name = refused(books.spent, fen=5_00, day=date(2024, 7, 1))
    books.month("2024-07")  # nor does an open month that somebody puts before it help
    also = refused(books.spent, fen=5_00, day=date(2024, 7, 2))

    assert (name, also) == ("entry_into_an_open_period", "entry_into_an_open_period")
    assert ledger.balance(books.RENT) == -1_000_00


# --- deposits


def test_one_player_opens_few_deposits_at_once(alice):
    """F108: the bank is asked after every one of them, every minute."""
    for _number in range(20):
        make.order(alice, 1_00)

    with pytest.raises(failures.TooManyOpen):
        make.order(alice, 1_00)
    name = refused(
        Deposit.objects.create,
        player_code=alice.code,
        provider="sandbox",
        amount=1_00,
        request_key=uuid4(),
        begun_at=make.NOW,
    )

    assert name == "deposit_few_open_at_once"
    assert Deposit.objects.count() == 20
    make.told(Deposit.objects.earliest("pk"), state="CANCELLED")
    make.order(alice, 1_00)


def test_who_has_many_open_keeps_nobody_else_waiting(alice):
    """F108: everybody's first is asked after before anybody's second."""
    bob = make.player("王海")
    for number in range(5):
        make.order(alice, 1_00, now=make.NOW + timedelta(seconds=number))
    late = make.order(bob, 2_00, now=make.NOW + timedelta(minutes=1))

    first_two = [row.code for row in inbox._in_turn(Deposit.objects.all())[:2]]

    assert first_two == [Deposit.objects.earliest("pk").code, late.code]


def test_what_a_provider_once_said_of_another_payer_is_not_forgotten(alice, treasurer, settings):
    """F006, R18: asked again, it names nobody; that is no word for the player."""
    with ExitStack() as stack:
        network = networks.Network("sandbox", settings, stack, now=people.right_now())
        deposit = network.begin(alice)
        network.pay(deposit, alice)
        network.told(deposit, payer="王海")
        network.trade(deposit).payer = ""

        inbox.check_again(code=deposit.code, actor=treasurer, now=network.now)

    assert state(deposit) == "QUARANTINED"
    assert wallets.available(alice) == 0


def limited(player, fen):
    with transaction.atomic():
        ceilings.set_ceiling(
            player=player,
            flow="DEPOSIT",
            span="DAY",
            fen=fen,
            valid_from=people.right_now() - timedelta(days=1),
        )


def sent_back(deposit, treasurer):
    """A refund of the whole deposit that reached its source, without a bank to ask."""
    made = refunds.plan(
        run=refunds.dry_run([deposit]), reason="超过限额", maker=treasurer, now=make.NOW
    )
    row = made.returns.get()
    refunds._intend(row.code, make.NOW)
    refunds._conclude(row.code, PayoutAnswer(state="PAID", trade="R1"), make.NOW)
    return row


def test_a_deposit_that_went_back_does_not_hold_up_those_of_others(alice, treasurer):
    """F108, N14: its message is dealt with; another one about it waits for people, alone."""
    bob = make.player("王海")
    limited(alice, 150_00)
    make.put(alice, 100_00)
    deposit = make.order(alice, 50_00)
    limited(alice, 120_00)
    make.told(deposit)
    assert state(deposit) == "QUARANTINED"
    sent_back(deposit, treasurer)
    limited(alice, None)

    inbox.poll(now=make.NOW + timedelta(seconds=30))
    assert state(deposit) == "CLOSED"
    make.told(deposit, event="again")
    waiting = make.order(bob, 7_00)
    inbox._receive(
        "sandbox",
        Fact("late", "PAID", waiting.code, "T7", 7_00, ""),
        make.NOW,
    )
    inbox.poll(now=make.NOW + timedelta(seconds=31))

    assert state(deposit) == "QUARANTINED"
    assert wallets.available(alice) == 100_00
    assert (state(waiting), wallets.available(bob)) == ("CREDITED", 7_00)


def test_the_page_to_pay_on_lies_sealed_for_it_names_the_payer_in_full(alice, settings, now):
    """F016, R18: Alipay's address has name and citizen number in it, for nobody else to read."""
    with ExitStack() as stack:
        deposit = networks.Network("alipay", settings, stack, now=now).begin(alice)
    number = alice.person.citizen_id.reveal()

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_jsonb(d)::text FROM finance_deposit d WHERE id = %s", [deposit.pk]
        )
        (row,) = cursor.fetchone()
    client = people.behind(people.member("cashier").user)
    page = client.get(f"/admin/finance/deposit/{deposit.pk}/change/").content.decode()

    assert number in deposit.pay_page
    assert number not in row
    assert quote(alice.person.name.reveal()) not in row
    assert deposit.code in page
    assert number not in page
    assert "cert_no" not in page


# --- refunds and chargebacks


@pytest.fixture
def wechat(settings, now):
    with ExitStack() as stack:
        yield networks.Network("wechat", settings, stack, now=now)


@pytest.fixture
def paid(wechat, alice):
    deposit = wechat.begin(alice)
    wechat.pay(deposit, alice)
    wechat.told(deposit)
    deposit.refresh_from_db()
    return deposit


def plan(deposit, maker, now, fen=None):
    run = refunds.dry_run([deposit], amount=fen)
    return refunds.plan(run=run, reason="重复扣款", maker=maker, now=now).returns.get()


def provider_money():
    (rule,) = [one for one in invariants.all_of_them() if one.name == "provider_money_conserved"]
    with connection.cursor() as cursor:
        cursor.execute(rule.question(invariants.Extent.FULL))
        return cursor.fetchall()


def test_who_has_a_deposit_taken_back_while_it_is_refunded_gets_it_once(
    wechat, paid, alice, treasurer, now
):
    """F112, F115: our refund fails because the bank took the money back; the balance keeps none."""
    row = plan(paid, treasurer, now)
    wechat.trade(paid).refunds["BYHAND1"] = 100_00
    wechat.told(paid, refund="BYHAND1")
    assert state(paid) == "CREDITED"

    refunds.send(code=row.code, now=now)

    assert (state(row), state(paid)) == ("FAILED", "CHARGED_BACK")
    assert (wallets.available(alice), ledger.balance("clearing:wechat")) == (0, 0)
    assert ledger.verify_books() == []
    assert provider_money() == []


def test_the_part_under_way_is_due_as_well_when_its_refund_fails(
    wechat, paid, alice, treasurer, now
):
    """F112, F115: 30 on their way, 100 taken back by the bank, 30 came back: 30 are due."""
    row = plan(paid, treasurer, now, 30_00)
    wechat.trade(paid).refunds["BYHAND1"] = 100_00
    wechat.told(paid, refund="BYHAND1")
    assert (state(paid), wallets.available(alice)) == ("CHARGED_BACK", 0)
    assert provider_money() == []

    refunds.send(code=row.code, now=now)

    assert (state(row), wallets.available(alice)) == ("FAILED", 0)
    assert ledger.balance("clearing:wechat") == 0
    assert Entry.objects.filter(kind="CHARGEBACK").count() == 2
    assert (ledger.verify_books(), provider_money()) == ([], [])


def test_our_own_refund_of_a_part_takes_nothing_more_whatever_is_told_later(
    wechat, paid, alice, treasurer, now
):
    """F115: 30 went back by our refund, the provider says so, and says again that it was paid."""
    row = plan(paid, treasurer, now, 30_00)
    refunds.send(code=row.code, now=now)
    refunds.poll(now=now + timedelta(seconds=61))
    assert state(row) == "DONE"
    wechat.told(paid, refund=row.code)

    wechat.told(paid, trade_state="SUCCESS")

    assert (state(paid), wallets.available(alice)) == ("CREDITED", 70_00)
    assert debts.owed(alice) == 0
    assert not Entry.objects.filter(kind="CHARGEBACK").exists()


# --- statements of banks


def test_nobody_uses_up_days_that_are_still_to_come(treasurer, now, today):
    """F113: days are told once, so a line of 2099 would keep every later statement out."""
    far = (date(2099, 12, 31), 1, "X1", "", "利息")

    with pytest.raises(sheets.FileUnreadable):
        bill([(today, 1_00, "X0", "", "利息"), far], treasurer, now)
    name = refused(
        Statement.objects.create,
        account=statements.accounts().get(code="clearing:sandbox"),
        form="CSV",
        file_name="x.csv",
        digest="0" * 64,
        first_on=today,
        last_on=today + timedelta(days=1),
        opening=0,
        closing=0,
        lines_count=0,
        taken_by=treasurer,
        taken_at=now,
    )

    assert name == "statement_of_days_past"
    assert bill([(today, 1_00, "X0", "", "利息")], treasurer, now).lines_count == 1


def test_what_goes_to_a_stranger_is_no_fee_whatever_it_is_called(treasurer, now, today):
    """F129: a thief may write anything beside his own account number."""
    house_bank(treasurer, now)

    bill(
        [(today, -800_00, "X1", "", "手续费")], treasurer, now,
        account="escrow:icbc", party=STRANGERS,
    )  # fmt: skip

    assert not Entry.objects.filter(kind="PROVIDER_FEE").exists()
    assert [alarm.kind for alarm in alarms.open_now()] == ["finance.outflow_unlisted"]
    assert payouts.are_stopped()


@pytest.mark.parametrize("amount", ["1E999999", "1E+400000", "NaN", "-Infinity", "sNaN", "1e-999"])
def test_an_amount_that_only_a_programmer_reads_is_no_amount(amount):
    text = f"date,amount,balance\n2026-11-21,{amount},1.00\n"

    with pytest.raises(sheets.FileUnreadable):
        csv_files.read(text.encode(), form="CSV")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_a_damaged_archive_is_refused_in_words(method):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", compression=method) as archive:
        archive.writestr("明细.csv", files.sandbox([(date(2026, 11, 21), 1_00, "R", "", "")] * 99))
    raw = bytearray(held.getvalue())
    raw[60:90] = b"\xff" * 30

    with pytest.raises(sheets.FileUnreadable):
        csv_files.read(bytes(raw), form="CSV")
