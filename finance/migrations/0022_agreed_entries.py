"""Reserves and the surplus of a stopped game are booked by their own approval, in these moves (R15, R17)."""

from django.db import migrations

SQL = """
INSERT INTO finance_accounttype (kind, accounting_class, number, keeps_balance, is_players) VALUES
    ('RISKFUND', 'LIABILITY', '2235', false, false), ('WORKFUND', 'LIABILITY', '2236', false, false);
INSERT INTO finance_postingrule (entry_kind, source_kind, target_kind, rank) VALUES
    -- risk fund and working fund for claims are taken from the business fee, and go back there
    ('RESERVE', 'BUSINESS', 'RISKFUND', NULL), ('RESERVE', 'RISKFUND', 'BUSINESS', NULL),
    ('RESERVE', 'BUSINESS', 'WORKFUND', NULL), ('RESERVE', 'WORKFUND', 'BUSINESS', NULL),
    -- what a stopped game leaves over goes to the general adjustment fund
    ('WINDING_UP', 'POOL', 'FUND', NULL), ('WINDING_UP', 'FUND', 'FUND', NULL);

-- Such an entry is the one that others agreed to: its reference names the approval, its moves are those signed.
CREATE FUNCTION finance_entry_agreed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM audit_approvalrequest r
         WHERE NEW.reference = CASE NEW.kind WHEN 'RESERVE' THEN 'reserve:' WHEN 'ISSUER_PAID' THEN 'issuer_paid:'
                                             ELSE 'winding_up:' END || r.code
           AND r.kind = CASE NEW.kind WHEN 'RESERVE' THEN 'finance.reserve' WHEN 'ISSUER_PAID' THEN 'finance.issuer_paid'
                                      ELSE 'prizes.winding_up' END
           AND r.state = 'PERFORMED'
           AND NEW.asked_digest = encode(sha256(convert_to(NEW.kind || (r.payload::jsonb->'moves')::text, 'UTF8')), 'hex')) THEN
        RAISE EXCEPTION 'this is booked by its own approval'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_by_its_own_approval';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_entry_agreed AFTER INSERT ON finance_entry
    FOR EACH ROW WHEN (NEW.kind IN ('RESERVE', 'WINDING_UP', 'ISSUER_PAID')) EXECUTE FUNCTION finance_entry_agreed();
ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER finance_entry_agreed;
"""
UNDO = """
DROP FUNCTION finance_entry_agreed() CASCADE;
ALTER TABLE finance_postingrule DISABLE TRIGGER finance_postingrule_never_changes;
DELETE FROM finance_postingrule WHERE entry_kind IN ('RESERVE', 'WINDING_UP');
ALTER TABLE finance_postingrule ENABLE ALWAYS TRIGGER finance_postingrule_never_changes;
ALTER TABLE finance_accounttype DISABLE TRIGGER finance_accounttype_never_changes;
DELETE FROM finance_accounttype WHERE kind IN ('RISKFUND', 'WORKFUND');
ALTER TABLE finance_accounttype ENABLE ALWAYS TRIGGER finance_accounttype_never_changes;
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0021_reserves_and_winding_up"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
