"""Prizes paid less the tax on them: withheld from the full amount above a threshold.

What one person won in one draw of one game is added up and held against the threshold, ticket by
ticket or not. The tax of all his prizes of the draw is that of their sum, to the fen, whatever
the order in which they are paid. It is due with the other tax of its month (`dues`).
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models import Exists, OuterRef, Sum
from django.utils.translation import gettext_lazy as _

from audit import policies
from lottery_portal.lib.db import inside_transaction
from lottery_portal.lib.errors import Refused

from . import invariants, ledger
from .ledger import AccountKind, EntryKind, Move
from .models import Entry, PrizeTax

EXEMPT = "tax.prize_exempt_up_to_fen"
RATE = "tax.prize_rate"
WHOLE = 10_000


class PrizePaidOtherwise(Refused):
    """The prize was paid before, with other figures."""

    code = "prize_paid_otherwise"
    message = _("This prize was paid with other figures.")


def of(together: int, *, now: datetime) -> int:
    """The tax on all that one person won in one draw of one game, in fen."""
    if together <= int(policies.read(EXEMPT, at=now)):
        return 0
    return _share(together, int(policies.read(RATE, at=now)))


@inside_transaction
def pay(
    *,
    reference: str,
    source: str,
    target: str,
    game: str,
    occasion: str,
    winner: str,
    prize: int,
    together: int,
    now: datetime,
    is_shadow: bool = False,
) -> PrizeTax:
    """Move a prize from `source` to `target` less the tax on it, once per `reference`.

    `occasion` is the game and draw, `winner` the person's code, `together` all that he won there,
    this prize included. Repeating it with the same figures leads to the first; with others it is
    refused with `PrizePaidOtherwise`.
    """
    _one_at_a_time(winner, occasion)
    if known := PrizeTax.objects.filter(entry__reference=reference).first():
        if (known.winner, known.occasion, known.prize) != (winner, occasion, prize):
            raise PrizePaidOtherwise
        return known
    before, taxed = _before(winner, occasion)
    exempt, rate = int(policies.read(EXEMPT, at=now)), int(policies.read(RATE, at=now))
    tax = _withheld(prize, together, before=before, taxed=taxed, exempt=exempt, rate=rate)
    account = f"tax:{game}"
    ledger.open_account(code=account, kind=AccountKind.TAX, is_shadow=is_shadow)
    moves = [Move(source, target, prize - tax), Move(source, account, tax)]
    entry = ledger.post(
        reference=reference,
        kind=EntryKind.PRIZE,
        moves=[move for move in moves if move.amount],
    )
    return PrizeTax.objects.create(
        entry=entry,
        account=account,
        winner=winner,
        occasion=occasion,
        prize=prize,
        before=before,
        together=together,
        exempt=exempt,
        rate=rate,
        tax=tax,
        paid_at=now,
    )


def foresee(*, occasion: str, winner: str, prize: int, together: int, now: datetime) -> int:
    """The tax that would be withheld if this prize were paid now, in fen; moves nothing."""
    before, taxed = _before(winner, occasion)
    exempt, rate = int(policies.read(EXEMPT, at=now)), int(policies.read(RATE, at=now))
    return _withheld(prize, together, before=before, taxed=taxed, exempt=exempt, rate=rate)


def withheld(reference: str) -> PrizeTax | None:
    """What was withheld with an entry of the books, and by which figures; None for any other."""
    return PrizeTax.objects.filter(entry__reference=reference).first()


def _withheld(prize: int, together: int, *, before: int, taxed: int, exempt: int, rate: int) -> int:
    if not 0 < prize <= together - before:
        raise ValueError("More is paid than was won.")
    wanted = _share(before + prize, rate) - taxed if together > exempt else 0
    return min(prize, max(wanted, 0))


def _share(fen: int, rate: int) -> int:
    """The tax on a sum, half a fen rounded up."""
    return (fen * rate + WHOLE // 2) // WHOLE


def _one_at_a_time(winner: str, occasion: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"prize_tax:{winner}:{occasion}"],
        )


def _before(winner: str, occasion: str) -> tuple[int, int]:
    """What was paid of it and withheld before, without what was reversed."""
    rows = PrizeTax.objects.filter(winner=winner, occasion=occasion).exclude(
        Exists(Entry.objects.filter(reversal_of=OuterRef("entry")))
    )
    sums = rows.aggregate(prizes=Sum("prize"), taxes=Sum("tax"))
    return int(sums["prizes"] or 0), int(sums["taxes"] or 0)


invariants.register(
    invariants.Invariant(
        code="BOOKS",
        name="tax_withheld_has_its_basis",
        title=_("Tax withheld of a prize has its basis, to the fen"),
        figure="SELECT sum(tax) FROM finance_prizetax",
        is_nightly=True,
        everything="""
        SELECT e.reference FROM finance_account a
          JOIN finance_transfer t ON t.target_id = a.id
          JOIN finance_entry e ON e.id = t.entry_id AND e.kind = 'PRIZE' AND NOT e.is_shadow
          LEFT JOIN finance_prizetax p ON p.entry_id = e.id
         WHERE a.kind = 'TAX'
         GROUP BY e.reference, p.tax HAVING sum(t.amount) IS DISTINCT FROM p.tax""",
    )
)
