"""What the bank remembers: payments asked for by merchants, and payouts it made for them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.money import MoneyField


class Payment(models.Model):
    """A payment a merchant asked for, paid or cancelled by the customer on the bank's page."""

    class State(models.TextChoices):
        OPEN = "OPEN"
        PAID = "PAID"
        CANCELLED = "CANCELLED"
        REFUNDED = "REFUNDED"

    trade = models.CharField(max_length=20, unique=True, default=new_code)
    order_code = models.CharField(max_length=40, unique=True)
    amount = MoneyField()
    notify_url = models.URLField()
    return_url = models.URLField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="bank_payment_state_known",
                condition=Q(state__in=["OPEN", "PAID", "CANCELLED", "REFUNDED"]),
            ),
            models.CheckConstraint(name="bank_payment_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="bank_payment_ended_has_time",
                condition=Q(state="OPEN") | Q(ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.trade


class Payout(models.Model):
    """Money sent to a bank account for a merchant, once per the merchant's order number."""

    class State(models.TextChoices):
        ASKED = "ASKED"
        PAID = "PAID"
        FAILED = "FAILED"

    trade = models.CharField(max_length=20, unique=True, default=new_code)
    order_code = models.CharField(max_length=40, unique=True)
    amount = MoneyField()
    account_tail = models.CharField(max_length=4)
    account_digest = models.CharField(max_length=64)  # keyed, of number and holder
    state = models.CharField(max_length=6, choices=State.choices)
    reason = models.CharField(max_length=100, default="", blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="bank_payout_state_known", condition=Q(state__in=["ASKED", "PAID", "FAILED"])
            ),
            models.CheckConstraint(name="bank_payout_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return self.trade


class Refund(models.Model):
    """Money of a payment returned to its card, once per the merchant's order number."""

    trade = models.CharField(max_length=20, unique=True, default=new_code)
    order_code = models.CharField(max_length=40, unique=True)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount = MoneyField()
    state = models.CharField(max_length=6, choices=Payout.State.choices)
    reason = models.CharField(max_length=100, default="", blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="bank_refund_state_known", condition=Q(state__in=["PAID", "FAILED"])
            ),
            models.CheckConstraint(name="bank_refund_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return self.trade
