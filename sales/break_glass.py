"""Breaking the glass: opening a sealed draw to reading, by two people of two roles, for minutes.

It is asked for with a reason, approved by somebody of another role, and written down by the
database from the approval itself (`sales_open_seal`). While it is open the tickets are listed on
one page, and each look at it stands in the trail. Nothing can be changed, and after the draw the
public reads that the seal was opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.paginator import Page, Paginator
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from audit import alarms, approvals, trail
from games.models import Draw
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused

from . import read_ban, staff_picks
from .models import OpenedSeal, Ticket

if TYPE_CHECKING:
    from accounts.models import User

KIND = "sales.break_glass"
ALARM = "sales.seal_opened"
MINUTES_POLICY = "sales.break_glass_minutes"
MINUTES = 15
MAKERS = frozenset({"compliance", "auditor"})
CHECKERS = frozenset({"regulator", "compliance"})
SHORTEST_REASON = 20
PAGE = 50


class NotUnderSeal(Refused):
    """Only a sealed draw is opened; before and after there is nothing to open."""

    code = "draw_not_sealed"
    message = _("Draw %(draw)s is not under seal. There is nothing to open.")


class ReasonTooShort(Refused):
    """A reason that says nothing."""

    code, status = "reason_too_short", 400
    message = _("Please give the reason in at least %(least)s characters.")


class OneRole(Refused):
    """Two people of one role open no seal."""

    code, status = "seal_opened_by_two_roles", 403
    message = _("Whoever approves must hold another role than whoever asked.")


class NotForMinutes(Refused):
    """The policy does not say for how many minutes a seal is opened."""

    code = "seal_minutes_unset"
    message = _("The policy on opened seals must say between 1 and 120 minutes.")


_REFUSALS: Mapping[str, type[Refused]] = {
    "seal_opened_by_two_roles": OneRole,
    "seal_opened_while_sealed": NotUnderSeal,
    "seal_opened_for_minutes": NotForMinutes,
}
alarms.register(kind=ALARM, title=_("A sealed draw was opened to reading"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One page of the tickets of an opened draw."""

    opening: OpenedSeal
    page: Page[Ticket]
    picks: Mapping[int, Sequence[str]]


def ask(*, draw: Draw, reason: str, maker: User, now: datetime) -> approvals.Request:
    """Ask for `draw` to be opened to reading; somebody of another role approves."""
    if not Draw.objects.filter(pk=draw.pk, state=Draw.State.SEALED).exists():
        raise NotUnderSeal(draw=draw.code)
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonTooShort(least=SHORTEST_REASON)
    return approvals.request(
        kind=KIND,
        payload={"draw": draw.code, "reason": reason.strip()},
        maker=maker,
        now=now,
    )


def open_seal(request: approvals.Request, now: datetime) -> None:
    """Perform an approval, in its transaction: the database opens the draw, the trail says so."""
    code = request.payload["draw"]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT sales_open_seal(%s)", [request.code])
            (pk,) = cursor.fetchone()
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal(draw=code) from exc
        raise
    opened = OpenedSeal.objects.get(pk=pk)
    facts = {"approval": request.code, "closes_at": opened.closes_at.isoformat()}
    trail.record(
        action="sales.seal_opened",
        actor=request.maker,
        object_type="draw",
        object_code=code,
        body=facts,
    )
    alarms.raise_alarm(kind=ALARM, object_type="draw", object_code=code, facts=facts, now=now)


@door
def look(*, draw: Draw, number: str | None, actor: User) -> Look:
    """One page of the tickets of a draw that is open to reading; the look is recorded first."""
    opening = read_ban.opening(draw)
    if opening is None or not Draw.objects.filter(pk=draw.pk, state=Draw.State.SEALED).exists():
        raise read_ban.SealedDataAsked(draw=draw.code)
    tickets = (
        Ticket.objects.filter(draw_id=draw.pk, cancellation__isnull=True)
        .select_related("rule")
        .order_by("pk")
    )
    page = Paginator(tickets, PAGE).get_page(number)
    trail.record(
        action="sales.opened_seal_read",
        actor=actor,
        object_type="draw",
        object_code=draw.code,
        body={"approval": opening.approval_code, "page": page.number},
    )
    return Look(opening=opening, page=page, picks=staff_picks.of(list(page)))
