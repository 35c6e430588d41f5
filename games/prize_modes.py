"""Who sets the prizes of a game: its own pool, or the issuer, who announces amounts (F022).

A change names the day from which on draws follow it, is agreed on by two people and told to the
public ten natural days before. A draw takes the mode of its day when it goes on sale and keeps it;
the database does that, and refuses a change for days of which a draw is on sale already.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from .models import Draw, Game, PrizeMode

if TYPE_CHECKING:
    from accounts.models import User

KIND = "games.prize_mode"
NOTICE = timedelta(days=10)
DRILL = "DRILL"
Mode = Draw.Mode


class ModeAlready(Refused):
    """It is so on that day anyway."""

    code = "prize_mode_already"
    message = _("That is how it is on that day already.")


class ModeTooSoon(Refused):
    """Not told ten natural days before."""

    code = "prize_mode_announced_in_time"
    message = _(
        "This is told to the public %(days)s natural days before: %(first)s at the soonest."
    )


class ModeOfDrawsOnSale(Refused):
    """A draw of that time takes tickets, or has taken them."""

    code = "prize_mode_of_no_draw_on_sale"
    message = _("A draw of that time is on sale already. Please name a later day.")


class DocumentMissing(Refused):
    """The paper that says so is not named."""

    code, status = "prize_mode_document_missing", 400
    message = _("Please name the document by which this changes.")


def on(game: Game, day: date) -> str:
    """The mode of the game's draws of a day, as far as it is known now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT games_mode_on(%s, %s)", [game.pk, day])
        (mode,) = cursor.fetchone()
    return str(mode)


def changes(game: Game | None = None) -> Sequence[PrizeMode]:
    """Every change of the real games, or of one game, the latest first."""
    found = PrizeMode.objects.select_related("game").order_by("-starts_on", "-pk")
    return list(found.filter(game=game) if game else found.filter(game__is_shadow=False))


def request(
    *, game: Game, mode: str, starts_on: date, document: str, maker: User, now: datetime
) -> approvals.Request:
    """Ask that draws from `starts_on` on follow `mode`; nothing changes before another agreed."""
    if not document.strip():
        raise DocumentMissing
    _check(game, Mode(mode), starts_on, now=now)
    return approvals.request(
        kind=KIND,
        payload={
            "game": game.code,
            "mode": Mode(mode).value,
            "starts_on": starts_on.isoformat(),
            "document": document.strip(),
        },
        maker=maker,
        now=now,
    )


@inside_transaction
def record(
    *, payload: dict[str, Any], approval_code: str, actor: User | None, now: datetime
) -> PrizeMode:
    """Record and publish the change of an approved request, or raise a `Refused`."""
    game = Game.objects.get(code=payload["game"])
    starts_on = date.fromisoformat(payload["starts_on"])
    _check(game, payload["mode"], starts_on, now=now)
    return _record(
        game, payload["mode"], starts_on, payload["document"], approval_code, actor=actor, now=now
    )


@door
def set_drill(*, game: Game, mode: str, now: datetime) -> PrizeMode:
    """Let a drill game follow `mode` from today on; drills have no public to tell."""
    if not game.is_shadow:
        raise ValueError("Who sets the prizes of a real game changes by the word of two people.")
    day = in_shanghai(now).date()
    return _record(game, Mode(mode).value, day, DRILL, DRILL, actor=None, now=now)


def _check(game: Game, mode: str, starts_on: date, *, now: datetime) -> None:
    first = in_shanghai(now).date() + NOTICE
    if starts_on < first:
        raise ModeTooSoon(days=NOTICE.days, first=first.isoformat())
    if on(game, starts_on) == mode:
        raise ModeAlready


@inside_transaction
def _record(
    game: Game,
    mode: str,
    starts_on: date,
    document: str,
    approval_code: str,
    *,
    actor: User | None,
    now: datetime,
) -> PrizeMode:
    try:
        with transaction.atomic():
            changed = PrizeMode.objects.create(
                game=game,
                mode=mode,
                starts_on=starts_on,
                document=document,
                approval_code=approval_code,
                published_at=now,
            )
    except IntegrityError as exc:
        name = violated(exc)
        if name == "prize_mode_of_no_draw_on_sale":
            raise ModeOfDrawsOnSale from exc
        if name == "prize_mode_announced_in_time":
            soonest = in_shanghai(now).date() + NOTICE
            raise ModeTooSoon(days=NOTICE.days, first=soonest.isoformat()) from exc
        raise
    trail.record(
        action="games.prize_mode_changed",
        actor=actor,
        object_type="game",
        object_code=game.code,
        body={
            "mode": mode,
            "starts_on": starts_on.isoformat(),
            "document": document,
            "approval": approval_code,
        },
    )
    return changed
