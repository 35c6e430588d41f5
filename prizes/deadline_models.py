"""Until when prizes are claimed: the period of a draw, what stops the clock and what moves the day.

All of it is evidence: rows are written once. A hold is lifted by a row of its own.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.ids import uuid7

from .claim_models import SCANS


class ClaimPeriod(models.Model):
    """The period of one draw as the rules of its game say, worked out when it was settled (F078).

    The calendar of holidays counts here, once; the database only compares days with it.
    """

    class Moved(models.TextChoices):
        NO = "", _("not moved")
        HOLIDAY = "HOLIDAY", _("public holiday")
        CLOSURE = "CLOSURE", _("closure of the lottery market")

    draw = models.OneToOneField(
        "games.Draw", on_delete=models.PROTECT, related_name="claim_period", verbose_name=_("draw")
    )
    drawn_on = models.DateField(verbose_name=_("drawn on"))
    days = models.SmallIntegerField(verbose_name=_("natural days"))
    moved_by = models.CharField(
        max_length=7, choices=Moved.choices, default="", blank=True, verbose_name=_("moved on by")
    )
    last_day = models.DateField(verbose_name=_("last day"))
    set_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("period for claims")
        verbose_name_plural = _("periods for claims")
        constraints = [
            models.CheckConstraint(
                name="claim_period_within_sixty_days", condition=Q(days__gte=1, days__lte=60)
            ),
            models.CheckConstraint(
                name="claim_period_moved_is_known",
                condition=Q(moved_by__in=["", "HOLIDAY", "CLOSURE"]),
            ),
        ]
        indexes = [models.Index(name="claim_period_last_day", fields=["last_day"])]

    def __str__(self) -> str:
        return f"{self.draw_id} {self.last_day}"


class HoldQuerySet(models.QuerySet["Hold"]):
    """Holds as pages ask for them."""

    def standing(self) -> HoldQuerySet:
        """Those that are not lifted."""
        return self.filter(lift__isnull=True)


class Hold(models.Model):
    """The clock of a prize stands, and nobody pays it, until the hold is lifted (F081, F087)."""

    class Kind(models.TextChoices):
        COURT = "COURT", _("Order of a court")
        DISPUTE = "DISPUTE", _("Dispute")
        MINOR = "MINOR", _("Winner under age")
        INVESTIGATION = "INVESTIGATION", _("Investigation")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the hold")
    )
    prize = models.ForeignKey(
        "prizes.Prize", on_delete=models.PROTECT, related_name="holds", verbose_name=_("prize")
    )
    kind = models.CharField(max_length=13, choices=Kind.choices, verbose_name=_("kind"))
    order_reference = models.CharField(max_length=80, verbose_name=_("number of the order"))
    reason = models.CharField(max_length=300, verbose_name=_("reason"))
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("opened by"),
    )
    opened_at = models.DateTimeField(verbose_name=_("since"))

    objects = models.Manager.from_queryset(HoldQuerySet)()

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [
            models.CheckConstraint(
                name="hold_kind_known",
                condition=Q(kind__in=["COURT", "DISPUTE", "MINOR", "INVESTIGATION"]),
            ),
            models.CheckConstraint(
                name="hold_names_its_order", condition=~Q(order_reference="") & ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return self.code


class HoldLift(models.Model):
    """That a hold is over: by whose decision, and by the word of another (F081)."""

    hold = models.OneToOneField(
        Hold, on_delete=models.PROTECT, related_name="lift", verbose_name=_("hold")
    )
    decision = models.CharField(max_length=120, verbose_name=_("decision"))
    approval_code = models.CharField(max_length=20, unique=True, verbose_name=_("approval"))
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("asked for by"),
    )
    lifted_at = models.DateTimeField(verbose_name=_("until"))

    class Meta:
        verbose_name = _("lifting of a hold")
        verbose_name_plural = _("liftings of holds")
        constraints = [
            models.CheckConstraint(name="hold_lift_names_the_decision", condition=~Q(decision=""))
        ]

    def __str__(self) -> str:
        return str(self.hold_id)


class HoldPaper(models.Model):
    """A paper of a hold: ciphertext bound to its row, its SHA-256 in the clear (F087).

    The proof of a guardian, and the decision of counsel without which no hold of a winner under age
    is lifted. `digest` and `size` are those of the paper as it is kept.
    """

    class Kind(models.TextChoices):
        GUARDIAN = "GUARDIAN", _("Proof of a guardian")
        COUNSEL = "COUNSEL", _("Decision of counsel")
        OTHER = "OTHER", _("Another paper")

    row_uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    hold = models.ForeignKey(
        Hold, on_delete=models.PROTECT, related_name="papers", verbose_name=_("hold")
    )
    kind = models.CharField(max_length=8, choices=Kind.choices, verbose_name=_("kind"))
    media_type = models.CharField(max_length=60, verbose_name=_("media type"))
    size = models.IntegerField(verbose_name=_("size"))
    digest = models.CharField(max_length=64, verbose_name=_("SHA-256"))
    content = models.BinaryField()
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("added by"),
    )
    added_at = models.DateTimeField(verbose_name=_("added at"))

    class Meta:
        verbose_name = _("paper of a hold")
        verbose_name_plural = _("papers of holds")
        constraints = [
            models.UniqueConstraint(name="hold_paper_once", fields=["hold", "kind", "digest"]),
            models.CheckConstraint(
                name="hold_paper_kind_known",
                condition=Q(kind__in=["GUARDIAN", "COUNSEL", "OTHER"]),
            ),
            models.CheckConstraint(
                name="hold_paper_has_digest",
                condition=Q(digest__regex="^[0-9a-f]{64}$", size__gt=0),
            ),
            models.CheckConstraint(
                name="hold_paper_is_no_page", condition=Q(media_type__in=[*SCANS])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hold_id} {self.kind}"


class Extension(models.Model):
    """A request for more time: what stood in the way, until when, and the evidence (F080, F276).

    Whether it is within the time that policy gives after the obstacle, the database judges.
    """

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the request")
    )
    prize = models.ForeignKey(
        "prizes.Prize",
        on_delete=models.PROTECT,
        related_name="extensions",
        verbose_name=_("prize"),
    )
    obstacle = models.CharField(max_length=300, verbose_name=_("obstacle"))
    obstacle_ended_on = models.DateField(verbose_name=_("end of the obstacle"))
    evidence = models.CharField(max_length=200, verbose_name=_("evidence"))
    evidence_digest = models.CharField(max_length=64, verbose_name=_("SHA-256 of the evidence"))
    window_days = models.SmallIntegerField(verbose_name=_("days to ask in"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("asked for by"),
    )
    asked_at = models.DateTimeField(verbose_name=_("asked for at"))

    class Meta:
        verbose_name = _("request for an extension")
        verbose_name_plural = _("requests for extensions")
        constraints = [
            models.CheckConstraint(
                name="extension_has_evidence",
                condition=Q(evidence_digest__regex="^[0-9a-f]{64}$")
                & ~Q(evidence="")
                & ~Q(obstacle=""),
            )
        ]

    def __str__(self) -> str:
        return self.code


class ExtensionLetter(models.Model):
    """The decision on a request, with its reasons, in a letter numbered without a gap (F276)."""

    extension = models.OneToOneField(
        Extension, on_delete=models.PROTECT, related_name="letter", verbose_name=_("request")
    )
    year = models.SmallIntegerField(verbose_name=_("year"))
    number = models.IntegerField(verbose_name=_("no."))
    is_granted = models.BooleanField(verbose_name=_("granted"))
    until_on = models.DateField(null=True, verbose_name=_("new last day"))
    reason = models.CharField(max_length=500, verbose_name=_("reason"))
    approval_code = models.CharField(max_length=20, unique=True, verbose_name=_("approval"))
    body = models.TextField(verbose_name=_("text"))
    digest = models.CharField(max_length=64, verbose_name=_("digest"))
    written_at = models.DateTimeField(verbose_name=_("written at"))

    class Meta:
        verbose_name = _("decision letter")
        verbose_name_plural = _("decision letters")
        constraints = [
            models.UniqueConstraint(name="extension_letter_once", fields=["year", "number"]),
            models.CheckConstraint(name="extension_letter_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="extension_letter_names_the_day",
                condition=Q(is_granted=True, until_on__isnull=False)
                | Q(is_granted=False, until_on__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year}/{self.number}"


class ClaimLimit(models.Model):
    """A later last day of one prize: days given back after a hold, or an extension (N11)."""

    class Kind(models.TextChoices):
        HELD = "HELD", _("Days given back after a hold")
        EXTENDED = "EXTENDED", pgettext_lazy("of the time for claiming", "Extension")

    prize = models.ForeignKey(
        "prizes.Prize", on_delete=models.PROTECT, related_name="limits", verbose_name=_("prize")
    )
    number = models.SmallIntegerField(verbose_name=_("no."))
    kind = models.CharField(max_length=8, choices=Kind.choices, verbose_name=_("kind"))
    before = models.DateField(verbose_name=_("last day before"))
    held_from = models.DateField(null=True, verbose_name=_("held from"))
    held_until = models.DateField(null=True, verbose_name=_("held until"))
    days = models.SmallIntegerField(verbose_name=_("days"))
    moved_by = models.CharField(
        max_length=7,
        choices=ClaimPeriod.Moved.choices,
        default="",
        blank=True,
        verbose_name=_("moved on by"),
    )
    last_day = models.DateField(verbose_name=_("last day"))
    lift = models.OneToOneField(
        HoldLift,
        on_delete=models.PROTECT,
        null=True,
        related_name="limit",
        verbose_name=_("lifting of a hold"),
    )
    letter = models.OneToOneField(
        ExtensionLetter,
        on_delete=models.PROTECT,
        null=True,
        related_name="limit",
        verbose_name=_("decision letter"),
    )
    set_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("later last day")
        verbose_name_plural = _("later last days")
        constraints = [
            models.UniqueConstraint(name="claim_limit_once_per_number", fields=["prize", "number"]),
            models.CheckConstraint(
                name="claim_limit_is_later",
                condition=Q(days__gte=0, last_day__gte=F("before")),
            ),
            models.CheckConstraint(
                name="claim_limit_says_why",
                condition=Q(
                    kind="HELD",
                    lift__isnull=False,
                    letter__isnull=True,
                    held_from__isnull=False,
                    held_until__isnull=False,
                )
                | Q(
                    kind="EXTENDED",
                    lift__isnull=True,
                    letter__isnull=False,
                    held_from__isnull=True,
                    held_until__isnull=True,
                    moved_by="",
                ),
            ),
            models.CheckConstraint(
                name="claim_limit_moved_is_known",
                condition=Q(moved_by__in=["", "HOLIDAY", "CLOSURE"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prize_id} {self.last_day}"
