"""Winners are told in time: thirty days, seven days, and one day before a prize lapses (F079, N10).

The message is left in the message centre and goes out by every way that reaches the winner, once
for each step and last day: a day that moved is told anew. A prize whose clock stands needs none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection

from accounts import messages
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import door
from prizes.models import Prize

KIND = "prizes.claim_by"
STEPS = (30, 7, 1)  # days before the last day
BATCH = 100

# Prizes that lapse soon and whose winner has not been told of this step. Days left decide the step:
# a prize that came late gets the step that still makes sense, and not those that are past.
_DUE = """
SELECT x.id, x.last_day, x.step FROM (
    SELECT z.id, z.owner_id, t.code, l.last_day,
           CASE WHEN l.last_day - %(today)s <= 1 THEN 1 WHEN l.last_day - %(today)s <= 7 THEN 7
                ELSE 30 END AS step
      FROM prizes_prize z JOIN prizes_claimperiod c ON c.draw_id = z.draw_id
      JOIN sales_ticket t ON t.id = z.ticket_id
     CROSS JOIN LATERAL prizes_last_day(z.id) l (last_day)
     WHERE z.route = 'CENTRE' AND z.id > %(behind)s
       AND (c.last_day BETWEEN %(today)s AND %(today)s + 30
            OR EXISTS (SELECT FROM prizes_claimlimit m WHERE m.prize_id = z.id))
       AND l.last_day BETWEEN %(today)s AND %(today)s + 30
       AND NOT EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = z.id)
       AND prizes_may_go_on(z.id)) x
  JOIN accounts_player y ON y.id = x.owner_id
 WHERE NOT EXISTS (SELECT FROM accounts_message m WHERE m.user_id = y.user_id
                      AND m.natural_key = concat_ws(':', 'claim_by', x.code, x.last_day, x.step))
 ORDER BY x.id LIMIT %(most)s
"""


def send_due(*, now: datetime) -> int:
    """Remind every winner whose turn it is; how many messages that were."""
    today, sent, behind = in_shanghai(now).date(), 0, 0
    while found := _due(today, behind):
        sent += _send(found, today, now=now)
        behind = found[-1][0]
    return sent


def _due(today: date, behind: int) -> list[tuple[int, date, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"today": today, "behind": behind, "most": BATCH})
        return [(pk, day, step) for pk, day, step in cursor.fetchall()]


@door
def _send(found: Sequence[tuple[int, date, int]], today: date, *, now: datetime) -> int:
    prizes = Prize.objects.select_related("ticket", "draw__game", "owner__user").in_bulk(
        [pk for pk, _day, _step in found]
    )
    for pk, last_day, step in found:
        prize = prizes[pk]
        messages.send(
            user=prize.owner.user,
            kind=KIND,
            params={
                "ticket": prize.ticket.code,
                "game": prize.draw.game.name,
                "issue": prize.draw.issue,
                "amount_fen": prize.amount,
                "last_day": last_day.isoformat(),
                "days_left": (last_day - today).days,
                "step": step,
            },
            natural_key=f"claim_by:{prize.ticket.code}:{last_day}:{step}",
            now=now,
        )
    return len(found)
