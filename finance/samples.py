"""Entries drawn by lot for an auditor, who can have them drawn again from the same seed (F128).

The entries of the days asked for, as far as a place in the log, are ordered by the SHA-256 of
`<seed>|<reference>`; the first of them are the sample. Nothing else decides, so whoever has the
books, the seed and the place draws the same, with any tool that computes SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import door
from lottery_portal.lib.errors import Refused

from .models import RolledUp, Sample

MOST = 500
_POPULATION = """
    SELECT e.id, e.reference, e.moves_digest, sum(t.amount)::bigint AS fen
      FROM finance_entry e JOIN finance_transfer t ON t.entry_id = e.id
     WHERE e.booked_on BETWEEN %(first)s AND %(last)s AND e.is_shadow = %(shadow)s
       AND (%(kind)s = '' OR e.kind = %(kind)s)
       AND EXISTS (SELECT 1 FROM audit_sequenced s
                    WHERE s.name = hashtextextended('entry' || E'\\t' || e.reference, 0)
                      AND s.seq <= %(horizon)s)
     GROUP BY e.id HAVING sum(t.amount) >= %(least)s
"""


class NothingToDraw(Refused):
    """No entry fits."""

    code = "sample_of_nothing"
    message = _("No entry of these days fits. Nothing was drawn.")


class SampleUnknown(Refused):
    """No such sample."""

    code, status = "sample_unknown", 404
    message = _("There is no such sample.")


@dataclass(frozen=True)
class Drawn:
    """One entry of a sample, in the order of the lot."""

    entry_id: int
    reference: str
    moves_digest: str
    fen: int
    lot: str


@door
def draw(
    *,
    seed: str,
    first: date,
    last: date,
    size: int,
    by: Any,
    now: datetime,
    kind: str = "",
    least_fen: int = 0,
    is_shadow: bool = False,
) -> Sample:
    """Draw `size` entries of these days by `seed` and keep what says which; at most `MOST`.

    Refuses with `NothingToDraw`. The same seed, days and place in the log give the same entries.
    """
    sample = Sample(
        code=new_code(),
        seed=seed,
        first_day=first,
        last_day=last,
        is_shadow=is_shadow,
        entry_kind=kind,
        least_fen=least_fen,
        size=min(size, MOST),
        horizon=RolledUp.objects.values_list("seq", flat=True).get(),
        drawn_by=by,
        drawn_at=now,
    )
    sample.population, sample.population_fen = _counted(sample)
    if not sample.population:
        raise NothingToDraw
    sample.digest = digest_of(drawn(sample))
    sample.save(force_insert=True)
    trail.record(
        action="finance.sample_drawn",
        actor=by,
        object_type="sample",
        object_code=sample.code,
        body={
            "seed": seed, "first": first, "last": last, "kind": kind, "least_fen": least_fen,
            "size": sample.size, "horizon": sample.horizon, "population": sample.population,
            "digest": sample.digest,
        },
    )  # fmt: skip
    return sample


def drawn(sample: Sample) -> list[Drawn]:
    """The entries of a sample, drawn now from the books as they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT p.id, p.reference, p.moves_digest, p.fen,
                   encode(sha256(convert_to(%(seed)s || '|' || p.reference, 'UTF8')), 'hex') AS lot
              FROM ({_POPULATION}) p ORDER BY lot, p.id LIMIT %(size)s
            """,  # noqa: S608 - our own text
            _asked(sample) | {"seed": sample.seed, "size": sample.size},
        )
        return [Drawn(*row) for row in cursor.fetchall()]


def digest_of(rows: Sequence[Drawn]) -> str:
    """The SHA-256 of `<reference>|<digest of its moves>`, one a line."""
    text = "\n".join(f"{row.reference}|{row.moves_digest}" for row in rows)
    return hashlib.sha256(text.encode()).hexdigest()


def find(code: str) -> Sample:
    """One sample, or `SampleUnknown`."""
    sample = Sample.objects.select_related("drawn_by").filter(code=code).first()
    if sample is None:
        raise SampleUnknown
    return sample


def all_samples() -> Sequence[Sample]:
    """Every sample, the newest first."""
    return list(Sample.objects.select_related("drawn_by").order_by("-pk")[:200])


def _counted(sample: Sample) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), coalesce(sum(p.fen), 0)::bigint FROM ({_POPULATION}) p",  # noqa: S608 - our own text
            _asked(sample),
        )
        count, fen = cursor.fetchone()
    return count, fen


def _asked(sample: Sample) -> dict[str, Any]:
    return {
        "first": sample.first_day,
        "last": sample.last_day,
        "shadow": sample.is_shadow,
        "kind": sample.entry_kind,
        "least": sample.least_fen,
        "horizon": sample.horizon,
    }
