"""Payment institutions: the register, their health, and money sent back to where it came from."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.money import MoneyField


class Provider(models.Model):
    """A payment institution as the register has it; its last approval brought it there (F295)."""

    class Bearer(models.TextChoices):
        PLAYER = "PLAYER", _("The player")
        OPERATOR = "OPERATOR", _("We")

    class Use(models.TextChoices):
        DEPOSIT = "DEPOSIT", _("Deposits")
        PAYOUT = "PAYOUT", _("Payouts")
        REFUND = "REFUND", _("Refunds")

    code = models.CharField(max_length=20, unique=True, verbose_name=_("provider"))
    institution = models.CharField(max_length=100, verbose_name=_("institution"))
    licence_number = models.CharField(max_length=40, verbose_name=_("licence number"))
    licence_until = models.DateField(verbose_name=_("licence valid until"))
    contract_until = models.DateField(verbose_name=_("contract valid until"))
    review_on = models.DateField(verbose_name=_("next review"))
    accepts: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=7, choices=Use.choices), verbose_name=_("used for")
    )
    rank = models.PositiveSmallIntegerField(verbose_name=_("place in the order"))
    fee_points = models.PositiveIntegerField(
        default=0, verbose_name=_("fee in hundredths of a percent")
    )
    fee_least = MoneyField(default=0, verbose_name=_("least fee (fen)"))
    fee_most = MoneyField(default=0, verbose_name=_("highest fee (fen)"))
    fee_borne_by = models.CharField(
        max_length=8, choices=Bearer.choices, default=Bearer.OPERATOR, verbose_name=_("who pays it")
    )
    is_on = models.BooleanField(verbose_name=_("switched on"))
    approval_code = models.CharField(
        max_length=20, default="", blank=True, verbose_name=_("approval")
    )
    changed_at = models.DateTimeField(verbose_name=_("changed at"))

    class Meta:
        verbose_name = _("payment institution")
        verbose_name_plural = _("payment institutions")
        constraints = [
            models.CheckConstraint(
                name="provider_fee_known",
                condition=Q(fee_points__lte=10_000, fee_least__gte=0, fee_most__gte=0)
                & (Q(fee_most=0) | Q(fee_most__gte=F("fee_least"))),
            ),
            models.CheckConstraint(
                name="provider_bearer_known", condition=Q(fee_borne_by__in=["PLAYER", "OPERATOR"])
            ),
            models.CheckConstraint(
                name="provider_uses_known",
                condition=Q(accepts__contained_by=["DEPOSIT", "PAYOUT", "REFUND"]),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ProviderHealth(models.Model):
    """How a provider answers; what the watch and the callers of the last minutes saw."""

    provider = models.CharField(max_length=20, primary_key=True, verbose_name=_("provider"))
    last_ok_at = models.DateTimeField(null=True, verbose_name=_("last answer"))
    failing_since = models.DateTimeField(null=True, verbose_name=_("failing since"))
    failures = models.PositiveIntegerField(default=0, verbose_name=_("failures in a row"))

    class Meta:
        verbose_name = _("health of a provider")
        verbose_name_plural = _("health of providers")
        constraints = [
            models.CheckConstraint(
                name="provider_failures_have_a_beginning",
                condition=Q(failures=0, failing_since__isnull=True)
                | Q(failures__gt=0, failing_since__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.provider


class ReturnPlan(models.Model):
    """Deposits to be sent back to their source, worked out before anything moves (F115)."""

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the plan")
    )
    rows = models.JSONField(verbose_name=_("deposits and amounts"))
    total = MoneyField(verbose_name=_("sum (fen)"))
    reason = models.CharField(max_length=200, verbose_name=_("reason"))
    approval_code = models.CharField(
        max_length=20, default="", blank=True, verbose_name=_("approval")
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("asked by"),
    )
    asked_at = models.DateTimeField(verbose_name=_("asked at"))
    performed_at = models.DateTimeField(null=True, verbose_name=_("carried out at"))

    class Meta:
        verbose_name = _("plan of refunds")
        verbose_name_plural = _("plans of refunds")
        constraints = [
            models.CheckConstraint(name="return_plan_positive", condition=Q(total__gt=0)),
            models.CheckConstraint(name="return_plan_has_reason", condition=~Q(reason="")),
            models.UniqueConstraint(
                name="return_plan_approval_used_once",
                fields=["approval_code"],
                condition=~Q(approval_code=""),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class DepositReturn(models.Model):
    """A deposit, or a part of it, on its way back to where it was paid from (F115)."""

    class State(models.TextChoices):
        BEGUN = "BEGUN", _("Begun")
        SENDING = "SENDING", _("With the bank")
        UNKNOWN = "UNKNOWN", _("Bank has not answered")
        DONE = "DONE", _("Sent back")
        FAILED = "FAILED", _("Returned by the bank")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("refund number")
    )
    plan = models.ForeignKey(
        ReturnPlan, on_delete=models.PROTECT, related_name="returns", verbose_name=_("plan")
    )
    deposit = models.ForeignKey(
        "finance.Deposit",
        on_delete=models.PROTECT,
        related_name="returns",
        verbose_name=_("deposit"),
    )
    amount = MoneyField(verbose_name=_("amount (fen)"))
    is_from_wallet = models.BooleanField(verbose_name=_("taken from the balance"))
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.BEGUN, verbose_name=_("state")
    )
    reason = models.CharField(max_length=200, default="", blank=True, verbose_name=_("reason"))
    begun_at = models.DateTimeField(verbose_name=_("begun at"))
    sent_at = models.DateTimeField(null=True, verbose_name=_("sent at"))
    ended_at = models.DateTimeField(null=True, verbose_name=_("ended at"))

    class Meta:
        verbose_name = _("refund to the source")
        verbose_name_plural = _("refunds to the source")
        constraints = [
            models.UniqueConstraint(name="return_once_per_plan", fields=["plan", "deposit"]),
            models.CheckConstraint(name="return_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="return_state_known",
                condition=Q(state__in=["BEGUN", "SENDING", "UNKNOWN", "DONE", "FAILED"]),
            ),
            models.CheckConstraint(
                name="return_ended_has_time",
                condition=~Q(state__in=["DONE", "FAILED"]) | Q(ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="return_sent_has_time",
                condition=Q(state="BEGUN") | Q(sent_at__isnull=False),
            ),
            models.CheckConstraint(
                name="return_failure_has_reason", condition=~Q(state="FAILED") | ~Q(reason="")
            ),
        ]
        indexes = [
            models.Index(
                name="return_under_way",
                fields=["sent_at"],
                condition=Q(state__in=["BEGUN", "SENDING", "UNKNOWN"]),
            )
        ]

    def __str__(self) -> str:
        return self.code
