"""Who works at which outlet: one outlet at a time, and only who holds the post (S1 §三 1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts import who
from accounts.models import StaffMember
from audit import trail
from lottery_portal.lib.db import change, door, violated
from lottery_portal.lib.errors import Refused

from .models import Outlet, OutletOperator

if TYPE_CHECKING:
    from accounts.models import User


class OperatorWithoutPost(Refused):
    """He does not hold the post of an outlet operator."""

    code = "operator_without_post"
    message = _("This person does not hold the post of an outlet operator.")


class OperatorElsewhere(Refused):
    """He works at an outlet already."""

    code = "operator_elsewhere"
    message = _("This person works at an outlet already. End that first.")


class OperatorOfHimself(Refused):
    """Nobody assigns himself."""

    code, status = "operator_of_himself", 403
    message = _("Somebody else must assign you.")


class OutletIsClosed(Refused):
    """Nobody works at an outlet that is closed for good."""

    code = "operator_outlet_closed"
    message = _("This outlet is closed for good.")


class OperatorNotHere(Refused):
    """He does not work at this outlet, or no longer."""

    code, status = "operator_not_here", 404
    message = _("This person does not work at this outlet, or no longer.")


_REFUSALS: dict[str, type[Refused]] = {
    "operator_holds_the_post": OperatorWithoutPost,
    "operator_at_one_outlet": OperatorElsewhere,
    "operator_assigned_by_another": OperatorOfHimself,
    "operator_of_a_standing_outlet": OutletIsClosed,
}


@door
def assign(*, outlet: Outlet, user: User, actor: User, now: datetime) -> OutletOperator:
    """Have an operator work at an outlet from now on."""
    try:
        with transaction.atomic():
            row = OutletOperator.objects.create(
                outlet=outlet,
                user=user,
                assigned_by=actor,
                valid_from=now,  # the database writes its own clock over it
            )
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise
    row.refresh_from_db(fields=["valid_from"])
    trail.record(
        action="partners.operator_assigned",
        actor=actor,
        object_type="outlet",
        object_code=outlet.code,
        body={"operator": user.username},
    )
    return row


@door
def end(*, outlet: Outlet, user: User, actor: User, now: datetime) -> OutletOperator:
    """He works there no longer: his terminal refuses him at once."""
    row = (
        OutletOperator.objects.select_for_update(no_key=True)
        .filter(outlet=outlet, user=user, valid_until__isnull=True)
        .first()
    )
    if row is None:
        raise OperatorNotHere
    change(row, valid_until=now)  # the database writes its own clock over it
    row.refresh_from_db(fields=["valid_until"])
    trail.record(
        action="partners.operator_ended",
        actor=actor,
        object_type="outlet",
        object_code=outlet.code,
        body={"operator": user.username},
    )
    return row


def works_at(user: User) -> Outlet | None:
    """The outlet where this user works now; whatever its state."""
    row = (
        OutletOperator.objects.select_related("outlet")
        .filter(user=user, valid_until__isnull=True)
        .first()
    )
    return row.outlet if row else None


def of(outlet: Outlet) -> Sequence[OutletOperator]:
    """Everybody who works or worked there; who works there now first."""
    rows = OutletOperator.objects.filter(outlet=outlet).select_related("user__staff_member")
    return sorted(rows, key=lambda row: (row.valid_until is not None, -row.valid_from.timestamp()))


def free(now: datetime) -> Sequence[StaffMember]:
    """Members of staff who hold the post and work at no outlet yet."""
    held = who.postings_held(now).filter(post__roles__contains=[who.OUTLET_OPERATOR])
    placed = OutletOperator.objects.filter(valid_until__isnull=True)
    return list(
        StaffMember.objects.filter(person__in=held.values("person"))
        .exclude(user__in=placed.values("user"))
        .select_related("user")
        .order_by("display_name", "pk")
    )
