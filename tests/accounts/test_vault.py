"""Winners' data open to who has signed and needs them; nothing is public unasked (F099, F100)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from accounts import confidentiality, legal_texts, publicity, reveal, vault, who
from accounts.models import (
    ConfidentialityAgreement,
    ConfidentialitySignature,
    Player,
    PublicityChoice,
    StaffMember,
    User,
    WinnerLook,
)
from audit import policies, trail, waiting
from lottery_portal.lib.db import violated
from tests import people

pytestmark = pytest.mark.django_db
REASON = "Case 2026-21: bank asks whose account it is"
NAME = frozenset({"name"})
WORDS = {
    language: legal_texts.Words(title=f"Agreement {language}", body="Everything is new.")
    for language in legal_texts.LANGUAGES
}


def look(winner: Player, member: StaffMember, **why: str) -> reveal.Revealed:
    return vault.open_winner(
        winner,
        fields=NAME,
        actor=member.user,
        now=people.right_now(),
        **why or {"reason": REASON},
    )


def reveal_as(winner: Player, member: StaffMember) -> reveal.Revealed:
    return reveal.player(
        winner, fields=NAME, reason=REASON, actor=member.user, now=people.right_now()
    )


def lines(action: str) -> list[dict[str, object]]:
    found = trail.read(trail.Filters(action=action)).order_by("pk")
    return [json.loads(line.body) for line in found]


def waiting_for(member: StaffMember) -> dict[str, int]:
    """What of this waits at his desk, and how much."""
    now = people.right_now()
    found = waiting.for_person(member.user, who.roles(member.user, now), now)
    return {item.url: item.count for item in found if "confidentiality" in item.url}


def sign(member: StaffMember, **other: Any) -> None:
    text = confidentiality.in_force(language="zh-hans", now=people.right_now())
    said: dict[str, Any] = {
        "language": text.language,
        "version": text.version,
        "digest_read": confidentiality.digest(text),
        **other,
    }
    confidentiality.sign(user=member.user, now=people.right_now(), **said)


def test_no_record_opens_before_the_agreement_in_force_is_signed():
    """F099: neither in the vault nor by a reveal; the attempt is on record, and nothing else."""
    winner, officer = people.player(), people.member("compliance")

    for deed in (look, reveal_as):
        with pytest.raises(confidentiality.NotSigned):
            deed(winner, officer)
    assert not WinnerLook.objects.exists()
    assert not lines("accounts.winner_record_opened")
    assert not lines("accounts.personal_data_revealed")
    assert lines("accounts.look_refused") == [{"reason": "confidentiality_not_signed"}] * 2

    sign(officer)

    assert look(winner, officer) == reveal.Revealed(name="陈小雨")
    assert reveal_as(winner, officer).name == "陈小雨"
    seen = WinnerLook.objects.get()
    assert (seen.winner, seen.reader, seen.fields) == (winner, officer.user, ["name"])
    assert seen.reason == REASON
    assert lines("accounts.winner_record_opened") == [
        {"look": seen.code, "fields": ["name"], "reference": "", "reason": REASON}
    ]

    confidentiality.publish(WORDS, actor=officer.user, now=people.right_now())

    for deed in (look, reveal_as):
        with pytest.raises(confidentiality.NotSigned):
            deed(winner, officer)
    sign(officer)
    assert look(winner, officer).name == "陈小雨"


def test_a_look_needs_a_post_and_a_reason_or_what_is_under_way():
    """F099: need to know."""
    winner, another = people.player(), people.player(name="王海")
    officer = people.signed(people.member("compliance"))
    asked: list[tuple[str, Player]] = []

    def concerns(code: str, who: Player, _reader: object) -> bool:
        asked.append((code, who))
        return (code, who) == ("C1", winner)

    vault.register_reference("test_claim", concerns)
    try:
        assert look(winner, officer, reference="test_claim:C1").name == "陈小雨"
        for why, refusal in [
            ({"reference": "test_claim:C2"}, vault.ReferenceUnknown),
            ({"reference": "unheard:C1"}, vault.ReferenceUnknown),
            ({"reference": "test_claim"}, vault.ReferenceUnknown),
            ({"reason": "  hm "}, reveal.ReasonMissing),
            ({"reason": "", "reference": ""}, reveal.ReasonMissing),
        ]:
            with pytest.raises(refusal):
                look(winner, officer, **why)
        with pytest.raises(vault.ReferenceUnknown):
            look(another, officer, reference="test_claim:C1")
        with pytest.raises(RuntimeError):
            vault.register_reference("test_claim", lambda *_: True)
    finally:
        vault._REFERENCES.pop("test_claim")
    for post in ("support", "risk", "auditor", "cashier"):
        with pytest.raises(reveal.NotForThisRole):
            look(winner, people.signed(people.member(post)))

    seen = WinnerLook.objects.get()
    assert (seen.reference, seen.reason) == ("test_claim:C1", "")
    since, until = seen.looked_at, seen.looked_at + timedelta(seconds=1)
    assert list(vault.looks(since=since, until=until, winners=[winner.pk])) == [seen]
    assert not vault.looks(since=since, until=until, winners=[another.pk])
    assert not vault.looks(since=since - timedelta(days=1), until=since)


def test_nobody_opens_his_own_record():
    """F099"""
    winner = people.player()
    assert winner.person is not None
    number = winner.person.citizen_id.reveal()
    himself = people.signed(people.member("compliance", id_number=number))

    with pytest.raises(vault.OwnRecord):
        look(winner, himself)
    assert not WinnerLook.objects.exists()


def test_the_database_refuses_looks_and_signatures_that_are_none():
    """F099: whoever writes the rows."""
    winner, officer, other = people.player(), people.member("compliance"), people.member("support")
    text = ConfidentialityAgreement.objects.get(language="zh-hans")
    now = people.right_now()
    signature = {
        "person": officer.person,
        "user": officer.user,
        "agreement": text,
        "digest": confidentiality.digest(text),
        "signed_at": now,
    }
    wrong: dict[str, dict[str, Any]] = {
        "confidentiality_signed_by_himself": {"person": other.person},
        "confidentiality_signed_now": {"signed_at": now - timedelta(minutes=6)},
        "confidentiality_signed_as_read": {"digest": "0" * 64},
    }

    for name, other_than in wrong.items():
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            ConfidentialitySignature.objects.create(**{**signature, **other_than})
        assert violated(refused.value) == name
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        WinnerLook.objects.create(
            winner=winner, reader=officer.user, fields=["name"], reason=REASON, looked_at=now
        )
    assert violated(refused.value) == "winner_look_after_signature"
    with transaction.atomic():
        ConfidentialitySignature.objects.create(**signature)
        kept = WinnerLook.objects.create(
            winner=winner,
            reader=officer.user,
            fields=["name"],
            reason=REASON,
            looked_at=datetime(2020, 1, 1, tzinfo=UTC),
        )
    kept.refresh_from_db()
    assert abs((kept.looked_at - now).total_seconds()) < 60  # its own clock, whatever it was told
    for deed in (kept.delete, lambda: WinnerLook.objects.update(reason="another reason")):
        with pytest.raises(DatabaseError), transaction.atomic():
            deed()
    confidentiality.publish(WORDS, actor=officer.user, now=now)
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        ConfidentialitySignature.objects.create(**{**signature, "signed_at": people.right_now()})
    assert violated(refused.value) == "confidentiality_signed_in_force"


def test_a_signature_names_the_words_and_holds_for_the_days_of_the_policy():
    """F099: the last moment before, the moment itself; and by another figure."""
    officer = people.member("compliance")
    for other in ({"digest_read": "0" * 64}, {"version": 2}, {"language": "en"}):
        with pytest.raises(confidentiality.AgreementChanged):
            sign(officer, **other)
    assert not confidentiality.has_signed(officer.user, people.right_now())

    sign(officer)

    last = confidentiality.last_signature(officer.user)
    assert last is not None
    assert lines("accounts.confidentiality_signed") == [
        {"version": 1, "language": "zh-hans", "digest": last.digest}
    ]
    moment = timedelta(microseconds=1)
    for days in (365, 90):
        over = last.signed_at + timedelta(days=days)
        assert confidentiality.has_signed(officer.user, last.signed_at)
        assert confidentiality.has_signed(officer.user, over - moment)
        assert not confidentiality.has_signed(officer.user, over)
        with transaction.atomic():
            policies.set_genesis(
                key=confidentiality.DAYS_POLICY, value=90, reason="shorter", now=last.signed_at
            )
    assert not confidentiality.has_signed(officer.user, last.signed_at - moment)
    assert not confidentiality.has_signed(people.player().user, people.right_now())


def test_staff_read_and_sign_on_a_page_and_the_desk_shows_who_has_not():
    """F099"""
    officer, agent = people.member("compliance"), people.member("support")
    client = people.behind(agent.user)
    address, register = (
        reverse(f"accounts:{name}")
        for name in ("desk_confidentiality", "desk_confidentiality_register")
    )
    watcher = people.behind(officer.user)
    assert agent.display_name in people.text(watcher.get(register))
    assert waiting_for(officer) == {address: 1, register: 2}
    assert waiting_for(agent) == {address: 1}
    page = client.get(address)
    assert "兑奖人员保密协议" in people.text(page)
    form = page.context["form"]
    given = {"version": form["version"].value(), "digest": form["digest"].value()}

    assert client.post(address, given).status_code == 400
    assert client.post(address, {**given, "has_read": "on", "digest": "0" * 64}).status_code == 409
    stale = people.behind(agent.user, minutes_ago=6)
    assert stale.post(address, {**given, "has_read": "on"}).status_code == 302
    assert not ConfidentialitySignature.objects.exists()
    done = client.post(address, {**given, "has_read": "on"})

    assert done.status_code == 302
    assert ConfidentialitySignature.objects.get().person == agent.person
    assert client.get(register).status_code == 403
    assert waiting_for(agent) == {}
    assert waiting_for(officer) == {address: 1, register: 1}
    standings = confidentiality.standings(people.right_now())
    assert [(one.member, one.must_sign) for one in standings] == [(officer, True), (agent, False)]
    english = people.in_english(officer.user)
    assert "Confidentiality agreement for staff" in people.text(english.get(address))


def test_who_has_not_signed_is_led_to_it_from_the_page_of_a_player():
    """F099"""
    player, agent = people.player(), people.member("support")
    client = people.behind(agent.user)
    shown = reverse("accounts:desk_player", args=[player.code])
    asked = reverse("accounts:desk_reveal", args=[player.code])
    given = {"fields_wanted": ["name"], "reason": REASON}

    assert reverse("accounts:desk_confidentiality") in people.text(client.get(shown))
    refused = client.post(asked, given)
    assert refused.status_code == 403
    assert "陈小雨" not in people.text(refused)
    people.signed(agent)
    assert "陈小雨" in people.text(client.post(asked, given))


def test_nothing_of_a_winner_is_published_unless_he_says_so_for_this_prize():
    """F100"""
    winner, other, clerk = people.player(), people.player(), people.member("compliance")
    prize, next_prize = "prize:P1", "prize:P2"

    def choose(who: Player, *shows: str, actor: User | None = None) -> None:
        with publicity.in_words(), transaction.atomic():
            publicity.keep(
                winner=who,
                object_code=prize,
                shows=frozenset(shows),
                actor=actor or who.user,
                now=people.right_now(),
            )

    assert publicity.allowed(winner=winner, object_code=prize) == publicity.NOTHING
    assert publicity.surname(winner=winner, object_code=prize) == ""
    for actor in (clerk.user, other.user):
        with pytest.raises(publicity.NotYourPrize):
            choose(winner, "SURNAME", actor=actor)
    with pytest.raises(ValueError, match="Nothing else"):
        choose(winner, "CITIZEN_ID")
    assert not PublicityChoice.objects.exists()

    choose(winner, "SURNAME")
    choose(winner, "SURNAME")
    choose(other, "PLACE")

    assert PublicityChoice.objects.count() == 2
    assert publicity.allowed(winner=winner, object_code=prize) == {"SURNAME"}
    assert publicity.surname(winner=winner, object_code=prize) == "陈**"
    assert publicity.allowed(winner=winner, object_code=next_prize) == publicity.NOTHING
    assert publicity.surname(winner=other, object_code=prize) == ""

    choose(winner)

    assert publicity.allowed(winner=winner, object_code=prize) == publicity.NOTHING
    assert publicity.surname(winner=winner, object_code=prize) == ""
    assert lines("accounts.publicity_taken_back") == [{"prize": prize, "shows": []}]
    with pytest.raises(DatabaseError), transaction.atomic():
        PublicityChoice.objects.update(shows=["SURNAME"])
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        PublicityChoice.objects.create(
            winner=winner,
            object_code=prize,
            shows=["CITIZEN_ID"],
            chosen_by=winner.user,
            chosen_at=people.right_now(),
        )
    assert violated(refused.value) == "publicity_shows_known"
