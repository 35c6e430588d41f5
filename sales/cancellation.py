"""Taking a ticket back before the close, where the rule allows it: one door, `cancel` (F048).

How many minutes after the sale the owner may do so is a figure of policy by game, read at the
moment of the sale; 0 means that the rule of the game knows no such thing. So it is at first: the
rules give a stake back only where the bet itself failed (RULES C3). The database judges by its own
clock, behind the gate that closing waits at; the stake goes back to the purses it came from, once.
What was taken back is not in the sealed file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, OperationalError, connection
from django.utils.translation import gettext_lazy as _
from psycopg.errors import LockNotAvailable

from accounts import messages
from accounts.models import Player
from audit import policies
from games import rule_sheets, rules
from games.models import Draw, Game
from games.rules.cited import source
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused

from .models import Cancellation, Ticket
from .purchase import CHANNELS, SalesBusy
from .tickets import TicketUnknown

MINUTES_POLICY = "sales.cancel_minutes"
MESSAGE = "sales.cancelled"


class NotCancellable(Refused):
    """The rule of the game does not let tickets be taken back."""

    code = "ticket_not_cancellable"
    message = _("The rule of this game does not let tickets be taken back. The ticket stands.")


class CancelledTooLate(Refused):
    """The time that the rule gives is over."""

    code = "cancellation_too_late"
    message = _(
        "A ticket can be taken back for %(minutes)s minutes after it was bought. That time is over;"
        " the ticket stands."
    )


class ClosedBeforeCancelled(Refused):
    """The draw closed first."""

    code = "cancellation_after_close"
    message = _("Draw %(issue)s has closed. What is in it stays in it; the ticket stands.")


class CalledOffFirst(Refused):
    """The draw was cancelled first; all its tickets are refunded."""

    code = "cancellation_after_draw_cancelled"
    message = _("Draw %(issue)s is cancelled. Every ticket in it is refunded, yours among them.")


@dataclass(frozen=True, slots=True)
class Window:
    """Until when a ticket may be taken back."""

    minutes: int
    until: datetime


def minutes_of(game: Game, *, at: datetime) -> int:
    """For how many minutes a ticket sold at that moment may be taken back; 0 for not at all."""
    try:
        return int(policies.read(MINUTES_POLICY, at=at, scope=game.code))
    except LookupError:
        return 0


def window_of(ticket: Ticket, *, now: datetime) -> Window | None:
    """The time left to take a ticket back; None when there is none. The database judges again."""
    draw = ticket.draw
    if draw.state != Draw.State.OPEN or of(ticket) is not None:
        return None
    minutes = minutes_of(draw.game, at=ticket.sold_at)
    until = min(ticket.sold_at + timedelta(minutes=minutes), draw.closes_at)
    return Window(minutes=minutes, until=until) if minutes > 0 and now < until else None


def article(draw: Draw) -> str:
    """Where the rule of a draw's game says when a stake is given back; "" where no paper does."""
    version = rules.by_code(draw.rule.code)
    articles = rule_sheets.articles_of(draw.rule)
    found = source(game=version.game, code=version.code, place="refund", articles=articles)
    return found.said if found else ""


def of(ticket: Ticket) -> Cancellation | None:
    """That the ticket was taken back, if it was."""
    return Cancellation.objects.filter(ticket_id=ticket.pk).first()


def cancel(*, player: Player, ticket: Ticket, channel: str, now: datetime) -> Cancellation:
    """Take the player's own ticket back and give him the stake, or say why not.

    Asked for twice it is done once. What this returns is committed.
    """
    if channel not in CHANNELS:
        raise ValueError(f"Nobody takes tickets back by {channel}.")
    try:
        return _cancel(player=player, ticket=ticket, channel=channel, now=now)
    except OperationalError as exc:
        if isinstance(exc.__cause__, LockNotAvailable):
            raise SalesBusy from exc
        raise
    except IntegrityError as exc:
        name = violated(exc)
        if name != "cancellation_by_the_owner" and (known := of(ticket)):
            return known
        if refusal := _explained(name, ticket):
            raise refusal from exc
        raise


def _explained(name: str, ticket: Ticket) -> Refused | None:
    if name == "cancellation_by_the_owner":
        return TicketUnknown(ticket=ticket.code)
    if name == "cancellation_by_the_rule":
        return NotCancellable()
    if name == "cancellation_in_time":
        return CancelledTooLate(minutes=minutes_of(ticket.draw.game, at=ticket.sold_at))
    if name == "cancellation_before_the_close":
        draw = Draw.objects.get(pk=ticket.draw_id)
        if draw.state == Draw.State.CANCELLED:
            return CalledOffFirst(issue=draw.issue, draw=draw.code)
        return ClosedBeforeCancelled(issue=draw.issue, draw=draw.code)
    return None


@door
def _cancel(*, player: Player, ticket: Ticket, channel: str, now: datetime) -> Cancellation:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM sales_cancel(%s, %s, %s)", [ticket.code, player.pk, channel])
        (pk,) = cursor.fetchone()
    if not player.is_shadow:
        messages.send(
            user=player.user,
            kind=MESSAGE,
            params={
                "ticket": ticket.code,
                "game": ticket.draw.game.name,
                "issue": ticket.draw.issue,
                "amount_fen": ticket.price,
            },
            natural_key=f"cancelled:{ticket.code}",
            now=now,
        )
    return Cancellation.objects.get(pk=pk)
