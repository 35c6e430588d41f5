"""How the API says no: `{code, detail, …figures}` with the refusal's own status."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from .errors import Refused


def explain(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn refusals and DRF's errors into one form; anything else is a bug and flies on."""
    if isinstance(exc, Refused):
        return Response(exc.as_json(), status=exc.status)
    response = exception_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, ValidationError):
        response.data = {
            "code": "invalid",
            "detail": "The request is not valid.",
            "fields": exc.detail,
        }
    elif isinstance(exc, APIException):
        response.data = {"code": str(exc.get_codes()), "detail": str(exc.detail)}
    return response
