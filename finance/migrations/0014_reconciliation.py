"""What banks and providers say of our accounts, matches, differences, proofs of funds."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import lottery_portal.lib.codes
import lottery_portal.lib.encryption
import lottery_portal.lib.ids


class Migration(migrations.Migration):
    dependencies = [
        ("finance", "0013_what_leaves"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Proof",
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
                        verbose_name="number of the proof",
                    ),
                ),
                ("taken_at", models.DateTimeField(verbose_name="taken at")),
                ("assets", models.BigIntegerField(verbose_name="assets (fen)")),
                ("liabilities", models.BigIntegerField(verbose_name="liabilities (fen)")),
                ("is_met", models.BooleanField(verbose_name="assets cover liabilities")),
                ("rows", models.JSONField(verbose_name="accounts")),
            ],
            options={
                "verbose_name": "proof of funds",
                "verbose_name_plural": "proofs of funds",
                "indexes": [models.Index(fields=["-taken_at"], name="proof_by_time")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("assets__gte", models.F("liabilities")), ("is_met", True)),
                            models.Q(("assets__lt", models.F("liabilities")), ("is_met", False)),
                            _connector="OR",
                        ),
                        name="proof_says_what_it_shows",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Statement",
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
                        verbose_name="statement number",
                    ),
                ),
                (
                    "form",
                    models.CharField(
                        choices=[
                            ("CSV", "CSV of a bank"),
                            ("MT940", "MT940"),
                            ("CAMT", "CAMT.053"),
                            ("ALIPAY", "Fund bill of Alipay (CSV or ZIP)"),
                            ("WECHAT", "Fund bill of WeChat Pay (CSV)"),
                            ("SANDBOX", "Bill of the sandbox bank (CSV)"),
                        ],
                        max_length=7,
                        verbose_name="format",
                    ),
                ),
                ("file_name", models.CharField(max_length=120, verbose_name="file")),
                (
                    "digest",
                    models.CharField(max_length=64, unique=True, verbose_name="digest of the file"),
                ),
                ("first_on", models.DateField(verbose_name="first day")),
                ("last_on", models.DateField(verbose_name="last day")),
                ("opening", models.BigIntegerField(verbose_name="opening balance (fen)")),
                ("closing", models.BigIntegerField(verbose_name="closing balance (fen)")),
                ("lines_count", models.IntegerField(verbose_name="number of lines")),
                ("taken_at", models.DateTimeField(verbose_name="taken in at")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="finance.account",
                        verbose_name="account in the books",
                    ),
                ),
                (
                    "taken_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="taken in by",
                    ),
                ),
            ],
            options={
                "verbose_name": "bank statement",
                "verbose_name_plural": "bank statements",
            },
        ),
        migrations.CreateModel(
            name="StatementLine",
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
                        verbose_name="line number",
                    ),
                ),
                ("position", models.IntegerField(verbose_name="position")),
                ("booked_on", models.DateField(verbose_name="booked on")),
                ("amount", models.BigIntegerField(verbose_name="amount (fen)")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("PAYMENT", "Payment of a player"),
                            ("RETURN", "Returned"),
                            ("PAYOUT", "Payout"),
                            ("SETTLEMENT", "Settled between provider and bank"),
                            ("FEE", "Fee"),
                            ("OTHER", "Other"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "reference",
                    models.CharField(
                        blank=True, default="", max_length=80, verbose_name="number at the bank"
                    ),
                ),
                (
                    "order_code",
                    models.CharField(
                        blank=True, default="", max_length=20, verbose_name="order number"
                    ),
                ),
                (
                    "party_name",
                    lottery_portal.lib.encryption.EncryptedField(
                        blank=True, default="", purpose="name"
                    ),
                ),
                (
                    "party_number",
                    lottery_portal.lib.encryption.EncryptedField(
                        blank=True, default="", purpose="bank"
                    ),
                ),
                ("party_index", models.BinaryField(max_length=32, null=True)),
                (
                    "memo",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="note"),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="finance.account",
                        verbose_name="account in the books",
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="finance.statement",
                        verbose_name="bank statement",
                    ),
                ),
            ],
            options={
                "verbose_name": "line of a statement",
                "verbose_name_plural": "lines of statements",
            },
        ),
        migrations.CreateModel(
            name="Match",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.CharField(max_length=80, verbose_name="entry reference")),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("ORDER", "By the number"),
                            ("AMOUNT", "By amount and day, the only ones"),
                            ("BOOKED", "Booked from the statement"),
                            ("HAND", "By hand"),
                        ],
                        max_length=6,
                        verbose_name="how",
                    ),
                ),
                ("matched_at", models.DateTimeField(verbose_name="matched at")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="finance.account",
                        verbose_name="account in the books",
                    ),
                ),
                (
                    "matched_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="matched by",
                    ),
                ),
                (
                    "line",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="match",
                        to="finance.statementline",
                        verbose_name="line",
                    ),
                ),
            ],
            options={
                "verbose_name": "match",
                "verbose_name_plural": "matches",
            },
        ),
        migrations.CreateModel(
            name="Difference",
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
                        verbose_name="difference number",
                    ),
                ),
                (
                    "natural_key",
                    models.CharField(max_length=160, unique=True, verbose_name="what it is about"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("AMOUNT", "Another amount than booked"),
                            ("UNKNOWN", "Not known in the books"),
                            ("NOT_BOOKED", "At the bank, not in the books"),
                            ("NOT_THERE", "In the books, not at the bank"),
                            ("GAP", "Two statements do not join"),
                            ("LEVEL", "The balances differ beyond all lines"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "reference",
                    models.CharField(
                        blank=True, default="", max_length=80, verbose_name="entry reference"
                    ),
                ),
                ("booked", models.BigIntegerField(verbose_name="in the books (fen)")),
                ("stated", models.BigIntegerField(verbose_name="at the bank (fen)")),
                ("opened_at", models.DateTimeField(verbose_name="opened at")),
                (
                    "state",
                    models.CharField(
                        choices=[("OPEN", "Open"), ("RESOLVED", "Resolved")],
                        default="OPEN",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "resolution",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="resolution"
                    ),
                ),
                (
                    "correction",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=80,
                        verbose_name="entry that put it right",
                    ),
                ),
                ("resolved_at", models.DateTimeField(null=True, verbose_name="resolved at")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="finance.account",
                        verbose_name="account in the books",
                    ),
                ),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="finance.case",
                        verbose_name="case",
                    ),
                ),
                (
                    "resolved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="resolved by",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="differences",
                        to="finance.statementline",
                        verbose_name="line",
                    ),
                ),
            ],
            options={
                "verbose_name": "difference",
                "verbose_name_plural": "differences",
            },
        ),
        migrations.CreateModel(
            name="HouseBank",
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
                ("bank_name", models.CharField(max_length=60, verbose_name="bank")),
                ("number", lottery_portal.lib.encryption.EncryptedField(purpose="bank")),
                ("number_index", models.BinaryField(max_length=32)),
                ("last_digits", models.CharField(max_length=4, verbose_name="last digits")),
                ("holder", models.CharField(max_length=100, verbose_name="account holder")),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("SALES", "Money of players and dues (专户)"),
                            ("OWN", "The operator's own money"),
                        ],
                        max_length=5,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "approval_code",
                    models.CharField(max_length=20, unique=True, verbose_name="approval"),
                ),
                ("opened_at", models.DateTimeField(verbose_name="registered at")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed at")),
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="finance.account",
                        verbose_name="account in the books",
                    ),
                ),
            ],
            options={
                "verbose_name": "bank account of the house",
                "verbose_name_plural": "bank accounts of the house",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("number_index",), name="house_bank_number_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("purpose__in", ["SALES", "OWN"])),
                        name="house_bank_purpose_known",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("form__in", ["CSV", "MT940", "CAMT", "ALIPAY", "WECHAT", "SANDBOX"])
                ),
                name="statement_form_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.CheckConstraint(
                condition=models.Q(("first_on__lte", models.F("last_on"))),
                name="statement_has_days",
            ),
        ),
        migrations.AddIndex(
            model_name="statementline",
            index=models.Index(fields=["account", "booked_on"], name="statement_line_by_day"),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.UniqueConstraint(
                fields=("statement", "position"), name="statement_line_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount", 0), _negated=True), name="statement_line_moves_money"
            ),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["PAYMENT", "RETURN", "PAYOUT", "SETTLEMENT", "FEE", "OTHER"])
                ),
                name="statement_line_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="match",
            constraint=models.UniqueConstraint(
                fields=("account", "reference"), name="match_once_per_entry"
            ),
        ),
        migrations.AddConstraint(
            model_name="match",
            constraint=models.CheckConstraint(
                condition=models.Q(("how__in", ["ORDER", "AMOUNT", "BOOKED", "HAND"])),
                name="match_how_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="match",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("how", "HAND"), _negated=True),
                    ("matched_by__isnull", False),
                    _connector="OR",
                ),
                name="match_by_hand_has_a_person",
            ),
        ),
        migrations.AddIndex(
            model_name="difference",
            index=models.Index(fields=["account", "reference"], name="difference_of_an_entry"),
        ),
        migrations.AddIndex(
            model_name="difference",
            index=models.Index(
                condition=models.Q(("state", "OPEN")), fields=["opened_at"], name="difference_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="difference",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["AMOUNT", "UNKNOWN", "NOT_BOOKED", "NOT_THERE", "GAP", "LEVEL"])
                ),
                name="difference_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="difference",
            constraint=models.UniqueConstraint(
                condition=models.Q(("correction", ""), _negated=True),
                fields=("account", "correction"),
                name="difference_correction_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="difference",
            constraint=models.CheckConstraint(
                condition=models.Q(("booked", models.F("stated")), _negated=True),
                name="difference_is_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="difference",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("resolved_at__isnull", True), ("state", "OPEN")),
                    models.Q(
                        ("resolved_at__isnull", False),
                        ("state", "RESOLVED"),
                        models.Q(("resolution", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="difference_resolved_with_words",
            ),
        ),
    ]
