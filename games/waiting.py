"""What waits at the desk of draws, and what its people keep an eye on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import who
from audit import waiting
from lottery_portal.lib import dates

from . import licences, minutes, results, words
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


def _of_minutes(user: Any, now: datetime) -> list[Draw]:
    """Draws whose minutes this person may write or sign next."""
    held = Draw.objects.filter(
        state__in=[Draw.State.CONFIRMED, Draw.State.SETTLED], is_shadow=False
    ).select_related("game")
    found = []
    for draw in held.order_by("draws_at"):
        written = minutes.last(draw)
        if written is None:
            is_next = bool(who.roles(user, now) & minutes.WRITERS)
        else:
            is_next = minutes.signature_of(written) is None and minutes.may_sign(written, user, now)
        if is_next:
            found.append(draw)
    return found


def _minutes_count(user: Any, now: datetime) -> int:
    return len(_of_minutes(user, now))


def _minutes_text(user: Any, now: datetime) -> str:
    return _(", ").join(f"{_(draw.game.name)} {draw.issue}" for draw in _of_minutes(user, now)[:3])


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
    waiting.Waiting(
        name="games.minutes",
        title=gettext_lazy("Draw minutes to write or sign"),
        count=_minutes_count,
        text=_minutes_text,
        url_name="games:desk_draws",
        roles=minutes.WRITERS | minutes.SIGNERS,
        tone="attention",
        sign="signature",
    )
)


def _ending(_user: Any, now: datetime) -> int:
    return len(licences.ending_soon(now=now))


def _ending_text(_user: Any, now: datetime) -> str:
    return _(", ").join(
        _("%(number)s ends %(when)s")
        % {"number": licence.number, "when": dates.relative(licence.ends, now, "day")}
        for licence in licences.ending_soon(now=now)[:3]
    )


waiting.register(
    waiting.Waiting(
        name="games.licences",
        title=gettext_lazy("Licences that end soon"),
        count=_ending,
        text=_ending_text,
        url_name="games:desk_licences",
        roles=frozenset({"compliance", "administrator"}),
        tone="attention",
        sign="clock",
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
