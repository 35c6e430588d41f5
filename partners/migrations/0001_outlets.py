"""Outlets and centres, who works there, what they may redeem."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import lottery_portal.lib.money

KINDS = [("OUTLET", "Outlet"), ("CENTRE", "Prize centre")]
STATES = [("ACTIVE", "Active"), ("SUSPENDED", "Suspended"), ("CLOSED", "Closed for good")]
ID = (
    "id",
    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
)
SPAN = "[1-7](-[1-7])? [0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]"


def _outlet(name):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name=name,
        to="partners.outlet",
        verbose_name="outlet",
    )


def _user(label):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
        verbose_name=label,
    )


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name="Outlet",
            fields=[
                ID,
                (
                    "code",
                    models.CharField(
                        max_length=8, unique=True, verbose_name="number of the outlet"
                    ),
                ),
                ("kind", models.CharField(choices=KINDS, max_length=6, verbose_name="kind")),
                ("name", models.CharField(max_length=60, verbose_name="name of the outlet")),
                ("province", models.CharField(max_length=20, verbose_name="province")),
                ("district", models.CharField(max_length=40, verbose_name="district")),
                ("address", models.CharField(max_length=120, verbose_name="address")),
                ("hours", models.CharField(max_length=120, verbose_name="hours")),
                ("phone", models.CharField(max_length=20, verbose_name="phone of the outlet")),
                (
                    "state",
                    models.CharField(
                        choices=STATES, default="ACTIVE", max_length=9, verbose_name="state"
                    ),
                ),
                ("since", models.DateTimeField(verbose_name="admitted at")),
                ("approval_code", models.CharField(max_length=20, verbose_name="approval")),
            ],
            options={
                "verbose_name": "outlet",
                "verbose_name_plural": "outlets",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[0-9]{8}$")),
                        name="outlet_code_has_eight_digits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["OUTLET", "CENTRE"])),
                        name="outlet_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["ACTIVE", "SUSPENDED", "CLOSED"])),
                        name="outlet_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("hours__regex", f"^{SPAN}(; {SPAN})*$")),
                        name="outlet_hours_can_be_read",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("approval_code", ""), _negated=True),
                        name="outlet_has_approval",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutletChange",
            fields=[
                ID,
                ("from_state", models.CharField(choices=STATES, max_length=9, verbose_name="from")),
                ("to_state", models.CharField(choices=STATES, max_length=9, verbose_name="to")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                (
                    "approval_code",
                    models.CharField(
                        blank=True, default="", max_length=20, verbose_name="approval"
                    ),
                ),
                ("changed_at", models.DateTimeField(verbose_name="at")),
                ("actor", _user("who")),
                ("outlet", _outlet("changes")),
            ],
            options={
                "verbose_name": "change of an outlet",
                "verbose_name_plural": "changes of outlets",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="outlet_change_has_reason",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OutletOperator",
            fields=[
                ID,
                ("valid_from", models.DateTimeField(verbose_name="valid from")),
                ("valid_until", models.DateTimeField(null=True, verbose_name="valid until")),
                ("assigned_by", _user("assigned by")),
                ("outlet", _outlet("operators")),
                ("user", _user("operator")),
            ],
            options={
                "verbose_name": "operator of an outlet",
                "verbose_name_plural": "operators of outlets",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("valid_until__isnull", True)),
                        fields=("user",),
                        name="operator_at_one_outlet",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("user", models.F("assigned_by")), _negated=True),
                        name="operator_assigned_by_another",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClaimAuthority",
            fields=[
                ID,
                (
                    "game",
                    models.CharField(blank=True, default="", max_length=20, verbose_name="game"),
                ),
                ("up_to", lottery_portal.lib.money.MoneyField(verbose_name="up to (fen)")),
                ("valid_from", models.DateTimeField(verbose_name="valid from")),
                ("valid_until", models.DateTimeField(null=True, verbose_name="valid until")),
                (
                    "approval_code",
                    models.CharField(max_length=20, unique=True, verbose_name="approval"),
                ),
                ("recorded_at", models.DateTimeField(verbose_name="recorded at")),
                ("outlet", _outlet("authorities")),
            ],
            options={
                "verbose_name": "authority to redeem",
                "verbose_name_plural": "authorities to redeem",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("up_to__gt", 0)), name="authority_up_to_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until__isnull", True),
                            ("valid_until__gt", models.F("valid_from")),
                            _connector="OR",
                        ),
                        name="authority_ends_after_it_begins",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("approval_code", ""), _negated=True),
                        name="authority_has_approval",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClaimAuthorityEnd",
            fields=[
                ID,
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("ended_at", models.DateTimeField(verbose_name="ended at")),
                ("actor", _user("who")),
                (
                    "authority",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="end",
                        to="partners.claimauthority",
                        verbose_name="authority to redeem",
                    ),
                ),
            ],
            options={
                "verbose_name": "withdrawal of a claim authority",
                "verbose_name_plural": "withdrawals of claim authorities",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="authority_end_has_reason",
                    )
                ],
            },
        ),
    ]
