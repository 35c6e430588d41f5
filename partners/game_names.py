"""What games are called. This room does not know games; the room that does hands up their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _


def _none() -> Mapping[str, str]:
    return {}


_ask: Callable[[], Mapping[str, str]] = _none


def introduce(ask: Callable[[], Mapping[str, str]]) -> None:
    """Called once, at start-up: how to ask for code and name of every game on the books."""
    global _ask  # noqa: PLW0603 - the one introduction of this process
    _ask = ask


def known() -> Mapping[str, str]:
    """Code and name of every game, in the order of pages."""
    return _ask()


def name(code: str) -> str:
    """The name of a game; "" is all of them."""
    return known().get(code, code) if code else _("All games")
