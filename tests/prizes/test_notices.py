"""What players are told of their draws, and by which way (F053); where their money went (N09)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import transaction

from accounts import messages
from accounts.models import Message
from finance.models import Transfer
from lottery_portal import jobs
from lottery_portal.lib.db import database_time
from prizes import publication
from prizes.models import Prize
from sales import ticket_money, tickets
from sales.models import Ticket
from tests import make, make_draws, people

pytestmark = pytest.mark.django_db(transaction=True)

# What each message with a text for telephones is told, with amounts where the mail has them.
TOLD: dict[str, dict[str, Any]] = {
    "prizes.won": {"ticket": "ABCDEFGH23456789K", "game": "Double Color Ball", "issue": "2026108",
                   "amount_fen": 123_456_00, "route": "WALLET"},
    "prizes.result": {"game": "Double Color Ball", "game_code": "ssq", "issue": "2026108",
                      "spelt": "01 02 + 03", "tickets": 2, "winning": 1, "won_fen": 123_456_00},
    "sales.draw_cancelled": {"game": "Double Color Ball", "issue": "2026108", "tickets": 2,
                             "refunded_fen": 123_456_00, "reason": "x"},
    "sales.plan_ended": {"game": "Double Color Ball", "plan": "ABCDEFGH2345", "reason": "WON",
                         "left_fen": 123_456_00},
    "sales.plan_left_out": {"game": "Double Color Ball", "plan": "ABCDEFGH2345", "issue": "2026108",
                            "reason": "limit", "fen": 123_456_00, "is_last": False},
    **{
        kind: {"ticket": "ABCDEFGH23456789K", "game": "Double Color Ball", "issue": "2026108",
               "amount_fen": 123_456_00, "last_day": "2027-01-01", "days_left": 7, "step": 7,
               "year": 2027, "number": 1, "is_granted": True, "until_on": "2027-02-01",
               "reason": "x"}
        for kind in ("prizes.claim_by", "prizes.forfeited", "prizes.hold_begun",
                     "prizes.hold_over", "prizes.extension_decided")
    },
    "prizes.claim_paid": {"ticket": "ABCDEFGH23456789K", "claim": "ABCDEFGH2345", "method": "CASH",
                          "amount_fen": 123_456_00, "tax_fen": 123_456, "net_fen": 123_456_00},
    "prizes.claim_taken_back": {"ticket": "ABCDEFGH23456789K", "claim": "ABCDEFGH2345",
                                "net_fen": 123_456_00, "reason": "x"},
    **{
        kind: {"ticket": "ABCDEFGH23456789K", "claim": "ABCDEFGH2345", "clause": "S1",
               "reason": "x"}
        for kind in ("prizes.claim_refused", "prizes.claim_reopened", "prizes.objection_dismissed",
                     "prizes.claim_opened_by_agent")
    },
    **{
        kind: {"ticket": "ABCDEFGH23456789K", "game": "Double Color Ball", "issue": "2026108",
               "day": "2027-01-01", "clock": "09:30", "place": "兑奖中心", "address": "x",
               "phone": "010-0000 0100", "due_on": "2027-01-01", "new_date": "2027-01-08",
               "reason": "x"}
        for kind in ("prizes.appointment_booked", "prizes.appointment_cancelled",
                     "prizes.payment_delayed")
    },
    **{
        kind: {"ticket": "ABCDEFGH23456789K", "game": "Double Color Ball", "issue": "2026108",
               "shows": ["SURNAME", "PLACE", "OUTLET"]}
        for kind in ("prizes.winner_announced", "prizes.winner_taken_away")
    },
}  # fmt: skip


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_no_telephone_shows_what_was_won_or_paid(language):
    """F053: others may read it; every kind of these rooms that goes by SMS is here."""
    by_sms = {
        name
        for name, kind in messages.KINDS.items()
        if "SMS" in kind.channels and name.startswith(("prizes.", "sales."))
    }
    assert by_sms == set(TOLD)
    for name, params in TOLD.items():
        message = Message(kind=name, params=params, sent_at=database_time())

        short = messages.write(message, language, channel="SMS").text

        assert not re.search(r"123|456|元|yuan", short), (name, short)
        assert len(short) <= 140, (name, short)
        assert "2026108" in short or "2345" in short or "789K" in short
        whole = messages.write(message, language).text
        assert whole != short
        assert not re.search(r"\d{4}-\d\d-\d\d", short + whole), name  # days as people write them


def test_winners_and_others_are_told_and_choose_the_way():
    """F053: both in the message centre; by mail who won, and of results only who asked for them."""
    winner, other = make.shadow_player(wallet=4_00), make.shadow_player(wallet=2_00)
    draw = make_draws.sold([make.single(1, 2, 3, 4, 5, 30, blue=7)], [make.single(8, 9, 10, 11, 12,
                           14, blue=9)], player=winner)  # fmt: skip
    make_draws.sold([make.single(8, 9, 10, 11, 12, 14, blue=9)], player=other, draw=draw)
    draw = make_draws.settled(make_draws.drawn(make_draws.sealed(draw)))

    publication.tell_result(draw=draw, now=database_time())
    publication.tell_result(draw=draw, now=database_time())

    told = {
        one.user_id: one.params
        for one in Message.objects.filter(
            kind=publication.RESULT, natural_key=f"result:{draw.code}"
        )
    }
    assert told[winner.user_id]["tickets"] == 2
    assert told[winner.user_id]["winning"] == 1
    assert told[winner.user_id]["won_fen"] > 0
    assert (told[other.user_id]["tickets"], told[other.user_id]["winning"]) == (1, 0)
    assert "won nothing" in messages.write(_result_of(other.user_id), "en").text
    assert "1 of your 2 tickets won" in messages.write(_result_of(winner.user_id), "en").text


def _result_of(user_id: int) -> Message:
    return Message.objects.get(kind=publication.RESULT, user_id=user_id)


def test_results_leave_the_house_only_for_who_asked():
    """F053: off until it is switched on, each way for itself; prizes are on until switched off."""
    user = people.player(login="alice@example.com").user
    choices = {(kind.name, channel): is_on for kind, channel, is_on in messages.choices(user)}
    assert choices["prizes.result", "EMAIL"] is False
    assert choices["prizes.won", "EMAIL"] is True
    _tell(user, "first")
    jobs.run_pending()
    assert mail.outbox == []

    messages.choose(
        user=user, kind="prizes.result", channel="EMAIL", is_wanted=True, now=database_time()
    )
    _tell(user, "second")
    jobs.run_pending()

    (sent,) = mail.outbox
    assert "123,456.00" in sent.body


def test_a_short_text_is_what_the_telephone_gets():
    """F053: the gateway is handed the text for telephones, not the one for the mailbox."""
    user = people.player(login="13900000001").user
    with transaction.atomic():
        messages.send(
            user=user, kind="prizes.won", params=TOLD["prizes.won"], natural_key="won:1",
            now=database_time(),
        )  # fmt: skip
    jobs.run_pending()

    last = (settings.STATE_DIR / "sms.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    assert "2026108" in json.loads(last)["text"]
    assert "123,456" not in json.loads(last)["text"]


def _tell(user: object, key: str) -> None:
    with transaction.atomic():
        messages.send(
            user=user, kind="prizes.result", params=TOLD["prizes.result"], natural_key=key,  # type: ignore[arg-type]
            now=database_time(),
        )  # fmt: skip


@pytest.mark.thorough
def test_a_hundred_receipts_add_up_to_the_ledger():
    """N09: what the tickets say of their price is what the books moved when the draw was sealed;
    once it is published each also says what the draw paid and gave.
    """
    picks = [make.single(1, 2, 3, 4, 5, 6 + at % 20, blue=1 + at % 16) for at in range(25)]
    draw = make_draws.sealed(make_draws.sold(*[picks[at % 25 : at % 25 + 1] for at in range(100)]))
    owner = Ticket.objects.filter(draw=draw).values_list("owner_id", flat=True)[0]
    sold = list(Ticket.objects.filter(draw=draw).select_related("draw__game", "rule", "receipt"))

    read = tickets.read(sold, player_id=owner)
    parts = [[part["amount"] for part in tickets.split_of(one)] for one in read]

    assert len(read) == 100
    assert all(sum(four) == one.ticket.price for four, one in zip(parts, read, strict=True))
    booked = Transfer.objects.filter(entry__reference=f"allocation:{draw.code}")
    moved = sorted(booked.values_list("amount", flat=True))
    assert sorted(map(sum, zip(*parts, strict=True))) == moved
    assert ticket_money.of_draw(draw, read[0].version) is None

    draw = make_draws.settled(make_draws.drawn(draw))
    told = ticket_money.of_draw(draw, read[0].version)

    assert told is not None
    assert told.sales_fen == sum(one.ticket.price for one in read)
    assert told.paid_fen == sum(Prize.objects.filter(draw=draw).values_list("amount", flat=True))
    assert [told.shares.prize_fen, told.shares.fund_fen, told.shares.welfare_fen,
            told.shares.fee_fen] == [sum(four) for four in zip(*parts, strict=True)]  # fmt: skip


def test_a_ticket_leads_to_the_simulator_of_its_game():
    """N16, N09: the text on the ticket is a bet that the simulator understands."""
    alice = make.alice()
    make.purchase(alice, make.draw())
    reader = people.behind(alice.user)
    code = Ticket.objects.get().code

    page = reader.get(f"/tickets/{code}/").content.decode()

    (bet,) = re.findall(r'name="bet" value="([^"]+)"', page)
    assert bet == "single|01,02,03,04,05,06+07|x1|own"
    assert reader.post("/simulator/ssq/", {"bet": bet}).status_code == 200
