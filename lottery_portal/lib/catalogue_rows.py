"""The rows of PostgreSQL's catalogue that say what a database is made of, read in one statement.

Everything of ours could answer under a name of PostgreSQL's own if the search path let it: it holds
pg_catalog alone here, and temporary objects behind it. Little is asked of functions; texts are made
out of the rows elsewhere, in Python. Whatever came after the cluster was made, whichever schema it
is in, has an identifier from 16384 on.

What belongs to partitions is read apart from what lasts: a draw brings partitions, only a release
brings the rest, so that the rest is worked out once and the same text need not be again: for that
rows have an order, and none names the database by its identifier, which a copy does not share.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction

Rows = Sequence[Mapping[str, Any]]
Texts = tuple[tuple[str, str], ...]

# What decides how expressions are written, and where names are looked up.
SETTLED = (
    "SET LOCAL search_path = pg_catalog, pg_temp",
    "SET LOCAL quote_all_identifiers = off",
    "SET LOCAL standard_conforming_strings = on",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL jit = off",
)
# Columns that hold identifiers; JSON has them as text.
IDENTIFIERS = frozenset(
    {
        "attrelid", "classes", "collations", "confrelid", "conparentid", "conrelid", "contypid",
        "datdba",
        "defaclnamespace", "defaclrole", "ev_class", "extnamespace", "grantee", "indexrelid",
        "indrelid", "inhparent", "inhrelid", "member", "namespace", "nspowner", "oid",
        "owner", "polrelid", "polroles", "pronamespace", "proowner", "relnamespace",
        "relowner", "roleid", "seqrelid", "setrole", "tgconstraint", "tgfoid",
        "tgparentid", "tgrelid",
    }
)  # fmt: skip
NONE = "[]"
SESSION = ("session_replication_role", "row_security", "search_path")

PARTS = {
    "database": """
        SELECT d.datdba FROM pg_catalog.pg_database d
         WHERE d.datname = pg_catalog.current_database()""",
    "roles": "SELECT r.* FROM pg_catalog.pg_roles r",
    "members": """
        SELECT m.roleid, m.member, m.admin_option, m.inherit_option, m.set_option
          FROM pg_catalog.pg_auth_members m""",
    "settings": """
        SELECT s.setdatabase <> 0 AS is_of_this, s.setrole, s.setconfig
          FROM pg_catalog.pg_db_role_setting s
         WHERE s.setdatabase = 0 OR s.setdatabase = (SELECT d.oid FROM pg_catalog.pg_database d
                WHERE d.datname = pg_catalog.current_database())""",
    "namespaces": "SELECT n.oid, n.nspname, n.nspowner FROM pg_catalog.pg_namespace n",
    "classes": """
        SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.relowner, c.relpersistence,
               c.relrowsecurity, c.relforcerowsecurity, c.relispartition, c.relreplident,
               c.reloptions, a.amname
          FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
         WHERE c.oid >= 16384""",
    "inherits": """
        SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i WHERE i.inhrelid >= 16384""",
    "columns": """
        SELECT a.attrelid, a.attnum, a.attname, a.attnotnull, a.attidentity, a.attgenerated,
               pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, l.collname,
               pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS value
          FROM pg_catalog.pg_attribute a
          JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
          LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
         WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
           AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')""",
    "constraints": """
        SELECT o.oid, o.conname, o.conrelid, o.contypid, o.contype, o.condeferrable, o.condeferred,
               o.conenforced, o.convalidated, o.conparentid, o.confrelid, o.confupdtype,
               o.confdeltype, o.confmatchtype, o.connoinherit, o.conperiod, o.conkey, o.confkey,
               o.confdelsetcols, o.conexclop::text[] AS operators, t.typname AS domain,
               pg_catalog.pg_get_expr(o.conbin, o.conrelid) AS expression
          FROM pg_catalog.pg_constraint o LEFT JOIN pg_catalog.pg_type t ON t.oid = o.contypid
         WHERE o.oid >= 16384
           AND NOT (o.contype = 'n' AND o.convalidated AND o.conenforced)  -- told with its column
        """,
    "indexes": """
        SELECT i.indexrelid, i.indrelid, i.indnatts, i.indnkeyatts, i.indisunique, i.indisprimary,
               i.indnullsnotdistinct, i.indisexclusion, i.indimmediate, i.indisvalid, i.indisready,
               i.indislive, i.indisreplident, i.indkey::int[] AS keys,
               i.indoption::int[] AS options,
               i.indclass::oid[] AS classes, i.indcollation::oid[] AS collations,
               pg_catalog.pg_get_expr(i.indexprs, i.indrelid) AS expressions,
               pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate
          FROM pg_catalog.pg_index i WHERE i.indexrelid >= 16384""",
    "named": """
        SELECT 'class' AS kind, o.oid, o.opcname AS name FROM pg_catalog.pg_opclass o
        UNION ALL
        SELECT 'collation', l.oid, l.collname FROM pg_catalog.pg_collation l WHERE l.oid IN (
            SELECT unnest(i.indcollation::oid[]) FROM pg_catalog.pg_index i
             WHERE i.indexrelid >= 16384)""",
    "triggers": """
        SELECT t.tgrelid, t.tgname, t.tgfoid, p.proname, p.pronamespace, t.tgenabled, t.tgtype,
               t.tgisinternal, t.tgconstraint, t.tgparentid, t.tgdeferrable, t.tginitdeferred,
               t.tgattr::int[] AS keys, pg_catalog.encode(t.tgargs, 'hex') AS arguments,
               t.tgoldtable, t.tgnewtable,
               CASE WHEN t.tgqual IS NOT NULL THEN pg_catalog.pg_get_triggerdef(t.oid) END
                   AS definition
          FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
         WHERE t.oid >= 16384""",
    "policies": """
        SELECT p.polname, p.polrelid, p.polcmd, p.polpermissive, p.polroles,
               pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS visible,
               pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS written
          FROM pg_catalog.pg_policy p""",
    "rules": """
        SELECT r.rulename, r.ev_class, r.ev_enabled, pg_catalog.pg_get_ruledef(r.oid) AS definition
          FROM pg_catalog.pg_rewrite r WHERE r.oid >= 16384""",
    "sequences": """
        SELECT s.seqrelid, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle,
               pg_catalog.format_type(s.seqtypid, NULL) AS type
          FROM pg_catalog.pg_sequence s WHERE s.seqrelid >= 16384""",
    "functions": """
        SELECT p.oid, p.proname, p.pronamespace, p.proowner, l.lanname, p.procost, p.prorows,
               p.prosupport::oid::int8 AS support, p.prokind, p.prosecdef, p.proleakproof,
               p.proisstrict, p.proretset, p.provolatile, p.proparallel, p.prosrc, p.probin,
               p.proconfig, p.proargnames, p.proargmodes, p.pronargs,
               pg_catalog.format_type(p.prorettype, NULL) AS returns,
               pg_catalog.format_type(p.provariadic, NULL) AS variadic,
               ARRAY(SELECT pg_catalog.format_type(k.oid, NULL)
                       FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY k (oid, n)
                      ORDER BY k.n) AS takes,
               ARRAY(SELECT pg_catalog.format_type(k.oid, NULL)
                       FROM unnest(p.proallargtypes) WITH ORDINALITY k (oid, n)
                      ORDER BY k.n) AS every_type,
               pg_catalog.pg_get_expr(p.proargdefaults, 0) AS defaults,
               pg_catalog.pg_get_function_sqlbody(p.oid) AS body
          FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
         WHERE p.oid >= 16384""",
    "event_triggers": """
        SELECT e.evtname, e.evtevent, e.evtenabled, e.evttags, p.proname, p.pronamespace
          FROM pg_catalog.pg_event_trigger e JOIN pg_catalog.pg_proc p ON p.oid = e.evtfoid""",
    "extensions": "SELECT e.extname, e.extnamespace FROM pg_catalog.pg_extension e",
    "grants": """
        SELECT g.thing, g.oid, g.part, g.owner, x.grantee, x.privilege_type, x.is_grantable FROM (
            SELECT 'database' AS thing, 0::oid AS oid, 0 AS part, d.datdba AS owner,
                   coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba)) AS acl
              FROM pg_catalog.pg_database d
             WHERE d.datname = pg_catalog.current_database()
            UNION ALL
            SELECT 'schema', n.oid, 0, n.nspowner, coalesce(n.nspacl,
                   pg_catalog.acldefault('n', n.nspowner)) FROM pg_catalog.pg_namespace n
             WHERE n.oid >= 16384 OR n.nspname = 'public'
            UNION ALL
            SELECT 'table', c.oid, 0, c.relowner, c.relacl FROM pg_catalog.pg_class c
             WHERE c.oid >= 16384 AND c.relacl IS NOT NULL
            UNION ALL
            SELECT 'table', c.oid, a.attnum, c.relowner, a.attacl FROM pg_catalog.pg_attribute a
              JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
             WHERE a.attrelid >= 16384 AND a.attacl IS NOT NULL AND NOT a.attisdropped
            UNION ALL
            SELECT 'function', p.oid, 0, p.proowner, coalesce(p.proacl,
                   pg_catalog.acldefault('f', p.proowner)) FROM pg_catalog.pg_proc p
             WHERE p.oid >= 16384) g, pg_catalog.aclexplode(g.acl) x
         WHERE x.grantee <> g.owner""",
    "given_by_default": """
        SELECT a.defaclrole, a.defaclnamespace, a.defaclobjtype, x.grantee, x.privilege_type
          FROM pg_catalog.pg_default_acl a, pg_catalog.aclexplode(a.defaclacl) x""",
    "others": """
        SELECT 'type' AS kind, t.typname AS name, t.typnamespace AS namespace,
               t.typtype::text || ' '
               || pg_catalog.format_type(t.typbasetype, t.typtypmod) || ' ' || coalesce(
               t.typdefault, '') || ' ' || coalesce((SELECT pg_catalog.string_agg(e.enumlabel, ','
               ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid), '')
               AS definition
          FROM pg_catalog.pg_type t
         WHERE t.oid >= 16384 AND t.typtype <> 'c'
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
        UNION ALL
        SELECT 'operator', o.oprname || ' (' || pg_catalog.format_type(o.oprleft, NULL) || ', '
               || pg_catalog.format_type(o.oprright, NULL) || ')', o.oprnamespace,
               o.oprcode::text FROM pg_catalog.pg_operator o WHERE o.oid >= 16384
        UNION ALL
        SELECT 'cast', pg_catalog.format_type(c.castsource, NULL) || ' to '
               || pg_catalog.format_type(c.casttarget, NULL), 0,
               c.castcontext::text || c.castmethod::text
          FROM pg_catalog.pg_cast c WHERE c.oid >= 16384
        UNION ALL
        SELECT 'language', l.lanname, 0, '' FROM pg_catalog.pg_language l WHERE l.oid >= 16384
        UNION ALL
        SELECT 'access method', a.amname, 0, a.amtype::text FROM pg_catalog.pg_am a
         WHERE a.oid >= 16384
        UNION ALL
        SELECT 'operator class', o.opcname, o.opcnamespace, '' FROM pg_catalog.pg_opclass o
         WHERE o.oid >= 16384
        UNION ALL
        SELECT 'operator family', o.opfname, o.opfnamespace, '' FROM pg_catalog.pg_opfamily o
         WHERE o.oid >= 16384
        UNION ALL
        SELECT 'collation', l.collname, l.collnamespace, l.collprovider::text
          FROM pg_catalog.pg_collation l WHERE l.oid >= 16384
        UNION ALL
        SELECT 'conversion', c.conname, c.connamespace, '' FROM pg_catalog.pg_conversion c
         WHERE c.oid >= 16384
        UNION ALL
        SELECT 'transform', pg_catalog.format_type(t.trftype, NULL), 0, ''
          FROM pg_catalog.pg_transform t WHERE t.oid >= 16384
        UNION ALL
        SELECT 'text search', c.cfgname, c.cfgnamespace, '' FROM pg_catalog.pg_ts_config c
         WHERE c.oid >= 16384
        UNION ALL
        SELECT 'statistics', s.stxname, s.stxnamespace, '' FROM pg_catalog.pg_statistic_ext s
         WHERE s.oid >= 16384
        UNION ALL
        SELECT 'foreign data', f.fdwname, 0, '' FROM pg_catalog.pg_foreign_data_wrapper f
         WHERE f.oid >= 16384
        UNION ALL
        SELECT 'foreign server', f.srvname, 0, '' FROM pg_catalog.pg_foreign_server f
         WHERE f.oid >= 16384
        UNION ALL
        SELECT 'publication', p.pubname, 0, '' FROM pg_catalog.pg_publication p
        UNION ALL
        SELECT 'subscription', s.subname, 0, '' FROM pg_catalog.pg_subscription s
         WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database d
                             WHERE d.datname = pg_catalog.current_database())""",
}
# Whether a row belongs to a partition, or to what of another table concerns one.
A_PARTITION = "SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relispartition"
ITS_RULE = f"""
    SELECT o.oid FROM pg_catalog.pg_constraint o
     WHERE o.conrelid IN ({A_PARTITION}) OR o.confrelid IN ({A_PARTITION})"""  # noqa: S608 - of this file
OF_PARTITIONS = {
    "classes": "a_row.relispartition",
    "inherits": f"a_row.inhrelid IN ({A_PARTITION})",
    "columns": f"a_row.attrelid IN ({A_PARTITION})",
    "constraints": f"a_row.oid IN ({ITS_RULE})",
    "indexes": f"a_row.indrelid IN ({A_PARTITION})",
    "triggers": f"a_row.tgrelid IN ({A_PARTITION}) OR a_row.tgconstraint IN ({ITS_RULE})",
    "policies": f"a_row.polrelid IN ({A_PARTITION})",
    "rules": f"a_row.ev_class IN ({A_PARTITION})",
    "grants": f"a_row.thing = 'table' AND a_row.oid IN ({A_PARTITION})",
}
WHOLE = " UNION ALL ".join(
    f"SELECT '{name}', is_apart, json_agg(a_row ORDER BY a_row)::text FROM"  # noqa: S608 - of this file
    f" (SELECT a_row, coalesce({apart}, false) AS is_apart FROM ({asked}) a_row) told"
    f" GROUP BY is_apart"
    for name, asked in PARTS.items()
    for apart in [OF_PARTITIONS.get(name, "false")]
)


@dataclass(frozen=True)
class Reading:
    """The rows of one moment as JSON, by part: what lasts, and what belongs to partitions."""

    lasting: Texts
    partitions: Texts


def read(*, using: str = "default") -> Reading:
    """All parts, of one moment, and how the session is set, which is left as it is."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        found = read_by(cursor)
        transaction.set_rollback(True, using=using)  # and with it what was set here
    return found


def read_by(cursor: Any) -> Reading:
    """All parts by a cursor whose transaction is rolled back afterwards."""
    session = []
    for name in SESSION:
        cursor.execute(f"SHOW {name}")
        session.append({"name": name, "value": cursor.fetchone()[0]})
    for setting in SETTLED:
        cursor.execute(setting)
    cursor.execute(WHOLE)
    found = {(name, is_apart): text for name, is_apart, text in cursor.fetchall()}
    lasting = [(name, found.get((name, False), NONE)) for name in PARTS]
    return Reading(
        lasting=(*lasting, ("session", json.dumps(session))),
        partitions=tuple((name, found.get((name, True), NONE)) for name in OF_PARTITIONS),
    )


def rows(texts: Texts) -> dict[str, Rows]:
    """The rows in these texts, by part."""
    return {name: [_numbered(row) for row in json.loads(text)] for name, text in texts}


def _numbered(row: dict[str, Any]) -> dict[str, Any]:
    for name in IDENTIFIERS & row.keys():
        value = row[name]
        row[name] = [int(one) for one in value] if isinstance(value, list) else int(value or 0)
    return row


def owner_of_database(*, using: str = "default") -> str:
    """The role that owns the database."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT r.rolname FROM pg_catalog.pg_database d"
            " JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) d.datdba"
            " WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()"
        )
        return str(cursor.fetchone()[0])
