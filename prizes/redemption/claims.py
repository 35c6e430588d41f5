"""Claims up to the winner's signature: opened, checked, completed, signed (F077, F084, F085, F090).

Opened by the winner himself for the centre or from afar, or by staff for the winner who stands
there; never without the proof that the ticket is under the sealed root of its draw in its owner's
name. What it is paid, how and to whom is settled when its papers are complete, and read and signed
by the winner in exactly those figures. The payment is the business of `payment`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from accounts import identity_papers, proxies
from accounts.models import Player, Proxy
from accounts.paper_kinds import MinorWinner, Paper
from audit import alarms, policies
from finance import cases, payment_methods, prize_tax, prize_transfers
from lottery_portal.lib import dates, working_days
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import door, inside_transaction, violated
from partners import operators
from prizes.claim_models import Claim
from prizes.models import Prize
from sales import sealing
from sales.models import Ticket

from . import cash, confirmation, minors, papers, steps, withdrawal
from .claim_refusals import (
    FACTS,
    NotAtThisStep,
    NothingToClaim,
    OtherText,
    OutletMayNot,
    RequestKeyUsed,
    in_words,
)

CLERKS = frozenset({"claims_clerk", "claims_officer"})
AT_OUTLETS = frozenset({"outlet_operator"})
DUE_POLICY = "prizes.claim_due_working_days"
NOT_SEALED = "prizes.ticket_not_sealed"
FORGED = "prizes.ticket_forged"

State, Way, Method = Claim.State, Claim.Way, Claim.Method
SETTLED_WHILE = (State.CHECKED, State.COMPLETE, State.SIGNED, State.APPROVED)

alarms.register(kind=NOT_SEALED, title=_("A ticket that was claimed is not in its sealed file"))
cases.register(
    cases.Kind(
        name=NOT_SEALED,
        title=_("A ticket that was claimed is not in its sealed file"),
        roles=frozenset({"compliance", "risk"}),
    )
)
alarms.register(kind=FORGED, title=_("A ticket was shown that we did not sign"))
cases.register(
    cases.Kind(
        name=FORGED,
        title=_("A ticket was shown that we did not sign"),
        roles=frozenset({"compliance", "risk"}),
    )
)


def prize_of(ticket_code: str) -> Prize:
    """The prize of this ticket that waits for its winner, over or not, or `NothingToClaim`."""
    prize = (
        Prize.objects.select_related("ticket", "draw__game", "draw__rule", "owner__user")
        .filter(ticket__code=ticket_code, route=Prize.Route.CENTRE)
        .first()
    )
    if prize is None:
        raise NothingToClaim
    return prize


def open_(
    *,
    prize: Prize,
    way: str,
    actor: Any,
    request_key: UUID,
    now: datetime,
    claimant: Player | None = None,
    outlet: str = "",
    evidence: Mapping[str, Any] | None = None,
    proxy: Proxy | None = None,
    instead_of: str = "",
) -> Claim:
    """Open a claim of a prize that waits, once while it is under way.

    The winner opens it himself, for the centre or from afar; staff open it for the `claimant` who
    stands before them, at an outlet who works at this very one (F178). `evidence` is kept with the
    first step: how he was recognised; no personal data. Staff open it for somebody with an
    authority of the winner, `proxy`, too: one that does not cover the prize now is refused as
    `proxies.check` says, and what is claimed so is never paid in cash (F086). Repeating a
    `request_key` leads to the first claim. `instead_of` is a claim of his own that the winner takes
    back in the same transaction: both, or neither.
    """
    same = Claim.objects.shown().filter(opened_by=actor, request_key=request_key)
    if known := same.first():
        return _if_same(known, prize, way, outlet)
    if actor.is_staff:
        steps.in_post(actor, AT_OUTLETS if way == Way.OUTLET else CLERKS, now)
        if way == Way.OUTLET and _works_elsewhere(actor, outlet):
            raise OutletMayNot
    body = dict(evidence or {})
    if proxy is not None:
        _must_cover(proxy, prize, actor, now)
        body["proxy"] = proxy.code
    asked = {
        "prize": prize.pk,
        "code": new_code(),
        "way": str(way),
        "claimant": claimant.code if claimant else "",
        "outlet": outlet,
        "request_key": request_key,
        **_proof(prize.ticket),
        "body": body,
    }
    try:
        return _open(asked, actor, instead_of)
    except IntegrityError as exc:
        name = violated(exc)
        if name == "claim_once_per_request":
            return _if_same(same.get(), prize, way, outlet)
        if name == "claim_ticket_is_sealed":
            _raise_alarm(prize, now=now)
        if refusal := FACTS.get(name):
            raise refusal from exc
        raise


def check(
    *,
    code: str,
    actor: Any,
    evidence: Mapping[str, Any],
    now: datetime,
    paper: Paper | None = None,
) -> Claim:
    """Note that ticket and person were checked, by whom and how; who does so pays nobody later.

    At an outlet and at the centre the winner shows a `paper`, which must be the owner's: what does
    not match, has expired or is not listed stops the claim by its name (F084, F275), and leaves a
    line in the trail; a holder under age has the prize held, too (F087). `evidence` says what else
    was looked at, without any personal data; the number of the paper's record is put beside it.
    """
    try:
        with in_words():
            return _check(code, actor, evidence, now, paper)
    except identity_papers.OF_A_PAPER as refusal:
        claim = steps.find(code)
        if paper is not None:
            identity_papers.note_refusal(
                claim.owner, paper.kind, refusal.code, actor, f"claim:{code}"
            )
        if isinstance(refusal, MinorWinner):
            minors.seen(claim=claim, actor=actor, now=now)
        raise


def complete(*, code: str, actor: Any, method: str, payee: str = "", now: datetime) -> Claim:
    """Settle the figures: how the prize is paid, to whom, less which tax, and until when.

    Refuses with `PapersMissing`, which names them, while papers are missing; what could not be paid
    so; and with `payment_methods.MethodNotInForce` or `AboveTheCeiling` what is not paid so today.
    May be done again until it is paid; then the winner signs again, and others agree again.
    """
    with papers.named(code, papers.TO_PAY), in_words():
        return _complete(code, actor, method, payee, now)


def sign(
    *,
    code: str,
    actor: Any,
    digest: str,
    language: str,
    now: datetime,
    signature: bytes = b"",
    media_type: str = "image/png",
) -> Claim:
    """Note that the winner has read and signed the confirmation of these figures (F090).

    `digest` is that of the text he was shown in `language` (`confirmation.text_of`); text, and the
    `signature` from the pad where there is one, go into the file. Refuses with `OtherText`.
    """
    with in_words():
        return _sign(code, actor, digest, language, pad=(signature, media_type), now=now)


def tax_of(claim: Claim, *, now: datetime) -> int:
    """The tax on this prize, with all that its owner won in the draw, were it paid now."""
    return prize_tax.foresee(**tax_facts(claim.prize), now=now)


def tax_facts(prize: Prize) -> dict[str, Any]:
    """What the tax on a prize is reckoned from: person, game and draw (2024 rule)."""
    person = prize.owner.person
    won = Prize.objects.filter(draw=prize.draw_id, owner=prize.owner_id)
    return {
        "occasion": f"{prize.draw.game.code}/{prize.draw.issue}",
        "winner": str(person.row_uuid) if person else prize.owner.code,
        "prize": prize.amount,
        "together": sum(won.values_list("amount", flat=True)),
    }


def _works_elsewhere(actor: Any, outlet: str) -> bool:
    place = operators.works_at(actor)
    return place is None or place.code != outlet


def _must_cover(proxy: Proxy, prize: Prize, actor: Any, now: datetime) -> None:
    if not actor.is_staff or proxy.principal_id != prize.owner_id:
        raise proxies.ProxyOutOfScope
    proxies.check(proxy=proxy, for_what=minors.object_of(prize), at=now)


def _if_same(known: Claim, prize: Prize, way: str, outlet: str) -> Claim:
    if (known.prize_id, known.way, known.outlet_code) != (prize.pk, str(way), outlet):
        raise RequestKeyUsed
    return known


def _proof(ticket: Ticket) -> dict[str, Any]:
    """The place of the ticket in the sealed file and the way to its root; nothing leads nowhere."""
    try:
        found = sealing.proof_of(ticket)
    except (OSError, IndexError, ValueError):
        found = None
    if found is None:
        return {"serial": 0, "path": []}
    return {"serial": found.serial, "path": [step.hex() for step in found.path]}


@door
def _open(asked: Mapping[str, Any], actor: Any, instead_of: str) -> Claim:
    if instead_of:
        withdrawal.step(steps.locked(instead_of), actor=actor, other_way=asked["way"])
    return steps.open_(asked, actor=actor)


@door
def _raise_alarm(prize: Prize, *, now: datetime) -> None:
    """A claimed ticket that is not under its root is looked into by people (F085)."""
    facts = {"draw": prize.draw.code, "amount_fen": prize.amount}
    about: dict[str, Any] = {
        "object_type": "ticket", "object_code": prize.ticket.code, "facts": facts,
    }  # fmt: skip
    alarms.raise_alarm(kind=NOT_SEALED, now=now, **about)
    cases.open_(kind=NOT_SEALED, now=now, **about)


@door
def _check(
    code: str, actor: Any, evidence: Mapping[str, Any], now: datetime, paper: Paper | None
) -> Claim:
    claim = steps.locked(code)
    steps.in_post(actor, AT_OUTLETS if claim.way == Way.OUTLET else CLERKS, now)
    body = dict(evidence)
    if paper is not None:
        seen = identity_papers.record(
            owner=claim.owner, paper=paper, seen_by=actor, reference=f"claim:{code}", now=now
        )
        body |= {"paper": seen.code, "paper_kind": seen.kind}
    return steps.move(claim, State.CHECKED, actor=actor, body=body)


@door
def _complete(code: str, actor: Any, method: str, payee: str, now: datetime) -> Claim:
    claim = steps.locked(code)
    if actor.is_staff:
        steps.in_post(actor, AT_OUTLETS if claim.way == Way.OUTLET else CLERKS, now)
    return settle(claim, actor=actor, method=method, payee=payee, now=now)


@inside_transaction
def settle(claim: Claim, *, actor: Any, method: str, payee: str, now: datetime) -> Claim:
    """Settle the figures of a locked claim, and the day by which it is paid (F095)."""
    if claim.state not in SETTLED_WHILE:
        raise NotAtThisStep
    tax = tax_of(claim, now=now)
    net = claim.prize.amount - tax
    if method == Method.TRANSFER:
        prize_transfers.check(player=claim.owner, amount=net, bank_account=payee, now=now)
    elif method == Method.CASH and claim.way != Way.REMOTE:
        cash.check(claim, payee)
        _must_be_possible(claim, method, now)
    elif method == Method.WALLET:
        _must_be_possible(claim, method, now)
    return steps.move(
        claim,
        State.COMPLETE,
        actor=actor,
        figures={
            "method": method,
            "payee": payee,
            "tax": tax,
            "net": net,
            "due_on": working_days.after(
                dates.in_shanghai(now).date(), int(policies.read(DUE_POLICY, at=now))
            ),
        },
        body={"method": method, "payee": payee, "tax_fen": tax, "net_fen": net},
    )


def _must_be_possible(claim: Claim, method: str, now: datetime) -> None:
    """Below the ceilings of the place, by a way that is in force; transfers ask for themselves."""
    kind = "" if claim.way == Way.REMOTE else claim.way
    payment_methods.must_be_possible(method, claim.prize.amount, place_kind=kind, now=now)


@door
def _sign(
    code: str,
    actor: Any,
    digest: str,
    language: str,
    *,
    pad: tuple[bytes, str],
    now: datetime,
) -> Claim:
    signature, media_type = pad
    claim = steps.locked(code)
    if actor.is_staff:
        steps.in_post(actor, AT_OUTLETS if claim.way == Way.OUTLET else CLERKS, now)
    text = confirmation.text_of(claim, language)
    if confirmation.digest_of(text) != digest:
        raise OtherText
    body = {"confirmation": digest, "language": language, "version": confirmation.VERSION}
    if signature:
        body["signature"] = hashlib.sha256(signature).hexdigest()
    signed = steps.move(claim, State.SIGNED, actor=actor, body=body)
    papers.keep(signed, papers.CONFIRMATION, text.encode(), "text/plain", actor=actor, now=now)
    if signature:
        papers.keep(signed, papers.SIGNATURE, signature, media_type, actor=actor, now=now)
    return signed
