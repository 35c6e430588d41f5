"""Papers that people show, and who may look at the data of a winner (F086, F087, F099, F100, F275)."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import lottery_portal.lib.codes
import lottery_portal.lib.encryption
import lottery_portal.lib.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_no_advertising_without_consent"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConfidentialityAgreement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(verbose_name="version")),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("title", models.CharField(max_length=100, verbose_name="title")),
                ("body", models.TextField()),
                ("published_at", models.DateTimeField(verbose_name="published at")),
            ],
            options={
                "verbose_name": "confidentiality agreement",
                "verbose_name_plural": "confidentiality agreements",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "language"), name="confidentiality_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="IdentityPaper",
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
                        verbose_name="number of the record",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ID_CARD", "Citizen id card"),
                            ("HOUSEHOLD", "Household register"),
                            ("PASSPORT", "Passport"),
                            (
                                "RESIDENCE",
                                "Residence permit (Hong Kong, Macao, Taiwan)",
                            ),
                            ("PERMANENT", "Permanent residence card of foreigners"),
                        ],
                        max_length=9,
                        verbose_name="kind",
                    ),
                ),
                ("issued_by", models.CharField(max_length=3, verbose_name="issued by (state)")),
                ("number", lottery_portal.lib.encryption.EncryptedField(purpose="paper")),
                ("number_index", models.BinaryField(max_length=32)),
                ("valid_until", models.DateField(null=True, verbose_name="valid to the end of")),
                (
                    "reference",
                    models.CharField(
                        blank=True, default="", max_length=60, verbose_name="on account of"
                    ),
                ),
                ("seen_at", models.DateTimeField(verbose_name="seen at")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="identity_papers",
                        to="accounts.person",
                        verbose_name="person",
                    ),
                ),
                (
                    "seen_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="seen by",
                    ),
                ),
            ],
            options={
                "verbose_name": "identity paper",
                "verbose_name_plural": "identity papers",
            },
        ),
        migrations.CreateModel(
            name="GuardianRecord",
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
                        verbose_name="number of the record",
                    ),
                ),
                ("object_code", models.CharField(max_length=60, verbose_name="prize")),
                ("minor_name", lottery_portal.lib.encryption.EncryptedField(purpose="name")),
                (
                    "minor_number",
                    lottery_portal.lib.encryption.EncryptedField(purpose="citizen_id"),
                ),
                ("minor_index", models.BinaryField(max_length=32)),
                ("adult_on", models.DateField(verbose_name="of age on")),
                (
                    "relation",
                    models.CharField(
                        choices=[
                            ("PARENT", "Parent"),
                            ("GRANDPARENT", "Grandparent"),
                            ("SIBLING", "Grown-up sibling"),
                            ("APPOINTED", "Guardian by decision or agreement"),
                        ],
                        max_length=11,
                        verbose_name="relation",
                    ),
                ),
                (
                    "proof",
                    models.CharField(
                        choices=[
                            ("HOUSEHOLD", "Household register"),
                            ("BIRTH", "Birth certificate"),
                            ("COURT", "Court decision"),
                            (
                                "OFFICE",
                                "Letter of a residents' or villagers' committee or civil affairs office",
                            ),
                        ],
                        max_length=9,
                        verbose_name="proof",
                    ),
                ),
                (
                    "proof_digest",
                    models.CharField(max_length=64, verbose_name="digest of the proof"),
                ),
                ("recorded_at", models.DateTimeField(verbose_name="recorded at")),
                (
                    "guardian",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.person",
                        verbose_name="guardian",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.player",
                        verbose_name="owner of the ticket",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="recorded by",
                    ),
                ),
                (
                    "guardian_paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.identitypaper",
                        verbose_name="paper of the guardian",
                    ),
                ),
            ],
            options={
                "verbose_name": "record of a guardian",
                "verbose_name_plural": "records of guardians",
            },
        ),
        migrations.CreateModel(
            name="PaperNumber",
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
                            ("ID_CARD", "Citizen id card"),
                            ("HOUSEHOLD", "Household register"),
                            ("PASSPORT", "Passport"),
                            (
                                "RESIDENCE",
                                "Residence permit (Hong Kong, Macao, Taiwan)",
                            ),
                            ("PERMANENT", "Permanent residence card of foreigners"),
                        ],
                        max_length=9,
                        verbose_name="kind",
                    ),
                ),
                ("number", lottery_portal.lib.encryption.EncryptedField(purpose="paper")),
                ("index", models.BinaryField(max_length=32)),
                ("registered_at", models.DateTimeField(verbose_name="registered at")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="paper_numbers",
                        to="accounts.person",
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "registered paper",
                "verbose_name_plural": "registered papers",
            },
        ),
        migrations.CreateModel(
            name="Proxy",
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
                        verbose_name="number of the record",
                    ),
                ),
                (
                    "scope",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60),
                        size=None,
                        verbose_name="what it is for",
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="first day")),
                ("valid_until", models.DateField(verbose_name="last day")),
                (
                    "letter_digest",
                    models.CharField(max_length=64, verbose_name="digest of the letter"),
                ),
                ("recorded_at", models.DateTimeField(verbose_name="recorded at")),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.person",
                        verbose_name="agent",
                    ),
                ),
                (
                    "agent_paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.identitypaper",
                        verbose_name="paper of the agent",
                    ),
                ),
                (
                    "principal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proxies",
                        to="accounts.player",
                        verbose_name="winner",
                    ),
                ),
                (
                    "principal_paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.identitypaper",
                        verbose_name="paper of the winner",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="recorded by",
                    ),
                ),
            ],
            options={
                "verbose_name": "authority to act",
                "verbose_name_plural": "authorities to act",
            },
        ),
        migrations.CreateModel(
            name="ProxyEnd",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
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
                    "proxy",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="end",
                        to="accounts.proxy",
                        verbose_name="authority to act",
                    ),
                ),
            ],
            options={
                "verbose_name": "end of an authority",
                "verbose_name_plural": "ends of authorities",
            },
        ),
        migrations.CreateModel(
            name="PublicityChoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("object_code", models.CharField(max_length=60, verbose_name="prize")),
                (
                    "shows",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10),
                        size=None,
                        verbose_name="what may be shown",
                    ),
                ),
                ("chosen_at", models.DateTimeField(verbose_name="chosen at")),
                (
                    "chosen_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
                (
                    "winner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="publicity_choices",
                        to="accounts.player",
                        verbose_name="winner",
                    ),
                ),
            ],
            options={
                "verbose_name": "consent to publicity",
                "verbose_name_plural": "consents to publicity",
            },
        ),
        migrations.CreateModel(
            name="WinnerLook",
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
                        verbose_name="number of the record",
                    ),
                ),
                (
                    "fields",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20),
                        size=None,
                        verbose_name="what was shown",
                    ),
                ),
                (
                    "reference",
                    models.CharField(
                        blank=True, default="", max_length=60, verbose_name="on account of"
                    ),
                ),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="reason"),
                ),
                ("looked_at", models.DateTimeField(verbose_name="at")),
                (
                    "reader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
                (
                    "winner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.player",
                        verbose_name="winner",
                    ),
                ),
            ],
            options={
                "verbose_name": "look at a winner's record",
                "verbose_name_plural": "looks at winners' records",
            },
        ),
        migrations.CreateModel(
            name="ConfidentialitySignature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest of the text")),
                ("signed_at", models.DateTimeField(verbose_name="signed at")),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.confidentialityagreement",
                        verbose_name="text that was signed",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="confidentiality_signatures",
                        to="accounts.person",
                        verbose_name="person",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
            ],
            options={
                "verbose_name": "signature on confidentiality",
                "verbose_name_plural": "signatures on confidentiality",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")),
                        name="confidentiality_digest_is_one",
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="identitypaper",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["ID_CARD", "HOUSEHOLD", "PASSPORT", "RESIDENCE", "PERMANENT"])
                ),
                name="identity_paper_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="identitypaper",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "ID_CARD"),
                    models.Q(("kind", "HOUSEHOLD"), ("valid_until__isnull", True)),
                    models.Q(
                        ("kind__in", ["PASSPORT", "RESIDENCE", "PERMANENT"]),
                        ("valid_until__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="identity_paper_has_its_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="guardianrecord",
            constraint=models.UniqueConstraint(
                fields=("object_code", "minor_index", "guardian"), name="guardian_record_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="guardianrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("relation__in", ["PARENT", "GRANDPARENT", "SIBLING", "APPOINTED"])
                ),
                name="guardian_relation_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="guardianrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(("proof__in", ["HOUSEHOLD", "BIRTH", "COURT", "OFFICE"])),
                name="guardian_proof_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="guardianrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(("proof_digest__regex", "^[0-9a-f]{64}$")),
                name="guardian_proof_digest_is_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="papernumber",
            constraint=models.UniqueConstraint(
                fields=("person", "kind"), name="paper_number_once_per_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="papernumber",
            constraint=models.UniqueConstraint(
                fields=("index",), name="paper_number_of_one_person"
            ),
        ),
        migrations.AddConstraint(
            model_name="papernumber",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["PASSPORT", "RESIDENCE", "PERMANENT"])),
                name="paper_number_kind_registered",
            ),
        ),
        migrations.AddConstraint(
            model_name="proxy",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_until__gte", models.F("valid_from"))),
                name="proxy_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="proxy",
            constraint=models.CheckConstraint(
                condition=models.Q(("scope__len__gt", 0)), name="proxy_has_scope"
            ),
        ),
        migrations.AddConstraint(
            model_name="proxy",
            constraint=models.CheckConstraint(
                condition=models.Q(("letter_digest__regex", "^[0-9a-f]{64}$")),
                name="proxy_letter_digest_is_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="proxyend",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="proxy_end_has_reason"
            ),
        ),
        migrations.AddIndex(
            model_name="publicitychoice",
            index=models.Index(fields=["object_code", "-id"], name="publicity_by_prize"),
        ),
        migrations.AddConstraint(
            model_name="publicitychoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("shows__contained_by", ["SURNAME", "PLACE"])),
                name="publicity_shows_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="winnerlook",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reference", ""), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="winner_look_has_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="winnerlook",
            constraint=models.CheckConstraint(
                condition=models.Q(("fields__len__gt", 0)), name="winner_look_shows_something"
            ),
        ),
    ]
