"""The ledger: transfers partitioned by id, and the one function that moves money (D4)."""

from django.db import migrations

SQL = """
CREATE TABLE finance_transfer (
    id bigint GENERATED ALWAYS AS IDENTITY,
    entry_id bigint NOT NULL REFERENCES finance_entry,
    position smallint NOT NULL,
    source_id bigint NOT NULL REFERENCES finance_account,
    target_id bigint NOT NULL REFERENCES finance_account,
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
CREATE INDEX finance_transfer_source ON finance_transfer (source_id, id);
CREATE INDEX finance_transfer_target ON finance_transfer (target_id, id);

CREATE TRIGGER finance_transfer_never_changes BEFORE UPDATE OR DELETE ON finance_transfer
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE finance_transfer ENABLE ALWAYS TRIGGER finance_transfer_never_changes;
CREATE TRIGGER finance_entry_never_changes BEFORE UPDATE OR DELETE ON finance_entry
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER finance_entry_never_changes;

CREATE FUNCTION finance_open_account(code text, kind text, is_shadow boolean)
    RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE found finance_account;
BEGIN
    SELECT * INTO found FROM finance_account a WHERE a.code = $1;
    IF NOT FOUND THEN
        INSERT INTO finance_account AS a (code, kind, is_shadow, keeps_balance, balance, opened_at)
        VALUES ($1, $2, $3, $2 IN ('WALLET', 'HOLD'), 0, clock_timestamp())
        ON CONFLICT ON CONSTRAINT finance_account_code_key DO NOTHING;
        SELECT * INTO found FROM finance_account a WHERE a.code = $1;
    END IF;
    IF found.kind <> $2 OR found.is_shadow <> $3 THEN
        RAISE EXCEPTION 'account % is of another kind', $1
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_stays_what_it_is';
    END IF;
    RETURN found.id;
END $$;

-- moves: [["source code", "target code", fen], …]
CREATE FUNCTION finance_post(reference text, kind text, moves jsonb, reversal_of bigint DEFAULT NULL)
    RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry_pk bigint;
    digest text := encode(sha256(convert_to(kind || moves::text, 'UTF8')), 'hex');
    known finance_entry;
    shadow boolean;
    moment timestamptz := clock_timestamp();
    wrong record;
    kept record;
BEGIN
    IF jsonb_array_length(moves) = 0 THEN
        RAISE EXCEPTION 'an entry moves something'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_moves_something';
    END IF;
    SELECT a.is_shadow INTO shadow FROM finance_account a WHERE a.code = moves->0->>0;

    INSERT INTO finance_entry (reference, kind, booked_on, is_shadow, reversal_of_id, moves_digest, xid, posted_at)
    VALUES ($1, $2, (moment AT TIME ZONE 'Asia/Shanghai')::date, coalesce(shadow, false), $4, digest,
            pg_current_xact_id()::text::bigint, moment)
    ON CONFLICT ON CONSTRAINT finance_entry_reference_key DO NOTHING
    RETURNING id INTO entry_pk;
    IF entry_pk IS NULL THEN
        SELECT * INTO known FROM finance_entry e WHERE e.reference = $1;
        IF known.moves_digest <> digest OR known.reversal_of_id IS DISTINCT FROM $4 THEN
            RAISE EXCEPTION 'reference % was used for other moves', $1
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'entry_reference_once';
        END IF;
        RETURN known.id;
    END IF;

    FOR wrong IN
        SELECT s.id IS NULL OR t.id IS NULL AS unknown,
               s.is_shadow <> t.is_shadow OR s.is_shadow <> shadow AS mixed,
               s.kind AS source_kind, t.kind AS target_kind, m->>0 AS source, m->>1 AS target
          FROM jsonb_array_elements(moves) m
          LEFT JOIN finance_account s ON s.code = m->>0
          LEFT JOIN finance_account t ON t.code = m->>1
         WHERE s.id IS NULL OR t.id IS NULL OR s.is_shadow <> t.is_shadow OR s.is_shadow <> shadow
            OR ($2 <> 'REVERSAL' AND NOT EXISTS (
                SELECT 1 FROM finance_postingrule r
                 WHERE r.entry_kind = $2 AND r.source_kind = s.kind AND r.target_kind = t.kind))
         LIMIT 1
    LOOP
        IF wrong.unknown THEN
            RAISE EXCEPTION 'no account % or %', wrong.source, wrong.target
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'transfer_between_known_accounts';
        ELSIF wrong.mixed THEN
            RAISE EXCEPTION 'real and shadow money never meet'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'books_not_mixed';
        END IF;
        RAISE EXCEPTION '% may not move money from % to %', kind, wrong.source_kind, wrong.target_kind
            USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_rule_known';
    END LOOP;

    -- Kept balances change in the order of account codes, so that no two entries wait for each other.
    -- An account that keeps a balance is used one way in an entry: that gives each row its balance.
    FOR kept IN
        SELECT a.id, sum(d.change) AS change, count(DISTINCT sign(d.change)) AS ways
          FROM (SELECT m->>0 AS code, -(m->>2)::bigint AS change FROM jsonb_array_elements(moves) m
                UNION ALL
                SELECT m->>1, (m->>2)::bigint FROM jsonb_array_elements(moves) m) d
          JOIN finance_account a ON a.code = d.code
         WHERE a.keeps_balance GROUP BY a.id, a.code ORDER BY a.code
    LOOP
        IF kept.ways > 1 THEN
            RAISE EXCEPTION 'in one entry an account gives or takes, not both'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_uses_a_balance_one_way';
        END IF;
        UPDATE finance_account SET balance = balance + kept.change WHERE id = kept.id;
    END LOOP;

    INSERT INTO finance_transfer (entry_id, position, source_id, target_id, amount,
                                  source_balance, target_balance, is_shadow, posted_at)
    SELECT entry_pk, x.position, s.id, t.id, (m->>2)::bigint,
           CASE WHEN s.keeps_balance THEN s.balance + coalesce(sum((m->>2)::bigint) OVER (
               PARTITION BY s.id ORDER BY x.position DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) END,
           CASE WHEN t.keeps_balance THEN t.balance - coalesce(sum((m->>2)::bigint) OVER (
               PARTITION BY t.id ORDER BY x.position DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) END,
           shadow, moment
      FROM jsonb_array_elements(moves) WITH ORDINALITY AS x(m, position)
      JOIN finance_account s ON s.code = m->>0
      JOIN finance_account t ON t.code = m->>1
     ORDER BY x.position;

    -- A reversal mirrors its original exactly; which one, and only once, is a unique column.
    IF kind = 'REVERSAL' AND EXISTS (
        (SELECT source_id, target_id, amount FROM finance_transfer WHERE entry_id = entry_pk
         EXCEPT ALL
         SELECT target_id, source_id, amount FROM finance_transfer WHERE entry_id = $4)
        UNION ALL
        (SELECT target_id, source_id, amount FROM finance_transfer WHERE entry_id = $4
         EXCEPT ALL
         SELECT source_id, target_id, amount FROM finance_transfer WHERE entry_id = entry_pk)
    ) THEN
        RAISE EXCEPTION 'a reversal mirrors its original'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_reversal_mirrors';
    END IF;
    RETURN entry_pk;
END $$;
REVOKE ALL ON FUNCTION finance_post(text, text, jsonb, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION finance_open_account(text, text, boolean) FROM PUBLIC;
"""
UNDO = """
DROP FUNCTION finance_post(text, text, jsonb, bigint);
DROP FUNCTION finance_open_account(text, text, boolean);
DROP TRIGGER finance_entry_never_changes ON finance_entry;
DROP TABLE finance_transfer;
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0001_first_tables"), ("audit", "0002_evidence_never_changes")]
    operations = [migrations.RunSQL(SQL, UNDO)]
