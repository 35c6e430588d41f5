"""What each ticket won has no hash of its own in the log: it follows from what has.

The digests of both engines' result files are there, and the batches with their digests, and the
tickets. Hits and prizes are written as result files again and compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from django.utils.translation import gettext_noop

from audit import log
from lottery_portal.lib.lanes import one_moment
from lottery_portal.lib.sentences import sentence

from . import comparison, engines, pools, result_file
from .models import EngineRun, PrizeSheet, Settlement

NAMED = 50

_COLUMNS = """
SELECT CASE WHEN p.ticket_id IS NULL OR h.draw_id IS NULL OR h.owner_id IS DISTINCT FROM t.owner_id
            THEN 'hit' ELSE 'prize' END, coalesce(t.code, ticket_id::text)
  FROM (SELECT * FROM prizes_hit WHERE draw_id = %(draw)s) h
  FULL JOIN (SELECT *, sum(amount) OVER (PARTITION BY owner_id) AS together
               FROM prizes_prize WHERE draw_id = %(draw)s) p USING (ticket_id)
  LEFT JOIN sales_ticket t ON t.id = ticket_id
  LEFT JOIN (SELECT b.*, 'prize:' || %(code)s || ':' || b.number AS posting
               FROM prizes_batch b WHERE b.run_id = %(run)s) b
         ON b.posting = p.entry_reference
        AND (p.owner_id, ticket_id) BETWEEN (b.first_owner, b.first_ticket)
                                        AND (b.last_owner, b.last_ticket)
 WHERE p.ticket_id IS NULL OR h.draw_id IS NULL OR t.draw_id IS DISTINCT FROM %(draw)s
    OR h.owner_id IS DISTINCT FROM t.owner_id OR p.owner_id IS DISTINCT FROM t.owner_id
    OR h.won IS DISTINCT FROM p.won OR b.id IS NULL OR p.settled_at IS DISTINCT FROM b.credited_at
    OR p.route IS DISTINCT FROM
       CASE WHEN p.amount = 0 OR p.amount <= %(up_to)s AND p.together <= %(taxed_above)s
            THEN 'WALLET' ELSE 'CENTRE' END
 ORDER BY 2 LIMIT %(named)s
"""
_OF_NO_SETTLEMENT = """
SELECT x.kind, coalesce(t.code, x.ticket_id::text)
  FROM (SELECT 'prize' AS kind, p.draw_id, p.ticket_id FROM prizes_prize p
        UNION ALL SELECT 'hit', h.draw_id, h.ticket_id FROM prizes_hit h) x
  LEFT JOIN sales_ticket t ON t.id = x.ticket_id
 WHERE NOT EXISTS (SELECT FROM prizes_settlement s WHERE s.draw_id = x.draw_id)
 ORDER BY 2 LIMIT %s
"""


NEVER_SETTLED = sentence(gettext_noop("of a draw that was never settled"))
RUN_OR_SHEET = sentence(gettext_noop("its run or its sheet"))
NOT_AS_WRITTEN = sentence(gettext_noop("not as engine one wrote it"))


def hits_and_prizes() -> Iterator[log.Difference]:
    """Every hit and prize that is not what the engines found, by the code of its ticket."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_NO_SETTLEMENT, [NAMED])
        strays = cursor.fetchall()
    for kind, ticket in strays:
        yield log.Difference(kind, ticket, "unlogged", NEVER_SETTLED.of())
    done = Settlement.objects.filter(state=Settlement.State.DONE).order_by("pk")
    for settlement in done.select_related("draw__game", "draw__rule"):
        yield from _of(settlement)


def _of(settlement: Settlement) -> Iterator[log.Difference]:
    draw = settlement.draw
    run = EngineRun.objects.filter(draw=draw, attempt=settlement.attempt, engine=1).first()
    sheet = PrizeSheet.objects.filter(draw=draw).first()
    if run is None or sheet is None:
        yield log.Difference("settlement", str(settlement.pk), "missing", RUN_OR_SHEET.of())
        return
    kept = result_file.file_of(run)
    if result_file.digest_of(kept) != run.result_digest:
        yield log.Difference("result_file", run.file_name, "changed", NOT_AS_WRITTEN.of())
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _COLUMNS,
            {
                "draw": draw.pk, "code": draw.code, "run": run.pk, "named": NAMED,
                "up_to": settlement.wallet_up_to, "taxed_above": settlement.taxed_above,
            },
        )  # fmt: skip
        columns = cursor.fetchall()
    for kind, ticket in columns:
        yield log.Difference(kind, ticket, "changed")
    with one_moment():
        table = engines.table_of(draw, settlement, before=pools.before(sheet))
        found = result_file.write(draw, table, settlement=settlement).draft
        paid = result_file.write_paid(draw, table, settlement=settlement)
    try:
        for kind, written in (("hit", found), ("prize", paid)):
            for one in comparison.unlike(kept, written):
                yield log.Difference(kind, one.subject, "changed")
    finally:
        found.unlink()
        paid.unlink()


log.register_check("prizes", hits_and_prizes)
