"""Whether a rule version that was read can be sold, sealed and counted by every engine.

The values of `shape` refuse what contradicts itself. Here stands what they leave to whoever wrote
them: what the law bounds, what lies in the same bits, what a column of the database holds, and what
the second engine does not take. A version in the code is held against the same by the tests.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from math import prod

from django.utils.translation import gettext as _

from games.rules.picks import WORD_BITS, BetType, Fact, Numbers, Play
from games.rules.prizes import Split, Tier
from games.rules.shape import RuleVersion

_CODE = re.compile(r"[a-z0-9][a-z0-9.-]{0,29}", re.ASCII)
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,19}", re.ASCII)
_SHORT = re.compile(r"[a-z0-9][a-z0-9_]{0,11}", re.ASCII)  # columns of the database
_LEAST_PRIZE = 5_000  # RULES §1, 财综〔2015〕94号: lotto and number games pay out half at least
_MOST_CLAIM_DAYS = 60  # 彩票管理条例, article 25
_MOST_TIMES = 99  # RULES C2
_MOST_TICKET_FEN = 20_000_00  # RULES C2; the database sells nothing dearer
_MOST_LINES = 100_000
_MOST_NUMBER = 99
_MOST_PLAYS, _MOST_BETS, _MOST_TIERS, _MOST_FACTS = 64, 256, 99, 64
_MOST_PLACES, _MOST_MEASURES, _MOST_AGAINST, _MOST_POOLS = 8, 8, 16, 8
_MOST_CHOICES, _MOST_MATCHES, _MOST_WAYS, _MOST_STEPS = 99, 512, 20_000, 64
_MOST_OUTCOMES = 100_000  # combinations of hits of a play: engine one has a list of them
_MOST_COMBINATIONS = 10_000  # looked through one by one where lines have a pattern
_MOST_FIXED_FEN = 10**10  # a hundred million yuan: all lines of a ticket together stay countable
_ISSUE_NUMBER = 3


def unsound(version: RuleVersion) -> str:
    """The first reason why it cannot be played, or nothing."""
    for check in (_calendar, _codes, _bounds, _drawn, _chosen, _bets, _tiers, _money):
        for reason in check(version):
            return reason
    return ""


def _codes(version: RuleVersion) -> Iterator[str]:
    if not _CODE.fullmatch(version.code) or not version.code.startswith(f"{version.game}-"):
        yield _("its code “%(code)s” does not begin with the game") % {"code": version.code}
    short = (*(one.code for one in version.bet_types), *(one.code for one in version.plays))
    for code in (code for code in short if not _SHORT.fullmatch(code)):
        yield _("“%(code)s” is no code of 12 letters at most") % {"code": code}
    names = [
        *(place.code for play in version.plays for place in play.places),
        *(part.code for play in version.plays for part in play.measures),
        *(zone.code for zone in version.zones),
        *(fact.code for fact in version.facts),
        *(pool.code for pool in version.pools),
    ]
    for code in names:
        if not _NAME.fullmatch(code):
            yield _("“%(code)s” is no code of 20 letters at most") % {"code": code}
    for tier in version.tiers:
        if tier.published_as and not _SHORT.fullmatch(tier.published_as):
            yield _("“%(published_as)s” is no mark of a tier") % {"published_as": tier.published_as}
    digits = version.schedule.issue_year_digits + _ISSUE_NUMBER
    if not re.fullmatch(rf"[0-9]{{{digits}}}", version.first_issue, re.ASCII):
        yield _("its first issue “%(first_issue)s” has not %(digits)s digits") % {
            "first_issue": version.first_issue,
            "digits": digits,
        }


def _bounds(version: RuleVersion) -> Iterator[str]:
    if version.price_fen < 1 or version.ticket_cap_fen < 1:
        yield _("a line and a ticket have a price from one fen on")
    elif version.ticket_cap_fen > _MOST_TICKET_FEN:
        yield _("a ticket would cost more than %(most)s fen") % {"most": _MOST_TICKET_FEN}
    elif version.ticket_cap_fen // version.price_fen > _MOST_LINES:
        yield _("a ticket would have more than %(most)s lines") % {"most": _MOST_LINES}
    if not 1 <= version.multiplier_least <= version.multiplier_most <= _MOST_TIMES:
        yield _("a bet is multiplied once to %(most)s times") % {"most": _MOST_TIMES}
    if not 1 <= version.claim_days <= _MOST_CLAIM_DAYS:
        yield _("prizes are claimed within %(most)s days at most, says the law") % {
            "most": _MOST_CLAIM_DAYS
        }
    if version.allocation.prize + version.allocation.fund < _LEAST_PRIZE:
        yield _("less than half of the stakes is prize money, which the law forbids")
    counts = (
        (_("zones"), len(version.zones), 1, _MOST_PLACES),
        (_("facts"), len(version.facts), 0, _MOST_FACTS),
        (_("plays"), len(version.plays), 1, _MOST_PLAYS),
        (_("bet types"), len(version.bet_types), 1, _MOST_BETS),
        (_("tiers"), len(version.tiers), 1, _MOST_TIERS),
        (_("pools"), len(version.pools), 1, _MOST_POOLS),
    )
    for name, count, least, most in counts:
        if not least <= count <= most:
            yield _("it has %(count)s %(name)s, not %(least)s to %(most)s") % {
                "count": count,
                "name": name,
                "least": least,
                "most": most,
            }


def _drawn(version: RuleVersion) -> Iterator[str]:
    yield from _laid(version.zones, _("zones"))
    seen: set[str] = set()
    picked = {place.code: place.picked for place in version.plays[0].places}
    for zone in version.zones:
        if not 1 <= zone.drawn <= zone.size or zone.picked > zone.size:
            yield _("%(code)s has not so many numbers as are drawn") % {"code": zone.code}
        if zone.picked != picked.get(zone.code, 0):
            yield _("%(code)s and its place in the first play differ in what a line takes") % {
                "code": zone.code
            }
        if zone.drum and zone.drum not in seen:
            yield _("%(code)s is drawn after a zone that is not before it") % {"code": zone.code}
        seen.add(zone.code)
    yield from _left_in_drums(version)
    yield from _facts(version)


def _left_in_drums(version: RuleVersion) -> Iterator[str]:
    by_code = {zone.code: zone for zone in version.zones}
    for zone in (zone for zone in version.zones if zone.drum in by_code):
        before = by_code[zone.drum]
        shared = min(zone.last, before.last) - max(zone.first, before.first) + 1
        if zone.size - min(max(shared, 0), before.drawn) < zone.drawn:
            yield _("%(code)s cannot be drawn: too few are left in its drum") % {"code": zone.code}


def _facts(version: RuleVersion) -> Iterator[str]:
    zones = {zone.code for zone in version.zones}
    for fact in version.facts:
        if len(fact.choices) > _MOST_CHOICES:
            yield _("%(code)s has more than %(most)s choices") % {
                "code": fact.code,
                "most": _MOST_CHOICES,
            }
        if (
            not fact.zones
            or not set(fact.zones) <= zones
            or len(set(fact.zones)) != len(fact.zones)
        ):
            yield _("%(code)s is worked out from zones that are not there") % {"code": fact.code}
        if bool(fact.choices) != (fact.kind == "choices") or (fact.kind == "times") != (
            fact.times > 0
        ):
            yield _("%(code)s does not say what it is worked out from") % {"code": fact.code}


def _chosen(version: RuleVersion) -> Iterator[str]:
    for play in version.plays:
        yield from _laid(play.places, play.code)
        if (
            not 1 <= len(play.places) <= _MOST_PLACES
            or not 1 <= len(play.measures) <= _MOST_MEASURES
        ):
            yield _("%(code)s has too many places or measures, or none") % {"code": play.code}
        if any(not 1 <= place.picked <= place.size for place in play.places):
            yield _("a place of %(code)s has not so many numbers as a line takes") % {
                "code": play.code
            }
        if any(not 1 <= len(measure.against) <= _MOST_AGAINST for measure in play.measures):
            yield _("a measure of %(code)s looks at nothing, or at too much") % {"code": play.code}
        if len({measure.code for measure in play.measures}) != len(play.measures):
            yield _("two measures of %(code)s have the same code") % {"code": play.code}
        if play.filled is not None and (
            not 1 <= play.filled <= len(play.places) or play.pattern != "any"
        ):
            yield _("%(code)s fills more places than it has, or in a pattern") % {"code": play.code}
        if prod(most + 1 for most in _most_hits(play)) > _MOST_OUTCOMES:
            yield _("%(code)s has more than %(most)s different hits") % {
                "code": play.code,
                "most": _MOST_OUTCOMES,
            }
        if play.pattern != "any":
            yield from _compared(play)


def _compared(play: Play) -> Iterator[str]:
    """Where numbers are held against each other, places are alike and have enough of them."""
    if any(place.size > place.per_word or place.last >= WORD_BITS for place in play.places):
        yield _("%(code)s compares numbers of its places that go beyond %(most)s") % {
            "code": play.code,
            "most": WORD_BITS - 1,
        }
    sizes = {(place.first, place.size) for place in play.places}
    needed = len(play.places) - (play.pattern == "one_pair")
    if len(sizes) > 1 or needed < 1 or play.places[0].size < max(needed, 2):
        yield _("%(code)s compares numbers of places that differ, or has too few") % {
            "code": play.code
        }


def _most_hits(play: Play) -> list[int]:
    """The most hits that a line can have in each measure."""
    picked = {place.code: place.picked for place in play.places}
    return [sum(picked[one.place] for one in part.against) for part in play.measures]


def _laid(numbers: Sequence[Numbers], whose: str) -> Iterator[str]:
    """Different codes, and no bit of the two words twice."""
    if len({one.code for one in numbers}) != len(numbers):
        yield _("two places of %(whose)s have the same code") % {"whose": whose}
    taken = [0, 0]
    for one in numbers:
        if one.size < 1 or one.last > _MOST_NUMBER or one.per_word > WORD_BITS:
            yield _("%(code)s has no numbers, or some above %(most)s") % {
                "code": one.code,
                "most": _MOST_NUMBER,
            }
            return
        words = one.laid((1 << one.size) - 1)
        if words[0] & taken[0] or words[1] & taken[1]:
            yield _("%(code)s lies where another place of %(whose)s lies") % {
                "code": one.code,
                "whose": whose,
            }
        taken = [taken[0] | words[0], taken[1] | words[1]]


def _bets(version: RuleVersion) -> Iterator[str]:
    for bet_type in version.bet_types:
        play = version.play(bet_type.play)
        if bet_type.least_lines < 1:
            yield _("%(code)s may be a bet without a line") % {"code": bet_type.code}
        alike = {
            (place.first, place.size, taken)
            for place, taken in zip(play.places, bet_type.ranges, strict=True)
        }
        if bet_type.same_numbers and len(alike) > 1:
            yield _("%(code)s wants the same numbers in places that differ") % {
                "code": bet_type.code
            }
        if version.line_price_fen(bet_type.code) > version.ticket_cap_fen:
            yield _("a line of %(code)s costs more than a ticket may") % {"code": bet_type.code}
        yield from _ranges(bet_type, play)
        if play.pattern != "any" and any(taken.numbers_most > 1 for taken in bet_type.ranges):
            yield from _several_in_a_pattern(version, bet_type, play)


def _several_in_a_pattern(version: RuleVersion, bet_type: BetType, play: Play) -> Iterator[str]:
    """Hits are counted over all combinations of a bet: those that are no lines must win nothing."""
    if prod(taken.numbers_most for taken in bet_type.ranges) > _MOST_COMBINATIONS:
        yield _("%(code)s has more than %(most)s combinations") % {
            "code": bet_type.code,
            "most": _MOST_COMBINATIONS,
        }
    facts = {fact.code: fact for fact in version.facts}
    looked_at = [part.against[0] for part in play.measures if len(part.against) == 1]
    used = [facts[one.fact] for one in looked_at if one.fact in facts]
    is_told_apart = (
        play.pattern == "different"
        and sorted(one.place for one in looked_at) == sorted(place.code for place in play.places)
        and len(used) == len(play.measures) == len(play.places)
        and _never_share(used)
        and all(
            set(tier.matches) == {(1,) * len(used)}
            for tier in version.tiers
            if tier.is_played(play.code)
        )
    )
    if not is_told_apart:
        yield _(
            "%(code)s takes several numbers at a place, and what is no line of it could win"
        ) % {"code": bet_type.code}


def _never_share(facts: Sequence[Fact]) -> bool:
    """Whether no number is in two of them: those that came once, those that came twice."""
    return (
        all(fact.kind == "times" for fact in facts)
        and len({fact.zones for fact in facts}) == 1
        and len({fact.times for fact in facts}) == len(facts)
    )


def _ranges(bet_type: BetType, play: Play) -> Iterator[str]:
    for place, taken in zip(play.places, bet_type.ranges, strict=True):
        least = 0 if play.filled else place.picked
        fits = least <= taken.numbers_least <= taken.numbers_most <= place.size
        if not fits or not 0 <= taken.bankers_least <= taken.bankers_most < place.picked:
            yield _("%(code)s takes numbers at %(place)s that make no line") % {
                "code": bet_type.code,
                "place": place.code,
            }


def _tiers(version: RuleVersion) -> Iterator[str]:
    plays = {play.code for play in version.plays}
    facts = {fact.code for fact in version.facts} | {zone.code for zone in version.zones}
    for tier in version.tiers:
        if not set(tier.plays) <= plays or len(set(tier.plays)) != len(tier.plays):
            yield _("tier %(number)s is of a play that is not there") % {"number": tier.number}
        if not tier.matches or len(set(tier.matches)) != len(tier.matches):
            yield _("tier %(number)s is won by nothing, or by something twice") % {
                "number": tier.number
            }
        if tier.when and (
            tier.when.fact not in facts
            or not tier.when.numbers
            or len(set(tier.when.numbers)) != len(tier.when.numbers)
        ):
            yield _("tier %(number)s depends on a fact that is not there") % {"number": tier.number}
        yield from _amounts(tier)
        if tier.on_top and not _is_on_top(version, tier, tier.on_top.tier):
            yield _("tier %(number)s is on top of none above it") % {"number": tier.number}
        if tier.is_floating and (tier.special_only or tier.when):
            yield _("tier %(number)s shares the floating money in some draws only") % {
                "number": tier.number
            }
        yield from _hits(version, tier)
    yield from _told_apart(version)
    for play in version.plays:
        if not any(tier.is_played(play.code) for tier in version.tiers):
            yield _("nothing can be won by %(code)s") % {"code": play.code}


def _amounts(tier: Tier) -> Iterator[str]:
    marks = [step.pool_from_fen for step in tier.raised]
    if len(set(marks)) != len(marks):
        yield _("tier %(number)s is raised twice at the same pool") % {"number": tier.number}
    amounts = [step.fixed_fen for step in tier.raised]
    amounts += [tier.fixed_fen] if tier.fixed_fen is not None else []
    if not all(1 <= fen <= _MOST_FIXED_FEN for fen in amounts):
        yield _("tier %(number)s pays a line nothing, or more than %(most)s fen") % {
            "number": tier.number,
            "most": _MOST_FIXED_FEN,
        }


def _is_on_top(version: RuleVersion, tier: Tier, of: int) -> bool:
    """Whether every line that wins `tier` wins the floating tier `of`, in every draw."""
    plays = {play.code for play in version.plays}
    below = version.tier(of) if 1 <= of < tier.number else None
    return (
        below is not None
        and below.is_floating
        and set(tier.plays or plays) <= set(below.plays or plays)
        and not tier.special_only
        and tier.when is None
    )


def _hits(version: RuleVersion, tier: Tier) -> Iterator[str]:
    for play in (play for play in version.plays if tier.is_played(play.code)):
        most = _most_hits(play)
        if any(hit > top for match in tier.matches for hit, top in zip(match, most, strict=True)):
            yield _("tier %(number)s is won by hits that no line of %(code)s can have") % {
                "number": tier.number,
                "code": play.code,
            }
    lists = (
        (len(tier.matches), _MOST_MATCHES),
        (len(tier.when.numbers) if tier.when else 0, _MOST_MATCHES),
        (len(tier.raised), _MOST_STEPS),
    )
    if any(count > most for count, most in lists):
        yield _("tier %(number)s names more than can be looked through") % {"number": tier.number}


def _told_apart(version: RuleVersion) -> Iterator[str]:
    """No line wins two tiers that are not on top of each other, and each has a mark of its own."""
    marks = Counter(tier.mark for tier in version.tiers)
    for mark in (mark for mark, count in marks.items() if count > 1):
        yield _("two tiers are called %(mark)s") % {"mark": mark}
    won = [tier for tier in version.tiers if tier.on_top is None]
    plays = [play.code for play in version.plays]
    if sum(len(tier.plays or plays) * len(tier.matches) for tier in won) > _MOST_WAYS:
        yield _("there are more than %(most)s ways to win") % {"most": _MOST_WAYS}
        return
    single = {fact.code for fact in version.facts if fact.kind == "sum"}
    single |= {zone.code for zone in version.zones if zone.drawn == 1}
    for one, other in combinations(won, 2):
        if (
            set(one.matches) & set(other.matches)
            and any(one.is_played(play) and other.is_played(play) for play in plays)
            and not (one.when and one.when.fact in single)
        ):
            yield _("a line could win tier %(one)s and tier %(other)s in one draw") % {
                "one": one.number,
                "other": other.number,
            }


def _money(version: RuleVersion) -> Iterator[str]:
    plays = [play.code for play in version.plays]
    owned = Counter(play for pool in version.pools for play in (pool.plays or plays))
    if any(owned[play] != 1 for play in plays) or len({p.code for p in version.pools}) != len(
        version.pools
    ):
        yield _("a play is of no pool or of several, or two pools have the same code")
    for tier in version.tiers:
        paying = {
            pool.code
            for pool in version.pools
            for play in (pool.plays or plays)
            if tier.is_played(play)
        }
        if len(paying) > 1 or (tier.fixed_fen is None and paying != {version.pools[0].code}):
            yield _("tier %(number)s is not paid from one pool, or floats outside the first") % {
                "number": tier.number
            }
    if version.special and version.special.off_below_fen > version.special.on_from_fen:
        yield _("the special rule goes off above where it goes on")
    if version.floating:
        yield from _floating(version)


def _floating(version: RuleVersion) -> Iterator[str]:
    floating = version.floating
    assert floating is not None  # noqa: S101 - asked by `_money`
    if floating.unit_fen < 1:
        yield _("prizes are cut to a unit of one fen at least")
    marks = [(split.special, split.pool_from_fen) for split in floating.splits]
    if len(set(marks)) != len(marks) or (False, 0) not in marks:
        yield _("two splits hold for the same pool, or none for an empty one")
    if version.special is None and any(special for special, _from in marks):
        yield _("a split is for a special rule that is not there")
    if version.special is not None and (True, 0) not in marks:
        yield _("no split holds for the special rule with an empty pool")
    floats = {tier.number for tier in version.tiers if tier.is_floating}
    if max([len(floating.splits), *(len(one.parts) for one in floating.splits)]) > _MOST_STEPS:
        yield _("the floating money is split in more than %(most)s ways") % {"most": _MOST_STEPS}
    for split in floating.splits:
        yield from _parts(split, floating.unit_fen)
    caps = [cap.tier for cap in floating.draw_caps]
    if len(set(caps)) != len(caps) or not set(caps) <= floats:
        yield _("the cap of a draw is for a tier that does not float, or stands twice")
    if version.minimum and not 1 <= version.minimum.factor <= 1000:  # noqa: PLR2004 - as engine two
        yield _("a prize is at least once the one below it")


def _parts(split: Split, unit_fen: int) -> Iterator[str]:
    own = {part.tier for part in split.parts}
    for part in split.parts:
        if part.line_cap_fen < 1:
            yield _("a part pays a line nothing")
        if unit_fen and part.line_cap_fen % unit_fen:
            yield _("the most that a line gets of a part is no multiple of %(unit)s fen") % {
                "unit": unit_fen
            }
        if part.unwon_to is not None and (part.unwon_to not in own or part.unwon_to == part.tier):
            yield _("what tier %(tier)s does not win goes to a tier without a part") % {
                "tier": part.tier
            }


def _calendar(version: RuleVersion) -> Iterator[str]:
    schedule = version.schedule
    days = schedule.weekdays
    if (
        not days
        or any(after <= before for before, after in pairwise(days))
        or not (
            days[0] >= 1 and days[-1] <= 7  # noqa: PLR2004 - days of a week
        )
    ):
        yield _("draws are on days of the week from 1 to 7, each named once, in order")
    if not schedule.closes < schedule.draws:
        yield _("sales close before the draw")
    if schedule.time_zone != "Asia/Shanghai":
        yield _("the clock of the house is that of Shanghai")
    if schedule.issue_year_digits not in (2, 4):
        yield _("an issue has the year in two digits or in four")
