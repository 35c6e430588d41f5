"""Charts of past draws: what a plain count says, and what chance says beside it (F142)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations, product

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from games import rules, simulation, trends
from games.models import Announcement, Game
from tests.games.announced import announce

CODES = list(rules.GAMES)


def _rows(code: str, count: int) -> list[tuple[str, date, list[list[int]]]]:
    version = rules.GAMES[code].current
    made = simulation.draws_of(version, seed=11, draws=count)
    return [
        (
            f"{at:07d}",
            date(2026, 1, 1) + timedelta(days=at),
            [list(z.numbers(m)) for z, m in zip(version.zones, masks, strict=True)],
        )
        for at, masks in enumerate(made)
    ]


@pytest.mark.parametrize("window", [30, 100])
@pytest.mark.parametrize("code", CODES)
def test_charts_say_what_a_plain_count_says(code, window):
    """F142: frequency, omission in every cell, longest omission, against a count by hand."""
    rows, version = _rows(code, 150), rules.GAMES[code].current

    trend = trends.counted(version, rows, window=window)

    assert trend.draws == window
    for at, (zone, counted) in enumerate(zip(version.zones, trend.zones, strict=True)):
        drawn = [numbers[at] for _issue, _day, numbers in rows]
        for place, figures in enumerate(counted.figures):
            number = zone.first + place
            assert figures.number == number
            assert figures.times == sum(number in some for some in drawn[-window:])
            for row in range(window):
                upto = drawn[: len(drawn) - window + row + 1]
                away = next((n for n, some in enumerate(upto[::-1]) if number in some), len(upto))
                assert counted.away[row][place] == away
            assert figures.away == counted.away[-1][place]
            gaps = "".join("x" if number in some else "." for some in drawn[-window:]).split("x")
            assert figures.longest == max(map(len, gaps))
        assert sum(one.times for one in counted.figures) == window * zone.drawn
        assert counted.expected * zone.size == window * zone.drawn


@pytest.mark.parametrize("code", CODES)
def test_the_shape_of_a_draw_is_that_of_its_numbers(code):
    """F142: sum, odd and even, low and high, thirds, span."""
    version = rules.GAMES[code].current
    zones = trends.summed(version)

    for shape in trends.counted(version, _rows(code, 40), window=30).shapes:
        some = [n for numbers, _zone in zip(shape.numbers, zones, strict=False) for n in numbers]
        assert shape.total == sum(some)
        assert (shape.odd, shape.even) == (
            len([n for n in some if n % 2]), len([n for n in some if not n % 2]),
        )  # fmt: skip
        assert shape.low + shape.high == sum(shape.thirds) == len(some)
        assert shape.span == max(some) - min(some)


def test_thirds_and_halves_are_those_people_know():
    """F142: of 33 red numbers 1-11, 12-22, 23-33; of digits 0-4 are low."""
    ssq, fc3d = rules.GAMES["ssq"].current, rules.GAMES["fc3d"].current
    day = date(2026, 1, 1)

    (red,) = trends.counted(ssq, [("1", day, [[11, 12, 16, 17, 22, 23], [1]])], window=30).shapes
    (digits,) = trends.counted(fc3d, [("1", day, [[4], [5], [9]])], window=30).shapes

    assert (list(red.thirds), red.low, red.high) == ([1, 4, 1], 3, 3)
    assert (digits.low, digits.high, digits.total) == (1, 2, 18)


def test_chances_of_sums_are_those_of_all_results():
    """F142: what chance alone gives is counted, not guessed."""
    fc3d = trends.sum_chances(rules.GAMES["fc3d"].current.code)
    every = [sum(digits) for digits in product(range(10), repeat=3)]
    assert fc3d == {n: Fraction(every.count(n), 1000) for n in set(every)}

    dlt = trends.sum_chances(rules.GAMES["dlt"].current.code)
    total: dict[int, int] = {}
    for some in combinations(range(1, 36), 5):
        total[sum(some)] = total.get(sum(some), 0) + 1
    whole = sum(total.values())
    assert dlt == {n: Fraction(ways, whole) for n, ways in total.items()}
    for code in CODES:
        chances = trends.sum_chances(rules.GAMES[code].current.code)
        assert sum(chances.values()) == 1, code
        middle = min(chances) + max(chances)
        assert all(chances[n] == chances[middle - n] for n in chances), code


def test_steps_of_sums_hold_every_draw_once():
    """F142"""
    trend = trends.counted(rules.GAMES["kl8"].current, _rows("kl8", 100), window=100)

    steps = trends.sums(trend)

    assert sum(came for *_bounds, came, _chance in steps) == 100
    assert sum(chance for *_rest, chance in steps) == 100
    for low, high, came, _chance in steps:
        assert came == sum(low <= shape.total <= high for shape in trend.shapes)


def test_draws_of_another_matrix_are_not_counted_with_these():
    """F142: back to the first of the rules without a break that draw from as many balls."""
    known = rules.GAMES["ssq"].versions
    newest, red = known[-1], known[-1].zones[0]
    smaller = (replace(red, size=32), *newest.zones[1:])

    assert trends.alike_since(known, newest) == known[0].first_issue
    for at in range(len(known) - 1):
        changed = [*known[:at], replace(known[at], zones=smaller), *known[at + 1 :]]
        assert trends.alike_since(changed, newest) == known[at + 1].first_issue


@pytest.mark.django_db
def test_a_trend_is_one_query_and_kept_under_the_newest_issue():
    """F142: counted once; a new result is counted at once."""
    cache.clear()
    game = Game.objects.get(code="ssq")
    with CaptureQueriesContext(connection) as first:
        trend = trends.of(game, window=500)
    with CaptureQueriesContext(connection) as again:
        kept = trends.of(game, window=500)
    assert (len(first), len(again)) == (3, 1)  # the newest issue; rules from files, the draws
    assert trend is not None
    assert kept == trend
    assert trend.draws == 300

    Announcement.objects.create(
        game=game, issue="2026999", drawn_on="2026-12-31", numbers=[[1, 2, 3, 4, 5, 6], [16]],
        tiers=[], source="x", recorded_at="2026-12-31T00:00:00Z",
    )  # fmt: skip
    newer = trends.of(game, window=500)

    assert newer is not None
    assert newer.draws == 301
    assert newer.zones[1].figures[15].away == 0


@pytest.mark.django_db
@pytest.mark.parametrize("code", CODES)
def test_every_chart_has_the_explainer_beside_it(code):
    """F142: numbers, grid and sums; no number is called hot, cold or due."""
    announce(code, 40)
    reader = Client()
    reader.cookies["language"] = "en"

    page = reader.get(f"/trends/{code}/?draws=30")

    text = page.content.decode()
    assert page.status_code == 200
    sections = re.findall(r'<section class="trend-pair".*?data-explainer="(\w+)"', text, re.DOTALL)
    assert sections == ["numbers", "grid", "sums"]
    assert text.count('<svg class="chart') >= 2
    assert text.count("trend-grid ") == len(rules.GAMES[code].current.zones)
    for told in ("never “due”", "same chance as every other", f"/simulator/{code}/"):
        assert told in text
    assert not re.search(r"\b(hot|cold) number", text)


@pytest.mark.django_db
def test_charts_without_a_draw_say_so():
    """F142"""
    assert Client().get("/trends/pl3/").status_code == 200
    assert Client().get("/trends/")["Location"] == "/trends/ssq/"
    assert Client().get("/trends/ssq-drill/").status_code == 404
    assert Client().get("/trends/ssq/?draws=7000").status_code == 200
