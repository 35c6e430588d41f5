"""Detectors that look at winners: who won, with which tickets, whether so many could have (N25).

They read what settlement has written and change nothing. No name and no number of a person is kept
in a reading: tickets are named by their codes, which lead those who may look further.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import Player, Posting
from audit import keys, log
from finance import bank_accounts
from games import bets, monitors, quick_pick
from games import odds as line_odds
from games.models import Draw, SealStatement
from games.monitors import Case, Detector, Finding, Outcome, Stage, tails
from games.rules import RuleVersion, Tier
from sales import receipts
from sales.models import Receipt, Selection, Ticket

from .models import Batch, Prize

WITHIN = timedelta(days=365)  # so long after a post a winner is still looked at
LAST_MINUTE = timedelta(seconds=60)
LOGGED_WITHIN = timedelta(seconds=60)
DRAWS_COMPARED = 100
NAMED = 20
MOST_TICKETS = 1_000
RARE = 1 / 100_000


# Who holds, or held, a post


def _insiders(now: datetime) -> set[int]:
    """Players who hold a post or held one lately, or whose bank account such a person has used."""
    held = Posting.objects.filter(valid_from__lte=now).filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=now - WITHIN)
    )
    own = dict(Player.objects.filter(person__in=held.values("person")).values_list("code", "pk"))
    shared = {other for others in bank_accounts.sharers(list(own)).values() for other in others}
    return {*own.values(), *Player.objects.filter(code__in=shared).values_list("pk", flat=True)}


def staff_winners(case: Case) -> Finding:
    """Prizes of people with a post, now or in the last twelve months, or with their bank account.

    A top prize, or one that is paid at the prize centre (for its size, or for what its owner won
    in all), is an alarm; a small one is unusual.
    """
    won = Prize.objects.filter(draw=case.draw, owner__in=_insiders(case.draw.draws_at))
    grave = won.filter(_top(case.version) | Q(route=Prize.Route.CENTRE))
    outcome = Outcome.ALARM if grave.exists() else Outcome.NOTICE if won.exists() else Outcome.CLEAR
    return Finding(
        statistic=won.count(),
        count=won.count(),
        facts={"tickets": _codes(won.order_by("-amount", "ticket_id"))},
        outcome=outcome,
    )


def insider_rate(case: Case) -> Finding:
    """How often these people win, against everybody: the exact chance of so many of their wins."""
    draws = list(
        Draw.objects.filter(
            game_id=case.draw.game_id,
            is_shadow=case.draw.is_shadow,
            issue__lte=case.draw.issue,
            draws_at__gt=case.draw.draws_at - WITHIN,
            settlement__state="DONE",
        )
        .order_by("-issue")
        .values_list("pk", flat=True)[:DRAWS_COMPARED]
    )
    theirs = Ticket.objects.filter(
        owner__in=_insiders(case.draw.draws_at), draw__in=draws, cancellation__isnull=True
    )
    tickets = theirs.count()
    wins = Prize.objects.filter(ticket__in=theirs.values("pk")).count() if tickets else 0
    chance = 1.0
    if wins:
        chance = tails.share_upper(
            size=SealStatement.objects.filter(draw__in=draws).aggregate(all=Sum("tickets"))["all"],
            drawn=_winning_tickets(draws),
            marked=tickets,
            count=wins,
        )
    return Finding(
        statistic=wins, probability=chance, facts={"tickets_of_theirs": tickets, "wins": wins}
    )


def _winning_tickets(draws: Sequence[int]) -> int:
    """How many tickets won in these draws, by the batches they were paid in."""
    paid = Batch.objects.filter(run__draw__in=draws, credited_at__isnull=False)
    return paid.aggregate(all=Sum("winners"))["all"] or 0


# How many won


@dataclass(frozen=True)
class Sold:
    """What was sold, and which selections won in a tier: tickets by code, selections of each."""

    lines: int
    ticket_lines: Mapping[str, int]  # of the tickets that won
    tickets: int
    won: Mapping[str, int]


def winners(sold: Sold, chance: float) -> tuple[float, float]:
    """The chances of so many winning selections among the lines sold, and of one ticket's share.

    A selection counts once, whatever its multiplier, so the first is that of a Poisson count. The
    second: winning selections fall on tickets as their lines do; the largest share is looked at.
    """
    total = sum(sold.won.values())
    many = tails.poisson_upper(sold.lines * chance, total)
    share = 1.0
    for code, selections in sold.won.items():
        if selections > 1:
            part = sold.ticket_lines[code] / max(sold.lines, 1)
            alone = tails.upper(tails.binomial(total, part), selections)
            share = min(share, alone * sold.tickets)
    return many, min(1.0, share)


def prize_winners(case: Case) -> Finding:
    """Too many winners of the highest tiers, or too many of them on one ticket."""
    tests: list[tuple[float, int, str, int, Mapping[str, int]]] = []
    sold_of = {
        bet_type: int(sums["lines"]) for bet_type, sums in case.draw.seal.by_bet_type.items()
    }
    for tier, found in _winning_selections(case).items():
        lines = sum(
            count
            for bet_type, count in sold_of.items()
            if tier.is_played(case.version.play_of(bet_type).code)
        )
        sold = Sold(
            lines=lines,
            tickets=case.draw.seal.tickets,
            ticket_lines=found.lines,
            won=found.selections,
        )
        many, share = winners(sold, odds(case.version, tier))
        total = sum(sold.won.values())
        tests.append((many, total, "many", tier.number, sold.won))
        tests.append((share, max(sold.won.values(), default=0), "share", tier.number, sold.won))
    nothing: tuple[float, int, str, int, Mapping[str, int]] = (1.0, 0, "many", 0, {})
    chance, figure, what, number, won = min(tests, key=lambda test: test[0], default=nothing)
    return Finding(
        statistic=figure,
        probability=min(1.0, chance * max(1, len(tests))),
        facts={
            "what": what,
            "tier": number,
            "lines": sum(sold_of.values()),
            "tickets": sorted(won, key=lambda code: (-won[code], code))[:NAMED],
        },
    )


def odds(version: RuleVersion, tier: Tier) -> float:
    """The chance of one line, of a play that can win it, in a tier."""
    bet_type = next(one for one in version.bet_types if tier.is_played(one.play))
    line = quick_pick.pick(version, bet_type=bet_type.code, below=lambda _bound: 0)
    chances = line_odds.of(
        version, [bets.pack(version, line)], special_on=tier.special_only, bet_types=[line.bet_type]
    )
    if chances is None:
        raise RuntimeError("One line always has odds.")
    return float(chances.per_tier[tier.number])


@dataclass
class _Won:
    """Winning selections of a tier by ticket, and how many lines those tickets have."""

    selections: Counter[str]
    lines: Counter[str]


def _winning_selections(case: Case) -> dict[Tier, _Won]:
    """Per rare tier, how many selections of each ticket won, multipliers aside."""
    result = case.draw.result
    found = {tier: _Won(Counter(), Counter()) for tier in _rare_tiers(case.version)}
    codes = dict(_top_prizes(case).values_list("ticket_id", "ticket__code")[:MOST_TICKETS])
    rows = list(Selection.objects.filter(draw_id=case.draw.pk, ticket_id__in=list(codes)))
    lines: Counter[str] = Counter()
    for row in rows:
        lines[codes[row.ticket_id]] += row.lines
    for row in rows:
        hits = bets.hits(
            case.version,
            row.masks,
            (result.mask_1, result.mask_2),
            bet_type=row.bet_type,
            special_on=case.draw.special_on,
        )
        for tier, won in found.items():
            if hits.get(tier.number):
                won.selections[codes[row.ticket_id]] += 1
                won.lines = lines
    return found


def _top_tiers(version: RuleVersion) -> list[Tier]:
    """Those whose prize floats; in a game of fixed prizes the one that pays most."""
    tiers = [tier for tier in version.tiers if tier.when is None and not tier.special_only]
    floating = [tier for tier in tiers if tier.is_floating]
    return floating or [max(tiers, key=lambda tier: tier.fixed_fen or 0)]


def _rare_tiers(version: RuleVersion) -> list[Tier]:
    """Of them, those so rare that a number which many like to choose is no explanation."""
    return [tier for tier in _top_tiers(version) if odds(version, tier) <= RARE]


def _top(version: RuleVersion) -> Q:
    """Prizes in one of the highest tiers: those whose prize is not fixed."""
    return _in(_top_tiers(version))


def _in(tiers: Sequence[Tier]) -> Q:
    """Prizes with a line in one of these tiers."""
    numbers = "|".join(str(tier.number) for tier in tiers)
    return Q(won__regex=f"(^|,)({numbers}):")


def _top_prizes(case: Case) -> QuerySet[Prize]:
    return Prize.objects.filter(_top(case.version), draw=case.draw).order_by("ticket_id")


def _codes(found: QuerySet[Prize]) -> list[str]:
    return list(found.values_list("ticket__code", flat=True)[:NAMED])


# The tickets that won


def last_minute(case: Case) -> Finding:
    """Top prizes of tickets sold in the last minute: an alarm for the first tier, else unusual."""
    late = _top_prizes(case).filter(ticket__sold_at__gt=case.draw.closes_at - LAST_MINUTE)
    outcome = Outcome.CLEAR
    if late.exists():
        is_first = late.filter(_in(_top_tiers(case.version)[:1])).exists()
        outcome = Outcome.ALARM if is_first else Outcome.NOTICE
    return Finding(
        statistic=late.count(),
        count=late.count(),
        facts={"tickets": _codes(late)},
        outcome=outcome,
    )


def evidence(case: Case) -> Finding:
    """Tickets with a large prize whose receipt or log entry is missing, wrong, or came too late."""
    prizes = Prize.objects.filter(
        _top(case.version) | Q(route=Prize.Route.CENTRE), draw=case.draw
    ).select_related("ticket__receipt")
    tickets = [prize.ticket for prize in prizes.order_by("-amount", "ticket_id")[:MOST_TICKETS]]
    signers = dict(keys.public_of(keys.Role.RECEIPT))
    logged = log.first_logged("ticket", [ticket.code for ticket in tickets])
    lines = _lines([ticket.pk for ticket in tickets])
    wrong: dict[str, list[str]] = {}
    for ticket in tickets:
        lacks = []
        at = logged.get(ticket.code)
        if at is None:
            lacks.append("not_logged")
        elif not -LOGGED_WITHIN < at - ticket.sold_at < LOGGED_WITHIN:
            lacks.append("logged_late")
        lacks += _receipt_lacks(ticket, lines[ticket.pk], signers)
        if ticket.sold_at > case.draw.closes_at:
            lacks.append("sold_after_the_close")
        if lacks:
            wrong[ticket.code] = lacks
    return Finding(
        statistic=len(wrong),
        count=len(wrong),
        facts={"tickets": list(wrong)[:NAMED], "lacks": dict(list(wrong.items())[:NAMED])},
        outcome=Outcome.ALARM if wrong else Outcome.CLEAR,
    )


def _receipt_lacks(ticket: Ticket, line: bytes, signers: Mapping[str, bytes]) -> list[str]:
    """What is wrong with the receipt of a ticket, whose line is this one now."""
    try:
        signer = signers.get(ticket.receipt.key_id)
    except Receipt.DoesNotExist:
        return ["no_receipt"]
    try:
        receipts.check(receipts.of(ticket, line=line), key=signer or b"")
    except (receipts.ReceiptNotGenuine, ValueError):
        return ["receipt_differs"]
    return []


def _lines(tickets: Sequence[int]) -> dict[int, bytes]:
    """The canonical lines of tickets as their rows are now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t, sales_ticket_line(t) FROM unnest(%s::bigint[]) AS t", [list(tickets)]
        )
        rows: list[tuple[int, Any]] = cursor.fetchall()
    return {ticket: bytes(line) if line is not None else b"" for ticket, line in rows}


for _one in (
    Detector(
        name="prize_winners",
        title=_("More winners than can be expected"),
        explanation=_(
            "From the lines sold follows how many first and second prizes to expect. Looks for far"
            " more of them, and for one ticket that holds too many: tickets changed after the draw"
            " were found so. Every selection counts once, whatever its multiplier."
        ),
        measured=_("Winning selections, or those of one ticket"),
        false_alarm=_(
            "At most once in 10,000 draws if players chose their numbers evenly; a drawn number"
            " that many like to choose sets it off too."
        ),
        stage=Stage.WINNERS,
        look=prize_winners,
    ),
    Detector(
        name="staff_winners",
        title=_("Winners among the staff"),
        explanation=_(
            "Who holds a post may not play. Looks for winners who hold one or held one in the last"
            " twelve months, and for winners with the bank account of such a person."
        ),
        measured=_("Prizes of such people"),
        false_alarm=_(
            "It is never set off by chance: an alarm for a top prize, a notice for a small one."
        ),
        stage=Stage.WINNERS,
        look=staff_winners,
    ),
    Detector(
        name="insider_rate",
        title=_("Staff who win more often"),
        explanation=_(
            "Over the last 100 draws of a year, people who hold or held a post win as often as"
            " everybody else. Looks for more wins than their share of the tickets allows."
        ),
        measured=_("Winning tickets of such people"),
        false_alarm=_("A fair year sets it off at most once in 10,000 readings."),
        stage=Stage.WINNERS,
        look=insider_rate,
        of_game=True,
    ),
    Detector(
        name="last_minute",
        title=_("Top prizes sold in the last minute"),
        explanation=_(
            "Looks for tickets with a first or second prize that were sold in the last minute"
            " before the close, so that people look at their sale before anything large is paid."
        ),
        measured=_("Such tickets"),
        false_alarm=_(
            "As often as the last minute's share of the sales: about one first prize in so many"
            " is sold then by chance."
        ),
        stage=Stage.WINNERS,
        look=last_minute,
    ),
    Detector(
        name="winner_evidence",
        title=_("Winning tickets without their evidence"),
        explanation=_(
            "Every ticket has its entry in the log and its signed receipt from the moment of the"
            " sale. Looks for tickets with a large prize where one of them is missing, came late or"
            " does not fit the ticket."
        ),
        measured=_("Such tickets"),
        false_alarm=_("It is never set off by chance."),
        stage=Stage.WINNERS,
        look=evidence,
    ),
):
    monitors.register(_one)
