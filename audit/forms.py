"""What is typed on the pages of this room. Validation only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lottery_portal.lib.dates import ASKED

from . import trail

DAY = {"type": "date"}


class DecisionForm(forms.Form):
    """Statements to tick, a reason, and the digest of what was on the page."""

    digest = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Reason (needed to refuse)"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, statements: Sequence[str | Promise], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, statement in enumerate(statements, start=1):
            self.fields[f"statement_{number}"] = forms.BooleanField(
                label=str(statement),
                required=self.approves,
                error_messages={"required": _("Tick this, or send the request back.")},
            )

    @property
    def approves(self) -> bool:
        """Whether the button pressed was the one that signs."""
        return self.data.get("decision") == "approve"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.data.get("decision") not in {"approve", "refuse"}:
            raise forms.ValidationError(_("Choose one of the two buttons."))
        if not self.approves and not cleaned.get("reason", "").strip():
            self.add_error("reason", _("Please say why you refuse."))
        return cleaned


class ClearForm(forms.Form):
    """What was found about an alarm."""

    note = forms.CharField(
        label=gettext_lazy("What was found, and what was done"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Please write down what you found.")},
    )


def offer_deeds(form: forms.Form) -> None:
    """Let the fields `action` and `object_type` of a form offer all deeds and kinds by name."""
    for name, known in (("action", trail.titles()), ("object_type", trail.object_titles())):
        field = form.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows, see above
        told = sorted((str(title), key) for key, title in known.items())
        field.choices = [("", _("All")), *((key, title) for title, key in told)]


class TrailFilterForm(forms.Form):
    """What to look for in the trail; every field may stay empty."""

    since = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        validators=ASKED,
        widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("To"),
        required=False,
        validators=ASKED,
        widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"),
    )
    action = forms.ChoiceField(label=gettext_lazy("Deed"), required=False)
    actor = forms.CharField(
        label=gettext_lazy("Account or name"), required=False, max_length=64, strip=True
    )
    object_type = forms.ChoiceField(label=gettext_lazy("Kind of object"), required=False)
    object_code = forms.CharField(label=gettext_lazy("Object"), required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_deeds(self)


class PolicyForm(forms.Form):
    """A new figure for one key and scope."""

    value = forms.CharField(label=gettext_lazy("New value"), max_length=2000)
    valid_from = forms.DateTimeField(
        label=gettext_lazy("Holds from"),
        required=False,
        help_text=gettext_lazy("Empty: from the moment it is approved."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)

    def clean_value(self) -> Any:
        """The value as JSON has it: 5000, true, "text", [1, 2]."""
        try:
            value = json.loads(self.cleaned_data["value"], parse_float=_no_fraction)
        except ValueError as exc:
            raise forms.ValidationError(
                _("Write a whole number, true or false, or text in quotation marks.")
            ) from exc
        return value


def _no_fraction(_text: str) -> Any:
    raise ValueError("A figure has no fraction.")
