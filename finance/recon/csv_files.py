"""CSV of banks, and the fund bills of Alipay (plain or zipped), WeChat Pay and the sandbox bank.

All of them keep a running balance, so every row is checked against the one before it: a row that
was taken out, put in or altered shows at once.
"""

from __future__ import annotations

import csv
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from .sheets import Sheet, Told, cut, day, fen, kind_of, order_in, unreadable

LARGEST = 20_000_000
MOST_FILES = 20
_COLUMNS: Mapping[str, Sequence[str]] = {
    "day": ("交易日期", "记账日期", "记账时间", "发生时间", "入账时间", "交易时间", "date"),
    "in": ("收入金额", "收入金额（+元）", "贷方发生额", "贷方金额", "收入", "credit"),
    "out": ("支出金额", "支出金额（-元）", "借方发生额", "借方金额", "支出", "debit"),
    "amount": ("收支金额(元)", "交易金额", "发生额", "amount"),
    "side": ("收支类型", "借贷标志", "side"),
    "balance": ("余额", "账户余额", "账户余额（元）", "账户结余(元)", "balance"),
    "name": ("对方户名", "对方名称", "counterparty"),
    "number": ("对方账号", "对方帐号", "counterparty_account"),
    "reference": ("账务流水号", "资金流水单号", "交易流水号", "流水号", "reference"),
    "order": ("商户订单号", "业务凭证号", "order"),
    "kind": ("业务类型", "业务名称", "交易类型", "kind"),
    "memo": ("备注", "摘要", "用途", "附言", "memo"),
}
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, RuntimeError,
)  # fmt: skip
_OUT = {"支出", "借", "D", "DEBIT", "OUT"}
_IN = {"收入", "贷", "C", "CREDIT", "IN"}


def read(content: bytes, *, form: str) -> Sheet:
    """One account's rows as a sheet, oldest first; refuses what does not add up row by row."""
    if content[:4] == b"PK\x03\x04":
        content = _unzipped(content)
    rows = list(_rows(_text(content)))
    if not rows:
        raise unreadable(_("it has no rows with a date, an amount and a balance."))
    told = [_told(row) for row in rows]
    left = [fen(row["balance"]) for row in rows]
    if not _runs(told, left):
        told, left = told[::-1], left[::-1]
    for place in range(1, len(told)):
        if left[place - 1] + told[place].amount_fen != left[place]:
            raise unreadable(
                _("the balance jumps at the row of %(day)s, %(reference)s.")
                % {"day": told[place].booked_on, "reference": told[place].reference or place + 1}
            )
    return Sheet(
        form=form,
        first_on=told[0].booked_on,
        last_on=told[-1].booked_on,
        opening_fen=left[0] - told[0].amount_fen,
        closing_fen=left[-1],
        lines=tuple(line for line in told if line.amount_fen),
    )


def _runs(told: Sequence[Told], left: Sequence[int]) -> bool:
    """Whether the rows are written oldest first; banks do it either way."""
    if told[0].booked_on != told[-1].booked_on:
        return told[0].booked_on < told[-1].booked_on
    return all(
        left[place - 1] + told[place].amount_fen == left[place] for place in range(1, len(told))
    )


def _told(row: Mapping[str, str]) -> Told:
    return Told(
        booked_on=day(row["day"]),
        amount_fen=_amount(row),
        kind=kind_of(row.get("kind", ""), row.get("memo", "")),
        reference=cut(row.get("reference"), 80),
        order=order_in(row.get("order", ""), row.get("memo", "")),
        name=cut(row.get("name"), 100),
        number=cut(row.get("number"), 40),
        memo=cut(row.get("memo"), 200),
    )


def _amount(row: Mapping[str, str]) -> int:
    if "amount" in row and "side" in row:
        side = row["side"].strip().upper()
        if side not in _OUT | _IN:
            raise unreadable(_("%(side)s is neither in nor out.") % {"side": side[:20]})
        return -abs(fen(row["amount"])) if side in _OUT else abs(fen(row["amount"]))
    if "in" in row and "out" in row:
        came, went = abs(fen(row["in"])), abs(fen(row["out"]))
        if came and went:
            raise unreadable(_("a row has both an amount in and an amount out."))
        return came - went
    return fen(row["amount"])


def _rows(text: str) -> Sequence[Mapping[str, str]]:
    """The rows under the line of titles, by our own names of columns; remarks are left out."""
    names: dict[int, str] = {}
    found: list[dict[str, str]] = []
    for cells in _cells(text):
        row = [cell.strip().strip("`\t ").strip() for cell in cells]
        if not names:
            names = _titles(row)
        elif row and not row[0].startswith("#") and len(row) > max(names):
            by_name = {name: row[place] for place, name in names.items()}
            if by_name["day"] and by_name["balance"]:
                found.append(by_name)
        elif any(row) and not row[0].startswith("#"):
            break  # totals under the rows
    if not names:
        raise unreadable(_("it has no line of titles with a date, an amount and a balance."))
    return found


def _cells(text: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=None))
    except csv.Error as exc:
        raise unreadable(_("it is not a CSV file.")) from exc


def _titles(row: Sequence[str]) -> dict[int, str]:
    places: dict[int, str] = {}
    for name, titles in _COLUMNS.items():
        for title in titles:
            lowered = [cell.lower() for cell in row]
            if title in lowered:
                places[lowered.index(title)] = name
                break
    has = set(places.values())
    is_whole = {"day", "balance"} <= has and ("amount" in has or {"in", "out"} <= has)
    return places if is_whole else {}


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise unreadable(_("it is neither UTF-8 nor GB 18030 text."))


def _unzipped(content: bytes) -> bytes:
    """The detailed bill in a provider's ZIP; refuses what swells beyond all measure."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            bills = [one for one in members if _name(one).endswith("明细.csv")]
            if len(members) > MOST_FILES or len(bills) != 1:
                raise unreadable(_("the ZIP does not hold one detailed bill (…明细.csv)."))
            with archive.open(bills[0]) as bill:
                text = bill.read(LARGEST + 1)
    except _DAMAGED as exc:
        raise unreadable(_("the ZIP is damaged.")) from exc
    if len(text) > LARGEST:
        raise unreadable(_("it is too large."))
    return text


def _name(member: zipfile.ZipInfo) -> str:
    """The name as it was meant: providers write it in GBK without saying so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename
