"""Deposits and withdrawals go forward only, with the books, and above a tier with other eyes (F109)."""

from django.db import migrations

SQL = """
CREATE FUNCTION finance_deposit_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (
        ('BEGUN', 'CREDITED'), ('BEGUN', 'CLOSED'), ('BEGUN', 'QUARANTINED'), ('CLOSED', 'CREDITED'),
        ('CLOSED', 'QUARANTINED'), ('QUARANTINED', 'BEGUN'), ('CREDITED', 'CHARGED_BACK')) THEN
        RAISE EXCEPTION 'a deposit does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'deposit_goes_forward';
    END IF;
    IF NEW.state IN ('CREDITED', 'CHARGED_BACK')
       AND NOT EXISTS (SELECT 1 FROM finance_entry e WHERE e.reference = 'deposit:' || NEW.code) THEN
        RAISE EXCEPTION 'a deposit is credited in the books'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'deposit_credited_in_the_books';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_deposit_goes_forward BEFORE UPDATE ON finance_deposit
    FOR EACH ROW EXECUTE FUNCTION finance_deposit_goes_forward();
ALTER TABLE finance_deposit ENABLE ALWAYS TRIGGER finance_deposit_goes_forward;

CREATE FUNCTION finance_withdrawal_goes_forward() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    automatic bigint;
    today date := (NEW.requested_at AT TIME ZONE 'Asia/Shanghai')::date;
    asked audit_approvalrequest;
    person text;
BEGIN
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (
        ('HELD', 'APPROVED'), ('HELD', 'WAITING'), ('HELD', 'REFUSED'), ('WAITING', 'HELD'),
        ('WAITING', 'APPROVED'), ('WAITING', 'REFUSED'), ('APPROVED', 'SENDING'), ('SENDING', 'UNKNOWN'),
        ('SENDING', 'PAID'), ('SENDING', 'FAILED'), ('UNKNOWN', 'PAID'), ('UNKNOWN', 'FAILED'),
        ('APPROVED', 'RECALLED'), ('PAID', 'RETURNED')) THEN
        RAISE EXCEPTION 'a withdrawal does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_goes_forward';
    END IF;
    IF NEW.state IN ('APPROVED', 'SENDING') AND OLD.state <> NEW.state AND (NEW.amount IS DISTINCT FROM (
        SELECT sum(t.amount) FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id
          JOIN finance_account w ON w.id = t.source_id JOIN finance_account h ON h.id = t.target_id
         WHERE e.reference = 'withdrawal:' || NEW.code || ':hold' AND e.kind = 'WITHDRAWAL_HOLD'
           AND w.code IN ('wallet:' || NEW.player_code, 'winnings:' || NEW.player_code)
           AND h.code = 'hold:' || NEW.player_code)
       OR EXISTS (SELECT 1 FROM finance_entry e WHERE e.reference = 'withdrawal:' || NEW.code || ':release')) THEN
        RAISE EXCEPTION 'what leaves is held in the books first, and until then'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_held_in_the_books';
    END IF;
    IF NEW.state = 'APPROVED' AND OLD.state = 'HELD' THEN
        SELECT p.value::text::bigint INTO automatic FROM audit_policyparameter p
         WHERE p.key = 'withdrawal.automatic_up_to_fen' AND p.scope = '' AND p.valid_from <= clock_timestamp()
         ORDER BY p.valid_from DESC LIMIT 1;
        -- What went by itself on the same day counts: many small ones are a large one. Requests of one
        -- player count each other, for each locked his purses when it began.
        IF NEW.amount + (SELECT coalesce(sum(w.amount), 0) FROM finance_withdrawal w
                          WHERE w.player_code = NEW.player_code AND w.id <> NEW.id
                            AND w.approval_code = '' AND w.approved_at IS NOT NULL
                            AND w.state NOT IN ('FAILED', 'REFUSED', 'RECALLED', 'RETURNED')
                            AND w.requested_at >= today::timestamp AT TIME ZONE 'Asia/Shanghai'
                            AND w.requested_at < (today + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')
           > coalesce(automatic, 0) THEN
            RAISE EXCEPTION 'above the automatic tier a withdrawal is approved'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_above_tier_is_approved';
        END IF;
    ELSIF NEW.state = 'APPROVED' AND OLD.state = 'WAITING' THEN
        SELECT * INTO asked FROM audit_approvalrequest r WHERE r.code = NEW.approval_code;
        IF asked.id IS NULL OR asked.kind <> 'finance.withdrawal' OR asked.state <> 'PERFORMED'
           OR asked.payload::jsonb->>'withdrawal' IS DISTINCT FROM NEW.code
           OR (asked.payload::jsonb->>'amount_fen')::bigint IS DISTINCT FROM NEW.amount THEN
            RAISE EXCEPTION 'a withdrawal leaves by its own approval'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_above_tier_is_approved';
        END IF;
        SELECT h.row_uuid::text INTO person FROM accounts_player p JOIN accounts_person h ON h.id = p.person_id
         WHERE p.code = NEW.player_code;
        IF asked.maker_person = person OR EXISTS (
            SELECT 1 FROM audit_approvaldecision d WHERE d.request_id = asked.id AND d.checker_person = person) THEN
            RAISE EXCEPTION 'nobody decides on his own withdrawal'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_approved_by_others';
        END IF;
    END IF;
    IF NEW.state = 'PAID' AND NOT EXISTS (
           SELECT 1 FROM finance_entry e WHERE e.reference = 'withdrawal:' || NEW.code || ':paid')
       OR NEW.state = 'RETURNED' AND NOT EXISTS (
           SELECT 1 FROM finance_entry e WHERE e.reference = 'withdrawal:' || NEW.code || ':returned')
       OR NEW.state IN ('FAILED', 'REFUSED', 'RECALLED', 'RETURNED') AND NOT EXISTS (
           SELECT 1 FROM finance_entry e WHERE e.reference = 'withdrawal:' || NEW.code || ':release') THEN
        RAISE EXCEPTION 'a withdrawal ends in the books'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_ends_in_the_books';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_withdrawal_goes_forward BEFORE UPDATE ON finance_withdrawal
    FOR EACH ROW EXECUTE FUNCTION finance_withdrawal_goes_forward();
ALTER TABLE finance_withdrawal ENABLE ALWAYS TRIGGER finance_withdrawal_goes_forward;

-- A request begins at the beginning.
CREATE FUNCTION finance_begins_at_the_beginning() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> TG_ARGV[0] THEN
        RAISE EXCEPTION '% begins as %', TG_TABLE_NAME, TG_ARGV[0]
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_begins_at_the_beginning';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_deposit_begins BEFORE INSERT ON finance_deposit
    FOR EACH ROW EXECUTE FUNCTION finance_begins_at_the_beginning('BEGUN');
ALTER TABLE finance_deposit ENABLE ALWAYS TRIGGER finance_deposit_begins;
CREATE TRIGGER finance_withdrawal_begins BEFORE INSERT ON finance_withdrawal
    FOR EACH ROW EXECUTE FUNCTION finance_begins_at_the_beginning('HELD');
ALTER TABLE finance_withdrawal ENABLE ALWAYS TRIGGER finance_withdrawal_begins;

-- Money leaves to an account of the player himself (F006).
CREATE FUNCTION finance_withdrawal_to_own_account() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM finance_bankaccount b WHERE b.id = NEW.bank_account_id
                    AND b.player_code = NEW.player_code AND b.removed_at IS NULL) THEN
        RAISE EXCEPTION 'the bank account is not this player''s'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_to_own_account';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_withdrawal_to_own_account BEFORE INSERT ON finance_withdrawal
    FOR EACH ROW EXECUTE FUNCTION finance_withdrawal_to_own_account();
ALTER TABLE finance_withdrawal ENABLE ALWAYS TRIGGER finance_withdrawal_to_own_account;
"""
UNDO = """
DROP FUNCTION finance_withdrawal_to_own_account() CASCADE;
DROP FUNCTION finance_begins_at_the_beginning() CASCADE;
DROP FUNCTION finance_withdrawal_goes_forward() CASCADE;
DROP FUNCTION finance_deposit_goes_forward() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("finance", "0003_posting_rules"),
        ("audit", "0004_four_eyes"),
        ("accounts", "0001_first_tables"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
