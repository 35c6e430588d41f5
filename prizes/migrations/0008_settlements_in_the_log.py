"""The steps of a settlement give their hashes to the log; what each ticket won is in the result file.

And the money of a draw is written between pricing and paying, not for a draw that is still open.
"""

from django.db import migrations

LOGGED = {  # table: kind and key in the log
    "prizes_settlement": ("settlement", "id"),
    "prizes_chunk": ("settlement_part", "id"),
    "prizes_tieroutcome": ("tier_outcome", "id"),
    "prizes_batch": ("prize_batch", "id"),
}
SQL = "".join(
    f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_log_row;
SELECT audit_log_add('{kind}', key, hash) FROM audit_rows_now('{table}');
"""  # noqa: S608 - names written above
    for table, (kind, key) in LOGGED.items()
)
SQL += """
CREATE FUNCTION prizes_money_of_a_priced_draw() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM prizes_settlement s WHERE s.draw_id = NEW.draw_id AND s.state = 'PRICED') THEN
        RAISE EXCEPTION 'the money of a draw is written when it is priced'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_money_of_a_priced_draw';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_money_of_a_priced_draw() FROM PUBLIC;
CREATE TRIGGER prizes_money_of_a_priced_draw BEFORE INSERT ON prizes_prizesheet
    FOR EACH ROW EXECUTE FUNCTION prizes_money_of_a_priced_draw();
ALTER TABLE prizes_prizesheet ENABLE ALWAYS TRIGGER prizes_money_of_a_priced_draw;
CREATE TRIGGER prizes_money_of_a_priced_draw BEFORE INSERT ON prizes_tieroutcome
    FOR EACH ROW EXECUTE FUNCTION prizes_money_of_a_priced_draw();
ALTER TABLE prizes_tieroutcome ENABLE ALWAYS TRIGGER prizes_money_of_a_priced_draw;
"""
UNDO = "DROP FUNCTION prizes_money_of_a_priced_draw() CASCADE;" + "".join(
    f"DROP TRIGGER audit_log_row ON {table};" for table in LOGGED
)


class Migration(migrations.Migration):
    dependencies = [("prizes", "0007_kits"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
