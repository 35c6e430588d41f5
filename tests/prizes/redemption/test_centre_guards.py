"""What the database refuses of letters, visits, holds and figures told, whatever calls."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from accounts.models import ProxyLetterEnd
from lottery_portal.lib.db import database_time
from prizes.claim_models import Claim
from prizes.deadline_models import HoldPaper
from prizes.redemption import (
    appointment_facts,
    appointments,
    delays,
    hold_papers,
    limits,
    winners,
    withdrawal,
)
from tests import make_claims as make
from tests.owner import as_owner, guards_up

from . import lapsing, test_agents
from .test_appointments import asked, book, free_times
from .test_guards import fact

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

DAY = timedelta(days=1)
DIGEST = "ab" * 32
STANDS = {  # a row of each, past everything but its own checks
    "accounts_personregion": "(person_id, region, recorded_at) VALUES (-1, '44', now())",
    "accounts_proxyletter": (
        "(row_uuid, code, agent_name, agent_number, agent_index, object_code, valid_from,"
        " valid_until, language, text_digest, written_at, winner_id) VALUES (gen_random_uuid(),"
        f" 'X', 'x', 'x', 'x', 'prize:X', '2026-01-01', '2026-01-02', 'en', '{DIGEST}', now(), -1)"
    ),
    "accounts_proxyletterend": "(letter_id, ended_by_id, ended_at) VALUES (-1, -1, now())",
    "prizes_delay": "(claim_id, due_on, found_at) VALUES (-1, '2026-01-01', now())",
    "prizes_delaynotice": (
        "(claim_id, number, due_on, new_date, reason, announced_by_id, announced_at)"
        " VALUES (-1, 1, '2026-01-01', '2026-01-02', 'x', -1, now())"
    ),
    "prizes_holdpaper": (
        "(row_uuid, kind, media_type, size, digest, content, added_at, added_by_id, hold_id)"
        f" VALUES (gen_random_uuid(), 'OTHER', 'image/png', 1, '{DIGEST}', 'x', now(), -1, -1)"
    ),
    "prizes_visit": (
        "(code, role, arrived_at, paper_id, place_id, prize_id, registered_by_id)"
        " VALUES ('X', 'WINNER', now(), -1, -1, -1, -1)"
    ),
    "prizes_visitstep": "(kind, at, noted_by_id, visit_id) VALUES ('LEFT', now(), -1, -1)",
    "prizes_winnercut": (
        "(kind, since_on, until_on, made_at, game_id)"
        " VALUES ('AMOUNT', '2026-01-01', '2026-02-01', now(), -1)"
    ),
    "prizes_winnerfigure": (
        "(position, keys, people, prizes, fen, cut_id) VALUES (1, '{1000}', 5, 5, 1, -1)"
    ),
    "prizes_winnernotice": (
        "(shows, approval_code, published_at, prize_id) VALUES ('{PLACE}', 'X', now(), -1)"
    ),
}


def test_what_was_written_down_is_never_changed_not_by_the_owner_either():
    """F077, F084, F086, F095, F100, F222: neither by UPDATE nor by DELETE."""
    with as_owner() as hand:
        for table, row in STANDS.items():
            for said in (sql.SQL("UPDATE {0} SET {1} = {1}"), sql.SQL("DELETE FROM {0}")):
                with hand.transaction(force_rollback=True):
                    column = _others_down(hand, table)
                    made = sql.SQL("INSERT INTO {} ").format(sql.Identifier(table)) + sql.SQL(row)
                    assert hand.execute(made).rowcount == 1
                    with pytest.raises(psycopg.Error, match="never change"), hand.transaction():
                        hand.execute(said.format(sql.Identifier(table), sql.Identifier(column)))


def _others_down(hand: psycopg.Connection, table: str) -> str:
    """Every guard of the table but that one is down until the end; a column that it has."""
    for (trigger,) in hand.execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal"
        " AND tgname !~ '_never_changes$'",
        [table],
    ).fetchall():
        hand.execute(
            sql.SQL("ALTER TABLE {} DISABLE TRIGGER {}").format(
                sql.Identifier(table), sql.Identifier(trigger)
            )
        )
    row = hand.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND attidentity = '' AND NOT attisdropped ORDER BY attnum DESC LIMIT 1",
        [table],
    ).fetchone()
    assert row is not None
    return str(row[0])


def test_the_database_says_when_and_by_whom(won):
    """F084, F086, F087: a letter ends by its winner, at the database's time; a paper of a hold and
    a visitor's step have that time too; nobody is called who has left, and by nobody but staff."""
    letter = test_agents.letter_of(won, won.prize(won.bob))
    ends = (
        "INSERT INTO accounts_proxyletterend (letter_id, ended_by_id, ended_at)"
        " VALUES (%s, %s, '2020-01-01')"
    )
    for other in (won.carol.user, won.staff["claims_officer"]):
        assert fact(ends, letter.pk, other.pk) == "proxy_letter_by_the_winner"
    assert not ProxyLetterEnd.objects.exists()
    before = database_time()
    end = ProxyLetterEnd.objects.create(
        letter=letter, ended_by=won.bob.user, ended_at=before - 9 * DAY
    )
    held = lapsing.held(won.prize(won.alice), by=won.staff["claims_officer"])
    paper = hold_papers.add(
        hold=held, kind=HoldPaper.Kind.OTHER, content=b"order", media_type="image/png",
        actor=won.staff["claims_officer"], now=before - 9 * DAY,
    )  # fmt: skip
    visit = make.visited(won, won.prize(won.bob))
    clerk, step = won.staff["claims_clerk"], (
        "INSERT INTO prizes_visitstep (visit_id, kind, noted_by_id, at)"
        " VALUES (%s, %s, %s, '2020-01-01')"
    )  # fmt: skip
    assert fact(step, visit.pk, "CALLED", won.bob.user_id) == "visit_registered_by_staff"
    left = visit.steps.create(kind="LEFT", noted_by=clerk, at=before - 9 * DAY)
    assert fact(step, visit.pk, "CALLED", clerk.pk) == "visit_called_while_he_is_there"
    for row in (end, paper, left):
        row.refresh_from_db()
    for at in (end.ended_at, paper.added_at, left.at):
        assert before <= at <= database_time()


def test_a_claim_that_was_taken_back_binds_nothing(won):
    """F077, F083, F095: no day of payment, no more papers, no way; a time at the centre is booked
    as if nobody had claimed, and not after the last day; and the prize lapses."""
    prize, remote = won.prize(won.bob), won.prize(won.carol)
    claim = make.completed(won, make.checked(won, make.opened(won, prize)))
    assert claim.due_on is not None
    other = make.opened(won, remote, "REMOTE", actor=won.carol.user, claimant=None)
    late = "INSERT INTO prizes_delay (claim_id, due_on, found_at) VALUES (%s, %s, now())"
    told = (
        "INSERT INTO prizes_delaynotice (claim_id, number, due_on, new_date, reason,"
        " announced_by_id, announced_at) VALUES (%s, 1, %s, %s, 'x', %s, now())"
    )
    paper = (
        "INSERT INTO prizes_claimpaper (claim_id, kind, digest, size, media_type, row_uuid,"
        " content, added_by_id, added_at) SELECT claim_id, 'OTHER', repeat('0', 64), size,"
        " media_type, gen_random_uuid(), content, added_by_id, added_at FROM prizes_claimpaper"
        " WHERE claim_id = %s LIMIT 1"
    )
    with as_owner() as hand:
        hand.execute("ALTER TABLE prizes_claim DISABLE TRIGGER USER")
        hand.execute("UPDATE prizes_claim SET due_on = %s", [lapsing.today() - DAY])
        guards_up(hand)
    said = [
        (late, (claim.pk, lapsing.today() - DAY), "delay_is_one"),
        (told, (claim.pk, lapsing.today() - DAY, lapsing.today() + 3 * DAY,
                won.staff["claims_officer"].pk), "delay_of_a_claim_not_paid"),
        (paper, (claim.pk,), "claim_paper_of_an_open_claim"),
    ]  # fmt: skip
    assert [fact(one, *values) for one, values, _why in said] == ["", "", ""]
    assert asked(won, remote, free_times(won)[0].starts_at) == "appointment_for_the_centre"

    for one in (claim, other):
        withdrawal.withdraw(code=one.code, actor=one.owner.user, now=database_time())

    assert [fact(one, *values) for one, values, _why in said] == [why for *_said, why in said]
    assert delays.day_of(Claim.objects.get(pk=claim.pk)) is None
    assert appointment_facts.bookable(winners.find(won.carol, remote.ticket.code))
    assert book(won, remote, free_times(won, remote)[0].starts_at).state == "BOOKED"
    _until_the_last_day(won, prize)


def _until_the_last_day(won, prize) -> None:
    """The last day of a prize whose claim was taken back is tomorrow, and then yesterday."""
    lapsing.last_day_is(won.draw, lapsing.today() + DAY)
    deadline = limits.of(prize)
    assert deadline is not None
    assert deadline.until is not None
    assert max(one.starts_at for one in free_times(won, prize)) < deadline.until
    assert asked(won, prize, deadline.until) == "appointment_before_the_last_day"
    assert not lapsing.asked_of_sql("prizes_has_lapsed(%s)", prize.pk)
    lapsing.last_day_is(won.draw, lapsing.today() - DAY)
    assert lapsing.asked_of_sql("prizes_has_lapsed(%s)", prize.pk)
    with pytest.raises(appointments.AfterTheLastDay):
        book(won, prize, free_times(won)[-1].starts_at)
