"""The gate: every sale holds it shared, closing takes it exclusively (D8, F037).

Closing so waits for the purchases in flight and no longer; purchases that come after it see the
closed state. The same trigger refuses whoever may not buy: unverified (F002), switched off (F039),
without licence (F023), holding a post (F017), real money in a shadow draw (F020).
"""

from django.db import migrations

SQL = """
-- The two refusals that a sale may already meet before the gate.
CREATE FUNCTION sales_refuse_draw(draw bigint, moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the draw is not open' USING ERRCODE = 'check_violation', CONSTRAINT = 'ticket_draw_open',
        DETAIL = draw || ',' || to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
END $$;
CREATE FUNCTION sales_refuse_buyer() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the buyer is not verified'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'buyer_verified';
END $$;
REVOKE ALL ON FUNCTION sales_refuse_draw(bigint, timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION sales_refuse_buyer() FROM PUBLIC;

CREATE FUNCTION sales_ticket_may_be_sold() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    its record;
    moment timestamptz;
BEGIN
    -- The gate works because what is read after the lock is read anew; an older snapshot would
    -- still see an open draw.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'tickets are sold under read committed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ticket_sold_read_committed';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(draw_gate(), NEW.draw_id::integer);
    moment := clock_timestamp();            -- after the lock: now() is when the statement began
    SELECT d.state, d.closes_at, d.rule_id, d.is_shadow, p.verified_at, p.state AS buyer, p.is_shadow AS plays_shadow,
           EXISTS (SELECT 1 FROM accounts_posting h WHERE h.person_id = p.person_id AND h.valid_from <= moment
                      AND (h.valid_until IS NULL OR h.valid_until > moment)) AS holds_post,
           (SELECT min(w.scope) FROM games_salesswitch w WHERE w.is_off AND w.scope IN (
                'all', 'game:' || (SELECT g.code FROM games_game g WHERE g.id = d.game_id),
                'channel:' || NEW.channel, 'player:' || p.code)) AS switch,
           games_is_licensed(d.game_id, NEW.channel, moment) AS is_licensed
      INTO its FROM games_draw d LEFT JOIN accounts_player p ON p.id = NEW.owner_id WHERE d.id = NEW.draw_id;
    IF its.state IS DISTINCT FROM 'OPEN' OR moment >= its.closes_at THEN
        PERFORM sales_refuse_draw(NEW.draw_id, moment);
    END IF;
    IF NEW.rule_id <> its.rule_id THEN
        RAISE EXCEPTION 'a ticket has the rule of its draw'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ticket_rule_of_its_draw';
    END IF;
    IF its.verified_at IS NULL THEN
        PERFORM sales_refuse_buyer();
    END IF;
    IF its.buyer <> 'ACTIVE' THEN
        RAISE EXCEPTION 'the buyer may not buy now'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'buyer_active', DETAIL = its.buyer;
    END IF;
    IF its.plays_shadow <> its.is_shadow OR NEW.is_shadow <> its.is_shadow THEN
        RAISE EXCEPTION 'real and shadow never meet'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'books_not_mixed';
    END IF;
    IF its.holds_post THEN
        RAISE EXCEPTION 'who holds a post does not play'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'buyer_holds_no_post';
    END IF;
    IF its.switch IS NOT NULL THEN
        RAISE EXCEPTION 'sales are switched off'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ticket_sales_switched_on', DETAIL = its.switch;
    END IF;
    IF NOT its.is_shadow AND NOT its.is_licensed THEN
        RAISE EXCEPTION 'no licence is in force'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ticket_licence_valid';
    END IF;
    NEW.sold_at := moment;
    NEW.xid := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER sales_ticket_may_be_sold BEFORE INSERT ON sales_ticket
    FOR EACH ROW EXECUTE FUNCTION sales_ticket_may_be_sold();
ALTER TABLE sales_ticket ENABLE ALWAYS TRIGGER sales_ticket_may_be_sold;

-- A selection is written with its ticket, never added later.
CREATE FUNCTION sales_selection_with_its_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE its record;
BEGIN
    SELECT t.draw_id, t.xid INTO its FROM sales_ticket t WHERE t.id = NEW.ticket_id;
    IF its.draw_id IS DISTINCT FROM NEW.draw_id
       OR its.xid IS DISTINCT FROM pg_current_xact_id()::text::bigint THEN
        RAISE EXCEPTION 'a selection is written with its ticket'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'selection_with_its_ticket';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sales_selection_with_its_ticket BEFORE INSERT ON sales_selection
    FOR EACH ROW EXECUTE FUNCTION sales_selection_with_its_ticket();
ALTER TABLE sales_selection ENABLE ALWAYS TRIGGER sales_selection_with_its_ticket;

-- A receipt too: who got none at the sale gets none made up later.
CREATE FUNCTION sales_receipt_with_its_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM sales_ticket t WHERE t.id = NEW.ticket_id
                    AND t.xid = pg_current_xact_id()::text::bigint) THEN
        RAISE EXCEPTION 'a receipt is written with its ticket'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_with_its_ticket';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sales_receipt_with_its_ticket BEFORE INSERT ON sales_receipt
    FOR EACH ROW EXECUTE FUNCTION sales_receipt_with_its_ticket();
ALTER TABLE sales_receipt ENABLE ALWAYS TRIGGER sales_receipt_with_its_ticket;
"""
TABLES = ["purchase", "ticket", "selection", "receipt"]
for name in TABLES:
    SQL += f"""
CREATE TRIGGER sales_{name}_never_changes BEFORE UPDATE OR DELETE ON sales_{name}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE sales_{name} ENABLE ALWAYS TRIGGER sales_{name}_never_changes;
"""
UNDO = (
    "".join(f"DROP TRIGGER sales_{name}_never_changes ON sales_{name};" for name in TABLES)
    + """
DROP FUNCTION sales_receipt_with_its_ticket() CASCADE;
DROP FUNCTION sales_selection_with_its_ticket() CASCADE;
DROP FUNCTION sales_ticket_may_be_sold() CASCADE;
DROP FUNCTION sales_refuse_draw(bigint, timestamptz);
DROP FUNCTION sales_refuse_buyer();
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0002_selections"),
        ("audit", "0002_evidence_never_changes"),
        ("accounts", "0001_first_tables"),
        ("games", "0002_draws_go_forward"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
