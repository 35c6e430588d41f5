"""Purchases and tickets to look at; nothing is changed here, and a sealed draw is not looked at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from games import words
from lottery_portal.lib import codes
from lottery_portal.lib.admin import ReadOnlyAdmin
from lottery_portal.lib.codes import shown
from lottery_portal.lib.money import yuan

from .models import Purchase, Receipt, Ticket
from .reports import WITHHELD
from .tickets import CHANNELS


class WithChannel(ReadOnlyAdmin):
    """A list whose rows came in by a channel, and are found by numbers as people write them."""

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        return super().get_search_results(request, queryset, _found_by(search_term))

    @admin.display(description=_("sales channel"), ordering="channel")
    def way(self, row: Purchase | Ticket) -> str:
        """The channel in words."""
        return str(CHANNELS.get(row.channel, row.channel))


def _found_by(typed: str) -> str:
    """A number without its dashes; anything else, as the code of a draw, as it is."""
    number = codes.typed(typed)
    return number if codes.is_valid(number) else typed


@admin.register(Purchase)
class PurchaseAdmin(WithChannel):
    """Deeds of buying."""

    list_display = ("number", "player_number", "amount", "way", "bought_at")
    list_filter = ("channel",)
    search_fields = ("code", "player__code")
    list_select_related = ("player",)
    ordering = ("-pk",)
    fields = (
        "number", "player_number", "amount", "way", "request_key", "request_hash", "bought_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("purchase number"), ordering="code")
    def number(self, row: Purchase) -> str:
        """The number in groups of four."""
        return shown(row.code)

    @admin.display(description=_("player number"), ordering="player")
    def player_number(self, row: Purchase) -> str:
        """Who bought, by number."""
        return shown(row.player.code)

    @admin.display(description=_("Price (yuan)"), ordering="price")
    def amount(self, row: Purchase) -> str:
        """Money as people write it."""
        return yuan(row.price)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the purchases of a draw that is sealed and not yet held."""
        return super().get_queryset(request).exclude(tickets__draw__state=WITHHELD)


@admin.register(Ticket)
class TicketAdmin(WithChannel):
    """Tickets; their picks are not shown here."""

    list_display = ("number", "draw_name", "player_number", "lines", "amount", "way", "sold_at")
    list_filter = ("channel", "is_shadow")
    search_fields = ("code", "owner__code", "purchase__code", "draw__code")
    list_select_related = ("draw__game", "owner")
    ordering = ("-pk",)
    fields = (
        "number", "purchase", "position", "draw", "rule", "player_number", "lines", "amount", "way",
        "outlet_code", "province", "format_version", "is_shadow", "sold_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("Ticket"), ordering="code")
    def number(self, row: Ticket) -> str:
        """The code as it is printed."""
        return shown(row.code)

    @admin.display(description=_("draw"), ordering="draw")
    def draw_name(self, row: Ticket) -> str:
        """The draw by game and issue."""
        return words.draw(row.draw)

    @admin.display(description=_("player number"), ordering="owner")
    def player_number(self, row: Ticket) -> str:
        """Whose it is, by number."""
        return shown(row.owner.code)

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

    list_display = ("number", "key_id")
    search_fields = ("ticket__code",)
    list_select_related = ("ticket",)
    ordering = ("-pk",)
    fields = ("number", "key_id", "signature")
    readonly_fields = fields

    @admin.display(description=_("ticket"), ordering="ticket")
    def number(self, row: Receipt) -> str:
        """The ticket as it is printed."""
        return shown(row.ticket.code)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without those of a draw that is sealed and not yet held."""
        return super().get_queryset(request).exclude(ticket__draw__state=WITHHELD)
