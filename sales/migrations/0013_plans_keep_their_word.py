"""A plan begins whole, takes one draw after the other, each once, and ends with its money (F029).

Who does this is Python; that it can be done in no other way stands here. A plan begins with its
first ticket and with the money of all other draws held. A step takes the next draw of the game:
either the ticket is bought in this very transaction, out of what was held for it, or the draw is
over (or called off) and the money went back. A plan that stops gives back all that is left.
"""

from django.db import migrations

LOGGED = {  # table: kind, key in the log, columns left out
    "sales_plan": ("plan", "code", ("waits_because", "tries_at")),
    "sales_planstep": ("plan_step", "id", ()),
}
SQL = """
-- What an entry of a plan moved in or out of the hold of its player.
CREATE FUNCTION sales_plan_moved(reference text, entry_kind text) RETURNS bigint LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(sum(t.amount), 0)::bigint FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id
     WHERE e.reference = $1 AND e.kind = $2
$$;
REVOKE ALL ON FUNCTION sales_plan_moved(text, text) FROM PUBLIC;

CREATE FUNCTION sales_plan_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE taken integer;
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'RUNNING'
       OR to_jsonb(NEW) - ARRAY['state', 'reason', 'ended_at', 'waits_because', 'tries_at']
          IS DISTINCT FROM to_jsonb(OLD) - ARRAY['state', 'reason', 'ended_at', 'waits_because', 'tries_at'] THEN
        RAISE EXCEPTION 'a plan stands as it was begun, and ends once'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'plan_stands';
    END IF;
    SELECT count(*) INTO taken FROM sales_planstep s WHERE s.plan_id = OLD.id;
    IF NEW.state = 'DONE' AND taken <> OLD.draws THEN
        RAISE EXCEPTION 'a plan is done when its draws are'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_done_when_its_draws_are';
    END IF;
    IF NEW.state = 'STOPPED' AND (taken = OLD.draws OR sales_plan_moved('plan:' || OLD.code || ':rest', 'PLAN_RELEASE')
                                  <> (OLD.draws - taken) * OLD.price) THEN
        RAISE EXCEPTION 'a plan that stops gives back what is left'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_gives_back_the_rest';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION sales_plan_stands() FROM PUBLIC;
CREATE TRIGGER sales_plan_stands BEFORE UPDATE OR DELETE ON sales_plan
    FOR EACH ROW EXECUTE FUNCTION sales_plan_stands();
ALTER TABLE sales_plan ENABLE ALWAYS TRIGGER sales_plan_stands;

-- Asked when the transaction ends: then the money is held and the first ticket is there, or nothing is.
CREATE FUNCTION sales_plan_begins_whole() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF sales_plan_moved('plan:' || NEW.code || ':hold', 'PLAN_HOLD') <> (NEW.draws - 1) * NEW.price
       OR NOT EXISTS (SELECT FROM sales_planstep s
                       WHERE s.plan_id = NEW.id AND s.position = 1 AND s.outcome = 'BOUGHT') THEN
        RAISE EXCEPTION 'a plan begins with its first ticket and the money of all others'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_begins_whole';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION sales_plan_begins_whole() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER sales_plan_begins_whole AFTER INSERT ON sales_plan
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sales_plan_begins_whole();
ALTER TABLE sales_plan ENABLE ALWAYS TRIGGER sales_plan_begins_whole;

CREATE FUNCTION sales_plan_begins_running() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state <> 'RUNNING' OR NOT EXISTS (
            SELECT FROM games_draw d JOIN accounts_player p ON p.id = NEW.player_id
             WHERE d.id = NEW.first_draw_id AND d.game_id = NEW.game_id
               AND d.is_shadow = NEW.is_shadow AND p.is_shadow = NEW.is_shadow) THEN
        RAISE EXCEPTION 'a plan begins running, with a draw of its game, in one book'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_begins_running';
    END IF;
    NEW.begun_at := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION sales_plan_begins_running() FROM PUBLIC;
CREATE TRIGGER sales_plan_begins_running BEFORE INSERT ON sales_plan
    FOR EACH ROW EXECUTE FUNCTION sales_plan_begins_running();
ALTER TABLE sales_plan ENABLE ALWAYS TRIGGER sales_plan_begins_running;

-- The steps of a plan follow each other; whoever takes one holds the plan, and the last one ends it.
CREATE FUNCTION sales_planstep_is_next() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    plan sales_plan;
    draw games_draw;
    before record;
BEGIN
    SELECT * INTO plan FROM sales_plan p WHERE p.id = NEW.plan_id FOR NO KEY UPDATE;
    SELECT s.position, d.issue INTO before FROM sales_planstep s JOIN games_draw d ON d.id = s.draw_id
     WHERE s.plan_id = NEW.plan_id ORDER BY s.position DESC LIMIT 1;
    SELECT * INTO draw FROM games_draw d WHERE d.id = NEW.draw_id;
    IF plan.state IS DISTINCT FROM 'RUNNING' OR NEW.position > plan.draws
       OR NEW.position <> coalesce(before.position, 0) + 1 OR draw.game_id <> plan.game_id
       OR (before.position IS NULL AND draw.id <> plan.first_draw_id)
       OR (before.position IS NOT NULL AND draw.issue IS DISTINCT FROM (
               SELECT min(d.issue) FROM games_draw d WHERE d.game_id = plan.game_id AND d.issue > before.issue)) THEN
        RAISE EXCEPTION 'a plan takes one draw after the other'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_takes_the_next_draw';
    END IF;
    IF NEW.position > 1 AND sales_plan_moved('plan:' || plan.code || ':' || NEW.position, 'PLAN_RELEASE') <> plan.price THEN
        RAISE EXCEPTION 'what is held for a draw is released with it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_step_releases_its_price';
    END IF;
    IF NEW.outcome = 'BOUGHT' AND NOT EXISTS (
            SELECT FROM sales_ticket t WHERE t.id = NEW.ticket_id AND t.draw_id = NEW.draw_id
               AND t.owner_id = plan.player_id AND t.price = plan.price
               AND t.xid = pg_current_xact_id()::text::bigint) THEN
        RAISE EXCEPTION 'a plan buys its own ticket, for the price that was agreed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_buys_what_was_agreed';
    END IF;
    IF NEW.outcome = 'LEFT_OUT' AND (draw.state = 'SCHEDULED'
            OR (draw.state = 'OPEN' AND clock_timestamp() < draw.closes_at)) THEN
        RAISE EXCEPTION 'a draw is left out when it can no longer be bought'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_leaves_out_what_is_over';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION sales_planstep_is_next() FROM PUBLIC;
CREATE TRIGGER sales_planstep_is_next BEFORE INSERT ON sales_planstep
    FOR EACH ROW EXECUTE FUNCTION sales_planstep_is_next();
ALTER TABLE sales_planstep ENABLE ALWAYS TRIGGER sales_planstep_is_next;

CREATE FUNCTION sales_planstep_ends_the_plan() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE sales_plan p SET state = 'DONE', ended_at = NEW.at, waits_because = '', tries_at = NULL
     WHERE p.id = NEW.plan_id AND p.draws = NEW.position;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION sales_planstep_ends_the_plan() FROM PUBLIC;
CREATE TRIGGER sales_planstep_ends_the_plan AFTER INSERT ON sales_planstep
    FOR EACH ROW EXECUTE FUNCTION sales_planstep_ends_the_plan();
ALTER TABLE sales_planstep ENABLE ALWAYS TRIGGER sales_planstep_ends_the_plan;

CREATE TRIGGER sales_planstep_never_changes BEFORE UPDATE OR DELETE ON sales_planstep
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE sales_planstep ENABLE ALWAYS TRIGGER sales_planstep_never_changes;
"""
SQL += "".join(
    f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row({", ".join(f"'{one}'" for one in (kind, key, *out))});
ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_log_row;
"""
    for table, (kind, key, out) in LOGGED.items()
)
UNDO = (
    "".join(f"DROP TRIGGER audit_log_row ON {table};" for table in LOGGED)
    + """
DROP TRIGGER sales_planstep_never_changes ON sales_planstep;
DROP FUNCTION sales_planstep_ends_the_plan() CASCADE;
DROP FUNCTION sales_planstep_is_next() CASCADE;
DROP FUNCTION sales_plan_begins_running() CASCADE;
DROP FUNCTION sales_plan_begins_whole() CASCADE;
DROP FUNCTION sales_plan_stands() CASCADE;
DROP FUNCTION sales_plan_moved(text, text);
"""
)


class Migration(migrations.Migration):
    dependencies = [("sales", "0012_plans"), ("finance", "0003_posting_rules")]
    operations = [migrations.RunSQL(SQL, UNDO)]
