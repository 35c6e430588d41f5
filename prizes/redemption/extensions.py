"""More time for a winner who could not come: asked for soon after the obstacle, decided by letter.

The winner names the obstacle, its end, and a paper that shows it; the database judges whether he
asks within the days of the policy. A claims officer proposes, two others agree, and the decision
goes out with its reasons under a number without a gap, granted or not (F080, F276).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts import messages, who
from accounts.models import User
from audit import approvals, canonical, policies, trail
from games import claim_days
from lottery_portal.lib import codes, dates
from lottery_portal.lib.db import detail_of, door, inside_transaction, violated
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import with_unit
from prizes.deadline_models import Extension, ExtensionLetter
from prizes.models import Prize

from . import limits, steps
from .claim_refusals import OwnClaim
from .holds import PrizeIsOver

KIND = "prizes.extension"
DECIDED = "prizes.extension_decided"
WINDOW_POLICY = "prizes.extension_window_days"
MOST_POLICY = "prizes.extension_most_days"
OFFICERS = frozenset({"claims_officer"})
LONGEST_OBSTACLE, LONGEST_EVIDENCE, LONGEST_REASON = 300, 200, 500


class NotYours(Refused):
    """Neither the winner nor a claims officer."""

    code, status = "extension_not_yours", 403
    message = _("The winner asks for more time himself, or a claims officer for him.")


class AskedTooLate(Refused):
    """The days after the obstacle are over."""

    code = "extension_asked_too_late"
    message = _("More time could be asked for until %(last)s. Please talk to the prize centre.")


class ObstacleNotOver(Refused):
    """The obstacle ended before the draw, or is still to end."""

    code, status = "extension_obstacle_day", 400
    message = _("The obstacle ended between the day of the draw and today.")


class AskedAlready(Refused):
    """One request after another."""

    code = "extension_under_way"
    message = _("A request for this prize is under way. You will get a letter.")


class EvidenceMissing(Refused):
    """No obstacle, or nothing that shows it."""

    code, status = "extension_evidence_missing", 400
    message = _("Please say what kept you, and add the paper that shows it.")


class DayNotLater(Refused):
    """An extension gives days, but not more than policy says."""

    code, status = "extension_day_wrong", 400
    message = _("The new last day lies after %(last_day)s and not after %(most)s.")


class ReasonMissing(Refused):
    """A letter gives reasons, whatever it decides."""

    code, status = "extension_reason_missing", 400
    message = _("A letter gives the reasons of the decision.")


class DecidedAlready(Refused):
    """There is a letter, or a proposal that others look at."""

    code = "extension_decided"
    message = _("This request is decided, or others are looking at a proposal.")


_REFUSALS: dict[str, type[Refused]] = {
    "extension_of_an_open_prize": PrizeIsOver,
    "extension_after_the_obstacle": ObstacleNotOver,
    "extension_once_at_a_time": AskedAlready,
    "claim_limit_of_an_open_prize": PrizeIsOver,
    "prizes_extensionletter_extension_id_key": DecidedAlready,
    "prize_time_not_ones_own": OwnClaim,
}


@door
def ask(
    *,
    prize: Prize,
    obstacle: str,
    obstacle_ended_on: date,
    evidence: str,
    evidence_digest: str,
    actor: User,
    now: datetime,
) -> Extension:
    """Ask for more time; until the letter is written the prize does not lapse.

    `evidence` says which paper it is, `evidence_digest` is its SHA-256: who decides compares the
    paper with it. Refuses with `AskedTooLate`, `ObstacleNotOver`, `AskedAlready`,
    `EvidenceMissing`, `PrizeIsOver`, `NotYours`.
    """
    if prize.owner.user_id != actor.pk and not who.roles(actor, now) & OFFICERS:
        raise NotYours
    if not obstacle.strip() or not evidence.strip() or not evidence_digest:
        raise EvidenceMissing(fields=["obstacle", "evidence"])
    try:
        asked = Extension.objects.create(
            prize=prize,
            obstacle=obstacle.strip(),
            obstacle_ended_on=obstacle_ended_on,
            evidence=evidence.strip(),
            evidence_digest=evidence_digest,
            window_days=0,  # the database writes the policy's over it, and its own clock
            asked_by=actor,
            asked_at=now,
        )
    except IntegrityError as exc:
        if violated(exc) == "extension_asked_in_time":
            raise AskedTooLate(last=detail_of(exc)) from exc
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise
    asked.refresh_from_db(fields=["window_days", "asked_at"])
    trail.record(
        action="prizes.extension_asked",
        actor=actor,
        object_type="prize",
        object_code=prize.ticket.code,
        body={
            "extension": asked.code,
            "obstacle_ended_on": obstacle_ended_on,
            "evidence_digest": evidence_digest,
        },
    )
    return asked


def undecided() -> QuerySet[Extension]:
    """The requests without a letter, the oldest first."""
    waiting = Extension.objects.filter(letter__isnull=True)
    return waiting.select_related("prize__ticket", "prize__draw__game").order_by("asked_at")


def propose(
    *,
    extension: Extension,
    is_granted: bool,
    until_on: date | None,
    reason: str,
    maker: User,
    now: datetime,
) -> approvals.Request:
    """Propose a decision with its reasons; two others agree, or it comes back.

    A day that is a holiday is moved on to the first working day. Refuses with `DayNotLater` what
    gives no day or more than policy allows, `ReasonMissing`, `DecidedAlready`, and with `OwnClaim`
    whose own prize it is.
    """
    steps.not_ones_own(extension.prize, maker)
    if not reason.strip():
        raise ReasonMissing(fields=["reason"])
    if hasattr(extension, "letter") or any(
        one.payload["extension"] == extension.code for one in approvals.under_way(KIND)
    ):
        raise DecidedAlready
    prize = extension.prize
    deadline = limits.of(prize)
    if deadline is None:
        raise PrizeIsOver
    granted_on = _granted(prize, deadline.last_day, until_on, now=now) if is_granted else None
    return approvals.request(
        kind=KIND,
        payload={
            "extension": extension.code,
            "ticket": prize.ticket.code,
            "prize_fen": prize.amount,
            "obstacle": extension.obstacle,
            "obstacle_ended_on": extension.obstacle_ended_on,
            "asked_at": extension.asked_at,
            "evidence": extension.evidence,
            "evidence_digest": extension.evidence_digest,
            "last_day": deadline.last_day,
            "is_granted": is_granted,
            "until_on": granted_on,
            "reason": reason.strip(),
        },
        maker=maker,
        now=now,
        amount_fen=prize.amount,
    )


def _granted(prize: Prize, last_day: date, until_on: date | None, *, now: datetime) -> date:
    today = dates.in_shanghai(now).date()
    most_days = int(policies.read(MOST_POLICY, at=now, scope=prize.draw.game.code))
    most = max(last_day, today) + timedelta(days=most_days)
    if until_on is None or until_on > most:
        raise DayNotLater(last_day=last_day.isoformat(), most=most.isoformat())
    moved = claim_days.moved_on(until_on, now=now)
    if moved <= max(last_day, today - timedelta(days=1)):
        raise DayNotLater(last_day=last_day.isoformat(), most=most.isoformat())
    return moved


@inside_transaction
def decide(*, request: approvals.Request, now: datetime) -> ExtensionLetter:
    """Write the letter as two others agreed, move the last day if it grants, tell the winner."""
    said = request.payload
    asked = Extension.objects.select_related(
        "prize__ticket", "prize__draw__game", "prize__owner__user"
    ).get(code=said["extension"])
    try:
        letter = _write(asked, request, now=now)
        if letter.is_granted:
            limits.extend(letter, now=now)
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise
    prize = asked.prize
    trail.record(
        action=DECIDED,
        actor=request.maker,
        object_type="prize",
        object_code=prize.ticket.code,
        body={
            "extension": asked.code,
            "letter": f"{letter.year}/{letter.number}",
            "is_granted": letter.is_granted,
            "until_on": letter.until_on,
            "approval": request.code,
        },
    )
    messages.send(
        user=prize.owner.user,
        kind=DECIDED,
        params={
            "ticket": prize.ticket.code,
            "game": prize.draw.game.name,
            "issue": prize.draw.issue,
            "year": letter.year,
            "number": letter.number,
            "is_granted": letter.is_granted,
            "until_on": letter.until_on.isoformat() if letter.until_on else "",
            "reason": letter.reason,
        },
        natural_key=f"{DECIDED}:{asked.code}",
        now=now,
    )
    return letter


def _write(asked: Extension, request: approvals.Request, *, now: datetime) -> ExtensionLetter:
    said = request.payload
    with connection.cursor() as cursor:
        cursor.execute("SELECT year, number FROM prizes_next_letter()")
        year, number = cursor.fetchone()
    body = canonical.text(
        {
            **{name: said[name] for name in _IN_THE_LETTER},
            "game": asked.prize.draw.game.name,
            "issue": asked.prize.draw.issue,
            "year": year,
            "number": number,
            "decided_on": dates.in_shanghai(now).date(),
            "approval": request.code,
        }
    )
    letter = ExtensionLetter.objects.create(
        extension=asked,
        year=year,
        number=number,
        is_granted=said["is_granted"],
        until_on=date.fromisoformat(said["until_on"]) if said["until_on"] else None,
        reason=said["reason"],
        approval_code=request.code,
        body=body,
        digest=canonical.digest(body),
        written_at=now,  # the database writes its own clock over it
    )
    letter.refresh_from_db(fields=["written_at"])
    return letter


_IN_THE_LETTER = (
    "extension", "ticket", "prize_fen", "obstacle", "obstacle_ended_on", "asked_at", "evidence",
    "evidence_digest", "last_day", "is_granted", "until_on", "reason",
)  # fmt: skip


def two_others(_payload: Mapping[str, Any], _at: datetime) -> int:
    """Two others agree, to a yes as to a no."""
    return 2


def words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """What the checkers sign."""
    said = _now("Granted until %(day)s") % {"day": payload["until_on"]}
    return [
        (_now("Ticket"), codes.shown(payload["ticket"])),
        (_now("Prize"), with_unit(payload["prize_fen"])),
        (_now("Obstacle"), payload["obstacle"]),
        (_now("End of the obstacle"), payload["obstacle_ended_on"]),
        (_now("Asked for at"), dates.written(datetime.fromisoformat(payload["asked_at"]), "full")),
        (_now("Evidence"), payload["evidence"]),
        (_now("SHA-256 of the evidence"), payload["evidence_digest"]),
        (_now("Last day so far"), payload["last_day"]),
        (_now("Decision"), said if payload["is_granted"] else _now("Not granted")),
        (_now("Reason"), payload["reason"]),
    ]


def _perform(request: approvals.Request, now: datetime) -> None:
    decide(request=request, now=now)


approvals.register(
    approvals.Kind(
        name=KIND,
        title=_("Decide on more time for a prize"),
        maker_roles=OFFICERS,
        checker_roles=frozenset({"approver", "treasurer", "compliance"}),
        needed=two_others,
        perform=_perform,
        lifetime=timedelta(days=7),
        statements=(_("I have seen the paper, and its digest is the one named here."),),
        words=words,
        page=lambda payload: ("prizes:desk_extension", (payload["extension"],)),
        consequence=_(
            "After the last signature the letter is numbered and sent to the winner, and cannot be "
            "taken back."
        ),
    )
)
