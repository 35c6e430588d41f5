"""The log: hashes of what matters, put into one order below the horizon of running transactions.

Whoever changes something that matters adds an entry in the same transaction; nobody waits for
anybody. Afterwards `audit_sequence()` gives the entries their places, in the order (epoch, xid, id)
and only those whose transactions, and all transactions before them, are over: a cursor over ids
alone would pass by what commits late. Nothing takes a place before a place that is given.
"""

from django.db import migrations

SQL = r"""
CREATE TABLE audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY,
    epoch smallint NOT NULL,
    xid bigint NOT NULL,
    at timestamptz NOT NULL,
    kind varchar(24) NOT NULL CONSTRAINT entry_kind_is_a_word CHECK (kind ~ '^[a-z_]+$'),
    key text NOT NULL CONSTRAINT entry_key_on_one_line CHECK (key ~ '^[^\t\n]+$'),
    hash bytea NOT NULL CONSTRAINT entry_hash_is_sha256 CHECK (octet_length(hash) = 32),
    PRIMARY KEY (epoch, xid, id)
);
CREATE TABLE audit_sequenced (
    seq bigint PRIMARY KEY,
    epoch smallint NOT NULL,
    xid bigint NOT NULL,
    entry_id bigint NOT NULL,
    name bigint NOT NULL,  -- hashtextextended(kind TAB key): finds an entry, proves nothing
    leaf bytea NOT NULL
);
CREATE INDEX audit_sequenced_name ON audit_sequenced (name, seq);
-- Roots of complete runs of 256**level leaves: with the leaves, all that proofs need.
CREATE TABLE audit_treehash (
    level smallint NOT NULL,
    place bigint NOT NULL,
    hash bytea NOT NULL CONSTRAINT treehash_is_sha256 CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, place)
);

CREATE TRIGGER audit_entry_never_changes BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_never_changes;
CREATE TRIGGER audit_sequenced_never_changes BEFORE UPDATE OR DELETE ON audit_sequenced
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE audit_sequenced ENABLE ALWAYS TRIGGER audit_sequenced_never_changes;
CREATE TRIGGER audit_treehash_never_changes BEFORE UPDATE OR DELETE ON audit_treehash
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE audit_treehash ENABLE ALWAYS TRIGGER audit_treehash_never_changes;

CREATE FUNCTION audit_log_add(kind text, key text, hash bytea) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_entry (epoch, xid, at, kind, key, hash)
    VALUES ((SELECT max(number) FROM audit_epoch), pg_current_xact_id()::text::bigint,
            clock_timestamp(), $1, $2, $3);
END $$;
REVOKE ALL ON FUNCTION audit_log_add(text, text, bytea) FROM PUBLIC;

-- A row as it is hashed: JSON without its empty columns, so that a column added later, empty in old
-- rows, leaves their hashes as they are. Times must be rendered in UTC: the callers set it.
CREATE FUNCTION audit_row_hash(fields jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sha256(convert_to(jsonb_strip_nulls(fields)::text, 'UTF8'));
REVOKE ALL ON FUNCTION audit_row_hash(jsonb) FROM PUBLIC;

-- EXECUTE FUNCTION audit_log_row('<kind>', '<key column>', '<column left out>', …)
CREATE FUNCTION audit_log_row() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
DECLARE fields jsonb := to_jsonb(NEW);
BEGIN
    PERFORM audit_log_add(TG_ARGV[0], fields->>TG_ARGV[1], audit_row_hash(fields - TG_ARGV[2:]));
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION audit_log_row() FROM PUBLIC;

-- Key and hash of every row of a watched table as it is now: what `audit_log_row` would log. Only
-- hashes: the application may compare rows of which it may not read every column.
CREATE FUNCTION audit_rows_now(watched regclass) RETURNS TABLE (key text, hash bytea) LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
DECLARE words text[];
BEGIN
    SELECT string_to_array(rtrim(encode(g.tgargs, 'escape'), '0\'), '\000') INTO words FROM pg_trigger g
     WHERE g.tgrelid = watched AND g.tgfoid = 'audit_log_row'::regproc AND NOT g.tgisinternal;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not watched', watched USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT t.%I::text, audit_row_hash(to_jsonb(t) - %L::text[]) FROM %s t', words[2], words[3:], watched);
END $$;
REVOKE ALL ON FUNCTION audit_rows_now(regclass) FROM PUBLIC;

-- Below it every transaction that could add an entry is over, for statements that begin afterwards.
-- Transactions of other databases of the same server are in a snapshot too, and no concern of ours:
-- those whose holder works elsewhere are left out, and those that have ended meanwhile. Who cannot be
-- found holds us up; as that may pass at once, it is looked at three times.
CREATE FUNCTION audit_horizon() RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    seen pg_snapshot;
    oldest bigint;
BEGIN
    FOR attempt IN 1 .. 3 LOOP
        seen := pg_current_snapshot();
        PERFORM pg_stat_clear_snapshot();
        SELECT min(r.xid::text::bigint) INTO oldest FROM pg_snapshot_xip(seen) AS r (xid)
         WHERE NOT EXISTS (
                SELECT FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                 WHERE l.locktype = 'transactionid' AND l.transactionid = r.xid::xid
                   AND l.mode = 'ExclusiveLock' AND l.granted
                   AND a.datid <> (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
           AND pg_xact_status(r.xid) = 'in progress';
        EXIT WHEN oldest IS NULL;
    END LOOP;
    RETURN coalesce(oldest, pg_snapshot_xmax(seen)::text::bigint);
END $$;
REVOKE ALL ON FUNCTION audit_horizon() FROM PUBLIC;

-- Give places to at most `most` entries; how many got one, or -1 while another gives places.
CREATE FUNCTION audit_sequence(most integer) RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    last audit_sequenced;
    current smallint;
    horizon bigint;
    given integer;
BEGIN
    -- The horizon is of now: an older snapshot would pass by what has committed since it was taken.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'places are given under read committed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'log_sequenced_read_committed';
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtext('audit_sequence')) THEN RETURN -1; END IF;
    SELECT max(number) INTO current FROM audit_epoch;
    SELECT * INTO last FROM audit_sequenced s ORDER BY s.seq DESC LIMIT 1;
    IF last.epoch = current AND last.xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint THEN
        RAISE EXCEPTION 'transaction ids have begun anew: after a logical restore begin a new epoch'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'log_epoch_goes_on';
    END IF;
    horizon := audit_horizon();
    INSERT INTO audit_sequenced (seq, epoch, xid, entry_id, name, leaf)
    SELECT coalesce(last.seq, -1) + row_number() OVER (ORDER BY e.epoch, e.xid, e.id), e.epoch, e.xid, e.id,
           hashtextextended(e.kind || E'\t' || e.key, 0), audit_leaf(e.kind, e.key, e.hash)
      FROM (SELECT * FROM audit_entry x
             WHERE (x.epoch, x.xid, x.id) > (coalesce(last.epoch, 0::smallint), coalesce(last.xid, 0), coalesce(last.entry_id, 0))
               AND (x.epoch < current OR x.xid < horizon)
             ORDER BY x.epoch, x.xid, x.id LIMIT most) e;
    GET DIAGNOSTICS given = ROW_COUNT;
    RETURN given;
END $$;
REVOKE ALL ON FUNCTION audit_sequence(integer) FROM PUBLIC;

CREATE FUNCTION audit_leaf(kind text, key text, hash bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sha256('\x00'::bytea || convert_to(
        'entry/1' || E'\t' || kind || E'\t' || key || E'\t' || encode(hash, 'hex'), 'UTF8'));
REVOKE ALL ON FUNCTION audit_leaf(text, text, bytea) FROM PUBLIC;

-- A checkpoint covers all places given, more than the one before, and gains its cosignature once.
CREATE FUNCTION audit_checkpoint_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.at := clock_timestamp();
        IF NEW.size IS DISTINCT FROM (SELECT max(s.seq) + 1 FROM audit_sequenced s)
           OR NEW.size <= (SELECT max(c.size) FROM audit_checkpoint c) THEN
            RAISE EXCEPTION 'a checkpoint covers the log as it is'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'checkpoint_covers_the_log';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.cosigned_at IS NOT NULL
       OR (NEW.size, NEW.root, NEW.text, NEW.at) IS DISTINCT FROM (OLD.size, OLD.root, OLD.text, OLD.at) THEN
        RAISE EXCEPTION 'a checkpoint stands as it was signed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'checkpoint_stands';
    END IF;
    NEW.cosigned_at := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION audit_checkpoint_stands() FROM PUBLIC;
CREATE TRIGGER audit_checkpoint_stands BEFORE INSERT OR UPDATE OR DELETE ON audit_checkpoint
    FOR EACH ROW EXECUTE FUNCTION audit_checkpoint_stands();
ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER audit_checkpoint_stands;

-- The first key of a role comes from genesis; every other from an approval that says exactly it.
CREATE FUNCTION audit_signingkey_has_its_approval() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE agreed jsonb;
BEGIN
    IF NEW.approval_code = 'GENESIS' THEN
        IF EXISTS (SELECT FROM audit_signingkey k WHERE k.role = NEW.role) THEN
            RAISE EXCEPTION 'the first key of this role is registered'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'signingkey_genesis_once';
        END IF;
        RETURN NEW;
    END IF;
    SELECT r.payload::jsonb INTO agreed FROM audit_approvalrequest r
     WHERE r.code = NEW.approval_code AND r.kind = 'audit.signing_key' AND r.state = 'PERFORMED';
    IF NOT FOUND OR (agreed ->> 'role', agreed ->> 'key_id', agreed ->> 'public_key', agreed ->> 'algorithm')
                    IS DISTINCT FROM (NEW.role::text, NEW.key_id::text, NEW.public_key::text, NEW.algorithm::text)
       OR NEW.valid_from < clock_timestamp() - interval '1 minute' THEN
        RAISE EXCEPTION 'nobody approved this key'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'signingkey_as_approved';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION audit_signingkey_has_its_approval() FROM PUBLIC;
CREATE TRIGGER audit_signingkey_has_its_approval BEFORE INSERT ON audit_signingkey
    FOR EACH ROW EXECUTE FUNCTION audit_signingkey_has_its_approval();
ALTER TABLE audit_signingkey ENABLE ALWAYS TRIGGER audit_signingkey_has_its_approval;

-- Of a key only its revocation is written, once; of an alarm only that it was cleared, once.
CREATE FUNCTION audit_signingkey_stands() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.revoked_at IS NOT NULL
       OR to_jsonb(NEW) - 'revoked_at' IS DISTINCT FROM to_jsonb(OLD) - 'revoked_at' THEN
        RAISE EXCEPTION 'a registered key stands'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'signingkey_stands';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION audit_signingkey_stands() FROM PUBLIC;
CREATE TRIGGER audit_signingkey_stands BEFORE UPDATE OR DELETE ON audit_signingkey
    FOR EACH ROW EXECUTE FUNCTION audit_signingkey_stands();
ALTER TABLE audit_signingkey ENABLE ALWAYS TRIGGER audit_signingkey_stands;
CREATE FUNCTION audit_alarm_stands() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.cleared_at IS NOT NULL
       OR to_jsonb(NEW) - ARRAY['cleared_at', 'cleared_by_id', 'note']
          IS DISTINCT FROM to_jsonb(OLD) - ARRAY['cleared_at', 'cleared_by_id', 'note'] THEN
        RAISE EXCEPTION 'an alarm stands as it was raised'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'alarm_stands';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION audit_alarm_stands() FROM PUBLIC;
CREATE TRIGGER audit_alarm_stands BEFORE UPDATE OR DELETE ON audit_alarm
    FOR EACH ROW EXECUTE FUNCTION audit_alarm_stands();
ALTER TABLE audit_alarm ENABLE ALWAYS TRIGGER audit_alarm_stands;

-- What of this room goes into the log by itself.
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON audit_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('approval', 'code');
ALTER TABLE audit_approvalrequest ENABLE ALWAYS TRIGGER audit_log_row;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON audit_approvaldecision
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('decision', 'id');
ALTER TABLE audit_approvaldecision ENABLE ALWAYS TRIGGER audit_log_row;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON audit_policyparameter
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('policy', 'id');
ALTER TABLE audit_policyparameter ENABLE ALWAYS TRIGGER audit_log_row;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON audit_signingkey
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('signing_key', 'key_id');
ALTER TABLE audit_signingkey ENABLE ALWAYS TRIGGER audit_log_row;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON audit_alarm
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('alarm', 'code');
ALTER TABLE audit_alarm ENABLE ALWAYS TRIGGER audit_log_row;
"""
UNDO = """
DROP FUNCTION audit_log_row() CASCADE;
DROP FUNCTION audit_alarm_stands() CASCADE;
DROP FUNCTION audit_signingkey_stands() CASCADE;
DROP FUNCTION audit_signingkey_has_its_approval() CASCADE;
DROP FUNCTION audit_checkpoint_stands() CASCADE;
DROP FUNCTION audit_sequence(integer);
DROP FUNCTION audit_horizon();
DROP FUNCTION audit_rows_now(regclass);
DROP FUNCTION audit_leaf(text, text, bytea);
DROP FUNCTION audit_row_hash(jsonb);
DROP FUNCTION audit_log_add(text, text, bytea);
DROP TABLE audit_treehash;
DROP TABLE audit_sequenced;
DROP TABLE audit_entry;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_log_tables")]
    operations = [migrations.RunSQL(SQL, UNDO)]
