"""What in this room needs other eyes: admission, a return after a suspension, authority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import approvals
from lottery_portal.lib import dates

from . import ceiling_words, claim_authority, game_names, hours, outlet_codes, outlets
from .models import Outlet

MAKERS = frozenset({"compliance"})
CHECKERS = frozenset({"approver", "treasurer"})
LIFETIME = timedelta(days=7)


def _outlet_words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    comma = "、" if dates.is_chinese() else ", "
    return [
        (_("Number of the outlet"), outlet_codes.shown(payload["code"])),
        (_("Kind"), str(Outlet.Kind(payload["kind"]).label)),
        (_("Name of the outlet"), payload["name"]),
        (_("Place"), f"{payload['province']} {payload['district']}"),
        (_("Address"), payload["address"]),
        (_("Hours"), comma.join(hours.in_words(payload["hours"]))),
        (_("Phone of the outlet"), payload["phone"]),
    ]


def _named(code: str) -> str:
    found = Outlet.objects.filter(code=code).first()
    return f"{found.name} {outlet_codes.shown(code)}" if found else outlet_codes.shown(code)


def _return_words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [(_("Outlet"), _named(payload["outlet"])), (_("Reason"), payload["reason"])]


def _moment(written: str | None, otherwise: str) -> str:
    return dates.written(datetime.fromisoformat(written), "full") if written else otherwise


def _authority_words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [
        (_("Outlet"), _named(payload["outlet"])),
        (_("Game"), game_names.name(payload["game"])),
        (_("Redeems prizes up to"), ceiling_words.signed(payload["up_to_fen"])),
        (_("Holds from"), _moment(payload["valid_from"], _("the signature on"))),
        (_("Valid until"), _moment(payload["valid_until"], _("further notice"))),
    ]


def _admit(request: approvals.Request, now: datetime) -> None:
    outlets.admit(payload=request.payload, approval_code=request.code, actor=request.maker, now=now)


def _take_back(request: approvals.Request, now: datetime) -> None:
    outlets.take_back(
        payload=request.payload, approval_code=request.code, actor=request.maker, now=now
    )


def _grant(request: approvals.Request, now: datetime) -> None:
    claim_authority.grant(
        payload=request.payload, approval_code=request.code, actor=request.maker, now=now
    )


approvals.register(
    approvals.Kind(
        name=outlets.KIND,
        title=gettext_lazy("Admit an outlet"),
        maker_roles=MAKERS,
        checker_roles=CHECKERS,
        needed=approvals.one_more,
        perform=_admit,
        lifetime=LIFETIME,
        words=_outlet_words,
        statements=(
            gettext_lazy("I have compared name, address and phone with the admission papers."),
        ),
        consequence=gettext_lazy(
            "After signing, the outlet stands in the register. It redeems nothing before it has "
            "authority."
        ),
    )
)
approvals.register(
    approvals.Kind(
        name=outlets.RETURN_KIND,
        title=gettext_lazy("Take a suspended outlet back"),
        maker_roles=MAKERS,
        checker_roles=CHECKERS,
        needed=approvals.one_more,
        perform=_take_back,
        lifetime=LIFETIME,
        words=_return_words,
        consequence=gettext_lazy(
            "After signing, the outlet redeems prizes again and stands on the public page."
        ),
    )
)
approvals.register(
    approvals.Kind(
        name=claim_authority.KIND,
        title=gettext_lazy("Authorise an outlet to redeem prizes"),
        maker_roles=MAKERS,
        checker_roles=CHECKERS,
        needed=approvals.one_more,
        perform=_grant,
        lifetime=LIFETIME,
        words=_authority_words,
        consequence=gettext_lazy(
            "After signing, the outlet may pay prizes up to this amount, and the public reads so."
        ),
    )
)
