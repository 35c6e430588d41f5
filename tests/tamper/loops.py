"""The loops that find a deed: how long each leaves it alone at most, and what was measured.

A deed is found when the loop comes round, which takes its period at most, and has run. The periods
are those of the house; how long the runs took is measured by `test_detection.py` and kept in a
file, with the machine and the day (`pytest tests/tamper/test_detection.py --full --figures`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings

FIGURES = Path(__file__).resolve().parents[2] / "docs" / "integrity_times.json"
ROLLING, SETTLEMENT, NIGHTLY = "rolling", "settlement", "nightly"
# What docs/integrity.md promises, in seconds from the deed to the alarm. The settlement begins
# within its bound; nobody is paid before it has compared, however long that takes.
WITHIN = {ROLLING: 180, SETTLEMENT: 20, NIGHTLY: 24 * 3600 + 600}
ROLLING_POLICY_SECONDS = 120


def period(loop: str) -> float:
    """After how many seconds at most the loop comes round again."""
    ticks = settings.TICKS
    return {
        ROLLING: ROLLING_POLICY_SECONDS + ticks["sales.check_rolling"],
        SETTLEMENT: ticks["prizes.settle_confirmed"],
        NIGHTLY: ticks["audit.verify_log"],
    }[loop]


def shown(seconds: float) -> str:
    """A bound in words."""
    hours, rest = divmod(round(seconds), 3600)
    if not hours:
        return f"{rest} s"
    return f"{hours} h" + (f" {rest // 60} min" if rest else "")


def figures() -> dict[str, Any]:
    """What was measured last: machine, date, entries of the log, and the seconds by loop."""
    found: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return found


def measured(loop: str, thing: str, deed: str) -> str:
    """The longer of both hands, as it stands on the page; "" where this loop was not measured."""
    hands = figures()["seconds"].get(loop, {}).get(f"{thing}, {deed}")
    return f" ({max(hands.values()):.1f} s)" if hands else ""


def write(seconds: dict[str, dict[str, dict[str, float]]], *, facts: dict[str, Any]) -> None:
    """Keep what was measured."""
    text = json.dumps({**facts, "seconds": seconds}, indent=1, sort_keys=True, ensure_ascii=False)
    FIGURES.write_text(text + "\n", encoding="utf-8")
