"""Who holds which post goes into the log by itself (F210)."""

from django.db import migrations

SQL = """
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON accounts_posting
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('posting', 'id');
ALTER TABLE accounts_posting ENABLE ALWAYS TRIGGER audit_log_row;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON accounts_post
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('post', 'code');
ALTER TABLE accounts_post ENABLE ALWAYS TRIGGER audit_log_row;
"""
UNDO = """
DROP TRIGGER audit_log_row ON accounts_posting;
DROP TRIGGER audit_log_row ON accounts_post;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_codes_open_once"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
