"""Cells of statistics folded until each stands for five people or nobody (F222; S1·七1).

Figures about winners are published so that no cell of one to four people can be read off a page or
worked out from all pages together. Three rules make it so:

 1. every published figure is a sum of blocks, and a block holds at least five people, or nobody;
 2. the blocks of a time cover it once: neither time nor cells overlap, so differences of published
    sums are sums of blocks again;
 3. amounts and regions are told apart, never crossed, and the times of the one are made up of whole
    times of the other. Of two such lists with one total no crossing can be pinned below five.

Counted are people, not prizes: five prizes of one winner are one winner.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FEWEST = 5
OTHERS = "*"  # the key of what is not told apart


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What fell into one band or one region: who, how many prizes, how much (fen).

    `people` may stop at five: who more are is not needed.
    """

    key: str
    people: frozenset[int]
    prizes: int
    fen: int


@dataclass(frozen=True, kw_only=True)
class Block:
    """Cells that are published as one."""

    keys: tuple[str, ...]
    people: frozenset[int]
    prizes: int
    fen: int

    @property
    def may_stand(self) -> bool:
        """Whether five people or more are in it."""
        return len(self.people) >= FEWEST


def folded_in_order(cells: Sequence[Cell]) -> tuple[Block, ...]:
    """Cells that have an order, each folded into the next until five people are together.

    The caller begins with the end where there are few. What is left at the other end joins the last
    block. Nothing is published of a whole of one to four people; an empty cell is left out.
    """
    blocks: list[Block] = []
    open_: list[Block] = []
    for cell in cells:
        if not cell.prizes:
            continue
        open_.append(_alone(cell))
        together = _sum(open_)
        if together.may_stand:
            blocks.append(together)
            open_ = []
    if open_ and blocks:
        blocks[-1] = _sum([blocks[-1], *open_])
    return tuple(blocks)


def folded_by_name(cells: Iterable[Cell]) -> tuple[Block, ...]:
    """Cells without an order: those of five people stand alone, the others together.

    The smallest that stands, and what is as small, joins the others if there are any: else all of
    them were fewer than five each, and who knows this could work some out (four and four are
    eight). Which cells are among the others is not said.
    """
    found = [_alone(cell) for cell in cells if cell.prizes]
    few = [one for one in found if not one.may_stand]
    stand = sorted((one for one in found if one.may_stand), key=lambda one: (-one.prizes, one.keys))
    if few and stand:
        least = stand[-1].prizes
        few += [one for one in stand if one.prizes == least]
        stand = [one for one in stand if one.prizes != least]
    if few and not _sum(few).may_stand:
        return ()
    return (*stand, *([_others(few)] if few else []))


def first_whole(times: Sequence[frozenset[int]]) -> int:
    """How many of the first times are published together: until five people won; 0: none yet.

    What is fewer at the end waits for the times to come. It is not put to what is published
    already, which would tell the difference.
    """
    people: frozenset[int] = frozenset()
    for number, one in enumerate(times, start=1):
        people |= one
        if len(people) >= FEWEST:
            return number
    return 0


def joined(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Blocks of several times or games as one list: what one of them does not tell apart, no sum
    tells apart. In the order of their first keys' appearance."""
    found: list[Block] = []
    for block in blocks:
        touching = [one for one in found if set(one.keys) & set(block.keys)]
        place = min((found.index(one) for one in touching), default=len(found))
        rest = [one for one in found if one not in touching]
        rest.insert(place, _sum([*touching, block]))
        found = rest
    return tuple(found)


def _alone(cell: Cell) -> Block:
    return Block(keys=(cell.key,), people=cell.people, prizes=cell.prizes, fen=cell.fen)


def _others(blocks: Sequence[Block]) -> Block:
    together = _sum(blocks)
    return Block(keys=(OTHERS,), people=together.people, prizes=together.prizes, fen=together.fen)


def _sum(blocks: Sequence[Block]) -> Block:
    return Block(
        keys=tuple(dict.fromkeys(key for one in blocks for key in one.keys)),
        people=frozenset().union(*(one.people for one in blocks)),
        prizes=sum(one.prizes for one in blocks),
        fen=sum(one.fen for one in blocks),
    )
