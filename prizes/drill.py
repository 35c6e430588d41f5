"""A whole draw day of a shadow draw, from the first ticket to the last check (F250).

Every step goes through the door that a real draw goes through; only people, money and numbers are
invented. Workers of a running portal may do parts of it meanwhile.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from accounts import drills, registration
from accounts.models import Player
from finance import wallets
from games import (
    announced,
    bets,
    calendar,
    draws,
    minutes,
    prize_modes,
    quick_pick,
    results,
    rule_sheets,
)
from games.models import Draw, DrawMinutes, Game, SealStatement
from games.rules import RuleVersion
from games.rules.picks import BetType
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time, door
from sales import closing, opening, purchase, sealing

from . import announced_drill, comparison, publication, settlement
from .models import Prize, PrizeSheet, Settlement

GAME = "ssq-drill"
PLAYERS = 20
BATCH = purchase.MOST_TICKETS
# Of a hundred tickets so many are of any bet type, mostly several lines; the others hold one to
# five single lines. A bet grows by up to so many numbers while it makes no more than so many lines.
MIXED, MORE_NUMBERS, MOST_LINES = 15, 4, 500
LONGEST = timedelta(hours=6)
MADE_UP = "演练"  # stands in the minutes where a real drawing has a place and offices

Say = Callable[[str], None]


@dataclass
class Drill:
    """What a drill did, and what was wrong at its end."""

    draw: Draw
    tickets: int = 0
    stake_fen: int = 0
    prizes: int = 0
    prizes_fen: int = 0
    differences: list[str] = field(default_factory=list)


def prepare(*, game_code: str = GAME, mode: str = Draw.Mode.OWN, now: datetime) -> Draw:
    """Plan and open a draw of a drill game that takes tickets until it is brought forward.

    It pays by its own pool, or what an issuer announces.
    """
    game = Game.objects.get(code=game_code, is_shadow=True)
    began = database_time()
    if prize_modes.on(game, in_shanghai(began).date()) != mode:
        prize_modes.set_drill(game=game, mode=mode, now=began)
    draw = calendar.plan_one(
        game=game,
        issue=calendar.next_issue(game, now=now),
        opens_at=began - timedelta(seconds=1),
        closes_at=began + LONGEST,
        draws_at=began + LONGEST + timedelta(seconds=1),
        now=now,
    )
    opening.open_one(draw=draw, now=now)
    return draws.find(draw.code)


def sell(*, draw: Draw, tickets: int, now: datetime) -> Iterator[int]:
    """Sell so many random tickets to shadow players, batch by batch; yields how many are sold."""
    version = rule_sheets.version_of(draw)
    players = [registration.open_shadow_account(now=now) for _number in range(PLAYERS)]
    sold = 0
    while sold < tickets:
        player = players[(sold // BATCH) % PLAYERS]
        orders = [
            purchase.Order(draw=draw, selections=_selections(version))
            for _number in range(min(BATCH, tickets - sold))
        ]
        price = sum(_price(version, order.selections) for order in orders)
        _fill(player, price)
        purchase.buy(player=player, orders=orders, request_key=uuid4(), channel="drill", now=now)
        sold += len(orders)
        yield sold


def close_and_seal(*, draw: Draw, now: datetime) -> SealStatement:
    """Close the draw at once and seal it."""
    calendar.bring_forward(draw=draw)
    closing.close(draw=draw, now=now)
    sealing.complete(draw=draws.find(draw.code), now=now)
    return SealStatement.objects.get(draw=draw)


def draw_numbers(*, draw: Draw, now: datetime) -> Sequence[Sequence[int]]:
    """Two officials of the drill type the same random numbers, one after the other."""
    numbers = random_result(rule_sheets.version_of(draw))
    for official in drills.officials(now=now):
        results.enter(draw=draw, official=official, numbers=numbers, now=now)
    return numbers


def write_minutes(*, draw: Draw, now: datetime) -> DrawMinutes:
    """The drill's minutes, written by one of its officials and signed by the other; once."""
    draw = draws.find(draw.code)
    if known := minutes.signed(draw):
        return known
    first, second = drills.officials(now=now)
    people = [minutes.Person(minutes.name_of(one), MADE_UP) for one in (first, second)]
    made = minutes.last(draw) or minutes.write(
        draw=draw,
        told=minutes.Told(
            place=MADE_UP,
            began_at=max(draw.draws_at, draw.seal.publication.published_at),
            ended_at=results.typed_by(draw.result)[0].entered_at,
            officials=people,
            witnesses=people[1:],
            drawn=draw.result.numbers,
            notes=MADE_UP,
        ),
        author=first,
        now=database_time(),
    )
    minutes.sign(draw=draw, digest=made.digest, signer=second, now=database_time())
    return made


def settle(*, draw: Draw, now: datetime) -> Settlement:
    """Write minutes, settle, credit, publish, here; what workers have done is not done again.

    Where an issuer announces and nothing by which it could be settled is there, it is taken in.
    """
    write_minutes(draw=draw, now=now)
    if announced.is_announced(draw) and announced.lacks(draw):
        announced_drill.take_in(draw=draw, now=now)
    settled = settlement.run(draw=draw, now=now)
    publication.publish(draw=draw, now=now)
    return settled


def random_result(
    version: RuleVersion, *, below: quick_pick.Below = secrets.randbelow
) -> list[tuple[int, ...]]:
    """Numbers as they may be drawn, zone by zone, every result equally likely."""
    drawn: dict[str, tuple[int, ...]] = {}
    for zone in version.zones:
        gone = drawn.get(zone.drum, ())
        left = [number for number in range(zone.first, zone.last + 1) if number not in gone]
        chosen = quick_pick.sample(len(left), zone.drawn, below=below)
        drawn[zone.code] = tuple(left[place - 1] for place in chosen)
    return list(drawn.values())


def finish_open_draws(*, game_code: str = GAME, now: datetime) -> list[str]:
    """Bring drills that were cut off to their end, so that the next one can be settled."""
    left = Draw.objects.filter(game__code=game_code).exclude(state__in=draws.SETTLED_STATES)
    ended = []
    for code in list(left.order_by("issue").values_list("code", flat=True)):
        draw = draws.find(code)
        opening.open_one(draw=draw, now=now)
        close_and_seal(draw=draw, now=now)
        draw.refresh_from_db()
        if draw.state in {Draw.State.SEALED, Draw.State.DRAWN}:
            _finish_drawing(draw, now=now)
        settle(draw=draws.find(code), now=now)
        ended.append(code)
    return ended


def check(draw: Draw) -> Drill:
    """What the draw came to, and everything about it that is not as it must be."""
    seal = SealStatement.objects.get(draw=draw)
    amounts = list(Prize.objects.filter(draw=draw).values_list("amount", flat=True))
    return Drill(
        draw=draw,
        tickets=seal.tickets,
        stake_fen=seal.stake,
        prizes=len(amounts),
        prizes_fen=sum(amounts),
        differences=comparison.settled_differences(draw),
    )


def sheet_of(draw: Draw) -> PrizeSheet:
    """The money of the draw."""
    return PrizeSheet.objects.get(draw=draw)


@door
def _fill(player: Player, fen: int) -> None:
    wallets.fill_shadow(player, fen=fen, reference=f"drill:{uuid4()}")


def _price(version: RuleVersion, selections: Sequence[bets.Selection]) -> int:
    return sum(bets.check(version, selection).amount_fen for selection in selections)


def _selections(version: RuleVersion) -> list[bets.Selection]:
    multiplier = 1 + secrets.randbelow(5) if secrets.randbelow(10) == 0 else 1
    if secrets.randbelow(100) < MIXED:
        return [random_bet(version, _any_of(version.bet_types), multiplier=multiplier)]
    singles = [one for one in version.bet_types if one.least_lines == 1]
    return [
        quick_pick.pick(version, bet_type=_any_of(singles).code, multiplier=multiplier)
        for _line in range(1 + secrets.randbelow(5))
    ]


def _any_of(bet_types: Sequence[BetType]) -> BetType:
    return bet_types[secrets.randbelow(len(bet_types))]


def random_bet(
    version: RuleVersion,
    bet_type: BetType,
    *,
    multiplier: int = 1,
    below: quick_pick.Below = secrets.randbelow,
) -> bets.Selection:
    """A bet of that type with random numbers, as few as it takes or a few more.

    Of bankers it has any count that the bet takes: a drill counts what players may choose.
    """
    play = version.play(bet_type.play)
    pick = partial(
        quick_pick.pick, version, bet_type=bet_type.code, multiplier=multiplier, below=below
    )
    if play.pattern != "any" or play.filled is not None:
        return pick()
    pick = partial(pick, bankers_wanted=_random_bankers(bet_type, below))
    sizes = [taken.numbers_least for taken in bet_type.ranges]
    more = below(MORE_NUMBERS + 1)
    while True:
        picked = pick(sizes=sizes)
        lines = bets.count_lines(version, picked)
        room = [
            at
            for at, (size, taken, place) in enumerate(
                zip(sizes, bet_type.ranges, play.places, strict=True)
            )
            if size < min(taken.numbers_most, place.size)
        ]
        if lines >= bet_type.least_lines and (more <= 0 or lines > MOST_LINES or not room):
            return picked
        more -= 1
        sizes[room[below(len(room))]] += 1


def _random_bankers(bet_type: BetType, below: quick_pick.Below) -> list[int]:
    """How many bankers at each place, all counts that the bet takes equally likely."""
    while True:
        counts = [
            taken.bankers_least + below(taken.bankers_most - taken.bankers_least + 1)
            if taken.bankers_most
            else 0
            for taken in bet_type.ranges
        ]
        if sum(counts) >= bet_type.least_bankers:
            return counts


def _finish_drawing(draw: Draw, *, now: datetime) -> None:
    """Draw; an entry left alone cannot be read, so it is answered first, and a new round begins."""
    last = draw.result_entries.order_by("-pk").first()
    if last is not None and draw.result_entries.count() % 2:
        other = next(one for one in drills.officials(now=now) if one.pk != last.official_id)
        numbers = random_result(rule_sheets.version_of(draw))
        answered = results.enter(draw=draw, official=other, numbers=numbers, now=now)
        if answered.result is not None:
            return
    draw_numbers(draw=draw, now=now)
