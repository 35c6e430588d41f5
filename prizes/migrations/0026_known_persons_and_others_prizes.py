"""A prize is claimed by a known person; and nobody has a word on the time of his own (F081, F097, F276)."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION prizes_is_winner(prize bigint, person text) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM prizes_prize z JOIN accounts_player y ON y.id = z.owner_id
                     JOIN accounts_person h ON h.id = y.person_id
                    WHERE z.id = prize AND h.row_uuid::text = person)
$$;

CREATE FUNCTION prizes_time_of_anothers_prize() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE prize bigint;
BEGIN
    IF TG_TABLE_NAME = 'prizes_hold' THEN
        IF prizes_is_winner(NEW.prize_id, prizes_person_of(NEW.opened_by_id)) THEN
            PERFORM prizes_refuse('prize_time_not_ones_own');
        END IF;
        RETURN NEW;
    END IF;
    IF TG_TABLE_NAME = 'prizes_holdlift' THEN
        SELECT h.prize_id INTO prize FROM prizes_hold h WHERE h.id = NEW.hold_id;
    ELSE
        SELECT x.prize_id INTO prize FROM prizes_extension x WHERE x.id = NEW.extension_id;
    END IF;
    IF EXISTS (SELECT FROM audit_approvalrequest r LEFT JOIN audit_approvaldecision d ON d.request_id = r.id
                WHERE r.code = NEW.approval_code
                  AND (prizes_is_winner(prize, r.maker_person) OR prizes_is_winner(prize, d.checker_person))) THEN
        PERFORM prizes_refuse('prize_time_not_ones_own');
    END IF;
    RETURN NEW;
END $$;

-- Whose account is bound to no person claims nothing; what is drilled with has no persons.
CREATE FUNCTION prizes_claim_of_a_known_person() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts_player y WHERE y.id = NEW.owner_id AND y.person_id IS NULL AND NOT y.is_shadow) THEN
        PERFORM prizes_refuse('claim_of_a_known_person');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_claim_of_a_known_person BEFORE INSERT ON prizes_claim
    FOR EACH ROW EXECUTE FUNCTION prizes_claim_of_a_known_person();
ALTER TABLE prizes_claim ENABLE ALWAYS TRIGGER prizes_claim_of_a_known_person;
REVOKE ALL ON FUNCTION prizes_is_winner(bigint, text), prizes_time_of_anothers_prize(), prizes_claim_of_a_known_person()
    FROM PUBLIC;
"""
SQL = GUARDS + "".join(
    f"""
CREATE TRIGGER prizes_time_of_anothers_prize BEFORE INSERT ON prizes_{table}
    FOR EACH ROW EXECUTE FUNCTION prizes_time_of_anothers_prize();
ALTER TABLE prizes_{table} ENABLE ALWAYS TRIGGER prizes_time_of_anothers_prize;
"""
    for table in ("hold", "holdlift", "extensionletter")
)
UNDO = """
DROP FUNCTION prizes_time_of_anothers_prize() CASCADE;
DROP FUNCTION prizes_claim_of_a_known_person() CASCADE;
DROP FUNCTION prizes_is_winner(bigint, text);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0025_claims_withdrawn_and_examined"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
