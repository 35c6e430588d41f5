"""The course of a draw, step by step: what was done, when, by whom, and where it stands now (F056).

This room knows plan, sale, seal, equipment, numbers, minutes and announcement; the rooms above
hand up what they know (`desk_facts.Step`). A step that nobody has done is never shown as done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from audit import people, trail
from lottery_portal.lib import dates

from . import draws, equipment, minutes
from .desk_facts import Facts, Step
from .models import Announcement, Draw, ResultEntry, SealStatement
from .seal_models import SealPublication, SealSignature

State = Draw.State
PLANNED, OPENED, CHECKED, CLOSED = "planned", "opened", "checked", "closed"
SEALED, SIGNED, COUNTERSIGNED, PUBLISHED = "sealed", "signed", "countersigned", "published"
EQUIPPED, HELD, FIRST, SECOND, CONFIRMED = "equipped", "held", "first", "second", "confirmed"
ENGINE_ONE, ENGINE_TWO, AGREED, CREDITED = "engine_one", "engine_two", "agreed", "credited"
MINUTED, ANNOUNCED, PACKED = "minuted", "announced", "packed"
AFTER_THE_DRAW = draws.WAY[draws.WAY.index(State.DRAWN) :]
REAL_ONLY = frozenset({EQUIPPED, MINUTED})  # a drill has no balls, and needs no minutes


def titles() -> dict[str, str]:
    """Every step in its order, by what it is called."""
    return {
        PLANNED: _("Planned"),
        OPENED: _("Sales opened"),
        CHECKED: _("Rolling checks with the witness"),
        CLOSED: _("Sales closed"),
        SEALED: _("Tickets sealed"),
        SIGNED: _("Seal signed by operations"),
        COUNTERSIGNED: _("Seal countersigned by the witness"),
        PUBLISHED: _("Seal published"),
        EQUIPPED: _("Equipment chosen"),
        HELD: _("The draw is held"),
        FIRST: _("First entry of the numbers"),
        SECOND: _("Second entry of the numbers"),
        CONFIRMED: _("Result confirmed"),
        ENGINE_ONE: _("Engine one has counted"),
        ENGINE_TWO: _("Engine two has counted"),
        AGREED: _("Both engines agree"),
        CREDITED: _("Prizes credited"),
        MINUTED: _("Draw minutes signed"),
        ANNOUNCED: _("Result announced"),
        PACKED: _("Regulator's kit made"),
    }


def of(draw: Draw, facts: Sequence[Facts], *, now: datetime) -> list[dict[str, Any]]:
    """The steps of `draw` for the timeline: done, halted, the first that is open, those to come."""
    found = {step.place: step for step in _own(draw, now)}
    found |= {step.place: step for one in facts for step in one.steps}
    rows: list[dict[str, Any]] = []
    is_next = draw.state != State.CANCELLED
    for place, title in titles().items():
        step = found.get(place, Step(place=place))
        if draw.is_shadow and place in REAL_ONLY and step.at is None:
            continue
        if step.is_halted:
            state, is_next = "halted", False
        elif step.at is not None:
            state = "done"
        else:
            state, is_next = ("now" if is_next else "todo"), False
        rows.append({"state": state, "title": title, "at": step.at, "text": step.text})
    if draw.state == State.CANCELLED:
        rows = [row for row in rows if row["at"] is not None]
        rows.append(_cancelled(draw))
    return rows


def _cancelled(draw: Draw) -> dict[str, Any]:
    """The last step of a draw that is not held."""
    told = draw.transitions.select_related("actor").get(to_state=State.CANCELLED)
    names = people.names_of([told.actor.get_username()] if told.actor else [])
    by = trail.actor_name(told.actor.get_username() if told.actor else trail.SYSTEM, names)
    return {"state": "halted", "title": _("Draw cancelled"), "at": told.at, "text": by}


def _own(draw: Draw, now: datetime) -> list[Step]:
    who = _Names(draw)
    return [
        Step(place=PLANNED, at=draw.planned_at, text=_("By the calendar.")),
        *_transitions(draw, who),
        *_held(draw, now),
        *_seal(draw),
        *_equipment(draw, who),
        *_numbers(draw, who),
        *_minutes(draw, who),
        *_announced(draw),
    ]


class _Names:
    """What the people of a draw are called; asked for once."""

    def __init__(self, draw: Draw) -> None:
        actors = {step.actor for step in draw.transitions.select_related("actor")}
        actors |= {entry.official for entry in _entries(draw)}
        actors |= {row.recorded_by for row in equipment.assigned(draw).values()}
        if (signed := minutes.last_signed(draw)) is not None:
            actors |= {signed.written_by, signed.signature.signed_by}
        self._names = people.names_of([one.get_username() for one in actors if one is not None])

    def of(self, user: Any) -> str:
        """A person by name; nobody is the house's own clock."""
        return trail.actor_name(user.get_username() if user else trail.SYSTEM, self._names)


def _transitions(draw: Draw, who: _Names) -> list[Step]:
    at = {step.to_state: step for step in draw.transitions.select_related("actor")}
    places: Mapping[str, str] = {
        State.OPEN: OPENED,
        State.CLOSED: CLOSED,
        State.CONFIRMED: CONFIRMED,
    }
    return [
        Step(place=place, at=at[state].at, text=who.of(at[state].actor))
        for state, place in places.items()
        if state in at
    ]


def _held(draw: Draw, now: datetime) -> list[Step]:
    """The drawing itself happens outside: known here are its time, and that numbers were typed."""
    is_time = draw.state == State.SEALED and now >= draw.draws_at
    if not is_time and draw.state not in AFTER_THE_DRAW:
        return []
    return [Step(place=HELD, at=draw.draws_at, text=_("As planned."))]


def _seal(draw: Draw) -> list[Step]:
    try:
        seal = draw.seal
    except SealStatement.DoesNotExist:
        return []
    tickets = ngettext(
        "%(tickets)s ticket, mark %(mark)s", "%(tickets)s tickets, mark %(mark)s", seal.tickets
    ) % {"tickets": f"{seal.tickets:,}", "mark": seal.root[:8]}
    steps = [Step(place=SEALED, at=seal.sealed_at, text=tickets)]
    places = {
        SealSignature.Role.OPERATIONS: SIGNED,
        SealSignature.Role.INDEPENDENT: COUNTERSIGNED,
    }
    steps += [
        Step(
            place=places[SealSignature.Role(row.role)],
            at=row.signed_at,
            text=_("Key %(key)s") % {"key": row.key_id},
        )
        for row in seal.signatures.all()
    ]
    if (publication := published(seal)) is not None:
        ahead = int((draw.draws_at - publication.published_at).total_seconds())
        text = (
            _("%(time)s before the planned draw")
            if ahead >= 0
            else _("%(time)s after the planned draw, before any number was entered")
        )
        text %= {"time": dates.duration(abs(ahead))}
        steps.append(Step(place=PUBLISHED, at=publication.published_at, text=text))
    return steps


def published(seal: SealStatement) -> SealPublication | None:
    """The publication of a seal, if it is public."""
    try:
        return seal.publication
    except SealPublication.DoesNotExist:
        return None


def _equipment(draw: Draw, who: _Names) -> list[Step]:
    serving = [
        row for (_place, is_reserve), row in equipment.assigned(draw).items() if not is_reserve
    ]
    if not serving or equipment.lacking(draw):
        return []
    last = max(serving, key=lambda row: row.recorded_at)
    text = _("Chosen by %(chooser)s, recorded by %(who)s") % {
        "chooser": last.chosen_by, "who": who.of(last.recorded_by),
    }  # fmt: skip
    return [Step(place=EQUIPPED, at=last.recorded_at, text=text)]


def _numbers(draw: Draw, who: _Names) -> list[Step]:
    """The entries of the last round; what was typed is not told."""
    entries = _entries(draw)
    if not entries:
        return []
    last = [entry for entry in entries if entry.round == entries[-1].round]
    if len(last) > 1 and draw.state == State.DRAWN:
        text = _("The two entries of round %(round)s differ; both are typed again.")
        return [Step(place=FIRST, text=text % {"round": last[0].round})]
    return [
        Step(place=place, at=entry.entered_at, text=_typed_by(entry, who))
        for place, entry in zip((FIRST, SECOND), last, strict=False)
    ]


def _entries(draw: Draw) -> list[ResultEntry]:
    """Who typed when, round by round; the numbers themselves are read by nobody."""
    rows = draw.result_entries.select_related("official")
    return list(rows.order_by("round", "pk"))


def _typed_by(entry: ResultEntry, who: _Names) -> str:
    name = who.of(entry.official)
    if entry.round == 1:
        return name
    return _("%(who)s, in round %(round)s") % {"who": name, "round": entry.round}


def _minutes(draw: Draw, who: _Names) -> list[Step]:
    made = minutes.last_signed(draw)
    if made is None:
        return []
    text = _("Written by %(writer)s, signed by %(signer)s, edition %(edition)s") % {
        "writer": who.of(made.written_by),
        "signer": who.of(made.signature.signed_by),
        "edition": made.edition,
    }
    return [Step(place=MINUTED, at=made.signature.signed_at, text=text)]


def _announced(draw: Draw) -> list[Step]:
    announcement = Announcement.objects.filter(draw=draw).first()
    if announcement is not None:
        text = trail.actor_name(trail.SYSTEM, {})
        return [Step(place=ANNOUNCED, at=announcement.recorded_at, text=text)]
    step = draw.transitions.filter(to_state=State.PUBLISHED).first()
    if step is None:
        return []
    return [Step(place=ANNOUNCED, at=step.at, text=pgettext("of a drill", "Within the house only"))]
