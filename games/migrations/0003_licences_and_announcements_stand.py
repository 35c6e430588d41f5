"""A licence, a published result and a notice stand as recorded; a new one is a new row.

What decides a draw goes into the log by itself.
"""

from django.db import migrations

TABLES = ["licence", "announcement", "calendarnotice"]
SQL = "".join(
    f"""
CREATE TRIGGER games_{name}_never_changes BEFORE UPDATE OR DELETE ON games_{name}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE games_{name} ENABLE ALWAYS TRIGGER games_{name}_never_changes;
"""
    for name in TABLES
)
UNDO = "".join(f"DROP TRIGGER games_{name}_never_changes ON games_{name};" for name in TABLES)
LOGGED = {  # table: kind and key in the log
    "rulesheet": ("rule_sheet", "id"),
    "draw": ("draw", "code"),
    "drawtransition": ("draw_transition", "id"),
    "sealstatement": ("seal_statement", "file_name"),
    "resultentry": ("result_entry", "id"),
    "result": ("result", "id"),
}
LOG = "".join(
    f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON games_{name}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE games_{name} ENABLE ALWAYS TRIGGER audit_log_row;
"""
    for name, (kind, key) in LOGGED.items()
)
DO_NOT_LOG = "".join(f"DROP TRIGGER audit_log_row ON games_{name};" for name in LOGGED)


class Migration(migrations.Migration):
    dependencies = [("games", "0002_draws_go_forward"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO), migrations.RunSQL(LOG, DO_NOT_LOG)]
