"""Seal statements by mail to supervising departments: recorded, retried, never in the way (N03).

A publication asks for one delivery an address; a job brings each out. The mail carries the
statement and its signatures as files, byte for byte as they are published: a root that lies in
mailboxes of others cannot be replaced afterwards.
"""

from __future__ import annotations

import logging
from datetime import datetime
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from audit import trail
from lottery_portal.lib.db import door

from . import seals
from .models import SealStatement
from .seal_models import SealDelivery

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 20
LANGUAGE = "zh-hans"
State = SealDelivery.State


def deliver(*, delivery_id: int, now: datetime) -> None:
    """Send one statement, if it still waits; what passes by itself is raised, to be tried again.

    Cut off between sending and noting it, the mail may go out twice, never not at all.
    """
    delivery = SealDelivery.objects.get(pk=delivery_id)
    if delivery.state != State.WAITING:
        return
    statement = SealStatement.objects.select_related("draw__game", "publication").get(
        pk=delivery.statement_id
    )
    try:
        _mail(statement, delivery.address).send()
    except SMTPRecipientsRefused:
        logger.exception("A supervisor's mailbox refused a seal", extra={"delivery": delivery.pk})
        _note(delivery, State.FAILED, "refused", now=now)
    except (SMTPException, OSError) as exc:
        is_last = delivery.attempts + 1 >= MOST_ATTEMPTS
        _note(delivery, State.FAILED if is_last else State.WAITING, type(exc).__name__, now=now)
        raise
    else:
        _note(delivery, State.DELIVERED, "", now=now)


def _mail(statement: SealStatement, address: str) -> EmailMessage:
    files = seals.downloads(statement)
    draw = statement.draw
    with translation.override(LANGUAGE):
        subject = _("Seal of %(game)s draw %(issue)s") % {
            "game": _(draw.game.name),
            "issue": draw.issue,
        }
        text = render_to_string(
            "games/mail/seal.txt",
            {
                "seal": statement,
                "draw": draw,
                "game": _(draw.game.name),
                "published_at": statement.publication.published_at,
                "signatures": seals.signatures_of(statement),
                "address": f"{settings.PUBLIC_URL}{reverse('games:seal', args=[draw.code])}",
                "operator": settings.OPERATOR,
            },
        )
    mail = EmailMessage(
        f"[{settings.BRAND}] {subject}", text.strip(), settings.DEFAULT_FROM_EMAIL, [address]
    )
    mail.attach(f"{draw.code}-{seals.STATEMENT_NAME}", files.statement, "application/json")
    mail.attach(f"{draw.code}-{seals.SIGNATURES_NAME}", files.signatures, "application/json")
    mail.attach(f"{draw.code}-{seals.KEYS_NAME}", files.keys, "application/json")
    return mail


@door
def _note(delivery: SealDelivery, state: str, detail: str, *, now: datetime) -> None:
    won = SealDelivery.objects.filter(pk=delivery.pk, state=State.WAITING).update(
        state=state, attempts=F("attempts") + 1, at=now, detail=detail
    )
    if won and state != State.WAITING:
        trail.record(
            action="games.seal_sent",
            actor=None,
            object_type="draw",
            object_code=SealStatement.objects.values_list("draw__code", flat=True).get(
                pk=delivery.statement_id
            ),
            body={"address": delivery.address, "state": state},
        )
