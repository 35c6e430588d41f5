"""What waits here: settlements that were halted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit import waiting

from .desk_facts import SETTLERS
from .models import Settlement


def _halted(_user: Any, _now: datetime) -> int:
    return Settlement.objects.filter(state=Settlement.State.HALTED).count()


def _text(_user: Any, _now: datetime) -> str:
    codes = Settlement.objects.filter(state=Settlement.State.HALTED).values_list(
        "draw__code", flat=True
    )
    return ", ".join(codes)


waiting.register(
    waiting.Waiting(
        name="prizes.halted",
        title=_("Settlements halted"),
        count=_halted,
        text=_text,
        url_name="games:desk_draws",
        roles=SETTLERS,
        tone="wrong",
        sign="alert",
    )
)
