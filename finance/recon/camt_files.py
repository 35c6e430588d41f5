"""CAMT.053 (ISO 20022), versions 2 to 13, read with the standard library.

Written here because what is on offer knows accounts by IBAN only, which Chinese banks have not, and
takes a balance in debit through a float. A document with a DTD is refused before anything of it is
read, so there are no entities to swell and nothing to fetch.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from django.utils.translation import gettext_lazy as _

from .sheets import Sheet, Told, cut, day, fen, kind_of, order_in, unreadable

DEEPEST = 60


class _Refused(Exception):
    pass


def read(content: bytes, *, form: str) -> Sheet:
    """The one booked statement of a file as a sheet."""
    statements = list(_all(_tree(content), "Stmt"))
    if len(statements) != 1:
        raise unreadable(_("it does not hold exactly one statement."))
    said = statements[0]
    balances = {_text(one, "Tp/CdOrPrtry/Cd"): one for one in _children(said, "Bal")}
    opening, closing = balances.get("OPBD", balances.get("PRCD")), balances.get("CLBD")
    if opening is None or closing is None:
        raise unreadable(_("it lacks the opening or the closing balance."))
    lines = tuple(
        _line(entry) for entry in _children(said, "Ntry") if _status(entry) in {"BOOK", ""}
    )
    days = [line.booked_on for line in lines]
    first, last = _text(said, "FrToDt/FrDtTm"), _text(said, "FrToDt/ToDtTm")
    closed_on = _dated(closing)
    return Sheet(
        form=form,
        first_on=min([day(first) if first else closed_on, *days]),
        last_on=max([day(last) if last else closed_on, *days]),
        opening_fen=_signed(opening),
        closing_fen=_signed(closing),
        number=_text(said, "Acct/Id/IBAN") or _text(said, "Acct/Id/Othr/Id"),
        currency=_currency(closing),
        lines=lines,
    )


def _line(entry: Element) -> Told:
    """An entry with what its details say; several details of one entry stay one movement."""
    details = list(_all(entry, "TxDtls"))
    one = details[0] if len(details) == 1 else Element("none")
    amount = _signed(entry)
    side = "Dbtr" if amount > 0 else "Cdtr"
    notes = " ".join(
        note.text or "" for detail in details for note in _all(detail, "Ustrd")
    ) or _text(entry, "AddtlNtryInf")
    ends = [_text(detail, "Refs/EndToEndId") for detail in details]
    if _currency(entry) != "CNY":
        raise unreadable(_("a line is in another currency."))
    return Told(
        booked_on=_dated(entry),
        amount_fen=amount,
        kind=kind_of(*(code.text or "" for code in _all(entry, "SubFmlyCd")), notes),
        reference=cut(_text(entry, "AcctSvcrRef") or _text(entry, "NtryRef"), 80),
        order=order_in(*(ends if len(details) == 1 else []), notes),
        name=cut(_text(one, f"RltdPties/{side}/Nm") or _text(one, f"RltdPties/{side}/Pty/Nm"), 100),
        number=cut(
            _text(one, f"RltdPties/{side}Acct/Id/IBAN")
            or _text(one, f"RltdPties/{side}Acct/Id/Othr/Id"),
            40,
        ),
        memo=cut(notes, 200),
    )


def _signed(owner: Element) -> int:
    """The amount that stands directly in a balance or an entry, with its sign."""
    amount = fen(_text(owner, "Amt"))
    side = _text(owner, "CdtDbtInd")
    if side not in {"CRDT", "DBIT"} or amount < 0:
        raise unreadable(_("an amount is neither credit nor debit."))
    return amount if side == "CRDT" else -amount


def _dated(owner: Element) -> date:
    for path in ("BookgDt/Dt", "BookgDt/DtTm", "Dt/Dt", "Dt/DtTm", "ValDt/Dt", "ValDt/DtTm"):
        if found := _text(owner, path):
            return day(found)
    raise unreadable(_("a line has no date."))


def _status(entry: Element) -> str:
    return _text(entry, "Sts") or _text(entry, "Sts/Cd")


def _currency(owner: Element) -> str:
    return next((one.get("Ccy", "") for one in _children(owner, "Amt")), "")


def _text(owner: Element, path: str) -> str:
    found = [owner]
    for name in path.split("/"):
        found = [child for one in found for child in _children(one, name)][:1]
    return (found[0].text or "").strip() if found else ""


def _children(owner: Element, name: str) -> Iterator[Element]:
    return (child for child in owner if child.tag == name)


def _all(owner: Element, name: str) -> Iterator[Element]:
    return owner.iter(name)


def _tree(content: bytes) -> Element:
    """The document without its namespaces; nothing with a DTD, nothing bottomless."""
    builder, depth = TreeBuilder(), 0

    def refuse(*_told: object) -> NoReturn:
        raise _Refused

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise _Refused
        builder.start(tag.rpartition(" ")[2], attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag.rpartition(" ")[2])

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(content, True)  # noqa: FBT003 - expat's own signature
    except (expat.ExpatError, _Refused, ValueError, LookupError) as exc:
        raise unreadable(_("it is not a plain XML document.")) from exc
    return builder.close()
