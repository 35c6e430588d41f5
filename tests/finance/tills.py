"""Cash desks for tests, made by the doors."""

from __future__ import annotations

import itertools

from django.db import transaction

from audit import approvals
from audit.models import ApprovalRequest
from finance import cash_counts, cash_desks, cash_requests, ledger
from finance.ledger import AccountKind, EntryKind, Move
from finance.models import CashDesk
from tests import make_money as make

ESCROW, SOURCE, OCCASION = "escrow:sandbox", "unclaimed:T001", "ssq/2026134"
NOTHING = dict.fromkeys(cash_counts.FACES, 0)
_numbers = itertools.count(1)


def one(post, now):
    """A member of staff with this post."""
    return make.staff(f"till{next(_numbers)}", post, now=now).member.user


def people_at(now):
    """A treasurer and two cashiers."""
    return [one(post, now) for post in ("treasurer", "cashier", "cashier")]


def pieces(fen):
    """`fen` in the largest notes and coins there are."""
    found = {}
    for face in cash_counts.FACES:
        found[face], fen = divmod(fen, face)
    assert not fen
    return found


def handed(desk, giver, taker, fen, now):
    """The desk from hand to hand, with a count of `fen` that both sign."""
    cash_counts.offer(desk=desk.code, pieces=pieces(fen), to=taker, actor=giver, now=now)
    count = cash_counts.take(desk=desk.code, pieces=pieces(fen), actor=taker, now=now)
    desk.refresh_from_db()
    return count


def approved(code, now):
    for _person in range(ApprovalRequest.objects.get(code=code).needed):
        checker = make.staff(f"eyes{next(_numbers)}", "approver", now=now).member.user
        approvals.decide(code=code, checker=checker, approve=True, now=now)


def asked(desk, fen, holder, now, *, direction="IN"):
    request = cash_requests.ask(
        desk=desk.code, direction=direction, amount=fen, escrow=ESCROW, reason="备付奖金",
        actor=holder, now=now,
    )  # fmt: skip
    if request.approval_code:
        approved(request.approval_code, now)
        request.refresh_from_db()
    return request


def brought(desk, fen, holder, carrier, now):
    """Cash asked for, brought by another, received."""
    request = asked(desk, fen, holder, now)
    cash_requests.bring(code=request.code, actor=carrier, now=now)
    return cash_requests.receive(code=request.code, actor=holder, now=now)


def open_desk(
    treasurer, holder, now, *, fen=0, place_kind="OUTLET", place="", name="兑奖台"
) -> CashDesk:
    """A desk that `holder` has, counted, with `fen` in it that the treasurer brought."""
    desk = cash_desks.register(
        place_kind=place_kind, place=place or f"P{next(_numbers)}", name=name, actor=treasurer,
        now=now,
    )  # fmt: skip
    handed(desk, treasurer, holder, 0, now)
    if fen:
        brought(desk, fen, holder, treasurer, now)
    return desk


def prizes(fen=9_000_000_00):
    """Prize money that waits for its winners."""
    make.open_accounts(("grant:test", "GRANT"), ("pool:test", "POOL"), ("prizes:T001", "PRIZES"))
    number = next(_numbers)
    with transaction.atomic():
        ledger.open_account(code=SOURCE, kind=AccountKind.UNCLAIMED)
        for kind, source, target in (
            (EntryKind.OPENING, "grant:test", "pool:test"),
            (EntryKind.POOL_ROLL, "pool:test", "prizes:T001"),
            (EntryKind.PRIZE, "prizes:T001", SOURCE),
        ):
            ledger.post(
                reference=f"{kind}:till{number}", kind=kind, moves=[Move(source, target, fen)]
            )


def pay(desk, fen, actor, now, *, reference="claim:C1", winner="person-1", together=0):
    with transaction.atomic():
        return cash_desks.pay_out(
            reference=reference, desk=desk.code, source=SOURCE, game="ssq", occasion=OCCASION,
            winner=winner, prize=fen, together=together or fen, actor=actor, now=now,
        )  # fmt: skip
