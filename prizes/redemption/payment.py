"""A claim is agreed to and paid: so much, less this tax, to this payee, once (F092, F097, N12).

SIGNED → APPROVED by as many further persons as the policy asks for the amount; up to a tier at an
outlet by none. Then somebody who neither checked nor approved it pays: into the balance, on to the
winner's own bank account, or in cash out of a counted desk. Money and end of the prize are one
transaction. A transfer is being paid until the bank has said what became of it; what comes back
lies in the winner's balance, he is told, and staff get a case (F096).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from accounts import messages
from audit import approvals
from finance import cases, prize_tax, prize_transfers, wallets, withdrawals
from lottery_portal.lib import codes
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import with_unit
from prizes import pools
from prizes.claim_models import Claim

from . import claims, lookers, steps
from .claim_refusals import Examined, FiguresWrong, NoCashDesk, NotAtThisStep, in_words

KIND = "prizes.claim"
PAID = "prizes.claim_paid"
TRANSFER_FAILED = "prizes.transfer_failed"
PEOPLE = "prizes.claim_approvals"
ASKERS = frozenset({"claims_clerk", "claims_officer", "outlet_operator"})
PAYERS = frozenset({"cashier", "outlet_operator"})

State, Method = Claim.State, Claim.Method


class AskedAlready(Refused):
    """The approval is under way."""

    code = "claim_asked_already"
    message = _("This payment has been asked for already. Another person decides on it.")


# Pays a prize in cash out of a desk, less the tax on it: takes what `prize_tax.pay` takes, `desk`
# instead of a target, and `actor`, who has it; answers with the withholding as `tax`.
CashDesk = Callable[..., Any]
_cash_desks: list[CashDesk] = []


def register_cash_desks(pay_out: CashDesk) -> None:
    """Make known who pays cash; there is one."""
    _cash_desks[:] = [pay_out]


def ask(*, code: str, maker: Any, now: datetime) -> Claim:
    """Ask that a signed claim be paid; where the policy asks nobody further, it is approved.

    Before, who looked at the prize is joined with who claims it: what strikes is refused as
    `Examined` until people have settled its case.
    """
    lookers.examine(code=code, now=now)
    with in_words():
        return _ask(code, maker, now)


def pay(*, code: str, actor: Any, now: datetime) -> Claim:
    """Pay an approved claim as it was signed and approved, or pay nothing.

    Once: whoever comes second finds it paid. Refuses who checked or approved it, whose prize it is,
    and who entered the result of the draw; while a hold is open nobody pays.
    """
    with in_words():
        return _pay(code, actor, now)


def payload_of(claim: Claim) -> dict[str, Any]:
    """What is signed: the claim and its prize, to the fen, to the payee."""
    return {
        "claim": claim.code,
        "prize": claim.prize_id,
        "ticket": claim.prize.ticket.code,
        "game": claim.prize.draw.game.code,
        "issue": claim.prize.draw.issue,
        "player": claim.owner.code,
        "amount_fen": claim.prize.amount,
        "tax_fen": claim.tax,
        "net_fen": claim.net,
        "method": claim.method,
        "payee": claim.payee,
    }


@inside_transaction
def perform(*, request: approvals.Request) -> None:
    """What the last word performs: the claim may be paid, in the figures that were signed."""
    with in_words():
        claim = steps.locked(request.payload["claim"])
        steps.move(
            claim,
            State.APPROVED,
            actor=None,
            body={"approval": request.code},
            approval=request.code,
        )


@door
def _ask(code: str, maker: Any, now: datetime) -> Claim:
    claim = steps.locked(code)
    steps.in_post(maker, ASKERS, now)
    if claim.state != State.SIGNED:
        raise NotAtThisStep
    if any(case.state == cases.State.OPEN for case in lookers.of(claim)):
        raise Examined
    if steps.people_needed(claim) == 0:
        return steps.move(claim, State.APPROVED, actor=maker, body={"people": 0})
    if any(one.payload["claim"] == code for one in approvals.under_way(KIND)):
        raise AskedAlready
    approvals.request(
        kind=KIND,
        payload=payload_of(claim),
        maker=maker,
        now=now,
        amount_fen=claim.prize.amount,
    )
    return claim


@door
def _pay(code: str, actor: Any, now: datetime) -> Claim:
    claim = steps.locked(code)
    steps.in_post(actor, PAYERS, now)
    if claim.state != State.APPROVED:
        raise NotAtThisStep
    reference = f"claim:{claim.code}"
    if _book(claim, reference, actor, now) != claim.tax:
        raise FiguresWrong
    body: dict[str, Any] = {"entry": reference}
    if claim.method == Method.TRANSFER:
        sent = prize_transfers.send(
            player=claim.owner,
            origin=reference,
            amount=claim.net,
            bank_account=claim.payee,
            now=now,
        )
        body["withdrawal"] = sent.code
    paid = steps.pay(claim, actor=actor, body=body)
    messages.send(
        user=claim.owner.user,
        kind=PAID,
        params={
            "ticket": claim.prize.ticket.code,
            "claim": claim.code,
            "amount_fen": claim.prize.amount,
            "tax_fen": claim.tax,
            "net_fen": claim.net,
            "method": claim.method,
        },
        natural_key=f"{PAID}:{claim.code}",
        now=now,
    )
    return paid


def _book(claim: Claim, reference: str, actor: Any, now: datetime) -> int:
    """Move the prize to the winner, or out of the desk, less its tax; what was withheld, in fen."""
    draw = claim.prize.draw
    facts: dict[str, Any] = {
        "reference": reference,
        "source": pools.unclaimed_of(draw),
        "game": draw.game.code,
        **claims.tax_facts(claim.prize),
        "now": now,
    }
    if claim.method != Method.CASH:
        target = wallets.winnings_of(claim.owner)
        return prize_tax.pay(**facts, target=target, is_shadow=draw.is_shadow).tax
    if not _cash_desks:
        raise NoCashDesk
    return int(_cash_desks[0](**facts, desk=claim.payee, actor=actor).tax.tax)


@inside_transaction
def transfer_ended(withdrawal: Any, now: datetime) -> None:
    """The bank has said what became of a prize's transfer: the claim is paid, whichever it was.

    What came back lies in the winner's balance; he has been told, and staff see to it (F096).
    """
    start, _colon, code = withdrawal.origin.partition(":")
    claim = Claim.objects.shown().filter(code=code).first() if start == "claim" else None
    if claim is None:
        return
    if claim.state == State.PAYING:
        steps.move(
            claim,
            State.PAID,
            actor=None,
            body={"withdrawal": withdrawal.code, "outcome": withdrawal.state},
        )
    if withdrawal.state != prize_transfers.State.PAID:
        cases.open_(
            kind=TRANSFER_FAILED,
            object_type="claim",
            object_code=claim.code,
            facts={
                "withdrawal": withdrawal.code,
                "outcome": withdrawal.state,
                "net_fen": claim.net,
            },
            now=now,
        )


def _case_words(case: Any) -> list[tuple[str, str]]:
    return [
        (_now("Withdrawal"), codes.shown(case.facts["withdrawal"])),
        (pgettext("of a prize", "Paid out"), with_unit(case.facts["net_fen"])),
    ]


def _case_person(case: Any) -> str:
    claim = Claim.objects.select_related("owner__person").get(code=case.object_code)
    return str(claim.owner.person.row_uuid) if claim.owner.person else ""


def _case_address(case: Any) -> str:
    return reverse("prizes:desk_claim", args=[case.object_code])


cases.register(
    cases.Kind(
        name=TRANSFER_FAILED,
        title=_("A prize came back from the bank"),
        roles=frozenset({"cashier", "treasurer", "compliance"}),
        words=_case_words,
        person=_case_person,
        address=_case_address,
    )
)
withdrawals.when_ended.append(transfer_ended)
