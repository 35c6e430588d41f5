"""What is published about winners: closed months, in lines of five people, for ever (F222)."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts import identity
from accounts.models import Player
from audit import reports
from audit.report_file import BOM
from games.models import Draw
from lottery_portal import jobs
from lottery_portal.lib import dates
from lottery_portal.lib.db import database_time, violated
from prizes.models import Prize, Settlement
from prizes.redemption import statistics
from prizes.winner_models import WinnerCut, WinnerFigure
from tests import make, make_claims, make_draws, people
from tests.owner import as_owner, guards_up

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

FIVE_YUAN = make.single(20, 21, 22, 23, 24, 25, blue=7)
# One first prize, one of 30,000, three of 3,000 and six of 5 yuan: eleven people.
BOUGHT = [
    make.SELECTION, make.single(1, 2, 3, 4, 5, 30, blue=7, multiplier=10),
    *[make_claims.THIRD] * 3, *[FIVE_YUAN] * 6,
]  # fmt: skip
MAY = date(2026, 5, 1)


def eleven_won() -> Draw:
    """Eleven people won in a draw of the real books, settled in May."""
    draw, players = make.shadow_draw(), []
    for selection in BOUGHT:
        player = make.shadow_player(wallet=100_00)
        make.purchase(player, draw, [selection], channel="drill")
        players.append(player)
    draw = make_draws.settled(make_draws.drawn(make_draws.sealed(draw)))
    with as_owner() as hand:
        for table in make_claims.SHADOWS:
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            also = ", verified_at = NULL" if table == "accounts_player" else ""
            hand.execute(f"UPDATE {table} SET is_shadow = false{also} WHERE is_shadow")  # noqa: S608 - our own names
        hand.execute("UPDATE games_game SET is_shadow = false WHERE id = %s", [draw.game_id])
        guards_up(hand)
    settled_on(draw, MAY)
    from_regions(players[:6], "44")
    from_regions(players[6:], "11")
    return Draw.objects.select_related("game", "rule").get(pk=draw.pk)


def settled_on(draw: Draw, day: date) -> None:
    """Time has passed since the draw was settled."""
    with as_owner() as hand:
        hand.execute("ALTER TABLE prizes_settlement DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE prizes_settlement SET done_at = %s WHERE draw_id = %s",
            [statistics.midnight(day) + timedelta(hours=22), draw.pk],
        )
        guards_up(hand)


def from_regions(players: list[Player], region: str) -> None:
    """These players are persons of a region."""
    now = database_time()
    with transaction.atomic():
        persons = [
            identity.record_person(
                name="陈小雨", citizen_id=people.citizen_id(), birth=date(1990, 1, 1), now=now
            )
            for _player in players
        ]
    with as_owner() as hand:
        for table in ("accounts_player", "accounts_personregion"):
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for player, person in zip(players, persons, strict=True):
            hand.execute(
                "UPDATE accounts_player SET person_id = %s WHERE id = %s", [person.pk, player.pk]
            )
            hand.execute(
                "UPDATE accounts_personregion SET region = %s WHERE person_id = %s",
                [region, person.pk],
            )
        guards_up(hand)


@pytest.fixture
def draw(begin):
    return begin(eleven_won)


def at(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), dates.SHANGHAI)


def written() -> list[tuple[str, str, list[str], int]]:
    rows = WinnerFigure.objects.select_related("cut").order_by("cut__kind", "cut_id", "position")
    return [(row.cut.kind, f"{row.cut.until_on}", row.keys, row.prizes) for row in rows]


def in_json_as_on_the_page(visitor: Client, draw: Draw, total: int) -> None:
    """F222, F247: the same sums, folded in the same way; a month is not told by region."""
    where = "/api/v1/winners/"
    told = visitor.get(where, {"game": draw.game.code}).json()
    assert told["periods"] == ["2026", "2026-Q2", "2026-05"]
    days = {name: told[name] for name in ("period", "since_on", "last_day", "regions_last_day")}
    assert days == {
        "period": "2026", "since_on": "2026-05-01", "last_day": "2026-05-31",
        "regions_last_day": "2026-05-31",
    }  # fmt: skip
    assert (told["prizes"], told["amount_fen"], told["fewest_people"]) == (len(BOUGHT), total, 5)
    assert [(row["above_fen"], row["up_to_fen"], row["prizes"]) for row in told["amounts"]] == [
        (0, 10_00, 6), (1_000_00, None, 5),
    ]  # fmt: skip
    assert [(row["region"], row["prizes"]) for row in told["regions"]] == [("44", 6), ("11", 5)]
    assert sum(row["amount_fen"] for row in told["regions"]) == total
    month = visitor.get(where, {"period": "2026-05"}).json()
    assert (month["regions"], month["regions_last_day"]) == ([], None)
    assert month["amounts"] == told["amounts"]
    for wrong, status in (
        ({"period": "1999"}, 404), ({"period": "x"}, 400), ({"game": "zzz"}, 404),
        ({"game": "../"}, 400),
    ):  # fmt: skip
        assert visitor.get(where, wrong).status_code == status


def test_a_closed_month_is_told_once_in_lines_of_five(draw):
    """F222: not before its end and a day, then by amount; by region when the quarter is over; page
    and file equal the rows, and name nobody. Repeated nothing is written."""
    assert statistics.close_due(now=at(date(2026, 6, 1)) + timedelta(hours=23)) == 0
    assert statistics.close_due(now=at(date(2026, 6, 2))) == 1
    assert written() == [
        ("AMOUNT", "2026-06-01", ["more", "10000000", "1000000"], 5),
        ("AMOUNT", "2026-06-01", ["1000"], 6),
    ]
    with transaction.atomic():
        jobs.enqueue("prizes.close_statistics", key="once")
    jobs.run_pending(kinds=frozenset({"prizes.close_statistics"}))
    assert statistics.close_due(now=database_time()) == 0
    regions = [row for row in written() if row[0] == "REGION"]
    assert regions == [
        ("REGION", "2026-06-01", ["44"], 6),
        ("REGION", "2026-06-01", ["11"], 5),
    ]
    assert len(written()) == 4

    total = sum(prize.amount for prize in Prize.objects.filter(draw=draw))
    found = statistics.table(since=date(2026, 1, 1), until=date(2027, 1, 1))
    assert (found.prizes, found.fen) == (len(BOUGHT), total)
    assert sum(line.fen for line in found.regions) == total
    assert [line.keys for line in found.amounts] == [("1000",), ("1000000", "10000000", "more")]
    assert statistics.table(since=date(2027, 1, 1), until=date(2028, 1, 1)).amounts == ()

    visitor = Client()
    visitor.cookies["language"] = "en"
    page = people.text(visitor.get("/winners/"))
    for part in (
        "up to 10 yuan", "above 1,000 yuan", "Guangdong", "Beijing", "2026-Q2",
        "not changed",
    ):  # fmt: skip
        assert part in page
    assert "Other regions" not in page
    for player in Player.objects.filter(pk__in=Prize.objects.values("owner")):
        assert player.code not in page
    month = people.text(visitor.get("/winners/", {"game": draw.game.code, "period": "2026-05"}))
    assert "up to 10 yuan" in month
    assert "Guangdong" not in month
    assert visitor.get("/winners/", {"period": "1999"}).status_code == 400
    in_json_as_on_the_page(visitor, draw, total)
    file = visitor.get("/winners/table.csv", {"period": "2026-Q2"})
    assert file.content.startswith(BOM)
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [row[5] for row in rows[1:]] == ["6", "5", "6", "5"]
    assert rows[1][1:3] == ["2026-05-01", "2026-05-31"]
    for place in ("/", "/transparency/"):
        assert "/winners/" in people.text(visitor.get(place))


def test_few_winners_wait_for_the_next_month_and_an_unpublished_draw_for_its_page(draw):
    """F222: nothing is told of four people, however long they wait."""
    with as_owner() as hand:
        hand.execute("ALTER TABLE prizes_prize DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE prizes_prize SET owner_id = (SELECT min(owner_id) FROM prizes_prize)"
            " WHERE owner_id IN (SELECT DISTINCT owner_id FROM prizes_prize ORDER BY 1 LIMIT 8)"
        )
        guards_up(hand)
    assert Prize.objects.values("owner").distinct().count() == 4

    assert statistics.close_due(now=database_time()) == 0
    assert not WinnerCut.objects.exists()

    with as_owner() as hand:
        hand.execute("ALTER TABLE prizes_prize DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE prizes_prize SET owner_id = (SELECT min(id) FROM accounts_player WHERE id NOT"
            " IN (SELECT owner_id FROM prizes_prize)) WHERE id = (SELECT min(id) FROM prizes_prize)"
        )
        hand.execute("ALTER TABLE games_draw DISABLE TRIGGER USER")
        hand.execute("UPDATE games_draw SET state = 'SETTLED' WHERE id = %s", [draw.pk])
        guards_up(hand)
    assert statistics.close_due(now=database_time()) == 0
    with as_owner() as hand:
        hand.execute("ALTER TABLE games_draw DISABLE TRIGGER USER")
        hand.execute("UPDATE games_draw SET state = 'PUBLISHED' WHERE id = %s", [draw.pk])
        guards_up(hand)
    assert statistics.close_due(now=database_time()) == 2
    assert [row[3] for row in written()] == [len(BOUGHT), len(BOUGHT)]


def refused(table: Any, **values: Any) -> str:
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        table.objects.create(**values)
    return violated(caught.value)


@pytest.mark.thorough
def test_the_database_lets_nobody_publish_few_or_twice(draw):
    """F222: four people, an open time, a day told twice, a line put in later, a figure changed."""
    assert statistics.close_due(now=at(date(2026, 6, 2))) == 1
    whole = {"game": draw.game, "kind": "AMOUNT", "made_at": database_time()}
    for since, until in (  # begins as a time told by amount, or ends so, and not both
        (date(2026, 5, 1), date(2026, 5, 20)),
        (date(2026, 4, 1), date(2026, 6, 1)),
    ):
        assert (
            refused(WinnerCut, **whole | {"kind": "REGION"}, since_on=since, until_on=until)
            == "winner_regions_of_whole_times"
        )
    statistics.close_due(now=database_time())
    cut = WinnerCut.objects.get(kind="AMOUNT")
    now, before = database_time(), written()

    assert refused(
        WinnerCut, **whole, since_on=date(2026, 4, 1), until_on=date(2026, 5, 2)
    ) == "winner_cuts_do_not_overlap"  # fmt: skip
    for since, until in (
        (date(2026, 7, 1), date(2026, 7, 2)),
        (date(2026, 4, 1), date(2026, 5, 1)),
    ):
        regions = {**whole, "kind": "REGION"}
        assert (
            refused(WinnerCut, **regions, since_on=since, until_on=until)
            == "winner_regions_of_whole_times"
        )
    today = dates.in_shanghai(now).date()
    assert refused(
        WinnerCut, **whole, since_on=today, until_on=today + timedelta(days=1)
    ) == "winner_cut_of_a_closed_time"  # fmt: skip
    line = {"position": 9, "keys": ["1000"], "prizes": 9, "fen": 1}
    assert refused(WinnerFigure, cut=cut, people=5, **line) == "winner_figure_with_its_cut"
    with transaction.atomic():
        other = WinnerCut.objects.create(
            **whole, since_on=date(2026, 3, 1), until_on=date(2026, 4, 1)
        )
        assert refused(WinnerFigure, cut=other, people=4, **line) == "winner_figure_of_five"
        transaction.set_rollback(True)
    for said in ("UPDATE prizes_winnerfigure SET prizes = 4", "DELETE FROM prizes_winnercut"):
        for hand in (connection.cursor, as_owner):
            with pytest.raises(Exception, match=r"denied|never change"), hand() as cursor:
                cursor.execute(said)

    assert written() == before
    assert WinnerCut.objects.count() == 2


@pytest.mark.thorough
def test_staff_read_every_cell_and_how_claims_went(draw):
    """F222: the reports equal the rows, to the fen; regulators and auditors open them."""
    known = {one.name: one for one in reports.open_to(frozenset({"auditor"}))}
    params = {"since": "2026-05-01", "until": "2026-05-31"}

    rows = list(known["prizes.winners"].rows(params))

    prizes = Prize.objects.filter(draw=draw)
    assert sum(row[5] for row in rows) == prizes.count() == len(BOUGHT)
    assert sum(row[6] for row in rows) == sum(prize.amount for prize in prizes)
    assert {row[1] for row in rows} == {"2026-05"}
    assert {row[4] for row in rows} > {1}
    assert list(known["prizes.winners"].rows({"since": "2026-06-01", "until": "2026-06-30"})) == []
    assert list(known["prizes.redemption"].rows(params)) == []
    assert not {"prizes.winners", "prizes.redemption"} & {
        one.name for one in reports.open_to(frozenset({"support", "draw_official"}))
    }
    assert Settlement.objects.filter(draw=draw, done_at__isnull=False).exists()
