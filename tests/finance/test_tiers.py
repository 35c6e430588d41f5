"""How many people and how much: tiers and ceilings of withdrawals; what is held is not played."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from audit import approvals, canonical, policies
from audit.models import ApprovalRequest
from finance import ledger, wallets, withdrawal_limits, withdrawals
from finance.ledger import Move
from finance.models import EntryKind, PostingRule, Withdrawal
from finance.providers import FAILED
from finance.urls import urlpatterns
from lottery_portal.lib.db import database_time, violated
from tests import make_money as make
from tests import people
from tests.fake_bank import LOST
from tests.samples import one_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    player = make.player()
    make.put(player, 200_000_00)
    return player


@pytest.fixture
def card(alice):
    return make.bank_account(alice)


@pytest.fixture
def cashier():
    return make.staff("chuna9", "cashier").member.user


def prepared(player, fen, card, cashier):
    withdrawal = make.withdraw(player, fen, card)
    withdrawals.prepare(code=withdrawal.code, maker=cashier, now=make.NOW)
    withdrawal.refresh_from_db()
    return withdrawal


def sign(withdrawal, staff_name, post="approver"):
    approvals.decide(
        code=withdrawal.approval_code,
        checker=make.staff(staff_name, post).member.user,
        approve=True,
        now=make.NOW,
    )
    withdrawal.refresh_from_db()
    return withdrawal.state


def by_hand(player, card, fen, *, at=make.NOW):
    return Withdrawal.objects.create(
        player_code=player.code, bank_account=card, provider="sandbox", amount=fen,
        request_key=uuid4(), requested_by=player.user, requested_at=at,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fen", "people"),
    [(1_00, 0), (5_000_00, 0), (5_000_01, 1), (50_000_00, 1), (50_000_01, 2), (200_000_00, 2)],
)
def test_as_many_people_agree_as_the_amount_asks_for(alice, card, cashier, fen, people):
    """F109, F120: the matrix of amounts; one person fewer, and nothing leaves."""
    assert withdrawal_limits.people(fen, now=make.NOW) == people
    if not people:
        assert make.withdraw(alice, fen, card).state == "APPROVED"
        return
    withdrawal = prepared(alice, fen, card, cashier)

    states = [sign(withdrawal, f"fuhe{n}") for n in range(people)]

    assert states == ["WAITING"] * (people - 1) + ["APPROVED"]


@pytest.mark.parametrize(
    ("post", "may"),
    [
        ("approver", True), ("treasurer", True), ("cashier", False), ("support", False),
        ("compliance", False), ("auditor", False), ("risk", False), ("administrator", False),
    ],
)  # fmt: skip
def test_only_approvers_and_treasurers_sign(alice, card, cashier, post, may):
    """F120: the matrix of roles."""
    withdrawal = prepared(alice, 6_000_00, card, cashier)

    if may:
        assert sign(withdrawal, "bieren9", post) == "APPROVED"
        return
    with pytest.raises(approvals.MayNotDecide):
        sign(withdrawal, "bieren9", post)
    withdrawal.refresh_from_db()
    assert withdrawal.state == "WAITING"


def test_the_database_counts_the_people_itself(alice, card, cashier):
    """F109: a request that asks for fewer lets nothing out."""
    withdrawal = make.withdraw(alice, 60_000_00, card)
    payload = canonical.page({"amount_fen": 60_000_00, "withdrawal": withdrawal.code})
    asked = ApprovalRequest.objects.create(
        kind=withdrawals.KIND,
        payload=payload,
        digest=canonical.digest(payload),
        amount_fen=60_000_00,
        maker=cashier,
        needed=1,
        requested_at=make.NOW,
        expires_at=make.NOW + timedelta(days=1),
    )
    Withdrawal.objects.filter(pk=withdrawal.pk).update(state="WAITING", approval_code=asked.code)

    with pytest.raises(DatabaseError) as caught:
        approvals.decide(
            code=asked.code,
            checker=make.staff("fuhe9", "approver").member.user,
            approve=True,
            now=make.NOW,
        )

    assert violated(caught.value) == "withdrawal_by_enough_people"


def test_one_withdrawal_has_a_ceiling(alice, card):
    """In the door, and in the database for whoever writes the row."""
    now = database_time()  # by which the database reads its figures
    asked = policies.request_change(
        key="withdrawal.max_fen",
        value=80_000_00,
        reason="Smaller",
        maker=make.staff("caiwu9", "treasurer", now=now).member.user,
        now=now,
    )
    checker = make.staff("fuhe9", "approver", now=now).member.user
    approvals.decide(code=asked.code, checker=checker, approve=True, now=now)

    with pytest.raises(withdrawal_limits.WithdrawalTooLarge) as caught:
        make.withdraw(alice, 80_000_01, card)
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        by_hand(alice, card, 80_000_01)

    assert caught.value.figures == {"max_fen": 80_000_00}
    assert violated(refused.value) == "withdrawal_below_the_ceiling"
    assert wallets.held(alice) == 0


def test_the_ceiling_of_a_day_is_the_databases_too(alice, card):
    """F109: and so is the day: whatever time is written, it is asked for now."""
    make.withdraw(alice, 150_000_00, card)
    other_days = [make.NOW + timedelta(days=days) for days in (-4000, -1, 0, 1, 4000)]

    for said in other_days:
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            by_hand(alice, card, 50_000_01, at=said)
        assert violated(refused.value) == "withdrawal_below_the_ceiling_of_the_day"
    row = by_hand(alice, card, 50_000_00, at=other_days[0])

    row.refresh_from_db()
    assert abs(database_time() - row.requested_at) < timedelta(minutes=1)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Withdrawal.objects.filter(pk=row.pk).update(requested_at=other_days[0])


def test_no_rule_lets_held_money_into_a_game():
    """F110: held money goes to the bank or back to its purse, and nowhere else."""
    rules = PostingRule.objects.filter(source_kind="HOLD")

    assert {(rule.entry_kind, rule.target_kind) for rule in rules} == {
        ("WITHDRAWAL_RELEASE", "WINNINGS"),
        ("WITHDRAWAL_RELEASE", "WALLET"),
        ("WITHDRAWAL_PAID", "CLEARING"),
        ("PLAN_RELEASE", "BONUS"),
        ("PLAN_RELEASE", "WALLET"),
        ("PLAN_RELEASE", "WINNINGS"),
    }


@pytest.mark.parametrize(
    "kind", one_in(6, sorted(set(EntryKind.values) - {"REVERSAL", "ADJUSTMENT"}))
)
def test_held_money_is_not_played_by_any_kind_of_entry(alice, card, kind):
    """F110: neither named as such nor as one of the purses."""
    make.withdraw(alice, 200_000_00, card)
    make.open_accounts(("stakes:test", "STAKES"))

    for source in (wallets.hold_of(alice), wallets.purse_of(alice), wallets.wallet_of(alice)):
        with pytest.raises(DatabaseError), transaction.atomic():
            ledger.post(
                reference=f"{kind}:{source}", kind=kind, moves=[Move(source, "stakes:test", 1)]
            )

    assert (wallets.available(alice), wallets.held(alice)) == (0, 200_000_00)


def test_no_page_takes_a_withdrawal_back(alice, card):
    """F110: nobody is invited to play what he has asked for: no way, and no word of one."""
    withdrawal = make.withdraw(alice, 6_000_00, card)
    client = people.behind(alice.user)
    client.cookies["language"] = "en"
    address = reverse("finance:withdrawal", args=[withdrawal.code])

    posted = client.post(address, {"action": "cancel"})
    pages = [client.get(one).content.decode() for one in (address, "/wallet/")]

    assert posted.status_code == 405
    assert not [page for page in pages if "<form" in page.split("<main")[1] and "cancel" in page]
    assert not [page for page in pages if "Play it" in page or "Cancel" in page]
    assert (withdrawal.state, wallets.held(alice)) == ("HELD", 6_000_00)


def test_no_address_takes_a_withdrawal_back():
    """F110: nobody is invited to play what he has asked for."""
    names = {url.name for url in urlpatterns if url.name}

    assert not [name for name in names if "cancel" in name or "reverse" in name]
    assert reverse("finance:withdrawal", args=["X"]) == "/wallet/withdrawals/X/"


def test_a_payout_is_never_sent_under_another_number(fake_bank, alice, card):
    """F109, V-5: the bank paid and nobody heard; asked ten times, paid once."""
    fake_bank.says = LOST
    withdrawal = make.withdraw(alice, 100_00, card)
    withdrawals.send(code=withdrawal.code, now=make.NOW)
    withdrawal.refresh_from_db()
    assert withdrawal.state == "UNKNOWN"
    fake_bank.is_silent = True
    for n in range(8):
        withdrawals.poll(now=make.NOW + timedelta(minutes=2 + n))
    withdrawal.refresh_from_db()
    assert (withdrawal.state, wallets.held(alice)) == ("UNKNOWN", 100_00)
    fake_bank.is_silent = False

    withdrawals.poll(now=make.NOW + timedelta(days=1))

    withdrawal.refresh_from_db()
    assert (withdrawal.state, wallets.held(alice)) == ("PAID", 0)
    assert fake_bank.sent == [withdrawal.code]
    assert fake_bank.payouts == {withdrawal.code: "PAID"}
    assert ledger.balance("clearing:fake") == 100_00
    assert ledger.verify_books() == []


def test_what_the_bank_returns_goes_back_to_the_purses_it_came_from(fake_bank, alice, card):
    """F107, F109: winnings first out, winnings first back, with the bank's reason."""
    make.open_accounts(("prizes:test", "PRIZES"))
    with transaction.atomic():
        ledger.post(
            reference="prize:t",
            kind=EntryKind.PRIZE,
            moves=[Move("prizes:test", wallets.winnings_of(alice), 300_00)],
        )
    before = wallets.purses(alice)
    fake_bank.says = FAILED
    withdrawal = make.withdraw(alice, 500_00, card)
    held = wallets.purses(alice)

    withdrawals.send(code=withdrawal.code, now=make.NOW)

    withdrawal.refresh_from_db()
    assert (held.winnings_fen, held.deposited_fen) == (0, before.deposited_fen - 200_00)
    assert (withdrawal.state, withdrawal.reason) == ("FAILED", "The account is closed.")
    assert wallets.purses(alice) == before
