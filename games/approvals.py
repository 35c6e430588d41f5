"""What in this room needs other eyes: times of draws, closures, licences, rule versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import approvals
from lottery_portal.lib import dates
from lottery_portal.lib.db import database_time
from lottery_portal.lib.money import with_unit

from . import (
    announced,
    calendar,
    closures,
    draw_times,
    equipment,
    licences,
    prize_modes,
    rule_changes,
    rule_sheets,
    words,
)
from .models import Draw, Game, Inspection, MarketClosure


def _time(text: str) -> str:
    moment = parse_datetime(text)
    return dates.written(moment, "full") if moment else text


def _game(code: str) -> str:
    known = Game.objects.filter(code=code).first()
    return (
        _now("%(game)s (%(code)s)") % {"game": words.game(known), "code": code} if known else code
    )


def draw_named(code: str) -> str:
    """A draw as people call it, with the code that is signed."""
    known = Draw.objects.filter(code=code).select_related("game").first()
    return (
        _now("%(game)s (%(code)s)") % {"game": words.draw(known), "code": code} if known else code
    )


def about_draw(payload: Mapping[str, Any]) -> str:
    """The draw that a request is about, for lists of requests."""
    return draw_named(payload["draw"])


def _about_game(payload: Mapping[str, Any]) -> str:
    return _game(payload["game"])


def _about_licence(payload: Mapping[str, Any]) -> str:
    return str(payload["number"])


def _about_rule(payload: Mapping[str, Any]) -> str:
    return str(payload["version"])


def _about_equipment(payload: Mapping[str, Any]) -> str:
    return str(payload["equipment"])


def _about_days(payload: Mapping[str, Any]) -> str:
    return f"{payload['first_on']} – {payload['last_on']}"


def _times_words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return (
        (_now("Draw"), draw_named(payload["draw"])),
        (_now("Closes now"), _time(payload["closes_before"])),
        (_now("Will close"), _time(payload["closes_after"])),
        (_now("Drawn now"), _time(payload["draws_before"])),
        (_now("Will be drawn"), _time(payload["draws_after"])),
        (_now("Reason, as the public reads it"), payload["reason"]),
    )


def _licence_words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return (
        (_now("Licence number"), payload["number"]),
        (_now("Games"), words.games(payload["games"])),
        (_now("Sales channels"), words.channels(payload["channels"])),
        (_now("Issued by"), payload["issued_by"]),
        (_now("Valid from"), _time(payload["valid_from"])),
        (_now("Valid until"), _time(payload["valid_until"])),
    )


def _ending_words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return (
        (_now("Licence number"), payload["number"]),
        (_now("Ends at"), _time(payload["ends_at"])),
        (_now("Reason"), payload["reason"]),
    )


def _closure_words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    first_on, last_on = (date.fromisoformat(payload[name]) for name in ("first_on", "last_on"))
    return (
        (_now("Occasion"), str(MarketClosure.Occasion(payload["occasion"]).label)),
        (_now("First day"), dates.year_weekday(first_on)),
        (_now("Last day"), dates.year_weekday(last_on)),
        (_now("Notice of the ministry"), payload["notice"]),
        (_now("Where it is read"), payload["address"] or _now("Not given")),
        *_moves_words(payload, first_on, last_on),
    )


def _moves_words(
    payload: Mapping[str, Any], first_on: date, last_on: date
) -> Sequence[tuple[str, str]]:
    """Every draw that a closure moves, or has moved, from when to when, and what comes of it."""
    moved = _has_moved(payload) if closures.is_recorded(payload) else _would_move(
        payload, first_on, last_on
    )  # fmt: skip
    if moved is None:
        return ()
    if not moved:
        return ((_now("Draws that move"), _now("None")),)
    return (
        (_now("Draws that move"), f"{len(moved):,}"),
        (
            _now("What was sold for them"),
            _now(
                "Tickets and plans stay with their draws and are valid on the new day. Those who"
                " hold them get a message, supervisors one mail."
            ),
        ),
        *moved,
    )


def _would_move(
    payload: Mapping[str, Any], first_on: date, last_on: date
) -> list[tuple[str, str]] | None:
    """As it would be if it were recorded now; None: it no longer can be."""
    now = database_time()
    if first_on <= dates.in_shanghai(now).date():
        return None
    return [
        (
            words.draw(draw),
            _now("%(before)s → %(after)s")
            % {
                "before": dates.written(draw.draws_at, "day"),
                "after": dates.day_weekday(day) if day else _now("no day left in the year"),
            },
        )
        for draw, day in calendar.moved_by(
            first_on=first_on, last_on=last_on, occasion=payload["occasion"], now=now
        )
    ]


def _has_moved(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (
            words.draw(notice.draw),
            _now("%(before)s → %(after)s")
            % {
                "before": dates.written(notice.draws_before, "day"),
                "after": dates.written(notice.draws_after, "weekday"),
            },
        )
        for notice in closures.notices_of(payload)
    ]


def _rule_words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    starts_on = payload["starts_on"]
    known: list[tuple[str, str]] = [
        (_now("Game"), _game(payload["game"])),
        (_now("Rule version"), payload["version"]),
        (_now("First issue"), payload["first_issue"]),
        (
            _now("On sale from"),
            dates.year_weekday(date.fromisoformat(starts_on)) if starts_on else _now("Drills only"),
        ),
        (_now("What players are told"), payload["notice"] or _now("Nothing: a drill")),
        (_now("Digest of the rule sheet"), payload["digest"]),
        (_now("Digest of the rule file"), payload["file"] or _now("None: it came with a release")),
    ]
    return [*known, *rule_changes.in_pairs(payload)]


def _inspection_words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    until = payload["valid_until"]
    outcome = Inspection.Outcome(payload["outcome"]).label
    return (
        (_now("Drawing equipment"), payload["equipment"]),
        (_now("What was inspected"), payload["what"]),
        (_now("Outcome"), str(outcome)),
        (_now("Inspected at"), _time(payload["inspected_at"])),
        (_now("Valid until"), _time(until) if until else _now("Not valid")),
        (_now("Certificate number"), payload["certificate_number"] or _now("None")),
        (_now("Certified by"), payload["certified_by"] or _now("Nobody else")),
    )


def _mode_words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return (
        (_now("Game"), _game(payload["game"])),
        (_now("Who sets the prizes"), str(Draw.Mode(payload["mode"]).label)),
        (_now("For draws from"), dates.year_weekday(date.fromisoformat(payload["starts_on"]))),
        (_now("Document"), payload["document"]),
    )


def _difference_words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return (
        (_now("Draw"), draw_named(payload["draw"])),
        (_now("Edition of the announcement"), str(payload["edition"])),
        (_now("Digest of the announcement"), payload["announcement"]),
        *(
            (
                words.compared(row["what"], row["tier"]),
                _now("by the rules %(ours)s, announced %(announced)s")
                % {"ours": _sum(row["ours_fen"]), "announced": _sum(row["announced_fen"])},
            )
            for row in payload["differences"]
        ),
        (_now("Reason"), payload["reason"]),
    )


def _sum(fen: int | None) -> str:
    return "—" if fen is None else with_unit(fen)


class Door(Protocol):
    """A door that does what was asked for, as the word of him who asked."""

    def __call__(
        self, *, payload: dict[str, Any], approval_code: str, actor: Any, now: datetime
    ) -> object:
        """Do it, inside the transaction of the last decision."""


def _as_asked(door: Door) -> Callable[[approvals.Request, datetime], None]:
    def perform(request: approvals.Request, now: datetime) -> None:
        door(
            payload=dict(request.payload), approval_code=request.code, actor=request.maker, now=now
        )

    return perform


def _record_inspection(request: approvals.Request, now: datetime) -> None:
    equipment.record_inspection(
        payload=request.payload, approval_code=request.code, maker=request.maker, now=now
    )


approvals.register(
    approvals.Kind(
        name=draw_times.KIND,
        title=_("Change the times of a draw"),
        maker_roles=frozenset({"draw_official", "administrator"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_as_asked(draw_times.change),
        lifetime=timedelta(days=1),
        statements=(
            _("I have compared the new times with the decision."),
            _("I know that the reason is published as it stands here."),
        ),
        words=_times_words,
        about=about_draw,
    )
)
approvals.register(
    approvals.Kind(
        name=licences.KIND,
        title=_("Record a licence"),
        maker_roles=frozenset({"compliance"}),
        checker_roles=frozenset({"approver", "administrator"}),
        needed=approvals.one_more,
        perform=_as_asked(licences.record),
        lifetime=timedelta(days=3),
        statements=(_("I have seen the licence and compared number and dates."),),
        words=_licence_words,
        about=_about_licence,
    )
)
approvals.register(
    approvals.Kind(
        name=licences.ENDING_KIND,
        title=_("End a licence early"),
        maker_roles=frozenset({"compliance"}),
        checker_roles=frozenset({"approver", "administrator"}),
        needed=approvals.one_more,
        perform=_as_asked(licences.end),
        lifetime=timedelta(days=1),
        statements=(
            _("I have seen the paper by which the licence ends."),
            _("I know that what no other licence covers is not sold from then on."),
        ),
        words=_ending_words,
        about=_about_licence,
    )
)
approvals.register(
    approvals.Kind(
        name=closures.KIND,
        title=_("Record a market closure"),
        maker_roles=frozenset({"compliance", "draw_official", "administrator"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_as_asked(calendar.record_closure),
        lifetime=timedelta(days=7),
        statements=(
            _("I have read the notice and compared both days."),
            _("I know that planned draws move to their new days, and that the public is told."),
        ),
        words=_closure_words,
        about=_about_days,
    )
)
approvals.register(
    approvals.Kind(
        name=rule_sheets.KIND,
        title=_("Load a rule version"),
        maker_roles=frozenset({"compliance", "administrator"}),
        checker_roles=frozenset({"approver"}),
        needed=approvals.one_more,
        perform=_as_asked(rule_sheets.load),
        lifetime=timedelta(days=7),
        statements=(
            _("I have compared the rule sheet with the approved text of the rules."),
            _("I know that the notice is published at once, as it stands here."),
        ),
        words=_rule_words,
        about=_about_rule,
    )
)
approvals.register(
    approvals.Kind(
        name=equipment.KIND,
        title=_("Inspection of drawing equipment"),
        maker_roles=equipment.KEEPERS - {"administrator"},
        checker_roles=frozenset({"draw_official", "compliance", "auditor"}),
        needed=approvals.one_more,
        perform=_record_inspection,
        lifetime=timedelta(days=3),
        statements=(
            _("I was at this inspection, and it went as it is written here."),
            _("I have compared serial number and certificate with the piece itself."),
        ),
        words=_inspection_words,
        about=_about_equipment,
    )
)
approvals.register(
    approvals.Kind(
        name=prize_modes.KIND,
        title=_("Change who sets the prizes of a game"),
        maker_roles=frozenset({"compliance", "administrator"}),
        checker_roles=frozenset({"approver"}),
        needed=approvals.one_more,
        perform=_as_asked(prize_modes.record),
        lifetime=timedelta(days=7),
        statements=(
            _("I have read the document, and it says so from this day on."),
            _("I know that the public is told at once."),
        ),
        words=_mode_words,
        about=_about_game,
    )
)
approvals.register(
    approvals.Kind(
        name=announced.KIND,
        title=_("Pay a draw as announced, against the rules"),
        maker_roles=frozenset({"draw_official", "compliance"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_as_asked(announced.decide),
        lifetime=timedelta(days=3),
        statements=(
            _("I have compared the announcement with the issuer's own publication."),
            _("I know that the draw is paid by these amounts, and that its kit says so."),
        ),
        words=_difference_words,
        about=about_draw,
        consequence=_("After signing, the draw is settled by the amounts announced."),
    )
)
