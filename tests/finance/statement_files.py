"""Files as banks and providers write them, made by hand from their published formats."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date

Row = tuple[date, int, str, str, str]  # day, fen, reference, order, memo


def yuan(fen: int) -> str:
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def sandbox(rows: Sequence[Row], *, opening: int = 0, party: str = "", name: str = "") -> bytes:
    """Date, amount, running balance: the plainest there is."""
    text = "date,amount,balance,reference,order,counterparty,counterparty_account,memo\n"
    left = opening
    for day, fen, reference, order, memo in rows:
        left += fen
        text += f"{day},{yuan(fen)},{yuan(left)},{reference},{order},{name},{party},{memo}\n"
    return text.encode()


def bank(rows: Sequence[Row], *, opening: int = 0, newest_first: bool = False) -> bytes:
    """A Chinese bank's CSV: in and out in columns of their own, GB 18030, a preamble."""
    lines, left = [], opening
    for day, fen, reference, _order, memo in rows:
        left += fen
        came, went = (f'"{fen / 100:,.2f}"', "") if fen > 0 else ("", f'"{-fen / 100:,.2f}"')
        lines.append(
            f'{day:%Y%m%d},{came},{went},"{left / 100:,.2f}",支付宝(中国),2088000111,'
            f"{reference},{memo}"
        )
    if newest_first:
        lines.reverse()
    head = "中国某银行对公账户明细\n账号：6222000012345678\n"
    titles = "交易日期,贷方发生额,借方发生额,余额,对方户名,对方账号,交易流水号,摘要\n"
    return (head + titles + "\n".join(lines) + "\n合计,,,,,,,\n").encode("gb18030")


def alipay(rows: Sequence[Row], *, opening: int = 0) -> bytes:
    """The fund bill of Alipay in its ZIP, names in GBK without a word about it."""
    left = opening
    text = "#支付宝账务明细查询\n#账号：[20880000000000000156]\n#-----账务明细列表-----\n"
    text += (
        "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,"
        "账户余额（元）,交易渠道,业务类型,备注\n"
    )
    for day, fen, reference, order, memo in rows:
        left += fen
        came, went = (yuan(fen), "") if fen > 0 else ("", yuan(fen))
        text += (
            f"{reference}\t,2026112200\t,{order}\t,充值,{day} 10:00:00,138****0000,{came},{went},"
            f"{yuan(left)},支付宝,{memo},\n"
        )
    text += "#-----账务明细列表结束-----\n#支出合计：1笔，共-1.00元\n"
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in ("2088_20261121_账务明细.csv", "2088_20261121_账务明细(汇总).csv"):
            info = zipfile.ZipInfo("x" * len(name.encode("gb18030")))
            archive.writestr(info, text.encode("gb18030"))
    raw = held.getvalue()
    for name in ("2088_20261121_账务明细.csv", "2088_20261121_账务明细(汇总).csv"):
        written = name.encode("gb18030")
        raw = raw.replace(b"x" * len(written), written)
    return raw


def wechat(rows: Sequence[Row], *, opening: int = 0) -> bytes:
    """The fund bill of WeChat Pay: a backtick before every value, totals below."""
    left = opening
    text = (
        "\ufeff记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
        "资金变更提交申请人,备注,业务凭证号\r\n"
    )
    for day, fen, reference, order, memo in rows:
        left += fen
        cells = [
            f"{day} 10:00:00", "4200001", reference, memo, memo, "收入" if fen > 0 else "支出",
            yuan(abs(fen)), yuan(left), "system", "", order,
        ]  # fmt: skip
        text += ",".join(f"`{cell}" for cell in cells) + "\r\n"
    text += "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`2,`1,`1.00,`1,`1.00\r\n"
    return text.encode()


def mt940(
    rows: Sequence[Row],
    *,
    opening: int = 0,
    number: str = "6222000012345678",
    party: str = "",
    currency: str = "CNY",
) -> bytes:
    """One page of MT940."""
    first, last = rows[0][0], rows[-1][0]
    text = f":20:STMT\r\n:25:{number}\r\n:28C:325/1\r\n"
    text += f":60F:{_side(opening)}{first:%y%m%d}{currency}{_comma(opening)}\r\n"
    for day, fen, reference, order, memo in rows:
        text += f":61:{day:%y%m%d}{day:%m%d}{_side(fen)}{_comma(fen)}NTRF"
        text += f"{(order or 'NONREF')[:16]}//{reference}\r\n"
        text += f":86:/EREF/{order}/NAME/ALIPAY/ACCT/{party}/REMI/{memo}\r\n"
    closing = opening + sum(row[1] for row in rows)
    text += f":62F:{_side(closing)}{last:%y%m%d}{currency}{_comma(closing)}\r\n-\r\n"
    return text.encode()


def camt(
    rows: Sequence[Row],
    *,
    opening: int = 0,
    number: str = "6222000012345678",
    party: str = "",
    doctype: str = "",
    version: str = "08",
    number_tag: str = "Othr",
) -> bytes:
    """CAMT.053 with the accounts as Chinese banks name them."""
    closing = opening + sum(row[1] for row in rows)
    entries = "".join(
        f"<Ntry><Amt Ccy='CNY'>{yuan(abs(fen))}</Amt><CdtDbtInd>{_word(fen)}</CdtDbtInd>"
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt>"
        f"<AcctSvcrRef>{reference}</AcctSvcrRef><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{order}</EndToEndId></Refs>"
        f"<AmtDtls><InstdAmt><Amt Ccy='USD'>9.99</Amt></InstdAmt></AmtDtls>"
        f"<RltdPties><{_party(fen)}><Pty><Nm>支付宝</Nm></Pty></{_party(fen)}>"
        f"<{_party(fen)}Acct><Id><Othr><Id>{party}</Id></Othr></Id></{_party(fen)}Acct></RltdPties>"
        f"<RmtInf><Ustrd>{memo}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        for day, fen, reference, order, memo in rows
    )
    account = (
        f"<Othr><Id>{number}</Id></Othr>" if number_tag == "Othr" else f"<IBAN>{number}</IBAN>"
    )
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>{doctype}"
        f"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}'><BkToCstmrStmt>"
        f"<GrpHdr><MsgId>1</MsgId></GrpHdr><Stmt><Id>1</Id><Acct><Id>{account}</Id></Acct>"
        f"{_bal('OPBD', opening, rows[0][0])}{_bal('CLBD', closing, rows[-1][0])}{entries}"
        f"</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _bal(code: str, fen: int, day: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='CNY'>{yuan(abs(fen))}</Amt>"
        f"<CdtDbtInd>{_word(fen)}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _word(fen: int) -> str:
    return "CRDT" if fen >= 0 else "DBIT"


def _party(fen: int) -> str:
    return "Dbtr" if fen > 0 else "Cdtr"


def _side(fen: int) -> str:
    return "C" if fen >= 0 else "D"


def _comma(fen: int) -> str:
    return f"{abs(fen) // 100},{abs(fen) % 100:02d}"
