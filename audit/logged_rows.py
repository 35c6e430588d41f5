"""The rows behind the log: how the hash of each kind of thing is computed again from them.

Rooms hand up what they add by functions of their own (`register`, in their `evidence.py`): SQL that
computes the same hash again from the rows as they are now. What a row trigger (`audit_log_row`)
adds is found in the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

_NAME = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class Source:
    """Where the hashes of one kind come from: SQL that yields (key, hash) of the rows as they are.

    `unreadable` yields the keys that nobody may read now; those are compared another time.
    """

    kind: str
    sql: str
    unreadable: str = ""


_SOURCES: dict[str, Source] = {}


def register(source: Source) -> None:
    """Say how the hashes of a kind are computed again; called once for each, at start-up."""
    if source.kind in _SOURCES:
        message = f"Two sources for {source.kind}."
        raise RuntimeError(message)
    _SOURCES[source.kind] = source


register(Source("trail", "SELECT t.id::text, audit_row_hash(to_jsonb(t)) FROM audit_trail t"))


def registered() -> set[str]:
    """The kinds that rooms handed up."""
    return set(_SOURCES)


def sources() -> dict[str, Source]:
    """How the hashes of every kind are computed again."""
    return _SOURCES | {watched.kind: watched.source for watched in watched()}


def row_text(kind: str, key: str) -> str:
    """The exact text whose SHA-256 a row trigger logged.

    "" for kinds with other hashes, and for rows that the application may not read in full.
    """
    for table in watched():
        if table.kind == kind:
            with as_logged(), connection.cursor() as cursor:
                cursor.execute("SELECT has_table_privilege(%s, 'SELECT')", [table.table])
                if not cursor.fetchone()[0]:
                    return ""
                cursor.execute(
                    f"SELECT jsonb_strip_nulls({table.fields})::text FROM {table.table} t"  # noqa: S608 - names out of the catalogue
                    f" WHERE t.{table.column}::text = %s",
                    [key],
                )
                row = cursor.fetchone()
            return str(row[0]) if row else ""
    return ""


@contextmanager
def as_logged() -> Iterator[None]:
    """Rows are rendered as when they were logged, until the end of this transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('TimeZone')")
        (before,) = cursor.fetchone()
        cursor.execute("SET LOCAL TimeZone = 'UTC'; SET LOCAL bytea_output = 'hex'")
        yield
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [before])


@dataclass(frozen=True)
class Watched:
    """A table that `audit_log_row` watches, as the catalogue says it."""

    table: str
    kind: str
    column: str
    left_out: tuple[str, ...]

    @property
    def fields(self) -> str:
        """The expression for what is hashed of a row `t`."""
        named = ", ".join(f"'{name}'" for name in self.left_out)
        return f"(to_jsonb(t) - ARRAY[{named}]::text[])"

    @property
    def source(self) -> Source:
        """The same as a source."""
        return Source(self.kind, f"SELECT key, hash FROM audit_rows_now('{self.table}')")  # noqa: S608


def watched() -> list[Watched]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, encode(g.tgargs, 'escape')
              FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
             WHERE g.tgfoid = 'audit_log_row'::regproc AND NOT g.tgisinternal AND g.tgparentid = 0
             ORDER BY c.relname
            """
        )
        rows = cursor.fetchall()
    found = []
    for table, packed in rows:
        kind, column, *left_out = packed.removesuffix("\\000").split("\\000")
        if not all(_NAME.fullmatch(name) for name in (table, kind, column, *left_out)):
            raise RuntimeError("A watched table has a name that is none.")
        found.append(Watched(table, kind, column, tuple(left_out)))
    return found
