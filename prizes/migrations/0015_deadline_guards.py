"""Until when a prize is claimed, what stops the clock, and what lapses: judged by one clock (F078, F080-F082).

The calendar of holidays counts outside; what it found stands in rows, and here days are only compared.
"""

from django.db import migrations

EVIDENCE = ("claimperiod", "hold", "holdlift", "extension", "extensionletter", "claimlimit")
LOGGED = {  # kind, key in the log
    "claimperiod": ("claim_period", "draw_id"),
    "hold": ("hold", "code"),
    "holdlift": ("hold_lift", "hold_id"),
    "extension": ("extension", "code"),
    "extensionletter": ("extension_letter", "extension_id"),
    "claimlimit": ("claim_limit", "id"),
}
GUARDS = """
CREATE FUNCTION prizes_today() RETURNS date LANGUAGE sql VOLATILE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date
$$;

-- The last day of a prize: that of its latest limit, else of its draw; NULL before the draw is settled.
CREATE FUNCTION prizes_last_day(prize bigint) RETURNS date LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(
        (SELECT l.last_day FROM prizes_claimlimit l WHERE l.prize_id = z.id ORDER BY l.number DESC LIMIT 1),
        (SELECT c.last_day FROM prizes_claimperiod c WHERE c.draw_id = z.draw_id))
      FROM prizes_prize z WHERE z.id = prize
$$;

-- Whether nothing keeps a prize from being paid: no hold on it stands.
CREATE OR REPLACE FUNCTION prizes_may_go_on(prize bigint) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM prizes_hold h WHERE h.prize_id = prize
                          AND NOT EXISTS (SELECT FROM prizes_holdlift l WHERE l.hold_id = h.id))
$$;

-- The moment from which no claim of a prize is opened any more: the midnight in Shanghai that ends its last
-- day; none while the clock stands. Before its draw is settled nothing is claimed.
CREATE OR REPLACE FUNCTION prizes_claimable_until(prize bigint) RETURNS timestamptz LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN prizes_last_day(prize) IS NULL THEN '-infinity'::timestamptz
                WHEN NOT prizes_may_go_on(prize) THEN 'infinity'::timestamptz
                ELSE (prizes_last_day(prize) + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' END
$$;

-- The moment since which the clock of a prize stood without a break, when this hold ended last.
CREATE FUNCTION prizes_held_since(hold bigint) RETURNS timestamptz LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH RECURSIVE back (prize_id, at) AS (
        SELECT h.prize_id, h.opened_at FROM prizes_hold h WHERE h.id = hold
        UNION
        SELECT h.prize_id, h.opened_at FROM back b JOIN prizes_hold h ON h.prize_id = b.prize_id AND h.opened_at < b.at
          JOIN prizes_holdlift l ON l.hold_id = h.id AND l.lifted_at >= b.at)
    SELECT min(at) FROM back
$$;

-- Whoever changes what becomes of a prize waits for the others here.
CREATE FUNCTION prizes_lock_open(prize bigint, refusal text) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM prizes_prize z WHERE z.id = prize AND z.route = 'CENTRE' FOR NO KEY UPDATE;
    IF NOT FOUND OR EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = prize) THEN
        RAISE EXCEPTION 'the prize does not wait for its winner any more'
            USING ERRCODE = 'check_violation', CONSTRAINT = refusal;
    END IF;
END $$;

-- The period of a draw is what its own rule says: so many natural days from the day it was drawn, and moved on
-- from a holiday or closure only.
CREATE FUNCTION prizes_claimperiod_as_the_rule_says() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.set_at := clock_timestamp();
    PERFORM 1 FROM games_draw d JOIN games_rulesheet r ON r.id = d.rule_id
      WHERE d.id = NEW.draw_id AND d.state IN ('SETTLED', 'PUBLISHED', 'ARCHIVED')
        AND NEW.drawn_on = (d.draws_at AT TIME ZONE 'Asia/Shanghai')::date
        AND NEW.days = (r.sheet::jsonb #>> '{version,claim_days}')::integer
        AND CASE NEW.moved_by WHEN '' THEN NEW.last_day = NEW.drawn_on + NEW.days
                 ELSE NEW.last_day BETWEEN NEW.drawn_on + NEW.days + 1 AND NEW.drawn_on + NEW.days + 60 END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the period for claims is what the rule of the draw says'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claim_period_as_the_rule_says';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_claimperiod_as_the_rule_says BEFORE INSERT ON prizes_claimperiod
    FOR EACH ROW EXECUTE FUNCTION prizes_claimperiod_as_the_rule_says();
ALTER TABLE prizes_claimperiod ENABLE ALWAYS TRIGGER prizes_claimperiod_as_the_rule_says;

-- A hold begins now, on a prize that is not over; the same order is not entered twice.
CREATE FUNCTION prizes_hold_begins() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM prizes_lock_open(NEW.prize_id, 'hold_on_an_open_prize');
    NEW.opened_at := clock_timestamp();
    IF EXISTS (SELECT FROM prizes_hold h WHERE h.prize_id = NEW.prize_id AND h.kind = NEW.kind
                  AND h.order_reference = NEW.order_reference
                  AND NOT EXISTS (SELECT FROM prizes_holdlift l WHERE l.hold_id = h.id)) THEN
        RAISE EXCEPTION 'this order holds the prize already'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'hold_stands_already';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_hold_begins BEFORE INSERT ON prizes_hold
    FOR EACH ROW EXECUTE FUNCTION prizes_hold_begins();
ALTER TABLE prizes_hold ENABLE ALWAYS TRIGGER prizes_hold_begins;

-- It ends now, by the word of another, as he was asked; that of a winner under age only by counsel's decision.
CREATE FUNCTION prizes_hold_ends() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE held prizes_hold;
BEGIN
    SELECT * INTO held FROM prizes_hold h WHERE h.id = NEW.hold_id;
    PERFORM 1 FROM prizes_prize z WHERE z.id = held.prize_id FOR NO KEY UPDATE;
    NEW.lifted_at := clock_timestamp();
    PERFORM 1 FROM audit_approvalrequest r
      WHERE r.code = NEW.approval_code AND r.state = 'PERFORMED' AND r.maker_id = NEW.lifted_by_id
        AND r.kind = CASE held.kind WHEN 'MINOR' THEN 'prizes.minor_hold_lift' ELSE 'prizes.hold_lift' END
        AND r.payload::jsonb->>'hold' = held.code AND r.payload::jsonb->>'decision' = NEW.decision;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a hold is lifted by the word of another'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_lifted_by_the_word_of_another';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_hold_ends BEFORE INSERT ON prizes_holdlift
    FOR EACH ROW EXECUTE FUNCTION prizes_hold_ends();
ALTER TABLE prizes_holdlift ENABLE ALWAYS TRIGGER prizes_hold_ends;

-- More time is asked for after the obstacle and within the days of the policy, once at a time.
CREATE FUNCTION prizes_extension_in_time() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE today date := prizes_today();
BEGIN
    PERFORM prizes_lock_open(NEW.prize_id, 'extension_of_an_open_prize');
    NEW.asked_at := clock_timestamp();
    NEW.window_days := (
        SELECT p.value::text::integer FROM audit_policyparameter p, prizes_prize z
          JOIN games_draw d ON d.id = z.draw_id JOIN games_game g ON g.id = d.game_id
         WHERE z.id = NEW.prize_id AND p.key = 'prizes.extension_window_days' AND p.scope IN (g.code, '')
           AND p.valid_from <= NEW.asked_at ORDER BY p.scope DESC, p.valid_from DESC LIMIT 1);
    IF NEW.obstacle_ended_on > today OR NEW.obstacle_ended_on < (
           SELECT c.drawn_on FROM prizes_claimperiod c JOIN prizes_prize z ON z.draw_id = c.draw_id
            WHERE z.id = NEW.prize_id) THEN
        RAISE EXCEPTION 'the obstacle ended between the draw and today'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'extension_after_the_obstacle';
    END IF;
    IF NEW.window_days IS NULL OR today > NEW.obstacle_ended_on + NEW.window_days THEN
        RAISE EXCEPTION 'more time is asked for soon after the obstacle'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'extension_asked_in_time',
                  DETAIL = coalesce(NEW.obstacle_ended_on + NEW.window_days, today)::text;
    END IF;
    IF EXISTS (SELECT FROM prizes_extension x WHERE x.prize_id = NEW.prize_id
                  AND NOT EXISTS (SELECT FROM prizes_extensionletter l WHERE l.extension_id = x.id)) THEN
        RAISE EXCEPTION 'a request for this prize is under way'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'extension_once_at_a_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_extension_in_time BEFORE INSERT ON prizes_extension
    FOR EACH ROW EXECUTE FUNCTION prizes_extension_in_time();
ALTER TABLE prizes_extension ENABLE ALWAYS TRIGGER prizes_extension_in_time;

-- The number of the next letter; nobody else takes one before this transaction is over.
CREATE FUNCTION prizes_next_letter(OUT year integer, OUT number integer) LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('prizes_extensionletter'));
    year := extract(year FROM prizes_today());
    number := coalesce((SELECT max(l.number) FROM prizes_extensionletter l WHERE l.year = prizes_next_letter.year), 0) + 1;
END $$;

-- A letter says what two others signed, and its number is the next.
CREATE FUNCTION prizes_extensionletter_as_approved() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE wanted record;
BEGIN
    NEW.written_at := clock_timestamp();
    PERFORM 1 FROM audit_approvalrequest r JOIN prizes_extension x ON x.id = NEW.extension_id
      WHERE r.code = NEW.approval_code AND r.state = 'PERFORMED' AND r.kind = 'prizes.extension' AND r.needed >= 2
        AND r.payload::jsonb->>'extension' = x.code AND (r.payload::jsonb->>'is_granted')::boolean = NEW.is_granted
        AND (r.payload::jsonb->>'until_on')::date IS NOT DISTINCT FROM NEW.until_on
        AND r.payload::jsonb->>'reason' = NEW.reason;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a letter says what two others agreed to'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'extension_letter_as_approved';
    END IF;
    SELECT * INTO wanted FROM prizes_next_letter();
    IF (NEW.year, NEW.number) <> (wanted.year, wanted.number)
       OR NEW.digest <> encode(sha256(convert_to(NEW.body, 'UTF8')), 'hex') THEN
        RAISE EXCEPTION 'letters are numbered without a gap'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'extension_letter_without_a_gap';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_extensionletter_as_approved BEFORE INSERT ON prizes_extensionletter
    FOR EACH ROW EXECUTE FUNCTION prizes_extensionletter_as_approved();
ALTER TABLE prizes_extensionletter ENABLE ALWAYS TRIGGER prizes_extensionletter_as_approved;

-- A later last day: the days that a hold took, or that of a letter; each goes on from the one before.
CREATE FUNCTION prizes_claimlimit_goes_on() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    lifted prizes_holdlift;
    is_right boolean;
BEGIN
    PERFORM prizes_lock_open(NEW.prize_id, 'claim_limit_of_an_open_prize');
    NEW.set_at := clock_timestamp();
    is_right := NEW.before = prizes_last_day(NEW.prize_id)
        AND NEW.number = 1 + (SELECT count(*) FROM prizes_claimlimit l WHERE l.prize_id = NEW.prize_id)
        AND CASE NEW.moved_by WHEN '' THEN NEW.last_day = NEW.before + NEW.days
                 ELSE NEW.last_day BETWEEN NEW.before + NEW.days + 1 AND NEW.before + NEW.days + 60 END;
    IF is_right AND NEW.kind = 'HELD' THEN
        SELECT * INTO lifted FROM prizes_holdlift l WHERE l.id = NEW.lift_id;
        is_right := prizes_may_go_on(NEW.prize_id) AND NEW.held_from <= NEW.before
            AND EXISTS (SELECT FROM prizes_hold h WHERE h.id = lifted.hold_id AND h.prize_id = NEW.prize_id)
            AND NEW.held_from = (prizes_held_since(lifted.hold_id) AT TIME ZONE 'Asia/Shanghai')::date
            AND NEW.held_until = (lifted.lifted_at AT TIME ZONE 'Asia/Shanghai')::date
            AND NEW.days = NEW.held_until - NEW.held_from;
    ELSIF is_right THEN
        is_right := NEW.days > 0 AND EXISTS (
            SELECT FROM prizes_extensionletter l JOIN prizes_extension x ON x.id = l.extension_id
             WHERE l.id = NEW.letter_id AND x.prize_id = NEW.prize_id AND l.is_granted AND l.until_on = NEW.last_day);
    END IF;
    IF NOT is_right THEN
        RAISE EXCEPTION 'a last day is moved by the days that were held, or by a letter'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claim_limit_goes_on';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_claimlimit_goes_on BEFORE INSERT ON prizes_claimlimit
    FOR EACH ROW EXECUTE FUNCTION prizes_claimlimit_goes_on();
ALTER TABLE prizes_claimlimit ENABLE ALWAYS TRIGGER prizes_claimlimit_goes_on;

-- A claim is opened in time: until 23:59:59 of the last day, by this clock. Behind the lock of the prize, so that
-- it meets the end of the prize or the end meets it.
CREATE FUNCTION prizes_claim_in_time() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM prizes_prize z WHERE z.id = NEW.prize_id FOR NO KEY UPDATE;
    IF clock_timestamp() >= prizes_claimable_until(NEW.prize_id)
       OR EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = NEW.prize_id) THEN
        RAISE EXCEPTION 'the time for claiming this prize is over'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claim_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_claim_in_time BEFORE INSERT ON prizes_claim
    FOR EACH ROW EXECUTE FUNCTION prizes_claim_in_time();
ALTER TABLE prizes_claim ENABLE ALWAYS TRIGGER prizes_claim_in_time;

-- While a hold stands nobody approves, pays or ends.
CREATE FUNCTION prizes_claim_not_while_held() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM prizes_prize z WHERE z.id = NEW.prize_id FOR NO KEY UPDATE;
    IF NOT prizes_may_go_on(NEW.prize_id) THEN
        RAISE EXCEPTION 'the prize is held'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claim_not_while_held';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_claim_not_while_held BEFORE UPDATE OF state ON prizes_claim
    FOR EACH ROW WHEN (NEW.state IN ('APPROVED', 'PAYING', 'PAID') AND NEW.state <> OLD.state)
    EXECUTE FUNCTION prizes_claim_not_while_held();
ALTER TABLE prizes_claim ENABLE ALWAYS TRIGGER prizes_claim_not_while_held;

-- Whether a prize is forfeited now: it waits, its time is over, and neither a hold nor a claim nor a request for
-- more time stands.
CREATE FUNCTION prizes_has_lapsed(prize bigint) RETURNS boolean LANGUAGE sql VOLATILE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM prizes_prize z WHERE z.id = prize AND z.route = 'CENTRE')
       AND prizes_last_day(prize) IS NOT NULL AND clock_timestamp() >= prizes_claimable_until(prize)
       AND NOT EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = prize)
       AND NOT EXISTS (SELECT FROM prizes_claim c WHERE c.prize_id = prize AND c.state NOT IN ('REFUSED', 'RECOVERED'))
       AND NOT EXISTS (SELECT FROM prizes_extension x WHERE x.prize_id = prize
                          AND NOT EXISTS (SELECT FROM prizes_extensionletter l WHERE l.extension_id = x.id))
$$;
CREATE FUNCTION prizes_prizeend_in_time() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM prizes_prize z WHERE z.id = NEW.prize_id FOR NO KEY UPDATE;
    IF NOT prizes_may_go_on(NEW.prize_id) THEN
        RAISE EXCEPTION 'the prize is held'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_end_not_while_held';
    END IF;
    IF NEW.kind = 'FORFEITED' AND NOT prizes_has_lapsed(NEW.prize_id) THEN
        RAISE EXCEPTION 'the prize has not lapsed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_forfeited_after_its_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_prizeend_in_time BEFORE INSERT ON prizes_prizeend
    FOR EACH ROW EXECUTE FUNCTION prizes_prizeend_in_time();
ALTER TABLE prizes_prizeend ENABLE ALWAYS TRIGGER prizes_prizeend_in_time;

-- The next prizes behind `after` that have lapsed, by their number.
CREATE FUNCTION prizes_lapsed(after bigint, most integer) RETURNS SETOF bigint LANGUAGE sql VOLATILE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT z.id FROM prizes_prize z JOIN prizes_claimperiod c ON c.draw_id = z.draw_id
     WHERE z.route = 'CENTRE' AND z.id > after AND c.last_day < prizes_today()
       AND NOT EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = z.id) AND prizes_has_lapsed(z.id)
     ORDER BY z.id LIMIT most
$$;

-- Forfeit one prize: its end, and the money into the welfare fund of the game, once. False if it has not lapsed,
-- or somebody is at it; the next round finds it again.
CREATE FUNCTION prizes_forfeit(prize bigint) RETURNS boolean LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    won record;
    posting text;
BEGIN
    PERFORM 1 FROM prizes_prize z WHERE z.id = prize FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND OR NOT prizes_has_lapsed(prize) THEN
        RETURN false;
    END IF;
    SELECT z.amount, t.code AS ticket, d.code AS draw, g.code AS game INTO won
      FROM prizes_prize z JOIN sales_ticket t ON t.id = z.ticket_id JOIN games_draw d ON d.id = z.draw_id
      JOIN games_game g ON g.id = d.game_id WHERE z.id = prize;
    posting := 'forfeit:' || won.ticket;
    INSERT INTO prizes_prizeend (prize_id, kind, claim_id, amount, tax, net, entry_reference, ended_at)
    VALUES (prize, 'FORFEITED', NULL, won.amount, 0, won.amount, posting, clock_timestamp());
    PERFORM finance_post(posting, 'FORFEIT', jsonb_build_array(
        jsonb_build_array('unclaimed:' || won.draw, 'welfare:' || won.game, won.amount)));
    RETURN true;
END $$;

REVOKE ALL ON FUNCTION prizes_today(), prizes_last_day(bigint), prizes_held_since(bigint), prizes_lock_open(bigint, text),
    prizes_claimperiod_as_the_rule_says(), prizes_hold_begins(), prizes_hold_ends(), prizes_extension_in_time(),
    prizes_next_letter(), prizes_extensionletter_as_approved(), prizes_claimlimit_goes_on(), prizes_claim_in_time(),
    prizes_claim_not_while_held(), prizes_has_lapsed(bigint), prizes_prizeend_in_time(), prizes_lapsed(bigint, integer),
    prizes_forfeit(bigint) FROM PUBLIC;
"""
SQL = GUARDS + "".join(
    f"""
CREATE TRIGGER prizes_{table}_never_changes BEFORE UPDATE OR DELETE ON prizes_{table}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE prizes_{table} ENABLE ALWAYS TRIGGER prizes_{table}_never_changes;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON prizes_{table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{LOGGED[table][0]}', '{LOGGED[table][1]}');
ALTER TABLE prizes_{table} ENABLE ALWAYS TRIGGER audit_log_row;
"""
    for table in EVIDENCE
)
UNDO = "".join(
    f"DROP TRIGGER audit_log_row ON prizes_{table};"
    f"DROP TRIGGER prizes_{table}_never_changes ON prizes_{table};"
    for table in EVIDENCE
) + (
    """
CREATE OR REPLACE FUNCTION prizes_may_go_on(prize bigint) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT true $$;
CREATE OR REPLACE FUNCTION prizes_claimable_until(prize bigint) RETURNS timestamptz LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT 'infinity'::timestamptz $$;
DROP FUNCTION prizes_forfeit(bigint);
DROP FUNCTION prizes_lapsed(bigint, integer);
DROP FUNCTION prizes_prizeend_in_time() CASCADE;
DROP FUNCTION prizes_has_lapsed(bigint);
DROP FUNCTION prizes_claim_not_while_held() CASCADE;
DROP FUNCTION prizes_claim_in_time() CASCADE;
DROP FUNCTION prizes_claimlimit_goes_on() CASCADE;
DROP FUNCTION prizes_extensionletter_as_approved() CASCADE;
DROP FUNCTION prizes_next_letter();
DROP FUNCTION prizes_extension_in_time() CASCADE;
DROP FUNCTION prizes_hold_ends() CASCADE;
DROP FUNCTION prizes_hold_begins() CASCADE;
DROP FUNCTION prizes_claimperiod_as_the_rule_says() CASCADE;
DROP FUNCTION prizes_lock_open(bigint, text);
DROP FUNCTION prizes_held_since(bigint);
DROP FUNCTION prizes_last_day(bigint);
DROP FUNCTION prizes_today();
"""
)


class Migration(migrations.Migration):
    dependencies = [("prizes", "0014_deadlines"), ("games", "0018_rules_are_announced")]
    operations = [migrations.RunSQL(SQL, UNDO)]
