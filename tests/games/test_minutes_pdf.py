"""Minutes on paper: Chinese letters inside, the root printed, the same bytes every time."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils.translation import override

from games import draws, minutes, minutes_pdf, results
from games.models import DrawMinutes
from lottery_portal.lib.db import database_time
from prizes import publication, settlement
from tests import make_equipment
from tests.journeys import stage

pytestmark = pytest.mark.django_db(transaction=True)

NUMBERS = [[3, 8, 11, 27, 30, 33], [7]]
INCIDENTS = "20:31 第二次试机前更换摇奖机电源，其余无异常。\n20:40 恢复。"


@pytest.fixture
def made() -> DrawMinutes:
    """Signed minutes of a real draw, with rare letters among the names of the witnesses."""
    crew = stage.staff("draw_official", "approver")
    draw = stage.sealed(stage.draw(), crew)
    officials = [member.user for member in crew["draw_official"]]
    for official in officials:
        results.enter(draw=draw, official=official, numbers=NUMBERS, now=database_time())
    draw = draws.find(draw.code)
    written = make_equipment.written(
        draw,
        by=officials[0],
        tests=[[[9, 1, 2, 3, 4, 5], [16]]] * 3,
        incidents=INCIDENTS,
        witnesses=(
            minutes.Person("孟喆堃", "示范公证处公证员"),
            minutes.Person("𠮷玥", "市民代表 <一号> & 观众"),
        ),
    )
    minutes.sign(draw=draw, digest=written.digest, signer=officials[1], now=database_time())
    return again(written)


def again(made: DrawMinutes) -> DrawMinutes:
    """The row read anew."""
    return DrawMinutes.objects.select_related("draw__game", "draw__rule").get(pk=made.pk)


def test_the_same_minutes_give_the_same_bytes_with_their_letters(made):
    """F064: whoever prints them, in whatever language he works."""
    with override("en"):
        first = minutes_pdf.render(made)
    with override("zh-hans"):
        second = minutes_pdf.render(again(made))

    assert first == second
    assert first.startswith(b"%PDF-")
    carries_its_letters(first)
    other_minutes_give_another_paper(made, first)


def carries_its_letters(pdf: bytes) -> None:
    """F064: no letter is looked for on the machine that shows it."""
    assert b"/FontFile2" in pdf
    assert b"WenQuanYiMicroHei" in pdf
    assert b"NotoSansCJKsc-Rare" in pdf  # 𠮷 is in no other
    assert b"Helvetica" not in pdf
    named = set(re.findall(rb"/BaseFont\s*/([^\s/]+)", pdf))
    assert named
    assert all(re.search(rb"\+(WenQuanYi|NotoSansCJKsc)", name) for name in named)


def other_minutes_give_another_paper(made: DrawMinutes, before: bytes) -> None:
    """F064: what was signed, when and by whom, is on it."""
    official = made.signature.signed_by
    corrected = make_equipment.written(
        draws.find(made.draw.code), by=official, reason="地点写错", place="示范开奖二厅"
    )

    assert minutes_pdf.render(again(corrected)) != before


def test_the_paper_is_public_once_the_draw_is(made):
    """F064, N03: everybody may take it home, and not before."""
    url = f"/results/ssq/{made.draw.issue}/minutes.pdf"
    visitor = Client()
    assert visitor.get(url).status_code == 404
    assert visitor.get(f"/api/v1/draws/{made.draw.code}/minutes/").status_code == 404

    settlement.run(draw=made.draw, now=database_time())
    publication.publish_due(now=database_time())
    answer = visitor.get(url)

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content == minutes_pdf.render(again(made))
    text = visitor.get(f"/results/ssq/{made.draw.issue}/minutes.json")
    assert text.content.decode() == made.body
    told = visitor.get(f"/api/v1/draws/{made.draw.code}/minutes/").json()
    assert (told["text"], told["digest"]) == (made.body, made.digest)
