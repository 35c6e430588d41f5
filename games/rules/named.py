"""Names for people: English in the values, the reader's language in the label."""

from collections.abc import Sequence
from typing import cast

from django.utils.functional import Promise, lazy
from django.utils.translation import gettext, gettext_lazy


def gettext_noop(message: str) -> str:
    """Mark a name for the catalogue; Django's own asks the settings, rules stand without them."""
    return message


class Named:
    """A thing with an English name and a label in the language of the reader."""

    __slots__ = ()

    name: str

    @property
    def label(self) -> Promise:
        return gettext_lazy(self.name)


def with_figures(name: str, figures: Sequence[tuple[str, int]]) -> Promise:
    """The label of a name that has figures in it, such as “Sum %(sum)s”."""
    return cast(Promise, _filled(name, tuple(figures)))


def _fill(name: str, figures: tuple[tuple[str, int], ...]) -> str:
    return gettext(name) % dict(figures)


_filled = lazy(_fill, str)
