"""Large prizes are told without a person; of a person only what he allows, while he does (F100)."""

from __future__ import annotations

import time

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import messages, publicity, regions
from accounts.models import Message
from audit import approvals, policies, reports
from audit.models import TrailRecord
from lottery_portal.lib import dates
from lottery_portal.lib.db import database_time, violated
from prizes.claim_models import Claim
from prizes.models import TierOutcome
from prizes.redemption import announcements
from prizes.winner_models import WinnerNotice
from tests import make_claims as make
from tests import people
from tests.make_claims import Won
from tests.people import text

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

GONE_IN = 5.0  # seconds


def lines(won: Won):
    return announcements.of_draw(won.draw, now=database_time())


def read() -> str:
    """The public page, to somebody who is not logged in."""
    visitor = Client()
    visitor.cookies["language"] = "en"
    return text(visitor.get("/winners/"))


def paid(won: Won) -> None:
    make.paid(won, make.approved(won, make.opened(won, won.prize(won.alice))))


def choose(won: Won, *shows: str) -> None:
    prize = won.prize(won.alice)
    announcements.choose(
        prize=prize, shows=frozenset(shows), actor=won.alice.user, now=database_time()
    )


def ask(won: Won) -> approvals.Request:
    prize = won.prize(won.alice)
    return announcements.ask(prize=prize, maker=won.staff["claims_officer"], now=database_time())


def agree(won: Won, request: approvals.Request) -> approvals.Request:
    return approvals.decide(
        code=request.code, checker=won.staff["approver1"], approve=True, now=database_time()
    )


def told_before_anybody_came(won: Won):
    """Game, draw, tier, band; of small prizes nothing."""
    before = lines(won)
    (line,) = before
    outcome = TierOutcome.objects.get(draw=won.draw, tier=1)
    assert (line.lines, line.winners) == (outcome.winners, [])
    assert line.above_fen < outcome.prize
    assert line.up_to_fen is None or outcome.prize <= line.up_to_fen
    now = database_time()
    least = int(policies.read(announcements.FROM_POLICY, at=now))
    for player in (won.bob, won.carol):
        prize = won.prize(player)
        assert prize.amount < least
        with pytest.raises(announcements.NotALargePrize):
            announcements.choose(
                prize=prize, shows=frozenset({"SURNAME"}), actor=player.user, now=now
            )
        assert people.behind(player.user).get(
            reverse("prizes:publicity", args=[prize.ticket.code])
        ).status_code == 404  # fmt: skip
    return before


def the_report_says_how_it_went(prize):
    """F222: one claim, at the centre, paid within the hour, not late."""
    (report,) = (
        one for one in reports.open_to(frozenset({"auditor"})) if one.name == "prizes.redemption"
    )
    day = dates.in_shanghai(database_time()).date().isoformat()
    (row,) = report.rows({"since": day, "until": day})
    assert row == (
        str(Claim.Way.CENTRE.label), "", str(Claim.State.PAID.label), 1, prize.amount, 1, 1, 1, 0,
    )  # fmt: skip


def told_him(won: Won) -> list[tuple[str, list[str]]]:
    """Every message to the winner about what is told of him, the oldest first."""
    rows = Message.objects.filter(
        user=won.alice.user, kind__in=(announcements.ANNOUNCED, announcements.TAKEN_AWAY)
    )
    return [(row.kind.removeprefix("prizes.winner_"), row.params["shows"])
            for row in rows.order_by("pk")]  # fmt: skip


def in_json(won: Won):
    """What the API tells of the draw, to somebody who is not logged in."""
    visitor = Client()
    visitor.cookies["language"] = "en"
    answer = visitor.get("/api/v1/winners/announcements/")
    assert answer.status_code == 200
    rows = answer.json()["announcements"]
    return [row for row in rows if row["draw"] == won.draw.code]


def what_is_taken_back_is_gone(won: Won, client: Client, page: str) -> None:
    """With the next page; told again when he allows again what two people agreed to."""
    client.post(page, {"shows": ["PLACE", "OUTLET"]})
    assert [one.winners for one in lines(won)] == [[[regions.name("11")]]]
    begun = time.monotonic()
    client.post(page, {})
    assert "Beijing" not in (shown := read())
    assert "陈" not in shown
    assert time.monotonic() - begun < GONE_IN
    assert [one.winners for one in lines(won)] == [[]]
    assert [row["winners"] for row in in_json(won)] == [[]]
    assert told_him(won)[1:] == [("taken_away", ["SURNAME"]), ("taken_away", ["PLACE"])]
    assert "Nothing may be told of you." in text(client.get(page))
    client.post(page, {"shows": ["SURNAME", "OUTLET"]})
    assert [one.winners for one in lines(won)] == [[["陈**"]]]
    assert told_him(won)[3:] == [("announced", ["SURNAME"])]  # two people agreed to it before
    agree(won, ask(won))
    assert told_him(won)[4:] == [("announced", ["SURNAME", "OUTLET"])]
    last = Message.objects.filter(user=won.alice.user).latest("pk")
    written = messages.write(last, "en")
    assert "your surname; the outlet or centre that paid the prize" in written.text
    assert written.address == page
    assert "陈" not in str(last.params)
    assert [one.winners for one in lines(won)] == [[["陈**", str(_("Prize centre"))]]]


def test_what_a_winner_allows_is_told_after_two_people_and_gone_when_he_takes_it_back(won):
    """F100: chosen on his page, each detail by itself; not before payment, not without consent; two
    people; taken back it is gone with the next page. Before, during and after the claim the line is
    the same: neither it nor its absence says what still waits (S1·七2)."""
    before = told_before_anybody_came(won)
    prize, officer = won.prize(won.alice), won.staff["claims_officer"]
    client, page = people.in_english(won.alice.user), reverse(
        "prizes:publicity", args=[won.prize(won.alice).ticket.code]
    )  # fmt: skip
    assert page in text(client.get(reverse("prizes:prize", args=[prize.ticket.code])))
    assert "Nothing may be told of you." in text(client.get(page))
    assert people.behind(won.bob.user).get(page).status_code == 404
    for other in (won.bob.user, officer):
        with pytest.raises(publicity.NotYourPrize):
            announcements.choose(
                prize=prize, shows=frozenset({"PLACE"}), actor=other, now=database_time()
            )
    assert client.post(page, {"shows": ["SURNAME", "PLACE"]}).status_code == 302
    with pytest.raises(announcements.NotPaid):
        ask(won)
    claim = make.opened(won, prize)
    assert lines(won) == before
    make.paid(won, make.approved(won, claim))
    assert lines(won) == before
    the_report_says_how_it_went(prize)
    with pytest.raises(approvals.MayNotAsk):
        announcements.ask(prize=prize, maker=won.staff["cashier"], now=database_time())

    desk = people.in_english(officer)
    assert "My surname" in text(desk.get("/desk/winners/"))
    answer = desk.post("/desk/winners/", {"ticket": prize.ticket.code})
    (request,) = approvals.under_way(announcements.KIND)
    assert answer["Location"] == reverse("audit:approval", args=[request.code])
    assert "陈" not in str(request.payload)
    with pytest.raises(announcements.AnnouncementAsked):
        ask(won)
    assert "陈" not in read()
    assert told_him(won) == []
    agree(won, request)

    assert [one.winners for one in lines(won)] == [[["陈**", regions.name("11")]]]
    assert told_him(won) == [("announced", ["SURNAME", "PLACE"])]
    (line,), (row,) = lines(won), in_json(won)
    assert row == {
        "draw": won.draw.code, "game": won.draw.game.code, "issue": won.draw.issue,
        "draws_at": row["draws_at"], "tier": row["tier"], "lines": line.lines,
        "above_fen": line.above_fen, "up_to_fen": line.up_to_fen, "winners": [["陈**", "Beijing"]],
    }  # fmt: skip
    shown = read()
    assert "陈**" in shown
    assert "Beijing" in shown
    assert "小雨" not in shown
    for hidden in (prize.ticket.code, won.alice.code, "Prize centre,"):
        assert hidden not in shown
    assert TrailRecord.objects.filter(action="prizes.winner_announced").count() == 1

    what_is_taken_back_is_gone(won, client, page)


@pytest.mark.thorough
def test_what_was_taken_back_before_the_second_word_is_never_told(won):
    """F100: the approval is refused and stays open; without consent nothing can be asked."""
    paid(won)
    with pytest.raises(announcements.NotAllowed):
        ask(won)
    choose(won, "SURNAME", "PLACE")
    request = ask(won)
    choose(won, "PLACE")

    with pytest.raises(announcements.NotAllowed):
        agree(won, request)

    assert not WinnerNotice.objects.exists()
    assert approvals.find(request.code).state == "OPEN"
    assert told_him(won) == []
    assert [one.winners for one in lines(won)] == [[]]


@pytest.mark.thorough
def test_the_database_tells_nothing_without_consent_payment_and_two_people(won):
    """F100: whoever writes the row."""
    choose(won, "SURNAME")

    def refused(player, shows, code) -> str:
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            WinnerNotice.objects.create(
                prize=won.prize(player), shows=shows, approval_code=code,
                published_at=database_time(),
            )  # fmt: skip
        return violated(caught.value)

    assert refused(won.alice, ["SURNAME"], "X") == "winner_notice_of_a_paid_prize"
    paid(won)
    assert refused(won.bob, ["SURNAME"], "X") == "winner_notice_of_a_paid_prize"
    assert refused(won.alice, ["SURNAME", "PLACE"], "X") == "winner_notice_as_allowed"
    assert refused(won.alice, ["SURNAME"], "X") == "winner_notice_by_two"
    open_one = ask(won)
    assert refused(won.alice, ["SURNAME"], open_one.code) == "winner_notice_by_two"
    agree(won, open_one)
    assert WinnerNotice.objects.count() == 1
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE prizes_winnernotice SET shows = '{PLACE}'")
