"""Alarms: something that must not be is so. Raised once while open, seen on every desk, never lost.

Each room names its kinds with `register` in its `alarms.py`, or where it raises them, found at
start-up. An alarm is a row, a line of the trail and an error in the log of the process.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.db import violated
from lottery_portal.lib.errors import Refused

from . import canonical, people, trail
from .models import Alarm

logger = logging.getLogger(__name__)

MAY_CLEAR = frozenset({"auditor", "compliance"})
CODE_LENGTH = 64


@dataclass(frozen=True)
class Kind:
    """A kind of alarm as pages call it."""

    name: str
    title: str | Promise


class UnknownAlarm(Refused):
    """No such alarm, or it is cleared already."""

    code, status = "alarm_unknown", 404
    message = _("There is no such open alarm.")


class NoteMissing(Refused):
    """Who clears an alarm says what was found."""

    code, status = "alarm_note_missing", 400
    message = _("Please write down what you found.")


class MayNotClear(Refused):
    """The post does not let him."""

    code, status = "alarm_role", 403
    message = _("Your post does not let you clear alarms.")


_KINDS: dict[str, Kind] = {}


def register(*, kind: str, title: str | Promise) -> None:
    """Say what a kind of alarm is called; called once for each, at start-up."""
    if kind in _KINDS:
        message = f"Two kinds of alarm are called {kind}."
        raise RuntimeError(message)
    _KINDS[kind] = Kind(kind, title)


def title(kind: str) -> str:
    """What a kind is called on pages; one that nobody named keeps its own word."""
    known = _KINDS.get(kind)
    return str(known.title) if known else kind


def kinds() -> Mapping[str, Kind]:
    """Every kind that has a name."""
    return _KINDS


def raise_alarm(
    *, kind: str, object_type: str, object_code: str, facts: Mapping[str, Any], now: datetime
) -> Alarm:
    """Raise an alarm, or return the one that is open for this object already.

    In the caller's transaction if he has one (then a refusal of his takes the alarm back too; who
    refuses raises it outside), else in one of its own. Never put personal data into `facts`.
    """
    about = {"kind": kind, "object_type": object_type, "object_code": object_code[:CODE_LENGTH]}
    is_open = Alarm.objects.filter(**about, cleared_at__isnull=True)
    if known := is_open.first():
        return known
    try:
        with transaction.atomic():
            alarm = Alarm.objects.create(**about, facts=canonical.plain(facts), raised_at=now)
            trail.record(
                action="audit.alarm_raised",
                actor=None,
                object_type=object_type,
                object_code=about["object_code"],
                body={"alarm": alarm.code, "kind": kind, "facts": alarm.facts},
            )
    except IntegrityError as exc:
        if violated(exc) != "alarm_once_while_open":
            raise
        return is_open.get()
    logger.error("Alarm %s: %s %s", kind, object_type, about["object_code"])
    return alarm


def clear(*, code: str, actor: Any, note: str, now: datetime) -> Alarm:
    """Clear an alarm by the word of a person, who writes down what he found."""
    if not note.strip():
        raise NoteMissing
    if not people.roles_of(actor, now) & MAY_CLEAR:
        raise MayNotClear
    return _clear(Alarm.objects.filter(code=code), actor=actor, note=note.strip(), now=now)


def settle(*, kind: str, object_type: str, object_code: str, now: datetime) -> None:
    """Clear an alarm because the thing itself is right again; nothing happens if none is open."""
    found = Alarm.objects.filter(
        kind=kind, object_type=object_type, object_code=object_code[:CODE_LENGTH]
    )
    if found.filter(cleared_at__isnull=True).exists():
        _clear(found, actor=None, note="", now=now)


def _clear(found: Any, *, actor: Any, note: str, now: datetime) -> Alarm:
    with transaction.atomic():
        is_open = found.filter(cleared_at__isnull=True)
        alarm: Alarm | None = is_open.select_for_update(no_key=True).first()
        if alarm is None:
            raise UnknownAlarm
        Alarm.objects.filter(pk=alarm.pk).update(cleared_at=now, cleared_by=actor, note=note)
        trail.record(
            action="audit.alarm_cleared",
            actor=actor,
            object_type=alarm.object_type,
            object_code=alarm.object_code,
            body={"alarm": alarm.code, "kind": alarm.kind, "note": note},
        )
        alarm.refresh_from_db()
    return alarm


def open_now() -> list[Alarm]:
    """The alarms nobody has cleared yet, newest first."""
    return list(Alarm.objects.filter(cleared_at__isnull=True).order_by("-raised_at", "-pk"))


def about(*, object_type: str, object_code: str) -> list[Alarm]:
    """Alarms of a thing, and of what names it in its facts; open ones first, then newest first."""
    found = Alarm.objects.filter(
        Q(object_type=object_type, object_code=object_code[:CODE_LENGTH])
        | Q(facts__contains={object_type: object_code})
    )
    return sorted(
        found.order_by("-raised_at", "-pk"), key=lambda alarm: alarm.cleared_at is not None
    )


def one(code: str) -> Alarm:
    """The alarm of that code, or `UnknownAlarm`."""
    alarm = Alarm.objects.select_related("cleared_by").filter(code=code).first()
    if alarm is None:
        raise UnknownAlarm
    return alarm


def past() -> QuerySet[Alarm]:
    """The alarms that are cleared, newest first."""
    return Alarm.objects.filter(cleared_at__isnull=False).order_by("-cleared_at", "-pk")


register(kind="audit.log_lags", title=_("The log falls behind"))
register(kind="audit.log_differs", title=_("The log and the records differ"))
register(kind="audit.log_stands_still", title=_("The log cannot go on"))
register(kind="audit.witness_away", title=_("The witness does not answer"))
register(kind="audit.witness_refuses", title=_("The witness refuses to sign"))
