"""Who comes to the prize centre: registered at the entrance, called to a counter, gone (F084).

"At the entrance the staff check and register the identity of the winner and lead him in" (S1
五(二)2). The record of his paper is one of its own; at the counter it is compared a second time.
Without a visitor who is there, no claim at the centre is checked: the database refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import identity_papers, proxies
from accounts.models import IdentityPaper, Proxy
from accounts.paper_kinds import MinorWinner, Paper
from audit import trail
from lottery_portal.lib import dates
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused
from partners.models import Outlet
from prizes.centre_models import Appointment, Visit, VisitStep
from prizes.claim_models import Claim
from prizes.models import Prize

from . import minors, steps
from .claim_refusals import OwnClaim

ROLES = frozenset({"claims_clerk", "claims_officer"})

Role, Kind = Visit.Role, VisitStep.Kind


class NotACentre(Refused):
    """Not a prize centre at work."""

    code, status = "visit_not_a_centre", 404
    message = _("Visitors are registered at a prize centre that is open to the public.")


class NotWhoHeSays(Refused):
    """The paper is not that of who he says he is."""

    code = "visit_not_who_he_says"
    message = _("By this paper the visitor is somebody else. Please choose who he is once more.")


class HereAlready(Refused):
    """Registered today, and not gone."""

    code = "visit_here_already"
    message = _("This visitor is registered already, and has not left.")


class ProxyMissing(Refused):
    """Who acts for the winner has an authority in our register."""

    code, status = "visit_proxy_missing", 400
    message = _("Please enter the number of the authority by which he acts for the winner.")


class NotThere(Refused):
    """Gone, or of another day."""

    code = "visit_not_there"
    message = _("This visitor is not there any more.")


_REFUSALS: dict[str, type[Refused]] = {
    "visit_at_a_centre": NotACentre,
    "visit_by_who_the_paper_says": NotWhoHeSays,
    "visit_by_proxy_has_authority": ProxyMissing,
    "visit_once_at_a_time": HereAlready,
    "visit_called_while_he_is_there": NotThere,
    "visit_step_once": NotThere,
    "claim_not_ones_own": OwnClaim,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A visitor of the day, and when he was called and left."""

    visit: Visit
    called_at: datetime | None
    left_at: datetime | None

    def waited(self, now: datetime) -> timedelta:
        """From his arrival until he was called, or left, or now."""
        return (self.called_at or self.left_at or now) - self.visit.arrived_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A centre's day: who is expected, who waits, who is at a counter, who has gone."""

    expected: tuple[Appointment, ...]
    waiting: tuple[Guest, ...]
    served: tuple[Guest, ...]
    gone: tuple[Guest, ...]


def register(
    *,
    prize: Prize,
    place: Outlet,
    role: str,
    paper: Paper,
    actor: Any,
    now: datetime,
    proxy: Proxy | None = None,
) -> Visit:
    """Register somebody who comes on account of a prize, by the paper he shows.

    The winner's paper is compared with his registration; everybody else shows an id card, and who
    acts for the winner has an authority that covers the prize now. An appointment of the day is
    kept by it. Refuses as `identity_papers` and `proxies.check` do, and with the classes above; a
    paper that is refused leaves a line in the trail, and one of a winner under age holds the prize.
    """
    steps.in_post(actor, ROLES, now)
    if role == Role.PROXY:
        if proxy is None:
            raise ProxyMissing(fields=["authority"])
        proxies.check(proxy=proxy, for_what=minors.object_of(prize), at=now)
    try:
        return _register(prize, place, role, paper, proxy=proxy, actor=actor, now=now)
    except identity_papers.OF_A_PAPER as refusal:
        reference = f"ticket:{prize.ticket.code}"
        identity_papers.note_refusal(prize.owner, paper.kind, refusal.code, actor, reference)
        if isinstance(refusal, MinorWinner) and role == Role.WINNER:
            _hold(prize, actor, now)
        raise
    except IntegrityError as exc:
        if refused := _REFUSALS.get(violated(exc)):
            raise refused from exc
        raise


@door
def call(*, visit: Visit, actor: Any, now: datetime) -> None:
    """Call a visitor who is there to a counter; who comes second is told that he was called."""
    _note(visit, Kind.CALLED, actor, now)


@door
def leave(*, visit: Visit, actor: Any, now: datetime) -> None:
    """Note that a visitor has left; once."""
    _note(visit, Kind.LEFT, actor, now)


def find(code: str) -> Visit | None:
    """The visit of this number."""
    return _shown().filter(code=code).first()


def present(prize: Prize) -> Visit | None:
    """Who is there on account of this prize, and may bring its claim on."""
    rows = _shown().filter(prize=prize).exclude(role=Role.COMPANION).order_by("-arrived_at")
    return next((one for one in rows[:5] if _is_there(one)), None)


def board(place: Outlet, *, now: datetime) -> Board:
    """The day of a centre."""
    first = datetime.combine(dates.in_shanghai(now).date(), time.min, tzinfo=dates.SHANGHAI)
    day = (first, first + timedelta(days=1))
    expected = (
        Appointment.objects.booked()
        .filter(place=place, starts_at__gte=day[0], starts_at__lt=day[1])
        .select_related("prize__ticket", "prize__draw__game")
        .order_by("starts_at", "seat")
    )
    visits = (
        _shown()
        .filter(place=place, arrived_at__gte=day[0], arrived_at__lt=day[1])
        .prefetch_related("steps")
        .order_by("arrived_at")
    )
    guests = [_guest(one) for one in visits]
    here = [one for one in guests if one.left_at is None]
    return Board(
        expected=tuple(expected),
        waiting=tuple(one for one in here if one.called_at is None),
        served=tuple(one for one in here if one.called_at is not None),
        gone=tuple(one for one in guests if one.left_at is not None),
    )


def _guest(visit: Visit) -> Guest:
    at = {step.kind: step.at for step in visit.steps.all()}
    return Guest(visit=visit, called_at=at.get(Kind.CALLED), left_at=at.get(Kind.LEFT))


def _shown() -> QuerySet[Visit]:
    return Visit.objects.select_related(
        "prize__ticket", "prize__draw__game", "place", "appointment", "paper"
    )


def _is_there(visit: Visit) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prizes_visitor_is_there(%s)", [visit.pk])
        (there,) = cursor.fetchone()
    return bool(there)


@door
def _register(
    prize: Prize,
    place: Outlet,
    role: str,
    paper: Paper,
    *,
    proxy: Proxy | None,
    actor: Any,
    now: datetime,
) -> Visit:
    code = new_code()
    made = Visit.objects.create(
        code=code,
        prize=prize,
        place=place,
        role=Role(role),
        paper=_seen(prize, role, paper, f"visit:{code}", actor=actor, now=now),
        proxy=proxy if role == Role.PROXY else None,
        registered_by=actor,
        arrived_at=now,  # the database writes its own clock over it, and the appointment
    )
    made.refresh_from_db(fields=["arrived_at", "appointment"])
    trail.record(
        action="prizes.visitor_registered",
        actor=actor,
        object_type="prize",
        object_code=prize.ticket.code,
        body={"visit": code, "role": role, "place": place.code, "paper": made.paper.code},
    )
    return made


def _seen(
    prize: Prize, role: str, paper: Paper, reference: str, *, actor: Any, now: datetime
) -> IdentityPaper:
    if role == Role.WINNER:
        return identity_papers.record(
            owner=prize.owner, paper=paper, seen_by=actor, reference=reference, now=now
        )
    return identity_papers.record_other(paper=paper, seen_by=actor, reference=reference, now=now)


def _note(visit: Visit, kind: VisitStep.Kind, actor: Any, now: datetime) -> None:
    steps.in_post(actor, ROLES, now)
    try:
        VisitStep.objects.create(visit=visit, kind=kind, noted_by=actor, at=now)
    except IntegrityError as exc:
        if refused := _REFUSALS.get(violated(exc)):
            raise refused from exc
        raise
    trail.record(
        action=f"prizes.visitor_{kind.lower()}",
        actor=actor,
        object_type="prize",
        object_code=visit.prize.ticket.code,
        body={"visit": visit.code},
    )


def _hold(prize: Prize, actor: Any, now: datetime) -> None:
    claim = Claim.objects.shown().filter(prize=prize).order_by("-pk").first()
    if claim is not None:
        minors.seen(claim=claim, actor=actor, now=now)
