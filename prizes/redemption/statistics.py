"""Statistics of winners for everybody: by game, time, amount and region (F222; S1·七1).

A month is closed once it is over and all of its draws are published; by region a quarter is. What a
closed time holds is written down once (`prizes.winner_models`), in blocks that `cuts` has folded,
and every page is a sum of those: the rows of prizes are not looked at again.

Counted is what was won, by the day on which the draw was settled, whoever has claimed it or not: so
nothing here tells what still lies unclaimed. The region is that of the winner's citizen id; where a
prize was paid would tell that it was paid, and stands in the report for staff alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection

from accounts import regions
from games.models import Draw, Game
from lottery_portal.lib.dates import SHANGHAI, in_shanghai
from lottery_portal.lib.db import door
from prizes.models import Settlement
from prizes.winner_models import WinnerCut, WinnerFigure

from . import cuts
from .cuts import Block, Cell

# Up to how many fen a band reaches, itself included; the last has no end.
BANDS = (10_00, 100_00, 1_000_00, 10_000_00, 100_000_00, 1_000_000_00)
MORE = "more"
REST = timedelta(days=1)  # after the end of a month: what was settled at its last moment is there
QUARTER = 3
Kind = WinnerCut.Kind
SHOWN_STATES = (Draw.State.PUBLISHED, Draw.State.ARCHIVED)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a table: bands or a region, how many prizes, how much."""

    keys: tuple[str, ...]
    prizes: int
    fen: int


@dataclass(frozen=True, kw_only=True)
class Table:
    """What is published of a time: by amount, from small to large; by region, the largest first.

    `since_on` is where the first of its times begins: few winners of the months before are counted
    in it. `until_on` is the first day after it, `regions_until_on` the same for the regions; None:
    nothing is published of this time.
    """

    amounts: tuple[Line, ...]
    regions: tuple[Line, ...]
    since_on: date | None
    until_on: date | None
    regions_until_on: date | None

    @property
    def prizes(self) -> int:
        """All prizes of the time."""
        return sum(one.prizes for one in self.amounts)

    @property
    def fen(self) -> int:
        """What they came to."""
        return sum(one.fen for one in self.amounts)


def close_due(*, now: datetime) -> int:
    """Write down the statistics of what is closed by now; how many times. Repeated, none."""
    games = Game.objects.filter(is_shadow=False).order_by("pk")
    return sum(_close_months(game, now) + _close_quarters(game, now) for game in games)


def table(*, game: str = "", since: date, until: date) -> Table:
    """The published times of a game, or of all, that end within `(since, until]`."""
    found = WinnerCut.objects.filter(until_on__gt=since, until_on__lte=until)
    if game:
        found = found.filter(game__code=game)
    rows = list(found.order_by("until_on", "game_id").prefetch_related("figures"))
    amounts = [row for row in rows if row.kind == Kind.AMOUNT]
    places = [row for row in rows if row.kind == Kind.REGION]
    by_amount, by_region = cuts.joined(_blocks(amounts)), cuts.joined(_blocks(places))
    return Table(
        amounts=tuple(sorted(map(_line, by_amount), key=lambda one: _rank(one.keys[0]))),
        regions=tuple(
            sorted(map(_line, by_region), key=lambda one: (one.keys == (cuts.OTHERS,), -one.prizes))
        ),
        since_on=min((row.since_on for row in amounts), default=None),
        until_on=max((row.until_on for row in amounts), default=None),
        regions_until_on=max((row.until_on for row in places), default=None),
    )


def months_published() -> Sequence[date]:
    """The months with which a published time ends, by their first days, the newest first."""
    found = WinnerCut.objects.filter(kind=Kind.AMOUNT).values_list("until_on", flat=True)
    return sorted({(day - timedelta(days=1)).replace(day=1) for day in found}, reverse=True)


def band_of(fen: int) -> str:
    """The band of an amount."""
    return next((str(up_to) for up_to in BANDS if fen <= up_to), MORE)


def band_bounds(keys: Sequence[str]) -> tuple[int, int | None]:
    """Above how many fen, and up to how many, bands that lie together reach; None: without end."""
    ranks = sorted(_rank(key) for key in keys)
    low = 0 if ranks[0] == 0 else BANDS[ranks[0] - 1]
    return low, BANDS[ranks[-1]] if ranks[-1] < len(BANDS) else None


def cells_by_amount(game: Game, since: date, until: date) -> list[Cell]:
    """What was won in a time, band by band, the largest amounts first."""
    return [
        Cell(key=key_of(rank), people=frozenset(people), prizes=prizes, fen=fen)
        for rank, prizes, fen, people in _grouped(
            "width_bucket(z.amount - 1, %(bands)s::bigint[])", game, since, until
        )
    ][::-1]


def cells_by_region(game: Game, since: date, until: date) -> list[Cell]:
    """The same by the regions of the winners."""
    return [
        Cell(key=region or "?", people=frozenset(people), prizes=prizes, fen=fen)
        for region, prizes, fen, people in _grouped("coalesce(r.region, '')", game, since, until)
    ]


def region_name(key: str) -> str:
    """What the key of a region is called."""
    return regions.name("" if key == "?" else key)


def midnight(day: date) -> datetime:
    """The moment at which a day begins in Shanghai."""
    return datetime.combine(day, time.min, SHANGHAI)


def next_month(day: date) -> date:
    """The first day of the month after."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _close_months(game: Game, now: datetime) -> int:
    """Write the months of a game that are closed; few winners wait for those of the next month."""
    since, done = _since(game, Kind.AMOUNT), 0
    while since is not None:
        until, people = since, []
        while _is_closed(game, since, following := next_month(until), now):
            found = cells_by_amount(game, until, following)
            people.append(frozenset().union(*(one.people for one in found)))
            until = following
            if cuts.first_whole(people):
                break
        if not people or not cuts.first_whole(people):
            return done
        cells = cells_by_amount(game, since, until)
        _write(game, Kind.AMOUNT, (since, until), cuts.folded_in_order(cells), now)
        since, done = until, done + 1
    return done


def _close_quarters(game: Game, now: datetime) -> int:
    """Write the quarters that are over: each is made up of whole times told by amount."""
    since, done = _since(game, Kind.REGION), 0
    amounts = WinnerCut.objects.filter(game=game, kind=Kind.AMOUNT).order_by("until_on")
    while since is not None:
        ends = list(amounts.filter(until_on__gt=since).values_list("until_on", flat=True))
        if not ends:
            return done
        limit = _quarter_end(ends[0])
        if not _is_closed(game, since, limit, now):
            return done
        until = max(one for one in ends if one <= limit)
        blocks = cuts.folded_by_name(cells_by_region(game, since, until))
        _write(game, Kind.REGION, (since, until), blocks, now)
        since, done = until, done + 1
    return done


@door
def _write(
    game: Game,
    kind: WinnerCut.Kind,
    of: tuple[date, date],
    blocks: Iterable[Block],
    now: datetime,
) -> None:
    cut, is_new = WinnerCut.objects.get_or_create(
        game=game, kind=kind, since_on=of[0], defaults={"until_on": of[1], "made_at": now}
    )
    if is_new:
        WinnerFigure.objects.bulk_create(
            WinnerFigure(
                cut=cut,
                position=number,
                keys=list(block.keys),
                people=min(len(block.people), cuts.FEWEST),
                prizes=block.prizes,
                fen=block.fen,
            )
            for number, block in enumerate(blocks, start=1)
        )


def _since(game: Game, kind: WinnerCut.Kind) -> date | None:
    """Where the next time of a game begins: after the last, or in the month of its first draw."""
    last = WinnerCut.objects.filter(game=game, kind=kind).order_by("-until_on").first()
    if last is not None:
        return last.until_on
    first = Settlement.objects.filter(draw__game=game, done_at__isnull=False).order_by("done_at")
    done_at = first.values_list("done_at", flat=True).first()
    return in_shanghai(done_at).date().replace(day=1) if done_at else None


def _quarter_end(until: date) -> date:
    """The first day after the quarter in which a time ends."""
    last = until - timedelta(days=1)
    month = (last.month - 1) // QUARTER * QUARTER + QUARTER
    return next_month(date(last.year, month, 1))


def _is_closed(game: Game, since: date, until: date, now: datetime) -> bool:
    """Whether a time is over, and every draw settled in it is published."""
    if midnight(until) + REST > now:
        return False
    settled = Settlement.objects.filter(
        draw__game=game, done_at__gte=midnight(since), done_at__lt=midnight(until)
    )
    return not settled.exclude(draw__state__in=SHOWN_STATES).exists()


def _grouped(
    by: str, game: Game, since: date, until: date
) -> list[tuple[Any, int, int, list[int]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {by}, count(*), sum(z.amount)::bigint,
                   (array_agg(DISTINCT z.owner_id))[1:%(fewest)s]
              FROM prizes_settlement s JOIN prizes_prize z ON z.draw_id = s.draw_id
              JOIN games_draw d ON d.id = s.draw_id AND NOT d.is_shadow
              JOIN accounts_player y ON y.id = z.owner_id
              LEFT JOIN accounts_personregion r ON r.person_id = y.person_id
             WHERE d.game_id = %(game)s AND s.done_at >= %(since)s AND s.done_at < %(until)s
               AND z.amount > 0
             GROUP BY 1 ORDER BY 1
            """,  # noqa: S608 - one of two expressions written here
            {
                "bands": list(BANDS),
                "game": game.pk,
                "since": midnight(since),
                "until": midnight(until),
                "fewest": cuts.FEWEST,
            },
        )
        return list(cursor.fetchall())


def _blocks(rows: Iterable[WinnerCut]) -> list[Block]:
    """Written lines as blocks; who is in them is not known any more."""
    return [
        Block(keys=tuple(one.keys), people=frozenset(), prizes=one.prizes, fen=one.fen)
        for row in rows
        for one in sorted(row.figures.all(), key=lambda figure: figure.position)
    ]


def _line(block: Block) -> Line:
    keys = tuple(sorted(block.keys, key=_rank))
    return Line(keys=keys, prizes=block.prizes, fen=block.fen)


_RANKS: Mapping[str, int] = {
    **{str(up_to): rank for rank, up_to in enumerate(BANDS)},
    MORE: len(BANDS),
}


BAND_KEYS = frozenset(_RANKS)


def _rank(key: str) -> int:
    return _RANKS.get(key, len(BANDS))


def key_of(rank: int) -> str:
    """The band of this place, the smallest amounts first."""
    return str(BANDS[rank]) if rank < len(BANDS) else MORE
