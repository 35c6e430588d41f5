"""What the monitors read off the draws, with each monitor in plain words."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from games import monitors, words
from games.models import Draw, MonitorReading
from games.monitors import words as of_reading
from games.rules import by_code

RECENT = 12


@never_cache
@require_safe
def desk_monitors(request: HttpRequest, code: str = "") -> HttpResponse:
    """The readings of one draw, the one read last unless another is asked for."""
    draw = monitors.last_read()
    if code:
        draw = get_object_or_404(Draw.objects.select_related("game", "rule"), code=code)
    readings = _readings(draw)
    reached = {one.detector.stage for one in readings if one.reading}
    rows = [_row(one, draw, is_reached=one.detector.stage in reached) for one in readings]
    return render(
        request,
        "desk/monitors.html",
        {
            "nav": "monitors",
            "draw": {
                "name": words.draw(draw),
                "url": reverse("games:desk_draw", args=[draw.code]),
            }
            if draw
            else None,
            "rows": rows,
            "recent": _recent(draw),
            "alarms": sum(row["is_alarm"] for row in rows),
        },
    )


def _readings(draw: Draw | None) -> list[monitors.Latest]:
    if draw is None:
        return [monitors.Latest(detector, None) for detector in monitors.detectors()]
    return monitors.latest(draw)


def _row(one: monitors.Latest, draw: Draw | None, *, is_reached: bool) -> dict[str, Any]:
    detector, reading = one.detector, one.reading
    row: dict[str, Any] = {
        "name": detector.name,
        "title": detector.title,
        "explanation": detector.explanation,
        "false_alarm": detector.false_alarm,
        "measured_name": detector.measured,
        "word": _("Nothing to read") if is_reached else _("Not read"),
        "is_read": reading is not None,
        "is_alarm": False,
    }
    if reading is not None and draw is not None:
        row |= {
            "tone": of_reading.TONES[reading.outcome],
            "word": of_reading.outcome(reading),
            "is_alarm": reading.outcome == MonitorReading.Outcome.ALARM,
            "measured": of_reading.measured(reading),
            "what": of_reading.what(reading, by_code(draw.rule.code)),
            "chance": of_reading.chance(reading),
            "tickets": of_reading.tickets(reading),
            "read_at": reading.read_at,
        }
    return row


def _recent(shown: Draw | None) -> list[dict[str, Any]]:
    """The draws of the real books read last, each with its worst outcome."""
    worst: dict[Draw, str] = {}
    order = list(MonitorReading.Outcome.values)
    held = Draw.objects.real().filter(readings__isnull=False).distinct()
    for draw in held.select_related("game").order_by("-draws_at")[:RECENT]:
        outcomes = MonitorReading.objects.filter(draw=draw).values_list("outcome", flat=True)
        worst[draw] = max(outcomes, key=order.index)
    return [
        {
            "name": words.draw(draw),
            "url": reverse("games:desk_monitors_draw", args=[draw.code]),
            "is_on": shown is not None and draw.pk == shown.pk,
            "tone": of_reading.TONES[outcome],
            "word": MonitorReading.Outcome(outcome).label,
        }
        for draw, outcome in worst.items()
    ]
