"""Whether everything that proves the draws is in order now: what the integrity dashboard shows.

Nothing is taken from what was said before: signatures and chain are checked, the log is asked for
its lag, the witness is asked whether it is there, each time somebody looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from audit import (
    alarm_words,
    alarms,
    catalogue,
    keys,
    log,
    pace,
    policies,
    sequencing,
    verification,
    witnesses,
)
from games import monitors, seals, words
from games.models import Draw, SealStatement
from lottery_portal.lib import dates, sentences
from sales import rolling
from sales.models import RollingCheck

from .models import EngineRun, Settlement

SEALS_SHOWN = 8
ALARMS_SHOWN = 10
OBJECTS_SHOWN = 8
WITNESS_PATIENCE_SECONDS = 1.0
NIGHTLY = timedelta(hours=26)  # a verification older than this was missed
CHART_MINUTES = 60
LEAST_MINUTES = 3  # with fewer a chart is a lone point: a portal that has just started, mostly
YEAR = timedelta(days=365)
LAG_LIMIT_SECONDS = 1.0
# The chart, in units of its own drawing.
LEFT, MARGIN, TOP, BOTTOM = 48.0, 12.0, 20.0, 156.0
WIDE, NARROW = 680.0, 300.0
SECONDS_FROM = 10.0  # above, the axis counts seconds
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Sign:
    """A finding as people read it: a tone (done, waiting, attention, wrong, draft) and a word."""

    tone: str
    word: str


@dataclass(frozen=True, kw_only=True)
class WitnessNow:
    """The witness as it answers now, and the last it signed."""

    sign: Sign
    key_id: str
    is_there: bool
    signed_at: datetime | None
    signed_size: int
    behind: int


def of_now(*, now: datetime) -> Row:
    """Everything the dashboard shows, at this moment."""
    newest, lag = log.latest(), log.lag()
    waits = pace.waits(since=now - timedelta(minutes=CHART_MINUTES))
    seen = witness(newest_size=newest.size if newest else 0, now=now)
    broken = seals.breaks()
    statements = list(
        seals.published().prefetch_related("signatures").select_related("draw__game")[:SEALS_SHOWN]
    )
    raised = alarms.open_now()
    return {
        "now": now,
        "figures": _figures(broken, lag, seen, now=now),
        "seals": [_seal(one) for one in statements],
        "broken": [words.draw(one.draw) for one in broken],
        "unpublished": _unpublished(),
        "checkpoint": newest,
        "checkpoint_sign": _checkpoint_sign(lag),
        "lag_seconds": lag,
        "lag_limit": LAG_LIMIT_SECONDS,
        "holding": sequencing.oldest_transactions() if lag > LAG_LIMIT_SECONDS else [],
        "charts": charts(waits, now=now),
        "few": few(waits),
        "witness": seen,
        "verified": verification.last(),
        "verified_sign": _verified_sign(now),
        "ordered": verification.under_way(),
        "catalogue": _catalogue(),
        "rolling": _rolling(now),
        "alarms": [
            {**alarm_words.shown(one), "url": reverse("audit:alarm", args=[one.code])}
            for one in raised[:ALARMS_SHOWN]
        ],
        "alarms_open": len(raised),
        "monitors": _monitors(),
    }


def witness(*, newest_size: int, now: datetime) -> WitnessNow:
    """Ask the witness whether it is there, with a second's patience; and what it signed last."""
    cosigned, since = log.latest_cosigned(), pace.uncosigned_since()
    known = [key for key, _public in keys.public_of(keys.Role.INDEPENDENT)]
    registered = known[0] if known else ""
    signed_size = cosigned.size if cosigned else 0
    behind = max(newest_size - signed_size, 0)
    try:
        said = witnesses.key(patience=WITNESS_PATIENCE_SECONDS)
    except witnesses.WitnessUnreachable:
        sign, is_there = Sign(tone="wrong", word=_("does not answer")), False
    else:
        is_there = True
        if said.key_id != registered:
            sign = Sign(tone="wrong", word=_("another key than registered"))
        elif cosigned is None:
            sign = Sign(tone="draft", word=_("nothing signed yet"))
        elif since is not None and (now - since).total_seconds() > sequencing.LAG_ALARM_SECONDS:
            word = ngettext("%(count)s entry behind", "%(count)s entries behind", behind)
            sign = Sign(tone="attention", word=word % {"count": f"{behind:,}"})
        else:
            sign = Sign(tone="done", word=_("in step"))
    return WitnessNow(
        sign=sign,
        key_id=registered,
        is_there=is_there,
        signed_at=cosigned.cosigned_at if cosigned else None,
        signed_size=signed_size,
        behind=behind,
    )


def agreed(draws: Sequence[Draw]) -> Mapping[int, Sign]:
    """By draw: whether both engines found the same; what is still to come, where they have not."""
    settlements = {row.draw_id: row for row in Settlement.objects.filter(draw__in=draws)}
    return {draw.pk: _engines(draw, settlements.get(draw.pk)) for draw in draws}


def _engines(draw: Draw, settled: Settlement | None) -> Sign:
    if draw.state == Draw.State.CANCELLED:
        return Sign(tone="draft", word=_("Cancelled"))
    if settled is None:
        if draw.state == Draw.State.CONFIRMED:
            return Sign(tone="waiting", word=_("waiting"))
        return Sign(tone="waiting", word=_("before the draw"))
    if settled.halt_reason:
        return Sign(tone="wrong", word=_("halted"))
    if settled.state in {Settlement.State.CREDITING, Settlement.State.DONE}:
        return Sign(tone="done", word=_("agree"))
    return Sign(tone="waiting", word=_("counting"))


def _seal(statement: SealStatement) -> Row:
    draw = statement.draw
    return {
        "name": words.draw(draw),
        "issue": draw.issue,
        "game": words.game(draw.game),
        "closed_at": statement.closed_at,
        "tickets": statement.tickets,
        "seconds": int((statement.publication.published_at - statement.closed_at).total_seconds()),
        "mark": statement.root[:8],
        "signatures": len(statement.signatures.all()),
        "problems": [sentences.shown(one) for one in seals.problems(statement)],
        "engines": agreed([draw])[draw.pk],
        "url": reverse("games:desk_draw", args=[draw.code]),
    }


def _unpublished() -> list[Row]:
    """Draws whose sale is over and whose seal is not public yet."""
    waiting = Draw.objects.real().filter(
        state__in=[Draw.State.CLOSED, Draw.State.SEALED], seal__publication__isnull=True
    )
    return [
        {
            "name": words.draw(draw),
            "word": words.state(draw.state),
            "url": reverse("games:desk_draw", args=[draw.code]),
        }
        for draw in waiting.select_related("game").order_by("closes_at")
    ]


def _figures(
    broken: Sequence[SealStatement], lag: float, seen: WitnessNow, *, now: datetime
) -> list[Row]:
    sealed = seals.published().count()
    chain = (
        Sign(tone="wrong", word=_("chain broken"))
        if broken
        else Sign(tone="done", word=_("chain unbroken"))
        if sealed
        else Sign(tone="draft", word=_("none yet"))
    )
    unlike = _disagreements(now)
    return [
        {"name": _("Draws sealed"), "figure": f"{sealed:,}", "unit": "", "sign": chain},
        {
            "name": _("Oldest entry waits"),
            "figure": f"{lag:.1f}",
            "unit": pgettext("seconds", "s"),
            "sign": _checkpoint_sign(lag),
        },
        {
            "name": _("Engines that disagreed"),
            "figure": f"{unlike:,}",
            "unit": "",
            "sign": Sign(tone="attention" if unlike else "done", word=_("the last 365 days")),
        },
        {
            "name": _("Independent witness"),
            "figure": "1 / 1" if seen.is_there else "0 / 1",
            "unit": "",
            "sign": seen.sign,
        },
    ]


def _disagreements(now: datetime) -> int:
    """Attempts of real draws in which the engines did not write the same."""
    attempts = EngineRun.objects.filter(ended_at__gte=now - YEAR, draw__is_shadow=False)
    return (
        attempts.values("draw", "attempt")
        .annotate(found=Count("result_digest", distinct=True))
        .filter(found__gt=1)
        .count()
    )


def _checkpoint_sign(lag: float) -> Sign:
    if lag > sequencing.LAG_ALARM_SECONDS:
        return Sign(tone="wrong", word=_("falls behind"))
    if lag > LAG_LIMIT_SECONDS:
        return Sign(tone="attention", word=_("above 1 second"))
    return Sign(tone="done", word=_("within 1 second"))


def _verified_sign(now: datetime) -> Sign:
    found = verification.last()
    if found is None:
        return Sign(tone="attention", word=_("never verified"))
    if found.differences:
        word = ngettext("%(count)d difference", "%(count)d differences", found.differences)
        return Sign(tone="wrong", word=word % {"count": found.differences})
    if now - found.at > NIGHTLY:
        return Sign(tone="attention", word=_("more than a day ago"))
    return Sign(tone="done", word=_("no difference"))


def _catalogue() -> Row:
    """What the database is made of, compared at this moment, and since when it stands so."""
    seen, noted = catalogue.look(), catalogue.last()
    number = len(seen.differences)
    word = ngettext("%(count)d difference", "%(count)d differences", number) % {"count": number}
    return {
        "digest": seen.digest,
        "objects": seen.objects,
        "since": noted.at if noted and noted.digest == seen.digest else None,
        "sign": Sign(tone="wrong", word=word)
        if number
        else Sign(tone="done", word=_("as released")),
        "unlike": [
            {
                "thing": alarm_words.thing(one.kind),
                "name": one.name,
                "deed": alarm_words.deed(one.what),
            }
            for one in seen.differences[:OBJECTS_SHOWN]
        ],
        "more": max(number - OBJECTS_SHOWN, 0),
    }


def _rolling(now: datetime) -> list[Row]:
    """The last rolling check of every draw that sells or waits for its seal."""
    every = int(policies.read(rolling.SECONDS_POLICY, at=now))
    rows = []
    selling = Draw.objects.real().filter(state__in=[Draw.State.OPEN, Draw.State.CLOSED])
    for draw in selling.select_related("game").order_by("closes_at"):
        last = RollingCheck.objects.filter(draw_id=draw.pk).order_by("-number").first()
        rows.append(
            {
                "name": words.draw(draw),
                "url": reverse("games:desk_draw", args=[draw.code]),
                "number": last.number if last else 0,
                "tickets": last.tickets if last else 0,
                "at": last.told_at if last else None,
                "sign": _rolling_sign(last, every, now),
            }
        )
    return rows


def _rolling_sign(last: RollingCheck | None, every: int, now: datetime) -> Sign:
    if last is None:
        return Sign(tone="waiting", word=_("not checked yet"))
    if last.told_at is None:
        return Sign(tone="attention", word=_("not told yet"))
    if last.is_closing:
        return Sign(tone="done", word=_("sale closed"))
    late = now - last.asked_at - timedelta(seconds=2 * every)
    if late > timedelta(0):
        seconds = int((now - last.asked_at).total_seconds())
        return Sign(tone="attention", word=_("%(time)s ago") % {"time": dates.duration(seconds)})
    return Sign(tone="done", word=_("in time"))


def _monitors() -> Row | None:
    """What the monitors read off the draw they looked at last."""
    draw = monitors.last_read()
    if draw is None:
        return None
    read = [one for one in monitors.latest(draw) if one.reading is not None]
    unusual = [
        {
            "title": str(one.detector.title),
            "sign": Sign(
                tone="wrong" if one.reading.outcome == monitors.Outcome.ALARM else "attention",
                word=str(monitors.Outcome(one.reading.outcome).label),
            ),
        }
        for one in read
        if one.reading is not None and one.reading.outcome != monitors.Outcome.CLEAR
    ]
    return {
        "draw": words.draw(draw),
        "read": len(read),
        "all": len(monitors.latest(draw)),
        "unusual": unusual,
        "url": reverse("games:desk_monitors_draw", args=[draw.code]),
    }


# The chart of waits


def charts(found: Sequence[pace.Wait], *, now: datetime) -> list[Row]:
    """The longest wait of each minute of the last hour as lines to draw, for wide screens and for
    phones; nothing when nothing came, or too little to draw.

    A minute in which nothing was written has no wait: the line is interrupted there.
    """
    if len(found) < LEAST_MINUTES:
        return []
    return [_chart(found, now, width=WIDE), _chart(found, now, width=NARROW)]


def few(found: Sequence[pace.Wait]) -> Row | None:
    """In figures what is too little to draw; None when nothing came, or enough."""
    if not 0 < len(found) < LEAST_MINUTES:
        return None
    worst = max(found, key=lambda wait: wait.longest)
    return {"minutes": len(found), "seconds": worst.longest, "at": worst.minute}


def _chart(found: Sequence[pace.Wait], now: datetime, *, width: float) -> Row:
    worst = max(found, key=lambda wait: wait.longest)
    top = max(LAG_LIMIT_SECONDS, worst.longest) * 1.05
    since, right = now - timedelta(minutes=CHART_MINUTES), width - MARGIN

    def across(moment: datetime) -> float:
        part = (moment - since).total_seconds() / (CHART_MINUTES * 60)
        return LEFT + (right - LEFT) * min(max(part, 0.0), 1.0)

    def down(seconds: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * seconds / top

    lines = []
    for run in _runs(found):
        points = " ".join(f"{across(one.minute):.1f},{down(one.longest):.1f}" for one in run)
        first, last = across(run[0].minute), across(run[-1].minute)
        lines.append(
            {
                "points": points,
                "area": f"{first:.1f},{BOTTOM} {points} {last:.1f},{BOTTOM}",
                "alone": len(run) == 1,
                "x": f"{first:.1f}",
                "y": f"{down(run[0].longest):.1f}",
            }
        )
    x = across(worst.minute)
    return {
        "width": f"{width:.0f}",
        "is_narrow": width == NARROW,
        "lines": lines,
        "grid": [
            {"y": f"{down(top * part / 4):.1f}", "text": _figure(top * part / 4, top)}
            for part in range(5)
        ],
        "left": LEFT,
        "right": right,
        "limit_y": f"{down(LAG_LIMIT_SECONDS):.1f}",
        "is_in_seconds": top >= SECONDS_FROM,
        "worst": _figure(worst.longest, top),
        "worst_at": worst.minute,
        "worst_x": f"{x:.1f}",
        "worst_y": f"{down(worst.longest):.1f}",
        "anchor": "start" if x < (LEFT + right) / 2 else "end",
        "since": since,
        "until": now,
        "minutes": len(found),
    }


def _figure(seconds: float, top: float) -> str:
    """In the unit of the axis: milliseconds, or seconds where the waits are long."""
    return f"{seconds:,.0f}" if top >= SECONDS_FROM else f"{seconds * 1000:,.0f}"


def _runs(found: Sequence[pace.Wait]) -> list[list[pace.Wait]]:
    """Minutes that follow each other without a gap."""
    runs: list[list[pace.Wait]] = []
    for wait in found:
        if runs and wait.minute - runs[-1][-1].minute <= timedelta(minutes=1):
            runs[-1].append(wait)
        else:
            runs.append([wait])
    return runs
