"""Certificates without a gap, and the withholding report of each month, filed in time (F098)."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from audit import alarms, reports, trail
from finance import dues, ledger, prize_tax, tax_papers, tax_returns
from finance import waiting as waits
from finance.ledger import EntryKind, Move
from finance.models import Due, Entry, PrizeTax, TaxCertificate, TaxReturn
from lottery_portal.lib.db import violated
from tests import make_money as money
from tests import make_remittance as make
from tests import people
from tests.at_once import at_once

from . import pdf_text, tills

pytestmark = pytest.mark.django_db

LAST = make.month(1)


@pytest.fixture
def winner(now):
    """A verified player, and prizes that wait for their winners."""
    tills.prizes()
    return money.player(now=now)


@pytest.fixture
def treasurer(now):
    return money.staff("treasurer-tax", "treasurer", now=now).member.user


def person_of(player):
    return str(player.person.row_uuid)


def pay(player, prize, *, reference="claim:C1", occasion=tills.OCCASION, together=0, winner=""):
    with transaction.atomic():
        return prize_tax.pay(
            reference=reference, source=tills.SOURCE, target=f"winnings:{player.code}", game="ssq",
            occasion=occasion, winner=winner or person_of(player), prize=prize,
            together=together or prize, now=people.right_now(),
        )  # fmt: skip


def paid_last_month(winner, prize, *, reference, occasion, game="ssq"):
    """A prize paid through the bank in the month before, with its tax."""
    money.open_accounts((f"tax:{game}", "TAX"))
    tax = prize_tax.of(prize, now=people.right_now())
    moves = [
        Move(tills.SOURCE, tills.ESCROW, prize - tax),
        Move(tills.SOURCE, f"tax:{game}", tax),
    ]
    with transaction.atomic():
        entry = ledger.post(
            reference=reference, kind=EntryKind.PRIZE, day=LAST,
            moves=[move for move in moves if move.amount],
        )  # fmt: skip
        return PrizeTax.objects.create(
            entry=entry, account=f"tax:{game}", winner=winner, occasion=occasion, prize=prize,
            before=0, together=prize, exempt=10_000_00, rate=2_000, tax=tax, paid_at=make_at(LAST),
        )  # fmt: skip


def make_at(day):
    return people.right_now() - (make.today() - day)


@pytest.mark.parametrize(("prize", "tax"), [(9_999_99, 0), (10_000_00, 0), (10_000_01, 2_000_00)])
def test_the_certificate_begins_above_ten_thousand(winner, prize, tax):
    """F098: 10,000.00 yuan are free and have no paper; 10,000.01 are taxed and have number 1."""
    paid = pay(winner, prize)

    found = tax_papers.of_person(person_of(winner))
    assert paid.tax == tax
    assert [one.number for one in found] == ([f"{make.today().year}-000001"] if tax else [])
    assert (tax_papers.of_entry("claim:C1") is not None) is bool(tax)


def test_the_threshold_is_that_of_the_sum_and_each_payment_has_its_paper(winner):
    """F098: two prizes of one draw, 6,000.00 and 4,000.01 yuan; numbers follow each other."""
    first = pay(winner, 6_000_00, together=10_000_01)
    second = pay(winner, 4_000_01, reference="claim:C2", together=10_000_01)

    numbers = [one.number for one in tax_papers.of_person(person_of(winner))]
    assert (first.tax, second.tax) == (1_200_00, 800_00)
    assert numbers == [f"{make.today().year}-{serial:06d}" for serial in (2, 1)]


def test_a_payment_that_fails_leaves_no_gap(winner):
    """F098: the number is given in the transaction of the tax, and goes with it."""
    pay(winner, 20_000_00)
    with pytest.raises(ValueError, match="More is paid"):
        pay(winner, 20_000_00, reference="claim:C2")
    with transaction.atomic():
        pay(winner, 20_000_00, reference="claim:C3", occasion="ssq/2")
        transaction.set_rollback(True)
    pay(winner, 20_000_00, reference="claim:C4", occasion="ssq/3")

    assert list(TaxCertificate.objects.order_by("serial").values_list("serial", flat=True)) == [
        1,
        2,
    ]
    for deed in (
        lambda: TaxCertificate.objects.update(serial=9),
        lambda: TaxCertificate.objects.all().delete(),
        lambda: TaxCertificate.objects.create(
            prize_tax_id=1, year=2026, serial=9, issued_at=people.right_now()
        ),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            deed()


@pytest.mark.race
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_numbers_given_at_once_follow_each_other(now):
    """F098: four taxed at the same moment: 1, 2, 3, 4."""
    tills.prizes()
    player = money.player(now=now)

    results = at_once(
        [
            partial(pay, player, 20_000_00, reference=f"claim:{n}", winner=f"person-{n}")
            for n in range(4)
        ]
    )

    assert all(isinstance(one, PrizeTax) for one in results)
    serials = TaxCertificate.objects.order_by("serial").values_list("serial", flat=True)
    assert list(serials) == [1, 2, 3, 4]


def test_the_paper_names_the_winner_and_only_he_and_the_desk_get_it(winner, now):
    """F098: name in full, number masked; each taking is in the trail; the same bytes again."""
    pay(winner, 20_000_00)
    (found,) = tax_papers.of_person(person_of(winner))
    stranger = people.player()
    own, page = people.behind(winner.user), reverse("finance:my_certificate", args=[found.number])

    answer = own.get(page)

    text = "".join(pdf_text.read(answer.content))
    assert answer["Content-Type"] == "application/pdf"
    for word in (money.NAME, found.number, "20,000.00", "4,000.00", "16,000.00", "claim:C1"):
        assert word in text
    assert winner.person.citizen_id.reveal() not in text
    assert own.get(page).content == answer.content
    assert found.number in own.get(reverse("finance:my_tax")).content.decode()
    assert people.behind(stranger.user).get(page).status_code == 404
    assert own.get(reverse("finance:my_certificate", args=["2026-1"])).status_code == 404
    desk = reverse("finance:desk_certificate", args=[found.number])
    clerk = money.staff("clerk", "cashier", now=now).member.user
    assert people.behind(clerk).get(desk).content == answer.content
    operator = tills.one("outlet_operator", now)  # he paid none of it
    assert people.behind(operator).get(desk).status_code == 404
    taken = trail.read(trail.Filters(object_code=found.number))
    assert [row.action for row in taken] == ["finance.tax_certificate_taken"] * 3


def test_the_report_of_a_month_is_one_line_a_person_and_sums_to_the_dues(winner, treasurer, now):
    """F098: masked, over games and draws; to the fen what is due of the month."""
    other = money.player("王小明", now=now)
    paid_last_month(person_of(winner), 20_000_00, reference="c:1", occasion="ssq/1")
    paid_last_month(person_of(winner), 10_000_01, reference="c:2", occasion="dlt/1", game="dlt")
    paid_last_month(person_of(other), 30_000_03, reference="c:3", occasion="ssq/1")
    paid_last_month("person-9", 10_000_00, reference="c:4", occasion="ssq/1")
    dues.make(now=now)

    (month,) = tax_returns.months()
    lines = tax_returns.withheld(*tax_returns.days_of(month.month))

    total = 4_000_00 + 2_000_00 + 6_000_01
    assert (month.month, month.people, month.withheld_fen, month.due_fen) == (
        f"{LAST:%Y-%m}", 2, total, total,
    )  # fmt: skip
    assert month.agrees
    mine = next(line for line in lines if line.person == person_of(winner))
    assert (mine.draws, mine.won_fen, mine.tax_fen) == (2, 30_000_01, 6_000_00)
    assert mine.name != money.NAME
    assert mine.name[0] == money.NAME[0]
    assert winner.person.citizen_id.reveal() != mine.citizen_id
    first, last = tax_returns.days_of(month.month)
    report = reports.known("finance.withholding")
    assert report is not None
    assert report.count is not None
    params = {"since": first.isoformat(), "until": last.isoformat()}
    rows = list(report.rows(params))
    assert (len(rows), report.count(params), sum(row[-1] for row in rows)) == (2, 2, total)
    assert all(money.NAME not in str(row) for row in rows)
    page = people.in_english(treasurer).get(
        reverse("finance:desk_tax_returns"), {"month": month.month}
    )
    assert f"{total / 100:,.2f}" in page.content.decode()


def test_a_month_is_filed_once_as_it_is_due_or_an_alarm_says_so(winner, treasurer, now):
    """F098: late from the day after; filed with its number, and again when more is due."""
    paid_last_month(person_of(winner), 20_000_00, reference="c:1", occasion="ssq/1")
    dues.make(now=now)
    (month,) = tax_returns.open_now()
    day = month.due_on
    assert (day.day, day >= date(day.year, day.month, 15)) == (day.day, True)
    at = [now + (day - make.today()) + timedelta(days=more) for more in (-1, 0, 1)]
    assert [tax_returns.notice_late(now=moment) for moment in at] == [0, 0, 1]
    assert [alarm.kind for alarm in alarms.open_now()] == [tax_returns.LATE]
    assert waits._to_file(treasurer, at[1]) == 1
    file = partial(
        tax_returns.record, month=month.month, filed_on=make.today(), actor=treasurer, now=now
    )
    with pytest.raises(tax_returns.ReceiptMissing):
        file(receipt=" ")
    with pytest.raises(tax_returns.ReturnDoesNotFit):
        file(receipt="T1", filed_on=LAST)
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        TaxReturn.objects.create(
            month=month.month, position=1, people=1, amount=1, receipt="X",
            filed_on=make.today(), filed_by=treasurer, recorded_at=now,
        )  # fmt: skip
    assert violated(caught.value) == "tax_return_is_what_is_due"

    made = file(receipt="T1")

    assert (made.position, made.amount, made.people) == (1, 4_000_00, 1)
    assert alarms.open_now() == []
    assert tax_returns.notice_late(now=at[2]) == 0
    with pytest.raises(tax_returns.ReturnDoesNotFit):
        file(receipt="T2")
    paid_last_month("person-8", 20_000_00, reference="c:2", occasion="ssq/1")
    dues.make(now=now)
    (again,) = tax_returns.open_now()
    with pytest.raises(tax_returns.ReceiptUsed):
        file(receipt="T1")
    assert file(receipt="T2").amount == again.due_fen == 8_000_00
    for deed in (lambda: TaxReturn.objects.update(amount=1), TaxReturn.objects.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            deed()


@pytest.mark.thorough
def test_a_treasurer_files_on_the_page_and_an_auditor_reads(winner, treasurer, now):
    """F098"""
    paid_last_month(person_of(winner), 20_000_00, reference="c:1", occasion="ssq/1")
    dues.make(now=now)
    desk, page = people.in_english(treasurer), reverse("finance:desk_tax_returns")
    month = Due.objects.get(account="tax:ssq").subject

    answer = desk.post(
        page, {"month": month, "filed_on": make.today().isoformat(), "receipt": "T-77"}
    )

    assert answer.status_code == 302
    assert "T-77" in desk.get(page).content.decode()
    auditor = people.behind(tills.one("auditor", now))
    assert auditor.get(page).status_code == 200
    assert auditor.post(page, {}).status_code == 403
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert Entry.objects.filter(kind="PRIZE").count() == 2
