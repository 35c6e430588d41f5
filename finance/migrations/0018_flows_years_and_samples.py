"""Money by deed and day beside the turnover; years that end by approval; samples that stay (F124, F128)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import lottery_portal.lib.money

# The roll-up writes both from one reading of the same entries. What a reversal brings back stands
# with the deed it reverses, so that a statement of deposits is one of deposits that held.
ROLL = """
CREATE OR REPLACE FUNCTION finance_roll(most integer) RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    since finance_rolledup;
    upto record;
BEGIN
    SELECT * INTO since FROM finance_rolledup FOR UPDATE;
    SELECT s.seq, s.epoch, s.xid, s.entry_id INTO upto FROM audit_sequenced s
     WHERE s.seq > since.seq AND s.seq <= since.seq + most ORDER BY s.seq DESC LIMIT 1;
    IF upto.seq IS NULL THEN RETURN 0; END IF;
    WITH moved AS MATERIALIZED (
        SELECT t.source_id, t.target_id, t.amount, e.booked_on%(columns)s
          FROM audit_entry x
         CROSS JOIN LATERAL (SELECT k.* FROM finance_entry k WHERE k.reference = x.key OFFSET 0) e
         CROSS JOIN LATERAL (SELECT k.source_id, k.target_id, k.amount FROM finance_transfer k
                              WHERE k.entry_id = e.id OFFSET 0) t%(joins)s
         WHERE x.kind = 'entry' AND (x.epoch, x.xid, x.id) > (since.epoch, since.xid, since.entry_id)
           AND (x.epoch, x.xid, x.id) <= (upto.epoch, upto.xid, upto.entry_id)
    ), sides AS (
        SELECT m.target_id AS account, m.booked_on, sum(m.amount) AS moved_in, 0::numeric AS moved_out
          FROM moved m GROUP BY 1, 2
        UNION ALL
        SELECT m.source_id, m.booked_on, 0, sum(m.amount) FROM moved m GROUP BY 1, 2
    )%(flows)s
    INSERT INTO finance_turnover AS f (account_id, kind, is_shadow, booked_on, moved_in, moved_out)
    SELECT CASE WHEN a.keeps_balance THEN 0 ELSE a.id END, a.kind, a.is_shadow, s.booked_on,
           sum(s.moved_in)::bigint, sum(s.moved_out)::bigint
      FROM sides s CROSS JOIN LATERAL (SELECT * FROM finance_account k WHERE k.id = s.account OFFSET 0) a
     GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT ON CONSTRAINT turnover_once DO UPDATE
       SET moved_in = f.moved_in + EXCLUDED.moved_in, moved_out = f.moved_out + EXCLUDED.moved_out;
    UPDATE finance_rolledup SET (seq, epoch, xid, entry_id, rolled_at)
        = (upto.seq, upto.epoch, upto.xid, upto.entry_id, clock_timestamp());
    RETURN (upto.seq - since.seq)::integer;
END $$;
"""
FLOWS = {
    "columns": ", e.is_shadow, coalesce(o.kind, e.kind) AS kind, o.kind IS NOT NULL AS is_back",
    "joins": """
          LEFT JOIN LATERAL (SELECT k.kind FROM finance_entry k WHERE k.id = e.reversal_of_id OFFSET 0) o ON true""",
    "flows": """, flows AS (
        INSERT INTO finance_dayflow AS f (booked_on, is_shadow, entry_kind, source_kind, target_kind, moved, moved_back)
        SELECT m.booked_on, m.is_shadow, m.kind, CASE WHEN m.is_back THEN t.kind ELSE s.kind END,
               CASE WHEN m.is_back THEN s.kind ELSE t.kind END,
               coalesce(sum(m.amount) FILTER (WHERE NOT m.is_back), 0)::bigint,
               coalesce(sum(m.amount) FILTER (WHERE m.is_back), 0)::bigint
          FROM moved m
         CROSS JOIN LATERAL (SELECT k.kind FROM finance_account k WHERE k.id = m.source_id OFFSET 0) s
         CROSS JOIN LATERAL (SELECT k.kind FROM finance_account k WHERE k.id = m.target_id OFFSET 0) t
         GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT ON CONSTRAINT day_flow_once DO UPDATE
           SET moved = f.moved + EXCLUDED.moved, moved_back = f.moved_back + EXCLUDED.moved_back
    )""",
}
PLAIN = dict.fromkeys(FLOWS, "")
CAUGHT_UP = """
INSERT INTO finance_dayflow (booked_on, is_shadow, entry_kind, source_kind, target_kind, moved, moved_back)
SELECT e.booked_on, e.is_shadow, coalesce(o.kind, e.kind), CASE WHEN o.id IS NULL THEN s.kind ELSE t.kind END,
       CASE WHEN o.id IS NULL THEN t.kind ELSE s.kind END,
       coalesce(sum(m.amount) FILTER (WHERE o.id IS NULL), 0)::bigint,
       coalesce(sum(m.amount) FILTER (WHERE o.id IS NOT NULL), 0)::bigint
  FROM finance_rolledup r
  JOIN audit_entry x ON x.kind = 'entry' AND (x.epoch, x.xid, x.id) <= (r.epoch, r.xid, r.entry_id)
  JOIN finance_entry e ON e.reference = x.key
  JOIN finance_transfer m ON m.entry_id = e.id
  JOIN finance_account s ON s.id = m.source_id
  JOIN finance_account t ON t.id = m.target_id
  LEFT JOIN finance_entry o ON o.id = e.reversal_of_id
 GROUP BY 1, 2, 3, 4, 5;
"""
GUARDS = """
-- An account of income may end a year below nothing, and one of expenses above it.
INSERT INTO finance_postingrule (entry_kind, source_kind, target_kind, rank) VALUES
    ('CLOSING', 'SURPLUS', 'INCOME', NULL), ('CLOSING', 'EXPENSE', 'SURPLUS', NULL);

-- What the year brought in and cost goes to the surplus by the word of others, in the moves they saw,
-- on the last day of that year.
CREATE FUNCTION finance_year_ends_by_approval() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM audit_approvalrequest r
         WHERE NEW.reference = 'closing:' || r.code AND r.kind = 'finance.year_end' AND r.state = 'PERFORMED'
           AND NEW.booked_on = make_date((r.payload::jsonb->>'year')::integer, 12, 31)
           AND NEW.asked_digest = encode(sha256(convert_to(NEW.kind || (r.payload::jsonb->'moves')::text, 'UTF8')),
                                         'hex')) THEN
        RAISE EXCEPTION 'a year ends by its own approval'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'year_ends_by_approval';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_year_ends_by_approval AFTER INSERT ON finance_entry
    FOR EACH ROW WHEN (NEW.kind = 'CLOSING') EXECUTE FUNCTION finance_year_ends_by_approval();
ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER finance_year_ends_by_approval;

-- December closes when nothing of its year is left in income and expenses: afterwards nothing could be
-- booked on its last day any more.
CREATE FUNCTION finance_year_is_carried_forward() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM finance_periodbalance b
                WHERE b.period_id = NEW.id AND b.kind IN ('INCOME', 'EXPENSE') AND b.closing <> 0) THEN
        RAISE EXCEPTION 'the year of % is not carried forward', NEW.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'period_closed_after_its_year';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finance_year_is_carried_forward BEFORE UPDATE ON finance_period
    FOR EACH ROW WHEN (NEW.state = 'CLOSED' AND extract(month FROM NEW.first_day) = 12)
    EXECUTE FUNCTION finance_year_is_carried_forward();
ALTER TABLE finance_period ENABLE ALWAYS TRIGGER finance_year_is_carried_forward;

CREATE TRIGGER finance_sample_never_changes BEFORE UPDATE OR DELETE ON finance_sample
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE finance_sample ENABLE ALWAYS TRIGGER finance_sample_never_changes;
CREATE TRIGGER audit_log_row AFTER INSERT ON finance_sample
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('sample', 'code');
ALTER TABLE finance_sample ENABLE ALWAYS TRIGGER audit_log_row;
"""
UNDO = """
DROP TRIGGER audit_log_row ON finance_sample;
DROP TRIGGER finance_sample_never_changes ON finance_sample;
DROP FUNCTION finance_year_is_carried_forward() CASCADE;
DROP FUNCTION finance_year_ends_by_approval() CASCADE;
ALTER TABLE finance_postingrule DISABLE TRIGGER finance_postingrule_never_changes;
DELETE FROM finance_postingrule WHERE entry_kind = 'CLOSING'
   AND (source_kind, target_kind) IN (('SURPLUS', 'INCOME'), ('EXPENSE', 'SURPLUS'));
ALTER TABLE finance_postingrule ENABLE ALWAYS TRIGGER finance_postingrule_never_changes;
DELETE FROM finance_dayflow;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("finance", "0017_remittance_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DayFlow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("booked_on", models.DateField(verbose_name="booked on")),
                ("is_shadow", models.BooleanField(verbose_name="shadow book")),
                (
                    "entry_kind",
                    models.CharField(
                        choices=[
                            ("DEPOSIT", "Deposit"),
                            ("DEPOSIT_RETURNED", "Deposit returned to its source"),
                            ("PURCHASE", "Purchase"),
                            ("REFUND", "Refund"),
                            ("ALLOCATION", "Allocation of stakes"),
                            ("PRIZE", "Prize"),
                            ("FORFEIT", "Prize not claimed in time"),
                            ("POOL_ROLL", "Pool movement"),
                            ("FUND_COVER", "Cover from the adjustment fund"),
                            ("BONUS", "Bonus"),
                            ("BONUS_LAPSED", "Bonus lapsed"),
                            ("WITHDRAWAL_HOLD", "Withdrawal, held"),
                            ("WITHDRAWAL_RELEASE", "Withdrawal, released"),
                            ("WITHDRAWAL_PAID", "Withdrawal, paid"),
                            ("PLAN_HOLD", "Set aside for a plan"),
                            ("PLAN_RELEASE", "Plan, released"),
                            ("CHARGEBACK", "Chargeback"),
                            ("RECOVERY", "Debt of a player paid"),
                            ("SETTLEMENT", "Settled between provider and bank"),
                            ("PROVIDER_FEE", "Fee of a provider"),
                            ("COVER", "Covered from the operator's own money"),
                            ("FEE_DRAWN", "Issue fee drawn"),
                            ("SET_ASIDE", "Set aside from the issue fee"),
                            ("COMMISSION", "Commission"),
                            ("PARTNER_PAID", "Partner paid"),
                            ("EVENT_FEE", "Fee of an event"),
                            ("ORGANISER_PAID", "Organiser paid"),
                            ("REMITTANCE", "Remittance"),
                            ("UNIDENTIFIED", "Bank movement not yet explained"),
                            ("EXPENSE_PAID", "Expense paid"),
                            ("ADJUSTMENT", "Adjustment"),
                            ("OPENING", "Opening balance"),
                            ("CLOSING", "Closing of a period"),
                            ("REVERSAL", "Reversal"),
                        ],
                        max_length=18,
                        verbose_name="kind of entry",
                    ),
                ),
                (
                    "source_kind",
                    models.CharField(
                        choices=[
                            ("WALLET", "Wallet"),
                            ("WINNINGS", "Winnings"),
                            ("BONUS", "Bonus"),
                            ("HOLD", "Hold"),
                            ("RECEIVABLE", "Receivable from a player"),
                            ("STAKES", "Stakes of a draw"),
                            ("PRIZES", "Prize money of a draw"),
                            ("UNCLAIMED", "Prizes not yet claimed"),
                            ("POOL", "Pool"),
                            ("FUND", "Adjustment fund"),
                            ("FEE", "Issue fee"),
                            ("BUSINESS", "Business fee set aside"),
                            ("WELFARE", "Welfare fund"),
                            ("TAX", "Tax withheld"),
                            ("PARTNER", "Owed to a partner"),
                            ("ORGANISER", "Owed to an organiser"),
                            ("SUSPENSE", "Suspense"),
                            ("ESCROW", "Escrow account"),
                            ("OWNBANK", "Operator's own bank account"),
                            ("CLEARING", "Provider clearing"),
                            ("GRANT", "Opening balance"),
                            ("SURPLUS", "Surplus carried forward"),
                            ("INCOME", "Income"),
                            ("EXPENSE", "Expenses"),
                        ],
                        max_length=10,
                        verbose_name="kind of source",
                    ),
                ),
                (
                    "target_kind",
                    models.CharField(
                        choices=[
                            ("WALLET", "Wallet"),
                            ("WINNINGS", "Winnings"),
                            ("BONUS", "Bonus"),
                            ("HOLD", "Hold"),
                            ("RECEIVABLE", "Receivable from a player"),
                            ("STAKES", "Stakes of a draw"),
                            ("PRIZES", "Prize money of a draw"),
                            ("UNCLAIMED", "Prizes not yet claimed"),
                            ("POOL", "Pool"),
                            ("FUND", "Adjustment fund"),
                            ("FEE", "Issue fee"),
                            ("BUSINESS", "Business fee set aside"),
                            ("WELFARE", "Welfare fund"),
                            ("TAX", "Tax withheld"),
                            ("PARTNER", "Owed to a partner"),
                            ("ORGANISER", "Owed to an organiser"),
                            ("SUSPENSE", "Suspense"),
                            ("ESCROW", "Escrow account"),
                            ("OWNBANK", "Operator's own bank account"),
                            ("CLEARING", "Provider clearing"),
                            ("GRANT", "Opening balance"),
                            ("SURPLUS", "Surplus carried forward"),
                            ("INCOME", "Income"),
                            ("EXPENSE", "Expenses"),
                        ],
                        max_length=10,
                        verbose_name="kind of target",
                    ),
                ),
                ("moved", lottery_portal.lib.money.MoneyField(verbose_name="moved (fen)")),
                (
                    "moved_back",
                    lottery_portal.lib.money.MoneyField(verbose_name="moved back (fen)"),
                ),
            ],
            options={
                "verbose_name": "money by deed and day",
                "verbose_name_plural": "money by deed and day",
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "booked_on",
                            "is_shadow",
                            "entry_kind",
                            "source_kind",
                            "target_kind",
                        ),
                        name="day_flow_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Sample",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(max_length=20, unique=True, verbose_name="sample number"),
                ),
                ("seed", models.CharField(max_length=64, verbose_name="seed")),
                ("first_day", models.DateField(verbose_name="first day")),
                ("last_day", models.DateField(verbose_name="last day")),
                ("is_shadow", models.BooleanField(default=False, verbose_name="shadow book")),
                (
                    "entry_kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("DEPOSIT", "Deposit"),
                            ("DEPOSIT_RETURNED", "Deposit returned to its source"),
                            ("PURCHASE", "Purchase"),
                            ("REFUND", "Refund"),
                            ("ALLOCATION", "Allocation of stakes"),
                            ("PRIZE", "Prize"),
                            ("FORFEIT", "Prize not claimed in time"),
                            ("POOL_ROLL", "Pool movement"),
                            ("FUND_COVER", "Cover from the adjustment fund"),
                            ("BONUS", "Bonus"),
                            ("BONUS_LAPSED", "Bonus lapsed"),
                            ("WITHDRAWAL_HOLD", "Withdrawal, held"),
                            ("WITHDRAWAL_RELEASE", "Withdrawal, released"),
                            ("WITHDRAWAL_PAID", "Withdrawal, paid"),
                            ("PLAN_HOLD", "Set aside for a plan"),
                            ("PLAN_RELEASE", "Plan, released"),
                            ("CHARGEBACK", "Chargeback"),
                            ("RECOVERY", "Debt of a player paid"),
                            ("SETTLEMENT", "Settled between provider and bank"),
                            ("PROVIDER_FEE", "Fee of a provider"),
                            ("COVER", "Covered from the operator's own money"),
                            ("FEE_DRAWN", "Issue fee drawn"),
                            ("SET_ASIDE", "Set aside from the issue fee"),
                            ("COMMISSION", "Commission"),
                            ("PARTNER_PAID", "Partner paid"),
                            ("EVENT_FEE", "Fee of an event"),
                            ("ORGANISER_PAID", "Organiser paid"),
                            ("REMITTANCE", "Remittance"),
                            ("UNIDENTIFIED", "Bank movement not yet explained"),
                            ("EXPENSE_PAID", "Expense paid"),
                            ("ADJUSTMENT", "Adjustment"),
                            ("OPENING", "Opening balance"),
                            ("CLOSING", "Closing of a period"),
                            ("REVERSAL", "Reversal"),
                        ],
                        default="",
                        max_length=18,
                        verbose_name="kind of entry",
                    ),
                ),
                ("least_fen", models.BigIntegerField(verbose_name="smallest amount (fen)")),
                ("size", models.IntegerField(verbose_name="entries wanted")),
                ("horizon", models.BigIntegerField(verbose_name="place in the log")),
                ("population", models.IntegerField(verbose_name="entries to draw from")),
                (
                    "population_fen",
                    lottery_portal.lib.money.MoneyField(verbose_name="amount to draw from (fen)"),
                ),
                (
                    "digest",
                    models.CharField(max_length=64, verbose_name="digest of the entries drawn"),
                ),
                ("drawn_at", models.DateTimeField(verbose_name="drawn at")),
                (
                    "drawn_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="drawn by",
                    ),
                ),
            ],
            options={
                "verbose_name": "auditor's sample",
                "verbose_name_plural": "auditor's samples",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("seed", ""), _negated=True), name="sample_has_seed"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("size__gte", 1)), name="sample_has_size"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("first_day__lte", models.F("last_day"))),
                        name="sample_has_days",
                    ),
                ],
            },
        ),
        migrations.RunSQL(ROLL % FLOWS + CAUGHT_UP + GUARDS, UNDO + ROLL % PLAIN),
    ]
