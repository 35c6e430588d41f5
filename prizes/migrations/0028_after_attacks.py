"""Objections keep a prize open; visitors bring on their own claim; the winner signs; tax is withheld (F082-F098)."""

from django.db import migrations

AS_NOW = """
-- What was claimed in time is not lost while the winner waits to be heard.
CREATE OR REPLACE FUNCTION prizes_has_lapsed(prize bigint) RETURNS boolean LANGUAGE sql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM prizes_prize z WHERE z.id = prize AND z.route = 'CENTRE')
       AND prizes_last_day(prize) IS NOT NULL AND clock_timestamp() >= prizes_claimable_until(prize)
       AND NOT EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = prize)
       AND NOT EXISTS (SELECT FROM prizes_claim c WHERE c.prize_id = prize AND c.state NOT IN ('REFUSED', 'RECOVERED', 'WITHDRAWN'))
       AND NOT EXISTS (SELECT FROM prizes_claim c
                         JOIN LATERAL (SELECT s.from_state, s.body FROM prizes_claimstep s WHERE s.claim_id = c.id
                                        ORDER BY s.number DESC LIMIT 1) last ON true
                        WHERE c.prize_id = prize AND c.state = 'REFUSED' AND last.from_state = 'REFUSED'
                          AND last.body->>'objection' IS NOT NULL)
       AND NOT EXISTS (SELECT FROM prizes_extension x WHERE x.prize_id = prize
                          AND NOT EXISTS (SELECT FROM prizes_extensionletter l WHERE l.extension_id = x.id))
$$;

-- An agent brings on the claim of his letter, a guardian the prize he is on record for, and no other.
CREATE OR REPLACE FUNCTION prizes_claim_visitor_is_there() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM prizes_visit v
         WHERE v.prize_id = NEW.prize_id AND prizes_visitor_is_there(v.id)
           AND CASE v.role
               WHEN 'WINNER' THEN true
               WHEN 'PROXY' THEN EXISTS (
                   SELECT FROM prizes_claimstep s JOIN accounts_proxy x ON x.code = s.body->>'proxy'
                    WHERE s.claim_id = NEW.id AND s.number = 1 AND x.id = v.proxy_id)
               WHEN 'GUARDIAN' THEN EXISTS (
                   SELECT FROM accounts_guardianrecord r JOIN accounts_identitypaper i ON i.person_id = r.guardian_id
                     JOIN prizes_prize p ON p.id = v.prize_id JOIN sales_ticket t ON t.id = p.ticket_id
                    WHERE i.id = v.paper_id AND r.owner_id = p.owner_id AND r.object_code = 'prize:' || t.code)
               ELSE false END) THEN
        PERFORM prizes_refuse('claim_visitor_is_there');
    END IF;
    RETURN NEW;
END $$;

-- A paper is looked at when the claim is checked, and valid then, whatever time was written beside it.
CREATE OR REPLACE FUNCTION prizes_claim_identity_seen() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts_identitypaper i JOIN accounts_player y ON y.person_id = i.person_id
                    WHERE y.id = NEW.owner_id AND i.reference = 'claim:' || NEW.code
                      AND coalesce(i.valid_until >= prizes_today(), true)
                      AND i.seen_at BETWEEN clock_timestamp() - interval '1 hour' AND clock_timestamp() + interval '1 hour') THEN
        PERFORM prizes_refuse('claim_identity_seen');
    END IF;
    RETURN NEW;
END $$;
"""
NEW = """
-- From afar nobody sees the winner sign: his word is his own.
CREATE FUNCTION prizes_claimstep_signed_from_afar() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM prizes_claim c JOIN accounts_player y ON y.id = c.owner_id
                    WHERE c.id = NEW.claim_id AND (c.way <> 'REMOTE' OR y.user_id = NEW.actor_id)) THEN
        PERFORM prizes_refuse('claim_signed_by_the_winner');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_claimstep_signed_from_afar BEFORE INSERT ON prizes_claimstep FOR EACH ROW
    WHEN (NEW.to_state = 'SIGNED' AND NEW.from_state <> 'REFUSED')
    EXECUTE FUNCTION prizes_claimstep_signed_from_afar();
ALTER TABLE prizes_claimstep ENABLE ALWAYS TRIGGER prizes_claimstep_signed_from_afar;

-- What is paid out has its tax reckoned from all that its owner won in the draw, by the figures of today.
CREATE FUNCTION prizes_prizeend_less_its_tax() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM prizes_prize p JOIN games_draw d ON d.id = p.draw_id JOIN games_game g ON g.id = d.game_id
          JOIN accounts_player y ON y.id = p.owner_id LEFT JOIN accounts_person h ON h.id = y.person_id
          JOIN finance_entry e ON e.reference = NEW.entry_reference JOIN finance_prizetax x ON x.entry_id = e.id
         WHERE p.id = NEW.prize_id AND x.prize = NEW.amount AND x.tax = NEW.tax
           AND x.occasion = g.code || '/' || d.issue AND x.winner = coalesce(h.row_uuid::text, y.code)
           AND x.together = (SELECT sum(o.amount) FROM prizes_prize o WHERE o.draw_id = p.draw_id AND o.owner_id = p.owner_id)
           AND x.exempt = prizes_policy('tax.prize_exempt_up_to_fen', '', clock_timestamp())::text::bigint
           AND x.rate = prizes_policy('tax.prize_rate', '', clock_timestamp())::text::bigint) THEN
        PERFORM prizes_refuse('claim_paid_less_its_tax');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER prizes_prizeend_less_its_tax AFTER INSERT ON prizes_prizeend
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.kind = 'PAID') EXECUTE FUNCTION prizes_prizeend_less_its_tax();
ALTER TABLE prizes_prizeend ENABLE ALWAYS TRIGGER prizes_prizeend_less_its_tax;
REVOKE ALL ON FUNCTION prizes_claimstep_signed_from_afar(), prizes_prizeend_less_its_tax() FROM PUBLIC;
"""
AS_BEFORE = """
DROP FUNCTION prizes_claimstep_signed_from_afar() CASCADE;
DROP FUNCTION prizes_prizeend_less_its_tax() CASCADE;

CREATE OR REPLACE FUNCTION prizes_has_lapsed(prize bigint) RETURNS boolean LANGUAGE sql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM prizes_prize z WHERE z.id = prize AND z.route = 'CENTRE')
       AND prizes_last_day(prize) IS NOT NULL AND clock_timestamp() >= prizes_claimable_until(prize)
       AND NOT EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = prize)
       AND NOT EXISTS (SELECT FROM prizes_claim c WHERE c.prize_id = prize AND c.state NOT IN ('REFUSED', 'RECOVERED', 'WITHDRAWN'))
       AND NOT EXISTS (SELECT FROM prizes_extension x WHERE x.prize_id = prize
                          AND NOT EXISTS (SELECT FROM prizes_extensionletter l WHERE l.extension_id = x.id))
$$;

CREATE OR REPLACE FUNCTION prizes_claim_visitor_is_there() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM prizes_visit v WHERE v.prize_id = NEW.prize_id AND v.role <> 'COMPANION'
                      AND prizes_visitor_is_there(v.id)) THEN
        PERFORM prizes_refuse('claim_visitor_is_there');
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION prizes_claim_identity_seen() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts_identitypaper i JOIN accounts_player y ON y.person_id = i.person_id
                    WHERE y.id = NEW.owner_id AND i.reference = 'claim:' || NEW.code) THEN
        PERFORM prizes_refuse('claim_identity_seen');
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0027_withdrawn_claims_bind_nobody"),
    ]
    operations = [migrations.RunSQL(AS_NOW + NEW, AS_BEFORE)]
