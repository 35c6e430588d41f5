"""Who may pay a deposit: the verified person and nobody else (F006, R18)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts import identity
from accounts.models import Player
from lottery_portal.lib.errors import Refused

from . import providers
from .models import ProviderEvent

HIDDEN = "*"


class IdentityRequired(Refused):
    """The player is not verified."""

    code, status = "identity_required", 403
    message = _("Please confirm your identity first.")


def verified(player: Player) -> providers.Payer:
    """Whom the provider lets pay and nobody else; the caller has written the order down before."""
    if player.person is None:
        raise IdentityRequired
    return providers.Payer(
        name=player.person.name.reveal(), citizen_id=player.person.citizen_id.reveal()
    )


def of(event: ProviderEvent) -> str:
    """The name of the payer as the provider told it, or an empty string."""
    return str(event.payer.reveal()) if event.payer else ""


def is_other(payer: str, player_code: str) -> bool:
    """Whether the provider named somebody else than this player.

    Letters the provider hides behind `*` count as fitting; a provider that names nobody has either
    checked the payer itself or cannot.
    """
    if not payer:
        return False
    person = Player.objects.select_related("person").get(code=player_code).person
    told, own = identity.written_name(payer), person.name.reveal() if person else ""
    return len(told) != len(own) or any(
        letter not in {HIDDEN, mine} for letter, mine in zip(told, own, strict=True)
    )
