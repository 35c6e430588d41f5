"""排列3 and 排列5, each figure with its source.

`RULES` names rows of the requirements; T2 is the text of the rules of 排列3. [GK] is general
knowledge, not confirmed. The two are drawn together: the number of 排列3 is the first three digits
of 排列5.
"""

from datetime import time

from games.rules.digits import (
    GROUP_3,
    GROUP_6,
    GROUP_BETS,
    STRAIGHT_BETS,
    columns,
    counts,
    single_and_multiple,
    straight,
)
from games.rules.named import gettext_noop
from games.rules.prizes import Allocation, Pool, Tier
from games.rules.schedule import Schedule
from games.rules.shape import GameRules, RuleVersion

_YUAN = 100

_SCHEDULE = Schedule(  # RULES §1, schedule: draw by the published draws, close [GK]
    weekdays=(1, 2, 3, 4, 5, 6, 7),
    closes=time(21, 0),
    draws=time(21, 25),
    time_zone="Asia/Shanghai",
    issue_year_digits=2,
)
_THREE = columns(
    (gettext_noop("hundreds digits"), gettext_noop("tens digits"), gettext_noop("units digits"))
)
_FIVE = columns(
    (
        gettext_noop("first digits"),
        gettext_noop("second digits"),
        gettext_noop("third digits"),
        gettext_noop("fourth digits"),
        gettext_noop("fifth digits"),
    )
)

PL3_2014 = RuleVersion(
    game="pl3",
    code="pl3-2014.1",
    first_issue="14001",  # T2 does not say from which draw; 1,040 yuan were paid in 2014 [GK]
    last_issue=None,
    zones=_THREE,
    facts=counts(_THREE),
    plays=(straight(_THREE), GROUP_3, GROUP_6),
    bet_types=(*STRAIGHT_BETS, *GROUP_BETS),  # T2: in order, group 3, group 6
    price_fen=2 * _YUAN,  # RULES C1 (T2)
    multiplier_least=1,  # RULES C2 (T2 art. 8)
    multiplier_most=99,
    ticket_cap_fen=20_000 * _YUAN,  # RULES C2 (T2 art. 8)
    limits_numbers=True,  # T2 art. 12: a limited number cannot be bet
    tiers=(  # RULES §4, PL3 (T2)
        Tier(
            number=1,
            name=gettext_noop("Straight"),
            matches=((3,),),
            fixed_fen=1_040 * _YUAN,
            plays=("straight",),
        ),
        Tier(
            number=2,
            name=gettext_noop("Group 3"),
            matches=((1, 1),),
            fixed_fen=346 * _YUAN,
            plays=("group3",),
        ),
        Tier(
            number=3,
            name=gettext_noop("Group 6"),
            matches=((3,),),
            fixed_fen=173 * _YUAN,
            plays=("group6",),
        ),
    ),
    allocation=Allocation(  # T2 art. 13: 53 / 13 / 34, of the prize money 1 for the fund
        prize=5_200, fund=100, fee=1_300, welfare=3_400
    ),
    pools=(Pool(code="pool", excess_from_fen=2_000_000 * _YUAN),),  # T2 art. 15, 16 as 3D
    floating=None,
    minimum=None,
    special=None,
    deficit_paid_by="pool",  # T2 art. 15, 16: the pool, and what it lacks the fund
    rounding_goes_to="fund",  # RULES C6
    schedule=_SCHEDULE,
    claim_days=60,  # RULES C11 (T2)
)

PL5_2014 = RuleVersion(
    game="pl5",
    code="pl5-2014.1",
    first_issue="14001",
    last_issue=None,
    zones=_FIVE,
    plays=(straight(_FIVE),),
    bet_types=single_and_multiple(5),
    price_fen=2 * _YUAN,  # RULES C1
    multiplier_least=1,  # RULES C2
    multiplier_most=99,
    ticket_cap_fen=20_000 * _YUAN,  # RULES C2
    limits_numbers=False,
    tiers=(
        Tier(  # RULES §4, PL5 (T2)
            number=1, name=gettext_noop("First prize"), matches=((5,),), fixed_fen=100_000 * _YUAN
        ),
    ),
    allocation=Allocation(  # [GK]: 50 / 13 / 37, of the prize money 1 for the fund
        prize=4_900, fund=100, fee=1_300, welfare=3_700
    ),
    floating=None,
    minimum=None,
    special=None,
    deficit_paid_by="pool",  # [GK], as 排列3
    rounding_goes_to="fund",  # RULES C6
    schedule=_SCHEDULE,
    claim_days=60,  # RULES C11 (regulations art. 25)
)

PL3 = GameRules(code="pl3", name=gettext_noop("Pick 3 Digits"), versions=(PL3_2014,))
PL5 = GameRules(code="pl5", name=gettext_noop("Pick 5 Digits"), versions=(PL5_2014,))
