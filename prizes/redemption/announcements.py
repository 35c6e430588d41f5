"""What is told of large prizes: the line of the draw always, the winner only as far as he allows.

The line comes from the table of the draw by itself: game, draw, tier and band of the amount,
whether the prize is claimed or not. So neither a line nor its absence says that one still waits
(F100; S1·七2). Details of a person stand beside it when the prize is paid, the winner allowed each
of them for this prize, and two people agreed. They are read anew for every page: what he takes back
is gone with the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts import messages, publicity, regions, who
from accounts.models import Player, PublicityChoice, User
from accounts.publicity import Shown
from audit import approvals, policies, trail
from games import rules
from games import words as game_words
from games.models import Draw
from lottery_portal.lib import codes
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused
from partners.models import Outlet
from prizes.claim_models import Claim, PrizeEnd
from prizes.models import Prize, TierOutcome
from prizes.winner_models import WinnerNotice

from . import statistics

KIND = "prizes.announce_winner"
ANNOUNCED = "prizes.winner_announced"
TAKEN_AWAY = "prizes.winner_taken_away"
FROM_POLICY = "prizes.announced_from_fen"
FROM_FEN = 100_000_00  # of a line
ASKERS = frozenset({"claims_officer", "compliance"})
CHECKERS = frozenset({"approver", "compliance"})
SHOWN_DRAWS = 20
TOLD = (Draw.State.PUBLISHED, Draw.State.ARCHIVED)


class NotALargePrize(Refused):
    """No line of the ticket won as much as is announced."""

    code = "announcement_not_large"
    message = _("Only prizes of %(from_fen)s yuan a line or more are announced.")


class NotPaid(Refused):
    """Nothing is told of a winner before his prize is paid."""

    code = "announcement_before_payment"
    message = _("This prize is not paid. Nothing is told of its winner.")


class NotAllowed(Refused):
    """The winner did not allow it, or took it back."""

    code, status = "announcement_not_allowed", 403
    message = _("The winner does not allow this to be published.")


class AnnouncementAsked(Refused):
    """The same is under way, or done."""

    code = "announcement_asked_already"
    message = _("This has been asked for or announced already.")


_REFUSALS: dict[str, type[Refused]] = {
    "winner_notice_of_a_paid_prize": NotPaid,
    "winner_notice_as_allowed": NotAllowed,
    "winner_notice_by_two": NotAllowed,
}


@dataclass(frozen=True, kw_only=True)
class Announced:
    """The large prizes of one tier of a draw: lines that won, and what may be told of winners.

    `above_fen` and `up_to_fen` are the bounds of the band of a line's prize; None: without end.
    """

    draw: Draw
    tier: str
    lines: int
    above_fen: int
    up_to_fen: int | None
    winners: Sequence[Sequence[str]]


def object_code(prize: Prize) -> str:
    """What the winner's choice is about."""
    return f"prize:{prize.ticket.code}"


def is_large(prize: Prize, *, now: datetime) -> bool:
    """Whether a line of the ticket won as much as is announced."""
    return _tier_of(prize, _from(now)) is not None


def choose(*, prize: Prize, shows: frozenset[str], actor: User, now: datetime) -> None:
    """The winner says what may be told of him with this prize; nothing takes it all back.

    Of what is no longer told with the result for it, or is told again, he gets a message. Refuses
    with `NotALargePrize` where nothing would be told anyway, and with `publicity.NotYourPrize`
    anybody but himself.
    """
    if actor.pk != prize.owner.user_id:
        raise publicity.NotYourPrize
    if shows and not is_large(prize, now=now):
        raise NotALargePrize(from_fen=_from(now))
    with publicity.in_words():
        _choose(prize, shows, actor, now)


def ask(*, prize: Prize, maker: User, now: datetime) -> approvals.Request:
    """Ask that what the winner allows be told with his paid prize; another person agrees.

    Refuses with `NotALargePrize`, `NotPaid`, `NotAllowed` (nothing is allowed, or the maker is the
    winner), `AnnouncementAsked`, and by the post of the maker.
    """
    if not who.roles(maker, now) & ASKERS:
        raise approvals.MayNotAsk
    if not is_large(prize, now=now):
        raise NotALargePrize(from_fen=_from(now))
    if not PrizeEnd.objects.filter(prize=prize, kind=PrizeEnd.Kind.PAID).exists():
        raise NotPaid
    allowed = publicity.allowed(winner=prize.owner, object_code=object_code(prize))
    if not allowed:
        raise NotAllowed
    ticket = prize.ticket.code
    under_way = [one for one in approvals.under_way(KIND) if one.payload["ticket"] == ticket]
    if under_way or allowed <= _agreed(prize):
        raise AnnouncementAsked
    return approvals.request(
        kind=KIND,
        payload={
            "ticket": ticket,
            "game": prize.draw.game.code,
            "issue": prize.draw.issue,
            "prize_fen": prize.amount,
            "shows": sorted(allowed),
        },
        maker=maker,
        now=now,
        amount_fen=prize.amount,
    )


@inside_transaction
def publish(*, request: approvals.Request, now: datetime) -> WinnerNotice:
    """What the second word performs; the winner gets a message which of his details are told.

    Refused if he has taken anything of it back.
    """
    asked = request.payload
    prize = Prize.objects.select_related("ticket", "draw__game", "owner__user").get(
        ticket__code=asked["ticket"]
    )
    try:
        notice = WinnerNotice.objects.create(
            prize=prize,
            shows=asked["shows"],
            approval_code=request.code,
            published_at=now,  # the database writes its own clock over it
        )
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise
    trail.record(
        action="prizes.winner_announced",
        actor=request.maker,
        object_type="prize",
        object_code=asked["ticket"],
        body={"shows": asked["shows"], "approval": request.code},
    )
    allowed = publicity.allowed(winner=prize.owner, object_code=object_code(prize))
    _tell(ANNOUNCED, prize, _agreed(prize) & allowed, because=request.code, now=now)
    return notice


def of_draw(draw: Draw, *, now: datetime) -> list[Announced]:
    """The large prizes of a published draw, the highest tier first."""
    return _told([draw], now) if draw.state in TOLD and not draw.is_shadow else []


def newest(*, now: datetime, game: str = "") -> list[Announced]:
    """The large prizes of the last draws in which there were any, the newest first."""
    rich = TierOutcome.objects.filter(
        winners__gt=0, prize__gte=_from(now), draw__state__in=TOLD, draw__is_shadow=False
    )
    if game:
        rich = rich.filter(draw__game__code=game)
    draws = Draw.objects.filter(pk__in=rich.values("draw_id")).select_related("game", "rule")
    return _told(list(draws.order_by("-draws_at", "-pk")[:SHOWN_DRAWS]), now)


def consented(*, now: datetime) -> list[dict[str, Any]]:
    """Paid large prizes whose winners allow something that two people have not agreed to yet."""
    chosen = (
        PublicityChoice.objects.filter(object_code__startswith="prize:")
        .order_by("object_code", "-pk")
        .distinct("object_code")
    )
    tickets = {row.object_code.removeprefix("prize:"): row for row in chosen if row.shows}
    paid = Prize.objects.filter(
        ticket__code__in=tickets, end__kind=PrizeEnd.Kind.PAID
    ).select_related("ticket", "draw__game", "draw__rule", "owner__user", "owner__person")
    asked = {one.payload["ticket"] for one in approvals.under_way(KIND)}
    return [
        {"prize": prize, "shows": labels(allowed), "is_asked": prize.ticket.code in asked}
        for prize in paid.order_by("-pk")
        for allowed in [publicity.allowed(winner=prize.owner, object_code=object_code(prize))]
        if allowed and not allowed <= _agreed(prize) and is_large(prize, now=now)
    ]


def labels(shows: frozenset[str]) -> list[str]:
    """What somebody allowed, in words, in the order of the choice."""
    return [str(one.label) for one in Shown if one in shows]


def told_of(prize: Prize, shows: frozenset[str]) -> list[str]:
    """What a page says of the winner, of that which he allows at this moment."""
    winner: Player = prize.owner
    now_allowed = publicity.allowed(winner=winner, object_code=object_code(prize)) & shows
    found: list[str] = []
    if Shown.SURNAME in now_allowed:
        found.append(publicity.surname(winner=winner, object_code=object_code(prize)))
    if Shown.PLACE in now_allowed and (region := regions.of(winner.person)):
        found.append(regions.name(region))
    if Shown.OUTLET in now_allowed and (place := _place(prize)):
        found.append(place)
    return [one for one in found if one]


@door
def _choose(prize: Prize, shows: frozenset[str], actor: User, now: datetime) -> None:
    kept = publicity.keep(
        winner=prize.owner, object_code=object_code(prize), shows=shows, actor=actor, now=now
    )
    if kept is None:
        return
    before, choice = kept
    told = _agreed(prize)
    if gone := told & (before - shows):
        _tell(TAKEN_AWAY, prize, gone, because=str(choice.pk), now=now)
    if told & (shows - before):
        _tell(ANNOUNCED, prize, told & shows, because=str(choice.pk), now=now)


def _tell(kind: str, prize: Prize, shows: frozenset[str], *, because: str, now: datetime) -> None:
    """Tell the winner which of his details everybody reads now, or reads no longer."""
    messages.send(
        user=prize.owner.user,
        kind=kind,
        params={
            "ticket": prize.ticket.code,
            "game": prize.draw.game.name,
            "issue": prize.draw.issue,
            "shows": [str(one) for one in Shown if one in shows],
        },
        natural_key=f"{kind}:{prize.ticket.code}:{because}",
        now=now,
    )


def _told(draws: list[Draw], now: datetime) -> list[Announced]:
    least = _from(now)
    outcomes = list(TierOutcome.objects.filter(draw__in=draws, winners__gt=0, prize__gte=least))
    if not outcomes:
        return []
    notices = (
        WinnerNotice.objects.filter(prize__draw__in=draws)
        .exclude(prize__end__claim__state=Claim.State.RECOVERED)
        .select_related("prize__ticket", "prize__owner__person")
    )
    by_tier: dict[tuple[int, int], dict[int, Prize]] = {}
    agreed: dict[int, frozenset[str]] = {}
    large = {(one.draw_id, one.tier) for one in outcomes}
    for notice in notices:
        prize = notice.prize
        agreed[prize.pk] = agreed.get(prize.pk, frozenset()) | frozenset(notice.shows)
        tiers = [tier for tier in prize.tiers() if (prize.draw_id, tier) in large]
        if tiers:
            by_tier.setdefault((prize.draw_id, min(tiers)), {})[prize.pk] = prize
    found = []
    for draw in draws:
        for outcome in sorted(
            (one for one in outcomes if one.draw_id == draw.pk), key=lambda one: one.tier
        ):
            low, high = statistics.band_bounds([statistics.band_of(outcome.prize)])
            winners = [
                told_of(prize, agreed[prize.pk])
                for prize in by_tier.get((draw.pk, outcome.tier), {}).values()
            ]
            found.append(
                Announced(
                    draw=draw,
                    tier=tier_name(draw, outcome.tier),
                    lines=outcome.winners,
                    above_fen=low,
                    up_to_fen=high,
                    winners=[one for one in winners if one],
                )
            )
    return found


def tier_name(draw: Draw, tier: int) -> str:
    """What a tier is called in the rules of the draw."""
    return str(rules.by_code(draw.rule.code).tier(tier).label)


def _from(now: datetime) -> int:
    """From which prize of a line on; the first figure where none was ever set."""
    try:
        return int(policies.read(FROM_POLICY, at=now))
    except LookupError:
        return FROM_FEN


def _tier_of(prize: Prize, least: int) -> int | None:
    rows = TierOutcome.objects.filter(draw=prize.draw_id, tier__in=prize.tiers(), prize__gte=least)
    return rows.order_by("tier").values_list("tier", flat=True).first()


def _agreed(prize: Prize) -> frozenset[str]:
    """What two people have agreed to tell of this prize's winner; nothing once it is recovered."""
    rows = (
        WinnerNotice.objects.filter(prize=prize)
        .exclude(prize__end__claim__state=Claim.State.RECOVERED)
        .values_list("shows", flat=True)
    )
    return frozenset(one for shows in rows for one in shows)


def _place(prize: Prize) -> str:
    """The name of the outlet that paid the prize; of the centre, where no outlet did."""
    end = PrizeEnd.objects.filter(prize=prize).select_related("claim").first()
    if end is None or end.claim is None:
        return ""
    name = Outlet.objects.filter(code=end.claim.outlet_code).values_list("name", flat=True).first()
    return str(name or _now("Prize centre"))


def _words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [
        (_now("Ticket"), codes.shown(payload["ticket"])),
        (_now("Game"), game_words.games([payload["game"]])),
        (_now("Issue"), payload["issue"]),
        (_now("The winner allows"), _now("; ").join(labels(frozenset(payload["shows"])))),
    ]


def _perform(request: approvals.Request, now: datetime) -> None:
    publish(request=request, now=now)


approvals.register(
    approvals.Kind(
        name=KIND,
        title=_("Announce a winner"),
        maker_roles=ASKERS,
        checker_roles=CHECKERS,
        needed=approvals.one_more,
        perform=_perform,
        lifetime=timedelta(days=7),
        statements=(_("The winner allows just this, for this prize, and nothing else is told."),),
        words=_words,
        page=lambda _payload: ("prizes:desk_winners", ()),
        consequence=_(
            "After signing, everybody reads it with the result, until the winner takes it back."
        ),
    )
)
