"""The ledger: transfers partitioned by id, and the one function that moves money (D4)."""

from django.db import migrations

PARTITIONS = ("finance_transfer_p0", "finance_transfer_p1", "finance_transfer_rest")
SQL = """
-- No foreign keys to accounts: their KEY SHARE locks would make every sale write to the row of the
-- one house account all of them pay into. Accounts are never deleted, and only finance_post writes here.
CREATE TABLE finance_transfer (
    id bigint GENERATED ALWAYS AS IDENTITY,
    entry_id bigint NOT NULL,
    position smallint NOT NULL,
    source_id bigint NOT NULL,
    target_id bigint NOT NULL,
    amount bigint NOT NULL,
    source_balance bigint NULL,
    target_balance bigint NULL,
    is_shadow boolean NOT NULL,
    posted_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT transfer_amount_positive CHECK (amount > 0),
    CONSTRAINT transfer_between_two_accounts CHECK (source_id <> target_id)
) PARTITION BY RANGE (id);
CREATE TABLE finance_transfer_p0 PARTITION OF finance_transfer FOR VALUES FROM (MINVALUE) TO (50000000);
CREATE TABLE finance_transfer_p1 PARTITION OF finance_transfer FOR VALUES FROM (50000000) TO (100000000);
CREATE TABLE finance_transfer_rest PARTITION OF finance_transfer DEFAULT;
CREATE INDEX finance_transfer_entry ON finance_transfer (entry_id);
CREATE INDEX finance_transfer_source ON finance_transfer (source_id, posted_at, id) INCLUDE (amount);
CREATE INDEX finance_transfer_target ON finance_transfer (target_id, posted_at, id) INCLUDE (amount);

-- That its entry exists is looked at once a statement, whoever writes: a foreign key would look once a
-- row, and a settlement writes a thousand rows of one entry. Entries are never deleted.
CREATE FUNCTION finance_transfer_of_an_entry() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM (SELECT DISTINCT a.entry_id FROM added a) x
                WHERE NOT EXISTS (SELECT FROM finance_entry e WHERE e.id = x.entry_id)) THEN
        RAISE EXCEPTION 'a transfer is one of an entry'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'finance_transfer_of_an_entry';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION finance_transfer_of_an_entry() FROM PUBLIC;
"""
for table in ("finance_transfer", *PARTITIONS):
    SQL += f"""
CREATE TRIGGER finance_transfer_of_an_entry AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION finance_transfer_of_an_entry();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER finance_transfer_of_an_entry;
"""
SQL += """
CREATE TRIGGER finance_transfer_never_changes BEFORE UPDATE OR DELETE ON finance_transfer
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE finance_transfer ENABLE ALWAYS TRIGGER finance_transfer_never_changes;
CREATE TRIGGER finance_entry_never_changes BEFORE UPDATE OR DELETE ON finance_entry
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER finance_entry_never_changes;

-- Balances change all day: with room for the new version beside the old, no index is touched.
ALTER TABLE finance_account SET (fillfactor = 60);

-- Of an account only the balance changes, and it stays for ever.
CREATE FUNCTION finance_account_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.id, NEW.code, NEW.kind, NEW.is_shadow, NEW.keeps_balance, NEW.opened_at)
       IS DISTINCT FROM (OLD.id, OLD.code, OLD.kind, OLD.is_shadow, OLD.keeps_balance, OLD.opened_at) THEN
        RAISE EXCEPTION 'account % stays what it is', OLD.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_stays_what_it_is';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_account_stays
    BEFORE DELETE OR UPDATE OF id, code, kind, is_shadow, keeps_balance, opened_at ON finance_account
    FOR EACH ROW EXECUTE FUNCTION finance_account_stays();
ALTER TABLE finance_account ENABLE ALWAYS TRIGGER finance_account_stays;
-- Transfers name accounts by id: the log keeps whose account an id is.
CREATE TRIGGER audit_log_row AFTER INSERT ON finance_account
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('account', 'code', 'balance');
ALTER TABLE finance_account ENABLE ALWAYS TRIGGER audit_log_row;

-- The chart of accounts (F122): assets 1, liabilities 2, equity 3, income 4, expenses 5.
INSERT INTO finance_accounttype (kind, accounting_class, number, keeps_balance, is_players) VALUES
    ('ESCROW', 'ASSET', '1002', false, false), ('OWNBANK', 'ASSET', '1003', false, false),
    ('CLEARING', 'ASSET', '1012', false, false), ('RECEIVABLE', 'ASSET', '1221', false, true),
    ('WALLET', 'LIABILITY', '2201', true, true), ('WINNINGS', 'LIABILITY', '2202', true, true),
    ('BONUS', 'LIABILITY', '2203', true, true), ('HOLD', 'LIABILITY', '2204', true, true),
    ('STAKES', 'LIABILITY', '2211', false, false), ('PRIZES', 'LIABILITY', '2212', false, false),
    ('UNCLAIMED', 'LIABILITY', '2213', false, false), ('POOL', 'LIABILITY', '2221', false, false),
    ('FUND', 'LIABILITY', '2222', false, false), ('WELFARE', 'LIABILITY', '2231', false, false),
    ('FEE', 'LIABILITY', '2232', false, false), ('BUSINESS', 'LIABILITY', '2233', false, false),
    ('TAX', 'LIABILITY', '2234', false, false), ('PARTNER', 'LIABILITY', '2241', false, false),
    ('ORGANISER', 'LIABILITY', '2242', false, false), ('SUSPENSE', 'LIABILITY', '2299', false, false),
    ('GRANT', 'EQUITY', '3001', false, false), ('SURPLUS', 'EQUITY', '3103', false, false),
    ('INCOME', 'INCOME', '4001', false, false), ('EXPENSE', 'EXPENSE', '5001', false, false);
CREATE TRIGGER finance_accounttype_never_changes BEFORE UPDATE OR DELETE ON finance_accounttype
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE finance_accounttype ENABLE ALWAYS TRIGGER finance_accounttype_never_changes;

CREATE FUNCTION finance_open_account(code text, kind text, is_shadow boolean)
    RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE found finance_account;
BEGIN
    SELECT * INTO found FROM finance_account a WHERE a.code = $1;
    IF found.id IS NULL THEN
        INSERT INTO finance_account (code, kind, is_shadow, keeps_balance, balance, opened_at)
        VALUES ($1, $2, $3, coalesce((SELECT y.keeps_balance FROM finance_accounttype y WHERE y.kind = $2), false),
                0, clock_timestamp())
        ON CONFLICT DO NOTHING;
        SELECT * INTO found FROM finance_account a WHERE a.code = $1;
    END IF;
    IF found.kind <> $2 OR found.is_shadow <> $3 THEN
        RAISE EXCEPTION 'account % is of another kind', $1
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_stays_what_it_is';
    END IF;
    RETURN found.id;
END $$;

-- An entry with all its transfers, as the log keeps it.
CREATE FUNCTION finance_entry_hash(entry bigint) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = public, pg_temp AS $$
    SELECT sha256(convert_to(concat_ws('|', 'entry/1', e.id, e.reference, e.kind, e.booked_on, e.is_shadow,
                                       coalesce(e.reversal_of_id, 0), e.asked_digest, e.moves_digest, e.xid,
                                       extract(epoch FROM e.posted_at), t.rows), 'UTF8'))
      FROM (SELECT k.*, extract(epoch FROM k.posted_at)::text AS moment FROM finance_entry k WHERE k.id = $1 OFFSET 0) e
     CROSS JOIN LATERAL (
        SELECT string_agg(concat_ws(',', x.id, x.position, x.source_id, x.target_id, x.amount,
                                    coalesce(x.source_balance::text, '-'), coalesce(x.target_balance::text, '-'), x.is_shadow,
                                    CASE WHEN x.posted_at = e.posted_at THEN e.moment ELSE extract(epoch FROM x.posted_at)::text END),
                          ';' ORDER BY x.id) AS rows
          FROM finance_transfer x WHERE x.entry_id = e.id) t
$$;
REVOKE ALL ON FUNCTION finance_entry_hash(bigint) FROM PUBLIC;

-- Moves from `purse:<player>` become moves from the purses that stand for it in such an entry, in the
-- order of the posting rules (F107). What they do not hold is asked of the wallet, whose constraint
-- refuses. Each move has its place among those asked for as its fourth member. All accounts that keep
-- a balance are locked by code before any of them is read.
CREATE FUNCTION finance_drawn(kind text, moves jsonb) RETURNS jsonb LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    player text;
    players bigint;
    drawn jsonb := '[]';
    taken jsonb := '{}';
    step record;
    purse record;
    wanted bigint;
    part bigint;
BEGIN
    SELECT min(substr(m->>0, 7)), count(DISTINCT m->>0) INTO player, players
      FROM jsonb_array_elements(moves) m WHERE m->>0 LIKE 'purse:%';
    IF players > 1 THEN
        RAISE EXCEPTION 'an entry draws on the purses of one player'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_draws_on_one_player';
    END IF;
    PERFORM 1 FROM finance_account a
      WHERE a.keeps_balance
        AND a.code = ANY (ARRAY(SELECT lower(r.source_kind) || ':' || player FROM finance_postingrule r
                                 WHERE r.entry_kind = $1 AND r.rank IS NOT NULL
                                 UNION ALL SELECT m->>0 FROM jsonb_array_elements(moves) m
                                 UNION ALL SELECT m->>1 FROM jsonb_array_elements(moves) m))
      ORDER BY a.code FOR NO KEY UPDATE;
    FOR step IN SELECT m->>0 AS source, m->>1 AS target, (m->>2)::bigint AS amount, n
                  FROM jsonb_array_elements(moves) WITH ORDINALITY AS x(m, n) ORDER BY n LOOP
        wanted := step.amount;
        IF step.source NOT LIKE 'purse:%' THEN
            drawn := drawn || jsonb_build_array(jsonb_build_array(step.source, step.target, wanted, step.n));
            CONTINUE;
        END IF;
        FOR purse IN SELECT a.code, a.keeps_balance, a.balance - coalesce((taken->>a.code)::bigint, 0) AS left_over
                       FROM finance_account t
                       JOIN finance_postingrule r ON r.entry_kind = $1 AND r.target_kind = t.kind AND r.rank IS NOT NULL
                       JOIN finance_account a ON a.code = lower(r.source_kind) || ':' || player
                      WHERE t.code = step.target ORDER BY r.rank LOOP
            part := CASE WHEN purse.keeps_balance THEN least(wanted, purse.left_over) ELSE wanted END;
            CONTINUE WHEN part <= 0;
            drawn := drawn || jsonb_build_array(jsonb_build_array(purse.code, step.target, part, step.n));
            taken := taken || jsonb_build_object(purse.code, coalesce((taken->>purse.code)::bigint, 0) + part);
            wanted := wanted - part;
        END LOOP;
        IF wanted > 0 OR step.amount <= 0 THEN
            drawn := drawn || jsonb_build_array(jsonb_build_array('wallet:' || player, step.target, wanted, step.n));
        END IF;
    END LOOP;
    RETURN drawn;
END $$;
REVOKE ALL ON FUNCTION finance_drawn(text, jsonb) FROM PUBLIC;

-- What is set aside for a plan goes back under the name of that plan, into the purses it came from, and
-- never more of it (F029). Whoever books it holds the player's accounts: one at a time counts here.
CREATE FUNCTION finance_check_plan(entry bigint) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE plan text;
BEGIN
    SELECT substring(e.reference FROM '^(plan:[^:]+):[^:]+$') INTO plan FROM finance_entry e WHERE e.id = entry;
    IF plan IS NULL OR EXISTS (
        SELECT 1 FROM finance_entry e
          JOIN finance_transfer t ON t.entry_id = e.id
         WHERE e.reference ~>=~ (plan || ':') AND e.reference ~<~ (plan || ';')
           AND e.kind IN ('PLAN_HOLD', 'PLAN_RELEASE')
         GROUP BY CASE e.kind WHEN 'PLAN_HOLD' THEN t.source_id ELSE t.target_id END
        HAVING sum(CASE e.kind WHEN 'PLAN_HOLD' THEN t.amount ELSE -t.amount END) < 0) THEN
        RAISE EXCEPTION '% gives back what it took, where it took it', plan
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_within_its_hold';
    END IF;
END $$;
REVOKE ALL ON FUNCTION finance_check_plan(bigint) FROM PUBLIC;

-- Hold all accounts of these players that keep a balance, in the order in which every entry takes them:
-- for who books more than one entry of theirs, and so never waits for somebody who waits for him.
CREATE FUNCTION finance_lock_players(players text[]) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM finance_account a
      WHERE a.keeps_balance
        AND a.code = ANY (ARRAY(SELECT k || ':' || p FROM unnest(players) p,
                                       unnest('{bonus,hold,wallet,winnings}'::text[]) k))
      ORDER BY a.code FOR NO KEY UPDATE;
END $$;
REVOKE ALL ON FUNCTION finance_lock_players(text[]) FROM PUBLIC;

-- moves: [["source code", "target code", fen], …]; a source may be `purse:<player>`.
-- They are read once; a settlement books a thousand at a time. From then on each step is one pass over
-- arrays and looks accounts up by key, whatever the planner believes of tables that grow all day.
-- The entry of `reference` is returned when it is known and was asked for in the same words. Locks are
-- taken in one order: the accounts that keep a balance by code, then the reference. Times are read after
-- the locks, so that the movements of one wallet stand in the order of their times. A day other than
-- today's may be given to what moves no player's money, into a period that is still open (F123).
CREATE FUNCTION finance_post(reference text, kind text, moves jsonb, reversal_of bigint DEFAULT NULL,
                             day date DEFAULT NULL)
    RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
    entry_pk bigint;
    said text := moves::text;
    asked text := encode(sha256(convert_to(kind || said, 'UTF8')), 'hex');
    moved text := asked;
    known finance_entry;
    original finance_entry;
    first_source text;
    giver finance_account;
    shadow boolean;
    moment timestamptz;
    wrong record;
    source_codes text[];
    target_codes text[];
    amounts bigint[];
    source_ids bigint[];
    target_ids bigint[];
    source_keeps boolean[];
    target_keeps boolean[];
    kept_sources bigint[];
    kept_targets bigint[];
    first_wrong bigint;
    places smallint[];
BEGIN
    SELECT * INTO known FROM finance_entry e WHERE e.reference = $1;
    IF known.id IS NOT NULL THEN
        IF known.asked_digest <> asked OR known.reversal_of_id IS DISTINCT FROM $4 THEN
            RAISE EXCEPTION 'reference % was used for other moves', $1
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'entry_reference_once';
        END IF;
        RETURN known.id;
    END IF;
    IF coalesce(jsonb_array_length(moves), 0) = 0 THEN
        RAISE EXCEPTION 'an entry moves something'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_moves_something';
    END IF;

    IF strpos(said, '"purse:') > 0 THEN
        moves := finance_drawn(kind, moves);
        SELECT array_agg((m->>3)::smallint ORDER BY n), jsonb_agg(m - 3 ORDER BY n) INTO places, moves
          FROM jsonb_array_elements(moves) WITH ORDINALITY AS x(m, n);
        moved := encode(sha256(convert_to(kind || moves::text, 'UTF8')), 'hex');
    END IF;

    SELECT array_agg(m->>0 ORDER BY n), array_agg(m->>1 ORDER BY n), array_agg((m->>2)::bigint ORDER BY n)
      INTO source_codes, target_codes, amounts
      FROM jsonb_array_elements(moves) WITH ORDINALITY AS x(m, n);
    -- Many moves are of one source; it is looked up once.
    first_source := source_codes[1];
    SELECT * INTO giver FROM finance_account a WHERE a.code = first_source;
    shadow := giver.is_shadow;
    SELECT array_agg(x.source_id ORDER BY x.n), array_agg(x.target_id ORDER BY x.n),
           array_agg(x.source_keeps ORDER BY x.n), array_agg(x.target_keeps ORDER BY x.n),
           array_agg(DISTINCT x.source_id) FILTER (WHERE x.source_keeps),
           array_agg(DISTINCT x.target_id) FILTER (WHERE x.target_keeps),
           min(x.n) FILTER (WHERE x.is_unknown OR x.is_mixed OR x.is_nothing OR x.to_another OR x.has_no_rule)
      INTO source_ids, target_ids, source_keeps, target_keeps, kept_sources, kept_targets, first_wrong
      FROM (
        SELECT y.n, s.id AS source_id, t.id AS target_id, s.keeps_balance AS source_keeps, t.keeps_balance AS target_keeps,
               s.id IS NULL OR t.id IS NULL OR shadow IS NULL AS is_unknown,
               s.is_shadow <> shadow OR t.is_shadow <> shadow AS is_mixed, y.amount <= 0 AS is_nothing,
               s.kind IN ('WALLET', 'WINNINGS', 'BONUS', 'HOLD', 'RECEIVABLE')
                   AND t.kind IN ('WALLET', 'WINNINGS', 'BONUS', 'HOLD', 'RECEIVABLE')
                   AND substr(s.code, strpos(s.code, ':')) <> substr(t.code, strpos(t.code, ':')) AS to_another,
               $2 <> 'REVERSAL' AND NOT EXISTS (
                   SELECT 1 FROM finance_postingrule r
                    WHERE r.entry_kind = $2 AND r.source_kind = s.kind AND r.target_kind = t.kind) AS has_no_rule
          FROM unnest(source_codes, target_codes, amounts) WITH ORDINALITY AS y(source, target, amount, n)
          LEFT JOIN LATERAL (
                SELECT giver.id, giver.code, giver.kind, giver.is_shadow, giver.keeps_balance
                 WHERE y.source = first_source AND giver.id IS NOT NULL
                UNION ALL
                SELECT a.id, a.code, a.kind, a.is_shadow, a.keeps_balance FROM finance_account a
                 WHERE y.source <> first_source AND a.code = y.source OFFSET 0) s ON true
          LEFT JOIN LATERAL (SELECT * FROM finance_account a WHERE a.code = y.target OFFSET 0) t ON true) x;
    IF first_wrong IS NOT NULL THEN
        SELECT s.id IS NULL OR t.id IS NULL OR shadow IS NULL AS unknown,
               s.is_shadow <> shadow OR t.is_shadow <> shadow AS mixed, amounts[first_wrong] <= 0 AS nothing,
               s.kind IN ('WALLET', 'WINNINGS', 'BONUS', 'HOLD', 'RECEIVABLE')
                   AND t.kind IN ('WALLET', 'WINNINGS', 'BONUS', 'HOLD', 'RECEIVABLE')
                   AND substr(s.code, strpos(s.code, ':')) <> substr(t.code, strpos(t.code, ':')) AS to_another,
               s.kind AS source_kind, t.kind AS target_kind,
               source_codes[first_wrong] AS source, target_codes[first_wrong] AS target
          INTO wrong
          FROM (SELECT 1) one
          LEFT JOIN finance_account s ON s.code = source_codes[first_wrong]
          LEFT JOIN finance_account t ON t.code = target_codes[first_wrong];
        IF wrong.unknown THEN
            RAISE EXCEPTION 'no account % or %', wrong.source, wrong.target
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'transfer_between_known_accounts';
        ELSIF wrong.mixed THEN
            RAISE EXCEPTION 'real and shadow money never meet'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'books_not_mixed';
        ELSIF wrong.nothing THEN
            RAISE EXCEPTION 'a transfer moves at least one fen'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_amount_positive';
        ELSIF wrong.to_another THEN
            RAISE EXCEPTION 'money never moves from player to player'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_never_player_to_player';
        ELSE
            RAISE EXCEPTION '% may not move money from % to %', kind, wrong.source_kind, wrong.target_kind
                USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_rule_known';
        END IF;
    END IF;

    PERFORM 1 FROM finance_account a WHERE a.id = ANY (kept_sources || kept_targets)
      ORDER BY a.code FOR NO KEY UPDATE;
    moment := clock_timestamp();
    IF $5 IS NOT NULL AND (kept_sources IS NOT NULL OR kept_targets IS NOT NULL
                           OR $5 > (moment AT TIME ZONE 'Asia/Shanghai')::date) THEN
        RAISE EXCEPTION 'what moves players'' money is booked on its day, and nothing before its time'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_booked_on_its_day';
    END IF;

    INSERT INTO finance_entry (reference, kind, booked_on, is_shadow, reversal_of_id, asked_digest, moves_digest,
                               xid, posted_at)
    VALUES ($1, $2, coalesce($5, (moment AT TIME ZONE 'Asia/Shanghai')::date), shadow, $4, asked,
            moved, pg_current_xact_id()::text::bigint, moment)
    ON CONFLICT ON CONSTRAINT finance_entry_reference_key DO NOTHING
    RETURNING id INTO entry_pk;
    IF entry_pk IS NULL THEN  -- the same deed at the same moment was first
        SELECT * INTO known FROM finance_entry e WHERE e.reference = $1;
        IF known.asked_digest <> asked OR known.reversal_of_id IS DISTINCT FROM $4 THEN
            RAISE EXCEPTION 'reference % was used for other moves', $1
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'entry_reference_once';
        END IF;
        RETURN known.id;
    END IF;

    -- An account that keeps a balance gives or takes in an entry, not both: so each row has its balance.
    IF kept_sources && kept_targets THEN
        RAISE EXCEPTION 'in one entry an account gives or takes, not both'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_uses_a_balance_one_way';
    END IF;
    UPDATE finance_account a SET balance = a.balance + d.change
      FROM (SELECT e.id, sum(e.change) AS change
              FROM (SELECT id, -amount AS change FROM unnest(source_ids, source_keeps, amounts) x(id, keeps, amount) WHERE keeps
                    UNION ALL
                    SELECT id, amount FROM unnest(target_ids, target_keeps, amounts) x(id, keeps, amount) WHERE keeps) e
             GROUP BY e.id OFFSET 0) d
     WHERE a.id = d.id;

    INSERT INTO finance_transfer (entry_id, position, source_id, target_id, amount,
                                  source_balance, target_balance, is_shadow, posted_at)
    SELECT entry_pk, coalesce(places[x.n], x.n), x.source, x.target, x.amount,
           CASE WHEN x.source_keeps THEN s.balance + coalesce(sum(x.amount) OVER (
               PARTITION BY x.source ORDER BY x.n DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) END,
           CASE WHEN x.target_keeps THEN t.balance - coalesce(sum(x.amount) OVER (
               PARTITION BY x.target ORDER BY x.n DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) END,
           shadow, moment
      FROM unnest(source_ids, target_ids, source_keeps, target_keeps, amounts) WITH ORDINALITY
           AS x(source, target, source_keeps, target_keeps, amount, n)
      LEFT JOIN LATERAL (SELECT a.balance FROM finance_account a WHERE x.source_keeps AND a.id = x.source OFFSET 0) s ON true
      LEFT JOIN LATERAL (SELECT a.balance FROM finance_account a WHERE x.target_keeps AND a.id = x.target OFFSET 0) t ON true
     ORDER BY x.n;

    -- A reversal mirrors its original exactly; only once is a unique column. It is not reversed itself.
    IF $2 = 'REVERSAL' THEN
        SELECT * INTO original FROM finance_entry e WHERE e.id = $4;
        IF original.kind = 'REVERSAL' THEN
            RAISE EXCEPTION 'a reversal is not reversed'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_reversal_is_final';
        END IF;
        IF original.id IS NULL OR EXISTS (
            (SELECT t.source_id, t.target_id, t.amount FROM finance_transfer t WHERE t.entry_id = entry_pk
             EXCEPT ALL
             SELECT t.target_id, t.source_id, t.amount FROM finance_transfer t WHERE t.entry_id = $4)
            UNION ALL
            (SELECT t.target_id, t.source_id, t.amount FROM finance_transfer t WHERE t.entry_id = $4
             EXCEPT ALL
             SELECT t.source_id, t.target_id, t.amount FROM finance_transfer t WHERE t.entry_id = entry_pk)
        ) THEN
            RAISE EXCEPTION 'a reversal mirrors its original'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_reversal_mirrors';
        END IF;
    END IF;
    IF $2 IN ('DEPOSIT', 'PURCHASE', 'REFUND', 'PRIZE') AND EXISTS (SELECT 1 FROM finance_ceiling) THEN
        PERFORM finance_count_flows(entry_pk);
    END IF;
    IF $2 = 'PLAN_RELEASE' THEN
        PERFORM finance_check_plan(entry_pk);
    END IF;
    PERFORM audit_log_add('entry', $1, finance_entry_hash(entry_pk));
    RETURN entry_pk;
END $$;
REVOKE ALL ON FUNCTION finance_post(text, text, jsonb, bigint, date) FROM PUBLIC;
REVOKE ALL ON FUNCTION finance_open_account(text, text, boolean) FROM PUBLIC;
"""
UNDO = """
DROP FUNCTION finance_post(text, text, jsonb, bigint, date);
DROP FUNCTION finance_lock_players(text[]);
DROP FUNCTION finance_check_plan(bigint);
DROP FUNCTION finance_drawn(text, jsonb);
DROP FUNCTION finance_open_account(text, text, boolean);
DROP FUNCTION finance_entry_hash(bigint);
DROP TRIGGER audit_log_row ON finance_account;
DROP TRIGGER finance_accounttype_never_changes ON finance_accounttype;
DELETE FROM finance_accounttype;
DROP FUNCTION finance_account_stays() CASCADE;
DROP TRIGGER finance_entry_never_changes ON finance_entry;
ALTER TABLE finance_account RESET (fillfactor);
DROP TABLE finance_transfer;
DROP FUNCTION finance_transfer_of_an_entry();
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0001_first_tables"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
