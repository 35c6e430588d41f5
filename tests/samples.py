"""A few of many cases in every run, all of them in a full one.

What is left out is left out for speed alone: `--full` runs it, before every change is taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(each: int, cases: Iterable[Any]) -> list[Any]:
    """Parameters for pytest, one of every so many for any run; a tuple holds one case's values."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=pytest.mark.thorough if place % each else (),
        )
        for place, case in enumerate(cases)
    ]
