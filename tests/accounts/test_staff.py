"""Posts and who holds them: every role by approval of another person."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import identity, registration, staff, who
from accounts.models import Posting, StaffMember
from audit import approvals, trail
from lottery_portal.lib.db import violated
from tests import people

pytestmark = pytest.mark.django_db


def test_a_post_is_given_by_the_word_of_another_person():
    """F223: a role grant needs four eyes."""
    boss, checker, new = (people.member(post) for post in ("administrator", "approver", None))
    now = people.right_now()
    asked = staff.request_appointment(person=new.person, post="cashier", maker=boss.user, now=now)
    assert who.roles(new.user, now) == frozenset()

    approvals.decide(code=asked.code, checker=checker.user, approve=True, reason="", now=now)

    assert who.roles(new.user, people.right_now()) == {"cashier"}
    assert Posting.objects.get(person=new.person).approval_code == asked.code
    assert trail.read(trail.Filters(action="accounts.posting_appoint")).first() is not None


def test_nobody_approves_what_he_asked_for_himself():
    """F223"""
    boss, new = people.member("administrator"), people.member(None)
    staff.appoint_at_genesis(boss, "approver", now=people.NOW)
    now = people.right_now()
    asked = staff.request_appointment(person=new.person, post="cashier", maker=boss.user, now=now)

    with pytest.raises(approvals.OnePerson):
        approvals.decide(code=asked.code, checker=boss.user, approve=True, reason="", now=now)

    assert who.roles(new.user, now) == frozenset()


def test_only_an_administrator_asks():
    """F223"""
    with pytest.raises(approvals.MayNotAsk):
        staff.request_appointment(
            person=people.member(None).person,
            post="cashier",
            maker=people.member("support").user,
            now=people.right_now(),
        )


def test_a_post_is_taken_back_in_the_same_way():
    boss, checker, member = (
        people.member(post) for post in ("administrator", "approver", "cashier")
    )
    asked = staff.request_end(
        person=member.person, post="cashier", maker=boss.user, now=people.right_now()
    )
    approvals.decide(
        code=asked.code, checker=checker.user, approve=True, reason="", now=people.right_now()
    )

    assert who.roles(member.user, people.right_now() + timedelta(seconds=1)) == frozenset()
    with pytest.raises(staff.PostNotHeld):
        staff.request_end(
            person=member.person, post="cashier", maker=boss.user, now=people.right_now()
        )


def test_genesis_ends_with_the_first_approved_post():
    boss, checker, new = (people.member(post) for post in ("administrator", "approver", None))
    now = people.right_now()
    asked = staff.request_appointment(person=new.person, post="cashier", maker=boss.user, now=now)
    approvals.decide(code=asked.code, checker=checker.user, approve=True, reason="", now=now)

    with pytest.raises(staff.GenesisIsOver):
        staff.appoint_at_genesis(new, "treasurer", now=now)


def test_a_post_is_held_from_and_until_its_moments():
    member = people.member("cashier")
    posting = Posting.objects.get(person=member.person)

    assert who.roles(member.user, posting.valid_from - timedelta(seconds=1)) == frozenset()
    assert who.roles(member.user, posting.valid_from) == {"cashier"}
    posting.valid_until = people.NOW + timedelta(days=1)
    posting.save(update_fields=["valid_until"])
    assert who.roles(member.user, people.NOW + timedelta(days=1)) == frozenset()


def test_a_staff_name_is_given_once():
    people.member(None, name="kefu")

    with pytest.raises(staff.StaffNameTaken):
        people.member(None, name="KEFU")

    assert StaffMember.objects.count() == 1


def test_a_weak_password_makes_no_staff_account():
    people.prepared()

    with pytest.raises(registration.PasswordWeak):
        staff.employ(
            staff_name="kefu",
            display_name="Kefu",
            who_is=staff.Identity(
                name="林晓", citizen_id=people.citizen_id(), birth=date(1990, 1, 1)
            ),
            password="12345",
            actor=None,
            now=people.NOW,
        )

    assert not StaffMember.objects.exists()


def test_a_player_account_and_a_staff_account_are_two_users_of_one_person():
    """F017"""
    number = people.citizen_id()
    member = people.member("cashier", id_number=number)
    player = people.player(verified=False)
    identity.verify(player=player, name="林晓", citizen_id=number, now=people.right_now())

    assert who.roles(player.user, people.right_now()) == {"player"}
    assert who.roles(member.user, people.right_now()) == {"cashier"}
    assert player.user_id != member.user_id
    assert player.person_id == member.person_id


def test_the_page_asks_and_lists():
    boss, new = people.member("administrator"), people.member(None)
    client = people.behind(boss.user)
    address = reverse("accounts:desk_staff")

    answer = client.post(
        address, {"member": new.user.username, "post": "cashier", "deed": "appoint"}
    )

    assert answer.status_code == 302
    assert not Posting.objects.filter(person=new.person).exists()
    assert new.display_name in client.get(address).content.decode()


def test_a_longer_list_of_staff_takes_no_more_queries(django_assert_num_queries):
    client = people.behind(people.member("administrator").user)
    address = reverse("accounts:desk_staff")
    with CaptureQueriesContext(connection) as few:
        before = client.get(address)
    added = [people.member(post) for post in ("cashier", "treasurer", "risk")]

    with django_assert_num_queries(len(few)):
        after = client.get(address)

    for member in added:
        assert member.display_name not in before.content.decode()
        assert member.display_name in after.content.decode()


GIVE = (
    "INSERT INTO accounts_posting (person_id, post_id, valid_from, approval_code)"
    " SELECT %s, id, now(), %s FROM accounts_post WHERE code = %s"
)


def _refused(said, *values):
    with (
        pytest.raises(IntegrityError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(said, values)
    return violated(caught.value)


def test_the_application_gives_nobody_a_post_by_hand():
    """F223: what stands in a posting is what another person approved, or the database refuses."""
    boss, checker, new = (people.member(post) for post in ("administrator", "approver", None))
    now = people.right_now()
    asked = staff.request_appointment(person=new.person, post="cashier", maker=boss.user, now=now)
    person = new.person.pk
    assert _refused(GIVE, person, asked.code, "cashier") == "posting_as_approved"
    approvals.decide(code=asked.code, checker=checker.user, approve=True, reason="", now=now)

    assert _refused(GIVE, person, "INVENTED", "treasurer") == "posting_as_approved"
    assert _refused(GIVE, person, asked.code, "treasurer") == "posting_as_approved"
    assert _refused(GIVE, boss.person.pk, asked.code, "cashier") == "posting_as_approved"
    assert _refused(GIVE, person, "DRILL", "treasurer") == "posting_as_approved"
    assert _refused(GIVE, person, "GENESIS", "treasurer") == "posting_genesis_before_approvals"
    assert who.roles(new.user, people.right_now()) == {"cashier"}


def test_one_approval_gives_one_post():
    boss, checker, new = (people.member(post) for post in ("administrator", "approver", None))
    now = people.right_now()
    asked = staff.request_appointment(person=new.person, post="cashier", maker=boss.user, now=now)
    approvals.decide(code=asked.code, checker=checker.user, approve=True, reason="", now=now)
    Posting.objects.filter(person=new.person).update(valid_until=people.right_now())

    assert _refused(GIVE, new.person.pk, asked.code, "cashier") == "accounts_posting_approval_once"


@pytest.mark.parametrize("until", [None, datetime(2099, 1, 1, tzinfo=UTC)])
def test_a_post_that_ended_stays_ended(until):
    member = people.member("cashier")
    Posting.objects.filter(person=member.person).update(valid_until=people.right_now())

    said = "UPDATE accounts_posting SET valid_until = %s WHERE person_id = %s"
    assert _refused(said, until, member.person.pk) == "posting_only_ends"

    assert who.roles(member.user, people.right_now()) == frozenset()
