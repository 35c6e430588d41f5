"""What must hold of cancelled draws in the books (F075, N05)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from finance.invariants import Invariant, register

register(
    Invariant(
        code="INV1",
        name="refunded_once",
        title=_("Each refunded ticket is in the books once, to the fen, and of a cancelled draw"),
        figure="SELECT sum(amount) FROM sales_ticketrefund",
        is_nightly=True,
        everything="""
        SELECT coalesce(r.reference, e.reference)
          FROM (SELECT x.*, t.price, d.state, d.code AS draw FROM sales_ticketrefund x
                  JOIN sales_ticket t ON t.id = x.ticket_id
                  JOIN games_draw d ON d.id = t.draw_id) r
          JOIN finance_entry e ON e.reference = r.reference
          LEFT JOIN LATERAL (
               SELECT sum(m.amount) AS fen, bool_and(s.code = 'stakes:' || r.draw) AS of_its_draw
                 FROM finance_transfer m JOIN finance_account s ON s.id = m.source_id
                WHERE m.entry_id = e.id) b ON true
         WHERE r.state <> 'CANCELLED' OR b.fen IS DISTINCT FROM r.price OR NOT b.of_its_draw
            OR r.amount <> r.price
        UNION ALL
        SELECT r.reference FROM sales_ticketrefund r
          JOIN sales_cancellation c ON c.ticket_id = r.ticket_id
        UNION ALL
        SELECT r.reference FROM sales_ticketrefund r
         WHERE NOT EXISTS (SELECT FROM finance_entry e WHERE e.reference = r.reference)""",
    )
)
register(
    Invariant(
        code="INV1",
        name="cancelled_draws_keep_nothing",
        title=_("Of a draw that is refunded nothing is left, in its stakes or in what was divided"),
        figure="SELECT count(*) FROM sales_drawrefund WHERE done_at IS NOT NULL",
        is_money=False,
        everything="""
        SELECT d.code || ': ' || b.code FROM sales_drawrefund r
          JOIN games_draw d ON d.id = r.draw_id
         CROSS JOIN LATERAL finance_balances(ARRAY['stakes:' || d.code, 'prizes:' || d.code]) b
         WHERE r.done_at IS NOT NULL AND b.balance <> 0
        UNION ALL
        SELECT e.reference FROM finance_entry e
         WHERE e.kind = 'ALLOCATION' AND e.reference LIKE 'allocation:%%:back' AND NOT EXISTS (
               SELECT FROM games_draw d WHERE d.state = 'CANCELLED'
                  AND e.reference = 'allocation:' || d.code || ':back')""",
    )
)
