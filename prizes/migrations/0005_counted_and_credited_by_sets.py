"""Counting and crediting as sets: a chunk is one statement, a batch of prizes another (F067, F072).

Only these functions write hits and prizes. What they need they read for themselves: the numbers
from the result, zones and tiers from the approved sheet, the winners from the rows. A caller names
no more than the draw.

Their plans are one index scan and a look by key for each row of it, said so that there is no other
(LATERAL … OFFSET 0): a draw of today has no statistics yet, and a planner that takes two million
tickets for a few, or the other way round, costs a settlement.
"""

from django.db import migrations

SQL = """
-- How many ways there are to choose; 0 when there is none.
CREATE FUNCTION prizes_choose(chosen bigint, wanted bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE ways bigint := 1;
BEGIN
    IF wanted < 0 OR wanted > chosen THEN RETURN 0; END IF;
    FOR i IN 1 .. least(wanted, chosen - wanted) LOOP
        ways := ways * (chosen - least(wanted, chosen - wanted) + i) / i;
    END LOOP;
    RETURN ways;
END $$;

-- How many part lines of a zone have so many hits: the bankers are in each, picks fill it up.
CREATE FUNCTION prizes_ways(bankers bigint, picks bigint, drawn bigint, picked bigint, hits bigint)
    RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT prizes_choose(bit_count((picks & drawn)::bit(64)), hits - bit_count((bankers & drawn)::bit(64)))
         * prizes_choose(bit_count((picks & ~drawn)::bit(64)),
                         picked - bit_count(bankers::bit(64)) - hits + bit_count((bankers & drawn)::bit(64)))
$$;

-- The hits per zone that win in a draw, by its approved sheet.
CREATE FUNCTION prizes_winning(draw bigint) RETURNS TABLE (hits_1 bigint, hits_2 bigint, tier integer)
    LANGUAGE sql STABLE AS $$
    SELECT (match->>0)::bigint, coalesce((match->>1)::bigint, 0), (tier->>'number')::integer
      FROM games_draw d JOIN games_rulesheet r ON r.id = d.rule_id,
           jsonb_array_elements(r.sheet::jsonb #> '{version,tiers}') tier,
           jsonb_array_elements(tier->'matches') match
     WHERE d.id = draw AND (d.special_on OR NOT (tier->>'special_only')::boolean)
$$;

-- What a line of each tier gets, with the tier as index.
CREATE FUNCTION prizes_prices(draw bigint) RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(o.prize ORDER BY n)
      FROM generate_series(1, (SELECT max(tier) FROM prizes_tieroutcome WHERE draw_id = draw)) n
      LEFT JOIN prizes_tieroutcome o ON o.draw_id = draw AND o.tier = n
$$;

-- `5:2,6:1`: two lines of the fifth prize and one of the sixth. Nearly all have won in one tier:
-- that is worked out in the query itself, without a call.
CREATE FUNCTION prizes_amount_of_tiers(won text, prices bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sum(prices[split_part(part, ':', 1)::integer] * split_part(part, ':', 2)::bigint)::bigint
      FROM unnest(string_to_array(won, ',')) part
$$;
CREATE FUNCTION prizes_amount(won text, prices bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN strpos(won, ',') = 0
                THEN prices[split_part(won, ':', 1)::integer] * split_part(won, ':', 2)::bigint
                ELSE prizes_amount_of_tiers(won, prices) END
$$;

-- Winners of a draw in the order of owner and ticket, from the first to the last named, with what
-- they get. A hit whose ticket is another draw's, or another owner's, is none.
CREATE FUNCTION prizes_due(draw bigint, first_owner bigint, first_ticket bigint, last_owner bigint,
                           last_ticket bigint, prices bigint[])
    RETURNS TABLE (ticket_id bigint, ticket text, owner_id bigint, player text, won text, amount bigint)
    LANGUAGE sql STABLE AS $$
    SELECT h.ticket_id, t.code, h.owner_id, p.code, h.won, prizes_amount(h.won, prices)
      FROM prizes_hit h
     CROSS JOIN LATERAL (SELECT k.code FROM sales_ticket k
                          WHERE k.id = h.ticket_id AND k.draw_id = h.draw_id AND k.owner_id = h.owner_id OFFSET 0) t
     CROSS JOIN LATERAL (SELECT k.code FROM accounts_player k WHERE k.id = h.owner_id OFFSET 0) p
     WHERE h.draw_id = draw AND (h.owner_id, h.ticket_id) >= (first_owner, first_ticket)
       AND (h.owner_id, h.ticket_id) <= (last_owner, last_ticket)
     ORDER BY h.owner_id, h.ticket_id
$$;

-- A winner as the digest of his batch has him.
CREATE FUNCTION prizes_winner_line(ticket text, won text, amount bigint, owner_id bigint) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT concat_ws(E'\\t', ticket, won, amount, owner_id) || E'\\n'
$$;

-- Winners in batches of `size`, by owner and ticket: from whom to whom, and who is due as one digest.
-- Hits are read in the order of the tickets, which lie in that order too, and sorted once.
CREATE FUNCTION prizes_batches(draw bigint, prices bigint[], size integer)
    RETURNS TABLE (number bigint, first_owner bigint, first_ticket bigint, last_owner bigint, last_ticket bigint,
                   winners bigint, amount bigint, digest text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET work_mem = '32MB'
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
    SELECT n.number, (min(ARRAY[n.owner_id, n.ticket_id]))[1], (min(ARRAY[n.owner_id, n.ticket_id]))[2],
           (max(ARRAY[n.owner_id, n.ticket_id]))[1], (max(ARRAY[n.owner_id, n.ticket_id]))[2],
           count(n.line), coalesce(sum(n.amount) FILTER (WHERE n.line IS NOT NULL), 0)::bigint,
           encode(sha256(convert_to(coalesce(string_agg(n.line, '' ORDER BY n.owner_id, n.ticket_id), ''), 'UTF8')), 'hex')
      FROM (SELECT h.owner_id, h.ticket_id, h.amount, h.line,
                   (row_number() OVER (ORDER BY h.owner_id, h.ticket_id) - 1) / size + 1 AS number
              FROM (SELECT i.owner_id, i.ticket_id, i.amount,
                           CASE WHEN t.code IS NOT NULL THEN prizes_winner_line(t.code, i.won, i.amount, i.owner_id) END AS line
                      FROM (SELECT k.owner_id, k.ticket_id, k.draw_id, k.won, prizes_amount(k.won, prices) AS amount
                              FROM prizes_hit k WHERE k.draw_id = draw ORDER BY k.ticket_id OFFSET 0) i
                      LEFT JOIN LATERAL (SELECT k.code FROM sales_ticket k
                                          WHERE k.id = i.ticket_id AND k.draw_id = i.draw_id AND k.owner_id = i.owner_id OFFSET 0) t
                             ON true OFFSET 0) h) n
     GROUP BY n.number ORDER BY n.number
$$;

-- The lines of a result file about the tickets `first` to `last`, as hits and prices have them.
CREATE FUNCTION prizes_won_lines(draw bigint, first bigint, last bigint, prices bigint[],
                                 OUT winners bigint, OUT amount bigint, OUT lines text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
    SELECT count(*), coalesce(sum(x.amount), 0)::bigint,
           coalesce(string_agg(concat_ws(E'\\t', 'won', x.code, x.won, x.amount) || E'\\n', '' ORDER BY x.ticket_id), '')
      FROM (SELECT h.ticket_id, t.code, h.won, prizes_amount(h.won, prices) AS amount
              FROM prizes_hit h
             CROSS JOIN LATERAL (SELECT k.code FROM sales_ticket k WHERE k.id = h.ticket_id OFFSET 0) t
             WHERE h.draw_id = draw AND h.ticket_id BETWEEN first AND last) x
$$;

-- The same as the prizes themselves have it: what was credited.
CREATE FUNCTION prizes_paid_lines(draw bigint, first bigint, last bigint,
                                  OUT winners bigint, OUT amount bigint, OUT lines text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
    SELECT count(*), coalesce(sum(p.amount), 0)::bigint,
           coalesce(string_agg(concat_ws(E'\\t', 'won', t.code, p.won, p.amount) || E'\\n', '' ORDER BY p.ticket_id), '')
      FROM prizes_prize p
     CROSS JOIN LATERAL (SELECT k.code FROM sales_ticket k WHERE k.id = p.ticket_id OFFSET 0) t
     WHERE p.draw_id = draw AND p.ticket_id BETWEEN first AND last
$$;

CREATE TYPE prizes_lines AS (tier integer, lines bigint);
-- Count the next chunk that nobody is at; its id, or NULL when there is none.
-- Single lines, nearly everything that is sold, are two bit counts and a look into an array;
-- multiples and bankers are counted combinatorially. Nothing is ever expanded into lines.
CREATE FUNCTION prizes_count(settlement bigint, moment timestamptz) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    part prizes_chunk;
    draw bigint;
    result_1 bigint;
    result_2 bigint;
    zones jsonb;
    picked_1 bigint;
    picked_2 bigint;
    tier_of integer[];
    all_hits_1 bigint[];
    all_hits_2 bigint[];
    all_tiers integer[];
BEGIN
    SELECT c.* INTO part FROM prizes_chunk c JOIN prizes_settlement s ON s.id = c.settlement_id
     WHERE c.settlement_id = settlement AND s.state = 'COUNTING' AND c.counted_at IS NULL
     ORDER BY c.number LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED;
    IF part.id IS NULL THEN RETURN NULL; END IF;
    SELECT d.id, r.mask_1, r.mask_2, g.sheet::jsonb #> '{version,zones}' INTO draw, result_1, result_2, zones
      FROM prizes_settlement s JOIN games_draw d ON d.id = s.draw_id
      JOIN games_result r ON r.draw_id = d.id JOIN games_rulesheet g ON g.id = d.rule_id
     WHERE s.id = settlement;
    picked_1 := (zones->0->>'picked')::bigint;
    picked_2 := coalesce((zones->1->>'picked')::bigint, 0);
    SELECT array_agg(w.hits_1), array_agg(w.hits_2), array_agg(w.tier) INTO all_hits_1, all_hits_2, all_tiers
      FROM prizes_winning(draw) w;
    SELECT array_agg(w.tier ORDER BY n) INTO tier_of
      FROM generate_series(0, (picked_1 + 1) * (picked_2 + 1) - 1) n
      LEFT JOIN unnest(all_hits_1, all_hits_2, all_tiers) w (hits_1, hits_2, tier)
             ON w.hits_1 * (picked_2 + 1) + w.hits_2 = n;

    WITH found AS (
        SELECT s.ticket_id, s.multiplier::bigint AS lines,
               tier_of[bit_count((s.mask_2 & result_1)::bit(64)) * (picked_2 + 1)
                       + bit_count((s.mask_4 & result_2)::bit(64)) + 1] AS tier
          FROM sales_selection s
         WHERE s.draw_id = draw AND s.ticket_id BETWEEN part.first_ticket AND part.last_ticket
           AND s.lines = 1 AND s.mask_1 = 0 AND s.mask_3 = 0
        UNION ALL
        SELECT s.ticket_id, s.multiplier * prizes_ways(s.mask_1, s.mask_2, result_1, picked_1, w.hits_1)
                            * prizes_ways(s.mask_3, s.mask_4, result_2, picked_2, w.hits_2), w.tier
          FROM sales_selection s CROSS JOIN unnest(all_hits_1, all_hits_2, all_tiers) w (hits_1, hits_2, tier)
         WHERE s.draw_id = draw AND s.ticket_id BETWEEN part.first_ticket AND part.last_ticket
           AND NOT (s.lines = 1 AND s.mask_1 = 0 AND s.mask_3 = 0)
    ), won AS MATERIALIZED (
        SELECT f.ticket_id, f.tier, sum(f.lines)::bigint AS lines FROM found f
         WHERE f.tier IS NOT NULL AND f.lines > 0 GROUP BY f.ticket_id, f.tier
    ), tickets AS MATERIALIZED (
        SELECT w.ticket_id, t.owner_id, w.won, w.lines_of FROM (
            SELECT ticket_id, string_agg(tier || ':' || lines, ',' ORDER BY tier) AS won,
                   array_agg(ROW(tier, lines)::prizes_lines) AS lines_of
              FROM won GROUP BY ticket_id) w
         CROSS JOIN LATERAL (SELECT k.owner_id FROM sales_ticket k WHERE k.id = w.ticket_id AND k.draw_id = draw
                                AND NOT EXISTS (SELECT FROM sales_cancellation c WHERE c.ticket_id = k.id) OFFSET 0) t
    ), written AS (
        INSERT INTO prizes_hit (ticket_id, draw_id, owner_id, won)
        SELECT t.ticket_id, draw, t.owner_id, t.won FROM tickets t ORDER BY t.ticket_id
    )
    UPDATE prizes_chunk c SET counted_at = moment, winners = coalesce((
        SELECT jsonb_object_agg(x.tier, x.lines) FROM (
            SELECT l.tier, sum(l.lines)::bigint AS lines FROM tickets t, unnest(t.lines_of) l GROUP BY l.tier) x), '{}')
     WHERE c.id = part.id;
    RETURN part.id;
END $$;

-- Credit the next batch that nobody is at; its id, or NULL when there is none. Small prizes go to
-- the wallets, large ones are booked as not yet claimed; prizes and money are one transaction.
CREATE FUNCTION prizes_credit(settlement bigint, moment timestamptz) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    part prizes_batch;
    draw games_draw;
    up_to bigint;
    posting text;
    prices bigint[];
    found record;
BEGIN
    SELECT b.* INTO part FROM prizes_batch b
      JOIN prizes_enginerun r ON r.id = b.run_id
      JOIN prizes_settlement s ON s.draw_id = r.draw_id AND s.attempt = r.attempt
     WHERE s.id = settlement AND s.state = 'CREDITING' AND r.engine = 1 AND b.credited_at IS NULL
     ORDER BY b.number LIMIT 1 FOR NO KEY UPDATE OF b SKIP LOCKED;
    IF part.id IS NULL THEN RETURN NULL; END IF;
    SELECT d.* INTO draw FROM prizes_settlement s JOIN games_draw d ON d.id = s.draw_id WHERE s.id = settlement;
    SELECT s.wallet_up_to INTO up_to FROM prizes_settlement s WHERE s.id = settlement;
    prices := prizes_prices(draw.id);
    posting := 'prize:' || draw.code || ':' || part.number;

    WITH due AS MATERIALIZED (
        SELECT * FROM prizes_due(draw.id, part.first_owner, part.first_ticket, part.last_owner, part.last_ticket, prices)
    ), written AS (
        INSERT INTO prizes_prize (ticket_id, draw_id, owner_id, amount, won, route, entry_reference, settled_at)
        SELECT d.ticket_id, draw.id, d.owner_id, d.amount, d.won,
               CASE WHEN d.amount <= up_to THEN 'WALLET' ELSE 'CENTRE' END, posting, moment
          FROM due d ORDER BY d.owner_id, d.ticket_id
    )
    SELECT count(*) AS winners, sum(d.amount) AS amount,
           encode(sha256(convert_to(string_agg(prizes_winner_line(d.ticket, d.won, d.amount, d.owner_id), ''
                                               ORDER BY d.owner_id, d.ticket_id), 'UTF8')), 'hex') AS digest,
           jsonb_agg(jsonb_build_array('prizes:' || draw.code,
                     CASE WHEN d.amount <= up_to THEN 'winnings:' || d.player ELSE 'unclaimed:' || draw.code END, d.amount)
                     ORDER BY d.owner_id, d.ticket_id) AS moves
      INTO found FROM due d;
    IF (found.winners, found.amount, found.digest) IS DISTINCT FROM (part.winners::bigint, part.amount::numeric, part.digest::text) THEN
        RAISE EXCEPTION 'batch % of draw % is not what the engines found', part.number, draw.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_is_what_was_won';
    END IF;
    PERFORM finance_post(posting, 'PRIZE', found.moves);
    UPDATE prizes_batch b SET credited_at = moment WHERE b.id = part.id;
    RETURN part.id;
END $$;

REVOKE ALL ON FUNCTION prizes_choose(bigint, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_ways(bigint, bigint, bigint, bigint, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_winning(bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_prices(bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_amount_of_tiers(text, bigint[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_amount(text, bigint[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_due(bigint, bigint, bigint, bigint, bigint, bigint[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_winner_line(text, text, bigint, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_batches(bigint, bigint[], integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_won_lines(bigint, bigint, bigint, bigint[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_paid_lines(bigint, bigint, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_count(bigint, timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_credit(bigint, timestamptz) FROM PUBLIC;
"""
UNDO = """
DROP FUNCTION prizes_credit(bigint, timestamptz);
DROP FUNCTION prizes_count(bigint, timestamptz);
DROP TYPE prizes_lines;
DROP FUNCTION prizes_paid_lines(bigint, bigint, bigint);
DROP FUNCTION prizes_won_lines(bigint, bigint, bigint, bigint[]);
DROP FUNCTION prizes_batches(bigint, bigint[], integer);
DROP FUNCTION prizes_winner_line(text, text, bigint, bigint);
DROP FUNCTION prizes_due(bigint, bigint, bigint, bigint, bigint, bigint[]);
DROP FUNCTION prizes_amount(text, bigint[]);
DROP FUNCTION prizes_amount_of_tiers(text, bigint[]);
DROP FUNCTION prizes_prices(bigint);
DROP FUNCTION prizes_winning(bigint);
DROP FUNCTION prizes_ways(bigint, bigint, bigint, bigint, bigint);
DROP FUNCTION prizes_choose(bigint, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0004_engines"),
        ("finance", "0003_posting_rules"),
        ("games", "0002_draws_go_forward"),
        ("sales", "0002_selections"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
