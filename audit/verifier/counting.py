"""Engine two: from a sealed file, a rule sheet and the numbers to the result file of a draw.

The result file, format 1, has fields parted by TAB, money in fen:

    result-file  1  draw  rule code  rule digest  root  numbers, 01,02+03: a zone + a zone  special
    money        sales  prize money  pool before  pool after  fund paid  rounding to the fund
                 special next, and before and after of every further pool of the sheet
    announced    digest, approval of a decision or -, to the issuer, from the issuer: only where the
                 issuer announces the prizes; pools and fund are his then, and stand as 0
    tier         number  winning lines  prize of a line   (every tier but those of a special rule
                 that is off, won or not)
    won          ticket  tier:lines,tier:lines…  amount
    end          winning tickets  what they get together

Prices are known only when the last ticket is counted, so winners wait in a temporary file and are
written out after it; nothing else grows with the number of tickets.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

from .issued import price_as_announced
from .lines import Reader
from .pricing import Prices, price
from .sealedfile import Sealed, read_header, read_tickets
from .sheet import SettlementInput, Sheet
from .strict import Wrong

RESULT_FORMAT = "result-file\t1"

_SPOOL_IN_MEMORY = 1 << 20


@dataclass(frozen=True, slots=True)
class Settled:
    """A draw as engine two settled it."""

    sealed: Sealed
    prices: Prices
    winners: int
    prizes_fen: int
    digest: str


def settle(file: IO[bytes], sheet: Sheet, given: SettlementInput, out: IO[bytes]) -> Settled:
    """Count every ticket of `file`, price the draw, write the result file to `out`."""
    header = read_header(file)
    if header.draw != given.draw:
        raise Wrong(f"the sealed file is of draw {header.draw}, the input of draw {given.draw}")
    if (header.rule, header.rule_digest) != (sheet.code, sheet.digest):
        raise Wrong("the rule sheet is not the one the sealed file names")
    reader = Reader(sheet, draw=given.draw, numbers=given.numbers, special_on=given.special_on)
    lines: Counter[int] = Counter()
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_IN_MEMORY) as spool:

        def keep(code: bytes, won: dict[int, int]) -> None:
            for tier, count in won.items():
                lines[tier] += count
            tiers = ",".join(f"{tier}:{won[tier]}" for tier in sorted(won))
            spool.write(b"%b\t%b\n" % (code, tiers.encode("ascii")))

        sealed = read_tickets(file, reader, winner=keep)
        prices = _priced(sheet, given, sales=reader.sales(), lines=lines)
        spool.seek(0)
        hashed = hashlib.sha256()
        winners = prizes = 0
        for text in _head(sealed, given, prices):
            out.write(text)
            hashed.update(text)
        for kept in spool:
            amount = _amount(kept, prices)
            text = b"won\t%b\t%d\n" % (kept[:-1], amount)
            out.write(text)
            hashed.update(text)
            winners += 1
            prizes += amount
    end = f"end\t{winners}\t{prizes}\n".encode("ascii")
    out.write(end)
    hashed.update(end)
    return Settled(sealed, prices, winners, prizes, hashed.hexdigest())


def _priced(
    sheet: Sheet, given: SettlementInput, *, sales: Mapping[str, int], lines: Mapping[int, int]
) -> Prices:
    """By the sheet, or by what the issuer announced."""
    if given.announced is None:
        return price(sheet, given, sales=sales, lines=lines)
    return price_as_announced(sheet, given, given.announced, sales=sales, lines=lines)


def _head(sealed: Sealed, given: SettlementInput, prices: Prices) -> Iterator[bytes]:
    special, special_next = int(given.special_on), int(prices.special_next)
    yield (
        f"{RESULT_FORMAT}\t{sealed.draw}\t{sealed.rule}\t{sealed.rule_digest}\t{sealed.root}"
        f"\t{given.numbers_text()}\t{special}\n"
    ).encode("ascii")
    (_first, before, after), *further = prices.pools
    more = "".join(f"\t{kept}\t{left}" for _code, kept, left in further)
    yield (
        f"money\t{prices.sales_fen}\t{prices.prize_money_fen}\t{before}\t{after}"
        f"\t{prices.fund_paid_fen}\t{prices.rounding_fen}\t{special_next}{more}\n"
    ).encode("ascii")
    if prices.issuer is not None:
        yield ("announced\t{}\t{}\t{}\t{}\n".format(*prices.issuer)).encode("ascii")
    for tier in sorted(prices.prize_fen):
        yield f"tier\t{tier}\t{prices.lines[tier]}\t{prices.prize_fen[tier]}\n".encode("ascii")


def _amount(kept: bytes, prices: Prices) -> int:
    total = 0
    for part in kept[:-1].partition(b"\t")[2].split(b","):
        tier, _colon, count = part.partition(b":")
        total += prices.prize_fen[int(tier)] * int(count)
    return total
