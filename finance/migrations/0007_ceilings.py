"""Ceilings of a player's flows are kept by the books themselves, on every path (N14)."""

from django.db import migrations

SQL = """
CREATE TRIGGER finance_ceiling_never_changes BEFORE UPDATE OR DELETE ON finance_ceiling
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE finance_ceiling ENABLE ALWAYS TRIGGER finance_ceiling_never_changes;

CREATE FUNCTION finance_span_begins(span text, day date) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT date_trunc(lower(span), day::timestamp)::date
$$;

-- What an entry moves of each flow of each player. Stakes and losses fall again when a stake comes
-- back or a prize is paid; what was brought in counts for good.
CREATE FUNCTION finance_flows_of(entry bigint) RETURNS TABLE (player text, flow text, fen bigint) LANGUAGE sql STABLE
    SET search_path = public, pg_temp AS $$
    SELECT x.player, f.flow, sum(f.sign * x.amount)::bigint
      FROM (SELECT e.kind, t.amount,
                   CASE WHEN y.is_players THEN substr(s.code, strpos(s.code, ':') + 1)
                        ELSE substr(g.code, strpos(g.code, ':') + 1) END AS player,
                   y.is_players OR z.is_players AS is_players
              FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id
              JOIN finance_account s ON s.id = t.source_id JOIN finance_accounttype y ON y.kind = s.kind
              JOIN finance_account g ON g.id = t.target_id JOIN finance_accounttype z ON z.kind = g.kind
             WHERE e.id = $1) x
      JOIN (VALUES ('DEPOSIT', 'DEPOSIT', 1), ('PURCHASE', 'STAKE', 1), ('PURCHASE', 'LOSS', 1),
                   ('REFUND', 'STAKE', -1), ('REFUND', 'LOSS', -1), ('PRIZE', 'LOSS', -1)) f (kind, flow, sign)
        ON f.kind = x.kind
     WHERE x.is_players GROUP BY x.player, f.flow
$$;
REVOKE ALL ON FUNCTION finance_flows_of(bigint) FROM PUBLIC;

-- The purses of these players are locked by the entry, so one at a time counts here. Whatever falls
-- is never refused, even where a ceiling was lowered below what is used up.
CREATE FUNCTION finance_count_flows(entry bigint) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO finance_flow AS w (player_code, flow, span, begins_on, total, ceiling)
    SELECT f.player, f.flow, c.span, finance_span_begins(c.span, e.booked_on), f.fen,
           CASE WHEN f.fen > 0 THEN c.fen END
      FROM finance_entry e CROSS JOIN finance_flows_of(entry) f
     CROSS JOIN LATERAL (
        SELECT k.span, (array_agg(k.fen ORDER BY k.valid_from DESC, k.id DESC) FILTER (WHERE k.valid_from <= e.posted_at))[1] AS fen
          FROM finance_ceiling k WHERE k.player_code = f.player AND k.flow = f.flow GROUP BY k.span) c
     WHERE e.id = entry
     ORDER BY f.player, f.flow, c.span
    ON CONFLICT ON CONSTRAINT flow_once DO UPDATE SET total = w.total + EXCLUDED.total,
        ceiling = CASE WHEN EXCLUDED.total > 0 THEN EXCLUDED.ceiling END;
END $$;
REVOKE ALL ON FUNCTION finance_count_flows(bigint) FROM PUBLIC;

-- Set a ceiling from a moment on (NULL fen: none any more); what went through in the span that runs is
-- counted at once, so that a ceiling binds from its first moment.
CREATE FUNCTION finance_set_ceiling(player text, flow text, span text, fen bigint, valid_from timestamptz)
    RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    pk bigint;
    first_day date;
BEGIN
    PERFORM 1 FROM finance_account a
      WHERE a.code IN ('bonus:' || player, 'wallet:' || player, 'winnings:' || player)
      ORDER BY a.code FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no wallet of %', player
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ceiling_of_a_known_player';
    END IF;
    first_day := finance_span_begins($3, (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date);
    INSERT INTO finance_ceiling AS c (player_code, flow, span, fen, valid_from, set_at)
    VALUES ($1, $2, $3, $4, $5, clock_timestamp()) RETURNING c.id INTO pk;
    INSERT INTO finance_flow AS w (player_code, flow, span, begins_on, total, ceiling)
    SELECT $1, $2, $3, first_day, coalesce(sum(f.fen), 0), NULL
      FROM (SELECT DISTINCT t.entry_id FROM finance_account a JOIN finance_transfer t ON t.source_id = a.id OR t.target_id = a.id
             WHERE a.code IN ('bonus:' || player, 'wallet:' || player, 'winnings:' || player)
               AND t.posted_at >= first_day::timestamp AT TIME ZONE 'Asia/Shanghai') m
     CROSS JOIN LATERAL finance_flows_of(m.entry_id) f WHERE f.player = $1 AND f.flow = $2
    ON CONFLICT ON CONSTRAINT flow_once DO UPDATE SET total = EXCLUDED.total, ceiling = NULL;
    RETURN pk;
END $$;
REVOKE ALL ON FUNCTION finance_set_ceiling(text, text, text, bigint, timestamptz) FROM PUBLIC;
"""
UNDO = """
DROP FUNCTION finance_set_ceiling(text, text, text, bigint, timestamptz);
DROP FUNCTION finance_count_flows(bigint);
DROP FUNCTION finance_flows_of(bigint);
DROP FUNCTION finance_span_begins(text, date);
DROP TRIGGER finance_ceiling_never_changes ON finance_ceiling;
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0006_days_and_periods")]
    operations = [migrations.RunSQL(SQL, UNDO)]
