"""What stands before money may leave: the bank's word on an account, and blocks after failures."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.codes import new_code


class BankAccountCheck(models.Model):
    """What the bank says of an account: whether it is the verified person's (F006)."""

    class Outcome(models.TextChoices):
        ASKED = "ASKED", _("The bank is asked")
        MATCHES = "MATCHES", _("In the player's own name")
        AT_PAYOUT = "AT_PAYOUT", _("Name compared by the bank with each payout")
        DIFFERS = "DIFFERS", _("In another name")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the check")
    )
    bank_account = models.OneToOneField(
        "finance.BankAccount",
        on_delete=models.PROTECT,
        related_name="name_check",
        verbose_name=_("bank account"),
    )
    provider = models.CharField(max_length=20, verbose_name=_("provider"))
    outcome = models.CharField(
        max_length=9, choices=Outcome.choices, default=Outcome.ASKED, verbose_name=_("outcome")
    )
    asked_at = models.DateTimeField(verbose_name=_("asked at"))
    answered_at = models.DateTimeField(null=True, verbose_name=_("answered at"))

    class Meta:
        verbose_name = _("check of a bank account")
        verbose_name_plural = _("checks of bank accounts")
        constraints = [
            models.CheckConstraint(
                name="bank_account_check_outcome_known",
                condition=Q(outcome__in=["ASKED", "MATCHES", "AT_PAYOUT", "DIFFERS"]),
            ),
            models.CheckConstraint(
                name="bank_account_check_answered_has_time",
                condition=Q(outcome="ASKED", answered_at__isnull=True)
                | (~Q(outcome="ASKED") & Q(answered_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class TransferBlock(models.Model):
    """No deposit and no withdrawal of a player for a while: too many failed in a row (F111)."""

    player_code = models.CharField(max_length=20, verbose_name=_("player number"))
    failures = models.PositiveSmallIntegerField(verbose_name=_("failed in a row"))
    begun_at = models.DateTimeField(verbose_name=_("blocked from"))
    until = models.DateTimeField(verbose_name=_("blocked until"))
    lifted_at = models.DateTimeField(null=True, verbose_name=_("lifted at"))
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("lifted by"),
    )

    class Meta:
        verbose_name = _("block of transfers")
        verbose_name_plural = _("blocks of transfers")
        constraints = [
            models.CheckConstraint(
                name="transfer_block_has_an_end", condition=Q(until__gt=F("begun_at"))
            ),
            models.CheckConstraint(
                name="transfer_block_lifted_by_a_person",
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
            ),
        ]
        indexes = [models.Index(name="transfer_block_of", fields=["player_code", "until"])]

    def __str__(self) -> str:
        return f"{self.player_code} {self.begun_at:%Y-%m-%d}"
