"""The identity check: age to the day, one account a person, five tries a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from accounts import demo, identity, who
from accounts.models import IdentityCheck, Person, Player
from tests import people
from tests.at_once import at_once

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)  # noon in Shanghai


def verify(player: Player, *, birth: date, now: datetime = NOON, number: int = 1) -> Player:
    return identity.verify(
        player=player, name="陈小雨", citizen_id=demo.citizen_id(birth, number), now=now
    )


@pytest.mark.parametrize(
    ("birth", "is_old_enough"),
    [
        (date(2008, 11, 21), True),
        (date(2008, 11, 22), False),
        (date(1990, 1, 1), True),
        (date(2020, 1, 1), False),
    ],
)
def test_eighteen_counts_from_the_birthday_on(birth, is_old_enough):
    """F003: 17 years and 364 days is refused, 18 years is accepted."""
    player = people.player(verified=False)

    if is_old_enough:
        assert verify(player, birth=birth).is_verified
    else:
        with pytest.raises(identity.UnderAge):
            verify(player, birth=birth)
        player.refresh_from_db()
        assert not player.is_verified
        assert not Person.objects.exists()


def test_the_day_is_the_day_in_shanghai():
    """F003"""
    birth = date(2008, 11, 22)
    before_midnight = datetime(2026, 11, 21, 15, 59, 59, tzinfo=UTC)

    with pytest.raises(identity.UnderAge):
        verify(people.player(verified=False), birth=birth, now=before_midnight)

    later = before_midnight + timedelta(seconds=1)
    assert verify(people.player(verified=False), birth=birth, now=later).is_verified


def test_born_on_the_29th_of_february_waits_for_march():
    """F003"""
    assert not identity.is_adult(date(2008, 2, 29), date(2026, 2, 28))
    assert identity.is_adult(date(2008, 2, 29), date(2026, 3, 1))


def test_a_person_has_one_account():
    """F004"""
    verify(people.player(verified=False), birth=date(1990, 1, 1))
    second = people.player(verified=False)

    with pytest.raises(identity.IdentityTaken) as refused:
        verify(second, birth=date(1990, 1, 1))

    assert refused.value.status == 409
    assert refused.value.code == "identity_taken"
    second.refresh_from_db()
    assert not second.is_verified
    assert Person.objects.count() == 1
    assert IdentityCheck.objects.filter(player=second, reason="identity_taken").count() == 1


def test_the_page_answers_409_for_a_second_account():
    """F004"""
    taken = demo.citizen_id(date(1990, 1, 1), 1)
    verify(people.player(verified=False), birth=date(1990, 1, 1))
    client = people.behind(people.player(verified=False).user)

    answer = client.post(
        reverse("accounts:verify"), {"name": "陈小雨", "citizen_id": taken, "agree": "on"}
    )

    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("陈小雨", "110101199001010018"),
        ("陈小雨", "11010119900101001"),
        ("陈小雨", "999999199001010011"),
        ("陈小雨", "110101199002300010"),
        ("陈", None),
        ("Alice", None),
        ("陈小雨1", None),
        ("·陈小雨", None),
    ],
)
def test_what_cannot_be_a_person_is_not_confirmed(name, number):
    player = people.player(verified=False)
    number = number or demo.citizen_id(date(1990, 1, 1), 1)

    with pytest.raises(identity.NotConfirmed):
        identity.verify(player=player, name=name, citizen_id=number, now=NOON)

    assert not Person.objects.exists()


@pytest.mark.parametrize("name", ["阿依古丽·买买提", "𠮷田", "欧阳 小雨"])
def test_real_names_of_many_kinds_are_confirmed(name):
    player = people.player(verified=False)

    identity.verify(
        player=player, name=name, citizen_id=demo.citizen_id(date(1990, 1, 1), 1).lower(), now=NOON
    )

    assert player.is_verified


def test_five_tries_a_day_and_a_new_day_gives_new_ones():
    player = people.player(verified=False)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(identity.NotConfirmed) as refused:
            identity.verify(player=player, name="陈小雨", citizen_id="1" * 18, now=NOON)
        assert refused.value.figures["left"] == left

    with pytest.raises(identity.TooManyAttempts):
        verify(player, birth=date(1990, 1, 1))

    assert verify(player, birth=date(1990, 1, 1), now=NOON + timedelta(days=1)).is_verified


def test_a_verified_account_stays_bound_to_its_person():
    player = verify(people.player(verified=False), birth=date(1990, 1, 1))

    with pytest.raises(identity.AlreadyVerified):
        verify(player, birth=date(1991, 1, 1), number=2)


def test_staff_may_be_verified_and_is_the_same_person_in_both_accounts():
    """F017 (the sale is refused by the database)"""
    number = demo.citizen_id(date(1990, 1, 1), 77)
    member = people.member("cashier", id_number=number)
    player = people.player(verified=False)

    identity.verify(player=player, name="林晓", citizen_id=number, now=NOON)

    assert who.person_code(player.user) == who.person_code(member.user)


def test_another_name_for_a_known_number_is_not_confirmed():
    number = demo.citizen_id(date(1990, 1, 1), 77)
    people.member("cashier", id_number=number)

    with pytest.raises(identity.NotConfirmed):
        identity.verify(
            player=people.player(verified=False), name="王海", citizen_id=number, now=NOON
        )


def test_the_page_shows_the_verified_player_masked():
    player = people.player(name="陈小雨")
    page = people.behind(player.user).get(reverse("accounts:verify")).content.decode()

    assert "陈**" in page
    assert "陈小雨" not in page
    assert reverse("finance:deposit") in page  # what comes next


def test_nobody_verifies_without_an_account():
    answer = Client().get(reverse("accounts:verify"))

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("accounts:login"))


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_one_person_ends_in_one_account_however_many_try_at_once():
    """F004"""
    players = [people.player(verified=False) for _ in range(6)]

    results = at_once(
        [partial(verify, one, birth=date(1990, 1, 1), now=people.right_now()) for one in players]
    )

    assert sum(isinstance(result, Player) for result in results) == 1
    assert sum(isinstance(result, identity.IdentityTaken) for result in results) == 5
    assert Player.objects.filter(verified_at__isnull=False).count() == 1
    assert IdentityCheck.objects.count() == 6


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_tries_at_once_count_like_tries_in_a_row():
    player = people.player(verified=False)
    wrong = partial(
        identity.verify,
        player=player,
        name="陈小雨",
        citizen_id="1" * 18,
        now=people.right_now(),
    )

    results = at_once([wrong] * 12)

    assert sum(isinstance(result, identity.NotConfirmed) for result in results) == 5
    assert sum(isinstance(result, identity.TooManyAttempts) for result in results) == 7
    assert IdentityCheck.objects.count() == 5
