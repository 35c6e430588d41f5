"""Axes of charts of money: round steps and short figures; the exact ones stand near the chart."""

from __future__ import annotations

from . import dates


def step(span_fen: int) -> int:
    """A round step so that four lines span it: 1, 2 or 5 of a power of ten, in whole yuan."""
    wanted = max(-(-span_fen // 3), 1)
    power = 100
    while True:
        for leading in (1, 2, 5):
            if leading * power >= wanted:
                return leading * power
        power *= 10


def figure(fen: int) -> str:
    """A sum beside a line: 5 亿, 20 M."""
    whole = fen // 100
    if dates.is_chinese():
        for unit, word in ((100_000_000, "亿"), (10_000, "万")):
            if abs(whole) >= unit:
                return f"{whole / unit:g} {word}"
        return f"{whole:g}"
    for unit, word in ((1_000_000, " M"), (1_000, " k")):
        if abs(whole) >= unit:
            return f"{whole / unit:g}{word}"
    return f"{whole:g}"
