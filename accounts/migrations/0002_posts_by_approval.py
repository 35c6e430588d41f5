"""A post is held by genesis or by an approval that says exactly it (F223); once ended, it stays so.

Genesis is over with the first post that was given by approval. People of drills get nothing but the
post that shadow draws know.
"""

from django.db import migrations

SQL = """
CREATE UNIQUE INDEX accounts_posting_approval_once ON accounts_posting (approval_code)
    WHERE approval_code NOT IN ('GENESIS', 'DRILL');

CREATE FUNCTION accounts_posting_has_its_approval() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    given accounts_post;
    agreed jsonb;
BEGIN
    SELECT * INTO given FROM accounts_post p WHERE p.id = NEW.post_id;
    IF NEW.approval_code = 'DRILL' THEN
        IF NOT given.roles::text[] <@ ARRAY['drill_official'] THEN
            RAISE EXCEPTION 'a drill gives no post of the house'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_as_approved';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.approval_code = 'GENESIS' THEN
        IF EXISTS (SELECT FROM accounts_posting p WHERE p.approval_code NOT IN ('GENESIS', 'DRILL')) THEN
            RAISE EXCEPTION 'the first posts have been given'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_genesis_before_approvals';
        END IF;
        RETURN NEW;
    END IF;
    SELECT r.payload::jsonb INTO agreed FROM audit_approvalrequest r
     WHERE r.code = NEW.approval_code AND r.kind = 'accounts.posting' AND r.state = 'PERFORMED';
    IF NOT FOUND OR (agreed ->> 'deed', agreed ->> 'person', agreed ->> 'post')
                    IS DISTINCT FROM ('appoint', (SELECT h.row_uuid::text FROM accounts_person h
                                                   WHERE h.id = NEW.person_id), given.code::text)
       OR (agreed ->> 'until')::timestamptz IS DISTINCT FROM NEW.valid_until THEN
        RAISE EXCEPTION 'nobody approved this post'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_as_approved';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_posting_has_its_approval BEFORE INSERT ON accounts_posting
    FOR EACH ROW EXECUTE FUNCTION accounts_posting_has_its_approval();
ALTER TABLE accounts_posting ENABLE ALWAYS TRIGGER accounts_posting_has_its_approval;

CREATE FUNCTION accounts_posting_only_ends() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.person_id, NEW.post_id, NEW.valid_from, NEW.approval_code)
       IS DISTINCT FROM (OLD.id, OLD.person_id, OLD.post_id, OLD.valid_from, OLD.approval_code)
       OR NEW.valid_until IS NULL OR NEW.valid_until > coalesce(OLD.valid_until, 'infinity') THEN
        RAISE EXCEPTION 'a post that is held only ends'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_only_ends';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_posting_only_ends BEFORE UPDATE ON accounts_posting
    FOR EACH ROW EXECUTE FUNCTION accounts_posting_only_ends();
ALTER TABLE accounts_posting ENABLE ALWAYS TRIGGER accounts_posting_only_ends;
"""
UNDO = """
DROP FUNCTION accounts_posting_only_ends() CASCADE;
DROP FUNCTION accounts_posting_has_its_approval() CASCADE;
DROP INDEX accounts_posting_approval_once;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_first_tables"), ("audit", "0004_four_eyes")]
    operations = [migrations.RunSQL(SQL, UNDO)]
