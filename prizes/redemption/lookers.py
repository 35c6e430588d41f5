"""Who looked at a prize before it was claimed, and stands close to who claims it (F150).

RELIABILITY 1.6, Camelot 2009: somebody who knew which prizes nobody had claimed sent a friend. So
the looks on record (the list of unclaimed prizes, desks that show some of them, records and
personal data of winners, papers of claims) are joined with the people of each claim: its winner,
his agent, a guardian. Close is who is the same person, has or had the same bank account, or came
from the same address of the network. What is found is an alarm and a case, and while the case is
open nobody approves or pays.

Phone numbers and e-mail addresses need no joining: the database lets nobody share one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import vault
from accounts.models import Consent, GuardianRecord, Person, Player, Proxy, StaffMember, User
from audit import alarms, people, trail
from finance import bank_accounts, cases
from finance.cases import OwnCase
from lottery_portal.lib import codes, dates
from lottery_portal.lib.db import door
from prizes.claim_models import Claim

from . import forfeiture, looks, minors

KIND = "prizes.looked_then_claimed"
WITHIN = timedelta(days=120)  # a look so long before the claim is joined with it
LATELY = timedelta(days=30)  # claims that moved so lately are looked at in every round
CROWD = 5  # an address that more people came from says nothing
PERSONAL, PAPERS = "accounts.personal_data_revealed", "prizes.claim_paper_opened"
HELD = "prizes.hold_paper_opened"  # a prize in dispute, by its ticket, before anybody claims it
LISTS = {forfeiture.REVEALED: "list", looks.SHOWN: "desk"}  # each names the tickets that it showed
SAME, BANK, ADDRESS = "person", "bank", "address"
WHAT: Mapping[str, Any] = {
    "list": _("the list of unclaimed prizes"),
    "record": _("a record of the winner"),
    "desk": _("a desk that shows prizes before they are claimed"),
}
HOW: Mapping[str, Any] = {
    SAME: _("the same person"),
    BANK: _("the same bank account"),
    ADDRESS: _("the same address of the network"),
}
WHO: Mapping[str, Any] = {
    "winner": _("winner"),
    "agent": _("agent"),
    "guardian": _("guardian"),
}


@dataclass(frozen=True, kw_only=True)
class Look:
    """That an account looked: at what (a list, a record, a paper), and when."""

    reader: str
    what: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Tie:
    """What ties a reader to somebody of a claim: `how` and to `whom`, both named above."""

    look: Look
    person: str
    how: str
    whom: str


def ties(claim: Claim) -> Sequence[Tie]:
    """Everybody who looked at the prize or its winner before the claim, and stands close to it."""
    seen = _looks(claim)
    if not seen:
        return []
    readers = User.objects.filter(username__in={one.reader for one in seen})
    circle = _people_of(claim)
    found = []
    for member in StaffMember.objects.filter(user__in=readers).select_related("user", "person"):
        for whom, person in circle:
            if how := _close(member, person):
                first = min(
                    (one for one in seen if one.reader == member.user.username),
                    key=lambda one: one.at,
                )
                code = str(member.person.row_uuid)
                found.append(Tie(look=first, person=code, how=how, whom=whom))
    return found


def examine(*, code: str, now: datetime) -> bool:
    """Join the looks with one claim; True where an alarm and a case are open by what was found.

    What a case said before is not said again: it was looked into by people.
    """
    claim = Claim.objects.shown().filter(code=code).first()
    if claim is None:
        return False
    known = {
        (one["person"], one["how"], one["whom"])
        for case in of(claim)
        for one in case.facts.get("ties", ())
    }
    new = [tie for tie in ties(claim) if (tie.person, tie.how, tie.whom) not in known]
    if new:
        _raise(claim, new, now)
    return bool(new)


def of(claim: Claim) -> Sequence[Any]:
    """What was found at a claim before: its cases, open ones first."""
    found = cases.about(object_type="claim", object_code=claim.code)
    return [case for case in found if case.kind == KIND]


def examine_all(*, now: datetime) -> int:
    """Join the looks with every claim that is under way or moved lately; how many were found."""
    recent = Claim.objects.filter(Q(moved_at__gte=now - LATELY) | ~Q(state__in=Claim.OVER))
    seen = recent.filter(_looked_at(since=now - WITHIN - LATELY, until=now)).order_by("pk")
    return sum(examine(code=code, now=now) for code in seen.values_list("code", flat=True))


@door
def _raise(claim: Claim, found: Sequence[Tie], now: datetime) -> None:
    about: dict[str, Any] = {"object_type": "claim", "object_code": claim.code}
    seen_at = min(tie.look.at for tie in found)
    alarms.raise_alarm(
        kind=KIND,
        facts={
            "draw": claim.prize.draw.code,
            "count": len(found),
            "looked_at": dates.written(seen_at, "full"),
        },
        now=now,
        **about,
    )
    cases.open_(
        kind=KIND,
        facts={
            "ticket": claim.prize.ticket.code,
            "amount_fen": claim.prize.amount,
            "claimed_at": claim.opened_at,
            "ties": [
                {
                    "person": tie.person,
                    "reader": tie.look.reader,
                    "what": tie.look.what,
                    "looked_at": tie.look.at,
                    "how": tie.how,
                    "whom": tie.whom,
                }
                for tie in found
            ],
        },
        now=now,
        **about,
    )


# The looks on record


def _looked_at(*, since: datetime, until: datetime) -> Q:
    """The claims of which somebody was shown the prize, or the winner: the others tie nobody."""
    tickets = {
        ticket
        for action in LISTS
        for row in trail.read(trail.Filters(since=since, until=until, action=action))
        for ticket in json.loads(row.body).get("tickets", ())
    }
    revealed, filed, held = (
        set(
            trail.read(trail.Filters(since=since, until=until, action=action)).values_list(
                "object_code", flat=True
            )
        )
        for action in (PERSONAL, PAPERS, HELD)
    )
    winners = vault.looks(since=since, until=until).values_list("winner_id", flat=True)
    owners = Claim.objects.filter(code__in=filed).values_list("owner_id", flat=True)
    return (
        Q(prize__ticket__code__in=tickets | held)
        | Q(owner__code__in=revealed)
        | Q(owner__in={*winners, *owners})
    )


def _looks(claim: Claim) -> list[Look]:
    """Who was shown the prize or its winner before the claim was opened: what, and when."""
    since, until = claim.opened_at - WITHIN, claim.opened_at
    ticket, player = claim.prize.ticket.code, claim.owner.code
    found = [
        Look(reader=look.reader.username, what="record", at=look.looked_at)
        for look in vault.looks(since=since, until=until, winners=[claim.owner_id])
    ]
    found += [
        Look(reader=row.actor, what=what, at=row.at)
        for action, what in LISTS.items()
        for row in trail.read(trail.Filters(since=since, until=until, action=action))
        if ticket in json.loads(row.body).get("tickets", ())
    ]
    earlier = Claim.objects.filter(owner=claim.owner_id).values_list("code", flat=True)
    for action, codes_ in (
        (PERSONAL, [player]),
        (PAPERS, list(earlier)),
        (HELD, [ticket]),
    ):
        rows = trail.read(trail.Filters(since=since, until=until, action=action))
        found += [
            Look(reader=row.actor, what="record", at=row.at)
            for row in rows.filter(object_code__in=codes_)
        ]
    return found


# Who stands close to whom


def _people_of(claim: Claim) -> list[tuple[str, Person]]:
    """The winner, who acted for him, and a guardian."""
    found: list[tuple[str, Person]] = []
    if claim.owner.person is not None:
        found.append(("winner", claim.owner.person))
    proxies = claim.steps.filter(number=1).values_list("body__proxy", flat=True)
    agents = Proxy.objects.filter(code__in=[code for code in proxies if code])
    found += [("agent", one.agent) for one in agents.select_related("agent")]
    records = GuardianRecord.objects.filter(object_code=minors.object_of(claim.prize))
    found += [("guardian", one.guardian) for one in records.select_related("guardian")]
    return found


def _close(member: StaffMember, person: Person) -> str:
    """What ties a member of staff to a person; empty: nothing that we know."""
    if member.person_id == person.pk:
        return SAME
    his, theirs = _players([member.person_id]), _players([person.pk])
    shared = bank_accounts.sharers([one.code for one in his])
    theirs_by_code = {one.code for one in theirs}
    if any(others & theirs_by_code for others in shared.values()):
        return BANK
    his_users = [member.user_id, *(one.user_id for one in his)]
    if _addresses(his_users) & _addresses([one.user_id for one in theirs]):
        return ADDRESS
    return ""


def _players(persons: Iterable[int]) -> list[Player]:
    return list(Player.objects.filter(person__in=persons))


def _addresses(users: Sequence[int]) -> set[bytes]:
    """From where these accounts agreed to our terms, where no crowd did."""
    seen = Consent.objects.filter(user__in=users).values("ip_digest")
    few = (
        Consent.objects.filter(ip_digest__in=seen)
        .values("ip_digest")
        .annotate(people=Count("user", distinct=True))
        .filter(people__lte=CROWD)
    )
    return {bytes(row["ip_digest"]) for row in few}


# The case


def _words(case: Any) -> list[tuple[str, str]]:
    facts = case.facts
    names = people.names_of({one["reader"] for one in facts["ties"]})
    rows = [
        (gettext("Ticket"), codes.shown(facts["ticket"])),
    ]
    for one in facts["ties"]:
        said = in_words(one, names)
        rows += [
            (gettext("Looked before it was claimed"), said["who"]),
            (gettext("At what"), said["what"]),
            (gettext("When"), said["at"]),
            (gettext("What ties him"), said["tie"]),
        ]
    return rows


def in_words(tie: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, str]:
    """A tie of a case as people read it: `who` looked, at `what`, `at`, and the `tie` itself."""
    return {
        "who": names.get(tie["reader"], tie["reader"]),
        "what": str(WHAT[tie["what"]]),
        "at": dates.written(datetime.fromisoformat(tie["looked_at"]), "full"),
        "tie": gettext("%(whom)s: %(how)s") % {"whom": WHO[tie["whom"]], "how": HOW[tie["how"]]},
    }


def _person(case: Any) -> str:
    return str(case.facts["ties"][0]["person"])


def _address(case: Any) -> str:
    return reverse("prizes:desk_claim", args=[case.object_code])


def _by_others(case: Any, actor: Any, _at: datetime) -> None:
    """None of those it is about settles it, and none who had part in the claim."""
    person = people.person_of(actor)
    if person in {one["person"] for one in case.facts["ties"]}:
        raise OwnCase
    claim = Claim.objects.select_related("owner__person").get(code=case.object_code)
    winner = claim.owner.person
    if claim.steps.filter(person=person).exists() or (winner and str(winner.row_uuid) == person):
        raise OwnCase


alarms.register(kind=KIND, title=_("Somebody close to the claim had looked at the prize before"))
cases.register(
    cases.Kind(
        name=KIND,
        title=_("Somebody close to the claim had looked at the prize before"),
        roles=frozenset({"compliance"}),
        words=_words,
        person=_person,
        address=_address,
        resolved=_by_others,
    )
)
