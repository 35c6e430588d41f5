"""What does not agree waits for a person with an owner and a date, and does not get lost (F121)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts import demo
from audit import alarms, trail
from finance import cases
from finance.models import Case
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests import people

pytestmark = pytest.mark.django_db

DUE = timedelta(days=3)


@pytest.fixture
def alice():
    player = make.player()
    make.fund(player, 100_00)
    return player


@pytest.fixture
def treasurer():
    return make.staff("caiwu9", "treasurer").member.user


def charged_back(player, *, fen=100_00, now=make.NOW):
    """A case as the house opens one: a bank takes a deposit back."""
    deposit = make.fund(player, fen, now=now)
    make.told(deposit, event=f"{deposit.code}:back", state="REFUNDED", now=now)
    return Case.objects.get(object_code=deposit.code)


def opened(*, code="D1", now=make.NOW, **facts):
    with transaction.atomic():
        return cases.open_(
            kind="finance.transfers_failed",
            object_type="player",
            object_code=code,
            facts=facts,
            now=now,
        )


def deeds(case):
    found = trail.read(trail.Filters(object_type="case", object_code=case.code)).order_by("pk")
    return [(row.action, row.actor) for row in found]


def test_a_case_is_opened_once_while_it_is_open(alice, treasurer):
    """F121"""
    case = charged_back(alice)

    with transaction.atomic():
        again = cases.open_(
            kind=case.kind, object_type="deposit", object_code=case.object_code,
            facts={"player": alice.code}, now=make.NOW,
        )  # fmt: skip
    cases.resolve(code=case.code, actor=treasurer, resolution="The card was stolen.", now=make.NOW)
    with transaction.atomic():
        later = cases.open_(
            kind=case.kind, object_type="deposit", object_code=case.object_code,
            facts={"player": alice.code}, now=make.NOW,
        )  # fmt: skip

    assert again.pk == case.pk
    assert later.pk != case.pk
    assert case.due_on == (make.NOW + DUE).date()


def test_a_case_is_taken_noted_and_settled_in_words(alice, treasurer):
    """F121: with its owner, and every step in the trail."""
    case = charged_back(alice)

    cases.assign(code=case.code, actor=treasurer, now=make.NOW)
    cases.note(code=case.code, actor=treasurer, text="Asked the bank.", now=make.NOW)
    for nothing in ("", "  "):
        with pytest.raises(cases.WordMissing):
            cases.resolve(code=case.code, actor=treasurer, resolution=nothing, now=make.NOW)
    cases.resolve(code=case.code, actor=treasurer, resolution="Stolen card.", now=make.NOW)

    case.refresh_from_db()
    assert (case.state, case.owner, case.resolved_by) == ("RESOLVED", treasurer, treasurer)
    assert case.resolution == "Stolen card."
    assert deeds(case) == [
        ("finance.case_opened", "system"),
        ("finance.case_taken", treasurer.username),
        ("finance.case_noted", treasurer.username),
        ("finance.case_resolved", treasurer.username),
    ]
    with pytest.raises(cases.CaseSettled):
        cases.note(code=case.code, actor=treasurer, text="More.", now=make.NOW)


def test_who_has_not_taken_a_case_does_not_settle_it(alice, treasurer):
    case = charged_back(alice)
    colleague = make.staff("caiwu8", "treasurer").member.user
    cases.assign(code=case.code, actor=treasurer, now=make.NOW)

    with pytest.raises(cases.TakenByAnother):
        cases.resolve(code=case.code, actor=colleague, resolution="x", now=make.NOW)
    cases.assign(code=case.code, actor=colleague, now=make.NOW)
    cases.resolve(code=case.code, actor=colleague, resolution="x", now=make.NOW)

    case.refresh_from_db()
    assert case.resolved_by == colleague


@pytest.mark.parametrize("post", ["support", "auditor", "approver"])
def test_only_the_posts_of_its_kind_handle_a_case(alice, treasurer, post):
    """F120"""
    case = charged_back(alice)
    other = make.staff("bieren9", post).member.user

    for deed in (
        lambda: cases.assign(code=case.code, actor=other, now=make.NOW),
        lambda: cases.assign(code=case.code, actor=treasurer, owner=other, now=make.NOW),
        lambda: cases.note(code=case.code, actor=other, text="x", now=make.NOW),
        lambda: cases.resolve(code=case.code, actor=other, resolution="x", now=make.NOW),
    ):
        with pytest.raises(cases.MayNotHandle):
            deed()

    case.refresh_from_db()
    assert (case.state, case.owner) == ("OPEN", None)


def test_nobody_handles_a_case_about_himself(alice):
    case = charged_back(alice)
    himself = demo.make_staff(
        staff_name="ziji9",
        display_name="ziji",
        post="treasurer",
        name=alice.person.name.reveal(),
        citizen_id=alice.person.citizen_id.reveal(),
        password="a-long-enough-password",
        now=make.NOW,
    ).member.user

    with pytest.raises(cases.OwnCase):
        cases.resolve(code=case.code, actor=himself, resolution="Nothing wrong.", now=make.NOW)

    case.refresh_from_db()
    assert case.state == "OPEN"


def test_a_case_past_its_day_escalates_once_and_settling_it_clears_the_alarm(alice, treasurer):
    """F121: unresolved for more than N days → escalates."""
    case = charged_back(alice)

    assert cases.escalate_due(now=make.NOW + DUE) == 0
    assert [cases.escalate_due(now=make.NOW + DUE + timedelta(days=n)) for n in (1, 2)] == [1, 0]

    case.refresh_from_db()
    assert case.escalated_at == make.NOW + DUE + timedelta(days=1)
    (alarm,) = [one for one in alarms.open_now() if one.kind == cases.OVERDUE]
    assert alarm.object_code == case.code
    cases.resolve(code=case.code, actor=treasurer, resolution="Done.", now=make.NOW)
    assert not [one for one in alarms.open_now() if one.kind == cases.OVERDUE]


def test_a_thing_that_is_right_again_settles_its_case(alice):
    case = opened(failures=5)

    with transaction.atomic():
        settled = cases.settle(
            kind=case.kind, object_type="player", object_code="D1",
            resolution="It is right again.", now=make.NOW,
        )  # fmt: skip

    assert settled is not None
    assert settled.pk == case.pk
    case.refresh_from_db()
    assert (case.state, case.resolved_by) == ("RESOLVED", None)


def test_a_settled_case_stays_as_it_is(alice, treasurer):
    """F121: in the database."""
    case = charged_back(alice)
    cases.resolve(code=case.code, actor=treasurer, resolution="Done.", now=make.NOW)

    changes: list[dict[str, Any]] = [
        {"state": "OPEN", "resolution": "", "resolved_at": None, "resolved_by": None},
        {"resolution": "Another story."},
        {"owner": None, "assigned_at": None},
    ]
    for change in changes:
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            Case.objects.filter(pk=case.pk).update(**change)

        assert violated(caught.value) == "case_goes_forward", change


def test_what_a_case_is_about_nobody_rewrites(alice):
    """F121: the application may not even try."""
    case = charged_back(alice)

    changes: list[dict[str, Any]] = [{"due_on": "2031-01-01"}, {"facts": {}}, {"kind": "x"}]
    for change in changes:
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            Case.objects.filter(pk=case.pk).update(**change)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Case.objects.filter(pk=case.pk).delete()


def test_a_case_begins_open(alice):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        Case.objects.create(
            kind="x", object_type="x", object_code="x", facts={}, opened_at=make.NOW,
            due_on=make.NOW.date(), state="RESOLVED", resolution="x", resolved_at=make.NOW,
        )  # fmt: skip

    assert violated(caught.value) == "finance_case_begins_at_the_beginning"


def test_staff_take_and_settle_a_case_on_its_page(alice):
    """F121"""
    now = people.right_now()
    case = charged_back(alice, now=now)
    client = people.behind(people.member("treasurer").user)
    client.cookies["language"] = "en"
    address = f"/desk/cases/{case.code}/"

    listed = client.get("/desk/cases/").content.decode()
    client.post(address, {"action": "take"})
    client.post(address, {"action": "note", "word": "Asked the bank."})
    page = client.get(address).content.decode()
    empty = client.post(address, {"action": "settle", "word": " "})
    client.post(address, {"action": "settle", "word": "Stolen card."})
    past = client.get("/desk/cases/?show=past").content.decode()

    assert address in listed
    assert "Asked the bank." in page
    assert empty.status_code == 400
    case.refresh_from_db()
    assert (case.state, case.resolution) == ("RESOLVED", "Stolen card.")
    assert address in past


def test_an_auditor_sees_a_case_and_cannot_act(alice):
    now = people.right_now()
    case = charged_back(alice, now=now)
    client = people.behind(people.member("auditor").user)
    client.cookies["language"] = "en"

    page = client.get(f"/desk/cases/{case.code}/").content.decode()
    refused = client.post(f"/desk/cases/{case.code}/", {"action": "take"})

    assert "Take this case" not in page
    assert refused.status_code == 403
    case.refresh_from_db()
    assert case.owner is None
    assert client.get("/desk/cases/NONE/").status_code == 404
