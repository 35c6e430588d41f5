"""A chunk is counted once, and a draw is settled by its settlement (F067)."""

from django.db import migrations

SQL = """
CREATE FUNCTION prizes_chunk_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.counted_at IS NOT NULL
       OR (NEW.id, NEW.settlement_id, NEW.number, NEW.first_ticket, NEW.last_ticket)
          IS DISTINCT FROM (OLD.id, OLD.settlement_id, OLD.number, OLD.first_ticket, OLD.last_ticket) THEN
        RAISE EXCEPTION 'a chunk is counted once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'chunk_counted_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_chunk_goes_forward BEFORE UPDATE ON prizes_chunk
    FOR EACH ROW EXECUTE FUNCTION prizes_chunk_goes_forward();
ALTER TABLE prizes_chunk ENABLE ALWAYS TRIGGER prizes_chunk_goes_forward;

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
ALTER TABLE games_draw ENABLE ALWAYS TRIGGER prizes_draw_settled_by_settlement;
"""
UNDO = """
DROP FUNCTION prizes_draw_settled_by_settlement() CASCADE;
DROP FUNCTION prizes_chunk_goes_forward() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0002_prizes_stand"),
        ("games", "0002_draws_go_forward"),
        ("sales", "0003_no_ticket_for_a_closed_draw"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
