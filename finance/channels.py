"""The register of payment institutions: which is in force, what it costs, how it answers (F295).

The settings say which adapters are built in; the register says which of them may be used, until
when, in which order and at which fee. The database lets no deposit begin through any other. The
watch asks every institution every few seconds; two silent answers in a row raise an alarm, and
pages offer the next one first.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from audit import alarms, approvals, trail
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import providers
from .models import Provider, ProviderHealth

logger = logging.getLogger(__name__)

KIND = "finance.provider"
FAILING = "finance.provider_failing"
LAPSED = "finance.provider_lapsed"
NOBODYS = "HEALTHCHECK"  # an order that no provider knows: the question costs nothing
SILENT_AFTER = 2
OK_EVERY = timedelta(seconds=10)
PARTS = 10_000

Use = Provider.Use
Bearer = Provider.Bearer

alarms.register(kind=FAILING, title=_("A payment institution does not answer"))
alarms.register(kind=LAPSED, title=_("Licence or contract of a payment institution has ended"))


class ProviderNotInForce(Refused):
    """Switched off, its licence or contract ended, or not used for this."""

    code = "provider_not_in_force"
    message = _("This way of paying is not available at present. Please choose another.")


class NoWayOut(Refused):
    """No institution in force sends money to bank accounts, or none that may send to this one."""

    code, status = "no_way_out", 503
    message = _(
        "At present no payment institution can send money to your bank account. Your money stays "
        "in your balance; please try again later."
    )


class FeeDiffers(Refused):
    """The fee the player has seen is not the one that applies."""

    code = "fee_differs"
    message = _("The fee is %(fee_fen)s yuan; you pay %(total_fen)s yuan in all.")


class ProviderWrong(Refused):
    """The register cannot say that."""

    code, status = "provider_wrong", 400
    message = _("Please check this entry of the register.")


class PaysNoCards(ProviderWrong):
    """Its payouts go elsewhere than to bank accounts."""

    code = "provider_pays_no_cards"
    message = _("%(provider)s sends no money to bank accounts, so it cannot be used for payouts.")


class ProviderChanged(Refused):
    """The register was changed after this had been asked for."""

    code = "provider_changed"
    message = _("The register has changed since this was asked for. Please ask again.")


@dataclass(frozen=True)
class Channel:
    """A way to pay as pages offer it."""

    code: str
    title: str
    points: int
    least_fen: int
    most_fen: int
    is_failing: bool

    def fee_of(self, amount: int) -> int:
        """What the player pays on top, in fen; 0 where the operator bears it."""
        fee = max((amount * self.points + PARTS // 2) // PARTS, self.least_fen)
        return min(fee, self.most_fen) if self.most_fen else fee

    @property
    def is_free(self) -> bool:
        """Whether it never costs the player anything."""
        return not self.points and not self.least_fen


def in_force(row: Provider, on: date) -> bool:
    """Whether an institution may be used on a day."""
    return row.is_on and row.licence_until >= on and row.contract_until >= on


def open_for(use: str, *, now: datetime) -> list[Channel]:
    """The institutions in force for `use`: those that answer first, then by their place."""
    today, built_in = dates.in_shanghai(now).date(), set(providers.names())
    failing = _failing()
    rows = [
        row
        for row in Provider.objects.filter(is_on=True, accepts__contains=[use])
        if row.code in built_in and in_force(row, today)
    ]
    rows.sort(key=lambda row: (row.code in failing, row.rank, row.code))
    return [_channel(row, is_failing=row.code in failing) for row in rows]


def one(code: str, use: str, *, now: datetime) -> Channel:
    """One institution that is in force, or `ProviderNotInForce`."""
    providers.known(code)
    for channel in open_for(use, now=now):
        if channel.code == code:
            return channel
    raise ProviderNotInForce(provider=code)


def usual(use: str, *, now: datetime) -> str:
    """The code of the institution to use when nobody chose one."""
    found = open_for(use, now=now)
    if not found:
        raise ProviderNotInForce(provider="")
    return found[0].code


def way_out(*, now: datetime, only: str = "", usual: str = "") -> str:
    """The institution that sends money to bank accounts now, or `NoWayOut`.

    `only`: none but this one may; `usual`: this one if it answers, else the next.
    """
    found = [one for one in open_for(Use.PAYOUT, now=now) if only in {"", one.code}]
    if not found:
        raise NoWayOut
    chosen = [one.code for one in found if one.code == usual and not one.is_failing]
    return chosen[0] if chosen else found[0].code


def title_of(code: str) -> str:
    """What an institution is called, also when its adapter is no longer built in."""
    try:
        return str(providers.known(code).title)
    except providers.ProviderUnknown:
        return code


def register() -> list[tuple[Provider, ProviderHealth | None]]:
    """The whole register in its order, each row with its health."""
    health = {row.provider: row for row in ProviderHealth.objects.all()}
    return [(row, health.get(row.code)) for row in Provider.objects.order_by("rank", "code")]


def ask(*, fields: Mapping[str, Any], maker: Any, now: datetime) -> approvals.Request:
    """Ask that an institution be entered or changed as `fields` say; another person decides.

    Refuses with `ProviderWrong` what no register could hold.
    """
    entry = Provider(**fields, changed_at=now)
    if (
        entry.code not in providers.names()
        or not {*entry.accepts} <= {*Use.values}
        or entry.fee_borne_by not in Bearer.values
        or (entry.fee_most and entry.fee_most < entry.fee_least)
        or not entry.institution.strip()
        or not entry.licence_number.strip()
    ):
        raise ProviderWrong(fields=["code"])
    if Use.PAYOUT in entry.accepts and not providers.known(entry.code).pays_cards:
        raise PaysNoCards(fields=["accepts"], provider=title_of(entry.code))
    return approvals.request(kind=KIND, payload={"provider": _written(entry)}, maker=maker, now=now)


@inside_transaction
def enter(*, fields: Mapping[str, Any], approval_code: str, now: datetime) -> None:
    """What the last decision performs: the register says what was agreed."""
    values = {
        **fields,
        "licence_until": date.fromisoformat(fields["licence_until"]),
        "contract_until": date.fromisoformat(fields["contract_until"]),
        "review_on": date.fromisoformat(fields["review_on"]),
        "approval_code": approval_code,
        "changed_at": now,
    }
    code = values.pop("code")
    try:
        Provider.objects.update_or_create(code=code, defaults=values)
    except IntegrityError as exc:
        if violated(exc) == "provider_approval_is_the_latest":
            raise ProviderChanged from exc
        raise
    _record("finance.provider_entered", None, code, {"approval": approval_code})


@inside_transaction
def enter_first(*, fields: Mapping[str, Any], now: datetime) -> None:
    """Genesis: the first institution of an empty register."""
    if not Provider.objects.exists():
        row = Provider.objects.create(**fields, changed_at=now)
        _record("finance.provider_entered", None, row.code, {"approval": ""})


@door
def switch_off(*, code: str, actor: Any, reason: str, now: datetime) -> None:
    """Stop using an institution at once, by one person's word; on again only by approval."""
    if not reason.strip():
        raise ProviderWrong(fields=["reason"])
    if Provider.objects.filter(code=code, is_on=True).update(is_on=False, changed_at=now):
        _record("finance.provider_switched_off", actor, code, {"reason": reason.strip()[:200]})


def watch(*, now: datetime) -> None:
    """Switch off what has lapsed; ask every other institution whether it is there."""
    today = dates.in_shanghai(now).date()
    built_in = set(providers.names())
    asked = []
    for row in Provider.objects.filter(is_on=True).order_by("rank", "code"):
        if not in_force(row, today):
            _lapse(row, now)
        elif row.code in built_in:
            asked.append((row.code, providers.named(row.code)))
    with ThreadPoolExecutor(max_workers=8) as together:
        answers = list(together.map(lambda pair: _answers(pair[1]), asked))
    for (code, _bank), is_there in zip(asked, answers, strict=True):
        (note_ok if is_there else note_failure)(code, now=now)


def note_ok(code: str, *, now: datetime) -> None:
    """The institution answered; an alarm about it ends."""
    known = ProviderHealth.objects.filter(provider=code).first()
    if known and not known.failures and known.last_ok_at and now - known.last_ok_at < OK_EVERY:
        return
    _healthy(code, now)


@door
def note_failure(code: str, *, now: datetime) -> None:
    """The institution did not answer; the second time in a row an alarm is raised."""
    ProviderHealth.objects.get_or_create(provider=code)
    row = ProviderHealth.objects.select_for_update(no_key=True).get(provider=code)
    row.failures += 1
    row.failing_since = row.failing_since or now
    row.save(update_fields=["failures", "failing_since"])
    if row.failures >= SILENT_AFTER:
        alarms.raise_alarm(
            kind=FAILING,
            object_type="provider",
            object_code=code,
            facts={"failing_since": row.failing_since.isoformat()},
            now=now,
        )


@door
def _healthy(code: str, now: datetime) -> None:
    ProviderHealth.objects.update_or_create(
        provider=code, defaults={"last_ok_at": now, "failing_since": None, "failures": 0}
    )
    alarms.settle(kind=FAILING, object_type="provider", object_code=code, now=now)


@door
def _lapse(row: Provider, now: datetime) -> None:
    """Its licence or contract has ended: off, until people have entered new ones."""
    if not Provider.objects.filter(pk=row.pk, is_on=True).update(is_on=False, changed_at=now):
        return
    ends = {
        "licence_until": row.licence_until.isoformat(),
        "contract_until": row.contract_until.isoformat(),
    }
    _record("finance.provider_switched_off", None, row.code, {"reason": "lapsed", **ends})
    alarms.raise_alarm(
        kind=LAPSED, object_type="provider", object_code=row.code, facts=ends, now=now
    )


def _answers(bank: providers.PaymentProvider) -> bool:
    try:
        bank.ask(NOBODYS)
    except (OSError, Refused):
        return False
    return True


def _failing() -> set[str]:
    rows = ProviderHealth.objects.filter(failures__gte=SILENT_AFTER)
    return set(rows.values_list("provider", flat=True))


def _channel(row: Provider, *, is_failing: bool) -> Channel:
    is_players = row.fee_borne_by == Bearer.PLAYER
    return Channel(
        code=row.code,
        title=str(providers.known(row.code).title),
        points=row.fee_points if is_players else 0,
        least_fen=row.fee_least if is_players else 0,
        most_fen=row.fee_most if is_players else 0,
        is_failing=is_failing,
    )


def _written(row: Provider) -> dict[str, Any]:
    """An entry as the database compares it with its approval."""
    return {
        "code": row.code,
        "institution": row.institution.strip(),
        "licence_number": row.licence_number.strip(),
        "licence_until": row.licence_until.isoformat(),
        "contract_until": row.contract_until.isoformat(),
        "review_on": row.review_on.isoformat(),
        "accepts": sorted(row.accepts),
        "rank": row.rank,
        "fee_points": row.fee_points,
        "fee_least": row.fee_least,
        "fee_most": row.fee_most,
        "fee_borne_by": str(row.fee_borne_by),
        "is_on": row.is_on,
    }


def _record(action: str, actor: Any, code: str, body: Mapping[str, Any]) -> None:
    trail.record(
        action=action, actor=actor, object_type="provider", object_code=code, body=dict(body)
    )
