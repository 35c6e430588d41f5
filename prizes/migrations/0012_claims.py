"""Prizes are claimed, and end once: paid by a claim or forfeited, with the money in one transaction.

What stands in the books as unclaimed leaves them with the end of the prizes it was set aside for, to the
fen, and with nothing else (F082, F092). Claims, steps, papers and ends are evidence.
"""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import lottery_portal.lib.codes
import lottery_portal.lib.ids
import lottery_portal.lib.money

EVIDENCE = ("prizes_claimstep", "prizes_claimpaper", "prizes_prizeend")
LOGGED = {  # table: kind, key in the log, columns left out
    "prizes_claim": ("claim", "code", ()),
    "prizes_claimstep": ("claim_step", "id", ()),
    "prizes_claimpaper": ("claim_paper", "row_uuid", ("content",)),
    "prizes_prizeend": ("prize_end", "prize_id", ()),
}
GUARDS = """
-- The human being behind an account, of the staff or of a player; NULL while nobody knows him.
CREATE FUNCTION prizes_person_of(account bigint) RETURNS text LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(
        (SELECT p.row_uuid::text FROM accounts_staffmember s JOIN accounts_person p ON p.id = s.person_id
          WHERE s.user_id = account),
        (SELECT p.row_uuid::text FROM accounts_player y JOIN accounts_person p ON p.id = y.person_id
          WHERE y.user_id = account))
$$;

-- Whether nothing keeps a prize from being paid: no hold on it is open.
CREATE FUNCTION prizes_may_go_on(prize bigint) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT true $$;

-- The moment from which no claim of a prize is opened any more.
CREATE FUNCTION prizes_claimable_until(prize bigint) RETURNS timestamptz LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT 'infinity'::timestamptz $$;

-- A claim is what it was opened for, and is never deleted; the rest moves by its functions alone.
CREATE FUNCTION prizes_claim_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.id, NEW.code, NEW.prize_id, NEW.owner_id, NEW.way, NEW.outlet_code, NEW.request_key,
                            NEW.opened_by_id, NEW.opened_at)
           IS DISTINCT FROM (OLD.id, OLD.code, OLD.prize_id, OLD.owner_id, OLD.way, OLD.outlet_code, OLD.request_key,
                             OLD.opened_by_id, OLD.opened_at) THEN
        RAISE EXCEPTION 'claim % stays what it was opened for', OLD.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claim_stands';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_claim_stands BEFORE UPDATE OR DELETE ON prizes_claim
    FOR EACH ROW EXECUTE FUNCTION prizes_claim_stands();
ALTER TABLE prizes_claim ENABLE ALWAYS TRIGGER prizes_claim_stands;

-- What an entry takes out of the money of a draw's unclaimed prizes is the sum of the prizes that end with
-- it, draw by draw. Looked at when all is written.
CREATE FUNCTION prizes_end_in_the_books() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    wanted text := CASE TG_TABLE_NAME WHEN 'finance_entry' THEN to_jsonb(NEW)->>'reference'
                                      ELSE to_jsonb(NEW)->>'entry_reference' END;
    entry_pk bigint := (SELECT e.id FROM finance_entry e WHERE e.reference = wanted);
BEGIN
    IF EXISTS (
        SELECT FROM (
            SELECT d.id AS draw_id, sum(t.fen) AS fen
              FROM (SELECT x.source_id, sum(x.amount) AS fen FROM finance_transfer x
                     WHERE x.entry_id = entry_pk GROUP BY x.source_id) t
              JOIN finance_account a ON a.id = t.source_id AND a.kind = 'UNCLAIMED'
              JOIN games_draw d ON a.code = 'unclaimed:' || d.code
             GROUP BY d.id) booked
          FULL JOIN (
            SELECT p.draw_id, sum(e.amount) AS fen FROM prizes_prizeend e JOIN prizes_prize p ON p.id = e.prize_id
             WHERE e.entry_reference = wanted GROUP BY p.draw_id) ended ON ended.draw_id = booked.draw_id
         WHERE ended.fen IS DISTINCT FROM booked.fen) THEN
        RAISE EXCEPTION 'money set aside for a prize leaves with the end of it, and the end with the money'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_ends_in_the_books';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER prizes_end_in_the_books AFTER INSERT ON prizes_prizeend
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION prizes_end_in_the_books();
ALTER TABLE prizes_prizeend ENABLE ALWAYS TRIGGER prizes_end_in_the_books;
CREATE CONSTRAINT TRIGGER prizes_end_in_the_books AFTER INSERT ON finance_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.kind IN ('PRIZE', 'FORFEIT', 'REVERSAL')) EXECUTE FUNCTION prizes_end_in_the_books();
ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER prizes_end_in_the_books;

-- Nothing brings a prize back that is over: what was wrongly paid is owed by who was paid (F102).
CREATE FUNCTION prizes_end_stands() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM finance_entry o JOIN prizes_prizeend e ON e.entry_reference = o.reference
                WHERE o.id = NEW.reversal_of_id) THEN
        RAISE EXCEPTION 'the end of a prize is not undone'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'prize_end_stands';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_end_stands AFTER INSERT ON finance_entry
    FOR EACH ROW WHEN (NEW.kind = 'REVERSAL') EXECUTE FUNCTION prizes_end_stands();
ALTER TABLE finance_entry ENABLE ALWAYS TRIGGER prizes_end_stands;

REVOKE ALL ON FUNCTION prizes_person_of(bigint), prizes_may_go_on(bigint), prizes_claimable_until(bigint),
    prizes_claim_stands(), prizes_end_in_the_books(), prizes_end_stands() FROM PUBLIC;
"""
SQL = (
    GUARDS
    + "".join(
        f"""
CREATE TRIGGER {table}_never_changes BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_never_changes;
"""
        for table in EVIDENCE
    )
    + "".join(
        f"""
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row({", ".join(f"'{word}'" for word in (kind, key, *hidden))});
ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_log_row;
"""
        for table, (kind, key, hidden) in LOGGED.items()
    )
)
UNDO = (
    "".join(f"DROP TRIGGER audit_log_row ON {table};" for table in LOGGED)
    + "".join(f"DROP TRIGGER {table}_never_changes ON {table};" for table in EVIDENCE)
    + """
DROP FUNCTION prizes_end_stands() CASCADE;
DROP FUNCTION prizes_end_in_the_books() CASCADE;
DROP FUNCTION prizes_claim_stands() CASCADE;
DROP FUNCTION prizes_claimable_until(bigint);
DROP FUNCTION prizes_may_go_on(bigint);
DROP FUNCTION prizes_person_of(bigint);
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_no_advertising_without_consent"),
        ("finance", "0002_ledger"),
        ("audit", "0007_log"),
        ("prizes", "0011_special_follows"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Claim",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        default=lottery_portal.lib.codes.new_code,
                        max_length=20,
                        unique=True,
                        verbose_name="claim number",
                    ),
                ),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("OUTLET", "At an outlet"),
                            ("CENTRE", "At the prize centre"),
                            ("REMOTE", "From afar"),
                        ],
                        max_length=6,
                        verbose_name="way",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
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
                        ],
                        default="OPENED",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                (
                    "method",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("WALLET", "To the balance"),
                            ("TRANSFER", "Bank transfer"),
                            ("CASH", "Cash"),
                        ],
                        default="",
                        max_length=8,
                        verbose_name="paid by",
                    ),
                ),
                ("tax", lottery_portal.lib.money.MoneyField(default=0, verbose_name="tax (fen)")),
                (
                    "net",
                    lottery_portal.lib.money.MoneyField(default=0, verbose_name="paid out (fen)"),
                ),
                (
                    "payee",
                    models.CharField(blank=True, default="", max_length=40, verbose_name="payee"),
                ),
                (
                    "outlet_code",
                    models.CharField(blank=True, default="", max_length=20, verbose_name="outlet"),
                ),
                (
                    "approval_code",
                    models.CharField(
                        blank=True, default="", max_length=20, verbose_name="approval"
                    ),
                ),
                ("request_key", models.UUIDField(verbose_name="request key")),
                ("opened_at", models.DateTimeField(verbose_name="opened at")),
                ("moved_at", models.DateTimeField(verbose_name="last step at")),
                ("due_on", models.DateField(null=True, verbose_name="to be paid by")),
                (
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="opened by",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.player",
                        verbose_name="player",
                    ),
                ),
                (
                    "prize",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claims",
                        to="prizes.prize",
                        verbose_name="prize",
                    ),
                ),
            ],
            options={
                "verbose_name": "claim",
                "verbose_name_plural": "claims",
            },
        ),
        migrations.CreateModel(
            name="ClaimPaper",
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
                ("kind", models.CharField(max_length=24, verbose_name="kind")),
                ("media_type", models.CharField(max_length=60, verbose_name="media type")),
                ("size", models.IntegerField(verbose_name="size")),
                ("digest", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("content", models.BinaryField()),
                ("added_at", models.DateTimeField(verbose_name="added at")),
                (
                    "added_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="added by",
                    ),
                ),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="papers",
                        to="prizes.claim",
                        verbose_name="claim",
                    ),
                ),
            ],
            options={
                "verbose_name": "paper of a claim",
                "verbose_name_plural": "papers of claims",
            },
        ),
        migrations.CreateModel(
            name="ClaimStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.SmallIntegerField(verbose_name="no.")),
                (
                    "from_state",
                    models.CharField(
                        blank=True,
                        choices=[
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
                        ],
                        max_length=9,
                        verbose_name="from",
                    ),
                ),
                (
                    "to_state",
                    models.CharField(
                        choices=[
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
                        ],
                        max_length=9,
                        verbose_name="to",
                    ),
                ),
                (
                    "person",
                    models.CharField(blank=True, default="", max_length=36, verbose_name="person"),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                ("body", models.JSONField(default=dict, verbose_name="evidence")),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="prizes.claim",
                        verbose_name="claim",
                    ),
                ),
            ],
            options={
                "verbose_name": "step of a claim",
                "verbose_name_plural": "steps of claims",
            },
        ),
        migrations.CreateModel(
            name="PrizeEnd",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("PAID", "Paid"), ("FORFEITED", "Lapsed, to the welfare fund")],
                        max_length=9,
                        verbose_name="how it ended",
                    ),
                ),
                ("amount", lottery_portal.lib.money.MoneyField(verbose_name="amount (fen)")),
                ("tax", lottery_portal.lib.money.MoneyField(verbose_name="tax (fen)")),
                ("net", lottery_portal.lib.money.MoneyField(verbose_name="paid out (fen)")),
                (
                    "entry_reference",
                    models.CharField(max_length=80, verbose_name="entry in the books"),
                ),
                ("ended_at", models.DateTimeField(verbose_name="ended at")),
                (
                    "claim",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="prizes.claim",
                        verbose_name="claim",
                    ),
                ),
                (
                    "prize",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="end",
                        to="prizes.prize",
                        verbose_name="prize",
                    ),
                ),
            ],
            options={
                "verbose_name": "end of a prize",
                "verbose_name_plural": "ends of prizes",
            },
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(fields=["owner", "-id"], name="claim_of_owner"),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["ARCHIVED", "REFUSED", "RECOVERED"]), _negated=True
                ),
                fields=["opened_at", "id"],
                name="claim_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["REFUSED", "RECOVERED"]), _negated=True),
                fields=("prize",),
                name="claim_once_per_prize",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                fields=("opened_by", "request_key"), name="claim_once_per_request"
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                condition=models.Q(("approval_code", ""), _negated=True),
                fields=("approval_code",),
                name="claim_approval_used_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(("way__in", ["OUTLET", "CENTRE", "REMOTE"])),
                name="claim_way_known",
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
                        ],
                    )
                ),
                name="claim_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(("method__in", ["", "WALLET", "TRANSFER", "CASH"])),
                name="claim_method_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("method", ""), ("net", 0), ("payee", ""), ("tax", 0)),
                    models.Q(
                        ("net__gt", 0), ("tax__gte", 0), models.Q(("method", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="claim_figures_together",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["OPENED", "CHECKED", "REFUSED"]),
                    models.Q(("method", ""), _negated=True),
                    _connector="OR",
                ),
                name="claim_figures_when_complete",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("way", "OUTLET"), models.Q(("outlet_code", ""), _negated=True)),
                    models.Q(("way", "OUTLET"), _negated=True),
                    _connector="OR",
                ),
                name="claim_outlet_of_an_outlet",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimpaper",
            constraint=models.UniqueConstraint(
                fields=("claim", "kind", "digest"), name="claim_paper_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="claimpaper",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__regex", "^[A-Z][A-Z_]+$")),
                name="claim_paper_kind_is_a_word",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimpaper",
            constraint=models.CheckConstraint(
                condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")),
                name="claim_paper_has_digest",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimpaper",
            constraint=models.CheckConstraint(
                condition=models.Q(("size__gt", 0)), name="claim_paper_not_empty"
            ),
        ),
        migrations.AddConstraint(
            model_name="claimstep",
            constraint=models.UniqueConstraint(fields=("claim", "number"), name="claim_step_once"),
        ),
        migrations.AddConstraint(
            model_name="claimstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")),
                name="claim_step_has_digest",
            ),
        ),
        migrations.AddIndex(
            model_name="prizeend",
            index=models.Index(fields=["entry_reference"], name="prize_end_by_entry"),
        ),
        migrations.AddConstraint(
            model_name="prizeend",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["PAID", "FORFEITED"])), name="prize_end_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="prizeend",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "amount",
                        django.db.models.expressions.CombinedExpression(
                            models.F("tax"), "+", models.F("net")
                        ),
                    ),
                    ("amount__gt", 0),
                    ("net__gte", 0),
                    ("tax__gte", 0),
                ),
                name="prize_end_to_the_fen",
            ),
        ),
        migrations.AddConstraint(
            model_name="prizeend",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("claim__isnull", False), ("kind", "PAID")),
                    models.Q(("claim__isnull", True), ("kind", "FORFEITED"), ("tax", 0)),
                    _connector="OR",
                ),
                name="prize_end_paid_by_a_claim",
            ),
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
