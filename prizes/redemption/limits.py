"""The last day of a prize as it stands: written once for a draw, and moved by rows that say why.

`set_period` is called when a draw is settled, `give_back` when a hold is lifted, `extend` when a
letter grants more time. The sums are those of `deadlines`; the database compares.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, connection

from audit import trail
from games import claim_days, draws, rules
from games.models import Draw
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import door, inside_transaction, violated
from prizes.deadline_models import ClaimLimit, ClaimPeriod, ExtensionLetter, Hold, HoldLift
from prizes.models import Prize

from . import deadlines
from .deadlines import Arithmetic, Step, StepKind


@dataclass(frozen=True)
class Deadline:
    """Until when a prize is claimed, how that was worked out, and whether the clock stands.

    `until` is the moment from which it is claimed no more; None while the clock stands.
    """

    sum_: Arithmetic
    until: datetime | None
    holds: tuple[Hold, ...]

    @property
    def last_day(self) -> date:
        """The last day on which it is claimed, if the clock does not stand."""
        return self.sum_.last_day

    @property
    def is_held(self) -> bool:
        """Whether the clock stands."""
        return bool(self.holds)


def period_of(draw: Draw) -> Arithmetic:
    """The sum for every prize of a draw, by its rule and the calendar as known at the draw."""
    return deadlines.base(
        in_shanghai(draw.draws_at).date(),
        days=rules.by_code(draw.rule.code).claim_days,
        why_free=lambda day: claim_days.why_free(day, now=draw.draws_at),
        moved_on=lambda day: claim_days.moved_on(day, now=draw.draws_at),
    )


@inside_transaction
def set_period(draw: Draw) -> None:
    """Write down until when the prizes of a settled draw are claimed; what stands is left alone."""
    if ClaimPeriod.objects.filter(draw=draw).exists():
        return
    found = period_of(draw)
    last = found.steps[-1]
    ClaimPeriod.objects.create(
        draw=draw,
        drawn_on=found.drawn_on,
        days=found.steps[0].days,
        moved_by=last.why if last.kind == StepKind.FREE else "",
        last_day=found.last_day,
        set_at=draw.draws_at,  # the database writes its own clock over it
    )


def set_missing() -> int:
    """Write the periods of draws that were settled before periods were written; how many."""
    without = Draw.objects.filter(state__in=draws.SETTLED_STATES, claim_period__isnull=True)
    settled = without.exclude(state=Draw.State.CANCELLED).select_related("rule")
    return sum(_set_missing(draw) for draw in settled.order_by("pk"))


@door
def _set_missing(draw: Draw) -> bool:
    try:
        set_period(draw)
    except IntegrityError as exc:
        if violated(exc) == "prizes_claimperiod_draw_id_key":
            return False  # the settlement has written it meanwhile
        raise
    return True


def of(prize: Prize) -> Deadline | None:
    """Until when a prize is claimed; None while its draw is settled, or if it does not wait."""
    period = ClaimPeriod.objects.filter(draw_id=prize.draw_id).first()
    if period is None or prize.route != Prize.Route.CENTRE:
        return None
    holds = tuple(Hold.objects.filter(prize=prize).standing().order_by("opened_at"))
    return Deadline(_sum(period, prize), claimable_until(prize), holds)


def last_days(prizes: Collection[int]) -> dict[int, date]:
    """The last day of each of these prizes (by primary key) whose draw is settled."""
    if not prizes:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p, d FROM unnest(%s::bigint[]) p, LATERAL prizes_last_day(p) d"
            " WHERE d IS NOT NULL",
            [list(prizes)],
        )
        return dict(cursor.fetchall())


def claimable_until(prize: Prize) -> datetime | None:
    """The moment from which the prize is claimed no more, as the database reckons it.

    None while its clock stands, and before its draw is settled.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN isfinite(u) THEN u END FROM prizes_claimable_until(%s) u", [prize.pk]
        )
        moment: datetime | None = cursor.fetchone()[0]
    return moment


def kept_until(prize: Prize, deadline: Deadline) -> date:
    """The last day on which it has not lapsed: later than its last day while a refusal of its claim
    may still be objected to. While an objection waits, it does not lapse at all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (prizes_objection_until(c.id) AT TIME ZONE 'Asia/Shanghai')::date - 1"
            "  FROM prizes_claim c WHERE c.prize_id = %s AND c.state = 'REFUSED'"
            "   AND NOT EXISTS (SELECT FROM prizes_claimstep s WHERE s.claim_id = c.id"
            "                      AND s.from_state = 'REFUSED' AND s.to_state = 'REFUSED')",
            [prize.pk],
        )
        to_object = [day for (day,) in cursor.fetchall() if day is not None]
    return deadlines.kept_until(deadline.last_day, to_object)


@inside_transaction
def give_back(lift: HoldLift, *, now: datetime) -> ClaimLimit | None:
    """Give the days back that the clock of a prize stood; None where another hold still stands.

    Nothing is given back where nothing was left, when the hold began after the last day, or where
    nothing was lost: when it is lifted before the draw is settled.
    """
    prize = lift.hold.prize
    period = ClaimPeriod.objects.filter(draw_id=prize.draw_id).first()
    if period is None or Hold.objects.filter(prize=prize).standing().exists():
        return None
    sum_ = _sum(period, prize)
    by = deadlines.Held(
        from_on=in_shanghai(_held_since(lift)).date(), to_on=in_shanghai(lift.lifted_at).date()
    )
    after = deadlines.held(
        sum_,
        by,
        why_free=lambda day: claim_days.why_free(day, now=now),
        moved_on=lambda day: claim_days.moved_on(day, now=now),
    )
    if after == sum_:
        return None
    moved = after.steps[-1] if after.steps[-1].kind == StepKind.FREE else None
    limit = ClaimLimit.objects.create(
        prize=prize,
        number=prize.limits.count() + 1,
        kind=ClaimLimit.Kind.HELD,
        before=sum_.last_day,
        held_from=by.from_on,
        held_until=by.to_on,
        days=by.days,
        moved_by=moved.why if moved else "",
        last_day=after.last_day,
        lift=lift,
        set_at=now,
    )
    _record(limit)
    return limit


@inside_transaction
def extend(letter: ExtensionLetter, *, now: datetime) -> ClaimLimit:
    """Let a prize be claimed until the day of a letter that grants it."""
    prize = letter.extension.prize
    sum_ = _sum(ClaimPeriod.objects.get(draw_id=prize.draw_id), prize)
    assert letter.until_on is not None  # noqa: S101 - narrows: a letter that grants names the day
    after = deadlines.extended(sum_, deadlines.Extended(letter.until_on, letter.digest))
    limit = ClaimLimit.objects.create(
        prize=prize,
        number=prize.limits.count() + 1,
        kind=ClaimLimit.Kind.EXTENDED,
        before=sum_.last_day,
        days=after.steps[-1].days,
        last_day=after.last_day,
        letter=letter,
        set_at=now,
    )
    _record(limit)
    return limit


def _sum(period: ClaimPeriod, prize: Prize) -> Arithmetic:
    """The sum as it stands in the rows."""
    led_to = period.drawn_on + timedelta(days=period.days)
    steps = [Step(StepKind.DAYS, period.days, led_to)]
    steps += _free(led_to, period.last_day, period.moved_by)
    limits = ClaimLimit.objects.filter(prize=prize).select_related("letter").order_by("number")
    for limit in limits:
        if limit.kind == ClaimLimit.Kind.EXTENDED and limit.letter:
            why = f"{limit.letter.year}/{limit.letter.number}"
            steps.append(Step(StepKind.EXTENDED, limit.days, limit.last_day, why))
            continue
        led_to = limit.before + timedelta(days=limit.days)
        steps.append(
            Step(StepKind.HELD, limit.days, led_to, from_on=limit.held_from, to_on=limit.held_until)
        )
        steps += _free(led_to, limit.last_day, limit.moved_by)
    return Arithmetic(period.drawn_on, tuple(steps))


def _free(led_to: date, last_day: date, why: str) -> list[Step]:
    if not why:
        return []
    return [Step(StepKind.FREE, (last_day - led_to).days, last_day, why, from_on=led_to)]


def _held_since(lift: HoldLift) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prizes_held_since(%s)", [lift.hold_id])
        (moment,) = cursor.fetchone()
    assert isinstance(moment, datetime)  # noqa: S101 - narrows the driver's type
    return moment


def _record(limit: ClaimLimit) -> None:
    trail.record(
        action="prizes.limit_moved",
        actor=None,
        object_type="prize",
        object_code=limit.prize.ticket.code,
        body={
            "kind": limit.kind,
            "before": limit.before,
            "days": limit.days,
            "last_day": limit.last_day,
        },
    )
