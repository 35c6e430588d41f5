"""Purchases and tickets to look at; nothing is changed here, and a sealed draw is not looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts import permission
from audit.admin import RecordedAdmin
from games import words
from lottery_portal.lib import codes
from lottery_portal.lib.admin import ReadOnlyAdmin
from lottery_portal.lib.codes import shown
from lottery_portal.lib.money import yuan

from . import read_ban, staff_picks
from .models import DrawRefund, HolderNotice, OpenedSeal, Purchase, Receipt, Ticket
from .read_ban import SealedDataAsked
from .tickets import CHANNELS


class WithheldAdmin(RecordedAdmin):
    """Rows of tickets: those of a sealed draw are left out, and whoever asks is written down.

    `draw_path` leads from a row to its draw.
    """

    draw_path = "draw"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the rows of a draw that is sealed and not yet held."""
        under_seal = {f"{self.draw_path}__state": read_ban.SEALED}
        return super().get_queryset(request).exclude(**under_seal)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """The row, or `SealedDataAsked` when it is there and its draw is sealed."""
        row = super().get_object(request, object_id, from_field)
        if row is not None or not object_id.isdecimal():
            return row
        every = super().get_queryset(request).filter(pk=object_id)
        draws = every.filter(**{f"{self.draw_path}__state": read_ban.SEALED})
        code = draws.values_list(f"{self.draw_path}__code", flat=True).first()
        if code is not None:
            raise SealedDataAsked(draw=code)
        return None

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list; when tickets are left out it says so, and the look is recorded."""
        if draws := read_ban.withheld():
            read_ban.log_attempt(actor=request.user, where=request.path, draws=draws)
            messages.warning(request, read_ban.notice(draws))
        return super().changelist_view(request, extra_context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One row, recorded; of a sealed draw 403 and the reason."""
        view = super().change_view
        return self._or_refused(request, lambda: view(request, object_id, form_url, extra_context))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The history of a row; of a sealed draw 403 and the reason."""
        view = super().history_view
        return self._or_refused(request, lambda: view(request, object_id, extra_context))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Nothing is deleted; of a sealed draw it says why there is nothing to see either."""
        view = super().delete_view
        return self._or_refused(request, lambda: view(request, object_id, extra_context))

    def _or_refused(self, request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
        try:
            return view()
        except SealedDataAsked as refusal:
            draw = refusal.figures["draw"]
            read_ban.log_attempt(actor=request.user, where=request.path, draws=[draw])
            return sealed_page(request, refusal)


def sealed_page(request: HttpRequest, refusal: SealedDataAsked) -> HttpResponse:
    """403 in words; who may ask for the seal to be opened finds the way to it."""
    may_ask = permission.may(request.user, "sales:desk_break_glass")
    address = reverse("sales:desk_break_glass", args=[refusal.figures["draw"]])
    page = {"nav": "draws", "refusal": refusal, "ask_url": address if may_ask else ""}
    return render(request, "desk/sealed.html", page, status=refusal.status)


class WithChannel(WithheldAdmin):
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

    record_type = "purchase"
    draw_path = "tickets__draw"
    list_display = ("number", "player_number", "amount", "way", "bought_at")
    list_filter = ("channel",)
    search_fields = ("code", "player__code")
    list_select_related = ("player",)
    ordering = ("-pk",)
    fields = ("number", "player_number", "amount", "way", "request_key", "bought_at")
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


@admin.register(Ticket)
class TicketAdmin(WithChannel):
    """Tickets; picks stand on the page of one ticket, while the law lets them be read."""

    record_type = "ticket"
    list_display = ("number", "draw_name", "player_number", "lines", "amount", "way", "sold_at")
    list_filter = ("channel", "is_shadow")
    search_fields = ("code", "owner__code", "purchase__code", "draw__code")
    list_select_related = ("draw__game", "owner")
    ordering = ("-pk",)
    fields = (
        "number", "purchase", "position", "draw", "rule", "player_number", "picks", "lines",
        "amount", "way", "outlet_code", "province", "format_version", "is_shadow", "sold_at",
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

    @admin.display(description=_("Picks"))
    def picks(self, row: Ticket) -> SafeString:
        """The picks in words, as the sales tables have them."""
        picked = staff_picks.of([row]).get(row.pk, ())
        return format_html_join("", "<div>{}</div>", ((one,) for one in picked))


@admin.register(Receipt)
class ReceiptAdmin(WithheldAdmin):
    """Signatures under tickets; the owner's copy is the owner's alone."""

    record_type = "receipt"
    record_code = "ticket__code"
    draw_path = "ticket__draw"
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


@admin.register(OpenedSeal)
class OpenedSealAdmin(RecordedAdmin):
    """Every time a sealed draw was opened to reading."""

    record_type = "opened_seal"
    record_code = "approval_code"
    list_display = ("draw", "approval", "maker", "checker", "opened_at", "closes_at")
    search_fields = ("draw__code", "approval_code")
    list_select_related = ("draw", "maker", "checker")
    ordering = ("-pk",)
    fields = ("draw", "approval", "reason", "maker", "checker", "opened_at", "closes_at")
    readonly_fields = fields

    @admin.display(description=_("approval"), ordering="approval_code")
    def approval(self, row: OpenedSeal) -> str:
        """By whose word."""
        return shown(row.approval_code)


@admin.register(DrawRefund)
class DrawRefundAdmin(ReadOnlyAdmin):
    """Refunds of cancelled draws."""

    list_display = ("draw", "tickets", "amount", "begun_at", "done_at")
    list_select_related = ("draw",)
    ordering = ("-begun_at",)

    @admin.display(description=_("stakes"), ordering="stake")
    def amount(self, row: DrawRefund) -> str:
        """What was sold, in yuan."""
        return yuan(row.stake)


@admin.register(HolderNotice)
class HolderNoticeAdmin(ReadOnlyAdmin):
    """What holders of tickets were told."""

    list_display = ("key", "draw", "kind", "told", "asked_at", "done_at")
    list_select_related = ("draw",)
    ordering = ("-asked_at",)
