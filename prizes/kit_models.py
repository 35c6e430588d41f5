"""The regulator's kit of a draw: which archive was made, when, and what it hashes to."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kit(models.Model):
    """One edition of a draw's kit; another is made when a paper in it changes (F230)."""

    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="kits", verbose_name=_("draw")
    )
    edition = models.SmallIntegerField(verbose_name=_("edition"))
    file_name = models.CharField(max_length=120, verbose_name=_("file name"))
    size = models.BigIntegerField(verbose_name=_("size"))
    digest = models.CharField(max_length=64, verbose_name=_("digest"))
    # Over names and digests of what lies inside: tells whether there is anything new to pack.
    content_digest = models.CharField(max_length=64, verbose_name=_("digest of the content"))
    made_at = models.DateTimeField(verbose_name=_("made at"))

    class Meta:
        verbose_name = _("regulator's kit")
        verbose_name_plural = _("regulator's kits")
        constraints = [
            models.UniqueConstraint(name="kit_once_per_edition", fields=["draw", "edition"])
        ]

    def __str__(self) -> str:
        return self.file_name
