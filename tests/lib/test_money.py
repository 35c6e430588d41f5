"""Fen in columns, yuan on paper."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
