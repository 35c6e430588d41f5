"""The sealed format in SQL: the bytes of a ticket's line, one line or a whole block at a time.

Equal, byte for byte, to `sales.canonical`, which says what the bytes mean. Numbers are looked up,
not computed: for each of the eight bytes of a mask stand 256 slots of fixed width, and a slot says
which numbers the bits of that value are.
"""

import django.db.models.deletion
from django.db import migrations, models

WIDTH = 24  # eight numbers of two digits, each after a comma


def slots(place):
    """What each value of the byte at `place` of a mask stands for, in slots filled up by spaces."""
    return b"".join(
        "".join(f",{8 * place + bit + 1:02d}" for bit in range(8) if value >> bit & 1)
        .ljust(WIDTH)
        .encode()
        for value in range(256)
    ).hex()


def numbers(place):
    """The expression for the numbers in one byte of `mask`."""
    return (
        f"rtrim(substr('\\x{slots(place)}'::bytea,"
        f" (mask >> {8 * place} & 255)::integer * {WIDTH} + 1, {WIDTH}), '\\x20'::bytea)"
    )


SQL = f"""
CREATE FUNCTION sales_numbers(mask bigint) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT substr({numbers(0)} || {numbers(1)} || CASE WHEN mask >> 16 = 0 THEN ''::bytea ELSE
        {numbers(2)} || {numbers(3)} || CASE WHEN mask >> 32 = 0 THEN ''::bytea ELSE
        {numbers(4)} || CASE WHEN mask >> 40 = 0 THEN ''::bytea ELSE
        {numbers(5)} || {numbers(6)} || {numbers(7)} END END END, 2)
$$;
"""
SQL += """
CREATE FUNCTION sales_selection_text(bet_type text, zones integer, mask_1 bigint, mask_2 bigint,
        mask_3 bigint, mask_4 bigint, multiplier integer, is_quick_pick boolean)
    RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE bet_type WHEN 'single' THEN 'single|'::bytea ELSE decode(bet_type || '|', 'escape') END
        || CASE WHEN mask_1 = 0 THEN ''::bytea ELSE sales_numbers(mask_1) || '#'::bytea END
        || sales_numbers(mask_2)
        || CASE WHEN zones < 2 THEN ''::bytea ELSE '+'::bytea
             || CASE WHEN mask_3 = 0 THEN ''::bytea ELSE sales_numbers(mask_3) || '#'::bytea END
             || sales_numbers(mask_4) END
        || CASE multiplier WHEN 1 THEN '|x1'::bytea ELSE decode('|x' || multiplier::text, 'escape') END
        || CASE WHEN is_quick_pick THEN '|quick'::bytea ELSE '|own'::bytea END
$$;

-- A line but for its selections. What is joined here is plain ASCII without backslashes.
CREATE FUNCTION sales_line_head(format_version integer, draw text, ticket text, player text, price bigint,
        channel text, sold_at timestamptz, salt bytea)
    RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT decode(format_version || E'\\t' || draw || E'\\t' || ticket || E'\\t'
        || encode(substr(sha256(decode('owner/1 ' || draw || ' ' || player, 'escape')), 1, 16), 'hex')
        || E'\\t' || price || E'\\t' || channel || E'\\t'
        || (extract(epoch FROM sold_at) * 1000000)::bigint || E'\\t' || encode(salt, 'hex') || E'\\t', 'escape')
$$;

-- How many zones the rule of a draw has.
CREATE FUNCTION sales_zones(draw bigint) RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_array_length(r.sheet::jsonb #> '{version,zones}')
      FROM games_draw d JOIN games_rulesheet r ON r.id = d.rule_id WHERE d.id = draw
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
           sales_line_head(t.format_version, d.code, t.code,
               (SELECT p.code FROM accounts_player p WHERE p.id = t.owner_id), t.price, t.channel, t.sold_at, t.salt) || picked.texts
      FROM sales_ticket t
      JOIN games_draw d ON d.id = t.draw_id
      LEFT JOIN (SELECT s.ticket_id AS id,
                        string_agg(sales_selection_text(s.bet_type, (SELECT sales_zones(draw)), s.mask_1, s.mask_2, s.mask_3, s.mask_4,
                                                        s.multiplier, s.is_quick_pick), ' '::bytea ORDER BY s.position) AS texts
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
    SET enable_seqscan = off SET max_parallel_workers_per_gather = 0 AS $$
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
    "sales_selection_text(text, integer, bigint, bigint, bigint, bigint, integer, boolean)",
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
