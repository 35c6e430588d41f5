"""七星彩: the rule version of the draws since 2021, each figure with its source.

`RULES` names rows of the requirements; T10 and T14 are pages on the game, "draws" means confirmed
by recomputing the published draws. [GK] is general knowledge, not confirmed. The rule is in force
since October 2020; its first issue is not in our sources, so it begins here with the next year.
"""

from datetime import time

from games.rules.digits import ANY_DIGITS, ONE_DIGIT, columns, in_order
from games.rules.named import gettext_noop
from games.rules.picks import BetType, Play, Zone, ZoneRange, measure, place_of
from games.rules.prizes import Allocation, Floating, Minimum, Part, Split, Tier
from games.rules.schedule import Schedule
from games.rules.shape import GameRules, RuleVersion

_YUAN = 100
_LINE_CAP = 5_000_000 * _YUAN  # RULES §4 (draws)
_HIGH_POOL = 300_000_000 * _YUAN  # RULES §4 (T14)

_FRONT = columns(  # RULES §4: six digits from 0 to 9
    (
        gettext_noop("first digits"),
        gettext_noop("second digits"),
        gettext_noop("third digits"),
        gettext_noop("fourth digits"),
        gettext_noop("fifth digits"),
        gettext_noop("sixth digits"),
    )
)
_LAST = Zone(  # RULES §4: the seventh goes from 0 to 14
    code="last", name=gettext_noop("last numbers"), size=15, first=0, picked=1, drawn=1, word=2
)
_PLAY = Play(
    code="straight",
    name=gettext_noop("Straight"),
    places=tuple(place_of(zone) for zone in (*_FRONT, _LAST)),
    measures=(in_order(_FRONT), measure(_LAST.name, _LAST)),
)
_BET_TYPES = (
    BetType(
        code="single",
        name=gettext_noop("Single"),
        play=_PLAY.code,
        ranges=(ONE_DIGIT,) * 7,
    ),
    BetType(
        code="multiple",
        name=gettext_noop("Multiple"),
        play=_PLAY.code,
        ranges=(*(ANY_DIGITS,) * 6, ZoneRange(numbers_least=1, numbers_most=15)),
        least_lines=2,
    ),
)


def _split(pool_from_fen: int, *, first: int, second: int) -> Split:
    return Split(
        special=False,
        pool_from_fen=pool_from_fen,
        parts=(
            Part(tier=1, share=first, takes_pool=True, line_cap_fen=_LINE_CAP),
            Part(tier=2, share=second, line_cap_fen=_LINE_CAP),
        ),
    )


QXC_2021 = RuleVersion(
    game="qxc",
    code="qxc-2021.1",
    first_issue="21001",
    last_issue=None,
    zones=(*_FRONT, _LAST),
    plays=(_PLAY,),
    bet_types=_BET_TYPES,
    price_fen=2 * _YUAN,  # RULES C1
    multiplier_least=1,  # RULES C2
    multiplier_most=99,
    ticket_cap_fen=20_000 * _YUAN,  # RULES C2
    tiers=(  # RULES §4, 七星彩 (T10, draws): positions that match, not consecutive ones
        Tier(number=1, name=gettext_noop("First prize"), matches=((6, 1),)),
        Tier(number=2, name=gettext_noop("Second prize"), matches=((6, 0),)),
        Tier(
            number=3, name=gettext_noop("Third prize"), matches=((5, 1),), fixed_fen=3_000 * _YUAN
        ),
        Tier(
            number=4,
            name=gettext_noop("Fourth prize"),
            matches=((5, 0), (4, 1)),
            fixed_fen=500 * _YUAN,
        ),
        Tier(
            number=5,
            name=gettext_noop("Fifth prize"),
            matches=((4, 0), (3, 1)),
            fixed_fen=30 * _YUAN,
        ),
        Tier(
            number=6,
            name=gettext_noop("Sixth prize"),
            matches=((3, 0), (2, 1), (1, 1), (0, 1)),
            fixed_fen=5 * _YUAN,
        ),
    ),
    # RULES §1, fund split: prize money by the draws, the rest [GK].
    allocation=Allocation(prize=4_900, fund=200, fee=1_300, welfare=3_600),
    floating=Floating(
        unit_fen=_YUAN,  # RULES C5
        splits=(
            _split(0, first=9_000, second=1_000),  # RULES §4 (draws)
            _split(_HIGH_POOL, first=1_000, second=9_000),  # RULES §4 (T14, not seen in draws)
        ),
        left_over="exact",  # the published pool carries fen (draws)
    ),
    minimum=Minimum(factor=2, most_fen=_LINE_CAP),  # RULES C8 (draws: second prize 6,000)
    special=None,
    deficit_paid_by="fund",  # RULES C9
    rounding_goes_to="fund",  # RULES C6
    schedule=Schedule(  # RULES §1, schedule (T13)
        weekdays=(2, 5, 7),
        closes=time(21, 0),
        draws=time(21, 25),
        time_zone="Asia/Shanghai",
        issue_year_digits=2,
    ),
    claim_days=60,  # RULES C11 (regulations art. 25)
)

QXC = GameRules(code="qxc", name=gettext_noop("Seven Star"), versions=(QXC_2021,))
