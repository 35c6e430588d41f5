"""Alarms in words: what is so, of which thing, since when, and the facts under their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lottery_portal.lib import codes, sentences
from lottery_portal.lib.money import with_unit

from . import alarms, trail
from .models import Alarm

FACTS: Mapping[str, str | Promise] = {
    "draw": gettext_lazy("Draw"),
    "tickets": gettext_lazy("Tickets"),
    "difference": gettext_lazy("Difference"),
    "what": gettext_lazy("What differs"),
    "detail": gettext_lazy("Detail"),
    "tickets_fen": gettext_lazy("Tickets cost"),
    "books_fen": gettext_lazy("The books hold"),
    "without_line": gettext_lazy("Tickets without a line"),
    "size": gettext_lazy("Entries of the log"),
    "root": gettext_lazy("Root"),
    "seconds": gettext_lazy("Seconds"),
    "oldest_transactions": gettext_lazy("Oldest transactions"),
    "approval": gettext_lazy("Approval"),
    "closes_at": gettext_lazy("Open to reading until"),
    "measured": gettext_lazy("Measured"),
    "chance": gettext_lazy("Chance in a fair draw"),
    "count": gettext_lazy("Cases"),
    "changed": gettext_lazy("Changed files"),
    "added": gettext_lazy("Added files"),
    "missing": gettext_lazy("Missing files"),
    "digest": gettext_lazy("Digest"),
    "expected": gettext_lazy("Expected"),
    "found": gettext_lazy("Found"),
    "address": gettext_lazy("Address"),
    "posts": gettext_lazy("Posts"),
    "reason": gettext_lazy("Reason"),
    "part": gettext_lazy("Paper"),
    "edition": gettext_lazy("Edition"),
    "differences": gettext_lazy("Differences"),
    "refused_by": gettext_lazy("Rule of the database"),
    "looked_at": gettext_lazy("Looked at"),
    "thing": gettext_lazy("Kind of object"),
    "name": gettext_lazy("Name of the object"),
    "deed": gettext_lazy("Done to it"),
}
# Kinds of the log that are no objects of the trail.
KINDS: Mapping[str, str | Promise] = {
    "trail": gettext_lazy("Record of the trail"),
    "entry": gettext_lazy("Entry in the books"),
    "account": gettext_lazy("Account in the books"),
    "decision": gettext_lazy("Decision on an approval"),
    "alarm": gettext_lazy("Alarm"),
    "seal": gettext_lazy("Seal"),
    "seal_statement": gettext_lazy("Seal statement"),
    "seal_signature": gettext_lazy("Signature of a seal"),
    "seal_publication": gettext_lazy("Publication of a seal"),
    "result": gettext_lazy("Confirmed result"),
    "result_entry": gettext_lazy("Result entry"),
    "prize_mode": gettext_lazy("Change of who sets the prizes"),
    "announced_entry": gettext_lazy("Typed announcement"),
    "issuer_announcement": gettext_lazy("Announcement of an issuer"),
    "difference_decision": gettext_lazy("Decision on a difference"),
    "rule_sheet": gettext_lazy("Rule version"),
    "rule_file": gettext_lazy("Rule file"),
    "rule_notice": gettext_lazy("Notice of a rule change"),
    "minutes": gettext_lazy("Draw minutes"),
    "minutes_signature": gettext_lazy("Signature under draw minutes"),
    "engine_run": gettext_lazy("Run of an engine"),
    "prize_sheet": gettext_lazy("Prize sheet"),
    "kit": gettext_lazy("Regulator's kit"),
    "claim": gettext_lazy("Claim of a prize"),
    "claim_step": gettext_lazy("Step of a claim"),
    "claim_paper": gettext_lazy("Paper of a claim"),
    "prize_end": gettext_lazy("End of a prize"),
    "voucher": gettext_lazy("Voucher of a paid prize"),
    "voucher_paper": gettext_lazy("Paper of a voucher"),
    "winner_cut": gettext_lazy("Statistics of winners"),
    "winner_figure": gettext_lazy("Line of statistics of winners"),
    "winner_notice": gettext_lazy("Announcement of a winner"),
    "appointment": gettext_lazy("Appointment at a prize centre"),
    "visit": gettext_lazy("Visit at a prize centre"),
    "visit_step": gettext_lazy("Step of a visit"),
    "delay": gettext_lazy("Late payment of a prize"),
    "delay_notice": gettext_lazy("Notice of a late payment"),
    "claim_period": gettext_lazy("Period for claims"),
    "hold": gettext_lazy("Hold of a prize"),
    "hold_lift": gettext_lazy("Lifting of a hold"),
    "extension": gettext_lazy("Request for more time"),
    "extension_letter": gettext_lazy("Decision letter"),
    "claim_limit": gettext_lazy("Later last day"),
    "break_glass": gettext_lazy("Opening of a seal"),
    "calendar_notice": gettext_lazy("Notice of changed times"),
    "draw_cancellation": gettext_lazy("Cancellation of a draw"),
    "draw_refund": gettext_lazy("Refund of a draw"),
    "licence_ending": gettext_lazy("Early end of a licence"),
    "market_closure": gettext_lazy("Market closure"),
    "ticket_refund": gettext_lazy("Refund of a ticket"),
    "monitor_reading": gettext_lazy("Reading of a monitor"),
    "post": gettext_lazy("Post"),
    "posting": gettext_lazy("Posting"),
    "checkpoint": gettext_lazy("Checkpoint"),
    "trigger": gettext_lazy("Watched table"),
}
# What a comparison found, as `log.Difference` and the rolling check say it.
FOUND: Mapping[str, str | Promise] = {
    "changed": gettext_lazy("changed since it was logged"),
    "missing": gettext_lazy("logged, and gone"),
    "injected": gettext_lazy("put in past the sale"),
    "unlogged": gettext_lazy("never logged"),
    "unwatched": gettext_lazy("no longer watched"),
    "passed_by": gettext_lazy("logged later than it says"),
    "taken_back": gettext_lazy("called taken back, and nobody took it back"),
    "relogged": gettext_lazy("logged twice, differently"),
    "late": gettext_lazy("logged too late"),
    "time": gettext_lazy("another time"),
    "unreadable": gettext_lazy("cannot be read"),
    "leaf": gettext_lazy("another leaf"),
    "root": gettext_lazy("another root"),
    "signature": gettext_lazy("wrong signature"),
    "witness": gettext_lazy("the witness knows otherwise"),
    "chain": gettext_lazy("the one before it is gone or another"),
}
# What stands otherwise in the catalogue of the database than the release made it.
_THINGS: Mapping[str, str | Promise] = {
    "catalogue": gettext_lazy("Catalogue of the database"),
    "column": gettext_lazy("Column"),
    "constraint": gettext_lazy("Constraint"),
    "database": gettext_lazy("Database"),
    "event trigger": gettext_lazy("Event trigger"),
    "extension": gettext_lazy("Extension"),
    "function": gettext_lazy("Function"),
    "grant": gettext_lazy("Right"),
    "index": gettext_lazy("Index"),
    "membership": gettext_lazy("Membership of a role"),
    "policy": gettext_lazy("Row security policy"),
    "role": gettext_lazy("Attribute of a role"),
    "rule": gettext_lazy("Rewriting rule"),
    "schema": gettext_lazy("Schema"),
    "sequence": gettext_lazy("Sequence"),
    "session": gettext_lazy("State of the session"),
    "setting": gettext_lazy("Setting of a role"),
    "table": gettext_lazy("Table"),
    "trigger": gettext_lazy("Trigger"),
}
_DEEDS: Mapping[str, str | Promise] = {
    "added": gettext_lazy("added"),
    "changed": gettext_lazy("changed"),
    "disabled": gettext_lazy("turned off"),
    "missing": gettext_lazy("removed"),
    "replaced": gettext_lazy("replaced by another"),
    "unreadable": gettext_lazy("cannot be read"),
}
_WORDS = {"what": FOUND, "thing": _THINGS, "deed": _DEEDS}


def thing(kind: str) -> str:
    """What a kind of object of the database is called; a rare one keeps its own word."""
    return str(_THINGS.get(kind, kind))


def deed(what: str) -> str:
    """What was done to an object of the database."""
    return str(_DEEDS.get(what, what))


def shown(alarm: Alarm) -> dict[str, Any]:
    """An alarm as pages show it."""
    return {
        "code": codes.shown(alarm.code),
        "title": alarms.title(alarm.kind),
        "object": str(KINDS.get(alarm.object_type) or trail.object_title(alarm.object_type)),
        "object_code": alarm.object_code,
        "facts": facts(alarm),
        "raised_at": alarm.raised_at,
        "cleared_at": alarm.cleared_at,
        "is_open": alarm.cleared_at is None,
        "note": alarm.note,
    }


def facts(alarm: Alarm) -> list[tuple[str, str, bool]]:
    """Name and value of each fact that says something, and whether it is words (else a code)."""
    rows = []
    for key, value in alarm.facts.items():
        if value in ("", None, []):
            continue
        word: str | Promise | None = None
        if key in _WORDS and isinstance(value, str):
            word = _WORDS[key].get(value)
        elif isinstance(value, str):
            word = sentences.known(value)
        elif key.endswith("_fen") and isinstance(value, int):
            word = with_unit(value)
        rows.append((str(FACTS.get(key, key)), str(word or _written(value)), word is not None))
    return rows


def _written(value: Any) -> str:
    if isinstance(value, list):
        return _(", ").join(str(one) for one in value)
    return str(value)
