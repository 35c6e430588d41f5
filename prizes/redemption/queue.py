"""What pages ask of claims: a player's own, the desk's queue, and what comes next and by whom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import BooleanField, F, Func, OuterRef, Q, QuerySet, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from audit import approvals, people
from prizes.claim_models import Claim, ClaimStep
from prizes.models import Prize

from . import claims, delays, papers, payment, refusal, steps

State, Way = Claim.State, Claim.Way
AT_THE_DESK = claims.CLERKS | {"cashier"}


@dataclass(frozen=True, kw_only=True)
class Next:
    """What a claim waits for: a deed by its name and title, and who may do it.

    `roles` empty: the winner himself, or the bank. `missing` are papers that must come first.
    """

    deed: str
    title: str | Promise
    roles: frozenset[str] = frozenset()
    by_winner: bool = False
    missing: tuple[str, ...] = ()
    approval: str = ""


def open_prizes(player: Player) -> QuerySet[Prize]:
    """The prizes of a player that wait for him, newest first; each with its claims."""
    return (
        Prize.objects.filter(owner=player, route=Prize.Route.CENTRE, end__isnull=True)
        .select_related("ticket", "draw__game", "draw__rule", "draw__settlement")
        .prefetch_related("claims")
        .order_by("-pk")
    )


def of(player: Player) -> QuerySet[Claim]:
    """A player's claims, newest first."""
    return Claim.objects.of(player.pk)


def desk(*, way: str = "", state: str = "", outlet: str = "") -> QuerySet[Claim]:
    """The claims under way, the oldest first; of one way, state or outlet where named."""
    rows = Claim.objects.under_way()
    wanted = {"way": way, "state": state, "outlet_code": outlet}
    return rows.filter(**{name: value for name, value in wanted.items() if value})


def overdue(*, on: date) -> QuerySet[Claim]:
    """Claims that should have been paid before this day, as promised last (F095)."""
    return delays.late(on=on)


def objections() -> QuerySet[Claim]:
    """Refused claims whose winners object and are not answered yet, the oldest first (F283)."""
    last = ClaimStep.objects.filter(claim=OuterRef("pk")).order_by("-number")
    rows = Claim.objects.filter(state=State.REFUSED).annotate(
        last_step=Subquery(last.values("pk")[:1])
    )
    waiting = rows.filter(steps__pk=F("last_step"), steps__body__has_key="objection")
    return waiting.shown().order_by("moved_at", "pk")


def waiting_for(roles: Collection[str]) -> QuerySet[Claim]:
    """Claims whose next step is done at the desk of the centre by one of these roles.

    Approvals are told apart, and outlets have their terminal; whether a part somebody had in a
    claim keeps him from it is said on its page.
    """
    wanted = Q(pk__in=())
    if claims.CLERKS & set(roles):
        at_the_centre = Q(way=Way.CENTRE, state__in=[State.OPENED, State.CHECKED, State.COMPLETE])
        wanted |= at_the_centre | Q(way=Way.REMOTE, state__in=[State.OPENED, State.CHECKED])
        asked = [one.payload["claim"] for one in approvals.under_way(payment.KIND)]
        wanted |= Q(state=State.SIGNED) & ~Q(way=Way.OUTLET) & ~Q(code__in=asked)
        wanted |= Q(state=State.PAID)
    if "cashier" in roles:
        wanted |= Q(state=State.APPROVED) & ~Q(way=Way.OUTLET, method=Claim.Method.CASH)
    return Claim.objects.filter(wanted)


def boards() -> Mapping[str, int]:
    """How many claims stand at each step, for the desk."""
    counts = dict.fromkeys([state for state in State if state not in Claim.OVER], 0)
    for state in Claim.objects.under_way().values_list("state", flat=True):
        counts[State(state)] += 1
    return {str(state): count for state, count in counts.items()}


def next_step(claim: Claim) -> Next | None:
    """What the claim waits for; None when it is over."""
    plan = _PLAN.get(State(claim.state))
    return plan(claim) if plan else None


def may(claim: Claim, step: Next, *, user: Any, now: datetime) -> bool:
    """Whether this user may do it: by his post, and as no other part of the claim forbids it."""
    if step.by_winner and claim.owner.user_id == user.pk:
        return True
    if not people.roles_of(user, now) & step.roles:
        return False
    person = people.person_of(user)
    barred = steps.bar(claim, person)
    if step.deed in {"decide", "pay"}:
        did = claim.steps.filter(person=person, to_state=State.CHECKED).exists()
        alone = claim.way == Way.OUTLET and not claim.approval_code
        approved = any(
            word.is_yes and people.person_of(word.checker) == person
            for word in approvals.words_on(claim.approval_code)
        )
        return not barred and not (did and not (step.deed == "pay" and alone)) and not approved
    return barred != "claim_not_ones_own"


def _clerks(claim: Claim) -> frozenset[str]:
    return claims.AT_OUTLETS if claim.way == Way.OUTLET else claims.CLERKS


def _to_check(claim: Claim) -> Next:
    return Next(deed="check", title=_("Check ticket and identity"), roles=_clerks(claim))


def _to_complete(claim: Claim) -> Next:
    missing = tuple(papers.missing(claim, papers.TO_PAY))
    title = _("Settle how it is paid")
    return Next(deed="complete", title=title, roles=_clerks(claim), missing=missing)


def _to_sign(claim: Claim) -> Next:
    title = _("The winner reads and signs")
    return Next(deed="sign", title=title, roles=_clerks(claim), by_winner=True)


def _to_pay(_claim: Claim) -> Next:
    return Next(deed="pay", title=_("Pay"), roles=payment.PAYERS)


def _to_wait(_claim: Claim) -> Next:
    return Next(deed="wait", title=_("The bank has it"))


def _to_file(claim: Claim) -> Next:
    missing = tuple(papers.missing(claim, papers.TO_FILE))
    return Next(deed="archive", title=_("File the claim"), roles=papers.FILERS, missing=missing)


def _approval_of(claim: Claim) -> Next:
    for one in approvals.under_way(payment.KIND):
        if one.payload["claim"] == claim.code:
            return Next(
                deed="decide",
                title=_("Approve the payment"),
                roles=frozenset(approvals.kinds()[payment.KIND].checker_roles),
                approval=one.code,
            )
    return Next(deed="ask", title=_("Ask for approval"), roles=payment.ASKERS)


_IN_TIME = Func(  # to object, by the database's clock
    F("claim_id"),
    template="clock_timestamp() < prizes_objection_until(%(expressions)s)",
    output_field=BooleanField(),
)


def _after_refusal(claim: Claim) -> Next | None:
    last = claim.steps.annotate(is_in_time=_IN_TIME).order_by("-number").first()
    if last is None or (last.from_state != State.REFUSED and not last.is_in_time):
        return None
    if last.from_state != State.REFUSED:
        return Next(deed="object", title=_("The winner may object"), by_winner=True)
    if "objection" in last.body:
        return Next(deed="hear", title=_("Hear the objection"), roles=refusal.HEARERS)
    return None


_PLAN: Mapping[Claim.State, Callable[[Claim], Next | None]] = {
    State.OPENED: _to_check,
    State.CHECKED: _to_complete,
    State.COMPLETE: _to_sign,
    State.SIGNED: _approval_of,
    State.APPROVED: _to_pay,
    State.PAYING: _to_wait,
    State.PAID: _to_file,
    State.REFUSED: _after_refusal,
}
