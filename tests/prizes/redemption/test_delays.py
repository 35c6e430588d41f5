"""Prizes that are paid late: found, announced with reason and new day, registered (F095)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from accounts.models import Message
from audit import waiting
from audit.models import TrailRecord
from lottery_portal.lib import dates, working_days
from lottery_portal.lib.db import database_time
from prizes import tasks
from prizes.centre_models import Delay, DelayNotice
from prizes.redemption import claim_refusals as no
from prizes.redemption import delays, queue
from tests import make_claims as make
from tests import people

from .test_appointments import figure
from .test_guards import fact, forced

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def today() -> date:
    return dates.in_shanghai(database_time()).date()


def working(after: int) -> date:
    """The first working day at least so many days from today."""
    return working_days.on_or_after(today() + timedelta(days=after))


def promised_for(claim, day: date) -> None:
    forced("prizes_claim", "UPDATE prizes_claim SET due_on = %s WHERE id = %s", day, claim.pk)


def completed(won, player):
    return make.completed(won, make.checked(won, make.opened(won, won.prize(player))))


def announce(won, claim, new_date: date, reason: str = "银行系统故障", by: str = "claims_officer"):
    return delays.announce(
        claim=claim, reason=reason, new_date=new_date, actor=won.staff[by], now=database_time()
    )


def tasks_of(won, role: str) -> dict[str, int]:
    found = waiting.for_person(won.staff[role], frozenset({role}), database_time())
    return {one.title: one.count for one in found if "desk/claims/delays" in one.url}


def test_a_late_payment_is_found_announced_and_registered(won):
    """F095: threshold of the day: due tomorrow waits, today waits, yesterday is late; the officer
    announces, the winner is told, in JSON too: the last promise beside the first; nobody did within
    a day: compliance sees it, in a register."""
    bob, carol = (completed(won, one) for one in (won.bob, won.carol))
    far = working_days.after(today(), 2)
    promised_for(bob, far)
    promised_for(carol, far)
    assert tasks_of(won, "claims_officer") == {}
    promised_for(bob, working_days.after(today(), 1))
    assert list(tasks_of(won, "claims_officer").values()) == [1]
    promised_for(bob, today())
    tasks.watch_centre()
    assert not Delay.objects.exists()
    assert not queue.overdue(on=today()).exists()
    late = today() - timedelta(days=1)
    for claim in (bob, carol):
        promised_for(claim, late)
    for _twice in range(2):
        tasks.watch_centre()
    assert set(Delay.objects.values_list("claim", "due_on")) == {(bob.pk, late), (carol.pk, late)}
    assert list(tasks_of(won, "claims_officer").values()) == [2]
    assert tasks_of(won, "compliance") == {}

    day = working(5)
    notice = announce(won, bob, day, " 银行系统故障 ")
    assert (notice.number, notice.due_on, notice.new_date) == (1, late, day)
    told = Message.objects.get(user=won.bob.user, kind=delays.ANNOUNCED)
    assert (told.params["reason"], told.params["new_date"]) == ("银行系统故障", day.isoformat())
    assert TrailRecord.objects.get(action=delays.ANNOUNCED).object_code == bob.code
    assert delays.day_of(bob) == day
    assert list(queue.overdue(on=today())) == [carol]
    again = announce(won, bob, working((day - today()).days + 1))
    assert (again.number, again.due_on) == (2, day)
    assert again.new_date > day
    where = f"/api/v1/prizes/{bob.prize.ticket.code}/"
    for shown in (
        people.behind(won.bob.user).get(where).json()["claim"],
        people.behind(won.bob.user).get("/api/v1/prizes/").json()["prizes"][0]["claim"],
    ):
        assert (shown["due_on"], shown["first_due_on"]) == (
            again.new_date.isoformat(), late.isoformat(),
        )  # fmt: skip

    forced("prizes_delay", "UPDATE prizes_delay SET found_at = found_at - interval '25 hours'")
    assert list(tasks_of(won, "compliance").values()) == [1]
    assert [one.claim for one in delays.unannounced(now=database_time())] == [carol]
    rows = delays.entries(list(delays.register()), now=database_time())
    assert {(one.delay.claim.code, one.is_breach) for one in rows} == {
        (bob.code, True), (carol.code, True),
    }  # fmt: skip
    announce(won, carol, day)
    assert tasks_of(won, "compliance") == {}


def test_a_notice_has_reason_day_and_author(won):
    """F095: refusals move nothing, at the door and past it: threshold of the policy's days."""
    claim = completed(won, won.bob)
    opened = make.opened(won, won.prize(won.carol))
    due = delays.day_of(claim)
    assert due == working_days.after(today(), 10)
    most = today() + timedelta(days=30)
    last = next(
        day for day in (most - timedelta(days=n) for n in range(15)) if working_days.is_one(day)
    )
    free = next(
        day for day in (due + timedelta(days=n) for n in range(9)) if not working_days.is_one(day)
    )

    for new_date, reason, refusal in (
        (last, "  ", delays.ReasonMissing),
        (due, "x", delays.DayWrong),
        (free, "x", delays.DayWrong),
        (working(31), "x", delays.DayWrong),
        (today(), "x", delays.DayWrong),
    ):
        with pytest.raises(refusal):
            announce(won, claim, new_date, reason)
    for by in ("claims_clerk", "compliance", "cashier"):
        with pytest.raises(no.NotYourPost):
            announce(won, claim, last, by=by)
    with pytest.raises(delays.NotLate):
        announce(won, opened, last)

    def written(new_date: date, reason: str = "x", about=claim, by="claims_officer") -> str:
        actor = won.staff[by].pk if by else won.bob.user_id
        return fact(
            "INSERT INTO prizes_delaynotice (claim_id, number, due_on, new_date, reason,"
            " announced_by_id, announced_at) VALUES (%s, 7, %s, %s, %s, %s, now())",
            about.pk, due - timedelta(days=99), new_date, reason, actor,
        )  # fmt: skip

    assert written(due) == "delay_notice_date_later"
    assert written(most) == ""
    assert written(most + timedelta(days=1)) == "delay_within_the_days"
    assert written(most, reason="") == "delay_notice_has_reason"
    assert written(most, about=opened) == "delay_of_a_claim_not_paid"
    assert written(most, by="") == "claim_moved_by_staff"
    figure(delays.MOST_DAYS_POLICY, (last - today()).days - 1)
    with pytest.raises(delays.DayWrong):
        announce(won, claim, last)
    figure(delays.MOST_DAYS_POLICY, (last - today()).days)
    same = people.member("claims_officer", id_number=won.bob.person.citizen_id.reveal())
    with pytest.raises(no.OwnClaim):
        delays.announce(
            claim=claim, reason="x", new_date=last, actor=same.user, now=database_time()
        )
    assert not DelayNotice.objects.exists()
    assert not Message.objects.filter(kind=delays.ANNOUNCED).exists()
    late = today() - timedelta(days=1)
    said = "INSERT INTO prizes_delay (claim_id, due_on, found_at) VALUES (%s, %s, now())"
    assert fact(said, claim.pk, due) == "delay_is_one"
    assert fact(said, claim.pk, late) == "delay_is_one"
    promised_for(claim, late)
    assert fact(said, claim.pk, late) == ""
    assert "permission denied" in fact("DELETE FROM prizes_delay")


@pytest.mark.thorough
def test_a_delay_by_its_pages(won):
    """F095: the officer announces on the claim's page; the winner reads reason and day on his; the
    register shows it to who supervises, and to no clerk."""
    claim = completed(won, won.bob)
    late, day = today() - timedelta(days=1), working(5)
    promised_for(claim, late)
    tasks.watch_centre()
    officer, clerk = (
        people.in_english(won.staff[name]) for name in ("claims_officer", "claims_clerk")
    )
    at, winner = f"/desk/claims/{claim.code}/", people.in_english(won.bob.user)
    sent = {"action": "delay", "new_date": f"{day}", "reason": "The bank is down"}
    page = people.text(clerk.get(at))
    for word in ("It should have been paid by", "Confirmation of a prize"):  # and what is signed
        assert word in page
    assert clerk.post(at, sent).status_code == 409
    assert "Tell the winner" in people.text(officer.get(at))
    assert officer.post(at, sent | {"reason": ""}).status_code == 400
    assert officer.post(at, sent | {"new_date": f"{late}"}).status_code == 400
    assert not DelayNotice.objects.exists()
    assert "1 day late" in people.text(officer.get("/desk/claims/delays/"))

    assert officer.post(at, sent).status_code == 302

    assert "The bank is down" in people.text(officer.get(at))
    shown = people.text(winner.get(f"/prizes/{claim.prize.ticket.code}/"))
    for word in ("It is paid later than promised", "The bank is down"):
        assert word in shown
    register = people.text(people.in_english(won.staff["compliance"]).get("/desk/claims/delays/"))
    for word in ("The bank is down", f"{day}", "not yet", "Nothing is late"):
        assert word in register
    assert clerk.get("/desk/claims/delays/").status_code == 403
    assert "overdue since" not in people.text(clerk.get("/desk/claims/"))
