"""Many at once: a month is due once, ordered once, paid and booked once (F265)."""

from __future__ import annotations

from functools import partial

import pytest

from finance import books, commissions, dues, ledger, payment_orders
from finance.models import Due, Entry, PaymentOrder
from lottery_portal.lib.db import door
from tests import make_remittance as make
from tests import people
from tests.at_once import at_once

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]
ACCOUNT = "welfare:ssq"


def test_a_month_becomes_due_once_however_many_make_it():
    """F265: the lock of the account is held until the due is committed."""
    make.allocate((ACCOUNT, 36_00), ("fee:ssq", 13_00), on=make.month(1))

    results = at_once([partial(dues.make, now=people.right_now())] * 8)

    assert sum(results) == 2
    assert Due.objects.count() == 2
    assert ledger.balance("business:ssq") == 6_50


def test_a_due_is_ordered_once_and_booked_once():
    """F265: eight treasurers at once make one order; the bank's word eight times books once."""
    make.allocate((ACCOUNT, 36_00), on=make.month(1))
    dues.make(now=people.right_now())
    treasury, treasurer = make.payee("WELFARE"), make.member("treasurer")
    opened = ledger.balance(make.ESCROW)

    results = at_once(
        [
            partial(
                payment_orders.ask, account=ACCOUNT, payee=treasury.code, escrow=make.ESCROW,
                maker=treasurer, now=people.right_now(),
            )
        ] * 8
    )  # fmt: skip

    orders = [one for one in results if isinstance(one, PaymentOrder)]
    assert (len(orders), PaymentOrder.objects.count()) == (1, 1)
    refused = [one for one in results if isinstance(one, payment_orders.NothingDue)]
    assert len(refused) == 7
    make.decided(orders[0].approval_code)

    at_once(
        [
            partial(
                payment_orders.paid, code=orders[0].code, paid_on=make.today(),
                bank_reference="B1", actor=treasurer, now=people.right_now(),
            )
        ] * 8
    )  # fmt: skip

    assert Entry.objects.filter(kind="REMITTANCE").count() == 1
    assert (ledger.balance(ACCOUNT), ledger.balance(make.ESCROW) - opened) == (0, 36_00)
    assert books.verify_books() == []


def test_commissions_never_take_more_than_was_set_aside():
    """R15: who accrues holds the business fee's lock; of eight at once five are covered."""
    make.allocate(("fee:ssq", 100_00), on=make.month(1))
    dues.make(now=people.right_now())

    results = at_once(
        [
            partial(door(commissions.accrue), partner="P1", game="ssq", amount=10_00,
                    reference=f"P1:{number}")
            for number in range(8)
        ]
    )  # fmt: skip

    assert sum(isinstance(one, Entry) for one in results) == 5
    assert sum(isinstance(one, commissions.CommissionNotCovered) for one in results) == 3
    assert (ledger.balance("business:ssq"), ledger.balance("partner:P1")) == (0, 50_00)
