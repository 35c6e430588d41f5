"""A blind entry is hashed with a salt that nobody reads.

The log shows the hash of every row. There are 17.7 million results of a draw: without the salt, who
reads the log could try them all and know what the first official typed before the second does.
"""

from django.db import migrations

SQL = """
ALTER TABLE games_resultentry ADD COLUMN salt bytea CONSTRAINT result_entry_salt_is_long CHECK (octet_length(salt) = 32);
CREATE FUNCTION games_resultentry_is_salted() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    NEW.salt := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_resultentry_is_salted() FROM PUBLIC;
CREATE TRIGGER games_resultentry_is_salted BEFORE INSERT ON games_resultentry
    FOR EACH ROW EXECUTE FUNCTION games_resultentry_is_salted();
ALTER TABLE games_resultentry ENABLE ALWAYS TRIGGER games_resultentry_is_salted;
"""
UNDO = """
DROP FUNCTION games_resultentry_is_salted() CASCADE;
ALTER TABLE games_resultentry DROP COLUMN salt;
"""


class Migration(migrations.Migration):
    dependencies = [("games", "0010_entries_stay_blind")]
    operations = [migrations.RunSQL(SQL, UNDO)]
