"""Own money is in escrow once its bank has paid it; what comes back does so by the word of others."""

from django.db import migrations

LOGGED = {"finance_cover": ("cover", "code")}  # table: kind and key in the log
GUARDS = """
-- A payment into escrow stays what was asked for. It is approved by others in its very moves, booked when
-- the books have it, and dropped only while they do not.
CREATE FUNCTION finance_cover_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    moves jsonb := jsonb_build_array(jsonb_build_array(NEW.escrow, NEW.own_bank, NEW.amount));
    is_booked boolean := EXISTS (SELECT 1 FROM finance_entry e WHERE e.reference = 'cover:' || NEW.code);
BEGIN
    IF (TG_OP = 'INSERT' AND (NEW.state <> 'ASKED' OR NEW.approved_at IS NOT NULL)) OR TG_OP = 'DELETE'
       OR (TG_OP = 'UPDATE' AND (
           (to_jsonb(NEW) - '{state,approved_at,paid_on,bank_reference,booked_at,ended_at,drop_reason}'::text[])
               <> (to_jsonb(OLD) - '{state,approved_at,paid_on,bank_reference,booked_at,ended_at,drop_reason}'::text[])
           OR (OLD.state, NEW.state) NOT IN (('ASKED', 'APPROVED'), ('ASKED', 'DROPPED'),
                                             ('APPROVED', 'BOOKED'), ('APPROVED', 'DROPPED'))
           OR (OLD.state <> 'ASKED' AND NEW.approved_at IS DISTINCT FROM OLD.approved_at))) THEN
        RAISE EXCEPTION 'a payment into escrow stays what was asked for'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cover_stands';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM finance_account a WHERE a.code = NEW.escrow AND a.kind = 'ESCROW' AND NOT a.is_shadow)
       OR NOT EXISTS (SELECT 1 FROM finance_account a WHERE a.code = NEW.own_bank AND a.kind = 'OWNBANK' AND NOT a.is_shadow) THEN
        RAISE EXCEPTION 'own money goes from an own account into an escrow account'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cover_from_own_bank_into_escrow';
    END IF;
    IF NEW.state = 'APPROVED' AND NOT EXISTS (
        SELECT 1 FROM audit_approvalrequest r
         WHERE r.code = NEW.approval_code AND r.kind = 'finance.cover' AND r.state = 'PERFORMED'
           AND r.payload::jsonb->>'cover' = NEW.code AND r.payload::jsonb->'moves' = moves) THEN
        RAISE EXCEPTION 'a payment into escrow is approved by its own approval'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cover_approved_by_others';
    END IF;
    IF (NEW.state = 'BOOKED') <> is_booked THEN
        RAISE EXCEPTION 'a payment into escrow is booked in the books'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cover_booked_in_the_books';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_cover_stands BEFORE INSERT OR UPDATE OR DELETE ON finance_cover
    FOR EACH ROW EXECUTE FUNCTION finance_cover_stands();
ALTER TABLE finance_cover ENABLE ALWAYS TRIGGER finance_cover_stands;

-- Own money is in escrow, for the books, by an approved payment in its moves and by nothing else: a proof
-- of funds that is short is not met by a word.
CREATE FUNCTION finance_cover_is_approved() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM finance_cover c
         WHERE NEW.reference = 'cover:' || c.code AND c.state = 'APPROVED'
           AND NEW.asked_digest = encode(sha256(convert_to(NEW.kind || jsonb_build_array(
               jsonb_build_array(c.escrow, c.own_bank, c.amount))::text, 'UTF8')), 'hex')) THEN
        RAISE EXCEPTION 'own money goes into escrow by an approved payment'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cover_is_approved';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_cover_is_approved AFTER INSERT ON finance_entry
    FOR EACH ROW WHEN (NOT NEW.is_shadow AND NEW.kind = 'COVER') EXECUTE FUNCTION finance_cover_is_approved();
ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER finance_cover_is_approved;

-- An approved withdrawal is called back by the word of others, or by its player while he owes what a bank
-- took back; a paid one that its bank gave back is given back by the word of others. Never by his own word
-- as a member of staff.
CREATE FUNCTION finance_withdrawal_comes_back() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE asked audit_approvalrequest;
BEGIN
    IF NEW.state = 'RECALLED' AND OLD.state = 'APPROVED' AND NEW.back_approval_code = '' AND EXISTS (
        SELECT 1 FROM finance_balances(ARRAY['receivable:' || NEW.player_code]) b WHERE b.balance < 0) THEN
        RETURN NEW;
    END IF;
    SELECT * INTO asked FROM audit_approvalrequest r WHERE r.code = NEW.back_approval_code;
    IF (OLD.state, NEW.state) NOT IN (('APPROVED', 'RECALLED'), ('PAID', 'RETURNED')) OR asked.id IS NULL
       OR asked.kind <> (CASE NEW.state WHEN 'RECALLED' THEN 'finance.withdrawal_recall' ELSE 'finance.payout_returned' END)
       OR asked.state <> 'PERFORMED' OR asked.payload::jsonb->>'withdrawal' IS DISTINCT FROM NEW.code THEN
        RAISE EXCEPTION 'a withdrawal comes back by its own approval'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_back_by_approval';
    END IF;
    IF EXISTS (SELECT 1 FROM accounts_player p JOIN accounts_person h ON h.id = p.person_id
                WHERE p.code = NEW.player_code AND (h.row_uuid::text = asked.maker_person OR EXISTS (
                      SELECT 1 FROM audit_approvaldecision d
                       WHERE d.request_id = asked.id AND d.checker_person = h.row_uuid::text))) THEN
        RAISE EXCEPTION 'nobody decides on his own withdrawal'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_back_by_others';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_withdrawal_comes_back BEFORE UPDATE ON finance_withdrawal
    FOR EACH ROW WHEN (NEW.state IN ('RECALLED', 'RETURNED') AND NEW.state <> OLD.state
                       OR NEW.back_approval_code <> OLD.back_approval_code)
    EXECUTE FUNCTION finance_withdrawal_comes_back();
ALTER TABLE finance_withdrawal ENABLE ALWAYS TRIGGER finance_withdrawal_comes_back;
"""
SQL = GUARDS + "".join(
    f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_log_row;
"""
    for table, (kind, key) in LOGGED.items()
)
UNDO = (
    "".join(f"DROP TRIGGER audit_log_row ON {table};" for table in LOGGED)
    + """
DROP FUNCTION finance_withdrawal_comes_back() CASCADE;
DROP FUNCTION finance_cover_is_approved() CASCADE;
DROP FUNCTION finance_cover_stands() CASCADE;
"""
)


class Migration(migrations.Migration):
    dependencies = [("finance", "0026_own_money_and_what_comes_back"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
