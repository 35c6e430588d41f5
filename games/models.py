"""Games, rules, licences, switches, draws, seals, results, announcements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lottery_portal.lib.money import MoneyField

from .blind_models import BlindEntry


class Game(models.Model):
    """A game on sale. Shadow games serve drills and never meet real money (D20)."""

    code = models.CharField(max_length=20, unique=True, verbose_name=_("code"))
    rules_game = models.CharField(
        max_length=12, verbose_name=_("rules of")
    )  # whose rules in `games.rules` it follows
    name = models.CharField(max_length=40, verbose_name=pgettext_lazy("of a game", "name"))
    is_shadow = models.BooleanField(default=False, verbose_name=_("drill"))
    position = models.SmallIntegerField(default=0, verbose_name=_("position"))

    class Meta:
        verbose_name = _("game")
        verbose_name_plural = _("games")

    def __str__(self) -> str:
        return self.code


class RuleSheet(models.Model):
    """A rule version in force, as the canonical sheet that seals and verifiers name (D5, F021)."""

    code = models.CharField(max_length=30, verbose_name=_("code"))
    game = models.ForeignKey(
        Game, on_delete=models.PROTECT, related_name="rule_sheets", verbose_name=_("game")
    )
    sheet = models.TextField(verbose_name=_("rule sheet"))
    digest = models.CharField(max_length=64, verbose_name=_("digest"))
    line_price = MoneyField(verbose_name=_("price of a line (fen)"))
    first_issue = models.CharField(max_length=10, verbose_name=_("first issue"))
    approval_code = models.CharField(max_length=20, verbose_name=_("approval"))
    loaded_at = models.DateTimeField(verbose_name=_("loaded at"))
    file = models.ForeignKey(
        "games.RuleFile",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("rule file"),
    )  # null: its value came with a release of this house

    class Meta:
        verbose_name = _("rule version")
        verbose_name_plural = _("rule versions")
        constraints = [
            models.UniqueConstraint(name="rule_sheet_once", fields=["game", "code"]),
            models.CheckConstraint(name="rule_sheet_has_approval", condition=~Q(approval_code="")),
        ]

    def __str__(self) -> str:
        return self.code


class SalesSwitch(models.Model):
    """Sales switched off for all, one game, one channel or one player (F039)."""

    scope = models.CharField(
        max_length=60, unique=True, verbose_name=_("what is switched")
    )  # all, game:ssq, channel:web, player:CODE
    is_off = models.BooleanField(verbose_name=_("switched off"))
    reason = models.CharField(max_length=200, verbose_name=_("reason"))
    switched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("switched by"),
    )
    switched_at = models.DateTimeField(verbose_name=_("switched at"))

    class Meta:
        verbose_name = _("sales switch")
        verbose_name_plural = _("sales switches")
        constraints = [
            models.CheckConstraint(name="sales_switch_has_reason", condition=~Q(reason=""))
        ]

    def __str__(self) -> str:
        return self.scope


class DrawQuerySet(models.QuerySet["Draw"]):
    """Questions about draws."""

    def real(self) -> DrawQuerySet:
        """Draws of the real books."""
        return self.filter(is_shadow=False)

    def on_sale(self, *, now: datetime) -> DrawQuerySet:
        """Draws that take tickets at `now`; the database judges the sale itself."""
        return self.filter(state=Draw.State.OPEN, closes_at__gt=now)


class Draw(models.Model):
    """One period of sale and its drawing. Its state goes forward only (F056)."""

    class State(models.TextChoices):
        SCHEDULED = "SCHEDULED", _("Planned")
        OPEN = "OPEN", _("On sale")
        CLOSED = "CLOSED", _("Closed")
        SEALED = "SEALED", _("Sealed")
        DRAWN = "DRAWN", _("Drawn")
        CONFIRMED = "CONFIRMED", _("Confirmed")
        SETTLED = "SETTLED", _("Settled")
        PUBLISHED = "PUBLISHED", _("Published")
        ARCHIVED = "ARCHIVED", _("Archived")
        CANCELLED = "CANCELLED", _("Cancelled")

    class Mode(models.TextChoices):
        OWN = "OWN", _("Own pool")
        ANNOUNCED = "ANNOUNCED", _("Announced by the issuer")

    code = models.CharField(max_length=32, unique=True, verbose_name=_("code"))
    game = models.ForeignKey(
        Game, on_delete=models.PROTECT, related_name="draws", verbose_name=_("game")
    )
    issue = models.CharField(max_length=10, verbose_name=_("issue"))
    rule = models.ForeignKey(
        RuleSheet, on_delete=models.PROTECT, related_name="draws", verbose_name=_("rule version")
    )
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.SCHEDULED, verbose_name=_("state")
    )
    opens_at = models.DateTimeField(verbose_name=_("sales open at"))
    closes_at = models.DateTimeField(verbose_name=_("sales close at"))
    draws_at = models.DateTimeField(verbose_name=_("drawn at"))
    special_on = models.BooleanField(default=False, verbose_name=_("special rule"))
    # Set by the database when the draw goes on sale, and never again.
    mode = models.CharField(
        max_length=9, choices=Mode.choices, default=Mode.OWN, verbose_name=_("who sets the prizes")
    )
    is_shadow = models.BooleanField(default=False, verbose_name=_("drill"))
    planned_at = models.DateTimeField(verbose_name=_("planned at"))

    objects = models.Manager.from_queryset(DrawQuerySet)()

    class Meta:
        verbose_name = _("draw")
        verbose_name_plural = _("draws")
        constraints = [
            models.UniqueConstraint(name="draw_once_per_issue", fields=["game", "issue"]),
            models.CheckConstraint(
                name="draw_state_known",
                condition=Q(
                    state__in=[
                        "SCHEDULED",
                        "OPEN",
                        "CLOSED",
                        "SEALED",
                        "DRAWN",
                        "CONFIRMED",
                        "SETTLED",
                        "PUBLISHED",
                        "ARCHIVED",
                        "CANCELLED",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="draw_mode_known", condition=Q(mode__in=["OWN", "ANNOUNCED"])
            ),
            models.CheckConstraint(
                name="draw_times_in_order",
                condition=Q(opens_at__lt=F("closes_at"), closes_at__lt=F("draws_at")),
            ),
        ]
        indexes = [models.Index(name="draw_by_state", fields=["state", "closes_at"])]

    def __str__(self) -> str:
        return self.code


class DrawTransition(models.Model):
    """Each step of a draw: from, to, who (empty: the clock), when."""

    draw = models.ForeignKey(
        Draw, on_delete=models.PROTECT, related_name="transitions", verbose_name=_("draw")
    )
    from_state = models.CharField(
        max_length=9, choices=Draw.State.choices, verbose_name=_("from state")
    )
    to_state = models.CharField(
        max_length=9, choices=Draw.State.choices, verbose_name=_("to state")
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("done by"),
    )
    at = models.DateTimeField(verbose_name=_("done at"))

    class Meta:
        verbose_name = _("step of a draw")
        verbose_name_plural = _("steps of draws")
        constraints = [
            models.UniqueConstraint(name="draw_enters_a_state_once", fields=["draw", "to_state"])
        ]

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"


class SealStatement(models.Model):
    """What was sold, frozen under a root before the draw (F057)."""

    draw = models.OneToOneField(
        Draw, on_delete=models.PROTECT, related_name="seal", verbose_name=_("draw")
    )
    format_version = models.SmallIntegerField(verbose_name=_("format version"))
    root = models.CharField(max_length=64, verbose_name=_("root"))
    previous_root = models.CharField(
        max_length=64, default="", blank=True, verbose_name=_("root before it")
    )
    rule_digest = models.CharField(max_length=64, verbose_name=_("digest of the rule"))
    tickets = models.BigIntegerField(verbose_name=_("tickets"))
    lines = models.BigIntegerField(verbose_name=_("lines"))
    stake = MoneyField(verbose_name=_("stakes (fen)"))
    by_bet_type: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, verbose_name=_("by kind of bet")
    )
    file_name = models.CharField(max_length=120, verbose_name=_("file name"))
    file_digest = models.CharField(max_length=64, verbose_name=_("digest of the file"))
    file_size = models.BigIntegerField(verbose_name=_("size of the file"))
    statement = models.TextField(verbose_name=_("statement"))
    closed_at = models.DateTimeField(verbose_name=_("closed at"))
    sealed_at = models.DateTimeField(verbose_name=_("sealed at"))

    class Meta:
        verbose_name = _("seal statement")
        verbose_name_plural = _("seal statements")

    def __str__(self) -> str:
        return self.root[:8]


class BlindEntries(models.Manager["ResultEntry"]):
    """Entries without their numbers: the application writes those and may not read them."""

    def get_queryset(self) -> models.QuerySet[ResultEntry]:
        return super().get_queryset().defer("numbers")


class ResultEntry(BlindEntry):
    """The numbers as one official typed them, blind; two equal ones make a result (F061)."""

    draw = models.ForeignKey(
        Draw, on_delete=models.PROTECT, related_name="result_entries", verbose_name=_("draw")
    )
    numbers: models.JSONField[list[list[int]], list[list[int]]] = models.JSONField(
        verbose_name=_("drawn numbers")
    )
    # The announcement that the numbers were taken from; none: they were typed from paper.
    taken_from = models.CharField(
        max_length=64, default="", blank=True, verbose_name=_("taken from the announcement")
    )

    objects = BlindEntries()

    class Meta:
        verbose_name = _("result entry")
        verbose_name_plural = _("result entries")
        constraints = [
            models.UniqueConstraint(
                name="result_entry_once_per_person", fields=["draw", "round", "person_code"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.draw_id}/{self.round}"


class Result(models.Model):
    """The drawn numbers, confirmed by two equal blind entries; never changed."""

    draw = models.OneToOneField(
        Draw, on_delete=models.PROTECT, related_name="result", verbose_name=_("draw")
    )
    numbers: models.JSONField[list[list[int]], list[list[int]]] = models.JSONField(
        verbose_name=_("drawn numbers")
    )
    mask_1 = models.BigIntegerField(verbose_name=_("first zone as bits"))
    mask_2 = models.BigIntegerField(verbose_name=_("second zone as bits"))
    first_entry = models.OneToOneField(
        ResultEntry, on_delete=models.PROTECT, related_name="+", verbose_name=_("first entry")
    )
    second_entry = models.OneToOneField(
        ResultEntry, on_delete=models.PROTECT, related_name="+", verbose_name=_("second entry")
    )
    confirmed_at = models.DateTimeField(verbose_name=_("confirmed at"))

    class Meta:
        verbose_name = _("result")
        verbose_name_plural = _("results")
        constraints = [
            models.CheckConstraint(
                name="result_from_two_entries", condition=~Q(first_entry=F("second_entry"))
            )
        ]

    def __str__(self) -> str:
        return str(self.draw_id)


class CalendarNotice(models.Model):
    """A change of a draw's times, told to the public with its reason (F025)."""

    draw = models.ForeignKey(
        Draw, on_delete=models.PROTECT, related_name="calendar_notices", verbose_name=_("draw")
    )
    closes_before = models.DateTimeField(verbose_name=_("sales were to close at"))
    closes_after = models.DateTimeField(verbose_name=_("sales close at"))
    draws_before = models.DateTimeField(verbose_name=_("was to be drawn at"))
    draws_after = models.DateTimeField(verbose_name=_("drawn at"))
    reason = models.CharField(max_length=300, verbose_name=_("reason"))
    approval_code = models.CharField(max_length=20, verbose_name=_("approval"))
    published_at = models.DateTimeField(verbose_name=_("published at"))

    class Meta:
        verbose_name = _("notice of a changed time")
        verbose_name_plural = _("notices of changed times")
        constraints = [
            models.CheckConstraint(name="calendar_notice_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="calendar_notice_has_approval", condition=~Q(approval_code="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.draw_id} {self.published_at:%Y-%m-%d}"


class Announcement(models.Model):
    """A result as published: an official one of the past (D22), or that of our own `draw`."""

    draw = models.OneToOneField(
        Draw,
        on_delete=models.PROTECT,
        null=True,
        related_name="announcement",
        verbose_name=_("draw"),
    )  # null: an official result, no draw of ours
    game = models.ForeignKey(
        Game, on_delete=models.PROTECT, related_name="announcements", verbose_name=_("game")
    )
    issue = models.CharField(max_length=10, verbose_name=_("issue"))
    drawn_on = models.DateField(verbose_name=_("drawn on"))
    numbers: models.JSONField[list[list[int]], list[list[int]]] = models.JSONField(
        verbose_name=_("drawn numbers")
    )
    sales = models.BigIntegerField(
        null=True, verbose_name=_("sales (fen)")
    )  # fen; null: the source does not say
    pool = models.BigIntegerField(null=True, verbose_name=_("pool after (fen)"))
    tiers: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        default=list, verbose_name=_("prize tiers")
    )  # [{"tier": 1, "winners": 2, "prize_fen": 1000000000}, …], missing values are null
    special_on = models.BooleanField(null=True, verbose_name=_("special rule"))
    note = models.CharField(max_length=300, default="", blank=True, verbose_name=_("note"))
    source = models.CharField(max_length=100, verbose_name=_("source"))
    recorded_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        constraints = [
            models.UniqueConstraint(name="announcement_once_per_issue", fields=["game", "issue"])
        ]
        indexes = [models.Index(name="announcement_latest", fields=["game", "-issue"])]

    def __str__(self) -> str:
        return f"{self.game_id} {self.issue}"


# What a drawing is held with, what it leaves, and what stands under a seal: modules of their own.
# ruff: noqa: E402, PLC0414 - taken up under their own names, below the tables they point to
from . import seal_models as _seal_models  # noqa: F401
from .announced_models import AnnouncedEntry as AnnouncedEntry
from .announced_models import DifferenceDecision as DifferenceDecision
from .announced_models import IssuerAnnouncement as IssuerAnnouncement
from .announced_models import PrizeMode as PrizeMode
from .calendar_models import DrawCancellation as DrawCancellation
from .calendar_models import MarketClosure as MarketClosure
from .calendar_models import NoticeDelivery as NoticeDelivery
from .drawing_models import Assignment as Assignment
from .drawing_models import DrawMinutes as DrawMinutes
from .drawing_models import Equipment as Equipment
from .drawing_models import EquipmentChange as EquipmentChange
from .drawing_models import Inspection as Inspection
from .drawing_models import MinutesSignature as MinutesSignature
from .licence_models import Licence as Licence
from .licence_models import LicenceEnding as LicenceEnding
from .licence_models import LicenceReminder as LicenceReminder
from .limits_models import LimitedLine as LimitedLine
from .monitor_models import MonitorReading as MonitorReading
from .rule_models import RuleFile as RuleFile
from .rule_models import RuleNotice as RuleNotice
