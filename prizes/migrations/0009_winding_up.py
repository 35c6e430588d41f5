"""What a stopped game leaves over goes to the general fund, and only then (R16, R17)."""

from django.db import migrations

SQL = """
-- The entry was agreed to (finance_entry_agreed); here: of a game that was stopped as the rules say. Its sales are
-- off, announced 60 natural days before the last of them, each draw is over, the last day of claims has passed, and
-- nothing of any draw is left to divide, credit, pay or forfeit.
CREATE FUNCTION prizes_winding_up() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := (SELECT r.payload::jsonb FROM audit_approvalrequest r WHERE NEW.reference = 'winding_up:' || r.code);
    stopped games_game;
    last_sale date;
    last_drawn date;
BEGIN
    SELECT * INTO stopped FROM games_game g WHERE g.code = asked->>'game' AND NOT g.is_shadow;
    IF stopped.id IS NULL OR EXISTS (
        SELECT 1 FROM jsonb_array_elements(asked->'moves') m
         WHERE m->>1 <> 'fund:general' OR m->>0 NOT IN ('pool:' || stopped.code, 'fund:' || stopped.code)
               AND NOT starts_with(m->>0, 'pool:' || stopped.code || '.')) THEN
        RAISE EXCEPTION 'a game is wound up into the general fund'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'winding_up_into_the_general_fund';
    END IF;
    SELECT (max(d.closes_at) AT TIME ZONE 'Asia/Shanghai')::date, (max(d.draws_at) AT TIME ZONE 'Asia/Shanghai')::date
      INTO last_sale, last_drawn FROM games_draw d WHERE d.game_id = stopped.id AND d.state <> 'CANCELLED';
    IF last_sale IS NULL OR (asked->>'announced_on')::date + 60 > last_sale
       OR NOT EXISTS (SELECT 1 FROM games_salesswitch s WHERE s.scope = 'game:' || stopped.code AND s.is_off)
       OR EXISTS (SELECT 1 FROM games_draw d WHERE d.game_id = stopped.id
                   AND d.state NOT IN ('SETTLED', 'PUBLISHED', 'ARCHIVED', 'CANCELLED')) THEN
        RAISE EXCEPTION 'this game is not stopped'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'winding_up_of_a_stopped_game';
    END IF;
    IF (asked->>'claims_until')::date <= last_drawn
       OR (asked->>'claims_until')::date >= (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date
       OR EXISTS (SELECT 1 FROM finance_balances(ARRAY(
              SELECT a.kind || d.code FROM games_draw d CROSS JOIN unnest(ARRAY['stakes:', 'prizes:', 'unclaimed:']) a(kind)
               WHERE d.game_id = stopped.id)) b WHERE b.balance <> 0) THEN
        RAISE EXCEPTION 'prizes of this game are still claimed or owed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'winding_up_after_all_claims';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_winding_up() FROM PUBLIC;
CREATE TRIGGER prizes_winding_up AFTER INSERT ON finance_entry
    FOR EACH ROW WHEN (NEW.kind = 'WINDING_UP') EXECUTE FUNCTION prizes_winding_up();
ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER prizes_winding_up;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0008_settlements_in_the_log"),
        ("finance", "0022_agreed_entries"),
        ("games", "0012_announcements_in_the_log"),
        ("audit", "0007_log"),
    ]
    operations = [migrations.RunSQL(SQL, "DROP FUNCTION prizes_winding_up() CASCADE;")]
