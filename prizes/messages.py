"""What this room tells players: that a ticket won, and what was drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import messages

from . import publication


def _ticket(params: Mapping[str, Any]) -> str:
    return reverse("sales:ticket", args=[params["ticket"]])


def _result(params: Mapping[str, Any]) -> str:
    return reverse("games:result", args=[params["game_code"], params["issue"]])


messages.register(
    messages.Kind(
        name=publication.WON,
        title=_("Your ticket won"),
        template="prizes/mail/won.txt",
        channels=messages.EVERYWHERE,
        address=_ticket,
    )
)
messages.register(
    messages.Kind(
        name=publication.RESULT,
        title=_("The result is published"),
        template="prizes/mail/result.txt",
        address=_result,
    )
)
