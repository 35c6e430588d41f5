"""What the treasurer types about payees, payment orders and receipts; validation only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.choices import offer
from lottery_portal.lib.dates import ASKED

from . import account_words, payees, reserves
from .forms import DAY_TYPED, FenField
from .models import Payee, Purpose
from .treasury_receipts import MOST_BYTES

_DATE = {"type": "date"}


class PayeeForm(forms.Form):
    """An account as it stands on the official paper."""

    purpose = forms.ChoiceField(label=_("Paid for what"), choices=Purpose.choices)
    party = forms.CharField(
        label=_("Game, partner or institution"),
        required=False,
        max_length=40,
        help_text=_(
            "Code of partner, organiser or institution. Of a game only if it has an own account."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    name = forms.CharField(label=_("Name of the payee"), max_length=100)
    bank_name = forms.CharField(label=_("Bank"), max_length=60)
    number = forms.CharField(
        label=_("Account number"),
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean_party(self) -> str:
        party = str(self.cleaned_data["party"]).strip()
        if party and not re.fullmatch(r"[A-Za-z0-9._-]+", party):
            raise forms.ValidationError(_("A code has letters, digits, dots and dashes."))
        return party


class PaymentForm(forms.Form):
    """To whom and out of which escrow account what is due is paid."""

    payee = forms.ChoiceField(label=_("Payee"))
    escrow = forms.ChoiceField(label=_("Paid out of"))

    def __init__(
        self, *args: Any, listed: Sequence[Payee], escrows: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "payee", [(one.code, payees.shown(one)) for one in listed])
        offer(self, "escrow", account_words.choices(escrows))


class DrawingForm(PaymentForm):
    """How much business fee goes to the operator's own bank account."""

    own_bank = forms.ChoiceField(label=_("Own bank account in the books"))
    amount = FenField(label=_("Amount in yuan"))
    field_order = ("amount", "payee", "own_bank", "escrow")

    def __init__(self, *args: Any, own_banks: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "own_bank", account_words.choices(own_banks))
        self.order_fields(self.field_order)


class ReserveForm(forms.Form):
    """Business fee set aside into a reserve, or given back out of it."""

    game = forms.ChoiceField(label=_("Game"))
    reserve = forms.ChoiceField(
        label=_("Reserve fund"), choices=[(one, one.label) for one in reserves.RESERVES]
    )
    is_back = forms.ChoiceField(
        label=_("Direction"),
        choices=[
            ("out", _("Set aside out of the business fee")),
            ("back", _("Give back to the business fee")),
        ],
    )
    amount = FenField(label=_("Amount in yuan"))
    reason = forms.CharField(
        label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, games: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "game", account_words.games(games))

    def clean_is_back(self) -> bool:
        return str(self.cleaned_data["is_back"]) == "back"


class CoverForm(forms.Form):
    """How much own money is to be paid into which escrow account."""

    escrow = forms.ChoiceField(label=_("Paid into"))
    own_bank = forms.ChoiceField(label=_("Out of the operator's own account"))
    amount = FenField(label=_("Amount in yuan"))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("What lowered what is held, for example a fee of an institution."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self, *args: Any, escrows: Sequence[str], own_banks: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "escrow", account_words.choices(escrows))
        offer(self, "own_bank", account_words.choices(own_banks))


class IssuerPaidForm(forms.Form):
    """A payment of an issuer, as the bank's statement has it."""

    game = forms.ChoiceField(label=_("Game"))
    escrow = forms.ChoiceField(label=_("Received on"))
    amount = FenField(label=_("Amount in yuan"))
    bank_reference = forms.CharField(
        label=_("Number given by the bank"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(
        self, *args: Any, games: Sequence[str], escrows: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "game", account_words.games(games))
        offer(self, "escrow", account_words.choices(escrows))


class PaidForm(forms.Form):
    """What the bank's slip says."""

    paid_on = forms.DateField(
        label=_("Paid on"), validators=ASKED, widget=forms.DateInput(attrs=_DATE, format=DAY_TYPED)
    )
    bank_reference = forms.CharField(
        label=_("Number given by the bank"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class OrderReasonForm(forms.Form):
    """Why an order is not paid, or came back."""

    reason = forms.CharField(
        label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 3})
    )


class ReceiptForm(forms.Form):
    """The treasury's receipt."""

    number = forms.CharField(
        label=_("Number of the receipt"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    issued_on = forms.DateField(
        label=_("Issued on"),
        validators=ASKED,
        widget=forms.DateInput(attrs=_DATE, format=DAY_TYPED),
    )
    amount = FenField(label=_("Amount in yuan"))
    file = forms.FileField(
        label=_("Scan of the receipt"),
        max_length=100,
        help_text=_("PDF, JPEG or PNG, at most 5 MB"),
        widget=forms.FileInput(attrs={"accept": "application/pdf,image/jpeg,image/png"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(
                _("Please choose a scan as PDF, JPEG or PNG of at most 5 MB.")
            )
        return file
