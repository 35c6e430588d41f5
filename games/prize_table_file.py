"""Prize tables by the file: draws as CSV in, what their lines are paid as CSV out.

Every line of the input has its outcome, in order: the cells of the output or the reason why there
are none. Nothing is guessed, nothing is dropped in silence.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from games import prize_tables, rules
from games.rules import RuleVersion

_MOST_DIGITS = 18  # what a bigint of the database holds


class UnreadableFile(Exception):
    """The input as a whole is no list of draws; the message says why."""


class _BadLine(Exception):
    """One line cannot be computed; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an input line: the cells of its output, or none and the reason."""

    line: int
    cells: Sequence[str] = ()
    reason: str = ""


def header(game: str) -> list[str]:
    """The columns of the output."""
    prizes = [f"prize_{tier}_fen" for tier in _tiers(game)]
    return ["issue", *prizes, "pool_after_fen", "fund_paid_fen"]


def outcomes(game: str, text: Iterator[str]) -> Iterator[Outcome]:
    """The outcome of every draw in `text`, or `UnreadableFile` before the first."""
    reader = csv.reader(_without_mark(text))
    columns = _columns(game, reader)
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            yield Outcome(line=reader.line_num, cells=_compute(game, _row(columns, cells)))
        except _BadLine as bad:
            yield Outcome(line=reader.line_num, reason=str(bad))


def _row(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(columns):
        raise _BadLine(f"has {len(cells)} cells, the header has {len(columns)}")
    return {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}


def _compute(game: str, row: Mapping[str, str]) -> list[str]:
    version = _version(game, row["issue"])
    pool_before = _amount(row, "pool_before_fen")
    special_on = _special(version, row, pool_before=pool_before)
    table = prize_tables.compute(
        version,
        sales_fen=_amount(row, "sales_fen"),
        pool_before_fen=pool_before,
        special_on=special_on,
        winners=_winners(version, row, tiers=_tiers(game), special_on=special_on),
        fund_topup_fen=_amount(row, "fund_topup_fen", empty=0),
    )
    prizes = [str(table.prize_fen.get(tier, "")) for tier in _tiers(game)]
    return [row["issue"], *prizes, str(table.pool_after_fen), str(table.fund_paid_fen)]


def _tiers(game: str) -> range:
    return range(1, max(len(version.tiers) for version in rules.GAMES[game].versions) + 1)


def _columns(game: str, reader: Iterator[list[str]]) -> list[str]:
    columns = [name.strip() for name in next(reader, [])]
    needed = ["issue", "sales_fen", "pool_before_fen", "special_rule", "fund_topup_fen"]
    needed += [f"winners_{tier}" for tier in _tiers(game)]
    missing = [name for name in needed if name not in columns]
    if missing:
        raise UnreadableFile(f"The header in line 1 lacks the columns {', '.join(missing)}.")
    twice = sorted({name for name in needed if columns.count(name) > 1})
    if twice:
        raise UnreadableFile(f"The header in line 1 has more than one {', '.join(twice)}.")
    return columns


def _without_mark(text: Iterator[str]) -> Iterator[str]:
    """Spreadsheets put a byte order mark before the first cell."""
    for position, line in enumerate(text):
        yield line.removeprefix("\ufeff") if position == 0 else line


def _version(game: str, issue: str) -> RuleVersion:
    try:
        return rules.version_for(game=game, issue=issue)
    except rules.NoRuleVersion as refusal:
        first = rules.GAMES[game].versions[0].first_issue
        raise _BadLine(f"issue {issue!r} is not an issue of {game} from {first} on") from refusal


def _amount(row: Mapping[str, str], column: str, *, empty: int | None = None) -> int:
    text = row[column]
    if not text:
        if empty is None:
            raise _BadLine(f"{column} is empty")
        return empty
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise _BadLine(f"{column} is {text!r}, not a whole number from 0 on")
    return int(text)


def _special(version: RuleVersion, row: Mapping[str, str], *, pool_before: int) -> bool:
    text = row["special_rule"]
    if text not in {"", "0", "1"}:
        raise _BadLine(f"special_rule is {text!r}, not 0, 1 or empty")
    if text == "1" and version.special is None:
        raise _BadLine(f"special_rule is 1, but {row['issue']} is played without a special rule")
    if text or version.special is None:
        return text == "1"
    states = {
        version.next_special(pool_fen=pool_before, special_on=before) for before in (False, True)
    }
    if len(states) > 1:
        raise _BadLine("special_rule is empty, and the pool alone does not decide it")
    return states.pop()


def _winners(
    version: RuleVersion, row: Mapping[str, str], *, tiers: range, special_on: bool
) -> dict[int, int]:
    in_force = {tier.number for tier in version.tiers_in_force(special_on=special_on)}
    winners = {}
    for tier in tiers:
        column = f"winners_{tier}"
        winners[tier] = _amount(row, column, empty=None if tier in in_force else 0)
        if winners[tier] and tier not in in_force:
            raise _BadLine(f"{column} is {winners[tier]}, but this prize is not in force")
    return winners
