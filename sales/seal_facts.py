"""What this room knows about a seal, handed up to its public page: that somebody opened it, that
its draw was cancelled, and what became of the tickets."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from games import seal_facts
from games.models import Draw, DrawCancellation
from games.seal_facts import Fact, File
from lottery_portal.lib import codes, dates
from lottery_portal.lib.money import yuan

from . import draw_cancellation, read_ban


def facts(draw: Draw) -> Sequence[Fact]:
    """Openings of the seal, told once the draw is held."""
    if draw.state == Draw.State.SEALED:
        return ()
    return [*_openings(draw), *cancellation(draw)]


def files(draw: Draw) -> Sequence[File]:
    """The signed paper of a cancelled draw, once everything is back."""
    refund = draw_cancellation.refund_of(draw)
    if refund is None or refund.done_at is None or draw.is_shadow:
        return ()
    return (
        File(
            name=_("Cancellation and refund, signed"),
            file=f"{draw.code}-cancellation.json",
            url=reverse("sales:cancellation", args=[draw.code]),
        ),
    )


def _openings(draw: Draw) -> list[Fact]:
    return [
        Fact(
            at=opening.opened_at,
            text=_(
                "The seal was opened to reading from %(since)s to %(until)s by approval %(code)s."
                " Nothing could be changed."
            )
            % {
                "since": dates.written(opening.opened_at, "full"),
                "until": dates.written(opening.closes_at, "full"),
                "code": codes.shown(opening.approval_code),
            },
        )
        for opening in read_ban.openings(draw)
    ]


def cancellation(draw: Draw) -> list[Fact]:
    """Why a draw is not held, and what became of its tickets."""
    told = DrawCancellation.objects.filter(draw=draw).first()
    refund = draw_cancellation.refund_of(draw)
    if told is None or refund is None:
        return []
    found = [
        Fact(
            at=told.cancelled_at,
            text=_("The draw was cancelled at %(at)s by approval %(code)s. Reason: %(reason)s")
            % {
                "at": dates.written(told.cancelled_at, "full"),
                "code": codes.shown(told.approval_code),
                "reason": told.reason,
            },
        )
    ]
    tickets, fen = draw_cancellation.given_back(draw)
    if refund.done_at is None:
        text = ngettext(
            "%(back)s of %(tickets)s ticket is refunded so far.",
            "%(back)s of %(tickets)s tickets are refunded so far.",
            refund.tickets,
        )
        text %= {"back": f"{tickets:,}", "tickets": f"{refund.tickets:,}"}
        return [*found, Fact(at=refund.begun_at, text=text)]
    if not refund.tickets:
        return [*found, Fact(at=refund.done_at, text=_("No ticket had been sold."))]
    text = ngettext(
        "The %(tickets)s ticket is refunded, %(amount)s yuan in all, at %(at)s.",
        "All %(tickets)s tickets are refunded, %(amount)s yuan in all, the last at %(at)s.",
        refund.tickets,
    ) % {
        "tickets": f"{refund.tickets:,}",
        "amount": yuan(fen),
        "at": dates.written(refund.done_at, "full"),
    }
    return [*found, Fact(at=refund.done_at, text=text)]


seal_facts.register(facts)
seal_facts.register_files(files)
