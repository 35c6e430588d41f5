"""Picks of tickets as staff read them: from the sales tables, so the database decides whether.

While a draw is sealed the rows are not there to be read, whoever asks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from games import bets
from games.rules import RuleVersion

from . import basket, quotes
from .models import Selection, Ticket


def of(tickets: Sequence[Ticket]) -> Mapping[int, Sequence[str]]:
    """Per ticket, by primary key, its picks in words; nothing for a ticket under seal."""
    versions = {ticket.pk: quotes.version_of(ticket.rule) for ticket in tickets}
    found: dict[int, list[str]] = defaultdict(list)
    rows = Selection.objects.filter(
        draw_id__in={ticket.draw_id for ticket in tickets}, ticket_id__in=list(versions)
    )
    for row in rows.order_by("ticket_id", "position"):
        found[row.ticket_id].append(_words(versions[row.ticket_id], row))
    return found


def _words(version: RuleVersion, row: Selection) -> str:
    """`Single: 01 02 03 04 05 06 + 07 × 2`; bankers stand in brackets."""
    selection = bets.unpack(
        version, row.masks, bet_type=row.bet_type, multiplier=row.multiplier,
        quick_pick=row.is_quick_pick,
    )  # fmt: skip
    zones = " + ".join(
        f"({_numbers(bankers)}) {_numbers(picks)}" if bankers else _numbers(picks)
        for bankers, picks in zip(selection.bankers, selection.picks, strict=True)
    )
    return _("%(name)s: %(text)s") % {
        "name": basket.type_name(version, selection),
        "text": f"{zones} × {row.multiplier}",
    }


def _numbers(numbers: Sequence[int]) -> str:
    return " ".join(f"{number:02d}" for number in numbers)
