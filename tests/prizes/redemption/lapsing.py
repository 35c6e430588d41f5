"""A settled drill whose prizes wait for their winners, and what only time brings about."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from accounts import legal_texts
from audit import approvals
from lottery_portal.lib import dates
from lottery_portal.lib.db import database_time
from prizes.deadline_models import Hold
from prizes.models import Prize
from prizes.redemption import extensions, holds
from tests import make, make_draws, people
from tests.owner import as_owner, guards_up

SEVEN = 7
DIGEST = "ab" * 32
SHADOWS = (
    "accounts_player", "games_draw", "finance_account", "finance_entry", "finance_transfer",
    "finance_turnover", "finance_dayflow",
)  # fmt: skip
_numbers = itertools.count(1)


def seven_wait():
    """Seven tickets of one player won the first tier, and each is more than his balance takes."""
    player = make.shadow_player(wallet=100_00)
    draw = make_draws.confirmed(*[[make.single()]] * SEVEN, player=player)
    make_draws.settled(draw)
    people.prepared()
    with as_owner() as hand:  # who plays in the drill does not log in; this one reads his pages
        hand.execute("UPDATE accounts_user SET is_active = true WHERE id = %s", [player.user_id])
    legal_texts.accept(player.user, people.latest(), now=people.right_now(), ip="192.0.2.1")
    return draw


def prizes_of(draw) -> list[Prize]:
    waiting = Prize.objects.filter(draw=draw).select_related(
        "ticket", "draw__game", "draw__rule", "owner__user"
    )
    return list(waiting.order_by("pk"))


def today() -> date:
    return dates.in_shanghai(database_time()).date()


def last_day_is(draw, day: date) -> None:
    """Time has passed: the draw was sixty days before `day`, no holiday in between."""
    with as_owner() as hand:
        hand.execute("ALTER TABLE prizes_claimperiod DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE prizes_claimperiod SET drawn_on = %s, last_day = %s, days = 60, moved_by = ''"
            " WHERE draw_id = %s",
            [day - timedelta(days=60), day, draw.pk],
        )
        guards_up(hand)


def held_for(held: Hold, days: int) -> None:
    """And the hold began so many days earlier."""
    with as_owner() as hand:
        hand.execute("ALTER TABLE prizes_hold DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE prizes_hold SET opened_at = opened_at - make_interval(days => %s)"
            " WHERE id = %s",
            [days, held.pk],
        )
        guards_up(hand)


def real(draw) -> None:
    """The drill counts as real."""
    with as_owner() as hand:
        for table in SHADOWS:
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            also = ", verified_at = NULL" if table == "accounts_player" else ""
            hand.execute(f"UPDATE {table} SET is_shadow = false{also} WHERE is_shadow")  # noqa: S608 - our own names
        hand.execute("UPDATE games_game SET is_shadow = false WHERE id = %s", [draw.game_id])
        guards_up(hand)


def claimed(prize: Prize, *, state: str = "OPENED") -> int:
    """A claim of the prize, past the doors but not past the guards."""
    figures = ("'WALLET', 0, 1") if state not in {"OPENED", "REFUSED"} else ("'', 0, 0")
    with as_owner() as hand:
        row = hand.execute(
            "INSERT INTO prizes_claim (code, prize_id, owner_id, way, state, method, tax, net,"  # noqa: S608 - our own figures
            " payee, outlet_code, approval_code, request_key, opened_by_id, opened_at, moved_at)"
            f" VALUES (%s, %s, %s, 'CENTRE', %s, {figures}, '', '', '', gen_random_uuid(), %s,"
            " clock_timestamp(), clock_timestamp()) RETURNING id",
            [f"C{next(_numbers):016d}", prize.pk, prize.owner_id, state, prize.owner.user_id],
        ).fetchone()
    assert row is not None
    return int(row[0])


def moved(claim: int, state: str) -> None:
    """The claim goes on to another state, past the doors but not past the guards."""
    with as_owner() as hand:
        hand.execute(
            "UPDATE prizes_claim SET state = %s, method = 'WALLET', net = 1 WHERE id = %s",
            [state, claim],
        )


def officer():
    return people.member("claims_officer").user


def held(prize: Prize, kind: str = "COURT", *, order: str = "(2026)粤01执保1号", by=None) -> Hold:
    return holds.begin(
        prize=prize, kind=kind, order_reference=order, reason="执行法院来函", actor=by or officer(),
        now=database_time(),
    )  # fmt: skip


def lifted(one: Hold, *, by=None, decision: str = "(2026)粤01执保1号之二") -> None:
    maker = by or people.member("compliance" if one.kind == "MINOR" else "claims_officer").user
    asked = holds.ask_to_lift(
        hold=one, decision=decision, maker=maker, now=database_time(),
        paper=b"%PDF-1.4 %%EOF" if one.kind == Hold.Kind.MINOR else b"",
    )  # fmt: skip
    signed(asked.code, "approver")


def asked(prize: Prize, *, ended_on: date, by=None):
    return extensions.ask(
        prize=prize, obstacle="台风期间交通中断", obstacle_ended_on=ended_on,
        evidence="应急管理局通告", evidence_digest=DIGEST, actor=by or prize.owner.user,
        now=database_time(),
    )  # fmt: skip


def signed(code: str, *posts: str) -> None:
    """Others agree, one of each post."""
    for post in posts:
        approvals.decide(
            code=code, checker=people.member(post).user, approve=True, now=database_time()
        )


def asked_of_sql(question: str, *values: Any):
    """What a function of the database answers."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {question}", list(values))
        return cursor.fetchone()[0]


def midnight_after(day: date) -> datetime:
    """The end of a day in Shanghai."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), dates.SHANGHAI)
