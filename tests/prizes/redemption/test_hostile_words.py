"""Marks of pages, scripts and formulas in every word that people type about claims (P10, P11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Message, User
from audit import report_file
from audit.models import TrailRecord
from finance import bank_accounts, cases
from lottery_portal.lib.db import database_time
from prizes.claim_models import Claim
from prizes.redemption import (
    appointments,
    damaged,
    extensions,
    holds,
    recovery,
    refusal,
    withdrawal,
)
from tests import make_claims as make
from tests import make_money, make_outlets, people
from tests.make_claims import Won

from . import lapsing
from .test_appointments import book, free_times
from .test_counter_pages import png
from .test_extensions import proposed

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

SCRIPT = "<script>alert(1)</script>"
NASTY = f"={SCRIPT}'\"><img src=x onerror=alert(2)>{{{{ 7|add:7 }}}}{{% now 'Y' %}}%(x)s"
SHORT = f"={SCRIPT}'\">%(x)s"
LEAKS = ("<script>alert(1)", "<img src=x", "onerror=alert(2)&gt;14", "&amp;lt;", "&amp;#x27;")


def said_everywhere(won: Won) -> dict[str, Any]:
    """Claims of Bob, Carol and Alice, about which everybody has written the worst he could."""
    now, staff = database_time(), won.staff
    bob = won.prize(won.bob)
    starts_at = free_times(won, bob)[0].starts_at
    desk = make_outlets.Desk(staff["compliance"], staff["approver1"])
    place = desk.place(
        make.ANY_PRIZE, kind="CENTRE", name=NASTY[:60], district=SHORT[:40], address=NASTY[:120],
        hours_text="1-7 00:00-23:30",
    )  # fmt: skip
    for player in (won.bob, won.carol):
        assert player.person is not None
        bank_accounts.add(
            player=player, bank_name=SHORT[:40], number=make_money.card(f"60{player.pk:02d}"),
            holder=player.person.name.reveal(), now=now,
        )  # fmt: skip
    first = make.opened(won, bob)
    withdrawal.withdraw(code=first.code, actor=won.bob.user, reason=NASTY, now=now)
    booked = book(won, bob, starts_at, place=place.code)
    claim = make.opened(won, bob)
    damaged.report(
        code=claim.code, what="LOST", evidence=["RECEIPT"], statement=png(),
        media_type="image/png", actor=staff["claims_clerk"], now=now,
    )  # fmt: skip
    (case,) = cases.about(object_type="claim", object_code=claim.code)
    cases.note(code=case.code, actor=staff["claims_officer"], text=NASTY, now=now)
    asked = refusal.ask(
        code=claim.code, clause=SHORT, evidence=NASTY, reason=NASTY, maker=staff["claims_officer"],
        now=now,
    )  # fmt: skip
    make.decided(won, claim, "approver1", kind=refusal.KIND)
    refusal.object_(code=claim.code, actor=won.bob.user, words=NASTY)
    refusal.dismiss(code=claim.code, actor=staff["compliance"], reason=NASTY, now=now)
    held = holds.begin(
        prize=bob, kind="COURT", order_reference=SHORT[:80], reason=NASTY,
        actor=staff["claims_officer"], now=now,
    )  # fmt: skip
    lift = holds.ask_to_lift(
        hold=held, decision=NASTY[:120], maker=staff["claims_officer"], now=now
    )
    alice = won.prize(won.alice)
    more = extensions.ask(
        prize=alice, obstacle=NASTY, obstacle_ended_on=lapsing.today(), evidence=NASTY[:200],
        evidence_digest="ab" * 32, actor=won.alice.user, now=now,
    )  # fmt: skip
    letter = proposed(more, granted=False, reason=NASTY, by=staff["claims_officer"])
    lapsing.signed(letter.code, "approver", "treasurer")
    paid = make.paid(won, make.approved(won, make.opened(won, won.prize(won.carol))))
    back = recovery.ask(
        code=paid.code, reason=NASTY, referral=NASTY, maker=staff["compliance"], now=now
    )
    return {
        "claims": [first, claim, paid], "case": case, "held": held, "more": more, "booked": booked,
        "approvals": [asked, lift, letter, back], "ticket": bob.ticket.code,
        "large": alice.ticket.code,
    }  # fmt: skip


def pages(won: Won, made: dict[str, Any]) -> Iterator[tuple[User, str]]:
    """Who reads them, and where."""
    officer, compliance, bob = won.staff["claims_officer"], won.staff["compliance"], won.bob.user
    for address in ("", f"?q={made['ticket']}", f"?q={SCRIPT}"):
        yield officer, f"/desk/claims/{address}"
    for claim in made["claims"]:
        yield officer, f"/desk/claims/{claim.code}/"
        yield compliance, f"/desk/claims/{claim.code}/"
    for name in ("holds", "extensions", "unclaimed", "looks", "minors"):
        yield compliance, f"/desk/prizes/{name}/"
    yield officer, f"/desk/prizes/holds/{made['held'].code}/"
    yield officer, f"/desk/prizes/extensions/{made['more'].code}/"
    yield officer, "/desk/claims/visits/"
    yield officer, "/desk/claims/delays/"
    yield compliance, "/desk/cases/"
    yield compliance, f"/desk/cases/{made['case'].code}/"
    yield compliance, "/desk/approvals/"
    for asked in made["approvals"]:
        yield compliance, reverse("audit:approval", args=[asked.code])
    auditor = people.member("auditor").user
    yield auditor, "/desk/trail/"
    for number in TrailRecord.objects.filter(body__contains="script").values_list("pk", flat=True):
        yield auditor, f"/desk/trail/{number}/"
    for name in ("", "deadline/", "claim/", "appointment/", "agent/"):
        yield bob, f"/prizes/{made['ticket']}/{name}"
    yield won.alice.user, f"/prizes/{made['large']}/deadline/"
    yield bob, "/me/messages/"
    for message in Message.objects.filter(user=bob):
        yield bob, f"/me/messages/{message.pk}/"
    yield won.carol.user, f"/prizes/{won.prize(won.carol).ticket.code}/"
    yield bob, "/where-to-claim/?game=ssq&district=" + SHORT
    yield won.staff["outlet_operator"], f"/terminal/claims/{made['ticket']}/"


@pytest.mark.thorough
def test_what_people_type_stays_what_they_typed(won):
    """P10, P11: on pages of desks, winners, approvers and outlets, in messages, letters, papers and
    files: no script runs, no mark is one, no formula is reckoned, and every page is there."""
    made = said_everywhere(won)
    clients: dict[int, Client] = {}
    read = 0
    for user, address in pages(won, made):
        client = clients.setdefault(user.pk, people.in_english(user))
        answer = client.get(address)
        assert answer.status_code in {200, 302, 400, 404}, (address, answer.status_code)
        page = people.text(answer)
        for leak in LEAKS:
            assert leak not in page, (address, leak, page[page.index(leak) - 200 :][:400])
        read += "&lt;script&gt;alert(1)" in page
    assert read > 20
    bob = clients[won.bob.user_id]
    file = bob.get(f"/prizes/{made['ticket']}/appointment.ics")
    if file.status_code == 200:
        assert b"BEGIN:VEVENT" in file.content
    code = made["more"].code
    assert clients[won.alice.user_id].get(f"/prizes/letters/{code}.pdf").status_code == 200
    paid: Claim = made["claims"][2]
    assert clients[won.carol.user_id].post(
        f"/prizes/{won.prize(won.carol).ticket.code}/voucher.pdf"
    ).content.startswith(b"%PDF-")  # fmt: skip
    assert paid.state == "PAID"
    assert appointments.of(won.prize(won.bob), now=database_time()) == made["booked"]


def test_a_word_in_a_file_of_staff_is_no_formula():
    """P11: whatever a spreadsheet takes for the beginning of one."""
    for mark in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"):
        assert report_file.text_cell(f"{mark}1+1") == f"'{mark}1+1"
