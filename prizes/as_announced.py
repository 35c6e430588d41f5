"""Whether a draw may be settled by what its issuer announced, and whether that still stands."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from audit import keys
from games import announced, issuer_file
from games.models import Draw, IssuerAnnouncement
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.sentences import sentence

from .models import Settlement

logger = logging.getLogger(__name__)

WORDS = {
    announced.NUMBERS: sentence(
        gettext_noop("the issuer announced other numbers than the confirmed result")
    ),
    announced.SPECIAL: sentence(
        gettext_noop("the announcement says otherwise of the special rule")
    ),
    announced.DECISION: sentence(
        gettext_noop("the announcement differs from the rules, and two people have not decided yet")
    ),
}
ALTERED = sentence(gettext_noop("edition %(edition)s of the announcement was altered"))


class AnnouncementMissing(Refused):
    """The issuer's announcement is not there yet; the draw waits."""

    code = "announcement_missing"
    message = _("Draw %(draw)s waits for the announcement of its issuer.")


class NotAsAnnounced(Refused):
    """Announcement and rules differ, or it has other numbers; people decide."""

    code = "not_as_announced"
    message = _("Draw %(draw)s is halted: %(difference)s. Nothing is paid until this is cleared.")


def is_waiting(draw: Draw) -> bool:
    """Whether the draw waits for its issuer."""
    return announced.is_announced(draw) and announced.lacks(draw) == announced.MISSING


def lacking(draw: Draw) -> str:
    """Why the draw is not settled by its announcement (`sentences`); "" when nothing is in the way.

    Raises `AnnouncementMissing` while there is none: then it just waits.
    """
    lack = announced.lacks(draw)
    if lack == announced.MISSING:
        raise AnnouncementMissing(draw=draw.code)
    if not lack:
        return ""
    difference = WORDS[lack].of()
    logger.error("Settlement halted", extra={"draw": draw.code, "difference": difference})
    return difference


def is_halted_for_it(settled: Settlement) -> bool:
    """Whether a settlement stands still for its announcement."""
    return settled.halt_reason in {one.of() for one in WORDS.values()}


def cleared() -> Sequence[Settlement]:
    """Settlements halted for their announcement of which that is cleared by now."""
    halted = Settlement.objects.filter(
        state=Settlement.State.HALTED, halt_reason__in=[one.of() for one in WORDS.values()]
    ).select_related("draw")
    return [one for one in halted if not announced.lacks(one.draw)]


def problems(draw: Draw) -> list[str]:
    """What of the announcement that counts is not as it was stored; [] when all is.

    Words, digest, signature and the comparison are worked out anew.
    """
    if not announced.is_announced(draw):
        return []
    said = announced.counting(draw)
    if _is_whole(draw, said):
        return []
    return [ALTERED.of(edition=said.edition)]


def logged(draw: Draw) -> list[tuple[str, str]]:
    """What the log holds of the announcement that counts, by kind and key."""
    if not announced.is_announced(draw):
        return []
    said = announced.counting(draw)
    found = [("issuer_announcement", str(said.pk))]
    found += [
        ("announced_entry", str(entry))
        for entry in (said.first_entry_id, said.second_entry_id)
        if entry is not None
    ]
    if (decided := announced.decision_of(said)) is not None:
        found.append(("difference_decision", str(decided.pk)))
    return found


def _is_whole(draw: Draw, said: IssuerAnnouncement) -> bool:
    try:
        told = announced.told_by(said)
        if said.source == IssuerAnnouncement.Source.FILE:
            announced.check_signature(said)
    except (announced.SignatureBad, issuer_file.FileUnreadable, keys.KeyUnknown):
        return False
    return (
        told.digest == said.digest and announced.compare(draw, told).differences == said.differences
    )
