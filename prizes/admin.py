"""Looking at the rows of this room."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, pgettext

from audit.admin import RecordedAdmin
from lottery_portal.lib.admin import ReadOnlyAdmin
from lottery_portal.lib.money import yuan
from lottery_portal.lib.sentences import shown

from .kit_models import Kit
from .models import (
    Batch,
    Chunk,
    EngineDifference,
    EngineRun,
    Prize,
    PrizeSheet,
    Settlement,
    TierOutcome,
)


@admin.register(Settlement)
class SettlementAdmin(ReadOnlyAdmin):
    """Settlements; a halted one is looked at again at the desk of its draw."""

    list_display = ("draw", "state", "attempt", "halted_for", "begun_at", "done_at", "desk")
    exclude = ("halt_reason",)
    readonly_fields = ("halted_for",)
    list_filter = ("state",)
    list_select_related = ("draw",)
    ordering = ("-begun_at",)

    @admin.display(description=gettext_lazy("reason of the halt"), ordering="halt_reason")
    def halted_for(self, settlement: Settlement) -> str:
        """Why it stands still, in the language of the reader."""
        return shown(settlement.halt_reason)

    @admin.display(description=gettext_lazy("Desk"))
    def desk(self, settlement: Settlement) -> SafeString:
        """The way to the desk of the draw."""
        url = reverse("games:desk_draw", args=[settlement.draw.code])
        return format_html('<a href="{}">{}</a>', url, pgettext("a link", "Open"))


@admin.register(Chunk)
class ChunkAdmin(ReadOnlyAdmin):
    """Parts of settlements."""

    list_display = ("draw", "number", "counted_at", "hits")
    list_select_related = ("settlement__draw",)
    ordering = ("-pk",)

    @admin.display(description=gettext_lazy("draw"), ordering="settlement")
    def draw(self, chunk: Chunk) -> str:
        """Whose part it is."""
        return chunk.settlement.draw.code

    @admin.display(description=gettext_lazy("winning lines"))
    def hits(self, chunk: Chunk) -> str:
        """How many lines won, tier by tier."""
        return ", ".join(f"{tier}: {lines:,}" for tier, lines in sorted(chunk.winners.items()))


@admin.register(EngineRun)
class EngineRunAdmin(ReadOnlyAdmin):
    """Runs of the two engines."""

    list_display = ("code", "engine", "attempt", "result_digest", "why_none", "seconds", "ended_at")
    list_filter = ("engine",)
    search_fields = ("code", "result_digest")
    exclude = ("reason",)
    readonly_fields = ("why_none",)
    ordering = ("-pk",)

    @admin.display(description=gettext_lazy("why there is no result"), ordering="reason")
    def why_none(self, run: EngineRun) -> str:
        """Why it has no result, in the language of the reader."""
        return shown(run.reason)


@admin.register(EngineDifference)
class EngineDifferenceAdmin(ReadOnlyAdmin):
    """What the engines saw differently."""

    list_display = ("draw", "attempt", "position", "subject", "engine_one", "engine_two")
    list_select_related = ("draw",)
    search_fields = ("subject",)
    ordering = ("-pk",)


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """Prizes that are booked together."""

    list_display = ("draw", "number", "winners", "amount_yuan", "credited_at")
    list_select_related = ("run__draw",)
    ordering = ("-pk",)

    @admin.display(description=gettext_lazy("draw"), ordering="run")
    def draw(self, batch: Batch) -> str:
        """Whose prizes they are."""
        return batch.run.draw.code

    @admin.display(description=gettext_lazy("Amount (yuan)"))
    def amount_yuan(self, batch: Batch) -> str:
        """What they are together."""
        return yuan(batch.amount)


@admin.register(PrizeSheet)
class PrizeSheetAdmin(ReadOnlyAdmin):
    """The money of draws."""

    list_display = ("draw", "sales_yuan", "prizes_yuan", "pool_yuan", "fund_yuan", "computed_at")
    list_select_related = ("draw",)
    ordering = ("-computed_at",)

    @admin.display(description=gettext_lazy("Sales (yuan)"))
    def sales_yuan(self, sheet: PrizeSheet) -> str:
        """What was sold."""
        return yuan(sheet.sales)

    @admin.display(description=gettext_lazy("Prizes (yuan)"))
    def prizes_yuan(self, sheet: PrizeSheet) -> str:
        """What was won."""
        total = Prize.objects.filter(draw_id=sheet.draw_id).aggregate(fen=Sum("amount"))["fen"]
        return yuan(total or 0)

    @admin.display(description=gettext_lazy("Pool after (yuan)"))
    def pool_yuan(self, sheet: PrizeSheet) -> str:
        """What the pool holds after the draw."""
        return yuan(sheet.pool_after)

    @admin.display(description=gettext_lazy("Fund paid (yuan)"))
    def fund_yuan(self, sheet: PrizeSheet) -> str:
        """What the adjustment fund paid."""
        return yuan(sheet.fund_paid)


@admin.register(TierOutcome)
class TierOutcomeAdmin(ReadOnlyAdmin):
    """Tiers of draws."""

    list_display = ("draw", "tier", "winners", "prize_yuan")
    list_select_related = ("draw",)
    ordering = ("-draw_id", "tier")

    @admin.display(description=gettext_lazy("Prize a line (yuan)"))
    def prize_yuan(self, outcome: TierOutcome) -> str:
        """What one line gets."""
        return yuan(outcome.prize)


@admin.register(Prize)
class PrizeAdmin(RecordedAdmin):
    """What tickets won and what became of it; whoever opens one stands in the trail (F211).

    A prize that waits for its winner is not among them: who may know of it, gives a reason at the
    list of unclaimed prizes, which keeps what he was shown (F150).
    """

    record_type = "prize"
    record_code = "ticket__code"
    list_display = ("ticket", "draw", "amount_yuan", "route", "settled_at")
    list_filter = ("route",)
    list_select_related = ("ticket", "draw")
    search_fields = ("ticket__code",)
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those that are in a wallet, paid or forfeited."""
        known = Q(route=Prize.Route.WALLET) | Q(end__isnull=False)
        return super().get_queryset(request).filter(known)

    @admin.display(description=gettext_lazy("Amount (yuan)"))
    def amount_yuan(self, prize: Prize) -> str:
        """What it won."""
        return yuan(prize.amount)


@admin.register(Kit)
class KitAdmin(ReadOnlyAdmin):
    """Kits that were made."""

    list_display = ("draw", "edition", "file_name", "size", "digest", "made_at")
    list_select_related = ("draw",)
    ordering = ("-pk",)
