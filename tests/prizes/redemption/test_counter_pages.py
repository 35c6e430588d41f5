"""The centre's desk: the queue, and one claim from the counter to the file by its pages."""

from __future__ import annotations

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.html import escape
from PIL import Image

from audit.models import TrailRecord
from lottery_portal.lib import codes
from lottery_portal.lib.ids import uuid7
from prizes.claim_models import Claim, ClaimPaper, PrizeEnd
from prizes.redemption import confirmation, refusal
from tests import make_claims as make
from tests import people
from tests.accounts import papers as cards
from tests.owner import as_owner

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

State = Claim.State


def png(shade: int = 200) -> bytes:
    """A scan as a browser sends it."""
    content = io.BytesIO()
    Image.new("RGB", (300, 300), (shade, shade, shade)).save(content, "PNG")
    return content.getvalue()


def card(owner, **other) -> dict[str, str]:
    paper = cards.of(owner, **other)
    return {
        "action": "check", "kind": paper.kind, "number": paper.number, "name": paper.name,
        "valid_until": f"{paper.valid_until:%Y-%m-%d}", "issued_by": "CHN",
    }  # fmt: skip


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, name
    return found[1]


def test_a_claim_goes_from_the_counter_to_the_file_by_its_pages(won):
    """F077, F084, F090, F092, F097, F101, F275: each person sees his own deed, and no other."""
    prize, staff = won.prize(won.bob), won.staff
    clerk, officer, cashier = (
        people.in_english(people.signed(staff[name].staff_member).user)
        for name in ("claims_clerk", "claims_officer", "cashier")
    )
    auditor = people.in_english(people.member("auditor").user)
    found = people.text(clerk.get("/desk/claims/", {"q": codes.shown(prize.ticket.code).lower()}))
    assert "Open a claim for the winner who stands here" in found
    assert "Open a claim" not in people.text(auditor.get("/desk/claims/", {"q": prize.ticket.code}))
    open_at = f"/desk/claims/tickets/{prize.ticket.code}/open/"
    key = {"request_key": hidden(found, "request_key")}
    assert cashier.post(open_at, key).status_code == 403
    first, again = (clerk.post(open_at, key)["Location"] for _twice in range(2))
    assert first == again
    claim = Claim.objects.get()
    assert (claim.way, claim.state) == ("CENTRE", State.OPENED)

    _checked(won, claim, clerk, [auditor, cashier])
    _signed(claim, clerk)
    _paid_and_filed(won, claim, clerk, cashier, officer)


def _checked(won, claim, clerk, others):
    first = f"/desk/claims/{claim.code}/"
    page = people.text(clerk.get(first))
    assert "The ticket is genuine" in page
    assert "would be paid out today" in page.lower()
    assert "24,000.00 yuan" in page
    for client in others:
        shown = people.text(client.get(first))
        assert 'value="check"' not in shown
        assert "May do it: " in shown
        assert client.post(first, card(won.bob)).status_code == 409
    wrong = clerk.post(first, card(won.carol))
    assert wrong.status_code == 409
    assert "does not match the person the ticket is registered for" in people.text(wrong)
    claim.refresh_from_db()
    assert claim.state == State.OPENED
    number = card(won.bob)["number"]
    unseen = clerk.post(first, card(won.bob))
    assert (unseen.status_code, "registered as a visitor" in people.text(unseen)) == (409, True)
    make.visited(won, claim.prize)
    assert clerk.post(first, card(won.bob)).status_code == 302
    step = claim.steps.get(to_state="CHECKED")
    assert step.body["receipt_signed"] is True
    assert number not in str(step.body)  # no personal data in a step


def _signed(claim, clerk):
    first = f"/desk/claims/{claim.code}/"
    early = clerk.post(first, {"action": "complete", "to": "WALLET"})
    assert early.status_code == 409
    assert "Papers are still missing: Identity paper, scanned. Please" in people.text(early)
    for content, status in ((b"MZ...", 400), (b"\x89PNG\r\n\x1a\n strokes", 400), (png(), 302)):
        file = SimpleUploadedFile("x.png", content, content_type="image/png")
        sent = clerk.post(first, {"action": "paper", "kind": "IDENTITY", "file": file})
        assert sent.status_code == status
    assert clerk.post(first, {"action": "complete", "to": "WALLET"}).status_code == 302
    with as_owner() as hand:  # late: what is said of that stands beside the text, not in its place
        hand.execute("UPDATE prizes_claim SET due_on = '2026-01-05' WHERE id = %s", [claim.pk])
    page = people.text(clerk.get(first))
    claim.refresh_from_db()
    for line in confirmation.text_of(claim, "en").splitlines():
        assert escape(line) in page
    signing = {
        "action": "sign", "digest": hidden(page, "digest"), "language": hidden(page, "language"),
    }  # fmt: skip
    assert clerk.post(first, signing).status_code == 400  # he has not read it
    other = clerk.post(first, signing | {"has_read": "on", "digest": "0" * 64})
    assert (other.status_code, "has changed since" in people.text(other)) == (409, True)
    file = SimpleUploadedFile("signed.png", png(100), content_type="image/png")
    assert clerk.post(first, signing | {"has_read": "on", "file": file}).status_code == 302
    assert set(claim.papers.values_list("kind", flat=True)) == {
        "IDENTITY", "CONFIRMATION", "SIGNATURE",
    }  # fmt: skip


def _paid_and_filed(won, claim, clerk, cashier, officer):
    first, staff = f"/desk/claims/{claim.code}/", won.staff
    stale = people.behind(staff["claims_officer"], minutes_ago=6)
    assert "/confirm/" in stale.post(first, {"action": "ask"})["Location"]
    assert officer.post(first, {"action": "ask"}).status_code == 302
    approval = people.text(
        people.in_english(staff["approver1"]).get(f"/desk/approvals/{make.request_of(claim).code}/")
    )
    for word in ("24,000.00 yuan", "6,000.00 yuan", codes.shown(claim.code), "To the balance"):
        assert word in approval
    make.decided(won, claim, "approver1")
    assert clerk.post(first, {"action": "pay"}).status_code == 409
    assert not PrizeEnd.objects.exists()
    assert cashier.post(first, {"action": "pay"}).status_code == 302
    assert PrizeEnd.objects.get().net == 24_000_00
    assert cashier.post(first, {"action": "pay"}).status_code == 409
    assert clerk.post(first, {"action": "archive"}).status_code == 302
    claim.refresh_from_db()
    assert claim.state == State.ARCHIVED
    assert 'value="paper"' not in people.text(clerk.get(first))


def test_papers_open_to_who_has_signed_and_the_look_is_on_record(won):
    """F099, F101: before anything is decrypted; an own prize has no deeds at all."""
    claim = make.checked(won, make.opened(won, won.prize(won.bob)))
    paper = ClaimPaper.objects.get()
    at = f"/desk/claims/{claim.code}/papers/{paper.row_uuid}/"
    looked = TrailRecord.objects.filter(action="prizes.claim_paper_opened")
    clerk = people.in_english(won.staff["claims_clerk"])
    assert clerk.post(at).status_code == 403
    assert not looked.exists()
    people.signed(won.staff["claims_clerk"].staff_member)
    answer = clerk.post(at)
    assert answer.content == f"IDENTITY of {claim.code}".encode()
    assert "attachment" in answer["Content-Disposition"]
    assert looked.get().object_code == claim.code
    assert clerk.get(at).status_code == 405
    assert clerk.post(f"/desk/claims/{claim.code}/papers/{uuid7()}/").status_code == 404
    assert people.in_english(won.staff["cashier"]).post(at).status_code == 403

    same = people.member("claims_clerk", id_number=won.bob.person.citizen_id.reveal())
    own = people.in_english(people.signed(same).user)
    page = people.text(own.get(f"/desk/claims/{claim.code}/"))
    assert "This is your own prize." in page
    assert 'name="action"' not in page
    assert own.post(at).status_code == 403
    assert looked.count() == 1
    assert clerk.get("/desk/claims/NOSUCHCLAIM/").status_code == 404


@pytest.mark.thorough
def test_a_claim_is_refused_heard_and_goes_on_by_its_pages(won):
    """F283: a clause and evidence, two people, an objection heard by a third."""
    claim = make.opened(won, won.prize(won.carol))
    at = f"/desk/claims/{claim.code}/"
    officer = people.in_english(won.staff["claims_officer"])
    said = {"action": "refuse", "clause": "兑奖规则 12", "evidence": "P-1", "reason": "票面不符"}
    assert officer.post(at, said | {"clause": ""}).status_code == 400
    assert "/desk/approvals/" in officer.post(at, said)["Location"]
    assert 'value="refuse"' not in people.text(officer.get(at))
    make.decided(won, claim, "approver1", kind="prizes.claim_refusal")
    assert "票面不符" in people.text(officer.get(at))
    refusal.object_(code=claim.code, actor=claim.owner.user, words="我有原票")
    compliance = people.in_english(won.staff["compliance"])
    assert "我有原票" in people.text(compliance.get(at))
    heard = {"action": "hear", "decision": "uphold", "reason": "原票已验"}
    assert officer.post(at, heard).status_code == 403  # he asked for the refusal
    assert compliance.post(at, heard).status_code == 302
    claim.refresh_from_db()
    assert claim.state == State.OPENED


@pytest.mark.thorough
def test_the_queue_shows_the_oldest_first_what_is_late_and_what_is_not_there(won):
    """F095: counts for each step, filters, a search that says what it did not find."""
    late = make.completed(won, make.checked(won, make.opened(won, won.prize(won.bob))))
    young = make.opened(won, won.prize(won.carol))
    with as_owner() as hand:
        hand.execute("UPDATE prizes_claim SET due_on = '2026-01-05' WHERE id = %s", [late.pk])
    client = people.in_english(won.staff["compliance"])

    page = people.text(client.get("/desk/claims/"))
    assert page.index(codes.shown(late.code)) < page.index(codes.shown(young.code))
    assert "1 claim should have been paid by now." in page
    assert "2026-01-05" in page
    only = people.text(client.get("/desk/claims/", {"state": "LATE"}))
    assert (codes.shown(late.code) in only, codes.shown(young.code) in only) == (True, False)
    opened = people.text(client.get("/desk/claims/", {"state": "OPENED", "way": "CENTRE"}))
    assert (codes.shown(late.code) in opened, codes.shown(young.code) in opened) == (False, True)
    assert codes.shown(young.code) not in people.text(
        client.get("/desk/claims/", {"way": "REMOTE"})
    )
    by_ticket = people.text(client.get("/desk/claims/", {"q": young.prize.ticket.code}))
    assert codes.shown(young.code) in by_ticket
    code = codes.new_code()
    nothing = people.text(client.get("/desk/claims/", {"q": code}))
    assert f"No claim or ticket {codes.shown(code)} waits here." in nothing
