"""A withdrawal is asked for when the database writes it: no day's ceiling is spread over other days (F094, F109)."""

from django.db import migrations

# Its name comes before those of the guards that count by this time.
SQL = """
CREATE FUNCTION finance_payout_asked_now() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.requested_at := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION finance_payout_asked_now() FROM PUBLIC;
CREATE TRIGGER finance_payout_asked_now BEFORE INSERT ON finance_withdrawal
    FOR EACH ROW EXECUTE FUNCTION finance_payout_asked_now();
ALTER TABLE finance_withdrawal ENABLE ALWAYS TRIGGER finance_payout_asked_now;
"""
UNDO = "DROP FUNCTION finance_payout_asked_now() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("finance", "0032_one_ceiling_of_transfers")]
    operations = [migrations.RunSQL(SQL, UNDO)]
