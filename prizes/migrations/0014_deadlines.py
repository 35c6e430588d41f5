"""The period of a draw, holds, extensions with their letters, and later last days (F078, F080, F081)."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import lottery_portal.lib.codes


class Migration(migrations.Migration):
    dependencies = [
        ("prizes", "0013_claims_move"),
        ("games", "0018_rules_are_announced"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ClaimPeriod",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "draw",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claim_period",
                        to="games.draw",
                        verbose_name="draw",
                    ),
                ),
                ("drawn_on", models.DateField(verbose_name="drawn on")),
                ("days", models.SmallIntegerField(verbose_name="natural days")),
                (
                    "moved_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "not moved"),
                            ("HOLIDAY", "public holiday"),
                            ("CLOSURE", "closure of the lottery market"),
                        ],
                        default="",
                        max_length=7,
                        verbose_name="moved on by",
                    ),
                ),
                ("last_day", models.DateField(verbose_name="last day")),
                ("set_at", models.DateTimeField(verbose_name="recorded at")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        name="claim_period_within_sixty_days",
                        condition=models.Q(days__gte=1, days__lte=60),
                    ),
                    models.CheckConstraint(
                        name="claim_period_moved_is_known",
                        condition=models.Q(moved_by__in=["", "HOLIDAY", "CLOSURE"]),
                    ),
                ],
                "indexes": [models.Index(name="claim_period_last_day", fields=["last_day"])],
                "verbose_name": "period for claims",
                "verbose_name_plural": "periods for claims",
            },
        ),
        migrations.CreateModel(
            name="Hold",
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
                        verbose_name="number of the hold",
                    ),
                ),
                (
                    "prize",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="prizes.prize",
                        verbose_name="prize",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("COURT", "Order of a court"),
                            ("DISPUTE", "Dispute"),
                            ("MINOR", "Winner under age"),
                            ("INVESTIGATION", "Investigation"),
                        ],
                        max_length=13,
                        verbose_name="kind",
                    ),
                ),
                (
                    "order_reference",
                    models.CharField(max_length=80, verbose_name="number of the order"),
                ),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                (
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="opened by",
                    ),
                ),
                ("opened_at", models.DateTimeField(verbose_name="since")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        name="hold_kind_known",
                        condition=models.Q(kind__in=["COURT", "DISPUTE", "MINOR", "INVESTIGATION"]),
                    ),
                    models.CheckConstraint(
                        name="hold_names_its_order",
                        condition=~models.Q(order_reference="") & ~models.Q(reason=""),
                    ),
                ],
                "verbose_name": "hold",
                "verbose_name_plural": "holds",
            },
        ),
        migrations.CreateModel(
            name="HoldLift",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "hold",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lift",
                        to="prizes.hold",
                        verbose_name="hold",
                    ),
                ),
                ("decision", models.CharField(max_length=120, verbose_name="decision")),
                (
                    "approval_code",
                    models.CharField(max_length=20, unique=True, verbose_name="approval"),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked for by",
                    ),
                ),
                ("lifted_at", models.DateTimeField(verbose_name="until")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        name="hold_lift_names_the_decision", condition=~models.Q(decision="")
                    )
                ],
                "verbose_name": "lifting of a hold",
                "verbose_name_plural": "liftings of holds",
            },
        ),
        migrations.CreateModel(
            name="Extension",
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
                        verbose_name="number of the request",
                    ),
                ),
                (
                    "prize",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="extensions",
                        to="prizes.prize",
                        verbose_name="prize",
                    ),
                ),
                ("obstacle", models.CharField(max_length=300, verbose_name="obstacle")),
                ("obstacle_ended_on", models.DateField(verbose_name="end of the obstacle")),
                ("evidence", models.CharField(max_length=200, verbose_name="evidence")),
                (
                    "evidence_digest",
                    models.CharField(max_length=64, verbose_name="SHA-256 of the evidence"),
                ),
                ("window_days", models.SmallIntegerField(verbose_name="days to ask in")),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked for by",
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked for at")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        name="extension_has_evidence",
                        condition=models.Q(evidence_digest__regex="^[0-9a-f]{64}$")
                        & ~models.Q(evidence="")
                        & ~models.Q(obstacle=""),
                    )
                ],
                "verbose_name": "request for an extension",
                "verbose_name_plural": "requests for extensions",
            },
        ),
        migrations.CreateModel(
            name="ExtensionLetter",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "extension",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letter",
                        to="prizes.extension",
                        verbose_name="request",
                    ),
                ),
                ("year", models.SmallIntegerField(verbose_name="year")),
                ("number", models.IntegerField(verbose_name="no.")),
                ("is_granted", models.BooleanField(verbose_name="granted")),
                ("until_on", models.DateField(null=True, verbose_name="new last day")),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                (
                    "approval_code",
                    models.CharField(max_length=20, unique=True, verbose_name="approval"),
                ),
                ("body", models.TextField(verbose_name="text")),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                ("written_at", models.DateTimeField(verbose_name="written at")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        name="extension_letter_once", fields=["year", "number"]
                    ),
                    models.CheckConstraint(
                        name="extension_letter_has_reason", condition=~models.Q(reason="")
                    ),
                    models.CheckConstraint(
                        name="extension_letter_names_the_day",
                        condition=models.Q(is_granted=True, until_on__isnull=False)
                        | models.Q(is_granted=False, until_on__isnull=True),
                    ),
                ],
                "verbose_name": "decision letter",
                "verbose_name_plural": "decision letters",
            },
        ),
        migrations.CreateModel(
            name="ClaimLimit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "prize",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="limits",
                        to="prizes.prize",
                        verbose_name="prize",
                    ),
                ),
                ("number", models.SmallIntegerField(verbose_name="no.")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("HELD", "Days given back after a hold"),
                            ("EXTENDED", "Extension"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("before", models.DateField(verbose_name="last day before")),
                ("held_from", models.DateField(null=True, verbose_name="held from")),
                ("held_until", models.DateField(null=True, verbose_name="held until")),
                ("days", models.SmallIntegerField(verbose_name="days")),
                (
                    "moved_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "not moved"),
                            ("HOLIDAY", "public holiday"),
                            ("CLOSURE", "closure of the lottery market"),
                        ],
                        default="",
                        max_length=7,
                        verbose_name="moved on by",
                    ),
                ),
                ("last_day", models.DateField(verbose_name="last day")),
                (
                    "lift",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="limit",
                        to="prizes.holdlift",
                        verbose_name="lifting of a hold",
                    ),
                ),
                (
                    "letter",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="limit",
                        to="prizes.extensionletter",
                        verbose_name="decision letter",
                    ),
                ),
                ("set_at", models.DateTimeField(verbose_name="recorded at")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        name="claim_limit_once_per_number", fields=["prize", "number"]
                    ),
                    models.CheckConstraint(
                        name="claim_limit_is_later",
                        condition=models.Q(
                            days__gte=0, last_day__gte=django.db.models.expressions.F("before")
                        ),
                    ),
                    models.CheckConstraint(
                        name="claim_limit_says_why",
                        condition=models.Q(
                            kind="HELD",
                            lift__isnull=False,
                            letter__isnull=True,
                            held_from__isnull=False,
                            held_until__isnull=False,
                        )
                        | models.Q(
                            kind="EXTENDED",
                            lift__isnull=True,
                            letter__isnull=False,
                            held_from__isnull=True,
                            held_until__isnull=True,
                            moved_by="",
                        ),
                    ),
                    models.CheckConstraint(
                        name="claim_limit_moved_is_known",
                        condition=models.Q(moved_by__in=["", "HOLIDAY", "CLOSURE"]),
                    ),
                ],
                "verbose_name": "later last day",
                "verbose_name_plural": "later last days",
            },
        ),
        migrations.AddIndex(
            model_name="prize",
            index=models.Index(
                condition=models.Q(("route", "CENTRE")),
                fields=["draw", "id"],
                name="prize_at_the_centre",
            ),
        ),
    ]
