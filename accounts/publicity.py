"""What of a winner may be published: nothing he did not allow for this prize (F100; S1 七(二)3).

Every choice is a row: the last one of the winner about the prize holds. There is no other way to
"yes", no yes for all prizes, and none by anybody but himself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import IntegrityError
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib.db import inside_transaction, violated
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


@contextmanager
def in_words() -> Iterator[None]:
    """Say in words what the database refuses of a choice."""
    try:
        yield
    except IntegrityError as exc:
        if violated(exc) == "publicity_chosen_by_the_winner":
            raise NotYourPrize from exc
        raise


@inside_transaction
def keep(
    *, winner: Player, object_code: str, shows: frozenset[str], actor: User, now: datetime
) -> tuple[frozenset[str], PublicityChoice] | None:
    """Keep what the winner allows about one prize ("prize:…"); an empty set takes it all back.

    That the prize is his, the room of the prize has seen to; anybody but himself is refused, by
    the database (`in_words`). Gives what he allowed before, and the new choice; None, and nothing
    is written, where he chose the same again.
    """
    if not shows <= set(Shown.values):
        raise ValueError("Nothing else can be published.")
    Player.objects.select_for_update(no_key=True).get(pk=winner.pk)  # one choice after the other
    before = allowed(winner=winner, object_code=object_code)
    if before == shows:
        return None
    choice = PublicityChoice.objects.create(
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
    return before, choice


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
