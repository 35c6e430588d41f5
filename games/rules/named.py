"""Names for people: English in the values, the reader's language in the label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django.utils.functional import Promise, lazy
from django.utils.translation import get_language, gettext


def gettext_noop(message: str) -> str:
    """Mark a name for the catalogue; Django's own asks the settings, rules stand without them."""
    return message


class BothNames(str):
    """A name that came with a rule file: English, and Chinese beside it in no catalogue."""

    chinese: str

    @classmethod
    def of(cls, english: str, chinese: str) -> BothNames:
        name = cls(english)
        name.chinese = chinese
        return name


def spoken(name: str) -> str:
    """A name in the language of the reader."""
    if isinstance(name, BothNames):
        return name.chinese if (get_language() or "").startswith("zh") else str(name)
    return gettext(name)


class Named:
    """A thing with an English name and a label in the language of the reader."""

    __slots__ = ()

    name: str

    @property
    def label(self) -> Promise:
        return cast(Promise, _spoken(self.name))


def with_figures(name: str, figures: Sequence[tuple[str, int]]) -> Promise:
    """The label of a name that has figures in it, such as “Sum %(sum)s”."""
    return cast(Promise, _filled(name, tuple(figures)))


def _fill(name: str, figures: tuple[tuple[str, int], ...]) -> str:
    return spoken(name) % dict(figures) if figures else spoken(name)


_filled = lazy(_fill, str)
_spoken = lazy(spoken, str)
