"""七乐彩: the rule version of all draws since 2007, each figure with its source.

`RULES` names rows of the requirements; "draws" means confirmed by recomputing the published draws.
[GK] is general knowledge, not confirmed.
"""

from datetime import time

from games.rules.named import gettext_noop
from games.rules.picks import Against, BetType, Measure, Place, Play, Zone, ZoneRange
from games.rules.prizes import Allocation, Floating, Minimum, Part, Split, Tier
from games.rules.schedule import Schedule
from games.rules.shape import GameRules, RuleVersion

_YUAN = 100
_LINE_CAP = 5_000_000 * _YUAN  # RULES §4 (draws)

_MAIN = Zone(code="main", name=gettext_noop("numbers"), size=30, picked=7, drawn=7)  # RULES §4
_SPECIAL = Zone(  # the eighth ball, from the drum that has given seven
    code="special",
    name=gettext_noop("special number"),
    size=30,
    picked=0,
    drawn=1,
    drum="main",
    word=2,
)
_PLACE = Place(code="main", name=_MAIN.name, size=30, picked=7)
_PLAY = Play(
    code="standard",
    name=gettext_noop("Standard"),
    places=(_PLACE,),
    measures=(
        Measure(code="main", name=_MAIN.name, against=(Against(place="main", fact="main"),)),
        Measure(
            code="special", name=_SPECIAL.name, against=(Against(place="main", fact="special"),)
        ),
    ),
)
_BET_TYPES = (
    BetType(
        code="single",
        name=gettext_noop("Single"),
        play=_PLAY.code,
        ranges=(ZoneRange(numbers_least=7, numbers_most=7),),
    ),
    BetType(
        code="multiple",
        name=gettext_noop("Multiple"),
        play=_PLAY.code,
        ranges=(ZoneRange(numbers_least=8, numbers_most=30),),
        least_lines=2,
    ),
    BetType(
        code="banker",
        name=gettext_noop("Banker"),
        play=_PLAY.code,
        ranges=(ZoneRange(bankers_least=1, bankers_most=6, numbers_least=8, numbers_most=30),),
        least_lines=2,
    ),
)

QLC_2007 = RuleVersion(
    game="qlc",
    code="qlc-2007.1",
    first_issue="2007001",  # the first draw of the game
    last_issue=None,
    zones=(_MAIN, _SPECIAL),
    plays=(_PLAY,),
    bet_types=_BET_TYPES,
    price_fen=2 * _YUAN,  # RULES C1
    multiplier_least=1,  # RULES C2
    multiplier_most=99,
    ticket_cap_fen=20_000 * _YUAN,  # RULES C2
    tiers=(  # RULES §4, 七乐彩 (T14, draws)
        Tier(number=1, name=gettext_noop("First prize"), matches=((7, 0),)),
        Tier(number=2, name=gettext_noop("Second prize"), matches=((6, 1),)),
        Tier(number=3, name=gettext_noop("Third prize"), matches=((6, 0),)),
        Tier(number=4, name=gettext_noop("Fourth prize"), matches=((5, 1),), fixed_fen=200 * _YUAN),
        Tier(number=5, name=gettext_noop("Fifth prize"), matches=((5, 0),), fixed_fen=50 * _YUAN),
        Tier(number=6, name=gettext_noop("Sixth prize"), matches=((4, 1),), fixed_fen=10 * _YUAN),
        Tier(number=7, name=gettext_noop("Seventh prize"), matches=((4, 0),), fixed_fen=5 * _YUAN),
    ),
    # RULES §1, fund split: prize money by the draws, the rest [GK].
    allocation=Allocation(prize=4_900, fund=200, fee=1_300, welfare=3_600),
    floating=Floating(
        unit_fen=_YUAN,  # RULES C5
        splits=(
            Split(  # RULES §4 (T14, draws)
                special=False,
                pool_from_fen=0,
                parts=(
                    Part(tier=1, share=7_000, takes_pool=True, line_cap_fen=_LINE_CAP),
                    Part(tier=2, share=1_000, line_cap_fen=_LINE_CAP),
                    Part(tier=3, share=2_000, line_cap_fen=_LINE_CAP),
                ),
            ),
        ),
        left_over="whole_part",  # RULES §4 (draws): a pool of whole yuan
    ),
    minimum=Minimum(factor=2, most_fen=_LINE_CAP),  # RULES C8 (draws: third prize 400)
    special=None,
    deficit_paid_by="fund",  # RULES C9
    rounding_goes_to="fund",  # RULES C6
    schedule=Schedule(  # RULES §1, schedule (T9)
        weekdays=(1, 3, 5), closes=time(20, 0), draws=time(21, 15), time_zone="Asia/Shanghai"
    ),
    claim_days=60,  # RULES C11 (regulations art. 25)
)

QLC = GameRules(code="qlc", name=gettext_noop("Seven Happiness"), versions=(QLC_2007,))
