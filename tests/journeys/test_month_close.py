"""A month is closed at the desk, from the start page to the balances that are kept (F123, F124)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from finance.models import Period
from lottery_portal.lib import dates
from tests import browser, people
from tests.finance import books, recon_deeds

pytestmark = [
    pytest.mark.journey,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]

Visit = Callable[..., browser.Visitor]


@pytest.fixture
def last_month(house: str) -> str:
    """The month before this one, with a rent that was paid in it; its code."""
    day = dates.in_shanghai(people.right_now()).date().replace(day=1) - timedelta(days=1)
    code = f"{day:%Y-%m}"
    books.month(code)
    books.spent(1_328_00, day)
    recon_deeds.house_bank(people.member("treasurer").user, people.right_now())
    books.rolled_up()
    return code


def looks(visitor: browser.Visitor, address: str, name: str) -> str:
    """Open a page and judge it."""
    assert visitor.go(address).status == 200
    return visitor.look(f"month-{name}")


@pytest.fixture
def desks(visit: Visit) -> dict[str, browser.Visitor]:
    """Treasurer and approver, each at his own browser."""
    return {
        post: visit(cookies=browser.session_of(people.member(post).user))
        for post in ("treasurer", "approver")
    }


@pytest.mark.thorough
def test_a_month_is_closed_page_by_page(desks: dict[str, browser.Visitor], last_month: str) -> None:
    """F123, F124: what is in the way is said where it is; asked for, signed by another, kept."""
    treasurer, approver = desks["treasurer"], desks["approver"]
    page = treasurer.page
    looks(treasurer, "/desk/", "start")
    looks(treasurer, "/desk/ledger/", "ledger")
    looks(treasurer, "/desk/ledger/treasury/", "treasury")
    looks(treasurer, "/desk/statements/", "statements")
    looks(treasurer, "/desk/differences/", "differences")
    looks(treasurer, "/desk/proof-of-funds/", "proof")
    looks(treasurer, "/desk/covers/", "covers")
    looks(treasurer, "/desk/ledger/corrections/", "corrections")
    for name in ("trial", "balance", "income", "cash-flow", "liabilities"):
        looks(treasurer, f"/desk/ledger/reports/{name}/?first={last_month}-01", f"report-{name}")

    looks(treasurer, "/desk/ledger/periods/", "periods")
    page.click(f"a.ref:text-is('{last_month}')")
    treasurer.look("month-period")
    page.click("form[action$='/close/'] button")
    treasurer.look("month-asked")
    looks(approver, "/desk/approvals/?show=mine", "approvals")
    approver.page.click("main .rows a.row")
    approver.look("month-approval")
    for box in approver.page.locator("[name^=statement]").all():
        box.check()
    with approver.page.expect_navigation():
        approver.page.click("button[value=approve]")
    approver.look("month-signed")
    looks(treasurer, f"/desk/ledger/periods/{last_month}/", "closed")

    assert Period.objects.get(code=last_month).state == "CLOSED"
    assert "1,328.00" in treasurer.text()
