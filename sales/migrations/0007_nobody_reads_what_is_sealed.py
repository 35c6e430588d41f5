"""Article 22: from the seal until the draw is held nobody reads selections (F058, N07).

The ban is row-level security, forced, so that it binds the owner and the functions that act as the
owner too; on every partition as on the whole. The sealed draws are looked up once a query (an
uncorrelated sub-query, hashed), so that counting millions of selections costs as much as before.

What opens a draw to reading before its time is a row of `sales_opened_seal`, and that is written by
one function, which asks the approval itself: two people of two roles, a reason, this transaction.
"""

from django.db import migrations

SQL = """
ALTER TABLE sales_receipt ADD CONSTRAINT receipt_leaf_is_a_hash CHECK (octet_length(leaf) = 32);
ALTER TABLE sales_receipt ADD CONSTRAINT receipt_copy_is_ciphertext CHECK (copy LIKE 'v1.%');

-- The leaf that a receipt is about is the one whose hash the sale has just put into the log.
CREATE FUNCTION sales_receipt_leaf_is_logged() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM audit_entry e
                    WHERE e.epoch = (SELECT max(number) FROM audit_epoch)
                      AND e.xid = pg_current_xact_id()::text::bigint AND e.kind = 'ticket'
                      AND e.key = (SELECT t.code FROM sales_ticket t WHERE t.id = NEW.ticket_id)
                      AND e.hash = NEW.leaf) THEN
        RAISE EXCEPTION 'the log holds another leaf for this ticket'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_leaf_as_logged';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION sales_receipt_leaf_is_logged() FROM PUBLIC;
CREATE TRIGGER sales_receipt_leaf_is_logged AFTER INSERT ON sales_receipt
    FOR EACH ROW EXECUTE FUNCTION sales_receipt_leaf_is_logged();
ALTER TABLE sales_receipt ENABLE ALWAYS TRIGGER sales_receipt_leaf_is_logged;

CREATE FUNCTION sales_ban_reading(name text) RETURNS void LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    -- The planner's estimates are read by everybody (EXPLAIN): of picks it keeps no statistics.
    EXECUTE format('ALTER TABLE %I ALTER mask_1 SET STATISTICS 0, ALTER mask_2 SET STATISTICS 0,'
                   ' ALTER mask_3 SET STATISTICS 0, ALTER mask_4 SET STATISTICS 0', name);
    EXECUTE format($policy$
        CREATE POLICY not_read_while_sealed ON %I FOR SELECT USING (draw_id NOT IN (
            SELECT d.id FROM games_draw d WHERE d.state = 'SEALED' AND NOT EXISTS (
                SELECT FROM sales_opened_seal o
                 WHERE o.draw_id = d.id AND statement_timestamp() < o.closes_at)))
        $policy$, name);
    EXECUTE format('CREATE POLICY written_by_the_sale ON %I FOR INSERT WITH CHECK (true)', name);
    -- Who may not change a row is told so by the trigger, not by rows that seem to be missing.
    EXECUTE format('CREATE POLICY change_meets_the_trigger ON %I FOR UPDATE USING (true)', name);
    EXECUTE format('CREATE POLICY deletion_meets_the_trigger ON %I FOR DELETE USING (true)', name);
    EXECUTE format('CREATE TRIGGER sales_selection_never_touched BEFORE UPDATE OR DELETE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION evidence_never_changes()', name);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER sales_selection_never_touched', name);
END $$;
REVOKE ALL ON FUNCTION sales_ban_reading(text) FROM PUBLIC;

SELECT sales_ban_reading('sales_selection');
SELECT sales_ban_reading(c.relname) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = 'sales_selection'::regclass;

CREATE OR REPLACE FUNCTION sales_make_partition(draw bigint) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE name text := 'sales_selection_d' || draw;
BEGIN
    PERFORM pg_advisory_xact_lock(draw_gate() + 1, 0);
    IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I (LIKE sales_selection INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)', name);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', name);
    PERFORM sales_ban_reading(name);
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT of_its_draw CHECK (draw_id >= %s AND draw_id < %s)', name, draw, draw + 1);
    EXECUTE format('ALTER TABLE sales_selection ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', name, draw, draw + 1);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT of_its_draw', name);
END $$;

-- The roles of the posts that a person holds at a moment.
CREATE FUNCTION sales_roles_of(person text, moment timestamptz) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT DISTINCT unnest(p.roles) FROM accounts_posting h
      JOIN accounts_post p ON p.id = h.post_id
      JOIN accounts_person n ON n.id = h.person_id
     WHERE n.row_uuid::text = person AND h.valid_from <= moment
       AND (h.valid_until IS NULL OR h.valid_until > moment)
$$;
REVOKE ALL ON FUNCTION sales_roles_of(text, timestamptz) FROM PUBLIC;

CREATE FUNCTION sales_open_seal(approval text) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked audit_approvalrequest;
    decided audit_approvaldecision;
    agreed jsonb;
    moment timestamptz := clock_timestamp();
    minutes integer;
    sealed_draw bigint;
    opened bigint;
BEGIN
    SELECT * INTO asked FROM audit_approvalrequest r WHERE r.code = approval;
    -- Ended in this very transaction: an approval does not open a seal some other day.
    IF NOT FOUND OR asked.kind <> 'sales.break_glass' OR asked.state <> 'PERFORMED'
       OR asked.ended_at < transaction_timestamp() THEN
        RAISE EXCEPTION 'nobody approved this opening'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seal_opened_by_approval';
    END IF;
    SELECT * INTO decided FROM audit_approvaldecision d
     WHERE d.request_id = asked.id AND d.approved AND d.digest = asked.digest
       AND d.checker_person <> asked.maker_person ORDER BY d.id LIMIT 1;
    IF NOT FOUND OR NOT EXISTS (
            SELECT FROM sales_roles_of(asked.maker_person, moment) AS m (role),
                        sales_roles_of(decided.checker_person, moment) AS c (role)
             WHERE m.role IN ('compliance', 'auditor') AND c.role IN ('regulator', 'compliance')
               AND m.role <> c.role) THEN
        RAISE EXCEPTION 'a seal is opened by two people of two roles'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seal_opened_by_two_roles';
    END IF;
    agreed := asked.payload::jsonb;
    IF length(trim(coalesce(agreed->>'reason', ''))) < 20 THEN
        RAISE EXCEPTION 'a seal is opened for a reason'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seal_opened_for_a_reason';
    END IF;
    SELECT d.id INTO sealed_draw FROM games_draw d WHERE d.code = agreed->>'draw' AND d.state = 'SEALED';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the draw is not under seal'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seal_opened_while_sealed';
    END IF;
    SELECT (p.value #>> '{}')::integer INTO minutes FROM audit_policyparameter p
     WHERE p.key = 'sales.break_glass_minutes' AND p.scope = '' AND p.valid_from <= moment
     ORDER BY p.valid_from DESC LIMIT 1;
    IF minutes IS NULL OR minutes NOT BETWEEN 1 AND 120 THEN
        RAISE EXCEPTION 'a seal is opened for minutes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seal_opened_for_minutes';
    END IF;
    INSERT INTO sales_opened_seal (draw_id, approval_code, reason, maker_id, checker_id, opened_at, closes_at)
    VALUES (sealed_draw, asked.code, agreed->>'reason', asked.maker_id, decided.checker_id, moment,
            moment + make_interval(mins => minutes))
    RETURNING id INTO opened;
    RETURN opened;
END $$;
REVOKE ALL ON FUNCTION sales_open_seal(text) FROM PUBLIC;

CREATE TRIGGER sales_opened_seal_never_changes BEFORE UPDATE OR DELETE ON sales_opened_seal
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE sales_opened_seal ENABLE ALWAYS TRIGGER sales_opened_seal_never_changes;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON sales_opened_seal
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('break_glass', 'approval_code');
ALTER TABLE sales_opened_seal ENABLE ALWAYS TRIGGER audit_log_row;
"""
UNDO = """
DROP TRIGGER audit_log_row ON sales_opened_seal;
DROP TRIGGER sales_opened_seal_never_changes ON sales_opened_seal;
DROP FUNCTION sales_open_seal(text);
DROP FUNCTION sales_roles_of(text, timestamptz);
CREATE OR REPLACE FUNCTION sales_make_partition(draw bigint) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE name text := 'sales_selection_d' || draw;
BEGIN
    PERFORM pg_advisory_xact_lock(draw_gate() + 1, 0);
    IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I (LIKE sales_selection INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)', name);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', name);
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT of_its_draw CHECK (draw_id >= %s AND draw_id < %s)', name, draw, draw + 1);
    EXECUTE format('ALTER TABLE sales_selection ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', name, draw, draw + 1);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT of_its_draw', name);
END $$;
DO $$
DECLARE name regclass;
BEGIN
    FOR name IN SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = 'sales_selection'::regclass
                UNION ALL SELECT 'sales_selection'::regclass LOOP
        EXECUTE format('DROP TRIGGER sales_selection_never_touched ON %s', name);
        EXECUTE format('DROP POLICY not_read_while_sealed ON %s', name);
        EXECUTE format('DROP POLICY written_by_the_sale ON %s', name);
        EXECUTE format('DROP POLICY change_meets_the_trigger ON %s', name);
        EXECUTE format('DROP POLICY deletion_meets_the_trigger ON %s', name);
        EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', name);
    END LOOP;
END $$;
DROP FUNCTION sales_ban_reading(text);
DROP FUNCTION sales_receipt_leaf_is_logged() CASCADE;
ALTER TABLE sales_receipt DROP CONSTRAINT receipt_copy_is_ciphertext, DROP CONSTRAINT receipt_leaf_is_a_hash;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0006_opened_seals"),
        ("audit", "0007_log"),
        ("accounts", "0002_posts_by_approval"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
