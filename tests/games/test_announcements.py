"""Results of the past as published, and our own, in one list (D22, F073)."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.test import Client

from audit import approvals
from finance import ledger
from games import announcements, results, rule_sheets, rules
from games.models import Announcement, Draw, Game, RuleSheet
from lottery_portal.lib.db import database_time
from prizes import genesis as prizes_genesis
from tests import make, make_draws, people
from tests.owner import as_owner

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_last_three_hundred_official_results_are_there():
    """D22: loaded once by genesis, source named."""
    ssq = Game.objects.get(code="ssq")
    rows = announcements.of_game(ssq)

    assert rows.filter(draw__isnull=True).count() == 300
    last = rows.get(issue="2026108")
    assert (last.numbers, last.pool) == ([[6, 11, 13, 14, 20, 28], [16]], 91_724_364_700)
    assert last.tiers[0] == {"tier": 1, "winners": 2, "prize_fen": 1_000_000_000}
    assert all(source for source in rows.values_list("source", flat=True))


def test_genesis_twice_changes_nothing():
    """D12: the second run is a no-op, money included."""
    before = (
        Announcement.objects.count(),
        Game.objects.count(),
        RuleSheet.objects.count(),
        ledger.balance("pool:ssq"),
        ledger.balance("fund:ssq"),
    )
    planned = Draw.objects.filter(game__code="ssq").count()

    call_command("genesis", verbosity=0)

    assert before == (
        Announcement.objects.count(),
        Game.objects.count(),
        RuleSheet.objects.count(),
        ledger.balance("pool:ssq"),
        ledger.balance("fund:ssq"),
    )
    assert Draw.objects.filter(game__code="ssq").count() >= planned
    assert ledger.balance("pool:ssq") == 91_724_364_700
    assert ledger.trial_balance() == 0


def test_books_are_not_opened_after_a_sale():
    """D12: a game whose books were forgotten is not opened once a ticket is sold."""
    make.purchase(make.alice(), make.draw())
    with as_owner() as owner:
        owner.execute("ALTER TABLE finance_entry DISABLE TRIGGER USER")
        owner.execute("UPDATE finance_entry SET reference = 'lost' WHERE reference = 'opening:ssq'")

    with pytest.raises(prizes_genesis.BooksHaveMoved):
        prizes_genesis.load(now=database_time())

    (opened,) = ledger.movements("pool:ssq")
    assert opened.amount == 91_724_364_700


def test_the_rules_in_force_are_rows_with_the_digest_of_their_sheet():
    """F021: code and row say the same, or nothing is sold or settled."""
    for sheet in RuleSheet.objects.all():
        version = rules.by_code(sheet.code)
        assert sheet.digest == rules.rule_sheet_digest(version)
        assert sheet.sheet.encode() == rules.rule_sheet(version)


def test_a_rule_version_is_loaded_by_two_and_not_under_planned_draws():
    """F021, D5: four eyes; draws that are planned keep their rule."""
    ssq, drill = Game.objects.get(code="ssq"), Game.objects.get(code="ssq-drill")
    maker, checker = people.member("compliance").user, people.member("approver").user
    make.draw()

    with pytest.raises(rule_sheets.RuleVersionTooLate):
        rule_sheets.request(game=ssq, version="ssq-2018.1", maker=maker, now=database_time())
    with pytest.raises(rule_sheets.RuleVersionLoaded):
        rule_sheets.request(game=ssq, version="ssq-2026.1", maker=maker, now=database_time())
    with pytest.raises(rule_sheets.RuleVersionUnknown):
        rule_sheets.request(game=ssq, version="dlt-2026.1", maker=maker, now=database_time())
    asked = rule_sheets.request(game=drill, version="ssq-2014.1", maker=maker, now=database_time())
    approvals.decide(code=asked.code, checker=checker, approve=True, reason="", now=database_time())

    assert RuleSheet.objects.get(game=drill, code="ssq-2014.1").approval_code == asked.code


def test_what_the_source_lacks_is_shown_as_a_dash():
    """D22: never invented."""
    ssq = Game.objects.get(code="ssq")
    with transaction.atomic():
        Announcement.objects.create(
            game=ssq, issue="2024100", drawn_on="2024-08-29", numbers=[[1, 2, 3, 4, 5, 6], [7]],
            source="x", recorded_at=database_time(),
        )  # fmt: skip

    page = Client().get("/results/ssq/2024100/").content.decode()

    assert page.count("—") >= 2 + 6 * 2
    assert "0.00" not in page


def test_a_published_result_stands():
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Announcement.objects.update(note="x")


def test_the_list_of_results_is_open_to_everybody():
    """F073: paged, newest first, found by number."""
    page = Client().get("/results/")

    assert page.status_code == 200
    assert b"2026108" in page.content
    assert Client().get("/results/ssq/?page=15").status_code == 200
    assert Client().get("/results/ssq/?issue=2026100")["Location"] == "/results/ssq/2026100/"
    assert Client().get("/results/?issue=1999999").status_code == 404
    assert Client().get("/results/ssq-drill/").status_code == 404
    assert Client().get("/results/ssq/2026108/").status_code == 200
    assert Client().get("/results/ssq/2099999/").status_code == 404


@pytest.mark.thorough
def test_draws_of_drills_have_no_public_page():
    draw = make_draws.settled(make_draws.confirmed([make.SELECTION]))

    assert Client().get(f"/results/{draw.game.code}/{draw.issue}/").status_code == 404
    assert Client().get(f"/api/v1/draws/{draw.code}/").status_code == 404
    assert not any(row["issue"] == draw.issue for row in results.latest(most=50))


def test_games_draws_and_results_in_json():
    """F247: public data, open to programs."""
    draw = make.draw()
    client = Client()

    ssq, *others = client.get("/api/v1/games/").json()
    found = client.get("/api/v1/draws/?game=ssq&state=OPEN").json()
    one = client.get(f"/api/v1/draws/{draw.code}/").json()
    published = client.get("/api/v1/announcements/?before=2026108").json()

    assert (ssq["code"], ssq["is_on_sale"], ssq["price_fen"]) == ("ssq", True, 200)
    assert {(one["code"], one["is_on_sale"], one["draw"]) for one in others} == {
        (code, True, None) for code in rules.GAMES if code != "ssq"
    }
    assert draw.code in [row["code"] for row in found]
    assert (one["numbers"], one["seal"], one["state"]) == (None, None, "OPEN")
    assert (len(published), published[0]["issue"]) == (100, "2026107")
    assert client.get("/api/v1/draws/?state=NONE").status_code == 400
    assert client.get("/api/v1/draws/none/").json()["code"] == "draw_unknown"
