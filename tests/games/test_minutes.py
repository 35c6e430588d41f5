"""Minutes of a drawing: written by one, signed by another, never changed, needed to publish."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from psycopg.errors import RestrictViolation

from accounts.models import User
from games import draws, minutes, results
from games.models import Announcement, Draw, DrawMinutes, MinutesSignature
from lottery_portal import jobs
from lottery_portal.lib import dates
from lottery_portal.lib.db import database_time, violated
from lottery_portal.lib.errors import Refused
from prizes import publication, settlement
from tests import make, make_draws, make_equipment, owner
from tests.journeys import stage

pytestmark = pytest.mark.django_db(transaction=True)

NUMBERS = [[3, 8, 11, 27, 30, 33], [7]]


@pytest.fixture
def crew() -> dict[str, list[stage.Member]]:
    """Two officials, an approver, an auditor."""
    return stage.staff("draw_official", "approver", "auditor", "cashier")


@pytest.fixture
def officials(crew: dict[str, list[stage.Member]]) -> list[User]:
    """The two officials."""
    return [member.user for member in crew["draw_official"]]


@pytest.fixture
def draw(crew: dict[str, list[stage.Member]], officials: list[User]) -> Draw:
    """A real draw with a confirmed result and no minutes."""
    sealed = stage.sealed(stage.draw(), crew)
    for official in officials:
        results.enter(draw=sealed, official=official, numbers=NUMBERS, now=database_time())
    return draws.find(sealed.code)


def sign(draw: Draw, made: DrawMinutes, signer: User) -> MinutesSignature:
    """Sign what was written."""
    return minutes.sign(draw=draw, digest=made.digest, signer=signer, now=database_time())


def test_minutes_hold_what_the_house_knows_and_what_people_tell(draw, officials):
    """F064, N03: seal and root, steps, equipment, officials, witnesses, order of the balls."""
    made = make_equipment.written(
        draw,
        by=officials[0],
        tests=[[[9, 1, 2, 3, 4, 5], [16]]],
        incidents="第二次试机后更换摇奖机电源。",
    )

    text = minutes.text_of(made)
    assert made.digest == hashlib.sha256(made.body.encode()).hexdigest()
    assert made.body == json.dumps(text, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert (text["format"], text["edition"]) == ("draw-minutes/1", 1)
    assert (text["draw"], text["root"]) == (draw.code, draw.seal.root)
    assert text["numbers"] == NUMBERS
    assert text["drawn"] == [[33, 30, 27, 11, 8, 3], [7]]
    assert text["tests"] == [[[9, 1, 2, 3, 4, 5], [16]]]
    assert [step["state"] for step in text["steps"]] == [
        "OPEN", "CLOSED", "SEALED", "DRAWN", "CONFIRMED",
    ]  # fmt: skip
    assert text["witnesses"] == [{"name": "孟青", "office": "示范公证处公证员"}]
    assert [piece["place"] for piece in text["equipment"]] == ["blue", "machine", "red"]
    assert all(piece["certificate_number"] for piece in text["equipment"])
    assert text["written_by"] == "开奖一号"


def test_another_person_signs(draw, officials, crew):
    """F064: not the writer, not a post that has nothing to do with it, not something else."""
    made = make_equipment.written(draw, by=officials[0])
    with pytest.raises(minutes.WrittenByYou):
        sign(draw, made, officials[0])
    with pytest.raises(minutes.NotASigner):
        sign(draw, made, crew["cashier"][0].user)
    with pytest.raises(minutes.SomethingElse):
        minutes.sign(draw=draw, digest="0" * 64, signer=officials[1], now=database_time())
    assert minutes.signed(draw) is None

    sign(draw, made, officials[1])

    assert minutes.signed(draw) == made
    with pytest.raises(minutes.NothingToSign):
        sign(draw, made, crew["auditor"][0].user)


@pytest.mark.thorough
def test_a_correction_is_another_edition_that_says_why(draw, officials):
    """F064: both editions stay, the last one counts and needs its own signature."""
    first = make_equipment.written(draw, by=officials[0])
    sign(draw, first, officials[1])
    with pytest.raises(minutes.ReasonMissing):
        make_equipment.written(draw, by=officials[1])

    second = make_equipment.written(draw, by=officials[1], reason="地点写错", place="示范开奖二厅")

    assert (second.edition, minutes.text_of(second)["reason"]) == (2, "地点写错")
    assert minutes.signed(draw) is None
    with pytest.raises(minutes.SomethingElse):
        sign(draw, first, officials[0])
    sign(draw, second, officials[0])
    assert minutes.signed(draw) == second
    assert list(DrawMinutes.objects.order_by("edition")) == [first, second]


CANNOT_BE_TRUE: list[tuple[dict[str, Any], type[Refused]]] = [
    ({"drawn": [[1, 2, 3, 4, 5, 6], [7]]}, minutes.BallsDiffer),
    ({"tests": [[[1, 1, 2, 3, 4, 5], [7]]]}, minutes.TestDrawWrong),
    ({"witnesses": ()}, minutes.NobodyThere),
    ({"officials": make_equipment.OFFICIALS[:1]}, minutes.NobodyThere),
    ({"witnesses": (minutes.Person("孟青", " "),)}, minutes.NobodyThere),
    ({"notes": "联系 13800000000"}, minutes.PersonalNumber),
    ({"witnesses": (minutes.Person("孟青", "11010119900101001X"),)}, minutes.PersonalNumber),
    ({"ended_at": timedelta(hours=1)}, minutes.AfterTheEntry),
    ({"ended_at": timedelta(days=-1)}, minutes.TimesWrong),
    ({"began_at": timedelta(hours=1)}, minutes.TimesWrong),
    ({"began_at": timedelta(days=-1)}, minutes.BeforeSealPublished),
]


def test_minutes_that_cannot_be_true_are_refused(draw, officials):
    """F064: nothing is written."""
    for other, refusal in CANNOT_BE_TRUE:
        now = database_time()
        told: dict[str, Any] = {
            name: now + value if isinstance(value, timedelta) else value
            for name, value in other.items()
        }

        with pytest.raises(refusal):
            make_equipment.written(draw, by=officials[0], **told)

        assert not DrawMinutes.objects.exists(), other


def test_a_drawing_begins_when_its_seal_is_public_and_its_time_has_come(crew, officials):
    """F064: what was announced and published binds the minutes, to the second."""
    sealed = stage.sealed(stage.draw(), crew, drawn_after=timedelta(seconds=3))
    for official in officials:
        results.enter(draw=sealed, official=official, numbers=NUMBERS, now=database_time())
    confirmed = draws.find(sealed.code)
    published_at = confirmed.seal.publication.published_at
    assert published_at < confirmed.draws_at - timedelta(seconds=1)

    with pytest.raises(minutes.BeforeSealPublished) as hidden:
        make_equipment.written(
            confirmed, by=officials[0], began_at=published_at - timedelta(seconds=1)
        )
    with pytest.raises(minutes.BeforePlanned) as early:
        make_equipment.written(
            confirmed, by=officials[0], began_at=confirmed.draws_at - timedelta(seconds=1)
        )

    assert dates.written(published_at, "full") in str(hidden.value)
    assert dates.written(confirmed.draws_at, "full") in str(early.value)
    assert not DrawMinutes.objects.exists()
    on_the_clock = confirmed.draws_at.replace(microsecond=0)
    assert make_equipment.written(confirmed, by=officials[0], began_at=on_the_clock).edition == 1


@pytest.mark.thorough
def test_a_drawing_is_over_before_its_numbers_are_typed(crew, officials):
    """F064: judged by the round that made the result; one that came to nothing says nothing."""
    sealed = stage.sealed(stage.draw(), crew)
    for official, numbers in zip(officials, (NUMBERS, [[1, 2, 3, 4, 5, 6], [7]]), strict=True):
        results.enter(draw=sealed, official=official, numbers=numbers, now=database_time())
    between = database_time()
    for official in officials:
        results.enter(draw=sealed, official=official, numbers=NUMBERS, now=database_time())
    confirmed = draws.find(sealed.code)
    first, second = results.typed_by(confirmed.result)

    with pytest.raises(minutes.AfterTheEntry) as late:
        make_equipment.written(confirmed, by=officials[0], ended_at=second.entered_at)

    assert dates.written(first.entered_at, "full") in str(late.value)
    assert not DrawMinutes.objects.exists()
    assert make_equipment.written(confirmed, by=officials[0], ended_at=between).edition == 1


def test_only_officials_write_and_only_about_a_confirmed_result(crew, officials):
    """F064: before the result stands, minutes would tell it to the second official."""
    sealed = stage.sealed(stage.draw(), crew)
    results.enter(draw=sealed, official=officials[0], numbers=NUMBERS, now=database_time())
    sealed = draws.find(sealed.code)
    with pytest.raises(minutes.TooEarly):
        minutes.write(
            draw=sealed,
            told=None,  # type: ignore[arg-type]  # there is nothing to tell yet
            author=officials[0],
            now=database_time(),
        )
    results.enter(draw=sealed, official=officials[1], numbers=NUMBERS, now=database_time())
    confirmed = draws.find(sealed.code)

    with pytest.raises(minutes.NotAWriter):
        make_equipment.written(confirmed, by=crew["auditor"][0].user)

    assert not DrawMinutes.objects.exists()


AGREE = "minutes_agree_with_the_draw"
ROWS_THAT_LIE: list[tuple[dict[str, Any], str]] = [
    ({"body": "{}"}, "minutes_digest_of_their_text"),
    ({"root": "0" * 64}, AGREE),
    ({"numbers": [[1, 2, 3, 4, 5, 6], [7]]}, AGREE),
    ({"drawn": [[1, 2, 3, 4, 5, 6], [7]]}, AGREE),
    ({"edition": 3}, AGREE),
]


def test_the_database_compares_minutes_with_the_draw(draw, officials):
    """F064: a row written past the door says what the other rows say, or is not written."""
    made = make_equipment.written(draw, by=officials[0])
    for change, refused_by in ROWS_THAT_LIE:
        row: dict[str, Any] = {**DrawMinutes.objects.values().get(), "edition": 2, "reason": "x"}
        row.pop("id")
        facts = json.loads(made.body) | {"edition": 2, "reason": "x"} | change
        row["body"] = json.dumps(facts, ensure_ascii=False)
        if "body" not in change:
            row["digest"] = hashlib.sha256(row["body"].encode()).hexdigest()

        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            DrawMinutes.objects.create(**row)

        assert violated(refused.value) == refused_by, change
        assert DrawMinutes.objects.count() == 1


@pytest.mark.thorough
def test_minutes_and_signatures_never_change(draw, officials):
    """F064: rows of evidence."""
    sign(draw, make_equipment.written(draw, by=officials[0]), officials[1])

    for deed in (
        "UPDATE games_drawminutes SET body = 'x'",
        "DELETE FROM games_drawminutes",
        "UPDATE games_minutessignature SET digest = 'x'",
        "DELETE FROM games_minutessignature",
    ):
        with owner.as_owner() as hand, pytest.raises(RestrictViolation):
            hand.execute(deed)


def test_a_settled_draw_waits_for_its_minutes(draw, officials):
    """F064, F073: nothing is published without; with the signature the clock publishes."""
    jobs.run_pending()
    settlement.run(draw=draw, now=database_time())
    jobs.run_pending()
    settled = draws.find(draw.code)
    assert settled.state == Draw.State.SETTLED
    with pytest.raises(publication.MinutesMissing):
        publication.publish(draw=settled, now=database_time())
    made = make_equipment.written(settled, by=officials[0])
    assert publication.publish_due(now=database_time()) == 0
    with pytest.raises(publication.MinutesMissing):
        publication.publish(draw=settled, now=database_time())
    assert not Announcement.objects.filter(draw=draw).exists()

    sign(settled, made, officials[1])

    assert publication.publish_due(now=database_time()) == 1
    assert publication.publish_due(now=database_time()) == 0
    published = draws.find(draw.code)
    assert published.state == Draw.State.PUBLISHED
    assert published.announcement.numbers == NUMBERS


@pytest.mark.thorough
def test_without_the_trigger_it_would_be_published(draw):
    """F064: it is the database that refuses; the test above fails when it does not."""
    settlement.run(draw=draw, now=database_time())
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_draw DISABLE TRIGGER games_published_with_minutes")

    assert publication.publish(draw=draws.find(draw.code), now=database_time())


@pytest.mark.thorough
def test_a_drill_is_published_without_minutes():
    """F064: a drill may have some, and needs none."""
    draw = make_draws.settled(make_draws.confirmed([make.SELECTION]))

    assert draw.state == Draw.State.PUBLISHED
    assert make_equipment.signed(draw).edition == 1


def test_test_draws_are_typed_a_line_each():
    """F064: in the order they came."""
    draw = make.shadow_draw()

    for line in ("06 11 13 14 20 28 + 16", "6,11,13,14,20,28+16"):
        assert minutes.typed_numbers(draw, f"{line}\n\n28 6 11 13 14 20 + 1\n") == [
            [[6, 11, 13, 14, 20, 28], [16]],
            [[28, 6, 11, 13, 14, 20], [1]],
        ]
    with pytest.raises(minutes.TestDrawWrong):
        minutes.typed_numbers(draw, "1 2 3")
