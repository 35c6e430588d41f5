"""Rule versions, from a signed file to the public notice, as clerks and players see them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from audit import approvals
from games import rule_sheets
from games.models import RuleFile
from tests import browser, make, make_rules, people
from tests.games.test_rule_files import in_days

from .test_accessibility import seen

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., browser.Visitor]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("language", "size"),
    [("zh-hans", browser.PHONE), ("en", browser.WIDE)],
    ids=["zh", "en"],
)
def test_a_rule_file_is_handed_in_tried_asked_for_and_announced(
    visit: Visit, tmp_path: Path, language: str, size: dict[str, int], *, deep: bool
) -> None:
    """F021, F022, F035: sheet, differences, trial, request, notice, limited lines; all readable."""
    make_rules.trusted()
    (first, _before) = in_days(10)
    raw = make_rules.written(make_rules.ssq(first.issue))
    (tmp_path / "rule.json").write_bytes(raw)
    (tmp_path / "rule.sig").write_bytes(make_rules.signed(raw))
    compliance = people.member("compliance").user
    desk = visit(cookies=browser.session_of(compliance), language=language, viewport=size)

    def judge(visitor: browser.Visitor, name: str) -> None:
        visitor.look(name)
        if language != "en":
            assert seen(visitor, deep=deep) == []

    desk.go("/desk/rules/file/")
    judge(desk, "desk-rule-file")
    desk.page.select_option("[name=game]", "ssq")
    desk.page.set_input_files("[name=file]", tmp_path / "rule.json")
    desk.page.set_input_files("[name=signature]", tmp_path / "rule.sig")
    with desk.page.expect_navigation():
        desk.page.click("main button[type=submit]")
    more = f"?file={RuleFile.objects.get().document_digest}"
    desk.go(f"/desk/rules/ssq/ssq-2027.1/{more}")
    judge(desk, "desk-rule-new")
    desk.go(f"/desk/rules/ssq/ssq-2027.1/trial/{more}")
    judge(desk, "desk-rule-trial")
    with desk.page.expect_navigation():
        desk.page.click("main button[type=submit]")
    judge(desk, "desk-rule-tried")
    desk.go(f"/desk/rules/ssq/ssq-2027.1/load/{more}")
    judge(desk, "desk-rule-load")
    desk.page.fill("[name=notice]", make_rules.NOTICE)
    with desk.page.expect_navigation():
        desk.page.click("main button[type=submit]")
    (asked,) = approvals.under_way(rule_sheets.KIND)
    approver = visit(
        cookies=browser.session_of(people.member("approver").user), language=language, viewport=size
    )
    approver.go(f"/desk/approvals/{asked.code}/")
    judge(approver, "rule-approval")
    make_rules.agreed(asked)
    public = visit(language=language, viewport=size)
    public.go("/rules/ssq/ssq-2027.1/")
    judge(public, "rule-announced")
    public.go("/results/ssq/")
    judge(public, "results-with-rule-notice")


@pytest.mark.thorough
def test_rules_and_limited_lines_are_readable(visit: Visit, *, deep: bool) -> None:
    """F021, F035: list, the longest sheets, differences; a line is withdrawn with its reason."""
    draw = make.shadow_draw(game_code="pl3-drill")
    desk = visit(cookies=browser.session_of(people.member("risk").user))
    for address, name in (
        ("/desk/rules/", "desk-rules"),
        ("/desk/rules/kl8/kl8-2025.1/", "desk-rule-kl8"),
        ("/desk/rules/fc3d/fc3d-2016.1/", "desk-rule-3d"),
        ("/desk/rules/dlt/dlt-2026.1/changes/", "desk-rule-changes"),
        (f"/desk/draws/{draw.code}/limits/", "limits-none"),
    ):
        desk.go(address)
        desk.look(name)
        assert seen(desk, deep=deep) == [], name
    desk.page.fill("[name=numbers]", "1+2+3")
    desk.page.fill("[name=reason]", "售出已达限额")
    with desk.page.expect_navigation():
        desk.page.click("main button[type=submit]")
    assert "售出已达限额" in desk.look("limits")
