"""Whoever changes what the database is made of is named, object by object (D2, F210, F229)."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from audit import catalogue as checks
from lottery_portal.lib import catalogue, catalogue_rows
from tests import make
from tests.tamper import hands

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def _replaced(name: str, old: str, new: str) -> str:
    """The statement that puts another body in place of the function's own."""
    with hands.hand(hands.OWNER) as owner:
        (definition,) = hands.first(
            owner, "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = %s", name
        )
    assert old in definition, name
    return str(definition).replace(old, new)


BY_THE_OWNER = {
    "DROP TRIGGER sales_ticket_never_changes ON sales_ticket":
        ["trigger sales_ticket.sales_ticket_never_changes: missing"],
    "ALTER TABLE sales_ticket DISABLE TRIGGER sales_ticket_may_be_sold":
        ["trigger sales_ticket.sales_ticket_may_be_sold: disabled (off, released: always on)"],
    "ALTER TABLE sales_ticket ENABLE TRIGGER sales_ticket_never_changes":
        ["trigger sales_ticket.sales_ticket_never_changes: changed (on, released: always on)"],
    "ALTER TABLE sales_selection NO FORCE ROW LEVEL SECURITY":
        [("table sales_selection: changed (row security not forced, owned by owner,"
          " released: row security forced, owned by owner)")],
    "DROP POLICY not_read_while_sealed ON sales_selection":
        ["policy sales_selection.not_read_while_sealed: missing"],
    "ALTER POLICY not_read_while_sealed ON sales_selection USING (true)":
        ["policy sales_selection.not_read_while_sealed: changed"],
    "GRANT INSERT ON prizes_prize TO {app}":
        ["grant prizes_prize to app: changed (INSERT, SELECT, released: SELECT)"],
    "GRANT UPDATE (amount) ON finance_transfer TO {app}":
        ["grant finance_transfer.amount to app: added (UPDATE)"],
    "REVOKE SELECT ON audit_entry FROM {app}":
        ["grant audit_entry to app: missing"],
    "GRANT EXECUTE ON FUNCTION audit_log_add(text, text, bytea) TO PUBLIC":
        ["grant function audit_log_add(text, text, bytea) to everybody: added (EXECUTE)"],
    "CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
    "CREATE TRIGGER mine BEFORE INSERT ON prizes_prize FOR EACH ROW EXECUTE FUNCTION mine()":
        ["function mine(): added (as its caller; owned by owner)",
         "grant function mine() to everybody: added (EXECUTE)",
         "trigger prizes_prize.mine: added (on)"],
    "ALTER FUNCTION finance_entry_hash(bigint) SET search_path = pg_temp":
        [("function finance_entry_hash(bigint): changed (as its caller; owned by owner;"
          " search_path=pg_temp, released: as its caller; owned by owner;"
          " search_path=public, pg_temp)")],
    "ALTER TABLE finance_transfer DROP CONSTRAINT transfer_amount_positive":
        ["constraint finance_transfer.transfer_amount_positive: missing"],
    "ALTER TABLE prizes_prize ALTER COLUMN amount DROP NOT NULL":
        ["column prizes_prize.amount: changed (bigint, released: bigint not null)"],
    "ALTER TABLE prizes_prize ALTER COLUMN amount SET DEFAULT 1":
        ["column prizes_prize.amount: changed"],
    "CREATE RULE silent AS ON DELETE TO sales_ticket DO INSTEAD NOTHING":
        ["rule sales_ticket.silent: added (on)"],
    "CREATE SCHEMA aside; CREATE TABLE aside.sales_ticket (id int)":
        ["column aside.sales_ticket.id: added (integer)",
         "schema aside: added (owned by owner)",
         "table aside.sales_ticket: added (no row security, owned by owner)"],
    "ALTER ROLE {owner} SET search_path = aside, public":
        ["setting search_path of owner in every database: added (aside, public)"],
    "CREATE DOMAIN fen AS bigint CHECK (VALUE > 0)":
        ["constraint domain fen.fen_check: added", "type fen: added"],
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO {app}":
        ["default grant r of owner to app: INSERT: added"],
}  # fmt: skip
BY_A_SUPERUSER = {
    "ALTER ROLE {app} BYPASSRLS":
        ["role app: passes row security: changed (yes, released: no)"],
    "ALTER ROLE {app} SUPERUSER":
        ["role app: superuser: changed (yes, released: no)"],
    "ALTER ROLE {owner} CREATEROLE":
        ["role owner: makes roles: changed (yes, released: no)"],
    "ALTER ROLE {app} SET session_replication_role = replica":
        ["setting session_replication_role of app in every database: added (replica)"],
    "GRANT {owner} TO {app}":
        ["membership app in owner: added"],
    "ALTER TABLE sales_receipt DISABLE TRIGGER ALL":
        ["trigger sales_receipt.sales_receipt_never_changes: disabled (off, released: always on)"],
    "CREATE FUNCTION heard() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
    "CREATE EVENT TRIGGER heard ON ddl_command_end EXECUTE FUNCTION heard()":
        ["event trigger heard: added (on)"],
    "ALTER FUNCTION audit_log_add(text, text, bytea) OWNER TO CURRENT_USER":
        ["function audit_log_add(text, text, bytea): changed"],
    "CREATE FUNCTION pg_catalog.sha256(text) RETURNS bytea LANGUAGE sql AS 'SELECT NULL::bytea'":
        ["function pg_catalog.sha256(text): added"],
    "SET session_replication_role = replica":
        ["session session_replication_role: changed (replica, released: origin)"],
}  # fmt: skip


def _named(hand: psycopg.Connection, statement: str) -> list[str]:
    """What is named after the deed, which is undone again: roles belong to the whole server."""
    app, owner = catalogue.roles()
    names = {"app": sql.Identifier(app), "owner": sql.Identifier(owner)}
    with hand.transaction(force_rollback=True), hand.cursor() as cursor:
        if "{" in statement:
            cursor.execute(sql.SQL(statement).format(**names))
        else:
            cursor.execute(statement)
        found = catalogue.of_reading(catalogue_rows.read_by(cursor), app=app, owner=owner)
    compared = catalogue.compare(released=catalogue.of_this_process(), found=found)
    return [str(one) for one in compared]


@pytest.mark.thorough
def test_every_deed_of_the_owner_is_named_by_its_object():
    """F210: guards dropped, disabled and loosened, rights given away, objects of his own."""
    assert not checks.look().differences
    with hands.hand(hands.OWNER) as owner:
        found = {statement: _named(owner, statement) for statement in BY_THE_OWNER}

    assert found == BY_THE_OWNER


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("prizes_credit", "BEGIN", "BEGIN /* another */"),
        ("audit_row_hash", "sha256(", "sha512("),
        ("finance_post", "SECURITY DEFINER", ""),
    ],
)
def test_a_replaced_function_is_named(name, old, new):
    """F210: code that pays, and code that computes what is compared."""
    statement = _replaced(name, old, new).replace("{", "{{").replace("}", "}}")
    with hands.hand(hands.OWNER) as owner:
        (found,) = _named(owner, statement)

    assert found.startswith(f"function {name}(")
    assert found.endswith(": replaced") == bool(new)


@pytest.mark.thorough
def test_every_deed_of_a_superuser_is_named_by_its_object():
    """F210: attributes and settings of roles, guards of foreign keys, PostgreSQL's own schema."""
    if not hands.is_there(hands.SUPERUSER):
        pytest.skip("this server lets no superuser in: set TEST_SUPERUSER and its password")
    with hands.hand(hands.SUPERUSER) as superuser:
        found = {statement: _named(superuser, statement) for statement in BY_A_SUPERUSER}

    unnamed = {
        statement: found[statement]
        for statement, wanted in BY_A_SUPERUSER.items()
        if not all(any(said.startswith(one) for said in found[statement]) for one in wanted)
    }
    assert unnamed == {}


def test_a_setting_of_the_session_silences_no_guard():
    """F210: every guard is always on, and who calls himself a replica meets it as anybody else."""
    if not hands.is_there(hands.SUPERUSER):
        pytest.skip("this server lets no superuser in: set TEST_SUPERUSER and its password")
    draw = make.draw()
    with hands.hand(hands.SUPERUSER) as superuser:
        silent = superuser.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgenabled <> 'A'"
        ).fetchall()
        superuser.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            superuser.execute("UPDATE games_draw SET state = 'SETTLED' WHERE id = %s", [draw.pk])

    assert silent == []
    assert refused.value.diag.constraint_name == "draw_goes_forward"
