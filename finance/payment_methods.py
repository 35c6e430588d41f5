"""By which ways prizes are paid, and up to which amount each (F094, F279).

A way is assessed, agreed to by others and announced before anybody can choose it; it is in force
from a day on that the policy counts from the notice. The ceilings are dated figures: cash for one
prize by kind of place, a single transfer, and what is transferred on one day. `which` says for an
amount what is possible, and why the rest is not, with the figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from audit import approvals, people, policies, trail
from lottery_portal.lib import dates
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import change, door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from .models import PaymentMethod, PlaceKind, Way

KIND = "finance.payment_method"
NOTICE_DAYS = "payments.method_notice_days"
CASH_UP_TO = "payments.cash_up_to_fen"
TRANSFER_UP_TO = "payments.transfer_up_to_fen"
TRANSFER_DAILY = "payments.transfer_daily_up_to_fen"
SHORTEST_ASSESSMENT = 20
JIAO = 10

State = PaymentMethod.State


class MethodNotInForce(Refused):
    """Not assessed, not announced, or the days of its notice are not over."""

    code = "payment_method_not_in_force"
    message = _("Prizes cannot be paid this way now: %(way)s.")


class MethodNotYet(MethodNotInForce):
    """Announced, and not in force yet."""

    code = "payment_method_not_yet"
    message = _("This way of payment was announced and can be chosen from %(first_on)s on.")


class AboveTheCeiling(Refused):
    """More than one payment of this way may be."""

    code = "payment_above_ceiling"
    message = _("Above the ceiling of this way of payment.")


class CashCeilingPassed(AboveTheCeiling):
    """The prize is above what is paid in cash there."""

    code = "payment_above_cash_ceiling"
    message = _("At this place prizes of up to %(most_fen)s yuan are paid in cash.")


class TransferCeilingPassed(AboveTheCeiling):
    """More than one transfer may be."""

    code = "payment_above_transfer_ceiling"
    message = _("A single transfer is at most %(most_fen)s yuan; this would be %(amount_fen)s.")


class DailyCeilingPassed(AboveTheCeiling):
    """More than may be transferred on one day."""

    code = "payment_above_daily_ceiling"
    message = _(
        "At most %(most_fen)s yuan are transferred on one day, and %(moved_fen)s already were. "
        "%(amount_fen)s more can go tomorrow."
    )


class CashNeedsWholeJiao(AboveTheCeiling):
    """There is no coin for it."""

    code = "payment_not_in_notes"
    message = _("%(amount_fen)s yuan cannot be paid in notes and coins.")


class AssessmentMissing(Refused):
    """Nobody wrote down what was weighed."""

    code, status = "payment_method_assessment_missing", 400
    message = _("Please write down the assessment: risks, costs, and who was asked.")


class NoticeWrong(Refused):
    """No notice, or one that was given before it was agreed to."""

    code, status = "payment_method_notice_wrong", 400
    message = _("Please give the words of the public notice, and a day from today on.")


class MethodUnderWay(Refused):
    """This way is in force, or being asked for."""

    code = "payment_method_under_way"
    message = _("This way of payment is announced already, or waits for its approval.")


class MethodUnknown(Refused):
    """No such record, or its turn is over."""

    code, status = "payment_method_unknown", 404
    message = _("There is no such way of payment to switch off.")


class MayNotSwitch(Refused):
    """Treasurers and compliance officers switch a way off."""

    code, status = "payment_method_role", 403
    message = _("Your post does not let you switch a way of payment off.")


class ReasonMissing(Refused):
    """Switched off without a word."""

    code, status = "payment_method_reason_missing", 400
    message = _("Please say why.")


_REFUSALS: dict[str, type[Refused]] = {
    "payment_method_is_assessed": AssessmentMissing,
    "payment_method_is_announced": NoticeWrong,
    "payment_method_announced_first": NoticeWrong,
    "payment_method_once": MethodUnderWay,
}


@dataclass(frozen=True)
class Option:
    """One way of paying an amount: possible, or why not."""

    way: Way
    refusal: Refused | None = None

    @property
    def is_possible(self) -> bool:
        """Whether it can be chosen."""
        return self.refusal is None

    @property
    def why_not(self) -> str:
        """The reason in a sentence with its figures; empty if it is possible."""
        return "" if self.refusal is None else str(self.refusal)


def which(
    *, amount: int, place_kind: str, now: datetime, transferred_today: int = 0
) -> Sequence[Option]:
    """Every way, in the order in which they are offered: possible for `amount` fen, or why not.

    `place_kind` is where the winner stands; empty where he stands nowhere (online), and then
    nothing is paid in cash. `transferred_today` is what was already transferred on this day.
    """
    return [
        Option(way, _refusal(way, amount, place_kind, now, transferred_today))
        for way in (Way.CASH, Way.TRANSFER, Way.WALLET)
        if place_kind or way != Way.CASH
    ]


def must_be_possible(
    way: str, amount: int, *, place_kind: str, now: datetime, transferred_today: int = 0
) -> None:
    """Refuse with `MethodNotInForce` or `AboveTheCeiling` what `which` calls impossible."""
    if refusal := _refusal(Way(way), amount, place_kind, now, transferred_today):
        raise refusal


def in_force(*, now: datetime) -> Sequence[PaymentMethod]:
    """What can be chosen on this day."""
    today = dates.in_shanghai(now).date()
    found = PaymentMethod.objects.filter(state=State.ANNOUNCED, first_on__lte=today)
    return list(found.order_by("first_on", "pk"))


def announced(*, now: datetime) -> Sequence[PaymentMethod]:
    """What was announced and cannot be chosen yet, the next one first."""
    today = dates.in_shanghai(now).date()
    found = PaymentMethod.objects.filter(state=State.ANNOUNCED, first_on__gt=today)
    return list(found.order_by("first_on", "pk"))


def every_record() -> Sequence[PaymentMethod]:
    """All records, newest first."""
    return list(PaymentMethod.objects.order_by("-asked_at", "-pk"))


def ceilings(*, now: datetime) -> Sequence[tuple[str, int]]:
    """What each ceiling is now: the figure's key and scope in words, and fen."""
    rows = [(str(kind.label), cash_ceiling(kind, now=now)) for kind in PlaceKind]
    return [
        *((f"{Way.CASH.label} ({place})", fen) for place, fen in rows),
        (str(_("Bank transfer, single")), transfer_ceiling(now=now)),
        (str(_("Bank transfers of one day")), transfers_of_a_day(now=now)),
    ]


def cash_ceiling(place_kind: str, *, now: datetime) -> int:
    """The largest prize that is paid in cash at such a place, in fen."""
    return int(policies.read(CASH_UP_TO, at=now, scope=place_kind))


def transfer_ceiling(*, now: datetime) -> int:
    """The largest single transfer of a prize, in fen."""
    return int(policies.read(TRANSFER_UP_TO, at=now))


def transfers_of_a_day(*, now: datetime) -> int:
    """The most that is transferred as prizes on one day, in fen."""
    return int(policies.read(TRANSFER_DAILY, at=now))


@door
def ask(
    *, way: str, assessment: str, notice: str, noticed_on: date, maker: Any, now: datetime
) -> PaymentMethod:
    """Ask that prizes be paid this way, with its assessment and public notice; others decide.

    Refuses with `AssessmentMissing`, `NoticeWrong` or `MethodUnderWay`.
    """
    words, said = assessment.strip(), notice.strip()
    if len(words) < SHORTEST_ASSESSMENT:
        raise AssessmentMissing(fields=["assessment"])
    if not said or noticed_on < dates.in_shanghai(now).date():
        raise NoticeWrong(fields=["notice" if not said else "noticed_on"])
    code, digest = new_code(), hashlib.sha256(words.encode()).hexdigest()
    asked = approvals.request(
        kind=KIND,
        payload={
            "method": code, "way": Way(way).value, "digest": digest, "assessment": words,
            "notice": said, "noticed_on": noticed_on.isoformat(),
        },
        maker=maker,
        now=now,
    )  # fmt: skip
    try:
        return PaymentMethod.objects.create(
            code=code,
            way=way,
            assessment=words,
            digest=digest,
            notice=said,
            noticed_on=noticed_on,
            first_on=noticed_on + timedelta(days=notice_days(now)),
            approval_code=asked.code,
            asked_at=now,
        )
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise


@inside_transaction
def approve(*, code: str, approval_code: str, now: datetime) -> None:
    """What the last decision performs: it is announced, and in force once its days are over."""
    method = _locked(code)
    try:
        change(method, state=State.ANNOUNCED, approved_at=now)
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise
    method.refresh_from_db(fields=["first_on"])
    _record(
        "finance.payment_method_announced",
        method,
        None,
        {"approval": approval_code, "first_on": method.first_on.isoformat()},
    )


@inside_transaction
def refused(*, code: str, reason: str, now: datetime) -> None:
    """What a refused or expired request leads to."""
    method = _locked(code)
    if method.state == State.ASKED:
        change(method, state=State.REFUSED, reason=reason[:200] or "—", ended_at=now)


@door
def switch_off(*, code: str, reason: str, actor: Any, now: datetime) -> PaymentMethod:
    """Stop paying prizes this way, at once; it comes back only as a new one does."""
    if not people.roles_of(actor, now) & {"treasurer", "compliance"}:
        raise MayNotSwitch
    if not reason.strip():
        raise ReasonMissing(fields=["reason"])
    method = _locked(code)
    if method.state != State.ANNOUNCED:
        raise MethodUnknown
    change(method, state=State.ENDED, reason=reason.strip()[:200], ended_at=now)
    _record("finance.payment_method_ended", method, actor, {"reason": method.reason})
    return method


def notice_days(now: datetime) -> int:
    """Days from the public notice until a way is in force."""
    return int(policies.read(NOTICE_DAYS, at=now))


def _refusal(
    way: Way, amount: int, place_kind: str, now: datetime, transferred_today: int
) -> Refused | None:
    found = PaymentMethod.objects.filter(way=way, state=State.ANNOUNCED).first()
    if found is None:
        return MethodNotInForce(way=str(way.label))
    if found.first_on > dates.in_shanghai(now).date():
        return MethodNotYet(first_on=dates.written(found.first_on, "date"))
    if way == Way.CASH:
        return _not_in_cash(amount, place_kind, now)
    if way == Way.TRANSFER:
        return _not_by_transfer(amount, transferred_today, now)
    return None


def _not_in_cash(amount: int, place_kind: str, now: datetime) -> Refused | None:
    if amount > (most := cash_ceiling(place_kind, now=now)):
        return CashCeilingPassed(most_fen=most, amount_fen=amount)
    return CashNeedsWholeJiao(amount_fen=amount) if amount % JIAO else None


def _not_by_transfer(amount: int, moved: int, now: datetime) -> Refused | None:
    single, daily = transfer_ceiling(now=now), transfers_of_a_day(now=now)
    if amount > single:
        return TransferCeilingPassed(most_fen=single, amount_fen=amount)
    if moved + amount > daily:
        return DailyCeilingPassed(most_fen=daily, moved_fen=moved, amount_fen=amount)
    return None


def _locked(code: str) -> PaymentMethod:
    found = PaymentMethod.objects.select_for_update(no_key=True).filter(code=code).first()
    if found is None:
        raise MethodUnknown
    return found


def _record(action: str, method: PaymentMethod, actor: Any, body: dict[str, Any]) -> None:
    trail.record(
        action=action,
        actor=actor,
        object_type="payment_method",
        object_code=method.code,
        body={"way": method.way, "digest": method.digest, **body},
    )
