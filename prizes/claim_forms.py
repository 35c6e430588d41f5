"""What winners type and choose on the pages of their prizes; validation only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.dates import ASKED

from .claim_models import Claim
from .redemption import remote

BALANCE = "WALLET"


class ClaimForm(forms.Form):
    """How a prize is claimed; from afar with the consent that was read, and how it is paid."""

    way = forms.ChoiceField(
        label=_("How you claim it"),
        choices=[
            (Claim.Way.REMOTE, _("From afar: photos now, everything else here")),
            (Claim.Way.CENTRE, _("In person at the prize centre")),
        ],
        widget=forms.RadioSelect,
    )
    pay_to = forms.ChoiceField(label=_("How you wish to be paid"), widget=forms.RadioSelect)
    has_agreed = forms.BooleanField(
        label=_("I have read this and agree (needed only from afar)"), required=False
    )
    agreed = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    request_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, accounts: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_payees(self, accounts)


class PaymentForm(forms.Form):
    """To the balance, or to which bank account."""

    pay_to = forms.ChoiceField(label=_("How you wish to be paid"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, accounts: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_payees(self, accounts)


class PaperForm(forms.Form):
    """A photo or scan, and what it shows."""

    kind = forms.ChoiceField(
        label=_("What it shows"), choices=list(remote.KINDS.items()), widget=forms.RadioSelect
    )
    paper = forms.FileField(
        label=_("Photo or scan"),
        help_text=_("JPEG, PNG or PDF, up to 5 MB. We judge a file by its content."),
        widget=forms.ClearableFileInput(attrs={"accept": "image/jpeg,image/png,application/pdf"}),
    )


class SignatureForm(forms.Form):
    """The winner's word under exactly the text that was shown."""

    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    language = forms.CharField(max_length=10, widget=forms.HiddenInput)
    has_read = forms.BooleanField(
        label=_("I have read this confirmation. The figures and the payee are right.")
    )


class AgentForm(forms.Form):
    """Who may hand in the claim, until which day, and that the letter was read."""

    agent_name = forms.CharField(
        label=_("Name of the person, as on the id card"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    agent_number = forms.CharField(
        label=_("Citizen id number of that person"),
        max_length=24,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    valid_until = forms.DateField(
        label=_("May come until the end of"),
        validators=[*ASKED],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    agreed = forms.CharField(max_length=64, widget=forms.HiddenInput)
    has_agreed = forms.BooleanField(label=_("I have read this letter and authorise this person."))


class WithdrawForm(forms.Form):
    """Take a claim back; a reason is welcome and not needed."""

    reason = forms.CharField(
        label=_("Why"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    is_sure = forms.BooleanField(label=_("I take this claim back. Nothing is paid by it."))


class ObjectionForm(forms.Form):
    """Why a refusal is wrong."""

    words = forms.CharField(
        label=_("Why you object"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("It is read by somebody who had no part in the refusal."),
    )


def offer_payees(form: forms.Form, accounts: Sequence[tuple[str, str]]) -> None:
    """Offer the balance and these bank accounts (code and name) in the field `pay_to`."""
    field = form.fields["pay_to"]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows for the type checker
    field.choices = [(BALANCE, _("To my balance")), *accounts]


def method_of(pay_to: str) -> tuple[str, str]:
    """Method and payee of what was chosen."""
    if pay_to == BALANCE:
        return str(Claim.Method.WALLET), ""
    return str(Claim.Method.TRANSFER), pay_to
