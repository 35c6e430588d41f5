"""Purchases, tickets, selections, receipts. `sales_sell()` writes them; nobody changes them."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.money import MoneyField


class PurchaseQuerySet(models.QuerySet["Purchase"]):
    """Questions about purchases."""

    def of(self, player_id: int) -> PurchaseQuerySet:
        """Those of one player."""
        return self.filter(player_id=player_id)


class Purchase(models.Model):
    """One deed of buying, under the key of the request that asked for it (F043)."""

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("purchase number")
    )
    player = models.ForeignKey(
        "accounts.Player", on_delete=models.PROTECT, related_name="+", verbose_name=_("player")
    )
    request_key = models.UUIDField(verbose_name=_("request key"))
    request_hash = models.CharField(max_length=64, verbose_name=_("digest of the request"))
    price = MoneyField(verbose_name=_("price in fen"))
    channel = models.CharField(max_length=10, verbose_name=_("sales channel"))
    bought_at = models.DateTimeField(verbose_name=_("bought at"))

    objects = models.Manager.from_queryset(PurchaseQuerySet)()
    _tickets: list[Ticket] | None = None

    class Meta:
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        constraints = [
            models.UniqueConstraint(
                name="purchase_once_per_request", fields=["player", "request_key"]
            ),
            models.CheckConstraint(name="purchase_price_positive", condition=Q(price__gt=0)),
        ]

    def __str__(self) -> str:
        return self.code

    def remember(self, tickets: Sequence[Ticket]) -> None:
        """Keep the tickets that were just written for it, so that nobody asks for them again."""
        self._tickets = list(tickets)

    def sold(self) -> list[Ticket]:
        """Its tickets in order; asked for once."""
        if self._tickets is None:
            self._tickets = list(self.tickets.select_related("draw__game").order_by("position"))
        return self._tickets


class TicketQuerySet(models.QuerySet["Ticket"]):
    """Questions about tickets."""

    def of(self, player_id: int) -> TicketQuerySet:
        """Those of one player."""
        return self.filter(owner_id=player_id)


class Ticket(models.Model):
    """One ticket for one draw, bound to its owner at sale (F044, F047). Its status is derived."""

    code = models.CharField(max_length=20, unique=True, verbose_name=_("ticket number"))
    # The indexes below begin with these columns. One of the draw alone would be taken for a short
    # way to a ticket by a planner that has no figures yet, and every sale would read all tickets.
    purchase = models.ForeignKey(
        Purchase,
        on_delete=models.PROTECT,
        related_name="tickets",
        db_index=False,
        verbose_name=_("purchase"),
    )
    position = models.SmallIntegerField(verbose_name=_("place in the purchase"))
    # The sale makes sure of draw and rule: constraints would write a lock of every sale into two
    # rows that all sales share. Neither row is ever deleted.
    draw = models.ForeignKey(
        "games.Draw",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("draw"),
    )
    rule = models.ForeignKey(
        "games.RuleSheet",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("rule version"),
    )
    owner = models.ForeignKey(
        "accounts.Player",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("owner of the ticket"),
    )
    price = MoneyField(verbose_name=_("price in fen"))
    lines = models.IntegerField(verbose_name=_("lines"))
    format_version = models.SmallIntegerField(verbose_name=_("format version"))
    channel = models.CharField(max_length=10, verbose_name=_("sales channel"))
    outlet_code = models.CharField(
        max_length=20, default="", blank=True, verbose_name=_("sales outlet")
    )
    province = models.CharField(
        max_length=6, default="", blank=True, verbose_name=_("province code")
    )
    is_shadow = models.BooleanField(verbose_name=_("shadow"))
    xid = models.BigIntegerField()
    sold_at = models.DateTimeField(verbose_name=_("sold at"))

    objects = models.Manager.from_queryset(TicketQuerySet)()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        constraints = [
            models.CheckConstraint(
                name="ticket_price_capped", condition=Q(price__gt=0, price__lte=20_000_00)
            ),
            models.CheckConstraint(name="ticket_has_lines", condition=Q(lines__gt=0)),
            models.UniqueConstraint(
                name="ticket_place_in_purchase", fields=["purchase", "position"]
            ),
        ]
        indexes = [
            models.Index(name="ticket_of_draw", fields=["draw", "id"]),
            models.Index(name="ticket_of_owner", fields=["owner", "-id"]),
        ]

    def __str__(self) -> str:
        return self.code


class Selection(models.Model):
    """One set of picks, as masks, never expanded into lines (D6). Partitioned by draw (D3)."""

    pk = models.CompositePrimaryKey("draw_id", "id")
    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    id = models.BigIntegerField()
    ticket = models.ForeignKey(
        Ticket, on_delete=models.PROTECT, related_name="selections", db_constraint=False
    )
    position = models.SmallIntegerField()
    bet_type = models.CharField(max_length=12)
    lines = models.IntegerField()
    multiplier = models.SmallIntegerField()
    is_quick_pick = models.BooleanField()
    amount = MoneyField()
    mask_1 = models.BigIntegerField()
    mask_2 = models.BigIntegerField()
    mask_3 = models.BigIntegerField()
    mask_4 = models.BigIntegerField()

    class Meta:
        managed = False  # partitioned by draw: the table is made in a migration
        db_table = "sales_selection"
        verbose_name = _("selection")
        verbose_name_plural = _("selections")

    def __str__(self) -> str:
        return f"{self.ticket_id}/{self.position}"

    @property
    def masks(self) -> tuple[int, int, int, int]:
        """Bankers and picks of the first zone, bankers and picks of the second."""
        return self.mask_1, self.mask_2, self.mask_3, self.mask_4


class Receipt(models.Model):
    """Our signature under a ticket, given at once (F044, R20), with the owner's copy of its line.

    The copy is ciphertext; `own_copy` opens it for the owner and for nobody else.
    """

    ticket = models.OneToOneField(
        Ticket, on_delete=models.PROTECT, related_name="receipt", verbose_name=_("ticket")
    )
    key_id = models.CharField(max_length=16, verbose_name=_("signing key"))
    signature = models.CharField(max_length=88, verbose_name=_("signature"))
    leaf = models.BinaryField(max_length=32, verbose_name=_("leaf"))
    copy = models.TextField(verbose_name=_("owner's copy"))

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")

    def __str__(self) -> str:
        return str(self.ticket_id)


class OpenedSeal(models.Model):
    """That the sealed sales data of a draw were opened to reading, by whose word, until when.

    Only `sales_open_seal()` writes it, from the approval itself (article 22, N07).
    """

    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="+", verbose_name=_("draw")
    )
    approval_code = models.CharField(max_length=20, unique=True, verbose_name=_("approval"))
    reason = models.CharField(max_length=500, verbose_name=_("reason"))
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("asked for by"),
    )
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("approved by"),
    )
    opened_at = models.DateTimeField(verbose_name=_("opened at"))
    closes_at = models.DateTimeField(verbose_name=_("open until"))

    class Meta:
        db_table = "sales_opened_seal"
        verbose_name = _("opening of a seal")
        verbose_name_plural = _("openings of seals")
        constraints = [
            models.CheckConstraint(
                name="seal_closes_after_it_opens", condition=Q(closes_at__gt=F("opened_at"))
            )
        ]
        indexes = [models.Index(name="opened_seal_of_draw", fields=["draw", "closes_at"])]

    def __str__(self) -> str:
        return self.approval_code


class SealBlock(models.Model):
    """A stretch of a sealed file: its tickets by serial, without a gap, and their root (F051).

    The serial of a ticket is the number of its line among the tickets of the file, from 1.
    """

    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="+", verbose_name=_("draw")
    )
    number = models.IntegerField(verbose_name=_("number"))
    first_serial = models.BigIntegerField(verbose_name=_("first serial"))
    tickets = models.IntegerField(verbose_name=_("tickets"))
    first_ticket = models.BigIntegerField(verbose_name=_("first ticket"))
    last_ticket = models.BigIntegerField(verbose_name=_("last ticket"))
    root = models.CharField(max_length=64, verbose_name=_("root"))

    class Meta:
        verbose_name = _("block of a sealed file")
        verbose_name_plural = _("blocks of sealed files")
        constraints = [
            models.UniqueConstraint(name="seal_block_once", fields=["draw", "number"]),
            models.CheckConstraint(
                name="seal_block_in_order",
                condition=Q(
                    number__gte=0,
                    tickets__gt=0,
                    first_serial__gt=0,
                    first_ticket__lte=F("last_ticket"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.draw_id}/{self.number}"


class RollingCheck(models.Model):
    """What the witness was told of a draw: the tickets in a stretch of the log, and its signature.

    `tickets` and `stake` are totals up to here, `cancelled` and `returned` what was taken back of
    them. The row is written before the witness is asked, so that after a crash it is told exactly
    the same.
    """

    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="+", verbose_name=_("draw")
    )
    number = models.IntegerField(verbose_name=_("number"))
    from_size = models.BigIntegerField(verbose_name=_("entries of the log before"))
    log_size = models.BigIntegerField(verbose_name=_("entries of the log"))
    tickets = models.BigIntegerField(verbose_name=_("tickets"))
    stake = MoneyField(verbose_name=_("stake"))
    cancelled = models.BigIntegerField(default=0, verbose_name=_("tickets taken back"))
    returned = MoneyField(default=0, verbose_name=_("stake given back"))
    is_closing = models.BooleanField(verbose_name=_("last of the draw"))
    asked_at = models.DateTimeField(verbose_name=_("asked at"))
    root = models.CharField(max_length=64, default="", blank=True, verbose_name=_("root"))
    key_id = models.CharField(max_length=40, default="", blank=True, verbose_name=_("key"))
    signature = models.CharField(max_length=88, default="", blank=True, verbose_name=_("signature"))
    told_at = models.DateTimeField(null=True, verbose_name=_("signed at"))

    class Meta:
        verbose_name = _("rolling check")
        verbose_name_plural = _("rolling checks")
        constraints = [
            models.UniqueConstraint(name="rolling_check_once", fields=["draw", "number"]),
            models.UniqueConstraint(
                name="rolling_check_closes_once", fields=["draw"], condition=Q(is_closing=True)
            ),
            models.CheckConstraint(
                name="rolling_check_goes_on",
                condition=Q(number__gt=0, from_size__gte=0, log_size__gte=F("from_size")),
            ),
            models.CheckConstraint(
                name="rolling_check_gives_back_what_was_sold",
                condition=Q(
                    cancelled__gte=0,
                    cancelled__lte=F("tickets"),
                    returned__gte=0,
                    returned__lte=F("stake"),
                ),
            ),
            models.CheckConstraint(
                name="rolling_check_signed_has_time",
                condition=Q(told_at__isnull=True, signature="")
                | (Q(told_at__isnull=False) & ~Q(signature="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.draw_id}/{self.number}"


# Plans over several draws, tickets taken back, and what becomes of tickets whose draw is cancelled
# stand in modules of their own.
# ruff: noqa: E402 - taken up under their own names, below the tables they point to
from .plan_models import Cancellation, Plan, PlanStep
from .refund_models import DrawRefund, HolderNotice, TicketRefund

__all__ = [
    "Cancellation",
    "DrawRefund",
    "HolderNotice",
    "OpenedSeal",
    "Plan",
    "PlanStep",
    "Purchase",
    "Receipt",
    "RollingCheck",
    "SealBlock",
    "Selection",
    "Ticket",
    "TicketRefund",
]
