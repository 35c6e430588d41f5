"""A prize is transferred up to the figure of its way of payment, alone and with those of its day (F094).

There were two figures for the largest transfer; `payments.transfer_up_to_fen` is the one.
"""

from django.db import migrations

NOW = """
CREATE OR REPLACE FUNCTION finance_withdrawal_may_begin() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    midnight timestamptz := date_trunc('day', NEW.requested_at AT TIME ZONE 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai';
    kind text := CASE NEW.origin WHEN '' THEN 'withdrawal' ELSE 'prize_transfer' END;
    single bigint := finance_policy(CASE NEW.origin WHEN '' THEN 'withdrawal.max_fen' ELSE 'payments.transfer_up_to_fen' END,
                                    NEW.requested_at)::text::bigint;
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
        -- One prize after the other: together they stay below the figure of the day.
        PERFORM pg_advisory_xact_lock(hashtextextended('finance_prize_transfers', 0));
        IF NEW.amount + (SELECT coalesce(sum(w.amount), 0) FROM finance_withdrawal w
                          WHERE w.origin <> '' AND w.requested_at >= midnight AND w.requested_at < midnight + interval '1 day'
                            AND w.state NOT IN ('FAILED', 'REFUSED', 'RECALLED', 'RETURNED'))
           > coalesce(finance_policy('payments.transfer_daily_up_to_fen', NEW.requested_at)::text::bigint, 0) THEN
            RAISE EXCEPTION 'a day takes no more prizes to the banks'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'prizes_below_the_ceiling_of_the_day';
        END IF;
        PERFORM finance_withdrawal_of_a_prize(NEW.origin, NEW.player_code, NEW.amount);
    END IF;
    RETURN NEW;
END $$;
"""
BEFORE = """
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


class Migration(migrations.Migration):
    dependencies = [("finance", "0031_ways_of_paying_and_papers")]
    operations = [migrations.RunSQL(NOW, BEFORE)]
