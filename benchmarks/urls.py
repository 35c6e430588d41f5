"""All addresses of the portal, and the bare view.

It bears the name of the first page because every address must stand in the permission table; who it
is that asks is found out on the way, as for every other page.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from accounts import who


def bare(request: HttpRequest) -> HttpResponse:
    """The least that a page for somebody logged in can do: say who he is."""
    return HttpResponse(who.player(request.user).code, content_type="text/plain")


urlpatterns = [
    path("bare/", bare, name="home"),
    path("", include("lottery_portal.urls")),
]
