"""Whoever changes what proves something is refused, or named: every thing, every deed, every hand.

The application's role is refused everything. The owner and a superuser can switch off whatever
stands in the database; what they do is named by what they cannot change: the log, its signed
checkpoints and the witness.
"""

from __future__ import annotations

import psycopg
import pytest

from audit import alarms, log
from lottery_portal.lib.db import database_time
from tests.tamper import answers, hands, house, table
from tests.tamper.thing import DEEDS, Thing
from tests.tamper.things import THINGS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def _whole() -> dict[str, list[tuple[str, ...]]]:
    with hands.hand(hands.OWNER) as owner:
        return {
            thing.name: owner.execute(f"SELECT x::text FROM {thing.table} x ORDER BY 1").fetchall()  # noqa: S608 - our own names
            for thing in THINGS
        }


def _tried(app: psycopg.Connection, thing: Thing, deed: str) -> str:
    """How the database refuses the application; "" when it does not."""
    said = thing.app_forges if deed == "forge" and thing.app_forges else thing.statement(deed)
    try:
        with app.transaction(force_rollback=True):
            app.execute(said)
            app.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as exc:
        return exc.diag.constraint_name or str(exc.sqlstate)
    return ""


def test_the_application_is_refused_every_deed_and_nothing_moves(begin):
    """F049, F210, N13: edit, delete, back-date and forge, of everything that proves something."""
    begin(house.built)
    before = _whole()

    with hands.hand(hands.APP) as app:
        found = {(thing.name, deed): _tried(app, thing, deed) for thing, deed in answers.ATTACKS}

    assert found == {
        (thing.name, deed): answers.refusal(thing.name, deed) for thing, deed in answers.ATTACKS
    }
    assert _whole() == before


@pytest.mark.parametrize(
    "role", [hands.OWNER, pytest.param(hands.SUPERUSER, marks=pytest.mark.thorough)]
)
def test_whoever_switches_the_fences_off_is_named(role, begin, full):
    """F049, F210, N13: one comparison with the log names the very row, whatever was done to it.

    In a full run for everything of the table, in any other for what stands first in it.
    """
    if not hands.is_there(role):
        pytest.skip("this server lets no superuser in: set TEST_SUPERUSER and its password")
    unnamed = {}
    for number in sorted({thing.round for thing in THINGS})[: None if full else 1]:
        for deed in DEEDS:
            attacked = [one for one in THINGS if one.round == number and deed in one.deeds]
            if not attacked:
                continue
            begin(house.built)
            names = _done(role, deed, attacked)
            found = log.differences(now=database_time())
            for thing in attacked:
                wanted = answers.word(thing.name, deed)
                kinds = {thing.kind, thing.also}
                if not any(
                    one.kind in kinds and (one.key, one.what) == (names[thing.name], wanted)
                    for one in found
                ):
                    unnamed[thing.name, deed] = [str(one) for one in found if one.kind in kinds]

    assert unnamed == {}


def _done(role: str, deed: str, attacked: list[Thing]) -> dict[str, str]:
    """Do the deed to each of them; under which name each must be found."""
    with hands.hand(hands.OWNER) as owner:
        names = {one.name: hands.first(owner, one.named(deed))[0] for one in attacked}
        victims = {one.name: hands.first(owner, one.victim)[0] for one in attacked}
    with hands.unfenced(role, sorted({one.table for one in attacked})) as hand:
        for one in attacked:
            assert hand.execute(one.statement(deed, victims[one.name])).rowcount == 1, one.name
    return names


@pytest.mark.thorough
def test_what_is_found_at_night_is_an_alarm(begin):
    """N13: the nightly comparison raises an alarm that names the row."""
    begin(house.built)
    ticket = next(thing for thing in THINGS if thing.name == "ticket")
    (name,) = _done(hands.OWNER, "edit", [ticket]).values()

    log.verify(now=database_time())

    assert ("audit.log_differs", "ticket", name) in {
        (one.kind, one.object_type, one.object_code) for one in alarms.open_now()
    }


@pytest.mark.thorough
def test_who_logs_his_own_edit_as_well_is_named_by_the_second_hash(begin):
    """F049, N13: the owner may call what writes to the log; what never changes has one hash."""
    begin(house.built)
    edits = {
        "ticket": (
            "UPDATE sales_ticket SET price = price + 200 WHERE id = %s",
            (
                "SELECT audit_log_add('ticket', t.code, l.leaf) FROM sales_ticket t,"
                " sales_leaves_now(t.draw_id) l WHERE l.code = t.code AND t.id = %s"
            ),
        ),
        "trail row": (
            "UPDATE audit_trail SET actor = 'nobody' WHERE id = %s",
            (
                "SELECT audit_log_add('trail', t.id::text, audit_row_hash(to_jsonb(t)))"
                " FROM audit_trail t WHERE t.id = %s"
            ),
        ),
        "result": (
            "UPDATE games_result SET numbers = '[[1,2,3,4,5,9],[7]]' WHERE id = %s",
            (
                "SELECT audit_log_add('result', r.key, r.hash)"
                " FROM audit_rows_now('games_result') r WHERE r.key = %s::text"
            ),
        ),
    }
    expected = set()
    for thing in THINGS:
        if thing.name not in edits:
            continue
        with hands.unfenced(hands.OWNER, [thing.table]) as owner:
            owner.execute("SET timezone = 'UTC'")
            (name,) = hands.first(owner, thing.named("edit"))
            (victim,) = hands.first(owner, thing.victim)
            for said in edits[thing.name]:
                assert owner.execute(said, [victim]).rowcount == 1
        expected.add(f"{thing.kind} {name} relogged")
    house.caught_up()

    found = {str(one) for one in log.differences(now=database_time())}

    assert found >= expected


@pytest.mark.thorough
def test_a_fence_that_is_left_down_is_named(begin):
    """F210, F058: a trigger put to sleep, whatever it guards; the ban on reading lifted."""
    begin(house.built)
    with hands.hand(hands.OWNER) as owner:
        owner.execute("ALTER TABLE sales_ticket DISABLE TRIGGER sales_ticket_may_be_sold")
        owner.execute("ALTER TABLE sales_selection NO FORCE ROW LEVEL SECURITY")

    found = {(one.kind, one.key) for one in log.differences(now=database_time())}

    assert found == {
        ("trigger", "sales_ticket"),
        ("table", "sales_selection"),
        ("catalogue", "trigger sales_ticket.sales_ticket_may_be_sold"),
        ("catalogue", "table sales_selection"),
    }


def test_the_server_has_no_tool_that_removes_rows_past_every_trigger():
    """D-f: `heap_force_kill` would; the extension is not there, and its deed is a delete."""
    with hands.hand(hands.OWNER) as owner:
        there = owner.execute(
            "SELECT name FROM pg_available_extensions WHERE name = 'pg_surgery'"
        ).fetchall()

    assert there == []


def test_the_page_says_what_the_tests_hold_the_house_to():
    """The table in docs/integrity.md is that of this suite; `python -m tests.tamper.table`."""
    page = table.PAGE.read_text(encoding="utf-8")

    assert page.partition(table.MARK)[2] == f"\n\n{table.text()}"
