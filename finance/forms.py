"""What people type on the pages of this room; validation only."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from . import bank_accounts
from .models import BankAccount


class YuanField(forms.DecimalField):
    """An amount typed in yuan, with at most two decimals; its value is fen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_digits=11,
            decimal_places=2,
            min_value=Decimal("0.01"),
            widget=forms.TextInput(
                attrs={"inputmode": "decimal", "autocomplete": "off", "class": "amount-input"}
            ),
            **kwargs,
        )

    def to_python(self, value: Any) -> Any:
        return super().to_python(
            value.replace(",", "").strip() if isinstance(value, str) else value
        )

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        return None if cleaned is None else int(cleaned * 100)


class DepositForm(forms.Form):
    """How much to bring in."""

    amount = YuanField(label=_("Amount in yuan"))
    provider = forms.CharField(widget=forms.HiddenInput, max_length=20)
    request_key = forms.UUIDField(widget=forms.HiddenInput)


class WithdrawForm(forms.Form):
    """How much to take out, and where to."""

    amount = YuanField(label=_("Amount in yuan"))
    bank_account = forms.ChoiceField(label=_("To which account"))
    request_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, accounts: Sequence[BankAccount], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["bank_account"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows for the type checker
        field.choices = [(account.code, bank_accounts.shown(account)) for account in accounts]


class BankAccountForm(forms.Form):
    """A bank account in one's own name."""

    bank_name = forms.CharField(label=_("Bank"), max_length=60)
    number = forms.CharField(
        label=_("Account or card number"),
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    holder = forms.CharField(
        label=_("Account holder"),
        max_length=60,
        help_text=_("Your own name, as your identity was confirmed."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ReasonForm(forms.Form):
    """Why staff say no."""

    reason = forms.CharField(
        label=_("Reason, shown to the player"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class LedgerForm(forms.Form):
    """What to look for in the books."""

    reference = forms.CharField(label=_("Reference begins with"), required=False, max_length=80)
    account = forms.CharField(label=_("Account"), required=False, max_length=60)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, kinds: Sequence[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows for the type checker
        field.choices = [("", _("All")), *kinds]
