"""Cases: what a person must clear up, with an owner and a date."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lottery_portal.lib.codes import new_code


class Case(models.Model):
    """Something that does not agree or went wrong, until a person writes how it was settled."""

    class State(models.TextChoices):
        OPEN = "OPEN", pgettext_lazy("of a case", "Open")
        RESOLVED = "RESOLVED", pgettext_lazy("of a case", "Settled")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("case number")
    )
    kind = models.CharField(max_length=40, verbose_name=_("kind"))
    object_type = models.CharField(max_length=40, verbose_name=_("about"))
    object_code = models.CharField(max_length=64, verbose_name=_("number"))
    facts = models.JSONField(verbose_name=_("facts"))
    opened_at = models.DateTimeField(verbose_name=_("opened at"))
    due_on = models.DateField(verbose_name=pgettext_lazy("of a case", "due on"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("taken by"),
    )
    assigned_at = models.DateTimeField(
        null=True, verbose_name=pgettext_lazy("of a case", "taken at")
    )
    escalated_at = models.DateTimeField(null=True, verbose_name=_("escalated at"))
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.OPEN, verbose_name=_("state")
    )
    resolution = models.CharField(
        max_length=500, default="", blank=True, verbose_name=_("how it was settled")
    )
    resolved_at = models.DateTimeField(
        null=True, verbose_name=pgettext_lazy("of a case", "settled at")
    )
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("settled by"),
    )

    class Meta:
        verbose_name = pgettext_lazy("of finance", "case")
        verbose_name_plural = pgettext_lazy("of finance", "cases")
        constraints = [
            models.UniqueConstraint(
                name="case_once_while_open",
                fields=["kind", "object_type", "object_code"],
                condition=Q(state="OPEN"),
            ),
            models.CheckConstraint(
                name="case_state_known", condition=Q(state__in=["OPEN", "RESOLVED"])
            ),
            models.CheckConstraint(
                name="case_settled_in_words",
                condition=Q(state="OPEN", resolved_at__isnull=True, resolution="")
                | (Q(state="RESOLVED", resolved_at__isnull=False) & ~Q(resolution="")),
            ),
            models.CheckConstraint(
                name="case_owner_has_time",
                condition=Q(owner__isnull=True, assigned_at__isnull=True)
                | Q(owner__isnull=False, assigned_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="case_due", fields=["due_on"], condition=Q(state="OPEN")),
            models.Index(name="case_about", fields=["object_type", "object_code"]),
        ]

    def __str__(self) -> str:
        return self.code
