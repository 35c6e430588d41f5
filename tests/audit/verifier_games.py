"""A small draw under every rule version: tickets of each bet type, numbers near some of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from games import bets, rules
from games.rules import RuleVersion
from games.rules.sheet import rule_sheet
from tests.audit import verifier_pieces as pieces
from tests.games import chosen
from tests.games.brute_force import Line

VERSIONS = {version.code: version for game in rules.GAMES.values() for version in game.versions}
CURRENT = {code: game.current for code, game in rules.GAMES.items()}

POOL_FEN = 90_000_000_000
OTHER_POOL_FEN = 1_234_567_890


def below_of(seed: str) -> chosen.Below:
    """Numbers that look random and are the same in every run."""
    return chosen.below_of(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]))


def selection(version: RuleVersion, bet_type: str, below: chosen.Below) -> bets.Selection:
    """A selection of this bet type, numbers ascending."""
    found = chosen.selection(version, below, bet_type=version.bet_type(bet_type))
    return bets.check(version, found).selection


def other_pools(version: RuleVersion) -> dict[str, int]:
    return {pool.code: OTHER_POOL_FEN for pool in version.pools[1:]}


@cache
def draw_of(code: str, *, each: int = 2, tries: int = 15) -> pieces.Draw:
    """A draw under the rule version `code`: that of some results in which most tickets win."""
    version = VERSIONS[code]
    draw = f"{version.game}-{version.first_issue}"
    made = [
        selection(version, bet_type.code, below_of(f"{code} {bet_type.code} {turn}"))
        for bet_type in version.bet_types
        for turn in range(each)
    ]
    results = [
        chosen.result(version, below_of(f"{code} result {turn}"), made[turn % len(made)])
        for turn in range(tries)
    ]
    best = max(results, key=lambda drawn: won_by(version, made, drawn))
    texts = [*map(bets.canonical, made), best_line(version, best)]
    tickets = [
        pieces.ticket(number, texts[at : at + 3], rule=version, draw=draw)
        for number, at in enumerate(range(0, len(texts), 3))
    ]
    return pieces.Draw(
        tickets=tickets,
        code=draw,
        rule=version,
        numbers=best,
        pool_before_fen=POOL_FEN,
        other_pools=other_pools(version),
    )


def best_line(version: RuleVersion, drawn: Line) -> str:
    """The text of a line of the first bet type that has everything right."""
    zones = {zone.code: numbers for zone, numbers in zip(version.zones, drawn, strict=True)}
    bet_type = version.bet_types[0]
    places = [zones[place.code][: place.picked] for place in version.play_of(bet_type.code).places]
    spelt = "+".join(",".join(f"{number:02}" for number in numbers) for numbers in places)
    return f"{bet_type.code}|{spelt}|x1|own"


def won_by(version: RuleVersion, made: Sequence[bets.Selection], drawn: Line) -> int:
    """How many different tiers are won."""
    found: set[int] = set()
    for one in made:
        found.update(pieces.hits_of(version, one, drawn, special_on=False))
    return len(found)


def money_of_a_draw(version: RuleVersion, below: chosen.Below) -> dict[str, Any]:
    """Winning lines, sales, pools and state of a draw that may be as odd as any."""
    special_on = version.special is not None and bool(below(2))
    tiers = version.tiers_in_force(special_on=special_on)
    winners: dict[int, int] = {}
    for tier in tiers:
        most = (0, 2, 60, 10**6)[below(4)]
        if tier.on_top is not None:
            most = min(most, winners[tier.on_top.tier])
        winners[tier.number] = below(most + 1)
    by_play = {
        play.code: below(10 ** (1 + below(12))) * (1, 100)[below(2)] for play in version.plays
    }
    marks = [0, 10**10 - 1, 10**10, 8 * 10**10, 15 * 10**10, 3 * 10**10]
    pool = (below(5 * 10**11), below(5 * 10**9) * 100, marks[below(len(marks))])[below(3)]
    return {
        "special_on": special_on,
        "winners": winners,
        "sales_by_play": by_play,
        "pool_before_fen": pool,
        "other_pools": {one.code: below(10**12) for one in version.pools[1:]},
    }


def priced(code: str, asked: Mapping[str, Any]) -> Any:
    """What the verifier makes of it, from the sheet alone."""
    given = pieces.part("sheet").SettlementInput(
        draw="some-1",
        numbers=(),
        special_on=asked["special_on"],
        pools_before_fen=(asked["pool_before_fen"], *asked["other_pools"].values()),
    )
    return pieces.part("pricing").price(
        sheet_of(code), given, sales=asked["sales_by_play"], lines=asked["winners"]
    )


@cache
def sheet_of(code: str) -> Any:
    """The rule sheet of a version as the verifier reads it."""
    return pieces.part("sheet").read_sheet(rule_sheet(VERSIONS[code]))
