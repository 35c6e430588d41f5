"""Counting and crediting as sets: a chunk is one statement, a batch of prizes another (F067, F072).

Only these functions write hits and prizes. What they need they read for themselves: the numbers
from the result, plays and tiers from the approved sheet, the winners from the rows. A caller names
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

-- Whether drawn digits, in their order, are of a sort that the sheet names.
CREATE FUNCTION prizes_choice_holds(choice jsonb, digits bigint[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE choice->>'kind'
        WHEN 'sum_between' THEN sum(d) BETWEEN (choice->>'least')::bigint AND (choice->>'most')::bigint
        WHEN 'all_odd' THEN bool_and(d % 2 = 1)
        WHEN 'all_even' THEN bool_and(d % 2 = 0)
        WHEN 'all_same' THEN count(DISTINCT d) = 1
        WHEN 'run' THEN count(*) > 1 AND (bool_and(n = 1 OR d = digits[n - 1] + 1) OR bool_and(n = 1 OR d = digits[n - 1] - 1)) END
      FROM unnest(digits) WITH ORDINALITY x (d, n)
$$;

-- Step 2 of the sheet: the numbers of every fact of a result, by the code of the fact.
CREATE FUNCTION prizes_facts(rule jsonb, numbers jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    known jsonb := '{}';
    found jsonb;
    fact jsonb;
    digits bigint[];
BEGIN
    FOR n IN 0 .. jsonb_array_length(rule->'zones') - 1 LOOP
        known := known || jsonb_build_object(rule #>> ARRAY['zones', n::text, 'code'], numbers->n);
    END LOOP;
    FOR fact IN SELECT * FROM jsonb_array_elements(rule->'facts') LOOP
        digits := ARRAY(SELECT d::bigint FROM jsonb_array_elements_text(fact->'zones') WITH ORDINALITY z (code, n),
                               jsonb_array_elements_text(known->z.code) WITH ORDINALITY x (d, m) ORDER BY z.n, x.m);
        found := CASE fact->>'kind'
            WHEN 'times' THEN (SELECT coalesce(jsonb_agg(c.d), '[]') FROM (
                SELECT d FROM unnest(digits) d GROUP BY d HAVING count(*) = (fact->>'times')::bigint) c)
            WHEN 'sum' THEN (SELECT jsonb_build_array(sum(d)) FROM unnest(digits) d)
            WHEN 'choices' THEN (SELECT coalesce(jsonb_agg(c.n), '[]') FROM jsonb_array_elements(fact->'choices')
                WITH ORDINALITY c (choice, n) WHERE prizes_choice_holds(c.choice, digits)) END;
        IF found IS NULL THEN RAISE EXCEPTION 'a fact of kind %', fact->>'kind'; END IF;
        known := known || jsonb_build_object(fact->>'code', found);
    END LOOP;
    RETURN known;
END $$;

-- The numbers of a place that are in a fact, as they lie in two words.
CREATE FUNCTION prizes_laid(place jsonb, numbers jsonb, OUT word_1 bigint, OUT word_2 bigint) LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(bit_or(b.bit) FILTER (WHERE b.word = 1), 0), coalesce(bit_or(b.bit) FILTER (WHERE b.word = 2), 0)
      FROM (SELECT (place->>'word')::integer + i / (place->>'per_word')::integer AS word,
                   1::bigint << ((place->>'shift')::integer + i % (place->>'per_word')::integer) AS bit
              FROM (SELECT n::integer - (place->>'first')::integer AS i FROM jsonb_array_elements_text(numbers) n) x
             WHERE i BETWEEN 0 AND (place->>'size')::integer - 1) b
$$;

-- How the lines of a draw are counted, worked out of the approved sheet and the result. The hits of
-- all measures are one number, the index: hits of the first, and of the others times the weight of
-- theirs. For each bet type in `kinds`, at the same place:
--   base       where `outcomes` begin for its play: at base + index + 1 stands the tier that a line
--              with these hits wins, plus 1000 times the tier on top of it, or 0
--   size       how many outcomes there are
--   a .. d     single lines: index = weight_a x bits of a in the first word of picks, and so on; a, c
--              and d are of the first word, b is of the second
--   is_quick   whether that is enough; if not, single lines are counted as multiples are
--   first_group, last_group    in `groups`, for multiples: the numbers of each place, in groups that hit
--              the same. Four figures a group: how many numbers a line takes at the place (-1: one, or
--              none at all), its numbers in two words, and the index that one of them adds. The last
--              group of a place adds 0.
CREATE TYPE prizes_way AS (kinds text[], base integer[], size integer[], a bigint[], weight_a bigint[], b bigint[],
    weight_b bigint[], c bigint[], weight_c bigint[], d bigint[], weight_d bigint[], is_quick boolean[],
    first_group integer[], last_group integer[], groups bigint[], outcomes integer[], is_plain boolean, has_tops boolean);

CREATE FUNCTION prizes_way_of(rule jsonb, numbers jsonb, special_on boolean) RETURNS prizes_way LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    known jsonb := prizes_facts(rule, numbers);
    way prizes_way;
    play jsonb;
    place jsonb;
    looked jsonb;
    tier jsonb;
    matched jsonb;
    kinds text[];
    weights bigint[];
    weight bigint;
    most bigint;
    index bigint;
    target record;
    targets bigint[];
    words bigint[];
    first_words bigint[];
    first_weights bigint[];
    second_words bigint[];
    second_weights bigint[];
    parted bigint[];
    before bigint[];
    base integer;
    first_group integer;
    is_quick boolean;
    is_twice boolean;
BEGIN
    way.outcomes := '{}';
    way.groups := '{}';
    way.has_tops := false;
    FOR play IN SELECT * FROM jsonb_array_elements(rule->'plays') LOOP
        -- The weight of each measure: more than the hits of those before it can come to.
        weights := '{}';
        weight := 1;
        FOR looked IN SELECT * FROM jsonb_array_elements(play->'measures') LOOP
            weights := weights || weight;
            SELECT sum((p->>'picked')::bigint) INTO most FROM jsonb_array_elements(looked->'against') g
              JOIN jsonb_array_elements(play->'places') p ON p->>'code' = g->>'place';
            weight := weight * (most + 1);
        END LOOP;
        base := cardinality(way.outcomes);
        way.outcomes := way.outcomes || array_fill(0, ARRAY[weight::integer]);

        -- Which hits win what.
        FOR tier IN SELECT * FROM jsonb_array_elements(rule->'tiers') LOOP
            CONTINUE WHEN (tier->>'special_only')::boolean AND NOT special_on
                OR jsonb_array_length(tier->'plays') > 0 AND NOT tier->'plays' ? (play->>'code')
                OR jsonb_typeof(tier->'when') = 'object' AND NOT EXISTS (
                    SELECT FROM jsonb_array_elements(tier #> '{when,numbers}') n WHERE (known->(tier #>> '{when,fact}')) @> n);
            FOR matched IN SELECT * FROM jsonb_array_elements(tier->'matches') LOOP
                SELECT sum(h.hits::bigint * weights[h.n]) INTO index FROM jsonb_array_elements_text(matched) WITH ORDINALITY h (hits, n);
                index := base + index + 1;
                IF jsonb_typeof(tier->'on_top') = 'object' THEN
                    way.outcomes[index] := way.outcomes[index] + 1000 * (tier->>'number')::integer;
                    way.has_tops := true;
                ELSE
                    way.outcomes[index] := way.outcomes[index] + (tier->>'number')::integer;
                END IF;
            END LOOP;
        END LOOP;

        -- Single lines: the words of each measure against which picks are held. A number that a measure looks
        -- for in two facts counts once in each: bits do not say that.
        is_twice := false;
        first_words := '{}';
        first_weights := '{}';
        second_words := '{}';
        second_weights := '{}';
        FOR target IN
            SELECT weights[m.n] AS weight, bit_or(t.word_1) AS word_1, bit_or(t.word_2) AS word_2,
                   sum(bit_count(t.word_1::bit(64)) + bit_count(t.word_2::bit(64)))
                   > bit_count(bit_or(t.word_1)::bit(64)) + bit_count(bit_or(t.word_2)::bit(64)) AS is_twice
              FROM jsonb_array_elements(play->'measures') WITH ORDINALITY m (measure, n),
                   jsonb_array_elements(m.measure->'against') g
              JOIN jsonb_array_elements(play->'places') p ON p->>'code' = g->>'place',
                   prizes_laid(p, known->(g->>'fact')) t
             GROUP BY m.n ORDER BY m.n LOOP
            is_twice := is_twice OR target.is_twice;
            IF target.word_1 <> 0 THEN
                first_words := first_words || target.word_1;
                first_weights := first_weights || target.weight;
            END IF;
            IF target.word_2 <> 0 THEN
                second_words := second_words || target.word_2;
                second_weights := second_weights || target.weight;
            END IF;
        END LOOP;
        is_quick := cardinality(first_words) <= 3 AND cardinality(second_words) <= 1 AND NOT is_twice;

        -- Multiples: the numbers of each place in groups that hit the same.
        first_group := cardinality(way.groups) + 1;
        FOR place IN SELECT * FROM jsonb_array_elements(play->'places') LOOP
            SELECT ARRAY[l.word_1, l.word_2, 0] INTO parted
              FROM prizes_laid(place, (SELECT jsonb_agg(n) FROM generate_series((place->>'first')::integer,
                  (place->>'first')::integer + (place->>'size')::integer - 1) n)) l;
            FOR target IN
                SELECT weights[m.n] AS weight, t.word_1, t.word_2
                  FROM jsonb_array_elements(play->'measures') WITH ORDINALITY m (measure, n),
                       jsonb_array_elements(m.measure->'against') g, prizes_laid(place, known->(g->>'fact')) t
                 WHERE g->>'place' = place->>'code' LOOP
                before := parted;
                parted := '{}';
                FOR i IN 0 .. cardinality(before) / 3 - 1 LOOP
                    IF before[3 * i + 1] & target.word_1 <> 0 OR before[3 * i + 2] & target.word_2 <> 0 THEN
                        parted := parted || ARRAY[before[3 * i + 1] & target.word_1, before[3 * i + 2] & target.word_2,
                                                  before[3 * i + 3] + target.weight];
                    END IF;
                    parted := parted || ARRAY[before[3 * i + 1] & ~target.word_1, before[3 * i + 2] & ~target.word_2, before[3 * i + 3]];
                END LOOP;
            END LOOP;
            -- The group that hits nothing was always parted last.
            FOR i IN 0 .. cardinality(parted) / 3 - 1 LOOP
                CONTINUE WHEN parted[3 * i + 3] <> 0 AND parted[3 * i + 1] = 0 AND parted[3 * i + 2] = 0;
                way.groups := way.groups || ARRAY[
                    CASE WHEN play->>'filled' IS NULL THEN (place->>'picked')::bigint ELSE -1 END,
                    parted[3 * i + 1], parted[3 * i + 2], parted[3 * i + 3]];
            END LOOP;
        END LOOP;

        kinds := ARRAY(SELECT t->>'code' FROM jsonb_array_elements(rule->'bet_types') t WHERE t->>'play' = play->>'code');
        way.kinds := way.kinds || kinds;
        FOR i IN 1 .. cardinality(kinds) LOOP
            way.base := way.base || base;
            way.size := way.size || weight::integer;
            way.a := way.a || coalesce(first_words[1], 0);
            way.weight_a := way.weight_a || coalesce(first_weights[1], 0);
            way.b := way.b || coalesce(second_words[1], 0);
            way.weight_b := way.weight_b || coalesce(second_weights[1], 0);
            way.c := way.c || coalesce(first_words[2], 0);
            way.weight_c := way.weight_c || coalesce(first_weights[2], 0);
            way.d := way.d || coalesce(first_words[3], 0);
            way.weight_d := way.weight_d || coalesce(first_weights[3], 0);
            way.is_quick := way.is_quick || is_quick;
            way.first_group := way.first_group || first_group;
            way.last_group := way.last_group || (cardinality(way.groups) - 3);
        END LOOP;
    END LOOP;
    way.is_plain := jsonb_array_length(rule->'plays') = 1 AND way.is_quick[1] AND way.c[1] = 0;
    RETURN way;
END $$;

-- How many lines of a selection have which hits, by index, from `first` to `last` group of its play.
-- Each place gives terms: so many of its numbers in each group, in so many ways; places multiply.
CREATE FUNCTION prizes_spread(groups bigint[], first integer, last integer, size integer,
                              mask_1 bigint, mask_2 bigint, mask_3 bigint, mask_4 bigint)
    RETURNS bigint[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    lines bigint[] := array_fill(0::bigint, ARRAY[size]);
    lines_now bigint[];
    at integer := first;
    start bigint;
    joined bigint;
    chosen bigint;
    bankers bigint;
    picks bigint;
    -- The terms of a place: index, numbers still to be taken, ways.
    indices bigint[];
    lefts bigint[];
    ways bigint[];
    terms integer;
BEGIN
    lines[1] := 1;
    WHILE at <= last LOOP
        -- Bankers are in every line.
        start := 0;
        joined := groups[at];
        chosen := 0;
        FOR i IN at .. last BY 4 LOOP
            bankers := bit_count((mask_1 & groups[i + 1])::bit(64)) + bit_count((mask_3 & groups[i + 2])::bit(64));
            chosen := chosen + bankers + bit_count((mask_2 & groups[i + 1])::bit(64)) + bit_count((mask_4 & groups[i + 2])::bit(64));
            joined := joined - bankers;
            start := start + bankers * groups[i + 3];
            EXIT WHEN groups[i + 3] = 0;
        END LOOP;
        IF groups[at] = -1 THEN
            joined := least(chosen, 1);
        END IF;
        indices := ARRAY[start];
        lefts := ARRAY[joined];
        ways := ARRAY[1::bigint];
        terms := 1;
        WHILE groups[at + 3] <> 0 LOOP
            picks := bit_count((mask_2 & groups[at + 1])::bit(64)) + bit_count((mask_4 & groups[at + 2])::bit(64));
            IF picks > 0 THEN
                FOR i IN 1 .. terms LOOP
                    FOR taken IN 1 .. least(picks, lefts[i]) LOOP
                        indices := indices || (indices[i] + taken * groups[at + 3]);
                        lefts := lefts || (lefts[i] - taken);
                        ways := ways || (ways[i] * prizes_choose(picks, taken));
                    END LOOP;
                END LOOP;
                terms := cardinality(ways);
            END IF;
            at := at + 4;
        END LOOP;
        picks := bit_count((mask_2 & groups[at + 1])::bit(64)) + bit_count((mask_4 & groups[at + 2])::bit(64));
        at := at + 4;
        lines_now := array_fill(0::bigint, ARRAY[size]);
        FOR i IN 1 .. terms LOOP
            chosen := ways[i] * prizes_choose(picks, lefts[i]);
            CONTINUE WHEN chosen = 0;
            FOR n IN 1 .. size LOOP
                IF lines[n] <> 0 THEN
                    lines_now[n + indices[i]] := lines_now[n + indices[i]] + lines[n] * chosen;
                END IF;
            END LOOP;
        END LOOP;
        lines := lines_now;
    END LOOP;
    RETURN lines;
END $$;

-- What a line of each tier gets, with the tier as index.
CREATE FUNCTION prizes_prices(draw bigint) RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(o.prize ORDER BY n)
      FROM generate_series(1, (SELECT max(tier) FROM prizes_tieroutcome WHERE draw_id = draw)) n
      LEFT JOIN prizes_tieroutcome o ON o.draw_id = draw AND o.tier = n
$$;

-- `5:2,6:1`: two lines of the fifth prize and one of the sixth. Nearly all have won in one tier:
-- that is worked out in the query itself, without a call.
CREATE FUNCTION prizes_amount_of_tiers(won text, prices bigint[]) RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    part text;
    amount bigint := 0;
BEGIN
    FOREACH part IN ARRAY string_to_array(won, ',') LOOP
        amount := amount + prices[split_part(part, ':', 1)::integer] * split_part(part, ':', 2)::bigint;
    END LOOP;
    RETURN amount;
END $$;
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
-- Single lines, nearly everything that is sold, are a few bit counts and a look into an array; where
-- the game has one play of at most one measure a word, without looking at the bet type. Multiples and
-- bankers are counted combinatorially. Nothing is ever expanded into lines.
CREATE FUNCTION prizes_count(settlement bigint, moment timestamptz) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    part prizes_chunk;
    draw bigint;
    kinds text[];
    base integer[];
    size integer[];
    a bigint[];
    weight_a bigint[];
    b bigint[];
    weight_b bigint[];
    c bigint[];
    weight_c bigint[];
    d bigint[];
    weight_d bigint[];
    is_quick boolean[];
    first_group integer[];
    last_group integer[];
    groups bigint[];
    outcomes integer[];
    is_plain boolean;
    all_quick boolean;
    has_tops boolean;
    plain_a bigint;
    plain_weight_a bigint;
    plain_b bigint;
    plain_weight_b bigint;
BEGIN
    SELECT c.* INTO part FROM prizes_chunk c JOIN prizes_settlement s ON s.id = c.settlement_id
     WHERE c.settlement_id = settlement AND s.state = 'COUNTING' AND c.counted_at IS NULL
     ORDER BY c.number LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED;
    IF part.id IS NULL THEN RETURN NULL; END IF;
    SELECT d.id, w.* INTO draw, kinds, base, size, a, weight_a, b, weight_b, c, weight_c, d, weight_d, is_quick,
                          first_group, last_group, groups, outcomes, is_plain, has_tops
      FROM prizes_settlement s JOIN games_draw d ON d.id = s.draw_id
      JOIN games_result r ON r.draw_id = d.id JOIN games_rulesheet g ON g.id = d.rule_id,
           prizes_way_of(g.sheet::jsonb->'version', r.numbers, d.special_on) w
     WHERE s.id = settlement;
    all_quick := true = ALL (is_quick);
    plain_a := a[1];
    plain_weight_a := weight_a[1];
    plain_b := b[1];
    plain_weight_b := weight_b[1];

    -- One look at each row: 0 is nothing, -1 is not told so quickly.
    WITH picked AS MATERIALIZED (
        SELECT s.ticket_id, s.multiplier::bigint AS multiplier, s.bet_type, s.mask_1, s.mask_2, s.mask_3, s.mask_4,
               CASE WHEN s.lines = 1 AND s.mask_1 = 0 AND s.mask_3 = 0 THEN
                   outcomes[bit_count((s.mask_2 & plain_a)::bit(64)) * plain_weight_a
                            + bit_count((s.mask_4 & plain_b)::bit(64)) * plain_weight_b + 1] ELSE -1 END AS outcome
          FROM sales_selection s
         WHERE is_plain AND s.draw_id = draw AND s.ticket_id BETWEEN part.first_ticket AND part.last_ticket
           AND CASE WHEN s.lines = 1 AND s.mask_1 = 0 AND s.mask_3 = 0 THEN
                   outcomes[bit_count((s.mask_2 & plain_a)::bit(64)) * plain_weight_a
                            + bit_count((s.mask_4 & plain_b)::bit(64)) * plain_weight_b + 1] ELSE -1 END <> 0
        UNION ALL
        SELECT x.ticket_id, x.multiplier, x.bet_type, x.mask_1, x.mask_2, x.mask_3, x.mask_4, x.outcome
          FROM (SELECT k.*,
                       CASE WHEN k.lines = 1 AND k.mask_1 = 0 AND k.mask_3 = 0 AND (all_quick OR is_quick[k.kind]) THEN
                           outcomes[base[k.kind] + bit_count((k.mask_2 & a[k.kind])::bit(64)) * weight_a[k.kind]
                                    + bit_count((k.mask_4 & b[k.kind])::bit(64)) * weight_b[k.kind]
                                    + bit_count((k.mask_2 & c[k.kind])::bit(64)) * weight_c[k.kind]
                                    + bit_count((k.mask_2 & d[k.kind])::bit(64)) * weight_d[k.kind] + 1] ELSE -1 END AS outcome
                  FROM (SELECT s.ticket_id, s.multiplier::bigint AS multiplier, s.bet_type, s.lines,
                               s.mask_1, s.mask_2, s.mask_3, s.mask_4, array_position(kinds, s.bet_type::text) AS kind
                          FROM sales_selection s
                         WHERE NOT is_plain AND s.draw_id = draw
                           AND s.ticket_id BETWEEN part.first_ticket AND part.last_ticket OFFSET 0) k OFFSET 0) x
         WHERE x.outcome <> 0
    ), found AS MATERIALIZED (
        SELECT p.ticket_id, p.multiplier AS lines, p.outcome FROM picked p WHERE p.outcome > 0
        UNION ALL
        SELECT k.ticket_id, k.multiplier * h.lines, outcomes[base[k.kind] + h.n]
          FROM (SELECT p.*, array_position(kinds, p.bet_type::text) AS kind FROM picked p
                 WHERE p.outcome < 0 AND p.bet_type = ANY (kinds) OFFSET 0) k
         CROSS JOIN LATERAL unnest(prizes_spread(groups, first_group[k.kind], last_group[k.kind], size[k.kind],
                                                 k.mask_1, k.mask_2, k.mask_3, k.mask_4)) WITH ORDINALITY h (lines, n)
         WHERE h.lines > 0 AND outcomes[base[k.kind] + h.n] > 0
    ), won AS MATERIALIZED (
        SELECT f.ticket_id, f.tier, sum(f.lines)::bigint AS lines FROM (
            SELECT ticket_id, lines, outcome % 1000 AS tier FROM found
            UNION ALL
            SELECT ticket_id, lines, outcome / 1000 FROM found WHERE has_tops AND outcome >= 1000) f
         WHERE f.tier > 0 GROUP BY f.ticket_id, f.tier
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
-- the wallets, large ones are booked as not yet claimed; prizes and money are one transaction. Of a
-- prize that is worth nothing, for the pool was empty, there is nothing to be booked.
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
                     ORDER BY d.owner_id, d.ticket_id) FILTER (WHERE d.amount > 0) AS moves
      INTO found FROM due d;
    IF (found.winners, found.amount, found.digest) IS DISTINCT FROM (part.winners::bigint, part.amount::numeric, part.digest::text) THEN
        RAISE EXCEPTION 'batch % of draw % is not what the engines found', part.number, draw.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_is_what_was_won';
    END IF;
    IF found.moves IS NOT NULL THEN
        PERFORM finance_post(posting, 'PRIZE', found.moves);
    END IF;
    UPDATE prizes_batch b SET credited_at = moment WHERE b.id = part.id;
    RETURN part.id;
END $$;

REVOKE ALL ON FUNCTION prizes_choose(bigint, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_choice_holds(jsonb, bigint[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_facts(jsonb, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_laid(jsonb, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_way_of(jsonb, jsonb, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION prizes_spread(bigint[], integer, integer, integer, bigint, bigint, bigint, bigint) FROM PUBLIC;
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
DROP FUNCTION prizes_spread(bigint[], integer, integer, integer, bigint, bigint, bigint, bigint);
DROP FUNCTION prizes_way_of(jsonb, jsonb, boolean);
DROP TYPE prizes_way;
DROP FUNCTION prizes_laid(jsonb, jsonb);
DROP FUNCTION prizes_facts(jsonb, jsonb);
DROP FUNCTION prizes_choice_holds(jsonb, bigint[]);
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
