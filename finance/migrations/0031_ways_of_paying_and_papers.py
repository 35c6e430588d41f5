"""A way of paying prizes is in force after its notice; each tax withheld has its number (F098, F279)."""

from django.db import migrations

LOGGED = {  # table: kind and key in the log
    "finance_paymentmethod": ("payment_method", "code"),
    "finance_taxcertificate": ("tax_certificate", "id"),
    "finance_taxreturn": ("tax_return", "id"),
}
NEVER = ["finance_taxcertificate", "finance_taxreturn"]
# The house began with these three; the assessment is that of the measures themselves.
FIRST = (
    ("WALLET", "W1", "奖金入账: 余额由专户全额覆盖, 每次记账即时对账。"),
    ("TRANSFER", "T1", "银行转账: 仅转至中奖人本人经银行核验的账户, 单笔及每日设上限。"),
    ("CASH", "C1", "现金支付: 仅限兑奖点经清点的现金台, 按兑奖点类别设单笔上限。"),
)
NOTICE = "中奖者可选择: 奖金入账、银行转账或现金支付。"
SQL = "".join(
    f"""
INSERT INTO finance_paymentmethod (code, way, assessment, digest, notice, noticed_on, first_on, state, approval_code,
                                   asked_at, approved_at, reason)
VALUES ('GENESIS-{code}', '{way}', '{words}', encode(sha256(convert_to('{words}', 'UTF8')), 'hex'), '{NOTICE}',
        '2020-01-01', '2020-01-01', 'ANNOUNCED', 'GENESIS', '2020-01-01 00:00:00+00', '2020-01-01 00:00:00+00', '');
"""  # noqa: S608 - words written above
    for way, code, words in FIRST
)
SQL += """
-- Asked for with its assessment; announced by the word of others on these very words; in force so many days
-- after the notice as the policy of that moment says; switched off at once.
CREATE FUNCTION finance_payment_method_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    days integer;
    today date := (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date;
BEGIN
    IF (TG_OP = 'INSERT' AND (NEW.state <> 'ASKED' OR NEW.approval_code = 'GENESIS')) OR TG_OP = 'DELETE'
       OR (TG_OP = 'UPDATE' AND (
           (to_jsonb(NEW) - '{state,approved_at,first_on,ended_at,reason}'::text[])
               <> (to_jsonb(OLD) - '{state,approved_at,first_on,ended_at,reason}'::text[])
           OR (OLD.state, NEW.state) NOT IN (('ASKED', 'ANNOUNCED'), ('ASKED', 'REFUSED'), ('ANNOUNCED', 'ENDED')))) THEN
        RAISE EXCEPTION 'a way of paying stays what was assessed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_method_stands';
    END IF;
    IF NEW.digest <> encode(sha256(convert_to(NEW.assessment, 'UTF8')), 'hex') THEN
        RAISE EXCEPTION 'the digest is that of the assessment'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_method_is_assessed';
    END IF;
    IF NEW.state IN ('ASKED', 'ANNOUNCED') THEN
        SELECT p.value::text::integer INTO days FROM audit_policyparameter p
         WHERE p.key = 'payments.method_notice_days' AND p.scope = '' AND p.valid_from <= clock_timestamp()
         ORDER BY p.valid_from DESC LIMIT 1;
        IF days IS NULL OR days < 0 OR NEW.noticed_on < today THEN
            RAISE EXCEPTION 'a way of paying is announced before it is used'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_method_announced_first';
        END IF;
        NEW.first_on := NEW.noticed_on + days;
    ELSIF NEW.first_on <> OLD.first_on THEN
        RAISE EXCEPTION 'a way of paying stays what was assessed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_method_stands';
    END IF;
    IF NEW.state = 'ANNOUNCED' AND NOT EXISTS (
        SELECT 1 FROM audit_approvalrequest r
         WHERE r.code = NEW.approval_code AND r.kind = 'finance.payment_method' AND r.state = 'PERFORMED'
           AND r.payload::jsonb->>'method' = NEW.code AND r.payload::jsonb->>'way' = NEW.way
           AND r.payload::jsonb->>'digest' = NEW.digest AND r.payload::jsonb->>'notice' = NEW.notice
           AND r.payload::jsonb->>'noticed_on' = NEW.noticed_on::text) THEN
        RAISE EXCEPTION 'a way of paying is switched on by its own approval'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_method_approved_by_others';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_payment_method_stands BEFORE INSERT OR UPDATE OR DELETE ON finance_paymentmethod
    FOR EACH ROW EXECUTE FUNCTION finance_payment_method_stands();
ALTER TABLE finance_paymentmethod ENABLE ALWAYS TRIGGER finance_payment_method_stands;

-- Whoever takes a way of paying prizes asks this first: it refuses what is not in force by the database's day.
CREATE FUNCTION finance_way_in_force(way text) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM finance_paymentmethod m
                    WHERE m.way = $1 AND m.state = 'ANNOUNCED'
                      AND m.first_on <= (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date) THEN
        RAISE EXCEPTION '% is no way of paying prizes today', way
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_method_in_force';
    END IF;
END $$;
REVOKE ALL ON FUNCTION finance_way_in_force(text) FROM PUBLIC;

-- Every tax withheld has its number, in the transaction that withholds it: none is missing, none given twice.
CREATE FUNCTION finance_tax_certificate() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE this_year smallint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('finance_tax_certificate', 0));
    this_year := extract(year FROM clock_timestamp() AT TIME ZONE 'Asia/Shanghai');
    INSERT INTO finance_taxcertificate (prize_tax_id, year, serial, issued_at)
    SELECT NEW.id, this_year, coalesce(max(c.serial), 0) + 1, clock_timestamp()
      FROM finance_taxcertificate c WHERE c.year = this_year;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION finance_tax_certificate() FROM PUBLIC;
CREATE TRIGGER finance_tax_certificate AFTER INSERT ON finance_prizetax
    FOR EACH ROW WHEN (NEW.tax > 0) EXECUTE FUNCTION finance_tax_certificate();
ALTER TABLE finance_prizetax ENABLE ALWAYS TRIGGER finance_tax_certificate;
INSERT INTO finance_taxcertificate (prize_tax_id, year, serial, issued_at)
SELECT p.id, extract(year FROM p.paid_at AT TIME ZONE 'Asia/Shanghai'),
       row_number() OVER (PARTITION BY extract(year FROM p.paid_at AT TIME ZONE 'Asia/Shanghai') ORDER BY p.id), p.paid_at
  FROM finance_prizetax p WHERE p.tax > 0;

-- What is filed of a month is what is due of it, to the fen; later, once more of it became due.
CREATE FUNCTION finance_tax_return_fits() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('finance_tax_return', 0));
    NEW.position := 1 + (SELECT count(*) FROM finance_taxreturn r WHERE r.month = NEW.month);
    NEW.recorded_at := clock_timestamp();
    IF NEW.month >= to_char(clock_timestamp() AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')
       OR NEW.filed_on > (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date
       OR to_char(NEW.filed_on, 'YYYY-MM') <= NEW.month
       OR NEW.amount IS DISTINCT FROM (
            SELECT sum(d.amount + d.kept) FROM finance_due d WHERE d.subject = NEW.month AND d.account LIKE 'tax:%')
       OR NEW.amount = (SELECT r.amount FROM finance_taxreturn r WHERE r.month = NEW.month
                         ORDER BY r.position DESC LIMIT 1) THEN
        RAISE EXCEPTION 'what is filed is what is due of the month'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tax_return_is_what_is_due';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION finance_tax_return_fits() FROM PUBLIC;
CREATE TRIGGER finance_tax_return_fits BEFORE INSERT ON finance_taxreturn
    FOR EACH ROW EXECUTE FUNCTION finance_tax_return_fits();
ALTER TABLE finance_taxreturn ENABLE ALWAYS TRIGGER finance_tax_return_fits;
REVOKE ALL ON FUNCTION finance_payment_method_stands() FROM PUBLIC;
"""
SQL += "".join(
    f"""
CREATE TRIGGER {table}_never_changes BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_never_changes;
"""
    for table in NEVER
)
SQL += "".join(
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
    + "".join(f"DROP TRIGGER {table}_never_changes ON {table};" for table in NEVER)
    + """
DROP FUNCTION finance_tax_return_fits() CASCADE;
DROP FUNCTION finance_tax_certificate() CASCADE;
DELETE FROM finance_taxcertificate;
DROP FUNCTION finance_way_in_force(text);
DROP FUNCTION finance_payment_method_stands() CASCADE;
DELETE FROM finance_paymentmethod WHERE approval_code = 'GENESIS';
"""
)


class Migration(migrations.Migration):
    dependencies = [("finance", "0030_cash_guards"), ("audit", "0007_log")]
    operations = [migrations.RunSQL(SQL, UNDO)]
