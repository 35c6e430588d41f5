"""Cases: what does not agree waits for a person, with an owner and a date, and does not get lost.

Each activity registers its kinds with `register`, found at start-up. A case is opened once while it
is open, taken by one member of staff, and settled in words; past its date it escalates: an alarm,
and the treasurer's desk (F121).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit import alarms, canonical, people, policies, trail
from lottery_portal.lib import dates
from lottery_portal.lib.db import change, door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from .models import Case

logger = logging.getLogger(__name__)

State = Case.State
DUE_DAYS = "case.due_days"
OVERDUE = "finance.case_overdue"
AT_ONCE = 200
LONGEST_WORD = 500
CODE_LENGTH = 64


class CaseUnknown(Refused):
    """No such case."""

    code, status = "case_unknown", 404
    message = _("There is no such case.")


class CaseSettled(Refused):
    """Somebody was faster."""

    code = "case_settled"
    message = _("This case is settled already.")


class MayNotHandle(Refused):
    """The post does not let him, or the case is about himself."""

    code, status = "case_role", 403
    message = _("Your post does not let you handle this case.")


class OwnCase(Refused):
    """Nobody clears up what is about himself."""

    code, status = "case_own", 403
    message = _("This case is about yourself. Colleagues must handle it.")


class TakenByAnother(Refused):
    """A case has one owner; another takes it over before he settles it."""

    code = "case_taken"
    message = _("A colleague has taken this case. Take it over first.")


class WordMissing(Refused):
    """A note or a settlement without a word."""

    code, status = "case_word_missing", 400
    message = _("Please write down what you found and what was done.")


def _no_person(_case: Case) -> str:
    return ""


def _nothing(_case: Case, _actor: Any, _now: datetime) -> None:
    return None


def _no_facts(_case: Case) -> Sequence[tuple[str, str]]:
    return ()


def _no_address(_case: Case) -> str:
    return ""


@dataclass(frozen=True)
class Kind:
    """A kind of case, registered by the activity that opens it.

    `person` is the code of the person it is about, who may not handle it. `resolved` runs inside
    the transaction in which a person settles it, and may refuse: what is still wrong stays open.
    `words` says the facts in pairs of label and value; `address` is the page of the thing itself.
    A case that `ends_there` is settled on that page, with the thing, and not by words alone.
    """

    name: str
    title: str | Promise
    roles: frozenset[str]
    words: Callable[[Case], Sequence[tuple[str, str]]] = _no_facts
    person: Callable[[Case], str] = _no_person
    resolved: Callable[[Case, Any, datetime], None] = _nothing
    address: Callable[[Case], str] = _no_address
    ends_there: bool = False


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; called once for each, at start-up."""
    if kind.name in _KINDS:
        message = f"Two kinds of case are called {kind.name}."
        raise RuntimeError(message)
    _KINDS[kind.name] = kind


def kind_of(case: Case) -> Kind:
    """The kind of a case; one that nobody registers any more is handled by treasurers."""
    known = _KINDS.get(case.kind)
    return known or Kind(name=case.kind, title=case.kind, roles=frozenset({"treasurer"}))


def kinds() -> Mapping[str, Kind]:
    """Every kind by its name."""
    return _KINDS


@inside_transaction
def open_(
    *,
    kind: str,
    object_type: str,
    object_code: str,
    facts: Mapping[str, Any],
    now: datetime,
    due_on: date | None = None,
    owner: Any = None,
) -> Case:
    """Open a case, or return the one that is open for this object already.

    Without a date it is due after the days the policy gives its kind. Who is named as its `owner`
    has it from the start. No personal data in `facts`.
    """
    if kind not in _KINDS:
        message = f"Nobody registered cases called {kind}."
        raise RuntimeError(message)
    about = {"kind": kind, "object_type": object_type, "object_code": object_code[:CODE_LENGTH]}
    is_open = Case.objects.filter(**about, state=State.OPEN)
    if known := is_open.first():
        return known
    try:
        with transaction.atomic():
            case = Case.objects.create(
                **about,
                facts=canonical.plain(facts),
                opened_at=now,
                due_on=due_on or _due_on(kind, now),
                owner=owner,
                assigned_at=now if owner is not None else None,
            )
            _record("finance.case_opened", case, None, {"kind": kind, "facts": case.facts})
    except IntegrityError as exc:
        if violated(exc) != "case_once_while_open":
            raise
        return is_open.get()
    return case


@door
def assign(*, code: str, actor: Any, now: datetime, owner: Any = None) -> Case:
    """Take a case, or give it to a colleague whose post fits; takes it over from whoever had it."""
    case = _locked(code)
    chosen = actor if owner is None else owner
    for one in (actor, chosen):
        _check_may(case, one, now)
    change(case, owner=chosen, assigned_at=now)
    _record("finance.case_taken", case, actor, {"owner": chosen.get_username()})
    return case


@door
def note(*, code: str, actor: Any, text: str, now: datetime) -> Case:
    """Write down what was found so far; it stays in the trail of the case."""
    case = _locked(code)
    _check_may(case, actor, now)
    _record("finance.case_noted", case, actor, {"note": _word(text)})
    return case


@door
def resolve(*, code: str, actor: Any, resolution: str, now: datetime) -> Case:
    """Settle a case in words; what nobody has taken is his who settles it.

    Its kind may refuse while the thing itself is still wrong.
    """
    case = _locked(code)
    word = _word(resolution)
    _check_his(case, actor, now)
    kind_of(case).resolved(case, actor, now)
    _settle(case, actor, word, now)
    return case


@inside_transaction
def settle(
    *,
    kind: str,
    object_type: str,
    object_code: str,
    resolution: str,
    now: datetime,
    actor: Any = None,
) -> Case | None:
    """Settle a case because the thing itself is right again; None if none is open.

    Where a person put it right he is the `actor`, and must be one who may settle this case.
    """
    case = (
        Case.objects.select_for_update(no_key=True, of=("self",))
        .filter(
            kind=kind,
            object_type=object_type,
            object_code=object_code[:CODE_LENGTH],
            state=State.OPEN,
        )
        .first()
    )
    if case is not None:
        if actor is not None:
            _check_his(case, actor, now)
        _settle(case, actor, _word(resolution), now)
    return case


def escalate_due(*, now: datetime) -> int:
    """Escalate every open case whose day is over, each once and on its own; how many."""
    today = dates.in_shanghai(now).date()
    late = Case.objects.filter(state=State.OPEN, due_on__lt=today, escalated_at__isnull=True)
    codes = list(late.order_by("due_on", "pk").values_list("code", flat=True)[:AT_ONCE])
    return sum(_escalate(code, now) for code in codes)


def open_now(*, roles: frozenset[str] | None = None) -> QuerySet[Case]:
    """The open cases, those due first ahead; of the kinds that `roles` handle, if given."""
    found = Case.objects.filter(state=State.OPEN).select_related("owner")
    if roles is not None:
        found = found.filter(kind__in=[kind.name for kind in _KINDS.values() if kind.roles & roles])
    return found.order_by("due_on", "opened_at", "pk")


def past() -> QuerySet[Case]:
    """The cases that are settled, newest first."""
    found = Case.objects.filter(state=State.RESOLVED).select_related("owner", "resolved_by")
    return found.order_by("-resolved_at", "-pk")


def of_kind(kind: str) -> QuerySet[Case]:
    """Every case of one kind: the open ones first, then the newest."""
    found = Case.objects.filter(kind=kind).select_related("owner")
    return found.order_by("state", "-opened_at", "-pk")


def find(code: str) -> Case:
    """The case of this code, or `CaseUnknown`."""
    found = Case.objects.select_related("owner", "resolved_by").filter(code=code).first()
    if found is None:
        raise CaseUnknown
    return found


def about(*, object_type: str, object_code: str) -> list[Case]:
    """The cases of a thing, open ones first, then newest first."""
    found = Case.objects.filter(object_type=object_type, object_code=object_code[:CODE_LENGTH])
    return sorted(
        found.select_related("owner").order_by("-opened_at", "-pk"),
        key=lambda case: case.state != State.OPEN,
    )


def may_handle(case: Case, roles: frozenset[str]) -> bool:
    """Whether somebody with these roles may take, note and settle it."""
    return bool(kind_of(case).roles & roles)


def _due_on(kind: str, now: datetime) -> date:
    days = int(policies.read(DUE_DAYS, at=now, scope=kind))
    return dates.in_shanghai(now).date() + timedelta(days=days)


def _locked(code: str) -> Case:
    case = (
        Case.objects.select_for_update(no_key=True, of=("self",))
        .select_related("owner")
        .filter(code=code)
        .first()
    )
    if case is None:
        raise CaseUnknown
    if case.state != State.OPEN:
        raise CaseSettled
    return case


def _check_may(case: Case, actor: Any, now: datetime) -> None:
    kind = kind_of(case)
    if not may_handle(case, people.roles_of(actor, now)):
        raise MayNotHandle
    person = kind.person(case)
    if person and person == people.person_of(actor):
        raise OwnCase


def _check_his(case: Case, actor: Any, now: datetime) -> None:
    """Only its owner settles a case; what nobody has taken is his from here on."""
    _check_may(case, actor, now)
    if case.owner_id is not None and case.owner_id != actor.pk:
        raise TakenByAnother
    if case.owner_id is None:
        change(case, owner=actor, assigned_at=now)


def _word(text: str) -> str:
    if not text.strip():
        raise WordMissing
    return text.strip()[:LONGEST_WORD]


def _settle(case: Case, actor: Any, resolution: str, now: datetime) -> None:
    change(case, state=State.RESOLVED, resolution=resolution, resolved_at=now, resolved_by=actor)
    _record("finance.case_resolved", case, actor, {"resolution": resolution})
    alarms.settle(kind=OVERDUE, object_type="case", object_code=case.code, now=now)


@door
def _escalate(code: str, now: datetime) -> bool:
    try:
        case = _locked(code)
    except Refused:
        return False
    if case.escalated_at is not None:
        return False
    change(case, escalated_at=now)
    alarms.raise_alarm(
        kind=OVERDUE,
        object_type="case",
        object_code=case.code,
        facts={"what": case.kind, "due_on": case.due_on.isoformat()},
        now=now,
    )
    _record("finance.case_escalated", case, None, {"due_on": case.due_on.isoformat()})
    return True


def _record(action: str, case: Case, actor: Any, body: Mapping[str, Any]) -> None:
    trail.record(
        action=action,
        actor=actor,
        object_type="case",
        object_code=case.code,
        body={"about": f"{case.object_type} {case.object_code}", **body},
    )


alarms.register(kind=OVERDUE, title=_("A case of finance is overdue"))
