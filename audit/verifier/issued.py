"""Pricing a draw by what its issuer announced, once that is held against the rule sheet.

Every tier has the amount announced; a fixed tier of which none is told, its fixed amount. All prize
money goes to the issuer, and all prizes come from him:

    prize money + paid by the issuer = prizes + owed to the issuer
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .announced import Announcement
from .pricing import Prices, price, prize_money_of, special_after
from .sheet import SettlementInput, Sheet
from .strict import Wrong, shown
from .tiers import SheetTier


def price_as_announced(
    sheet: Sheet,
    given: SettlementInput,
    told: Announcement,
    *,
    sales: Mapping[str, int],
    lines: Mapping[int, int],
) -> Prices:
    """Price a draw by its announcement, or say what of that cannot be."""
    if told.draw != given.draw:
        raise Wrong(f"the announcement is of draw {shown(told.draw)}, the input of {given.draw}")
    if told.special_on != given.special_on:
        raise Wrong("the announcement says otherwise of the special rule than the input")
    sold = sum(sales.values())
    for difference in _announced_differences(sheet, told, sold=sold):
        if told.decision is None:
            raise Wrong(f"the announcement differs from the sheet, undecided: {difference}")
    tiers = sheet.tiers_in_force(special_on=given.special_on)
    won = {tier.number: lines.get(tier.number, 0) for tier in tiers}
    prizes = {tier.number: _announced_prize(tier, told) for tier in tiers}
    for number, count in won.items():
        winners = told.tiers[number][0]
        if winners is not None and count > winners:
            raise Wrong(f"tier {number} has {count} winning lines here, {winners} were announced")
        if count and not prizes[number]:
            raise Wrong(f"tier {number} has {count} winning lines here, no prize was announced")
    money = prize_money_of(sheet, sold)
    paid = sum(count * prizes[number] for number, count in won.items())
    after = told.pool_after_fen
    return Prices(
        sales_fen=sold,
        prize_money_fen=money,
        pools=((sheet.pools[0].code, 0, 0),),
        fund_paid_fen=0,
        rounding_fen=0,
        special_next=given.special_on if after is None else special_after(sheet, given, after),
        lines=won,
        prize_fen=prizes,
        issuer=(told.digest, told.decision[0] if told.decision else "-", money, paid),
    )


def _announced_prize(tier: SheetTier, told: Announcement) -> int:
    amount = told.tiers[tier.number][1]
    return (tier.fixed_at(told.pool_before_fen or 0) or 0) if amount is None else amount


def _announced_differences(sheet: Sheet, told: Announcement, *, sold: int) -> Iterator[str]:
    """What of an announcement the sheet says otherwise, as far as the totals are told."""
    if told.sales_fen is not None and told.sales_fen < sold:
        yield f"{told.sales_fen} fen were sold in all, {sold} fen here"
    winners = {number: count for number, (count, _prize) in told.tiers.items()}
    by_sheet = None
    if (
        len(sheet.pools) == 1
        and told.sales_fen is not None
        and told.pool_before_fen is not None
        and None not in winners.values()
    ):
        if any(_more_above(tier, winners) for tier in sheet.tiers):
            yield "more lines won on top of a tier than won that tier"
            return
        given = SettlementInput(
            told.draw, (), special_on=told.special_on, pools_before_fen=(told.pool_before_fen,)
        )
        by_sheet = price(
            sheet,
            given,
            sales={"": told.sales_fen},
            lines={number: count or 0 for number, count in winners.items()},
        )
    for tier in sheet.tiers_in_force(special_on=told.special_on):
        count, amount = told.tiers[tier.number]
        if by_sheet is not None:
            ours: int | None = by_sheet.prize_fen[tier.number]
        elif tier.raised and told.pool_before_fen is None:
            ours = None
        else:
            ours = tier.fixed_at(told.pool_before_fen or 0)
        if None not in (amount, ours) and count != 0 and amount != ours:
            yield f"tier {tier.number} gets {amount} fen, by the sheet {ours} fen"
    if by_sheet is not None and told.pool_after_fen is not None:
        left = by_sheet.pools[0][2] + told.topup_fen
        if left != told.pool_after_fen:
            yield f"the pool after it is {told.pool_after_fen} fen, by the sheet {left} fen"
    yield from _unclosed(sheet, told)


def _more_above(tier: SheetTier, winners: Mapping[int, int | None]) -> bool:
    if tier.on_top is None or tier.number not in winners:
        return False
    return (winners[tier.number] or 0) > (winners[tier.on_top[0]] or 0)


def _unclosed(sheet: Sheet, told: Announcement) -> Iterator[str]:
    """In a game of several pools: that these grew by all prize money less all prizes."""
    pools = [(told.pool_before_fen, told.pool_after_fen), *told.other_pools.values()]
    if len(sheet.pools) == 1 or len(pools) != len(sheet.pools) or told.sales_fen is None:
        return
    grown = 0
    for before, after in pools:
        if before is None or after is None:
            return
        grown += after - before
    for count, amount in told.tiers.values():
        if count is None or amount is None:
            return
        grown += count * amount
    money = prize_money_of(sheet, told.sales_fen)
    if grown != money:
        yield f"pools and prizes took {grown} fen, the prize money is {money} fen"
