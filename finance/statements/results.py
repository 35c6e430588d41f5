"""What a time brought: income, sales and where they went, money in and out (F118, F124)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from django.utils.translation import gettext as _

from finance import account_words
from finance.models import AccountKind, EntryKind

from . import figures
from .figures import CASH, Flow, Span
from .layout import Check, Column, Lines, Statement, Table, between, book_name

Kind = AccountKind
Deed = EntryKind
PURSES = (Kind.WALLET, Kind.WINNINGS, Kind.BONUS)
CARRIED = "CLOSING"


def income(span: Span) -> Statement:
    """Income less expenses, by account, in the days asked for and in the year so far.

    What a year's end carries to the surplus is neither.
    """
    lines = Lines(2)
    now, year = _earned(span), _earned(span.year)

    def part(kind: Kind, sign: int) -> tuple[int, int]:
        for account in sorted(code for found, code in {*now, *year} if found == kind):
            key = (kind, account)
            lines.add(account_words.line(account), sign * now[key], sign * year[key], level=2)
        return (
            sum(sign * fen for key, fen in now.items() if key[0] == kind),
            sum(sign * fen for key, fen in year.items() if key[0] == kind),
        )

    lines.head(_("Income"))
    earned = part(Kind.INCOME, 1)
    lines.add(_("Total income"), *earned, level=0, is_total=True)
    lines.head(_("Expenses"))
    spent = part(Kind.EXPENSE, -1)
    lines.add(_("Total expenses"), *spent, level=0, is_total=True)
    result = [fen - cost for fen, cost in zip(earned, spent, strict=True)]
    lines.add(_("Profit (below zero: loss)"), *result, level=0, is_total=True)
    moved = figures.by_kind(figures.standing(span))
    carried = _carried(span)
    return Statement(
        name="income",
        title=_("Income statement"),
        about=between(span),
        book=book_name(is_shadow=span.is_shadow),
        tables=(Table(_("Income statement"), _two(), tuple(lines.rows)),),
        checks=(
            Check(
                _("Profit, and what moved in these accounts"),
                result[0],
                sum(
                    moved[kind].moved_in - moved[kind].moved_out
                    for kind in (Kind.INCOME, Kind.EXPENSE)
                )
                - carried,
            ),
        ),
    )


def sales(span: Span) -> Statement:
    """What players staked and where every fen of it went, prizes, pool and fund (R14, R16)."""
    lines = Lines(2)
    both = figures.flows(span), figures.flows(span.year)
    stood = figures.by_kind(figures.standing(span))
    year = figures.by_kind(figures.standing(span.year))

    def pair(deed: Deed, sources: Collection[str], targets: Collection[str]) -> tuple[int, int]:
        now, so_far = (_sum(flows, deed, sources, targets) for flows in both)
        return now, so_far

    def less(left: Sequence[int], right: Sequence[int]) -> list[int]:
        return [one - other for one, other in zip(left, right, strict=True)]

    lines.head(_("Sales"))
    sold = pair(Deed.PURCHASE, PURSES, [Kind.STAKES])
    returned = pair(Deed.REFUND, [Kind.STAKES], PURSES)
    lines.add(_("Tickets sold"), *sold)
    lines.add(_("Refunded"), *returned)
    net = less(sold, returned)
    lines.add(_("Sales less refunds"), *net, level=0, is_total=True)

    lines.head(_("Where they went"))
    parts = []
    for kind, title in (
        (Kind.PRIZES, _("Prize money")),
        (Kind.FUND, _("Adjustment fund")),
        (Kind.FEE, _("Issue fee")),
        (Kind.WELFARE, _("Welfare fund")),
        (Kind.ISSUER, _("Adjustment fund of an issuer")),
    ):
        allocated = pair(Deed.ALLOCATION, [Kind.STAKES], [kind])
        taken_back = pair(Deed.ALLOCATION, [kind], [Kind.STAKES])  # of cancelled draws
        parts.append(less(allocated, taken_back))
        lines.add(title, *parts[-1])
    shared = [sum(column) for column in zip(*parts, strict=True)]
    lines.add(_("Allocated"), *shared, level=0, is_total=True)
    waiting = [
        stood[Kind.STAKES].closing - stood[Kind.STAKES].opening,
        year[Kind.STAKES].closing - year[Kind.STAKES].opening,
    ]
    lines.add(_("More (below zero: less) waits for its draw than before"), *waiting)

    lines.head(_("Prizes"))
    credited = pair(Deed.PRIZE, [Kind.PRIZES, Kind.UNCLAIMED], [Kind.WINNINGS])
    lines.add(_("Credited to players"), *credited)
    paid = pair(Deed.PRIZE, [Kind.UNCLAIMED], [Kind.CLEARING, Kind.ESCROW, Kind.CASH])
    lines.add(_("Paid to winners directly"), *paid)
    lines.add(_("Tax withheld"), *pair(Deed.PRIZE, [Kind.PRIZES, Kind.UNCLAIMED], [Kind.TAX]))
    set_out = pair(Deed.PRIZE, [Kind.PRIZES], [Kind.UNCLAIMED])
    lines.add(_("Awaiting their claim, newly"), *set_out)
    lines.add(
        _("Lapsed, to the welfare fund"), *pair(Deed.FORFEIT, [Kind.UNCLAIMED], [Kind.WELFARE])
    )

    lines.head(_("Pool and fund"))
    for title, deed, source, target in (
        (_("Into the pool"), Deed.POOL_ROLL, Kind.PRIZES, Kind.POOL),
        (_("Out of the pool, for prizes"), Deed.POOL_ROLL, Kind.POOL, Kind.PRIZES),
        (_("Out of the fund, into the pool"), Deed.POOL_ROLL, Kind.FUND, Kind.POOL),
        (_("Out of the fund, for prizes"), Deed.FUND_COVER, Kind.FUND, Kind.PRIZES),
        (_("Rounding and remainders, into the fund"), Deed.POOL_ROLL, Kind.PRIZES, Kind.FUND),
        (_("Prize money owed to issuers"), Deed.ISSUER, Kind.PRIZES, Kind.ISSUER),
        (_("Prizes at the expense of issuers"), Deed.ISSUER, Kind.ISSUER, Kind.PRIZES),
        (_("Bonuses from the fund"), Deed.BONUS, Kind.FUND, Kind.BONUS),
        (_("Pools of stopped games, into the fund"), Deed.WINDING_UP, Kind.POOL, Kind.FUND),
    ):
        lines.add(title, *pair(deed, [source], [target]))
    return Statement(
        name="sales",
        title=_("Sales and their allocation"),
        about=between(span),
        book=book_name(is_shadow=span.is_shadow),
        tables=(Table(_("Sales and their allocation"), _two(), tuple(lines.rows)),),
        checks=(
            Check(
                _("Sales less refunds: allocated, and what waits"), net[0], shared[0] + waiting[0]
            ),
        ),
    )  # fmt: skip


def cash_flow(span: Span) -> Statement:
    """Money in and out by what it was for; what only changed places is no flow.

    Money is what lies in the escrow and own accounts and in cash desks, and what providers owe us.
    """
    lines = Lines(2)
    spans = span, span.year
    both = [figures.flows(one) for one in spans]
    left = [Counter({flow: _cash(flow) * fen for flow, fen in flows.items()}) for flows in both]

    def take(deeds: Collection[str], sign: int) -> tuple[int, int]:
        now, so_far = (_taken(flows, deeds, sign) for flows in left)
        return now, so_far

    total = [0, 0]
    for head, whole, items in _activities():
        lines.head(head)
        part = [0, 0]
        for title, deeds, sign in items:
            moved = take(deeds, sign)
            part = [one + sign * fen for one, fen in zip(part, moved, strict=True)]
            lines.add(title, *moved)
        lines.add(whole, *part, level=0, is_total=True)
        total = [one + fen for one, fen in zip(total, part, strict=True)]
    lines.add(_("More money (below zero: less)"), *total, level=0, is_total=True)
    stood = [figures.by_kind(figures.standing(one)) for one in spans]
    opening = [-sum(one[kind].opening for kind in CASH) for one in stood]
    closing = [-sum(one[kind].closing for kind in CASH) for one in stood]
    lines.add(_("Money at the beginning"), *opening)
    lines.add(_("Money at the end"), *closing, level=0, is_total=True)
    for kind in CASH:
        lines.add(
            _("of it: %(kind)s") % {"kind": kind.label},
            *(-one[kind].closing for one in stood),
            level=2,
        )
    return Statement(
        name="cash-flow",
        title=_("Cash flow statement"),
        about=between(span),
        book=book_name(is_shadow=span.is_shadow),
        tables=(Table(_("Cash flow statement"), _two(), tuple(lines.rows)),),
        checks=(
            Check(_("Beginning, change and end"), opening[0] + total[0], closing[0]),
            Check(_("The same for the year so far"), opening[1] + total[1], closing[1]),
        ),
    )


def _activities() -> list[tuple[str, str, list[tuple[str, list[str], int]]]]:
    """Head, total, and lines: title, the deeds, and whether they bring money in (1) or take it.

    A deed that both brings and takes stands in two lines; every deed stands in one at least.
    """
    both_ways = [Deed.UNIDENTIFIED, Deed.ADJUSTMENT]
    known = [
        Deed.DEPOSIT, Deed.DEPOSIT_RETURNED, Deed.CHARGEBACK, Deed.WITHDRAWAL_PAID, Deed.PRIZE,
        Deed.REMITTANCE, Deed.PARTNER_PAID, Deed.ORGANISER_PAID, Deed.PROVIDER_FEE,
        Deed.EXPENSE_PAID, Deed.OPENING, Deed.ISSUER_PAID, *both_ways,
    ]  # fmt: skip
    others = [deed for deed in Deed.values if deed not in known]
    return [
        (
            _("Money of players"),
            _("Money of players, more or less"),
            [
                (_("Deposits"), [Deed.DEPOSIT], 1),
                (_("Deposits returned"), [Deed.DEPOSIT_RETURNED], -1),
                (_("Chargebacks"), [Deed.CHARGEBACK], -1),
                (_("Withdrawals paid"), [Deed.WITHDRAWAL_PAID], -1),
                (_("Prizes paid to winners directly"), [Deed.PRIZE], -1),
            ],
        ),
        (
            _("Running the lottery"),
            _("Running the lottery, more or less"),
            [
                (_("Welfare fund, issue fee, tax and prize money remitted"), [Deed.REMITTANCE], -1),
                (_("Prize money received from issuers"), [Deed.ISSUER_PAID], 1),
                (_("Partners paid"), [Deed.PARTNER_PAID], -1),
                (_("Organisers paid"), [Deed.ORGANISER_PAID], -1),
                (_("Fees of providers"), [Deed.PROVIDER_FEE], -1),
                (_("Expenses paid"), [Deed.EXPENSE_PAID], -1),
                (_("Received, not yet explained or corrected"), [*both_ways, *others], 1),
                (_("Paid, not yet explained or corrected"), [*both_ways, *others], -1),
            ],
        ),
        (
            _("Financing"),
            _("Financing, more or less"),
            [(_("Money brought in to begin with"), [Deed.OPENING], 1)],
        ),
    ]


def _cash(flow: Flow) -> int:
    """1 if a flow brings money, -1 if it takes some, 0 if it stays or never was there."""
    _deed, source, target = flow
    return (source in CASH) - (target in CASH)


def _taken(flows: Counter[Flow], deeds: Collection[str], sign: int) -> int:
    """The sum of such flows; of deeds that share two lines, those of this way."""
    one_way = len(deeds) == 1
    return sign * sum(
        fen for flow, fen in flows.items() if flow[0] in deeds and (one_way or _cash(flow) == sign)
    )


def _sum(
    flows: Counter[Flow], deed: str, sources: Collection[str], targets: Collection[str]
) -> int:
    return sum(
        fen
        for (kind, source, target), fen in flows.items()
        if kind == deed and source in sources and target in targets
    )


def _earned(span: Span) -> Counter[tuple[str, str]]:
    """What each account of income and expenses took in less what it gave, year's ends left out."""
    moved: Counter[tuple[str, str]] = Counter()
    for row in figures.standing(span):
        if row.kind in {Kind.INCOME, Kind.EXPENSE}:
            moved[row.kind, row.account] += row.moved_in - row.moved_out
    for account, kind, fen in figures.moved_by(span, CARRIED):
        if kind in {Kind.INCOME, Kind.EXPENSE}:
            moved[kind, account] -= fen
    return moved


def _carried(span: Span) -> int:
    """What year's ends took out of income and expenses, below zero as a balance is."""
    return sum(
        fen
        for _account, kind, fen in figures.moved_by(span, CARRIED)
        if kind in {Kind.INCOME, Kind.EXPENSE}
    )


def _two() -> tuple[Column, ...]:
    return (
        Column(_("Item"), share=3),
        Column(_("Line"), "count", is_derived=True, share=0.5),
        Column(_("This time (yuan)"), "money", share=1.5),
        Column(_("Year so far (yuan)"), "money", is_derived=True, share=1.5),
    )
