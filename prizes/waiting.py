"""What waits here: halted settlements, stopped games and their reports, requests for more time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit import people, waiting

from . import winding_up
from .desk_facts import SETTLERS
from .models import Settlement
from .redemption import delays, extensions, minors, queue, refusal


def _halted(_user: Any, _now: datetime) -> int:
    return Settlement.objects.filter(state=Settlement.State.HALTED).count()


def _text(_user: Any, _now: datetime) -> str:
    codes = Settlement.objects.filter(state=Settlement.State.HALTED).values_list(
        "draw__code", flat=True
    )
    return ", ".join(codes)


waiting.register(
    waiting.Waiting(
        name="prizes.halted",
        title=_("Settlements halted"),
        count=_halted,
        text=_text,
        url_name="games:desk_draws",
        roles=SETTLERS,
        tone="wrong",
        sign="alert",
    )
)


def _reports(_user: Any, now: datetime) -> int:
    return winding_up.reports_due_soon(now=now)


waiting.register(
    waiting.Waiting(
        name="prizes.winding_up_reports",
        title=_("Reports of stopped games to the ministry, due within two weeks"),
        count=_reports,
        url_name="prizes:desk_stopped_games",
        roles=frozenset({"treasurer", "compliance"}),
        tone="attention",
        sign="list",
    )
)


def _ready(_user: Any, now: datetime) -> int:
    return len(winding_up.ready(now=now))


waiting.register(
    waiting.Waiting(
        name="prizes.winding_up_ready",
        title=_("Stopped games that can be wound up"),
        count=_ready,
        url_name="prizes:desk_stopped_games",
        roles=frozenset({"treasurer"}),
        tone="attention",
        sign="list",
    )
)


def _extensions(_user: Any, _now: datetime) -> int:
    return extensions.undecided().count()


waiting.register(
    waiting.Waiting(
        name="prizes.extensions",
        title=_("Requests for more time to claim a prize"),
        count=_extensions,
        url_name="prizes:desk_extensions",
        roles=extensions.OFFICERS,
        sign="clock",
    )
)


def _minors(_user: Any, _now: datetime) -> int:
    return minors.cases().count()


waiting.register(
    waiting.Waiting(
        name="prizes.minors",
        title=_("Prizes of winners under age that wait for counsel"),
        count=_minors,
        url_name="prizes:desk_minors",
        roles=frozenset({"compliance"}),
        tone="attention",
        sign="lock",
    )
)


def _claims(user: Any, now: datetime) -> int:
    return queue.waiting_for(people.roles_of(user, now)).count()


waiting.register(
    waiting.Waiting(
        name="prizes.claims",
        title=_("Claims of prizes that go on with you"),
        count=_claims,
        url_name="prizes:desk_claims",
        roles=queue.AT_THE_DESK,
        tone="waiting",
        sign="list",
    )
)


def _objections(_user: Any, _now: datetime) -> int:
    return queue.objections().count()


waiting.register(
    waiting.Waiting(
        name="prizes.objections",
        title=_("Objections of winners that wait for an answer"),
        count=_objections,
        url_name="prizes:desk_claims",
        query="?state=OBJECTED",
        roles=refusal.HEARERS,
        tone="attention",
        sign="alert",
    )
)


def _delays(_user: Any, now: datetime) -> int:
    return delays.soon(now=now).count()


waiting.register(
    waiting.Waiting(
        name="prizes.delays",
        title=_("Prizes late, or to be paid by the next working day"),
        count=_delays,
        url_name="prizes:desk_delays",
        roles=delays.OFFICERS,
        tone="attention",
        sign="clock",
    )
)


def _unannounced(_user: Any, now: datetime) -> int:
    return delays.unannounced(now=now).count()


waiting.register(
    waiting.Waiting(
        name="prizes.delays_unannounced",
        title=_("Late payments of which the winner was told nothing"),
        count=_unannounced,
        url_name="prizes:desk_delays",
        roles=delays.SUPERVISORS,
        tone="wrong",
        sign="alert",
    )
)
