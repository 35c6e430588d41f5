"""A paper is its person's, an authority has both papers, and no winner's record opens unsigned.

Whoever writes these rows, the database compares them once more with what it knows: the number with
the registration, the days with the day, the signature with the text in force. All of it is evidence
and goes into the log (F086, F087, F099, F100, F275).
"""

from django.db import migrations

EVIDENCE = {  # table: kind and key in the log
    "accounts_papernumber": ("paper_number", "row_uuid"),
    "accounts_identitypaper": ("identity_paper", "code"),
    "accounts_proxy": ("proxy", "code"),
    "accounts_proxyend": ("proxy_end", "proxy_id"),
    "accounts_guardianrecord": ("guardian_record", "code"),
    "accounts_confidentialityagreement": ("confidentiality_text", "id"),
    "accounts_confidentialitysignature": ("confidentiality_signed", "id"),
    "accounts_winnerlook": ("winner_look", "code"),
    "accounts_publicitychoice": ("publicity_choice", "id"),
}
GUARDS = """
-- Whether the person behind a member of staff signed the version in force at a moment, not too long ago.
CREATE FUNCTION accounts_has_signed(reader bigint, moment timestamptz) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM accounts_confidentialitysignature s
          JOIN accounts_confidentialityagreement a ON a.id = s.agreement_id
          JOIN accounts_staffmember m ON m.person_id = s.person_id
         WHERE m.user_id = reader AND s.signed_at <= moment
           AND a.version = (SELECT max(c.version) FROM accounts_confidentialityagreement c
                             WHERE c.published_at <= moment)
           AND s.signed_at > moment - make_interval(days => coalesce(
                   (SELECT (p.value #>> '{}')::int FROM audit_policyparameter p
                     WHERE p.key = 'confidentiality.signature_days' AND p.scope = '' AND p.valid_from <= moment
                     ORDER BY p.valid_from DESC LIMIT 1), 365)))
$$;
REVOKE ALL ON FUNCTION accounts_has_signed(bigint, timestamptz) FROM PUBLIC;

-- The person of a member of staff; NULL for everybody else.
CREATE FUNCTION accounts_staff_person(account bigint) RETURNS bigint LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT m.person_id FROM accounts_staffmember m WHERE m.user_id = account
$$;
REVOKE ALL ON FUNCTION accounts_staff_person(bigint) FROM PUBLIC;

CREATE FUNCTION accounts_is_player(account bigint) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM accounts_player p WHERE p.user_id = account)
$$;
REVOKE ALL ON FUNCTION accounts_is_player(bigint) FROM PUBLIC;

-- A paper: of its person by the number that is registered, valid on the day, seen by somebody else.
CREATE FUNCTION accounts_identity_paper_fits() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE since timestamptz;
BEGIN
    IF NEW.kind IN ('ID_CARD', 'HOUSEHOLD') THEN
        PERFORM 1 FROM accounts_person p
          WHERE p.id = NEW.person_id AND p.citizen_id_index = NEW.number_index;
    ELSE
        SELECT n.registered_at INTO since FROM accounts_papernumber n
         WHERE n.person_id = NEW.person_id AND n.kind = NEW.kind AND n.index = NEW.number_index;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a paper is the one its person is registered by'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'identity_paper_of_its_person';
    END IF;
    IF since > NEW.seen_at - interval '24 hours' THEN
        RAISE EXCEPTION 'a number that is registered rests for a day'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'identity_paper_number_rested';
    END IF;
    IF NEW.valid_until < (NEW.seen_at AT TIME ZONE 'Asia/Shanghai')::date THEN
        RAISE EXCEPTION 'a paper is valid on the day it is seen'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'identity_paper_valid_when_seen';
    END IF;
    IF accounts_is_player(NEW.seen_by_id)
       OR accounts_staff_person(NEW.seen_by_id) IS NOT DISTINCT FROM NEW.person_id THEN
        RAISE EXCEPTION 'somebody else looks at a paper'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'identity_paper_seen_by_another';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION accounts_identity_paper_fits() FROM PUBLIC;
CREATE TRIGGER accounts_identity_paper_fits BEFORE INSERT ON accounts_identitypaper
    FOR EACH ROW EXECUTE FUNCTION accounts_identity_paper_fits();
ALTER TABLE accounts_identitypaper ENABLE ALWAYS TRIGGER accounts_identity_paper_fits;

-- An authority: papers of both, for somebody else, who is not staff; a year at most.
CREATE FUNCTION accounts_proxy_fits() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE winner bigint;
BEGIN
    SELECT p.person_id INTO winner FROM accounts_player p WHERE p.id = NEW.principal_id;
    IF winner IS NOT DISTINCT FROM NEW.agent_id THEN
        RAISE EXCEPTION 'nobody acts for himself'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proxy_for_another';
    END IF;
    IF NOT EXISTS (SELECT FROM accounts_identitypaper i
                    WHERE i.id = NEW.principal_paper_id AND i.person_id = winner)
       OR NOT EXISTS (SELECT FROM accounts_identitypaper i
                       WHERE i.id = NEW.agent_paper_id AND i.person_id = NEW.agent_id) THEN
        RAISE EXCEPTION 'an authority has the papers of both'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proxy_papers_of_both';
    END IF;
    IF EXISTS (SELECT FROM accounts_staffmember m JOIN accounts_user u ON u.id = m.user_id
                WHERE m.person_id = NEW.agent_id AND u.is_active) THEN
        RAISE EXCEPTION 'staff collect for nobody'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proxy_agent_is_not_staff';
    END IF;
    IF accounts_is_player(NEW.recorded_by_id)
       OR accounts_staff_person(NEW.recorded_by_id) IN (NEW.agent_id, winner) THEN
        RAISE EXCEPTION 'somebody else records an authority'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proxy_recorded_by_another';
    END IF;
    IF NEW.valid_until > NEW.valid_from + 366 OR array_position(NEW.scope, '') IS NOT NULL THEN
        RAISE EXCEPTION 'an authority has a scope and a period'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proxy_has_a_period';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION accounts_proxy_fits() FROM PUBLIC;
CREATE TRIGGER accounts_proxy_fits BEFORE INSERT ON accounts_proxy
    FOR EACH ROW EXECUTE FUNCTION accounts_proxy_fits();
ALTER TABLE accounts_proxy ENABLE ALWAYS TRIGGER accounts_proxy_fits;

CREATE FUNCTION accounts_guardian_record_fits() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts_identitypaper i
                    WHERE i.id = NEW.guardian_paper_id AND i.person_id = NEW.guardian_id) THEN
        RAISE EXCEPTION 'the paper is the guardian''s'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'guardian_paper_is_his';
    END IF;
    IF NEW.adult_on <= (NEW.recorded_at AT TIME ZONE 'Asia/Shanghai')::date THEN
        RAISE EXCEPTION 'who is of age needs no guardian'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'guardian_of_a_minor';
    END IF;
    IF accounts_is_player(NEW.recorded_by_id)
       OR accounts_staff_person(NEW.recorded_by_id) IS NOT DISTINCT FROM NEW.guardian_id THEN
        RAISE EXCEPTION 'somebody else records the papers of a guardian'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'guardian_recorded_by_another';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION accounts_guardian_record_fits() FROM PUBLIC;
CREATE TRIGGER accounts_guardian_record_fits BEFORE INSERT ON accounts_guardianrecord
    FOR EACH ROW EXECUTE FUNCTION accounts_guardian_record_fits();
ALTER TABLE accounts_guardianrecord ENABLE ALWAYS TRIGGER accounts_guardian_record_fits;

-- A signature: one's own, now, on the version in force, in the very words.
CREATE FUNCTION accounts_confidentiality_signed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE signed accounts_confidentialityagreement;
BEGIN
    SELECT * INTO signed FROM accounts_confidentialityagreement a WHERE a.id = NEW.agreement_id;
    IF accounts_staff_person(NEW.user_id) IS DISTINCT FROM NEW.person_id THEN
        RAISE EXCEPTION 'everybody signs for himself'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'confidentiality_signed_by_himself';
    END IF;
    IF abs(extract(epoch FROM NEW.signed_at - clock_timestamp())) > 300 THEN
        RAISE EXCEPTION 'a signature is given now'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'confidentiality_signed_now';
    END IF;
    IF signed.version <> (SELECT max(c.version) FROM accounts_confidentialityagreement c
                           WHERE c.published_at <= NEW.signed_at) THEN
        RAISE EXCEPTION 'the version in force is signed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'confidentiality_signed_in_force';
    END IF;
    IF NEW.digest <> encode(sha256(convert_to(concat_ws(E'\n',
           signed.version, signed.language, signed.title, signed.body), 'UTF8')), 'hex') THEN
        RAISE EXCEPTION 'what was read is signed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'confidentiality_signed_as_read';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION accounts_confidentiality_signed() FROM PUBLIC;
CREATE TRIGGER accounts_confidentiality_signed BEFORE INSERT ON accounts_confidentialitysignature
    FOR EACH ROW EXECUTE FUNCTION accounts_confidentiality_signed();
ALTER TABLE accounts_confidentialitysignature ENABLE ALWAYS TRIGGER accounts_confidentiality_signed;

-- A look: by who has signed, never at himself, at the time of this clock.
CREATE FUNCTION accounts_winner_look_is_allowed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.looked_at := clock_timestamp();
    IF NOT accounts_has_signed(NEW.reader_id, NEW.looked_at) THEN
        RAISE EXCEPTION 'no record of a winner opens before confidentiality is signed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'winner_look_after_signature';
    END IF;
    IF accounts_staff_person(NEW.reader_id) =
           (SELECT p.person_id FROM accounts_player p WHERE p.id = NEW.winner_id) THEN
        RAISE EXCEPTION 'nobody opens his own record'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'winner_look_at_another';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION accounts_winner_look_is_allowed() FROM PUBLIC;
CREATE TRIGGER accounts_winner_look_is_allowed BEFORE INSERT ON accounts_winnerlook
    FOR EACH ROW EXECUTE FUNCTION accounts_winner_look_is_allowed();
ALTER TABLE accounts_winnerlook ENABLE ALWAYS TRIGGER accounts_winner_look_is_allowed;

CREATE FUNCTION accounts_publicity_is_the_winners() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts_player p
                    WHERE p.id = NEW.winner_id AND p.user_id = NEW.chosen_by_id) THEN
        RAISE EXCEPTION 'the winner himself says what is published'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'publicity_chosen_by_the_winner';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION accounts_publicity_is_the_winners() FROM PUBLIC;
CREATE TRIGGER accounts_publicity_is_the_winners BEFORE INSERT ON accounts_publicitychoice
    FOR EACH ROW EXECUTE FUNCTION accounts_publicity_is_the_winners();
ALTER TABLE accounts_publicitychoice ENABLE ALWAYS TRIGGER accounts_publicity_is_the_winners;
"""
SQL = GUARDS + "".join(
    f"""
CREATE TRIGGER {table}_never_changes BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_never_changes;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_log_row;
"""
    for table, (kind, key) in EVIDENCE.items()
)
UNDO = (
    "".join(
        f"DROP TRIGGER audit_log_row ON {table}; DROP TRIGGER {table}_never_changes ON {table};"
        for table in EVIDENCE
    )
    + """
DROP FUNCTION accounts_publicity_is_the_winners() CASCADE;
DROP FUNCTION accounts_winner_look_is_allowed() CASCADE;
DROP FUNCTION accounts_confidentiality_signed() CASCADE;
DROP FUNCTION accounts_guardian_record_fits() CASCADE;
DROP FUNCTION accounts_proxy_fits() CASCADE;
DROP FUNCTION accounts_identity_paper_fits() CASCADE;
DROP FUNCTION accounts_is_player(bigint);
DROP FUNCTION accounts_staff_person(bigint);
DROP FUNCTION accounts_has_signed(bigint, timestamptz);
"""
)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_papers_and_vault"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
