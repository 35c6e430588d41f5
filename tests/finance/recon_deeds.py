"""Banks, payees, statements and differences for tests, made by the doors."""

from __future__ import annotations

from django.db import transaction

from audit import approvals
from audit.models import ApprovalRequest
from finance import ledger
from finance.models import Difference, HouseBank, ListedPayee
from finance.recon import payees, statements
from lottery_portal.lib.codes import new_code
from tests import make_money as make
from tests.finance import statement_files as files

OURS, PROVIDERS, STRANGERS = "6222000012345678", "6217000099998888", "6228480011112222"


def approved(request, now):
    for _person in range(ApprovalRequest.objects.get(code=request.code).needed):
        checker = make.staff(f"eyes{new_code()[:6]}", "approver", now=now).member.user
        approvals.decide(code=request.code, checker=checker, approve=True, now=now)


def house_bank(treasurer, now, *, word="icbc", number=OURS, purpose="SALES"):
    request = payees.ask_house_bank(
        word=word, bank_name="工商银行", number=number, holder="明彩彩票销售有限公司",
        purpose=purpose, maker=treasurer, now=now,
    )  # fmt: skip
    approved(request, now)
    return HouseBank.objects.get(account__code__endswith=f":{word}")


def provider(treasurer, now, *, number=PROVIDERS):
    request = payees.ask_payee(
        holder="支付宝(中国)", bank_name="网商银行", number=number, purpose="PROVIDER",
        clearing="clearing:sandbox", maker=treasurer, now=now,
    )  # fmt: skip
    approved(request, now)
    return ListedPayee.objects.get(number_index=payees.index_of(number), removed_at__isnull=True)


def bill(rows, actor, now, *, opening=0, account="clearing:sandbox", party=""):
    return statements.take(
        account=account, form="SANDBOX", file_name="bill.csv",
        content=files.sandbox(rows, opening=opening, party=party), actor=actor, now=now,
    )  # fmt: skip


def post(reference, kind, *moves):
    with transaction.atomic():
        return ledger.post(reference=reference, kind=kind, moves=moves)


def found(kind):
    return Difference.objects.filter(kind=kind).get()
