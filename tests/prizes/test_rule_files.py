"""A rule that was never in the code: loaded from a file, sold, sealed, drawn, settled, verified."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest
from django.conf import LazySettings

from accounts import drills
from games import bets, draws, prize_tables, quick_pick, results, rule_sheets, rules
from games.models import Draw, SealStatement
from lottery_portal.lib.db import database_time
from prizes import comparison, drill, kits
from prizes.models import Prize, PrizeSheet, TierOutcome
from sales import quotes
from tests import make, make_rules
from tests.games import chosen
from tests.prizes.test_every_game import logged, picked, sold
from tests.prizes.test_kits import check

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("game", "document"), [("ssq", make_rules.ssq), ("fc3d", make_rules.digits)]
)
@pytest.mark.thorough
def test_a_rule_from_a_file_is_sold_sealed_settled_and_verified(
    game: str, document: Callable[[], make_rules.Document], settings: LazySettings, tmp_path: Path
):
    """F021, F067, F071, F230: new drums, prizes and bets are values; both engines and the kit."""
    settings.STATE_DIR = tmp_path
    make_rules.trusted()
    sheet = make_rules.loaded(f"{game}-drill", document(), notice="")
    draw = drill.prepare(game_code=f"{game}-drill", now=database_time())
    assert draw.rule == sheet
    version = rule_sheets.version_of(draw)
    below = chosen.below_of(crc32(sheet.code.encode()))
    selections = picked(version, below)
    assert {one.bet_type for one in selections} == {one.code for one in version.bet_types}
    drawn = chosen.result(version, below, selections[-1])
    tickets = sold(draw, selections)
    statement: SealStatement = drill.close_and_seal(draw=draw, now=database_time())
    logged()
    for official in drills.officials(now=database_time()):
        make.wait_until(Draw.objects.get(pk=draw.pk).draws_at)
        results.enter(draw=draw, official=official, numbers=drawn, now=database_time())
    drill.settle(draw=draws.find(draw.code), now=database_time())
    logged()

    assert statement.rule_digest == sheet.digest
    words = bets.result_masks(version, drawn)
    won: dict[str, Counter[int]] = {}
    for code, some in tickets.items():
        lines: Counter[int] = Counter()
        for one in some:
            found = bets.hits(
                version, bets.pack(version, one), words, special_on=False, bet_type=one.bet_type
            )
            lines += Counter({tier: count * one.multiplier for tier, count in found.items()})
        won[code] = lines
    told = {one.ticket.code: one.won for one in Prize.objects.select_related("ticket")}
    assert told == {
        code: ",".join(f"{tier}:{lines[tier]}" for tier in sorted(lines))
        for code, lines in won.items()
        if lines
    }
    assert told, "nothing was won"
    table = prize_tables.compute(
        version,
        sales_fen=statement.stake,
        pool_before_fen=PrizeSheet.objects.get(draw=draw).pool_before,
        special_on=False,
        winners={
            tier.number: sum(lines[tier.number] for lines in won.values())
            for tier in version.tiers_in_force(special_on=False)
        },
    )
    prices = {one.tier: one.prize for one in TierOutcome.objects.filter(draw=draw)}
    assert all(prices[tier] == fen for tier, fen in table.prize_fen.items() if table.winners[tier])
    assert comparison.settled_differences(draws.find(draw.code)) == []
    kit = kits.make(draw=draws.find(draw.code), now=database_time())
    clean = tmp_path / "elsewhere"
    clean.mkdir()
    exit_code, said = check(kit, clean)
    assert (exit_code, said.strip().splitlines()[-1]) == (0, "PASS"), said


@pytest.mark.slow
def test_what_the_old_rule_refuses_is_sold_by_the_new_one_and_the_other_way_round():
    """F021, F026, F033: matrix, prices and quick picks of the file hold for its draws only."""
    make_rules.trusted()
    make_rules.loaded("fc3d-drill", make_rules.digits(), notice="")
    draw = drill.prepare(game_code="fc3d-drill", now=database_time())
    version = quotes.version_of(draw.rule)
    new = quick_pick.pick(version, bet_type="back2", below=lambda _n: 0)

    quote = quotes.quote(draw=draw, selections=[new], now=database_time())

    assert (quote.lines, quote.price_fen) == (1, 3_00)
    with pytest.raises(bets.UnknownBetType):
        bets.check(rules.by_code("fc3d-2016.1"), new)
