"""What waits for whom: each room says so in its `waiting.py`, found at start-up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from lottery_portal.lib import dates

from . import alarms, approvals, people, trail
from .models import ApprovalDecision, ApprovalRequest

PATIENCE_SECONDS = 3600
_ALARMS_SHOWN = 20


def _no_text(_user: Any, _now: datetime) -> str:
    return ""


@dataclass(frozen=True)
class Waiting:
    """Work that waits for people with one of `roles`: how much, where, and one line about it.

    Without `roles` the count alone decides, and it knows the person. `url_name` is the page without
    arguments where the work is done, and `query` has it show just this. Tones: waiting, attention,
    wrong.
    """

    name: str
    title: str | Promise
    count: Callable[[Any, datetime], int]
    url_name: str
    roles: frozenset[str] | None = None
    tone: str = "waiting"
    sign: str = "list"
    text: Callable[[Any, datetime], str] = _no_text
    query: str = ""


@dataclass(frozen=True)
class Row:
    """One line of what is watched."""

    title: str
    text: str
    word: str
    tone: str
    url: str


@dataclass(frozen=True)
class Watched:
    """What everybody with one of `roles` keeps an eye on, beside his own work."""

    name: str
    title: str | Promise
    rows: Callable[[datetime], Sequence[Row]]
    roles: frozenset[str]
    empty: str | Promise


@dataclass(frozen=True)
class Item:
    """One kind of work that waits for this person now."""

    title: str
    text: str
    count: int
    url: str
    tone: str
    sign: str


_WAITING: dict[str, Waiting] = {}
_WATCHED: dict[str, Watched] = {}


def register(what: Waiting | Watched) -> None:
    """Make it known; called once for each, at start-up."""
    known: dict[str, Any] = _WAITING if isinstance(what, Waiting) else _WATCHED
    if what.name in known:
        message = f"Two things that wait are called {what.name}."
        raise RuntimeError(message)
    known[what.name] = what


def for_person(user: Any, roles: frozenset[str], now: datetime) -> list[Item]:
    """What waits for `user`, most pressing first; nothing is listed that he may not do."""
    found = [
        Item(
            title=str(kind.title),
            text=kind.text(user, now),
            count=number,
            url=f"{reverse(kind.url_name)}{kind.query}",
            tone=kind.tone,
            sign=kind.sign,
        )
        for kind in _WAITING.values()
        if (kind.roles is None or kind.roles & roles) and (number := kind.count(user, now))
    ]
    return sorted(found, key=lambda item: item.tone == "waiting")


def watched_by(roles: frozenset[str], now: datetime) -> list[tuple[Watched, Sequence[Row]]]:
    """What these roles keep an eye on, with its rows."""
    return [(what, what.rows(now)) for what in _WATCHED.values() if what.roles & roles]


def open_for(user: Any, now: datetime) -> Any:
    """The open requests that `user` may decide: his role and tier, another's wish, no word yet."""
    person = people.person_of(user)
    his = Q(pk__in=[])
    for name, most in approvals.waiting_for(people.roles_of(user, now), now).items():
        his |= Q(kind=name) if most is None else Q(kind=name, amount_fen__lte=most)
    spoken = ApprovalDecision.objects.filter(checker_person=person).values("request")
    return (
        ApprovalRequest.objects.filter(his, state=ApprovalRequest.State.OPEN, expires_at__gt=now)
        .exclude(maker_person=person)
        .exclude(pk__in=spoken)
    )


def _open_count(user: Any, now: datetime) -> int:
    return int(open_for(user, now).count())


def _oldest(user: Any, now: datetime) -> str:
    first = open_for(user, now).order_by("requested_at").first()
    if first is None:
        return ""
    return _("The oldest came in %(time)s.") % {
        "time": dates.relative(first.requested_at, now, "minute")
    }


def _open_alarms(_user: Any, _now: datetime) -> int:
    return len(alarms.open_now())


def _alarm_rows(now: datetime) -> list[Row]:
    return [
        Row(
            title=alarms.title(alarm.kind),
            text=f"{trail.object_title(alarm.object_type)} {alarm.object_code}",
            word=dates.relative(alarm.raised_at, now, "minute"),
            tone="wrong",
            url=reverse("audit:alarm", args=[alarm.code]),
        )
        for alarm in alarms.open_now()[:_ALARMS_SHOWN]
    ]


def attention(user: Any, roles: frozenset[str], now: datetime) -> str:
    """One sentence about a request that has waited for this person too long, or ""."""
    first = open_for(user, now).order_by("requested_at").first() if roles else None
    if first is None or (now - first.requested_at).total_seconds() < PATIENCE_SECONDS:
        return ""
    hours = int((now - first.requested_at).total_seconds()) // 3600
    return ngettext(
        "A request has been waiting for your decision for %(count)d hour.",
        "A request has been waiting for your decision for %(count)d hours.",
        hours,
    ) % {"count": hours}


register(
    Waiting(
        name="audit.approvals",
        title=gettext_lazy("Requests to decide"),
        count=_open_count,
        text=_oldest,
        url_name="audit:approvals",
        tone="attention",
        sign="signature",
    )
)

register(
    Waiting(
        name="audit.alarms",
        title=gettext_lazy("Alarms"),
        count=_open_alarms,
        url_name="audit:alarms",
        roles=alarms.MAY_CLEAR,
        tone="wrong",
        sign="alert",
    )
)
register(
    Watched(
        name="audit.alarms",
        title=gettext_lazy("Alarms"),
        rows=_alarm_rows,
        roles=alarms.MAY_CLEAR | {"regulator", "administrator"},
        empty=gettext_lazy("Nothing that must not be is so."),
    )
)
