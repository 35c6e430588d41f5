"""The trail: partitioned by id, written by one function that fills in what nobody may forge."""

from django.db import migrations

SQL = """
CREATE TABLE audit_trail (
    id bigint GENERATED ALWAYS AS IDENTITY,
    epoch smallint NOT NULL,
    format_version smallint NOT NULL,
    xid bigint NOT NULL,
    at timestamptz NOT NULL,
    db_user varchar(63) NOT NULL,
    actor varchar(64) NOT NULL,
    actor_roles varchar(200) NOT NULL,
    action varchar(80) NOT NULL CONSTRAINT trail_says_what CHECK (action <> ''),
    object_type varchar(40) NOT NULL,
    object_code varchar(64) NOT NULL,
    request_id varchar(36) NOT NULL,
    body text NOT NULL CONSTRAINT trail_body_is_json CHECK (body IS JSON OBJECT WITH UNIQUE KEYS),
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);
-- Partitions are made ahead of use by audit_make_partitions(); the last one catches what it missed.
CREATE TABLE audit_trail_rest PARTITION OF audit_trail DEFAULT;
CREATE INDEX audit_trail_of_object ON audit_trail (object_type, object_code, id);
CREATE INDEX audit_trail_by_actor ON audit_trail (actor, id);
CREATE INDEX audit_trail_by_action ON audit_trail (action text_pattern_ops, id);
CREATE INDEX audit_trail_by_xid ON audit_trail (xid);
CREATE INDEX audit_trail_by_time ON audit_trail USING brin (at);

CREATE TRIGGER audit_trail_never_changes BEFORE UPDATE OR DELETE ON audit_trail
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE audit_trail ENABLE ALWAYS TRIGGER audit_trail_never_changes;

-- An epoch begins when transaction ids begin anew, as after a logical restore.
CREATE TABLE audit_epoch (number smallint PRIMARY KEY, begun_at timestamptz NOT NULL);
INSERT INTO audit_epoch VALUES (1, clock_timestamp());
CREATE TRIGGER audit_epoch_never_changes BEFORE UPDATE OR DELETE ON audit_epoch
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE audit_epoch ENABLE ALWAYS TRIGGER audit_epoch_never_changes;

CREATE FUNCTION audit_make_partitions() RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    size CONSTANT bigint := 10000000;
    last bigint;
    made integer := 0;
    name text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit_make_partitions'));
    SELECT coalesce(max(id), 0) / size INTO last FROM audit_trail;
    FOR number IN last .. last + 1 LOOP
        name := 'audit_trail_' || number;
        IF to_regclass(quote_ident(name)) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF audit_trail FOR VALUES FROM (%s) TO (%s)',
                           name, number * size, (number + 1) * size);
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION audit_make_partitions() FROM PUBLIC;
SELECT audit_make_partitions();

CREATE FUNCTION audit_record(
    actor text, actor_roles text, action text, object_type text, object_code text,
    request_id text, body text
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    SET timezone = 'UTC' AS $$
DECLARE written audit_trail;
BEGIN
    INSERT INTO audit_trail (epoch, format_version, xid, at, db_user, actor, actor_roles, action,
                             object_type, object_code, request_id, body)
    VALUES ((SELECT max(number) FROM audit_epoch), 1, pg_current_xact_id()::text::bigint,
            clock_timestamp(), session_user, $1, $2, $3, $4, $5, $6, $7)
    RETURNING * INTO written;
    PERFORM audit_log_add('trail', written.id::text, audit_row_hash(to_jsonb(written)));
    RETURN written.id;
END $$;
REVOKE ALL ON FUNCTION audit_record(text, text, text, text, text, text, text) FROM PUBLIC;
"""
UNDO = """
DROP FUNCTION audit_record(text, text, text, text, text, text, text);
DROP FUNCTION audit_make_partitions();
DROP TABLE audit_epoch;
DROP TABLE audit_trail;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_evidence_never_changes")]
    operations = [migrations.RunSQL(SQL, UNDO)]
