"""What of cash and of ways of paying prizes needs other eyes: registered by being imported."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import approvals
from lottery_portal.lib import dates
from lottery_portal.lib.money import with_unit

from . import account_words, cash_places, cash_requests, payment_methods
from .models import CashRequest, Way


def _brought(request: approvals.Request, now: datetime) -> None:
    cash_requests.approve(code=request.payload["request"], approval_code=request.code, now=now)


def _not_brought(request: approvals.Request, reason: str, now: datetime) -> None:
    cash_requests.refused(code=request.payload["request"], reason=reason, now=now)


def _request_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    (bank,) = account_words.choices([payload["escrow"]])
    return [
        (_now("Cash desk"), payload["name"]),
        (_now("Outlet or centre"), cash_places.name_of(payload["place"])),
        (_now("What is asked"), str(CashRequest.Direction(payload["direction"]).label)),
        (_now("Amount"), with_unit(payload["amount_fen"])),
        (_now("Bank account"), bank[1]),
        (_now("Reason"), payload["reason"]),
    ]


approvals.register(
    approvals.Kind(
        name=cash_requests.KIND,
        title=_("Bring cash to a desk, or back"),
        maker_roles=frozenset({"cashier", "treasurer", "outlet_operator"}),
        checker_roles=frozenset({"approver", "treasurer"}),
        needed=approvals.one_more,
        perform=_brought,
        dropped=_not_brought,
        lifetime=timedelta(days=2),
        statements=(
            _("The desk needs this much for the prizes it will pay, or has this much too much."),
            _("Somebody other than who asked brings it, safely."),
        ),
        words=_request_words,
        consequence=_("After signing, a cashier or treasurer brings the cash."),
    )
)


def _announced(request: approvals.Request, now: datetime) -> None:
    payment_methods.approve(code=request.payload["method"], approval_code=request.code, now=now)


def _not_announced(request: approvals.Request, reason: str, now: datetime) -> None:
    payment_methods.refused(code=request.payload["method"], reason=reason, now=now)


def _method_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (_now("Way of paying prizes"), str(Way(payload["way"]).label)),
        (_now("Assessment"), payload["assessment"]),
        (_now("SHA-256 of the assessment"), payload["digest"]),
        (_now("Public notice"), payload["notice"]),
        (
            _now("Announced on"),
            dates.written(date.fromisoformat(payload["noticed_on"]), "date"),
        ),
    ]


approvals.register(
    approvals.Kind(
        name=payment_methods.KIND,
        title=_("Announce a way of paying prizes"),
        maker_roles=frozenset({"treasurer"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_announced,
        dropped=_not_announced,
        lifetime=timedelta(days=7),
        statements=(
            _("The assessment names the risks, and what keeps them small."),
            _("The notice says what players must know before they choose this way."),
        ),
        words=_method_words,
        consequence=_(
            "After signing, it is announced to everybody; it can be chosen when the days of the "
            "notice are over."
        ),
    )
)
