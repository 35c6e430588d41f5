"""Other times of a draw: asked for by one person, agreed by another, told to the public (F025).

Draws of a game stay in their order, and none is put off beyond all sense: whoever wants that
cancels the draw.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from lottery_portal.lib import codes, dates
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import notice_mail, words
from .models import CalendarNotice, Draw

if TYPE_CHECKING:
    from accounts.models import User

KIND = "games.draw_times"
# Before the close all times may change; then the drawing may be put off, until a number is typed.
BEFORE_THE_CLOSE = (Draw.State.SCHEDULED, Draw.State.OPEN)
BEFORE_THE_DRAW = (Draw.State.CLOSED, Draw.State.SEALED)
# No closure lasts so long between two draws; the database knows it too.
LONGEST_DELAY = timedelta(days=30)


class TimesNotInOrder(Refused):
    """Opening, close and draw are not one after another, or the close is past."""

    code, status = "times_not_in_order", 400
    message = _("A draw opens, closes and is drawn in this order, and closes in the future.")


class TimesStand(Refused):
    """The draw was held or is over, or has closed meanwhile; its times stand."""

    code = "draw_times_stand"
    message = _("Draw %(draw)s has closed. Its times can no longer be changed.")


class TimesUnchanged(Refused):
    """Close and draw are asked for as they are."""

    code, status = "draw_times_unchanged", 400
    message = _("Draw %(draw)s has these times already.")


class TimesChangedMeanwhile(Refused):
    """Another approved request was first; who still wants this asks again."""

    code = "draw_times_changed_meanwhile"
    message = _("The times of draw %(draw)s changed after this was asked. Please ask anew.")


class OnlyPutOff(Refused):
    """After the close the drawing can be put off; the close stands, and nothing is held earlier."""

    code = "draw_only_put_off"
    message = _("Draw %(draw)s has closed. Its drawing can only be put off to a later time.")


class DrawsStayInOrder(Refused):
    """It would be held before the draw before it, or after the one that comes next."""

    code, status = "draws_stay_in_order", 400
    message = _(
        "The draws of a game are held in the order of their issues. %(other)s is held at %(at)s."
    )


class PutOffTooFar(Refused):
    """So far from the published day a draw is cancelled and refunded, not put off."""

    code, status = "draw_put_off_too_far", 400
    message = _(
        "A draw is put off by %(days)s days at most, to %(last)s. What cannot be held by then is"
        " cancelled, and every ticket is refunded."
    )


class TimesAskedFor(Refused):
    """Another request for this draw waits for its decision."""

    code = "draw_times_asked_for"
    message = _(
        "Other times of draw %(draw)s are asked for already, in request %(request)s. It is decided"
        " first, or expires."
    )


@door
def ask(
    *,
    draw: Draw,
    closes_at: datetime,
    draws_at: datetime,
    reason: str,
    maker: User,
    now: datetime,
) -> approvals.Request:
    """Ask for other times of a draw; another person approves, then the public is told (F025).

    After the close only the drawing can be put off. Draws stay in the order of their issues, are
    put off by `LONGEST_DELAY` at most, and one request of a draw is open at a time.
    """
    draw = Draw.objects.select_for_update(no_key=True).get(pk=draw.pk)  # who asks at once queues
    if draw.state in BEFORE_THE_CLOSE:
        if not max(now, draw.opens_at) < closes_at < draws_at:
            raise TimesNotInOrder
    elif draw.state in BEFORE_THE_DRAW:
        if closes_at != draw.closes_at or draws_at <= max(now, draw.draws_at):
            raise OnlyPutOff(draw=draw.code)
    else:
        raise TimesStand(draw=draw.code)
    if (closes_at, draws_at) == (draw.closes_at, draw.draws_at):
        raise TimesUnchanged(draw=draw.code)
    _check_place(draw, draws_at)
    if waiting := _under_way(draw, now):
        raise TimesAskedFor(draw=draw.code, request=codes.shown(waiting.code))
    payload = {
        "draw": draw.code,
        "closes_before": written(draw.closes_at),
        "closes_after": written(closes_at),
        "draws_before": written(draw.draws_at),
        "draws_after": written(draws_at),
        "reason": reason,
    }
    return approvals.request(kind=KIND, payload=payload, maker=maker, now=now)


@inside_transaction
def change(
    *, payload: dict[str, Any], approval_code: str, actor: User | None, now: datetime
) -> CalendarNotice:
    """Change the times of an approved request, publish the notice and mail it to supervisors.

    Refused once closed, and when the draw or its neighbours have other times meanwhile.
    """
    closes_at, draws_at = _read(payload["closes_after"]), _read(payload["draws_after"])
    closes_before = _read(payload["closes_before"])
    draw = Draw.objects.select_related("game").get(code=payload["draw"])
    is_put_off = draw.state in BEFORE_THE_DRAW and closes_at == closes_before
    if not (is_put_off or now < closes_at) or not max(now, closes_at) < draws_at:
        raise TimesNotInOrder
    if draw.state not in (BEFORE_THE_DRAW if is_put_off else BEFORE_THE_CLOSE):
        raise TimesStand(draw=draw.code)
    if (draw.closes_at, draw.draws_at) != (closes_before, _read(payload["draws_before"])):
        raise TimesChangedMeanwhile(draw=draw.code)
    if draw.opens_at >= closes_at:
        raise TimesNotInOrder
    _check_place(draw, draws_at)
    notice = move(
        draw,
        opens_at=draw.opens_at,
        closes_at=closes_at,
        draws_at=draws_at,
        reason=payload["reason"],
        approval_code=approval_code,
        actor=actor,
        now=now,
    )
    notice_mail.ask_moved([notice], now=now)
    return notice


@inside_transaction
def move(
    draw: Draw,
    *,
    opens_at: datetime,
    closes_at: datetime,
    draws_at: datetime,
    reason: str,
    approval_code: str,
    actor: User | None,
    now: datetime,
) -> CalendarNotice:
    """Publish the notice, and with it give the draw its new times: the database asks for both.

    Supervisors are told by the caller, once a decision.
    """
    try:
        with transaction.atomic():
            notice = CalendarNotice.objects.create(
                draw=draw,
                closes_before=draw.closes_at,
                closes_after=closes_at,
                draws_before=draw.draws_at,
                draws_after=draws_at,
                reason=reason,
                approval_code=approval_code,
                published_at=now,
            )
            Draw.objects.filter(pk=draw.pk).update(
                opens_at=opens_at, closes_at=closes_at, draws_at=draws_at
            )
    except IntegrityError as exc:
        name = violated(exc)
        if name in {"draw_times_stand_after_close", "notice_of_the_times_that_were"}:
            raise TimesStand(draw=draw.code) from exc
        if name in {"draws_stay_in_order", "draw_put_off_thirty_days_at_most"}:
            _check_place(draw, draws_at)  # another draw was moved meanwhile: says which
        raise
    notice.refresh_from_db(fields=["published_at"])
    trail.record(
        action="games.draw_times_changed",
        actor=actor,
        object_type="draw",
        object_code=draw.code,
        body={
            "closes_before": written(notice.closes_before),
            "closes_after": written(closes_at),
            "draws_before": written(notice.draws_before),
            "draws_after": written(draws_at),
            "reason": reason,
            "approval": approval_code,
        },
    )
    return notice


def _check_place(draw: Draw, draws_at: datetime) -> None:
    """Raise the `Refused` that speaks against holding the draw then, among those of its game."""
    held = Draw.objects.filter(game_id=draw.game_id).exclude(state=Draw.State.CANCELLED)
    held = held.select_related("game")
    before = held.filter(issue__lt=draw.issue, draws_at__gte=draws_at).order_by("-draws_at").first()
    after = held.filter(issue__gt=draw.issue, draws_at__lte=draws_at).order_by("draws_at").first()
    if other := before or after:
        raise DrawsStayInOrder(other=words.draw(other), at=dates.written(other.draws_at, "full"))
    last = draw.draws_at + LONGEST_DELAY
    if draws_at > last:
        raise PutOffTooFar(days=LONGEST_DELAY.days, last=dates.written(last, "full"))


def _under_way(draw: Draw, now: datetime) -> approvals.Request | None:
    return next(
        (
            one
            for one in approvals.under_way(KIND)
            if one.payload["draw"] == draw.code and one.expires_at > now
        ),
        None,
    )


def written(moment: datetime) -> str:
    """A moment as it stands in payloads and in the trail."""
    return moment.astimezone(UTC).isoformat()


def _read(text: str) -> datetime:
    moment = parse_datetime(text)
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"{text} is no moment.")
    return moment
