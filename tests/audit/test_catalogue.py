"""What the database is made of: one reviewed file, compared object by object (D2, F210, F229)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import translation

from audit import alarm_words, alarms, catalogue, trail
from lottery_portal.lib import catalogue as made
from lottery_portal.lib import catalogue_rows, manifest
from lottery_portal.lib.db import database_time
from tests.owner import as_owner

pytestmark = pytest.mark.django_db(transaction=True)


def _notes() -> int:
    return trail.read(trail.Filters(action=catalogue.CHECKED)).count()


def _last() -> catalogue.Checked:
    noted = catalogue.last()
    assert noted is not None
    return noted


def test_the_migrations_make_the_reviewed_catalogue():
    """F229: whoever changes a migration writes the file again (`manage.py catalogue --write`)."""
    found = made.of_database()

    assert [str(one) for one in made.compare(released=made.of_release(), found=found)] == []
    assert found.text == made.path().read_text()


def test_the_catalogue_is_bound_by_the_manifest_of_the_release():
    """F229: the hash that every seal names covers the file."""
    assert made.FILE in manifest.of_release().files


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_owner_reads_the_same_catalogue_as_the_application():
    assert made.of_database(using="owner") == made.of_database()


def test_a_new_partition_changes_nothing_and_one_that_lacks_a_guard_is_named():
    """F210: a draw opens without a difference; its partition is held to the shape of its table."""
    before = made.of_database()
    with connection.cursor() as cursor:
        cursor.execute("SELECT sales_make_partition(77)")

    assert made.of_database() == before
    with as_owner() as owner:
        owner.execute("DROP TRIGGER sales_selection_never_touched ON sales_selection_d77")
        owner.execute("ALTER TABLE sales_selection_d77 NO FORCE ROW LEVEL SECURITY")
        owner.execute("GRANT INSERT ON sales_selection_d77 TO lottery_app")

    assert [str(one) for one in catalogue.look().differences] == [
        "grant sales_selection_d77 to app: added (INSERT)",
        "table sales_selection_d77: added (row security not forced, owned by owner)",
        "trigger sales_selection_d77.sales_selection_never_touched: missing",
    ]


def test_a_partition_that_stayed_as_it_was_is_not_named_for_its_table():
    """F210: what was done to the table alone is named there alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sales_make_partition(77)")
    with as_owner() as owner:
        owner.execute("ALTER TABLE sales_selection NO FORCE ROW LEVEL SECURITY")
        owner.execute("DROP POLICY not_read_while_sealed ON sales_selection")

    assert [(one.kind, one.name) for one in catalogue.look().differences] == [
        ("policy", "sales_selection.not_read_while_sealed"),
        ("table", "sales_selection"),
    ]


@pytest.mark.thorough
def test_partitions_read_apart_are_told_as_if_all_were_read_together():
    """F210: what is remembered of an earlier reading makes no difference to what is found."""
    made.of_database()  # what lasts is known from now on
    with connection.cursor() as cursor:
        cursor.execute("SELECT sales_make_partition(77), sales_make_partition(78)")
    with as_owner() as owner:
        owner.execute("CREATE INDEX extra ON sales_selection_d78 (ticket_id)")
        owner.execute("CREATE POLICY extra ON sales_selection_d78 USING (true)")
        owner.execute(
            "ALTER TABLE sales_selection_d78 DISABLE TRIGGER sales_selection_never_touched"
        )
        owner.execute("GRANT SELECT (ticket_id) ON sales_selection_d77 TO lottery_app")
    found = catalogue_rows.read()
    apart = dict(found.partitions)
    together = tuple(
        (name, json.dumps(json.loads(text) + json.loads(apart.get(name, "[]"))))
        for name, text in found.lasting
    )
    nothing = tuple((name, "[]") for name in apart)
    app, owner_name = made.roles()

    at_once = made.of_reading(
        catalogue_rows.Reading(lasting=together, partitions=nothing), app=app, owner=owner_name
    )

    assert made.of_database() == at_once
    assert [str(one) for one in catalogue.look().differences] == [
        "grant sales_selection_d77.ticket_id to app: added (SELECT)",
        "index sales_selection_d78.extra: added",
        "policy sales_selection_d78.extra: added",
        "trigger sales_selection_d78.sales_selection_never_touched: added (off)",
    ]


def test_how_the_session_is_set_changes_nothing_and_stays_as_it_was():
    """Expressions are written under settings of our own, which end with the reading."""
    before = made.of_database()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL quote_all_identifiers = on")
        cursor.execute("SET LOCAL TimeZone = 'Asia/Shanghai'")
        cursor.execute("SET LOCAL IntervalStyle = 'iso_8601'")

        assert made.of_database() == before

        cursor.execute("SHOW quote_all_identifiers")
        assert cursor.fetchone() == ("on",)
    with connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        assert cursor.fetchone() == ('"$user", public',)


def test_functions_of_the_same_name_in_front_of_postgresqls_own_are_not_asked():
    """An owner who shadows the functions of the catalogue for everybody deceives nobody."""
    with as_owner() as owner:
        owner.execute(
            "CREATE FUNCTION pg_get_expr(pg_node_tree, oid) RETURNS text LANGUAGE sql"
            " AS $$ SELECT 'true' $$"
        )
        owner.execute(
            "CREATE FUNCTION never(oid, integer) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$"
        )
        owner.execute("CREATE OPERATOR >= (LEFTARG = oid, RIGHTARG = integer, FUNCTION = never)")
        owner.execute("CREATE VIEW pg_proc AS SELECT * FROM pg_catalog.pg_proc WHERE false")
        owner.execute("GRANT SELECT ON pg_proc TO lottery_app")
        owner.execute("GRANT EXECUTE ON FUNCTION pg_get_expr(pg_node_tree, oid) TO lottery_app")
        database = settings.DATABASES["default"]["NAME"]
        owner.execute(f'ALTER DATABASE "{database}" SET search_path = public, pg_catalog')
    connection.close()

    kinds = {(one.kind, one.what) for one in catalogue.look().differences}

    assert {("function", "added"), ("operator", "added")} <= kinds
    assert ("setting", "added") in kinds
    assert ("session", "changed") in kinds
    assert not {("constraint", "changed"), ("function", "missing")} & kinds


def test_each_difference_is_an_alarm_until_it_is_undone():
    """F210: the alarm names the object, and ends by itself."""
    with as_owner() as owner:
        owner.execute("ALTER TABLE finance_entry DISABLE TRIGGER finance_entry_never_changes")

    catalogue.check(now=database_time(), occasion="clock")
    catalogue.check(now=database_time(), occasion="clock")

    (alarm,) = [one for one in alarms.open_now() if one.kind == catalogue.ALARM]
    assert alarm.object_code == "trigger finance_entry.finance_entry_never_changes"
    assert alarm.facts["deed"] == "disabled"
    with translation.override("en"):
        words = [word for _name, word, is_word in alarm_words.facts(alarm) if is_word]
    assert sorted(words) == ["Trigger", "turned off"]
    with as_owner() as owner:
        owner.execute("ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER finance_entry_never_changes")
    assert not catalogue.check(now=database_time(), occasion="clock").differences
    assert not [one for one in alarms.open_now() if one.kind == catalogue.ALARM]


@pytest.mark.thorough
def test_the_trail_says_which_catalogue_stood_when():
    """F229: the first check, each that finds a difference, and the return to what was released."""
    right = catalogue.check(now=database_time(), occasion="clock")
    catalogue.check(now=database_time(), occasion="clock")
    assert _notes() == 1

    with as_owner() as owner:
        owner.execute("ALTER TABLE sales_ticket ALTER COLUMN code SET DEFAULT 'x'")
    wrong = catalogue.check(now=database_time(), occasion="seal")
    catalogue.check(now=database_time(), occasion="settlement")
    assert _notes() == 3
    assert _last().first == ("column sales_ticket.code: changed",)
    with as_owner() as owner:
        owner.execute("ALTER TABLE sales_ticket ALTER COLUMN code DROP DEFAULT")
    catalogue.check(now=database_time(), occasion="clock")

    assert _notes() == 4
    assert _last().digest == right.digest == right.released != wrong.digest


def test_a_catalogue_that_cannot_be_read_is_a_difference():
    """Who hides the catalogue from the application is named too."""
    assert not catalogue.look().differences
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 5")
        seen = catalogue.look()

    assert [one.what for one in seen.differences] == ["unreadable"]


def test_names_that_would_break_a_line_do_not():
    """A made-up name cannot pretend to be other lines."""
    with as_owner() as owner:
        owner.execute('CREATE TABLE "x\n\tfunction\ta" (id int)')

    found = made.of_database()

    assert made.parse(found.text) == found
    assert any(line.kind == "table" and "\\n\\tfunction" in line.name for line in found.lines)


@pytest.mark.parametrize("text", ["", "catalogue/0\n", "catalogue/1\nfunction\tx\n"])
def test_another_text_is_refused(text):
    with pytest.raises(made.NotACatalogue):
        made.parse(text)


@pytest.mark.thorough
def test_names_of_the_two_roles_do_not_matter():
    """On a server of one's own they may be called as one likes."""
    found = catalogue_rows.read()
    texts = dict(found.lasting)
    for name, other in zip(made.roles(), ("anna", "otto"), strict=True):
        texts["roles"] = texts["roles"].replace(f'"rolname":"{name}"', f'"rolname":"{other}"')

    named = made.of_reading(replace(found, lasting=tuple(texts.items())), app="anna", owner="otto")

    assert '"anna"' in texts["roles"]
    assert named == made.of_database()


@pytest.mark.thorough
def test_the_command_prints_compares_and_writes(tmp_path, settings, capsys):
    """F229: it ends with 1 and names the object."""
    call_command("catalogue")
    assert made.of_release().digest in capsys.readouterr().out
    call_command("catalogue", check=True)
    assert made.of_release().digest in capsys.readouterr().out
    with as_owner() as owner:
        owner.execute("CREATE FUNCTION extra() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    with pytest.raises(CommandError):
        call_command("catalogue", check=True)
    said = capsys.readouterr().out
    assert "function extra(): added (as its caller; owned by owner)" in said
    assert "grant function extra() to everybody: added (EXECUTE)" in said

    settings.BASE_DIR = tmp_path
    made.path().parent.mkdir()
    call_command("catalogue", write=True)

    assert made.of_release() == made.of_database()
