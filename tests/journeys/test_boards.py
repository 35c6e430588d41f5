"""One visitor buys a ticket of every game: eight boards, one basket, one payment."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from finance import ledger
from sales.models import Purchase, Selection
from tests import browser, make

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., browser.Visitor]
GAMES = ("ssq", "fc3d", "kl8", "qlc", "dlt", "pl3", "pl5", "qxc")


def press(page: Page, place: str, *keys: str) -> None:
    """Press keys of a place by what stands on them."""
    for key in keys:
        page.click(f"[data-zone='{place}'] .key[data-name='{key}']")


def way(page: Page, code: str) -> None:
    """Go to another way to bet, unfolding the ways where they are folded."""
    if page.locator("details.ways:not(.more-games):not([open])").count():
        page.click("details.ways:not(.more-games) > summary")
    with page.expect_navigation():
        page.click(f"button[value='way-{code}']")


def add(page: Page, lines: int, price: str) -> None:
    """What is chosen makes so many lines; put it into the basket."""
    before = page.locator("[data-part=basket] .basket-row").count()
    expect(page.locator("[data-part=odds-any]")).to_have_text(re.compile(r"^1 / [\d.,]+$"))
    page.click("[data-part=add]")
    row = page.locator("[data-part=basket] .basket-row")
    expect(row).to_have_count(before + 1)
    expect(row.last.locator("[data-row=lines]")).to_contain_text(f"{lines} 注")
    expect(row.last.locator("[data-row=price]")).to_have_text(f"{price} 元")


def goto(page: Page, game: str) -> None:
    """To the board of another game, the basket in hand."""
    page.click("details.more-games > summary")
    with page.expect_navigation():
        page.click(f"button[data-goto='/play/{game}/']")


def choose_balls(visitor: browser.Visitor) -> None:
    """双色球, 大乐透 with bankers and 追加, 快乐8, 七乐彩."""
    page = visitor.page
    page.click("a[href='/play/ssq/']")
    press(page, "red", "01", "02", "03", "04", "05", "06")
    press(page, "blue", "07")
    add(page, 1, "2.00")

    goto(page, "dlt")
    page.check("[name=extra]")
    expect(page.locator("[data-part=line-price]")).to_have_text("每注 3 元")
    page.check("[name=mode][value=banker]", force=True)
    press(page, "front", "01", "01", "02", "03", "04", "05", "06")
    press(page, "back", "11", "12")
    visitor.look("board-dlt")
    add(page, 5, "15.00")

    goto(page, "kl8")
    way(page, "pick3")
    press(page, "main", "01", "40", "41", "80")
    visitor.look("board-kl8")
    add(page, 4, "8.00")

    goto(page, "qlc")
    press(page, "main", "01", "02", "03", "04", "05", "06", "07", "30")
    add(page, 8, "16.00")


def choose_digits(visitor: browser.Visitor) -> None:
    """福彩3D in several ways, 排列3 with a banker, 排列5 by quick pick, 七星彩."""
    page = visitor.page
    goto(page, "fc3d")
    press(page, "d1", "1", "2")
    press(page, "d2", "0")
    expect(page.locator("[data-part=why]")).to_have_text("个位还差 1 个")
    press(page, "d3", "9")
    visitor.look("board-fc3d")
    add(page, 2, "4.00")
    way(page, "group3_multi")
    press(page, "pair", "1", "2", "3")
    add(page, 6, "12.00")
    way(page, "combo3")
    press(page, "d1", "1")
    press(page, "d2", "2")
    press(page, "d3", "3")
    expect(page.locator("[data-part=why]")).to_contain_text("恰好两个数字相同")
    way(page, "big_small")
    page.click("[data-zone='big_small'] .key >> nth=1")
    add(page, 1, "2.00")
    visitor.look("board-fc3d-choice")

    goto(page, "pl3")
    way(page, "group6")
    page.check("[name=mode][value=banker]", force=True)
    press(page, "digits", "0", "0", "1", "2", "3")
    visitor.look("board-pl3-banker")
    add(page, 3, "6.00")

    goto(page, "pl5")
    page.click("button[value=quick-pick-1]")
    expect(page.locator("[data-part=basket] .basket-row")).to_have_count(1)

    goto(page, "qxc")
    for place in ("d1", "d2", "d3", "d4", "d5", "d6"):
        press(page, place, "5")
    press(page, "last", "14")
    visitor.look("board-qxc")


@pytest.mark.thorough
def test_a_ticket_of_every_game_is_chosen_on_its_board_and_all_are_paid_together(
    visit: Visit,
) -> None:
    """F026-F028, F032, F033, F042: columns, groups, keno, choices in words, bankers, 追加."""
    for game in GAMES:
        make.draw(game)
    player = make.player(wallet=100_00)
    visitor = visit(cookies=browser.session_of(player.user))
    page = visitor.page
    visitor.go("/play/")
    visitor.look("games")
    choose_balls(visitor)
    choose_digits(visitor)
    expect(page.locator("[data-part=others-list] .basket-row")).to_have_count(7)
    expect(page.locator("[data-part=sum]")).to_have_text("69.00 元")
    expect(page.locator("[data-part=after]")).to_contain_text("31.00")

    page.click("[data-part=confirm]")
    words = visitor.look("confirm-all")
    assert "69.00" in words
    page.click("main form button[value=change]")
    expect(page.locator("[data-part=basket] .basket-row")).to_have_count(1)
    expect(page.locator("[data-part=others-list] .basket-row")).to_have_count(7)
    expect(page.locator(".key[aria-pressed=true]")).to_have_count(0)
    expect(page.locator("[data-part=sum]")).to_have_text("69.00 元")
    page.click("[data-part=confirm]")
    page.click("main form:has([name=request_key]) button[type=submit]")
    page.wait_for_url(re.compile(r"/tickets/\?bought="))
    visitor.look("bought-all")

    (bought,) = Purchase.objects.all()
    assert bought.price == 69_00
    assert ledger.balance(f"wallet:{player.code}") == 31_00
    kinds = {
        ticket.draw.game.code: sorted(
            Selection.objects.filter(ticket_id=ticket.pk).values_list("bet_type", flat=True)
        )
        for ticket in bought.sold()
    }
    assert kinds == {
        "ssq": ["single"],
        "dlt": ["banker_add"],
        "kl8": ["pick3_multi"],
        "qlc": ["multiple"],
        "fc3d": ["big_small", "group3_multi", "straight"],
        "pl3": ["group6_bank"],
        "pl5": ["single"],
        "qxc": ["single"],
    }
    for ticket in bought.sold():
        visitor.go(f"/tickets/{ticket.code}/")
        visitor.look(f"ticket-{ticket.draw.game.code}")
    visitor.go("/play/qxc/")
    expect(page.locator("[data-part=others]")).to_be_hidden()
    expect(page.locator("[data-part=basket] .basket-row")).to_have_count(0)
