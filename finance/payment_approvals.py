"""Payments to others that need other eyes: payees, orders, orders dropped (F120, F265)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import approvals, policies
from lottery_portal.lib import codes
from lottery_portal.lib.money import yuan

from . import account_words, covers, issuer_money, payees, payment_orders, reserves
from .models import AccountKind, Payee, PaymentOrder, Purpose

PEOPLE = "payment.people"


def _people(payload: Mapping[str, Any], at: datetime) -> int:
    return policies.people_for(payload["amount_fen"], key=PEOPLE, at=at)


def _listed(request: approvals.Request, now: datetime) -> None:
    payees.enlist(code=request.payload["payee"], approval_code=request.code, now=now)


def _not_listed(request: approvals.Request, reason: str, now: datetime) -> None:
    payees.refuse(code=request.payload["payee"], reason=reason, now=now)


def _amount(fen: int) -> str:
    return _now("%(amount)s yuan") % {"amount": yuan(fen)}


def _number(payload: Mapping[str, Any]) -> str:
    """The account number in full: who signs compares every digit with the paper."""
    payee = Payee.objects.filter(code=payload["payee"]).first()
    return payee.number.reveal() if payee else f"…{payload['last_digits']}"


def _payee_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (_now("Paid for what"), str(Purpose(payload["purpose"]).label)),
        (_now("Game, partner or institution"), payload["party"] or _now("All")),
        (_now("Name of the payee"), payload["name"]),
        (_now("Bank"), payload["bank_name"]),
        (_now("Account number"), _number(payload)),
    ]


approvals.register(
    approvals.Kind(
        name=payees.KIND,
        title=_("List a payee"),
        maker_roles=frozenset({"treasurer"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_listed,
        dropped=_not_listed,
        lifetime=timedelta(days=7),
        statements=(
            _("Name, bank and every digit of the number are those of the official paper."),
            _("The payee is entitled to what is paid for this purpose."),
        ),
        words=_payee_words,
        consequence=_("After signing, payment orders may name this payee."),
    )
)


def _approved(request: approvals.Request, now: datetime) -> None:
    payment_orders.approve(code=request.payload["order"], approval_code=request.code, now=now)


def _order_refused(request: approvals.Request, reason: str, now: datetime) -> None:
    payment_orders.refused(code=request.payload["order"], reason=reason, now=now)


def _from_to(source: str, target: str) -> str:
    both = {"source": account_words.named(source), "target": account_words.named(target)}
    return _now("From %(source)s to %(target)s") % both


def _order_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [
        (_now("Payment order"), codes.shown(payload["order"])),
        (_now("Paid for what"), str(Purpose(payload["purpose"]).label)),
        (_now("Name of the payee"), payload["name"]),
        (_now("Bank account"), payload["bank"]),
        (_now("Paid out of"), account_words.named(payload["escrow"])),
        (_now("Amount"), _amount(payload["amount_fen"])),
    ]
    rows += [(_from_to(source, target), _amount(fen)) for source, target, fen in payload["moves"]]
    return rows + [
        (_now("Due of %(subject)s") % {"subject": subject}, _amount(fen))
        for _code, subject, fen in payload["dues"]
    ]


approvals.register(
    approvals.Kind(
        name=payment_orders.KIND,
        title=_("Pay what is due"),
        maker_roles=frozenset({"treasurer"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=_people,
        perform=_approved,
        dropped=_order_refused,
        lifetime=timedelta(days=7),
        statements=(
            _("The sum is that of the dues named here, and the payee is the right one."),
            _("The escrow account holds enough for it."),
        ),
        words=_order_words,
        consequence=_("After signing, the order goes to the bank."),
    )
)


def _reserved(request: approvals.Request, _now: datetime) -> None:
    reserves.book(request=request)


def _reserve_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (_now("Reserve fund"), str(AccountKind(payload["reserve"]).label)),
        (_now("Game"), account_words.game(payload["game"])),
        *((_from_to(source, target), _amount(fen)) for source, target, fen in payload["moves"]),
        (_now("Reason"), payload["reason"]),
    ]


approvals.register(
    approvals.Kind(
        name=reserves.KIND,
        title=_("Change a reserve"),
        maker_roles=frozenset({"treasurer"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_reserved,
        lifetime=timedelta(days=7),
        statements=(_("The reserve is for what the rules name, and the sum is right."),),
        words=_reserve_words,
        consequence=_("After signing, it is in the books, and the escrow account must cover it."),
    )
)


def _issuer_paid(request: approvals.Request, _now: datetime) -> None:
    issuer_money.book(request=request)


def _issuer_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    ((escrow, _account, fen),) = payload["moves"]
    return [
        (_now("Game"), account_words.game(payload["game"])),
        (_now("Amount"), _amount(fen)),
        (_now("Received on"), account_words.named(escrow)),
        (_now("Number given by the bank"), payload["bank_reference"]),
    ]


approvals.register(
    approvals.Kind(
        name=issuer_money.KIND,
        title=_("Book prize money received from an issuer"),
        maker_roles=frozenset({"treasurer", "cashier"}),
        checker_roles=frozenset({"approver", "treasurer"}),
        needed=approvals.one_more,
        perform=_issuer_paid,
        lifetime=timedelta(days=7),
        statements=(_("I have seen this payment on the statement of the bank."),),
        words=_issuer_words,
        consequence=_("After signing, it is in the books and covers the prizes of winners."),
    )
)


def _cover_approved(request: approvals.Request, now: datetime) -> None:
    covers.approve(code=request.payload["cover"], approval_code=request.code, now=now)


def _cover_refused(request: approvals.Request, reason: str, now: datetime) -> None:
    covers.refused(code=request.payload["cover"], reason=reason, now=now)


def _cover_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    ((escrow, own_bank, fen),) = payload["moves"]
    (into,), (out_of,) = account_words.choices([escrow]), account_words.choices([own_bank])
    return [
        (_now("Paid into"), into[1]),
        (_now("Out of the operator's own account"), out_of[1]),
        (_now("Amount"), _amount(fen)),
        (_now("Reason"), payload["reason"]),
    ]


approvals.register(
    approvals.Kind(
        name=covers.KIND,
        title=_("Pay own money into escrow"),
        maker_roles=frozenset({"treasurer"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=_people,
        perform=_cover_approved,
        dropped=_cover_refused,
        lifetime=timedelta(days=7),
        statements=(
            _("What is missing in escrow is this sum, and the reason says why."),
            _("The own account holds enough for it."),
        ),
        words=_cover_words,
        consequence=_("After signing, the treasurer has the bank pay it, and it stays in escrow."),
    )
)


def _dropped(request: approvals.Request, now: datetime) -> None:
    payment_orders.drop(
        code=request.payload["order"],
        reason=request.payload["reason"],
        approval_code=request.code,
        now=now,
    )


def _drop_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    order = PaymentOrder.objects.select_related("payee").get(code=payload["order"])
    return [
        (_now("Payment order"), codes.shown(order.code)),
        (_now("Name of the payee"), order.payee.name),
        (_now("Amount"), _amount(order.amount)),
        (_now("Reason"), payload["reason"]),
    ]


approvals.register(
    approvals.Kind(
        name=payment_orders.DROP_KIND,
        title=_("Drop an approved payment order"),
        maker_roles=frozenset({"treasurer"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_dropped,
        lifetime=timedelta(days=2),
        statements=(
            _("The bank did not pay this order, and will not: its statement shows it."),
            _("The reason says why it is not paid."),
        ),
        words=_drop_words,
        consequence=_("After signing, its dues are open again and can be ordered anew."),
    )
)
