"""What "claim:…" is to the vault of winners' data: a claim under way of this winner (F099)."""

from __future__ import annotations

from accounts import vault
from accounts.models import Player, User
from prizes.claim_models import Claim


def concerns(code: str, winner: Player, _reader: User) -> bool:
    """Whether a claim of this number is under way, of this winner; its reader holds the post."""
    return Claim.objects.filter(code=code, owner=winner).exclude(state__in=Claim.OVER).exists()


vault.register_reference("claim", concerns)
