"""The first figures of this room, written once."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_noop

from audit import policies
from lottery_portal.lib.db import door

from . import break_glass, cancellation, draw_cancellation, rolling


@door
def load(*, now: datetime) -> None:
    """For how long a seal is opened; how often the rolling check runs; who agrees to cancel."""
    policies.set_genesis(
        key=break_glass.MINUTES_POLICY,
        value=break_glass.MINUTES,
        reason=gettext_noop("Genesis: an opened seal closes by itself"),
        now=now,
    )
    policies.set_genesis(
        key=rolling.SECONDS_POLICY,
        value=rolling.SECONDS,
        reason=gettext_noop("Genesis: every ticket is with the witness within minutes"),
        now=now,
    )
    policies.set_genesis(
        key=cancellation.MINUTES_POLICY,
        value=0,
        reason=gettext_noop("Genesis: the rules of the games do not let tickets be taken back"),
        now=now,
    )
    policies.set_genesis(
        key=draw_cancellation.PEOPLE_POLICY,
        value=draw_cancellation.PEOPLE,
        reason=gettext_noop("Genesis: a draw is cancelled by two people"),
        now=now,
    )
