"""Purchases, receipts and the blocks of sealed files give their hashes to the log."""

from django.db import migrations

LOGGED = {  # table: kind and key in the log
    "sales_purchase": ("purchase", "code"),
    "sales_receipt": ("receipt", "ticket_id"),
    "sales_sealblock": ("seal_block", "id"),
}
SQL = "".join(
    f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_log_row;
SELECT audit_log_add('{kind}', key, hash) FROM audit_rows_now('{table}');
"""  # noqa: S608 - names written above
    for table, (kind, key) in LOGGED.items()
)
UNDO = "".join(f"DROP TRIGGER audit_log_row ON {table};" for table in LOGGED)


class Migration(migrations.Migration):
    dependencies = [("sales", "0010_salts_stay_hidden"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
