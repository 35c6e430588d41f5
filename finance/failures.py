"""Failed transfers: five in a row within ten minutes, and the account rests for a while (F111).

A transfer fails when the bank returns a withdrawal, or when a payment ends unpaid at the bank; one
that went through begins the count anew. The sixth is refused by the database, and staff get a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts import messages
from accounts.models import Player
from audit import policies, trail
from lottery_portal.lib import codes, dates
from lottery_portal.lib.db import inside_transaction
from lottery_portal.lib.errors import Refused

from . import cases
from .models import Case, Deposit, TransferBlock, Withdrawal

KIND = "finance.transfers_failed"
KIND_OF_MESSAGE = "finance.transfers_blocked"
CONSTRAINT = "transfers_not_blocked"
# A payment that nobody made is closed after this time; it was left alone, it did not fail.
LEFT_ALONE = timedelta(minutes=30)


class TransfersBlocked(Refused):
    """Too many transfers failed in a row."""

    code, status = "transfers_blocked", 429
    message = _(
        "Several transfers failed in a row. To protect this account, deposits and withdrawals "
        "begin again at %(until)s."
    )


class TooManyOpen(Refused):
    """As many deposits are begun and not paid as one player may have."""

    code, status = "too_many_deposits_open", 429
    message = _("Several deposits are begun and not paid. Please pay or cancel one of them first.")


@inside_transaction
def note(*, player_code: str, now: datetime) -> TransferBlock | None:
    """Count a failure the caller has just written down; the block it led to, if it is the last.

    Failures of one player count each other, however many end at once.
    """
    player = (
        Player.objects.select_for_update(no_key=True, of=("self",))
        .select_related("user")
        .get(code=player_code)
    )
    if block_of(player_code, now=now) is not None:
        return None
    failed = in_a_row(player_code, now=now)
    if failed < _figure("transfers.block_failures", now):
        return None
    block = TransferBlock.objects.create(
        player_code=player_code,
        failures=failed,
        begun_at=now,
        until=now + timedelta(minutes=_figure("transfers.block_minutes", now)),
    )
    trail.record(
        action="finance.transfers_blocked",
        actor=None,
        object_type="player",
        object_code=player_code,
        body={"failures": failed, "until": block.until},
    )
    messages.send(
        user=player.user,
        kind=KIND_OF_MESSAGE,
        params={"minutes": _figure("transfers.block_minutes", now)},
        natural_key=f"transfers_blocked:{block.pk}",
        now=now,
    )
    cases.open_(
        kind=KIND,
        object_type="player",
        object_code=player_code,
        facts={"failures": failed, "begun_at": block.begun_at, "until": block.until},
        now=now,
    )
    return block


def check(player_code: str, *, now: datetime) -> None:
    """Refuse with `TransfersBlocked` while a block runs."""
    if block := block_of(player_code, now=now):
        raise TransfersBlocked(until=dates.written(block.until, "clock"))


def block_of(player_code: str, *, now: datetime) -> TransferBlock | None:
    """The block that runs now, if any."""
    running = TransferBlock.objects.filter(
        player_code=player_code, begun_at__lte=now, until__gt=now, lifted_at__isnull=True
    )
    return running.order_by("-until").first()


def in_a_row(player_code: str, *, now: datetime) -> int:
    """How many transfers failed since the last that went through, within the window."""
    since = now - timedelta(minutes=_figure("transfers.window_minutes", now))
    out = Withdrawal.objects.filter(
        player_code=player_code, ended_at__gt=since, ended_at__lte=now
    ).values_list("ended_at", "state")
    unpaid = Deposit.objects.filter(
        player_code=player_code,
        state=Deposit.State.CLOSED,
        ended_at__gt=since,
        ended_at__lte=now,
        ended_at__lt=F("begun_at") + LEFT_ALONE,
    ).values_list("ended_at", flat=True)
    paid = Deposit.objects.filter(
        player_code=player_code, credited_at__gt=since, credited_at__lte=now
    ).values_list("credited_at", flat=True)
    bad = [at for at, state in out if state == Withdrawal.State.FAILED and at] + list(unpaid)
    good = [at for at, state in out if state == Withdrawal.State.PAID and at] + list(paid)
    last = max((at for at in good if at), default=since)
    lifted = (
        TransferBlock.objects.filter(player_code=player_code)
        .order_by("-begun_at")
        .values_list("begun_at", flat=True)
        .first()
    )
    begin = max(last, lifted) if lifted else last
    return sum(at is not None and at > begin for at in bad)


def _figure(key: str, now: datetime) -> int:
    return int(policies.read(key, at=now))


def _lift(case: Case, actor: Any, now: datetime) -> None:
    """Who settles the case lets the transfers go on."""
    lifted = TransferBlock.objects.filter(
        player_code=case.object_code, until__gt=now, lifted_at__isnull=True
    ).update(lifted_at=now, lifted_by=actor)
    if lifted:
        trail.record(
            action="finance.transfers_unblocked",
            actor=actor,
            object_type="player",
            object_code=case.object_code,
            body={"case": case.code},
        )


def _words(case: Case) -> Sequence[tuple[str, str]]:
    facts = case.facts
    return [
        (_now("Player"), codes.shown(case.object_code)),
        (_now("Failed in a row"), str(facts["failures"])),
        (_now("Blocked from"), _moment(facts["begun_at"])),
        (_now("Blocked until"), _moment(facts["until"])),
    ]


def _moment(written: str) -> str:
    return dates.written(datetime.fromisoformat(written), "full")


def _person(case: Case) -> str:
    player = Player.objects.select_related("person").get(code=case.object_code)
    return str(player.person.row_uuid) if player.person else ""


cases.register(
    cases.Kind(
        name=KIND,
        title=_("Transfers failed in a row"),
        roles=frozenset({"cashier", "treasurer", "risk"}),
        words=_words,
        person=_person,
        resolved=_lift,
    )
)
