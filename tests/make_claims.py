"""Prizes that wait for their winners, and claims of them, through the doors.

A draw of the drill is settled and then counts as real by the owner's hand, as `test_owed` does: so
its winners have persons, bank accounts and books like anybody's. `won` is a state to begin with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts import legal_texts
from accounts.models import Player, User
from accounts.paper_kinds import Paper
from audit import approvals, policies
from games.models import Draw
from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from partners.models import Outlet
from prizes.centre_models import Visit
from prizes.claim_models import Claim, ClaimStep
from prizes.models import Prize
from prizes.redemption import claims, confirmation, papers, payment, queue, visits
from prizes.settlement import WALLET_POLICY
from sales import sealing
from sales.models import Ticket

from . import make, make_draws, make_outlets, people
from .accounts.papers import of as card
from .owner import as_owner, guards_up

SHADOWS = (
    "accounts_player", "games_draw", "finance_account", "finance_entry", "finance_transfer",
    "finance_turnover", "finance_dayflow",
)  # fmt: skip
POSTS = ("claims_clerk", "claims_officer", "outlet_operator", "cashier", "treasurer", "compliance")
OUTLET_UP_TO = 100_000_00  # its authority; above the figure of outlets
ANY_PRIZE = 1_000_000_000_00
CENTRE = {"kind": "CENTRE", "name": "兑奖中心", "hours_text": "1-7 00:00-23:30"}
FIRST, THIRD = make.SELECTION, make.single(1, 2, 3, 4, 5, 30, blue=7)


@dataclass(frozen=True)
class Won:
    """Alice won the first prize and 3,000 yuan beside it, Bob 30,000, Carol 3,000 and 5 yuan.

    All wait for their winners but the five yuan; the draw is published. The operator works at the
    outlet, which has authority, as has the centre, open every day round the clock.
    """

    draw: Draw
    alice: Player
    bob: Player
    carol: Player
    staff: dict[str, User]
    outlet: Outlet
    centre: Outlet

    def prize(self, player: Player) -> Prize:
        """The largest prize of a player."""
        found = Prize.objects.filter(owner=player).order_by("-amount").first()
        assert found is not None
        return claims.prize_of(found.ticket.code)


def won() -> Won:
    """The draw of `Won`, settled and published, and the staff who work on its claims."""
    return counting_as_real(settled())


def settled(further: int = 0) -> Won:
    """The same while it is a drill still; Carol won 3,000 yuan so many times more."""
    now = database_time()
    with transaction.atomic():
        policies.set_genesis(
            key=WALLET_POLICY, scope=make.DRILL, value=100_00, reason="Tests", now=now
        )
    alice, bob, carol = (make.shadow_player(wallet=100_00) for _one in range(3))
    draw = make.shadow_draw()
    for player, selections in (
        (alice, [FIRST]),
        (alice, [THIRD]),
        (bob, [make.single(1, 2, 3, 4, 5, 30, blue=7, multiplier=10)]),
        (carol, [THIRD]),
        (carol, [make.single(20, 21, 22, 23, 24, 25, blue=7)]),
        *[(carol, [THIRD])] * further,
    ):
        make.purchase(player, draw, selections, channel="drill")
    draw = make_draws.settled(make_draws.drawn(make_draws.sealed(draw)))
    staff = {post: people.member(post).user for post in POSTS}
    staff |= {f"approver{number}": people.member("approver").user for number in (1, 2)}
    desk = make_outlets.Desk(staff["compliance"], staff["approver1"])
    outlet = desk.place(OUTLET_UP_TO)
    desk.works_at(outlet, staff["outlet_operator"])
    centre = desk.place(ANY_PRIZE, **CENTRE)
    return Won(draw, alice, bob, carol, staff, outlet, centre)


def counting_as_real(made: Won) -> Won:
    """The owner's hand makes real books of it, and verified persons of the players."""
    with as_owner() as hand:
        for table in SHADOWS:
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            also = ", verified_at = NULL" if table == "accounts_player" else ""
            hand.execute(f"UPDATE {table} SET is_shadow = false{also} WHERE is_shadow")  # noqa: S608 - our own names
        hand.execute("UPDATE finance_account SET opened_at = opened_at - interval '1 day'")
        guards_up(hand)
    for player in (made.alice, made.bob, made.carol):
        embody(player)
    alice, bob, carol = (
        Player.objects.get(pk=one.pk) for one in (made.alice, made.bob, made.carol)
    )
    draw = Draw.objects.select_related("game", "rule").get(pk=made.draw.pk)
    return Won(draw, alice, bob, carol, made.staff, made.outlet, made.centre)


def embody(player: Player) -> None:
    """Give a player the person of somebody who registered for it."""
    other = people.player()
    person = other.person
    assert person is not None
    with as_owner() as hand:
        hand.execute("ALTER TABLE accounts_player DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE accounts_player SET person_id = NULL, verified_at = NULL WHERE id = %s",
            [other.pk],
        )
        hand.execute(
            "UPDATE accounts_player SET person_id = %s, verified_at = now() WHERE id = %s",
            [person.pk, player.pk],
        )
        hand.execute("UPDATE accounts_user SET is_active = true WHERE id = %s", [player.user_id])
        guards_up(hand)
    legal_texts.accept(player.user, people.latest(), now=database_time(), ip="192.0.2.1")


def proof(ticket: Ticket) -> dict[str, Any]:
    """Serial and path of a ticket, as the database wants them."""
    found = sealing.proof_of(ticket)
    assert found is not None
    return {"serial": found.serial, "path": [step.hex() for step in found.path]}


def opened(made: Won, prize: Prize, way: str = "CENTRE", **changes: Any) -> Claim:
    """A claim that staff opened for the winner before them."""
    by = "outlet_operator" if way == "OUTLET" else "claims_clerk"
    fields: dict[str, Any] = {
        "prize": prize,
        "way": way,
        "actor": made.staff[by],
        "request_key": uuid7(),
        "now": database_time(),
        "claimant": prize.owner,
        "outlet": made.outlet.code if way == "OUTLET" else "",
        **changes,
    }
    return claims.open_(**fields)


def visited(made: Won, prize: Prize, **changes: Any) -> Visit:
    """Its winner at the entrance of the centre, registered; who is there already, is not again."""
    if (here := visits.present(prize)) is not None and not changes:
        return here
    fields: dict[str, Any] = {
        "prize": prize,
        "place": made.centre,
        "role": Visit.Role.WINNER,
        "paper": card(prize.owner),
        "actor": made.staff["claims_officer"],
        "now": database_time(),
        **changes,
    }
    return visits.register(**fields)


def checked(made: Won, claim: Claim, *, by: str = "") -> Claim:
    """Ticket and person looked at; the identity paper put into the file."""
    if claim.way == "CENTRE":
        visited(made, claim.prize)
    actor = made.staff[by or ("outlet_operator" if claim.way == "OUTLET" else "claims_clerk")]
    now = database_time()
    wanted = papers.missing(claim, papers.TO_PAY)
    for kind in wanted:
        papers.add(
            code=claim.code,
            kind=kind,
            content=f"{kind} of {claim.code}".encode(),
            media_type="image/png",
            actor=actor,
            now=now,
        )
    return claims.check(
        code=claim.code, actor=actor, evidence={"matches": True}, now=now, paper=paper_of(claim)
    )


def paper_of(claim: Claim, **other: Any) -> Paper | None:
    """The id card of the winner, for who stands there; `other` is read otherwise."""
    return None if claim.way == "REMOTE" else card(claim.owner, **other)


def completed(made: Won, claim: Claim, method: str = "WALLET", payee: str = "") -> Claim:
    """The figures settled."""
    by = "outlet_operator" if claim.way == "OUTLET" else "claims_clerk"
    return claims.complete(
        code=claim.code, actor=made.staff[by], method=method, payee=payee, now=database_time()
    )


def signed(claim: Claim) -> Claim:
    """Read and signed by the winner himself."""
    text = confirmation.text_of(claim, "zh-hans")
    return claims.sign(
        code=claim.code,
        actor=claim.owner.user,
        digest=confirmation.digest_of(text),
        language="zh-hans",
        now=database_time(),
        signature=b"\x89PNG strokes",
    )


def ready_to_ask(made: Won, claim: Claim, method: str = "WALLET", payee: str = "") -> Claim:
    """From opened to signed."""
    return signed(completed(made, checked(made, claim), method, payee))


def asked(made: Won, claim: Claim) -> Claim:
    """The approval asked for by who opened it."""
    by = "outlet_operator" if claim.way == "OUTLET" else "claims_officer"
    return payment.ask(code=claim.code, maker=made.staff[by], now=database_time())


def next_of(claim: Claim) -> queue.Next:
    """What the claim waits for; it does wait for something."""
    step = queue.next_step(claim)
    assert step is not None
    return step


def last_of(claim: Claim) -> ClaimStep:
    """The last step of the claim."""
    step = claim.steps.order_by("-number").first()
    assert step is not None
    return step


def request_of(claim: Claim, kind: str = payment.KIND) -> approvals.Request:
    """The request about a claim that is open."""
    return next(one for one in approvals.under_way(kind) if one.payload["claim"] == claim.code)


def decided(made: Won, claim: Claim, *by: str, kind: str = payment.KIND) -> Claim:
    """The words of these members of staff."""
    code = request_of(claim, kind).code
    for name in by:
        approvals.decide(code=code, checker=made.staff[name], approve=True, now=database_time())
    return Claim.objects.get(pk=claim.pk)


def approved(made: Won, claim: Claim, method: str = "WALLET", payee: str = "") -> Claim:
    """From opened to approved, by as many as its amount asks for."""
    found = asked(made, ready_to_ask(made, claim, method, payee))
    if found.state == Claim.State.APPROVED:
        return found
    needed = request_of(found).needed
    return decided(made, found, *[f"approver{number}" for number in range(1, needed + 1)])


def paid(made: Won, claim: Claim, *, by: str = "cashier") -> Claim:
    """Paid by the cashier."""
    return payment.pay(code=claim.code, actor=made.staff[by], now=database_time())
