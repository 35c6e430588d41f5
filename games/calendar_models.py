"""What the calendar is told by others, and what it tells: closures, cancellations, notices."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .mail_models import MailDelivery


class MarketClosure(models.Model):
    """Days on which nothing is sold or drawn, as a notice of the ministry says (RULES C12).

    The last one recorded for an occasion of a year is the one that counts.
    """

    class Occasion(models.TextChoices):
        SPRING = "SPRING", _("Spring Festival")
        NATIONAL = "NATIONAL", _("National Day")
        OTHER = "OTHER", _("Other closure")

    year = models.SmallIntegerField(verbose_name=_("year"))
    occasion = models.CharField(max_length=8, choices=Occasion.choices, verbose_name=_("occasion"))
    first_on = models.DateField(verbose_name=_("first day"))
    last_on = models.DateField(verbose_name=_("last day"))
    notice = models.CharField(max_length=120, verbose_name=_("notice of the ministry"))
    address = models.URLField(
        max_length=200, default="", blank=True, verbose_name=_("where it is read")
    )
    approval_code = models.CharField(max_length=20, verbose_name=_("approval"))
    recorded_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("market closure")
        verbose_name_plural = _("market closures")
        constraints = [
            models.CheckConstraint(
                name="closure_ends_after_it_begins",
                condition=Q(last_on__gte=F("first_on"), first_on__year=F("year")),
            ),
            models.CheckConstraint(
                name="closure_occasion_known",
                condition=Q(occasion__in=["SPRING", "NATIONAL", "OTHER"]),
            ),
            models.CheckConstraint(name="closure_has_its_notice", condition=~Q(notice="")),
            models.CheckConstraint(name="closure_has_approval", condition=~Q(approval_code="")),
        ]
        indexes = [models.Index(name="closure_of_year", fields=["year", "occasion", "-id"])]

    def __str__(self) -> str:
        return f"{self.year} {self.occasion}"


class DrawCancellation(models.Model):
    """That a draw is not held, why, and by whose word; told to everybody (F075)."""

    draw = models.OneToOneField(
        "games.Draw",
        on_delete=models.PROTECT,
        related_name="cancellation",
        verbose_name=_("draw"),
    )
    from_state = models.CharField(max_length=9, verbose_name=_("from state"))
    reason = models.CharField(max_length=300, verbose_name=_("reason"))
    approval_code = models.CharField(max_length=20, verbose_name=_("approval"))
    cancelled_at = models.DateTimeField(verbose_name=_("cancelled at"))

    class Meta:
        verbose_name = _("cancellation of a draw")
        verbose_name_plural = _("cancellations of draws")
        constraints = [
            models.CheckConstraint(name="cancellation_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="cancellation_has_approval", condition=~Q(approval_code="")
            ),
        ]

    def __str__(self) -> str:
        return str(self.draw_id)


class NoticeDelivery(MailDelivery):
    """A notice on its way to one mailbox: of supervisors, or of the house (F024, F075)."""

    class About(models.TextChoices):
        CANCELLATION = "CANCELLATION", _("Cancellation of a draw")
        TIMES = "TIMES", _("Changed times of a draw")
        LICENCE = "LICENCE", _("Coming end of a licence")

    about = models.CharField(max_length=12, choices=About.choices, verbose_name=_("about"))
    number = models.BigIntegerField(verbose_name=_("number of the notice"))

    class Meta:
        verbose_name = _("delivery of a notice")
        verbose_name_plural = _("deliveries of notices")
        constraints = [
            models.UniqueConstraint(
                name="notice_delivered_once_per_address", fields=["about", "number", "address"]
            ),
            models.CheckConstraint(
                name="notice_delivery_about_known",
                condition=Q(about__in=["CANCELLATION", "TIMES", "LICENCE"]),
            ),
            models.CheckConstraint(
                name="notice_delivery_state_known",
                condition=Q(state__in=["WAITING", "DELIVERED", "FAILED"]),
            ),
            models.CheckConstraint(
                name="notice_delivery_ended_has_time",
                condition=Q(state="WAITING") | Q(at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.address} {self.state}"
