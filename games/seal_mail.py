"""Seal statements by mail to supervising departments: recorded, retried, never in the way (N03).

A publication asks for one delivery an address. The mail carries the statement and its signatures as
files, byte for byte as they are published: a root that lies in mailboxes of others cannot be
replaced afterwards.
"""

from __future__ import annotations

from datetime import datetime

from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit import alarms
from lottery_portal.lib.errors import Refused

from . import mailing, seals
from .models import Draw, SealStatement
from .seal_models import SealDelivery


class NothingFailed(Refused):
    """There is no mail of this seal that could be sent again."""

    code = "seal_mail_not_failed"
    message = gettext_lazy("Every supervisor of draw %(draw)s has the seal, or gets it shortly.")


def deliver(*, delivery_id: int, now: datetime) -> None:
    """Send one statement, if it still waits; what passes by itself is raised, to be tried again."""
    mailing.deliver(POST, delivery_id=delivery_id, now=now)


def send_again(*, draw: Draw, actor: User, now: datetime) -> int:
    """Send the seal again to every supervisor whose mail failed, by the word of a person."""
    return mailing.send_again(POST, draw=draw, actor=actor, now=now)


def of(statement: SealStatement) -> list[SealDelivery]:
    """How the statement fares on its way to each supervisor, in the order of the addresses."""
    return list(statement.deliveries.order_by("address"))


def _mail(delivery: SealDelivery) -> EmailMessage:
    statement = SealStatement.objects.select_related("draw__game", "publication").get(
        pk=delivery.statement_id
    )
    files, draw = seals.downloads(statement), statement.draw
    with translation.override(mailing.LANGUAGE):
        game = _(draw.game.name)
        mail = mailing.written(
            subject=_("Seal of %(game)s draw %(issue)s") % {"game": game, "issue": draw.issue},
            template="games/mail/seal.txt",
            facts={
                "seal": statement,
                "draw": draw,
                "game": game,
                "published_at": statement.publication.published_at,
                "signatures": seals.signatures_of(statement),
                "address": mailing.page("games:seal", draw.code),
            },
            address=delivery.address,
        )
    mail.attach(f"{draw.code}-{seals.STATEMENT_NAME}", files.statement, "application/json")
    mail.attach(f"{draw.code}-{seals.SIGNATURES_NAME}", files.signatures, "application/json")
    mail.attach(f"{draw.code}-{seals.KEYS_NAME}", files.keys, "application/json")
    return mail


def _draw_of(delivery: SealDelivery) -> tuple[str, str]:
    rows = SealStatement.objects.values_list("draw__code", flat=True)
    return "draw", rows.get(pk=delivery.statement_id)


POST = mailing.Post(
    rows=SealDelivery.objects,
    write=_mail,
    subject=_draw_of,
    siblings=lambda one: SealDelivery.objects.filter(statement_id=one.statement_id),
    of_draw=lambda draw: SealDelivery.objects.filter(statement__draw=draw),
    facts=lambda _one: {},
    task="games.send_seal",
    key="seal",
    sent="games.seal_sent",
    asked_again="games.seal_mail_asked_again",
    alarm="games.seal_mail_failed",
    none_failed=NothingFailed,
)

alarms.register(kind=POST.alarm, title=gettext_lazy("A seal could not be mailed to a supervisor"))
