"""A claim that its winner took back binds neither his appointment nor the day of payment (F077, F083, F095)."""

from django.db import migrations

# As in 0023, but what is over; OVER stands for the states in which a claim is.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION prizes_appointment_book(asked jsonb) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    won prizes_prize;
    centre partners_outlet;
    account bigint := (asked->>'account')::bigint;
    is_staff boolean := EXISTS (SELECT FROM accounts_staffmember s WHERE s.user_id = account);
    starts timestamptz := (asked->>'starts_at')::timestamptz;
    starts_on date := (starts AT TIME ZONE 'Asia/Shanghai')::date;
    minutes integer;
    notice interval;
    known prizes_appointment;
    free integer;
    made bigint;
BEGIN
    SELECT p.* INTO won FROM prizes_prize p WHERE p.id = (asked->>'prize')::bigint FOR NO KEY UPDATE;
    IF won.id IS NULL OR won.route <> 'CENTRE' OR EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = won.id)
       OR NOT EXISTS (SELECT FROM games_draw d WHERE d.id = won.draw_id AND d.state IN ('PUBLISHED', 'ARCHIVED')) THEN
        PERFORM prizes_refuse('appointment_of_a_prize_that_waits');
    END IF;
    IF NOT is_staff AND NOT EXISTS (SELECT FROM accounts_player y WHERE y.id = won.owner_id AND y.user_id = account) THEN
        PERFORM prizes_refuse('appointment_by_its_owner');
    END IF;
    IF EXISTS (SELECT FROM prizes_claim c WHERE c.prize_id = won.id AND c.state NOT IN (OVER)
                  AND c.way <> 'CENTRE') THEN
        PERFORM prizes_refuse('appointment_for_the_centre');
    END IF;
    IF starts >= prizes_claimable_until(won.id) AND NOT EXISTS (
        SELECT FROM prizes_claim c WHERE c.prize_id = won.id AND c.state NOT IN (OVER)) THEN
        PERFORM prizes_refuse('appointment_before_the_last_day');
    END IF;
    SELECT o.* INTO centre FROM partners_outlet o WHERE o.code = asked->>'place' AND o.kind = 'CENTRE';
    IF centre.id IS NULL OR NOT partners_may_redeem(centre.code, (
            SELECT g.code FROM games_draw d JOIN games_game g ON g.id = d.game_id WHERE d.id = won.draw_id),
            won.amount, clock_timestamp()) THEN
        PERFORM prizes_refuse('appointment_at_a_centre');
    END IF;
    minutes := prizes_appointment_figure('minutes', centre.code);
    notice := make_interval(hours => prizes_appointment_figure('notice_hours', centre.code));
    IF starts IS NULL OR minutes < 1 OR NOT prizes_appointment_fits(centre.hours, starts, minutes) THEN
        PERFORM prizes_refuse('appointment_at_an_open_time');
    END IF;
    IF starts < clock_timestamp() + (CASE WHEN is_staff THEN interval '0' ELSE notice END)
       OR starts_on > prizes_today() + prizes_appointment_figure('days_ahead', centre.code) THEN
        PERFORM prizes_refuse('appointment_neither_too_soon_nor_too_late');
    END IF;

    PERFORM pg_advisory_xact_lock(hashtextextended('prizes_appointment:' || centre.code || ':' || starts_on, 0));
    UPDATE prizes_appointment a SET state = 'MISSED', ended_at = clock_timestamp()
     WHERE a.prize_id = won.id AND a.state = 'BOOKED' AND a.ends_at <= clock_timestamp();
    SELECT a.* INTO known FROM prizes_appointment a WHERE a.prize_id = won.id AND a.state = 'BOOKED';
    IF known.id IS NOT NULL AND known.code = asked->>'instead_of' THEN
        IF NOT is_staff AND known.starts_at < clock_timestamp() + notice THEN
            PERFORM prizes_refuse('appointment_changed_in_time');
        END IF;
        UPDATE prizes_appointment a SET state = 'MOVED', ended_at = clock_timestamp(), ended_by_id = account
         WHERE a.id = known.id;
    ELSIF coalesce(asked->>'instead_of', '') <> '' THEN
        PERFORM prizes_refuse('appointment_is_open');
    END IF;
    SELECT min(n) INTO free FROM generate_series(1, prizes_appointment_figure('seats', centre.code)) n
     WHERE NOT EXISTS (SELECT FROM prizes_appointment a WHERE a.place_id = centre.id AND a.seat = n
                          AND a.state IN ('BOOKED', 'KEPT') AND a.starts_at < starts + make_interval(mins => minutes)
                          AND a.ends_at > starts);
    IF free IS NULL THEN PERFORM prizes_refuse('appointment_seat_is_free'); END IF;
    INSERT INTO prizes_appointment (code, prize_id, place_id, starts_at, ends_at, seat, state, booked_by_id, booked_at)
    VALUES (asked->>'code', won.id, centre.id, starts, starts + make_interval(mins => minutes), free, 'BOOKED', account,
            clock_timestamp())
    RETURNING id INTO made;
    RETURN made;
END $$;

CREATE OR REPLACE FUNCTION prizes_claim_promised(its bigint) RETURNS date LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT n.new_date FROM prizes_delaynotice n WHERE n.claim_id = c.id ORDER BY n.number DESC LIMIT 1), c.due_on)
      FROM prizes_claim c WHERE c.id = its AND c.state NOT IN ('PAID', 'ARCHIVED', OVER)
$$;
"""
BEFORE, NOW = "'REFUSED', 'RECOVERED'", "'REFUSED', 'RECOVERED', 'WITHDRAWN'"


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0026_known_persons_and_others_prizes"),
    ]
    operations = [
        migrations.RunSQL(FUNCTIONS.replace("OVER", NOW), FUNCTIONS.replace("OVER", BEFORE)),
    ]
