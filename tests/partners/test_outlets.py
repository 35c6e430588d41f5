"""The register of outlets and centres: by the word of two, stopped by one, at once (F176)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, transaction

from audit import approvals
from audit.models import TrailRecord
from lottery_portal.lib.db import database_time
from partners import hours, operators, outlet_codes, outlets
from partners.models import Outlet, OutletChange, OutletOperator
from tests import make_outlets, people

pytestmark = pytest.mark.django_db(transaction=True)


def refused(sql: str, *, match: str) -> None:
    """What the application's role tries, and the database does not do."""
    with (
        pytest.raises(DatabaseError, match=match),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_an_outlet_is_admitted_by_two_people_and_by_nobody_past_them():
    """F176: asked for by compliance, agreed on by another, recorded as it was asked for."""
    maker, checker = people.member("compliance").user, people.member("approver").user
    now = database_time()

    asked = outlets.request(**make_outlets.PLACE, maker=maker, now=now)
    assert not Outlet.objects.exists()
    with pytest.raises(approvals.MayNotDecide):
        approvals.decide(code=asked.code, checker=maker, approve=True, now=now)
    with pytest.raises(approvals.MayNotAsk):
        outlets.request(**make_outlets.PLACE, maker=checker, now=now)
    for approval in ("GENESIS", asked.code):
        with pytest.raises(DatabaseError, match="two people"), transaction.atomic():
            Outlet.objects.create(
                code="10000004", kind="OUTLET", name="x", province="x", district="x", address="x",
                hours="1-7 09:00-18:00", phone="x", since=now, approval_code=approval,
            )  # fmt: skip
    approvals.decide(code=asked.code, checker=checker, approve=True, now=now)

    outlet = Outlet.objects.get()
    assert outlet_codes.is_valid(outlet.code)
    assert (outlet.state, outlet.name, outlet.approval_code) == (
        "ACTIVE", "海淀一号网点", asked.code,
    )  # fmt: skip
    assert outlet.since >= now
    assert outlets.find(outlet_codes.shown(outlet.code)) == outlet
    assert TrailRecord.objects.filter(
        action="partners.outlet_admitted", object_code=outlet.code
    ).exists()
    refused("UPDATE partners_outlet SET name = 'y'", match="permission denied")
    refused("UPDATE partners_outlet SET state = 'CLOSED'", match="permission denied")
    refused("DELETE FROM partners_outlet", match="permission denied")


def test_one_person_suspends_at_once_two_take_back_and_closed_is_for_good():
    """F176: every move is a row with its reason, and the state follows that row alone."""
    desk = make_outlets.Desk()
    outlet, other = desk.outlet(), desk.outlet(name="二号")
    now = database_time()

    with pytest.raises(outlets.OutletReasonMissing):
        outlets.suspend(outlet=outlet, reason=" ", actor=desk.maker, now=now)
    with pytest.raises(outlets.OutletNotInThisState):
        outlets.request_return(outlet=outlet, reason="x", maker=desk.maker, now=now)
    assert not OutletChange.objects.exists()
    outlets.suspend(outlet=outlet, reason="清点不符", actor=desk.maker, now=now)
    assert Outlet.objects.get(pk=outlet.pk).state == "SUSPENDED"
    with pytest.raises(outlets.OutletNotInThisState) as again:
        outlets.suspend(outlet=outlet, reason="又一次", actor=desk.maker, now=now)
    assert again.value.code == "outlet_state"

    asked = outlets.request_return(outlet=outlet, reason="已查清", maker=desk.maker, now=now)
    for approval in ("", asked.code):
        with pytest.raises(DatabaseError, match="two people"), transaction.atomic():
            OutletChange.objects.create(
                outlet=outlet, to_state="ACTIVE", from_state="SUSPENDED", reason="已查清",
                actor=desk.maker, approval_code=approval, changed_at=now,
            )  # fmt: skip
    assert Outlet.objects.get(pk=outlet.pk).state == "SUSPENDED"
    desk.agreed(asked)
    assert Outlet.objects.get(pk=outlet.pk).state == "ACTIVE"

    outlets.close(outlet=other, reason="合同到期", actor=desk.maker, now=now)
    with pytest.raises(outlets.OutletNotInThisState):
        outlets.suspend(outlet=other, reason="x", actor=desk.maker, now=now)
    moves = OutletChange.objects.order_by("pk").values_list("from_state", "to_state")
    assert list(moves) == [
        ("ACTIVE", "SUSPENDED"), ("SUSPENDED", "ACTIVE"), ("ACTIVE", "CLOSED"),
    ]  # fmt: skip
    refused("UPDATE partners_outletchange SET reason = 'y'", match="permission denied")
    refused("DELETE FROM partners_outletchange", match="permission denied")


def test_an_operator_works_at_one_outlet_with_the_post_and_not_by_his_own_word():
    """S1 §三 1: who works where is on record, and ends at once."""
    desk = make_outlets.Desk()
    outlet, other, closed = desk.outlet(), desk.outlet(name="二号"), desk.outlet(name="三号")
    member, clerk = people.member("outlet_operator"), people.member("claims_clerk")
    now = database_time()
    outlets.close(outlet=closed, reason="x", actor=desk.maker, now=now)
    assert list(operators.free(now)) == [member]

    for where, user, actor, refusal in (
        (outlet, clerk.user, desk.maker, operators.OperatorWithoutPost),
        (outlet, member.user, member.user, operators.OperatorOfHimself),
        (closed, member.user, desk.maker, operators.OutletIsClosed),
    ):
        with pytest.raises(refusal):
            operators.assign(outlet=where, user=user, actor=actor, now=now)
    assert not OutletOperator.objects.exists()
    operators.assign(outlet=outlet, user=member.user, actor=desk.maker, now=now)
    with pytest.raises(operators.OperatorElsewhere):
        operators.assign(outlet=other, user=member.user, actor=desk.maker, now=now)
    assert operators.works_at(member.user) == outlet
    assert list(operators.free(now)) == []

    with pytest.raises(operators.OperatorNotHere):
        operators.end(outlet=other, user=member.user, actor=desk.maker, now=now)
    ended = operators.end(outlet=outlet, user=member.user, actor=desk.maker, now=now)
    assert ended.valid_until is not None
    assert operators.works_at(member.user) is None
    refused(
        "UPDATE partners_outletoperator SET valid_until = NULL", match="an assignment ends once"
    )
    refused("UPDATE partners_outletoperator SET user_id = 1", match="permission denied")


def test_a_number_finds_every_wrong_digit_and_swap():
    """F176: the check digit."""
    code = outlet_codes.new_code()
    assert outlet_codes.is_valid(code)
    wrong = [
        code[:place] + digit + code[place + 1 :]
        for place in range(8)
        for digit in "0123456789"
        if digit != code[place]
    ] + [
        code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        for place in range(7)
        if code[place] != code[place + 1]
    ]

    assert [one for one in wrong if outlet_codes.is_valid(one)] == []
    assert not outlet_codes.is_valid(code[:7])
    assert not outlet_codes.is_valid("１０００００００")
    with pytest.raises(outlets.OutletUnknown):
        outlets.find(code)


def test_hours_are_read_in_words_and_by_the_clock_and_nonsense_is_refused(settings):
    """F274: hours that the public reads."""
    shanghai = ZoneInfo("Asia/Shanghai")
    spans = hours.read(make_outlets.HOURS)

    assert hours.checked("1-5  09:00-18:00；6-7 10:00-16:00 ;") == make_outlets.HOURS
    for moment, expected in (
        ((2026, 11, 23, 8, 59), False), ((2026, 11, 23, 9, 0), True),
        ((2026, 11, 23, 17, 59), True), ((2026, 11, 23, 18, 0), False),
        ((2026, 11, 22, 9, 30), False), ((2026, 11, 22, 10, 0), True),
    ):  # fmt: skip
        at = datetime(*moment, tzinfo=shanghai)
        assert hours.is_open(spans, at) is expected, at
    for nonsense in (
        "",
        "9-18",
        "5-1 09:00-18:00",
        "1-5 18:00-09:00",
        "1 29:00-29:30",
        "8 09:00-10:00",
    ):
        with pytest.raises(hours.HoursUnreadable):
            hours.checked(nonsense)
    desk = make_outlets.Desk()
    outlet = desk.outlet()
    corrected = outlets.correct(
        outlet=outlet, hours_text="1-7 08:00-20:00", phone="010-6500 0009",
        actor=desk.maker,
    )  # fmt: skip
    assert (corrected.hours, corrected.phone) == ("1-7 08:00-20:00", "010-6500 0009")
    with pytest.raises(outlets.PhoneUnreadable):
        outlets.correct(
            outlet=outlet, hours_text=make_outlets.HOURS, phone="call us",
            actor=desk.maker,
        )  # fmt: skip
    refused("UPDATE partners_outlet SET hours = 'always'", match="outlet_hours_can_be_read")
