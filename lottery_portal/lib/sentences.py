"""Sentences that are stored in English, for all readers, and shown to each in his own language.

Evidence must read the same for ever, and the witness and the second engine, who speak no language
but English, write some of it: why a settlement stands still, what differs from a seal. So the row
keeps the English sentence, and `shown` finds the pattern it was made of and says that in the
language of the reader; what nobody registered is shown as it is stored.

    CHANGED = sentence(_("root sealed %(sealed)s, found %(found)s"))
    CHANGED.of(sealed=…, found=…)        the English sentence, to be stored
    shown(stored)                        the same for who reads it now

Several sentences may be joined by "; ". Figures named in `NESTED` are such sentences themselves,
those in `LISTED` lists of them or of codes, parted by ", ".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext

BETWEEN = "; "
LISTED = frozenset({"tickets", "things"})
NESTED = frozenset({"difference", "reason"}) | LISTED
_FIGURE = re.compile(r"%\((\w+)\)s")


class Sentence:
    """A pattern in English, which is its msgid, and what it says with figures."""

    def __init__(self, english: str, say: Callable[[dict[str, str]], str] | None = None) -> None:
        self.english = english
        self._say = say
        parts = _FIGURE.split(english)
        # A figure does not reach over the border of a sentence, unless it holds sentences.
        self._pattern = re.compile(
            "".join(
                re.escape(part)
                if place % 2 == 0
                else f"(?P<{part}>.+)"
                if part in NESTED - LISTED
                else f"(?P<{part}>(?:(?!{BETWEEN}).)+?)"
                for place, part in enumerate(parts)
            ),
            re.DOTALL,
        )

    def of(self, **figures: Any) -> str:
        """The English sentence."""
        return self.english % {name: str(value) for name, value in figures.items()}

    def read(self, stored: str) -> str | None:
        """This sentence in the language of the reader; None if the stored one is another."""
        if (found := self._pattern.fullmatch(stored)) is None:
            return None
        figures = {name: _figure(name, value) for name, value in found.groupdict().items()}
        return self._say(figures) if self._say else gettext(self.english) % figures


_KNOWN: list[Sentence] = []  # the most particular first


def sentence(english: str, say: Callable[[dict[str, str]], str] | None = None) -> Sentence:
    """Register a pattern, once, at start-up; `say` says it otherwise than by translating it."""
    if any(one.english == english for one in _KNOWN):
        message = f"Two sentences are spelt “{english}”."
        raise RuntimeError(message)
    made = Sentence(english, say)
    _KNOWN.append(made)
    _KNOWN.sort(key=lambda one: -len(_FIGURE.sub("", one.english)))
    return made


def known(stored: str) -> str | None:
    """A stored text in the language of the reader; None if no part of it is a known sentence."""
    for one in _KNOWN:
        if (said := one.read(stored)) is not None:
            return said
    parts = stored.split(BETWEEN)
    if len(parts) == 1:
        return None
    found = [known(part) for part in parts]
    if not any(found):
        return None
    return gettext("; ").join(said or part for said, part in zip(found, parts, strict=True))


def shown(stored: str) -> str:
    """A stored text in the language of the reader as far as it is known, else as it stands."""
    return known(stored) or stored


def _figure(name: str, value: str) -> str:
    if name in LISTED:
        return gettext(", ").join(shown(part) for part in value.split(", "))
    return shown(value) if name in NESTED else value
