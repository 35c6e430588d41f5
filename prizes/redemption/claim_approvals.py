"""What of claims needs other eyes: paying, refusing, taking a prize back (F097, F102, F283)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from audit import approvals, policies
from finance import account_words
from lottery_portal.lib import codes
from lottery_portal.lib.money import with_unit
from prizes.claim_models import Claim

from . import payment, recovery, refusal

Payload = Mapping[str, Any]
Words = Sequence[tuple[str, str]]


def _people(payload: Payload, at: datetime) -> int:
    way = Claim.objects.values_list("way", flat=True).get(code=payload["claim"])
    tiers = policies.read(payment.PEOPLE, at=at, scope=way)
    for up_to, people in tiers:
        if up_to is None or payload["amount_fen"] <= up_to:
            return max(int(people), 1)
    return 2


def _pay(request: approvals.Request, _now: datetime) -> None:
    payment.perform(request=request)


def _refuse(request: approvals.Request, now: datetime) -> None:
    refusal.perform(request=request, now=now)


def _take_back(request: approvals.Request, now: datetime) -> None:
    recovery.perform(request=request, now=now)


def _page(payload: Payload) -> tuple[str, Sequence[str]]:
    return "prizes:desk_claim", (payload["claim"],)


def _head(payload: Payload) -> list[tuple[str, str]]:
    return [
        (_now("Claim"), codes.shown(payload["claim"])),
        (_now("Ticket"), codes.shown(payload["ticket"])),
    ]


def _pay_words(payload: Payload) -> Words:
    return [
        *_head(payload),
        (_now("Game"), account_words.game(payload["game"])),
        (_now("Issue"), payload["issue"]),
        (_now("Player"), codes.shown(payload["player"])),
        (_now("Prize"), with_unit(payload["amount_fen"])),
        (_now("Tax withheld"), with_unit(payload["tax_fen"])),
        (pgettext("of a prize", "Paid out"), with_unit(payload["net_fen"])),
        (pgettext("of a prize", "Paid by"), str(Claim.Method(payload["method"]).label)),
        *([(_now("Payee"), codes.shown(payload["payee"]))] if payload["payee"] else []),
    ]


def _refuse_words(payload: Payload) -> Words:
    return [
        *_head(payload),
        (_now("Prize"), with_unit(payload["amount_fen"])),
        (_now("Step"), str(Claim.State(payload["state"]).label)),
        (_now("Clause of the rules"), payload["clause"]),
        (_now("Evidence"), payload["evidence"]),
        (_now("Reason"), payload["reason"]),
    ]


def _take_back_words(payload: Payload) -> Words:
    return [
        *_head(payload),
        (_now("Player"), codes.shown(payload["player"])),
        (pgettext("of a prize", "Paid out"), with_unit(payload["net_fen"])),
        (_now("Reason"), payload["reason"]),
        (_now("Reported to the police"), payload["referral"]),
    ]


approvals.register(
    approvals.Kind(
        name=payment.KIND,
        title=_("Pay a prize"),
        maker_roles=payment.ASKERS,
        checker_roles=frozenset({"approver", "treasurer"}),
        needed=_people,
        perform=_pay,
        lifetime=timedelta(days=7),
        statements=(
            _("Ticket, winner and payee are those of the file, and I had no part in checking it."),
            _("The winner has read and signed these figures."),
        ),
        words=_pay_words,
        page=_page,
        consequence=_("After signing, a cashier may pay exactly this, once."),
    )
)
approvals.register(
    approvals.Kind(
        name=refusal.KIND,
        title=_("Refuse a claim"),
        maker_roles=refusal.ASKERS,
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_refuse,
        lifetime=timedelta(days=7),
        statements=(_("The evidence shows what the clause asks for."),),
        words=_refuse_words,
        page=_page,
        consequence=_("After signing, the winner is told why, and that he may object."),
    )
)
approvals.register(
    approvals.Kind(
        name=recovery.KIND,
        title=_("Take a prize back"),
        maker_roles=recovery.ASKERS,
        checker_roles=frozenset({"approver", "treasurer"}),
        needed=approvals.one_more,
        perform=_take_back,
        lifetime=timedelta(days=7),
        statements=(_("The prize was obtained by deception, and the matter was reported."),),
        words=_take_back_words,
        page=_page,
        consequence=_("After signing, the player owes what was paid out."),
    )
)
