"""What players are told: other times, cancelled draws, new rules, who sets the prizes (F022, F075).

One place, so that the board, the basket, a ticket, the results and the calendar say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from lottery_portal.lib import dates
from lottery_portal.lib.dates import in_shanghai

from . import calendar
from .models import CalendarNotice, Draw, DrawCancellation, PrizeMode, RuleNotice

# A cancelled draw is told about this long after it was to be held.
TOLD_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One notice as a page shows it: tone, the sentence in bold, the rest, the reason, a link."""

    tone: str
    lead: str
    text: str
    reason: str
    at: datetime
    url: str = ""
    link: str = ""


def cancellations(*, now: datetime) -> QuerySet[DrawCancellation]:
    """Cancelled draws that players still ask about, the last one first."""
    return (
        DrawCancellation.objects.filter(draw__is_shadow=False, draw__draws_at__gt=now - TOLD_FOR)
        .select_related("draw__game")
        .order_by("-cancelled_at")
    )


def modes(*, now: datetime, game: str = "") -> QuerySet[PrizeMode]:
    """Changes of who sets the prizes that are to come, or have just begun (F022)."""
    day = (in_shanghai(now) - TOLD_FOR).date()
    found = PrizeMode.objects.filter(game__is_shadow=False, starts_on__gt=day)
    return (found.filter(game__code=game) if game else found).select_related("game")


def now_told(*, now: datetime, game: str = "") -> list[Told]:
    """Every notice that is still of use, of one game or of all, the newest first."""
    moved, cancelled = calendar.notices(now=now), cancellations(now=now)
    if game:
        moved, cancelled = (
            moved.filter(draw__game__code=game),
            cancelled.filter(draw__game__code=game),
        )
    last: dict[int, CalendarNotice] = {}
    for notice in moved:  # the newest first: of several changes of a draw the last one counts
        last.setdefault(notice.draw_id, notice)
    found = _all_moved(list(last.values()), game=game)
    found += [_cancelled(one) for one in cancelled]
    found += [_new_rule(one) for one in rule_changes_told(now=now, game=game)]
    found += [_mode(one) for one in modes(now=now, game=game)]
    return sorted(found, key=lambda one: one.at, reverse=True)


def rule_changes_told(*, now: datetime, game: str = "") -> QuerySet[RuleNotice]:
    """Notices of new rules, from their publication until some days after they hold (F022)."""
    told = RuleNotice.objects.filter(
        rule__game__is_shadow=False, starts_on__gt=dates.in_shanghai(now).date() - TOLD_FOR
    ).select_related("rule__game")
    return told.filter(rule__game__code=game) if game else told


def of_draw(draw: Draw) -> list[Told]:
    """What is told of one draw, for its board and its tickets; nothing of an ordinary one."""
    cancelled = DrawCancellation.objects.filter(draw=draw).select_related("draw__game").first()
    if cancelled is not None:
        return [_cancelled(cancelled)]
    moved = CalendarNotice.objects.filter(draw=draw).select_related("draw__game")
    last = moved.order_by("-published_at", "-pk").first()
    return [_moved(last)] if last is not None else []


def texts(told: Sequence[Told]) -> list[str]:
    """The notices as plain sentences, for programs and scripts."""
    return [" ".join((one.lead, one.text, one.reason)) for one in told]


def _all_moved(notices: Sequence[CalendarNotice], *, game: str) -> list[Told]:
    """Each changed draw; those that one decision moved together, as a closure does, in one."""
    together: dict[str, list[CalendarNotice]] = {}
    for notice in notices:
        together.setdefault(notice.approval_code, []).append(notice)
    return [
        _moved(group[0]) if len(group) == 1 else _moved_together(group, game=game)
        for group in together.values()
    ]


def _moved_together(group: Sequence[CalendarNotice], *, game: str) -> Told:
    """Many draws, one decision: how many, from when to when, and where each of them is read."""
    days = [in_shanghai(notice.draws_after).date() for notice in group]
    figures = {
        "game": _(group[0].draw.game.name),
        "count": len(group),
        "first": dates.year_weekday(min(days)),
        "last": dates.year_weekday(max(days)),
    }
    lead = (
        _("%(count)s draws of %(game)s have other times.")
        if game
        else _("%(count)s draws have other times.")
    )
    url = f"{reverse('games:calendar')}?month={min(days):%Y-%m}"
    return Told(
        tone="attention",
        lead=lead % figures,
        text=_("They are held from %(first)s to %(last)s. Tickets stay valid.") % figures,
        reason=group[0].reason,
        at=max(notice.published_at for notice in group),
        url=f"{url}&game={game}" if game else url,
        link=_("See the calendar"),
    )


def _moved(notice: CalendarNotice) -> Told:
    names = _names(notice.draw)
    is_put_off = notice.closes_before == notice.closes_after
    lead = (
        _("The drawing of %(game)s draw %(issue)s is at another time.")
        if is_put_off
        else _("%(game)s draw %(issue)s has other times.")
    )
    text = (
        _("It is held %(draws)s. Tickets stay valid.")
        if is_put_off
        else _("Sales close %(closes)s, the draw is held %(draws)s. Tickets stay valid.")
    )
    return Told(
        tone="attention",
        lead=lead % names,
        text=text
        % {
            "closes": dates.written(notice.closes_after, "short_weekday"),
            "draws": dates.written(notice.draws_after, "short_weekday"),
        },
        reason=notice.reason,
        at=notice.published_at,
    )


def _new_rule(notice: RuleNotice) -> Told:
    game, sheet = notice.rule.game, notice.rule
    return Told(
        tone="attention",
        lead=_("%(game)s is played by new rules from draw %(issue)s on.")
        % {"game": _(game.name), "issue": sheet.first_issue},
        text=_("On sale from %(day)s. Tickets already sold keep their rules.")
        % {"day": dates.year_weekday(notice.starts_on)},
        reason=notice.text,
        at=notice.published_at,
        url=reverse("games:rule", args=[game.code, sheet.code]),
        link=_("Read the rules"),
    )


def _cancelled(told: DrawCancellation) -> Told:
    return Told(
        tone="wrong",
        lead=_("%(game)s draw %(issue)s is cancelled and is not held.") % _names(told.draw),
        text=_("Every ticket is refunded in full, by itself."),
        reason=told.reason,
        at=told.cancelled_at,
    )


def _mode(changed: PrizeMode) -> Told:
    figures = {
        "game": _(changed.game.name),
        "day": dates.year_weekday(changed.starts_on),
    }
    is_announced = changed.mode == Draw.Mode.ANNOUNCED
    lead = (
        _("From %(day)s on, %(game)s pays the amounts that its issuer announces.")
        if is_announced
        else _("From %(day)s on, %(game)s pays by its own pool.")
    )
    return Told(
        tone="attention",
        lead=lead % figures,
        text=_("Tickets of draws before keep what they were sold under."),
        reason=changed.document,
        at=changed.published_at,
    )


def _names(draw: Draw) -> dict[str, str]:
    return {"game": _(draw.game.name), "issue": draw.issue}
