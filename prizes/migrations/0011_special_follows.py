"""Whether the special rule is in force in a draw follows from the draw before, or from the issuer (F067).

It decides who wins what, and both engines are told it: so nobody sets it by hand. It may become
known after the numbers, when the draw before was settled late, and never once counting has begun.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION prizes_special_follows() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    has_special boolean := (SELECT jsonb_typeof(r.sheet::jsonb #> '{version,special}') = 'object'
                              FROM games_rulesheet r WHERE r.id = NEW.rule_id);
    told boolean := (SELECT (a.body::jsonb->>'special_on')::boolean FROM games_issuerannouncement a
                      WHERE a.draw_id = NEW.id ORDER BY a.edition DESC LIMIT 1);
BEGIN
    IF NEW.special_on AND NOT has_special THEN
        RAISE EXCEPTION 'the rule of the draw has no special rule'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_special_of_its_rule';
    END IF;
    IF TG_OP = 'INSERT' OR NEW.special_on = OLD.special_on OR NOT has_special THEN
        RETURN NEW;
    END IF;
    IF told IS NULL THEN
        told := (SELECT p.special_on_next FROM prizes_prizesheet p JOIN games_draw d ON d.id = p.draw_id
                  WHERE d.game_id = NEW.game_id AND d.issue < NEW.issue ORDER BY d.issue DESC LIMIT 1);
        IF EXISTS (SELECT FROM prizes_settlement s WHERE s.draw_id = NEW.id AND s.state <> 'HALTED') THEN
            told := NULL;
        END IF;
    END IF;
    IF NEW.special_on IS DISTINCT FROM told THEN
        RAISE EXCEPTION 'the special rule follows from the draw before'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_special_stands';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_special_follows() FROM PUBLIC;
CREATE TRIGGER prizes_special_follows BEFORE INSERT OR UPDATE OF special_on, rule_id ON games_draw
    FOR EACH ROW EXECUTE FUNCTION prizes_special_follows();
ALTER TABLE games_draw ENABLE ALWAYS TRIGGER prizes_special_follows;
"""
UNDO = "DROP FUNCTION prizes_special_follows() CASCADE"


class Migration(migrations.Migration):
    dependencies = [("prizes", "0010_announced_prizes"), ("games", "0018_rules_are_announced")]
    operations = [migrations.RunSQL(SQL, UNDO)]
