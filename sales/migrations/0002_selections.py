"""Selections: one partition a draw, made when the draw opens (D3)."""

from django.db import migrations

SQL = """
CREATE SEQUENCE sales_selection_id_seq AS bigint CACHE 50;
CREATE TABLE sales_selection (
    draw_id bigint NOT NULL,
    id bigint NOT NULL DEFAULT nextval('sales_selection_id_seq'),
    ticket_id bigint NOT NULL,
    position smallint NOT NULL,
    bet_type varchar(12) NOT NULL,
    lines integer NOT NULL,
    multiplier smallint NOT NULL,
    is_quick_pick boolean NOT NULL,
    amount bigint NOT NULL,
    mask_1 bigint NOT NULL,
    mask_2 bigint NOT NULL,
    mask_3 bigint NOT NULL,
    mask_4 bigint NOT NULL,
    PRIMARY KEY (draw_id, id),
    CONSTRAINT selection_multiplier_in_range CHECK (multiplier BETWEEN 1 AND 99),
    CONSTRAINT selection_has_lines CHECK (lines > 0),
    CONSTRAINT selection_amount_positive CHECK (amount > 0)
) PARTITION BY RANGE (draw_id);
-- With the draw in it, so that even without statistics it beats the primary key for a few tickets.
CREATE INDEX sales_selection_of_ticket ON sales_selection (ticket_id, draw_id, position);

-- A new partition is filled with its constraint first and attached after, which does not stop sales.
CREATE FUNCTION sales_make_partition(draw bigint) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE name text := 'sales_selection_d' || draw;
BEGIN
    PERFORM pg_advisory_xact_lock(draw_gate() + 1, 0);
    IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I (LIKE sales_selection INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)', name);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', name);
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT of_its_draw CHECK (draw_id >= %s AND draw_id < %s)', name, draw, draw + 1);
    EXECUTE format('ALTER TABLE sales_selection ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', name, draw, draw + 1);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT of_its_draw', name);
END $$;
REVOKE ALL ON FUNCTION sales_make_partition(bigint) FROM PUBLIC;
"""
UNDO = """
DROP FUNCTION sales_make_partition(bigint);
DROP TABLE sales_selection;
DROP SEQUENCE sales_selection_id_seq;
"""


class Migration(migrations.Migration):
    dependencies = [("sales", "0001_first_tables"), ("games", "0002_draws_go_forward")]
    operations = [migrations.RunSQL(SQL, UNDO)]
