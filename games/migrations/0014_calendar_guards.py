"""Times, cancellations, closures and licences change by approval only, and the database asks (F025).

A change of times has its notice, a cancelled draw its cancellation, a closure and a licence their
papers; each of these rows is written in the transaction of the last decision on a request of just
that content. The owner's own hand is not asked for a notice: it could take the guard away as well,
and the catalogue and the log would show that.
"""

from django.db import migrations

SQL = """
-- Whether a request of one of these kinds is being performed in this very transaction, and its content.
CREATE FUNCTION games_agreed(approval text, kinds text[]) RETURNS jsonb LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT r.payload::jsonb FROM audit_approvalrequest r
     WHERE r.code = approval AND r.kind = ANY (kinds) AND r.state = 'PERFORMED'
       AND r.ended_at >= transaction_timestamp()
$$;
REVOKE ALL ON FUNCTION games_agreed(text, text[]) FROM PUBLIC;

-- Which games and channels a licence covers, and until when it really counts.
CREATE FUNCTION games_is_licensed(game bigint, channel text, moment timestamptz) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM games_licence l
         WHERE l.valid_from <= moment AND moment < l.valid_until
           AND (l.games = '{}' OR (SELECT g.code FROM games_game g WHERE g.id = $1) = ANY (l.games))
           AND (l.channels = '{}' OR $2 = ANY (l.channels))
           AND NOT EXISTS (SELECT FROM games_licenceending e WHERE e.licence_id = l.id AND e.ends_at <= moment))
$$;
REVOKE ALL ON FUNCTION games_is_licensed(bigint, text, timestamptz) FROM PUBLIC;

CREATE FUNCTION games_licence_by_agreement() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE asked jsonb := games_agreed(NEW.approval_code, '{games.licence}');
BEGIN
    -- What begins the house is recorded while there is no draw that could be sold by it.
    IF NEW.approval_code = 'GENESIS' THEN
        IF EXISTS (SELECT FROM games_licence) OR EXISTS (SELECT FROM games_draw WHERE NOT is_shadow) THEN
            RAISE EXCEPTION 'a licence is recorded by two people'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'licence_by_agreement';
        END IF;
    ELSIF asked->>'number' IS DISTINCT FROM NEW.number
       OR (asked->>'valid_from')::timestamptz IS DISTINCT FROM NEW.valid_from
       OR (asked->>'valid_until')::timestamptz IS DISTINCT FROM NEW.valid_until
       OR asked->'games' IS DISTINCT FROM to_jsonb(NEW.games)
       OR asked->'channels' IS DISTINCT FROM to_jsonb(NEW.channels) THEN
        RAISE EXCEPTION 'a licence is recorded as two people agreed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'licence_by_agreement';
    END IF;
    NEW.recorded_at := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_licence_by_agreement() FROM PUBLIC;
CREATE TRIGGER games_licence_by_agreement BEFORE INSERT ON games_licence
    FOR EACH ROW EXECUTE FUNCTION games_licence_by_agreement();
ALTER TABLE games_licence ENABLE ALWAYS TRIGGER games_licence_by_agreement;

-- An early end lies before the end, and never in the past: what was sold meanwhile was sold by a licence.
CREATE FUNCTION games_licence_ends_by_agreement() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := games_agreed(NEW.approval_code, '{games.licence_ending}');
    ended games_licence;
BEGIN
    SELECT * INTO ended FROM games_licence l WHERE l.id = NEW.licence_id;
    IF asked->>'number' IS DISTINCT FROM ended.number OR asked->>'reason' IS DISTINCT FROM NEW.reason THEN
        RAISE EXCEPTION 'a licence is ended by two people'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'licence_ended_by_agreement';
    END IF;
    NEW.recorded_at := clock_timestamp();
    NEW.ends_at := greatest((asked->>'ends_at')::timestamptz, NEW.recorded_at);
    IF NEW.ends_at >= ended.valid_until THEN
        RAISE EXCEPTION 'it ends before that by itself'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'licence_ending_is_early';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_licence_ends_by_agreement() FROM PUBLIC;
CREATE TRIGGER games_licence_ends_by_agreement BEFORE INSERT ON games_licenceending
    FOR EACH ROW EXECUTE FUNCTION games_licence_ends_by_agreement();
ALTER TABLE games_licenceending ENABLE ALWAYS TRIGGER games_licence_ends_by_agreement;

CREATE FUNCTION games_closure_by_agreement() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE asked jsonb := games_agreed(NEW.approval_code, '{games.closure}');
BEGIN
    IF (asked->>'year')::smallint IS DISTINCT FROM NEW.year OR asked->>'occasion' IS DISTINCT FROM NEW.occasion
       OR (asked->>'first_on')::date IS DISTINCT FROM NEW.first_on
       OR (asked->>'last_on')::date IS DISTINCT FROM NEW.last_on
       OR asked->>'notice' IS DISTINCT FROM NEW.notice THEN
        RAISE EXCEPTION 'a closure is recorded as two people agreed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'closure_by_agreement';
    END IF;
    NEW.recorded_at := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_closure_by_agreement() FROM PUBLIC;
CREATE TRIGGER games_closure_by_agreement BEFORE INSERT ON games_marketclosure
    FOR EACH ROW EXECUTE FUNCTION games_closure_by_agreement();
ALTER TABLE games_marketclosure ENABLE ALWAYS TRIGGER games_closure_by_agreement;

-- A notice says what two people agreed on: these times of this draw, or a closure that moves draws.
CREATE FUNCTION games_notice_by_agreement() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := games_agreed(NEW.approval_code, '{games.draw_times}');
    moved games_draw;
BEGIN
    SELECT * INTO moved FROM games_draw d WHERE d.id = NEW.draw_id FOR NO KEY UPDATE;
    IF (moved.closes_at, moved.draws_at) IS DISTINCT FROM (NEW.closes_before, NEW.draws_before) THEN
        RAISE EXCEPTION 'the draw has other times meanwhile'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'notice_of_the_times_that_were';
    END IF;
    IF NOT moved.is_shadow AND games_agreed(NEW.approval_code, '{games.closure,games.rule_version}') IS NULL
       AND (asked->>'draw' IS DISTINCT FROM moved.code
            OR (asked->>'closes_after')::timestamptz IS DISTINCT FROM NEW.closes_after
            OR (asked->>'draws_after')::timestamptz IS DISTINCT FROM NEW.draws_after) THEN
        RAISE EXCEPTION 'times change as two people agreed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'notice_by_agreement';
    END IF;
    NEW.published_at := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_notice_by_agreement() FROM PUBLIC;
CREATE TRIGGER games_notice_by_agreement BEFORE INSERT ON games_calendarnotice
    FOR EACH ROW EXECUTE FUNCTION games_notice_by_agreement();
ALTER TABLE games_calendarnotice ENABLE ALWAYS TRIGGER games_notice_by_agreement;

CREATE FUNCTION games_cancellation_by_agreement() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := games_agreed(NEW.approval_code, '{sales.draw_cancellation}');
    ended games_draw;
BEGIN
    SELECT * INTO ended FROM games_draw d WHERE d.id = NEW.draw_id FOR NO KEY UPDATE;
    IF ended.state NOT IN ('SCHEDULED', 'OPEN', 'CLOSED', 'SEALED') THEN
        RAISE EXCEPTION 'a draw that is held goes on'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cancellation_before_the_draw';
    END IF;
    IF NOT (ended.is_shadow AND NEW.approval_code = 'DRILL')
       AND (asked->>'draw' IS DISTINCT FROM ended.code OR asked->>'reason' IS DISTINCT FROM NEW.reason) THEN
        RAISE EXCEPTION 'a draw is cancelled as two people agreed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cancellation_by_agreement';
    END IF;
    NEW.from_state := ended.state;
    NEW.cancelled_at := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_cancellation_by_agreement() FROM PUBLIC;
CREATE TRIGGER games_cancellation_by_agreement BEFORE INSERT ON games_drawcancellation
    FOR EACH ROW EXECUTE FUNCTION games_cancellation_by_agreement();
ALTER TABLE games_drawcancellation ENABLE ALWAYS TRIGGER games_cancellation_by_agreement;

CREATE FUNCTION games_cancellation_is_carried_out() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM games_draw d WHERE d.id = NEW.draw_id AND d.state = 'CANCELLED') THEN
        RAISE EXCEPTION 'what is cancelled is cancelled'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cancellation_is_carried_out';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION games_cancellation_is_carried_out() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER games_cancellation_is_carried_out AFTER INSERT ON games_drawcancellation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION games_cancellation_is_carried_out();
ALTER TABLE games_drawcancellation ENABLE ALWAYS TRIGGER games_cancellation_is_carried_out;

CREATE FUNCTION games_draw_changes_by_notice() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.is_shadow OR pg_has_role(current_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'USAGE') THEN
        RETURN NEW;
    END IF;
    IF NEW.state = 'CANCELLED' AND OLD.state <> 'CANCELLED'
       AND NOT EXISTS (SELECT FROM games_drawcancellation c WHERE c.draw_id = NEW.id) THEN
        RAISE EXCEPTION 'a draw is cancelled as two people agreed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_cancelled_by_agreement';
    END IF;
    IF (NEW.opens_at, NEW.closes_at, NEW.draws_at) IS DISTINCT FROM (OLD.opens_at, OLD.closes_at, OLD.draws_at)
       AND NOT EXISTS (
            SELECT FROM games_calendarnotice n
             WHERE n.id = (SELECT max(x.id) FROM games_calendarnotice x WHERE x.draw_id = NEW.id)
               AND (n.closes_before, n.draws_before) = (OLD.closes_at, OLD.draws_at)
               AND (n.closes_after, n.draws_after) = (NEW.closes_at, NEW.draws_at)) THEN
        RAISE EXCEPTION 'times change with a notice'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_times_by_notice';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_draw_changes_by_notice() FROM PUBLIC;
CREATE TRIGGER games_draw_changes_by_notice BEFORE UPDATE ON games_draw
    FOR EACH ROW EXECUTE FUNCTION games_draw_changes_by_notice();
ALTER TABLE games_draw ENABLE ALWAYS TRIGGER games_draw_changes_by_notice;

-- A delivery goes from waiting to its end; to whom and of what it is, it stays.
CREATE FUNCTION games_notice_delivery_goes_on() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state = 'DELIVERED' OR NEW.attempts < OLD.attempts
       OR (NEW.about, NEW.number, NEW.address, NEW.asked_at)
          IS DISTINCT FROM (OLD.about, OLD.number, OLD.address, OLD.asked_at) THEN
        RAISE EXCEPTION 'a delivery stands as it went'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'notice_delivery_stands';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_notice_delivery_goes_on() FROM PUBLIC;
CREATE TRIGGER games_notice_delivery_goes_on BEFORE UPDATE OR DELETE ON games_noticedelivery
    FOR EACH ROW EXECUTE FUNCTION games_notice_delivery_goes_on();
ALTER TABLE games_noticedelivery ENABLE ALWAYS TRIGGER games_notice_delivery_goes_on;
"""
STANDING = ["licenceending", "licencereminder", "marketclosure", "drawcancellation"]
for name in STANDING:
    SQL += f"""
CREATE TRIGGER games_{name}_never_changes BEFORE UPDATE OR DELETE ON games_{name}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE games_{name} ENABLE ALWAYS TRIGGER games_{name}_never_changes;
"""
LOGGED = {  # table: kind and key in the log
    "licenceending": ("licence_ending", "id"),
    "marketclosure": ("market_closure", "id"),
    "drawcancellation": ("draw_cancellation", "id"),
    "calendarnotice": ("calendar_notice", "id"),
}
for name, (kind, key) in LOGGED.items():
    SQL += f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON games_{name}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE games_{name} ENABLE ALWAYS TRIGGER audit_log_row;
SELECT audit_log_add('{kind}', key, hash) FROM audit_rows_now('games_{name}');
"""  # noqa: S608 - names written above
UNDO = (
    "".join(f"DROP TRIGGER audit_log_row ON games_{name};" for name in LOGGED)
    + "".join(f"DROP TRIGGER games_{name}_never_changes ON games_{name};" for name in STANDING)
    + """
DROP FUNCTION games_notice_delivery_goes_on() CASCADE;
DROP FUNCTION games_draw_changes_by_notice() CASCADE;
DROP FUNCTION games_cancellation_is_carried_out() CASCADE;
DROP FUNCTION games_cancellation_by_agreement() CASCADE;
DROP FUNCTION games_notice_by_agreement() CASCADE;
DROP FUNCTION games_closure_by_agreement() CASCADE;
DROP FUNCTION games_licence_ends_by_agreement() CASCADE;
DROP FUNCTION games_licence_by_agreement() CASCADE;
DROP FUNCTION games_is_licensed(bigint, text, timestamptz);
DROP FUNCTION games_agreed(text, text[]);
"""
)


class Migration(migrations.Migration):
    dependencies = [("games", "0013_calendar_and_licences"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
