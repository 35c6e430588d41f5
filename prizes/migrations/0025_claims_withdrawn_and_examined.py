"""Claims withdrawn by their winners, examined before they are paid, and opened by agents (F086-F088, F150).

A claim that is not signed yet is taken back by the winner alone. Nobody approves or pays a claim while people look
into it, nor one in whose case he took part. An agent's authority covers the prize when a claim is opened and checked
for him; an operator acts at his own outlet; the hold of a winner under age ends by the decision of counsel on file.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import lottery_portal.lib.ids

STATES = [
    ("OPENED", "Opened"),
    ("CHECKED", "Checked"),
    ("COMPLETE", "Papers complete"),
    ("SIGNED", "Signed by the winner"),
    ("APPROVED", "Approved"),
    ("PAYING", "Being paid"),
    ("PAID", "Paid"),
    ("ARCHIVED", "Filed"),
    ("REFUSED", "Refused"),
    ("RECOVERED", "Taken back"),
    ("WITHDRAWN", "Withdrawn"),
]
SQL = """
-- The winner takes a claim back that he has not signed; what was done is kept, and another may be opened.
CREATE FUNCTION prizes_claim_withdraw(its bigint, account bigint, body jsonb) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    c prizes_claim;
BEGIN
    PERFORM prizes_lock_claim(its);
    SELECT * INTO c FROM prizes_claim x WHERE x.id = its;
    IF NOT EXISTS (SELECT FROM accounts_player y WHERE y.id = c.owner_id AND y.user_id = account) THEN
        PERFORM prizes_refuse('claim_withdrawn_by_its_owner');
    END IF;
    IF c.state NOT IN ('OPENED', 'CHECKED', 'COMPLETE') THEN
        PERFORM prizes_refuse('claim_withdrawn_before_it_is_signed');
    END IF;
    IF body IS NULL OR jsonb_typeof(body) <> 'object' THEN PERFORM prizes_refuse('claim_step_has_evidence'); END IF;
    UPDATE prizes_claim x SET state = 'WITHDRAWN', moved_at = clock_timestamp() WHERE x.id = its;
    PERFORM prizes_claim_step(its, c.state, 'WITHDRAWN', account, body);
END $$;
REVOKE ALL ON FUNCTION prizes_claim_withdraw(bigint, bigint, jsonb) FROM PUBLIC;

-- What was withdrawn keeps no prize from lapsing, and takes no more papers.
CREATE OR REPLACE FUNCTION prizes_has_lapsed(prize bigint) RETURNS boolean LANGUAGE sql VOLATILE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM prizes_prize z WHERE z.id = prize AND z.route = 'CENTRE')
       AND prizes_last_day(prize) IS NOT NULL AND clock_timestamp() >= prizes_claimable_until(prize)
       AND NOT EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = prize)
       AND NOT EXISTS (SELECT FROM prizes_claim c WHERE c.prize_id = prize AND c.state NOT IN ('REFUSED', 'RECOVERED', 'WITHDRAWN'))
       AND NOT EXISTS (SELECT FROM prizes_extension x WHERE x.prize_id = prize
                          AND NOT EXISTS (SELECT FROM prizes_extensionletter l WHERE l.extension_id = x.id))
$$;
CREATE OR REPLACE FUNCTION prizes_paper_of_an_open_claim() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM prizes_lock_claim(NEW.claim_id);
    IF NOT EXISTS (SELECT FROM prizes_claim c WHERE c.id = NEW.claim_id
                      AND c.state NOT IN ('ARCHIVED', 'RECOVERED', 'WITHDRAWN')) THEN
        PERFORM prizes_refuse('claim_paper_of_an_open_claim');
    END IF;
    NEW.added_at := clock_timestamp();
    RETURN NEW;
END $$;

-- Whether a person takes or took part in a case about a claim, its ticket, its prize or its transfer: has it now,
-- took it, wrote a note, settled it.
CREATE FUNCTION prizes_handles_a_case(claim bigint, person text) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT person <> '' AND EXISTS (
        SELECT FROM prizes_claim c JOIN prizes_prize p ON p.id = c.prize_id JOIN sales_ticket t ON t.id = p.ticket_id
         CROSS JOIN LATERAL (VALUES ('claim', c.code), ('ticket', t.code), ('prize', t.code)
                             UNION ALL SELECT 'withdrawal', w.code FROM finance_withdrawal w
                                        WHERE w.origin = 'claim:' || c.code) thing (kind, code)
          JOIN finance_case k ON k.object_type = thing.kind AND k.object_code = thing.code
         WHERE c.id = prizes_handles_a_case.claim
           AND (prizes_person_of(k.owner_id) = prizes_handles_a_case.person
                OR prizes_person_of(k.resolved_by_id) = prizes_handles_a_case.person
                OR EXISTS (SELECT FROM audit_trail r JOIN accounts_user u ON u.username = r.actor
                            WHERE r.object_type = 'case' AND r.object_code = k.code
                              AND r.action IN ('finance.case_taken', 'finance.case_noted', 'finance.case_resolved')
                              AND prizes_person_of(u.id) = prizes_handles_a_case.person)))
$$;
REVOKE ALL ON FUNCTION prizes_handles_a_case(bigint, text) FROM PUBLIC;
CREATE OR REPLACE FUNCTION prizes_claim_bar(claim bigint, person text) RETURNS text LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE
        WHEN EXISTS (SELECT FROM accounts_player y JOIN accounts_person h ON h.id = y.person_id
                      WHERE y.id = c.owner_id AND h.row_uuid::text = person) THEN 'claim_not_ones_own'
        WHEN EXISTS (SELECT FROM games_resultentry r WHERE r.draw_id = p.draw_id AND r.person_code = person)
          OR EXISTS (SELECT FROM games_announcedentry r WHERE r.draw_id = p.draw_id AND r.person_code = person)
            THEN 'claim_not_by_who_drew'
        WHEN EXISTS (SELECT FROM prizes_claimstep s WHERE s.claim_id = c.id AND s.from_state = 'REFUSED'
                        AND s.body->>'objection' IS NULL AND s.person = prizes_claim_bar.person)
            THEN 'claim_not_by_who_heard_it'
        WHEN prizes_handles_a_case(c.id, person) THEN 'claim_not_by_who_handles_a_case' END
      FROM prizes_claim c JOIN prizes_prize p ON p.id = c.prize_id WHERE c.id = claim
$$;

-- While people look into a claim nobody approves or pays it: somebody who had looked at the prize stands close to
-- who claims it, or a ticket is said to be damaged or lost.
CREATE FUNCTION prizes_claim_not_while_examined() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM finance_case k WHERE k.object_type = 'claim' AND k.object_code = NEW.code AND k.state = 'OPEN'
                  AND k.kind IN ('prizes.looked_then_claimed', 'prizes.ticket_damaged')) THEN
        PERFORM prizes_refuse('claim_not_while_examined');
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_claim_not_while_examined() FROM PUBLIC;
CREATE TRIGGER prizes_claim_not_while_examined BEFORE UPDATE OF state ON prizes_claim FOR EACH ROW
    WHEN (OLD.state IN ('SIGNED', 'APPROVED') AND NEW.state IN ('APPROVED', 'PAYING', 'PAID'))
    EXECUTE FUNCTION prizes_claim_not_while_examined();
ALTER TABLE prizes_claim ENABLE ALWAYS TRIGGER prizes_claim_not_while_examined;

-- A step of a claim: opened and checked for an agent only while his authority covers it; and whoever has the post of
-- an outlet's operator acts at the outlet where he works now, and nowhere else.
CREATE FUNCTION prizes_claimstep_by_who_may() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    c prizes_claim;
    ticket text;
    proxy text;
BEGIN
    SELECT * INTO c FROM prizes_claim x WHERE x.id = NEW.claim_id;
    SELECT coalesce(s.body->>'proxy', '') INTO proxy FROM prizes_claimstep s WHERE s.claim_id = NEW.claim_id AND s.number = 1;
    proxy := coalesce(nullif(proxy, ''), CASE NEW.number WHEN 1 THEN NEW.body->>'proxy' END, '');
    IF proxy <> '' AND NEW.to_state IN ('OPENED', 'CHECKED') AND NEW.from_state <> 'REFUSED' THEN
        SELECT t.code INTO ticket FROM prizes_prize p JOIN sales_ticket t ON t.id = p.ticket_id WHERE p.id = c.prize_id;
        IF NOT accounts_proxy_covers(proxy, c.owner_id, 'prize:' || ticket) THEN
            PERFORM prizes_refuse('claim_agent_has_authority');
        END IF;
    END IF;
    IF NEW.actor_id IS NOT NULL AND EXISTS (
        SELECT FROM accounts_staffmember m JOIN accounts_posting g ON g.person_id = m.person_id
          JOIN accounts_post o ON o.id = g.post_id AND 'outlet_operator' = ANY (o.roles)
         WHERE m.user_id = NEW.actor_id AND g.valid_from <= clock_timestamp()
           AND coalesce(g.valid_until > clock_timestamp(), true))
       AND NOT (c.way = 'OUTLET' AND EXISTS (
        SELECT FROM partners_outletoperator w JOIN partners_outlet o ON o.id = w.outlet_id
         WHERE w.user_id = NEW.actor_id AND w.valid_until IS NULL AND o.code = c.outlet_code)) THEN
        PERFORM prizes_refuse('claim_at_ones_own_outlet');
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_claimstep_by_who_may() FROM PUBLIC;
CREATE TRIGGER prizes_claimstep_by_who_may BEFORE INSERT ON prizes_claimstep
    FOR EACH ROW EXECUTE FUNCTION prizes_claimstep_by_who_may();
ALTER TABLE prizes_claimstep ENABLE ALWAYS TRIGGER prizes_claimstep_by_who_may;

-- A paper of a hold says truly when; the hold of a winner under age is lifted with the decision of counsel on file.
CREATE FUNCTION prizes_holdpaper_now() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.added_at := clock_timestamp();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_holdpaper_now() FROM PUBLIC;
CREATE TRIGGER prizes_holdpaper_now BEFORE INSERT ON prizes_holdpaper
    FOR EACH ROW EXECUTE FUNCTION prizes_holdpaper_now();
ALTER TABLE prizes_holdpaper ENABLE ALWAYS TRIGGER prizes_holdpaper_now;
CREATE FUNCTION prizes_minor_lift_by_counsel() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM prizes_hold h WHERE h.id = NEW.hold_id AND h.kind = 'MINOR')
       AND NOT EXISTS (SELECT FROM audit_approvalrequest r
                         JOIN prizes_holdpaper a ON a.hold_id = NEW.hold_id AND a.kind = 'COUNSEL'
                          AND a.digest = r.payload::jsonb->>'evidence'
                        WHERE r.code = NEW.approval_code AND r.kind = 'prizes.minor_hold_lift') THEN
        PERFORM prizes_refuse('hold_of_a_minor_ends_by_counsel');
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION prizes_minor_lift_by_counsel() FROM PUBLIC;
CREATE TRIGGER prizes_minor_lift_by_counsel BEFORE INSERT ON prizes_holdlift
    FOR EACH ROW EXECUTE FUNCTION prizes_minor_lift_by_counsel();
ALTER TABLE prizes_holdlift ENABLE ALWAYS TRIGGER prizes_minor_lift_by_counsel;

CREATE TRIGGER prizes_holdpaper_never_changes BEFORE UPDATE OR DELETE ON prizes_holdpaper
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE prizes_holdpaper ENABLE ALWAYS TRIGGER prizes_holdpaper_never_changes;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON prizes_holdpaper
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('hold_paper', 'row_uuid');
ALTER TABLE prizes_holdpaper ENABLE ALWAYS TRIGGER audit_log_row;
"""
UNDO = """
DROP TRIGGER audit_log_row ON prizes_holdpaper;
DROP TRIGGER prizes_holdpaper_never_changes ON prizes_holdpaper;
DROP FUNCTION prizes_minor_lift_by_counsel() CASCADE;
DROP FUNCTION prizes_holdpaper_now() CASCADE;
DROP FUNCTION prizes_claimstep_by_who_may() CASCADE;
DROP FUNCTION prizes_claim_not_while_examined() CASCADE;
CREATE OR REPLACE FUNCTION prizes_claim_bar(claim bigint, person text) RETURNS text LANGUAGE sql STABLE
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
DROP FUNCTION prizes_handles_a_case(bigint, text);
CREATE OR REPLACE FUNCTION prizes_paper_of_an_open_claim() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM prizes_lock_claim(NEW.claim_id);
    IF NOT EXISTS (SELECT FROM prizes_claim c WHERE c.id = NEW.claim_id AND c.state NOT IN ('ARCHIVED', 'RECOVERED')) THEN
        PERFORM prizes_refuse('claim_paper_of_an_open_claim');
    END IF;
    NEW.added_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION prizes_has_lapsed(prize bigint) RETURNS boolean LANGUAGE sql VOLATILE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM prizes_prize z WHERE z.id = prize AND z.route = 'CENTRE')
       AND prizes_last_day(prize) IS NOT NULL AND clock_timestamp() >= prizes_claimable_until(prize)
       AND NOT EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = prize)
       AND NOT EXISTS (SELECT FROM prizes_claim c WHERE c.prize_id = prize AND c.state NOT IN ('REFUSED', 'RECOVERED'))
       AND NOT EXISTS (SELECT FROM prizes_extension x WHERE x.prize_id = prize
                          AND NOT EXISTS (SELECT FROM prizes_extensionletter l WHERE l.extension_id = x.id))
$$;
DROP FUNCTION prizes_claim_withdraw(bigint, bigint, jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("prizes", "0024_winners"),
        ("accounts", "0012_letters_of_authority"),
        ("partners", "0002_outlets_by_agreement"),
        ("finance", "0032_one_ceiling_of_transfers"),
    ]
    operations = [
        migrations.CreateModel(
            name="HoldPaper",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "row_uuid",
                    models.UUIDField(
                        default=lottery_portal.lib.ids.uuid7, editable=False, unique=True
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("GUARDIAN", "Proof of a guardian"),
                            ("COUNSEL", "Decision of counsel"),
                            ("OTHER", "Another paper"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("media_type", models.CharField(max_length=60, verbose_name="media type")),
                ("size", models.IntegerField(verbose_name="size")),
                ("digest", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("content", models.BinaryField()),
                ("added_at", models.DateTimeField(verbose_name="added at")),
            ],
            options={
                "verbose_name": "paper of a hold",
                "verbose_name_plural": "papers of holds",
            },
        ),
        migrations.RemoveConstraint(
            model_name="claim",
            name="claim_once_per_prize",
        ),
        migrations.RemoveConstraint(
            model_name="claim",
            name="claim_state_known",
        ),
        migrations.RemoveConstraint(
            model_name="claim",
            name="claim_figures_when_complete",
        ),
        migrations.RemoveIndex(
            model_name="claim",
            name="claim_under_way",
        ),
        migrations.AlterField(
            model_name="claim",
            name="state",
            field=models.CharField(
                choices=STATES, default="OPENED", max_length=9, verbose_name="state"
            ),
        ),
        migrations.AlterField(
            model_name="claimstep",
            name="from_state",
            field=models.CharField(blank=True, choices=STATES, max_length=9, verbose_name="from"),
        ),
        migrations.AlterField(
            model_name="claimstep",
            name="to_state",
            field=models.CharField(choices=STATES, max_length=9, verbose_name="to"),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["ARCHIVED", "REFUSED", "RECOVERED", "WITHDRAWN"]), _negated=True
                ),
                fields=["opened_at", "id"],
                name="claim_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("state__in", ["REFUSED", "RECOVERED", "WITHDRAWN"]), _negated=True
                ),
                fields=("prize",),
                name="claim_once_per_prize",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "OPENED",
                            "CHECKED",
                            "COMPLETE",
                            "SIGNED",
                            "APPROVED",
                            "PAYING",
                            "PAID",
                            "ARCHIVED",
                            "REFUSED",
                            "RECOVERED",
                            "WITHDRAWN",
                        ],
                    )
                ),
                name="claim_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["OPENED", "CHECKED", "REFUSED", "WITHDRAWN"]),
                    models.Q(("method", ""), _negated=True),
                    _connector="OR",
                ),
                name="claim_figures_when_complete",
            ),
        ),
        migrations.AddField(
            model_name="holdpaper",
            name="added_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="added by",
            ),
        ),
        migrations.AddField(
            model_name="holdpaper",
            name="hold",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="papers",
                to="prizes.hold",
                verbose_name="hold",
            ),
        ),
        migrations.AddConstraint(
            model_name="holdpaper",
            constraint=models.UniqueConstraint(
                fields=("hold", "kind", "digest"), name="hold_paper_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="holdpaper",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["GUARDIAN", "COUNSEL", "OTHER"])),
                name="hold_paper_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="holdpaper",
            constraint=models.CheckConstraint(
                condition=models.Q(("digest__regex", "^[0-9a-f]{64}$"), ("size__gt", 0)),
                name="hold_paper_has_digest",
            ),
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
