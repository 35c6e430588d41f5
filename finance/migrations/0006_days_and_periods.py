"""Turnover by day, rolled up below the log's horizon, and periods that close for good (F122, F123).

House accounts keep no balance, or every sale would queue for one row. What they hold is what was
rolled up, and the few entries after it. An entry is rolled up once its place in the log is final: no
earlier one can appear, however long its transaction took.
"""

from django.db import migrations

SQL = """
INSERT INTO finance_rolledup (id, seq, epoch, xid, entry_id, rolled_at) VALUES (true, -1, 0, 0, 0, clock_timestamp());

-- Roll up at most `most` places of the log; how many were taken. One at a time does it.
CREATE FUNCTION finance_roll(most integer) RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    since finance_rolledup;
    upto record;
BEGIN
    SELECT * INTO since FROM finance_rolledup FOR UPDATE;
    SELECT s.seq, s.epoch, s.xid, s.entry_id INTO upto FROM audit_sequenced s
     WHERE s.seq > since.seq AND s.seq <= since.seq + most ORDER BY s.seq DESC LIMIT 1;
    IF upto.seq IS NULL THEN RETURN 0; END IF;
    WITH moved AS MATERIALIZED (
        SELECT t.source_id, t.target_id, t.amount, e.booked_on
          FROM audit_entry x
         CROSS JOIN LATERAL (SELECT k.id, k.booked_on FROM finance_entry k WHERE k.reference = x.key OFFSET 0) e
         CROSS JOIN LATERAL (SELECT k.source_id, k.target_id, k.amount FROM finance_transfer k
                              WHERE k.entry_id = e.id OFFSET 0) t
         WHERE x.kind = 'entry' AND (x.epoch, x.xid, x.id) > (since.epoch, since.xid, since.entry_id)
           AND (x.epoch, x.xid, x.id) <= (upto.epoch, upto.xid, upto.entry_id)
    ), sides AS (
        SELECT m.target_id AS account, m.booked_on, sum(m.amount) AS moved_in, 0::numeric AS moved_out
          FROM moved m GROUP BY 1, 2
        UNION ALL
        SELECT m.source_id, m.booked_on, 0, sum(m.amount) FROM moved m GROUP BY 1, 2
    )
    INSERT INTO finance_turnover AS f (account_id, kind, is_shadow, booked_on, moved_in, moved_out)
    SELECT CASE WHEN a.keeps_balance THEN 0 ELSE a.id END, a.kind, a.is_shadow, s.booked_on,
           sum(s.moved_in)::bigint, sum(s.moved_out)::bigint
      FROM sides s CROSS JOIN LATERAL (SELECT * FROM finance_account k WHERE k.id = s.account OFFSET 0) a
     GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT ON CONSTRAINT turnover_once DO UPDATE
       SET moved_in = f.moved_in + EXCLUDED.moved_in, moved_out = f.moved_out + EXCLUDED.moved_out;
    UPDATE finance_rolledup SET (seq, epoch, xid, entry_id, rolled_at)
        = (upto.seq, upto.epoch, upto.xid, upto.entry_id, clock_timestamp());
    RETURN (upto.seq - since.seq)::integer;
END $$;
REVOKE ALL ON FUNCTION finance_roll(integer) FROM PUBLIC;

-- Transfers of entries that are not rolled up yet.
CREATE VIEW finance_latest AS
    SELECT t.*, e.booked_on
      FROM finance_rolledup r
     CROSS JOIN LATERAL (SELECT x.key FROM audit_entry x
                          WHERE (x.epoch, x.xid, x.id) > (r.epoch, r.xid, r.entry_id) AND x.kind = 'entry' OFFSET 0) x
     CROSS JOIN LATERAL (SELECT k.id, k.booked_on FROM finance_entry k WHERE k.reference = x.key OFFSET 0) e
     CROSS JOIN LATERAL (SELECT k.* FROM finance_transfer k WHERE k.entry_id = e.id OFFSET 0) t;

-- What lies in each of these accounts, all of one moment.
CREATE FUNCTION finance_balances(codes text[]) RETURNS TABLE (code text, balance bigint) LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH asked AS MATERIALIZED (
        SELECT a.* FROM finance_account a WHERE a.code = ANY ($1)
    ), latest AS MATERIALIZED (
        SELECT l.source_id, l.target_id, l.amount FROM finance_latest l
         WHERE EXISTS (SELECT 1 FROM asked a WHERE NOT a.keeps_balance)
    )
    SELECT a.code, CASE WHEN a.keeps_balance THEN a.balance ELSE (
               coalesce((SELECT sum(f.moved_in) - sum(f.moved_out) FROM finance_turnover f
                          WHERE f.account_id = a.id), 0)
               + coalesce((SELECT sum(l.amount) FROM latest l WHERE l.target_id = a.id), 0)
               - coalesce((SELECT sum(l.amount) FROM latest l WHERE l.source_id = a.id), 0))::bigint END
      FROM asked a
$$;
REVOKE ALL ON FUNCTION finance_balances(text[]) FROM PUBLIC;

-- What lay in an account just before a moment. Days before it are rolled up; what was booked into them
-- later is taken off again.
CREATE INDEX finance_entry_on_another_day ON finance_entry (booked_on)
    WHERE booked_on <> (posted_at AT TIME ZONE 'Asia/Shanghai')::date;
CREATE FUNCTION finance_balance_at(code text, moment timestamptz) RETURNS bigint LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH asked AS (
        SELECT a.*, (moment AT TIME ZONE 'Asia/Shanghai')::date AS day,
               date_trunc('day', moment AT TIME ZONE 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai' AS midnight
          FROM finance_account a WHERE a.code = $1)
    SELECT CASE WHEN a.keeps_balance THEN coalesce((
               SELECT left_over FROM (
                   (SELECT t.posted_at, t.id, t.source_balance AS left_over FROM finance_transfer t
                     WHERE t.source_id = a.id AND t.posted_at < moment ORDER BY t.posted_at DESC, t.id DESC LIMIT 1)
                   UNION ALL
                   (SELECT t.posted_at, t.id, t.target_balance FROM finance_transfer t
                     WHERE t.target_id = a.id AND t.posted_at < moment ORDER BY t.posted_at DESC, t.id DESC LIMIT 1)) x
                ORDER BY x.posted_at DESC, x.id DESC LIMIT 1), 0)
           ELSE (
               coalesce((SELECT sum(f.moved_in) - sum(f.moved_out) FROM finance_turnover f
                          WHERE f.account_id = a.id AND f.booked_on < a.day), 0)
             + coalesce((SELECT sum(CASE WHEN l.target_id = a.id THEN l.amount ELSE -l.amount END) FROM finance_latest l
                          WHERE (l.target_id = a.id OR l.source_id = a.id) AND l.booked_on < a.day), 0)
             - coalesce((SELECT sum(CASE WHEN t.target_id = a.id THEN t.amount ELSE -t.amount END)
                           FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id
                          WHERE e.booked_on <> (e.posted_at AT TIME ZONE 'Asia/Shanghai')::date AND e.booked_on < a.day
                            AND e.posted_at >= moment AND (t.target_id = a.id OR t.source_id = a.id)), 0)
             + coalesce((SELECT sum(t.amount) FROM finance_transfer t JOIN finance_entry e ON e.id = t.entry_id
                          WHERE t.target_id = a.id AND t.posted_at >= a.midnight AND t.posted_at < moment
                            AND e.booked_on >= a.day), 0)
             - coalesce((SELECT sum(t.amount) FROM finance_transfer t JOIN finance_entry e ON e.id = t.entry_id
                          WHERE t.source_id = a.id AND t.posted_at >= a.midnight AND t.posted_at < moment
                            AND e.booked_on >= a.day), 0))::bigint END
      FROM asked a
$$;
REVOKE ALL ON FUNCTION finance_balance_at(text, timestamptz) FROM PUBLIC;

-- Every account of one book as it stood at the end of a day of the books; kinds that keep balances
-- together, under the number 0.
CREATE FUNCTION finance_trial(shadow boolean, first_day date, last_day date)
    RETURNS TABLE (account_id bigint, kind text, opening bigint, moved_in bigint, moved_out bigint, closing bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH sides AS (
        SELECT f.account_id, f.kind, f.booked_on, f.moved_in, f.moved_out FROM finance_turnover f
         WHERE f.is_shadow = $1 AND f.booked_on <= $3
        UNION ALL
        SELECT CASE WHEN a.keeps_balance THEN 0 ELSE a.id END, a.kind, l.booked_on, l.amount, 0
          FROM finance_latest l JOIN finance_account a ON a.id = l.target_id WHERE l.is_shadow = $1 AND l.booked_on <= $3
        UNION ALL
        SELECT CASE WHEN a.keeps_balance THEN 0 ELSE a.id END, a.kind, l.booked_on, 0, l.amount
          FROM finance_latest l JOIN finance_account a ON a.id = l.source_id WHERE l.is_shadow = $1 AND l.booked_on <= $3
    )
    SELECT s.account_id, s.kind,
           coalesce(sum(s.moved_in - s.moved_out) FILTER (WHERE s.booked_on < $2), 0)::bigint,
           coalesce(sum(s.moved_in) FILTER (WHERE s.booked_on >= $2), 0)::bigint,
           coalesce(sum(s.moved_out) FILTER (WHERE s.booked_on >= $2), 0)::bigint,
           sum(s.moved_in - s.moved_out)::bigint
      FROM sides s GROUP BY s.account_id, s.kind
$$;
REVOKE ALL ON FUNCTION finance_trial(boolean, date, date) FROM PUBLIC;

-- Nothing is booked into a closed period, nor before one, be it on a day of no period at all: that would
-- change what the closed one opened with. Who books into an earlier day holds the periods from there on
-- open until he is done; what is booked today needs no lock, for the period of today cannot be closed.
CREATE FUNCTION finance_entry_into_an_open_period() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.is_shadow THEN RETURN NEW; END IF;
    IF NEW.booked_on < (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date THEN
        PERFORM 1 FROM finance_period p WHERE p.last_day >= NEW.booked_on ORDER BY p.first_day FOR SHARE;
    END IF;
    IF EXISTS (SELECT 1 FROM finance_period p WHERE p.last_day >= NEW.booked_on AND p.state = 'CLOSED') THEN
        RAISE EXCEPTION 'the period of % is closed', NEW.booked_on
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_into_an_open_period';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_entry_into_an_open_period BEFORE INSERT ON finance_entry
    FOR EACH ROW EXECUTE FUNCTION finance_entry_into_an_open_period();
ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER finance_entry_into_an_open_period;

-- A period is made open, for one month, stays what it is, and closes once, by its own function.
ALTER TABLE finance_period ADD CONSTRAINT period_is_a_month CHECK (
    first_day = date_trunc('month', first_day)::date AND code = to_char(first_day, 'YYYY-MM')
    AND last_day = (first_day + interval '1 month' - interval '1 day')::date AND NOT is_shadow);
CREATE FUNCTION finance_period_closes_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'OPEN' THEN
            RAISE EXCEPTION 'period % begins open', NEW.code
                USING ERRCODE = 'check_violation', CONSTRAINT = 'period_closes_once';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.state = 'CLOSED'
       OR (NEW.id, NEW.code, NEW.first_day, NEW.last_day, NEW.is_shadow)
          IS DISTINCT FROM (OLD.id, OLD.code, OLD.first_day, OLD.last_day, OLD.is_shadow) THEN
        RAISE EXCEPTION 'period % stays what it is', OLD.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'period_closes_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_period_closes_once BEFORE INSERT OR UPDATE OR DELETE ON finance_period
    FOR EACH ROW EXECUTE FUNCTION finance_period_closes_once();
ALTER TABLE finance_period ENABLE ALWAYS TRIGGER finance_period_closes_once;
CREATE TRIGGER finance_periodbalance_never_changes BEFORE UPDATE OR DELETE ON finance_periodbalance
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE finance_periodbalance ENABLE ALWAYS TRIGGER finance_periodbalance_never_changes;

-- Close a period by a performed approval: balances are kept and nothing more is booked into it.
CREATE FUNCTION finance_close_period(period text, approval text) RETURNS text LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    closing finance_period;
    told text;
BEGIN
    SELECT * INTO closing FROM finance_period p WHERE p.code = $1 FOR UPDATE;
    IF closing.id IS NULL OR closing.state = 'CLOSED' THEN
        RAISE EXCEPTION 'period % is not open', $1
            USING ERRCODE = 'check_violation', CONSTRAINT = 'period_closes_once';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM audit_approvalrequest r
                    WHERE r.code = $2 AND r.kind = 'finance.period_close' AND r.state = 'PERFORMED'
                      AND r.payload::jsonb->>'period' = $1) THEN
        RAISE EXCEPTION 'a period is closed by its own approval'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'period_closed_by_approval';
    END IF;
    -- Five minutes: longer than any transaction may take that was begun on the last day.
    IF clock_timestamp() < ((closing.last_day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai') + interval '5 minutes' THEN
        RAISE EXCEPTION 'period % is not over', $1
            USING ERRCODE = 'check_violation', CONSTRAINT = 'period_closed_when_over';
    END IF;
    IF EXISTS (SELECT 1 FROM finance_period p WHERE p.last_day < closing.first_day AND p.state = 'OPEN') THEN
        RAISE EXCEPTION 'an earlier period is open'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'period_closed_in_order';
    END IF;
    INSERT INTO finance_periodbalance (period_id, account_id, kind, opening, moved_in, moved_out, closing)
    SELECT closing.id, t.account_id, t.kind, t.opening, t.moved_in, t.moved_out, t.closing
      FROM finance_trial(false, closing.first_day, closing.last_day) t ORDER BY t.account_id, t.kind;
    IF (SELECT coalesce(sum(b.closing), 0) FROM finance_periodbalance b WHERE b.period_id = closing.id) <> 0 THEN
        RAISE EXCEPTION 'the books of % do not add up', $1
            USING ERRCODE = 'check_violation', CONSTRAINT = 'period_closed_in_balance';
    END IF;
    SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws('|', b.account_id, b.kind, b.opening, b.moved_in,
               b.moved_out, b.closing), E'\\n' ORDER BY b.account_id, b.kind), ''), 'UTF8')), 'hex')
      INTO told FROM finance_periodbalance b WHERE b.period_id = closing.id;
    UPDATE finance_period p SET state = 'CLOSED', approval_code = $2, digest = told, closed_at = clock_timestamp()
     WHERE p.id = closing.id;
    RETURN told;
END $$;
REVOKE ALL ON FUNCTION finance_close_period(text, text) FROM PUBLIC;
"""
UNDO = """
DROP FUNCTION finance_close_period(text, text);
DROP TRIGGER finance_periodbalance_never_changes ON finance_periodbalance;
DROP FUNCTION finance_period_closes_once() CASCADE;
ALTER TABLE finance_period DROP CONSTRAINT period_is_a_month;
DROP FUNCTION finance_entry_into_an_open_period() CASCADE;
DROP FUNCTION finance_trial(boolean, date, date);
DROP FUNCTION finance_balance_at(text, timestamptz);
DROP INDEX finance_entry_on_another_day;
DROP FUNCTION finance_balances(text[]);
DROP VIEW finance_latest;
DROP FUNCTION finance_roll(integer);
DELETE FROM finance_rolledup;
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0005_payouts_in_the_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
