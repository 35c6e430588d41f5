"""A real witness for every test: the server itself, in a thread, with a new book for each test.

Its key is the same in all runs, so that the one template database knows it.
"""

from __future__ import annotations

import base64
import os
import shutil
import tempfile
import threading
from pathlib import Path

from django.conf import settings

from audit import notes
from audit.witness.book import Book
from audit.witness.public import public_of
from audit.witness.server import Server

SEED = base64.b64encode(b"6" * 32).decode()


class RunningWitness:
    """The witness of this test process; `anew` gives it an empty book, `book` opens it on need."""

    def __init__(self) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="portal-witness-"))
        self._count = 0
        self._book: Book | None = None
        self._server = _LazyServer(("127.0.0.1", 0), self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        settings.WITNESS_URL = os.environ["WITNESS_URL"] = self.url
        os.environ["PORTAL_TEST_WITNESS"] = self.url  # for the processes that tests start

    @property
    def directory(self) -> Path:
        """Where the book of this test lies."""
        return self._root / str(self._count)

    @property
    def book(self) -> Book:
        """The book of this test."""
        if self._book is None:
            self.directory.mkdir(exist_ok=True)
            key = self.directory / "key"
            if not key.exists():
                key.write_text(SEED + "\n", encoding="ascii")
            self._book = Book(self.directory)
            seed = base64.b64encode(settings.LOG_KEY).decode()
            self._book.pin(notes.ORIGIN, public_of(seed), may_change=True)
        return self._book

    def anew(self) -> None:
        """Forget everything but the key."""
        self.restart()
        shutil.rmtree(self.directory, ignore_errors=True)
        self._count += 1

    def keep(self, place: Path) -> None:
        """Copy the book there, as it is."""
        self.restart()
        if self.directory.exists():
            shutil.copytree(self.directory, place)
            assert self.book is not None  # knows the keys that were so far

    def put_back(self, place: Path) -> None:
        """The book is as it was kept there."""
        self.restart()
        shutil.rmtree(self.directory, ignore_errors=True)
        if place.exists():
            shutil.copytree(place, self.directory)
            assert self.book is not None

    def restart(self) -> None:
        """Close the book; the next question opens it again, as after a restart."""
        if self._book is not None:
            self._book.close()
            self._book = None

    def end(self) -> None:
        """Stop answering and leave nothing behind."""
        self._server.shutdown()
        self._server.server_close()
        self.restart()
        shutil.rmtree(self._root, ignore_errors=True)


class _LazyServer(Server):
    """The server, whose book is the one of the running test."""

    def __init__(self, address: tuple[str, int], witness: RunningWitness) -> None:
        self._witness = witness
        self._opening = threading.Lock()
        super().__init__(address, None)  # type: ignore[arg-type]  # the property below answers

    @property
    def book(self) -> Book:
        """The book of the running test."""
        with self._opening:
            return self._witness.book

    @book.setter
    def book(self, _book: Book) -> None:
        """The book is the running test's, whatever was handed in."""


_running: list[RunningWitness] = []


def running() -> RunningWitness:
    """The witness of this process, started when first asked for."""
    if not _running:
        _running.append(RunningWitness())
    return _running[0]


def end() -> None:
    """End it, if it was started."""
    while _running:
        _running.pop().end()
