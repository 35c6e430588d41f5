"""Who may act for a winner, for what and how long; and the papers of minors (F086, F087)."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts import guardians, identity_papers, paper_kinds, proxies
from accounts.models import GuardianRecord, IdentityPaper, Person, Player, Proxy, StaffMember
from audit import trail
from lottery_portal.lib import dates
from lottery_portal.lib.db import violated
from lottery_portal.lib.errors import Refused
from tests import people
from tests.accounts import papers

pytestmark = pytest.mark.django_db
PRIZE = "prize:P1"


def take(winner: Player, clerk: StaffMember, **other: Any) -> Proxy:
    today = papers.today()
    said: dict[str, Any] = {
        "winner_paper": papers.of(winner),
        "agent_paper": papers.of_somebody(),
        "scope": [PRIZE],
        "valid_from": today,
        "valid_until": today + timedelta(days=10),
        "letter_digest": papers.DIGEST,
        "recorded_by": clerk.user,
        "now": people.right_now(),
        **other,
    }
    return proxies.take(winner=winner, **said)


def noon(day) -> datetime:
    return datetime.combine(day, time(12), tzinfo=dates.SHANGHAI)


def test_an_authority_holds_for_its_prize_from_its_first_day_to_the_end_of_its_last():
    """F086: each end a day before, on the day, a day after."""
    winner, clerk = people.player(), people.member("support")
    first, last = papers.today() + timedelta(days=1), papers.today() + timedelta(days=5)
    proxy = take(winner, clerk, valid_from=first, valid_until=last, scope=[PRIZE, "prize:P2"])
    day = timedelta(days=1)

    for right in (first, first + day, last - day, last):
        proxies.check(proxy=proxy, for_what=PRIZE, at=noon(right))
    end = datetime.combine(last, time(23, 59, 59), tzinfo=dates.SHANGHAI)
    proxies.check(proxy=proxy, for_what="prize:P2", at=end)
    for at, refusal in [
        (noon(first - day), proxies.ProxyNotBegun),
        (noon(last + day), proxies.ProxyExpired),
        (end + timedelta(seconds=1), proxies.ProxyExpired),
    ]:
        with pytest.raises(refusal):
            proxies.check(proxy=proxy, for_what=PRIZE, at=at)
    with pytest.raises(proxies.ProxyOutOfScope):
        proxies.check(proxy=proxy, for_what="prize:P3", at=noon(last))

    proxies.end(proxy=proxy, reason="The winner comes himself", actor=clerk.user, now=noon(first))
    proxies.end(proxy=proxy, reason="Said twice", actor=clerk.user, now=noon(last))

    with pytest.raises(proxies.ProxyTakenBack):
        proxies.check(proxy=proxy, for_what=PRIZE, at=noon(last))
    told = [
        json.loads(line.body)
        for line in trail.read(trail.Filters(action="accounts.proxy_")).order_by("pk")
    ]
    assert told == [
        {"proxy": proxy.code, "scope": [PRIZE, "prize:P2"]},
        {"proxy": proxy.code, "reason": "The winner comes himself"},
    ]


def test_an_authority_is_worth_no_more_than_the_papers_of_both():
    """F086"""
    winner, clerk = people.player(), people.member("support")
    soon, late = papers.today() + timedelta(days=2), papers.today() + timedelta(days=9)
    by_winner = take(winner, clerk, winner_paper=papers.of(winner, valid_until=soon))
    by_agent = take(winner, clerk, agent_paper=papers.of_somebody(valid_until=soon))

    for proxy in (by_winner, by_agent):
        proxies.check(proxy=proxy, for_what=PRIZE, at=noon(soon))
        with pytest.raises(paper_kinds.PaperExpired):
            proxies.check(proxy=proxy, for_what=PRIZE, at=noon(late))


def test_what_is_no_authority_is_refused_and_leaves_nothing():
    """F086"""
    winner, other, clerk = people.player(), people.player(), people.member("support")
    today, day = papers.today(), timedelta(days=1)
    works_here = people.member("cashier")
    known = Person.objects.count()
    wrong: list[tuple[dict[str, Any], type[Refused]]] = [
        ({"winner_paper": papers.of(other)}, identity_papers.NotTheOwner),
        ({"winner_paper": papers.of(winner, valid_until=today - day)}, paper_kinds.PaperExpired),
        ({"agent_paper": papers.of_somebody(valid_until=today - day)}, paper_kinds.PaperExpired),
        ({"agent_paper": papers.of_somebody(birth=papers.CHILD)}, paper_kinds.MinorWinner),
        ({"agent_paper": papers.of(winner)}, proxies.AgentIsTheWinner),
        ({"agent_paper": papers.of(works_here.person)}, proxies.AgentIsStaff),
        ({"agent_paper": papers.of(clerk.person)}, identity_papers.SeenByHimself),
        ({"recorded_by": other.user}, identity_papers.SeenByHimself),
        ({"scope": []}, proxies.ProxyIncomplete),
        ({"scope": [" "]}, proxies.ProxyIncomplete),
        ({"letter_digest": "no"}, proxies.ProxyIncomplete),
        ({"valid_until": today - day, "valid_from": today - 9 * day}, proxies.ProxyExpired),
        ({"valid_from": today + 11 * day}, proxies.ProxyIncomplete),
        ({"valid_until": today + 367 * day}, proxies.ProxyIncomplete),
    ]

    for said, refusal in wrong:
        with pytest.raises(refusal):
            take(winner, clerk, **said)

    assert not Proxy.objects.exists()
    assert not IdentityPaper.objects.exists()
    assert Person.objects.count() == known
    assert take(winner, clerk, valid_until=today + 366 * day).scope == [PRIZE]


def test_the_database_knows_what_an_authority_needs():
    """F086: whoever writes the row."""
    winner, clerk = people.player(), people.member("support")
    one, two = take(winner, clerk), take(winner, clerk)
    fields = {
        field.attname: getattr(one, field.attname)
        for field in Proxy._meta.concrete_fields
        if field.attname not in {"id", "code"}
    }
    recorder = people.member("support")
    wrong: dict[str, dict[str, Any]] = {
        "proxy_papers_of_both": {"agent_paper_id": two.agent_paper_id},
        "proxy_for_another": {"agent_id": winner.person_id},
        "proxy_recorded_by_another": {"recorded_by_id": winner.user_id},
        "proxy_has_a_period": {"valid_until": one.valid_from + timedelta(days=367)},
        "proxy_ends_after_it_begins": {"valid_until": one.valid_from - timedelta(days=1)},
        "proxy_has_scope": {"scope": []},
        "proxy_letter_digest_is_one": {"letter_digest": "no"},
    }

    for name, other_than in wrong.items():
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            Proxy.objects.create(**{**fields, **other_than})
        assert violated(refused.value) == name
    with transaction.atomic():
        Proxy.objects.create(**{**fields, "recorded_by_id": recorder.user_id})
    with pytest.raises(DatabaseError), transaction.atomic():
        Proxy.objects.update(valid_until=one.valid_until + timedelta(days=1))


def guardian(owner: Player, clerk: StaffMember, **other: Any) -> GuardianRecord:
    said: dict[str, Any] = {
        "object_code": PRIZE,
        "owner": owner,
        "minor_paper": papers.of_somebody(name="赵小一", birth=papers.CHILD),
        "guardian_paper": papers.of_somebody(),
        "relation": "PARENT",
        "proof": "HOUSEHOLD",
        "proof_digest": papers.DIGEST,
        "recorded_by": clerk.user,
        "now": people.right_now(),
        **other,
    }
    with transaction.atomic(durable=True):
        return guardians.record(**said)


def test_the_papers_of_a_minor_are_put_on_file_and_nothing_more():
    """F087"""
    owner, clerk = people.player(), people.member("support")
    child = papers.of_somebody(name="赵小一", birth=papers.CHILD)
    parent = papers.of_somebody()
    assert not guardians.is_of_a_minor(PRIZE)

    made = guardian(owner, clerk, minor_paper=child, guardian_paper=parent)

    assert guardians.is_of_a_minor(PRIZE)
    assert not guardians.is_of_a_minor("prize:P2")
    made.refresh_from_db()
    assert made.minor_number.reveal() == child.number
    assert made.adult_on == papers.CHILD.replace(year=papers.CHILD.year + 18)
    assert made.guardian_paper.person == made.guardian
    (line,) = trail.read(trail.Filters(action="accounts.guardian_recorded"))
    assert child.number not in line.body
    wrong: list[tuple[dict[str, Any], type[Refused]]] = [
        ({"minor_paper": child, "guardian_paper": parent}, guardians.RecordedAlready),
        ({"minor_paper": papers.of_somebody()}, paper_kinds.NotAMinor),
        ({"guardian_paper": child}, paper_kinds.MinorWinner),
        ({"guardian_paper": papers.of(clerk.person)}, identity_papers.SeenByHimself),
        ({"relation": "UNCLE"}, guardians.RelationNotProved),
        ({"proof": "WORD"}, guardians.RelationNotProved),
        ({"proof_digest": ""}, guardians.RelationNotProved),
    ]
    for said, refusal in wrong:
        with pytest.raises(refusal):
            guardian(owner, clerk, **said)
    assert GuardianRecord.objects.count() == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        GuardianRecord.objects.update(adult_on=papers.today())


def test_the_database_knows_what_a_guardian_needs():
    """F087: whoever writes the row."""
    owner, clerk = people.player(), people.member("support")
    one = guardian(owner, clerk)
    two = guardian(owner, clerk, object_code="prize:P2")
    himself = people.member("support", id_number=one.guardian.citizen_id.reveal())
    fields = {
        field.attname: getattr(one, field.attname)
        for field in GuardianRecord._meta.concrete_fields
        if field.attname not in {"id", "code", "row_uuid"}
    } | {"minor_name": "赵小一", "minor_number": "made up", "object_code": "prize:P3"}
    wrong: dict[str, dict[str, Any]] = {
        "guardian_paper_is_his": {"guardian_paper_id": two.guardian_paper_id},
        "guardian_of_a_minor": {"adult_on": papers.today()},
        "guardian_recorded_by_another": {"recorded_by_id": himself.user_id},
        "guardian_record_once": {"object_code": PRIZE},
        "guardian_relation_known": {"relation": "UNCLE"},
        "guardian_proof_known": {"proof": "WORD"},
        "guardian_proof_digest_is_one": {"proof_digest": "no"},
    }

    for name, other_than in wrong.items():
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            GuardianRecord.objects.create(**{**fields, **other_than})
        assert violated(refused.value) == name
    with transaction.atomic():
        GuardianRecord.objects.create(**fields)
