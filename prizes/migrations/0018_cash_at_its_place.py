"""Cash for a prize comes out of a desk of the place where it is claimed (F278)."""

from django.db import migrations

SQL = """
CREATE FUNCTION prizes_claim_cash_at_its_place() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM finance_cashdesk d
                    WHERE d.code = NEW.payee AND d.place_kind = NEW.way AND d.state <> 'ENDED'
                      AND (NEW.way = 'CENTRE' OR d.place = NEW.outlet_code)) THEN
        PERFORM prizes_refuse('claim_cash_at_its_place');
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_claim_cash_at_its_place() FROM PUBLIC;
CREATE TRIGGER prizes_claim_cash_at_its_place BEFORE UPDATE ON prizes_claim FOR EACH ROW
    WHEN (NEW.method = 'CASH' AND ((NEW.state = 'COMPLETE' AND OLD.state <> 'REFUSED')
                                   OR (OLD.state = 'APPROVED' AND NEW.state IN ('PAYING', 'PAID'))))
    EXECUTE FUNCTION prizes_claim_cash_at_its_place();
ALTER TABLE prizes_claim ENABLE ALWAYS TRIGGER prizes_claim_cash_at_its_place;
"""
UNDO = """
DROP TRIGGER prizes_claim_cash_at_its_place ON prizes_claim;
DROP FUNCTION prizes_claim_cash_at_its_place();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0017_redeemed_where_it_may"),
        ("finance", "0031_ways_of_paying_and_papers"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
