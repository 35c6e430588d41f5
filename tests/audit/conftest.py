"""A witness that knows the key of a log, for the tests of it."""

from __future__ import annotations

import pytest

from audit import notes
from audit.witness.book import Book
from tests.audit.witness_shown import LOG_PUBLIC, b64


@pytest.fixture
def book(tmp_path):
    opened = Book(tmp_path / "witness")
    opened.pin(notes.ORIGIN, b64(LOG_PUBLIC))
    yield opened
    opened.close()
