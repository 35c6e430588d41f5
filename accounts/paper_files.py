"""What files of several people's papers share: an authority (F086), a guardian's papers (F087)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError

from audit import trail
from lottery_portal.lib.db import violated
from lottery_portal.lib.errors import Refused

from .models import Player, User

_DIGEST = re.compile(r"[0-9a-f]{64}")


def is_digest(text: str) -> bool:
    """Whether this is the SHA-256 of a scan, in hexadecimal."""
    return bool(_DIGEST.fullmatch(text))


@contextmanager
def kept(refusals: Mapping[str, type[Refused]]) -> Iterator[None]:
    """Put on file inside; what the database refuses by one of these facts is said in words."""
    try:
        yield
    except IntegrityError as exc:
        if refusal := refusals.get(violated(exc)):
            raise refusal from exc
        raise


def note(action: str, winner: Player, actor: User, body: Mapping[str, Any]) -> None:
    """Write into the trail what was put on file for a winner, or taken back."""
    trail.record(
        action=action, actor=actor, object_type="player", object_code=winner.code, body=body
    )
