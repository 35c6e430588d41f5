"""Corrections on the desk: asked for with a look at what they do, decided by others (F212)."""

from __future__ import annotations

import re

import pytest

from audit import approvals, reports
from finance import ledger
from finance.ledger import Move
from finance.models import Adjustment, Entry
from tests import make_money as make
from tests import people

from . import books

pytestmark = pytest.mark.django_db

NEW = "/desk/ledger/corrections/new/"


def desk(post):
    client = people.behind(people.member(post, name=f"{post}-desk").user)
    client.cookies["language"] = "en"
    return client


@pytest.fixture
def alice():
    player = make.player()
    make.put(player, 10_00)
    make.open_accounts(("suspense:bank", "SUSPENSE"))
    return player


def correction(alice, **changes):
    return {
        "deed": "correct",
        "step": "preview",
        "source_1": "suspense:bank",
        "target_1": f"wallet:{alice.code}",
        "amount_1": "12.50",
        "reason": "银行到账未入账",
        **changes,
    }


def test_before_it_is_asked_for_a_correction_says_what_it_would_do(alice):
    """F212: each account before and after; nothing is asked for yet."""
    page = desk("treasurer").post(NEW, correction(alice)).content.decode()

    assert "What this would do" in page
    assert "10.00" in page
    assert "22.50" in page
    assert "12.50" in page
    assert not Adjustment.objects.exists()


def test_a_correction_shows_before_after_who_asked_who_authorised_and_why(alice):
    """F212"""
    client = desk("treasurer")

    answer = client.post(NEW, correction(alice, step="ask"))

    made = Adjustment.objects.get()
    assert answer["Location"] == f"/desk/ledger/corrections/{made.code}/"
    assert ledger.balance(f"wallet:{alice.code}") == 10_00
    waiting = client.get(answer["Location"]).content.decode()
    assert "Awaits its decision" in waiting
    assert "not booked" in waiting
    make.decided(made)
    page = client.get(answer["Location"]).content.decode()
    assert ledger.balance(f"wallet:{alice.code}") == 22_50
    for told in ("银行到账未入账", "10.00", "22.50", "Asked by", "Authorised by"):
        assert told in page
    listed = client.get("/desk/ledger/corrections/").content.decode()
    assert "12.50" in listed
    assert "Booked" in listed


def test_a_reversal_is_asked_for_by_the_reference_of_the_entry(alice):
    """F105, F212"""
    client = desk("cashier")
    reference = Entry.objects.get(kind="DEPOSIT").reference
    asked = {"deed": "reverse", "reference": reference, "reversal_reason": "重复入账"}

    preview = client.post(NEW, {**asked, "step": "preview"}).content.decode()
    client.post(NEW, {**asked, "step": "ask"})

    assert "What this would do" in preview
    made = Adjustment.objects.get()
    assert made.reversal_of == reference
    make.decided(made)
    assert ledger.balance(f"wallet:{alice.code}") == 0
    again = client.post(NEW, {**asked, "step": "ask"})
    assert again.status_code == 409
    assert "already been reversed" in again.content.decode()


NOT_TO_BE_BOOKED = (
    ({"source_1": "fund:ssq", "step": "ask"}, 400, "The books know no correction"),
    ({"source_1": "suspense:nowhere", "step": "ask"}, 400, "The books know no correction"),
    ({"amount_1": ""}, 400, "A move needs both accounts and the amount."),
    ({"amount_1": "-5"}, 400, "between"),
    ({"amount_1": "", "source_1": "", "target_1": ""}, 400, "at least one move"),
    ({"reason": ""}, 400, "required"),
    ({"deed": "reverse", "reference": "nothing", "reversal_reason": "x"}, 404, "no such entry"),
    ({"deed": "", "step": ""}, 400, "Correct the books"),
)


def test_what_cannot_be_booked_is_refused_and_asks_for_nothing(alice):
    """F120"""
    client = desk("treasurer")
    for changes, status, words in NOT_TO_BE_BOOKED:
        answer = client.post(NEW, correction(alice, **changes))

        assert answer.status_code == status, changes
        assert words in answer.content.decode()
        assert not Adjustment.objects.exists()
        assert not approvals.under_way("finance.adjustment")


@pytest.mark.parametrize(
    ("post", "status"),
    [("treasurer", 200), ("cashier", 200), ("approver", 403), ("auditor", 403)],
)
def test_only_makers_open_the_form(post, status):
    """F120: role by role."""
    assert desk(post).get(NEW).status_code == status


def test_those_who_decide_or_look_see_corrections(alice):
    """F212"""
    made = make.adjustment(Move("suspense:bank", f"wallet:{alice.code}", 1_00))
    for post in ("approver", "compliance", "auditor", "regulator"):
        client = desk(post)

        every = client.get("/desk/ledger/corrections/")
        assert every.status_code == 200, post
        page = client.get(f"/desk/ledger/corrections/{made.code}/").content.decode()
        assert "账实不符" in page
        assert "Correct the books</a>" not in every.content.decode()


def test_a_refused_correction_says_by_whom_and_why(alice):
    """F212"""
    made = make.adjustment(Move("suspense:bank", f"wallet:{alice.code}", 1_00))
    checker = make.staff("checker", "approver").member.user
    approvals.decide(
        code=made.approval_code,
        checker=checker,
        approve=False,
        reason="凭证不全",
        now=make.NOW,
    )

    page = desk("auditor").get(f"/desk/ledger/corrections/{made.code}/").content.decode()

    assert "Refused by" in page
    assert "凭证不全" in page
    assert ledger.balance(f"wallet:{alice.code}") == 10_00


def test_a_correction_that_is_not_there_is_not_found():
    assert desk("auditor").get("/desk/ledger/corrections/NOTHING/").status_code == 404


def test_what_the_form_shows_again_is_what_was_typed(alice):
    page = desk("treasurer").post(NEW, correction(alice, source_2="fund:ssq")).content.decode()

    assert re.search(r'name="source_2"[^>]*value="fund:ssq"', page)
    assert books.OWN not in page


def test_corrections_are_exported_with_before_after_who_by_whose_word_and_why(alice):
    """F212: for auditors, a row a move; what is not booked has no after."""
    booked = make.decided(make.adjustment(Move("suspense:bank", f"wallet:{alice.code}", 12_50)))
    waiting = make.adjustment(Move("suspense:bank", f"wallet:{alice.code}", 1_00))
    report = reports.known("finance.corrections")
    assert report is not None
    params = {"since": "2020-01-01", "until": "2099-12-31"}

    names = [column.key for column in report.columns]
    rows = [dict(zip(names, row, strict=True)) for row in report.rows(params)]

    assert report.count is not None
    assert report.count(params) == len(rows) == 2
    one, other = rows
    assert (one["correction"], other["correction"]) == (booked.code, waiting.code)
    assert (one["target_before"], one["target_after"]) == (10_00, 22_50)
    assert (one["source_before"], one["source_after"]) == (0, -12_50)
    assert one["asked_by"].startswith("maker")
    assert one["authorised_by"].startswith("checker")
    assert (one["reason"], one["approval"]) == ("账实不符", booked.approval_code)
    assert one["booked_at"] == booked.booked_at
    assert (other["target_after"], other["authorised_by"], other["booked_at"]) == (None, "", None)
