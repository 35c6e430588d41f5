"""Which rule versions a game has had, has and will have, and what a new one changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from django.utils.translation import gettext as _

from audit import approvals
from lottery_portal.lib.db import database_time

from . import rule_files, rule_sheets, rule_words, rules
from .models import Draw, Game, RuleFile, RuleNotice, RuleSheet

State = Literal["service", "loaded", "asked", "waiting", "past"]
_MOST_PAIRS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A rule version as the desk has it: value, where it came from, how far it has come.

    `sheet` once it is loaded, `file` when it came as one, `asked` the code of an open request.
    """

    version: rules.RuleVersion
    state: State
    articles: Mapping[str, str] | None
    sheet: RuleSheet | None = None
    file: RuleFile | None = None
    notice: RuleNotice | None = None
    asked: str = ""
    last_issue: str = ""


def of_game(game: Game, *, now: datetime) -> list[Held]:
    """Every version of a game, the newest first: those to come, in service, past."""
    return sorted(
        _found(game, now), key=lambda held: (held.version.first_issue, held.version.code)
    )[::-1]


def find(game: Game, code: str, *, now: datetime, file: str = "") -> Held | None:
    """The version of that code; of several files of one code that of this digest, or the newest."""
    found = [held for held in _found(game, now) if held.version.code == code]
    if file:
        found = [held for held in found if held.file and held.file.document_digest == file]
    return found[-1] if found else None


def before(game: Game, held: Held, *, now: datetime) -> Held | None:
    """The version that it follows: the nearest one that begins before it."""
    earlier = [
        one
        for one in of_game(game, now=now)
        if one.version.first_issue < held.version.first_issue
        and one.state not in ("waiting", "asked")
    ]
    return earlier[0] if earlier else None


def sheet(held: Held) -> list[rule_words.Section]:
    """Its sheet in words; the last draw is the one before the next version."""
    return rule_words.sheet(held.version, articles=held.articles, last_issue=held.last_issue)


def changes(old: Held, new: Held) -> list[rule_words.Change]:
    """What differs between two versions, in words."""
    return rule_words.changes(sheet(old), sheet(new))


def in_pairs(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """What the version of a request changes, as a checker reads it before he signs."""
    game = Game.objects.get(code=payload["game"])
    file = RuleFile.objects.filter(document_digest=payload["file"]).first()
    now = database_time()
    new = find(game, payload["version"], now=now, file=payload["file"] if file else "")
    old = before(game, new, now=now) if new else None
    if new is None or old is None:
        return []
    told = changes(old, new)
    pairs = [
        (
            _("%(section)s: %(label)s") % {"section": one.section, "label": one.label},
            _("%(before)s → %(after)s") % {"before": _line(one.before), "after": _line(one.after)},
        )
        for one in told[:_MOST_PAIRS]
    ]
    count = _("%(count)s figures differ from %(version)s") % {
        "count": len(told),
        "version": old.version.code,
    }
    return [(_("Changes"), count), *pairs]


def _line(lines: Sequence[str]) -> str:
    return _("; ").join(lines) if lines else _("none")


def _found(game: Game, now: datetime) -> list[Held]:
    sheets = {
        one.code: one
        for one in RuleSheet.objects.filter(game=game).select_related("file", "notice")
    }
    asked = {
        (request.payload["version"], request.payload["file"]): request.code
        for request in approvals.under_way(rule_sheets.KIND)
        if request.payload["game"] == game.code
    }
    in_service = rule_sheets.current(game, now=now).code
    firsts = sorted(one.first_issue for one in sheets.values())
    found = []
    for version in rules.GAMES[game.rules_game].versions:
        loaded = sheets.get(version.code)
        found.append(
            Held(
                version=version,
                state=_state(loaded, asked.get((version.code, "")), in_service, version.last_issue),
                articles=None,
                sheet=loaded,
                notice=_notice(loaded),
                asked=asked.get((version.code, ""), ""),
                last_issue=_before_next(loaded, firsts) or version.last_issue or "",
            )
        )
    for file in RuleFile.objects.filter(game=game).order_by("pk"):
        loaded = sheets.get(file.code)
        if loaded is not None and loaded.file_id != file.pk:
            continue  # another file of this code became the rule
        document = rule_files.of(file)
        code = asked.get((file.code, file.document_digest))
        found.append(
            Held(
                version=document.version,
                state=_state(loaded, code, in_service, None),
                articles=document.articles,
                sheet=loaded,
                file=file,
                notice=_notice(loaded),
                asked=code or "",
                last_issue=_before_next(loaded, firsts),
            )
        )
    return found


def _state(
    loaded: RuleSheet | None, asked: str | None, in_service: str, last_issue: str | None
) -> State:
    if loaded is not None and loaded.code == in_service:
        return "service"
    if loaded is not None:
        to_come = Draw.objects.filter(
            rule=loaded, state__in=[Draw.State.SCHEDULED, Draw.State.OPEN]
        )
        later = RuleSheet.objects.filter(game=loaded.game_id, first_issue__gt=loaded.first_issue)
        return "loaded" if to_come.exists() or not later.exists() else "past"
    if asked:
        return "asked"
    return "past" if last_issue else "waiting"


def _before_next(loaded: RuleSheet | None, firsts: Sequence[str]) -> str:
    """The last issue of a loaded version: named by the first issue of the one after it."""
    if loaded is None:
        return ""
    later = [first for first in firsts if first > loaded.first_issue]
    draws = Draw.objects.filter(game=loaded.game_id, issue__lt=later[0]) if later else None
    last = draws.order_by("-issue").first() if draws is not None else None
    return last.issue if last else ""


def _notice(loaded: RuleSheet | None) -> RuleNotice | None:
    try:
        return loaded.notice if loaded is not None else None
    except RuleNotice.DoesNotExist:
        return None


def starts_on(held: Held) -> date | None:
    """The day from which tickets are sold by it, as its notice says."""
    return held.notice.starts_on if held.notice else None
