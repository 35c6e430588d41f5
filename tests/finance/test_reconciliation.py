"""Books and banks beside each other: matches, statements, differences."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import translation

from audit.models import Alarm
from finance import books, cases, ledger
from finance.ledger import Move
from finance.models import Case, Difference, Entry, Match, Statement, StatementLine
from finance.recon import differences, levels, matching, sheets, statements
from lottery_portal.lib.db import violated
from lottery_portal.sandbox_bank.models import Payment
from tests import make_money as make
from tests import owner
from tests.finance import statement_files as files
from tests.finance.recon_deeds import (
    PROVIDERS,
    STRANGERS,
    bill,
    covered,
    found,
    house_bank,
    provider,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def treasurer(now):
    return make.staff("treasurer-recon", "treasurer", now=now).member.user


# --- matching


def now_of(statement: Statement) -> levels.Levels:
    """How books and bank stand on the account of a statement."""
    stands = levels.of(statement.account)
    assert stands is not None
    return stands


def test_a_bill_that_tells_what_the_books_say_leaves_nothing_open(alice, treasurer, now, today):
    """F113"""
    deposits = [make.fund(alice, fen, now=now) for fen in (100_00, 50_00, 7_07)]
    rows = [(today, d.amount, f"T{n}", d.code, "交易") for n, d in enumerate(deposits)]

    taken = bill(rows, treasurer, now)

    assert Match.objects.filter(line__statement=taken, how="ORDER").count() == 3
    assert not Difference.objects.exists()
    assert now_of(taken).unexplained == 0


def test_one_altered_line_is_found_and_named(alice, treasurer, now, today):
    """F113: 50.00 in the books is 49.99 in the bill; line, entry and both sums are named."""
    deposits = [make.fund(alice, fen, now=now) for fen in (100_00, 50_00, 30_00)]
    rows = [(today, d.amount, f"T{n}", d.code, "交易") for n, d in enumerate(deposits)]
    rows[1] = (today, 49_99, "T1", deposits[1].code, "交易")

    taken = bill(rows, treasurer, now)

    difference = Difference.objects.get()
    assert difference.kind == "AMOUNT"
    assert difference.line is not None
    assert difference.line.reference == "T1"
    assert difference.reference == f"deposit:{deposits[1].code}"
    assert (difference.booked, difference.stated) == (50_00, 49_99)
    assert Match.objects.filter(line__statement=taken).count() == 2
    assert now_of(taken).unexplained == 0


def test_a_payment_that_the_bill_does_not_show_comes_up_after_days(alice, treasurer, now, today):
    """F121"""
    shown, hidden = make.fund(alice, 100_00, now=now), make.fund(alice, 5_00, now=now)
    bill([(today, 100_00, "T0", shown.code, "交易")], treasurer, now)
    assert not Difference.objects.exists()

    later = now + timedelta(days=3)
    row = (today + timedelta(days=3), 1, "T9", "", "利息")
    bill([row], treasurer, later, opening=100_00)

    difference = found("NOT_THERE")
    assert difference.reference == f"deposit:{hidden.code}"
    assert (difference.booked, difference.stated) == (5_00, 0)


def test_what_comes_after_all_ends_its_difference(alice, treasurer, now, today):
    deposit = make.order(alice, 20_00, now=now)
    taken = bill([(today, 20_00, "T0", deposit.code, "交易")], treasurer, now)
    assert found("NOT_BOOKED").line.statement == taken
    assert not Entry.objects.filter(kind="UNIDENTIFIED").exists()

    make.told(deposit, now=now)
    matching.run_all(now=now)

    assert found("NOT_BOOKED").state == "RESOLVED"
    assert Match.objects.get().reference == f"deposit:{deposit.code}"


def test_money_that_nobody_can_explain_goes_to_suspense_and_comes_up(treasurer, now, today):
    """F113, F121"""
    taken = bill(
        [(today, 88_00, "X1", "", "不明"), (today, -3_00, "X2", "", "不明")], treasurer, now
    )

    assert ledger.balance("suspense:unexplained_in") == 88_00
    assert ledger.balance("suspense:unexplained_out") == -3_00
    assert ledger.balance("clearing:sandbox") == -85_00
    assert Difference.objects.filter(kind="UNKNOWN", case__owner=treasurer).count() == 2
    assert now_of(taken).unexplained == 0
    assert books.verify_books() == []


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_money_that_nobody_can_explain_is_never_booked_without_its_case(now, today):
    """F113, F121: who is stopped in between books it later, with its difference."""
    make.open_accounts(("escrow:icbc", "ESCROW"))
    cashier = make.staff("chuna-halfway", "cashier", now=now).member.user
    with owner.as_owner() as hand:
        hand.execute("REVOKE INSERT ON finance_difference FROM lottery_app")
    with pytest.raises(DatabaseError):
        bill([(today, 88_00, "I1", "", "来账")], cashier, now, account="escrow:icbc")
    assert ledger.balance("escrow:icbc") == 0
    with owner.as_owner() as hand:
        hand.execute("GRANT INSERT ON finance_difference TO lottery_app")

    statements.work_through(code=Statement.objects.get().code, now=now)

    assert ledger.balance("escrow:icbc") == -88_00
    assert Difference.objects.get().kind == "UNKNOWN"


def test_a_line_is_booked_on_its_own_day(treasurer, now, today):
    yesterday = today - timedelta(days=1)
    bill([(yesterday, -60, "F1", "", "手续费")], treasurer, now)

    assert Entry.objects.get(kind="PROVIDER_FEE").booked_on == yesterday
    assert ledger.balance("expense:provider_fees") == -60
    assert books.verify_books() == []


def test_a_fee_beyond_reason_is_not_booked_as_one(treasurer, now, today):
    bill([(today, -1_000_01, "F1", "", "手续费")], treasurer, now)

    assert not Entry.objects.filter(kind="PROVIDER_FEE").exists()
    assert found("UNKNOWN").stated == -1_000_01


def test_what_a_listed_provider_settles_meets_its_own_bill(alice, treasurer, now, today):
    """F113: the provider's bill and the bank's statement are one entry, seen from both sides."""
    deposit = make.fund(alice, 100_00, now=now)
    house_bank(treasurer, now)
    provider(treasurer, now)
    rows = [
        (today, 100_00, "T0", deposit.code, "交易"),
        (today, -60, "T1", "", "手续费"),
        (today, -99_40, "T2", "", "提现"),
    ]
    bill(rows, treasurer, now)
    assert not Difference.objects.exists()

    bill([(today, 99_40, "B1", "", "结算")], treasurer, now, account="escrow:icbc", party=PROVIDERS)
    matching.run_all(now=now)

    assert ledger.balance("clearing:sandbox") == 0
    assert ledger.balance("escrow:icbc") == -99_40
    assert not Difference.objects.exists()
    assert not StatementLine.objects.filter(match__isnull=True).exists()


def test_amount_and_day_match_only_where_both_are_the_only_ones(treasurer, now, today):
    house_bank(treasurer, now)
    make.open_accounts(("ownbank:main", "OWNBANK"))
    first, *_others = [covered(treasurer, now, fen) for fen in (10_00, 20_00, 20_00)]

    bill(
        [(today, 10_00, "B1", "", "划拨"), (today, 20_00, "B2", "", "划拨")],
        treasurer, now, account="escrow:icbc",
    )  # fmt: skip

    assert Match.objects.get(how="AMOUNT").reference == first
    assert found("UNKNOWN").line.reference == "B2"


def test_a_match_by_hand_agrees_to_the_fen_or_is_refused(treasurer, now, today):
    house_bank(treasurer, now, word="own", purpose="OWN")
    house_bank(treasurer, now, number=STRANGERS)
    reference = covered(treasurer, now, 20_00, own_bank="ownbank:own")
    taken = bill(
        [(today, fen, number, "", "划拨")
         for fen, number in ((-20_00, "B1"), (-20_01, "B2"), (-20_00, "B3"))],
        treasurer, now, account="ownbank:own",
    )  # fmt: skip
    right, wrong, _third = taken.lines.order_by("position")

    with pytest.raises(matching.DoesNotAgree):
        matching.by_hand(line=wrong.code, reference=reference, actor=treasurer, now=now)
    matching.by_hand(line=right.code, reference=reference, actor=treasurer, now=now)
    with pytest.raises(matching.MatchedAlready):
        matching.by_hand(line=_third.code, reference=reference, actor=treasurer, now=now)

    assert Match.objects.get(how="HAND").matched_by == treasurer
    assert Difference.objects.get(line=right).state == "RESOLVED"


def test_a_payment_told_twice_is_one_entry_and_one_difference(alice, treasurer, now, today):
    """F113: the second line meets no entry, and no money is made of it."""
    deposit = make.fund(alice, 10_00, now=now)
    row = (today, 10_00, "T0", deposit.code, "交易")

    bill([row, row], treasurer, now)

    assert Match.objects.count() == 1
    assert (found("NOT_BOOKED").booked, found("NOT_BOOKED").stated) == (0, 10_00)
    assert ledger.balance("clearing:sandbox") == -10_00


def test_a_month_waits_for_the_statements_and_differences_of_its_own_days(treasurer, now, today):
    """F121, F123: of banks that were open by its last day, and of what is told of days up to it."""
    house_bank(treasurer, now)
    before = today - timedelta(days=1)
    assert (statements.missing_until(before), statements.missing_until(today)) == (
        [], ["escrow:icbc"],
    )  # fmt: skip

    bill([(today, 20_00, "B1", "", "不明")], treasurer, now, account="escrow:icbc")

    assert statements.missing_until(today) == []
    assert differences.open_until(today).count() == 1
    assert not differences.open_until(before).exists()


def test_a_long_file_is_worked_through_by_the_queue(alice, treasurer, now, today, monkeypatch):
    monkeypatch.setattr(statements, "AT_ONCE", 0)
    deposit = make.fund(alice, 10_00, now=now)

    taken = bill([(today, 10_00, "T0", deposit.code, "交易")], treasurer, now)
    assert not Match.objects.exists()
    statements.work_through(code=taken.code, now=now)
    statements.work_through(code=taken.code, now=now)

    assert Match.objects.get().reference == f"deposit:{deposit.code}"


def test_matching_again_changes_nothing(alice, treasurer, now, today):
    deposit = make.fund(alice, 10_00, now=now)
    bill(
        [(today, 10_00, "T0", deposit.code, "交易"), (today, 5_00, "X", "", "不明")], treasurer, now
    )
    before = (Match.objects.count(), Difference.objects.count(), Entry.objects.count())

    matching.run_all(now=now)
    matching.run_all(now=now + timedelta(hours=1))

    assert (Match.objects.count(), Difference.objects.count(), Entry.objects.count()) == before


# --- statements


def test_the_same_days_are_taken_in_once_whatever_the_file(treasurer, now, today):
    """F113: neither the file again nor another format of the same days."""
    rows = [(today, 5_00, "X1", "", "不明")]
    bill(rows, treasurer, now)

    for content in (files.sandbox(rows), files.sandbox([(today, 6_00, "X2", "", "a")])):
        with pytest.raises(statements.TakenBefore):
            statements.take(
                account="clearing:sandbox", form="SANDBOX", file_name="b.csv", content=content,
                actor=treasurer, now=now,
            )  # fmt: skip

    assert Statement.objects.count() == 1
    assert StatementLine.objects.count() == 1


def test_a_statement_of_another_account_is_refused(treasurer, now, today):
    house_bank(treasurer, now)
    rows = [(today, 5_00, "X1", "", "不明")]

    with pytest.raises(statements.AnotherAccount):
        statements.take(
            account="escrow:icbc", form="CAMT", file_name="s.xml",
            content=files.camt(rows, number=STRANGERS), actor=treasurer, now=now,
        )  # fmt: skip

    assert not Statement.objects.exists()


def test_a_file_that_does_not_add_up_leaves_no_trace(treasurer, now, today):
    content = files.mt940([(today, 5_00, "X1", "", "a")]).replace(b":62F:C", b":62F:D")

    with pytest.raises(sheets.DoesNotAddUp):
        statements.take(
            account="clearing:sandbox", form="MT940", file_name="s.txt", content=content,
            actor=treasurer, now=now,
        )  # fmt: skip

    assert not Statement.objects.exists()
    assert not StatementLine.objects.exists()


def test_a_gap_between_two_statements_comes_up_and_ends_when_it_is_filled(treasurer, now, today):
    days = [today - timedelta(days=back) for back in (2, 1, 0)]
    bill([(days[0], 5_00, "X1", "", "a")], treasurer, now)
    bill([(days[2], 1_00, "X3", "", "c")], treasurer, now, opening=7_00)
    assert (found("GAP").booked, found("GAP").stated) == (5_00, 7_00)

    bill([(days[1], 2_00, "X2", "", "b")], treasurer, now, opening=5_00)

    assert found("GAP").state == "RESOLVED"
    assert not Difference.objects.filter(kind="LEVEL", state="OPEN").exists()


def test_a_balance_beyond_all_lines_comes_up(treasurer, now, today):
    """The first statement opens with money that the books never had."""
    bill([(today, 1_00, "X1", "", "a")], treasurer, now, opening=40_00)

    assert found("LEVEL").stated - found("LEVEL").booked == 40_00


def test_the_database_keeps_statements_whole(treasurer, now, today):
    taken = bill([(today, 5_00, "X1", "", "a")], treasurer, now)

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        StatementLine.objects.create(
            statement=taken, account=taken.account, position=2, booked_on=today, amount=1,
            kind="OTHER",
        )  # fmt: skip
    assert violated(caught.value) == "statement_adds_up"
    with pytest.raises(DatabaseError), transaction.atomic():
        StatementLine.objects.update(amount=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        Match.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_does_not_add_up_is_not_committed(now, today):
    make.open_accounts(("clearing:odd", "CLEARING"))
    account = statements.accounts().get(code="clearing:odd")

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Statement.objects.create(
            account=account, form="CSV", file_name="a", digest="d" * 64, first_on=today,
            last_on=today, opening=0, closing=1, lines_count=0, taken_at=now,
        )  # fmt: skip

    assert violated(caught.value) == "statement_adds_up"
    assert not Statement.objects.exists()


# --- differences


def test_a_difference_is_a_case_with_an_owner_a_day_and_one_escalation(treasurer, now, today):
    """F121"""
    bill([(today, 5_00, "X1", "", "不明")], treasurer, now)
    difference = found("UNKNOWN")
    case = Case.objects.get()
    assert difference.case == case
    assert (case.owner, case.due_on) == (treasurer, today + timedelta(days=3))
    with translation.override("en"):
        assert ("Differs by", "5.00 yuan") in cases.kind_of(case).words(case)
    assert difference.code in cases.kind_of(case).address(case)

    assert cases.escalate_due(now=now + timedelta(days=3)) == 0
    assert cases.escalate_due(now=now + timedelta(days=4)) == 1
    assert cases.escalate_due(now=now + timedelta(days=5)) == 0

    assert [alarm.kind for alarm in Alarm.objects.all()] == [cases.OVERDUE]
    differences.resolve(code=difference.code, actor=treasurer, resolution="找到来源", now=now)
    case.refresh_from_db()
    assert (case.state, case.resolution, case.resolved_by) == ("RESOLVED", "找到来源", treasurer)
    assert Alarm.objects.get(kind=cases.OVERDUE).cleared_at is not None


def test_the_case_of_a_difference_is_not_settled_while_it_is_open(treasurer, now, today):
    """F121: words on the case put nothing right, neither by the page nor by the row."""
    bill([(today, 5_00, "X1", "", "不明")], treasurer, now)
    case = Case.objects.get()

    with pytest.raises(differences.StillOpen):
        cases.resolve(code=case.code, actor=treasurer, resolution="没事", now=now)
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        Case.objects.update(state="RESOLVED", resolution="没事", resolved_at=now)

    assert violated(caught.value) == "case_ends_with_its_difference"
    case.refresh_from_db()
    assert (case.state, found("UNKNOWN").state) == ("OPEN", "OPEN")


def test_a_case_is_of_one_difference(treasurer, now, today):
    """F121: else one of them would end without anybody."""
    bill([(today, 5_00, "X1", "", "不明")], treasurer, now)
    first = found("UNKNOWN")

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Difference.objects.create(
            natural_key="another", kind="UNKNOWN", account=first.account, case=first.case,
            booked=0, stated=1, opened_at=now,
        )  # fmt: skip
    assert violated(caught.value) == "finance_difference_case_id_key"


@pytest.mark.django_db(transaction=True)
def test_it_is_the_guard_that_keeps_the_case_open(now, today):
    """F121: with the guard off the row of the case could be settled alone."""
    treasurer = make.staff("treasurer-guard", "treasurer", now=now).member.user
    bill([(today, 5_00, "X1", "", "不明")], treasurer, now)
    with owner.as_owner() as hand:
        hand.execute(
            "ALTER TABLE finance_case DISABLE TRIGGER finance_case_ends_with_its_difference"
        )
        try:
            with transaction.atomic():
                Case.objects.update(state="RESOLVED", resolution="没事", resolved_at=now)
                transaction.set_rollback(True)
        finally:
            hand.execute(
                "ALTER TABLE finance_case ENABLE ALWAYS TRIGGER"
                " finance_case_ends_with_its_difference"
            )


def test_a_difference_is_resolved_by_who_has_its_case(treasurer, now, today):
    """F121: another takes the case over first; an approver never may."""
    bill([(today, 5_00, "X1", "", "不明")], treasurer, now)
    difference = found("UNKNOWN")
    cashier = make.staff("cashier-recon", "cashier", now=now).member.user
    approver = make.staff("approver-recon", "approver", now=now).member.user

    with pytest.raises(cases.TakenByAnother):
        differences.resolve(code=difference.code, actor=cashier, resolution="利息", now=now)
    with pytest.raises(cases.MayNotHandle):
        differences.resolve(code=difference.code, actor=approver, resolution="利息", now=now)
    assert found("UNKNOWN").state == "OPEN"

    cases.assign(code=difference.case.code, actor=cashier, now=now)
    differences.resolve(code=difference.code, actor=cashier, resolution="利息", now=now)
    assert found("UNKNOWN").resolved_by == cashier


def test_an_amount_that_differs_ends_by_an_entry_that_moves_just_that(alice, treasurer, now, today):
    """F121, F212"""
    deposit = make.fund(alice, 50_00, now=now)
    taken = bill([(today, 49_99, "T1", deposit.code, "交易")], treasurer, now)
    difference = found("AMOUNT")
    make.open_accounts(("suspense:general", "SUSPENSE"))
    wrong = make.decided(
        make.adjustment(Move("suspense:general", "clearing:sandbox", 2), now=now), now=now
    )
    right = make.decided(
        make.adjustment(Move("suspense:general", "clearing:sandbox", 1), now=now), now=now
    )

    with pytest.raises(differences.CorrectionNeeded):
        differences.resolve(code=difference.code, actor=treasurer, resolution="少一分", now=now)
    with pytest.raises(differences.CorrectionDoesNotFit):
        differences.resolve(
            code=difference.code, actor=treasurer, resolution="少一分",
            correction=f"adjustment:{wrong.code}", now=now,
        )  # fmt: skip
    differences.resolve(
        code=difference.code, actor=treasurer, resolution="少一分",
        correction=f"adjustment:{right.code}", now=now,
    )  # fmt: skip

    difference.refresh_from_db()
    assert difference.state == "RESOLVED"
    with pytest.raises(differences.DifferenceUnknown):
        differences.resolve(code=difference.code, actor=treasurer, resolution="再来", now=now)
    assert now_of(taken).only_in_books == -2


def test_what_was_found_stays_what_was_found(treasurer, now, today):
    bill([(today, 5_00, "X1", "", "不明")], treasurer, now)

    for change in ({"stated": 6_00}, {"kind": "GAP"}, {"opened_at": now - timedelta(days=9)}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Difference.objects.update(**change)


# --- the sandbox bank's own bill


def test_the_bill_of_the_sandbox_bank_is_what_the_books_say(alice, treasurer, now, today):
    """F113: paid, taken back and paid out at the bank; every line of its bill is one entry."""
    for state in ("PAID", "REFUNDED"):
        deposit = make.fund(alice, 60_00, now=now)
        Payment.objects.create(
            order_code=deposit.code, amount=deposit.amount, notify_url="http://127.0.0.1/",
            return_url="http://127.0.0.1/", state=state, opened_at=now, ended_at=now,
        )  # fmt: skip
        if state == "REFUNDED":
            make.told(deposit, now=now, state="REFUNDED", event=f"{deposit.code}:R")

    call_command("sandbox_bill", today.isoformat(), stdout=(printed := io.StringIO()))
    taken = statements.take(
        account="clearing:sandbox", form="SANDBOX", file_name="bill.csv",
        content=printed.getvalue().encode(), actor=treasurer, now=now,
    )  # fmt: skip

    assert [line.amount for line in taken.lines.order_by("position")].count(60_00) == 2
    assert Match.objects.filter(how="ORDER").count() == 3
    assert not Difference.objects.exists()
    assert taken.closing == -ledger.balance("clearing:sandbox") == 60_00
