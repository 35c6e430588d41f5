"""Who claims at a place shows a paper that is his: no claim is checked without the record of it (F084, F275)."""

from django.db import migrations

SQL = """
CREATE FUNCTION prizes_claim_identity_seen() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts_identitypaper i JOIN accounts_player y ON y.person_id = i.person_id
                    WHERE y.id = NEW.owner_id AND i.reference = 'claim:' || NEW.code) THEN
        PERFORM prizes_refuse('claim_identity_seen');
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_claim_identity_seen() FROM PUBLIC;
CREATE TRIGGER prizes_claim_identity_seen BEFORE UPDATE ON prizes_claim FOR EACH ROW
    WHEN (OLD.state = 'OPENED' AND NEW.state = 'CHECKED' AND NEW.way <> 'REMOTE')
    EXECUTE FUNCTION prizes_claim_identity_seen();
ALTER TABLE prizes_claim ENABLE ALWAYS TRIGGER prizes_claim_identity_seen;
"""
UNDO = """
DROP TRIGGER prizes_claim_identity_seen ON prizes_claim;
DROP FUNCTION prizes_claim_identity_seen();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0019_paid_by_a_way_in_force"),
        ("accounts", "0010_papers_stand"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
