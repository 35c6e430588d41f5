"""A settlement goes forward; a draw is settled by it, and a prize is what its ticket won (F067)."""

from django.db import migrations

SQL = """
CREATE FUNCTION prizes_settlement_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('HALTED', 'COUNTING'), ('COUNTING', 'CREDITING'), ('CREDITING', 'DONE')
    ) THEN
        RAISE EXCEPTION 'a settlement goes forward, not from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_goes_forward';
    END IF;
    IF NEW.state = 'CREDITING' AND OLD.state <> 'CREDITING' AND (
        (SELECT count(*) FROM prizes_chunk c WHERE c.settlement_id = NEW.id AND c.counted_at IS NOT NULL) <> NEW.chunks
        OR NOT EXISTS (SELECT 1 FROM prizes_prizesheet s WHERE s.draw_id = NEW.draw_id)
    ) THEN
        RAISE EXCEPTION 'every chunk is counted before the draw is priced'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_priced_when_counted';
    END IF;
    IF NEW.state = 'DONE' AND OLD.state <> 'DONE' AND (
        (SELECT count(*) FROM prizes_chunk c WHERE c.settlement_id = NEW.id AND c.credited_at IS NOT NULL) <> NEW.chunks
        OR (SELECT coalesce(sum(p.amount), 0) FROM prizes_prize p WHERE p.draw_id = NEW.draw_id)
           <> (SELECT coalesce(sum(t.winners * t.prize), 0) FROM prizes_tieroutcome t WHERE t.draw_id = NEW.draw_id)
    ) THEN
        RAISE EXCEPTION 'the prizes of a draw are what its tiers pay'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_done_when_credited';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_settlement_goes_forward BEFORE UPDATE ON prizes_settlement
    FOR EACH ROW EXECUTE FUNCTION prizes_settlement_goes_forward();

CREATE FUNCTION prizes_chunk_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.counted_at IS NOT NULL
       AND (NEW.counted_at, NEW.winners) IS DISTINCT FROM (OLD.counted_at, OLD.winners)
       OR OLD.credited_at IS NOT NULL AND NEW.credited_at IS DISTINCT FROM OLD.credited_at THEN
        RAISE EXCEPTION 'a chunk is counted once and credited once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'chunk_counted_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_chunk_goes_forward BEFORE UPDATE ON prizes_chunk
    FOR EACH ROW EXECUTE FUNCTION prizes_chunk_goes_forward();

-- Set by set, so that a chunk of prizes costs one look.
CREATE FUNCTION prizes_prize_is_what_was_won() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM written p
          LEFT JOIN prizes_hit h ON h.ticket_id = p.ticket_id
          LEFT JOIN sales_ticket t ON t.id = p.ticket_id
         WHERE (h.draw_id, t.draw_id, t.owner_id) IS DISTINCT FROM (p.draw_id, p.draw_id, p.owner_id)
            OR p.amount IS DISTINCT FROM (
            SELECT sum(won.value::bigint * o.prize) FROM jsonb_each_text(h.tiers) won
              JOIN prizes_tieroutcome o ON o.draw_id = p.draw_id AND o.tier = won.key::integer)
    ) THEN
        RAISE EXCEPTION 'a prize is what its ticket won'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_is_what_was_won';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER prizes_prize_is_what_was_won AFTER INSERT ON prizes_prize
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION prizes_prize_is_what_was_won();

CREATE FUNCTION prizes_draw_settled_by_settlement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM prizes_settlement s WHERE s.draw_id = NEW.id AND s.state = 'DONE') THEN
        RAISE EXCEPTION 'the settlement is not done'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_settled_by_settlement';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_draw_settled_by_settlement BEFORE UPDATE OF state ON games_draw
    FOR EACH ROW WHEN (NEW.state = 'SETTLED' AND OLD.state <> 'SETTLED')
    EXECUTE FUNCTION prizes_draw_settled_by_settlement();
"""
UNDO = """
DROP FUNCTION prizes_draw_settled_by_settlement() CASCADE;
DROP FUNCTION prizes_prize_is_what_was_won() CASCADE;
DROP FUNCTION prizes_chunk_goes_forward() CASCADE;
DROP FUNCTION prizes_settlement_goes_forward() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0002_prizes_stand"),
        ("games", "0002_draws_go_forward"),
        ("sales", "0003_no_ticket_for_a_closed_draw"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
