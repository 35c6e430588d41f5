"""How the API says no: `{code, detail, …figures}` with the refusal's own status."""

from __future__ import annotations

from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.response import Response
from rest_framework.views import exception_handler

from .errors import Refused

REFUSAL = {
    "type": "object",
    "description": "How we say no: a stable code, a sentence, and the figures of the case.",
    "required": ["code", "detail"],
    "properties": {
        "code": {"type": "string", "description": "Stable; for machines."},
        "detail": {"type": "string", "description": "For people."},
    },
    "additionalProperties": True,
}


class ShallowJSONParser(JSONParser):
    """JSON that is no deeper than Python reads; the rest is malformed, not a failure of ours."""

    def parse(self, stream: IO[Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(stream, *args, **kwargs)
        except RecursionError as exc:
            raise ParseError from exc


def document_refusals(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Say in the schema what every operation may answer besides its own: a refusal, in one form."""
    result.setdefault("components", {}).setdefault("schemas", {})["Refusal"] = REFUSAL
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    for path in result.get("paths", {}).values():
        for operation in path.values():
            for status, told in (("4XX", "Refused"), ("503", "Not possible now")):
                operation["responses"].setdefault(status, {"description": told, "content": content})
    return result


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
            "detail": _("The request is not valid."),
            "fields": exc.detail,
        }
    elif isinstance(exc, APIException):
        response.data = {"code": str(exc.get_codes()), "detail": str(exc.detail)}
    return response
