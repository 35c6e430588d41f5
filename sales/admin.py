"""Purchases and tickets to look at; nothing is changed here, and a sealed draw is not looked at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.admin import ReadOnlyAdmin
from lottery_portal.lib.codes import shown
from lottery_portal.lib.money import yuan

from .models import Purchase, Receipt, Ticket
from .reports import WITHHELD


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    """Deeds of buying."""

    list_display = ("code", "player", "amount", "channel", "bought_at")
    list_filter = ("channel",)
    search_fields = ("code", "player__code")
    list_select_related = ("player",)
    ordering = ("-pk",)
    fields = ("code", "player", "amount", "channel", "request_key", "request_hash", "bought_at")
    readonly_fields = fields

    @admin.display(description=_("Price (yuan)"), ordering="price")
    def amount(self, row: Purchase) -> str:
        """Money as people write it."""
        return yuan(row.price)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the purchases of a draw that is sealed and not yet held."""
        return super().get_queryset(request).exclude(tickets__draw__state=WITHHELD)


@admin.register(Ticket)
class TicketAdmin(ReadOnlyAdmin):
    """Tickets; their picks are not shown here."""

    list_display = ("number", "draw", "owner", "lines", "amount", "channel", "sold_at")
    list_filter = ("channel", "is_shadow")
    search_fields = ("code", "owner__code", "purchase__code", "draw__code")
    list_select_related = ("draw", "owner")
    ordering = ("-pk",)
    fields = (
        "number", "purchase", "position", "draw", "rule", "owner", "lines", "amount", "channel",
        "outlet_code", "province", "format_version", "is_shadow", "sold_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("Ticket"), ordering="code")
    def number(self, row: Ticket) -> str:
        """The code as it is printed."""
        return shown(row.code)

    @admin.display(description=_("Price (yuan)"), ordering="price")
    def amount(self, row: Ticket) -> str:
        """Money as people write it."""
        return yuan(row.price)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the tickets of a draw that is sealed and not yet held."""
        return super().get_queryset(request).exclude(draw__state=WITHHELD)


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    """Signatures under tickets."""

    list_display = ("ticket", "key_id")
    search_fields = ("ticket__code",)
    list_select_related = ("ticket",)
    ordering = ("-pk",)
    fields = ("ticket", "key_id", "signature")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without those of a draw that is sealed and not yet held."""
        return super().get_queryset(request).exclude(ticket__draw__state=WITHHELD)
