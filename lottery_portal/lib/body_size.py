"""No request brings more than any page of ours takes, read or not, logged in or not (P15)."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

LARGEST = 12 * 1024 * 1024  # bytes; the largest file that is taken has ten megabytes


class BodySizeMiddleware:
    """What says it is longer is refused before a byte of it is read: the answer is 413.

    Files are kept on the disk while they arrive; without an end to them anybody could fill it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        said = request.META.get("CONTENT_LENGTH") or "0"
        if not said.isdecimal() or int(said[:20]) > LARGEST:
            raise RequestDataTooBig("More than is taken.")
        return self.get_response(request)
