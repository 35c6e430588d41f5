"""Messages to users: the message centre always, e-mail and SMS by kind and wish (F053).

A message is a kind and its figures. Each room registers its kinds in its own `messages.py`, found
at start-up:

    messages.register(
        Kind(name="prizes.won", title=_("You won"), template="prizes/mail/won.txt",
             channels=EVERYWHERE, address=page("sales:ticket", "ticket")))

The template is the text in the language of its reader, written when it is read or sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from smtplib import SMTPRecipientsRefused
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from lottery_portal import jobs
from lottery_portal.lib.db import door, inside_transaction

from . import login_names
from .models import ChannelChoice, Delivery, LoginName, Message, Player, User
from .sms import NumberRefused, SmsSender

logger = logging.getLogger(__name__)

Channel = Delivery.Channel
INBOX_ONLY: frozenset[str] = frozenset()
BY_EMAIL: frozenset[str] = frozenset({Channel.EMAIL})
EVERYWHERE: frozenset[str] = frozenset({Channel.EMAIL, Channel.SMS})
REACHED_BY = {Channel.EMAIL: LoginName.Kind.EMAIL, Channel.SMS: LoginName.Kind.PHONE}


MARKETING = "marketing."


def _nowhere(_params: Mapping[str, Any]) -> str:
    return ""


def page(name: str, *figures: str) -> Callable[[Mapping[str, Any]], str]:
    """The page that a message leads to, of these figures of the message."""
    return lambda params: reverse(name, args=[params[figure] for figure in figures])


@dataclass(frozen=True)
class Kind:
    """A kind of message: its title, its text, the ways it may go, and where it leads.

    Legal notices ignore what the user prefers. Advertising (`marketing.…`) is sent by `advertise`,
    and only to whom asked for it. `sms` is the shorter text for a telephone, which others may see:
    it names no amount. `is_on_at_first`: whether it leaves the house until somebody says no.
    """

    name: str
    title: str | Promise
    template: str
    channels: frozenset[str] = field(default=INBOX_ONLY)
    is_legal: bool = False
    sms: str = ""
    is_on_at_first: bool = True
    address: Callable[[Mapping[str, Any]], str] = _nowhere

    @property
    def is_marketing(self) -> bool:
        """Whether it advertises: the database knows such messages by their name too."""
        return self.name.startswith(MARKETING)

    @property
    def is_wanted_at_first(self) -> bool:
        """Whether it goes out to somebody who has not chosen."""
        return self.is_on_at_first and not self.is_marketing


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind of message known, once."""
    if kind.is_marketing and kind.is_legal:
        raise RuntimeError("No law demands advertising.")
    if KINDS.get(kind.name, kind) != kind:
        raise RuntimeError(f"Two kinds of message are called {kind.name}.")
    KINDS[kind.name] = kind


@dataclass(frozen=True)
class Written:
    """A message in the words of one language."""

    title: str
    text: str
    address: str


@inside_transaction
def send(
    *, user: User, kind: str, params: Mapping[str, Any], natural_key: str, now: datetime
) -> Message:
    """Leave a message for `user` in the caller's transaction, once per `natural_key`."""
    if KINDS[kind].is_marketing:
        raise ValueError(f"Messages {kind} advertise: they are sent to whom asked for them.")
    return _send(user=user, kind=kind, params=params, natural_key=natural_key, now=now)


@inside_transaction
def advertise(
    *, user: User, kind: str, params: Mapping[str, Any], natural_key: str, now: datetime
) -> Message | None:
    """Leave an advertising message for a user who asked for it; None for everybody else.

    Who is excluded, limited or closed gets none whatever he once asked for: the database refuses.
    """
    if not KINDS[kind].is_marketing:
        raise ValueError(f"Messages {kind} are no advertising.")
    asked = ChannelChoice.objects.filter(user=user, kind=kind, is_wanted=True)
    if not asked.exists() or not _may_be_advertised_to(user):
        return None
    return _send(user=user, kind=kind, params=params, natural_key=natural_key, now=now)


def _may_be_advertised_to(user: User) -> bool:
    return Player.objects.filter(user=user, state=Player.State.ACTIVE).exists()


def _send(
    *, user: User, kind: str, params: Mapping[str, Any], natural_key: str, now: datetime
) -> Message:
    known = KINDS[kind]
    message, is_new = Message.objects.get_or_create(
        user=user,
        natural_key=natural_key,
        defaults={"kind": kind, "params": dict(params), "sent_at": now},
    )
    if not is_new:
        return message
    Delivery.objects.create(
        message=message, channel=Channel.INBOX, state=Delivery.State.DELIVERED, changed_at=now
    )
    if known.channels:
        _send_outside(message, known, now=now)
    return message


def write(message: Message, language: str, *, channel: str = Channel.INBOX) -> Written:
    """The words of a message, in the language asked for; by SMS those for a telephone."""
    kind = KINDS[message.kind]
    template = kind.sms if channel == Channel.SMS and kind.sms else kind.template
    with translation.override(language):
        text = render_to_string(template, {**message.params, "sent_at": message.sent_at})
        return Written(
            title=str(kind.title), text=text.strip(), address=kind.address(message.params)
        )


def inbox(user: User) -> QuerySet[Message]:
    """The messages of `user`, newest first."""
    return Message.objects.filter(user=user).order_by("-sent_at", "-pk")


def unread(user: User) -> int:
    """How many messages wait to be read."""
    return Message.objects.filter(user=user, read_at__isnull=True).count()


@door
def mark_read(message: Message, *, now: datetime) -> None:
    """Note that the user opened it; the first time counts."""
    Message.objects.filter(pk=message.pk, read_at__isnull=True).update(read_at=now)


@door
def mark_all_read(user: User, *, now: datetime) -> int:
    """Note that the user has seen all his messages; the number that were new."""
    return Message.objects.filter(user=user, read_at__isnull=True).update(read_at=now)


@door
def choose(*, user: User, kind: str, channel: str, is_wanted: bool, now: datetime) -> None:
    """Remember whether `user` wants one kind of message by one channel."""
    if channel not in KINDS[kind].channels:
        raise ValueError(f"Messages {kind} never go by {channel}.")
    ChannelChoice.objects.update_or_create(
        user=user,
        kind=kind,
        channel=channel,
        defaults={"is_wanted": is_wanted, "chosen_at": now},
    )


def choices(user: User) -> list[tuple[Kind, str, bool]]:
    """What the user may switch by the channels that reach him, and whether it is on.

    News are on until he switches them off, but for those that few want outside the house;
    advertising is off until he switches it on.
    """
    has = set(LoginName.objects.filter(user=user).values_list("kind", flat=True))
    chosen = {
        (row.kind, row.channel): row.is_wanted for row in ChannelChoice.objects.filter(user=user)
    }
    return [
        (kind, channel, chosen.get((kind.name, channel), kind.is_wanted_at_first))
        for kind in sorted(KINDS.values(), key=lambda kind: kind.name)
        if not kind.is_legal
        for channel in sorted(kind.channels)
        if REACHED_BY[Channel(channel)] in has
    ]


def deliver(*, delivery_id: int, now: datetime) -> None:
    """Bring one message out of the house, if it still waits. A job calls it, in no transaction.

    Cut off between sending and noting it, the message may go out twice, never not at all.
    """
    delivery = Delivery.objects.select_related("message__user").get(pk=delivery_id)
    if delivery.state != Delivery.State.WAITING:
        return
    channel = Channel(delivery.channel)
    if not _is_still_wanted(delivery):
        _conclude(delivery, Delivery.State.OPTED_OUT, "", now=now)
        return
    named = (
        LoginName.objects.filter(user=delivery.message.user, kind=REACHED_BY[channel])
        .order_by("pk")
        .first()
    )
    if named is None:
        _conclude(delivery, Delivery.State.FAILED, "no address", now=now)
        return
    written = write(delivery.message, delivery.message.user.language, channel=channel)
    reached = login_names.of(named).value
    try:
        if channel == Channel.EMAIL:
            mail(reached, title=written.title, text=written.text)
        else:
            sms_sender().send(number=reached, text=f"【{settings.BRAND}】{written.text}")
    except (SMTPRecipientsRefused, NumberRefused):
        logger.warning("A message was refused", extra={"delivery": delivery.pk})
        _conclude(delivery, Delivery.State.FAILED, "refused", now=now)
    else:
        _conclude(delivery, Delivery.State.DELIVERED, "", now=now)


def _is_still_wanted(delivery: Delivery) -> bool:
    """Whether its reader has not called off since: advertising needs a yes until it leaves."""
    message = delivery.message
    if not KINDS[message.kind].is_marketing:
        return True
    choice = ChannelChoice.objects.filter(
        user=message.user, kind=message.kind, channel=delivery.channel, is_wanted=True
    )
    return choice.exists() and _may_be_advertised_to(message.user)


def mail(address: str, *, title: str, text: str) -> None:
    """Send one e-mail through the mail server of the settings."""
    composed(address, title=title, text=text).send()


def composed(address: str, *, title: str, text: str) -> EmailMessage:
    """A mail of this house, as it may still be given files."""
    subject = f"[{settings.BRAND}] {title}"
    return EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [address])


@cache
def sms_sender() -> SmsSender:
    """The SMS gateway that the settings name."""
    made: SmsSender = import_string(settings.SMS_SENDER)()
    return made


def _send_outside(message: Message, kind: Kind, *, now: datetime) -> None:
    has = set(LoginName.objects.filter(user=message.user).values_list("kind", flat=True))
    chosen = dict(
        ChannelChoice.objects.filter(user=message.user, kind=kind.name).values_list(
            "channel", "is_wanted"
        )
    )
    for channel in sorted(kind.channels):
        if REACHED_BY[Channel(channel)] not in has:
            continue
        is_wanted = kind.is_legal or chosen.get(channel, kind.is_wanted_at_first)
        delivery = Delivery.objects.create(
            message=message,
            channel=channel,
            state=Delivery.State.WAITING if is_wanted else Delivery.State.OPTED_OUT,
            changed_at=now,
        )
        if is_wanted:
            jobs.enqueue("accounts.deliver", key=f"deliver:{delivery.pk}", delivery_id=delivery.pk)


def _conclude(delivery: Delivery, state: str, detail: str, *, now: datetime) -> None:
    Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.WAITING).update(
        state=state, detail=detail, changed_at=now
    )


register(
    Kind(
        name="accounts.locked",
        title=_("Your login name was locked"),
        template="accounts/mail/locked.txt",
        channels=EVERYWHERE,
        is_legal=True,
    )
)
register(
    Kind(
        name="accounts.security_changed",
        title=_("The keys of your account changed"),
        template="accounts/mail/security_changed.txt",
        channels=EVERYWHERE,
        is_legal=True,
    )
)
register(
    Kind(
        name="accounts.paper_registered",
        title=_("A paper was registered for you"),
        template="accounts/mail/paper_registered.txt",
        channels=EVERYWHERE,
        is_legal=True,
        address=page("accounts:papers"),
    )
)
