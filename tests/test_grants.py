"""The application's rights: the reviewed file equals the catalogue, and evidence stays (D2)."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, connections, transaction

from lottery_portal.lib import grants

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

# What happened, was sold, signed or published: rows that nobody updates or deletes.
EVIDENCE = {
    "audit_trail", "audit_epoch", "audit_policyparameter", "audit_approvaldecision",
    "finance_entry", "finance_transfer", "finance_invariantrun", "finance_solvencyproof",
    "finance_cashcount", "finance_cashmove", "finance_taxcertificate", "finance_taxreturn",
    "finance_match", "finance_periodbalance", "finance_prizetax", "finance_proof", "finance_sample",
    "finance_statement", "finance_statementline", "finance_treasuryreceipt",
    "games_announcement", "games_drawtransition", "games_licence", "games_result",
    "games_resultentry", "games_rulesheet", "games_sealstatement",
    "games_sealsignature", "games_sealpublication", "games_sealtimestamp", "sales_sealblock",
    "prizes_claimpaper", "prizes_claimstep", "prizes_prize", "prizes_prizeend",
    "prizes_prizesheet", "prizes_tieroutcome",
    "sales_purchase", "sales_receipt", "sales_selection", "sales_ticket", "sales_ticketrefund",
    "sales_cancellation", "sales_planstep",
    "accounts_papernumber", "accounts_identitypaper", "accounts_proxy", "accounts_proxyend",
    "accounts_guardianrecord", "accounts_confidentialityagreement",
    "accounts_confidentialitysignature", "accounts_winnerlook", "accounts_publicitychoice",
    "accounts_personregion", "prizes_winnercut", "prizes_winnerfigure", "prizes_winnernotice",
    "games_calendarnotice", "games_drawcancellation", "games_licenceending",
    "games_licencereminder", "games_marketclosure",
    "partners_claimauthority", "partners_claimauthorityend", "partners_outletchange",
}  # fmt: skip
KEPT = {"audit_approvalrequest", "audit_reportrun"}
STAYS = {*KEPT, "games_draw", "finance_account", "finance_adjustment", "finance_case",
         "finance_cashdesk", "finance_cashhandover", "finance_cashrequest", "finance_paymentmethod",
         "finance_deposit", "finance_depositreturn", "finance_difference", "finance_due",
         "finance_housebank", "finance_payee", "finance_paymentorder",
         "finance_payoutstop", "finance_period", "finance_provider",
         "finance_withdrawal", "prizes_claim", "sales_plan", "sales_drawrefund",
         "games_noticedelivery", "partners_outlet", "partners_outletoperator"}  # fmt: skip


def _rows(said, *values, using="owner"):
    with connections[using].cursor() as cursor:
        cursor.execute(said, values)
        return cursor.fetchall()


@pytest.fixture(autouse=True)
def _applied():
    """A clone does not take the rights on its database along; migrating gives them."""
    grants.apply()


def test_the_reviewed_file_equals_the_catalogue():
    role = grants.app_role()
    tables, _functions = grants.reviewed()
    whole = _rows(
        "SELECT c.relname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a"
        " WHERE c.relnamespace = 'public'::regnamespace"
        " AND a.grantee = %s::regrole",
        role,
    )
    columns = _rows(
        "SELECT c.relname, a.privilege_type, t.attname"
        " FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid, aclexplode(t.attacl) a"
        " WHERE c.relnamespace = 'public'::regnamespace"
        " AND a.grantee = %s::regrole",
        role,
    )

    said_whole = {
        (grant.table, right)
        for grant in tables.values()
        for right in grant.rights
        if not (right == "UPDATE" and grant.columns) and not (right == "SELECT" and grant.hidden)
    }
    said_columns = {
        (grant.table, "UPDATE", column)
        for grant in tables.values()
        if "UPDATE" in grant.rights
        for column in grant.columns
    } | {
        (grant.table, "SELECT", field.column)
        for model in apps.get_models()
        if (grant := tables.get(model._meta.db_table)) and grant.hidden
        for field in model._meta.local_fields
        if field.column not in grant.hidden
    }
    assert set(whole) == said_whole
    assert set(columns) == said_columns


def test_every_table_of_the_house_is_in_the_file():
    with connections["owner"].cursor() as cursor:
        assert set(grants.tables_of_catalogue(cursor)) == set(grants.reviewed()[0])
    ours = {
        model._meta.db_table
        for model in apps.get_models()
        if model._meta.managed or model._meta.app_label == "audit"
    }
    assert ours <= set(grants.reviewed()[0])


def test_the_application_may_call_the_functions_of_the_file_and_no_others():
    _tables, functions = grants.reviewed()
    callable_ = _rows(
        "SELECT p.proname, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t)"
        " FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
        " AND has_function_privilege(%s, p.oid, 'EXECUTE')",
        grants.app_role(),
    )

    assert dict(callable_) == functions


def test_nobody_in_general_may_anything():
    public = _rows(
        "SELECT 'table', c.relname FROM pg_class c, aclexplode(c.relacl) a"
        " WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = 0"
        " UNION ALL SELECT 'function', p.proname"
        " FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a"
        " WHERE p.pronamespace = 'public'::regnamespace AND a.grantee = 0"
        " UNION ALL SELECT 'schema', n.nspname FROM pg_namespace n, aclexplode(n.nspacl) a"
        " WHERE n.nspname = 'public' AND a.grantee = 0 AND a.privilege_type = 'CREATE'"
    )

    assert public == []


def test_the_application_owns_nothing_and_is_nobody_special():
    role = grants.app_role()
    owned = _rows(
        "SELECT relname FROM pg_class WHERE relowner = %s::regrole"
        " UNION ALL SELECT proname FROM pg_proc"
        " WHERE proowner = %s::regrole",
        role,
        role,
    )
    special = _rows(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication,"
        " pg_has_role(%s, %s, 'MEMBER') FROM pg_roles WHERE rolname = %s",
        role,
        connections["owner"].settings_dict["USER"],
        role,
    )

    assert owned == []
    assert special == [(False,) * 6]


STRUCTURE = (
    "CREATE TABLE mine (id int)",
    "CREATE TEMPORARY TABLE audit_approvaldecision (id int)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE jobs_job ADD COLUMN mine int",
    "ALTER TABLE finance_transfer DISABLE TRIGGER ALL",
    "DROP TABLE jobs_job",
    "DROP TRIGGER audit_trail_never_changes ON audit_trail",
    "TRUNCATE jobs_job",
    "TRUNCATE finance_transfer",
    "SET ROLE lottery_owner",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY jobs_job TO PROGRAM 'true'",
)


def _refused(said):
    with (
        pytest.raises(
            DatabaseError, match=r"permission denied|must be (owner|member)|system column"
        ),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(said)


def test_the_application_changes_no_structure():
    for said in STRUCTURE:
        _refused(said)


def test_no_partition_is_reached_behind_its_tables_back():
    rights = _rows(
        "SELECT c.relname FROM pg_class c WHERE c.relispartition AND c.relkind = 'r'"
        " AND has_table_privilege(%s, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')",
        grants.app_role(),
    )

    assert rights == []


def test_evidence_is_never_granted_for_change():
    tables, _functions = grants.reviewed()

    assert {name for name in EVIDENCE if tables[name].rights - {"SELECT", "INSERT"}} == set()
    assert {name for name in STAYS if "DELETE" in tables[name].rights} == set()


def test_the_application_may_not_change_evidence():
    """F210."""
    for table in EVIDENCE:
        _refused(f"UPDATE {table} SET ctid = ctid")  # noqa: S608 - our own names
        _refused(f"DELETE FROM {table}")  # noqa: S608 - our own names
    for table in STAYS:
        _refused(f"DELETE FROM {table}")  # noqa: S608 - our own names


UPDATE, DELETE = 16, 8


def _always_on(table, event):
    """Whether a row trigger before this event is always on, for the table and every partition."""
    return _rows(
        "SELECT bool_and(EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid"
        " AND NOT g.tgisinternal AND g.tgenabled = 'A' AND (g.tgtype & %s) <> 0"
        " AND (g.tgtype & 3) = 3)) FROM pg_class c WHERE c.oid = %s::regclass"
        " OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = %s::regclass)",
        event,
        table,
        table,
    )[0][0]


def test_a_trigger_stops_even_the_owner():
    """F210."""
    assert [table for table in EVIDENCE if not _always_on(table, UPDATE)] == []
    assert [table for table in EVIDENCE | KEPT if not _always_on(table, DELETE)] == []


def test_definer_functions_look_only_where_the_owner_put_things():
    loose = _rows(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
        " AND NOT coalesce(proconfig, '{}') @> ARRAY['search_path=public, pg_temp']"
    )

    assert loose == []
