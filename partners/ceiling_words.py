"""Up to how much an outlet redeems, as people read it: an amount, or that there is no ceiling."""

from __future__ import annotations

from django.utils.translation import gettext as _

from lottery_portal.lib.money import with_unit

from .claim_authority import NO_CEILING


def has_ceiling(up_to: int) -> bool:
    """Whether an authority up to so many fen has a ceiling at all."""
    return up_to < NO_CEILING


def of(up_to: int) -> str:
    """The ceiling alone, beside its label."""
    return with_unit(up_to) if has_ceiling(up_to) else _("no ceiling")


def up_to(fen: int) -> str:
    """The same with what it says, in a sentence."""
    return _("up to %(amount)s") % {"amount": with_unit(fen)} if has_ceiling(fen) else of(fen)


def signed(up_to: int) -> str:
    """The same as people sign it: with the amount, also where it counts as none."""
    if has_ceiling(up_to):
        return with_unit(up_to)
    return _("%(amount)s (no ceiling)") % {"amount": with_unit(up_to)}
