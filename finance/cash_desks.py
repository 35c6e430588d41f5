"""Cash desks of outlets and centres, and prizes paid out of them (F278).

A desk is of one place; one person has it at a time. It pays while it is open: counted, and the
count agreed with the books. Who calls hands over a reference, the accounts and the figures of the
prize; what it is a prize of, this room does not know. Counts and hand-overs: `cash_counts`; how
cash comes and goes back: `cash_requests`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit import people, trail
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import change, detail_of, door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import invariants, ledger, payment_methods, prize_tax
from .ledger import AccountKind
from .models import CashCount, CashDesk, CashMove, PlaceKind, PrizeTax, Way
from .prize_tax import PrizePaidOtherwise

HOLDERS = frozenset({"cashier", "treasurer", "outlet_operator"})
EVERY_DESK = frozenset({"cashier", "treasurer", "approver", "compliance", "auditor", "regulator"})
JIAO = 10

State = CashDesk.State


class DeskUnknown(Refused):
    """No such cash desk, or none that he may see."""

    code, status = "cash_desk_unknown", 404
    message = _("There is no such cash desk.")


class DeskNotOpen(Refused):
    """Not counted yet, being handed over, or in another's hands."""

    code = "cash_desk_not_open"
    message = _("Nothing is paid out of this cash desk now. It must be counted first.")


class DeskOfAnother(Refused):
    """Only who has the desk acts on it."""

    code, status = "cash_desk_of_another", 403
    message = _("Somebody else has this cash desk.")


class NotEnoughCash(Refused):
    """More than lies in the desk."""

    code = "cash_desk_not_enough"
    message = _("%(left_fen)s yuan lie in this cash desk, and %(wanted_fen)s are to be paid.")


class NotInNotes(Refused):
    """The smallest coin is a jiao."""

    code = "cash_not_in_notes"
    message = _("%(amount_fen)s yuan cannot be paid in notes and coins. Please choose another way.")


class DeskKnown(Refused):
    """The place has a desk of this name."""

    code = "cash_desk_known"
    message = _("This place has a cash desk of this name already.")


class DeskNotEmpty(Refused):
    """A desk that is given up is empty, and nothing is on its way to it."""

    code = "cash_desk_not_empty"
    message = _("Bring all cash back first, and end every request.")


class MayNotRunDesks(Refused):
    """Treasurers set up desks and end them."""

    code, status = "cash_desk_role", 403
    message = _("Your post does not let you do this with a cash desk.")


@dataclass(frozen=True)
class PaidOut:
    """A prize paid in cash: the movement of the desk, and what was withheld of it."""

    move: CashMove
    tax: PrizeTax

    @property
    def paid_fen(self) -> int:
        """What was counted out to the winner."""
        return -self.move.change


@door
def register(*, place_kind: str, place: str, name: str, actor: Any, now: datetime) -> CashDesk:
    """Set up a desk at an outlet or a centre: empty, and nobody's until it is handed over.

    Refuses with `MayNotRunDesks` or `DeskKnown`.
    """
    _must_run_desks(actor, now)
    try:
        with transaction.atomic():
            desk = CashDesk.objects.create(
                code=new_code(),
                place_kind=PlaceKind(place_kind),
                place=place.strip(),
                name=name.strip(),
                registered_at=now,
            )
    except IntegrityError as exc:
        if violated(exc) == "cash_desk_once":
            raise DeskKnown(fields=["name"]) from exc
        raise
    ledger.open_account(code=desk.account, kind=AccountKind.CASH)
    record("finance.cash_desk_registered", desk, actor, {"place": desk.place, "name": desk.name})
    return desk


@door
def end(*, code: str, actor: Any, now: datetime) -> CashDesk:
    """Give a desk up; it is empty, or this is refused with `DeskNotEmpty`."""
    _must_run_desks(actor, now)
    desk = locked(code)
    try:
        with transaction.atomic():
            change(desk, state=State.ENDED, holder=None, ended_at=now)
    except IntegrityError as exc:
        if violated(exc) in {"cash_desk_ends_empty", "cash_desk_stands"}:
            raise DeskNotEmpty from exc
        raise
    record("finance.cash_desk_ended", desk, actor, {})
    return desk


@inside_transaction
def pay_out(
    *,
    reference: str,
    desk: str,
    source: str,
    game: str,
    occasion: str,
    winner: str,
    prize: int,
    together: int,
    actor: Any,
    now: datetime,
) -> PaidOut:
    """Pay a prize of `source` in cash, less the tax on it, once per `reference`.

    `desk` is the code of the desk, `actor` who has it; the other figures are those of
    `prize_tax.pay`. Refuses with `payment_methods.MethodNotInForce`,
    `payment_methods.AboveTheCeiling`, `DeskUnknown`, `DeskNotOpen`, `NotEnoughCash`, `NotInNotes`
    or `PrizePaidOtherwise`; then nothing has moved. The database refuses the same.
    """
    found = locked(desk)
    if known := CashMove.objects.filter(entry__reference=reference).first():
        tax = PrizeTax.objects.get(entry=known.entry_id)
        if known.desk_id != found.pk or (tax.winner, tax.prize) != (winner, prize):
            raise PrizePaidOtherwise
        return PaidOut(known, tax)
    payment_methods.must_be_possible(Way.CASH, prize, place_kind=found.place_kind, now=now)
    if found.state != State.OPEN or found.holder_id != actor.pk:
        raise DeskNotOpen
    left = in_desk(found)
    try:
        with transaction.atomic():
            tax = prize_tax.pay(
                reference=reference,
                source=source,
                target=found.account,
                game=game,
                occasion=occasion,
                winner=winner,
                prize=prize,
                together=together,
                now=now,
            )
            net = tax.prize - tax.tax
            if net % JIAO:
                raise NotInNotes(amount_fen=net)
            move = book(
                desk=found,
                kind=CashMove.Kind.PAID,
                fen=-net,
                entry=tax.entry_id,
                actor=actor,
                now=now,
            )
    except IntegrityError as exc:
        if refusal := _explained(exc, left=left, wanted=prize):
            raise refusal from exc
        raise
    record(
        "finance.cash_paid_out",
        found,
        actor,
        {"reference": reference, "paid_fen": net, "tax_fen": tax.tax, "left_fen": move.left_over},
    )
    return PaidOut(move, tax)


def in_desk(desk: CashDesk) -> int:
    """What lies in a desk by the books, in fen."""
    return -ledger.balance(desk.account)


def visible_to(user: Any, now: datetime) -> QuerySet[CashDesk]:
    """The desks somebody may look at: an operator's are his own and those offered to him."""
    roles = people.roles_of(user, now)
    found = CashDesk.objects.select_related("holder").order_by("place_kind", "place", "name", "pk")
    if roles & EVERY_DESK:
        return found
    if not roles & HOLDERS:
        return found.none()
    mine = CashDesk.objects.filter(holder=user) | CashDesk.objects.filter(
        hand_overs__outcome="OFFERED", hand_overs__given_to=user
    )
    return found.filter(pk__in=mine.values("pk"))


def find(code: str, *, user: Any, now: datetime) -> CashDesk:
    """The desk of this code if he may look at it, or `DeskUnknown`."""
    desk = visible_to(user, now).filter(code=code).first()
    if desk is None:
        raise DeskUnknown
    return desk


def of_places(*, place_kind: str, places: Collection[str] | None) -> Sequence[CashDesk]:
    """The desks of these places (None: all of the kind) that are in use, for who shows where cash
    can be paid."""
    found = CashDesk.objects.filter(place_kind=place_kind)
    if places is not None:
        found = found.filter(place__in=places)
    return list(found.exclude(state=State.ENDED).order_by("place", "name"))


def moves(desk: CashDesk) -> QuerySet[CashMove]:
    """What came and went, newest first."""
    found = CashMove.objects.filter(desk=desk).select_related("entry", "actor", "request", "count")
    return found.order_by("-number")


def counts(desk: CashDesk) -> QuerySet[CashCount]:
    """Its counts and hand-overs, newest first: who had it, and that the till was the ledger."""
    return desk.counts.select_related("given_by", "taken_by").order_by("-number")


@inside_transaction
def locked(code: str) -> CashDesk:
    """The desk of this code, held until the transaction ends, or `DeskUnknown`."""
    desk = (
        CashDesk.objects.select_for_update(no_key=True, of=("self",))
        .select_related("holder")
        .filter(code=code)
        .first()
    )
    if desk is None or desk.state == State.ENDED:
        raise DeskUnknown
    return desk


@inside_transaction
def book(
    *, desk: CashDesk, kind: str, fen: int, entry: int, actor: Any, now: datetime, **ground: Any
) -> CashMove:
    """Write down what an entry moved in a desk (in above zero, out below), on its ground.

    For the doors of this room that booked the entry in the same transaction.
    """
    move = CashMove.objects.create(
        desk=desk,
        number=0,
        kind=kind,
        change=fen,
        left_over=0,
        entry_id=entry,
        actor=actor,
        moved_at=now,
        **ground,
    )
    move.refresh_from_db(fields=["number", "left_over", "moved_at"])  # the database's own
    return move


def record(action: str, desk: CashDesk, actor: Any, body: dict[str, Any]) -> None:
    """Write a deed of a desk into the trail."""
    trail.record(
        action=action, actor=actor, object_type="cash_desk", object_code=desk.code, body=body
    )


def _explained(exc: IntegrityError, *, left: int, wanted: int) -> Refused | None:
    name = violated(exc)
    if name in {"cash_desk_not_overdrawn", "cash_move_never_below_zero"}:
        return NotEnoughCash(left_fen=left, wanted_fen=wanted)
    if name == "cash_desk_open":
        return DeskNotOpen()
    if name == "payment_method_in_force":
        return payment_methods.MethodNotInForce(way=str(Way.CASH.label))
    if name == "prize_within_the_cash_ceiling":
        most = int(detail_of(exc) or 0)
        return payment_methods.CashCeilingPassed(most_fen=most, amount_fen=wanted)
    return None


def _must_run_desks(actor: Any, now: datetime) -> None:
    if "treasurer" not in people.roles_of(actor, now):
        raise MayNotRunDesks


invariants.register(
    invariants.Invariant(
        code="BOOKS",
        name="till_is_the_ledger",
        title=_("What the rows of each cash desk left in it is what the books say"),
        figure="SELECT -sum(balance) FROM finance_account WHERE kind = 'CASH' AND NOT is_shadow",
        everything="""
        SELECT coalesce(a.code, d.code) FROM finance_cashdesk d
          FULL JOIN finance_account a ON a.code = 'cash:' || d.code
          LEFT JOIN LATERAL (
               SELECT m.left_over FROM finance_cashmove m
                WHERE m.desk_id = d.id ORDER BY m.number DESC LIMIT 1) m ON true
         WHERE (d.id IS NOT NULL OR a.kind = 'CASH')
           AND (d.id IS NULL OR a.id IS NULL OR a.kind <> 'CASH'
                OR -a.balance <> coalesce(m.left_over, 0))""",
    )
)
invariants.register(
    invariants.Invariant(
        code="BOOKS",
        name="cash_moved_on_its_ground",
        title=_("Every movement of cash has its row: a prize, a request or a count"),
        figure="SELECT count(*) FROM finance_cashmove",
        is_money=False,
        is_nightly=True,
        everything="""
        SELECT e.reference FROM finance_account a
          JOIN finance_transfer t ON a.id IN (t.source_id, t.target_id)
          JOIN finance_entry e ON e.id = t.entry_id
          LEFT JOIN finance_cashmove m ON m.entry_id = e.id
         WHERE a.kind = 'CASH' GROUP BY e.reference, a.id, m.change
        HAVING m.change IS DISTINCT FROM
               sum(CASE WHEN t.source_id = a.id THEN t.amount ELSE -t.amount END)
        UNION ALL
        SELECT d.code || '/' || x.number FROM (
            SELECT m.desk_id, m.number, m.left_over,
                   sum(m.change) OVER (PARTITION BY m.desk_id ORDER BY m.number) AS folded
              FROM finance_cashmove m) x
          JOIN finance_cashdesk d ON d.id = x.desk_id
         WHERE x.folded <> x.left_over OR x.left_over < 0""",
    )
)
