"""What an outlet may redeem: by game and amount, for a time, as two people agreed (F178).

`may` asks the database's own function, `partners_may_redeem`, which the guards of payments ask as
well: who may not, cannot pay. Several authorities of an outlet add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import game_names, outlets
from .models import ClaimAuthority, ClaimAuthorityEnd, Outlet

KIND = "partners.claim_authority"
LONGEST_REASON = 200
# From so many fen on an authority has no ceiling: no ticket wins as much.
NO_CEILING = 1_000_000_000_00


class NoAuthority(Refused):
    """The outlet may not redeem this prize."""

    code, status = "claim_authority_missing", 403
    message = _("This outlet is not authorised to redeem this prize.")


class AuthorityUnknown(Refused):
    """No such authority, or it is over."""

    code, status = "authority_unknown", 404
    message = _("There is no such authority, or it has ended.")


class AuthorityGameUnknown(Refused):
    """It names a game that there is not."""

    code, status = "authority_game_unknown", 400
    message = _("There is no game %(game)s.")


class AuthorityAmountWrong(Refused):
    """An authority is up to some amount."""

    code, status = "authority_amount_wrong", 400
    message = _("Please give the amount up to which the outlet redeems.")


class AuthorityEndsTooEarly(Refused):
    """It would end before it begins."""

    code, status = "authority_ends_too_early", 400
    message = _("An authority ends after it begins.")


class AuthorityReasonMissing(Refused):
    """Who takes it back says why."""

    code, status = "authority_reason_missing", 400
    message = _("Please say why.")


_REFUSALS: dict[str, type[Refused]] = {
    "authority_by_agreement": outlets.NotAsAgreed,
    "authority_of_a_standing_outlet": outlets.OutletNotInThisState,
    "authority_up_to_positive": AuthorityAmountWrong,
    "authority_ends_after_it_begins": AuthorityEndsTooEarly,
    "authority_end_has_reason": AuthorityReasonMissing,
    "partners_claimauthorityend_authority_id_key": AuthorityUnknown,
}


def may(*, outlet: str, game: str, fen: int, at: datetime) -> bool:
    """Whether the outlet of this number may redeem a prize of `fen` of a game at a moment.

    The outlet must be active, and an authority in force must cover game and amount. Inside a
    transaction the outlet stays as it is until its end: a suspension waits, or has come before.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT partners_may_redeem(%s, %s, %s, %s)", [outlet, game, fen, at])
        return bool(cursor.fetchone()[0])


def check(*, outlet: str, game: str, fen: int, at: datetime) -> None:
    """Raise `NoAuthority` unless the outlet may redeem this."""
    if not may(outlet=outlet, game=game, fen=fen, at=at):
        raise NoAuthority(outlet=outlet)


def request(
    *,
    outlet: Outlet,
    game: str,
    up_to: int,
    maker: Any,
    now: datetime,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> approvals.Request:
    """Ask for authority to redeem prizes of a game ("" is all) up to so many fen.

    It begins at `valid_from` or with the approval, whichever is later.
    """
    if outlet.state == Outlet.State.CLOSED:
        raise outlets.OutletNotInThisState(state=outlet.get_state_display())
    if game and game not in game_names.known():
        raise AuthorityGameUnknown(game=game, fields=["game"])
    if up_to <= 0:
        raise AuthorityAmountWrong(fields=["up_to"])
    if valid_until is not None and valid_until <= max(valid_from or now, now):
        raise AuthorityEndsTooEarly(fields=["valid_until"])
    return approvals.request(
        kind=KIND,
        payload={
            "outlet": outlet.code,
            "game": game,
            "up_to_fen": up_to,
            "valid_from": valid_from.isoformat() if valid_from else None,
            "valid_until": valid_until.isoformat() if valid_until else None,
        },
        maker=maker,
        now=now,
        amount_fen=up_to,
    )


@inside_transaction
def grant(
    *, payload: Mapping[str, Any], approval_code: str, actor: Any, now: datetime
) -> ClaimAuthority:
    """Record the authority of an approved request."""
    outlet = outlets.find(payload["outlet"])
    since, until = (
        datetime.fromisoformat(payload[name]) if payload[name] else None
        for name in ("valid_from", "valid_until")
    )
    try:
        with transaction.atomic():
            row = ClaimAuthority.objects.create(
                outlet=outlet,
                game=payload["game"],
                up_to=payload["up_to_fen"],
                valid_from=since or now,  # no earlier than the database's clock says it is
                valid_until=until,
                approval_code=approval_code,
                recorded_at=now,
            )
    except IntegrityError as exc:
        _explain(exc, outlet)
        raise
    row.refresh_from_db(fields=["valid_from", "recorded_at"])
    trail.record(
        action="partners.authority_granted",
        actor=actor,
        object_type="outlet",
        object_code=outlet.code,
        body={**payload, "approval": approval_code},
    )
    return row


@door
def end(*, authority: ClaimAuthority, reason: str, actor: Any, now: datetime) -> ClaimAuthorityEnd:
    """Take an authority back, at once."""
    reason = reason.strip()[:LONGEST_REASON]
    if not reason:
        raise AuthorityReasonMissing(fields=["reason"])
    try:
        with transaction.atomic():
            row = ClaimAuthorityEnd.objects.create(
                authority=authority,
                reason=reason,
                actor=actor,
                ended_at=now,  # the database writes its own clock over it
            )
    except IntegrityError as exc:
        _explain(exc, authority.outlet)
        raise
    row.refresh_from_db(fields=["ended_at"])
    trail.record(
        action="partners.authority_ended",
        actor=actor,
        object_type="outlet",
        object_code=authority.outlet.code,
        body={"approval": authority.approval_code, "game": authority.game, "reason": reason},
    )
    return row


def find(outlet: Outlet, approval_code: str) -> ClaimAuthority:
    """The authority of this outlet that an approval gave, or `AuthorityUnknown`."""
    row = (
        ClaimAuthority.objects.select_related("outlet")
        .filter(outlet=outlet, approval_code=approval_code)
        .first()
    )
    if row is None:
        raise AuthorityUnknown
    return row


def of(outlet: Outlet) -> Sequence[ClaimAuthority]:
    """Every authority the outlet has or had, the newest first, with its end."""
    rows = ClaimAuthority.objects.filter(outlet=outlet).select_related("end__actor__staff_member")
    return list(rows.order_by("-recorded_at", "-pk"))


def _explain(exc: IntegrityError, outlet: Outlet) -> None:
    refusal = _REFUSALS.get(violated(exc))
    if refusal is outlets.OutletNotInThisState:
        raise refusal(state=outlet.get_state_display()) from exc
    if refusal:
        raise refusal from exc
