"""Refused purchases in the browser: a page that says why, with the figures, and nothing moved."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Player
from finance import ledger
from games import switches
from games.models import Draw
from lottery_portal.lib.db import database_time
from sales import closing
from sales.models import Purchase, Ticket
from tests import browser, make, owner, people

from . import stage

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., browser.Visitor]
SINGLE = {"t": "single", "b": [[], []], "p": [[1, 2, 3, 4, 5, 6], [7]], "m": 1, "q": False}
REASON = "系统维护，预计 22:00 恢复"


def at_the_board(visit: Visit, player: Player, **options: object) -> browser.Visitor:
    """A player who looks at the board with one line chosen."""
    visitor = visit(cookies=browser.session_of(player.user), **options)
    visitor.go("/play/ssq/")
    choose(visitor)
    return visitor


def choose(visitor: browser.Visitor) -> None:
    for zone, numbers in (("red", range(1, 7)), ("blue", (7,))):
        for number in numbers:
            visitor.page.click(f'[data-zone={zone}] .key[data-name="{number:02d}"]')


def confirm(visitor: browser.Visitor) -> None:
    with visitor.page.expect_navigation():
        visitor.page.click("[data-part=confirm]")


def pay(visitor: browser.Visitor) -> int:
    """Press the button that pays; the status of the answer."""
    with visitor.page.expect_navigation() as told:
        visitor.page.click("main form:has([name=request_key]) button[type=submit]")
    answer = told.value
    assert answer is not None
    return answer.status


def nothing_moved(player: Player, wallet: int) -> None:
    assert not Purchase.objects.exists()
    assert not Ticket.objects.exists()
    assert ledger.balance(f"wallet:{player.code}") == wallet
    assert ledger.trial_balance() == 0


def test_a_draw_that_closed_meanwhile_is_refused_with_both_moments(visit: Visit) -> None:
    """F037: when it closed, when the request came, what was not charged."""
    draw, crew = stage.draw(), stage.staff("draw_official", "approver")
    buyer = make.player(wallet=50_00)
    visitor = at_the_board(visit, buyer)
    confirm(visitor)
    closes_at = database_time() + timedelta(seconds=1)
    stage.change_times(
        draw,
        maker=crew["draw_official"][0],
        checker=crew["approver"][0],
        closes_at=closes_at,
        draws_at=closes_at + timedelta(minutes=5),
    )
    make.wait_until(closes_at)
    closing.close(draw=draw, now=people.right_now())

    status = pay(visitor)
    words = visitor.look("refusal-closed")

    assert status == 409
    assert draw.issue in visitor.page.inner_text("h1")
    closed = timezone.localtime(closes_at)
    assert f"{closed:%H:%M:%S}.{closed.microsecond // 1000:03d}" in words
    assert "2.00" in words
    assert "没有扣款" in words
    assert Draw.objects.get(pk=draw.pk).state == Draw.State.CLOSED
    nothing_moved(buyer, 50_00)


@pytest.mark.thorough
def test_a_wallet_that_is_too_small_is_refused_with_what_is_missing(visit: Visit) -> None:
    """F042: what the bet costs, what is there, what is missing; the way on keeps the numbers."""
    stage.draw()
    buyer = make.player(wallet=1_50)
    visitor = at_the_board(visit, buyer)
    page = visitor.page
    confirm(visitor)
    words = visitor.look("refusal-money")

    for figure in ("2.00", "1.50", "0.50"):
        assert figure in words
    with page.expect_navigation():
        page.click('a[href="/wallet/deposit/?amount=0.50"]')
    visitor.look("deposit-missing")
    assert page.input_value("[name=amount]") == "0.50"
    visitor.go("/play/ssq/")
    expect(page.locator(".key[aria-pressed=true]")).to_have_count(7)
    nothing_moved(buyer, 1_50)


@pytest.mark.thorough
def test_a_ticket_above_twenty_thousand_yuan_is_refused_with_the_cap(visit: Visit) -> None:
    """F028: the board says so before anything is sent, the server to whoever sends it."""
    stage.draw()
    buyer = make.player(wallet=40_000_00)
    visitor = at_the_board(visit, buyer)
    page = visitor.page
    for number in range(7, 13):
        page.click(f'[data-zone=red] .key[data-name="{number:02d}"]')
    page.fill("[name=multiplier]", "12")
    page.press("[name=multiplier]", "Tab")

    # 12 reds and a blue are 924 lines; twelve times 1,848 yuan.
    expect(page.locator("[data-part=confirm]")).to_be_disabled()
    expect(page.locator("[data-part=why]")).to_contain_text("20,000")
    visitor.look("board-too-dear")

    page.fill("[name=multiplier]", "1")
    page.press("[name=multiplier]", "Tab")
    confirm(visitor)
    dear = [{**SINGLE, "t": "multiple", "p": [list(range(1, 13)), [7]], "m": 12}]
    page.locator("[name=basket]").evaluate("(field, text) => field.value = text", json.dumps(dear))
    assert pay(visitor) == 409
    words = visitor.look("refusal-too-dear")
    assert "22,176.00" in words
    assert "20,000.00" in words
    nothing_moved(buyer, 40_000_00)


@pytest.mark.thorough
def test_who_is_not_verified_is_led_to_the_identity_check(visit: Visit) -> None:
    """F002: and the numbers wait."""
    stage.draw()
    newcomer = make.player(verified=False)
    visitor = at_the_board(visit, newcomer)
    confirm(visitor)
    visitor.look("refusal-identity")

    assert visitor.page.locator('.refusal a.btn--primary[href="/me/identity/"]').count() == 1
    nothing_moved(newcomer, 0)


@pytest.mark.thorough
def test_sales_switched_off_say_why(visit: Visit) -> None:
    """F039: from the moment the switch is thrown, for who pays and for who comes."""
    stage.draw()
    crew = stage.staff("risk")
    buyer = make.player(wallet=50_00)
    visitor = at_the_board(visit, buyer)
    confirm(visitor)
    switches.switch(
        scope="game:ssq",
        is_off=True,
        reason=REASON,
        actor=crew["risk"][0].user,
        now=people.right_now(),
    )

    assert pay(visitor) == 503
    words = visitor.look("refusal-switched-off")
    assert REASON in words
    assert visitor.go("/play/ssq/").status == 503
    assert REASON in visitor.look("board-switched-off")
    nothing_moved(buyer, 50_00)


@pytest.mark.thorough
def test_without_a_licence_nothing_is_sold(visit: Visit) -> None:
    """F023: the board and the payment answer 503."""
    stage.draw()
    buyer = make.player(wallet=50_00)
    visitor = at_the_board(visit, buyer)
    confirm(visitor)
    # The licence is recorded until 2028 and stands; by force it has run out an hour ago.
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_licence DISABLE TRIGGER games_licence_never_changes")
        hand.execute("UPDATE games_licence SET valid_until = clock_timestamp() - interval '1 hour'")

    assert pay(visitor) == 503
    visitor.look("refusal-licence")
    assert visitor.go("/play/ssq/").status == 503
    visitor.look("board-licence")
    nothing_moved(buyer, 50_00)
