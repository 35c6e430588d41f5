"""Wallet, deposit, withdrawal and desk as people see them (F010, F011, F108, F109)."""

from __future__ import annotations

import csv
import io
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Player
from finance import bank_accounts, deposits, ledger, wallets, withdrawals
from finance.models import BankAccount, Withdrawal
from finance.providers import FAILED
from finance.urls import urlpatterns
from lottery_portal.lib import dates
from tests import make_money as make
from tests import people
from tests.people import text

pytestmark = pytest.mark.django_db


def test_the_wallet_shows_balance_hold_and_movements(client, rich, now):
    """F011"""
    make.withdraw(rich, 1_200_00, make.bank_account(rich, now=now), now=now)

    page = client.get("/wallet/")

    assert page.status_code == 200
    assert "128.00" in text(page)
    assert "1,200.00" in text(page)
    assert "+1,328.00" in text(page)
    assert "−1,200.00" in text(page)
    assert "建设银行 …6021" in text(page)


@pytest.mark.parametrize("name", ["wallet", "deposit", "withdraw"])
def test_every_money_page_shows_the_balance(client, rich, now, name):
    """F011"""
    make.bank_account(rich, now=now)

    assert "1,328.00" in text(client.get(reverse(f"finance:{name}")))


def test_the_statement_can_be_narrowed_and_leafed_through(client, rich, now):
    for _ in range(21):
        make.put(rich, 1_00)

    first, second = client.get("/wallet/"), client.get("/wallet/?page=2")

    assert text(first).count("+1.00") == 20
    assert "+1,328.00" not in text(first)
    assert "+1,328.00" in text(second)
    assert "Nothing has been booked" in text(client.get("/wallet/?kind=prizes"))
    assert "+1,328.00" in text(client.get("/wallet/?kind=cash&page=2"))
    assert client.get("/wallet/?kind=nonsense&page=x").status_code == 200


def test_the_wallet_asks_the_same_few_questions_however_long_it_is(client, rich, now):
    make.withdraw(rich, 5_00, make.bank_account(rich, now=now), now=now)
    client.get("/wallet/")

    with CaptureQueriesContext(connection) as short:
        client.get("/wallet/")
    for _ in range(15):
        make.fund(rich, 1_00, now=now)
    with CaptureQueriesContext(connection) as long:
        page = client.get("/wallet/")

    assert page.content.decode().count("1.00") >= 15
    assert len(long) == len(short) < 45


def test_the_file_of_the_statement_adds_up(client, rich, now):
    """F010: the sum of its lines is the change of the balance, to the fen."""
    make.withdraw(rich, 200_01, make.bank_account(rich, now=now), now=now)

    answer = client.get("/wallet/statement.csv")
    raw = b"".join(answer.streaming_content)
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))

    assert raw.startswith(b"\xef\xbb\xbf")
    assert answer["Content-Disposition"].startswith("attachment; ")
    assert rows[0] == [
        "Time", "What", "Detail", "Amount (yuan)", "Balance (yuan)", "Reference", "Purse",
    ]  # fmt: skip
    assert [row[3] for row in rows[1:]] == ["1328.00", "-200.01"]
    assert rows[-1][4] == "1127.99"
    assert sum(round(float(row[3]) * 100) for row in rows[1:]) == wallets.available(rich)


def test_the_file_covers_the_days_asked_for(client, rich):
    today = dates.in_shanghai(people.right_now()).date().isoformat()

    none = client.get("/wallet/statement.csv?since=2020-01-01&until=2020-12-31")
    some = client.get(f"/wallet/statement.csv?since={today}&until={today}")

    assert len(b"".join(none.streaming_content).splitlines()) == 1
    assert len(b"".join(some.streaming_content).splitlines()) == 2


def test_nothing_in_the_file_runs_in_a_spreadsheet(client, rich, now):
    number = make.card("6021")
    account = bank_accounts.add(
        player=rich, bank_name="=cmd|' /C calc'!A0", number=number, holder=make.NAME, now=now
    )
    make.confirm(account, now=now)
    withdrawal = make.withdraw(rich, 6_00, account, now=now)
    ledger_rows = b"".join(client.get("/wallet/statement.csv").streaming_content).decode(
        "utf-8-sig"
    )

    cells = [cell for row in csv.reader(io.StringIO(ledger_rows)) for cell in row]

    assert withdrawal.code in ledger_rows
    assert not [cell for cell in cells if cell[:1] in {"=", "+", "@", "\t"}]


def test_a_deposit_that_the_bank_does_not_answer_moves_nothing(client, rich, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:9"

    answer = client.post(
        "/wallet/deposit/", {"amount": "100", "provider": "sandbox", "request_key": str(uuid4())}
    )

    assert answer.status_code == 503
    assert "No money has moved." in text(answer)
    assert wallets.available(rich) == 1_328_00


AMOUNTS = (
    ("0.99", 400, "The smallest deposit is 1.00 yuan."),
    ("50000.01", 400, "The largest single deposit is 50,000.00 yuan."),
    ("1.001", 400, "with at most two decimals"),
    ("abc", 400, "between 1.00 and 50,000.00 yuan"),
    ("-5", 400, "between 1.00 and 50,000.00 yuan"),
    ("1e3", 400, "between 1.00 and 50,000.00 yuan"),
    ("", 400, "Please enter an amount."),
)


def test_an_amount_is_checked_beside_its_field(client, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:9"

    for amount, status, words in AMOUNTS:
        asked = {"amount": amount, "provider": "sandbox", "request_key": str(uuid4())}
        answer = client.post("/wallet/deposit/", asked)

        assert answer.status_code == status, amount
        assert words in text(answer)


def test_a_deposit_page_tells_only_what_the_bank_said(client, rich, now, settings):
    """F108"""
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    deposit = make.order(rich, 12_00, now=now)
    address = reverse("finance:deposit_state", args=[deposit.code])
    waiting = text(client.get(address))
    make.told(deposit, now=now)
    credited = text(client.get(address))

    assert "Waiting for the bank" in waiting
    assert "please do not pay again" in waiting
    assert "The amount is in your balance" in credited


def test_money_on_its_way_is_watched_by_its_page_until_it_has_arrived(client, rich, now):
    """F108, F109: the part that changes is asked for again; what is over stands still."""
    part = {"X-Fragment": "1"}
    make.fund(rich, 6_000_00, now=now)
    begun = make.order(rich, 12_00, now=now)
    asked = make.withdraw(rich, 6_000_00, make.bank_account(rich, now=now), now=now)
    pages = {
        reverse("finance:deposit_state", args=[begun.code]): "Waiting for the bank",
        reverse("finance:withdrawal", args=[asked.code]): "A second person looks at this",
    }
    for page, words in pages.items():
        assert f'data-poll="{page}"' in text(client.get(page))
        shown = text(client.get(page, headers=part))
        assert words in shown
        assert 'data-done="false"' in shown
        assert "<html" not in shown

    make.told(begun, now=now)
    cashier = make.staff("cashier1", "cashier", now=now).member.user
    withdrawals.refuse(code=asked.code, actor=cashier, reason="测试", now=now)

    for page in pages:
        assert "data-poll" not in text(client.get(page))
        assert 'data-done="true"' in text(client.get(page, headers=part))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "CANCELLED"}, "This payment was not made"),
        ({"amount_fen": 1}, "does not fit this deposit"),
    ],
)
def test_a_deposit_page_tells_of_trouble(client, rich, now, changes, words):
    deposit = make.order(rich, 12_00, now=now)
    make.told(deposit, now=now, **changes)

    assert words in text(client.get(reverse("finance:deposit_state", args=[deposit.code])))


def test_the_missing_amount_of_a_bet_is_taken_over(client):
    page = text(client.get("/wallet/deposit/?amount=8.00"))

    assert 'value="8.00"' in page
    assert "Missing for your bet" in page


def test_who_is_not_verified_is_led_to_the_identity_check():
    stranger = people.player(verified=False)
    client = people.behind(stranger.user)

    for name in ("deposit", "withdraw", "bank_accounts"):
        page = client.get(reverse(f"finance:{name}"))
        assert page.status_code == 403
        assert reverse("accounts:verify") in text(page)


def test_other_peoples_movements_do_not_exist(client, now):
    """Absent and forbidden answer alike."""
    bob = people.player(name="王海")
    deposit = make.fund(bob, 100_00, now=now)
    account = make.bank_account(bob, holder="王海", now=now)
    withdrawal = make.withdraw(bob, 10_00, account, now=now)

    assert client.get(reverse("finance:deposit_state", args=[deposit.code])).status_code == 404
    assert client.get(reverse("finance:withdrawal", args=[withdrawal.code])).status_code == 404
    assert (
        client.post(reverse("finance:bank_account_remove", args=[account.code])).status_code == 404
    )
    assert BankAccount.objects.get().removed_at is None


def test_a_bank_account_is_registered_on_its_page(client, rich):
    """F006"""
    fields = {"bank_name": "建设银行", "number": make.card("6021"), "holder": "王海"}

    refused = client.post("/wallet/bank-accounts/", fields)
    added = client.post("/wallet/bank-accounts/", {**fields, "holder": make.NAME})

    assert refused.status_code == 409
    assert "must be in your own name" in text(refused)
    assert added.status_code == 302
    page = text(client.get("/wallet/bank-accounts/"))
    assert "建设银行 …6021" in page
    assert make.NAME not in page
    (account,) = bank_accounts.of(rich)
    client.post(reverse("finance:bank_account_remove", args=[account.code]))
    assert bank_accounts.of(rich) == []


def test_a_withdrawal_is_asked_for_on_its_page(client, rich, now):
    account = make.bank_account(rich, now=now)
    key = str(uuid4())
    fields = {"amount": "28", "bank_account": account.code, "request_key": key}

    look = client.post("/wallet/withdraw/", fields)
    assert not Withdrawal.objects.exists()
    assert wallets.available(rich) == 1_328_00
    for figure in ("28.00", "…6021", "1,300.00"):
        assert figure in text(look)
    fields["confirmed"] = "1"
    answers = [client.post("/wallet/withdraw/", fields) for _ in range(2)]

    withdrawal = Withdrawal.objects.get()
    assert {answer["Location"] for answer in answers} == {
        reverse("finance:withdrawal", args=[withdrawal.code])
    }
    page = text(client.get(answers[0]["Location"]))
    assert "It is on its way to your bank" in page
    assert "No second look needed" in page
    assert "Approved" not in page
    assert wallets.held(rich) == 28_00


def test_a_withdrawal_beyond_the_balance_is_refused_with_the_figures(client, rich, now):
    account = make.bank_account(rich, now=now)

    page = client.post(
        "/wallet/withdraw/",
        {"amount": "1328.01", "bank_account": account.code, "request_key": str(uuid4())},
    )

    assert page.status_code == 409
    assert "Your balance is too small" in text(page)
    assert "1,328.00" in text(page)
    assert not Withdrawal.objects.exists()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("The account is closed.", "该账户已销户。"),
        ("ACCOUNT_FROZEN", "该账户已被冻结。"),
        ("", "银行没有说明原因。"),
    ],
)
def test_why_the_bank_did_not_pay_is_said_in_the_readers_words(client, fake_bank, said, words):
    """F109: the row keeps what the bank said; the statement and the page say it to the player."""
    player, now = Player.objects.get(), people.right_now()
    fake_bank.says, fake_bank.reason = FAILED, said
    withdrawal = make.withdraw(player, 50_00, make.bank_account(player, now=now), now=now)
    withdrawals.send(code=withdrawal.code, now=now)
    client.cookies["language"] = "zh-hans"

    wallet = text(client.get("/wallet/"))
    page = text(client.get(f"/wallet/withdrawals/{withdrawal.code}/"))

    assert words in wallet
    assert words in page
    withdrawal.refresh_from_db()
    assert withdrawal.reason == (said or "The bank gave no reason.")


def test_the_wallet_leads_to_where_the_money_can_be_checked(client):
    """N08: a player finds his leaf of the nightly proof from his own balance."""
    assert reverse("finance:my_solvency") in text(client.get("/wallet/"))


def test_a_period_that_was_chosen_stands_in_its_fields(client):
    """F139"""
    page = text(client.get("/wallet/?since=2026-01-05&until=2026-02-01"))

    assert 'value="2026-01-05"' in page
    assert 'value="2026-02-01"' in page
    assert "<details open" in page
    assert "<details open" not in text(client.get("/wallet/"))


def test_the_form_says_least_and_most_beforehand(client, rich, now):
    make.bank_account(rich, now=now)

    assert "1.00 to 50,000.00 yuan" in text(client.get("/wallet/deposit/"))
    assert "to 1,328.00 yuan" in text(client.get("/wallet/withdraw/"))


def test_money_leaves_only_after_a_fresh_confirmation(rich, now):
    """F007: nor is a bank account added or removed."""
    account = make.bank_account(rich, now=now)
    stale = people.behind(rich.user, minutes_ago=6)

    answers = [
        stale.get("/wallet/withdraw/"),
        stale.post(
            "/wallet/withdraw/",
            {"amount": "1", "bank_account": account.code, "request_key": uuid4()},
        ),
        stale.get("/wallet/bank-accounts/"),
        stale.post(reverse("finance:bank_account_remove", args=[account.code])),
    ]

    assert [answer.status_code for answer in answers] == [302] * 4
    assert not Withdrawal.objects.exists()
    assert bank_accounts.of(rich) == [account]


def test_without_a_bank_account_the_way_leads_to_one(client):
    assert client.get("/wallet/withdraw/")["Location"] == reverse("finance:bank_accounts")


CASH_AND_TAX = {
    "desk_cash_desks", "desk_cash_desk", "payment_methods", "desk_payment_methods",
    "my_tax", "my_certificate", "desk_tax_returns", "desk_certificate",
}  # fmt: skip
DESK_OF_BANKS = {
    "desk_cover", "desk_covers", "desk_difference", "desk_differences", "desk_house_bank_new",
    "desk_house_banks", "desk_house_bank_close", "desk_proof", "desk_proof_take",
    "desk_provider", "desk_provider_off", "desk_providers", "desk_return_new",
    "desk_return_plan", "desk_returns", "desk_statement", "desk_statement_match",
    "desk_statement_take", "desk_statements",
}  # fmt: skip


def test_the_doors_behind_the_pages_are_the_only_ones(rich):
    """F116: no address of the house moves money from one player to another."""
    names = {pattern.name for pattern in urlpatterns}

    assert names == {
        "wallet",
        "statement_file",
        "statement_paper",
        "deposit",
        "deposit_state",
        "withdraw",
        "withdrawal",
        "withdrawal_recall",
        "bank_accounts",
        "bank_account_remove",
        "callback",
        "desk_withdrawals",
        "desk_withdrawal",
        "desk_deposits",
        "desk_deposit_check",
        "desk_ledger",
        "desk_remittances",
        "desk_issuers",
        "desk_reserves",
        "desk_covers",
        "desk_cover",
        "desk_payment_new",
        "desk_drawing_new",
        "desk_payments",
        "desk_payment",
        "desk_receipt",
        "desk_payees",
        "desk_payee_new",
        "desk_payee_retire",
        "desk_cases",
        "desk_case",
        "debt_pay",
        "desk_checks",
        "desk_check_now",
        "desk_payouts_stop",
        "desk_payouts_lift",
        "solvency",
        "solvency_statement",
        "my_solvency",
        "my_solvency_file",
        "my_solvency_page",
        "desk_treasury",
        "desk_reports",
        "desk_report",
        "desk_report_file",
        "desk_sheet",
        "desk_sheet_file",
        "desk_general_ledger",
        "desk_general_ledger_file",
        "desk_adjustments",
        "desk_adjustment_new",
        "desk_adjustment",
        "desk_periods",
        "desk_period",
        "desk_period_close",
        "desk_year_end",
        "desk_samples",
        "desk_sample",
        "funds",
        *CASH_AND_TAX,
        *DESK_OF_BANKS,
    }
    assert deposits.find(rich, deposits.of(rich)[0].code).player_code == rich.code
    assert withdrawals.of(rich) == []
    assert ledger.balance(wallets.wallet_of(rich)) == 1_328_00
