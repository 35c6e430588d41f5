"""Draws that pay what the issuer announces, from the sale to the last fen and the kit."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, transaction

from accounts import drills
from audit import alarms, approvals, log, sequencing, trail
from finance import ledger
from games import announced, bets, draws, issuer_file, rule_sheets
from games.models import Announcement, DifferenceDecision, Draw, IssuerAnnouncement
from lottery_portal.jobs.models import Job
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time, violated
from prizes import (
    as_announced,
    comparison,
    drill,
    kits,
    pools,
    publication,
    result_file,
    settlement,
)
from prizes.models import EngineRun, Prize, PrizeSheet, Settlement
from sales import draw_cancellation, offers
from sales.opening import prizes_of, stakes_of
from tests import crash, make, make_announced, owner, people
from tests.games import chosen
from tests.make_announced import WINNERS
from tests.prizes.test_every_game import result_of
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


ISSUER = make_announced.Issuer()


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
    assert offers.pool_of(draw.game, draw=draws.find(draw.code)) == told.pool

    # And a stranger can check it.
    kit = kits.make(draw=draws.find(draw.code), now=database_time())
    clean = files / "elsewhere"
    clean.mkdir()
    code, output = check(kit, clean)
    assert code == 0, output
    assert f"the announcement {said.digest} is signed by {issuer.key_id}" in output


def ready(*selections: bets.Selection) -> Draw:
    """A confirmed draw of announced prizes with its minutes, that waits for the announcement."""
    draw = make_announced.on_sale()
    make_announced.sold(draw, *selections)
    confirmed = make_announced.confirmed(make_announced.sealed(draw))
    drill.write_minutes(draw=confirmed, now=database_time())
    return confirmed


def waiting() -> Draw:
    """A draw with one small prize that waits for the announcement of a registered issuer."""
    make_announced.registered()
    return ready(SIXTH)


def waiting_without_tickets() -> Draw:
    """The same, and nobody bought anything."""
    make_announced.registered()
    return ready()


def decided(draw: Draw, reason: str = "发行中心书面确认按公告金额派发") -> str:
    """Two people decide that it is paid as announced; the approval's code."""
    maker, checker = people.member("compliance").user, people.member("approver").user
    asked = announced.ask_for_decision(draw=draw, reason=reason, maker=maker, now=database_time())
    approvals.decide(code=asked.code, checker=checker, approve=True, reason="", now=database_time())
    return asked.code


def test_a_draw_waits_for_its_announcement(begin):
    """F070: nothing begins without, nothing is halted, and the clock asks when it is here."""
    draw = begin(waiting)

    with pytest.raises(as_announced.AnnouncementMissing):
        settlement.begin(draw=draw, now=database_time())
    settlement.ask_due(now=database_time())

    assert not Settlement.objects.exists()
    assert not Job.objects.filter(kind="prizes.begin_settlement").exists()
    make_announced.imported(draw, ISSUER, make_announced.body(draw))
    settlement.ask_due(now=database_time())
    assert Job.objects.filter(kind="prizes.begin_settlement").count() == 1


def test_a_difference_stops_the_draw_until_two_people_decide(files, begin):
    """F067: halted with an alarm; decided with a reason, which stands in result file and kit."""
    held = begin(waiting)
    said = make_announced.imported(held, ISSUER, make_announced.body(held, prizes={6: 6_00}))
    assert [row["tier"] for row in said.differences] == ["6"]

    for _again in range(2):
        with pytest.raises(as_announced.NotAsAnnounced):
            settlement.begin(draw=held, now=database_time())

    halted = Settlement.objects.get(draw=held)
    assert (halted.state, halted.chunks) == ("HALTED", 0)
    assert {one.kind for one in alarms.open_now()} >= {announced.DIFFERS, settlement.HALTED}
    assert not EngineRun.objects.filter(draw=held).exists()
    approval = decided(held)
    assert [one.draw for one in as_announced.cleared()] == [held]

    logged()
    settlement.run(draw=draws.find(held.code), now=database_time())
    publication.publish(draw=draws.find(held.code), now=database_time())
    logged()

    assert Prize.objects.get(draw=held).amount == 6_00
    run = EngineRun.objects.get(draw=held, engine=2)
    assert (
        f"announced\t{said.digest}\t{approval}\t98\t600\n" in result_file.file_of(run).read_text()
    )
    assert list(alarms.open_now()) == []
    noted = trail.read(trail.Filters(action="games.difference_decided")).get()
    assert json.loads(noted.body)["reason"] == "发行中心书面确认按公告金额派发"
    assert Announcement.objects.get(draw=held).note.startswith("Paid as announced")
    kit = kits.make(draw=draws.find(held.code), now=database_time())
    clean = files / "elsewhere"
    clean.mkdir()
    code, output = check(kit, clean)
    assert code == 0, output
    assert f"NOTE: paid as announced by decision {approval}" in output


def test_one_person_does_not_decide_alone(begin):
    """F067: neither by himself nor without a reason; another edition makes it void."""
    held = begin(waiting_without_tickets)
    make_announced.imported(held, ISSUER, make_announced.body(held, prizes={6: 6_00}))
    maker, checker = people.member("compliance").user, people.member("approver").user
    with pytest.raises(announced.DecisionReasonMissing):
        announced.ask_for_decision(draw=held, reason="ok", maker=maker, now=database_time())
    asked = announced.ask_for_decision(
        draw=held, reason="as the issuer says", maker=maker, now=database_time()
    )
    with pytest.raises(approvals.OnePerson):
        approvals.decide(
            code=asked.code, checker=maker, approve=True, reason="", now=database_time()
        )
    make_announced.imported(held, ISSUER, make_announced.body(held, prizes={6: 7_00}))

    with pytest.raises(announced.OtherEdition):
        approvals.decide(
            code=asked.code, checker=checker, approve=True, reason="", now=database_time()
        )

    assert not DifferenceDecision.objects.exists()
    assert announced.lacks(held) == announced.DECISION


@pytest.mark.thorough
def test_a_corrected_edition_lets_a_halted_draw_go_on(begin):
    """F074: the old edition stays to be seen, and the draw is paid by the new one."""
    held = begin(waiting)
    make_announced.imported(held, ISSUER, make_announced.body(held, prizes={6: 6_00}))
    with pytest.raises(as_announced.NotAsAnnounced):
        settlement.begin(draw=held, now=database_time())

    make_announced.imported(held, ISSUER, make_announced.body(held))
    settlement.run(draw=held, now=database_time())
    publication.publish(draw=draws.find(held.code), now=database_time())

    assert Prize.objects.get(draw=held).amount == 5_00
    assert "Edition 2 counts" in Announcement.objects.get(draw=held).note
    assert [one.edition for one in announced.editions(held)] == [2, 1]
    with pytest.raises(announced.AnnouncementTooEarly):
        make_announced.imported(held, ISSUER, make_announced.body(held, prizes={6: 8_00}))


def test_more_winners_than_were_announced_pay_nobody(files, issuer):
    """F071: engine two refuses; another edition clears it, in another attempt."""
    held = ready(SECOND, SIXTH)
    nobody = {**make_announced.WINNERS, 2: 0}
    make_announced.imported(held, issuer, make_announced.body(held, winners=nobody))

    with pytest.raises(settlement.EnginesDiffer, match="0 were announced"):
        settlement.run(draw=held, now=database_time())

    assert not Prize.objects.exists()
    make_announced.imported(held, issuer, make_announced.body(held))
    settlement.run(draw=held, now=database_time())
    assert Settlement.objects.get(draw=held).attempt == 2
    assert comparison.settled_differences(draws.find(held.code)) == []


def test_the_database_settles_nothing_that_is_not_announced(begin):
    """F067: neither without announcement nor with an undecided difference; then no other comes."""
    held = begin(waiting_without_tickets)

    def count() -> None:
        Settlement.objects.create(
            draw=held, chunks=0, begun_at=database_time(), wallet_up_to=0, taxed_above=0
        )

    for text in (None, make_announced.body(held, prizes={6: 6_00})):
        if text:
            make_announced.imported(held, ISSUER, text)
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            count()
        assert violated(refused.value) == "settlement_as_announced"
    make_announced.imported(held, ISSUER, make_announced.body(held))
    count()
    with pytest.raises(announced.BeingPaid):
        make_announced.imported(held, ISSUER, make_announced.body(held, prizes={6: 7_00}))
    assert len(announced.editions(held)) == 2


@pytest.mark.parametrize(
    "deed",
    [
        "amount",
        "decision",
        pytest.param("differences", marks=pytest.mark.thorough),
        pytest.param("signature", marks=pytest.mark.thorough),
    ],
)
def test_whoever_changes_an_announcement_past_every_fence_is_named(begin, deed):
    """F210, N13: before anybody is paid, and at night; the words are signed and logged."""
    held = begin(waiting)
    said = make_announced.imported(held, ISSUER, make_announced.body(held, prizes={6: 6_00}))
    decided(held)
    logged()
    body = said.body.replace('"prize_fen":600', '"prize_fen":900')
    changes: dict[str, tuple[str, list[object], str]] = {
        "amount": (
            "UPDATE games_issuerannouncement SET body = %s, digest = %s",
            [body, hashlib.sha256(body.encode()).hexdigest()],
            "issuer_announcement",
        ),
        "differences": (
            "UPDATE games_issuerannouncement SET differences = '[{}]'", [], "issuer_announcement",
        ),
        "signature": (
            "UPDATE games_issuerannouncement SET signature = reverse(signature)",
            [],
            "issuer_announcement",
        ),
        "decision": (
            "UPDATE games_differencedecision SET reason = 'another'", [], "difference_decision",
        ),
    }  # fmt: skip
    statement, values, kind = changes[deed]
    with owner.as_owner() as hand:
        for table in ("games_issuerannouncement", "games_differencedecision"):
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        hand.execute(statement, values)
        for table in ("games_issuerannouncement", "games_differencedecision"):
            hand.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        owner.guards_up(hand)

    with pytest.raises(settlement.NotWhatWasSealed):
        settlement.begin(draw=held, now=database_time())

    assert not Prize.objects.exists()
    assert (kind, "changed") in {
        (one.kind, one.what) for one in log.differences(now=database_time())
    }


@pytest.mark.thorough
def test_a_settlement_by_announcement_cut_off_anywhere_ends_the_same(files, issuer, deep):
    """F070: each step is done in a process of its own, killed at its middle, and done again."""
    held = ready(SECOND, SIXTH, NOTHING)
    text = make_announced.body(held)
    now = database_time()
    official = drills.officials(now=now)[0]
    raw = issuer.file(text)

    def import_it() -> None:
        if announced.current(held) is None:
            announced.import_file(
                draw=held, raw=raw, file_name="a.json", actor=official, now=database_time()
            )

    def settle() -> None:
        settlement.run(draw=draws.find(held.code), now=database_time())

    for deed in (import_it, settle):
        for step in (3, 9, 17, 30, 60, 90) if deep else (9, 60):
            crash.killed_at(step, before=bool(step % 2), deed=deed)
        deed()

    assert IssuerAnnouncement.objects.count() == 1
    done = draws.find(held.code)
    assert comparison.settled_differences(done) == []
    assert ledger.balance(prizes_of(done)) == 0
    assert ledger.verify_books() == []
    sheet = PrizeSheet.objects.get(draw=done)
    assert sheet.issuer_paid == sum(Prize.objects.values_list("amount", flat=True))


def test_a_cancelled_draw_takes_back_what_the_issuer_was_given():
    """F075: the fund's share comes back from the issuer's account, and every ticket is refunded."""
    draw = make_announced.on_sale()
    make_announced.sold(draw, SIXTH, NOTHING)
    drill.close_and_seal(draw=draw, now=database_time())
    assert ledger.balance(pools.issuer_of(draw.game)) == 8

    draw_cancellation.cancel_drill(draw=draws.find(draw.code), reason="x", now=database_time())
    draw_cancellation.run(draw=draws.find(draw.code), now=database_time())

    assert ledger.balance(pools.issuer_of(draw.game)) == 0
    assert ledger.balance(stakes_of(draw)) == 0
    assert ledger.verify_books() == []


@pytest.mark.parametrize(
    "game",
    [
        "kl8",
        pytest.param("dlt", marks=pytest.mark.thorough),
        pytest.param("fc3d", marks=pytest.mark.thorough),
    ],
)
def test_other_games_are_settled_by_announcement(files, game):
    """F062, F067: additional bets, several pools, games of fixed prizes; typed by two people."""
    draw = make_announced.on_sale(game)
    version = rule_sheets.version_of(draw)
    below = chosen.below_of(7)
    selections = [drill.random_bet(version, one, below=below) for one in version.bet_types[:6]]
    make_announced.sold(draw, *selections)
    held = make_announced.sealed(draw)
    numbers = [sorted(zone) for zone in result_of(version, selections, below)]
    held = make_announced.confirmed(held, numbers)
    fixed = {tier.number: (10_000, tier.fixed_fen or 1_000_00) for tier in version.tiers}
    body = issuer_file.compose(
        version, game=draw.game.code, issue=draw.issue, numbers=numbers, special_on=False,
        drawn_on=in_shanghai(held.draws_at).date(), tiers=fixed, pool_before_fen=0,
    )  # fmt: skip
    for official in drills.officials(now=database_time()):
        announced.type_in(draw=held, official=official, body=body, now=database_time())

    drill.settle(draw=draws.find(draw.code), now=database_time())

    done = draws.find(draw.code)
    assert Prize.objects.filter(draw=done).exists()
    assert comparison.settled_differences(done) == []
    assert ledger.balance(prizes_of(done)) == 0
