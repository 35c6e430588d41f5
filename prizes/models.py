"""Settlement of draws, and what tickets won."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.money import MoneyField


class Settlement(models.Model):
    """The settling of one draw: counted in chunks, priced once, credited in chunks."""

    class State(models.TextChoices):
        HALTED = "HALTED", _("Halted")
        COUNTING = "COUNTING", _("Counting")
        CREDITING = "CREDITING", _("Crediting")
        DONE = "DONE", _("Done")

    draw = models.OneToOneField(
        "games.Draw", on_delete=models.PROTECT, related_name="settlement", verbose_name=_("draw")
    )
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.COUNTING, verbose_name=_("state")
    )
    chunks = models.IntegerField(verbose_name=_("parts"))
    halt_reason = models.CharField(
        max_length=300, default="", blank=True, verbose_name=_("reason of the halt")
    )
    begun_at = models.DateTimeField(verbose_name=_("settling begun at"))
    priced_at = models.DateTimeField(null=True, verbose_name=_("prizes worked out at"))
    done_at = models.DateTimeField(null=True, verbose_name=_("done at"))

    class Meta:
        verbose_name = _("settlement")
        verbose_name_plural = _("settlements")
        constraints = [
            models.CheckConstraint(
                name="settlement_state_known",
                condition=Q(state__in=["HALTED", "COUNTING", "CREDITING", "DONE"]),
            ),
            models.CheckConstraint(
                name="settlement_halted_has_reason",
                condition=~Q(state="HALTED") | ~Q(halt_reason=""),
            ),
            models.CheckConstraint(
                name="settlement_done_has_time",
                condition=~Q(state="DONE") | Q(done_at__isnull=False),
            ),
            models.CheckConstraint(
                name="settlement_credits_a_priced_draw",
                condition=Q(state__in=["HALTED", "COUNTING"], priced_at__isnull=True)
                | Q(state__in=["CREDITING", "DONE"], priced_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.draw_id)


class Chunk(models.Model):
    """A range of tickets of a draw, both ends included: counted once, credited once."""

    settlement = models.ForeignKey(
        Settlement, on_delete=models.PROTECT, related_name="parts", verbose_name=_("settlement")
    )
    number = models.IntegerField(verbose_name=_("part no."))
    first_ticket = models.BigIntegerField(verbose_name=_("first ticket"))
    last_ticket = models.BigIntegerField(verbose_name=_("last ticket"))
    counted_at = models.DateTimeField(null=True, verbose_name=_("counted at"))
    credited_at = models.DateTimeField(null=True, verbose_name=_("credited at"))
    winners: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(
        default=dict, verbose_name=_("winning lines")
    )

    class Meta:
        verbose_name = _("chunk")
        verbose_name_plural = _("chunks")
        constraints = [
            models.UniqueConstraint(name="chunk_once_per_number", fields=["settlement", "number"]),
            models.CheckConstraint(
                name="chunk_credited_after_counting",
                condition=Q(credited_at__isnull=True) | Q(counted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.settlement_id}/{self.number}"

    def tickets(self) -> Q:
        """The rows of tickets in this chunk, for tables that name a ticket."""
        return Q(ticket_id__gte=self.first_ticket, ticket_id__lte=self.last_ticket)


class Hit(models.Model):
    """How many lines of a ticket won in each tier; found when counting, never changed."""

    ticket = models.OneToOneField(
        "sales.Ticket", on_delete=models.PROTECT, related_name="hit", verbose_name=_("ticket")
    )
    draw = models.ForeignKey(
        "games.Draw",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("draw"),
    )
    tiers: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(
        verbose_name=_("prize tiers")
    )

    class Meta:
        verbose_name = _("hit")
        verbose_name_plural = _("hits")
        indexes = [models.Index(name="hit_of_draw", fields=["draw", "ticket"])]

    def __str__(self) -> str:
        return str(self.ticket_id)


class PrizeSheet(models.Model):
    """The money of one draw: sales, pool, fund, and what rolls on. Written once, never changed."""

    draw = models.OneToOneField(
        "games.Draw", on_delete=models.PROTECT, related_name="prize_sheet", verbose_name=_("draw")
    )
    sales = MoneyField(verbose_name=_("sales (fen)"))
    prize_money = MoneyField(verbose_name=_("prize money (fen)"))
    pool_before = MoneyField(verbose_name=_("pool before (fen)"))
    pool_after = MoneyField(verbose_name=_("pool after (fen)"))
    fund_paid = MoneyField(verbose_name=_("paid by the fund (fen)"))
    rounding_to_fund = MoneyField(verbose_name=_("rounding, to the fund (fen)"))
    special_on_next = models.BooleanField(
        default=False, verbose_name=_("special rule in the next draw")
    )
    computed_at = models.DateTimeField(verbose_name=_("worked out at"))

    class Meta:
        verbose_name = _("prize sheet")
        verbose_name_plural = _("prize sheets")

    def __str__(self) -> str:
        return str(self.draw_id)


class TierOutcome(models.Model):
    """One tier of a draw: winning lines and the prize of each line."""

    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="tier_outcomes", verbose_name=_("draw")
    )
    tier = models.SmallIntegerField(verbose_name=_("prize tier"))
    winners = models.BigIntegerField(verbose_name=_("winning lines"))
    prize = MoneyField(verbose_name=_("prize of a line (fen)"))

    class Meta:
        verbose_name = _("tier outcome")
        verbose_name_plural = _("tier outcomes")
        constraints = [
            models.UniqueConstraint(name="tier_outcome_once", fields=["draw", "tier"]),
            models.CheckConstraint(
                name="tier_outcome_not_negative", condition=Q(winners__gte=0, prize__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.draw_id}/{self.tier}"


class Prize(models.Model):
    """What one ticket won in its draw; one row a ticket, never changed (F067)."""

    class Route(models.TextChoices):
        WALLET = "WALLET", _("To the wallet")
        CENTRE = "CENTRE", _("At the prize centre")

    ticket = models.OneToOneField(
        "sales.Ticket", on_delete=models.PROTECT, related_name="prize", verbose_name=_("ticket")
    )
    draw = models.ForeignKey(
        "games.Draw",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("draw"),
    )
    owner = models.ForeignKey(
        "accounts.Player",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("player"),
    )
    amount = MoneyField(verbose_name=_("amount (fen)"))
    tiers: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        verbose_name=_("prize tiers")
    )
    route = models.CharField(max_length=6, choices=Route.choices, verbose_name=_("paid out"))
    entry_reference = models.CharField(max_length=80, verbose_name=_("entry in the books"))
    settled_at = models.DateTimeField(verbose_name=_("settled at"))

    class Meta:
        verbose_name = _("prize")
        verbose_name_plural = _("prizes")
        constraints = [
            models.CheckConstraint(name="prize_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="prize_route_known", condition=Q(route__in=["WALLET", "CENTRE"])
            ),
        ]
        indexes = [
            models.Index(name="prize_of_owner", fields=["owner", "-id"]),
            models.Index(name="prize_of_draw", fields=["draw", "ticket"]),
        ]

    def __str__(self) -> str:
        return str(self.ticket_id)
