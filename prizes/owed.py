"""What winners have not been paid yet, and what must hold of prizes in the books.

A prize above the wallet's ceiling waits at the prize centre, and so does every prize of a draw in
which its owner won more than is free of tax: until it is paid it is owed to the player, and stands
in the nightly proof beside what lies in his wallet (N08).
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from finance.invariants import Invariant, register
from finance.solvency import nightly

# Player number and fen of every prize that is still to be paid out: none that is over.
OPEN = """
SELECT y.code AS player, z.amount AS fen
  FROM prizes_prize z JOIN games_draw d ON d.id = z.draw_id AND NOT d.is_shadow
  JOIN accounts_player y ON y.id = z.owner_id
 WHERE z.route = 'CENTRE'
   AND NOT EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = z.id)"""

nightly.register_open("prizes.at_the_centre", OPEN)
register(
    Invariant(
        code="INV9",
        name="prize_credited_once",
        title=_("Each prize is in the books once, to the fen"),
        figure="SELECT sum(amount) FROM prizes_prize",
        is_nightly=True,
        everything="""
        SELECT coalesce(p.reference, e.reference)
          FROM (SELECT entry_reference AS reference, sum(amount) AS fen FROM prizes_prize
                 WHERE amount > 0 GROUP BY 1) p
          FULL JOIN (SELECT e.reference, sum(t.amount) AS fen FROM finance_entry e
                       JOIN finance_transfer t ON t.entry_id = e.id
                       JOIN finance_account s ON s.id = t.source_id AND s.kind = 'PRIZES'
                      WHERE e.kind = 'PRIZE' GROUP BY 1) e ON e.reference = p.reference
         WHERE p.fen IS DISTINCT FROM e.fen""",
    )
)
register(
    Invariant(
        code="INV13",
        name="open_prizes_are_set_aside",
        title=_("What lies aside for unpaid prizes is what winners are still owed"),
        figure=f"SELECT sum(o.fen) FROM ({OPEN}) o",  # noqa: S608 - written above
        everything=f"""
        SELECT 'owed ' || coalesce(o.fen, 0) || ', set aside ' || coalesce(b.fen, 0)
          FROM (SELECT sum(x.fen) AS fen FROM ({OPEN}) x) o,
               (SELECT sum(t.closing) AS fen
                  FROM finance_trial(false, '-infinity', 'infinity') t
                 WHERE t.kind = 'UNCLAIMED') b
         WHERE coalesce(o.fen, 0) <> coalesce(b.fen, 0)""",  # noqa: S608 - written above
    )
)
register(
    Invariant(
        code="INV9",
        name="prize_ended_once",
        title=_(
            "What left the money of unclaimed prizes is what ended, paid or lapsed, to the fen"
        ),
        figure="SELECT sum(amount) FROM prizes_prizeend",
        is_nightly=True,
        everything="""
        SELECT coalesce(z.reference, b.reference)
          FROM (SELECT e.entry_reference AS reference, p.draw_id, sum(e.amount) AS fen
                  FROM prizes_prizeend e JOIN prizes_prize p ON p.id = e.prize_id
                 GROUP BY 1, 2) z
          FULL JOIN (SELECT e.reference, d.id AS draw_id, sum(t.amount) AS fen
                       FROM finance_account a JOIN games_draw d ON a.code = 'unclaimed:' || d.code
                       JOIN finance_transfer t ON t.source_id = a.id
                       JOIN finance_entry e ON e.id = t.entry_id
                      WHERE a.kind = 'UNCLAIMED' GROUP BY 1, 2) b
            ON b.reference = z.reference AND b.draw_id = z.draw_id
         WHERE z.fen IS DISTINCT FROM b.fen""",
    )
)
