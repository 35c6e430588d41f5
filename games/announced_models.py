"""Amounts that the issuer of a game announces: when a game goes by them, what was announced, and
what two people decided where it differs from the rules."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .blind_models import BlindEntry


class PrizeMode(models.Model):
    """From which day on a game pays by its own pool, or what its issuer announces; public notice.

    A draw takes the mode of its day when it goes on sale, and keeps it.
    """

    game = models.ForeignKey(
        "games.Game", on_delete=models.PROTECT, related_name="prize_modes", verbose_name=_("game")
    )
    mode = models.CharField(
        max_length=9,
        choices=[("OWN", _("Own pool")), ("ANNOUNCED", _("Announced by the issuer"))],
        verbose_name=_("who sets the prizes"),
    )
    starts_on = models.DateField(verbose_name=_("for draws from"))
    document = models.CharField(max_length=200, verbose_name=_("document"))
    approval_code = models.CharField(max_length=20, verbose_name=_("approval"))
    published_at = models.DateTimeField(verbose_name=_("published at"))

    class Meta:
        verbose_name = _("change of who sets the prizes")
        verbose_name_plural = _("changes of who sets the prizes")
        constraints = [
            models.CheckConstraint(
                name="prize_mode_known", condition=Q(mode__in=["OWN", "ANNOUNCED"])
            ),
            models.CheckConstraint(name="prize_mode_has_document", condition=~Q(document="")),
            models.CheckConstraint(name="prize_mode_has_approval", condition=~Q(approval_code="")),
        ]
        indexes = [models.Index(name="prize_mode_of_game", fields=["game", "-starts_on", "-id"])]

    def __str__(self) -> str:
        return f"{self.game_id} {self.mode} {self.starts_on}"


class BlindAnnouncedEntries(models.Manager["AnnouncedEntry"]):
    """Entries without what was typed: the application writes it and may not read it."""

    def get_queryset(self) -> models.QuerySet[AnnouncedEntry]:
        return super().get_queryset().defer("body")


class AnnouncedEntry(BlindEntry):
    """An announcement as one official typed it from paper, blind; two equal ones count."""

    draw = models.ForeignKey(
        "games.Draw",
        on_delete=models.PROTECT,
        related_name="announced_entries",
        verbose_name=_("draw"),
    )
    body = models.TextField(verbose_name=_("announcement"))

    objects = BlindAnnouncedEntries()

    class Meta:
        verbose_name = _("typed announcement")
        verbose_name_plural = _("typed announcements")
        constraints = [
            models.UniqueConstraint(
                name="announced_entry_once_per_person", fields=["draw", "round", "person_code"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.draw_id}/{self.round}"


class IssuerAnnouncement(models.Model):
    """What the issuer announced of one of our draws, in the very words; the last edition counts.

    Either a file that a registered key of the issuer signed, or typed alike by two people.
    `differences` is what of it does not come out by the rules; nothing, or people decide.
    """

    class Source(models.TextChoices):
        FILE = "FILE", _("Signed file")
        TYPED = "TYPED", _("Typed by two people")

    draw = models.ForeignKey(
        "games.Draw",
        on_delete=models.PROTECT,
        related_name="issuer_announcements",
        verbose_name=_("draw"),
    )
    edition = models.SmallIntegerField(verbose_name=_("edition"))
    body = models.TextField(verbose_name=_("announcement"))
    digest = models.CharField(max_length=64, verbose_name=_("digest"))
    source = models.CharField(max_length=5, choices=Source.choices, verbose_name=_("source"))
    file_name = models.CharField(max_length=100, default="", blank=True, verbose_name=_("file"))
    key_id = models.CharField(max_length=40, default="", blank=True, verbose_name=_("key"))
    signature = models.CharField(
        max_length=120, default="", blank=True, verbose_name=_("signature")
    )
    first_entry = models.OneToOneField(
        AnnouncedEntry,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("first entry"),
    )
    second_entry = models.OneToOneField(
        AnnouncedEntry,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("second entry"),
    )
    differences: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        default=list, verbose_name=_("differences")
    )
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("imported by"),
    )
    recorded_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("announcement of an issuer")
        verbose_name_plural = _("announcements of issuers")
        constraints = [
            models.UniqueConstraint(
                name="issuer_announcement_edition_once", fields=["draw", "edition"]
            ),
            models.UniqueConstraint(
                name="issuer_announcement_content_once", fields=["draw", "digest"]
            ),
            models.CheckConstraint(
                name="issuer_announcement_signed_or_typed",
                condition=Q(source="FILE", first_entry__isnull=True, second_entry__isnull=True)
                & ~Q(key_id="")
                & ~Q(signature="")
                | Q(
                    source="TYPED",
                    first_entry__isnull=False,
                    second_entry__isnull=False,
                    key_id="",
                    signature="",
                )
                & ~Q(first_entry=F("second_entry")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.draw_id}/{self.edition}"


class DifferenceDecision(models.Model):
    """That a draw is paid as announced though the rules say otherwise: two people, a reason."""

    announcement = models.OneToOneField(
        IssuerAnnouncement,
        on_delete=models.PROTECT,
        related_name="decision",
        verbose_name=_("announcement"),
    )
    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="+", verbose_name=_("draw")
    )
    reason = models.CharField(max_length=300, verbose_name=_("reason"))
    approval_code = models.CharField(max_length=20, verbose_name=_("approval"))
    decided_at = models.DateTimeField(verbose_name=_("decided at"))

    class Meta:
        verbose_name = _("decision on a difference")
        verbose_name_plural = _("decisions on differences")
        constraints = [
            models.CheckConstraint(name="difference_decision_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return str(self.announcement_id)
