"""Every reason of engine two for having no result has words in Chinese."""

from __future__ import annotations

import pytest
from django.utils import translation

from lottery_portal.lib import sentences
from tests.told import said

# Some reasons are clauses, and what they are about is put before them; these carry such a clause.
WHAT = "the input"
CLAUSES = {"7 7"}


@pytest.mark.parametrize(
    "module",
    ["command", "counting", "lines", "plays", "pricing", "sealedfile", "sheet", "strict", "tiers"],
)
def test_no_reason_of_engine_two_is_left_in_english(module: str) -> None:
    """What it says on the way from the sealed file to the result file."""
    told = set(said(f"audit/verifier/{module}.py", {"Wrong": 0})) - CLAUSES - OTHERS

    with translation.override("zh-hans"):
        unsaid = [
            one for one in told if not sentences.known(one) and not sentences.known(f"{WHAT} {one}")
        ]

    assert unsaid == []


# Of the commands that check a log; engine two never says them.
OTHERS = {
    "between each two checkpoints one --proof is needed, or --leaves",
    "7 is about other sizes than the checkpoints",
}
