"""Every refusal of the witness has words in Chinese."""

from __future__ import annotations

from django.utils import translation

from lottery_portal.lib import sentences
from tests.told import said

CALLS = {"Refusal": 0, "_refuse": 1, "append": 0}
FIELDS = ("tickets", "stake_fen", "root", "file_digest", "file_size")


def test_no_refusal_of_the_witness_is_left_in_english() -> None:
    """Whoever adds a sentence to the witness adds its translation, or this fails."""
    told = [one for one in said("audit/witness/duties.py", CALLS) if one != "7 is 7"]
    assert len(told) > 15

    told += [f"{field} is 7" for field in FIELDS]
    with translation.override("zh-hans"):
        unsaid = [one for one in told if sentences.shown(one) == one]

    assert unsaid == []
