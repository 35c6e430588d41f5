"""Cash desks counted note by note, and handed over between two people (F278).

At every count the books say what should lie there. What differs is booked at that moment, too much
as money that somebody will miss, too little as a loss, and a case is opened; the desk pays nothing
until a count agrees. A hand-over has two signatures: who gives the desk counts and offers it, who
takes it counts the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import people
from lottery_portal.lib.db import change, door, violated
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import with_unit

from . import cases, cash_desks, cash_places, ledger
from .cash_desks import HOLDERS, DeskOfAnother
from .ledger import AccountKind, EntryKind, Move
from .models import Case, CashCount, CashDesk, CashHandOver, CashMove

CASE = "cash_difference"
OVER, SHORT = "suspense:cash_over", "expense:cash_short"
FACES = (100_00, 50_00, 20_00, 10_00, 5_00, 1_00, 50, 10)  # fen: notes, and coins down to a jiao
MOST_PIECES = 999_999

State = CashDesk.State
Outcome = CashHandOver.Outcome


class CountWrong(Refused):
    """A face value that does not exist, or fewer than none."""

    code, status = "cash_count_wrong", 400
    message = _("Please give the number of each note and coin, 0 if there is none.")


class NotAHolder(Refused):
    """Nobody at a till by his post."""

    code, status = "cash_desk_not_a_holder", 403
    message = _("A cash desk is handed over to a cashier, a treasurer or an operator of an outlet.")


class SamePerson(Refused):
    """A hand-over is between two."""

    code = "cash_desk_same_person"
    message = _("A cash desk is handed over between two people.")


class NotOffered(Refused):
    """Nobody offers him this desk."""

    code = "cash_desk_not_offered"
    message = _("This cash desk is not offered to you.")


class CountsDiffer(Refused):
    """The two did not count the same."""

    code = "cash_counts_differ"
    message = _("Your count is not the one of who hands the desk over. Count it together again.")


class BeingHandedOver(Refused):
    """Offered: only taken or withdrawn now."""

    code = "cash_desk_being_handed_over"
    message = _("This cash desk is being handed over. Withdraw that first.")


_REFUSALS: dict[str, type[Refused]] = {
    "cash_count_adds_up": CountWrong,
    "cash_desk_of_another": DeskOfAnother,
    "cash_hand_over_between_two": SamePerson,
    "cash_hand_over_once_at_a_time": BeingHandedOver,
    "cash_counts_agree": CountsDiffer,
}


@door
def count(
    *,
    desk: str,
    pieces: Mapping[int, int],
    actor: Any,
    now: datetime,
    is_evening: bool = False,
) -> CashCount:
    """Count a desk that one has: `pieces` of each face value in fen.

    What agrees opens it (not in the evening); what differs is booked, opens a case and keeps it
    closed until a count agrees. Refuses with `CountWrong`, `DeskOfAnother` or `BeingHandedOver`.
    """
    found = cash_desks.locked(desk)
    if found.holder_id != actor.pk:
        raise DeskOfAnother
    if found.state == State.HANDING:
        raise BeingHandedOver
    kind = CashCount.Kind.EVENING if is_evening else CashCount.Kind.CHECK
    counted = _counted(found, kind, pieces, hands=(actor, actor), now=now)
    agrees = not counted.difference
    change(found, state=State.OPEN if agrees and not is_evening else State.TO_COUNT)
    return counted


@door
def offer(
    *, desk: str, pieces: Mapping[int, int], to: Any, actor: Any, now: datetime
) -> CashHandOver:
    """Hand a desk over to a colleague: the count of who has it, and the first signature.

    A desk that nobody has is handed over by a treasurer. Until it is taken or withdrawn nothing is
    paid out of it. Refuses with `DeskOfAnother`, `NotAHolder`, `SamePerson`, `CountWrong` or
    `BeingHandedOver`.
    """
    found = cash_desks.locked(desk)
    if found.holder_id is None and "treasurer" not in people.roles_of(actor, now):
        raise cash_desks.MayNotRunDesks
    if found.holder_id not in {None, actor.pk}:
        raise DeskOfAnother
    if not people.roles_of(to, now) & HOLDERS:
        raise NotAHolder(fields=["to"])
    if to.pk == actor.pk:
        raise SamePerson(fields=["to"])
    with _refusing():
        made = CashHandOver.objects.create(
            desk=found,
            given_by=actor,
            given_to=to,
            pieces=_kept(pieces),
            counted=total(pieces),
            offered_at=now,
        )
    change(found, state=State.HANDING)
    cash_desks.record(
        "finance.cash_desk_offered",
        found,
        actor,
        {"to": to.get_username(), "counted_fen": made.counted},
    )
    return made


@door
def take(*, desk: str, pieces: Mapping[int, int], actor: Any, now: datetime) -> CashCount:
    """Take a desk over: the count of who takes it is the one of who gives it, the second signature.

    From here on it is his; what differs from the books is booked as of the one who had it. Refuses
    with `NotOffered`, `CountsDiffer` or `CountWrong`; then it stays whose it was.
    """
    found = cash_desks.locked(desk)
    offered = _offered(found)
    if offered is None or offered.given_to_id != actor.pk:
        raise NotOffered
    if not people.roles_of(actor, now) & HOLDERS:
        raise NotAHolder
    if _kept(pieces) != offered.pieces:
        raise CountsDiffer
    counted = _counted(
        found, CashCount.Kind.HAND_OVER, pieces, hands=(offered.given_by, actor), now=now
    )
    change(offered, outcome=Outcome.TAKEN, ended_at=now)
    change(found, holder=actor, state=State.TO_COUNT if counted.difference else State.OPEN)
    return counted


@door
def withdraw(*, desk: str, actor: Any, now: datetime) -> CashHandOver:
    """Take an offer back (who made it), or decline it (to whom it was made); count it then."""
    found = cash_desks.locked(desk)
    offered = _offered(found)
    if offered is None or actor.pk not in {offered.given_by_id, offered.given_to_id}:
        raise NotOffered
    change(offered, outcome=Outcome.WITHDRAWN, ended_at=now)
    change(found, state=State.TO_COUNT)
    cash_desks.record("finance.cash_desk_offer_ended", found, actor, {})
    return offered


def offered_now(desk: CashDesk) -> CashHandOver | None:
    """The hand-over under way, if any."""
    found = CashHandOver.objects.filter(desk=desk, outcome=Outcome.OFFERED)
    return found.select_related("given_by", "given_to").first()


def total(pieces: Mapping[int, int]) -> int:
    """What these notes and coins are together, in fen, or `CountWrong`."""
    if any(face not in FACES or not 0 <= many <= MOST_PIECES for face, many in pieces.items()):
        raise CountWrong
    return sum(face * many for face, many in pieces.items())


def _kept(pieces: Mapping[int, int]) -> dict[str, int]:
    return {str(face): pieces[face] for face in FACES if pieces.get(face)}


def _offered(desk: CashDesk) -> CashHandOver | None:
    found = CashHandOver.objects.select_for_update(no_key=True, of=("self",))
    return found.select_related("given_by").filter(desk=desk, outcome=Outcome.OFFERED).first()


def _counted(
    desk: CashDesk,
    kind: str,
    pieces: Mapping[int, int],
    *,
    hands: tuple[Any, Any],
    now: datetime,
) -> CashCount:
    """Keep a count; book and have cleared up what differs from the books at this moment.

    `hands` are who had it and who has it then.
    """
    giver, taker = hands
    fen = total(pieces)
    with _refusing():
        made = CashCount.objects.create(
            desk=desk, number=0, kind=kind, pieces=_kept(pieces), counted=fen, booked=0,
            given_by=giver, taken_by=taker, counted_at=now,
        )  # fmt: skip
    made.refresh_from_db(fields=["number", "booked", "counted_at"])  # the database's own
    cash_desks.record(
        "finance.cash_counted",
        desk,
        taker,
        {
            "number": made.number, "kind": kind, "counted_fen": fen, "booked_fen": made.booked,
            "from": giver.get_username(),
        },
    )  # fmt: skip
    if made.difference:
        _book(desk, made, taker, now)
    return made


def _book(desk: CashDesk, made: CashCount, actor: Any, now: datetime) -> None:
    fen, is_over = abs(made.difference), made.difference > 0
    if is_over:
        ledger.open_account(code=OVER, kind=AccountKind.SUSPENSE)
    else:
        ledger.open_account(code=SHORT, kind=AccountKind.EXPENSE)
    entry = ledger.post(
        reference=f"cash_count:{desk.code}:{made.number}",
        kind=EntryKind.CASH_COUNTED,
        moves=[Move(desk.account, OVER, fen) if is_over else Move(SHORT, desk.account, fen)],
    )
    cash_desks.book(
        desk=desk,
        kind=CashMove.Kind.OVER if is_over else CashMove.Kind.SHORT,
        fen=made.difference,
        entry=entry.pk,
        actor=actor,
        now=now,
        count=made,
    )
    cases.open_(
        kind=CASE,
        object_type="cash_desk",
        object_code=f"{desk.code}/{made.number}",
        facts={
            "desk": desk.code, "name": desk.name, "place": desk.place, "count": made.number,
            "counted_fen": made.counted, "booked_fen": made.booked,
            "difference_fen": made.difference,
        },
        now=now,
    )  # fmt: skip


@contextmanager
def _refusing() -> Iterator[None]:
    """A savepoint whose broken constraints are refusals."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise


def _words(case: Case) -> Sequence[tuple[str, str]]:
    facts = case.facts
    return [
        (_now("Cash desk"), facts["name"]),
        (_now("Outlet or centre"), cash_places.name_of(facts["place"])),
        (_now("Counted"), with_unit(facts["counted_fen"])),
        (_now("In the books"), with_unit(facts["booked_fen"])),
        (_now("Difference"), with_unit(facts["difference_fen"])),
    ]


def _address(case: Case) -> str:
    return reverse("finance:desk_cash_desk", args=[case.facts["desk"]])


def _person(case: Case) -> str:
    """Who had the desk does not clear up what was missing in it."""
    found = CashCount.objects.filter(
        desk__code=case.facts["desk"], number=case.facts["count"]
    ).select_related("given_by")
    made = found.first()
    return people.person_of(made.given_by) if made else ""


cases.register(
    cases.Kind(
        name=CASE,
        title=_("Cash count that differs from the books"),
        roles=frozenset({"treasurer", "compliance"}),
        words=_words,
        person=_person,
        address=_address,
    )
)
