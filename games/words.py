"""What states of draws and tiers are called on pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from lottery_portal.lib import codes

from . import rule_files, rules
from .models import Draw, Game
from .rules.picks import facts_of

State = Draw.State
_DIGITS = 10
_BLUE = frozenset({"blue", "back", "special", "last"})

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


def rules_of(
    game: str, issue: str, *, loaded: Sequence[rules.RuleVersion] | None = None
) -> rules.RuleVersion:
    """The rules by which the numbers of a draw are shown: of one before all rules the first.

    `loaded` as `rule_files.version_for` takes it.
    """
    try:
        return rule_files.version_for(game=game, issue=issue, loaded=loaded)
    except rules.NoRuleVersion:
        return rules.GAMES[game].versions[0]


def is_blue(zone: rules.Zone) -> bool:
    """Whether the balls of a zone are blue: those of a second drum, and what is drawn last."""
    return zone.code in _BLUE


def number(zone: rules.Zone, drawn: int) -> str:
    """A number as it stands on a ball: two digits of a drum, one of a column of digits."""
    return str(drawn) if zone.drawn == 1 and zone.size <= _DIGITS else f"{drawn:02d}"


def spelt(version: rules.RuleVersion, numbers: Sequence[Sequence[int]]) -> str:
    """Drawn numbers in a line of text: 06 11 13 14 20 28 + 16, or 1 0 9."""
    text, before = "", None
    for zone, drawn in zip(version.zones, numbers, strict=False):
        look = (is_blue(zone), zone.drawn == 1 and zone.first == 0)
        text += "" if before is None else " " if look == before else " + "
        text += " ".join(number(zone, one) for one in drawn)
        before = look
    return text


def matches(tier: rules.Tier) -> str:
    """The hits that win a tier: 5 + 0, 4 + 1."""
    return _(", ").join(" + ".join(str(hits) for hits in match) for match in tier.matches)


def tiers(
    *,
    game: str,
    issue: str,
    special_on: bool,
    known: Sequence[Mapping[str, Any]],
    numbers: Sequence[Sequence[int]] | None = None,
    version: rules.RuleVersion | None = None,
) -> list[dict[str, Any]]:
    """The tiers of a draw with what is known of each; what is not known stays None.

    With the drawn `numbers` those are left out that could not be won by them. `group` is what a
    pick is called where each has a table of its own. A drill counts its own issues, so its
    `version` is told.
    """
    by_number = {row["tier"]: row for row in known}
    try:
        version = version or rule_files.version_for(game=game, issue=issue)
    except rules.NoRuleVersion:  # announced under rules of before
        return [_row(row, name=_("Tier %(number)s") % {"number": row["tier"]}) for row in known]
    facts = _facts(version, numbers)
    rows = []
    for tier in version.tiers:
        row = by_number.get(tier.number)
        if row is None and _is_left_out(tier, special_on=special_on, facts=facts):
            continue
        rows.append(
            _row(
                row,
                name=tier.label,
                match=matches(tier) if _has_telling_matches(version) else "",
                group=version.play(tier.plays[0]).label if _has_groups(version) else "",
            )
        )
    return rows


def _row(row: Mapping[str, Any] | None, **said: Any) -> dict[str, Any]:
    """A row of the table of prizes: what is known of a tier, and how it is called."""
    winners = row["winners"] if row else None
    prize = row["prize_fen"] if row else None
    total_fen = None if winners is None or prize is None else winners * prize
    return {
        "match": "", "group": "", **said,
        "winners": winners, "prize_fen": prize, "total_fen": total_fen,
    }  # fmt: skip


def _is_left_out(
    tier: rules.Tier,
    *,
    special_on: bool,
    facts: Mapping[str, frozenset[int]] | None,
) -> bool:
    """Whether nothing is told of a tier of which nothing is known: it was not in force."""
    if tier.special_only and not special_on:
        return True
    return facts is not None and not tier.is_in_force(facts)


def _facts(
    version: rules.RuleVersion, numbers: Sequence[Sequence[int]] | None
) -> Mapping[str, frozenset[int]] | None:
    if numbers is None or all(tier.when is None for tier in version.tiers):
        return None
    drawn = {zone.code: tuple(some) for zone, some in zip(version.zones, numbers, strict=True)}
    return facts_of(version.zones, version.facts, drawn)


def _has_groups(version: rules.RuleVersion) -> bool:
    """Whether every play has a table of prizes of its own, as the picks of 快乐8."""
    return (
        len(version.tiers) > len(version.plays) * 2
        and all(len(tier.plays) == 1 for tier in version.tiers)
        and all(play.facts <= {zone.code for zone in version.zones} for play in version.plays)
    )


def _has_telling_matches(version: rules.RuleVersion) -> bool:
    """Whether hits say more than the name of the tier: not where each play counts its own way."""
    return len({len(play.measures) for play in version.plays}) == 1 and not _has_groups(version)


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
