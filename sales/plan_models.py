"""Multi-draw plans and their steps, and tickets that their owners took back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.money import MoneyField


class PlanQuerySet(models.QuerySet["Plan"]):
    """Questions about plans."""

    def of(self, player_id: int) -> PlanQuerySet:
        """Those of one player."""
        return self.filter(player_id=player_id)

    def running(self) -> PlanQuerySet:
        """Those that have draws to come."""
        return self.filter(state=Plan.State.RUNNING)


class Plan(models.Model):
    """The same picks in so many draws of a game, one after the other, paid for at once (F029).

    The picks are ciphertext: they are those of tickets that may lie under a seal (article 22).
    """

    class State(models.TextChoices):
        RUNNING = "RUNNING", _("Running")
        DONE = "DONE", _("Every draw done")
        STOPPED = "STOPPED", _("Stopped")

    class Reason(models.TextChoices):
        """Why a plan stopped before its last draw."""

        WON = "WON", _("A ticket of the plan won")
        PLAYER = "PLAYER", _("Stopped by yourself")
        RULES = "RULES", _("The rules of the game changed")
        ACCOUNT = "ACCOUNT", _("The account may not buy")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("plan number")
    )
    player = models.ForeignKey(
        "accounts.Player", on_delete=models.PROTECT, related_name="+", verbose_name=_("player")
    )
    game = models.ForeignKey(
        "games.Game", on_delete=models.PROTECT, related_name="+", verbose_name=_("game")
    )
    first_draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="+", verbose_name=_("first draw")
    )
    draws = models.SmallIntegerField(verbose_name=_("number of draws"))
    price = MoneyField(verbose_name=_("price of a draw (fen)"))
    lines = models.IntegerField(verbose_name=_("lines"))
    # 0: it runs to its end. 1: any prize stops it.
    stop_from = MoneyField(default=0, verbose_name=_("stops on a prize from (fen)"))
    picks = models.TextField(verbose_name=_("picks, encrypted"))
    channel = models.CharField(max_length=10, verbose_name=_("sales channel"))
    request_key = models.UUIDField(verbose_name=_("request key"))
    request_hash = models.CharField(max_length=64, verbose_name=_("digest of the request"))
    is_shadow = models.BooleanField(verbose_name=_("shadow"))
    state = models.CharField(
        max_length=7, choices=State.choices, default=State.RUNNING, verbose_name=_("state")
    )
    reason = models.CharField(
        max_length=7, choices=Reason.choices, default="", blank=True, verbose_name=_("reason")
    )
    # Why the next draw is not bought yet, and when that is tried again.
    waits_because = models.CharField(
        max_length=40, default="", blank=True, verbose_name=_("waits because")
    )
    tries_at = models.DateTimeField(null=True, verbose_name=_("tries again at"))
    begun_at = models.DateTimeField(verbose_name=_("begun at"))
    ended_at = models.DateTimeField(null=True, verbose_name=_("ended at"))

    objects = models.Manager.from_queryset(PlanQuerySet)()

    class Meta:
        verbose_name = _("multi-draw plan")
        verbose_name_plural = _("multi-draw plans")
        constraints = [
            models.UniqueConstraint(name="plan_once_per_request", fields=["player", "request_key"]),
            models.CheckConstraint(
                name="plan_has_two_to_thirty_draws", condition=Q(draws__gte=2, draws__lte=30)
            ),
            models.CheckConstraint(
                name="plan_price_capped", condition=Q(price__gt=0, price__lte=20_000_00)
            ),
            models.CheckConstraint(name="plan_has_lines", condition=Q(lines__gt=0)),
            models.CheckConstraint(name="plan_stops_on_some_prize", condition=Q(stop_from__gte=0)),
            models.CheckConstraint(
                name="plan_state_known", condition=Q(state__in=["RUNNING", "DONE", "STOPPED"])
            ),
            models.CheckConstraint(
                name="plan_ended_has_time",
                condition=Q(state="RUNNING", ended_at__isnull=True)
                | (~Q(state="RUNNING") & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="plan_stopped_has_reason",
                condition=Q(state="STOPPED", reason__in=["WON", "PLAYER", "RULES", "ACCOUNT"])
                | (~Q(state="STOPPED") & Q(reason="")),
            ),
            models.CheckConstraint(
                name="plan_picks_are_ciphertext", condition=Q(picks__startswith="v1.")
            ),
        ]
        indexes = [
            models.Index(name="plan_of_player", fields=["player", "-id"]),
            models.Index(name="plan_running", fields=["game", "id"], condition=Q(state="RUNNING")),
        ]

    def __str__(self) -> str:
        return self.code


class PlanStep(models.Model):
    """What became of one draw of a plan: a ticket was bought, or the draw was left out and why."""

    class Outcome(models.TextChoices):
        BOUGHT = "BOUGHT", _("Bought")
        LEFT_OUT = "LEFT_OUT", _("Left out")

    plan = models.ForeignKey(
        Plan,
        on_delete=models.PROTECT,
        related_name="steps",
        db_index=False,
        verbose_name=_("multi-draw plan"),
    )
    position = models.SmallIntegerField(verbose_name=_("place in the plan"))
    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="+", verbose_name=_("draw")
    )
    outcome = models.CharField(
        max_length=8, choices=Outcome.choices, verbose_name=_("what became of it")
    )
    ticket = models.OneToOneField(
        "sales.Ticket",
        on_delete=models.PROTECT,
        null=True,
        related_name="plan_step",
        verbose_name=_("ticket"),
    )
    reason = models.CharField(max_length=40, default="", blank=True, verbose_name=_("reason"))
    at = models.DateTimeField(verbose_name=_("done at"))

    class Meta:
        verbose_name = _("draw of a plan")
        verbose_name_plural = _("draws of plans")
        constraints = [
            models.UniqueConstraint(name="plan_step_once", fields=["plan", "position"]),
            models.UniqueConstraint(name="plan_takes_a_draw_once", fields=["plan", "draw"]),
            models.CheckConstraint(
                name="plan_step_bought_or_left_out",
                condition=Q(outcome="BOUGHT", ticket__isnull=False, reason="")
                | (Q(outcome="LEFT_OUT", ticket__isnull=True) & ~Q(reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}/{self.position}"


class Cancellation(models.Model):
    """That the owner took a ticket back before sales closed; the ticket itself stays (F048).

    `sales_cancel()` writes it together with the refund, and nobody changes it.
    """

    ticket = models.OneToOneField(
        "sales.Ticket",
        on_delete=models.PROTECT,
        related_name="cancellation",
        verbose_name=_("ticket"),
    )
    draw = models.ForeignKey(
        "games.Draw",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("draw"),
    )
    leaf = models.BinaryField(max_length=32, verbose_name=_("leaf of the ticket"))
    amount = MoneyField(verbose_name=_("given back (fen)"))
    minutes = models.IntegerField(verbose_name=_("minutes that the rule gave"))
    channel = models.CharField(max_length=10, verbose_name=_("sales channel"))
    is_shadow = models.BooleanField(verbose_name=_("shadow"))
    cancelled_at = models.DateTimeField(verbose_name=_("cancelled at"))

    class Meta:
        verbose_name = _("cancelled ticket")
        verbose_name_plural = _("cancelled tickets")
        constraints = [
            models.CheckConstraint(name="cancellation_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="cancellation_in_the_time_given", condition=Q(minutes__gt=0)
            ),
        ]
        indexes = [models.Index(name="cancellation_of_draw", fields=["draw", "ticket"])]

    def __str__(self) -> str:
        return str(self.ticket_id)
