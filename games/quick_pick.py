"""Quick pick (机选): numbers chosen by the operating system's random generator, all equally likely.

`secrets.randbelow` draws bits anew until they fall below the bound, so no number gains from a
division remainder; Floyd's sampling then makes every set of numbers equally likely with one draw
per number.
"""

import secrets
from collections.abc import Callable, Sequence

from games.bets import Selection
from games.rules.shape import RuleVersion

SINGLE, MULTIPLE = "single", "multiple"


def pick(
    version: RuleVersion,
    *,
    sizes: Sequence[int] | None = None,
    multiplier: int = 1,
    below: Callable[[int], int] = secrets.randbelow,
) -> Selection:
    """A random single line, or with `sizes` so many numbers per zone; not checked yet.

    `below(n)` must give each of 0 … n-1 with equal chance.
    """
    line = [zone.picked for zone in version.zones]
    wanted = list(sizes) if sizes is not None else line
    picks = tuple(
        sample(zone.size, min(size, zone.size), below=below)
        for zone, size in zip(version.zones, wanted, strict=True)
    )
    return Selection(
        bet_type=SINGLE if wanted == line else MULTIPLE,
        bankers=tuple(() for _zone in version.zones),
        picks=picks,
        multiplier=multiplier,
        quick_pick=True,
    )


def sample(
    size: int, count: int, *, below: Callable[[int], int] = secrets.randbelow
) -> tuple[int, ...]:
    """`count` different numbers from 1 to `size`, ascending, every set of them equally likely."""
    chosen: set[int] = set()
    for largest in range(size - count + 1, size + 1):
        number = below(largest) + 1
        chosen.add(largest if number in chosen else number)
    return tuple(sorted(chosen))
