"""What in this room needs other eyes: the surplus of a stopped game (R17), holds and extensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import approvals
from finance import account_words
from lottery_portal.lib.money import with_unit

from . import winding_up
from .redemption import announcements, claim_approvals, extensions, holds  # noqa: F401 - registering their kinds is their effect


def _two(_payload: Mapping[str, Any], _at: datetime) -> int:
    return 2


def _perform(request: approvals.Request, now: datetime) -> None:
    winding_up.book(request=request, now=now)


def _words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [
        (_now("Game"), account_words.game(payload["game"])),
        (_now("Stop announced on"), payload["announced_on"]),
        (_now("Announcement"), payload["document"]),
        (_now("Last sale"), payload["last_sale"]),
        (_now("Prizes were claimed until"), payload["claims_until"]),
        *(
            (
                _now("From %(source)s to %(target)s")
                % {"source": account_words.named(source), "target": account_words.named(target)},
                with_unit(fen),
            )
            for source, target, fen in payload["moves"]
        ),
        *(() if payload["moves"] else [(_now("Left over"), _now("nothing"))]),
    ]


approvals.register(
    approvals.Kind(
        name=winding_up.KIND,
        title=_("Wind up a stopped game"),
        maker_roles=frozenset({"treasurer"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=_two,
        perform=_perform,
        lifetime=timedelta(days=7),
        statements=(
            _("The stop was approved and announced as the document says."),
            _("What was not claimed has gone to the welfare fund."),
        ),
        words=_words,
        consequence=_(
            "After signing, pool and fund of the game are empty. The report to the ministry is due "
            "within 60 days."
        ),
    )
)
