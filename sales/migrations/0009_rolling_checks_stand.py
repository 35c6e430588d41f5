"""What the witness was asked stands as it was asked, and gains its signature once."""

from django.db import migrations

SQL = """
CREATE FUNCTION sales_rollingcheck_stands() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.told_at IS NOT NULL
       OR to_jsonb(NEW) - ARRAY['root', 'key_id', 'signature', 'told_at']
          IS DISTINCT FROM to_jsonb(OLD) - ARRAY['root', 'key_id', 'signature', 'told_at'] THEN
        RAISE EXCEPTION 'what the witness was told stands'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'rolling_check_stands';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION sales_rollingcheck_stands() FROM PUBLIC;
CREATE TRIGGER sales_rollingcheck_stands BEFORE UPDATE OR DELETE ON sales_rollingcheck
    FOR EACH ROW EXECUTE FUNCTION sales_rollingcheck_stands();
ALTER TABLE sales_rollingcheck ENABLE ALWAYS TRIGGER sales_rollingcheck_stands;
"""
UNDO = "DROP FUNCTION sales_rollingcheck_stands() CASCADE"


class Migration(migrations.Migration):
    dependencies = [("sales", "0008_rolling_checks")]
    operations = [migrations.RunSQL(SQL, UNDO)]
