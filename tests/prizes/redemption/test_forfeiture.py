"""What nobody claims goes to the welfare fund, once, and the register says so (F082, F220, N10)."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts.models import Message
from audit import reports, trail
from audit.models import TrailRecord
from finance import invariants, ledger
from finance.ledger import EntryKind, Move
from finance.models import InvariantRun
from lottery_portal import jobs
from lottery_portal.lib.db import database_time, violated
from prizes import winding_up
from prizes.claim_models import PrizeEnd
from prizes.redemption import forfeiture
from prizes.redemption import lapsing as counter
from tests import crash, people
from tests.at_once import at_once
from tests.owner import as_owner

from . import lapsing

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

DAY = timedelta(days=1)
MOST_STEPS = 200  # of a round


@pytest.fixture
def draw(begin):
    return begin(lapsing.seven_wait)


@pytest.fixture
def over(draw):
    """Their last day was yesterday."""
    lapsing.last_day_is(draw, lapsing.today() - DAY)
    return draw


def money(draw) -> tuple[int, int]:
    """What is set aside, and what the fund got of lapsed prizes."""
    fund = f"welfare:{draw.game.code}"
    return ledger.balance(f"unclaimed:{draw.code}"), ledger.taken(fund, kind=EntryKind.FORFEIT)


def all_is_right(draw) -> None:
    """What ended is in the fund, what waits is set aside; the books are in order."""
    ended = PrizeEnd.objects.filter(prize__draw=draw)
    waiting = sum(one.amount for one in lapsing.prizes_of(draw) if not hasattr(one, "end"))
    assert money(draw) == (waiting, sum(one.amount for one in ended))
    found, _upto = invariants.look(extent=InvariantRun.Extent.FULL)
    names = {"forfeited_is_in_the_fund", "open_prizes_are_set_aside"}
    assert {one.name for one in found if one.holds} >= names
    assert ledger.verify_books() == []


def test_what_lapsed_goes_to_the_fund_once(draw):
    """F082: nothing on the last day, all of it after; repeated the same; the winner is told."""
    prizes = lapsing.prizes_of(draw)
    total = sum(one.amount for one in prizes)
    lapsing.last_day_is(draw, lapsing.today())
    assert (forfeiture.forfeit_due(), money(draw)) == (0, (total, 0))

    lapsing.last_day_is(draw, lapsing.today() - DAY)
    with transaction.atomic():
        jobs.enqueue("prizes.forfeit_due", key="once")
    jobs.run_pending(kinds=frozenset({"prizes.forfeit_due"}))

    assert money(draw) == (0, total)
    assert forfeiture.forfeit_due() == 0
    for prize in prizes:
        end = PrizeEnd.objects.get(prize=prize)
        assert (end.kind, end.amount, end.tax, end.claim) == ("FORFEITED", prize.amount, 0, None)
        entry = ledger.entry_of(f"forfeit:{prize.ticket.code}")
        assert entry is not None
        assert ledger.moved_to(entry, target=f"welfare:{draw.game.code}") == prize.amount
    told = Message.objects.filter(user=prizes[0].owner.user, kind=forfeiture.FORFEITED)
    assert told.count() == lapsing.SEVEN
    all_is_right(draw)
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        lapsing.claimed(prizes[0])
    assert caught.value.diag.constraint_name == "claim_in_time"
    page = people.text(
        people.in_english(prizes[0].owner.user).get(f"/prizes/{prizes[0].ticket.code}/deadline/")
    )
    assert "This prize has lapsed." in page
    reader = people.in_english(prizes[0].owner.user)
    assert "What you got" not in people.text(reader.get(f"/prizes/{prizes[0].ticket.code}/"))


def test_a_claim_keeps_the_prize_until_it_is_refused(over, draw):
    """F082: opened in time it goes its way; what is refused later lapses then."""
    first, second, *_rest = lapsing.prizes_of(draw)
    lapsing.last_day_is(draw, lapsing.today())
    claim, other = lapsing.claimed(first), lapsing.claimed(second)
    lapsing.last_day_is(draw, lapsing.today() - DAY)

    assert forfeiture.forfeit_due() == lapsing.SEVEN - 2
    with as_owner() as hand:
        hand.execute("UPDATE prizes_claim SET state = 'REFUSED' WHERE id = %s", [claim])
    assert forfeiture.forfeit_due() == 1

    assert not PrizeEnd.objects.filter(prize=second).exists()
    assert other
    all_is_right(draw)


def test_the_database_forfeits_nothing_before_its_time(draw):
    """F082: neither by its function, nor by a row or an entry beside it."""
    prize = lapsing.prizes_of(draw)[0]
    before = money(draw)
    assert not lapsing.asked_of_sql("prizes_forfeit(%s)", prize.pk)
    with as_owner() as hand, pytest.raises(psycopg.errors.CheckViolation) as caught:
        hand.execute(
            "INSERT INTO prizes_prizeend (prize_id, kind, amount, tax, net, entry_reference,"
            " ended_at) VALUES (%s, 'FORFEITED', %s, 0, %s, 'x', now())",
            [prize.pk, prize.amount, prize.amount],
        )
    assert caught.value.diag.constraint_name == "prize_forfeited_after_its_time"
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        ledger.post(
            reference="forfeit:x",
            kind=EntryKind.FORFEIT,
            moves=[Move(f"unclaimed:{draw.code}", f"welfare:{draw.game.code}", prize.amount)],
        )
    assert violated(refused.value) == "prize_ends_in_the_books"
    assert money(draw) == before
    with connection.cursor() as cursor:
        for table in ("prizes_prizeend", "prizes_claim"):
            cursor.execute("SELECT has_table_privilege(%s, 'INSERT,UPDATE,DELETE')", [table])
            assert cursor.fetchone() == (False,)


def test_many_rounds_at_once_forfeit_each_prize_once(over, draw):
    """F082: however many clocks ring."""
    done = at_once([forfeiture.forfeit_due] * 4)

    assert sum(one for one in done if isinstance(one, int)) + forfeiture.forfeit_due() >= 7
    assert PrizeEnd.objects.count() == lapsing.SEVEN
    all_is_right(draw)


def test_cut_off_anywhere_it_ends_the_same(over, draw, deep):
    """F082: killed before or after any statement and commit, then done again.

    What was cut off left nothing behind: so one house does for every point, up to the commit.
    """
    points = [(step, before) for step in range(1, MOST_STEPS) for before in (True, False)]
    killed = 0
    for step, before in points if deep else points[9:10]:
        if not crash.killed_at(step, before=before, deed=forfeiture.forfeit_due):
            break
        killed += 1
        ended = PrizeEnd.objects.count()
        assert ended in {0, lapsing.SEVEN}
        assert sum(money(draw)) == sum(one.amount for one in lapsing.prizes_of(draw))
        if ended:
            break  # the commit was reached

    assert killed > 0
    forfeiture.forfeit_due()
    assert PrizeEnd.objects.count() == lapsing.SEVEN
    all_is_right(draw)


def test_the_register_is_what_the_fund_got(over, draw):
    """F220, N10: prize by prize in the export, at the desk, and in sums for everybody."""
    lapsing.real(draw)
    total = sum(one.amount for one in lapsing.prizes_of(draw))
    assert counter.of_now(now=database_time()).lapsed == ()
    assert forfeiture.forfeit_due() == lapsing.SEVEN

    found = counter.of_now(now=database_time())

    assert [(one.prizes, one.fen) for one in found.lapsed] == [(lapsing.SEVEN, total)]
    assert (found.register_fen, found.fund_fen, found.soon) == (total, total, ())
    params = {"since": "2020-01-01", "until": "2099-12-31"}
    report = next(
        one for one in reports.open_to(frozenset({"auditor"})) if one.name == "prizes.forfeited"
    )
    rows = list(report.rows(params))
    assert (len(rows), sum(row[3] for row in rows)) == (lapsing.SEVEN, total)
    assert "陈" not in str(rows)
    page = people.text(
        people.in_english(people.member("auditor").user).get("/desk/prizes/forfeited/")
    )
    assert "7 prizes" in page
    public = people.text(_visitor().get("/prizes/lapsing/"))
    assert "Both are the same, prize by prize." in public
    assert lapsing.prizes_of(draw)[0].ticket.code not in public
    assert "/prizes/lapsing/" in people.text(_visitor().get("/transparency/"))


def _visitor() -> Client:
    client = Client()
    client.cookies["language"] = "en"
    return client


def test_fewer_than_five_are_not_told_apart(draw):
    """N10: five of a game are shown with figures, four are not; nothing follows from the sum."""
    lapsing.real(draw)
    prizes = lapsing.prizes_of(draw)
    lapsing.last_day_is(draw, lapsing.today() + 31 * DAY)
    assert counter.of_now(now=database_time()).soon == ()
    lapsing.last_day_is(draw, lapsing.today() + 30 * DAY)
    for prize in prizes[:2]:
        lapsing.held(prize)  # what is held does not lapse
    five = counter.of_now(now=database_time())
    assert [one.prizes for one in five.soon] == [5]
    assert min(one.amount for one in prizes) > counter.COUNTED_UP_TO  # F150: and nobody sees it
    assert five.soon_fen == 5 * counter.COUNTED_UP_TO

    lapsing.held(prizes[2])

    four = counter.of_now(now=database_time())
    assert [(one.prizes, one.fen) for one in four.soon] == [(None, None)]
    assert (four.soon_prizes, four.soon_fen) == (0, 0)
    assert "fewer than 5" in people.text(_visitor().get("/prizes/lapsing/"))


def test_who_has_not_claimed_is_seen_with_a_reason_and_stays_in_the_trail(draw):
    """F150 in spirit: insiders claimed what winners forgot; who looked, why, at which tickets."""
    lapsing.real(draw)
    prizes = lapsing.prizes_of(draw)
    officer = lapsing.officer()
    before = TrailRecord.objects.count()
    with pytest.raises(forfeiture.NotForThisRole):
        forfeiture.reveal_unclaimed(
            reason="催领大奖", actor=people.member("cashier").user, now=database_time()
        )
    with pytest.raises(forfeiture.RevealReasonMissing):
        forfeiture.reveal_unclaimed(reason="看看", actor=officer, now=database_time())
    client = people.in_english(officer)
    asked = people.text(client.get("/desk/prizes/unclaimed/"))
    assert "Why you need to see this" in asked
    assert prizes[0].ticket.code[:4] not in asked
    assert not _reveals()

    shown = people.text(
        client.post("/desk/prizes/unclaimed/", {"reason": "联系三十天内到期的中奖者"})
    )

    assert TrailRecord.objects.count() > before
    (record,) = _reveals()
    assert all(one.ticket.code in str(record.body) for one in prizes)
    assert record.actor == officer.username
    assert prizes[0].ticket.code[:4] in shown
    assert "陈小雨" not in shown
    assert (
        people.behind(people.member("cashier").user).get("/desk/prizes/unclaimed/").status_code
        == 403
    )


def _reveals():
    return list(trail.read(trail.Filters(action=forfeiture.REVEALED)))


def test_a_stopped_game_is_wound_up_only_when_all_has_lapsed(over, draw):
    """R17: what waits for its winner is in the way; forfeited it is not."""
    standing = winding_up.standing(draw.game, now=database_time())
    assert standing.open_fen > 0
    forfeiture.forfeit_due()
    assert winding_up.standing(draw.game, now=database_time()).open_fen == 0
