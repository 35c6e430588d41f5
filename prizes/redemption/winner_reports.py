"""Reports about winners and claims, for staff: small cells stand in them (F222; S1·七1, 八)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts import regions
from audit import reports
from audit.reports import Column
from prizes.claim_models import Claim, PrizeEnd

from . import statistics, winner_words

ROLES = frozenset({"compliance", "auditor", "regulator"})
HOUR = 3600

WINNERS = """
SELECT g.code, to_char(s.done_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM'),
       width_bucket(z.amount - 1, %(bands)s::bigint[]), coalesce(r.region, ''),
       count(DISTINCT z.owner_id), count(*), sum(z.amount)::bigint
  FROM prizes_settlement s JOIN prizes_prize z ON z.draw_id = s.draw_id
  JOIN games_draw d ON d.id = s.draw_id AND NOT d.is_shadow
  JOIN games_game g ON g.id = d.game_id
  JOIN accounts_player y ON y.id = z.owner_id
  LEFT JOIN accounts_personregion r ON r.person_id = y.person_id
 WHERE s.done_at >= %(since)s AND s.done_at < %(until)s AND z.amount > 0
 GROUP BY g.position, g.code, 2, 3, 4 ORDER BY g.position, g.code, 2, 3, 4"""
# Claims opened in the interval, by way, province of the outlet and state; the times of those paid.
CLAIMS = """
SELECT c.way, coalesce(o.province, ''), c.state, count(*), sum(z.amount)::bigint,
       count(e.id), ceil(avg(extract(epoch FROM e.ended_at - c.opened_at)))::bigint,
       ceil(max(extract(epoch FROM e.ended_at - c.opened_at)))::bigint,
       count(*) FILTER (
           WHERE c.due_on IS NOT NULL AND c.state NOT IN ('REFUSED', 'RECOVERED', 'WITHDRAWN')
             AND (coalesce(e.ended_at, clock_timestamp()) AT TIME ZONE 'Asia/Shanghai')::date > c.due_on)
  FROM prizes_claim c JOIN prizes_prize z ON z.id = c.prize_id
  JOIN games_draw d ON d.id = z.draw_id AND NOT d.is_shadow
  LEFT JOIN prizes_prizeend e ON e.claim_id = c.id
  LEFT JOIN partners_outlet o ON o.code = c.outlet_code
 WHERE c.opened_at >= %(since)s AND c.opened_at < %(until)s
 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""  # noqa: E501 - one condition
LAPSED = """
SELECT count(*), coalesce(sum(e.amount), 0)::bigint
  FROM prizes_prizeend e JOIN prizes_prize z ON z.id = e.prize_id
  JOIN games_draw d ON d.id = z.draw_id AND NOT d.is_shadow
 WHERE e.kind = 'FORFEITED' AND e.ended_at >= %(since)s AND e.ended_at < %(until)s"""


def _winner_rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    for game, month, rank, region, people, prizes, fen in _read(WINNERS, params):
        band = winner_words.bands([statistics.key_of(rank)])
        yield game, month, band, regions.name(region), people, prizes, fen


def _claim_rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    for way, province, state, number, fen, paid, mean, longest, late in _read(CLAIMS, params):
        yield (
            str(Claim.Way(way).label), province, str(Claim.State(state).label), number, fen, paid,
            _hours(mean), _hours(longest), late,
        )  # fmt: skip
    for number, fen in _read(LAPSED, params):
        if number:
            label = str(PrizeEnd.Kind.FORFEITED.label)
            yield _now("Nobody claimed"), "", label, number, fen, 0, None, None, 0


def _hours(seconds: int | None) -> int | None:
    """Whole hours, rounded up."""
    return None if seconds is None else -(-int(seconds) // HOUR)


def _read(question: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    since, until = reports.period(params)
    values: dict[str, datetime | list[int]] = {
        "since": since,
        "until": until,
        "bands": list(statistics.BANDS),
    }
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        return list(cursor.fetchall())


reports.register(
    reports.Report(
        name="prizes.winners",
        title=_("Winners by game, month, amount and region"),
        about=_(
            "What was won in draws settled in the interval. Few winners stand alone in it: it is "
            "not for publication, which is folded."
        ),
        columns=[
            Column("game", _("Game")),
            Column("month", _("Month")),
            Column("band", _("Prize of a ticket")),
            Column("region", _("Region")),
            Column("winners", _("Winners"), "count"),
            Column("prizes", _("Prizes"), "count"),
            Column("amount", _("Amount (yuan)"), "money"),
        ],
        rows=_winner_rows,
        roles=ROLES,
    )
)
reports.register(
    reports.Report(
        name="prizes.redemption",
        title=_("Redemption: claims by way, place and state"),
        about=_(
            "Claims opened in the interval, how long they took to be paid, which are late or "
            "refused; and what lapsed in it."
        ),
        columns=[
            Column("way", _("Way")),
            Column("province", _("Province of the outlet")),
            Column("state", _("State")),
            Column("claims", _("Claims or prizes"), "count"),
            Column("amount", _("Amount (yuan)"), "money"),
            Column("paid", _("of these paid"), "count"),
            Column("mean_hours", _("Hours until paid, mean"), "count"),
            Column("longest_hours", _("Hours until paid, longest"), "count"),
            Column("late", _("Later than due"), "count"),
        ],
        rows=_claim_rows,
        roles=ROLES | {"treasurer", "claims_officer"},
    )
)
