"""Notices by mail: cancellations and changed times to supervisors, ends of licences to the house.

A notice asks for one delivery an address when it is written (F024, F075); a job brings each out. A
mail that failed for good is an alarm until it is sent again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from smtplib import SMTPRecipientsRefused
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit import alarms, policies, trail
from lottery_portal import jobs
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.errors import Refused

from . import seals
from .models import (
    CalendarNotice,
    Draw,
    DrawCancellation,
    Game,
    LicenceReminder,
    NoticeDelivery,
)

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 20
ALARM = "games.notice_mail_failed"
LANGUAGE = "zh-hans"
About = NoticeDelivery.About
State = NoticeDelivery.State


class NoNoticeFailed(Refused):
    """There is no mail about this draw that could be sent again."""

    code = "notice_mail_not_failed"
    message = gettext_lazy("Every supervisor has the notices about draw %(draw)s, or gets them.")


@inside_transaction
def ask(*, about: str, number: int, now: datetime, addresses: Collection[str] = ()) -> None:
    """Ask for a notice to be mailed to these addresses, or to every supervisor policy names."""
    for address in dict.fromkeys(addresses or policies.read(seals.SUPERVISORS_POLICY, at=now)):
        delivery, is_new = NoticeDelivery.objects.get_or_create(
            about=about, number=number, address=address, defaults={"asked_at": now}
        )
        if is_new:
            jobs.enqueue("games.send_notice", key=f"notice:{delivery.pk}", delivery_id=delivery.pk)


def deliver(*, delivery_id: int, now: datetime) -> None:
    """Send one notice, if it still waits; what passes by itself is raised, to be tried again.

    Cut off between sending and noting it, the mail may go out twice, never not at all.
    """
    delivery = NoticeDelivery.objects.get(pk=delivery_id)
    if delivery.state != State.WAITING:
        return
    try:
        _mail(delivery).send()
    except SMTPRecipientsRefused:
        logger.exception("A supervisor's mailbox refused a notice", extra={"delivery": delivery.pk})
        _note(delivery, State.FAILED, "refused", now=now)
    except Exception as exc:  # whatever it was, it is counted
        is_last = (delivery.attempts + 1) % MOST_ATTEMPTS == 0
        _note(delivery, State.FAILED if is_last else State.WAITING, type(exc).__name__, now=now)
        raise
    else:
        _note(delivery, State.DELIVERED, "", now=now)


def of(draw: Draw) -> list[NoticeDelivery]:
    """How all notices about a draw fare on their way, in the order in which they were asked for."""
    cancelled = DrawCancellation.objects.filter(draw=draw).values("pk")
    moved = CalendarNotice.objects.filter(draw=draw).values("pk")
    rows = NoticeDelivery.objects.filter(
        Q(about=About.CANCELLATION, number__in=cancelled) | Q(about=About.TIMES, number__in=moved)
    )
    return list(rows.order_by("asked_at", "address"))


@door
def send_again(*, draw: Draw, actor: User, now: datetime) -> int:
    """Send the notices about a draw whose mail failed again, by the word of a person."""
    failed = NoticeDelivery.objects.filter(
        pk__in=[one.pk for one in of(draw) if one.state == State.FAILED], state=State.FAILED
    )
    asked = list(failed.select_for_update(no_key=True).order_by("pk"))
    if not asked:
        raise NoNoticeFailed(draw=draw.code)
    NoticeDelivery.objects.filter(pk__in=[one.pk for one in asked]).update(state=State.WAITING)
    for one in asked:
        key = f"notice:{one.pk}:{now:%Y%m%dT%H%M%S%f}"
        jobs.enqueue("games.send_notice", key=key, delivery_id=one.pk)
    trail.record(
        action="games.notice_mail_asked_again",
        actor=actor,
        object_type="draw",
        object_code=draw.code,
        body={"addresses": [one.address for one in asked]},
    )
    return len(asked)


def _mail(delivery: NoticeDelivery) -> EmailMessage:
    with translation.override(LANGUAGE):
        subject, template, facts = _WRITTEN[About(delivery.about)](delivery.number)
        text = render_to_string(template, {**facts, "operator": settings.OPERATOR})
    return EmailMessage(
        f"[{settings.BRAND}] {subject}",
        text.strip(),
        settings.DEFAULT_FROM_EMAIL,
        [delivery.address],
    )


def _of_draw(told: Any, title: str, *, is_cancelled: bool) -> Written:
    names = {"game": _(told.draw.game.name), "issue": told.draw.issue}
    return (
        title % names,
        "games/mail/notice.txt",
        {**names, "told": told, "is_cancelled": is_cancelled, "address": _at("games:calendar")},
    )


def _of_cancellation(number: int) -> Written:
    told = DrawCancellation.objects.select_related("draw__game").get(pk=number)
    return _of_draw(told, _("%(game)s draw %(issue)s is cancelled"), is_cancelled=True)


def _of_times(number: int) -> Written:
    told = CalendarNotice.objects.select_related("draw__game").get(pk=number)
    return _of_draw(told, _("%(game)s draw %(issue)s has other times"), is_cancelled=False)


def _of_licence(number: int) -> Written:
    told = LicenceReminder.objects.select_related("licence").get(pk=number)
    licence = told.licence
    games = Game.objects.filter(is_shadow=False).order_by("position")
    if licence.games:
        games = games.filter(code__in=licence.games)
    return (
        _("Licence %(number)s ends soon") % {"number": licence.number},
        "games/mail/licence_ends.txt",
        {
            "licence": licence,
            "days": told.days,
            "games": [_(game.name) for game in games],
            "address": _at("games:desk_licences"),
        },
    )


def _at(name: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name)}"


Written = tuple[str, str, dict[str, Any]]
_WRITTEN: Mapping[NoticeDelivery.About, Callable[[int], Written]] = {
    About.CANCELLATION: _of_cancellation,
    About.TIMES: _of_times,
    About.LICENCE: _of_licence,
}


@door
def _note(delivery: NoticeDelivery, state: str, detail: str, *, now: datetime) -> None:
    won = NoticeDelivery.objects.filter(pk=delivery.pk, state=State.WAITING).update(
        state=state, attempts=F("attempts") + 1, at=now, detail=detail
    )
    if not won or state == State.WAITING:
        return
    object_type, code = _object_of(delivery)
    trail.record(
        action="games.notice_sent",
        actor=None,
        object_type=object_type,
        object_code=code,
        body={"about": delivery.about, "address": delivery.address, "state": state},
    )
    about = {"kind": ALARM, "object_type": object_type, "object_code": code}
    if state == State.FAILED:
        alarms.raise_alarm(facts={"address": delivery.address, "reason": detail}, now=now, **about)
    elif not NoticeDelivery.objects.filter(
        about=delivery.about, number=delivery.number, state=State.FAILED
    ).exists():
        alarms.settle(now=now, **about)


def _object_of(delivery: NoticeDelivery) -> tuple[str, str]:
    """What a notice is about, as the trail names it."""
    if delivery.about == About.LICENCE:
        told = LicenceReminder.objects.select_related("licence").get(pk=delivery.number)
        return "licence", told.licence.number
    rows: Any = DrawCancellation if delivery.about == About.CANCELLATION else CalendarNotice
    return "draw", str(rows.objects.values_list("draw__code", flat=True).get(pk=delivery.number))


alarms.register(kind=ALARM, title=gettext_lazy("A notice could not be mailed"))
