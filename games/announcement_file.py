"""The announcements that come along: official results of past 双色球 draws, as published.

A cell that the source lacks is None here, never a guess. The numbers are public facts; the
publisher is named in every row.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

SSQ_FILE = Path(__file__).parent / "data" / "ssq_announcements.csv"

_SSQ_TIERS = range(1, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedTier:
    """Winning lines of a tier and the prize of each, as far as they were published."""

    winners: int | None
    prize_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementRow:
    """One announcement; `tiers` has every tier of which something was published."""

    issue: str
    drawn_on: date
    numbers: tuple[tuple[int, ...], ...]
    sales_fen: int | None
    pool_fen: int | None
    tiers: Mapping[int, AnnouncedTier]
    special_on: bool | None
    note: str
    source: str


def read_ssq() -> Iterator[AnnouncementRow]:
    """The announcements of 双色球, oldest first."""
    with SSQ_FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield AnnouncementRow(
                issue=row["issue"],
                drawn_on=date.fromisoformat(row["date"]),
                numbers=(
                    tuple(int(number) for number in row["numbers"].split()),
                    (int(row["special"]),),
                ),
                sales_fen=_number(row["sales_fen"]),
                pool_fen=_number(row["pool_fen"]),
                tiers=_tiers(row),
                special_on=row["special_rule"] == "1" if row["special_rule"] else None,
                note=row["note"],
                source=row["source"],
            )


def _tiers(row: Mapping[str, str]) -> dict[int, AnnouncedTier]:
    tiers = {
        tier: AnnouncedTier(
            winners=_number(row[f"winners_{tier}"]), prize_fen=_number(row[f"prize_{tier}_fen"])
        )
        for tier in _SSQ_TIERS
    }
    return {
        number: tier
        for number, tier in tiers.items()
        if tier.winners is not None or tier.prize_fen is not None
    }


def _number(cell: str) -> int | None:
    return int(cell) if cell else None
