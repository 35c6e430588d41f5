"""States of a draw go forward only, each step with its row; results and seals stand (F056)."""

from django.db import migrations

SQL = """
-- How the bets of a rule lie in masks, and what their lines are counted and priced by; read out of
-- the sheet once, for every sale asks for it. `kinds` are the bet types. `parts` has for each of
-- them, at the same place, where its play is described further on:
--     price of a line (fen), places filled by a line (0: all), pattern (0 any, 1 different, 2 one
--     pair), number of places, and for each place
--     word, shift, per_word, first, size, picked.
-- `takes` has for each bet type, at the same place, where stands what it takes:
--     least lines, least bankers, whether all places hold the same numbers (0, 1), and for each place
--     the least and the most bankers, the least and the most numbers, bankers among them.
-- A bet is multiplied `least_times` to `most_times`; a ticket costs `cap` fen at most. `plain` is the
-- number of places when each has a word of its own, from bit 0 for number 1 on, in every play; else 0.
CREATE TYPE games_layout AS (plain integer, limits boolean, kinds text[], parts integer[],
    takes integer[], least_times integer, most_times integer, cap integer);

CREATE FUNCTION games_layout_of(sheet jsonb) RETURNS games_layout LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    rule jsonb := sheet->'version';
    found games_layout;
    starts jsonb := '{}';
    play jsonb;
    place jsonb;
    bet jsonb;
    taken jsonb;
    number integer;
BEGIN
    found.least_times := (rule->>'multiplier_least')::integer;
    found.most_times := (rule->>'multiplier_most')::integer;
    found.cap := (rule->>'ticket_cap_fen')::integer;
    found.limits := (rule->>'limits_numbers')::boolean;
    found.kinds := ARRAY(SELECT b->>'code' FROM jsonb_array_elements(rule->'bet_types') WITH ORDINALITY x(b, n) ORDER BY n);
    found.parts := array_fill(0, ARRAY[cardinality(found.kinds)]);
    found.takes := found.parts;
    found.plain := jsonb_array_length(rule #> '{plays,0,places}');
    FOR play IN SELECT * FROM jsonb_array_elements(rule->'plays') LOOP
        starts := starts || jsonb_build_object(play->>'code', cardinality(found.parts) + 1);
        found.parts := found.parts || ARRAY[
            (rule->>'price_fen')::integer + (play->>'extra_fen')::integer, coalesce((play->>'filled')::integer, 0),
            array_position(ARRAY['any', 'different', 'one_pair'], play->>'pattern') - 1, jsonb_array_length(play->'places')];
        number := 0;
        FOR place IN SELECT * FROM jsonb_array_elements(play->'places') LOOP
            number := number + 1;
            found.parts := found.parts || ARRAY[
                (place->>'word')::integer, (place->>'shift')::integer, (place->>'per_word')::integer,
                (place->>'first')::integer, (place->>'size')::integer, (place->>'picked')::integer];
            IF (place->>'word', place->>'shift', place->>'first') IS DISTINCT FROM (number::text, '0', '1')
               OR (place->>'size')::integer > (place->>'per_word')::integer THEN
                found.plain := 0;
            END IF;
        END LOOP;
        IF number <> found.plain OR play->>'filled' IS NOT NULL OR play->>'pattern' <> 'any' THEN found.plain := 0; END IF;
    END LOOP;
    FOR number IN 1 .. cardinality(found.kinds) LOOP
        bet := rule #> ARRAY['bet_types', (number - 1)::text];
        found.parts[number] := (starts->>(bet->>'play'))::integer;
        found.takes[number] := cardinality(found.takes) + 1;
        found.takes := found.takes || ARRAY[(bet->>'least_lines')::integer, (bet->>'least_bankers')::integer,
                                            (bet->>'same_numbers')::boolean::integer];
        FOR taken IN SELECT * FROM jsonb_array_elements(bet->'ranges') LOOP
            found.takes := found.takes || ARRAY[(taken->>'bankers_least')::integer, (taken->>'bankers_most')::integer,
                                                (taken->>'numbers_least')::integer, (taken->>'numbers_most')::integer];
        END LOOP;
    END LOOP;
    RETURN found;
END $$;

ALTER TABLE games_rulesheet ADD COLUMN zones jsonb
    GENERATED ALWAYS AS (sheet::jsonb #> '{version,zones}') STORED;
ALTER TABLE games_rulesheet ADD COLUMN layout games_layout
    GENERATED ALWAYS AS (games_layout_of(sheet::jsonb)) STORED;

CREATE FUNCTION draw_gate() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 1735288173 $$;

CREATE FUNCTION games_draw_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    way text[] := ARRAY['SCHEDULED','OPEN','CLOSED','SEALED','DRAWN','CONFIRMED','SETTLED','PUBLISHED','ARCHIVED'];
BEGIN
    IF NEW.state <> OLD.state THEN
        -- What is not on the way (CANCELLED) stands at 0, and nothing follows from there.
        IF OLD.state = 'CANCELLED' OR NOT (
            coalesce(array_position(way, NEW.state), 0) = array_position(way, OLD.state) + 1
            OR (NEW.state = 'CANCELLED'
                AND array_position(way, OLD.state) < array_position(way, 'DRAWN'))
        ) THEN
            RAISE EXCEPTION 'a draw goes forward, not from % to %', OLD.state, NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_goes_forward';
        END IF;
        IF NEW.state = 'CLOSED' AND clock_timestamp() < NEW.closes_at THEN
            RAISE EXCEPTION 'it is not yet time to close'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_closes_in_time';
        END IF;
        IF NEW.state = 'SEALED' AND NOT EXISTS (SELECT 1 FROM games_sealstatement s WHERE s.draw_id = NEW.id) THEN
            RAISE EXCEPTION 'no seal' USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_sealed_by_statement';
        END IF;
        IF NEW.state = 'DRAWN' AND NOT EXISTS (SELECT 1 FROM games_resultentry e WHERE e.draw_id = NEW.id) THEN
            RAISE EXCEPTION 'no entry' USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_drawn_by_entry';
        END IF;
        IF NEW.state = 'CONFIRMED' AND NOT EXISTS (SELECT 1 FROM games_result r WHERE r.draw_id = NEW.id) THEN
            RAISE EXCEPTION 'no result' USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_confirmed_by_result';
        END IF;
    END IF;
    -- A draw that nobody could buy yet follows a rule version that was loaded for its issue.
    IF (NEW.id, NEW.code, NEW.game_id, NEW.issue, NEW.is_shadow)
       IS DISTINCT FROM (OLD.id, OLD.code, OLD.game_id, OLD.issue, OLD.is_shadow)
       OR (NEW.rule_id <> OLD.rule_id AND (
            OLD.state <> 'SCHEDULED' OR NEW.state <> 'SCHEDULED'
            OR NEW.rule_id IS DISTINCT FROM (SELECT s.id FROM games_rulesheet s
                 WHERE s.game_id = NEW.game_id AND s.first_issue <= NEW.issue
                 ORDER BY s.first_issue DESC, s.id DESC LIMIT 1))) THEN
        RAISE EXCEPTION 'what a draw is, it stays'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_stays_what_it_is';
    END IF;
    -- What the issuer announces may come after the numbers, and so may what follows from the draw before; counting
    -- has not begun then.
    IF NEW.special_on <> OLD.special_on
       AND OLD.state NOT IN ('SCHEDULED', 'OPEN', 'CLOSED', 'SEALED', 'DRAWN')
       AND NOT (OLD.state = 'CONFIRMED' AND (OLD.mode = 'OWN' OR NEW.special_on = (
            SELECT (a.body::jsonb->>'special_on')::boolean FROM games_issuerannouncement a
             WHERE a.draw_id = NEW.id ORDER BY a.edition DESC LIMIT 1))) THEN
        RAISE EXCEPTION 'the rule of a confirmed draw stands'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_special_stands';
    END IF;
    -- After the close the drawing may only be put off, and only until a number was typed.
    IF ((NEW.opens_at, NEW.closes_at) IS DISTINCT FROM (OLD.opens_at, OLD.closes_at)
            AND OLD.state NOT IN ('SCHEDULED', 'OPEN'))
       OR (NEW.draws_at <> OLD.draws_at AND OLD.state NOT IN ('SCHEDULED', 'OPEN')
            AND (OLD.state NOT IN ('CLOSED', 'SEALED') OR NEW.draws_at < OLD.draws_at)) THEN
        RAISE EXCEPTION 'the times of a closed draw stand'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_times_stand_after_close';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER games_draw_goes_forward BEFORE UPDATE ON games_draw
    FOR EACH ROW EXECUTE FUNCTION games_draw_goes_forward();
ALTER TABLE games_draw ENABLE ALWAYS TRIGGER games_draw_goes_forward;

CREATE FUNCTION games_draw_begins_scheduled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'SCHEDULED' THEN
        RAISE EXCEPTION 'a draw begins scheduled'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_begins_scheduled';
    END IF;
    IF NEW.is_shadow <> (SELECT is_shadow FROM games_game WHERE id = NEW.game_id) THEN
        RAISE EXCEPTION 'real and shadow never meet'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'books_not_mixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER games_draw_begins_scheduled BEFORE INSERT ON games_draw
    FOR EACH ROW EXECUTE FUNCTION games_draw_begins_scheduled();
ALTER TABLE games_draw ENABLE ALWAYS TRIGGER games_draw_begins_scheduled;

CREATE FUNCTION games_seal_of_a_closed_draw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM games_draw WHERE id = NEW.draw_id AND state = 'CLOSED') THEN
        RAISE EXCEPTION 'only a closed draw is sealed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seal_of_a_closed_draw';
    END IF;
    NEW.sealed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER games_seal_of_a_closed_draw BEFORE INSERT ON games_sealstatement
    FOR EACH ROW EXECUTE FUNCTION games_seal_of_a_closed_draw();
ALTER TABLE games_sealstatement ENABLE ALWAYS TRIGGER games_seal_of_a_closed_draw;

-- Results are typed after the seal, in the time of the draw, by people named by the database.
CREATE FUNCTION games_result_entry_in_time() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    drawn games_draw;
    moment timestamptz;
    typed bigint;
BEGIN
    -- Officials queue here, so that two who type at once see each other's rows.
    SELECT * INTO drawn FROM games_draw d WHERE d.id = NEW.draw_id FOR NO KEY UPDATE;
    moment := clock_timestamp();
    IF drawn.state NOT IN ('SEALED', 'DRAWN') OR moment < drawn.draws_at
       OR NOT EXISTS (SELECT 1 FROM games_sealstatement s WHERE s.draw_id = NEW.draw_id) THEN
        RAISE EXCEPTION 'no result before seal and draw'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'result_entry_after_the_draw';
    END IF;
    SELECT p.row_uuid::text INTO NEW.person_code
      FROM accounts_staffmember s JOIN accounts_person p ON p.id = s.person_id
     WHERE s.user_id = NEW.official_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'an official is on the staff'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'result_entry_by_the_staff';
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM accounts_posting h JOIN accounts_post q ON q.id = h.post_id
          JOIN accounts_staffmember s ON s.person_id = h.person_id
         WHERE s.user_id = NEW.official_id
           AND h.valid_from <= moment AND (h.valid_until IS NULL OR h.valid_until > moment)
           AND ('draw_official' = ANY (q.roles)
                OR (drawn.is_shadow AND 'drill_official' = ANY (q.roles)))
    ) THEN
        RAISE EXCEPTION 'only a draw official types results'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'result_entry_by_an_official';
    END IF;
    -- The open round is the first that has fewer than two entries.
    SELECT count(*) INTO typed FROM games_resultentry e WHERE e.draw_id = NEW.draw_id;
    IF NEW.round <> typed / 2 + 1 THEN
        RAISE EXCEPTION 'another round is open'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'result_entry_in_the_open_round';
    END IF;
    NEW.entered_at := moment;
    RETURN NEW;
END $$;
CREATE TRIGGER games_result_entry_in_time BEFORE INSERT ON games_resultentry
    FOR EACH ROW EXECUTE FUNCTION games_result_entry_in_time();
ALTER TABLE games_resultentry ENABLE ALWAYS TRIGGER games_result_entry_in_time;

-- One of the two words in which drawn numbers lie, by the zones of the rule.
CREATE FUNCTION games_mask(zones jsonb, numbers jsonb, of_word integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(bit_or(1::bigint << ((z.zone->>'shift')::integer + p.place % (z.zone->>'per_word')::integer)), 0)
      FROM jsonb_array_elements(zones) WITH ORDINALITY z (zone, n),
           jsonb_array_elements_text(numbers->(z.n::integer - 1)) drawn,
           LATERAL (SELECT drawn::integer - (z.zone->>'first')::integer AS place) p
     WHERE (z.zone->>'word')::integer + p.place / (z.zone->>'per_word')::integer = of_word
$$;

CREATE FUNCTION games_result_of_two() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE zones jsonb;
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM games_resultentry a, games_resultentry b
         WHERE a.id = NEW.first_entry_id AND b.id = NEW.second_entry_id
           AND a.draw_id = NEW.draw_id AND b.draw_id = NEW.draw_id AND a.round = b.round
           AND a.person_code <> b.person_code AND a.numbers = b.numbers AND a.numbers = NEW.numbers
    ) THEN
        RAISE EXCEPTION 'two people typed the same, or there is no result'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'result_typed_alike_by_two';
    END IF;
    SELECT r.zones INTO zones FROM games_draw d JOIN games_rulesheet r ON r.id = d.rule_id WHERE d.id = NEW.draw_id;
    IF jsonb_array_length(NEW.numbers) IS DISTINCT FROM jsonb_array_length(zones)
       OR (NEW.mask_1, NEW.mask_2)
          IS DISTINCT FROM (games_mask(zones, NEW.numbers, 1), games_mask(zones, NEW.numbers, 2)) THEN
        RAISE EXCEPTION 'the masks are those of the numbers'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'result_masks_of_its_numbers';
    END IF;
    NEW.confirmed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER games_result_of_two BEFORE INSERT ON games_result
    FOR EACH ROW EXECUTE FUNCTION games_result_of_two();
ALTER TABLE games_result ENABLE ALWAYS TRIGGER games_result_of_two;

-- Each step has its row, with who and when, and no row is written without its step.
CREATE FUNCTION games_step_was_taken() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.at := clock_timestamp();
    IF NEW.to_state = 'SCHEDULED' OR NOT EXISTS (
        SELECT 1 FROM games_draw d WHERE d.id = NEW.draw_id AND d.state = NEW.to_state) THEN
        RAISE EXCEPTION 'a step is written when it is taken'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'step_written_when_taken';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER games_step_was_taken BEFORE INSERT ON games_drawtransition
    FOR EACH ROW EXECUTE FUNCTION games_step_was_taken();
ALTER TABLE games_drawtransition ENABLE ALWAYS TRIGGER games_step_was_taken;

CREATE FUNCTION games_draw_step_is_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM games_drawtransition t WHERE t.draw_id = NEW.id
                    AND t.from_state = OLD.state AND t.to_state = NEW.state) THEN
        RAISE EXCEPTION 'a step of a draw is written down'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_step_is_written';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER games_draw_step_is_written AFTER UPDATE OF state ON games_draw
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION games_draw_step_is_written();
ALTER TABLE games_draw ENABLE ALWAYS TRIGGER games_draw_step_is_written;

-- A line is withdrawn while the draw sells, behind its gate: no sale runs beside it.
CREATE FUNCTION games_line_withdrawn_in_time() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE drawn record;
BEGIN
    PERFORM pg_advisory_xact_lock(draw_gate(), NEW.draw_id::integer);
    SELECT d.state, r.layout INTO drawn FROM games_draw d JOIN games_rulesheet r ON r.id = d.rule_id WHERE d.id = NEW.draw_id;
    IF drawn.state NOT IN ('SCHEDULED', 'OPEN') OR NOT (drawn.layout).limits
       OR cardinality(NEW.kinds) = 0 OR NOT NEW.kinds <@ (drawn.layout).kinds::varchar[] THEN
        RAISE EXCEPTION 'a line is withdrawn where the rule limits numbers, before the close'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'limited_line_in_time';
    END IF;
    NEW.withdrawn_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER games_line_withdrawn_in_time BEFORE INSERT ON games_limitedline
    FOR EACH ROW EXECUTE FUNCTION games_line_withdrawn_in_time();
ALTER TABLE games_limitedline ENABLE ALWAYS TRIGGER games_line_withdrawn_in_time;

-- Tickets name their draw without a foreign key, whose lock every sale would write into this row.
CREATE TRIGGER games_draw_never_deleted BEFORE DELETE ON games_draw
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE games_draw ENABLE ALWAYS TRIGGER games_draw_never_deleted;
"""
TABLES = ["sealstatement", "resultentry", "result", "drawtransition", "rulesheet", "limitedline"]
for name in TABLES:
    SQL += f"""
CREATE TRIGGER games_{name}_never_changes BEFORE UPDATE OR DELETE ON games_{name}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE games_{name} ENABLE ALWAYS TRIGGER games_{name}_never_changes;
"""
UNDO = (
    "".join(f"DROP TRIGGER games_{name}_never_changes ON games_{name};" for name in TABLES)
    + """
DROP TRIGGER games_draw_never_deleted ON games_draw;
DROP FUNCTION games_line_withdrawn_in_time() CASCADE;
DROP FUNCTION games_draw_step_is_written() CASCADE;
DROP FUNCTION games_step_was_taken() CASCADE;
DROP FUNCTION games_result_of_two() CASCADE;
DROP FUNCTION games_mask(jsonb, jsonb, integer);
DROP FUNCTION games_result_entry_in_time() CASCADE;
DROP FUNCTION games_seal_of_a_closed_draw() CASCADE;
DROP FUNCTION games_draw_begins_scheduled() CASCADE;
DROP FUNCTION games_draw_goes_forward() CASCADE;
DROP FUNCTION draw_gate();
ALTER TABLE games_rulesheet DROP COLUMN layout;
ALTER TABLE games_rulesheet DROP COLUMN zones;
DROP FUNCTION games_layout_of(jsonb);
DROP TYPE games_layout;
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("games", "0001_first_tables"),
        ("audit", "0002_evidence_never_changes"),
        ("accounts", "0001_first_tables"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
