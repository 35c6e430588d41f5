"""Prizes that are paid late: found by the clock, announced with a reason and a new day (F095).

"Where a payment is late for a special reason the winner is told at once, with the reason and the
expected time" (S1 六(三)2). A claim is promised for a day when its figures are settled, and for a
later one by each notice. What is due by tomorrow waits on the officers' start page; what was not
announced within a day after the breach, on that of compliance; all of it stays in the register.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypedDict

from django.db import IntegrityError
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import WithAnnotations

from accounts import messages
from audit import policies, trail
from lottery_portal.lib import dates, working_days
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused
from prizes.centre_models import Delay, DelayNotice
from prizes.claim_models import Claim

from . import steps
from .claim_refusals import NotYourPost, OwnClaim

OFFICERS = frozenset({"claims_officer"})
SUPERVISORS = frozenset({"compliance", "treasurer"})
MOST_DAYS_POLICY = "prizes.delay_most_days"
MOST_DAYS = 30
PATIENCE = timedelta(days=1)
ANNOUNCED, FOUND = "prizes.payment_delayed", "prizes.delay_found"
LONGEST_REASON = 300
BATCH = 200

State = Claim.State
NOT_LATE = (State.PAID, *Claim.OVER)


class ReasonMissing(Refused):
    """The winner is told why."""

    code, status = "delay_reason_missing", 400
    message = _("Please give the reason, as the winner reads it.")


class DayWrong(Refused):
    """Not later than promised, not to come, too far, or a day on which nobody works."""

    code, status = "delay_day_wrong", 400
    message = _(
        "The new day is a working day after %(promised)s and after today, and not after %(most)s."
    )


class NotLate(Refused):
    """Paid, refused, or never promised for a day."""

    code = "delay_not_promised"
    message = _("This claim is not promised for a day, or is over. There is nothing to announce.")


_REFUSALS: dict[str, type[Refused]] = {
    "delay_of_a_claim_not_paid": NotLate,
    "claim_not_ones_own": OwnClaim,
    "claim_moved_by_staff": NotYourPost,
}


class Promised(TypedDict):
    """What is known of a claim beside its row."""

    promised_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the register: what was late, since when, what the winner was told, when paid.

    `is_breach`: nobody told him within a day.
    """

    delay: Delay
    notice: DelayNotice | None
    paid_at: datetime | None
    is_breach: bool


def promised() -> QuerySet[WithAnnotations[Claim, Promised]]:
    """The claims that are promised for a day and not paid; `promised_on` is that day."""
    return _with_day().exclude(state__in=NOT_LATE)


def late(*, on: date) -> QuerySet[WithAnnotations[Claim, Promised]]:
    """Those that should have been paid before this day, the oldest first."""
    return promised().filter(promised_on__lt=on).order_by("promised_on", "pk")


def soon(*, now: datetime) -> QuerySet[WithAnnotations[Claim, Promised]]:
    """Those that are late, or due today or by the next working day."""
    today = dates.in_shanghai(now).date()
    until = working_days.after(today, 1)
    return promised().filter(promised_on__lte=until).order_by("promised_on", "pk")


def days_of(claims: Collection[Claim]) -> Mapping[int, date]:
    """For which day each of these is promised now; without those paid or not settled."""
    rows = promised().filter(pk__in=[claim.pk for claim in claims])
    return dict(rows.values_list("pk", "promised_on"))


def day_of(claim: Claim) -> date | None:
    """For which day a claim is promised now."""
    return days_of([claim]).get(claim.pk)


def last_days_of(claims: Collection[Claim]) -> Mapping[int, date]:
    """For which day each of these was promised last, paid or not; without those not settled."""
    rows = _with_day().filter(pk__in=[claim.pk for claim in claims])
    return dict(rows.values_list("pk", "promised_on"))


def last_notice(claim: Claim) -> DelayNotice | None:
    """What its winner was told last."""
    return DelayNotice.objects.filter(claim=claim).order_by("-number").first()


def find(*, now: datetime) -> int:
    """Write down what is late today and was not written down; how many."""
    today = dates.in_shanghai(now).date()
    noted = Delay.objects.filter(claim=OuterRef("pk"), due_on=OuterRef("promised_on"))
    found = late(on=today).filter(~Exists(noted))[:BATCH]
    return sum(_write(claim.pk, claim.promised_on, claim.code, now=now) for claim in found)


def announce(
    *, claim: Claim, reason: str, new_date: date, actor: Any, now: datetime
) -> DelayNotice:
    """Tell the winner why his prize is paid later than promised, and by which day.

    The day is a working day after the one promised, to come, and within the days of the policy
    from today. Refuses with `ReasonMissing`, `DayWrong`, `NotLate`, `OwnClaim`, `NotYourPost`.
    """
    steps.in_post(actor, OFFICERS, now)
    if not reason.strip():
        raise ReasonMissing(fields=["reason"])
    known = day_of(claim)
    if known is None:
        raise NotLate
    wrong = DayWrong(
        promised=dates.written(known, "date"),
        most=dates.written(last_day(now=now), "date"),
        fields=["new_date"],
    )
    if not working_days.is_one(new_date):
        raise wrong
    try:
        return _announce(claim, reason.strip(), new_date, actor, known=known, now=now)
    except IntegrityError as exc:
        name = violated(exc)
        if name in {"delay_within_the_days", "delay_notice_date_later"}:
            raise wrong from exc
        if refused := _REFUSALS.get(name):
            raise refused from exc
        raise


def last_day(*, now: datetime) -> date:
    """The last day that can be promised now."""
    most = int(policies.read(MOST_DAYS_POLICY, at=now))
    return dates.in_shanghai(now).date() + timedelta(days=most)


def unannounced(*, now: datetime) -> QuerySet[Delay]:
    """What is late since more than a day, not paid, and the winner was told nothing."""
    told = DelayNotice.objects.filter(claim=OuterRef("claim"), due_on=OuterRef("due_on"))
    return (
        Delay.objects.filter(~Exists(told), found_at__lt=now - PATIENCE)
        .exclude(claim__state__in=NOT_LATE)
        .select_related("claim__prize__draw__game")
        .order_by("found_at")
    )


def register() -> QuerySet[Delay]:
    """Every late payment, the newest first; `entries` says what became of those of a page."""
    rows = Delay.objects.select_related("claim__prize__draw__game", "claim__prize__end")
    return rows.order_by("-due_on", "-pk")


def entries(rows: Collection[Delay], *, now: datetime) -> list[Entry]:
    """What became of each."""
    notices = {
        (one.claim_id, one.due_on): one
        for one in DelayNotice.objects.filter(claim__in=[row.claim_id for row in rows])
    }
    found = []
    for row in rows:
        notice = notices.get((row.claim_id, row.due_on))
        paid_at = _paid_at(row.claim)
        answered = notice.announced_at if notice else paid_at or now
        found.append(
            Entry(
                delay=row,
                notice=notice,
                paid_at=paid_at,
                is_breach=answered > row.found_at + PATIENCE,
            )
        )
    return found


def _with_day() -> QuerySet[WithAnnotations[Claim, Promised]]:
    last = DelayNotice.objects.filter(claim=OuterRef("pk")).order_by("-number")
    rows: QuerySet[Claim] = Claim.objects.shown().filter(due_on__isnull=False)
    return rows.annotate(promised_on=Coalesce(Subquery(last.values("new_date")[:1]), "due_on"))


def _paid_at(claim: Claim) -> datetime | None:
    if claim.state not in {State.PAID, State.ARCHIVED}:
        return None
    end = getattr(claim.prize, "end", None)
    return end.ended_at if end else None


@door
def _write(claim: int, due_on: date, code: str, *, now: datetime) -> bool:
    try:
        Delay.objects.create(claim_id=claim, due_on=due_on, found_at=now)
    except IntegrityError as exc:
        if violated(exc) in {"delay_is_one", "delay_once_per_day"}:
            return False  # paid, announced or written down meanwhile
        raise
    trail.record(
        action=FOUND, actor=None, object_type="claim", object_code=code, body={"due_on": due_on}
    )
    return True


@door
def _announce(
    claim: Claim, reason: str, new_date: date, actor: Any, *, known: date, now: datetime
) -> DelayNotice:
    made = DelayNotice.objects.create(
        claim=claim,
        number=0,  # the database numbers it, and writes its own clock
        due_on=known,
        new_date=new_date,
        reason=reason,
        announced_by=actor,
        announced_at=now,
    )
    made.refresh_from_db()
    prize = claim.prize
    trail.record(
        action=ANNOUNCED,
        actor=actor,
        object_type="claim",
        object_code=claim.code,
        body={"due_on": made.due_on, "new_date": new_date, "reason": reason},
    )
    messages.send(
        user=prize.owner.user,
        kind=ANNOUNCED,
        params={
            "ticket": prize.ticket.code,
            "game": prize.draw.game.name,
            "issue": prize.draw.issue,
            "due_on": made.due_on.isoformat(),
            "new_date": new_date.isoformat(),
            "reason": reason,
        },
        natural_key=f"{ANNOUNCED}:{claim.code}:{made.number}",
        now=now,
    )
    return made
