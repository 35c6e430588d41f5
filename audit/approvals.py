"""Four eyes: a deed is asked for by one person and done by the word of others (D11).

Each room registers its kinds in its `approvals.py`, found at start-up. The last decision performs
the deed in its own transaction; if the deed is refused, the decision is not kept either.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time, door, violated
from lottery_portal.lib.errors import Refused

from . import canonical, people, trail
from .models import ApprovalDecision, ApprovalRequest, PolicyParameter

UP_TO = "approvals.up_to_fen"  # scope: the kind; value: by role so many fen, null: any amount
READ_IN_FULL = _("I have read the content in full.")
DONE_AT_ONCE = _("After signing, this is done at once and cannot be undone.")


class UnknownRequest(Refused):
    """No such request."""

    code, status = "approval_unknown", 404
    message = _("There is no such request.")


class MayNotAsk(Refused):
    """The maker's post does not let him ask for this."""

    code, status = "approval_maker_role", 403
    message = _("Your post does not let you ask for this.")


class MayNotDecide(Refused):
    """The checker's post does not let him decide this."""

    code, status = "approval_checker_role", 403
    message = _("Your post does not let you decide this.")


class AboveTheTier(Refused):
    """The amount is above what the checker's roles decide on."""

    code, status = "approval_above_tier", 403
    message = _("This amount is above what your post may decide. Somebody with a higher tier must.")


class OnePerson(Refused):
    """Maker and checker are the same human being, under whatever account."""

    code, status = "approval_same_person", 403
    message = _("You asked for this yourself. Another person must decide.")


class DecidedAlready(Refused):
    """One person has one word."""

    code = "approval_decided_already"
    message = _("You have already decided on this request.")


class NoLongerOpen(Refused):
    """Performed, refused or expired."""

    code = "approval_not_open"
    message = _("This request is no longer open.")


class SomethingElse(Refused):
    """What the checker saw is not what was asked."""

    code = "approval_other_content"
    message = _("This is not the content you were shown. Please read it again.")


class ReasonMissing(Refused):
    """A refusal without a reason."""

    code, status = "approval_reason_missing", 400
    message = _("Please say why you refuse.")


class NotOnTheStaff(Refused):
    """Only members of staff ask and decide."""

    code, status = "approval_not_staff", 403
    message = _("Only members of staff ask for approvals and decide on them.")


_REFUSALS: dict[str, type[Refused]] = {
    "approval_maker_on_the_staff": NotOnTheStaff,
    "decision_checker_on_the_staff": NotOnTheStaff,
    "decision_by_another_person": OnePerson,
    "decision_once_per_person": DecidedAlready,
    "decision_on_an_open_request": NoLongerOpen,
    "decision_within_the_tier": AboveTheTier,
    "decision_on_what_was_asked": SomethingElse,
    "decision_refusal_has_reason": ReasonMissing,
}


@dataclass(frozen=True)
class Request:
    """A deed that was asked for, as the doors of other rooms see it."""

    code: str
    kind: str
    payload: Mapping[str, Any]
    digest: str
    amount_fen: int
    maker: Any
    needed: int
    state: str
    requested_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Word:
    """What one checker said of a request."""

    checker: Any
    is_yes: bool
    reason: str
    at: datetime


def one_more(_payload: Mapping[str, Any], _at: datetime) -> int:
    """How many must agree where one other person is enough, whatever it is about."""
    return 1


def _kept_as_it_is(_request: Request, _reason: str, _now: datetime) -> None:
    return None


def _no_page(_payload: Mapping[str, Any]) -> tuple[str, Sequence[str]]:
    return "", ()


def _about_nothing(_payload: Mapping[str, Any]) -> str:
    return ""


def _no_words(_payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return ()


@dataclass(frozen=True)
class Kind:
    """A kind of deed that needs other eyes, registered by the room whose door performs it.

    `perform` runs inside the transaction of the last decision, `dropped` inside the one that
    refuses or expires the request. `statements` are what a checker confirms with his signature;
    `words` says the payload in pairs of label and value for people, `about` names its object in
    lists, where several requests of a kind stand together; `consequence` is what follows; `page`
    is the name and the arguments of the address where a checker reads what his statements speak of.
    """

    name: str
    title: str | Promise
    maker_roles: frozenset[str]
    checker_roles: frozenset[str]
    needed: Callable[[Mapping[str, Any], datetime], int]
    perform: Callable[[Request, datetime], None]
    lifetime: timedelta
    dropped: Callable[[Request, str, datetime], None] = _kept_as_it_is
    statements: Sequence[str | Promise] = (READ_IN_FULL,)
    words: Callable[[Mapping[str, Any]], Sequence[tuple[str, str]]] = _no_words
    about: Callable[[Mapping[str, Any]], str] = _about_nothing
    consequence: str | Promise = DONE_AT_ONCE
    page: Callable[[Mapping[str, Any]], tuple[str, Sequence[str]]] = _no_page


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; called once for each, at start-up."""
    if kind.name in _KINDS:
        message = f"Two kinds of approval are called {kind.name}."
        raise RuntimeError(message)
    _KINDS[kind.name] = kind


def named(code: str) -> str:
    """The code of an approval as people read it; what began the house had none."""
    words = {"GENESIS": _("Initial record"), "DRILL": _("Drill")}
    return str(words[code]) if code in words else codes.shown(code)


def kinds() -> Mapping[str, Kind]:
    """Every kind by its name."""
    return _KINDS


def request(
    *, kind: str, payload: Mapping[str, Any], maker: Any, now: datetime, amount_fen: int = 0
) -> Request:
    """Ask for a deed, in the caller's transaction or in one of its own.

    The payload is written down canonically; what is signed later is that text and nothing else.
    """
    known = _KINDS[kind]
    if not people.roles_of(maker, now) & known.maker_roles:
        raise MayNotAsk
    written = canonical.page(payload)
    try:
        with transaction.atomic():
            begun = database_time()
            row = ApprovalRequest.objects.create(
                kind=kind,
                payload=written,
                digest=canonical.digest(written),
                amount_fen=amount_fen,
                maker=maker,
                needed=known.needed(json.loads(written), now),
                requested_at=begun,
                expires_at=begun + known.lifetime,
            )
            trail.record(
                action="audit.approval_requested",
                actor=maker,
                object_type="approval",
                object_code=row.code,
                body={"kind": kind, "digest": row.digest, "amount_fen": amount_fen},
            )
    except IntegrityError as exc:
        _explain(exc)
        raise
    return as_request(row)


@door
def decide(
    *,
    code: str,
    checker: Any,
    approve: bool,
    reason: str = "",
    now: datetime,
    digest: str | None = None,
) -> Request:
    """Give one checker's word; the last one needed performs the deed in this transaction.

    `digest` is that of the content the checker was shown; without it he stands for the row's own.
    """
    row = ApprovalRequest.objects.select_related("maker").filter(code=code).first()
    if row is None:
        raise UnknownRequest
    kind = _KINDS[row.kind]
    roles = people.roles_of(checker, now) & kind.checker_roles
    if not roles:
        raise MayNotDecide
    most = most_of(row.kind, roles, now)
    if most is not None and row.amount_fen > most:
        raise AboveTheTier
    if not approve and not reason.strip():
        raise ReasonMissing
    try:
        ApprovalDecision.objects.create(
            request=row,
            checker=checker,
            approved=approve,
            reason=reason.strip(),
            digest=row.digest if digest is None else digest,
            decided_at=now,
        )
    except IntegrityError as exc:
        _explain(exc)
        raise
    trail.record(
        action="audit.approval_signed" if approve else "audit.approval_refused",
        actor=checker,
        object_type="approval",
        object_code=row.code,
        body={"kind": row.kind, "digest": row.digest},
    )
    if not approve:
        _end(row, ApprovalRequest.State.REFUSED)
        kind.dropped(as_request(row), reason.strip(), now)
    elif row.decisions.filter(approved=True).count() >= row.needed:
        _end(row, ApprovalRequest.State.PERFORMED)
        kind.perform(as_request(row), now)
    return as_request(row)


def expire_due(*, now: datetime) -> int:
    """End the requests whose time is over, each in a transaction of its own; how many."""
    late = ApprovalRequest.objects.filter(
        state=ApprovalRequest.State.OPEN, expires_at__lte=database_time()
    )
    return sum(_expire(pk, now) for pk in late.order_by("expires_at").values_list("pk", flat=True))


@door
def _expire(pk: int, now: datetime) -> bool:
    row = (
        ApprovalRequest.objects.select_for_update(no_key=True, of=("self",))
        .select_related("maker")
        .get(pk=pk)
    )
    if row.state != ApprovalRequest.State.OPEN:
        return False
    _end(row, ApprovalRequest.State.EXPIRED)
    trail.record(
        action="audit.approval_expired",
        actor=None,
        object_type="approval",
        object_code=row.code,
        body={"kind": row.kind, "digest": row.digest},
    )
    _KINDS[row.kind].dropped(as_request(row), "expired", now)
    return True


def _end(row: ApprovalRequest, state: ApprovalRequest.State) -> None:
    """Used once: exactly one caller ends an open request. The database writes the time."""
    won = ApprovalRequest.objects.filter(pk=row.pk, state=ApprovalRequest.State.OPEN).update(
        state=state
    )
    if not won:
        raise NoLongerOpen
    row.state = state


def as_request(row: ApprovalRequest) -> Request:
    """The row as other rooms see it."""
    return Request(
        code=row.code,
        kind=row.kind,
        payload=json.loads(row.payload),
        digest=row.digest,
        amount_fen=row.amount_fen,
        maker=row.maker,
        needed=row.needed,
        state=row.state,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
    )


def find(code: str) -> Request:
    """The request of this code, or `UnknownRequest`."""
    row = ApprovalRequest.objects.select_related("maker").filter(code=code).first()
    if row is None:
        raise UnknownRequest
    return as_request(row)


def found(codes: Collection[str]) -> dict[str, Request]:
    """The requests of these codes that there are."""
    rows = ApprovalRequest.objects.select_related("maker").filter(code__in=codes)
    return {row.code: as_request(row) for row in rows}


def under_way(kind: str) -> list[Request]:
    """The open requests of this kind, the oldest first."""
    rows = ApprovalRequest.objects.select_related("maker").filter(
        kind=kind, state=ApprovalRequest.State.OPEN
    )
    return [as_request(row) for row in rows.order_by("pk")]


def words_on(code: str) -> list[Word]:
    """What each checker said of a request, in their order."""
    rows = ApprovalDecision.objects.select_related("checker").filter(request__code=code)
    return [
        Word(row.checker, row.approved, row.reason, row.decided_at)
        for row in rows.order_by("decided_at", "pk")
    ]


def waiting_for(roles: frozenset[str], at: datetime) -> dict[str, int | None]:
    """The kinds that somebody with these roles may decide, and up to how many fen; None: any."""
    his = {kind.name: roles & kind.checker_roles for kind in _KINDS.values()}
    tiers = _tiers(list(his), at)
    return {name: _most(tiers.get(name), held) for name, held in his.items() if held}


def most_of(kind: str, roles: Collection[str], at: datetime) -> int | None:
    """Up to how many fen somebody with these roles decides on a kind; None: any amount (F120)."""
    return _most(_tiers([kind], at).get(kind), roles)


def _tiers(kinds: Collection[str], at: datetime) -> dict[str, Mapping[str, int | None]]:
    """By kind and role the amount up to which it decides; a kind without tiers is not there."""
    rows = PolicyParameter.objects.filter(key=UP_TO, scope__in=kinds, valid_from__lte=at)
    return dict(
        rows.order_by("scope", "-valid_from").distinct("scope").values_list("scope", "value")
    )


def _most(tiers: Mapping[str, int | None] | None, roles: Collection[str]) -> int | None:
    if tiers is None:
        return None
    found = [tiers[role] for role in roles if role in tiers]
    known = [most for most in found if most is not None]
    return None if len(known) < len(found) else max(known, default=0)


def _explain(exc: IntegrityError) -> None:
    if refusal := _REFUSALS.get(violated(exc)):
        raise refusal from exc
