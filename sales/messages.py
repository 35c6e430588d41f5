"""The messages of this room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import messages

from . import cancellation, holders, plan_notices


def _address(params: Mapping[str, Any]) -> str:
    first, *others = params["tickets"]
    return reverse("sales:tickets") if others else reverse("sales:ticket", args=[first])


messages.register(
    messages.Kind(
        name="sales.purchased",
        title=_("Your tickets are in the draw"),
        template="sales/mail/purchased.txt",
        channels=messages.BY_EMAIL,
        address=_address,
    )
)


messages.register(
    messages.Kind(
        name=holders.CANCELLED,
        title=_("A draw is cancelled; your tickets are refunded"),
        template="sales/mail/draw_cancelled.txt",
        sms="sales/mail/draw_cancelled_sms.txt",
        channels=messages.EVERYWHERE,
        is_legal=True,
        address=messages.page("sales:tickets"),
    )
)
messages.register(
    messages.Kind(
        name=holders.TIMES,
        title=_("A draw has other times"),
        template="sales/mail/draw_times.txt",
        channels=messages.BY_EMAIL,
        is_legal=True,
        address=messages.page("sales:tickets"),
    )
)
messages.register(
    messages.Kind(
        name=plan_notices.ENDED,
        title=_("A plan has ended"),
        template="sales/mail/plan_ended.txt",
        sms="sales/mail/plan_ended_sms.txt",
        channels=messages.EVERYWHERE,
        address=messages.page("sales:plan", "plan"),
    )
)
messages.register(
    messages.Kind(
        name=plan_notices.LEFT_OUT,
        title=_("A plan left out a draw"),
        template="sales/mail/plan_left_out.txt",
        sms="sales/mail/plan_left_out_sms.txt",
        channels=messages.EVERYWHERE,
        address=messages.page("sales:plan", "plan"),
    )
)
messages.register(
    messages.Kind(
        name=plan_notices.RULE_CHANGED,
        title=_("New rules in a plan of yours"),
        template="sales/mail/plan_rule.txt",
        channels=messages.BY_EMAIL,
        address=messages.page("sales:plan", "plan"),
    )
)
messages.register(
    messages.Kind(
        name=cancellation.MESSAGE,
        title=_("A ticket was taken back"),
        template="sales/mail/cancelled.txt",
        channels=messages.BY_EMAIL,
        is_legal=True,
        address=messages.page("sales:ticket", "ticket"),
    )
)
