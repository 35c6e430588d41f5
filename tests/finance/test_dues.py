"""What was allocated becomes due by month, to the fen, and what is late is noticed (F265)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from audit import alarms, policies
from finance import books, commissions, dues, ledger, organisers, payment_orders
from finance.ledger import AccountKind, EntryKind, Move
from finance.models import Due
from lottery_portal.lib import working_days
from lottery_portal.lib.db import violated
from tests import make_money, people
from tests import make_remittance as make

pytestmark = pytest.mark.django_db


def made(*, now=None):
    return dues.make(now=now or people.right_now())


def balances(*codes):
    return [ledger.balance(code) for code in codes]


def fits(account):
    """Allocated is remitted, kept and owed; what is owed lies in the account."""
    found = dues.position(account)
    assert found.allocated_fen == found.remitted_fen + found.kept_fen + found.owed_fen
    assert found.owed_fen == ledger.balance(account)
    return found


def test_a_month_is_due_when_it_is_over_and_once():
    """F265: what a month allocated to the welfare fund is due by the 15th of the next."""
    last = make.month(1)
    make.allocate(("welfare:ssq", 36_00), on=last)
    make.allocate(("welfare:ssq", 72_01), on=last.replace(day=20))
    make.allocate(("welfare:ssq", 5_00))

    assert made() == 1
    assert made() == 0

    due = Due.objects.get(account="welfare:ssq")
    assert (due.subject, due.amount, due.kept) == (f"{last:%Y-%m}", 108_01, 0)
    assert due.due_on == working_days.on_or_after(make.month(0).replace(day=15))
    assert fits("welfare:ssq").not_yet_due_fen == 5_00


def test_each_game_and_month_is_due_on_its_own():
    """F265, R14: dues of games and months are never added up."""
    make.allocate(("welfare:ssq", 10_00), ("welfare:dlt", 20_00), on=make.month(2))
    make.allocate(("welfare:ssq", 30_00), on=make.month(1))

    made()

    rows = Due.objects.order_by("account", "subject").values_list("account", "subject", "amount")
    assert list(rows) == [
        ("welfare:dlt", f"{make.month(2):%Y-%m}", 20_00),
        ("welfare:ssq", f"{make.month(2):%Y-%m}", 10_00),
        ("welfare:ssq", f"{make.month(1):%Y-%m}", 30_00),
    ]


def test_of_the_issue_fee_a_share_is_remitted_and_the_rest_set_aside():
    """F265, R15: an odd fen is remitted, nothing is lost."""
    last = make.month(1)
    make.allocate(("fee:ssq", 13_01), on=last)

    made()

    due = Due.objects.get(account="fee:ssq")
    assert (due.amount, due.kept) == (6_51, 6_50)
    assert balances("fee:ssq", "business:ssq") == [6_51, 6_50]
    entry = ledger.entry_of(f"set_aside:{due.code}")
    assert entry is not None
    assert (entry.kind, f"{entry.booked_on:%Y-%m}") == ("SET_ASIDE", f"{last:%Y-%m}")
    assert fits("fee:ssq").kept_fen == 6_50
    assert books.verify_books() == []


def test_what_is_booked_into_a_month_later_makes_another_due_of_it():
    """F265: the dues of a month are what was allocated in it, also when that changes."""
    last = make.month(1)
    make.allocate(("welfare:ssq", 100_00), on=last)
    made()
    make.allocate(("welfare:ssq", 7), on=last)

    assert made() == 1

    rows = Due.objects.filter(account="welfare:ssq").order_by("position")
    assert list(rows.values_list("subject", "position", "amount")) == [
        (f"{last:%Y-%m}", 1, 100_00),
        (f"{last:%Y-%m}", 2, 7),
    ]
    assert rows[1].due_on > make.today()
    fits("welfare:ssq")


def test_a_reversed_allocation_is_taken_off_what_is_owed():
    """F105, F265: in the month of the reversal, and set aside goes back too."""
    now = people.right_now()
    reference = make.allocate(("welfare:ssq", 36_00), ("fee:ssq", 13_01), on=make.month(1))
    made()

    make_money.reversed_entry(reference, now=now)

    for account in ("welfare:ssq", "fee:ssq"):
        found = dues.position(account)
        assert found.allocated_fen == 0
        assert found.allocated_fen == found.remitted_fen + found.kept_fen + found.owed_fen
    assert dues.allocated_by_month("welfare:ssq") == {make.month(1): 36_00, make.month(0): -36_00}


def test_what_was_reversed_is_taken_off_the_next_order():
    """F265: a month that came out negative lessens what is paid; nothing more owed, no arrears."""
    reference = make.allocate(("welfare:ssq", 36_00), ("fee:ssq", 13_01), on=make.month(2))
    made()
    make_money.reversed_entry(reference, now=people.right_now())
    make.allocate(("welfare:ssq", 50_00))

    made(now=people.right_now() + timedelta(days=40))

    rows = Due.objects.filter(account="welfare:ssq").order_by("subject")
    assert list(rows.values_list("amount", flat=True)) == [36_00, 14_00]
    assert balances("fee:ssq", "business:ssq") == [0, 0]
    assert [due.account for due in dues.late(make.today())] == ["welfare:ssq"]
    assert make.asked_order("welfare:ssq", make.payee("WELFARE")).amount == 50_00
    with pytest.raises(payment_orders.NothingDue):
        make.asked_order("fee:ssq", make.payee("FEE"))


def test_remitted_and_owed_are_what_was_allocated_to_the_fen():
    """F265: through two months, a late booking, a payment and a payment that came back."""
    account = "welfare:ssq"
    make.allocate((account, 1_234_56), on=make.month(2))
    made()
    assert fits(account).owed_fen == 1_234_56
    treasury = make.payee("WELFARE")
    first = make.paid(make.order(account, treasury))
    assert fits(account).remitted_fen == 1_234_56
    make.allocate((account, 99), on=make.month(2))
    make.allocate((account, 10_01), on=make.month(1))
    made()
    assert fits(account).due_fen == 11_00
    second = make.paid(make.order(account, treasury))
    assert (second.amount, fits(account).owed_fen) == (11_00, 0)

    make_money.reversed_entry(f"order:{first.code}", now=people.right_now())
    payment_orders.returned(
        code=first.code, reason="账号不符退回", actor=make.member("treasurer"),
        now=people.right_now(),
    )  # fmt: skip

    assert fits(account).remitted_fen == 11_00
    assert fits(account).due_fen == 1_234_56
    assert books.verify_books() == []


def test_a_late_due_is_listed_and_noticed_until_it_is_paid():
    """F265: the day after its last day it is in arrears and an alarm; paid, it is neither."""
    make.allocate(("welfare:ssq", 36_00), on=make.month(2))
    made()
    due = Due.objects.get()
    now = people.right_now()

    assert dues.late(due.due_on) == []
    assert [one.code for one in dues.late(make.today())] == [due.code]
    assert dues.notice_late(now=now) == 1
    assert dues.notice_late(now=now) == 1
    raised = [alarm for alarm in alarms.open_now() if alarm.kind == dues.LATE]
    assert [alarm.object_code for alarm in raised] == [due.code]

    make.paid(make.order("welfare:ssq", make.payee("WELFARE")))

    assert dues.notice_late(now=now) == 0
    assert [alarm for alarm in alarms.open_now() if alarm.kind == dues.LATE] == []


def test_tax_is_due_by_the_15th_and_a_policy_moves_the_day_of_the_rest():
    """F265, D12: days by policy; tax withheld of prizes has its own."""
    now = people.right_now()
    asked = policies.request_change(
        key=dues.DUE_DAY, value=10, reason="协议", maker=make.member("compliance"), now=now
    )
    make.decided(asked.code)
    later = people.right_now()

    assert dues.due_day("WELFARE", date(2026, 8, 1), now=later) == date(2026, 9, 10)
    assert dues.due_day("TAX", date(2026, 8, 1), now=later) == date(2026, 9, 15)


def test_shadow_books_owe_nothing():
    """D20: a drill makes no dues."""
    with transaction.atomic():
        for code, kind in (
            ("stakes:S1", AccountKind.STAKES), ("welfare:drill1", AccountKind.WELFARE)
        ):  # fmt: skip
            ledger.open_account(code=code, kind=kind, is_shadow=True)
        ledger.post(
            reference="allocation:S1",
            kind=EntryKind.ALLOCATION,
            moves=[Move("stakes:S1", "welfare:drill1", 5_00)],
            day=make.month(1),
        )

    assert made() == 0


def test_a_due_stays_what_it_is():
    """F265: no hand lets a due go or gives it to another order while its own is under way."""
    make.allocate(("welfare:ssq", 36_00), ("welfare:dlt", 1_00), on=make.month(1))
    made()
    treasury = make.payee("WELFARE")
    make.asked_order("welfare:ssq", treasury)
    other = make.asked_order("welfare:dlt", treasury)

    for order in (None, other):
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            Due.objects.filter(account="welfare:ssq").update(order=order)
        assert violated(caught.value) == "due_stands"


def test_commissions_are_accrued_stated_and_paid():
    """F265: out of the business fee, never more than was set aside; once per reference."""
    since, until = make.month(1), make.today() + timedelta(days=1)
    make.allocate(("fee:ssq", 100_00), on=make.month(2))
    made()
    with pytest.raises(commissions.CommissionNotCovered), transaction.atomic():
        commissions.accrue(partner="P1", game="ssq", amount=50_01, reference="P1:1")
    for _again in range(2):
        with transaction.atomic():
            commissions.accrue(partner="P1", game="ssq", amount=30_00, reference="P1:1")
    assert balances("business:ssq", "partner:P1") == [20_00, 30_00]

    told = commissions.statement(partner="P1", since=since, until=until)

    assert (told.opening_fen, told.accrued_fen, told.paid_fen, told.closing_fen) == (
        0, 30_00, 0, 30_00,
    )  # fmt: skip
    with pytest.raises(payment_orders.NothingDue):  # its month is not over
        commissions.pay(
            partner="P1", payee=make.payee("PARTNER", "P1").code, escrow=make.ESCROW,
            maker=make.member("treasurer"), now=people.right_now(),
        )  # fmt: skip


def test_an_event_is_settled_within_working_days_less_our_fee():
    """F265: due so many working days after it ended; the fee is income when it is paid."""
    player = make_money.player(now=people.right_now())
    make_money.fund(player, 100_00, now=people.right_now())
    with transaction.atomic():
        ledger.open_account(code="organiser:O1", kind=AccountKind.ORGANISER)
        ledger.post(
            reference="event:E1:1",
            kind=EntryKind.EVENT_FEE,
            moves=[Move(f"purse:{player.code}", "organiser:O1", 80_00)],
        )
    settle: dict[str, Any] = {
        "organiser": "O1", "event": "E1", "gross": 80_00, "fee": 8_00,
        "ended_on": date(2026, 11, 20), "now": people.right_now(),
    }  # fmt: skip
    with pytest.raises(organisers.SettlementNotCovered), transaction.atomic():
        organisers.settle(**settle | {"gross": 80_01})
    with transaction.atomic():
        due = organisers.settle(**settle)
    with transaction.atomic():
        assert organisers.settle(**settle) == due
    with pytest.raises(organisers.SettledOtherwise), transaction.atomic():
        organisers.settle(**settle | {"fee": 9_00})
    assert (due.amount, due.kept, due.due_on) == (72_00, 8_00, date(2026, 12, 1))
    assert Due.objects.count() == 1

    opened = ledger.balance(make.ESCROW)
    order = make.paid(make.order("organiser:O1", make.payee("ORGANISER", "O1")))

    assert order.amount == 72_00
    assert balances("organiser:O1", payment_orders.EVENT_INCOME) == [0, 8_00]
    assert ledger.balance(make.ESCROW) - opened == 72_00  # an asset: what moved in left the bank
    assert books.verify_books() == []


def test_what_two_jobs_make_at_once_is_made_once():
    """F265: a due is written under its account's lock and a unique place."""
    make.allocate(("welfare:ssq", 36_00), on=make.month(1))
    made()
    due = Due.objects.get()

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Due.objects.create(
            account=due.account, subject=due.subject, position=1, amount=1, due_on=due.due_on,
            made_at=people.right_now(),
        )  # fmt: skip

    assert violated(caught.value) == "due_once"
