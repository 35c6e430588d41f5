"""Stories for crash sweeps: a money deed that may be repeated, killed at its points, done again.

Each deed is done in a process of its own that is killed at one point; then it is asked for again as
a browser, a bank or a colleague would. Whatever the point, the books hold in between, and in the
end the money has moved once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from audit import approvals
from audit.models import ApprovalRequest
from finance import ledger
from finance.models import Entry
from tests.crash import Point, killed_at, points, steps_of


@dataclass(frozen=True)
class Story:
    """A deed that may be repeated, how far it has come, and that it was done once."""

    deed: Callable[[], object]
    done_once: Callable[[], None]


def sweep(begin: Callable[[], Story], *, most: int | None, name: str) -> None:
    """Kill a new story at each point, look at the books, do it again, look again."""
    first = begin()
    steps = steps_of(first.deed)
    first.done_once()
    chosen = points(steps, most=most)
    killed = sum(_killed_and_repeated(begin(), point) for point in chosen)

    # A step more or less than in the first story is a statement that only the first one needs.
    assert len(chosen) - 4 <= killed <= len(chosen)
    print(f"{name}: {steps} steps, killed at {killed} points, done once each time")  # noqa: T201 - figures to read


def _killed_and_repeated(story: Story, point: Point) -> bool:
    was_killed = killed_at(point.step, before=point.before, deed=story.deed)
    assert ledger.trial_balance() == 0, point
    assert broken_rules() == set(), point
    story.deed()
    story.done_once()
    story.deed()  # whoever asks a third time changes nothing
    story.done_once()
    return was_killed


def broken_rules() -> set[str]:
    return {one.rule for one in ledger.verify_books(most=1)}


def booked(reference: str) -> int:
    return Entry.objects.filter(reference=reference).count()


def last_word(code: str, checkers: list[Any], now: Any) -> Callable[[], None]:
    """All words but the last are given; the deed is the last one, which performs what was asked."""
    needed = ApprovalRequest.objects.get(code=code).needed
    for checker in checkers[: needed - 1]:
        approvals.decide(code=code, checker=checker, approve=True, now=now)

    def decide() -> None:
        if ApprovalRequest.objects.get(code=code).state != "PERFORMED":
            approvals.decide(code=code, checker=checkers[needed - 1], approve=True, now=now)

    return decide


def all_words(code: str, checkers: list[Any], now: Any) -> None:
    """Everybody whose word is needed says yes; whoever has said it need not again."""
    for checker in checkers:
        if ApprovalRequest.objects.get(code=code).state == "PERFORMED":
            return
        with suppress(approvals.DecidedAlready):
            approvals.decide(code=code, checker=checker, approve=True, now=now)
