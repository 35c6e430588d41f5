"""The application role's rights, from one reviewed file into the catalogue (D2)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from psycopg import sql

FILE = Path(settings.BASE_DIR) / "lottery_portal" / "grants.toml"
WORDS = {"S": "SELECT", "I": "INSERT", "U": "UPDATE", "D": "DELETE"}


@dataclass(frozen=True)
class TableGrant:
    """Rights on one table: UPDATE for `columns` only, if any are named; SELECT not for `hidden`."""

    table: str
    rights: frozenset[str]
    columns: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()


def reviewed() -> tuple[dict[str, TableGrant], Mapping[str, list[str]]]:
    """What the file says: grants by table, and functions with their argument types."""
    content: dict[str, Any] = tomllib.loads(FILE.read_text())
    tables = {}
    for table, said in content["tables"].items():
        whole = {"rights": said} if isinstance(said, str) else said
        tables[table] = TableGrant(
            table,
            frozenset(WORDS[right] for right in whole["rights"]),
            tuple(whole.get("columns", ())),
            frozenset(whole.get("hidden", ())),
        )
    return tables, content["functions"]


def app_role() -> str:
    """The name of the application's role, as the run-time connection uses it."""
    return str(connections["default"].settings_dict["USER"])


def apply(*, using: str = "owner") -> None:
    """Make the catalogue equal to the file; a table the file does not name is an error.

    Partitions, sequences and functions are closed first: what is not named cannot be reached, a
    partition behind its table's back included. Temporary tables are forbidden too, because one with
    the name of ours could answer for it inside a trigger. All is one transaction: a portal that
    runs meanwhile never finds a door shut that was open.
    """
    tables, functions = reviewed()
    role = sql.Identifier(app_role())
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        missing = sorted(set(tables_of_catalogue(cursor)) - set(tables))
        if missing:
            raise RuntimeError(f"lottery_portal/grants.toml does not name: {', '.join(missing)}")
        database = sql.Identifier(str(connections[using].settings_dict["NAME"]))
        cursor.execute(
            sql.SQL("REVOKE TEMPORARY, CREATE ON DATABASE {} FROM PUBLIC, {}").format(
                database, role
            )
        )
        cursor.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
        for everything in ("TABLES", "SEQUENCES", "FUNCTIONS"):
            whole = sql.SQL(everything)
            cursor.execute(
                sql.SQL("REVOKE ALL ON ALL {} IN SCHEMA public FROM PUBLIC, {}").format(whole, role)
            )
            cursor.execute(
                sql.SQL(
                    "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON {} FROM {}"
                ).format(whole, role)
            )
        for grant in tables.values():
            for right in sorted(grant.rights):
                cursor.execute(_grant_on_table(cursor, grant, right, role))
        for name, arguments in functions.items():
            cursor.execute(
                sql.SQL("GRANT EXECUTE ON FUNCTION {}({}) TO {}").format(
                    sql.Identifier(name), sql.SQL(", ").join(map(sql.SQL, arguments)), role
                )
            )


def _grant_on_table(
    cursor: Any, grant: TableGrant, right: str, role: sql.Identifier
) -> sql.Composed:
    narrowed: Sequence[str] = ()
    if right == "UPDATE":
        narrowed = grant.columns
    elif right == "SELECT" and grant.hidden:
        narrowed = _columns_but(cursor, grant)
    columns: sql.Composable = sql.SQL("")
    if narrowed:
        columns = sql.SQL(" ({})").format(sql.SQL(", ").join(map(sql.Identifier, narrowed)))
    return sql.SQL("GRANT {}{} ON {} TO {}").format(
        sql.SQL(right), columns, sql.Identifier(grant.table), role
    )


def _columns_but(cursor: Any, grant: TableGrant) -> list[str]:
    """The columns of a table that may be read; one that is hidden and not there is a mistake."""
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s)"
        " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [grant.table],
    )
    columns = [name for (name,) in cursor.fetchall()]
    if unknown := grant.hidden - set(columns):
        raise RuntimeError(f"{grant.table} has no column {', '.join(sorted(unknown))} to hide")
    return [name for name in columns if name not in grant.hidden]


def tables_of_catalogue(cursor: Any) -> list[str]:
    """Every table and view of ours, partitions left out."""
    cursor.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition"
    )
    return [row[0] for row in cursor.fetchall()]
