"""What every mail to a mailbox outside the house is on its way: waiting, delivered or failed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class MailDelivery(models.Model):
    """One mail to one address; the tables of what is mailed add what it is about."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("Waiting")
        DELIVERED = "DELIVERED", _("Delivered")
        FAILED = "FAILED", _("Failed")

    address = models.EmailField(max_length=200, verbose_name=_("address"))
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.WAITING, verbose_name=_("state")
    )
    attempts = models.SmallIntegerField(default=0, verbose_name=_("attempts"))
    asked_at = models.DateTimeField(verbose_name=_("asked for at"))
    at = models.DateTimeField(null=True, verbose_name=_("last attempt"))
    detail = models.CharField(max_length=200, default="", blank=True, verbose_name=_("detail"))

    class Meta:
        abstract = True
