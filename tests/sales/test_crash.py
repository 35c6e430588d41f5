"""Killed at every step: no money without a ticket, no ticket without money (F042)."""

from __future__ import annotations

from functools import partial

import pytest

from finance import ledger
from games.models import SealStatement
from games.seal_models import SealPublication, SealSignature
from lottery_portal.jobs.models import Job
from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from sales import sealing
from sales.models import Purchase, Receipt, Selection, Ticket
from tests import make
from tests.crash import killed_at
from tests.sales.test_sealing import sold_out_draw

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.mark.parametrize("before", [True, False])
def test_a_purchase_killed_at_any_step_happened_or_did_not(before):
    """F042: after each kill the same request is sent again, as a browser does."""
    alice, draw = make.alice(wallet=100_00), make.draw()
    step, bought = 0, 0

    while True:
        step += 1
        key = uuid7()
        was_killed = killed_at(
            step, before=before, deed=partial(make.purchase, alice, draw, key=key)
        )
        assert Ticket.objects.count() in {bought, bought + 1}
        again = make.purchase(alice, draw, key=key)
        bought += 1

        assert Ticket.objects.filter(purchase=again).count() == 1
        assert Purchase.objects.count() == Ticket.objects.count() == bought
        assert Receipt.objects.count() == Selection.objects.count() == bought
        assert Job.objects.filter(kind="sales.send_receipt").count() == bought
        assert ledger.balance(f"wallet:{alice.code}") == 100_00 - bought * 2_00
        assert ledger.balance(f"stakes:{draw.code}") == bought * 2_00
        if not was_killed:
            break

    assert step > 3  # sale, receipt and job at least were each cut off


@pytest.mark.parametrize("before", [True, False])
def test_a_sealing_killed_at_any_step_ends_the_same(before, full, settings, tmp_path):
    """F057: file, statement, division of the stakes and state come together or not at all."""
    settings.STATE_DIR = tmp_path
    draw, _sold = sold_out_draw()
    step = 0

    while True:
        step += 1 if full else 3
        was_killed = killed_at(
            step, before=before, deed=lambda: sealing.seal(draw=draw, now=database_time())
        )
        draw.refresh_from_db()
        statement = SealStatement.objects.filter(draw=draw).first()
        assert (draw.state == "SEALED") is (statement is not None)
        left = ledger.balance(f"stakes:{draw.code}")
        assert left == (0 if statement else 56_00)
        if not was_killed:
            break

    assert statement is not None
    assert step > 8
    assert sealing.file_of(statement).stat().st_size == statement.file_size
    assert ledger.balance(f"prizes:{draw.code}") == 27_44


@pytest.mark.parametrize("before", [True, False])
def test_a_publication_killed_at_any_step_ends_the_same(before, full, settings, tmp_path):
    """F057: statement, both signatures and publication each stand once, wherever it was cut off."""
    settings.STATE_DIR = tmp_path
    draw, _sold = sold_out_draw()
    step = 0

    while True:
        step += 1 if full else 3
        was_killed = killed_at(
            step, before=before, deed=lambda: sealing.complete(draw=draw, now=database_time())
        )
        published = SealPublication.objects.count()
        assert published == 0 or SealSignature.objects.count() == 2
        if not was_killed:
            break

    assert step > 20
    assert SealStatement.objects.count() == published == 1
    draw.refresh_from_db()
    assert draw.state == "SEALED"
    assert ledger.balance(f"prizes:{draw.code}") == 27_44
