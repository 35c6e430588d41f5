"""Releases: which software was put into service, and whether it is still what lies there (F229).

Putting a release into service records its manifest in the trail, file by file: an operator does it
(`manifest --record`), or the first check that meets another version than the one recorded. From
then on every file is compared with it, once a day and whenever somebody asks; a file that differs
is an alarm that names it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from lottery_portal.lib import manifest, version
from lottery_portal.lib.db import door

from . import alarms, trail

RECORDED = "audit.release_recorded"
ALARM = "audit.release_differs"
NAMED = 50


@dataclass(frozen=True)
class Recorded:
    """A release as it was put into service."""

    version: str
    digest: str
    files: dict[str, str]
    at: datetime


def recorded() -> Recorded | None:
    """The release that was put into service last."""
    row = trail.read(trail.Filters(action=RECORDED)).first()
    if row is None:
        return None
    body = json.loads(row.body)
    return Recorded(version=body["version"], digest=body["digest"], files=body["files"], at=row.at)


@door
def record(*, found: manifest.Manifest, actor: Any = None) -> None:
    """Put a release into service: its files as they are now count from now on."""
    trail.record(
        action=RECORDED,
        actor=actor,
        object_type="release",
        object_code=found.digest,
        body={
            "version": version.software(),
            "digest": found.digest,
            "files": dict(found.files),
        },
    )


def check(*, now: datetime, found: manifest.Manifest | None = None) -> manifest.Difference:
    """Compare all files with the release in service; what differs is an alarm, until it is undone.

    A version that was never recorded is put into service by this.
    """
    found = found or manifest.of_release()
    known = recorded()
    if known is None or known.version != version.software():
        record(found=found)
        return manifest.compare(found.files, found.files)
    difference = manifest.compare(known.files, found.files)
    about = {"kind": ALARM, "object_type": "release", "object_code": known.digest}
    if difference:
        alarms.raise_alarm(
            **about,
            facts={
                "changed": list(difference.changed[:NAMED]),
                "added": list(difference.added[:NAMED]),
                "missing": list(difference.missing[:NAMED]),
                "digest": found.digest,
            },
            now=now,
        )
    else:
        alarms.settle(**about, now=now)
    return difference


alarms.register(kind=ALARM, title=_("Files of the software were changed"))
