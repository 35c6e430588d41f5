"""What money went through in the house that is attacked: in, out, back, paid to others, stopped."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import Player
from finance import ceilings, dues, payouts, prize_tax, refunds, treasury_receipts, wallets
from finance.ledger import Move
from finance.models import Deposit
from lottery_portal.lib import dates
from tests import make_money, make_remittance
from tests.finance import recon_deeds


def happened(*, now: datetime) -> None:
    """One row at least of everything of `money_things`, by the doors."""
    treasurer = make_money.staff("siku", "treasurer", now=now).member.user
    player = make_money.player(now=now)
    brought = make_money.fund(player, 900_00, now=now)
    brought.refresh_from_db()
    make_money.withdraw(player, 50_00, make_money.bank_account(player, now=now), now=now)
    with transaction.atomic():
        ceilings.set_ceiling(
            player=player,
            flow=ceilings.Flow.DEPOSIT,
            span=ceilings.Span.MONTH,
            fen=5_000_00,
            valid_from=now,
        )
    _corrected(player.code, now)
    _returned(brought, treasurer, now)
    _compared(brought, treasurer, now)
    _remitted(now)
    _taxed(player, now)
    payouts.stop_by_hand(reason="对账中", actor=treasurer, now=now)


def _corrected(player_code: str, now: datetime) -> None:
    make_money.open_accounts(("suspense:sandbox", "SUSPENSE"))
    make_money.decided(
        make_money.adjustment(Move("suspense:sandbox", f"wallet:{player_code}", 12_50), now=now),
        now=now,
    )


def _returned(brought: Deposit, treasurer: object, now: datetime) -> None:
    run = refunds.dry_run([brought], amount=10_00)
    refunds.plan(run=run, reason="重复扣款", maker=treasurer, now=now)  # small: carried out at once


def _compared(brought: Deposit, treasurer: object, now: datetime) -> None:
    recon_deeds.house_bank(treasurer, now)
    recon_deeds.provider(treasurer, now)
    day = dates.in_shanghai(now).date()
    rows = [(day, brought.amount, "T1", brought.code, "交易"), (day, 1_00, "T2", "", "利息")]
    recon_deeds.bill(rows, treasurer, now)


def _taxed(player: Player, now: datetime) -> None:
    make_remittance.allocate(("prizes:T001", 90_000_00))
    with transaction.atomic():
        prize_tax.pay(
            reference="redemption:R1",
            source="prizes:T001",
            target=wallets.winnings_of(player),
            game="ssq",
            occasion="ssq/2026134",
            winner="person-1",
            prize=20_000_00,
            together=20_000_00,
            now=now,
        )


def _remitted(now: datetime) -> None:
    ago = make_remittance.month(1)
    make_remittance.allocate(("welfare:ssq", 360_000_00), on=ago)
    dues.make(now=now)
    paid = make_remittance.paid(
        make_remittance.order("welfare:ssq", make_remittance.payee("WELFARE"))
    )
    treasury_receipts.record(
        order=paid.code,
        number="沪财缴 2026-0001",
        issued_on=make_remittance.today(),
        amount=paid.amount,
        file_name="receipt.pdf",
        content=b"%PDF-1.7 receipt",
        actor=make_remittance.member("treasurer"),
        now=now,
    )
