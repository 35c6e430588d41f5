"""How the log goes on: how long entries wait for a checkpoint, since when the witness has covered
nothing, and the proof that a newer checkpoint only continues an older one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.errors import Refused

from . import sequencing, tree
from .log import latest_cosigned
from .models import Checkpoint

MOST_CHECKPOINTS = 20_000
# The first entry that a checkpoint covers has waited longest for it.
_WAITS = """
SELECT date_trunc('minute', c.at) AS minute,
       max(greatest(extract(epoch FROM c.at - e.at), 0))::float8 AS longest
  FROM (SELECT n.size, n.at, lag(n.size, 1, 0::bigint) OVER (ORDER BY n.size) AS before
          FROM (SELECT size, at FROM audit_checkpoint ORDER BY size DESC LIMIT %(most)s) n) c
  JOIN audit_sequenced s ON s.seq = c.before
  JOIN audit_entry e ON (e.epoch, e.xid, e.id) = (s.epoch, s.xid, s.entry_id)
 WHERE c.at >= %(since)s
 GROUP BY 1 ORDER BY 1
"""


class SizeUnknown(Refused):
    """The log has not had this many entries in a cosigned checkpoint."""

    code, status = "log_size_unknown", 404
    message = _("There is no cosigned checkpoint that continues a log of %(size)s entries.")


@dataclass(frozen=True)
class Wait:
    """The longest wait of one minute, in seconds."""

    minute: datetime
    longest: float


def waits(*, since: datetime) -> list[Wait]:
    """Every minute since then in which a checkpoint was signed, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITS, {"since": since, "most": MOST_CHECKPOINTS})
        return [Wait(minute, longest) for minute, longest in cursor.fetchall()]


def uncosigned_since() -> datetime | None:
    """When the oldest checkpoint was signed that the witness has not covered; None: it covers all.

    A later cosignature covers the checkpoints before it as well.
    """
    newest = latest_cosigned()
    rest = Checkpoint.objects.filter(size__gt=newest.size if newest else 0).order_by("size").first()
    return rest.at if rest is not None else None


def consistency(*, old: int) -> dict[str, Any]:
    """The proof that the newest cosigned checkpoint only continues the log as it was at `old`.

    Raises `SizeUnknown` when the log never had so few or so many entries.
    """
    newest = latest_cosigned()
    if newest is None or not 0 < old <= newest.size:
        raise SizeUnknown(size=old)
    path = tree.consistency_path(old=old, new=newest.size, levels=sequencing.Stored())
    return {
        "format": "log-consistency/1",
        "old": old,
        "new": newest.size,
        "path": [one.hex() for one in path],
        "checkpoint": newest.cosigned_text or newest.text,
    }
