"""What a player may choose, how many lines it is and how many win."""

from dataclasses import replace
from math import comb

import pytest
from django.utils import translation

from games import bets, rules
from games.bets import Selection
from lottery_portal.lib.errors import Refused

SSQ = rules.by_code("ssq-2026.1")
DLT = rules.by_code("dlt-2026.1")
FC3D = rules.by_code("fc3d-2016.1")
PL3 = rules.by_code("pl3-2014.1")
RESULT = ((1, 2, 3, 4, 5, 6), (7,))


def single(*reds: int, blue: int = 7) -> Selection:
    return Selection("single", ((), ()), (reds, (blue,)))


def test_masks_hold_bankers_and_picks_by_zone():
    checked = bets.check(
        SSQ, Selection("banker", ((33, 1), ()), ((5, 2, 3, 4, 6), (16, 1)), 2, quick_pick=False)
    )

    assert checked.masks == (1 | 1 << 32, 0b111110, 0, 1 | 1 << 15)
    assert checked.lines == comb(5, 4) * 2
    assert checked.amount_fen == 40_00
    assert checked.selection.bankers == ((1, 33), ())
    assert checked.selection.picks == ((2, 3, 4, 5, 6), (1, 16))


@pytest.mark.parametrize(
    ("selection", "text"),
    [
        (single(6, 5, 4, 3, 2, 1), "single|01,02,03,04,05,06+07|x1|own"),
        (
            Selection("multiple", ((), ()), ((1, 2, 3, 4, 5, 6, 33), (9, 7)), 2, quick_pick=True),
            "multiple|01,02,03,04,05,06,33+07,09|x2|quick",
        ),
        (
            Selection("banker", ((2, 1), ()), ((5, 6, 7, 8, 9), (7,)), 99, quick_pick=False),
            "banker|01,02#05,06,07,08,09+07|x99|own",
        ),
    ],
)
def test_a_selection_has_one_spelling(selection, text):
    assert bets.canonical(selection) == text
    assert bets.canonical(bets.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "single",
        "single|06,05,04,03,02,01+07|x1|own",
        "single|1,2,3,4,5,6+7|x1|own",
        "single|01,02,03,04,05,06+07|x01|own",
        "single|01,02,03,04,05,06+07|x1",
        "single|01,02,03,04,05,06+07|x1|own\n",
        "single|01,02,03,04,05,06+07|x1|OWN",
        "single|01,02,,03,04,05,06+07|x1|own",
        "single|#01,02,03,04,05,06+07|x1|own",
        "banker|01#02#03,04,05,06,07+07|x1|own",
        "single|０１,02,03,04,05,06+07|x1|own",
        "single|01,02,03,04,05,06 +07|x1|own",
        "single|" + "01," * 200 + "01+07|x1|own",
    ],
)
def test_any_other_spelling_is_refused(text):
    with pytest.raises(bets.SelectionUnreadable):
        bets.parse(text)


MULTIPLE_OF_17 = Selection("multiple", ((), ()), (tuple(range(1, 18)), (1,)))
MULTIPLE_OF_16_TWICE = Selection("multiple", ((), ()), (tuple(range(1, 17)), (1,)), 2)
REFUSED = [
    (bets.UnknownBetType, "unknown_bet_type", Selection("straight", ((), ()), ((1,), (1,))),
     "This game has no bet type “straight”."),
    (bets.SelectionUnreadable, "selection_unreadable", Selection("single", ((),), ((1,),)),
     "We cannot read this selection."),
    (bets.TooFewNumbers, "too_few_numbers", single(1, 2, 3, 4, 5),
     "Too few red numbers: this bet type takes at least 6, you chose 5."),
    (bets.TooFewNumbers, "too_few_numbers", Selection("single", ((), ()), ((1, 2, 3, 4, 5, 6), ())),
     "Too few blue numbers: this bet type takes at least 1, you chose 0."),
    (bets.TooFewNumbers, "too_few_numbers",
     Selection("banker", ((1, 2), ()), ((3, 4, 5, 6), (1,))),
     "Too few red numbers: this bet type takes at least 7, you chose 6."),
    (bets.TooManyNumbers, "too_many_numbers", single(1, 2, 3, 4, 5, 6, 8),
     "Too many red numbers: this bet type takes at most 6, you chose 7."),
    (bets.TooFewLines, "too_few_lines", replace(single(1, 2, 3, 4, 5, 6), bet_type="multiple"),
     ("This bet type makes at least 2 lines; your numbers make 1. "
      "Choose a further number, or bet it as a single.")),
    (bets.TooFewBankers, "too_few_bankers",
     Selection("banker", ((), ()), ((1, 2, 3, 4, 5, 6, 7), (1,))),
     "Too few bankers among the red numbers: this bet type takes at least 1, you chose 0."),
    (bets.TooManyBankers, "too_many_bankers",
     Selection("banker", ((1, 2, 3, 4, 5, 6), ()), ((7, 8), (1,))),
     "Too many bankers among the red numbers: this bet type takes at most 5, you chose 6."),
    (bets.BankersNotTaken, "bankers_not_taken",
     Selection("banker", ((1,), (1,)), ((2, 3, 4, 5, 6, 7), (2,))),
     "This bet type takes no bankers among the blue numbers."),
    (bets.BankersNotTaken, "bankers_not_taken",
     Selection("single", ((1,), ()), ((2, 3, 4, 5, 6), (2,))),
     "This bet type takes no bankers among the red numbers."),
    (bets.NumberOutOfRange, "number_out_of_range", single(0, 2, 3, 4, 5, 6),
     "0 is not among the red numbers; they go from 1 to 33."),
    (bets.NumberOutOfRange, "number_out_of_range", single(1, 2, 3, 4, 5, 34),
     "34 is not among the red numbers; they go from 1 to 33."),
    (bets.NumberOutOfRange, "number_out_of_range", single(1, 2, 3, 4, 5, 6, blue=17),
     "17 is not among the blue numbers; they go from 1 to 16."),
    (bets.NumberRepeated, "number_repeated", single(1, 2, 3, 4, 5, 5),
     "5 is chosen twice among the red numbers."),
    (bets.BankerAlsoDrag, "banker_also_drag",
     Selection("banker", ((1, 2), ()), ((2, 3, 4, 5, 6, 7), (1,))),
     "2 cannot be banker and drag at once among the red numbers."),
    (bets.MultiplierOutOfRange, "multiplier_out_of_range",
     replace(single(1, 2, 3, 4, 5, 6), multiplier=0),
     "The multiplier goes from 1 to 99; you chose 0."),
    (bets.MultiplierOutOfRange, "multiplier_out_of_range",
     replace(single(1, 2, 3, 4, 5, 6), multiplier=100),
     "The multiplier goes from 1 to 99; you chose 100."),
    (bets.TooManyLines, "too_many_lines", MULTIPLE_OF_17,
     "These numbers make 12,376 lines; a ticket holds at most 10,000."),
    (bets.TicketTooDear, "ticket_too_dear", MULTIPLE_OF_16_TWICE,
     "This ticket would cost 32,032.00 yuan; a ticket costs at most 20,000.00 yuan."),
]  # fmt: skip


REFUSED_ELSEWHERE = [
    (bets.BankersNeeded, "bankers_needed", DLT,
     Selection("banker", ((), ()), ((1, 2, 3, 4, 5, 6), (1, 2))),
     "This bet type needs at least 1 banker; you chose 0."),
    (bets.WrongPlaces, "wrong_places", FC3D,
     Selection("one_d", ((), (), ()), ((1,), (2,), ())),
     "This bet type fills exactly 1 of the places; you filled 2."),
    (bets.WrongPlaces, "wrong_places", FC3D,
     Selection("two_d", ((), (), ()), ((), (2,), ())),
     "This bet type fills exactly 2 of the places; you filled 1."),
    (bets.NumbersMustDiffer, "numbers_must_differ", PL3,
     Selection("group3", ((), ()), ((7,), (7,))),
     "A line of this bet type has 2 different numbers; yours has 1."),
    (bets.NumbersMustDiffer, "numbers_must_differ", FC3D,
     Selection("combo6", ((), (), ()), ((7,), (1,), (7,))),
     "A line of this bet type has 3 different numbers; yours has 2."),
    (bets.PairNeeded, "pair_needed", FC3D,
     Selection("combo3", ((), (), ()), ((7,), (1,), (2,))),
     "This bet type needs exactly two equal digits; yours has 3 different ones."),
    (bets.PairNeeded, "pair_needed", FC3D,
     Selection("combo3", ((), (), ()), ((7,), (7,), (7,))),
     "This bet type needs exactly two equal digits; yours has 1 different ones."),
    (bets.PlacesNotAlike, "places_not_alike", PL3,
     Selection("group3_multi", ((), ()), ((1, 2, 3), (1, 2))),
     "This bet type takes the same numbers at every place; 3 is not at each."),
    (bets.NumberOutOfRange, "number_out_of_range", FC3D,
     Selection("straight", ((), (), ()), ((1,), (10,), (2,))),
     "10 is not among the tens digits; they go from 0 to 9."),
    (bets.NumberRepeated, "number_repeated", FC3D,
     Selection("straight", ((), (), ()), ((0, 0), (1,), (2,))),
     "0 is chosen twice among the hundreds digits."),
    (bets.TooFewNumbers, "too_few_numbers", FC3D,
     Selection("straight", ((), (), ()), ((), (1,), (2,))),
     "Too few hundreds digits: this bet type takes at least 1, you chose 0."),
    (bets.TooManyLines, "too_many_lines", DLT,
     Selection("multiple_add", ((), ()), (tuple(range(1, 15)), (1, 2, 3, 4))),
     "These numbers make 12,012 lines; a ticket holds at most 6,666."),
]  # fmt: skip


@pytest.mark.parametrize(("refusal", "code", "selection", "sentence"), REFUSED)
def test_each_broken_rule_has_its_own_refusal_with_the_figure(refusal, code, selection, sentence):
    """F032."""
    with pytest.raises(refusal) as refused:
        bets.check(SSQ, selection)

    assert type(refused.value) is refusal
    assert refused.value.code == code
    with translation.override("en"):
        assert str(refused.value) == sentence


@pytest.mark.parametrize(("refusal", "code", "version", "selection", "sentence"), REFUSED_ELSEWHERE)
def test_each_rule_of_the_other_games_has_its_own_refusal(
    refusal, code, version, selection, sentence
):
    """F032."""
    with pytest.raises(refusal) as refused:
        bets.check(version, selection)

    assert refused.value.code == code
    with translation.override("en"):
        assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("selection", "limited"),
    [
        (Selection("straight", ((), (), ()), ((1, 2), (2,), (3, 4))), ("straight", 1, 2, 3)),
        (Selection("straight", ((), (), ()), ((1,), (2,), (3,))), ("straight", 1, 2, 3)),
        (Selection("group3_multi", ((), ()), ((1, 2, 3), (1, 2, 3))), ("group3", 3, 1)),
    ],
)
def test_a_limited_number_cannot_be_bet(selection, limited):
    """F035, F032: 限量 of 排列3 (art. 12); a multiple that holds the number is refused as well."""
    play, *digits = limited
    line = tuple((digit,) for digit in digits)
    number = bets.Limited(play=play, line=line, reason="官方通知")

    with pytest.raises(bets.NumberLimited) as refused:
        bets.check(PL3, selection, limited=[number])

    assert refused.value.code == "number_limited"
    figures = {"number": " ".join(map(str, digits)), "reason": "官方通知"}
    assert refused.value.figures == figures


def test_a_number_beside_the_limited_one_is_sold():
    """F035: other digits, another place, another play."""
    limited = [
        bets.Limited(play="straight", line=((1,), (2,), (3,))),
        bets.Limited(play="group6", line=((1, 2, 3),)),
    ]
    others = (
        Selection("straight", ((), (), ()), ((1,), (3,), (2,))),
        Selection("group3", ((), ()), ((1,), (2,))),
        Selection("group6", ((),), ((1, 2, 4),)),
        Selection("group6_bank", ((4,),), ((1, 2, 3),)),
    )

    assert [bets.check(PL3, one, limited=limited).lines for one in others] == [1, 1, 1, 3]
    with pytest.raises(bets.NumberLimited, match="123"):
        bets.check(PL3, Selection("group6_bank", ((1,),), ((2, 3, 4),)), limited=limited)


def test_a_game_that_limits_no_numbers_cannot_be_asked_to():
    with pytest.raises(ValueError, match="does not limit"):
        bets.check(SSQ, single(1, 2, 3, 4, 5, 6), limited=[bets.Limited(play="standard", line=())])


def test_an_additional_bet_costs_three_yuan_a_line():
    """F028: 追加; 6,666 lines of three yuan are the most a ticket holds."""
    plain = Selection("multiple", ((), ()), ((1, 2, 3, 4, 5, 6), (1, 2)), 99)
    added = replace(plain, bet_type="multiple_add")

    assert bets.check(DLT, plain).amount_fen == 6 * 99 * 200
    assert bets.check(DLT, added).amount_fen == 6 * 99 * 300
    assert bets.check(DLT, plain).masks == bets.check(DLT, added).masks


def test_every_refusal_has_a_code_of_its_own_and_is_met():
    """F032."""
    all_of_them = {
        kind
        for kind in vars(bets).values()
        if isinstance(kind, type) and issubclass(kind, Refused) and kind is not Refused
    }
    met = {row[0] for row in (*REFUSED, *REFUSED_ELSEWHERE)} | {bets.NumberLimited}

    assert met == all_of_them
    assert len({kind.code for kind in all_of_them}) == len(all_of_them) == 20


def test_the_price_cap_is_met_exactly_and_refused_one_line_above():
    """F028: 20,000 yuan is sold, 20,002 is refused with the figure."""

    def dear(lines: int) -> bets.CheckedSelection:
        checked = bets.check(SSQ, single(1, 2, 3, 4, 5, 6))
        return replace(checked, lines=lines, amount_fen=lines * 200)

    assert bets.check_ticket(SSQ, [dear(9_999), dear(1)]) == 20_000_00
    with pytest.raises(bets.TicketTooDear, match=r"20,002\.00") as refused:
        bets.check_ticket(SSQ, [dear(9_999), dear(1), dear(1)])
    assert refused.value.figures == {"price_fen": 20_002_00, "most_fen": 20_000_00}


def test_a_multiplier_carries_a_selection_to_the_cap_and_no_further():
    """F028: 84 lines cost 168 yuan; 99 times is 16,632, and 112 lines 99 times is too dear."""
    eighty_four = Selection("multiple", ((), ()), (tuple(range(1, 10)), (1,)), 99)
    more = Selection("multiple", ((), ()), (tuple(range(1, 9)), (1, 2, 3, 4)), 99)

    assert bets.check(SSQ, eighty_four).amount_fen == 16_632_00
    with pytest.raises(bets.TicketTooDear, match=r"22,176\.00"):
        bets.check(SSQ, more)


@pytest.mark.parametrize(
    ("reds", "blue", "special_on", "tier"),
    [
        ((1, 2, 3, 4, 5, 6), 7, False, 1),
        ((1, 2, 3, 4, 5, 6), 8, False, 2),
        ((1, 2, 3, 4, 5, 9), 7, False, 3),
        ((1, 2, 3, 4, 5, 9), 8, False, 4),
        ((1, 2, 3, 4, 8, 9), 7, False, 4),
        ((1, 2, 3, 4, 8, 9), 8, False, 5),
        ((1, 2, 3, 8, 9, 10), 7, False, 5),
        ((1, 2, 8, 9, 10, 11), 7, False, 6),
        ((1, 8, 9, 10, 11, 12), 7, False, 6),
        ((8, 9, 10, 11, 12, 13), 7, False, 6),
        ((1, 2, 3, 8, 9, 10), 8, False, None),
        ((1, 2, 3, 8, 9, 10), 8, True, 7),
        ((1, 2, 8, 9, 10, 11), 8, True, None),
    ],
)
def test_a_line_wins_its_highest_tier_once(reds, blue, special_on, tier):
    masks = bets.check(SSQ, single(*reds, blue=blue)).masks

    found = bets.hits(SSQ, masks, bets.result_masks(SSQ, RESULT), special_on=special_on)

    assert found == ({tier: 1} if tier else {})


def test_every_line_of_a_multiple_is_judged():
    """Seven reds with all six drawn and two blues: 1 first, 1 second, 6 third, 6 fourth prizes."""
    masks = bets.check(SSQ, Selection("multiple", ((), ()), ((1, 2, 3, 4, 5, 6, 9), (7, 8)))).masks

    found = bets.hits(SSQ, masks, bets.result_masks(SSQ, RESULT), special_on=False)

    assert found == {1: 1, 2: 1, 3: 6, 4: 6}


@pytest.mark.parametrize(
    ("numbers", "refusal"),
    [
        (((1, 2, 3, 4, 5), (7,)), bets.TooFewNumbers),
        (((1, 2, 3, 4, 5, 6, 8), (7,)), bets.TooManyNumbers),
        (((1, 2, 3, 4, 5, 5), (7,)), bets.NumberRepeated),
        (((1, 2, 3, 4, 5, 6), (17,)), bets.NumberOutOfRange),
        (((1, 2, 3, 4, 5, 6),), bets.SelectionUnreadable),
    ],
)
def test_a_result_that_cannot_be_drawn_is_refused(numbers, refusal):
    with pytest.raises(refusal):
        bets.result_masks(SSQ, numbers)


def test_a_selection_is_read_from_json():
    fields = {"bet_type": "banker", "bankers": [[1, 2], []], "picks": [[3, 4, 5, 6, 7], [8]],
              "multiplier": 3, "quick_pick": False}  # fmt: skip

    assert bets.from_fields(fields) == Selection(
        "banker", ((1, 2), ()), ((3, 4, 5, 6, 7), (8,)), 3, quick_pick=False
    )
    assert bets.from_fields({"bet_type": "single", "picks": [[1, 2, 3, 4, 5, 6], [7]]}) == single(
        1, 2, 3, 4, 5, 6
    )


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"bet_type": "single"},
        {"bet_type": 1, "picks": [[1], [1]]},
        {"bet_type": "single", "picks": "010203"},
        {"bet_type": "single", "picks": [1, 2]},
        {"bet_type": "single", "picks": [["1"], [1]]},
        {"bet_type": "single", "picks": [[True], [1]]},
        {"bet_type": "single", "picks": [[1.0], [1]]},
        {"bet_type": "single", "picks": [[1], [1]], "bankers": None},
        {"bet_type": "single", "picks": [[1], [1]], "multiplier": "2"},
        {"bet_type": "single", "picks": [[1], [1]], "multiplier": True},
        {"bet_type": "single", "picks": [[1], [1]], "quick_pick": 1},
    ],
)
def test_json_that_is_no_selection_is_refused(fields):
    with pytest.raises(bets.SelectionUnreadable):
        bets.from_fields(fields)
