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

    draw = models.OneToOneField("games.Draw", on_delete=models.PROTECT, related_name="settlement")
    state = models.CharField(max_length=9, choices=State.choices, default=State.COUNTING)
    chunks = models.IntegerField()
    halt_reason = models.CharField(max_length=300, default="", blank=True)
    begun_at = models.DateTimeField()
    priced_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

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

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="parts")
    number = models.IntegerField()
    first_ticket = models.BigIntegerField()
    last_ticket = models.BigIntegerField()
    counted_at = models.DateTimeField(null=True)
    credited_at = models.DateTimeField(null=True)
    winners: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict)

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

    ticket = models.OneToOneField("sales.Ticket", on_delete=models.PROTECT, related_name="hit")
    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    tiers: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField()

    class Meta:
        verbose_name = _("hit")
        verbose_name_plural = _("hits")
        indexes = [models.Index(name="hit_of_draw", fields=["draw", "ticket"])]

    def __str__(self) -> str:
        return str(self.ticket_id)


class PrizeSheet(models.Model):
    """The money of one draw: sales, pool, fund, and what rolls on. Written once, never changed."""

    draw = models.OneToOneField("games.Draw", on_delete=models.PROTECT, related_name="prize_sheet")
    sales = MoneyField()
    prize_money = MoneyField()
    pool_before = MoneyField()
    pool_after = MoneyField()
    fund_paid = MoneyField()
    rounding_to_fund = MoneyField()
    special_on_next = models.BooleanField(default=False)
    computed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("prize sheet")
        verbose_name_plural = _("prize sheets")

    def __str__(self) -> str:
        return str(self.draw_id)


class TierOutcome(models.Model):
    """One tier of a draw: winning lines and the prize of each line."""

    draw = models.ForeignKey("games.Draw", on_delete=models.PROTECT, related_name="tier_outcomes")
    tier = models.SmallIntegerField()
    winners = models.BigIntegerField()
    prize = MoneyField()

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

    ticket = models.OneToOneField("sales.Ticket", on_delete=models.PROTECT, related_name="prize")
    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    owner = models.ForeignKey(
        "accounts.Player", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    amount = MoneyField()
    tiers: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    route = models.CharField(max_length=6, choices=Route.choices)
    entry_reference = models.CharField(max_length=80)
    settled_at = models.DateTimeField()

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
