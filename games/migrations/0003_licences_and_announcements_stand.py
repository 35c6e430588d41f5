"""A licence, a published result and a notice stand as recorded; a new one is a new row."""

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


class Migration(migrations.Migration):
    dependencies = [("games", "0002_draws_go_forward")]
    operations = [migrations.RunSQL(SQL, UNDO)]
