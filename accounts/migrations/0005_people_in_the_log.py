"""Who a player is, and who a member of staff is, is in the log: prizes are paid to people."""

from django.db import migrations

LOGGED = {  # table: kind and key in the log
    "accounts_player": ("player", "code"),
    "accounts_person": ("person", "id"),
    "accounts_staffmember": ("staff_member", "id"),
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
    dependencies = [("accounts", "0004_posts_in_the_log"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
