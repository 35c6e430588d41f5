"""Whose eyes: the database names the persons, and refuses the maker's own (D11).

A request begins open, stands as it was asked, and ends once, for a reason the rows prove. The
functions name their schema: a temporary table of the same name must not answer for ours.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION audit_name_maker() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SELECT p.row_uuid::text INTO NEW.maker_person
      FROM accounts_staffmember s JOIN accounts_person p ON p.id = s.person_id
     WHERE s.user_id = NEW.maker_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the maker is not on the staff'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_maker_on_the_staff';
    END IF;
    IF NEW.state <> 'OPEN' OR NEW.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'a request begins open'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_begins_open';
    END IF;
    IF NEW.digest <> encode(sha256(convert_to(NEW.payload, 'UTF8')), 'hex') THEN
        RAISE EXCEPTION 'the digest is of something else'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_digest_of_payload';
    END IF;
    NEW.requested_at := clock_timestamp();
    IF NEW.expires_at <= NEW.requested_at THEN
        RAISE EXCEPTION 'the request would be over before it began'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_expires_later';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_name_maker BEFORE INSERT ON audit_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION audit_name_maker();

CREATE FUNCTION audit_request_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    approvals integer;
    refusals integer;
BEGIN
    IF OLD.state <> 'OPEN' OR NEW.state = 'OPEN' OR
       (NEW.id, NEW.code, NEW.kind, NEW.payload, NEW.digest, NEW.amount_fen, NEW.maker_id,
        NEW.maker_person, NEW.needed, NEW.requested_at, NEW.expires_at) IS DISTINCT FROM
       (OLD.id, OLD.code, OLD.kind, OLD.payload, OLD.digest, OLD.amount_fen, OLD.maker_id,
        OLD.maker_person, OLD.needed, OLD.requested_at, OLD.expires_at) THEN
        RAISE EXCEPTION 'what was asked for stands, and ends once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_request_stands';
    END IF;
    SELECT count(*) FILTER (WHERE d.approved), count(*) FILTER (WHERE NOT d.approved)
      INTO approvals, refusals FROM audit_approvaldecision d WHERE d.request_id = NEW.id;
    IF NEW.state = 'PERFORMED' AND (approvals < NEW.needed OR refusals > 0) THEN
        RAISE EXCEPTION 'not enough approvals'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_performed_after_decisions';
    END IF;
    IF NEW.state = 'REFUSED' AND refusals = 0 THEN
        RAISE EXCEPTION 'nobody refused it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_refused_by_somebody';
    END IF;
    IF NEW.state = 'EXPIRED' AND clock_timestamp() < OLD.expires_at THEN
        RAISE EXCEPTION 'there is still time'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_expires_in_time';
    END IF;
    NEW.ended_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER audit_request_stands BEFORE UPDATE ON audit_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION audit_request_stands();
CREATE TRIGGER audit_request_stays BEFORE DELETE ON audit_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE audit_approvalrequest ENABLE ALWAYS TRIGGER audit_name_maker;
ALTER TABLE audit_approvalrequest ENABLE ALWAYS TRIGGER audit_request_stands;
ALTER TABLE audit_approvalrequest ENABLE ALWAYS TRIGGER audit_request_stays;

CREATE FUNCTION audit_name_checker() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE asked audit_approvalrequest;
BEGIN
    SELECT * INTO asked FROM audit_approvalrequest WHERE id = NEW.request_id FOR NO KEY UPDATE;
    SELECT p.row_uuid::text INTO NEW.checker_person
      FROM accounts_staffmember s JOIN accounts_person p ON p.id = s.person_id
     WHERE s.user_id = NEW.checker_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the checker is not on the staff'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_checker_on_the_staff';
    END IF;
    IF NEW.checker_person = asked.maker_person THEN
        RAISE EXCEPTION 'maker and checker are one person'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_by_another_person';
    END IF;
    IF asked.state <> 'OPEN' OR clock_timestamp() >= asked.expires_at THEN
        RAISE EXCEPTION 'the request is no longer open'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_on_an_open_request';
    END IF;
    IF NEW.digest <> asked.digest THEN
        RAISE EXCEPTION 'the checker saw something else'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_on_what_was_asked';
    END IF;
    NEW.decided_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER audit_name_checker BEFORE INSERT ON audit_approvaldecision
    FOR EACH ROW EXECUTE FUNCTION audit_name_checker();
CREATE TRIGGER audit_decision_never_changes BEFORE UPDATE OR DELETE ON audit_approvaldecision
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE audit_approvaldecision ENABLE ALWAYS TRIGGER audit_name_checker;
ALTER TABLE audit_approvaldecision ENABLE ALWAYS TRIGGER audit_decision_never_changes;

REVOKE ALL ON FUNCTION audit_name_maker(), audit_request_stands(), audit_name_checker() FROM PUBLIC;
"""
UNDO = """
DROP FUNCTION audit_name_checker() CASCADE;
DROP TRIGGER audit_decision_never_changes ON audit_approvaldecision;
DROP TRIGGER audit_request_stays ON audit_approvalrequest;
DROP FUNCTION audit_request_stands() CASCADE;
DROP FUNCTION audit_name_maker() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_trail"), ("accounts", "0001_first_tables")]
    operations = [migrations.RunSQL(SQL, UNDO)]
