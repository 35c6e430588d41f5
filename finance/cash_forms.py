"""What is typed about cash, ways of payment and the withholding report; validation only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.choices import offer
from lottery_portal.lib.dates import ASKED

from . import account_words
from .cash_counts import FACES, MOST_PIECES
from .forms import DAY_TYPED, FenField
from .models import CashRequest, Way

YUAN = 100


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        validators=ASKED,
        widget=forms.DateInput(attrs={"type": "date"}, format=DAY_TYPED),
    )


def face_name(face: int) -> str:
    """What a note or coin is called: 100 yuan, 5 jiao."""
    if face < YUAN:
        return _now("%(number)s jiao") % {"number": face // 10}
    return _now("%(number)s yuan") % {"number": face // YUAN}


class PiecesForm(forms.Form):
    """How many of each note and coin lie in the desk."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for face in FACES:
            self.fields[f"face_{face}"] = forms.IntegerField(
                label=face_name(face),
                min_value=0,
                max_value=MOST_PIECES,
                initial=0,
                widget=forms.TextInput(
                    attrs={
                        "inputmode": "numeric",
                        "autocomplete": "off",
                        "class": "amount-input",
                        "data-face": str(face),
                    }
                ),
            )

    @property
    def pieces(self) -> dict[int, int]:
        """Face value in fen and how many."""
        return {face: self.cleaned_data[f"face_{face}"] for face in FACES}

    def notes_and_coins(self) -> list[forms.BoundField]:
        """The fields of the count, the largest note first."""
        return [self[f"face_{face}"] for face in FACES]

    def others(self) -> list[forms.BoundField]:
        """What else is asked with the count."""
        return [field for field in self if not field.name.startswith("face_")]


class CountForm(PiecesForm):
    """A count by who has the desk."""

    is_evening = forms.BooleanField(
        label=_("Close the desk for today"),
        required=False,
        help_text=_("Nothing is paid until it is counted again."),
    )


class OfferForm(PiecesForm):
    """A count, and to whom the desk is handed over."""

    to = forms.ChoiceField(
        label=_("Colleague who takes it"),
        help_text=_("Listed are cashiers, treasurers and the operators of this place."),
    )
    field_order = ("to",)

    def __init__(self, *args: Any, takers: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "to", [("", _now("Please choose")), *takers])


class EndForm(forms.Form):
    """Giving a desk up; there is nothing to type."""


class DeskForm(forms.Form):
    """A desk to be set up."""

    place = forms.ChoiceField(label=_("Outlet or centre"))
    name = forms.CharField(label=_("Name of the cash desk"), max_length=60)

    def __init__(self, *args: Any, places: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "place", [("", _now("Please choose")), *places])


class CashRequestForm(forms.Form):
    """Cash to be brought or fetched."""

    direction = forms.ChoiceField(label=_("What is asked"), choices=CashRequest.Direction.choices)
    amount = FenField(label=_("Amount in yuan"))
    escrow = forms.ChoiceField(label=_("Bank account"))
    reason = forms.CharField(
        label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, escrows: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "escrow", account_words.choices(escrows))


class MethodForm(forms.Form):
    """A way of paying prizes, assessed and announced."""

    way = forms.ChoiceField(label=_("Way of paying prizes"), choices=Way.choices)
    assessment = forms.CharField(
        label=_("Assessment"),
        max_length=2000,
        help_text=_("Risks and what keeps them small, costs, and who was asked."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    notice = forms.CharField(
        label=_("Public notice"),
        max_length=300,
        help_text=_("Everybody reads these words."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    noticed_on = _day(_("Announced on"))


class ReturnForm(forms.Form):
    """A withholding report that was filed."""

    month = forms.ChoiceField(label=_("Month"))
    filed_on = _day(_("Filed on"))
    receipt = forms.CharField(
        label=_("Number of the tax office"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, months: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "month", [(month, month) for month in months])
