"""Prizes that are claimed: the claim, its steps and papers, and the one end of a prize.

Claims, steps and ends are written by `prizes_claim_open()`, `prizes_claim_move()`,
`prizes_claim_pay()` and the functions that forfeit, and by nothing else.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.ids import uuid7
from lottery_portal.lib.money import MoneyField


class ClaimQuerySet(models.QuerySet["Claim"]):
    """Claims as pages ask for them."""

    def of(self, player_id: int) -> ClaimQuerySet:
        """Those of one player, newest first."""
        return self.filter(owner_id=player_id).shown().order_by("-pk")

    def under_way(self) -> ClaimQuerySet:
        """Those that are not over: the oldest first, as a desk works them off."""
        return self.exclude(state__in=Claim.OVER).shown().order_by("opened_at", "pk")

    def shown(self) -> ClaimQuerySet:
        """With what a page says of them."""
        return self.select_related(
            "prize__ticket", "prize__draw__game", "prize__draw__rule", "owner__user"
        )


SCANS = ("application/pdf", "image/jpeg", "image/png")  # what people hand in
TEXTS = ("application/json", "text/plain")  # what the house itself puts into a file


class Claim(models.Model):
    """One attempt to be paid a prize; moved by steps, each with actor, time and evidence (F077).

    Method, tax, net and payee are set when the papers are complete, signed by the winner, bound in
    the approval, and paid so or not at all (F097, N12).
    """

    class Way(models.TextChoices):
        OUTLET = "OUTLET", _("At an outlet")
        CENTRE = "CENTRE", _("At the prize centre")
        REMOTE = "REMOTE", _("From afar")

    class State(models.TextChoices):
        OPENED = "OPENED", pgettext_lazy("of a claim", "Opened")
        CHECKED = "CHECKED", _("Checked")
        COMPLETE = "COMPLETE", _("Papers complete")
        SIGNED = "SIGNED", _("Signed by the winner")
        APPROVED = "APPROVED", pgettext_lazy("of a claim", "Approved")
        PAYING = "PAYING", _("Being paid")
        PAID = "PAID", pgettext_lazy("of a claim", "Paid")
        ARCHIVED = "ARCHIVED", _("Filed")
        REFUSED = "REFUSED", pgettext_lazy("of a claim", "Refused")
        RECOVERED = "RECOVERED", pgettext_lazy("of a claim", "Taken back")
        WITHDRAWN = "WITHDRAWN", pgettext_lazy("of a claim", "Withdrawn")

    class Method(models.TextChoices):
        WALLET = "WALLET", pgettext_lazy("way of paying a prize", "To the balance")
        TRANSFER = "TRANSFER", _("Bank transfer")
        CASH = "CASH", _("Cash")

    OVER = (State.ARCHIVED, State.REFUSED, State.RECOVERED, State.WITHDRAWN)
    STANDS_NOT = (State.REFUSED, State.RECOVERED, State.WITHDRAWN)  # another may be opened
    OF_THE_WINNER = (State.OPENED, State.CHECKED, State.COMPLETE)  # he may take it back himself

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("claim number")
    )
    prize = models.ForeignKey(
        "prizes.Prize", on_delete=models.PROTECT, related_name="claims", verbose_name=_("prize")
    )
    owner = models.ForeignKey(
        "accounts.Player", on_delete=models.PROTECT, related_name="+", verbose_name=_("player")
    )
    way = models.CharField(max_length=6, choices=Way.choices, verbose_name=_("way"))
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.OPENED, verbose_name=_("state")
    )
    method = models.CharField(
        max_length=8, choices=Method.choices, default="", blank=True, verbose_name=_("paid by")
    )
    tax = MoneyField(default=0, verbose_name=_("tax (fen)"))
    net = MoneyField(default=0, verbose_name=_("paid out (fen)"))
    # The code of the winner's own bank account, or of the cash desk; nothing for his balance.
    payee = models.CharField(max_length=40, default="", blank=True, verbose_name=_("payee"))
    outlet_code = models.CharField(max_length=20, default="", blank=True, verbose_name=_("outlet"))
    approval_code = models.CharField(
        max_length=20, default="", blank=True, verbose_name=_("approval")
    )
    request_key = models.UUIDField(verbose_name=_("request key"))
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("opened by"),
    )
    opened_at = models.DateTimeField(verbose_name=_("opened at"))
    moved_at = models.DateTimeField(verbose_name=_("last step at"))
    due_on = models.DateField(null=True, verbose_name=_("to be paid by"))

    objects = models.Manager.from_queryset(ClaimQuerySet)()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        constraints = [
            models.UniqueConstraint(
                name="claim_once_per_prize",
                fields=["prize"],
                condition=~Q(state__in=["REFUSED", "RECOVERED", "WITHDRAWN"]),
            ),
            models.UniqueConstraint(
                name="claim_once_per_request", fields=["opened_by", "request_key"]
            ),
            models.UniqueConstraint(
                name="claim_approval_used_once",
                fields=["approval_code"],
                condition=~Q(approval_code=""),
            ),
            models.CheckConstraint(
                name="claim_way_known", condition=Q(way__in=["OUTLET", "CENTRE", "REMOTE"])
            ),
            models.CheckConstraint(
                name="claim_state_known",
                condition=Q(
                    state__in=[
                        "OPENED",
                        "CHECKED",
                        "COMPLETE",
                        "SIGNED",
                        "APPROVED",
                        "PAYING",
                        "PAID",
                        "ARCHIVED",
                        "REFUSED",
                        "RECOVERED",
                        "WITHDRAWN",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="claim_method_known",
                condition=Q(method__in=["", "WALLET", "TRANSFER", "CASH"]),
            ),
            models.CheckConstraint(
                name="claim_figures_together",
                condition=Q(method="", tax=0, net=0, payee="")
                | Q(tax__gte=0, net__gt=0) & ~Q(method=""),
            ),
            models.CheckConstraint(
                name="claim_figures_when_complete",
                condition=Q(state__in=["OPENED", "CHECKED", "REFUSED", "WITHDRAWN"])
                | ~Q(method=""),
            ),
            models.CheckConstraint(
                name="claim_outlet_of_an_outlet",
                condition=Q(way="OUTLET") & ~Q(outlet_code="") | ~Q(way="OUTLET"),
            ),
        ]
        indexes = [
            models.Index(name="claim_of_owner", fields=["owner", "-id"]),
            models.Index(
                name="claim_under_way",
                fields=["opened_at", "id"],
                condition=~Q(state__in=["ARCHIVED", "REFUSED", "RECOVERED", "WITHDRAWN"]),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ClaimStep(models.Model):
    """One move of a claim: who, when by the database's clock, on what evidence; never changed.

    `person` is the human being behind the actor, whatever account he used; `digest` is over `body`.
    """

    claim = models.ForeignKey(
        Claim, on_delete=models.PROTECT, related_name="steps", verbose_name=_("claim")
    )
    number = models.SmallIntegerField(verbose_name=_("no."))
    from_state = models.CharField(
        max_length=9, choices=Claim.State.choices, blank=True, verbose_name=_("from")
    )
    to_state = models.CharField(max_length=9, choices=Claim.State.choices, verbose_name=_("to"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("who"),
    )
    person = models.CharField(max_length=36, default="", blank=True, verbose_name=_("person"))
    at = models.DateTimeField(verbose_name=_("at"))
    body: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, verbose_name=_("evidence")
    )
    digest = models.CharField(max_length=64, verbose_name=_("digest"))

    class Meta:
        verbose_name = _("step of a claim")
        verbose_name_plural = _("steps of claims")
        constraints = [
            models.UniqueConstraint(name="claim_step_once", fields=["claim", "number"]),
            models.CheckConstraint(
                name="claim_step_has_digest", condition=Q(digest__regex="^[0-9a-f]{64}$")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id}/{self.number}"


class ClaimPaper(models.Model):
    """A paper of a claim: ciphertext bound to its row, its SHA-256 in the clear (F101).

    `digest` and `size` are those of the paper as it was handed in.
    """

    row_uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    claim = models.ForeignKey(
        Claim, on_delete=models.PROTECT, related_name="papers", verbose_name=_("claim")
    )
    kind = models.CharField(max_length=24, verbose_name=_("kind"))
    media_type = models.CharField(max_length=60, verbose_name=_("media type"))
    size = models.IntegerField(verbose_name=_("size"))
    digest = models.CharField(max_length=64, verbose_name=_("SHA-256"))
    content = models.BinaryField()
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("added by"),
    )
    added_at = models.DateTimeField(verbose_name=_("added at"))

    class Meta:
        verbose_name = _("paper of a claim")
        verbose_name_plural = _("papers of claims")
        constraints = [
            models.UniqueConstraint(name="claim_paper_once", fields=["claim", "kind", "digest"]),
            models.CheckConstraint(
                name="claim_paper_kind_is_a_word", condition=Q(kind__regex="^[A-Z][A-Z_]+$")
            ),
            models.CheckConstraint(
                name="claim_paper_has_digest", condition=Q(digest__regex="^[0-9a-f]{64}$")
            ),
            models.CheckConstraint(name="claim_paper_not_empty", condition=Q(size__gt=0)),
            models.CheckConstraint(
                name="claim_paper_is_no_page", condition=Q(media_type__in=[*SCANS, *TEXTS])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id} {self.kind}"


class PrizeEnd(models.Model):
    """That a prize is over: paid once, or forfeited once. Nothing else says so (F082, F092)."""

    class Kind(models.TextChoices):
        PAID = "PAID", pgettext_lazy("of a prize", "Paid")
        FORFEITED = "FORFEITED", _("Lapsed, to the welfare fund")

    prize = models.OneToOneField(
        "prizes.Prize", on_delete=models.PROTECT, related_name="end", verbose_name=_("prize")
    )
    kind = models.CharField(max_length=9, choices=Kind.choices, verbose_name=_("how it ended"))
    claim = models.ForeignKey(
        Claim, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("claim")
    )
    amount = MoneyField(verbose_name=_("amount (fen)"))
    tax = MoneyField(verbose_name=_("tax (fen)"))
    net = MoneyField(verbose_name=_("paid out (fen)"))
    entry_reference = models.CharField(max_length=80, verbose_name=_("entry in the books"))
    ended_at = models.DateTimeField(verbose_name=_("ended at"))

    class Meta:
        verbose_name = _("end of a prize")
        verbose_name_plural = _("ends of prizes")
        constraints = [
            models.CheckConstraint(
                name="prize_end_kind_known", condition=Q(kind__in=["PAID", "FORFEITED"])
            ),
            models.CheckConstraint(
                name="prize_end_to_the_fen",
                condition=Q(amount__gt=0, tax__gte=0, net__gte=0, amount=F("tax") + F("net")),
            ),
            models.CheckConstraint(
                name="prize_end_paid_by_a_claim",
                condition=Q(kind="PAID", claim__isnull=False)
                | Q(kind="FORFEITED", claim__isnull=True, tax=0),
            ),
        ]
        indexes = [models.Index(name="prize_end_by_entry", fields=["entry_reference"])]

    def __str__(self) -> str:
        return f"{self.prize_id} {self.kind}"
