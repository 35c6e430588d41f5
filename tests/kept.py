"""States of the house that several tests begin with: made once in a process, put back for each.

    @pytest.fixture
    def draw(begin) -> Draw:
        return begin(sold)

The first test that asks has `sold` make it in an empty house. What stands then is kept whole: the
database, the files, the witness's book, and what was returned. Every test gets a copy of its own,
so that none sees what another did, and the order of tests means nothing.
"""

from __future__ import annotations

import itertools
import pickle
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.db import connections

from . import make_money, people
from .witness import RunningWitness

Made = TypeVar("Made")
MOST = 6  # at once; a file begins with fewer
LASTS = 900.0  # seconds; what is on sale in it does not close meanwhile
Clone = Callable[[str, str], None]  # of which database, under which name
whenever_begun: list[Callable[[], None]] = []  # done in each house that begins with a state


@dataclass(frozen=True)
class State:
    """What was kept, and the next numbers that nobody in it has."""

    database: str
    place: Path
    made: bytes
    made_at: float
    person: int
    money_person: int


class States:
    """The states of this process."""

    def __init__(self, clone: Clone, drop: Callable[[str], None]) -> None:
        self._clone, self._drop = clone, drop
        self._root = Path(tempfile.mkdtemp(prefix="portal-kept-"))
        self._known: dict[Callable[[], object], State] = {}
        self._numbers = itertools.count(1)

    def knows(self, make: Callable[[], object]) -> bool:
        """Whether this state was made before, and not too long ago."""
        known = self._known.get(make)
        return known is not None and time.monotonic() - known.made_at < LASTS

    def keep(self, make: Callable[[], Made], *, witness: RunningWitness) -> Made:
        """Make the state in the empty house of this test, and keep it."""
        made = make()
        database = str(settings.DATABASES["default"]["NAME"])
        number = next(self._numbers)
        place = self._root / str(number)
        witness.keep(place / "witness")
        shutil.copytree(settings.STATE_DIR, place / "files")
        person, money_person = next(people._number), next(make_money._numbers)
        state = State(
            f"{database}_{number}",
            place,
            pickle.dumps(made),
            time.monotonic(),
            person,
            money_person,
        )
        _close()
        self._clone(database, state.database)
        if make in self._known:
            self._forget(make)
        while len(self._known) >= MOST:
            self._forget(next(iter(self._known)))
        self._known[make] = state
        return cast("Made", self._begun(state))

    def put_back(self, make: Callable[[], Made], *, witness: RunningWitness) -> Made:
        """The house of this test is as it was kept."""
        state = self._known[make] = self._known.pop(make)  # used last
        _close()
        self._clone(state.database, str(settings.DATABASES["default"]["NAME"]))
        witness.put_back(state.place / "witness")
        shutil.rmtree(settings.STATE_DIR)
        shutil.copytree(state.place / "files", settings.STATE_DIR)
        return cast("Made", self._begun(state))

    def forget(self) -> None:
        """Leave nothing behind."""
        for make in [*self._known]:
            self._forget(make)
        shutil.rmtree(self._root, ignore_errors=True)

    def _forget(self, make: Callable[[], object]) -> None:
        state = self._known.pop(make)
        self._drop(state.database)
        shutil.rmtree(state.place, ignore_errors=True)

    @staticmethod
    def _begun(state: State) -> object:
        people._number = itertools.count(state.person)
        make_money._numbers = itertools.count(state.money_person)
        cache.clear()
        if hasattr(mail, "outbox"):
            mail.outbox.clear()
        for deed in whenever_begun:
            deed()
        made: object = pickle.loads(state.made)  # noqa: S301 - our own words
        return made


def _close() -> None:
    for alias in ("default", "owner"):
        connections[alias].close()
