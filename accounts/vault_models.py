"""What keeps a winner's data with those who need it: agreements, signatures, looks, consent."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.codes import new_code


class ConfidentialityAgreement(models.Model):
    """One version, in one language, of what staff sign before they see winners' data (F099)."""

    version = models.PositiveIntegerField(verbose_name=_("version"))
    language = models.CharField(max_length=10, verbose_name=_("language"))
    title = models.CharField(max_length=100, verbose_name=_("title"))
    body = models.TextField()
    published_at = models.DateTimeField(verbose_name=_("published at"))

    class Meta:
        verbose_name = _("confidentiality agreement")
        verbose_name_plural = _("confidentiality agreements")
        constraints = [
            models.UniqueConstraint(name="confidentiality_once", fields=["version", "language"])
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.language}"


class ConfidentialitySignature(models.Model):
    """That a person signed one version, in the very words whose digest stands here."""

    person = models.ForeignKey(
        "accounts.Person",
        on_delete=models.PROTECT,
        related_name="confidentiality_signatures",
        verbose_name=_("person"),
    )
    user = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", verbose_name=_("account")
    )
    agreement = models.ForeignKey(
        ConfidentialityAgreement,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("text that was signed"),
    )
    digest = models.CharField(max_length=64, verbose_name=_("digest of the text"))
    signed_at = models.DateTimeField(verbose_name=_("signed at"))

    class Meta:
        verbose_name = _("signature on confidentiality")
        verbose_name_plural = _("signatures on confidentiality")
        constraints = [
            models.CheckConstraint(
                name="confidentiality_digest_is_one",
                condition=Q(digest__regex="^[0-9a-f]{64}$"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.agreement_id}"


class WinnerLook(models.Model):
    """That somebody opened the record of a winner: whose, what, why; written before it opens."""

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the record")
    )
    winner = models.ForeignKey(
        "accounts.Player", on_delete=models.PROTECT, related_name="+", verbose_name=_("winner")
    )
    reader = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )
    fields: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=20), verbose_name=_("what was shown")
    )
    reference = models.CharField(
        max_length=60, default="", blank=True, verbose_name=_("on account of")
    )
    reason = models.CharField(max_length=200, default="", blank=True, verbose_name=_("reason"))
    looked_at = models.DateTimeField(verbose_name=_("at"))

    class Meta:
        verbose_name = _("look at a winner's record")
        verbose_name_plural = _("looks at winners' records")
        constraints = [
            models.CheckConstraint(
                name="winner_look_has_a_reason", condition=~Q(reference="") | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="winner_look_shows_something", condition=Q(fields__len__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.code


class PersonRegion(models.Model):
    """The province that a person's citizen id names, "" for none: all that statistics know."""

    person = models.OneToOneField(
        "accounts.Person",
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="region",
        verbose_name=_("person"),
    )
    region = models.CharField(max_length=2, default="", blank=True, verbose_name=_("region"))
    recorded_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("region of a person")
        verbose_name_plural = _("regions of persons")
        constraints = [
            models.CheckConstraint(
                name="person_region_is_a_province", condition=Q(region__regex="^([1-8][0-9])?$")
            )
        ]

    def __str__(self) -> str:
        return self.region


class PublicityChoice(models.Model):
    """What a winner allowed to be published about one prize, or that he took it back (F100)."""

    winner = models.ForeignKey(
        "accounts.Player",
        on_delete=models.PROTECT,
        related_name="publicity_choices",
        verbose_name=_("winner"),
    )
    object_code = models.CharField(max_length=60, verbose_name=_("prize"))
    shows: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=10), verbose_name=_("what may be shown")
    )
    chosen_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )
    chosen_at = models.DateTimeField(verbose_name=_("chosen at"))

    class Meta:
        verbose_name = _("consent to publicity")
        verbose_name_plural = _("consents to publicity")
        indexes = [models.Index(fields=["object_code", "-id"], name="publicity_by_prize")]
        constraints = [
            models.CheckConstraint(
                name="publicity_shows_known",
                condition=Q(shows__contained_by=["SURNAME", "PLACE", "OUTLET"]),
            ),
        ]

    def __str__(self) -> str:
        return self.object_code
