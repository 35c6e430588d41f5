"""A prize claimed from afar in a browser: opened, papers sent, signed, paid to the balance."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from finance import ledger, wallets
from lottery_portal.lib.db import database_time
from prizes.claim_models import Claim
from prizes.redemption import claims, refusal, remote
from prizes.voucher_models import VoucherPaper
from tests import browser, make_claims
from tests.make_claims import Won

pytestmark = [
    pytest.mark.journey,
    pytest.mark.thorough,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]

Visit = Callable[..., browser.Visitor]


@pytest.fixture
def won(house: str, begin: Callable[[Callable[[], Won]], Won]) -> Won:
    return begin(make_claims.won)


def photo(colour: str) -> dict[str, object]:
    content = io.BytesIO()
    Image.new("RGB", (800, 600), colour).save(content, "JPEG")
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": content.getvalue()}


def send(page: Page, kind: str, colour: str) -> None:
    page.check(f"[name=kind][value={kind}]")
    page.set_input_files("[name=paper]", photo(colour))  # type: ignore[arg-type]  # a file as Playwright takes it
    with page.expect_navigation():
        page.click("main form button[type=submit]")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_prize_is_claimed_from_afar_and_paid_to_the_balance(
    visit: Visit, won: Won, language: str
) -> None:
    """F089, F090, F091: every page by its winner, the doors of the staff in between."""
    prize = won.prize(won.bob)
    visitor = visit(cookies=browser.session_of(won.bob.user), language=language)
    where = f"/prizes/{prize.ticket.code}/"
    opens(visitor, prize.ticket.code, where)
    hands_in(visitor, where)
    claim, now = Claim.objects.get(), database_time()
    officer = won.staff["claims_officer"]
    claims.check(code=claim.code, actor=officer, evidence={"identity": "ID_CARD"}, now=now)
    claims.complete(code=claim.code, actor=officer, now=now, **remote.wish_of(claim))
    signs(visitor, where)
    before = ledger.balance(wallets.winnings_of(won.bob))
    claim = make_claims.decided(won, make_claims.asked(won, claim), "approver1")
    make_claims.paid(won, claim)
    assert ledger.balance(wallets.winnings_of(won.bob)) - before == 24_000_00
    takes_papers(visitor, where)
    visitor.go(f"/tickets/{prize.ticket.code}/")
    visitor.look("prize-ticket")
    visitor.go("/prizes/")
    visitor.look("prizes-over")


def opens(visitor: browser.Visitor, ticket: str, where: str) -> None:
    """From the ticket to an open claim; nothing opens without consent."""
    page = visitor.page
    visitor.go(f"/tickets/{ticket}/")
    page.click(f"a[href='{where}']")
    visitor.look("prize-waits")
    visitor.go("/prizes/")
    visitor.look("prizes-waiting")
    page.click(f"a[href='{where}']")
    page.click(f"a[href='{where}claim/']")
    visitor.look("prize-claim")
    page.click("main form button[type=submit]")
    expect(page.locator("main form .note")).to_be_visible()
    visitor.look("prize-claim-refused")
    assert not Claim.objects.exists()
    page.check("[name=has_agreed]")
    page.click("main form button[type=submit]")
    page.wait_for_url(f"**{where}papers/")


def hands_in(visitor: browser.Visitor, where: str) -> None:
    """Both photos; then an officer has them."""
    visitor.look("prize-papers-missing")
    send(visitor.page, "IDENTITY", "teal")
    send(visitor.page, "PERSON", "olive")
    visitor.look("prize-papers")
    visitor.page.click(f"main a[href='{where}']")
    visitor.look("prize-checking")


def signs(visitor: browser.Visitor, where: str) -> None:
    """Reads what he signs, and signs it."""
    page = visitor.page
    page.reload()
    visitor.look("prize-to-sign")
    visitor.go(f"{where}payment/")
    visitor.look("prize-payment")
    visitor.go(f"{where}sign/")
    visitor.look("prize-sign")
    page.check("[name=has_read]")
    page.click("main form button[type=submit]")
    page.wait_for_url(f"**{where}")
    visitor.look("prize-signed")


def takes_papers(visitor: browser.Visitor, where: str) -> None:
    """The paid prize: its voucher, and what was signed."""
    page = visitor.page
    page.reload()
    expect(page.locator(".timeline .is-done")).to_have_count(7)
    visitor.look("prize-paid")
    with page.expect_download() as download:
        page.click("#voucher button")
    assert download.value.suggested_filename.endswith("-winner-1.pdf")
    assert VoucherPaper.objects.get().number == 1
    with page.expect_download():
        page.click(f"a[href='{where}confirmation.pdf']")


def test_a_refused_winner_objects(visit: Visit, won: Won) -> None:
    """F283: reason, clause, objection, its outcome."""
    prize, now = won.prize(won.bob), database_time()
    claim = make_claims.ready_to_ask(won, make_claims.opened(won, prize))
    refusal.ask(
        code=claim.code,
        clause="兑奖管理办法第十二条",
        evidence="IDENTITY 3f2a",
        reason="证件照片与本人不符。",
        maker=won.staff["claims_officer"],
        now=now,
    )
    make_claims.decided(won, claim, "approver1", kind=refusal.KIND)
    visitor = visit(cookies=browser.session_of(won.bob.user))
    page, where = visitor.page, f"/prizes/{prize.ticket.code}/"
    visitor.go(where)
    visitor.look("prize-refused")
    page.click(f"a[href='{where}objection/']")
    visitor.look("prize-objection")
    page.fill("[name=words]", "照片是我本人，请再核对。")
    page.click("main form button[type=submit]")
    page.wait_for_url(f"**{where}")
    visitor.look("prize-objected")
    expect(page.locator(".timeline .is-now")).to_have_count(1)

    alice = visit(cookies=browser.session_of(won.alice.user))
    alice.go(f"/prizes/{won.prize(won.alice).ticket.code}/")
    alice.look("prize-large")
    clerk = visit(cookies=browser.session_of(won.staff["claims_clerk"]))
    make_claims.paid(won, make_claims.approved(won, make_claims.opened(won, won.prize(won.carol))))
    clerk.go("/desk/prizes/vouchers/")
    clerk.look("vouchers-desk")
