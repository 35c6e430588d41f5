"""`sales_cancel`: the owner takes a ticket back before the close, where the rule allows it (F048).

The ticket stays what it is; a row beside it says that it was taken back, and the stake returns to
the purses it came from, to the fen and once. It holds the gate as a sale does: what the close has
seen is what is sealed. A ticket that was taken back has no line in the sealed file, no serial and
no prize; its leaf stays in the log, and the witness is told of both, so that nobody can pass a
ticket off as taken back once the sale is over.
"""

from django.db import migrations

RETURNS = "RETURNS TABLE (ticket_id bigint, code varchar, price bigint, lines integer, line bytea)"
LEAVES = """
CREATE OR REPLACE FUNCTION sales_leaves_now(draw bigint) RETURNS TABLE (code varchar, leaf bytea)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100000
    SECURITY DEFINER SET search_path = public, pg_temp SET jit = off SET enable_nestloop = off SET work_mem = '64MB' AS $$
BEGIN
    RETURN QUERY SELECT l.code, coalesce(sha256('\\x00'::bytea || l.line), ''::bytea)
      FROM %s(draw, 0, 9223372036854775807) l;
END $$;
"""
SEALED_LINES = f"""
-- The lines of a draw's tickets between two ids, taken back or not, in the order of the ids.
ALTER FUNCTION sales_sealed_lines(bigint, bigint, bigint) RENAME TO sales_sold_lines;

-- Those of them that are in the draw. What was taken back is looked up once: the order stays.
CREATE FUNCTION sales_sealed_lines(draw bigint, first_ticket bigint, last_ticket bigint)
    {RETURNS} LANGUAGE sql STABLE PARALLEL SAFE ROWS 16384 AS $$
    SELECT l.* FROM sales_sold_lines(draw, first_ticket, last_ticket) l
     WHERE l.ticket_id <> ALL (ARRAY(
           SELECT c.ticket_id FROM sales_cancellation c
            WHERE c.draw_id = draw AND c.ticket_id BETWEEN first_ticket AND last_ticket))
     ORDER BY l.ticket_id
$$;
REVOKE ALL ON FUNCTION sales_sealed_lines(bigint, bigint, bigint) FROM PUBLIC;
-- What the log is compared with: every ticket that was sold is in it.
{LEAVES % "sales_sold_lines"}
"""  # noqa: S608 - text written above
GUARDS = """
CREATE FUNCTION sales_cancellation_may_be() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    own record;
    moment timestamptz;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'tickets are taken back under read committed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ticket_sold_read_committed';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(draw_gate(), NEW.draw_id::integer);
    moment := clock_timestamp();
    SELECT t.code, t.draw_id, t.price, t.is_shadow, t.sold_at, d.state, d.closes_at, r.leaf,
           (SELECT (p.value #>> '{}')::integer FROM audit_policyparameter p
             WHERE p.key = 'sales.cancel_minutes' AND p.scope IN ('', g.code) AND p.valid_from <= t.sold_at
             ORDER BY p.scope DESC, p.valid_from DESC LIMIT 1) AS minutes
      INTO own FROM sales_ticket t JOIN games_draw d ON d.id = t.draw_id JOIN games_game g ON g.id = d.game_id
      JOIN sales_receipt r ON r.ticket_id = t.id WHERE t.id = NEW.ticket_id;
    IF coalesce(own.minutes, 0) <= 0 THEN
        RAISE EXCEPTION 'the rule does not let tickets be taken back'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cancellation_by_the_rule';
    END IF;
    IF own.state <> 'OPEN' OR moment >= own.closes_at THEN
        RAISE EXCEPTION 'the draw has closed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cancellation_before_the_close';
    END IF;
    IF moment >= own.sold_at + make_interval(mins => own.minutes) THEN
        RAISE EXCEPTION 'the time to take it back is over'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cancellation_in_time';
    END IF;
    IF own.draw_id <> NEW.draw_id OR NEW.amount <> own.price OR NEW.is_shadow <> own.is_shadow OR own.price IS DISTINCT FROM (
            SELECT sum(t.amount) FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id
             WHERE e.reference = 'refund:' || own.code AND e.kind = 'REFUND') THEN
        RAISE EXCEPTION 'what a ticket cost goes back with it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cancellation_refunds_the_price';
    END IF;
    NEW.leaf := own.leaf;
    NEW.minutes := own.minutes;
    NEW.cancelled_at := moment;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION sales_cancellation_may_be() FROM PUBLIC;
CREATE TRIGGER sales_cancellation_may_be BEFORE INSERT ON sales_cancellation
    FOR EACH ROW EXECUTE FUNCTION sales_cancellation_may_be();
ALTER TABLE sales_cancellation ENABLE ALWAYS TRIGGER sales_cancellation_may_be;
CREATE TRIGGER sales_cancellation_never_changes BEFORE UPDATE OR DELETE ON sales_cancellation
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE sales_cancellation ENABLE ALWAYS TRIGGER sales_cancellation_never_changes;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON sales_cancellation
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('cancellation', 'ticket_id');
ALTER TABLE sales_cancellation ENABLE ALWAYS TRIGGER audit_log_row;

-- What a ticket cost, back to where it came from, once: how many fen that are. A ticket is refunded in no
-- other way, whether its owner takes it back or its draw is cancelled.
CREATE FUNCTION sales_refund(ticket bigint) RETURNS bigint LANGUAGE sql VOLATILE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT finance_give_back('refund:' || t.code, 'purchase:' || p.code, t.position, 'stakes:' || d.code)
      FROM sales_ticket t JOIN sales_purchase p ON p.id = t.purchase_id JOIN games_draw d ON d.id = t.draw_id
     WHERE t.id = ticket
$$;
REVOKE ALL ON FUNCTION sales_refund(bigint) FROM PUBLIC;

-- Money first, gate after it, as in a sale. Who asks twice meets the first row.
CREATE FUNCTION sales_cancel(ticket text, player bigint, channel text)
    RETURNS TABLE (id bigint, cancelled_at timestamptz) LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE own sales_ticket;
BEGIN
    SELECT * INTO own FROM sales_ticket t WHERE t.code = ticket AND t.owner_id = player;
    IF own.id IS NULL THEN
        RAISE EXCEPTION 'nobody takes back another''s ticket'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cancellation_by_the_owner';
    END IF;
    PERFORM sales_refund(own.id);
    RETURN QUERY
    INSERT INTO sales_cancellation AS c (ticket_id, draw_id, leaf, amount, minutes, channel, is_shadow, cancelled_at)
    VALUES (own.id, own.draw_id, '', own.price, 0, $3, own.is_shadow, clock_timestamp())
    RETURNING c.id, c.cancelled_at;
END $$;
REVOKE ALL ON FUNCTION sales_cancel(text, bigint, text) FROM PUBLIC;
"""
UNDO = f"""
DROP FUNCTION sales_cancel(text, bigint, text);
DROP FUNCTION sales_refund(bigint);
DROP TRIGGER audit_log_row ON sales_cancellation;
DROP TRIGGER sales_cancellation_never_changes ON sales_cancellation;
DROP FUNCTION sales_cancellation_may_be() CASCADE;
{LEAVES % "sales_sealed_lines"}
DROP FUNCTION sales_sealed_lines(bigint, bigint, bigint);
ALTER FUNCTION sales_sold_lines(bigint, bigint, bigint) RENAME TO sales_sealed_lines;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0013_plans_keep_their_word"),
        ("audit", "0007_log"),
        ("finance", "0023_parts_given_back"),
    ]
    operations = [migrations.RunSQL(SEALED_LINES + GUARDS, UNDO)]
