"""MT940 by the library mt-940; its pages of one account become one sheet."""

from __future__ import annotations

import re
import warnings
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext_lazy as _
from mt940.models import Transactions

from .sheets import Sheet, Told, cut, kind_of, order_in, unreadable

MOST_PAGES = 500
_PAGE = re.compile(r"(?m)^:20:")
_PARTS = re.compile(r"/(NAME|ACCT|REMI|EREF|BENM|ORDP)/")


def read(content: bytes, *, form: str) -> Sheet:
    """All pages of a file as one sheet; they are of one account and join without a gap."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise unreadable(_("it is not a text of SWIFT.")) from exc
    starts = [found.start() for found in _PAGE.finditer(text)]
    if not starts or len(starts) > MOST_PAGES:
        raise unreadable(_("it has no page of an account."))
    pages = [
        _page(text[start:end]) for start, end in zip(starts, [*starts[1:], len(text)], strict=True)
    ]
    for before, after in pairwise(pages):
        if (before["number"], before["closing"]) != (after["number"], after["opening"]):
            raise unreadable(_("its pages do not join, or are of several accounts."))
    lines = tuple(line for page in pages for line in page["lines"])
    days = [line.booked_on for line in lines]
    last = max([pages[-1]["closing_on"], *days])
    return Sheet(
        form=form,
        first_on=min(days, default=last),
        last_on=last,
        opening_fen=pages[0]["opening"],
        closing_fen=pages[-1]["closing"],
        number=pages[0]["number"],
        currency=pages[0]["currency"],
        lines=lines,
    )


def _page(text: str) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = Transactions()
            found.parse(text)  # never mt940.parse: it opens a file of the name it is given
    except Exception as exc:
        raise unreadable(_("it is not MT940.")) from exc
    said = found.data
    opening = said.get("final_opening_balance") or said.get("intermediate_opening_balance")
    closing = said.get("final_closing_balance") or said.get("intermediate_closing_balance")
    # What the library passes over in silence would be missing from the sum.
    if opening is None or closing is None or len(found) != len(re.findall(r"(?m)^:61:", text)):
        raise unreadable(_("a page lacks its balances, or has a line that is not one."))
    return {
        "number": re.sub(r"\W", "", str(said.get("account_identification", ""))),
        "currency": str(closing.amount.currency),
        "opening": _fen(opening.amount.amount),
        "closing": _fen(closing.amount.amount),
        "closing_on": _plain(closing.date),
        "lines": [_line(dict(one.data)) for one in found],
    }


def _line(said: dict[str, Any]) -> Told:
    details = str(said.get("transaction_details") or "").replace("\n", "")
    parts = dict(zip(*[iter(_PARTS.split(details)[1:])] * 2, strict=False))
    own = str(said.get("customer_reference") or "")
    extra = str(said.get("extra_details") or "")
    return Told(
        booked_on=_plain(said.get("entry_date") or said["date"]),
        amount_fen=_fen(said["amount"].amount),
        kind=kind_of(str(said.get("id", "")), details),
        reference=cut(str(said.get("bank_reference") or "") or own, 80),
        order=order_in(own, parts.get("EREF", ""), parts.get("REMI", ""), extra, details),
        name=cut(parts.get("NAME"), 100),
        number=cut(parts.get("ACCT"), 40),
        memo=cut(parts.get("REMI") or details, 200),
    )


def _plain(day: Any) -> date:
    """A plain day out of the library's own."""
    return date(day.year, day.month, day.day)


def _fen(amount: Decimal) -> int:
    value = amount * 100
    if value != int(value):
        raise unreadable(_("an amount is not in yuan and fen."))
    return int(value)
