"""What the pages of payment orders and of own money into escrow share: their steps and deeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages as notes
from django.http import HttpRequest

from lottery_portal.lib.errors import Refused, refuse

Done = tuple[str, datetime | None, str]  # what is done, when, and what is told of it


def steps(
    done: Sequence[Done], *, state: str, ended: tuple[datetime | None, str] | None
) -> list[dict[str, Any]]:
    """The steps in their order; the next one is named by the state, and so is an early end."""
    behind: list[dict[str, Any]] = [
        {"title": name, "state": "done", "at": at, "text": text} for name, at, text in done if at
    ]
    if ended is not None:
        at, why = ended
        return [*behind, {"title": state, "state": "halted", "at": at, "text": why}]
    ahead = [
        {"title": name, "state": "todo", "at": None, "text": ""}
        for name, at, _text in done
        if not at
    ]
    if ahead:
        ahead[0] |= {"title": state, "state": "now"}
    return behind + ahead


def act(
    request: HttpRequest,
    form: forms.Form | None,
    deed: Callable[[dict[str, Any]], None],
    *,
    not_now: Refused,
) -> int:
    """Do the deed with what its form says, if the state has that form: 200, or what went wrong."""
    if form is None:
        notes.error(request, str(not_now))
        return not_now.status
    if not form.is_valid():
        return 400
    try:
        deed(form.cleaned_data)
    except Refused as refusal:
        return refuse(form, refusal)
    return 200
