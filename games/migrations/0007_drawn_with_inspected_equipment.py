"""A real draw is drawn with inspected equipment and published with signed minutes (F064, F065).

Who did something is named here by the person, not by the account; times are the database's own.
"""

from django.db import migrations

SQL = """
-- The human being behind an account of the staff, and whether one of his posts has one of the roles.
CREATE FUNCTION games_person_of(account bigint) RETURNS text LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT p.row_uuid::text FROM accounts_staffmember s JOIN accounts_person p ON p.id = s.person_id
     WHERE s.user_id = account
$$;
CREATE FUNCTION games_holds_a_role(account bigint, wanted text[]) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM accounts_posting h JOIN accounts_post q ON q.id = h.post_id
          JOIN accounts_staffmember s ON s.person_id = h.person_id
         WHERE s.user_id = account AND q.roles && wanted::varchar[]
           AND h.valid_from <= clock_timestamp()
           AND (h.valid_until IS NULL OR h.valid_until > clock_timestamp()))
$$;

-- The register: what a piece is, it stays; its state changes with a row that says why.
CREATE FUNCTION games_equipment_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.code, NEW.game_id, NEW.kind, NEW.zone, NEW.maker, NEW.serial_number,
        NEW.registered_by_id, NEW.registered_at) IS DISTINCT FROM
       (OLD.id, OLD.code, OLD.game_id, OLD.kind, OLD.zone, OLD.maker, OLD.serial_number,
        OLD.registered_by_id, OLD.registered_at) THEN
        RAISE EXCEPTION 'what a piece of equipment is, it stays'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'equipment_stays_what_it_is';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER games_equipment_stands BEFORE UPDATE ON games_equipment
    FOR EACH ROW EXECUTE FUNCTION games_equipment_stands();
CREATE TRIGGER games_equipment_stays BEFORE DELETE ON games_equipment
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE games_equipment ENABLE ALWAYS TRIGGER games_equipment_stands;
ALTER TABLE games_equipment ENABLE ALWAYS TRIGGER games_equipment_stays;

CREATE FUNCTION games_equipment_change_was_made() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.at := clock_timestamp();
    IF NOT EXISTS (SELECT 1 FROM games_equipment e
                    WHERE e.id = NEW.equipment_id AND e.state = NEW.to_state) THEN
        RAISE EXCEPTION 'a change is written when it is made'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'equipment_change_written_when_made';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER games_equipment_change_was_made BEFORE INSERT ON games_equipmentchange
    FOR EACH ROW EXECUTE FUNCTION games_equipment_change_was_made();
ALTER TABLE games_equipmentchange ENABLE ALWAYS TRIGGER games_equipment_change_was_made;

CREATE FUNCTION games_equipment_change_is_written() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- Written in this very transaction: what was written for an earlier change does not answer.
    IF NOT EXISTS (SELECT 1 FROM games_equipmentchange c WHERE c.equipment_id = NEW.id
                    AND c.to_state = NEW.state AND c.at >= transaction_timestamp()) THEN
        RAISE EXCEPTION 'a change of equipment is written down'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'equipment_change_is_written';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER games_equipment_change_is_written AFTER UPDATE OF state ON games_equipment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION games_equipment_change_is_written();
ALTER TABLE games_equipment ENABLE ALWAYS TRIGGER games_equipment_change_is_written;

-- An inspection is the word of two people: it says what an approval of theirs says, and no more.
CREATE FUNCTION games_inspection_of_two() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked audit_approvalrequest;
    said jsonb;
BEGIN
    SELECT * INTO asked FROM audit_approvalrequest r
     WHERE r.code = NEW.approval_code AND r.kind = 'games.inspection' AND r.state = 'PERFORMED';
    NEW.second_inspector_id := (
        SELECT d.checker_id FROM audit_approvaldecision d
         WHERE d.request_id = asked.id AND d.approved AND d.checker_person <> asked.maker_person
         ORDER BY d.id LIMIT 1);
    IF asked.id IS NULL OR asked.maker_id <> NEW.first_inspector_id OR NEW.second_inspector_id IS NULL THEN
        RAISE EXCEPTION 'an inspection is confirmed by a second person'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'inspection_confirmed_by_another';
    END IF;
    said := asked.payload::jsonb;
    IF (said->>'equipment', said->>'what', said->>'outcome', (said->>'inspected_at')::timestamptz,
        (said->>'valid_until')::timestamptz, said->>'certificate_number', said->>'certified_by')
       IS DISTINCT FROM
       ((SELECT e.code::text FROM games_equipment e WHERE e.id = NEW.equipment_id), NEW.what::text,
        NEW.outcome::text, NEW.inspected_at, NEW.valid_until, NEW.certificate_number::text,
        NEW.certified_by::text) THEN
        RAISE EXCEPTION 'the inspection is not what was confirmed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'inspection_as_confirmed';
    END IF;
    IF NEW.inspected_at > clock_timestamp() THEN
        RAISE EXCEPTION 'what has not been is not inspected'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'inspection_is_past';
    END IF;
    NEW.recorded_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER games_inspection_of_two BEFORE INSERT ON games_inspection
    FOR EACH ROW EXECUTE FUNCTION games_inspection_of_two();
ALTER TABLE games_inspection ENABLE ALWAYS TRIGGER games_inspection_of_two;

-- Fit at a moment: in use, its last inspection before it passed and not run out, none failed since,
-- and none older than its return from being withdrawn.
CREATE FUNCTION games_equipment_fit(piece bigint, moment timestamptz) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.state = 'IN_USE' AND coalesce((
        SELECT i.outcome = 'PASSED' AND i.valid_until > moment
           AND i.inspected_at >= coalesce((
               SELECT max(c.at) FROM games_equipmentchange c
                WHERE c.equipment_id = e.id AND c.to_state = 'IN_USE'), i.inspected_at)
           AND NOT EXISTS (
               SELECT 1 FROM games_inspection f WHERE f.equipment_id = e.id
                  AND f.outcome = 'FAILED' AND f.inspected_at >= i.inspected_at AND f.id <> i.id)
          FROM games_inspection i WHERE i.equipment_id = e.id AND i.inspected_at <= moment
         ORDER BY i.inspected_at DESC, i.id DESC LIMIT 1), false)
      FROM games_equipment e WHERE e.id = piece
$$;

CREATE FUNCTION games_assignment_fits() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    drawn games_draw;
    piece games_equipment;
BEGIN
    SELECT * INTO drawn FROM games_draw d WHERE d.id = NEW.draw_id FOR NO KEY UPDATE;
    SELECT * INTO piece FROM games_equipment e WHERE e.id = NEW.equipment_id FOR SHARE;
    IF drawn.state NOT IN ('SCHEDULED', 'OPEN', 'CLOSED', 'SEALED') THEN
        RAISE EXCEPTION 'the numbers are being typed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'assignment_before_the_result';
    END IF;
    IF piece.game_id <> drawn.game_id
       OR NEW.place <> (CASE piece.kind WHEN 'MACHINE' THEN 'machine' ELSE piece.zone END) THEN
        RAISE EXCEPTION 'it does not serve this place'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'assignment_where_it_serves';
    END IF;
    IF NOT games_equipment_fit(piece.id, greatest(drawn.draws_at, clock_timestamp())) THEN
        RAISE EXCEPTION 'its last inspection does not cover the draw'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'assignment_of_inspected_equipment';
    END IF;
    IF games_assigned(NEW.draw_id, NEW.place, NOT NEW.is_reserve) = NEW.equipment_id THEN
        RAISE EXCEPTION 'nothing stands in for itself'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'assignment_reserve_is_another';
    END IF;
    SELECT coalesce(max(a.edition), 0) + 1 INTO NEW.edition FROM games_assignment a
     WHERE a.draw_id = NEW.draw_id AND a.place = NEW.place AND a.is_reserve = NEW.is_reserve;
    NEW.recorded_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE FUNCTION games_assigned(draw bigint, at_place text, reserve boolean) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT a.equipment_id FROM games_assignment a
     WHERE a.draw_id = draw AND a.place = at_place AND a.is_reserve = reserve
     ORDER BY a.edition DESC LIMIT 1
$$;
CREATE TRIGGER games_assignment_fits BEFORE INSERT ON games_assignment
    FOR EACH ROW EXECUTE FUNCTION games_assignment_fits();
ALTER TABLE games_assignment ENABLE ALWAYS TRIGGER games_assignment_fits;

-- The places of a draw are its machine and the zones of its rule sheet; one that is drawn after
-- another, from the same balls, is no place of its own. Drills need none.
CREATE FUNCTION games_result_with_equipment() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE drawn games_draw;
BEGIN
    SELECT * INTO drawn FROM games_draw d WHERE d.id = NEW.draw_id;
    IF NOT drawn.is_shadow AND EXISTS (
        SELECT 1 FROM (
            SELECT 'machine' AS place UNION ALL
            SELECT z->>'code' FROM games_rulesheet r,
                   jsonb_array_elements(r.zones) z
             WHERE r.id = drawn.rule_id AND z->>'drum' = '') needed
         WHERE NOT coalesce(games_equipment_fit(
             games_assigned(drawn.id, needed.place, false), drawn.draws_at), false)) THEN
        RAISE EXCEPTION 'a machine and a ball set for every zone, inspected'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_with_inspected_equipment';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER games_result_with_equipment BEFORE INSERT ON games_resultentry
    FOR EACH ROW EXECUTE FUNCTION games_result_with_equipment();
ALTER TABLE games_resultentry ENABLE ALWAYS TRIGGER games_result_with_equipment;

-- Minutes say what the other rows say, or they are not written.
CREATE FUNCTION games_minutes_are_true() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    drawn games_draw;
    said jsonb;
BEGIN
    SELECT * INTO drawn FROM games_draw d WHERE d.id = NEW.draw_id FOR NO KEY UPDATE;
    IF drawn.state NOT IN ('CONFIRMED', 'SETTLED', 'PUBLISHED', 'ARCHIVED') THEN
        RAISE EXCEPTION 'minutes are written when the result stands'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'minutes_after_the_result';
    END IF;
    NEW.person_code := games_person_of(NEW.written_by_id);
    IF NEW.person_code IS NULL OR NOT games_holds_a_role(NEW.written_by_id,
        (CASE WHEN drawn.is_shadow THEN '{draw_official,drill_official}' ELSE '{draw_official}' END)::text[]) THEN
        RAISE EXCEPTION 'a draw official writes the minutes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'minutes_by_an_official';
    END IF;
    IF NEW.digest <> encode(sha256(convert_to(NEW.body, 'UTF8')), 'hex') THEN
        RAISE EXCEPTION 'the digest is of something else'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'minutes_digest_of_their_text';
    END IF;
    said := NEW.body::jsonb;
    IF (said->>'draw', said->>'root', said->'numbers', (said->>'edition')::integer, said->>'reason')
       IS DISTINCT FROM
       (drawn.code::text, (SELECT s.root::text FROM games_sealstatement s WHERE s.draw_id = drawn.id),
        (SELECT r.numbers FROM games_result r WHERE r.draw_id = drawn.id),
        NEW.edition::integer, NEW.reason::text)
       OR EXISTS (
        SELECT 1 FROM jsonb_array_elements(said->'drawn') WITH ORDINALITY z (balls, place)
         WHERE (SELECT jsonb_agg(b ORDER BY b::integer) FROM jsonb_array_elements(z.balls) b)
               IS DISTINCT FROM said->'numbers'->(z.place::integer - 1))
       OR jsonb_array_length(said->'drawn') <> jsonb_array_length(said->'numbers') THEN
        RAISE EXCEPTION 'minutes say what was drawn and sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'minutes_agree_with_the_draw';
    END IF;
    IF NEW.edition <> (SELECT count(*) + 1 FROM games_drawminutes m WHERE m.draw_id = NEW.draw_id) THEN
        RAISE EXCEPTION 'another edition comes next'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'minutes_next_edition';
    END IF;
    NEW.written_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER games_minutes_are_true BEFORE INSERT ON games_drawminutes
    FOR EACH ROW EXECUTE FUNCTION games_minutes_are_true();
ALTER TABLE games_drawminutes ENABLE ALWAYS TRIGGER games_minutes_are_true;

CREATE FUNCTION games_minutes_signed_by_another() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    written games_drawminutes;
    drawn games_draw;
BEGIN
    SELECT * INTO written FROM games_drawminutes m WHERE m.id = NEW.minutes_id;
    SELECT * INTO drawn FROM games_draw d WHERE d.id = written.draw_id FOR NO KEY UPDATE;
    NEW.person_code := games_person_of(NEW.signed_by_id);
    IF NEW.person_code IS NULL OR NOT games_holds_a_role(NEW.signed_by_id,
        (CASE WHEN drawn.is_shadow THEN '{draw_official,compliance,auditor,drill_official}'
              ELSE '{draw_official,compliance,auditor}' END)::text[]) THEN
        RAISE EXCEPTION 'not one who signs minutes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'minutes_signed_by_the_staff';
    END IF;
    IF NEW.person_code = written.person_code THEN
        RAISE EXCEPTION 'minutes are signed by another person'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'minutes_signed_by_another';
    END IF;
    IF NEW.digest <> written.digest THEN
        RAISE EXCEPTION 'something else was shown'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'minutes_signed_as_written';
    END IF;
    IF EXISTS (SELECT 1 FROM games_drawminutes m
                WHERE m.draw_id = written.draw_id AND m.edition > written.edition) THEN
        RAISE EXCEPTION 'there is a later edition'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'minutes_signed_last_edition';
    END IF;
    NEW.signed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER games_minutes_signed_by_another BEFORE INSERT ON games_minutessignature
    FOR EACH ROW EXECUTE FUNCTION games_minutes_signed_by_another();
ALTER TABLE games_minutessignature ENABLE ALWAYS TRIGGER games_minutes_signed_by_another;

CREATE FUNCTION games_published_with_minutes() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM games_drawminutes m JOIN games_minutessignature s ON s.minutes_id = m.id
         WHERE m.draw_id = NEW.id AND m.edition = (
            SELECT max(l.edition) FROM games_drawminutes l WHERE l.draw_id = NEW.id)) THEN
        RAISE EXCEPTION 'no signed minutes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'publish_with_minutes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER games_published_with_minutes BEFORE UPDATE OF state ON games_draw
    FOR EACH ROW WHEN (NEW.state = 'PUBLISHED' AND OLD.state <> 'PUBLISHED' AND NOT NEW.is_shadow)
    EXECUTE FUNCTION games_published_with_minutes();
ALTER TABLE games_draw ENABLE ALWAYS TRIGGER games_published_with_minutes;
"""
EVIDENCE = ["equipmentchange", "inspection", "assignment", "drawminutes", "minutessignature"]
for name in EVIDENCE:
    SQL += f"""
CREATE TRIGGER games_{name}_never_changes BEFORE UPDATE OR DELETE ON games_{name}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE games_{name} ENABLE ALWAYS TRIGGER games_{name}_never_changes;
"""
LOGGED = {  # table: kind in the log
    "inspection": "inspection",
    "assignment": "assignment",
    "drawminutes": "minutes",
    "minutessignature": "minutes_signature",
}
for name, kind in LOGGED.items():
    SQL += f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON games_{name}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', 'id');
ALTER TABLE games_{name} ENABLE ALWAYS TRIGGER audit_log_row;
"""
UNDO = (
    "".join(f"DROP TRIGGER games_{name}_never_changes ON games_{name};" for name in EVIDENCE)
    + "".join(f"DROP TRIGGER audit_log_row ON games_{name};" for name in LOGGED)
    + """
DROP FUNCTION games_published_with_minutes() CASCADE;
DROP FUNCTION games_minutes_signed_by_another() CASCADE;
DROP FUNCTION games_minutes_are_true() CASCADE;
DROP FUNCTION games_result_with_equipment() CASCADE;
DROP FUNCTION games_assignment_fits() CASCADE;
DROP FUNCTION games_assigned(bigint, text, boolean);
DROP FUNCTION games_equipment_fit(bigint, timestamptz);
DROP FUNCTION games_inspection_of_two() CASCADE;
DROP FUNCTION games_equipment_change_is_written() CASCADE;
DROP FUNCTION games_equipment_change_was_made() CASCADE;
DROP TRIGGER games_equipment_stays ON games_equipment;
DROP FUNCTION games_equipment_stands() CASCADE;
DROP FUNCTION games_holds_a_role(bigint, text[]);
DROP FUNCTION games_person_of(bigint);
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("games", "0006_equipment_and_minutes"),
        ("audit", "0007_log"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
