"""快乐8: both prize tables, each figure with its source.

`RULES` names rows of the requirements; "draws" means read from or confirmed by the published draws.
[P] is a page on the rules of the game of January 2024, [GK] general knowledge; neither is
confirmed by the official text.

A player chooses one to ten of eighty numbers, twenty are drawn. Picking ten has a pool of its own,
from which its first prize is paid; all other picks share a second pool, from which prizes above
the prize money of a draw are paid. How the published pools divide the money between them cannot be
recomputed, because the sales of each pick are not published; both together close to the fen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import time

from games.rules.named import gettext_noop
from games.rules.picks import Against, BetType, Measure, Place, Play, Zone, ZoneRange
from games.rules.prizes import Allocation, Floating, Part, Pool, Split, Tier
from games.rules.schedule import Schedule
from games.rules.shape import GameRules, RuleVersion

_YUAN = 100
_MOST = 10

_DRUM = Zone(  # RULES §4: twenty of eighty; two words of forty, for eighty bits are more than one
    code="main", name=gettext_noop("numbers"), size=80, picked=10, drawn=20, per_word=40
)

_PLAY_NAMES = (
    gettext_noop("Pick 1"), gettext_noop("Pick 2"), gettext_noop("Pick 3"),
    gettext_noop("Pick 4"), gettext_noop("Pick 5"), gettext_noop("Pick 6"),
    gettext_noop("Pick 7"), gettext_noop("Pick 8"), gettext_noop("Pick 9"),
    gettext_noop("Pick 10"),
)  # fmt: skip
_MULTIPLE_NAMES = (
    gettext_noop("Pick 1, multiple"), gettext_noop("Pick 2, multiple"),
    gettext_noop("Pick 3, multiple"), gettext_noop("Pick 4, multiple"),
    gettext_noop("Pick 5, multiple"), gettext_noop("Pick 6, multiple"),
    gettext_noop("Pick 7, multiple"), gettext_noop("Pick 8, multiple"),
    gettext_noop("Pick 9, multiple"), gettext_noop("Pick 10, multiple"),
)  # fmt: skip
_BANKER_NAMES = (
    gettext_noop("Pick 2, banker"), gettext_noop("Pick 3, banker"),
    gettext_noop("Pick 4, banker"), gettext_noop("Pick 5, banker"),
    gettext_noop("Pick 6, banker"), gettext_noop("Pick 7, banker"),
    gettext_noop("Pick 8, banker"), gettext_noop("Pick 9, banker"),
    gettext_noop("Pick 10, banker"),
)  # fmt: skip


def _play(pick: int) -> Play:
    return Play(
        code=f"pick{pick}",
        name=_PLAY_NAMES[pick - 1],
        places=(
            Place(code="main", name=_DRUM.name, size=80, picked=pick, per_word=_DRUM.per_word),
        ),
        measures=(
            Measure(code="main", name=_DRUM.name, against=(Against(place="main", fact="main"),)),
        ),
    )


def _bet_types(pick: int) -> Iterable[BetType]:
    """Single, multiple and (from two numbers on) banker bets on so many numbers."""
    play = f"pick{pick}"
    yield BetType(
        code=play,
        name=_PLAY_NAMES[pick - 1],
        play=play,
        ranges=(ZoneRange(numbers_least=pick, numbers_most=pick),),
    )
    yield BetType(
        code=f"{play}_multi",
        name=_MULTIPLE_NAMES[pick - 1],
        play=play,
        ranges=(ZoneRange(numbers_least=pick + 1, numbers_most=80),),
        least_lines=2,
    )
    if pick > 1:
        yield BetType(
            code=f"{play}_bank",
            name=_BANKER_NAMES[pick - 2],
            play=play,
            ranges=(
                ZoneRange(
                    bankers_least=1,
                    bankers_most=pick - 1,
                    numbers_least=pick + 1,
                    numbers_most=80,
                ),
            ),
            least_lines=2,
        )


# RULES §4, 快乐8 (draws): fen per line by pick and hits; None is the floating first prize.
_TABLE_2025: Mapping[int, Mapping[int, int | None]] = {
    10: {10: None, 9: 800_000, 8: 72_000, 7: 8_000, 6: 500, 5: 300, 0: 200},
    9: {9: 25_000_000, 8: 200_000, 7: 22_500, 6: 2_200, 5: 500, 4: 300, 0: 200},
    8: {8: 5_000_000, 7: 80_000, 6: 8_000, 5: 1_000, 4: 300, 0: 200},
    7: {7: 850_000, 6: 30_000, 5: 3_000, 4: 400, 0: 200},
    6: {6: 288_000, 5: 3_000, 4: 1_000, 3: 300},
    5: {5: 100_000, 4: 2_000, 3: 300},
    4: {4: 9_300, 3: 500, 2: 300},
    3: {3: 5_200, 2: 300},
    2: {2: 1_900},
    1: {1: 450},
}
# RULES §4, 快乐8, right column (draws): what was different until 2025349.
_TABLE_2020: Mapping[int, Mapping[int, int | None]] = {
    **_TABLE_2025,
    10: {**_TABLE_2025[10], 8: 80_000},
    9: {**_TABLE_2025[9], 9: 30_000_000, 7: 20_000, 6: 2_000},
    8: {**_TABLE_2025[8], 6: 8_800},
    7: {**_TABLE_2025[7], 7: 1_000_000, 6: 28_800, 5: 2_800},
    6: {**_TABLE_2025[6], 6: 300_000},
    5: {**_TABLE_2025[5], 4: 2_100},
    4: {**_TABLE_2025[4], 4: 10_000},
    3: {**_TABLE_2025[3], 3: 5_300},
    1: {1: 460},
}


def _tiers(table: Mapping[int, Mapping[int, int | None]]) -> tuple[Tier, ...]:
    rows = [(pick, hits, fen) for pick in table for hits, fen in table[pick].items()]
    return tuple(
        Tier(
            number=number,
            name=gettext_noop("Pick %(pick)s, %(hits)s right"),
            figures=(("pick", pick), ("hits", hits)),
            matches=((hits,),),
            fixed_fen=fen,
            plays=(f"pick{pick}",),
            published_as=f"x{pick}z{hits}",
        )
        for number, (pick, hits, fen) in enumerate(rows, start=1)
    )


_PICKS = range(_MOST, 0, -1)

KL8_2020 = RuleVersion(
    game="kl8",
    code="kl8-2020.1",
    first_issue="2020001",  # the first draw of the game
    last_issue="2025349",  # RULES §4 (draws)
    zones=(_DRUM,),
    plays=tuple(_play(pick) for pick in _PICKS),
    bet_types=tuple(bet_type for pick in _PICKS for bet_type in _bet_types(pick)),
    price_fen=2 * _YUAN,  # RULES C1
    multiplier_least=1,  # RULES C2
    multiplier_most=99,
    ticket_cap_fen=20_000 * _YUAN,  # RULES C2
    tiers=_tiers(_TABLE_2020),
    allocation=Allocation(prize=5_750, fund=50, fee=1_200, welfare=3_000),  # [P]
    pools=(
        Pool(code="pool", plays=("pick10",)),  # published as the floating pool
        Pool(  # [P]: the pool of the other picks; above 30 million it may go to the fund
            code="fixed",
            plays=tuple(f"pick{pick}" for pick in range(_MOST - 1, 0, -1)),
            excess_from_fen=30_000_000 * _YUAN,
        ),
    ),
    floating=Floating(
        unit_fen=_YUAN,  # RULES C5
        splits=(
            Split(
                special=False,
                pool_from_fen=0,
                parts=(
                    Part(  # RULES §4 (draws): cap 5 million a line
                        tier=1, share=10_000, takes_pool=True, line_cap_fen=5_000_000 * _YUAN
                    ),
                ),
            ),
        ),
        left_over="exact",  # both published pools carry fen (draws)
    ),
    minimum=None,  # no floating prize has a fixed one next to it to be held against
    special=None,
    deficit_paid_by="pool",  # [P]; the published pools fall in draws with many prizes (draws)
    rounding_goes_to="fund",  # RULES C6
    schedule=Schedule(  # RULES §1, schedule (T9)
        weekdays=(1, 2, 3, 4, 5, 6, 7),
        closes=time(20, 0),
        draws=time(21, 30),
        time_zone="Asia/Shanghai",
    ),
    claim_days=60,  # RULES C11 (regulations art. 25)
)

KL8_2025 = replace(
    KL8_2020,
    code="kl8-2025.1",
    first_issue="2025350",  # RULES §4 (draws)
    last_issue=None,
    tiers=_tiers(_TABLE_2025),
    # RULES §1, fund split: prize money 57 % (draws); fee and welfare [P], the rest is the fund's.
    allocation=Allocation(prize=5_700, fund=100, fee=1_200, welfare=3_000),
)

KL8 = GameRules(code="kl8", name=gettext_noop("Happy 8"), versions=(KL8_2020, KL8_2025))
