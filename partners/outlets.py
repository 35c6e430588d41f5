"""Which outlets and centres there are: admitted by two people, suspended by one, at once (F176).

A suspended outlet redeems nothing and stands on no public page from that moment; two people take
it back. Closed is for good. The database moves the state only by the row that says who and why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from lottery_portal.lib.db import change, door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import hours, outlet_codes
from .models import Outlet, OutletChange

KIND = "partners.outlet"
RETURN_KIND = "partners.outlet_return"
PHONE = re.compile(r"\+?[0-9][0-9 -]{5,18}[0-9]")
LONGEST_REASON = 200

State = Outlet.State


class OutletUnknown(Refused):
    """No such outlet."""

    code, status = "outlet_unknown", 404
    message = _("There is no outlet %(outlet)s. Please check the last digit, the check digit.")


class OutletKnown(Refused):
    """Somebody has that number."""

    code = "outlet_known"
    message = _("Another outlet has this number. Please ask once more.")


class PhoneUnreadable(Refused):
    """Not a phone number."""

    code, status = "outlet_phone_unreadable", 400
    message = _("Please give a phone number in digits, like 010-6500 0001.")


class OutletNotInThisState(Refused):
    """It is closed, or suspended already."""

    code = "outlet_state"
    message = _("This outlet has another state by now: %(state)s.")


class OutletReasonMissing(Refused):
    """Who suspends, takes back or closes says why."""

    code, status = "outlet_reason_missing", 400
    message = _("Please say why.")


class NotAsAgreed(Refused):
    """The database found no approval of just this."""

    code = "outlet_not_agreed"
    message = _("This needs the word of two people, and theirs was about something else.")


_REFUSALS: dict[str, type[Refused]] = {
    "outlet_by_agreement": NotAsAgreed,
    "outlet_returns_by_agreement": NotAsAgreed,
    "partners_outlet_code_key": OutletKnown,
    "outlet_change_has_reason": OutletReasonMissing,
}


def request(
    *,
    kind: str,
    name: str,
    province: str,
    district: str,
    address: str,
    hours_text: str,
    phone: str,
    maker: Any,
    now: datetime,
) -> approvals.Request:
    """Ask for an outlet or a centre to be admitted; it stands in the register once others agree."""
    return approvals.request(
        kind=KIND,
        payload={
            "code": outlet_codes.new_code(),
            "kind": Outlet.Kind(kind).value,
            "name": name.strip(),
            "province": province.strip(),
            "district": district.strip(),
            "address": address.strip(),
            "hours": hours.checked(hours_text),
            "phone": _phone(phone),
        },
        maker=maker,
        now=now,
    )


@inside_transaction
def admit(*, payload: Mapping[str, Any], approval_code: str, actor: Any, now: datetime) -> Outlet:
    """Record the outlet of an approved request; it may redeem nothing before it has authority."""
    try:
        with transaction.atomic():
            outlet = Outlet.objects.create(
                **payload, state=State.ACTIVE, since=now, approval_code=approval_code
            )
    except IntegrityError as exc:
        _explain(exc)
        raise
    outlet.refresh_from_db(fields=["since"])
    trail.record(
        action="partners.outlet_admitted",
        actor=actor,
        object_type="outlet",
        object_code=outlet.code,
        body={**payload, "approval": approval_code},
    )
    return outlet


@door
def suspend(*, outlet: Outlet, reason: str, actor: Any, now: datetime) -> Outlet:
    """Stop an outlet at once: it redeems nothing more, whatever authority it has.

    Payments under way are waited for; what comes after is refused by the database.
    """
    return _move(outlet, State.SUSPENDED, reason=reason, actor=actor, now=now)


@door
def close(*, outlet: Outlet, reason: str, actor: Any, now: datetime) -> Outlet:
    """Close an outlet for good, at once."""
    return _move(outlet, State.CLOSED, reason=reason, actor=actor, now=now)


def request_return(*, outlet: Outlet, reason: str, maker: Any, now: datetime) -> approvals.Request:
    """Ask for a suspended outlet to be taken back; it works again once others agree."""
    if outlet.state != State.SUSPENDED:
        raise OutletNotInThisState(state=outlet.get_state_display())
    return approvals.request(
        kind=RETURN_KIND,
        payload={"outlet": outlet.code, "reason": _reason(reason)},
        maker=maker,
        now=now,
    )


@inside_transaction
def take_back(
    *, payload: Mapping[str, Any], approval_code: str, actor: Any, now: datetime
) -> Outlet:
    """Take back the outlet of an approved request."""
    return _move(
        find(payload["outlet"]),
        State.ACTIVE,
        reason=payload["reason"],
        actor=actor,
        now=now,
        approval_code=approval_code,
    )


@door
def correct(*, outlet: Outlet, hours_text: str, phone: str, actor: Any) -> Outlet:
    """Write down other opening hours or another phone number; the public reads them at once."""
    said = {"hours": hours.checked(hours_text), "phone": _phone(phone)}
    locked = Outlet.objects.select_for_update(no_key=True).get(pk=outlet.pk)
    before = {"hours": locked.hours, "phone": locked.phone}
    if said == before:
        return locked
    change(locked, **said)
    trail.record(
        action="partners.outlet_corrected",
        actor=actor,
        object_type="outlet",
        object_code=locked.code,
        body={"before": before, **said},
    )
    return locked


def find(code: str) -> Outlet:
    """The outlet of this number, as typed or as stored, or `OutletUnknown`."""
    found = Outlet.objects.filter(code=outlet_codes.typed(code)).first()
    if found is None:
        raise OutletUnknown(outlet=code)
    return found


def every() -> Sequence[Outlet]:
    """All there are or were: what works first, centres before outlets, by place."""
    order = {state: place for place, state in enumerate((State.ACTIVE, State.SUSPENDED))}
    rows = Outlet.objects.order_by("kind", "province", "district", "name", "pk")
    return sorted(rows, key=lambda outlet: order.get(State(outlet.state), len(order)))


@inside_transaction
def _move(
    outlet: Outlet,
    state: Outlet.State,
    *,
    reason: str,
    actor: Any,
    now: datetime,
    approval_code: str = "",
) -> Outlet:
    reason = _reason(reason)
    try:
        with transaction.atomic():
            row = OutletChange.objects.create(
                outlet=outlet,
                from_state=outlet.state,
                to_state=state,
                reason=reason,
                actor=actor,
                approval_code=approval_code,
                changed_at=now,  # the database writes its own clock over it
            )
    except IntegrityError as exc:
        if violated(exc) == "outlet_goes_this_way":
            outlet.refresh_from_db(fields=["state"])
            raise OutletNotInThisState(state=outlet.get_state_display()) from exc
        _explain(exc)
        raise
    row.refresh_from_db(fields=["from_state", "changed_at"])
    outlet.refresh_from_db(fields=["state"])
    trail.record(
        action=f"partners.outlet_{state.lower()}",
        actor=actor,
        object_type="outlet",
        object_code=outlet.code,
        body={"from": row.from_state, "reason": reason, "approval": approval_code},
    )
    return outlet


def _explain(exc: IntegrityError) -> None:
    if refusal := _REFUSALS.get(violated(exc)):
        raise refusal from exc


def _reason(text: str) -> str:
    reason = text.strip()[:LONGEST_REASON]
    if not reason:
        raise OutletReasonMissing(fields=["reason"])
    return reason


def _phone(text: str) -> str:
    phone = " ".join(text.split())
    if not PHONE.fullmatch(phone):
        raise PhoneUnreadable(fields=["phone"])
    return phone
