"""A rule version as a sheet that a lottery official recognises, and what differs between two.

Every figure is a row with its place, and with the article in which it stands beside it. Two
versions are compared row by row, so a difference is told in the same words as the sheet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lottery_portal.lib import dates
from lottery_portal.lib.money import yuan

from .rules import RuleVersion
from .rules.cited import Source, source
from .rules.picks import BetType, Play, Zone, ZoneRange
from .rules.prizes import Floating, Part, Pool, Split, Tier

_PERCENT = 100  # ten-thousandths in a per cent


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure or rule: its place in the sheet, what it is, what it says, where it stands."""

    place: str
    label: str
    lines: tuple[str, ...]
    source: Source | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Rows under one heading."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row that differs: as it was and as it is; an empty side had no such row."""

    section: str
    label: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    source: Source | None


def sheet(
    version: RuleVersion, *, articles: Mapping[str, str] | None = None, last_issue: str = ""
) -> list[Section]:
    """The whole version, section by section, in the language of the reader."""
    found = []
    for title, rows in (
        (_("Draws it holds for"), _span(version, last_issue)),
        (_("Numbers drawn"), _matrix(version)),
        (_("Ways to bet"), _bets(version)),
        (_("What counts as a hit"), _judged(version)),
        (_("Price and limits of a ticket"), _price(version)),
        (_("Prize tiers"), _tiers(version)),
        (_("Division of the stakes"), _allocation(version)),
        (_("Floating prizes, caps and roll-over"), _floating(version)),
        (_("Pools, minimum, deficit, rounding"), _money(version)),
        (_("Calendar and claims"), _calendar(version)),
    ):
        made = tuple(
            Row(
                place=place,
                label=label,
                lines=lines,
                source=source(game=version.game, code=version.code, place=place, articles=articles),
            )
            for place, label, lines in rows
        )
        if made:
            found.append(Section(title=title, rows=made))
    return found


def changes(
    before: Sequence[Section], after: Sequence[Section], *, without: Sequence[str] = ("span",)
) -> list[Change]:
    """Only what differs between two sheets, in the order of the newer one."""
    old = {row.place: (part.title, row) for part in before for row in part.rows}
    new = {row.place: (part.title, row) for part in after for row in part.rows}
    found = []
    for place in _in_order(list(old), list(new)):
        was, now = old.get(place), new.get(place)
        if place.partition("/")[0] in without or (
            was and now and (was[1].label, was[1].lines) == (now[1].label, now[1].lines)
        ):
            continue
        title, row = now or was or ("", None)
        assert row is not None  # noqa: S101 - it is in one of the two
        before_lines, after_lines = _unlike(
            was[1].lines if was else (), now[1].lines if now else ()
        )
        found.append(
            Change(
                section=title,
                label=row.label,
                before=before_lines,
                after=after_lines,
                source=row.source,
            )
        )
    return found


def _unlike(old: Sequence[str], new: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of two rows the lines that differ; all of them when that would leave a side empty."""
    gone = tuple(line for line in old if line not in new)
    come = tuple(line for line in new if line not in old)
    return (gone, come) if gone and come else (tuple(old), tuple(new))


def _in_order(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The places of the newer sheet, those that are gone behind their neighbours."""
    order = list(new)
    for at, place in enumerate(old):
        if place not in order:
            before = next((one for one in reversed(old[:at]) if one in order), None)
            order.insert(order.index(before) + 1 if before else 0, place)
    return order


_Told = tuple[str, str, tuple[str, ...]]


def _span(version: RuleVersion, last_issue: str) -> Iterator[_Told]:
    yield "span/first", _("First draw by this version"), (version.first_issue,)
    last = last_issue or version.last_issue or _("Open: until the next version begins")
    yield "span/last", _("Last draw by this version"), (last,)


def _matrix(version: RuleVersion) -> Iterator[_Told]:
    for zone in version.zones:
        yield f"zones/{zone.code}", str(zone.label), (_drawn(zone),)


def _drawn(zone: Zone) -> str:
    text = ngettext(
        "%(count)s of %(size)s, from %(first)s to %(last)s",
        "%(count)s of %(size)s, from %(first)s to %(last)s",
        zone.drawn,
    ) % {"count": zone.drawn, "size": zone.size, "first": zone.first, "last": zone.last}
    if zone.drum:
        text += _(", out of the drum that the numbers before came from")
    return text


def _bets(version: RuleVersion) -> Iterator[_Told]:
    for bet_type in version.bet_types:
        play = version.play(bet_type.play)
        yield f"bet_types/{bet_type.code}", str(bet_type.label), tuple(_bet(bet_type, play))


def _bet(bet_type: BetType, play: Play) -> Iterator[str]:
    if play.filled:
        yield ngettext(
            "%(count)s of the columns is filled", "%(count)s of the columns are filled", play.filled
        ) % {"count": play.filled}
    told: dict[str, list[str]] = {}
    for place, taken in zip(play.places, bet_type.ranges, strict=True):
        told.setdefault(_taken(taken), []).append(str(place.label))
    for text, names in told.items():
        yield _("%(places)s: %(text)s") % {"places": _(", ").join(names), "text": text}
    if play.pattern == "different":
        yield _("no number twice in a line")
    if play.pattern == "one_pair":
        yield _("exactly two equal numbers in a line")
    if bet_type.same_numbers:
        yield _("the same numbers at every place")
    if bet_type.least_lines > 1:
        yield _("%(count)s lines or more") % {"count": bet_type.least_lines}
    if bet_type.least_bankers:
        yield ngettext(
            "%(count)s banker or more in all", "%(count)s bankers or more in all",
            bet_type.least_bankers,
        ) % {"count": bet_type.least_bankers}  # fmt: skip


def _taken(taken: ZoneRange) -> str:
    text = _from_to(taken.numbers_least, taken.numbers_most)
    if taken.bankers_most:
        text = _("%(bankers)s bankers, %(numbers)s numbers in all") % {
            "bankers": _from_to(taken.bankers_least, taken.bankers_most),
            "numbers": text,
        }
    return text


def _from_to(least: int, most: int) -> str:
    if least == most:
        return str(least)
    return _("%(least)s to %(most)s") % {"least": least, "most": most}


def _judged(version: RuleVersion) -> Iterator[_Told]:
    for play in version.plays:
        places = {place.code: place for place in play.places}
        lines = [
            _("%(place)s: a line has %(count)s of %(first)s to %(last)s")
            % {
                "place": place.label,
                "count": place.picked,
                "first": place.first,
                "last": place.last,
            }
            for place in play.places
        ]
        lines += [
            _("%(measure)s: %(places)s, found among %(facts)s")
            % {
                "measure": measure.label,
                "places": _(", ").join(_once(str(places[a.place].label) for a in measure.against)),
                "facts": _(", ").join(_once(_fact(version, a.fact) for a in measure.against)),
            }
            for measure in play.measures
        ]
        yield f"plays/{play.code}", str(play.label), tuple(lines)
    for fact in version.facts:
        for number, choice in enumerate(fact.choices, start=1):
            text = {
                "sum_between": _("the sum of the digits is %(least)s to %(most)s"),
                "all_odd": _("all digits are odd"),
                "all_even": _("all digits are even"),
                "all_same": _("all digits are equal"),
                "run": _("each digit one more, or each one less, than the one before"),
            }[choice.kind] % {"least": choice.least, "most": choice.most}
            yield f"facts/{fact.code}/{number}", str(choice.label), (text,)


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _fact(version: RuleVersion, code: str) -> str:
    zone = next((one for one in version.zones if one.code == code), None)
    if zone is not None:
        return str(zone.label)
    fact = next(one for one in version.facts if one.code == code)
    if fact.kind == "times":
        return ngettext(
            "the digits that came %(times)s time",
            "the digits that came %(times)s times",
            fact.times,
        ) % {"times": fact.times}
    return _("the sum of the digits") if fact.kind == "sum" else _("what the digits make")


def _price(version: RuleVersion) -> Iterator[_Told]:
    yield "price", _("Price of a line"), (_money_of(version.price_fen),)
    for play in version.plays:
        if play.extra_fen:
            yield (
                f"price/{play.code}",
                _("%(play)s, more for each line") % {"play": play.label},
                (_money_of(play.extra_fen),),
            )
    times = _from_to(version.multiplier_least, version.multiplier_most)
    yield "multiplier", _("Times a bet may be multiplied"), (times,)
    yield "ticket_cap", _("A ticket costs at most"), (_money_of(version.ticket_cap_fen),)
    refund = _("Only where the bet itself failed: at the terminal, on the line, for want of money")
    yield "refund", _("Stake given back"), (refund,)
    limits = _("Yes: a line may be withdrawn from sale for a draw")
    yield "limits", _("Numbers may be limited"), (limits if version.limits_numbers else _("No"),)


def _tiers(version: RuleVersion) -> Iterator[_Told]:
    for tier in version.tiers:
        yield f"tiers/{tier.number}", str(tier.label), tuple(_tier(version, tier))


def _tier(version: RuleVersion, tier: Tier) -> Iterator[str]:
    plays = [play for play in version.plays if tier.is_played(play.code)]
    won = _hits(plays[0], tier)
    if tier.plays and len(version.plays) > 1:
        names = _(", ").join(str(play.label) for play in plays)
        won = _("%(plays)s: %(hits)s") % {"plays": names, "hits": won}
    yield won
    if tier.when:
        fact = next((one for one in version.facts if one.code == tier.when.fact), None)
        text = (
            _("only when the sum is %(numbers)s")
            if fact and fact.kind == "sum"
            else _("only when the draw gives %(numbers)s")
        )
        yield text % {"numbers": _(", ").join(map(str, tier.when.numbers))}
    if tier.special_only:
        yield _("only while the special rule is on")
    yield _amount(version, tier)
    for step in tier.raised:
        yield _("%(amount)s when the pool before the draw is %(pool)s or more") % {
            "amount": _money_of(step.fixed_fen),
            "pool": _money_of(step.pool_from_fen),
        }


def _amount(version: RuleVersion, tier: Tier) -> str:
    if tier.on_top:
        return _("beside %(tier)s, %(share)s of it") % {
            "tier": version.tier(tier.on_top.tier).label,
            "share": _share(tier.on_top.share),
        }
    return _("floating") if tier.fixed_fen is None else _money_of(tier.fixed_fen)


def _hits(play: Play, tier: Tier) -> str:
    several = len(play.measures) > 1
    shown = _(" or ").join("+".join(map(str, match)) for match in tier.matches)
    names = "+".join(str(measure.label) for measure in play.measures)
    if several:
        return _("%(hits)s (%(measures)s)") % {"hits": shown, "measures": names}
    return f"{shown} {names}"


def _allocation(version: RuleVersion) -> Iterator[_Told]:
    named = (
        ("prize", _("Prize money of the draw")),
        ("fund", _("Adjustment fund")),
        ("fee", _("Issue fee")),
        ("welfare", _("Welfare fund")),
    )
    for name, label in named:
        share = getattr(version.allocation, name)
        yield f"allocation/{name}", label, (_share(share),)


def _floating(version: RuleVersion) -> Iterator[_Told]:
    rule = version.floating
    if rule is None:
        return
    for split in rule.splits:
        yield (
            f"floating/{int(split.special)}/{split.pool_from_fen // 100}",
            _band(split, rule),
            tuple(_part(version, part) for part in split.parts),
        )
    for cap in rule.draw_caps:
        yield (
            f"floating/draw_cap/{cap.tier}",
            _("%(tier)s, all lines of a draw together at most")
            % {"tier": version.tier(cap.tier).label},
            (_money_of(cap.total_fen),),
        )
    yield "floating/unit", _("A floating prize is cut down to"), (_money_of(rule.unit_fen),)
    yield "floating/cut", _("How it is cut"), (
        {
            "parts": _("each part for itself, then added"),
            "sum": _("the parts added, then cut once"),
        }[rule.cut],
    )  # fmt: skip
    yield "floating/left_over", _("Rolls over to the pool"), (
        _("what nobody wins"),
        {
            "whole_part": _("of a part whose cap is reached, all that is not paid"),
            "per_line": _("of a part whose cap is reached, what each line loses by it"),
            "exact": _("of a part whose cap is reached, all that is not paid, to the fen"),
        }[rule.left_over],
    )  # fmt: skip


def _band(split: Split, rule: Floating) -> str:
    marks = sorted(one.pool_from_fen for one in rule.splits if one.special == split.special)
    above = next((mark for mark in marks if mark > split.pool_from_fen), None)
    figures = {"from": _money_of(split.pool_from_fen), "below": _money_of(above or 0)}
    if len(marks) == 1:
        text = _("Whatever the pool is")
    elif above is None:
        text = _("Pool %(from)s or more") % figures
    elif split.pool_from_fen == 0:
        text = _("Pool below %(below)s") % figures
    else:
        text = _("Pool %(from)s to below %(below)s") % figures
    return _("%(band)s, special rule on") % {"band": text} if split.special else text


def _part(version: RuleVersion, part: Part) -> str:
    figures = {
        "tier": version.tier(part.tier).label,
        "share": _share(part.share),
        "cap": _money_of(part.line_cap_fen),
    }
    text = (
        _("%(tier)s: %(share)s and the pool, a line at most %(cap)s")
        if part.takes_pool
        else _("%(tier)s: %(share)s, a line at most %(cap)s")
    ) % figures
    if part.unwon_to is not None:
        text += _("; if nobody wins it, to %(tier)s") % {"tier": version.tier(part.unwon_to).label}
    return text


def _money(version: RuleVersion) -> Iterator[_Told]:
    for pool in version.pools:
        yield f"pools/{pool.code}", _pool_name(version, pool), tuple(_pool(version, pool))
    yield "minimum", _("Least floating prize"), (
        _("%(factor)s times the next tier's, raised to %(most)s at most, paid by the fund")
        % {"factor": version.minimum.factor, "most": _money_of(version.minimum.most_fen)}
        if version.minimum
        else _("None"),
    )  # fmt: skip
    yield "special", _("Special rule"), (
        _("on when the pool after a draw is %(on)s or more, off when it is below %(off)s")
        % {
            "on": _money_of(version.special.on_from_fen),
            "off": _money_of(version.special.off_below_fen),
        }
        if version.special
        else _("None"),
    )  # fmt: skip
    yield "deficit", _("Fixed prizes above the prize money are paid by"), (
        {
            "fund": _("the adjustment fund; the pool is not touched"),
            "pool": _("the pool, and what it lacks by the adjustment fund"),
        }[version.deficit_paid_by],
    )  # fmt: skip
    yield "rounding", _("What cutting leaves goes to"), (_("the adjustment fund"),)


def _pool_name(version: RuleVersion, pool: Pool) -> str:
    if len(version.pools) == 1:
        return _("Pool")
    return _("Pool “%(name)s”") % {"name": pool.code}


def _pool(version: RuleVersion, pool: Pool) -> Iterator[str]:
    if pool.plays:
        names = [str(play.label) for play in version.plays if play.code in pool.plays]
        yield _("of %(plays)s") % {"plays": _(", ").join(names)}
    else:
        yield _("of all bets")
    if pool.excess_from_fen is not None:
        yield _("above %(most)s it may be moved to the adjustment fund") % {
            "most": _money_of(pool.excess_from_fen)
        }


def _calendar(version: RuleVersion) -> Iterator[_Told]:
    schedule = version.schedule
    every = len(schedule.weekdays) == 7  # noqa: PLR2004 - days of a week
    days = _("every day") if every else _(", ").join(map(_weekday, schedule.weekdays))
    yield "schedule/weekdays", _("Drawn on"), (days,)
    yield "schedule/closes", _("Sales close"), (f"{schedule.closes:%H:%M}",)
    yield "schedule/draws", _("Drawn at"), (f"{schedule.draws:%H:%M}",)
    yield "schedule/issue", _("Issue number"), (
        _("year in %(digits)s digits and running number, such as %(issue)s")
        % {"digits": schedule.issue_year_digits, "issue": schedule.issue(2026, 1)},
    )  # fmt: skip
    yield "claim", _("Prizes are claimed within"), (
        _("%(days)s natural days from the day of the draw") % {"days": version.claim_days},
    )  # fmt: skip


_MONDAY = date(2026, 1, 5)


def _weekday(number: int) -> str:
    return dates.weekday(_MONDAY.replace(day=_MONDAY.day + number - 1))


def _money_of(fen: int) -> str:
    return _("%(amount)s yuan") % {"amount": yuan(fen).removesuffix(".00")}


def _share(ten_thousandths: int) -> str:
    whole, rest = divmod(ten_thousandths, _PERCENT)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"
