"""双色球: the rule versions of all draws since 2004, each figure with its source.

`RULES` names rows of the requirements: T1 is the text of the game rules, T4 the notice on prizes,
T12 the rules with the split of the stakes, T15-T18 notices of the issuer; "draws" means confirmed
by recomputing every published draw of the era to the fen.
"""

from dataclasses import replace
from datetime import time

from games.rules.named import gettext_noop
from games.rules.picks import BetType, Play, Zone, ZoneRange, measure, place_of
from games.rules.prizes import (
    Allocation,
    DrawCap,
    Floating,
    Minimum,
    Part,
    SpecialRule,
    Split,
    Tier,
)
from games.rules.schedule import Schedule
from games.rules.shape import GameRules, RuleVersion

_YUAN = 100
_LINE_CAP = 5_000_000 * _YUAN  # RULES C5, C7 and §2 (T4): each part pays a line 5 million at most
_HIGH_POOL = 100_000_000 * _YUAN  # RULES §2 (T4, draws): from here on tier 1 has two parts

_RED = Zone(code="red", name=gettext_noop("red numbers"), size=33, picked=6, drawn=6)  # T1 art. 6
_BLUE = Zone(code="blue", name=gettext_noop("blue numbers"), size=16, picked=1, drawn=1, word=2)

_PLAY = Play(
    code="standard",
    name=gettext_noop("Standard"),
    places=(place_of(_RED), place_of(_BLUE)),
    measures=(measure(_RED.name, _RED), measure(_BLUE.name, _BLUE)),
)

_BET_TYPES = (
    BetType(
        code="single",
        name=gettext_noop("Single"),
        play=_PLAY.code,
        ranges=(
            ZoneRange(numbers_least=6, numbers_most=6),
            ZoneRange(numbers_least=1, numbers_most=1),
        ),
    ),
    BetType(  # T1 art. 9: seven reds or more, or two blues or more, or both
        code="multiple",
        name=gettext_noop("Multiple"),
        play=_PLAY.code,
        ranges=(
            ZoneRange(numbers_least=6, numbers_most=33),
            ZoneRange(numbers_least=1, numbers_most=16),
        ),
        least_lines=2,
    ),
    BetType(  # T14: one to five red bankers, seven reds or more with the drags
        code="banker",
        name=gettext_noop("Banker"),
        play=_PLAY.code,
        ranges=(
            ZoneRange(bankers_least=1, bankers_most=5, numbers_least=7, numbers_most=33),
            ZoneRange(numbers_least=1, numbers_most=16),
        ),
        least_lines=2,
    ),
)

# RULES §2, table of tiers (T1, T4, draws).
_TIERS = (
    Tier(number=1, name=gettext_noop("First prize"), matches=((6, 1),)),
    Tier(number=2, name=gettext_noop("Second prize"), matches=((6, 0),)),
    Tier(number=3, name=gettext_noop("Third prize"), matches=((5, 1),), fixed_fen=3_000 * _YUAN),
    Tier(
        number=4,
        name=gettext_noop("Fourth prize"),
        matches=((5, 0), (4, 1)),
        fixed_fen=200 * _YUAN,
    ),
    Tier(
        number=5, name=gettext_noop("Fifth prize"), matches=((4, 0), (3, 1)), fixed_fen=10 * _YUAN
    ),
    Tier(
        number=6,
        name=gettext_noop("Sixth prize"),
        matches=((2, 1), (1, 1), (0, 1)),
        fixed_fen=5 * _YUAN,
    ),
)
_LUCKY = Tier(  # RULES §2 (T16, draws): paid only while the special rule is on
    number=7,
    name=gettext_noop("Lucky prize"),
    matches=((3, 0),),
    fixed_fen=5 * _YUAN,
    special_only=True,
)


def _normal_splits(*, low_1: int, high_1: int, high_1_more: int, tier_2: int) -> tuple[Split, ...]:
    """One part for tier 1 below the high pool, two from there on; the first takes the pool."""
    second = Part(tier=2, share=tier_2, line_cap_fen=_LINE_CAP)
    return (
        Split(
            special=False,
            pool_from_fen=0,
            parts=(
                Part(tier=1, share=low_1, takes_pool=True, line_cap_fen=_LINE_CAP),
                second,
            ),
        ),
        Split(
            special=False,
            pool_from_fen=_HIGH_POOL,
            parts=(
                Part(tier=1, share=high_1, takes_pool=True, line_cap_fen=_LINE_CAP),
                Part(tier=1, share=high_1_more, line_cap_fen=_LINE_CAP),
                second,
            ),
        ),
    )


_FLOATING_2009 = Floating(
    unit_fen=_YUAN,  # RULES C5 (T4 item 2)
    # RULES §2, eras (draws, T15).
    splits=_normal_splits(low_1=7_000, high_1=5_000, high_1_more=2_000, tier_2=3_000),
    left_over="per_line",  # RULES §2, pool after the draw (draws until 2018122)
)
_FLOATING_2014 = replace(
    _FLOATING_2009,
    # RULES §2, eras (draws, T4).
    splits=_normal_splits(low_1=7_500, high_1=5_500, high_1_more=2_000, tier_2=2_500),
)
# RULES §2, pool after the draw (draws since 2018123).
_FLOATING_2018 = replace(_FLOATING_2014, left_over="whole_part")

SSQ_2009 = RuleVersion(
    game="ssq",
    code="ssq-2009.1",
    first_issue="2009001",  # RULES §2, eras (draws, T15)
    last_issue="2014054",
    zones=(_RED, _BLUE),
    plays=(_PLAY,),
    bet_types=_BET_TYPES,
    price_fen=2 * _YUAN,  # RULES C1 (T1)
    multiplier_least=1,  # RULES C2 (T1 art. 10)
    multiplier_most=99,
    ticket_cap_fen=20_000 * _YUAN,  # RULES C2 (T1 art. 10)
    tiers=_TIERS,
    allocation=Allocation(  # RULES §1, fund split (T12 art. 14, T6; 49 % by the draws)
        prize=4_900, fund=200, fee=1_300, welfare=3_600
    ),
    floating=_FLOATING_2009,
    minimum=Minimum(factor=2, most_fen=5_000_000 * _YUAN),  # RULES C8 (T5 art. 18, draws)
    special=None,
    deficit_paid_by="fund",  # RULES C9 (announcement of 2015027)
    rounding_goes_to="fund",  # RULES C6 (T5 art. 17, T6, T7)
    schedule=Schedule(  # RULES §1, schedule (T9, T13)
        weekdays=(2, 4, 7),
        closes=time(20, 0),
        draws=time(21, 15),
        time_zone="Asia/Shanghai",
    ),
    claim_days=60,  # RULES C11 (regulations art. 25; T1)
)

SSQ_2004 = replace(
    SSQ_2009,
    code="ssq-2004.1",
    first_issue="2004001",  # RULES §2, eras (draws); of 2003 no prizes are published
    last_issue="2008154",
    floating=replace(
        _FLOATING_2009,
        splits=(  # RULES §2, eras (draws): with a high pool the second prize gets the larger part
            _FLOATING_2009.splits[0],
            Split(
                special=False,
                pool_from_fen=_HIGH_POOL,
                parts=(
                    Part(tier=1, share=3_000, takes_pool=True, line_cap_fen=_LINE_CAP),
                    Part(tier=2, share=7_000, line_cap_fen=_LINE_CAP),
                ),
            ),
        ),
    ),
)

SSQ_2014 = replace(
    SSQ_2009,
    code="ssq-2014.1",
    first_issue="2014055",  # RULES §2, eras (draws, T4)
    last_issue="2018122",
    floating=_FLOATING_2014,
)

SSQ_2018 = replace(
    SSQ_2014,
    code="ssq-2018.1",
    first_issue="2018123",  # RULES §2, pool after the draw (draws)
    last_issue="2026013",
    floating=_FLOATING_2018,
)

SSQ_2026 = replace(
    SSQ_2018,
    code="ssq-2026.1",
    first_issue="2026014",  # RULES §2, eras (draws)
    last_issue=None,
    tiers=(*_TIERS, _LUCKY),
    floating=replace(
        _FLOATING_2018,
        splits=(
            *_FLOATING_2018.splits,
            Split(  # RULES §2, special rule on (draws): tier 1 gets the pool and a fifth
                special=True,
                pool_from_fen=0,
                parts=(
                    Part(tier=1, share=0, takes_pool=True, line_cap_fen=_LINE_CAP),
                    Part(tier=1, share=2_000, line_cap_fen=_LINE_CAP),
                    Part(tier=2, share=8_000, line_cap_fen=_LINE_CAP),
                ),
            ),
        ),
        draw_caps=(  # RULES §2 (T16, T17, draws)
            DrawCap(tier=1, total_fen=100_000_000 * _YUAN),
            DrawCap(tier=2, total_fen=70_000_000 * _YUAN),
        ),
    ),
    special=SpecialRule(  # RULES §2, special rule state machine (T16, T18, draws)
        on_from_fen=1_500_000_000 * _YUAN, off_below_fen=300_000_000 * _YUAN
    ),
)

SSQ = GameRules(
    code="ssq",
    name=gettext_noop("Double Color Ball"),
    versions=(SSQ_2004, SSQ_2009, SSQ_2014, SSQ_2018, SSQ_2026),
)
