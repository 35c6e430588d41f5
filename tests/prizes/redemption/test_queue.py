"""What waits on the start page of those who handle claims (F084, F095)."""

from __future__ import annotations

import pytest

from lottery_portal.lib.db import database_time
from prizes.redemption import papers, queue
from tests import make_claims as make
from tests import people

pytestmark = pytest.mark.django_db(transaction=True)


def turn() -> set[str]:
    """The roles for which something waits at the desk."""
    return {role for role in queue.AT_THE_DESK if queue.waiting_for({role}).exists()}


def test_the_start_page_says_whose_turn_it_is(won):
    """F084: the clerk's until it is asked for, the cashier's when approved, then to file."""
    clerks = {"claims_clerk", "claims_officer"}
    assert turn() == set()

    claim = make.opened(won, won.prize(won.bob))
    assert turn() == clerks
    start = people.text(people.in_english(won.staff["claims_clerk"]).get("/desk/"))
    assert "Claims of prizes that go on with you" in start
    claim = make.ready_to_ask(won, claim)
    assert turn() == clerks
    claim = make.asked(won, claim)
    assert turn() == set()  # approvals are told as such
    claim = make.decided(won, claim, "approver1")
    assert turn() == {"cashier"}
    claim = make.paid(won, claim)
    assert turn() == clerks
    for kind in papers.missing(claim, papers.TO_FILE):
        papers.add(
            code=claim.code, kind=kind, content=b"x", media_type="image/png",
            actor=won.staff["claims_clerk"], now=database_time(),
        )  # fmt: skip
    papers.archive(code=claim.code, actor=won.staff["claims_clerk"], now=database_time())
    assert turn() == set()


def test_what_an_outlet_does_at_its_terminal_waits_for_nobody_at_the_desk(won):
    """F085: not before it is paid; then its file is the centre's."""
    claim = make.opened(won, won.prize(won.carol), "OUTLET")
    assert turn() == set()
    claim = make.ready_to_ask(won, claim)
    assert turn() == set()
    make.paid(won, make.asked(won, claim), by="outlet_operator")
    assert turn() == {"claims_clerk", "claims_officer"}
