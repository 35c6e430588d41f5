"""What of a winner may be published: nothing he did not allow for this prize (F100; S1 七(二)3).

Every choice is a row: the last one of the winner about the prize holds. There is no other way to
"yes", no yes for all prizes, and none by anybody but himself.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused

from .models import Player, PublicityChoice, User


class Shown(TextChoices):
    """What a winner may allow; each by itself."""

    SURNAME = "SURNAME", _("My surname")
    PLACE = "PLACE", _("My province, as the first two digits of my citizen id name it")
    OUTLET = "OUTLET", _("The outlet or centre that paid the prize")


class NotYourPrize(Refused):
    """Only the winner says what is published about him."""

    code, status = "publicity_not_yours", 403
    message = _("Only the winner decides what is published about him.")


NOTHING: frozenset[str] = frozenset()


def choose(
    *, winner: Player, object_code: str, shows: frozenset[str], actor: User, now: datetime
) -> None:
    """Keep what the winner allows about one prize ("prize:…"); an empty set takes it all back.

    That the prize is his, the room of the prize has seen to. Choosing the same again changes
    nothing; anybody but himself is refused, by the database.
    """
    if not shows <= set(Shown.values):
        raise ValueError("Nothing else can be published.")
    try:
        _choose(winner, object_code, shows, actor, now)
    except IntegrityError as exc:
        if violated(exc) == "publicity_chosen_by_the_winner":
            raise NotYourPrize from exc
        raise


def allowed(*, winner: Player, object_code: str) -> frozenset[str]:
    """What may be published about this prize of this winner; nothing where he has not said so."""
    last = PublicityChoice.objects.filter(winner=winner, object_code=object_code)
    row = last.order_by("-pk").values_list("shows", flat=True).first()
    return frozenset(row or ())


def surname(*, winner: Player, object_code: str) -> str:
    """The surname as it may stand on a public page (陈**), or "" without his consent."""
    if Shown.SURNAME not in allowed(winner=winner, object_code=object_code):
        return ""
    return str(winner.person.name) if winner.person else ""


@door
def _choose(
    winner: Player, object_code: str, shows: frozenset[str], actor: User, now: datetime
) -> None:
    Player.objects.select_for_update(no_key=True).get(pk=winner.pk)  # one choice after the other
    if allowed(winner=winner, object_code=object_code) == shows:
        return
    PublicityChoice.objects.create(
        winner=winner,
        object_code=object_code,
        shows=sorted(shows),
        chosen_by=actor,
        chosen_at=now,
    )
    trail.record(
        action="accounts.publicity_allowed" if shows else "accounts.publicity_taken_back",
        actor=actor,
        object_type="player",
        object_code=winner.code,
        body={"prize": object_code, "shows": sorted(shows)},
    )
