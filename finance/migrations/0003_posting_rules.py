"""Who may move what into what, and which purse is drawn on first.

There is no rule from player to player (F116), none from the money of players, pools and dues to the
operator's own (F117), and none between pool and fund but what the rules of the games name (R16).
"""

from django.db import migrations

SQL = """
INSERT INTO finance_postingrule (entry_kind, source_kind, target_kind, rank) VALUES
    ('OPENING', 'GRANT', 'POOL', NULL), ('OPENING', 'GRANT', 'FUND', NULL), ('OPENING', 'ESCROW', 'GRANT', NULL),
    ('OPENING', 'OWNBANK', 'GRANT', NULL),
    -- players and providers
    ('DEPOSIT', 'CLEARING', 'WALLET', NULL),
    ('DEPOSIT_RETURNED', 'WALLET', 'CLEARING', NULL),
    ('WITHDRAWAL_HOLD', 'WINNINGS', 'HOLD', 1), ('WITHDRAWAL_HOLD', 'WALLET', 'HOLD', 2),
    ('WITHDRAWAL_RELEASE', 'HOLD', 'WINNINGS', NULL), ('WITHDRAWAL_RELEASE', 'HOLD', 'WALLET', NULL),
    ('WITHDRAWAL_PAID', 'HOLD', 'CLEARING', NULL),
    -- plans: set aside in the order in which a purchase would draw, released before each purchase
    ('PLAN_HOLD', 'BONUS', 'HOLD', 1), ('PLAN_HOLD', 'WALLET', 'HOLD', 2), ('PLAN_HOLD', 'WINNINGS', 'HOLD', 3),
    ('PLAN_RELEASE', 'HOLD', 'BONUS', NULL), ('PLAN_RELEASE', 'HOLD', 'WALLET', NULL),
    ('PLAN_RELEASE', 'HOLD', 'WINNINGS', NULL),
    ('CHARGEBACK', 'WALLET', 'CLEARING', 1), ('CHARGEBACK', 'WINNINGS', 'CLEARING', 2),
    ('CHARGEBACK', 'RECEIVABLE', 'CLEARING', 3),
    ('RECOVERY', 'WALLET', 'RECEIVABLE', 1), ('RECOVERY', 'WINNINGS', 'RECEIVABLE', 2),
    ('BONUS', 'FUND', 'BONUS', NULL), ('BONUS', 'EXPENSE', 'BONUS', NULL),
    ('BONUS_LAPSED', 'BONUS', 'FUND', NULL),
    -- sales and prizes
    ('PURCHASE', 'BONUS', 'STAKES', 1), ('PURCHASE', 'WALLET', 'STAKES', 2), ('PURCHASE', 'WINNINGS', 'STAKES', 3),
    ('REFUND', 'STAKES', 'BONUS', NULL), ('REFUND', 'STAKES', 'WALLET', NULL), ('REFUND', 'STAKES', 'WINNINGS', NULL),
    ('ALLOCATION', 'STAKES', 'PRIZES', NULL), ('ALLOCATION', 'STAKES', 'FUND', NULL),
    ('ALLOCATION', 'STAKES', 'FEE', NULL), ('ALLOCATION', 'STAKES', 'WELFARE', NULL),
    ('POOL_ROLL', 'POOL', 'PRIZES', NULL), ('POOL_ROLL', 'PRIZES', 'POOL', NULL), ('POOL_ROLL', 'PRIZES', 'FUND', NULL),
    ('POOL_ROLL', 'FUND', 'POOL', NULL),
    ('FUND_COVER', 'FUND', 'PRIZES', NULL),
    ('PRIZE', 'PRIZES', 'WINNINGS', NULL), ('PRIZE', 'PRIZES', 'UNCLAIMED', NULL), ('PRIZE', 'PRIZES', 'TAX', NULL),
    ('PRIZE', 'UNCLAIMED', 'WINNINGS', NULL), ('PRIZE', 'UNCLAIMED', 'TAX', NULL), ('PRIZE', 'UNCLAIMED', 'CLEARING', NULL),
    ('PRIZE', 'UNCLAIMED', 'ESCROW', NULL),
    ('FORFEIT', 'UNCLAIMED', 'WELFARE', NULL),
    -- banks
    ('SETTLEMENT', 'ESCROW', 'CLEARING', NULL), ('SETTLEMENT', 'CLEARING', 'ESCROW', NULL),
    ('PROVIDER_FEE', 'EXPENSE', 'CLEARING', NULL), ('PROVIDER_FEE', 'EXPENSE', 'ESCROW', NULL),
    ('COVER', 'ESCROW', 'OWNBANK', NULL),
    ('UNIDENTIFIED', 'ESCROW', 'SUSPENSE', NULL), ('UNIDENTIFIED', 'SUSPENSE', 'ESCROW', NULL),
    ('UNIDENTIFIED', 'CLEARING', 'SUSPENSE', NULL), ('UNIDENTIFIED', 'SUSPENSE', 'CLEARING', NULL),
    -- dues
    ('REMITTANCE', 'WELFARE', 'ESCROW', NULL), ('REMITTANCE', 'FEE', 'ESCROW', NULL), ('REMITTANCE', 'TAX', 'ESCROW', NULL),
    ('SET_ASIDE', 'FEE', 'BUSINESS', NULL),
    ('FEE_DRAWN', 'BUSINESS', 'INCOME', NULL), ('FEE_DRAWN', 'OWNBANK', 'ESCROW', NULL),
    ('COMMISSION', 'BUSINESS', 'PARTNER', NULL), ('COMMISSION', 'EXPENSE', 'PARTNER', NULL),
    ('PARTNER_PAID', 'PARTNER', 'ESCROW', NULL), ('PARTNER_PAID', 'PARTNER', 'OWNBANK', NULL),
    ('EVENT_FEE', 'WALLET', 'ORGANISER', 1), ('EVENT_FEE', 'WINNINGS', 'ORGANISER', 2),
    ('EVENT_FEE', 'ORGANISER', 'WALLET', NULL),
    ('ORGANISER_PAID', 'ORGANISER', 'ESCROW', NULL), ('ORGANISER_PAID', 'ORGANISER', 'INCOME', NULL),
    ('EXPENSE_PAID', 'EXPENSE', 'OWNBANK', NULL),
    -- corrections, each by its own approval (F212)
    ('ADJUSTMENT', 'SUSPENSE', 'ESCROW', NULL), ('ADJUSTMENT', 'ESCROW', 'SUSPENSE', NULL),
    ('ADJUSTMENT', 'SUSPENSE', 'CLEARING', NULL), ('ADJUSTMENT', 'CLEARING', 'SUSPENSE', NULL),
    ('ADJUSTMENT', 'SUSPENSE', 'WALLET', NULL), ('ADJUSTMENT', 'WALLET', 'SUSPENSE', NULL),
    ('ADJUSTMENT', 'SUSPENSE', 'RECEIVABLE', NULL), ('ADJUSTMENT', 'EXPENSE', 'RECEIVABLE', NULL),
    ('ADJUSTMENT', 'EXPENSE', 'WALLET', NULL), ('ADJUSTMENT', 'EXPENSE', 'SUSPENSE', NULL),
    ('ADJUSTMENT', 'SUSPENSE', 'INCOME', NULL), ('ADJUSTMENT', 'EXPENSE', 'CLEARING', NULL),
    ('ADJUSTMENT', 'CLEARING', 'INCOME', NULL), ('ADJUSTMENT', 'EXPENSE', 'INCOME', NULL),
    ('ADJUSTMENT', 'INCOME', 'EXPENSE', NULL),
    ('CLOSING', 'INCOME', 'SURPLUS', NULL), ('CLOSING', 'SURPLUS', 'EXPENSE', NULL);
CREATE TRIGGER finance_postingrule_never_changes BEFORE UPDATE OR DELETE ON finance_postingrule
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE finance_postingrule ENABLE ALWAYS TRIGGER finance_postingrule_never_changes;
"""
UNDO = """
DROP TRIGGER finance_postingrule_never_changes ON finance_postingrule;
DELETE FROM finance_postingrule;
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0002_ledger")]
    operations = [migrations.RunSQL(SQL, UNDO)]
