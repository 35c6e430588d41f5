"""Outlets and centres that redeem prizes: where they are, who works there, what they may pay."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.money import MoneyField


class Outlet(models.Model):
    """A place where prizes are redeemed: a sales outlet, or a prize centre (F176).

    Recorded as two people agreed; its state is moved by the rows of `OutletChange` and by nothing
    else. `hours` is spelt as `partners.hours` reads it.
    """

    class Kind(models.TextChoices):
        OUTLET = "OUTLET", _("Outlet")
        CENTRE = "CENTRE", _("Prize centre")

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", _("Active")
        SUSPENDED = "SUSPENDED", _("Suspended")
        CLOSED = "CLOSED", _("Closed for good")

    code = models.CharField(max_length=8, unique=True, verbose_name=_("number of the outlet"))
    kind = models.CharField(max_length=6, choices=Kind.choices, verbose_name=_("kind"))
    name = models.CharField(max_length=60, verbose_name=_("name of the outlet"))
    province = models.CharField(max_length=20, verbose_name=_("province"))
    district = models.CharField(max_length=40, verbose_name=_("district"))
    address = models.CharField(max_length=120, verbose_name=_("address"))
    hours = models.CharField(max_length=120, verbose_name=_("hours"))
    phone = models.CharField(max_length=20, verbose_name=_("phone of the outlet"))
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.ACTIVE, verbose_name=_("state")
    )
    since = models.DateTimeField(verbose_name=_("admitted at"))
    approval_code = models.CharField(max_length=20, verbose_name=_("approval"))

    class Meta:
        verbose_name = _("outlet")
        verbose_name_plural = _("outlets")
        constraints = [
            models.CheckConstraint(
                name="outlet_code_has_eight_digits", condition=Q(code__regex=r"^[0-9]{8}$")
            ),
            models.CheckConstraint(
                name="outlet_kind_known", condition=Q(kind__in=["OUTLET", "CENTRE"])
            ),
            models.CheckConstraint(
                name="outlet_state_known", condition=Q(state__in=["ACTIVE", "SUSPENDED", "CLOSED"])
            ),
            models.CheckConstraint(
                name="outlet_hours_can_be_read",
                condition=Q(
                    hours__regex=r"^[1-7](-[1-7])? [0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]"
                    r"(; [1-7](-[1-7])? [0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9])*$"
                ),
            ),
            models.CheckConstraint(name="outlet_has_approval", condition=~Q(approval_code="")),
        ]

    def __str__(self) -> str:
        return self.code


class OutletChange(models.Model):
    """That an outlet was suspended, taken back or closed: by whom, why, when; it moves the state.

    A return needs the word of two people and names their approval.
    """

    outlet = models.ForeignKey(
        Outlet, on_delete=models.PROTECT, related_name="changes", verbose_name=_("outlet")
    )
    from_state = models.CharField(
        max_length=9, choices=Outlet.State.choices, verbose_name=_("from")
    )
    to_state = models.CharField(max_length=9, choices=Outlet.State.choices, verbose_name=_("to"))
    reason = models.CharField(max_length=200, verbose_name=_("reason"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("who"),
    )
    approval_code = models.CharField(
        max_length=20, default="", blank=True, verbose_name=_("approval")
    )
    changed_at = models.DateTimeField(verbose_name=_("at"))

    class Meta:
        verbose_name = _("change of an outlet")
        verbose_name_plural = _("changes of outlets")
        constraints = [
            models.CheckConstraint(name="outlet_change_has_reason", condition=~Q(reason=""))
        ]

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"


class OutletOperator(models.Model):
    """That a member of staff works at an outlet, `[valid_from, valid_until)`; at one at a time."""

    outlet = models.ForeignKey(
        Outlet, on_delete=models.PROTECT, related_name="operators", verbose_name=_("outlet")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("operator"),
    )
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("assigned by"),
    )
    valid_from = models.DateTimeField(verbose_name=_("valid from"))
    valid_until = models.DateTimeField(null=True, verbose_name=_("valid until"))

    class Meta:
        verbose_name = _("operator of an outlet")
        verbose_name_plural = _("operators of outlets")
        constraints = [
            models.UniqueConstraint(
                name="operator_at_one_outlet",
                fields=["user"],
                condition=Q(valid_until__isnull=True),
            ),
            models.CheckConstraint(
                name="operator_assigned_by_another", condition=~Q(user=F("assigned_by"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outlet_id} {self.user_id}"


class ClaimAuthority(models.Model):
    """That an outlet may redeem prizes of a game up to an amount, for a time (F178).

    `game` is the code of a game, "" for all of them. Several authorities of an outlet add up: what
    one of them allows is allowed.
    """

    outlet = models.ForeignKey(
        Outlet, on_delete=models.PROTECT, related_name="authorities", verbose_name=_("outlet")
    )
    game = models.CharField(max_length=20, default="", blank=True, verbose_name=_("game"))
    up_to = MoneyField(verbose_name=_("up to (fen)"))
    valid_from = models.DateTimeField(verbose_name=_("valid from"))
    valid_until = models.DateTimeField(null=True, verbose_name=_("valid until"))
    approval_code = models.CharField(max_length=20, unique=True, verbose_name=_("approval"))
    recorded_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("authority to redeem")
        verbose_name_plural = _("authorities to redeem")
        constraints = [
            models.CheckConstraint(name="authority_up_to_positive", condition=Q(up_to__gt=0)),
            models.CheckConstraint(
                name="authority_ends_after_it_begins",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
            ),
            models.CheckConstraint(name="authority_has_approval", condition=~Q(approval_code="")),
        ]

    def __str__(self) -> str:
        return self.approval_code


class ClaimAuthorityEnd(models.Model):
    """That an authority was taken back before its day; it holds from that moment."""

    authority = models.OneToOneField(
        ClaimAuthority,
        on_delete=models.PROTECT,
        related_name="end",
        verbose_name=_("authority to redeem"),
    )
    reason = models.CharField(max_length=200, verbose_name=_("reason"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("who"),
    )
    ended_at = models.DateTimeField(verbose_name=_("ended at"))

    class Meta:
        verbose_name = _("withdrawal of a claim authority")
        verbose_name_plural = _("withdrawals of claim authorities")
        constraints = [
            models.CheckConstraint(name="authority_end_has_reason", condition=~Q(reason=""))
        ]

    def __str__(self) -> str:
        return str(self.authority_id)
