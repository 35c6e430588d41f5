"""Whether the database is still made of what was released, and who is told when it is not.

The owner of the database, or a superuser, can replace a function, drop or disable a guard, a policy
or a constraint, give a right or an attribute away. What then stands in the catalogue is compared
here with the catalogue of the release (`lottery_portal.lib.catalogue`), which is a reviewed file,
covered by the manifest that every seal names. Each difference is an alarm that names the object;
the alarm ends when the object is again as released. The trail keeps which catalogue stood when.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.utils import DatabaseError
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib import catalogue
from lottery_portal.lib.catalogue import Difference
from lottery_portal.lib.db import door

from . import alarms, trail

logger = logging.getLogger(__name__)

ALARM, CHECKED = "audit.catalogue_differs", "audit.catalogue_checked"
OBJECT = "catalogue"
ALARMS = 20
NAMED = 200
_SHORT = 12


@dataclass(frozen=True)
class Seen:
    """The catalogue as it is found now: its hash ("" when it cannot be read), and what differs."""

    digest: str
    released: str
    objects: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Checked:
    """A check as the trail has it."""

    at: datetime
    digest: str
    released: str
    differences: int
    first: tuple[str, ...]


def look() -> Seen:
    """Compare the database with the release that this process runs; nothing is written.

    What cannot be read is a difference, so that whoever hides the catalogue is named as well.
    """
    try:
        released = catalogue.of_this_process()
        found = catalogue.of_database()
    except (DatabaseError, OSError, ValueError, LookupError) as exc:
        logger.exception("The catalogue cannot be compared")
        return Seen("", "", 0, (Difference(OBJECT, "", "unreadable", type(exc).__name__),))
    unlike = tuple(catalogue.compare(released=released, found=found))
    return Seen(found.digest, released.digest, len(found.lines), unlike)


def check(*, now: datetime, occasion: str) -> Seen:
    """Look, raise an alarm for each object that differs, settle those that are right again.

    A check that finds a difference, or another catalogue than the check before (a release), leaves
    its digest in the trail. `occasion` says why it was made.
    """
    seen = look()
    wanted = {_code(one): one for one in seen.differences}
    for code, one in list(wanted.items())[:ALARMS]:
        alarms.raise_alarm(
            kind=ALARM,
            object_type=OBJECT,
            object_code=code,
            facts={"thing": one.kind, "name": one.name, "deed": one.what, "detail": one.detail},
            now=now,
        )
    for alarm in alarms.open_now():
        if alarm.kind == ALARM and alarm.object_code not in wanted:
            alarms.settle(kind=ALARM, object_type=OBJECT, object_code=alarm.object_code, now=now)
    known = last()
    if seen.differences or known is None or known.digest != seen.digest:
        _note(seen, occasion)
    return seen


def last() -> Checked | None:
    """The last check that found a difference or another catalogue; None before the first."""
    row = trail.read(trail.Filters(action=CHECKED, object_type=OBJECT)).first()
    if row is None:
        return None
    body = json.loads(row.body)
    return Checked(
        row.at, body["digest"], body["released"], body["differences"], tuple(body["first"])
    )


def in_words(differences: Sequence[Difference], *, most: int = 5) -> str:
    """The first differences in one line, and how many there are besides."""
    said = "; ".join(str(one) for one in differences[:most])
    more = len(differences) - most
    return f"{said}; and {more} more" if more > 0 else said


@door
def _note(seen: Seen, occasion: str) -> None:
    trail.record(
        action=CHECKED,
        actor=None,
        object_type=OBJECT,
        object_code=seen.digest or OBJECT,
        body={
            "occasion": occasion,
            "digest": seen.digest,
            "released": seen.released,
            "objects": seen.objects,
            "differences": len(seen.differences),
            "first": [str(one) for one in seen.differences[:NAMED]],
        },
    )


def _code(one: Difference) -> str:
    """The object's name as a code; a long one is cut, and stays different from every other."""
    name = f"{one.kind} {one.name}".strip()
    if len(name) <= alarms.CODE_LENGTH:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:_SHORT]
    return f"{name[: alarms.CODE_LENGTH - _SHORT - 1]}~{mark}"


alarms.register(kind=ALARM, title=_("The database is not what was released"))
