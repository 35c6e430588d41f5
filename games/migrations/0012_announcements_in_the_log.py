"""What was announced, licensed and timestamped gives its hash to the log."""

from django.db import migrations

LOGGED = {  # table: kind and key in the log
    "games_announcement": ("announcement", "id"),
    "games_licence": ("licence", "id"),
    "games_sealtimestamp": ("seal_timestamp", "id"),
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
    dependencies = [("games", "0011_entries_are_salted"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
