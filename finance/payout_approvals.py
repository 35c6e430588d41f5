"""Withdrawals that come back after all need other eyes, too (F109, F112, F120)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import approvals
from lottery_portal.lib import codes
from lottery_portal.lib.money import with_unit

from . import account_words, recalls


def _perform(request: approvals.Request, now: datetime) -> None:
    recalls.perform(request=request, now=now)


def _words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (_now("Withdrawal"), codes.shown(payload["withdrawal"])),
        (_now("Player"), codes.shown(payload["player"])),
        (_now("Amount"), with_unit(payload["amount_fen"])),
        (_now("Bank account"), payload["bank"]),
        (_now("Reason"), payload["reason"]),
        *(_line(payload) if payload.get("line") else ()),
    ]


def _line(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The line that is said to be this payout, though it does not name it."""
    account, said = payload["line_account"], payload["line_words"]
    return [
        (_now("Statement of"), account_words.named(account)),
        (_now("Booked on"), payload["line_on"]),
        (_now("What the line says"), said or _now("nothing")),
    ]


approvals.register(
    approvals.Kind(
        name=recalls.RECALL_KIND,
        title=_("Call an approved withdrawal back"),
        maker_roles=frozenset({"cashier", "treasurer"}),
        checker_roles=frozenset({"approver", "treasurer"}),
        needed=approvals.one_more,
        perform=_perform,
        lifetime=timedelta(days=2),
        statements=(_("It has not been sent, and the reason says why it will not be."),),
        words=_words,
        consequence=_(
            "After signing, the money is in the player's balance and pays first what he owes."
        ),
    )
)
approvals.register(
    approvals.Kind(
        name=recalls.RETURN_KIND,
        title=_("Give a payout back that its bank returned"),
        maker_roles=frozenset({"cashier", "treasurer"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_perform,
        lifetime=timedelta(days=7),
        statements=(
            _("The statement of the bank or institution shows that this money came back."),
        ),
        words=_words,
        consequence=_(
            "After signing, the money is in the player's balance and pays first what he owes."
        ),
    )
)
