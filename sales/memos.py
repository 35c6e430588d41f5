"""What a movement of the wallet for a ticket was: game, draw, end of the ticket number.

Finance learns here what games are called, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from finance import account_words, memos
from finance.ledger import Line
from finance.memos import Key, Memo
from games import words
from games.models import Game

from .models import Plan, Ticket


def _purchases(lines: Sequence[Line]) -> Mapping[Key, Memo]:
    """One query for all lines; an entry's positions are those of its tickets."""
    codes = {line.reference.partition(":")[2] for line in lines}
    rows = Ticket.objects.filter(purchase__code__in=codes)
    found = {
        (f"purchase:{row.purchase.code}", row.position): row
        for row in rows.select_related("draw__game", "purchase")
    }
    described = {}
    for line in lines:
        key = (line.reference, line.position)
        if ticket := found.get(key):
            described[key] = Memo(
                title=_("Bought %(game)s %(issue)s")
                % {"game": _(ticket.draw.game.name), "issue": ticket.draw.issue},
                detail=_("Ticket %(tail)s") % {"tail": f"…{ticket.code[-4:]}"},
                url=reverse("sales:ticket", args=[ticket.code]),
            )
    return described


def _refunds(lines: Sequence[Line]) -> Mapping[Key, Memo]:
    """Stakes that came back with a ticket: it was taken back, or its draw was cancelled."""
    codes = {line.reference.partition(":")[2] for line in lines}
    found = {row.code: row for row in Ticket.objects.filter(code__in=codes).select_related("draw")}
    described = {}
    for line in lines:
        if ticket := found.get(line.reference.partition(":")[2]):
            described[line.reference, line.position] = Memo(
                title=_("Stake of a ticket returned"),
                detail=_("Ticket %(tail)s") % {"tail": f"…{ticket.code[-4:]}"},
                url=reverse("sales:ticket", args=[ticket.code]),
            )
    return described


def _plans(lines: Sequence[Line]) -> Mapping[Key, Memo]:
    """Money set aside for a plan, and released from it."""
    codes = {line.reference.split(":")[1] for line in lines}
    found = Plan.objects.in_bulk(codes, field_name="code")
    described = {}
    for line in lines:
        plan = found.get(line.reference.split(":")[1])
        if plan is None:
            continue
        is_hold = line.reference.endswith(":hold")
        described[line.reference, line.position] = Memo(
            title=_("Set aside for a plan") if is_hold else _("Released from a plan"),
            detail=_("Plan %(tail)s") % {"tail": f"…{plan.code[-4:]}"},
            url=reverse("sales:plan", args=[plan.code]),
        )
    return described


def _game(code: str) -> str:
    found = Game.objects.filter(code=code).first()
    return words.game(found) if found else code


memos.register("purchase", _purchases)
memos.register("refund", _refunds)
memos.register("plan", _plans)
account_words.name_games(_game)
