"""How often something was tried within a time: counted by the database, which all processes share.

Codes that are guessed, and codes that are asked for. The cache would forget with Redis, and then
every process would let as many pass again.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from lottery_portal.lib.db import door
from lottery_portal.lib.encryption import blind_index

from .models import Tries


def _key(what: str, whose: str) -> bytes:
    return blind_index("tries", f"{what}|{whose}")


@door
def count(*, what: str, whose: str, within: timedelta) -> int:
    """Count one more try and say the how-manieth it is; the time runs from the first.

    Outside any transaction of the caller: what he takes back is counted all the same.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_tries AS t (key, count, until)
            VALUES (%s, 1, clock_timestamp() + make_interval(secs => %s))
            ON CONFLICT (key) DO UPDATE SET
                count = CASE WHEN t.until < clock_timestamp() THEN 1 ELSE t.count + 1 END,
                until = CASE WHEN t.until < clock_timestamp() THEN EXCLUDED.until ELSE t.until END
            RETURNING t.count
            """,
            [_key(what, whose), within.total_seconds()],
        )
        return int(cursor.fetchone()[0])


def forget(*, what: str, whose: str) -> None:
    """Begin anew: it succeeded."""
    Tries.objects.filter(key=_key(what, whose)).delete()


def sweep() -> int:
    """Drop what is over; how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_tries WHERE until < clock_timestamp()")
        return int(cursor.rowcount)
