"""A policy figure comes from genesis or from an approval that says exactly it; a ready export stands."""

from django.db import migrations

SQL = """
CREATE FUNCTION audit_policy_has_its_approval() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    has_tickets boolean := false;
    agreed jsonb;
BEGIN
    NEW.recorded_at := clock_timestamp();
    IF NEW.approval_code = 'GENESIS' THEN
        IF to_regclass('sales_ticket') IS NOT NULL THEN
            EXECUTE 'SELECT EXISTS (SELECT FROM sales_ticket)' INTO has_tickets;
        END IF;
        IF has_tickets THEN
            RAISE EXCEPTION 'tickets have been sold: genesis is over'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'policy_genesis_before_tickets';
        END IF;
        RETURN NEW;
    END IF;
    SELECT r.payload::jsonb INTO agreed FROM audit_approvalrequest r
     WHERE r.code = NEW.approval_code AND r.kind = 'audit.policy' AND r.state = 'PERFORMED';
    IF NOT FOUND OR (agreed ->> 'key', agreed ->> 'scope', agreed -> 'value')
                    IS DISTINCT FROM (NEW.key::text, NEW.scope::text, NEW.value)
       OR (agreed ->> 'valid_from')::timestamptz <> NEW.valid_from THEN
        RAISE EXCEPTION 'nobody approved this figure'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'policy_as_approved';
    END IF;
    IF NEW.valid_from < clock_timestamp() - interval '1 minute' THEN
        RAISE EXCEPTION 'the past is judged by the figures of its day'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'policy_not_backdated';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_policy_has_its_approval BEFORE INSERT ON audit_policyparameter
    FOR EACH ROW EXECUTE FUNCTION audit_policy_has_its_approval();
CREATE TRIGGER audit_policy_never_changes BEFORE UPDATE OR DELETE ON audit_policyparameter
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE audit_policyparameter ENABLE ALWAYS TRIGGER audit_policy_has_its_approval;
ALTER TABLE audit_policyparameter ENABLE ALWAYS TRIGGER audit_policy_never_changes;

CREATE FUNCTION audit_report_stands() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'an export that is ready stands'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'report_ready_stands';
END $$;
CREATE TRIGGER audit_report_stands BEFORE UPDATE ON audit_reportrun
    FOR EACH ROW WHEN (OLD.state = 'READY') EXECUTE FUNCTION audit_report_stands();
CREATE TRIGGER audit_report_stays BEFORE DELETE ON audit_reportrun
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE audit_reportrun ENABLE ALWAYS TRIGGER audit_report_stands;
ALTER TABLE audit_reportrun ENABLE ALWAYS TRIGGER audit_report_stays;

REVOKE ALL ON FUNCTION audit_policy_has_its_approval(), audit_report_stands() FROM PUBLIC;
"""
UNDO = """
DROP TRIGGER audit_report_stays ON audit_reportrun;
DROP TRIGGER audit_policy_never_changes ON audit_policyparameter;
DROP FUNCTION audit_report_stands() CASCADE;
DROP FUNCTION audit_policy_has_its_approval() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_four_eyes")]
    operations = [migrations.RunSQL(SQL, UNDO)]
