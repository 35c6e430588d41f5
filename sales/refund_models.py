"""What becomes of the tickets of a cancelled draw, and what their holders were told."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.money import MoneyField


class DrawRefund(models.Model):
    """The refund of a whole draw: what was sold when it was cancelled, and when all was back."""

    draw = models.OneToOneField(
        "games.Draw", on_delete=models.PROTECT, related_name="+", verbose_name=_("draw")
    )
    tickets = models.BigIntegerField(verbose_name=_("tickets"))
    stake = MoneyField(verbose_name=_("stakes (fen)"))
    begun_at = models.DateTimeField(verbose_name=_("begun at"))
    done_at = models.DateTimeField(null=True, verbose_name=_("done at"))

    class Meta:
        verbose_name = _("refund of a draw")
        verbose_name_plural = _("refunds of draws")
        indexes = [
            models.Index(
                name="draw_refund_under_way", fields=["begun_at"], condition=Q(done_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return str(self.draw_id)


class TicketRefund(models.Model):
    """That the price of one ticket went back with its cancelled draw; once (F075).

    A ticket that its owner had taken back before (`Cancellation`) was refunded then and has none.
    Only `sales_refund_next()` writes it, with the entry in the books.
    """

    ticket = models.OneToOneField(
        "sales.Ticket", on_delete=models.PROTECT, related_name="refund", verbose_name=_("ticket")
    )
    draw = models.ForeignKey(
        "games.Draw",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("draw"),
    )
    amount = MoneyField(verbose_name=_("amount (fen)"))
    reference = models.CharField(max_length=60, unique=True, verbose_name=_("entry in the books"))
    refunded_at = models.DateTimeField(verbose_name=_("refunded at"))

    class Meta:
        verbose_name = _("refund of a ticket")
        verbose_name_plural = _("refunds of tickets")
        indexes = [models.Index(name="ticket_refund_of_draw", fields=["draw", "ticket"])]

    def __str__(self) -> str:
        return self.reference


class HolderNotice(models.Model):
    """Something that everybody who holds tickets of a draw is told, and how far that has come."""

    key = models.CharField(max_length=60, unique=True, verbose_name=_("key"))
    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="+", verbose_name=_("draw")
    )
    kind = models.CharField(max_length=60, verbose_name=_("kind"))
    params: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, verbose_name=_("figures")
    )
    last_ticket = models.BigIntegerField(default=0, verbose_name=_("told up to ticket"))
    told = models.BigIntegerField(default=0, verbose_name=_("people told"))
    asked_at = models.DateTimeField(verbose_name=_("asked for at"))
    done_at = models.DateTimeField(null=True, verbose_name=_("done at"))

    class Meta:
        verbose_name = _("message to holders of tickets")
        verbose_name_plural = _("messages to holders of tickets")
        indexes = [
            models.Index(
                name="holder_notice_under_way",
                fields=["asked_at"],
                condition=Q(done_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.key
