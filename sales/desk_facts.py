"""What this room knows about a draw, handed up to its desk: rolling checks, a seal that stands
still, looks at sealed data, and the way to have a seal opened."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import alarms, trail
from games import desk_facts, draw_course, draws
from games.desk_facts import Deed, Facts, Halt, Link, Step
from games.models import Draw, SealStatement
from lottery_portal.lib import dates
from lottery_portal.lib.db import database_time
from lottery_portal.lib.money import yuan

from . import break_glass, draw_cancellation, read_ban, seal_facts, sealing
from .models import RollingCheck

OVERDUE = timedelta(minutes=1)
SEALERS = frozenset({"draw_official", "administrator"})


def facts(draw: Draw) -> Facts:
    """Of any draw; what concerns the seal only while it is being made or under the ban."""
    halt = _halt(draw)
    deed = None
    if halt is not None or _is_overdue(draw):
        url = reverse("sales:desk_seal_again", args=[draw.code])
        deed = Deed(text=_("Seal again"), url=url, roles=SEALERS, is_post=True)
    return Facts(
        steps=_steps(draw, is_halted=halt is not None),
        links=_links(draw),
        notes=_notes(draw),
        halt=halt,
        deed=deed,
    )


def _steps(draw: Draw, *, is_halted: bool) -> list[Step]:
    steps = []
    last = RollingCheck.objects.filter(draw_id=draw.pk).order_by("-number").first()
    if last is not None and last.told_at is not None:
        told = _("The last one closes the sale") if last.is_closing else _("No. %(number)s")
        text = ngettext(
            "%(which)s: %(tickets)s ticket, %(amount)s yuan",
            "%(which)s: %(tickets)s tickets, %(amount)s yuan",
            last.tickets,
        ) % {
            "which": told % {"number": last.number} if not last.is_closing else told,
            "tickets": f"{last.tickets:,}",
            "amount": yuan(last.stake),
        }
        if last.cancelled:
            text += ngettext(
                "; %(count)s taken back, %(amount)s yuan",
                "; %(count)s taken back, %(amount)s yuan",
                last.cancelled,
            ) % {"count": f"{last.cancelled:,}", "amount": yuan(last.returned)}
        steps.append(Step(place=draw_course.CHECKED, at=last.told_at, text=text))
    elif last is not None:
        text = _("The witness has not answered yet.")
        steps.append(Step(place=draw_course.CHECKED, text=text))
    if is_halted:
        is_sealed = SealStatement.objects.filter(draw_id=draw.pk).exists()
        place = draw_course.COUNTERSIGNED if is_sealed else draw_course.SEALED
        text = _("The witness does not sign.") if is_sealed else _("Tickets and books differ.")
        steps.append(Step(place=place, text=text, is_halted=True))
    return steps


def _halt(draw: Draw) -> Halt | None:
    """A draw that cannot be sealed, or whose seal the witness does not sign."""
    if draw.state not in {Draw.State.CLOSED, Draw.State.SEALED} or sealing.is_public(draw):
        return None
    raised = {
        alarm.kind
        for alarm in alarms.about(object_type="draw", object_code=draw.code)
        if alarm.cleared_at is None
    }
    if "sales.seal_refused" in raised:
        return Halt(
            word=_("Halted: the witness does not sign the seal"),
            sentence=_(
                "What is sealed is not what the witness was told during the sale. Without its"
                " signature nothing is published, and no numbers can be entered."
            ),
        )
    if "sales.books_differ" in raised:
        return Halt(
            word=_("Halted: tickets and books differ"),
            sentence=_("Nothing is sealed, and the draw cannot go on, until they are the same."),
        )
    return None


def _is_overdue(draw: Draw) -> bool:
    """Whether a seal that takes seconds is not public a minute after the close: asked too often in
    vain, the portal has given up, and a person asks again."""
    if draw.state not in {Draw.State.CLOSED, Draw.State.SEALED} or sealing.is_public(draw):
        return False
    return database_time() - draw.closes_at > OVERDUE


def _links(draw: Draw) -> list[Link]:
    links = []
    if draw.state in draws.CANCELLABLE:
        links.append(
            Link(
                text=_("Cancel the draw…"),
                url=reverse("sales:desk_draw_cancel", args=[draw.code]),
                roles=draw_cancellation.MAKERS,
                is_danger=True,
            )
        )
    if draw.state != Draw.State.SEALED:
        return links
    links.append(
        Link(
            text=_("Have the seal opened to reading…"),
            url=reverse("sales:desk_break_glass", args=[draw.code]),
            roles=break_glass.MAKERS,
            is_danger=True,
        )
    )
    if read_ban.opening(draw) is not None:
        links.append(
            Link(
                text=_("Opened seal"),
                url=reverse("sales:desk_opened_seal", args=[draw.code]),
                roles=break_glass.MAKERS | break_glass.CHECKERS,
            )
        )
    return links


def _notes(draw: Draw) -> list[str]:
    notes = [fact.text for fact in seal_facts.cancellation(draw)]
    notes += [
        _("The seal was opened to reading from %(since)s to %(until)s, under four eyes.")
        % {
            "since": dates.written(opening.opened_at, "full"),
            "until": dates.written(opening.closes_at, "clock"),
        }
        for opening in read_ban.openings(draw)
    ]
    refused = trail.read(
        trail.Filters(action=read_ban.ATTEMPT, object_type="draw", object_code=draw.code)
    ).count()
    if refused:
        notes.append(
            ngettext(
                "%(count)d look at sealed sales data was refused and is on record.",
                "%(count)d looks at sealed sales data were refused and are on record.",
                refused,
            )
            % {"count": refused}
        )
    return notes


desk_facts.register(facts)
