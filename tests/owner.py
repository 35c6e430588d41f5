"""The owner's hand in a test database: to break a protection and see the test for it fail, or to
bring about by force what only time brings about. Only in tests that commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings


@contextmanager
def as_owner() -> Iterator[psycopg.Connection]:
    """A connection of the owner's role to the database of this test, committing as it goes."""
    owner = settings.DATABASES["owner"]
    with psycopg.connect(
        dbname=settings.DATABASES["default"]["NAME"],
        host=owner["HOST"],
        port=owner["PORT"],
        user=owner["USER"],
        password=owner["PASSWORD"],
        autocommit=True,
    ) as connection:
        yield connection
