"""Who looked at which record: opening a record about a person is a row in the trail (F211).

Lists are not: they show what is needed to find a record. What a page shows of it in full is.
"""

from __future__ import annotations

from typing import Any

from lottery_portal.lib.db import door

from . import trail

ACTION = "audit.record_read"


@door
def record_read(*, actor: Any, object_type: str, object_code: str, where: str) -> int:
    """Leave in the trail that `actor` opens this record at this address; the record's number.

    Called before anything is shown: what cannot be recorded is not read.
    """
    return trail.record(
        action=ACTION,
        actor=actor,
        object_type=object_type,
        object_code=object_code,
        body={"where": where},
    )
