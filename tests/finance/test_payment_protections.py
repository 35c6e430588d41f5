"""Each protection of the payment part that our code keeps, taken away alone: a test notices.

Where a guard of the database stands behind it, the code is taken away alone, and then both. Alone
it may be held by the guard, and it is written down that it was; without both a test must fail.
"""

from __future__ import annotations

import pytest

from tests.owner import as_owner

from . import protections
from .payment_protections import KEPT, Kept
from .test_mutants import away_and_back, run_plan

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]

EIGHTH = 8
ALONE, BOTH = "code alone", "code and guard"


@pytest.mark.thorough
def test_without_any_one_protection_of_payments_a_test_fails(tmp_path, deep):
    """V-1, V-2, R18, F006, F108, F114, F115, F119, F129, F295: 100 % noticed.

    Every eighth in a run, all of them in a deep one.
    """
    chosen = KEPT if deep else KEPT[::EIGHTH]
    asked: dict[str, dict[str, object]] = {}
    plan: dict[str, list[str]] = {}
    for kept in chosen:
        for name, guards in _ways(kept).items():
            asked[name] = {**guards, "code": [kept.change]}
            for test in kept.tests:
                plan.setdefault(test, []).append(name)

    caught = run_plan(asked, plan, tmp_path / "plan.json")

    for name in asked:
        print(f"{name:<62}{caught.get(name, 'held by the database')}")  # noqa: T201
    needed = {list(_ways(kept))[-1] for kept in chosen}
    assert sorted(needed - set(caught)) == []


def _ways(kept: Kept) -> dict[str, dict[str, object]]:
    nothing: dict[str, object] = {"away": [], "back": [], "known": ""}
    ways = {f"{kept.name} ({ALONE})": nothing}
    if kept.behind:
        table, _dot, trigger = kept.behind.partition(".")
        with as_owner() as owner:
            guard = protections.Protection("TRIGGER", table, trigger, "")
            ways[f"{kept.name} ({BOTH})"] = away_and_back(owner, guard)
    return ways
