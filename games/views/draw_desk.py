"""The desk of one draw: its state in large, the next deed, what is missing, its whole course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import permission, who
from accounts.models import User
from audit import alarm_words, alarms, people, trail
from games import (
    desk_facts,
    draw_course,
    draws,
    equipment,
    faces,
    minutes,
    notice_mail,
    results,
    rules,
    seal_mail,
    words,
)
from games.mail_models import MailDelivery
from games.models import Draw, SealStatement
from games.seal_models import SealSignature
from lottery_portal.lib import dates

from .desk import asked_times, draw_of, seal_of, user_of

LOG_ROWS = 12
State = Draw.State
SIGNS: Mapping[str, str] = {
    State.SCHEDULED: "clock",
    State.OPEN: "clock",
    State.CLOSED: "lock",
    State.SEALED: "lock",
    State.DRAWN: "lock",
    State.CONFIRMED: "clock",
    State.CANCELLED: "alert",
}
BEFORE_THE_RESULT = draws.WAY[: draws.WAY.index(State.CONFIRMED)]
WITH_RESULT = draws.WAY[draws.WAY.index(State.CONFIRMED) :]
Row = dict[str, Any]


@dataclass(frozen=True)
class Look:
    """A draw as one person looks at its desk now."""

    draw: Draw
    user: User
    roles: frozenset[str]
    now: datetime
    facts: Sequence[desk_facts.Facts]

    @cached_property
    def seal(self) -> SealStatement | None:
        """The seal, signed or not."""
        return seal_of(self.draw)

    @cached_property
    def is_published(self) -> bool:
        """Whether the seal is public: before that no number is typed."""
        return self.seal is not None and draw_course.published(self.seal) is not None

    @cached_property
    def is_held(self) -> bool:
        """Whether the time of the drawing is past."""
        return self.now >= self.draw.draws_at

    @cached_property
    def is_half_typed(self) -> bool:
        """Whether one entry of the open round waits for the other: rounds have two entries."""
        return self.draw.result_entries.count() % 2 == 1

    @cached_property
    def halt(self) -> desk_facts.Halt | None:
        """What keeps the draw from going on, if anything does."""
        return next((one.halt for one in self.facts if one.halt), None)

    def may(self, name: str) -> bool:
        """Whether this person may open a page."""
        return permission.may(self.user, name, self.now)


@never_cache
@require_safe
def desk_draw(request: HttpRequest, code: str) -> HttpResponse:
    """One draw: its state, the one next deed for this person, what is missing, what was done."""
    draw, now, user = draw_of(code), timezone.now(), user_of(request)
    at = Look(draw, user, who.roles(user, now), now, desk_facts.of(draw))
    deed, who_may = _deed(at)
    lacks = _lacks(at)
    attention = next((one.attention for one in at.facts if one.attention), "")
    page: Row = {
        "nav": "draws",
        "game": {"code": draw.game.code, "name": words.game(draw.game)},
        "draw": draw,
        "rule": draw.rule.code,
        "actions": _actions(at),
        "state": _state(at),
        "deed": deed,
        "who_may": who_may,
        "steps": _steps(at),
        "course": draw_course.of(draw, at.facts, now=now),
        "lacks": lacks,
        "lacking": sum(lack["state"] != "done" for lack in lacks),
        "log": _log(draw),
        "log_url": _log_url(at),
        "attention": attention,
        "alarms": _alarms(at),
        "report": next((_report(one.report, at) for one in at.facts if one.report), None),
        "notes": _notes(at),
        "asked": asked_times(draw, user, now=now),
        "papers": [one for fact in at.facts for one in fact.papers if one.roles & at.roles],
        **_outcome(at),
        "mail": _mail(at),
        "notice_mail": _notice_mail(at),
        **_sealed(at),
    }
    return render(request, "desk/draw.html", page)


# The state and the next deed


def _state(at: Look) -> Row:
    word, sentence = _told(at)
    code, tone = State(at.draw.state), words.TONES[at.draw.state]
    if at.halt is not None:
        return {
            "code": code.label, "word": at.halt.word, "sentence": at.halt.sentence,
            "sign": "alert", "tone": "wrong", "is_halted": True,
        }  # fmt: skip
    return {
        "code": code.label,
        "word": word,
        "sentence": sentence,
        "sign": SIGNS.get(code, "check"),
        "tone": tone,
        "is_halted": False,
    }


def _told(at: Look) -> tuple[str, str]:
    """The state in large words, and what is forbidden now, and why."""
    sealed = _("Sealed, waiting for the draw")
    if not at.is_published:
        sealed = _("Sealed, waiting for the witness")
    elif at.is_held:
        sealed = _("Sealed, waiting for the first entry")
    return {
        State.SCHEDULED: (_("Planned"), _("Sales open by the calendar.")),
        State.OPEN: (
            _("On sale"),
            _("Sales close by the database's clock; nobody need do anything."),
        ),
        State.CLOSED: (_("Closed"), _("No ticket is sold any more. The tickets are being sealed.")),
        State.SEALED: (
            sealed,
            _("Nobody, in any role, reads or changes sold numbers until the draw is held."),
        ),
        State.DRAWN: (
            _("Drawn, waiting for the second entry")
            if at.is_half_typed
            else _("Drawn, the entries differed, waiting for both anew"),
            _("The result stands when two people have entered the same numbers."),
        ),
        State.CONFIRMED: (
            _("Confirmed, being settled"),
            _("The result stands and cannot be changed."),
        ),
        State.SETTLED: (
            _("Settled"),
            _("All prizes are credited; the result waits for signed minutes.")
            if minutes.is_missing(at.draw)
            else _("All prizes are credited; the result is being published."),
        ),
        State.PUBLISHED: (_("Published"), _("The draw is over. Its books have come out even.")),
        State.ARCHIVED: (_("Archived"), _("The draw is over.")),
        State.CANCELLED: (_("Cancelled"), _("This draw is not held.")),
    }[State(at.draw.state)]


def _deed(at: Look) -> tuple[Row | None, str]:
    """The one next deed for this person, or who may do it."""
    for one in at.facts:
        if one.deed is not None and one.deed.roles & at.roles:
            return {"text": one.deed.text, "url": one.deed.url, "post": one.deed.is_post}, ""
    if at.draw.state in {State.SEALED, State.DRAWN} and at.is_held and at.is_published:
        return _entry_deed(at)
    if minutes.is_missing(at.draw):
        return _minutes_deed(at)
    return None, ""


def _entry_deed(at: Look) -> tuple[Row | None, str]:
    """Typing the numbers, once the equipment is chosen, or who may."""
    if results.ROLE not in at.roles:
        return None, _("A draw official enters the numbers.")
    if equipment.lacking(at.draw):
        return _page(_("Choose the equipment"), "games:desk_draw_equipment", at), ""
    if results.has_typed(at.draw, at.user):
        return None, _("You have entered the numbers. Another draw official is next.")
    return _page(_("Enter the numbers"), "games:desk_result", at), ""


def _minutes_deed(at: Look) -> tuple[Row | None, str]:
    """Writing the minutes, or signing them, or who may."""
    written = minutes.last(at.draw)
    if written is None:
        if not at.roles & minutes.WRITERS:
            return None, _("A draw official writes the minutes.")
        return _page(_("Write the minutes"), "games:desk_minutes_write", at), ""
    if not minutes.may_sign(written, at.user, at.now):
        return None, _("The minutes are written. Another person signs them.")
    return _page(_("Sign the minutes"), "games:desk_minutes", at), ""


def _page(text: str, name: str, at: Look) -> Row:
    return {"text": text, "url": reverse(name, args=[at.draw.code]), "post": False}


def _actions(at: Look) -> list[Row]:
    draw = at.draw
    found = []
    if not draw.is_shadow and at.is_published:
        url = reverse("games:seal", args=[draw.code])
        found.append({"text": _("Public seal"), "url": url, "is_danger": False})
    if not draw.is_shadow and draw.state in WITH_RESULT:
        url = reverse("games:result", args=[draw.game.code, draw.issue])
        found.append({"text": _("Public page"), "url": url, "is_danger": False})
    may_choose = not draw.is_shadow and draw.state in draws.WAY[: draws.WAY.index(State.DRAWN)]
    if may_choose and at.may("games:desk_draw_equipment"):
        found.append({**_page(_("Equipment"), "games:desk_draw_equipment", at), "is_danger": False})
    if draw.state in WITH_RESULT:
        found.append({**_page(_("Draw minutes"), "games:desk_minutes", at), "is_danger": False})
    if rules.by_code(draw.rule.code).limits_numbers:
        found.append({**_page(_("Limited lines"), "games:desk_limits", at), "is_danger": False})
    links = [link for one in at.facts for link in one.links if link.roles & at.roles]
    found += [
        {"text": link.text, "url": link.url, "is_danger": link.is_danger}
        for link in sorted(links, key=lambda link: link.is_danger)
    ]
    if draw.state in draws.CANCELLABLE and at.may("games:desk_times"):
        is_open = draw.state in {State.SCHEDULED, State.OPEN}
        text = _("Change the times…") if is_open else _("Put the drawing off…")
        found.append({**_page(text, "games:desk_times", at), "is_danger": True})
    return found


# The course, and what is missing


def _steps(at: Look) -> list[Row]:
    """The eight steps after planning: done with time and who, the one now, those to come."""
    transitions = at.draw.transitions.select_related("actor").order_by("at")
    taken = {step.to_state: step for step in transitions}
    names = people.names_of(
        [step.actor.get_username() for step in taken.values() if step.actor is not None]
    )
    steps: list[Row] = []
    is_next = at.draw.state not in {State.CANCELLED, State.PUBLISHED}  # archiving has time
    going = "halted" if at.halt is not None else "now"
    for state in draws.WAY[1:]:
        title = words.step(state)
        if step := taken.get(state):
            actor = step.actor.get_username() if step.actor else trail.SYSTEM
            text = trail.actor_name(actor, names)
            steps.append({"state": "done", "title": title, "at": step.at, "text": text})
        else:
            steps.append({"state": going if is_next else "todo", "title": title})
            is_next = False
    return steps


def _lacks(at: Look) -> list[Row]:
    """What the next state needs: of this room, then of the rooms above, then the minutes."""
    above = [_as_lack(lack, at) for one in at.facts for lack in one.lacks]
    if at.draw.state in {State.SCHEDULED, State.OPEN}:
        return [*_sale_lacks(at), *above]
    if at.draw.state in BEFORE_THE_RESULT:
        return [*_seal_lacks(at), *above, *_result_lacks(at)]
    return above + (_minutes_lacks(at) if minutes.is_missing(at.draw) else [])


def _sale_lacks(at: Look) -> list[Row]:
    is_open = at.draw.state == State.OPEN
    moment = at.draw.closes_at if is_open else at.draw.opens_at
    title = _("Sales close") if is_open else _("Sales open")
    text = _("At %(time)s, by the database's clock.") % {"time": dates.written(moment, "full")}
    lacks = [_lack("now", title, text)]
    if not at.draw.is_shadow:
        lacks.append(_equipment_lack(at))
    return lacks


def _seal_lacks(at: Look) -> list[Row]:
    signed = {row.role: row.signed_at for row in at.seal.signatures.all()} if at.seal else {}
    by_us = signed.get(SealSignature.Role.OPERATIONS)
    by_witness = signed.get(SealSignature.Role.INDEPENDENT)
    publication = draw_course.published(at.seal) if at.seal else None
    by_itself = _("Happens by itself, within seconds.")
    return [
        _timed_lack(
            by_us, "now", _("Tickets and books compared, sealed, signed by operations"), by_itself
        ),
        _timed_lack(
            by_witness,
            "now" if by_us else "todo",
            _("Countersigned by the independent witness"),
            _("It reads the sealed file and signs if it is what it was told during the sale."),
        ),
        _timed_lack(
            publication.published_at if publication else None,
            "now" if by_witness else "todo",
            _("Seal published"),
            _("Only then can the numbers be entered."),
        ),
    ]


def _result_lacks(at: Look) -> list[Row]:
    draw = at.draw
    entries = list(draw.result_entries.select_related("official").order_by("pk"))
    first = entries[-1] if len(entries) % 2 else None
    may_type = at.is_held and at.is_published
    action = None
    if results.ROLE in at.roles and may_type and not equipment.lacking(draw):
        action = _page(_("Enter the numbers"), "games:desk_result", at)
        action = None if results.has_typed(draw, at.user) else action
    blind = _("Typed by two different people, blind.")
    typed = blind
    if first is not None:
        name = first.official.get_username()
        typed = _("%(who)s at %(time)s. The numbers are shown to nobody.") % {
            "who": trail.actor_name(name, people.names_of([name])),
            "time": dates.written(first.entered_at, "clock"),
        }
    planned = _("Planned for %(time)s.") % {"time": dates.written(draw.draws_at, "full")}
    is_next = "now" if may_type else "todo"
    return [
        _equipment_lack(at),
        _lack("done" if at.is_held else "now", _("The draw is held"), planned),
        _lack(
            "done" if first else is_next,
            _("First entry of the numbers"),
            typed,
            None if first else action,
        ),
        _lack(
            "now" if first else "todo",
            _("Second entry of the numbers"),
            blind,
            action if first else None,
        ),
    ]


def _equipment_lack(at: Look) -> Row:
    title = _("Machine and ball sets, inspected and chosen")
    if at.draw.is_shadow:
        return _lack("done", title, _("A drill has no balls."))
    if missing := equipment.lacking(at.draw):
        names = _(", ").join(place.label for place in missing)
        action = None
        if at.may("games:desk_draw_equipment"):
            action = _page(_("Choose the equipment"), "games:desk_draw_equipment", at)
        return _lack("now", title, _("Missing: %(places)s.") % {"places": names}, action)
    if without := equipment.without_reserve(at.draw):
        names = _(", ").join(place.label for place in without)
        return _lack("done", title, _("Nothing in reserve: %(places)s.") % {"places": names})
    return _lack("done", title, _("With a reserve for each."))


def _minutes_lacks(at: Look) -> list[Row]:
    written = minutes.last(at.draw)
    deed, _who_may = _minutes_deed(at)
    is_written = written is not None
    by = ""
    if written is not None:
        name = written.written_by.get_username()
        by = _("%(who)s at %(time)s.") % {
            "who": trail.actor_name(name, people.names_of([name])),
            "time": dates.written(written.written_at, "day_clock"),
        }
    return [
        _lack(
            "done" if is_written else "now",
            _("Draw minutes written"),
            by
            or _("Place, times, people, balls in the order drawn, incidents; by a draw official."),
            None if is_written else deed,
        ),
        _lack(
            "now" if is_written else "todo",
            _("Draw minutes signed"),
            _("By another person. Without them the result is not published."),
            deed if is_written else None,
        ),
    ]


def _lack(state: str, title: str, text: str, action: Row | None = None) -> Row:
    return {"state": state, "title": title, "text": text, "action": action}


def _timed_lack(done_at: datetime | None, otherwise: str, title: str, text: str) -> Row:
    if done_at is not None:
        return _lack("done", title, dates.written(done_at, "day_clock"))
    return _lack(otherwise, title, text)


def _as_lack(lack: desk_facts.Lack, at: Look) -> Row:
    action = {"text": lack.action, "url": lack.url} if lack.roles & at.roles else None
    return _lack(lack.state, lack.title, lack.text, action)


# What was done, what is wrong, what came of it


def _log(draw: Draw) -> list[Row]:
    rows = list(trail.read(trail.Filters(object_type="draw", object_code=draw.code))[:LOG_ROWS])
    names = people.names_of([row.actor for row in rows])
    return [
        {
            "at": row.at,
            "who": trail.actor_name(row.actor, names),
            "what": trail.title(row.action),
            "is_refused": row.action.endswith(("_refused", "_halted", "_asked")),
        }
        for row in rows
    ]


def _log_url(at: Look) -> str:
    if not at.may("audit:trail"):
        return ""
    return f"{reverse('audit:trail')}?object_type=draw&object_code={at.draw.code}"


def _alarms(at: Look) -> list[Row]:
    """The alarms of this draw and of what belongs to it; the page of each for those who may."""
    may_open = at.may("audit:alarm")
    return [
        {
            **alarm_words.shown(alarm),
            "url": reverse("audit:alarm", args=[alarm.code]) if may_open else "",
        }
        for alarm in alarms.about(object_type="draw", object_code=at.draw.code)
    ]


def _report(report: desk_facts.Report, at: Look) -> Row:
    return {"rows": report.rows, "url": report.url if report.roles & at.roles else ""}


def _notes(at: Look) -> list[Row]:
    told = [
        {"tone": "attention", "lead": "", "text": text, "sign": "alert"}
        for one in at.facts
        for text in one.notes
    ]
    if at.draw.state in {State.SEALED, State.DRAWN}:
        told.append(
            {
                "tone": "waiting",
                "lead": _("Blind entry."),
                "text": _(
                    "Nobody sees what the other person entered. If the two differ, both enter"
                    " again."
                ),
                "sign": "eye-off",
            }
        )
    return told


def _outcome(at: Look) -> Row:
    """The drawn numbers once they are confirmed, and the prize tiers once they are worked out."""
    draw = at.draw
    if draw.state not in WITH_RESULT:
        return {"numbers": None, "tiers": []}
    version = rules.by_code(draw.rule.code)
    drawn = {"numbers": draw.result.numbers, "looks": faces.of_result(version)}
    known = next((one.tiers for one in at.facts if one.tiers), ())
    if not known:
        return drawn | {"tiers": []}
    tiers = words.tiers(
        game=draw.game.rules_game,
        issue=draw.issue,
        special_on=draw.special_on,
        known=known,
        version=version,
    )
    return drawn | {"tiers": tiers}


def _mail(at: Look) -> Row:
    """How the seal fares on its way to each supervisor, and whether this person may send again."""
    sent = seal_mail.of(at.seal) if at.seal is not None else []
    return _on_their_way(at, [(one, "") for one in sent], again="games:desk_mail_again")


def _notice_mail(at: Look) -> Row:
    """How notices about the draw fare on their way to supervisors; whether they go out again."""
    sent = [(one, one.get_about_display()) for one in notice_mail.of(at.draw)]
    return _on_their_way(at, sent, again="games:desk_notice_again")


def _on_their_way(at: Look, sent: Sequence[tuple[MailDelivery, str]], *, again: str) -> Row:
    tones = {
        MailDelivery.State.DELIVERED: "done",
        MailDelivery.State.FAILED: "wrong",
        MailDelivery.State.WAITING: "waiting",
    }
    rows = [
        {
            "about": about,
            "address": one.address,
            "word": one.get_state_display(),
            "tone": tones[MailDelivery.State(one.state)],
            "at": one.at,
        }
        for one, about in sent
    ]
    has_failed = any(one.state == MailDelivery.State.FAILED for one, _about in sent)
    may = has_failed and at.may(again)
    return {"rows": rows, "url": reverse(again, args=[at.draw.code]) if may else ""}


def _sealed(at: Look) -> Row:
    seal = at.seal
    if seal is None:
        return {"seal": None, "split": [], "split_total_fen": None}
    allocation = rules.by_code(at.draw.rule.code).allocation
    shares = allocation.split(seal.stake)
    names = {
        "prize": _("Prize money"),
        "fund": _("Adjustment fund"),
        "fee": _("Issue fee"),
        "welfare": _("Welfare fund"),
    }
    return {
        "seal": {
            "root": seal.root,
            "tickets": seal.tickets,
            "lines": seal.lines,
            "stake_fen": seal.stake,
            "signatures": seal.signatures.count(),
            "is_published": at.is_published,
        },
        "split": [
            {
                "name": name,
                "share": f"{getattr(allocation, part) // 100} %",
                "amount": getattr(shares, f"{part}_fen"),
            }
            for part, name in names.items()
        ],
        "split_total_fen": seal.stake,
    }
