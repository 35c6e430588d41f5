"""Lines that are withdrawn from sale for one draw (限量)."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class LimitedLine(models.Model):
    """A line that is no longer sold for a draw: whoever has it in a bet is refused (RULES §6).

    `kinds` are the bet types in which it may not be, all those of its play; the masks are laid as
    those of picks. Written by `limits.withdraw`, never changed: what was withdrawn stays so.
    """

    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="limited_lines", verbose_name=_("draw")
    )
    play = models.CharField(max_length=12, verbose_name=_("play"))
    numbers: models.JSONField[list[list[int]], list[list[int]]] = models.JSONField(
        verbose_name=_("numbers")
    )
    kinds = ArrayField(models.CharField(max_length=12), verbose_name=_("bet types"))
    mask_1 = models.BigIntegerField(verbose_name=_("first word of bits"))
    mask_2 = models.BigIntegerField(verbose_name=_("second word of bits"))
    reason = models.CharField(max_length=200, verbose_name=_("reason"))
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("withdrawn by"),
    )
    withdrawn_at = models.DateTimeField(verbose_name=_("withdrawn at"))

    class Meta:
        verbose_name = _("line withdrawn from sale")
        verbose_name_plural = _("lines withdrawn from sale")
        constraints = [
            models.UniqueConstraint(
                name="limited_line_once", fields=["draw", "play", "mask_1", "mask_2"]
            ),
            models.CheckConstraint(name="limited_line_has_reason", condition=~models.Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.draw_id} {self.play} {self.numbers}"
