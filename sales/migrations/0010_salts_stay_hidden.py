"""The salt of a ticket is the database's own: nobody tries out what its leaf stands for.

The leaf of every ticket is in the log, and all of its line but the numbers and the salt is in
columns that the application reads. With the salt as well, whoever has its role could try all
numbers against the leaf while nobody may read them. `grants.toml` hides the column; what needs it
looks with the owner's eyes, under the row-level security that binds the owner too (article 22).
"""

from django.db import migrations

SQL = """
ALTER FUNCTION sales_ticket_line(bigint) SECURITY DEFINER;
ALTER FUNCTION sales_sealed_block(bigint, bigint, bigint, boolean) SECURITY DEFINER;

-- The lines of tickets between two ids as the rows are now, in the order of the sealed file.
CREATE FUNCTION sales_lines_now(draw bigint, first_ticket bigint, last_ticket bigint)
    RETURNS TABLE (code varchar, line bytea) LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 16384
    SECURITY DEFINER SET search_path = public, pg_temp SET jit = off SET enable_nestloop = off AS $$
BEGIN
    RETURN QUERY SELECT l.code, l.line FROM sales_sealed_lines(draw, first_ticket, last_ticket) l;
END $$;
REVOKE ALL ON FUNCTION sales_lines_now(bigint, bigint, bigint) FROM PUBLIC;

-- The leaves of all tickets of a draw as the rows are now; empty where a ticket has no selections that
-- may be read, which is no ticket's leaf.
CREATE FUNCTION sales_leaves_now(draw bigint) RETURNS TABLE (code varchar, leaf bytea)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100000
    SECURITY DEFINER SET search_path = public, pg_temp SET jit = off SET enable_nestloop = off SET work_mem = '64MB' AS $$
BEGIN
    RETURN QUERY SELECT l.code, coalesce(sha256('\\x00'::bytea || l.line), ''::bytea)
      FROM sales_sealed_lines(draw, 0, 9223372036854775807) l;
END $$;
REVOKE ALL ON FUNCTION sales_leaves_now(bigint) FROM PUBLIC;
"""
UNDO = """
DROP FUNCTION sales_leaves_now(bigint);
DROP FUNCTION sales_lines_now(bigint, bigint, bigint);
ALTER FUNCTION sales_sealed_block(bigint, bigint, bigint, boolean) SECURITY INVOKER;
ALTER FUNCTION sales_ticket_line(bigint) SECURITY INVOKER;
"""


class Migration(migrations.Migration):
    dependencies = [("sales", "0009_rolling_checks_stand")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField(model_name="ticket", name="salt")]
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
