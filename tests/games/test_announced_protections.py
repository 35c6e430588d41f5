"""What protects announced prizes and rules from files, taken away one by one: a test fails."""

from __future__ import annotations

import pytest

from tests.finance.test_mutants import run_plan

from .announced_protections import KEPT


@pytest.mark.slow
@pytest.mark.long
def test_without_any_one_protection_of_announced_prizes_a_test_fails(tmp_path):
    """F021, F022, F062, F067, F074: 100 % noticed."""
    plan: dict[str, list[str]] = {}
    for kept in KEPT:
        for test in kept.tests:
            plan.setdefault(test, []).append(kept.name)

    caught = run_plan({kept.name: kept.asked for kept in KEPT}, plan, tmp_path / "plan.json")

    for kept in KEPT:
        print(f"{kept.name:<62}{caught.get(kept.name, 'NOT NOTICED')}")  # noqa: T201 - figures to read
    assert [kept.name for kept in KEPT if kept.name not in caught] == []
