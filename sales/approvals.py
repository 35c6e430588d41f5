"""What in this room needs other eyes: opening a sealed draw to reading, cancelling a draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import approvals
from games import words
from games.approvals import about_draw, draw_named
from lottery_portal.lib.money import with_unit

from . import break_glass, draw_cancellation


def _words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return ((_now("Draw"), draw_named(payload["draw"])), (_now("Reason"), payload["reason"]))


approvals.register(
    approvals.Kind(
        name=break_glass.KIND,
        title=_("Open a sealed draw to reading"),
        maker_roles=break_glass.MAKERS,
        checker_roles=break_glass.CHECKERS,
        needed=approvals.one_more,
        perform=break_glass.open_seal,
        lifetime=timedelta(hours=4),
        statements=(
            _("I know that article 22 forbids a look at sealed sales data, and why it is needed."),
            _("I know that every page that is opened is recorded, and that the public is told."),
        ),
        words=_words,
        about=about_draw,
    )
)


def _others(_payload: Mapping[str, Any], now: datetime) -> int:
    return draw_cancellation.people(now)


def _cancellation_words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return (
        (_now("Draw"), draw_named(payload["draw"])),
        (_now("State when it was asked for"), words.state(payload["state"])),
        (_now("Tickets sold by then"), f"{payload['tickets']:,}"),
        (_now("To be refunded"), with_unit(payload["stake_fen"])),
        (_now("Reason, as the public reads it"), payload["reason"]),
    )


def _cancel(request: approvals.Request, now: datetime) -> None:
    draw_cancellation.cancel(
        payload=request.payload, approval_code=request.code, actor=request.maker, now=now
    )


approvals.register(
    approvals.Kind(
        name=draw_cancellation.KIND,
        title=_("Cancel a draw and refund its tickets"),
        maker_roles=draw_cancellation.MAKERS,
        checker_roles=draw_cancellation.CHECKERS,
        needed=_others,
        perform=_cancel,
        lifetime=timedelta(days=1),
        statements=(
            _("I have compared draw and reason with the decision."),
            _("I know that every ticket is refunded, also those sold until I sign."),
            _("I know that the draw is never held, and that the reason is published."),
        ),
        words=_cancellation_words,
        about=about_draw,
    )
)
