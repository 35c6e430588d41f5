"""Where cash desks stand and who may have them: what pages offer for choice (F278).

A desk is kept by the code of its place; people know the place by its name, and their colleagues
by theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from accounts import who
from accounts.models import StaffMember
from partners import operators, outlets
from partners.models import Outlet

from .cash_desks import HOLDERS
from .models import CashDesk


def choices() -> Sequence[tuple[str, str]]:
    """Code and name of each place that works: there a desk may be set up."""
    return [
        (outlet.code, f"{outlet.name} ({outlet.get_kind_display()})")
        for outlet in outlets.every()
        if outlet.state == Outlet.State.ACTIVE
    ]


def kind_of(place: str) -> str:
    """Whether a place is an outlet or a centre; refuses a code that nobody has."""
    return outlets.find(place).kind


def names() -> Mapping[str, str]:
    """The name of every place there is or was, by its code."""
    return {outlet.code: outlet.name for outlet in outlets.every()}


def name_of(place: str) -> str:
    """The name of one place; its code where nobody has it."""
    return names().get(place, place)


def takers(desk: CashDesk, *, now: datetime) -> Sequence[tuple[str, str]]:
    """Log-in code and name of who may take this desk: cashiers, treasurers, operators of the place.

    Who has it now is not among them.
    """
    found: dict[int, StaffMember] = {}
    for role in sorted(HOLDERS):
        held = who.postings_held(now).filter(post__roles__contains=[role])
        for member in StaffMember.objects.filter(person__in=held.values("person")).select_related(
            "user"
        ):
            if role != who.OUTLET_OPERATOR or _works_there(member, desk):
                found[member.user_id] = member
    found.pop(desk.holder_id or 0, None)
    return [
        (member.user.username, member.display_name)
        for member in sorted(found.values(), key=lambda one: (one.display_name, one.pk))
    ]


def _works_there(member: StaffMember, desk: CashDesk) -> bool:
    place = operators.works_at(member.user)
    return place is None or place.code == desk.place
