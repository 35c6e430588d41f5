"""More time: asked for in time, decided by three people, told by letter (F080, F276)."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction

from accounts.models import Message
from audit import approvals, policies
from games import claim_days
from lottery_portal.lib.db import database_time, violated
from prizes.deadline_models import ClaimLimit, Extension, ExtensionLetter
from prizes.redemption import extensions, forfeiture, holds, letters, limits
from tests import people
from tests.owner import as_owner, guards_up

from . import lapsing

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

DAY = timedelta(days=1)
WINDOW, MOST = 15, 60


@pytest.fixture
def draw(begin):
    """Their last day is in twenty days, so the draw was forty days ago."""
    made = begin(lapsing.seven_wait)
    lapsing.last_day_is(made, lapsing.today() + 20 * DAY)
    return made


def proposed(extension, *, granted=True, until_on=None, reason="情况属实, 予以延期", by=None):
    return extensions.propose(
        extension=extension, is_granted=granted, until_on=until_on, reason=reason,
        maker=by or lapsing.officer(), now=database_time(),
    )  # fmt: skip


def test_it_is_asked_for_within_the_days_of_the_policy(draw):
    """F276: on the last day and the day before it is right, a day later it is refused."""
    first, second, third, fourth, fifth, *_rest = lapsing.prizes_of(draw)
    today = lapsing.today()
    assert policies.read(extensions.WINDOW_POLICY, at=database_time()) == WINDOW
    for prize, days in ((first, WINDOW - 1), (second, WINDOW)):
        assert lapsing.asked(prize, ended_on=today - days * DAY).window_days == WINDOW
    with pytest.raises(extensions.AskedTooLate) as late:
        lapsing.asked(third, ended_on=today - (WINDOW + 1) * DAY)
    assert late.value.figures["last"] == (today - DAY).isoformat()
    with pytest.raises(extensions.ObstacleNotOver):
        lapsing.asked(third, ended_on=today + DAY)
    with pytest.raises(extensions.ObstacleNotOver):
        lapsing.asked(third, ended_on=today - 41 * DAY)  # before the draw
    with pytest.raises(extensions.AskedAlready):
        lapsing.asked(first, ended_on=today)
    with pytest.raises(extensions.NotYours):
        lapsing.asked(third, ended_on=today, by=people.player().user)
    with pytest.raises(extensions.EvidenceMissing):
        extensions.ask(
            prize=third, obstacle=" ", obstacle_ended_on=today, evidence="x", evidence_digest="y",
            actor=third.owner.user, now=database_time(),
        )  # fmt: skip
    assert Extension.objects.count() == 2
    assert lapsing.asked(fourth, ended_on=today, by=lapsing.officer()).asked_by.is_staff
    with pytest.raises(DatabaseError) as caught, transaction.atomic():  # past the door
        Extension.objects.create(
            prize=fifth, obstacle="x", obstacle_ended_on=today - 16 * DAY, evidence="x",
            evidence_digest=lapsing.DIGEST, window_days=99, asked_by=fifth.owner.user,
            asked_at=database_time() - 9 * DAY,
        )  # fmt: skip
    assert violated(caught.value) == "extension_asked_in_time"


def test_two_others_agree_and_the_letter_moves_the_day(draw):
    """F080, F276: nothing moves before the second word; the letter has the next number."""
    first, second, *_rest = lapsing.prizes_of(draw)
    today = lapsing.today()
    last = today + 20 * DAY
    asked, other = (lapsing.asked(one, ended_on=today) for one in (first, second))
    made = proposed(asked, until_on=last + 30 * DAY)
    with pytest.raises(extensions.DecidedAlready):
        proposed(asked, until_on=last + 30 * DAY)
    lapsing.signed(made.code, "approver")
    assert not ExtensionLetter.objects.exists()

    lapsing.signed(made.code, "treasurer")

    letter = ExtensionLetter.objects.get()
    granted_on = claim_days.moved_on(last + 30 * DAY, now=database_time())
    assert (letter.year, letter.number, letter.until_on) == (today.year, 1, granted_on)
    shown = limits.of(first)
    assert shown is not None
    assert (shown.last_day, shown.until) == (granted_on, lapsing.midnight_after(granted_on))
    assert shown.sum_.steps[-1].why == f"{today.year}/1"
    told = Message.objects.get(user=first.owner.user, kind=extensions.DECIDED)
    assert told.params["until_on"] == granted_on.isoformat()
    with pytest.raises(extensions.DecidedAlready):
        proposed(letter.extension, until_on=last)

    refused = proposed(other, granted=False, reason="证明材料与所述情况不符")
    lapsing.signed(refused.code, "approver", "compliance")

    no = ExtensionLetter.objects.get(extension=other)
    assert (no.number, no.is_granted, no.until_on) == (2, False, None)
    same = limits.of(second)
    assert same is not None
    assert same.last_day == last
    assert ClaimLimit.objects.count() == 1
    paper = letters.render(letter)
    assert paper.startswith(b"%PDF-")
    assert paper == letters.render(ExtensionLetter.objects.get(pk=letter.pk))
    assert hashlib.sha256(letter.body.encode()).hexdigest() == letter.digest
    page = people.text(
        people.in_english(first.owner.user).get(f"/prizes/{first.ticket.code}/deadline/")
    )
    assert f"granted until {granted_on.isoformat()}" in page
    client = people.behind(second.owner.user)
    assert client.get(f"/prizes/letters/{other.code}.pdf").content.startswith(b"%PDF-")
    stranger = people.behind(people.player().user)
    assert stranger.get(f"/prizes/letters/{other.code}.pdf").status_code == 404


def test_an_extension_gives_days_and_not_more_than_policy_says(draw):
    """F080: the day after the last one at least, sixty days at most; who refuses sends it back."""
    prize = lapsing.prizes_of(draw)[0]
    today = lapsing.today()
    last = today + 20 * DAY
    asked = lapsing.asked(prize, ended_on=today)
    for wrong in (last + (MOST + 1) * DAY, None, today - DAY):
        with pytest.raises(extensions.DayNotLater):
            proposed(asked, until_on=wrong)
    if claim_days.moved_on(last, now=database_time()) == last:
        with pytest.raises(extensions.DayNotLater):
            proposed(asked, until_on=last)
    with pytest.raises(extensions.ReasonMissing):
        proposed(asked, until_on=last + DAY, reason=" ")
    with pytest.raises(approvals.MayNotAsk):
        proposed(asked, until_on=last + DAY, by=people.member("cashier").user)
    for days in (1, MOST - 1, MOST):
        made = proposed(asked, until_on=last + days * DAY)
        approvals.decide(
            code=made.code, checker=people.member("approver").user, approve=False, reason="再核实",
            now=database_time(),
        )  # fmt: skip
    assert not ExtensionLetter.objects.exists()
    assert Extension.objects.filter(letter__isnull=True).count() == 1


def test_letters_past_the_door_are_refused(draw):
    """F276: none without two others, with other words, or with a number of its own choice."""
    prize = lapsing.prizes_of(draw)[0]
    today = lapsing.today()
    asked = lapsing.asked(prize, ended_on=today)
    made = proposed(asked, granted=False, reason="材料不足")
    lapsing.signed(made.code, "approver")
    digest = hashlib.sha256(b"{}").hexdigest()
    said = {
        "extension": asked, "year": today.year, "number": 1, "is_granted": False, "until_on": None,
        "reason": "材料不足", "approval_code": made.code, "body": "{}", "digest": digest,
        "written_at": database_time(),
    }  # fmt: skip

    def refusal(**wrong):
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            ExtensionLetter.objects.create(**said | wrong)
        return violated(caught.value)

    assert refusal() == "extension_letter_as_approved"
    with as_owner() as hand:  # signed, and not performed by the door
        hand.execute("ALTER TABLE audit_approvalrequest DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE audit_approvalrequest SET state = 'PERFORMED', ended_at = now()"
            " WHERE code = %s",
            [made.code],
        )
        guards_up(hand)
    assert refusal(reason="另一理由") == "extension_letter_as_approved"
    assert refusal(is_granted=True, until_on=today) == "extension_letter_as_approved"
    for wrong in ({"number": 2}, {"number": 0}, {"year": today.year - 1}, {"body": "[]"}):
        assert refusal(**wrong) == "extension_letter_without_a_gap"
    letter = ExtensionLetter.objects.create(**said)
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        ClaimLimit.objects.create(
            prize=prize, number=1, kind="EXTENDED", before=today + 20 * DAY, days=1,
            last_day=today + 21 * DAY, letter=letter, set_at=database_time(),
        )  # fmt: skip
    assert violated(caught.value) == "claim_limit_goes_on"  # the letter refuses
    for change in (
        "UPDATE prizes_extensionletter SET reason = 'x'",
        "DELETE FROM prizes_extension",
    ):
        with as_owner() as hand, pytest.raises(psycopg.errors.RestrictViolation):
            hand.execute(change)


def test_a_request_keeps_the_prize_until_the_letter(draw):
    """F080, F082: not forfeited while it is looked at; forfeited after a no, not after a yes."""
    first, second, *_rest = lapsing.prizes_of(draw)
    today = lapsing.today()
    asked, other = (lapsing.asked(one, ended_on=today - DAY) for one in (first, second))
    lapsing.last_day_is(draw, today - DAY)
    assert forfeiture.forfeit_due() == 5
    granted = proposed(asked, until_on=today + 10 * DAY)
    lapsing.signed(granted.code, "approver", "treasurer")
    no = proposed(other, granted=False, reason="不属于不可抗力")
    lapsing.signed(no.code, "approver", "treasurer")

    assert forfeiture.forfeit_due() == 1

    assert not hasattr(lapsing.prizes_of(draw)[0], "end")
    assert lapsing.prizes_of(draw)[1].end.kind == "FORFEITED"
    with pytest.raises(holds.PrizeIsOver):
        lapsing.asked(second, ended_on=today)


@pytest.mark.thorough
def test_the_winner_asks_and_the_officer_proposes_on_pages(draw):
    """F276: the digest is that of the paper he sends; the desk shows it beside the words."""
    prize = lapsing.prizes_of(draw)[0]
    today = lapsing.today()
    address = f"/prizes/{prize.ticket.code}/deadline/"
    client = people.in_english(prize.owner.user)
    said = {"obstacle": "住院", "obstacle_ended_on": today.isoformat(), "evidence": "出院证明"}
    paper = SimpleUploadedFile("paper.pdf", b"%PDF-1.7 paper")

    without = client.post(address, said)
    late = client.post(
        address,
        said | {
            "obstacle_ended_on": (today - 16 * DAY).isoformat(),
            "paper": SimpleUploadedFile("a.pdf", b"x"),
        },
    )  # fmt: skip
    sent = client.post(address, said | {"paper": paper})

    assert (without.status_code, late.status_code, sent.status_code) == (400, 409, 302)
    asked = Extension.objects.get()
    assert asked.evidence_digest == hashlib.sha256(b"%PDF-1.7 paper").hexdigest()
    assert "being looked at" in people.text(client.get(address))
    desk = people.in_english(lapsing.officer())
    assert asked.prize.ticket.code[:4] in people.text(desk.get("/desk/prizes/extensions/"))
    made = desk.post(
        f"/desk/prizes/extensions/{asked.code}/",
        {"is_granted": "yes", "until_on": (today + 40 * DAY).isoformat(), "reason": "属实"},
    )
    assert made["Location"].startswith("/desk/approvals/")
    at = f"/desk/prizes/extensions/{asked.code}/"
    under_way = people.text(desk.get(at))
    assert "others decide" in under_way
    assert "Propose a decision" not in under_way
    checker = people.in_english(people.member("approver").user)
    assert f'href="{at}"' in checker.get(made["Location"]).content.decode()
    code = approvals.under_way(extensions.KIND)[0].code
    lapsing.signed(code, "approver", "compliance")
    assert "Letter as PDF" in people.text(desk.get(f"/desk/prizes/extensions/{asked.code}/"))
    assert desk.get(f"/desk/prizes/letters/{asked.code}.pdf").content.startswith(b"%PDF-")
    assert f"{today.year} no. 1" in people.text(desk.get("/desk/prizes/extensions/"))
