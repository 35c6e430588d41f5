"""The terminal of an outlet: ticket, identity, briefing, stamp; each once, elsewhere nothing."""

from __future__ import annotations

import base64

import pytest

from audit.models import Alarm
from finance import cases, ledger, wallets
from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from partners import claim_authority
from prizes.claim_models import Claim, PrizeEnd
from prizes.redemption import authenticity, claims, counter, outlet
from prizes.redemption.claim_refusals import ClaimUnknown, TicketNotSealed
from sales import receipts
from tests import make_claims as make
from tests import make_outlets, people
from tests.accounts import papers as cards
from tests.owner import as_owner, guards_up

from .test_counter_pages import card, hidden

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

State = Claim.State


class Terminal:
    """An outlet with authority, and its operator at the terminal."""

    def __init__(self, desk: make_outlets.Desk, name: str, up_to: int = 30_000_00) -> None:
        self.outlet = desk.place(up_to, name=name)
        self.user = desk.operator(self.outlet).user
        self.client = people.in_english(self.user)


def confirm(client, at: str) -> dict[str, str]:
    page = people.text(client.get(at))
    return {
        "action": "sign", "has_read": "on", "digest": hidden(page, "digest"),
        "language": hidden(page, "language"),
    }  # fmt: skip


def test_an_outlet_redeems_a_ticket_once(won):
    """F077, F085, F092, F178, F277: steps in their order; the stamp is one way, and sent again it
    is the same claim; another outlet gets nowhere with the ticket."""
    desk = make_outlets.Desk()
    here, there = Terminal(desk, "海淀一号"), Terminal(desk, "朝阳二号")
    prize = won.prize(won.carol)
    before = winnings(won.carol)
    at = f"/terminal/claims/{prize.ticket.code}/"
    typed = codes.shown(prize.ticket.code).lower()

    assert "Redeem a prize" in people.text(here.client.get("/terminal/"))
    assert here.client.post("/terminal/claims/", {"ticket": typed})["Location"] == at
    page = people.text(here.client.get(at))
    assert "The ticket is genuine" in page
    assert "3,000.00" in page
    key = {"action": "open", "request_key": hidden(page, "request_key")}
    assert here.client.post(at, key).status_code == 302
    claim = Claim.objects.get()
    assert (claim.way, claim.outlet_code) == ("OUTLET", here.outlet.code)
    again = outlet.open_(
        prize=prize, outlet=here.outlet.code, actor=here.user, request_key=claim.request_key,
        now=database_time(),
    )  # fmt: skip
    assert again == claim
    elsewhere = people.text(there.client.get(at))
    assert "under way at another place" in elsewhere
    assert codes.shown(claim.code) not in elsewhere
    assert there.client.post(at, card(won.carol)).status_code == 409
    with pytest.raises(ClaimUnknown):
        outlet.stamp(
            code=claim.code, outlet=there.outlet.code, actor=there.user, now=database_time()
        )

    wrong = here.client.post(at, card(won.bob))
    assert (wrong.status_code, "does not match" in people.text(wrong)) == (409, True)
    assert here.client.post(at, {"action": "stamp"}).status_code == 409
    assert here.client.post(at, card(won.carol)).status_code == 302
    assert "no cash desk in use" in people.text(here.client.get(at))
    assert here.client.post(at, {"action": "complete", "to": "CASH"}).status_code == 400
    assert here.client.post(at, {"action": "complete", "to": "WALLET"}).status_code == 302
    said = confirm(here.client, at)
    assert here.client.post(at, {**said, "has_read": ""}).status_code == 400
    assert here.client.post(at, said | {"digest": "1" * 64}).status_code == 409
    assert not PrizeEnd.objects.exists()
    assert here.client.post(at, said).status_code == 302
    assert claim.steps.get(to_state="SIGNED").body["confirmation"] == said["digest"]

    stale = people.behind(here.user, minutes_ago=6)
    assert "/confirm/" in stale.post(at, {"action": "stamp"})["Location"]
    assert here.client.post(at, {"action": "stamp"}).status_code == 302
    end = PrizeEnd.objects.get()
    assert (end.claim_id, winnings(won.carol) - before) == (claim.pk, end.net)
    for _again in range(2):
        same = outlet.stamp(
            code=claim.code, outlet=here.outlet.code, actor=here.user, now=database_time()
        )
        assert (same.pk, same.state) == (claim.pk, State.PAID)
    assert "已兑奖" in people.text(here.client.get(at))
    assert "This prize is over: Paid" in people.text(there.client.get(at))
    assert there.client.post(at, key | {"request_key": str(uuid7())}).status_code == 409
    assert (PrizeEnd.objects.count(), Claim.objects.count()) == (1, 1)

    _reported_at_once(won, here, there, prize)


def _reported_at_once(won, here, there, prize):
    """F093: at the outlet and at the centre, and at no other outlet."""
    today = people.text(here.client.get("/terminal/claims/"))
    assert codes.shown(prize.ticket.code) in today
    assert codes.shown(prize.ticket.code) not in people.text(there.client.get("/terminal/claims/"))
    centre = people.text(people.in_english(won.staff["compliance"]).get("/desk/claims/"))
    assert here.outlet.name in centre


def winnings(player) -> int:
    return ledger.balance(wallets.winnings_of(player))


@pytest.mark.thorough
def test_what_an_outlet_may_not_redeem_is_said_and_refused(won):
    """F077, F178: above every outlet, or above its own authority; nothing is opened."""
    desk = make_outlets.Desk()
    small = Terminal(desk, "海淀一号", up_to=2_999_99)
    large, middle = won.prize(won.alice), won.prize(won.carol)

    page = people.text(small.client.get(f"/terminal/claims/{large.ticket.code}/"))
    assert "Outlets do not pay a prize of this amount." in page
    at = f"/terminal/claims/{middle.ticket.code}/"
    assert "not authorised to redeem this prize" in people.text(small.client.get(at))
    sent = small.client.post(at, {"action": "open", "request_key": str(uuid7())})
    assert sent.status_code == 409
    with pytest.raises(claim_authority.NoAuthority):
        outlet.open_(
            prize=middle, outlet=small.outlet.code, actor=small.user, request_key=uuid7(),
            now=database_time(),
        )  # fmt: skip
    nothing = small.client.post("/terminal/claims/", {"ticket": codes.new_code()})
    assert (nothing.status_code, "waits to be claimed" in people.text(nothing)) == (404, True)
    assert small.client.get(f"/terminal/claims/{codes.new_code()}/").status_code == 404
    assert not Claim.objects.exists()
    clerk = people.in_english(won.staff["claims_clerk"])
    assert clerk.get(at).status_code == 403  # the terminal is not the desk's


def test_a_forged_receipt_raises_alarm_and_opens_a_case(won):
    """F085: a code we did not sign, or another leaf under our number; a genuine one goes on."""
    here = Terminal(make_outlets.Desk(), "海淀一号")
    ticket = won.prize(won.carol).ticket
    found = authenticity.of(ticket)
    assert found.is_genuine
    genuine = receipts.Claim(
        ticket=ticket.code,
        leaf=bytes(ticket.receipt.leaf),
        signature=base64.b64decode(ticket.receipt.signature),
    )
    went = here.client.post("/terminal/claims/", {"ticket": genuine.qr()})
    assert went.status_code == 302
    other = won.prize(won.bob).ticket
    stolen = receipts.Claim(
        ticket=ticket.code, leaf=bytes(other.receipt.leaf), signature=genuine.signature
    )
    broken = receipts.Claim(ticket=ticket.code, leaf=genuine.leaf, signature=b"\0" * 64)
    unsold = receipts.sign(ticket=ticket.code, leaf=b"\2" * 32)  # by our key, and never given
    for forged in (stolen, broken, unsold):
        answer = here.client.post("/terminal/claims/", {"ticket": forged.qr()})
        assert (answer.status_code, "not as we signed it" in people.text(answer)) == (409, True)
    assert Alarm.objects.filter(kind=claims.FORGED).exists()
    assert cases.about(object_type="ticket", object_code=ticket.code)[0].kind == claims.FORGED
    assert not Claim.objects.exists()
    claim = make.opened(won, claims.prize_of(ticket.code))
    with as_owner() as hand:
        hand.execute("ALTER TABLE sales_receipt DISABLE TRIGGER USER")
        hand.execute("UPDATE sales_receipt SET leaf = %s", [b"\1" * 32])
        guards_up(hand)
    page = people.text(here.client.get(f"/terminal/claims/{other.code}/"))
    assert "This ticket is not genuine" in page
    assert 'value="open"' not in page
    with pytest.raises(TicketNotSealed):
        counter.check(
            code=claim.code, actor=won.staff["claims_clerk"], paper=cards.of(won.carol),
            now=database_time(),
        )  # fmt: skip
    claim.refresh_from_db()
    assert claim.state == State.OPENED


@pytest.mark.thorough
def test_a_larger_prize_waits_for_the_centre_and_a_report_that_is_missing_is_listed(won):
    """F093, F097: who checked it at the outlet does not pay it; yesterday's claim is missing."""
    here = Terminal(make_outlets.Desk(), "海淀一号")
    at = f"/terminal/claims/{won.prize(won.bob).ticket.code}/"
    page = people.text(here.client.get(at))
    here.client.post(at, {"action": "open", "request_key": hidden(page, "request_key")})
    here.client.post(at, card(won.bob))
    here.client.post(at, {"action": "complete", "to": "WALLET"})
    here.client.post(at, confirm(here.client, at))
    here.client.post(at, {"action": "stamp"})
    claim = Claim.objects.get()
    assert (claim.state, PrizeEnd.objects.exists()) == (State.SIGNED, False)
    assert "Waits for approval." in people.text(here.client.get(at))
    make.decided(won, claim, "approver1")
    assert "somebody else pays it" in people.text(here.client.get(at))
    assert here.client.post(at, {"action": "stamp"}).status_code == 409
    assert not PrizeEnd.objects.exists()

    now = database_time()
    assert [one.missing for one in outlet.reports(now=now)] == [0]
    with as_owner() as hand:
        hand.execute("ALTER TABLE prizes_claim DISABLE TRIGGER USER")
        hand.execute("UPDATE prizes_claim SET opened_at = opened_at - interval '2 days'")
        guards_up(hand)
    (report,) = outlet.reports(now=now)
    assert (report.outlet, report.missing, report.opened) == (here.outlet.code, 1, 0)
    assert "1 claim of an earlier day is not ended." in people.text(
        here.client.get("/terminal/claims/")
    )
    assert "1 missing" in people.text(
        people.in_english(won.staff["compliance"]).get("/desk/claims/")
    )
    claim.refresh_from_db()
    make.paid(won, claim)
    assert list(outlet.reports(now=now)) == []
