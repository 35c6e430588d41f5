"""Sentences that are stored in English and shown in the language of the reader."""

from __future__ import annotations

import pytest
from django.utils import translation

from audit import alarm_words
from audit.models import Alarm
from lottery_portal.lib import sentences
from lottery_portal.lib.errors import Refused
from prizes import as_sealed, comparison
from prizes.as_sealed import Difference

ROOT = as_sealed.COUNTS["root"].of(sealed="ab12", found="cd34")


def in_chinese(stored: str) -> str:
    with translation.override("zh-hans"):
        return sentences.shown(stored)


def test_what_is_stored_is_english_whoever_writes_it() -> None:
    """The row is the same for ever: the language of the writer does not get into it."""
    with translation.override("zh-hans"):
        stored = str(Difference(as_sealed.COUNTS["tickets"].of(sealed=5, found=6), ("A", "B")))

    assert stored == "tickets sealed 5, found 6; tickets A, B"


def test_an_english_reader_reads_what_is_stored() -> None:
    with translation.override("en"):
        assert sentences.shown(ROOT) == ROOT == "root sealed ab12, found cd34"


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (ROOT, "封存时的根为 ab12，现为 cd34"),
        (str(Difference(ROOT, ("S7K2", "S8QX"))), "封存时的根为 ab12，现为 cd34；彩票 S7K2、S8QX"),
        (
            "engine 2 has no result: the sealed file, line 7: is a ticket of draw ssq-2026001",
            "第 2 套引擎没有结果：封存文件第 7 行：是 ssq-2026001 期的彩票",
        ),
        (
            "tickets is 4; 1 tickets were not told while sold: S7K2, S8QX",
            "文件中有 4 张彩票；1 张彩票在销售时没有报给见证方：S7K2、S8QX",
        ),
        ("stake_fen is 1800", "文件中的投注额为 18.00 元"),
        (
            "not as it was logged: result 5 changed, seal_statement ssq-1.txt missing",
            "与日志记录的不一致：开奖结果 5：登记后被改动、封存声明 ssq-1.txt：已登记，现在不见了",
        ),
        (
            "the engines differ, first in tier 6: 12 500 / nothing",
            "两套引擎结果不一致，首先见“奖级 6”：12 500 / 没有",
        ),
        (
            "the engines differ, first in S7K2: 1:1 500000000 / 6:3,5:1 2500",
            "两套引擎结果不一致，首先见“S7K2”：1:1，5,000,000.00 元 / 6:3,5:1，25.00 元",
        ),
    ],
)
def test_a_chinese_reader_reads_chinese(stored: str, told: str) -> None:
    """Sentences within sentences, several in a row, figures as people write them."""
    assert in_chinese(stored) == told


def test_plurals_are_right_where_the_stored_word_is_not() -> None:
    """One of a kind is one in English too."""
    with translation.override("en"):
        shown = sentences.shown("tickets is 1; 1 tickets that were told are missing")

    assert shown == "the file has 1 ticket; 1 ticket that was told is missing"


@pytest.mark.parametrize("stored", ["", "换一台机器", "nobody registered this; or that"])
def test_what_nobody_registered_stands_as_it_is(stored: str) -> None:
    assert sentences.shown(stored) == stored
    assert sentences.known(stored) is None


def test_of_several_sentences_the_unknown_one_stands_as_it_is() -> None:
    assert in_chinese("stake_fen is 200; odd") == "文件中的投注额为 2.00 元；odd"


def test_no_sentence_is_registered_twice() -> None:
    with pytest.raises(RuntimeError, match="Two sentences"):
        sentences.sentence(comparison.OTHER_INPUT.english)


def test_a_refusal_says_the_stored_sentence_in_the_language_of_the_reader() -> None:
    class Halted(Refused):
        message = "%(draw)s：%(difference)s"

    with translation.override("zh-hans"):
        refusal = Halted(draw="ssq-1", difference=ROOT)

        assert str(refusal) == "ssq-1：封存时的根为 ab12，现为 cd34"
        assert refusal.figures["difference"] == ROOT


def test_the_facts_of_an_alarm_are_said_in_the_language_of_the_reader() -> None:
    """F059: the difference as words, other facts as they are."""
    alarm = Alarm(kind="x", facts={"difference": ROOT, "draw": "ssq-1"})

    with translation.override("zh-hans"):
        assert alarm_words.facts(alarm) == [
            ("差异", "封存时的根为 ab12，现为 cd34", True),
            ("期号", "ssq-1", False),
        ]
