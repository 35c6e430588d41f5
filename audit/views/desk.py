"""The start page of staff: what waits for this person."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit import waiting

from .asking import roles_and_now


@never_cache
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """Attention first, then what this person may do, then what he watches."""
    roles, now = roles_and_now(request)
    late = waiting.attention(request.user, roles, now)
    page = {
        "nav": "start",
        "now": now,
        "attention": {"lead": _("Attention:"), "text": late} if late else None,
        "waiting": waiting.for_person(request.user, roles, now),
        "watched": waiting.watched_by(roles, now),
    }
    return render(request, "desk/home.html", page)
