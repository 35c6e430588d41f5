"""The rule sheet: a rule version as canonical JSON, from which a stranger can settle a draw.

Its bytes are UTF-8, keys sorted, no spaces, no floats; the same version always gives the same
bytes, and their SHA-256 stands in the seal statement. How to settle from a sheet alone:

1. `prize_money` = sales x `allocation.prize` / 10000, cut to the fen.
2. A line wins the tier whose `matches` hold its hits per zone (order of `zones`); tiers with
   `special_only` count only while the special rule is on. A tier with `fixed_fen` pays that.
3. `floating` money = `prize_money` less all fixed prizes; a deficit is paid by `deficit_paid_by`,
   and the floating money is then 0.
4. Of `splits`, take the one with the draw's `special` and the greatest `pool_from_fen` that the
   pool before the draw reaches. Each part has floating x `share` / 10000, and the pool if
   `takes_pool`; parts of one tier are added before anything is cut to the fen. A line gets part /
   winning lines, cut to `unit_fen`, at most `line_cap_fen`; the prize of a tier is the sum over
   its parts.
5. A part that nobody wins goes to the pool, cut to `unit_fen`. A part whose line cap is reached
   gives the pool what `left_over` says: `whole_part`, the part cut to `unit_fen` less what is
   paid; `per_line`, lines x (uncapped share of a line - cap).
6. If a tier in `draw_caps` would get more than `total_fen`, its prize is total / lines cut to
   `unit_fen`, and the pool gets, in place of step 5, its parts together, cut to `unit_fen`, less
   what is paid.
7. From the last floating tier upwards: a prize below `minimum.factor` times the next tier's (a
   fixed amount, or a floating prize that was won) is raised to it, but not above
   `minimum.most_fen` nor the tier's draw cap divided by its lines; the fund pays what its parts
   lack.
8. What cutting down leaves goes to `rounding_goes_to`.
9. `special`: after the draw the rule turns on when the pool is at least `on_from_fen`, off when it
   is below `off_below_fen`, and otherwise stays as it was.

Not in it, because they may change while the rule stays: the last issue (it is the one before the
first issue of the next version), names for people, and market closures, which the ministry
announces by the year for all games.
"""

import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import time

from games.rules.shape import RuleVersion

FORMAT = "rule-sheet/1"

_LEFT_OUT = frozenset({"last_issue", "name"})


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
            if field.name not in _LEFT_OUT
        }
    raise TypeError(f"{type(value).__name__} has no place in a rule sheet")
