"""Colleagues with a post, made through the doors, and a harmless deed that needs four eyes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from accounts import demo, staff
from accounts.models import StaffMember
from audit import approvals, trail
from lottery_portal.lib.errors import Refused

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
KIND = "tests.note"


class NoteRefused(Refused):
    """The deed says no."""

    code = "tests_note_refused"
    message = "The note was refused."


def employ(name: str, *posts: str, same_person_as: StaffMember | None = None) -> StaffMember:
    """A member of staff with these posts; the number of the person follows from the name."""
    sequence = int.from_bytes(name.encode(), "big") % 900 + 100
    birth = date(1980, 1, 1) + timedelta(days=int.from_bytes(name.encode(), "big") % 7000)
    if same_person_as is None:
        citizen_id = demo.citizen_id(birth, sequence)
    else:
        citizen_id = same_person_as.person.citizen_id.reveal()
    member = staff.employ(
        staff_name=name,
        display_name=name.title(),
        who_is=staff.Identity(name=name, citizen_id=citizen_id, birth=birth),
        password=demo.PASSWORD,
        actor=None,
        now=NOW,
    )
    for post in posts:
        staff.appoint_at_genesis(member, post, now=NOW)
    return member


def _perform(request: approvals.Request, _now: datetime) -> None:
    if request.payload.get("refuses"):
        raise NoteRefused
    trail.record(
        action="tests.noted", actor=request.maker, object_type="note", object_code=request.code
    )


def _dropped(request: approvals.Request, reason: str, _now: datetime) -> None:
    trail.record(
        action="tests.dropped",
        actor=None,
        object_type="note",
        object_code=request.code,
        body={"reason": reason},
    )


@contextmanager
def note_kind(*, needed: int = 1, lifetime: timedelta = timedelta(hours=1)) -> Iterator[str]:
    """A kind of deed that writes a line into the trail, known for the length of one test."""
    before = approvals._KINDS.pop(KIND, None)
    approvals.register(
        approvals.Kind(
            name=KIND,
            title="Write a note",
            maker_roles=frozenset({"cashier"}),
            checker_roles=frozenset({"approver", "compliance"}),
            needed=lambda _payload, _now: needed,
            perform=_perform,
            lifetime=lifetime,
            dropped=_dropped,
        )
    )
    try:
        yield KIND
    finally:
        approvals._KINDS.pop(KIND)
        if before is not None:
            approvals.register(before)


def ask(maker: StaffMember, payload: Mapping[str, Any] | None = None) -> approvals.Request:
    """Ask for the harmless deed."""
    return approvals.request(
        kind=KIND, payload=payload or {"note": "hello"}, maker=maker.user, now=NOW
    )


def actions() -> list[str]:
    """What the trail says about approvals and notes, oldest first."""
    found = trail.read(trail.Filters()).order_by("pk").values_list("action", flat=True)
    return [a for a in found if a.startswith(("tests.", "audit.approval"))]
