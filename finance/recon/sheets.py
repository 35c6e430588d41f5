"""What any statement or bill says, whatever its format; and what makes one unbelievable."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from finance.models import StatementLine
from lottery_portal.lib import codes
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import yuan

Kind = StatementLine.Kind
CURRENCY = "CNY"
MOST_LINES = 50_000
MOST_FEN = 10**15
_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (Kind.FEE, ("手续费", "服务费", "收费", "扣除", "FEE", "CHRG", "NCHG")),
    (Kind.RETURN, ("退款", "退票", "退汇", "REFUND", "RETURN")),
    (Kind.SETTLEMENT, ("提现", "结算", "SETTLE")),
    (Kind.PAYOUT, ("转账", "付款", "代付", "PAYOUT")),
    (Kind.PAYMENT, ("交易", "支付", "PAYMENT")),
)
_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日")


class FileUnreadable(Refused):
    """Not a file of the format it was said to be."""

    code, status = "statement_unreadable", 400
    message = _("This file cannot be read: %(why)s")


class DoesNotAddUp(Refused):
    """Opening balance and lines do not make the closing balance."""

    code, status = "statement_does_not_add_up", 400
    message = _(
        "The file does not add up: opening balance and lines make %(made)s yuan, "
        "the closing balance is %(closing)s yuan. Please ask the bank for the whole file."
    )


@dataclass(frozen=True)
class Told:
    """One line: `amount_fen` is positive where the account took money in."""

    booked_on: date
    amount_fen: int
    kind: str = Kind.OTHER
    reference: str = ""
    order: str = ""
    name: str = ""
    number: str = ""
    memo: str = ""


@dataclass(frozen=True)
class Sheet:
    """All that a file says of one account; `number` is empty where the format has none."""

    form: str
    first_on: date
    last_on: date
    opening_fen: int
    closing_fen: int
    number: str = ""
    currency: str = CURRENCY
    lines: Sequence[Told] = field(default_factory=tuple)


def unreadable(why: object) -> FileUnreadable:
    """The refusal of a file, with a reason that people can act on."""
    return FileUnreadable(why=str(why))


def fen(text: str) -> int:
    """An amount as files write it (1,234.50, +1.00, ¥3), in fen, to the fen; '' is 0."""
    plain = text.strip().replace(",", "").replace("¥", "").replace("￥", "").removeprefix("+")
    if plain in {"", "-", "--"}:
        return 0
    try:
        value = Decimal(plain) * 100
        whole = int(value) if abs(value) <= MOST_FEN else MOST_FEN + 1  # 1E999999 has many digits
    except (ArithmeticError, ValueError) as exc:
        raise unreadable(_("%(text)s is not an amount.") % {"text": text[:40]}) from exc
    if whole != value or abs(whole) > MOST_FEN:
        raise unreadable(_("%(text)s is not an amount in yuan and fen.") % {"text": text[:40]})
    return whole


def day(text: str) -> date:
    """The day in 2026-11-21, 2026/11/21 08:00:00, 20261121 or 2026年11月21日."""
    first = text.strip().replace("T", " ").split(" ")[0]
    for form in _DAYS:
        try:
            found = datetime.strptime(first, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
        if 2000 <= found.year <= 2099:  # noqa: PLR2004 - the days that people ask for
            return found
    raise unreadable(_("%(text)s is not a date.") % {"text": text[:40]})


def kind_of(*words: str) -> str:
    """What a line is about, by the words that banks and providers use."""
    text = " ".join(words).upper()
    for kind, names in _WORDS:
        if any(name in text for name in names):
            return kind
    return Kind.OTHER


def order_in(*texts: str) -> str:
    """Our own order code somewhere in what the bank passed on, or ''."""
    for text in texts:
        for word in re.findall(r"[0-9A-Z-]{17,21}", text.upper()):
            for start in range(len(bare := word.replace("-", "")) - codes.LENGTH + 1):
                if codes.is_valid(found := bare[start : start + codes.LENGTH]):
                    return str(found)
    return ""


def believed(sheet: Sheet) -> Sheet:
    """The same sheet, once it is in our money and adds up to the fen."""
    if sheet.currency != CURRENCY:
        raise unreadable(_("it is in %(currency)s.") % {"currency": sheet.currency[:10]})
    if len(sheet.lines) > MOST_LINES:
        raise unreadable(_("it has more than %(most)s lines.") % {"most": MOST_LINES})
    if sheet.first_on > sheet.last_on or any(
        not sheet.first_on <= line.booked_on <= sheet.last_on for line in sheet.lines
    ):
        raise unreadable(_("a line lies outside of its days."))
    made = sheet.opening_fen + sum(line.amount_fen for line in sheet.lines)
    if made != sheet.closing_fen:
        raise DoesNotAddUp(made=yuan(made), closing=yuan(sheet.closing_fen))
    return sheet


def cut(text: str | None, most: int) -> str:
    """Printable text of at most `most` letters."""
    kept = "".join(letter if letter.isprintable() else " " for letter in text or "")
    return " ".join(kept.split())[:most]
