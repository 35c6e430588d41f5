"""Statements, differences, registers and the proof of funds as treasurers and auditors see them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audit.models import ApprovalRequest
from finance import adjustments, payees, payouts
from finance.ledger import Move
from finance.models import Difference, HouseBank, Match, Payee, Proof, Statement
from tests import make_money as make
from tests.finance import statement_files as files
from tests.finance.recon_deeds import OURS, PROVIDERS, approved, bill, house_bank, provider
from tests.people import in_english, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def treasurer(now):
    return make.staff("treasurer-pages", "treasurer", now=now).member.user


@pytest.fixture
def client(treasurer):
    return in_english(treasurer)


def upload(client, content, *, form="SANDBOX", account="clearing:sandbox"):
    return client.post(
        reverse("finance:desk_statement_take"),
        {"account": account, "form": form, "file": SimpleUploadedFile("bill.csv", content)},
        follow=True,
    )


def test_a_treasurer_takes_in_a_statement_and_sees_each_line_with_its_entry(client, now, today):
    """F113"""
    deposit = make.fund(make.player(now=now), 100_00, now=now)
    rows = [(today, 100_00, "T1", deposit.code, "交易"), (today, 8_88, "T2", "", "不明")]

    page = upload(client, files.sandbox(rows))

    assert page.status_code == 200
    assert "adds up to the fen" in text(page)
    assert f"deposit:{deposit.code}" in text(page)
    assert "+8.88" in text(page)
    assert "Not known in the books" in text(page)
    listed = text(client.get(reverse("finance:desk_statements")))
    assert "clearing:sandbox" in listed
    assert "108.88" in listed


def test_a_file_that_is_refused_says_why(client, today):
    content = files.sandbox([(today, 5_00, "T1", "", "a"), (today, 6_00, "T2", "", "b")])

    page = upload(client, content.replace(b"11.00", b"12.00"))

    assert page.status_code == 400
    assert "the balance jumps" in text(page)
    assert not Statement.objects.exists()


def test_a_bill_taken_in_for_another_institution_is_refused(client, today):
    """F113: it names no account, so its format must; nothing of it is kept or booked."""
    make.open_accounts(("clearing:alipay", "CLEARING"))
    content = files.sandbox([(today, 5_00, "T1", "", "不明")])

    page = upload(client, content, account="clearing:alipay")

    assert page.status_code == 409
    assert "belongs to clearing:sandbox" in text(page)
    assert not Statement.objects.exists()


def test_a_line_is_matched_by_hand_or_the_page_says_why_not(client, treasurer, now, today):
    """F113"""
    deposit = make.order(make.player(now=now), 20_00, now=now)
    taken = bill([(today, 20_00, "T1", deposit.code, "交易")], treasurer, now)
    make.told(deposit, now=now)
    line = taken.lines.get()
    asked = {"line": line.code, "reference": "no such entry"}
    offered = text(client.get(reverse("finance:desk_statement", args=[taken.code])))

    wrong = client.post(reverse("finance:desk_statement_match"), asked, follow=True)
    right = client.post(
        reverse("finance:desk_statement_match"),
        {**asked, "reference": f"deposit:{deposit.code}"},
        follow=True,
    )

    assert f'<option value="deposit:{deposit.code}">' in offered
    assert "do not move the same amount" in text(wrong)
    assert "All lines matched" in text(right)
    assert Match.objects.get().how == "HAND"


def test_only_entries_of_the_amount_that_no_line_has_are_offered(client, treasurer, now, today):
    """F113: a person chooses among what may be right, and types nothing."""
    first, second = (make.order(make.player(now=now), 20_00, now=now) for _one in range(2))
    lines = [(today, 20_00, "T1", first.code, "交易"), (today, 30_00, "T2", "", "交易")]
    taken = bill(lines, treasurer, now)
    other = make.fund(make.player(now=now), 25_00, now=now)
    for deposit in (first, second):
        make.told(deposit, now=now)

    page = text(client.get(reverse("finance:desk_statement", args=[taken.code])))

    assert f'<option value="deposit:{first.code}">' in page
    assert f'<option value="deposit:{second.code}">' in page
    assert f"deposit:{other.code}" not in page
    auditor = make.staff("auditor-offered", "auditor", now=now).member.user
    seen = text(in_english(auditor).get(reverse("finance:desk_statement", args=[taken.code])))
    assert "<option" not in seen.partition("<main")[2].partition("</main>")[0]


def test_the_list_of_statements_can_be_one_of_an_account_and_says_so(client, treasurer, now, today):
    bill([(today, 5_00, "T1", "", "不明")], treasurer, now)
    address = reverse("finance:desk_statements")

    assert "All accounts" not in text(client.get(address))
    chosen = text(client.get(f"{address}?account=clearing:sandbox"))

    assert "All accounts" in chosen
    assert "Provider clearing" in chosen
    assert "All accounts" not in text(client.get(f"{address}?account=nobody"))


def test_a_difference_is_taken_over_and_resolved(client, treasurer, now, today):
    """F121"""
    bill([(today, 5_00, "T1", "", "不明")], treasurer, now)
    difference = Difference.objects.get()
    address = reverse("finance:desk_difference", args=[difference.code])
    colleague = make.staff("cashier-pages", "cashier", now=now).member.user

    other = in_english(colleague)
    other.post(address, {"action": "take"})
    mine = client.post(address, {"action": "resolve", "resolution": "利息"})
    empty = other.post(address, {"action": "resolve", "resolution": ""})
    done = other.post(address, {"action": "resolve", "resolution": "利息"}, follow=True)

    difference.refresh_from_db()
    assert difference.case.owner == colleague
    assert (mine.status_code, empty.status_code) == (409, 400)
    assert "Take it over first" in text(mine)
    assert "利息" in text(done)
    assert (difference.state, difference.case.state) == ("RESOLVED", "RESOLVED")
    assert difference.resolved_by == difference.case.resolved_by == colleague


def test_the_correction_that_fits_is_offered_and_the_line_counts_as_done(
    client, treasurer, now, today
):
    """F113, F121: one yuan more at the bank than booked, down to nothing left open."""
    deposit = make.fund(make.player(now=now), 20_00, now=now)
    taken = bill([(today, 21_00, "T1", deposit.code, "交易")], treasurer, now)
    difference = Difference.objects.get()
    page = reverse("finance:desk_difference", args=[difference.code])
    statement = reverse("finance:desk_statement", args=[taken.code])
    make.open_accounts(("suspense:sandbox", "SUSPENSE"))
    before = text(client.get(page))
    asked = adjustments.ask(
        moves=[Move("clearing:sandbox", "suspense:sandbox", 1_00)],
        reason="银行多记一元",
        maker=treasurer,
        now=now,
    )
    approved(asked.approval_code, now)

    offered = text(client.get(page))
    said = {"resolution": "已转待查", "correction": f"adjustment:{asked.code}"}
    client.post(page, {"action": "resolve", **said})

    assert "adjustment:" + asked.code not in before
    assert f'value="adjustment:{asked.code}"' in offered
    difference.refresh_from_db()
    assert difference.state == "RESOLVED"
    shown = text(client.get(statement))
    assert "All lines matched" in shown
    assert "Put right by this entry" in shown
    assert "No line here" in text(client.get(f"{statement}?show=open"))


def test_the_case_of_a_difference_leads_to_it_and_does_not_settle_it(client, now, today):
    """F121"""
    upload(client, files.sandbox([(today, 5_00, "T1", "", "不明")]))
    difference = Difference.objects.get()
    address = reverse("finance:desk_case", args=[difference.case.code])

    page = text(client.get(address))
    answer = client.post(address, {"action": "settle", "word": "没事"})

    assert reverse("finance:desk_difference", args=[difference.code]) in page
    assert "Not known in the books" in page
    assert "Settle the case" not in page
    assert answer.status_code == 409
    difference.case.refresh_from_db()
    assert difference.case.state == "OPEN"


def test_the_list_of_differences_shows_what_is_open_and_what_was(client, treasurer, now, today):
    bill([(today, 5_00, "T1", "", "不明")], treasurer, now)

    assert "+5.00" in text(client.get(reverse("finance:desk_differences")))
    resolved = text(client.get(reverse("finance:desk_differences") + "?show=resolved"))
    assert "No difference was resolved yet." in resolved
    assert "agree" not in resolved


def test_the_proof_shows_both_sides_and_its_history(client, treasurer, now):
    """F130"""
    make.fund(make.player(now=now), 100_00, now=now)

    page = client.post(reverse("finance:desk_proof_take"), follow=True)

    assert Proof.objects.get().is_met
    assert "Escrow covers what the house owes" in text(page)
    assert "clearing:sandbox" in text(page)
    assert "all players together" in text(page)
    assert "Covered" in text(page)


def test_an_auditor_sees_and_does_not_touch(client, treasurer, now, today):
    taken = bill([(today, 5_00, "T1", "", "不明")], treasurer, now)
    auditor = in_english(make.staff("auditor-pages", "auditor", now=now).member.user)
    difference = Difference.objects.get()

    for name, args in (
        ("desk_statements", []),
        ("desk_statement", [taken.code]),
        ("desk_differences", []),
        ("desk_difference", [difference.code]),
        ("desk_proof", []),
        ("desk_house_banks", []),
    ):
        assert auditor.get(reverse(f"finance:{name}", args=args)).status_code == 200
    assert auditor.get(reverse("finance:desk_statement_take")).status_code == 403
    answer = auditor.post(
        reverse("finance:desk_difference", args=[difference.code]),
        {"action": "resolve", "resolution": "x"},
    )
    assert answer.status_code == 403
    difference.refresh_from_db()
    assert difference.state == "OPEN"


def test_a_provider_is_asked_for_on_the_page_of_payees_and_listed_by_another(client, now):
    """F129: one list of payees, for whom we pay and for whom money may go to."""
    page = client.post(
        reverse("finance:desk_payee_new"),
        {
            "purpose": "PROVIDER", "party": "sandbox", "name": "支付宝(中国)",
            "bank_name": "网商银行", "number": PROVIDERS,
        },
        follow=True,
    )  # fmt: skip

    assert page.status_code == 200
    assert "Settlement with a payment institution" in text(page)
    assert PROVIDERS not in text(page)
    assert ApprovalRequest.objects.get().kind == payees.KIND
    assert Payee.objects.get().state == "ASKED"


def test_compliance_takes_a_payee_off_the_list(treasurer, now):
    """F129"""
    payee = provider(treasurer, now)
    client = in_english(make.staff("compliance-pages", "compliance", now=now).member.user)

    assert "Take off the list" in text(client.get(reverse("finance:desk_payees")))
    client.post(reverse("finance:desk_payee_retire", args=[payee.code]), {"reason": "解约"})

    payee.refresh_from_db()
    assert payee.state == "RETIRED"


def test_the_register_of_banks_shows_numbers_masked_and_closes_what_was_closed(
    client, treasurer, now
):
    bank = house_bank(treasurer, now)

    page = text(client.get(reverse("finance:desk_house_banks")))
    client.post(reverse("finance:desk_house_bank_close", args=[bank.code]))

    assert "escrow:icbc" in page
    assert OURS not in page
    assert OURS[-4:] in page
    assert HouseBank.objects.get(pk=bank.pk).closed_at is not None
    assert "Closed" in text(client.get(reverse("finance:desk_house_banks")))


def test_the_proof_says_what_stops_payouts_and_where_they_are_opened(client, treasurer, now):
    """F130"""
    payouts.stop_by_hand(reason="演练", actor=treasurer, now=now)

    page = text(client.get(reverse("finance:desk_proof")))

    assert "Payouts are stopped" in page
    assert "Stopped by a member of staff" in page
    assert reverse("finance:desk_checks") in page


def test_the_list_of_statements_asks_few_questions_however_long_it_is(
    client, treasurer, now, today, django_assert_max_num_queries
):
    for back in range(12, 0, -1):
        day = today - timedelta(days=back)
        bill([(day, 1, f"T{back}", "", "利息")], treasurer, now, opening=12 - back)

    with django_assert_max_num_queries(40):
        assert client.get(reverse("finance:desk_statements")).status_code == 200
