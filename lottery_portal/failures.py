"""What is said when no view answers: a page to people, `{code, detail}` to programs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _
from django.views import defaults

RETRY_SECONDS = 30


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What cannot be read; a body that is too long has its own status."""
    status = 413 if isinstance(exception, RequestDataTooBig) else 400
    if _is_program(request):
        return JsonResponse({"code": "invalid", "detail": _("This cannot be read.")}, status=status)
    return render(request, "400.html", status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address that nobody has."""
    if _is_program(request):
        told = {"code": "not_found", "detail": _("There is nothing at this address")}
        return JsonResponse(told, status=404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """A mistake of ours; it is in the log. A database that does not answer is back in a moment."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _back_soon(request)
    if _is_program(request):
        told = {"code": "server_error", "detail": _("Something failed on our side.")}
        return JsonResponse(told, status=500)
    return defaults.server_error(request)


def _back_soon(request: HttpRequest) -> HttpResponse:
    headers = {"Retry-After": str(RETRY_SECONDS)}
    if _is_program(request):
        told = {"code": "not_available", "detail": _("We are not available for a moment.")}
        return JsonResponse(told, status=503, headers=headers)
    page = loader.get_template("503.html").render()
    return HttpResponse(page, status=503, headers=headers)


class WrongMethodMiddleware:
    """A form's address opened like a page: a page answers, not the bare 405 of the view (F011)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_wrong = response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        if not is_wrong or response.streaming or response.content:
            return response
        if _is_program(request) or request.method not in {"GET", "HEAD", "POST"}:
            return response
        page = render(request, "405.html", status=HTTPStatus.METHOD_NOT_ALLOWED)
        page["Allow"] = response["Allow"]
        return page


def _is_program(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
