"""Refusals: answers of the house that say no, with a reason and the figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from django.utils.functional import Promise

from . import sentences


class Refused(Exception):
    """An expected "no": a stable `code` for machines, a sentence for people, figures for both.

    Subclasses stand beside the door that raises them. `message` may name figures as
    `%(name)s`; a figure gets its form for people (money as yuan, thousands grouped, a stored
    sentence translated).
    """

    code: ClassVar[str] = "refused"
    message: ClassVar[str | Promise] = "This was refused."
    status: ClassVar[int] = 409

    def __init__(self, **figures: Any) -> None:
        self.figures: dict[str, Any] = figures
        super().__init__(self.code)

    def __str__(self) -> str:
        return str(self.message) % {name: _shown(name, v) for name, v in self.figures.items()}

    def as_json(self) -> Mapping[str, Any]:
        """The refusal for a machine: code, sentence, figures."""
        return {"code": self.code, "detail": str(self), **self.figures}


class Form(Protocol):
    """What a refusal is put into."""

    fields: Any

    def add_error(self, field: str | None, error: Any) -> None:
        """Beside this field, or above the whole form."""


def refuse(form: Form, refusal: Refused) -> int:
    """Put a refusal beside the fields it names, else above the form; the status of the answer."""
    fields = [name for name in refusal.figures.get("fields", []) if name in form.fields]
    reasons = refusal.figures.get("reasons") or [str(refusal)]
    for name in fields or [None]:
        for reason in reasons:
            form.add_error(name, reason)
    return refusal.status


def _shown(name: str, value: Any) -> str:
    from .money import yuan  # noqa: PLC0415 - money refuses too, so it imports this module

    if name.endswith("_fen") and isinstance(value, int):
        return yuan(value)
    if isinstance(value, str) and name in sentences.NESTED:
        return sentences.shown(value)
    if isinstance(value, int):
        return str(value) if isinstance(value, bool) else f"{value:,}"
    return str(value)
