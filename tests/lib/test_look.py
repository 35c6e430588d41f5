"""The tags every page is made of: money, times, balls, hashes, bars, codes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import translation

from lottery_portal.lib import dates
from lottery_portal.lib.templatetags import look

CLOSES = datetime(2026, 9, 20, 12, 0, tzinfo=UTC)  # 20:00 in Shanghai
NOW = datetime(2026, 9, 20, 9, 46, 6, tzinfo=UTC)
ROOT = "799b94993be309043f4a75eae1fe31a19e7d83da865d317283248fc74dff5bec"


def drawn(source: str, **context: object) -> str:
    return Template("{% load look %}" + source).render(Context(context))


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("fen", "text"),
    [(0, "0.00"), (5, "0.05"), (123456, "1,234.56"), (91724364700, "917,243,647.00"), (None, "—")],
)
def test_money_is_exact_to_the_fen(fen, text):
    assert look.money(fen) == text


def test_money_in_the_statement_carries_its_sign():
    assert look.signed(205_00) == "+205.00"
    assert look.signed(-20_00) == "−20.00"
    assert look.signed(0) == "0.00"


@pytest.mark.parametrize(
    ("fen", "english", "chinese"),
    [
        (91724364700, "917.24 million", "9.17 亿元"),
        (151_8900_00, "1.51 million", "151.89 万元"),
        (99_999_999_99, "99.99 million", "9,999.99 万元"),
        (1_234_567_890_00, "1.23 billion", "12.34 亿元"),
    ],
)
def test_a_short_sum_is_cut_and_never_rounded_up(fen, english, chinese):
    assert look.money_short(fen) == english
    with translation.override("zh-hans"):
        assert look.money_short(fen) == chinese


@pytest.mark.parametrize(
    ("form", "english", "chinese"),
    [
        ("full", "2026-09-20 20:00:00", "2026-09-20 20:00:00"),
        ("minute", "20:00", "20:00"),
        ("day", "20 Sep", "9月20日"),
        ("milli", "20:00:00.000", "20:00:00.000"),
    ],
)
def test_times_are_told_in_shanghai(form, english, chinese):
    assert look.local_time(CLOSES, form) == english
    with translation.override("zh-hans"):
        assert look.local_time(CLOSES, form) == chinese


def test_a_time_without_zone_is_a_mistake_and_not_a_guess():
    with pytest.raises(ValueError, match="time zone"):
        look.local_time(CLOSES.replace(tzinfo=None))
    with pytest.raises(ValueError, match="A date has no clock"):
        look.local_time(date(2026, 9, 20), "clock")


def test_what_is_not_known_is_a_dash():
    assert look.local_time(None) == "—"
    assert look.count(None) == "—"
    assert look.yuan(None) == "—"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (CLOSES, "today 20:00"),
        (CLOSES + timedelta(hours=4), "tomorrow 00:00"),
        (CLOSES + timedelta(days=2), "Tue 22 Sep 20:00"),
        (CLOSES + timedelta(days=200), "2027-04-08 20:00"),
    ],
)
def test_a_moment_is_seen_from_the_day_in_shanghai(moment, text):
    assert dates.relative(moment, NOW, "minute") == text


def test_the_countdown_stands_right_without_script():
    """F038."""
    html = drawn("{% countdown closes now %}", closes=CLOSES, now=NOW)

    assert ">02:13:54</span>" in html
    assert f'data-closes-at="{CLOSES.isoformat()}"' in html
    assert f'data-server-now="{NOW.isoformat()}"' in html


def test_the_countdown_says_when_it_is_over():
    html = drawn("{% countdown closes now %}", closes=CLOSES, now=CLOSES)

    assert ">Sales have closed</span>" in html


def test_balls_are_read_aloud_by_zone_with_what_was_missed():
    html = drawn(
        "{% balls picks 36 hits=hits bankers=bankers %}",
        picks=[[11, 14], [16]],
        hits=[[6, 11], [16]],
        bankers=[[6], []],
    )

    assert 'aria-label="red bankers 06, red 11 14 missed, blue 16"' in html
    assert html.count("ball--missed") == 1
    assert html.count("zone-line") == 1


def test_more_than_two_places_are_columns_of_digits():
    """A result of which only the numbers are known: every place its own, none of them blue."""
    html = drawn("{% balls picks 28 %}", picks=[[1], [0], [14]])

    assert html.count('class="zone-balls"') == 3
    assert html.count("zone-line") == 2
    assert "ball--blue" not in html
    assert 'aria-label="digit 1, digit 0, digit 14"' in html
    assert ">01<" not in html


def test_a_place_that_was_left_empty_has_a_dash():
    html = drawn("{% balls picks 28 %}", picks=[[], [3], []])

    assert html.count('class="zone-balls"') == 3
    assert html.count(">—</span>") == 2
    assert 'aria-label="digit —, digit 3, digit —"' in html


def test_a_hash_stands_in_groups_of_eight_and_copies_without_gaps():
    html = drawn("{% hash_box root %}", root=ROOT)

    assert html.count("<span class") == 9
    assert "".join(part.split("<")[0] for part in html.split(">")) == ROOT


def test_groups_that_differ_from_the_other_hash_are_marked():
    other = ROOT[:8] + "00000000" + ROOT[16:]

    html = drawn("{% hash_box root other %}", root=ROOT, other=other)

    assert html.count("differs") == 1
    assert f'<span class="differs">{ROOT[8:16]}</span>' in html


def test_the_seal_mark_is_the_first_eight_digits():
    html = drawn("{% seal_mark root %}", root=ROOT)

    assert ">799b</text>" in html
    assert ">9499</text>" in html


def test_the_limit_bar_is_full_at_the_limit_and_never_beyond():
    html = drawn("{% limit_bar 25000 20000 'Spent' %}")

    assert 'class="fill" width="100"' in html
    assert "0.00 left" in html


def test_a_timeline_tells_the_date_once_a_day():
    steps = [
        {"state": "done", "title": "Bought", "at": NOW},
        {"state": "done", "title": "Sealed", "at": CLOSES},
        {"state": "halted", "title": "Halted", "at": CLOSES + timedelta(days=1)},
        {"state": "todo", "title": "Paid"},
    ]

    html = drawn("{% timeline steps %}", steps=steps)

    assert html.count("20 Sep") == 1
    assert html.count("21 Sep") == 1
    assert ">20:00:00</span>" in html
    assert "is-halted" in html


def test_words_from_outside_are_escaped():
    evil = "<script>alert(1)</script>"

    for source in ("{% tag 'done' evil %}", "{% note 'done' evil evil %}", "{% hash_box evil %}"):
        assert "<script" not in drawn(source, evil=evil)


def test_the_qr_code_is_black_on_white_without_a_style():
    html = drawn("{% qr 'S7K29QMF3XTD8ABC4' %}")

    assert "style=" not in html
    assert 'stroke="#000"' in html
    assert 'fill="#fff"' in html


def test_a_table_stands_in_a_region_that_has_a_name_and_is_reached_by_keyboard():
    """F254: what scrolls sideways is scrolled without a mouse, and read out by what it is."""
    rows = "{% table name 'wide' %}<tr><td>{{ name }}</td></tr>{% endtable %}"

    html = " ".join(drawn(rows, name="Draws <b>& more").split())

    assert '<div class="table-scroll" tabindex="0" role="region"' in html
    assert html.count("Draws &lt;b&gt;&amp; more") == 2
    assert 'aria-label="Draws &lt;b&gt;&amp; more"' in html
    assert '<table class="table wide"><tr><td>Draws' in html
