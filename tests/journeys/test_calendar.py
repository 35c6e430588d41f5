"""The calendar, a cancelled draw and stopped sales, as clerks and players see them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from audit import approvals
from games import switches
from lottery_portal import jobs
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time
from sales import draw_cancellation
from sales.models import Ticket
from tests import browser, make, make_cancelled, people

from . import stage
from .test_accessibility import seen

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., browser.Visitor]


def judge(visitor: browser.Visitor, name: str, *, deep: bool) -> None:
    """The page as it stands: its words, its width, and in Chinese what axe says of it."""
    visitor.look(name)
    if visitor.language != "en":
        assert seen(visitor, deep=deep) == []


@pytest.mark.thorough
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_draw_is_cancelled_from_the_calendar_and_everybody_reads_why(
    visit: Visit, language: str, *, deep: bool
) -> None:
    """F025, F075: month, dry run, request; then ticket, result, seal and calendar say the same."""
    draw = stage.draw()
    alice = make.player(wallet=20_00)
    make.purchase(alice, draw)
    official = people.member("draw_official").user
    desk = visit(cookies=browser.session_of(official), language=language)
    player = visit(cookies=browser.session_of(alice.user), language=language)
    month = f"{in_shanghai(draw.draws_at):%Y-%m}"

    desk.go(f"/desk/calendar/?month={month}")
    judge(desk, "desk-calendar", deep=deep)
    desk.page.click(f"a[href='/desk/draws/{draw.code}/']")
    desk.go(f"/desk/draws/{draw.code}/times/")
    judge(desk, "draw-times", deep=deep)
    desk.go("/desk/calendar/closures/new/")
    judge(desk, "closure-new", deep=deep)
    day = in_shanghai(database_time()).date() + timedelta(days=9)
    desk.page.fill("[name=first_on]", f"{day}")
    desk.page.fill("[name=last_on]", f"{day + timedelta(days=2)}")
    desk.page.fill("[name=notice]", "财政部公告（测试）")
    with desk.page.expect_navigation():
        desk.page.click("main form .btn--primary")
    judge(desk, "closure-looked", deep=deep)

    desk.go(f"/desk/draws/{draw.code}/cancel/")
    judge(desk, "draw-cancel", deep=deep)
    desk.page.fill("[name=reason]", make_cancelled.REASON)
    desk.page.check("[name=is_sure]")
    with desk.page.expect_navigation():
        desk.page.click("main form .btn--danger")
    judge(desk, "draw-cancel-asked", deep=deep)
    player.go("/play/ssq/")
    (asked,) = approvals.under_way(draw_cancellation.KIND)
    make_cancelled.agreed(asked)
    jobs.run_pending(kinds=frozenset({"sales.refund_draw"}))

    desk.go(f"/desk/draws/{draw.code}/")
    judge(desk, "draw-cancelled-desk", deep=deep)
    code = Ticket.objects.get().code
    for address, name in (
        (f"/tickets/{code}/", "ticket-refunded"),
        (f"/results/ssq/{draw.issue}/", "draw-cancelled"),
        (f"/calendar/?month={month}", "calendar"),
        ("/calendar/?month=2026-02", "calendar-closure"),
    ):
        player.go(address)
        if name != "calendar-closure":
            assert make_cancelled.REASON in player.text()
        judge(player, name, deep=deep)


@pytest.mark.thorough
def test_an_open_basket_learns_within_five_seconds_why_sales_stopped(visit: Visit) -> None:
    """F039: the reason stands beside the button that rests; when sales go on it may be pressed."""
    stage.draw()
    visitor = visit(cookies=browser.session_of(make.player(wallet=50_00).user))
    page = visitor.page
    visitor.go("/play/ssq/")
    with page.expect_response("**/quote/"):  # what it costs is known before sales stop
        page.click("button[value=quick-pick-1]")
    expect(page.locator(".basket-row")).to_have_count(1)
    risk = people.member("risk").user
    began = time.monotonic()

    switches.switch(
        scope="all", is_off=True, reason="开奖设备检修", actor=risk, now=database_time()
    )
    told = page.locator("[data-sale-watch]")
    expect(told).to_contain_text("开奖设备检修")
    assert time.monotonic() - began < 5

    expect(page.locator("button[value=confirm]").first).to_be_disabled()
    visitor.look("basket-told")
    switches.switch(scope="all", is_off=False, reason="恢复", actor=risk, now=database_time())
    expect(told).to_be_hidden()
    expect(page.locator("button[value=confirm]").first).to_be_enabled()


@pytest.mark.thorough
def test_licences_as_compliance_sees_them(visit: Visit, *, deep: bool) -> None:
    """F023, F024: the list, a new one with its scope, and an early end."""
    compliance = people.member("compliance").user
    desk = visit(cookies=browser.session_of(compliance))

    for address, name in (
        ("/desk/licences/", "licences"),
        ("/desk/licences/new/", "licence-new"),
        ("/desk/licences/end/DEMO-2026-001/", "licence-end"),
    ):
        desk.go(address)
        judge(desk, name, deep=deep)
