"""The function behind every append-only table, for whoever owns the table too."""

from django.db import migrations

SQL = """
CREATE FUNCTION evidence_never_changes() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are evidence and never change', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || '_never_changes';
END $$;
REVOKE ALL ON FUNCTION evidence_never_changes() FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_first_tables")]
    operations = [migrations.RunSQL(SQL, "DROP FUNCTION evidence_never_changes() CASCADE")]
