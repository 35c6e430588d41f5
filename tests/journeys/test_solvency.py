"""The player adds his own money up to the published total, in his browser and from a saved page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from accounts.models import Player
from finance.models import Account
from finance.solvency import nightly
from lottery_portal.lib.db import database_time
from tests import browser, make, owner

pytestmark = [
    pytest.mark.journey,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]

Visit = Callable[..., browser.Visitor]
BOX = "[data-solvency]"


def a_published_night() -> Player:
    """A player with 328 yuan among four others, in a night that is published."""
    mine = make.player(wallet=328_00)
    for number in range(4):
        make.player("王海", wallet=number * 77_00)
    with owner.as_owner() as hand:  # they were players yesterday
        hand.execute("ALTER TABLE finance_account DISABLE TRIGGER USER")
        hand.execute("UPDATE finance_account SET opened_at = opened_at - interval '1 day'")
        owner.guards_up(hand)
    assert nightly.publish(now=database_time()) is not None
    assert Account.objects.filter(kind="HOLD", is_shadow=False).count() >= 5
    return mine


@pytest.fixture
def published(house: str, begin: Callable[[Callable[[], Player]], Player]) -> Player:
    return begin(a_published_night)


def outcome(page: Page) -> str:
    """What the box says in the end."""
    page.wait_for_selector(f"{BOX}[data-outcome]")
    return str(page.locator(BOX).get_attribute("data-outcome"))


def failed(page: Page) -> set[str]:
    """The steps that do not fit."""
    steps = "all => all.map((one) => one.dataset.step)"
    return set(page.locator(f"{BOX} [data-ok=false]").evaluate_all(steps))


def test_the_player_finds_his_money_in_the_published_total(visit: Visit, published: Player) -> None:
    """N08"""
    visitor = visit(cookies=browser.session_of(published.user))
    visitor.go("/wallet/solvency/")
    page = visitor.page

    page.click("[data-proof-check]")

    assert outcome(page) == "good"
    assert page.locator(f"{BOX} [data-ok=true]").count() == 6


# A text that begins otherwise, whatever it began with.
ANOTHER = "((text) => (text[0] === 'A' ? 'B' : 'A') + text.slice(1))"


CHANGES = {
    "p.purses_fen -= 100": "path",
    "p.purses_fen = -100": "leaf",
    "p.prizes_fen = -1": "leaf",
    "p.path[0].fen -= 1": "path",
    "p.path[0].fen = -5": "path",
    "p.path.pop()": "path",
    "p.index += 1": "path",
    "p.statement = p.statement.replace('total_fen', 'total')": "signature",
    f"p.signature.signature = {ANOTHER}(p.signature.signature)": "signature",
    "p.keys[0].key_id = 'operations-00000000'": "keys",
}


@pytest.mark.thorough
def test_whatever_is_changed_is_found(visit: Visit, published: Player) -> None:
    """N08: an amount, a neighbour's sum, one below zero, the statement, the signature, the key."""
    visitor = visit(cookies=browser.session_of(published.user))
    page, missed = visitor.page, {}

    for change, step in CHANGES.items():
        visitor.go("/wallet/solvency/")
        page.evaluate(
            f"""() => {{
                const data = document.getElementById("solvency-data");
                const p = JSON.parse(data.textContent);
                {change};
                data.textContent = JSON.stringify(p);
            }}"""
        )
        page.click("[data-proof-check]")
        told = outcome(page), failed(page)
        if told[0] != "bad" or not told[1] & {step, "root"}:
            missed[change] = told

    assert missed == {}


@pytest.mark.thorough
def test_the_saved_page_checks_itself_without_a_network(
    visit: Visit, published: Player, tmp_path: Path
) -> None:
    """N08"""
    visitor = visit(cookies=browser.session_of(published.user))
    body = visitor.page.context.request.get("/wallet/solvency/proof.html").text()
    saved = tmp_path / "solvency.html"
    saved.write_text(body, encoding="utf-8")
    page = visitor.page.context.new_page()
    page.context.set_offline(True)

    page.goto(saved.as_uri())

    assert outcome(page) == "good"
    less = body.replace('"purses_fen": 32800', '"purses_fen": 32700')
    assert less != body
    saved.write_text(less, encoding="utf-8")
    page.goto(saved.as_uri())
    assert outcome(page) == "bad"
    assert json.loads(page.locator("#solvency-data").text_content() or "")["purses_fen"] == 327_00
