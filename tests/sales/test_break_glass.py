"""Opening a sealed draw to reading: two people of two roles, a reason, minutes, a trail."""

from __future__ import annotations

import json
from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from accounts import drills
from audit import alarms, approvals, trail
from audit.models import ApprovalRequest
from games import calendar, draws, results, seal_facts
from games.models import Draw
from lottery_portal.lib.db import database_time, violated
from lottery_portal.lib.errors import Refused
from sales import break_glass, closing, read_ban, sealing
from sales.models import OpenedSeal, Selection
from tests import make, make_draws, owner, people

REASON = "监管机构书面要求核对一张被冻结的票"
LONG = f"{REASON}，文号二〇二六第十一号"
PICKS = make.single(3, 9, 14, 20, 27, 31, blue=13)
pytestmark = pytest.mark.django_db(transaction=True)


def sold_draw() -> Draw:
    draw = make.shadow_draw()
    make.purchase(make.shadow_player(wallet=100_00), draw, [PICKS], channel="drill")
    return draw


def sealed_draw() -> Draw:
    """Sealed; neither countersigned nor published, which is nothing to this."""
    draw, now = sold_draw(), database_time()
    calendar.bring_forward(draw=draw)
    closing.close(draw=draw, now=now)
    sealing.seal(draw=draws.find(draw.code), now=now)
    return draws.find(draw.code)


def asked(draw: Draw, *, post: str = "compliance", reason: str = LONG) -> approvals.Request:
    maker = people.member(post).user
    return break_glass.ask(draw=draw, reason=reason, maker=maker, now=database_time())


def signed(code: str, *, post: str = "regulator") -> None:
    checker = people.member(post).user
    approvals.decide(code=code, checker=checker, approve=True, now=database_time())


def opened(draw: Draw) -> OpenedSeal:
    request = asked(draw)
    signed(request.code)
    return OpenedSeal.objects.get(approval_code=request.code)


def closed_again(opening: OpenedSeal) -> None:
    """The minutes are over."""
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_opened_seal DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE sales_opened_seal SET opened_at = opened_at - interval '1 hour',"
            " closes_at = clock_timestamp() WHERE id = %s",
            [opening.pk],
        )


def test_two_people_of_two_roles_open_one_draw_for_some_minutes():
    """F058, N07: recorded, alarmed, only that draw, and closed by itself."""
    draw, other = sealed_draw(), sealed_draw()

    opening = opened(draw)

    assert opening.closes_at - opening.opened_at == timedelta(minutes=break_glass.MINUTES)
    assert (opening.draw_id, opening.reason) == (draw.pk, LONG)
    assert opening.maker_id != opening.checker_id
    assert not read_ban.is_banned(draw)
    assert read_ban.banned_draws() == [other.code]
    assert [row.draw_id for row in Selection.objects.all()] == [draw.pk]
    (row,) = trail.read(trail.Filters(action="sales.seal_opened"))
    assert (row.object_code, json.loads(row.body)["approval"]) == (draw.code, opening.approval_code)
    (alarm,) = [one for one in alarms.open_now() if one.kind == break_glass.ALARM]
    assert alarm.object_code == draw.code
    with owner.as_owner() as hand:
        logged = hand.execute(
            "SELECT count(*) FROM audit_entry WHERE kind = 'break_glass' AND key = %s",
            [opening.approval_code],
        ).fetchall()
    assert logged == [(1,)]

    closed_again(opening)

    assert read_ban.is_banned(draw)
    assert not Selection.objects.exists()


OTHERS: list[tuple[str, str, type[Refused]]] = [
    ("compliance", "compliance", break_glass.OneRole),
    ("auditor", "auditor", approvals.MayNotDecide),
    ("compliance", "administrator", approvals.MayNotDecide),
    ("regulator", "compliance", approvals.MayNotAsk),
    ("draw_official", "regulator", approvals.MayNotAsk),
]


def test_others_do_not_open_it():
    """N07: and nothing of the attempt stays, the signature neither."""
    for maker, checker, refusal in OTHERS:
        draw = sealed_draw()

        with pytest.raises(refusal):
            signed(asked(draw, post=maker).code, post=checker)

        assert not OpenedSeal.objects.exists(), (maker, checker)
        assert not ApprovalRequest.objects.exclude(state="OPEN").exists()
        assert not Selection.objects.exists()
        assert break_glass.ALARM not in {one.kind for one in alarms.open_now()}


def test_an_auditor_and_compliance_open_it_but_not_one_person():
    """N07."""
    draw = sealed_draw()
    request = asked(draw, post="auditor")

    maker = ApprovalRequest.objects.get(code=request.code).maker
    with pytest.raises((approvals.MayNotDecide, approvals.OnePerson)):
        approvals.decide(code=request.code, checker=maker, approve=True, now=database_time())
    assert not OpenedSeal.objects.exists()
    signed(request.code, post="compliance")

    assert OpenedSeal.objects.count() == 1


def test_a_reason_says_something():
    """N07."""
    draw = sealed_draw()

    with pytest.raises(break_glass.ReasonTooShort) as refusal:
        asked(draw, reason="  看一下  " + " " * 30)

    assert refusal.value.figures == {"least": 20}
    assert not ApprovalRequest.objects.filter(kind=break_glass.KIND).exists()


def test_only_a_sealed_draw_is_opened():
    """N07: not before the seal, and not when it is over by the time of the signature."""
    open_draw = make.shadow_draw()
    with pytest.raises(break_glass.NotUnderSeal):
        asked(open_draw)
    draw = make_draws.sealed(sold_draw())
    request = asked(draw)
    make_draws.drawn(draw)

    with pytest.raises(break_glass.NotUnderSeal):
        signed(request.code)

    assert not OpenedSeal.objects.exists()


def direct(sql: str, *values: int | str) -> str:
    """The constraint that refuses what the application tries by itself."""
    refused = pytest.raises((IntegrityError, ProgrammingError))
    with refused as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
    return violated(caught.value)


def test_the_database_asks_the_approval_itself():
    """N07: no row without it, none by another kind, none by yesterday's, none changed."""
    draw = sealed_draw()
    request = asked(draw)

    assert direct("SELECT sales_open_seal('NOBODYSAIDSO')") == "seal_opened_by_approval"
    assert direct("SELECT sales_open_seal(%s)", request.code) == "seal_opened_by_approval"
    assert not direct(
        "INSERT INTO sales_opened_seal (draw_id, approval_code, reason, maker_id, checker_id,"
        " opened_at, closes_at) VALUES (%s, 'X', 'x', 1, 2, now(), now() + interval '1 hour')",
        draw.pk,
    )  # no right to write at all
    assert not Selection.objects.exists()
    signed(request.code)
    assert direct("SELECT sales_open_seal(%s)", request.code) == "seal_opened_by_approval"
    with owner.as_owner() as hand, pytest.raises(psycopg.errors.RestrictViolation):
        hand.execute("UPDATE sales_opened_seal SET closes_at = closes_at + interval '1 day'")
    assert OpenedSeal.objects.count() == 1


def test_two_roles_are_asked_for_by_the_database_too():
    """N07: a kind registered otherwise by mistake opens nothing."""
    draw = sealed_draw()
    request = asked(draw)
    checker = people.member("compliance").user
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO audit_approvaldecision (request_id, checker_id, checker_person,"
                " approved, reason, digest, decided_at)"
                " SELECT id, %s, '', true, '', digest, now() FROM audit_approvalrequest"
                " WHERE code = %s",
                [checker.pk, request.code],
            )
        ApprovalRequest.objects.filter(code=request.code).update(state="PERFORMED")
        with pytest.raises(break_glass.OneRole):
            break_glass.open_seal(request, database_time())

    assert not OpenedSeal.objects.exists()


def test_the_page_lists_the_tickets_while_it_is_open_and_each_look_is_recorded():
    """F058, N07."""
    draw = make_draws.sealed(sold_draw())
    member = people.member("auditor")
    auditor, address = people.behind(member.user), f"/desk/draws/{draw.code}/opened-seal/"
    assert auditor.get(address).status_code == 403
    assert len(trail.read(trail.Filters(action=read_ban.ATTEMPT))) == 1

    opening = opened(draw)

    page = auditor.get(f"{address}?page=1")
    assert page.status_code == 200
    assert "03 09 14 20 27 31 + 13" in page.content.decode()
    looks = trail.read(trail.Filters(action="sales.opened_seal_read"))
    assert [(row.actor, json.loads(row.body)) for row in looks] == [
        (member.user.username, {"approval": opening.approval_code, "page": 1})
    ]
    assert people.behind(people.member("support").user).get(address).status_code == 403
    closed_again(opening)
    assert auditor.get(address).status_code == 403
    make_draws.drawn(draw)
    assert auditor.get(address).status_code == 302
    assert len(trail.read(trail.Filters(action="sales.opened_seal_read"))) == 1


def test_it_is_asked_for_at_the_desk():
    """N07: a form with a reason; the request waits for the other person."""
    draw = sealed_draw()
    staff = people.behind(people.member("compliance").user)
    address = f"/desk/draws/{draw.code}/open-seal/"
    assert staff.get(address).status_code == 200

    short = staff.post(address, {"reason": "看一下"})
    asked_for = staff.post(address, {"reason": LONG})

    assert short.status_code == 400
    assert asked_for.status_code == 302
    request = ApprovalRequest.objects.get(kind=break_glass.KIND)
    assert asked_for["Location"] == f"/desk/approvals/{request.code}/"
    regulator = people.behind(people.member("regulator").user)
    told = regulator.get(asked_for["Location"]).content.decode()
    assert LONG in told
    assert draw.code in told


def test_the_public_is_told_after_the_draw():
    """N07: which approval, from when to when; not while the draw is under seal."""
    draw, untouched = (make_draws.sealed(sold_draw()) for _each in range(2))
    opening = opened(draw)
    assert seal_facts.of(draws.find(draw.code)) == []

    now = database_time()
    for one in (draw, untouched):
        official = drills.officials(now=now)[0]
        results.enter(draw=one, official=official, numbers=make_draws.NUMBERS, now=now)

    (fact,) = seal_facts.of(draws.find(draw.code))
    assert fact.at == opening.opened_at
    assert opening.approval_code[:4] in fact.text
    assert seal_facts.of(draws.find(untouched.code)) == []
