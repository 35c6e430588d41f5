"""Mail to mailboxes outside the house: written, sent, counted, noted and sent again in one way.

A row asks for one mail to one address; a job brings it out. A mail that failed for good is an alarm
until it is sent again. What a table of such rows is about, its `Post` says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from smtplib import SMTPRecipientsRefused
from typing import Generic, TypeVar

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Manager, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from accounts import messages
from accounts.models import User
from audit import alarms, trail
from lottery_portal import jobs
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.errors import Refused

from .mail_models import MailDelivery
from .models import Draw

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 20
LANGUAGE = "zh-hans"
State = MailDelivery.State
Row = TypeVar("Row", bound=MailDelivery)


@dataclass(frozen=True)
class Post(Generic[Row]):
    """One table of mails: who writes them, and what job, trail and alarm call them.

    `subject` is what the trail names, as type and code; `siblings` are the rows that must all be
    delivered before the alarm about it ends; `facts` stand in the trail beside address and state.
    """

    rows: Manager[Row]
    write: Callable[[Row], EmailMessage]
    subject: Callable[[Row], tuple[str, str]]
    siblings: Callable[[Row], QuerySet[Row]]
    of_draw: Callable[[Draw], QuerySet[Row]]
    facts: Callable[[Row], Mapping[str, str]]
    task: str
    key: str
    sent: str
    asked_again: str
    alarm: str
    none_failed: type[Refused]


@inside_transaction
def ask(post: Post[Row], delivery: Row) -> None:
    """Have a job bring out this mail."""
    jobs.enqueue(post.task, key=f"{post.key}:{delivery.pk}", delivery_id=delivery.pk)


def deliver(post: Post[Row], *, delivery_id: int, now: datetime) -> None:
    """Send one mail, if it still waits; what passes by itself is raised, to be tried again.

    Cut off between sending and noting it, the mail may go out twice, never not at all.
    """
    delivery = post.rows.get(pk=delivery_id)
    if delivery.state != State.WAITING:
        return
    try:
        post.write(delivery).send()
    except SMTPRecipientsRefused:
        about = {"task": post.task, "delivery": delivery.pk}
        logger.exception("A mailbox refused a mail", extra=about)
        _note(post, delivery, State.FAILED, "refused", now=now)
    except Exception as exc:  # whatever it was, it is counted
        is_last = (delivery.attempts + 1) % MOST_ATTEMPTS == 0
        state = State.FAILED if is_last else State.WAITING
        _note(post, delivery, state, type(exc).__name__, now=now)
        raise
    else:
        _note(post, delivery, State.DELIVERED, "", now=now)


@door
def send_again(post: Post[Row], *, draw: Draw, actor: User, now: datetime) -> int:
    """Send the mails about a draw that failed again, by the word of a person; how many."""
    failed = post.of_draw(draw).filter(state=State.FAILED)
    asked = list(failed.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    if not asked:
        raise post.none_failed(draw=draw.code)
    post.rows.filter(pk__in=[one.pk for one in asked]).update(state=State.WAITING)
    for one in asked:
        key = f"{post.key}:{one.pk}:{now:%Y%m%dT%H%M%S%f}"
        jobs.enqueue(post.task, key=key, delivery_id=one.pk)
    trail.record(
        action=post.asked_again,
        actor=actor,
        object_type="draw",
        object_code=draw.code,
        body={"addresses": [one.address for one in asked]},
    )
    return len(asked)


def written(
    *, subject: str, template: str, facts: Mapping[str, object], address: str
) -> EmailMessage:
    """A mail of the house to this address, in the language that is on."""
    text = render_to_string(template, {**facts, "operator": settings.OPERATOR})
    return messages.composed(address, title=subject, text=text.strip())


def page(name: str, *args: str) -> str:
    """The full address of a page, as it stands in a mail."""
    return f"{settings.PUBLIC_URL}{reverse(name, args=args)}"


@door
def _note(post: Post[Row], delivery: Row, state: str, detail: str, *, now: datetime) -> None:
    won = post.rows.filter(pk=delivery.pk, state=State.WAITING).update(
        state=state, attempts=F("attempts") + 1, at=now, detail=detail
    )
    if not won or state == State.WAITING:
        return
    object_type, code = post.subject(delivery)
    trail.record(
        action=post.sent,
        actor=None,
        object_type=object_type,
        object_code=code,
        body={**post.facts(delivery), "address": delivery.address, "state": state},
    )
    about = {"kind": post.alarm, "object_type": object_type, "object_code": code}
    if state == State.FAILED:
        alarms.raise_alarm(facts={"address": delivery.address, "reason": detail}, now=now, **about)
    elif not post.siblings(delivery).filter(state=State.FAILED).exists():
        alarms.settle(now=now, **about)
