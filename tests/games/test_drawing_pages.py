"""The desk of drawings: register, choice for a draw, minutes, as the staff use them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from audit import approvals
from audit.models import ApprovalRequest
from games import draws, equipment, minutes, results
from games.models import Assignment, Draw, DrawMinutes, Equipment, Game, Inspection
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time
from tests import make_equipment, people
from tests.journeys import stage

pytestmark = pytest.mark.django_db(transaction=True)

NUMBERS = [[3, 8, 11, 27, 30, 33], [7]]
Crew = dict[str, list[stage.Member]]


@pytest.fixture
def crew() -> Crew:
    """Two officials, an approver, an auditor, a support agent."""
    return stage.staff("draw_official", "approver", "auditor", "support", "compliance")


def desk(crew: Crew, post: str, place: int = 0) -> Client:
    """The browser of one of the crew."""
    return people.behind(crew[post][place].user)


def typed(moment: Any) -> str:
    """A moment as a field of a page has it."""
    return f"{in_shanghai(moment):%Y-%m-%dT%H:%M}"


def confirmed(crew: Crew) -> Draw:
    """A real draw with a result; sealed long enough for times that have no seconds."""
    draw = stage.sealed(stage.draw(), crew)
    for member in crew["draw_official"]:
        results.enter(draw=draw, official=member.user, numbers=NUMBERS, now=database_time())
    return draws.find(draw.code)


@pytest.mark.thorough
def test_a_piece_is_registered_inspected_and_withdrawn_at_the_desk(crew):
    """F065: two people, each at his own desk."""
    first, second = desk(crew, "draw_official"), crew["draw_official"][1].user
    facts = {"what": "ssq:red", "code": "red-9", "maker": "示范机械厂", "serial_number": "9"}
    assert first.post("/desk/equipment/new/", facts | {"code": ""}).status_code == 400
    assert first.post("/desk/equipment/new/", facts).status_code == 302
    now = database_time()
    inspection = {
        "what": "称重",
        "inspected_at": typed(now - timedelta(hours=1)),
        "outcome": "PASSED",
        "valid_until": typed(now + timedelta(days=30)),
        "certificate_number": "C-9",
        "certified_by": "示范计量院",
    }
    page = "/desk/equipment/red-9/inspection/"
    assert first.post(page, inspection | {"valid_until": ""}).status_code == 400
    assert first.post(page, inspection).status_code == 302
    assert not Inspection.objects.exists()
    asked = ApprovalRequest.objects.get(kind=equipment.KIND)
    read = people.behind(second).get(f"/desk/approvals/{asked.code}/").content.decode()
    assert "C-9" in read
    approvals.decide(code=asked.code, checker=second, approve=True, now=now)

    assert "C-9" in desk(crew, "support").get("/desk/equipment/red-9/").content.decode()
    assert "red-9" in desk(crew, "support").get("/desk/equipment/").content.decode()
    answer = first.post("/desk/equipment/red-9/state/", {"reason": "球面磨损"})
    assert answer.status_code == 302
    assert Equipment.objects.get(code="red-9").state == Equipment.State.WITHDRAWN


@pytest.mark.thorough
def test_people_choose_and_nothing_is_chosen_before(crew):
    """F065: no piece is preselected; without inspection none is offered."""
    draw, game = stage.draw(), Game.objects.get(code="ssq")
    first, second = (member.user for member in crew["draw_official"])
    page = f"/desk/draws/{draw.code}/equipment/"
    client = desk(crew, "draw_official")
    pieces = {
        zone or "machine": make_equipment.registered(game, zone, by=first)
        for zone in ("", "red", "blue")
    }
    assert "ssq-red-1" not in client.get(page).content.decode()
    for piece in pieces.values():
        make_equipment.inspected(piece, by=first, second=second)
    shown = client.get(page).content.decode()
    assert "ssq-red-1" in shown
    assert 'value="ssq-red-1" selected' not in shown
    chosen = {place: piece.code for place, piece in pieces.items()}
    said = {**chosen, "chosen_by": "孟青，公证员", "chosen_how": "现场抽签"}
    assert client.post(page, said | {"red": ""}).status_code == 400
    assert client.post(page, said | {"red_reserve": chosen["red"]}).status_code == 400
    assert not Assignment.objects.exists()

    assert client.post(page, said).status_code == 302

    assert Assignment.objects.count() == 3
    assert equipment.lacking(draw) == []
    assert desk(crew, "auditor").get(page).status_code == 403


def test_the_desk_says_what_is_missing_and_who_does_it(crew):
    """F064, F065: equipment before the entry, minutes before the publication."""
    draw = stage.sealed(stage.draw(), crew, is_equipped=False)
    page = f"/desk/draws/{draw.code}/"
    first, second = (member.user for member in crew["draw_official"])
    shown = desk(crew, "draw_official").get(page).content.decode()
    assert f"/desk/draws/{draw.code}/equipment/" in shown
    assert f"/desk/draws/{draw.code}/result/" not in shown
    make_equipment.ready(draw, by=first, second=second)
    shown = desk(crew, "draw_official").get(page).content.decode()
    assert f"/desk/draws/{draw.code}/result/" in shown

    for official in (first, second):
        results.enter(draw=draw, official=official, numbers=NUMBERS, now=database_time())
    write = f"/desk/draws/{draw.code}/minutes/write/"
    assert write in desk(crew, "draw_official").get(page).content.decode()
    assert write not in desk(crew, "auditor").get(page).content.decode()


def test_minutes_are_written_and_signed_at_the_desk(crew):
    """F064: the writer cannot sign; the signer signs what he was shown; mistakes cost nothing."""
    draw = confirmed(crew)
    first, second = desk(crew, "draw_official"), desk(crew, "draw_official", 1)
    page = f"/desk/draws/{draw.code}/minutes/"
    now = database_time()
    said = {
        "place": "示范开奖大厅",
        "began_at": typed(now),
        "ended_at": typed(now + timedelta(minutes=1)),
        "tests": "09 01 02 03 04 05 + 16",
        "official_1_name": "林晓",
        "official_1_office": "开奖员",
        "official_2_name": "周岚",
        "official_2_office": "开奖员",
        "witness_1_name": "孟青",
        "witness_1_office": "公证员",
        **{f"red_{place}": ball for place, ball in enumerate(reversed(NUMBERS[0]), start=1)},
        "blue_1": 7,
    }
    assert "开奖一号" in first.get(f"{page}write/").content.decode()
    for wrong in (
        {"blue_1": 8},
        {"tests": "1 2 3"},
        {"witness_1_office": ""},
        {"notes": "电话 13800000000"},
        {},  # it cannot have ended in a minute from now
    ):
        assert first.post(f"{page}write/", said | wrong).status_code == 400
    assert not DrawMinutes.objects.exists()
    made = make_equipment.written(draw, by=crew["draw_official"][0].user)

    assert "has_read" not in first.get(page).content.decode()
    assert "has_read" in second.get(page).content.decode()
    signed = {"digest": made.digest, "has_read": "on"}
    assert second.post(f"{page}sign/", {"digest": made.digest}).status_code == 400
    assert first.post(f"{page}sign/", signed).status_code == 403
    assert second.post(f"{page}sign/", signed | {"digest": "0" * 64}).status_code == 409
    assert minutes.signed(draw) is None
    assert second.post(f"{page}sign/", signed).status_code == 302
    assert minutes.signed(draw) == made

    paper = desk(crew, "support").get(f"{page}1.pdf")
    assert paper.content.startswith(b"%PDF-")
    assert desk(crew, "support").get(f"{page}1.json").content.decode() == made.body
    corrected = first.get(f"{page}write/").content.decode()
    assert "示范开奖大厅" in corrected
    assert "reason" in corrected
