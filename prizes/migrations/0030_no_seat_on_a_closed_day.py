"""Nobody has a seat at a centre on a holiday or in a closure of the market, whoever books it (F083; S1 五(二)1)."""

from django.db import migrations

# Opening hours, the length of a time, and that it is to come, are checked by prizes_appointment_book().
SQL = """
CREATE FUNCTION prizes_appointment_on_an_open_day() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF games_closed_on((NEW.starts_at AT TIME ZONE 'Asia/Shanghai')::date) THEN
        PERFORM prizes_refuse('appointment_on_an_open_day');
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_appointment_on_an_open_day() FROM PUBLIC;
CREATE TRIGGER prizes_appointment_on_an_open_day BEFORE INSERT ON prizes_appointment
    FOR EACH ROW EXECUTE FUNCTION prizes_appointment_on_an_open_day();
ALTER TABLE prizes_appointment ENABLE ALWAYS TRIGGER prizes_appointment_on_an_open_day;
"""
UNDO = "DROP FUNCTION prizes_appointment_on_an_open_day() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("prizes", "0029_after_forgeries"), ("games", "0019_closed_days_and_bounds")]
    operations = [migrations.RunSQL(SQL, UNDO)]
