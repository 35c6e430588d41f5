"""Corrections are booked by the word of others, in the very moves they gave it for (F212)."""

from django.db import migrations

LOGGED = {  # table: kind and key in the log
    "finance_adjustment": ("adjustment", "code"),
    "finance_period": ("period", "code"),
    "finance_ceiling": ("ceiling", "id"),
}
GUARDS = """
-- An adjustment or a reversal in the books is one that was asked for, approved by others, in these moves.
CREATE FUNCTION finance_correction_is_approved() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- A payout that its bank had paid and gave back is reversed by the approval of just that.
    IF EXISTS (
        SELECT 1 FROM finance_entry o JOIN finance_withdrawal w ON o.reference = 'withdrawal:' || w.code || ':paid'
          JOIN audit_approvalrequest r ON r.kind = 'finance.payout_returned' AND r.state = 'PERFORMED'
           AND r.payload::jsonb->>'withdrawal' = w.code
         WHERE o.id = NEW.reversal_of_id AND w.state = 'PAID' AND NEW.reference = 'withdrawal:' || w.code || ':returned'
           AND NEW.asked_digest = encode(sha256(convert_to(NEW.kind || (r.payload::jsonb->'moves')::text, 'UTF8')), 'hex')) THEN
        RETURN NEW;
    END IF;
    -- Its line on the statement may not have said whose it is: what was booked as unknown goes by the same approval,
    -- once the payout is reversed, and only if both are the same money.
    IF EXISTS (
        SELECT 1 FROM finance_entry o JOIN finance_statementline l ON o.reference = 'statement:' || l.code
          JOIN finance_account c ON c.id = l.account_id
          JOIN audit_approvalrequest r ON r.kind = 'finance.payout_returned' AND r.state = 'PERFORMED'
           AND r.payload::jsonb->>'line' = l.code
          JOIN finance_withdrawal w ON w.code = r.payload::jsonb->>'withdrawal' AND w.amount = l.amount
           AND c.code = 'clearing:' || w.provider
          JOIN finance_entry b ON b.reference = 'withdrawal:' || w.code || ':returned'
         WHERE o.id = NEW.reversal_of_id AND o.kind = 'UNIDENTIFIED' AND NEW.reference = o.reference || ':returned'
           AND NEW.asked_digest = encode(sha256(convert_to(NEW.kind || (r.payload::jsonb->'line_moves')::text, 'UTF8')), 'hex')) THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM finance_adjustment a JOIN audit_approvalrequest r ON r.code = a.approval_code
         WHERE NEW.reference = 'adjustment:' || a.code AND r.kind = 'finance.adjustment' AND r.state = 'PERFORMED'
           AND r.payload::jsonb->>'adjustment' = a.code AND r.payload::jsonb->'moves' = a.moves
           AND r.payload::jsonb->>'reversal_of' = a.reversal_of
           AND NEW.asked_digest = encode(sha256(convert_to(NEW.kind || a.moves::text, 'UTF8')), 'hex')
           AND a.reversal_of = coalesce((SELECT o.reference FROM finance_entry o WHERE o.id = NEW.reversal_of_id), '')
           AND coalesce(a.booked_on, NEW.booked_on) = NEW.booked_on) THEN
        RAISE EXCEPTION 'a correction is booked by its own approval'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'correction_is_approved';
    END IF;
    IF EXISTS (
        SELECT 1 FROM finance_adjustment a JOIN audit_approvalrequest r ON r.code = a.approval_code
         CROSS JOIN LATERAL jsonb_array_elements(a.moves) m
          JOIN finance_account f ON f.code IN (m->>0, m->>1)
          JOIN finance_accounttype y ON y.kind = f.kind AND y.is_players
          JOIN accounts_player p ON p.code = substr(f.code, strpos(f.code, ':') + 1)
          JOIN accounts_person h ON h.id = p.person_id
         WHERE NEW.reference = 'adjustment:' || a.code AND h.row_uuid::text IN (
               SELECT r.maker_person UNION ALL
               SELECT d.checker_person FROM audit_approvaldecision d WHERE d.request_id = r.id)) THEN
        RAISE EXCEPTION 'nobody corrects his own balance'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'correction_by_others';
    END IF;
    -- The bank may have this money: its own door says what became of it, and books just that.
    IF EXISTS (SELECT 1 FROM finance_entry o WHERE o.id = NEW.reversal_of_id
                AND split_part(o.reference, ':', 1) IN ('withdrawal', 'return')) THEN
        RAISE EXCEPTION 'what goes to the bank is not reversed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'correction_not_of_a_payout';
    END IF;
    -- Its tickets stay in the draw: the stake alone does not come back.
    IF EXISTS (SELECT 1 FROM finance_entry o WHERE o.id = NEW.reversal_of_id AND o.kind = 'PURCHASE') THEN
        RAISE EXCEPTION 'a stake does not come back while its ticket stands'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'correction_not_of_a_stake';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_correction_is_approved AFTER INSERT ON finance_entry
    FOR EACH ROW WHEN (NEW.kind IN ('ADJUSTMENT', 'REVERSAL')) EXECUTE FUNCTION finance_correction_is_approved();
ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER finance_correction_is_approved;

-- What was asked for stays; the balances after it are added once, when it is in the books.
CREATE FUNCTION finance_adjustment_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.booked_at IS NOT NULL OR NEW.after IS NOT NULL THEN
            RAISE EXCEPTION 'adjustment % is asked for first', NEW.code
                USING ERRCODE = 'check_violation', CONSTRAINT = 'adjustment_stands';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.booked_at IS NOT NULL
       OR (to_jsonb(NEW) - '{after,booked_at}'::text[]) <> (to_jsonb(OLD) - '{after,booked_at}'::text[])
       OR NEW.booked_at IS NULL OR NEW.after IS NULL
       OR NOT EXISTS (SELECT 1 FROM finance_entry e WHERE e.reference = 'adjustment:' || NEW.code) THEN
        RAISE EXCEPTION 'adjustment % stays what was asked for', OLD.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'adjustment_stands';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_adjustment_stands BEFORE INSERT OR UPDATE OR DELETE ON finance_adjustment
    FOR EACH ROW EXECUTE FUNCTION finance_adjustment_stands();
ALTER TABLE finance_adjustment ENABLE ALWAYS TRIGGER finance_adjustment_stands;
"""
SQL = GUARDS + "".join(
    f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_log_row;
SELECT audit_log_add('{kind}', key, hash) FROM audit_rows_now('{table}');
"""  # noqa: S608 - names written above
    for table, (kind, key) in LOGGED.items()
)
UNDO = (
    "".join(f"DROP TRIGGER audit_log_row ON {table};" for table in LOGGED)
    + """
DROP FUNCTION finance_adjustment_stands() CASCADE;
DROP FUNCTION finance_correction_is_approved() CASCADE;
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("finance", "0007_ceilings"),
        ("audit", "0007_log"),
        ("accounts", "0001_first_tables"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
