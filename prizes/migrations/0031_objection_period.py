"""A prize whose claim was refused does not lapse while its winner may still object, or waits to be heard (F082, F283)."""

from django.db import migrations

FUNCTIONS = """
-- Until when the winner of a refused claim may object: the midnight in Shanghai that ends the last of the days which
-- the policy gave him on the day of the refusal (the first policy, for a refusal before there was one). NULL: it is
-- not refused.
CREATE FUNCTION prizes_objection_until(claim bigint) RETURNS timestamptz LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT ((s.at AT TIME ZONE 'Asia/Shanghai')::date + 1 + coalesce(
               prizes_policy('prizes.objection_days', '', s.at), prizes_policy('prizes.objection_days', '', clock_timestamp()),
               '0')::text::integer)::timestamp AT TIME ZONE 'Asia/Shanghai'
      FROM prizes_claimstep s JOIN prizes_claim c ON c.id = s.claim_id
     WHERE s.claim_id = claim AND c.state = 'REFUSED' AND s.to_state = 'REFUSED' AND s.from_state <> 'REFUSED'
     ORDER BY s.number DESC LIMIT 1
$$;
REVOKE ALL ON FUNCTION prizes_objection_until(bigint) FROM PUBLIC;

CREATE FUNCTION prizes_claimstep_objects_in_time() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF clock_timestamp() >= prizes_objection_until(NEW.claim_id) THEN
        PERFORM prizes_refuse('claim_objected_to_in_time');
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_claimstep_objects_in_time() FROM PUBLIC;
CREATE TRIGGER prizes_claimstep_objects_in_time BEFORE INSERT ON prizes_claimstep FOR EACH ROW
    WHEN (NEW.from_state = 'REFUSED' AND NEW.body->>'objection' IS NOT NULL)
    EXECUTE FUNCTION prizes_claimstep_objects_in_time();
ALTER TABLE prizes_claimstep ENABLE ALWAYS TRIGGER prizes_claimstep_objects_in_time;
"""
HAS_LAPSED = """
CREATE OR REPLACE FUNCTION prizes_has_lapsed(prize bigint) RETURNS boolean LANGUAGE sql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM prizes_prize z WHERE z.id = prize AND z.route = 'CENTRE')
       AND prizes_last_day(prize) IS NOT NULL AND clock_timestamp() >= prizes_claimable_until(prize)
       AND NOT EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = prize)
       AND NOT EXISTS (SELECT FROM prizes_claim c WHERE c.prize_id = prize AND c.state NOT IN ('REFUSED', 'RECOVERED', 'WITHDRAWN'))
       AND NOT EXISTS (SELECT FROM prizes_claim c
                         JOIN LATERAL (SELECT s.from_state, s.body FROM prizes_claimstep s WHERE s.claim_id = c.id
                                        ORDER BY s.number DESC LIMIT 1) last ON true
                        WHERE c.prize_id = prize AND c.state = 'REFUSED' AND WAITS)
       AND NOT EXISTS (SELECT FROM prizes_extension x WHERE x.prize_id = prize
                          AND NOT EXISTS (SELECT FROM prizes_extensionletter l WHERE l.extension_id = x.id))
$$;
"""
BEFORE = "last.from_state = 'REFUSED' AND last.body->>'objection' IS NOT NULL"
NOW = """CASE last.from_state
                              WHEN 'REFUSED' THEN last.body->>'objection' IS NOT NULL
                              ELSE clock_timestamp() < prizes_objection_until(c.id) END"""
UNDO = """
DROP FUNCTION prizes_claimstep_objects_in_time() CASCADE;
DROP FUNCTION prizes_objection_until(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("prizes", "0030_no_seat_on_a_closed_day")]
    operations = [
        migrations.RunSQL(
            FUNCTIONS + HAS_LAPSED.replace("WAITS", NOW), HAS_LAPSED.replace("WAITS", BEFORE) + UNDO
        )
    ]
