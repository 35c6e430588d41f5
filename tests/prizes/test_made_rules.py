"""Rules that nobody decided: what the house takes, every engine reads, counts and prices alike."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from games import bets, prize_tables
from games.rules import RuleVersion
from lottery_portal.lib.errors import Refused
from tests import owner
from tests.audit import test_verifier_sheets as sheets
from tests.audit import verifier_games
from tests.audit import verifier_pieces as pieces
from tests.games import brute_force, chosen, made_sheets
from tests.prizes.test_every_game import COUNTED

SPELT = """
WITH rule AS MATERIALIZED (SELECT games_layout_of(%s::jsonb) AS layout)
SELECT sales_lines(layout, r->>0, (r->>1)::bigint, (r->>2)::bigint, (r->>3)::bigint, (r->>4)::bigint),
       convert_from(sales_selection_text(r->>0, sales_unlike_plain(layout), (r->>1)::bigint, (r->>2)::bigint,
           (r->>3)::bigint, (r->>4)::bigint, (r->>5)::integer, (r->>6)::boolean), 'UTF8')
  FROM rule, jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS x(r, n) ORDER BY n
"""  # noqa: E501 - SQL keeps its own lines
EACH = 8


@pytest.mark.parametrize("case", sheets.CONTRADICTIONS)
def test_what_the_second_engine_refuses_the_house_refuses(case):
    """F021, F071: a rule that cannot be settled is not loaded."""
    facts = sheets.CONTRADICTIONS[case][0]()
    raw = pieces.canonical(facts)

    with pytest.raises(Refused):
        made_sheets.read(raw)


def tickets_of(version: RuleVersion, below: chosen.Below) -> list[bets.CheckedSelection]:
    found = []
    for _one in range(EACH):
        with suppress(Refused):
            found.append(bets.check(version, chosen.selection(version, below)))
    return found


@pytest.mark.django_db(transaction=True)
def test_made_up_rules_are_read_alike_by_every_engine(full, deep):
    """F021, F067, F071, N04: lines, spelling, winning lines and money; masks, SQL, text."""
    count = 4_000 if deep else 400 if full else 30
    looked_at = won = 0
    with owner.as_owner() as hand:
        for at, (raw, version) in zip(range(count), made_sheets.sheets(20261122), strict=False):
            sheet = pieces.part("sheet").read_sheet(raw)  # never refused
            below = chosen.below_of(at)
            tickets = tickets_of(version, below)
            if tickets:
                won += _are_counted_alike(hand, (raw, sheet, version), tickets, below)
            looked_at += len(tickets)
            _is_priced_alike(sheet, version, below)
    assert looked_at > count
    assert won > count


def _are_counted_alike(
    hand: psycopg.Connection[Any],
    rule: tuple[bytes, Any, RuleVersion],
    tickets: Sequence[bets.CheckedSelection],
    below: chosen.Below,
) -> int:
    """How many of them win; what they win is the same for masks, for SQL and for the text."""
    raw, sheet, version = rule
    drawn = chosen.result(version, below, tickets[below(len(tickets))].selection)
    special_on = version.special is not None and bool(below(2))
    reader = pieces.part("lines").Reader(sheet, draw="x", numbers=drawn, special_on=special_on)
    zones = json.dumps([dataclasses.asdict(zone) for zone in version.zones])
    words = hand.execute(
        "SELECT games_mask(z, n, 1), games_mask(z, n, 2)"
        " FROM (SELECT %s::jsonb, %s::jsonb) x(z, n)",
        [zones, json.dumps(drawn)],
    ).fetchone()
    assert words == bets.result_masks(version, drawn)
    rows = [
        [one.selection.bet_type, *one.masks, one.selection.multiplier, one.selection.quick_pick]
        for one in tickets
    ]
    spelt = hand.execute(SPELT, [raw.decode(), json.dumps(rows)]).fetchall()
    counted = hand.execute(
        COUNTED, [raw.decode(), json.dumps(drawn), special_on, json.dumps(rows)]
    ).fetchall()
    winning = 0
    for one, said, (in_sql, is_quick, outcome) in zip(tickets, spelt, counted, strict=True):
        chosen_here, where = one.selection, (one.selection, drawn, raw)
        text = bets.canonical(chosen_here)
        hits = bets.hits(
            version, one.masks, words, special_on=special_on, bet_type=chosen_here.bet_type
        )
        times = chosen_here.multiplier
        assert one.lines == len(list(brute_force.lines(version, chosen_here))), where
        assert said == (one.lines, text), where
        assert {int(tier): int(lines) for tier, lines in (in_sql or {}).items()} == hits, where
        if one.lines == 1 and not any(one.masks[::2]) and is_quick:
            quickly = {tier: 1 for tier in (outcome % 1000, outcome // 1000) if tier}
            assert quickly == hits, where
        wins = tuple((tier, lines * times) for tier, lines in sorted(hits.items()))
        found = reader.selection(text.encode())
        assert found == (chosen_here.bet_type, one.lines, one.amount_fen, wins), where
        assert reader._single(text.encode()) in (None, found), where
        winning += bool(wins)
    return winning


def _is_priced_alike(sheet: Any, version: RuleVersion, below: chosen.Below) -> None:
    asked = verifier_games.money_of_a_draw(version, below)
    table = prize_tables.compute(version, sales_fen=sum(asked["sales_by_play"].values()), **asked)
    given = pieces.part("sheet").SettlementInput(
        draw="some-1",
        numbers=(),
        special_on=asked["special_on"],
        pools_before_fen=(asked["pool_before_fen"], *asked["other_pools"].values()),
    )
    priced = pieces.part("pricing").price(
        sheet, given, sales=asked["sales_by_play"], lines=asked["winners"]
    )
    (_code, _before, first), *others = priced.pools

    assert (
        table.prize_money_fen,
        table.pool_after_fen,
        table.fund_paid_fen,
        table.rounding_to_fund_fen,
        table.special_on_next,
        dict(table.prize_fen),
        dict(table.other_pools),
    ) == (
        priced.prize_money_fen,
        first,
        priced.fund_paid_fen,
        priced.rounding_fen,
        priced.special_next,
        dict(priced.prize_fen),
        {code: (before, after) for code, before, after in others},
    )
    assert min(table.rounding_to_fund_fen, table.pool_after_fen) >= 0
    assert table.money_in_fen == table.money_out_fen
