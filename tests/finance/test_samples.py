"""Entries drawn by lot: the same seed draws the same, whoever draws and whenever (F128)."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit.models import TrailRecord
from finance import samples
from finance.models import Entry, Sample
from lottery_portal.lib import dates
from lottery_portal.lib.db import database_time, violated
from tests import make_money as make
from tests import owner, people

from . import books

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def auditor():
    return people.member("auditor").user


@pytest.fixture
def day():
    """Today, with twelve entries of 1 to 12 yuan in the books."""
    alice = make.player()
    for yuan in range(1, 13):
        make.put(alice, yuan * 100)
    books.rolled_up()
    return dates.in_shanghai(database_time()).date()


def draw(auditor, day, **changes):
    asked = {
        "seed": "audit-2026",
        "first": day,
        "last": day,
        "size": 5,
        "kind": "DEPOSIT",
    } | changes
    return samples.draw(by=auditor, now=make.NOW, **asked)


def test_the_lot_is_the_sha256_of_seed_and_reference(auditor, day):
    """F128: computed here with another tool than the database."""
    sample = draw(auditor, day)

    references = Entry.objects.filter(kind="DEPOSIT").values_list("reference", flat=True)
    lots = sorted(
        (hashlib.sha256(f"audit-2026|{ref}".encode()).hexdigest(), ref) for ref in references
    )
    assert [row.reference for row in samples.drawn(sample)] == [ref for _lot, ref in lots[:5]]
    assert (sample.population, sample.population_fen) == (12, 78_00)


def test_drawn_again_it_is_the_same_though_the_books_went_on(auditor, day):
    """F128"""
    sample = draw(auditor, day)
    first = samples.drawn(sample)
    make.fund(make.player("王海"), 9_00)
    books.rolled_up()

    again = samples.drawn(Sample.objects.get(code=sample.code))

    assert again == first
    assert samples.digest_of(again) == sample.digest
    assert draw(auditor, day).population == 13


def test_another_seed_draws_others(auditor, day):
    lots = {
        tuple(row.reference for row in samples.drawn(draw(auditor, day, seed=seed)))
        for seed in "abcdef"
    }

    assert len(lots) > 1


def test_a_sample_can_be_narrowed_by_kind_and_amount(auditor, day):
    sample = draw(auditor, day, kind="DEPOSIT", least_fen=10_00, size=100)

    assert sorted(row.fen for row in samples.drawn(sample)) == [10_00, 11_00, 12_00]
    with pytest.raises(samples.NothingToDraw):
        draw(auditor, day, kind="PRIZE")
    with pytest.raises(samples.NothingToDraw):
        draw(auditor, day - timedelta(days=400))
    assert Sample.objects.count() == 1


def test_drawing_is_on_record(auditor, day):
    """F128"""
    sample = draw(auditor, day)

    (record,) = TrailRecord.objects.filter(action="finance.sample_drawn")
    assert record.object_code == sample.code
    assert sample.digest in str(record.body)


def test_a_sample_stays_what_it_is(auditor, day):
    """F128: neither the application nor the owner changes it."""
    draw(auditor, day)

    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE finance_sample SET seed = 'mine'")
    with (
        owner.as_owner() as hand,
        pytest.raises(psycopg.DatabaseError, match="never_changes"),
    ):
        hand.execute("UPDATE finance_sample SET seed = 'mine'")


def test_a_sample_that_says_nothing_is_refused(auditor):
    today = dates.in_shanghai(database_time()).date()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"seed": ""}, "sample_has_seed"),
        ({"size": 0}, "sample_has_size"),
        ({"last_day": date(2000, 1, 1)}, "sample_has_days"),
    ]
    for changes, name in wrong:
        row = {
            "code": "X", "seed": "x", "first_day": today, "last_day": today, "least_fen": 0,
            "size": 1, "horizon": 1, "population": 1, "population_fen": 1, "digest": "x",
            "drawn_by": auditor, "drawn_at": make.NOW,
            **changes,
        }  # fmt: skip

        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            Sample.objects.create(**row)

        assert violated(caught.value) == name


def test_books_changed_past_their_doors_give_another_digest(auditor, day):
    """F128: the page says so."""
    sample = draw(auditor, day, size=12)
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE finance_entry DISABLE TRIGGER finance_entry_never_changes")
        hand.execute("UPDATE finance_entry SET moves_digest = repeat('0', 64)")
        owner.guards_up(hand)

    page = desk(auditor).get(f"/desk/ledger/samples/{sample.code}/").content.decode()

    assert samples.digest_of(samples.drawn(sample)) != sample.digest
    assert "The books were changed past their doors." in page


def desk(user):
    client = people.behind(user)
    client.cookies["language"] = "en"
    return client


def test_an_auditor_draws_on_the_page(auditor, day):
    """F128: who may only look may draw; drawing changes nothing."""
    client = desk(auditor)
    asked = {"first": day, "last": day, "size": 3, "seed": "pages"}

    answer = client.post("/desk/ledger/samples/", asked)

    sample = Sample.objects.get()
    assert answer["Location"] == f"/desk/ledger/samples/{sample.code}/"
    page = client.get(answer["Location"]).content.decode()
    assert "the same entries with the same moves" in page
    for row in samples.drawn(sample):
        assert row.reference in page
    assert "pages" in client.get("/desk/ledger/samples/").content.decode()
    assert client.post("/desk/ledger/samples/", {**asked, "seed": "<b>"}).status_code == 400
    nothing = {**asked, "first": "2001-01-01", "last": "2001-01-02"}
    assert client.post("/desk/ledger/samples/", nothing).status_code == 409
    assert client.get("/desk/ledger/samples/NOTHING/").status_code == 404
    assert Sample.objects.count() == 1
