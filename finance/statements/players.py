"""A player's own statement: what he had, every movement of his purses, what he has (F010)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice

from django.utils.translation import gettext as _

from accounts.models import Player
from finance import ledger, memos, wallets
from lottery_portal.lib import codes
from lottery_portal.lib.dates import SHANGHAI

from .figures import Span
from .layout import Check, Column, Row, Statement, Table, between
from .sheets import TooManyLines

AT_ONCE = 500


def statement(player: Player, span: Span, *, most: int | None = None) -> Statement:
    """Every movement of the player's purses in these days, oldest first, with what each left.

    Refuses with `TooManyLines` above `most`; without it the lines may be read once, as they come.
    """
    own = wallets.accounts_of(player)
    opening, closing = (_had(own, day) for day in (span.first, span.last + timedelta(days=1)))
    moved = ledger.movements(*own).filter(
        posted_at__gte=_midnight(span.first), posted_at__lt=_midnight(span.last + timedelta(days=1))
    )
    if most is not None and (count := moved.count()) > most:
        raise TooManyLines(lines=f"{count:,}")
    rows = _rows(own, span)
    found = rows if most is None else tuple(rows)
    lines = ledger.statement(*own, since=span.first, until=span.last + timedelta(days=1))
    change = sum(line.amount_fen for line in lines)
    return Statement(
        name="wallet",
        title=_("Statement of the balance"),
        about=between(span),
        book=_("Player %(code)s") % {"code": codes.shown(player.code)},
        tables=(
            Table(
                _("Balance"),
                (Column("", share=2), Column(_("Amount (yuan)"), "money")),
                (
                    Row((_("At the beginning"), opening)),
                    Row((_("Change by the movements below"), change)),
                    Row((_("At the end"), closing), is_total=True),
                ),
            ),
            Table(_("Movements"), _columns(), found),
        ),
        checks=(Check(_("Beginning and movements, and the end"), opening + change, closing),),
        is_signed=False,
    )


def _columns() -> tuple[Column, ...]:
    return (
        Column(_("Time"), "moment", share=1.5),
        Column(_("What"), share=1.4),
        Column(_("Detail"), share=2),
        Column(_("Purse"), share=1.2),
        Column(_("Amount (yuan)"), "money"),
        Column(_("Balance (yuan)"), "money"),
        Column(_("Reference"), "code", share=2),
    )


def _rows(own: tuple[str, ...], span: Span) -> Iterator[Row]:
    lines = ledger.statement(*own, since=span.first, until=span.last + timedelta(days=1))
    while chunk := list(islice(lines, AT_ONCE)):
        for line, memo in zip(chunk, memos.describe(chunk), strict=True):
            yield Row(
                (
                    line.at,
                    str(memo.title),
                    str(memo.detail),
                    str(memos.purse(line)),
                    line.amount_fen,
                    line.balance_fen,
                    line.reference,
                )
            )


def _had(own: tuple[str, ...], day: date) -> int:
    return sum(ledger.balance_at(code, _midnight(day)) for code in own)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, SHANGHAI)
