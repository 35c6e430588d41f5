"""Minors, damaged tickets, and operators elsewhere: what the desk takes down and what holds."""

from __future__ import annotations

import hashlib
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import GuardianRecord
from audit import approvals
from audit.models import TrailRecord
from finance import cases
from finance.models import Case
from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time
from partners import operators
from prizes.deadline_models import Hold, HoldPaper
from prizes.redemption import claim_refusals as no
from prizes.redemption import damaged, hold_papers, holds, minors, payment
from tests import make_claims as make
from tests import make_outlets, people
from tests.accounts import papers
from tests.owner import as_owner

from .test_counter_pages import png
from .test_guards import fact, forced, moved

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

PDF = b"%PDF-1.4 counsel %%EOF"


def test_the_hold_of_a_minor_ends_with_counsels_decision_on_file(won):
    """F087: without the scan nothing is asked for; without its digest nothing is lifted."""
    prize = won.prize(won.bob)
    minors.take(
        prize=prize, minor_paper=papers.of_somebody(birth=papers.CHILD),
        guardian_paper=papers.of_somebody(), relation="PARENT", proof="BIRTH",
        scan=png(), media_type="image/png", actor=won.staff["claims_clerk"], now=database_time(),
    )  # fmt: skip
    held, compliance = Hold.objects.get(), won.staff["compliance"]
    assert [one.pk for one in minors.cases()] == [held.pk]
    forged = approvals.request(
        kind=holds.MINOR_LIFT, maker=compliance, now=database_time(),
        payload={
            "hold": held.code, "kind": "MINOR", "order": held.order_reference,
            "since": held.opened_at, "ticket": prize.ticket.code, "prize_fen": prize.amount,
            "decision": "法务意见", "evidence": hashlib.sha256(PDF).hexdigest(),
        },
    )  # fmt: skip
    with pytest.raises(holds.CounselMissing):
        approvals.decide(
            code=forged.code, checker=won.staff["approver1"], approve=True, now=database_time()
        )
    assert Hold.objects.standing().exists()

    asked = holds.ask_to_lift(
        hold=held, decision="法务意见 2026-1：退还票款", paper=PDF, maker=compliance,
        now=database_time(),
    )  # fmt: skip
    approvals.decide(
        code=asked.code, checker=won.staff["approver1"], approve=True, now=database_time()
    )
    assert [one.pk for one in minors.cases(is_over=True)] == [held.pk]
    kept = HoldPaper.objects.get(kind="COUNSEL")
    assert PDF not in bytes(kept.content)
    said = "UPDATE prizes_holdpaper SET size = 1"
    assert fact(said) != ""
    with pytest.raises(psycopg.Error, match="never change"), as_owner() as hand:
        hand.execute(said)
    officer = people.signed(won.staff["claims_officer"].staff_member).user
    _row, content = hold_papers.open_paper(
        code=held.code, paper=kept.row_uuid, actor=officer, now=database_time()
    )
    assert content == PDF
    assert TrailRecord.objects.filter(action="prizes.hold_paper_opened").count() == 1


def test_a_damaged_ticket_waits_for_the_finding_of_somebody_else(won):
    """F088: statement and evidence; the owner alone is paid, and only after the finding."""
    claim = make.checked(won, make.opened(won, won.prize(won.bob)), by="claims_officer")
    clerk, officer = won.staff["claims_clerk"], won.staff["claims_officer"]
    deed = {"code": claim.code, "what": "LOST", "media_type": "image/png", "actor": clerk}
    wrongs: list[dict[str, Any]] = [
        {"evidence": []}, {"evidence": ["HEARSAY"]}, {"statement": b""},
    ]  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(damaged.StatementMissing):
            damaged.report(
                **{**deed, "evidence": ["RECEIPT"], "statement": png(), "now": database_time(),
                   **wrong}
            )  # fmt: skip
    with pytest.raises(no.NotYourPost):
        damaged.report(
            **{**deed, "actor": won.staff["cashier"]}, evidence=["RECEIPT"], statement=png(),
            now=database_time(),
        )  # fmt: skip
    assert not Case.objects.exists()
    case = damaged.report(
        **deed, evidence=["RECEIPT", "ACCOUNT"], statement=png(), now=database_time()
    )
    assert claim.papers.filter(kind="STATEMENT", digest=case.facts["statement"]).exists()
    claim = make.asked(won, make.signed(make.completed(won, claim)))
    with pytest.raises(no.Examined):
        make.decided(won, claim, "approver1")
    with pytest.raises(damaged.FoundByAnother):  # he checked the claim
        cases.resolve(code=case.code, actor=officer, resolution="属实", now=database_time())
    cases.resolve(
        code=case.code,
        actor=won.staff["compliance"],
        resolution="登录验证属实",
        now=database_time(),
    )
    assert make.decided(won, claim, "approver1").state == "APPROVED"


@pytest.mark.thorough
def test_who_has_part_in_a_case_about_a_claim_neither_approves_nor_pays(won):
    """F097, issue 6: took it, wrote a note, settled it; whoever has it now."""
    claim = make.asked(won, make.ready_to_ask(won, make.opened(won, won.prize(won.bob))))
    for number, object_ in enumerate((("claim", claim.code), ("ticket", claim.prize.ticket.code))):
        forced(
            "finance_case",
            "INSERT INTO finance_case (code, kind, object_type, object_code, facts, opened_at,"
            " due_on, owner_id, assigned_at, state, resolution) VALUES (%s,"
            " 'prizes.transfer_failed', %s, %s, '{}', now(), now(), %s, now(), 'OPEN', '')",
            f"CASE{number}", *object_, won.staff[f"approver{number + 1}"].pk,
        )  # fmt: skip
    for name in ("approver1", "approver2"):
        with pytest.raises(no.NotByWhoHandlesACase):
            make.decided(won, claim, name)
    cases.note(code="CASE0", actor=won.staff["cashier"], text="客户来电询问", now=database_time())
    forced("finance_case", "UPDATE finance_case SET owner_id = NULL, assigned_at = NULL")
    assert make.decided(won, claim, "approver1").state == "APPROVED"
    with pytest.raises(no.NotByWhoHandlesACase):
        make.paid(won, claim)
    claim.refresh_from_db()
    assert claim.state == "APPROVED"


def test_an_operator_acts_at_his_own_outlet_whatever_calls(won):
    """F178: opened and checked here, he works elsewhere now: the database pays nothing by him."""
    operator = won.staff["outlet_operator"]
    claim = make.opened(won, won.prize(won.carol), "OUTLET")
    claim = make.ready_to_ask(won, claim)
    desk = make_outlets.Desk(won.staff["compliance"], won.staff["approver1"])
    operators.end(outlet=won.outlet, user=operator, actor=desk.maker, now=database_time())
    refused = "claim_at_ones_own_outlet"
    assert moved(claim, "APPROVED", operator.pk) == refused
    desk.works_at(desk.place(make.OUTLET_UP_TO), operator)
    assert moved(claim, "APPROVED", operator.pk) == refused
    with pytest.raises(no.ElsewhereThanHisOutlet):
        payment.ask(code=claim.code, maker=operator, now=database_time())
    centre = make.opened(won, won.prize(won.bob))
    assert moved(centre, "REFUSED", operator.pk) != ""
    claim.refresh_from_db()
    assert claim.state == "SIGNED"


@pytest.mark.thorough
def test_the_desk_of_minors_and_damaged_tickets_by_their_pages(won):
    """F087, F088: a guardian at the desk, the hold and its papers; a lost ticket at its claim."""
    clerk = people.in_english(people.signed(won.staff["claims_clerk"].staff_member).user)
    ticket = won.prize(won.carol).ticket.code
    child = papers.of_somebody(birth=papers.CHILD, kind="HOUSEHOLD", valid_until=None)
    guardian = papers.of_somebody()
    said = {
        "ticket": ticket, "relation": "PARENT", "proof": "HOUSEHOLD",
        "minor-kind": "HOUSEHOLD", "minor-number": child.number, "minor-name": child.name,
        "guardian-kind": "ID_CARD", "guardian-number": guardian.number,
        "guardian-name": guardian.name, "guardian-valid_until": f"{guardian.valid_until}",
    }  # fmt: skip

    def sent(content: bytes) -> int:
        file = SimpleUploadedFile("x.png", content, content_type="image/png")
        return clerk.post("/desk/prizes/minors/", said | {"scan": file}).status_code

    assert sent(b"MZ") == 400
    assert sent(png()) == 302
    record, held = GuardianRecord.objects.get(), Hold.objects.get()
    page = people.text(clerk.get("/desk/prizes/minors/"))
    assert (held.code in page, guardian.name in page) == (True, False)
    at = f"/desk/prizes/holds/{held.code}/"
    assert clerk.get(at).status_code == 403
    compliance = people.in_english(people.signed(won.staff["compliance"].staff_member).user)
    assert "Papers of the guardian" in people.text(compliance.get(at))
    paper = held.papers.get()
    assert compliance.post(f"{at}papers/{paper.row_uuid}/").status_code == 200
    assert clerk.post(f"{at}papers/{paper.row_uuid}/").status_code == 403
    assert compliance.post(at, {"decision": "法务意见"}).status_code == 400
    file = SimpleUploadedFile("x.pdf", PDF, content_type="application/pdf")
    asked = compliance.post(at, {"decision": "法务意见", "paper": file})
    assert asked.status_code == 302
    checker = people.in_english(people.signed(won.staff["approver1"].staff_member).user)
    signs = checker.get(asked["Location"])
    assert f'href="{at}"' in signs.content.decode()
    assert codes.shown(record.code) in people.text(signs)
    assert checker.post(f"{at}papers/{held.papers.order_by('-pk')[0].row_uuid}/").status_code == 200
    assert record.proof_digest == paper.digest

    claim = make.opened(won, won.prize(won.bob))
    at = f"/desk/claims/{claim.code}/"
    assert "The ticket is damaged or lost" in people.text(clerk.get(at))
    file = SimpleUploadedFile("x.png", png(), content_type="image/png")
    lost = {"action": "damaged", "what": "LOST", "evidence": ["RECEIPT"], "file": file}
    assert clerk.post(at, lost).status_code == 302
    assert "People look into it." in people.text(clerk.get(at))
