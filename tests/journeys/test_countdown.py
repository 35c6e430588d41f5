"""The time left is the server's, whatever the device believes (F038)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from lottery_portal.lib.db import database_time
from tests import browser
from tests.samples import one_in

from . import stage

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

SHIFTED = """
(() => {
  const Real = Date, off = %d * 60000;
  window.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + off); }
    static now() { return Real.now() + off; }
  };
})();
"""


def seconds_shown(page: Page) -> int:
    """What the countdown says, days and hours included."""
    text = page.locator("[data-countdown]").first.inner_text()
    days = re.match(r"\s*(\d+)\D+?\d\d:", text)
    clock = re.search(r"(\d+):(\d\d):(\d\d)", text)
    assert clock is not None, text
    hours, minutes, seconds = map(int, clock.groups())
    return (int(days[1]) if days else 0) * 86400 + hours * 3600 + minutes * 60 + seconds


@pytest.mark.thorough
@pytest.mark.parametrize("minutes", one_in(2, [10, -10]))
def test_a_device_clock_that_is_wrong_changes_nothing(
    visit: Callable[..., browser.Visitor], minutes: int
) -> None:
    """F038: ten minutes fast or slow, the time left is right within two seconds, and goes on."""
    draw, crew = stage.draw(), stage.staff("draw_official", "approver")
    closes_at = database_time() + timedelta(minutes=6)
    stage.change_times(
        draw,
        maker=crew["draw_official"][0],
        checker=crew["approver"][0],
        closes_at=closes_at,
        draws_at=closes_at + timedelta(minutes=5),
    )
    visitor = visit(before=SHIFTED % minutes)
    for address in ("/", "/play/ssq/"):
        visitor.go(address)
        device = visitor.page.evaluate("Date.now()") / 1000
        assert abs(device - database_time().timestamp() - minutes * 60) < 5, "the device is wrong"

        for wait_ms in (0, 1500):
            visitor.page.wait_for_timeout(wait_ms)
            left = (closes_at - database_time()).total_seconds()
            assert abs(seconds_shown(visitor.page) - left) <= 2
