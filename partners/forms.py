"""What people type about outlets at the desk; validation only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.choices import offer
from lottery_portal.lib.dates import ASKED, SHANGHAI

from .models import Outlet

PLAIN = re.compile(r"\d{1,13}(\.\d{1,2})?")


class AmountField(forms.CharField):
    """An amount typed in yuan, with at most two decimals; its value is fen, None for nothing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=20,
            widget=forms.TextInput(
                attrs={"inputmode": "decimal", "autocomplete": "off", "class": "amount-input"}
            ),
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value)).replace(",", "").replace("，", "").strip()
        if not text:
            return None
        if not (text.isascii() and PLAIN.fullmatch(text)):
            raise forms.ValidationError(
                _("Please give an amount in yuan, with at most two decimals."), code="invalid"
            )
        return int(Decimal(text) * 100)


def _hours() -> forms.CharField:
    return forms.CharField(
        label=_("Hours"),
        max_length=120,
        help_text=_("Like 1-5 09:00-17:30; 6-7 10:00-16:00. 1 is Monday, times are Beijing time."),
    )


def _phone() -> forms.CharField:
    return forms.CharField(
        label=_("Phone of the outlet"),
        max_length=20,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )


class OutletForm(forms.Form):
    """An outlet or a centre as it stands in its admission papers."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=Outlet.Kind.choices, widget=forms.RadioSelect, initial="OUTLET"
    )
    name = forms.CharField(label=_("Name of the outlet"), max_length=60)
    province = forms.CharField(
        label=_("Province"), max_length=20, help_text=_("In Chinese, as players look for it.")
    )
    district = forms.CharField(label=_("City and district"), max_length=40)
    address = forms.CharField(label=_("Address"), max_length=120)
    hours_text = _hours()
    phone = _phone()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if " " in f"{cleaned.get('province', '')}":
            self.add_error("province", _("The name of a province has no gap."))
        return cleaned


class CorrectForm(forms.Form):
    """Other hours or another phone number."""

    hours_text = _hours()
    phone = _phone()


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 3})
    )


class AuthorityForm(forms.Form):
    """What an outlet may redeem: which game, up to how much, until when."""

    game = forms.ChoiceField(label=_("Game"), required=False)
    up_to = AmountField(
        label=_("Redeems prizes up to (yuan)"),
        help_text=_("1,000,000,000 or more means: no ceiling."),
    )
    last_on = forms.DateField(
        label=_("Last day"),
        required=False,
        validators=list(ASKED),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Left empty, it holds until further notice."),
    )

    def __init__(self, *args: Any, games: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "game", [("", _("All games")), *games])

    def valid_until(self) -> datetime | None:
        """The first moment at which it holds no longer."""
        last: date | None = self.cleaned_data["last_on"]
        if last is None:
            return None
        return datetime.combine(last + timedelta(days=1), time(), tzinfo=SHANGHAI)


class OperatorForm(forms.Form):
    """Who is to work at an outlet."""

    member = forms.ChoiceField(
        label=_("Outlet operator"),
        help_text=_("Listed are those who hold the post and work at no outlet."),
    )

    def __init__(self, *args: Any, members: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "member", [("", _("Please choose")), *members])
