"""A prize that was wrongly paid is taken back and reported to the police (F102).

Two people agree. What was paid out is then owed by who was paid, to the fund that pays what nobody
foresaw; what lies in his purses pays it at once, the account is limited until the rest is paid. The
prize itself stays ended: no second claim pays it again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import messages, player_states
from audit import approvals
from finance import debts, ledger, wallets
from finance.ledger import AccountKind, EntryKind, Move
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.errors import Refused
from prizes import pools
from prizes.claim_models import Claim

from . import steps
from .claim_refusals import NotAtThisStep, ReferralMissing, in_words

KIND = "prizes.claim_recovery"
TAKEN_BACK = "prizes.claim_taken_back"
ASKERS = frozenset({"compliance", "claims_officer"})

State = Claim.State


class RecoveryAsked(Refused):
    """Taking it back is under way."""

    code = "claim_recovery_asked_already"
    message = _("Taking this prize back has been asked for already. Another person decides on it.")


@door
def ask(*, code: str, reason: str, referral: str, maker: Any, now: datetime) -> approvals.Request:
    """Ask that a paid prize be taken back; `referral` is where it was reported, and its number."""
    if not reason.strip() or not referral.strip():
        raise ReferralMissing
    claim = steps.locked(code)
    steps.in_post(maker, ASKERS, now)
    if claim.state not in {State.PAID, State.ARCHIVED}:
        raise NotAtThisStep
    if any(one.payload["claim"] == code for one in approvals.under_way(KIND)):
        raise RecoveryAsked
    return approvals.request(
        kind=KIND,
        payload={
            "claim": claim.code,
            "ticket": claim.prize.ticket.code,
            "player": claim.owner.code,
            "net_fen": claim.net,
            "reason": reason.strip(),
            "referral": referral.strip(),
        },
        maker=maker,
        now=now,
        amount_fen=claim.net,
    )


@inside_transaction
def perform(*, request: approvals.Request, now: datetime) -> None:
    """What the second word performs: the debt is booked, and paid as far as the purses go."""
    asked = request.payload
    with in_words():
        claim = steps.locked(asked["claim"])
        player, draw = claim.owner, claim.prize.draw
        owed_to = debts.account_of(player)
        ledger.open_account(code=owed_to, kind=AccountKind.RECEIVABLE, is_shadow=player.is_shadow)
        ledger.post(
            reference=f"recalled:{claim.code}",
            kind=EntryKind.PRIZE,
            moves=[Move(owed_to, pools.fund_of(draw.game), claim.net)],
        )
        steps.move(
            claim,
            State.RECOVERED,
            actor=None,
            body={"reason": asked["reason"], "referral": asked["referral"]},
            approval=request.code,
        )
    player_states.limit(player_code=player.code, reason=debts.REASON, actor=None, now=now)
    messages.send(
        user=player.user,
        kind=TAKEN_BACK,
        params={
            "ticket": claim.prize.ticket.code,
            "claim": claim.code,
            "net_fen": claim.net,
            "reason": asked["reason"],
        },
        natural_key=f"{TAKEN_BACK}:{claim.code}",
        now=now,
    )
    debts.recover(
        player=player,
        reference=f"claim:{claim.code}",
        most_fen=wallets.purses(player).withdrawable_fen,
        now=now,
    )
