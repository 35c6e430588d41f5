"""A part of an entry goes back to the very purses it came from, once per reference (F075).

What was paid for several things in one entry has a place for each of them; what is given back is one
place, to the fen, as `REFUND`. So a bonus becomes a bonus again and winnings become winnings.
"""

from django.db import migrations

SQL = """
-- What the seal of a draw divided comes back into its stakes when the draw is cancelled, as the same deed
-- turned round: statements, dues and the turnover by deed so count what was allocated in the end.
INSERT INTO finance_postingrule (entry_kind, source_kind, target_kind, rank) VALUES
    ('ALLOCATION', 'PRIZES', 'STAKES', NULL), ('ALLOCATION', 'FUND', 'STAKES', NULL),
    ('ALLOCATION', 'FEE', 'STAKES', NULL), ('ALLOCATION', 'WELFARE', 'STAKES', NULL);

CREATE FUNCTION finance_give_back(reference text, of_reference text, place integer, account text)
    RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
    moves jsonb;
    given bigint;
BEGIN
    SELECT jsonb_agg(jsonb_build_array(g.code, s.code, t.amount) ORDER BY t.id), sum(t.amount) INTO moves, given
      FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id AND t.position = place
      JOIN finance_account s ON s.id = t.source_id
      JOIN finance_account g ON g.id = t.target_id AND g.code = account
     WHERE e.reference = of_reference AND e.kind = 'PURCHASE';
    IF given IS NULL THEN
        RAISE EXCEPTION 'nothing was paid there'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'refund_of_what_was_paid';
    END IF;
    PERFORM finance_post(reference, 'REFUND', moves);
    RETURN given;
END $$;
REVOKE ALL ON FUNCTION finance_give_back(text, text, integer, text) FROM PUBLIC;
"""
UNDO = """
ALTER TABLE finance_postingrule DISABLE TRIGGER finance_postingrule_never_changes;
DELETE FROM finance_postingrule WHERE entry_kind = 'ALLOCATION' AND target_kind = 'STAKES';
ALTER TABLE finance_postingrule ENABLE ALWAYS TRIGGER finance_postingrule_never_changes;
DROP FUNCTION finance_give_back(text, text, integer, text);
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0022_agreed_entries")]
    operations = [migrations.RunSQL(SQL, UNDO)]
