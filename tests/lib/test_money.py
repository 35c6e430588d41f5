"""Fen in columns, yuan on paper."""

from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from games import bets
from lottery_portal.lib import money


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "0.00"),
        (5, "0.05"),
        (-5, "-0.05"),
        (123_456, "1,234.56"),
        (-100_000_000, "-1,000,000.00"),
    ],
)
def test_fen_are_written_as_yuan(fen, text):
    assert money.yuan(fen) == text


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_large_figures_of_a_refusal_are_grouped_as_on_pages(language):
    """F026: for people in either language; machines get the number."""
    refusal = bets.TooManyLines(given=1_236_118, most=10_000)

    with translation.override(language):
        told = refusal.as_json()

    assert "1,236,118" in told["detail"]
    assert "10,000" in told["detail"]
    assert (told["given"], told["most"]) == (1_236_118, 10_000)


@given(st.integers(0, 10**15), st.lists(st.integers(1, 10_000), min_size=1, max_size=6))
def test_splitting_loses_nothing(fen, shares):
    """F068, F252."""
    named = {str(place): share for place, share in enumerate(shares)}

    parts = money.split(fen, named, remainder_to="0")

    assert sum(parts.values()) == fen
    assert all(part >= 0 for part in parts.values())


def nullable() -> Any:
    asked: dict[str, Any] = {"null": True}
    return money.MoneyField(**asked)


def test_money_is_never_null():
    with pytest.raises(ValueError, match="never NULL"):
        nullable()
