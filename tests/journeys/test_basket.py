"""The basket that the browser keeps: nothing that was chosen is lost on the way to the board."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import browser, make

from . import stage

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., browser.Visitor]
QUICK_PICK = "main form button[value=quick-pick-1]"


def basket_of(visitor: browser.Visitor) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(visitor.page.input_value("[name=basket]"))
    return rows


def from_home(visitor: browser.Visitor) -> str:
    """Press the button on the first page; the page that answers, as it was sent."""
    visitor.go("/")
    with visitor.page.expect_navigation() as told:
        visitor.page.click(QUICK_PICK)
    return str(told.value.text())


@pytest.mark.thorough
def test_a_quick_pick_from_the_first_page_joins_the_basket(visit: Visit) -> None:
    """F027, F033: what lies in the basket stays, and so do numbers not yet put into it."""
    stage.draw()
    visitor = visit(cookies=browser.session_of(make.player(wallet=50_00).user))
    page = visitor.page
    visitor.go("/play/ssq/")
    page.click("button[value=quick-pick-1]")
    expect(page.locator(".basket-row")).to_have_count(1)
    kept = basket_of(visitor)
    for number in ("03", "08", "11"):
        page.click(f"[data-zone=red] .key[data-name='{number}']")

    from_home(visitor)

    expect(page.locator(".basket-row")).to_have_count(2)
    assert basket_of(visitor)[0] == kept[0]
    assert page.locator(".key[aria-pressed=true]").all_inner_texts() == ["03", "08", "11"]
    visitor.look("basket-from-home")


@pytest.mark.thorough
def test_a_quick_pick_joins_the_basket_once_however_often_its_page_is_shown(visit: Visit) -> None:
    """F033: going back to the page does not add the same line again, nor bring back one removed."""
    stage.draw()
    visitor = visit(cookies=browser.session_of(make.player(wallet=50_00).user))
    page = visitor.page
    shown = from_home(visitor)
    expect(page.locator(".basket-row")).to_have_count(1)

    for left in (1, 0):
        if left == 0:
            page.click(".basket-row button")
            expect(page.locator(".basket-row")).to_have_count(0)
        shown_again(visitor, shown)
        assert len(basket_of(visitor)) == left


def shown_again(visitor: browser.Visitor, html: str) -> None:
    """The answer to the quick pick once more, as a browser shows it from its store."""
    address = f"{visitor.house}/play/ssq/"
    visitor.page.route(address, lambda route: route.fulfill(body=html, content_type="text/html"))
    visitor.page.goto(address)
    visitor.page.unroute(address)
    visitor.page.wait_for_selector("[data-part=sum]")
