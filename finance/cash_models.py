"""Cash in desks: who has it, how it was counted, how it came and went (F278).

Only this room imports these models. A desk holds the money of the account `cash:<its code>`, an
asset like a bank account: below zero in the books when it is there. The database keeps what the
rows of a desk say and what the books say one and the same figure.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.money import MoneyField


class PlaceKind(models.TextChoices):
    """Where prizes are paid; what cash may be paid there is a figure of its own."""

    OUTLET = "OUTLET", _("Outlet")
    CENTRE = "CENTRE", _("Lottery centre")


class CashDesk(models.Model):
    """A till at an outlet or a centre; one person has it at a time, and pays out of it."""

    class State(models.TextChoices):
        TO_COUNT = "TO_COUNT", _("To be counted first")
        OPEN = "OPEN", pgettext_lazy("of a cash desk", "Open")
        HANDING = "HANDING", _("Being handed over")
        ENDED = "ENDED", _("No longer used")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the cash desk")
    )
    place_kind = models.CharField(
        max_length=6, choices=PlaceKind.choices, verbose_name=_("kind of place")
    )
    place = models.CharField(max_length=40, verbose_name=_("code of the outlet or centre"))
    name = models.CharField(max_length=60, verbose_name=_("name of the cash desk"))
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.TO_COUNT, verbose_name=_("state")
    )
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("who has it"),
    )
    registered_at = models.DateTimeField(verbose_name=_("registered at"))
    ended_at = models.DateTimeField(null=True, verbose_name=_("ended at"))

    class Meta:
        verbose_name = _("cash desk")
        verbose_name_plural = _("cash desks")
        constraints = [
            models.UniqueConstraint(
                name="cash_desk_once",
                fields=["place_kind", "place", "name"],
                condition=~Q(state="ENDED"),
            ),
            models.CheckConstraint(
                name="cash_desk_place_known", condition=Q(place_kind__in=PlaceKind.values)
            ),
            models.CheckConstraint(
                name="cash_desk_state_known",
                condition=Q(state__in=["TO_COUNT", "OPEN", "HANDING", "ENDED"]),
            ),
            models.CheckConstraint(
                name="cash_desk_open_has_a_holder",
                condition=~Q(state="OPEN") | Q(holder__isnull=False),
            ),
            models.CheckConstraint(
                name="cash_desk_ended_has_time",
                condition=~Q(state="ENDED") | Q(ended_at__isnull=False, holder__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def account(self) -> str:
        """Its account in the books."""
        return f"cash:{self.code}"


class CashHandOver(models.Model):
    """A desk offered by who has it to who takes it, with the giver's count (the first signature).

    It is taken by the count of the taker, which must be the same (the second), or withdrawn.
    """

    class Outcome(models.TextChoices):
        OFFERED = "OFFERED", _("Offered")
        TAKEN = "TAKEN", _("Taken over")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")

    desk = models.ForeignKey(
        CashDesk, on_delete=models.PROTECT, related_name="hand_overs", verbose_name=_("cash desk")
    )
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("handed over by"),
    )
    given_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("handed over to"),
    )
    pieces = models.JSONField(verbose_name=_("notes and coins"))
    counted = MoneyField(verbose_name=_("counted (fen)"))
    outcome = models.CharField(
        max_length=9, choices=Outcome.choices, default=Outcome.OFFERED, verbose_name=_("outcome")
    )
    offered_at = models.DateTimeField(verbose_name=_("offered at"))
    ended_at = models.DateTimeField(null=True, verbose_name=_("ended at"))

    class Meta:
        verbose_name = _("hand-over of a cash desk")
        verbose_name_plural = _("hand-overs of cash desks")
        constraints = [
            models.UniqueConstraint(
                name="cash_hand_over_once_at_a_time",
                fields=["desk"],
                condition=Q(outcome="OFFERED"),
            ),
            models.CheckConstraint(
                name="cash_hand_over_outcome_known",
                condition=Q(outcome__in=["OFFERED", "TAKEN", "WITHDRAWN"]),
            ),
            models.CheckConstraint(
                name="cash_hand_over_between_two", condition=~Q(given_by=F("given_to"))
            ),
            models.CheckConstraint(
                name="cash_hand_over_ended_has_time",
                condition=Q(outcome="OFFERED") | Q(ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.desk_id} {self.offered_at}"


class CashCount(models.Model):
    """A desk counted note by note, and what the books said at that moment. It never changes."""

    class Kind(models.TextChoices):
        CHECK = "CHECK", _("Counted by who has it")
        EVENING = "EVENING", _("Counted and closed")
        HAND_OVER = "HAND_OVER", _("Handed over")

    desk = models.ForeignKey(
        CashDesk, on_delete=models.PROTECT, related_name="counts", verbose_name=_("cash desk")
    )
    number = models.IntegerField(verbose_name=_("number of the count"))
    kind = models.CharField(max_length=9, choices=Kind.choices, verbose_name=_("kind"))
    pieces = models.JSONField(verbose_name=_("notes and coins"))
    counted = MoneyField(verbose_name=_("counted (fen)"))
    booked = MoneyField(verbose_name=_("in the books (fen)"))
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("who had it"),
    )
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("who has it then"),
    )
    counted_at = models.DateTimeField(verbose_name=_("counted at"))

    class Meta:
        verbose_name = _("count of a cash desk")
        verbose_name_plural = _("counts of cash desks")
        constraints = [
            models.UniqueConstraint(name="cash_count_once", fields=["desk", "number"]),
            models.CheckConstraint(
                name="cash_count_kind_known",
                condition=Q(kind__in=["CHECK", "EVENING", "HAND_OVER"]),
            ),
            models.CheckConstraint(
                name="cash_hand_over_signed_by_two",
                condition=Q(kind="HAND_OVER") & ~Q(given_by=F("taken_by"))
                | ~Q(kind="HAND_OVER") & Q(given_by=F("taken_by")),
            ),
            models.CheckConstraint(
                name="cash_count_not_below_zero", condition=Q(counted__gte=0, booked__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.desk_id}/{self.number}"

    @property
    def difference(self) -> int:
        """What was there too much, in fen; below zero: too little."""
        return self.counted - self.booked


class CashRequest(models.Model):
    """Cash asked for, or to be fetched; above a figure others agree first."""

    class Direction(models.TextChoices):
        IN = "IN", _("Bring cash to the desk")
        BACK = "BACK", _("Bring cash back to the bank")

    class State(models.TextChoices):
        ASKED = "ASKED", _("Waits for approval")
        APPROVED = "APPROVED", _("To be brought")
        ON_ITS_WAY = "ON_ITS_WAY", _("On its way to the desk")
        BROUGHT = "BROUGHT", _("Brought")
        DROPPED = "DROPPED", _("Dropped")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the request")
    )
    desk = models.ForeignKey(
        CashDesk, on_delete=models.PROTECT, related_name="requests", verbose_name=_("cash desk")
    )
    direction = models.CharField(
        max_length=4, choices=Direction.choices, verbose_name=_("direction")
    )
    amount = MoneyField(verbose_name=_("amount (fen)"))
    escrow = models.CharField(max_length=60, verbose_name=_("bank account"))
    reason = models.CharField(max_length=200, verbose_name=_("reason"))
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.ASKED, verbose_name=_("state")
    )
    approval_code = models.CharField(
        max_length=20, default="", blank=True, verbose_name=_("approval")
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("asked by"),
    )
    carried_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("brought by"),
    )
    asked_at = models.DateTimeField(verbose_name=_("asked at"))
    approved_at = models.DateTimeField(null=True, verbose_name=_("approved at"))
    carried_at = models.DateTimeField(null=True, verbose_name=_("brought at"))
    ended_at = models.DateTimeField(null=True, verbose_name=_("ended at"))
    drop_reason = models.CharField(
        max_length=200, default="", blank=True, verbose_name=_("why it was dropped")
    )

    class Meta:
        verbose_name = _("request for cash")
        verbose_name_plural = _("requests for cash")
        constraints = [
            models.CheckConstraint(
                name="cash_request_direction_known", condition=Q(direction__in=["IN", "BACK"])
            ),
            models.CheckConstraint(
                name="cash_request_state_known",
                condition=Q(state__in=["ASKED", "APPROVED", "ON_ITS_WAY", "BROUGHT", "DROPPED"]),
            ),
            models.CheckConstraint(name="cash_request_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="cash_request_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="cash_request_approved_has_time",
                condition=~Q(state__in=["APPROVED", "ON_ITS_WAY", "BROUGHT"])
                | Q(approved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="cash_request_carried_by_another",
                condition=~Q(state__in=["ON_ITS_WAY", "BROUGHT"])
                | (Q(carried_by__isnull=False, carried_at__isnull=False)
                   & ~Q(carried_by=F("asked_by"))),
            ),
            models.CheckConstraint(
                name="cash_request_ended_has_time",
                condition=~Q(state__in=["BROUGHT", "DROPPED"]) | Q(ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="cash_request_drop_has_a_reason",
                condition=~Q(state="DROPPED") | ~Q(drop_reason=""),
            ),
            models.UniqueConstraint(
                name="cash_request_approval_once",
                fields=["approval_code"],
                condition=~Q(approval_code=""),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.code


class CashMove(models.Model):
    """Cash that came into a desk or left it, and what it left there. It never changes."""

    class Kind(models.TextChoices):
        BROUGHT = "BROUGHT", _("Cash brought")
        BACK = "BACK", _("Cash brought back")
        PAID = "PAID", _("Prize paid")
        OVER = "OVER", _("Counted too much")
        SHORT = "SHORT", _("Counted too little")

    desk = models.ForeignKey(
        CashDesk, on_delete=models.PROTECT, related_name="moves", verbose_name=_("cash desk")
    )
    number = models.IntegerField(verbose_name=_("No."))
    kind = models.CharField(max_length=7, choices=Kind.choices, verbose_name=_("kind"))
    change = MoneyField(verbose_name=_("in or out (fen)"))
    left_over = MoneyField(verbose_name=_("left in the desk (fen)"))
    entry = models.OneToOneField(
        "finance.Entry", on_delete=models.PROTECT, related_name="+", verbose_name=_("entry")
    )
    request = models.OneToOneField(
        CashRequest,
        on_delete=models.PROTECT,
        null=True,
        related_name="move",
        verbose_name=_("request for cash"),
    )
    count = models.OneToOneField(
        CashCount,
        on_delete=models.PROTECT,
        null=True,
        related_name="move",
        verbose_name=_("count of a cash desk"),
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("by whom"),
    )
    moved_at = models.DateTimeField(verbose_name=_("when"))

    class Meta:
        verbose_name = _("movement of cash")
        verbose_name_plural = _("movements of cash")
        constraints = [
            models.UniqueConstraint(name="cash_move_once", fields=["desk", "number"]),
            models.CheckConstraint(
                name="cash_move_kind_known",
                condition=Q(kind__in=["BROUGHT", "OVER"], change__gt=0)
                | Q(kind__in=["BACK", "PAID", "SHORT"], change__lt=0),
            ),
            models.CheckConstraint(
                name="cash_move_never_below_zero", condition=Q(left_over__gte=0)
            ),
            models.CheckConstraint(
                name="cash_move_has_its_ground",
                condition=Q(kind__in=["BROUGHT", "BACK"], request__isnull=False, count__isnull=True)
                | Q(kind__in=["OVER", "SHORT"], request__isnull=True, count__isnull=False)
                | Q(kind="PAID", request__isnull=True, count__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.desk_id}/{self.number}"
