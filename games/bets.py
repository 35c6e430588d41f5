"""Bets: what a player may choose, how many lines it is, and how many of them win.

A selection is never expanded into lines. It is packed into four masks, and lines and hits are
counted from them: `mask_1` bankers and `mask_2` other picks of the first zone, `mask_3` and
`mask_4` of the second; number n is bit n - 1. Without bankers the picks are all numbers chosen,
with bankers they are the drags.

The canonical text of a selection has four fields and one spelling only; it is what the sealed file
holds:

    single|01,02,03,04,05,06+07|x1|own
    multiple|01,02,03,04,05,06,07+07,09|x2|quick
    banker|01,02#05,06,07,08,09+07|x1|own

bet type; zones joined by `+`, numbers ascending with two digits, bankers before a `#`; multiplier;
chosen by the player (`own`) or by quick pick (`quick`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import comb, prod
from typing import TypeGuard

from django.utils.translation import gettext_lazy as _

from games.rules.shape import BetType, RuleVersion, Zone, ZoneRange
from lottery_portal.lib.errors import Refused

MASKS = 4

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
    message = _("%(number)s is not among the %(zone)s; they go from 1 to %(largest)s.")


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


def check(version: RuleVersion, selection: Selection) -> CheckedSelection:
    """Read `selection` by the rules of `version`, or raise the refusal of the rule it breaks."""
    bet_type = version.bet_type(selection.bet_type)
    if bet_type is None:
        raise UnknownBetType(bet_type=selection.bet_type)
    if {len(selection.bankers), len(selection.picks)} != {len(version.zones)}:
        raise SelectionUnreadable
    for zone, bankers, picks in zip(version.zones, selection.bankers, selection.picks, strict=True):
        _check_numbers(zone, bankers, picks)
    for zone, taken, bankers, picks in zip(
        version.zones, bet_type.ranges, selection.bankers, selection.picks, strict=True
    ):
        _check_counts(zone, taken, len(bankers), len(picks))
    _check_multiplier(version, selection.multiplier)
    lines = count_lines(version, selection)
    _check_lines(version, bet_type, lines)
    amount = price_fen(version, lines=lines, multiplier=selection.multiplier)
    _check_price(version, amount)
    ordered = replace(
        selection,
        bankers=tuple(tuple(sorted(numbers)) for numbers in selection.bankers),
        picks=tuple(tuple(sorted(numbers)) for numbers in selection.picks),
    )
    return CheckedSelection(selection=ordered, lines=lines, amount_fen=amount, masks=pack(ordered))


def check_ticket(version: RuleVersion, selections: Sequence[CheckedSelection]) -> int:
    """The price of one ticket with all `selections`, or `TicketTooDear`."""
    price = sum(checked.amount_fen for checked in selections)
    _check_price(version, price)
    return price


def price_fen(version: RuleVersion, *, lines: int, multiplier: int) -> int:
    """What so many lines cost, times the multiplier."""
    return lines * version.price_fen * multiplier


def count_lines(version: RuleVersion, selection: Selection) -> int:
    """How many elementary lines the numbers of `selection` make, its multiplier aside."""
    return prod(
        comb(len(picks), zone.picked - len(bankers)) if len(bankers) <= zone.picked else 0
        for zone, bankers, picks in zip(
            version.zones, selection.bankers, selection.picks, strict=True
        )
    )


def pack(selection: Selection) -> tuple[int, int, int, int]:
    """The four masks of a selection of at most two zones."""
    masks = [0] * MASKS
    for zone, (bankers, picks) in enumerate(zip(selection.bankers, selection.picks, strict=True)):
        masks[2 * zone] = mask_of(bankers)
        masks[2 * zone + 1] = mask_of(picks)
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
    zones = range(len(version.zones))
    return Selection(
        bet_type=bet_type,
        bankers=tuple(numbers_of(masks[2 * zone]) for zone in zones),
        picks=tuple(numbers_of(masks[2 * zone + 1]) for zone in zones),
        multiplier=multiplier,
        quick_pick=quick_pick,
    )


def mask_of(numbers: Sequence[int]) -> int:
    """The mask of different numbers from 1."""
    mask = 0
    for number in numbers:
        mask |= 1 << (number - 1)
    return mask


def numbers_of(mask: int) -> tuple[int, ...]:
    """The numbers of a mask, ascending."""
    return tuple(bit + 1 for bit in range(mask.bit_length()) if mask >> bit & 1)


def result_masks(version: RuleVersion, numbers: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """One mask per zone of the drawn `numbers`, or the refusal of what cannot have been drawn."""
    if len(numbers) != len(version.zones):
        raise SelectionUnreadable
    for zone, drawn in zip(version.zones, numbers, strict=True):
        _check_numbers(zone, (), drawn)
        _check_counts(
            zone,
            ZoneRange(numbers_least=zone.drawn, numbers_most=zone.drawn),
            0,
            len(drawn),
        )
    return tuple(mask_of(drawn) for drawn in numbers)


def hits(
    version: RuleVersion, masks: Sequence[int], result: Sequence[int], *, special_on: bool
) -> dict[int, int]:
    """Winning lines per tier of the selection with these `masks`, its multiplier aside.

    A line counts in its highest tier only; the special tier counts only while the rule is on. Tiers
    without a line are left out.
    """
    per_zone = [
        _lines_by_hits(
            bankers_hit=(bankers & drawn).bit_count(),
            picks_hit=(picks & drawn).bit_count(),
            picks=picks.bit_count(),
            wanted=zone.picked - bankers.bit_count(),
        )
        for zone, bankers, picks, drawn in zip(
            version.zones, masks[::2], masks[1::2], result, strict=False
        )
    ]
    found: dict[int, int] = {}
    for tier in version.tiers_in_force(special_on=special_on):
        lines = sum(
            prod(lines.get(hit, 0) for lines, hit in zip(per_zone, match, strict=True))
            for match in tier.matches
        )
        if lines:
            found[tier.number] = lines
    return found


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


def _check_numbers(zone: Zone, bankers: Sequence[int], picks: Sequence[int]) -> None:
    for number in (*bankers, *picks):
        if not 1 <= number <= zone.size:
            raise NumberOutOfRange(number=number, largest=zone.size, **_called(zone))
    for numbers in (bankers, picks):
        if repeated := _first_repeated(numbers):
            raise NumberRepeated(number=repeated, **_called(zone))
    if both := set(bankers) & set(picks):
        raise BankerAlsoDrag(number=min(both), **_called(zone))


def _check_counts(zone: Zone, taken: ZoneRange, bankers: int, picks: int) -> None:
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


def _check_multiplier(version: RuleVersion, multiplier: int) -> None:
    least, most = version.multiplier_least, version.multiplier_most
    if not least <= multiplier <= most:
        raise MultiplierOutOfRange(least=least, most=most, given=multiplier)


def _check_lines(version: RuleVersion, bet_type: BetType, lines: int) -> None:
    if lines < bet_type.least_lines:
        raise TooFewLines(least=bet_type.least_lines, given=lines)
    most = version.ticket_cap_fen // version.price_fen
    if lines > most:
        raise TooManyLines(most=most, given=lines)


def _check_price(version: RuleVersion, price: int) -> None:
    if price > version.ticket_cap_fen:
        raise TicketTooDear(price_fen=price, most_fen=version.ticket_cap_fen)


def _called(zone: Zone) -> dict[str, object]:
    return {"zone": zone.label, "zone_code": zone.code}


def _first_repeated(numbers: Sequence[int]) -> int | None:
    seen: set[int] = set()
    for number in numbers:
        if number in seen:
            return number
        seen.add(number)
    return None


def _lines_by_hits(*, bankers_hit: int, picks_hit: int, picks: int, wanted: int) -> dict[int, int]:
    """How many of a zone's part lines have 0, 1, 2 … hits; `wanted` picks join the bankers."""
    return {
        bankers_hit + hit: comb(picks_hit, hit) * comb(picks - picks_hit, wanted - hit)
        for hit in range(min(picks_hit, wanted) + 1)
    }


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
