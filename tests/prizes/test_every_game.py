"""Every game from its first ticket to its last fen: all bet types sold, sealed, drawn, settled."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from zlib import crc32

import psycopg
import pytest
from django.conf import LazySettings

from accounts import drills
from audit import sequencing
from finance import ledger
from games import bets, draws, results, rule_sheets, rules
from games.models import Draw
from lottery_portal.lib.db import database_time
from prizes import comparison, drill, kits, pools
from prizes.models import Hit, Prize, PrizeSheet, TierOutcome
from sales import sealing
from sales.models import Ticket
from sales.opening import prizes_of, stakes_of
from tests import make, owner
from tests.games import brute_force, chosen
from tests.prizes.test_kits import check
from tests.samples import one_in

pytestmark = pytest.mark.django_db(transaction=True)

GAMES = sorted(rules.GAMES)
EACH = 3  # selections of each bet type
TOGETHER = 6  # selections of a ticket
RESULTS = 25  # results looked at for one in which much is won


@pytest.fixture
def files(settings: LazySettings, tmp_path: Path) -> Path:
    """A place of its own for the files of this test."""
    settings.STATE_DIR = tmp_path
    return tmp_path


def logged() -> None:
    """Everything so far has its place in a cosigned checkpoint."""
    sequencing.run_all()
    assert sequencing.cosign_latest(now=database_time())


def picked(version: rules.RuleVersion, below: chosen.Below) -> list[bets.Selection]:
    """Some selections of each bet type, with few bankers or many."""
    return [
        chosen.with_bankers(
            version,
            drill.random_bet(version, bet_type, multiplier=1 + below(3), below=below),
            below,
        )
        for bet_type in version.bet_types
        for _one in range(EACH)
    ]


def result_of(
    version: rules.RuleVersion, selections: Sequence[bets.Selection], below: chosen.Below
) -> brute_force.Line:
    """Of some results near the selections the one in which most tiers are won."""
    masks = [(one.bet_type, bets.pack(version, one)) for one in selections]

    def tiers(drawn: brute_force.Line) -> int:
        words = bets.result_masks(version, drawn)
        found: set[int] = set()
        for bet_type, packed in masks:
            found |= bets.hits(version, packed, words, special_on=False, bet_type=bet_type).keys()
        return len(found)

    near = [
        chosen.result(version, below, selections[below(len(selections))]) for _one in range(RESULTS)
    ]
    zones = [zone.code for zone in version.zones]
    near += [
        next(brute_force.lines(version, one))
        for one in selections
        if [place.code for place in version.play_of(one.bet_type).places] == zones
        and version.play_of(one.bet_type).filled is None
        and version.zones[0].drawn == version.zones[0].picked
    ][:RESULTS]
    return max(near, key=tiers)


def sold(draw: Draw, selections: Sequence[bets.Selection]) -> dict[str, Sequence[bets.Selection]]:
    """Tickets of several selections each, by their codes."""
    buyer = make.shadow_player(wallet=1_000_000_00)
    held = {}
    for at in range(0, len(selections), TOGETHER):
        some = selections[at : at + TOGETHER]
        held[make.purchase(buyer, draw, some, channel="drill").sold()[0].code] = some
    return held


def expected(
    version: rules.RuleVersion, some: Sequence[bets.Selection], drawn: brute_force.Line
) -> Mapping[str, int]:
    """What these selections win, every line looked at."""
    won: Counter[str] = Counter()
    for one in some:
        for mark, lines in brute_force.wins(version, one, drawn, special_on=False).items():
            won[mark] += lines * one.multiplier
    return won


def as_marks(version: rules.RuleVersion, won: str) -> Mapping[str, int]:
    """What a row says was won, told as `expected` tells it."""
    pairs = (part.split(":") for part in won.split(","))
    return brute_force.won_as(version, {int(tier): int(lines) for tier, lines in pairs})


@pytest.mark.slow
@pytest.mark.parametrize("game", one_in(3, GAMES))
def test_a_game_is_sold_sealed_drawn_and_settled(game, files):
    """F057, F067, F071, F230: all bet types; both engines, every line and the books to the fen."""
    draw = drill.prepare(game_code=f"{game}-drill", now=database_time())
    version = rule_sheets.version_of(draw)
    below = chosen.below_of(crc32(game.encode()))
    selections = picked(version, below)
    drawn = result_of(version, selections, below)
    before = pools.held(draw)
    tickets = sold(draw, selections)
    statement = drill.close_and_seal(draw=draw, now=database_time())
    logged()
    for official in drills.officials(now=database_time()):
        make.wait_until(Draw.objects.get(pk=draw.pk).draws_at)
        results.enter(draw=draw, official=official, numbers=drawn, now=database_time())
    drill.settle(draw=draws.find(draw.code), now=database_time())
    logged()
    done = draws.find(draw.code)

    # What was sold: by bet type, at its price, in its own words.
    stakes = {
        one.code: sum(
            bets.check(version, some).amount_fen for some in selections if some.bet_type == one.code
        )
        for one in version.bet_types
    }
    assert {code: sums["stake_fen"] for code, sums in statement.by_bet_type.items()} == stakes
    sealed = sealing.file_of(statement).read_text().splitlines()[1:]
    assert {line.split("\t")[2]: line.split("\t")[8].split(" ") for line in sealed} == {
        code: [bets.canonical(one) for one in some] for code, some in tickets.items()
    }

    # What was won: by every ticket, as looking at every line says.
    assert done.state == Draw.State.PUBLISHED
    won = {one.ticket.code: one.won for one in Prize.objects.select_related("ticket")}
    told = {code: expected(version, some, drawn) for code, some in tickets.items()}
    assert {code: as_marks(version, won[code]) for code in won} == {
        code: marks for code, marks in told.items() if marks
    }
    assert won, "nothing was won"
    prices = {one.tier: one.prize for one in TierOutcome.objects.filter(draw=draw)}
    for prize in Prize.objects.all():
        pairs = [part.split(":") for part in prize.won.split(",")]
        assert prize.amount == sum(prices[int(tier)] * int(lines) for tier, lines in pairs)

    # Where the money went, to the fen.
    sheet = PrizeSheet.objects.get(draw=draw)
    paid = sum(Prize.objects.values_list("amount", flat=True))
    assert sheet.prize_money == version.allocation.split(sum(stakes.values())).prize_fen
    assert sheet.prize_money + sheet.pools_before + sheet.fund_paid == (
        paid + sheet.pools_after + sheet.rounding_to_fund
    )
    assert pools.before(sheet) == before
    after = pools.held(done)
    assert (after.first_fen, after.other_fen) == (
        sheet.pool_after,
        {code: left for code, (_before, left) in sheet.other_pools.items()},
    )
    assert (ledger.balance(stakes_of(done)), ledger.balance(prizes_of(done))) == (0, 0)
    assert comparison.settled_differences(done) == []

    # And a stranger can check it.
    kit = kits.make(draw=done, now=database_time())
    clean = files / "elsewhere"
    clean.mkdir()
    code, said = check(kit, clean)
    assert (code, said.strip().splitlines()[-1]) == (0, "PASS"), said
    assert set(Hit.objects.values_list("ticket__code", flat=True)) == set(won)
    assert Ticket.objects.filter(draw=draw).count() == len(tickets)


COUNTED = """
WITH way AS MATERIALIZED (SELECT w.* FROM prizes_way_of(%s::jsonb->'version', %s::jsonb, %s) w)
SELECT (SELECT jsonb_object_agg(t.tier, t.lines) FROM (
            SELECT tier, sum(h.lines) AS lines
              FROM unnest(prizes_spread(way.groups, way.first_group[s.kind], way.last_group[s.kind],
                       way.size[s.kind], s.mask_1, s.mask_2, s.mask_3, s.mask_4)) WITH ORDINALITY h (lines, n),
                   LATERAL (SELECT way.outcomes[way.base[s.kind] + h.n] AS outcome) o,
                   LATERAL unnest(ARRAY[o.outcome %% 1000, o.outcome / 1000]) tier
             WHERE h.lines > 0 AND tier > 0 GROUP BY tier) t),
       way.is_quick[s.kind],
       way.outcomes[way.base[s.kind] + bit_count((s.mask_2 & way.a[s.kind])::bit(64)) * way.weight_a[s.kind]
                    + bit_count((s.mask_4 & way.b[s.kind])::bit(64)) * way.weight_b[s.kind]
                    + bit_count((s.mask_2 & way.c[s.kind])::bit(64)) * way.weight_c[s.kind]
                    + bit_count((s.mask_2 & way.d[s.kind])::bit(64)) * way.weight_d[s.kind] + 1]
  FROM way, (SELECT n, array_position(way.kinds, r->>0) AS kind, (r->>1)::bigint AS mask_1,
                    (r->>2)::bigint AS mask_2, (r->>3)::bigint AS mask_3, (r->>4)::bigint AS mask_4
               FROM way, jsonb_array_elements(%s::jsonb) WITH ORDINALITY x (r, n)) s ORDER BY s.n
"""  # noqa: E501 - SQL keeps its own lines


@pytest.mark.parametrize("game", GAMES)
def test_the_database_counts_what_every_line_says(game, full, deep):
    """F067, F071: from masks and sheet, all rules of all games; single lines quickly too.

    Of the widest bets one a game in any run, all of all versions in a full one.
    """
    versions = rules.GAMES[game].versions
    below = chosen.below_of(crc32(f"{game} counted".encode()))
    met: set[tuple[str, str]] = set()
    marks = {
        (version.code, mark)
        for version in versions
        for tier in version.tiers
        for mark in brute_force.won_as(version, {tier.number: 1})
    }
    each = 20
    turns = (100_000 if deep else 1_000 if full else 100) // each
    with owner.as_owner() as hand:
        for turn in range(4 * turns if deep else turns):
            if turn >= turns and met == marks:
                break  # what is seldom won may take more of them
            version = versions[below(len(versions))]
            some = [chosen.selection(version, below) for _one in range(each)]
            met |= _counted_alike(hand, version, some, below)
        for version in versions if full else versions[-1:]:
            for bet_type in version.bet_types if full else version.bet_types[-1:]:
                _counted_alike(hand, version, [chosen.widest(version, bet_type, below)], below)
    assert met <= marks
    assert met == marks or not deep, marks - met


def _counted_alike(
    hand: psycopg.Connection,
    version: rules.RuleVersion,
    some: Sequence[bets.Selection],
    below: chosen.Below,
) -> set[tuple[str, str]]:
    """What is won in a result near one of these, that the database and every line agree on."""
    tickets = [bets.check(version, one) for one in some]
    drawn = chosen.result(version, below, tickets[below(len(tickets))].selection)
    special_on = version.special is not None and bool(below(2))
    zones = json.dumps([dataclasses.asdict(zone) for zone in version.zones])
    assert hand.execute(
        "SELECT games_mask(z, n, 1), games_mask(z, n, 2)"
        " FROM (SELECT %s::jsonb, %s::jsonb) x(z, n)",
        [zones, json.dumps(drawn)],
    ).fetchone() == bets.result_masks(version, drawn)
    rows = [[one.selection.bet_type, *one.masks] for one in tickets]
    found = hand.execute(
        COUNTED,
        [rules.rule_sheet(version).decode(), json.dumps(drawn), special_on, json.dumps(rows)],
    ).fetchall()
    met = set()
    for one, (counted, is_quick, outcome) in zip(tickets, found, strict=True):
        told = brute_force.wins(version, one.selection, drawn, special_on=special_on)
        in_tiers = {int(tier): int(lines) for tier, lines in (counted or {}).items()}
        assert brute_force.won_as(version, in_tiers) == told, (one.selection, drawn)
        if one.lines == 1 and not any(one.masks[::2]) and is_quick:
            quickly = {tier: 1 for tier in (outcome % 1000, outcome // 1000) if tier}
            assert quickly == in_tiers, (one.selection, drawn)
        met |= {(version.code, mark) for mark in told}
    return met
