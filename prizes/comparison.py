"""Are two result files the same, and if not, who is told otherwise; and do the books come out even.

The two engines' files are compared before anybody is paid; afterwards what was credited is written
as such a file again and compared with theirs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from finance import ledger
from games.models import Draw
from lottery_portal.lib.lanes import one_moment
from lottery_portal.lib.money import yuan
from lottery_portal.lib.sentences import sentence
from sales.opening import prizes_of, stakes_of

from . import engines, pools, result_file
from .models import EngineDifference, EngineRun, Prize, PrizeSheet, Settlement
from .pools import unclaimed_of

MOST_ROWS = 50
_LONGEST = 300
_NOTHING = "nothing"
_WON = re.compile(r"([\d:,]+:[\d:,]+) (\d+)")  # what a ticket won, as its line has it

NO_RESULT = sentence(gettext_noop("engine %(engine)s has no result: %(reason)s"))
FILE_CHANGED = sentence(
    gettext_noop("the result file of engine %(engine)s is missing or was changed")
)
OTHER_INPUT = sentence(gettext_noop("the engines were given different input"))
POOL_CHANGED = sentence(
    gettext_noop("the pool or the special rule has changed since the engines counted")
)
OTHER_TABLE = sentence(gettext_noop("the prize table is no longer the one in the result files"))
OTHER_PRIZES = sentence(gettext_noop("the prizes credited are not those that both engines found"))
sentence(gettext_noop("batch %(number)s of draw %(draw)s is not what the engines found"))


def _say_unlike(figures: dict[str, str]) -> str:
    sides = {name: side_shown(figures[name]) for name in _SIDES}
    subject = subject_shown(figures["subject"])
    return _("the engines differ, first in %(subject)s: %(one)s / %(two)s") % {
        "subject": subject,
        **sides,
    }


_SIDES = ("one", "two")
_NO_TICKETS = frozenset({"result-file", "money", "announced", "end"})
ORDER = sentence(gettext_noop("the engines wrote the same lines in another order"))
UNLIKE = sentence("the engines differ, first in %(subject)s: %(one)s / %(two)s", _say_unlike)


@dataclass(frozen=True, slots=True)
class Unlike:
    """One line that two files have otherwise: whose it is, and both, "" where it is missing."""

    subject: str
    one: str
    two: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.one or _NOTHING} / {self.two or _NOTHING}"


def differences(draw: Draw) -> list[EngineDifference]:
    """What the engines saw differently in the last attempt: the first fifty; the file has all."""
    settlement = Settlement.objects.get(draw=draw)
    rows = EngineDifference.objects.filter(draw=draw, attempt=settlement.attempt)
    return list(rows.order_by("position"))


def report_of(draw: Draw, attempt: int) -> Path:
    """The file that names every difference of an attempt."""
    return result_file.directory() / result_file.name_of(draw, attempt, "differences.txt")


def disagreement(one: EngineRun, two: EngineRun) -> str:
    """Why these two runs do not agree (`sentences`); "" when they do, byte for byte."""
    for run in (one, two):
        if run.reason:
            return NO_RESULT.of(engine=run.engine, reason=run.reason)
        if result_file.digest_of(result_file.file_of(run)) != run.result_digest:
            return FILE_CHANGED.of(engine=run.engine)
    if one.input != two.input:
        return OTHER_INPUT.of()
    if one.result_digest != two.result_digest:
        first = next(unlike(result_file.file_of(one), result_file.file_of(two)), None)
        if first is not None:
            return UNLIKE.of(
                subject=first.subject, one=first.one or _NOTHING, two=first.two or _NOTHING
            )
        return ORDER.of()
    return ""


def report(one: EngineRun, two: EngineRun) -> list[EngineDifference]:
    """Write all differences of two runs to the report; the first of them as rows, not yet saved."""
    if one.reason or two.reason:
        return []
    rows = []
    draft = result_file.new_draft(one.draw)
    with draft.open("w", encoding="ascii", errors="replace") as file:
        file.write("what\tengine one\tengine two\n")
        found = unlike(result_file.file_of(one), result_file.file_of(two))
        for position, difference in enumerate(found, start=1):
            file.write(f"{difference.subject}\t{difference.one}\t{difference.two}\n")
            if position <= MOST_ROWS:
                rows.append(
                    EngineDifference(
                        draw=one.draw,
                        attempt=one.attempt,
                        position=position,
                        subject=difference.subject[:40],
                        engine_one=difference.one[:_LONGEST],
                        engine_two=difference.two[:_LONGEST],
                    )
                )
    result_file.give_its_name(draft, report_of(one.draw, one.attempt).name)
    return rows


def unlike(one: Path, two: Path) -> Iterator[Unlike]:
    """The lines that two result files do not have in common, as they are met.

    Equal lines are forgotten at once: memory holds what differs, and little more.
    """
    left: dict[str, str] = {}
    right: dict[str, str] = {}
    with one.open("rb") as first, two.open("rb") as second:
        for mine, other in zip_longest(first, second, fillvalue=b""):
            if mine == other:
                continue
            for line, waiting, found in ((mine, left, right), (other, right, left)):
                if not line:
                    continue
                subject, text = _split(line)
                if subject in found:
                    theirs = found.pop(subject)
                    if theirs != text:
                        pair = (text, theirs) if waiting is left else (theirs, text)
                        yield Unlike(subject, *pair)
                else:
                    waiting[subject] = text
    for subject in sorted(left.keys() | right.keys()):
        yield Unlike(subject, left.get(subject, ""), right.get(subject, ""))


def subject_shown(subject: str) -> str:
    """What a line of a result file is about, as people call it; a ticket by its code."""
    kind, _space, number = subject.partition(" ")
    if kind == "tier" and number.isdecimal():
        return _("Tier %(number)s") % {"number": number}
    known = {
        "result-file": _("Head of the file"),
        "money": _("Money"),
        "announced": _("Announcement"),
        "end": _("Sum"),
    }
    return known.get(subject, subject)


def is_ticket(subject: str) -> bool:
    """Whether a line of a result file is about a ticket."""
    return not subject.startswith("tier ") and subject not in _NO_TICKETS


def side_shown(side: str) -> str:
    """What one engine wrote, as people read it: tiers and lines of a ticket, and the amount."""
    if side == _NOTHING:
        return _("nothing")
    if (won := _WON.fullmatch(side)) is None:
        return side
    return _("%(tiers)s, %(amount)s yuan") % {"tiers": won[1], "amount": yuan(int(won[2]))}


def _split(line: bytes) -> tuple[str, str]:
    """What a line is about, and what it says of it."""
    kind, *rest = line.decode("ascii", "replace").rstrip("\n").split("\t")
    if kind == "won" and rest:
        return rest[0], " ".join(rest[1:])
    if kind == "tier" and rest:
        return f"tier {rest[0]}", " ".join(rest[1:])
    return kind, " ".join(rest)


def settled_differences(draw: Draw) -> list[str]:
    """What of a settled draw is not as engine two and the books say it must be; none: all is well.

    Engine two counts again now; what was credited is written as a result file and compared.
    """
    settlement = Settlement.objects.get(draw=draw)
    agreed = EngineRun.objects.get(draw=draw, attempt=settlement.attempt, engine=2)
    sheet = PrizeSheet.objects.get(draw=draw)
    table = engines.table_of(draw, settlement, before=pools.before(sheet))
    with engines.counted_again(draw, agreed.input) as (again, reason):
        if reason:
            return [NO_RESULT.of(engine=2, reason=reason)]
        found = []
        if result_file.digest_of(again) != agreed.result_digest:
            found.append("engine 2 finds something else than when the draw was settled")
        with one_moment():
            paid = result_file.write_paid(draw, table, settlement=settlement)
        try:
            wrong = list(unlike(again, paid))
        finally:
            paid.unlink()
    if wrong:
        found.append(f"{len(wrong)} lines paid otherwise than owed, first {wrong[0]}")
    return found + _routes(settlement) + _books(draw, sheet)


def _routes(settlement: Settlement) -> list[str]:
    """Prizes in a wallet that must wait for their winner, and the other way round."""
    prizes = Prize.objects.filter(draw=settlement.draw_id)
    together: Counter[int] = Counter()
    for owner, amount in prizes.values_list("owner_id", "amount").iterator():
        together[owner] += amount
    wrong = 0
    for owner, amount, route in prizes.values_list("owner_id", "amount", "route").iterator():
        is_free = together[owner] <= settlement.taxed_above and amount <= settlement.wallet_up_to
        wrong += (route == Prize.Route.WALLET) != (is_free or not amount)
    return [f"{wrong} prizes are paid by another way than they must be"] if wrong else []


def _books(draw: Draw, sheet: PrizeSheet) -> list[str]:
    found = [
        f"{account} holds {left} fen"
        for account in (stakes_of(draw), prizes_of(draw))
        if (left := ledger.balance(account))
    ]
    amounts = Prize.objects.filter(draw=draw).values_list("route", "amount")
    by_route: dict[str, int] = {}
    for route, amount in amounts.iterator():
        by_route[route] = by_route.get(route, 0) + amount
    money_in = sheet.prize_money + sheet.pools_before + sheet.fund_paid + sheet.issuer_paid
    given = sheet.rounding_to_fund + sheet.issuer_owed
    money_out = sum(by_route.values()) + sheet.pools_after + given
    if money_in != money_out:
        found.append(f"money in {money_in} fen, money out {money_out} fen")
    at_centre = by_route.get(Prize.Route.CENTRE, 0)
    if (held := ledger.balance(unclaimed_of(draw))) > at_centre:
        found.append(f"{unclaimed_of(draw)} holds {held} fen, {at_centre} fen were won")
    found += [
        f"the books of one kind sum up to {total} fen"
        for is_shadow in (False, True)
        if (total := ledger.trial_balance(is_shadow=is_shadow))
    ]
    return found
