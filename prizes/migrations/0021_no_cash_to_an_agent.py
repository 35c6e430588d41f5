"""Who acts for a winner brings his papers, and takes none of his money: no cash (F086)."""

from django.db import migrations

SQL = """
CREATE FUNCTION prizes_claim_cash_to_himself() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM prizes_claimstep s WHERE s.claim_id = NEW.id AND s.number = 1 AND s.body->>'proxy' <> '') THEN
        PERFORM prizes_refuse('claim_cash_to_the_winner_himself');
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_claim_cash_to_himself() FROM PUBLIC;
CREATE TRIGGER prizes_claim_cash_to_himself BEFORE UPDATE ON prizes_claim FOR EACH ROW
    WHEN (NEW.method = 'CASH' AND ((NEW.state = 'COMPLETE' AND OLD.state <> 'REFUSED')
                                   OR (OLD.state = 'APPROVED' AND NEW.state IN ('PAYING', 'PAID'))))
    EXECUTE FUNCTION prizes_claim_cash_to_himself();
ALTER TABLE prizes_claim ENABLE ALWAYS TRIGGER prizes_claim_cash_to_himself;
"""
UNDO = """
DROP TRIGGER prizes_claim_cash_to_himself ON prizes_claim;
DROP FUNCTION prizes_claim_cash_to_himself();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0020_seen_before_it_is_checked"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
