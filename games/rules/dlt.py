"""超级大乐透: the rule versions of all draws since 2019, each figure with its source.

`RULES` names rows of the requirements: T3 and T5 are texts of the game rules, T11 the notice on
tickets sold ahead, T14 and T19 pages on the prizes; "draws" means confirmed by recomputing the
published draws of the era to the fen. [GK] is general knowledge, not confirmed.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import time

from games.rules.named import gettext_noop
from games.rules.picks import BetType, Play, Zone, ZoneRange, measure, place_of
from games.rules.prizes import (
    Allocation,
    DrawCap,
    Floating,
    Minimum,
    OnTop,
    Part,
    Raised,
    Split,
    Tier,
)
from games.rules.schedule import Schedule
from games.rules.shape import GameRules, RuleVersion

_YUAN = 100
_MILLION = 1_000_000 * _YUAN
_LINE_CAP = 5 * _MILLION  # RULES §3 (T3, draws): of each part, per unit
_HIGH_POOL = 800 * _MILLION  # RULES §3 (draws): the pool before the draw
_TOP_POOL = 1_500 * _MILLION

_FRONT = Zone(code="front", name=gettext_noop("front numbers"), size=35, picked=5, drawn=5)
_BACK = Zone(  # RULES §3: 5 of 35 and 2 of 12
    code="back", name=gettext_noop("back numbers"), size=12, picked=2, drawn=2, word=2
)
_PLAIN = Play(
    code="standard",
    name=gettext_noop("Standard"),
    places=(place_of(_FRONT), place_of(_BACK)),
    measures=(measure(_FRONT.name, _FRONT), measure(_BACK.name, _BACK)),
)
_ADDED = replace(  # RULES C1 (T3): one yuan more per line
    _PLAIN, code="additional", name=gettext_noop("Additional bet"), extra_fen=1 * _YUAN
)


def _bet_types(play: Play, codes: Iterable[str], names: Iterable[str]) -> tuple[BetType, ...]:
    """Single, multiple and banker bets on a play (RULES §3)."""
    single, multiple, banker = zip(codes, names, strict=True)
    return (
        BetType(
            code=single[0],
            name=single[1],
            play=play.code,
            ranges=(
                ZoneRange(numbers_least=5, numbers_most=5),
                ZoneRange(numbers_least=2, numbers_most=2),
            ),
        ),
        BetType(
            code=multiple[0],
            name=multiple[1],
            play=play.code,
            ranges=(
                ZoneRange(numbers_least=5, numbers_most=35),
                ZoneRange(numbers_least=2, numbers_most=12),
            ),
            least_lines=2,
        ),
        BetType(  # bankers in front, at the back, or both; with the drags more than a line
            code=banker[0],
            name=banker[1],
            play=play.code,
            ranges=(
                ZoneRange(bankers_most=4, numbers_least=5, numbers_most=35),
                ZoneRange(bankers_most=1, numbers_least=2, numbers_most=12),
            ),
            least_lines=2,
            least_bankers=1,
        ),
    )


def _on_top(number: int, *, name: str, tier: int, matches: tuple[tuple[int, ...], ...]) -> Tier:
    """What an additional bet wins beside tier `tier`: 80 % of it (RULES §3, T3, draws)."""
    return Tier(
        number=number,
        name=name,
        matches=matches,
        plays=(_ADDED.code,),
        on_top=OnTop(tier=tier, share=8_000),
        published_as=f"{tier}z",
    )


_FIRST = Tier(number=1, name=gettext_noop("First prize"), matches=((5, 2),))
_SECOND = Tier(number=2, name=gettext_noop("Second prize"), matches=((5, 1),))
_ADDED_FIRST = gettext_noop("First prize, additional")
_ADDED_SECOND = gettext_noop("Second prize, additional")


def _split(pool_from_fen: int, *parts: Part) -> Split:
    return Split(special=False, pool_from_fen=pool_from_fen, parts=parts)


def _normal_split(pool_from_fen: int, *, first: int, more: int, second: int) -> Split:
    """Tier 1 in a part with the pool and, unless `more` is nought, one without; tier 2."""
    with_pool = Part(tier=1, share=first, takes_pool=True, line_cap_fen=_LINE_CAP)
    without = Part(tier=1, share=more, line_cap_fen=_LINE_CAP)
    rest = Part(tier=2, share=second, line_cap_fen=_LINE_CAP)
    return _split(pool_from_fen, *((with_pool, without, rest) if more else (with_pool, rest)))


# RULES §3: below 100 million [GK] (it never occurred), 100 to 800 million (draws).
_LOWER_SPLITS = (
    _normal_split(0, first=7_800, more=0, second=2_200),
    _normal_split(100 * _MILLION, first=5_800, more=2_000, second=2_200),
)

DLT_2019 = RuleVersion(
    game="dlt",
    code="dlt-2019.1",
    first_issue="19019",  # RULES §3 (T3, draws)
    last_issue="26013",  # RULES §3 (T11)
    zones=(_FRONT, _BACK),
    plays=(_PLAIN, _ADDED),
    bet_types=(
        *_bet_types(
            _PLAIN,
            ("single", "multiple", "banker"),
            (gettext_noop("Single"), gettext_noop("Multiple"), gettext_noop("Banker")),
        ),
        *_bet_types(
            _ADDED,
            ("single_add", "multiple_add", "banker_add"),
            (
                gettext_noop("Single, additional"),
                gettext_noop("Multiple, additional"),
                gettext_noop("Banker, additional"),
            ),
        ),
    ),
    price_fen=2 * _YUAN,  # RULES C1 (T3)
    multiplier_least=1,  # RULES C2
    multiplier_most=99,
    ticket_cap_fen=20_000 * _YUAN,  # RULES C2
    tiers=(  # RULES §3, table of the 2019 rule (T3, draws)
        _FIRST,
        _SECOND,
        Tier(
            number=3, name=gettext_noop("Third prize"), matches=((5, 0),), fixed_fen=10_000 * _YUAN
        ),
        Tier(
            number=4, name=gettext_noop("Fourth prize"), matches=((4, 2),), fixed_fen=3_000 * _YUAN
        ),
        Tier(number=5, name=gettext_noop("Fifth prize"), matches=((4, 1),), fixed_fen=300 * _YUAN),
        Tier(number=6, name=gettext_noop("Sixth prize"), matches=((3, 2),), fixed_fen=200 * _YUAN),
        Tier(
            number=7, name=gettext_noop("Seventh prize"), matches=((4, 0),), fixed_fen=100 * _YUAN
        ),
        Tier(
            number=8,
            name=gettext_noop("Eighth prize"),
            matches=((3, 1), (2, 2)),
            fixed_fen=15 * _YUAN,
        ),
        Tier(
            number=9,
            name=gettext_noop("Ninth prize"),
            matches=((3, 0), (2, 1), (1, 2), (0, 2)),
            fixed_fen=5 * _YUAN,
        ),
        _on_top(10, name=_ADDED_FIRST, tier=1, matches=_FIRST.matches),
        _on_top(11, name=_ADDED_SECOND, tier=2, matches=_SECOND.matches),
    ),
    # RULES §1, fund split: prize and fund by T3 and the draws; fee and welfare [GK].
    allocation=Allocation(prize=4_900, fund=200, fee=1_300, welfare=3_600),
    floating=Floating(
        unit_fen=_YUAN,  # RULES C5
        splits=(
            *_LOWER_SPLITS,
            _split(  # RULES §3 (draws)
                _HIGH_POOL,
                Part(tier=1, share=2_800, takes_pool=True, line_cap_fen=_LINE_CAP),
                Part(tier=1, share=5_000, line_cap_fen=_LINE_CAP),
                Part(tier=2, share=2_200, line_cap_fen=_LINE_CAP),
            ),
            _split(  # RULES §3 (draws): one part, cap 10 million; nobody wins: tier 2 gets it all
                _TOP_POOL,
                Part(tier=1, share=2_200, takes_pool=True, line_cap_fen=10 * _MILLION, unwon_to=2),
                Part(tier=2, share=7_800, line_cap_fen=_LINE_CAP),
            ),
        ),
        left_over="exact",  # RULES §3 (draws): the pool carries fen
        cut="parts",  # RULES §3, rounding 2019 (draws)
    ),
    minimum=Minimum(factor=2, most_fen=_LINE_CAP),  # RULES C8 (T5 art. 18, draws)
    special=None,
    deficit_paid_by="fund",  # RULES C9
    rounding_goes_to="fund",  # RULES C6 (T5 art. 17)
    schedule=Schedule(  # RULES §1, schedule (T13; T9 closes at 20:00)
        weekdays=(1, 3, 6),
        closes=time(21, 0),
        draws=time(21, 25),
        time_zone="Asia/Shanghai",
        issue_year_digits=2,
    ),
    claim_days=60,  # RULES C11 (regulations art. 25)
    announced_besides=("3z",),  # a third row of additional bets, paid by a promotion only
)

_DLT_2026_TIERS = (  # RULES §3, table of the 2026 rule (T10, T11, T14, draws)
    _FIRST,
    _SECOND,
    Tier(
        number=3,
        name=gettext_noop("Third prize"),
        matches=((5, 0), (4, 2)),
        fixed_fen=5_000 * _YUAN,
        raised=(Raised(pool_from_fen=_HIGH_POOL, fixed_fen=6_666 * _YUAN),),
    ),
    Tier(
        number=4,
        name=gettext_noop("Fourth prize"),
        matches=((4, 1),),
        fixed_fen=300 * _YUAN,
        raised=(Raised(pool_from_fen=_HIGH_POOL, fixed_fen=380 * _YUAN),),
    ),
    Tier(
        number=5,
        name=gettext_noop("Fifth prize"),
        matches=((4, 0), (3, 2)),
        fixed_fen=150 * _YUAN,
        raised=(Raised(pool_from_fen=_HIGH_POOL, fixed_fen=200 * _YUAN),),
    ),
    Tier(
        number=6,
        name=gettext_noop("Sixth prize"),
        matches=((3, 1), (2, 2)),
        fixed_fen=15 * _YUAN,
        raised=(Raised(pool_from_fen=_HIGH_POOL, fixed_fen=18 * _YUAN),),
    ),
    Tier(
        number=7,
        name=gettext_noop("Seventh prize"),
        matches=((3, 0), (2, 1), (1, 2), (0, 2)),
        fixed_fen=5 * _YUAN,
        raised=(Raised(pool_from_fen=_HIGH_POOL, fixed_fen=7 * _YUAN),),
    ),
    _on_top(8, name=_ADDED_FIRST, tier=1, matches=_FIRST.matches),
    _on_top(9, name=_ADDED_SECOND, tier=2, matches=_SECOND.matches),
)

DLT_2026 = replace(
    DLT_2019,
    code="dlt-2026.1",
    first_issue="26014",  # RULES §3 (T10, T11)
    last_issue=None,
    tiers=_DLT_2026_TIERS,
    floating=Floating(
        unit_fen=_YUAN,
        splits=(
            *_LOWER_SPLITS,
            _normal_split(_HIGH_POOL, first=2_000, more=4_000, second=4_000),  # RULES §3 (draws)
        ),
        left_over="exact",
        cut="sum",  # RULES §3, rounding 2026 (draws: 26073)
        draw_caps=(  # RULES §3 (T14; tier 1 by the draws)
            DrawCap(tier=1, total_fen=100 * _MILLION),
            DrawCap(tier=2, total_fen=100 * _MILLION),
        ),
    ),
    announced_besides=(),
)

DLT = GameRules(code="dlt", name=gettext_noop("Super Lotto"), versions=(DLT_2019, DLT_2026))
