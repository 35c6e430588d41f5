"""Papers of invented people, as somebody reads them off."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from stdnum.cn import ric

from accounts.models import Person, Player
from accounts.paper_kinds import Paper
from lottery_portal.lib import dates
from tests import people

DIGEST = "0123456789abcdef" * 4
CHILD = date(2015, 6, 1)


def checked(stem: str) -> str:
    """Seventeen characters and their check digit."""
    return stem + ric.calc_check_digit(stem + "0")


def today() -> date:
    return dates.in_shanghai(people.right_now()).date()


def of(who: Player | Person, **other: object) -> Paper:
    """The id card of a player or a person, valid for another year; `other` is read otherwise."""
    person = who.person if isinstance(who, Player) else who
    assert person is not None
    paper = Paper(
        kind="ID_CARD",
        number=person.citizen_id.reveal(),
        name=person.name.reveal(),
        valid_until=today() + timedelta(days=365),
    )
    return replace(paper, **other)  # type: ignore[arg-type]  # names of its fields


def of_somebody(*, name: str = "赵一鸣", birth: date = date(1980, 2, 3), **other: object) -> Paper:
    """The id card of somebody who has no account."""
    number = people.citizen_id(birth)
    until = today() + timedelta(days=365)
    paper = Paper(kind="ID_CARD", number=number, name=name, valid_until=until)
    return replace(paper, **other)  # type: ignore[arg-type]  # names of its fields
