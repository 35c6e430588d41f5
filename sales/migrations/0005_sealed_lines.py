"""The sealed format in SQL: the bytes of a ticket's line, one line or a whole block at a time.

Equal, byte for byte, to `sales.canonical`, which says what the bytes mean. Numbers are looked up,
not computed: for each of the eight bytes of a mask stand 256 slots of fixed width, and a slot says
which numbers the bits of that value are. Single lines of rules whose places are whole words are
nearly all that is sealed: they are looked up eleven bits at a time, in arrays of `name`, the one
type of text with a fixed width, whose elements are found without a walk.
"""

import django.db.models.deletion
from django.db import migrations, models

WIDTH = 24  # eight numbers of two digits, each after a comma
# Numbers from here on are looked up; any others are spelt one by one. Masks of a whole word begin
# with 1, digits with 0, and the second word of eighty numbers with 41.
FIRSTS = {1: 63, 0: 32, 41: 40}
DIGITS = 16  # a column of digits, with which there is less to look up


def slots(place, first):
    """What each value of the byte at `place` of a mask stands for, in slots filled up by spaces."""
    return b"".join(
        "".join(f",{8 * place + bit + first:02d}" for bit in range(8) if value >> bit & 1)
        .ljust(WIDTH)
        .encode()
        for value in range(256)
    ).hex()


def numbers(place, first=1):
    """The expression for the numbers in one byte of `mask`."""
    return (
        f"rtrim(substr('\\x{slots(place, first)}'::bytea,"
        f" (mask >> {8 * place} & 255)::integer * {WIDTH} + 1, {WIDTH}), '\\x20'::bytea)"
    )


def all_numbers(first, count):
    """The expression for the first `count` numbers of `mask`, each after a comma."""
    return " || ".join(numbers(place, first) for place in range(-(-count // 8)))


PART = 11  # bits of a single line that are looked up at once
OWN = (1 << PART) - 1
FIRST, SECOND = 36, 16  # the most numbers in the two places of such a line


def names(first, bits, before=","):
    """What each value of so many bits stands for, as an array: its numbers after `before`, if any."""
    slots = (
        ",".join(f"{first + bit:02d}" for bit in range(bits) if value >> bit & 1)
        for value in range(1 << bits)
    )
    spelt = ",".join(f'"{before}{slot}"' if slot else '""' for slot in slots)
    return f"('[0:{(1 << bits) - 1}]={{{spelt}}}'::name[])"


SQL = f"""
CREATE FUNCTION sales_numbers(mask bigint) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT substr({numbers(0)} || {numbers(1)} || CASE WHEN mask >> 16 = 0 THEN ''::bytea ELSE
        {numbers(2)} || {numbers(3)} || CASE WHEN mask >> 32 = 0 THEN ''::bytea ELSE
        {numbers(4)} || CASE WHEN mask >> 40 = 0 THEN ''::bytea ELSE
        {numbers(5)} || {numbers(6)} || {numbers(7)} END END END, 2)
$$;

-- Numbers from `first` on, each after a comma: one by one, and looked up where there is a table.
CREATE FUNCTION sales_numbers_each(first integer, mask bigint) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT string_agg(decode(',' || lpad((first + bit)::text, 2, '0'), 'escape'), ''::bytea ORDER BY bit)
      FROM generate_series(0, 62) bit WHERE mask >> bit & 1 = 1
$$;
CREATE FUNCTION sales_numbers_from(first integer, mask bigint) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN mask = 0 THEN ''::bytea
        WHEN first = 0 AND mask < {1 << DIGITS} THEN {all_numbers(0, DIGITS)}
        WHEN first = 0 AND mask < {1 << FIRSTS[0]} THEN {all_numbers(0, FIRSTS[0])}
        WHEN first = 1 THEN ','::bytea || sales_numbers(mask)
        WHEN first = 41 AND mask < {1 << FIRSTS[41]} THEN {all_numbers(41, FIRSTS[41])}
        ELSE sales_numbers_each(first, mask) END
$$;
"""  # noqa: S608 - tables made above
SQL += """
-- Bet type and numbers, place by place, where the places of a bet are more than whole words.
CREATE FUNCTION sales_places_text(layout games_layout, bet_type text, mask_1 bigint, mask_2 bigint, mask_3 bigint, mask_4 bigint)
    RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    parts integer[] := layout.parts;
    at integer := parts[array_position(layout.kinds, bet_type)];
    place integer;
    word integer;
    first integer;
    rest integer;
    own bigint;
    fixed bigint;
    chosen bigint;
    bankers bytea;
    picks bytea;
    spelt bytea := '';
BEGIN
    IF at IS NULL THEN RETURN bet_type || '|'; END IF;  -- no bet of this rule: a row that was altered
    FOR number IN 0 .. parts[at + 3] - 1 LOOP
        place := at + 4 + 6 * number;
        first := parts[place + 3];
        rest := parts[place + 4];
        IF number > 0 THEN spelt := spelt || '+'::bytea; END IF;
        IF mask_1 = 0 AND mask_3 = 0 AND rest <= parts[place + 2] THEN
            chosen := CASE parts[place] WHEN 1 THEN mask_2 ELSE mask_4 END >> parts[place + 1]
                & (9223372036854775807 >> (63 - rest));
            spelt := spelt || substr(sales_numbers_from(first, chosen), 2);
            CONTINUE;
        END IF;
        word := parts[place];
        bankers := '';
        picks := '';
        WHILE rest > 0 LOOP
            own := 9223372036854775807 >> (63 - least(rest, parts[place + 2]));
            fixed := CASE word WHEN 1 THEN mask_1 ELSE mask_3 END >> parts[place + 1] & own;
            chosen := CASE word WHEN 1 THEN mask_2 ELSE mask_4 END >> parts[place + 1] & own;
            IF fixed <> 0 THEN bankers := bankers || sales_numbers_from(first, fixed); END IF;
            picks := picks || sales_numbers_from(first, chosen);
            rest := rest - parts[place + 2];
            first := first + parts[place + 2];
            word := word + 1;
        END LOOP;
        spelt := spelt
            || CASE bankers WHEN ''::bytea THEN ''::bytea ELSE substr(bankers, 2) || '#'::bytea END || substr(picks, 2);
    END LOOP;
    RETURN bet_type || '|' || encode(spelt, 'escape');
END $$;

-- The numbers of a bet whose places are whole words.
CREATE FUNCTION sales_words_text(mask_1 bigint, mask_2 bigint, mask_3 bigint, mask_4 bigint)
    RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT encode(CASE WHEN mask_1 = 0 THEN ''::bytea ELSE sales_numbers(mask_1) || '#'::bytea END
        || sales_numbers(mask_2)
        || CASE WHEN mask_3 = 0 AND mask_4 = 0 THEN ''::bytea ELSE '+'::bytea
             || CASE WHEN mask_3 = 0 THEN ''::bytea ELSE sales_numbers(mask_3) || '#'::bytea END
             || sales_numbers(mask_4) END, 'escape')
$$;
CREATE FUNCTION sales_selection_end(multiplier integer, is_quick_pick boolean)
    RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE multiplier WHEN 1 THEN CASE WHEN is_quick_pick THEN '|x1|quick' ELSE '|x1|own' END
                ELSE '|x' || multiplier::text || CASE WHEN is_quick_pick THEN '|quick' ELSE '|own' END END
$$;

-- A selection. `unlike_plain` is the layout of a rule whose places are more than whole words, else
-- NULL: then one word is one place, and the numbers are looked up in it without a call.
CREATE FUNCTION sales_selection_text(bet_type text, unlike_plain games_layout, mask_1 bigint, mask_2 bigint,
        mask_3 bigint, mask_4 bigint, multiplier integer, is_quick_pick boolean)
    RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT convert_to(coalesce(sales_places_text(unlike_plain, bet_type, mask_1, mask_2, mask_3, mask_4),
                               bet_type || '|' || sales_words_text(mask_1, mask_2, mask_3, mask_4))
                      || sales_selection_end(multiplier, is_quick_pick), 'UTF8')
$$;
"""
# `sales_selections_text` is the same for who spells many: plans are larger, and each selection is
# spelt in a third of the time. Whatever is not a plain single line goes the way of all others.
SQL += f"""
CREATE FUNCTION sales_selections_text(bet_type text, unlike_plain games_layout, mask_1 bigint, mask_2 bigint,
        mask_3 bigint, mask_4 bigint, multiplier integer, is_quick_pick boolean)
    RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(sales_places_text(unlike_plain, bet_type, mask_1, mask_2, mask_3, mask_4),
        CASE WHEN bet_type = 'single' AND mask_1 = 0 AND mask_3 = 0
                  AND mask_2 BETWEEN 0 AND {(1 << FIRST) - 1} AND mask_2 & {OWN} <> 0
                  AND mask_4 BETWEEN 0 AND {(1 << SECOND) - 1} AND (mask_4 <= {OWN} OR mask_4 & {OWN} = 0) THEN
                {names(1, PART, before="single|")}[(mask_2 & {OWN})::integer]::text
             || {names(1 + PART, PART)}[(mask_2 >> {PART} & {OWN})::integer]::text
             || {names(1 + 2 * PART, PART)}[(mask_2 >> {2 * PART} & {OWN})::integer]::text
             || CASE WHEN mask_2 >> {3 * PART} = 0 THEN ''
                     ELSE {names(1 + 3 * PART, FIRST - 3 * PART)}[(mask_2 >> {3 * PART})::integer]::text END
             || CASE WHEN mask_4 = 0 THEN ''
                     WHEN mask_4 <= {OWN} THEN {names(1, PART, before="+")}[mask_4::integer]::text
                     ELSE {names(1 + PART, SECOND - PART, before="+")}[(mask_4 >> {PART})::integer]::text END
             ELSE bet_type || '|' || sales_words_text(mask_1, mask_2, mask_3, mask_4) END)
        || sales_selection_end(multiplier, is_quick_pick)
$$;
"""
SQL += """
-- A line but for its selections. The microseconds of a moment are exact in a double for 2^32 seconds,
-- and many times as fast as in a number.
CREATE FUNCTION sales_head_text(format_version integer, draw text, ticket text, player text, price bigint,
        channel text, sold_at timestamptz, salt bytea)
    RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT format_version || E'\\t' || draw || E'\\t' || ticket || E'\\t'
        || encode(substr(sha256(convert_to('owner/1 ' || draw || ' ' || player, 'UTF8')), 1, 16), 'hex')
        || E'\\t' || price || E'\\t' || channel || E'\\t'
        || CASE WHEN sold_at < '2106-01-01T00:00Z' AND sold_at > '1970-01-01T00:00Z' THEN (date_part('epoch', sold_at) * 1000000)::bigint
                ELSE (extract(epoch FROM sold_at) * 1000000)::bigint END || E'\\t' || encode(salt, 'hex') || E'\\t'
$$;
CREATE FUNCTION sales_line_head(format_version integer, draw text, ticket text, player text, price bigint,
        channel text, sold_at timestamptz, salt bytea)
    RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT convert_to(sales_head_text(format_version, draw, ticket, player, price, channel, sold_at, salt), 'UTF8')
$$;

CREATE FUNCTION sales_unlike_plain(layout games_layout) RETURNS games_layout LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN layout.plain > 0 THEN NULL ELSE layout END
$$;

-- How the places of a draw's bets lie, where they are more than whole words; else NULL.
CREATE FUNCTION sales_zones(draw bigint) RETURNS games_layout LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sales_unlike_plain(r.layout) FROM games_draw d JOIN games_rulesheet r ON r.id = d.rule_id WHERE d.id = draw
$$;

-- The line of one ticket; NULL when there is no such ticket or its selections are gone.
CREATE FUNCTION sales_ticket_line(ticket bigint) RETURNS bytea LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = public, pg_temp AS $$
DECLARE
    its record;
    picks bytea;
BEGIN
    SELECT t.draw_id, sales_line_head(t.format_version, d.code, t.code, p.code, t.price, t.channel, t.sold_at, t.salt) AS head
      INTO its FROM sales_ticket t JOIN games_draw d ON d.id = t.draw_id JOIN accounts_player p ON p.id = t.owner_id
     WHERE t.id = ticket;
    SELECT string_agg(sales_selection_text(s.bet_type, z.zones, s.mask_1, s.mask_2, s.mask_3, s.mask_4, s.multiplier, s.is_quick_pick),
                      ' '::bytea ORDER BY s.position)
      INTO picks FROM (SELECT sales_zones(its.draw_id) AS zones OFFSET 0) z, sales_selection s
     WHERE s.draw_id = its.draw_id AND s.ticket_id = ticket;
    RETURN its.head || picks;
END $$;

-- The lines of a draw's tickets between two ids, both included, in the order of the sealed file.
CREATE FUNCTION sales_sealed_lines(draw bigint, first_ticket bigint, last_ticket bigint)
    RETURNS TABLE (ticket_id bigint, code varchar, price bigint, lines integer, line bytea)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 16384 AS $$
    SELECT t.id, t.code, t.price, t.lines,
           convert_to(sales_head_text(t.format_version, d.code, t.code,
               (SELECT p.code FROM accounts_player p WHERE p.id = t.owner_id), t.price, t.channel, t.sold_at, t.salt)
               || picked.texts, 'UTF8')
      FROM sales_ticket t
      JOIN games_draw d ON d.id = t.draw_id
      LEFT JOIN (SELECT s.ticket_id AS id,
                        string_agg(sales_selections_text(s.bet_type, (SELECT sales_zones(draw)), s.mask_1, s.mask_2, s.mask_3, s.mask_4,
                                                         s.multiplier, s.is_quick_pick), ' ' ORDER BY s.position) AS texts
                   FROM sales_selection s
                  WHERE s.draw_id = draw AND s.ticket_id BETWEEN first_ticket AND last_ticket
                  GROUP BY s.ticket_id) picked ON picked.id = t.id
     WHERE t.draw_id = draw AND t.id BETWEEN first_ticket AND last_ticket
     ORDER BY t.id
$$;

-- A block of them as it lies in the file (left out for who only compares), and the hashes under which
-- its lines stand in the tree.
-- A draw of today has no statistics: without these settings its rows would be taken for a few.
CREATE FUNCTION sales_sealed_block(draw bigint, first_ticket bigint, last_ticket bigint, with_content boolean)
    RETURNS TABLE (tickets bigint, lines bigint, stake bigint, content bytea, leaves bytea)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = public, pg_temp SET work_mem = '32MB' SET jit = off SET enable_nestloop = off
    SET enable_seqscan = off SET enable_bitmapscan = off SET max_parallel_workers_per_gather = 0 AS $$
BEGIN
    RETURN QUERY
    SELECT count(*), sum(s.lines)::bigint, sum(s.price)::bigint,
           string_agg(s.line || '\\x0a'::bytea, ''::bytea) FILTER (WHERE with_content),
           string_agg(sha256('\\x00'::bytea || s.line), ''::bytea)
      FROM sales_sealed_lines(draw, first_ticket, last_ticket) s;
END $$;
"""
NAMES = [
    "sales_sealed_block(bigint, bigint, bigint, boolean)",
    "sales_sealed_lines(bigint, bigint, bigint)",
    "sales_ticket_line(bigint)",
    "sales_zones(bigint)",
    "sales_line_head(integer, text, text, text, bigint, text, timestamptz, bytea)",
    "sales_head_text(integer, text, text, text, bigint, text, timestamptz, bytea)",
    "sales_unlike_plain(games_layout)",
    "sales_selection_text(text, games_layout, bigint, bigint, bigint, bigint, integer, boolean)",
    "sales_selections_text(text, games_layout, bigint, bigint, bigint, bigint, integer, boolean)",
    "sales_selection_end(integer, boolean)",
    "sales_words_text(bigint, bigint, bigint, bigint)",
    "sales_places_text(games_layout, text, bigint, bigint, bigint, bigint)",
    "sales_numbers_from(integer, bigint)",
    "sales_numbers_each(integer, bigint)",
    "sales_numbers(bigint)",
]
SQL += "".join(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC;\n" for name in NAMES)
SQL += """
CREATE TRIGGER sales_sealblock_never_changes BEFORE UPDATE OR DELETE ON sales_sealblock
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE sales_sealblock ENABLE ALWAYS TRIGGER sales_sealblock_never_changes;
"""
UNDO = "DROP TRIGGER sales_sealblock_never_changes ON sales_sealblock;\n" + "".join(
    f"DROP FUNCTION {name};\n" for name in NAMES
)


class Migration(migrations.Migration):
    dependencies = [("sales", "0004_sell"), ("games", "0005_published_before_the_draw")]
    operations = [
        migrations.CreateModel(
            name="SealBlock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.IntegerField(verbose_name="number")),
                ("first_serial", models.BigIntegerField(verbose_name="first serial")),
                ("tickets", models.IntegerField(verbose_name="tickets")),
                ("first_ticket", models.BigIntegerField(verbose_name="first ticket")),
                ("last_ticket", models.BigIntegerField(verbose_name="last ticket")),
                ("root", models.CharField(max_length=64, verbose_name="root")),
                (
                    "draw",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="games.draw",
                        verbose_name="draw",
                    ),
                ),
            ],
            options={
                "verbose_name": "block of a sealed file",
                "verbose_name_plural": "blocks of sealed files",
                "constraints": [
                    models.UniqueConstraint(fields=("draw", "number"), name="seal_block_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("first_serial__gt", 0),
                            ("first_ticket__lte", models.F("last_ticket")),
                            ("number__gte", 0),
                            ("tickets__gt", 0),
                        ),
                        name="seal_block_in_order",
                    ),
                ],
            },
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
