"""Results as published: official ones of the past and those of our own draws, in one list (D22)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from audit import trail
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import inside_transaction

from .announcement_file import AnnouncementRow, read_ssq
from .models import Announcement, Draw, Game


@inside_transaction
def load(*, game: Game, rows: Sequence[AnnouncementRow], now: datetime) -> int:
    """Record official announcements that are not recorded yet; how many were new.

    What a source lacks stays empty: nothing is made up.
    """
    known = set(Announcement.objects.filter(game=game).values_list("issue", flat=True))
    new = [row for row in rows if row.issue not in known]
    Announcement.objects.bulk_create(
        Announcement(
            game=game,
            issue=row.issue,
            drawn_on=row.drawn_on,
            numbers=[list(zone) for zone in row.numbers],
            sales=row.sales_fen,
            pool=row.pool_fen,
            tiers=[
                {"tier": number, "winners": tier.winners, "prize_fen": tier.prize_fen}
                for number, tier in sorted(row.tiers.items())
            ],
            special_on=row.special_on,
            note=row.note,
            source=row.source,
            recorded_at=now,
        )
        for row in new
    )
    if new:
        trail.record(
            action="games.announcements_loaded",
            actor=None,
            object_type="game",
            object_code=game.code,
            body={"rows": len(new), "first": new[0].issue, "last": new[-1].issue},
        )
    return len(new)


def load_ssq(*, game: Game, now: datetime) -> int:
    """Record the announcements of 双色球 that come along with the house."""
    return load(game=game, rows=list(read_ssq()), now=now)


@inside_transaction
def publish(
    *,
    draw: Draw,
    numbers: Sequence[Sequence[int]],
    sales_fen: int | None,
    pool_fen: int | None,
    tiers: Sequence[Mapping[str, int | None]],
    now: datetime,
    source: str = "",
    note: str = "",
) -> Announcement:
    """Publish the result of one of our own draws; the caller hands the money down.

    `source` is whose figures they are, when they are not our own; `note` a stored sentence.
    """
    return Announcement.objects.create(
        draw=draw,
        game_id=draw.game_id,
        issue=draw.issue,
        drawn_on=in_shanghai(draw.draws_at).date(),
        numbers=[list(zone) for zone in numbers],
        sales=sales_fen,
        pool=pool_fen,
        tiers=[dict(tier) for tier in tiers],
        special_on=draw.special_on,
        source=source or settings.OPERATOR,
        note=note,
        recorded_at=now,
    )


def of_game(game: Game) -> QuerySet[Announcement]:
    """Everything published about a game, newest first."""
    return Announcement.objects.filter(game=game).select_related("game").order_by("-issue")


def last(game: Game) -> Announcement | None:
    """What was published last about a game."""
    return of_game(game).first()


def as_json(row: Announcement) -> dict[str, Any]:
    """One announcement for the API; what is not known is null."""
    drawn_on: date = row.drawn_on
    return {
        "game": row.game.code,
        "issue": row.issue,
        "drawn_on": drawn_on.isoformat(),
        "numbers": row.numbers,
        "sales_fen": row.sales,
        "pool_fen": row.pool,
        "tiers": row.tiers,
        "special_on": row.special_on,
        "note": row.note,
        "source": row.source,
        "is_ours": row.draw_id is not None,
    }
