"""The ways of a prize as people read them, beside a result and on the page of all places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from lottery_portal.lib.money import with_unit

from .where import Thresholds, Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One way: its sign, what it is called, and for which amounts."""

    way: Way
    sign: str
    title: str
    text: str


def steps(figures: Thresholds) -> Sequence[Step]:
    """The ways that there are with these figures, the smallest amounts first."""
    found = [
        Step(
            way=Way.WALLET,
            sign="wallet",
            title=_("To your balance, by itself"),
            text=_("up to %(amount)s") % {"amount": with_unit(figures.wallet_up_to)},
        )
    ]
    if figures.outlet_up_to > figures.wallet_up_to:
        found.append(
            Step(
                way=Way.OUTLET,
                sign="home",
                title=_("At an outlet or the prize centre"),
                text=_("above that, up to %(amount)s")
                % {"amount": with_unit(figures.outlet_up_to)},
            )
        )
    above = max(figures.wallet_up_to, figures.outlet_up_to)
    found.append(
        Step(
            way=Way.CENTRE,
            sign="bank",
            title=_("At the prize centre"),
            text=_("above %(amount)s") % {"amount": with_unit(above)},
        )
    )
    return found


def decides() -> str:
    """What is compared with the figures."""
    return _(
        "What one ticket won in one draw, all its lines together, decides the way. Who won more in"
        " the draw than is free of tax claims every ticket, the small ones too."
    )
