"""Banks, payees, statements and differences for tests, made by the doors."""

from __future__ import annotations

from django.db import transaction

from audit import approvals
from audit.models import ApprovalRequest
from finance import covers, ledger, payees, payouts
from finance.models import Difference, HouseBank
from finance.recon import house_banks, statements
from lottery_portal.lib import dates
from lottery_portal.lib.codes import new_code
from tests import make_money as make
from tests.finance import statement_files as files

OURS, PROVIDERS, STRANGERS = "6222000012345678", "6217000099998888", "6228480011112222"


def approved(code, now):
    for _person in range(ApprovalRequest.objects.get(code=code).needed):
        checker = make.staff(f"eyes{new_code()[:6]}", "approver", now=now).member.user
        approvals.decide(code=code, checker=checker, approve=True, now=now)


def house_bank(treasurer, now, *, word="icbc", number=OURS, purpose="SALES"):
    request = house_banks.ask(
        word=word, bank_name="工商银行", number=number, holder="明彩彩票销售有限公司",
        purpose=purpose, maker=treasurer, now=now,
    )  # fmt: skip
    approved(request.code, now)
    return HouseBank.objects.get(account__code__endswith=f":{word}")


def provider(treasurer, now, *, number=PROVIDERS):
    payee = payees.ask(
        purpose="PROVIDER", party="sandbox", name="支付宝(中国)", bank_name="网商银行",
        number=number, maker=treasurer, now=now,
    )  # fmt: skip
    approved(payee.approval_code, now)
    payee.refresh_from_db()
    return payee


def lift(maker, now):
    """Ask to open payouts again, and have somebody else agree."""
    (stop,) = payouts.open_stops()
    asked = payouts.ask_to_lift(code=stop.code, reason="查明, 见凭证", maker=maker, now=now)
    approved(asked.code, now)


def bill(rows, actor, now, *, opening=0, account="clearing:sandbox", party=""):
    return statements.take(
        account=account, form="SANDBOX", file_name="bill.csv",
        content=files.sandbox(rows, opening=opening, party=party), actor=actor, now=now,
    )  # fmt: skip


def post(reference, kind, *moves):
    with transaction.atomic():
        return ledger.post(reference=reference, kind=kind, moves=moves)


def may_cover(maker, now, fen, *, escrow="escrow:icbc", own_bank="ownbank:main"):
    """Own money that others agreed to pay into an escrow account."""
    cover = covers.ask(
        escrow=escrow, own_bank=own_bank, amount=fen, reason="补足专户", maker=maker, now=now
    )
    approved(cover.approval_code, now)
    return cover


def covered(maker, now, fen, **accounts):
    """Own money that the bank has paid into an escrow account today; under which reference."""
    booked = covers.paid(
        code=may_cover(maker, now, fen, **accounts).code,
        paid_on=dates.in_shanghai(now).date(),
        bank_reference=new_code(),
        actor=maker,
        now=now,
    )
    return covers.reference_of(booked)


def found(kind):
    return Difference.objects.filter(kind=kind).get()
