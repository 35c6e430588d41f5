"""Crash points: a deed in a process of its own, killed before or after one statement or commit.

Every statement passes Django's execute wrapper; a commit does not, so it is watched where Django
calls the driver. Steps are counted through both, in the order in which they happen.
"""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections

Deed = Callable[[], object]


@dataclass(frozen=True)
class Point:
    """Before or after the n-th statement or commit of a deed."""

    step: int
    before: bool

    def __str__(self) -> str:
        return f"{'before' if self.before else 'after'} step {self.step}"


@contextmanager
def watched(look: Callable[[int, bool], None]) -> Iterator[None]:
    """Call `look` with number and True before each statement and commit, and False after it."""
    count = 0

    def step(act: Callable[[], Any]) -> Any:
        nonlocal count
        count += 1
        number = count
        look(number, True)  # noqa: FBT003 - before
        result = act()
        look(number, False)  # noqa: FBT003 - after
        return result

    def statement(execute: Any, query: str, params: Any, many: Any, context: Any) -> Any:
        return step(lambda: execute(query, params, many, context))

    wrapper: Any = connection  # Django's own way to the commit has no name in its types
    plain = wrapper._commit

    def commit() -> None:
        step(plain)

    wrapper._commit = commit
    try:
        with connection.execute_wrapper(statement):
            yield
    finally:
        del wrapper._commit


def steps_of(deed: Deed) -> int:
    """How many statements and commits the deed has; it is done."""
    most = 0

    def look(number: int, before: bool) -> None:  # noqa: FBT001 - as it is called
        nonlocal most
        most = number

    with watched(look):
        deed()
    return most


def killed_at(step: int, *, before: bool, deed: Deed) -> bool:
    """Do `deed` in a process of its own that is killed at its n-th step; whether it was."""
    for one in connections.all(initialized_only=True):
        one.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of servers stay behind
        child = os.fork()
    if child == 0:

        def look(number: int, is_before: bool) -> None:  # noqa: FBT001 - as it is called
            if number == step and is_before is before:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            with watched(look):
                deed()
            os._exit(0)
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def points(steps: int, *, most: int | None = None) -> list[Point]:
    """Every point of so many steps; with `most`, so many of them, evenly spread, the last ones too.

    Before and after the last steps are always among them: there stands the commit.
    """
    every = [Point(step, before) for step in range(1, steps + 1) for before in (True, False)]
    if most is None or len(every) <= most:
        return every
    ends, others = every[-4:], every[:-4]
    wanted = most - len(ends)
    return [others[place * len(others) // wanted] for place in range(wanted)] + ends
