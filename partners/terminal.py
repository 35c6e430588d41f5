"""The terminal of an outlet: whose session it is, and what can be done there.

An operator logs in as staff do, with a second factor. His session belongs to the outlet where he
worked when he first came to his terminal; each request asks again whether that still holds, so a
suspended outlet and an ended assignment are refused at once. What can be done at a terminal is
handed up by the rooms whose deeds these are, in their `terminal_deeds.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib.db import door
from lottery_portal.lib.errors import Refused

from . import operators
from .models import Outlet

if TYPE_CHECKING:
    from accounts.models import User


class NotAtAnOutlet(Refused):
    """He is not assigned, or no longer."""

    code, status = "terminal_not_assigned", 403
    message = _("You are not assigned to an outlet, or no longer. Your manager can assign you.")


class OutletSuspended(Refused):
    """The outlet redeems nothing now."""

    code, status = "terminal_outlet_suspended", 403
    message = _(
        "Outlet %(outlet)s is suspended. It redeems no prizes until two people take it back."
    )


class OutletClosed(Refused):
    """The outlet is closed for good."""

    code, status = "terminal_outlet_closed", 403
    message = _("Outlet %(outlet)s is closed for good. It redeems no prizes.")


class SessionOfAnotherOutlet(Refused):
    """He was assigned to another outlet meanwhile."""

    code, status = "terminal_other_outlet", 403
    message = _(
        "You work at another outlet now. Please log out and log in again: a session belongs to one."
    )


@dataclass(frozen=True)
class Deed:
    """Something that can be done at a terminal: what, a line about it, and the page for it."""

    title: str | Promise
    text: str | Promise
    url_name: str
    sign: str = "next"
    order: int = 100


_DEEDS: dict[str, Deed] = {}


def register(deed: Deed) -> None:
    """Make a deed known; called once for each, at start-up."""
    if deed.url_name in _DEEDS:
        message = f"Two deeds at the terminal lead to {deed.url_name}."
        raise RuntimeError(message)
    _DEEDS[deed.url_name] = deed


def deeds() -> Sequence[Deed]:
    """What can be done, in the order of the page."""
    return sorted(_DEEDS.values(), key=lambda deed: deed.order)


@door
def begin(*, user: User, outlet: Outlet) -> None:
    """Put on record that a session of this operator begins at this outlet."""
    trail.record(
        action="partners.terminal_begun",
        actor=user,
        object_type="outlet",
        object_code=outlet.code,
        body={},
    )


def at_work(*, user: User, bound_to: str) -> Outlet:
    """The outlet at which `user` may work now, or a refusal with the reason.

    `bound_to` is the number that his session belongs to, "" before his first page.
    """
    outlet = operators.works_at(user)
    if outlet is None:
        raise NotAtAnOutlet
    if bound_to and bound_to != outlet.code:
        raise SessionOfAnotherOutlet
    if outlet.state == Outlet.State.SUSPENDED:
        raise OutletSuspended(outlet=outlet.code)
    if outlet.state == Outlet.State.CLOSED:
        raise OutletClosed(outlet=outlet.code)
    return outlet
