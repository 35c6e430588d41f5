"""Forms for papers and signatures: what is typed, checked for shape only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib import dates
from lottery_portal.lib.choices import offer

from . import paper_kinds
from .forms import Form
from .models import PaperKind


class PaperNumberForm(Form):
    """Register the number of a paper without a citizen id."""

    kind = forms.ChoiceField(label=_("Kind of paper"))
    number = forms.CharField(
        label=_("Number of the paper"),
        max_length=24,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    issued_by = forms.CharField(
        label=_("Passport: country code"),
        max_length=3,
        min_length=3,
        initial=paper_kinds.CHINA,
        required=False,
        help_text=_("Three letters, as printed in the passport; CHN for China."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    name = forms.CharField(
        label=_("Name as printed on the paper"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    valid_until = forms.DateField(
        label=_("Valid to the end of"),
        validators=[*dates.ASKED],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    citizen_id = forms.CharField(
        label=_("Your citizen id number, once more"),
        max_length=24,
        help_text=_("So that nobody else registers a paper for you."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )

    def __init__(self, *args: Any, kinds: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "kind", [(kind, paper_kinds.title(kind)) for kind in kinds])
        if PaperKind.PASSPORT not in kinds:
            del self.fields["issued_by"]


class SignForm(Form):
    """Sign the text that stands above, and no other."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    has_read = forms.BooleanField(
        label=_("I have read this agreement, I understand it, and I sign it.")
    )
