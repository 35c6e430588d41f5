"""Prize tables by the file: draws as CSV in, what their lines are paid as CSV out.

Every line of the input has its outcome, in order: the cells of the output or the reason why there
are none. Nothing is guessed, nothing is dropped in silence.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from games import prize_tables, rules
from games.rules import RuleVersion
from games.rules.prizes import Pool

_MOST_DIGITS = 18  # what a bigint of the database holds
_OPTIONAL = ("special_rule", "fund_topup_fen")


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
    prizes = [f"prize_{mark}_fen" for mark in rules.GAMES[game].marks]
    further = [f"{pool.code}_pool_after_fen" for pool in _further_pools(game)]
    return ["issue", *prizes, "pool_after_fen", *further, "fund_paid_fen"]


def needed(game: str) -> list[str]:
    """The columns that the input must have."""
    known = rules.GAMES[game]
    columns = ["issue", "sales_fen", "pool_before_fen"]
    if any(version.special for version in known.versions):
        columns += ["special_rule", "fund_topup_fen"]
    columns += [f"{pool.code}_pool_before_fen" for pool in _further_pools(game)]
    if _further_pools(game):
        columns += [f"sales_{play.code}_fen" for play in known.current.plays]
    return [*columns, *(f"winners_{mark}" for mark in _marks(game))]


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
    further = version.pools[1:]
    try:
        table = prize_tables.compute(
            version,
            sales_fen=_amount(row, "sales_fen"),
            pool_before_fen=pool_before,
            special_on=special_on,
            winners=_winners(game, version, row, special_on=special_on),
            fund_topup_fen=_amount(row, "fund_topup_fen", empty=0),
            sales_by_play={
                play.code: _amount(row, f"sales_{play.code}_fen", empty=0) for play in version.plays
            }
            if further
            else None,
            other_pools={
                pool.code: _amount(row, f"{pool.code}_pool_before_fen") for pool in further
            },
        )
    except ValueError as wrong:
        raise _BadLine(str(wrong)) from wrong
    prizes = {version.tier(number).mark: str(fen) for number, fen in table.prize_fen.items()}
    prizes |= dict.fromkeys(version.announced_besides, "0")
    return [
        row["issue"],
        *(prizes.get(mark, "") for mark in rules.GAMES[game].marks),
        str(table.pool_after_fen),
        *(str(after) for _before, after in table.other_pools.values()),
        str(table.fund_paid_fen),
    ]


def _marks(game: str) -> list[str]:
    """The marks of all tiers that lines can win."""
    known = rules.GAMES[game]
    won = {tier.mark for version in known.versions for tier in version.tiers}
    return [mark for mark in known.marks if mark in won]


def _further_pools(game: str) -> Sequence[Pool]:
    return rules.GAMES[game].current.pools[1:]


def _columns(game: str, reader: Iterator[list[str]]) -> list[str]:
    columns = [name.strip() for name in next(reader, [])]
    wanted = needed(game)
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise UnreadableFile(f"The header in line 1 lacks the columns {', '.join(missing)}.")
    twice = sorted({name for name in (*wanted, *_OPTIONAL) if columns.count(name) > 1})
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
    text = row.get(column, "")
    if not text:
        if empty is None:
            raise _BadLine(f"{column} is empty")
        return empty
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise _BadLine(f"{column} is {text!r}, not a whole number from 0 on")
    return int(text)


def _special(version: RuleVersion, row: Mapping[str, str], *, pool_before: int) -> bool:
    text = row.get("special_rule", "")
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
    game: str, version: RuleVersion, row: Mapping[str, str], *, special_on: bool
) -> dict[int, int]:
    in_force = {tier.mark: tier.number for tier in version.tiers_in_force(special_on=special_on)}
    winners = {}
    for mark in _marks(game):
        column = f"winners_{mark}"
        lines = _amount(row, column, empty=None if mark in in_force else 0)
        if mark in in_force:
            winners[in_force[mark]] = lines
        elif lines:
            raise _BadLine(f"{column} is {lines}, but this prize is not in force")
    return winners
