"""`sales_sell`: purchase, tickets, selections and money as one statement; no other way in (F042).

The order is a JSON object:
  code, player_id, request_key, request_hash, channel,
  tickets: [{code, draw_id, rule_id, price, lines, salt (hex), format_version, province,
             selections: [[bet_type, lines, multiplier, is_quick_pick, amount, m1, m2, m3, m4], …]}, …]
It answers one row a ticket, in order, and gives the leaf of each ticket's line to the log. Lines
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

CREATE FUNCTION sales_sell(asked jsonb)
    RETURNS TABLE (purchase_id bigint, bought_at timestamptz, ticket_id bigint, ticket_code text, sold_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    buyer accounts_player;
    wanted jsonb;
    place integer := 0;
    draw_code text;
    line_price bigint;
    zones jsonb;
    total bigint;
    moves jsonb := '[]';
    lock_draw bigint;
BEGIN
    SELECT * INTO buyer FROM accounts_player p WHERE p.id = (asked->>'player_id')::bigint;
    FOR lock_draw IN SELECT DISTINCT (t->>'draw_id')::bigint FROM jsonb_array_elements(asked->'tickets') t ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock_shared(draw_gate(), lock_draw::integer);
    END LOOP;

    -- First of all the key: who repeats a request waits here for the first, and meets its row.
    SELECT sum((t->>'price')::bigint) INTO total FROM jsonb_array_elements(asked->'tickets') t;
    INSERT INTO sales_purchase AS p (code, player_id, request_key, request_hash, price, channel, bought_at)
    VALUES (asked->>'code', buyer.id, (asked->>'request_key')::uuid, asked->>'request_hash', total,
            asked->>'channel', clock_timestamp())
    RETURNING p.id, p.bought_at INTO purchase_id, bought_at;

    FOR wanted IN SELECT * FROM jsonb_array_elements(asked->'tickets') LOOP
        place := place + 1;
        SELECT r.line_price, r.sheet::jsonb #> '{version,zones}' INTO line_price, zones
          FROM games_rulesheet r WHERE r.id = (wanted->>'rule_id')::bigint;
        IF EXISTS (SELECT 1 FROM jsonb_array_elements(wanted->'selections') s
                    WHERE (s->>1)::bigint IS DISTINCT FROM sales_lines(zones,
                              ARRAY[(s->>5)::bigint, (s->>6)::bigint, (s->>7)::bigint, (s->>8)::bigint])) THEN
            RAISE EXCEPTION 'a selection has the lines that its numbers make'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'selection_lines_counted';
        END IF;
        IF EXISTS (SELECT 1 FROM jsonb_array_elements(wanted->'selections') s
                    WHERE (s->>4)::bigint IS DISTINCT FROM (s->>1)::bigint * (s->>2)::bigint * line_price)
           OR (SELECT (sum((s->>4)::bigint), sum((s->>1)::bigint)) FROM jsonb_array_elements(wanted->'selections') s)
              IS DISTINCT FROM ((wanted->>'price')::numeric, (wanted->>'lines')::numeric) THEN
            RAISE EXCEPTION 'a ticket costs what its selections cost'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ticket_costs_its_selections';
        END IF;
        INSERT INTO sales_ticket AS t (code, purchase_id, position, draw_id, rule_id, owner_id, price, lines,
                salt, format_version, channel, outlet_code, province, is_shadow, xid, sold_at)
        VALUES (wanted->>'code', purchase_id, place, (wanted->>'draw_id')::bigint, (wanted->>'rule_id')::bigint,
                buyer.id, (wanted->>'price')::bigint, (wanted->>'lines')::integer, decode(wanted->>'salt', 'hex'),
                (wanted->>'format_version')::smallint, asked->>'channel', '', coalesce(wanted->>'province', ''),
                buyer.is_shadow, 0, clock_timestamp())
        RETURNING t.id, t.code, t.sold_at INTO ticket_id, ticket_code, sold_at;
        INSERT INTO sales_selection (draw_id, ticket_id, position, bet_type, lines, multiplier, is_quick_pick,
                                     amount, mask_1, mask_2, mask_3, mask_4)
        SELECT (wanted->>'draw_id')::bigint, ticket_id, n, s->>0, (s->>1)::integer, (s->>2)::smallint,
               (s->>3)::boolean, (s->>4)::bigint, (s->>5)::bigint, (s->>6)::bigint, (s->>7)::bigint, (s->>8)::bigint
          FROM jsonb_array_elements(wanted->'selections') WITH ORDINALITY AS x(s, n) ORDER BY n;
        PERFORM audit_log_add('ticket', ticket_code, sha256('\\x00'::bytea || sales_ticket_line(ticket_id)));
        SELECT d.code INTO draw_code FROM games_draw d WHERE d.id = (wanted->>'draw_id')::bigint;
        moves := moves || jsonb_build_array(jsonb_build_array(
            'wallet:' || buyer.code, 'stakes:' || draw_code, (wanted->>'price')::bigint));
        RETURN NEXT;
    END LOOP;
    PERFORM finance_post('purchase:' || (asked->>'code'), 'PURCHASE', moves);
END $$;
REVOKE ALL ON FUNCTION sales_sell(jsonb) FROM PUBLIC;
"""
UNDO = "DROP FUNCTION sales_sell(jsonb); DROP FUNCTION sales_lines(jsonb, bigint[]);"


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0003_no_ticket_for_a_closed_draw"),
        ("finance", "0003_posting_rules"),
        ("audit", "0007_log"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
