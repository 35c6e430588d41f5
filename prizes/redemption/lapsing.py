"""What is about to lapse, and what lapsed, for everybody and without anybody's name (N10).

Groups of fewer than five prizes are not told apart: a single large prize would say whose it is to
those who know where it was won. Totals are those of the groups that are shown, so that nothing can
be worked out from the difference. Of a prize that waits, `COUNTED_UP_TO` is counted at most:
neither the sum nor what it loses from one day to the next tells that a large one still waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import connection
from django.db.models import Count, Sum

from finance import ledger
from finance.ledger import EntryKind
from games.models import Game
from lottery_portal.lib.dates import SHANGHAI, in_shanghai
from prizes.claim_models import PrizeEnd

FEWEST = 5
WITHIN = timedelta(days=30)
COUNTED_UP_TO = 10_000_00  # fen; larger prizes are taxed, and talked about


@dataclass(frozen=True)
class Group:
    """The prizes of one game; without figures where they are fewer than five."""

    game: str
    prizes: int | None
    fen: int | None


@dataclass(frozen=True)
class Lapsing:
    """What lapses within thirty days, what lapsed this year, and what the fund got of it."""

    today: date
    until: date
    soon: tuple[Group, ...]
    lapsed: tuple[Group, ...]
    fund_fen: int
    register_fen: int

    @property
    def soon_prizes(self) -> int:
        """How many lapse soon, in the games that are shown with figures."""
        return sum(one.prizes or 0 for one in self.soon)

    @property
    def soon_fen(self) -> int:
        """And what they are worth, each as far as it is counted."""
        return sum(one.fen or 0 for one in self.soon)

    @property
    def lapsed_prizes(self) -> int:
        """How many lapsed this year, in the games that are shown with figures."""
        return sum(one.prizes or 0 for one in self.lapsed)


def of_now(*, now: datetime) -> Lapsing:
    """The counter as it stands."""
    today = in_shanghai(now).date()
    since = datetime.combine(today.replace(month=1, day=1), time.min, SHANGHAI)
    ends = PrizeEnd.objects.filter(
        kind=PrizeEnd.Kind.FORFEITED, prize__draw__is_shadow=False, ended_at__gte=since
    )
    by_game = ends.values_list("prize__draw__game__name").annotate(
        prizes=Count("pk"), fen=Sum("amount")
    )
    return Lapsing(
        today=today,
        until=today + WITHIN,
        soon=_shown(_soon(today)),
        lapsed=_shown(list(by_game.order_by("prize__draw__game__position"))),
        fund_fen=_into_the_fund(since),
        register_fen=ends.aggregate(fen=Sum("amount"))["fen"] or 0,
    )


def _shown(rows: list[tuple[str, int, int]]) -> tuple[Group, ...]:
    return tuple(
        Group(game, prizes, fen) if prizes >= FEWEST else Group(game, None, None)
        for game, prizes, fen in rows
    )


def _soon(today: date) -> list[tuple[str, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT g.name, count(*), sum(least(z.amount, %(most)s))::bigint
              FROM prizes_prize z JOIN prizes_claimperiod c ON c.draw_id = z.draw_id
              JOIN games_draw d ON d.id = z.draw_id AND NOT d.is_shadow
              JOIN games_game g ON g.id = d.game_id
             WHERE z.route = 'CENTRE'
               AND (c.last_day BETWEEN %(today)s AND %(until)s
                    OR EXISTS (SELECT FROM prizes_claimlimit m WHERE m.prize_id = z.id))
               AND prizes_last_day(z.id) BETWEEN %(today)s AND %(until)s
               AND NOT EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = z.id)
               AND prizes_may_go_on(z.id)
             GROUP BY g.id, g.name, g.position ORDER BY g.position, g.id
            """,
            {"today": today, "until": today + WITHIN, "most": COUNTED_UP_TO},
        )
        return [(game, prizes, fen) for game, prizes, fen in cursor.fetchall()]


def _into_the_fund(since: datetime) -> int:
    """What lapsed prizes brought into the welfare funds, as the books say."""
    games = Game.objects.filter(is_shadow=False).values_list("code", flat=True)
    rows = ledger.movements(*(f"welfare:{code}" for code in games), kinds=[EntryKind.FORFEIT])
    return int(rows.filter(posted_at__gte=since).aggregate(fen=Sum("amount"))["fen"] or 0)
