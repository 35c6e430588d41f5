"""Rule sheets as nobody decided them, made from a seed: for what no ministry has thought of yet.

Most are contradictory somewhere; `sheets` gives those that the house takes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from games.rules import reading
from games.rules.named import BothNames
from games.rules.shape import RuleVersion
from lottery_portal.lib.errors import Refused
from tests.games import chosen

Json = dict[str, Any]


class AnyNames(dict[str, BothNames]):
    """A name for whatever is asked for."""

    def __contains__(self, place: object) -> bool:
        return True

    def __missing__(self, place: str) -> BothNames:
        return BothNames.of(place, place)


def written(version: Mapping[str, Any]) -> bytes:
    """The sheet in its canonical bytes."""
    facts = {"format": "rule-sheet/1", "version": version}
    return json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def read(raw: bytes) -> RuleVersion:
    """The version as the house reads it, or its refusal."""
    return reading.read(raw, names=AnyNames(), like=None)


def sheets(seed: int) -> Iterator[tuple[bytes, RuleVersion]]:
    """Sheets that the house takes, without end."""
    below = chosen.below_of(seed)
    while True:
        raw = written(_version(below))
        try:
            yield raw, read(raw)
        except Refused:
            continue


class _Bits:
    """Room in two words of 63 bits."""

    def __init__(self) -> None:
        self.free = [0, 0]

    def laid(self, size: int, below: chosen.Below) -> Json | None:
        word = below(2)
        if self.free[0] == 0 and size > 8 and not below(4) and self.free[1] == 0:
            half = -(-size // 2)
            if half <= 63:
                self.free = [half, half]
                return {"word": 1, "shift": 0, "per_word": half}
        for at in (word, 1 - word):
            if self.free[at] + size <= 63:
                shift, self.free[at] = self.free[at], self.free[at] + size
                return {"word": at + 1, "shift": shift, "per_word": 63}
        return None


def _some(below: chosen.Below, *of: Any) -> Any:
    return of[below(len(of))]


def _numbers(bits: _Bits, code: str, below: chosen.Below) -> Json | None:
    size = _some(below, 1 + below(4), 2 + below(9), 10, 10, 5 + below(30), 40 + below(24))
    first = _some(below, 0, 1, 1, below(100 - size))
    laid = bits.laid(size, below)
    return None if laid is None else {"code": code, "first": first, "size": size, **laid}


def _zones(below: chosen.Below) -> list[Json]:
    bits, found = _Bits(), list[Json]()
    for n in range(1 + below(4)):
        numbers = _numbers(bits, f"z{n}", below)
        if numbers is None:
            break
        drawn = _some(below, 1, min(numbers["size"], 1 + below(6)))
        drum = found[-1]["code"] if found and not below(6) else ""
        if drum:
            last = found[-1]
            numbers |= {"first": last["first"], "size": min(last["size"], numbers["size"])}
            drawn = 1
        found.append({**numbers, "drawn": drawn, "drum": drum, "picked": 0})
    return found


def _facts(zones: list[Json], below: chosen.Below) -> list[Json]:
    codes = [zone["code"] for zone in zones]
    found = []
    for n in range(below(4)):
        kind = _some(below, "times", "sum", "choices")
        sorts = ("sum_between", "all_odd", "all_even", "all_same", "run")
        choices = [
            {"kind": _some(below, *sorts), "least": below(12), "most": 12 + below(12)}
            for _choice in range(1 + below(3))
        ]
        of = codes[: 1 + below(len(codes))]
        found.append(
            {
                "code": f"f{n}",
                "kind": kind,
                "zones": of,
                "times": 1 + below(3) if kind == "times" else 0,
                "choices": choices if kind == "choices" else [],
            }
        )
    return found


def _play(n: int, zones: list[Json], facts: list[str], below: chosen.Below) -> Json:
    bits, places = _Bits(), list[Json]()
    is_one_each = bool(below(2))
    for at in range(1 + below(4)):
        if not below(3):
            numbers = _numbers(bits, f"p{at}", below)
        else:
            zone = zones[(at + below(2)) % len(zones)]
            if any(place["code"] == zone["code"] for place in places):
                continue
            laid = bits.laid(zone["size"], below)
            numbers = laid and {**{key: zone[key] for key in ("code", "first", "size")}, **laid}
        if numbers is None:
            break
        picked = 1 if is_one_each else min(numbers["size"], 1 + below(5))
        places.append({**numbers, "picked": picked})
    one_each = all(place["picked"] == 1 for place in places)
    filled = 1 + below(len(places)) if one_each and places and not below(4) else None
    pattern = "any"
    if one_each and filled is None and not below(3):
        pattern = _some(below, "different", "one_pair")
    codes = [place["code"] for place in places]
    measures = []
    for at in range(1 + below(3)):
        against = []
        for _pair in range(1 + below(4)):
            place = codes[below(len(codes))]
            own = [fact for fact in facts if fact == place]
            against.append({"place": place, "fact": _some(below, *own, *own, *facts)})
        measures.append({"code": f"m{at}", "against": against})
    return {
        "code": f"play{n}",
        "places": places,
        "measures": measures,
        "filled": filled,
        "pattern": pattern,
        "extra_fen": _some(below, 0, 0, 100),
    }


def _bet(n: int, play: Json, below: chosen.Below) -> Json:
    same = len(play["places"]) > 1 and not below(4)
    is_wide = play["pattern"] == "any" or not below(2)
    shared = below(4)
    ranges = []
    for place in play["places"]:
        least = 0 if play["filled"] else place["picked"]
        most = (
            min(place["size"], place["picked"] + (shared if same else below(5)))
            if is_wide
            else least
        )
        bankers = below(place["picked"]) if not below(3) else 0
        ranges.append(
            {
                "numbers_least": least,
                "numbers_most": max(most, place["picked"]),
                "bankers_least": below(bankers + 1),
                "bankers_most": bankers,
            }
        )
    return {
        "code": f"bet{n}",
        "play": play["code"],
        "ranges": ranges,
        "least_lines": _some(below, 1, 1, 1, 2),
        "least_bankers": int(any(one["bankers_most"] for one in ranges) and not below(3)),
        "same_numbers": same,
    }


def _tiers(
    plays: list[Json], facts: list[str], below: chosen.Below, *, special: bool
) -> list[Json]:
    found: list[Json] = []
    taken: set[tuple[str, tuple[int, ...]]] = set()
    for play in plays:
        picked = {place["code"]: place["picked"] for place in play["places"]}
        most = [sum(picked[one["place"]] for one in part["against"]) for part in play["measures"]]
        for _tier in range(1 + below(4)):
            matches = []
            for _match in range(1 + below(3)):
                hits = tuple(below(one + 1 + (not below(25))) for one in most)
                if (play["code"], hits) not in taken or not below(12):
                    taken.add((play["code"], hits))
                    matches.append(list(hits))
            if not matches:
                continue
            when = None
            if not below(8):
                when = {"fact": _some(below, *facts), "numbers": sorted({below(9), below(9)})}
            fixed = None if not below(4) else 500 * (1 + below(2000))
            found.append(
                {
                    "plays": [] if len(plays) == 1 and below(2) else [play["code"]],
                    "matches": matches,
                    "fixed_fen": fixed,
                    "special_only": special and not below(6),
                    "when": when,
                    "on_top": None,
                    "raised": [{"pool_from_fen": below(10**6), "fixed_fen": 777}]
                    if fixed and not below(5)
                    else [],
                    "published_as": "",
                }
            )
    if found and not below(3):
        at = below(len(found))
        found.append(
            {
                **found[at],
                "fixed_fen": None,
                "raised": [],
                "on_top": {"tier": at + 1, "share": 8_000},
            }
        )
    return [{**tier, "number": number} for number, tier in enumerate(found, start=1)]


def _floating(tiers: list[Json], below: chosen.Below, *, special: bool) -> Json | None:
    floats = [tier["number"] for tier in tiers if not tier["fixed_fen"] and not tier["on_top"]]
    if not floats:
        return None
    unit = _some(below, 1, 1, 100, 100)
    splits = []
    for is_special in (False, True)[: 1 + special]:
        for start in sorted({0, *(below(10**8) for _mark in range(below(2)))}):
            numbers = [*floats, *([_some(below, *floats)] if below(2) else [])]
            left, parts = 10_000, []
            for at, number in enumerate(numbers):
                share = left if at == len(numbers) - 1 else below(left + 1)
                left -= share
                others = [one for one in floats if one != number]
                parts.append(
                    {
                        "tier": number,
                        "share": share,
                        "takes_pool": at == 0,
                        "line_cap_fen": _some(below, unit * (1 + below(10**4)), 5 * 10**8, 151),
                        "unwon_to": _some(below, *others) if others and not below(4) else None,
                    }
                )
            splits.append({"special": is_special, "pool_from_fen": start, "parts": parts})
    caps = [{"tier": floats[0], "total_fen": below(10**6)}] if not below(4) else []
    return {
        "unit_fen": unit,
        "splits": splits,
        "left_over": _some(below, "whole_part", "per_line", "exact"),
        "cut": _some(below, "parts", "sum"),
        "draw_caps": caps,
    }


def _pools(plays: list[Json], below: chosen.Below) -> list[Json]:
    codes = [play["code"] for play in plays]
    if len(codes) == 1 or below(2):
        named = _some(below, [], [], codes)
        return [{"code": "pool", "plays": named, "excess_from_fen": None}]
    cut = 1 + below(len(codes) - 1)
    return [
        {"code": "pool", "plays": codes[:cut], "excess_from_fen": _some(below, None, 1000)},
        {"code": "pool2", "plays": codes[cut:], "excess_from_fen": None},
    ]


def _version(below: chosen.Below) -> Json:
    zones = _zones(below)
    facts = _facts(zones, below)
    known = [*(zone["code"] for zone in zones), *(fact["code"] for fact in facts)]
    plays = [_play(n, zones, known, below) for n in range(1 + below(3))]
    first = {place["code"]: place["picked"] for place in plays[0]["places"]}
    for zone in zones:
        zone["picked"] = first.get(zone["code"], 0)
    bets = [
        _bet(3 * n + m, play, below) for n, play in enumerate(plays) for m in range(1 + below(3))
    ]
    special = not below(4)
    tiers = _tiers(plays, known, below, special=special)
    floating = _floating(tiers, below, special=special)
    return {
        "game": "ssq",
        "code": "ssq-2099.1",
        "first_issue": "2099001",
        "zones": zones,
        "facts": facts,
        "plays": plays,
        "bet_types": bets,
        "price_fen": 200,
        "multiplier_least": 1,
        "multiplier_most": 99,
        "ticket_cap_fen": 2_000_000,
        "limits_numbers": bool(below(2)),
        "tiers": tiers,
        "allocation": {"prize": 5_100, "fund": 100, "fee": 1_300, "welfare": 3_500},
        "pools": _pools(plays, below),
        "floating": floating,
        "minimum": {"factor": 2, "most_fen": 1} if floating and not below(4) else None,
        "special": {"on_from_fen": 1000, "off_below_fen": 500} if special else None,
        "deficit_paid_by": _some(below, "fund", "pool"),
        "rounding_goes_to": "fund",
        "schedule": {
            "weekdays": [2, 4, 7],
            "closes": "20:00",
            "draws": "21:15",
            "time_zone": "Asia/Shanghai",
            "issue_year_digits": 4,
        },
        "claim_days": 60,
    }
