"""Cancelling a draw, and giving back every ticket of it once (F075).

`ask` shows what would be refunded and asks; `cancel` is done by the word of another person, behind
the gate of the draw: no sale runs beside it, and after it none begins. From there the rest goes on
by itself: `run` gives back ticket by ticket, in transactions of some hundred, each ticket under its
own reference in the books and by a row of its own, so that it may be killed anywhere and started as
often as one likes. The seal, if there was one, stands; what it divided is taken back first.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection
from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _

from audit import alarms, approvals, policies, trail
from finance import ledger
from finance.ledger import EntryKind
from games import draws, notice_mail
from games.models import Draw, DrawCancellation, SealStatement
from lottery_portal import jobs
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import holders
from .models import DrawRefund, Ticket, TicketRefund
from .opening import stakes_of

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

KIND = "sales.draw_cancellation"
MAKERS = frozenset({"draw_official", "compliance", "administrator"})
CHECKERS = frozenset({"approver", "compliance"})
PEOPLE_POLICY = "sales.cancellation_people"
PEOPLE = 1
DRILL = "DRILL"
SHORTEST_REASON = 10
AT_ONCE = 200
ALARM = "sales.refund_stands_still"
AGAIN_AFTER = timedelta(minutes=10)

State = Draw.State


class ReasonTooShort(Refused):
    """Everybody who holds a ticket reads it."""

    code, status = "cancellation_reason_short", 400
    message = _("Please say in a sentence why the draw is cancelled; players read it.")


class RefundNotWhole(RuntimeError):
    """Tickets lack their row, or the stakes of the draw are not empty: nothing is called done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a cancellation would do now; nothing has moved.

    Of a sealed draw only what the seal itself tells is known: nobody looks into its sales data.
    """

    state: str
    tickets: int
    stake_fen: int
    players: int | None
    by_purse: Mapping[str, int]
    divided: Mapping[str, int]

    @property
    def moves_money(self) -> bool:
        """Whether anything would be refunded at all."""
        return self.tickets > 0


def dry_run(draw: Draw) -> DryRun:
    """Work out what would be refunded if `draw` were cancelled now, or raise `DrawIsHeld`."""
    if draw.state not in draws.CANCELLABLE:
        raise draws.DrawIsHeld(draw=draw.code, state=draw.get_state_display())
    seal = SealStatement.objects.filter(draw_id=draw.pk).first()
    if seal is not None:
        tickets, fen, players = seal.tickets, int(seal.stake), None
    else:
        standing = Ticket.objects.filter(draw_id=draw.pk, cancellation__isnull=True)
        sold = standing.aggregate(
            tickets=Count("pk"), fen=Sum("price"), players=Count("owner", distinct=True)
        )
        tickets, fen, players = sold["tickets"], sold["fen"] or 0, sold["players"]
    divided = ledger.entry_of(_allocation(draw))
    return DryRun(
        state=draw.state,
        tickets=tickets,
        stake_fen=fen,
        players=players,
        by_purse=ledger.paid_into(stakes_of(draw)),
        divided={move.source: move.amount for move in ledger.back(divided)} if divided else {},
    )


def ask(*, draw: Draw, reason: str, maker: User, now: datetime) -> approvals.Request:
    """Ask for `draw` to be cancelled; nothing changes before somebody else has agreed."""
    found = dry_run(draw)
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonTooShort
    return approvals.request(
        kind=KIND,
        payload={
            "draw": draw.code,
            "state": found.state,
            "tickets": found.tickets,
            "stake_fen": found.stake_fen,
            "reason": reason.strip(),
        },
        maker=maker,
        now=now,
        amount_fen=found.stake_fen,
    )


def people(now: datetime) -> int:
    """How many others must agree."""
    return int(policies.read(PEOPLE_POLICY, at=now))


@inside_transaction
def cancel(
    *, payload: Mapping[str, Any], approval_code: str, actor: User | None, now: datetime
) -> DrawRefund:
    """Cancel the draw of an approved request and ask for its refund; `DrawIsHeld` when too late.

    Waits for the sales in flight and no longer; those that come after it are refused.
    """
    draw = draws.find(payload["draw"])
    draws.hold_gate(draw.pk)
    told = draws.cancel(
        draw=draw, reason=payload["reason"], approval_code=approval_code, actor=actor, now=now
    )
    if divided := ledger.entry_of(_allocation(draw)):
        ledger.post(
            reference=f"{_allocation(draw)}:back",
            moves=ledger.back(divided),
            kind=EntryKind.ALLOCATION,
        )
    refund = DrawRefund.objects.create(draw=draw, tickets=0, stake=0, begun_at=now)
    refund.refresh_from_db()
    trail.record(
        action="sales.refund_begun",
        actor=actor,
        object_type="draw",
        object_code=draw.code,
        body={"tickets": refund.tickets, "stake_fen": refund.stake, "approval": approval_code},
    )
    _ask_for_refund(draw)
    jobs.enqueue("sales.end_rolling", key=f"rolling:{draw.code}", draw_id=draw.pk)
    if not draw.is_shadow:
        notice_mail.ask(about=notice_mail.About.CANCELLATION, number=told.pk, now=now)
    return refund


@door
def cancel_drill(*, draw: Draw, reason: str, now: datetime) -> DrawRefund:
    """Cancel a draw of the shadow books at once; those of the real books need other eyes."""
    if not draw.is_shadow:
        raise ValueError("A draw of the real books is cancelled by the word of two people.")
    payload = {"draw": draw.code, "reason": reason}
    return cancel(payload=payload, approval_code=DRILL, actor=None, now=now)


def run(*, draw: Draw, now: datetime) -> bool:
    """Give back every ticket of a cancelled draw that is not back yet; True when this ended it."""
    refund = DrawRefund.objects.get(draw=draw)
    if refund.done_at is not None:
        return False
    while refund_next(draw=draw):
        jobs.hold("sales.refund_draw", key=f"refund:{draw.code}", lease=timedelta(minutes=2))
    return _finish(draw, now=now)


@door
def refund_next(*, draw: Draw, most: int = AT_ONCE) -> int:
    """Give back the next tickets of a cancelled draw; how many, 0 when all are back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sales_refund_next(%s, %s)", [draw.pk, most])
        return int(cursor.fetchone()[0])


def ask_due(*, now: datetime) -> int:
    """Ask for every refund that is not whole; one that was given up is an alarm, and begun anew."""
    waiting = DrawRefund.objects.filter(done_at__isnull=True).select_related("draw")
    for refund in waiting.order_by("begun_at"):
        if _ask_for_refund_again(refund.draw):
            alarms.raise_alarm(
                kind=ALARM,
                object_type="draw",
                object_code=refund.draw.code,
                facts={"tickets": refund.tickets},
                now=now,
            )
    return len(waiting)


def refund_of(draw: Draw) -> DrawRefund | None:
    """The refund of a cancelled draw; None for one that is not cancelled."""
    return DrawRefund.objects.filter(draw_id=draw.pk).first()


def given_back(draw: Draw) -> tuple[int, int]:
    """How many tickets of a cancelled draw are back by now, and how many fen."""
    found = TicketRefund.objects.filter(draw_id=draw.pk).aggregate(
        tickets=Count("pk"), fen=Sum("amount")
    )
    return found["tickets"], found["fen"] or 0


def _allocation(draw: Draw) -> str:
    return f"allocation:{draw.code}"


@inside_transaction
def _ask_for_refund(draw: Draw) -> None:
    jobs.enqueue("sales.refund_draw", key=f"refund:{draw.code}", draw_id=draw.pk)


@door
def _ask_for_refund_again(draw: Draw) -> bool:
    return jobs.enqueue_again(
        "sales.refund_draw", key=f"refund:{draw.code}", after=AGAIN_AFTER, draw_id=draw.pk
    )


@door
def _finish(draw: Draw, *, now: datetime) -> bool:
    """Call the refund done, if the database agrees, and tell those who held tickets; once."""
    try:
        ended = DrawRefund.objects.filter(draw=draw, done_at__isnull=True).update(done_at=now)
    except IntegrityError as exc:
        if violated(exc) == "draw_refund_is_whole":
            raise RefundNotWhole(draw.code) from exc
        raise
    if not ended:
        return False
    tickets, fen = given_back(draw)
    trail.record(
        action="sales.refund_done",
        actor=None,
        object_type="draw",
        object_code=draw.code,
        body={"tickets": tickets, "refunded_fen": fen},
    )
    told = DrawCancellation.objects.get(draw=draw)
    if not draw.is_shadow:
        holders.ask(
            key=f"cancelled:{draw.code}",
            draw=draw,
            kind=holders.CANCELLED,
            params={"reason": told.reason},
            now=now,
        )
    alarms.settle(kind=ALARM, object_type="draw", object_code=draw.code, now=now)
    return True


alarms.register(kind=ALARM, title=_("The refund of a cancelled draw stands still"))
