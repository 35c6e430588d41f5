"""What cashiers, treasurers and approvers do on their pages."""

from __future__ import annotations

import pytest
from django.urls import reverse

from finance import wallets, withdrawals
from finance.models import Deposit, Entry
from tests import make_money as make
from tests import people
from tests.people import in_english, text

pytestmark = pytest.mark.django_db


def test_a_large_withdrawal_over_the_desk(rich, now):
    """F109: the cashier prepares, the approver signs on his own page."""
    make.put(rich, 10_000_00)
    withdrawal = make.withdraw(rich, 6_000_00, make.bank_account(rich, now=now), now=now)
    cashier, approver = (
        in_english(people.member("cashier").user),
        in_english(people.member("approver").user),
    )
    address = reverse("finance:desk_withdrawal", args=[withdrawal.code])

    queue = text(cashier.get("/desk/withdrawals/"))
    page = text(cashier.get(address))
    cashier.post(address, {"action": "prepare"})
    withdrawal.refresh_from_db()
    seen = text(approver.get(address))

    assert "6,000.00" in queue
    assert "建设银行 …6021" in page
    assert make.NAME not in page
    assert withdrawal.state == "WAITING"
    assert reverse("audit:approval", args=[withdrawal.approval_code]) in seen
    assert 'value="prepare"' not in seen
    assert approver.post(address, {"action": "prepare"}).status_code == 403


def test_a_checker_compares_holder_and_player_and_reads_the_amount_once(rich, now):
    make.put(rich, 10_000_00)
    withdrawal = make.withdraw(rich, 6_000_00, make.bank_account(rich, now=now), now=now)
    cashier = people.member("cashier")
    prepared = withdrawals.prepare(code=withdrawal.code, maker=cashier.user, now=now)
    address = reverse("audit:approval", args=[prepared.approval_code])

    page = in_english(people.member("approver").user).get(address).content.decode()
    facts = page[page.index('<dl class="kv">') : page.index("</dl>")]

    assert facts.count("6,000.00") == 1
    assert facts.count(str(rich.person.name)) == 2
    assert rich.person.name.reveal() not in page


def test_the_books_show_the_real_one_unless_asked(rich, now):
    make.put(rich, 10_000_00)
    treasurer = in_english(people.member("treasurer").user)
    reference = Entry.objects.filter(is_shadow=False).latest("pk").reference

    assert reference in text(treasurer.get("/desk/ledger/"))
    assert reference in text(treasurer.get("/desk/ledger/", {"book": "all"}))
    assert reference not in text(treasurer.get("/desk/ledger/", {"book": "shadow"}))


def test_a_page_of_the_books_has_fifty_movements(rich, now):
    for _number in range(51):
        make.put(rich, 10_00)
    treasurer = in_english(people.member("treasurer").user)

    first = treasurer.get("/desk/ledger/").content.decode()
    second = treasurer.get("/desk/ledger/", {"page": 2}).content.decode()

    assert first.count('<td class="num">') == 50
    assert second.count('<td class="num">') >= 1


def test_a_cashier_refuses_on_the_desk(rich, now):
    make.put(rich, 10_000_00)
    withdrawal = make.withdraw(rich, 6_000_00, make.bank_account(rich, now=now), now=now)
    cashier = in_english(people.member("cashier").user)
    address = reverse("finance:desk_withdrawal", args=[withdrawal.code])

    empty = cashier.post(address, {"action": "refuse", "reason": ""})
    cashier.post(address, {"action": "refuse", "reason": "Card reported lost"})

    assert empty.status_code == 400
    withdrawal.refresh_from_db()
    assert (withdrawal.state, withdrawal.reason) == ("REFUSED", "Card reported lost")
    assert "Card reported lost" in text(
        people.behind(rich.user).get(reverse("finance:withdrawal", args=[withdrawal.code]))
    )


def test_what_was_set_aside_is_on_the_desk(rich, now, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    deposit = make.order(rich, 12_00, now=now)
    make.told(deposit, now=now, amount_fen=13_00)
    treasurer = in_english(people.member("treasurer").user)

    page = text(treasurer.get("/desk/deposits/"))
    asked = treasurer.post(reverse("finance:desk_deposit_check", args=[deposit.code]), follow=True)

    assert "12.00" in page
    assert '13.00 <span class="second">Paid in</span>' in page
    assert "The bank does not answer at present" in text(asked)
    assert Deposit.objects.get(pk=deposit.pk).state == "QUARANTINED"


def test_the_books_can_be_searched(rich):
    treasurer = in_english(people.member("treasurer").user)
    wallet = wallets.wallet_of(rich)

    page = text(treasurer.get("/desk/ledger/", {"account": wallet, "kind": "DEPOSIT"}))
    none = text(treasurer.get("/desk/ledger/", {"reference": "nothing:"}))

    assert wallet in page
    assert "1,328.00" in page
    assert "trial balance 0.00" in page
    assert "No entry matches" in none


@pytest.mark.parametrize(
    ("post", "address", "status"),
    [
        ("support", "/desk/withdrawals/", 403),
        ("cashier", "/desk/ledger/", 403),
        ("approver", "/desk/deposits/", 403),
        ("auditor", "/desk/ledger/", 200),
        ("auditor", "/desk/withdrawals/", 200),
    ],
)
def test_a_post_opens_its_own_pages_only(post, address, status):
    assert people.behind(people.member(post).user).get(address).status_code == status
