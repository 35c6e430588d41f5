"""An outlet redeems what its authority covers, at this moment (F178)."""

from django.db import migrations

# The outlet stays as it is until the end of the transaction: a suspension waits, or has come before.
MAY = """
DROP FUNCTION prizes_outlet_may(text, bigint);
CREATE FUNCTION prizes_outlet_may(outlet text, prize bigint) RETURNS boolean LANGUAGE sql VOLATILE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((
        SELECT partners_may_redeem(prizes_outlet_may.outlet, g.code, p.amount, clock_timestamp())
          FROM prizes_prize p JOIN games_draw d ON d.id = p.draw_id JOIN games_game g ON g.id = d.game_id
         WHERE p.id = prizes_outlet_may.prize), false)
$$;
REVOKE ALL ON FUNCTION prizes_outlet_may(text, bigint) FROM PUBLIC;
"""
# Until now nobody kept a register of outlets.
UNDO = """
DROP FUNCTION prizes_outlet_may(text, bigint);
CREATE FUNCTION prizes_outlet_may(outlet text, prize bigint) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT outlet <> '' $$;
REVOKE ALL ON FUNCTION prizes_outlet_may(text, bigint) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0016_routed_by_the_sum"),
        ("partners", "0002_outlets_by_agreement"),
    ]
    operations = [migrations.RunSQL(MAY, UNDO)]
