"""The basket of the number board: selections as the page carries them between requests.

A selection is `{"t": bet type, "b": bankers, "p": picks, "m": multiplier, "q": quick pick}`, one
list of numbers per place in `b` and `p`; a basket is a JSON list of them. Nothing in it is trusted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from games import bets, faces
from games.bets import Selection, SelectionUnreadable
from games.rules import RuleVersion

from . import ways
from .ways import Way

LONGEST = 100_000


def read(text: str) -> list[Selection]:
    """The selections of a basket, or `SelectionUnreadable`; the rules come later."""
    if len(text) > LONGEST:
        raise SelectionUnreadable
    try:
        rows = json.loads(text or "[]")
    except (ValueError, RecursionError) as exc:
        raise SelectionUnreadable from exc
    if not isinstance(rows, list):
        raise SelectionUnreadable
    return [read_one(row) for row in rows]


def read_one(row: object) -> Selection:
    """One selection of a basket, or `SelectionUnreadable`."""
    if not isinstance(row, Mapping):
        raise SelectionUnreadable
    return bets.from_fields(
        {
            "bet_type": row.get("t"),
            "bankers": row.get("b"),
            "picks": row.get("p"),
            "multiplier": row.get("m", 1),
            "quick_pick": row.get("q", False),
        }
    )


def as_row(selection: Selection) -> dict[str, Any]:
    """One selection as the page's script reads it."""
    return {
        "t": selection.bet_type,
        "b": [list(zone) for zone in selection.bankers],
        "p": [list(zone) for zone in selection.picks],
        "m": selection.multiplier,
        "q": selection.quick_pick,
    }


def write(selections: Sequence[Selection]) -> str:
    """The basket as text."""
    return json.dumps([as_row(one) for one in selections], separators=(",", ":"))


def from_boxes(way: Way, posted: MultiValueDict[str, str]) -> Selection | None:
    """The selection ticked in the boxes of one way's board; None when no box is ticked.

    `mode` says whether the boxes of bankers count, `extra` whether more is paid a line.
    """
    is_banker = posted.get("mode") == "banker" and bool(way.banker)
    bankers = tuple(
        _numbers(posted.getlist(f"{place.code}_banker")) if is_banker else ()
        for place in way.places
    )
    picks = tuple(
        tuple(number for number in _numbers(posted.getlist(place.code)) if number not in fixed)
        for place, fixed in zip(way.places, bankers, strict=True)
    )
    if not any(bankers) and not any(picks):
        return None
    bought = ways.with_extra(way, is_dearer=is_dearer(posted))
    return bought.selection(bankers, picks, multiplier=multiplier_of(posted))


def is_dearer(posted: MultiValueDict[str, str]) -> bool:
    """Whether the form asks to pay more a line (追加)."""
    return posted.get("extra") == "1"


def multiplier_of(posted: MultiValueDict[str, str]) -> int:
    """The multiplier of the form; what is no number is 1, the rules judge the rest."""
    text = posted.get("multiplier") or "1"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1  # noqa: PLR2004 - no multiplier has six digits


def type_name(version: RuleVersion, selection: Selection) -> str:
    """What the selection is called on pages; a quick pick of a game with several plays by both."""
    bet_type = version.bet_type(selection.bet_type)
    name = str(bet_type.label) if bet_type else selection.bet_type
    if not selection.quick_pick:
        return name
    if len(version.plays) == 1:
        return _("Quick pick")
    return _("%(bet_type)s, quick pick") % {"bet_type": name}


def shown(version: RuleVersion, checked: bets.CheckedSelection) -> dict[str, Any]:
    """One checked selection for a page."""
    selection = checked.selection
    return {
        "type": type_name(version, selection),
        "lines": checked.lines,
        "multiplier": selection.multiplier,
        "price_fen": checked.amount_fen,
        **numbers_shown(version, selection),
    }


def numbers_shown(version: RuleVersion, selection: Selection) -> dict[str, Any]:
    """The numbers of a selection and how they look; what all places hold stands there once."""
    looks = faces.of_bet(version, selection.bet_type)
    return {
        "picks": [list(zone) for zone in selection.picks[: len(looks)]],
        "bankers": [list(zone) for zone in selection.bankers[: len(looks)]],
        "looks": looks,
    }


def _numbers(texts: Sequence[str]) -> tuple[int, ...]:
    return tuple(
        sorted({int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 4})  # noqa: PLR2004 - no ball has four digits
    )
