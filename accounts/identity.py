"""The identity check (F002-F004): who is this player, is he 18, has he no other account?

The built-in provider knows what a number can tell: its checksum, its place and the birth date in
it. A registry of the state answers the same question behind the same protocol, and that for papers
without a citizen id.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Protocol

from django.conf import settings
from django.db import IntegrityError
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from stdnum.cn import ric
from stdnum.exceptions import ValidationError as NumberError

from audit import trail
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.encryption import blind_index
from lottery_portal.lib.errors import Refused

from . import regions
from .models import IdentityCheck, Person, Player

ADULT = 18
ATTEMPTS_A_DAY = 5
NAME = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]+(·[\u3400-\u9fff\U00020000-\U000323af]+)*")
LONGEST_NAME = 30
PERSON_TAKEN = frozenset({"person_once_per_citizen_id", "accounts_player_person_id_key"})


class NotConfirmed(Refused):
    """Name and number do not belong together, or the number cannot be."""

    code, status = "identity_not_confirmed", 400
    message = _(
        "We could not confirm this name with this number. Please check both; you can try "
        "%(left)s more times today."
    )


class UnderAge(Refused):
    """The person is not 18 yet."""

    code, status = "under_age", 403
    message = _("Nobody under 18 may buy tickets or claim prizes.")


class IdentityTaken(Refused):
    """The person has another account."""

    code = "identity_taken"
    message = _("This person already has an account. Each person may have one.")


class AlreadyVerified(Refused):
    """The account is bound to a person; that never changes."""

    code = "already_verified"
    message = _("Your identity is already confirmed.")


class TooManyAttempts(Refused):
    """Today's attempts are used up."""

    code, status = "too_many_attempts", 429
    message = _("You have tried %(attempts)s times today. Please try again tomorrow.")


@dataclass(frozen=True)
class Answer:
    """What a provider says; `birth` is known whenever the number is genuine."""

    confirmed: bool
    reason: str = ""
    birth: date | None = None


class IdentityProvider(Protocol):
    """Says whether a name and a citizen id belong to one living person."""

    name: str

    def check(self, *, name: str, citizen_id: str) -> Answer:
        """Confirm, or refuse with a reason; an unreachable provider raises `OSError`."""
        ...

    def check_paper(self, *, kind: str, number: str, issued_by: str, name: str) -> Answer:
        """The same for a paper without a citizen id; its form has been checked."""
        ...


class NumberProvider:
    """Built in: number, place and checksum are right, and the name can be one."""

    name = "built-in"

    def check(self, *, name: str, citizen_id: str) -> Answer:
        """Confirm what a number and a name can show by themselves."""
        try:
            birth = ric.get_birth_date(ric.validate(citizen_id))
        except NumberError:
            return Answer(confirmed=False, reason="number_malformed")
        if not 2 <= len(name) <= LONGEST_NAME or not NAME.fullmatch(name):  # noqa: PLR2004 - no shorter Chinese name
            return Answer(confirmed=False, reason="name_implausible", birth=birth)
        return Answer(confirmed=True, birth=birth)

    def check_paper(self, *, kind: str, number: str, issued_by: str, name: str) -> Answer:
        """Nothing more can be known here than that there is a name."""
        return Answer(confirmed=bool(name), reason="" if name else "name_implausible")


@cache
def provider() -> IdentityProvider:
    """The provider that the settings name."""
    made: IdentityProvider = import_string(settings.IDENTITY_PROVIDER)()
    return made


def verify(*, player: Player, name: str, citizen_id: str, now: datetime) -> Player:
    """Bind the account to the person, or raise a `Refused`; every attempt leaves a row.

    The provider is asked outside of any transaction.
    """
    name, citizen_id = written_name(name), citizen_id.strip().upper()
    if player.is_verified:
        raise AlreadyVerified
    if attempts_left(player, now) <= 0:
        raise TooManyAttempts(attempts=ATTEMPTS_A_DAY)
    answer = provider().check(name=name, citizen_id=citizen_id)
    try:
        refusal = _conclude(player.pk, name=name, citizen_id=citizen_id, answer=answer, now=now)
    except IntegrityError as exc:
        if violated(exc) not in PERSON_TAKEN:
            raise
        refusal = _note_refusal(player.pk, "identity_taken", now=now) or IdentityTaken()
    if refusal is not None:
        raise refusal
    player.refresh_from_db()
    return player


def written_name(name: str) -> str:
    """The name as it is compared: no spaces, one kind of dot."""
    return re.sub(r"\s+", "", name).translate({ord(dot): "·" for dot in "•‧∙・．."})


def is_adult(birth: date, on: date) -> bool:
    """Whether the 18th birthday has come; who was born on 29 February waits for 1 March."""
    try:
        birthday = birth.replace(year=birth.year + ADULT)
    except ValueError:
        birthday = date(birth.year + ADULT, 3, 1)
    return on >= birthday


def attempts_left(player: Player, now: datetime) -> int:
    """How often the player may still try today (Asia/Shanghai)."""
    midnight = dates.in_shanghai(now).replace(hour=0, minute=0, second=0, microsecond=0)
    used = IdentityCheck.objects.filter(
        player_id=player.pk, checked_at__gte=midnight, checked_at__lt=midnight + timedelta(days=1)
    ).count()
    return ATTEMPTS_A_DAY - used


@door
def _conclude(
    player_id: int, *, name: str, citizen_id: str, answer: Answer, now: datetime
) -> Refused | None:
    player = Player.objects.select_for_update(no_key=True).get(pk=player_id)
    if player.is_verified:
        return AlreadyVerified()
    left = attempts_left(player, now)
    if left <= 0:
        return TooManyAttempts(attempts=ATTEMPTS_A_DAY)
    person, reason = None, answer.reason
    if answer.confirmed:
        if answer.birth is None:
            raise RuntimeError("A provider that confirms a person knows the birth date.")
        if not is_adult(answer.birth, dates.in_shanghai(now).date()):
            reason = "under_age"
        else:
            person, reason = _person(name, citizen_id, answer.birth, now=now)
    _note(player, reason, now=now)
    if person is None:
        return _refusal(reason, left - 1)
    Player.objects.filter(pk=player.pk).update(person=person, verified_at=now)
    return None


@door
def _note_refusal(player_id: int, reason: str, *, now: datetime) -> Refused | None:
    """After a race for the same person was lost: the attempt is still on record."""
    player = Player.objects.select_for_update(no_key=True).get(pk=player_id)
    _note(player, reason, now=now)
    return _refusal(reason, attempts_left(player, now))


def _person(name: str, citizen_id: str, birth: date, *, now: datetime) -> tuple[Person | None, str]:
    index = blind_index("citizen_id", citizen_id)
    known = Person.objects.filter(citizen_id_index=index).first()
    if known is None:
        return record_person(name=name, citizen_id=citizen_id, birth=birth, now=now), ""
    if Player.objects.filter(person=known).exists():
        return None, "identity_taken"
    if known.name.reveal() != name:
        return None, "name_differs"
    return known, ""


def record_person(*, name: str, citizen_id: str, birth: date, now: datetime) -> Person:
    """Write a person down, encrypted and bound to his row; the database refuses a second row."""
    person = Person.objects.create(
        citizen_id=citizen_id,
        citizen_id_index=blind_index("citizen_id", citizen_id),
        name=name,
        birth=birth.isoformat(),
        recorded_at=now,
    )
    regions.record(person, citizen_id, now=now)
    return person


def _note(player: Player, reason: str, *, now: datetime) -> None:
    outcome = IdentityCheck.Outcome.REFUSED if reason else IdentityCheck.Outcome.PASSED
    IdentityCheck.objects.create(
        player=player, provider=provider().name, outcome=outcome, reason=reason, checked_at=now
    )
    trail.record(
        action="accounts.identity_refused" if reason else "accounts.identity_confirmed",
        actor=player.user,
        object_type="player",
        object_code=player.code,
        body={"provider": provider().name, "reason": reason},
    )


def reason_in_words(reason: str) -> str:
    """Why a check failed, as staff read it; what a provider says in its own words stays."""
    known = {
        "under_age": _("under 18 years of age"),
        "identity_taken": _("this person already has an account"),
        "name_differs": _("the name differs from the one on record"),
        "number_malformed": _("the number is not a valid citizen id"),
        "name_implausible": _("the name cannot be that of a person"),
        "paper_registered": _("number of a paper registered"),
        "number_taken": _("this number is registered already"),
        "number_differs": _("the citizen id differs from the one on record"),
    }
    return str(known.get(reason, reason))


def _refusal(reason: str, left: int) -> Refused:
    if reason == "under_age":
        return UnderAge()
    if reason == "identity_taken":
        return IdentityTaken()
    return NotConfirmed(left=left, fields=["citizen_id"])
