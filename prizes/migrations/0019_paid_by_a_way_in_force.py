"""A claim is settled and paid by a way of paying that is in force that day (F279)."""

from django.db import migrations

SQL = """
CREATE FUNCTION prizes_claim_way_in_force() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM finance_way_in_force(NEW.method);
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_claim_way_in_force() FROM PUBLIC;
CREATE TRIGGER prizes_claim_way_in_force BEFORE UPDATE ON prizes_claim FOR EACH ROW
    WHEN ((NEW.state = 'COMPLETE' AND OLD.state <> 'REFUSED') OR (OLD.state = 'APPROVED' AND NEW.state IN ('PAYING', 'PAID')))
    EXECUTE FUNCTION prizes_claim_way_in_force();
ALTER TABLE prizes_claim ENABLE ALWAYS TRIGGER prizes_claim_way_in_force;
"""
UNDO = """
DROP TRIGGER prizes_claim_way_in_force ON prizes_claim;
DROP FUNCTION prizes_claim_way_in_force();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0018_cash_at_its_place"),
        ("finance", "0032_one_ceiling_of_transfers"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
