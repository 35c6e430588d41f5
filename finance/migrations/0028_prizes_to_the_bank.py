"""A prize that is paid goes on to the winner's bank without another word: the very money, in its transaction.

`origin` is the entry that credited it. Nothing else leaves so: the entry is a prize, to the fen, credited to
this player in this transaction; ceilings are those of prizes (F094).
"""

from django.db import migrations, models
from django.db.models import Q

RULES = """
-- A prize that was wrongly paid is owed, and comes to the fund that pays what nobody foresaw (F102).
INSERT INTO finance_postingrule (entry_kind, source_kind, target_kind, rank) VALUES ('PRIZE', 'RECEIVABLE', 'FUND', NULL);
"""
NO_RULES = """
ALTER TABLE finance_postingrule DISABLE TRIGGER finance_postingrule_never_changes;
DELETE FROM finance_postingrule WHERE (entry_kind, source_kind) = ('PRIZE', 'RECEIVABLE');
ALTER TABLE finance_postingrule ENABLE ALWAYS TRIGGER finance_postingrule_never_changes;
"""
SQL = """
CREATE FUNCTION finance_withdrawal_of_a_prize(origin text, player text, fen bigint) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF fen IS DISTINCT FROM (
        SELECT sum(t.amount) FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id
          JOIN finance_account a ON a.id = t.target_id
         WHERE e.reference = origin AND e.kind = 'PRIZE' AND a.code = 'winnings:' || player
           AND e.xid = pg_current_xact_id()::text::bigint) THEN
        RAISE EXCEPTION 'this is not the money of a prize that is being paid'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_of_a_prize';
    END IF;
END $$;
REVOKE ALL ON FUNCTION finance_withdrawal_of_a_prize(text, text, bigint) FROM PUBLIC;

CREATE OR REPLACE FUNCTION finance_withdrawal_goes_forward() RETURNS trigger LANGUAGE plpgsql
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
    IF NEW.state = 'APPROVED' AND NEW.origin <> '' THEN
        PERFORM finance_withdrawal_of_a_prize(NEW.origin, NEW.player_code, NEW.amount);
    ELSIF NEW.state = 'APPROVED' AND OLD.state = 'HELD' THEN
        SELECT p.value::text::bigint INTO automatic FROM audit_policyparameter p
         WHERE p.key = 'withdrawal.automatic_up_to_fen' AND p.scope = '' AND p.valid_from <= clock_timestamp()
         ORDER BY p.valid_from DESC LIMIT 1;
        -- What went by itself on the same day counts: many small ones are a large one. Requests of one
        -- player count each other, for each locked his purses when it began.
        IF NEW.amount + (SELECT coalesce(sum(w.amount), 0) FROM finance_withdrawal w
                          WHERE w.player_code = NEW.player_code AND w.id <> NEW.id
                            AND w.approval_code = '' AND w.origin = '' AND w.approved_at IS NOT NULL
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

CREATE OR REPLACE FUNCTION finance_withdrawal_may_begin() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    midnight timestamptz := date_trunc('day', NEW.requested_at AT TIME ZONE 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai';
    kind text := CASE NEW.origin WHEN '' THEN 'withdrawal' ELSE 'prize_transfer' END;
    single bigint := finance_policy(kind || '.max_fen', NEW.requested_at)::text::bigint;
    daily bigint := finance_policy(kind || '.daily_max_fen', NEW.requested_at)::text::bigint;
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
                      WHERE w.player_code = NEW.player_code AND (w.origin = '') = (NEW.origin = '') AND w.requested_at >= midnight
                        AND w.requested_at < midnight + interval '1 day' AND w.state NOT IN ('FAILED', 'REFUSED', 'RECALLED', 'RETURNED')) > coalesce(daily, 0) THEN
        RAISE EXCEPTION 'a day takes at most %', daily
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_below_the_ceiling_of_the_day';
    END IF;
    IF EXISTS (SELECT 1 FROM finance_balances(ARRAY['receivable:' || NEW.player_code]) b WHERE b.balance < 0) THEN
        RAISE EXCEPTION 'a debt is paid first'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_without_debt';
    END IF;
    IF NEW.origin <> '' THEN
        PERFORM finance_withdrawal_of_a_prize(NEW.origin, NEW.player_code, NEW.amount);
    END IF;
    RETURN NEW;
END $$;
"""
UNDO = """
CREATE OR REPLACE FUNCTION finance_withdrawal_goes_forward() RETURNS trigger LANGUAGE plpgsql
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

CREATE OR REPLACE FUNCTION finance_withdrawal_may_begin() RETURNS trigger LANGUAGE plpgsql
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
DROP FUNCTION finance_withdrawal_of_a_prize(text, text, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0027_own_money_guards")]
    operations = [
        migrations.AddField(
            model_name="withdrawal",
            name="origin",
            field=models.CharField(blank=True, default="", max_length=80, verbose_name="origin"),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.UniqueConstraint(
                condition=~Q(origin=""), fields=("origin",), name="withdrawal_once_per_origin"
            ),
        ),
        migrations.RunSQL(RULES, NO_RULES),
        migrations.RunSQL(SQL, UNDO),
    ]
