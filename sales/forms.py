"""What staff fill in at the desk of this room."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class BreakGlassForm(forms.Form):
    """Why a sealed draw must be read."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("At least 20 characters. It is recorded for good; name no person in it."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class CancelForm(forms.Form):
    """Why a draw is cancelled."""

    reason = forms.CharField(
        label=_("Reason, as the public reads it"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    is_sure = forms.BooleanField(
        label=_("I know that the draw is never held and that every ticket is refunded.")
    )
