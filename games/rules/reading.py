"""A rule sheet read back: canonical JSON in, the rule version out, or what is not understood.

The other way of `sheet`: so a new rule is a new file. Nothing is guessed and nothing is skipped: a
key, a word or a kind of value that this house does not know is refused with the place where it
stands, for it might mean money. What is read gives the same bytes again when it is written.

A sheet has no names for people. They are given beside it, by the place they belong to
(`tiers/3`, `bet_types/single`, `plays/standard/places/red`), in English and in Chinese; what is not
given is called as in the newest version of the game that is known.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import time
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from django.utils.translation import gettext_lazy as _

from games.rules.contradiction import Contradiction
from games.rules.named import BothNames, Named
from games.rules.shape import RuleVersion
from games.rules.sheet import FORMAT, LEFT_OUT, rule_sheet
from games.rules.sound import unsound
from lottery_portal.lib.errors import Refused

MOST_BYTES = 256 * 1024
_MOST_NUMBER = 10**15  # fen; what every engine can hold


class SheetNotRead(Refused):
    """These bytes are no rule sheet: not JSON, too large, of another format, or a number twice."""

    code, status = "rule_sheet_not_read", 400
    message = _("This is no rule sheet: %(why)s")


class SheetWordUnknown(Refused):
    """A key or a word that this house does not know."""

    code, status = "rule_sheet_word_unknown", 400
    message = _("%(where)s: this house does not know “%(what)s”, so it cannot play by it.")


class SheetWordMissing(Refused):
    """A key that a sheet must have."""

    code, status = "rule_sheet_word_missing", 400
    message = _("%(where)s: “%(what)s” is missing.")


class SheetValueWrong(Refused):
    """A value of another kind than belongs there."""

    code, status = "rule_sheet_value_wrong", 400
    message = _("%(where)s: %(what)s is no value for this place.")


class SheetUnsound(Refused):
    """The values are readable, and contradict each other or pass what can be sold and counted."""

    code, status = "rule_sheet_unsound", 400
    message = _("The rule cannot be played: %(why)s.")


class SheetNotCanonical(Refused):
    """The same facts in other bytes; their digest would be another one."""

    code, status = "rule_sheet_not_canonical", 400
    message = _(
        "The rule sheet is not in its canonical form: keys sorted, no spaces, nothing left out."
    )


class SheetNameMissing(Refused):
    """Something new has no name for people."""

    code, status = "rule_sheet_name_missing", 400
    message = _("%(where)s is new and has no name: please give one in English and in Chinese.")


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called: `given` by their place, else as in `known`, the version before."""

    given: Mapping[str, BothNames]
    known: Mapping[str, tuple[str, tuple[tuple[str, int], ...]]]

    def of(self, place: str) -> tuple[str, tuple[tuple[str, int], ...]]:
        """The name and its figures of what stands at `place`, or `SheetNameMissing`."""
        if place in self.given:
            return self.given[place], ()
        if place in self.known:
            return self.known[place]
        raise SheetNameMissing(where=place)


def read(raw: bytes, *, names: Mapping[str, BothNames], like: RuleVersion | None) -> RuleVersion:
    """The rule version that these bytes say, or a refusal that names what is not understood.

    `like` is the newest version that is known of the game; it lends names. Its last issue is open.
    """
    facts = parsed(raw, format_name=FORMAT, keys=("format", "version"))
    told = Names(given=names, known=_names_of(like) if like else {})
    try:
        version: RuleVersion = _made(RuleVersion, facts["version"], "version", "", told)
    except Contradiction as found:
        raise SheetUnsound(why=found.sentence, reason=found.code) from found
    except (ValueError, LookupError, ArithmeticError) as found:
        why = _("its values contradict each other")
        raise SheetUnsound(why=why, reason="contradiction") from found
    if reason := unsound(version):
        raise SheetUnsound(why=reason, reason="not_sold")
    if rule_sheet(version) != raw:
        raise SheetNotCanonical
    if unused := sorted(set(names) - set(_places(version))):
        raise SheetWordUnknown(where="names", what=unused[0])
    return version


def parsed(raw: bytes, *, format_name: str, keys: Sequence[str]) -> dict[str, Any]:
    """The JSON object in these bytes, of this format and with just these keys."""
    if len(raw) > MOST_BYTES:
        raise SheetNotRead(why=_("it is larger than 256 KB"))
    try:
        facts = json.loads(
            raw.decode(), object_pairs_hook=_once, parse_float=_no_float, parse_constant=_no_float
        )
        json.dumps(facts, ensure_ascii=False).encode()  # half a letter is none
    except (ValueError, RecursionError) as exc:
        raise SheetNotRead(why=_("it is not JSON, or has a key twice or a fraction")) from exc
    if not isinstance(facts, dict) or facts.get("format") != format_name:
        raise SheetNotRead(why=_("it is not of the format %(name)s") % {"name": format_name})
    only(facts, keys, where="")
    return facts


def only(facts: Mapping[str, Any], keys: Sequence[str], *, where: str) -> None:
    """Refuse what is not among `keys`, then what is missing."""
    for name in facts:
        if name not in keys:
            raise SheetWordUnknown(where=where or "/", what=name)
    for name in keys:
        if name not in facts:
            raise SheetWordMissing(where=where or "/", what=name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_float(text: str) -> Any:
    raise ValueError(f"{text} is not a whole number")


def _value(kind: Any, value: Any, where: str, place: str, names: Names) -> Any:
    """`value` as a `kind`; `where` is said in refusals, `place` is by what a thing is named."""
    origin = get_origin(kind)
    if origin is Literal:
        if value not in get_args(kind):
            raise SheetWordUnknown(where=where, what=_shown(value))
        return value
    if origin in (Union, types.UnionType):
        (inner,) = (one for one in get_args(kind) if one is not type(None))
        return None if value is None else _value(inner, value, where, place, names)
    if origin is tuple:
        return _list(kind, value, where, place, names)
    if is_dataclass(kind) and isinstance(kind, type):
        return _made(kind, value, where, place, names)
    if kind is time:
        return _clock(value, where)
    if type(value) is not kind or (kind is int and not 0 <= value <= _MOST_NUMBER):
        raise SheetValueWrong(where=where, what=_shown(value))
    return value


def _list(kind: Any, value: Any, where: str, place: str, names: Names) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise SheetValueWrong(where=where, what=_shown(value))
    inner = get_args(kind)
    if len(inner) != 2 or inner[1] is not Ellipsis:  # noqa: PLR2004 - tuple[X, ...]
        raise TypeError(f"a sheet has no {kind}")
    return tuple(
        _value(inner[0], one, f"{where}[{at}]", _of_member(place, inner[0], one, at), names)
        for at, one in enumerate(value, start=1)
    )


def _of_member(place: str, kind: Any, value: Any, at: int) -> str:
    """The place of a member of a list: by its code, a tier's by its number, else its position."""
    if not is_dataclass(kind):
        return place
    told = value if isinstance(value, dict) else {}
    return f"{place}/{told.get('code', told.get('number', at))}"


def _made(kind: type[Any], value: Any, where: str, place: str, names: Names) -> Any:
    if not isinstance(value, dict):
        raise SheetValueWrong(where=where, what=_shown(value))
    written = [one for one in fields(kind) if one.name not in LEFT_OUT]
    only(value, [one.name for one in written], where=where)
    hints = get_type_hints(kind)
    given = {
        one.name: _value(
            hints[one.name],
            value[one.name],
            f"{where}.{one.name}",
            f"{place}/{one.name}" if place else one.name,
            names,
        )
        for one in written
    }
    if issubclass(kind, Named):
        given["name"], figures = names.of(place)
        if figures:
            given["figures"] = figures
    if kind is RuleVersion:
        given["last_issue"] = None  # it is the one before the first issue of the next version
    return kind(**given)


def _clock(value: Any, where: str) -> time:
    try:
        found = time.fromisoformat(value)
    except (TypeError, ValueError):
        found = None
    if found is None or found.isoformat("minutes") != value:
        raise SheetValueWrong(where=where, what=_shown(value))
    return found


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:60]


def _places(version: RuleVersion) -> Iterator[str]:
    yield from (place for place, _one in _named_things(version, ""))


def _names_of(version: RuleVersion) -> dict[str, tuple[str, tuple[tuple[str, int], ...]]]:
    return {
        place: (one.name, getattr(one, "figures", ())) for place, one in _named_things(version, "")
    }


def _named_things(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Everything in a version that has a name, by its place."""
    for one in fields(value):
        part = getattr(value, one.name)
        below = f"{place}/{one.name}" if place else one.name
        members = enumerate(part, start=1) if isinstance(part, tuple) else ()
        for at, member in members:
            if is_dataclass(member) and not isinstance(member, type):
                own = f"{below}/{getattr(member, 'code', getattr(member, 'number', at))}"
                if isinstance(member, Named):
                    yield own, member
                yield from _named_things(member, own)
