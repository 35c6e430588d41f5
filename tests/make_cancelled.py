"""Cancelled and moved draws for tests, through the doors: asked for by one, agreed by another."""

from __future__ import annotations

from datetime import date

from accounts.models import User
from audit import approvals
from games import closures, draw_times
from games.models import CalendarNotice, Draw
from lottery_portal.lib.db import database_time
from sales import draw_cancellation

from . import people

REASON = "开奖场所停电，当期不能开奖。"


def asked(draw: Draw, *, reason: str = REASON, maker: User | None = None) -> approvals.Request:
    """The request to cancel a draw."""
    return draw_cancellation.ask(
        draw=draw,
        reason=reason,
        maker=maker or people.member("draw_official").user,
        now=database_time(),
    )


def agreed(request: approvals.Request, *, checker: User | None = None) -> None:
    """The word of another person; with it the deed is done."""
    approvals.decide(
        code=request.code,
        checker=checker or people.member("approver").user,
        approve=True,
        now=database_time(),
    )


def cancelled(draw: Draw) -> Draw:
    """A draw that two people have cancelled; nothing is refunded yet."""
    agreed(asked(draw))
    return Draw.objects.select_related("game", "rule").get(pk=draw.pk)


def refunded(draw: Draw) -> Draw:
    """The cancelled draw with every ticket given back."""
    draw_cancellation.run(draw=draw, now=database_time())
    return draw


def moved(draw: Draw, *, closes_at: object, draws_at: object, reason: str = "直播信号检修") -> Draw:
    """The draw with other times, as two people agreed."""
    request = draw_times.ask(
        draw=draw,
        closes_at=closes_at,  # type: ignore[arg-type]  # as the test has it
        draws_at=draws_at,  # type: ignore[arg-type]  # as the test has it
        reason=reason,
        maker=people.member("draw_official").user,
        now=database_time(),
    )
    agreed(request)
    return Draw.objects.select_related("game", "rule").get(pk=draw.pk)


def closure_asked(first: date, last: date, *, occasion: str = "SPRING") -> approvals.Request:
    """The request to record a closure."""
    return closures.request(
        occasion=occasion, first_on=first, last_on=last, notice="财政部公告（测试）", address="",
        maker=people.member("compliance").user, now=database_time(),
    )  # fmt: skip


def closure(first: date, last: date, *, occasion: str = "SPRING") -> list[CalendarNotice]:
    """A closure recorded by two people; the notices of the draws that it moved."""
    known = set(CalendarNotice.objects.values_list("pk", flat=True))
    agreed(closure_asked(first, last, occasion=occasion))
    return list(CalendarNotice.objects.exclude(pk__in=known).order_by("pk"))
