"""What must hold in the books of plans and of tickets that were taken back."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from finance.invariants import Invariant, register

register(
    Invariant(
        code="INV13",
        name="plans_hold_what_is_left",
        title=_("What is set aside for a plan is what its draws to come cost"),
        figure=(
            "SELECT sum(p.price * (p.draws - (SELECT count(*) FROM sales_planstep s"
            " WHERE s.plan_id = p.id))) FROM sales_plan p"
            " WHERE p.state = 'RUNNING' AND NOT p.is_shadow"
        ),
        is_nightly=True,
        everything="""
        SELECT coalesce(p.code, b.code)
          FROM (SELECT p.code, CASE p.state WHEN 'RUNNING' THEN p.price * (p.draws - (
                           SELECT count(*) FROM sales_planstep s WHERE s.plan_id = p.id))
                       ELSE 0 END AS fen
                  FROM sales_plan p) p
          FULL JOIN (SELECT split_part(e.reference, ':', 2) AS code,
                            sum(CASE e.kind WHEN 'PLAN_HOLD' THEN t.amount
                                            ELSE -t.amount END) AS fen
                       FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id
                      WHERE e.kind IN ('PLAN_HOLD', 'PLAN_RELEASE') GROUP BY 1) b
            ON b.code = p.code
         WHERE p.fen IS DISTINCT FROM coalesce(b.fen, 0)""",
    )
)
register(
    Invariant(
        code="INV9",
        name="taken_back_is_refunded_once",
        title=_("What a ticket cost that was taken back went back once, to the fen"),
        figure="SELECT sum(amount) FROM sales_cancellation WHERE NOT is_shadow",
        is_nightly=True,
        everything="""
        SELECT t.code FROM sales_cancellation c JOIN sales_ticket t ON t.id = c.ticket_id
         WHERE c.amount <> t.price OR c.amount IS DISTINCT FROM (
               SELECT sum(x.amount) FROM finance_entry e
                 JOIN finance_transfer x ON x.entry_id = e.id
                WHERE e.reference = 'refund:' || t.code AND e.kind = 'REFUND')""",
    )
)
