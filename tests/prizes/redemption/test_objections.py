"""Until when a refusal may be objected to; the prize does not lapse meanwhile (F082, F283)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Message
from audit import policies
from lottery_portal.lib.db import database_time
from prizes.claim_models import Claim, PrizeEnd
from prizes.redemption import claim_refusals, forfeiture, limits, refusal
from tests import make_claims as make
from tests import people
from tests.finance.test_payment_methods import set_figure
from tests.games.brute_force import random_cases
from tests.make_claims import Won
from tests.owner import as_owner, guards_up

from .lapsing import asked_of_sql, last_day_is, today
from .test_refusals import refused

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

DAY = timedelta(days=1)
CASES = 1_000
TABLES = ("prizes_claimstep", "prizes_claimperiod", "audit_policyparameter")


@contextmanager
def time_passes() -> Iterator[psycopg.Connection]:
    """The owner's hand, with evidence open to it."""
    with as_owner() as hand:
        for table in TABLES:
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield hand
        guards_up(hand)


def refused_earlier(hand: psycopg.Connection, days: int) -> None:
    """All that was refused, and every figure in force, is so many days older."""
    hand.execute("UPDATE prizes_claimstep SET at = at - make_interval(days => %s)", [days])
    hand.execute(
        "UPDATE audit_policyparameter SET valid_from = valid_from - make_interval(days => %s)"
        " WHERE key = %s",
        [days, refusal.OBJECTION_POLICY],
    )


def lapsed(claim: Claim) -> bool:
    return bool(asked_of_sql("prizes_has_lapsed(%s)", claim.prize_id))


def test_a_prize_is_kept_while_its_winner_may_object_and_until_he_is_heard(won: Won):
    """F082, F283: refused on the last day it does not lapse on the next, neither by the round nor
    by a row; he reads until when he may object; unheard it is kept, however long."""
    prize = won.prize(won.bob)
    claim = refused(won, make.opened(won, prize))
    last_day_is(won.draw, today() - DAY)
    until = today() + timedelta(days=refusal.OBJECTION_DAYS)
    assert int(policies.read(refusal.OBJECTION_POLICY, at=database_time())) == 15

    deadline = limits.of(prize)
    assert deadline is not None
    assert refusal.last_day_to_object(claim) == limits.kept_until(prize, deadline) == until
    told = Message.objects.get(user=won.bob.user, kind=refusal.REFUSED)
    assert told.params["object_until"] == until.isoformat()
    client = people.in_english(won.bob.user)
    for page in ("", "objection/", "deadline/"):
        shown = people.text(client.get(f"/prizes/{prize.ticket.code}/{page}"))
        assert f"{until.day}" in shown
        assert "23:59:59" in shown
        assert "does not lapse" in shown
    assert make.next_of(claim).deed == "object"
    forfeiture.forfeit_due()
    assert not PrizeEnd.objects.filter(prize=prize).exists()
    assert not lapsed(claim)
    assert asked_of_sql("prizes_forfeit(%s)", prize.pk) is False
    with as_owner() as hand, pytest.raises(psycopg.errors.CheckViolation) as caught:
        hand.execute(
            "INSERT INTO prizes_prizeend (prize_id, kind, amount, tax, net, entry_reference,"
            " ended_at) VALUES (%s, 'FORFEITED', %s, 0, %s, 'x', now())",
            [prize.pk, prize.amount, prize.amount],
        )
    assert caught.value.diag.constraint_name == "prize_forfeited_after_its_time"

    with time_passes() as hand:
        refused_earlier(hand, refusal.OBJECTION_DAYS)
    claim = refusal.object_(code=claim.code, actor=won.bob.user, words="It is me.")
    with time_passes() as hand:
        refused_earlier(hand, 40)
    assert not lapsed(claim)  # he waits to be heard
    refusal.dismiss(
        code=claim.code, actor=won.staff["compliance"], reason="No.", now=database_time()
    )
    assert lapsed(claim)
    assert asked_of_sql("prizes_forfeit(%s)", prize.pk) is True
    assert PrizeEnd.objects.get(prize=prize).kind == PrizeEnd.Kind.FORFEITED


@pytest.mark.thorough
def test_a_refusal_is_objected_to_within_the_days_of_the_policy(won: Won):
    """F283: five days later, by figures of four, five and six days in force when it was refused."""
    claims = []
    for player, days in ((won.alice, 4), (won.bob, 5), (won.carol, 6)):
        set_figure(refusal.OBJECTION_POLICY, days, database_time())
        claims.append(refused(won, make.opened(won, won.prize(player))))
    with time_passes() as hand:
        refused_earlier(hand, 5)
    last_day_is(won.draw, today() - DAY)
    four, five, six = claims

    assert [lapsed(one) for one in claims] == [True, False, False]
    for one, days in ((four, -1), (five, 0), (six, 1)):
        assert refusal.last_day_to_object(one) == today() + timedelta(days=days)
    with pytest.raises(claim_refusals.TooLateToObject):
        refusal.object_(code=four.code, actor=won.alice.user, words="It is me.")
    assert four.steps.count() == 2
    for one in (five, six):
        refusal.object_(code=one.code, actor=one.owner.user, words="It is me.")
    assert forfeiture.forfeit_due() >= 1
    assert set(PrizeEnd.objects.values_list("prize", flat=True)) & {
        one.prize_id for one in claims
    } == {four.prize_id}
    client = people.in_english(won.alice.user)
    assert "Object to the refusal" not in people.text(
        client.get(f"/prizes/{four.prize.ticket.code}/")
    )


@pytest.mark.thorough
def test_it_lapses_after_the_later_of_both_days_and_not_before(won: Won, request):
    """F082, F283: last days, days of refusals and figures at random; the sum of the page, and what
    the database forfeits by its clock."""
    prize = won.prize(won.bob)
    claim = refused(won, make.opened(won, prize))
    day = today()

    with time_passes() as hand:

        @random_cases(request, ordinary=40, deep=CASES)
        @given(st.integers(-70, 3), st.integers(0, 90), st.sampled_from((0, 1, 14, 15, 16, 60)))
        def holds_for(left: int, ago: int, days: int):
            last, refused_on = day + timedelta(days=left), day - timedelta(days=ago)
            as_it_is(hand, won, last=last, refused_on=refused_on, days=days)
            deadline = limits.of(prize)
            assert deadline is not None
            kept = last
            while kept < refused_on + timedelta(days=days):
                kept += DAY
            assert limits.kept_until(prize, deadline) == kept
            assert lapsed(claim) == (day > kept)

        holds_for()


def as_it_is(
    hand: psycopg.Connection, won: Won, *, last: date, refused_on: date, days: int
) -> None:
    """A last day, the day of the refusal, and the figure in force on it."""
    hand.execute(
        "UPDATE prizes_claimperiod SET drawn_on = %s, last_day = %s, days = 60, moved_by = ''"
        " WHERE draw_id = %s",
        [last - timedelta(days=60), last, won.draw.pk],
    )
    hand.execute(
        "UPDATE prizes_claimstep SET at = (%s::date + time '23:59:59') AT TIME ZONE 'Asia/Shanghai'"
        " WHERE to_state = 'REFUSED'",
        [refused_on],
    )
    hand.execute(
        "UPDATE audit_policyparameter SET value = %s, valid_from = %s::date - 400 WHERE key = %s",
        [str(days), refused_on, refusal.OBJECTION_POLICY],
    )
