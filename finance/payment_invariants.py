"""What must hold between payments and the books: each once, to the fen, and as others agreed.

Every few minutes it is asked of what has moved since: of the entries after a transfer, and of the
deposits and withdrawals that ended or were approved after its time, an hour taken off for what is
written down under an earlier clock. At night it is asked of everything.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .books import QUESTIONS
from .invariants import Invariant, register

# The entries since, and the time from which rows are looked at.
_ENTRIES = """(SELECT e.* FROM finance_entry e WHERE NOT e.is_shadow AND e.id IN (
              SELECT t.entry_id FROM finance_transfer t WHERE t.id > %(since)s))"""
_MOMENT = """(SELECT coalesce(max(t.posted_at), '-infinity') - interval '1 hour'
                FROM finance_transfer t WHERE t.id = %(since)s)"""

_DEPOSITS = "SELECT sum(amount) FROM finance_deposit WHERE credited_at IS NOT NULL"
_PAID = "SELECT sum(amount) FROM finance_withdrawal WHERE state = 'PAID'"

_IS_NOT_ITS_CREDIT = """d.id IS NULL OR e.id IS NULL
            OR d.amount <> (SELECT sum(t.amount) FROM finance_transfer t WHERE t.entry_id = e.id)
            OR NOT EXISTS (SELECT 1 FROM finance_providerevent v
                            WHERE v.provider = d.provider AND v.order_code = d.code
                              AND v.kind = 'PAID' AND v.outcome <> 'QUARANTINED'
                              AND v.amount = d.amount + d.fee)"""
register(
    Invariant(
        code="INV9",
        name="deposit_credited_once",
        title=_("Each deposit is credited once, by the word of its provider"),
        figure=_DEPOSITS,
        figure_since=f"{_DEPOSITS} AND credited_at > {_MOMENT}",
        everything=f"""
        SELECT coalesce(d.code, e.reference)
          FROM (SELECT * FROM finance_entry WHERE kind = 'DEPOSIT' AND NOT is_shadow) e
          FULL JOIN (SELECT * FROM finance_deposit WHERE credited_at IS NOT NULL) d
            ON e.reference = 'deposit:' || d.code
         WHERE {_IS_NOT_ITS_CREDIT}
        UNION ALL
        SELECT d.provider || ' ' || d.provider_trade FROM finance_deposit d
         WHERE d.credited_at IS NOT NULL AND d.provider_trade <> ''
         GROUP BY d.provider, d.provider_trade HAVING count(*) > 1""",  # noqa: S608 - written above
        since=f"""
        SELECT coalesce(d.code, e.reference) FROM {_ENTRIES} e
          LEFT JOIN finance_deposit d ON d.code = substr(e.reference, length('deposit:') + 1)
           AND e.reference = 'deposit:' || d.code AND d.credited_at IS NOT NULL
         WHERE e.kind = 'DEPOSIT' AND ({_IS_NOT_ITS_CREDIT})
        UNION ALL
        SELECT d.code FROM finance_deposit d
          LEFT JOIN finance_entry e ON e.reference = 'deposit:' || d.code
           AND e.kind = 'DEPOSIT' AND NOT e.is_shadow
         WHERE d.credited_at > {_MOMENT} AND ({_IS_NOT_ITS_CREDIT})
        UNION ALL
        SELECT d.provider || ' ' || d.provider_trade FROM finance_deposit d
         WHERE d.credited_at > {_MOMENT} AND d.provider_trade <> '' AND EXISTS (
               SELECT 1 FROM finance_deposit o
                WHERE o.provider = d.provider AND o.provider_trade = d.provider_trade
                  AND o.provider_trade <> '' AND o.id <> d.id
                  AND o.credited_at IS NOT NULL)""",  # noqa: S608 - written above
    )
)
# How a withdrawal stands in the books: paid, given back, and given back after it had been paid.
_ENDS = """
        SELECT w.code FROM {withdrawals} w
          LEFT JOIN finance_entry p ON p.reference = 'withdrawal:' || w.code || ':paid'
          LEFT JOIN finance_entry r ON r.reference = 'withdrawal:' || w.code || ':release'
          LEFT JOIN finance_entry b ON b.reference = 'withdrawal:' || w.code || ':returned'
         WHERE (w.state IN ('PAID', 'RETURNED')) <> (p.id IS NOT NULL)
            OR (w.state IN ('FAILED', 'REFUSED', 'RECALLED', 'RETURNED')) <> (r.id IS NOT NULL)
            OR (w.state = 'RETURNED') <> (b.id IS NOT NULL)
            OR w.amount <> (SELECT sum(t.amount) FROM finance_transfer t WHERE t.entry_id = p.id)
        UNION ALL
        SELECT e.reference FROM {entries} e
         WHERE e.kind = 'WITHDRAWAL_PAID' AND NOT e.is_shadow AND NOT EXISTS (
               SELECT 1 FROM finance_withdrawal w
                WHERE w.code = split_part(e.reference, ':', 2)
                  AND e.reference = 'withdrawal:' || w.code || ':paid')"""
_ENDED_SINCE = f"""(SELECT * FROM finance_withdrawal WHERE ended_at > {_MOMENT}
                    UNION
                    SELECT w.* FROM {_ENTRIES} e JOIN finance_withdrawal w
                        ON w.code = split_part(e.reference, ':', 2)
                     WHERE e.kind IN ('WITHDRAWAL_PAID', 'WITHDRAWAL_RELEASE', 'REVERSAL'))"""  # noqa: S608 - written above
register(
    Invariant(
        code="INV9",
        name="withdrawal_paid_once",
        title=_("Each withdrawal is paid once, and to the fen"),
        figure=_PAID,
        figure_since=f"{_PAID} AND ended_at > {_MOMENT}",
        everything=_ENDS.format(withdrawals="finance_withdrawal", entries="finance_entry"),
        since=_ENDS.format(withdrawals=_ENDED_SINCE, entries=_ENTRIES),
    )
)
# Both figures that withdrawals go by, as they were when each was asked for and approved.
_AUTOMATIC = """coalesce((SELECT p.value::text::bigint FROM audit_policyparameter p
                    WHERE p.key = 'withdrawal.automatic_up_to_fen' AND p.scope = ''
                      AND p.valid_from <= w.approved_at
                    ORDER BY p.valid_from DESC LIMIT 1), 0)"""
_PEOPLE = """coalesce((SELECT (tier.up_to->>1)::integer
                     FROM (SELECT p.value FROM audit_policyparameter p
                            WHERE p.key = 'withdrawal.people' AND p.scope = ''
                              AND p.valid_from <= r.requested_at
                            ORDER BY p.valid_from DESC LIMIT 1) x
                    CROSS JOIN LATERAL jsonb_array_elements(x.value)
                          WITH ORDINALITY AS tier (up_to, place)
                    WHERE tier.up_to->>0 IS NULL OR w.amount <= (tier.up_to->>0)::bigint
                    ORDER BY tier.place LIMIT 1), 1)"""
_APPROVED = "SELECT count(*) FROM finance_withdrawal WHERE approval_code <> ''"
_NOT_APPROVED = f"""
        SELECT w.code FROM finance_withdrawal w
         WHERE {{those}} AND CASE
               WHEN w.origin <> '' THEN w.approval_code <> '' OR w.amount IS DISTINCT FROM (
                   SELECT sum(t.amount) FROM finance_entry e
                     JOIN finance_transfer t ON t.entry_id = e.id
                     JOIN finance_account a ON a.id = t.target_id
                    WHERE e.reference = w.origin AND e.kind = 'PRIZE'
                      AND a.code = 'winnings:' || w.player_code)
               WHEN w.approval_code = '' THEN w.amount > {_AUTOMATIC}
               ELSE NOT EXISTS (
                   SELECT 1 FROM audit_approvalrequest r
                    WHERE r.code = w.approval_code AND r.kind = 'finance.withdrawal'
                      AND r.state = 'PERFORMED' AND r.payload::jsonb->>'withdrawal' = w.code
                      AND (r.payload::jsonb->>'amount_fen')::bigint = w.amount
                      AND greatest(r.needed, {_PEOPLE}) <= (
                          SELECT count(DISTINCT d.checker_person) FROM audit_approvaldecision d
                           WHERE d.request_id = r.id AND d.approved
                             AND d.checker_person <> r.maker_person)) END
        UNION ALL
        SELECT w.approval_code FROM finance_withdrawal w
         WHERE {{those}} AND w.approval_code <> '' AND EXISTS (
               SELECT 1 FROM finance_withdrawal o
                WHERE o.approval_code = w.approval_code AND o.approval_code <> ''
                  AND o.id <> w.id)"""  # noqa: S608 - written above
register(
    Invariant(
        code="INV10",
        name="payout_has_its_approval",
        title=_("Each payout above the automatic tier has an approval of its own by others"),
        figure=_APPROVED,
        figure_since=f"{_APPROVED} AND approved_at > {_MOMENT}",
        is_money=False,
        everything=_NOT_APPROVED.format(those="w.approved_at IS NOT NULL"),
        since=_NOT_APPROVED.format(those=f"w.approved_at > {_MOMENT}"),
    )
)
# Which approval an entry of these kinds names, and that its moves are those that were signed.
_AGREED = "kind IN ('ADJUSTMENT', 'REVERSAL', 'RESERVE', 'WINDING_UP', 'COVER', 'ISSUER_PAID')"
_UNAGREED = f"""
        SELECT DISTINCT e.reference FROM finance_entry e{{since}}
         WHERE e.{_AGREED} AND NOT (e.kind = 'COVER' AND e.is_shadow) AND NOT EXISTS (
               SELECT 1 FROM audit_approvalrequest r
                 LEFT JOIN finance_adjustment a ON a.approval_code = r.code
                WHERE r.state = 'PERFORMED'
                  AND (e.reference = CASE r.kind
                      WHEN 'finance.adjustment' THEN 'adjustment:' || a.code
                      WHEN 'finance.reserve' THEN 'reserve:' || r.code
                      WHEN 'finance.issuer_paid' THEN 'issuer_paid:' || r.code
                      WHEN 'finance.cover' THEN 'cover:' || (r.payload::jsonb->>'cover')
                      WHEN 'finance.payout_returned' THEN
                           'withdrawal:' || (r.payload::jsonb->>'withdrawal') || ':returned'
                      WHEN 'prizes.winding_up' THEN 'winding_up:' || r.code END
                  AND e.asked_digest = encode(sha256(convert_to(
                      e.kind || (r.payload::jsonb->'moves')::text, 'UTF8')), 'hex')
                   OR r.kind = 'finance.payout_returned'
                  AND e.reference = 'statement:' || (r.payload::jsonb->>'line') || ':returned'
                  AND e.asked_digest = encode(sha256(convert_to(
                      e.kind || (r.payload::jsonb->'line_moves')::text, 'UTF8')), 'hex')))"""  # noqa: S608 - written above
register(
    Invariant(
        code="INV10",
        name="correction_has_its_approval",
        title=_("Each correction, reserve, cover and winding-up was agreed to, in these moves"),
        figure=f"SELECT count(*) FROM finance_entry WHERE {_AGREED}",  # noqa: S608 - written above
        is_money=False,
        everything=_UNAGREED.format(since=""),
        since=_UNAGREED.format(
            since=" JOIN finance_transfer t ON t.entry_id = e.id AND t.id > %(since)s"
        ),
    )
)
register(
    Invariant(
        code="INV13",
        name="provider_money_conserved",
        title=_("What providers took in and paid out is what the books have with them"),
        figure=f"SELECT coalesce(({_DEPOSITS}), 0) - coalesce(({_PAID}), 0)",
        is_nightly=True,
        everything="""
        SELECT coalesce(f.account, b.account) FROM (
            SELECT account, sum(fen) AS fen FROM (
                SELECT 'clearing:' || provider AS account, amount AS fen FROM finance_deposit
                 WHERE credited_at IS NOT NULL
                UNION ALL
                SELECT 'clearing:' || d.provider, -d.amount + coalesce((
                       SELECT sum(b.amount) FROM finance_depositreturn b
                        WHERE b.deposit_id = d.id AND b.is_from_wallet AND b.state <> 'FAILED'), 0)
                  FROM finance_deposit d WHERE d.state = 'CHARGED_BACK'
                UNION ALL
                SELECT 'clearing:' || d.provider, -b.amount
                  FROM finance_depositreturn b JOIN finance_deposit d ON d.id = b.deposit_id
                 WHERE b.is_from_wallet AND b.state <> 'FAILED'
                UNION ALL
                SELECT 'clearing:' || provider, -amount FROM finance_withdrawal
                 WHERE state = 'PAID') x GROUP BY account) f
          FULL JOIN (
            SELECT a.code AS account,
                   sum(CASE WHEN t.source_id = a.id THEN t.amount ELSE -t.amount END) AS fen
              FROM finance_account a
              JOIN finance_transfer t ON t.source_id = a.id OR t.target_id = a.id
              JOIN finance_entry e ON e.id = t.entry_id
              LEFT JOIN finance_entry o ON o.id = e.reversal_of_id
               AND o.kind = 'WITHDRAWAL_PAID'
             WHERE a.kind = 'CLEARING' AND NOT a.is_shadow AND coalesce(o.kind, e.kind) IN (
                   'DEPOSIT', 'DEPOSIT_RETURNED', 'CHARGEBACK', 'WITHDRAWAL_PAID')
             GROUP BY a.code) b
            ON b.account = f.account
         WHERE coalesce(f.fen, 0) <> coalesce(b.fen, 0)""",
    )
)
register(
    Invariant(
        code="INV13",
        name="held_is_under_way",
        title=_("What is held is what is on its way out"),
        figure="SELECT sum(balance) FROM finance_account WHERE kind = 'HOLD' AND NOT is_shadow",
        everything=QUESTIONS["hold_is_not_what_is_under_way"],
    )
)
