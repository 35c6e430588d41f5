"""What is taken away to see a test fail is what stands in the code today."""

from __future__ import annotations

import ast

import pytest

from tests import without
from tests.finance import payment_protections
from tests.games import announced_protections
from tests.template import ROOT

CHANGES = {
    **{kept.name: (kept.change,) for kept in payment_protections.KEPT},
    **{kept.name: kept.changes for kept in announced_protections.KEPT if kept.changes},
}
NAMED = [
    *(test for kept in payment_protections.KEPT for test in kept.tests),
    *(test for kept in announced_protections.KEPT for test in kept.tests),
]


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_our_code_fits_the_code(name):
    """F123: a protection that moved is noticed at once, not believed to be tested."""
    for change in CHANGES[name]:
        function, code = without.rewritten(*change)
        assert code.co_code != function.__code__.co_code or code.co_consts != (
            function.__code__.co_consts
        )


def test_every_test_that_is_named_is_there():
    files = {test.partition("::")[0] for test in NAMED}
    there = {
        f"{file}::{node.name}"
        for file in files
        for node in ast.parse((ROOT / file).read_text()).body
        if isinstance(node, ast.FunctionDef)
    }

    assert sorted(set(NAMED) - there) == []
