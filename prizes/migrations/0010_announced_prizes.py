"""A draw that pays announced amounts is settled by the announcement that counts, and by no other (F067)."""

from django.db import migrations

import lottery_portal.lib.money

SQL = """
-- Nothing is counted, priced or paid while the announcement is missing, has other numbers, or differs from the
-- rules and nobody decided; and paid only by the very words that both engines were given.
CREATE FUNCTION prizes_settlement_as_announced() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE said games_issuerannouncement;
BEGIN
    -- Later editions wait for this, and this for them.
    PERFORM 1 FROM games_draw d WHERE d.id = NEW.draw_id AND d.mode = 'ANNOUNCED' FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN NEW; END IF;
    SELECT * INTO said FROM games_issuerannouncement a WHERE a.draw_id = NEW.draw_id ORDER BY a.edition DESC LIMIT 1;
    IF games_announced_lacks(NEW.draw_id) <> '' OR NEW.state = 'CREDITING' AND NOT EXISTS (
        SELECT FROM prizes_enginerun r WHERE r.draw_id = NEW.draw_id AND r.attempt = NEW.attempt AND r.engine = 1
           AND r.input::jsonb #>> '{announced,text}' = said.body) THEN
        RAISE EXCEPTION 'a draw is settled by the announcement that counts'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_as_announced';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_settlement_as_announced() FROM PUBLIC;
CREATE TRIGGER prizes_settlement_as_announced BEFORE INSERT OR UPDATE OF state ON prizes_settlement
    FOR EACH ROW WHEN (NEW.state <> 'HALTED') EXECUTE FUNCTION prizes_settlement_as_announced();
ALTER TABLE prizes_settlement ENABLE ALWAYS TRIGGER prizes_settlement_as_announced;

-- A later edition comes before counting, or while the settlement stands still; what was counted under the
-- special rule, or without it, was counted so.
CREATE FUNCTION prizes_announced_in_time() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM prizes_settlement s JOIN games_draw d ON d.id = s.draw_id
                WHERE s.draw_id = NEW.draw_id AND (s.state <> 'HALTED' OR s.chunks > 0
                  AND (NEW.body::jsonb->>'special_on')::boolean <> d.special_on)) THEN
        RAISE EXCEPTION 'the draw is being settled by another edition'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'announced_before_it_is_counted';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_announced_in_time() FROM PUBLIC;
CREATE TRIGGER prizes_announced_in_time BEFORE INSERT ON games_issuerannouncement
    FOR EACH ROW EXECUTE FUNCTION prizes_announced_in_time();
ALTER TABLE games_issuerannouncement ENABLE ALWAYS TRIGGER prizes_announced_in_time;
"""
UNDO = """
DROP FUNCTION prizes_announced_in_time() CASCADE;
DROP FUNCTION prizes_settlement_as_announced() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0009_winding_up"),
        ("games", "0016_announced_guards"),
        ("finance", "0025_issuer_rules"),
    ]
    operations = [
        migrations.AddField(
            model_name="prizesheet",
            name="issuer_paid",
            field=lottery_portal.lib.money.MoneyField(
                default=0, verbose_name="prizes at the issuer's expense (fen)"
            ),
        ),
        migrations.AddField(
            model_name="prizesheet",
            name="issuer_owed",
            field=lottery_portal.lib.money.MoneyField(
                default=0, verbose_name="prize money to the issuer (fen)"
            ),
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
