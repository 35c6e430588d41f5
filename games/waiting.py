"""What waits at the desk of draws, and what its people keep an eye on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import waiting
from lottery_portal.lib import dates

from . import results, words
from .models import Draw

WATCHERS = frozenset(
    {"draw_official", "treasurer", "approver", "compliance", "auditor", "administrator", "risk"}
)
MOST_WATCHED = 6


def _to_type(user: Any, now: datetime) -> list[Draw]:
    held = Draw.objects.filter(
        state__in=[Draw.State.SEALED, Draw.State.DRAWN], draws_at__lte=now, is_shadow=False
    ).order_by("draws_at")
    return [draw for draw in held if not results.has_typed(draw, user)]


def _count(user: Any, now: datetime) -> int:
    return len(_to_type(user, now))


def _text(user: Any, now: datetime) -> str:
    return _(", ").join(f"{_(draw.game.name)} {draw.issue}" for draw in _to_type(user, now)[:3])


def _watched(now: datetime) -> Sequence[waiting.Row]:
    since = now - timedelta(days=2)
    near: QuerySet[Draw] = (
        Draw.objects.real()
        .filter(draws_at__gt=since)
        .exclude(state=Draw.State.ARCHIVED)
        .select_related("game")
        .order_by("draws_at")[:MOST_WATCHED]
    )
    return [
        waiting.Row(
            title=f"{_(draw.game.name)} {draw.issue}",
            text=_("Closes %(when)s") % {"when": dates.relative(draw.closes_at, now, "minute")},
            word=words.state(draw.state),
            tone=words.TONES[draw.state],
            url=reverse("games:desk_draw", args=[draw.code]),
        )
        for draw in near
    ]


waiting.register(
    waiting.Waiting(
        name="games.results",
        title=gettext_lazy("Results to enter"),
        count=_count,
        text=_text,
        url_name="games:desk_draws",
        roles=frozenset({results.ROLE}),
        tone="attention",
        sign="pencil",
    )
)
waiting.register(
    waiting.Watched(
        name="games.draws",
        title=gettext_lazy("Draws"),
        rows=_watched,
        roles=WATCHERS,
        empty=gettext_lazy("No draw is planned."),
    )
)
