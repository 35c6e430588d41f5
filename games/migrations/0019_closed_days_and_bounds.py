"""Closed days and the bounds of other draw times are the database's too (F025, F083; RULES C11, C12).

The holidays are those of the State Council as far as they are announced, then by the law; closures of the market
are those on record, else as released, else by the practice of years past. Where a year is announced otherwise, a
migration replaces the days of that year; a test compares them with the calendar of this release.
"""

from django.db import migrations

HOLIDAYS = """{
    [2026-01-01,2026-01-02], [2026-02-16,2026-02-20], [2026-02-23,2026-02-23], [2026-04-05,2026-04-06],
    [2026-05-01,2026-05-02], [2026-05-04,2026-05-05], [2026-06-19,2026-06-19], [2026-09-25,2026-09-25],
    [2026-10-01,2026-10-03], [2026-10-05,2026-10-07],
    [2027-01-01,2027-01-01], [2027-02-05,2027-02-10], [2027-04-05,2027-04-05], [2027-05-01,2027-05-04],
    [2027-06-09,2027-06-09], [2027-09-15,2027-09-15], [2027-10-01,2027-10-05],
    [2028-01-01,2028-01-01], [2028-01-03,2028-01-03], [2028-01-25,2028-01-28], [2028-04-04,2028-04-04],
    [2028-05-01,2028-05-02], [2028-05-28,2028-05-29], [2028-10-01,2028-10-04],
    [2029-01-01,2029-01-01], [2029-02-12,2029-02-15], [2029-04-04,2029-04-04], [2029-05-01,2029-05-02],
    [2029-06-16,2029-06-16], [2029-06-18,2029-06-18], [2029-09-22,2029-09-22], [2029-09-24,2029-09-24],
    [2029-10-01,2029-10-03],
    [2030-01-01,2030-01-01], [2030-02-02,2030-02-07], [2030-04-05,2030-04-05], [2030-05-01,2030-05-02],
    [2030-06-05,2030-06-05], [2030-09-12,2030-09-12], [2030-10-01,2030-10-03],
    [2031-01-01,2031-01-01], [2031-01-22,2031-01-25], [2031-01-27,2031-01-27], [2031-04-05,2031-04-05],
    [2031-04-07,2031-04-07], [2031-05-01,2031-05-02], [2031-06-24,2031-06-24], [2031-10-01,2031-10-03]
}"""
SPRING = """{
    [2026-02-14,2026-02-23], [2027-02-05,2027-02-12], [2028-01-25,2028-02-01], [2029-02-12,2029-02-19],
    [2030-02-02,2030-02-09], [2031-01-22,2031-01-29]
}"""
NATIONAL = """{
    [2026-10-01,2026-10-04], [2027-10-01,2027-10-04], [2028-10-01,2028-10-04], [2029-10-01,2029-10-04],
    [2030-10-01,2030-10-04], [2031-10-01,2031-10-04]
}"""
SQL = f"""
-- Whether nobody is received on a day: a holiday, or within a closure of the market.
CREATE FUNCTION games_closed_on(day date) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT day <@ '{HOLIDAYS}'::datemultirange
        OR EXISTS (SELECT FROM games_marketclosure m WHERE day BETWEEN m.first_on AND m.last_on
                      AND NOT EXISTS (SELECT FROM games_marketclosure l  -- the last one recorded counts
                                       WHERE l.id > m.id AND l.year = m.year AND l.occasion = m.occasion
                                         AND (m.occasion <> 'OTHER' OR l.notice = m.notice)))
        OR EXISTS (SELECT FROM (VALUES ('SPRING', '{SPRING}'::datemultirange),
                                       ('NATIONAL', '{NATIONAL}'::datemultirange)) AS known (occasion, days)
                    WHERE day <@ known.days AND NOT EXISTS (
                        SELECT FROM games_marketclosure m
                         WHERE m.occasion = known.occasion AND m.year = extract(year FROM day)))
$$;
REVOKE ALL ON FUNCTION games_closed_on(date) FROM PUBLIC;

-- Draws of a game are held in the order of their issues, and put off by thirty days at most; who changes the times
-- of two draws of a game does so one after the other. A closure moves draws together, by its own approval.
CREATE FUNCTION games_notice_within_bounds() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE moved games_draw;
BEGIN
    IF games_agreed(NEW.approval_code, '{{games.draw_times}}') IS NULL THEN
        RETURN NEW;
    END IF;
    SELECT * INTO moved FROM games_draw d WHERE d.id = NEW.draw_id;
    PERFORM pg_advisory_xact_lock(hashtextextended('games_draw_times:' || moved.game_id, 0));
    IF NEW.draws_after > moved.draws_at + interval '720 hours' THEN
        RAISE EXCEPTION 'what cannot be held in thirty days is cancelled'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_put_off_thirty_days_at_most';
    END IF;
    IF EXISTS (SELECT FROM games_draw o WHERE o.game_id = moved.game_id AND o.state <> 'CANCELLED'
                  AND (o.issue < moved.issue AND o.draws_at >= NEW.draws_after
                       OR o.issue > moved.issue AND o.draws_at <= NEW.draws_after)) THEN
        RAISE EXCEPTION 'draws are held in the order of their issues'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draws_stay_in_order';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_notice_within_bounds() FROM PUBLIC;
CREATE TRIGGER games_notice_within_bounds BEFORE INSERT ON games_calendarnotice
    FOR EACH ROW EXECUTE FUNCTION games_notice_within_bounds();
ALTER TABLE games_calendarnotice ENABLE ALWAYS TRIGGER games_notice_within_bounds;

-- One request for other times of a draw is open at a time.
CREATE FUNCTION games_draw_times_asked_once() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE asked text := NEW.payload::jsonb->>'draw';
BEGIN
    PERFORM 1 FROM games_draw d WHERE d.code = asked FOR NO KEY UPDATE;
    IF NOT FOUND OR EXISTS (
        SELECT FROM audit_approvalrequest r
         WHERE r.kind = NEW.kind AND r.state = 'OPEN' AND r.expires_at > clock_timestamp()
           AND r.payload::jsonb->>'draw' = asked) THEN
        RAISE EXCEPTION 'other times of this draw are asked for already'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_times_asked_once';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_draw_times_asked_once() FROM PUBLIC;
CREATE TRIGGER games_draw_times_asked_once BEFORE INSERT ON audit_approvalrequest
    FOR EACH ROW WHEN (NEW.kind = 'games.draw_times') EXECUTE FUNCTION games_draw_times_asked_once();
ALTER TABLE audit_approvalrequest ENABLE ALWAYS TRIGGER games_draw_times_asked_once;
"""  # noqa: S608 - days written above
UNDO = """
DROP FUNCTION games_draw_times_asked_once() CASCADE;
DROP FUNCTION games_notice_within_bounds() CASCADE;
DROP FUNCTION games_closed_on(date);
"""


class Migration(migrations.Migration):
    dependencies = [("games", "0018_rules_are_announced"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
