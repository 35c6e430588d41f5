"""A second look at a settled draw: counted again from the sealed file, line by line of it.

Nothing of the settlement is used but its outcome. What differs is said in words; no words: all is
well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations

from finance import ledger
from games import bets, rule_sheets
from games.models import Draw, SealStatement
from games.rules import RuleVersion
from sales import canonical, sealing
from sales.opening import prizes_of, stakes_of

from .models import Prize, PrizeSheet, TierOutcome
from .settlement import unclaimed_of

# A selection of more lines is counted combinatorially; expanding it would take minutes.
MOST_EXPANDED = 2_000


def differences(draw: Draw) -> list[str]:
    """What is not as the sealed file, the rules and the books say it must be."""
    found = []
    won, winners = _recount(draw)
    outcomes = {row.tier: row for row in TierOutcome.objects.filter(draw=draw)}
    for tier, row in sorted(outcomes.items()):
        if row.winners != winners[tier]:
            found.append(f"tier {tier}: {row.winners} lines settled, {winners[tier]} in the file")
    owed = {
        code: sum(lines * outcomes[tier].prize for tier, lines in tiers.items())
        for code, tiers in won.items()
    }
    paid = dict(Prize.objects.filter(draw=draw).values_list("ticket__code", "amount"))
    if owed != paid:
        wrong = sorted(
            code for code in owed.keys() | paid.keys() if owed.get(code) != paid.get(code)
        )
        found.append(f"{len(wrong)} tickets paid otherwise than owed, {wrong[0]} first")
    return found + _books(draw, sum(owed.values()))


def _books(draw: Draw, owed: int) -> list[str]:
    sheet = PrizeSheet.objects.get(draw=draw)
    found = [
        f"{account} holds {left} fen"
        for account in (stakes_of(draw), prizes_of(draw))
        if (left := ledger.balance(account))
    ]
    money_in = sheet.prize_money + sheet.pool_before + sheet.fund_paid
    money_out = owed + sheet.pool_after + sheet.rounding_to_fund
    if money_in != money_out:
        found.append(f"money in {money_in} fen, money out {money_out} fen")
    at_centre = sum(
        Prize.objects.filter(draw=draw, route=Prize.Route.CENTRE).values_list("amount", flat=True)
    )
    if (held := ledger.balance(unclaimed_of(draw))) > at_centre:
        found.append(f"{unclaimed_of(draw)} holds {held} fen, {at_centre} fen were won")
    found += [
        f"the books of one kind sum up to {total} fen"
        for is_shadow in (False, True)
        if (total := ledger.trial_balance(is_shadow=is_shadow))
    ]
    return found


def _recount(draw: Draw) -> tuple[dict[str, Counter[int]], Counter[int]]:
    version = rule_sheets.version_of(draw)
    drawn = [frozenset(zone) for zone in draw.result.numbers]
    tiers = version.tier_by_match(special_on=draw.special_on)
    masks = bets.result_masks(version, draw.result.numbers)
    won: dict[str, Counter[int]] = {}
    winners: Counter[int] = Counter()
    for line in _lines(draw):
        mine: Counter[int] = Counter()
        for text in line.selections:
            selection = bets.parse(text)
            if bets.count_lines(version, selection) <= MOST_EXPANDED:
                hits: Mapping[int, int] = _expanded(version, selection, drawn, tiers)
            else:
                hits = bets.hits(version, bets.pack(selection), masks, special_on=draw.special_on)
            for tier, lines in hits.items():
                mine[tier] += lines * selection.multiplier
        if mine:
            won[line.ticket] = mine
            winners.update(mine)
    return won, winners


def _expanded(
    version: RuleVersion,
    selection: bets.Selection,
    drawn: list[frozenset[int]],
    tiers: Mapping[tuple[int, ...], int],
) -> Counter[int]:
    """Hits of every elementary line, written out."""
    per_zone = [
        Counter(
            len(zone_drawn.intersection((*bankers, *drags)))
            for drags in combinations(picks, zone.picked - len(bankers))
        )
        for zone, bankers, picks, zone_drawn in zip(
            version.zones, selection.bankers, selection.picks, drawn, strict=True
        )
    ]
    found: Counter[int] = Counter()
    for match, tier in tiers.items():
        lines = 1
        for hits, counted in zip(match, per_zone, strict=True):
            lines *= counted[hits]
        if lines:
            found[tier] += lines
    return found


def _lines(draw: Draw) -> Iterator[canonical.TicketLine]:
    seal = SealStatement.objects.get(draw=draw)
    with sealing.file_of(seal).open("rb") as file:
        next(file)
        for line in file:
            yield canonical.decode(line.rstrip(b"\n"))
