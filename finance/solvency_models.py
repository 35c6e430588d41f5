"""What is checked of the books again and again, what stops payouts, and the nightly proof (N08)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.money import MoneyField


class InvariantRun(models.Model):
    """One look at everything that must hold in the books, all of one moment.

    `upto` is the transfer behind which the next rolling look begins: all before it had come to
    rest when this one began.
    """

    class Extent(models.TextChoices):
        ROLLING = "ROLLING", _("What moved since the last time")
        FULL = "FULL", _("Everything from the beginning")

    extent = models.CharField(max_length=7, choices=Extent.choices, verbose_name=_("extent"))
    upto = models.BigIntegerField(verbose_name=_("up to transfer"))
    findings: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        verbose_name=_("findings")
    )
    broken = models.IntegerField(verbose_name=_("broken invariants"))
    seconds = models.FloatField(verbose_name=_("seconds"))
    began_at = models.DateTimeField(verbose_name=_("began at"))

    class Meta:
        verbose_name = _("check of the books")
        verbose_name_plural = _("checks of the books")
        constraints = [
            models.CheckConstraint(
                name="invariant_run_extent_known", condition=Q(extent__in=["ROLLING", "FULL"])
            ),
            models.CheckConstraint(name="invariant_run_not_negative", condition=Q(broken__gte=0)),
        ]
        indexes = [models.Index(name="invariant_run_latest", fields=["-began_at"])]

    def __str__(self) -> str:
        return f"{self.extent} {self.began_at:%Y-%m-%d %H:%M}"


class PayoutStop(models.Model):
    """Payouts stand still from here until others agree that they go on; one open row a cause."""

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the stop")
    )
    cause = models.CharField(max_length=40, verbose_name=_("cause"))
    facts: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, verbose_name=_("facts")
    )
    stopped_at = models.DateTimeField(verbose_name=_("stopped at"))
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("stopped by"),
    )
    lifted_at = models.DateTimeField(null=True, verbose_name=_("lifted at"))
    approval_code = models.CharField(
        max_length=20, default="", blank=True, verbose_name=_("approval")
    )

    class Meta:
        verbose_name = _("stop of payouts")
        verbose_name_plural = _("stops of payouts")
        constraints = [
            models.UniqueConstraint(
                name="payout_stop_once_while_open",
                fields=["cause"],
                condition=Q(lifted_at__isnull=True),
            ),
            models.CheckConstraint(
                name="payout_stop_cause_is_a_word", condition=Q(cause__regex=r"^[a-z_]+$")
            ),
            models.CheckConstraint(
                name="payout_stop_lifted_by_approval",
                condition=Q(lifted_at__isnull=True, approval_code="")
                | (Q(lifted_at__isnull=False) & ~Q(approval_code="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cause} {self.code}"


class SolvencyProof(models.Model):
    """What we owed to players one night, under one signed root; what lay beside it (N08).

    `secret` makes the names in the tree unguessable; the tree itself is a file.
    """

    night = models.DateField(unique=True, verbose_name=_("night"))
    root = models.CharField(max_length=64, verbose_name=pgettext_lazy("of a tree", "root"))
    leaves = models.BigIntegerField(verbose_name=_("players"))
    purses_fen = MoneyField(verbose_name=_("in wallets (fen)"))
    prizes_fen = MoneyField(verbose_name=_("unpaid prizes (fen)"))
    total_fen = MoneyField(verbose_name=_("owed to players (fen)"))
    assets_fen = models.BigIntegerField(verbose_name=_("held for players (fen)"))
    statement = models.TextField(verbose_name=pgettext_lazy("of a proof", "statement"))
    key_id = models.CharField(max_length=40, verbose_name=_("key"))
    algorithm = models.CharField(max_length=20, verbose_name=_("algorithm"))
    signature = models.TextField(verbose_name=_("signature"))
    secret = models.BinaryField(max_length=32, verbose_name=_("secret of the night"))
    file_name = models.CharField(max_length=80, verbose_name=_("file"))
    file_digest = models.CharField(max_length=64, verbose_name=_("digest of the file"))
    taken_at = models.DateTimeField(verbose_name=_("balances taken at"))
    made_at = models.DateTimeField(verbose_name=_("made at"))

    class Meta:
        verbose_name = _("solvency proof")
        verbose_name_plural = _("solvency proofs")
        constraints = [
            models.CheckConstraint(
                name="solvency_proof_adds_up",
                condition=Q(
                    total_fen=F("purses_fen") + F("prizes_fen"),
                    purses_fen__gte=0,
                    prizes_fen__gte=0,
                    leaves__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="solvency_proof_root_is_a_hash", condition=Q(root__regex="^[0-9a-f]{64}$")
            ),
        ]

    def __str__(self) -> str:
        return str(self.night)
