"""The messages of this room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import messages


def _address(params: Mapping[str, Any]) -> str:
    return reverse("sales:ticket", args=[params["tickets"][0]])


messages.register(
    messages.Kind(
        name="sales.purchased",
        title=_("Your tickets are in the draw"),
        template="sales/mail/purchased.txt",
        channels=messages.BY_EMAIL,
        address=_address,
    )
)
