"""Approvals are used once; evidence of an opening proves it; cases are settled by others; nothing without end.

What one winner may add, take back and book has a bound, so that nobody fills the files of the house or the
telephone of a centre by going round in circles (F077, F083, F085, F088, F089, F097, F150).
"""

from django.db import migrations, models

BOUNDS = {"PAPERS": "12", "OF_A_PRIZE": "36", "TAKEN_BACK": "10", "BOOKED": "10"}
SQL = """
-- A paper is added by its winner or by staff while its claim is open, says truly when, and the winner's own have an
-- end: those of the claim, and those of all claims of its prize.
CREATE OR REPLACE FUNCTION prizes_paper_of_an_open_claim() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    c prizes_claim;
    is_his boolean;
BEGIN
    PERFORM prizes_lock_claim(NEW.claim_id);
    SELECT * INTO c FROM prizes_claim x WHERE x.id = NEW.claim_id AND x.state NOT IN ('ARCHIVED', 'RECOVERED', 'WITHDRAWN');
    IF c.id IS NULL THEN PERFORM prizes_refuse('claim_paper_of_an_open_claim'); END IF;
    is_his := EXISTS (SELECT FROM accounts_player y WHERE y.id = c.owner_id AND y.user_id = NEW.added_by_id);
    IF NOT is_his AND NOT EXISTS (SELECT FROM accounts_staffmember m WHERE m.user_id = NEW.added_by_id) THEN
        PERFORM prizes_refuse('claim_paper_by_who_may');
    END IF;
    IF is_his AND NEW.kind IN ('IDENTITY', 'PERSON') THEN
        IF (SELECT count(*) FROM prizes_claimpaper a WHERE a.claim_id = c.id AND a.added_by_id = NEW.added_by_id
               AND a.kind IN ('IDENTITY', 'PERSON')) >= @@PAPERS@@ THEN
            PERFORM prizes_refuse('claim_papers_have_an_end');
        END IF;
        IF (SELECT count(*) FROM prizes_claimpaper a JOIN prizes_claim x ON x.id = a.claim_id
             WHERE x.prize_id = c.prize_id AND a.added_by_id = NEW.added_by_id
               AND a.kind IN ('IDENTITY', 'PERSON')) >= @@OF_A_PRIZE@@ THEN
            PERFORM prizes_refuse('prize_papers_have_an_end');
        END IF;
    END IF;
    NEW.added_at := clock_timestamp();
    RETURN NEW;
END $$;

-- Whoever took back so many claims of his prize opens the next one with somebody of the house.
CREATE FUNCTION prizes_claim_not_without_end() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts_player y WHERE y.id = NEW.owner_id AND y.user_id = NEW.opened_by_id)
       AND (SELECT count(*) FROM prizes_claim c WHERE c.prize_id = NEW.prize_id AND c.state = 'WITHDRAWN'
               AND c.opened_by_id = NEW.opened_by_id) >= @@TAKEN_BACK@@ THEN
        PERFORM prizes_refuse('claim_not_without_end');
    END IF;
    RETURN NEW;
END $$;

-- Each booking is told by mail and telephone: so many a day by the owner of a prize himself.
CREATE FUNCTION prizes_appointment_not_without_end() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM prizes_prize p JOIN accounts_player y ON y.id = p.owner_id
                WHERE p.id = NEW.prize_id AND y.user_id = NEW.booked_by_id)
       AND (SELECT count(*) FROM prizes_appointment a WHERE a.prize_id = NEW.prize_id AND a.booked_by_id = NEW.booked_by_id
               AND (a.booked_at AT TIME ZONE 'Asia/Shanghai')::date = prizes_today()) >= @@BOOKED@@ THEN
        PERFORM prizes_refuse('appointment_not_without_end');
    END IF;
    RETURN NEW;
END $$;

-- What others agreed to is good for one time: a claim that was settled anew is agreed to anew.
CREATE FUNCTION prizes_claim_approval_is_new() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM prizes_claimstep s WHERE s.claim_id = NEW.id AND s.to_state = 'APPROVED' AND s.from_state = 'SIGNED'
                  AND s.body->>'approval' = NEW.approval_code) THEN
        PERFORM prizes_refuse('claim_approval_used_once');
    END IF;
    RETURN NEW;
END $$;

-- What is kept of a step is by name; and the proof that is kept of an opening is one.
CREATE FUNCTION prizes_claimstep_is_evidence() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.body IS NULL OR jsonb_typeof(NEW.body) <> 'object' THEN
        PERFORM prizes_refuse('claim_step_has_evidence');
    END IF;
    IF NEW.to_state = 'APPROVED' AND NEW.from_state = 'SIGNED' AND coalesce(NEW.body->>'approval', '') <> (
        SELECT c.approval_code FROM prizes_claim c WHERE c.id = NEW.claim_id) THEN
        PERFORM prizes_refuse('claim_step_has_evidence');
    END IF;
    IF NEW.number = 1 AND NOT (jsonb_typeof(NEW.body->'serial') = 'number' AND jsonb_typeof(NEW.body->'path') = 'array'
        AND coalesce(prizes_is_sealed(
            (SELECT p.ticket_id FROM prizes_claim c JOIN prizes_prize p ON p.id = c.prize_id WHERE c.id = NEW.claim_id),
            (NEW.body->>'serial')::bigint, ARRAY(SELECT jsonb_array_elements_text(NEW.body->'path'))), false)) THEN
        PERFORM prizes_refuse('claim_ticket_is_sealed');
    END IF;
    RETURN NEW;
END $$;

-- Who holds a prize is of the staff, in whatever post.
CREATE FUNCTION prizes_hold_by_staff() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts_staffmember m WHERE m.user_id = NEW.opened_by_id) THEN
        PERFORM prizes_refuse('hold_by_staff');
    END IF;
    RETURN NEW;
END $$;

-- A case about a claim is settled, with words, by somebody of the staff who has no part in it: who looked, who
-- took the statement down, who had a hand in the claim, and its winner have.
CREATE FUNCTION prizes_case_settled_by_others() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE settler text := coalesce(prizes_person_of(NEW.resolved_by_id), '');
BEGIN
    IF settler = '' OR coalesce(btrim(NEW.resolution), '') = ''
       OR NOT EXISTS (SELECT FROM accounts_staffmember m WHERE m.user_id = NEW.resolved_by_id)
       OR NEW.facts->>'taken_by' = settler
       OR EXISTS (SELECT FROM jsonb_array_elements(CASE jsonb_typeof(NEW.facts->'ties') WHEN 'array' THEN NEW.facts->'ties'
                                                   ELSE '[]' END) t WHERE t->>'person' = settler)
       OR EXISTS (SELECT FROM prizes_claim c JOIN prizes_prize p ON p.id = c.prize_id
                   WHERE c.code = NEW.object_code AND (prizes_is_winner(p.id, settler) OR EXISTS (
                       SELECT FROM prizes_claimstep s WHERE s.claim_id = c.id AND s.person = settler
                          AND (NEW.kind = 'prizes.looked_then_claimed' OR s.to_state = 'CHECKED')))) THEN
        PERFORM prizes_refuse('claim_case_settled_by_others');
    END IF;
    RETURN NEW;
END $$;
"""
for _name, _number in BOUNDS.items():
    SQL = SQL.replace(f"@@{_name}@@", _number)
TRIGGERS = {
    ("prizes_claim", "prizes_claim_not_without_end"): "BEFORE INSERT ON prizes_claim FOR EACH ROW",
    ("prizes_appointment", "prizes_appointment_not_without_end"): (
        "BEFORE INSERT ON prizes_appointment FOR EACH ROW"
    ),
    ("prizes_claim", "prizes_claim_approval_is_new"): (
        "BEFORE UPDATE ON prizes_claim FOR EACH ROW"
        " WHEN (OLD.state = 'SIGNED' AND NEW.state = 'APPROVED' AND NEW.approval_code <> '')"
    ),
    ("prizes_claimstep", "prizes_claimstep_is_evidence"): (
        "BEFORE INSERT ON prizes_claimstep FOR EACH ROW"
    ),
    ("prizes_hold", "prizes_hold_by_staff"): "BEFORE INSERT ON prizes_hold FOR EACH ROW",
    ("finance_case", "prizes_case_settled_by_others"): (
        "BEFORE UPDATE ON finance_case FOR EACH ROW"
        " WHEN (OLD.state = 'OPEN' AND NEW.state = 'RESOLVED'"
        " AND NEW.kind IN ('prizes.looked_then_claimed', 'prizes.ticket_damaged'))"
    ),
}
SQL += "".join(
    f"""
REVOKE ALL ON FUNCTION {name}() FROM PUBLIC;
CREATE TRIGGER {name} {what} EXECUTE FUNCTION {name}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};
"""
    for (table, name), what in TRIGGERS.items()
)
UNDO = (
    "".join(f"DROP FUNCTION {name}() CASCADE;\n" for _table, name in TRIGGERS)
    + """
CREATE OR REPLACE FUNCTION prizes_paper_of_an_open_claim() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM prizes_lock_claim(NEW.claim_id);
    IF NOT EXISTS (SELECT FROM prizes_claim c WHERE c.id = NEW.claim_id
                      AND c.state NOT IN ('ARCHIVED', 'RECOVERED', 'WITHDRAWN')) THEN
        PERFORM prizes_refuse('claim_paper_of_an_open_claim');
    END IF;
    NEW.added_at := clock_timestamp();
    RETURN NEW;
END $$;
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0028_after_attacks"),
        ("finance", "0012_cases_and_checks"),
    ]
    operations = [
        migrations.AddConstraint(
            model_name="claimpaper",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "media_type__in",
                        [
                            "application/pdf",
                            "image/jpeg",
                            "image/png",
                            "application/json",
                            "text/plain",
                        ],
                    )
                ),
                name="claim_paper_is_no_page",
            ),
        ),
        migrations.AddConstraint(
            model_name="holdpaper",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("media_type__in", ["application/pdf", "image/jpeg", "image/png"])
                ),
                name="hold_paper_is_no_page",
            ),
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
