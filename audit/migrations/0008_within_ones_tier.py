"""Nobody decides on more than the policy lets one of his posts decide (F120).

A kind of approval without tiers has none. Whether a post is held at this moment is the door's to
judge; here counts what the posts that have not ended may ever decide.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION audit_decision_within_the_tier() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked audit_approvalrequest;
    tiers jsonb;
BEGIN
    SELECT * INTO asked FROM audit_approvalrequest WHERE id = NEW.request_id;
    SELECT p.value INTO tiers FROM audit_policyparameter p
     WHERE p.key = 'approvals.up_to_fen' AND p.scope = asked.kind AND p.valid_from <= clock_timestamp()
     ORDER BY p.valid_from DESC LIMIT 1;
    IF tiers IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM accounts_staffmember s
          JOIN accounts_posting g ON g.person_id = s.person_id
           AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp())
          JOIN accounts_post p ON p.id = g.post_id
         CROSS JOIN LATERAL unnest(p.roles) AS r (role)
         WHERE s.user_id = NEW.checker_id AND tiers ? r.role
           AND (tiers->>r.role IS NULL OR asked.amount_fen <= (tiers->>r.role)::bigint)) THEN
        RAISE EXCEPTION 'the amount is above the checker''s tier'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_within_the_tier';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_tier_of_checker BEFORE INSERT ON audit_approvaldecision
    FOR EACH ROW EXECUTE FUNCTION audit_decision_within_the_tier();
ALTER TABLE audit_approvaldecision ENABLE ALWAYS TRIGGER audit_tier_of_checker;
REVOKE ALL ON FUNCTION audit_decision_within_the_tier() FROM PUBLIC;
"""
UNDO = "DROP FUNCTION audit_decision_within_the_tier() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("audit", "0007_log"), ("accounts", "0001_first_tables")]
    operations = [migrations.RunSQL(SQL, UNDO)]
