"""Money is an integer of fen: a column for it, and the one way to write it for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    _Base = models.BigIntegerField[int, int]
else:
    _Base = models.BigIntegerField


class MoneyField(_Base):
    """An amount in fen. Never NULL, never a fraction."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("null"):
            raise ValueError("Money is never NULL.")
        super().__init__(*args, **kwargs)


def yuan(fen: int) -> str:
    """Write fen as yuan with two decimals and grouped thousands: 123456 becomes 1,234.56."""
    sign = "-" if fen < 0 else ""
    whole, rest = divmod(abs(fen), 100)
    return f"{sign}{whole:,}.{rest:02d}"


def with_unit(fen: int) -> str:
    """An amount in a sentence or beside its label: 1,234.56 yuan."""
    return _("%(amount)s yuan") % {"amount": yuan(fen)}


def split(fen: int, shares: dict[str, int], remainder_to: str) -> dict[str, int]:
    """Divide `fen` by integer `shares`; what rounding leaves goes to `remainder_to`."""
    total = sum(shares.values())
    parts = {name: fen * share // total for name, share in shares.items()}
    parts[remainder_to] += fen - sum(parts.values())
    return parts
