"""When a paper was seen, and its number registered, is what the database's clock says (F275)."""

from django.db import migrations

# The name of each trigger comes before that of the guard that judges by its time.
SQL = """
CREATE FUNCTION accounts_identity_paper_dated() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.seen_at := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION accounts_identity_paper_dated() FROM PUBLIC;
CREATE TRIGGER accounts_identity_paper_dated BEFORE INSERT ON accounts_identitypaper
    FOR EACH ROW EXECUTE FUNCTION accounts_identity_paper_dated();
ALTER TABLE accounts_identitypaper ENABLE ALWAYS TRIGGER accounts_identity_paper_dated;

CREATE FUNCTION accounts_paper_number_dated() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.registered_at := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION accounts_paper_number_dated() FROM PUBLIC;
CREATE TRIGGER accounts_paper_number_dated BEFORE INSERT ON accounts_papernumber
    FOR EACH ROW EXECUTE FUNCTION accounts_paper_number_dated();
ALTER TABLE accounts_papernumber ENABLE ALWAYS TRIGGER accounts_paper_number_dated;
"""
UNDO = """
DROP FUNCTION accounts_identity_paper_dated() CASCADE;
DROP FUNCTION accounts_paper_number_dated() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_letters_of_authority")]
    operations = [migrations.RunSQL(SQL, UNDO)]
