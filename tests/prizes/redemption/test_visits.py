"""Who comes to the centre is registered with his paper before any claim is checked (F084)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction

from accounts import identity_papers, paper_kinds, proxies
from accounts.models import IdentityPaper
from audit.models import TrailRecord
from lottery_portal.lib import codes, dates
from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from prizes.centre_models import Appointment, Visit, VisitStep
from prizes.claim_models import Claim
from prizes.deadline_models import Hold
from prizes.redemption import appointments, claims, minors, visits
from prizes.redemption import claim_refusals as no
from tests import make_claims as make
from tests import people
from tests.accounts import papers

from .test_appointments import book, free_times
from .test_guards import fact, forced, moved

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

Role = Visit.Role


def check(won, claim):
    return claims.check(
        code=claim.code, actor=won.staff["claims_clerk"], evidence={"matches": True},
        now=database_time(), paper=papers.of(claim.owner),
    )  # fmt: skip


def test_no_claim_at_the_centre_is_checked_before_its_visitor_is_there(won):
    """F084: door and database; a companion, another prize, yesterday or who has left do not count;
    at an outlet and from afar nobody is registered."""
    prize = won.prize(won.bob)
    claim = make.opened(won, prize)
    clerk = won.staff["claims_clerk"]

    with pytest.raises(no.VisitorMissing):
        check(won, claim)
    assert not IdentityPaper.objects.filter(reference=f"claim:{claim.code}").exists()
    make.visited(won, won.prize(won.carol))
    make.visited(won, prize, role=Role.COMPANION, paper=papers.of_somebody())
    with pytest.raises(no.VisitorMissing):
        check(won, claim)
    here = make.visited(won, prize)
    yesterday = "UPDATE prizes_visit SET arrived_at = arrived_at - interval '1 day' WHERE code = %s"
    forced("prizes_visit", yesterday, here.code)
    assert visits.present(prize) is None
    with pytest.raises(no.VisitorMissing):
        check(won, claim)
    here = make.visited(won, prize)
    assert visits.present(prize) == here
    visits.leave(visit=here, actor=clerk, now=database_time())
    with pytest.raises(no.VisitorMissing):
        check(won, claim)
    assert Claim.objects.get().state == "OPENED"

    make.visited(won, prize)
    assert moved(claim, "CHECKED", clerk.pk) == "claim_identity_seen"  # twice: here and there
    assert check(won, claim).state == "CHECKED"
    outlet = make.opened(won, won.prize(won.carol), "OUTLET")
    assert make.checked(won, outlet).state == "CHECKED"


def test_a_visitor_is_who_his_paper_says(won):
    """F084, F275: refused papers leave a line and no visit; a minor's holds the prize."""
    prize, card = won.prize(won.bob), papers.of(won.bob)
    make.opened(won, prize)

    for paper, role, refusal in (
        (replace(card, valid_until=papers.today() - timedelta(days=1)), Role.WINNER,
         paper_kinds.PaperExpired),
        (replace(card, kind="DRIVING"), Role.WINNER, paper_kinds.PaperNotTaken),
        (papers.of(won.carol), Role.WINNER, identity_papers.NotTheOwner),
        (card, Role.COMPANION, visits.NotWhoHeSays),
        (card, Role.GUARDIAN, visits.NotWhoHeSays),
        (papers.of_somebody(), Role.PROXY, visits.ProxyMissing),
    ):  # fmt: skip
        with pytest.raises(refusal):
            make.visited(won, prize, role=role, paper=paper)
    for actor in (won.staff["cashier"], won.bob.user):
        with pytest.raises(no.NotYourPost):
            make.visited(won, prize, actor=actor)
    with pytest.raises(visits.NotACentre):
        make.visited(won, prize, place=won.outlet)
    assert not Visit.objects.exists()
    assert not Hold.objects.exists()
    refused = TrailRecord.objects.filter(action="accounts.identity_paper_refused")
    assert refused.count() == 3
    assert not [one for one in refused if card.number in str(one.body)]

    visit = make.visited(won, prize)
    assert visit.paper.reference == f"visit:{visit.code}"
    with pytest.raises(visits.HereAlready):
        make.visited(won, prize, actor=won.staff["claims_clerk"])
    other = IdentityPaper.objects.get(pk=visit.paper_id)
    assert fact(
        "INSERT INTO prizes_visit (code, prize_id, place_id, role, paper_id, registered_by_id,"
        " arrived_at) VALUES ('X', %s, %s, 'WINNER', %s, %s, now())",
        prize.pk, won.centre.pk, other.pk, won.staff["claims_clerk"].pk,
    ) == "visit_by_who_the_paper_says"  # fmt: skip
    with transaction.atomic():
        somebody = identity_papers.record_other(
            paper=papers.of_somebody(), seen_by=won.staff["claims_clerk"], reference="visit:Y",
            now=database_time(),
        )  # fmt: skip
    for said_to_be, why in (("WINNER", "visit_by_who_the_paper_says"), ("COMPANION", "")):
        assert fact(
            "INSERT INTO prizes_visit (code, prize_id, place_id, role, paper_id, registered_by_id,"
            " arrived_at) VALUES ('Y', %s, %s, %s, %s, %s, now())",
            prize.pk, won.centre.pk, said_to_be, somebody.pk, won.staff["claims_clerk"].pk,
        ) == why  # fmt: skip
    for said in ("UPDATE prizes_visit SET role = 'WINNER'", "DELETE FROM prizes_visitstep"):
        assert "permission denied" in fact(said)
    with pytest.raises(paper_kinds.MinorWinner):
        make.visited(won, prize, paper=papers.of_somebody(birth=papers.CHILD))
    assert Hold.objects.get().kind == Hold.Kind.MINOR


def test_who_acts_for_the_winner_comes_with_his_authority(won):
    """F084, F086: the agent of a covering authority brings the claim on; another does not. The page
    of who comes to this claim begins with the centre and with his authority."""
    prize, agent = won.prize(won.bob), papers.of_somebody()
    clerk = won.staff["claims_clerk"]

    def authority(scope):
        return proxies.take(
            winner=won.bob, winner_paper=papers.of(won.bob), agent_paper=agent, scope=[scope],
            valid_from=papers.today(), valid_until=papers.today(), letter_digest=papers.DIGEST,
            recorded_by=clerk, now=database_time(),
        )  # fmt: skip

    other, proxy = authority("prize:other"), authority(minors.object_of(prize))
    said = {"role": Role.PROXY, "paper": agent}
    with pytest.raises(proxies.ProxyOutOfScope):
        make.visited(won, prize, **said, proxy=other)
    with pytest.raises(visits.NotWhoHeSays):
        make.visited(won, prize, role=Role.PROXY, paper=papers.of_somebody(), proxy=proxy)
    visit = make.visited(won, prize, **said, proxy=proxy)
    assert (visit.proxy, visit.paper.person) == (proxy, proxy.agent)
    assert visits.present(prize) == visit
    claim = make.opened(won, prize, proxy=proxy)
    form = people.behind(clerk).get(f"/desk/claims/visits/{prize.ticket.code}/").context["form"]
    assert [form[name].value() for name in ("place", "role", "authority")] == [
        won.centre.code, "PROXY", codes.shown(proxy.code),
    ]  # fmt: skip
    assert check(won, claim).state == "CHECKED"


@pytest.mark.thorough
def test_the_entrance_by_its_pages(won):
    """F083, F084: expected, waiting with minutes, at a counter, gone; an appointment is kept; the
    claim's page leads here; who has no post looks, or sees nothing; no number is shown."""
    prize, now = won.prize(won.bob), database_time()
    ticket = prize.ticket.code
    clerk = people.in_english(won.staff["claims_clerk"])
    auditor = people.in_english(people.member("auditor").user)
    made = book(won, prize, free_times(won, prize)[-1].starts_at)
    here = dates.in_shanghai(now).replace(second=0, microsecond=0)
    forced(
        "prizes_appointment", "UPDATE prizes_appointment SET starts_at = %s, ends_at = %s",
        here, here + timedelta(minutes=1),
    )  # fmt: skip
    board = people.text(clerk.get("/desk/claims/visits/"))
    for word in ("Expected today", codes.shown(ticket), "Nobody waits."):
        assert word in board
    assert "Register a visitor" not in people.text(auditor.get("/desk/claims/visits/"))
    assert auditor.get(f"/desk/claims/visits/{ticket}/").status_code == 403
    assert people.behind(won.staff["cashier"]).get("/desk/claims/visits/").status_code == 403
    found = clerk.get("/desk/claims/visits/", {"ticket": codes.shown(ticket).lower()})
    at = f"/desk/claims/visits/{ticket}/"
    assert found["Location"].startswith(at)
    wrong = clerk.get("/desk/claims/visits/", {"ticket": "ABCD"})
    assert (wrong.status_code, "No prize of this ticket" in people.text(wrong)) == (400, True)
    assert clerk.get("/desk/claims/visits/ABCD/").status_code == 404

    card = papers.of(won.bob)
    sent = {
        "place": won.centre.code, "role": "WINNER", "kind": card.kind, "number": card.number,
        "name": card.name, "valid_until": f"{card.valid_until:%Y-%m-%d}", "issued_by": "CHN",
    }  # fmt: skip
    other = clerk.post(at, sent | {"number": papers.of(won.carol).number})
    assert (other.status_code, "does not match the person" in people.text(other)) == (409, True)
    assert not Visit.objects.exists()
    assert clerk.post(at, sent).status_code == 302
    visit = Visit.objects.get()
    made.refresh_from_db()
    assert (visit.appointment, made.state) == (made, Appointment.State.KEPT)
    assert appointments.of(prize, now=now) is None
    board = people.text(clerk.get("/desk/claims/visits/"))
    assert "waits 0 min" in board
    assert card.number not in board
    assert card.name not in board
    assert "Here since" in people.text(clerk.get(at))
    step = f"/desk/claims/visits/{visit.code}/"
    assert auditor.post(f"{step}call/").status_code == 403
    assert clerk.post(f"{step}dance/").status_code == 404
    for _twice in range(2):
        assert clerk.post(f"{step}call/").status_code == 302
    assert "Open a claim" in people.text(clerk.get("/desk/claims/visits/"))
    claim = claims.open_(
        prize=prize, way="CENTRE", actor=won.staff["claims_clerk"], request_key=uuid7(),
        claimant=won.bob, now=database_time(),
    )  # fmt: skip
    page = people.text(clerk.get(f"/desk/claims/{claim.code}/"))
    assert "Registered at the entrance" in page
    assert clerk.post(f"{step}leave/").status_code == 302
    assert "Left today" in people.text(clerk.get("/desk/claims/visits/"))
    assert list(VisitStep.objects.order_by("at").values_list("kind", flat=True)) == [
        "CALLED", "LEFT",
    ]  # fmt: skip
    page = people.text(clerk.get(f"/desk/claims/{claim.code}/"))
    assert "No visitor is registered for this prize." in page
    assert at in page
    deeds = TrailRecord.objects.filter(action__startswith="prizes.visitor_")
    assert {one.action for one in deeds} == {
        "prizes.visitor_registered", "prizes.visitor_called", "prizes.visitor_left",
    }  # fmt: skip
