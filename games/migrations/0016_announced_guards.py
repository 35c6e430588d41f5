"""Who sets the prizes of a draw is fixed when it goes on sale; what an issuer announces stands (F062, F074).

An announcement is of a draw that is held and goes by announced amounts, is signed by a registered key of an
issuer or typed alike by two, and is followed by further editions, never changed. Whether the signature is
good for the words is for Python, engine two and the comparison with the log; the database knows no Ed25519.
"""

from django.db import migrations

SQL = """
-- Who sets the prizes of a game's draws on a day.
CREATE FUNCTION games_mode_on(game bigint, day date) RETURNS text LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT m.mode FROM games_prizemode m WHERE m.game_id = $1 AND m.starts_on <= $2
                      ORDER BY m.starts_on DESC, m.id DESC LIMIT 1), 'OWN')
$$;
REVOKE ALL ON FUNCTION games_mode_on(bigint, date) FROM PUBLIC;

-- The one moment at which a draw takes its mode is when it goes on sale: whoever buys knows it. Changes of the
-- mode wait for draws that go on sale just now, and these for them.
CREATE FUNCTION games_draw_has_its_mode() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.mode := 'OWN';
    ELSIF OLD.state = 'SCHEDULED' AND NEW.state = 'OPEN' THEN
        PERFORM 1 FROM games_game g WHERE g.id = NEW.game_id FOR SHARE;
        NEW.mode := games_mode_on(NEW.game_id, (NEW.draws_at AT TIME ZONE 'Asia/Shanghai')::date);
    ELSIF NEW.mode <> OLD.mode THEN
        RAISE EXCEPTION 'who sets the prizes of a draw on sale stands'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_mode_stands';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_draw_has_its_mode() FROM PUBLIC;
CREATE TRIGGER games_draw_has_its_mode BEFORE INSERT OR UPDATE ON games_draw
    FOR EACH ROW EXECUTE FUNCTION games_draw_has_its_mode();
ALTER TABLE games_draw ENABLE ALWAYS TRIGGER games_draw_has_its_mode;

-- A change is what two people agreed on, told ten natural days before, and for no draw that is or was on sale.
-- Drills have no public.
CREATE FUNCTION games_prize_mode_in_time() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := games_agreed(NEW.approval_code, '{games.prize_mode}');
    changed games_game;
BEGIN
    SELECT * INTO changed FROM games_game g WHERE g.id = NEW.game_id FOR NO KEY UPDATE;
    NEW.published_at := clock_timestamp();
    IF changed.is_shadow THEN
        IF NEW.approval_code <> 'DRILL' THEN
            RAISE EXCEPTION 'a drill changes by itself'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_mode_by_agreement';
        END IF;
    ELSIF asked->>'game' IS DISTINCT FROM changed.code OR asked->>'mode' IS DISTINCT FROM NEW.mode
       OR (asked->>'starts_on')::date IS DISTINCT FROM NEW.starts_on
       OR asked->>'document' IS DISTINCT FROM NEW.document THEN
        RAISE EXCEPTION 'who sets the prizes changes as two people agreed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_mode_by_agreement';
    ELSIF NEW.starts_on < (NEW.published_at AT TIME ZONE 'Asia/Shanghai')::date + 10 THEN
        RAISE EXCEPTION 'it is told ten natural days before'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_mode_announced_in_time';
    END IF;
    IF EXISTS (SELECT FROM games_draw d WHERE d.game_id = NEW.game_id AND d.state NOT IN ('SCHEDULED', 'CANCELLED')
                  AND NOT d.is_shadow AND (d.draws_at AT TIME ZONE 'Asia/Shanghai')::date >= NEW.starts_on) THEN
        RAISE EXCEPTION 'a draw of that time is on sale'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_mode_of_no_draw_on_sale';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_prize_mode_in_time() FROM PUBLIC;
CREATE TRIGGER games_prize_mode_in_time BEFORE INSERT ON games_prizemode
    FOR EACH ROW EXECUTE FUNCTION games_prize_mode_in_time();
ALTER TABLE games_prizemode ENABLE ALWAYS TRIGGER games_prize_mode_in_time;

-- Typed by officials, as numbers are, and salted like them.
ALTER TABLE games_announcedentry ADD COLUMN salt bytea
    CONSTRAINT announced_entry_salt_is_long CHECK (octet_length(salt) = 32);
CREATE TRIGGER games_announcedentry_is_salted BEFORE INSERT ON games_announcedentry
    FOR EACH ROW EXECUTE FUNCTION games_resultentry_is_salted();
ALTER TABLE games_announcedentry ENABLE ALWAYS TRIGGER games_announcedentry_is_salted;

CREATE FUNCTION games_announced_entry_in_time() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    drawn games_draw;
    moment timestamptz;
    typed bigint;
BEGIN
    SELECT * INTO drawn FROM games_draw d WHERE d.id = NEW.draw_id FOR NO KEY UPDATE;
    moment := clock_timestamp();
    IF drawn.mode <> 'ANNOUNCED' OR drawn.state NOT IN ('SEALED', 'DRAWN', 'CONFIRMED') OR moment < drawn.draws_at
       OR NOT EXISTS (SELECT FROM games_sealpublication p JOIN games_sealstatement s ON s.id = p.statement_id
                       WHERE s.draw_id = NEW.draw_id) THEN
        RAISE EXCEPTION 'no announcement before seal and draw'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'announced_after_the_draw';
    END IF;
    SELECT p.row_uuid::text INTO NEW.person_code
      FROM accounts_staffmember s JOIN accounts_person p ON p.id = s.person_id
     WHERE s.user_id = NEW.official_id;
    IF NEW.person_code IS NULL OR NOT EXISTS (
        SELECT 1 FROM accounts_posting h JOIN accounts_post q ON q.id = h.post_id
          JOIN accounts_staffmember s ON s.person_id = h.person_id
         WHERE s.user_id = NEW.official_id
           AND h.valid_from <= moment AND (h.valid_until IS NULL OR h.valid_until > moment)
           AND ('draw_official' = ANY (q.roles)
                OR (drawn.is_shadow AND 'drill_official' = ANY (q.roles)))
    ) THEN
        RAISE EXCEPTION 'only a draw official types announcements'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'announced_entry_by_an_official';
    END IF;
    SELECT count(*) INTO typed FROM games_announcedentry e WHERE e.draw_id = NEW.draw_id;
    IF NEW.round <> typed / 2 + 1 THEN
        RAISE EXCEPTION 'another round is open'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'announced_entry_in_the_open_round';
    END IF;
    NEW.entered_at := moment;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_announced_entry_in_time() FROM PUBLIC;
CREATE TRIGGER games_announced_entry_in_time BEFORE INSERT ON games_announcedentry
    FOR EACH ROW EXECUTE FUNCTION games_announced_entry_in_time();
ALTER TABLE games_announcedentry ENABLE ALWAYS TRIGGER games_announced_entry_in_time;

-- Whether two people typed the same; nobody reads what either of them typed.
CREATE FUNCTION games_announced_alike(one bigint, other bigint) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM games_announcedentry a, games_announcedentry b
         WHERE a.id = one AND b.id = other AND a.draw_id = b.draw_id AND a.round = b.round
           AND a.person_code <> b.person_code AND a.body = b.body
    )
$$;
REVOKE ALL ON FUNCTION games_announced_alike(bigint, bigint) FROM PUBLIC;

CREATE FUNCTION games_issuer_announced() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    drawn record;
    said jsonb := NEW.body::jsonb;
BEGIN
    -- Two who import at once see each other's row.
    SELECT d.id, d.mode, d.state, d.draws_at, d.issue, g.code AS game INTO drawn
      FROM games_draw d JOIN games_game g ON g.id = d.game_id WHERE d.id = NEW.draw_id FOR NO KEY UPDATE OF d;
    NEW.recorded_at := clock_timestamp();
    IF drawn.mode <> 'ANNOUNCED' OR drawn.state NOT IN ('SEALED', 'DRAWN', 'CONFIRMED')
       OR NEW.recorded_at < drawn.draws_at
       OR NOT EXISTS (SELECT FROM games_sealpublication p JOIN games_sealstatement s ON s.id = p.statement_id
                       WHERE s.draw_id = NEW.draw_id) THEN
        RAISE EXCEPTION 'no announcement before seal and draw'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'announced_after_the_draw';
    END IF;
    IF said->>'game' IS DISTINCT FROM drawn.game OR said->>'issue' IS DISTINCT FROM drawn.issue
       OR jsonb_typeof(said->'special_on') IS DISTINCT FROM 'boolean'
       OR NEW.digest <> encode(sha256(convert_to(NEW.body, 'UTF8')), 'hex') THEN
        RAISE EXCEPTION 'an announcement is of its draw'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'announced_of_its_draw';
    END IF;
    IF EXISTS (SELECT FROM games_result r WHERE r.draw_id = NEW.draw_id AND r.numbers <> said->'numbers') THEN
        RAISE EXCEPTION 'the result has other numbers'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'announced_numbers_of_the_result';
    END IF;
    IF NEW.edition <> 1 + (SELECT count(*) FROM games_issuerannouncement a WHERE a.draw_id = NEW.draw_id) THEN
        RAISE EXCEPTION 'another edition is next'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'announced_in_editions';
    END IF;
    IF NEW.source = 'FILE' AND NOT EXISTS (
        SELECT FROM audit_signingkey k WHERE k.key_id = NEW.key_id AND k.role IN ('ISSUER_CWL', 'ISSUER_CSL')
           AND k.valid_from <= NEW.recorded_at AND (k.revoked_at IS NULL OR k.revoked_at > NEW.recorded_at)) THEN
        RAISE EXCEPTION 'no registered key of an issuer'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'announced_by_a_registered_key';
    END IF;
    IF NEW.source = 'TYPED' AND NOT EXISTS (
        SELECT FROM games_announcedentry a, games_announcedentry b
         WHERE a.id = NEW.first_entry_id AND b.id = NEW.second_entry_id
           AND a.draw_id = NEW.draw_id AND b.draw_id = NEW.draw_id AND a.round = b.round
           AND a.person_code <> b.person_code AND a.body = b.body AND a.body = NEW.body) THEN
        RAISE EXCEPTION 'two people typed the same, or it does not count'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'announced_alike_by_two';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_issuer_announced() FROM PUBLIC;
CREATE TRIGGER games_issuer_announced BEFORE INSERT ON games_issuerannouncement
    FOR EACH ROW EXECUTE FUNCTION games_issuer_announced();
ALTER TABLE games_issuerannouncement ENABLE ALWAYS TRIGGER games_issuer_announced;

-- A decision is that of two people, on this edition and its differences, while it is the last one.
CREATE FUNCTION games_difference_decided() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := games_agreed(NEW.approval_code, '{games.announced_difference}');
    told games_issuerannouncement;
BEGIN
    SELECT * INTO told FROM games_issuerannouncement a WHERE a.id = NEW.announcement_id;
    PERFORM 1 FROM games_draw d WHERE d.id = told.draw_id FOR NO KEY UPDATE;
    NEW.decided_at := clock_timestamp();
    NEW.draw_id := told.draw_id;
    IF asked->>'announcement' IS DISTINCT FROM told.digest OR asked->>'reason' IS DISTINCT FROM NEW.reason
       OR asked->'differences' IS DISTINCT FROM told.differences THEN
        RAISE EXCEPTION 'a difference is decided on by two people'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'difference_by_agreement';
    END IF;
    IF EXISTS (SELECT FROM games_announcedentry e WHERE e.id IN (told.first_entry_id, told.second_entry_id)
                  AND e.person_code IN (
                      SELECT r.maker_person FROM audit_approvalrequest r WHERE r.code = NEW.approval_code
                      UNION ALL SELECT c.checker_person FROM audit_approvaldecision c
                        JOIN audit_approvalrequest r ON r.id = c.request_id WHERE r.code = NEW.approval_code)) THEN
        RAISE EXCEPTION 'who typed it does not decide on it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'difference_by_others';
    END IF;
    IF EXISTS (SELECT FROM games_issuerannouncement a WHERE a.draw_id = told.draw_id AND a.edition > told.edition) THEN
        RAISE EXCEPTION 'there is a later edition'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'difference_of_the_last_edition';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_difference_decided() FROM PUBLIC;
CREATE TRIGGER games_difference_decided BEFORE INSERT ON games_differencedecision
    FOR EACH ROW EXECUTE FUNCTION games_difference_decided();
ALTER TABLE games_differencedecision ENABLE ALWAYS TRIGGER games_difference_decided;

-- Numbers that are said to be the announcement's are the announcement's.
CREATE FUNCTION games_entry_as_announced() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM games_issuerannouncement a
                    WHERE a.draw_id = NEW.draw_id AND a.source = 'FILE' AND a.digest = NEW.taken_from
                      AND a.body::jsonb->'numbers' = NEW.numbers) THEN
        RAISE EXCEPTION 'the announcement has other numbers'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'result_entry_as_announced';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_entry_as_announced() FROM PUBLIC;
CREATE TRIGGER games_entry_as_announced BEFORE INSERT ON games_resultentry
    FOR EACH ROW WHEN (NEW.taken_from <> '') EXECUTE FUNCTION games_entry_as_announced();
ALTER TABLE games_resultentry ENABLE ALWAYS TRIGGER games_entry_as_announced;

-- Whether the draw goes by announced amounts, and what is in the way of settling it: nothing, no announcement,
-- other numbers than the result, or a difference that nobody decided on.
CREATE FUNCTION games_announced_lacks(draw bigint) RETURNS text LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE
        WHEN d.mode <> 'ANNOUNCED' THEN ''
        WHEN a.id IS NULL THEN 'announcement'
        WHEN a.body::jsonb->'numbers' IS DISTINCT FROM r.numbers THEN 'numbers'
        WHEN (a.body::jsonb->>'special_on')::boolean <> d.special_on THEN 'special'
        WHEN a.differences <> '[]' AND NOT EXISTS (
            SELECT FROM games_differencedecision c WHERE c.announcement_id = a.id) THEN 'decision'
        ELSE '' END
      FROM games_draw d LEFT JOIN games_result r ON r.draw_id = d.id
      LEFT JOIN LATERAL (SELECT * FROM games_issuerannouncement i WHERE i.draw_id = d.id
                          ORDER BY i.edition DESC LIMIT 1) a ON true
     WHERE d.id = $1
$$;
REVOKE ALL ON FUNCTION games_announced_lacks(bigint) FROM PUBLIC;
"""
LOGGED = {  # table: kind and key in the log
    "games_prizemode": ("prize_mode", "id"),
    "games_announcedentry": ("announced_entry", "id"),
    "games_issuerannouncement": ("issuer_announcement", "id"),
    "games_differencedecision": ("difference_decision", "id"),
}
SQL += "".join(
    f"""
CREATE TRIGGER {table}_never_changes BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_never_changes;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_log_row;
"""
    for table, (kind, key) in LOGGED.items()
)
UNDO = (
    "".join(
        f"DROP TRIGGER audit_log_row ON {table}; DROP TRIGGER {table}_never_changes ON {table};"
        for table in LOGGED
    )
    + """
DROP FUNCTION games_announced_lacks(bigint);
DROP FUNCTION games_entry_as_announced() CASCADE;
DROP FUNCTION games_difference_decided() CASCADE;
DROP FUNCTION games_issuer_announced() CASCADE;
DROP FUNCTION games_announced_alike(bigint, bigint);
DROP FUNCTION games_announced_entry_in_time() CASCADE;
DROP TRIGGER games_announcedentry_is_salted ON games_announcedentry;
ALTER TABLE games_announcedentry DROP COLUMN salt;
DROP FUNCTION games_prize_mode_in_time() CASCADE;
DROP FUNCTION games_draw_has_its_mode() CASCADE;
DROP FUNCTION games_mode_on(bigint, date);
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("games", "0015_announced_amounts"),
        ("audit", "0009_issuer_keys"),
        ("accounts", "0001_first_tables"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
