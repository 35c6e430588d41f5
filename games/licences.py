"""Licences to sell: recorded under four eyes; without one in force nothing is sold (F023).

A licence covers the games and channels it names, from its first moment to its last; two people may
end one early. Before it ends people are told 90, 60 and 30 days ahead, once each (F024), unless
other licences go on where it ends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from audit import approvals, policies, trail
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import notice_mail
from .models import Game, Licence, LicenceEnding, LicenceReminder

if TYPE_CHECKING:
    from accounts.models import User

KIND = "games.licence"
ENDING_KIND = "games.licence_ending"
CHANNELS = ("web", "api")
# So many days before its end people are told, the farthest first (F024).
REMINDERS = (90, 60, 30)
MAILBOXES_POLICY = "games.licence_mailboxes"


class LicenceKnown(Refused):
    """A licence of that number is recorded."""

    code = "licence_known"
    message = _("Licence %(number)s is already recorded.")


class LicenceUnknown(Refused):
    """There is no licence of that number."""

    code, status = "licence_unknown", 404
    message = _("There is no licence %(number)s.")


class LicenceEndsTooEarly(Refused):
    """It would end before it begins."""

    code, status = "licence_ends_too_early", 400
    message = _("A licence ends after it begins.")


class LicencePast(Refused):
    """It lies wholly in the past: nothing could be sold by it any more."""

    code, status = "licence_past", 400
    message = _("This licence ended on %(until)s. Nothing can be sold by it any more.")


class LicenceScopeUnknown(Refused):
    """It names a game or a channel that there is not."""

    code, status = "licence_scope_unknown", 400
    message = _("There is no game or sales channel %(name)s.")


class LicenceOver(Refused):
    """It has ended, or ends by then anyway."""

    code = "licence_over"
    message = _("Licence %(number)s has ended by then.")


class EndingReasonMissing(Refused):
    """Who ends a licence says why."""

    code, status = "licence_ending_reason", 400
    message = _("Please say why the licence ends early.")


class NoLicence(Refused):
    """Nothing may be sold now: no licence covers the game."""

    code, status = "ticket_licence_valid", 503
    message = _("Sales are paused: the licence to sell this game is not in force.")


def in_force(game: Game, *, at: datetime, channel: str = "") -> Licence | None:
    """The licence that covers `game` at `at`, the one that lasts longest; None: nothing is sold.

    Without a channel, one that covers any channel is good enough.
    """
    return covering(game, channel=channel).filter(valid_from__lte=at, ends__gt=at).first()


def licensed(games: Collection[Game], *, at: datetime, channel: str = "") -> set[str]:
    """The codes of those of these games that may be sold at `at`; shadow games need no licence."""
    named = list(
        _of_channel(channel).filter(valid_from__lte=at, ends__gt=at).values_list("games", flat=True)
    )
    return {
        game.code
        for game in games
        if game.is_shadow or any(not codes or game.code in codes for codes in named)
    }


def covering(game: Game, *, channel: str = "") -> QuerySet[Any]:
    """The licences that name `game` and the channel or all, with their real end, longest first."""
    found = _of_channel(channel).filter(Q(games=[]) | Q(games__contains=[game.code]))
    return found.order_by("-ends")


def _of_channel(channel: str) -> QuerySet[Any]:
    """The licences for a channel, with their real end; without one, those of any."""
    found = Licence.objects.annotate(ends=Coalesce(F("ending__ends_at"), F("valid_until")))
    return found.filter(Q(channels=[]) | Q(channels__contains=[channel])) if channel else found


def check(game: Game, *, at: datetime, channel: str = "") -> None:
    """Raise `NoLicence` unless the game may be sold at `at`; shadow games need none."""
    if not game.is_shadow and in_force(game, at=at, channel=channel) is None:
        raise NoLicence(game=game.code)


def request(
    *,
    number: str,
    games: Collection[str] = (),
    channels: Collection[str] = (),
    issued_by: str,
    valid_from: datetime,
    valid_until: datetime,
    maker: User,
    now: datetime,
) -> approvals.Request:
    """Ask for a licence to be recorded; it counts from the approval on, and ends after it."""
    if valid_until <= valid_from:
        raise LicenceEndsTooEarly
    _check_not_past(valid_until, now=now)
    if Licence.objects.filter(number=number).exists():
        raise LicenceKnown(number=number)
    known = set(Game.objects.filter(is_shadow=False).values_list("code", flat=True))
    for name in sorted((set(games) - known) | (set(channels) - set(CHANNELS))):
        raise LicenceScopeUnknown(name=name)
    return approvals.request(
        kind=KIND,
        payload={
            "number": number,
            "games": sorted(set(games)),
            "channels": sorted(set(channels)),
            "issued_by": issued_by,
            "valid_from": valid_from.isoformat(),
            "valid_until": valid_until.isoformat(),
        },
        maker=maker,
        now=now,
    )


@inside_transaction
def record(
    *, payload: dict[str, Any], approval_code: str, actor: User | None, now: datetime
) -> Licence:
    """Record the licence of an approved request, or of genesis; a number is recorded once.

    One that ended while the request waited is refused.
    """
    valid_until = datetime.fromisoformat(payload["valid_until"])
    _check_not_past(valid_until, now=now)
    try:
        with transaction.atomic():
            licence = Licence.objects.create(
                number=payload["number"],
                games=payload["games"],
                channels=payload["channels"],
                issued_by=payload["issued_by"],
                valid_from=datetime.fromisoformat(payload["valid_from"]),
                valid_until=valid_until,
                approval_code=approval_code,
                recorded_at=now,
            )
    except IntegrityError as exc:
        if violated(exc) == "licence_ends_after_it_begins":
            raise LicenceEndsTooEarly from exc
        if violated(exc) == "games_licence_number_key":
            raise LicenceKnown(number=payload["number"]) from exc
        raise
    trail.record(
        action="games.licence_recorded",
        actor=actor,
        object_type="licence",
        object_code=licence.number,
        body={**payload, "approval": approval_code},
    )
    return licence


def _check_not_past(valid_until: datetime, *, now: datetime) -> None:
    if valid_until <= now:
        raise LicencePast(until=dates.written(valid_until, "full"))


def find(number: str) -> Licence:
    """The licence of that number, or `LicenceUnknown`."""
    licence = Licence.objects.filter(number=number).first()
    if licence is None:
        raise LicenceUnknown(number=number)
    return licence


def request_end(
    *, licence: Licence, ends_at: datetime, reason: str, maker: User, now: datetime
) -> approvals.Request:
    """Ask for a licence to end early, at `ends_at` or with the approval, whichever is later."""
    if ends_at >= licence.valid_until or LicenceEnding.objects.filter(licence=licence).exists():
        raise LicenceOver(number=licence.number)
    if not reason.strip():
        raise EndingReasonMissing
    return approvals.request(
        kind=ENDING_KIND,
        payload={
            "number": licence.number,
            "ends_at": ends_at.isoformat(),
            "reason": reason.strip(),
        },
        maker=maker,
        now=now,
    )


@inside_transaction
def end(
    *, payload: Mapping[str, Any], approval_code: str, actor: User | None, now: datetime
) -> LicenceEnding:
    """End the licence of an approved request; what was sold by it stays sold."""
    licence = find(payload["number"])
    try:
        with transaction.atomic():
            ending = LicenceEnding.objects.create(
                licence=licence,
                ends_at=datetime.fromisoformat(payload["ends_at"]),
                reason=payload["reason"],
                approval_code=approval_code,
                recorded_at=now,
            )
    except IntegrityError as exc:
        if violated(exc) in {"licence_ending_is_early", "games_licenceending_licence_id_key"}:
            raise LicenceOver(number=licence.number) from exc
        raise
    ending.refresh_from_db(fields=["ends_at", "recorded_at"])
    trail.record(
        action="games.licence_ended",
        actor=actor,
        object_type="licence",
        object_code=licence.number,
        body={**payload, "ended_at": ending.ends_at.isoformat(), "approval": approval_code},
    )
    return ending


def ending_of(licence: Licence) -> LicenceEnding | None:
    """Its early end, recorded or to come; None when it lasts to its day."""
    try:
        return licence.ending
    except LicenceEnding.DoesNotExist:
        return None


def ending_soon(*, now: datetime) -> list[Any]:
    """Licences that end within 90 days with nothing to go on after them, the next end first."""
    near = (
        Licence.objects.annotate(ends=Coalesce(F("ending__ends_at"), F("valid_until")))
        .filter(ends__gt=now, ends__lte=now + timedelta(days=max(REMINDERS)))
        .order_by("ends")
    )
    return [licence for licence in near if uncovered(licence, at=licence.ends)]


def uncovered(licence: Licence, *, at: datetime) -> list[Game]:
    """The games of a licence that no other licence covers from `at` on, in all its channels."""
    games = Game.objects.filter(is_shadow=False).order_by("position")
    if licence.games:
        games = games.filter(code__in=licence.games)
    channels: Sequence[str] = licence.channels or CHANNELS
    return [
        game
        for game in games
        if any(
            not covering(game, channel=channel)
            .exclude(pk=licence.pk)
            .filter(valid_from__lte=at, ends__gt=at)
            .exists()
            for channel in channels
        )
    ]


def remind_due(*, now: datetime) -> int:
    """Tell people about every licence that ends in 90, 60 or 30 days; how many were told of now.

    Each of the three goes out once, however often this runs; one whose day has passed unseen is
    skipped for the nearest.
    """
    return sum(_remind(licence, now=now) for licence in ending_soon(now=now))


@door
def _remind(licence: Any, *, now: datetime) -> bool:
    left = (licence.ends - now).total_seconds() / 86_400
    days = min((one for one in REMINDERS if left <= one), default=None)
    if days is None or LicenceReminder.objects.filter(licence=licence, days__lte=days).exists():
        return False
    mailboxes = policies.read(MAILBOXES_POLICY, at=now)
    try:
        with transaction.atomic():
            reminder = LicenceReminder.objects.create(
                licence=licence, days=days, mailboxes=len(mailboxes), sent_at=now
            )
    except IntegrityError as exc:
        if violated(exc) == "licence_reminded_once":
            return False
        raise
    notice_mail.ask(
        about=notice_mail.About.LICENCE, number=reminder.pk, addresses=mailboxes, now=now
    )
    trail.record(
        action="games.licence_reminded",
        actor=None,
        object_type="licence",
        object_code=licence.number,
        body={"days": days, "mailboxes": len(mailboxes)},
    )
    return True
