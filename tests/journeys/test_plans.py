"""A plan in a browser: chosen on the board, begun, played through draws, stopped by a prize."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from finance import ledger, wallets
from lottery_portal.lib.db import database_time
from sales import plan_steps
from sales.models import Plan
from tests import browser, make

from . import stage

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., browser.Visitor]
LOST, WON = [[20, 21, 22, 23, 24, 25], [8]], [[1, 2, 3, 30, 31, 32], [7]]


@pytest.mark.thorough
def test_a_plan_stops_when_its_second_ticket_wins(visit: Visit) -> None:
    """F029, F052: number of draws and total on the board, the last look, two draws, the end."""
    crew = stage.staff("draw_official", "approver")
    first = stage.draw()
    player = make.player(wallet=50_00)
    visitor = visit(cookies=browser.session_of(player.user))
    page = visitor.page
    visitor.go("/play/ssq/")
    for number in ("01", "02", "03", "04", "05", "06"):
        page.click(f"[data-zone=red] .key[data-name='{number}']")
    page.click("[data-zone=blue] .key[data-name='07']")
    for _press in range(4):
        page.click("[data-more='1']")
    expect(page.locator("[data-part=plan-sum]")).to_contain_text("10.00")
    expect(page.locator("[data-part=sum]")).to_contain_text("10.00")
    expect(page.locator("[data-part=after]")).to_contain_text("40.00")
    visitor.look("plan-board")

    page.click("button[value=confirm]")
    page.check("#stop-any")
    visitor.look("plan-confirm")
    page.click("main form button[type=submit]")
    page.wait_for_url(re.compile(r"/plans/[0-9A-Z]+/\?begun=1"))
    visitor.look("plan-begun")
    plan = Plan.objects.get()
    assert (plan.draws, plan.stop_from, plan.lines) == (5, 1, 1)
    assert (wallets.available(player), wallets.planned(player)) == (40_00, 8_00)

    stage.settled(stage.sealed(first, crew), crew, LOST)
    second = stage.draw()
    assert [one.did for one in plan_steps.advance_due(now=database_time())] == ["bought"]
    stage.settled(stage.sealed(second, crew), crew, WON)
    assert plan_steps.stop_winners(draw=second, now=database_time()) == 1

    visitor.go(f"/plans/{plan.code}/")
    rows = page.locator("main section .rows .row")
    expect(rows).to_have_count(5)  # two bought, three that were not, because it stopped
    for place in (2, 3, 4):
        expect(rows.nth(place)).to_contain_text("未购买")
    expect(page.locator("main .kv")).to_contain_text("6.00")
    visitor.look("plan-stopped")
    assert wallets.planned(player) == 0
    prize = wallets.purses(player).winnings_fen
    assert prize > 0
    assert wallets.available(player) == 46_00 + prize
    rows.nth(1).click()
    expect(page.locator(".timeline .is-done")).to_have_count(5)
    expect(page.locator(".timeline a[href='#proof']")).to_have_count(1)
    visitor.look("plan-ticket")
    visitor.go("/plans/")
    visitor.look("plans")
    assert ledger.verify_books() == []


@pytest.mark.thorough
def test_a_plan_is_stopped_by_its_player(visit: Visit) -> None:
    """F029: with a question before it; the money is there at once."""
    stage.draw()
    player = make.player(wallet=50_00)
    visitor = visit(cookies=browser.session_of(player.user))
    page = visitor.page
    visitor.go("/play/ssq/")
    page.click("button[value=quick-pick-1]")
    expect(page.locator(".basket-row")).to_have_count(1)
    page.fill("#draws", "10")
    page.click("button[value=confirm]")
    page.click("main form button[type=submit]")
    page.wait_for_url(re.compile(r"/plans/[0-9A-Z]+/\?begun=1"))
    assert wallets.available(player) == 30_00

    page.click("a.btn--danger")
    visitor.look("plan-stop")
    page.click("main form button[type=submit]")

    page.wait_for_url(re.compile(r"/plans/[0-9A-Z]+/$"))
    expect(page.locator("a.btn--danger")).to_have_count(0)
    assert (wallets.available(player), wallets.planned(player)) == (48_00, 0)
    visitor.go("/play/ssq/")
    assert page.input_value("#draws") == "1"
