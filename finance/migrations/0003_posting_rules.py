"""Who may move what into what. There is no rule from player to player (F116)."""

from django.db import migrations

SQL = """
INSERT INTO finance_postingrule (entry_kind, source_kind, target_kind) VALUES
    ('OPENING', 'GRANT', 'POOL'), ('OPENING', 'GRANT', 'FUND'), ('OPENING', 'GRANT', 'ESCROW'),
    ('DEPOSIT', 'CLEARING', 'WALLET'),
    ('PURCHASE', 'WALLET', 'STAKES'),
    ('REFUND', 'STAKES', 'WALLET'),
    ('ALLOCATION', 'STAKES', 'PRIZES'), ('ALLOCATION', 'STAKES', 'FUND'),
    ('ALLOCATION', 'STAKES', 'FEE'), ('ALLOCATION', 'STAKES', 'WELFARE'),
    ('POOL_ROLL', 'POOL', 'PRIZES'), ('POOL_ROLL', 'PRIZES', 'POOL'), ('POOL_ROLL', 'PRIZES', 'FUND'),
    ('POOL_ROLL', 'FUND', 'POOL'),
    ('FUND_COVER', 'FUND', 'PRIZES'),
    ('PRIZE', 'PRIZES', 'WALLET'), ('PRIZE', 'PRIZES', 'UNCLAIMED'), ('PRIZE', 'UNCLAIMED', 'WALLET'),
    ('WITHDRAWAL_HOLD', 'WALLET', 'HOLD'),
    ('WITHDRAWAL_RELEASE', 'HOLD', 'WALLET'),
    ('WITHDRAWAL_PAID', 'HOLD', 'CLEARING'),
    ('CHARGEBACK', 'WALLET', 'CLEARING'), ('CHARGEBACK', 'RECEIVABLE', 'CLEARING');

-- A hold returns to the wallet it came from, and to no other.
CREATE FUNCTION finance_hold_goes_home() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM finance_account s, finance_account t
         WHERE s.id = NEW.source_id AND t.id = NEW.target_id
           AND s.kind IN ('WALLET', 'HOLD') AND t.kind IN ('WALLET', 'HOLD')
           AND split_part(s.code, ':', 2) <> split_part(t.code, ':', 2)
    ) THEN
        RAISE EXCEPTION 'money never moves from player to player'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_never_player_to_player';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_hold_goes_home BEFORE INSERT ON finance_transfer
    FOR EACH ROW EXECUTE FUNCTION finance_hold_goes_home();
"""
UNDO = """
DROP FUNCTION finance_hold_goes_home() CASCADE;
DELETE FROM finance_postingrule;
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0002_ledger")]
    operations = [migrations.RunSQL(SQL, UNDO)]
