"""What is published about winners: closed times once, lines of five, details as allowed (F100, F222)."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import lottery_portal.lib.money

LOGGED = {
    "winnercut": "winner_cut",
    "winnerfigure": "winner_figure",
    "winnernotice": "winner_notice",
}
GUARDS = """
-- Statistics are of a time that is over, and no two of a kind of a game share a day: else the difference of two
-- published figures could be one person.
CREATE FUNCTION prizes_winnercut_is_closed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('prizes_winnercut:' || NEW.game_id || NEW.kind, 0));
    IF NEW.until_on > (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date THEN
        PERFORM prizes_refuse('winner_cut_of_a_closed_time');
    END IF;
    IF EXISTS (SELECT FROM prizes_winnercut c WHERE c.game_id = NEW.game_id AND c.kind = NEW.kind
                  AND c.since_on < NEW.until_on AND NEW.since_on < c.until_on) THEN
        PERFORM prizes_refuse('winner_cuts_do_not_overlap');
    END IF;
    -- A region's time is made up of whole times told by amount: else their totals would differ by a few.
    IF NEW.kind = 'REGION' AND NOT (
        EXISTS (SELECT FROM prizes_winnercut c WHERE c.game_id = NEW.game_id AND c.kind = 'AMOUNT' AND c.since_on = NEW.since_on)
        AND EXISTS (SELECT FROM prizes_winnercut c WHERE c.game_id = NEW.game_id AND c.kind = 'AMOUNT'
                       AND c.until_on = NEW.until_on)) THEN
        PERFORM prizes_refuse('winner_regions_of_whole_times');
    END IF;
    NEW.made_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_winnercut_is_closed BEFORE INSERT ON prizes_winnercut
    FOR EACH ROW EXECUTE FUNCTION prizes_winnercut_is_closed();
ALTER TABLE prizes_winnercut ENABLE ALWAYS TRIGGER prizes_winnercut_is_closed;

-- Lines come with their cut, in its transaction, or never.
CREATE FUNCTION prizes_winnerfigure_with_its_cut() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM prizes_winnercut c WHERE c.id = NEW.cut_id AND c.made_at < transaction_timestamp()) THEN
        PERFORM prizes_refuse('winner_figure_with_its_cut');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_winnerfigure_with_its_cut BEFORE INSERT ON prizes_winnerfigure
    FOR EACH ROW EXECUTE FUNCTION prizes_winnerfigure_with_its_cut();
ALTER TABLE prizes_winnerfigure ENABLE ALWAYS TRIGGER prizes_winnerfigure_with_its_cut;

-- Of a winner is told what he allows, of a prize that is paid, as two other people agreed.
CREATE FUNCTION prizes_winnernotice_as_allowed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked audit_approvalrequest;
    won prizes_prize;
    its_ticket text;
    himself text;
    allowed text[];
BEGIN
    SELECT * INTO won FROM prizes_prize p WHERE p.id = NEW.prize_id;
    SELECT t.code INTO its_ticket FROM sales_ticket t WHERE t.id = won.ticket_id;
    SELECT h.row_uuid::text INTO himself FROM accounts_player y JOIN accounts_person h ON h.id = y.person_id
     WHERE y.id = won.owner_id;
    IF NOT EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = won.id AND e.kind = 'PAID') THEN
        PERFORM prizes_refuse('winner_notice_of_a_paid_prize');
    END IF;
    -- a choice of his that is under way is waited for
    PERFORM 1 FROM accounts_player y WHERE y.id = won.owner_id FOR NO KEY UPDATE;
    SELECT c.shows::text[] INTO allowed FROM accounts_publicitychoice c
     WHERE c.winner_id = won.owner_id AND c.object_code = 'prize:' || its_ticket ORDER BY c.id DESC LIMIT 1;
    IF NOT NEW.shows::text[] <@ coalesce(allowed, '{}') THEN
        PERFORM prizes_refuse('winner_notice_as_allowed');
    END IF;
    SELECT * INTO asked FROM audit_approvalrequest r WHERE r.code = NEW.approval_code;
    IF asked.id IS NULL OR asked.kind <> 'prizes.announce_winner' OR asked.state <> 'PERFORMED'
       OR asked.payload::jsonb->>'ticket' IS DISTINCT FROM its_ticket
       OR asked.payload::jsonb->'shows' IS DISTINCT FROM to_jsonb(NEW.shows)
       OR asked.maker_person = himself
       OR NOT EXISTS (SELECT FROM audit_approvaldecision d
                       WHERE d.request_id = asked.id AND d.approved AND d.checker_person IS DISTINCT FROM himself) THEN
        PERFORM prizes_refuse('winner_notice_by_two');
    END IF;
    NEW.published_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_winnernotice_as_allowed BEFORE INSERT ON prizes_winnernotice
    FOR EACH ROW EXECUTE FUNCTION prizes_winnernotice_as_allowed();
ALTER TABLE prizes_winnernotice ENABLE ALWAYS TRIGGER prizes_winnernotice_as_allowed;

REVOKE ALL ON FUNCTION prizes_winnercut_is_closed(), prizes_winnerfigure_with_its_cut(),
    prizes_winnernotice_as_allowed() FROM PUBLIC;
"""
SQL = GUARDS + "".join(
    f"""
CREATE TRIGGER prizes_{table}_never_changes BEFORE UPDATE OR DELETE ON prizes_{table}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE prizes_{table} ENABLE ALWAYS TRIGGER prizes_{table}_never_changes;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON prizes_{table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', 'id');
ALTER TABLE prizes_{table} ENABLE ALWAYS TRIGGER audit_log_row;
"""
    for table, kind in LOGGED.items()
)
UNDO = """
DROP FUNCTION prizes_winnercut_is_closed() CASCADE;
DROP FUNCTION prizes_winnerfigure_with_its_cut() CASCADE;
DROP FUNCTION prizes_winnernotice_as_allowed() CASCADE;
""" + "".join(
    f"DROP TRIGGER audit_log_row ON prizes_{table};"
    f"DROP TRIGGER prizes_{table}_never_changes ON prizes_{table};"
    for table in LOGGED
)


class Migration(migrations.Migration):
    dependencies = [
        ("games", "0018_rules_are_announced"),
        ("prizes", "0023_appointments"),
        ("accounts", "0011_regions"),
    ]

    operations = [
        migrations.CreateModel(
            name="WinnerCut",
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
                        choices=[("AMOUNT", "By amount"), ("REGION", "By region")],
                        max_length=6,
                        verbose_name="kind",
                    ),
                ),
                ("since_on", models.DateField(verbose_name="from")),
                ("until_on", models.DateField(verbose_name="until")),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="games.game",
                        verbose_name="game",
                    ),
                ),
            ],
            options={
                "verbose_name": "statistics of winners",
                "verbose_name_plural": "statistics of winners",
            },
        ),
        migrations.CreateModel(
            name="WinnerFigure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.SmallIntegerField(verbose_name="no.")),
                (
                    "keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=14),
                        size=None,
                        verbose_name="bands or regions",
                    ),
                ),
                ("people", models.SmallIntegerField(verbose_name="winners at least")),
                ("prizes", models.IntegerField(verbose_name="prizes")),
                ("fen", lottery_portal.lib.money.MoneyField(verbose_name="amount (fen)")),
                (
                    "cut",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="figures",
                        to="prizes.winnercut",
                        verbose_name="statistics",
                    ),
                ),
            ],
            options={
                "verbose_name": "line of statistics of winners",
                "verbose_name_plural": "lines of statistics of winners",
            },
        ),
        migrations.CreateModel(
            name="WinnerNotice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "shows",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10),
                        size=None,
                        verbose_name="what may be shown",
                    ),
                ),
                (
                    "approval_code",
                    models.CharField(max_length=20, unique=True, verbose_name="approval"),
                ),
                ("published_at", models.DateTimeField(verbose_name="published at")),
                (
                    "prize",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="prizes.prize",
                        verbose_name="prize",
                    ),
                ),
            ],
            options={
                "verbose_name": "announcement of a winner",
                "verbose_name_plural": "announcements of winners",
            },
        ),
        migrations.AddConstraint(
            model_name="winnercut",
            constraint=models.UniqueConstraint(
                fields=("game", "kind", "since_on"), name="winner_cut_once_per_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="winnercut",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["AMOUNT", "REGION"])), name="winner_cut_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="winnercut",
            constraint=models.CheckConstraint(
                condition=models.Q(("until_on__gt", models.F("since_on"))),
                name="winner_cut_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="winnerfigure",
            constraint=models.UniqueConstraint(
                fields=("cut", "position"), name="winner_figure_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="winnerfigure",
            constraint=models.CheckConstraint(
                condition=models.Q(("people__gte", 5), ("prizes__gte", models.F("people"))),
                name="winner_figure_of_five",
            ),
        ),
        migrations.AddConstraint(
            model_name="winnerfigure",
            constraint=models.CheckConstraint(
                condition=models.Q(("fen__gt", 0), ("keys__len__gt", 0)),
                name="winner_figure_has_keys",
            ),
        ),
        migrations.AddConstraint(
            model_name="winnernotice",
            constraint=models.CheckConstraint(
                condition=models.Q(("shows__len__gt", 0)), name="winner_notice_shows"
            ),
        ),
        migrations.AddConstraint(
            model_name="winnernotice",
            constraint=models.CheckConstraint(
                condition=models.Q(("approval_code", ""), _negated=True),
                name="winner_notice_has_approval",
            ),
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
