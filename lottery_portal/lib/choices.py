"""Choices of a form's field that are known only when the form is made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms


def offer(form: forms.BaseForm, name: str, choices: Iterable[tuple[str, Any]]) -> None:
    """Let the choice field `name` of `form` offer these pairs of value and words."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(f"{name} of {type(form).__name__} is no field of choices.")
    field.choices = list(choices)
