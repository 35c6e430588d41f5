"""The page of a draw of ours: seal before the draw, then numbers, prizes, pool, file (F073)."""

from __future__ import annotations

import hashlib

import pytest
from django.test import Client

from finance import ledger
from games import claim_facts, draws
from games.models import Draw
from lottery_portal.lib.money import yuan
from prizes.models import PrizeSheet, Settlement
from sales import sealing, tickets
from sales.models import Ticket
from tests import make, make_draws, people
from tests.owner import as_owner, guards_up
from tests.prizes.test_settlement import first_prize

pytestmark = pytest.mark.django_db(transaction=True)


def shown_as_real(draw: Draw) -> str:
    """The address of the draw's page, once its game is taken for a real one."""
    with as_owner() as owner:
        owner.execute("UPDATE games_game SET is_shadow = false WHERE code = 'ssq-drill'")
        owner.execute("ALTER TABLE games_draw DISABLE TRIGGER USER")
        owner.execute("UPDATE games_draw SET is_shadow = false WHERE id = %s", [draw.pk])
        guards_up(owner)
    return f"/results/{draw.game.code}/{draw.issue}/"


def two_paid() -> Draw:
    """A published draw of two tickets that won; the first of them more."""
    return make_draws.settled(
        make_draws.confirmed(
            [make.single(1, 2, 3, 4, 5, 30, blue=7)], [make.single(20, 21, 22, 23, 24, 25, blue=7)]
        )
    )


def test_the_root_is_public_before_the_numbers_fall():
    """F057, F073: seal card without numbers; the file is not to be had until the draw is over."""
    draw = make_draws.sealed(make_draws.sold([make.SELECTION]))
    address = shown_as_real(draw)

    page = Client().get(address)

    assert page.status_code == 200
    text = page.content.decode()
    assert draw.seal.root[:8] in text
    assert "ball--48" not in text
    assert Client().get(f"{address}sealed-file/").status_code == 404


def test_numbers_stand_before_the_prizes_are_worked_out(begin):
    draw = begin(first_prize)
    address = shown_as_real(draw)

    text = Client().get(address).content.decode()

    assert text.count("ball--48") >= 7
    assert "sealed-file" in text


def test_the_published_page_equals_the_books(begin):
    """F073: sales, tiers, pool to the fen; the file is the sealed one."""
    draw = begin(two_paid)
    address = shown_as_real(draw)

    text = Client().get(address).content.decode()
    file = Client().get(f"{address}sealed-file/").getvalue()

    sheet = PrizeSheet.objects.get(draw=draw)
    assert sheet.pool_after == ledger.balance("pool:ssq-drill")
    assert yuan(sheet.pool_after) in text
    assert yuan(4_00) in text
    assert text.count(yuan(3_000_00)) >= 2  # the prize of a line, and the total of the tier
    assert hashlib.sha256(file).hexdigest() == draw.seal.file_digest
    assert "/where-to-claim/?game=ssq-drill" in text
    tiers = [
        {"name": name, "prize_fen": fen}
        for name, fen in (("A", 10_000_00), ("B", 10_000_01), ("C", None), ("D", 3_000_00))
    ]
    claims = claim_facts.of(draw.game, draw, tiers)
    assert claims is not None
    # F274, by its figures: nothing in this draw is for the centre alone
    assert [list(way.tiers) for way in claims.ways] == [["A", "D"], ["B"], []]
    listed = Client().get(f"/results/{draw.game.code}/").content.decode()
    assert draw.issue in listed


@pytest.mark.thorough
def test_a_halted_settlement_stands_on_the_desk_and_is_looked_at_again(begin):
    """F070: the desk says what differs; with the difference gone the settlement goes on."""
    draw = begin(first_prize)
    path = sealing.file_of(draw.seal)
    kept = path.read_bytes()
    path.chmod(0o640)
    path.write_bytes(kept + b"x")
    official = people.behind(people.member("draw_official").user)
    official.cookies["language"] = "en"

    first = official.post(f"/desk/draws/{draw.code}/settle/")
    page = official.get(f"/desk/draws/{draw.code}/").content.decode()
    path.write_bytes(kept)
    again = official.post(f"/desk/draws/{draw.code}/settle/")

    assert (first.status_code, again.status_code) == (302, 302)
    assert "the sealed file is missing or was changed" in page
    assert Settlement.objects.get(draw=draw).state == "COUNTING"
    make_draws.settled(draw)
    assert draws.find(draw.code).state == Draw.State.PUBLISHED


def test_a_won_ticket_was_settled_before_it_was_paid(begin):
    """F052: its course goes forward, though the draw is settled after the last of its payments."""
    draw = begin(two_paid)
    ticket = Ticket.objects.select_related("draw__rule").filter(draw=draw).order_by("pk")[0]
    (read,) = tickets.read([ticket], player_id=ticket.owner_id)

    steps = tickets.steps_of(read, seal=draw.seal)

    times = [step["at"] for step in steps]
    assert [step["state"] for step in steps] == ["done"] * 5
    assert times == sorted(times)
