"""Which announced draws come out of the rules to the fen, which do not, and why.

A draw is exact when every prize that was won and the pool after it are as announced. A prize that
nobody won is not held against the announcement, and neither is a cell that was not published. Of
快乐8 only the sum is held: its two pools divide the money by the sales of each pick, which are not
published.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from games import prize_tables, rules
from games.rules import RuleVersion

# Of these nothing can be worked out, each for a reason that is printed with the table.
NOT_PUBLISHED = {
    "fc3d": "the pools of 3D are provincial, so that its national figures do not close",
    "pl3": "no announcement of its draws is in our sources",
    "pl5": "no announcement of its draws is in our sources",
}
UNEXPLAINED = "not explained"


@dataclass(slots=True)
class Era:
    """The announced draws of a rule version: how many there are, how many come out, why not."""

    game: str
    code: str
    draws: int = 0
    exact: int = 0
    why: Counter[str] = field(default_factory=Counter)


def eras(folder: Path) -> list[Era]:
    """Every rule version of which announcements lie in `folder`, game by game."""
    found: dict[str, Era] = {}
    for game in rules.GAMES:
        for row in draws(folder, game):
            version = rules.version_for(game=game, issue=row["issue"])
            era = found.setdefault(version.code, Era(game=game, code=version.code))
            era.draws += 1
            if differences(version, row):
                era.why[row.get("why") or UNEXPLAINED] += 1
            else:
                era.exact += 1
    order = [version.code for game in rules.GAMES.values() for version in game.versions]
    return [found[code] for code in order if code in found]


def draws(folder: Path, game: str) -> Iterator[dict[str, str]]:
    """The announced draws of a game: those that nothing is known against, and the others."""
    for name in ("other", "safe"):
        path = folder / f"{game}_{name}_draws.csv"
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                yield from csv.DictReader(file)


def differences(version: RuleVersion, row: Mapping[str, str]) -> list[str]:
    """What of an announced draw does not come out; nothing when it is exact."""
    if len(version.pools) > 1:
        return _unclosed(version, row)
    if not row["pool_before_fen"]:
        return ["pool before"]
    special_on = row.get("special_rule") == "1"
    in_force = version.tiers_in_force(special_on=special_on)
    try:
        table = prize_tables.compute(
            version,
            sales_fen=int(row["sales_fen"]),
            pool_before_fen=int(row["pool_before_fen"]),
            special_on=special_on,
            winners={tier.number: int(row[f"winners_{tier.mark}"]) for tier in in_force},
            fund_topup_fen=int(row.get("fund_topup_fen") or 0),
        )
    except ValueError as impossible:
        return [str(impossible)]
    found = [
        f"prize {tier.mark}"
        for tier in in_force
        if table.winners[tier.number] and (told := row[f"prize_{tier.mark}_fen"])
        if int(told) != table.prize_fen[tier.number]
    ]
    if int(row["pool_after_fen"]) != table.pool_after_fen:
        found.append("pool after")
    return found


def _unclosed(version: RuleVersion, row: Mapping[str, str]) -> list[str]:
    """Whether the fixed prizes are those of the table and the money of all pools adds up."""
    tiers = {tier.mark: tier for tier in version.tiers}
    found = [
        f"prize {mark}"
        for mark, tier in tiers.items()
        if tier.fixed_fen is not None
        and int(row[f"winners_{mark}"])
        and int(row[f"prize_{mark}_fen"]) != tier.fixed_fen
    ]
    paid = sum(int(row[f"winners_{mark}"]) * int(row[f"prize_{mark}_fen"]) for mark in tiers)
    names = ["pool", *(f"{pool.code}_pool" for pool in version.pools[1:])]
    grown = sum(int(row[f"{name}_after_fen"]) - int(row[f"{name}_before_fen"]) for name in names)
    if grown + paid != version.allocation.split(int(row["sales_fen"])).prize_fen:
        found.append("the money does not close")
    return found


def lines(folder: Path) -> Iterator[str]:
    """The table for people: game, era, exact of all, and why the rest is not."""
    yield "| game | rule version | announced draws | exact | not exact, and why |"
    yield "|---|---|---|---|---|"
    for era in eras(folder):
        why = "; ".join(f"{count} × {reason}" for reason, count in era.why.most_common())
        yield f"| {era.game} | {era.code} | {era.draws:,} | {era.exact:,} | {why or '–'} |"
    for game, reason in NOT_PUBLISHED.items():
        yield f"| {game} | all | – | – | {reason} |"
