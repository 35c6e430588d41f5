"""What a drawing is held with and what it leaves: machines, ball sets, inspections, minutes."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Equipment(models.Model):
    """A drawing machine or a ball set of the register (F065)."""

    class Kind(models.TextChoices):
        MACHINE = "MACHINE", _("Drawing machine")
        BALL_SET = "BALL_SET", _("Ball set")

    class State(models.TextChoices):
        IN_USE = "IN_USE", _("In use")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")

    code = models.SlugField(max_length=30, unique=True, verbose_name=_("code"))
    game = models.ForeignKey(
        "games.Game", on_delete=models.PROTECT, related_name="equipment", verbose_name=_("game")
    )
    kind = models.CharField(max_length=8, choices=Kind.choices, verbose_name=_("kind"))
    zone = models.CharField(
        max_length=12, default="", blank=True, verbose_name=_("zone")
    )  # of a ball set; a machine serves them all
    maker = models.CharField(max_length=100, verbose_name=_("made by"))
    serial_number = models.CharField(max_length=60, verbose_name=_("serial number"))
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.IN_USE, verbose_name=_("state")
    )
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("registered by"),
    )
    registered_at = models.DateTimeField(verbose_name=_("registered at"))

    class Meta:
        verbose_name = _("drawing equipment")
        verbose_name_plural = _("drawing equipment")
        constraints = [
            models.UniqueConstraint(
                name="equipment_once_per_serial_number", fields=["maker", "serial_number"]
            ),
            models.CheckConstraint(
                name="equipment_kind_known",
                condition=Q(kind="MACHINE", zone="") | (Q(kind="BALL_SET") & ~Q(zone="")),
            ),
            models.CheckConstraint(
                name="equipment_state_known", condition=Q(state__in=["IN_USE", "WITHDRAWN"])
            ),
        ]

    def __str__(self) -> str:
        return self.code


class EquipmentChange(models.Model):
    """A piece of equipment withdrawn, or taken into use again, and why."""

    equipment = models.ForeignKey(
        Equipment,
        on_delete=models.PROTECT,
        related_name="changes",
        verbose_name=_("drawing equipment"),
    )
    to_state = models.CharField(
        max_length=9, choices=Equipment.State.choices, verbose_name=_("to state")
    )
    reason = models.CharField(max_length=300, verbose_name=_("reason"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("done by"),
    )
    at = models.DateTimeField(verbose_name=_("done at"))

    class Meta:
        verbose_name = _("change of drawing equipment")
        verbose_name_plural = _("changes of drawing equipment")
        constraints = [
            models.CheckConstraint(name="equipment_change_has_reason", condition=~Q(reason=""))
        ]

    def __str__(self) -> str:
        return f"{self.equipment_id} → {self.to_state}"


class Inspection(models.Model):
    """One inspection of a piece of equipment, recorded by one person and confirmed by another."""

    class Outcome(models.TextChoices):
        PASSED = "PASSED", pgettext_lazy("of an inspection", "Passed")
        FAILED = "FAILED", pgettext_lazy("of an inspection", "Failed")

    equipment = models.ForeignKey(
        Equipment,
        on_delete=models.PROTECT,
        related_name="inspections",
        verbose_name=_("drawing equipment"),
    )
    what = models.CharField(max_length=300, verbose_name=_("what was inspected"))
    outcome = models.CharField(max_length=6, choices=Outcome.choices, verbose_name=_("outcome"))
    inspected_at = models.DateTimeField(verbose_name=_("inspected at"))
    valid_until = models.DateTimeField(null=True, verbose_name=_("valid until"))
    certificate_number = models.CharField(
        max_length=60, default="", blank=True, verbose_name=_("certificate number")
    )
    certified_by = models.CharField(
        max_length=100, default="", blank=True, verbose_name=_("certified by")
    )
    first_inspector = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("first inspector"),
    )
    second_inspector = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("second inspector"),
    )
    approval_code = models.CharField(max_length=20, unique=True, verbose_name=_("approval"))
    recorded_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("inspection")
        verbose_name_plural = _("inspections")
        constraints = [
            models.CheckConstraint(
                name="inspection_outcome_known",
                condition=Q(outcome="FAILED", valid_until__isnull=True)
                | (
                    Q(outcome="PASSED", valid_until__gt=F("inspected_at"))
                    & ~Q(certificate_number="")
                ),
            ),
            models.CheckConstraint(
                name="inspection_by_two", condition=~Q(first_inspector=F("second_inspector"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.equipment_id} {self.inspected_at:%Y-%m-%d}"


class Assignment(models.Model):
    """Which piece serves which place of a draw, who chose it and how; the last edition counts."""

    MACHINE = "machine"  # the place of the machine; ball sets are placed by their zone

    draw = models.ForeignKey(
        "games.Draw",
        on_delete=models.PROTECT,
        related_name="assignments",
        verbose_name=_("draw"),
    )
    equipment = models.ForeignKey(
        Equipment,
        on_delete=models.PROTECT,
        related_name="assignments",
        verbose_name=_("drawing equipment"),
    )
    place = models.CharField(max_length=12, verbose_name=_("place"))
    is_reserve = models.BooleanField(default=False, verbose_name=_("reserve"))
    edition = models.SmallIntegerField(verbose_name=_("edition"))
    chosen_by = models.CharField(max_length=100, verbose_name=_("chosen by"))
    chosen_how = models.CharField(max_length=200, verbose_name=_("how it was chosen"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("recorded by"),
    )
    recorded_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("equipment of a draw")
        verbose_name_plural = _("equipment of draws")
        constraints = [
            models.UniqueConstraint(
                name="assignment_once_per_edition",
                fields=["draw", "place", "is_reserve", "edition"],
            ),
            models.CheckConstraint(
                name="assignment_says_who_chose",
                condition=~Q(chosen_by="") & ~Q(chosen_how=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.draw_id} {self.place}"


class DrawMinutes(models.Model):
    """One edition of the minutes of a drawing in canonical JSON; a correction is another (F064)."""

    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="minutes", verbose_name=_("draw")
    )
    edition = models.SmallIntegerField(verbose_name=_("edition"))
    reason = models.CharField(
        max_length=300, default="", blank=True, verbose_name=_("reason of the correction")
    )
    body = models.TextField(verbose_name=_("text"))
    digest = models.CharField(max_length=64, verbose_name=_("digest"))
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("written by"),
    )
    person_code = models.CharField(max_length=36, verbose_name=_("person"))
    written_at = models.DateTimeField(verbose_name=_("written at"))

    class Meta:
        verbose_name = _("draw minutes")
        verbose_name_plural = _("draw minutes")
        constraints = [
            models.UniqueConstraint(name="minutes_once_per_edition", fields=["draw", "edition"]),
            models.CheckConstraint(
                name="minutes_correction_has_reason",
                condition=Q(edition=1, reason="") | (Q(edition__gt=1) & ~Q(reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.draw_id}/{self.edition}"


class MinutesSignature(models.Model):
    """The word of a second person: these minutes are right."""

    minutes = models.OneToOneField(
        DrawMinutes,
        on_delete=models.PROTECT,
        related_name="signature",
        verbose_name=_("draw minutes"),
    )
    digest = models.CharField(max_length=64, verbose_name=_("digest"))
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("signed by"),
    )
    person_code = models.CharField(max_length=36, verbose_name=_("person"))
    signed_at = models.DateTimeField(verbose_name=_("signed at"))

    class Meta:
        verbose_name = _("signature under draw minutes")
        verbose_name_plural = _("signatures under draw minutes")

    def __str__(self) -> str:
        return self.digest[:8]
