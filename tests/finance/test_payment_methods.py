"""Ways of paying prizes: assessed, agreed to, announced, then chosen; ceilings (F094, F279)."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from audit import approvals, policies
from finance import cash_desks
from finance import payment_methods as methods
from finance.models import CashMove, PaymentMethod, Way
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests import people

from . import tills

pytestmark = pytest.mark.django_db

WORDS = "风险评估: 假币与盗抢风险由限额与清点控制; 成本可控; 已征询合规部门意见。"
NOTICE = "自公示期满起, 中奖者可在兑奖点领取现金。"


@pytest.fixture
def treasurer(now):
    return make.staff("treasurer-ways", "treasurer", now=now).member.user


def option(way, amount, now, **told):
    found = methods.which(amount=amount, now=now, **{"place_kind": "OUTLET", **told})
    return next(one for one in found if one.way == way)


def set_figure(key, value, now, *, scope=""):
    """A figure changes under four eyes, as it does in the house."""
    maker = tills.one("compliance", now)
    asked = policies.request_change(
        key=key, scope=scope, value=value, reason="演练", maker=maker, now=now
    )
    tills.approved(asked.code, now)


def asked(treasurer, now, today, *, way="CASH", **changes):
    return methods.ask(
        maker=treasurer, now=now,
        **{"way": way, "assessment": WORDS, "notice": NOTICE, "noticed_on": today} | changes,
    )  # fmt: skip


def refused(name, deed, *args, **kwargs):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        deed(*args, **kwargs)
    assert violated(caught.value) == name


def in_the_database(way):
    """Whether the database lets this way be taken today."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT finance_way_in_force(%s)", [way])
    except DatabaseError as exc:
        return violated(exc) != "payment_method_in_force"
    return True


def test_the_house_begins_with_three_ways(now):
    """F279: balance, transfer and cash are in force from the beginning, each with its digest."""
    found = methods.in_force(now=now)

    assert {one.way for one in found} == set(Way)
    assert all(one.digest == hashlib.sha256(one.assessment.encode()).hexdigest() for one in found)
    assert methods.announced(now=now) == []
    assert all(in_the_database(way) for way in Way)


def test_a_way_is_chosen_nowhere_before_the_days_of_its_notice_are_over(treasurer, now, today):
    """F279: assessment, approval by another, notice; −1/=/+1 day; by door and database."""
    cash, holder, _other = tills.people_at(now)
    tills.prizes()
    desk = tills.open_desk(treasurer, holder, now, fen=100_00)
    first = PaymentMethod.objects.get(way="CASH")
    methods.switch_off(code=first.code, reason="改为分级管理", actor=treasurer, now=now)
    assert not option("CASH", 10_00, now).is_possible
    for wrong, refusal in (
        ({"assessment": " "}, methods.AssessmentMissing),
        ({"notice": ""}, methods.NoticeWrong),
        ({"noticed_on": today - timedelta(days=1)}, methods.NoticeWrong),
    ):
        with pytest.raises(refusal):
            asked(treasurer, now, today, **wrong)
    with pytest.raises(methods.MethodUnderWay):
        asked(treasurer, now, today, way="WALLET")
    method = asked(treasurer, now, today)
    assert (method.state, option("CASH", 10_00, now).is_possible) == ("ASKED", False)
    row = PaymentMethod.objects.filter(pk=method.pk)
    refused("payment_method_approved_by_others", row.update, state="ANNOUNCED", approved_at=now)
    refused("payment_method_stands", row.update, first_on=today)

    tills.approved(method.approval_code, now)

    method.refresh_from_db()
    assert (method.state, method.first_on) == ("ANNOUNCED", today + timedelta(days=7))
    refused("payment_method_stands", row.update, first_on=today)
    why = option("CASH", 10_00, now).why_not
    assert method.first_on.isoformat()[:4] in why
    for day, possible in ((6, False), (7, True), (8, True)):
        assert option("CASH", 10_00, now + timedelta(days=day)).is_possible is possible
    with pytest.raises(methods.MethodNotInForce):
        tills.pay(desk, 10_00, holder, now)
    with pytest.raises(methods.MethodNotInForce):  # the caller's clock is not the one that judges
        tills.pay(desk, 10_00, holder, now + timedelta(days=7))
    assert not in_the_database("CASH")
    assert not CashMove.objects.filter(kind="PAID").exists()
    assert cash_desks.in_desk(desk) == 100_00
    page = people.in_english(cash).get(reverse("finance:payment_methods")).content.decode()
    assert NOTICE in page


@pytest.mark.parametrize(("days", "chosen"), [(0, True), (1, False)])
def test_the_days_are_those_of_the_policy(treasurer, now, today, days, chosen):
    """F279: with no days it is in force on the day of the notice, with one on the next."""
    set_figure(methods.NOTICE_DAYS, days, now)
    old = PaymentMethod.objects.get(way="TRANSFER")
    methods.switch_off(code=old.code, reason="改版", actor=treasurer, now=now)

    method = asked(treasurer, now, today, way="TRANSFER")
    tills.approved(method.approval_code, now)

    assert in_the_database("TRANSFER") is chosen
    assert option("TRANSFER", 10_00, now).is_possible is chosen


def test_what_others_refuse_is_not_announced(treasurer, now, today):
    """F279"""
    old = PaymentMethod.objects.get(way="CASH")
    methods.switch_off(code=old.code, reason="改版", actor=treasurer, now=now)
    method = asked(treasurer, now, today)
    checker = make.staff("refuser", "approver", now=now).member.user

    approvals.decide(
        code=method.approval_code, checker=checker, approve=False, reason="评估不足", now=now
    )

    method.refresh_from_db()
    assert (method.state, in_the_database("CASH")) == ("REFUSED", False)
    refused("payment_method_stands", PaymentMethod.objects.filter(pk=method.pk).update, reason="x")
    missing = {"way": "CASH", "assessment": "", "digest": "0" * 64, "notice": NOTICE}
    refused(
        "payment_method_is_assessed", PaymentMethod.objects.create, **missing, noticed_on=today,
        first_on=today, approval_code="A1", asked_at=now,
    )  # fmt: skip
    with pytest.raises(methods.MayNotSwitch):
        methods.switch_off(code=old.code, reason="x", actor=checker, now=now)


def test_every_ceiling_holds_to_the_fen_and_is_told(now):
    """F094: cash by kind of place, a single transfer, the transfers of a day: −1/=/+1."""
    for place in ("OUTLET", "CENTRE"):
        most = methods.cash_ceiling(place, now=now)
        for fen, possible in ((most - 10, True), (most, True), (most + 10, False)):
            assert option("CASH", fen, now, place_kind=place).is_possible is possible
        assert f"{most // 100:,}.00" in option("CASH", most + 10, now, place_kind=place).why_not
    single = int(policies.read(methods.TRANSFER_UP_TO, at=now))
    daily = int(policies.read(methods.TRANSFER_DAILY, at=now))
    for fen, possible in ((single - 1, True), (single, True), (single + 1, False)):
        assert option("TRANSFER", fen, now).is_possible is possible
    for moved, possible in ((daily - 101, True), (daily - 100, True), (daily - 99, False)):
        assert option("TRANSFER", 100, now, transferred_today=moved).is_possible is possible
    found = option("TRANSFER", 100, now, transferred_today=daily - 99)
    assert isinstance(found.refusal, methods.DailyCeilingPassed)
    assert found.refusal.figures == {
        "most_fen": daily, "moved_fen": daily - 99, "amount_fen": 100,
    }  # fmt: skip
    assert option("WALLET", single + 1, now).is_possible
    assert {one.way for one in methods.which(amount=100, place_kind="", now=now)} == {
        "TRANSFER", "WALLET",
    }  # fmt: skip
    assert not option("CASH", 101, now).is_possible  # no coin for a fen
    set_figure(methods.CASH_UP_TO, 500_00, now, scope="OUTLET")
    assert option("CASH", 500_00, now + timedelta(minutes=1)).is_possible
    assert "500.00" in option("CASH", 500_10, now + timedelta(minutes=1)).why_not


def test_everybody_reads_how_prizes_are_paid(client, treasurer, now, today):
    """F279: the public page, and the desk where a way is asked for and switched off."""
    answer = client.get(reverse("finance:payment_methods"))
    desk, page = people.in_english(treasurer), reverse("finance:desk_payment_methods")
    old = PaymentMethod.objects.get(way="CASH")

    empty = desk.post(page, {"action": f"off:{old.code}", "reason": ""})
    off = desk.post(page, {"action": f"off:{old.code}", "reason": "改版"})
    asked_for = desk.post(
        page,
        {"action": "ask", "way": "CASH", "assessment": WORDS, "notice": NOTICE,
         "noticed_on": today.isoformat()},
    )  # fmt: skip

    assert (answer.status_code, empty.status_code, off.status_code, asked_for.status_code) == (
        200, 400, 302, 302,
    )  # fmt: skip
    assert PaymentMethod.objects.filter(way="CASH", state="ASKED").exists()
    assert people.behind(tills.one("auditor", now)).get(page).status_code == 200
    assert people.behind(tills.one("support", now)).get(page).status_code == 403
