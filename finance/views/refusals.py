"""A refused deposit or withdrawal as a page: what happened, that no money moved, the way on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import with_unit

# Refusals that a person mends in the form; all others get a page.
BESIDE_THE_FIELD = frozenset(
    {
        "deposit_too_small",
        "deposit_too_large",
        "withdrawal_too_small",
        "withdrawal_too_large",
        "bank_number_wrong",
        "bank_holder_differs",
        "bank_account_taken",
        "too_many_bank_accounts",
    }
)

TITLES: Mapping[str, tuple[str, str | Promise]] = {
    "not_enough_money": ("wallet", gettext_lazy("Your balance is too small")),
    "ceiling_reached": ("pause", gettext_lazy("A limit of this account is reached")),
    "withdrawal_daily_ceiling": ("pause", gettext_lazy("The ceiling of the day is reached")),
    "transfers_blocked": ("pause", gettext_lazy("Transfers rest for a while")),
    "no_way_out": ("bank", gettext_lazy("No withdrawals at present")),
    "bank_account_not_confirmed": ("bank", gettext_lazy("The bank is still confirming it")),
}


def beside(form: Any, refusal: Refused) -> bool:
    """Put the refusal beside the field it is about, if it belongs into the form at all."""
    if refusal.code not in BESIDE_THE_FIELD:
        return False
    names = [name for name in refusal.figures.get("fields", ["amount"]) if name in form.fields]
    for name in names or [None]:
        form.add_error(name, str(refusal))
    return True


def page(request: HttpRequest, refusal: Refused, *, bar_title: str, back_url: str) -> HttpResponse:
    """The page of one refusal, with the refusal's status."""
    context = {
        "nav": "me",
        "bar_title": bar_title,
        "tone": "attention",
        "sign": "alert",
        "title": bar_title,
        "text": str(refusal),
        "figures": _figures(refusal.figures),
        "kept": _("No money has moved."),
        "actions": [{"text": _("Back"), "url": back_url}],
        "reference": "",
        "at": timezone.now(),
        "back_url": back_url,
        **_told(refusal, back_url),
    }
    return render(request, "refusal.html", context, status=refusal.status)


def _told(refusal: Refused, back_url: str) -> dict[str, Any]:
    back = {"text": _("Back"), "url": back_url}
    if refusal.code == "identity_required":
        return {
            "tone": "waiting",
            "sign": "user",
            "title": _("Please confirm your identity first"),
            "text": _(
                "Money comes in and goes out only under a confirmed name. It takes a minute, once."
            ),
            "actions": [
                {"text": _("Confirm my identity"), "url": reverse("accounts:verify")},
                back,
            ],
        }
    if refusal.code == "provider_not_in_force":
        return {"tone": "waiting", "sign": "bank", "title": _("No deposits at present")}
    if refusal.code == "bank_silent":
        return {
            "tone": "waiting",
            "sign": "bank",
            "title": _("The bank does not answer"),
            "actions": [{"text": _("Try again"), "url": back_url}],
        }
    if refusal.code == "debt_open":
        return {
            "tone": "wrong",
            "sign": "bank",
            "title": _("Something is owed first"),
            "actions": [
                {"text": _("Deposit"), "url": reverse("finance:deposit")},
                {"text": _("To the balance"), "url": reverse("finance:wallet")},
            ],
        }
    if refusal.code in TITLES:
        sign, title = TITLES[refusal.code]
        return {"sign": sign, "title": title}
    return {}


def _figures(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = {
        "available_fen": _("Available"),
        "asked_fen": _("Amount asked for"),
        "max_fen": _("Most in one day"),
        "left_fen": _("Left today"),
        "owed_fen": _("Owed"),
        "ceiling_fen": _("Your limit"),
        "used_fen": _("Used of it so far"),
        "room_fen": _("Still possible"),
    }
    return [
        {"name": names[key], "value": with_unit(value)}
        for key, value in figures.items()
        if key in names
    ]
