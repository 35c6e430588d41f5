"""The region of a person: the province that the first two digits of his citizen id name.

It says where a person was first registered, and nothing finer; statistics (S1·七1) need no more. Of
somebody whose number names no province it says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib.db import door, inside_transaction

from .models import Person, PersonRegion

UNKNOWN = ""
BATCH = 200
PROVINCES: Mapping[str, Any] = {
    "11": _("Beijing"), "12": _("Tianjin"), "13": _("Hebei"), "14": _("Shanxi"),
    "15": _("Inner Mongolia"), "21": _("Liaoning"), "22": _("Jilin"), "23": _("Heilongjiang"),
    "31": _("Shanghai"), "32": _("Jiangsu"), "33": _("Zhejiang"), "34": _("Anhui"),
    "35": _("Fujian"), "36": _("Jiangxi"), "37": _("Shandong"), "41": _("Henan"),
    "42": _("Hubei"), "43": _("Hunan"), "44": _("Guangdong"), "45": _("Guangxi"),
    "46": _("Hainan"), "50": _("Chongqing"), "51": _("Sichuan"), "52": _("Guizhou"),
    "53": _("Yunnan"), "54": _("Tibet"), "61": _("Shaanxi"), "62": _("Gansu"),
    "63": _("Qinghai"), "64": _("Ningxia"), "65": _("Xinjiang"), "71": _("Taiwan"),
    "81": _("Hong Kong"), "82": _("Macao"), "83": _("Taiwan"),
}  # fmt: skip


def of_number(citizen_id: str) -> str:
    """The region that a citizen id names, or "" where it names none."""
    return citizen_id[:2] if citizen_id[:2] in PROVINCES else UNKNOWN


def name(region: str) -> str:
    """What a region is called on pages."""
    return str(PROVINCES.get(region, _("Region not known")))


def of(person: Person | None) -> str:
    """The region of a person as it was recorded, or ""."""
    row = PersonRegion.objects.filter(person=person).first() if person else None
    return row.region if row else UNKNOWN


@inside_transaction
def record(person: Person, citizen_id: str, *, now: datetime) -> None:
    """Keep the region of a person who was just written down; the number itself stays encrypted."""
    PersonRegion.objects.create(person=person, region=of_number(citizen_id), recorded_at=now)


def record_missing(*, now: datetime) -> int:
    """Keep the regions of persons written down before regions were; how many. Repeated, none."""
    done = 0
    while found := _next(now):
        done += found
    return done


@door
def _next(now: datetime) -> int:
    """A few persons in one transaction; the trail keeps how many numbers were read, and why."""
    persons = list(Person.objects.filter(region__isnull=True).order_by("pk")[:BATCH])
    if not persons:
        return 0
    rows = [
        PersonRegion(person=one, region=of_number(one.citizen_id.reveal()), recorded_at=now)
        for one in persons
    ]
    PersonRegion.objects.bulk_create(rows, ignore_conflicts=True)  # another run may be as far
    trail.record(
        action="accounts.regions_recorded",
        actor=None,
        object_type="person",
        object_code="*",
        body={"persons": len(persons), "digits": 2},
    )
    return len(persons)
