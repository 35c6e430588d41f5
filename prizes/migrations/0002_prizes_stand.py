"""What was found, priced and credited stands."""

from django.db import migrations

TABLES = ["hit", "prizesheet", "tieroutcome", "prize"]
SQL = "".join(
    f"""
CREATE TRIGGER prizes_{name}_never_changes BEFORE UPDATE OR DELETE ON prizes_{name}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE prizes_{name} ENABLE ALWAYS TRIGGER prizes_{name}_never_changes;
"""
    for name in TABLES
)
UNDO = "".join(f"DROP TRIGGER prizes_{name}_never_changes ON prizes_{name};" for name in TABLES)
LOG = """
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON prizes_prizesheet
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('prize_sheet', 'id');
ALTER TABLE prizes_prizesheet ENABLE ALWAYS TRIGGER audit_log_row;
"""


class Migration(migrations.Migration):
    dependencies = [("prizes", "0001_first_tables"), ("audit", "0007_log")]
    operations = [
        migrations.RunSQL(SQL, UNDO),
        migrations.RunSQL(LOG, "DROP TRIGGER audit_log_row ON prizes_prizesheet"),
    ]
