"""The issuer's paper typed by two people, a figure that differs, and the two who decide on it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from playwright.sync_api import expect

from games import announced, issuer_file, rules
from games.models import AnnouncedEntry, DifferenceDecision, Draw, IssuerAnnouncement
from lottery_portal.lib.money import yuan
from tests import browser, make_announced

from . import stage
from .test_accessibility import seen
from .test_drawing_desk import Visit, at_the_desk

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

THIRD = "prize_3"
WRONG, ANNOUNCED = "3,010.00", "3,001.00"  # the rules say 3,000.00


@pytest.mark.thorough
def test_two_type_it_blind_and_two_others_decide_what_differs(
    visit: Visit, house: str, *, deep: bool
) -> None:
    """F062, F067: a page left empty says what is missing; two unlike entries are kept and both type
    again; what differs from the rules waits for one who asks and another who approves."""
    crew = stage.staff("draw_official", "compliance", "approver")
    draw = make_announced.sealed(make_announced.on_sale())
    one, two = (at_the_desk(visit, member) for member in crew["draw_official"])
    typed = _as_on_paper(draw)

    one.go(f"/desk/draws/{draw.code}/announced/")
    one.page.click('a[href$="/announced/type/"]')
    one.page.click("main form .btn--primary")
    expect(one.page.locator(".field-error").first).to_be_visible()
    one.look("announced-type-empty")
    _types(one, draw, typed | {THIRD: ANNOUNCED})
    one.look("announced-typed-once")
    assert one.page.locator('a[href$="/announced/type/"]').count() == 0  # his turn is over

    two.go(f"/desk/draws/{draw.code}/announced/type/")
    assert ANNOUNCED not in two.page.content()  # blind
    _types(two, draw, typed | {THIRD: WRONG})
    assert "两份录入" in two.look("announced-typed-otherwise")
    assert not IssuerAnnouncement.objects.exists()
    assert AnnouncedEntry.objects.count() == 2

    for official in (two, one):
        _types(official, draw, typed | {THIRD: ANNOUNCED})
    said = IssuerAnnouncement.objects.get()
    assert [row["announced_fen"] for row in said.differences] == [3_001_00]
    assert announced.told_by(said).tiers[2].prize_fen == 3_001_00
    one.page.reload()
    assert ANNOUNCED in one.look("announced-differs")
    assert seen(one, deep=deep) == []
    assert one.page.locator("form[action$='/announced/decide/']").count() == 0  # who typed

    _asks(at_the_desk(visit, crew["compliance"][0]), draw)
    assert not DifferenceDecision.objects.exists()
    _approves(at_the_desk(visit, crew["approver"][0]))
    decided = DifferenceDecision.objects.get()
    assert decided.announcement_id == said.pk
    one.page.reload()
    assert "发行机构书面确认按公告金额派发" in one.look("announced-decided")


def _as_on_paper(draw: Draw) -> dict[str, str]:
    """What stands on the issuer's paper, field by field."""
    version = rules.by_code(draw.rule.code)
    told = issuer_file.read(make_announced.body(draw), version)
    zones = zip(version.zones, told.numbers, strict=True)
    totals = ("sales_fen", "pool_before_fen", "pool_after_fen")
    return {
        **{
            f"{zone.code}_{place}": str(number)
            for zone, numbers in zones
            for place, number in enumerate(numbers, start=1)
        },
        **{name: yuan(getattr(told, name)) for name in totals},
        **{f"winners_{tier}": str(count) for tier, count in make_announced.WINNERS.items()},
        **{
            f"prize_{tier}": yuan(told.tiers[tier - 1].prize_fen or 0)
            for tier in make_announced.WINNERS
        },
    }


def _types(official: browser.Visitor, draw: Draw, values: Mapping[str, str]) -> None:
    page = official.page
    if not page.url.endswith("/type/"):
        official.go(f"/desk/draws/{draw.code}/announced/type/")
    for name, value in values.items():
        page.fill(f"[name={name}]", value)
    page.select_option("[name=special_on]", "off")
    page.check("[name=has_read]")
    with page.expect_navigation():
        page.click("main form .btn--primary")
    page.wait_for_url(f"**/desk/draws/{draw.code}/announced/")


def _asks(compliance: browser.Visitor, draw: Draw) -> None:
    page = compliance.page
    compliance.go(f"/desk/draws/{draw.code}/announced/")
    form = page.locator("form[action$='/announced/decide/']")
    form.locator("[name=reason]").fill("发行机构书面确认按公告金额派发")
    with page.expect_navigation():
        form.locator("button[type=submit]").click()
    compliance.look("announced-asked")


def _approves(approver: browser.Visitor) -> None:
    page = approver.page
    approver.go("/desk/approvals/?show=mine")
    page.click("main .rows a.row")
    assert "3,001.00" in approver.look("announced-to-decide")
    for box in page.locator("[name^=statement]").all():
        box.check()
    with page.expect_navigation():
        page.click("button[value=approve]")
