"""Counting the winning lines of a range of tickets, from the masks of their selections (D6, D7).

Single lines, nearly everything that is sold, are counted by the database in one statement;
multiples and bankers combinatorially, one by one. Nothing is ever expanded into lines.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from django.db import connection

from games import bets
from games.models import Draw
from games.rules import RuleVersion

Found = dict[int, Counter[int]]

_ONE_LINE = "s.lines = 1 AND s.mask_1 = 0 AND s.mask_3 = 0"
_FETCH = 2_000


def winning_lines(
    version: RuleVersion, draw: Draw, result: Sequence[int], *, first: int, last: int
) -> Found:
    """Winning lines per ticket and tier of the tickets `first` to `last`; multipliers count.

    Tickets that won nothing are left out.
    """
    found: Found = defaultdict(Counter)
    _count_single_lines(found, version, draw, result, first=first, last=last)
    _count_others(found, version, draw, result, first=first, last=last)
    return dict(found)


def _count_single_lines(
    found: Found, version: RuleVersion, draw: Draw, result: Sequence[int], *, first: int, last: int
) -> None:
    tiers = version.tier_by_match(special_on=draw.special_on)
    hits = [(*match, 0)[:2] for match in tiers]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.ticket_id, w.tier, sum(s.multiplier)::bigint
              FROM sales_selection s
              JOIN unnest(%s::int[], %s::int[], %s::int[]) AS w (hits_1, hits_2, tier)
                ON w.hits_1 = bit_count((s.mask_2 & %s)::bit(64))
               AND w.hits_2 = bit_count((s.mask_4 & %s)::bit(64))
             WHERE s.draw_id = %s AND s.ticket_id BETWEEN %s AND %s AND {_ONE_LINE}
             GROUP BY s.ticket_id, w.tier
            """,  # noqa: S608 - a constant of this module
            [
                [first_hits for first_hits, _second_hits in hits],
                [second_hits for _first_hits, second_hits in hits],
                list(tiers.values()),
                *_two(result),
                draw.pk,
                first,
                last,
            ],
        )
        for ticket_id, tier, lines in cursor.fetchall():
            found[ticket_id][tier] += lines


def _count_others(
    found: Found, version: RuleVersion, draw: Draw, result: Sequence[int], *, first: int, last: int
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.ticket_id, s.multiplier, s.mask_1, s.mask_2, s.mask_3, s.mask_4
              FROM sales_selection s
             WHERE s.draw_id = %s AND s.ticket_id BETWEEN %s AND %s AND NOT ({_ONE_LINE})
            """,  # noqa: S608 - a constant of this module
            [draw.pk, first, last],
        )
        while rows := cursor.fetchmany(_FETCH):
            for ticket_id, multiplier, *masks in rows:
                won = bets.hits(version, masks, result, special_on=draw.special_on)
                for tier, lines in won.items():
                    found[ticket_id][tier] += lines * multiplier


def summed(found: Mapping[int, Mapping[int, int]]) -> dict[str, int]:
    """Winning lines per tier over all tickets, with the tier as text, as rows keep it."""
    total: Counter[int] = Counter()
    for won in found.values():
        total.update(won)
    return {str(tier): lines for tier, lines in sorted(total.items())}


def _two(result: Sequence[int]) -> tuple[int, int]:
    return result[0], result[1] if len(result) > 1 else 0
