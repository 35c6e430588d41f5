"""`jobs_enqueue`: the row of a job, for Python and for functions of the database alike."""

from django.db import migrations

SQL = """
CREATE FUNCTION jobs_enqueue(kind text, key text, payload jsonb, delay double precision DEFAULT 0)
    RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
    INSERT INTO jobs_job (kind, key, payload, state, attempts, error, enqueued_at, available_at)
    VALUES ($1, $2, $3, 'WAITING', 0, '', clock_timestamp(), clock_timestamp() + make_interval(secs => $4))
    ON CONFLICT (kind, key) DO NOTHING
$$;
REVOKE ALL ON FUNCTION jobs_enqueue(text, text, jsonb, double precision) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_first_tables")]
    operations = [
        migrations.RunSQL(SQL, "DROP FUNCTION jobs_enqueue(text, text, jsonb, double precision)")
    ]
