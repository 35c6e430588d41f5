"""Lines of statements meet the entries of the books; what meets nothing is brought up (F113).

A line is an entry when it carries its number and moves the same amount on the same account, or when
amount and days fit and both are the only ones. A fee, and what a listed provider settles, is booked
from the statement; money that nobody can explain goes to suspense. Every rest is a difference.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import policies, trail
from finance import ledger, payees, periods
from finance.ledger import AccountKind, EntryKind, Move
from finance.models import Account, Difference, Match, Statement, StatementLine, Withdrawal
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import differences, house_banks, levels

NEAR = timedelta(days=3)
LONG_BEFORE = timedelta(days=31)
AT_ONCE = 200
FEES = "expense:provider_fees"
UNEXPLAINED_IN, UNEXPLAINED_OUT = "suspense:unexplained_in", "suspense:unexplained_out"
# These always carry their number: an amount alone proves nothing between two players.
BY_NUMBER_ONLY = frozenset(
    {
        EntryKind.DEPOSIT, EntryKind.WITHDRAWAL_PAID, EntryKind.CHARGEBACK,
        EntryKind.DEPOSIT_RETURNED, EntryKind.PRIZE,
    }
)  # fmt: skip
CORRECTIONS = frozenset({EntryKind.ADJUSTMENT, EntryKind.REVERSAL})
How = Match.How
Kind = StatementLine.Kind


class DoesNotAgree(Refused):
    """Line and entry are not the same movement."""

    code = "match_does_not_agree"
    message = _("Line and entry do not move the same amount on the same account.")


class MatchedAlready(Refused):
    """The line, or the entry, has its match."""

    code = "match_exists"
    message = _("The line or the entry has been matched before.")


class LineUnknown(Refused):
    """No such line."""

    code, status = "statement_line_unknown", 404
    message = _("There is no such line.")


_REFUSALS: dict[str, type[Refused]] = {
    "match_agrees_with_the_books": DoesNotAgree,
    "match_once_per_entry": MatchedAlready,
    "finance_match_line_id_key": MatchedAlready,
}


@dataclass(frozen=True)
class Booked:
    """An entry as it moves one account, that no line is matched with."""

    reference: str
    kind: str
    booked_on: date
    fen: int

    @property
    def is_by_number_only(self) -> bool:
        """Whether its amount alone proves nothing: a payout, there or back, is one player's."""
        return self.kind in BY_NUMBER_ONLY or self.reference.startswith("withdrawal:")

    @property
    def words(self) -> set[str]:
        """The numbers in its reference."""
        return {word for word in re.split(r"[:/ ]", self.reference.upper()) if len(word) >= 6}  # noqa: PLR2004 - shorter ones are words


def run(*, account: str, now: datetime) -> int:
    """Match all that can be matched on an account, and bring up the rest; how many were matched."""
    known = Account.objects.get(code=account)
    first = Statement.objects.filter(account=known).order_by("first_on").first()
    if first is None:
        return 0
    open_lines = _open_lines(known)
    entries = unmatched(known, since=first.first_on - NEAR)
    pairs = _by_number(open_lines, entries)
    taken_lines = {line.pk for line, _entry in pairs}
    taken = {entry.reference for _line, entry in pairs}
    pairs_by_amount = _by_amount(
        [line for line in open_lines if line.pk not in taken_lines and not line.order_code],
        [
            entry
            for entry in entries
            if entry.reference not in taken and not entry.is_by_number_only
        ],
    )
    done = _keep(pairs, How.ORDER, now) + _keep(pairs_by_amount, How.AMOUNT, now)
    matched = taken_lines | {line.pk for line, _entry in pairs_by_amount}
    taken |= {entry.reference for _line, entry in pairs_by_amount}
    by_word = _by_word(entry for entry in entries if entry.reference not in taken)
    for line in open_lines:
        if line.pk not in matched:
            _unmatched(line, by_word, now)
    _not_there(known, first, now)
    levels.check(account=known, now=now)
    _settle_gone(known, now)
    return done


def run_all(*, now: datetime) -> int:
    """Look again at every account that has statements, as the clock asks for it."""
    codes = Statement.objects.values_list("account__code", flat=True).distinct()
    return sum(run(account=code, now=now) for code in sorted(codes))


def by_hand(*, line: str, reference: str, actor: Any, now: datetime) -> Match:
    """Say that a line is an entry; the database agrees to the fen or refuses."""
    found = StatementLine.objects.select_related("account").filter(code=line).first()
    if found is None:
        raise LineUnknown
    try:
        return _match_by_hand(found, reference.strip(), actor, now)
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise


def unmatched(account: Account, *, since: date, until: date = date(2099, 12, 31)) -> list[Booked]:
    """The entries of these days that move the account and are no line's, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM finance_unmatched(%s, %s, %s)", [account.pk, since, until])
        return [Booked(*row) for row in cursor.fetchall()]


def fitting(lines: Sequence[StatementLine]) -> dict[int, list[Booked]]:
    """For each of these lines of one account, by key: entries of its amount that no line has.

    Those of the nearest day come first. They are offered, never taken: a person says which it is.
    """
    if not lines:
        return {}
    days = [line.booked_on for line in lines]
    by_amount: dict[int, list[Booked]] = defaultdict(list)
    first, last = min(days) - LONG_BEFORE, max(days) + NEAR
    for entry in unmatched(lines[0].account, since=first, until=last):
        by_amount[entry.fen].append(entry)
    return {
        line.pk: sorted(by_amount[line.amount], key=lambda one: abs(one.booked_on - line.booked_on))
        for line in lines
        if line.amount in by_amount
    }


def lines_of(reference: str) -> dict[str, StatementLine]:
    """The lines that an entry is, by the account whose statement shows them."""
    found = Match.objects.filter(reference=reference)
    rows = found.select_related("account", "line__statement")
    return {match.account.code: match.line for match in rows}


def is_own_money(line: StatementLine) -> bool:
    """Whether the operator paid it in from his own account: a cover that is to be written down."""
    is_in = line.account.kind == AccountKind.ESCROW and line.amount > 0
    return is_in and house_banks.is_own(bytes(line.party_index) if line.party_index else None)


def payout_that_came_back(line: StatementLine) -> Withdrawal | None:
    """The payout that a line says came back to a provider, to the fen; None if it says no such."""
    if line.account.kind != AccountKind.CLEARING or line.amount <= 0 or not line.order_code:
        return None
    return Withdrawal.objects.filter(
        code=line.order_code, amount=line.amount, state=Withdrawal.State.PAID
    ).first()


def left_open(lines: QuerySet[StatementLine]) -> QuerySet[StatementLine]:
    """Those that are no entry's, and whose amount no entry has set right."""
    put_right = Difference.objects.filter(
        kind=Difference.Kind.AMOUNT, state=Difference.State.RESOLVED, line__isnull=False
    )
    return lines.filter(match__isnull=True).exclude(pk__in=put_right.values("line"))


def correcting(difference: Difference) -> list[str]:
    """The entries since it was found that move just what differs on its account."""
    found_on = dates.in_shanghai(difference.opened_at).date()
    differs = difference.stated - difference.booked
    later = unmatched(difference.account, since=found_on)
    return [one.reference for one in later if one.fen == differs and one.kind in CORRECTIONS]


def _open_lines(account: Account) -> list[StatementLine]:
    """The lines with no match, and whose amount was not set right by an entry."""
    rows = StatementLine.objects.filter(account=account, match__isnull=True).exclude(
        differences__kind=Difference.Kind.AMOUNT
    )
    return list(rows.select_related("account", "statement").order_by("booked_on", "pk"))


def _by_number(
    lines: Iterable[StatementLine], entries: Iterable[Booked]
) -> list[tuple[StatementLine, Booked]]:
    by_word = _by_word(entries)
    pairs, taken = [], set()
    for line in lines:
        candidates = _named(line, by_word)
        same = [one for one in candidates if one.fen == line.amount and one.reference not in taken]
        if same:
            pairs.append((line, same[0]))
            taken.add(same[0].reference)
    return pairs


def _by_word(entries: Iterable[Booked]) -> dict[str, list[Booked]]:
    by_word: dict[str, list[Booked]] = defaultdict(list)
    for entry in entries:
        for word in entry.words:
            by_word[word].append(entry)
    return by_word


def _named(line: StatementLine, by_word: Mapping[str, list[Booked]]) -> list[Booked]:
    words = [line.order_code, *line.reference.upper().split()]
    return [one for word in words if word for one in by_word.get(word, [])]


def _by_amount(
    lines: Sequence[StatementLine], entries: Sequence[Booked]
) -> list[tuple[StatementLine, Booked]]:
    """Lines and entries of one amount within a few days, where both sides have no other."""
    pairs = []
    for line in lines:
        near = [one for one in entries if _fits(line, one)]
        if len(near) == 1 and sum(_fits(other, near[0]) for other in lines) == 1:
            pairs.append((line, near[0]))
    return pairs


def _fits(line: StatementLine, entry: Booked) -> bool:
    return entry.fen == line.amount and abs(entry.booked_on - line.booked_on) <= NEAR


def _keep(pairs: Sequence[tuple[StatementLine, Booked]], how: str, now: datetime) -> int:
    for start in range(0, len(pairs), AT_ONCE):
        _keep_some(pairs[start : start + AT_ONCE], how, now)
    return len(pairs)


@door
def _keep_some(pairs: Sequence[tuple[StatementLine, Booked]], how: str, now: datetime) -> None:
    one_at_a_time(pairs[0][0].account)
    Match.objects.bulk_create(
        [
            Match(
                line=line,
                account=line.account,
                reference=entry.reference,
                how=how,
                matched_at=now,
            )
            for line, entry in pairs
        ],
        ignore_conflicts=True,  # another run was faster
    )


def _unmatched(line: StatementLine, by_word: Mapping[str, list[Booked]], now: datetime) -> None:
    """Book what may be booked from the statement; bring up what may not."""
    named = [
        one
        for one in _named(line, by_word)
        if (one.fen > 0) == (line.amount > 0) and one.fen != line.amount
    ]
    if len(named) == 1:
        _find(line, Difference.Kind.AMOUNT, now, booked=named[0])
    elif moves := _moves_of(line, now):
        _book(line, *moves, now=now)
    elif _may_be_on_its_way(line):
        grace = timedelta(days=int(policies.read("reconciliation.grace_days", at=now)))
        is_waiting = line.kind == Kind.SETTLEMENT and line.booked_on > _today(now) - grace
        if not is_waiting:
            _find(line, Difference.Kind.NOT_BOOKED, now)
    else:
        _book(line, EntryKind.UNIDENTIFIED, _to_suspense(line), now=now)


def _moves_of(line: StatementLine, now: datetime) -> tuple[str, list[Move]] | None:
    """What a line books by itself: a fee within reason, and what a listed provider settles."""
    account = line.account
    most_fee = int(policies.read("reconciliation.fee_max_fen", at=now))
    index = bytes(line.party_index) if line.party_index else b""
    # A bank takes its fee itself; what goes to a stranger's account is none, whatever it is called.
    is_strangers = account.kind == AccountKind.ESCROW and index and not payees.listed([index])
    is_small = line.kind == Kind.FEE and 0 < -line.amount <= most_fee
    if is_small and account.kind != AccountKind.OWNBANK and not is_strangers:
        return EntryKind.PROVIDER_FEE, [Move(FEES, account.code, -line.amount)]
    clearing = payees.clearing_of([index]).get(index) if index else None
    if account.kind == AccountKind.ESCROW and clearing:
        if line.amount > 0:
            return EntryKind.SETTLEMENT, [Move(account.code, clearing, line.amount)]
        return EntryKind.SETTLEMENT, [Move(clearing, account.code, -line.amount)]
    return None


def _may_be_on_its_way(line: StatementLine) -> bool:
    """Whether the books will have it yet, or it is not for suspense: then nothing is booked."""
    return (
        bool(line.order_code)
        or line.account.kind == AccountKind.OWNBANK
        or is_own_money(line)
        or (line.account.kind == AccountKind.CLEARING and line.kind == Kind.SETTLEMENT)
    )


def _to_suspense(line: StatementLine) -> list[Move]:
    if line.amount > 0:
        return [Move(line.account.code, UNEXPLAINED_IN, line.amount)]
    return [Move(UNEXPLAINED_OUT, line.account.code, -line.amount)]


@door
def _book(line: StatementLine, kind: str, moves: list[Move], *, now: datetime) -> None:
    """Book a line on its own day where that is still open, once, and match it with its entry.

    What nobody can explain is a difference in the same transaction: matched, it is not seen again.
    """
    one_at_a_time(line.account)
    if Match.objects.filter(line=line).exists():
        return
    for code, account_kind in (
        (FEES, AccountKind.EXPENSE),
        (UNEXPLAINED_IN, AccountKind.SUSPENSE),
        (UNEXPLAINED_OUT, AccountKind.SUSPENSE),
    ):
        if any(code in {move.source, move.target} for move in moves):
            ledger.open_account(code=code, kind=account_kind)
    entry = ledger.post(
        reference=f"statement:{line.code}",
        kind=kind,
        moves=moves,
        day=_day_of(line, now),
    )
    Match.objects.create(
        line=line, account=line.account, reference=entry.reference, how=How.BOOKED, matched_at=now
    )
    trail.record(
        action="finance.statement_line_booked",
        actor=None,
        object_type="statement_line",
        object_code=line.code,
        body={"kind": kind, "amount_fen": line.amount, "account": line.account.code},
    )
    if kind == EntryKind.UNIDENTIFIED:
        _bring_up(line, Difference.Kind.UNKNOWN, now)


def _day_of(line: StatementLine, now: datetime) -> date | None:
    is_past = line.booked_on < _today(now)
    return line.booked_on if is_past and periods.open_on(line.booked_on) else None


@door
def _find(line: StatementLine, kind: str, now: datetime, *, booked: Booked | None = None) -> None:
    _bring_up(line, kind, now, booked=booked)


@inside_transaction
def _bring_up(
    line: StatementLine, kind: str, now: datetime, *, booked: Booked | None = None
) -> None:
    differences.found(
        kind=kind,
        natural_key=f"line:{line.code}",
        account=line.account,
        booked_fen=booked.fen if booked else 0,
        stated_fen=line.amount,
        owner=line.statement.taken_by,
        line=line,
        reference=booked.reference if booked else "",
        now=now,
    )


def _not_there(account: Account, first: Statement, now: datetime) -> None:
    """What the books have for longer than a few days and no statement shows."""
    latest = Statement.objects.filter(account=account).order_by("-last_on")[0]
    grace = timedelta(days=int(policies.read("reconciliation.grace_days", at=now)))
    until = latest.last_on - grace
    for entry in unmatched(account, since=first.first_on, until=until):
        _find_missing(account, entry, latest, now)


@door
def _find_missing(account: Account, entry: Booked, latest: Statement, now: datetime) -> None:
    differences.found(
        kind=Difference.Kind.NOT_THERE,
        natural_key=f"entry:{account.code}:{entry.reference}",
        account=account,
        booked_fen=entry.fen,
        stated_fen=0,
        owner=latest.taken_by,
        reference=entry.reference,
        now=now,
    )


@door
def _settle_gone(account: Account, now: datetime) -> None:
    """End the differences whose line or entry has met its other half after all."""
    rows = Difference.objects.filter(account=account, state=Difference.State.OPEN)
    matched = Match.objects.filter(account=account)
    gone = rows.filter(
        Q(kind=Difference.Kind.NOT_BOOKED, line__match__isnull=False)
        | Q(kind=Difference.Kind.NOT_THERE, reference__in=matched.values("reference"))
    )
    for difference in gone[:AT_ONCE]:
        differences.settled(difference, why=_now("Both sides have it now."), now=now)


@door
def _match_by_hand(line: StatementLine, reference: str, actor: Any, now: datetime) -> Match:
    one_at_a_time(line.account)
    return matched(line, reference, actor, now)


@inside_transaction
def matched(line: StatementLine, reference: str, actor: Any, now: datetime) -> Match:
    """Write down that a line is an entry, as a person says; the caller holds `one_at_a_time`."""
    match = Match.objects.create(
        line=line,
        account=line.account,
        reference=reference,
        how=How.HAND,
        matched_by=actor,
        matched_at=now,
    )
    trail.record(
        action="finance.statement_line_matched",
        actor=actor,
        object_type="statement_line",
        object_code=line.code,
        body={"reference": reference, "amount_fen": line.amount},
    )
    for difference in Difference.objects.filter(
        account=line.account, state=Difference.State.OPEN
    ).filter(Q(line=line) | Q(kind=Difference.Kind.NOT_THERE, reference=reference)):
        differences.settled(difference, why=_now("Matched by hand."), now=now)
    return match


@inside_transaction
def one_at_a_time(account: Account) -> None:
    """Until the end of this transaction nobody else matches or books lines of the account."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('finance_match'), %s::integer)", [account.pk]
        )


def _today(now: datetime) -> date:
    return dates.in_shanghai(now).date()
