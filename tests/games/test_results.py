"""Results are typed blind by two; equal entries stand, others are typed again (F061)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import drills
from accounts.models import User
from audit import trail
from games import draws, results
from games.models import Announcement, Draw, Result, ResultEntry
from lottery_portal.lib.db import database_time, violated
from sales import closing, sealing
from tests import make, make_draws, people
from tests.make_draws import NUMBERS

pytestmark = pytest.mark.django_db(transaction=True)

OTHER = ((11, 12, 13, 14, 15, 16), (9,))


@pytest.fixture
def draw() -> Draw:
    """A sealed shadow draw whose drawing is past."""
    return make_draws.sealed(make_draws.sold([make.SELECTION]))


@pytest.fixture
def officials() -> list[User]:
    """Three draw officials."""
    return [people.member("draw_official").user for _number in range(3)]


def enter(
    draw: Draw, official: User, numbers: Sequence[Sequence[int]] = NUMBERS
) -> results.Entered:
    """Type numbers."""
    return results.enter(draw=draw, official=official, numbers=numbers, now=database_time())


def test_two_equal_entries_of_two_people_are_the_result(draw, officials):
    """F061: the first makes the draw DRAWN, the second CONFIRMED."""
    first = enter(draw, officials[0])
    assert (first.is_second, first.result) == (False, None)
    assert draws.find(draw.code).state == Draw.State.DRAWN

    second = enter(draw, officials[1], ((6, 5, 4, 3, 2, 1), (7,)))

    assert draws.find(draw.code).state == Draw.State.CONFIRMED
    assert second.result is not None
    assert second.result.numbers == [[1, 2, 3, 4, 5, 6], [7]]
    assert (second.result.mask_1, second.result.mask_2) == (0b111111, 0b1000000)


def test_two_different_entries_are_both_kept_and_typed_again(draw, officials):
    """F061: a conflict; nothing is confirmed until a round agrees."""
    enter(draw, officials[0])
    conflict = enter(draw, officials[1], OTHER)

    assert conflict.is_conflict
    assert draws.find(draw.code).state == Draw.State.DRAWN
    assert not Result.objects.exists()
    assert ResultEntry.objects.filter(draw=draw, round=1).count() == 2

    enter(draw, officials[0], OTHER)
    done = enter(draw, officials[1], OTHER)

    assert done.round == 2
    assert done.result is not None
    assert ResultEntry.objects.filter(draw=draw).count() == 4


@pytest.mark.thorough
def test_the_desk_says_whose_entry_it_waits_for(draw, officials):
    """F061: the second of a round, or, once two differed, both anew."""
    page = f"/desk/draws/{draw.code}/"
    reader = people.behind(officials[2])
    reader.cookies["language"] = "en"

    enter(draw, officials[0])
    assert "waiting for the second entry" in reader.get(page).content.decode()
    enter(draw, officials[1], OTHER)
    told = reader.get(page).content.decode()
    assert "waiting for both anew" in told
    assert "waiting for the second entry" not in told
    enter(draw, officials[1])
    assert "waiting for the second entry" in reader.get(page).content.decode()


def test_one_person_does_not_type_twice_in_a_round(draw, officials):
    """F061: whatever account he uses."""
    enter(draw, officials[0])

    with pytest.raises(results.TypedAlready):
        enter(draw, officials[0], OTHER)

    assert ResultEntry.objects.count() == 1
    assert draws.find(draw.code).state == Draw.State.DRAWN


def test_the_second_account_of_the_same_person_is_the_same_person(draw):
    """F061: the database names the person, not the account."""
    number = people.citizen_id()
    first = people.member("draw_official", id_number=number)
    second = people.member(None, id_number=number)
    assert first.person_id == second.person_id
    enter(draw, first.user)

    with pytest.raises(results.TypedAlready):
        enter(draw, second.user)


def test_only_draw_officials_type(draw):
    """F061: nobody else, and the database says so too."""
    for post in ("auditor", "administrator", "treasurer", None):
        user = people.member(post).user

        with pytest.raises(results.NotAnOfficial):
            enter(draw, user)
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            ResultEntry.objects.create(
                draw=draw,
                round=1,
                official=user,
                person_code="x",
                numbers=[],
                entered_at=database_time(),
            )

        assert violated(refused.value) == "result_entry_by_an_official", post
        assert not ResultEntry.objects.exists()


def test_officials_of_drills_have_no_word_in_real_draws():
    """F250: their post counts in shadow draws only."""
    draw = make.draw()

    with pytest.raises(results.NotAnOfficial):
        enter(draw, drills.officials(now=database_time())[0])


def test_no_numbers_before_the_seal(officials):
    """F057: a draw that is not sealed takes none."""
    draw = make.shadow_draw()

    with pytest.raises(results.TooEarly):
        enter(draw, officials[0])

    assert not ResultEntry.objects.exists()


def test_no_numbers_before_the_draw_is_held(officials):
    """F061: sealed, but its time has not come by Postgres's clock."""
    draw = make.shadow_draw(closes_in=timedelta(milliseconds=100), draws_in=timedelta(hours=1))
    make.closed(draw)
    assert not closing.close(draw=draw, now=database_time())
    sealing.seal(draw=draws.find(draw.code), now=database_time())

    with pytest.raises(results.TooEarly):
        results.enter(
            draw=draw, official=officials[0], numbers=NUMBERS,
            now=database_time() + timedelta(hours=2),
        )  # fmt: skip

    assert draws.find(draw.code).state == Draw.State.SEALED


def test_numbers_that_cannot_have_been_drawn_are_refused(draw, officials):
    for numbers in (
        ((1, 2, 3, 4, 5), (7,)),
        ((1, 2, 3, 4, 5, 5), (7,)),
        ((1, 2, 3, 4, 5, 34), (7,)),
        ((1, 2, 3, 4, 5, 6), (17,)),
        ((1, 2, 3, 4, 5, 6, 7), (7,)),
        ((1, 2, 3, 4, 5, 6),),
        ((0, 2, 3, 4, 5, 6), (7,)),
    ):
        with pytest.raises(results.NumbersWrong):
            enter(draw, officials[0], numbers)

        assert not ResultEntry.objects.exists(), numbers


def test_a_confirmed_result_takes_no_more_entries(draw, officials):
    """F061, F049: it stands."""
    make_draws.drawn(draw)

    with pytest.raises(results.ConfirmedAlready):
        enter(draw, officials[2], OTHER)

    assert ResultEntry.objects.count() == 2


def test_the_database_makes_no_result_out_of_one_persons_entry(draw, officials):
    """F061: two entries, two persons, equal numbers, or none."""
    enter(draw, officials[0])
    entry = ResultEntry.objects.get()

    for numbers, second in (([[1, 2, 3, 4, 5, 6], [7]], entry), ([[9], [9]], entry)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Result.objects.create(
                draw=draw, numbers=numbers, mask_1=63, mask_2=64, first_entry=entry,
                second_entry=second, confirmed_at=database_time(),
            )  # fmt: skip

    assert not Result.objects.exists()


def test_the_second_person_sees_nothing_of_the_first_entry(draw, officials):
    """F061: the pages of the desk are the same bytes whatever the first person typed."""
    second = people.behind(officials[1])
    enter(draw, officials[0], OTHER)
    typed = seen(second, draw)
    enter(draw, officials[2], NUMBERS)  # a conflict: a new round
    enter(draw, officials[0], ((21, 22, 23, 24, 25, 26), (3,)))

    again = seen(second, draw)

    shown = [str(number) for number in OTHER[0]]
    for page in (*typed, *again):
        assert json.dumps([list(zone) for zone in OTHER]) not in page
        assert not all(re.search(rf">\s*{number}\s*<", page) for number in shown)
    assert entry_page_without_token(typed[0]) == entry_page_without_token(
        again[0].replace(notice(again[0]), "")
    )


def seen(client: Client, draw: Draw) -> list[str]:
    """What the second official can look at."""
    pages = [
        f"/desk/draws/{draw.code}/result/",
        f"/desk/draws/{draw.code}/",
        "/desk/draws/",
        f"/api/v1/draws/{draw.code}/",
    ]
    return [client.get(address).content.decode() for address in pages]


def notice(page: str) -> str:
    """The note that an earlier round did not agree."""
    found = re.search(r'\s*<div class="note tone-attention">.*?</div>', page, re.DOTALL)
    return found.group(0) if found else ""


def entry_page_without_token(page: str) -> str:
    """The page without what differs from request to request."""
    return re.sub(r"\s+", " ", re.sub(r'value="[A-Za-z0-9]{64}"', "", page))


def test_the_trail_holds_no_numbers_until_they_stand(draw, officials):
    """F061: who reads the trail meanwhile learns nothing."""
    enter(draw, officials[0], OTHER)
    enter(draw, officials[1])

    bodies = [row.body for row in trail.read(trail.Filters(object_code=draw.code, action="games."))]

    assert not any("11" in body and "12" in body for body in bodies if "numbers" in body)
    assert not any("numbers" in body for body in bodies)


def test_the_result_is_typed_on_the_page_and_published(officials):
    """F061: the way of the two officials through the desk."""
    draw = make_draws.sealed(make_draws.sold([make.SELECTION]))
    fields = {f"red_{place}": place for place in range(1, 7)} | {"blue_1": 7, "has_read": "on"}

    first = people.behind(officials[0]).post(f"/desk/draws/{draw.code}/result/", fields)
    again = people.behind(officials[0]).post(f"/desk/draws/{draw.code}/result/", fields)
    second = people.behind(officials[1]).post(f"/desk/draws/{draw.code}/result/", fields)

    assert (first.status_code, again.status_code, second.status_code) == (302, 403, 302)
    assert draws.find(draw.code).state == Draw.State.CONFIRMED


def test_old_confirmation_asks_for_the_second_factor_again(draw):
    """D19: entering a result is a deed that asks who it is."""
    official = people.member("draw_official").user

    answer = people.behind(official, minutes_ago=10).get(f"/desk/draws/{draw.code}/result/")

    assert answer.status_code == 302
    assert answer["Location"].startswith("/confirm/")


def test_masks_of_a_result_are_those_of_its_numbers(draw, officials):
    """F067: money is counted by the masks."""
    enter(draw, officials[0])
    result = enter(draw, officials[1]).result

    assert result is not None
    assert (result.mask_1, result.mask_2) == (0b111111, 1 << 6)
    assert not Announcement.objects.filter(draw=draw).exists()
