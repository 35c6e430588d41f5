"""What in this room needs other eyes: money that leaves above the automatic tier (F109)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import approvals, policies
from lottery_portal.lib import codes, dates
from lottery_portal.lib.money import with_unit, yuan

from . import (
    adjustments,
    cash_approvals,  # noqa: F401 - registered by being imported
    channels,
    payment_approvals,  # noqa: F401 - as above
    payout_approvals,  # noqa: F401 - as above
    payouts,
    periods,
    refunds,
    withdrawal_limits,
    withdrawals,
    years,
)
from .models import HouseBank, Provider
from .recon import house_banks


def _needed(payload: Mapping[str, Any], at: datetime) -> int:
    """How many people must agree, by the amount (F109, F120)."""
    return max(withdrawal_limits.people(payload["amount_fen"], now=at), 1)


def _perform(request: approvals.Request, now: datetime) -> None:
    withdrawals.approve(code=request.payload["withdrawal"], approval_code=request.code, now=now)


def _dropped(request: approvals.Request, reason: str, now: datetime) -> None:
    withdrawals.drop(
        code=request.payload["withdrawal"],
        approval_code=request.code,
        is_refused=request.state == "REFUSED",
        reason=reason,
        now=now,
    )


def _words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (_now("Withdrawal"), codes.shown(payload["withdrawal"])),
        (_now("Player"), codes.shown(payload["player"])),
        (_now("Amount"), with_unit(payload["amount_fen"])),
        (_now("Bank account"), payload["bank"]),
        (_now("Holder of the bank account"), payload.get("holder") or "—"),
        (_now("Verified name of the player"), payload.get("player_name") or "—"),
    ]


approvals.register(
    approvals.Kind(
        name=withdrawals.KIND,
        title=_("Pay out a withdrawal"),
        maker_roles=frozenset({"cashier"}),
        checker_roles=frozenset({"approver", "treasurer"}),
        needed=_needed,
        perform=_perform,
        dropped=_dropped,
        lifetime=timedelta(days=2),
        statements=(
            _("Amount and bank account are those the player asked for."),
            _("The bank account is in the player's own name."),
        ),
        words=_words,
        consequence=_("After signing, the money goes to the bank and cannot be called back."),
    )
)


def _adjusted(request: approvals.Request, now: datetime) -> None:
    adjustments.book(code=request.payload["adjustment"], now=now)


def _eyes(payload: Mapping[str, Any], at: datetime) -> int:
    amount = sum(fen for _source, _target, fen in payload["moves"])
    return policies.people_for(amount, key="adjustment.people", at=at)


def _moves(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (
            _now("From %(source)s to %(target)s") % {"source": source, "target": target},
            with_unit(fen),
        )
        for source, target, fen in payload["moves"]
    ]


def _adjustment_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = _moves(payload)
    rows += [
        (_now("Balance of %(account)s before") % {"account": account}, with_unit(fen))
        for account, fen in sorted(payload["before"].items())
    ]
    if payload["reversal_of"]:
        rows.append((_now("Reversal of"), payload["reversal_of"]))
    if payload["booked_on"]:
        rows.append((_now("Booked on"), payload["booked_on"]))
    return [*rows, (_now("Reason"), payload["reason"])]


approvals.register(
    approvals.Kind(
        name=adjustments.KIND,
        title=_("Correct the books"),
        maker_roles=frozenset({"treasurer", "cashier"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=_eyes,
        perform=_adjusted,
        lifetime=timedelta(days=7),
        statements=(
            _("Accounts and amounts are those that the evidence shows."),
            _("The reason says what went wrong, and how it was found."),
        ),
        words=_adjustment_words,
        consequence=_("After signing, this is in the books for good; only a reversal undoes it."),
    )
)


def _closed(request: approvals.Request, now: datetime) -> None:
    periods.close(code=request.payload["period"], approval_code=request.code, now=now)


def _period_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(_now("Period"), payload["period"])]


approvals.register(
    approvals.Kind(
        name=periods.KIND,
        title=_("Close a period of the books"),
        maker_roles=frozenset({"treasurer"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_closed,
        lifetime=timedelta(days=7),
        statements=(
            _("The books and the bank statements of this period agree."),
            _("All differences of this period are explained."),
        ),
        words=_period_words,
        consequence=_("After signing, nothing is booked into this period any more."),
    )
)


def _entered(request: approvals.Request, now: datetime) -> None:
    channels.enter(fields=request.payload["provider"], approval_code=request.code, now=now)


def _provider_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    entry = payload["provider"]
    uses = [str(Provider.Use(one).label) for one in entry["accepts"]]
    fee = {
        "percent": f"{entry['fee_points'] / 100:.2f}",
        "least": yuan(entry["fee_least"]),
        "most": yuan(entry["fee_most"]) if entry["fee_most"] else "—",
    }
    return [
        (_now("Provider"), entry["code"]),
        (_now("Institution"), entry["institution"]),
        (_now("Licence number"), entry["licence_number"]),
        (_now("Licence valid until"), entry["licence_until"]),
        (_now("Contract valid until"), entry["contract_until"]),
        (_now("Next review"), entry["review_on"]),
        (_now("Used for"), ", ".join(uses) or "—"),
        (_now("Place in the order"), str(entry["rank"])),
        (_now("Fee"), _now("%(percent)s %%, at least %(least)s, at most %(most)s yuan") % fee),
        (_now("Who pays the fee"), str(Provider.Bearer(entry["fee_borne_by"]).label)),
        (_now("Switched on"), _now("Yes") if entry["is_on"] else _now("No")),
    ]


approvals.register(
    approvals.Kind(
        name=channels.KIND,
        title=_("Change the register of payment institutions"),
        maker_roles=frozenset({"treasurer"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_entered,
        lifetime=timedelta(days=7),
        statements=(
            _("Licence and contract were seen, and their dates are these."),
            _("The fee is the one in the contract."),
        ),
        words=_provider_words,
        consequence=_("After signing, players pay through this institution as it says here."),
    )
)


def _returned(request: approvals.Request, now: datetime) -> None:
    refunds.carry_out(code=request.payload["plan"], actor=None, now=now)


def _return_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    head = [
        (_now("Number of deposits"), str(len(payload["rows"]))),
        (_now("Sum"), with_unit(payload["sum_fen"])),
        (_now("Reason"), payload["reason"]),
    ]
    rows = [(codes.shown(code), with_unit(fen)) for code, fen in payload["rows"]]
    return head + rows


approvals.register(
    approvals.Kind(
        name=refunds.KIND,
        title=_("Send deposits back to their source"),
        maker_roles=frozenset({"treasurer"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_returned,
        lifetime=timedelta(days=2),
        statements=(
            _("Deposits and amounts are those of the dry run."),
            _("The reason applies to every one of them."),
        ),
        words=_return_words,
        consequence=_("After signing, the money leaves the balances and goes to its source."),
    )
)


def _bank_registered(request: approvals.Request, now: datetime) -> None:
    house_banks.register(payload=request.payload, approval_code=request.code, now=now)


def _house_bank_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (_now("Purpose"), str(HouseBank.Purpose(payload["purpose"]).label)),
        (_now("Short name in the books"), payload["word"]),
        (_now("Bank"), payload["bank_name"]),
        (_now("Account number"), payload["number"]),
        (_now("Account holder"), payload["holder"]),
    ]


approvals.register(
    approvals.Kind(
        name=house_banks.KIND,
        title=_("Register a bank account of the house"),
        maker_roles=frozenset({"treasurer"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_bank_registered,
        lifetime=timedelta(days=7),
        statements=(_("Bank, number, holder and purpose are those of the bank's contract."),),
        words=_house_bank_words,
        consequence=_("After signing, statements of this account are taken in."),
    )
)


def _opened(request: approvals.Request, now: datetime) -> None:
    payouts.lift(code=request.payload["stop"], approval_code=request.code, now=now)


def _stop_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (_now("Stopped because"), payouts.title_of(payload["cause"])),
        (_now("Stopped at"), dates.written(datetime.fromisoformat(payload["stopped_at"]), "full")),
        *payouts.words_of(payload["cause"], payload["facts"]),
        (_now("Reason"), payload["reason"]),
    ]


approvals.register(
    approvals.Kind(
        name=payouts.KIND,
        title=_("Open payouts again"),
        maker_roles=frozenset({"treasurer", "compliance"}),
        checker_roles=frozenset({"approver", "auditor"}),
        needed=approvals.one_more,
        perform=_opened,
        lifetime=timedelta(days=2),
        statements=(
            _("What stopped payouts is found and put right."),
            _("I have looked at the check of the books after that."),
        ),
        words=_stop_words,
        consequence=_("After signing, the withdrawals that wait go to the bank at once."),
    )
)


def _year_ended(request: approvals.Request, _now: datetime) -> None:
    years.carry_forward(request=request)


def _year_words(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (_now("Year"), str(payload["year"])),
        *_moves(payload),
    ]


approvals.register(
    approvals.Kind(
        name=years.KIND,
        title=_("Carry a year forward"),
        maker_roles=frozenset({"treasurer"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_year_ended,
        lifetime=timedelta(days=7),
        statements=(
            _("Income and expenses of this year are complete."),
            _("What they leave goes to the surplus carried forward."),
        ),
        words=_year_words,
        consequence=_("After signing, December of this year can be closed."),
    )
)
