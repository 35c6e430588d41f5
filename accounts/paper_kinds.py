"""Which papers prove who somebody is, and what each must look like (F275; S1 四(一)2).

What a paper shows by itself: form and check digit of its number, how long it holds, how old its
holder is. Whether it belongs to the owner of a ticket is the business of `identity_papers`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from stdnum.cn import ric
from stdnum.exceptions import ValidationError as NumberError

from lottery_portal.lib import dates
from lottery_portal.lib.encryption import blind_index
from lottery_portal.lib.errors import Refused

from . import identity
from .models import PaperKind as Kind

CHINA = "CHN"
LONG_TERM_AGE = 46  # from this age on an id card may hold without an end
_STATE = re.compile(r"[A-Z]{3}")
_HMT = re.compile(r"8[123]0000\d{11}[\dX]")
_PR_2023 = re.compile(r"9\d{16}[\dX]")
_PR_2017 = re.compile(r"[A-Z]{3}\d{12}")
_CHINESE_PASSPORT = re.compile(r"[EG]\d{8}|E[A-HJ-NP-Z]\d{7}|[DPS]\d{7,8}|[DPS]E\d{7}|1[45]\d{7}")
_PASSPORT = re.compile(r"(?=(?:[A-Z]*\d){4})[A-Z0-9]{6,9}")


# What people bring and what is no proof of identity here, so that it can be refused by its name.
UNLISTED: Mapping[str, Promise] = {
    "DRIVING": _("Driving licence"),
    "SOCIAL": _("Social security card"),
    "TRAVEL_PERMIT": _("Travel permit for residents of Hong Kong, Macao or Taiwan"),
    "MILITARY": _("Military officer card"),
    "STUDENT": _("Student card"),
    "COPY": _("Copy or photo of a paper"),
}


class PaperNotTaken(Refused):
    """A paper that proves nothing here."""

    code, status = "paper_kind_unlisted", 400
    message = _("%(name)s is not taken as proof of identity. Please bring one of these: %(kinds)s.")


class PaperNumberWrong(Refused):
    """No number that such a paper can have."""

    code, status = "paper_number_wrong", 400
    message = _("This is no valid number for this paper: %(name)s. Please check every character.")


class PaperNameWrong(Refused):
    """No name, or none that such a paper can carry."""

    code, status = "paper_name_wrong", 400
    message = _("Please enter the name as it is printed on the paper: %(name)s.")


class PaperExpired(Refused):
    """Its last day is over."""

    code, status = "paper_expired", 409
    message = _(
        "This paper has expired: %(name)s, valid until %(until)s. Please bring a valid one."
    )


class ValidityWrong(Refused):
    """The last day is missing, or is none that such a paper can have."""

    code, status = "paper_validity_wrong", 400
    message = _("Please enter until when this paper is valid, as printed on it: %(name)s.")


class MinorWinner(Refused):
    """The holder is not 18: nothing is paid, the prize is held (F087)."""

    code, status = "minor_winner", 403
    message = _(
        "By this paper its holder is under 18. Nothing is paid out; the prize is held until it is "
        "decided by law what becomes of it."
    )


class NotAMinor(Refused):
    """The paper is not that of a minor."""

    code, status = "paper_not_of_a_minor", 409
    message = _("By this paper its holder is of age, or it does not tell his age.")


@dataclass(frozen=True)
class Paper:
    """What is printed on a paper, as somebody reads it off. `valid_until` is its last day; None
    where it has no end. `issued_by` is the state by its three letters (ISO 3166)."""

    kind: str
    number: str
    name: str
    valid_until: date | None = None
    issued_by: str = CHINA


@dataclass(frozen=True)
class Examined:
    """A paper that is in order by itself: written in one way, `birth` where its number tells it."""

    kind: Kind
    number: str
    name: str
    issued_by: str
    valid_until: date | None
    birth: date | None

    @property
    def index(self) -> bytes:
        """The blind index of the number; of a citizen id the same that persons have."""
        if self.kind in BY_CITIZEN_ID:
            return blind_index("citizen_id", self.number)
        return blind_index("paper", f"{self.kind}|{self.issued_by}|{self.number}")


BY_CITIZEN_ID = frozenset({Kind.ID_CARD, Kind.HOUSEHOLD})  # their number is the citizen id
REGISTERED = frozenset(Kind) - BY_CITIZEN_ID  # compared with a number registered beforehand
_LONGEST_YEARS = {Kind.ID_CARD: 20, Kind.PASSPORT: 10, Kind.RESIDENCE: 5, Kind.PERMANENT: 10}


def title(kind: str) -> str:
    """What a paper is called, taken or not."""
    if kind in Kind.values:
        return str(Kind(kind).label)
    return str(UNLISTED.get(kind, kind))


def examine(paper: Paper, *, on: date) -> Examined:
    """The paper as written down, if it is one that we take, valid on this day, of an adult.

    Refuses an unlisted or expired kind by name, a number that cannot be, and minors. `on` is a day
    in Shanghai; a paper holds to the end of its last day.
    """
    seen = _examined(paper, on)
    if seen.birth is not None and not identity.is_adult(seen.birth, on):
        raise MinorWinner
    return seen


def examine_minor(paper: Paper, *, on: date) -> tuple[Examined, date]:
    """The paper of a minor with his citizen id, and the day on which he is of age (F087)."""
    seen = _examined(paper, on)
    if seen.birth is None or seen.kind not in BY_CITIZEN_ID or identity.is_adult(seen.birth, on):
        raise NotAMinor(fields=["number"])
    return seen, _after(seen.birth, identity.ADULT)


def _examined(paper: Paper, on: date) -> Examined:
    if paper.kind not in Kind.values:
        kinds = _now(", ").join(str(label) for label in Kind.labels)
        raise PaperNotTaken(name=title(paper.kind), kinds=kinds, fields=["kind"])
    kind, name = Kind(paper.kind), title(paper.kind)
    number = re.sub(r"[\s-]", "", paper.number).upper()
    issued_by = paper.issued_by.strip().upper() if kind == Kind.PASSPORT else CHINA
    if not number.isascii() or not _STATE.fullmatch(issued_by):
        raise PaperNumberWrong(name=name, fields=["number"])
    try:
        birth = _READ[kind](number, issued_by, on)
    except (NumberError, ValueError) as exc:
        raise PaperNumberWrong(name=name, fields=["number"]) from exc
    _check_validity(kind, paper.valid_until, birth, on)
    written = identity.written_name(paper.name)
    if not written or (kind in BY_CITIZEN_ID and not identity.NAME.fullmatch(written)):
        raise PaperNameWrong(name=name, fields=["name"])
    return Examined(kind, number, written, issued_by, paper.valid_until, birth)


def _check_validity(kind: Kind, until: date | None, birth: date | None, on: date) -> None:
    name = title(kind)
    if kind not in _LONGEST_YEARS:  # a household register does not end
        if until is not None:
            raise ValidityWrong(name=name, fields=["valid_until"])
        return
    if until is None:
        may_be_endless = kind == Kind.ID_CARD and birth is not None
        if not may_be_endless or _after(birth or on, LONG_TERM_AGE) > on:
            raise ValidityWrong(name=name, fields=["valid_until"])
        return
    if until < on:
        raise PaperExpired(name=name, until=dates.written(until, "date"), fields=["valid_until"])
    if until > _after(on, _LONGEST_YEARS[kind]):
        raise ValidityWrong(name=name, fields=["valid_until"])


def _after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 3, 1)


def _citizen_id(number: str, _issued_by: str, on: date) -> date:
    return _past(ric.get_birth_date(ric.validate(number)), on)


def _residence(number: str, _issued_by: str, on: date) -> date:
    return _eighteen(_HMT, number, on)


def _permanent(number: str, _issued_by: str, on: date) -> date:
    """18 characters since 2023, with a check digit; before 15, of which only the form is known."""
    if not _PR_2017.fullmatch(number):
        return _eighteen(_PR_2023, number, on)
    year, month, day = (int(number[start : start + 2]) for start in (7, 9, 11))
    birth = date(2000 + year, month, day)
    return birth if birth <= on else date(1900 + year, month, day)


def _eighteen(form: re.Pattern[str], number: str, on: date) -> date:
    """Numbers made as citizen ids are: six characters, the birth date, three, a check digit."""
    if not form.fullmatch(number) or ric.calc_check_digit(number) != number[-1]:
        raise ValueError("no number of this kind")
    return _past(ric.get_birth_date(number), on)


def _past(birth: date, on: date) -> date:
    if birth > on:
        raise ValueError("nobody is born in the future")
    return birth


def _passport(number: str, issued_by: str, _on: date) -> None:
    form = _CHINESE_PASSPORT if issued_by == CHINA else _PASSPORT
    if not form.fullmatch(number):
        raise ValueError("no number of a passport")


_READ: Mapping[Kind, Callable[[str, str, date], date | None]] = {
    Kind.ID_CARD: _citizen_id,
    Kind.HOUSEHOLD: _citizen_id,
    Kind.PASSPORT: _passport,
    Kind.RESIDENCE: _residence,
    Kind.PERMANENT: _permanent,
}
