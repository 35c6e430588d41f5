"""The detectors of this room under their names and in plain words, made known at start-up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from games import minutes
from games.models import Draw, DrawMinutes
from games.rules import Zone

from . import readings, results
from .history import Drawn
from .readings import Case, Detector, Finding, Stage

TESTS_LOOKED_AT = 10  # minutes, this draw's and those before, whose test draws are compared
ORDERS_LOOKED_AT = 30
IN_10_000 = _("A fair draw sets it off at most once in 10,000 readings.")


def _by_results(
    detector: Callable[[Sequence[Zone], Sequence[Drawn]], Finding | None],
) -> Callable[[Case], Finding | None]:
    return lambda case: detector(case.zones, case.drawn)


def _signed_before(draw: Draw, most: int) -> list[DrawMinutes]:
    """The last signed minutes of each of the draws before, newest first."""
    found = (
        DrawMinutes.objects.filter(
            draw__game_id=draw.game_id, draw__issue__lt=draw.issue, signature__isnull=False
        )
        .order_by("-draw__issue", "-edition")
        .distinct("draw__issue")
    )
    return list(found[:most])


def _told(case: Case, most: int) -> list[dict[str, Any]]:
    if case.edition is None:
        return []
    return [minutes.text_of(one) for one in [case.edition, *_signed_before(case.draw, most - 1)]]


def _tried(case: Case) -> Finding | None:
    tried: list[results.Numbers] = [
        tuple(tuple(zone) for zone in test)
        for told in _told(case, TESTS_LOOKED_AT)
        for test in told["tests"]
    ]
    numbers = tuple(tuple(zone) for zone in case.draw.result.numbers)
    return results.rehearsed(case.zones, numbers, tried)


def _orders(case: Case) -> Finding | None:
    return results.order(
        [tuple(tuple(zone) for zone in told["drawn"]) for told in _told(case, ORDERS_LOOKED_AT)]
    )


for _one in (
    Detector(
        name="dates",
        title=_("Numbers that go with the date"),
        explanation=_(
            "A fair drum knows no calendar. Looks for results that come back on the same day of the"
            " year or of the week, as they did when an insider had built certain dates into a"
            " drawing computer."
        ),
        measured=_("Numbers shared with results of the same day"),
        false_alarm=IN_10_000,
        stage=Stage.RESULT,
        look=_by_results(results.dates),
    ),
    Detector(
        name="overlaps",
        title=_("Balls that never come again"),
        explanation=_(
            "Of six balls about one comes out again in the next draw. Looks for drums in which a"
            " ball never, too seldom or too often comes out twice running: a ball that was not put"
            " back, or is heavier than the others."
        ),
        measured=_("Draws without a repeated ball, or repeated balls in 30 draws"),
        false_alarm=IN_10_000,
        stage=Stage.RESULT,
        look=_by_results(results.overlaps),
        of_game=True,
    ),
    Detector(
        name="digits",
        title=_("Digits that never stand twice"),
        explanation=_(
            "In games of digits a digit may stand twice in one result. Looks for results that have"
            " not shown it for too long: a known mistake in the settings of drawing computers."
        ),
        measured=_("Draws in a row without a doubled digit"),
        false_alarm=IN_10_000,
        stage=Stage.RESULT,
        look=_by_results(results.digits),
        of_game=True,
    ),
    Detector(
        name="absent",
        title=_("A number that is missing"),
        explanation=_(
            "Every number comes out sooner or later. Looks for one that has been away so long that"
            " it may not be in the drum."
        ),
        measured=_("Draws since the number came out last"),
        false_alarm=IN_10_000,
        stage=Stage.RESULT,
        look=_by_results(results.absent),
        of_game=True,
    ),
    Detector(
        name="frequencies",
        title=_("Numbers that are too frequent"),
        explanation=_(
            "Over 200 draws every number comes out about as often as the others. Looks for single"
            " numbers, and for whole drums, that are out of balance."
        ),
        measured=_("Count of the number, or imbalance of the drum"),
        false_alarm=IN_10_000,
        stage=Stage.RESULT,
        look=_by_results(results.frequencies),
        of_game=True,
    ),
    Detector(
        name="duplicates",
        title=_("A result that was there before"),
        explanation=_(
            "The same numbers in draws close to each other are hardly ever chance. Looks for"
            " results, whole or of one drum, that repeat an earlier one: an old result sent again,"
            " or a computer that began from the same state."
        ),
        measured=_("Draws between the result and its twin (0: none)"),
        false_alarm=IN_10_000,
        stage=Stage.RESULT,
        look=_by_results(results.duplicates),
    ),
    Detector(
        name="serial",
        title=_("Results that follow a pattern"),
        explanation=_(
            "High and low results follow each other without a plan. Looks for results that"
            " alternate too regularly, or stay high or low too long."
        ),
        measured=_("Runs of high and low results in 60 draws"),
        false_alarm=IN_10_000,
        stage=Stage.RESULT,
        look=_by_results(results.serial),
        of_game=True,
    ),
    Detector(
        name="rehearsed",
        title=_("A result like a test draw"),
        explanation=_(
            "Test draws before the drawing have nothing to do with its result. Looks for a result"
            " that equals, or nearly equals, a test draw in these minutes or in those of the draws"
            " before."
        ),
        measured=_("Numbers shared with a test draw"),
        false_alarm=IN_10_000,
        stage=Stage.MINUTES,
        look=_tried,
    ),
    Detector(
        name="order",
        title=_("Balls in a row"),
        explanation=_(
            "Balls come out in any order. Looks at the order in the minutes: numbers that rise or"
            " fall too often were arranged, or the minutes were not written as the balls came."
        ),
        measured=_("How often the next ball was higher"),
        false_alarm=IN_10_000,
        stage=Stage.MINUTES,
        look=_orders,
        of_game=True,
    ),
):
    readings.register(_one)
