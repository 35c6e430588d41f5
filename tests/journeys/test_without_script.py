"""Buying with JavaScript switched off: forms, pages and refusals do all of it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from finance import ledger
from sales.models import Selection, Ticket
from tests import browser, make_money, people

from . import stage

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., browser.Visitor]


def tick(page: Page, name: str, *numbers: int) -> None:
    """Tick boxes of the board, as a finger does: on their labels."""
    for number in numbers:
        page.click(f'label.key:has(input[name="{name}"][value="{number}"])')


def press(page: Page, action: str) -> None:
    """Press a button of the board and wait for the answer."""
    with page.expect_navigation():
        page.click(f'button[name=action][value="{action}"]')


def plain(visit: Visit, login: str) -> browser.Visitor:
    """A visitor without script who has logged in through the page."""
    visitor = visit(script=False)
    browser.log_in(visitor, login, people.PASSWORD)
    visitor.page.wait_for_url(visitor.house + "/")
    return visitor


@pytest.mark.thorough
def test_a_ticket_is_bought_without_script(visit: Visit) -> None:
    """F026, F044: a single and a banker bet by check boxes, one ticket, its receipt."""
    stage.draw()
    login = people.phone()
    buyer = people.player(login=login)
    make_money.fund(buyer, 100_00)
    visitor = plain(visit, login)
    page = visitor.page
    visitor.go("/play/ssq/")
    visitor.look("plain-board")

    tick(page, "red", 3, 8, 11, 17, 22, 26)
    tick(page, "blue", 7)
    press(page, "add")
    visitor.look("plain-board-basket")
    page.check("[name=mode][value=banker]", force=True)
    page.click("summary >> nth=0")
    tick(page, "red_banker", 6, 13)
    tick(page, "red", 11, 14, 20, 22, 28, 31)
    tick(page, "blue", 16)
    press(page, "confirm")
    words = visitor.look("plain-confirm")
    assert "32.00" in words
    assert "68.00" in words
    assert not Ticket.objects.exists()
    with page.expect_navigation():
        page.click("main form:has([name=request_key]) button[type=submit]")
    visitor.look("plain-ticket")

    ticket = Ticket.objects.get()
    assert page.url.startswith(f"{visitor.house}/tickets/{ticket.code}/")
    assert (ticket.lines, ticket.price) == (1 + 15, 32_00)
    kinds = Selection.objects.filter(ticket_id=ticket.pk).order_by("position")
    assert list(kinds.values_list("bet_type", flat=True)) == ["single", "banker"]
    assert ledger.balance(f"wallet:{buyer.code}") == 68_00
    assert page.locator(".qr").count() == 1


@pytest.mark.thorough
def test_a_refusal_without_script_shows_the_figures_and_keeps_the_basket(visit: Visit) -> None:
    """F042: what was missing, that nothing was charged, and the numbers are still there."""
    stage.draw()
    login = people.phone()
    buyer = people.player(login=login)
    make_money.fund(buyer, 10_00)
    visitor = plain(visit, login)
    page = visitor.page
    visitor.go("/play/ssq/")
    tick(page, "red", 1, 2, 3, 4, 5, 6, 7)
    tick(page, "blue", 8)

    press(page, "confirm")
    words = visitor.look("plain-refusal-money")

    for figure in ("14.00", "10.00", "4.00"):
        assert figure in words
    assert "没有扣款" in words
    assert page.locator('a[href="/wallet/deposit/?amount=4.00"]').count() == 1
    with page.expect_navigation():
        page.click("form:has([name=basket]) button")
    (kept,) = json.loads(page.input_value("[name=basket]"))
    assert kept["p"] == [[1, 2, 3, 4, 5, 6, 7], [8]]
    assert not Ticket.objects.exists()
    assert ledger.balance(f"wallet:{buyer.code}") == 10_00


def test_the_language_changes_without_script_and_the_page_stays(visit: Visit) -> None:
    """F254: one button, both ways."""
    stage.draw()
    visitor = visit(script=False)
    page = visitor.page
    visitor.go("/help/rules/")
    assert page.get_attribute("html", "lang") == "zh-Hans"

    with page.expect_navigation():
        page.click("button[name=language][value=en] >> visible=true")
    visitor.language = "en"
    assert page.url == f"{visitor.house}/help/rules/"
    assert page.get_attribute("html", "lang") == "en"
    visitor.look("plain-english")
    with page.expect_navigation():
        page.click("button[name=language][value=zh-hans] >> visible=true")

    assert page.get_attribute("html", "lang") == "zh-Hans"
