"""Bands, times and winners in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from lottery_portal.lib.dates import MONTHS, is_chinese

from . import cuts, statistics


def band(above_fen: int, up_to_fen: int | None) -> str:
    """An interval of amounts: up to 10 yuan, 10 to 100 yuan, above 1,000,000 yuan."""
    above = f"{above_fen // 100:,}"
    if up_to_fen is None:
        return _("above %(above)s yuan") % {"above": above} if above_fen else _("any amount")
    up_to = f"{up_to_fen // 100:,}"
    if not above_fen:
        return _("up to %(up_to)s yuan") % {"up_to": up_to}
    return _("above %(above)s up to %(up_to)s yuan") % {"above": above, "up_to": up_to}


def bands(keys: Sequence[str]) -> str:
    """Bands that are told as one."""
    return band(*statistics.band_bounds(keys))


def region(key: str) -> str:
    """A region, or those that are not told apart."""
    return _("Other regions") if key == cuts.OTHERS else statistics.region_name(key)


def winners(told: Sequence[Sequence[str]]) -> list[str]:
    """What each winner allows, in one line a winner."""
    return [_(", ").join(one) for one in told]


def month(first: date) -> str:
    """2026年11月, or Nov 2026."""
    if is_chinese():
        return f"{first.year}年{first.month}月"
    return f"{MONTHS[first.month - 1]} {first.year}"


def quarter(year: int, number: int) -> str:
    """A quarter of a year."""
    return _("%(year)s, quarter %(number)s") % {"year": year, "number": number}


def year(number: int) -> str:
    """A whole year."""
    return _("Year %(year)s") % {"year": number}
