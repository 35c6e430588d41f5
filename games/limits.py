"""Lines withdrawn from sale for one draw (限量), where the rule limits numbers.

Article 12 of the rules of 排列3: the issuer may limit what is sold of a number in a draw, and a
number that is limited cannot be bet any more. 3D is limited likewise, by the province (RULES §4 and
§6, where no figure of a limit was to be had). So how much is too much is decided by people (post
`risk`), line by line and with a reason that players read in the refusal.

What follows. A line stays withdrawn for its draw: nobody can be favoured by selling it again for a
moment. Tickets sold before stay valid and win. A bet that holds the line among others (复式, 胆拖,
组选) is refused as a whole. Another way to play the same digits is another line: 直选 123 may be
withdrawn and 组选6 123 be on sale. A plan whose numbers hold the line is told so by its sale. The
sale itself is judged by the database, which looks for the line behind the gate of the draw.
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
    rows = LimitedLine.objects.filter(draw=draw).order_by("pk")
    return [_limited(row) for row in rows]


def shown(row: LimitedLine) -> str:
    """The line as people read it: 1 2 3."""
    return str(_limited(row))


def as_line(
    version: RuleVersion, play: str, numbers: Sequence[Sequence[int]]
) -> Sequence[Sequence[int]]:
    """The numbers place by place; 1,2,3 for three places of one number each is meant so too."""
    known = next((one for one in version.plays if one.code == play), None)
    if known and len(numbers) == 1 < len(known.places) == len(numbers[0]):
        return [[number] for number in numbers[0]]
    return numbers


def _limited(row: LimitedLine) -> Limited:
    line = tuple(tuple(some) for some in row.numbers)
    return Limited(play=row.play, line=line, reason=row.reason)


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
