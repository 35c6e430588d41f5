"""A claim as staff read it: its steps with who and when, what it is paid, what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import policies
from finance import bank_accounts, prize_tax
from finance.bank_accounts import BankAccountUnknown
from lottery_portal.lib import codes
from prizes.claim_models import Claim, ClaimStep

from . import cash, claims

State, Method = Claim.State, Claim.Method
COURSE = (
    State.OPENED, State.CHECKED, State.COMPLETE, State.SIGNED, State.APPROVED, State.PAYING,
    State.PAID, State.ARCHIVED,
)  # fmt: skip
TONES: Mapping[str, str] = {
    State.OPENED: "waiting",
    State.CHECKED: "waiting",
    State.COMPLETE: "waiting",
    State.SIGNED: "attention",
    State.APPROVED: "attention",
    State.PAYING: "waiting",
    State.PAID: "done",
    State.ARCHIVED: "draft",
    State.REFUSED: "wrong",
    State.RECOVERED: "wrong",
    State.WITHDRAWN: "draft",
}
MEANING: Mapping[str, Any] = {
    State.OPENED: gettext_lazy("Nothing is paid before ticket and identity are checked."),
    State.CHECKED: gettext_lazy("Nothing is paid before the papers are there and the way is set."),
    State.COMPLETE: gettext_lazy("Nothing is paid before the winner has signed these figures."),
    State.SIGNED: gettext_lazy("Nothing is paid before others have agreed. Figures stand."),
    State.APPROVED: gettext_lazy("A person who neither checked nor approved it pays, once."),
    State.PAYING: gettext_lazy("The money is on its way. Nobody pays it again."),
    State.PAID: gettext_lazy("The prize is over. What remains is the file."),
    State.ARCHIVED: gettext_lazy("The file is closed. Nothing is added to it."),
    State.REFUSED: gettext_lazy("Nothing is paid. The winner may object once."),
    State.RECOVERED: gettext_lazy("What was paid out is owed. The prize is not paid again."),
    State.WITHDRAWN: gettext_lazy("The winner took it back himself. Nothing is paid by it."),
}
_SAID = ("withdrawn", "clause", "reason", "objection", "upheld", "dismissed", "referral")


def steps_of(claim: Claim) -> Sequence[ClaimStep]:
    """The steps of a claim in their order, with who took them."""
    return list(claim.steps.select_related("actor__staff_member").order_by("number"))


def course(claim: Claim, taken: Sequence[ClaimStep]) -> list[dict[str, Any]]:
    """The eight steps of a claim lying flat: done, now, to come; a refusal halts it."""
    when = {step.to_state: step.at for step in taken}
    stopped = claim.state in Claim.STANDS_NOT
    found: list[dict[str, Any]] = []
    for state in COURSE:
        at = when.get(state)
        is_ahead = not stopped and COURSE.index(state) > COURSE.index(State(claim.state))
        if is_ahead:
            found.append({"title": state.label, "state": "todo"})
        elif at is not None:
            found.append({"title": state.label, "state": "done", "at": at})
    if stopped:
        at = when[claim.state]
        found.append({"title": claim.get_state_display(), "state": "halted", "at": at})
    elif first := next((one for one in found if one["state"] == "todo"), None):
        first["state"] = "now"
    return found


def log(claim: Claim, taken: Sequence[ClaimStep]) -> list[dict[str, Any]]:
    """What happened: when, who, what, in whose words, and the digest of the evidence."""
    return [
        {
            "at": step.at,
            "who": _who(claim, step),
            "what": _what(step),
            "text": " ".join(str(step.body[key]) for key in _SAID if step.body.get(key)),
            "digest": step.digest,
        }
        for step in reversed(taken)
    ]


def figures(claim: Claim, *, now: datetime) -> dict[str, Any]:
    """Prize, what it is taxed together with, tax, what is paid out, how, and to whom (masked)."""
    facts = claims.tax_facts(claim.prize)
    is_settled = bool(claim.method)
    tax = claim.tax if is_settled else claims.tax_of(claim, now=now)
    return {
        "amount_fen": claim.prize.amount,
        "together_fen": facts["together"],
        "exempt_fen": int(policies.read(prize_tax.EXEMPT, at=now)),
        "tax_fen": tax,
        "net_fen": claim.prize.amount - tax,
        "method": claim.get_method_display() if is_settled else "",
        "payee": payee(claim),
        "is_settled": is_settled,
    }


def payee(claim: Claim) -> str:
    """To whom it is paid, as pages may show it: never a whole number."""
    if claim.method != Method.TRANSFER:
        return codes.shown(claim.payee) if claim.payee else ""
    try:
        return bank_accounts.shown(bank_accounts.find(claim.owner, claim.payee))
    except BankAccountUnknown:
        return _("A bank account that was removed")


def ways_to_pay(claim: Claim) -> list[tuple[str, Any]]:
    """How this prize can be paid here: to the balance, in cash, from the centre to his banks."""
    found: list[tuple[str, Any]] = [
        (str(Method.WALLET), Method.WALLET.label),
        *(
            (
                f"{Method.CASH}:{code}",
                _("%(name)s: %(text)s") % {"name": Method.CASH.label, "text": name},
            )
            for code, name in cash.desks(claim)
        ),
    ]
    if claim.way != Claim.Way.OUTLET:
        found += [
            (
                f"{Method.TRANSFER}:{one.code}",
                _("%(name)s: %(text)s")
                % {"name": Method.TRANSFER.label, "text": bank_accounts.shown(one)},
            )
            for one in bank_accounts.of(claim.owner)
        ]
    return found


def _who(claim: Claim, step: ClaimStep) -> str:
    if step.actor is None:
        return _("By approval") if "approval" in step.body else _("The bank")
    if step.actor_id == claim.owner.user_id:
        return _("The winner")
    member = getattr(step.actor, "staff_member", None)
    return member.display_name if member else step.actor.username


def _what(step: ClaimStep) -> str:
    if step.from_state == State.REFUSED:
        if step.body.get("objection"):
            return _("The winner objects")
        if step.body.get("dismissed"):
            return _("Objection dismissed")
        return _("Objection upheld")
    return str(State(step.to_state).label)
