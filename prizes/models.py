"""Settlement of draws, and what tickets won."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.money import MoneyField


class Settlement(models.Model):
    """The settling of one draw: counted in chunks, by two engines, credited in batches.

    `attempt` grows each time a halted settlement is begun again; runs of the engines belong to one.
    A prize goes to the wallet when it is within `wallet_up_to` and all that its owner won in the
    draw is within `taxed_above`; both are the figures of the beginning, and never change.
    """

    class State(models.TextChoices):
        HALTED = "HALTED", _("Halted")
        COUNTING = "COUNTING", _("Counting")
        PRICED = "PRICED", _("Prizes worked out")
        CREDITING = "CREDITING", _("Crediting")
        DONE = "DONE", _("Done")

    draw = models.OneToOneField(
        "games.Draw", on_delete=models.PROTECT, related_name="settlement", verbose_name=_("draw")
    )
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.COUNTING, verbose_name=_("state")
    )
    chunks = models.IntegerField(verbose_name=_("parts"))
    attempt = models.SmallIntegerField(default=1, verbose_name=_("attempt"))
    wallet_up_to = MoneyField(verbose_name=_("paid into the wallet up to (fen)"))
    taxed_above = MoneyField(verbose_name=_("prizes of one person are taxed above (fen)"))
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
                condition=Q(state__in=["HALTED", "COUNTING", "PRICED", "CREDITING", "DONE"]),
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
                | Q(state__in=["PRICED", "CREDITING", "DONE"], priced_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.draw_id)


class Chunk(models.Model):
    """A range of tickets of a draw, both ends included, counted once."""

    settlement = models.ForeignKey(
        Settlement, on_delete=models.PROTECT, related_name="parts", verbose_name=_("settlement")
    )
    number = models.IntegerField(verbose_name=_("part no."))
    first_ticket = models.BigIntegerField(verbose_name=_("first ticket"))
    last_ticket = models.BigIntegerField(verbose_name=_("last ticket"))
    counted_at = models.DateTimeField(null=True, verbose_name=_("counted at"))
    winners: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(
        default=dict, verbose_name=_("winning lines")
    )

    class Meta:
        verbose_name = _("chunk")
        verbose_name_plural = _("chunks")
        constraints = [
            models.UniqueConstraint(name="chunk_once_per_number", fields=["settlement", "number"])
        ]

    def __str__(self) -> str:
        return f"{self.settlement_id}/{self.number}"


class Hit(models.Model):
    """How many lines of a ticket won in each tier; found when counting, never changed.

    `won` is spelt as in a result file: `5:2,6:1` is two lines of the fifth prize and one of the
    sixth. Written by `prizes_count()` only, set by set, which proves what foreign keys would: that
    the ticket is one of the draw and the owner its own.
    """

    ticket = models.OneToOneField(
        "sales.Ticket",
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="hit",
        db_constraint=False,
        verbose_name=_("ticket"),
    )
    draw = models.ForeignKey(
        "games.Draw",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
        verbose_name=_("draw"),
    )
    owner = models.ForeignKey(
        "accounts.Player",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
        verbose_name=_("player"),
    )
    won = models.CharField(max_length=400, verbose_name=_("winning lines"))

    class Meta:
        verbose_name = _("hit")
        verbose_name_plural = _("hits")
        indexes = [models.Index(name="hit_of_owner", fields=["draw", "owner", "ticket"])]

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
    issuer_paid = MoneyField(default=0, verbose_name=_("prizes at the issuer's expense (fen)"))
    issuer_owed = MoneyField(default=0, verbose_name=_("prize money to the issuer (fen)"))
    special_on_next = models.BooleanField(
        default=False, verbose_name=_("special rule in the next draw")
    )
    other_pools: models.JSONField[dict[str, list[int]], dict[str, list[int]]] = models.JSONField(
        default=dict, verbose_name=_("further pools before and after (fen)")
    )
    computed_at = models.DateTimeField(verbose_name=_("worked out at"))

    class Meta:
        verbose_name = _("prize sheet")
        verbose_name_plural = _("prize sheets")

    def __str__(self) -> str:
        return str(self.draw_id)

    @property
    def pools_before(self) -> int:
        """What all pools held before the draw."""
        return self.pool_before + sum(before for before, _after in self.other_pools.values())

    @property
    def pools_after(self) -> int:
        """What all pools hold after it."""
        return self.pool_after + sum(after for _before, after in self.other_pools.values())


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
    """What one ticket won in its draw; one row a ticket, never changed (F067).

    Written by `prizes_credit()` only, batch by batch, when the batch is what both engines found. A
    line may win a prize that is worth nothing, when the pool is empty: that is told, not booked.
    """

    class Route(models.TextChoices):
        """At the centre waits what is too much for the wallet, or is taxed with other prizes."""

        WALLET = "WALLET", _("To the wallet")
        CENTRE = "CENTRE", _("At the prize centre")

    ticket = models.OneToOneField(
        "sales.Ticket",
        on_delete=models.PROTECT,
        related_name="prize",
        db_constraint=False,
        verbose_name=_("ticket"),
    )
    draw = models.ForeignKey(
        "games.Draw",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
        verbose_name=_("draw"),
    )
    owner = models.ForeignKey(
        "accounts.Player",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
        verbose_name=_("player"),
    )
    amount = MoneyField(verbose_name=_("amount (fen)"))
    won = models.CharField(max_length=400, verbose_name=_("winning lines"))
    route = models.CharField(max_length=6, choices=Route.choices, verbose_name=_("paid out"))
    entry_reference = models.CharField(max_length=80, verbose_name=_("entry in the books"))
    settled_at = models.DateTimeField(verbose_name=_("settled at"))

    class Meta:
        verbose_name = _("prize")
        verbose_name_plural = _("prizes")
        constraints = [
            models.CheckConstraint(name="prize_amount_not_negative", condition=Q(amount__gte=0)),
            models.CheckConstraint(
                name="prize_route_known", condition=Q(route__in=["WALLET", "CENTRE"])
            ),
        ]
        indexes = [
            models.Index(name="prize_of_owner", fields=["owner", "-id"]),
            # The prizes of a draw lie together. A tree would cost each credit a tenth; in the order
            # of tickets they are found by the ticket.
            BrinIndex(
                name="prize_of_draw", fields=["draw"], pages_per_range=32, autosummarize=True
            ),
            # Few wait for their winner; those are looked for every hour.
            models.Index(
                name="prize_at_the_centre", fields=["draw", "id"], condition=Q(route="CENTRE")
            ),
        ]

    def __str__(self) -> str:
        return str(self.ticket_id)

    def tiers(self) -> list[int]:
        """The tiers in which lines of the ticket won, best first."""
        return [int(part.partition(":")[0]) for part in self.won.split(",")]


class EngineRun(models.Model):
    """What one of the two engines made of a draw: the digest of its result file, or why none.

    Prizes are paid when both engines of an attempt have written the same bytes (F071).
    """

    ENGINES = ((1, _("Engine one")), (2, _("Engine two")))

    code = models.CharField(max_length=60, unique=True, verbose_name=_("code"))
    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="engine_runs", verbose_name=_("draw")
    )
    attempt = models.SmallIntegerField(verbose_name=_("attempt"))
    engine = models.SmallIntegerField(choices=ENGINES, verbose_name=_("engine"))
    input = models.TextField(verbose_name=_("input"))
    file_name = models.CharField(max_length=80, default="", blank=True, verbose_name=_("file"))
    file_size = models.BigIntegerField(default=0, verbose_name=_("size"))
    result_digest = models.CharField(
        max_length=64, default="", blank=True, verbose_name=_("digest of the result file")
    )
    reason = models.CharField(
        max_length=300, default="", blank=True, verbose_name=_("why there is no result")
    )
    seconds = models.FloatField(verbose_name=_("seconds"))
    ended_at = models.DateTimeField(verbose_name=_("ended at"))

    class Meta:
        verbose_name = _("run of an engine")
        verbose_name_plural = _("runs of the engines")
        constraints = [
            models.UniqueConstraint(name="engine_run_once", fields=["draw", "attempt", "engine"]),
            models.CheckConstraint(name="engine_run_known", condition=Q(engine__in=[1, 2])),
            models.CheckConstraint(
                name="engine_run_has_result_or_reason",
                condition=Q(result_digest="") & ~Q(reason="") & Q(file_name="")
                | Q(result_digest__regex="^[0-9a-f]{64}$", reason="") & ~Q(file_name=""),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class EngineDifference(models.Model):
    """One thing that the two engines of an attempt see differently; the file names them all."""

    draw = models.ForeignKey(
        "games.Draw", on_delete=models.PROTECT, related_name="+", verbose_name=_("draw")
    )
    attempt = models.SmallIntegerField(verbose_name=_("attempt"))
    position = models.SmallIntegerField(verbose_name=_("no."))
    subject = models.CharField(max_length=40, verbose_name=_("ticket or line"))
    engine_one = models.CharField(max_length=300, blank=True, verbose_name=_("engine one"))
    engine_two = models.CharField(max_length=300, blank=True, verbose_name=_("engine two"))

    class Meta:
        verbose_name = _("difference of the engines")
        verbose_name_plural = _("differences of the engines")
        constraints = [
            models.UniqueConstraint(
                name="engine_difference_once", fields=["draw", "attempt", "position"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.draw_id}/{self.attempt}: {self.subject}"


class Batch(models.Model):
    """Winners of a draw whose prizes are booked together, in the order of owner and ticket.

    `digest` is over what the engines wrote of them and whose they are; a batch whose rows say
    anything else is not credited. Neighbours in this order share wallets, batches hardly ever do:
    so two workers do not wait for each other.
    """

    run = models.ForeignKey(
        EngineRun, on_delete=models.PROTECT, related_name="batches", verbose_name=_("run")
    )
    number = models.IntegerField(verbose_name=_("part no."))
    first_owner = models.BigIntegerField(verbose_name=_("first owner"))
    first_ticket = models.BigIntegerField(verbose_name=_("first ticket"))
    last_owner = models.BigIntegerField(verbose_name=_("last owner"))
    last_ticket = models.BigIntegerField(verbose_name=_("last ticket"))
    winners = models.IntegerField(verbose_name=_("winning tickets"))
    amount = MoneyField(verbose_name=_("amount (fen)"))
    digest = models.CharField(max_length=64, verbose_name=_("digest"))
    credited_at = models.DateTimeField(null=True, verbose_name=_("credited at"))

    class Meta:
        verbose_name = _("batch of prizes")
        verbose_name_plural = _("batches of prizes")
        constraints = [
            models.UniqueConstraint(name="batch_once_per_number", fields=["run", "number"])
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.number}"


# The kit is made of what all the others left.
from . import centre_models as _centre_models  # noqa: E402, F401 - Django finds its tables here
from . import claim_models as _claim_models  # noqa: E402, F401 - Django finds its tables here
from . import deadline_models as _deadline_models  # noqa: E402, F401 - Django finds its tables here
from . import kit_models as _kit_models  # noqa: E402, F401 - Django finds its table here
from . import voucher_models as _voucher_models  # noqa: E402, F401 - Django finds its tables here
from . import winner_models as _winner_models  # noqa: E402, F401 - Django finds its tables here
