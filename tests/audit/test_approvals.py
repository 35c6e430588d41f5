"""Four eyes: asked by one person, done by the word of others, once (D11)."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from audit import approvals
from lottery_portal import jobs
from lottery_portal.lib.db import violated

from .colleagues import NOW, NoteRefused, actions, ask, employ, note_kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def maker():
    return employ("hejing", "cashier")


@pytest.fixture
def checker():
    return employ("luping", "approver")


@pytest.fixture(autouse=True)
def _kind():
    with note_kind():
        yield


def _decide(request, checker, *, approve=True, reason="", digest=None):
    return approvals.decide(
        code=request.code,
        checker=checker.user,
        approve=approve,
        reason=reason,
        now=NOW,
        digest=digest,
    )


def _state(request):
    return approvals.find(request.code).state


def test_the_word_of_a_second_person_performs_the_deed(maker, checker):
    request = ask(maker)
    assert _state(request) == "OPEN"

    done = _decide(request, checker, digest=request.digest)

    assert done.state == _state(request) == "PERFORMED"
    assert actions() == ["audit.approval_requested", "audit.approval_signed", "tests.noted"]


def test_what_is_signed_is_the_canonical_text_and_its_digest(maker):
    request = ask(maker, {"z": 1, "a": {"name": "好", "at": NOW}})

    written = '{\n  "a": {\n    "at": "2026-11-20T02:00:00Z",\n    "name": "好"\n  },\n  "z": 1\n}'
    assert request.digest == hashlib.sha256(written.encode()).hexdigest()
    assert request.payload == {"z": 1, "a": {"name": "好", "at": "2026-11-20T02:00:00Z"}}


def test_nobody_checks_what_he_asked_for(maker):
    request = ask(maker)
    employ_as_checker = employ("second", "approver", same_person_as=maker)

    with pytest.raises(approvals.OnePerson):
        _decide(request, employ_as_checker)

    assert (_state(request), actions()) == ("OPEN", ["audit.approval_requested"])


def test_a_post_without_the_role_may_not_ask(checker):
    with pytest.raises(approvals.MayNotAsk):
        ask(checker)

    assert actions() == []


def test_a_post_without_the_role_may_not_decide(maker):
    request = ask(maker)

    with pytest.raises(approvals.MayNotDecide):
        _decide(request, employ("suning", "support"))

    assert (_state(request), actions()) == ("OPEN", ["audit.approval_requested"])


def test_a_checker_signs_what_he_was_shown_and_nothing_else(maker, checker):
    request, other = ask(maker), ask(maker, {"note": "other"})

    with pytest.raises(approvals.SomethingElse):
        _decide(request, checker, digest=other.digest)

    assert _state(request) == "OPEN"
    assert "tests.noted" not in actions()


def test_a_deed_that_is_refused_keeps_no_signature(maker, checker):
    request = ask(maker, {"refuses": True})

    with pytest.raises(NoteRefused):
        _decide(request, checker)

    assert (_state(request), actions()) == ("OPEN", ["audit.approval_requested"])
    with pytest.raises(NoteRefused):
        _decide(request, checker)


def test_a_request_is_used_once(maker, checker):
    request = ask(maker)
    _decide(request, checker)

    with pytest.raises(approvals.NoLongerOpen):
        _decide(request, employ("qinchuan", "compliance"))

    assert actions().count("tests.noted") == 1


def test_a_refusal_needs_a_reason(maker, checker):
    request = ask(maker)

    with pytest.raises(approvals.ReasonMissing):
        _decide(request, checker, approve=False, reason="  ")

    assert (_state(request), actions()) == ("OPEN", ["audit.approval_requested"])


def test_a_refusal_ends_the_request_and_tells_its_room(maker, checker):
    request = ask(maker)

    _decide(request, checker, approve=False, reason="Wrong account")

    assert _state(request) == "REFUSED"
    assert actions() == ["audit.approval_requested", "audit.approval_refused", "tests.dropped"]
    with pytest.raises(approvals.NoLongerOpen):
        _decide(request, employ("qinchuan", "compliance"))


def test_an_unknown_code_is_answered_plainly(checker):
    with pytest.raises(approvals.UnknownRequest):
        approvals.decide(code="NONE", checker=checker.user, approve=True, now=NOW)


def _execute(said, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(said, values)


END = "UPDATE audit_approvalrequest SET state = '{}', ended_at = now() WHERE code = %s"
BEGIN = (
    "INSERT INTO audit_approvalrequest (code, kind, payload, digest, amount_fen, maker_id,"
    " maker_person, needed, state, requested_at, expires_at, ended_at) SELECT 'FORGED', kind, {},"
    " digest, 0, maker_id, '', 1, {}, now(), expires_at, {} FROM audit_approvalrequest"
    " WHERE code = %s"
)
FORGERIES = {
    "performed": (END.format("PERFORMED"), "approval_performed_after_decisions"),
    "refused": (END.format("REFUSED"), "approval_refused_by_somebody"),
    "expired": (END.format("EXPIRED"), "approval_expires_in_time"),
    "open": (END.format("OPEN"), "approval_request_stands"),
    "born performed": (BEGIN.format("payload", "'PERFORMED'", "now()"), "approval_begins_open"),
    "other content": (BEGIN.format("'{}'", "'OPEN'", "NULL"), "approval_digest_of_payload"),
}


@pytest.mark.parametrize(("said", "refusal"), FORGERIES.values(), ids=FORGERIES)
def test_the_application_cannot_forge_an_approval(maker, said, refusal):
    request = ask(maker)

    with pytest.raises(IntegrityError) as caught:
        _execute(said, request.code)

    assert violated(caught.value) == refusal
    assert _state(request) == "OPEN"


def test_the_database_names_maker_and_checker_itself(maker, checker):
    request = ask(maker)

    _decide(request, checker)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.maker_person, d.checker_person FROM audit_approvaldecision d"
            " JOIN audit_approvalrequest r ON r.id = d.request_id WHERE r.code = %s",
            [request.code],
        )
        assert cursor.fetchone() == (str(maker.person.row_uuid), str(checker.person.row_uuid))


def test_two_signatures_where_the_kind_asks_for_two(maker, checker):
    with note_kind(needed=2):
        request = ask(maker)

        assert _decide(request, checker).state == "OPEN"
        with pytest.raises(approvals.DecidedAlready):
            _decide(request, employ("other", "compliance", same_person_as=checker))
        assert "tests.noted" not in actions()
        assert _decide(request, employ("qinchuan", "compliance")).state == "PERFORMED"

        assert actions().count("tests.noted") == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_that_runs_out_ends_by_the_clock_of_the_database(maker, checker):
    with note_kind(lifetime=timedelta(milliseconds=300)):
        request = ask(maker)
        still_open = ask(maker) if approvals.expire_due(now=NOW) == 0 else None
        assert still_open is not None
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.35)")

        with pytest.raises(approvals.NoLongerOpen):
            _decide(request, checker)
        with transaction.atomic():
            jobs.enqueue("audit.expire_approvals", key="tests")
        jobs.run_pending(kinds=frozenset({"audit.expire_approvals"}))

        assert (_state(request), _state(still_open)) == ("EXPIRED", "EXPIRED")
        assert actions().count("tests.dropped") == 2
        assert "tests.noted" not in actions()
        assert approvals.expire_due(now=NOW) == 0


def test_a_kind_is_registered_once():
    with pytest.raises(RuntimeError, match="Two kinds"):
        approvals.register(approvals.kinds()["tests.note"])
