"""The equipment and the minutes of a draw, as officials click them, each at his own browser."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from audit.models import ApprovalRequest
from games import draws, equipment, minutes, results
from games.models import Assignment, Draw, DrawMinutes, Equipment
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time
from prizes import publication, settlement
from tests import browser, make

from . import stage
from .test_accessibility import seen

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., browser.Visitor]
NUMBERS = [[3, 8, 11, 27, 30, 33], [7]]
DRAWN = [[27, 3, 33, 11, 30, 8], [7]]
PIECES = {"machine": "ssq:", "red": "ssq:red", "blue": "ssq:blue"}


def at_the_desk(visit: Visit, member: stage.Member) -> browser.Visitor:
    """A member of staff at his browser."""
    return visit(cookies=browser.session_of(member.user))


def judge(visitor: browser.Visitor, name: str, *, deep: bool) -> None:
    """The page as it stands: its words, its width, and what axe says of it."""
    visitor.look(name)
    assert seen(visitor, deep=deep) == []


def submit(visitor: browser.Visitor) -> None:
    """Send the form of the page."""
    with visitor.page.expect_navigation():
        visitor.page.click("main form .btn--primary")


def minute(moment: datetime) -> str:
    """A moment as a field takes it, to the minute."""
    return f"{in_shanghai(moment):%Y-%m-%dT%H:%M}"


def second(moment: datetime) -> str:
    """A moment as a field takes it, to the second."""
    return f"{in_shanghai(moment):%Y-%m-%dT%H:%M:%S}"


@pytest.mark.thorough
def test_equipment_from_the_register_to_the_draw_and_out_of_use(
    visit: Visit, house: str, *, deep: bool
) -> None:
    """F065: registered, inspected by two, chosen for a draw, withdrawn; each step where it says."""
    crew = stage.staff("draw_official")
    draw = stage.draw()
    one, other = (at_the_desk(visit, member) for member in crew["draw_official"])
    one.go(f"/desk/draws/{draw.code}/equipment/")
    judge(one, "equipment-none", deep=deep)

    for name in PIECES:
        _registers(one, name, deep=deep and name == "red")
        _inspects(one, name, deep=deep and name == "red")
        _confirms(other, name)
        one.go(f"/desk/equipment/{name}-7/")
        expect(one.page.locator(".desk-head .tag")).to_have_text("可用")
    judge(one, "equipment-fit", deep=deep)
    one.go("/desk/equipment/")
    judge(one, "equipment-register", deep=deep)

    _chooses(one, draw, deep=deep)
    assert equipment.lacking(draw) == []
    _withdraws(one, "blue", deep=deep)

    one.go(f"/desk/draws/{draw.code}/equipment/")
    assert one.page.locator("[name=blue] option", has_text="blue-7").count() == 0
    assert [place.code for place in equipment.lacking(draw)] == ["blue"]
    one.go(f"/desk/draws/{draw.code}/")
    judge(one, "equipment-lacking", deep=deep)


def _registers(one: browser.Visitor, name: str, *, deep: bool) -> None:
    page = one.page
    one.go("/desk/equipment/")
    page.click('a[href$="/equipment/new/"]')
    if name == "machine":
        submit(one)  # empty: every field says what is missing
        judge(one, "equipment-new-empty", deep=deep)
        assert not Equipment.objects.exists()
    page.select_option("[name=what]", PIECES[name])
    page.fill("[name=code]", f"{name}-7")
    page.fill("[name=maker]", "示范机械厂")
    page.fill("[name=serial_number]", f"SN-{name}")
    submit(one)
    page.wait_for_url(f"**/equipment/{name}-7/")
    expect(page.locator(".desk-head .tag")).to_have_text("未检验")
    judge(one, f"equipment-{name}-registered", deep=deep)


def _inspects(one: browser.Visitor, name: str, *, deep: bool) -> None:
    page, now = one.page, database_time()
    page.click('a[href$="/inspection/"]')
    page.fill("[name=what]", "外观、称重、编号、运转")
    page.fill("[name=inspected_at]", minute(now - timedelta(hours=1)))
    page.check("[name=outcome][value=PASSED]")
    page.fill("[name=valid_until]", minute(now + timedelta(days=90)))
    page.fill("[name=certificate_number]", f"CERT-{name}")
    page.fill("[name=certified_by]", "示范计量院")
    judge(one, f"inspection-{name}", deep=deep)
    submit(one)
    page.wait_for_url(f"**/equipment/{name}-7/")
    assert not Equipment.objects.get(code=f"{name}-7").inspections.exists(), "not by one alone"


def _confirms(other: browser.Visitor, name: str) -> None:
    page = other.page
    other.go("/desk/approvals/?show=mine")
    page.click("main .rows a.row")
    assert f"CERT-{name}" in other.look(f"inspection-{name}-to-confirm")
    for box in page.locator("[name^=statement]").all():
        box.check()
    with page.expect_navigation():
        page.click("button[value=approve]")
    assert ApprovalRequest.objects.filter(state="PENDING").count() == 0


def _chooses(one: browser.Visitor, draw: Draw, *, deep: bool) -> None:
    page = one.page
    one.go(f"/desk/draws/{draw.code}/")
    page.click(f'a[href="/desk/draws/{draw.code}/equipment/"] >> nth=0')
    for name in PIECES:
        assert page.input_value(f"[name={name}]") == "", "nothing is chosen beforehand"
        page.select_option(f"[name={name}]", f"{name}-7")
    page.fill("[name=chosen_by]", "孟青，示范公证处公证员")
    submit(one)  # how it was chosen is missing
    judge(one, "equipment-choice-incomplete", deep=deep)
    assert not Assignment.objects.exists()
    page.fill("[name=chosen_how]", "现场抽签")
    submit(one)
    page.wait_for_url(f"**/desk/draws/{draw.code}/")
    judge(one, "equipment-chosen", deep=deep)


def _withdraws(one: browser.Visitor, name: str, *, deep: bool) -> None:
    page = one.page
    one.go(f"/desk/equipment/{name}-7/")
    with page.expect_navigation():
        page.click("form[action$='/state/'] button")  # no reason, no deed
    judge(one, "equipment-withdraw-without-reason", deep=deep)
    assert Equipment.objects.get(code=f"{name}-7").state == Equipment.State.IN_USE
    page.fill("[name=reason]", "球面磨损")
    with page.expect_navigation():
        page.click("form[action$='/state/'] button")
    expect(page.locator(".desk-head .tag")).to_have_text("已停用")
    assert "球面磨损" in one.look("equipment-withdrawn")
    assert seen(one, deep=deep) == []


@pytest.mark.thorough
def test_minutes_from_the_first_word_to_the_paper(visit: Visit, house: str, *, deep: bool) -> None:
    """F064: written by one official, signed by the other, published, taken away as PDF and JSON."""
    crew = stage.staff("draw_official", "approver", "support")
    draw = stage.sealed(stage.draw(), crew)
    published_at = draw.seal.publication.published_at
    make.wait_until(max(draw.draws_at, published_at) + timedelta(seconds=2))
    for member in crew["draw_official"]:
        results.enter(draw=draw, official=member.user, numbers=NUMBERS, now=database_time())
    one, other = (at_the_desk(visit, member) for member in crew["draw_official"])

    _writes(one, draw, deep=deep)
    _signs(one, other, draw, deep=deep)
    settlement.run(draw=draws.find(draw.code), now=database_time())
    publication.publish(draw=draws.find(draw.code), now=database_time())

    made = DrawMinutes.objects.get(draw=draw)
    reader = at_the_desk(visit, crew["support"][0])
    _takes_away(reader, draw, made, deep=deep)
    _corrects(one, other, draw, deep=deep)


def _writes(one: browser.Visitor, draw: Draw, *, deep: bool) -> None:
    page = one.page
    one.go(f"/desk/draws/{draw.code}/minutes/")
    judge(one, "minutes-none", deep=deep)
    page.click('a[href$="/minutes/write/"] >> nth=0')
    assert page.input_value("[name=official_1_name]") == "开奖一号", "who typed the numbers"
    typed_at = results.typed_by(draws.find(draw.code).result)[0].entered_at
    page.fill("[name=place]", "示范开奖大厅")
    page.fill("[name=began_at]", second(typed_at - timedelta(seconds=1)))
    page.fill("[name=ended_at]", second(typed_at))
    for zone, balls in zip(("red", "blue"), DRAWN, strict=True):
        for place, ball in enumerate(balls, start=1):
            page.fill(f"[name={zone}_{place}]", str(ball))
    page.fill("[name=witness_1_name]", "孟青")
    page.fill("[name=witness_1_office]", "示范公证处公证员")
    page.fill("[name=tests]", "09 01 02 03 04 05 + 16")
    page.fill("[name=blue_1]", "8")
    submit(one)
    assert "与已确认的号码不符" in one.look("minutes-wrong-ball"), "balls of another draw"
    assert seen(one, deep=deep) == []
    assert not DrawMinutes.objects.exists()
    page.fill("[name=blue_1]", "7")
    submit(one)
    page.wait_for_url(f"**/desk/draws/{draw.code}/minutes/")


def _signs(one: browser.Visitor, other: browser.Visitor, draw: Draw, *, deep: bool) -> None:
    judge(one, "minutes-of-the-writer", deep=deep)
    assert one.page.locator("[name=has_read]").count() == 0, "not by him who wrote them"
    other.go(f"/desk/draws/{draw.code}/")
    other.page.click('a[href$="/minutes/"] >> nth=0')
    submit(other)  # not read
    judge(other, "minutes-not-read", deep=deep)
    assert minutes.signed(draw) is None
    other.page.check("[name=has_read]")
    submit(other)
    other.page.wait_for_url(f"**/desk/draws/{draw.code}/")
    assert minutes.signed(draw) == DrawMinutes.objects.get(draw=draw)


def _takes_away(reader: browser.Visitor, draw: Draw, made: DrawMinutes, *, deep: bool) -> None:
    page = reader.page
    reader.go(f"/desk/draws/{draw.code}/minutes/")
    judge(reader, "minutes-signed", deep=deep)
    shown = "".join(page.locator(".hash").all_inner_texts()).replace(" ", "").replace("\n", "")
    with page.expect_download() as told:
        page.click('a[href$="/1.json"]')
    text = Path(told.value.path()).read_bytes()
    assert hashlib.sha256(text).hexdigest() == made.digest
    assert made.digest in shown
    assert json.loads(text)["drawn"] == DRAWN
    paper = page.get_attribute('a[href$="/1.pdf"]', "href")
    answer = reader.context.request.get(f"{reader.house}{paper}")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")
    assert made.digest[:8] in told.value.suggested_filename or draw.code in (
        told.value.suggested_filename
    )


def _corrects(one: browser.Visitor, other: browser.Visitor, draw: Draw, *, deep: bool) -> None:
    """The correction begins with what was written, to the second, and counts once it is signed."""
    page = one.page
    before = json.loads(DrawMinutes.objects.get(draw=draw).body)
    one.go(f"/desk/draws/{draw.code}/minutes/")
    page.click('a[href$="/minutes/write/"] >> nth=0')
    page.fill("[name=place]", "示范开奖大厅，二层")
    page.fill("[name=reason]", "地点写得不全")
    judge(one, "minutes-correction", deep=deep)
    submit(one)
    page.wait_for_url(f"**/desk/draws/{draw.code}/minutes/")
    other.go(f"/desk/draws/{draw.code}/minutes/")
    judge(other, "minutes-correction-to-sign", deep=deep)
    other.page.check("[name=has_read]")
    submit(other)

    after = json.loads(DrawMinutes.objects.get(draw=draw, edition=2).body)
    differing = {name for name in after if after[name] != before.get(name)}
    assert {"place", "began_at", "ended_at"} & differing == {"place"}
    assert minutes.signed(draw) == DrawMinutes.objects.get(draw=draw, edition=2)
