"""Rule versions at the desk and in public: list, sheet, differences, trial, loading, limits."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from audit import approvals
from games import bets, rule_changes, rule_sheets, rule_words, rules
from games.models import Draw, Game, LimitedLine, RuleFile, RuleSheet
from games.rules import cited
from lottery_portal.lib import dates
from lottery_portal.lib.db import database_time
from tests import make, make_rules, people
from tests.games.test_rule_files import in_days

pytestmark = pytest.mark.django_db(transaction=True)

DATA = Path(__file__).parent.parent / "data"
ALL = [version for game in rules.GAMES.values() for version in game.versions]


def page(client: Client, address: str, status: int = 200) -> str:
    """The text of a page."""
    answer = client.get(address)
    assert answer.status_code == status, address
    return people.text(answer)


def test_every_version_is_a_sheet_with_an_article_beside_each_figure():
    """F021: list with states, the whole sheet, the canonical JSON, for the staff."""
    desk = people.in_english(people.member("auditor").user)
    listed = page(desk, "/desk/rules/")
    for version in ALL:
        assert version.code in listed
        assert [
            row.place
            for part in rule_words.sheet(version)
            for row in part.rows
            if row.source is None or not row.lines or not row.label
        ] == []
    assert "In service" in listed
    for code in ("ssq-2026.1", "kl8-2025.1", "fc3d-2016.1", "dlt-2019.1"):
        game = rules.by_code(code).game
        sheet = page(desk, f"/desk/rules/{game}/{code}/")
        assert rules.rule_sheet_digest(rules.by_code(code))[:8] in sheet
        raw = desk.get(f"/desk/rules/{game}/{code}/sheet.json")
        assert raw.content == rules.rule_sheet(rules.by_code(code))
    assert "confirmed by published draws" in page(desk, "/desk/rules/ssq/ssq-2026.1/")
    assert "not confirmed by a text" in page(desk, "/desk/rules/fc3d/fc3d-2016.1/")
    page(desk, "/desk/rules/ssq/nothing/", 404)
    page(desk, "/desk/rules/?game=nothing", 404)
    assert desk.get("/desk/rules/file/").status_code == 403


def test_the_multiplier_is_cited_from_a_games_own_rules_or_from_none():
    """F021, F048, RULES C2, C3: read for 双色球 (article 10) and 排列3 (article 8), and of both
    what is given back (article 12); elsewhere it says so."""
    own = {
        "ssq": "《中国福利彩票双色球游戏规则》第十条",
        "pl3": "《中国体育彩票排列3游戏规则》第八条",
    }
    given_back = {
        "ssq": "《中国福利彩票双色球游戏规则》第十二条",
        "pl3": "《中国体育彩票排列3游戏规则》第十二条",
    }
    for version in ALL:
        for place, articles in (("multiplier", own), ("ticket_cap", own), ("refund", given_back)):
            found = cited.source(game=version.game, code=version.code, place=place)
            assert found is not None
            read = found.text if found.standing == "text" else ""
            assert read == articles.get(version.game, "")
            assert found.standing in {"text", "open"}


def test_differences_say_only_what_changed():
    """F021: old and new beside each other, in words."""
    desk = people.in_english(people.member("compliance").user)

    text = page(desk, "/desk/rules/ssq/ssq-2026.1/changes/")

    assert "ssq-2018.1 → ssq-2026.1" in text
    assert "Lucky prize" in text
    assert "Fifth prize" not in text
    assert "Lucky prize" not in page(desk, "/desk/rules/ssq/ssq-2018.1/changes/?against=ssq-2014.1")
    page(desk, "/desk/rules/ssq/ssq-2026.1/changes/?against=dlt-2026.1", 404)


def test_the_desk_tries_a_version_on_announced_draws_and_on_a_file():
    """F021: before anybody approves; nothing is kept."""
    desk = people.in_english(people.member("auditor").user)
    address = "/desk/rules/ssq/ssq-2026.1/trial/"
    assert "What would the last draws have paid?" in page(desk, address)

    told = people.text(desk.post(address, {"draws": "100", "course": "own"}))

    assert "Would have paid" in told
    text = (DATA / "dlt_safe_draws.csv").read_text().splitlines(keepends=True)
    file = SimpleUploadedFile("draws.csv", "".join([text[0], *text[-57:]]).encode())
    answer = desk.post(
        "/desk/rules/dlt/dlt-2026.1/trial/", {"draws": "500", "course": "own", "file": file}
    )
    assert "All 57 draws come out to the fen as announced." in people.text(answer)
    # The chart of the pool has its axes: sums from nought on, and the first and the last draw.
    charts = re.findall(r'<svg class="chart .*?</svg>', answer.content.decode(), re.DOTALL)
    assert len(charts) == 2  # one for wide pages, one for phones
    issues = [line.split(",")[0] for line in (text[-57], text[-1])]
    for chart in charts:
        words = re.findall(r"<text[^>]*>([^<]+)</text>", chart)
        assert words[0] == "0"
        assert len(words) >= 5
        assert all(word.endswith(" M") for word in words[1:-2])
        assert words[-2:] == issues
    for wrong, why in (
        (b"a,b\n1,2\n", "no column issue"),
        (b"issue\xff", "UTF-8"),
        (b"issue,sales_fen,pool_before_fen\n1,x,2\n", "no rule"),
    ):
        answer = desk.post(
            "/desk/rules/dlt/dlt-2026.1/trial/",
            {"draws": "500", "course": "own", "file": SimpleUploadedFile("x.csv", wrong)},
        )
        assert answer.status_code == 400
        assert why in people.text(answer)
    assert (
        desk.post(
            "/desk/rules/pl3/pl3-2014.1/trial/", {"draws": "500", "course": "own"}
        ).status_code
        == 400
    )


def test_a_rule_file_goes_from_hand_in_to_public_notice():
    """F021, F022: read, tried, asked for with its notice, approved; players are told at once."""
    make_rules.trusted()
    (first, _before) = in_days(10)
    document = make_rules.ssq(first.issue)
    raw = make_rules.written(document)
    desk = people.in_english(people.member("compliance").user)

    def hand_in(signature: bytes) -> int:
        return desk.post(
            "/desk/rules/file/",
            {
                "game": "ssq",
                "file": SimpleUploadedFile("rule.json", raw),
                "signature": SimpleUploadedFile("rule.sig", signature),
            },
        ).status_code

    assert hand_in(b"x" * 64) == 409
    assert hand_in(make_rules.signed(raw)) == 302
    file = RuleFile.objects.get()
    more = f"?file={file.document_digest}"
    sheet = page(desk, f"/desk/rules/ssq/ssq-2027.1/{more}")
    assert "Pair prize" in sheet
    assert "规则第二十条" in sheet
    assert desk.get(f"/desk/rules/ssq/ssq-2027.1/sheet.json{more}&what=file").content == raw
    assert "6 of 35" in page(desk, f"/desk/rules/ssq/ssq-2027.1/changes/{more}")
    public = Client()
    public.cookies["language"] = "en"
    assert public.get("/rules/ssq/ssq-2027.1/").status_code == 404  # not before two agreed

    answer = desk.post(f"/desk/rules/ssq/ssq-2027.1/load/{more}", {"notice": make_rules.NOTICE})

    assert answer.status_code == 302
    (asked,) = approvals.under_way(rule_sheets.KIND)
    approver = people.in_english(people.member("approver").user)
    shown = page(approver, f"/desk/approvals/{asked.code}/")
    assert "figures differ from ssq-2026.1" in shown
    assert make_rules.NOTICE in shown
    assert "Waits for another person" in page(desk, "/desk/rules/")
    make_rules.agreed(asked)
    told = page(public, "/rules/ssq/ssq-2027.1/")
    assert make_rules.NOTICE in told
    assert "6 of 33" in page(public, "/rules/ssq/")
    assert make_rules.NOTICE in page(public, "/calendar/")
    assert make_rules.NOTICE in page(public, "/results/ssq/")
    assert public.get("/rules/ssq/ssq-2027.1/sheet.json").content == rules.rule_sheet(
        rules.by_code("ssq-2027.1")
    )
    states = {
        held.version.code: held.state
        for held in rule_changes.of_game(file.game, now=database_time())
    }
    assert states["ssq-2027.1"] == "loaded"
    assert states["ssq-2026.1"] in ("service", "loaded")
    assert states["ssq-2018.1"] == "past"


def test_a_late_notice_is_refused_on_the_page():
    """F022: with the day from which it could hold."""
    make_rules.trusted()
    (_first, before) = in_days(10)
    file = make_rules.brought("ssq", make_rules.ssq(before.issue))
    desk = people.in_english(people.member("compliance").user)

    answer = desk.post(
        f"/desk/rules/ssq/ssq-2027.1/load/?file={file.document_digest}", {"notice": "x"}
    )

    assert answer.status_code == 409
    assert "ten natural days ahead" in people.text(answer)
    assert not approvals.under_way(rule_sheets.KIND)


def test_a_version_in_service_is_not_asked_for_again():
    """F021: its page says since when it is in service; there is no form, and none is taken."""
    desk = people.in_english(people.member("compliance").user)
    loaded = RuleSheet.objects.get(code="ssq-2026.1", game__code="ssq")
    with translation.override("en"):
        since = dates.year_weekday(dates.in_shanghai(loaded.loaded_at).date())
    words = f"It has been in service since {since}."

    for code, said in (("ssq-2026.1", words), ("ssq-2018.1", "Its draws are over.")):
        address = f"/desk/rules/ssq/{code}/load/"
        text = page(desk, address)
        assert said in text
        assert 'name="notice"' not in text
        assert desk.post(address, {"notice": make_rules.NOTICE}).status_code == 409
    assert not approvals.under_way(rule_sheets.KIND)


def test_a_line_is_withdrawn_at_the_desk_and_the_reason_reaches_players():
    """F035, RULES §6: risk withdraws, others look on; the refusal says why."""
    draw = make.shadow_draw(game_code="pl3-drill")
    risk = people.in_english(people.member("risk").user)
    auditor = people.in_english(people.member("auditor").user)
    address = f"/desk/draws/{draw.code}/limits/"
    asked = {"play": "straight", "numbers": "1+2+3", "reason": "售出已达限额"}

    assert auditor.post(f"{address}new/", asked).status_code == 403
    assert risk.post(f"{address}new/", {**asked, "numbers": "1+2"}).status_code == 400
    assert risk.post(f"{address}new/", {**asked, "numbers": "a"}).status_code == 400
    assert risk.post(f"{address}new/", asked).status_code == 302
    assert risk.post(f"{address}new/", {**asked, "numbers": "1,2,3"}).status_code == 409

    assert LimitedLine.objects.count() == 1
    shown = page(auditor, address)
    assert "1 2 3" in shown
    assert "第十二条" in shown
    buyer = make.shadow_player(wallet=100_00)
    with pytest.raises(bets.NumberLimited) as refused:
        make.purchase(
            buyer,
            draw,
            [bets.Selection("straight", ((),) * 3, ((1,), (2,), (3,)))],
            channel="drill",
        )
    assert "售出已达限额" in str(refused.value)
    page(auditor, f"/desk/draws/{make.shadow_draw().code}/limits/", 404)


def test_a_past_rule_is_not_what_the_house_plays_by():
    """F021: in service is what the draw on sale is sold by."""
    draw = make.draw()
    ssq = Game.objects.get(code="ssq")

    assert rule_sheets.current(ssq, now=database_time()).code == draw.rule.code
    assert draw.closes_at - timedelta(days=40) < database_time()
    assert Draw.objects.filter(rule=draw.rule).exists()
