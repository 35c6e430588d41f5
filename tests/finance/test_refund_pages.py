"""Institutions, refunds and the protection of money as people see them (F114, F115, F119, F295)."""

from __future__ import annotations

import re

import pytest

from accounts import identity, legal_texts, registration
from audit import approvals
from finance import channels, deposits
from finance.models import Deposit, DepositReturn, Provider, ReturnPlan
from tests import make_money as make
from tests import people
from tests.people import in_english, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return people.player(name=make.NAME)


def desk(post):
    return in_english(people.member(post).user)


def keys(answer):
    """The hidden fields of the form on a page."""
    return dict(re.findall(r'type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', text(answer)))


def newcomer(now):
    """Verified, and not told yet how his money is kept."""
    people.prepared()
    made = registration.register(
        login=people.phone(),
        password=people.PASSWORD,
        accepted=people.latest(),
        is_adult=True,
        now=now,
        ip="192.0.2.1",
    )
    identity.verify(player=made, name="王海", citizen_id=people.citizen_id(), now=now)
    return made


def test_the_first_deposit_leads_over_the_protection_of_money(now):
    """F119"""
    player = newcomer(now)
    client = in_english(player.user)

    answer = client.get("/wallet/deposit/?amount=4.00")
    assert answer.status_code == 302
    page = client.get(answer.headers["Location"])
    assert "How your money is protected" in text(page)
    form = {"version": "1", "next": "/wallet/deposit/?amount=4.00"}
    assert client.post("/wallet/protection/", form).status_code == 400
    assert client.post("/wallet/protection/", {**form, "version": "9", "is_read": "on"}).status_code
    assert legal_texts.undisclosed(player.user, now) == 1
    on = client.post("/wallet/protection/", {**form, "is_read": "on"})

    assert on.headers["Location"] == "/wallet/deposit/?amount=4.00"
    assert client.get(on.headers["Location"]).status_code == 200
    assert "You have acknowledged this version" in text(client.get("/wallet/protection/"))


def test_the_acknowledgement_leads_to_our_own_pages_only(now):
    client = in_english(newcomer(now).user)

    for address in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        form = {"version": "1", "is_read": "on", "next": address}
        assert client.post("/wallet/protection/", form).headers["Location"] == "/wallet/deposit/"


def test_the_interface_asks_for_the_acknowledgement_too(now):
    """F119"""
    client = in_english(newcomer(now).user)
    asked = {"amount_fen": 100_00, "request_id": "0d9b6f5c-7d0e-4f57-9f3e-0f6b5f1d5b11"}

    first = client.post("/api/v1/deposits/", asked, content_type="application/json")
    shown = client.get("/api/v1/fund-protection/").json()
    done = client.post(
        "/api/v1/fund-protection/", {"version": shown["version"]}, content_type="application/json"
    ).json()

    assert (first.status_code, first.json()["code"]) == (403, "disclosure_required")
    assert (shown["is_acknowledged"], done["is_acknowledged"]) == (False, True)
    assert not Deposit.objects.exists()


def test_a_fee_is_shown_before_it_is_agreed_to(alice, now):
    """F114"""
    make.entered(
        code="sandbox", fee_points=60, fee_least=10, fee_borne_by="PLAYER", rank=1, now=now
    )
    client = in_english(alice.user)
    page = client.get("/wallet/deposit/")
    assert "fee 0.60 %, at least 0.10 yuan" in text(page)

    asked = {**keys(page), "amount": "100", "fee_seen": ""}
    notice = client.post("/wallet/deposit/", asked)

    assert notice.status_code == 409
    assert "A fee of 0.60 yuan is added. You pay 100.60 yuan in all." in text(notice)
    assert not Deposit.objects.exists()
    assert keys(notice)["fee_seen"] == "60"
    client.post("/wallet/deposit/", {**asked, **keys(notice)})
    assert Deposit.objects.get().fee == 60


def test_the_next_way_is_offered_where_one_does_not_answer(alice, now, settings):
    """F295: by a refused attempt, and beforehand where the watch knows."""
    settings.PAYMENT_PROVIDERS = {
        "sandbox": "finance.providers.sandbox.SandboxBank",
        "alipay": "finance.providers.alipay.Alipay",
    }
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    make.entered(now=now)
    client = in_english(alice.user)
    page = client.get("/wallet/deposit/")

    answer = client.post(
        "/wallet/deposit/", {**keys(page), "amount": "100", "provider": "sandbox", "fee_seen": ""}
    )

    assert answer.status_code == 503
    assert "Online banking does not answer at present. Nothing was charged." in text(answer)
    assert keys(answer)["provider"] == "alipay"
    for _ in range(2):
        channels.note_failure("sandbox", now=now)
    assert "does not answer at present" in text(client.get("/wallet/deposit/"))
    assert client.get("/api/v1/deposit-channels/").json()[0]["provider"] == "alipay"


def test_without_any_institution_in_force_the_page_says_so(alice, now):
    cashier = people.member("cashier").user
    channels.switch_off(code="sandbox", actor=cashier, reason="x", now=now)

    page = in_english(alice.user).get("/wallet/deposit/")

    assert page.status_code == 409
    assert "No deposits at present" in text(page)


def test_the_register_on_the_desk(now, settings):
    """F295"""
    settings.PAYMENT_PROVIDERS = {
        "sandbox": "finance.providers.sandbox.SandboxBank",
        "wechat": "finance.providers.wechat.WeChatPay",
    }
    treasurer = desk("treasurer")
    page = treasurer.get("/desk/institutions/")
    assert "SANDBOX" in text(page)
    assert "In force" in text(page)
    assert "WeChat Pay" in text(page)
    form = {
        "institution": "财付通支付科技有限公司",
        "licence_number": "Z2000444000013",
        "licence_until": "2090-01-01",
        "contract_until": "2090-01-01",
        "review_on": "2090-01-01",
        "accepts": ["DEPOSIT", "REFUND"],
        "rank": "2",
        "fee_percent": "0.60",
        "fee_least": "0.10",
        "fee_most": "0",
        "fee_borne_by": "PLAYER",
        "is_on": "on",
    }

    assert treasurer.get("/desk/institutions/wechat/").status_code == 200
    assert treasurer.post("/desk/institutions/wechat/", {**form, "rank": "x"}).status_code == 400
    assert treasurer.post("/desk/institutions/wechat/", form).status_code == 302
    assert treasurer.get("/desk/institutions/nobody/").status_code == 404
    assert not Provider.objects.filter(code="wechat").exists()
    assert desk("support").get("/desk/institutions/").status_code == 403
    assert desk("auditor").get("/desk/institutions/wechat/").status_code == 403
    cashier = desk("cashier")
    assert cashier.get("/desk/institutions/sandbox/off/").status_code == 200
    assert cashier.post("/desk/institutions/sandbox/off/", {"reason": ""}).status_code == 400
    assert cashier.post("/desk/institutions/sandbox/off/", {"reason": "故障"}).status_code == 302
    assert not Provider.objects.get(code="sandbox").is_on


def test_a_refund_is_seen_before_it_is_carried_out(alice, now):
    """F115: dry run, then the same sum; what changed meanwhile is shown again."""
    deposit = make.fund(alice, 100_00, now=now)
    treasurer = desk("treasurer")
    assert treasurer.get(f"/desk/returns/new/?deposit={deposit.code}").status_code == 200
    form = {"numbers": deposit.code, "reason": "重复扣款"}

    dry = treasurer.post("/desk/returns/new/", {**form, "action": "dry_run"})
    assert dry.status_code == 200
    assert keys(dry)["seen_fen"] == "10000"
    assert not ReturnPlan.objects.exists()
    wrong = {**form, "action": "plan", "seen_fen": "9999", "seen_count": "1"}
    assert treasurer.post("/desk/returns/new/", wrong).status_code == 409
    assert not ReturnPlan.objects.exists()
    seen = {"seen_fen": "10000", "seen_count": "1"}
    done = treasurer.post("/desk/returns/new/", {**form, "action": "plan", **seen})

    assert done.status_code == 302
    assert DepositReturn.objects.get().amount == 100_00
    page = treasurer.get(done.headers["Location"])
    assert "100.00" in text(page)
    assert "100.00" in text(treasurer.get("/desk/returns/"))
    assert desk("cashier").get("/desk/returns/").status_code == 403
    assert treasurer.get("/desk/returns/NOBODY/").status_code == 404
    shown = in_english(alice.user).get(f"/wallet/deposits/{deposit.code}/")
    assert "100.00 yuan, on its way" in text(shown)


def test_many_deposits_are_chosen_by_provider_and_interval(alice, now):
    """F115"""
    for fen in (10_00, 20_00):
        make.fund(alice, fen, now=now)
    treasurer = desk("treasurer")
    form = {
        "provider": "sandbox",
        "since": "2020-01-01T00:00",
        "until": "2098-01-01T00:00",
        "reason": "通道重复扣款",
    }

    assert treasurer.post("/desk/returns/new/", {"reason": "x"}).status_code == 400
    dry = treasurer.post("/desk/returns/new/", {**form, "action": "dry_run"})
    seen = {name: value for name, value in keys(dry).items() if name.startswith("seen")}
    assert seen == {"seen_fen": "3000", "seen_count": "2"}
    done = treasurer.post("/desk/returns/new/", {**form, "action": "plan", **seen})

    made = ReturnPlan.objects.get()
    assert (made.total, made.performed_at) == (30_00, None)
    assert "Planned" in text(treasurer.get(done.headers["Location"]))
    approvals.decide(
        code=made.approval_code,
        checker=people.member("approver").user,
        approve=False,
        reason="不是重复扣款",
        now=now,
    )
    assert "Refused" in text(treasurer.get(done.headers["Location"]))
    listed = text(treasurer.get("/desk/returns/"))
    assert "Refused" in listed
    assert "Planned" not in listed


def test_a_code_to_scan_is_shown_on_the_page_of_the_deposit(alice, now):
    deposit = make.order(alice, 100_00, now=now)
    deposit.pay_url = "weixin://wxpay/bizpayurl?pr=abc"
    Deposit.objects.filter(pk=deposit.pk).update(pay_url=deposit.pay_url.stored)

    page = text(in_english(alice.user).get(f"/wallet/deposits/{deposit.code}/"))

    assert "Scan this code with WeChat" in page
    assert "weixin://" not in page
    assert deposits.find(alice, deposit.code).state == "BEGUN"
