"""What the lines are paid: every published draw to the fen, and no fen lost in any draw."""

import csv
import io
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given

from games import prize_tables, rules
from games.prize_tables import PrizeTable
from tests.games import brute_force, chosen

SAFE_DRAWS = Path(__file__).parents[1] / "data" / "ssq_safe_draws.csv"
YUAN = 100
MILLION = 1_000_000 * YUAN

SSQ_2018 = rules.by_code("ssq-2018.1")
SSQ_2026 = rules.by_code("ssq-2026.1")


def safe_draws() -> list[dict[str, str]]:
    with SAFE_DRAWS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table_of(draw: dict[str, str]) -> PrizeTable:
    return prize_tables.compute(
        rules.version_for(game="ssq", issue=draw["issue"]),
        sales_fen=int(draw["sales_fen"]),
        pool_before_fen=int(draw["pool_before_fen"]),
        special_on=draw["special_rule"] == "1",
        winners={tier: int(draw[f"winners_{tier}"] or 0) for tier in range(1, 8)},
        fund_topup_fen=int(draw["fund_topup_fen"] or 0),
    )


@cache
def tables() -> dict[str, PrizeTable]:
    """The table of every safe draw; worked out once for all tests."""
    return {draw["issue"]: table_of(draw) for draw in safe_draws()}


def published(issue: str) -> PrizeTable:
    return tables()[issue]


def rounding_bound(table: PrizeTable) -> int:
    """A part loses less than a yuan per line by cutting down, or one yuan when unwon or capped."""
    return sum(2 * (max(lines, 1) * YUAN) for lines in list(table.winners.values())[:2])


def assert_nothing_is_lost(table: PrizeTable) -> None:
    assert table.money_in_fen == table.money_out_fen
    assert 0 <= table.rounding_to_fund_fen < rounding_bound(table)
    assert min(table.prize_fen.values()) >= 0
    assert min(table.pool_after_fen, table.fund_paid_fen) >= 0
    assert all(prize % YUAN == 0 for prize in table.prize_fen.values())


def test_all_published_draws_come_out_exactly():
    """F067: 2,033 draws from 2013 to 2026, every prize and the pool as announced."""
    draws = safe_draws()

    wrong = []
    for draw in draws:
        table = tables()[draw["issue"]]
        prizes = {
            tier: int(draw[f"prize_{tier}_fen"])
            for tier in range(1, 8)
            if draw[f"prize_{tier}_fen"]
        }
        if (table.prize_fen, table.pool_after_fen) != (prizes, int(draw["pool_after_fen"])):
            wrong.append(draw["issue"])
        assert_nothing_is_lost(table)

    assert wrong == []
    assert len(draws) == 2_033
    assert sum(table.special_on for table in tables().values()) == 29


def test_the_pool_of_a_draw_is_the_pool_before_the_next():
    draws = {draw["issue"]: draw for draw in safe_draws()}
    following = zip(draws, list(draws)[1:], strict=False)

    assert (
        sum(
            tables()[issue].pool_after_fen == int(draws[after]["pool_before_fen"])
            for issue, after in following
        )
        == len(draws) - 2
    )  # 2026014 to 2026046 were not published in full


@pytest.mark.parametrize(
    ("issue", "fund_paid_fen"), [("2015027", 2_222_327_464), ("2016060", 4_042_014_102)]
)
def test_the_fund_pays_what_was_announced(issue, fund_paid_fen):
    """F067: deficit and minimum together, to the fen."""
    assert published(issue).fund_paid_fen == fund_paid_fen


def test_a_deficit_is_the_funds_and_the_pool_pays_first_prizes_only():
    table = published("2015027")

    assert table.floating_fen == 0
    assert table.deficit_fen == 2_134_127_464
    assert table.raised_fen == 147 * 6_000 * YUAN
    assert table.prize_fen[2] == 6_000 * YUAN
    assert table.pool_before_fen - table.pool_after_fen == 26 * 5 * MILLION + 10 * YUAN
    assert table.rounding_to_fund_fen == 10 * YUAN


def test_a_second_prize_below_twice_the_third_is_raised():
    table = published("2017149")

    assert table.prize_fen[2] == 2 * table.prize_fen[3]
    assert table.deficit_fen == 0
    assert table.raised_fen == 1_126 * 6_000 * YUAN - table.floating_fen * 25 // 100


def test_an_announced_top_up_joins_the_pool_and_is_no_payment_of_the_fund():
    table = published("2013033")

    assert table.fund_topup_fen == 30 * MILLION
    assert table.pool_after_fen == 3_422_413_200
    assert table.fund_paid_fen == 0


@pytest.mark.parametrize(
    ("issue", "lines", "prize_fen"),
    [("2026052", 24, 416_666_600), ("2026062", 30, 333_333_300), ("2026100", 40, 250_000_000)],
)
def test_first_prizes_together_stay_under_the_cap_of_the_draw(issue, lines, prize_fen):
    table = published(issue)

    assert table.winners[1] == lines
    assert table.prize_fen[1] == prize_fen == 100 * MILLION // lines // YUAN * YUAN


def test_second_prizes_above_their_cap_go_to_the_pool():
    """70 million for a tier; nobody won the first prize, so the rest is plain to see."""
    table = prize_tables.compute(
        SSQ_2026,
        sales_fen=400 * MILLION,
        pool_before_fen=1_600 * MILLION,
        special_on=True,
        winners={2: 300},
    )

    second = table.floating_fen * 8_000 // 10_000
    assert second > 70 * MILLION
    assert table.prize_fen[2] == 70 * MILLION // 300 // YUAN * YUAN
    assert table.pool_after_fen == 1_600 * MILLION + table.floating_fen // 5 + second - (
        300 * table.prize_fen[2]
    )
    assert_nothing_is_lost(table)


def test_the_minimum_never_lifts_a_tier_above_the_cap_of_the_draw():
    table = prize_tables.compute(
        SSQ_2026,
        sales_fen=400 * MILLION,
        pool_before_fen=0,
        special_on=False,
        winners={1: 1_000_000, 2: 20_000},
    )

    assert table.prize_fen[2] == 3_500 * YUAN
    assert table.prize_fen[1] == 100 * YUAN
    assert_nothing_is_lost(table)


def test_a_first_prize_below_twice_the_second_is_raised_by_the_fund():
    table = prize_tables.compute(
        SSQ_2018,
        sales_fen=100 * MILLION,
        pool_before_fen=0,
        special_on=False,
        winners={1: 1_000, 2: 10},
    )

    assert table.prize_fen[2] == 1_225_000 * YUAN
    assert table.prize_fen[1] == 2_450_000 * YUAN
    assert table.raised_fen == 1_000 * table.prize_fen[1] - table.floating_fen * 75 // 100
    assert_nothing_is_lost(table)


def test_a_draw_without_any_winner_gives_its_prize_money_to_the_pool():
    table = prize_tables.compute(
        SSQ_2026, sales_fen=2_00, pool_before_fen=0, special_on=False, winners={}
    )

    assert table.prize_money_fen == 98
    assert (table.pool_after_fen, table.rounding_to_fund_fen) == (0, 98)
    assert table.prize_fen == {1: 0, 2: 0, 3: 300_000, 4: 20_000, 5: 1_000, 6: 500}


def some_draw(version: rules.RuleVersion, below: chosen.Below) -> dict[str, Any]:
    """Sales, pools and winners of a draw, likely or not; fixed prizes are more than the money of
    many, and leave something in as many."""

    def spread(most: int) -> int:
        """Small as often as large."""
        return below(10 ** (1 + below(len(str(most))))) % (most + 1)

    marks = [split.pool_from_fen for split in version.floating.splits] if version.floating else []
    edges = [mark + below(3) - 1 for mark in marks if mark]
    special_on = bool(version.special and below(2))
    tiers = version.tiers_in_force(special_on=special_on)
    winners = {tier.number: spread(10 ** (2 + tier.number % 7)) for tier in tiers}
    for tier in tiers:
        if tier.on_top:
            winners[tier.number] = below(winners[tier.on_top.tier] + 1)
    fixed = sum(winners[tier.number] * (tier.fixed_fen or 0) for tier in tiers)
    enough = 3 * fixed if below(2) else 0
    by_play = {play.code: spread(10**10) + enough for play in version.plays}
    further = [pool.code for pool in version.pools[1:]]
    return {
        "sales_fen": sum(by_play.values()) if further else spread(10**13) + enough,
        "pool_before_fen": edges[below(len(edges))] if edges and below(2) else spread(10**12),
        "special_on": special_on,
        "winners": winners,
        "fund_topup_fen": 0 if below(2) else spread(10**10),
        "sales_by_play": by_play if further else None,
        "other_pools": {code: spread(10**10) for code in further},
    }


@pytest.mark.parametrize("game", sorted(rules.GAMES))
def test_no_fen_is_lost_in_any_draw(request, game):
    """F067, F068, F069: prizes, pools and rounding are all the money; 10^3 draws, deep 10^5."""
    versions = rules.GAMES[game].versions
    each = 20  # draws of one example: Hypothesis takes longer than they do

    @brute_force.random_cases(request, ordinary=1_000 // each, deep=100_000 // each)
    @given(chosen.seeds)
    def check(seed):
        below = chosen.below_of(seed)
        for _draw in range(each):
            version = versions[below(len(versions))]
            table = prize_tables.compute(version, **some_draw(version, below))
            assert_all_money_is_somewhere(version, table)

    check()


def assert_all_money_is_somewhere(version: rules.RuleVersion, table: PrizeTable) -> None:
    """Nothing is lost, nothing is below zero, no cap is passed, shares of prizes are kept."""
    floating = [tier for tier in version.tiers if tier.number in table.prize_fen]
    floating = [tier for tier in floating if tier.fixed_fen is None]
    assert table.money_in_fen == table.money_out_fen
    parts = 1 + len(version.floating.splits) if version.floating else 1
    lost_at_most = sum(2 * YUAN * parts * max(table.winners[tier.number], 1) for tier in floating)
    assert 0 <= table.rounding_to_fund_fen <= lost_at_most
    pools = [after for _before, after in table.other_pools.values()]
    assert min(table.pool_after_fen, table.fund_paid_fen, *pools, *table.prize_fen.values()) >= 0
    assert table.deficit_fen == 0 or table.floating_fen == 0 or len(version.pools) > 1
    assert all(table.prize_fen[tier.number] % YUAN == 0 for tier in floating)
    for cap in version.floating.draw_caps if version.floating else ():
        tops = [tier for tier in floating if tier.on_top and tier.on_top.tier == cap.tier]
        paid = [
            table.winners[n] * table.prize_fen[n] for n in (cap.tier, *(t.number for t in tops))
        ]
        assert sum(paid) <= cap.total_fen
    for tier in floating:
        if tier.on_top and table.winners[tier.number]:
            below_it = table.prize_fen[tier.on_top.tier] * tier.on_top.share // 10_000
            assert 0 <= table.prize_fen[tier.number] - below_it // YUAN * YUAN <= YUAN


@pytest.mark.parametrize(
    "wrong",
    [
        {"sales_fen": -1},
        {"pool_before_fen": -1},
        {"fund_topup_fen": -1},
        {"winners": {1: -1}},
        {"winners": {7: 1}},
        {"winners": {8: 1}},
    ],
)
def test_impossible_input_is_a_bug_and_not_a_table(wrong):
    given_right = {
        "sales_fen": 100,
        "pool_before_fen": 0,
        "special_on": False,
        "winners": {},
        "fund_topup_fen": 0,
    }

    with pytest.raises(ValueError, match=r"negative|no such tier"):
        prize_tables.compute(SSQ_2026, **{**given_right, **wrong})


HEADER = (
    "issue,sales_fen,pool_before_fen,special_rule,fund_topup_fen,"
    "winners_1,winners_2,winners_3,winners_4,winners_5,winners_6,winners_7\n"
)
ORDINARY = "2018134,37776736600,108450578800,,,11,297,1410,70141,1222276,10760202,\n"
ORDINARY_OUT = "2018134,683316400,8486800,300000,20000,1000,500,,108495900900,0\n"


def run(monkeypatch, text: str) -> tuple[str, str, int]:
    """Output, complaints and exit code of the command on `text`."""
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO(text, newline=""))
    try:
        call_command("prize_table", "ssq", stdout=out, stderr=err, no_color=True)
    except CommandError as error:
        return out.getvalue(), f"{err.getvalue()}{error}", error.returncode
    return out.getvalue(), err.getvalue(), 0


def test_the_command_computes_all_published_draws_exactly(monkeypatch):
    """F067: the whole file through the command, compared cell by cell."""
    draws = safe_draws()
    inputs = HEADER.strip().split(",")
    text = HEADER + "".join(",".join(draw[name] for name in inputs) + "\n" for draw in draws)

    out, err, code = run(monkeypatch, text)

    computed = list(csv.DictReader(io.StringIO(out)))
    assert (err, code) == ("", 0)
    assert list(computed[0]) == [
        "issue",
        *(f"prize_{tier}_fen" for tier in range(1, 8)),
        "pool_after_fen",
        "fund_paid_fen",
    ]
    columns = ["issue", *(f"prize_{tier}_fen" for tier in range(1, 8)), "pool_after_fen"]
    assert [[row[name] for name in columns] for row in computed] == [
        [draw[name] for name in columns] for draw in draws
    ]
    paid = {row["issue"]: row["fund_paid_fen"] for row in computed if row["fund_paid_fen"] != "0"}
    assert len(paid) == 12
    assert paid["2015027"] == "2222327464"


def test_the_command_names_each_bad_line_and_loses_no_good_one(monkeypatch):
    bad = [
        ORDINARY.replace("37776736600", "377767366.00"),
        ORDINARY.replace("37776736600", ""),
        ORDINARY.replace("37776736600", "-200"),
        ORDINARY.replace(",11,", ",,"),
        ORDINARY.replace("2018134", "2003034"),
        ORDINARY.replace("2018134", "18134"),
        ORDINARY.replace(",,,11", ",1,,11"),
        ORDINARY.replace(",,,11", ",yes,,11"),
        ORDINARY.replace("10760202,", "10760202,5"),
        ORDINARY.replace("10760202,", "10760202"),
        ORDINARY.replace("2018134", "2026134"),
    ]

    out, err, code = run(monkeypatch, HEADER + ORDINARY + "".join(bad) + "\n" + ORDINARY)

    assert code == 2
    assert out.splitlines()[1:] == [ORDINARY_OUT.strip()] * 2
    assert err.splitlines() == [
        "Line 3: sales_fen is '377767366.00', not a whole number from 0 on.",
        "Line 4: sales_fen is empty.",
        "Line 5: sales_fen is '-200', not a whole number from 0 on.",
        "Line 6: winners_1 is empty.",
        "Line 7: issue '2003034' is not an issue of ssq from 2004001 on.",
        "Line 8: issue '18134' is not an issue of ssq from 2004001 on.",
        "Line 9: special_rule is 1, but 2018134 is played without a special rule.",
        "Line 10: special_rule is 'yes', not 0, 1 or empty.",
        "Line 11: winners_7 is 5, but this prize is not in force.",
        "Line 12: has 11 cells, the header has 12.",
        "Line 13: special_rule is empty, and the pool alone does not decide it.",
        "2 draws computed, 11 not; see the lines named above.",
    ]


def test_the_command_lets_the_pool_decide_an_empty_special_rule(monkeypatch):
    on = "2026048,38116310800,150511150400,,,0,128,1043,58802,1172287,8255243,8625585\n"
    off = "2026077,38116310800,29999999900,,,0,128,1043,58802,1172287,8255243,\n"

    out, _err, code = run(monkeypatch, HEADER + on + off)

    assert code == 0
    assert out.splitlines()[1] == "2026048,0,47345900,300000,20000,1000,500,500,152026220600,0"
    assert out.splitlines()[2].split(",")[7] == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The header in line 1 lacks the columns issue, sales_fen"),
        (HEADER.replace("winners_3,", ""), "The header in line 1 lacks the columns winners_3."),
        (HEADER.replace("winners_3", "winners_2"), "lacks the columns winners_3."),
        (HEADER.replace("\n", ",issue\n"), "The header in line 1 has more than one issue."),
    ],
)
def test_the_command_refuses_a_file_without_its_columns(monkeypatch, text, sentence):
    out, err, code = run(monkeypatch, text)

    assert (out, code) == ("", 2)
    assert sentence in err


def test_the_command_reads_what_spreadsheets_write(monkeypatch):
    columns = HEADER.strip().split(",")
    cells = ORDINARY.strip().split(",")
    text = "\ufeff" + ",".join(["note", *reversed(columns)]) + "\r\n"
    text += ",".join(['"a, b"', *(f" {cell} " for cell in reversed(cells))]) + "\r\n\r\n"

    out, err, code = run(monkeypatch, text)

    assert (err, code) == ("", 0)
    assert out.splitlines()[1] + "\n" == ORDINARY_OUT


def test_the_command_gives_the_header_for_no_draws(monkeypatch):
    out, err, code = run(monkeypatch, HEADER)

    assert (err, code) == ("", 0)
    assert len(out.splitlines()) == 1
