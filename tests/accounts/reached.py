"""Stands behind the permission middleware and says that a request got through."""

from __future__ import annotations

from django.http import HttpResponse  # noqa: TID251 - a middleware of the tests

REACHED = 299


class Reached:
    """Answers every request that was let through, so that no view has to run."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        return HttpResponse(status=REACHED)
