"""Entries of the log that stand for nothing: who adds them, and which have got their places."""

from __future__ import annotations

import psycopg
from django.db import connection


def add(to: psycopg.Connection, key: str) -> None:
    """Add an entry in the running transaction."""
    to.execute("SELECT audit_log_add('note', %s, sha256('x'))", [key])


def sequenced_notes() -> list[str]:
    """The keys that have a place, in the order of places."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.key FROM audit_sequenced s JOIN audit_entry e ON e.id = s.entry_id"
            " WHERE e.kind = 'note' ORDER BY s.seq"
        )
        return [key for (key,) in cursor.fetchall()]
