"""Reports and admin: everything that was sold, and nothing of a draw under seal."""

from __future__ import annotations

import pytest

from audit import reports
from finance import memos, wallets
from finance.ledger import lines, movements
from lottery_portal.lib.db import database_time
from sales import reports as ours
from tests import make, owner, people

pytestmark = pytest.mark.django_db

EVER = {"since": "2020-01-01", "until": "2099-12-31"}


def test_every_ticket_stands_in_the_report():
    alice, draw = make.alice(), make.draw()
    ticket = make.ticket(alice, draw, [make.single(multiplier=2)])
    report = reports.known("sales.tickets")
    assert report is not None

    (row,) = report.rows(EVER)

    assert report.count is not None
    assert report.count(EVER) == 1
    assert row[:8] == (
        ticket.code, draw.code, draw.rule.code, ticket.purchase.code, alice.code, 1, 4_00, "web",
    )  # fmt: skip


def test_shadow_tickets_are_no_sales():
    """F020: reports exclude test money."""
    make.purchase(make.shadow_player(wallet=2_00), make.shadow_draw(), channel="drill")

    assert list(ours._rows(EVER)) == []


@pytest.mark.django_db(transaction=True)
def test_a_sealed_draw_is_not_looked_at_until_it_is_held():
    """Regulations art. 22: neither in reports nor in the admin."""
    alice, draw = make.alice(), make.draw()
    ticket = make.ticket(alice, draw)
    auditor = people.behind(people.member("auditor").user)
    listed = "/admin/sales/ticket/"
    assert ticket.code[:4] in auditor.get(listed).content.decode()

    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_draw DISABLE TRIGGER USER")
        hand.execute("UPDATE games_draw SET state = 'SEALED' WHERE id = %s", [draw.pk])

    assert list(ours._rows(EVER)) == []
    assert ticket.code[:4] not in auditor.get(listed).content.decode()
    assert auditor.get(f"{listed}{ticket.pk}/change/").status_code == 403


def test_the_wallet_says_what_was_bought():
    alice, draw = make.alice(), make.draw()
    bought = make.purchase(alice, draw)
    wallet = wallets.wallet_of(alice)
    rows = lines([wallet], movements(wallet)[:1])

    (memo,) = memos.describe(rows)

    assert draw.issue in memo.title
    assert memo.detail.endswith(bought.sold()[0].code[-4:])
    assert memo.url == f"/tickets/{bought.sold()[0].code}/"
    assert database_time() > bought.bought_at
