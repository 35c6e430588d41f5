"""The first figures and keys of this room, written once."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_noop

from lottery_portal.lib.db import door

from . import keys, policies, witnesses


def load(*, now: datetime) -> None:
    """How many checkers a deed needs where its kind has no rule, and the keys in force.

    The witness says its own key: it must be running when the house begins.
    """
    independent = None if keys.has_key(keys.Role.INDEPENDENT) else witnesses.key()
    _write(independent, now)


@door
def _write(independent: witnesses.Key | None, now: datetime) -> None:
    policies.set_genesis(
        key="approvals.checkers_needed",
        value=1,
        reason=gettext_noop("Genesis: one other person"),
        now=now,
    )
    for role in (keys.Role.OPERATIONS, keys.Role.LOG, keys.Role.RECEIPT):
        keys.register_genesis(role=role, public=keys.own(role).public)
    if independent is not None:
        keys.register_genesis(
            role=keys.Role.INDEPENDENT,
            public=independent.public,
            algorithm=independent.algorithm,
        )
