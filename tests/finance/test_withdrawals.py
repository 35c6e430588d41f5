"""Money leaves held, approved and sent once, to the player's own account (F006, F109, F110)."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from accounts import demo
from accounts import staff as posts
from accounts.models import Message
from audit import approvals, trail
from finance import bank_accounts, deposits, ledger, wallets, withdrawal_limits, withdrawals
from finance.models import BankAccount, Entry, EntryKind, Withdrawal
from lottery_portal.jobs.models import Job
from lottery_portal.lib.db import violated
from tests import make_money as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    player = make.player()
    make.put(player, 20_000_00)
    return player


@pytest.fixture
def card(alice):
    return make.bank_account(alice)


@pytest.fixture
def cashier():
    return make.staff("chuna9", "cashier").member.user


@pytest.fixture
def approver():
    return make.staff("fuhe9", "approver").member.user


def state(withdrawal):
    withdrawal.refresh_from_db()
    return withdrawal.state


def money(player):
    return wallets.available(player), wallets.held(player)


def test_a_small_withdrawal_is_held_and_approves_itself(alice, card):
    """F109: below the tier automatically."""
    withdrawal = make.withdraw(alice, 5_000_00, card)

    assert state(withdrawal) == "APPROVED"
    assert money(alice) == (15_000_00, 5_000_00)
    assert Job.objects.get(kind="finance.send_withdrawal").key == withdrawal.code


def test_a_large_one_waits_for_two_members_of_staff(alice, card, cashier, approver):
    """F109: one fen above the tier, a cashier prepares and another person approves."""
    withdrawal = make.withdraw(alice, 5_000_01, card)
    assert state(withdrawal) == "HELD"
    assert not Job.objects.filter(kind="finance.send_withdrawal").exists()

    withdrawals.prepare(code=withdrawal.code, maker=cashier, now=make.NOW)
    assert state(withdrawal) == "WAITING"
    approvals.decide(code=withdrawal.approval_code, checker=approver, approve=True, now=make.NOW)

    assert state(withdrawal) == "APPROVED"
    assert money(alice) == (14_999_99, 5_000_01)
    assert Job.objects.filter(kind="finance.send_withdrawal").count() == 1


def test_the_cashier_does_not_approve_what_he_prepared(alice, card):
    """F109"""
    both = make.staff("beide9", "cashier")
    posts.appoint_at_genesis(both.member, "approver", now=make.NOW)
    withdrawal = make.withdraw(alice, 6_000_00, card)
    withdrawals.prepare(code=withdrawal.code, maker=both.member.user, now=make.NOW)
    withdrawal.refresh_from_db()

    with pytest.raises(approvals.OnePerson):
        approvals.decide(
            code=withdrawal.approval_code, checker=both.member.user, approve=True, now=make.NOW
        )

    assert state(withdrawal) == "WAITING"


def own_colleague(player, post, *, now=make.NOW):
    """The player himself, as a member of staff."""
    return demo.make_staff(
        staff_name=f"ziji{post}",
        display_name="ziji",
        post=post,
        name=player.person.name.reveal(),
        citizen_id=player.person.citizen_id.reveal(),
        password="a-long-enough-password",
        now=now,
    ).member.user


def test_nobody_prepares_or_refuses_his_own_withdrawal(alice, card):
    """F109"""
    himself = own_colleague(alice, "cashier")
    withdrawal = make.withdraw(alice, 6_000_00, card)

    with pytest.raises(withdrawals.OwnWithdrawal):
        withdrawals.prepare(code=withdrawal.code, maker=himself, now=make.NOW)
    with pytest.raises(withdrawals.OwnWithdrawal):
        withdrawals.refuse(code=withdrawal.code, actor=himself, reason="x", now=make.NOW)

    assert state(withdrawal) == "HELD"


def test_nobody_approves_his_own_withdrawal(alice, card, cashier):
    """F109: the database compares the persons."""
    himself = own_colleague(alice, "approver")
    withdrawal = make.withdraw(alice, 6_000_00, card)
    withdrawals.prepare(code=withdrawal.code, maker=cashier, now=make.NOW)
    withdrawal.refresh_from_db()

    with pytest.raises(withdrawals.OwnWithdrawal):
        approvals.decide(code=withdrawal.approval_code, checker=himself, approve=True, now=make.NOW)

    assert state(withdrawal) == "WAITING"
    assert money(alice) == (14_000_00, 6_000_00)


def test_above_the_tier_the_database_wants_an_approval(alice, card):
    """F109: our own code cannot walk around it."""
    withdrawal = make.withdraw(alice, 5_000_01, card)

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        Withdrawal.objects.filter(pk=withdrawal.pk).update(state="APPROVED", approved_at=make.NOW)
    assert violated(caught.value) == "withdrawal_above_tier_is_approved"
    with transaction.atomic():
        Withdrawal.objects.filter(pk=withdrawal.pk).update(state="WAITING", approval_code="X")
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        Withdrawal.objects.filter(pk=withdrawal.pk).update(state="APPROVED", approved_at=make.NOW)

    assert violated(caught.value) == "withdrawal_above_tier_is_approved"
    assert state(withdrawal) == "WAITING"


def test_the_approval_of_one_does_not_let_out_another(alice, card, cashier, approver):
    """F109: used once, for what was signed."""
    first, second = (make.withdraw(alice, 6_000_00, card) for _ in range(2))
    withdrawals.prepare(code=first.code, maker=cashier, now=make.NOW)
    first.refresh_from_db()
    approvals.decide(code=first.approval_code, checker=approver, approve=True, now=make.NOW)

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        Withdrawal.objects.filter(pk=second.pk).update(
            state="WAITING", approval_code=first.approval_code
        )

    assert violated(caught.value) == "withdrawal_approval_used_once"
    assert state(second) == "HELD"


def test_an_approver_refuses_and_the_money_goes_back(alice, card, cashier, approver):
    withdrawal = make.withdraw(alice, 6_000_00, card)
    withdrawals.prepare(code=withdrawal.code, maker=cashier, now=make.NOW)
    withdrawal.refresh_from_db()

    approvals.decide(
        code=withdrawal.approval_code,
        checker=approver,
        approve=False,
        reason="Under review",
        now=make.NOW,
    )

    assert state(withdrawal) == "REFUSED"
    assert withdrawal.reason == "Under review"
    assert money(alice) == (20_000_00, 0)
    told = Message.objects.get(user=alice.user, kind="finance.withdrawal_returned")
    assert told.params["reason"] == "Under review"
    assert ledger.verify_books() == []


def test_a_cashier_refuses_with_a_reason(alice, card, cashier):
    withdrawal = make.withdraw(alice, 6_000_00, card)

    with pytest.raises(withdrawals.ReasonMissing):
        withdrawals.refuse(code=withdrawal.code, actor=cashier, reason=" ", now=make.NOW)
    withdrawals.refuse(code=withdrawal.code, actor=cashier, reason="Account closed", now=make.NOW)

    assert state(withdrawal) == "REFUSED"
    assert money(alice) == (20_000_00, 0)
    with pytest.raises(withdrawals.NotInThisState):
        withdrawals.refuse(code=withdrawal.code, actor=cashier, reason="again", now=make.NOW)


def test_held_money_cannot_be_spent(alice, card):
    """F106, F110: what is on its way out cannot be played or withdrawn again."""
    make.withdraw(alice, 20_000_00, card)

    with pytest.raises(wallets.NotEnoughMoney) as caught:
        make.withdraw(alice, 1_00, card)

    assert caught.value.figures == {"available_fen": 0, "asked_fen": 1_00}
    assert money(alice) == (0, 20_000_00)
    assert Withdrawal.objects.count() == 1


def test_a_day_has_a_ceiling(alice, card):
    make.put(alice, 50_000_00)
    for _ in range(4):
        make.put(alice, 50_000_00)
    make.withdraw(alice, 150_000_00, card)

    with pytest.raises(withdrawal_limits.DailyCeilingReached) as caught:
        make.withdraw(alice, 50_000_01, card)
    make.withdraw(alice, 50_000_00, card)

    assert caught.value.figures == {"max_fen": 200_000_00, "left_fen": 50_000_00}
    assert wallets.held(alice) == 200_000_00
    assert withdrawal_limits.left_today(alice, make.NOW) == 0


def test_one_request_key_is_one_withdrawal(alice, card):
    key = uuid4()

    first, second = (make.withdraw(alice, 100_00, card, key=key) for _ in range(2))

    assert first.pk == second.pk
    assert wallets.held(alice) == 100_00
    with pytest.raises(deposits.RequestKeyUsed):
        make.withdraw(alice, 100_01, card, key=key)


def test_a_withdrawal_has_a_smallest_amount(alice, card):
    with pytest.raises(withdrawal_limits.WithdrawalTooSmall):
        make.withdraw(alice, 99, card)

    assert not Withdrawal.objects.exists()


def test_money_goes_to_ones_own_account_only(alice, card):
    """F006"""
    bob = make.player("王海")
    make.put(bob, 100_00)

    with pytest.raises(bank_accounts.BankAccountUnknown):
        make.withdraw(bob, 100_00, card)

    assert money(bob) == (100_00, 0)


def test_a_bank_account_is_in_ones_own_name(alice):
    """F006"""
    with pytest.raises(bank_accounts.NotOwnName):
        make.bank_account(alice, holder="王海")

    assert not BankAccount.objects.exists()


def test_the_own_name_may_be_typed_with_spaces(alice):
    account = make.bank_account(alice, holder=" 陈 小雨 ")

    assert account.holder.reveal() == "陈小雨"


@pytest.mark.parametrize(
    "number",
    [
        "",
        "123",
        make.card()[:-1] + "0",
        "6225880123456789x",
        "6" * 25,
        "６２２５８８０１２３４５６７８９",
    ],
)
def test_a_number_that_cannot_be_is_refused(alice, number):
    """F006"""
    with pytest.raises(bank_accounts.NumberWrong):
        bank_accounts.add(
            player=alice, bank_name="建设银行", number=number, holder=make.NAME, now=make.NOW
        )

    assert not BankAccount.objects.exists()


def test_a_bank_account_belongs_to_one_player(alice):
    number = make.card("6021")
    twin = make.player()
    for player in (alice, twin):
        try:
            bank_accounts.add(
                player=player, bank_name="建设银行", number=number, holder=make.NAME, now=make.NOW
            )
        except bank_accounts.BankAccountTaken:
            break
    else:
        pytest.fail("The number was taken twice.")

    assert BankAccount.objects.get().player_code == alice.code


def test_a_number_lies_encrypted_and_masked(alice):
    account = make.bank_account(alice)
    number = account.number.reveal()

    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(b)::text FROM finance_bankaccount b")
        (row,) = cursor.fetchone()

    assert number not in row
    assert make.NAME not in row
    assert str(account.number) == "*" * 15 + number[-4:]


def test_a_removed_account_takes_no_money_and_may_be_registered_again(alice, card):
    number = card.number.reveal()
    bank_accounts.remove(player=alice, code=card.code, now=make.NOW)

    with pytest.raises(bank_accounts.BankAccountUnknown):
        make.withdraw(alice, 100_00, card)
    again = bank_accounts.add(
        player=alice, bank_name="建设银行", number=number, holder=make.NAME, now=make.NOW
    )

    assert again.code != card.code
    assert money(alice) == (20_000_00, 0)


def test_an_account_stays_while_money_is_on_its_way_to_it(alice, card):
    make.withdraw(alice, 100_00, card)

    with pytest.raises(bank_accounts.BankAccountInUse):
        bank_accounts.remove(player=alice, code=card.code, now=make.NOW)

    assert bank_accounts.of(alice) == [card]


def test_nobody_has_more_bank_accounts_than_the_house_looks_after(alice):
    for number in range(bank_accounts.MOST):
        make.bank_account(alice, f"60{number:02d}")

    with pytest.raises(bank_accounts.TooManyBankAccounts):
        make.bank_account(alice, "6099")


def test_the_state_of_a_withdrawal_follows_the_books(alice, card):
    withdrawal = make.withdraw(alice, 100_00, card)
    for new in ("PAID", "FAILED", "HELD"):
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            Withdrawal.objects.filter(pk=withdrawal.pk).update(state=new, ended_at=make.NOW)
        assert violated(caught.value) == "withdrawal_goes_forward"
    with transaction.atomic():
        Withdrawal.objects.filter(pk=withdrawal.pk).update(state="SENDING", sent_at=make.NOW)
    for new in ("PAID", "FAILED"):
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            Withdrawal.objects.filter(pk=withdrawal.pk).update(
                state=new, ended_at=make.NOW, reason="x"
            )
        assert violated(caught.value) == "withdrawal_ends_in_the_books"


def _written_by_hand(player, account, amount):
    return Withdrawal.objects.create(
        player_code=player.code,
        bank_account=account,
        provider="sandbox",
        amount=amount,
        request_key=uuid4(),
        requested_by=player.user,
        requested_at=make.NOW,
    )


@pytest.mark.parametrize("held", [None, 100_00])
def test_nothing_leaves_that_the_books_do_not_hold(alice, card, held):
    """F109: a row written by hand, or for more than was held, goes nowhere."""
    withdrawal = _written_by_hand(alice, card, 500_00)
    if held:
        with transaction.atomic():
            ledger.post(
                reference=f"withdrawal:{withdrawal.code}:hold",
                kind=EntryKind.WITHDRAWAL_HOLD,
                moves=[ledger.Move(wallets.wallet_of(alice), wallets.hold_of(alice), held)],
            )

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        Withdrawal.objects.filter(pk=withdrawal.pk).update(state="APPROVED", approved_at=make.NOW)

    assert violated(caught.value) == "withdrawal_held_in_the_books"
    assert state(withdrawal) == "HELD"


def test_money_leaves_to_ones_own_account_only(alice, card):
    """F006: in the database too, whoever writes the row."""
    bob = make.player()

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        _written_by_hand(bob, card, 500_00)
    assert violated(caught.value) == "withdrawal_to_own_account"

    bank_accounts.remove(player=alice, code=card.code, now=make.NOW)
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        _written_by_hand(alice, card, 500_00)
    assert violated(caught.value) == "withdrawal_to_own_account"
    assert not Withdrawal.objects.exists()


def test_every_step_of_a_withdrawal_is_in_the_trail(alice, card, cashier, approver):
    withdrawal = make.withdraw(alice, 6_000_00, card)
    withdrawals.prepare(code=withdrawal.code, maker=cashier, now=make.NOW)
    withdrawal.refresh_from_db()
    approvals.decide(code=withdrawal.approval_code, checker=approver, approve=True, now=make.NOW)

    found = trail.read(trail.Filters(object_type="withdrawal", object_code=withdrawal.code))

    assert [(row.action, row.actor) for row in found.order_by("pk")] == [
        ("finance.withdrawal_requested", alice.user.username),
        ("finance.withdrawal_waiting", cashier.username),
        ("finance.withdrawal_approved", "system"),
    ]
    assert Entry.objects.filter(kind="WITHDRAWAL_HOLD").count() == 1


def test_a_request_that_ran_out_goes_back_to_the_cashier(alice, card, cashier):
    withdrawal = make.withdraw(alice, 6_000_00, card)
    withdrawals.prepare(code=withdrawal.code, maker=cashier, now=make.NOW)
    withdrawal.refresh_from_db()
    asked = approvals.find(withdrawal.approval_code)

    with transaction.atomic():
        withdrawals.drop(
            code=withdrawal.code,
            approval_code=asked.code,
            is_refused=False,
            reason="expired",
            now=make.NOW,
        )

    assert (state(withdrawal), withdrawal.approval_code) == ("HELD", "")
    assert money(alice) == (14_000_00, 6_000_00)
    withdrawals.prepare(code=withdrawal.code, maker=cashier, now=make.NOW)
    assert state(withdrawal) == "WAITING"
