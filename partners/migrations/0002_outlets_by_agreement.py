"""Outlets and their authority come by the word of two people, and one person stops them at once.

The state of an outlet is moved by the row that says who and why, and by nothing else; whoever pays
at an outlet asks `partners_may_redeem`, which holds the outlet as it is until he is done.
"""

from django.db import migrations

AGREED = """
-- Whether a request of one of these kinds is being performed in this very transaction, and its content.
CREATE FUNCTION partners_agreed(approval text, kinds text[]) RETURNS jsonb LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT r.payload::jsonb FROM audit_approvalrequest r
     WHERE r.code = approval AND r.kind = ANY (kinds) AND r.state = 'PERFORMED'
       AND r.ended_at >= transaction_timestamp()
$$;
REVOKE ALL ON FUNCTION partners_agreed(text, text[]) FROM PUBLIC;

CREATE FUNCTION partners_outlet_by_agreement() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE asked jsonb := partners_agreed(NEW.approval_code, '{partners.outlet}');
BEGIN
    IF NEW.state <> 'ACTIVE'
       OR asked->>'code' IS DISTINCT FROM NEW.code OR asked->>'kind' IS DISTINCT FROM NEW.kind
       OR asked->>'name' IS DISTINCT FROM NEW.name OR asked->>'province' IS DISTINCT FROM NEW.province
       OR asked->>'district' IS DISTINCT FROM NEW.district OR asked->>'address' IS DISTINCT FROM NEW.address
       OR asked->>'hours' IS DISTINCT FROM NEW.hours OR asked->>'phone' IS DISTINCT FROM NEW.phone THEN
        RAISE EXCEPTION 'an outlet is admitted as two people agreed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outlet_by_agreement';
    END IF;
    NEW.since := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION partners_outlet_by_agreement() FROM PUBLIC;
CREATE TRIGGER partners_outlet_by_agreement BEFORE INSERT ON partners_outlet
    FOR EACH ROW EXECUTE FUNCTION partners_outlet_by_agreement();
ALTER TABLE partners_outlet ENABLE ALWAYS TRIGGER partners_outlet_by_agreement;
"""
UNDO_AGREED = """
DROP TRIGGER partners_outlet_by_agreement ON partners_outlet;
DROP FUNCTION partners_outlet_by_agreement();
DROP FUNCTION partners_agreed(text, text[]);
"""

MOVED = """
-- The row moves the state. The lock waits for payments that hold the outlet (FOR SHARE) and no longer.
CREATE FUNCTION partners_outlet_moves() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    moved partners_outlet;
    asked jsonb;
BEGIN
    SELECT * INTO moved FROM partners_outlet o WHERE o.id = NEW.outlet_id FOR NO KEY UPDATE;
    IF NOT (moved.state = 'ACTIVE' AND NEW.to_state IN ('SUSPENDED', 'CLOSED')
            OR moved.state = 'SUSPENDED' AND NEW.to_state IN ('ACTIVE', 'CLOSED')) THEN
        RAISE EXCEPTION 'an outlet does not go from % to %', moved.state, NEW.to_state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outlet_goes_this_way';
    END IF;
    IF NEW.to_state = 'ACTIVE' THEN
        asked := partners_agreed(NEW.approval_code, '{partners.outlet_return}');
        IF asked->>'outlet' IS DISTINCT FROM moved.code OR asked->>'reason' IS DISTINCT FROM NEW.reason THEN
            RAISE EXCEPTION 'an outlet is taken back by two people'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'outlet_returns_by_agreement';
        END IF;
    END IF;
    NEW.from_state := moved.state;
    NEW.changed_at := clock_timestamp();
    UPDATE partners_outlet SET state = NEW.to_state WHERE id = moved.id;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION partners_outlet_moves() FROM PUBLIC;
CREATE TRIGGER partners_outlet_moves BEFORE INSERT ON partners_outletchange
    FOR EACH ROW EXECUTE FUNCTION partners_outlet_moves();
ALTER TABLE partners_outletchange ENABLE ALWAYS TRIGGER partners_outlet_moves;
"""
UNDO_MOVED = """
DROP TRIGGER partners_outlet_moves ON partners_outletchange;
DROP FUNCTION partners_outlet_moves();
"""

OPERATORS = """
CREATE FUNCTION partners_operator_holds_the_post() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.valid_until IS NOT NULL
           OR (NEW.outlet_id, NEW.user_id, NEW.assigned_by_id, NEW.valid_from)
              IS DISTINCT FROM (OLD.outlet_id, OLD.user_id, OLD.assigned_by_id, OLD.valid_from) THEN
            RAISE EXCEPTION 'an assignment ends once'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'operator_ends_once';
        END IF;
        NEW.valid_until := clock_timestamp();
        RETURN NEW;
    END IF;
    IF NOT EXISTS (
        SELECT FROM accounts_staffmember m
          JOIN accounts_posting p ON p.person_id = m.person_id
          JOIN accounts_post q ON q.id = p.post_id
         WHERE m.user_id = NEW.user_id AND 'outlet_operator' = ANY (q.roles)
           AND p.valid_from <= clock_timestamp()
           AND (p.valid_until IS NULL OR p.valid_until > clock_timestamp())) THEN
        RAISE EXCEPTION 'only an outlet operator works at an outlet'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'operator_holds_the_post';
    END IF;
    PERFORM 1 FROM partners_outlet o WHERE o.id = NEW.outlet_id AND o.state <> 'CLOSED' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nobody works at a closed outlet'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'operator_of_a_standing_outlet';
    END IF;
    NEW.valid_from := clock_timestamp();
    NEW.valid_until := NULL;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION partners_operator_holds_the_post() FROM PUBLIC;
CREATE TRIGGER partners_operator_holds_the_post BEFORE INSERT OR UPDATE ON partners_outletoperator
    FOR EACH ROW EXECUTE FUNCTION partners_operator_holds_the_post();
ALTER TABLE partners_outletoperator ENABLE ALWAYS TRIGGER partners_operator_holds_the_post;
"""
UNDO_OPERATORS = """
DROP TRIGGER partners_operator_holds_the_post ON partners_outletoperator;
DROP FUNCTION partners_operator_holds_the_post();
"""

AUTHORITY = """
CREATE FUNCTION partners_authority_by_agreement() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := partners_agreed(NEW.approval_code, '{partners.claim_authority}');
    place partners_outlet;
BEGIN
    SELECT * INTO place FROM partners_outlet o WHERE o.id = NEW.outlet_id FOR SHARE;
    IF asked->>'outlet' IS DISTINCT FROM place.code OR asked->>'game' IS DISTINCT FROM NEW.game
       OR (asked->>'up_to_fen')::bigint IS DISTINCT FROM NEW.up_to
       OR (asked->>'valid_until')::timestamptz IS DISTINCT FROM NEW.valid_until THEN
        RAISE EXCEPTION 'authority is given as two people agreed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'authority_by_agreement';
    END IF;
    IF place.state = 'CLOSED' THEN
        RAISE EXCEPTION 'a closed outlet redeems nothing'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'authority_of_a_standing_outlet';
    END IF;
    -- It begins as agreed, and never in the past.
    NEW.recorded_at := clock_timestamp();
    NEW.valid_from := greatest((asked->>'valid_from')::timestamptz, NEW.recorded_at);
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION partners_authority_by_agreement() FROM PUBLIC;
CREATE TRIGGER partners_authority_by_agreement BEFORE INSERT ON partners_claimauthority
    FOR EACH ROW EXECUTE FUNCTION partners_authority_by_agreement();
ALTER TABLE partners_claimauthority ENABLE ALWAYS TRIGGER partners_authority_by_agreement;

CREATE FUNCTION partners_authority_ends_now() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM partners_outlet o JOIN partners_claimauthority a ON a.outlet_id = o.id
      WHERE a.id = NEW.authority_id FOR NO KEY UPDATE OF o;
    NEW.ended_at := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION partners_authority_ends_now() FROM PUBLIC;
CREATE TRIGGER partners_authority_ends_now BEFORE INSERT ON partners_claimauthorityend
    FOR EACH ROW EXECUTE FUNCTION partners_authority_ends_now();
ALTER TABLE partners_claimauthorityend ENABLE ALWAYS TRIGGER partners_authority_ends_now;

-- Whether an outlet may redeem a prize of so many fen of a game at a moment: the outlet as it stands,
-- the authorities as they held at that moment. Until the caller's transaction ends the outlet is
-- neither suspended nor closed, and no authority of it taken back: payments ask here, and are safe.
CREATE FUNCTION partners_may_redeem(outlet text, game text, fen bigint, moment timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE place bigint;
BEGIN
    SELECT o.id INTO place FROM partners_outlet o WHERE o.code = $1 AND o.state = 'ACTIVE' FOR SHARE;
    RETURN place IS NOT NULL AND fen > 0 AND EXISTS (
        SELECT FROM partners_claimauthority a
          LEFT JOIN partners_claimauthorityend e ON e.authority_id = a.id
         WHERE a.outlet_id = place AND a.game IN ('', $2) AND a.up_to >= fen
           AND a.valid_from <= moment AND (a.valid_until IS NULL OR moment < a.valid_until)
           AND (e.id IS NULL OR moment < e.ended_at));
END $$;
REVOKE ALL ON FUNCTION partners_may_redeem(text, text, bigint, timestamptz) FROM PUBLIC;
"""
UNDO_AUTHORITY = """
DROP FUNCTION partners_may_redeem(text, text, bigint, timestamptz);
DROP TRIGGER partners_authority_ends_now ON partners_claimauthorityend;
DROP FUNCTION partners_authority_ends_now();
DROP TRIGGER partners_authority_by_agreement ON partners_claimauthority;
DROP FUNCTION partners_authority_by_agreement();
"""

STANDS = ["outletchange", "claimauthority", "claimauthorityend"]
STAND = "".join(
    f"""
CREATE TRIGGER partners_{name}_never_changes BEFORE UPDATE OR DELETE ON partners_{name}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE partners_{name} ENABLE ALWAYS TRIGGER partners_{name}_never_changes;
"""
    for name in STANDS
)
UNDO_STAND = "".join(
    f"DROP TRIGGER partners_{name}_never_changes ON partners_{name};" for name in STANDS
)

LOGGED = {  # table: kind and key in the log
    "outlet": ("outlet", "code"),
    "outletchange": ("outlet_change", "id"),
    "outletoperator": ("outlet_operator", "id"),
    "claimauthority": ("claim_authority", "approval_code"),
    "claimauthorityend": ("claim_authority_end", "id"),
}
LOG = "".join(
    f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON partners_{name}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE partners_{name} ENABLE ALWAYS TRIGGER audit_log_row;
"""
    for name, (kind, key) in LOGGED.items()
)
DO_NOT_LOG = "".join(f"DROP TRIGGER audit_log_row ON partners_{name};" for name in LOGGED)


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0001_outlets"),
        ("accounts", "0008_no_advertising_without_consent"),
        ("audit", "0009_issuer_keys"),
    ]
    operations = [
        migrations.RunSQL(AGREED, UNDO_AGREED),
        migrations.RunSQL(MOVED, UNDO_MOVED),
        migrations.RunSQL(OPERATORS, UNDO_OPERATORS),
        migrations.RunSQL(AUTHORITY, UNDO_AUTHORITY),
        migrations.RunSQL(STAND, UNDO_STAND),
        migrations.RunSQL(LOG, DO_NOT_LOG),
    ]
