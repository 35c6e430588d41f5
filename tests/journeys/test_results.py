"""The reading pages: results of every game, charts with their explainers, the honest simulator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction
from playwright.sync_api import expect

from games import rules
from tests import browser
from tests.games.announced import announce

from .test_accessibility import seen

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., browser.Visitor]
# Balls with two zones and twenty of eighty; digits with a wide last column and by kinds.
LOOKED_AT = {"zh-hans": ("ssq", "kl8"), "en": ("qxc", "fc3d")}


def judge(visitor: browser.Visitor, name: str, *, deep: bool) -> None:
    """The page as it stands: its words, its width, and in Chinese what axe says of it."""
    visitor.look(name)
    if visitor.language != "en":
        assert seen(visitor, deep=deep) == []


@pytest.mark.thorough
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_reader_looks_back_and_tries_his_numbers(
    visit: Visit, language: str, *, deep: bool
) -> None:
    """F073, F142, N16: newest, archive, search, one draw, charts, simulator; without a login."""
    with transaction.atomic():
        for code in rules.GAMES:
            if code != "ssq":
                announce(code, 45)
    reader = visit(language=language)
    page = reader.page

    reader.go("/results/")
    judge(reader, "results", deep=deep)
    page.click("a.chip[href='/results/ssq/']")
    page.click("main summary")
    page.fill("[name=numbers]", "06 11 + 16")
    with page.expect_navigation():
        page.click("main form .btn--primary")
    expect(page.locator("a[href='/results/ssq/2026108/']")).to_be_visible()
    judge(reader, "archive-found", deep=deep)
    reader.go("/results/ssq/?since=2031-01-01")
    judge(reader, "archive-none", deep=deep)
    for code in LOOKED_AT[language]:
        reader.go(f"/results/{code}/")
        judge(reader, f"archive-{code}", deep=deep)
        page.click("main .ticket-list a.row >> nth=0")
        judge(reader, f"result-{code}", deep=deep)
        reader.go(f"/trends/{code}/")
        assert page.locator("[data-explainer]").count() == 3
        judge(reader, f"trends-{code}", deep=deep)
        reader.go(f"/simulator/{code}/")
        with page.expect_navigation():
            page.click("button[value=pick]")
        expect(page.locator("#outcome")).to_be_visible()
        judge(reader, f"simulator-{code}", deep=deep)
    reader.go("/simulator/ssq/")
    page.fill("[name=p_red]", "1 2 3")
    with page.expect_navigation():
        page.click("main form .btn--primary")
    expect(page.locator("[role=alert]")).to_be_visible()
    judge(reader, "simulator-refused", deep=deep)
