"""What one official typed blind: two people enter, and neither sees what the other entered."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class BlindEntry(models.Model):
    """Whose entry it is and of which round; its table adds the draw and what was typed."""

    round = models.SmallIntegerField(verbose_name=_("round"))
    official = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("draw official"),
    )
    person_code = models.CharField(max_length=36, verbose_name=_("person"))
    entered_at = models.DateTimeField(verbose_name=_("entered at"))

    class Meta:
        abstract = True
