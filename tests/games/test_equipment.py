"""Machines and ball sets: inspected by two people, chosen by people, or no number is typed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from psycopg.errors import CheckViolation, RestrictViolation

from accounts.models import User
from audit import approvals
from games import draws, equipment, results
from games.models import Assignment, Draw, Equipment, Game, Inspection, ResultEntry
from lottery_portal.lib.db import database_time, violated
from tests import make, make_draws, make_equipment, owner
from tests.journeys import stage

pytestmark = pytest.mark.django_db(transaction=True)

NUMBERS = [[1, 2, 3, 4, 5, 6], [7]]


@pytest.fixture
def crew() -> dict[str, list[stage.Member]]:
    """Two officials, an approver, an auditor, a compliance officer."""
    return stage.staff("draw_official", "approver", "auditor", "compliance")


@pytest.fixture
def official(crew: dict[str, list[stage.Member]]) -> User:
    """The first official."""
    return crew["draw_official"][0].user


@pytest.fixture
def second(crew: dict[str, list[stage.Member]]) -> User:
    """The second official."""
    return crew["draw_official"][1].user


@pytest.fixture
def ssq() -> Game:
    """The game."""
    return Game.objects.get(code="ssq")


def enter(draw: Draw, who: User) -> results.Entered:
    """Type the numbers."""
    return results.enter(draw=draw, official=who, numbers=NUMBERS, now=database_time())


def assign(draw: Draw, piece: Equipment, place: str, by: User, **other: bool) -> list[Assignment]:
    """Choose one piece for one place."""
    return equipment.assign(
        draw=draw,
        chosen=[equipment.Choice(place, piece, **other)],
        chosen_by=make_equipment.CHOOSER,
        chosen_how="现场抽签",
        actor=by,
        now=database_time(),
    )


def test_a_real_draw_takes_no_number_without_equipment(crew, official, second):
    """F065: draw without an inspected set is refused, and nothing moved; with it all is well."""
    draw = stage.sealed(stage.draw(), crew, is_equipped=False)
    assert [place.code for place in equipment.lacking(draw)] == ["machine", "red", "blue"]

    with pytest.raises(results.EquipmentMissing):
        enter(draw, official)

    assert not ResultEntry.objects.exists()
    assert draws.find(draw.code).state == Draw.State.SEALED

    make_equipment.ready(draw, by=official, second=second)
    assert equipment.lacking(draw) == []
    enter(draw, official)
    assert enter(draw, second).result is not None


def test_one_missing_ball_set_is_enough_to_refuse(crew, official, second, ssq):
    """F065: every zone has its set."""
    draw = stage.sealed(stage.draw(), crew, is_equipped=False)
    for zone in ("", "red"):
        piece = make_equipment.registered(ssq, zone, by=official)
        make_equipment.inspected(piece, by=official, second=second)
        assign(draw, piece, zone or "machine", official)

    with pytest.raises(results.EquipmentMissing):
        enter(draw, official)

    assert [place.code for place in equipment.lacking(draw)] == ["blue"]
    assert not ResultEntry.objects.exists()


@pytest.mark.thorough
def test_without_the_trigger_the_number_would_be_taken(crew, official):
    """F065: it is the database that refuses; the test above fails when it does not."""
    draw = stage.sealed(stage.draw(), crew, is_equipped=False)
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_resultentry DISABLE TRIGGER games_result_with_equipment")

    enter(draw, official)

    assert ResultEntry.objects.count() == 1


def test_a_drill_needs_no_equipment():
    """F065: shadow draws have no balls."""
    draw = make_draws.drawn(make_draws.sealed(make_draws.sold([make.SELECTION])))

    assert draw.state == Draw.State.CONFIRMED
    assert equipment.lacking(draw) == []


@pytest.mark.thorough
def test_a_set_that_failed_after_it_was_chosen_does_not_serve(crew, official, second):
    """F065: the last inspection counts when the numbers are typed."""
    draw = stage.sealed(stage.draw(), crew)
    blue = Equipment.objects.get(zone="blue")
    make_equipment.inspected(
        blue, by=second, second=official, outcome="FAILED", ago=timedelta(hours=1)
    )

    with pytest.raises(results.EquipmentMissing):
        enter(draw, official)

    assert [place.code for place in equipment.lacking(draw)] == ["blue"]


def test_a_withdrawn_piece_serves_again_after_a_new_inspection_only(official, second, ssq):
    """F065: withdrawn, taken back, inspected."""
    piece = make_equipment.registered(ssq, "red", by=official)
    make_equipment.inspected(piece, by=official, second=second)
    now = database_time()
    assert equipment.is_fit(piece, at=now)

    for to in (Equipment.State.WITHDRAWN, Equipment.State.IN_USE):
        equipment.change_state(equipment=piece, to=to, reason="球面磨损", actor=official, now=now)
        assert not equipment.is_fit(piece, at=database_time())

    make_equipment.inspected(piece, by=official, second=second, ago=timedelta(0))
    assert equipment.is_fit(piece, at=database_time())
    with pytest.raises(equipment.StateAlready):
        equipment.change_state(
            equipment=piece, to=Equipment.State.IN_USE, reason="x", actor=official, now=now
        )


def test_an_inspection_counts_until_it_runs_out(official, second, ssq):
    """F065: half-open; the last moment is not covered."""
    for number, (ago, lasts, is_fit) in enumerate([(1, 2, True), (3, 2, False), (2, 2, False)], 1):
        piece = make_equipment.registered(ssq, "", by=official, number=number)
        make_equipment.inspected(
            piece,
            by=official,
            second=second,
            ago=timedelta(days=ago),
            valid_for=timedelta(days=lasts),
        )

        assert equipment.is_fit(piece, at=database_time()) is is_fit, (ago, lasts)


def test_an_inspection_is_the_word_of_two_people(official, second, ssq):
    """F065: nobody confirms his own, and nothing is recorded until another has."""
    piece = make_equipment.registered(ssq, "", by=official)
    now = database_time()
    asked = equipment.ask_inspection(
        equipment=piece,
        what="运转",
        outcome="PASSED",
        inspected_at=now - timedelta(hours=1),
        valid_until=now + timedelta(days=30),
        certificate_number="CERT-1",
        certified_by="",
        maker=official,
        now=now,
    )

    with pytest.raises(approvals.OnePerson):
        approvals.decide(code=asked.code, checker=official, approve=True, now=now)
    assert not Inspection.objects.exists()

    approvals.decide(code=asked.code, checker=second, approve=True, now=now)
    made = Inspection.objects.get()
    assert (made.first_inspector, made.second_inspector) == (official, second)
    assert made.approval_code == asked.code


def test_an_inspection_that_nobody_confirmed_is_not_written(official, second, ssq):
    """F065: the row says what the approval says, once."""
    piece = make_equipment.registered(ssq, "", by=official)
    make_equipment.inspected(piece, by=official, second=second)
    for change, refused_by in (
        ({"approval_code": "GENESIS"}, "inspection_confirmed_by_another"),
        ({"certificate_number": "ANOTHER"}, "inspection_as_confirmed"),
        ({}, "games_inspection_approval_code_key"),
    ):
        row: dict[str, Any] = {**Inspection.objects.values().get(), **change}
        row.pop("id")

        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            Inspection.objects.create(**row)

        assert violated(refused.value) == refused_by
        assert Inspection.objects.count() == 1


def test_facts_that_do_not_fit_together_are_refused(official, ssq):
    """F065: no certificate, no validity; nothing from the future."""
    piece = make_equipment.registered(ssq, "", by=official)
    wrongs: list[dict[str, Any]] = [
        {"outcome": "PASSED", "valid_until": None},
        {"outcome": "PASSED", "certificate_number": ""},
        {"outcome": "FAILED"},
        {"inspected_at": timedelta(hours=1)},
        {"valid_until": timedelta(days=-2)},
    ]
    for wrong in wrongs:
        now = database_time()
        facts: dict[str, Any] = {
            "what": "运转",
            "outcome": "PASSED",
            "inspected_at": now - timedelta(hours=1),
            "valid_until": now + timedelta(days=30),
            "certificate_number": "CERT-1",
            "certified_by": "",
        }
        facts |= {
            name: now + value if isinstance(value, timedelta) else value
            for name, value in wrong.items()
        }

        with pytest.raises(equipment.InspectionWrong):
            equipment.ask_inspection(equipment=piece, maker=official, now=now, **facts)

        assert not Inspection.objects.exists(), wrong


@pytest.mark.thorough
def test_pieces_are_chosen_where_they_serve_by_officials_before_the_result(
    crew, official, second, ssq
):
    """F065: not another zone, not without inspection, not its own reserve, not too late."""
    draw = stage.draw()
    red = make_equipment.registered(ssq, "red", by=official)
    with pytest.raises(equipment.NotFit):
        assign(draw, red, "red", official)
    make_equipment.inspected(red, by=official, second=second)
    with pytest.raises(equipment.ServesElsewhere):
        assign(draw, red, "blue", official)
    with pytest.raises(equipment.NotAKeeper):
        assign(draw, red, "red", crew["auditor"][0].user)
    assert not Assignment.objects.exists()

    assert len(assign(draw, red, "red", official)) == 1
    assert assign(draw, red, "red", official) == []
    with pytest.raises(equipment.OneForBoth):
        assign(draw, red, "red", official, is_reserve=True)

    other = make_equipment.registered(ssq, "red", by=official, number=2)
    make_equipment.inspected(other, by=official, second=second)
    assign(draw, other, "red", official)
    serving = equipment.assigned(draw)["red", False]
    assert (serving.equipment, serving.edition) == (other, 2)
    assert Assignment.objects.count() == 2

    draw = stage.sealed(draw, crew)
    enter(draw, official)
    with pytest.raises(equipment.TooLate):
        assign(draw, other, "red", official)


def test_a_piece_is_registered_once_and_by_keepers(crew, official, ssq):
    """F065: same serial number, wrong zone, wrong post: refused."""
    facts = {"game": ssq, "maker": "示范机械厂", "serial_number": "1", "now": database_time()}
    equipment.register(code="m1", kind="MACHINE", zone="", actor=official, **facts)

    with pytest.raises(equipment.EquipmentKnown):
        equipment.register(code="m2", kind="MACHINE", zone="", actor=official, **facts)
    with pytest.raises(equipment.ZoneWrong):
        equipment.register(
            code="m2", kind="MACHINE", zone="red", actor=official, **facts | {"serial_number": "2"}
        )
    with pytest.raises(equipment.NotAKeeper):
        equipment.register(
            code="m2",
            kind="MACHINE",
            zone="",
            actor=crew["approver"][0].user,
            **facts | {"serial_number": "2"},
        )

    assert Equipment.objects.count() == 1


def test_the_register_is_evidence(official, second, ssq):
    """F065: what a piece is, what was inspected and chosen stands; a change needs its row."""
    draw = stage.draw()
    make_equipment.ready(draw, by=official, second=second)

    for deed, refused_as in (
        ("UPDATE games_inspection SET what = 'x'", RestrictViolation),
        ("DELETE FROM games_assignment", RestrictViolation),
        ("UPDATE games_equipment SET maker = 'x'", CheckViolation),
        ("DELETE FROM games_equipment", RestrictViolation),
    ):
        with owner.as_owner() as hand, pytest.raises(refused_as):
            hand.execute(deed)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Equipment.objects.filter(zone="red").update(state="WITHDRAWN")
    assert violated(refused.value) == "equipment_change_is_written"
