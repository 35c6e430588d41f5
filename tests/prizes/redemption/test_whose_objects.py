"""Every address of redemption that names an object × who asks × his own or not (F223, D19)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse  # noqa: TID251 - a type
from django.test import Client
from django.urls import resolve, reverse

from accounts import confidentiality, permission, reach, who
from accounts.models import Player, ProxyLetterEnd, PublicityChoice, User
from audit import approvals
from audit.models import ApprovalRequest, TrailRecord
from finance import payment_methods
from finance.models import TaxCertificate
from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from prizes.centre_models import Appointment, Visit, VisitStep
from prizes.claim_models import Claim, ClaimPaper, ClaimStep
from prizes.deadline_models import Extension, ExtensionLetter, Hold
from prizes.models import Prize
from prizes.redemption import claim_refusals as no
from prizes.redemption import claims, extensions, hold_papers, holds, papers
from prizes.voucher_models import VoucherPaper
from tests import make_claims as make
from tests import make_money as money
from tests import make_outlets, people
from tests.accounts import papers as cards
from tests.accounts.test_permission import TABLE, every_address
from tests.finance import tills
from tests.finance.test_payment_methods import set_figure
from tests.make_claims import Won

from . import lapsing, test_agents, test_appointments
from .hands import becomes

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

NEVER = "K7N4P2Q9R5T8W3X6"  # the code of nothing
FOUND = frozenset({200, 201, 302, 400, 409})
DESK_ROLES = frozenset(who.STAFF_ROLES) - {"outlet_operator"}
CLOSED = frozenset({404, 405})
HOUSE = Path(settings.BASE_DIR)
OBJECTS = frozenset(
    {"prize", "letter", "certificate", "cash_desk", "claim", "paper", "voucher", "hold"}
    | {"extension", "outlet", "authority", "operator", "agent_letter", "visit", "hold_paper"}
)
OF_NOBODY = frozenset({"draw", "game"})  # their pages have tests of their own
OF_ALICE = frozenset({"prizes:appointment", "prizes:appointment_file", "prizes:publicity"})
OF_CAROL = frozenset({"prizes:papers", "prizes:withdraw", "prizes:agent"})
IN_WORDS = frozenset({"prizes:desk_claim_open", "prizes:terminal_claim"})  # a typed ticket: why not
SENT: dict[str, dict[str, str]] = {
    "prizes:desk_voucher": {"part": "CENTRE"},
    "prizes:desk_claim_open": {"request_key": "01900000-0000-7000-8000-000000000001"},
}


@dataclass(frozen=True)
class Objects:
    """Bob's prize was paid in cash at the outlet. Carol claims from afar, has more time by a
    letter, named an agent, and stands at the entrance of the centre. Alice's smaller prize is
    claimed at the outlet and she asks for time; for her larger one she has an appointment, it is
    held with a paper on file, and not claimed."""

    won: Won
    small: Prize
    elsewhere: User
    named: dict[str, tuple[str, ...]]
    alices: dict[str, tuple[str, ...]]

    def client(self, role: str) -> Client:
        user = self.won.staff.get(role) or people.member(role).user
        self.won.staff[role] = people.signed(user.staff_member).user
        return people.in_english(self.won.staff[role])


@pytest.fixture
def objects(begin: Callable[[Callable[[], Objects]], Objects]) -> Objects:
    return begin(everybodys)


def everybodys() -> Objects:
    won = make.won()
    now, operator = database_time(), won.staff["outlet_operator"]
    money.open_accounts(("escrow:sandbox", "ESCROW"))
    offices = make_outlets.Desk(won.staff["compliance"], won.staff["approver1"])
    won.staff["payer"] = payer = offices.operator(won.outlet).user  # who checked does not pay
    set_figure(payment_methods.CASH_UP_TO, 30_000_00, now, scope="OUTLET")
    desk = tills.open_desk(won.staff["treasurer"], payer, now, fen=25_000_00, place=won.outlet.code)
    paid = make.approved(won, make.opened(won, won.prize(won.bob), "OUTLET"), "CASH", desk.code)
    paid = make.paid(won, paid, by="payer")
    small = Prize.objects.filter(owner=won.alice).order_by("amount").first()
    assert small is not None
    small = claims.prize_of(small.ticket.code)
    there = make.opened(won, small, "OUTLET")
    added = papers.add(
        code=there.code, kind="IDENTITY", content=b"card", media_type="image/png", actor=operator,
        now=now,
    )  # fmt: skip
    large, carols = won.prize(won.alice), won.prize(won.carol)
    make.opened(won, carols, "REMOTE", actor=won.carol.user)
    test_appointments.book(won, large, test_appointments.free_times(won, large)[-1].starts_at)
    held = lapsing.held(large, by=won.staff["claims_officer"])
    order = hold_papers.add(
        hold=held, kind="OTHER", content=b"order", media_type="image/png",
        actor=won.staff["claims_officer"], now=now,
    )  # fmt: skip
    letter, agents = _letter(won, carols), test_agents.letter_of(won, carols)
    visit = make.visited(won, carols)
    asked = lapsing.asked(small, ended_on=lapsing.today())
    other = offices.operator(offices.place(make.OUTLET_UP_TO, name="乙网点")).user
    authority = won.outlet.authorities.get()
    named = {
        "prize": (won.prize(won.bob).ticket.code,),
        "letter": (letter.extension.code,),
        "agent_letter": (carols.ticket.code, agents.code),
        "certificate": (TaxCertificate.objects.get().number,),
        "cash_desk": (desk.code,),
        "claim": (paid.code,),
        "paper": (
            paid.code,
            str(ClaimPaper.objects.get(claim=paid, kind="CONFIRMATION").row_uuid),
        ),
        "voucher": (paid.code,),
        "visit": (visit.code, "call"),
        "hold": (held.code,),
        "hold_paper": (held.code, str(order.row_uuid)),
        "extension": (asked.code,),
        "outlet": (won.outlet.code,),
        "authority": (won.outlet.code, authority.approval_code),
        "operator": (won.outlet.code, operator.username),
    }
    alices = {
        "claim": (there.code,),
        "prize": (large.ticket.code,),
        "paper": (there.code, str(added.row_uuid)),
        "hold": (held.code,),
        "hold_paper": (held.code, str(order.row_uuid)),
        "extension": (asked.code,),
    }
    assert set(named) == OBJECTS
    return Objects(won, small, other, named, alices)


def _letter(won: Won, prize: Prize) -> ExtensionLetter:
    asked = extensions.propose(
        extension=lapsing.asked(prize, ended_on=lapsing.today()), is_granted=False, until_on=None,
        reason="证明材料不足", maker=won.staff["claims_officer"], now=database_time(),
    )  # fmt: skip
    for name in ("approver1", "approver2"):
        approvals.decide(
            code=asked.code, checker=won.staff[name], approve=True, now=database_time()
        )
    return ExtensionLetter.objects.get()


def lines(found: str) -> list[tuple[str, str]]:
    """Address and word of every line that finds this, but those of nobody's objects."""
    return [
        (name, word)
        for name, line in reach.table().items()
        for word, what in line.finds.items()
        if what == found and line.object not in OF_NOBODY and not line.proof
    ]


def each(client: Client, name: str, args: tuple[str, ...]) -> Iterator[Any]:
    """What is answered to a look, and then to a deed."""
    at = reverse(name, args=args)
    yield client.get(at)
    if name.startswith("api:"):
        yield client.post(at, {}, content_type="application/json")
    else:
        yield client.post(at, SENT.get(name, {}))


def asked(client: Client, name: str, args: tuple[str, ...]) -> list[Any]:
    """What is answered to both."""
    return list(each(client, name, args))


def bare(answer: Any, args: tuple[str, ...]) -> tuple[int, str]:
    """Status and page without the code that was asked for, and what is new on every page."""
    page = people.text(answer)
    for code in args:
        page = page.replace(code, "…").replace(codes.shown(code), "…")
    return answer.status_code, re.sub(r'(nonce|value)="[^"]+"', "", page)


def never(args: tuple[str, ...]) -> tuple[str, ...]:
    """The codes of nothing, each in its form."""
    forms = {36: str(uuid7())}
    return tuple(
        "2026-999999" if "-" in one and len(one) < 20 else forms.get(len(one), NEVER)
        for one in args
    )


def counts() -> tuple[int, ...]:
    """What a deed would add to."""
    rows = (
        Claim, ClaimStep, ClaimPaper, VoucherPaper, Extension, Hold, ApprovalRequest,
        ProxyLetterEnd, PublicityChoice, Visit, VisitStep,
    )  # fmt: skip
    return (
        Appointment.objects.booked().count(),
        *(model.objects.count() for model in rows),
    )


def test_every_address_with_an_object_stands_in_the_table():
    """F223, D19: of the rooms of the table; each line is an address, and names whom the permission
    table lets come, and nobody else."""
    found = {name: resolve(address) for name, address in every_address()}
    needed = {name for name, match in found.items() if reach.is_needed(match)}

    assert needed - set(reach.table()) == set(), "no line in lottery_portal/objects.toml"
    assert set(reach.table()) - set(found) == set()
    for name, line in reach.table().items():
        for role in ("public", "player", *sorted(who.STAFF_ROLES)):
            words = {role} | ({"staff"} if role in DESK_ROLES else set())
            comes = bool(words & set(TABLE[name])) or "public" in TABLE[name]
            assert reach.is_open(name, words) or not comes, (name, role)
        for word in line.finds:
            assert word in TABLE[name] or word == "staff", (name, word)
        if line.proof:
            assert name.partition(":")[2] in (HOUSE / line.proof).read_text(encoding="utf-8"), name
        else:
            assert line.object in OBJECTS | OF_NOBODY, f"{name}: make one of it, or name its proof"


def test_without_a_line_an_address_with_an_object_is_closed(rf, settings):
    """F223, D19: to everybody, in the middleware, before any view."""
    at = "/desk/claims/C0000000000000001/"
    match = resolve(at)
    match.view_name = "prizes:new_one"
    request = rf.get(at)
    request.resolver_match, request.user = match, people.member("claims_clerk").user
    client = people.behind(request.user)
    request.session = client.session
    stands = permission.PermissionMiddleware(lambda _request: HttpResponse())
    with pytest.raises(
        permission.Undeclared, match=r"objects\.toml has no line for prizes:new_one"
    ):
        stands.process_view(request, match.func, match.args, match.kwargs)
    settings.UNDECLARED_URLS_RAISE = False
    answer = stands.process_view(request, match.func, match.args, match.kwargs)
    assert answer is not None
    assert answer.status_code == 403


def test_a_winner_finds_his_own_and_of_others_nothing(objects):
    """F223, D19: pages, papers and API: the answer to another's is that of one that never was,
    word for word, and nothing is done."""
    won = objects.won
    owners = {"prizes:claim": won.alice, **dict.fromkeys(OF_ALICE, won.alice)}
    owners |= dict.fromkeys(["letter", "agent_letter", *OF_CAROL], won.carol)
    clients = {one: people.in_english(one.user) for one in (won.alice, won.bob, won.carol)}
    strangers = {one: people.in_english(one.user) for one in clients}  # who is told of no deed
    seen = 0
    for name, word in lines("own"):
        kind = reach.table()[name].object
        owner: Player = owners.get(name) or owners.get(kind) or won.bob
        args = (won.prize(owner).ticket.code,) if kind == "prize" else objects.named[kind]
        stranger = strangers[won.bob if owner != won.bob else won.carol]
        before = counts()
        others = [bare(one, args) for one in asked(stranger, name, args)]
        nothing = [bare(one, never(args)) for one in asked(stranger, name, never(args))]
        assert others == nothing, name
        assert 404 in {status for status, _page in others} <= CLOSED, name
        assert counts() == before, name
        if len(args) > 1:  # by way of a prize of his own
            mine = (won.prize(won.alice).ticket.code, *args[1:])
            assert {one.status_code for one in asked(strangers[won.alice], name, mine)} <= CLOSED
            assert counts() == before, name
        own = next(one for one in each(clients[owner], name, args) if one.status_code != 405)
        assert own.status_code == 200 or name not in {*OF_ALICE, *OF_CAROL}, name
        assert own.status_code in FOUND, (name, own.status_code)
        seen += 1
        assert word == "player"
    assert seen >= 20


@pytest.mark.thorough
def test_an_operator_finds_what_is_in_his_hands_and_nothing_of_another_outlet(objects):
    """F085, F178, F278: cash desk and certificate answer 404 to who works elsewhere; a ticket under
    way elsewhere shows no claim and takes no deed."""
    here, there = (
        people.in_english(user) for user in (objects.won.staff["payer"], objects.elsewhere)
    )
    for name, _word in lines("hands"):
        args = objects.named[reach.table()[name].object]
        others = [bare(one, args) for one in asked(there, name, args)]
        assert others == [bare(one, never(args)) for one in asked(there, name, never(args))], name
        assert 404 in {status for status, _page in others} <= CLOSED, name
        assert asked(here, name, args)[0].status_code == 200, name
    ((name, _word),) = lines("place")
    (code,) = objects.alices["claim"]
    args, before = (objects.small.ticket.code,), counts()
    look, deed = asked(there, name, args)
    assert (look.status_code, deed.status_code) == (200, 409)
    assert codes.shown(code) not in people.text(look)
    assert asked(there, name, (NEVER,))[0].status_code == 404
    assert counts() == before
    assert "under way at another place" in people.text(look)
    assert "under way at another place" not in people.text(asked(here, name, args)[0])


@pytest.mark.thorough
def test_a_clerk_does_nothing_with_a_prize_of_his_own(objects):
    """F097, F099: whatever post he has, under whatever account: neither a step of the claim, nor
    its papers, nor a hold or more time; nor has he a word in what others ask for."""
    staff, posts = objects.won.staff, ("claims_clerk", "claims_officer", "approver1")
    mine = {post: becomes(staff[post], objects.won.alice) for post in posts}
    staff |= mine
    clients = {post: objects.client(post) for post in posts}
    deeds, tried = DEEDS | {"prizes:desk_visit_new": _at_the_entrance(objects.won)}, set()
    for name, word in lines("others"):
        assert word == "staff"
        args = objects.alices[reach.table()[name].object]
        for role in ("claims_clerk", "claims_officer"):
            if not {role, "staff"} & set(TABLE[name]):
                continue
            before = counts()
            sent = deeds.get(name) or SENT.get(name, {})
            status = clients[role].post(reverse(name, args=args), sent).status_code
            assert status == ANSWERS.get(name, 403), (name, role)
            assert counts() == before, (name, role)
            tried.add(name)
    assert len(tried) == 8
    clerk = clients["claims_clerk"]
    assert "This is your own prize" in people.text(
        clerk.get(reverse("prizes:desk_claim", args=objects.alices["claim"]))
    )
    paper = reverse("prizes:desk_claim_paper", args=objects.alices["paper"])
    assert clerk.post(paper).status_code == 403
    assert confidentiality.has_signed(mine["claims_clerk"], database_time())
    assert not TrailRecord.objects.filter(action="prizes.claim_paper_opened").exists()
    _others_ask_and_he_has_no_word(objects, mine)


DEEDS = {
    "prizes:desk_claim": {"action": "refuse", "clause": "S1", "evidence": "x", "reason": "y"},
    "prizes:desk_hold": {"decision": "(2026)粤01执保1号之二"},
    "prizes:desk_extension": {"is_granted": "no", "reason": "不予延期"},
}
ANSWERS = {
    "prizes:desk_claim": 409,  # there is no such deed on his page
    "prizes:desk_claim_open": 302,  # with the reason
}


def _at_the_entrance(won: Won) -> dict[str, str]:
    """What is typed when somebody comes with Alice and shows his id card."""
    card = cards.of_somebody()
    return {
        "place": won.centre.code, "role": "COMPANION", "kind": card.kind, "number": card.number,
        "name": card.name, "valid_until": f"{card.valid_until:%Y-%m-%d}", "issued_by": "CHN",
    }  # fmt: skip


def _others_ask_and_he_has_no_word(objects: Objects, mine: dict[str, User]) -> None:
    """By the doors, and past them by the database: migration 0026."""
    now, officer = database_time(), people.member("claims_officer").user
    held, extension = Hold.objects.get(), Extension.objects.get(letter__isnull=True)
    with pytest.raises(no.OwnClaim):
        lapsing.held(objects.small, order="2", by=mine["claims_officer"])
    with pytest.raises(no.OwnClaim):
        holds.ask_to_lift(hold=held, decision="x", maker=mine["claims_officer"], now=now)
    said: dict[str, Any] = {"is_granted": False, "until_on": None, "reason": "x", "now": now}
    with pytest.raises(no.OwnClaim):
        extensions.propose(extension=extension, maker=mine["claims_officer"], **said)
    lift = holds.ask_to_lift(hold=held, decision="x", maker=officer, now=now)
    with pytest.raises(no.OwnClaim):
        approvals.decide(code=lift.code, checker=mine["approver1"], approve=True, now=now)
    letter = extensions.propose(extension=extension, maker=officer, **said)
    approvals.decide(
        code=letter.code, checker=objects.won.staff["approver2"], approve=True, now=now
    )
    with pytest.raises(no.OwnClaim):
        approvals.decide(code=letter.code, checker=mine["approver1"], approve=True, now=now)
    assert Hold.objects.count() == 1
    assert Hold.objects.standing().exists()
    assert ExtensionLetter.objects.count() == 1


@pytest.mark.thorough
def test_every_role_with_every_object(objects):
    """F223, D19: each line × each role with objects that are there: found where the two tables name
    the role, 403 where they do not, and to who is not logged in the way to the door."""
    roles = {role: objects.client(role) for role in sorted(who.STAFF_ROLES)}
    player, nobody = people.in_english(people.player().user), Client()
    for name, line in reach.table().items():
        if line.object in OF_NOBODY or line.proof:
            continue
        args = objects.named[line.object]
        nothing: set[int] = set()
        for role, client in roles.items():
            statuses = {one.status_code for one in asked(client, name, args)}
            comes = {role, "staff"} if role in DESK_ROLES else {role}
            if not comes & set(TABLE[name]):
                assert statuses == {403}, (name, role)
            elif line.finds.get(role) == "hands":  # a desk and a paper of somebody else
                assert statuses <= CLOSED, (name, role)
            else:
                assert statuses & FOUND, (name, role, statuses)
                nothing = nothing or {one.status_code for one in asked(client, name, never(args))}
        assert not nothing or name in IN_WORDS or 404 in nothing <= CLOSED, (name, nothing)
        if "player" not in line.finds:
            assert {one.status_code for one in asked(player, name, args)} == {403}, name
        at_the_door = {one.status_code for one in asked(nobody, name, args)}
        assert at_the_door <= {302, 401}, name
