"""The prize centre day by day: appointments, visits, and payments that are late.

Appointments are written by `prizes_appointment_book()`, `prizes_appointment_cancel()` and
`prizes_appointments_missed()`: the seats of a time are counted there. Visits, delays and their
notices are evidence.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lottery_portal.lib.codes import new_code


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    """Appointments as pages ask for them."""

    def booked(self) -> AppointmentQuerySet:
        """Those that nobody moved or cancelled, and whose winner has not come."""
        return self.filter(state=Appointment.State.BOOKED)

    def ahead(self, now: datetime) -> AppointmentQuerySet:
        """Those that are still to come, or going on."""
        return self.booked().filter(ends_at__gt=now)


class Appointment(models.Model):
    """A seat at a time at a prize centre, for one prize that waits (F083; S1 五(二)1)."""

    class State(models.TextChoices):
        BOOKED = "BOOKED", pgettext_lazy("of an appointment", "Booked")
        MOVED = "MOVED", pgettext_lazy("of an appointment", "Moved")
        CANCELLED = "CANCELLED", pgettext_lazy("of an appointment", "Cancelled")
        KEPT = "KEPT", pgettext_lazy("of an appointment", "Came")
        MISSED = "MISSED", pgettext_lazy("of an appointment", "Did not come")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the appointment")
    )
    prize = models.ForeignKey(
        "prizes.Prize",
        on_delete=models.PROTECT,
        related_name="appointments",
        verbose_name=_("prize"),
    )
    place = models.ForeignKey(
        "partners.Outlet", on_delete=models.PROTECT, related_name="+", verbose_name=_("centre")
    )
    starts_at = models.DateTimeField(verbose_name=pgettext_lazy("of an appointment", "from"))
    ends_at = models.DateTimeField(verbose_name=pgettext_lazy("of an appointment", "until"))
    seat = models.SmallIntegerField(verbose_name=_("seat"))
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.BOOKED, verbose_name=_("state")
    )
    booked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("booked by"),
    )
    booked_at = models.DateTimeField(verbose_name=_("booked at"))
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("ended by"),
    )
    ended_at = models.DateTimeField(null=True, verbose_name=_("ended at"))

    objects = models.Manager.from_queryset(AppointmentQuerySet)()

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        constraints = [
            models.UniqueConstraint(
                name="appointment_once_per_prize", fields=["prize"], condition=Q(state="BOOKED")
            ),
            models.UniqueConstraint(
                name="appointment_seat_taken_once",
                fields=["place", "starts_at", "seat"],
                condition=Q(state__in=["BOOKED", "KEPT"]),
            ),
            models.CheckConstraint(name="appointment_seat_positive", condition=Q(seat__gt=0)),
            models.CheckConstraint(
                name="appointment_ends_after_it_begins", condition=Q(ends_at__gt=F("starts_at"))
            ),
            models.CheckConstraint(
                name="appointment_state_known",
                condition=Q(state__in=["BOOKED", "MOVED", "CANCELLED", "KEPT", "MISSED"]),
            ),
            models.CheckConstraint(
                name="appointment_ended_has_time",
                condition=Q(state="BOOKED", ended_at__isnull=True)
                | ~Q(state="BOOKED") & Q(ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Visit(models.Model):
    """Somebody who came on account of a prize, registered at the entrance (F084; S1 五(二)2).

    `paper` is the record of the identity paper that he showed there; its reference names the visit.
    """

    class Role(models.TextChoices):
        WINNER = "WINNER", pgettext_lazy("who comes to the centre", "The winner")
        PROXY = "PROXY", pgettext_lazy("who comes to the centre", "Acts for the winner")
        GUARDIAN = "GUARDIAN", pgettext_lazy("who comes to the centre", "Guardian of the winner")
        COMPANION = "COMPANION", pgettext_lazy("who comes to the centre", "Comes along")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the visit")
    )
    prize = models.ForeignKey(
        "prizes.Prize", on_delete=models.PROTECT, related_name="visits", verbose_name=_("prize")
    )
    place = models.ForeignKey(
        "partners.Outlet", on_delete=models.PROTECT, related_name="+", verbose_name=_("centre")
    )
    appointment = models.ForeignKey(
        Appointment,
        on_delete=models.PROTECT,
        null=True,
        related_name="visits",
        verbose_name=_("appointment"),
    )
    role = models.CharField(max_length=9, choices=Role.choices, verbose_name=_("who"))
    paper = models.OneToOneField(
        "accounts.IdentityPaper",
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("identity paper"),
    )
    proxy = models.ForeignKey(
        "accounts.Proxy",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("authority to act"),
    )
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("registered by"),
    )
    arrived_at = models.DateTimeField(verbose_name=_("came at"))

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        constraints = [
            models.CheckConstraint(
                name="visit_role_known",
                condition=Q(role__in=["WINNER", "PROXY", "GUARDIAN", "COMPANION"]),
            ),
            models.CheckConstraint(
                name="visit_by_proxy_has_authority",
                condition=Q(role="PROXY", proxy__isnull=False)
                | ~Q(role="PROXY") & Q(proxy__isnull=True),
            ),
        ]
        indexes = [models.Index(name="visit_of_a_day", fields=["place", "arrived_at"])]

    def __str__(self) -> str:
        return self.code


class VisitStep(models.Model):
    """That a visitor was called to a counter, or left; each once."""

    class Kind(models.TextChoices):
        CALLED = "CALLED", _("Called to a counter")
        LEFT = "LEFT", pgettext_lazy("of a visitor", "Left")

    visit = models.ForeignKey(
        Visit, on_delete=models.PROTECT, related_name="steps", verbose_name=_("visit")
    )
    kind = models.CharField(max_length=6, choices=Kind.choices, verbose_name=_("what"))
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("noted by"),
    )
    at = models.DateTimeField(verbose_name=_("at"))

    class Meta:
        verbose_name = _("step of a visit")
        verbose_name_plural = _("steps of visits")
        constraints = [
            models.UniqueConstraint(name="visit_step_once", fields=["visit", "kind"]),
            models.CheckConstraint(
                name="visit_step_known", condition=Q(kind__in=["CALLED", "LEFT"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.kind}"


class Delay(models.Model):
    """That a prize was not paid by the day it was promised for, as the clock found it (F095)."""

    claim = models.ForeignKey(
        "prizes.Claim", on_delete=models.PROTECT, related_name="delays", verbose_name=_("claim")
    )
    due_on = models.DateField(verbose_name=_("to be paid by"))
    found_at = models.DateTimeField(verbose_name=_("found at"))

    class Meta:
        verbose_name = _("late payment")
        verbose_name_plural = _("late payments")
        constraints = [
            models.UniqueConstraint(name="delay_once_per_day", fields=["claim", "due_on"])
        ]

    def __str__(self) -> str:
        return f"{self.claim_id} {self.due_on}"


class DelayNotice(models.Model):
    """What a winner was told of a late payment: the reason, and the day it is promised for now."""

    claim = models.ForeignKey(
        "prizes.Claim",
        on_delete=models.PROTECT,
        related_name="delay_notices",
        verbose_name=_("claim"),
    )
    number = models.SmallIntegerField(verbose_name=_("no."))
    due_on = models.DateField(verbose_name=_("promised before"))
    new_date = models.DateField(verbose_name=_("promised now"))
    reason = models.CharField(max_length=300, verbose_name=_("reason"))
    announced_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("announced by"),
    )
    announced_at = models.DateTimeField(verbose_name=_("announced at"))

    class Meta:
        verbose_name = _("notice of a late payment")
        verbose_name_plural = _("notices of late payments")
        constraints = [
            models.UniqueConstraint(name="delay_notice_once", fields=["claim", "number"]),
            models.CheckConstraint(name="delay_notice_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="delay_notice_date_later", condition=Q(new_date__gt=F("due_on"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id}/{self.number}"
