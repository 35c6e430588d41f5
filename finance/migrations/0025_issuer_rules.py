"""What moves between a draw, the issuer of its game and the bank, where an issuer announces the amounts (ADR 20).

The account of an issuer is a debt that may turn round: above zero the house owes prize money, below zero the
issuer owes what winners of the house got. What he owes is no money of the house until it is in the bank, so
the proof of funds counts nothing below zero.
"""

from django.db import migrations

SQL = """
INSERT INTO finance_accounttype (kind, accounting_class, number, keeps_balance, is_players) VALUES
    ('ISSUER', 'LIABILITY', '2237', false, false);
INSERT INTO finance_postingrule (entry_kind, source_kind, target_kind, rank) VALUES
    -- at the seal: the share of the adjustment fund is the issuer's; and back, when the draw is cancelled
    ('ALLOCATION', 'STAKES', 'ISSUER', NULL), ('ALLOCATION', 'ISSUER', 'STAKES', NULL),
    -- at the settlement: all prize money of the draw to the issuer, all prizes from him
    ('ISSUER', 'PRIZES', 'ISSUER', NULL), ('ISSUER', 'ISSUER', 'PRIZES', NULL),
    -- through the bank
    ('REMITTANCE', 'ISSUER', 'ESCROW', NULL), ('ISSUER_PAID', 'ESCROW', 'ISSUER', NULL);
"""
UNDO = """
ALTER TABLE finance_postingrule DISABLE TRIGGER finance_postingrule_never_changes;
DELETE FROM finance_postingrule WHERE 'ISSUER' IN (source_kind, target_kind);
ALTER TABLE finance_postingrule ENABLE ALWAYS TRIGGER finance_postingrule_never_changes;
ALTER TABLE finance_accounttype DISABLE TRIGGER finance_accounttype_never_changes;
DELETE FROM finance_accounttype WHERE kind = 'ISSUER';
ALTER TABLE finance_accounttype ENABLE ALWAYS TRIGGER finance_accounttype_never_changes;
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0024_issuers")]
    operations = [migrations.RunSQL(SQL, UNDO)]
