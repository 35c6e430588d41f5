"""What is chosen and typed about appointments, visits and late payments; validation only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from lottery_portal.lib import codes, dates
from lottery_portal.lib.choices import offer

from .centre_models import Visit
from .counter_forms import CAPITALS, IdentityForm
from .redemption.appointments import Time
from .redemption.delays import LONGEST_REASON


class TimeForm(forms.Form):
    """One of the times of a day that have a free seat."""

    starts_at = forms.ChoiceField(label=_("Time"), widget=forms.RadioSelect)
    instead_of = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, times: Iterable[Time], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(
            self,
            "starts_at",
            [(one.starts_at.isoformat(), _in_words(one)) for one in times if one.free],
        )

    def clean_starts_at(self) -> datetime:
        """The moment it begins."""
        return datetime.fromisoformat(self.cleaned_data["starts_at"])


class TicketForm(forms.Form):
    """The number of a ticket whose winner stands at the entrance."""

    ticket = forms.CharField(
        label=_("Number of the ticket"), max_length=40, widget=forms.TextInput(attrs=CAPITALS)
    )

    def clean_ticket(self) -> str:
        """The number as it is stored."""
        return codes.typed(self.cleaned_data["ticket"])


class CallForm(forms.Form):
    """The number that a winner reads out on the telephone."""

    number = forms.CharField(
        label=_("Number of the claim or of the ticket"),
        max_length=40,
        widget=forms.TextInput(attrs=CAPITALS),
    )

    def clean_number(self) -> str:
        """The number as it is stored."""
        return codes.typed(self.cleaned_data["number"])


class VisitForm(IdentityForm):
    """Who comes, where, and what is printed on the paper he shows."""

    role = forms.ChoiceField(
        label=_("Who comes"), choices=Visit.Role.choices, initial=Visit.Role.WINNER
    )
    place = forms.ChoiceField(label=_("Centre"))
    authority = forms.CharField(
        label=_("Number of the authority, where he acts for the winner"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs=CAPITALS),
    )
    field_order = ("place", "role", "authority", "kind", "number", "name", "valid_until")

    def __init__(self, *args: Any, places: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "place", places)
        if len(places) == 1:
            self.initial["place"] = places[0][0]
            self.fields["place"].widget = forms.HiddenInput()

    def clean_authority(self) -> str:
        """The number as it is stored."""
        return codes.typed(self.cleaned_data["authority"]) if self.cleaned_data["authority"] else ""


class DelayForm(forms.Form):
    """Why a prize is paid later, and by which day."""

    new_date = forms.DateField(
        label=_("It will be paid by (a working day)"),
        validators=dates.ASKED,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = forms.CharField(
        label=_("Reason, as the winner reads it"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, first: date, last: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_date"].widget.attrs |= {"min": f"{first}", "max": f"{last}"}


def _in_words(one: Time) -> str:
    begins, ends = (f"{dates.in_shanghai(at):%H:%M}" for at in (one.starts_at, one.ends_at))
    free = ngettext("%(number)s seat free", "%(number)s seats free", one.free)
    return _now("%(begins)s–%(ends)s, %(free)s") % {
        "begins": begins,
        "ends": ends,
        "free": free % {"number": one.free},
    }
