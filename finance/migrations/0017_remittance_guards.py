"""Money leaves an escrow account by an approved order to a listed payee of that purpose (F129, F265)."""

from django.db import migrations

LOGGED = {  # table: kind and key in the log, and what is left out of the hash
    "finance_payee": ("payee", "code", "number"),
    "finance_paymentorder": ("payment_order", "code"),
    "finance_due": ("due", "code"),
    "finance_treasuryreceipt": ("treasury_receipt", "number"),
    "finance_prizetax": ("prize_tax", "id"),
}
GUARDS = """
-- What was set aside too much, because stakes of a month were given back later, goes back.
INSERT INTO finance_postingrule (entry_kind, source_kind, target_kind, rank) VALUES
    ('SET_ASIDE', 'BUSINESS', 'FEE', NULL);

-- A payee stays what was asked for. He is listed by the word of others, who signed this very number.
CREATE FUNCTION finance_payee_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF (TG_OP = 'INSERT' AND (NEW.state <> 'ASKED' OR NEW.listed_at IS NOT NULL)) OR TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND (
           (to_jsonb(NEW) - '{state,reason,listed_at,ended_at}'::text[])
               <> (to_jsonb(OLD) - '{state,reason,listed_at,ended_at}'::text[])
           OR (OLD.state, NEW.state) NOT IN (('ASKED', 'LISTED'), ('ASKED', 'REFUSED'), ('LISTED', 'RETIRED'))
           OR (OLD.state = 'LISTED' AND NEW.listed_at IS DISTINCT FROM OLD.listed_at))) THEN
        RAISE EXCEPTION 'a payee stays what was asked for'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payee_stands';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.purpose = 'PROVIDER' AND NOT EXISTS (
        SELECT 1 FROM finance_account a
         WHERE a.code = 'clearing:' || NEW.party AND a.kind = 'CLEARING' AND NOT a.is_shadow) THEN
        RAISE EXCEPTION 'the books have no clearing account of %', NEW.party
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payee_of_a_known_provider';
    END IF;
    IF NEW.state = 'LISTED' AND NOT EXISTS (
        SELECT 1 FROM audit_approvalrequest r
         WHERE r.code = NEW.approval_code AND r.kind = 'finance.payee' AND r.state = 'PERFORMED'
           AND r.payload::jsonb->>'payee' = NEW.code AND r.payload::jsonb->>'purpose' = NEW.purpose
           AND r.payload::jsonb->>'party' = NEW.party AND r.payload::jsonb->>'name' = NEW.name
           AND r.payload::jsonb->>'bank_name' = NEW.bank_name
           AND r.payload::jsonb->>'number_index' = encode(NEW.number_index, 'hex')) THEN
        RAISE EXCEPTION 'a payee is listed by his own approval'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payee_listed_by_approval';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_payee_stands BEFORE INSERT OR UPDATE OR DELETE ON finance_payee
    FOR EACH ROW EXECUTE FUNCTION finance_payee_stands();
ALTER TABLE finance_payee ENABLE ALWAYS TRIGGER finance_payee_stands;

-- Whether `payee` is listed for what lies in `account`.
CREATE FUNCTION finance_payee_fits(payee bigint, purpose text, account text) RETURNS boolean LANGUAGE sql STABLE
    SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM finance_payee p JOIN finance_account a ON a.code = $3
         WHERE p.id = $1 AND p.state = 'LISTED' AND p.purpose = $2 AND a.kind = $2 AND NOT a.is_shadow
           AND p.party IN ('', substr(a.code, strpos(a.code, ':') + 1)))
$$;
REVOKE ALL ON FUNCTION finance_payee_fits(bigint, text, text) FROM PUBLIC;

-- An order stays what was asked for: one sum out of an escrow account to a payee who is listed for it.
-- It is approved while it is covered and pays just what is due, paid when it is in the books, dropped
-- after its approval only by another approval, and returned when its entry was reversed.
CREATE FUNCTION finance_payment_order_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE out_of_account bigint;
BEGIN
    IF (TG_OP = 'INSERT' AND NEW.state <> 'ASKED') OR TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND (
           (to_jsonb(NEW) - '{state,reason,approved_at,paid_on,bank_reference,paid_at,ended_at,drop_approval_code}'::text[])
               <> (to_jsonb(OLD) - '{state,reason,approved_at,paid_on,bank_reference,paid_at,ended_at,drop_approval_code}'::text[])
           OR (OLD.state, NEW.state) NOT IN (('ASKED', 'APPROVED'), ('ASKED', 'DROPPED'), ('APPROVED', 'PAID'),
                                             ('APPROVED', 'DROPPED'), ('PAID', 'RETURNED'))
           OR (OLD.state <> 'ASKED' AND NEW.approved_at IS DISTINCT FROM OLD.approved_at)
           OR (OLD.state = 'PAID' AND (NEW.paid_on, NEW.bank_reference, NEW.paid_at)
               IS DISTINCT FROM (OLD.paid_on, OLD.bank_reference, OLD.paid_at)))) THEN
        RAISE EXCEPTION 'a payment order stays what was asked for'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_order_stands';
    END IF;
    IF NEW.state IN ('ASKED', 'APPROVED') AND NOT finance_payee_fits(NEW.payee_id, NEW.purpose, NEW.account) THEN
        RAISE EXCEPTION 'this payee is not listed for %', NEW.account
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_order_to_a_listed_payee';
    END IF;
    IF NEW.state = 'ASKED' AND (
        NOT EXISTS (SELECT 1 FROM finance_account a WHERE a.code = NEW.escrow AND a.kind = 'ESCROW' AND NOT a.is_shadow)
        OR (SELECT count(*) FILTER (WHERE m->>1 = NEW.escrow AND (m->>2)::bigint = NEW.amount) <> 1
                OR count(*) FILTER (WHERE m->>1 = NEW.escrow) <> 1
                OR count(*) FILTER (WHERE m->>0 = NEW.account) = 0
                OR (NEW.purpose <> 'ORGANISER'
                    AND sum((m->>2)::bigint) FILTER (WHERE m->>0 = NEW.account) <> NEW.amount)
                OR bool_or(m->>0 <> NEW.account AND NOT EXISTS (
                       SELECT 1 FROM finance_account a
                        WHERE a.code = m->>0 AND a.kind = 'OWNBANK' AND NEW.entry_kind = 'FEE_DRAWN'))
              FROM jsonb_array_elements(NEW.moves) m)
        OR (NEW.purpose, NEW.entry_kind) NOT IN (
               ('WELFARE', 'REMITTANCE'), ('FEE', 'REMITTANCE'), ('TAX', 'REMITTANCE'), ('BUSINESS', 'FEE_DRAWN'),
               ('PARTNER', 'PARTNER_PAID'), ('ORGANISER', 'ORGANISER_PAID'), ('ISSUER', 'REMITTANCE'))) THEN
        RAISE EXCEPTION 'a payment order moves one sum out of an escrow account'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_order_out_of_an_escrow';
    END IF;
    IF NEW.state = 'APPROVED' THEN
        IF NOT EXISTS (
            SELECT 1 FROM audit_approvalrequest r JOIN finance_payee p ON p.id = NEW.payee_id
             WHERE r.code = NEW.approval_code AND r.kind = 'finance.payment_order' AND r.state = 'PERFORMED'
               AND r.payload::jsonb->>'order' = NEW.code AND r.payload::jsonb->>'payee' = p.code
               AND r.payload::jsonb->>'account' = NEW.account AND r.payload::jsonb->>'escrow' = NEW.escrow
               AND (r.payload::jsonb->>'amount_fen')::bigint = NEW.amount
               AND r.payload::jsonb->'moves' = NEW.moves) THEN
            RAISE EXCEPTION 'a payment order is approved by its own approval'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_order_approved_by_others';
        END IF;
        IF NEW.purpose <> 'BUSINESS' AND (
               (SELECT coalesce(sum(d.amount), 0) FROM finance_due d WHERE d.order_id = NEW.id) <> NEW.amount
               OR NEW.purpose = 'ORGANISER' AND
                  (SELECT coalesce(sum(d.amount + d.kept), 0) FROM finance_due d WHERE d.order_id = NEW.id)
                  <> (SELECT sum((m->>2)::bigint) FROM jsonb_array_elements(NEW.moves) m WHERE m->>0 = NEW.account)) THEN
            RAISE EXCEPTION 'a payment order pays what is due'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_order_pays_what_is_due';
        END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended('dues:' || NEW.account, 0));
        SELECT sum((m->>2)::bigint) INTO out_of_account
          FROM (SELECT NEW.moves AS moves UNION ALL
                SELECT o.moves FROM finance_paymentorder o
                 WHERE o.account = NEW.account AND o.state = 'APPROVED' AND o.id <> NEW.id) x,
               jsonb_array_elements(x.moves) m WHERE m->>0 = NEW.account;
        IF (SELECT b.balance FROM finance_balances(ARRAY[NEW.account]) b) < out_of_account THEN
            RAISE EXCEPTION '% does not hold what is to be paid out of it', NEW.account
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_order_covered';
        END IF;
    END IF;
    IF NEW.state = 'PAID' AND NOT EXISTS (SELECT 1 FROM finance_entry e WHERE e.reference = 'order:' || NEW.code) THEN
        RAISE EXCEPTION 'a paid order is in the books'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_order_paid_in_the_books';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'APPROVED' AND NEW.state = 'DROPPED' AND (NOT EXISTS (
           SELECT 1 FROM audit_approvalrequest r
            WHERE r.code = NEW.drop_approval_code AND r.kind = 'finance.payment_order_drop' AND r.state = 'PERFORMED'
              AND r.payload::jsonb->>'order' = NEW.code)
        OR EXISTS (SELECT 1 FROM finance_entry e WHERE e.reference = 'order:' || NEW.code)) THEN
        RAISE EXCEPTION 'an approved order is dropped by the word of others'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_order_dropped_by_others';
    END IF;
    IF NEW.state = 'RETURNED' AND NOT EXISTS (
        SELECT 1 FROM finance_entry e JOIN finance_entry o ON o.id = e.reversal_of_id
         WHERE o.reference = 'order:' || NEW.code) THEN
        RAISE EXCEPTION 'a returned order is reversed in the books'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_order_returned_in_the_books';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_payment_order_stands BEFORE INSERT OR UPDATE OR DELETE ON finance_paymentorder
    FOR EACH ROW EXECUTE FUNCTION finance_payment_order_stands();
ALTER TABLE finance_paymentorder ENABLE ALWAYS TRIGGER finance_payment_order_stands;

-- A due stays; it is taken into an order of its account, and let go when that order came to nothing.
CREATE FUNCTION finance_due_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF (TG_OP = 'INSERT' AND NEW.order_id IS NOT NULL) OR TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND (
           (to_jsonb(NEW) - 'order_id') <> (to_jsonb(OLD) - 'order_id')
           OR (OLD.order_id IS NULL AND NOT EXISTS (
                  SELECT 1 FROM finance_paymentorder o
                   WHERE o.id = NEW.order_id AND o.state = 'ASKED' AND o.account = NEW.account))
           OR (OLD.order_id IS NOT NULL AND (NEW.order_id IS NOT NULL OR NOT EXISTS (
                  SELECT 1 FROM finance_paymentorder o
                   WHERE o.id = OLD.order_id AND o.state IN ('DROPPED', 'RETURNED')))))) THEN
        RAISE EXCEPTION 'a due stays what it is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'due_stands';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_due_stands BEFORE INSERT OR UPDATE OR DELETE ON finance_due
    FOR EACH ROW EXECUTE FUNCTION finance_due_stands();
ALTER TABLE finance_due ENABLE ALWAYS TRIGGER finance_due_stands;

-- The treasury receipts what was paid to it, to the fen; a receipt never changes.
CREATE FUNCTION finance_treasury_receipt_fits() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' OR NOT EXISTS (
        SELECT 1 FROM finance_paymentorder o
         WHERE o.id = NEW.order_id AND o.state = 'PAID' AND o.purpose IN ('WELFARE', 'FEE', 'TAX')
           AND o.amount = NEW.amount AND o.paid_on <= NEW.issued_on) THEN
        RAISE EXCEPTION 'a treasury receipt is for what was paid to the treasury'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'treasury_receipt_fits';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_treasury_receipt_fits BEFORE INSERT OR UPDATE OR DELETE ON finance_treasuryreceipt
    FOR EACH ROW EXECUTE FUNCTION finance_treasury_receipt_fits();
ALTER TABLE finance_treasuryreceipt ENABLE ALWAYS TRIGGER finance_treasury_receipt_fits;

-- The tax of a prize is that of the sum so far, less what was withheld of it before, and the entry that
-- paid the prize moved just that into the account of the tax. It never changes.
CREATE FUNCTION finance_prize_tax_fits() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    earlier record;
    wanted bigint := 0;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'the tax of a prize stays what it is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_tax_stands';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('prize_tax:' || NEW.winner || ':' || NEW.occasion, 0));
    SELECT coalesce(sum(p.prize), 0)::bigint AS prizes, coalesce(sum(p.tax), 0)::bigint AS taxes INTO earlier
      FROM finance_prizetax p
     WHERE p.winner = NEW.winner AND p.occasion = NEW.occasion
       AND NOT EXISTS (SELECT 1 FROM finance_entry r WHERE r.reversal_of_id = p.entry_id);
    IF NEW.together > NEW.exempt THEN
        wanted := greatest(0, ((earlier.prizes + NEW.prize) * NEW.rate + 5000) / 10000 - earlier.taxes);
    END IF;
    IF NEW.before <> earlier.prizes OR NEW.tax <> least(NEW.prize, wanted) OR NOT EXISTS (
        SELECT 1 FROM finance_entry e WHERE e.id = NEW.entry_id AND e.kind = 'PRIZE' AND NOT e.is_shadow
           AND NEW.prize = (SELECT sum(t.amount) FROM finance_transfer t WHERE t.entry_id = e.id)
           AND NEW.tax = (SELECT coalesce(sum(t.amount), 0) FROM finance_transfer t
                            JOIN finance_account a ON a.id = t.target_id AND a.kind = 'TAX'
                           WHERE t.entry_id = e.id AND a.code = NEW.account)) THEN
        RAISE EXCEPTION 'the books withheld another tax'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_tax_to_the_fen';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_prize_tax_fits BEFORE INSERT OR UPDATE OR DELETE ON finance_prizetax
    FOR EACH ROW EXECUTE FUNCTION finance_prize_tax_fits();
ALTER TABLE finance_prizetax ENABLE ALWAYS TRIGGER finance_prize_tax_fits;

-- Whatever leaves an escrow account for others leaves by an approved order, in the moves approved (F129).
CREATE FUNCTION finance_outflow_by_order() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM finance_paymentorder o
         WHERE NEW.reference = 'order:' || o.code AND o.state = 'APPROVED' AND o.entry_kind = NEW.kind
           AND NEW.asked_digest = encode(sha256(convert_to(NEW.kind || o.moves::text, 'UTF8')), 'hex')) THEN
        RAISE EXCEPTION 'money leaves by an approved order to a listed payee'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outflow_by_an_approved_order';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_outflow_by_order AFTER INSERT ON finance_entry
    FOR EACH ROW WHEN (NOT NEW.is_shadow AND NEW.kind IN ('REMITTANCE', 'FEE_DRAWN', 'PARTNER_PAID', 'ORGANISER_PAID'))
    EXECUTE FUNCTION finance_outflow_by_order();
ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER finance_outflow_by_order;
"""
SQL = GUARDS + "".join(
    f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row({", ".join(f"'{word}'" for word in words)});
ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_log_row;
"""
    for table, words in LOGGED.items()
)
UNDO = (
    "".join(f"DROP TRIGGER audit_log_row ON {table};" for table in LOGGED)
    + """
DROP FUNCTION finance_outflow_by_order() CASCADE;
DROP FUNCTION finance_prize_tax_fits() CASCADE;
DROP FUNCTION finance_treasury_receipt_fits() CASCADE;
DROP FUNCTION finance_due_stands() CASCADE;
DROP FUNCTION finance_payment_order_stands() CASCADE;
DROP FUNCTION finance_payee_fits(bigint, text, text);
DROP FUNCTION finance_payee_stands() CASCADE;
ALTER TABLE finance_postingrule DISABLE TRIGGER finance_postingrule_never_changes;
DELETE FROM finance_postingrule WHERE (entry_kind, source_kind) = ('SET_ASIDE', 'BUSINESS');
ALTER TABLE finance_postingrule ENABLE ALWAYS TRIGGER finance_postingrule_never_changes;
"""
)


class Migration(migrations.Migration):
    dependencies = [("finance", "0016_remittance_tables"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
