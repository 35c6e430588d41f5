"""Things of the room of money that prove who may be paid, what banks said, and what was agreed."""

from __future__ import annotations

from .thing import LATER, MADE_UP, Thing

_CODE = f"'id', {MADE_UP}, 'code', 'FORGED'"
_ROW = f"{_CODE}, 'row_uuid', gen_random_uuid()"
_DIGEST = "encode(sha256('x'), 'hex')"


def _coded(
    name: str, *, table: str, kind: str, edit: str, at: str, forged: str, code: str = "FORGED"
) -> Thing:
    """A thing that is found under its code."""
    return Thing(
        name=name,
        table=f"finance_{table}",
        victim=f"SELECT min(id) FROM finance_{table}",  # noqa: S608 - names written below
        kind=kind,
        key="x.code",
        edit=edit,
        dated=f"{at} = {at} - {LATER}" if at else "",
        forged=forged,
        forged_key=code,
    )


MONEY = (
    _coded(
        "account of the books",
        table="account",
        kind="account",
        edit="is_shadow = NOT is_shadow",
        at="opened_at",
        forged=f"'id', {MADE_UP}, 'code', x.code || 'x'",
        code="SELECT code || 'x' FROM finance_account ORDER BY id LIMIT 1",
    ),
    _coded(
        "withdrawal",
        table="withdrawal",
        kind="withdrawal",
        edit="amount = amount + 1",
        at="requested_at",
        forged=f"{_CODE}, 'request_key', gen_random_uuid(), 'approval_code', ''",
    ),
    _coded(
        "bank's word on an account",
        table="bankaccountcheck",
        kind="bank_account_check",
        edit="outcome = 'DIFFERS'",
        at="asked_at",
        forged=f"{_CODE}, 'bank_account_id', x.bank_account_id + 1",
    ),
    _coded(
        "institution",
        table="provider",
        kind="provider",
        edit="fee_points = 1",
        at="changed_at",
        forged=f"{_CODE}, 'rank', 9",
    ),
    _coded(
        "refund to the source",
        table="depositreturn",
        kind="deposit_return",
        edit="amount = amount + 1",
        at="begun_at",
        forged=f"{_CODE}, 'deposit_id', x.deposit_id + 1",
    ),
    _coded(
        "bank account of the house",
        table="housebank",
        kind="house_bank",
        edit="holder = 'another'",
        at="opened_at",
        forged=(
            f"{_ROW}, 'number_index', 'x', 'account_id', x.account_id + 1,"
            " 'approval_code', 'FORGED'"
        ),
    ),
    _coded(
        "payee",
        table="payee",
        kind="payee",
        edit="name = 'another'",
        at="asked_at",
        forged=f"{_ROW}, 'number_index', 'x', 'approval_code', 'FORGED'",
    ),
    _coded(
        "payment order",
        table="paymentorder",
        kind="payment_order",
        edit="amount = amount + 1",
        at="asked_at",
        forged=f"{_CODE}, 'approval_code', 'FORGED', 'bank_reference', 'FORGED'",
    ),
    _coded(
        "due",
        table="due",
        kind="due",
        edit="amount = amount + 1",
        at="made_at",
        forged=f"{_CODE}, 'position', 9",
    ),
    _coded(
        "bank statement",
        table="statement",
        kind="statement",
        edit="closing = closing + 1",
        at="taken_at",
        forged=f"{_CODE}, 'digest', {_DIGEST}",
    ),
    _coded(
        "line of a statement",
        table="statementline",
        kind="statement_line",
        edit="amount = amount + 1",
        at="",
        forged=f"{_ROW}, 'position', 900",
    ),
    _coded(
        "adjustment",
        table="adjustment",
        kind="adjustment",
        edit="reason = 'another'",
        at="asked_at",
        forged=f"{_CODE}, 'approval_code', 'FORGED'",
    ),
    _coded(
        "period",
        table="period",
        kind="period",
        edit=(
            "state = 'CLOSED', closed_at = clock_timestamp(), approval_code = 'FORGED',"
            f" digest = {_DIGEST}"
        ),
        at="",
        forged=(
            f"'id', {MADE_UP}, 'code', '2031-01', 'first_day', '2031-01-01',"
            f" 'last_day', '2031-01-31', 'state', 'CLOSED', 'closed_at', clock_timestamp(),"
            f" 'approval_code', 'FORGED', 'digest', {_DIGEST}"
        ),
        code="2031-01",
    ),
    _coded(
        "stop of payouts",
        table="payoutstop",
        kind="payout_stop",
        edit="facts = '{}'",
        at="stopped_at",
        forged=(
            f"{_CODE}, 'cause', 'another', 'lifted_at', clock_timestamp(),"
            " 'approval_code', 'FORGED'"
        ),
    ),
    Thing(
        name="treasury receipt",
        table="finance_treasuryreceipt",
        victim="SELECT min(id) FROM finance_treasuryreceipt",
        kind="treasury_receipt",
        key="x.number",
        edit=f"file_digest = {_DIGEST}",
        dated=f"recorded_at = recorded_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'number', 'FORGED', 'amount', x.amount + 1",
        forged_key="FORGED",
    ),
    Thing(
        name="tax on a prize",
        table="finance_prizetax",
        victim="SELECT min(id) FROM finance_prizetax",
        kind="prize_tax",
        edit="tax = tax + 1",
        dated=f"paid_at = paid_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'entry_id', x.entry_id + 1",
        forged_key=MADE_UP,
    ),
    Thing(
        name="match",
        table="finance_match",
        victim="SELECT min(id) FROM finance_match",
        kind="match",
        edit="reference = 'deposit:another'",
        dated=f"matched_at = matched_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'line_id', x.line_id + 500, 'reference', 'deposit:another'",
        forged_key=MADE_UP,
    ),
    Thing(
        name="ceiling of a player",
        table="finance_ceiling",
        victim="SELECT min(id) FROM finance_ceiling",
        kind="ceiling",
        edit="fen = fen + 1",
        dated=f"set_at = set_at - {LATER}",
        forged=f"'id', {MADE_UP}",
        forged_key=MADE_UP,
    ),
)
