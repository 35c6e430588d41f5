"""`sales_sell`: purchase, tickets, selections and money as one statement; no other way in (F042).

The order is a JSON object:
  code, player_id, request_key, request_hash, channel,
  tickets: [{code, draw_id, rule_id, price, lines, salt (hex), province,
             selections: [[bet_type, lines, multiplier, is_quick_pick, amount, m1, m2, m3, m4], …]}, …]
It answers [[ticket id, code, sold_at], …]. What a ticket costs is checked against its selections
here, and what is booked is what the tickets cost.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION sales_sell(asked jsonb)
    RETURNS TABLE (ticket_id bigint, ticket_code text, sold_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    buyer accounts_player;
    purchase_pk bigint;
    wanted jsonb;
    place integer := 0;
    draw_code text;
    total bigint := 0;
    moves jsonb := '[]';
    lock_draw bigint;
BEGIN
    SELECT * INTO buyer FROM accounts_player p WHERE p.id = (asked->>'player_id')::bigint;
    FOR lock_draw IN SELECT DISTINCT (t->>'draw_id')::bigint FROM jsonb_array_elements(asked->'tickets') t ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock_shared(draw_gate(), lock_draw::integer);
    END LOOP;

    SELECT sum((t->>'price')::bigint) INTO total FROM jsonb_array_elements(asked->'tickets') t;
    INSERT INTO sales_purchase (code, player_id, request_key, request_hash, price, channel, bought_at)
    VALUES (asked->>'code', buyer.id, (asked->>'request_key')::uuid, asked->>'request_hash', total,
            asked->>'channel', clock_timestamp())
    RETURNING id INTO purchase_pk;

    FOR wanted IN SELECT * FROM jsonb_array_elements(asked->'tickets') LOOP
        place := place + 1;
        IF (wanted->>'price')::bigint <> (SELECT sum((s->>4)::bigint) FROM jsonb_array_elements(wanted->'selections') s)
           OR (wanted->>'lines')::bigint <> (SELECT sum((s->>1)::bigint) FROM jsonb_array_elements(wanted->'selections') s)
           OR EXISTS (SELECT 1 FROM jsonb_array_elements(wanted->'selections') s
                       WHERE (s->>4)::bigint <> (s->>1)::bigint * (s->>2)::bigint
                             * (SELECT r.line_price FROM games_rulesheet r WHERE r.id = (wanted->>'rule_id')::bigint)) THEN
            RAISE EXCEPTION 'a ticket costs what its selections cost'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ticket_costs_its_selections';
        END IF;
        INSERT INTO sales_ticket AS t (code, purchase_id, position, draw_id, rule_id, owner_id, price, lines,
                salt, format_version, channel, outlet_code, province, is_shadow, xid, sold_at)
        VALUES (wanted->>'code', purchase_pk, place, (wanted->>'draw_id')::bigint, (wanted->>'rule_id')::bigint,
                buyer.id, (wanted->>'price')::bigint, (wanted->>'lines')::integer, decode(wanted->>'salt', 'hex'),
                1, asked->>'channel', '', coalesce(wanted->>'province', ''), buyer.is_shadow, 0, clock_timestamp())
        RETURNING t.id, t.code, t.sold_at INTO ticket_id, ticket_code, sold_at;
        INSERT INTO sales_selection (draw_id, ticket_id, position, bet_type, lines, multiplier, is_quick_pick,
                                     amount, mask_1, mask_2, mask_3, mask_4)
        SELECT (wanted->>'draw_id')::bigint, ticket_id, n, s->>0, (s->>1)::integer, (s->>2)::smallint,
               (s->>3)::boolean, (s->>4)::bigint, (s->>5)::bigint, (s->>6)::bigint, (s->>7)::bigint, (s->>8)::bigint
          FROM jsonb_array_elements(wanted->'selections') WITH ORDINALITY AS x(s, n) ORDER BY n;
        SELECT d.code INTO draw_code FROM games_draw d WHERE d.id = (wanted->>'draw_id')::bigint;
        moves := moves || jsonb_build_array(jsonb_build_array(
            'wallet:' || buyer.code, 'stakes:' || draw_code, (wanted->>'price')::bigint));
        RETURN NEXT;
    END LOOP;
    PERFORM finance_post('purchase:' || (asked->>'code'), 'PURCHASE', moves);
END $$;
REVOKE ALL ON FUNCTION sales_sell(jsonb) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0003_no_ticket_for_a_closed_draw"),
        ("finance", "0003_posting_rules"),
    ]
    operations = [migrations.RunSQL(SQL, "DROP FUNCTION sales_sell(jsonb)")]
