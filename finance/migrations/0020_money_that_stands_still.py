"""Payouts stand still while a stop is open; proofs, checks and stops stay what they are."""

from django.db import migrations

LOGGED = {  # table: kind, key in the log, columns left out
    "finance_payoutstop": ("payout_stop", "code", ()),
    "finance_solvencyproof": ("solvency", "night", ("secret",)),
}
EVIDENCE = ("finance_invariantrun", "finance_solvencyproof")
GUARDS = """
-- One lock for all payouts: who sends one holds it shared, who stops them takes it alone. Once a stop
-- is written, no withdrawal is on its way to being sent that had not seen it.
CREATE FUNCTION finance_payouts_gate() RETURNS bigint LANGUAGE sql IMMUTABLE AS
    $$ SELECT hashtextextended('finance.payouts', 0) $$;
REVOKE ALL ON FUNCTION finance_payouts_gate() FROM PUBLIC;

CREATE FUNCTION finance_withdrawal_payouts_open() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(finance_payouts_gate());
    IF EXISTS (SELECT 1 FROM finance_payoutstop s WHERE s.lifted_at IS NULL) THEN
        RAISE EXCEPTION 'payouts are stopped'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_payouts_open';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_withdrawal_payouts_open BEFORE UPDATE ON finance_withdrawal
    FOR EACH ROW WHEN (NEW.state = 'SENDING' AND OLD.state IS DISTINCT FROM 'SENDING')
    EXECUTE FUNCTION finance_withdrawal_payouts_open();
ALTER TABLE finance_withdrawal ENABLE ALWAYS TRIGGER finance_withdrawal_payouts_open;

-- A refund to the source is money that leaves, too.
CREATE FUNCTION finance_return_payouts_open() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(finance_payouts_gate());
    IF EXISTS (SELECT 1 FROM finance_payoutstop s WHERE s.lifted_at IS NULL) THEN
        RAISE EXCEPTION 'payouts are stopped'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'return_payouts_open';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_return_payouts_open BEFORE UPDATE ON finance_depositreturn
    FOR EACH ROW WHEN (NEW.state = 'SENDING' AND OLD.state IS DISTINCT FROM 'SENDING')
    EXECUTE FUNCTION finance_return_payouts_open();
ALTER TABLE finance_depositreturn ENABLE ALWAYS TRIGGER finance_return_payouts_open;

-- What stopped payouts is still so: the latest proof of funds is short, or an alarm about money that
-- left to somebody unlisted is open (F129, F130). Nobody's word opens payouts before that is put right.
CREATE FUNCTION finance_stop_cause_stands(cause text) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE $1
        WHEN 'funds_short' THEN coalesce((
            SELECT NOT p.is_met FROM finance_proof p ORDER BY p.taken_at DESC, p.id DESC LIMIT 1), false)
        WHEN 'outflow_unlisted' THEN EXISTS (
            SELECT 1 FROM audit_alarm a WHERE a.kind = 'finance.outflow_unlisted' AND a.cleared_at IS NULL)
        ELSE false END
$$;
REVOKE ALL ON FUNCTION finance_stop_cause_stands(text) FROM PUBLIC;

-- A stop begins open, and is lifted once, by a performed approval of its own when its cause is gone.
CREATE FUNCTION finance_payout_stop_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM pg_advisory_xact_lock(finance_payouts_gate());
        IF NEW.lifted_at IS NOT NULL THEN
            RAISE EXCEPTION 'a stop begins open'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_stop_stands';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.lifted_at IS NOT NULL OR NEW.lifted_at IS NULL
       OR (to_jsonb(NEW) - '{lifted_at,approval_code}'::text[])
          <> (to_jsonb(OLD) - '{lifted_at,approval_code}'::text[])
       OR NOT EXISTS (SELECT 1 FROM audit_approvalrequest r
                       WHERE r.code = NEW.approval_code AND r.kind = 'finance.payouts_on'
                         AND r.state = 'PERFORMED' AND r.payload::jsonb->>'stop' = OLD.code) THEN
        RAISE EXCEPTION 'a stop is lifted by its own approval'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_stop_stands';
    END IF;
    IF finance_stop_cause_stands(OLD.cause) THEN
        RAISE EXCEPTION 'what stopped payouts is still so'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_stop_cause_is_gone';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_payout_stop_stands BEFORE INSERT OR UPDATE OR DELETE ON finance_payoutstop
    FOR EACH ROW EXECUTE FUNCTION finance_payout_stop_stands();
ALTER TABLE finance_payoutstop ENABLE ALWAYS TRIGGER finance_payout_stop_stands;
"""
SQL = (
    GUARDS
    + "".join(
        f"""
CREATE TRIGGER {table}_never_changes BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_never_changes;
"""
        for table in EVIDENCE
    )
    + "".join(
        f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row({", ".join(f"'{one}'" for one in (kind, key, *out))});
ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_log_row;
"""
        for table, (kind, key, out) in LOGGED.items()
    )
)
UNDO = (
    "".join(f"DROP TRIGGER audit_log_row ON {table};" for table in LOGGED)
    + "".join(f"DROP TRIGGER {table}_never_changes ON {table};" for table in EVIDENCE)
    + """
DROP FUNCTION finance_payout_stop_stands() CASCADE;
DROP FUNCTION finance_stop_cause_stands(text);
DROP FUNCTION finance_return_payouts_open() CASCADE;
DROP FUNCTION finance_withdrawal_payouts_open() CASCADE;
DROP FUNCTION finance_payouts_gate();
"""
)


class Migration(migrations.Migration):
    dependencies = [("finance", "0019_checks_and_proofs"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
