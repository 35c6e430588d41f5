"""The balance sheet, and what is owed: to players, for prizes, to the state (F124)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from finance.models import AccountClass, AccountKind

from . import figures
from .figures import CASH, Span, Standing
from .layout import Check, Column, Lines, Row, Statement, Table, book_name, on

Kind = AccountKind
PLAYERS = (Kind.WALLET, Kind.WINNINGS, Kind.BONUS, Kind.HOLD)
OPEN_PRIZES = (Kind.PRIZES, Kind.UNCLAIMED)
DUES = (Kind.WELFARE, Kind.FEE, Kind.BUSINESS, Kind.TAX)
RESERVES = (Kind.RISKFUND, Kind.WORKFUND)


def balance_sheet(span: Span) -> Statement:
    """Assets on one side, debts and equity on the other, now and at the beginning of the year."""
    year = figures.by_kind(figures.standing(span.year))
    assets, owed = Lines(2), Lines(2)

    def pair(*kinds: Kind) -> tuple[int, int]:
        return _natural(year, kinds, "closing"), _natural(year, kinds, "opening")

    for title, kinds in _assets():
        assets.head(title)
        for kind in kinds:
            assets.add(str(kind.label), *pair(kind))
    asset_kinds = _of(AccountClass.ASSET)
    assets.add(_("Total assets"), *pair(*asset_kinds), level=0, is_total=True)

    debts = _of(AccountClass.LIABILITY)
    for title, kinds in _debts():
        owed.head(title)
        for kind in kinds:
            owed.add(str(kind.label), *pair(kind))
    owed.add(_("Total liabilities"), *pair(*debts), level=0, is_total=True)
    owed.head(_("Equity"))
    equity = _of(AccountClass.EQUITY)
    for kind in equity:
        owed.add(str(kind.label), *pair(kind))
    result = _result(year)
    owed.add(_("Result not yet carried forward"), *result)
    worth = [fen + part for fen, part in zip(pair(*equity), result, strict=True)]
    owed.add(_("Total equity"), *worth, level=0, is_total=True)
    both = [fen + part for fen, part in zip(pair(*debts), worth, strict=True)]
    owed.add(_("Total liabilities and equity"), *both, level=0, is_total=True)

    return Statement(
        name="balance",
        title=_("Balance sheet"),
        about=on(span.last),
        book=book_name(is_shadow=span.is_shadow),
        tables=(
            Table(_("Assets"), _columns(_("Assets")), tuple(assets.rows)),
            Table(
                _("Liabilities and equity"),
                _columns(_("Liabilities and equity")),
                tuple(owed.rows),
            ),
        ),
        is_side_by_side=True,
        checks=(
            Check(_("Closing: assets, liabilities and equity"), pair(*asset_kinds)[0], both[0]),
            Check(
                _("Beginning of the year: assets, liabilities and equity"),
                pair(*asset_kinds)[1],
                both[1],
            ),
        ),
    )


def liabilities(span: Span) -> Statement:
    """Σ balances of players and open prizes, pools and dues, and whether the money is there."""
    rows = figures.standing(Span(span.last, span.last, span.is_shadow))
    stood = figures.by_kind(rows)
    lines = Lines(1)

    def part(title: str, kinds: tuple[Kind, ...], total: str) -> int:
        lines.head(title)
        for kind in kinds:
            lines.add(str(kind.label), _natural(stood, [kind], "closing"))
        fen = _natural(stood, kinds, "closing")
        lines.add(total, fen, level=0, is_total=True)
        return fen

    players = part(_("Balances of players"), PLAYERS, _("Owed to players"))
    prizes = part(_("Open prizes"), OPEN_PRIZES, _("Open prizes in all"))
    guaranteed = players + prizes
    lines.add(_("Balances of players and open prizes"), guaranteed, level=0, is_total=True)
    rest = part(
        _("Stakes, pool and fund"), (Kind.STAKES, Kind.POOL, Kind.FUND), _("Held for draws")
    )
    rest += part(_("Dues to the state"), DUES, _("Owed to the state and set aside"))
    rest += part(_("Reserves out of the business fee"), RESERVES, _("Kept in reserve"))
    rest += part(
        _("Others"),
        (Kind.ISSUER, Kind.PARTNER, Kind.ORGANISER, Kind.SUSPENSE),
        _("Owed to others and not yet explained"),
    )
    lines.add(_("Owed in all"), guaranteed + rest, level=0, is_total=True)
    lines.head(_("What stands against it"))
    there = (Kind.ESCROW, Kind.CLEARING, Kind.CASH)
    for kind in there:
        lines.add(str(kind.label), _natural(stood, [kind], "closing"))
    money = _natural(stood, there, "closing")
    lines.add(_("Money of the sales fund"), money, level=0, is_total=True)
    lines.add(_("More than is owed (below zero: short)"), money - guaranteed - rest, level=0)

    draws = [row for row in rows if row.kind in OPEN_PRIZES and row.closing]
    return Statement(
        name="liabilities",
        title=_("Liability report"),
        about=on(span.last),
        book=book_name(is_shadow=span.is_shadow),
        tables=(
            Table(
                _("What is owed"),
                (
                    Column(_("Item"), share=3),
                    Column(_("Line"), "count", is_derived=True, share=0.5),
                    Column(_("Amount (yuan)"), "money", share=1.5),
                ),
                tuple(lines.rows),
            ),
            Table(
                _("Open prizes by draw"),
                (
                    Column(_("Account"), share=3),
                    Column(_("Kind"), share=2),
                    Column(_("Amount (yuan)"), "money", share=1.5),
                ),
                (
                    *(Row((row.account, str(Kind(row.kind).label), row.closing)) for row in draws),
                    Row((_("Total"), "", sum(row.closing for row in draws)), is_total=True),
                ),
            ),
        ),
        checks=(
            Check(
                _("Open prizes, and the same by draw"), prizes, sum(row.closing for row in draws)
            ),
        ),
    )


def _assets() -> list[tuple[str, tuple[Kind, ...]]]:
    return [
        (_("Money and money on its way"), CASH),
        (_("Receivables"), (Kind.RECEIVABLE,)),
    ]


def _debts() -> list[tuple[str, tuple[Kind, ...]]]:
    return [
        (_("Balances of players"), PLAYERS),
        (_("Stakes and prizes"), (Kind.STAKES, *OPEN_PRIZES)),
        (_("Pool and fund"), (Kind.POOL, Kind.FUND)),
        (_("Dues to the state"), DUES),
        (_("Reserves out of the business fee"), RESERVES),
        (_("Others"), (Kind.ISSUER, Kind.PARTNER, Kind.ORGANISER, Kind.SUSPENSE)),
    ]


def _of(accounting_class: AccountClass) -> list[Kind]:
    return [
        subject.kind
        for subject in figures.chart().values()
        if subject.accounting_class == accounting_class
    ]


def _result(stood: dict[str, Standing]) -> tuple[int, int]:
    """Income less expenses of which nothing was carried forward yet."""
    kinds = (Kind.INCOME, Kind.EXPENSE)
    return (
        sum(stood[kind].closing for kind in kinds),
        sum(stood[kind].opening for kind in kinds),
    )


def _natural(stood: dict[str, Standing], kinds: list[Kind] | tuple[Kind, ...], when: str) -> int:
    chart = figures.chart()
    return sum(chart[kind].natural(getattr(stood[kind], when)) for kind in kinds)


def _columns(title: str) -> tuple[Column, ...]:
    return (
        Column(title, share=2.4),
        Column(_("Line"), "count", is_derived=True, share=0.5),
        Column(_("Closing balance (yuan)"), "money", share=1.4),
        Column(_("Beginning of the year (yuan)"), "money", share=1.4),
    )
