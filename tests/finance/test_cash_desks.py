"""Cash desks: float, hand-over, count, payout; till = ledger, by the database (F278)."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from audit import trail
from finance import (
    cases,
    cash_counts,
    cash_desks,
    cash_places,
    cash_requests,
    invariants,
    ledger,
    prize_tax,
)
from finance import payment_methods as methods
from finance.ledger import EntryKind, Move
from finance.models import CashCount, CashDesk, CashHandOver, CashMove, CashRequest, Entry, PrizeTax
from lottery_portal.lib.db import violated
from tests import make_outlets, people
from tests.at_once import at_once

from . import tills

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(now):
    """A treasurer and two cashiers, and prizes that wait for their winners."""
    made = tills.people_at(now)
    tills.prizes()
    return made


def stands(desk):
    """What the desk says and what the books say; the two are one."""
    last = CashMove.objects.filter(desk=desk).order_by("-number").first()
    assert (last.left_over if last else 0) == cash_desks.in_desk(desk)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # till = ledger, as at a commit
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return cash_desks.in_desk(desk)


def refused(name, deed, *args, **kwargs):
    """The database itself refuses, by this name."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        deed(*args, **kwargs)
    assert violated(caught.value) == name


@pytest.mark.django_db(transaction=True)  # the invariants are asked of one moment
def test_cash_is_brought_counted_paid_and_handed_over(staff, now):
    """F278, F098: float, hand-over of two, prize with its tax; till = ledger at each hand-over."""
    treasurer, cash, other = staff
    escrow = ledger.balance(tills.ESCROW)
    desk = tills.open_desk(treasurer, cash, now, fen=9_000_00)
    assert (stands(desk), ledger.balance(tills.ESCROW)) == (9_000_00, escrow + 9_000_00)

    small = tills.pay(desk, 3_200_50, cash, now)
    taxed = tills.pay(
        desk, 5_000_00, cash, now, reference="claim:C2", winner="person-2", together=12_000_00
    )

    assert (small.paid_fen, small.tax.tax, taxed.paid_fen, taxed.tax.tax) == (
        3_200_50, 0, 4_000_00, 1_000_00,
    )  # fmt: skip
    assert stands(desk) == 1_799_50
    assert (ledger.balance("tax:ssq"), ledger.balance(desk.account)) == (1_000_00, -1_799_50)
    again = tills.pay(desk, 3_200_50, cash, now)
    assert (again.move, again.tax) == (small.move, small.tax)
    with pytest.raises(prize_tax.PrizePaidOtherwise):
        tills.pay(desk, 3_200_00, cash, now)

    count = tills.handed(desk, cash, other, 1_799_50, now)

    assert (count.kind, count.number, count.counted, count.booked, count.difference) == (
        "HAND_OVER", 2, 1_799_50, 1_799_50, 0,
    )  # fmt: skip
    assert (count.given_by, count.taken_by, desk.holder, desk.state) == (cash, other, other, "OPEN")
    with pytest.raises(cash_desks.DeskNotOpen):
        tills.pay(desk, 1_00, cash, now, reference="claim:C3")
    back = tills.asked(desk, 799_50, other, now, direction="BACK")
    with pytest.raises(cash_requests.CarriedByAnother):
        cash_requests.collect(code=back.code, actor=other, now=now)
    cash_requests.collect(code=back.code, actor=treasurer, now=now)
    with pytest.raises(cash_requests.RequestNotInThisState):
        cash_requests.collect(code=back.code, actor=treasurer, now=now)
    assert (stands(desk), ledger.balance(tills.ESCROW)) == (1_000_00, escrow + 8_200_50)
    with pytest.raises(cash_desks.DeskNotEmpty):
        cash_desks.end(code=desk.code, actor=treasurer, now=now)
    found, _upto = invariants.look()
    broken = {one.name for one in found if not one.holds}
    assert not broken & {"till_is_the_ledger", "cash_moved_on_its_ground", "nothing_below_zero"}
    assert not {rule.rule for rule in ledger.verify_books()} - {"booked_on_another_day"}
    told = {row.action for row in trail.read(trail.Filters(object_code=desk.code))}
    assert {"finance.cash_paid_out", "finance.cash_counted", "finance.cash_brought"} <= told


def test_what_does_not_lie_in_the_desk_is_not_paid(staff, now):
    """F278: −1/=/+1 of the float; refused by door and database, and nothing has moved."""
    treasurer, cash, _other = staff
    desk = tills.open_desk(treasurer, cash, now, fen=500_00)
    before = (Entry.objects.count(), PrizeTax.objects.count(), CashMove.objects.count())

    with pytest.raises(cash_desks.NotEnoughCash) as caught:
        tills.pay(desk, 500_10, cash, now)
    with pytest.raises(cash_desks.NotInNotes):
        tills.pay(desk, 100_10, cash, now, reference="claim:odd", together=20_000_00)
    refused(
        "cash_desk_not_overdrawn", ledger.post, reference="by:hand", kind=EntryKind.PRIZE,
        moves=[Move(tills.SOURCE, desk.account, 500_10)],
    )  # fmt: skip

    assert caught.value.figures == {"left_fen": 500_00, "wanted_fen": 500_10}
    assert (Entry.objects.count(), PrizeTax.objects.count(), CashMove.objects.count()) == before
    assert stands(desk) == 500_00
    tills.pay(desk, 499_90, cash, now)
    assert stands(desk) == 10
    tills.pay(desk, 10, cash, now, reference="claim:C2", winner="person-2")
    assert stands(desk) == 0


def test_a_count_that_differs_is_booked_has_a_case_and_closes_the_desk(staff, now):
    """F278: short and over; closed for payouts until a count agrees."""
    treasurer, cash, other = staff
    desk = tills.open_desk(treasurer, cash, now, fen=1_000_00)

    short = cash_counts.count(desk=desk.code, pieces=tills.pieces(980_00), actor=cash, now=now)

    assert (short.booked, short.counted, short.difference) == (1_000_00, 980_00, -20_00)
    assert (stands(desk), ledger.balance(cash_counts.SHORT)) == (980_00, -20_00)
    (case,) = cases.open_now()
    assert (case.kind, case.facts["difference_fen"], case.object_code) == (
        "cash_difference", -20_00, f"{desk.code}/{short.number}",
    )  # fmt: skip
    with pytest.raises(cash_desks.DeskNotOpen):
        tills.pay(desk, 10_00, cash, now)
    desk.refresh_from_db()
    assert desk.state == "TO_COUNT"
    refused("cash_desk_opens_by_a_count", CashDesk.objects.filter(pk=desk.pk).update, state="OPEN")
    assert (
        cash_counts.count(
            desk=desk.code, pieces=tills.pieces(980_00), actor=cash, now=now
        ).difference
        == 0
    )
    tills.pay(desk, 10_00, cash, now)

    over = tills.handed(desk, cash, other, 975_50, now)

    assert (over.difference, ledger.balance(cash_counts.OVER), stands(desk)) == (
        5_50, 5_50, 975_50,
    )  # fmt: skip
    assert (desk.holder, desk.state) == (other, "TO_COUNT")
    assert len(cases.open_now()) == 2
    evening = cash_counts.count(
        desk=desk.code, pieces=tills.pieces(975_50), actor=other, now=now, is_evening=True
    )
    desk.refresh_from_db()
    assert (evening.difference, desk.state) == (0, "TO_COUNT")
    with pytest.raises(cash_counts.CountWrong):
        cash_counts.count(desk=desk.code, pieces={3_00: 1}, actor=other, now=now)
    with pytest.raises(cash_desks.DeskOfAnother):
        cash_counts.count(desk=desk.code, pieces=tills.NOTHING, actor=cash, now=now)


def test_a_hand_over_has_two_signatures_of_one_count(staff, now):
    """F278: nobody takes what is not offered to him, nor by another count, nor from himself."""
    treasurer, cash, other = staff
    desk = tills.open_desk(treasurer, cash, now, fen=300_00)
    give = partial(cash_counts.offer, desk=desk.code, pieces=tills.pieces(300_00), now=now)
    take = partial(cash_counts.take, desk=desk.code, actor=other, now=now)

    with pytest.raises(cash_counts.SamePerson):
        give(to=cash, actor=cash)
    with pytest.raises(cash_desks.DeskOfAnother):
        give(to=cash, actor=other)
    with pytest.raises(cash_counts.NotAHolder):
        give(to=tills.one("risk", now), actor=cash)
    with pytest.raises(cash_counts.NotOffered):
        take(pieces=tills.pieces(300_00))
    by_hand = {"desk": desk, "given_to": other, "offered_at": now, "counted": 0, "pieces": {}}
    offer = CashHandOver.objects.create
    refused("cash_desk_of_another", offer, **by_hand | {"given_by": treasurer})
    refused("cash_count_adds_up", offer, **by_hand | {"given_by": cash, "counted": 10})
    refused("cash_hand_over_stands", offer, **by_hand | {"given_by": cash, "outcome": "TAKEN"})
    give(to=other, actor=cash)
    with pytest.raises(cash_desks.DeskNotOpen):
        tills.pay(desk, 10_00, cash, now)
    with pytest.raises(cash_counts.CountsDiffer):
        take(pieces=tills.pieces(299_90))
    with pytest.raises(cash_counts.BeingHandedOver):
        cash_counts.count(desk=desk.code, pieces=tills.pieces(300_00), actor=cash, now=now)
    row = {
        "desk": desk, "number": 0, "kind": "HAND_OVER", "counted": 299_90, "booked": 0,
        "pieces": {"10": 2_999}, "given_by": cash, "taken_by": other, "counted_at": now,
    }  # fmt: skip
    refused("cash_counts_agree", CashCount.objects.create, **row)
    refused("cash_desk_handed_over", CashDesk.objects.filter(pk=desk.pk).update, holder=other)
    refused("cash_count_adds_up", CashCount.objects.create, **row | {"pieces": {"20": 1}})
    assert CashDesk.objects.get(pk=desk.pk).holder == cash
    cash_counts.withdraw(desk=desk.code, actor=other, now=now)
    assert CashDesk.objects.get(pk=desk.pk).state == "TO_COUNT"
    made = CashCount.objects.filter(desk=desk)
    for deed in (lambda: made.update(counted=1), made.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            deed()


@pytest.mark.parametrize("more", [-10, 0, 10])
def test_above_the_figure_cash_is_brought_by_the_word_of_others(staff, now, more):
    """F278: −1/=/+1 of `cash.alone_up_to_fen`; never by who asked."""
    treasurer, cash, other = staff
    desk = tills.open_desk(treasurer, cash, now)
    request = cash_requests.ask(
        desk=desk.code, direction="IN", amount=20_000_00 + more, escrow=tills.ESCROW,
        reason="备付", actor=cash, now=now,
    )  # fmt: skip

    assert request.state == ("ASKED" if more > 0 else "APPROVED")
    if more > 0:
        with pytest.raises(cash_requests.RequestNotInThisState):
            cash_requests.bring(code=request.code, actor=other, now=now)
        refused(
            "cash_request_approved_by_others",
            CashRequest.objects.filter(pk=request.pk).update, state="APPROVED", approved_at=now,
        )  # fmt: skip
        tills.approved(request.approval_code, now)
    with pytest.raises(cash_requests.CarriedByAnother):
        cash_requests.bring(code=request.code, actor=cash, now=now)
    cash_requests.bring(code=request.code, actor=other, now=now)
    with pytest.raises(cash_desks.DeskOfAnother):
        cash_requests.receive(code=request.code, actor=other, now=now)
    assert stands(desk) == 0
    cash_requests.receive(code=request.code, actor=cash, now=now)
    assert stands(desk) == 20_000_00 + more


@pytest.mark.parametrize("place_kind", ["OUTLET", "CENTRE"])
def test_cash_for_one_prize_ends_at_the_ceiling_of_the_place(staff, now, place_kind):
    """F094: −1/=/+1 of `payments.cash_up_to_fen`, by door and by database."""
    treasurer, cash, _other = staff
    most = methods.cash_ceiling(place_kind, now=now)
    desk = tills.open_desk(treasurer, cash, now, fen=150_000_00, place_kind=place_kind)

    with pytest.raises(methods.CashCeilingPassed) as caught:
        tills.pay(desk, most + 10, cash, now, together=most + 10)
    # less by half a yuan: a fifth of it is a coin
    for fen, reference in ((most - 50, "claim:C1"), (most, "claim:C2")):
        tills.pay(desk, fen, cash, now, reference=reference, winner=reference)

    assert caught.value.figures["most_fen"] == most
    assert PrizeTax.objects.count() == 2

    def by_hand():
        entry = ledger.post(
            reference="by:hand", kind=EntryKind.PRIZE,
            moves=[Move(tills.SOURCE, desk.account, most + 10)],
        )  # fmt: skip
        PrizeTax.objects.create(
            entry=entry, account="tax:ssq", winner="w", occasion="o/1", prize=most + 10, before=0,
            together=most + 10, exempt=most + 10, rate=2_000, tax=0, paid_at=now,
        )  # fmt: skip

    refused("prize_within_the_cash_ceiling", by_hand)


def test_cash_moves_only_with_its_row_and_a_row_only_with_its_cash(staff, now):
    """F278: the database holds till and ledger together, whoever writes."""
    treasurer, cash, _other = staff
    desk = tills.open_desk(treasurer, cash, now, fen=200_00)
    move = CashMove.objects.get(desk=desk)

    def without_a_row():
        ledger.post(
            reference="by:hand", kind=EntryKind.CASH_MOVED,
            moves=[Move(desk.account, tills.ESCROW, 100_00)],
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def without_its_ground():
        entry = ledger.post(
            reference="by:hand", kind=EntryKind.CASH_MOVED,
            moves=[Move(desk.account, tills.ESCROW, 100_00)],
        )  # fmt: skip
        CashMove.objects.create(
            desk=desk, number=0, kind="BROUGHT", change=100_00, left_over=0, entry=entry,
            actor=cash, moved_at=now,
        )  # fmt: skip

    refused("cash_till_is_the_ledger", without_a_row)
    refused("cash_move_is_in_the_books", without_its_ground)
    for deed in (
        lambda: CashMove.objects.filter(pk=move.pk).update(left_over=0),
        lambda: CashMove.objects.filter(pk=move.pk).delete(),
        lambda: CashDesk.objects.filter(pk=desk.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            deed()
    assert stands(desk) == 200_00


@pytest.mark.race
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_last_banknote_is_paid_once(now):
    """F278: two winners at once, one note: one is paid, the other told what lies there."""
    treasurer, cash, _other = tills.people_at(now)
    tills.prizes()
    desk = tills.open_desk(treasurer, cash, now, fen=100_00)

    results = at_once(
        [
            partial(tills.pay, desk, 100_00, cash, now, reference=f"claim:{n}", winner=f"p{n}")
            for n in range(4)
        ]
    )

    assert sum(isinstance(one, cash_desks.PaidOut) for one in results) == 1
    assert sum(isinstance(one, cash_desks.NotEnoughCash) for one in results) == 3
    assert (cash_desks.in_desk(desk), PrizeTax.objects.count()) == (0, 1)
    assert CashMove.objects.filter(desk=desk, kind="PAID").count() == 1


def test_an_operator_sees_his_desk_and_no_other(staff, now):
    """F278: the desks of others are not there for him; auditors see all and act on none."""
    treasurer, cash, _other = staff
    operator = tills.one("outlet_operator", now)
    desk = tills.open_desk(treasurer, operator, now)
    foreign = tills.open_desk(treasurer, cash, now)

    seen = cash_desks.visible_to(operator, now)

    assert [one.code for one in seen] == [desk.code]
    with pytest.raises(cash_desks.DeskUnknown):
        cash_desks.find(foreign.code, user=operator, now=now)
    assert cash_desks.visible_to(tills.one("auditor", now), now).count() == 2
    assert not cash_desks.visible_to(tills.one("support", now), now).exists()
    client = people.behind(operator)
    assert client.get(reverse("finance:desk_cash_desk", args=[foreign.code])).status_code == 404
    terminal = f'href="{reverse("partners:terminal")}"'
    assert terminal in client.get(reverse("finance:desk_cash_desks")).content.decode()


@pytest.mark.thorough
def test_the_pages_of_a_desk(staff, now):
    """F278: set up, handed over, counted, asked and paid, each on its page."""
    treasurer, cash, _other = staff
    chief, clerk = people.in_english(treasurer), people.in_english(cash)
    places = make_outlets.Desk()
    centre = places.place(kind="CENTRE", name="兑奖中心")
    elsewhere = places.operator(places.place(name="二号网点")).user
    made = chief.post(reverse("finance:desk_cash_desks"), {"place": centre.code, "name": "一号台"})
    desk = CashDesk.objects.get()
    assert (desk.place_kind, desk.place) == ("CENTRE", centre.code)
    known = dict(cash_places.takers(desk, now=now))
    assert {cash.username, treasurer.username} <= known.keys()
    assert elsewhere.username not in known
    page = reverse("finance:desk_cash_desk", args=[desk.code])
    assert made["Location"] == page
    faces = {f"face_{face}": 0 for face in cash_counts.FACES}

    chief.post(page, {**faces, "to": cash.username, "action": "offer"})
    wrong = clerk.post(page, {**faces, "face_10000": 1, "action": "take"})
    taken = clerk.post(page, {**faces, "action": "take"})
    asked = clerk.post(
        page,
        {
            "direction": "IN",
            "amount": "500",
            "escrow": tills.ESCROW,
            "reason": "x",
            "action": "ask",
        },
    )
    code = CashRequest.objects.get().code
    own = clerk.post(page, {"action": f"bring:{code}"})
    chief.post(page, {"action": f"bring:{code}"})
    clerk.post(page, {"action": f"receive:{code}"})
    counted = clerk.post(page, {**faces, "face_10000": 4, "action": "count"}, follow=True)

    assert (wrong.status_code, taken.status_code, asked.status_code, own.status_code) == (
        409, 302, 302, 403,
    )  # fmt: skip
    assert "The difference is booked" in counted.content.decode()
    shown = chief.get(page).content.decode()
    assert "Counted too little" in shown
    assert "400.00" in shown
    assert chief.get(reverse("finance:desk_cash_desks")).status_code == 200
    assert clerk.post(reverse("finance:desk_cash_desks"), {}).status_code == 403
    auditor = people.behind(tills.one("auditor", now))
    assert auditor.get(page).status_code == 200
    assert auditor.post(page, {**faces, "action": "count"}).status_code == 403
