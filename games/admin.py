"""Looking at the rows of this room. Entries of results are not here: they are typed blind."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from audit import alarms, approvals
from audit.named_rows import NamedRows
from lottery_portal.lib.admin import ReadOnlyAdmin
from lottery_portal.lib.money import yuan

from . import words
from .models import (
    Announcement,
    Assignment,
    CalendarNotice,
    DifferenceDecision,
    Draw,
    DrawCancellation,
    DrawMinutes,
    DrawTransition,
    Equipment,
    Game,
    Inspection,
    IssuerAnnouncement,
    Licence,
    LicenceEnding,
    LicenceReminder,
    MarketClosure,
    MonitorReading,
    NoticeDelivery,
    PrizeMode,
    Result,
    RuleSheet,
    SalesSwitch,
    SealStatement,
)
from .seal_models import SealDelivery, SealPublication, SealSignature, SealTimeStamp


class ByApproval(ReadOnlyAdmin):
    """A list whose rows came by an approval."""

    @admin.display(description=gettext_lazy("approval"), ordering="approval_code")
    def approval(self, row: Any) -> str:
        """By whose word."""
        return approvals.named(row.approval_code)


class WithGame(ByApproval):
    """A list whose rows belong to a game, or came by an approval."""

    @admin.display(description=gettext_lazy("game"), ordering="game")
    def game_name(self, row: Any) -> str:
        """What the game is called."""
        return words.game(row.game) if row.game else _("All games")


class WithNumbers(ReadOnlyAdmin):
    """A list whose rows have drawn numbers."""

    @admin.display(description=gettext_lazy("drawn numbers"))
    def drawn(self, row: Any) -> str:
        """The numbers, zone by zone."""
        return " + ".join(" ".join(f"{ball:02d}" for ball in zone) for zone in row.numbers)


@admin.register(Game)
class GameAdmin(ReadOnlyAdmin):
    """Games."""

    list_display = ("code", "title", "rules_game", "is_shadow")

    @admin.display(description=pgettext_lazy("of a game", "name"), ordering="name")
    def title(self, row: Game) -> str:
        """What it is called."""
        return words.game(row)


@admin.register(RuleSheet)
class RuleSheetAdmin(WithGame):
    """Rule versions in force."""

    list_display = ("code", "game_name", "first_issue", "digest", "approval", "loaded_at")
    list_select_related = ("game",)


@admin.register(Licence)
class LicenceAdmin(ByApproval):
    """Licences."""

    list_display = ("number", "covers", "issued_by", "valid_from", "valid_until", "approval")

    @admin.display(description=gettext_lazy("games"))
    def covers(self, row: Licence) -> str:
        """The games that it names, or all."""
        return words.games(row.games)


@admin.register(LicenceEnding)
class LicenceEndingAdmin(ByApproval):
    """Licences that ended before their day."""

    list_display = ("licence", "ends_at", "reason", "approval", "recorded_at")
    list_select_related = ("licence",)


@admin.register(LicenceReminder)
class LicenceReminderAdmin(ReadOnlyAdmin):
    """Reminders that a licence ends."""

    list_display = ("licence", "days", "mailboxes", "sent_at")
    list_select_related = ("licence",)


@admin.register(SalesSwitch)
class SalesSwitchAdmin(NamedRows):
    """Switches; they are thrown at the desk."""

    list_display = ("what", "is_off", "reason", "who", "switched_at")
    fields = list_display
    list_filter = ("is_off",)
    list_select_related = ("switched_by",)
    person_field = "switched_by"

    @admin.display(description=gettext_lazy("what is switched"), ordering="scope")
    def what(self, row: SalesSwitch) -> str:
        """What it switches, in words."""
        return words.scope(row.scope)

    @admin.display(description=gettext_lazy("switched by"), ordering="switched_by")
    def who(self, row: SalesSwitch) -> str:
        """Who threw it."""
        return self.called(row)


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
        return format_html('<a href="{}">{}</a>', url, pgettext("a link", "Open"))


@admin.register(DrawTransition)
class DrawTransitionAdmin(NamedRows):
    """Steps of draws."""

    list_display = ("draw", "from_state", "to_state", "who", "at")
    fields = list_display
    list_filter = ("to_state",)
    person_field = "actor"
    list_select_related = ("draw", "actor")
    ordering = ("-pk",)

    @admin.display(description=gettext_lazy("done by"), ordering="actor")
    def who(self, row: DrawTransition) -> str:
        """Who took it there."""
        return self.called(row)


@admin.register(SealStatement)
class SealStatementAdmin(ReadOnlyAdmin):
    """Seals."""

    list_display = ("draw", "root", "tickets", "lines", "stake_yuan", "sealed_at")
    list_select_related = ("draw",)
    ordering = ("-sealed_at",)

    @admin.display(description=gettext_lazy("Stakes (yuan)"), ordering="stake")
    def stake_yuan(self, seal: SealStatement) -> str:
        """What was staked."""
        return yuan(seal.stake)


class UnderSeal(ReadOnlyAdmin):
    """A list whose rows stand under a seal statement. None of them tells what was bought."""

    list_select_related = ("statement__draw",)
    search_fields = ("statement__draw__code",)

    @admin.display(description=gettext_lazy("draw"), ordering="statement__draw")
    def draw(self, row: Any) -> str:
        """The code of the draw that is sealed."""
        return str(row.statement.draw.code)


@admin.register(SealSignature)
class SealSignatureAdmin(UnderSeal):
    """Signatures under seals: ours, and the independent witness's."""

    list_display = ("draw", "role", "key_id", "algorithm", "signed_at")
    fields = ("draw", "role", "key_id", "algorithm", "signature", "signed_at")
    list_filter = ("role",)
    ordering = ("-signed_at", "-pk")


@admin.register(SealPublication)
class SealPublicationAdmin(UnderSeal):
    """When seals became public."""

    list_display = ("draw", "published_at", "page")
    fields = ("draw", "published_at", "page")
    ordering = ("-published_at", "-pk")

    @admin.display(description=gettext_lazy("Public seal"))
    def page(self, row: SealPublication) -> SafeString:
        """The way to the public page of the seal."""
        url = reverse("games:seal", args=[row.statement.draw.code])
        return format_html('<a href="{}">{}</a>', url, pgettext("a link", "Open"))


@admin.register(SealDelivery)
class SealDeliveryAdmin(UnderSeal):
    """Statements sent to supervisors."""

    list_display = ("draw", "address", "state", "attempts", "asked_at", "at", "detail")
    fields = list_display
    list_filter = ("state",)
    ordering = ("-asked_at", "-pk")


@admin.register(SealTimeStamp)
class SealTimeStampAdmin(UnderSeal):
    """What time-stamping authorities said."""

    list_display = ("draw", "authority", "serial", "stamped_at", "received_at")
    fields = list_display
    ordering = ("-stamped_at", "-pk")


@admin.register(Result)
class ResultAdmin(WithNumbers):
    """Confirmed results."""

    list_display = ("draw", "drawn", "confirmed_at")
    fields = ("draw", "drawn", "confirmed_at")
    list_select_related = ("draw",)
    ordering = ("-confirmed_at",)


@admin.register(Announcement)
class AnnouncementAdmin(WithNumbers, WithGame):
    """Published results."""

    list_display = ("game_name", "issue", "drawn_on", "drawn", "source")
    list_select_related = ("game",)
    search_fields = ("issue",)
    ordering = ("-drawn_on", "-issue")


@admin.register(CalendarNotice)
class CalendarNoticeAdmin(ReadOnlyAdmin):
    """Notices of changed times."""

    list_display = ("draw", "closes_after", "draws_after", "reason", "published_at")
    list_select_related = ("draw",)
    ordering = ("-published_at",)


@admin.register(DrawCancellation)
class DrawCancellationAdmin(ByApproval):
    """Draws that are not held."""

    list_display = ("draw", "from_state", "reason", "approval", "cancelled_at")
    list_select_related = ("draw",)
    ordering = ("-cancelled_at",)


@admin.register(PrizeMode)
class PrizeModeAdmin(ByApproval):
    """Who sets the prizes of a game, from which day on."""

    list_display = ("game", "mode", "starts_on", "document", "approval", "published_at")
    ordering = ("-starts_on", "-pk")


@admin.register(IssuerAnnouncement)
class IssuerAnnouncementAdmin(ReadOnlyAdmin):
    """Announcements of issuers, every edition."""

    list_display = ("draw", "edition", "source", "key_id", "digest", "recorded_at")
    list_select_related = ("draw",)
    ordering = ("-recorded_at", "-pk")


@admin.register(DifferenceDecision)
class DifferenceDecisionAdmin(ByApproval):
    """Draws that are paid as announced, against the rules."""

    list_display = ("draw", "reason", "approval", "decided_at")
    list_select_related = ("draw",)
    ordering = ("-decided_at", "-pk")


@admin.register(MarketClosure)
class MarketClosureAdmin(ByApproval):
    """Market closures as notices of the ministry say."""

    list_display = ("year", "occasion", "first_on", "last_on", "notice", "approval")
    ordering = ("-first_on", "-pk")


@admin.register(NoticeDelivery)
class NoticeDeliveryAdmin(ReadOnlyAdmin):
    """Notices on their way to mailboxes."""

    list_display = ("about", "address", "state", "attempts", "asked_at", "at")
    list_filter = ("about", "state")
    ordering = ("-asked_at", "-pk")


@admin.register(Equipment)
class EquipmentAdmin(NamedRows):
    """Machines and ball sets; inspections and choices are made at the desk."""

    list_display = ("code", "kind", "zone", "maker", "serial_number", "state", "desk")
    fields = (
        "code", "game", "kind", "zone", "maker", "serial_number", "state", "registered_at",
        "registrar", "desk",
    )  # fmt: skip
    list_select_related = ("registered_by",)
    person_field = "registered_by"
    list_filter = ("kind", "state", "game")
    search_fields = ("code", "serial_number")
    ordering = ("code",)

    @admin.display(description=gettext_lazy("registered by"), ordering="registered_by")
    def registrar(self, piece: Equipment) -> str:
        """Who entered it."""
        return self.called(piece)

    @admin.display(description=gettext_lazy("Desk"))
    def desk(self, piece: Equipment) -> SafeString:
        """The way to the page of the piece."""
        url = reverse("games:desk_equipment_piece", args=[piece.code])
        return format_html('<a href="{}">{}</a>', url, pgettext("a link", "Open"))


@admin.register(Inspection)
class InspectionAdmin(NamedRows):
    """Inspections, each by two people."""

    list_display = ("equipment", "outcome", "inspected_at", "valid_until", "first", "second")
    fields = (
        "equipment", "what", "outcome", "inspected_at", "valid_until", "certificate_number",
        "certified_by", "first", "second", "approval",
    )  # fmt: skip
    list_filter = ("outcome",)
    list_select_related = ("equipment", "first_inspector", "second_inspector")
    ordering = ("-inspected_at",)
    person_field = "first_inspector"
    more_people = ("second_inspector",)

    @admin.display(description=gettext_lazy("first inspector"), ordering="first_inspector")
    def first(self, row: Inspection) -> str:
        """Who recorded it."""
        return self.called(row)

    @admin.display(description=gettext_lazy("second inspector"), ordering="second_inspector")
    def second(self, row: Inspection) -> str:
        """Who confirmed it."""
        return self.called(row, "second_inspector")

    @admin.display(description=gettext_lazy("approval"))
    def approval(self, row: Inspection) -> str:
        """By whose word."""
        return approvals.named(row.approval_code)


@admin.register(Assignment)
class AssignmentAdmin(NamedRows):
    """Which pieces served which draws."""

    list_display = ("draw", "place", "equipment", "is_reserve", "edition", "chosen_by", "who")
    fields = (*list_display[:-1], "chosen_how", "who", "recorded_at")
    list_select_related = ("draw", "equipment", "recorded_by")
    ordering = ("-pk",)
    person_field = "recorded_by"

    @admin.display(description=gettext_lazy("recorded by"), ordering="recorded_by")
    def who(self, row: Assignment) -> str:
        """Who wrote the choice down."""
        return self.called(row)


@admin.register(DrawMinutes)
class DrawMinutesAdmin(NamedRows):
    """Editions of draw minutes."""

    list_display = ("draw", "edition", "reason", "digest", "who", "written_at", "desk")
    fields = ("draw", "edition", "reason", "body", "digest", "who", "written_at", "desk")
    list_select_related = ("draw", "written_by")
    ordering = ("-pk",)
    person_field = "written_by"

    @admin.display(description=gettext_lazy("written by"), ordering="written_by")
    def who(self, made: DrawMinutes) -> str:
        """Who wrote them."""
        return self.called(made)

    @admin.display(description=gettext_lazy("Desk"))
    def desk(self, made: DrawMinutes) -> SafeString:
        """The way to the minutes of the draw."""
        url = reverse("games:desk_minutes", args=[made.draw.code])
        return format_html('<a href="{}">{}</a>', url, pgettext("a link", "Open"))


@admin.register(MonitorReading)
class MonitorReadingAdmin(ReadOnlyAdmin):
    """What the monitors read off draws."""

    list_display = ("draw", "monitor", "edition", "measured", "chance", "outcome", "read_at")
    fields = (*list_display[:-2], "count", "facts", "outcome", "read_at")
    list_filter = ("outcome", "detector")
    list_select_related = ("draw",)
    ordering = ("-pk",)

    @admin.display(description=gettext_lazy("monitor"), ordering="detector")
    def monitor(self, reading: MonitorReading) -> str:
        """What the monitor is called."""
        return alarms.title(f"monitor.{reading.detector}")

    @admin.display(description=gettext_lazy("measured"), ordering="statistic")
    def measured(self, reading: MonitorReading) -> str:
        """What was measured, as the page of the monitors writes it."""
        return f"{reading.statistic:.4g}"

    @admin.display(description=gettext_lazy("chance in a fair draw"), ordering="probability")
    def chance(self, reading: MonitorReading) -> str:
        """How likely a fair draw gives that much."""
        return "—" if reading.probability is None else f"{reading.probability:.3g}"
