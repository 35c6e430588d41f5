"""Detectors made known, readings taken and kept: one row a draw and detector, written once (F066).

A detector looks at one draw and tells a `Finding`. Its chance decides: at `NOTICE_AT` or below it
is unusual, at `ALARM_AT` or below an alarm is raised. A fair draw therefore raises each detector's
alarm at most once in 10,000 readings; where several things are looked at, the chance told is
multiplied by their number. Higher rooms register detectors of their own in their `monitors.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from django.utils.functional import Promise

from audit import alarms
from games import draws, minutes, rules
from games.models import Draw, DrawMinutes
from games.monitor_models import MonitorReading
from lottery_portal import jobs
from lottery_portal.lib.db import door

from .history import Drawn, up_to

logger = logging.getLogger(__name__)

NOTICE_AT = 1e-3
ALARM_AT = 1e-4
ASKED_FOR = timedelta(days=30)  # a draw held longer ago is not read by the clock any more
TICKETS_NAMED = 20

Outcome = MonitorReading.Outcome


class Stage(StrEnum):
    """When a detector can look: the result stands, the minutes are signed, winners are known."""

    RESULT = "result"
    MINUTES = "minutes"
    WINNERS = "winners"


_FROM: Mapping[Stage, str] = {
    Stage.RESULT: Draw.State.CONFIRMED,
    Stage.MINUTES: Draw.State.CONFIRMED,
    Stage.WINNERS: Draw.State.SETTLED,
}


@dataclass(frozen=True)
class Finding:
    """What a detector saw. Without a chance, `outcome` says what it means."""

    statistic: float
    probability: float | None = None
    count: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = ""

    def judged(self) -> str:
        """CLEAR, NOTICE or ALARM: the worse of what the chance and the detector itself say."""
        found = [self.outcome or Outcome.CLEAR]
        if self.probability is not None and self.probability <= ALARM_AT:
            found.append(Outcome.ALARM)
        elif self.probability is not None and self.probability <= NOTICE_AT:
            found.append(Outcome.NOTICE)
        return max(found, key=list(Outcome.values).index)


@dataclass(frozen=True)
class Case:
    """A draw as detectors look at it; what was drawn before is asked for once."""

    draw: Draw
    edition: DrawMinutes | None = None

    @cached_property
    def version(self) -> rules.RuleVersion:
        """The rules of the draw."""
        return rules.by_code(self.draw.rule.code)

    @property
    def zones(self) -> Sequence[rules.Zone]:
        """The drums."""
        return self.version.zones

    @cached_property
    def drawn(self) -> list[Drawn]:
        """The results of the game, oldest first, this one last."""
        return up_to(self.draw, self.zones)


@dataclass(frozen=True)
class Detector:
    """A monitor: what it is called, what it looks for in plain words, and how it looks.

    `false_alarm` says how often a fair draw sets it off. With `of_game` its alarm belongs to the
    game: what has been seen over many draws is one alarm until somebody clears it.
    """

    name: str
    title: str | Promise
    explanation: str | Promise
    measured: str | Promise
    false_alarm: str | Promise
    stage: Stage
    look: Callable[[Case], Finding | None]
    of_game: bool = False

    @property
    def alarm(self) -> str:
        """The kind of its alarm."""
        return f"monitor.{self.name}"


@dataclass(frozen=True)
class Latest:
    """A detector and its newest reading of a draw; None when it has not read, or had no matter."""

    detector: Detector
    reading: MonitorReading | None


_DETECTORS: dict[str, Detector] = {}


def register(detector: Detector) -> None:
    """Make a detector known; called once for each, at start-up."""
    if detector.name in _DETECTORS:
        message = f"Two monitors are called {detector.name}."
        raise RuntimeError(message)
    _DETECTORS[detector.name] = detector
    alarms.register(kind=detector.alarm, title=detector.title)


def detectors(stage: Stage | None = None) -> list[Detector]:
    """Every detector, or those of a stage, in the order in which they look."""
    stages = list(Stage)
    found = [one for one in _DETECTORS.values() if stage in {None, one.stage}]
    return sorted(found, key=lambda one: stages.index(one.stage))


def read(*, draw: Draw, stage: Stage, now: datetime) -> list[MonitorReading]:
    """Let the detectors of a stage look at `draw`; what is read already is not read again.

    Nothing is read before its stage is reached. An alarm is raised with the row that says why.
    """
    if not _is_reached(draw, stage):
        return []
    edition = minutes.signed(draw) if stage == Stage.MINUTES else None
    number = edition.edition if edition else 1
    known = set(
        MonitorReading.objects.filter(draw=draw, edition=number).values_list("detector", flat=True)
    )
    case, written = Case(draw, edition), []
    for detector in detectors(stage):
        finding = None if detector.name in known else detector.look(case)
        if finding is not None:
            written.append(
                _write(draw=draw, detector=detector, found=finding, edition=number, now=now)
            )
    return [reading for reading in written if reading is not None]


def latest(draw: Draw) -> list[Latest]:
    """What every detector read last off `draw`; for dashboards."""
    rows = {
        row.detector: row
        for row in MonitorReading.objects.filter(draw=draw).order_by("edition", "pk")
    }
    return [Latest(one, rows.get(one.name)) for one in detectors()]


def last_read() -> Draw | None:
    """The draw of the real books that was read last; None before the first."""
    row = (
        MonitorReading.objects.filter(draw__is_shadow=False)
        .select_related("draw__game", "draw__rule")
        .order_by("-pk")
        .first()
    )
    return row.draw if row else None


@door
def ask_due(*, now: datetime) -> int:
    """Ask for every stage of a draw of the real books that is reached and not read; how many."""
    asked = 0
    found = Draw.objects.real().filter(
        state__in=draws.WAY[draws.WAY.index(Draw.State.CONFIRMED) :], draws_at__gt=now - ASKED_FOR
    )
    read_already = set(
        MonitorReading.objects.filter(draw__in=found).values_list("draw", "detector", "edition")
    )
    for draw in found.select_related("game", "rule").order_by("draws_at"):
        for stage in Stage:
            if not _is_reached(draw, stage):
                continue
            edition = minutes.signed(draw) if stage == Stage.MINUTES else None
            number = edition.edition if edition else 1
            if any((draw.pk, one.name, number) in read_already for one in detectors(stage)):
                continue
            jobs.enqueue(
                "games.read_monitors",
                key=f"{draw.code}:{stage}:{number}",
                draw_id=draw.pk,
                stage=str(stage),
            )
            asked += 1
    return asked


def _is_reached(draw: Draw, stage: Stage) -> bool:
    if draw.state == Draw.State.CANCELLED:
        return False
    if draws.WAY.index(Draw.State(draw.state)) < draws.WAY.index(Draw.State(_FROM[stage])):
        return False
    return stage != Stage.MINUTES or minutes.signed(draw) is not None


@door
def _write(
    *, draw: Draw, detector: Detector, found: Finding, edition: int, now: datetime
) -> MonitorReading | None:
    """Keep one reading, and raise its alarm; None when another was quicker."""
    reading, is_new = MonitorReading.objects.get_or_create(
        draw=draw,
        detector=detector.name,
        edition=edition,
        defaults={
            "statistic": found.statistic,
            "probability": found.probability,
            "count": found.count,
            "facts": dict(found.facts),
            "outcome": found.judged(),
            "read_at": now,
        },
    )
    if not is_new:
        return None
    if reading.outcome == Outcome.ALARM:
        alarms.raise_alarm(
            kind=detector.alarm,
            object_type="game" if detector.of_game else "draw",
            object_code=draw.game.code if detector.of_game else draw.code,
            facts={
                "draw": draw.code,
                "measured": f"{reading.statistic:g}",
                "chance": "" if reading.probability is None else f"{reading.probability:.3g}",
                "count": reading.count,
                **reading.facts,
            },
            now=now,
        )
    return reading
