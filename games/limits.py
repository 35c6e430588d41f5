"""Lines withdrawn from sale for one draw (限量), where the rule limits numbers (RULES §6).

A line stays withdrawn: nobody can be favoured by selling it again for a moment. The sale itself is
judged by the database, which looks for the line behind the gate of the draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused

from . import rule_sheets
from .bets import Limited
from .models import Draw, LimitedLine

if TYPE_CHECKING:
    from accounts.models import User

    from .rules import RuleVersion


class NotLimited(Refused):
    """The rule of the draw knows no limits, or the draw has closed."""

    code = "limited_line_in_time"
    message = _(
        "No line of draw %(draw)s can be withdrawn from sale: its rule or its close forbids it."
    )


class NoSuchLine(Refused):
    """These numbers are no line of the play."""

    code, status = "limited_line_unknown", 400
    message = _("These numbers are no line of this way to play.")


class LimitReasonMissing(Refused):
    """Withdrawing a line needs a reason."""

    code, status = "limited_line_has_reason", 400
    message = _("Please give the reason.")


class LimitedAlready(Refused):
    """The line was withdrawn before."""

    code = "limited_line_once"
    message = _("%(line)s is withdrawn from sale already.")


_REFUSALS = {"limited_line_in_time": NotLimited}


@door
def withdraw(
    *,
    draw: Draw,
    play: str,
    line: Sequence[Sequence[int]],
    reason: str,
    actor: User,
    now: datetime,
) -> LimitedLine:
    """Sell the line, its numbers place by place, no more in `draw`; it holds at once."""
    version = rule_sheets.version_of(draw)
    if not version.limits_numbers:
        raise NotLimited(draw=draw.code)
    if not reason.strip():
        raise LimitReasonMissing
    masks = _masks(version, play, line)
    limited = Limited(play=play, line=tuple(tuple(sorted(numbers)) for numbers in line))
    try:
        withdrawn = LimitedLine.objects.create(
            draw=draw,
            play=play,
            numbers=[sorted(numbers) for numbers in line],
            kinds=[one.code for one in version.bet_types if one.play == play],
            mask_1=masks[0],
            mask_2=masks[1],
            reason=reason.strip(),
            withdrawn_by=actor,
            withdrawn_at=now,
        )
    except IntegrityError as exc:
        if violated(exc) == "limited_line_once":
            raise LimitedAlready(line=str(limited)) from exc
        if violated(exc) == "limited_line_in_time":
            raise NotLimited(draw=draw.code) from exc
        raise
    trail.record(
        action="games.line_withdrawn",
        actor=actor,
        object_type="draw",
        object_code=draw.code,
        body={"play": play, "line": withdrawn.numbers, "reason": withdrawn.reason},
    )
    return withdrawn


def of(draw: Draw) -> list[Limited]:
    """The lines that are not sold in `draw`."""
    rows = LimitedLine.objects.filter(draw=draw).order_by("pk").values_list("play", "numbers")
    return [
        Limited(play=play, line=tuple(tuple(some) for some in numbers)) for play, numbers in rows
    ]


def _masks(version: RuleVersion, play: str, line: Sequence[Sequence[int]]) -> tuple[int, int]:
    """The line as it lies in picks, or `NoSuchLine`."""
    known = next((one for one in version.plays if one.code == play), None)
    if known is None or len(line) != len(known.places):
        raise NoSuchLine
    for place, numbers in zip(known.places, line, strict=True):
        in_range = all(place.first <= number <= place.last for number in numbers)
        wanted = {place.picked} if known.filled is None else {0, 1}
        if len(set(numbers)) != len(numbers) or len(numbers) not in wanted or not in_range:
            raise NoSuchLine
    if known.filled is not None and sum(map(len, line)) != known.filled:
        raise NoSuchLine
    if known.pattern != "any" and not known.fits([numbers[0] for numbers in line]):
        raise NoSuchLine
    words = [0, 0]
    for place, numbers in zip(known.places, line, strict=True):
        for word, bits in enumerate(place.laid(place.mask(numbers))):
            words[word] |= bits
    return words[0], words[1]
