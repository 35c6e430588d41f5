"""The prize tables of all games against the announcements: every safe draw to the fen."""

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from games import prize_tables, reproduced, rules

DATA = Path(__file__).parents[1] / "data"
SHIPPED = Path(reproduced.__file__).parent / "data" / "reproduced_draws.md"
VECTORS = json.loads((DATA / "announced_vectors.json").read_text(encoding="utf-8"))


# Prizes that the rules do not have: the share of a first prize that nobody won, a promotion.
ANNOUNCED_OTHERWISE = {
    "qlc": {"2017120": {"prize_1_fen": ("160966500", "0")}},
    "dlt": {"22049": {"prize_3z_fen": ("500000", "0")}},
}


def safe_draws(game: str) -> list[dict[str, str]]:
    with (DATA / f"{game}_safe_draws.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(monkeypatch, game: str, text: str) -> list[dict[str, str]]:
    """What the command answers to this input; it must answer to all of it."""
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO(text, newline=""))
    call_command("prize_table", game, stdout=out, stderr=err, no_color=True)
    assert err.getvalue() == ""
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def as_input(rows: list[dict[str, str]]) -> str:
    """Rows as CSV, with every column they have."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize(("game", "count"), [("dlt", 840), ("qlc", 2_531), ("qxc", 29)])
def test_the_command_computes_all_safe_draws_exactly(monkeypatch, game, count):
    """F067: prizes of every tier and the pool, cell by cell, through the command."""
    rows = safe_draws(game)

    computed = run(monkeypatch, game, as_input(rows))

    prizes = [name for name in rows[0] if name.startswith("prize_")]
    assert list(computed[0]) == ["issue", *prizes, "pool_after_fen", "fund_paid_fen"]
    wrong = {
        row["issue"]: {name: (row[name], told[name]) for name in told if name in row
                       and (row[name] or "0") != (told[name] or "0")}
        for row, told in zip(rows, computed, strict=True)
        if any((row[name] or "0") != (told[name] or "0") for name in (*prizes, "pool_after_fen"))
    }  # fmt: skip
    assert wrong == ANNOUNCED_OTHERWISE.get(game, {})
    assert len(rows) == count


@pytest.mark.parametrize(
    "vector", VECTORS, ids=lambda vector: f"{vector['game']}-{vector['issue']}"
)
def test_edge_cases_come_out_as_announced(vector):
    """F067: caps, minimum, deficits, top-ups, the special rule, additional bets, two pools."""
    version = rules.version_for(game=vector["game"], issue=vector["issue"])
    tiers = {tier.mark: tier.number for tier in version.tiers}
    if len(version.pools) > 1:
        assert conserved(version, vector)
        return

    table = prize_tables.compute(
        version,
        sales_fen=vector["sales_fen"],
        pool_before_fen=vector["pool_before_fen"],
        special_on=vector.get("special_rule") == "1",
        winners={tiers[mark]: n for mark, n in vector["winners"].items() if mark in tiers},
        fund_topup_fen=vector.get("fund_topup_fen", 0),
    )

    prizes = dict.fromkeys(version.announced_besides, 0)
    prizes |= {version.tier(number).mark: fen for number, fen in table.prize_fen.items()}
    assert prizes == vector["prize_fen"]
    assert table.pool_after_fen == vector["pool_after_fen"]
    assert table.money_in_fen == table.money_out_fen


def conserved(version: rules.RuleVersion, vector: dict[str, Any]) -> bool:
    """F067: what both pools grew by and all prizes are exactly the prize money."""
    fixed = {tier.mark: tier.fixed_fen for tier in version.tiers if tier.fixed_fen is not None}
    assert fixed.items() <= vector["prize_fen"].items()
    grown = vector["pool_after_fen"] - vector["pool_before_fen"]
    grown += vector["fixed_pool_after_fen"] - vector["fixed_pool_before_fen"]
    paid = sum(n * vector["prize_fen"][mark] for mark, n in vector["winners"].items())
    return bool(grown + paid == version.allocation.split(vector["sales_fen"]).prize_fen)


def test_the_money_of_both_pools_of_keno_closes_in_every_published_draw():
    """F067: 31 of 31 draws, to the fen, and every fixed prize as the table has it."""
    version = rules.by_code("kl8-2025.1")
    rows = safe_draws("kl8")

    assert [row["issue"] for row in rows if reproduced.differences(version, row)] == []
    assert len(rows) == 31


@pytest.mark.thorough
def test_the_shipped_table_says_what_the_report_says():
    """F073: game, era, exact of all announced draws, and the reason for each of the others."""
    out = io.StringIO()
    call_command("reproduced_draws", stdout=out)

    assert SHIPPED.read_text(encoding="utf-8").partition("\n\n")[2].startswith(out.getvalue())
    assert reproduced.UNEXPLAINED not in out.getvalue()
    assert "| ssq | ssq-2018.1 | 1,082 | 1,082 | – |" in out.getvalue()
    assert "| dlt | dlt-2019.1 | 801 | 783 |" in out.getvalue()


def test_a_draw_that_differs_is_reported_and_not_counted(tmp_path):
    row = safe_draws("qxc")[0]
    wrong = row | {"pool_after_fen": str(int(row["pool_after_fen"]) + 1)}
    (tmp_path / "qxc_safe_draws.csv").write_text(as_input([row, wrong]), encoding="utf-8")

    (era,) = reproduced.eras(tmp_path)

    assert (era.draws, era.exact, dict(era.why)) == (2, 1, {"not explained": 1})


def test_a_folder_without_announcements_is_refused(tmp_path):
    with pytest.raises(CommandError, match="no announced draws"):
        call_command("reproduced_draws", str(tmp_path))


def test_additional_winners_beyond_the_winners_are_named_as_a_bad_line(monkeypatch):
    row = safe_draws("dlt")[0] | {"winners_1": "0", "winners_1z": "1"}
    monkeypatch.setattr(sys, "stdin", io.StringIO(as_input([row]), newline=""))
    err = io.StringIO()

    with pytest.raises(CommandError):
        call_command("prize_table", "dlt", stdout=io.StringIO(), stderr=err, no_color=True)

    assert "Line 2: 1z is won by lines that win 1 only." in err.getvalue()
