"""The whole way, in a browser: account, money, tickets, draw, prize, the way out, the books.

One story with one player and five members of staff, each at a browser of his own. Chapters are
functions in the order in which they happen; what a chapter leaves behind is in `Story`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from accounts import demo
from accounts.models import Player
from finance import ledger, wallets
from games.models import Draw
from lottery_portal.lib.db import database_time
from lottery_portal.lib.money import yuan
from sales.models import Ticket
from tests import browser, make, make_money

from . import stage

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

PHONE, PASSWORD, NAME = "13900001234", "seven-quiet-rivers", "陈小雨"
DEPOSIT = 8_000_00
SMALL, LARGE = 200_00, 6_000_00  # one below the amount that needs a second person, one above it
Visit = Callable[..., browser.Visitor]
Row = dict[str, Any]


@dataclass
class Story:
    """What has happened so far."""

    visit: Visit
    crew: dict[str, list[stage.Member]]
    draw: Draw
    staff: dict[str, browser.Visitor] = field(default_factory=dict)
    price: int = 0
    prize: int = 0
    rows: list[Row] = field(default_factory=list)
    code: str = ""

    @property
    def player(self) -> Player:
        return Player.objects.get(is_shadow=False)

    def balance(self) -> int:
        return wallets.available(self.player)


def test_from_registration_to_the_audited_books(visit: Visit) -> None:
    """F001-F003, F006, F011, F026-F028, F033, F037, F044, F053, F056, F057, F061, F067, F073, F106,
    F108, F109, F214, F216, F224, F254: the whole main job, staff side included."""
    crew = stage.staff("draw_official", "cashier", "approver", "auditor")
    story = Story(visit, crew, stage.draw())
    with browser.at_work():
        player = register(story)
        looks_but_may_not_buy(player, story)
        confirms_who_he_is(player)
        brings_money_in(player, story)
        fills_the_board(player, story)
        buys(player, story)
        sales_close(story)
        two_officials_type_the_numbers(story)
        the_prize_comes(player, story)
        a_small_amount_goes_out_at_once(player, story)
        a_large_amount_needs_two_people(player, story)
        the_auditor_reads_and_exports(story)


# ---- 1 to 3: an account, an identity, money


def register(story: Story) -> browser.Visitor:
    """F001, F003: phone and password, age and terms, the code from the text message."""
    player = story.visit()
    page = player.page
    player.go("/")
    player.look("home-visitor")
    page.click('a[href$="/register/"]')
    page.fill("[name=login]", PHONE)
    page.fill("[name=password]", PASSWORD)
    for box in ("is_adult", "terms", "privacy"):
        page.check(f"[name={box}]")
    player.look("register")
    page.click("main form button[type=submit]")
    page.wait_for_selector("[name=code]")
    player.look("register-code")

    outbox = settings.STATE_DIR / "sms.jsonl"
    player.wait(outbox.exists, what="the text", reload=False)
    (sent,) = outbox.read_text().splitlines()
    letter = json.loads(sent)
    assert letter["to"] == f"+86{PHONE}"
    (code,) = re.findall(r"\d{6}", letter["text"])
    page.fill("[name=code]", code)
    page.click("main form:has([name=code]) button[type=submit]")
    page.wait_for_url("**/me/identity/**")
    player.look("identity")
    return player


def looks_but_may_not_buy(player: browser.Visitor, story: Story) -> None:
    """F002: everything can be looked at; buying leads to the identity check."""
    page = player.page
    for address in ("/", "/results/", "/tickets/", "/wallet/", "/me/"):
        assert player.go(address).status == 200
        player.look(f"new{address.replace('/', '-').rstrip('-')}")
    player.go("/play/ssq/")
    press(page, "red", 1, 2, 3, 4, 5, 6)
    press(page, "blue", 7)
    page.click("[data-part=confirm]")
    page.wait_for_selector(".refusal")
    player.look("refusal-unverified")

    assert not Ticket.objects.exists()
    page.click('.refusal a[href^="/me/identity/"]')
    page.wait_for_url("**/me/identity/**")


def confirms_who_he_is(player: browser.Visitor) -> None:
    """F002, F016: name and number, checked once, masked from then on."""
    page = player.page
    number = demo.citizen_id(date(1990, 1, 1), 77)
    page.fill("[name=name]", NAME)
    page.fill("[name=citizen_id]", number)
    page.check("[name=agree]")
    page.click("main form button[type=submit]")
    page.wait_for_selector("main dl.kv")
    words = player.look("identity-confirmed")

    assert number not in page.content()
    assert NAME not in words
    assert "陈" in words


def brings_money_in(player: browser.Visitor, story: Story) -> None:
    """F108, F119: the protection of money, the bank's page and word, only then the balance."""
    page = player.page
    player.go("/wallet/")
    page.click('a[href="/wallet/deposit/"]')
    player.look("protection")
    page.check("[name=is_read]")
    page.click("main form button[type=submit]")
    page.wait_for_url("**/wallet/deposit/")
    page.fill("[name=amount]", "8000")
    player.look("deposit")
    page.click("main form button[type=submit]")
    page.wait_for_url("**/bank/pay/**")
    player.look("bank")
    assert story.balance() == 0
    page.click("button[value=pay]")
    page.wait_for_url("**/wallet/deposits/**")
    player.wait(lambda: page.locator(".tone-done").count() > 0, what="the deposit credited")
    player.look("deposit-credited")

    assert story.balance() == DEPOSIT
    player.go("/wallet/")
    words = player.look("wallet")
    assert "8,000.00" in words


# ---- 4: tickets


def press(page: Page, zone: str, *numbers: int) -> None:
    """Touch numbers of the board."""
    for number in numbers:
        page.click(f'[data-zone={zone}] .key[data-name="{number:02d}"]')


def type_numbers(page: Page, zone: str, *numbers: int) -> None:
    """Choose numbers by keyboard alone: arrows walk, the space bar presses."""
    first = page.locator(f"[data-zone={zone}] .key").first
    first.focus()
    at = 1
    for number in numbers:
        for _step in range(number - at):
            page.keyboard.press("ArrowRight")
        at = number
        page.keyboard.press("Space")


def shown_sum(page: Page) -> int:
    """The sum on the bar at the bottom, in fen."""
    figure = re.search(r"[\d,]+\.\d\d", page.inner_text("[data-part=sum]"))
    assert figure is not None
    return int(figure[0].replace(",", "").replace(".", ""))


def basket_of(page: Page) -> list[Row]:
    rows: list[Row] = json.loads(page.input_value("[name=basket]"))
    return rows


def fills_the_board(player: browser.Visitor, story: Story) -> None:
    """F026-F028, F033: quick pick, single, multiple by keyboard, banker, times, the basket."""
    page = player.page
    player.go("/play/ssq/")
    add, total = "[data-part=add]", 0
    expect(page.locator(".key[aria-pressed=true]")).to_have_count(7)  # as before the refusal
    page.click("button[value=clear]")
    expect(page.locator("[data-part=confirm]")).to_be_disabled()

    page.click("button[value=quick-pick-1]")
    expect(page.locator(".basket-row")).to_have_count(1)
    (picked,) = basket_of(page)
    assert (picked["t"], picked["q"]) == ("single", True)
    total += 2_00
    assert shown_sum(page) == total

    # The single line that will win: its blue is nobody else's.
    lucky = next(blue for blue in (7, 8) if picked["p"][1] != [blue])
    press(page, "red", 3, 8, 11, 17, 22, 26)
    press(page, "blue", lucky)
    page.click("[data-step='1']")
    assert shown_sum(page) == total + 4_00
    player.look("board")
    page.click(add)
    expect(page.locator("[name=multiplier]")).to_have_value("1")
    total += 4_00

    type_numbers(page, "red", 1, 2, 5, 9, 14, 19, 33)
    assert page.locator("[data-zone=red] .key[aria-pressed=true]").count() == 7
    type_numbers(page, "blue", 2, 16)
    expect(page.locator("[data-part=odds-first]")).to_have_text("1 / 1,265,792")
    assert shown_sum(page) == total + 28_00
    page.click(add)
    total += 28_00

    page.check("[name=mode][value=banker]", force=True)
    press(page, "red", 6, 13, 15, 20, 24, 28, 31, 32)
    press(page, "red", 6, 13)
    press(page, "blue", 16)
    expect(page.locator(".key.is-banker")).to_have_count(2)
    total += 30_00
    assert shown_sum(page) == total
    player.look("board-banker")
    page.click(add)

    story.rows, story.price = basket_of(page), total
    assert [row["t"] for row in story.rows] == ["single", "single", "multiple", "banker"]
    assert [row["m"] for row in story.rows] == [1, 2, 1, 1]
    assert shown_sum(page) == total == 64_00
    page.reload()
    assert shown_sum(page) == total, "the basket survives a reload"


def buys(player: browser.Visitor, story: Story) -> None:
    """F042, F044, F045: what was shown is what is charged; the ticket, its receipt, its QR code."""
    page = player.page
    page.click("[data-part=confirm]")
    page.wait_for_selector("[name=request_key]", state="attached")
    words = player.look("confirm")
    assert yuan(story.price) in words
    assert yuan(DEPOSIT - story.price) in words
    assert story.balance() == DEPOSIT
    page.click("main form button[type=submit]")
    page.wait_for_url("**/tickets/*/**")
    player.look("ticket-bought")

    ticket = Ticket.objects.get()
    story.code = ticket.code
    assert (ticket.price, ticket.lines) == (story.price, 1 + 1 + 14 + 15)
    assert story.balance() == DEPOSIT - story.price
    assert page.locator("main svg.qr, main .qr svg").count() == 1
    assert ticket.code in page.inner_text("#receipt-text")
    with page.expect_download() as told:
        page.click(f'a[href="/tickets/{ticket.code}/receipt.json"]')
    receipt = json.loads(told.value.path().read_text())
    assert ticket.code in json.dumps(receipt)

    player.go("/tickets/")
    player.look("tickets")
    assert page.locator(f'main a[href="/tickets/{ticket.code}/"]').count() == 1
    player.go("/play/ssq/")
    assert basket_of(page) == [], "the basket is empty after the purchase"


# ---- 5: the draw


def sales_close(story: Story) -> None:
    """F037, F224: Postgres's clock closes the draw; staff log in meanwhile, with two factors."""
    officials, approver = story.crew["draw_official"], story.crew["approver"][0]
    closes_at = database_time() + timedelta(seconds=5)
    stage.change_times(
        story.draw,
        maker=officials[0],
        checker=approver,
        closes_at=closes_at,
        draws_at=closes_at + timedelta(seconds=2),
    )
    stage.equipped(story.draw, story.crew)
    members = [*officials, approver, *story.crew["cashier"], *story.crew["auditor"]]
    for member in members:
        desk = story.staff[member.name] = story.visit(viewport=browser.WIDE)
        browser.log_in(desk, member.name, stage.PASSWORD, member.secret)
        desk.page.wait_for_url("**/desk/")
        desk.look(f"desk-start-{member.name}")
    make.wait_until(story.draw.draws_at)
    first = story.staff[officials[0].name]
    first.go(f"/desk/draws/{story.draw.code}/")
    entry = f'a[href$="/desk/draws/{story.draw.code}/result/"]'
    first.wait(lambda: first.page.locator(entry).count() > 0, what="the numbers may be entered")
    first.look("desk-draw-sealed")
    story.draw.refresh_from_db()
    assert story.draw.state == Draw.State.SEALED


def lucky_numbers(rows: list[Row]) -> tuple[list[int], int]:
    """Numbers with which the second line has three reds and the blue, and no other line wins."""
    blue = rows[1]["p"][1][0]
    three = (3, 8, 11)
    others = [number for number in range(1, 34) if number not in rows[1]["p"][0]]
    for more in itertools.combinations(others, 3):
        reds = {*three, *more}
        hits = [
            (len(reds.intersection(*[[*row["b"][0], *row["p"][0]]])), blue in row["p"][1])
            for row in rows
        ]
        if hits[1] == (3, True) and all(
            red <= 2 and not is_blue for red, is_blue in (hits[0], *hits[2:])
        ):
            return sorted(reds), blue
    raise AssertionError("There is always such a draw.")


def entry_page(desk: browser.Visitor, story: Story) -> str:
    """The page for typing the result, without what differs on every page."""
    desk.go(f"/desk/draws/{story.draw.code}/result/")
    return re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]+', r"\1", desk.page.content())


def two_officials_type_the_numbers(story: Story) -> None:
    """F056, F061: blind, equal, final."""
    reds, blue = lucky_numbers(story.rows)
    first, second = (story.staff[member.name] for member in story.crew["draw_official"])
    before = entry_page(second, story)
    entry_page(first, story)
    type_result(first, reds, blue)
    first.page.wait_for_url(f"**/desk/draws/{story.draw.code}/")
    first.look("desk-draw-first-entry")

    assert entry_page(second, story) == before, "the second sees nothing of the first"
    second.look("desk-result-entry")
    type_result(second, reds, blue)
    second.page.wait_for_url(f"**/desk/draws/{story.draw.code}/")
    stage.minuted(story.draw, story.crew)
    second.wait(
        lambda: Draw.objects.get(pk=story.draw.pk).state == Draw.State.PUBLISHED,
        what="the draw published",
    )
    second.page.reload()
    second.look("desk-draw-published")
    # Three reds and the blue: the fifth prize, 10 yuan, twice because of the multiplier.
    story.prize = 2 * 10_00


def type_result(desk: browser.Visitor, reds: list[int], blue: int) -> None:
    for place, number in enumerate(reds, start=1):
        desk.page.fill(f"[name=red_{place}]", f"{number:02d}")
    desk.page.fill("[name=blue_1]", f"{blue:02d}")
    desk.page.check("[name=has_read]")
    desk.page.click("main form:has([name=blue_1]) button[type=submit]")


def the_prize_comes(player: browser.Visitor, story: Story) -> None:
    """F053, F067, F073: the result page, the message, the balance, the ticket."""
    page = player.page
    reds, blue = lucky_numbers(story.rows)
    player.go(f"/results/ssq/{story.draw.issue}/")
    words = player.look("result")
    numbers = [int(ball) for ball in page.locator(".result-numbers .ball").all_inner_texts()]
    assert numbers == [*reds, blue]
    assert yuan(story.price) in words, "the sales of the draw"
    assert yuan(story.prize) in words
    assert page.locator("tfoot").first.inner_text().split()[1] == "2"

    assert story.balance() == DEPOSIT - story.price + story.prize
    player.go(f"/tickets/{story.code}/")
    words = player.look("ticket-won")
    assert f"中奖 {yuan(story.prize)} 元" in words
    player.go("/tickets/?show=won")
    player.look("tickets-won")
    assert page.locator(f'main a[href="/tickets/{story.code}/"]').count() == 1

    def is_told() -> bool:
        return yuan(story.prize) in player.text()

    player.go("/me/messages/")
    player.wait(is_told, what="the message about the prize")
    player.look("messages")
    page.click(f"a.row:has-text('{yuan(story.prize)}')")
    player.look("message")


# ---- 6: money out


def a_small_amount_goes_out_at_once(player: browser.Visitor, story: Story) -> None:
    """F006, F109: an account that the bank says is one's own, no second person below the tier."""
    page = player.page
    player.go("/wallet/withdraw/")
    page.wait_for_url("**/wallet/bank-accounts/")
    page.fill("[name=bank_name]", "建设银行")
    page.fill("[name=number]", make_money.card())
    page.fill("[name=holder]", NAME)
    player.look("bank-accounts")
    page.click("main form:has([name=number]) button")
    page.wait_for_selector(".row:has-text('6021')")
    assert make_money.card() not in page.content()
    player.wait(lambda: page.locator("text=银行已确认").count() > 0, what="the account confirmed")
    player.look("bank-account-confirmed")

    ask_for(player, SMALL)
    player.look("withdrawal-small")
    # The page asks by itself, and shows itself anew once it is over.
    expect(page.locator("[data-poll]")).to_have_count(0, timeout=30_000)
    expect(page.locator(".tag.tone-done")).not_to_have_count(0)
    player.look("withdrawal-small-paid")
    assert story.balance() == DEPOSIT - story.price + story.prize - SMALL


def ask_for(player: browser.Visitor, fen: int) -> None:
    player.go("/wallet/withdraw/")
    player.look("withdraw")
    player.page.fill("[name=amount]", yuan(fen))
    player.page.click("main form:has([name=amount]) button[type=submit]")
    player.page.wait_for_selector("[name=confirmed]", state="attached")
    player.look("withdraw-confirm")
    player.page.click("main form:has([name=confirmed]) button[type=submit]")
    player.page.wait_for_url("**/wallet/withdrawals/*/")


def a_large_amount_needs_two_people(player: browser.Visitor, story: Story) -> None:
    """F106, F109: a cashier prepares, an approver signs after a fresh code; then it is paid."""
    page = player.page
    ask_for(player, LARGE)
    player.look("withdrawal-large-held")
    held = DEPOSIT - story.price + story.prize - SMALL - LARGE
    assert story.balance() == held
    assert ledger.balance(f"hold:{story.player.code}") == LARGE

    cashier = story.staff["cashier1"]
    cashier.go("/desk/")
    cashier.look("desk-start-cashier")
    cashier.go("/desk/withdrawals/")
    cashier.look("desk-withdrawals")
    cashier.page.click("main table a")
    cashier.look("desk-withdrawal")
    cashier.page.click("button[value=prepare]")
    cashier.page.wait_for_selector('a[href^="/desk/approvals/"].btn')
    cashier.look("desk-withdrawal-prepared")
    cashier.page.click('a[href^="/desk/approvals/"].btn')
    cashier.look("desk-approval-maker")
    assert cashier.page.locator("button[value=approve]").count() == 0, "not with the same eyes"

    approver = story.staff["approver1"]
    five_minutes_pass(approver)
    approver.go("/desk/")
    approver.look("desk-start-approver")
    approver.go("/desk/approvals/?show=mine")
    approver.look("desk-approvals")
    approver.page.click("main .rows a.row")
    approver.look("desk-approval-to-confirm")
    assert approver.page.locator("button[value=approve]").count() == 0, "not without a fresh code"
    approver.page.click("main .cols a.btn--primary")
    approver.page.wait_for_selector("[name=code]")
    approver.look("step-up")
    browser.type_code(approver, story.crew["approver"][0].secret)
    approver.page.wait_for_selector("button[value=approve]")
    approver.look("desk-approval")
    for box in approver.page.locator("[name^=statement]").all():
        box.check()
    approver.page.click("button[value=approve]")
    approver.page.wait_for_load_state()
    approver.look("desk-approval-signed")

    player.wait(lambda: page.locator(".tag.tone-done").count() > 0, what="the large one paid")
    player.look("withdrawal-large-paid")
    assert story.balance() == held
    assert ledger.balance(f"hold:{story.player.code}") == 0
    player.go("/wallet/")
    words = player.look("wallet-at-the-end")
    assert yuan(held) in words
    assert ledger.trial_balance() == 0


def five_minutes_pass(desk: browser.Visitor) -> None:
    """Let the last confirmation of this session be six minutes old."""
    cookies = {cookie["name"]: cookie["value"] for cookie in desk.context.cookies()}
    row = Session.objects.get(session_key=cookies[settings.SESSION_COOKIE_NAME])
    content = row.get_decoded()
    for record in content["account_authentication_methods"]:
        record["at"] -= 360
    row.session_data = Session.objects.encode(content)
    row.save(update_fields=["session_data"])


# ---- 7: the books


def the_auditor_reads_and_exports(story: Story) -> None:
    """F214, F216: the trail by filter, the export as a job, the file as its digest promises."""
    auditor = story.staff["auditor1"]
    page = auditor.page
    auditor.go("/desk/trail/")
    auditor.look("desk-trail")
    page.select_option("[name=object_type]", "withdrawal")
    page.click("main form[role=search] button[type=submit]")
    page.wait_for_load_state()
    auditor.look("desk-trail-filtered")
    deeds = page.locator("main tbody tr").all_inner_texts()
    # Two requests; each approved, sending, paid; the large one prepared before.
    assert len(deeds) == 9
    page.click("main tbody tr >> nth=0 >> a")
    auditor.look("desk-trail-record")

    auditor.go("/desk/trail/?object_type=withdrawal")
    page.click('a[href^="/desk/exports/"].btn')
    page.wait_for_selector("main form.card")
    auditor.look("desk-exports")
    page.click("main form.card button[type=submit]")
    download = page.locator('a[href$="/file/"]').first
    download.wait_for()
    auditor.look("desk-export-ready")
    promised = re.sub(r"\s", "", page.locator(".export-row .hash").first.inner_text())
    with page.expect_download() as told:
        download.click()
    body = told.value.path().read_bytes()

    assert hashlib.sha256(body).hexdigest() == promised
    check_the_file(body.decode("utf-8-sig"))


def check_the_file(text: str) -> None:
    """The head names operator, title, interval and time; the rows are those of the filter."""
    rows = list(csv.reader(io.StringIO(text)))
    words = " ".join(cell for row in rows[:12] for cell in row)
    assert settings.OPERATOR in words
    today = f"{today_in_shanghai():%Y-%m-%d}"
    assert words.count(today) >= 2, "interval and time of making"
    deeds = [row for row in rows if "withdrawal" in row]
    assert len(deeds) >= 9
    assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "@"}]


def today_in_shanghai() -> date:
    """The day it is in Shanghai."""
    return (database_time() + timedelta(hours=8)).date()
