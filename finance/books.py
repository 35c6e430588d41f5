"""Counting the books: everything that must hold in them, asked of the rows themselves.

A healthy house gets an empty list. Each question is one statement over one snapshot, so that money
moving meanwhile cannot look like a fault.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction


@dataclass(frozen=True)
class Violation:
    """One row that breaks a rule: which rule, and where."""

    rule: str
    where: str


QUESTIONS: dict[str, str] = {
    "entry_without_transfers": """
        SELECT e.reference FROM finance_entry e
         WHERE NOT EXISTS (SELECT 1 FROM finance_transfer t WHERE t.entry_id = e.id)""",
    "transfer_between_known_accounts": """
        SELECT t.id::text FROM finance_transfer t
          LEFT JOIN finance_entry e ON e.id = t.entry_id
          LEFT JOIN finance_account s ON s.id = t.source_id
          LEFT JOIN finance_account g ON g.id = t.target_id
         WHERE e.id IS NULL OR s.id IS NULL OR g.id IS NULL OR t.amount <= 0""",
    "books_mixed": """
        SELECT t.id::text FROM finance_transfer t
          JOIN finance_entry e ON e.id = t.entry_id
          JOIN finance_account s ON s.id = t.source_id
          JOIN finance_account g ON g.id = t.target_id
         WHERE t.is_shadow <> e.is_shadow OR t.is_shadow <> s.is_shadow
            OR t.is_shadow <> g.is_shadow""",
    "player_to_player": """
        SELECT t.id::text FROM finance_transfer t
          JOIN finance_account s ON s.id = t.source_id
          JOIN finance_account g ON g.id = t.target_id
         WHERE s.kind IN ('WALLET', 'WINNINGS', 'BONUS', 'HOLD', 'RECEIVABLE')
           AND g.kind IN ('WALLET', 'WINNINGS', 'BONUS', 'HOLD', 'RECEIVABLE')
           AND substr(s.code, strpos(s.code, ':')) <> substr(g.code, strpos(g.code, ':'))""",
    "posting_rule_broken": """
        SELECT t.id::text FROM finance_transfer t
          JOIN finance_entry e ON e.id = t.entry_id AND e.kind <> 'REVERSAL'
          JOIN finance_account s ON s.id = t.source_id
          JOIN finance_account g ON g.id = t.target_id
         WHERE NOT EXISTS (SELECT 1 FROM finance_postingrule r
                            WHERE r.entry_kind = e.kind AND r.source_kind = s.kind
                              AND r.target_kind = g.kind)""",
    "kept_balance_is_not_the_sum": """
        SELECT a.code FROM finance_account a
          LEFT JOIN (SELECT id, sum(change) AS sum
                       FROM (SELECT target_id AS id, amount AS change FROM finance_transfer
                             UNION ALL SELECT source_id, -amount FROM finance_transfer) c
                      GROUP BY id) f ON f.id = a.id
         WHERE a.keeps_balance AND a.balance <> coalesce(f.sum, 0)""",
    # The history of every kept balance, replayed in the order in which its lock was held.
    "history_of_a_balance": """
        SELECT a.code || ' at ' || h.transfer
          FROM (SELECT c.account, c.transfer, c.left_over,
                       sum(c.change) OVER (PARTITION BY c.account ORDER BY c.transfer) AS folded
                  FROM (SELECT target_id AS account, id AS transfer, amount AS change,
                               target_balance AS left_over FROM finance_transfer
                        UNION ALL
                        SELECT source_id, id, -amount, source_balance FROM finance_transfer) c
               ) h
          JOIN finance_account a ON a.id = h.account AND a.keeps_balance
         WHERE (CASE a.kind WHEN 'CASH' THEN -h.folded ELSE h.folded END) < 0
            OR h.left_over IS DISTINCT FROM h.folded""",
    "moves_are_not_those_asked_for": """
        SELECT e.reference FROM finance_entry e
          JOIN (SELECT t.entry_id, jsonb_agg(
                       jsonb_build_array(s.code, g.code, t.amount) ORDER BY t.id) AS moves
                  FROM finance_transfer t
                  JOIN finance_account s ON s.id = t.source_id
                  JOIN finance_account g ON g.id = t.target_id
                 GROUP BY t.entry_id) m ON m.entry_id = e.id
         WHERE e.moves_digest
            <> encode(sha256(convert_to(e.kind || m.moves::text, 'UTF8')), 'hex')""",
    # An earlier day is for what moves no player's money; a later one for nothing.
    "booked_on_another_day": """
        SELECT e.reference FROM finance_entry e
         WHERE e.booked_on > (e.posted_at AT TIME ZONE 'Asia/Shanghai')::date
            OR (e.booked_on < (e.posted_at AT TIME ZONE 'Asia/Shanghai')::date AND EXISTS (
                SELECT 1 FROM finance_transfer t
                  JOIN finance_account a ON a.id IN (t.source_id, t.target_id) AND a.keeps_balance
                 WHERE t.entry_id = e.id))""",
    "reversal_of_a_reversal": """
        SELECT e.reference FROM finance_entry e JOIN finance_entry o ON o.id = e.reversal_of_id
         WHERE o.kind = 'REVERSAL'""",
    "trial_balance": """
        SELECT CASE WHEN shadow THEN 'shadow' ELSE 'real' END || ' ' || sum(fen)
          FROM (SELECT is_shadow AS shadow, balance AS fen FROM finance_account WHERE keeps_balance
                UNION ALL
                SELECT a.is_shadow, t.amount FROM finance_transfer t
                  JOIN finance_account a ON a.id = t.target_id AND NOT a.keeps_balance
                UNION ALL
                SELECT a.is_shadow, -t.amount FROM finance_transfer t
                  JOIN finance_account a ON a.id = t.source_id AND NOT a.keeps_balance) x
         GROUP BY shadow HAVING sum(fen) <> 0""",
    # What the roll-up keeps by deed and day says the same as what it keeps by account and day.
    "flows_are_not_the_turnover": """
        SELECT concat_ws(' ', x.booked_on, x.kind, CASE WHEN x.is_shadow THEN 'shadow' END)
          FROM (SELECT booked_on, is_shadow, kind, moved_in - moved_out AS fen
                  FROM finance_turnover
                UNION ALL
                SELECT booked_on, is_shadow, source_kind, moved - moved_back FROM finance_dayflow
                UNION ALL
                SELECT booked_on, is_shadow, target_kind, moved_back - moved FROM finance_dayflow
               ) x
         GROUP BY x.booked_on, x.is_shadow, x.kind HAVING sum(x.fen) <> 0""",
    "hold_is_not_what_is_under_way": """
        SELECT a.code FROM finance_account a
          LEFT JOIN (SELECT x.player, sum(x.fen) AS sum FROM (
                        SELECT player_code AS player, amount AS fen FROM finance_withdrawal
                         WHERE state NOT IN ('PAID', 'FAILED', 'REFUSED', 'RECALLED', 'RETURNED')
                        UNION ALL
                        SELECT substr(h.code, strpos(h.code, ':') + 1),
                               CASE e.kind WHEN 'PLAN_HOLD' THEN t.amount ELSE -t.amount END
                          FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id
                          JOIN finance_account h ON h.kind = 'HOLD'
                           AND h.id = CASE e.kind WHEN 'PLAN_HOLD' THEN t.target_id
                                                  ELSE t.source_id END
                         WHERE e.kind IN ('PLAN_HOLD', 'PLAN_RELEASE')) x GROUP BY x.player) w
            ON a.code = 'hold:' || w.player
         WHERE a.kind = 'HOLD' AND a.balance <> coalesce(w.sum, 0)""",
    "payment_order_and_books_differ": """
        SELECT o.code FROM finance_paymentorder o
          LEFT JOIN finance_entry e ON e.reference = 'order:' || o.code
         WHERE (o.state IN ('PAID', 'RETURNED')) <> (e.id IS NOT NULL)""",
    # Own money is in escrow, for the books, when its payment says so, and the other way round.
    "cover_and_books_differ": """
        SELECT coalesce('cover:' || c.code, e.reference) FROM finance_cover c
          FULL JOIN (SELECT * FROM finance_entry WHERE kind = 'COVER' AND NOT is_shadow) e
            ON e.reference = 'cover:' || c.code
         WHERE c.id IS NULL OR (c.state = 'BOOKED') <> (e.id IS NOT NULL)
            OR e.asked_digest <> encode(sha256(convert_to('COVER' || jsonb_build_array(
                   jsonb_build_array(c.escrow, c.own_bank, c.amount))::text, 'UTF8')), 'hex')""",
    # What was remitted is what dues were paid by, to the fen.
    "dues_and_books_differ": """
        SELECT a.code FROM finance_account a
         CROSS JOIN LATERAL (
               SELECT coalesce(sum(CASE WHEN e.reversal_of_id IS NULL THEN t.amount
                                        ELSE -t.amount END), 0) AS fen
                 FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id
                WHERE e.kind IN ('REMITTANCE', 'PARTNER_PAID') AND t.source_id = a.id
                   OR (e.kind = 'REVERSAL' AND t.target_id = a.id AND EXISTS (
                       SELECT 1 FROM finance_entry o WHERE o.id = e.reversal_of_id
                          AND o.kind IN ('REMITTANCE', 'PARTNER_PAID')))) paid
         WHERE a.kind IN ('WELFARE', 'FEE', 'TAX', 'PARTNER', 'ISSUER') AND NOT a.is_shadow
           AND paid.fen <> coalesce((
               SELECT sum(d.amount) FROM finance_due d
                 JOIN finance_paymentorder o ON o.id = d.order_id AND o.state = 'PAID'
                WHERE d.account = a.code AND NOT EXISTS (
                      SELECT 1 FROM finance_entry e JOIN finance_entry r ON r.reversal_of_id = e.id
                       WHERE e.reference = 'order:' || o.code)), 0)""",
    "deposit_and_books_differ": """
        SELECT d.code FROM finance_deposit d
          LEFT JOIN finance_entry e ON e.reference = 'deposit:' || d.code
         WHERE (d.state IN ('CREDITED', 'CHARGED_BACK')) <> (e.id IS NOT NULL)""",
}


def verify_books(*, most: int = 20) -> list[Violation]:
    """Everything found wrong in the books, at most `most` rows of each rule; [] if all is well."""
    found = []
    with transaction.atomic(), connection.cursor() as cursor:
        for rule, question in QUESTIONS.items():
            cursor.execute(f"SELECT * FROM ({question}) q LIMIT %s", [most])  # noqa: S608 - our own text
            found += [Violation(rule, str(row[0])) for row in cursor.fetchall()]
    return found
