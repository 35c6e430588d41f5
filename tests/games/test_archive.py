"""The archive of results by number, days and numbers drawn; one draw with all that is known."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from games import archive, rules
from games.archive import Asked
from games.models import Announcement, Game
from tests import make
from tests.games.announced import announce

pytestmark = pytest.mark.django_db


def _ssq() -> Game:
    return Game.objects.get(code="ssq")


def _reader() -> Client:
    reader = Client()
    reader.cookies["language"] = "en"
    return reader


def test_draws_are_found_by_the_numbers_that_came():
    """F073: exactly those rows that a look at every row finds."""
    rows = list(Announcement.objects.filter(game__code="ssq"))
    asked = Asked(numbers=((6, 11), (16,)))

    found = {row.issue for row in archive.search(_ssq(), asked)}

    assert found == {
        row.issue for row in rows if {6, 11} <= set(row.numbers[0]) and 16 in row.numbers[1]
    }
    assert "2026108" in found


def test_draws_are_found_by_days_and_the_beginning_of_a_number():
    """F073"""
    asked = Asked(issue="20260", since=date(2026, 2, 1), until=date(2026, 3, 31))

    found = list(archive.search(_ssq(), asked))

    assert found
    assert all(
        row.issue.startswith("20260") and date(2026, 2, 1) <= row.drawn_on <= date(2026, 3, 31)
        for row in found
    )


def test_pages_are_turned_by_issue_and_lose_nothing():
    """F073: forth to the end and back again; every draw once, in order."""
    everything = [row.issue for row in archive.search(_ssq(), Asked()).order_by("-issue")]
    page = archive.page(archive.search(_ssq(), Asked()))
    read, begun = [row.issue for row in page.rows], page

    while page.older_than:
        page = archive.page(archive.search(_ssq(), Asked()), older_than=page.older_than)
        read += [row.issue for row in page.rows]
    assert read == everything

    while page.newer_than:
        page = archive.page(archive.search(_ssq(), Asked()), newer_than=page.newer_than)
    assert [row.issue for row in page.rows] == [row.issue for row in begun.rows]
    assert (begun.newer_than, page.newer_than) == ("", "")


@pytest.mark.parametrize(
    ("code", "text", "numbers"),
    [
        ("ssq", "03 07 + 16", ((3, 7), (16,))),
        ("ssq", "+16", ((), (16,))),
        ("ssq", "7，3、7", ((3, 7), ())),
        ("dlt", "01 35 ＋ 12", ((1, 35), (12,))),
        ("qlc", "30 + 4", ((30,), (4,))),
        ("kl8", "80 1", ((1, 80),)),
        ("fc3d", "109", ((1,), (0,), (9,))),
        ("fc3d", "1 ? 9", ((1,), (), (9,))),
        ("qxc", "1 ? ? ? ? ? + 14", ((1,), (), (), (), (), (), (14,))),
    ],
)
def test_numbers_are_read_as_people_type_them(code, text, numbers):
    assert archive.numbers_of(rules.GAMES[code].current, text) == numbers


@pytest.mark.parametrize(
    ("code", "text", "refusal"),
    [
        ("ssq", "34", archive.NumbersUnreadable),
        ("ssq", "1 2 3 4 5 6 7", archive.NumbersUnreadable),
        ("ssq", "1 + 2 + 3", archive.NumbersUnreadable),
        ("ssq", "eins", archive.NumbersUnreadable),
        ("ssq", "٣", archive.NumbersUnreadable),
        ("fc3d", "1 9", archive.DigitsMissing),
        ("pl5", "1 ? ? ? x", archive.NumbersUnreadable),
    ],
)
def test_numbers_that_cannot_have_come_are_refused(code, text, refusal):
    with pytest.raises(refusal):
        archive.numbers_of(rules.GAMES[code].current, text)


@pytest.mark.parametrize("code", list(rules.GAMES))
def test_every_game_has_an_archive_and_a_page_for_each_draw(code):
    """F073: balls, digits, one zone and two, one table of prizes and ten."""
    first, second = announce(code, 2)

    listed = Client().get(f"/results/{code}/").content.decode()
    shown = Client().get(f"/results/{code}/{second.issue}/").content.decode()

    assert first.issue in listed
    assert second.issue in listed
    assert f"/results/{code}/{first.issue}/" in shown
    version = rules.version_for(game=code, issue=second.issue)
    for zone, numbers in zip(version.zones, second.numbers, strict=True):
        assert all(f">{n}<" in shown or f">{n:02d}<" in shown for n in numbers), zone.code
    assert shown.count('class="table-group"') == (10 if code == "kl8" else 0)


def test_only_what_can_have_been_won_has_a_row():
    """F073: of the sums of digits the one that came; the picks of 快乐8 each under its own head."""
    (row,) = announce("fc3d", 1, numbers=[[[1], [0], [9]]])

    text = _reader().get(f"/results/fc3d/{row.issue}/").content.decode()

    assert "Sum 10 or 17" in text
    assert "Sum 0 or 27" not in text


def test_the_list_is_asked_for_on_the_page():
    """F073: a number leads to its page, what is not there is said, and so is what is wrong."""
    client = _reader()

    assert client.get("/results/?game=ssq&issue=2026108")["Location"] == (
        "/results/ssq/?issue=2026108"
    )
    assert client.get("/results/ssq/?issue=2026108")["Location"] == "/results/ssq/2026108/"
    found = client.get("/results/ssq/?numbers=06+11+13+%2B+16")
    assert (found.status_code, b"2026108" in found.content) == (200, True)
    assert client.get("/results/ssq/?since=1999-01-01&until=1999-12-31").status_code == 404
    for wrong in ("numbers=99", "since=2026-02-30", "issue=abc", "since=2026-2-1&until=2025-1-1"):
        assert client.get(f"/results/ssq/?{wrong}").status_code == 400, wrong
    assert client.get("/results/ssq/?older_than=%27%3B--").status_code == 200
    assert client.get("/results/?issue=%27+OR+1").status_code == 404
    planned = make.draw()
    to_come = client.get(f"/results/?issue={planned.issue}")
    assert planned.draws_at in [row["draws_at"] for row in to_come.context["to_come"]]
    assert "has not been drawn yet" in to_come.content.decode()
    assert client.get("/results/?game=nonsense").status_code == 200
    assert client.get("/results/ssq/?numbers=%F0%9F%90%89").status_code == 400


def test_a_page_of_the_archive_costs_the_same_at_either_end():
    """F073: no query counts rows, none is made for each row."""
    client = Client()
    client.get("/results/ssq/")
    with CaptureQueriesContext(connection) as newest:
        client.get("/results/ssq/")
    with CaptureQueriesContext(connection) as oldest:
        client.get("/results/ssq/?older_than=2024120")

    assert abs(len(newest) - len(oldest)) <= 1
    assert not [one for one in [*newest, *oldest] if "COUNT(" in one["sql"]]


def test_the_first_page_has_the_newest_result_of_every_game():
    """F073"""
    for code in ("dlt", "kl8"):
        announce(code, 2)

    newest = archive.newest()

    assert [row.game.code for row in newest] == ["ssq", "kl8", "dlt"]
    assert all(
        not Announcement.objects.filter(game=row.game, issue__gt=row.issue).exists()
        for row in newest
    )


def test_draws_of_before_all_rules_are_shown_as_announced():
    """F073: 大乐透 was drawn before the first rules that are written here."""
    Announcement.objects.create(
        game=Game.objects.get(code="dlt"), issue="07001", drawn_on="2007-05-30",
        numbers=[[22, 24, 29, 31, 35], [4, 11]], source="x", recorded_at="2026-01-01T00:00:00Z",
        tiers=[{"tier": 1, "winners": 2, "prize_fen": 500_000_000}],
    )  # fmt: skip

    listed = _reader().get("/results/dlt/").content.decode()
    shown = _reader().get("/results/dlt/07001/").content.decode()

    assert "front numbers 22 24 29 31 35, back numbers 04 11" in listed
    assert "Tier 1" in shown
    assert "10,000,000.00" in shown
    assert _reader().get("/trends/dlt/").status_code == 200
