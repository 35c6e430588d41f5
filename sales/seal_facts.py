"""What this room knows about a seal, handed up to its public page: that somebody opened it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from games import seal_facts
from games.models import Draw
from games.seal_facts import Fact
from lottery_portal.lib import codes, dates

from . import read_ban


def facts(draw: Draw) -> Sequence[Fact]:
    """Openings of the seal, told once the draw is held."""
    if draw.state == Draw.State.SEALED:
        return ()
    return [
        Fact(
            at=opening.opened_at,
            text=_(
                "The seal was opened to reading from %(since)s to %(until)s by approval %(code)s."
                " Nothing could be changed."
            )
            % {
                "since": dates.written(opening.opened_at, "full"),
                "until": dates.written(opening.closes_at, "full"),
                "code": codes.shown(opening.approval_code),
            },
        )
        for opening in read_ban.openings(draw)
    ]


seal_facts.register(facts)
