"""A form's field for a photo or scan, judged by what it is as `uploads` does."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from . import uploads
from .errors import Refused


class ScanField(forms.FileField):
    """Cleans to the bytes as they are kept and their media type; to `(b"", "")` without a file."""

    def __init__(self, **kwargs: Any) -> None:
        accept = ",".join(sorted(uploads.KINDS))
        kwargs.setdefault("widget", forms.ClearableFileInput(attrs={"accept": accept}))
        super().__init__(**kwargs)

    def clean(self, data: Any, initial: Any = None) -> tuple[bytes, str]:
        """Refuses in words what `uploads.take` refuses."""
        file = super().clean(data, initial)
        if not file:
            return b"", ""
        try:
            taken = uploads.take(uploads.read(file))
        except Refused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from refusal
        return taken.content, taken.media_type
