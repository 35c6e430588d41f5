"""Article 22: from the seal until the draw is held nobody reads what was sold, whoever he is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from cryptography.exceptions import InvalidTag
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import Sum
from django.test import Client

from accounts import drills
from accounts.models import Player
from audit import report_file, reports, trail, waiting
from audit.models import TrailRecord
from games import draws, results
from games.models import Draw
from lottery_portal import jobs
from lottery_portal.lib.codes import shown
from lottery_portal.lib.db import database_time, violated
from lottery_portal.lib.ids import uuid7
from sales import canonical, own_copy, purchase, quotes, read_ban, receipts, tickets
from sales.models import Purchase, Selection, Ticket
from tests import make, make_draws, owner, people

from .test_purchase import wanted

PICKS = (3, 9, 14, 20, 27, 31)
MARKED = make.single(*PICKS, blue=13)
EVER = {"since": "2020-01-01", "until": "2099-12-31"}
commits = pytest.mark.django_db(transaction=True)


def sold_draw() -> tuple[Draw, Ticket]:
    """An open shadow draw with one marked ticket in it."""
    draw = make.shadow_draw()
    bought = make.purchase(make.shadow_player(wallet=100_00), draw, [MARKED], channel="drill")
    return draw, Ticket.objects.get(pk=bought.sold()[0].pk)


def under_seal(draw: Draw) -> Draw:
    """The draw as if it were sealed: for what asks for the state and nothing else."""
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_draw DISABLE TRIGGER USER")
        hand.execute("UPDATE games_draw SET state = 'SEALED' WHERE id = %s", [draw.pk])
    return draws.find(draw.code)


def seen_by_the_application(draw: Draw) -> int:
    return Selection.objects.filter(draw_id=draw.pk).count()


def seen_by_the_owner(draw: Draw) -> list[int]:
    """How many rows the owner reads: of the whole, of the partition, by a function of his."""
    part = f"sales_selection_d{draw.pk}"
    with owner.as_owner() as hand:
        hand.execute(
            "CREATE OR REPLACE FUNCTION looked(draw bigint) RETURNS bigint LANGUAGE sql"
            " SECURITY DEFINER AS 'SELECT count(*) FROM sales_selection WHERE draw_id = draw'"
        )
        hand.execute("GRANT EXECUTE ON FUNCTION looked(bigint) TO PUBLIC")
        whole = "SELECT count(*) FROM sales_selection WHERE draw_id = %s"
        counts = [
            *hand.execute(whole, [draw.pk]).fetchall()[0],
            *hand.execute(f"SELECT count(*) FROM {part}").fetchall()[0],  # noqa: S608 - our own
            *hand.execute("SELECT looked(%s)", [draw.pk]).fetchall()[0],
        ]
        with hand.cursor().copy(f"COPY (TABLE {part}) TO STDOUT") as out:
            counts.append(sum(1 for _row in out.rows()))
    with connection.cursor() as cursor:
        cursor.execute("SELECT looked(%s)", [draw.pk])
        counts.append(cursor.fetchone()[0])
    return counts


@commits
def test_from_the_seal_to_the_first_entry_nobody_reads_a_selection():
    """F058, N07: not the application, not the owner, of no part; before and after both do."""
    other, _ticket = sold_draw()
    draw, _ticket = sold_draw()
    assert seen_by_the_application(draw) == 1
    assert seen_by_the_owner(draw) == [1] * 5

    draw = make_draws.sealed(draw)

    assert draw.state == Draw.State.SEALED
    assert read_ban.is_banned(draw)
    assert read_ban.banned_draws() == [draw.code]
    assert seen_by_the_application(draw) == 0
    assert seen_by_the_owner(draw) == [0] * 5
    assert Selection.objects.aggregate(fen=Sum("amount"))["fen"] == 2_00
    assert seen_by_the_application(other) == 1

    now = database_time()
    first = drills.officials(now=now)[0]
    results.enter(draw=draw, official=first, numbers=make_draws.NUMBERS, now=now)

    assert draws.find(draw.code).state == Draw.State.DRAWN
    assert not read_ban.is_banned(draw)
    assert seen_by_the_application(draw) == 1
    assert seen_by_the_owner(draw) == [1] * 5


@commits
def test_it_is_row_level_security_that_hides_them_and_force_that_binds_the_owner():
    """F058: taken away one by one, each lets somebody in; so the test above would fail."""
    draw, _ticket = sold_draw()
    under_seal(draw)
    assert (seen_by_the_application(draw), seen_by_the_owner(draw)) == (0, [0] * 5)

    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_selection NO FORCE ROW LEVEL SECURITY")
    assert seen_by_the_owner(draw) == [1, 0, 1, 0, 1]
    with owner.as_owner() as hand:
        hand.execute(f"ALTER TABLE sales_selection_d{draw.pk} NO FORCE ROW LEVEL SECURITY")
    assert seen_by_the_owner(draw) == [1] * 5
    assert seen_by_the_application(draw) == 0
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_selection DISABLE ROW LEVEL SECURITY")
    assert seen_by_the_application(draw) == 1


@commits
def test_every_partition_is_closed_from_the_moment_it_is_made():
    """F058."""
    sold_draw()
    make.draw()

    with owner.as_owner() as hand:
        rows = hand.execute(
            "SELECT c.relrowsecurity AND c.relforcerowsecurity,"
            "       (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid)"
            "  FROM pg_class c WHERE c.relname ~ '^sales_selection(_d[0-9]+)?$'"
        ).fetchall()

    assert len(rows) == 3
    assert set(rows) == {(True, 4)}


@commits
def test_what_the_planner_learnt_of_the_picks_is_not_shown():
    """N07: the most common masks would tell which numbers hurt us."""
    draw, _ticket = sold_draw()
    question = "SELECT count(*) FROM pg_stats WHERE tablename ~ '^sales_selection'"

    with owner.as_owner() as hand:
        hand.execute(f"ANALYZE sales_selection_d{draw.pk}")
        hand.execute("ANALYZE sales_selection")
        (seen,) = hand.execute(question).fetchall()[0]
    with connection.cursor() as cursor:
        cursor.execute(question)
        (by_the_application,) = cursor.fetchone()

    assert (seen, by_the_application) == (0, 0)


@pytest.mark.django_db
def test_the_sealed_draws_are_looked_up_once_a_query():
    """The ban costs one small query, not one a row."""
    draw, _ticket = sold_draw()

    plan = Selection.objects.filter(draw_id=draw.pk, mask_2__gt=0).explain(verbose=True)

    assert "hashed SubPlan" in plan


@commits
def test_a_change_of_a_sealed_selection_is_an_error_for_everybody():
    """F049: not zero rows that seem to be missing, an error; by the trigger of the statement."""
    draw, ticket = sold_draw()
    under_seal(draw)
    partition = f"sales_selection_d{draw.pk}"
    deeds = [
        f"{deed} WHERE ticket_id = {ticket.pk}"
        for table in ("sales_selection", partition)
        for deed in (f"UPDATE {table} SET mask_2 = 63", f"DELETE FROM {table}")  # noqa: S608 - our own names
    ]

    for deed in deeds:
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(deed)
        with owner.as_owner() as hand, pytest.raises(psycopg.errors.RestrictViolation):
            hand.execute(deed)

    with owner.as_owner() as hand:
        for table in ("sales_selection", partition):
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER sales_selection_never_touched")
        assert [hand.execute(deed).rowcount for deed in deeds] == [0] * 4


@commits
def test_the_player_keeps_his_own_receipt_while_nobody_reads_the_tables():
    """F058, F046: page, list, file and API come from his own copy, and say the same as before."""
    alice, draw = make.alice(), make.draw()
    ticket = make.ticket(alice, draw, [MARKED, make.single(blue=16, multiplier=2)])
    browser = people.behind(alice.user)
    addresses = [
        f"/tickets/{ticket.code}/receipt.json",
        f"/api/v1/tickets/{ticket.code}/",
        "/api/v1/tickets/",
    ]
    before = [browser.get(address).content for address in addresses]
    assert b"03,09,14,20,27,31+13" in before[0]

    under_seal(draw)

    assert not Selection.objects.filter(ticket=ticket).exists()
    kept = [browser.get(address).content for address in addresses]
    assert kept[0] == before[0]
    said = [json.loads(answer) for answer in (before[1], kept[1])]
    assert said[0] | {"state": "sealed"} == said[1]
    assert said[1]["selections"][0]["picks"] == [list(PICKS), [13]]
    assert said[1]["selections"][1]["amount_fen"] == 4_00
    page = browser.get(f"/tickets/{ticket.code}/")
    assert page.context["picks"][0]["picks"] == [list(PICKS), [13]]
    receipts.check(receipts.read_qr(page.context["qr_text"]), key=receipts.public_key())
    listed = browser.get("/tickets/")
    assert listed.context["tickets"][0]["numbers"] == [list(PICKS), [13]]


@pytest.mark.django_db
def test_nobody_else_opens_a_players_copy():
    """F058: not by address, not by the door, not by moving the ciphertext."""
    alice, bob, draw = make.alice(), make.player("王磊", wallet=20_00), make.draw()
    ticket, other = make.ticket(alice, draw, [MARKED]), make.ticket(bob, draw)
    stranger = people.behind(bob.user)

    for address in (f"/tickets/{ticket.code}/", f"/tickets/{ticket.code}/receipt.json",
                    f"/api/v1/tickets/{ticket.code}/"):  # fmt: skip
        assert stranger.get(address).status_code == 404
    with pytest.raises(own_copy.NotTheOwner):
        own_copy.line_of(ticket, player_id=bob.pk)
    with pytest.raises(own_copy.NotTheOwner):
        tickets.read([ticket], player_id=bob.pk)
    assert "03,09" not in ticket.receipt.copy
    assert bytes(ticket.receipt.leaf) == canonical.leaf(
        own_copy.line_of(ticket, player_id=alice.pk)
    )
    other.receipt.copy = ticket.receipt.copy
    with pytest.raises(InvalidTag):
        own_copy.line_of(other, player_id=bob.pk)


def written(ticket: Ticket, *, leaf: bytes, copy: str) -> str:
    """What refuses a receipt that is written by hand."""
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_receipt DISABLE TRIGGER USER")
        with pytest.raises(psycopg.errors.CheckViolation) as caught:
            hand.execute(
                "INSERT INTO sales_receipt (ticket_id, key_id, signature, leaf, copy)"
                " VALUES (%s, 'k', 's', %s, %s)",
                [ticket.pk, leaf, copy],
            )
    return caught.value.diag.constraint_name or ""


@commits
def test_a_receipt_holds_a_hash_and_ciphertext():
    """F044: a copy in the clear would lie in every backup."""
    _draw, ticket = sold_draw()

    assert written(ticket, leaf=b"short", copy="v1.k.n.c") == "receipt_leaf_is_a_hash"
    assert written(ticket, leaf=bytes(32), copy="1\tssq") == "receipt_copy_is_ciphertext"


def sold_with_receipt(draw: Draw, player: Player, line: Callable[[int], bytes]) -> None:
    """What the sale does, with a receipt about whatever line `line` gives for the ticket."""
    asked = {
        "code": "P", "player_id": player.pk, "request_key": str(uuid7()), "request_hash": "",
        "channel": "web", "tickets": [wanted(draw)],
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sales_sell(%s::jsonb)", [json.dumps(asked)])
        ((_purchase, _at, ticket_id, code, _sold_at),) = cursor.fetchall()
        its = line(ticket_id)
        claim = receipts.sign(ticket=code, leaf=canonical.leaf(its))
        receipts.record([receipts.Given(ticket_id=ticket_id, claim=claim, line=its)])


def logged_line(ticket_id: int) -> bytes:
    ticket = Ticket.objects.select_related("draw", "owner").get(pk=ticket_id)
    return receipts.line_of(
        ticket,
        draw=ticket.draw,
        owner=ticket.owner,
        salt=bytes(canonical.SALT_BYTES),
        selections=["single|01,02,03,04,05,06+07|x1|own"],
    )


@commits
def test_a_receipt_is_about_the_leaf_that_the_log_holds():
    """F046: a leaf other than the one that the sale has logged takes the whole sale back."""
    alice, draw = make.alice(), make.draw()

    def altered(ticket_id: int) -> bytes:
        return logged_line(ticket_id).replace(b"01,02", b"01,08")

    with pytest.raises(IntegrityError) as caught:
        sold_with_receipt(draw, alice, altered)

    assert violated(caught.value) == "receipt_leaf_as_logged"
    assert not Ticket.objects.exists()
    sold_with_receipt(draw, alice, logged_line)
    assert Ticket.objects.count() == 1


@pytest.mark.django_db
def test_the_hash_of_a_request_does_not_tell_the_picks():
    """N07: it stands in a row that is read; a plain hash is found again by trying all lines."""
    alice, draw = make.alice(), make.draw()
    bought = make.purchase(alice, draw, [MARKED])
    text = f"{draw.code} single|03,09,14,20,27,31+13|x1|own"

    plain = hashlib.sha256(text.encode()).hexdigest()

    assert bought.request_hash != plain
    asked = [quotes.quote(draw=draw, selections=[MARKED], now=database_time())]
    assert bought.request_hash == purchase.request_hash(
        asked, player_id=alice.pk, request_key=bought.request_key
    )


@pytest.mark.django_db
def test_equal_requests_have_different_hashes():
    """N07: who buys a line would else see, in rows that are read, who has the same one."""
    alice, other, draw = make.alice(), make.player("李明", wallet=10_00), make.draw()
    for buyer in (alice, alice, other):
        make.purchase(buyer, draw, [MARKED])

    assert len(set(Purchase.objects.values_list("request_hash", flat=True))) == 3


ADMIN = "/admin/sales"


@pytest.mark.thorough
@commits
def test_admin_lists_leave_sealed_tickets_out_and_say_why():
    """F058: the list is empty, names the article, and the look stands in the trail."""
    draw, ticket = sold_draw()
    auditor = people.behind(people.member("auditor").user)
    auditor.cookies["language"] = "en"
    rooms = {
        "purchase": shown(ticket.purchase.code),
        "ticket": shown(ticket.code),
        "receipt": shown(ticket.code),
    }
    for table, code in rooms.items():
        assert code in auditor.get(f"{ADMIN}/{table}/").content.decode()
    assert attempts() == []

    under_seal(draw)

    for table, code in rooms.items():
        page = auditor.get(f"{ADMIN}/{table}/").content.decode()
        assert code not in page
        assert draw.code in page
        assert "article 22" in page
    assert attempts() == [(draw.code, f"{ADMIN}/{table}/") for table in rooms]
    with owner.as_owner() as hand:
        hand.execute("UPDATE games_draw SET state = 'DRAWN' WHERE id = %s", [draw.pk])
    assert shown(ticket.code) in auditor.get(f"{ADMIN}/ticket/").content.decode()
    assert len(attempts()) == 3


@commits
def test_one_sealed_record_is_403_in_words_and_an_event():
    """F058: staff query on sealed tickets: 403 and an event, with who and where."""
    draw, ticket = sold_draw()
    member = people.member("compliance")
    staff = people.behind(member.user)
    staff.cookies["language"] = "en"
    rows = {"purchase": ticket.purchase_id, "ticket": ticket.pk, "receipt": ticket.receipt.pk}
    under_seal(draw)
    addresses = [
        f"{ADMIN}/{table}/{pk}/{way}/"
        for way in ("change", "history", "delete")
        for table, pk in rows.items()
    ]

    for address in addresses:
        answer = staff.get(address)
        assert answer.status_code == 403, address
        told = answer.content.decode()
        assert "article 22" in told
        assert f"/desk/draws/{draw.code}/open-seal/" in told
        assert ticket.code not in told

    assert attempts() == [(draw.code, address) for address in addresses]
    by = TrailRecord.objects.filter(action=read_ban.ATTEMPT).values_list("actor", flat=True)
    assert set(by) == {member.user.username}
    assert staff.get(f"{ADMIN}/ticket/999999/change/").status_code == 302


@commits
def test_an_export_leaves_sealed_tickets_out_and_says_so_in_its_head():
    """F058: in the file itself, with the draw and the article; the order stands in the trail."""
    alice, draw = make.alice(), make.draw()
    ticket = make.ticket(alice, draw, [MARKED])
    by, now = people.member("auditor").user, database_time()

    def export() -> str:
        run = reports.order(name="sales.tickets", params=EVER, by=by, now=now)
        jobs.run_pending()
        return report_file.place_of(run.code).read_text(encoding="utf-8-sig")

    assert ticket.code in export()
    assert attempts() == []

    under_seal(draw)

    head, _blank, rows = export().partition("\r\n\r\n")
    assert draw.code in head
    assert "第二十二条" in head
    assert ticket.code not in rows
    assert attempts() == [(draw.code, "export sales.tickets")]


def attempts() -> list[tuple[str, str]]:
    """What the trail says was asked for: of which draw, where."""
    found = trail.read(trail.Filters(action=read_ban.ATTEMPT)).order_by("pk")
    return [(row.object_code, json.loads(row.body)["where"]) for row in found]


@commits
def test_who_may_have_a_seal_opened_watches_the_draws_under_seal():
    """N07: with the way to ask for those who ask, and to the draw for those who sign."""
    draw = make.draw()
    ways = {"compliance": "open-seal/", "auditor": "open-seal/", "regulator": "", "support": None}

    def watched(role: str) -> list[str]:
        found = waiting.watched_by(frozenset({role}), database_time())
        return [row.url for what, rows in found for row in rows if what.name.startswith("sales.")]

    assert [watched(role) for role in ways] == [[]] * 4
    under_seal(draw)

    for role, way in ways.items():
        assert watched(role) == ([] if way is None else [f"/desk/draws/{draw.code}/{way}"])


@commits
def test_opening_a_record_of_a_person_is_a_row_in_the_trail():
    """F211: tickets, purchases, receipts, players, staff; a list is none, a refusal is none."""
    alice, draw = make.alice(), make.draw()
    ticket = make.ticket(alice, draw, [MARKED])
    member = people.member("compliance")
    staff = people.behind(member.user)
    pages = {
        f"{ADMIN}/ticket/{ticket.pk}/change/": ("ticket", ticket.code),
        f"{ADMIN}/purchase/{ticket.purchase_id}/change/": ("purchase", ticket.purchase.code),
        f"{ADMIN}/receipt/{ticket.receipt.pk}/change/": ("receipt", ticket.code),
        f"/admin/accounts/player/{alice.pk}/change/": ("player", alice.code),
        f"/admin/accounts/staffmember/{member.pk}/change/": ("staff", member.user.username),
        f"/admin/accounts/user/{alice.user_id}/change/": ("user", alice.user.username),
        f"/desk/players/{alice.code}/": ("player", alice.code),
    }

    for address in pages:
        assert staff.get(address).status_code == 200
    staff.get(f"{ADMIN}/ticket/")
    cashier = people.behind(people.member("cashier").user)
    assert cashier.get(f"{ADMIN}/ticket/{ticket.pk}/change/").status_code == 403

    found = trail.read(trail.Filters(action="audit.record_read")).order_by("pk")
    assert [(row.object_type, row.object_code) for row in found] == list(pages.values())
    assert [json.loads(row.body)["where"] for row in found] == list(pages)
    assert {row.actor for row in found} == {member.user.username}


@pytest.mark.thorough
@commits
def test_opening_a_winners_record_is_a_row_in_the_trail():
    """F211."""
    small = make.single(20, 21, 22, 23, 24, 25, blue=7)  # what waits for its winner is not there
    draw = make_draws.settled(make_draws.confirmed([small]))
    prize = draw_prize(draw)
    auditor = people.behind(people.member("auditor").user)

    assert auditor.get(f"/admin/prizes/prize/{prize.pk}/change/").status_code == 200

    (row,) = trail.read(trail.Filters(action="audit.record_read"))
    assert (row.object_type, row.object_code) == ("prize", prize.ticket.code)


def draw_prize(draw: Draw):
    from prizes.models import Prize  # noqa: PLC0415 - a higher room, in one test

    return Prize.objects.select_related("ticket").get(draw=draw)


@commits
def test_the_sealed_file_is_not_given_away_before_the_draw_is_over():
    """F058: not to the public and not to staff; afterwards to everybody."""
    draw = make.draw()
    make.ticket(make.alice(), draw, [MARKED])
    address = f"/results/ssq/{draw.issue}/sealed-file/"
    draw = under_seal(draw)

    visitors = [Client(), people.behind(people.member("auditor").user)]
    assert {visitor.get(address).status_code for visitor in visitors} == {404}
    assert draw.draws_at > database_time() - timedelta(days=30)
