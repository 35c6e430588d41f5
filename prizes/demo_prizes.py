"""Prizes for the demo players, so that claiming them can be practised on the demo portal (F250).

Draws of the real books are played to their end through the doors that their staff use: they ask for
an earlier close and agree, type numbers that the players chose, write and sign the minutes. Only
the people and the numbers are made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts import demo as people
from accounts.models import Player, Posting, User
from audit import approvals
from games import bets, draw_times, draws, equipment, minutes, results
from games.models import Draw
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.ids import uuid7
from sales import closing, opening, purchase, sealing

from . import publication, settlement
from .models import Prize

SOON, HELD_AFTER = timedelta(seconds=5), timedelta(seconds=1)
REASON = "演示：练习兑奖"
PLACE, WITNESS = "演示开奖厅", minutes.Person("孟青", "示范公证处公证员")


class OnlyInDemonstrations(Refused):
    """No demonstration: prizes are won there, not made."""

    code = "demo_prizes_only_in_demo"
    message = _("Prizes to practise with are made where DEMO is on, and nowhere else.")


class NoDrawToPractise(Refused):
    """No draw of the games that serve for it is on sale now, or the demo people are missing."""

    code = "demo_prizes_without_draw"
    message = _(
        "No draw is on sale that could be played to its end now. Please wait for the next one."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Numbers of a draw of the first of these games that is on sale, as they are played and drawn.

    Each demo player has a ticket on them with each of his multipliers.
    """

    games: Sequence[str]
    bet_type: str
    numbers: tuple[tuple[int, ...], ...]
    multipliers: Sequence[Sequence[int]]


PLAYS = (
    # A line wins 1,040 yuan: prizes for the balance, for an outlet, for the centre.
    Play(
        games=("pl3", "fc3d"),
        bet_type="straight",
        numbers=((3,), (6,), (8,)),
        multipliers=((5, 15, 45, 60), (8, 20, 28, 99), (4,)),
    ),
    # A line wins 100,000 yuan: large enough to be announced, and once so that two people agree.
    Play(
        games=("pl5",),
        bet_type="single",
        numbers=((3,), (6,), (8,), (1,), (5,)),
        multipliers=((6,), (1,), ()),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Demo staff of a draw: two officials, and who agrees to its other times."""

    officials: Sequence[User]
    approver: User


def begin(*, now: datetime) -> list[Draw]:
    """Sell the tickets, then let the draws close in a moment; refuses outside demonstrations."""
    if not settings.DEMO:
        raise OnlyInDemonstrations
    opening.open_due(now=now)
    players = people.players()
    found = [(play, draw) for play in PLAYS if (draw := _on_sale(play, now)) is not None]
    if not found or len(players) < len(people.PLAYERS):
        raise NoDrawToPractise
    crew = _crew(now)
    for play, draw in found:
        for player, multipliers in zip(players, play.multipliers, strict=True):
            if multipliers:
                _buy(player, draw, play, multipliers, now=now)
        _equip(draw, crew)
        _close_soon(draw, crew)
    return [draws.find(draw.code) for _play, draw in found]


def finish(*, draw: Draw) -> list[Prize]:
    """Seal, draw, write minutes, settle and publish the draw that is past its time; its prizes.

    Refuses outside demonstrations as well: the numbers are those that its players chose.
    """
    if not settings.DEMO:
        raise OnlyInDemonstrations
    crew = _crew(database_time())
    closing.close(draw=draw, now=database_time())
    sealing.complete(draw=draws.find(draw.code), now=database_time())
    numbers = next(play.numbers for play in PLAYS if draw.game.code in play.games)
    for official in crew.officials:
        results.enter(draw=draw, official=official, numbers=numbers, now=database_time())
    draw = draws.find(draw.code)
    _write_minutes(draw, crew)
    settlement.run(draw=draw, now=database_time())
    publication.publish(draw=draws.find(draw.code), now=database_time())
    return list(
        Prize.objects.filter(draw=draw, owner__in=people.players())
        .select_related("ticket", "owner", "draw__game", "draw__settlement")
        .order_by("owner", "amount")
    )


def _on_sale(play: Play, now: datetime) -> Draw | None:
    return next((one for game in play.games if (one := draws.on_sale(game, now=now))), None)


def _close_soon(draw: Draw, crew: Crew) -> None:
    soon = database_time() + SOON
    asked = draw_times.ask(
        draw=draw,
        closes_at=soon,
        draws_at=soon + HELD_AFTER,
        reason=REASON,
        maker=crew.officials[0],
        now=database_time(),
    )
    approvals.decide(code=asked.code, checker=crew.approver, approve=True, now=database_time())


def _crew(now: datetime) -> Crew:
    officials = _holding(results.ROLE, now)
    approvers = _holding("approver", now)
    if len(officials) < 2 or not approvers:  # noqa: PLR2004 - two people draw
        raise NoDrawToPractise
    return Crew(officials=officials[:2], approver=approvers[0])


def _holding(role: str, now: datetime) -> list[User]:
    held = Posting.objects.filter(
        post__roles__contains=[role], valid_from__lte=now, valid_until__isnull=True
    )
    return list(User.objects.filter(staff_member__person__in=held.values("person")).order_by("pk"))


def _buy(
    player: Player, draw: Draw, play: Play, multipliers: Sequence[int], *, now: datetime
) -> None:
    orders = [
        purchase.Order(
            draw=draw,
            selections=[
                bets.Selection(
                    bet_type=play.bet_type,
                    bankers=tuple(() for _zone in play.numbers),
                    picks=play.numbers,
                    multiplier=multiplier,
                )
            ],
        )
        for multiplier in multipliers
    ]
    purchase.buy(player=player, orders=orders, request_key=uuid7(), channel="web", now=now)


def _equip(draw: Draw, crew: Crew) -> None:
    """What the demo chose serves; a later draw has the first fit piece of each place."""
    if not equipment.lacking(draw):
        return
    fit = list(equipment.may_serve(draw, now=database_time()))
    chosen = [
        equipment.Choice(place.code, piece, is_reserve)
        for place in equipment.places(draw)
        for piece, is_reserve in zip(
            (one for one in fit if one.kind == place.kind and one.zone in {"", place.code}),
            (False, True),
            strict=False,
        )
    ]
    equipment.assign(
        draw=draw,
        chosen=chosen,
        chosen_by=WITNESS.name,
        chosen_how=REASON,
        actor=crew.officials[0],
        now=database_time(),
    )


def _write_minutes(draw: Draw, crew: Crew) -> None:
    if minutes.signed(draw):
        return
    first, second = crew.officials
    made = minutes.write(
        draw=draw,
        told=minutes.Told(
            place=PLACE,
            began_at=max(draw.draws_at, draw.seal.publication.published_at),
            ended_at=results.typed_by(draw.result)[0].entered_at,
            officials=[minutes.Person(minutes.name_of(one), "开奖员") for one in (first, second)],
            witnesses=[WITNESS],
            drawn=draw.result.numbers,
            notes=REASON,
        ),
        author=first,
        now=database_time(),
    )
    minutes.sign(draw=draw, digest=made.digest, signer=second, now=database_time())
