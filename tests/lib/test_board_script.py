"""The board in a real browser, on the gallery's sample: counts, keeps, works without script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from csp.utils import build_policy
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import RequestFactory
from django.utils import translation
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

from lottery_portal import gallery
from tests import browser as browsing

HOUSE = "http://gallery.test"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
NO_CHANCE = "Math.random = () => { throw new Error('numbers come from the server'); };"
CLOCK_OFF = """
const Real = Date;
window.Date = class extends Real {
  constructor(...given) { given.length ? super(...given) : super(Real.now() + 600000); }
  static now() { return Real.now() + 600000; }
};
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("board"),  # with one browser for all of them
    pytest.mark.skipif(not browsing.chromium(), reason="there is no chromium on this machine"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        program, arguments = browsing.chromium(), list(browsing.ARGUMENTS)
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


class Shop:
    """Answers the browser with the gallery, the static files and small answers of the server."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.posted: list[tuple[str, str]] = []
        self.quotes: list[Route] = []
        self.holds_quotes = False
        self.told = {"first_one_in": "1,265,792", "any_one_in": "7.4", "why_not": ""}
        self.status = 200

    def hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.errors.append(said.text)

    def answer(self, route: Route) -> None:
        request = route.request
        where = urlsplit(request.url).path
        if request.method == "POST":
            self.posted.append((where, request.post_data or ""))
        if where.startswith("/static/"):
            found = finders.find(where.removeprefix("/static/")) or ""
            route.fulfill(body=Path(found).read_bytes(), content_type=TYPES[Path(found).suffix])
        elif where.endswith("/state/"):  # what an open basket asks now and then; nothing to say
            route.fulfill(status=204)
        elif where == "/quick":
            pick = {"t": "single", "b": [[], []], "p": [[1, 2, 3, 4, 5, 6], [7]], "m": 1, "q": True}
            many = int(parse_qs(request.post_data)["count"][0])
            route.fulfill(json={"selections": [pick] * many})
        elif where == "/quote":
            if self.holds_quotes:
                self.quotes.append(route)
            else:
                route.fulfill(json=self.told, status=self.status)
        elif request.method == "POST":
            route.fulfill(body="<title>posted</title>", content_type="text/html")
        else:
            with translation.override("en"):
                page = gallery.gallery(RequestFactory().get(where), where.split("/")[2])
            policy = build_policy(config=settings.CONTENT_SECURITY_POLICY["DIRECTIVES"])
            route.fulfill(
                body=page.content,
                content_type="text/html",
                headers={"Content-Security-Policy": policy},
            )


@pytest.fixture
def shop() -> Shop:
    return Shop()


def opened(browser: Browser, shop: Shop, *, at: str = "board", **options: Any) -> Page:
    scripts = options.pop("scripts", [NO_CHANCE])
    context = browser.new_context(viewport={"width": 390, "height": 844}, **options)
    for script in scripts:
        context.add_init_script(script)
    page = context.new_page()
    page.on("pageerror", lambda error: shop.errors.append(str(error)))
    page.on("console", shop.hear)
    page.route("**/*", shop.answer)
    page.goto(f"{HOUSE}/gallery/{at}/")
    return page


@pytest.fixture
def board(browser: Browser, shop: Shop) -> Iterator[Page]:
    page = opened(browser, shop)
    yield page
    assert shop.errors == []
    page.context.close()


def part(page: Page, name: str):
    return page.locator(f"[data-part='{name}']")


def press(page: Page, zone: str, *numbers: int) -> None:
    for number in numbers:
        page.locator(f"[data-zone='{zone}'] .key").nth(number - 1).click()


def basket(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(page.locator("[name=basket]").input_value())
    return found


def test_lines_price_balance_and_odds_follow_the_choice(board):
    expect(part(board, "facts")).to_have_text("This pick 14 lines + basket 2")
    expect(part(board, "sum")).to_have_text("34.00 yuan")
    expect(part(board, "after")).to_have_text("Balance after 94.00")
    expect(part(board, "odds-first")).to_have_text("1 / 1,265,792")
    expect(part(board, "odds-any")).to_have_text("1 / 7.4")

    press(board, "red", 31)

    expect(part(board, "facts")).to_have_text("This pick 2 lines + basket 2")
    expect(part(board, "odds-first")).to_have_text("1 / 8,860,544")


def test_what_is_missing_is_said_and_nothing_can_be_bought(board):
    press(board, "red", 31, 26)

    expect(part(board, "why")).to_have_text("1 more needed among the red numbers")
    expect(part(board, "confirm")).to_be_disabled()
    expect(part(board, "add")).to_be_disabled()


def test_a_banker_is_the_second_tap_and_the_third_undoes_it(board):
    board.get_by_label("Banker", exact=True).check()
    key = board.locator("[data-zone='red'] .key").nth(0)

    press(board, "red", 1)
    expect(key).to_have_attribute("aria-pressed", "true")
    assert "is-banker" not in key.get_attribute("class")
    press(board, "red", 1)
    expect(key).to_have_class("key is-banker")
    expect(part(board, "facts")).to_contain_text("42 lines")
    press(board, "red", 1)
    expect(key).to_have_attribute("aria-pressed", "false")


@pytest.mark.thorough
def test_a_banker_bet_needs_one_number_more_than_a_line(board):
    part(board, "confirm").wait_for()
    board.get_by_role("button", name="Clear").click()
    board.get_by_label("Banker", exact=True).check()

    press(board, "red", 1, 1, 2, 3, 4, 5, 6)
    press(board, "blue", 1)

    expect(part(board, "why")).to_have_text("1 more needed among the red numbers")
    press(board, "red", 7)
    expect(part(board, "facts")).to_have_text("This pick 6 lines + basket 2")


def test_quick_picks_come_from_the_server_and_carry_the_multiplier(board, shop):
    board.get_by_label("Multiplier of what you add").fill("3")
    board.get_by_label("Multiplier of what you add").blur()

    board.get_by_role("button", name="Quick pick 5").click()

    expect(board.locator(".basket-row")).to_have_count(7)
    assert [one["m"] for one in basket(board)] == [1, 2, 3, 3, 3, 3, 3]
    assert ("/quick", "count=5&bet_type=single") in shop.posted
    expect(board.get_by_label("Multiplier of what you add")).to_have_value("1")


def test_the_multiplier_counts_while_it_is_typed_and_goes_back_to_one(board):
    times = board.get_by_label("Multiplier of what you add")

    times.fill("3")
    expect(part(board, "sum")).to_have_text("90.00 yuan")
    times.fill("")
    expect(times).to_have_value("")
    times.fill("2")
    board.get_by_role("button", name="Add", exact=True).click()

    expect(times).to_have_value("1")
    assert [one["m"] for one in basket(board)] == [1, 2, 2]


@pytest.mark.thorough
def test_above_the_cap_of_a_ticket_nothing_is_said_of_the_balance(board):
    board.get_by_label("Multiplier of what you add").fill("99")
    press(board, "red", *range(12, 22))

    expect(part(board, "why")).to_contain_text("One ticket costs at most")
    expect(part(board, "after")).to_have_text("")


def test_a_chance_that_is_not_counted_says_why_and_the_first_prize_stands(browser, shop):
    shop.told = {"first_one_in": "1,265,792", "any_one_in": None, "why_not": "Only up to 6 picks."}
    page = opened(browser, shop)

    expect(part(page, "odds-any")).to_have_text("not counted")
    expect(part(page, "odds-first")).to_have_text("1 / 1,265,792")
    expect(part(page, "odds-note")).to_have_text("Only up to 6 picks.")
    assert shop.errors == []
    page.context.close()


def test_basket_and_half_a_pick_survive_a_reload(browser, shop):
    page = opened(browser, shop, at="board-empty")
    press(page, "red", 1, 2, 3, 4, 5, 6, 7)
    press(page, "blue", 16)
    part(page, "add").click()
    press(page, "red", 33)

    page.reload()

    expect(page.locator(".basket-row")).to_have_count(1)
    assert basket(page) == [
        {
            "t": "multiple",
            "b": [[], []],
            "p": [[1, 2, 3, 4, 5, 6, 7], [16]],
            "m": 1,
            "q": False,
        }
    ]
    expect(page.locator("[data-zone='red'] .key").last).to_have_attribute("aria-pressed", "true")
    page.context.close()


def test_the_basket_the_server_hands_back_goes_before_the_stored_one(browser, shop):
    stored: dict[str, list[str]] = {"basket": []}
    keep = f"sessionStorage.setItem('basket:ssq', {json.dumps(json.dumps(stored))});"

    page = opened(browser, shop, scripts=[NO_CHANCE, keep])

    expect(page.locator(".basket-row")).to_have_count(2)
    page.context.close()


def test_a_stored_basket_is_used_only_as_far_as_it_is_sound(browser, shop):
    stored = {
        "basket": [
            {"t": "single", "b": [[], []], "p": [[1, 2, 3, 4, 5, 6], [1]], "m": 1, "q": False},
            {"t": "single", "b": [[], []], "p": [[1, 2, 3, 4, 5, 99], [1]], "m": 1, "q": False},
            {"t": "single", "b": [[], []], "p": [[1, 2, 3], [1]], "m": 1, "q": False},
            {"t": "single", "b": [[], []], "p": [[1, 2, 3, 4, 5, 6], [1]], "m": 1e9, "q": False},
        ]
    }
    keep = f"sessionStorage.setItem('basket:ssq', {json.dumps(json.dumps(stored))});"

    page = opened(browser, shop, at="board-empty", scripts=[NO_CHANCE, keep])

    expect(page.locator(".basket-row")).to_have_count(1)
    page.context.close()


def test_what_is_posted_is_the_basket_with_the_finished_pick(board, shop):
    part(board, "confirm").click()
    board.wait_for_url("**/gallery/confirm/")

    (body,) = [body for where, body in shop.posted if where == "/gallery/confirm/"]
    fields = parse_qs(body)
    assert fields["action"] == ["confirm"]
    assert len(json.loads(fields["basket"][0])) == 3
    assert "red" not in fields


@pytest.mark.thorough
def test_a_late_answer_for_an_earlier_choice_is_not_shown(browser, shop):
    shop.holds_quotes = True
    page = opened(browser, shop)
    page.wait_for_timeout(400)
    press(page, "blue", 7)
    page.wait_for_timeout(400)
    assert len(shop.quotes) == 2

    shop.quotes[1].fulfill(json={"first_one_in": "2,531,584", "any_one_in": "9.9"})
    expect(part(page, "odds-any")).to_have_text("1 / 9.9")
    shop.quotes[0].fulfill(json={"first_one_in": "1,265,792", "any_one_in": "7.4"})
    page.wait_for_timeout(200)

    expect(part(page, "odds-any")).to_have_text("1 / 9.9")
    page.context.close()


def test_the_arrow_keys_walk_the_board(board):
    board.locator("[data-zone='red'] .key").nth(0).focus()

    board.keyboard.press("ArrowRight")
    board.keyboard.press("ArrowDown")
    board.keyboard.press("Space")

    key = board.locator("[data-zone='red'] .key").nth(8)
    expect(key).to_be_focused()
    expect(key).to_have_attribute("aria-pressed", "true")


def test_all_numbers_and_the_buy_bar_fit_a_phone(board):
    last = board.locator("[data-zone='blue'] .key").last.bounding_box()
    bar = board.locator(".buybar").bounding_box()

    assert last["y"] + last["height"] <= bar["y"]
    assert bar["y"] + bar["height"] <= 844
    sizes = [key.bounding_box() for key in board.locator(".key").all()]
    assert min(min(size["width"], size["height"]) for size in sizes) >= 44


@pytest.mark.thorough
def test_the_time_left_is_right_on_a_device_whose_clock_is_off(browser, shop):
    """F038."""
    page = opened(browser, shop, scripts=[CLOCK_OFF])
    page.wait_for_timeout(1200)

    text = page.locator("[data-countdown]").inner_text()

    assert "02:13:50" <= text <= "02:13:53"
    page.context.close()


def test_without_script_the_form_posts_the_boxes(browser, shop):
    page = opened(browser, shop, java_script_enabled=False)

    page.locator("[name=red][value='1']").check(force=True)
    page.locator("button[value=confirm]").click()
    page.wait_for_url("**/gallery/confirm/")

    fields = parse_qs(shop.posted[-1][1])
    assert fields["red"] == ["1", "3", "8", "11", "17", "22", "26", "31"]
    assert fields["blue"] == ["7", "16"]
    assert fields["mode"] == ["multiple"]
    assert fields["multiplier"] == ["1"]
    page.context.close()


@pytest.mark.thorough
def test_a_line_that_is_not_sold_is_told_before_it_is_paid(browser, shop):
    """F032: the server's sentence stands in the bar, nothing can be added, it is asked once."""
    shop.status, shop.told = 409, {"code": "line_limited", "detail": "This line is sold out."}
    page = opened(browser, shop, at="board-empty")
    press(page, "red", 1, 2, 3, 4, 5, 6)
    press(page, "blue", 7)

    expect(part(page, "why")).to_have_text("This line is sold out.")
    expect(part(page, "add")).to_be_disabled()
    expect(part(page, "confirm")).to_be_disabled()
    page.wait_for_timeout(600)
    assert [where for where, _body in shop.posted] == ["/quote"]
    shop.status, shop.told = 200, {"first_one_in": "9", "any_one_in": "7.4", "why_not": ""}
    press(page, "blue", 7, 8)
    expect(part(page, "odds-any")).to_have_text("1 / 7.4")
    expect(part(page, "add")).to_be_enabled()
    page.context.close()
