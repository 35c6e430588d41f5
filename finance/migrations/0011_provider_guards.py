"""Deposits come through institutions in force, at the fee that was shown, after the disclosure.

The register changes by approval (F295); what goes back to a source was planned and agreed (F115).
"""

from django.db import migrations

LOGGED = {  # table: kind and key in the log
    "finance_provider": ("provider", "code"),
    "finance_returnplan": ("return_plan", "code"),
    "finance_depositreturn": ("deposit_return", "code"),
}
REGISTER = """
-- The first row of an empty register needs no approval; afterwards each change has its own, asked for
-- later than the one in force. Anybody's hand may switch off; on again only by approval.
CREATE FUNCTION finance_provider_by_approval() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked audit_approvalrequest;
BEGIN
    IF TG_OP = 'UPDATE' AND NOT NEW.is_on
       AND to_jsonb(NEW) - '{is_on,changed_at}'::text[] = to_jsonb(OLD) - '{is_on,changed_at}'::text[] THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' AND NEW.approval_code = '' AND NOT EXISTS (SELECT 1 FROM finance_provider) THEN
        RETURN NEW;
    END IF;
    SELECT * INTO asked FROM audit_approvalrequest r WHERE r.code = NEW.approval_code;
    IF asked.id IS NULL OR asked.kind <> 'finance.provider' OR asked.state <> 'PERFORMED'
       OR asked.payload::jsonb->'provider' IS DISTINCT FROM to_jsonb(NEW) - '{id,approval_code,changed_at}'::text[] THEN
        RAISE EXCEPTION 'the register of institutions changes by its own approval'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'provider_changed_by_approval';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.approval_code <> '' AND EXISTS (
        SELECT 1 FROM audit_approvalrequest b WHERE b.code = OLD.approval_code AND b.id >= asked.id) THEN
        RAISE EXCEPTION 'the register has changed since this was asked for'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'provider_approval_is_the_latest';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_provider_by_approval BEFORE INSERT OR UPDATE ON finance_provider
    FOR EACH ROW EXECUTE FUNCTION finance_provider_by_approval();
ALTER TABLE finance_provider ENABLE ALWAYS TRIGGER finance_provider_by_approval;
CREATE TRIGGER finance_provider_stays BEFORE DELETE ON finance_provider
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE finance_provider ENABLE ALWAYS TRIGGER finance_provider_stays;

-- What the player pays on top of an amount: a share of it, rounded to the fen, within its bounds.
CREATE FUNCTION finance_provider_fee(points bigint, lowest bigint, highest bigint, amount bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN highest > 0 THEN least(f.fee, highest) ELSE f.fee END
      FROM (SELECT greatest((amount * points + 5000) / 10000, lowest) AS fee) f
$$;
REVOKE ALL ON FUNCTION finance_provider_fee(bigint, bigint, bigint, bigint) FROM PUBLIC;

CREATE FUNCTION finance_deposit_may_begin() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    today date := (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date;
    through finance_provider;
    newest integer;
BEGIN
    SELECT * INTO through FROM finance_provider p
     WHERE p.code = NEW.provider AND p.is_on AND 'DEPOSIT' = ANY (p.accepts)
       AND p.licence_until >= today AND p.contract_until >= today FOR SHARE;
    IF through.id IS NULL THEN
        RAISE EXCEPTION 'provider % is not in force', NEW.provider
            USING ERRCODE = 'check_violation', CONSTRAINT = 'deposit_provider_in_force';
    END IF;
    IF NEW.fee <> (CASE WHEN through.fee_borne_by = 'PLAYER' THEN
            finance_provider_fee(through.fee_points, through.fee_least, through.fee_most, NEW.amount) ELSE 0 END) THEN
        RAISE EXCEPTION 'the fee is not that of the register'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'deposit_fee_by_the_register';
    END IF;
    SELECT max(t.version) INTO newest FROM accounts_legaltext t
     WHERE t.kind = 'FUNDS' AND t.published_at <= clock_timestamp();
    IF NOT EXISTS (
        SELECT 1 FROM accounts_consent c JOIN accounts_player p ON p.user_id = c.user_id
         WHERE p.code = NEW.player_code AND c.kind = 'FUNDS' AND c.version >= newest) THEN
        RAISE EXCEPTION 'the protection of money was not acknowledged'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'deposit_after_disclosure';
    END IF;
    -- Each open one is asked after every minute: one player keeps no bank busy for all others.
    PERFORM pg_advisory_xact_lock(hashtextextended('deposits:' || NEW.player_code, 0));
    IF (SELECT count(*) FROM finance_deposit d
         WHERE d.player_code = NEW.player_code AND d.state = 'BEGUN') >= 20 THEN
        RAISE EXCEPTION 'too many deposits of this player are open'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'deposit_few_open_at_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_deposit_may_begin BEFORE INSERT ON finance_deposit
    FOR EACH ROW EXECUTE FUNCTION finance_deposit_may_begin();
ALTER TABLE finance_deposit ENABLE ALWAYS TRIGGER finance_deposit_may_begin;
"""
RETURNS = """
-- What the bank sent back to the balance when it could not return it.
INSERT INTO finance_postingrule (entry_kind, source_kind, target_kind, rank)
VALUES ('DEPOSIT_RETURNED', 'CLEARING', 'WALLET', NULL);

CREATE FUNCTION finance_return_plan_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.performed_at IS NOT NULL
       OR NEW.total IS DISTINCT FROM (SELECT sum((r->>1)::bigint) FROM jsonb_array_elements(NEW.rows) r)
       OR (SELECT count(DISTINCT r->>0) FROM jsonb_array_elements(NEW.rows) r) <> jsonb_array_length(NEW.rows)
       OR TG_OP = 'UPDATE' AND (OLD.performed_at IS NOT NULL
            OR to_jsonb(NEW) - '{performed_at}'::text[] <> to_jsonb(OLD) - '{performed_at}'::text[]
            OR (SELECT count(*) FROM finance_depositreturn d WHERE d.plan_id = NEW.id) <> jsonb_array_length(NEW.rows)
            OR (SELECT sum(d.amount) FROM finance_depositreturn d WHERE d.plan_id = NEW.id) <> NEW.total) THEN
        RAISE EXCEPTION 'a plan of refunds is carried out as it was made'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'return_plan_adds_up';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_return_plan_adds_up BEFORE INSERT OR UPDATE ON finance_returnplan
    FOR EACH ROW EXECUTE FUNCTION finance_return_plan_adds_up();
ALTER TABLE finance_returnplan ENABLE ALWAYS TRIGGER finance_return_plan_adds_up;

-- A refund is one of its plan, which others agreed to unless it is a single small one; all refunds of a
-- deposit are never more than was paid.
CREATE FUNCTION finance_return_may_begin() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    paid finance_deposit;
    plan finance_returnplan;
    alone bigint;
    most bigint;
BEGIN
    SELECT * INTO paid FROM finance_deposit d WHERE d.id = NEW.deposit_id FOR NO KEY UPDATE;
    SELECT * INTO plan FROM finance_returnplan p WHERE p.id = NEW.plan_id;
    SELECT p.value::text::bigint INTO alone FROM audit_policyparameter p
     WHERE p.key = 'return.alone_up_to_fen' AND p.scope = '' AND p.valid_from <= clock_timestamp()
     ORDER BY p.valid_from DESC LIMIT 1;
    IF NOT plan.rows @> jsonb_build_array(jsonb_build_array(paid.code, NEW.amount)) OR NEW.state <> 'BEGUN'
       OR (CASE WHEN plan.approval_code = '' THEN jsonb_array_length(plan.rows) <> 1 OR plan.total > coalesce(alone, 0)
          ELSE NOT EXISTS (SELECT 1 FROM audit_approvalrequest r
                            WHERE r.code = plan.approval_code AND r.kind = 'finance.return' AND r.state = 'PERFORMED'
                              AND r.payload::jsonb->>'plan' = plan.code AND r.payload::jsonb->'rows' = plan.rows) END) THEN
        RAISE EXCEPTION 'a refund is one of a plan that was agreed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'return_by_an_agreed_plan';
    END IF;
    IF paid.state = 'CREDITED' THEN
        most := paid.amount;
    ELSIF paid.state = 'QUARANTINED' THEN
        SELECT coalesce(max(e.amount), 0) INTO most FROM finance_providerevent e
         WHERE e.provider = paid.provider AND e.order_code = paid.code AND e.kind = 'PAID';
    ELSE
        most := 0;
    END IF;
    IF NEW.is_from_wallet <> (paid.state = 'CREDITED') OR NEW.amount > most - (
        SELECT coalesce(sum(d.amount), 0) FROM finance_depositreturn d
         WHERE d.deposit_id = NEW.deposit_id AND d.state <> 'FAILED') THEN
        RAISE EXCEPTION 'no more goes back than was paid'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'return_not_above_deposit';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_return_may_begin BEFORE INSERT ON finance_depositreturn
    FOR EACH ROW EXECUTE FUNCTION finance_return_may_begin();
ALTER TABLE finance_depositreturn ENABLE ALWAYS TRIGGER finance_return_may_begin;

-- What is to go back has left the balance in the same deed, or there is no refund at all.
CREATE FUNCTION finance_return_held() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM finance_entry e WHERE e.reference = 'return:' || NEW.code) THEN
        RAISE EXCEPTION 'what goes back is taken from the balance first'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'return_held_in_the_books';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER finance_return_held AFTER INSERT ON finance_depositreturn
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.is_from_wallet) EXECUTE FUNCTION finance_return_held();
ALTER TABLE finance_depositreturn ENABLE ALWAYS TRIGGER finance_return_held;

CREATE FUNCTION finance_return_goes_forward() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (
        ('BEGUN', 'SENDING'), ('SENDING', 'UNKNOWN'), ('SENDING', 'DONE'), ('SENDING', 'FAILED'),
        ('UNKNOWN', 'DONE'), ('UNKNOWN', 'FAILED')) THEN
        RAISE EXCEPTION 'a refund does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'return_goes_forward';
    END IF;
    IF NEW.is_from_wallet AND (
           NOT EXISTS (SELECT 1 FROM finance_entry e WHERE e.reference = 'return:' || NEW.code)
           OR (NEW.state = 'FAILED') <> EXISTS (
               SELECT 1 FROM finance_entry e WHERE e.reference = 'return:' || NEW.code || ':back')) THEN
        RAISE EXCEPTION 'what goes back has left the balance in the books, and returns there when it fails'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'return_in_the_books';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_return_goes_forward BEFORE UPDATE ON finance_depositreturn
    FOR EACH ROW EXECUTE FUNCTION finance_return_goes_forward();
ALTER TABLE finance_depositreturn ENABLE ALWAYS TRIGGER finance_return_goes_forward;

-- The books know a returned deposit only as one refund, in its amount, there and at most once back.
CREATE FUNCTION finance_return_entry_is_known() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM finance_depositreturn r JOIN finance_deposit d ON d.id = r.deposit_id
         CROSS JOIN LATERAL (SELECT 'wallet:' || d.player_code AS wallet, 'clearing:' || d.provider AS bank) a
         WHERE r.is_from_wallet AND NEW.asked_digest = encode(sha256(convert_to(NEW.kind || CASE NEW.reference
                  WHEN 'return:' || r.code THEN jsonb_build_array(jsonb_build_array(a.wallet, a.bank, r.amount))
                  WHEN 'return:' || r.code || ':back' THEN jsonb_build_array(jsonb_build_array(a.bank, a.wallet, r.amount))
                  ELSE '[]' END::text, 'UTF8')), 'hex')
           AND CASE NEW.reference WHEN 'return:' || r.code THEN r.state = 'BEGUN'
                                  ELSE r.state IN ('SENDING', 'UNKNOWN') END
           AND r.code = split_part(NEW.reference, ':', 2)) THEN
        RAISE EXCEPTION 'a deposit goes back by its refund'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'return_entry_is_a_refund';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_return_entry_is_known AFTER INSERT ON finance_entry
    FOR EACH ROW WHEN (NEW.kind = 'DEPOSIT_RETURNED') EXECUTE FUNCTION finance_return_entry_is_known();
ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER finance_return_entry_is_known;

-- What went back without ever having been in the balance is never credited afterwards.
CREATE FUNCTION finance_returned_stays_out() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM finance_depositreturn r
                WHERE r.deposit_id = NEW.id AND NOT r.is_from_wallet AND r.state <> 'FAILED') THEN
        RAISE EXCEPTION 'this money went back to its source'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'deposit_returned_stays_out';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_returned_stays_out BEFORE UPDATE ON finance_deposit
    FOR EACH ROW WHEN (NEW.state = 'CREDITED' AND OLD.state <> 'CREDITED')
    EXECUTE FUNCTION finance_returned_stays_out();
ALTER TABLE finance_deposit ENABLE ALWAYS TRIGGER finance_returned_stays_out;
"""
SQL = (
    REGISTER
    + RETURNS
    + "".join(
        f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_log_row;
"""
        for table, (kind, key) in LOGGED.items()
    )
)
UNDO = (
    "".join(f"DROP TRIGGER audit_log_row ON {table};" for table in LOGGED)
    + """
DROP FUNCTION finance_returned_stays_out() CASCADE;
DROP FUNCTION finance_return_entry_is_known() CASCADE;
DROP FUNCTION finance_return_goes_forward() CASCADE;
DROP FUNCTION finance_return_held() CASCADE;
DROP FUNCTION finance_return_may_begin() CASCADE;
DROP FUNCTION finance_return_plan_adds_up() CASCADE;
ALTER TABLE finance_postingrule DISABLE TRIGGER finance_postingrule_never_changes;
DELETE FROM finance_postingrule
 WHERE entry_kind = 'DEPOSIT_RETURNED' AND source_kind = 'CLEARING' AND target_kind = 'WALLET';
ALTER TABLE finance_postingrule ENABLE ALWAYS TRIGGER finance_postingrule_never_changes;
DROP FUNCTION finance_deposit_may_begin() CASCADE;
DROP FUNCTION finance_provider_fee(bigint, bigint, bigint, bigint);
DROP TRIGGER finance_provider_stays ON finance_provider;
DROP FUNCTION finance_provider_by_approval() CASCADE;
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("finance", "0010_providers"),
        ("accounts", "0007_funds_disclosure"),
        ("audit", "0007_log"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
