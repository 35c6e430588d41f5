"""Where prizes are claimed, for everybody: just the outlets that hold authority (F274).

What stands here is read from the rows of authority at the moment of asking: an outlet that is
suspended is gone with the next page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from .models import ClaimAuthority, Outlet


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Up to how many fen an outlet redeems prizes of a game; "" is every game."""

    game: str
    up_to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place where prizes are claimed."""

    code: str
    kind: str
    name: str
    province: str
    district: str
    address: str
    hours: str
    phone: str
    scopes: Sequence[Scope]

    @property
    def area(self) -> str:
        """Province and district, as places are looked for."""
        return f"{self.province} {self.district}"

    @property
    def is_centre(self) -> bool:
        """Whether it is a prize centre."""
        return self.kind == Outlet.Kind.CENTRE


def in_force(at: datetime) -> QuerySet[ClaimAuthority]:
    """The authorities of active outlets that hold at a moment."""
    return ClaimAuthority.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=at),
        Q(end__isnull=True) | Q(end__ended_at__gt=at),
        valid_from__lte=at,
        outlet__state=Outlet.State.ACTIVE,
    )


def places(*, at: datetime, game: str = "", fen: int = 0) -> list[Place]:
    """Who may redeem a prize of `fen` of a game, centres first, by place; without game, of any.

    A place names every authority it has, also those that do not reach the amount.
    """
    by_outlet: dict[Outlet, list[Scope]] = {}
    rows = in_force(at).select_related("outlet")
    for row in rows.order_by(
        "outlet__kind", "outlet__province", "outlet__district", "outlet__name", "outlet_id",
        "game", "-up_to",
    ):  # fmt: skip
        scope = Scope(game=row.game, up_to=row.up_to)
        scopes = by_outlet.setdefault(row.outlet, [])
        if all(known.game != row.game for known in scopes):  # the highest of each game
            scopes.append(scope)
    return [
        _place(outlet, scopes)
        for outlet, scopes in by_outlet.items()
        if any((not game or scope.game in {"", game}) and scope.up_to >= fen for scope in scopes)
    ]


def _place(outlet: Outlet, scopes: Sequence[Scope]) -> Place:
    return Place(
        code=outlet.code,
        kind=outlet.kind,
        name=outlet.name,
        province=outlet.province,
        district=outlet.district,
        address=outlet.address,
        hours=outlet.hours,
        phone=outlet.phone,
        scopes=tuple(scopes),
    )
