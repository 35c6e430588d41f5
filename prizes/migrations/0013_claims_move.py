"""Claims are opened, moved and paid by three functions, and what must never be is refused here (F077 ff.).

No claim is opened without the proof that its ticket is under the sealed root of its draw, in its owner's
name (F085); who checks, approves and pays are three persons, none of them the winner, none of those who
approve or pay one who entered the result of the draw (F097); what is paid is what was signed and approved,
to the fen, to the same payee (F090, N12); a prize is paid once (F092).
"""

from django.db import migrations

SQL = """
CREATE FUNCTION prizes_refuse(fact text) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '%', replace(fact, '_', ' ') USING ERRCODE = 'check_violation', CONSTRAINT = fact;
END $$;

CREATE FUNCTION prizes_policy(wanted text, wanted_scope text, moment timestamptz) RETURNS jsonb LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT p.value::jsonb FROM audit_policyparameter p
     WHERE p.key = wanted AND p.scope IN (wanted_scope, '') AND p.valid_from <= moment
     ORDER BY p.scope DESC, p.valid_from DESC LIMIT 1
$$;

-- How many further persons agree to the payment of a prize of so many fen, claimed this way.
CREATE FUNCTION prizes_claim_people(way text, fen bigint, moment timestamptz) RETURNS integer LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((
        SELECT (tier->>1)::integer
          FROM jsonb_array_elements(prizes_policy('prizes.claim_approvals', way, moment)) WITH ORDINALITY AS t(tier, n)
         WHERE tier->>0 IS NULL OR fen <= (tier->>0)::bigint ORDER BY n LIMIT 1), 2)
$$;

-- Whether `path` leads from the leaf of the ticket as it is now, line by line and in its owner's name, to the
-- published root of its draw (RFC 9162 2.1.3.2). `serial` counts from 1.
CREATE FUNCTION prizes_is_sealed(ticket bigint, serial bigint, path text[]) RETURNS boolean LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    sealed record;
    here bigint;
    final bigint;
    hash bytea;
    step text;
BEGIN
    SELECT s.root, s.tickets INTO sealed FROM sales_ticket t
      JOIN games_sealstatement s ON s.draw_id = t.draw_id
      JOIN games_sealpublication u ON u.statement_id = s.id
     WHERE t.id = ticket;
    IF NOT FOUND OR serial IS NULL OR serial < 1 OR serial > sealed.tickets THEN RETURN false; END IF;
    hash := sha256('\\x00'::bytea || sales_ticket_line(ticket));
    here := serial - 1;
    final := sealed.tickets - 1;
    FOREACH step IN ARRAY coalesce(path, '{}') LOOP
        IF final = 0 OR step IS NULL OR step !~ '^[0-9a-f]{64}$' THEN RETURN false; END IF;
        IF here % 2 = 1 OR here = final THEN
            hash := sha256('\\x01'::bytea || decode(step, 'hex') || hash);
            WHILE here % 2 = 0 AND here > 0 LOOP
                here := here / 2;
                final := final / 2;
            END LOOP;
        ELSE
            hash := sha256('\\x01'::bytea || hash || decode(step, 'hex'));
        END IF;
        here := here / 2;
        final := final / 2;
    END LOOP;
    RETURN coalesce(final = 0 AND encode(hash, 'hex') = sealed.root, false);
END $$;

-- What keeps a person from approving or paying a claim: it is his own; he entered the result of the draw, or
-- its announcement; he decided on an objection to its refusal. NULL: nothing.
CREATE FUNCTION prizes_claim_bar(claim bigint, person text) RETURNS text LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE
        WHEN EXISTS (SELECT FROM accounts_player y JOIN accounts_person h ON h.id = y.person_id
                      WHERE y.id = c.owner_id AND h.row_uuid::text = person) THEN 'claim_not_ones_own'
        WHEN EXISTS (SELECT FROM games_resultentry r WHERE r.draw_id = p.draw_id AND r.person_code = person)
          OR EXISTS (SELECT FROM games_announcedentry r WHERE r.draw_id = p.draw_id AND r.person_code = person)
            THEN 'claim_not_by_who_drew'
        WHEN EXISTS (SELECT FROM prizes_claimstep s WHERE s.claim_id = c.id AND s.from_state = 'REFUSED'
                        AND s.body->>'objection' IS NULL AND s.person = prizes_claim_bar.person)
            THEN 'claim_not_by_who_heard_it' END
      FROM prizes_claim c JOIN prizes_prize p ON p.id = c.prize_id WHERE c.id = claim
$$;

-- The prize first, then its claim: so do all who end a prize or keep it from being paid.
CREATE FUNCTION prizes_lock_claim(claim bigint) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM prizes_prize p
      WHERE p.id = (SELECT c.prize_id FROM prizes_claim c WHERE c.id = claim) FOR NO KEY UPDATE;
    PERFORM 1 FROM prizes_claim c WHERE c.id = claim FOR NO KEY UPDATE;
END $$;

CREATE FUNCTION prizes_claim_step(its bigint, was text, becomes text, account bigint, evidence jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO prizes_claimstep (claim_id, number, from_state, to_state, actor_id, person, at, body, digest)
    SELECT its, coalesce(max(s.number), 0) + 1, was, becomes, account, coalesce(prizes_person_of(account), ''),
           clock_timestamp(), evidence, encode(sha256(convert_to(evidence::text, 'UTF8')), 'hex')
      FROM prizes_claimstep s WHERE s.claim_id = its
$$;

-- Whether an outlet may redeem this prize; its register says so, when there is one.
CREATE FUNCTION prizes_outlet_may(outlet text, prize bigint) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT outlet <> '' $$;

-- Open a claim: of a prize that waits, of a published draw, in time, by or for its owner.
CREATE FUNCTION prizes_claim_open(asked jsonb) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    won prizes_prize;
    account bigint := (asked->>'account')::bigint;
    is_staff boolean := EXISTS (SELECT FROM accounts_staffmember s WHERE s.user_id = account);
    claim_pk bigint;
BEGIN
    SELECT p.* INTO won FROM prizes_prize p WHERE p.id = (asked->>'prize')::bigint FOR NO KEY UPDATE;
    IF won.id IS NULL OR won.route <> 'CENTRE' THEN
        PERFORM prizes_refuse('claim_of_a_prize_that_waits');
    END IF;
    IF NOT EXISTS (SELECT FROM games_draw d WHERE d.id = won.draw_id AND d.state IN ('PUBLISHED', 'ARCHIVED')) THEN
        PERFORM prizes_refuse('claim_after_publication');
    END IF;
    IF NOT EXISTS (SELECT FROM accounts_player y JOIN sales_ticket t ON t.id = won.ticket_id AND t.owner_id = y.id
                    WHERE y.id = won.owner_id AND (is_staff AND y.code = asked->>'claimant'
                                                   OR NOT is_staff AND y.user_id = account)) THEN
        PERFORM prizes_refuse('claim_by_its_owner');
    END IF;
    IF is_staff AND prizes_person_of(account) = (
        SELECT h.row_uuid::text FROM accounts_player y JOIN accounts_person h ON h.id = y.person_id
         WHERE y.id = won.owner_id) THEN
        PERFORM prizes_refuse('claim_not_ones_own');
    END IF;
    IF asked->>'way' = 'OUTLET' AND NOT is_staff THEN
        PERFORM prizes_refuse('claim_present_at_the_outlet');
    END IF;
    IF asked->>'way' = 'OUTLET' AND won.amount > coalesce((
        SELECT prizes_policy('prizes.outlet_up_to_fen', g.code, s.begun_at)::text::bigint
          FROM games_draw d JOIN games_game g ON g.id = d.game_id JOIN prizes_settlement s ON s.draw_id = d.id
         WHERE d.id = won.draw_id), 0) THEN
        PERFORM prizes_refuse('claim_within_the_ceiling_of_outlets');
    END IF;
    IF asked->>'way' = 'OUTLET' AND NOT prizes_outlet_may(coalesce(asked->>'outlet', ''), won.id) THEN
        PERFORM prizes_refuse('claim_at_an_outlet_that_may');
    END IF;
    IF NOT prizes_is_sealed(won.ticket_id, (asked->>'serial')::bigint, CASE jsonb_typeof(asked->'path')
            WHEN 'array' THEN ARRAY(SELECT jsonb_array_elements_text(asked->'path')) ELSE ARRAY[NULL] END) THEN
        PERFORM prizes_refuse('claim_ticket_is_sealed');
    END IF;
    IF EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = won.id) THEN
        PERFORM prizes_refuse('claim_of_an_open_prize');
    END IF;
    IF clock_timestamp() >= prizes_claimable_until(won.id) THEN
        PERFORM prizes_refuse('claim_in_time');
    END IF;
    INSERT INTO prizes_claim (code, prize_id, owner_id, way, state, method, tax, net, payee, outlet_code, approval_code,
                              request_key, opened_by_id, opened_at, moved_at)
    VALUES (asked->>'code', won.id, won.owner_id, asked->>'way', 'OPENED', '', 0, 0, '',
            coalesce(asked->>'outlet', ''), '', (asked->>'request_key')::uuid, account, clock_timestamp(), clock_timestamp())
    RETURNING id INTO claim_pk;
    PERFORM prizes_claim_step(claim_pk, '', 'OPENED', account, jsonb_build_object(
        'serial', (asked->>'serial')::bigint, 'path', asked->'path') || coalesce(asked->'body', '{}'));
    RETURN claim_pk;
END $$;

-- The payment of a claim was agreed to: by as many as the policy asks for the amount, in exactly these figures,
-- none of them the winner, who checked the claim, or who had a hand in the draw.
CREATE FUNCTION prizes_claim_agreed(its bigint) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    c prizes_claim;
    won prizes_prize;
    asked audit_approvalrequest;
    payload jsonb;
    bar text;
BEGIN
    SELECT * INTO c FROM prizes_claim x WHERE x.id = its;
    SELECT * INTO won FROM prizes_prize x WHERE x.id = c.prize_id;
    IF c.approval_code = '' THEN
        IF prizes_claim_people(c.way, won.amount, clock_timestamp()) > 0 THEN
            PERFORM prizes_refuse('claim_by_enough_people');
        END IF;
        RETURN;
    END IF;
    SELECT * INTO asked FROM audit_approvalrequest r WHERE r.code = c.approval_code;
    payload := asked.payload::jsonb;
    IF asked.id IS NULL OR asked.kind <> 'prizes.claim' OR asked.state <> 'PERFORMED'
       OR (payload->>'claim', payload->>'prize', payload->>'ticket', payload->>'amount_fen', payload->>'tax_fen',
           payload->>'net_fen', payload->>'method', payload->>'payee')
          IS DISTINCT FROM (c.code::text, won.id::text, (SELECT t.code::text FROM sales_ticket t WHERE t.id = won.ticket_id),
           won.amount::text, c.tax::text, c.net::text, c.method::text, c.payee::text) THEN
        PERFORM prizes_refuse('claim_paid_as_approved');
    END IF;
    IF (SELECT count(DISTINCT d.checker_person) FROM audit_approvaldecision d WHERE d.request_id = asked.id AND d.approved)
       < prizes_claim_people(c.way, won.amount, asked.requested_at) THEN
        PERFORM prizes_refuse('claim_by_enough_people');
    END IF;
    IF EXISTS (SELECT FROM audit_approvaldecision d JOIN prizes_claimstep s ON s.person = d.checker_person
                WHERE d.request_id = asked.id AND s.claim_id = c.id AND s.to_state = 'CHECKED') THEN
        PERFORM prizes_refuse('claim_checked_and_approved_by_others');
    END IF;
    SELECT prizes_claim_bar(c.id, d.checker_person) INTO bar FROM audit_approvaldecision d
     WHERE d.request_id = asked.id AND prizes_claim_bar(c.id, d.checker_person) IS NOT NULL LIMIT 1;
    IF bar IS NULL AND prizes_claim_bar(c.id, asked.maker_person) = 'claim_not_ones_own' THEN
        bar := 'claim_not_ones_own';
    END IF;
    IF bar IS NOT NULL THEN PERFORM prizes_refuse(bar); END IF;
END $$;

-- One step of a claim. `figures` are those that are settled when its papers are complete; `approval` is that of
-- what others agreed to. Paying is done by prizes_claim_pay() alone.
CREATE FUNCTION prizes_claim_move(its bigint, target text, account bigint, body jsonb, figures jsonb, approval text)
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    c prizes_claim;
    won prizes_prize;
    moment timestamptz := clock_timestamp();
    player accounts_player;
    is_staff boolean := EXISTS (SELECT FROM accounts_staffmember s WHERE s.user_id = account);
    person text := coalesce(prizes_person_of(account), '');
    asked audit_approvalrequest;
    refusal prizes_claimstep;
BEGIN
    PERFORM prizes_lock_claim(its);
    SELECT * INTO c FROM prizes_claim x WHERE x.id = its;
    SELECT * INTO won FROM prizes_prize x WHERE x.id = c.prize_id;
    SELECT * INTO player FROM accounts_player y WHERE y.id = c.owner_id;
    SELECT * INTO refusal FROM prizes_claimstep s
     WHERE s.claim_id = its AND s.to_state = 'REFUSED' AND s.from_state <> 'REFUSED' ORDER BY s.number DESC LIMIT 1;
    IF c.id IS NULL OR (c.state, target) NOT IN (
        ('OPENED', 'CHECKED'), ('CHECKED', 'COMPLETE'), ('COMPLETE', 'COMPLETE'), ('COMPLETE', 'SIGNED'),
        ('SIGNED', 'COMPLETE'), ('APPROVED', 'COMPLETE'), ('SIGNED', 'APPROVED'), ('PAYING', 'PAID'),
        ('PAID', 'ARCHIVED'), ('PAID', 'RECOVERED'), ('ARCHIVED', 'RECOVERED'),
        ('OPENED', 'REFUSED'), ('CHECKED', 'REFUSED'), ('COMPLETE', 'REFUSED'), ('SIGNED', 'REFUSED'),
        ('APPROVED', 'REFUSED'), ('REFUSED', 'REFUSED'))
       AND NOT coalesce(c.state = 'REFUSED' AND target = refusal.from_state, false) THEN
        PERFORM prizes_refuse('claim_goes_forward');
    END IF;
    IF body IS NULL OR jsonb_typeof(body) <> 'object' THEN PERFORM prizes_refuse('claim_step_has_evidence'); END IF;

    -- who: a member of the staff, never about himself; the winner signs and objects
    IF (c.state, target) = ('REFUSED', 'REFUSED') AND account IS DISTINCT FROM player.user_id AND NOT is_staff THEN
        PERFORM prizes_refuse('claim_objection_by_its_owner');
    END IF;
    IF account IS NULL AND target NOT IN ('APPROVED', 'PAID', 'REFUSED', 'RECOVERED')
       OR account IS NOT NULL AND NOT is_staff
          AND NOT (account = player.user_id AND (target = 'SIGNED' OR (c.state, target) IN (('REFUSED', 'REFUSED'), ('SIGNED', 'COMPLETE'),
                                                                              ('COMPLETE', 'COMPLETE')))) THEN
        PERFORM prizes_refuse('claim_moved_by_staff');
    END IF;
    IF is_staff AND prizes_claim_bar(its, person) = 'claim_not_ones_own' THEN
        PERFORM prizes_refuse('claim_not_ones_own');
    END IF;

    IF c.state = 'REFUSED' AND (target <> 'REFUSED' OR is_staff) THEN
        -- an objection is heard by another than those who refused; upheld, it reopens at the step where it stood
        SELECT * INTO asked FROM audit_approvalrequest r WHERE r.code = refusal.body->>'approval';
        IF NOT is_staff OR target = 'REFUSED' AND coalesce(body->>'dismissed', '') = ''
           OR body->>'objection' IS NOT NULL
           OR NOT EXISTS (SELECT FROM prizes_claimstep s WHERE s.claim_id = its
                             AND s.number = (SELECT max(z.number) FROM prizes_claimstep z WHERE z.claim_id = its)
                             AND s.from_state = 'REFUSED' AND s.body->>'objection' IS NOT NULL)
           OR person = asked.maker_person
           OR EXISTS (SELECT FROM audit_approvaldecision d WHERE d.request_id = asked.id AND d.checker_person = person) THEN
            PERFORM prizes_refuse('claim_reopened_by_others');
        END IF;
        IF EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = won.id) THEN
            PERFORM prizes_refuse('claim_of_an_open_prize');
        END IF;
    ELSIF target = 'COMPLETE' THEN
        c.method := figures->>'method';
        c.tax := (figures->>'tax')::bigint;
        c.net := (figures->>'net')::bigint;
        c.payee := coalesce(figures->>'payee', '');
        c.due_on := coalesce(c.due_on, (figures->>'due_on')::date);
        c.approval_code := '';
        IF c.tax + c.net IS DISTINCT FROM won.amount THEN PERFORM prizes_refuse('claim_pays_the_prize'); END IF;
        IF NOT (CASE c.method WHEN 'WALLET' THEN c.payee = ''
                             WHEN 'TRANSFER' THEN EXISTS (SELECT FROM finance_bankaccount b WHERE b.code = c.payee
                                                             AND b.player_code = player.code AND b.removed_at IS NULL)
                             WHEN 'CASH' THEN c.payee <> '' AND c.way <> 'REMOTE' ELSE false END) THEN
            PERFORM prizes_refuse('claim_payee_is_the_winner');
        END IF;
        IF EXISTS (SELECT FROM jsonb_array_elements_text(prizes_policy('prizes.papers_to_pay', c.way, c.opened_at)) k
                    WHERE NOT EXISTS (SELECT FROM prizes_claimpaper a WHERE a.claim_id = its AND a.kind = k)) THEN
            PERFORM prizes_refuse('claim_papers_are_there');
        END IF;
    ELSIF target = 'SIGNED' THEN
        IF coalesce(body->>'confirmation', '') !~ '^[0-9a-f]{64}$' THEN
            PERFORM prizes_refuse('claim_signed_with_a_digest');
        END IF;
    ELSIF target = 'APPROVED' THEN
        IF NOT prizes_may_go_on(won.id) THEN PERFORM prizes_refuse('claim_not_held'); END IF;
        c.approval_code := coalesce(approval, '');
    ELSIF target = 'PAID' THEN
        IF NOT EXISTS (SELECT FROM finance_withdrawal w WHERE w.origin = 'claim:' || c.code
                          AND w.state IN ('PAID', 'FAILED', 'REFUSED', 'RECALLED', 'RETURNED')) THEN
            PERFORM prizes_refuse('claim_paid_when_the_bank_says');
        END IF;
    ELSIF target = 'ARCHIVED' THEN
        IF EXISTS (SELECT FROM jsonb_array_elements_text(prizes_policy('prizes.papers_to_file', c.way, c.opened_at)) k
                    WHERE NOT EXISTS (SELECT FROM prizes_claimpaper a WHERE a.claim_id = its AND a.kind = k)) THEN
            PERFORM prizes_refuse('claim_file_is_complete');
        END IF;
    ELSIF target = 'REFUSED' AND c.state = 'REFUSED' THEN
        IF coalesce(body->>'objection', '') = '' OR EXISTS (
            SELECT FROM prizes_claimstep s WHERE s.claim_id = its AND s.number > refusal.number) THEN
            PERFORM prizes_refuse('claim_objected_to_once');
        END IF;
    ELSIF target IN ('REFUSED', 'RECOVERED') THEN
        SELECT * INTO asked FROM audit_approvalrequest r WHERE r.code = approval;
        IF asked.id IS NULL OR asked.state <> 'PERFORMED' OR asked.payload::jsonb->>'claim' IS DISTINCT FROM c.code::text
           OR asked.kind <> (CASE target WHEN 'REFUSED' THEN 'prizes.claim_refusal' ELSE 'prizes.claim_recovery' END)
           OR NOT EXISTS (SELECT FROM audit_approvaldecision d WHERE d.request_id = asked.id AND d.approved)
           OR EXISTS (SELECT FROM prizes_claimstep s WHERE s.body->>'approval' = asked.code) THEN
            PERFORM prizes_refuse('claim_ended_by_two');
        END IF;
        IF prizes_claim_bar(its, asked.maker_person) = 'claim_not_ones_own' OR EXISTS (
            SELECT FROM audit_approvaldecision d WHERE d.request_id = asked.id
               AND prizes_claim_bar(its, d.checker_person) = 'claim_not_ones_own') THEN
            PERFORM prizes_refuse('claim_not_ones_own');
        END IF;
        IF target = 'REFUSED' AND (coalesce(asked.payload::jsonb->>'clause', '') = ''
                                   OR coalesce(asked.payload::jsonb->>'evidence', '') = '') THEN
            PERFORM prizes_refuse('claim_refused_with_clause_and_evidence');
        END IF;
        IF target = 'RECOVERED' AND (coalesce(asked.payload::jsonb->>'referral', '') = '' OR c.net IS DISTINCT FROM (
            SELECT sum(t.amount) FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id
              JOIN finance_account a ON a.id = t.source_id
             WHERE e.reference = 'recalled:' || c.code AND a.code = 'receivable:' || player.code)) THEN
            PERFORM prizes_refuse('claim_recovered_in_the_books');
        END IF;
        body := body || jsonb_build_object('approval', approval);
    END IF;

    UPDATE prizes_claim x SET state = target, moved_at = moment, method = c.method, tax = c.tax, net = c.net,
           payee = c.payee, due_on = c.due_on, approval_code = c.approval_code WHERE x.id = its;
    IF target = 'APPROVED' AND c.state <> 'REFUSED' THEN
        PERFORM prizes_claim_agreed(its);
    END IF;
    PERFORM prizes_claim_step(its, c.state, target, account, body);
END $$;

-- The end of a prize: the money is in the books, in this very transaction, as it was signed and approved. A
-- transfer is being paid until the bank has said what became of it; anything else is paid.
CREATE FUNCTION prizes_claim_pay(its bigint, account bigint, body jsonb) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    c prizes_claim;
    won prizes_prize;
    draw games_draw;
    player accounts_player;
    payer text := coalesce(prizes_person_of(account), '');
    bar text;
BEGIN
    PERFORM prizes_lock_claim(its);
    SELECT * INTO c FROM prizes_claim x WHERE x.id = its;
    SELECT * INTO won FROM prizes_prize x WHERE x.id = c.prize_id;
    SELECT * INTO draw FROM games_draw d WHERE d.id = won.draw_id;
    SELECT * INTO player FROM accounts_player y WHERE y.id = c.owner_id;
    IF c.state IS DISTINCT FROM 'APPROVED' THEN PERFORM prizes_refuse('claim_goes_forward'); END IF;
    IF NOT prizes_may_go_on(won.id) THEN PERFORM prizes_refuse('claim_not_held'); END IF;
    IF NOT EXISTS (SELECT FROM prizes_claimstep s WHERE s.claim_id = its AND s.to_state = 'SIGNED'
                      AND s.body->>'confirmation' ~ '^[0-9a-f]{64}$'
                      AND s.number > (SELECT max(z.number) FROM prizes_claimstep z WHERE z.claim_id = its AND z.to_state = 'COMPLETE')) THEN
        PERFORM prizes_refuse('claim_signed_before_it_is_paid');
    END IF;
    PERFORM prizes_claim_agreed(its);
    IF c.way = 'OUTLET' AND NOT prizes_outlet_may(c.outlet_code, won.id) THEN
        PERFORM prizes_refuse('claim_at_an_outlet_that_may');
    END IF;
    IF NOT EXISTS (SELECT FROM accounts_staffmember s WHERE s.user_id = account) THEN
        PERFORM prizes_refuse('claim_moved_by_staff');
    END IF;
    bar := prizes_claim_bar(its, payer);
    IF bar IS NOT NULL THEN PERFORM prizes_refuse(bar); END IF;
    -- Where nobody else is asked, for small prizes at an outlet, who looked at the ticket also pays it.
    IF EXISTS (SELECT FROM audit_approvaldecision d JOIN audit_approvalrequest r ON r.id = d.request_id
                WHERE r.code = c.approval_code AND d.checker_person = payer)
       OR NOT (c.way = 'OUTLET' AND c.approval_code = '') AND EXISTS (
           SELECT FROM prizes_claimstep s WHERE s.claim_id = its AND s.to_state = 'CHECKED' AND s.person = payer) THEN
        PERFORM prizes_refuse('claim_paid_by_another');
    END IF;
    IF NOT EXISTS (
        SELECT FROM finance_entry e
         WHERE e.reference = 'claim:' || c.code AND e.kind = 'PRIZE' AND e.xid = pg_current_xact_id()::text::bigint
           AND (c.tax, c.net, true) = (
               SELECT coalesce(sum(t.amount) FILTER (WHERE b.kind = 'TAX'), 0)::bigint,
                      coalesce(sum(t.amount) FILTER (WHERE b.kind <> 'TAX'), 0)::bigint,
                      bool_and(a.code = 'unclaimed:' || draw.code AND CASE
                          WHEN b.kind = 'TAX' THEN true
                          WHEN c.method = 'CASH' THEN b.code = 'cash:' || c.payee
                          ELSE b.code = 'winnings:' || player.code END)
                 FROM finance_transfer t JOIN finance_account a ON a.id = t.source_id
                 JOIN finance_account b ON b.id = t.target_id WHERE t.entry_id = e.id)) THEN
        PERFORM prizes_refuse('claim_paid_in_the_books');
    END IF;
    IF c.method = 'TRANSFER' AND NOT EXISTS (
        SELECT FROM finance_withdrawal w JOIN finance_bankaccount b ON b.id = w.bank_account_id
         WHERE w.origin = 'claim:' || c.code AND w.amount = c.net AND b.code = c.payee) THEN
        PERFORM prizes_refuse('claim_paid_to_its_payee');
    END IF;
    INSERT INTO prizes_prizeend (prize_id, kind, claim_id, amount, tax, net, entry_reference, ended_at)
    VALUES (won.id, 'PAID', its, won.amount, c.tax, c.net, 'claim:' || c.code, clock_timestamp());
    UPDATE prizes_claim x SET state = CASE c.method WHEN 'TRANSFER' THEN 'PAYING' ELSE 'PAID' END,
           moved_at = clock_timestamp() WHERE x.id = its;
    PERFORM prizes_claim_step(its, 'APPROVED', 'PAYING', account, body);
    IF c.method <> 'TRANSFER' THEN
        PERFORM prizes_claim_step(its, 'PAYING', 'PAID', account, '{}');
    END IF;
END $$;

-- Nobody owes a prize but by a claim that was taken back.
CREATE FUNCTION prizes_recalled_by_a_claim() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM (SELECT DISTINCT t.source_id FROM finance_transfer t WHERE t.entry_id = NEW.id) s
                 JOIN finance_account a ON a.id = s.source_id AND a.kind = 'RECEIVABLE')
       AND NOT EXISTS (SELECT FROM prizes_claim c WHERE NEW.reference = 'recalled:' || c.code AND c.state = 'RECOVERED') THEN
        RAISE EXCEPTION 'a prize is owed by a claim that was taken back'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_recalled_by_a_claim';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER prizes_recalled_by_a_claim AFTER INSERT ON finance_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'PRIZE') EXECUTE FUNCTION prizes_recalled_by_a_claim();
ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER prizes_recalled_by_a_claim;

-- A paper is added while its claim is open, and says truly when.
CREATE FUNCTION prizes_paper_of_an_open_claim() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM prizes_lock_claim(NEW.claim_id);
    IF NOT EXISTS (SELECT FROM prizes_claim c WHERE c.id = NEW.claim_id AND c.state NOT IN ('ARCHIVED', 'RECOVERED')) THEN
        PERFORM prizes_refuse('claim_paper_of_an_open_claim');
    END IF;
    NEW.added_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_paper_of_an_open_claim BEFORE INSERT ON prizes_claimpaper
    FOR EACH ROW EXECUTE FUNCTION prizes_paper_of_an_open_claim();
ALTER TABLE prizes_claimpaper ENABLE ALWAYS TRIGGER prizes_paper_of_an_open_claim;
"""
NAMES = [
    "prizes_paper_of_an_open_claim()",
    "prizes_recalled_by_a_claim()",
    "prizes_claim_pay(bigint, bigint, jsonb)",
    "prizes_claim_move(bigint, text, bigint, jsonb, jsonb, text)",
    "prizes_claim_agreed(bigint)",
    "prizes_claim_open(jsonb)",
    "prizes_claim_step(bigint, text, text, bigint, jsonb)",
    "prizes_outlet_may(text, bigint)",
    "prizes_lock_claim(bigint)",
    "prizes_claim_bar(bigint, text)",
    "prizes_is_sealed(bigint, bigint, text[])",
    "prizes_claim_people(text, bigint, timestamptz)",
    "prizes_policy(text, text, timestamptz)",
    "prizes_refuse(text)",
]
SQL += "".join(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC;\n" for name in NAMES)
UNDO = """
DROP TRIGGER prizes_paper_of_an_open_claim ON prizes_claimpaper;
DROP TRIGGER prizes_recalled_by_a_claim ON finance_entry;
""" + "".join(f"DROP FUNCTION {name};\n" for name in NAMES)


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0012_claims"),
        ("finance", "0028_prizes_to_the_bank"),
        ("sales", "0010_salts_stay_hidden"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
