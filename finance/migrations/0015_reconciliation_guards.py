"""What a bank said stays said; a match agrees with the books; a case ends with its difference."""

from django.db import migrations

NEVER = ["finance_statement", "finance_statementline", "finance_match", "finance_proof"]
LOGGED = {  # table: kind and key in the log
    "finance_housebank": ("house_bank", "code"),
    "finance_statement": ("statement", "code"),
    "finance_statementline": ("statement_line", "code"),
    "finance_match": ("match", "id"),
    "finance_difference": ("difference", "code"),
    "finance_proof": ("proof", "code"),
}
GUARDS = """
-- One account at a bank is one account in the books, of the kind of its purpose, by the word of others (F117).
CREATE FUNCTION finance_house_bank_is_approved() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF (SELECT a.kind FROM finance_account a WHERE a.id = NEW.account_id AND NOT a.is_shadow)
       IS DISTINCT FROM (CASE NEW.purpose WHEN 'SALES' THEN 'ESCROW' ELSE 'OWNBANK' END) THEN
        RAISE EXCEPTION 'the account in the books is of another purpose'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'house_bank_has_its_own_account';
    END IF;
    IF NEW.approval_code = 'GENESIS' AND NOT EXISTS (SELECT 1 FROM finance_housebank) THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM audit_approvalrequest r WHERE r.code = NEW.approval_code AND r.kind = 'finance.house_bank'
           AND r.state = 'PERFORMED' AND r.payload::jsonb->>'house_bank' = NEW.code
           AND r.payload::jsonb->>'purpose' = NEW.purpose
           AND r.payload::jsonb->>'number_index' = encode(NEW.number_index, 'hex')) THEN
        RAISE EXCEPTION 'a bank account of the house is registered by its own approval'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'house_bank_is_approved';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_house_bank_is_approved BEFORE INSERT ON finance_housebank
    FOR EACH ROW EXECUTE FUNCTION finance_house_bank_is_approved();
ALTER TABLE finance_housebank ENABLE ALWAYS TRIGGER finance_house_bank_is_approved;

-- A register's row only ends, once.
CREATE FUNCTION finance_register_row_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(OLD)->>TG_ARGV[0] IS NOT NULL OR to_jsonb(NEW)->>TG_ARGV[0] IS NULL
       OR (to_jsonb(NEW) - TG_ARGV[0]) <> (to_jsonb(OLD) - TG_ARGV[0]) THEN
        RAISE EXCEPTION 'a row of % stays what it is', TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = 'register_row_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_housebank_ends_once BEFORE UPDATE OR DELETE ON finance_housebank
    FOR EACH ROW EXECUTE FUNCTION finance_register_row_ends_once('closed_at');
ALTER TABLE finance_housebank ENABLE ALWAYS TRIGGER finance_housebank_ends_once;

-- The days of an account are told once: no line comes in twice by another file or format.
CREATE FUNCTION finance_statement_days_once() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- Days are told once, so nobody may use up those to come.
    IF NEW.last_on > (NEW.taken_at AT TIME ZONE 'Asia/Shanghai')::date THEN
        RAISE EXCEPTION 'no bank knows days that are still to come'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'statement_of_days_past';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('finance_statement'), NEW.account_id::integer);
    IF EXISTS (SELECT 1 FROM finance_statement s WHERE s.account_id = NEW.account_id
                AND s.first_on <= NEW.last_on AND s.last_on >= NEW.first_on) THEN
        RAISE EXCEPTION 'these days of the account were told before'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'statement_days_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_statement_days_once BEFORE INSERT ON finance_statement
    FOR EACH ROW EXECUTE FUNCTION finance_statement_days_once();
ALTER TABLE finance_statement ENABLE ALWAYS TRIGGER finance_statement_days_once;

-- At the end of the transaction that took it in, a statement adds up to the fen.
CREATE FUNCTION finance_statement_adds_up() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    told record;
    said finance_statement := NEW;
BEGIN
    SELECT count(*) AS lines, coalesce(sum(l.amount), 0) AS fen,
           count(*) FILTER (WHERE l.account_id <> said.account_id
                               OR l.booked_on NOT BETWEEN said.first_on AND said.last_on) AS astray
      INTO told FROM finance_statementline l WHERE l.statement_id = said.id;
    IF told.lines <> said.lines_count OR told.astray > 0 OR said.opening + told.fen <> said.closing THEN
        RAISE EXCEPTION 'statement % does not add up', said.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'statement_adds_up';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER finance_statement_adds_up AFTER INSERT ON finance_statement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION finance_statement_adds_up();
ALTER TABLE finance_statement ENABLE ALWAYS TRIGGER finance_statement_adds_up;

-- A line belongs to the statement it came in with: nothing is added to one that is committed.
CREATE FUNCTION finance_line_comes_with_its_statement() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM lines n JOIN finance_statement s ON s.id = n.statement_id
                WHERE (SELECT count(*) FROM finance_statementline l WHERE l.statement_id = s.id) > s.lines_count) THEN
        RAISE EXCEPTION 'a statement has no more lines than it came with'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'statement_adds_up';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER finance_line_comes_with_its_statement AFTER INSERT ON finance_statementline
    REFERENCING NEW TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION finance_line_comes_with_its_statement();
ALTER TABLE finance_statementline ENABLE ALWAYS TRIGGER finance_line_comes_with_its_statement;

-- A line and the entry it is matched with are the same movement of the same account, to the fen (F113).
CREATE FUNCTION finance_match_agrees() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM finance_statementline l WHERE l.id = NEW.line_id AND l.account_id = NEW.account_id
           AND l.amount = (SELECT sum(CASE WHEN t.source_id = NEW.account_id THEN t.amount ELSE -t.amount END)
                             FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id
                            WHERE e.reference = NEW.reference
                              AND (t.source_id = NEW.account_id OR t.target_id = NEW.account_id))) THEN
        RAISE EXCEPTION 'line and entry are not the same movement'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'match_agrees_with_the_books';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_match_agrees BEFORE INSERT ON finance_match
    FOR EACH ROW EXECUTE FUNCTION finance_match_agrees();
ALTER TABLE finance_match ENABLE ALWAYS TRIGGER finance_match_agrees;

-- What differs stays as it was found, and is resolved once (F121).
CREATE FUNCTION finance_difference_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state = 'RESOLVED'
       OR (to_jsonb(NEW) - '{state,resolution,correction,resolved_by_id,resolved_at}'::text[])
          <> (to_jsonb(OLD) - '{state,resolution,correction,resolved_by_id,resolved_at}'::text[]) THEN
        RAISE EXCEPTION 'difference % stays what was found', OLD.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'difference_stands';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_difference_stands BEFORE UPDATE OR DELETE ON finance_difference
    FOR EACH ROW EXECUTE FUNCTION finance_difference_stands();
ALTER TABLE finance_difference ENABLE ALWAYS TRIGGER finance_difference_stands;

-- The case of a difference is settled with it, not before: words alone put nothing right (F121).
CREATE FUNCTION finance_case_ends_with_its_difference() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM finance_difference f WHERE f.case_id = NEW.id AND f.state = 'OPEN') THEN
        RAISE EXCEPTION 'the difference of case % is still open', NEW.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_ends_with_its_difference';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_case_ends_with_its_difference BEFORE UPDATE ON finance_case
    FOR EACH ROW WHEN (NEW.state = 'RESOLVED' AND OLD.state = 'OPEN')
    EXECUTE FUNCTION finance_case_ends_with_its_difference();
ALTER TABLE finance_case ENABLE ALWAYS TRIGGER finance_case_ends_with_its_difference;

-- Whether a movement of an account needs no line any more: it has one, it differs from one in its amount
-- only, it was never at the bank and is put right, it is itself what put something right, or it takes away
-- what was booked for a line as unknown and another entry has taken the place of.
CREATE FUNCTION finance_is_explained(account bigint, reference text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM finance_match m WHERE m.account_id = $1 AND m.reference = $2)
        OR EXISTS (SELECT 1 FROM finance_difference f WHERE f.account_id = $1 AND f.reference = $2
                      AND (f.kind = 'AMOUNT' OR f.kind = 'NOT_THERE' AND f.correction <> ''))
        OR EXISTS (SELECT 1 FROM finance_difference f WHERE f.account_id = $1 AND f.correction = $2)
        OR EXISTS (SELECT 1 FROM finance_entry e JOIN finance_entry o ON o.id = e.reversal_of_id
                     JOIN finance_match m ON m.account_id = $1 AND m.reference = o.reference
                     JOIN finance_difference f ON f.account_id = $1 AND f.line_id = m.line_id
                    WHERE e.reference = $2 AND f.kind = 'UNKNOWN' AND f.correction <> '')
$$;
REVOKE ALL ON FUNCTION finance_is_explained(bigint, text) FROM PUBLIC;

-- An entry that puts a difference right moves just what differed, on that account.
CREATE FUNCTION finance_difference_is_put_right() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.stated - NEW.booked IS DISTINCT FROM (
        SELECT sum(CASE WHEN t.source_id = NEW.account_id THEN t.amount ELSE -t.amount END)
          FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id
         WHERE e.reference = NEW.correction AND (t.source_id = NEW.account_id OR t.target_id = NEW.account_id)) THEN
        RAISE EXCEPTION 'entry % does not put difference % right', NEW.correction, NEW.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'difference_put_right_to_the_fen';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_difference_is_put_right BEFORE INSERT OR UPDATE ON finance_difference
    FOR EACH ROW WHEN (NEW.correction <> '') EXECUTE FUNCTION finance_difference_is_put_right();
ALTER TABLE finance_difference ENABLE ALWAYS TRIGGER finance_difference_is_put_right;

-- Assets and liabilities of the real book at one moment, account by account (kinds that keep balances
-- together), and what the latest statement of an account lets us believe of it (F130). An account is
-- believed to hold what the bank said, less what left it in the books since, plus what came in within
-- `grace` days; never more than the books say. Who has no statement yet is believed as booked.
CREATE FUNCTION finance_funds(grace integer) RETURNS TABLE (
    account text, kind text, class text, booked bigint, stated bigint, stated_on date, in_transit bigint, believed bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH trial AS MATERIALIZED (
        SELECT t.account_id, t.kind, t.closing FROM finance_trial(false, '-infinity', 'infinity') t
    ), told AS (
        SELECT DISTINCT ON (s.account_id) s.account_id, s.closing, s.last_on,
               (SELECT min(f.first_on) FROM finance_statement f WHERE f.account_id = s.account_id) AS since
          FROM finance_statement s ORDER BY s.account_id, s.last_on DESC
    ), open AS (
        SELECT d.account_id,
               sum(x.fen) FILTER (WHERE x.fen < 0 OR x.booked_on > d.last_on - $1) AS fen
          FROM told d CROSS JOIN LATERAL (
            SELECT e.reference, e.booked_on,
                   sum(CASE WHEN t.source_id = d.account_id THEN t.amount ELSE -t.amount END) AS fen
              FROM (SELECT k.entry_id, k.source_id, k.amount FROM finance_transfer k WHERE k.source_id = d.account_id
                    UNION ALL
                    SELECT k.entry_id, k.source_id, k.amount FROM finance_transfer k WHERE k.target_id = d.account_id) t
              JOIN finance_entry e ON e.id = t.entry_id
             WHERE e.booked_on >= d.since
             GROUP BY e.reference, e.booked_on) x
         WHERE NOT finance_is_explained(d.account_id, x.reference)
         GROUP BY d.account_id
    ), natural_side AS (
        SELECT t.account_id, t.kind, y.accounting_class,
               (CASE WHEN y.accounting_class = 'LIABILITY' THEN t.closing ELSE -t.closing END)::bigint AS booked
          FROM trial t JOIN finance_accounttype y ON y.kind = t.kind
         WHERE y.accounting_class = 'LIABILITY' AND t.kind <> 'BUSINESS' OR t.kind IN ('ESCROW', 'CLEARING')
    )
    SELECT coalesce(a.code, ''), n.kind, n.accounting_class, n.booked, d.closing, d.last_on,
           coalesce(o.fen, 0)::bigint,
           CASE WHEN n.accounting_class = 'LIABILITY' THEN greatest(n.booked, 0)
                WHEN d.account_id IS NULL THEN n.booked
                ELSE least(n.booked, d.closing + coalesce(o.fen, 0)) END::bigint
      FROM natural_side n LEFT JOIN finance_account a ON a.id = n.account_id
      LEFT JOIN told d ON d.account_id = n.account_id LEFT JOIN open o ON o.account_id = n.account_id
     ORDER BY n.accounting_class, n.kind, a.code
$$;
REVOKE ALL ON FUNCTION finance_funds(integer) FROM PUBLIC;

-- The movements of an account since its first statement that no line is matched with.
CREATE FUNCTION finance_unmatched(account bigint, since date, until date)
    RETURNS TABLE (reference text, kind text, booked_on date, fen bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.reference, e.kind, e.booked_on,
           sum(CASE WHEN t.source_id = $1 THEN t.amount ELSE -t.amount END)::bigint
      FROM (SELECT k.entry_id, k.source_id, k.amount FROM finance_transfer k WHERE k.source_id = $1
            UNION ALL
            SELECT k.entry_id, k.source_id, k.amount FROM finance_transfer k WHERE k.target_id = $1) t
      JOIN finance_entry e ON e.id = t.entry_id
     WHERE e.booked_on BETWEEN $2 AND $3
       AND NOT finance_is_explained($1, e.reference)
     GROUP BY e.id, e.reference, e.kind, e.booked_on
    HAVING sum(CASE WHEN t.source_id = $1 THEN t.amount ELSE -t.amount END) <> 0
     ORDER BY e.booked_on, e.id
$$;
REVOKE ALL ON FUNCTION finance_unmatched(bigint, date, date) FROM PUBLIC;
"""
SQL = (
    GUARDS
    + "".join(
        f"""
CREATE TRIGGER {table}_never_changes BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_never_changes;
"""
        for table in NEVER
    )
    + "".join(
        f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_log_row;
"""
        for table, (kind, key) in LOGGED.items()
    )
)
UNDO = (
    "".join(f"DROP TRIGGER audit_log_row ON {table};" for table in LOGGED)
    + "".join(f"DROP TRIGGER {table}_never_changes ON {table};" for table in NEVER)
    + """
DROP FUNCTION finance_unmatched(bigint, date, date);
DROP FUNCTION finance_funds(integer);
DROP FUNCTION finance_difference_is_put_right() CASCADE;
DROP FUNCTION finance_is_explained(bigint, text);
DROP FUNCTION finance_case_ends_with_its_difference() CASCADE;
DROP FUNCTION finance_difference_stands() CASCADE;
DROP FUNCTION finance_match_agrees() CASCADE;
DROP FUNCTION finance_line_comes_with_its_statement() CASCADE;
DROP FUNCTION finance_statement_adds_up() CASCADE;
DROP FUNCTION finance_statement_days_once() CASCADE;
DROP FUNCTION finance_register_row_ends_once() CASCADE;
DROP FUNCTION finance_house_bank_is_approved() CASCADE;
"""
)


class Migration(migrations.Migration):
    dependencies = [("finance", "0014_reconciliation"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
