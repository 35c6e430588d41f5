"""A drill is a whole draw day with shadow people and shadow money (F250, F251)."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts import drills
from accounts.models import Person
from finance import ledger
from games import results
from games.models import Draw
from lottery_portal.lib.db import database_time
from prizes import comparison, drill
from prizes.models import Settlement
from sales.models import Ticket
from tests import make, make_draws
from tests.owner import as_owner

pytestmark = pytest.mark.django_db(transaction=True)


def played() -> tuple[str, dict[str, int]]:
    """What a whole drill said, and what the real books held before it."""
    real = {code: ledger.balance(code) for code in ("pool:ssq", "fund:ssq", "clearing:sandbox")}
    said = StringIO()
    call_command("drill", "--tickets", "60", stdout=said)
    return said.getvalue(), real


def test_a_drill_plays_a_draw_day_and_checks_the_books(begin):
    """F250: nothing of it touches the real books, and no person stands in it."""
    said, real = begin(played)

    assert "no difference" in said
    draw = Draw.objects.get(game__code=drill.GAME)
    assert draw.state == Draw.State.PUBLISHED
    assert Ticket.objects.filter(draw=draw, is_shadow=True).count() == 60
    assert {code: ledger.balance(code) for code in real} == real
    assert (ledger.trial_balance(), ledger.trial_balance(is_shadow=True)) == (0, 0)
    assert all("DRILL" in str(person.citizen_id.reveal()) for person in Person.objects.all())


@pytest.mark.thorough
def test_a_drill_that_was_cut_off_is_ended_by_the_next():
    """F250, F070: at whatever state it was left."""
    draw = drill.prepare(now=database_time())
    for _sold in drill.sell(draw=draw, tickets=5, now=database_time()):
        pass
    said = StringIO()

    call_command("drill", "--tickets", "0", stdout=said)

    assert f"cut off: {draw.code}" in said.getvalue()
    assert set(Draw.objects.filter(game__code=drill.GAME).values_list("state", flat=True)) == {
        "PUBLISHED"
    }


@pytest.mark.thorough
def test_a_drill_cut_off_between_two_entries_is_ended_too():
    """F250, F061: what the first typed cannot be read, so it is answered and both type again."""
    draw = drill.prepare(now=database_time())
    drill.close_and_seal(draw=draw, now=database_time())
    make.wait_until(Draw.objects.get(pk=draw.pk).draws_at)
    first = drills.officials(now=database_time())[0]
    results.enter(draw=draw, official=first, numbers=make_draws.NUMBERS, now=database_time())

    assert drill.finish_open_draws(now=database_time()) == [draw.code]

    assert Draw.objects.get(pk=draw.pk).state == Draw.State.PUBLISHED


@pytest.mark.thorough
def test_a_drill_whose_books_differ_fails():
    """F250: the check is not for show; one fen in one wallet is found."""
    shadow = make.shadow_player(wallet=1_00)
    with as_owner() as owner:
        owner.execute(
            "UPDATE finance_account SET balance = balance + 1 WHERE code = %s",
            [f"wallet:{shadow.code}"],
        )

    with pytest.raises(CommandError, match="sum up to 1 fen"):
        call_command("drill", "--tickets", "1", stdout=StringIO())


def test_the_second_look_finds_what_was_paid_otherwise_than_owed(begin):
    """The check counts again from the sealed file: a missing prize is found."""
    begin(played)
    found = Draw.objects.select_related("game", "rule").get(game__code=drill.GAME)
    assert comparison.settled_differences(found) == []
    assert Settlement.objects.get(draw=found).state == "DONE"

    with as_owner() as owner:
        owner.execute("ALTER TABLE prizes_prize DISABLE TRIGGER USER")
        owner.execute("DELETE FROM prizes_prize WHERE id = (SELECT max(id) FROM prizes_prize)")

    assert any("paid otherwise" in one for one in comparison.settled_differences(found))
