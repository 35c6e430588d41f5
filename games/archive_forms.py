"""What is typed to find past draws and to simulate a bet; doors judge it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.errors import Refused

from . import archive
from .archive import Asked
from .rules import RuleVersion

_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ArchiveForm(forms.Form):
    """An issue or its beginning, days, and numbers that were drawn."""

    issue = forms.RegexField(
        label=_("Draw number"),
        regex=r"^\s*[0-9]{1,7}\s*$",
        required=False,
        strip=True,
        error_messages={"invalid": _("A draw number has digits only, like 2026108 or 26107.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    since = forms.DateField(label=_("Drawn from"), required=False, widget=_DAY)
    until = forms.DateField(label=_("Drawn to"), required=False, widget=_DAY)
    numbers = forms.CharField(
        label=_("Numbers drawn"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, version: RuleVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._version = version
        self.fields["numbers"].help_text = _hint(version)

    def clean_numbers(self) -> tuple[tuple[int, ...], ...]:
        """The numbers per zone."""
        try:
            return archive.numbers_of(self._version, self.cleaned_data["numbers"])
        except Refused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def clean(self) -> dict[str, Any]:
        """Days in their order."""
        asked = super().clean() or self.cleaned_data
        since, until = asked.get("since"), asked.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day lies before the first."))
        return asked

    def asked(self) -> Asked:
        """What a valid form asks for."""
        return Asked(**self.cleaned_data)


def _hint(version: RuleVersion) -> Any:
    if all(zone.drawn == 1 for zone in version.zones):
        example = " ".join(["1", "?", "9", *"?" * len(version.zones)][: len(version.zones)])
        return format_lazy("{} {}", _("One digit for each place, a ? for any, such as"), example)
    if len(version.zones) > 1:
        return _("Parted by spaces; after a + those of the second zone: 03 07 + 11")
    return _("Parted by spaces: 03 07 66")
