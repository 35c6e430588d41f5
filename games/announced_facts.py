"""What the desk of a draw says about announced amounts: what is missing, where it is done."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from . import announced, desk_facts, results
from .desk_facts import Deed, Facts, Lack, Link
from .models import Draw

OFFICIALS = frozenset({"draw_official"})
DECIDERS = frozenset({"draw_official", "compliance"})
READERS = DECIDERS | {"approver", "auditor", "regulator", "administrator"}


def facts(draw: Draw) -> Facts:
    """The announcement, once the draw is held; nothing in a draw of an own pool."""
    if not announced.is_announced(draw):
        return Facts()
    url = reverse("games:desk_announced", args=[draw.code])
    link = Link(text=_("Announcement of the issuer"), url=url, roles=READERS)
    if draw.state != Draw.State.CONFIRMED:
        return Facts(links=[link])
    lack = announced.lacks(draw)
    state = "now" if lack else "done"
    text = {
        announced.MISSING: _("Taken from the issuer's signed file, or typed by two people."),
        announced.NUMBERS: _("It has other numbers than the result. Ask the issuer for another."),
        announced.SPECIAL: _("It says otherwise of the special rule. Take it in again."),
        announced.DECISION: _("It differs from the rules: two people decide, or another comes."),
    }.get(lack, _("It is held against the rules, and the prizes are paid by it."))
    by_hand = _("The numbers were typed by hand, not taken from a signed file.")
    title = _("Announcement of the issuer")
    roles = DECIDERS if lack == announced.DECISION else OFFICIALS
    word = _("Decide") if lack == announced.DECISION else _("Take it in")
    return Facts(
        links=[link],
        notes=[] if results.is_from_file(draw.result) else [by_hand],
        lacks=[
            Lack(
                state=state,
                title=title,
                text=text,
                action=word if lack else "",
                url=url if lack else "",
                roles=roles,
            )
        ],
        deed=Deed(text=f"{title}…", url=url, roles=roles) if lack else None,
    )


desk_facts.register(facts)
