"""Seal statements by mail to supervising departments: recorded, retried, never in the way (N03).

A publication asks for one delivery an address; a job brings each out. The mail carries the
statement and its signatures as files, byte for byte as they are published: a root that lies in
mailboxes of others cannot be replaced afterwards.
"""

from __future__ import annotations

import logging
from datetime import datetime
from smtplib import SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit import alarms, trail
from lottery_portal import jobs
from lottery_portal.lib.db import door
from lottery_portal.lib.errors import Refused

from . import seals
from .models import Draw, SealStatement
from .seal_models import SealDelivery

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 20
ALARM = "games.seal_mail_failed"
LANGUAGE = "zh-hans"
State = SealDelivery.State


class NothingFailed(Refused):
    """There is no mail of this seal that could be sent again."""

    code = "seal_mail_not_failed"
    message = gettext_lazy("Every supervisor of draw %(draw)s has the seal, or gets it shortly.")


def deliver(*, delivery_id: int, now: datetime) -> None:
    """Send one statement, if it still waits; what passes by itself is raised, to be tried again.

    Cut off between sending and noting it, the mail may go out twice, never not at all. One that
    failed for good is an alarm until it is sent again.
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
    except Exception as exc:  # whatever it was, it is counted
        is_last = (delivery.attempts + 1) % MOST_ATTEMPTS == 0
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


def of(statement: SealStatement) -> list[SealDelivery]:
    """How the statement fares on its way to each supervisor, in the order of the addresses."""
    return list(statement.deliveries.order_by("address"))


@door
def send_again(*, draw: Draw, actor: User, now: datetime) -> int:
    """Send the seal again to every supervisor whose mail failed, by the word of a person."""
    failed = SealDelivery.objects.filter(statement__draw=draw, state=State.FAILED)
    asked = list(failed.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    if not asked:
        raise NothingFailed(draw=draw.code)
    failed.update(state=State.WAITING)
    for one in asked:
        key = f"seal:{one.pk}:{now:%Y%m%dT%H%M%S%f}"
        jobs.enqueue("games.send_seal", key=key, delivery_id=one.pk)
    trail.record(
        action="games.seal_mail_asked_again",
        actor=actor,
        object_type="draw",
        object_code=draw.code,
        body={"addresses": [one.address for one in asked]},
    )
    return len(asked)


@door
def _note(delivery: SealDelivery, state: str, detail: str, *, now: datetime) -> None:
    won = SealDelivery.objects.filter(pk=delivery.pk, state=State.WAITING).update(
        state=state, attempts=F("attempts") + 1, at=now, detail=detail
    )
    if not won or state == State.WAITING:
        return
    draw = SealStatement.objects.values_list("draw__code", flat=True).get(pk=delivery.statement_id)
    trail.record(
        action="games.seal_sent",
        actor=None,
        object_type="draw",
        object_code=draw,
        body={"address": delivery.address, "state": state},
    )
    about = {"kind": ALARM, "object_type": "draw", "object_code": draw}
    if state == State.FAILED:
        alarms.raise_alarm(facts={"address": delivery.address, "reason": detail}, now=now, **about)
    elif not SealDelivery.objects.filter(
        statement_id=delivery.statement_id, state=State.FAILED
    ).exists():
        alarms.settle(now=now, **about)


alarms.register(kind=ALARM, title=gettext_lazy("A seal could not be mailed to a supervisor"))
