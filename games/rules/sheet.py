"""The rule sheet: a rule version as canonical JSON, from which a stranger can settle a draw.

Its bytes are UTF-8, keys sorted, no spaces, no floats; the same version always gives the same
bytes, and their SHA-256 stands in the seal statement. Shares are ten-thousandths, money is fen.

How to read a selection and count its lines from a sheet alone:

1. `bet_types` names the play of a bet, and how many numbers and bankers (`ranges`) it takes at
   each of the play's `places`. Numbers of a place go from `first`; there are `size` of them. A
   line has `picked` of them at each place, all bankers among them; if the play says `filled`, so
   many places have one number each and the others none. With `pattern` `different` the numbers of
   a line, one a place, are all different, with `one_pair` exactly two of them are equal; other
   combinations are no lines. With `same_numbers` all places hold the same numbers; all places
   together have `least_bankers`, all lines `least_lines` at least. A line costs `price_fen` +
   `extra_fen`.
2. `facts` are numbers worked out from the digits drawn in `zones`, in their order: `times`, the
   digits that came exactly `times` times; `sum`, their sum; `choices`, the number i when the i-th
   choice holds: `sum_between` a sum from `least` to `most`, `all_odd`, `all_even`, `all_same`,
   `run` when each is one more, or each one less, than the one before it. What a zone holds is a
   fact by the zone's code.
3. A line has one count of hits per measure of its play: for each pair in `against`, its numbers
   at `place` that are in `fact`, added. It wins the tier whose `matches` hold its counts and
   whose `plays` hold its play (none named: all). Tiers with `special_only` count only while the
   special rule is on, tiers with `when` only if that fact holds one of those numbers. Such a tier
   is one at most; a tier with `on_top` is won beside it.

How masks are laid, in the rows of the portal: number n of a zone or place, with i = n - `first`, is
bit `shift` + i mod `per_word` of word `word` + i div `per_word`. A selection has two words of
bankers and two of picks, a result has two words.

How to settle a draw:

4. The prize money of a pool is its sales x `allocation.prize` / 10000, cut to the fen; its sales
   are those of its `plays` (none named: all); what is cut off belongs to the first pool. A tier
   with `fixed_fen` pays that, or the amount in `raised` with the greatest `pool_from_fen` that
   the first pool, before the draw, reaches. Fixed prizes are paid from the pool of their play.
5. A pool without floating tiers takes what is left of its prize money and gives what it lacks;
   the fund pays what it has not got. In the first pool of a game with `floating`, what is left is
   the floating money; a deficit is paid by `deficit_paid_by`, the pool as far as it goes and then
   the fund, or the fund alone, and the floating money is then 0.
6. Of `splits`, take the one with the draw's `special` and the greatest `pool_from_fen` that the
   pool before the draw reaches. Each part has floating x `share` / 10000, and the pool if
   `takes_pool`; the share of a part whose tier nobody wins goes, if it says `unwon_to`, to the
   first part of that tier, the pool stays. Nothing is cut yet. Units of a tier are its winning
   lines, and for each line that wins a tier on top of it the share of that. A unit gets part /
   units, at most `line_cap_fen`; with `cut` = `parts` this is cut to `unit_fen` for each part.
   The prize of a tier is the sum over its parts, cut to `unit_fen`; a tier on top gets its share
   of it, with `cut` = `parts` of the prize as cut, with `sum` of the sum before it is cut, and is
   cut itself.
7. A part that nobody wins goes to the pool. A part whose line cap is exceeded gives the pool what
   `left_over` says: `whole_part`, the part cut to `unit_fen` less units x cap; `per_line`, units
   x (a unit's share cut to `unit_fen` - cap); `exact`, the part less units x cap. With `exact`
   nothing is cut, and what goes to the pool is rounded to the fen in the end, halves up;
   otherwise a part goes to the pool cut to `unit_fen`.
8. If the units of a tier in `draw_caps` would get more than `total_fen`, a unit gets total /
   units, with `cut` = `parts` cut to `unit_fen`. In place of step 7 the pool gets its parts
   together less the total (`exact`), or these cut to `unit_fen` less what is paid.
9. With `minimum`, from the last floating tier upwards: a prize below `factor` times the next
   tier's (a fixed amount, or a floating prize that was won) is raised to it, but not above
   `most_fen` nor the tier's draw cap divided by its units; tiers on top get their share of it;
   the fund pays what its parts lack.
10. What cutting down leaves goes to `rounding_goes_to`. A tier on top that nobody wins, and a
    floating tier that nobody wins, pay nothing.
11. `special`: after the draw the rule turns on when the pool is at least `on_from_fen`, off when
    it is below `off_below_fen`, and otherwise stays as it was. What a pool holds above
    `excess_from_fen` may be moved to the fund, by a decision of people.

Not in it, because they may change while the rule stays: the last issue (it is the one before the
first issue of the next version), names for people, rows of announcements without prizes, and market
closures, which the ministry announces by the year for all games.
"""

import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import time

from games.rules.shape import RuleVersion

FORMAT = "rule-sheet/1"

LEFT_OUT = frozenset({"announced_besides", "figures", "last_issue", "name"})


def rule_sheet(version: RuleVersion) -> bytes:
    """The canonical bytes of `version`."""
    facts = {"format": FORMAT, "version": _plain(version)}
    return json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def rule_sheet_digest(version: RuleVersion) -> str:
    """SHA-256 of the rule sheet, in hexadecimal."""
    return hashlib.sha256(rule_sheet(version)).hexdigest()


def _plain(value: object) -> object:
    """`value` in JSON's own types; a float or anything unforeseen is a bug."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if is_dataclass(value):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in fields(value)
            if field.name not in LEFT_OUT
        }
    raise TypeError(f"{type(value).__name__} has no place in a rule sheet")
