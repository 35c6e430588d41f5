"""A licence as recorded stands; a new one is a new row."""

from django.db import migrations

SQL = """
CREATE TRIGGER games_licence_never_changes BEFORE UPDATE OR DELETE ON games_licence
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE games_licence ENABLE ALWAYS TRIGGER games_licence_never_changes;
"""


class Migration(migrations.Migration):
    dependencies = [("games", "0002_draws_go_forward")]
    operations = [
        migrations.RunSQL(SQL, "DROP TRIGGER games_licence_never_changes ON games_licence")
    ]
