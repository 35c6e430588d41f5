"""A seal is signed by two registered keys, then published, and only then are results typed (F057).

What is judged here: that the keys are registered, count at this moment and are two; that nothing of
it changes later; that a result entry comes after the publication. That a signature is one, Python
checks: PostgreSQL knows no Ed25519.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION games_seal_signed_by_a_key() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- Two who sign at once queue here, so that the second sees the key of the first.
    PERFORM 1 FROM games_sealstatement s WHERE s.id = NEW.statement_id FOR NO KEY UPDATE;
    NEW.signed_at := clock_timestamp();
    IF NOT EXISTS (SELECT 1 FROM audit_signingkey k
                    WHERE k.key_id = NEW.key_id AND k.role = NEW.role AND k.algorithm = NEW.algorithm
                      AND k.valid_from <= NEW.signed_at
                      AND (k.revoked_at IS NULL OR k.revoked_at > NEW.signed_at)) THEN
        RAISE EXCEPTION 'a seal is signed by a registered key that counts'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seal_signed_by_a_registered_key';
    END IF;
    IF EXISTS (SELECT 1 FROM games_sealsignature g
                 JOIN audit_signingkey other ON other.key_id = g.key_id
                 JOIN audit_signingkey own ON own.key_id = NEW.key_id
                WHERE g.statement_id = NEW.statement_id AND other.public_key = own.public_key) THEN
        RAISE EXCEPTION 'two signatures are by two keys'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seal_signed_by_two_keys';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_seal_signed_by_a_key() FROM PUBLIC;
CREATE TRIGGER games_seal_signed_by_a_key BEFORE INSERT ON games_sealsignature
    FOR EACH ROW EXECUTE FUNCTION games_seal_signed_by_a_key();
ALTER TABLE games_sealsignature ENABLE ALWAYS TRIGGER games_seal_signed_by_a_key;

CREATE FUNCTION games_seal_published_when_signed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.published_at := clock_timestamp();
    IF NOT EXISTS (SELECT 1 FROM games_sealstatement s JOIN games_draw d ON d.id = s.draw_id
                    WHERE s.id = NEW.statement_id AND d.state = 'SEALED') THEN
        RAISE EXCEPTION 'only the seal of a sealed draw is published'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seal_published_before_the_draw';
    END IF;
    IF (SELECT count(DISTINCT g.role) = 2 AND count(DISTINCT k.public_key) = 2
          FROM games_sealsignature g
          JOIN audit_signingkey k ON k.key_id = g.key_id AND k.role = g.role AND k.algorithm = g.algorithm
         WHERE g.statement_id = NEW.statement_id
           AND k.valid_from <= g.signed_at
           AND (k.revoked_at IS NULL OR k.revoked_at > NEW.published_at)) IS NOT TRUE THEN
        RAISE EXCEPTION 'a seal is published when two keys that count have signed it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seal_published_with_two_signatures';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_seal_published_when_signed() FROM PUBLIC;
CREATE TRIGGER games_seal_published_when_signed BEFORE INSERT ON games_sealpublication
    FOR EACH ROW EXECUTE FUNCTION games_seal_published_when_signed();
ALTER TABLE games_sealpublication ENABLE ALWAYS TRIGGER games_seal_published_when_signed;

CREATE FUNCTION games_resultentry_after_published_seal() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM games_sealpublication p JOIN games_sealstatement s ON s.id = p.statement_id
                    WHERE s.draw_id = NEW.draw_id AND p.published_at < clock_timestamp()) THEN
        RAISE EXCEPTION 'no result before a published seal'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'result_after_published_seal';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_resultentry_after_published_seal() FROM PUBLIC;
-- Its name puts it behind the trigger that asks for time and office.
CREATE TRIGGER games_resultentry_after_published_seal BEFORE INSERT ON games_resultentry
    FOR EACH ROW EXECUTE FUNCTION games_resultentry_after_published_seal();
ALTER TABLE games_resultentry ENABLE ALWAYS TRIGGER games_resultentry_after_published_seal;

-- A delivery goes from waiting to its end; to whom and of what it is, it stays.
CREATE FUNCTION games_seal_delivery_goes_on() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state = 'DELIVERED' OR NEW.attempts < OLD.attempts
       OR (NEW.statement_id, NEW.address, NEW.asked_at) IS DISTINCT FROM (OLD.statement_id, OLD.address, OLD.asked_at) THEN
        RAISE EXCEPTION 'a delivery stands as it went'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'seal_delivery_stands';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION games_seal_delivery_goes_on() FROM PUBLIC;
CREATE TRIGGER games_seal_delivery_goes_on BEFORE UPDATE OR DELETE ON games_sealdelivery
    FOR EACH ROW EXECUTE FUNCTION games_seal_delivery_goes_on();
ALTER TABLE games_sealdelivery ENABLE ALWAYS TRIGGER games_seal_delivery_goes_on;
"""
STANDING = ["sealsignature", "sealpublication", "sealtimestamp"]
for name in STANDING:
    SQL += f"""
CREATE TRIGGER games_{name}_never_changes BEFORE UPDATE OR DELETE ON games_{name}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE games_{name} ENABLE ALWAYS TRIGGER games_{name}_never_changes;
"""
LOGGED = {"sealsignature": "seal_signature", "sealpublication": "seal_publication"}
for name, kind in LOGGED.items():
    SQL += f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON games_{name}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', 'id');
ALTER TABLE games_{name} ENABLE ALWAYS TRIGGER audit_log_row;
"""
UNDO = (
    "".join(f"DROP TRIGGER audit_log_row ON games_{name};" for name in LOGGED)
    + "".join(f"DROP TRIGGER games_{name}_never_changes ON games_{name};" for name in STANDING)
    + """
DROP FUNCTION games_seal_delivery_goes_on() CASCADE;
DROP FUNCTION games_resultentry_after_published_seal() CASCADE;
DROP FUNCTION games_seal_published_when_signed() CASCADE;
DROP FUNCTION games_seal_signed_by_a_key() CASCADE;
"""
)


class Migration(migrations.Migration):
    dependencies = [("games", "0004_seals"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
