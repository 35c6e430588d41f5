"""The calendar of draws: planned ahead by the rules, changed only under four eyes (F025)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit import policies, trail
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time, door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import closures, draw_times, draws, notice_mail, rules
from .models import Announcement, CalendarNotice, Draw, Game, MarketClosure, RuleSheet
from .rules import Closure, Schedule

if TYPE_CHECKING:
    from accounts.models import User

DAYS_AHEAD_POLICY = "games.plan_days_ahead"
# There are always draws for so many days to come; F025 asks for seven.
LEAST_DAYS_AHEAD = 30
# Sales of a draw begin this long after the drawing of the one before.
REST = timedelta(minutes=15)
_NUMBER = 3  # digits of the running number in an issue
_WEEK = timedelta(days=7)  # no game waits longer for its next draw, but for closures
Days = dict[str, tuple[date, Schedule]]  # of a year: issue, day and the schedule that says so


class NoRuleSheet(Refused):
    """No rule version is loaded for that issue; it is loaded under four eyes first."""

    code = "no_rule_sheet"
    message = _("No rule version of %(game)s is loaded for issue %(issue)s.")


class DaysDoNotFit(Refused):
    """A closure would leave a planned draw without a day in its year."""

    code = "closure_days_do_not_fit"
    message = _("Draw %(draw)s would have no day left in its year. Please plan it by hand.")


class IssueTaken(Refused):
    """The game has a draw of that issue."""

    code = "issue_taken"
    message = _("%(game)s already has a draw %(issue)s.")


def closures_of(year: int, *, now: datetime) -> tuple[Closure, ...]:
    """The market closures of a year: as recorded, else as released, else provisional."""
    return closures.of_year(year, now=now)


def issues(game: Game, year: int, *, now: datetime) -> Iterator[tuple[str, date, Schedule]]:
    """Issue, day and schedule of every draw of `game` in `year`, numbered without a gap (C13).

    Each issue follows the schedule of the rule version that is loaded for it; issues before the
    first loaded version follow that one.
    """
    yield from _numbered(game, year, closures_of(year, now=now))


@door
def plan(*, game: Game, until: datetime, now: datetime) -> list[Draw]:
    """Plan every draw of `game` that closes after `now` and is drawn by `until`; the new ones.

    Planning again plans nothing twice.
    """
    planned = []
    known = set(Draw.objects.filter(game=game).values_list("issue", flat=True))
    drawn_before: datetime | None = None
    for issue, day, schedule in _draw_days(game, now, until):
        closes_at, draws_at = schedule.closes_at(day), schedule.draws_at(day)
        if closes_at > now and draws_at <= until and issue not in known:
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
    """Plan the games of the real books as far ahead as policy says, thirty days at least."""
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
        raise draw_times.TimesNotInOrder
    draw = _plan(
        game=game, issue=issue, opens_at=opens_at, closes_at=closes_at, draws_at=draws_at, now=now
    )
    if draw is None:
        raise IssueTaken(game=game.code, issue=issue)
    return draw


@door
def bring_forward(*, draw: Draw) -> Draw:
    """Let a shadow draw close now and be held a moment later: a drill waits for no clock.

    Behind its gate: what is in flight is done before the close, not after it.
    """
    if not draw.is_shadow:
        raise ValueError("A draw of the real books closes at the time that was published.")
    draws.hold_gate(draw.pk)
    moment = database_time()
    Draw.objects.filter(
        pk=draw.pk, is_shadow=True, state=Draw.State.OPEN, closes_at__gt=moment
    ).update(closes_at=moment, draws_at=moment + timedelta(milliseconds=1))
    draw.refresh_from_db(fields=["closes_at", "draws_at"])
    return draw


def next_issue(game: Game, *, now: datetime) -> str:
    """The issue after the last one of a shadow game: year and running number."""
    year = in_shanghai(now).year
    schedule = rules.GAMES[game.rules_game].current.schedule
    begins = schedule.issue(year, 0)[:-_NUMBER]
    last = Draw.objects.filter(game=game, issue__startswith=begins).order_by("-issue").first()
    return schedule.issue(year, int(last.issue[-_NUMBER:]) + 1 if last else 1)


@inside_transaction
def record_closure(
    *, payload: dict[str, Any], approval_code: str, actor: User | None, now: datetime
) -> list[CalendarNotice]:
    """Record the closure of an approved request, and give planned draws their new days.

    Issues stay in their order; a draw whose times two people changed before keeps those. Each
    change is a notice of its own (F025).
    """
    first_on = date.fromisoformat(payload["first_on"])
    closures.check_time(first_on, now=now)
    closures.check_feast(payload["occasion"], first_on.year, now=now)
    days_before = {game: _days(game, first_on.year, now) for game in _real_games()}
    recorded = MarketClosure.objects.create(
        year=payload["year"],
        occasion=payload["occasion"],
        first_on=first_on,
        last_on=date.fromisoformat(payload["last_on"]),
        notice=payload["notice"],
        address=payload["address"],
        approval_code=approval_code,
        recorded_at=now,
    )
    recorded.refresh_from_db(fields=["recorded_at"])
    trail.record(
        action="games.closure_recorded",
        actor=actor,
        object_type="closure",
        object_code=str(recorded),
        body={**payload, "approval": approval_code},
    )
    moved = []
    for game, before in days_before.items():
        after = _days(game, first_on.year, recorded.recorded_at)
        moved += _follow_days(
            game, before, after, reason=recorded.notice, approval_code=approval_code,
            actor=actor, now=now,
        )  # fmt: skip
    notice_mail.ask_moved(moved, now=now)
    return moved


@inside_transaction
def follow_rule(
    *,
    sheet: RuleSheet,
    before: dict[int, Days],
    reason: str,
    approval_code: str,
    actor: User | None,
    now: datetime,
) -> list[CalendarNotice]:
    """Let planned draws follow a rule version that was just loaded: its sheet, days and times.

    `before` is what `days_planned` said before that. Draws that are on sale stay as they are.
    """
    planned = Draw.objects.filter(
        game=sheet.game, issue__gte=sheet.first_issue, state=Draw.State.SCHEDULED
    )
    without = {} if rules.by_code(sheet.code).special else {"special_on": False}
    planned.exclude(rule=sheet).update(rule=sheet, **without)
    moved = []
    for year, days in before.items():
        moved += _follow_days(
            sheet.game, days, _days(sheet.game, year, now), reason=reason,
            approval_code=approval_code, actor=actor, now=now,
        )  # fmt: skip
    notice_mail.ask_moved(moved, now=now)
    return moved


def days_planned(game: Game, *, now: datetime) -> dict[int, Days]:
    """The days of a game in every year in which a draw of it is planned."""
    moments = Draw.objects.filter(game=game, state__in=draw_times.BEFORE_THE_CLOSE).values_list(
        "draws_at"
    )
    years = {in_shanghai(draws_at).year for (draws_at,) in moments}
    return {year: _days(game, year, now) for year in sorted(years)}


def opens_on(game: Game, issue: str, *, now: datetime) -> date | None:
    """The day on which sales of a draw to come begin, as the calendar has it; None: no such draw.

    It is the day of the drawing before.
    """
    this_year, before = in_shanghai(now).year, None
    for year in (this_year - 1, this_year, this_year + 1, this_year + 2):
        for found, day, _schedule in issues(game, year, now=now):
            if found == issue:
                return before if before and day > in_shanghai(now).date() else None
            before = day
    return None


def moved_by(
    *, first_on: date, last_on: date, occasion: str, now: datetime
) -> list[tuple[Draw, date | None]]:
    """The planned draws that a closure would move if it were recorded now, each with its new day.

    Nothing moves; a draw that two people have moved keeps its times. None: no day is left for the
    draw in its year.
    """
    known = [
        one
        for one in closures_of(first_on.year, now=now)
        if occasion not in closures.ANNOUNCED or one.occasion != occasion
    ]
    wanted = (*known, Closure(first_on=first_on, last_on=last_on))
    found: list[tuple[Draw, date | None]] = []
    for game in _real_games():
        before = _days(game, first_on.year, now)
        planned = Draw.objects.filter(
            game=game, issue__in=before, state__in=draw_times.BEFORE_THE_CLOSE
        ).select_related("game")
        after = {issue: day for issue, day, _schedule in _numbered(game, first_on.year, wanted)}
        for draw in planned.order_by("issue"):
            day, schedule = before[draw.issue]
            stands = (draw.closes_at, draw.draws_at) == (
                schedule.closes_at(day), schedule.draws_at(day),
            )  # fmt: skip
            if stands and after.get(draw.issue) != day:
                found.append((draw, after.get(draw.issue)))
    return found


def notices(*, now: datetime) -> QuerySet[CalendarNotice]:
    """Notices that players need to see: of draws whose drawing is not past by more than a day."""
    return (
        CalendarNotice.objects.filter(
            draw__is_shadow=False, draws_after__gt=now - timedelta(days=1)
        )
        .exclude(draw__state=Draw.State.CANCELLED)
        .select_related("draw__game")
        .order_by("-published_at")
    )


def _numbered(
    game: Game, year: int, closed: tuple[Closure, ...]
) -> Iterator[tuple[str, date, Schedule]]:
    by_issue = [
        (sheet.first_issue, rules.by_code(sheet.code).schedule)
        for sheet in RuleSheet.objects.filter(game=game).defer("sheet").order_by("first_issue")
    ]
    if not by_issue:
        by_issue = [("", rules.GAMES[game.rules_game].current.schedule)]
    number, day = 1, date(year, 1, 1)
    while day.year == year:
        schedule = next(
            (one for first, one in reversed(by_issue) if first <= one.issue(year, number)),
            by_issue[0][1],
        )
        if schedule.is_draw_day(day, closures=closed):
            yield schedule.issue(year, number), day, schedule
            number += 1
        day += timedelta(days=1)


def _real_games() -> list[Game]:
    return list(Game.objects.filter(is_shadow=False).order_by("position", "pk"))


def _days(game: Game, year: int, now: datetime) -> Days:
    return {issue: (day, schedule) for issue, day, schedule in issues(game, year, now=now)}


def _follow_days(
    game: Game,
    before: Days,
    after: Days,
    *,
    reason: str,
    approval_code: str,
    actor: User | None,
    now: datetime,
) -> list[CalendarNotice]:
    """Move the draws of a game that stood where the schedule had put them to where it puts them."""
    found = []
    planned = Draw.objects.filter(
        game=game, issue__in=before, state__in=draw_times.BEFORE_THE_CLOSE
    ).select_related("game")
    for draw in planned.order_by("issue"):
        day, schedule = before[draw.issue]
        if (draw.closes_at, draw.draws_at) != (schedule.closes_at(day), schedule.draws_at(day)):
            continue
        if draw.issue not in after:
            raise DaysDoNotFit(draw=draw.code)
        new_day, new_schedule = after[draw.issue]
        closes_at, draws_at = new_schedule.closes_at(new_day), new_schedule.draws_at(new_day)
        if (closes_at, draws_at) == (draw.closes_at, draw.draws_at):
            continue
        opens_at = draw.opens_at
        earlier = [one for issue, (one, _schedule) in after.items() if issue < draw.issue]
        if draw.state == Draw.State.SCHEDULED and earlier:
            opens_at = new_schedule.draws_at(max(earlier)) + REST
        found.append(
            draw_times.move(
                draw,
                opens_at=opens_at,
                closes_at=closes_at,
                draws_at=draws_at,
                reason=reason,
                approval_code=approval_code,
                actor=actor,
                now=now,
            )
        )
    return found


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
            "opens_at": draw_times.written(opens_at),
            "closes_at": draw_times.written(closes_at),
            "draws_at": draw_times.written(draws_at),
            "rule": sheet.code,
        },
    )
    return draw


def _special_on(game: Game, sheet: RuleSheet) -> bool:
    """As the draw before has it; the first of all follows the last announcement."""
    if rules.by_code(sheet.code).special is None:
        return False
    last = Draw.objects.filter(game=game).order_by("-issue").first()
    if last is not None:
        return last.special_on
    published = Announcement.objects.filter(game=game).order_by("-issue").first()
    if published is None or published.pool is None:
        return False
    return rules.by_code(sheet.code).next_special(
        pool_fen=published.pool, special_on=bool(published.special_on)
    )


def _draw_days(game: Game, now: datetime, until: datetime) -> Iterator[tuple[str, date, Schedule]]:
    """Issues and days from the last draw day before `now` on: it says when the next one opens."""
    before = now - timedelta(days=closures.LONGEST) - _WEEK
    years: Sequence[int] = range(in_shanghai(before).year, in_shanghai(until).year + 1)
    last: tuple[str, date, Schedule] | None = None
    for year in years:
        for found in issues(game, year, now=now):
            _issue, day, schedule = found
            if schedule.draws_at(day) > until:
                return
            if schedule.closes_at(day) <= now:
                last = found
                continue
            if last is not None:
                yield last
                last = None
            yield found
