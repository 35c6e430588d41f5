"""Article 22: nobody looks at what was sold from the seal until the draw is held (F058, N07).

The database itself shows no selections then (row-level security); here stands what the rest of the
house asks: what is closed now, what to say about it, and where an attempt is written down. Lists,
exports and pages leave tickets of a sealed draw out by its state alone; an opening under four eyes
(`break_glass`) changes nothing for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import trail
from games.models import Draw
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.errors import Refused

from .models import OpenedSeal, Ticket

SEALED = Draw.State.SEALED
ATTEMPT = "sales.sealed_data_asked"


class SealedDataAsked(Refused):
    """Sales data of a draw that is sealed and not yet held."""

    code, status = "sealed_data", 403
    message = gettext_lazy(
        "Draw %(draw)s is sealed. Until it is held nobody may look at what was sold"
        " (Regulations on Lottery Management, article 22). Your request is on record."
    )


def banned_draws() -> list[str]:
    """Codes of the draws whose selections nobody reads now."""
    return list(
        Draw.objects.filter(state=SEALED)
        .exclude(pk__in=_open_now().values("draw_id"))
        .order_by("pk")
        .values_list("code", flat=True)
    )


def is_banned(draw: Draw) -> bool:
    """Whether nobody reads the selections of `draw` now, as the database judges."""
    return draw.code in banned_draws()


def opening(draw: Draw) -> OpenedSeal | None:
    """The opening that lets `draw` be read now, if there is one."""
    return _open_now().filter(draw_id=draw.pk).order_by("-closes_at").first()


def openings(draw: Draw) -> list[OpenedSeal]:
    """Every time the seal of `draw` was opened to reading."""
    return list(OpenedSeal.objects.filter(draw_id=draw.pk).order_by("opened_at"))


def withheld(tickets: QuerySet[Ticket] | None = None) -> list[str]:
    """Codes of the sealed draws that have tickets (among these), left out of lists and exports."""
    sold = (Ticket.objects.all() if tickets is None else tickets).filter(draw_id=OuterRef("pk"))
    found = Draw.objects.filter(Exists(sold), state=SEALED)
    return list(found.order_by("pk").values_list("code", flat=True))


def notice(draws: Sequence[str]) -> str:
    """Why a list is not complete, for people."""
    return _(
        "Tickets of %(draws)s are not shown. From the seal until the draw is held nobody may look"
        " at what was sold (Regulations on Lottery Management, article 22). Your look at this list"
        " is on record."
    ) % {"draws": _(", ").join(draws)}


@door
def log_attempt(*, actor: Any, where: str, draws: Sequence[str]) -> None:
    """Leave in the trail that `actor` asked for sealed data at this place: one record a draw."""
    note_attempt(actor=actor, where=where, draws=draws)


@inside_transaction
def note_attempt(*, actor: Any, where: str, draws: Sequence[str]) -> None:
    """The same in the caller's transaction."""
    for code in draws:
        trail.record(
            action=ATTEMPT,
            actor=actor,
            object_type="draw",
            object_code=code,
            body={"where": where},
        )


def _open_now() -> QuerySet[OpenedSeal]:
    return OpenedSeal.objects.filter(closes_at__gt=Now())
