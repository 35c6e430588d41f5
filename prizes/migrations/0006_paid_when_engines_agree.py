"""Nothing is paid before both engines have written the same bytes; runs and batches stand (F071)."""

from django.db import migrations

SQL = """
CREATE FUNCTION prizes_settlement_goes_forward() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('HALTED', 'COUNTING'), ('COUNTING', 'PRICED'), ('PRICED', 'HALTED'), ('PRICED', 'CREDITING'), ('CREDITING', 'DONE')
    ) OR NEW.attempt <> OLD.attempt AND (OLD.state, NEW.state, NEW.attempt - OLD.attempt) <> ('HALTED', 'COUNTING', 1)
      OR (NEW.draw_id, NEW.wallet_up_to) <> (OLD.draw_id, OLD.wallet_up_to) THEN
        RAISE EXCEPTION 'a settlement goes forward, not from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_goes_forward';
    END IF;
    IF NEW.state = 'PRICED' AND OLD.state <> 'PRICED' AND (
        (SELECT count(*) FROM prizes_chunk c WHERE c.settlement_id = NEW.id AND c.counted_at IS NOT NULL) <> NEW.chunks
        OR NOT EXISTS (SELECT 1 FROM prizes_enginerun r WHERE r.draw_id = NEW.draw_id AND r.attempt = NEW.attempt
                          AND r.engine = 1 AND r.result_digest <> '')
    ) THEN
        RAISE EXCEPTION 'every chunk is counted before the draw is priced'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_priced_when_counted';
    END IF;
    IF NEW.state = 'CREDITING' AND OLD.state <> 'CREDITING' THEN
        IF NOT EXISTS (
            SELECT 1 FROM prizes_enginerun a JOIN prizes_enginerun b USING (draw_id, attempt, input, result_digest)
             WHERE a.engine = 1 AND b.engine = 2 AND a.result_digest <> ''
               AND a.draw_id = NEW.draw_id AND a.attempt = NEW.attempt
        ) THEN
            RAISE EXCEPTION 'both engines find the same before anybody is paid'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_paid_when_engines_agree';
        END IF;
        IF NOT EXISTS (SELECT 1 FROM prizes_prizesheet s WHERE s.draw_id = NEW.draw_id)
           OR (SELECT coalesce(sum(b.amount), 0) FROM prizes_batch b JOIN prizes_enginerun r ON r.id = b.run_id
                WHERE r.draw_id = NEW.draw_id AND r.attempt = NEW.attempt AND r.engine = 1)
           <> (SELECT coalesce(sum(t.winners * t.prize), 0) FROM prizes_tieroutcome t WHERE t.draw_id = NEW.draw_id) THEN
            RAISE EXCEPTION 'the prizes of a draw are what its tiers pay'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_pays_what_tiers_pay';
        END IF;
    END IF;
    IF NEW.state = 'DONE' AND OLD.state <> 'DONE' AND EXISTS (
        SELECT 1 FROM prizes_batch b JOIN prizes_enginerun r ON r.id = b.run_id
         WHERE r.draw_id = NEW.draw_id AND r.attempt = NEW.attempt AND r.engine = 1 AND b.credited_at IS NULL
    ) THEN
        RAISE EXCEPTION 'every batch is credited before the settlement is done'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_done_when_credited';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_settlement_goes_forward BEFORE UPDATE ON prizes_settlement
    FOR EACH ROW EXECUTE FUNCTION prizes_settlement_goes_forward();
ALTER TABLE prizes_settlement ENABLE ALWAYS TRIGGER prizes_settlement_goes_forward;

-- Runs are evidence. Those of an attempt that is over are not added to, nor those of one to come.
CREATE TRIGGER prizes_enginerun_never_changes BEFORE UPDATE OR DELETE ON prizes_enginerun
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE prizes_enginerun ENABLE ALWAYS TRIGGER prizes_enginerun_never_changes;
CREATE TRIGGER prizes_enginedifference_never_changes BEFORE UPDATE OR DELETE ON prizes_enginedifference
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE prizes_enginedifference ENABLE ALWAYS TRIGGER prizes_enginedifference_never_changes;
CREATE FUNCTION prizes_enginerun_of_this_attempt() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM prizes_settlement s WHERE s.draw_id = NEW.draw_id AND s.attempt = NEW.attempt
                      AND (s.state = 'COUNTING' OR s.state = 'PRICED' AND NEW.engine = 2)) THEN
        RAISE EXCEPTION 'an engine runs for a draw that is being counted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'engine_run_of_this_attempt';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_enginerun_of_this_attempt BEFORE INSERT ON prizes_enginerun
    FOR EACH ROW EXECUTE FUNCTION prizes_enginerun_of_this_attempt();
ALTER TABLE prizes_enginerun ENABLE ALWAYS TRIGGER prizes_enginerun_of_this_attempt;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON prizes_enginerun
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('engine_run', 'code');
ALTER TABLE prizes_enginerun ENABLE ALWAYS TRIGGER audit_log_row;

-- Of a batch only the moment of its crediting is written, once, and by prizes_credit() only.
CREATE FUNCTION prizes_batch_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.credited_at IS NOT NULL
       OR to_jsonb(NEW) - 'credited_at' <> to_jsonb(OLD) - 'credited_at' THEN
        RAISE EXCEPTION 'a batch is credited once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_credited_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_batch_goes_forward BEFORE UPDATE OR DELETE ON prizes_batch
    FOR EACH ROW EXECUTE FUNCTION prizes_batch_goes_forward();
ALTER TABLE prizes_batch ENABLE ALWAYS TRIGGER prizes_batch_goes_forward;
"""
UNDO = """
DROP FUNCTION prizes_batch_goes_forward() CASCADE;
DROP TRIGGER audit_log_row ON prizes_enginerun;
DROP FUNCTION prizes_enginerun_of_this_attempt() CASCADE;
DROP TRIGGER prizes_enginedifference_never_changes ON prizes_enginedifference;
DROP TRIGGER prizes_enginerun_never_changes ON prizes_enginerun;
DROP FUNCTION prizes_settlement_goes_forward() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("prizes", "0005_counted_and_credited_by_sets"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
