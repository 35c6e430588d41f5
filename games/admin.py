"""Looking at the rows of this room. Entries of results are not here: they are typed blind."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lottery_portal.lib.admin import ReadOnlyAdmin

from .models import (
    Announcement,
    CalendarNotice,
    Draw,
    DrawTransition,
    Game,
    Licence,
    Result,
    RuleSheet,
    SalesSwitch,
    SealStatement,
)


@admin.register(Game)
class GameAdmin(ReadOnlyAdmin):
    """Games."""

    list_display = ("code", "name", "rules_game", "is_shadow")


@admin.register(RuleSheet)
class RuleSheetAdmin(ReadOnlyAdmin):
    """Rule versions in force."""

    list_display = ("code", "game", "first_issue", "digest", "approval_code", "loaded_at")
    list_select_related = ("game",)


@admin.register(Licence)
class LicenceAdmin(ReadOnlyAdmin):
    """Licences."""

    list_display = ("number", "game", "issued_by", "valid_from", "valid_until", "approval_code")
    list_select_related = ("game",)


@admin.register(SalesSwitch)
class SalesSwitchAdmin(ReadOnlyAdmin):
    """Switches; they are thrown at the desk."""

    list_display = ("scope", "is_off", "reason", "switched_at")
    list_filter = ("is_off",)


@admin.register(Draw)
class DrawAdmin(ReadOnlyAdmin):
    """Draws; deeds are at their desk."""

    list_display = ("code", "state", "rule", "opens_at", "closes_at", "draws_at", "desk")
    list_filter = ("state", "game", "is_shadow")
    list_select_related = ("rule",)
    search_fields = ("code", "issue")
    ordering = ("-closes_at",)

    @admin.display(description=gettext_lazy("Desk"))
    def desk(self, draw: Draw) -> SafeString:
        """The way to the desk of the draw."""
        url = reverse("games:desk_draw", args=[draw.code])
        return format_html('<a href="{}">{}</a>', url, _("Open"))


@admin.register(DrawTransition)
class DrawTransitionAdmin(ReadOnlyAdmin):
    """Steps of draws."""

    list_display = ("draw", "from_state", "to_state", "actor", "at")
    list_filter = ("to_state",)
    list_select_related = ("draw", "actor")
    ordering = ("-pk",)


@admin.register(SealStatement)
class SealStatementAdmin(ReadOnlyAdmin):
    """Seals."""

    list_display = ("draw", "root", "tickets", "lines", "stake", "sealed_at")
    list_select_related = ("draw",)
    ordering = ("-sealed_at",)


@admin.register(Result)
class ResultAdmin(ReadOnlyAdmin):
    """Confirmed results."""

    list_display = ("draw", "numbers", "confirmed_at")
    fields = ("draw", "numbers", "confirmed_at")
    list_select_related = ("draw",)
    ordering = ("-confirmed_at",)


@admin.register(Announcement)
class AnnouncementAdmin(ReadOnlyAdmin):
    """Published results."""

    list_display = ("game", "issue", "drawn_on", "numbers", "source")
    list_select_related = ("game",)
    search_fields = ("issue",)
    ordering = ("-drawn_on", "-issue")


@admin.register(CalendarNotice)
class CalendarNoticeAdmin(ReadOnlyAdmin):
    """Notices of changed times."""

    list_display = ("draw", "closes_after", "draws_after", "reason", "published_at")
    list_select_related = ("draw",)
    ordering = ("-published_at",)
