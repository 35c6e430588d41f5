"""Letters of authority that winners write themselves, and what an authority owes to its letter (F086).

The agent is another than the winner and no member of staff; one letter stands for a thing at a time; an
authority made of a letter is for whom, for what and for which days the letter says, and of one that stands.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import lottery_portal.lib.codes
import lottery_portal.lib.encryption
import lottery_portal.lib.ids

EVIDENCE = {
    "accounts_proxyletter": ("proxy_letter", "code"),
    "accounts_proxyletterend": ("proxy_letter_end", "letter_id"),
}
GUARDS = """
CREATE FUNCTION accounts_proxy_letter_fits() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.written_at := clock_timestamp();
    IF EXISTS (SELECT FROM accounts_player y JOIN accounts_person h ON h.id = y.person_id
                WHERE y.id = NEW.winner_id AND h.citizen_id_index = NEW.agent_index) THEN
        RAISE EXCEPTION 'nobody acts for himself'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proxy_letter_for_another';
    END IF;
    IF EXISTS (SELECT FROM accounts_person h JOIN accounts_staffmember m ON m.person_id = h.id
                 JOIN accounts_user u ON u.id = m.user_id
                WHERE h.citizen_id_index = NEW.agent_index AND u.is_active) THEN
        RAISE EXCEPTION 'staff collect for nobody'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proxy_letter_agent_is_not_staff';
    END IF;
    IF NEW.valid_until > NEW.valid_from + 366 THEN
        RAISE EXCEPTION 'a letter holds a year at most'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proxy_letter_within_a_year';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('accounts_proxyletter:' || NEW.object_code, 0));
    IF EXISTS (SELECT FROM accounts_proxyletter l
                WHERE l.object_code = NEW.object_code AND l.winner_id = NEW.winner_id
                  AND l.valid_until >= (NEW.written_at AT TIME ZONE 'Asia/Shanghai')::date
                  AND NOT EXISTS (SELECT FROM accounts_proxyletterend e WHERE e.letter_id = l.id)) THEN
        RAISE EXCEPTION 'one letter stands at a time'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proxy_letter_once_while_it_stands';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION accounts_proxy_letter_fits() FROM PUBLIC;
CREATE TRIGGER accounts_proxy_letter_fits BEFORE INSERT ON accounts_proxyletter
    FOR EACH ROW EXECUTE FUNCTION accounts_proxy_letter_fits();
ALTER TABLE accounts_proxyletter ENABLE ALWAYS TRIGGER accounts_proxy_letter_fits;

CREATE FUNCTION accounts_proxy_letter_end_fits() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.ended_at := clock_timestamp();
    IF NOT EXISTS (SELECT FROM accounts_proxyletter l JOIN accounts_player y ON y.id = l.winner_id
                    WHERE l.id = NEW.letter_id AND y.user_id = NEW.ended_by_id) THEN
        RAISE EXCEPTION 'the winner takes his letter back'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proxy_letter_by_the_winner';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION accounts_proxy_letter_end_fits() FROM PUBLIC;
CREATE TRIGGER accounts_proxy_letter_end_fits BEFORE INSERT ON accounts_proxyletterend
    FOR EACH ROW EXECUTE FUNCTION accounts_proxy_letter_end_fits();
ALTER TABLE accounts_proxyletterend ENABLE ALWAYS TRIGGER accounts_proxy_letter_end_fits;

CREATE FUNCTION accounts_proxy_as_its_letter() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts_proxyletter l JOIN accounts_person h ON h.id = NEW.agent_id
                    WHERE l.id = NEW.letter_id AND l.winner_id = NEW.principal_id
                      AND h.citizen_id_index = l.agent_index AND NEW.scope = ARRAY[l.object_code]
                      AND NEW.valid_from = l.valid_from AND NEW.valid_until = l.valid_until
                      AND NEW.letter_digest = l.text_digest) THEN
        RAISE EXCEPTION 'an authority is what its letter says'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proxy_as_its_letter_says';
    END IF;
    IF EXISTS (SELECT FROM accounts_proxyletterend e WHERE e.letter_id = NEW.letter_id) THEN
        RAISE EXCEPTION 'the letter was taken back'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proxy_letter_stands';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION accounts_proxy_as_its_letter() FROM PUBLIC;
CREATE TRIGGER accounts_proxy_as_its_letter BEFORE INSERT ON accounts_proxy
    FOR EACH ROW WHEN (NEW.letter_id IS NOT NULL) EXECUTE FUNCTION accounts_proxy_as_its_letter();
ALTER TABLE accounts_proxy ENABLE ALWAYS TRIGGER accounts_proxy_as_its_letter;

-- Whether an authority covers a thing at this moment: its days, its papers, and that nobody took it back.
CREATE FUNCTION accounts_proxy_covers(proxy text, winner bigint, what text) RETURNS boolean LANGUAGE sql VOLATILE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM accounts_proxy x
          JOIN accounts_identitypaper his ON his.id = x.principal_paper_id
          JOIN accounts_identitypaper agents ON agents.id = x.agent_paper_id
          CROSS JOIN (SELECT (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date AS today) d
         WHERE x.code = proxy AND x.principal_id = winner AND what = ANY (x.scope)
           AND d.today BETWEEN x.valid_from AND x.valid_until
           AND coalesce(his.valid_until >= d.today, true) AND coalesce(agents.valid_until >= d.today, true)
           AND NOT EXISTS (SELECT FROM accounts_proxyend e WHERE e.proxy_id = x.id)
           AND NOT EXISTS (SELECT FROM accounts_proxyletterend e WHERE e.letter_id = x.letter_id))
$$;
REVOKE ALL ON FUNCTION accounts_proxy_covers(text, bigint, text) FROM PUBLIC;
"""
SQL = GUARDS + "".join(
    f"""
CREATE TRIGGER {table}_never_changes BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION evidence_never_changes();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_never_changes;
CREATE TRIGGER audit_log_row AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_log_row('{kind}', '{key}');
ALTER TABLE {table} ENABLE ALWAYS TRIGGER audit_log_row;
"""
    for table, (kind, key) in EVIDENCE.items()
)
UNDO = (
    "".join(
        f"DROP TRIGGER audit_log_row ON {table}; DROP TRIGGER {table}_never_changes ON {table};"
        for table in EVIDENCE
    )
    + """
DROP FUNCTION accounts_proxy_covers(text, bigint, text);
DROP FUNCTION accounts_proxy_as_its_letter() CASCADE;
DROP FUNCTION accounts_proxy_letter_end_fits() CASCADE;
DROP FUNCTION accounts_proxy_letter_fits() CASCADE;
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_regions"),
    ]
    operations = [
        migrations.CreateModel(
            name="ProxyLetter",
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
                    "code",
                    models.CharField(
                        default=lottery_portal.lib.codes.new_code,
                        max_length=20,
                        unique=True,
                        verbose_name="number of the letter",
                    ),
                ),
                ("agent_name", lottery_portal.lib.encryption.EncryptedField(purpose="name")),
                (
                    "agent_number",
                    lottery_portal.lib.encryption.EncryptedField(purpose="citizen_id"),
                ),
                ("agent_index", models.BinaryField(max_length=32)),
                ("object_code", models.CharField(max_length=60, verbose_name="what it is for")),
                ("valid_from", models.DateField(verbose_name="first day")),
                ("valid_until", models.DateField(verbose_name="last day")),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("text_digest", models.CharField(max_length=64, verbose_name="digest of the text")),
                ("written_at", models.DateTimeField(verbose_name="written at")),
                (
                    "winner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proxy_letters",
                        to="accounts.player",
                        verbose_name="winner",
                    ),
                ),
            ],
            options={
                "verbose_name": "letter of authority",
                "verbose_name_plural": "letters of authority",
            },
        ),
        migrations.AddField(
            model_name="proxy",
            name="letter",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="proxies",
                to="accounts.proxyletter",
                verbose_name="letter of authority",
            ),
        ),
        migrations.CreateModel(
            name="ProxyLetterEnd",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ended_at", models.DateTimeField(verbose_name="taken back at")),
                (
                    "ended_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="taken back by",
                    ),
                ),
                (
                    "letter",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="end",
                        to="accounts.proxyletter",
                        verbose_name="letter of authority",
                    ),
                ),
            ],
            options={
                "verbose_name": "end of a letter of authority",
                "verbose_name_plural": "ends of letters of authority",
            },
        ),
        migrations.AddIndex(
            model_name="proxyletter",
            index=models.Index(fields=["object_code", "-id"], name="proxy_letter_of_object"),
        ),
        migrations.AddConstraint(
            model_name="proxyletter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until__gte", models.F("valid_from")),
                    models.Q(("object_code", ""), _negated=True),
                ),
                name="proxy_letter_has_a_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="proxyletter",
            constraint=models.CheckConstraint(
                condition=models.Q(("text_digest__regex", "^[0-9a-f]{64}$")),
                name="proxy_letter_text_digest_is_one",
            ),
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
