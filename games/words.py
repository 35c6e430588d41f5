"""What states of draws and tiers are called on pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from lottery_portal.lib import codes

from . import rules
from .models import Draw, Game

State = Draw.State

TONES: Mapping[str, str] = {
    State.SCHEDULED: "draft",
    State.OPEN: "done",
    State.CLOSED: "waiting",
    State.SEALED: "waiting",
    State.DRAWN: "waiting",
    State.CONFIRMED: "waiting",
    State.SETTLED: "waiting",
    State.PUBLISHED: "draft",
    State.ARCHIVED: "draft",
    State.CANCELLED: "wrong",
}


def state(code: str) -> str:
    """The state of a draw in a word or two."""
    return {
        State.SCHEDULED: _("Planned"),
        State.OPEN: _("On sale"),
        State.CLOSED: _("Closed"),
        State.SEALED: _("Sealed"),
        State.DRAWN: _("Drawn"),
        State.CONFIRMED: _("Confirmed"),
        State.SETTLED: _("Settled"),
        State.PUBLISHED: _("Published"),
        State.ARCHIVED: _("Archived"),
        State.CANCELLED: _("Cancelled"),
    }[State(code)]


def step(code: str) -> str:
    """A step of a draw in a word: what was done when it entered the state."""
    return {
        State.OPEN: _("Opened"),
        State.CLOSED: _("Closed"),
        State.SEALED: _("Sealed"),
        State.DRAWN: _("Drawn"),
        State.CONFIRMED: _("Confirmed"),
        State.SETTLED: _("Settled"),
        State.PUBLISHED: _("Published"),
        State.ARCHIVED: _("Archived"),
        State.CANCELLED: _("Cancelled"),
    }[State(code)]


def game(found: Game) -> str:
    """What a game is called at the desk; that of drills says so."""
    name = _(found.name)
    return _("%(game)s (drill)") % {"game": name} if found.is_shadow else name


def draw(found: Draw) -> str:
    """A draw by the name of its game and its issue."""
    return _("%(game)s, draw %(issue)s") % {"game": game(found.game), "issue": found.issue}


def games(codes_of: Sequence[str]) -> str:
    """The games that a licence names; naming none it covers all."""
    if not codes_of:
        return _("All games")
    known = {game.code: game for game in Game.objects.filter(code__in=codes_of)}
    return _(", ").join(_(known[code].name) if code in known else code for code in codes_of)


def channel(code: str) -> str:
    """A sales channel in words."""
    return {"web": _("The website"), "api": _("The programs' interface")}.get(code, code)


def channels(named: Sequence[str]) -> str:
    """The sales channels that a licence names; naming none it covers all."""
    return _(", ").join(channel(one) for one in named) if named else _("All sales channels")


def scope(switched: str) -> str:
    """What a sales switch stands for."""
    kind, _colon, code = switched.partition(":")
    if kind == "game":
        return game(Game.objects.get(code=code))
    if kind == "channel":
        return channel(code)
    if kind == "player":
        return _("Player %(code)s") % {"code": codes.shown(code)}
    return _("All sales")


def matches(tier: rules.Tier) -> str:
    """The hits that win a tier: 5 + 0, 4 + 1."""
    return _(", ").join(" + ".join(str(hits) for hits in match) for match in tier.matches)


def tiers(
    *, game: str, issue: str, special_on: bool, known: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The tiers in force in a draw with what is known of each; what is not known stays None."""
    by_number = {row["tier"]: row for row in known}
    version = rules.version_for(game=game, issue=issue)
    rows = []
    for tier in version.tiers:
        row = by_number.get(tier.number)
        if row is None and tier.special_only and not special_on:
            continue
        winners = row["winners"] if row else None
        prize = row["prize_fen"] if row else None
        rows.append(
            {
                "name": tier.label,
                "match": matches(tier),
                "winners": winners,
                "prize_fen": prize,
                "total_fen": None if winners is None or prize is None else winners * prize,
            }
        )
    return rows


def total(rows: Sequence[Mapping[str, Any]], name: str) -> int | None:
    """The sum of a column, or None when a part of it is not known."""
    values = [row[name] for row in rows]
    return None if None in values or not values else sum(values)


def compared(what: str, mark: str) -> str:
    """What an amount of an announcement is about: prize of a tier, pool, all money, sales."""
    return {
        "prize": _("Prize of tier %(tier)s") % {"tier": mark},
        "pool": _("Pool after the draw"),
        "money": _("All prize money together"),
        "sales": _("Sales"),
    }[what]
