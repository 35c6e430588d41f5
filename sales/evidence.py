"""How the log's hashes of this room are computed again from its rows.

From the seal until the draw is held nobody reads the selections (article 22), this comparison
neither: meanwhile the sealed file under its published root stands for them.
"""

from collections.abc import Iterator

from django.db import connection
from django.utils.translation import gettext_noop

from audit import log, logged_rows
from games import seals
from games.models import SealStatement
from lottery_portal.lib.sentences import sentence

from . import sealing

NAMED = 50
NEWEST = 40  # draws whose sealed files are read again each night; their statements are in the log

logged_rows.register(
    logged_rows.Source(
        "ticket",
        sql="""
            SELECT l.code::text, l.leaf
              FROM (SELECT d.id FROM games_draw d
                     WHERE d.state <> 'SEALED'
                       AND EXISTS (SELECT FROM sales_ticket t WHERE t.draw_id = d.id)
                    OFFSET 0) sold CROSS JOIN LATERAL sales_leaves_now(sold.id) l
        """,  # hundreds of planned draws have sold nothing yet, and each question costs
        unreadable="""
            SELECT t.code FROM sales_ticket t JOIN games_draw d ON d.id = t.draw_id
             WHERE d.state = 'SEALED'
        """,
    )
)


OUT_OF_ORDER = sentence(gettext_noop("not after the seal before it"))
TOO_LATE = sentence(gettext_noop("logged after the last interval of its draw"))


def seals_that_differ() -> Iterator[log.Difference]:
    """Seals whose file, signatures or place in the chain no longer fit."""
    newest = SealStatement.objects.select_related("draw").order_by("-sealed_at")
    for statement in newest[:NEWEST]:
        for problem in sealing.check(statement, with_rows=False):
            yield log.Difference("seal", statement.draw.code, "changed", problem)
    for statement in seals.breaks():
        yield log.Difference("seal", statement.draw.code, "changed", OUT_OF_ORDER.of())


_LATE = """
SELECT t.code FROM audit_entry e
  JOIN audit_sequenced s ON (s.epoch, s.xid, s.entry_id) = (e.epoch, e.xid, e.id)
  JOIN sales_ticket t ON t.code = e.key
  JOIN sales_rollingcheck r ON r.draw_id = t.draw_id AND r.is_closing
 WHERE e.kind = 'ticket' AND s.seq >= r.log_size
 ORDER BY t.code LIMIT %s
"""


def tickets_logged_late() -> Iterator[log.Difference]:
    """Tickets that came into the log after the witness signed that the sale of the draw is over."""
    with connection.cursor() as cursor:
        cursor.execute(_LATE, [NAMED])
        codes = [code for (code,) in cursor.fetchall()]
    for code in codes:
        yield log.Difference("ticket", code, "late", TOO_LATE.of())


log.register_check("late_tickets", tickets_logged_late)
log.register_check("seals", seals_that_differ)
