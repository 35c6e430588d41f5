"""Every ticket of a cancelled draw goes back once, to the purses it was paid from (F075).

`sales_refund_next` takes the next tickets of a cancelled draw, books each as an entry of its own
under `refund:<ticket>` and writes its row, all in one transaction: cut off anywhere, it goes on with
the ticket after the last. What its owner took back before (`sales_cancellation`) is in the draw no
more: it is not counted and goes back no second time. A refund is done when every ticket has its row
and nothing lies in the stakes of the draw any more.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION sales_draw_refund_begins() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM games_draw d WHERE d.id = NEW.draw_id AND d.state = 'CANCELLED') THEN
        RAISE EXCEPTION 'only a cancelled draw is refunded'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_of_a_cancelled_draw';
    END IF;
    SELECT count(*), coalesce(sum(t.price), 0) INTO NEW.tickets, NEW.stake FROM sales_ticket t
     WHERE t.draw_id = NEW.draw_id AND NOT EXISTS (SELECT FROM sales_cancellation c WHERE c.ticket_id = t.id);
    NEW.begun_at := clock_timestamp();
    NEW.done_at := NULL;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION sales_draw_refund_begins() FROM PUBLIC;
CREATE TRIGGER sales_draw_refund_begins BEFORE INSERT ON sales_drawrefund
    FOR EACH ROW EXECUTE FUNCTION sales_draw_refund_begins();
ALTER TABLE sales_drawrefund ENABLE ALWAYS TRIGGER sales_draw_refund_begins;

CREATE FUNCTION sales_draw_refund_ends() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    back bigint;
    left_over numeric;
BEGIN
    IF TG_OP = 'DELETE' OR OLD.done_at IS NOT NULL
       OR (NEW.id, NEW.draw_id, NEW.tickets, NEW.stake, NEW.begun_at)
          IS DISTINCT FROM (OLD.id, OLD.draw_id, OLD.tickets, OLD.stake, OLD.begun_at) THEN
        RAISE EXCEPTION 'a refund stands as it went'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'draw_refund_stands';
    END IF;
    SELECT count(*) INTO back FROM sales_ticketrefund r WHERE r.draw_id = NEW.draw_id;
    SELECT coalesce(sum(b.balance), 0) INTO left_over FROM games_draw d, finance_balances(ARRAY['stakes:' || d.code]) b
     WHERE d.id = NEW.draw_id;
    IF back <> NEW.tickets OR left_over <> 0 THEN
        RAISE EXCEPTION 'some tickets are not refunded'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_refund_is_whole';
    END IF;
    NEW.done_at := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION sales_draw_refund_ends() FROM PUBLIC;
CREATE TRIGGER sales_draw_refund_ends BEFORE UPDATE OR DELETE ON sales_drawrefund
    FOR EACH ROW EXECUTE FUNCTION sales_draw_refund_ends();
ALTER TABLE sales_drawrefund ENABLE ALWAYS TRIGGER sales_draw_refund_ends;

CREATE FUNCTION sales_refund_next(draw bigint, most integer) RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
    cancelled games_draw;
    ids bigint[];
    players text[];
    own record;
BEGIN
    -- One at a time for a draw: whoever comes second goes on behind the first.
    PERFORM pg_advisory_xact_lock(draw_gate() + 3, draw::integer);
    SELECT * INTO cancelled FROM games_draw d WHERE d.id = draw;
    IF cancelled.state IS DISTINCT FROM 'CANCELLED' THEN
        RAISE EXCEPTION 'only a cancelled draw is refunded'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_of_a_cancelled_draw';
    END IF;
    SELECT array_agg(x.id), array_agg(DISTINCT x.player) INTO ids, players FROM (
        SELECT t.id, p.code AS player FROM sales_ticket t JOIN accounts_player p ON p.id = t.owner_id
         WHERE t.draw_id = draw AND NOT EXISTS (SELECT FROM sales_cancellation c WHERE c.ticket_id = t.id)
           AND t.id > coalesce((SELECT max(r.ticket_id) FROM sales_ticketrefund r WHERE r.draw_id = draw), 0)
         ORDER BY t.id LIMIT most) x;
    IF ids IS NULL THEN RETURN 0; END IF;
    PERFORM finance_lock_players(players);
    FOR own IN SELECT t.id, t.code FROM sales_ticket t WHERE t.id = ANY (ids) ORDER BY t.id LOOP
        INSERT INTO sales_ticketrefund (ticket_id, draw_id, amount, reference, refunded_at)
        VALUES (own.id, draw, sales_refund(own.id), 'refund:' || own.code, clock_timestamp());
    END LOOP;
    RETURN cardinality(ids);
END $$;
REVOKE ALL ON FUNCTION sales_refund_next(bigint, integer) FROM PUBLIC;

-- A ticket is refunded with its cancelled draw, to the fen, unless its owner had taken it back.
CREATE FUNCTION sales_ticket_refund_may_be() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE own sales_ticket;
BEGIN
    SELECT * INTO own FROM sales_ticket t WHERE t.id = NEW.ticket_id;
    IF EXISTS (SELECT FROM sales_cancellation c WHERE c.ticket_id = NEW.ticket_id) THEN
        RAISE EXCEPTION 'ticket % was taken back and refunded then', own.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_of_what_stands';
    END IF;
    IF own.draw_id <> NEW.draw_id OR NOT EXISTS (SELECT FROM games_draw d WHERE d.id = NEW.draw_id AND d.state = 'CANCELLED') THEN
        RAISE EXCEPTION 'only a cancelled draw is refunded'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_of_a_cancelled_draw';
    END IF;
    IF NEW.amount <> own.price THEN
        RAISE EXCEPTION 'ticket % cost %, and % was paid', own.code, own.price, NEW.amount
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_is_the_price';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION sales_ticket_refund_may_be() FROM PUBLIC;
CREATE TRIGGER sales_ticket_refund_may_be BEFORE INSERT ON sales_ticketrefund
    FOR EACH ROW EXECUTE FUNCTION sales_ticket_refund_may_be();
ALTER TABLE sales_ticketrefund ENABLE ALWAYS TRIGGER sales_ticket_refund_may_be;
CREATE TRIGGER sales_ticketrefund_never_changes BEFORE UPDATE OR DELETE ON sales_ticketrefund
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE sales_ticketrefund ENABLE ALWAYS TRIGGER sales_ticketrefund_never_changes;
"""
LOGGED = {"drawrefund": ("draw_refund", "id"), "ticketrefund": ("ticket_refund", "ticket_id")}
for name, (kind, key) in LOGGED.items():
    SQL += f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON sales_{name}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE sales_{name} ENABLE ALWAYS TRIGGER audit_log_row;
"""
UNDO = (
    "".join(f"DROP TRIGGER audit_log_row ON sales_{name};" for name in LOGGED)
    + """
DROP TRIGGER sales_ticketrefund_never_changes ON sales_ticketrefund;
DROP FUNCTION sales_ticket_refund_may_be() CASCADE;
DROP FUNCTION sales_refund_next(bigint, integer);
DROP FUNCTION sales_draw_refund_ends() CASCADE;
DROP FUNCTION sales_draw_refund_begins() CASCADE;
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0015_draw_refunds"),
        ("finance", "0023_parts_given_back"),
        ("games", "0014_calendar_guards"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
