"""What must be so before money leaves: ceilings, enough people, a checked account, no debt, no block.

Cases go forward only, a chargeback beyond the purses locks the account, and a debt is never paid
twice. A large deposit is credited by the provider's own answer. Figures of policies are those of the
moment the request names.
"""

from django.db import migrations

LOGGED = {  # table: kind and key in the log
    "finance_case": ("case", "code"),
    "finance_transferblock": ("transfer_block", "id"),
    "finance_bankaccountcheck": ("bank_account_check", "code"),
}
GUARDS = """
CREATE FUNCTION finance_policy(wanted text, moment timestamptz) RETURNS jsonb LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT p.value::jsonb FROM audit_policyparameter p
     WHERE p.key = wanted AND p.scope = '' AND p.valid_from <= moment ORDER BY p.valid_from DESC LIMIT 1
$$;
REVOKE ALL ON FUNCTION finance_policy(text, timestamptz) FROM PUBLIC;

-- A withdrawal fits under the ceilings of one and of a day, and leaves no debt behind. The purses are locked first, so requests of one player count each other.
CREATE FUNCTION finance_withdrawal_may_begin() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    midnight timestamptz := date_trunc('day', NEW.requested_at AT TIME ZONE 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai';
    single bigint := finance_policy('withdrawal.max_fen', NEW.requested_at)::text::bigint;
    daily bigint := finance_policy('withdrawal.daily_max_fen', NEW.requested_at)::text::bigint;
BEGIN
    PERFORM 1 FROM finance_account a
      WHERE a.code IN ('bonus:' || NEW.player_code, 'hold:' || NEW.player_code,
                       'wallet:' || NEW.player_code, 'winnings:' || NEW.player_code)
      ORDER BY a.code FOR NO KEY UPDATE;
    IF NEW.amount > coalesce(single, 0) THEN
        RAISE EXCEPTION 'one withdrawal is at most %', single
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_below_the_ceiling';
    END IF;
    IF NEW.amount + (SELECT coalesce(sum(w.amount), 0) FROM finance_withdrawal w
                      WHERE w.player_code = NEW.player_code AND w.requested_at >= midnight
                        AND w.requested_at < midnight + interval '1 day' AND w.state NOT IN ('FAILED', 'REFUSED', 'RECALLED', 'RETURNED')) > coalesce(daily, 0) THEN
        RAISE EXCEPTION 'a day takes at most %', daily
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_below_the_ceiling_of_the_day';
    END IF;
    IF EXISTS (SELECT 1 FROM finance_balances(ARRAY['receivable:' || NEW.player_code]) b WHERE b.balance < 0) THEN
        RAISE EXCEPTION 'a debt is paid first'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_without_debt';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_withdrawal_may_begin BEFORE INSERT ON finance_withdrawal
    FOR EACH ROW EXECUTE FUNCTION finance_withdrawal_may_begin();
ALTER TABLE finance_withdrawal ENABLE ALWAYS TRIGGER finance_withdrawal_may_begin;

-- Money is asked for and sent through an institution that is in force for payouts on that day (F295),
-- and only one that has confirmed the account, or compares its holder with each payout, unless another
-- has confirmed it for all (F006). Until it is sent another may take its place; afterwards never.
CREATE FUNCTION finance_payout_in_force() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    today date := (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.provider <> OLD.provider AND (OLD.state, NEW.state) <> ('APPROVED', 'SENDING') THEN
        RAISE EXCEPTION 'who sends money is settled when it is sent'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_provider_settled';
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.state, NEW.state) <> ('APPROVED', 'SENDING') THEN
        RETURN NEW;
    END IF;
    PERFORM 1 FROM finance_provider p
     WHERE p.code = NEW.provider AND p.is_on AND 'PAYOUT' = ANY (p.accepts)
       AND p.licence_until >= today AND p.contract_until >= today FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'provider % is not in force for payouts', NEW.provider
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_provider_in_force';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM finance_bankaccountcheck c WHERE c.bank_account_id = NEW.bank_account_id
                    AND (c.outcome = 'MATCHES' OR c.outcome = 'AT_PAYOUT' AND c.provider = NEW.provider)) THEN
        RAISE EXCEPTION 'no bank has confirmed this account'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_to_checked_account';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_payout_in_force BEFORE INSERT OR UPDATE ON finance_withdrawal
    FOR EACH ROW EXECUTE FUNCTION finance_payout_in_force();
ALTER TABLE finance_withdrawal ENABLE ALWAYS TRIGGER finance_payout_in_force;

-- What was approved before a bank took a deposit back waits until the debt is paid (F112). The purses are
-- locked first: a chargeback that is being booked is waited for, and seen.
CREATE FUNCTION finance_withdrawal_waits_for_debt() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM finance_account a
      WHERE a.code IN ('bonus:' || NEW.player_code, 'hold:' || NEW.player_code,
                       'wallet:' || NEW.player_code, 'winnings:' || NEW.player_code)
      ORDER BY a.code FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM finance_balances(ARRAY['receivable:' || NEW.player_code]) b WHERE b.balance < 0) THEN
        RAISE EXCEPTION 'a debt is paid before money leaves'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_waits_for_debt';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_withdrawal_waits_for_debt BEFORE UPDATE ON finance_withdrawal
    FOR EACH ROW WHEN (NEW.state = 'SENDING' AND OLD.state IS DISTINCT FROM 'SENDING')
    EXECUTE FUNCTION finance_withdrawal_waits_for_debt();
ALTER TABLE finance_withdrawal ENABLE ALWAYS TRIGGER finance_withdrawal_waits_for_debt;

-- From an amount on no message alone credits a deposit: the provider was asked, and said the same (V-1).
CREATE FUNCTION finance_deposit_confirmed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.amount + NEW.fee >= coalesce(finance_policy('deposit.query_from_fen', NEW.credited_at)::text::bigint, 0)
       AND NOT EXISTS (
           SELECT 1 FROM finance_providerevent e
            WHERE e.provider = NEW.provider AND e.order_code = NEW.code AND e.kind IN ('PAID', 'REFUNDED')
              AND e.amount = NEW.amount + NEW.fee AND e.asked_at IS NOT NULL AND e.outcome <> 'QUARANTINED') THEN
        RAISE EXCEPTION 'the provider has not confirmed so much'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'deposit_confirmed_when_asked';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_deposit_confirmed BEFORE UPDATE ON finance_deposit
    FOR EACH ROW WHEN (NEW.state = 'CREDITED' AND OLD.state <> 'CREDITED')
    EXECUTE FUNCTION finance_deposit_confirmed();
ALTER TABLE finance_deposit ENABLE ALWAYS TRIGGER finance_deposit_confirmed;

-- As many people as the policy of its day asks for the amount, whatever the request itself says.
CREATE FUNCTION finance_withdrawal_by_enough_people() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE asked audit_approvalrequest;
BEGIN
    SELECT * INTO asked FROM audit_approvalrequest r WHERE r.code = NEW.approval_code;
    IF asked.id IS NOT NULL AND (SELECT count(DISTINCT d.checker_person) FROM audit_approvaldecision d
         WHERE d.request_id = asked.id AND d.approved) < coalesce((
           SELECT (tier->>1)::integer
             FROM jsonb_array_elements(finance_policy('withdrawal.people', asked.requested_at)) WITH ORDINALITY AS t(tier, n)
            WHERE tier->>0 IS NULL OR NEW.amount <= (tier->>0)::bigint ORDER BY n LIMIT 1), 1) THEN
        RAISE EXCEPTION 'more people agree to such an amount'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_by_enough_people';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_withdrawal_by_enough_people BEFORE UPDATE ON finance_withdrawal
    FOR EACH ROW WHEN (OLD.state = 'WAITING' AND NEW.state = 'APPROVED')
    EXECUTE FUNCTION finance_withdrawal_by_enough_people();
ALTER TABLE finance_withdrawal ENABLE ALWAYS TRIGGER finance_withdrawal_by_enough_people;

-- While a block runs nothing begins, in or out (F111). TG_ARGV: the column with the time of the request.
CREATE FUNCTION finance_transfers_not_blocked() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE moment timestamptz := (to_jsonb(NEW)->>TG_ARGV[0])::timestamptz;
BEGIN
    IF EXISTS (SELECT 1 FROM finance_transferblock b WHERE b.player_code = NEW.player_code
                AND b.begun_at <= moment AND moment < b.until AND b.lifted_at IS NULL) THEN
        RAISE EXCEPTION 'transfers of this player rest'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfers_not_blocked';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_deposit_not_blocked BEFORE INSERT ON finance_deposit
    FOR EACH ROW EXECUTE FUNCTION finance_transfers_not_blocked('begun_at');
ALTER TABLE finance_deposit ENABLE ALWAYS TRIGGER finance_deposit_not_blocked;
CREATE TRIGGER finance_withdrawal_not_blocked BEFORE INSERT ON finance_withdrawal
    FOR EACH ROW EXECUTE FUNCTION finance_transfers_not_blocked('requested_at');
ALTER TABLE finance_withdrawal ENABLE ALWAYS TRIGGER finance_withdrawal_not_blocked;
CREATE FUNCTION finance_transferblock_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.lifted_at IS NOT NULL
       OR (to_jsonb(NEW) - '{lifted_at,lifted_by_id}'::text[]) <> (to_jsonb(OLD) - '{lifted_at,lifted_by_id}'::text[]) THEN
        RAISE EXCEPTION 'a block is lifted once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_block_stands';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_transferblock_stands BEFORE UPDATE OR DELETE ON finance_transferblock
    FOR EACH ROW EXECUTE FUNCTION finance_transferblock_stands();
ALTER TABLE finance_transferblock ENABLE ALWAYS TRIGGER finance_transferblock_stands;

-- What a bank said of an account is said once.
CREATE FUNCTION finance_bankaccountcheck_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.outcome <> 'ASKED' THEN
            RAISE EXCEPTION 'a check begins with a question'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_account_check_stands';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.outcome <> 'ASKED'
       OR (to_jsonb(NEW) - '{outcome,answered_at}'::text[]) <> (to_jsonb(OLD) - '{outcome,answered_at}'::text[]) THEN
        RAISE EXCEPTION 'check % stays what the bank said', OLD.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_account_check_stands';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_bankaccountcheck_stands BEFORE INSERT OR UPDATE OR DELETE ON finance_bankaccountcheck
    FOR EACH ROW EXECUTE FUNCTION finance_bankaccountcheck_stands();
ALTER TABLE finance_bankaccountcheck ENABLE ALWAYS TRIGGER finance_bankaccountcheck_stands;

-- A case is what it was opened for, escalates once and is settled for good.
CREATE FUNCTION finance_case_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state = 'RESOLVED'
       OR (NEW.id, NEW.code, NEW.kind, NEW.object_type, NEW.object_code, NEW.facts, NEW.opened_at, NEW.due_on)
          IS DISTINCT FROM (OLD.id, OLD.code, OLD.kind, OLD.object_type, OLD.object_code, OLD.facts, OLD.opened_at, OLD.due_on)
       OR OLD.escalated_at IS NOT NULL AND NEW.escalated_at IS DISTINCT FROM OLD.escalated_at THEN
        RAISE EXCEPTION 'case % goes forward', OLD.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_goes_forward';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_case_goes_forward BEFORE UPDATE OR DELETE ON finance_case
    FOR EACH ROW EXECUTE FUNCTION finance_case_goes_forward();
ALTER TABLE finance_case ENABLE ALWAYS TRIGGER finance_case_goes_forward;
CREATE TRIGGER finance_case_begins BEFORE INSERT ON finance_case
    FOR EACH ROW EXECUTE FUNCTION finance_begins_at_the_beginning('OPEN');
ALTER TABLE finance_case ENABLE ALWAYS TRIGGER finance_case_begins;

-- A chargeback that the purses do not cover leaves no account as it was (F112).
CREATE FUNCTION finance_chargeback_locks() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id
                 JOIN finance_account a ON a.id = t.source_id AND a.kind = 'RECEIVABLE'
                WHERE e.reference = 'chargeback:' || NEW.code)
       AND EXISTS (SELECT 1 FROM accounts_player p WHERE p.code = NEW.player_code AND p.state = 'ACTIVE') THEN
        RAISE EXCEPTION 'who owes money is locked'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'chargeback_locks_the_account';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_chargeback_locks BEFORE UPDATE ON finance_deposit
    FOR EACH ROW WHEN (NEW.state = 'CHARGED_BACK' AND OLD.state <> 'CHARGED_BACK')
    EXECUTE FUNCTION finance_chargeback_locks();
ALTER TABLE finance_deposit ENABLE ALWAYS TRIGGER finance_chargeback_locks;

-- A debt is paid to the fen and no further, however many pay at once: looked at when all is written.
CREATE FUNCTION finance_receivable_not_overpaid() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM finance_balances(ARRAY(
                   SELECT a.code FROM finance_transfer t JOIN finance_account a ON a.id = t.target_id
                    WHERE t.entry_id = NEW.id AND a.kind = 'RECEIVABLE')) b WHERE b.balance > 0) THEN
        RAISE EXCEPTION 'more was paid than is owed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'receivable_not_overpaid';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER finance_receivable_not_overpaid AFTER INSERT ON finance_entry
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.kind = 'RECOVERY') EXECUTE FUNCTION finance_receivable_not_overpaid();
ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER finance_receivable_not_overpaid;
"""
SQL = GUARDS + "".join(
    f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_log_row;
SELECT audit_log_add('{kind}', key, hash) FROM audit_rows_now('{table}');
"""  # noqa: S608 - names written above
    for table, (kind, key) in LOGGED.items()
)
UNDO = (
    "".join(f"DROP TRIGGER audit_log_row ON {table};" for table in LOGGED)
    + """
DROP FUNCTION finance_receivable_not_overpaid() CASCADE;
DROP FUNCTION finance_chargeback_locks() CASCADE;
DROP TRIGGER finance_case_begins ON finance_case;
DROP FUNCTION finance_case_goes_forward() CASCADE;
DROP FUNCTION finance_bankaccountcheck_stands() CASCADE;
DROP FUNCTION finance_transferblock_stands() CASCADE;
DROP FUNCTION finance_transfers_not_blocked() CASCADE;
DROP FUNCTION finance_withdrawal_by_enough_people() CASCADE;
DROP FUNCTION finance_deposit_confirmed() CASCADE;
DROP FUNCTION finance_withdrawal_waits_for_debt() CASCADE;
DROP FUNCTION finance_payout_in_force() CASCADE;
DROP FUNCTION finance_withdrawal_may_begin() CASCADE;
DROP FUNCTION finance_policy(text, timestamptz);
"""
)


class Migration(migrations.Migration):
    dependencies = [("finance", "0012_cases_and_checks"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
