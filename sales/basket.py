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

from games import bets
from games.bets import Selection, SelectionUnreadable
from games.rules import RuleVersion
from games.rules.picks import BetType, Play

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


def from_boxes(version: RuleVersion, posted: MultiValueDict[str, str]) -> Selection | None:
    """The selection ticked in the boxes of a page without script; None when no box is ticked.

    The boxes are those of the places of the play on which the posted `bet_type` bets, of the first
    play of the game where none is posted.
    """
    kind = posted.get("bet_type", "")
    play = version.play_of(kind) if version.bet_type(kind) else version.plays[0]
    is_banker = posted.get("mode") == "banker"
    bankers = tuple(
        _numbers(posted.getlist(f"{place.code}_banker")) if is_banker else ()
        for place in play.places
    )
    picks = tuple(
        tuple(number for number in _numbers(posted.getlist(place.code)) if number not in fixed)
        for place, fixed in zip(play.places, bankers, strict=True)
    )
    if not any(bankers) and not any(picks):
        return None
    return named(version, bankers, picks, multiplier=multiplier_of(posted), play=play)


def named(
    version: RuleVersion,
    bankers: tuple[tuple[int, ...], ...],
    picks: tuple[tuple[int, ...], ...],
    *,
    multiplier: int,
    play: Play | None = None,
) -> Selection:
    """The selection with the bet type of the play that its numbers make.

    With bankers it is one that takes them; of the others the first that takes so many numbers. If
    none does it is the last of them, and the rules say what is wrong.
    """
    of_play = [one for one in version.bet_types if one.play == (play or version.plays[0]).code]
    kinds = [one for one in of_play if _takes_bankers(one) == any(bankers)] or of_play
    fitting = (
        one
        for one in kinds
        if all(len(some) <= most.numbers_most for some, most in zip(picks, one.ranges, strict=True))
    )
    kind = next(fitting, kinds[-1])
    return Selection(bet_type=kind.code, bankers=bankers, picks=picks, multiplier=multiplier)


def _takes_bankers(bet_type: BetType) -> bool:
    return any(taken.bankers_most for taken in bet_type.ranges)


def multiplier_of(posted: MultiValueDict[str, str]) -> int:
    """The multiplier of the form; what is no number is 1, the rules judge the rest."""
    text = posted.get("multiplier") or "1"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1  # noqa: PLR2004 - no multiplier has six digits


def type_name(version: RuleVersion, selection: Selection) -> str:
    """What the selection is called on pages."""
    if selection.quick_pick:
        return _("Quick pick")
    bet_type = version.bet_type(selection.bet_type)
    return str(bet_type.label) if bet_type else selection.bet_type


def shown(version: RuleVersion, checked: bets.CheckedSelection) -> dict[str, Any]:
    """One checked selection for a page."""
    selection = checked.selection
    return {
        "type": type_name(version, selection),
        "lines": checked.lines,
        "multiplier": selection.multiplier,
        "price_fen": checked.amount_fen,
        "picks": [list(zone) for zone in selection.picks],
        "bankers": [list(zone) for zone in selection.bankers],
    }


def _numbers(texts: Sequence[str]) -> tuple[int, ...]:
    return tuple(
        sorted({int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 4})  # noqa: PLR2004 - no ball has four digits
    )
