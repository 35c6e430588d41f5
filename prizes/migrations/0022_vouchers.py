"""Vouchers, numbered in the very transaction that pays: a number is used, or it never was (F091)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

LOGGED = {"voucher": ("voucher", "end_id"), "voucherpaper": ("voucher_paper", "id")}
GUARDS = """
-- A prize that was paid has a voucher, under the next number of its year. Nobody else takes a number before
-- this transaction is over; if it comes to nothing, so does the number.
CREATE FUNCTION prizes_voucher_of_its_end() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    its_year integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('prizes_voucher'));
    its_year := extract(year FROM clock_timestamp() AT TIME ZONE 'Asia/Shanghai');
    INSERT INTO prizes_voucher (end_id, year, number, written_at)
    SELECT NEW.id, its_year, coalesce(max(v.number), 0) + 1, clock_timestamp()
      FROM prizes_voucher v WHERE v.year = its_year;
    RETURN NULL;
END $$;
CREATE TRIGGER prizes_voucher_of_its_end AFTER INSERT ON prizes_prizeend
    FOR EACH ROW WHEN (NEW.kind = 'PAID') EXECUTE FUNCTION prizes_voucher_of_its_end();
ALTER TABLE prizes_prizeend ENABLE ALWAYS TRIGGER prizes_voucher_of_its_end;

-- Vouchers are of prizes that were paid, and go on from the last: whoever writes them.
CREATE FUNCTION prizes_voucher_is_the_next() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('prizes_voucher'));
    IF NOT EXISTS (SELECT FROM prizes_prizeend e WHERE e.id = NEW.end_id AND e.kind = 'PAID')
       OR NEW.number <> coalesce((SELECT max(v.number) FROM prizes_voucher v WHERE v.year = NEW.year), 0) + 1 THEN
        PERFORM prizes_refuse('voucher_without_a_gap');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_voucher_is_the_next BEFORE INSERT ON prizes_voucher
    FOR EACH ROW EXECUTE FUNCTION prizes_voucher_is_the_next();
ALTER TABLE prizes_voucher ENABLE ALWAYS TRIGGER prizes_voucher_is_the_next;

-- Which paper of a part of a voucher is the next; nobody else hands one out before this transaction is over.
CREATE FUNCTION prizes_next_paper(its bigint, its_part text) RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('prizes_voucherpaper:' || its, 0));
    RETURN coalesce((SELECT max(p.number) FROM prizes_voucherpaper p WHERE p.voucher_id = its AND p.part = its_part), 0) + 1;
END $$;

-- A paper is the next of its part; the winner takes his own part of his own voucher.
CREATE FUNCTION prizes_voucherpaper_is_the_next() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.number IS DISTINCT FROM prizes_next_paper(NEW.voucher_id, NEW.part) THEN
        PERFORM prizes_refuse('voucher_paper_is_the_next');
    END IF;
    IF NOT EXISTS (SELECT FROM accounts_staffmember s WHERE s.user_id = NEW.taken_by_id)
       AND (NEW.part <> 'WINNER' OR NOT EXISTS (
           SELECT FROM prizes_voucher v JOIN prizes_prizeend e ON e.id = v.end_id JOIN prizes_prize p ON p.id = e.prize_id
             JOIN accounts_player y ON y.id = p.owner_id WHERE v.id = NEW.voucher_id AND y.user_id = NEW.taken_by_id)) THEN
        PERFORM prizes_refuse('voucher_of_its_winner');
    END IF;
    NEW.taken_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER prizes_voucherpaper_is_the_next BEFORE INSERT ON prizes_voucherpaper
    FOR EACH ROW EXECUTE FUNCTION prizes_voucherpaper_is_the_next();
ALTER TABLE prizes_voucherpaper ENABLE ALWAYS TRIGGER prizes_voucherpaper_is_the_next;

REVOKE ALL ON FUNCTION prizes_voucher_of_its_end(), prizes_voucher_is_the_next(), prizes_next_paper(bigint, text),
    prizes_voucherpaper_is_the_next() FROM PUBLIC;
"""
SQL = GUARDS + "".join(
    f"""
CREATE TRIGGER prizes_{table}_never_changes BEFORE UPDATE OR DELETE ON prizes_{table}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE prizes_{table} ENABLE ALWAYS TRIGGER prizes_{table}_never_changes;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON prizes_{table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE prizes_{table} ENABLE ALWAYS TRIGGER audit_log_row;
"""
    for table, (kind, key) in LOGGED.items()
)
UNDO = """
DROP FUNCTION prizes_voucher_of_its_end() CASCADE;
DROP FUNCTION prizes_voucher_is_the_next() CASCADE;
DROP FUNCTION prizes_voucherpaper_is_the_next() CASCADE;
DROP FUNCTION prizes_next_paper(bigint, text);
""" + "".join(
    f"DROP TRIGGER audit_log_row ON prizes_{table};"
    f"DROP TRIGGER prizes_{table}_never_changes ON prizes_{table};"
    for table in LOGGED
)


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0021_no_cash_to_an_agent"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Voucher",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("year", models.SmallIntegerField(verbose_name="year")),
                ("number", models.IntegerField(verbose_name="no.")),
                ("written_at", models.DateTimeField(verbose_name="written at")),
                (
                    "end",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="voucher",
                        to="prizes.prizeend",
                        verbose_name="end of a prize",
                    ),
                ),
            ],
            options={
                "verbose_name": "voucher",
                "verbose_name_plural": "vouchers",
            },
        ),
        migrations.CreateModel(
            name="VoucherPaper",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("WINNER", "Winner's copy"),
                            ("CENTRE", "Centre's copy"),
                            ("BOOKS", "Copy for the books"),
                        ],
                        max_length=6,
                        verbose_name="copy",
                    ),
                ),
                ("number", models.IntegerField(verbose_name="no.")),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                ("taken_at", models.DateTimeField(verbose_name="taken at")),
                (
                    "taken_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="taken by",
                    ),
                ),
                (
                    "voucher",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="papers",
                        to="prizes.voucher",
                        verbose_name="voucher",
                    ),
                ),
            ],
            options={
                "verbose_name": "paper of a voucher",
                "verbose_name_plural": "papers of vouchers",
            },
        ),
        migrations.AddConstraint(
            model_name="voucher",
            constraint=models.UniqueConstraint(
                fields=("year", "number"), name="voucher_once_per_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="voucher",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gt", 0)), name="voucher_number_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="voucherpaper",
            constraint=models.UniqueConstraint(
                fields=("voucher", "part", "number"), name="voucher_paper_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="voucherpaper",
            constraint=models.CheckConstraint(
                condition=models.Q(("part__in", ["WINNER", "CENTRE", "BOOKS"])),
                name="voucher_paper_part_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="voucherpaper",
            constraint=models.CheckConstraint(
                condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")),
                name="voucher_paper_has_digest",
            ),
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
