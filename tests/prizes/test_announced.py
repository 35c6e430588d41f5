"""Draws that pay what the issuer announces, from the sale to the last fen and the kit."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import LazySettings

from audit import alarms, sequencing
from finance import ledger
from games import announced, draws
from games.models import Announcement, Draw
from lottery_portal.lib.db import database_time
from prizes import as_announced, comparison, drill, kits, pools, settlement
from prizes.models import EngineRun, Prize, PrizeSheet, Settlement
from sales.opening import prizes_of, stakes_of
from tests import make, make_announced
from tests.make_announced import WINNERS
from tests.prizes.test_kits import check

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = make.single(1, 2, 3, 4, 5, 6, blue=8)
SIXTH = make.single(8, 9, 10, 11, 12, 13, blue=7)
NOTHING = make.single(8, 9, 10, 11, 12, 13, blue=9)


@pytest.fixture
def files(settings: LazySettings, tmp_path: Path) -> Path:
    """A place of its own for the files of this test."""
    settings.STATE_DIR = tmp_path
    return tmp_path


def logged() -> None:
    """Everything so far has its place in a cosigned checkpoint."""
    sequencing.run_all()
    assert sequencing.cosign_latest(now=database_time())


@pytest.fixture
def issuer() -> make_announced.Issuer:
    return make_announced.registered()


def test_a_draw_pays_what_its_issuer_announces(files, issuer):
    """F067, F073: both engines by the announcement; the issuer's money to the fen; the kit."""
    draw = make_announced.on_sale()
    assert draw.mode == Draw.Mode.ANNOUNCED
    before = pools.held(draw), ledger.balance(pools.fund_of(draw.game))
    make_announced.sold(draw, SECOND, SIXTH, NOTHING)
    held = make_announced.sealed(draw)
    logged()
    held = make_announced.confirmed(held)
    text = make_announced.body(held)
    said = make_announced.imported(held, issuer, text)
    assert (said.differences, said.source, said.edition) == ([], "FILE", 1)

    drill.settle(draw=draws.find(draw.code), now=database_time())
    logged()

    second = announced.told_by(said).tiers[1].prize_fen
    assert second is not None
    assert {one.amount for one in Prize.objects.filter(draw=draw)} == {second, 5_00}
    sheet = PrizeSheet.objects.get(draw=draw)
    assert (sheet.issuer_paid, sheet.issuer_owed) == (second + 5_00, 6_00 * 49 // 100)
    assert (sheet.pool_before, sheet.pool_after, sheet.fund_paid) == (0, 0, 0)
    # The fund's share went to the issuer at the seal; pool and fund of the house did not move.
    assert ledger.balance(pools.issuer_of(draw.game)) == 2_94 + 12 - second - 5_00
    assert (pools.held(draw), ledger.balance(pools.fund_of(draw.game))) == before
    assert (ledger.balance(stakes_of(draw)), ledger.balance(prizes_of(draw))) == (0, 0)
    assert comparison.settled_differences(draws.find(draw.code)) == []
    assert ledger.verify_books() == []

    # What is published is the issuer's, under his name.
    told = Announcement.objects.get(draw=draw)
    assert (told.sales, told.tiers[0]["winners"]) == (make_announced.SALES, WINNERS[1])
    assert told.source == announced.issuer_name(held)

    # And a stranger can check it.
    kit = kits.make(draw=draws.find(draw.code), now=database_time())
    clean = files / "elsewhere"
    clean.mkdir()
    code, output = check(kit, clean)
    assert code == 0, output
    assert f"the announcement {said.digest} is signed by {issuer.key_id}" in output


def test_a_difference_stops_the_draw_until_two_people_decide(files, issuer):
    """F067: halted with an alarm; decided with a reason, which stands in the result file."""
    held = make_announced.on_sale()
    make_announced.sold(held, SIXTH)
    held = make_announced.confirmed(make_announced.sealed(held))
    said = make_announced.imported(held, issuer, make_announced.body(held, prizes={3: 3_001_00}))
    assert [row["tier"] for row in said.differences] == ["3"]
    drill.write_minutes(draw=held, now=database_time())

    with pytest.raises(as_announced.NotAsAnnounced):
        settlement.begin(draw=held, now=database_time())

    halted = Settlement.objects.get(draw=held)
    assert (halted.state, halted.chunks) == ("HALTED", 0)
    assert {one.kind for one in alarms.open_now()} >= {announced.DIFFERS, settlement.HALTED}
    assert not EngineRun.objects.filter(draw=held).exists()
