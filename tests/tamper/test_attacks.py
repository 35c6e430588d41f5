"""Who runs SQL as the application's role: what he tries beside the rows themselves."""

from __future__ import annotations

import base64

import psycopg
import pytest

from audit import log, sequencing
from games import draws
from games.models import Draw
from games.seal_models import SealPublication
from lottery_portal.lib.db import database_time
from prizes import settlement
from prizes.models import Hit, Prize
from sales import sealing
from tests import make, make_draws, owner
from tests.tamper import hands, test_inserted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SIX = 0b111111


@pytest.fixture(autouse=True)
def _own_directory(settings, tmp_path) -> None:
    settings.STATE_DIR = tmp_path


def noted(by: psycopg.Connection, key: str) -> None:
    by.execute("SELECT audit_log_add('note', %s, sha256('x'))", [key])


def passed_by() -> list[str]:
    sequencing.run_all()
    return [one.key for one in log.differences(now=database_time()) if one.what == "leaf"]


def test_an_old_snapshot_does_not_make_the_sequencer_pass_by_an_entry():
    """F210, N13: what committed after the snapshot was taken would lie below a horizon of now."""
    with owner.as_owner() as slow, owner.as_owner() as quick, hands.hand(hands.APP) as app:
        with slow.transaction():
            noted(slow, "first")
            noted(quick, "second")
            app.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            app.execute("SELECT count(*) FROM audit_entry")
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            app.execute("SELECT audit_sequence(1000)")
        app.execute("ROLLBACK")

    assert refused.value.diag.constraint_name == "log_sequenced_read_committed"
    assert passed_by() == []


def edited(draw: Draw) -> None:
    """One sold ticket set to other numbers by the owner, who logs its new line as well."""
    with hands.unfenced(hands.OWNER, ["sales_ticket", "sales_selection"]) as hand:
        (code,) = hands.first(
            hand,
            "UPDATE sales_selection s SET mask_2 = %s, mask_4 = 64 FROM sales_ticket t"
            " WHERE t.id = s.ticket_id AND t.id = (SELECT min(id) FROM sales_ticket"
            " WHERE draw_id = %s) RETURNING t.code",
            SIX,
            draw.pk,
        )
        hand.execute(
            "SELECT audit_log_add('ticket', l.code, l.leaf) FROM sales_leaves_now(%s) l"
            " WHERE l.code = %s",
            [draw.pk, code],
        )


def countersigned_by_hand(draw: Draw) -> None:
    """Letters in the place of the witness's signature, and the publication, without the witness."""
    with hands.hand(hands.APP) as app:
        app.execute(
            "INSERT INTO games_sealsignature (statement_id, role, key_id, algorithm, signature,"
            " signed_at) SELECT s.id, 'INDEPENDENT', k.key_id, k.algorithm, %s, now()"
            "  FROM games_sealstatement s, audit_signingkey k"
            " WHERE s.draw_id = %s AND k.role = 'INDEPENDENT'",
            [base64.b64encode(b"7" * 64).decode(), draw.pk],
        )
        app.execute(
            "INSERT INTO games_sealpublication (statement_id, published_at)"
            " SELECT s.id, now() FROM games_sealstatement s WHERE s.draw_id = %s",
            [draw.pk],
        )


def test_a_seal_that_the_witness_did_not_sign_is_not_paid_on():
    """F057, F071: the database takes any letters for a signature; the settlement reads them."""
    draw = test_inserted.closed()
    edited(draw)
    sealing.seal(draw=draw, now=database_time())
    countersigned_by_hand(draw)
    assert SealPublication.objects.count() == 1
    make.wait_until(draw.draws_at)
    draw = make_draws.drawn(draws.find(draw.code))

    with pytest.raises(settlement.NotWhatWasSealed, match="the signature of independent-"):
        settlement.run(draw=draw, now=database_time())

    assert not Hit.objects.exists()
    assert not Prize.objects.exists()


def test_a_publication_that_was_moved_back_is_not_paid_on():
    """F057: when the seal became public is as it was logged, before anybody is paid."""
    draw = make_draws.drawn(make_draws.sealed(test_inserted.sold()))
    with hands.unfenced(hands.OWNER, ["games_sealpublication"]) as hand:
        hand.execute("UPDATE games_sealpublication SET published_at = published_at - interval '1h'")

    with pytest.raises(settlement.NotWhatWasSealed, match="seal_publication"):
        settlement.begin(draw=draw, now=database_time())


def test_the_plan_of_a_query_tells_nothing_of_what_is_sealed():
    """F058, N07: the planner's estimates of a sealed draw are the same for every pick."""
    often = make.single(1, 2, 3, 4, 5, 6, blue=7)
    draw = make_draws.sealed(make_draws.sold(*([often] for _number in range(30))))
    with owner.as_owner() as hand:
        hand.execute("ANALYZE sales_selection")

    def estimated(column: str, mask: int) -> tuple[object, ...]:
        asked = (
            "EXPLAIN (FORMAT JSON) SELECT FROM sales_selection"
            f" WHERE draw_id = {draw.pk} AND {column} = {mask}::bigint"
        )
        with hands.hand(hands.APP) as app:
            plan = hands.first(app, asked)[0][0]["Plan"]
        return plan["Node Type"], plan["Plan Rows"], plan["Total Cost"]

    for column in ("mask_1", "mask_2", "mask_3", "mask_4"):
        assert len({estimated(column, mask) for mask in (0, SIX, SIX << 8, 64, 128)}) == 1
