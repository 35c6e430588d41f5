"""Alice, Bob, draws and tickets: plain functions that use the doors, so no test stands on a state
that production cannot reach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from accounts import registration
from accounts.models import Player
from finance import wallets
from games import bets, calendar
from games.models import Draw, Game
from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from sales import closing, opening
from sales.models import Purchase, Ticket
from sales.purchase import Order, buy

from . import make_money, people

SELECTION = bets.Selection(
    bet_type="single", bankers=((), ()), picks=((1, 2, 3, 4, 5, 6), (7,))
)  # one line, 2 yuan
GAME, DRILL = "ssq", "ssq-drill"
PLANNED = timedelta(days=30)


def player(name: str = "陈小雨", *, wallet: int = 0, verified: bool = True) -> Player:
    """A registered player with so many fen; verified unless told otherwise."""
    made = people.player(verified=verified, name=name)
    if wallet:
        make_money.fund(made, wallet)
    return made


def shadow_player(*, wallet: int = 0) -> Player:
    """A player of the shadow books with so many shadow fen."""
    made = registration.open_shadow_account(now=database_time())
    if wallet:
        with transaction.atomic():
            wallets.fill_shadow(made, fen=wallet, reference=f"drill:{uuid7()}")
    return made


def alice(*, wallet: int = 20_00) -> Player:
    """A verified player."""
    return player("陈小雨", wallet=wallet)


def draw(game_code: str = GAME) -> Draw:
    """A draw of the real books that takes tickets for an hour at least."""
    now = database_time()
    calendar.plan(game=Game.objects.get(code=game_code), until=now + PLANNED, now=now)
    found = (
        Draw.objects.filter(
            game__code=game_code,
            state__in=[Draw.State.SCHEDULED, Draw.State.OPEN],
            closes_at__gt=now + timedelta(hours=1),
        )
        .order_by("closes_at")
        .values_list("code", flat=True)
    )
    return opened(found[0])


def opened(code: str) -> Draw:
    """The draw of that code, open; read anew, with game and rule."""
    found = Draw.objects.select_related("game", "rule").get(code=code)
    opening.open_one(draw=found, now=database_time())
    return Draw.objects.select_related("game", "rule").get(pk=found.pk)


def shadow_draw(
    *,
    closes_in: timedelta = timedelta(hours=1),
    draws_in: timedelta | None = None,
    game_code: str = DRILL,
) -> Draw:
    """An open draw of the shadow books that closes when the test wants it."""
    now = database_time()
    game = Game.objects.get(code=game_code)
    planned = calendar.plan_one(
        game=game,
        issue=calendar.next_issue(game, now=now),
        opens_at=now - timedelta(seconds=1),
        closes_at=now + closes_in,
        draws_at=now + (draws_in or closes_in + timedelta(seconds=1)),
        now=now,
    )
    return opened(planned.code)


def closed(draw: Draw) -> Draw:
    """Close the draw when its time has come; a shadow one that is far from it, now."""
    if draw.is_shadow and draw.closes_at > database_time() + timedelta(minutes=1):
        calendar.bring_forward(draw=draw)
    wait_until(draw.closes_at)
    closing.close(draw=draw, now=database_time())
    draw.refresh_from_db()
    return draw


def wait_until(moment: datetime) -> None:
    """Wait, by Postgres's clock, until `moment` is past."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_sleep("
            "greatest(extract(epoch FROM %s::timestamptz - clock_timestamp()), 0) + 0.005)",
            [moment],
        )


def single(*reds: int, blue: int = 7, multiplier: int = 1) -> bets.Selection:
    """One line: six reds and a blue."""
    return bets.Selection(
        bet_type="single",
        bankers=((), ()),
        picks=(reds or (1, 2, 3, 4, 5, 6), (blue,)),
        multiplier=multiplier,
    )


def purchase(
    buyer: Player,
    on: Draw,
    selections: Sequence[bets.Selection] = (SELECTION,),
    *,
    key: UUID | None = None,
    channel: str = "web",
) -> Purchase:
    """One ticket bought through the door."""
    return buy(
        player=buyer,
        orders=[Order(draw=on, selections=selections)],
        request_key=key or uuid7(),
        channel=channel,
        now=database_time(),
    )


def ticket(buyer: Player, on: Draw, selections: Sequence[bets.Selection] = (SELECTION,)) -> Ticket:
    """One ticket, as the database has it."""
    return Ticket.objects.get(pk=purchase(buyer, on, selections).sold()[0].pk)
