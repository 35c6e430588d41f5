"""Announcements of any game, made by chance from a seed; the test's transaction takes them back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from games import rules, simulation
from games.models import Announcement, Game
from lottery_portal.lib.db import database_time

FIRST_DAY = date(2026, 8, 1)


def announce(
    code: str,
    count: int,
    *,
    numbers: Sequence[Sequence[Sequence[int]]] | None = None,
    seed: int = 7,
) -> list[Announcement]:
    """So many results of the game under its newest rules, oldest first."""
    version = rules.GAMES[code].current
    game, now = Game.objects.get(code=code), database_time()
    if numbers is None:
        numbers = [
            [list(zone.numbers(mask)) for zone, mask in zip(version.zones, masks, strict=True)]
            for masks in simulation.draws_of(version, seed=seed, draws=count)
        ]
    first = int(version.first_issue) + 100
    wide = len(version.first_issue)
    tiers = [
        {"tier": tier.number, "winners": 10, "prize_fen": tier.fixed_fen or 5_000_00}
        for tier in version.tiers
        if tier.when is None and not tier.special_only
    ]
    return Announcement.objects.bulk_create(
        Announcement(
            game=game,
            issue=f"{first + at:0{wide}d}",
            drawn_on=FIRST_DAY + timedelta(days=at),
            numbers=[list(zone) for zone in some],
            sales=100_000_000_00,
            pool=100_000_000_00,
            tiers=tiers,
            special_on=False,
            source="Test",
            recorded_at=now,
        )
        for at, some in enumerate(numbers)
    )
