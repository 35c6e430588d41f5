"""Forged codes, hostile words and rounds in circles: what was tried against redemption."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from accounts import messages, proxies
from accounts.models import Message, ProxyLetter
from audit.models import Alarm, TrailRecord
from finance.models import Case
from lottery_portal.lib import codes
from lottery_portal.lib.body_size import LARGEST
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from prizes.claim_models import Claim, ClaimPaper
from prizes.deadline_models import ExtensionLetter
from prizes.models import Prize
from prizes.redemption import (
    agents,
    appointments,
    calendar_file,
    claims,
    damaged,
    extensions,
    letters,
    remote,
    withdrawal,
)
from prizes.redemption import claim_refusals as no
from sales import receipts
from tests import make_claims as make
from tests import people
from tests.accounts import papers as cards
from tests.finance import pdf_text
from tests.make_claims import Won

from . import lapsing
from .test_agents import _letter
from .test_appointments import book, free_times
from .test_counter_pages import png
from .test_extensions import proposed
from .test_guards import fact, moved

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

SCRIPT = "<SCRIPT>ALERT(1)"
TERMINAL = "/terminal/claims/"


def operator(won: Won) -> Client:
    return people.in_english(won.staff["outlet_operator"])


def receipt_of(prize: Prize) -> receipts.Claim:
    kept = prize.ticket.receipt
    return receipts.Claim(
        ticket=prize.ticket.code,
        leaf=bytes(kept.leaf),
        signature=base64.b64decode(kept.signature),
    )


def said_of(client: Client, typed: str) -> tuple[int, str]:
    """The answer of the terminal to what was typed, without the number itself."""
    answer = client.post(TERMINAL, {"ticket": typed})
    if answer.status_code == 302:
        return 302, ""
    ((note,),) = answer.context["form"].errors.values()
    return answer.status_code, note.replace(codes.shown(codes.typed(typed)), "…")


def test_what_somebody_writes_into_a_code_stands_nowhere(won):
    """F085: a thousand inventions are one alarm and one case, about the place where they are shown;
    a genuine code is read however it is typed, and one that looks like it is not."""
    genuine = receipt_of(won.prize(won.carol))
    packed = genuine.qr().rpartition(":")[2]
    here = operator(won)
    for ticket in (SCRIPT, "=1+1", "A\u202eB", "X\nERROR", "'; DROP TABLE", new_code(), new_code()):
        assert said_of(here, f"LT1:{ticket}:{packed}")[0] == 409
    alarm, case = Alarm.objects.get(kind=claims.FORGED), Case.objects.get(kind=claims.FORGED)
    for found in (alarm, case):
        assert (found.object_type, found.object_code) == ("outlet", won.outlet.code)
    kept = [*TrailRecord.objects.values_list("object_code", "body"), alarm.facts, case.facts]
    for word in (SCRIPT, "1+1", "\u202e", "DROP"):
        assert not any(word in str(one) for one in kept)

    changed = packed[:-3] + ("A" if packed[-3] != "A" else "B") + packed[-2:]
    for forged in (
        f"LT1:{genuine.ticket}:{changed}",
        f"LT1:{won.prize(won.bob).ticket.code}:{packed}",
        receipts.sign(ticket=genuine.ticket, leaf=b"\0" * 32).qr(),
    ):
        assert said_of(here, forged)[0] == 409
    assert {one.object_code for one in Case.objects.filter(object_type="ticket")} == {
        genuine.ticket, won.prize(won.bob).ticket.code,
    }  # fmt: skip
    for unreadable in (
        genuine.qr()[:-8], f"{genuine.qr()}A", genuine.qr().replace("LT1", "LT2"), "::",
        f"{genuine.qr()}:{packed}", genuine.qr().replace(packed, packed.replace("A", "Ａ")),
    ):  # fmt: skip
        assert said_of(here, unreadable)[0] == 400, unreadable
    for typed in (
        genuine.qr(),
        f"  {genuine.qr().lower()}\t",
        genuine.ticket,
        codes.shown(genuine.ticket).lower().replace("0", "o").replace("1", "l"),
    ):
        assert said_of(here, typed) == (302, "")
    assert not Claim.objects.exists()


@pytest.mark.thorough
def test_nobody_learns_from_the_terminal_which_ticket_won(won):
    """F085, F150: taken back, without a prize, in the balance, or never sold: one answer."""
    paid_at_once = Prize.objects.filter(owner=won.carol, route="WALLET").first()
    assert paid_at_once is not None
    here = operator(won)
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in won.prize(won.bob).ticket.code)
    answers = {
        said_of(here, typed)
        for typed in (paid_at_once.ticket.code, new_code(), "1" * 400, SCRIPT, wide)
    }
    assert answers == {
        (404, "No prize of ticket … waits to be claimed. Please check every letter.")
    }
    bob = people.in_english(won.bob.user)
    for stranger in (won.prize(won.alice).ticket.code, new_code()):
        for page in ("", "claim/", "deadline/", "voucher.pdf", "appointment.ics"):
            assert bob.get(f"/prizes/{stranger}/{page}").status_code in {404, 405}
        assert bob.get(f"/api/v1/prizes/{stranger}/").status_code == 404


def taken_back(won: Won, prize: Prize) -> Claim:
    claim = make.opened(won, prize, "REMOTE", actor=won.bob.user, claimant=None)
    return withdrawal.withdraw(code=claim.code, actor=won.bob.user, now=database_time())


PAPERS = """
INSERT INTO prizes_claimpaper (row_uuid, claim_id, kind, media_type, size, digest, content, added_at, added_by_id)
SELECT gen_random_uuid(), %s, 'IDENTITY', 'image/png', 1, encode(sha256(n::text::bytea), 'hex'), '', now(), %s
  FROM generate_series(1, %s) n"""  # noqa: E501 - one statement


@pytest.mark.thorough
def test_nobody_fills_the_house_by_going_round_in_circles(won):
    """F083, F089: papers of a claim, of all claims of a prize, claims taken back, and bookings of a
    day end; the clerk goes on with who stands there."""
    prize, bob = won.prize(won.bob), won.bob.user
    for _round in range(3):
        claim = make.opened(won, prize, "REMOTE", actor=bob, claimant=None)
        assert fact(PAPERS, claim.pk, bob.pk, 13) == "claim_papers_have_an_end"
        with connection.cursor() as cursor:
            cursor.execute(PAPERS, [claim.pk, bob.pk, remote.MOST_PAPERS])
        with pytest.raises(remote.TooManyPapers):
            remote.hand_in(
                code=claim.code, kind="PERSON", file=io.BytesIO(png()), actor=bob,
                now=database_time(),
            )  # fmt: skip
        withdrawal.withdraw(code=claim.code, actor=bob, now=database_time())
    claim = make.opened(won, prize, "REMOTE", actor=bob, claimant=None)
    with pytest.raises(remote.TooManyOfAPrize):
        remote.hand_in(
            code=claim.code, kind="PERSON", file=io.BytesIO(png()), actor=bob, now=database_time()
        )
    kept = ClaimPaper.objects.filter(kind__in=remote.KINDS)
    assert kept.count() == remote.MOST_OF_A_PRIZE
    clerk = won.staff["claims_clerk"].pk
    assert fact(PAPERS, claim.pk, clerk, 1) == ""

    withdrawal.withdraw(code=claim.code, actor=bob, now=database_time())
    for _round in range(6):
        taken_back(won, prize)
    with pytest.raises(no.TakenBackTooOften):
        make.opened(won, prize, "CENTRE", actor=bob, claimant=None)
    assert Claim.objects.count() == 10
    assert make.opened(won, prize).state == "OPENED"

    first = free_times(won, prize)[0].starts_at
    for _round in range(10):
        booked = book(won, prize, first)
        appointments.cancel(appointment=booked, actor=bob, now=database_time())
    with pytest.raises(appointments.BookedTooOften):
        book(won, prize, first)
    assert book(won, prize, first, actor=won.staff["claims_clerk"]).state == "BOOKED"


def test_a_word_of_others_is_good_for_one_time(won):
    """F097, N12: agreed to, settled anew and signed again, a claim is not approved by the old word;
    the step keeps by which word it was."""
    claim = make.approved(won, make.opened(won, won.prize(won.bob)))
    old = claim.approval_code
    claim = make.signed(make.completed(won, claim))
    assert claim.approval_code == ""

    assert moved(claim, "APPROVED", None, {"approval": old}, approval=old) == (
        "claim_approval_used_once"
    )
    assert moved(claim, "APPROVED", None, {}, approval=old) == "claim_approval_used_once"
    again = make.decided(won, make.asked(won, claim), "approver1")
    assert again.state == "APPROVED"
    assert again.approval_code != old
    assert make.last_of(again).body["approval"] == again.approval_code
    paid = make.paid(won, again)
    with pytest.raises(no.NotAtThisStep):  # whoever comes a moment later finds it paid
        make.completed(won, paid)


def test_what_is_kept_of_an_opening_proves_it(won):
    """F077, F085: whoever calls puts nothing else in the place of the proof, nor a list."""
    prize, bob = won.prize(won.bob), won.bob.user
    asked = {
        "prize": prize.pk, "code": new_code(), "way": "REMOTE", "claimant": "", "outlet": "",
        "request_key": str(uuid7()), "account": bob.pk, **make.proof(prize.ticket),
    }  # fmt: skip
    said = "SELECT prizes_claim_open(%s::jsonb)"

    def told(body: Any) -> str:
        return fact(said, json.dumps(asked | {"body": body}))

    assert told({"consent": "0" * 64}) == ""
    wrongs: list[Any] = [[], None, "x", 1]
    for wrong in wrongs:
        assert told(wrong) == "claim_step_has_evidence"
    others: list[Any] = [{"serial": 1_000}, {"path": []}, {"serial": None}, {"path": {"a": 1}}]
    for instead in others:
        assert told(instead) == "claim_ticket_is_sealed", instead
    assert not Claim.objects.exists()


def test_a_case_about_a_claim_is_settled_by_others(won):
    """F088, F150: not by the application alone, nobody, the winner, who took it down or checked."""
    claim = make.checked(won, make.opened(won, won.prize(won.bob)), by="claims_officer")
    case = damaged.report(
        code=claim.code, what="LOST", evidence=["RECEIPT"], statement=png(),
        media_type="image/png", actor=won.staff["claims_clerk"], now=database_time(),
    )  # fmt: skip
    said = (
        "UPDATE finance_case SET state = 'RESOLVED', resolved_at = now(), resolution = %s,"
        " resolved_by_id = %s WHERE code = %s"
    )
    refused = "claim_case_settled_by_others"
    for who in ("claims_clerk", "claims_officer"):
        assert fact(said, "x", won.staff[who].pk, case.code) == refused
    assert fact(said, "x", won.bob.user_id, case.code) == refused
    assert fact(said, " ", won.staff["compliance"].pk, case.code) == refused
    assert fact(said, "x", None, case.code) != ""
    assert fact(said, "x", won.staff["compliance"].pk, case.code) == ""


PAPER = (
    "INSERT INTO prizes_claimpaper (row_uuid, claim_id, kind, media_type, size, digest, content,"
    " added_at, added_by_id) VALUES (gen_random_uuid(), %s, 'OTHER', %s, 1, repeat('0', 64), '',"
    " now(), %s)"
)
HOLD = (
    "INSERT INTO prizes_hold (code, prize_id, kind, order_reference, reason, opened_by_id,"
    " opened_at) VALUES ('FORGED', %s, 'COURT', 'x', 'y', %s, now())"
)


def test_papers_and_holds_are_by_who_may_and_no_pages(won):
    """F081, F099, F101: past the doors, too; what a browser would run is no paper."""
    prize = won.prize(won.bob)
    claim, clerk = make.opened(won, prize), won.staff["claims_clerk"].pk
    for who, refused in (
        (won.carol.user_id, "claim_paper_by_who_may"), (won.bob.user_id, ""), (clerk, ""),
    ):  # fmt: skip
        assert fact(PAPER, claim.pk, "image/png", who) == refused
    for kind in ("text/html", "image/svg+xml", "application/xhtml+xml", ""):
        assert fact(PAPER, claim.pk, kind, clerk) == "claim_paper_is_no_page"
    assert fact(HOLD, prize.pk, won.carol.user_id) == "hold_by_staff"
    assert fact(HOLD, prize.pk, won.staff["claims_officer"].pk) == ""
    held = lapsing.held(prize, by=won.staff["claims_officer"])
    on_hold = PAPER.replace("claimpaper", "holdpaper").replace("claim_id", "hold_id")
    assert fact(on_hold, held.pk, "text/html", clerk) == "hold_paper_is_no_page"
    assert fact(on_hold, held.pk, "application/pdf", clerk) == ""


@pytest.mark.thorough
def test_nobody_learns_by_letters_of_authority_who_works_here(won):
    """F086, P14: ten numbers a day are tried, then none, whatever they are."""
    staff = cards.of(won.staff["cashier"].staff_member.person)
    for _try in range(agents.MOST_TRIES):
        with pytest.raises(proxies.AgentIsStaff):
            _letter(won, staff)
    with pytest.raises(agents.TooManyLetters):
        _letter(won, staff)
    with pytest.raises(agents.TooManyLetters):
        _letter(won, cards.of_somebody())
    assert not ProxyLetter.objects.exists()


WORDS = "<b>房</b> & \"=HYPERLINK(1)\"\r\n</para><img src='file:///etc/passwd'/>\t\u202e\x0b&#60;"


def test_no_word_keeps_a_letter_from_being_printed(won):
    """F276: marks of the printer, line ends and three hundred lines are words like others; the mail
    says them as they are."""
    prize = won.prize(won.bob)
    asked = extensions.ask(
        prize=prize, obstacle="断\n" * 140 + "路", obstacle_ended_on=lapsing.today(),
        evidence=WORDS[:200], evidence_digest="ab" * 32, actor=won.bob.user, now=database_time(),
    )  # fmt: skip
    made = proposed(asked, granted=False, reason=WORDS + "因\r\n" * 120 + "故")
    lapsing.signed(made.code, "approver", "treasurer")

    pages = pdf_text.read(letters.render(ExtensionLetter.objects.get(extension=asked)))
    text = "".join("".join(pages).split())
    for whole in ("</para><img", "<b>房</b>&", "&#60;", "[U+202E]"):
        assert whole in text
    assert "[U+D]" not in text
    assert (text.count("断"), text.count("因")) == (140, 120)
    assert len(pages) > 3
    told = Message.objects.get(user=won.bob.user, kind=extensions.DECIDED)
    assert '<b>房</b> & "=HYPERLINK(1)"' in messages.write(told, "en").text


def test_an_appointment_is_one_event_whatever_its_place_is_called():
    """F083: no name begins a line of the file."""
    now = database_time()
    wrong = "兑奖中心\rATTENDEE:x\r\nBEGIN:VALARM\u2028URL:x\x85X:y;,\\"

    made = calendar_file.event(
        uid="1@house", starts_at=now, ends_at=now, title=wrong, place=wrong, about=wrong,
        written_at=now,
    ).decode()  # fmt: skip

    lines = made.replace("\r\n ", "").split("\r\n")
    assert [one.partition(":")[0] for one in lines if one].count("BEGIN") == 3
    assert not {"ATTENDEE", "URL", "X"} & {one.partition(":")[0] for one in lines}
    for end in ("\r", "\n", "\u2028", "\x85"):
        assert end not in made.replace("\r\n", "")


def test_a_paper_leaves_the_house_as_a_file_and_nothing_else(won):
    """F089, F099: kept by nobody on the way, run by no browser, and whole."""
    claim = make.opened(won, won.prize(won.bob), "REMOTE", actor=won.bob.user, claimant=None)
    kept = remote.hand_in(
        code=claim.code, kind="IDENTITY", file=io.BytesIO(png()), actor=won.bob.user,
        now=database_time(),
    )  # fmt: skip
    officer = people.in_english(people.signed(won.staff["claims_officer"].staff_member).user)
    for paper in ClaimPaper.objects.filter(claim=claim):
        answer = officer.post(
            f"/desk/claims/{claim.code}/papers/{paper.row_uuid}/", HTTP_RANGE="bytes=0-3"
        )
        assert (answer.status_code, len(answer.content)) == (200, paper.size)
        assert answer["Content-Type"] == paper.media_type
        assert answer["Content-Disposition"].startswith('attachment; filename="')
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer["Cache-Control"]
        assert "default-src 'self'" in answer["Content-Security-Policy"]
        assert "object-src 'none'" in answer["Content-Security-Policy"]
    assert kept.media_type == "image/png"


GIF = b"GIF89a/*\x01\x00\x01\x00*/=1;alert(1)"
SENT = {
    "page.svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 415),
    "page.html.jpg": (b"<!doctype html><script>alert(1)</script>", 415),
    "both.gif": (GIF, 415),
    "both.pdf": (b"<script>alert(1)</script>%PDF-1.7\n%%EOF", 415),
    "empty.png": (b"", 400),
    "cut.png": (png()[:200], 400),
    "packed.zip": (b"PK\x03\x04" + bytes(400), 415),
    "../../\u202egnp.exe": (png(), 302),
    f"{'长' * 300}.png": (png(210), 302),
}


@pytest.mark.thorough
def test_a_file_is_what_it_is_and_not_what_it_is_called(won):
    """F089, P12: by the page, as every browser or none would send it."""
    claim = make.opened(won, won.prize(won.bob), "REMOTE", actor=won.bob.user, claimant=None)
    client = people.in_english(won.bob.user)
    for name, (content, status) in SENT.items():
        file = SimpleUploadedFile(name, content, content_type="text/html")
        answer = client.post(
            f"/prizes/{claim.prize.ticket.code}/papers/", {"kind": "IDENTITY", "paper": file}
        )
        assert answer.status_code == status, name
        assert "alert(1)" not in people.text(answer)
    kept = ClaimPaper.objects.filter(claim=claim, kind="IDENTITY")
    assert [one.media_type for one in kept] == ["image/png", "image/png"]


def test_more_than_any_page_takes_is_not_even_read(won):
    """P15: whoever sends it, logged in or not, to whatever address."""
    for client in (Client(), people.behind(won.bob.user)):
        for said in (str(LARGEST + 1), "9" * 40, "-1", "x"):
            answer = client.post("/prizes/", {"x": "y"}, CONTENT_LENGTH=said)
            assert answer.status_code == 413, said
