"""Prizes claimed at an outlet: opened under its authority, stamped 已兑奖 once (F092, F093, F178).

Every step is in the one database at once, so the centre sees it as it happens; what an outlet has
opened and not ended is listed as a report that is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from lottery_portal.lib.dates import SHANGHAI, in_shanghai
from partners import claim_authority
from prizes.claim_models import Claim
from prizes.models import Prize

from . import claims, payment
from .claim_refusals import ClaimUnknown

State, Way = Claim.State, Claim.Way
ENDED = (State.PAID, *Claim.OVER)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What an outlet redeemed today, and how many claims of earlier days it has not ended."""

    outlet: str
    opened: int
    paid: int
    missing: int


def open_(*, prize: Prize, outlet: str, actor: Any, request_key: UUID, now: datetime) -> Claim:
    """Open a claim at this outlet for the owner of the ticket, who stands there.

    Refuses with `NoAuthority` what the outlet may not redeem, and as `claims.open_` does. The same
    `request_key` leads to the same claim, so it may be sent again when the line was broken.
    """
    known = Claim.objects.filter(opened_by=actor, request_key=request_key)
    if not known.exists():
        claim_authority.check(outlet=outlet, game=prize.draw.game.code, fen=prize.amount, at=now)
    return claims.open_(
        prize=prize,
        way=Way.OUTLET,
        actor=actor,
        claimant=prize.owner,
        outlet=outlet,
        request_key=request_key,
        now=now,
    )


def find(*, code: str, outlet: str) -> Claim:
    """A claim of this outlet, or `ClaimUnknown`; those of others answer alike."""
    claim = Claim.objects.shown().filter(code=code, way=Way.OUTLET, outlet_code=outlet).first()
    if claim is None:
        raise ClaimUnknown
    return claim


def stamp(*, code: str, outlet: str, actor: Any, now: datetime) -> Claim:
    """Pay a signed claim and stamp its ticket 已兑奖, for ever; where others must agree, ask them.

    May be sent again: what is paid already stays as it is, and is answered alike.
    """
    claim = find(code=code, outlet=outlet)
    if claim.state == State.SIGNED:
        claim = payment.ask(code=code, maker=actor, now=now)
    if claim.state == State.APPROVED:
        claim = payment.pay(code=code, actor=actor, now=now)
    return claim


def today(*, outlet: str, now: datetime) -> QuerySet[Claim]:
    """What this outlet opened today (in Shanghai), newest first."""
    mine = Claim.objects.filter(way=Way.OUTLET, outlet_code=outlet, opened_at__gte=midnight(now))
    return mine.shown().order_by("-opened_at", "-pk")


def missing(*, outlet: str, now: datetime) -> QuerySet[Claim]:
    """What it opened on earlier days and did not end, oldest first."""
    mine = Claim.objects.filter(way=Way.OUTLET, outlet_code=outlet, opened_at__lt=midnight(now))
    return mine.exclude(state__in=ENDED).shown().order_by("opened_at", "pk")


def reports(*, now: datetime) -> Sequence[Report]:
    """Today's report of every outlet that opened a claim today or owes an end to one (F093)."""
    since = midnight(now)
    rows = (
        Claim.objects.filter(way=Way.OUTLET)
        .filter(Q(opened_at__gte=since) | ~Q(state__in=ENDED))
        .values("outlet_code")
        .annotate(
            opened=Count("pk", filter=Q(opened_at__gte=since)),
            paid=Count("pk", filter=Q(opened_at__gte=since, state__in=["PAID", "ARCHIVED"])),
            missing=Count("pk", filter=Q(opened_at__lt=since) & ~Q(state__in=ENDED)),
        )
        .order_by("-missing", "outlet_code")
    )
    return [
        Report(
            outlet=row["outlet_code"],
            opened=row["opened"],
            paid=row["paid"],
            missing=row["missing"],
        )
        for row in rows
    ]


def midnight(now: datetime) -> datetime:
    """The beginning of this day in Shanghai."""
    return datetime.combine(in_shanghai(now).date(), time.min, SHANGHAI)
