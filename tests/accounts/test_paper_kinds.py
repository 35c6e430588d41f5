"""What each kind of paper must look like: numbers, days, age (F275, F087). Made-up numbers only."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.utils import translation

from accounts import paper_kinds
from accounts.paper_kinds import Paper
from tests.accounts.papers import checked

ON = date(2026, 11, 22)
LATER = ON + timedelta(days=30)
ID = checked("11010119900307451")

# Kind, number, issued by, the birth date that it tells.
GOOD = [
    ("ID_CARD", ID, "CHN", date(1990, 3, 7)),
    ("ID_CARD", f" {ID[:6]} {ID[6:14]}-{ID[14:]} ", "CHN", date(1990, 3, 7)),
    ("ID_CARD", checked("44030119851231002").lower(), "CHN", date(1985, 12, 31)),
    ("HOUSEHOLD", ID, "CHN", date(1990, 3, 7)),
    ("PASSPORT", "E12345678", "CHN", None),
    ("PASSPORT", "EA1234567", "CHN", None),
    ("PASSPORT", "G12345678", "CHN", None),
    ("PASSPORT", "PE1234567", "CHN", None),
    ("PASSPORT", "D1234567", "CHN", None),
    ("PASSPORT", "C01X0006H", "DEU", None),
    ("PASSPORT", "123456789", "GBR", None),
    ("RESIDENCE", checked("81000019940823002"), "CHN", date(1994, 8, 23)),
    ("RESIDENCE", checked("82000019700101013"), "CHN", date(1970, 1, 1)),
    ("RESIDENCE", checked("83000019920130002"), "CHN", date(1992, 1, 30)),
    ("PERMANENT", checked("91112419810504001"), "CHN", date(1981, 5, 4)),
    ("PERMANENT", "CAN110081050412", "CHN", date(1981, 5, 4)),
    ("PERMANENT", "USA310000022912", "CHN", date(2000, 2, 29)),
]
WRONG = [
    ("ID_CARD", ID[:-1] + ("1" if ID[-1] != "1" else "2"), "CHN"),
    ("ID_CARD", ID[:-1], "CHN"),
    ("ID_CARD", checked("11010119900230451"), "CHN"),  # 30 February
    ("ID_CARD", checked("11010120300307451"), "CHN"),  # not born yet
    ("ID_CARD", checked("99010119900307451"), "CHN"),  # no such place
    ("ID_CARD", checked("81000019940823002"), "CHN"),  # that of a residence permit
    ("ID_CARD", ID.replace("1", "１"), "CHN"),
    ("ID_CARD", "", "CHN"),
    ("HOUSEHOLD", ID[:-1], "CHN"),
    ("PASSPORT", "E1234567", "CHN"),
    ("PASSPORT", "EI1234567", "CHN"),
    ("PASSPORT", "X12345678", "CHN"),
    ("PASSPORT", "E12345678", "China"),
    ("PASSPORT", "ABCDEFGHI", "DEU"),
    ("PASSPORT", "1234567890", "GBR"),
    ("RESIDENCE", checked("84000019940823002"), "CHN"),
    ("RESIDENCE", checked("81000119940823002"), "CHN"),
    ("RESIDENCE", checked("81000019940823002")[:-1] + "?", "CHN"),
    ("RESIDENCE", ID, "CHN"),
    ("PERMANENT", checked("81112419810504001"), "CHN"),
    ("PERMANENT", "9" + checked("91112419810504001")[1:-1] + "?", "CHN"),
    ("PERMANENT", "CAN110081130412", "CHN"),  # month 13
    ("PERMANENT", "CA1110081050412", "CHN"),
]


def paper(kind="ID_CARD", number=ID, issued_by="CHN", **other):
    until = None if kind == "HOUSEHOLD" else LATER
    return replace(Paper(kind, number, "陈小雨", until, issued_by), **other)


@pytest.mark.parametrize(("kind", "number", "issued_by", "birth"), GOOD)
def test_a_number_that_can_be_is_read(kind, number, issued_by, birth):
    """F275"""
    seen = paper_kinds.examine(paper(kind, number, issued_by), on=ON)

    assert (seen.kind, seen.birth, seen.name) == (kind, birth, "陈小雨")
    assert seen.number == number.upper().replace(" ", "").replace("-", "")


@pytest.mark.parametrize(("kind", "number", "issued_by"), WRONG)
def test_a_number_that_cannot_be_is_refused(kind, number, issued_by):
    """F275"""
    with pytest.raises(paper_kinds.PaperNumberWrong) as refused:
        paper_kinds.examine(paper(kind, number, issued_by), on=ON)

    assert paper_kinds.title(kind) in str(refused.value)


def test_every_wrong_digit_of_an_id_card_is_found():
    """F275"""
    for place, digit in enumerate(ID[:-1]):
        for other in "0123456789".replace(digit, ""):
            with pytest.raises(paper_kinds.PaperNumberWrong):
                paper_kinds.examine(paper(number=ID[:place] + other + ID[place + 1 :]), on=ON)


def test_other_papers_are_refused_by_their_name():
    """F275"""
    with translation.override("en"):
        for kind, name in [("DRIVING", "Driving licence"), ("Library card", "Library card")]:
            with pytest.raises(paper_kinds.PaperNotTaken) as refused:
                paper_kinds.examine(paper(kind), on=ON)
            assert str(refused.value).startswith(f"{name} is not taken")
            assert "Passport" in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("ID_CARD", ID),
        ("PASSPORT", "E12345678"),
        ("RESIDENCE", checked("81000019940823002")),
        ("PERMANENT", checked("91112419810504001")),
    ],
)
def test_a_paper_holds_to_the_end_of_its_last_day(kind, number):
    """F275: a day before, the day, a day after; and no longer than such a paper is given for."""
    for days in (0, 1):
        shown = paper(kind, number, valid_until=ON + timedelta(days=days))
        assert paper_kinds.examine(shown, on=ON).valid_until == shown.valid_until
    with translation.override("en"), pytest.raises(paper_kinds.PaperExpired) as refused:
        paper_kinds.examine(paper(kind, number, valid_until=ON - timedelta(days=1)), on=ON)
    with translation.override("en"):
        assert str(paper_kinds.title(kind)) in str(refused.value)
    assert "2026-11-21" in str(refused.value)

    years = {"ID_CARD": 20, "PASSPORT": 10, "RESIDENCE": 5, "PERMANENT": 10}[kind]
    last = ON.replace(year=ON.year + years)
    assert paper_kinds.examine(paper(kind, number, valid_until=last), on=ON).valid_until == last
    with pytest.raises(paper_kinds.ValidityWrong):
        paper_kinds.examine(paper(kind, number, valid_until=last + timedelta(days=1)), on=ON)


def test_only_an_id_card_of_the_elder_and_a_register_have_no_end():
    """F275: an id card without an end from the 46th birthday on."""
    born = date(1980, 11, 22)
    elder = paper(number=checked(f"110101{born:%Y%m%d}451"), valid_until=None)

    assert paper_kinds.examine(elder, on=ON).valid_until is None
    with pytest.raises(paper_kinds.ValidityWrong):
        paper_kinds.examine(elder, on=ON - timedelta(days=1))
    with pytest.raises(paper_kinds.ValidityWrong):
        paper_kinds.examine(paper("PASSPORT", "E12345678", valid_until=None), on=ON)
    assert paper_kinds.examine(paper("HOUSEHOLD"), on=ON).valid_until is None
    with pytest.raises(paper_kinds.ValidityWrong):
        paper_kinds.examine(paper("HOUSEHOLD", valid_until=LATER), on=ON)


def test_a_holder_under_18_is_a_minor_winner():
    """F087: the day before the 18th birthday, and the day; by every number that tells it."""
    born = date(2008, 11, 22)
    numbers = {
        "ID_CARD": checked(f"110101{born:%Y%m%d}451"),
        "HOUSEHOLD": checked(f"110101{born:%Y%m%d}451"),
        "RESIDENCE": checked(f"820000{born:%Y%m%d}451"),
        "PERMANENT": f"CAN1100{born:%y%m%d}12",
    }
    for kind, number in numbers.items():
        assert paper_kinds.examine(paper(kind, number), on=born.replace(year=2026)).birth == born
        with pytest.raises(paper_kinds.MinorWinner):
            paper_kinds.examine(paper(kind, number), on=ON - timedelta(days=1))
    assert paper_kinds.MinorWinner.code == "minor_winner"
    seen, adult_on = paper_kinds.examine_minor(
        paper(number=numbers["ID_CARD"]), on=ON - timedelta(days=1)
    )
    assert (seen.birth, adult_on) == (born, ON)
    with pytest.raises(paper_kinds.NotAMinor):
        paper_kinds.examine_minor(paper(number=numbers["ID_CARD"]), on=ON)


def test_a_paper_has_a_name():
    """F275"""
    for name in ("", "  ", "Chen Xiaoyu"):
        with pytest.raises(paper_kinds.PaperNameWrong):
            paper_kinds.examine(paper(name=name), on=ON)
    assert paper_kinds.examine(paper("PASSPORT", "E12345678", name="Chen Xiaoyu"), on=ON).name


def test_numbers_meet_by_their_blind_index_and_never_across_kinds():
    """F275"""
    card, register = (paper_kinds.examine(paper(kind), on=ON) for kind in ("ID_CARD", "HOUSEHOLD"))
    german, british = (
        paper_kinds.examine(paper("PASSPORT", "123456789", state), on=ON)
        for state in ("DEU", "GBR")
    )

    assert card.index == register.index
    assert len({card.index, german.index, british.index}) == 3
