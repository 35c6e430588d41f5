"""Many checkers at the same moment: the deed is done once, and by other eyes than the maker's."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import connections

from audit import approvals
from tests.at_once import at_once
from tests.audit.colleagues import NOW, actions, ask, employ, note_kind

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]


def _decide(code, user, *, approve=True):
    return approvals.decide(
        code=code, checker=user, approve=approve, reason="" if approve else "No", now=NOW
    )


def test_two_checkers_at_once_perform_the_deed_once():
    maker = employ("hejing", "cashier")
    checkers = [employ(f"fuhe{number}", "approver") for number in range(8)]
    with note_kind():
        request = ask(maker)

        results = at_once([partial(_decide, request.code, checker.user) for checker in checkers])

        assert sum(isinstance(result, approvals.Request) for result in results) == 1
        assert sum(isinstance(result, approvals.NoLongerOpen) for result in results) == 7
        assert actions().count("tests.noted") == 1
        assert actions().count("audit.approval_signed") == 1


def test_a_signature_and_a_refusal_at_once_leave_one_outcome():
    maker = employ("hejing", "cashier")
    checkers = [employ(f"fuhe{number}", "approver") for number in range(6)]
    with note_kind():
        request = ask(maker)

        results = at_once(
            [
                partial(_decide, request.code, checker.user, approve=bool(number % 2))
                for number, checker in enumerate(checkers)
            ]
        )

        assert sum(isinstance(result, approvals.Request) for result in results) == 1
        assert (actions().count("tests.noted"), actions().count("tests.dropped")) in {
            (1, 0),
            (0, 1),
        }


def test_two_needed_signatures_at_once_perform_the_deed_once():
    maker = employ("hejing", "cashier")
    checkers = [employ(f"fuhe{number}", "approver") for number in range(5)]
    with note_kind(needed=2):
        request = ask(maker)

        results = at_once([partial(_decide, request.code, checker.user) for checker in checkers])

        states = [r.state for r in results if isinstance(r, approvals.Request)]
        assert sorted(states) == ["OPEN", "PERFORMED"]
        assert actions().count("tests.noted") == 1


def test_expiry_and_signature_at_once_leave_one_outcome():
    maker, checker = employ("hejing", "cashier"), employ("luping", "approver")
    with note_kind(lifetime=timedelta(milliseconds=400)):
        request = ask(maker)
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.39)")

        at_once(
            [
                lambda: _decide(request.code, checker.user),
                *[lambda: approvals.expire_due(now=NOW)] * 4,
            ]
        )
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.1)")
        approvals.expire_due(now=NOW)

        assert (actions().count("tests.noted"), actions().count("tests.dropped")) in {
            (1, 0),
            (0, 1),
        }
        assert approvals.find(request.code).state in {"PERFORMED", "EXPIRED"}


def test_it_is_the_database_that_keeps_makers_from_checking():
    """The control: with its trigger gone, a second account of the maker signs his own request."""
    maker = employ("hejing", "cashier")
    same = employ("second", "approver", same_person_as=maker)
    with note_kind():
        request = ask(maker)
        with pytest.raises(approvals.OnePerson):
            _decide(request.code, same.user)

        with connections["owner"].cursor() as cursor:
            cursor.execute("DROP TRIGGER audit_name_checker ON audit_approvaldecision")

        assert _decide(request.code, same.user).state == "PERFORMED"
