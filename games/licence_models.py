"""Licences to sell: what each covers, its early end, and the reminders before its end."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Licence(models.Model):
    """The permission to sell, `[valid_from, valid_until)`; without one nothing is sold (F023).

    It covers the games and the channels that it names; naming none of a kind it covers them all.
    """

    number = models.CharField(max_length=60, unique=True, verbose_name=_("number"))
    games: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, verbose_name=_("games")
    )
    channels: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=10), default=list, blank=True, verbose_name=_("sales channels")
    )
    issued_by = models.CharField(max_length=100, verbose_name=_("issued by"))
    valid_from = models.DateTimeField(verbose_name=_("valid from"))
    valid_until = models.DateTimeField(verbose_name=_("valid until"))
    approval_code = models.CharField(max_length=20, verbose_name=_("approval"))
    recorded_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("licence")
        verbose_name_plural = _("licences")
        constraints = [
            models.CheckConstraint(
                name="licence_ends_after_it_begins", condition=Q(valid_until__gt=F("valid_from"))
            ),
            models.CheckConstraint(name="licence_has_approval", condition=~Q(approval_code="")),
        ]

    def __str__(self) -> str:
        return self.number


class LicenceEnding(models.Model):
    """That a licence ended before its day: withdrawn or given back, from a moment on."""

    licence = models.OneToOneField(
        Licence, on_delete=models.PROTECT, related_name="ending", verbose_name=_("licence")
    )
    ends_at = models.DateTimeField(verbose_name=_("ends at"))
    reason = models.CharField(max_length=300, verbose_name=_("reason"))
    approval_code = models.CharField(max_length=20, verbose_name=_("approval"))
    recorded_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("early end of a licence")
        verbose_name_plural = _("early ends of licences")
        constraints = [
            models.CheckConstraint(name="licence_ending_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="licence_ending_has_approval", condition=~Q(approval_code="")
            ),
        ]

    def __str__(self) -> str:
        return str(self.licence_id)


class LicenceReminder(models.Model):
    """That people were told so many days before a licence ends; once each (F024)."""

    licence = models.ForeignKey(
        Licence, on_delete=models.PROTECT, related_name="reminders", verbose_name=_("licence")
    )
    days = models.SmallIntegerField(verbose_name=_("days before its end"))
    mailboxes = models.SmallIntegerField(verbose_name=_("mailboxes told"))
    sent_at = models.DateTimeField(verbose_name=_("sent at"))

    class Meta:
        verbose_name = _("reminder of a licence")
        verbose_name_plural = _("reminders of licences")
        constraints = [
            models.UniqueConstraint(name="licence_reminded_once", fields=["licence", "days"]),
            models.CheckConstraint(
                name="licence_reminder_days_known", condition=Q(days__in=[90, 60, 30])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.licence_id} {self.days}"
