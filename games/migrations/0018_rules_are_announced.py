"""A rule version is loaded as two people agreed and sold ten natural days after its notice (F022).

The days are counted in Shanghai by the clock of the database. What began the house (GENESIS) had
nothing before it to be announced against, and drills concern no player.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION games_rule_by_agreement() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := games_agreed(NEW.approval_code, '{games.rule_version}');
    played games_game;
    rule jsonb := NEW.sheet::jsonb->'version';
BEGIN
    SELECT * INTO played FROM games_game g WHERE g.id = NEW.game_id;
    -- What begins the house is written while the game has neither a rule nor a draw.
    IF NEW.approval_code = 'GENESIS' THEN
        IF EXISTS (SELECT FROM games_rulesheet s WHERE s.game_id = NEW.game_id)
           OR EXISTS (SELECT FROM games_draw d WHERE d.game_id = NEW.game_id) THEN
            RAISE EXCEPTION 'a rule is loaded by two people'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'rule_by_agreement';
        END IF;
    ELSIF asked->>'game' IS DISTINCT FROM played.code OR asked->>'version' IS DISTINCT FROM NEW.code
       OR asked->>'digest' IS DISTINCT FROM NEW.digest OR asked->>'first_issue' IS DISTINCT FROM NEW.first_issue
       OR asked->>'file' IS DISTINCT FROM coalesce(
            (SELECT f.document_digest FROM games_rulefile f WHERE f.id = NEW.file_id), '') THEN
        RAISE EXCEPTION 'a rule is loaded as two people agreed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'rule_by_agreement';
    END IF;
    IF NEW.digest <> encode(sha256(convert_to(NEW.sheet, 'UTF8')), 'hex') OR rule->>'code' IS DISTINCT FROM NEW.code
       OR rule->>'game' IS DISTINCT FROM played.rules_game
       OR (rule->>'price_fen')::bigint IS DISTINCT FROM NEW.line_price
       OR (NOT played.is_shadow AND rule->>'first_issue' IS DISTINCT FROM NEW.first_issue)
       OR EXISTS (SELECT FROM games_rulefile f WHERE f.id = NEW.file_id AND f.digest <> NEW.digest)
       OR EXISTS (SELECT FROM games_rulesheet s WHERE s.code = NEW.code AND s.digest <> NEW.digest) THEN
        RAISE EXCEPTION 'a rule is its sheet, and one sheet by its code'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'rule_is_its_sheet';
    END IF;
    NEW.loaded_at := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_rule_by_agreement() FROM PUBLIC;
CREATE TRIGGER games_rule_by_agreement BEFORE INSERT ON games_rulesheet
    FOR EACH ROW EXECUTE FUNCTION games_rule_by_agreement();
ALTER TABLE games_rulesheet ENABLE ALWAYS TRIGGER games_rule_by_agreement;

CREATE FUNCTION games_rule_has_notice() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.approval_code <> 'GENESIS' AND NOT (SELECT g.is_shadow FROM games_game g WHERE g.id = NEW.game_id)
       AND NOT EXISTS (SELECT FROM games_rulenotice n WHERE n.rule_id = NEW.id) THEN
        RAISE EXCEPTION 'a rule that players play by is announced'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'rule_has_notice';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION games_rule_has_notice() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER games_rule_has_notice AFTER INSERT ON games_rulesheet
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION games_rule_has_notice();
ALTER TABLE games_rulesheet ENABLE ALWAYS TRIGGER games_rule_has_notice;

CREATE FUNCTION games_rule_notice_in_time() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE asked jsonb := games_agreed(
    (SELECT s.approval_code FROM games_rulesheet s WHERE s.id = NEW.rule_id), '{games.rule_version}');
BEGIN
    NEW.published_at := clock_timestamp();
    IF asked->>'notice' IS DISTINCT FROM NEW.text OR asked->>'starts_on' IS DISTINCT FROM NEW.starts_on::text THEN
        RAISE EXCEPTION 'a notice says what two people agreed on'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'rule_notice_by_agreement';
    END IF;
    IF NEW.starts_on < (NEW.published_at AT TIME ZONE 'Asia/Shanghai')::date + 10 THEN
        RAISE EXCEPTION 'a change is announced ten natural days ahead'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'rule_notice_ten_days';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_rule_notice_in_time() FROM PUBLIC;
CREATE TRIGGER games_rule_notice_in_time BEFORE INSERT ON games_rulenotice
    FOR EACH ROW EXECUTE FUNCTION games_rule_notice_in_time();
ALTER TABLE games_rulenotice ENABLE ALWAYS TRIGGER games_rule_notice_in_time;

-- No draw is sold by a rule before the day that its notice names, whenever it is planned or opened.
CREATE FUNCTION games_draw_rule_was_announced() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    approval text := (SELECT s.approval_code FROM games_rulesheet s WHERE s.id = NEW.rule_id);
    sold_on date := (NEW.opens_at AT TIME ZONE 'Asia/Shanghai')::date;
BEGIN
    IF NEW.state = 'OPEN' THEN
        sold_on := least(sold_on, (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date);
    END IF;
    IF NOT NEW.is_shadow AND approval <> 'GENESIS'
       AND NOT EXISTS (SELECT FROM games_rulenotice n WHERE n.rule_id = NEW.rule_id AND n.starts_on <= sold_on) THEN
        RAISE EXCEPTION 'a draw is not sold by a rule before its day'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_rule_was_announced';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_draw_rule_was_announced() FROM PUBLIC;
CREATE TRIGGER games_draw_rule_was_announced_at_first BEFORE INSERT ON games_draw
    FOR EACH ROW EXECUTE FUNCTION games_draw_rule_was_announced();
ALTER TABLE games_draw ENABLE ALWAYS TRIGGER games_draw_rule_was_announced_at_first;
CREATE TRIGGER games_draw_rule_was_announced BEFORE UPDATE ON games_draw FOR EACH ROW
    WHEN (NEW.rule_id <> OLD.rule_id OR NEW.opens_at <> OLD.opens_at OR (NEW.state = 'OPEN' AND OLD.state <> 'OPEN'))
    EXECUTE FUNCTION games_draw_rule_was_announced();
ALTER TABLE games_draw ENABLE ALWAYS TRIGGER games_draw_rule_was_announced;

CREATE FUNCTION games_rule_file_now() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    NEW.brought_at := clock_timestamp();
    IF NEW.document_digest <> encode(sha256(convert_to(NEW.document, 'UTF8')), 'hex') THEN
        RAISE EXCEPTION 'a file is known by its digest'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'rule_file_is_its_digest';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_rule_file_now() FROM PUBLIC;
CREATE TRIGGER games_rule_file_now BEFORE INSERT ON games_rulefile
    FOR EACH ROW EXECUTE FUNCTION games_rule_file_now();
ALTER TABLE games_rulefile ENABLE ALWAYS TRIGGER games_rule_file_now;
"""
LOGGED = {"rulefile": ("rule_file", "id"), "rulenotice": ("rule_notice", "id")}
for name, (kind, key) in LOGGED.items():
    SQL += f"""
CREATE TRIGGER games_{name}_never_changes BEFORE UPDATE OR DELETE ON games_{name}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE games_{name} ENABLE ALWAYS TRIGGER games_{name}_never_changes;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON games_{name}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE games_{name} ENABLE ALWAYS TRIGGER audit_log_row;
SELECT audit_log_add('{kind}', key, hash) FROM audit_rows_now('games_{name}');
"""  # noqa: S608 - names written above
UNDO = (
    "".join(
        f"DROP TRIGGER audit_log_row ON games_{name};"
        f"DROP TRIGGER games_{name}_never_changes ON games_{name};"
        for name in LOGGED
    )
    + """
DROP FUNCTION games_rule_file_now() CASCADE;
DROP FUNCTION games_draw_rule_was_announced() CASCADE;
DROP FUNCTION games_rule_notice_in_time() CASCADE;
DROP FUNCTION games_rule_has_notice() CASCADE;
DROP FUNCTION games_rule_by_agreement() CASCADE;
"""
)


class Migration(migrations.Migration):
    dependencies = [("games", "0017_rule_files_and_notices")]
    operations = [migrations.RunSQL(SQL, UNDO)]
