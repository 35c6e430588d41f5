"""What an official typed is read by nobody, the application included; two entries are compared here.

Numbers that stand are in the result. `grants.toml` hides the column; these two functions look at it
with the owner's eyes and say no more than whether two people typed alike (F061).
"""

from django.db import migrations

SQL = """
CREATE FUNCTION games_typed_alike(one bigint, other bigint) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM games_resultentry a, games_resultentry b
         WHERE a.id = one AND b.id = other AND a.draw_id = b.draw_id AND a.round = b.round
           AND a.person_code <> b.person_code AND a.numbers = b.numbers
    )
$$;
ALTER FUNCTION games_result_of_two() SECURITY DEFINER SET search_path = public, pg_temp;
"""
UNDO = """
ALTER FUNCTION games_result_of_two() SECURITY INVOKER RESET search_path;
DROP FUNCTION games_typed_alike(bigint, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("games", "0009_readings_stand")]
    operations = [migrations.RunSQL(SQL, UNDO)]
