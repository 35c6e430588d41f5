"""Three hands: the application's role, the owner's, and a superuser's; the last two unfenced."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from psycopg import sql

APP, OWNER, SUPERUSER = "application", "owner", "superuser"


def _parameters(role: str) -> dict[str, object]:
    found = settings.DATABASES["default" if role == APP else "owner"]
    parameters = {
        "dbname": settings.DATABASES["default"]["NAME"], "host": found["HOST"],
        "port": found["PORT"], "user": found["USER"], "password": found["PASSWORD"],
    }  # fmt: skip
    if role == SUPERUSER:
        parameters["user"] = os.environ.get("TEST_SUPERUSER", "postgres")
        parameters["password"] = os.environ.get("TEST_SUPERUSER_PASSWORD", "")
    return parameters


@contextmanager
def hand(role: str) -> Iterator[psycopg.Connection]:
    """A connection of that role to the database of this test, committing as it goes."""
    with psycopg.connect(**_parameters(role), autocommit=True) as connection:  # type: ignore[arg-type]
        yield connection


def first(connection: psycopg.Connection, asked: str, *values: object) -> Any:
    """The first row; there is one."""
    row = connection.execute(asked, values or None).fetchone()
    assert row is not None, asked
    return row


def is_there(role: str) -> bool:
    """Whether this server lets the tests in as that role."""
    whatever = {**_parameters(role), "dbname": "postgres"}  # a test may not have begun yet
    try:
        with psycopg.connect(**whatever):  # type: ignore[arg-type]  # as hands has them
            return True
    except psycopg.OperationalError:
        return False


@contextmanager
def unfenced(role: str, tables: Sequence[str]) -> Iterator[psycopg.Connection]:
    """That hand with nothing between it and the rows, and every fence up again afterwards.

    The owner disables the triggers, drops what refers to the tables and lifts the ban on reading;
    a superuser also says that he is a replica, and disables the foreign keys of the system.
    """
    with hand(role) as one:
        every = [name for table in tables for name in (table, *_partitions(one, table))]
        fenced = _fences(one, every)
        if role == SUPERUSER:
            one.execute("SET session_replication_role = replica")
        else:
            _drop_references(one, tables)
        for name in every:
            which = sql.SQL("ALL" if role == SUPERUSER else "USER")
            it = sql.Identifier(name)
            one.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER {}").format(it, which))
            one.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(it))
        yield one
        for name in every:
            which = sql.SQL("ALL" if role == SUPERUSER else "USER")
            it = sql.Identifier(name)
            one.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER {}").format(it, which))
            if name.startswith("sales_selection"):
                one.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(it))
        for name, trigger in fenced:
            one.execute(
                sql.SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}").format(
                    sql.Identifier(name), sql.Identifier(trigger)
                )
            )


def _partitions(one: psycopg.Connection, table: str) -> list[str]:
    return [
        name
        for (name,) in one.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass",
            [table],
        )
    ]


def _fences(one: psycopg.Connection, tables: Sequence[str]) -> list[tuple[str, str]]:
    """The triggers that are always on, of which those of partitions follow their table's."""
    return one.execute(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgenabled = 'A'"
        " AND NOT tgisinternal AND tgrelid = ANY (%s::regclass[])",
        [list(tables)],
    ).fetchall()


def _drop_references(one: psycopg.Connection, tables: Sequence[str]) -> None:
    for name, constraint in one.execute(
        "SELECT DISTINCT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f'"
        " AND conparentid = 0"
        " AND (confrelid = ANY (%(t)s::regclass[]) OR conrelid = ANY (%(t)s::regclass[]))",
        {"t": list(tables)},
    ).fetchall():
        one.execute(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                sql.Identifier(name), sql.Identifier(constraint)
            )
        )
