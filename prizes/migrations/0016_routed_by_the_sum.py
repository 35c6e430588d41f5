"""What a person won in a draw is taxed together: above the tax-free figure nothing of it goes to a wallet (F067, T17).

The figure is kept with the settlement when it begins, beside the one for a single prize. A
settlement that has paid already stays as it was judged: no sum was too much then.
"""

from django.db import migrations

import lottery_portal.lib.money

NO_SUM = 2**63 - 1

# Prizes are credited in the order of owner and ticket, so of the owners of a batch only the first
# and the last can have won more before it and after it.
CREDIT = """
CREATE OR REPLACE FUNCTION prizes_credit(settlement bigint, moment timestamptz) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    part prizes_batch;
    draw games_draw;
    up_to bigint;%(figures)s
    posting text;
    prices bigint[];
    found record;
BEGIN
    SELECT b.* INTO part FROM prizes_batch b
      JOIN prizes_enginerun r ON r.id = b.run_id
      JOIN prizes_settlement s ON s.draw_id = r.draw_id AND s.attempt = r.attempt
     WHERE s.id = settlement AND s.state = 'CREDITING' AND r.engine = 1 AND b.credited_at IS NULL
     ORDER BY b.number LIMIT 1 FOR NO KEY UPDATE OF b SKIP LOCKED;
    IF part.id IS NULL THEN RETURN NULL; END IF;
    SELECT d.* INTO draw FROM prizes_settlement s JOIN games_draw d ON d.id = s.draw_id WHERE s.id = settlement;
%(read)s
    prices := prizes_prices(draw.id);
    posting := 'prize:' || draw.code || ':' || part.number;
%(beyond)s
    WITH due AS MATERIALIZED (
        SELECT %(due)s FROM prizes_due(draw.id, part.first_owner, part.first_ticket, part.last_owner, part.last_ticket, prices)%(as)s
    ), written AS (
        INSERT INTO prizes_prize (ticket_id, draw_id, owner_id, amount, won, route, entry_reference, settled_at)
        SELECT d.ticket_id, draw.id, d.owner_id, d.amount, d.won,%(route)s, posting, moment
          FROM due d ORDER BY d.owner_id, d.ticket_id
    )
    SELECT count(*) AS winners, sum(d.amount) AS amount,
           encode(sha256(convert_to(string_agg(prizes_winner_line(d.ticket, d.won, d.amount, d.owner_id), ''
                                               ORDER BY d.owner_id, d.ticket_id), 'UTF8')), 'hex') AS digest,
           jsonb_agg(jsonb_build_array('prizes:' || draw.code,
                     CASE %(is_paid)s THEN 'winnings:' || d.player ELSE 'unclaimed:' || draw.code END, d.amount)
                     ORDER BY d.owner_id, d.ticket_id) FILTER (WHERE d.amount > 0) AS moves
      INTO found FROM due d;
    IF (found.winners, found.amount, found.digest) IS DISTINCT FROM (part.winners::bigint, part.amount::numeric, part.digest::text) THEN
        RAISE EXCEPTION 'batch %% of draw %% is not what the engines found', part.number, draw.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_is_what_was_won';
    END IF;
    IF found.moves IS NOT NULL THEN
        PERFORM finance_post(posting, 'PRIZE', found.moves);
    END IF;
    UPDATE prizes_batch b SET credited_at = moment WHERE b.id = part.id;
    RETURN part.id;
END $$;
"""
BY_THE_SUM = {
    "figures": """
    tax_free bigint;
    earlier bigint;
    later bigint;""",
    "read": """\
    SELECT s.wallet_up_to, s.taxed_above INTO up_to, tax_free FROM prizes_settlement s WHERE s.id = settlement;""",
    "beyond": """
    -- What the first owner won with tickets before this batch, and the last with tickets after it.
    SELECT coalesce(sum(d.amount), 0) INTO earlier
      FROM prizes_due(draw.id, part.first_owner, '-9223372036854775808', part.first_owner, part.first_ticket - 1, prices) d;
    SELECT coalesce(sum(d.amount), 0) INTO later
      FROM prizes_due(draw.id, part.last_owner, part.last_ticket + 1, part.last_owner, '9223372036854775807', prices) d;
""",
    # A prize that is worth nothing waits for nobody.
    "due": """d.*,
               CASE WHEN d.amount = 0 OR d.amount <= up_to
                         AND sum(d.amount) OVER (PARTITION BY d.owner_id)
                             + CASE WHEN d.owner_id = part.first_owner THEN earlier ELSE 0 END
                             + CASE WHEN d.owner_id = part.last_owner THEN later ELSE 0 END <= tax_free
                    THEN 'WALLET' ELSE 'CENTRE' END AS route
         """,
    "as": " d",
    "route": " d.route",
    "is_paid": "d.route WHEN 'WALLET'",
}
EACH_ALONE = {
    "figures": "",
    "read": "    SELECT s.wallet_up_to INTO up_to FROM prizes_settlement s WHERE s.id = settlement;",
    "beyond": "",
    "due": "*",
    "as": "",
    "route": """
               CASE WHEN d.amount <= up_to THEN 'WALLET' ELSE 'CENTRE' END""",
    "is_paid": "WHEN d.amount <= up_to",
}

GUARD = """
CREATE OR REPLACE FUNCTION prizes_settlement_goes_forward() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('HALTED', 'COUNTING'), ('COUNTING', 'PRICED'), ('PRICED', 'HALTED'), ('PRICED', 'CREDITING'), ('CREDITING', 'DONE')
    ) OR NEW.attempt <> OLD.attempt AND (OLD.state, NEW.state, NEW.attempt - OLD.attempt) <> ('HALTED', 'COUNTING', 1)
      OR (%(new)s) <> (%(old)s) THEN
        RAISE EXCEPTION 'a settlement goes forward, not from %% to %%', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_goes_forward';
    END IF;
    IF NEW.state = 'PRICED' AND OLD.state <> 'PRICED' AND (
        (SELECT count(*) FROM prizes_chunk c WHERE c.settlement_id = NEW.id AND c.counted_at IS NOT NULL) <> NEW.chunks
        OR NOT EXISTS (SELECT 1 FROM prizes_enginerun r WHERE r.draw_id = NEW.draw_id AND r.attempt = NEW.attempt
                          AND r.engine = 1 AND r.result_digest <> '')
    ) THEN
        RAISE EXCEPTION 'every chunk is counted before the draw is priced'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_priced_when_counted';
    END IF;
    IF NEW.state = 'CREDITING' AND OLD.state <> 'CREDITING' THEN
        IF NOT EXISTS (
            SELECT 1 FROM prizes_enginerun a JOIN prizes_enginerun b USING (draw_id, attempt, input, result_digest)
             WHERE a.engine = 1 AND b.engine = 2 AND a.result_digest <> ''
               AND a.draw_id = NEW.draw_id AND a.attempt = NEW.attempt
        ) THEN
            RAISE EXCEPTION 'both engines find the same before anybody is paid'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_paid_when_engines_agree';
        END IF;
        IF NOT EXISTS (SELECT 1 FROM prizes_prizesheet s WHERE s.draw_id = NEW.draw_id)
           OR (SELECT coalesce(sum(b.amount), 0) FROM prizes_batch b JOIN prizes_enginerun r ON r.id = b.run_id
                WHERE r.draw_id = NEW.draw_id AND r.attempt = NEW.attempt AND r.engine = 1)
           <> (SELECT coalesce(sum(t.winners * t.prize), 0) FROM prizes_tieroutcome t WHERE t.draw_id = NEW.draw_id) THEN
            RAISE EXCEPTION 'the prizes of a draw are what its tiers pay'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_pays_what_tiers_pay';
        END IF;
    END IF;
    IF NEW.state = 'DONE' AND OLD.state <> 'DONE' AND EXISTS (
        SELECT 1 FROM prizes_batch b JOIN prizes_enginerun r ON r.id = b.run_id
         WHERE r.draw_id = NEW.draw_id AND r.attempt = NEW.attempt AND r.engine = 1 AND b.credited_at IS NULL
    ) THEN
        RAISE EXCEPTION 'every batch is credited before the settlement is done'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_done_when_credited';
    END IF;
    RETURN NEW;
END $$;
"""
BOTH_FIGURES = {
    "new": "NEW.draw_id, NEW.wallet_up_to, NEW.taxed_above",
    "old": "OLD.draw_id, OLD.wallet_up_to, OLD.taxed_above",
}
ONE_FIGURE = {"new": "NEW.draw_id, NEW.wallet_up_to", "old": "OLD.draw_id, OLD.wallet_up_to"}

# Settlements on their way pay by the sum; all are hashed with the new column.
ON_THEIR_WAY = """
UPDATE prizes_settlement s SET taxed_above = coalesce((
    SELECT p.value::text::bigint FROM audit_policyparameter p
     WHERE p.key = 'tax.prize_exempt_up_to_fen' AND p.scope = '' AND p.valid_from <= s.begun_at
     ORDER BY p.valid_from DESC LIMIT 1), s.taxed_above)
 WHERE s.state IN ('HALTED', 'COUNTING', 'PRICED');
SELECT audit_log_add('settlement', key, hash) FROM audit_rows_now('prizes_settlement');
"""


class Migration(migrations.Migration):
    dependencies = [("prizes", "0015_deadline_guards"), ("audit", "0007_log")]
    operations = [
        migrations.AddField(
            model_name="settlement",
            name="taxed_above",
            field=lottery_portal.lib.money.MoneyField(
                default=NO_SUM, verbose_name="prizes of one person are taxed above (fen)"
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(ON_THEIR_WAY, migrations.RunSQL.noop),
        migrations.RunSQL(
            CREDIT % BY_THE_SUM + GUARD % BOTH_FIGURES, CREDIT % EACH_ALONE + GUARD % ONE_FIGURE
        ),
    ]
