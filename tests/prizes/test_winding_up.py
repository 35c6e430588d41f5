"""A stopped game is wound up: pool and fund go to the general fund, after all claims (R17)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from audit import approvals
from finance import cases, ledger
from finance.ledger import AccountKind, EntryKind, Move
from games import switches
from games.models import Draw, Game, RuleSheet
from lottery_portal.lib import dates
from lottery_portal.lib.db import violated
from prizes import winding_up
from tests import people
from tests.owner import as_owner, guards_up

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

POOL, FUND = 1_234_567_89, 50_000_00
LONG_AGO = timedelta(days=100)


@pytest.fixture
def now():
    return people.right_now()


@pytest.fixture
def treasurer():
    return people.member("treasurer").user


@pytest.fixture
def empty(now, treasurer):
    """A game whose only draw was a hundred days ago, settled and paid; its sales are off."""
    made = Game.objects.create(code="old", rules_game="ssq", name="旧游戏", position=9)
    last = Draw.objects.create(
        code="old-1",
        game=made,
        issue="2026001",
        rule=RuleSheet.objects.filter(game__code="ssq").latest("pk"),
        opens_at=now - LONG_AGO - timedelta(days=2),
        closes_at=now - LONG_AGO - timedelta(hours=1),
        draws_at=now - LONG_AGO,
        planned_at=now - LONG_AGO - timedelta(days=9),
    )
    by_force(last, "SETTLED")
    with transaction.atomic():
        for kind in ("GRANT", "POOL", "FUND"):
            ledger.open_account(code=f"{kind.lower()}:old", kind=kind)
        for kind in ("STAKES", "PRIZES", "UNCLAIMED"):
            ledger.open_account(code=f"{kind.lower()}:old-1", kind=kind)
    switches.switch(scope="game:old", is_off=True, reason="停止销售", actor=treasurer, now=now)
    return made


@pytest.fixture
def game(empty):
    """The same, and money is left in its pool and its fund."""
    granted(("pool:old", POOL), ("fund:old", FUND))
    return empty


@transaction.atomic
def granted(*parts):
    moves = [Move("grant:old", account, fen) for account, fen in parts]
    ledger.post(reference=f"opening:{parts}", kind=EntryKind.OPENING, moves=moves)


def by_force(draw, state):
    """What only time and a settlement bring about."""
    with as_owner() as hand:
        hand.execute("ALTER TABLE games_draw DISABLE TRIGGER USER")
        hand.execute("UPDATE games_draw SET state = %s WHERE id = %s", [state, draw.pk])
        guards_up(hand)


def announced(now, *, days=60):
    """The day of an announcement so many days before the last sale."""
    last_sale = dates.in_shanghai(now - LONG_AGO - timedelta(hours=1)).date()
    return last_sale - timedelta(days=days)


def ask(treasurer, now, **changes):
    said = {"game": "old", "announced_on": announced(now), "document": "财综〔2026〕1号", **changes}
    return winding_up.ask(maker=treasurer, now=now, **said)


def signed(code, now):
    for post in ("approver", "compliance"):
        approvals.decide(code=code, checker=people.member(post).user, approve=True, now=now)


def balances():
    codes = ("pool:old", "fund:old", "fund:general")
    return tuple(ledger.balance(code) if ledger.is_open(code) else 0 for code in codes)


def unpaid(fen, number=1):
    with transaction.atomic():
        ledger.post(
            reference=f"left:{number}",
            kind=EntryKind.PRIZE,
            moves=[Move("prizes:old-1", "unclaimed:old-1", fen)],
        )


def refused_entry(moves, reference="winding_up:NOBODY"):
    with transaction.atomic():
        ledger.open_account(code="fund:general", kind=AccountKind.FUND)
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        ledger.post(reference=reference, kind=EntryKind.WINDING_UP, moves=moves)
    return violated(caught.value)


def test_what_a_stopped_game_leaves_over_goes_to_the_general_fund(game, treasurer, now):
    """R16, R17: by three people, to the fen, once; the only way from a pool to a fund."""
    asked = ask(treasurer, now)
    approvals.decide(code=asked.code, checker=people.member("approver").user, approve=True, now=now)
    assert balances() == (POOL, FUND, 0)

    approvals.decide(
        code=asked.code, checker=people.member("compliance").user, approve=True, now=now
    )

    assert balances() == (0, 0, POOL + FUND)
    with pytest.raises(winding_up.NothingLeftOver):
        ask(treasurer, now)
    assert ledger.verify_books() == []


def test_the_report_to_the_ministry_is_a_case_of_sixty_days(game, treasurer, now):
    """R17: people are reminded of it two weeks ahead, and it escalates when it is late."""
    signed(ask(treasurer, now).code, now)
    case = winding_up.report_of(game)
    assert case is not None
    assert case.due_on == dates.in_shanghai(now).date() + timedelta(days=60)
    assert winding_up.reports_due_soon(now=now + timedelta(days=45)) == 0
    assert winding_up.reports_due_soon(now=now + timedelta(days=46)) == 1
    client = people.in_english(treasurer)
    assert "Report to the ministry due by" in client.get("/desk/stopped-games/").content.decode()
    assert "财综〔2026〕1号" in client.get(f"/desk/cases/{case.code}/").content.decode()

    cases.escalate_due(now=now + timedelta(days=60))
    assert not cases.find(case.code).escalated_at
    cases.escalate_due(now=now + timedelta(days=61))
    assert cases.find(case.code).escalated_at
    cases.resolve(code=case.code, actor=treasurer, resolution="财综报〔2027〕2号, 已送", now=now)

    assert winding_up.reports_due_soon(now=now + timedelta(days=61)) == 0
    assert "Report to the ministry made" in client.get("/desk/stopped-games/").content.decode()


@pytest.mark.thorough
def test_a_game_that_leaves_nothing_over_is_wound_up_and_reported_too(empty, treasurer, now):
    """R17: nothing is booked, three people say so, and the report is due; once."""
    client = people.in_english(treasurer)
    assert [one.game for one in winding_up.ready(now=now)] == [empty]
    assert "Nothing is left over." in client.get("/desk/stopped-games/old/").content.decode()
    asked = ask(treasurer, now)
    assert winding_up.ready(now=now) == []
    page = client.get(reverse("audit:approval", args=[asked.code])).content.decode()
    assert "Left over" in page

    signed(asked.code, now)

    case = winding_up.report_of(empty)
    assert case is not None
    assert (case.facts["left_fen"], case.due_on) == (
        0,
        dates.in_shanghai(now).date() + timedelta(days=60),
    )
    assert (balances(), ledger.entry_of(f"winding_up:{asked.code}")) == ((0, 0, 0), None)
    with pytest.raises(winding_up.NothingLeftOver):
        ask(treasurer, now)
    assert "wound up" in client.get("/desk/stopped-games/").content.decode()
    granted(("fund:old", 1))  # a correction that came late
    assert [one.game for one in winding_up.ready(now=now)] == [empty]


def test_as_long_as_anything_is_in_the_way_it_is_not_asked_for(game, treasurer, now):
    """R17: announced 60 days before, stopped, all claims over and paid."""
    late = announced(now, days=59)
    with pytest.raises(winding_up.StopAnnouncedLate):
        ask(treasurer, now, announced_on=late)
    with pytest.raises(winding_up.DocumentMissing):
        ask(treasurer, now, document=" ")
    with pytest.raises(winding_up.ClaimsStillRun):
        ask(treasurer, now - timedelta(days=41))  # the sixtieth day, or a holiday after it
    unpaid(1)
    with pytest.raises(winding_up.ClaimsStillRun) as caught:
        ask(treasurer, now)
    assert caught.value.figures["open_fen"] == 2  # one set aside, one short in the draw
    switches.switch(scope="game:old", is_off=False, reason="恢复", actor=treasurer, now=now)
    with pytest.raises(winding_up.GameNotStopped):
        ask(treasurer, now)

    assert balances() == (POOL, FUND, 0)


def test_what_changed_after_it_was_asked_for_is_not_booked(game, treasurer, now):
    """R17: neither another sum nor a game that is sold again."""
    asked = ask(treasurer, now)
    with transaction.atomic():
        ledger.post(
            reference="opening:more",
            kind=EntryKind.OPENING,
            moves=[Move("grant:old", "fund:old", 1)],
        )

    with pytest.raises(winding_up.LeftOverChanged):
        signed(asked.code, now)

    again = ask(treasurer, now)
    switches.switch(scope="game:old", is_off=False, reason="恢复", actor=treasurer, now=now)
    with pytest.raises(winding_up.GameNotStopped):
        signed(again.code, now)
    assert balances() == (POOL, FUND + 1, 0)


def test_the_database_winds_up_nothing_by_itself(game, treasurer, now, monkeypatch):
    """R16, R17: past the door, and through a door whose checks are gone."""
    moves = [Move("pool:old", "fund:general", POOL)]
    assert refused_entry(moves) in {"entry_by_its_own_approval", "winding_up_into_the_general_fund"}
    asked = ask(treasurer, now)
    assert (
        refused_entry(moves, f"winding_up:{asked.code}") == "entry_by_its_own_approval"
    )  # nobody has signed it
    monkeypatch.setattr(winding_up, "_check", lambda *_all: None)

    switches.switch(scope="game:old", is_off=False, reason="恢复", actor=treasurer, now=now)
    with pytest.raises(winding_up.GameNotStopped):
        signed(asked.code, now)
    switches.switch(scope="game:old", is_off=True, reason="停止", actor=treasurer, now=now)
    unpaid(1)
    owed = ask(treasurer, now)
    with pytest.raises(DatabaseError) as caught:
        signed(owed.code, now)

    assert violated(caught.value) == "winding_up_after_all_claims"
    assert balances() == (POOL, FUND, 0)


def test_what_is_left_over_goes_nowhere_else(game, treasurer, now, monkeypatch):
    """R16: not into the fund of another game, whoever signs it."""
    monkeypatch.setattr(winding_up, "GENERAL", "fund:ssq")
    asked = ask(treasurer, now)

    with pytest.raises(DatabaseError) as caught:
        signed(asked.code, now)

    assert violated(caught.value) == "winding_up_into_the_general_fund"
    assert balances() == (POOL, FUND, 0)


@pytest.mark.thorough
def test_the_treasurer_sees_what_is_in_the_way_and_asks(game, now):
    """R17: on the page."""
    client = people.behind(people.member("treasurer").user)
    client.cookies["language"] = "en"
    address = reverse("prizes:desk_winding_up", args=["old"])

    games = client.get(reverse("prizes:desk_stopped_games")).content.decode()
    asked = client.post(
        address, {"announced_on": announced(now).isoformat(), "document": "财综〔2026〕1号"}
    )
    late = client.post(
        address, {"announced_on": announced(now, days=1).isoformat(), "document": "x"}
    )

    assert "can be wound up" in games
    assert "on sale" in games  # the game that is
    assert address in games
    assert asked.status_code == 302
    assert asked["Location"].startswith("/desk/approvals/")
    assert (late.status_code, "60 days before" in late.content.decode()) == (409, True)
    auditor = people.behind(people.member("auditor").user)
    assert address not in auditor.get(reverse("prizes:desk_stopped_games")).content.decode()
    assert auditor.get(address).status_code == 403
