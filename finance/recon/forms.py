"""What treasurers type on the pages of reconciliation; validation only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from finance import account_words
from finance.models import HouseBank, Statement
from lottery_portal.lib.choices import offer


class StatementForm(forms.Form):
    """A file of a bank or provider."""

    account = forms.ChoiceField(label=_("Account in the books"))
    form = forms.ChoiceField(label=_("Format"), choices=Statement.Form.choices)
    file = forms.FileField(
        label=_("File"), help_text=_("As the bank or provider gave it, unchanged; 5 MB at most.")
    )

    def __init__(self, *args: Any, accounts: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "account", account_words.choices(accounts))


class MatchForm(forms.Form):
    """Which entry a line is."""

    line = forms.CharField(max_length=20, widget=forms.HiddenInput)
    reference = forms.CharField(label=_("Entry reference"), max_length=80)


class ResolutionForm(forms.Form):
    """How a difference ended."""

    resolution = forms.CharField(
        label=_("What was found, and what was done"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    correction = forms.CharField(
        label=_("Entry that put it right"),
        max_length=80,
        required=False,
        help_text=_("Its reference, for example adjustment:… It moves just what differed."),
    )


class PayoutForm(forms.Form):
    """Which payout a line of a statement is that came back."""

    withdrawal = forms.ChoiceField(label=_("Withdrawal"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason, shown to the player"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, payouts: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "withdrawal", payouts)


class HouseBankForm(forms.Form):
    """A bank account of the house."""

    word = forms.RegexField(
        label=_("Short name in the books"),
        regex=r"^[a-z0-9_-]{2,20}$",
        max_length=20,
        help_text=_("Small letters and digits, for example icbc1."),
    )
    purpose = forms.ChoiceField(label=_("Purpose"), choices=HouseBank.Purpose.choices)
    bank_name = forms.CharField(label=_("Bank"), max_length=60)
    number = forms.CharField(label=_("Account number"), max_length=40)
    holder = forms.CharField(label=_("Account holder"), max_length=100)
