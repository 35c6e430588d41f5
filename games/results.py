"""Results: typed blind by two; equal entries make the result, others are typed again (F061)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts import who
from audit import trail
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused

from . import bets, draws, rules
from .models import Announcement, Draw, Result, ResultEntry

if TYPE_CHECKING:
    from accounts.models import User

ROLE = "draw_official"
# Officials of drills: no page is open to them, and their word counts in shadow draws only.
DRILL_ROLE = "drill_official"


class NotAnOfficial(Refused):
    """Only draw officials type results."""

    code, status = "result_entry_by_an_official", 403
    message = _("Only a draw official types results.")


class TooEarly(Refused):
    """The draw is not sealed, or has not been held."""

    code = "result_entry_after_the_draw"
    message = _("Draw %(draw)s takes no numbers: it must be sealed and held first.")


class SealNotPublished(Refused):
    """What was sold is not public under two signatures yet."""

    code = "result_after_published_seal"
    message = _("Draw %(draw)s takes no numbers: its seal is not published yet.")


class TypedAlready(Refused):
    """One person types once a round, under whatever account."""

    code, status = "result_entry_once_per_person", 403
    message = _("You have typed the numbers of this round. Another person types them now.")


class NumbersWrong(Refused):
    """These numbers cannot have been drawn."""

    code, status = "result_numbers_wrong", 400
    message = _("These numbers cannot have been drawn: %(why)s")


class ConfirmedAlready(Refused):
    """The result stands."""

    code = "result_confirmed"
    message = _("The result of draw %(draw)s is confirmed and stands.")


class EquipmentMissing(Refused):
    """Not every place of the draw is served by inspected equipment."""

    code = "draw_with_inspected_equipment"
    message = _(
        "Draw %(draw)s needs a machine and a ball set for every zone, chosen and with a valid"
        " inspection, before its numbers are entered."
    )


REFUSALS: dict[str, type[Refused]] = {
    "draw_with_inspected_equipment": EquipmentMissing,
    "result_entry_after_the_draw": TooEarly,
    "result_after_published_seal": SealNotPublished,
    "result_entry_by_the_staff": NotAnOfficial,
    "result_entry_by_an_official": NotAnOfficial,
    "result_entry_once_per_person": TypedAlready,
}


@dataclass(frozen=True)
class Entered:
    """What came of an entry: the first of its round, equal to the first, or different from it."""

    round: int
    is_second: bool
    result: Result | None

    @property
    def is_conflict(self) -> bool:
        """Two people typed different numbers; both entries stay, and a new round begins."""
        return self.is_second and self.result is None


def enter(
    *,
    draw: Draw,
    official: User,
    numbers: Sequence[Sequence[int]],
    now: datetime,
    taken_from: str = "",
) -> Entered:
    """Record what `official` typed for `draw`, blind to the other entry, or raise a `Refused`.

    `taken_from` is the digest of a signed announcement of the draw whose numbers these are.

    The first entry makes the draw DRAWN. Two equal ones of different persons make the result and
    the draw CONFIRMED; two different ones are both kept, and both are typed again.
    """
    version = rules.by_code(draw.rule.code)
    try:
        masks = bets.result_masks(version, numbers)
    except Refused as refusal:
        raise NumbersWrong(why=str(refusal)) from refusal
    if not _may_type(draw, official, now):
        raise NotAnOfficial
    ordered = [sorted(zone) for zone in numbers]
    try:
        return _enter(
            draw=draw,
            official=official,
            numbers=ordered,
            masks=masks,
            taken_from=taken_from,
            now=now,
        )
    except IntegrityError as exc:
        if refusal_of := REFUSALS.get(violated(exc)):
            raise refusal_of(draw=draw.code) from exc
        raise


@door
def _enter(
    *,
    draw: Draw,
    official: User,
    numbers: list[list[int]],
    masks: Sequence[int],
    taken_from: str,
    now: datetime,
) -> Entered:
    # Officials queue at the draw, so that the second of two sees the first one's row.
    state = (
        Draw.objects.select_for_update(no_key=True).values_list("state", flat=True).get(pk=draw.pk)
    )
    if state in draws.WAY[draws.WAY.index(Draw.State.CONFIRMED) :]:
        raise ConfirmedAlready(draw=draw.code)
    typed = list(ResultEntry.objects.filter(draw=draw).order_by("pk"))
    number = len(typed) // 2 + 1
    first = typed[-1] if len(typed) % 2 else None
    entry = ResultEntry.objects.create(
        draw=draw,
        round=number,
        official=official,
        person_code="",  # the database fills it in
        numbers=numbers,
        taken_from=taken_from,
        entered_at=now,
    )
    if first is None:
        draws.advance(draw_id=draw.pk, to=Draw.State.DRAWN, actor=official, now=now)
    result = None
    if first is not None and _typed_alike(first, entry):
        result = Result.objects.create(
            draw=draw,
            numbers=numbers,
            mask_1=masks[0],
            mask_2=masks[1],
            first_entry=first,
            second_entry=entry,
            confirmed_at=now,
        )
    _record(draw, official, entry, first, result)
    if result is not None:
        draws.advance(draw_id=draw.pk, to=Draw.State.CONFIRMED, actor=official, now=now)
    return Entered(round=number, is_second=first is not None, result=result)


def _typed_alike(first: ResultEntry, second: ResultEntry) -> bool:
    """What the database says of two entries: it alone may look at the numbers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT games_typed_alike(%s, %s)", [first.pk, second.pk])
        (alike,) = cursor.fetchone()
    return bool(alike)


def _record(
    draw: Draw, official: User, entry: ResultEntry, first: ResultEntry | None, result: Result | None
) -> None:
    """Into the trail; the numbers only when they stand, for the trail may be read meanwhile."""
    if first is None:
        action = "games.result_typed"
        body: dict[str, Any] = {"round": entry.round}
    elif result is None:
        action, body = "games.result_conflict", {"round": entry.round}
    else:
        action, body = "games.result_confirmed", {"round": entry.round, "numbers": entry.numbers}
    trail.record(
        action=action, actor=official, object_type="draw", object_code=draw.code, body=body
    )


def _may_type(draw: Draw, official: User, now: datetime) -> bool:
    allowed = {ROLE, DRILL_ROLE} if draw.is_shadow else {ROLE}
    return any(allowed & set(held.post.roles) for held in who.postings(official, now))


def has_typed(draw: Draw, official: User) -> bool:
    """Whether this person has typed in the round that is open."""
    entries = list(
        ResultEntry.objects.filter(draw=draw).order_by("pk").values_list("person_code", flat=True)
    )
    return len(entries) % 2 == 1 and entries[-1] == who.person_code(official)


def is_from_file(result: Result) -> bool:
    """Whether both entries were taken from a signed announcement; else people typed (F062)."""
    made = [result.first_entry_id, result.second_entry_id]
    return not ResultEntry.objects.filter(pk__in=made, taken_from="").exists()


def typed_by(result: Result) -> list[ResultEntry]:
    """The two entries that made a result, who and when; their numbers are those of the result."""
    made = [result.first_entry_id, result.second_entry_id]
    entries = ResultEntry.objects.filter(pk__in=made).select_related("official")
    return list(entries.defer("numbers").order_by("pk"))


def latest(*, most: int) -> list[dict[str, Any]]:
    """The last published results of the real games as lists show them, newest first."""
    rows = (
        Announcement.objects.filter(game__is_shadow=False)
        .select_related("game")
        .order_by("-drawn_on", "-issue")[:most]
    )
    return [as_row(row) for row in rows]


def as_row(row: Announcement) -> dict[str, Any]:
    """A published result as a row of a list."""
    return {
        "game": _now(row.game.name),
        "rules_game": row.game.rules_game,
        "issue": row.issue,
        "drawn_on": row.drawn_on,
        "numbers": row.numbers,
        "url": reverse("games:result", args=[row.game.code, row.issue]),
        "is_checked": row.draw_id is not None,
    }
