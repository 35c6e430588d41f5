"""The owner's hand in a test database: to break a protection and see the test for it fail, or to
bring about by force what only time brings about. Only in tests that commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings
from psycopg import sql

from lottery_portal.lib import catalogue


@contextmanager
def as_owner(*, of: str = "") -> Iterator[psycopg.Connection]:
    """A connection of the owner's role, committing as it goes: to the database of this test, or to
    another one `of` its server."""
    owner = settings.DATABASES["owner"]
    with psycopg.connect(
        dbname=of or settings.DATABASES["default"]["NAME"],
        host=owner["HOST"],
        port=owner["PORT"],
        user=owner["USER"],
        password=owner["PASSWORD"],
        autocommit=True,
    ) as connection:
        yield connection


def guards_up(owner: psycopg.Connection) -> None:
    """Every guard is on again as released: a settlement halts, and a seal alarms, while one is not.

    Of a partition too; what was dropped or replaced stays so.
    """
    released = {
        line.name: line.state
        for line in catalogue.of_this_process().lines
        if line.kind == "trigger"
    }
    for table, model, trigger, enabled in owner.execute(
        "SELECT c.relname, coalesce(p.relname, c.relname), t.tgname, t.tgenabled FROM pg_trigger t"
        "  JOIN pg_class c ON c.oid = t.tgrelid"
        "  LEFT JOIN pg_inherits i ON i.inhrelid = c.oid"
        "  LEFT JOIN pg_class p ON p.oid = i.inhparent"
        " WHERE NOT t.tgisinternal"
    ).fetchall():
        always = "ALWAYS" if released.get(f"{model}.{trigger}") == "always on" else ""
        if enabled == ("A" if always else "O"):
            continue
        owner.execute(
            sql.SQL("ALTER TABLE {} ENABLE {} TRIGGER {}").format(
                sql.Identifier(table), sql.SQL(always), sql.Identifier(trigger)
            )
        )
    for (table,) in owner.execute(
        "SELECT relname FROM pg_class WHERE relname ~ '^sales_selection(_d[0-9]+)?$'"
    ).fetchall():
        for word in ("ENABLE", "FORCE"):
            owner.execute(
                sql.SQL("ALTER TABLE {} {} ROW LEVEL SECURITY").format(
                    sql.Identifier(table), sql.SQL(word)
                )
            )
