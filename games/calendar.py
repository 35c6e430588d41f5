"""The calendar of draws: planned ahead by the rules, changed only under four eyes (F025)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import holidays
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from audit import approvals, policies, trail
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time, door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import rules
from .models import Announcement, CalendarNotice, Draw, Game, RuleSheet
from .rules import Closure
from .rules.schedule import CLOSURES

if TYPE_CHECKING:
    from accounts.models import User

KIND = "games.draw_times"
CLOSURES_POLICY = "games.closures"
DAYS_AHEAD_POLICY = "games.plan_days_ahead"
# The law of F025: there are always draws for so many days to come.
LEAST_DAYS_AHEAD = 7
# Sales of a draw begin this long after the drawing of the one before.
REST = timedelta(minutes=15)


class NoRuleSheet(Refused):
    """No rule version is loaded for that issue; it is loaded under four eyes first."""

    code = "no_rule_sheet"
    message = _("No rule version of %(game)s is loaded for issue %(issue)s.")


class TimesNotInOrder(Refused):
    """Opening, close and draw are not one after another, or the close is past."""

    code, status = "times_not_in_order", 400
    message = _("A draw opens, closes and is drawn in this order, and closes in the future.")


class TimesStand(Refused):
    """The draw has closed; its times stand."""

    code = "draw_times_stand"
    message = _("Draw %(draw)s has closed. Its times can no longer be changed.")


class IssueTaken(Refused):
    """The game has a draw of that issue."""

    code = "issue_taken"
    message = _("%(game)s already has a draw %(issue)s.")


def closures_of(year: int, *, now: datetime) -> tuple[Closure, ...]:
    """The market closures of a year: by policy, else as announced with the rules, else provisional.

    Provisional ones follow the practice of years past (Spring Festival from its eve for eight days,
    1 to 4 October) and hold until the ministry's announcement is recorded as policy.
    """
    try:
        decided = policies.read(CLOSURES_POLICY, at=now, scope=str(year))
    except LookupError:
        decided = None
    if decided is not None:
        return tuple(
            Closure(first_on=date.fromisoformat(first), last_on=date.fromisoformat(last))
            for first, last in decided
        )
    announced = tuple(closure for closure in CLOSURES if closure.first_on.year == year)
    return announced or _provisional(year)


def _provisional(year: int) -> tuple[Closure, ...]:
    known = holidays.country_holidays("CN", years=year, language="en_US")
    spring = min(day for day, name in known.items() if "Spring Festival" in name)
    return (
        Closure(first_on=spring - timedelta(days=1), last_on=spring + timedelta(days=6)),
        Closure(first_on=date(year, 10, 1), last_on=date(year, 10, 4)),
    )


@door
def plan(*, game: Game, until: datetime, now: datetime) -> list[Draw]:
    """Plan every draw of `game` that closes after `now` and is drawn by `until`; the new ones.

    Planning again plans nothing twice.
    """
    schedule = rules.GAMES[game.rules_game].current.schedule
    planned = []
    drawn_before: datetime | None = None
    for issue, day in _draw_days(game, now, until):
        closes_at, draws_at = schedule.closes_at(day), schedule.draws_at(day)
        if closes_at > now and draws_at <= until:
            opens_at = drawn_before + REST if drawn_before else closes_at - timedelta(days=3)
            draw = _plan(
                game=game, issue=issue, opens_at=opens_at, closes_at=closes_at,
                draws_at=draws_at, now=now,
            )  # fmt: skip
            if draw is not None:
                planned.append(draw)
        drawn_before = draws_at
    return planned


def plan_ahead(*, now: datetime) -> list[Draw]:
    """Plan the games of the real books as far ahead as policy says, a week at least."""
    days = max(int(policies.read(DAYS_AHEAD_POLICY, at=now)), LEAST_DAYS_AHEAD)
    return [
        draw
        for game in Game.objects.filter(is_shadow=False).order_by("position", "pk")
        for draw in plan(game=game, until=now + timedelta(days=days), now=now)
    ]


@door
def plan_one(
    *,
    game: Game,
    issue: str,
    opens_at: datetime,
    closes_at: datetime,
    draws_at: datetime,
    now: datetime,
) -> Draw:
    """Plan one draw of a shadow game at times of its own; a real game keeps to its schedule."""
    if not game.is_shadow:
        raise ValueError("Draws of the real books follow the schedule of their rules.")
    if not opens_at < closes_at < draws_at:
        raise TimesNotInOrder
    draw = _plan(
        game=game, issue=issue, opens_at=opens_at, closes_at=closes_at, draws_at=draws_at, now=now
    )
    if draw is None:
        raise IssueTaken(game=game.code, issue=issue)
    return draw


@door
def bring_forward(*, draw: Draw) -> Draw:
    """Let a shadow draw close now and be held a moment later: a drill waits for no clock."""
    if not draw.is_shadow:
        raise ValueError("A draw of the real books closes at the time that was published.")
    moment = database_time()
    Draw.objects.filter(
        pk=draw.pk, is_shadow=True, state=Draw.State.OPEN, closes_at__gt=moment
    ).update(closes_at=moment, draws_at=moment + timedelta(milliseconds=1))
    draw.refresh_from_db(fields=["closes_at", "draws_at"])
    return draw


def next_issue(game: Game, *, now: datetime) -> str:
    """The issue after the last one of a shadow game: year and running number."""
    year = in_shanghai(now).year
    last = Draw.objects.filter(game=game, issue__startswith=str(year)).order_by("-issue").first()
    return f"{year}{int(last.issue[4:]) + 1 if last else 1:03d}"


def ask_for_times(
    *,
    draw: Draw,
    closes_at: datetime,
    draws_at: datetime,
    reason: str,
    maker: User,
    now: datetime,
) -> Any:
    """Ask for other times of a draw; another person approves, then the public is told (F025)."""
    if draw.state not in {Draw.State.SCHEDULED, Draw.State.OPEN}:
        raise TimesStand(draw=draw.code)
    if not max(now, draw.opens_at) < closes_at < draws_at:
        raise TimesNotInOrder
    payload = {
        "draw": draw.code,
        "closes_before": _written(draw.closes_at),
        "closes_after": _written(closes_at),
        "draws_before": _written(draw.draws_at),
        "draws_after": _written(draws_at),
        "reason": reason,
    }
    return approvals.request(kind=KIND, payload=payload, maker=maker, now=now)


@inside_transaction
def change_times(
    *, payload: dict[str, Any], approval_code: str, actor: User | None, now: datetime
) -> CalendarNotice:
    """Change the times of an approved request and publish the notice; refused once closed."""
    closes_at, draws_at = _read(payload["closes_after"]), _read(payload["draws_after"])
    if not now < closes_at < draws_at:
        raise TimesNotInOrder
    open_draw = Draw.objects.filter(
        code=payload["draw"],
        state__in=[Draw.State.SCHEDULED, Draw.State.OPEN],
        closes_at=_read(payload["closes_before"]),
        draws_at=_read(payload["draws_before"]),
        opens_at__lt=closes_at,
    )
    if open_draw.update(closes_at=closes_at, draws_at=draws_at) != 1:
        raise TimesStand(draw=payload["draw"])
    notice = CalendarNotice.objects.create(
        draw=Draw.objects.get(code=payload["draw"]),
        closes_before=_read(payload["closes_before"]),
        closes_after=closes_at,
        draws_before=_read(payload["draws_before"]),
        draws_after=draws_at,
        reason=payload["reason"],
        approval_code=approval_code,
        published_at=now,
    )
    trail.record(
        action="games.draw_times_changed",
        actor=actor,
        object_type="draw",
        object_code=payload["draw"],
        body={**payload, "approval": approval_code},
    )
    return notice


def notices(*, now: datetime) -> QuerySet[CalendarNotice]:
    """Notices that players need to see: of draws whose drawing is not past by more than a day."""
    return (
        CalendarNotice.objects.filter(
            draw__is_shadow=False, draws_after__gt=now - timedelta(days=1)
        )
        .select_related("draw__game")
        .order_by("-published_at")
    )


def _plan(
    *,
    game: Game,
    issue: str,
    opens_at: datetime,
    closes_at: datetime,
    draws_at: datetime,
    now: datetime,
) -> Draw | None:
    """The new draw, or None when the game has one of that issue."""
    if Draw.objects.filter(game=game, issue=issue).exists():
        return None
    sheet = (
        RuleSheet.objects.filter(game=game, first_issue__lte=issue).order_by("-first_issue").first()
    )
    if sheet is None:
        raise NoRuleSheet(game=game.code, issue=issue)
    draw = Draw(
        code=f"{game.code}-{issue}", game=game, issue=issue, rule=sheet, opens_at=opens_at,
        closes_at=closes_at, draws_at=draws_at, special_on=_special_on(game, sheet),
        is_shadow=game.is_shadow, planned_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            draw.save(force_insert=True)
    except IntegrityError as exc:
        if violated(exc) == "draw_once_per_issue":
            return None
        raise
    trail.record(
        action="games.draw_planned",
        actor=None,
        object_type="draw",
        object_code=draw.code,
        body={
            "opens_at": _written(opens_at),
            "closes_at": _written(closes_at),
            "draws_at": _written(draws_at),
            "rule": sheet.code,
        },
    )
    return draw


def _special_on(game: Game, sheet: RuleSheet) -> bool:
    """As the draw before has it; the first of all follows the last announcement."""
    last = Draw.objects.filter(game=game).order_by("-issue").first()
    if last is not None:
        return last.special_on
    published = Announcement.objects.filter(game=game).order_by("-issue").first()
    if published is None or published.pool is None:
        return False
    return rules.by_code(sheet.code).next_special(
        pool_fen=published.pool, special_on=bool(published.special_on)
    )


def _draw_days(game: Game, now: datetime, until: datetime) -> Iterator[tuple[str, date]]:
    """Issues and days from the last draw day before `now` on: it says when the next one opens."""
    schedule = rules.GAMES[game.rules_game].current.schedule
    years: Sequence[int] = range(in_shanghai(now).year - 1, in_shanghai(until).year + 1)
    last: tuple[str, date] | None = None
    for year in years:
        for issue, day in schedule.issues(year, closures=closures_of(year, now=now)):
            if schedule.draws_at(day) > until:
                return
            if schedule.closes_at(day) <= now:
                last = issue, day
                continue
            if last is not None:
                yield last
                last = None
            yield issue, day


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _read(text: str) -> datetime:
    moment = parse_datetime(text)
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"{text} is no moment.")
    return moment
