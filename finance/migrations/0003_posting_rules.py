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
"""
UNDO = """
DELETE FROM finance_postingrule;
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0002_ledger")]
    operations = [migrations.RunSQL(SQL, UNDO)]
