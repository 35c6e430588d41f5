"""The page of one deposit or withdrawal, which renews itself while the money is on its way."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def is_part(request: HttpRequest) -> bool:
    """Whether the page that is open asks for what has changed, and no person for a page."""
    return "X-Fragment" in request.headers


def page(request: HttpRequest, context: dict[str, Any], *, waits: bool) -> HttpResponse:
    """The whole page, or the part of it that changes; `waits`: something will still happen."""
    template = "finance/_movement.html" if is_part(request) else "finance/movement.html"
    return render(request, template, {**context, "poll_url": request.path if waits else ""})
