"""What in this room needs other eyes: opening a sealed draw to reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import approvals

from . import break_glass


def _one(_payload: Mapping[str, Any], _at: datetime) -> int:
    return 1


def _words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return ((_now("Draw"), payload["draw"]), (_now("Reason"), payload["reason"]))


approvals.register(
    approvals.Kind(
        name=break_glass.KIND,
        title=_("Open a sealed draw to reading"),
        maker_roles=break_glass.MAKERS,
        checker_roles=break_glass.CHECKERS,
        needed=_one,
        perform=break_glass.open_seal,
        lifetime=timedelta(hours=4),
        statements=(
            _("I know that article 22 forbids a look at sealed sales data, and why it is needed."),
            _("I know that every page that is opened is recorded, and that the public is told."),
        ),
        words=_words,
    )
)
