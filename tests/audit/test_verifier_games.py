"""Engine two settles every game from sheet, sealed file and numbers alone, as the house does."""

import csv
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from games import bets, prize_tables, rules
from tests.audit import verifier_games as games
from tests.audit import verifier_pieces as pieces
from tests.audit.verifier_games import CURRENT, VERSIONS
from tests.audit.verifier_pieces import Draw, check_here
from tests.games import chosen

DATA = Path(__file__).parents[1] / "data"
GAMES = sorted(CURRENT)


def settled(folder, draw):
    """The result file that the verifier writes of this draw."""
    members = draw.members()
    sheet = games.sheet_of(draw.rule.code)
    asked = pieces.part("sheet").read_input(members["input.json"], sheet)
    (folder / "sealed").write_bytes(members[f"{draw.code}.seal"])
    with (folder / "sealed").open("rb") as file, (folder / "out").open("wb") as out:
        pieces.part("counting").settle(file, sheet, asked, out)
    return (folder / "out").read_bytes()


# Counting.


@pytest.mark.parametrize("code", VERSIONS)
def test_every_bet_type_is_counted_as_the_house_counts_it(code, full, deep):
    """F026, F071, N04: lines, stake and winning lines from text and sheet, against masks."""
    version, read = VERSIONS[code], pieces.part("lines").Reader
    turns = 4_000 if deep else 40 if full else 5

    for bet_type in version.bet_types:
        for turn in range(turns):
            below = games.below_of(f"{code} {bet_type.code} {turn}")
            selection = (
                games.selection(version, bet_type.code, below)
                if turn
                else chosen.widest(version, bet_type, below)
            )
            drawn = chosen.result(version, below, selection)
            checked = bets.check(version, selection)
            special_on = version.special is not None and turn % 2 == 1
            reader = read(games.sheet_of(code), draw="x", numbers=drawn, special_on=special_on)
            text = bets.canonical(checked.selection).encode()
            hits = bets.hits(
                version,
                checked.masks,
                bets.result_masks(version, drawn),
                special_on=special_on,
                bet_type=bet_type.code,
            )
            wins = tuple((tier, n * selection.multiplier) for tier, n in sorted(hits.items()))
            found = reader.selection(text)
            assert found == (bet_type.code, checked.lines, checked.amount_fen, wins), text
            assert reader._single(text) in (None, found), text


@pytest.mark.parametrize("code", VERSIONS)
def test_the_result_file_of_every_game_is_what_looking_at_every_line_gives(tmp_path, code):
    """F071, N04: each bet type, byte for byte; further pools, tiers on top, raised amounts."""
    draw = games.draw_of(code)
    result_file = draw.members()["result_file.txt"]

    assert settled(tmp_path, draw) == result_file
    assert b"\nwon\t" in result_file
    money = result_file.splitlines()[1].split(b"\t")
    assert len(money) == 8 + 2 * len(draw.rule.pools[1:])


@cache
def with_additional_bets():
    """A draw in which first prizes are won with the additional bet and without."""
    texts = [
        "single_add|01,02,03,04,05+06,07|x2|own",
        "single|01,02,03,04,05+06,07|x1|own",
        "single_add|01,02,03,04,05+06,08|x1|own",
        "multiple_add|01,02,03,09,10,11+06,07|x1|own",
    ]
    rule = CURRENT["dlt"]
    return Draw(
        tickets=[
            pieces.ticket(number, [text], rule=rule, draw="dlt-26014")
            for number, text in enumerate(texts, start=1)
        ],
        code="dlt-26014",
        rule=rule,
        numbers=((1, 2, 3, 4, 5), (6, 7)),
        pool_before_fen=games.POOL_FEN,
    )


def test_a_line_with_the_additional_bet_wins_two_tiers(tmp_path):
    """F071: 追加, 80 % of the first and second prize beside them."""
    draw = with_additional_bets()

    lines = settled(tmp_path, draw).decode().splitlines()

    tiers = {line.split("\t")[1]: line.split("\t")[2:] for line in lines if line[:4] == "tier"}
    assert (tiers["1"][0], tiers["8"][0]) == ("3", "2")
    assert int(tiers["8"][1]) == int(tiers["1"][1]) * 8 // 10
    first, added = int(tiers["1"][1]), int(tiers["8"][1])
    assert f"won\t{pieces.code(1)}\t1:2,8:2\t{2 * (first + added)}" in lines
    assert f"won\t{pieces.code(2)}\t1:1\t{first}" in lines


DIGITS = {  # drawn number, text of a line in 3D: the tier it wins
    ("118", "straight|01+01+08|x1|own"): 1,
    ("811", "group3|01+08|x1|own"): 2,
    ("811", "group3|08+01|x1|own"): None,
    ("180", "group6|00,01,08|x1|own"): 3,
    ("118", "group6|00,01,08|x1|own"): None,
    ("118", "one_d|+01+|x1|own"): 4,
    ("181", "one_d|+01+|x1|own"): None,
    ("118", "two_d|01++08|x1|own"): 5,
    ("118", "general|01+01+07|x1|own"): 7,
    ("181", "combo3|01+01+08|x1|own"): 9,
    ("810", "combo6|00+01+08|x1|own"): 11,
    ("111", "guess_1d|01|x1|own"): 12,
    ("110", "guess_1d|01|x1|own"): 13,
    ("100", "guess_1d|01|x1|own"): 14,
    ("111", "guess_pair|01|x1|own"): 15,
    ("818", "guess_2d|01,08|x1|own"): 16,
    ("008", "big_small|01|x1|own"): 17,
    ("009", "big_small|01|x1|own"): None,
    ("135", "odd_even|01|x1|own"): 18,
    ("222", "triple|01|x1|own"): 19,
    ("321", "run|01|x1|own"): 20,
    ("132", "run|01|x1|own"): None,
    ("000", "sum|00|x1|own"): 21,
    ("999", "sum|27|x1|own"): 21,
    ("346", "sum|13|x1|own"): 34,
    ("346", "sum|14|x1|own"): None,
}


@pytest.mark.parametrize(("drawn", "text"), DIGITS)
def test_a_line_of_digits_wins_what_the_game_says(drawn, text):
    """F026: 3D, bet by bet, in words that owe nothing to the house."""
    reader = pieces.part("lines").Reader(
        games.sheet_of("fc3d-2016.1"), draw="x", numbers=[[int(digit)] for digit in drawn]
    )
    tier = DIGITS[drawn, text]

    assert reader.selection(text.encode())[3] == (() if tier is None else ((tier, 1),))


BAD_SELECTIONS = {
    "fc3d-2016.1": [
        "straight|01+01|x1|own",
        "straight|01+01+|x1|own",
        "straight|01+01+10|x1|own",
        "straight|1+1+8|x1|own",
        "one_d|01+03+|x1|own",
        "one_d|++|x1|own",
        "one_d|+03|x1|own",
        "two_d|+03+|x1|own",
        "two_d|01+02+03|x1|own",
        "group3|01+01|x1|own",
        "group3_multi|01,02+01,03|x1|own",
        "group3_multi|01+01|x1|own",
        "group6_bank|01,02,03#04|x1|own",
        "group6_bank|01#02,03|x1|own",
        "combo3|01+02+03|x1|own",
        "combo3|01+01+01|x1|own",
        "combo6|01+01+02|x1|own",
        "guess_2d|01|x1|own",
        "sum|28|x1|own",
        "sum||x1|own",
        "big_small|03|x1|own",
        "big_small|00|x1|own",
        "triple|02|x1|own",
        "run|01+02|x1|own",
        "single|01+01+08|x1|own",
    ],
    "kl8-2025.1": [
        "pick1|81|x1|own",
        "pick1|00|x1|own",
        "pick1|01,02|x1|own",
        "pick10|01,02,03,04,05,06,07,08,09|x1|own",
        "pick2_bank|01,02#03|x1|own",
        "pick11|01,02,03,04,05,06,07,08,09,10,11|x1|own",
        "pick10_multi|" + ",".join(f"{number:02}" for number in range(1, 21)) + "|x1|own",
        "pick5_multi|" + ",".join(f"{number:02}" for number in range(1, 81)) + "|x1|own",
    ],
    "dlt-2026.1": [
        "single|01,02,03,04,05+13,12|x1|own",
        "single_add|01,02,03,04,05+06|x1|own",
        "banker|01,02,03,04,05,06+07,08|x1|own",
        "banker_add|01,02,03,04,05,06+07,08|x1|own",
        "banker|01#02,03,04,05+07,08|x1|own",
        "banker|01,02#03,04,05,06+07,08#09|x1|own",
    ],
    "qlc-2007.1": [
        "single|01,02,03,04,05,06,31|x1|own",
        "single|01,02,03,04,05,06,07+08|x1|own",
    ],
    "qxc-2021.1": [
        "single|01+02+03+04+05+06+15|x1|own",
        "single|10+02+03+04+05+06+07|x1|own",
        "single|01,02+02+03+04+05+06+07|x1|own",
        "multiple|01+02+03+04+05+06+07|x1|own",
    ],
}


@pytest.mark.parametrize("code", BAD_SELECTIONS)
def test_a_selection_that_the_sheet_does_not_allow_is_refused(code):
    reader = pieces.part("lines").Reader(games.sheet_of(code), draw="x")

    for text in BAD_SELECTIONS[code]:
        assert reader._single(text.encode()) is None, text
        with pytest.raises(pieces.part("strict").Wrong, match=r"^has .* “"):
            reader.selection(text.encode())


def test_a_ticket_with_an_additional_bet_costs_three_yuan_a_line(tmp_path):
    draw = games.draw_of("dlt-2026.1")
    text = "single_add|01,02,03,04,05+06,07|x1|own"
    cheap = pieces.ticket(900, [text], rule=draw.rule, draw=draw.code, price=200)
    reader = pieces.part("lines").Reader(games.sheet_of("dlt-2026.1"), draw=draw.code)

    with pytest.raises(pieces.part("strict").Wrong, match="says 200 fen, its selections cost 300"):
        reader.ticket(cheap.encode())


# Prices.


@pytest.mark.parametrize("code", VERSIONS)
def test_both_price_tables_agree_on_any_draw_of_any_game(code, full, deep):
    """F071, N04: exact fractions, raised amounts, tiers on top, second pools, deficits."""
    version = VERSIONS[code]

    for turn in range(20_000 if deep else 1_500 if full else 80):
        asked = games.money_of_a_draw(version, games.below_of(f"{code} money {turn}"))
        sold = sum(asked["sales_by_play"].values())
        ours = prize_tables.compute(version, sales_fen=sold, **asked)
        found = games.priced(code, asked)
        after = {version.pools[0].code: ours.pool_after_fen}
        after |= {pool: kept for pool, (_before, kept) in ours.other_pools.items()}
        assert found.prize_fen == ours.prize_fen, asked
        assert {pool: kept for pool, _before, kept in found.pools} == after, asked
        assert (found.prize_money_fen, found.fund_paid_fen, found.rounding_fen) == (
            ours.prize_money_fen,
            ours.fund_paid_fen,
            ours.rounding_to_fund_fen,
        ), asked
        assert (found.lines, found.special_next) == (ours.winners, ours.special_on_next)


def test_the_published_draws_that_are_hardest_come_out_to_the_fen():
    """F067, N04: 27 draws of five games chosen for their edge cases, from the sheet alone."""
    draws = json.loads((DATA / "announced_vectors.json").read_text(encoding="utf-8"))

    for draw in draws:
        figures = {name: str(value) for name, value in draw.items() if name.endswith("_fen")}
        winners = {f"winners_{mark}": lines for mark, lines in draw["winners"].items()}
        prizes = {f"prize_{mark}_fen": fen for mark, fen in draw["prize_fen"].items()}
        row = {**draw, **figures, **winners, **prizes}
        assert differences(draw["game"], row) == {}, draw["why"]
    assert len(draws) == 27


@pytest.mark.parametrize(
    ("game", "count"), [("dlt", 840), ("qlc", 2_531), ("qxc", 29), ("kl8", 31)]
)
def test_all_published_draws_of_the_other_games_come_out_exactly(game, count):
    """F067, F071, N04: every prize that was won and what the pools kept, from the sheet alone."""
    with (DATA / f"{game}_safe_draws.csv").open(encoding="utf-8", newline="") as file:
        draws = list(csv.DictReader(file))

    assert [draw["issue"] for draw in draws if differences(game, draw)] == []
    assert len(draws) == count


def differences(game, draw):
    """Figures of a published draw that the verifier computes otherwise.

    What each pick of 快乐8 sold is not published, so its two pools are held together.
    """
    version = rules.version_for(game=game, issue=draw["issue"])
    winners = {
        tier.number: int(draw[f"winners_{tier.mark}"] or 0)
        for tier in version.tiers
        if f"winners_{tier.mark}" in draw
    }
    asked = {
        "special_on": draw.get("special_rule") == "1",
        "winners": winners,
        "sales_by_play": {version.plays[0].code: int(draw["sales_fen"])},
        "pool_before_fen": int(draw["pool_before_fen"]),
        "other_pools": {
            pool.code: int(draw[f"{pool.code}_pool_before_fen"]) for pool in version.pools[1:]
        },
    }
    priced = games.priced(version.code, asked)
    found = {
        f"prize_{tier.mark}_fen": priced.prize_fen[tier.number]
        for tier in version.tiers
        if winners.get(tier.number)
    }
    pools = ["pool_after_fen", *(f"{pool.code}_pool_after_fen" for pool in version.pools[1:])]
    told = {name: int(draw[name]) for name in found}
    told["pools"] = sum(int(draw[name]) for name in pools) - int(draw.get("fund_topup_fen") or 0)
    found["pools"] = sum(after for _code, _before, after in priced.pools)
    if len(pools) > 1:
        found["pools"] += priced.rounding_fen - priced.fund_paid_fen
    return {name: (told[name], found[name]) for name in told if told[name] != found[name]}


# Kits.


def kit_of(code, **changes):
    return replace(games.draw_of(code), **changes).kit()


@pytest.mark.parametrize("game", GAMES)
def test_a_kit_of_every_game_passes_and_says_what_was_taken_on_trust(tmp_path, game):
    """F230, N19: one program for all games."""
    draw = games.draw_of(CURRENT[game].code)

    code, lines = check_here(tmp_path, draw.kit())

    assert (code, lines[-1]) == (0, "PASS"), lines
    assert any("NOTE: what was in the pools before the draw" in line for line in lines)
    assert any("withdrawn from sale" in line for line in lines) == draw.rule.limits_numbers


def replaced(draw, old, new):
    """The result file with something else in it, in the kit and in the log."""
    right = draw.members()["result_file.txt"]
    assert old in right
    return replace(draw, result_file=right.replace(old, new, 1)).kit()


def result_of(code, old, new):
    return replaced(games.draw_of(code), old, new)


def first_won(code):
    rows = games.draw_of(code).members()["result_file.txt"].splitlines(keepends=True)
    return next(row for row in rows if row.startswith(b"won\t"))


def raised_by_one(row):
    head, _tab, amount = row.rstrip(b"\n").rpartition(b"\t")
    return head + b"\t%d\n" % (int(amount) + 1)


def other_digit(code):
    """The numbers of the draw with another one in the last zone, everywhere but in the seal."""
    draw = games.draw_of(code)
    zone, came = draw.rule.zones[-1], draw.numbers[-1]
    other = next(
        number
        for number in range(zone.first, zone.last + 1)
        if all(number not in numbers for numbers in draw.numbers)
    )
    return (*draw.numbers[:-1], tuple(sorted((*came[1:], other))))


ALTERED = {
    "dlt: an additional bet wins less": lambda: (
        replaced(with_additional_bets(), b"\t1:2,8:2\t", b"\t1:2,8:1\t"),
        "counted again it is “won ",
    ),
    "dlt: a fixed prize is not raised": lambda: (
        result_of("dlt-2026.1", b"tier\t7\t", b"tier\t7\t9"),
        "it says “tier 7 ",
    ),
    "kl8: the second pool keeps more": lambda: (
        result_of("kl8-2025.1", b"\t1234567890\t", b"\t1234567890\t9"),
        "result_file.txt, line 2: it says “money ",
    ),
    "kl8: the input has another second pool": lambda: (
        kit_of("kl8-2025.1", input_changes={"other_pools": {"fixed": 1_234_567_891}}),
        " 1234567891 ",
    ),
    "kl8: the input has no second pool": lambda: (
        kit_of("kl8-2025.1", other_pools={}, result_file=b""),
        "input.json has no “other_pools”",
    ),
    "kl8: the input has a third pool": lambda: (
        kit_of("kl8-2025.1", input_changes={"other_pools": {"fixed": 1, "more": 1}}),
        "input.json, “other_pools” has “more”, which does not belong there",
    ),
    "fc3d: the input has a second pool": lambda: (
        kit_of("fc3d-2016.1", input_changes={"other_pools": {"fixed": 1}}),
        "input.json has “other_pools”, which does not belong there",
    ),
    "fc3d: a winner gets a fen more": lambda: (
        result_of("fc3d-2016.1", first_won("fc3d-2016.1"), raised_by_one(first_won("fc3d-2016.1"))),
        "counted again it is “won ",
    ),
    "fc3d: a digit stands at another place": lambda: (
        moved_digit(),
        "the sealed file does not fit its statement: “file_digest” is ",
    ),
    "qlc: the special number is one of the seven": lambda: (
        kit_of(
            "qlc-2007.1",
            input_changes={"numbers": [games.draw_of("qlc-2007.1").numbers[0]] * 2},
        ),
        "input.json: 1 different numbers from 1 to 30 are not there",
    ),
    "qlc: a ball came twice": lambda: (
        kit_of("qlc-2007.1", input_changes={"numbers": twice_out_of_one_drum()}),
        "came twice out of one drum",
    ),
    "qxc: the last number is not of the game": lambda: (
        kit_of(
            "qxc-2021.1",
            input_changes={"numbers": [*games.draw_of("qxc-2021.1").numbers[:-1], [15]]},
        ),
        "input.json: 1 different numbers from 0 to 14 are not there",
    ),
    "pl5: the input has another digit": lambda: (
        kit_of("pl5-2014.1", input_changes={"numbers": other_digit("pl5-2014.1")}),
        "input.json does not have the numbers of result.json",
    ),
    "pl3: a special rule is on that the game does not have": lambda: (
        kit_of("pl3-2014.1", input_changes={"special_on": True}),
        "input.json has the special rule on; the rule sheet has none",
    ),
}


def moved_digit():
    """1D on the tens becomes 1D on the hundreds: the same digit, another bet."""
    rule = CURRENT["fc3d"]
    line = pieces.ticket(1, ["one_d|+03+|x1|own"], rule=rule, draw="fc3d-2016001")
    draw = replace(games.draw_of(rule.code), tickets=[line])
    members = draw.members()
    sealed = members[f"{draw.code}.seal"].replace(b"|+03+|", b"|03++|")
    altered = {**members, f"{draw.code}.seal": sealed}
    return pieces.packed(pieces.signed_members(altered, draw=draw.code))


def twice_out_of_one_drum():
    main, _special = games.draw_of("qlc-2007.1").numbers
    return [main, [main[0]]]


@pytest.mark.parametrize("alteration", ALTERED)
def test_an_altered_kit_of_any_game_fails_and_says_exactly_why(tmp_path, alteration):
    """F230, N19."""
    kit, failure = ALTERED[alteration]()

    code, lines = check_here(tmp_path, kit)

    assert code == 1, lines
    assert lines[-1].startswith("FAIL: ")
    assert failure in lines[-1], lines[-1]


def test_the_program_knows_no_game():
    """F071: what makes a game stands in its sheet; no code of one stands in the program."""
    sources = [path.read_text(encoding="utf-8") for path in pieces.FOLDER.glob("*.py")]
    codes = {f'"{code}' for code in (*rules.GAMES, *VERSIONS)}
    codes |= {f'"{one.code}"' for version in VERSIONS.values() for one in version.bet_types}
    plays = pieces.part("plays")
    codes -= {f'"{word}"' for word in (*plays.FACT_KINDS, *plays.CHOICE_KINDS)}

    assert [code for code in codes for source in sources if code in source] == []


def test_of_what_comes_again_only_so_much_is_kept():
    """N19: a file of ever other selections takes no more memory than one of always the same."""
    lines = pieces.part("lines")
    reader = lines.Reader(games.sheet_of("fc3d-2016.1"), draw="x")
    places = ["{:02}+{:02}+", "{:02}++{:02}", "+{:02}+{:02}"]

    for number in range(lines._MOST_KEPT + 500):
        place = places[number % 3].format(number // 3 % 10, number // 30 % 10)
        origin = ("own", "quick")[number // 29_700]
        reader.selection(f"two_d|{place}|x{number // 300 % 99 + 1}|{origin}".encode())
    assert len(reader._kept) == lines._MOST_KEPT

    other = lines.Reader(games.sheet_of("kl8-2025.1"), draw="x")
    long = ",".join(f"{number:02}" for number in range(1, 41))
    assert other.selection(f"pick1_multi|{long}|x1|own".encode())[1] == 40
    assert not other._kept
