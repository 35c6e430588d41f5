"""Notices by mail: cancellations and changed times to supervisors, ends of licences to the house.

A notice asks for one delivery an address when it is written (F024, F075).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.mail import EmailMessage
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit import alarms, policies
from lottery_portal.lib.db import inside_transaction
from lottery_portal.lib.errors import Refused

from . import mailing, seals, words
from .models import (
    CalendarNotice,
    Draw,
    DrawCancellation,
    Game,
    LicenceEnding,
    LicenceReminder,
    NoticeDelivery,
)

About = NoticeDelivery.About
_SEVERAL = 2


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
            mailing.ask(POST, delivery)


@inside_transaction
def ask_moved(notices: Sequence[CalendarNotice], *, now: datetime) -> None:
    """Ask for the notices of one decision to be mailed, all in one mail; drills tell nobody."""
    told = sorted(one.pk for one in notices if not one.draw.is_shadow)
    if told:
        ask(about=About.TIMES, number=told[0], now=now)


def deliver(*, delivery_id: int, now: datetime) -> None:
    """Send one notice, if it still waits; what passes by itself is raised, to be tried again."""
    mailing.deliver(POST, delivery_id=delivery_id, now=now)


def send_again(*, draw: Draw, actor: User, now: datetime) -> int:
    """Send the notices about a draw whose mail failed again, by the word of a person."""
    return mailing.send_again(POST, draw=draw, actor=actor, now=now)


def of(draw: Draw) -> list[NoticeDelivery]:
    """How all notices about a draw fare on their way, in the order in which they were asked for."""
    return list(_about(draw).order_by("asked_at", "address"))


def _about(draw: Draw) -> QuerySet[NoticeDelivery]:
    cancelled = DrawCancellation.objects.filter(draw=draw).values("pk")
    decided = CalendarNotice.objects.filter(draw=draw).values("approval_code")
    moved = CalendarNotice.objects.filter(approval_code__in=decided).values("pk")
    return NoticeDelivery.objects.filter(
        Q(about=About.CANCELLATION, number__in=cancelled) | Q(about=About.TIMES, number__in=moved)
    )


def _mail(delivery: NoticeDelivery) -> EmailMessage:
    with translation.override(mailing.LANGUAGE):
        subject, template, facts = _WRITTEN[About(delivery.about)](delivery.number)
        return mailing.written(
            subject=subject, template=template, facts=facts, address=delivery.address
        )


def _of_draw(told: Any, title: str, *, is_cancelled: bool) -> Written:
    names = {"game": _(told.draw.game.name), "issue": told.draw.issue}
    return (
        title % names,
        "games/mail/notice.txt",
        {
            **names,
            "told": told,
            "is_cancelled": is_cancelled,
            "address": mailing.page("games:calendar"),
        },
    )


def _of_cancellation(number: int) -> Written:
    told = DrawCancellation.objects.select_related("draw__game").get(pk=number)
    return _of_draw(told, _("%(game)s draw %(issue)s is cancelled"), is_cancelled=True)


def _of_times(number: int) -> Written:
    """The change of one draw, or of all that one decision moved: a closure, a new rule."""
    known = CalendarNotice.objects.select_related("draw__game")
    told = known.get(pk=number)
    together = known.filter(approval_code=told.approval_code, draw__is_shadow=False)
    rows = list(together.order_by("draw__game__position", "draw__issue"))
    if len(rows) < _SEVERAL:
        return _of_draw(told, _("%(game)s draw %(issue)s has other times"), is_cancelled=False)
    return (
        _("%(count)s draws have other times") % {"count": len(rows)},
        "games/mail/draws_moved.txt",
        {
            "told": told,
            "count": len(rows),
            "rows": [{"name": words.draw(one.draw), "notice": one} for one in rows],
            "address": mailing.page("games:calendar"),
        },
    )


def _of_licence(number: int) -> Written:
    told = LicenceReminder.objects.select_related("licence").get(pk=number)
    licence = told.licence
    early = LicenceEnding.objects.filter(licence=licence).first()
    games = Game.objects.filter(is_shadow=False).order_by("position")
    if licence.games:
        games = games.filter(code__in=licence.games)
    return (
        _("Licence %(number)s ends within %(days)s days")
        % {"number": licence.number, "days": told.days},
        "games/mail/licence_ends.txt",
        {
            "licence": licence,
            "days": told.days,
            "ends_at": early.ends_at if early else licence.valid_until,
            "games": [_(game.name) for game in games],
            "address": mailing.page("games:desk_licences"),
        },
    )


Written = tuple[str, str, dict[str, Any]]
_WRITTEN: Mapping[NoticeDelivery.About, Callable[[int], Written]] = {
    About.CANCELLATION: _of_cancellation,
    About.TIMES: _of_times,
    About.LICENCE: _of_licence,
}


def _object_of(delivery: NoticeDelivery) -> tuple[str, str]:
    """What a notice is about, as the trail names it."""
    if delivery.about == About.LICENCE:
        told = LicenceReminder.objects.select_related("licence").get(pk=delivery.number)
        return "licence", told.licence.number
    rows: Any = DrawCancellation if delivery.about == About.CANCELLATION else CalendarNotice
    return "draw", str(rows.objects.values_list("draw__code", flat=True).get(pk=delivery.number))


POST = mailing.Post(
    rows=NoticeDelivery.objects,
    write=_mail,
    subject=_object_of,
    siblings=lambda one: NoticeDelivery.objects.filter(about=one.about, number=one.number),
    of_draw=_about,
    facts=lambda one: {"about": one.about},
    task="games.send_notice",
    key="notice",
    sent="games.notice_sent",
    asked_again="games.notice_mail_asked_again",
    alarm="games.notice_mail_failed",
    none_failed=NoNoticeFailed,
)

alarms.register(kind=POST.alarm, title=gettext_lazy("A notice could not be mailed"))
