"""What the treasurer types to wind up a game; validation only."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.dates import ASKED


class WindingUpForm(forms.Form):
    """When the stop was announced, and by which document."""

    announced_on = forms.DateField(
        label=_("Stop announced on"),
        validators=ASKED,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    document = forms.CharField(
        label=_("Number of the announcement"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
