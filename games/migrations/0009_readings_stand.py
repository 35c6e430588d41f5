"""Readings of monitors are evidence: written once, and their hashes go into the log."""

from django.db import migrations

SQL = """
CREATE TRIGGER games_monitorreading_never_changes BEFORE UPDATE OR DELETE ON games_monitorreading
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE games_monitorreading ENABLE ALWAYS TRIGGER games_monitorreading_never_changes;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON games_monitorreading
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('monitor_reading', 'id');
ALTER TABLE games_monitorreading ENABLE ALWAYS TRIGGER audit_log_row;
"""
UNDO = """
DROP TRIGGER audit_log_row ON games_monitorreading;
DROP TRIGGER games_monitorreading_never_changes ON games_monitorreading;
"""


class Migration(migrations.Migration):
    dependencies = [("games", "0008_monitor_readings"), ("audit", "0007_log")]

    operations = [migrations.RunSQL(SQL, UNDO)]
