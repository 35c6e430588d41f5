"""The minutes of a drawing: written by an official, signed by another person, never changed (F064).

They are one canonical JSON text with its digest. What the house knows (root, steps, equipment,
result) is filled in from its rows; place, times, people, test draws, the order of the balls,
incidents and notes are typed. A mistake is put right by another edition that says why; both stay.
A real draw is published only when its last edition is signed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from accounts import who
from accounts.models import StaffMember
from audit import canonical, trail
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused

from . import bets, equipment, results, rules
from .models import Draw, DrawMinutes, Equipment, Inspection, MinutesSignature, SealStatement

if TYPE_CHECKING:
    from accounts.models import User

FORMAT = "draw-minutes/1"
WRITERS = frozenset({results.ROLE})
SIGNERS = frozenset({results.ROLE, "compliance", "auditor"})
# From ten digits on a number is that of a person or of his telephone, and has no place here.
_NUMBER_OF_A_PERSON = re.compile(r"\d[\d\s-]{8,}[\dXx]")


class NotAWriter(Refused):
    """Only draw officials write minutes."""

    code, status = "minutes_by_an_official", 403
    message = _("Only a draw official writes the minutes.")


class NotASigner(Refused):
    """Only some posts sign minutes."""

    code, status = "minutes_signed_by_the_staff", 403
    message = _("Your post does not let you sign draw minutes.")


class WrittenByYou(Refused):
    """Writer and signer are one human being."""

    code, status = "minutes_signed_by_another", 403
    message = _("You have written these minutes. Another person signs them.")


class TooEarly(Refused):
    """There is no confirmed result yet."""

    code = "minutes_after_the_result"
    message = _("The minutes of draw %(draw)s are written when its result is confirmed.")


class BallsDiffer(Refused):
    """The balls as drawn are not the confirmed result."""

    code, status = "minutes_agree_with_the_draw", 400
    message = _("The balls in the order drawn are not the confirmed numbers of the draw.")


class TestDrawWrong(Refused):
    """A test draw has numbers that cannot be drawn."""

    code, status = "minutes_test_draw_wrong", 400
    message = _("Test draw %(number)s cannot have been drawn: %(why)s")


class TimesWrong(Refused):
    """The drawing ended before it began."""

    code, status = "minutes_times_wrong", 400
    message = _("The drawing ends later than it began.")


class BeforeSealPublished(Refused):
    """The drawing is said to have begun before the public could hold what was sold."""

    code, status = "minutes_after_published_seal", 400
    message = _(
        "The seal of this draw was published at %(time)s. The drawing cannot have begun before."
    )


class BeforePlanned(Refused):
    """The drawing is said to have begun before the time that was announced for it."""

    code, status = "minutes_after_the_planned_time", 400
    message = _("This drawing was announced for %(time)s. It cannot have begun before.")


class AfterTheEntry(Refused):
    """Numbers are said to have fallen after they were typed."""

    code, status = "minutes_before_the_entry", 400
    message = _(
        "The confirmed numbers were first typed at %(time)s. The drawing had ended by then."
    )


class NobodyThere(Refused):
    """No official, or no witness."""

    code, status = "minutes_name_people", 400
    message = _("The minutes name at least two officials and one witness, each with an office.")


class PersonalNumber(Refused):
    """A number that identifies a person."""

    code, status = "minutes_without_personal_numbers", 400
    message = _("Minutes are public: please leave out numbers of identity papers and telephones.")


class NotPublic(Refused):
    """The draw is not published, or has no signed minutes."""

    code, status = "minutes_unknown", 404
    message = _("Draw %(draw)s has no public minutes.")


class NothingToSign(Refused):
    """There is no edition, or it is signed already."""

    code = "minutes_nothing_to_sign"
    message = _("There are no minutes of draw %(draw)s that wait for a signature.")


class SomethingElse(Refused):
    """What the signer saw is not the last edition."""

    code = "minutes_signed_as_written"
    message = _("The minutes have changed since you read them. Please read them again.")


class ReasonMissing(Refused):
    """A further edition says why."""

    code, status = "minutes_correction_has_reason", 400
    message = _("A correction says what was wrong.")


class WrittenMeanwhile(Refused):
    """Another official has written the same edition."""

    code = "minutes_next_edition"
    message = _("Somebody else has just written minutes of this draw. Please look at them first.")


REFUSALS: dict[str, type[Refused]] = {
    "minutes_by_an_official": NotAWriter,
    "minutes_signed_by_the_staff": NotASigner,
    "minutes_signed_by_another": WrittenByYou,
    "minutes_after_the_result": TooEarly,
    "minutes_agree_with_the_draw": BallsDiffer,
    "minutes_signed_as_written": SomethingElse,
    "minutes_signed_last_edition": SomethingElse,
    "minutes_correction_has_reason": ReasonMissing,
    "minutes_next_edition": WrittenMeanwhile,
    "minutes_once_per_edition": WrittenMeanwhile,
    "games_minutessignature_minutes_id_key": NothingToSign,
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was there, as the public reads it: name and office, nothing else."""

    name: str
    office: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """What people tell of a drawing; `drawn` and `tests` have the balls in the order they came."""

    place: str
    began_at: datetime
    ended_at: datetime
    officials: Sequence[Person]
    witnesses: Sequence[Person]
    drawn: Sequence[Sequence[int]]
    tests: Sequence[Sequence[Sequence[int]]] = field(default_factory=list)
    incidents: str = ""
    notes: str = ""


def last(draw: Draw) -> DrawMinutes | None:
    """The last edition, signed or not; None when there is none."""
    return draw.minutes.select_related("signature").order_by("-edition").first()


def signed(draw: Draw) -> DrawMinutes | None:
    """The last edition, if it is signed: what a publication needs."""
    found = last(draw)
    return found if found is not None and signature_of(found) is not None else None


def last_signed(draw: Draw) -> DrawMinutes | None:
    """The last edition that somebody signed, though a correction may wait for its signature."""
    return (
        draw.minutes.filter(signature__isnull=False)
        .select_related("signature")
        .order_by("-edition")
        .first()
    )


def signature_of(minutes: DrawMinutes) -> MinutesSignature | None:
    """The signature under an edition, if there is one."""
    try:
        return minutes.signature
    except MinutesSignature.DoesNotExist:
        return None


def is_missing(draw: Draw) -> bool:
    """Whether the draw waits for minutes: a real one, its result confirmed, nothing signed."""
    stands = draw.state in {Draw.State.CONFIRMED, Draw.State.SETTLED}
    return stands and not draw.is_shadow and signed(draw) is None


def text_of(minutes: DrawMinutes) -> dict[str, Any]:
    """The facts of an edition."""
    facts: dict[str, Any] = json.loads(minutes.body)
    return facts


def write(*, draw: Draw, told: Told, author: User, now: datetime, reason: str = "") -> DrawMinutes:
    """Write the next edition of the draw's minutes, or raise a `Refused`.

    The first has no reason; every further one says what was wrong with the one before.
    """
    if draw.state not in {
        Draw.State.CONFIRMED,
        Draw.State.SETTLED,
        Draw.State.PUBLISHED,
        Draw.State.ARCHIVED,
    }:
        raise TooEarly(draw=draw.code)
    _check(draw, told)
    try:
        return _write(draw=draw, told=told, author=author, now=now, reason=reason.strip())
    except IntegrityError as exc:
        if refusal := REFUSALS.get(violated(exc)):
            raise refusal(draw=draw.code) from exc
        raise


@door
def _write(*, draw: Draw, told: Told, author: User, now: datetime, reason: str) -> DrawMinutes:
    before = last(draw)
    edition = before.edition + 1 if before else 1
    if (edition > 1) != bool(reason):
        raise ReasonMissing
    body = canonical.text(_facts(draw, told, edition=edition, reason=reason, author=author))
    minutes = DrawMinutes.objects.create(
        draw=draw,
        edition=edition,
        reason=reason,
        body=body,
        digest=canonical.digest(body),
        written_by=author,
        person_code="",  # the database fills it in
        written_at=now,
    )
    trail.record(
        action="games.minutes_corrected" if reason else "games.minutes_written",
        actor=author,
        object_type="draw",
        object_code=draw.code,
        body={"edition": edition, "digest": minutes.digest, "reason": reason},
    )
    return minutes


def sign(*, draw: Draw, digest: str, signer: User, now: datetime) -> MinutesSignature:
    """Sign the last edition, whose `digest` the signer was shown; the word of another person."""
    minutes = last(draw)
    if minutes is None or signature_of(minutes) is not None:
        raise NothingToSign(draw=draw.code)
    try:
        return _sign(minutes=minutes, digest=digest, signer=signer, now=now)
    except IntegrityError as exc:
        if refusal := REFUSALS.get(violated(exc)):
            raise refusal(draw=draw.code) from exc
        raise


@door
def _sign(*, minutes: DrawMinutes, digest: str, signer: User, now: datetime) -> MinutesSignature:
    made = MinutesSignature.objects.create(
        minutes=minutes,
        digest=digest,
        signed_by=signer,
        person_code="",  # the database fills it in
        signed_at=now,
    )
    trail.record(
        action="games.minutes_signed",
        actor=signer,
        object_type="draw",
        object_code=minutes.draw.code,
        body={"edition": minutes.edition, "digest": digest},
    )
    return made


def may_sign(minutes: DrawMinutes, user: User, now: datetime) -> bool:
    """Whether this person's word can stand under the edition."""
    roles = who.roles(user, now)
    return bool(roles & SIGNERS) and who.person_code(user) != minutes.person_code


def name_of(user: User) -> str:
    """What a member of staff is called in print."""
    return StaffMember.objects.get(user=user).display_name


def typed_numbers(draw: Draw, text: str) -> list[list[list[int]]]:
    """Test draws as typed, one a line: 06 11 13 14 20 28 + 16; refused as `TestDrawWrong`."""
    version = rules.by_code(draw.rule.code)
    found = []
    for place, line in enumerate(filter(None, map(str.strip, text.splitlines())), start=1):
        zones = [[int(ball) for ball in re.findall(r"\d{1,3}", part)] for part in line.split("+")]
        try:
            bets.result_masks(version, zones)
        except Refused as refusal:
            raise TestDrawWrong(number=place, why=str(refusal)) from refusal
        found.append(zones)
    return found


def spelt(zones: Sequence[Sequence[int]]) -> str:
    """Numbers in a row as people read and type them: 06 11 13 14 20 28 + 16."""
    return " + ".join(" ".join(f"{number:02d}" for number in zone) for zone in zones)


def moment(text: str) -> datetime:
    """A time as the text of minutes has it."""
    return datetime.fromisoformat(text)


def _check(draw: Draw, told: Told) -> None:
    version = rules.by_code(draw.rule.code)
    if [sorted(zone) for zone in told.drawn] != draw.result.numbers:
        raise BallsDiffer
    for place, test in enumerate(told.tests, start=1):
        try:
            bets.result_masks(version, test)
        except Refused as refusal:
            raise TestDrawWrong(number=place, why=str(refusal)) from refusal
    _check_times(draw, told)
    people = [*told.officials, *told.witnesses]
    is_whole = all(one.name.strip() and one.office.strip() for one in people)
    if len(told.officials) < 2 or not told.witnesses or not is_whole:  # noqa: PLR2004 - two people
        raise NobodyThere
    written = [told.place, told.incidents, told.notes]
    written += [part for one in people for part in (one.name, one.office)]
    if any(_NUMBER_OF_A_PERSON.search(part) for part in written):
        raise PersonalNumber


def _check_times(draw: Draw, told: Told) -> None:
    """Refuse times that the rows of the house contradict.

    A drawing ends with its last ball, and who types all numbers has seen that ball; so the first of
    the two entries that made the result comes after the end, not only after the beginning. Entries
    of rounds that came to nothing say nothing: what they typed did not fall.
    """
    if told.ended_at <= told.began_at:
        raise TimesWrong
    # People read a clock to the second: within it, what they tell contradicts nothing.
    began_at = told.began_at.replace(microsecond=0)
    published_at = draw.seal.publication.published_at
    if began_at < published_at.replace(microsecond=0):
        raise BeforeSealPublished(time=dates.written(published_at, "full"))
    if began_at < draw.draws_at.replace(microsecond=0):
        raise BeforePlanned(time=dates.written(draw.draws_at, "full"))
    typed_at = results.typed_by(draw.result)[0].entered_at
    if told.ended_at > typed_at:
        raise AfterTheEntry(time=dates.written(typed_at, "full"))


def _facts(draw: Draw, told: Told, *, edition: int, reason: str, author: User) -> dict[str, Any]:
    seal = SealStatement.objects.get(draw=draw)
    steps = draw.transitions.exclude(to_state=Draw.State.ARCHIVED).order_by("at")
    return {
        "format": FORMAT,
        "edition": edition,
        "reason": reason,
        "draw": draw.code,
        "game": draw.game.code,
        "issue": draw.issue,
        "is_drill": draw.is_shadow,
        "rule": {"code": draw.rule.code, "digest": draw.rule.digest},
        "root": seal.root,
        "seal": {
            "statement_digest": canonical.digest(seal.statement),
            "file_digest": seal.file_digest,
            "tickets": seal.tickets,
            "stake_fen": seal.stake,
            "sealed_at": seal.sealed_at,
        },
        "place": told.place.strip(),
        "planned_at": draw.draws_at,
        "began_at": told.began_at,
        "ended_at": told.ended_at,
        "steps": [{"state": step.to_state, "at": step.at} for step in steps],
        "officials": _people(told.officials),
        "witnesses": _people(told.witnesses),
        "equipment": _equipment(draw),
        "tests": [[list(zone) for zone in test] for test in told.tests],
        "drawn": [list(zone) for zone in told.drawn],
        "numbers": draw.result.numbers,
        "typed_by": [
            {"name": name_of(entry.official), "at": entry.entered_at}
            for entry in results.typed_by(draw.result)
        ],
        "incidents": told.incidents.strip(),
        "notes": told.notes.strip(),
        "written_by": name_of(author),
    }


def _people(people: Sequence[Person]) -> list[dict[str, str]]:
    return [{"name": one.name.strip(), "office": one.office.strip()} for one in people]


def _equipment(draw: Draw) -> list[dict[str, Any]]:
    """What served, with the inspection that counted at the drawing, who chose it and how."""
    rows = []
    for (place, is_reserve), row in sorted(equipment.assigned(draw).items()):
        piece: Equipment = row.equipment
        inspection: Inspection | None = (
            piece.inspections.filter(inspected_at__lte=draw.draws_at)
            .order_by("-inspected_at", "-pk")
            .first()
        )
        rows.append(
            {
                "place": place,
                "is_reserve": is_reserve,
                "code": piece.code,
                "maker": piece.maker,
                "serial_number": piece.serial_number,
                "certificate_number": inspection.certificate_number if inspection else "",
                "valid_until": inspection.valid_until if inspection else None,
                "chosen_by": row.chosen_by,
                "chosen_how": row.chosen_how,
            }
        )
    return rows
