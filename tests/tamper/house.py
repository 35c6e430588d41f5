"""A house in which everything worth attacking has happened, all of it logged and cosigned."""

from __future__ import annotations

from accounts import staff
from audit import approvals, log, policies, sequencing
from games.models import Draw
from lottery_portal.lib.db import database_time
from tests import make, make_draws, make_equipment
from tests.audit.colleagues import employ
from tests.tamper import money


def caught_up() -> None:
    """Everything has its place and the witness has cosigned it."""
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())


def built() -> Draw:
    """A settled draw of nine tickets, three of which won; minutes; approvals; a purchase; money."""
    money.happened(now=database_time())
    maker, checker = employ("maker", "compliance"), employ("checker", "administrator")
    second = employ("second", "approver")
    asked = policies.request_change(
        key="approvals.checkers_needed",
        value=2,
        reason="more eyes",
        maker=maker.user,
        now=database_time(),
    )
    approvals.decide(code=asked.code, checker=checker.user, approve=True, now=database_time())
    asked = staff.request_appointment(
        person=employ("new").person, post="cashier", maker=checker.user, now=database_time()
    )
    approvals.decide(code=asked.code, checker=second.user, approve=True, now=database_time())
    caught_up()
    draw = make_draws.confirmed(
        *([make.single(20, 21, 22, 23, 24, 25, blue=9)] for _number in range(6)),
        [make.single(20, 21, 22, 23, 24, 25, blue=7)],
        [make.single(1, 2, 3, 4, 30, 31, blue=8)],
        [make.single(1, 2, 3, 4, 5, 30, blue=8)],
    )
    caught_up()
    make_equipment.signed(draw)
    settled = make_draws.settled(draw)
    make.ticket(make.alice(wallet=100_00), make.draw())
    caught_up()
    found = [str(one) for one in log.differences(now=database_time())]
    assert not found, found
    return settled
