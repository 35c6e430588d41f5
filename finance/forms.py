"""What people type on the pages of this room; validation only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.choices import offer
from lottery_portal.lib.dates import ASKED
from lottery_portal.lib.money import yuan

from . import account_words, bank_accounts
from .models import BankAccount, Provider

DAY_TYPED = "%Y-%m-%d"  # as browsers want a date in a field, in every language
PLAIN = re.compile(r"-?\d+(\.\d*)?|\.\d+")


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        validators=ASKED,
        widget=forms.DateInput(attrs={"type": "date"}, format=DAY_TYPED),
    )


class AccountField(forms.CharField):
    """The code of an account of the books; the page offers those of the house."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"list": account_words.LIST, "autocomplete": "off", "spellcheck": "false"}
        super().__init__(max_length=60, widget=forms.TextInput(attrs=attributes), **kwargs)


class FenField(forms.DecimalField):
    """An amount typed in yuan, with at most two decimals, of whatever size; its value is fen.

    Digits and a point, nothing that only a programmer reads as a number: no 1e3, no 1_000.
    """

    def __init__(self, *, max_digits: int = 15, **kwargs: Any) -> None:
        super().__init__(
            max_digits=max_digits,
            decimal_places=2,
            min_value=Decimal("0.01"),
            widget=forms.TextInput(
                attrs={"inputmode": "decimal", "autocomplete": "off", "class": "amount-input"}
            ),
            **kwargs,
        )

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.replace(",", "").strip()
            if value and not PLAIN.fullmatch(value):
                raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        return None if cleaned is None else int(cleaned * 100)


class YuanField(FenField):
    """The same between `least` and `most`, in fen.

    They are said beforehand; the doors behind the form refuse by them.
    """

    def __init__(self, *, least: int, most: int, **kwargs: Any) -> None:
        figures = {"least": yuan(least), "most": yuan(max(least, most))}
        self.wrong = (
            _("The amount must be between %(least)s and %(most)s yuan, with at most two decimals.")
            % figures
        )
        super().__init__(
            max_digits=11,
            help_text=_("%(least)s to %(most)s yuan") % figures,
            error_messages={"required": _("Please enter an amount."), "invalid": self.wrong},
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except forms.ValidationError as exc:
            if exc.error_list[0].code == "required":
                raise
            raise forms.ValidationError(self.wrong, code="invalid") from exc


class DepositForm(forms.Form):
    """How much to bring in, and by which way; `fee_seen` is the fee the page has shown, in fen."""

    request_key = forms.UUIDField(widget=forms.HiddenInput)
    fee_seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)
    field_order = ("amount", "provider")

    def __init__(
        self,
        *args: Any,
        limits: tuple[int, int],
        channels: Sequence[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        least, most = limits
        self.fields["amount"] = YuanField(label=_("Amount in yuan"), least=least, most=most)
        is_choice = len(channels) > 1
        self.fields["provider"] = forms.ChoiceField(
            label=_("Pay through"),
            choices=list(channels),
            widget=forms.RadioSelect if is_choice else forms.HiddenInput,
        )
        self.order_fields(self.field_order)


class FundsForm(forms.Form):
    """That the player has read how his money is protected; the version shown is the one meant."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    is_read = forms.BooleanField(
        label=_("I have read where my money lies and how far it is protected."),
        error_messages={"required": _("Please confirm that you have read it.")},
    )


class ProviderForm(forms.Form):
    """An entry of the register of payment institutions."""

    institution = forms.CharField(label=_("Institution"), max_length=100)
    licence_number = forms.CharField(label=_("Licence number"), max_length=40)
    licence_until = _day(_("Licence valid until"))
    contract_until = _day(_("Contract valid until"))
    review_on = _day(_("Next review"))
    accepts = forms.MultipleChoiceField(
        label=_("Used for"),
        choices=Provider.Use.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    rank = forms.IntegerField(label=_("Place in the order"), min_value=1, max_value=99)
    fee_percent = forms.DecimalField(
        label=_("Fee in percent"),
        min_value=Decimal(0),
        max_value=Decimal(100),
        max_digits=5,
        decimal_places=2,
    )
    fee_least = forms.DecimalField(
        label=_("Least fee in yuan"),
        min_value=Decimal(0),
        max_value=Decimal(10_000),
        max_digits=7,
        decimal_places=2,
    )
    fee_most = forms.DecimalField(
        label=_("Highest fee in yuan"),
        help_text=_("0: no highest fee"),
        min_value=Decimal(0),
        max_value=Decimal(10_000),
        max_digits=7,
        decimal_places=2,
    )
    fee_borne_by = forms.ChoiceField(label=_("Who pays the fee"), choices=Provider.Bearer.choices)
    is_on = forms.BooleanField(label=_("Switched on"), required=False)

    def asked(self, code: str) -> dict[str, Any]:
        """The entry as the register takes it."""
        given = dict(self.cleaned_data)
        points = int(given.pop("fee_percent") * 100)
        bounds = {name: int(given[name] * 100) for name in ("fee_least", "fee_most")}
        return {**given, "code": code, "fee_points": points, **bounds}


class ReasonOffForm(forms.Form):
    """Why an institution is switched off."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class ReturnForm(forms.Form):
    """Which deposits go back to their source."""

    numbers = forms.CharField(
        label=_("Deposit numbers, one per line"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
    )
    provider = forms.ChoiceField(label=_("Or all through"), required=False)
    since = forms.DateTimeField(
        label=_("Credited from"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    until = forms.DateTimeField(
        label=_("Credited before"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    amount = forms.DecimalField(
        label=_("At most of each, in yuan"),
        required=False,
        min_value=Decimal("0.01"),
        max_digits=11,
        decimal_places=2,
    )
    reason = forms.CharField(label=_("Reason, shown to the player"), max_length=200)

    def __init__(self, *args: Any, providers: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "provider", [("", _("None")), *providers])

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        by_time = (given.get("provider"), given.get("since"), given.get("until"))
        if not given.get("numbers") and not all(by_time):
            raise forms.ValidationError(
                _("Please give deposit numbers, or a provider and an interval.")
            )
        return given


class WithdrawForm(forms.Form):
    """How much to take out, and where to."""

    bank_account = forms.ChoiceField(label=_("To which account"))
    request_key = forms.UUIDField(widget=forms.HiddenInput)
    field_order = ("amount", "bank_account")

    def __init__(
        self,
        *args: Any,
        accounts: Sequence[BankAccount],
        limits: tuple[int, int],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        least, most = limits
        self.fields["amount"] = YuanField(label=_("Amount in yuan"), least=least, most=most)
        self.order_fields(self.field_order)
        offer(
            self,
            "bank_account",
            [(account.code, bank_accounts.shown(account)) for account in accounts],
        )


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


class CaseForm(forms.Form):
    """What staff found out about a case."""

    word = forms.CharField(
        label=_("What was found, and what was done"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class LedgerForm(forms.Form):
    """What to look for in the books."""

    reference = forms.CharField(label=_("Reference begins with"), required=False, max_length=80)
    account = AccountField(label=_("Account"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    book = forms.ChoiceField(
        label=_("Book"),
        required=False,
        choices=[("", _("Real book")), ("shadow", _("Shadow book")), ("all", _("Both books"))],
    )
    since = forms.DateField(
        label=_("From"),
        required=False,
        validators=ASKED,
        widget=forms.DateInput(attrs={"type": "date"}, format=DAY_TYPED),
    )
    until = forms.DateField(
        label=_("To"),
        required=False,
        validators=ASKED,
        widget=forms.DateInput(attrs={"type": "date"}, format=DAY_TYPED),
    )

    def __init__(self, *args: Any, kinds: Sequence[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "kind", [("", _("All")), *kinds])
