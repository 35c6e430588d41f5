"""Cash leaves a desk only out of what lies in it, by who has it; what its rows say is what the books say (F278).

The account of a desk is an asset that keeps its balance: below zero when cash is there. So the row of the
account is the lock of the desk, and a CHECK refuses what is not there, whoever books it.
"""

from django.db import migrations

LOGGED = {  # table: kind and key in the log
    "finance_cashdesk": ("cash_desk", "code"),
    "finance_cashhandover": ("cash_hand_over", "id"),
    "finance_cashcount": ("cash_count", "id"),
    "finance_cashrequest": ("cash_request", "code"),
    "finance_cashmove": ("cash_move", "id"),
}
NEVER = ["finance_cashcount", "finance_cashmove"]
RULES = """
INSERT INTO finance_accounttype (kind, accounting_class, number, keeps_balance, is_players) VALUES
    ('CASH', 'ASSET', '1001', true, false);
INSERT INTO finance_postingrule (entry_kind, source_kind, target_kind, rank) VALUES
    -- brought to the desk: more cash, less in the bank; and back. An asset grows as the source.
    ('CASH_MOVED', 'CASH', 'ESCROW', NULL), ('CASH_MOVED', 'ESCROW', 'CASH', NULL),
    -- paid to a winner: less is owed, less lies in the desk
    ('PRIZE', 'UNCLAIMED', 'CASH', NULL),
    -- counted: too much belongs to somebody who is not found yet, too little is lost
    ('CASH_COUNTED', 'CASH', 'SUSPENSE', NULL), ('CASH_COUNTED', 'EXPENSE', 'CASH', NULL);

-- As before, and cash in desks stands against what is owed.
CREATE OR REPLACE FUNCTION finance_funds(grace integer) RETURNS TABLE (
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
         WHERE y.accounting_class = 'LIABILITY' AND t.kind <> 'BUSINESS' OR t.kind IN (@@ASSETS@@)
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
"""
FUNDS = RULES[RULES.index("-- As before") :]
GUARDS = """
-- Which human being stands behind an account of the portal; null while nobody knows.
CREATE FUNCTION finance_person_of(whom bigint) RETURNS bigint LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT s.person_id FROM accounts_staffmember s WHERE s.user_id = whom),
                    (SELECT p.person_id FROM accounts_player p WHERE p.user_id = whom))
$$;
REVOKE ALL ON FUNCTION finance_person_of(bigint) FROM PUBLIC;

-- Notes and coins as counted, in fen: face value in fen as key, how many as value. Null where anything else
-- stands there: another face value, less than none, half a note.
CREATE FUNCTION finance_cash_sum(pieces jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE
    SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN jsonb_typeof($1) <> 'object' OR bool_or(
                    p.face NOT IN ('10000', '5000', '2000', '1000', '500', '100', '50', '10')
                    OR p.many !~ '^[0-9]{1,6}$') THEN NULL
                ELSE coalesce(sum(CASE WHEN p.face ~ '^[0-9]{1,5}$' AND p.many ~ '^[0-9]{1,6}$'
                                       THEN p.face::bigint * p.many::bigint END), 0)::bigint END
      FROM (SELECT 1) one LEFT JOIN LATERAL jsonb_each_text(
               CASE jsonb_typeof($1) WHEN 'object' THEN $1 ELSE '{}' END) AS p (face, many) ON true
$$;
REVOKE ALL ON FUNCTION finance_cash_sum(jsonb) FROM PUBLIC;

-- What lies in a desk, as the books have it.
CREATE FUNCTION finance_cash_in(desk text) RETURNS bigint LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT -a.balance FROM finance_account a WHERE a.code = 'cash:' || desk AND NOT a.is_shadow), 0)
$$;
REVOKE ALL ON FUNCTION finance_cash_in(text) FROM PUBLIC;

-- A desk stays what and where it is. It opens by a count that agrees, changes hands by a count of two, and
-- ends when it is empty and nobody has it.
CREATE FUNCTION finance_cash_desk_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE last finance_cashcount;
BEGIN
    IF TG_OP = 'DELETE' OR (TG_OP = 'INSERT' AND (NEW.state <> 'TO_COUNT' OR NEW.holder_id IS NOT NULL))
       OR (TG_OP = 'UPDATE' AND (
           (to_jsonb(NEW) - '{state,holder_id,ended_at}'::text[]) <> (to_jsonb(OLD) - '{state,holder_id,ended_at}'::text[])
           OR OLD.state = 'ENDED')) THEN
        RAISE EXCEPTION 'a cash desk stays what it is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_desk_stands';
    END IF;
    IF TG_OP = 'INSERT' THEN
        RETURN NEW;
    END IF;
    SELECT * INTO last FROM finance_cashcount c WHERE c.desk_id = NEW.id ORDER BY c.number DESC LIMIT 1;
    IF NEW.state = 'OPEN' AND OLD.state <> 'OPEN' AND (
        last.id IS NULL OR last.counted <> last.booked OR last.kind = 'EVENING' OR last.taken_by_id <> NEW.holder_id
        OR last.counted <> finance_cash_in(NEW.code) OR EXISTS (
            SELECT 1 FROM finance_cashhandover h WHERE h.desk_id = NEW.id AND h.outcome = 'OFFERED')) THEN
        RAISE EXCEPTION 'a cash desk opens by a count that agrees'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_desk_opens_by_a_count';
    END IF;
    IF NEW.holder_id IS DISTINCT FROM OLD.holder_id AND NEW.state <> 'ENDED' AND (
        last.id IS NULL OR last.kind <> 'HAND_OVER' OR last.taken_by_id IS DISTINCT FROM NEW.holder_id
        OR last.given_by_id <> coalesce(OLD.holder_id, last.given_by_id)) THEN
        RAISE EXCEPTION 'a cash desk changes hands by a count of two'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_desk_handed_over';
    END IF;
    IF NEW.state = 'ENDED' AND (finance_cash_in(NEW.code) <> 0 OR EXISTS (
        SELECT 1 FROM finance_cashrequest r WHERE r.desk_id = NEW.id AND r.state NOT IN ('BROUGHT', 'DROPPED'))) THEN
        RAISE EXCEPTION 'a cash desk ends empty'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_desk_ends_empty';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_cash_desk_stands BEFORE INSERT OR UPDATE OR DELETE ON finance_cashdesk
    FOR EACH ROW EXECUTE FUNCTION finance_cash_desk_stands();
ALTER TABLE finance_cashdesk ENABLE ALWAYS TRIGGER finance_cash_desk_stands;

-- Offered by who has the desk (or by anybody while nobody has it) to another human being; ended once.
CREATE FUNCTION finance_cash_hand_over_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE desk finance_cashdesk;
BEGIN
    IF TG_OP = 'DELETE' OR (TG_OP = 'INSERT' AND NEW.outcome <> 'OFFERED') OR (TG_OP = 'UPDATE' AND (
        OLD.outcome <> 'OFFERED'
        OR (to_jsonb(NEW) - '{outcome,ended_at}'::text[]) <> (to_jsonb(OLD) - '{outcome,ended_at}'::text[]))) THEN
        RAISE EXCEPTION 'a hand-over stays what it was'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_hand_over_stands';
    END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO desk FROM finance_cashdesk d WHERE d.id = NEW.desk_id FOR NO KEY UPDATE;
        IF desk.state = 'ENDED' OR NEW.given_by_id <> coalesce(desk.holder_id, NEW.given_by_id) THEN
            RAISE EXCEPTION 'who has the desk hands it over'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_desk_of_another';
        END IF;
        IF finance_person_of(NEW.given_by_id) = finance_person_of(NEW.given_to_id) THEN
            RAISE EXCEPTION 'a hand-over is between two people'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_hand_over_between_two';
        END IF;
        IF finance_cash_sum(NEW.pieces) IS DISTINCT FROM NEW.counted THEN
            RAISE EXCEPTION 'notes and coins add up to what was counted'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_count_adds_up';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_cash_hand_over_stands BEFORE INSERT OR UPDATE OR DELETE ON finance_cashhandover
    FOR EACH ROW EXECUTE FUNCTION finance_cash_hand_over_stands();
ALTER TABLE finance_cashhandover ENABLE ALWAYS TRIGGER finance_cash_hand_over_stands;

-- A count is of the person who has the desk, or of two when it changes hands: then both counted the same.
-- Number, time and the figure of the books are the database's own, read under the lock of the desk.
CREATE FUNCTION finance_cash_count_fits() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE desk finance_cashdesk;
BEGIN
    SELECT * INTO desk FROM finance_cashdesk d WHERE d.id = NEW.desk_id FOR NO KEY UPDATE;
    NEW.number := coalesce((SELECT max(c.number) FROM finance_cashcount c WHERE c.desk_id = NEW.desk_id), 0) + 1;
    NEW.counted_at := clock_timestamp();
    NEW.booked := finance_cash_in(desk.code);
    IF finance_cash_sum(NEW.pieces) IS DISTINCT FROM NEW.counted THEN
        RAISE EXCEPTION 'notes and coins add up to what was counted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_count_adds_up';
    END IF;
    IF NEW.kind <> 'HAND_OVER' THEN
        IF desk.holder_id IS DISTINCT FROM NEW.given_by_id OR desk.state NOT IN ('TO_COUNT', 'OPEN') THEN
            RAISE EXCEPTION 'who has the desk counts it'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_desk_of_another';
        END IF;
    ELSIF NOT EXISTS (
        SELECT 1 FROM finance_cashhandover h
         WHERE h.desk_id = NEW.desk_id AND h.outcome = 'OFFERED' AND h.given_by_id = NEW.given_by_id
           AND h.given_to_id = NEW.taken_by_id AND h.counted = NEW.counted AND h.pieces = NEW.pieces) THEN
        RAISE EXCEPTION 'both count the same'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_counts_agree';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_cash_count_fits BEFORE INSERT ON finance_cashcount
    FOR EACH ROW EXECUTE FUNCTION finance_cash_count_fits();
ALTER TABLE finance_cashcount ENABLE ALWAYS TRIGGER finance_cash_count_fits;

-- A request stays what was asked for, by who has the desk. Above the policy's figure it is approved by its own
-- approval; it is brought by another human being.
CREATE FUNCTION finance_cash_request_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE alone bigint;
BEGIN
    IF (TG_OP = 'INSERT' AND (NEW.state <> 'ASKED' OR NEW.carried_by_id IS NOT NULL)) OR TG_OP = 'DELETE'
       OR (TG_OP = 'UPDATE' AND (
           (to_jsonb(NEW) - '{state,approval_code,approved_at,carried_by_id,carried_at,ended_at,drop_reason}'::text[])
               <> (to_jsonb(OLD) - '{state,approval_code,approved_at,carried_by_id,carried_at,ended_at,drop_reason}'::text[])
           OR (NEW.state <> OLD.state AND (OLD.state, NEW.state, NEW.direction) NOT IN (
               ('ASKED', 'APPROVED', NEW.direction), ('ASKED', 'DROPPED', NEW.direction), ('APPROVED', 'DROPPED', NEW.direction),
               ('APPROVED', 'ON_ITS_WAY', 'IN'), ('ON_ITS_WAY', 'BROUGHT', 'IN'), ('ON_ITS_WAY', 'DROPPED', 'IN'),
               ('APPROVED', 'BROUGHT', 'BACK')))
           OR (NEW.state = OLD.state AND NOT (OLD.state = 'ASKED' AND OLD.approval_code = ''))
           OR (OLD.approval_code <> '' AND NEW.approval_code <> OLD.approval_code)
           OR (OLD.carried_by_id IS NOT NULL AND NEW.carried_by_id IS DISTINCT FROM OLD.carried_by_id))) THEN
        RAISE EXCEPTION 'a request for cash stays what was asked for'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_request_stands';
    END IF;
    IF TG_OP = 'INSERT' AND NOT EXISTS (
        SELECT 1 FROM finance_cashdesk d WHERE d.id = NEW.desk_id AND d.holder_id = NEW.asked_by_id) THEN
        RAISE EXCEPTION 'who has the desk asks for cash'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_desk_of_another';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM finance_account a WHERE a.code = NEW.escrow AND a.kind = 'ESCROW' AND NOT a.is_shadow)
       OR NEW.amount % 10 <> 0 THEN
        RAISE EXCEPTION 'cash comes out of an escrow account, in whole jiao'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_request_can_be_brought';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.state = 'APPROVED' AND OLD.state = 'ASKED' THEN
        SELECT p.value::text::bigint INTO alone FROM audit_policyparameter p
         WHERE p.key = 'cash.alone_up_to_fen' AND p.scope = '' AND p.valid_from <= clock_timestamp()
         ORDER BY p.valid_from DESC LIMIT 1;
        IF NEW.amount > coalesce(alone, 0) AND NOT EXISTS (
            SELECT 1 FROM audit_approvalrequest r
             WHERE r.code = NEW.approval_code AND r.kind = 'finance.cash_request' AND r.state = 'PERFORMED'
               AND r.payload::jsonb->>'request' = NEW.code
               AND (r.payload::jsonb->>'amount_fen')::bigint = NEW.amount) THEN
            RAISE EXCEPTION 'so much cash is brought by its own approval'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_request_approved_by_others';
        END IF;
    END IF;
    IF NEW.carried_by_id IS NOT NULL AND finance_person_of(NEW.carried_by_id) = finance_person_of(NEW.asked_by_id) THEN
        RAISE EXCEPTION 'who asks for cash does not bring it himself'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_request_carried_by_another';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_cash_request_stands BEFORE INSERT OR UPDATE OR DELETE ON finance_cashrequest
    FOR EACH ROW EXECUTE FUNCTION finance_cash_request_stands();
ALTER TABLE finance_cashrequest ENABLE ALWAYS TRIGGER finance_cash_request_stands;

-- A movement of a desk is what its entry moved, on its ground: a prize by who has the open desk and by a way
-- of paying that is in force, a float by its request, a difference by its count. Number, time and what is
-- left are the database's own, under the lock of the desk.
CREATE FUNCTION finance_cash_move_fits() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    desk finance_cashdesk;
    moved bigint;
    deed text;
BEGIN
    SELECT * INTO desk FROM finance_cashdesk d WHERE d.id = NEW.desk_id FOR NO KEY UPDATE;
    SELECT coalesce(max(m.number), 0) + 1, coalesce(max(m.left_over), 0) + NEW.change INTO NEW.number, NEW.left_over
      FROM (SELECT k.number, k.left_over FROM finance_cashmove k WHERE k.desk_id = NEW.desk_id
             ORDER BY k.number DESC LIMIT 1) m;
    NEW.moved_at := clock_timestamp();
    SELECT e.kind, (SELECT sum(CASE WHEN t.source_id = a.id THEN t.amount ELSE -t.amount END)
                      FROM finance_transfer t WHERE t.entry_id = e.id AND a.id IN (t.source_id, t.target_id))
      INTO deed, moved
      FROM finance_entry e LEFT JOIN finance_account a ON a.code = 'cash:' || desk.code
     WHERE e.id = NEW.entry_id AND NOT e.is_shadow;
    IF moved IS DISTINCT FROM NEW.change OR NEW.change % 10 <> 0
       OR deed IS DISTINCT FROM (CASE WHEN NEW.kind = 'PAID' THEN 'PRIZE' WHEN NEW.kind IN ('BROUGHT', 'BACK') THEN 'CASH_MOVED'
                                      ELSE 'CASH_COUNTED' END)
       OR (NEW.kind = 'PAID' AND NOT EXISTS (SELECT 1 FROM finance_prizetax p WHERE p.entry_id = NEW.entry_id))
       OR (NEW.kind IN ('BROUGHT', 'BACK') AND (desk.state NOT IN ('TO_COUNT', 'OPEN') OR NOT EXISTS (
            SELECT 1 FROM finance_cashrequest r
             WHERE r.id = NEW.request_id AND r.desk_id = NEW.desk_id AND r.state = 'BROUGHT'
               AND NEW.change = CASE r.direction WHEN 'IN' THEN r.amount ELSE -r.amount END)))
       OR (NEW.kind IN ('OVER', 'SHORT') AND NOT EXISTS (
            SELECT 1 FROM finance_cashcount c
             WHERE c.id = NEW.count_id AND c.desk_id = NEW.desk_id AND NEW.change = c.counted - c.booked)) THEN
        RAISE EXCEPTION 'cash moves as the books say, on its ground'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_move_is_in_the_books';
    END IF;
    IF NEW.kind = 'PAID' THEN
        IF desk.state <> 'OPEN' OR desk.holder_id <> NEW.actor_id THEN
            RAISE EXCEPTION 'who has an open desk pays out of it'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_desk_open';
        END IF;
        PERFORM finance_way_in_force('CASH');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_cash_move_fits BEFORE INSERT ON finance_cashmove
    FOR EACH ROW EXECUTE FUNCTION finance_cash_move_fits();
ALTER TABLE finance_cashmove ENABLE ALWAYS TRIGGER finance_cash_move_fits;

-- Till = ledger, whenever a transaction ends: what the rows of a desk left in it is what its account holds.
CREATE FUNCTION finance_cash_till() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM finance_account a
          LEFT JOIN finance_cashdesk d ON 'cash:' || d.code = a.code
         WHERE a.id = NEW.id AND NOT a.is_shadow AND d.id IS NOT NULL
           AND -a.balance = coalesce((SELECT m.left_over FROM finance_cashmove m WHERE m.desk_id = d.id
                                       ORDER BY m.number DESC LIMIT 1), 0)) THEN
        RAISE EXCEPTION 'the till of % is what the books say', NEW.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cash_till_is_the_ledger';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER finance_cash_till AFTER UPDATE OF balance ON finance_account
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'CASH') EXECUTE FUNCTION finance_cash_till();
ALTER TABLE finance_account ENABLE ALWAYS TRIGGER finance_cash_till;

-- No prize is paid in cash above the figure of the kind of place, as it stands at that moment (F094).
CREATE FUNCTION finance_prize_within_cash() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE most bigint;
BEGIN
    SELECT (SELECT p.value::text::bigint FROM audit_policyparameter p
             WHERE p.key = 'payments.cash_up_to_fen' AND p.scope IN (d.place_kind, '')
               AND p.valid_from <= clock_timestamp()
             ORDER BY p.scope DESC, p.valid_from DESC LIMIT 1) INTO most
      FROM finance_transfer t
      JOIN finance_account a ON a.id = t.target_id AND a.kind = 'CASH'
      JOIN finance_cashdesk d ON 'cash:' || d.code = a.code
     WHERE t.entry_id = NEW.entry_id;
    IF FOUND AND NEW.prize > coalesce(most, 0) THEN
        RAISE EXCEPTION 'no prize is paid in cash above the ceiling'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_within_the_cash_ceiling',
                  DETAIL = coalesce(most, 0)::text;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER finance_prize_within_cash AFTER INSERT ON finance_prizetax
    FOR EACH ROW EXECUTE FUNCTION finance_prize_within_cash();
ALTER TABLE finance_prizetax ENABLE ALWAYS TRIGGER finance_prize_within_cash;
"""
for _name in (
    "finance_cash_desk_stands", "finance_cash_hand_over_stands", "finance_cash_count_fits",
    "finance_cash_request_stands", "finance_cash_move_fits", "finance_cash_till", "finance_prize_within_cash",
):  # fmt: skip
    GUARDS += f"REVOKE ALL ON FUNCTION {_name}() FROM PUBLIC;\n"
SQL = (
    RULES.replace("@@ASSETS@@", "'ESCROW', 'CLEARING', 'CASH'")
    + GUARDS
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
DROP FUNCTION finance_prize_within_cash() CASCADE;
DROP FUNCTION finance_cash_till() CASCADE;
DROP FUNCTION finance_cash_move_fits() CASCADE;
DROP FUNCTION finance_cash_request_stands() CASCADE;
DROP FUNCTION finance_cash_count_fits() CASCADE;
DROP FUNCTION finance_cash_hand_over_stands() CASCADE;
DROP FUNCTION finance_cash_desk_stands() CASCADE;
DROP FUNCTION finance_cash_in(text);
DROP FUNCTION finance_cash_sum(jsonb);
DROP FUNCTION finance_person_of(bigint);
ALTER TABLE finance_postingrule DISABLE TRIGGER finance_postingrule_never_changes;
DELETE FROM finance_postingrule WHERE 'CASH' IN (source_kind, target_kind);
ALTER TABLE finance_postingrule ENABLE ALWAYS TRIGGER finance_postingrule_never_changes;
ALTER TABLE finance_accounttype DISABLE TRIGGER finance_accounttype_never_changes;
DELETE FROM finance_accounttype WHERE kind = 'CASH';
ALTER TABLE finance_accounttype ENABLE ALWAYS TRIGGER finance_accounttype_never_changes;
"""
    + FUNDS.replace("@@ASSETS@@", "'ESCROW', 'CLEARING'")
)


class Migration(migrations.Migration):
    dependencies = [
        ("finance", "0029_cash_and_papers"),
        ("audit", "0007_log"),
        ("accounts", "0001_first_tables"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
