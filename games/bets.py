"""Bets: what a player may choose, and how it is written down.

A selection is never expanded into lines. It is packed into four masks, words of bankers and of
picks in turn: bankers and other picks of the first word, bankers and picks of the second. Which
number of which place is which bit is said by `games.rules.picks`; lines and hits are counted from
the masks (`games.counting`). Without bankers the picks are all numbers chosen, with bankers they
are the drags.

The canonical text of a selection has four fields and one spelling only; it is what the sealed file
holds:

    single|01,02,03,04,05,06+07|x1|own
    multiple|01,02,03,04,05,06,07+07,09|x2|quick
    banker|01,02#05,06,07,08,09+07|x1|own
    one_d|+03+|x1|own

bet type; places of its play joined by `+`, numbers ascending with two digits, bankers before a `#`,
nothing where a place stays empty; multiplier; chosen by the player (`own`) or by quick pick
(`quick`).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from django.utils.translation import gettext_lazy as _

from games import counting
from games.rules.picks import WORDS, Numbers, Words
from games.rules.shape import BetType, Play, RuleVersion, ZoneRange
from lottery_portal.lib.errors import Refused

MASKS = 4

hits = counting.hits

_CANONICAL = re.compile(
    r"(?P<bet_type>[a-z0-9_]{1,20})"
    r"\|(?P<zones>[0-9,#+]{2,400})"
    r"\|x(?P<multiplier>[0-9]{1,4})"
    r"\|(?P<origin>own|quick)",
    re.ASCII,
)
_NUMBERS = re.compile(r"[0-9]{2}(,[0-9]{2})*", re.ASCII)


class SelectionUnreadable(Refused):
    code, message = "selection_unreadable", _("We cannot read this selection.")


class UnknownBetType(Refused):
    code, message = "unknown_bet_type", _("This game has no bet type “%(bet_type)s”.")


class NumberOutOfRange(Refused):
    code = "number_out_of_range"
    message = _("%(number)s is not among the %(zone)s; they go from %(smallest)s to %(largest)s.")


class NumberRepeated(Refused):
    code, message = "number_repeated", _("%(number)s is chosen twice among the %(zone)s.")


class BankerAlsoDrag(Refused):
    code = "banker_also_drag"
    message = _("%(number)s cannot be banker and drag at once among the %(zone)s.")


class TooFewNumbers(Refused):
    code = "too_few_numbers"
    message = _("Too few %(zone)s: this bet type takes at least %(least)s, you chose %(given)s.")


class TooManyNumbers(Refused):
    code = "too_many_numbers"
    message = _("Too many %(zone)s: this bet type takes at most %(most)s, you chose %(given)s.")


class TooFewBankers(Refused):
    code = "too_few_bankers"
    message = _(
        "Too few bankers among the %(zone)s: this bet type takes at least %(least)s, "
        "you chose %(given)s."
    )


class BankersNeeded(Refused):
    code = "bankers_needed"
    message = _("This bet type needs at least %(least)s banker; you chose %(given)s.")


class TooManyBankers(Refused):
    code = "too_many_bankers"
    message = _(
        "Too many bankers among the %(zone)s: this bet type takes at most %(most)s, "
        "you chose %(given)s."
    )


class BankersNotTaken(Refused):
    code, message = "bankers_not_taken", _("This bet type takes no bankers among the %(zone)s.")


class TooFewLines(Refused):
    code = "too_few_lines"
    message = _(
        "This bet type makes at least %(least)s lines; your numbers make %(given)s. "
        "Choose a further number, or bet it as a single."
    )


class WrongPlaces(Refused):
    code = "wrong_places"
    message = _("This bet type fills exactly %(wanted)s of the places; you filled %(given)s.")


class NumbersMustDiffer(Refused):
    code = "numbers_must_differ"
    message = _("A line of this bet type has %(wanted)s different numbers; yours has %(given)s.")


class PairNeeded(Refused):
    code = "pair_needed"
    message = _("This bet type needs exactly two equal digits; yours has %(given)s different ones.")


class PlacesNotAlike(Refused):
    code = "places_not_alike"
    message = _("This bet type takes the same numbers at every place; %(number)s is not at each.")


class NumberLimited(Refused):
    code = "number_limited"
    message = _("%(number)s is no longer sold for this draw: %(reason)s")


class MultiplierOutOfRange(Refused):
    code = "multiplier_out_of_range"
    message = _("The multiplier goes from %(least)s to %(most)s; you chose %(given)s.")


class TooManyLines(Refused):
    code = "too_many_lines"
    message = _("These numbers make %(given)s lines; a ticket holds at most %(most)s.")


class TicketTooDear(Refused):
    code = "ticket_too_dear"
    message = _(
        "This ticket would cost %(price_fen)s yuan; a ticket costs at most %(most_fen)s yuan."
    )


@dataclass(frozen=True, slots=True)
class Selection:
    """What a player chose, as he said it: nothing in it is checked yet."""

    bet_type: str
    bankers: tuple[tuple[int, ...], ...]
    picks: tuple[tuple[int, ...], ...]
    multiplier: int = 1
    quick_pick: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSelection:
    """A selection that the rules allow, numbers ascending, with its lines, amount and masks."""

    selection: Selection
    lines: int
    amount_fen: int
    masks: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """A line of a play that is not sold for a draw: its numbers, place by place, and why."""

    play: str
    line: tuple[tuple[int, ...], ...]
    reason: str = field(default="", compare=False)

    def __str__(self) -> str:
        return " ".join("".join(map(str, numbers)) for numbers in self.line)


def check(
    version: RuleVersion, selection: Selection, *, limited: Collection[Limited] = ()
) -> CheckedSelection:
    """Read `selection` by the rules of `version`, or raise the refusal of the rule it breaks.

    `limited`: lines that are not sold for the draw (限量); only some games know such.
    """
    bet_type = version.bet_type(selection.bet_type)
    if bet_type is None:
        raise UnknownBetType(bet_type=selection.bet_type)
    if limited and not version.limits_numbers:
        raise ValueError(f"{version.code} does not limit numbers")
    play = version.play(bet_type.play)
    if {len(selection.bankers), len(selection.picks)} != {len(play.places)}:
        raise SelectionUnreadable
    for place, bankers, picks in zip(play.places, selection.bankers, selection.picks, strict=True):
        _check_numbers(place, bankers, picks)
    for place, taken, bankers, picks in zip(
        play.places, bet_type.ranges, selection.bankers, selection.picks, strict=True
    ):
        _check_counts(place, taken, len(bankers), len(picks))
    _check_multiplier(version, selection.multiplier)
    bankers_given = sum(map(len, selection.bankers))
    if bankers_given < bet_type.least_bankers:
        raise BankersNeeded(least=bet_type.least_bankers, given=bankers_given)
    _check_places(play, bet_type, selection)
    lines = count_lines(version, selection)
    _check_lines(version, bet_type, lines)
    amount = price_fen(
        version, lines=lines, multiplier=selection.multiplier, bet_type=bet_type.code
    )
    _check_price(version, amount)
    for line in limited:
        if line.play == play.code and _contains(play, selection, line.line):
            raise NumberLimited(number=str(line), reason=line.reason or _("its limit is reached."))
    ordered = replace(
        selection,
        bankers=tuple(tuple(sorted(numbers)) for numbers in selection.bankers),
        picks=tuple(tuple(sorted(numbers)) for numbers in selection.picks),
    )
    return CheckedSelection(
        selection=ordered, lines=lines, amount_fen=amount, masks=pack(version, ordered)
    )


def check_ticket(version: RuleVersion, selections: Sequence[CheckedSelection]) -> int:
    """The price of one ticket with all `selections`, or `TicketTooDear`."""
    price = sum(checked.amount_fen for checked in selections)
    _check_price(version, price)
    return price


def price_fen(version: RuleVersion, *, lines: int, multiplier: int, bet_type: str) -> int:
    """What so many lines of a bet type cost, times the multiplier."""
    return lines * version.line_price_fen(bet_type) * multiplier


def count_lines(version: RuleVersion, selection: Selection) -> int:
    """How many elementary lines the numbers of `selection` make, its multiplier aside."""
    play = version.play_of(selection.bet_type)
    return counting.lines_of(
        play,
        [place.mask(ns) for place, ns in zip(play.places, selection.bankers, strict=True)],
        [place.mask(ns) for place, ns in zip(play.places, selection.picks, strict=True)],
    )


def pack(version: RuleVersion, selection: Selection) -> tuple[int, int, int, int]:
    """The four masks of a selection."""
    masks = [0] * MASKS
    places = version.play_of(selection.bet_type).places
    for place, bankers, picks in zip(places, selection.bankers, selection.picks, strict=True):
        for kind, numbers in enumerate((bankers, picks)):
            for word, bits in enumerate(place.laid(place.mask(numbers))):
                masks[2 * word + kind] |= bits
    return masks[0], masks[1], masks[2], masks[3]


def unpack(
    version: RuleVersion,
    masks: Sequence[int],
    *,
    bet_type: str,
    multiplier: int = 1,
    quick_pick: bool = False,
) -> Selection:
    """The selection whose masks these are."""
    places = version.play_of(bet_type).places
    return Selection(
        bet_type=bet_type,
        bankers=tuple(place.numbers(place.lifted(masks[::2])) for place in places),
        picks=tuple(place.numbers(place.lifted(masks[1::2])) for place in places),
        multiplier=multiplier,
        quick_pick=quick_pick,
    )


def result_masks(version: RuleVersion, numbers: Sequence[Sequence[int]]) -> Words:
    """The two words of the drawn `numbers`, or the refusal of what cannot have been drawn."""
    if len(numbers) != len(version.zones):
        raise SelectionUnreadable
    words = [0] * WORDS
    drawn_before: dict[str, Sequence[int]] = {}
    for zone, drawn in zip(version.zones, numbers, strict=True):
        _check_numbers(zone, (), drawn)
        _check_counts(
            zone,
            ZoneRange(numbers_least=zone.drawn, numbers_most=zone.drawn),
            0,
            len(drawn),
        )
        if again := set(drawn) & set(drawn_before.get(zone.drum, ())):
            raise NumberRepeated(number=min(again), **_called(zone))
        drawn_before[zone.code] = drawn
        for word, bits in enumerate(zone.laid(zone.mask(drawn))):
            words[word] |= bits
    return words[0], words[1]


def canonical(selection: Selection) -> str:
    """The one spelling of `selection`, whatever the order in which its numbers were chosen."""
    zones = "+".join(
        f"{_spelt(bankers)}#{_spelt(picks)}" if bankers else _spelt(picks)
        for bankers, picks in zip(selection.bankers, selection.picks, strict=True)
    )
    origin = "quick" if selection.quick_pick else "own"
    return f"{selection.bet_type}|{zones}|x{selection.multiplier}|{origin}"


def parse(text: str) -> Selection:
    """The selection that `text` spells canonically, or `SelectionUnreadable`; rules come later."""
    found = _CANONICAL.fullmatch(text)
    if found is None:
        raise SelectionUnreadable
    zones = [zone.rpartition("#")[::2] for zone in found["zones"].split("+")]
    selection = Selection(
        bet_type=found["bet_type"],
        bankers=tuple(_read(bankers) for bankers, _picks in zones),
        picks=tuple(_read(picks) for _bankers, picks in zones),
        multiplier=int(found["multiplier"]),
        quick_pick=found["origin"] == "quick",
    )
    if canonical(selection) != text:
        raise SelectionUnreadable
    return selection


def from_fields(fields: Mapping[str, object]) -> Selection:
    """The selection in the fields of a JSON object, or `SelectionUnreadable`; the rules come later.

    `bet_type` and `picks` (a list of numbers per zone) must be there; `bankers`, `multiplier` and
    `quick_pick` need not.
    """
    picks = _number_lists(fields.get("picks"))
    bankers = _number_lists(fields.get("bankers", [[] for _zone in picks]))
    bet_type, multiplier = fields.get("bet_type"), fields.get("multiplier", 1)
    quick_pick = fields.get("quick_pick", False)
    if not (isinstance(bet_type, str) and _is_number(multiplier) and isinstance(quick_pick, bool)):
        raise SelectionUnreadable
    if not (bet_type.isascii() and bet_type.isprintable()):
        raise SelectionUnreadable  # half a surrogate pair could not even be named in the answer
    return Selection(
        bet_type=bet_type,
        bankers=bankers,
        picks=picks,
        multiplier=multiplier,
        quick_pick=quick_pick,
    )


def _check_numbers(place: Numbers, bankers: Sequence[int], picks: Sequence[int]) -> None:
    for number in (*bankers, *picks):
        if not place.first <= number <= place.last:
            raise NumberOutOfRange(
                number=number, smallest=place.first, largest=place.last, **_called(place)
            )
    for numbers in (bankers, picks):
        if (repeated := _first_repeated(numbers)) is not None:
            raise NumberRepeated(number=repeated, **_called(place))
    if both := set(bankers) & set(picks):
        raise BankerAlsoDrag(number=min(both), **_called(place))


def _check_counts(zone: Numbers, taken: ZoneRange, bankers: int, picks: int) -> None:
    given = bankers + picks
    if bankers < taken.bankers_least:
        raise TooFewBankers(least=taken.bankers_least, given=bankers, **_called(zone))
    if bankers and not taken.bankers_most:
        raise BankersNotTaken(given=bankers, **_called(zone))
    if bankers > taken.bankers_most:
        raise TooManyBankers(most=taken.bankers_most, given=bankers, **_called(zone))
    if given < taken.numbers_least:
        raise TooFewNumbers(least=taken.numbers_least, given=given, **_called(zone))
    if given > taken.numbers_most:
        raise TooManyNumbers(most=taken.numbers_most, given=given, **_called(zone))


def _check_places(play: Play, bet_type: BetType, selection: Selection) -> None:
    picks = selection.picks
    filled = sum(map(bool, picks))
    if play.filled is not None and filled != play.filled:
        raise WrongPlaces(wanted=play.filled, given=filled)
    if bet_type.same_numbers:
        for kind in (selection.bankers, picks):
            for number in sorted({number for numbers in kind for number in numbers}):
                if not all(number in numbers for numbers in kind):
                    raise PlacesNotAlike(number=number)
    if play.pattern != "any" and all(len(numbers) == 1 for numbers in picks):
        line = [number for numbers in picks for number in numbers]
        if not play.fits(line):
            if play.pattern == "one_pair":
                raise PairNeeded(given=len(set(line)))
            raise NumbersMustDiffer(wanted=len(line), given=len(set(line)))


def _contains(play: Play, selection: Selection, line: Sequence[Sequence[int]]) -> bool:
    """Whether this line is one of those the selection makes."""
    return all(
        len(numbers) == (place.picked if play.filled is None else len(numbers))
        and set(bankers) <= set(numbers) <= {*bankers, *picks}
        and (play.filled is None or bool(numbers) == bool(picks))
        for place, bankers, picks, numbers in zip(
            play.places, selection.bankers, selection.picks, line, strict=True
        )
    )


def _check_multiplier(version: RuleVersion, multiplier: int) -> None:
    least, most = version.multiplier_least, version.multiplier_most
    if not least <= multiplier <= most:
        raise MultiplierOutOfRange(least=least, most=most, given=multiplier)


def _check_lines(version: RuleVersion, bet_type: BetType, lines: int) -> None:
    if lines < bet_type.least_lines:
        raise TooFewLines(least=bet_type.least_lines, given=lines)
    most = version.ticket_cap_fen // version.line_price_fen(bet_type.code)
    if lines > most:
        raise TooManyLines(most=most, given=lines)


def _check_price(version: RuleVersion, price: int) -> None:
    if price > version.ticket_cap_fen:
        raise TicketTooDear(price_fen=price, most_fen=version.ticket_cap_fen)


def _called(zone: Numbers) -> dict[str, object]:
    return {"zone": zone.label, "zone_code": zone.code}


def _first_repeated(numbers: Sequence[int]) -> int | None:
    seen: set[int] = set()
    for number in numbers:
        if number in seen:
            return number
        seen.add(number)
    return None


def _spelt(numbers: Sequence[int]) -> str:
    return ",".join(f"{number:02d}" for number in sorted(numbers))


def _read(numbers: str) -> tuple[int, ...]:
    if not numbers:
        return ()
    if _NUMBERS.fullmatch(numbers) is None:
        raise SelectionUnreadable
    return tuple(int(number) for number in numbers.split(","))


def _is_number(value: object) -> TypeGuard[int]:
    """JSON's true is a bool and no number, though Python calls it an int."""
    return isinstance(value, int) and not isinstance(value, bool)


def _number_lists(value: object) -> tuple[tuple[int, ...], ...]:
    if not isinstance(value, list | tuple):
        raise SelectionUnreadable
    return tuple(_number_list(numbers) for numbers in value)


def _number_list(value: object) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not all(_is_number(number) for number in value):
        raise SelectionUnreadable
    return tuple(value)
