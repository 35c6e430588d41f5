"""Plans and tickets taken back, to look at; what concerns a sealed draw is not looked at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from audit.admin import RecordedAdmin
from games import words
from lottery_portal.lib.codes import shown
from lottery_portal.lib.money import yuan

from .admin import WithheldAdmin
from .models import Cancellation, Plan, PlanStep


@admin.register(Plan)
class PlanAdmin(RecordedAdmin):
    """Plans without their picks, which are ciphertext."""

    record_type = "plan"
    list_display = ("number", "player_number", "game", "draws", "amount", "state", "begun_at")
    list_filter = ("state", "channel", "is_shadow")
    search_fields = ("code", "player__code")
    list_select_related = ("player", "game")
    ordering = ("-pk",)
    fields = (
        "number", "player_number", "game", "first_draw", "draws", "lines", "amount", "stop_from",
        "channel", "is_shadow", "state", "reason", "waits_because", "begun_at", "ended_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("plan number"), ordering="code")
    def number(self, row: Plan) -> str:
        """The number in groups of four."""
        return shown(row.code)

    @admin.display(description=_("player number"), ordering="player")
    def player_number(self, row: Plan) -> str:
        """Whose it is, by number."""
        return shown(row.player.code)

    @admin.display(description=_("Price of a draw (yuan)"), ordering="price")
    def amount(self, row: Plan) -> str:
        """Money as people write it."""
        return yuan(row.price)


@admin.register(PlanStep)
class PlanStepAdmin(WithheldAdmin):
    """What became of the draws of plans."""

    record_type = "plan_step"
    list_display = ("plan", "position", "draw_name", "outcome", "reason", "at")
    list_filter = ("outcome",)
    search_fields = ("plan__code", "draw__code")
    list_select_related = ("plan", "draw__game")
    ordering = ("-pk",)
    fields = ("plan", "position", "draw_name", "outcome", "ticket", "reason", "at")
    readonly_fields = fields

    @admin.display(description=_("draw"), ordering="draw")
    def draw_name(self, row: PlanStep) -> str:
        """The draw by game and issue."""
        return words.draw(row.draw)


@admin.register(Cancellation)
class CancellationAdmin(WithheldAdmin):
    """Tickets that their owners took back."""

    record_type = "cancellation"
    list_display = ("ticket", "draw_name", "amount_yuan", "channel", "cancelled_at")
    list_filter = ("channel", "is_shadow")
    search_fields = ("ticket__code", "draw__code")
    list_select_related = ("ticket", "draw__game")
    ordering = ("-pk",)
    fields = ("ticket", "draw_name", "amount_yuan", "minutes", "channel", "cancelled_at")
    readonly_fields = fields

    @admin.display(description=_("draw"), ordering="draw")
    def draw_name(self, row: Cancellation) -> str:
        """The draw by game and issue."""
        return words.draw(row.draw)

    @admin.display(description=_("Given back (yuan)"), ordering="amount")
    def amount_yuan(self, row: Cancellation) -> str:
        """Money as people write it."""
        return yuan(row.amount)
