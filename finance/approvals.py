"""What in this room needs other eyes: money that leaves above the automatic tier (F109)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import approvals
from lottery_portal.lib import codes
from lottery_portal.lib.money import yuan

from . import withdrawals


def _needed(_payload: Mapping[str, Any], _at: datetime) -> int:
    return 1


def _perform(request: approvals.Request, now: datetime) -> None:
    withdrawals.approve(code=request.payload["withdrawal"], approval_code=request.code, now=now)


def _dropped(request: approvals.Request, reason: str, now: datetime) -> None:
    withdrawals.drop(
        code=request.payload["withdrawal"],
        approval_code=request.code,
        is_refused=request.state == "REFUSED",
        reason=reason,
        now=now,
    )


def _words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (_now("Withdrawal"), codes.shown(payload["withdrawal"])),
        (_now("Player"), codes.shown(payload["player"])),
        (_now("Amount"), _now("%(amount)s yuan") % {"amount": yuan(payload["amount_fen"])}),
        (_now("Bank account"), payload["bank"]),
        (_now("Holder of the bank account"), payload.get("holder") or "—"),
        (_now("Verified name of the player"), payload.get("player_name") or "—"),
    ]


approvals.register(
    approvals.Kind(
        name=withdrawals.KIND,
        title=_("Pay out a withdrawal"),
        maker_roles=frozenset({"cashier"}),
        checker_roles=frozenset({"approver", "treasurer"}),
        needed=_needed,
        perform=_perform,
        dropped=_dropped,
        lifetime=timedelta(days=2),
        statements=(
            _("Amount and bank account are those the player asked for."),
            _("The bank account is in the player's own name."),
        ),
        words=_words,
        consequence=_("After signing, the money goes to the bank and cannot be called back."),
    )
)
