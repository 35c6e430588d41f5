"""Papers that are shown at a claim: whose they are, and what is written down (F275, F087)."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from accounts import identity, identity_papers, paper_kinds
from accounts.models import IdentityCheck, IdentityPaper, Message, PaperNumber, Player
from accounts.paper_kinds import Paper
from audit import trail
from lottery_portal.lib.db import violated
from lottery_portal.lib.encryption import blind_index
from lottery_portal.lib.errors import Refused
from tests import people
from tests.accounts import papers
from tests.owner import as_owner, guards_up

pytestmark = pytest.mark.django_db
CLAIM = "claim:C0000000000000001"
PASSPORT = Paper("PASSPORT", "E12345678", "陈小雨", papers.today() + timedelta(days=900))


def show(owner: Player, paper: Paper, clerk, *, now=None) -> IdentityPaper:
    return identity_papers.show(
        owner=owner, paper=paper, seen_by=clerk.user, reference=CLAIM, now=now or people.right_now()
    )


def register(player: Player, paper: Paper = PASSPORT, *, citizen_id: str = "") -> PaperNumber:
    return identity_papers.register_number(
        player=player,
        paper=paper,
        citizen_id=citizen_id or papers.of(player).number,
        now=people.right_now(),
    )


def earlier(number: PaperNumber, by: timedelta) -> None:
    """It was registered so much earlier."""
    with as_owner() as hand:
        hand.execute("ALTER TABLE accounts_papernumber DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE accounts_papernumber SET registered_at = registered_at - %s WHERE id = %s",
            [by, number.pk],
        )
        guards_up(hand)


def lines(action: str) -> list[dict[str, str]]:
    found = trail.read(trail.Filters(action=action)).order_by("pk")
    return [json.loads(line.body) for line in found]


def test_the_owners_own_paper_is_recorded_encrypted():
    """F275"""
    owner, clerk = people.player(), people.member("support")
    card = papers.of(owner)

    seen = show(owner, card, clerk)
    register_too = show(owner, papers.of(owner, kind="HOUSEHOLD", valid_until=None), clerk)

    kept = IdentityPaper.objects.get(code=seen.code)
    assert (kept.person, kept.kind, kept.issued_by) == (owner.person, "ID_CARD", "CHN")
    assert kept.valid_until == card.valid_until
    assert kept.number.reveal() == card.number
    assert card.number not in kept.number.stored
    assert str(kept.number).endswith(card.number[-4:])
    assert (kept.seen_by, kept.reference) == (clerk.user, CLAIM)
    assert lines("accounts.identity_paper_seen") == [
        {"paper": one.code, "kind": one.kind, "reference": CLAIM} for one in (seen, register_too)
    ]


def test_what_is_not_the_owners_or_not_in_order_stops_the_claim():
    """F275, F087: nothing is recorded but that a paper was refused, and why."""
    owner, other, clerk = people.player(), people.player(), people.member("support")
    today = papers.today()
    child = papers.of_somebody(birth=papers.CHILD)
    refused = [
        (papers.of(other), "paper_not_the_owner"),
        (papers.of_somebody(name="陈小雨"), "paper_not_the_owner"),
        (papers.of(owner, name="陈小云"), "paper_not_the_owner"),
        (papers.of(owner, valid_until=today - timedelta(days=1)), "paper_expired"),
        (papers.of(owner, kind="DRIVING"), "paper_kind_unlisted"),
        (papers.of(owner, kind="Library card of Chen"), "paper_kind_unlisted"),
        (papers.of(owner, number="110101"), "paper_number_wrong"),
        (child, "minor_winner"),
        (PASSPORT, "paper_number_not_registered"),
    ]

    for paper, code in refused:
        with pytest.raises(Refused) as said:
            show(owner, paper, clerk)
        assert said.value.code == code
        assert paper.number not in str(said.value)

    assert not IdentityPaper.objects.exists()
    told = lines("accounts.identity_paper_refused")
    assert [one["reason"] for one in told] == [code for _paper, code in refused]
    assert {one["kind"] for one in told} == {"ID_CARD", "DRIVING", "OTHER", "PASSPORT"}
    assert show(owner, papers.of(owner, valid_until=today), clerk).valid_until == today


def test_nobody_attests_his_own_paper_and_no_player_any():
    """F275"""
    owner, another = people.player(), people.player()
    number = papers.of(owner).number
    himself = people.member("support", id_number=number)

    for seen_by in (himself.user, another.user, owner.user):
        with pytest.raises(identity_papers.SeenByHimself):
            identity_papers.show(
                owner=owner,
                paper=papers.of(owner),
                seen_by=seen_by,
                reference=CLAIM,
                now=people.right_now(),
            )
    assert not IdentityPaper.objects.exists()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_number_without_citizen_id_is_registered_once_and_rests_a_day():
    """F275"""
    owner, other, clerk = people.player(), people.player(), people.member("support")

    number = register(owner)

    assert number.number.reveal() == "E12345678"
    assert str(number.number) == "*****5678"
    message = Message.objects.get(user=owner.user, kind="accounts.paper_registered")
    assert message.params == {"kind": "PASSPORT"}
    assert identity_papers.numbers_of(owner) == [number]
    with pytest.raises(identity_papers.NumberRegistered):
        register(owner, Paper("PASSPORT", "E87654321", "陈小雨", PASSPORT.valid_until))
    with pytest.raises(identity_papers.NumberTaken):
        register(other)
    with pytest.raises(identity_papers.NoNumberToRegister):
        register(owner, papers.of(owner))
    assert PaperNumber.objects.count() == 1
    assert IdentityCheck.objects.filter(reason="number_taken").count() == 2

    rested = identity_papers.rested_at(number)
    assert rested - number.registered_at == timedelta(days=1)
    earlier(number, timedelta(days=1) - timedelta(minutes=1))
    for said in (rested, people.right_now()):  # the database's clock counts, not what is said
        with pytest.raises(identity_papers.NumberTooNew):
            show(owner, PASSPORT, clerk, now=said)
    earlier(number, timedelta(minutes=1))
    wrong = Paper("PASSPORT", "E12345679", "陈小雨", PASSPORT.valid_until)
    with pytest.raises(identity_papers.NotTheOwner):
        show(owner, wrong, clerk)
    assert show(owner, PASSPORT, clerk).kind == "PASSPORT"


def test_who_does_not_know_the_citizen_id_registers_nothing():
    """F275: every attempt counts among the identity checks of the day."""
    owner = people.player()
    left = identity.attempts_left(owner, people.right_now())

    for already in range(left):
        with pytest.raises(identity.NotConfirmed) as refused:
            register(owner, citizen_id=people.citizen_id())
        assert refused.value.figures["left"] == left - already - 1
    with pytest.raises(identity.TooManyAttempts):
        register(owner)

    assert not PaperNumber.objects.exists()
    assert IdentityCheck.objects.filter(player=owner, reason="number_differs").count() == left
    assert len(lines("accounts.paper_number_refused")) == left
    with pytest.raises(identity_papers.IdentityFirst):
        identity_papers.register_number(
            player=people.player(verified=False),
            paper=PASSPORT,
            citizen_id="",
            now=people.right_now(),
        )


def test_who_acts_for_another_shows_an_id_card_and_is_known_from_then_on():
    """F086, F087"""
    clerk = people.member("support")
    card = papers.of_somebody()

    @transaction.atomic(durable=True)
    def seen(paper: Paper) -> IdentityPaper:
        return identity_papers.record_other(
            paper=paper, seen_by=clerk.user, reference=CLAIM, now=people.right_now()
        )

    first, again = seen(card), seen(card)

    assert first.person == again.person
    assert first.person.name.reveal() == card.name
    for paper, refusal in [
        (PASSPORT, identity_papers.CitizenIdNeeded),
        (papers.of_somebody(kind="HOUSEHOLD", valid_until=None), identity_papers.CitizenIdNeeded),
        (papers.of(first.person, name="赵二鸣"), identity_papers.NotTheOwner),
        (papers.of_somebody(birth=papers.CHILD), paper_kinds.MinorWinner),
    ]:
        with pytest.raises(refusal):
            seen(paper)
    assert IdentityPaper.objects.count() == 2


def test_the_database_compares_a_paper_once_more():
    """F275: whoever writes the row."""
    owner, other, clerk = people.player(), people.player(), people.member("support")
    now = people.right_now()
    right: dict[str, Any] = {
        "person": owner.person,
        "kind": "ID_CARD",
        "issued_by": "CHN",
        "number": papers.of(owner).number,
        "number_index": blind_index("citizen_id", papers.of(owner).number),
        "valid_until": papers.today(),
        "seen_by": clerk.user,
        "seen_at": now - timedelta(days=4000),  # the database writes its own clock over it
    }
    wrong: dict[str, dict[str, Any]] = {
        "identity_paper_of_its_person": {"person": other.person},
        "identity_paper_valid_when_seen": {"valid_until": papers.today() - timedelta(days=1)},
        "identity_paper_seen_by_another": {"seen_by": other.user},
        "identity_paper_kind_known": {"kind": "DRIVING"},
        "identity_paper_has_its_end": {"kind": "HOUSEHOLD"},
    }

    for name, other_than in wrong.items():
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            IdentityPaper.objects.create(**{**right, **other_than})
        expected = {name, "identity_paper_of_its_person"} if name.endswith("known") else {name}
        assert violated(refused.value) in expected

    with transaction.atomic():
        kept = IdentityPaper.objects.create(**right)
        number = PaperNumber.objects.create(
            person=right["person"], kind="PASSPORT", number="E1", index=b"1" * 32,
            registered_at=now - timedelta(days=4000),
        )  # fmt: skip
    for row, name in ((kept, "seen_at"), (number, "registered_at")):
        row.refresh_from_db(fields=[name])
        assert now - timedelta(minutes=1) < getattr(row, name) < now + timedelta(minutes=1)
    for deed in (kept.delete, lambda: IdentityPaper.objects.update(valid_until=date(2099, 1, 1))):
        with pytest.raises(DatabaseError), transaction.atomic():
            deed()


def test_a_player_registers_a_paper_on_his_page():
    """F275"""
    player = people.player()
    client = people.behind(player.user)
    address = reverse("accounts:papers")
    typed = {
        "kind": "PASSPORT",
        "number": "E12345678",
        "issued_by": "CHN",
        "name": "陈小雨",
        "valid_until": f"{PASSPORT.valid_until}",
        "citizen_id": people.citizen_id(),
    }

    assert client.get(address).status_code == 200
    wrong = client.post(address, typed)
    assert wrong.status_code == 400
    assert not PaperNumber.objects.exists()
    typed["citizen_id"] = papers.of(player).number
    stale = people.behind(player.user, minutes_ago=6)
    assert stale.post(address, typed).status_code == 302
    assert not PaperNumber.objects.exists()
    done = client.post(address, typed, follow=True)

    page = people.text(done)
    assert "*****5678" in page
    assert "E12345678" not in page
    assert PaperNumber.objects.get().person == player.person
    assert next(iter(done.context["form"].fields["kind"].choices))[0] == "RESIDENCE"
    newcomer = people.behind(people.player(verified=False).user)
    assert "<form" in people.text(newcomer.get(address))
    assert "citizen_id" not in people.text(newcomer.get(address))
    assert newcomer.post(address, typed).status_code == 403
