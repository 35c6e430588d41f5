"""`sales_sell`: purchase, tickets, selections and money as one statement; no other way in (F042).

The order is a JSON object:
  code, player_id, request_key, request_hash, channel,
  tickets: [{code, draw_id, rule_id, price, lines, salt (hex), format_version, province,
             selections: [[bet_type, lines, multiplier, is_quick_pick, amount, m1, m2, m3, m4], …]}, …]
It answers one row a ticket, in order, gives the leaf of each ticket's line to the log and asks for
the message. Lines
are counted again from the masks and the places of the approved rule sheet, and what is booked is
what the tickets cost: nobody sells fourteen lines for the price of one. Nor what its bet type does
not take, is multiplied too often or costs too much: the engines would stop at it after the draw.
"""

from django.db import migrations

SQL = """
-- How many lines the masks of a bet make; 0 when they are no numbers of its places, below 0 when they
-- make so many lines, but its bet type does not take such numbers, or so few lines. A place that goes on
-- in the next word has `per_word` of its numbers in each.
CREATE FUNCTION sales_lines(layout games_layout, bet_type text, mask_1 bigint, mask_2 bigint, mask_3 bigint, mask_4 bigint)
    RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    parts integer[] := layout.parts;
    kind integer := array_position(layout.kinds, bet_type);
    at integer := parts[kind];
    to_fill integer := parts[at + 1];
    takes integer[] := layout.takes;
    taken integer := takes[kind];
    alike boolean := takes[taken + 2] = 1;
    held numeric[];
    held_first numeric[];
    sure integer := 0;
    is_taken boolean := true;
    place integer;
    word integer;
    rest integer;
    own bigint;
    places_1 bigint := 0;
    places_2 bigint := 0;
    bankers integer;
    picks integer;
    wanted integer;
    part bigint;
    filled integer := 0;
    lines bigint := 1;
BEGIN
    IF at IS NULL OR least(mask_1, mask_2, mask_3, mask_4) < 0 OR mask_1 & mask_2 <> 0 OR mask_3 & mask_4 <> 0 THEN
        RETURN 0;
    END IF;
    FOR number IN 0 .. parts[at + 3] - 1 LOOP
        place := at + 4 + 6 * number;
        word := parts[place];
        rest := parts[place + 4];
        bankers := 0;
        picks := 0;
        IF alike THEN held := '{0,0}'; END IF;
        WHILE rest > 0 LOOP
            own := (9223372036854775807 >> (63 - least(rest, parts[place + 2]))) << parts[place + 1];
            IF word = 1 THEN
                bankers := bankers + bit_count((mask_1 & own)::bit(64));
                picks := picks + bit_count((mask_2 & own)::bit(64));
                places_1 := places_1 | own;
            ELSE
                bankers := bankers + bit_count((mask_3 & own)::bit(64));
                picks := picks + bit_count((mask_4 & own)::bit(64));
                places_2 := places_2 | own;
            END IF;
            IF alike THEN
                held := ARRAY[
                    held[1] + (CASE word WHEN 1 THEN mask_1 ELSE mask_3 END & own >> parts[place + 1]) * 2::numeric ^ (parts[place + 4] - rest),
                    held[2] + (CASE word WHEN 1 THEN mask_2 ELSE mask_4 END & own >> parts[place + 1]) * 2::numeric ^ (parts[place + 4] - rest)];
            END IF;
            rest := rest - parts[place + 2];
            word := word + 1;
        END LOOP;
        IF alike AND number = 0 THEN held_first := held; END IF;
        sure := sure + bankers;
        is_taken := is_taken AND bankers BETWEEN takes[taken + 3] AND takes[taken + 4]
            AND bankers + picks BETWEEN takes[taken + 5] AND takes[taken + 6]
            AND (NOT alike OR held = held_first);
        taken := taken + 4;
        wanted := parts[place + 5] - bankers;
        IF to_fill > 0 AND bankers = 0 THEN
            IF picks = 0 THEN CONTINUE; END IF;
            filled := filled + 1;
            wanted := 1;
        END IF;
        IF wanted < 0 OR wanted > picks THEN RETURN 0; END IF;
        wanted := least(wanted, picks - wanted);
        part := 1;
        FOR i IN 1 .. wanted LOOP
            part := part * (picks - wanted + i) / i;
        END LOOP;
        lines := lines * part;
    END LOOP;
    IF (mask_1 | mask_2) & ~places_1 <> 0 OR (mask_3 | mask_4) & ~places_2 <> 0 OR filled <> to_fill THEN
        RETURN 0;
    END IF;
    IF parts[at + 2] IS DISTINCT FROM 0 THEN
        lines := sales_lines_of_pattern(parts, at, mask_1 | mask_2, mask_3 | mask_4);
    END IF;
    taken := takes[kind];
    RETURN CASE WHEN is_taken AND lines >= takes[taken] AND sure >= takes[taken + 1] THEN lines ELSE -lines END;
END $$;
REVOKE ALL ON FUNCTION sales_lines(games_layout, text, bigint, bigint, bigint, bigint) FROM PUBLIC;

-- The same where the numbers of a line, one a place, must all differ or make one pair: every line is
-- looked at, place by place. `used` has the numbers of a beginning, `equal` how many came again.
CREATE FUNCTION sales_lines_of_pattern(parts integer[], at integer, chosen_1 bigint, chosen_2 bigint)
    RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    place integer;
    chosen bigint;
    used bigint[] := '{0}';
    equal integer[] := '{0}';
    used_now bigint[];
    equal_now integer[];
BEGIN
    FOR number IN 0 .. parts[at + 3] - 1 LOOP
        place := at + 4 + 6 * number;
        chosen := CASE parts[place] WHEN 1 THEN chosen_1 ELSE chosen_2 END >> parts[place + 1];
        used_now := '{}';
        equal_now := '{}';
        FOR bit IN 0 .. parts[place + 4] - 1 LOOP
            CONTINUE WHEN chosen >> bit & 1 = 0;
            FOR i IN 1 .. cardinality(used) LOOP
                used_now := used_now || (used[i] | (1::bigint << (parts[place + 3] + bit)));
                equal_now := equal_now || (equal[i] + (used[i] >> (parts[place + 3] + bit) & 1)::integer);
            END LOOP;
        END LOOP;
        used := used_now;
        equal := equal_now;
    END LOOP;
    RETURN (SELECT count(*) FROM unnest(equal) e WHERE e = parts[at + 2] - 1);
END $$;
REVOKE ALL ON FUNCTION sales_lines_of_pattern(integer[], integer, bigint, bigint) FROM PUBLIC;

-- Plans are made once a connection and find rows by key: making them anew would cost more than the
-- sale. The money is moved before the gate is taken, so that a close waits for the tickets only;
-- who holds a gate exclusively never asks for a wallet. What is looked at before the gate spares a
-- vain sale its way; what counts is `sales_ticket_may_be_sold`, behind it. Sixteen turnstiles stand
-- before the gate, a buyer always takes the same: no more than that many are behind it at once, and a
-- close waits for no more (docs/adr/0027).
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
    layouts games_layout[] := '{}';
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
        SELECT r.layout, d.code AS draw, d.state, d.closes_at INTO bought FROM games_draw d
          LEFT JOIN games_rulesheet r ON r.id = (wanted->>'rule_id')::bigint
         WHERE d.id = (wanted->>'draw_id')::bigint;
        IF bought.state IS DISTINCT FROM 'OPEN' OR clock_timestamp() >= bought.closes_at THEN
            PERFORM sales_refuse_draw((wanted->>'draw_id')::bigint, clock_timestamp());
        END IF;
        SELECT bool_or((s->>1)::bigint IS DISTINCT FROM abs(made.lines)) AS wrongly,
               bool_or(made.lines < 0) AS not_taken,
               bool_or((s->>2)::bigint NOT BETWEEN (bought.layout).least_times AND (bought.layout).most_times) AS times_wrongly,
               bool_or((s->>4)::bigint IS DISTINCT FROM (s->>1)::bigint * (s->>2)::bigint
                       * (bought.layout).parts[(bought.layout).parts[array_position((bought.layout).kinds, s->>0)]])
               OR (sum((s->>4)::bigint), sum((s->>1)::bigint))
                  IS DISTINCT FROM ((wanted->>'price')::numeric, (wanted->>'lines')::numeric) AS priced_wrongly
          INTO counted FROM jsonb_array_elements(wanted->'selections') s, LATERAL (
               SELECT sales_lines(bought.layout, s->>0, (s->>5)::bigint, (s->>6)::bigint, (s->>7)::bigint,
                                  (s->>8)::bigint) AS lines OFFSET 0) made;
        IF counted.wrongly THEN
            RAISE EXCEPTION 'a selection has the lines that its numbers make'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'selection_lines_counted';
        END IF;
        IF counted.priced_wrongly THEN
            RAISE EXCEPTION 'a ticket costs what its selections cost'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ticket_costs_its_selections';
        END IF;
        -- What the second engine, and nobody before it, would refuse to count is not sold.
        IF counted.not_taken THEN
            RAISE EXCEPTION 'a selection has as many numbers, bankers and lines as its bet type takes'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'selection_as_its_bet_type_takes';
        END IF;
        IF counted.times_wrongly THEN
            RAISE EXCEPTION 'a selection is multiplied as its rule allows'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'selection_multiplier_in_range';
        END IF;
        IF (wanted->>'price')::bigint > (bought.layout).cap THEN
            RAISE EXCEPTION 'a ticket costs no more than its rule allows'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ticket_price_capped';
        END IF;
        IF (wanted->>'code' ~ '^[0-9A-Z]{17}$' AND asked->>'channel' ~ '^[a-z]+$' AND wanted->>'format_version' = '1'
            AND wanted->>'salt' ~ '^[0-9a-f]{32}$') IS NOT TRUE THEN
            RAISE EXCEPTION 'a ticket is spelt as lines of a sealed file are'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ticket_spelt_as_sealed';
        END IF;
        draws := draws || bought.draw::text;
        layouts := layouts || bought.layout;
        moves := moves || jsonb_build_array(jsonb_build_array(
            'purse:' || buyer.code, 'stakes:' || bought.draw, (wanted->>'price')::bigint));
    END LOOP;
    IF buyer.verified_at IS NULL THEN
        PERFORM sales_refuse_buyer();
    END IF;
    PERFORM jobs_enqueue('sales.send_receipt', 'receipt:' || (asked->>'code'),
                         jsonb_build_object('purchase_id', purchase_id));
    PERFORM finance_post('purchase:' || (asked->>'code'), 'PURCHASE', moves);

    PERFORM pg_advisory_xact_lock(draw_gate() + 4, gate.draw * 16 + (buyer.id % 16)::integer),
            pg_advisory_xact_lock_shared(draw_gate(), gate.draw) FROM (
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
        IF (layouts[place]).limits AND EXISTS (
                SELECT FROM games_limitedline x, jsonb_array_elements(wanted->'selections') s
                 WHERE x.draw_id = own.draw_id AND s->>0 = ANY (x.kinds)
                   AND ((s->>5)::bigint | (s->>6)::bigint) & x.mask_1 = x.mask_1 AND (s->>5)::bigint & ~x.mask_1 = 0
                   AND ((s->>7)::bigint | (s->>8)::bigint) & x.mask_2 = x.mask_2 AND (s->>7)::bigint & ~x.mask_2 = 0) THEN
            RAISE EXCEPTION 'a line that was withdrawn from sale is not sold'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'selection_of_lines_on_sale';
        END IF;
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
        SELECT string_agg(sales_selection_text(p.bet_type, sales_unlike_plain(layouts[place]), p.mask_1, p.mask_2, p.mask_3,
                                               p.mask_4, p.multiplier, p.is_quick_pick), ' '::bytea ORDER BY p.position)
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
DROP FUNCTION sales_lines_of_pattern(integer[], integer, bigint, bigint);
DROP FUNCTION sales_lines(games_layout, text, bigint, bigint, bigint, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0003_no_ticket_for_a_closed_draw"),
        ("finance", "0003_posting_rules"),
        ("audit", "0007_log"),
        ("games", "0002_draws_go_forward"),
        ("jobs", "0002_enqueue"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
