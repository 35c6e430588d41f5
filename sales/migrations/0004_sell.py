"""`sales_sell`: purchase, tickets, selections and money as one statement; no other way in (F042).

The order is a JSON object:
  code, player_id, request_key, request_hash, channel,
  tickets: [{code, draw_id, rule_id, price, lines, salt (hex), format_version, province,
             selections: [[bet_type, lines, multiplier, is_quick_pick, amount, m1, m2, m3, m4], …]}, …]
It answers one row a ticket, in order, gives the leaf of each ticket's line to the log and asks for
the message. Lines
are counted again from the masks and the matrix of the approved rule sheet, and what is booked is
what the tickets cost: nobody sells fourteen lines for the price of one.
"""

from django.db import migrations

SQL = """
-- How many lines the masks make; 0 when they are no numbers of these zones.
CREATE FUNCTION sales_lines(zones jsonb, masks bigint[]) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    lines bigint := 1;
    part bigint;
    bankers bigint;
    picks bigint;
    chosen integer;
    wanted integer;
BEGIN
    FOR place IN 0 .. 1 LOOP
        bankers := masks[2 * place + 1];
        picks := masks[2 * place + 2];
        IF place >= jsonb_array_length(zones) THEN
            IF bankers <> 0 OR picks <> 0 THEN RETURN 0; END IF;
            CONTINUE;
        END IF;
        IF bankers < 0 OR picks < 0 OR bankers & picks <> 0
           OR (bankers | picks) >> (zones->place->>'size')::integer <> 0 THEN
            RETURN 0;
        END IF;
        chosen := bit_count(picks::bit(64));
        wanted := (zones->place->>'picked')::integer - bit_count(bankers::bit(64));
        IF wanted < 0 OR wanted > chosen THEN RETURN 0; END IF;
        wanted := least(wanted, chosen - wanted);
        part := 1;
        FOR i IN 1 .. wanted LOOP
            part := part * (chosen - wanted + i) / i;
        END LOOP;
        lines := lines * part;
    END LOOP;
    RETURN lines;
END $$;
REVOKE ALL ON FUNCTION sales_lines(jsonb, bigint[]) FROM PUBLIC;

-- Plans are made once a connection and find rows by key: making them anew would cost more than the
-- sale. The money is moved before the gate is taken, so that a close waits for the tickets only;
-- who holds a gate exclusively never asks for a wallet. What is looked at before the gate spares a
-- vain sale its way; what counts is `sales_ticket_may_be_sold`, behind it.
CREATE FUNCTION sales_sell(asked jsonb)
    RETURNS TABLE (purchase_id bigint, bought_at timestamptz, ticket_id bigint, ticket_code text, sold_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
    buyer accounts_player;
    wanted jsonb;
    place integer := 0;
    bought record;
    counted record;
    total bigint;
    moves jsonb := '[]';
    draws text[] := '{}';
    zones integer[] := '{}';
    own record;
    picks bytea;
BEGIN
    SELECT * INTO buyer FROM accounts_player p WHERE p.id = (asked->>'player_id')::bigint;

    -- First of all the key: who repeats a request waits here for the first, and meets its row.
    SELECT sum((t->>'price')::bigint) INTO total FROM jsonb_array_elements(asked->'tickets') t;
    INSERT INTO sales_purchase AS p (code, player_id, request_key, request_hash, price, channel, bought_at)
    VALUES (asked->>'code', buyer.id, (asked->>'request_key')::uuid, asked->>'request_hash', total,
            asked->>'channel', clock_timestamp())
    RETURNING p.id, p.bought_at INTO purchase_id, bought_at;

    FOR wanted IN SELECT * FROM jsonb_array_elements(asked->'tickets') LOOP
        SELECT r.line_price, r.zones, d.code AS draw, d.state, d.closes_at INTO bought FROM games_draw d
          LEFT JOIN games_rulesheet r ON r.id = (wanted->>'rule_id')::bigint
         WHERE d.id = (wanted->>'draw_id')::bigint;
        IF bought.state IS DISTINCT FROM 'OPEN' OR clock_timestamp() >= bought.closes_at THEN
            PERFORM sales_refuse_draw((wanted->>'draw_id')::bigint, clock_timestamp());
        END IF;
        SELECT bool_or((s->>1)::bigint IS DISTINCT FROM sales_lines(bought.zones,
                   ARRAY[(s->>5)::bigint, (s->>6)::bigint, (s->>7)::bigint, (s->>8)::bigint])) AS wrongly,
               bool_or((s->>4)::bigint IS DISTINCT FROM (s->>1)::bigint * (s->>2)::bigint * bought.line_price)
               OR (sum((s->>4)::bigint), sum((s->>1)::bigint))
                  IS DISTINCT FROM ((wanted->>'price')::numeric, (wanted->>'lines')::numeric) AS priced_wrongly
          INTO counted FROM jsonb_array_elements(wanted->'selections') s;
        IF counted.wrongly THEN
            RAISE EXCEPTION 'a selection has the lines that its numbers make'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'selection_lines_counted';
        END IF;
        IF counted.priced_wrongly THEN
            RAISE EXCEPTION 'a ticket costs what its selections cost'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ticket_costs_its_selections';
        END IF;
        draws := draws || bought.draw::text;
        zones := zones || jsonb_array_length(bought.zones);
        moves := moves || jsonb_build_array(jsonb_build_array(
            'purse:' || buyer.code, 'stakes:' || bought.draw, (wanted->>'price')::bigint));
    END LOOP;
    IF buyer.verified_at IS NULL THEN
        PERFORM sales_refuse_buyer();
    END IF;
    PERFORM jobs_enqueue('sales.send_receipt', 'receipt:' || (asked->>'code'),
                         jsonb_build_object('purchase_id', purchase_id));
    PERFORM finance_post('purchase:' || (asked->>'code'), 'PURCHASE', moves);

    PERFORM pg_advisory_xact_lock_shared(draw_gate(), gate.draw) FROM (
        SELECT DISTINCT (t->>'draw_id')::integer AS draw FROM jsonb_array_elements(asked->'tickets') t
         ORDER BY 1 OFFSET 0) gate;
    FOR wanted IN SELECT * FROM jsonb_array_elements(asked->'tickets') LOOP
        place := place + 1;
        INSERT INTO sales_ticket AS t (code, purchase_id, position, draw_id, rule_id, owner_id, price, lines,
                salt, format_version, channel, outlet_code, province, is_shadow, xid, sold_at)
        VALUES (wanted->>'code', purchase_id, place, (wanted->>'draw_id')::bigint, (wanted->>'rule_id')::bigint,
                buyer.id, (wanted->>'price')::bigint, (wanted->>'lines')::integer, decode(wanted->>'salt', 'hex'),
                (wanted->>'format_version')::smallint, asked->>'channel', '', coalesce(wanted->>'province', ''),
                buyer.is_shadow, 0, clock_timestamp())
        RETURNING t.* INTO own;
        -- The line is made of the values that are written, not read again.
        WITH picked AS MATERIALIZED (
            SELECT n::smallint AS position, s->>0 AS bet_type, (s->>1)::integer AS lines,
                   (s->>2)::smallint AS multiplier, (s->>3)::boolean AS is_quick_pick, (s->>4)::bigint AS amount,
                   (s->>5)::bigint AS mask_1, (s->>6)::bigint AS mask_2, (s->>7)::bigint AS mask_3, (s->>8)::bigint AS mask_4
              FROM jsonb_array_elements(wanted->'selections') WITH ORDINALITY AS x(s, n) ORDER BY n),
        written AS (
            INSERT INTO sales_selection (draw_id, ticket_id, position, bet_type, lines, multiplier, is_quick_pick,
                                         amount, mask_1, mask_2, mask_3, mask_4)
            SELECT own.draw_id, own.id, p.* FROM picked p)
        SELECT string_agg(sales_selection_text(p.bet_type, zones[place], p.mask_1, p.mask_2, p.mask_3, p.mask_4,
                                               p.multiplier, p.is_quick_pick), ' '::bytea ORDER BY p.position)
          INTO picks FROM picked p;
        PERFORM audit_log_add('ticket', own.code, sha256('\\x00'::bytea || sales_line_head(own.format_version,
            draws[place], own.code, buyer.code, own.price, own.channel, own.sold_at, own.salt) || picks));
        ticket_id := own.id;
        ticket_code := own.code;
        sold_at := own.sold_at;
        RETURN NEXT;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION sales_sell(jsonb) FROM PUBLIC;

-- rows: [[ticket id, signature, leaf (hex), own copy], …]
CREATE FUNCTION sales_give_receipts(key text, rows jsonb) RETURNS void LANGUAGE plpgsql
    SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
BEGIN
    INSERT INTO sales_receipt (ticket_id, key_id, signature, leaf, copy)
    SELECT (x.one->>0)::bigint, key, x.one->>1, decode(x.one->>2, 'hex'), x.one->>3
      FROM jsonb_array_elements(rows) AS x(one);
END $$;
REVOKE ALL ON FUNCTION sales_give_receipts(text, jsonb) FROM PUBLIC;
"""
UNDO = """
DROP FUNCTION sales_give_receipts(text, jsonb);
DROP FUNCTION sales_sell(jsonb);
DROP FUNCTION sales_lines(jsonb, bigint[]);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0003_no_ticket_for_a_closed_draw"),
        ("finance", "0003_posting_rules"),
        ("audit", "0007_log"),
        ("jobs", "0002_enqueue"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
