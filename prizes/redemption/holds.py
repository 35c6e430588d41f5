"""Holds: by order of a court, in a dispute, for a winner under age, while something is looked into.

While one stands nobody approves or pays a claim of the prize, and the prize does not lapse: its
clock stands. Who had five days left has five days left when it is lifted (F081, F087, N11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from accounts import messages, who
from accounts.models import User
from audit import approvals, trail
from lottery_portal.lib import codes, dates
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import with_unit
from prizes.deadline_models import Hold, HoldLift, HoldPaper
from prizes.models import Prize

from . import hold_papers, limits, steps
from .claim_refusals import OwnClaim

LIFT, MINOR_LIFT = "prizes.hold_lift", "prizes.minor_hold_lift"
BEGUN, OVER = "prizes.hold_begun", "prizes.hold_over"
OPENERS = frozenset({"claims_officer"})
LIFETIME = timedelta(days=7)
LONGEST_REFERENCE, LONGEST_REASON, LONGEST_DECISION = 80, 300, 120


class NotForThisRole(Refused):
    """The post does not include holds."""

    code, status = "hold_role", 403
    message = _("Only claims officers hold a prize.")


class OrderMissing(Refused):
    """A hold without a number or a reason, or a lifting without a decision."""

    code, status = "hold_order_missing", 400
    message = _("Please name the order or decision, and say why.")


class CounselMissing(Refused):
    """The hold of a winner under age, and no decision of counsel on file."""

    code, status = "hold_counsel_missing", 400
    message = _("Add the decision of counsel as a scan. Without it this hold is not lifted.")


class PrizeIsOver(Refused):
    """The prize does not wait for its winner: paid, forfeited, or never waited."""

    code = "prize_is_over"
    message = _("This prize does not wait for its winner. Nothing can be done about its time.")


class HeldAlready(Refused):
    """The same order holds the prize already."""

    code = "hold_stands_already"
    message = _("This order holds the prize already.")


class NotHeld(Refused):
    """The hold was lifted before."""

    code = "hold_is_over"
    message = _("This hold was lifted before.")


_REFUSALS: dict[str, type[Refused]] = {
    "hold_on_an_open_prize": PrizeIsOver,
    "hold_stands_already": HeldAlready,
    "hold_by_staff": NotForThisRole,
    "prizes_holdlift_hold_id_key": NotHeld,
    "prize_time_not_ones_own": OwnClaim,
    "hold_of_a_minor_ends_by_counsel": CounselMissing,
}


@door
def begin(
    *, prize: Prize, kind: str, order_reference: str, reason: str, actor: User, now: datetime
) -> Hold:
    """Hold a prize from this moment on; the winner is told that the clock stands.

    Refuses with `PrizeIsOver`, `HeldAlready`, `OrderMissing`, `NotForThisRole`, and with `OwnClaim`
    whose own prize it is.
    """
    if not who.roles(actor, now) & OPENERS:
        raise NotForThisRole
    return put(
        prize=prize, kind=kind, order_reference=order_reference, reason=reason, actor=actor, now=now
    )


@inside_transaction
def put(
    *, prize: Prize, kind: str, order_reference: str, reason: str, actor: User, now: datetime
) -> Hold:
    """The same as a step of another door, whoever acts: what must be held is held at once."""
    if not order_reference.strip() or not reason.strip():
        raise OrderMissing(fields=["order_reference", "reason"])
    try:
        with transaction.atomic():
            held = Hold.objects.create(
                prize=prize,
                kind=Hold.Kind(kind),
                order_reference=order_reference.strip(),
                reason=reason.strip(),
                opened_by=actor,
                opened_at=now,  # the database writes its own clock over it
            )
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise
    held.refresh_from_db(fields=["opened_at"])
    trail.record(
        action=BEGUN,
        actor=actor,
        object_type="prize",
        object_code=prize.ticket.code,
        body={"hold": held.code, "kind": held.kind, "order": held.order_reference},
    )
    _tell(held, BEGUN, {}, now=now)
    return held


def ask_to_lift(
    *,
    hold: Hold,
    decision: str,
    maker: User,
    now: datetime,
    paper: bytes = b"",
    media_type: str = "application/pdf",
) -> approvals.Request:
    """Ask that a hold be lifted by a decision; another person agrees.

    That of a winner under age is asked for by compliance, who put the decision of counsel on file
    as a `paper`: without it nothing is asked for, and the database lifts nothing (F087).
    Refuses with `NotHeld`, `OrderMissing`, and with `OwnClaim` whose own prize it is.
    """
    steps.not_ones_own(hold.prize, maker)
    if HoldLift.objects.filter(hold=hold).exists():
        raise NotHeld
    is_minor = hold.kind == Hold.Kind.MINOR
    kind = MINOR_LIFT if is_minor else LIFT
    if not who.roles(maker, now) & approvals.kinds()[kind].maker_roles:
        raise approvals.MayNotAsk
    if not decision.strip():
        raise OrderMissing(fields=["decision"])
    if is_minor and not paper:
        raise CounselMissing(fields=["paper"])
    evidence = ""
    if paper:
        kept = hold_papers.add(
            hold=hold,
            kind=HoldPaper.Kind.COUNSEL if is_minor else HoldPaper.Kind.OTHER,
            content=paper,
            media_type=media_type,
            actor=maker,
            now=now,
        )
        evidence = kept.digest
    prize = hold.prize
    return approvals.request(
        kind=kind,
        payload={
            "hold": hold.code,
            "kind": hold.kind,
            "order": hold.order_reference,
            "since": hold.opened_at,
            "ticket": prize.ticket.code,
            "prize_fen": prize.amount,
            "decision": decision.strip(),
            "evidence": evidence,
        },
        maker=maker,
        now=now,
        amount_fen=prize.amount,
    )


@inside_transaction
def lift(*, request: approvals.Request, now: datetime) -> HoldLift:
    """Lift a hold as agreed, and give the prize back the days that it stood."""
    hold = Hold.objects.select_related("prize__ticket", "prize__draw__game").get(
        code=request.payload["hold"]
    )
    try:
        lifted = HoldLift.objects.create(
            hold=hold,
            decision=request.payload["decision"],
            approval_code=request.code,
            lifted_by=request.maker,
            lifted_at=now,  # the database writes its own clock over it
        )
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise
    lifted.refresh_from_db(fields=["lifted_at"])
    trail.record(
        action=OVER,
        actor=request.maker,
        object_type="prize",
        object_code=hold.prize.ticket.code,
        body={"hold": hold.code, "decision": lifted.decision, "approval": request.code},
    )
    limits.give_back(lifted, now=now)
    deadline = limits.of(hold.prize)
    if deadline is not None and not deadline.is_held:
        _tell(hold, OVER, {"last_day": deadline.last_day.isoformat()}, now=now)
    return lifted


def _tell(hold: Hold, kind: str, more: Mapping[str, Any], *, now: datetime) -> None:
    prize = hold.prize
    messages.send(
        user=prize.owner.user,
        kind=kind,
        params={
            "ticket": prize.ticket.code,
            "game": prize.draw.game.name,
            "issue": prize.draw.issue,
            **more,
        },
        natural_key=f"{kind}:{hold.code}",
        now=now,
    )


# The words of an approval


def one_other(_payload: Mapping[str, Any], _at: datetime) -> int:
    """One other person agrees."""
    return 1


def order_words(order: str) -> Sequence[tuple[str, str]]:
    """By what a prize is held: the number of an order, or the record of ours that it began with."""
    kind, colon, code = order.partition(":")
    if colon and kind == "guardian":
        return [(_now("Papers of the guardian"), codes.shown(code))]
    if colon and kind == "claim":
        return [(_now("Claim"), codes.shown(code))]
    return [(_now("Number of the order"), order)]


def _page(payload: Mapping[str, Any]) -> tuple[str, Sequence[str]]:
    return "prizes:desk_hold", (payload["hold"],)


def words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """What the checker signs."""
    scan = payload.get("evidence", "")
    return [
        (_now("Ticket"), codes.shown(payload["ticket"])),
        (_now("Prize"), with_unit(payload["prize_fen"])),
        (pgettext("of a prize", "Hold"), str(Hold.Kind(payload["kind"]).label)),
        *order_words(payload["order"]),
        (_now("Held since"), dates.written(datetime.fromisoformat(payload["since"]), "full")),
        (_now("Decision"), payload["decision"]),
        *([(str(_("Scan of it, SHA-256")), scan)] if scan else []),
    ]


def _perform(request: approvals.Request, now: datetime) -> None:
    lift(request=request, now=now)


_CONSEQUENCE = _(
    "After signing, the clock of the prize goes on with the days that were left; it can be paid."
)
approvals.register(
    approvals.Kind(
        name=LIFT,
        title=_("Lift the hold of a prize"),
        maker_roles=OPENERS,
        checker_roles=frozenset({"approver", "treasurer", "compliance"}),
        needed=one_other,
        perform=_perform,
        lifetime=LIFETIME,
        statements=(_("I have read the order or decision by which the hold ends."),),
        words=words,
        page=_page,
        consequence=_CONSEQUENCE,
    )
)
approvals.register(
    approvals.Kind(
        name=MINOR_LIFT,
        title=_("Lift the hold of a winner under age"),
        maker_roles=frozenset({"compliance"}),
        checker_roles=frozenset({"approver", "treasurer"}),
        needed=one_other,
        perform=_perform,
        lifetime=LIFETIME,
        statements=(_("I have read the decision of counsel, and it is the one named here."),),
        words=words,
        page=_page,
        consequence=_CONSEQUENCE,
    )
)
