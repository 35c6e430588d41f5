"""What the number board of any game shows: read off the rule of its draw, for page and script.

Nothing here knows a game. A rule with other places, bet types or prizes has its board by itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from games import bets, faces, odds
from games.models import Draw
from games.rules import RuleVersion
from games.rules.picks import BetType, Place, Play
from lottery_portal.lib.faces import Face
from lottery_portal.lib.money import yuan

from . import offers, quotes, ways
from .ways import Way

MOST_IN_A_ROW = 12
MOST_DIGITS = 15  # a place with so many numbers from nought on is a column of digits
MOST_SEGMENTS, MOST_CHIPS = 4, 10


def tabs(version: RuleVersion, way: Way) -> dict[str, Any]:
    """The ways to bet in the game, and how they lie on the page: few side by side, many folded."""
    known = ways.of(version)
    kind = "segments" if len(known) <= MOST_SEGMENTS else "chips"
    return {
        "kind": kind,
        "is_folded": len(known) > MOST_CHIPS,
        "ways": [
            {"code": one.code, "label": capfirst(str(one.label)), "is_on": one.code == way.code}
            for one in known
        ],
        "here": capfirst(str(way.label)),
        "several": len(known) > 1,
    }


def places(
    version: RuleVersion, way: Way, boxes: bets.Selection | None, *, is_banker: bool = False
) -> list[dict[str, Any]]:
    """The places of a board with their keys; `boxes` is what was chosen so far."""
    looks = _looks(version, way)
    rows = []
    for at, (place, face) in enumerate(zip(way.places, looks, strict=False)):
        chosen = set(boxes.picks[at]) if boxes else set()
        fixed = set(boxes.bankers[at]) if boxes else set()
        bankers = way.bankers_most(at)
        rows.append(
            {
                "name": place.code,
                "label": capfirst(str(face.name)),
                "spoken": str(face.name),
                "kind": _kind(place, face),
                "tone": "blue" if face.is_blue else "red",
                "columns": _columns(place, face),
                "of": place.size,
                "take": place.picked,
                "shows_take": face.is_digit is False and not face.words,
                "only_one": way.most(at) == 1,
                "bankers": bankers,
                "opens_bankers": is_banker,
                "keys": [
                    {
                        "number": number,
                        "text": str(face.words.get(number, face.written(number))),
                        "is_chosen": number in chosen,
                        "is_banker": number in fixed,
                    }
                    for number in range(place.first, place.last + 1)
                ],
            }
        )
    return rows


def _looks(version: RuleVersion, way: Way) -> tuple[Face, ...]:
    """The faces of the places that a board shows."""
    return faces.of_bet(version, way.code)


def _kind(place: Place, face: Face) -> str:
    if face.words:
        return "choices"
    return "digits" if face.is_digit and place.size <= MOST_DIGITS else "balls"


def _columns(place: Place, face: Face) -> int:
    """How many keys stand in a row of a wide page, so that the rows are as long as one another."""
    if _kind(place, face) == "digits" or place.size % 10 == 0:
        return 10
    rows = -(-place.size // MOST_IN_A_ROW)
    return -(-place.size // rows)


def hint(way: Way) -> str:
    """How many numbers make a bet on this board, in a sentence."""
    play, places = way.play, way.places
    if way.is_one_set:
        return _("Choose %(least)s digits or more; each is paired with each other.") % {
            "least": way.plain[0].ranges[0].numbers_least
        }
    if play.filled is not None:
        return ngettext(
            "Fill %(places)s place and leave the others empty; each number makes a line.",
            "Fill %(places)s places and leave the others empty; more numbers make more lines.",
            play.filled,
        ) % {"places": play.filled}
    if play.pattern != "any":
        if play.pattern == "one_pair":
            return _("Choose two equal digits and a different one, each at its place.")
        return _("Choose one digit at each place, all different.")
    return _hint_of_any(way) if _takes_more(way) else _hint_of_one(len(places))


def _takes_more(way: Way) -> bool:
    return any(way.most(at) > place.picked for at, place in enumerate(way.places))


def _hint_of_one(places: int) -> str:
    return _("Choose one at each place.") if places > 1 else _("Choose one.")


def _hint_of_any(way: Way) -> str:
    first = way.places[0]
    if first.picked > 1:
        return _("%(least)s make a single bet, %(more)s and more a multiple bet.") % {
            "least": first.picked,
            "more": first.picked + 1,
        }
    if len(way.places) > 1:
        return _("One number at each place makes a line; several make several lines.")
    return _("Each number you choose makes a line.")


def dearer(way: Way) -> dict[str, str] | None:
    """The switch for more money a line, if the rule has one."""
    if way.dearer is None:
        return None
    more = way.dearer.play.extra_fen - way.play.extra_fen
    return {
        "label": str(way.dearer.play.label),
        "told": _("%(amount)s yuan more a line") % {"amount": yuan(more).removesuffix(".00")},
    }


def tiers(draw: Draw, version: RuleVersion, way: Way, *, pool_fen: int) -> list[dict[str, Any]]:
    """Every tier that a line of this board can win, its prize, and its chance (F033).

    Those of the dearer bet are there too, marked: they count when its switch is on.
    """
    plain = _tiers_of(draw, version, way.play, pool_fen=pool_fen)
    if way.dearer is None:
        return plain
    numbers = {row["number"] for row in plain}
    more = _tiers_of(draw, version, way.dearer.play, pool_fen=pool_fen)
    return plain + [row | {"is_extra": True} for row in more if row["number"] not in numbers]


def _tiers_of(
    draw: Draw, version: RuleVersion, play: Play, *, pool_fen: int
) -> list[dict[str, Any]]:
    per_tier, _some = offers.chances(version, play, special_on=draw.special_on)
    rows = []
    for number, chance in per_tier.items():
        tier = version.tier(number)
        paid = offers.prize(version, tier, pool_fen=pool_fen, special_on=draw.special_on)
        rows.append(
            {
                "number": number,
                "name": str(tier.label),
                "prize_fen": paid.fen,
                "is_most": paid.is_most,
                "share": _("%(percent)s %% of “%(tier)s”")
                % {"percent": paid.share // 100, "tier": paid.of.label}
                if paid.of is not None
                else "",
                "one_in": odds.one_in(chance),
                "is_extra": False,
            }
        )
    return rows


def one_line(draw: Draw, version: RuleVersion, play: Play) -> dict[str, Any]:
    """The chances of one line: of the best prize, and of any; no figure where lines differ."""
    per_tier, some = offers.chances(version, play, special_on=draw.special_on)
    return {
        "first": odds.one_in(per_tier[min(per_tier)]),
        "any": odds.one_in(some) if some is not None else "",
    }


def quoted(quote: quotes.Quote) -> dict[str, Any]:
    """Lines, price and chances of what was chosen; what is not counted is null, with the reason."""
    told: dict[str, Any] = {
        "lines": quote.lines,
        "price_fen": quote.price_fen,
        "first_one_in": None,
        "any_one_in": None,
        "tiers": None,
        "why_not": "",
    }
    try:
        told["first_one_in"] = odds.one_in(quote.first_prize())
    except quotes.OddsNotCounted:
        told["first_one_in"] = None
    try:
        counted = quote.odds()
    except quotes.OddsNotCounted as refusal:
        told["why_not"] = str(refusal)
        if len(quote.selections) > quotes.MOST_COUNTED:
            most = {"most": quotes.MOST_COUNTED}
            told["why_not"] = (
                _("The chance of any prize is counted only for up to %(most)s picks.") % most
            )
    else:
        told["any_one_in"] = odds.one_in(counted.any_prize)
        told["tiers"] = {
            number: odds.one_in(chance) for number, chance in counted.per_tier.items() if chance
        }
    return told


def script(version: RuleVersion, way: Way) -> str:
    """JSON for the board's script: all bets of the game, and the way that is shown."""
    looks = {play.code: faces.of_play(version, play) for play in version.plays}
    return json.dumps(
        {
            "plays": {
                play.code: _play_told(version, play, looks[play.code]) for play in version.plays
            },
            "bets": {one.code: _bet_told(version, one) for one in version.bet_types},
            "way": _way_told(way, _looks(version, way))
            | {"dearer": _way_told(way.dearer, _looks(version, way)) if way.dearer else None},
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _play_told(version: RuleVersion, play: Play, looks: Sequence[Face]) -> dict[str, Any]:
    return {
        "filled": play.filled,
        "pattern": play.pattern,
        "whole": quotes.lines_that_differ(version, play),
        "places": [
            {
                "name": place.code,
                "first": place.first,
                "of": place.size,
                "take": place.picked,
                "spoken": str(face.name),
                "isBlue": face.is_blue,
                "isDigit": face.is_digit,
                "showsName": face.shows_name,
                "words": {str(number): str(word) for number, word in face.words.items()},
            }
            for place, face in zip(play.places, looks, strict=True)
        ],
    }


def _bet_told(version: RuleVersion, bet_type: BetType) -> dict[str, Any]:
    return {
        "play": bet_type.play,
        "name": str(bet_type.label),
        "isOneSet": bet_type.same_numbers,
        "leastLines": bet_type.least_lines,
        "leastBankers": bet_type.least_bankers,
        "price": version.line_price_fen(bet_type.code),
        "ranges": [
            [taken.bankers_least, taken.bankers_most, taken.numbers_least, taken.numbers_most]
            for taken in bet_type.ranges
        ],
    }


def _way_told(way: Way, looks: Sequence[Face]) -> dict[str, Any]:
    return {
        "code": way.code,
        "play": way.play.code,
        "isOneSet": way.is_one_set,
        "plain": [one.code for one in way.plain],
        "banker": [one.code for one in way.banker],
        "tells": [
            {
                "bankers": way.bankers_most(at),
                "most": way.most(at),
                "need": _("{} more needed among the %(zone)s") % {"zone": face.name},
            }
            for at, (_place, face) in enumerate(zip(way.places, looks, strict=False))
        ],
    }
