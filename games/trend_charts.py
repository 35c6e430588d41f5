"""Charts of past draws as SVG: figures and lines only; what they mean is said on the page.

The well-known grid (走势图): a row a draw, a column a number, a ball where it came and elsewhere
for how many draws it had been away. Nothing in them depends on the language of the reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from lottery_portal.lib import scales

from . import words
from .rules import Zone
from .trends import GRID_ROWS, DrawShape, Trend, ZoneTrend

CELL, ROW, LABEL = 19, 20, 62
JOINED = 1020  # so wide may grids be that stand side by side under one column of issues
_EVERY = 5
_HEIGHT, _FOOT, _LEFT, _RIGHT = 160, 20, 32, 8
_LEAST_LABEL = 20
_WIDE, _NARROW = 660, 320
_TWO_DRUMS = 2


def grid(zone: Zone, trend: ZoneTrend, shapes: Sequence[DrawShape]) -> SafeString:
    """One zone of the grid, newest draw at the foot, numbers at head and foot."""
    rows, shapes = trend.away[-GRID_ROWS:], shapes[-GRID_ROWS:]
    columns = len(trend.figures)
    width, height = LABEL + columns * CELL, (len(rows) + 2) * ROW
    colour = "blue" if words.is_blue(zone) else "red"
    head = [
        (LABEL + at * CELL + CELL // 2, words.number(zone, one.number))
        for at, one in enumerate(trend.figures)
    ]
    parts = [_heads(head, y) for y in (ROW - 6, height - 6)]
    lines = [
        (ROW * (row + 1), width) for row in range(0, len(rows) + 1, _EVERY)
    ]  # a thin line every five draws
    parts.append(
        format_html_join("", '<line class="grid-line" x1="0" y1="{0}" x2="{1}" y2="{0}"/>', lines)
    )
    if zone.drawn == 1:
        parts.append(_path(rows))
    parts += [
        _row(zone, row, shape, y=ROW * (at + 1))
        for at, (row, shape) in enumerate(zip(rows, shapes, strict=True))
    ]
    return format_html(
        '<svg class="trend-grid trend-grid--{}" width="{}" height="{}" viewBox="0 0 {} {}"'
        ' aria-hidden="true">{}</svg>',
        colour, width, height, width, height, mark_safe("".join(parts)),  # noqa: S308 - made of escaped parts
    )  # fmt: skip


def _heads(head: Sequence[tuple[int, str]], y: int) -> SafeString:
    return format_html_join(
        "", '<text class="head" x="{}" y="{}">{}</text>', ((x, y, text) for x, text in head)
    )


def _row(zone: Zone, away: Sequence[int], shape: DrawShape, *, y: int) -> SafeString:
    middle, base = y + ROW // 2, y + ROW - 6
    texts, balls = [], []
    for at, draws in enumerate(away):
        x = LABEL + at * CELL + CELL // 2
        if draws:
            texts.append((x, base, draws))
        else:
            balls.append((x, middle, base, words.number(zone, zone.first + at)))
    return format_html(
        '<text class="issue" x="0" y="{}">{}</text>{}{}',
        base,
        shape.issue,
        format_html_join("", '<text x="{}" y="{}">{}</text>', texts),
        format_html_join(
            "",
            '<circle cx="{0}" cy="{1}" r="9"/><text class="hit" x="{0}" y="{2}">{3}</text>',
            balls,
        ),
    )


def _path(rows: Sequence[Sequence[int]]) -> SafeString:
    """The line from ball to ball of a zone that gives one number."""
    points = " ".join(
        f"{LABEL + list(row).index(0) * CELL + CELL // 2},{ROW * (at + 1) + ROW // 2}"
        for at, row in enumerate(rows)
        if 0 in row
    )
    return format_html('<polyline class="grid-path" points="{}"/>', points)


def frequency(zone: Zone, trend: ZoneTrend, *, is_narrow: bool = False) -> SafeString:
    """How often each number came, as bars, with a dashed line where chance alone would bring it."""
    bars = [(words.number(zone, one.number), one.times) for one in trend.figures]
    return _bars(bars, expected=[trend.expected] * len(bars), is_narrow=is_narrow, is_level=True)


def sums(steps: Sequence[tuple[int, int, int, Fraction]], *, is_narrow: bool = False) -> SafeString:
    """How often each step of sums came, as bars, with a mark where chance alone would bring it."""
    bars = [(str(low), came) for low, _high, came, _chance in steps]
    expected = [chance for *_rest, chance in steps]
    return _bars(bars, expected=expected, is_narrow=is_narrow, is_level=False)


def _bars(
    bars: Sequence[tuple[str, int]],
    *,
    expected: Sequence[Fraction],
    is_narrow: bool,
    is_level: bool,
) -> SafeString:
    width = _NARROW if is_narrow else _WIDE
    top = max(1, *(count for _name, count in bars), *(int(one) + 1 for one in expected))
    step = (width - _LEFT - _RIGHT) / len(bars)
    base = _HEIGHT - _FOOT

    def height(value: float) -> float:
        return (base - 12) * value / top

    wide = max(step - (4 if step > 12 else 1), 1)  # noqa: PLR2004 - a gap that can be seen
    drawn = format_html_join(
        "",
        '<rect class="chart-bar" x="{}" y="{}" width="{}" height="{}"/>',
        (
            (f"{_LEFT + at * step:.1f}", f"{base - height(count):.1f}", f"{wide:.1f}",
             f"{height(count):.1f}")
            for at, (_name, count) in enumerate(bars)
        ),
    )  # fmt: skip
    every = next(n for n in (1, 2, 5, 10, 20, 50, 100) if n * step >= _LEAST_LABEL + 4 or n == 100)  # noqa: PLR2004 - steps people count in
    names = format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        (
            (f"{_LEFT + at * step + wide / 2:.1f}", _HEIGHT - 4, name)
            for at, (name, _count) in enumerate(bars)
            if at % every == 0
        ),
    )
    scale = format_html_join(
        "",
        '<line class="chart-grid" x1="{0}" y1="{2}" x2="{1}" y2="{2}"/>'
        '<text x="{3}" y="{2}" dy="4" text-anchor="end">{4}</text>',
        (
            (_LEFT, width - _RIGHT, f"{base - height(value):.1f}", _LEFT - 6, value)
            for value in sorted({0, top // 2, top})
        ),
    )
    marks = [base - height(float(one)) for one in expected]
    if is_level:
        chance = format_html(
            '<line class="chart-chance" x1="{0}" y1="{2}" x2="{1}" y2="{2}"/>',
            _LEFT, width - _RIGHT, f"{marks[0]:.1f}",
        )  # fmt: skip
    else:
        points = " ".join(
            f"{_LEFT + at * step + wide / 2:.1f},{y:.1f}" for at, y in enumerate(marks)
        )
        chance = format_html('<polyline class="chart-chance" points="{}"/>', points)
    return format_html(
        '<svg class="chart {}" viewBox="0 0 {} {}" aria-hidden="true">{}{}{}{}</svg>',
        "chart--narrow" if is_narrow else "chart--wide",
        width, _HEIGHT, scale, drawn, chance, names,
    )  # fmt: skip


def is_joined(trend: Trend) -> bool:
    """Whether the grids of drums stand side by side on a wide page, with the issues once."""
    columns = sum(len(zone.figures) for zone in trend.zones)
    return len(trend.zones) == _TWO_DRUMS and LABEL + CELL * columns <= JOINED


def grid_rows(trend: Trend) -> int:
    """How many draws the grid shows."""
    return min(trend.draws, GRID_ROWS)


def course(points: Sequence[int], *, is_narrow: bool = False) -> SafeString:
    """Won less spent, draw after draw, from nought on; fen at the ends of the scale in yuan."""
    width = _NARROW if is_narrow else _WIDE
    left, right = 72, width - _RIGHT
    highest, lowest = max(0, *points), min(0, *points)
    span = max(highest - lowest, 1)
    top, base = 12, _HEIGHT - _FOOT

    def y(fen: int) -> float:
        return top + (base - top) * (highest - fen) / span

    step = (right - left) / len(points)
    line = " ".join(f"{left + at * step:.1f},{y(fen):.1f}" for at, fen in enumerate([0, *points]))
    scale = format_html_join(
        "",
        '<line class="chart-grid" x1="{0}" y1="{2}" x2="{1}" y2="{2}"/>'
        '<text x="{3}" y="{2}" dy="4" text-anchor="end">{4}</text>',
        (
            (left, right, f"{y(fen):.1f}", left - 6, f"{fen // 100:,}".replace("-", "−"))
            for fen in sorted({highest, 0, lowest})
        ),
    )
    area = f"{left},{y(0):.1f} {line} {right},{y(0):.1f}"
    return format_html(
        '<svg class="chart {}" viewBox="0 0 {} {}" aria-hidden="true">{}'
        '<polygon class="chart-area" points="{}"/><polyline class="chart-line" points="{}"/></svg>',
        "chart--narrow" if is_narrow else "chart--wide",
        width, _HEIGHT, scale, area, line,
    )  # fmt: skip


def pools(
    announced: Sequence[int | None],
    tried: Sequence[int],
    *,
    first: str,
    last: str,
    is_narrow: bool = False,
) -> SafeString:
    """The pool after each draw: as announced dashed, as tried solid; sums and issues on the axes.

    The course is said in words beside it, so it is silent for those who hear the page.
    """
    width = _NARROW if is_narrow else _WIDE
    left, right, top, base = 56, width - _RIGHT, 14, _HEIGHT - _FOOT
    highest = max((fen for course in (announced, tried) for fen in course if fen), default=0)
    lowest = min((*tried, 0))
    step = scales.step(highest - lowest)
    ceiling, floor = -(-highest // step) * step, lowest // step * step

    def y(fen: int) -> float:
        return round(top + (base - top) * (ceiling - fen) / max(ceiling - floor, 1), 1)

    def line(course: Sequence[int | None]) -> str:
        wide = (right - left) / max(len(course) - 1, 1)
        return " ".join(
            f"{left + at * wide:.1f},{y(fen)}" for at, fen in enumerate(course) if fen is not None
        )

    scale = format_html_join(
        "",
        '<line class="chart-grid" x1="{0}" y1="{2}" x2="{1}" y2="{2}"/>'
        '<text x="{3}" y="{2}" dy="4" text-anchor="end">{4}</text>',
        (
            (left, right, y(fen), left - 8, scales.figure(fen))
            for fen in range(floor, ceiling + 1, step)
        ),
    )
    return format_html(
        '<svg class="chart {}" viewBox="0 0 {} {}" aria-hidden="true">{}'
        '<polyline class="chart-before" points="{}"/><polyline class="chart-line" points="{}"/>'
        '<text x="{}" y="{}">{}</text><text x="{}" y="{}" text-anchor="end">{}</text></svg>',
        "chart--narrow" if is_narrow else "chart--wide",
        width, _HEIGHT, scale, line(announced), line(tried),
        left, _HEIGHT - 4, first, right, _HEIGHT - 4, last,
    )  # fmt: skip
