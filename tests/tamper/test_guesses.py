"""Nobody with the application's role finds out by trying what he may not read."""

from __future__ import annotations

import hashlib

import psycopg
import pytest

from audit import log
from games import results
from lottery_portal.lib.db import database_time
from tests import make, make_draws, people
from tests.tamper import hands, house

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_directory(settings, tmp_path) -> None:
    settings.STATE_DIR = tmp_path


_HEAD = """
SELECT sales_line_head(t.format_version, d.code, t.code, p.code, t.price, t.channel, t.sold_at,
                       {salt}), e.hash
  FROM sales_ticket t JOIN games_draw d ON d.id = t.draw_id
  JOIN accounts_player p ON p.id = t.owner_id
  JOIN audit_entry e ON e.kind = 'ticket' AND e.key = t.code WHERE t.draw_id = %s
"""


def _leaf(head: bytes, picks: str) -> bytes:
    return hashlib.sha256(b"\x00" + head + picks.encode()).digest()


def test_the_picks_of_a_sealed_ticket_cannot_be_tried_against_its_leaf():
    """F058: with the salt the logged leaf would tell them; the salt is hidden from the role."""
    draw = make_draws.sealed(make_draws.sold([make.SELECTION]))
    right = "single|01,02,03,04,05,06+07|x1|own"
    with hands.hand(hands.OWNER) as owner:
        head, logged = hands.first(owner, _HEAD.format(salt="t.salt"), draw.pk)
    assert _leaf(head, right) == logged  # the negative control: so it would be done

    with hands.hand(hands.APP) as app:
        for asked in (
            _HEAD.format(salt="t.salt"),
            "SELECT to_jsonb(t)->>'salt' FROM sales_ticket t WHERE draw_id = %s",
            "SELECT line FROM sales_sealed_lines(%s, 0, 9223372036854775807)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(asked, [draw.pk])
        assert app.execute(
            "SELECT line FROM sales_lines_now(%s, 0, 999999999)", [draw.pk]
        ).fetchall() == [(None,)]
        assert app.execute("SELECT leaf FROM sales_leaves_now(%s)", [draw.pk]).fetchall() == [
            (b"",)
        ]
        ((content, leaves),) = app.execute(
            "SELECT content, leaves FROM sales_sealed_block(%s, 0, 999999999, true)", [draw.pk]
        ).fetchall()
        assert (content, leaves) == (None, None)


def test_a_blind_entry_cannot_be_tried_against_its_hash():
    """F061: the hash of the entry in the log is over a salt that the role may not read."""
    draw = make_draws.sealed(make_draws.sold([make.SELECTION]))
    official = people.member("draw_official").user
    results.enter(draw=draw, official=official, numbers=make_draws.NUMBERS, now=database_time())
    without = (
        "SELECT audit_row_hash(to_jsonb(t) {but}), e.hash FROM games_resultentry t"
        " JOIN audit_entry e ON e.kind = 'result_entry' AND e.key = t.id::text"
    )
    with hands.hand(hands.OWNER) as owner:
        owner.execute("SET timezone = 'UTC'")
        ((whole, logged),) = owner.execute(without.format(but="")).fetchall()
        ((guessed, _logged),) = owner.execute(without.format(but="- 'salt'")).fetchall()
        ((salt,),) = owner.execute("SELECT octet_length(salt) FROM games_resultentry").fetchall()
    assert whole == logged != guessed
    assert salt == 32

    with hands.hand(hands.APP) as app:
        for column in ("salt", "numbers"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(f"SELECT {column} FROM games_resultentry")  # noqa: S608
    house.caught_up()
    assert [str(one) for one in log.differences(now=database_time())] == []
