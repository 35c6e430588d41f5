"""What stands under a seal: signatures, publication, deliveries to supervisors, time-stamps."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .mail_models import MailDelivery


class SealSignature(models.Model):
    """A signature over the exact text of a statement, by a registered key (F057)."""

    class Role(models.TextChoices):
        OPERATIONS = "OPERATIONS", _("Operations")
        INDEPENDENT = "INDEPENDENT", _("Independent witness")

    statement = models.ForeignKey(
        "games.SealStatement",
        on_delete=models.PROTECT,
        related_name="signatures",
        verbose_name=_("seal statement"),
    )
    role = models.CharField(max_length=12, choices=Role.choices, verbose_name=_("role"))
    key_id = models.CharField(max_length=40, verbose_name=_("signing key"))
    algorithm = models.CharField(max_length=20, verbose_name=_("algorithm"))
    signature = models.CharField(max_length=200, verbose_name=_("signature"))  # base64
    signed_at = models.DateTimeField(verbose_name=_("signed at"))

    class Meta:
        verbose_name = _("signature of a seal")
        verbose_name_plural = _("signatures of seals")
        constraints = [
            models.UniqueConstraint(name="seal_signed_once_per_role", fields=["statement", "role"]),
            models.CheckConstraint(
                name="seal_signature_role_known",
                condition=Q(role__in=["OPERATIONS", "INDEPENDENT"]),
            ),
        ]

    def __str__(self) -> str:
        return self.key_id


class SealPublication(models.Model):
    """That a seal is public: only after both signatures, and before any result (F057)."""

    statement = models.OneToOneField(
        "games.SealStatement",
        on_delete=models.PROTECT,
        related_name="publication",
        verbose_name=_("seal statement"),
    )
    published_at = models.DateTimeField(verbose_name=_("published at"))

    class Meta:
        verbose_name = _("publication of a seal")
        verbose_name_plural = _("publications of seals")

    def __str__(self) -> str:
        return str(self.statement_id)


class SealDelivery(MailDelivery):
    """A statement on its way to one supervisor's mailbox (N03)."""

    statement = models.ForeignKey(
        "games.SealStatement",
        on_delete=models.PROTECT,
        related_name="deliveries",
        verbose_name=_("seal statement"),
    )

    class Meta:
        verbose_name = _("delivery of a seal")
        verbose_name_plural = _("deliveries of seals")
        constraints = [
            models.UniqueConstraint(
                name="seal_delivered_once_per_address", fields=["statement", "address"]
            ),
            models.CheckConstraint(
                name="seal_delivery_state_known",
                condition=Q(state__in=["WAITING", "DELIVERED", "FAILED"]),
            ),
            models.CheckConstraint(
                name="seal_delivery_ended_has_time",
                condition=Q(state="WAITING") | Q(at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.address} {self.state}"


class SealTimeStamp(models.Model):
    """The word of a time-stamping authority that the statement existed then (RFC 3161, N03)."""

    statement = models.ForeignKey(
        "games.SealStatement",
        on_delete=models.PROTECT,
        related_name="time_stamps",
        verbose_name=_("seal statement"),
    )
    authority = models.CharField(max_length=200, verbose_name=_("authority"))
    serial = models.CharField(max_length=60, verbose_name=_("serial number"))
    token = models.BinaryField(verbose_name=_("token"))
    stamped_at = models.DateTimeField(verbose_name=_("stamped at"))
    received_at = models.DateTimeField(verbose_name=_("received at"))

    class Meta:
        verbose_name = _("time-stamp of a seal")
        verbose_name_plural = _("time-stamps of seals")
        constraints = [
            models.UniqueConstraint(
                name="seal_stamped_once_per_authority", fields=["statement", "authority"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.authority} {self.serial}"
