"""What this room must be told about people. It stands below `accounts`, which introduces itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from lottery_portal.lib import dates


def _no_roles(_user: Any, _now: datetime) -> frozenset[str]:
    return frozenset()


def _no_names(_usernames: Collection[str]) -> Mapping[str, str]:
    return {}


def _no_accounts(_name: str) -> Collection[str]:
    return ()


def _nobody(_user: Any) -> str:
    return ""


def _never(_request: Any) -> bool:
    return False


def _nowhere(_user: Any, goes_to: str) -> str:
    return goes_to


@dataclass(frozen=True)
class Introduction:
    """How to ask about people; until somebody introduces himself nobody has a role or a name."""

    roles: Callable[[Any, datetime], frozenset[str]] = _no_roles
    names: Callable[[Collection[str]], Mapping[str, str]] = _no_names
    named: Callable[[str], Collection[str]] = _no_accounts
    person: Callable[[Any], str] = _nobody
    role_titles: Mapping[str, str | Promise] = field(default_factory=dict)
    has_confirmed: Callable[[Any], bool] = _never
    where_to_confirm: Callable[[Any, str], str] = _nowhere


_known = Introduction()


def introduce(introduction: Introduction) -> None:
    """Called once, at start-up, by the room that knows people."""
    global _known  # noqa: PLW0603 - the one introduction of this process
    _known = introduction


def roles_of(user: Any, now: datetime) -> frozenset[str]:
    """The roles of the posts that `user` holds at `now`."""
    return _known.roles(user, now)


def names_of(usernames: Collection[str]) -> Mapping[str, str]:
    """The names that staff are called by at work; players have none here."""
    return _known.names(usernames)


def accounts_named(name: str) -> Collection[str]:
    """The accounts of staff called `name` at work, or logging in by it."""
    return _known.named(name)


def name_of(user: Any) -> str:
    """What this member of staff is called at work."""
    username = user.get_username()
    return _known.names([username]).get(username, username)


def person_of(user: Any) -> str:
    """The human being behind `user`, the same for all his accounts."""
    return _known.person(user)


def role_title(role: str) -> str:
    """What a role is called on pages."""
    return _(str(_known.role_titles.get(role, role)))


def role_titles(roles: Collection[str]) -> str:
    """The same for several, in one line."""
    comma = "、" if dates.is_chinese() else ", "
    return comma.join(sorted(role_title(role) for role in roles))


def has_confirmed(request: Any) -> bool:
    """Whether the person behind this request confirmed a moment ago that it is him."""
    return _known.has_confirmed(request)


def where_to_confirm(user: Any, goes_to: str) -> str:
    """The address of the page where `user` confirms, leading on to `goes_to`."""
    return _known.where_to_confirm(user, goes_to)
